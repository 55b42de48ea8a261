"""The clock of the future: how fast time runs for all customers from the cut-off on, in each draw.

A forecast of a total fails mostly in what moves all customers together: drift, season, prices. That is told as a clock
that all customers of a draw share: `elapsed` time of the model passes while the calendar goes from the cut-off to a
knot. Purchases (and, in Pareto/NBD, dropout too) follow the clock, so that counts stay counts and customers, groups
and totals agree; money is discounted on the calendar. A second path, `level`, multiplies all amounts. A clock that
shows the calendar's own time in every draw is no clock at all.

Given the clock, expectations are those of the model at the elapsed time. Their mean over all draws of the clock is a
weighted sum of expectations at a few fixed times, interpolated (`Weights`): the closed forms stay, and one pass over
customers serves every horizon, however many draws there are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from ..ground.chebyshev import barycentric_weights, chebyshev_points, lagrange_polynomials
from ..ground.rows import FloatArray
from ..ground.units import DAYS_PER_YEAR
from .clock_kernels import add_steps

NODES: Final = 6
"""Times at which expected purchases are interpolated, Chebyshev points in the logarithm of 1 + time …"""
NODES_BY_REACH: Final = 1.5
"""… and so many more for each e-fold between the first horizon and the last: errors stay below 1e-5 of a total."""
SPREAD: Final = 3.0**0.5
"""Times at which a probability is averaged over the clock: the mean of log time, and so many deviations beside it,
as in Gauss's quadrature of three points for a normal distribution."""
STEP: Final = 0.02
"""Steps of the integral over time: a fiftieth of the time passed, at most a thousandth of the horizon at first."""
FIRST_STEP: Final = 1e-3
QUARTER: Final = 0.25 * DAYS_PER_YEAR
"""Days in which many customers buy again or have left: shorter than this no first horizon needs to be."""


@dataclass(frozen=True, eq=False)
class Clock:
    """Piecewise linear in time, in the unit of the model.

    Attributes
    ----------
    knots : array (knots,)
        Times after the cut-off, by the calendar, ascending from 0; the last is at or beyond the last horizon.
    elapsed : array (knots, draws)
        Time of the model that has passed by each knot, from 0, increasing.
    level : array (knots - 1, draws)
        What amounts are multiplied by between two knots.
    scale : float
        Time within which expectations bend, `QUARTER` of a year: integrals begin with steps that are small to it,
        however far the first horizon.
    """

    knots: FloatArray
    elapsed: FloatArray
    level: FloatArray
    scale: float = math.inf

    @classmethod
    def plain(cls, last: float, draws: int, scale: float = math.inf) -> Clock:
        """The calendar's own time until `last`."""
        knots = np.array([0.0, last])
        return cls(knots, np.repeat(knots[:, None], draws, axis=1), np.ones((1, draws)), scale)

    def at(self, times: FloatArray) -> FloatArray:
        """Elapsed time at each of `times`, array (times, draws)."""
        k = np.clip(np.searchsorted(self.knots, times, side="right") - 1, 0, len(self.knots) - 2)
        share = (times - self.knots[k]) / (self.knots[k + 1] - self.knots[k])
        return self.elapsed[k] + share[:, None] * (self.elapsed[k + 1] - self.elapsed[k])

    def level_at(self, times: FloatArray) -> FloatArray:
        """Level of amounts at each of `times`, array (times, draws)."""
        k = np.clip(np.searchsorted(self.knots, times, side="right") - 1, 0, len(self.knots) - 2)
        return self.level[k]

    def after(self, time: float) -> Clock:
        """The same clock for who starts at `time`, before the last knot: times and elapsed times counted from there."""
        k = int(np.searchsorted(self.knots, time, side="right"))
        knots = np.concatenate([[0.0], self.knots[k:] - time])
        elapsed = np.concatenate([np.zeros((1, self.elapsed.shape[1])), self.elapsed[k:] - self.at(np.array([time]))])
        return Clock(knots, elapsed, self.level[k - 1 :], self.scale)

    def weights(self, horizons: FloatArray, discount: float) -> Weights:
        """What expectations at fixed times count for, on average over the clock; see `Weights`."""
        return Weights.of(self, horizons, discount)


