"""What a fitted model says of customers it has seen: log likelihood and replicated data, distinct row by row.

Customers who are alike in their data (and in covariates and group) share one row, computed once. Customers of whom
nothing was observed are left out: acquired on the last day (T = 0), or without a known amount.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, final

import numpy as np
import pandas as pd

from ..fitted_purchases import FittedPurchases
from ..ground.design import Cells
from ..ground.errors import InputError
from ..ground.intervals import BLOCK_CELLS
from ..ground.rows import DistinctRows, FloatArray, IntArray, runs
from ..ground.summary import ID, CustomerSummary, check_summary
from ..ground.threads import map_threads
from ..inference.posterior import FEWEST_DRAWS
from ..spend import FittedSpend
from .clock import Clock
from .futures_kernels import walk


@dataclass(frozen=True, eq=False)
class Observed(ABC):
    """Customers as distinct rows, sorted by cell, and what a fitted model says of them; abstract.

    Attributes
    ----------
    customer_id : array (customers,)
    inverse : array (customers,)
        The row of each customer.
    cell : array (rows,)
    cells : Cells
    """

    customer_id: Any
    inverse: IntArray
    cell: IntArray
    cells: Cells

    variable: ClassVar[str]
    """What was observed, by its column in the summary."""
    number: ClassVar[type[np.number[Any]]]
    """Type of its replicates."""

    @property
    @abstractmethod
    def fitted(self) -> FittedPurchases | FittedSpend:
        """The model that speaks."""

    @property
    @abstractmethod
    def values(self) -> FloatArray | IntArray:
        """What was observed, array (rows,)."""

    @property
    @abstractmethod
    def given(self) -> Mapping[str, FloatArray | IntArray]:
        """The other columns, each array (rows,)."""

    @abstractmethod
    def log_likelihood(self, theta: FloatArray, rows: slice) -> FloatArray:
        """Log likelihood of each row, array (draws, rows); `theta` is array (parameters, draws)."""

    @abstractmethod
    def replicate(self, rng: np.random.Generator, theta: FloatArray, rows: IntArray) -> FloatArray:
        """What might have been observed as well of customers, given by their rows, array (customers, draws)."""

    @cached_property
    def weight(self) -> FloatArray:
        """Customers of each row, array (rows,)."""
        return np.bincount(self.inverse, minlength=len(self.cell)).astype(float)

    def by_block[R](self, draws: int, work: Callable[[FloatArray, slice], R], description: str) -> list[R]:
        """Results of `work` on blocks of rows of one cell, in order; it gets the parameters and a slice of rows."""
        spans = runs(self.cell, max(1, BLOCK_CELLS // draws))

        def of_block(span: tuple[int, int]) -> R:
            return work(self.fitted.theta(draws, self.cells, int(self.cell[span[0]])), slice(*span))

        return list(map_threads(of_block, spans, description))

    def log_likelihoods(self, draws: int) -> FloatArray:
        """Log likelihood of each row under each draw, array (rows, draws)."""
        out = np.empty((len(self.cell), draws))

        def fill(theta: FloatArray, rows: slice) -> None:
            out[rows] = self.log_likelihood(theta, rows).T

        self.by_block(draws, fill, "Log likelihood")
        return out

    def replicates(self, draws: int, seed: int, rows: IntArray) -> Any:
        """Replicated data of customers, given by their rows, array (customers, draws) of `number`.

        One replicate a customer and draw of the parameters; the order of customers does not change those of a row.
        """
        order = np.argsort(rows, kind="stable")
        cell = self.cell[rows[order]]
        out = np.empty((len(rows), draws), dtype=self.number)
        spans = runs(cell, max(1, BLOCK_CELLS // draws))
        streams = np.random.SeedSequence(seed).spawn(len(spans))

        def fill(block: tuple[tuple[int, int], np.random.SeedSequence]) -> None:
            (start, stop), stream = block
            customers = order[start:stop]
            theta = self.fitted.theta(draws, self.cells, int(cell[start]))
            out[customers] = self.replicate(np.random.default_rng(stream), theta, rows[customers])

        list(map_threads(fill, list(zip(spans, streams, strict=True)), "Replicated data"))
        return out


@final
@dataclass(frozen=True, eq=False)
class ObservedPurchases(Observed):
    """Repeat purchases of customers, with the time of the last."""

    purchases: FittedPurchases
    rows: DistinctRows

    variable: ClassVar[str] = "frequency"
    number: ClassVar[type[np.number[Any]]] = np.int32

    @classmethod
    def of(cls, fitted: FittedPurchases, summary: CustomerSummary) -> ObservedPurchases:
        """Customers of a summary who were observed for some time."""
        some_time = check_summary(summary, fitted.unit).frame["T"].to_numpy(float) > 0.0
        if not some_time.any():
            raise InputError("T: it is 0 for every customer, so that nothing was observed; give a longer history.")
        seen = summary.select(some_time)
        rows, cells = fitted.rows(seen)
        return cls(_ids(seen.frame), rows.inverse, rows.cell, cells, fitted, rows)

    @property
    def fitted(self) -> FittedPurchases:
        """The transaction model."""
        return self.purchases

    @property
    def values(self) -> IntArray:
        """Number of repeat purchases, array (rows,)."""
        return self.rows.x

    @property
    def given(self) -> Mapping[str, FloatArray | IntArray]:
        """Recency and T, each array (rows,)."""
        return {"recency": self.rows.t_x, "T": self.rows.T}

    def log_likelihood(self, theta: FloatArray, rows: slice) -> FloatArray:
        """Of x, t_x given T."""
        seen = self.rows
        return self.purchases.model.log_likelihood(theta[:, :, None], seen.x[rows], seen.t_x[rows], seen.T[rows])

    def replicate(self, rng: np.random.Generator, theta: FloatArray, rows: IntArray) -> FloatArray:
        """Repeat purchases between acquisition and the cut-off: the process from its start, exactly.

        With T as the unit of time each customer is walked to time 1.
        """
        T = self.rows.T[rows, None]
        none, start = np.zeros(T.shape, dtype=np.int64), np.zeros(T.shape)
        rate, dropout, lifetime = self.purchases.model.draw_latent(rng, theta[:, None, :], none, start, start)
        out = np.zeros((1, 1, *rate.shape))
        no_amounts, ones = np.zeros(theta.shape[1]), np.ones(rate.shape)
        clock = Clock.plain(1.0, theta.shape[1])
        walk(
            rng, rate * T, dropout, lifetime / T, no_amounts, ones, np.ones(1), clock.at(np.ones(1)).T, clock.knots,
            clock.elapsed.T, clock.level.T, 0.0, np.zeros(1, dtype=np.int64), out,
        )  # fmt: skip
        return np.asarray(out[0, 0])


@final
@dataclass(frozen=True, eq=False)
class ObservedSpend(Observed):
    """Mean amounts of customers, given how many purchases they are means of."""

    spend: FittedSpend
    n: IntArray
    zbar: FloatArray

    variable: ClassVar[str] = "monetary_value"
    number: ClassVar[type[np.number[Any]]] = np.float64

    @classmethod
    def of(cls, fitted: FittedSpend, summary: CustomerSummary) -> ObservedSpend:
        """Customers of a summary with a known amount."""
        known = fitted.purchases_of(summary)[0] > 0
        if not known.any():
            raise InputError(
                f"{cls.variable}: none of the {len(summary):,} customers has a known amount above 0; "
                "summarise with the amount column."
            )
        seen = summary.select(known)
        n, zbar = fitted.purchases_of(seen)
        cells = fitted.cells(seen)
        (cell, n_row, zbar_row), inverse = np.unique(
            np.stack([cells.of_customer, n, zbar]), axis=1, return_inverse=True
        )
        integers = cell.astype(np.int64), n_row.astype(np.int64)
        return cls(_ids(seen.frame), inverse.astype(np.int64), integers[0], cells, fitted, integers[1], zbar_row.copy())

    @property
    def fitted(self) -> FittedSpend:
        """The spend model."""
        return self.spend

    @property
    def values(self) -> FloatArray:
        """Mean amounts, array (rows,)."""
        return self.zbar

    @property
    def given(self) -> Mapping[str, FloatArray | IntArray]:
        """Purchases that each is the mean of, array (rows,)."""
        return {"purchases": self.n}

    def log_likelihood(self, theta: FloatArray, rows: slice) -> FloatArray:
        """Of the mean amount."""
        return self.spend.model.log_likelihood(theta[:, :, None], self.n[rows], self.zbar[rows])

    def replicate(self, rng: np.random.Generator, theta: FloatArray, rows: IntArray) -> FloatArray:
        """Mean of n amounts that are Gamma(p, nu), nu drawn from the population: Gamma(p n) / (n nu)."""
        n = self.n[rows, None]
        none, nothing = np.zeros(n.shape, dtype=np.int64), np.zeros(n.shape)
        nu = self.spend.model.draw_latent(rng, theta[:, None, :], none, nothing)
        return np.asarray(rng.standard_gamma(theta[0] * n) / (n * nu))


def observe(fitted: FittedPurchases | FittedSpend, summary: CustomerSummary) -> ObservedPurchases | ObservedSpend:
    """Customers of `summary` as a fitted model with draws has seen them.

    Raises
    ------
    InputError
        Not a fitted model with draws of a posterior; a summary that does not fit it, or of which nothing was observed.
    """
    if not isinstance(fitted, (FittedPurchases, FittedSpend)):
        raise InputError(
            f"fitted: expected a fitted model such as lw.BetaGeoModel().fit(summary), got a {type(fitted).__name__}."
        )
    if len(fitted.posterior) < FEWEST_DRAWS:
        raise InputError(
            f"fitted: expected draws of a posterior, got {len(fitted.posterior)} ({fitted.diagnostics.method}); "
            'fit with method="laplace" or "nuts".'
        )
    if isinstance(fitted, FittedPurchases):
        return ObservedPurchases.of(fitted, summary)
    return ObservedSpend.of(fitted, summary)


def _ids(frame: pd.DataFrame) -> Any:
    """Identifiers as xarray can hold them: numbers and times as they are, everything else as objects."""
    ids = frame[ID]
    return ids.to_numpy() if isinstance(ids.dtype, np.dtype) else ids.to_numpy(object)
