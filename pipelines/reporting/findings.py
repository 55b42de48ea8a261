"""Findings: what the numbers say, in a line each. Titles of plots, and the first sentence below them in a report."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lifeworth.models.ground.rows import FloatArray

from .concentration import Concentration
from .holdout import MOST_FREQUENT, Holdout
from .language import gettext as _
from .tracking import CUMULATIVE, Tracking
from .wording import count, money, percent, short, span


def tracking_finding(tracking: Tracking, cumulative: bool) -> str:
    """What the weeks of the forecast say; of the past, where there is no forecast."""
    seen, frame = tracking.seen, tracking.frame
    if len(seen):
        return _cumulative_finding(seen, tracking) if cumulative else _weekly_finding(seen)
    if frame["forecast"].any():
        last = frame.iloc[-1]
        known = frame.loc[~frame["forecast"], "cumulative_actual"].iloc[-1]
        low, high = last["cumulative_q05"] - known, last["cumulative_q95"] - known
        weeks = int(frame["forecast"].sum())
        return f"{count(low)} to {count(high)} repeat purchases are expected in the next {weeks} weeks"
    last = frame.iloc[-1]
    gap = last["cumulative_expected"] / last["cumulative_actual"] - 1.0
    return f"The model, fitted to these weeks, has {_more_or_fewer(gap)} repeat purchases than came"


def total_finding(what: str, horizon: str, interval: tuple[float, float], actual: float | None, currency: str) -> str:
    """Where a total is expected, and what came."""
    low, high = (short(value, currency) for value in interval)
    expected = f"{low} to {high}{' of' if currency else ''} {what} in {span(horizon)}"
    if actual is None:
        return f"90 % interval: {expected}"
    where = "within" if interval[0] <= actual <= interval[1] else "below" if actual < interval[0] else "above"
    return f"Forecast: {expected}. Actual: {short(actual, currency)}, {where} the interval"


def frequency_finding(holdout: Holdout) -> str:
    """The group whose purchases differ most from the forecast, if any does beyond chance."""
    groups = holdout.by_frequency
    outside = groups[(groups["actual"] < groups["q05"]) | (groups["actual"] > groups["q95"])]
    if outside.empty:
        return "Every group of customers bought as often as forecast"
    purchases_missed = (outside["actual"] - outside["mean"]).abs() * outside["customers"]
    missed = outside.iloc[int(purchases_missed.to_numpy().argmax())]
    gap = missed["actual"] / missed["mean"] - 1.0
    return f"Customers with {frequency_label(missed['frequency'])} bought {_more_or_less(gap)} than forecast"


def frequency_label(frequency: float) -> str:
    """Name a group of customers by their repeat purchases."""
    if frequency == 1:
        return "1 repeat purchase"
    if frequency >= MOST_FREQUENT:
        return f"{MOST_FREQUENT} or more repeat purchases"
    return f"{count(frequency) if frequency else 'no'} repeat purchases"


def calibration_finding(holdout: Holdout) -> str:
    """How many were expected to buy and did, and the tenth where that is furthest apart."""
    tenths = holdout.by_p_active
    predicted, actual = (
        float(np.average(tenths[name], weights=tenths["customers"])) for name in ("predicted", "actual")
    )
    worst = tenths.iloc[int((tenths["actual"] - tenths["predicted"]).abs().to_numpy().argmax())]
    return (
        f"{percent(predicted)} of the customers were expected to buy, {percent(actual)} did; the widest gap of ten "
        f"groups: {percent(worst['predicted'])} expected, {percent(worst['actual'])} actual"
    )


def value_finding(values: FloatArray, horizon: str, currency: str) -> str:
    """Middle and mean of the customers' values."""
    return _("Half of the customers are expected to bring less than {median} in {span}; the average is {mean}").format(
        median=money(float(np.median(values)), currency),
        span=span(horizon),
        mean=money(float(values.mean()), currency),
    )


def concentration_finding(concentration: Concentration, top: float) -> str:
    """What the most valuable hold."""
    return _("{share} of the customers hold {held} of the expected value").format(
        share=percent(top), held=percent(concentration.held_by(top))
    )


def _weekly_finding(seen: pd.DataFrame) -> str:
    inside = int(seen["actual"].between(seen["q05"], seen["q95"]).sum())
    above = int((seen["actual"] > seen["q95"]).sum())
    below = len(seen) - inside - above
    misses = [f"{number} {where}" for number, where in ((above, "above"), (below, "below")) if number]
    return f"{inside} of {len(seen)} weeks lie within the 90 % band" + (f", {' and '.join(misses)}" if misses else "")


def _cumulative_finding(seen: pd.DataFrame, tracking: Tracking) -> str:
    known = tracking.frame.loc[~tracking.frame["forecast"], f"{CUMULATIVE}actual"].iloc[-1]
    last = seen.iloc[-1]
    gap = (last[f"{CUMULATIVE}actual"] - known) / (last[f"{CUMULATIVE}expected"] - known) - 1.0
    inside = last[f"{CUMULATIVE}q05"] <= last[f"{CUMULATIVE}actual"] <= last[f"{CUMULATIVE}q95"]
    where = "within" if inside else "outside"
    return f"After {len(seen)} weeks: {_more_or_fewer(gap)} repeat purchases than forecast, {where} the 90 % band"


def _more_or_fewer(gap: float) -> str:
    return f"{percent(abs(gap), 1)} {'more' if gap > 0 else 'fewer'}"


def _more_or_less(gap: float) -> str:
    return f"{percent(abs(gap))} {'more' if gap > 0 else 'less'}"
