"""Spend models, fitted: from a summary to a posterior, and from a posterior to the amount of a purchase."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from .base import Covariates, SpendFormulas
from .fitted import Fitted
from .ground.design import Cells, Design
from .ground.errors import InputError
from .ground.intervals import BLOCK_CELLS, INTERVAL, means_and_quantiles
from .ground.priors import Priors
from .ground.provenance import fingerprint, versions
from .ground.rows import FloatArray, IntArray, SpendRows, runs
from .ground.summary import MONEY, CustomerSummary, check_summary
from .ground.threads import map_threads
from .inference.compression import compress
from .inference.density import LogPosterior
from .inference.posterior import Posterior, fit


class SpendModel(SpendFormulas):
    """A spend model that can be fitted; abstract.

    Parameters
    ----------
    first_purchase : bool or None
        Whether a customer's first purchase counts, or repeat purchases alone, as in the papers. None: all
        purchases where the summary knows them, else repeats, and `diagnostics` says so.
    priors, covariates, groups
        As in `Model`.
    """

    def __init__(
        self,
        first_purchase: bool | None = None,
        priors: Priors | Literal["flat"] | None = None,
        covariates: Covariates = (),
        groups: str | None = None,
    ) -> None:
        super().__init__(priors, covariates, groups)
        self.first_purchase = first_purchase

    def fit(
        self,
        summary: CustomerSummary,
        *,
        method: str = "laplace",
        draws: int = 4000,
        seed: int = 0,
        start: FittedSpend | None = None,
        scale: float | None = None,
        progress: bool = False,
    ) -> FittedSpend:
        """Fit on a customer summary; returns a new object. Parameters as in `TransactionModel.fit`.

        `scale` is the amount that the prior of the mean amount is relative to; None: the mean seen.

        Raises
        ------
        InputError
            The summary has no amounts, or none is known.
        FitError
            No answer was reached; the message says why and what to do.
        """
        first_purchase, notes = self._which_purchases(check_summary(summary))
        density, scale, left_out = self._density(summary, first_purchase, scale)
        if left_out:
            notes += (f"{left_out:,} of {len(summary):,} customers have no known amount and were left out.",)
        attributes = {
            "model": self.name,
            "first_purchase": int(first_purchase),
            "until": None if summary.until is None else str(summary.until.date()),
            "customers": len(summary) - left_out,
            "fingerprint": fingerprint(*density.rows),
            "priors": repr(dict(self.priors)),
            **versions(),
        }
        posterior = fit(
            density, scale, method=method, draws=draws, seed=seed, attributes=attributes,
            start=None if start is None else start.posterior, progress=progress,
        )  # fmt: skip
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

        density, scale, _ = self._density(summary, self._which_purchases(summary)[0], None)
        return build(density, scale)

    def _density(
        self, summary: CustomerSummary, first_purchase: bool, scale: float | None
    ) -> tuple[LogPosterior, float, int]:
        """Log posterior on the customers of a summary, the amount that its units are, and customers left out."""
        frame = check_summary(summary).frame
        known = summary.spend_columns(first_purchase)[0] > 0
        design = Design.learn(frame[known] if known.any() else frame, self.attributes, self.groups)
        cells = design.cells(frame)
        rows, left_out = spend_rows(summary, first_purchase, cells)
        if len(rows.n) > 1 and np.ptp(rows.zbar) == 0.0:
            raise InputError(
                f"amount: all known mean amounts are {rows.zbar[0]:g}; amounts that never vary need no spend model. "
                "Multiply expected purchases by the price."
            )
        if scale is not None and not (np.isfinite(scale) and scale > 0.0):
            raise InputError(f"scale: expected an amount above 0, got {scale!r}.")
        scale = typical_amount(rows) if scale is None else float(scale)
        density = LogPosterior(self, compress(scaled(rows, scale)), design, None if design.is_plain else cells)
        return density, scale, left_out

    def _which_purchases(self, summary: CustomerSummary) -> tuple[bool, tuple[str, ...]]:
        if self.first_purchase is not None:
            return self.first_purchase, ()
        if MONEY[1] in check_summary(summary).frame:
            return True, ()
        return False, ("the summary does not know the amount of first purchases: repeat purchases alone were used.",)


@dataclass(frozen=True, eq=False, repr=False)
class FittedSpend(Fitted[SpendFormulas]):
    """A spend model with its posterior: what a purchase will be worth.

    Attributes
    ----------
    model : SpendModel
    posterior : Posterior
    first_purchase : bool
        Which purchases of a summary it speaks of: all, or repeats alone.
    """

    first_purchase: bool

    def _of(self) -> str:
        return "of all purchases" if self.first_purchase else "of repeat purchases"

    def _settings(self) -> dict[str, Any]:
        return {"first_purchase": self.first_purchase}

    @property
    def population_mean(self) -> pd.DataFrame:
        """Mean amount of a purchase by an average customer of whom nothing is known: one row, mean and quantiles."""
        theta = self.theta(self.draws_for_means(1))
        nothing = np.zeros(1, dtype=np.int64)
        return means_and_quantiles(self.model.expected_spend(theta[:, :, None], nothing, np.zeros(1)), INTERVAL)

    def log_likelihood(self, summary: CustomerSummary) -> FloatArray:
        """Log likelihood of each customer's mean amount at the posterior mean parameters, array (customers,).

        0 for a customer without a known amount.
        """
        n, zbar = self.purchases_of(summary)
        cells = self.cells(summary)
        theta = np.stack([self.theta_at_mean(cells, cell) for cell in range(len(cells))], axis=1)
        return self.model.log_likelihood(theta[:, cells.of_customer], n, zbar)

    def expected_spend(self, summary: CustomerSummary, *, quantiles: tuple[float, ...] = INTERVAL) -> pd.DataFrame:
        """Expected amount of each customer's next purchase: customer_id, mean and quantiles (of the expectation)."""
        n, zbar = self.purchases_of(summary)
        cells = self.cells(summary)

        def expected(theta: FloatArray, customers: IntArray) -> pd.DataFrame:
            values = self.model.expected_spend(theta[:, :, None], n[customers], zbar[customers])
            return means_and_quantiles(values, quantiles)

        order, frames = self.by_block(cells, expected, self.draws_for_means(len(cells)), "Expected spend")
        frame = pd.concat(frames, ignore_index=True).iloc[np.argsort(order)].reset_index(drop=True)
        frame.insert(0, "customer_id", summary.frame["customer_id"].array)
        return frame

    def by_block[R](
        self, cells: Cells, work: Callable[[FloatArray, IntArray], R], draws: int, description: str | None
    ) -> tuple[IntArray, list[R]]:
        """Results of `work` on blocks of customers of one cell, and the customers in the order of the results.

        `work` gets the cell's parameters, array (parameters, draws), and positions in the summary.
        """
        order = np.argsort(cells.of_customer, kind="stable")
        of_customer = cells.of_customer[order]
        size = max(1, BLOCK_CELLS // draws)

        def of_block(block: tuple[int, int]) -> R:
            theta = self.theta(draws, cells, int(of_customer[block[0]]))
            return work(theta, order[slice(*block)])

        return order, list(map_threads(of_block, runs(of_customer, size), description))

    def purchases_of(self, summary: CustomerSummary) -> tuple[IntArray, FloatArray]:
        """How many purchases of each customer have a known amount, and their mean, arrays (customers,)."""
        return check_summary(summary).spend_columns(self.first_purchase)


def spend_rows(summary: CustomerSummary, first_purchase: bool, cells: Cells | None = None) -> tuple[SpendRows, int]:
    """Customers with a known amount, collapsed and sorted by cell, then n, and how many were left out.

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
    cell = np.zeros(len(n)) if cells is None else cells.of_customer.astype(float)
    distinct, weight = np.unique(np.stack([cell[known], n[known], zbar[known]]), axis=1, return_counts=True)
    first = np.searchsorted(distinct[0], np.arange((1 if cells is None else len(cells)) + 1))
    rows = SpendRows(
        distinct[1].astype(np.int64), np.ascontiguousarray(distinct[2]), weight.astype(float), first.astype(np.int64)
    )
    return rows, int((~known).sum())


def typical_amount(rows: SpendRows) -> float:
    """Mean over customers of their mean amount: the money scale of the data."""
    return float(np.average(rows.zbar, weights=rows.weight))


def scaled(rows: SpendRows, scale: float) -> SpendRows:
    """Rows with amounts divided by `scale`."""
    return rows._replace(zbar=rows.zbar / scale)
