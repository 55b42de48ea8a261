r"""What is expected of customers given their hidden state: no chance of single purchases is left in it.

For every draw of the parameters and every customer the hidden state is drawn from its exact posterior
(`draw_state` of the models), as for simulated futures. Then nothing more is simulated. A customer of purchase rate
lambda leaves at a hazard kappa, both in elapsed time: kappa = lambda p in BG/NBD and MBG/NBD, p the probability of
leaving after a purchase, and kappa = mu in Pareto/NBD. So at elapsed time c the customer is still there with
probability e^(-kappa c), and under the clock C(t) that all customers share the discounted purchases within h are

.. math::

    \lambda \int_0^h e^{-\delta t - \kappa C(t)}\,C'(t)\,dt ,

the time alive is the same integral without lambda and C', and C is linear between its knots, so that each stretch
has a closed form. Changes of rate, hazard, amount or discount are smooth in it, and two worlds that differ in them
share their draws: differences between them are of the change, not of chance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..ground.rows import FloatArray, IntArray
from ..ground.threads import map_threads
from .clock import Clock
from .futures import BLOCK_BYTES, Futures
from .ordered import Ordered
from .state_values_kernels import add_expected, add_survivors

ARRAYS: Final = 12
"""Arrays of customers times draws in hand: the hidden state, what drawing it takes, amounts and weights."""
SUMS: Final = 4
STREAM: Final = 83
"""Tells the random numbers of states from those of futures."""


@dataclass(frozen=True, eq=False)
class Expected:
    """Sums over customers of what is expected of each given its state, discounted, each array (cases, draws).

    Attributes
    ----------
    weighted_spend : array
        Spend, each customer's times its weight.
    spend, purchases, alive : array
        Spend, purchases, and time alive in the unit of the calendar.
    """

    weighted_spend: FloatArray
    spend: FloatArray
    purchases: FloatArray
    alive: FloatArray


def expected_given_states(
    futures: Futures, weights: FloatArray, kind: IntArray, multipliers: FloatArray, discounts: FloatArray, end: float
) -> Expected:
    """Sums over all customers in several cases at once, each with a hazard and a discount rate of its own.

    Draw s has the parameters and the clock of draw s of the futures. Memory does not grow with the customers; neither
    their order nor the number of cores changes the result.

    Parameters
    ----------
    futures : Futures
        Whose: models, customers, clock, draws and seed; its horizons and discount rate are not used.
    weights : array (kinds, draws) or (kinds, 1)
        What a unit of money from a customer of each kind counts in `weighted_spend`.
    kind : array (customers,)
    multipliers, discounts : array (cases,)
        What every hazard is multiplied by, and the continuous discount rate, per unit of the calendar.
    end : float
        Of the horizon, by the calendar; may be infinite where all discounts are above 0: beyond the last knot of the
        clock time runs as before it.
    """
    lengths, speeds, levels = _stretches(futures, end)

    def sums(who: IntArray, rate: FloatArray, hazard: FloatArray, amount: FloatArray) -> FloatArray:
        weight = np.broadcast_to(weights[kind[who]], rate.shape)
        out = np.zeros((len(multipliers), SUMS, futures.draws))
        add_expected(rate, hazard, amount, weight, multipliers, discounts, lengths, speeds, levels, out)
        return out

    return Expected(*_added(futures, kind, sums).swapaxes(0, 1))


def survivors_given_states(
    futures: Futures, kind: IntArray, multipliers: FloatArray, elapsed: FloatArray
) -> FloatArray:
    """Customers still there after an elapsed time, expected on average over draws, array (multipliers,).

    Parameters
    ----------
    futures, kind
        As in `expected_given_states`: the same are the same states.
    multipliers : array (multipliers,)
        What every hazard is multiplied by; 0 leaves all who are there.
    elapsed : array (draws,)
    """

    def sums(_: IntArray, rate: FloatArray, hazard: FloatArray, __: FloatArray) -> FloatArray:
        out = np.zeros(len(multipliers))
        add_survivors(rate, hazard, multipliers, elapsed, out)
        return out

    return np.asarray(_added(futures, kind, sums) / futures.draws)


def _added(
    futures: Futures, kind: IntArray, work: Callable[[IntArray, FloatArray, FloatArray, FloatArray], FloatArray]
) -> FloatArray:
    """What `work` makes of each block of customers (who, rate, hazard, amount), added up in a fixed order."""
    ordered = Ordered.of(futures.purchases, futures.spend, futures.summary, kind)

    def of_block(block: tuple[IntArray, np.random.SeedSequence]) -> FloatArray:
        who, stream = block
        return work(who, *_drawn(ordered, who, futures.draws, np.random.default_rng(stream)))

    blocks = ordered.blocks([futures.seed, STREAM], max(1, BLOCK_BYTES // (8 * futures.draws * ARRAYS)))
    found = map_threads(of_block, blocks, "Expectations given states")
    total = next(found)
    for more in found:
        total = total + more
    return total


def _drawn(
    ordered: Ordered, who: IntArray, draws: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Rate, hazard and mean amount of customers of one cell, arrays (customers, draws); rate 0 of those gone."""
    model, theta = ordered.purchases.model, ordered.theta(who, draws)
    state = model.draw_state(rng, theta[:, None, :], *ordered.history(who))
    hazard = state.rate * state.dropout if model.leaves_at_purchases else state.dropout
    shape, own = ordered.amounts(who, draws, rng)
    return np.where(np.isinf(state.gone_at), state.rate, 0.0), hazard, shape / own


def _stretches(futures: Futures, end: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The clock until `end`: lengths (stretches,), and speeds and levels, arrays (draws, stretches)."""
    clock = futures.clock or Clock.plain(float(futures.horizons[-1]), futures.draws)
    inside = clock.knots[:-1] < end
    lengths = np.diff(clock.knots)[inside]
    speeds = (np.diff(clock.elapsed, axis=0) / np.diff(clock.knots)[:, None])[inside]
    lengths[-1] = end - clock.knots[:-1][inside][-1]
    return lengths, np.ascontiguousarray(speeds.T), np.ascontiguousarray(clock.level[inside].T)
