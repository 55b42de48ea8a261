r"""The model's own error in totals: learned from forecasts made in the past, told as an uncertain clock.

Every customer model is wrong in ways that move all customers together: seasons, prices, a drift. What parameters and
chance leave unexplained of the log ratio of outcome to forecast is a process in time after the cut-off, on average
over a horizon of h weeks

.. math::

    e(h) = b_0 + b_1 \tfrac{\min(h, 39)}{26} + \text{noise} + \text{level} + \text{walk},
    \qquad
    \operatorname{var} e(h) = \kappa^2 \left[ \sigma_n^2\, \tfrac{g(h)}{g(4)} + \sigma_l^2 + \sigma_w^2 \tfrac{h}{26}
    \right]

Noise forgets within weeks (g is the variance of the mean of an Ornstein-Uhlenbeck process), a level lasts, a walk
grows with the horizon. There are two such processes: of the clock that all purchases follow, and of the level of
amounts. What is learned from the errors of a log is the size kappa, the mixture of the three, and the bias b.

How errors of the past count (each a reason of its own, all in `weigh`):

* Overlapping windows show the same weeks. Windows of h weeks that begin every g weeks are worth g / h of a window
  each.
* A base that grows is not one that ages: an error counts the less, the further the mean age of its customers is from
  that of today's. What was long ago counts less for the bias, which passes; the size of errors is a habit.
* Parameters and chance explain a part of every error. That part is known, and taken off (`chance`).

The errors so weighted make a composite likelihood (Varin, Reid & Firth 2011, Statistica Sinica 21:1). Where there are
few the prior speaks: an error of some 10 %, the size found in retail logs. A log that the model describes without
error can say so: no error at all (kappa = 0) has a prior probability of its own, so that intervals that are right are
not made wider (spike and slab; Mitchell & Beauchamp 1988, JASA 83:404). The bias has its posterior at each size,
normal and exact. Kennedy & O'Hagan (2001, J. R. Statist. Soc. B 63:3) is where a model's discrepancy comes from.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from ..ground.calendar import DAYS_PER_YEAR
from ..ground.rows import FloatArray, IntArray
from ..ground.units import DAYS_PER_WEEK
from .error_process import GROWTH_AT, ErrorProcess, design_of, variances_of

SIZES: Final = (0.0, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 2**-0.5, 1.0, 2**0.5, 2.0, 4.0)
"""Values of kappa: none, and from a sixteenth of the prior scales to four times."""
NO_ERROR: Final = 0.4
"""Prior probability that the model has no error to speak of, once it has a record: few logs have none, but those that
drift tell it at once, in two or three errors, and a log that has none cannot prove it in fewer than ten."""
SIZE_SD: Final = 0.12
"""Prior standard deviation of log kappa: strong, as the errors of one log are few and alike …"""
ANY_SIZE: Final = 0.02
"""… but with this probability any of the sizes is as likely as any other, so that a clear record wins."""
MIXTURES: Final = (0.5, 1.0, 2.0)
"""Noise and walk, each relative to its prior scale."""

LEAST_BIAS: Final = 0.005
"""A smaller bias is not spoken of: it would be written as zero."""
JITTER: Final = 1e-12
"""Variance that no error goes below: keeps logarithms finite where a forecast came true to the digit."""

PATHS: Final = 0x10C
"""Sets the random stream of the paths apart from that of the customers."""


@dataclass(frozen=True)
class ErrorScales:
    """Prior scales of one process of errors, standard deviations on the log scale, and how the past is weighed.

    Attributes
    ----------
    noise, level, walk : float
        Of the mean over 4 weeks, over any horizon, over 26 weeks.
    bias, growth : float
        Of b_0 and b_1.
    fade : float
        Weeks after which an error counts 1/e for the bias.
    alike : float
        Power of the ratio of mean ages by which an error of another base counts less; 0: it does not matter.
    horizons : tuple of int
        Weeks whose errors are used.
    """

    noise: float
    level: float
    walk: float
    bias: float
    growth: float
    fade: float
    alike: float
    horizons: tuple[int, ...]


CLOCK_SCALES: Final = ErrorScales(0.05, 0.067, 0.05, 0.03, 0.03, 13.0, 1.5, (2, 4, 8, 13, 26, 39, 52))
"""Purchases: rolling origins of five logs show .01 to .15 at 4 to 26 weeks, biases that change sign with age."""
LEVEL_SCALES: Final = ErrorScales(0.02, 0.01, 0.01, 0.2, 0.1, 8.0, 0.0, (4, 8, 13, 26))
"""Amounts per purchase: little spread about a bias that lasts, as who buys often spends more or less at a time …"""
UNTESTED_BIAS: Final = 0.06
"""… and which is soon learned; a model without a record is taken to have a smaller one."""

ERROR_COLUMNS: Final = ("origin", "weeks", "age", "clock", "clock_chance", "level", "level_chance")
"""Columns of errors; see `learn`."""


@dataclass(frozen=True, eq=False)
class Discrepancy:
    """The model's own error in totals, as two processes that all customers share.

    Attributes
    ----------
    clock, level : ErrorProcess
        Of the speed of purchases, and of the level of amounts.
    origins : int
        Past forecasts that it was learned from; 0 for the default.
    """

    clock: ErrorProcess
    level: ErrorProcess
    origins: int

    def __repr__(self) -> str:
        return f"<Discrepancy: {self.sentence()}>"

    def sentence(self) -> str:
        """What the intervals of totals hold beside parameters and chance, in words."""
        mean, sd = self.clock.at(np.array([GROWTH_AT]))
        bias = f"a bias of {100 * mean[0]:+.0f} %" if abs(mean[0]) > LEAST_BIAS else "no bias"
        size = f"{100 * sd[0]:.0f} % (and {bias}) of purchases over half a year"
        if not sd[0] > 0.0:
            return "no error of the model"
        if self.origins == 0:
            return f"the default error of a model in totals, {100 * sd[0]:.0f} % of purchases over half a year"
        return f"the model's past error in totals, learned from {self.origins} past cut-offs: {size}"

    def frame(self) -> pd.DataFrame:
        """Mean and standard deviation of the error on the log scale, one row a horizon in weeks.

        Columns: weeks, purchases_bias, purchases_sd, and of the amount per purchase spend_level_bias, spend_level_sd.
        """
        weeks = np.array([4.0, 13.0, 26.0, 39.0, 52.0])
        columns: dict[str, FloatArray | IntArray] = {"weeks": weeks.astype(np.int64)}
        for name, process in (("purchases", self.clock), ("spend_level", self.level)):
            columns[f"{name}_bias"], columns[f"{name}_sd"] = process.at(weeks)
        return pd.DataFrame(columns)

    @classmethod
    def none(cls) -> Discrepancy:
        """A model without error."""
        zero = np.zeros(1)
        right = ErrorProcess(np.ones(1), zero, zero, zero, np.zeros((1, 2)), np.zeros((1, 2, 2)))
        return cls(right, right, 0)

    def with_drift(self, drift_sd: float) -> Discrepancy:
        """The same with a walk of the clock that is no smaller than a known drift.

        `drift_sd` is the standard deviation of a year's change of the logarithm of the purchase rate. The larger of
        both counts, not their sum: the default error is that of logs that drift.
        """
        walk = drift_sd * np.sqrt(GROWTH_AT * DAYS_PER_WEEK / DAYS_PER_YEAR / 3.0)  # of the mean over 26 weeks
        return replace(self, clock=replace(self.clock, walk=np.maximum(self.clock.walk, walk)))

    def paths(self, knots: FloatArray, draws: int, seed: int) -> tuple[FloatArray, FloatArray]:
        """Speed of purchases and level of amounts between `knots` (weeks), arrays (knots - 1, draws)."""
        rng = np.random.default_rng([seed, PATHS])
        return self.clock.paths(rng, knots, draws), self.level.paths(rng, knots, draws)


def learn(errors: pd.DataFrame, age: float, until: pd.Timestamp) -> Discrepancy:
    """Learn the model's error from forecasts that have come true.

    Parameters
    ----------
    errors : DataFrame
        One row an origin and horizon: origin (Timestamp), weeks (of the horizon), age (mean of T at the origin, in
        weeks), clock (log of the elapsed time at which the forecast total equals what came, over the horizon), level
        (log of the amount per purchase over the one forecast; missing where nothing was bought), and clock_chance,
        level_chance (variances of both by parameters and chance).
    age : float
        Mean of T today, in weeks.
    until : Timestamp
        Today: only horizons that have ended by then are used.
    """
    ended = errors["origin"] + pd.to_timedelta(errors["weeks"] * DAYS_PER_WEEK, unit="D")
    known = (ended <= until).to_numpy()
    past = errors[known].assign(ended=ended[known].to_numpy())
    return Discrepancy(
        _learned(past, "clock", CLOCK_SCALES, age, until),
        _learned(past, "level", LEVEL_SCALES, age, until),
        int(past["origin"].nunique()),
    )


def default_discrepancy() -> Discrepancy:
    """What is assumed of a model without a record: the prior, and that there is an error."""
    nothing, today = pd.DataFrame({name: pd.Series(dtype=float) for name in (*ERROR_COLUMNS, "ended")}), pd.Timestamp(0)
    level = replace(LEVEL_SCALES, bias=UNTESTED_BIAS, growth=UNTESTED_BIAS / 2.0)
    clock = _learned(nothing, "clock", CLOCK_SCALES, 1.0, today)
    return Discrepancy(clock, _learned(nothing, "level", level, 1.0, today), 0)


def weigh(past: pd.DataFrame, scales: ErrorScales, age: float, until: pd.Timestamp, fade: float) -> FloatArray:
    """What each error of the past counts, in whole windows, array (errors,); after `fade` weeks 1/e of it."""
    if past.empty:
        return np.empty(0)
    week = pd.Timedelta(days=DAYS_PER_WEEK)
    origins = np.sort(past["origin"].unique())
    gap = float(np.median(np.diff(origins)) / week) if len(origins) > 1 else np.inf
    overlap = np.minimum(1.0, gap / past["weeks"].to_numpy(float))
    alike = np.exp(-scales.alike * np.abs(np.log(past["age"].to_numpy(float) / age)))
    ago = (until - past["ended"]).to_numpy() / np.timedelta64(1, "D") / DAYS_PER_WEEK
    recent = np.exp(-ago / fade)
    return np.asarray(overlap * alike * recent)


def _learned(past: pd.DataFrame, name: str, scales: ErrorScales, age: float, until: pd.Timestamp) -> ErrorProcess:
    used = past[past["weeks"].isin(scales.horizons) & past[name].notna()]
    error, chance = used[name].to_numpy(float), used[f"{name}_chance"].to_numpy(float) + JITTER
    weeks = used["weeks"].to_numpy(float)
    habit, weight = (weigh(used, scales, age, until, fade) for fade in (np.inf, scales.fade))
    sizes, priors = _prior(len(used) > 0)
    values = [
        (size, n, w, p / len(MIXTURES) ** 2) for size, p in zip(sizes, priors, strict=True) for n, w in _mixtures()
    ]
    kappa, mix_noise, mix_walk, prior = np.array(values).T
    noise, level, walk = kappa * mix_noise * scales.noise, kappa * scales.level, kappa * mix_walk * scales.walk
    design, bias_sd = design_of(weeks), np.array([scales.bias, scales.growth])
    variance = variances_of(weeks, noise, level, walk) + chance
    evidence, bias, covariance = np.empty(len(kappa)), np.empty((len(kappa), 2)), np.empty((len(kappa), 2, 2))
    for g in range(len(kappa)):
        evidence[g], _, _ = _with_bias(error, design, habit, variance[g], kappa[g] * bias_sd)
        _, bias[g], covariance[g] = _with_bias(error, design, weight, variance[g], kappa[g] * bias_sd)
    log = np.log(prior) + evidence
    probability = np.exp(log - log.max())
    return ErrorProcess(probability / probability.sum(), noise, level, walk, bias, covariance)


def _mixtures() -> list[tuple[float, float]]:
    return list(itertools.product(MIXTURES, MIXTURES))


def _prior(seen: bool) -> tuple[FloatArray, FloatArray]:
    """Sizes and their prior probabilities; without errors to learn from there is one."""
    sizes = np.array(SIZES if seen else SIZES[1:])
    some = sizes > 0.0
    near = np.where(some, np.exp(-0.5 * (np.log(np.where(some, sizes, 1.0)) / SIZE_SD) ** 2), 0.0)
    prior = (1.0 - ANY_SIZE) * near / near.sum() + ANY_SIZE * some / some.sum()
    return sizes, np.where(some, (1.0 - NO_ERROR if seen else 1.0) * prior, NO_ERROR)


def _with_bias(
    error: FloatArray, design: FloatArray, weight: FloatArray, variance: FloatArray, bias_sd: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    """Log composite likelihood with the bias integrated out, and the posterior of the bias: a weighted regression."""
    if not bias_sd.all():
        return float(-0.5 * weight @ (np.log(variance) + error**2 / variance)), np.zeros(2), np.zeros((2, 2))
    precision = weight / variance
    prior = np.diag(bias_sd**-2.0)
    inverse = prior + (design.T * precision) @ design
    covariance = np.linalg.inv(inverse)
    pull = design.T @ (precision * error)
    bias = covariance @ pull
    log_determinants = np.linalg.slogdet(prior)[1] - np.linalg.slogdet(inverse)[1]
    evidence = -0.5 * (weight @ np.log(variance) + precision @ error**2 - pull @ bias - log_determinants)
    return float(evidence), bias, covariance
