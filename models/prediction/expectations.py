"""Exact expectations of customers by horizon: closed forms averaged over the posterior, nothing simulated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ..fitted_purchases import FittedPurchases, Pairs
from ..ground.intervals import fewer_draws
from ..ground.rows import DistinctRows, FloatArray, IntArray
from ..ground.summary import CustomerSummary
from ..spend import FittedSpend
from .clock import Clock, Weights
from .lasting import Lasting

DRAWS_UNDER_CLOCK: Final = 250
"""Posterior draws behind means where a clock multiplies the work: a sixteenth of a posterior sd away from all …"""
FEWEST_UNDER_CLOCK: Final = 50
"""… and so many for many customers, whose posterior is narrower."""


@dataclass(frozen=True, eq=False)
class UnderClock:
    """Expected purchases at the nodes of a clock, array (nodes, rows), their weights, and each customer's row."""

    weights: Weights
    purchases: FloatArray
    inverse: IntArray


@dataclass(frozen=True, eq=False)
class Expectations:
    """Posterior means of each customer.

    Attributes
    ----------
    alive : array (customers,)
        Probability alive at the cut-off.
    active : array (horizons, customers)
        Probability of at least one purchase within the horizon; where it has no end, of any more purchase at all.
        Empty where it was not asked for.
    purchases : array (horizons, customers)
        Expected purchases, discounted if a rate was given.
    paid : array (horizons, customers)
        The same, each purchase times the level of amounts on its day; without a clock `purchases` itself.
    under : UnderClock or None
    lasting : Lasting or None
        Expected time alive, where it was asked for.
    """

    alive: FloatArray
    active: FloatArray
    purchases: FloatArray
    paid: FloatArray
    under: UnderClock | None = None
    lasting: Lasting | None = None


def expectations(
    fitted: FittedPurchases,
    summary: CustomerSummary,
    horizons: FloatArray,
    discount: float,
    draws: int,
    clock: Clock | None = None,
    *,
    activity: bool = True,
) -> Expectations:
    """Means over at most `draws` posterior draws, for ascending `horizons` in the unit of the model.

    Without `activity` the probabilities of some purchase, which cost as much as all else, are left out: `active` is
    empty.
    With a clock horizons are those of the calendar, and means are over its draws as well; what lies beyond its last
    knot is left out of purchases.
    """
    if clock is None:
        within = horizons if activity else horizons[:0]
        inverse, alive, active, purchases = of_rows(fitted, summary, horizons, discount, draws, within)
        purchases = purchases[:, inverse]
        return Expectations(alive[inverse], active[:, inverse], purchases, purchases)
    weights = clock.weights(np.minimum(horizons, clock.knots[-1]), discount)
    shown = len(horizons) if activity else 0
    times = np.where(np.isinf(horizons)[:, None], np.inf, weights.at_horizons)[:shown]
    few = min(draws, fewer_draws(DRAWS_UNDER_CLOCK, len(summary), FEWEST_UNDER_CLOCK))
    inverse, alive, active, at_nodes = of_rows(fitted, summary, weights.nodes, 0.0, few, times.ravel())
    return Expectations(
        alive[inverse],
        np.einsum("hk,hkr->hr", weights.of_horizons[:shown], active.reshape(*times.shape, active.shape[1]))[:, inverse],
        (weights.mean_purchases @ at_nodes)[:, inverse],
        (weights.mean_spend @ at_nodes)[:, inverse],
        UnderClock(weights, at_nodes, inverse),
    )


def of_rows(
    fitted: FittedPurchases,
    summary: CustomerSummary,
    horizons: FloatArray,
    discount: float,
    draws: int,
    active_within: FloatArray,
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """Row of each customer; and of the rows alive, array (rows,), active and purchases, arrays (horizons, rows).

    Purchases are those within `horizons`, active is some purchase within each of `active_within`.
    """
    rows, cells = fitted.rows(summary)

    def means(theta: FloatArray, block: DistinctRows, pairs: Pairs) -> FloatArray:
        alive = fitted.model.probability_alive(theta[:, :, None], block.x, block.t_x, block.T)
        ahead = fitted.model.purchases_if_alive(theta, pairs.x, pairs.T, horizons, discount)
        out = [alive.mean(axis=0)]
        for length in active_within:
            none = fitted.model.none_if_alive(theta[:, :, None], pairs.x, pairs.T, float(length))
            out.append((alive * (1.0 - none)[:, pairs.of_row]).mean(axis=0))
        out += [(alive * values[:, pairs.of_row]).mean(axis=0) for values in ahead]
        return np.stack(out)

    draws, within = fitted.draws_for_means(len(cells), draws), len(active_within)
    blocks = fitted.by_block(rows, cells, means, draws, "Expected purchases", depth=1 + len(horizons))
    table = np.concatenate(blocks, axis=1)
    return rows.inverse, table[0], table[1 : 1 + within], table[1 + within :]


def expected_totals(
    fitted: FittedPurchases,
    summary: CustomerSummary,
    horizons: FloatArray,
    discount: float,
    draws: int,
    shares: FloatArray,
) -> FloatArray:
    """Sums over customers of expected discounted purchases by draw of the parameters, array (sums, horizons, draws).

    `shares`, array (sums, customers), says what a purchase of each customer counts in each sum.
    """
    rows, cells = fitted.rows(summary)
    counted = np.stack([np.bincount(rows.inverse, share, minlength=len(rows)) for share in shares])
    numbered = replace(rows, weight=np.arange(len(rows), dtype=float))  # so that a block knows which rows it has

    def sums(theta: FloatArray, block: DistinctRows, pairs: Pairs) -> FloatArray:
        alive = fitted.model.probability_alive(theta[:, :, None], block.x, block.t_x, block.T)
        ahead = fitted.model.purchases_if_alive(theta, pairs.x, pairs.T, horizons, discount)
        of_block = counted[:, block.weight.astype(np.int64)]
        return np.stack([of_block @ (alive * values[:, pairs.of_row]).T for values in ahead], axis=1)

    draws = fitted.draws_for_means(len(cells), draws)
    blocks = fitted.by_block(numbered, cells, sums, draws, "Expected totals", depth=1 + len(horizons))
    return np.asarray(np.sum(blocks, axis=0))


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


def amount_totals(fitted: FittedSpend, summary: CustomerSummary, draws: int, shares: FloatArray) -> FloatArray:
    """Sums over customers of expected amounts by draw of the parameters, array (sums, draws).

    `shares`, array (sums, customers), says what each customer's amount counts in each sum.
    """
    n, zbar = fitted.purchases_of(summary)
    cells = fitted.cells(summary)

    def sums(theta: FloatArray, customers: IntArray) -> FloatArray:
        amounts = fitted.model.expected_spend(theta[:, :, None], n[customers], zbar[customers])
        return np.asarray(shares[:, customers] @ amounts.T)

    _, blocks = fitted.by_block(cells, sums, fitted.draws_for_means(len(cells), draws), None)
    return np.asarray(np.sum(blocks, axis=0))
