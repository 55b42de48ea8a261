"""Cohorts: what has been seen of customers acquired together, or alike, beside what is expected of them.

Without a contract no customer is seen to leave: there is no observed retention rate. So every column says in its name
which it is: `_observed` was counted in the summary, `_estimated` was worked out of it without a fit, `_modelled` and
value are what the model says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from ...checks.cohorts import repeated_by
from ...ground.errors import InputError
from ...ground.intervals import INTERVAL
from ...ground.rows import FloatArray
from ...ground.summary import MONEY, CustomerSummary
from ...ground.units import DAYS_PER_UNIT, Horizon, parse_horizon
from ...prediction.forecast import OUTCOME_LEVELS
from ...prediction.reduction import MOST_GROUPS, Grouping, columns_of, groupings_of, quantiles_of
from ...valuation.historic import HISTORIC, historic_values
from ...valuation.value import Valuation
from ..decision import Decision
from ..grouped import Expected, alive_and_staying, group_values
from .rfm import SEGMENTS, days_since_first, days_since_last
from .segments import Segments

PERIODS: Final = {"M": "month", "Q": "quarter", "Y": "year"}
"""Calendar periods of the first purchase."""
COHORT: Final = "cohort"
"""Name of the column of periods."""
SEGMENT: Final = "segment"
YEAR: Final = "12M"
"""Retention is told over a year, and so is activity where the horizon has no end."""
DRAWS_FOR_RETENTION: Final = 400
"""Draws behind the interval of retention: its ends are then 7 % of its width unsure."""
COMMON_AGE: Final = 90.0
"""Age in days at which groups of different maturity are compared: a quarter, which most have been seen for."""


@dataclass(frozen=True, eq=False, repr=False)
class Cohorts(Decision):
    """Groups of customers, observed and modelled.

    Attributes
    ----------
    frame : DataFrame
        One row a cohort (column "cohort": "1997Q1") or value of the attribute (column of its name):

        customers;
        days_since_first_purchase_observed: mean;
        repeat_rate_observed: share with a repeat purchase so far, which grows with age;
        repeat_rate_90d_estimated: share with one within 90 days of the first, of customers seen for as long, purchases
        spread evenly between first and last; comparable between groups of different age (NaN where none is so old);
        active_observed: share whose last purchase, the first included, lies within the last `window` days;
        orders_per_customer_observed: the first included;
        aov_observed: mean amount of an order (where amounts are known);
        historic_value_per_customer: contribution so far (where known; never added to value);
        aov_modelled: expected amount of an order to come, customers counted by their expected purchases;
        p_alive_modelled: share expected alive; p_active_modelled: share expected to buy within the horizon;
        retention_modelled, retention_modelled_q05, _q95: of those alive now, the share expected alive in 12 months,
        with its credible interval (doubt about the parameters alone);
        value_per_customer_mean, _q05, _q50, _q95: residual value over the horizon, with the predictive interval of the
        mean of these customers.
    draws : array (rows, draws)
        Draws of the value of each row as a whole; they add up to those of the valuation.
    by : str
        Column of the labels.
    horizon : str
    window : float
        Days.
    """

    draws: FloatArray
    by: str
    horizon: str
    window: float


def cohorts(valuation: Valuation, *, by: str | Segments = "Q", horizon: str | None = None) -> Cohorts:
    """Tell groups of customers by what was observed and what is expected, side by side.

    The rule: a cohort is all customers whose first purchase falls into the same calendar period. Observed is what the
    summary counts; modelled is what the fitted model expects. No retention rate is ever observed without a contract:
    `active_observed` (bought of late) and `retention_modelled` (alive in a year, of those alive now) are different
    things.

    Parameters
    ----------
    valuation : Valuation
    by : {"M", "Q", "Y"}, an attribute, or Segments
        Calendar month, quarter or year of the first purchase; the values of an attribute of the summary; or the
        segments of the same customers.
    horizon : str, optional
        One that was valued; by default the longest.

    Raises
    ------
    InputError
        Calendar periods where the cut-off is not known, an unknown attribute, segments of other customers, or a horizon
        that was not valued.
    """
    place = valuation.place(horizon)
    grouping = _grouping(valuation.basis.summary, by)
    asked = valuation.horizons[place]
    window, said = _window(valuation, asked)
    name = str(grouping.labels.name)
    draws = _values(valuation, place, by, grouping)
    frame = pd.DataFrame({name: grouping.labels})
    frame = frame.assign(**_observed(valuation, grouping, window), **_modelled(valuation, place, grouping, draws))
    notes = _notes(frame, valuation, window)
    return Cohorts(
        frame, _rule(name, asked, said), notes, valuation.economics.currency, draws, name, asked.label, window
    )


def first_purchase_periods(summary: CustomerSummary, period: str) -> pd.PeriodIndex:
    """Calendar period of each customer's first purchase.

    Raises
    ------
    InputError
        The cut-off is not known.
    """
    if summary.until is None:
        raise InputError(
            f"by: {PERIODS[period]}s of the first purchase need the cut-off to count from, which the summary does not "
            'know. Give it: CustomerSummary.from_frame(…, until="1997-09-30"), or group by an attribute.'
        )
    days = np.round(days_since_first(summary))
    return pd.DatetimeIndex(summary.until - pd.to_timedelta(days, unit="D")).to_period(period)


def _grouping(summary: CustomerSummary, by: str | Segments) -> Grouping:
    if isinstance(by, Segments):
        if not by.customers["customer_id"].equals(summary.frame["customer_id"].reset_index(drop=True)):
            raise InputError("by: the segments are of other customers than the valuation; make them of it.")
        codes = pd.Index(SEGMENTS).get_indexer(pd.Index(by.customers[SEGMENT]))
        present, inverse = np.unique(codes, return_inverse=True)
        return Grouping(pd.Index(np.array(SEGMENTS, dtype=object)[present], name=SEGMENT), inverse.astype(np.int64))
    if by in PERIODS:
        codes, labels = pd.factorize(first_purchase_periods(summary, by), sort=True)
        if len(labels) > MOST_GROUPS:
            raise InputError(f"by: {len(labels):,} {PERIODS[by]}s; expected at most {MOST_GROUPS:,}. Use longer ones.")
        return Grouping(pd.Index([str(label) for label in labels], name=COHORT), codes.astype(np.int64))
    if by not in summary.attributes:
        have = ", ".join(summary.attributes) or "none"
        raise InputError(
            f'by: expected "M", "Q" or "Y" (period of the first purchase), segments, or an attribute of the summary '
            f"(it has: {have}); got {by!r}."
        )
    return groupings_of(summary, by)[by]


def _window(valuation: Valuation, horizon: Horizon) -> tuple[float, str]:
    """How far back activity is looked at, in days, and in words: as far as the horizon looks ahead."""
    said = horizon.label if np.isfinite(horizon.length) else YEAR
    if not np.isfinite(horizon.length):
        horizon = _year(valuation)
    return horizon.calendar_length * DAYS_PER_UNIT[valuation.unit], said


def _year(valuation: Valuation) -> Horizon:
    return parse_horizon(YEAR, valuation.unit, valuation.until, valuation.basis.purchases.calendar)


def _values(valuation: Valuation, place: int, by: str | Segments, grouping: Grouping) -> FloatArray:
    """Draws of the value of each group; those of the valuation where it was grouped alike."""
    if isinstance(by, str) and by not in PERIODS and by in valuation.group_draws:
        known: FloatArray = valuation.group_draws[by][place]
        return known
    return group_values(valuation, place, grouping)


def _observed(valuation: Valuation, grouping: Grouping, window: float) -> dict[str, Any]:
    """What the summary counts."""
    summary, codes = valuation.basis.summary, grouping.codes
    x = summary.frame["frequency"].to_numpy(np.int64)
    columns = {
        "customers": np.bincount(codes),
        "days_since_first_purchase_observed": _mean(codes, days_since_first(summary)),
        "repeat_rate_observed": _mean(codes, x > 0),
        "repeat_rate_90d_estimated": _repeated(summary, codes),
        "active_observed": _mean(codes, days_since_last(summary) <= window),
        "orders_per_customer_observed": _mean(codes, x + 1),
    }
    every = MONEY[1] in summary.frame
    if every or MONEY[0] in summary.frame:
        orders, amounts = summary.spend_columns(first_purchase=every)
        columns["aov_observed"] = _ratio(codes, orders * amounts, orders)
    past = historic_values(valuation.basis)
    return columns if past is None else columns | {f"{HISTORIC}_per_customer": _mean(codes, past)}


def _repeated(summary: CustomerSummary, codes: np.ndarray) -> FloatArray:
    """Share that repeats within the common age, of customers seen for so long."""
    frame, age = summary.frame, COMMON_AGE / DAYS_PER_UNIT[summary.unit]
    seen = frame["T"].to_numpy() >= age
    share = repeated_by(age, frame["frequency"].to_numpy(), frame["recency"].to_numpy())
    return _ratio(codes, np.where(seen, share, 0.0), seen)


def _modelled(valuation: Valuation, place: int, grouping: Grouping, draws: FloatArray) -> dict[str, FloatArray]:
    """What the model expects."""
    basis, codes = valuation.basis, grouping.codes
    expected, size = Expected.of(valuation, place), np.bincount(codes)
    year = _year(valuation).length
    alive, staying = alive_and_staying(basis.purchases, basis.summary, grouping, year, DRAWS_FOR_RETENTION)
    retention = np.divide(staying, alive, out=np.full(alive.shape, np.nan), where=alive > 0.0)
    low, high = np.quantile(retention, INTERVAL, axis=1)
    return {
        "aov_modelled": _ratio(codes, expected.purchases * basis.amounts, expected.purchases),
        "p_alive_modelled": _mean(codes, expected.alive),
        "p_active_modelled": _mean(codes, expected.active),
        "retention_modelled": staying.mean(axis=1) / alive.mean(axis=1),
        "retention_modelled_q05": low,
        "retention_modelled_q95": high,
    } | columns_of(
        "value_per_customer", _mean(codes, expected.value), quantiles_of(draws / size[:, None], OUTCOME_LEVELS),
        OUTCOME_LEVELS,
    )  # fmt: skip


def _mean(codes: np.ndarray, values: np.ndarray) -> FloatArray:
    return np.asarray(np.bincount(codes, values) / np.bincount(codes))


def _ratio(codes: np.ndarray, values: np.ndarray, weights: np.ndarray) -> FloatArray:
    """Sum of values over sum of weights, NaN where there is no weight."""
    above, below = np.bincount(codes, values), np.bincount(codes, weights)
    return np.asarray(np.divide(above, below, out=np.full(len(below), np.nan), where=below > 0.0))


def _rule(by: str, horizon: Horizon, window: str) -> str:
    who = "the calendar period of their first purchase" if by == COHORT else by
    return (
        f"customers by {who}; _observed is counted in the summary, _estimated worked out of it without a fit, "
        f"_modelled and value ({horizon.label} ahead) are what the model expects; active_observed looks {window} back; "
        f"retention_modelled is over {YEAR}: no retention rate is observed without a contract"
    )


def _notes(frame: pd.DataFrame, valuation: Valuation, window: float) -> tuple[str, ...]:
    notes = ["Observed rates grow with age: compare groups of different age by repeat_rate_90d_estimated or value."]
    if (frame["days_since_first_purchase_observed"] <= window).any():
        notes.append(
            "Some groups were acquired, on average, within the time that active_observed looks back over: their first "
            "purchase alone makes many of them active."
        )
    return (*notes, valuation.calibration)
