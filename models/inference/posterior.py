"""Draws of a model's parameters in the user's units, with their verdict: all that is kept of a fit."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..checks.parameters import boundary_checks
from ..ground.errors import ConvergenceWarning, FitError, InputError
from ..ground.intervals import check_draws
from ..ground.rows import FloatArray, IntArray
from .density import LogPosterior
from .diagnostics import LARGEST_K_HAT, Diagnostics, of_chains, of_importance_sampling, r_hat_and_ess
from .effects import Effects
from .methods import Draws, find_mode, gaussian, laplace, nuts, point
from .nested import nested

if TYPE_CHECKING:
    from xarray import DataTree

METHODS = ("laplace", "nuts", "map")
CHAINS = 4
FEWEST_DRAWS = 50
"""With fewer, neither the tail of importance weights nor R-hat can be judged."""
TUNE = 300
"""Tuning steps of a chain: the coordinates are already whitened, so that only the step size is learned."""
FEWEST_CHAIN_DRAWS = 1000
"""Chains are no shorter, so that R-hat can tell; where fewer draws are asked for they are thinned."""
POINT = "a point: intervals of a forecast hold chance alone, not doubt about the parameters."
MANY_TERMS = 20_000
"""Distinct rows from which a log posterior is costly: a million customers have ten times as many, CDNOW half."""
LOWER, UPPER = 0.05, 0.95
"""Ends of the intervals in tables of parameters: 90 %."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws of the parameters.

    Attributes
    ----------
    names : tuple of str
        The parameters of the paper.
    values : array (chains, draws, parameters)
        In the user's units.
    statistics : mapping of str to array (chains, draws)
        What the sampler says of each draw.
    diagnostics : Diagnostics
    attributes : mapping
        Model, unit, cut-off, scale, method, seed, versions.
    approximate : array (draws, parameters), optional
        For a point fit: draws of the Gaussian at the mode, for its standard errors alone.
    effects : Effects, optional
        Draws of what covariates and groups do; the parameters are then those of the average customer.
    """

    names: tuple[str, ...]
    values: FloatArray
    statistics: Mapping[str, FloatArray]
    diagnostics: Diagnostics
    attributes: Mapping[str, Any] = field(default_factory=dict)
    approximate: FloatArray | None = None
    effects: Effects | None = None

    @classmethod
    def fixed(cls, names: tuple[str, ...], theta: FloatArray, attributes: Mapping[str, Any]) -> Posterior:
        """One draw: parameters given, not fitted."""
        return cls(names, theta[None, None, :], {}, Diagnostics("fixed"), {**attributes, "method": "fixed"})

    def __len__(self) -> int:
        return int(self.values.shape[0] * self.values.shape[1])

    @property
    def mean(self) -> FloatArray:
        """Posterior mean, array (parameters,)."""
        return np.asarray(self.values.mean(axis=(0, 1)))

    def chosen(self, draws: int) -> IntArray:
        """Indices of `draws` draws evenly over all chains, array (draws,); repeated where there are fewer."""
        if draws <= len(self):
            return (np.arange(draws) * len(self)) // draws
        return np.arange(draws) % len(self)

    def spread(self, draws: int) -> FloatArray:
        """`draws` draws evenly over all chains, array (parameters, draws); repeated where there are fewer."""
        return self.values.reshape(-1, len(self.names)).T[:, self.chosen(draws)]

    @property
    def parameters(self) -> pd.DataFrame:
        """One row a parameter: mean, sd, q05, q50, q95, and r_hat, ess_bulk, ess_tail or k_hat, ess."""
        draws = self.values.reshape(-1, len(self.names)) if self.approximate is None else self.approximate
        several = len(draws) > 1
        frame = pd.DataFrame(
            {
                "mean": self.mean,
                "sd": draws.std(axis=0, ddof=1) if several else np.nan,
                "q05": np.quantile(draws, LOWER, axis=0) if several else np.nan,
                "q50": np.quantile(draws, 0.5, axis=0) if several else np.nan,
                "q95": np.quantile(draws, UPPER, axis=0) if several else np.nan,
            },
            index=pd.Index(self.names, name="parameter"),
        )
        if self.diagnostics.method == "nuts":
            frame["r_hat"], frame["ess_bulk"], frame["ess_tail"] = r_hat_and_ess(self.values)
        if self.diagnostics.method == "laplace":
            checks = {check.name: check.value for check in self.diagnostics.checks}
            frame["k_hat"], frame["ess"] = checks["k_hat"], checks["effective draws"]
        return frame

    @property
    def idata(self) -> DataTree:
        """The draws as an ArviZ DataTree: posterior and sample_stats, each (chain, draw)."""
        import xarray as xr

        chains, draws, _ = self.values.shape
        coords = {"chain": np.arange(chains), "draw": np.arange(draws)}
        dims = ("chain", "draw")
        attributes = {key: str(value) if value is None else value for key, value in self.attributes.items()}
        posterior = xr.Dataset(
            {name: (dims, self.values[:, :, j]) for j, name in enumerate(self.names)}, coords, attributes
        )
        statistics = xr.Dataset({name: (dims, value) for name, value in self.statistics.items()}, coords)
        if self.effects is not None:
            posterior = posterior.merge(self.effects.to_dataset(coords))
        groups = {"/": xr.Dataset(attrs=attributes), "/posterior": posterior, "/sample_stats": statistics}
        return xr.DataTree.from_dict(groups)

    def with_notes(self, *notes: str) -> Posterior:
        """The same with notes added to the verdict."""
        return replace(self, diagnostics=self.diagnostics.with_notes(*notes)) if notes else self


def fit(
    density: LogPosterior,
    scale: float,
    *,
    method: str,
    draws: int,
    seed: int,
    attributes: Mapping[str, Any],
    start: Posterior | None = None,
    progress: bool = False,
) -> Posterior:
    """Fit by one of `METHODS`; draws come back in the user's units.

    Parameters
    ----------
    density : LogPosterior
        In units of `scale`.
    scale : float
        The data's own unit of time or money, in the user's.
    method : {"laplace", "nuts", "map"}
        "laplace" goes on to NUTS by itself, and says so, where importance sampling cannot be relied on.
    draws : int
        Draws in all; NUTS shares them among its chains.
    start : Posterior, optional
        Of an earlier fit of the same model: the search for the mode starts there.

    Raises
    ------
    InputError
        Unknown method, fewer draws than a method can work with, or a start of another model.
    FitError
        No mode was found, or chains ended without draws that may be used.

    Warns
    -----
    ConvergenceWarning
        The verdict asks for care; it is in `diagnostics` as well.
    """
    if method not in METHODS:
        raise InputError(f"method: expected one of {', '.join(METHODS)}, got {method!r}.")
    draws = check_draws(draws, FEWEST_DRAWS)
    begin = None if start is None else _free_of(density, start, scale)
    sampled, verdict, around = _sample(density, begin, method, draws, seed, progress)
    if not verdict.ok:
        warnings.warn(str(verdict), ConvergenceWarning, stacklevel=3)
    approximate = _in_user_units(density, around, scale)[0] if method == "map" else None
    verdict = verdict.with_notes(*_what_was_not_learnt(density, around))
    return Posterior(
        density.model.parameters,
        _in_user_units(density, sampled.free, scale),
        sampled.statistics,
        verdict,
        {**attributes, "method": verdict.method, "seed": int(seed), "scale": float(scale)},
        approximate,
        Effects.of(density, sampled.free),
    )


def _what_was_not_learnt(density: LogPosterior, free: FloatArray) -> list[str]:
    """Sentences on coordinates that the data leave to the prior, or push to an edge."""
    model = density.model
    draws = {name: free[:, :, j] for j, name in enumerate(model.default_priors)}
    checks = boundary_checks(draws, {name: model.priors[name] for name in draws})
    return [check.text for check in checks if check.level != "ok"]


def _free_of(density: LogPosterior, start: Posterior, scale: float) -> FloatArray:
    """Free coordinates near the mean of an earlier posterior, array (size,); covariates and groups start anew."""
    model = density.model
    if start.names != model.parameters:
        raise InputError(
            f"start: expected an earlier fit of {model.name} ({', '.join(model.parameters)}), "
            f"got one with {', '.join(start.names)}."
        )
    free = density.start
    theta = model.rescale(start.mean, 1.0 / scale)
    free[density.layout.base] = density.to_free(np.array(model.to_coordinates(list(theta))))
    return free


def _sample(
    density: LogPosterior, start: FloatArray | None, method: str, draws: int, seed: int, progress: bool
) -> tuple[Draws, Diagnostics, FloatArray]:
    """Draws with their verdict, and what shows how wide the posterior is: the draws, or a Gaussian about a point."""
    if density.layout.groups and method == "laplace":
        drawn = nested(density, draws, seed)
        return drawn, of_importance_sampling(drawn), drawn.free
    mode = find_mode(density, seed, start)
    if method == "map":
        return point(mode), Diagnostics("map", notes=(POINT,)), gaussian(mode, draws, seed)[None]
    notes: tuple[str, ...] = ()
    if method == "laplace":
        drawn = laplace(density, mode, draws, seed, costly=density.terms >= MANY_TERMS)
        if drawn.k_hat is not None and drawn.k_hat <= LARGEST_K_HAT:
            return drawn, of_importance_sampling(drawn), drawn.free
        notes = (f"importance sampling could not be relied on (k_hat {drawn.k_hat:.2f}); NUTS was run instead.",)
    length = max(-(-draws // CHAINS), FEWEST_CHAIN_DRAWS)
    chained = nuts(density, mode, draws=length, tune=TUNE, chains=CHAINS, seed=seed, progress=progress)
    if not np.isfinite(chained.free).all():
        raise FitError("fit: NUTS ended with draws that are not finite; give narrower priors. Nothing was fitted.")
    verdict = of_chains(chained).with_notes(*notes)
    kept = _thinned(chained, -(-draws // CHAINS))
    return kept, verdict, kept.free


def _thinned(drawn: Draws, length: int) -> Draws:
    """Chains thinned evenly to a length; the verdict is on the whole of them."""
    every = (np.arange(length) * drawn.free.shape[1]) // length
    return Draws(drawn.free[:, every], {name: values[:, every] for name, values in drawn.statistics.items()})


def _in_user_units(density: LogPosterior, free: FloatArray, scale: float) -> FloatArray:
    chains, draws, size = free.shape
    theta = density.to_parameters(free.reshape(-1, size).T)
    return np.ascontiguousarray(density.model.rescale(theta, scale).T).reshape(chains, draws, -1)
