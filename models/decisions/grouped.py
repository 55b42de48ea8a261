"""What a valuation says of groups that it did not know when it was made, on the same futures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from ..base import TransactionFormulas
from ..fitted_purchases import FittedPurchases, Pairs
from ..ground.rows import DistinctRows, FloatArray, IntArray
from ..ground.summary import CustomerSummary
from ..prediction.expectations import Expectations
from ..prediction.forecast import ascending
from ..prediction.reduction import Grouping
from ..valuation.value import Valuation


@dataclass(frozen=True, eq=False)
class Expected:
    """Exact means of each customer at one horizon, each array (customers,).

    Attributes
    ----------
    alive, active, value : array
    purchases : array
        Expected purchases, discounted as the value is.
    """

    alive: FloatArray
    active: FloatArray
    value: FloatArray
    purchases: FloatArray

    @classmethod
    def of(cls, valuation: Valuation, place: int) -> Expected:
        """Of the customers of a valuation at the horizon in this place."""
        basis = valuation.basis
        lengths, order = ascending(valuation.horizons)
        exact: Expectations = basis.exact(lengths)
        h = order[place]
        return cls(exact.alive, exact.active[h], basis.measured.mean(exact)[h], exact.purchases[h])


def group_values(valuation: Valuation, place: int, grouping: Grouping) -> FloatArray:
    """Draws of the value of each group at one horizon, array (groups, draws).

    The futures are those of the valuation, draw by draw: groups add up to its total.
    """
    lengths, order = ascending(valuation.horizons)
    basis, groups = valuation.basis, len(grouping.labels)
    found = np.zeros((groups, basis.draws))

    def sums(who: IntArray, outcomes: FloatArray) -> FloatArray:
        codes = grouping.codes[who]
        member = sparse.csr_matrix((np.ones(len(who)), (codes, np.arange(len(who)))), shape=(groups, len(who)))
        return np.asarray(member @ outcomes)

    for part in basis.of_outcomes(lengths, int(order[place]), sums, "Values of groups"):
        found += part
    return found


def alive_and_staying(
    fitted: FittedPurchases, summary: CustomerSummary, grouping: Grouping, length: float, draws: int
) -> tuple[FloatArray, FloatArray]:
    """Customers expected alive now, and still alive at the end of `length`, by group and draw of the parameters.

    `length` is in the clock of the model. Both are arrays (groups, draws).
    """
    rows, cells = fitted.rows(summary)
    ones = np.ones(len(rows.inverse))
    shape = (len(rows), len(grouping.labels))
    counts = sparse.csr_matrix((ones, (rows.inverse, grouping.codes)), shape=shape)
    numbered = replace(rows, weight=np.arange(len(rows), dtype=float))  # so that a block knows which rows it has

    def sums(theta: FloatArray, block: DistinctRows, pairs: Pairs) -> FloatArray:
        alive = fitted.model.probability_alive(theta[:, :, None], block.x, block.t_x, block.T)
        stays = _survival(fitted.model, theta, pairs, length)[:, pairs.of_row]
        of_block = counts[block.weight.astype(np.int64)].T
        return np.stack([of_block @ alive.T, of_block @ (alive * stays).T])

    draws = fitted.draws_for_means(len(cells), draws)
    found = np.zeros((2, shape[1], draws))
    for part in fitted.by_block(numbered, cells, sums, draws, "Retention", depth=2):
        found += part
    return found[0], found[1]


def _survival(model: TransactionFormulas, theta: FloatArray, pairs: Pairs, length: float) -> FloatArray:
    return model.survival_if_alive(theta, pairs.x, pairs.T, length)
