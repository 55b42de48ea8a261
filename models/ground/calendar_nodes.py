r"""Integrals over calendar time of what is known in season-adjusted time, as a weighted sum at a few times.

Discounting runs on the calendar, purchases on the clock that a calendar deforms: with n(tau) the expected purchases
within adjusted time tau, and F(t) the adjusted time of t days, the discounted purchases within L days are

.. math::

    \int_0^L e^{-\delta t}\,dn(F(t)) = e^{-\delta L} n(F(L)) + \delta \int_0^L e^{-\delta t} n(F(t))\,dt .

n is smooth, and F known to the day. So n is interpolated between Chebyshev points of log(1 + tau / scale), on which
it is analytic near the real line, and what remains is a sum over days whose weights know no customer and no draw:
sum_j w_j n(tau_j). Trefethen (2013), Approximation Theory and Approximation Practice, chapters 5 and 8.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from .calendar import Calendar
from .chebyshev import chebyshev_points, lagrange_polynomials
from .rows import FloatArray
from .units import LAST_DISCOUNT

NODES: Final = 40
"""Errors of the interpolation fall by a factor of 1.6 or more a node: below 1e-8 over 500 years."""
SCALE: Final = 7.0
"""Days: a week, shorter than the time in which anybody's purchases slow down."""
CHUNK: Final = 8192
"""Days whose weights are in hand at once."""


class Nodes(NamedTuple):
    """Season-adjusted days, ascending and above 0, and the weight of each: arrays (nodes,)."""

    elapsed: FloatArray
    weight: FloatArray


def discounted_nodes(calendar: Calendar, until: pd.Timestamp, days: float, rate: float) -> Nodes:
    """Weights of the discounted purchases within `days` after `until`, at continuous `rate` a day.

    A horizon without an end (inf, with a rate above 0) is cut where discounting leaves e^-40.
    """
    days = min(days, LAST_DISCOUNT / rate) if rate > 0.0 else days
    last = float(calendar.elapsed_ahead(until, days))
    if rate == 0.0:
        return Nodes(np.array([last]), np.ones(1))

    def share(start: FloatArray, end: FloatArray) -> FloatArray:
        return np.asarray(np.exp(-rate * start) * -np.expm1(-rate * (end - start)))

    nodes, weight = _weights(calendar, until, days, share)
    weight[-1] += math.exp(-rate * days)
    return Nodes(nodes[1:], weight[1:])  # nothing is bought within no time


def lasting_nodes(calendar: Calendar, until: pd.Timestamp, days: float) -> Nodes:
    """Weights, in days, of the integral over the `days` after `until` of what is 1 at its beginning.

    For a survival function of adjusted time; the first node is at 0.
    """
    return Nodes(*_weights(calendar, until, days, lambda start, end: end - start))


def _weights(
    calendar: Calendar, until: pd.Timestamp, days: float, share: Callable[[FloatArray, FloatArray], FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Chebyshev points from 0 to the end, and their weights in the sum over days of `share` times a function there."""
    last = float(calendar.elapsed_ahead(until, days))
    length = math.log1p(last / SCALE)
    points = chebyshev_points(length, NODES)
    edges = np.append(np.arange(0.0, math.ceil(days)), days)
    weight = np.zeros(NODES)
    for first in range(0, len(edges) - 1, CHUNK):
        start, end = edges[:-1][first : first + CHUNK], edges[1:][first : first + CHUNK]
        at = np.log1p(calendar.elapsed_ahead(until, 0.5 * (start + end)) / SCALE)
        weight += share(start, end) @ lagrange_polynomials(points, at)
    elapsed = SCALE * np.expm1(points)
    elapsed[-1] = last
    return elapsed, weight
