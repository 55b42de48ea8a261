"""Log scores: how likely each customer's actual number of purchases was said to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..fitted_purchases import FittedPurchases
from ..ground.errors import InputError
from ..ground.intervals import BLOCK_CELLS, check_draws
from ..ground.rows import DistinctRows, FloatArray, IntArray, runs
from ..ground.summary import CustomerSummary
from ..ground.threads import map_threads

MOST_DRAWS: Final = 100
"""Posterior draws that the probability of a count is averaged over. Over repeated fits of the 2,357 customers of the
CDNOW sample the mean log score then has a standard deviation of 0.0003 (Pareto/NBD: 0.0007)."""
FEWEST_DRAWS: Final = 6
"""For many customers, whose posterior is narrower: with 20 draws of all of CDNOW it is 0.0002 (0.0005), and draws in
inverse proportion to the number of customers leave it there."""
PAIRS_TIMES_DRAWS: Final = 250_000
"""Probabilities computed, where `FEWEST_DRAWS` to `MOST_DRAWS` allow: a tenth of a second."""
MOST_ROWS: Final = 1024
"""Rows of a block, so that the likeliest count, which is that of most customers, keeps every core at work."""
SMALLEST: Final = float(np.finfo(np.float64).tiny)
"""Stands in for a probability too small for a double, about e^-708: one customer must not make the mean infinite."""


def log_scores(
    fitted: FittedPurchases,
    summary: CustomerSummary,
    horizon_length: float,
    actual_counts: IntArray,
    draws: int | None = None,
) -> FloatArray:
    """Logarithm of the predictive probability of each customer's actual purchases, array (customers,).

    Its mean is the log score of the model, a proper score (Gneiting & Raftery 2007, section 4.1); higher is better.
    Probabilities are exact for each draw of the parameters and averaged over draws before the logarithm. Customers who
    share their data and their count share one computation.

    Parameters
    ----------
    fitted : FittedPurchases
    summary : CustomerSummary
    horizon_length : float
        In the unit and on the clock of the model: ``fitted.finite("13W", summary).length``.
    actual_counts : array (customers,)
        Purchases within the horizon, in the order of the summary.
    draws : int, optional
        Of the parameters, evenly over all chains; None: 6 to 100, fewer for many customers.

    Raises
    ------
    InputError
        A summary that does not fit the model, a horizon without an end, counts that are no whole numbers of 0 or more.
    """
    counts = _check(actual_counts, len(summary), horizon_length)
    rows, cells = fitted.rows(summary)
    came = _Came.of(rows, counts)
    enough = min(max(PAIRS_TIMES_DRAWS // len(came.row), FEWEST_DRAWS), MOST_DRAWS) if draws is None else draws
    kept = min(check_draws(enough), len(fitted.posterior))

    def of_block(span: tuple[int, int]) -> FloatArray:
        count, block = came.block(rows, *span)
        theta = fitted.theta(kept, cells, int(block.cell[0]))
        x, T, of_row = block.pairs()
        alive = fitted.model.probability_alive(theta[:, :, None], block.x, block.t_x, block.T)
        ahead = fitted.model.pmf_if_alive(theta[:, :, None], x, T, horizon_length, count)[:, of_row]
        gone = 1.0 - alive if count == 0 else 0.0
        return np.asarray((alive * ahead + gone).mean(axis=0))

    size = min(MOST_ROWS, max(1, BLOCK_CELLS // kept))
    probability = np.concatenate(list(map_threads(of_block, runs(came.kind, size))))
    return np.asarray(np.log(np.maximum(probability, SMALLEST))[came.inverse])


@dataclass(frozen=True, eq=False)
class _Came:
    """Distinct pairs of a row and a count, sorted by cell, then count, then row.

    Attributes
    ----------
    row, count, kind : array (pairs,)
        Pairs of one kind share their cell and their count.
    inverse : array (customers,)
        The pair of each customer.
    """

    row: IntArray
    count: IntArray
    kind: IntArray
    inverse: IntArray

    @classmethod
    def of(cls, rows: DistinctRows, counts: IntArray) -> _Came:
        distinct, code = np.unique(counts, return_inverse=True)
        kind = rows.cell[rows.inverse] * len(distinct) + code
        keys, inverse = np.unique(kind * len(rows) + rows.inverse, return_inverse=True)
        kind, row = np.divmod(keys, len(rows))
        return cls(row, distinct[kind % len(distinct)], kind, inverse)

    def block(self, rows: DistinctRows, start: int, stop: int) -> tuple[int, DistinctRows]:
        """The count of a run of pairs of one kind, and their rows, in the order of `rows`."""
        of = self.row[start:stop]
        nobody = np.empty(0, dtype=np.int64)
        return int(self.count[start]), DistinctRows(
            rows.x[of], rows.t_x[of], rows.T[of], rows.weight[of], nobody, rows.cell[of]
        )


def _check(counts: IntArray, customers: int, horizon: float) -> IntArray:
    array = np.asarray(counts)
    if array.shape != (customers,):
        raise InputError(f"actual_counts: expected one for each of {customers:,} customers, got shape {array.shape}.")
    if not (np.isfinite(array) & (array >= 0) & (array == np.floor(array))).all():
        raise InputError("actual_counts: expected whole numbers of 0 or more.")
    if not 0.0 < horizon < np.inf:
        raise InputError(f"horizon_length: expected a length above 0 in the unit of the model, got {horizon!r}.")
    return array.astype(np.int64)