@dataclass(frozen=True, eq=False)
class Weights:
    """Expectations under a clock as weighted sums of expectations at fixed times.

    With M(c) the expected purchases until elapsed time c and C(t) the clock, discounted purchases within h are the
    integral of e^(-discount t) dM(C(t)) from 0 to h, and amounts are multiplied by the level on the way. M is replaced
    by its interpolation at `nodes`, so that all of it is linear in the values at the nodes.

    Attributes
    ----------
    nodes : array (nodes,)
        Elapsed times, ascending; the first is above 0, where nothing has been bought.
    purchases, spend : array (horizons, nodes, draws)
        Of discounted purchases, and of discounted purchases times the level of amounts, in each draw of the clock.
    at_horizons, of_horizons : array (horizons, 3)
        Elapsed times by each horizon, and the weight of each: of what is known at the horizon alone, such as the
        probability of some purchase.
    """

    nodes: FloatArray
    purchases: FloatArray
    spend: FloatArray
    at_horizons: FloatArray
    of_horizons: FloatArray

    @classmethod
    def of(cls, clock: Clock, horizons: FloatArray, discount: float) -> Weights:
        """Weights for ascending `horizons`, each at most the last knot."""
        times, basis = steps_of(clock, horizons)
        z, middle = basis.place(clock.at(times)), (times[1:] + times[:-1]) / 2.0
        purchases = np.zeros((len(horizons), clock.elapsed.shape[1], len(basis.nodes)))
        spend = np.zeros_like(purchases)
        factor = np.diff(discounted_time(times, discount)) / np.diff(times)
        ends = np.searchsorted(times, horizons) - 1
        add_steps(z, basis.z, barycentric_weights(len(basis.z)), factor, clock.level_at(middle), ends, purchases, spend)
        return cls(basis.nodes, purchases.swapaxes(1, 2), spend.swapaxes(1, 2), *_averaged(clock.at(horizons)))

    @cached_property
    def mean_purchases(self) -> FloatArray:
        """Weights of expected purchases, array (horizons, nodes)."""
        return self.purchases.mean(axis=2)

    @cached_property
    def mean_spend(self) -> FloatArray:
        """Weights of expected purchases times the level of amounts, array (horizons, nodes)."""
        return self.spend.mean(axis=2)


@dataclass(frozen=True, eq=False)
class Interpolation:
    """Lagrange polynomials in z = log(1 + c / scale), 0 at c = 0."""

    nodes: FloatArray
    scale: float
    z: FloatArray

    @classmethod
    def upto(cls, last: float, scale: float) -> Interpolation:
        """Nodes up to time `last`, as many as it takes when `scale` is the shortest time asked for."""
        reach = np.log1p(last / scale)
        nodes = NODES + int(np.ceil(NODES_BY_REACH * reach))
        z = chebyshev_points(float(reach), nodes + 1)
        return cls(scale * np.expm1(z[1:]), scale, z)

    def place(self, c: FloatArray) -> FloatArray:
        """Where times are on the axis of the polynomials."""
        return np.asarray(np.log1p(c / self.scale))

    def at(self, c: FloatArray) -> FloatArray:
        """Each polynomial but the first at times `c`, array (…, nodes): the function itself is 0 at 0."""
        return lagrange_polynomials(self.z, self.place(c))[..., 1:]


def discounted_time(times: FloatArray, discount: float) -> FloatArray:
    """Discounted length of the time from 0 to each of `times`."""
    return np.asarray(-np.expm1(-discount * times) / discount if discount > 0.0 else times)


def _averaged(elapsed: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Three times a horizon, and their weights, that stand for the mean over draws: arrays (horizons, 3).

    The weights are those of the parabola through the three, averaged over the draws: exact for parabolas.
    """
    log = np.log(elapsed)
    mean, sd = log.mean(axis=1, keepdims=True), log.std(axis=1, keepdims=True)
    u = (log - mean) / np.where(sd > 0.0, SPREAD * sd, 1.0)
    second, first = (u**2).mean(axis=1), u.mean(axis=1)
    weights = np.column_stack([(second - first) / 2.0, 1.0 - second, (second + first) / 2.0])
    return np.exp(mean + SPREAD * sd * np.array([-1.0, 0.0, 1.0])), weights


def steps_of(clock: Clock, horizons: FloatArray) -> tuple[FloatArray, Interpolation]:
    """Times of the integral until each of ascending `horizons`, and what expectations are interpolated by."""
    shortest = min(float(horizons[0]), clock.scale)
    at = clock.at(np.array([shortest, float(horizons[-1])]))
    return _grid(horizons, shortest), Interpolation.upto(float(at[1].max()), float(at[0].min()))


def _grid(horizons: FloatArray, shortest: float) -> FloatArray:
    """Times from 0 through every horizon, in steps that grow with the time passed, array (times,)."""
    last = float(horizons[-1])
    first = FIRST_STEP * shortest
    count = int(np.ceil(np.log1p(STEP * last / first) / np.log1p(STEP)))
    growing = first * np.expm1(np.arange(count + 1) * np.log1p(STEP)) / STEP
    return np.unique(np.concatenate([growing[growing < last], horizons]))
