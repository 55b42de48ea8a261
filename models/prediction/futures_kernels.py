"""Compiled work of futures: one walk through time for every customer and draw."""

from __future__ import annotations

import math

import numpy as np

from ..ground.compiled import compiled
from ..ground.rows import FloatArray


@compiled
def walk(
    rng: np.random.Generator,
    rate: FloatArray,
    dropout: FloatArray,
    lifetime: FloatArray,
    amount_shape: FloatArray,
    amount_rate: FloatArray,
    horizons: FloatArray,
    knots: FloatArray,
    elapsed: FloatArray,
    level: FloatArray,
    discount: float,
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
    horizons : array (horizons, draws), ascending
        In elapsed time, as everything that customers do.
    knots : array (knots,)
    elapsed : array (knots, draws)
    level : array (knots - 1, draws)
        The clock: by the calendar, elapsed, and what amounts are multiplied by in between; the first knot is 0, the
        last is at or beyond the last horizon.
    discount : float
        Per unit of the calendar's time.
    out : array (4, horizons, customers, draws)
        Filled with purchases, amounts, discounted purchases, discounted amounts up to each horizon.
    """
    last, steps = horizons.shape[0] - 1, knots.shape[0] - 2
    for i in range(rate.shape[0]):
        for s in range(rate.shape[1]):
            if rate[i, s] <= 0.0:
                continue
            time, reached, k = 0.0, 0, 0
            end = min(horizons[last, s], lifetime[i, s])
            purchases = spend = discounted_purchases = discounted_spend = 0.0
            while True:
                time += rng.standard_exponential() / rate[i, s]
                if not time <= end:
                    break
                while time > horizons[reached, s]:
                    out[0, reached, i, s], out[1, reached, i, s] = purchases, spend
                    out[2, reached, i, s], out[3, reached, i, s] = discounted_purchases, discounted_spend
                    reached += 1
                while k < steps and time > elapsed[k + 1, s]:
                    k += 1
                amount = 0.0
                if amount_shape[s] > 0.0:
                    amount = level[k, s] * rng.standard_gamma(amount_shape[s]) / amount_rate[i, s]
                share = (time - elapsed[k, s]) / (elapsed[k + 1, s] - elapsed[k, s])
                factor = math.exp(-discount * (knots[k] + share * (knots[k + 1] - knots[k])))
                purchases += 1.0
                spend += amount
                discounted_purchases += factor
                discounted_spend += factor * amount
                if rng.random() < dropout[i, s]:
                    break
            for h in range(reached, last + 1):
                out[0, h, i, s], out[1, h, i, s] = purchases, spend
                out[2, h, i, s], out[3, h, i, s] = discounted_purchases, discounted_spend
