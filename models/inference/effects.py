"""Draws of what covariates and groups do to the parameters, and the parameters of a cell of customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..base import Model
from ..ground.design import Cells, Design
from ..ground.intervals import INTERVAL, means_and_quantiles
from ..ground.priors import from_free, link_of, to_free
from ..ground.rows import FloatArray, IntArray
from .density import LogPosterior

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False)
class Effects:
    """Draws of coefficients and of groups, on the free scale of the coordinates.

    Attributes
    ----------
    design : Design
    effects, coordinates : tuple of str
        Names, as in the model.
    coefficients : array (chains, draws, effects, columns)
        0 where a covariate does not act.
    group_sd : array (chains, draws, coordinates)
    groups : array (chains, draws, coordinates, groups)
        What tells each group from the population.
    """

    design: Design
    effects: tuple[str, ...]
    coordinates: tuple[str, ...]
    coefficients: FloatArray
    group_sd: FloatArray
    groups: FloatArray

    @classmethod
    def of(cls, density: LogPosterior, free: FloatArray) -> Effects | None:
        """Effects among free coordinates, array (chains, draws, size); None for a plain model."""
        at, design = density.layout, density.design
        if design.is_plain:
            return None
        leading = free.shape[:2]
        coefficients = np.zeros((*leading, len(density.model.effects), len(design.columns)))
        coefficients[:, :, at.effect, at.column] = free[:, :, at.coefficients]
        group_sd = np.exp(free[:, :, at.group_sd])
        apart = free[:, :, at.group].reshape(*leading, group_sd.shape[2], -1 if at.groups else 0)
        names = tuple(density.model.effects), tuple(density.model.default_priors)
        return cls(design, *names, coefficients, group_sd, group_sd[:, :, :, None] * apart)

    def shifts(self, model: Model, cells: Cells, cell: int, draws: slice | IntArray) -> FloatArray:
        """What `cell` adds to the free coordinates of the average customer, array (coordinates, chosen draws)."""
        names = list(model.default_priors)
        coefficients = _flat(self.coefficients)[draws]
        shifts = np.zeros((len(names), len(coefficients)))
        for e, effect in enumerate(model.effects.values()):
            shifts[names.index(effect.coordinate)] += effect.sign * (coefficients[:, e] @ cells.matrix[cell])
        if self.design.labels:
            groups = _flat(self.groups)[draws]
            shifts += groups[:, :, cells.group[cell]].T
        return shifts

    def to_dataset(self, coords: Mapping[str, Any]) -> xr.Dataset:
        """Coefficients (chain, draw, effect, column), group_sd and groups, with `coords` of chain and draw."""
        import xarray as xr

        names = [c.covariate if c.level is None else f"{c.covariate}={c.level}" for c in self.design.columns]
        variables: dict[str, Any] = {}
        here = dict(coords)
        if names:
            variables["coefficient"] = (("chain", "draw", "effect", "column"), self.coefficients)
            here |= {"effect": list(self.effects), "column": names}
        if self.design.labels:
            variables["group_sd"] = (("chain", "draw", "coordinate"), self.group_sd)
            variables["group"] = (("chain", "draw", "coordinate", "label"), self.groups)
            here |= {"coordinate": list(self.coordinates), "label": list(self.design.labels)}
        return xr.Dataset(variables, here)

    def multipliers(self, model: Model) -> pd.DataFrame:
        """One row an effect and column: what one step of the covariate multiplies the effect by."""
        coefficients = np.exp(_flat(self.coefficients))
        frames = []
        for e, (effect, covariates) in enumerate(model.covariates.items()):
            for k, column in enumerate(self.design.columns):
                if column.covariate not in covariates:
                    continue
                numeric = column.level is None
                frame = means_and_quantiles(coefficients[:, e, k][:, None], (INTERVAL[0], 0.5, INTERVAL[1]))
                frame.insert(0, "effect", effect)
                frame.insert(1, "covariate", column.covariate)
                frame.insert(2, "level", "" if numeric else column.level)
                frame.insert(3, "compared_with", "one standard deviation less" if numeric else column.reference)
                frame.insert(4, "step", column.scale if numeric else np.nan)
                frames.append(frame)
        columns = ["effect", "covariate", "level", "compared_with", "step", "mean", "q05", "q50", "q95"]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def _flat(values: FloatArray) -> FloatArray:
    """Chains one after the other, array (all draws, …)."""
    return values.reshape(values.shape[0] * values.shape[1], *values.shape[2:])


def shifted(model: Model, theta: FloatArray, shifts: FloatArray) -> FloatArray:
    """Parameters with shifts on the free scale of their coordinates, array (parameters, draws)."""
    links = [link_of(prior) for prior in model.default_priors.values()]
    coordinates = model.to_coordinates(list(theta))
    moved = [
        from_free(to_free(value, link) + shift, link)
        for value, link, shift in zip(coordinates, links, shifts, strict=True)
    ]
    return np.stack(model.to_parameters(moved))
