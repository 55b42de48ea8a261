"""A process of errors in time after the cut-off, shared by all customers: what is known of it, and its paths.

Noise forgets within weeks, a level lasts, a walk grows with the horizon, and a bias leans one way; `discrepancy` has
the formula and learns the scales.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..ground.rows import FloatArray, IntArray

MEMORY: Final = 3.0
"""Weeks in which noise forgets: promotions, pay days, weather."""
NOISE_AT: Final = 4.0
"""Horizon in weeks at which the size of the noise is stated …"""
GROWTH_AT: Final = 26.0
"""… and at which those of the walk and of the growing bias are."""
BIAS_GROWS: Final = 39.0
"""Weeks over which a bias grows with the horizon: few logs show longer forecasts come true."""
WALK_ENDS: Final = 78.0
"""Weeks until which the walk goes on: beyond, nothing is known of it, and it stays where it is."""
NOTHING: Final = 1e-30
"""Variance that a bias of exactly none is given, so that its covariance has a root."""
WEEKLY: Final = 26
"""Knots of the clock are a week apart for half a year; after it they lie …"""
GROWTH: Final = 1.04
"""… further apart by this factor each."""


@dataclass(frozen=True, eq=False)
class ErrorProcess:
    """What is known of one process of errors: weighted values of its scales, and the bias at each.

    Attributes
    ----------
    probability : array (values,)
    noise, level, walk : array (values,)
    bias : array (values, 2)
        Posterior mean of b_0 and b_1.
    covariance : array (values, 2, 2)
    """

    probability: FloatArray
    noise: FloatArray
    level: FloatArray
    walk: FloatArray
    bias: FloatArray
    covariance: FloatArray

    @property
    def no_error(self) -> float:
        """Probability that there is no error."""
        return float(self.probability[(self.noise == 0.0) & (self.level == 0.0)].sum())

    def at(self, weeks: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation of the error over horizons of so many weeks."""
        design = design_of(weeks)
        means = self.bias @ design.T
        within = variances_of(weeks, self.noise, self.level, self.walk)
        within += np.einsum("hi,gij,hj->gh", design, self.covariance, design)
        mean = self.probability @ means
        return mean, np.sqrt(self.probability @ (within + (means - mean) ** 2))

    def paths(self, rng: np.random.Generator, knots: FloatArray, draws: int) -> FloatArray:
        """Factor on the rate, or on amounts, between knots (weeks), array (knots - 1, draws).

        Its mean over the draws is e^bias: doubt alone moves no expectation.
        """
        chosen = rng.choice(len(self.probability), draws, p=self.probability)
        steps, middle = np.diff(knots), (knots[1:] + knots[:-1]) / 2.0
        roots = np.linalg.cholesky(self.covariance + NOTHING * np.eye(2))[chosen]
        bias = self.bias[chosen] + np.einsum("sij,sj->si", roots, rng.standard_normal((draws, 2)))
        slope = np.where(middle < BIAS_GROWS, 2.0 * middle, BIAS_GROWS) / GROWTH_AT  # its mean over h is min(h, 39)/26
        path = bias[:, 0] + slope[:, None] * bias[:, 1]
        target = np.exp(self.probability @ self.bias[:, 0] + slope * (self.probability @ self.bias[:, 1]))
        path += self.level[chosen] * rng.standard_normal(draws)
        path += self.noise[chosen] * _forgetful(rng, steps, draws)
        path += self.walk[chosen] * _walk(rng, steps, middle, draws)
        speed = np.exp(path)
        return np.asarray(speed * (target / speed.mean(axis=1))[:, None])


def design_of(weeks: FloatArray) -> FloatArray:
    """What b_0 and b_1 count in the mean error over each horizon, array (horizons, 2)."""
    return np.column_stack([np.ones(len(weeks)), np.minimum(weeks, BIAS_GROWS) / GROWTH_AT])


def variances_of(weeks: FloatArray, noise: FloatArray, level: FloatArray, walk: FloatArray) -> FloatArray:
    """Variance of the mean error over each horizon at each value of the scales, array (values, horizons)."""
    fading = _of_mean(weeks) / _of_mean(np.array([NOISE_AT]))
    after = np.maximum(weeks - WALK_ENDS, 0.0)
    growing = (weeks**3 - after**3) / (GROWTH_AT * weeks**2)  # weeks / 26 while the walk goes on
    return np.asarray(noise[:, None] ** 2 * fading + level[:, None] ** 2 + walk[:, None] ** 2 * growing)


def _of_mean(weeks: FloatArray) -> FloatArray:
    """Variance of the mean of an Ornstein-Uhlenbeck process of variance 1 over so many weeks."""
    q = MEMORY / weeks
    return np.asarray(2.0 * q * (1.0 - q * -np.expm1(-1.0 / q)))


def _forgetful(rng: np.random.Generator, steps: FloatArray, draws: int) -> FloatArray:
    """Means of the noise over steps, array (steps, draws); its mean over 4 weeks has variance 1.

    The process and its integral are normal together, step by step (Gillespie 1996, Physical Review E 54:2),
    so that it does not matter where the knots are.
    """
    d = steps / MEMORY
    keep, forgotten = np.exp(-d), -np.expm1(-d)
    now_sd = np.sqrt(-np.expm1(-2.0 * d))
    tied = forgotten**2 / now_sd
    own_sd = np.sqrt(np.maximum(2.0 * (d - forgotten) - forgotten**2 - tied**2, 0.0))
    state, out = rng.standard_normal(draws), np.empty((len(steps), draws))
    for k in range(len(steps)):
        shock = rng.standard_normal(draws)
        out[k] = (forgotten[k] * state + tied[k] * shock + own_sd[k] * rng.standard_normal(draws)) / d[k]
        state = keep[k] * state + now_sd[k] * shock
    return np.asarray(out / np.sqrt(_of_mean(np.array([NOISE_AT]))))


def _walk(rng: np.random.Generator, steps: FloatArray, middle: FloatArray, draws: int) -> FloatArray:
    """A random walk whose mean over h weeks has variance h / 26, until it ends, array (steps, draws)."""
    variance = 3.0 * np.diff(np.minimum(middle, WALK_ENDS), prepend=0.0) / GROWTH_AT
    return np.cumsum(np.sqrt(variance)[:, None] * rng.standard_normal((len(steps), draws)), axis=0)


def knots_until(last: float, weekly: int = WEEKLY) -> FloatArray:
    """Knots from 0 to `last`, in weeks: `weekly` times a week apart, then further and further."""
    count: IntArray = np.arange(1, 2 + max(0, int(np.ceil(np.log(max(last / weekly, 1.0)) / np.log(GROWTH)))))
    later = weekly * GROWTH ** count.astype(float)
    inner = np.concatenate([np.arange(1.0, weekly + 1), later])
    return np.concatenate([[0.0], inner[inner < last], [last]])
