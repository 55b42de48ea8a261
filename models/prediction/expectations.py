"""Exact expectations of customers by horizon: closed forms averaged over the posterior, nothing simulated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..fitted_purchases import FittedPurchases, Pairs
from ..ground.rows import DistinctRows, FloatArray, IntArray
from ..ground.summary import CustomerSummary
from ..spend import FittedSpend


@dataclass(frozen=True, eq=False)
class Expectations:
    """Posterior means of each customer.

    Attributes
    ----------
    alive : array (customers,)
        Probability alive at the cut-off.
    active : array (horizons, customers)
        Probability of at least one purchase within the horizon; where it has no end, of any more purchase at all.
    purchases : array (horizons, customers)
        Expected purchases, discounted if a rate was given.
    """

    alive: FloatArray
    active: FloatArray
    purchases: FloatArray


def expectations(
    fitted: FittedPurchases, summary: CustomerSummary, horizons: FloatArray, discount: float, draws: int
) -> Expectations:
    """Means over at most `draws` posterior draws, for ascending `horizons` in the unit of the model."""
    rows, cells = fitted.rows(summary)

    def means(theta: FloatArray, block: DistinctRows, pairs: Pairs) -> FloatArray:
        alive = fitted.model.probability_alive(theta[:, :, None], block.x, block.t_x, block.T)
        ahead = fitted.model.purchases_if_alive(theta, pairs.x, pairs.T, horizons, discount)
        out = [alive.mean(axis=0)]
        for horizon in horizons:
            none = fitted.model.none_if_alive(theta[:, :, None], pairs.x, pairs.T, float(horizon))
            out.append((alive * (1.0 - none)[:, pairs.of_row]).mean(axis=0))
        out += [(alive * values[:, pairs.of_row]).mean(axis=0) for values in ahead]
        return np.stack(out)

    draws = fitted.draws_for_means(len(cells), draws)
    blocks = fitted.by_block(rows, cells, means, draws, "Expected purchases", depth=1 + len(horizons))
    table = np.concatenate(blocks, axis=1)[:, rows.inverse]
    return Expectations(table[0], table[1 : 1 + len(horizons)], table[1 + len(horizons) :])


def expected_amounts(fitted: FittedSpend, summary: CustomerSummary, draws: int) -> FloatArray:
    """Posterior mean of the expected amount of each customer's next purchase, array (customers,)."""
    n, zbar = fitted.purchases_of(summary)
    cells = fitted.cells(summary)

    def mean(theta: FloatArray, customers: IntArray) -> FloatArray:
        return fitted.model.expected_spend(theta[:, :, None], n[customers], zbar[customers]).mean(axis=0)

    order, means = fitted.by_block(cells, mean, fitted.draws_for_means(len(cells), draws), None)
    out = np.empty(len(order))
    out[order] = np.concatenate(means)
    return out
