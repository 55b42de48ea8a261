"""Compiled work of futures: one walk through time for every customer and draw."""

from __future__ import annotations

import math

import numpy as np

from ..ground.compiled import compiled
from ..ground.rows import FloatArray, IntArray


@compiled
def walk(
    rng: np.random.Generator,
    rate: FloatArray,
    dropout: FloatArray,
    lifetime: FloatArray,
    amount_shape: FloatArray,
    amount_rate: FloatArray,
    ends: FloatArray,
    horizons: FloatArray,
    knots: FloatArray,
    elapsed: FloatArray,
    level: FloatArray,
    discount: float,
    kept: IntArray,
    out: FloatArray,
) -> None:
    """Walk each customer from purchase to purchase until the last horizon or the customer's end.

    Parameters
    ----------
    rate, dropout, lifetime : array (customers, draws)
        The hidden state, as in `Latent`.
    amount_shape : array (draws,)
        Amounts are Gamma(shape, amount_rate); 0 for no amounts.
    amount_rate : array (customers, draws)
    ends : array (horizons,), ascending
        Horizons by the calendar.
    horizons : array (draws, horizons), ascending
        The same in elapsed time, as everything that customers do.
    knots : array (knots,)
    elapsed : array (draws, knots)
    level : array (draws, knots - 1)
        The clock: by the calendar, elapsed, and what amounts are multiplied by in between; the first knot is 0, the
        last is at or beyond the last horizon.
    discount : float
        Per unit of the calendar's time.
    kept : array (measures,)
        What is kept: 0 purchases, 1 amounts and 2 time alive up to each horizon; 3, 4, 5 each discounted to its day.
    out : array (measures, horizons, customers, draws)
        Filled with these.
    """
    found = np.zeros((6, ends.shape[0]))
    for i in range(rate.shape[0]):
        for s in range(rate.shape[1]):
            if rate[i, s] > 0.0:
                _walk_one(
                    rng, rate[i, s], dropout[i, s], lifetime[i, s], amount_shape[s], amount_rate[i, s], ends,
                    horizons[s], knots, elapsed[s], level[s], discount, found,
                )  # fmt: skip
                for m in range(kept.shape[0]):
                    out[m, :, i, s] = found[kept[m]]


@compiled
def walk_sums(
    rng: np.random.Generator,
    rate: FloatArray,
    dropout: FloatArray,
    lifetime: FloatArray,
    amount_shape: FloatArray,
    amount_rate: FloatArray,
    ends: FloatArray,
    horizons: FloatArray,
    knots: FloatArray,
    elapsed: FloatArray,
    level: FloatArray,
    discount: float,
    kind: IntArray,
    weight: FloatArray,
    sums: FloatArray,
) -> None:
    """Walk as `walk` does and keep sums over customers alone, by kind of customer.

    Parameters
    ----------
    kind : array (customers,)
    weight : array (customers,)
        What a unit of money of each customer counts in the last two rows.
    sums : array (kinds, draws, 8, horizons)
        Added to: the six measures of `walk`, then amounts times weight, plain and discounted.
    """
    found = np.zeros((6, ends.shape[0]))
    for i in range(rate.shape[0]):
        for s in range(rate.shape[1]):
            if rate[i, s] > 0.0:
                _walk_one(
                    rng, rate[i, s], dropout[i, s], lifetime[i, s], amount_shape[s], amount_rate[i, s], ends,
                    horizons[s], knots, elapsed[s], level[s], discount, found,
                )  # fmt: skip
                here = sums[kind[i], s]
                for h in range(ends.shape[0]):
                    for m in range(6):
                        here[m, h] += found[m, h]
                    here[6, h] += weight[i] * found[1, h]
                    here[7, h] += weight[i] * found[4, h]


@compiled
def _walk_one(
    rng: np.random.Generator,
    rate: float,
    dropout: float,
    lifetime: float,
    amount_shape: float,
    amount_rate: float,
    ends: FloatArray,
    horizons: FloatArray,
    knots: FloatArray,
    elapsed: FloatArray,
    level: FloatArray,
    discount: float,
    found: FloatArray,
) -> None:
    """One customer in one draw; `found`, array (6, horizons), is filled as `walk_sums` adds."""
    last, steps = horizons.shape[0] - 1, knots.shape[0] - 2
    time, reached, k, gone = 0.0, 0, 0, lifetime
    end = min(horizons[last], lifetime)
    purchases = spend = discounted_purchases = discounted_spend = 0.0
    while True:
        time += rng.standard_exponential() / rate
        if not time <= end:
            break
        while time > horizons[reached]:
            found[0, reached], found[1, reached] = purchases, spend
            found[3, reached], found[4, reached] = discounted_purchases, discounted_spend
            reached += 1
        while k < steps and time > elapsed[k + 1]:
            k += 1
        amount = 0.0
        if amount_shape > 0.0:
            amount = level[k] * rng.standard_gamma(amount_shape) / amount_rate
        factor = math.exp(-discount * _day(time, k, knots, elapsed)) if discount > 0.0 else 1.0
        purchases += 1.0
        spend += amount
        discounted_purchases += factor
        discounted_spend += factor * amount
        if rng.random() < dropout:
            gone = time
            break
    for h in range(reached, last + 1):
        found[0, h], found[1, h] = purchases, spend
        found[3, h], found[4, h] = discounted_purchases, discounted_spend
    day = math.inf
    if gone < horizons[last]:
        while k < steps and gone > elapsed[k + 1]:
            k += 1
        day = _day(gone, k, knots, elapsed)
    for h in range(last + 1):
        alive = min(day, ends[h])
        found[2, h] = alive
        found[5, h] = -math.expm1(-discount * alive) / discount if discount > 0.0 else alive


@compiled
def _day(time: float, k: int, knots: FloatArray, elapsed: FloatArray) -> float:
    """The calendar's time at an elapsed time between knot k and the next."""
    share = (time - elapsed[k]) / (elapsed[k + 1] - elapsed[k])
    return float(knots[k] + share * (knots[k + 1] - knots[k]))
