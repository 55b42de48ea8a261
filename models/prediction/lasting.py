"""How long customers last: expected discounted time alive within horizons, under a clock.

Of a customer alive at the cut-off the discounted time alive within h is the integral of e^(-discount t) S(C(t)) over t
from 0 to h, S the survival in elapsed time and C the clock. What is interpolated at the nodes of the clock is 1 - S,
which is 0 at 0, so that all of it is linear in the values at a few fixed times (as in `clock.Weights`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ..fitted_purchases import FittedPurchases, Pairs
from ..ground.chebyshev import barycentric_weights
from ..ground.rows import DistinctRows, FloatArray, IntArray
from ..ground.summary import CustomerSummary
from .clock import Clock, discounted_time, steps_of
from .clock_kernels import add_times

DRAWS: Final = 100
"""Posterior draws behind the mean time alive: a tenth of a posterior sd away from all, of what costs little itself."""


@dataclass(frozen=True, eq=False)
class LastingWeights:
    """What being gone by fixed times takes off the time alive.

    Attributes
    ----------
    nodes : array (nodes,)
        Elapsed times, ascending.
    gone : array (horizons, nodes, draws)
        What the probability of being gone by each node takes off, in each draw of the clock.
    whole : array (horizons,)
        Discounted time of who stays throughout.
    """

    nodes: FloatArray
    gone: FloatArray
    whole: FloatArray

    @classmethod
    def of(cls, clock: Clock, horizons: FloatArray, discount: float) -> LastingWeights:
        """Weights for ascending `horizons` by the calendar, each at most the last knot."""
        times, basis = steps_of(clock, horizons)
        length = np.diff(discounted_time(times, discount))
        out = np.zeros((len(horizons), clock.elapsed.shape[1], len(basis.nodes)))
        ends = np.searchsorted(times, horizons) - 1
        add_times(basis.place(clock.at(times)), basis.z, barycentric_weights(len(basis.z)), length, ends, out)
        return cls(basis.nodes, out.swapaxes(1, 2), discounted_time(horizons, discount))


@dataclass(frozen=True, eq=False)
class Lasting:
    """Expected discounted time alive.

    Attributes
    ----------
    weights : LastingWeights
    alive : array (rows,)
        Probability alive at the cut-off.
    gone : array (nodes, rows)
        Probability of being alive at the cut-off and gone by each node.
    inverse : array (customers,)
        Each customer's row.
    """

    weights: LastingWeights
    alive: FloatArray
    gone: FloatArray
    inverse: IntArray

    @property
    def means(self) -> FloatArray:
        """Of each customer, array (horizons, customers)."""
        found = self.weights.whole[:, None] * self.alive - self.weights.gone.mean(axis=2) @ self.gone
        return np.asarray(found[:, self.inverse])

    def totals(self, shares: FloatArray) -> FloatArray:
        """Sums over customers, each counted by its share, under each draw of the clock, array (horizons, draws)."""
        counted = np.bincount(self.inverse, shares, minlength=len(self.alive))
        gone = np.einsum("hns,n->hs", self.weights.gone, self.gone @ counted)
        return np.asarray(self.weights.whole[:, None] * (self.alive @ counted) - gone)


def lasting(fitted: FittedPurchases, summary: CustomerSummary, weights: LastingWeights, draws: int) -> Lasting:
    """Posterior means of at most `draws` draws of the parameters, and of `DRAWS`."""
    rows, cells = fitted.rows(summary)

    def means(theta: FloatArray, block: DistinctRows, pairs: Pairs) -> FloatArray:
        return np.stack([values.mean(axis=0) for values in _alive_and_gone(fitted, theta, block, pairs, weights)])

    draws = fitted.draws_for_means(len(cells), min(draws, DRAWS))
    table = np.concatenate(fitted.by_block(rows, cells, means, draws, "Time alive", 1 + len(weights.nodes)), axis=1)
    return Lasting(weights, table[0], table[1:], rows.inverse)


def lasting_totals(
    fitted: FittedPurchases, summary: CustomerSummary, weights: LastingWeights, draws: int, shares: FloatArray
) -> FloatArray:
    """Sums over customers, each counted by its share, by draw of the parameters, array (horizons, draws)."""
    rows, cells = fitted.rows(summary)
    counted = replace(rows, weight=np.bincount(rows.inverse, shares, minlength=len(rows)))

    def sums(theta: FloatArray, block: DistinctRows, pairs: Pairs) -> FloatArray:
        found = _alive_and_gone(fitted, theta, block, pairs, weights)
        return np.stack([values @ block.weight for values in found])

    draws = fitted.draws_for_means(len(cells), draws)
    blocks = fitted.by_block(counted, cells, sums, draws, "Time alive", 1 + len(weights.nodes))
    table = np.sum(blocks, axis=0)
    return np.asarray(weights.whole[:, None] * table[0] - weights.gone.mean(axis=2) @ table[1:])


def _alive_and_gone(
    fitted: FittedPurchases, theta: FloatArray, block: DistinctRows, pairs: Pairs, weights: LastingWeights
) -> list[FloatArray]:
    """Probability alive, and alive now but gone by each node, arrays (draws, rows)."""
    alive = fitted.model.probability_alive(theta[:, :, None], block.x, block.t_x, block.T)
    found = [alive]
    for node in weights.nodes:
        survival = fitted.model.survival_if_alive(theta, pairs.x, pairs.T, float(node))
        found.append(alive * (1.0 - survival)[:, pairs.of_row])
    return found
