"""What a treatment's effect multiplies: the gain of each customer if it works, and how well that is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtr

from ...fitted_purchases import Pairs
from ...ground.errors import InputError
from ...ground.intervals import DRAWS_FOR_MEANS, INTERVAL, fewer_draws
from ...ground.rows import DistinctRows, FloatArray, IntArray
from ...ground.summary import ID
from ...prediction.decomposition import PAST_ERROR, WIDTH_90
from ...valuation.basis import VALUE
from ...valuation.value import Valuation
from .uplift import Uplift

FEWEST_FOR_SPREAD: Final = 150
"""Posterior draws behind the spread of many customers, whose posterior is narrow beside the error of an uplift."""


@dataclass(frozen=True, eq=False)
class Worth:
    """Customers of a valuation at one horizon, each array (customers,).

    Attributes
    ----------
    p_alive, value : array
    if_alive : array
        Value of a customer known to be alive: value over P(alive); 0 where P(alive) is.
    bound : array
        The most that reactivation can gain: (1 - P(alive)) times value if alive.
    """

    p_alive: FloatArray
    value: FloatArray
    if_alive: FloatArray
    bound: FloatArray

    @classmethod
    def of(cls, valuation: Valuation, place: int) -> Worth:
        """At the horizon in this place.

        Raises
        ------
        InputError
            The valuation has no customers.
        """
        frame = valuation.customers
        if frame.empty:
            raise InputError("valuation: expected values of customers; value them with per_customer=True.")
        rows = frame[frame["horizon"] == valuation.horizons[place].label]
        p_alive, value = rows["p_alive"].to_numpy(float), rows[f"{VALUE}_mean"].to_numpy(float)
        if_alive = np.divide(value, p_alive, out=np.zeros_like(value), where=p_alive > 0.0)
        return cls(p_alive, value, if_alive, (1.0 - p_alive) * if_alive + 0.0)  # no -0.0


@dataclass(frozen=True, eq=False)
class Incremental:
    """Expected contribution that treating brings, of each customer: a normal with the errors it holds.

    Attributes
    ----------
    uplift : Uplift
    segment : array (customers,)
        Each customer's segment in the uplift.
    gain : array (customers,)
        What the effect multiplies.
    spread : array (customers,)
        Relative standard deviation of the gain, the same draw for all customers: a model that is wrong is so for all.
    """

    uplift: Uplift
    segment: IntArray
    gain: FloatArray
    spread: FloatArray

    @classmethod
    def of(cls, valuation: Valuation, place: int, worth: Worth, uplift: Uplift) -> Incremental:
        """Of each customer of a valuation."""
        segment = uplift.segment_of(valuation.basis.summary)
        if uplift.of == "contribution":
            one = np.ones(len(segment))
            return cls(uplift, segment, one, 0.0 * one)
        gain = worth.bound if uplift.of == "return" else worth.value
        return cls(uplift, segment, gain, relative_spread(valuation, place, gone=uplift.of == "return"))

    @property
    def mean(self) -> FloatArray:
        """Expected incremental contribution, array (customers,)."""
        return np.asarray(self.uplift.effects[self.segment] * self.gain)

    @property
    def sd(self) -> FloatArray:
        """Its standard deviation, array (customers,): of a product of two independent variables."""
        effect, error = self.uplift.effects[self.segment], self.uplift.errors[self.segment]
        return np.asarray(np.abs(self.gain) * np.hypot(error, self.spread * np.hypot(effect, error)))

    def campaign(self, treated: FloatArray) -> tuple[float, float]:
        """Mean and standard deviation of the sum over customers, each counted by `treated`.

        Errors of a segment's effect and of gains are common to its customers and do not average out.
        """
        count = len(self.uplift.segments)
        gain = np.bincount(self.segment, treated * self.gain, minlength=count)
        shared = np.bincount(self.segment, treated * self.gain * self.spread, minlength=count)
        effect, error = self.uplift.effects, self.uplift.errors
        variance = np.sum((error * gain) ** 2) + np.sum(effect * shared) ** 2 + np.sum((error * shared) ** 2)
        return float(effect @ gain), float(np.sqrt(variance))


def probability_above(mean: FloatArray, sd: FloatArray, least: FloatArray) -> FloatArray:
    """Probability that a normal lies above `least`; 0 or 1 where nothing is uncertain."""
    lead = np.asarray(mean - least)
    certain = (lead > 0.0).astype(float)
    return np.asarray(np.where(sd > 0.0, ndtr(np.divide(lead, sd, out=np.zeros_like(lead), where=sd > 0.0)), certain))


def relative_spread(valuation: Valuation, place: int, gone: bool) -> FloatArray:
    """Relative standard deviation of each customer's expected value, array (customers,).

    Of the value that reactivation can bring (`gone`), or of residual value: doubt about the parameters of purchases,
    a margin that is a distribution, and the model's past error of totals.
    """
    parts = [_of_parameters(valuation, place, gone), _of_margin(valuation), np.array(_of_the_past(valuation, place))]
    return np.asarray(np.sqrt(np.sum([part**2 for part in np.broadcast_arrays(*parts)], axis=0)))


def _of_parameters(valuation: Valuation, place: int, gone: bool) -> FloatArray:
    """From the 90 % credible interval of discounted purchases."""
    fitted, horizon = valuation.basis.purchases, valuation.horizons[place]
    slower = horizon.calendar_length / horizon.length if np.isfinite(horizon.length) else 1.0
    rate, length = valuation.basis.rate * slower, np.array([horizon.length])

    def purchases(theta: FloatArray, rows: DistinctRows, pairs: Pairs) -> FloatArray:
        alive = fitted.model.probability_alive(theta[:, :, None], rows.x, rows.t_x, rows.T)
        ahead = fitted.model.purchases_if_alive(theta, pairs.x, pairs.T, length, rate)[0]
        return np.asarray((1.0 - alive if gone else alive) * ahead[:, pairs.of_row])

    summary = valuation.basis.summary
    draws = fewer_draws(DRAWS_FOR_MEANS, len(summary), FEWEST_FOR_SPREAD)
    found = fitted.per_customer(summary, purchases, INTERVAL, draws).drop(columns=ID).to_numpy(float)
    mean, low, high = found.T
    return np.asarray(np.divide(high - low, WIDTH_90 * mean, out=np.zeros_like(mean), where=mean > 0.0))


def _of_margin(valuation: Valuation) -> FloatArray:
    basis = valuation.basis
    if basis.terms.is_certain:
        return np.zeros(len(basis.summary))
    leaves = np.abs(basis.measured.worth)
    money = basis.terms.kinds.std(axis=1)[basis.terms.kind] * basis.amounts
    return np.divide(money, leaves, out=np.zeros_like(money), where=leaves > 0.0)


def _of_the_past(valuation: Valuation, place: int) -> float:
    """The model's past error, as the decomposition of the total has it."""
    parts = valuation.decomposition
    of = (parts["quantity"] == VALUE) & (parts["part"] == PAST_ERROR)
    width = parts.loc[of & (parts["horizon"] == valuation.horizons[place].label), "width"]
    return float(width.fillna(0.0).sum()) / WIDTH_90
