"""Spend models, fitted: from a summary to a posterior, and from a posterior to the amount of a purchase."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from .base import SpendFormulas
from .ground.errors import InputError
from .ground.intervals import BLOCK_CELLS, DRAWS_FOR_MEANS, INTERVAL, means_and_quantiles
from .ground.priors import Priors
from .ground.provenance import fingerprint, versions
from .ground.rows import FloatArray, IntArray, SpendRows
from .ground.summary import MONEY, CustomerSummary, check_summary
from .ground.threads import map_threads
from .inference.compression import compress
from .inference.density import LogPosterior
from .inference.diagnostics import Diagnostics
from .inference.posterior import Posterior, fit

if TYPE_CHECKING:
    from xarray import DataTree


class SpendModel(SpendFormulas):
    """A spend model that can be fitted; abstract.

    Parameters
    ----------
    first_purchase : bool or None
        Whether a customer's first purchase counts, or repeat purchases alone, as in the papers. None: all
        purchases where the summary knows them, else repeats, and `diagnostics` says so.
    priors : mapping of str to prior, "flat", or None
        As in `Model`.
    """

    def __init__(self, first_purchase: bool | None = None, priors: Priors | Literal["flat"] | None = None) -> None:
        super().__init__(priors)
        self.first_purchase = first_purchase

    def fit(
        self,
        summary: CustomerSummary,
        *,
        method: str = "laplace",
        draws: int = 4000,
        seed: int = 0,
        progress: bool = False,
    ) -> FittedSpend:
        """Fit on a customer summary; returns a new object. Parameters as in `TransactionModel.fit`.

        Raises
        ------
        InputError
            The summary has no amounts, or none is known.
        FitError
            No answer was reached; the message says why and what to do.
        """
        first_purchase, notes = self._which_purchases(check_summary(summary))
        rows, left_out = spend_rows(summary, first_purchase)
        if left_out:
            notes += (f"{left_out:,} of {len(summary):,} customers have no known amount and were left out.",)
        if len(rows.n) > 1 and np.ptp(rows.zbar) == 0.0:
            raise InputError(
                f"amount: all known mean amounts are {rows.zbar[0]:g}; amounts that never vary need no spend model. "
                "Multiply expected purchases by the price."
            )
        scale = typical_amount(rows)
        attributes = {
            "model": self.name,
            "first_purchase": int(first_purchase),
            "until": None if summary.until is None else str(summary.until.date()),
            "customers": int(rows.weight.sum()),
            "fingerprint": fingerprint(*rows),
            "priors": repr(dict(self.priors)),
            **versions(),
        }
        density = LogPosterior(self, compress(scaled(rows, scale)))
        posterior = fit(density, scale, method=method, draws=draws, seed=seed, attributes=attributes, progress=progress)
        return FittedSpend(self, posterior.with_notes(*notes), first_purchase)

    @classmethod
    def from_parameters(cls, *, first_purchase: bool = False, **parameters: float) -> FittedSpend:
        """The model at fixed parameters, without data: for papers, tests and simulation.

        `first_purchase` says which purchases of a summary the parameters speak of; those of the papers are of
        repeat purchases.

        Raises
        ------
        InputError
            A parameter is missing, unknown or not positive, or the mean amount of the population is infinite.
        """
        theta = cls.check_parameters(parameters)
        with np.errstate(divide="ignore"):
            mean = float(cls.expected_spend(theta, np.zeros(1, dtype=np.int64), np.zeros(1)).item())
        if not 0.0 < mean < np.inf:
            raise InputError(
                f"from_parameters: {', '.join(f'{k}={v:g}' for k, v in parameters.items())} give the population an "
                "infinite mean amount; the Gamma-Gamma model needs q > 1."
            )
        attributes = {"model": cls.name, "first_purchase": int(first_purchase), "until": None, **versions()}
        return FittedSpend(cls(first_purchase), Posterior.fixed(cls.parameters, theta, attributes), first_purchase)

    def to_pymc(self, summary: CustomerSummary) -> Any:  # PyMC is imported when asked for
        """The same model as a `pm.Model`: priors by coordinate, one fused likelihood, parameters under their names."""
        from .inference.pymc_bridge import build

        rows, _ = spend_rows(summary, self._which_purchases(summary)[0])
        scale = typical_amount(rows)
        return build(LogPosterior(self, compress(scaled(rows, scale))), scale)

    def _which_purchases(self, summary: CustomerSummary) -> tuple[bool, tuple[str, ...]]:
        if self.first_purchase is not None:
            return self.first_purchase, ()
        if MONEY[1] in check_summary(summary).frame:
            return True, ()
        return False, ("the summary does not know the amount of first purchases: repeat purchases alone were used.",)


@dataclass(frozen=True, eq=False, repr=False)
class FittedSpend:
    """A spend model with its posterior: what a purchase will be worth.

    Attributes
    ----------
    model : SpendModel
    posterior : Posterior
    first_purchase : bool
        Which purchases of a summary it speaks of: all, or repeats alone.
    """

    model: SpendModel
    posterior: Posterior
    first_purchase: bool

    def __repr__(self) -> str:
        means = ", ".join(f"{n} {v:.4g}" for n, v in zip(self.posterior.names, self.posterior.mean, strict=True))
        which = "all purchases" if self.first_purchase else "repeat purchases"
        return f"<{self.model.name} of {which}: {means}; {len(self.posterior)} draws, {self.diagnostics.method}>"

    @property
    def idata(self) -> DataTree:
        """The posterior as an ArviZ DataTree: `posterior` and `sample_stats`, each (chain, draw)."""
        return self.posterior.idata

    @property
    def parameters(self) -> pd.DataFrame:
        """One row a parameter: mean, sd, q05, q50, q95, and r_hat, ess_bulk, ess_tail or k_hat, ess."""
        return self.posterior.parameters

    @property
    def diagnostics(self) -> Diagnostics:
        """Did the fit work, and if not, what to do."""
        return self.posterior.diagnostics

    @property
    def population_mean(self) -> pd.DataFrame:
        """Mean amount of a purchase by a customer of whom nothing is known: one row, mean and quantiles."""
        theta = self.posterior.distinct(DRAWS_FOR_MEANS)
        nothing = np.zeros(1, dtype=np.int64)
        return means_and_quantiles(self.model.expected_spend(theta[:, :, None], nothing, np.zeros(1)), INTERVAL)

    def log_likelihood(self, summary: CustomerSummary) -> FloatArray:
        """Log likelihood of each customer's mean amount at the posterior mean parameters, array (customers,).

        0 for a customer without a known amount.
        """
        n, zbar = self.purchases_of(summary)
        return self.model.log_likelihood(self.posterior.mean, n, zbar)

    def expected_spend(self, summary: CustomerSummary, *, quantiles: tuple[float, ...] = INTERVAL) -> pd.DataFrame:
        """Expected amount of each customer's next purchase: customer_id, mean and quantiles (of the expectation)."""
        n, zbar = self.purchases_of(summary)
        theta = self.posterior.distinct(DRAWS_FOR_MEANS)[:, :, None]
        size = max(1, BLOCK_CELLS // theta.shape[1])
        blocks = [slice(start, start + size) for start in range(0, len(n), size)]
        frames = map_threads(
            lambda block: means_and_quantiles(self.model.expected_spend(theta, n[block], zbar[block]), quantiles),
            blocks,
            "Expected spend",
        )
        frame = pd.concat(list(frames), ignore_index=True)
        frame.insert(0, "customer_id", summary.frame["customer_id"].array)
        return frame

    def purchases_of(self, summary: CustomerSummary) -> tuple[IntArray, FloatArray]:
        """How many purchases of each customer have a known amount, and their mean, arrays (customers,)."""
        return check_summary(summary).spend_columns(self.first_purchase)

    def save(self, path: str | Path) -> None:
        """Write parameters, verdict and versions to a small NetCDF file; no customer, no pickle."""
        from .inference.storage import Stored, write

        settings = {"first_purchase": self.first_purchase}
        write(Stored(type(self.model).__name__, self.model.priors, self.posterior, settings), path)


def spend_rows(summary: CustomerSummary, first_purchase: bool) -> tuple[SpendRows, int]:
    """Customers with a known amount, collapsed and sorted by n, and how many were left out.

    Raises
    ------
    InputError
        The summary has no amounts, or none is known.
    """
    n, zbar = check_summary(summary).spend_columns(first_purchase)
    known = n > 0
    if not known.any():
        which = MONEY[1] if first_purchase else MONEY[0]
        raise InputError(
            f"{which}: none of the {len(summary):,} customers has a known amount above 0; "
            "summarise with the amount column, or fit a transaction model alone."
        )
    pairs, weight = np.unique(np.stack([n[known], zbar[known]]), axis=1, return_counts=True)
    rows = SpendRows(pairs[0].astype(np.int64), np.ascontiguousarray(pairs[1]), weight.astype(float))
    return rows, int((~known).sum())


def typical_amount(rows: SpendRows) -> float:
    """Mean over customers of their mean amount: the money scale of the data."""
    return float(np.average(rows.zbar, weights=rows.weight))


def scaled(rows: SpendRows, scale: float) -> SpendRows:
    """Rows with amounts divided by `scale`."""
    return rows._replace(zbar=rows.zbar / scale)
