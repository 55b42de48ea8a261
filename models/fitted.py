"""What every fitted model offers, of purchases or of spend: its posterior, its verdict, and parameters by cell."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from .ground.design import PLAIN, Cells, Design
from .ground.errors import InputError
from .ground.intervals import DRAWS_FOR_MEANS, INTERVAL, means_and_quantiles
from .ground.rows import FloatArray
from .ground.summary import CustomerSummary, check_summary
from .inference.diagnostics import Diagnostics
from .inference.effects import shifted
from .inference.posterior import Posterior

if TYPE_CHECKING:
    from xarray import DataTree

    from .base import Model

MOST_CELL_DRAWS: Final = 1_000_000
"""Cells times draws behind means: with more cells than 1,000, fewer draws of each."""
FEWEST_CELL_DRAWS: Final = 200
"""Draws behind means are never fewer: their noise stays below a tenth of a posterior standard deviation."""


@dataclass(frozen=True, eq=False, repr=False)
class Fitted[M: "Model"](ABC):
    """A model with its posterior; abstract.

    Attributes
    ----------
    model : Model
    posterior : Posterior
    """

    model: M
    posterior: Posterior

    def __repr__(self) -> str:
        means = ", ".join(f"{n} {v:.4g}" for n, v in zip(self.posterior.names, self.posterior.mean, strict=True))
        by = [*self.model.attributes, *([f"groups of {self.model.groups}"] if self.model.groups else [])]
        inside = f"; by {', '.join(by)}" if by else ""
        draws = f"{len(self.posterior)} draws, {self.diagnostics.method}"
        return f"<{self.model.name} {self._of()}: {means}{inside}; {draws}>"

    @abstractmethod
    def _of(self) -> str:
        """What the parameters speak of, for `repr`."""

    @property
    def idata(self) -> DataTree:
        """The posterior as an ArviZ DataTree: `posterior` and `sample_stats`, each (chain, draw)."""
        return self.posterior.idata

    @property
    def parameters(self) -> pd.DataFrame:
        """One row a parameter: mean, sd, q05, q50, q95, and r_hat, ess_bulk, ess_tail or k_hat, ess.

        With covariates or groups these are the parameters of the average customer.
        """
        return self.posterior.parameters

    @property
    def diagnostics(self) -> Diagnostics:
        """Did the fit work, and if not, what to do."""
        return self.posterior.diagnostics

    @property
    def covariates(self) -> pd.DataFrame:
        """What covariates do, as multipliers: one row an effect and column of the covariates.

        Columns effect, covariate, level, compared_with, step (of a numeric covariate: one standard deviation in its
        own unit), mean, q05, q50, q95. The multiplier is that of the mean purchase rate, of the dropout (in BG/NBD
        and MBG/NBD the odds of the mean dropout probability, in Pareto/NBD the dropout rate), or of the mean spend.

        Raises
        ------
        InputError
            The model was fitted without covariates.
        """
        effects = self.posterior.effects
        if effects is None:
            raise InputError('covariates: the model was fitted without; give it covariates=["channel"].')
        return effects.multipliers(self.model)

    @property
    def groups(self) -> pd.DataFrame:
        """Parameters of each group: group, parameter, mean, q05, q95, at the average of the covariates.

        Raises
        ------
        InputError
            The model was fitted without groups.
        """
        design = self.design
        if not design.labels:
            raise InputError('groups: the model was fitted without; give it groups="channel".')
        cells = Cells(
            np.zeros((len(design.labels), len(design.columns))), np.arange(len(design.labels)), np.empty(0, np.int64)
        )
        frames = []
        for g, label in enumerate(design.labels):
            frame = means_and_quantiles(self.theta(DRAWS_FOR_MEANS, cells, g).T, INTERVAL)
            frame.insert(0, str(design.groups), label)
            frame.insert(1, "parameter", self.posterior.names)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def to_dict(self) -> dict[str, Any]:
        """Model, parameters (posterior means), settings and verdict, of plain Python values: for JSON and the like."""
        return {
            "model": self.model.name,
            "parameters": dict(zip(self.posterior.names, self.posterior.mean.tolist(), strict=True)),
            "draws": len(self.posterior),
            "ok": self.diagnostics.ok,
            **{key: value for key, value in self.posterior.attributes.items() if key != "model"},
        }

    def save(self, path: str | Path) -> None:
        """Write parameters, settings, verdict and versions to a small NetCDF file; no customer, no pickle."""
        from .inference.storage import Stored, write

        settings = {"covariates": dict(self.model.covariates), "groups": self.model.groups, **self._settings()}
        write(Stored(type(self.model).__name__, self.model.priors, self.posterior, settings), path)

    @abstractmethod
    def _settings(self) -> Mapping[str, Any]:
        """What is needed beside model and posterior to read it back."""

    @property
    def design(self) -> Design:
        """Covariates and groups as the fit has met them."""
        return PLAIN if self.posterior.effects is None else self.posterior.effects.design

    def cells(self, summary: CustomerSummary) -> Cells:
        """Customers by cell: those of a cell share their parameters.

        Raises
        ------
        InputError
            A covariate or the group is missing, has gaps, or a level that was not there at the fit.
        """
        return self.design.cells(check_summary(summary).frame)

    def theta(self, draws: int, cells: Cells | None = None, cell: int = 0) -> FloatArray:
        """`draws` draws of the parameters evenly over all chains, array (parameters, draws).

        Those of a cell of customers, or of the average customer. The same number of draws is the same draws, whatever
        the cell: sums over customers within a draw are draws of the sum.
        """
        theta = self.posterior.spread(draws)
        effects = self.posterior.effects
        if effects is None or cells is None:
            return theta
        return shifted(self.model, theta, effects.shifts(self.model, cells, cell, self.posterior.chosen(draws)))

    def theta_at_mean(self, cells: Cells, cell: int) -> FloatArray:
        """Parameters of a cell at the posterior mean, array (parameters,)."""
        theta = self.posterior.mean
        effects = self.posterior.effects
        if effects is None:
            return theta
        shifts = effects.shifts(self.model, cells, cell, slice(None)).mean(axis=1)
        return shifted(self.model, theta[:, None], shifts[:, None])[:, 0]

    def draws_for_means(self, cells: int, most: int = DRAWS_FOR_MEANS) -> int:
        """How many draws stand behind means and credible intervals."""
        enough = max(FEWEST_CELL_DRAWS, MOST_CELL_DRAWS // cells)
        return min(most, len(self.posterior), enough)
