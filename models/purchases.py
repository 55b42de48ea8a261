"""Transaction models: from a customer summary to a posterior."""

from __future__ import annotations

from typing import Any

import numpy as np

from .base import TransactionFormulas
from .fitted_purchases import FittedPurchases, rows_of
from .ground.design import Design
from .ground.errors import FitError, InputError
from .ground.provenance import fingerprint, versions
from .ground.rows import DistinctRows
from .ground.summary import CustomerSummary, check_summary
from .ground.units import check_unit
from .inference.density import LogPosterior
from .inference.posterior import Posterior, fit


class TransactionModel(TransactionFormulas):
    """A transaction model that can be fitted; abstract. Parameters as in `Model`."""

    def fit(
        self,
        summary: CustomerSummary,
        *,
        method: str = "laplace",
        draws: int = 4000,
        seed: int = 0,
        start: FittedPurchases | None = None,
        scale: float | None = None,
        progress: bool = False,
    ) -> FittedPurchases:
        """Fit on a customer summary; returns a new object.

        Parameters
        ----------
        summary : CustomerSummary
        method : {"laplace", "nuts", "map"}
            Importance sampling at the mode (default; falls back to NUTS by itself), the No-U-Turn sampler, or the
            mode alone.
        draws : int
            Posterior draws in all.
        seed : int
        start : FittedPurchases, optional
            An earlier fit of the same model, such as last week's: the search for the mode starts there.
        scale : float, optional
            The time, in the summary's unit, that the priors of times are relative to; None: the median time between
            purchases of repeaters. Give it to keep the same priors between fits.
        progress : bool
            Show the sampler's progress (NUTS).

        Raises
        ------
        InputError
            No customer has bought twice, so that neither rates nor dropout can be told; a covariate or group that is
            missing, has gaps or never varies; a start of another model.
        FitError
            No answer was reached; the message says why and what to do.
        """
        density, scale = self._density(summary, scale)
        calendar = summary.calendar
        attributes = {
            "model": self.name,
            "unit": summary.unit,
            "until": None if summary.until is None else str(summary.until.date()),
            "customers": len(summary),
            "fingerprint": fingerprint(*density.rows),
            "priors": repr(dict(self.priors)),
            **({} if calendar is None else {"calendar": calendar.fingerprint}),
            **versions(),
        }
        posterior = fit(
            density, scale, method=method, draws=draws, seed=seed, attributes=attributes,
            start=None if start is None else start.posterior, progress=progress,
        )  # fmt: skip
        return FittedPurchases(self, posterior, summary.unit, calendar)

    @classmethod
    def from_parameters(cls, *, unit: str, **parameters: float) -> FittedPurchases:
        """The model at fixed parameters in time unit `unit`, without data: for papers, tests and simulation.

        Raises
        ------
        InputError
            A parameter is missing, unknown or not positive; an unknown unit.
        """
        theta = cls.check_parameters(parameters)
        attributes = {"model": cls.name, "unit": check_unit(unit), "until": None, **versions()}
        return FittedPurchases(cls(), Posterior.fixed(cls.parameters, theta, attributes), check_unit(unit))

    def to_pymc(self, summary: CustomerSummary) -> Any:  # PyMC is imported when asked for
        """The same model as a `pm.Model` to sample or to build upon: priors by coordinate, one fused likelihood.

        The parameters of the paper stand in the posterior under their own names, in the summary's unit; with
        covariates `coefficients`, with groups `group_sd` and `group`.
        """
        from .inference.pymc_bridge import build

        return build(*self._density(summary, None))

    def _density(self, summary: CustomerSummary, scale: float | None) -> tuple[LogPosterior, float]:
        """Log posterior on the customers of a summary, and the time that its units are."""
        frame = check_summary(summary).frame
        self.check_calendar(summary.calendar)
        design = Design.learn(frame, self.attributes, self.groups)
        cells = design.cells(frame)
        rows = rows_of(summary, cells)
        gap = typical_gap(rows)
        if scale is not None and not (np.isfinite(scale) and scale > 0.0):
            raise InputError(f"scale: expected a time above 0 in the summary's unit, got {scale!r}.")
        scale = gap if scale is None else float(scale)
        return LogPosterior(self, rows.for_kernel(scale), design, None if design.is_plain else cells), scale


def typical_gap(rows: DistinctRows) -> float:
    """Median over repeaters of the mean time between their purchases: the time scale of the data.

    Raises
    ------
    InputError
        Nobody has bought twice.
    """
    repeats = rows.x > 0
    if not repeats.any():
        raise InputError(
            f"frequency: none of the {int(rows.weight.sum()):,} customers has bought twice, so that neither "
            "purchase rates nor dropout can be told. Give a longer history or more customers."
        )
    gaps = rows.t_x[repeats] / rows.x[repeats]
    order = np.argsort(gaps, kind="stable")
    weight = np.cumsum(rows.weight[repeats][order])
    gap = float(gaps[order][np.searchsorted(weight, 0.5 * weight[-1])])
    if not gap > 0.0:
        raise FitError("recency: the median time between purchases is 0; give recency in finer units.")
    return gap
