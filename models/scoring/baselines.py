"""The plain rules that a model must beat: what a marketing department would do without one.

Wübben & v. Wangenheim (2008, Instant Customer Base Analysis: Managerial Heuristics Often "Get It Right", Journal of
Marketing 72:3, 82-93) found simple rules to tell active customers and future best customers as well as Pareto/NBD and
BG/NBD. So every table of scores has these beside the models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from ..ground.errors import InputError
from ..ground.rows import FloatArray


@dataclass(frozen=True, eq=False)
class Past:
    """What a rule may know: customers up to the cut-off.

    Attributes
    ----------
    frequency, recency, T : array (customers,)
        As in the summary, times in its unit.
    repeat_spend : array (customers,) or None
        Spent after the first purchase until the cut-off; None without amounts.
    spend : array (customers,) or None
        The same with the first purchase where the summary knows it.
    horizon : float
        How far ahead, in the same unit.
    last_purchases, last_spend : array (customers,) or None
        Of the last period before the cut-off, as long as the horizon; None where the log does not reach back so far.
    """

    frequency: FloatArray
    recency: FloatArray
    T: FloatArray
    repeat_spend: FloatArray | None
    spend: FloatArray | None
    horizon: float
    last_purchases: FloatArray | None = None
    last_spend: FloatArray | None = None

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        horizon: float,
        last_purchases: FloatArray | None = None,
        last_spend: FloatArray | None = None,
    ) -> Past:
        """Read the frame of a summary.

        Parameters
        ----------
        frame : DataFrame
            frequency, recency, T, and where known monetary_value and monetary_value_all, as in `CustomerSummary`.
        horizon : float
            In the unit of the frame, and with a calendar on its clock.
        last_purchases, last_spend : array (customers,), optional
            What each customer bought in the last period before the cut-off that is as long as the horizon, the first
            purchase left out: it does not repeat.

        Raises
        ------
        InputError
            An array of another length than the frame, or a horizon without an end.
        """
        if not 0.0 < horizon < np.inf:
            raise InputError(f"horizon: expected a length above 0 in the unit of the summary, got {horizon!r}.")
        x, t_x, T = (frame[name].to_numpy(np.float64) for name in ("frequency", "recency", "T"))
        repeats = x * frame["monetary_value"].to_numpy(np.float64) if "monetary_value" in frame else None
        everything = repeats
        if "monetary_value_all" in frame:
            everything = (x + 1.0) * frame["monetary_value_all"].to_numpy(np.float64)
        last = [_of_customers(*given, len(x)) for given in (("purchases", last_purchases), ("spend", last_spend))]
        return cls(x, t_x, T, repeats, everything, horizon, *last)


@dataclass(frozen=True, eq=False)
class PlainForecast:
    """What a rule says, each array (customers,), or None where it does not say.

    Attributes
    ----------
    purchases, spend : array or None
        Within the horizon.
    order : array or None
        Who is better, and who is likelier to be active: more is better. None: by purchases, and by spend.
    p_active : array or None
        Probability of at least one purchase.
    """

    purchases: FloatArray | None = None
    spend: FloatArray | None = None
    order: FloatArray | None = None
    p_active: FloatArray | None = None

    def of(self, quantity: str) -> FloatArray | None:
        """The forecast of "purchases" or of "spend"."""
        return self.purchases if quantity == "purchases" else self.spend

    def order_by(self, quantity: str) -> FloatArray | None:
        """What customers are ordered by for that quantity."""
        return self.of(quantity) if self.order is None else self.order


@dataclass(frozen=True)
class PlainRule:
    """A rule of thumb.

    Attributes
    ----------
    name : str
    says : str
        The rule in a sentence.
    forecast : callable
        From what is known to what the rule says; None where it cannot say anything.
    """

    name: str
    says: str
    forecast: Callable[[Past], PlainForecast | None] = field(repr=False)


def _past_spend(past: Past) -> PlainForecast | None:
    if past.spend is None:
        return None
    # a customer of yesterday is not expected to spend their first order every day
    spend = past.spend * past.horizon / np.maximum(past.T, past.horizon)
    return PlainForecast(spend=spend, order=spend)


def _recency(past: Past) -> PlainForecast:
    return PlainForecast(order=past.recency - past.T)


def _own_rate(past: Past) -> PlainForecast:
    watched = np.where(past.T > 0.0, past.T, np.inf)  # acquired on the last day: no repeat purchase, no rate
    spend = None if past.repeat_spend is None else past.repeat_spend / watched * past.horizon
    return PlainForecast(purchases=past.frequency / watched * past.horizon, spend=spend)


def _last_period(past: Past) -> PlainForecast | None:
    if past.last_purchases is None and past.last_spend is None:
        return None
    return PlainForecast(purchases=past.last_purchases, spend=past.last_spend)


def _zero(past: Past) -> PlainForecast:
    nothing = np.zeros(len(past.T))
    return PlainForecast(purchases=nothing, spend=nothing, p_active=nothing)


PAST_SPEND: Final = PlainRule(
    "past spend",
    "Who has spent most will spend most: what each customer has spent so far, the first purchase included, a time "
    "since then that counts as no shorter than the horizon, goes on for the horizon.",
    _past_spend,
)
RECENCY: Final = PlainRule(
    "recency",
    "Who bought last will buy next: customers in the order of the time since their last purchase (the hiatus rule); "
    "no forecast of an amount.",
    _recency,
)
OWN_RATE: Final = PlainRule(
    "own rate",
    "Everybody goes on as before: repeat purchases, and what was spent in them, over the time since the first, times "
    "the horizon.",
    _own_rate,
)
LAST_PERIOD: Final = PlainRule(
    "last period repeated",
    "Everybody does again what they did in the last period as long as the horizon, first purchases left out.",
    _last_period,
)
ZERO: Final = PlainRule("zero", "Nobody buys again.", _zero)

RULES: Final = (PAST_SPEND, RECENCY, OWN_RATE, LAST_PERIOD, ZERO)
BASELINES: Final = tuple(rule.name for rule in RULES)


def plain_forecasts(past: Past, rules: tuple[PlainRule, ...] = RULES) -> Mapping[str, PlainForecast]:
    """What each rule says, by its name; rules that cannot say anything are left out."""
    said = {rule.name: rule.forecast(past) for rule in rules}
    return {name: forecast for name, forecast in said.items() if forecast is not None}


def _of_customers(name: str, values: FloatArray | None, customers: int) -> FloatArray | None:
    if values is None:
        return None
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (customers,):
        raise InputError(f"last_{name}: expected one number for each of {customers:,} customers, got {array.shape}.")
    return array
