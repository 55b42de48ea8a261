"""Compiled work of expectations given the hidden state: one closed form per stretch of the clock."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from ..ground.compiled import compiled
from ..ground.rows import FloatArray

SHORT: Final = 1e-3
"""Below it (1 - e^-x) / x is its Taylor polynomial of degree 3, right to 1e-14."""
LEFT: Final = 1e-17
"""The walk ends when less than this of the customer, discounted, is left: below double precision."""


@compiled
def add_expected(
    rate: FloatArray,
    hazard: FloatArray,
    amount: FloatArray,
    weight: FloatArray,
    multipliers: FloatArray,
    discounts: FloatArray,
    lengths: FloatArray,
    speeds: FloatArray,
    levels: FloatArray,
    sums: FloatArray,
) -> None:
    """Add up over customers what is expected of each, in every case.

    Parameters
    ----------
    rate, hazard, amount : array (customers, draws)
        Purchases and leaving, each per unit of elapsed time, and the mean amount of a purchase; the rate of a customer
        who has left is 0.
    weight : array (customers, draws)
        What a unit of money counts in the first row of the sums.
    multipliers, discounts : array (cases,)
        Of the hazard, and the continuous discount rate by the calendar.
    lengths : array (stretches,)
        Of the clock, by the calendar; the last may be infinite where discounts are above 0.
    speeds, levels : array (draws, stretches)
        Elapsed time per time of the calendar, and what amounts are multiplied by.
    sums : array (cases, 4, draws)
        Added to: discounted weighted spend, spend, purchases and time alive.
    """
    found = np.zeros(3)
    for i in range(rate.shape[0]):
        for s in range(rate.shape[1]):
            if rate[i, s] > 0.0:
                for c in range(multipliers.shape[0]):
                    _expect_one(multipliers[c] * hazard[i, s], discounts[c], lengths, speeds[s], levels[s], found)
                    spend = rate[i, s] * amount[i, s] * found[0]
                    sums[c, 0, s] += weight[i, s] * spend
                    sums[c, 1, s] += spend
                    sums[c, 2, s] += rate[i, s] * found[1]
                    sums[c, 3, s] += found[2]


@compiled
def add_survivors(
    rate: FloatArray, hazard: FloatArray, multipliers: FloatArray, elapsed: FloatArray, sums: FloatArray
) -> None:
    """Add up over customers who are there, and draws, the probability of being there after an elapsed time.

    Parameters
    ----------
    rate, hazard, multipliers
        As in `add_expected`.
    elapsed : array (draws,)
    sums : array (multipliers,)
        Added to.
    """
    for i in range(rate.shape[0]):
        for s in range(rate.shape[1]):
            if rate[i, s] > 0.0:
                for c in range(multipliers.shape[0]):
                    sums[c] += math.exp(-multipliers[c] * hazard[i, s] * elapsed[s])


@compiled
def _expect_one(
    hazard: float, discount: float, lengths: FloatArray, speeds: FloatArray, levels: FloatArray, found: FloatArray
) -> None:
    """Integrals over time of e^(-discount t - hazard C(t)): times speed and level, times speed, and as it is.

    Within a stretch of speed v the exponent falls at discount + hazard v.
    """
    left, paid, elapsed, alive = 1.0, 0.0, 0.0, 0.0
    for k in range(lengths.shape[0]):
        fall = discount + hazard * speeds[k]
        x = fall * lengths[k]
        if x < SHORT:
            part = left * lengths[k] * (1.0 - x * (0.5 - x * (1.0 / 6.0 - x / 24.0)))
            left *= math.exp(-x)
        else:
            stays = math.exp(-x)
            part = left * (1.0 - stays) / fall
            left *= stays
        paid += levels[k] * speeds[k] * part
        elapsed += speeds[k] * part
        alive += part
        if left < LEFT:
            break
    found[0], found[1], found[2] = paid, elapsed, alive
