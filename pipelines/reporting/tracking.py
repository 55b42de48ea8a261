"""Tracking: purchases week by week, what came beside what the model says, before and after the cut-off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Unpack

import numpy as np
import pandas as pd

from lifeworth.models.fitted_purchases import FittedPurchases
from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.intervals import LEVELS, check_draws, quantile_name
from lifeworth.models.ground.rows import FloatArray, IntArray
from lifeworth.models.ground.summary import ID, CustomerSummary, Day, as_day
from lifeworth.models.ground.units import DAYS_PER_UNIT
from lifeworth.models.prediction.calibration import Calibration
from lifeworth.models.prediction.clock import Interpolation
from lifeworth.models.prediction.reduction import quantiles_of
from lifeworth.models.prediction.weeks import weeks_ahead

from ..orders.orders import Orders
from ..orders.policies import PolicyWords
from ..orders.purchase_days import purchases_by_day

WEEK: Final = 7  # days
CUMULATIVE: Final = "cumulative_"
"""In front of the columns that count from the start."""


@dataclass(frozen=True, eq=False, repr=False)
class Tracking:
    """Repeat purchases of one base of customers by week.

    Attributes
    ----------
    frame : DataFrame
        One row a week: week_end (its last day); forecast (bool: after the cut-off); actual (repeat purchases
        of the log; missing where the log has ended); expected (of the model); q05, q10, q25, q50, q75, q90, q95
        (predictive quantiles, in the weeks of the forecast alone); and all of these from `actual` on with
        cumulative_ in front, counted from the start.

        Up to the cut-off `expected` is unconditional: what the parameters say of customers acquired on these
        days. After it each customer's own history counts, and the cumulative columns go on from what had
        come by the cut-off.
    until : Timestamp
        The cut-off.
    """

    frame: pd.DataFrame
    until: pd.Timestamp

    def __repr__(self) -> str:
        """Return weeks before and after the cut-off."""
        ahead = int(self.frame["forecast"].sum())
        return f"<Tracking: {len(self.frame) - ahead} weeks to {self.until:%Y-%m-%d}, {ahead} weeks of forecast>"

    @property
    def seen(self) -> pd.DataFrame:
        """The weeks of the forecast that the log has reached."""
        return self.frame[self.frame["forecast"] & self.frame["actual"].notna()]


def tracking(
    purchases: FittedPurchases,
    summary: CustomerSummary,
    orders: Orders,
    *,
    through: Day | None = None,
    customer_id: str = ID,
    date: str = "date",
    amount: str | None = "amount",
    acquired_from: Day | None = None,
    draws: int = 1000,
    seed: int = 0,
    calibration: Calibration = None,
    **policies: Unpack[PolicyWords],
) -> Tracking:
    """Compare purchases with the model week by week.

    Weeks are counted from the cut-off in both directions; what is left of a week at the end is not shown.

    Parameters
    ----------
    purchases : FittedPurchases
    summary : CustomerSummary
        As made by `summarise` from `orders`, with its cut-off.
    orders
        The log, as far as it goes.
    through : date, optional
        Last day of the forecast; by default the last day of the log.
    customer_id, date, amount, acquired_from, **policies
        As in `summarise`, and the same as there.
    draws : int
        Simulated futures behind the bands.
    seed : int
    calibration : Scorecard, "textbook" or None
        As in `forecast`.

    Returns
    -------
    Tracking

    Raises
    ------
    InputError
        The summary has no cut-off, or is not that of the log; `through` lies before the cut-off.
    """
    summary = purchases.checked(summary)
    until = cut_off(summary)
    days = purchases_by_day(
        orders,
        customer_id=customer_id,
        date=date,
        amount=amount,
        acquired_from=acquired_from,
        acquired_until=until,
        **policies,
    )
    _same_customers(summary, days)
    last = days["day"].max() if through is None else as_day(through, "through")
    if last < until:
        raise InputError(f"through: expected a day from the cut-off {until:%Y-%m-%d} on, got {last:%Y-%m-%d}.")
    past = _past_weeks(purchases, summary, days, until)
    weeks = (last - until).days // WEEK
    ahead = weeks_ahead(purchases, None, summary, weeks, check_draws(draws), seed, calibration)
    frame = _joined(days, past, ahead.draws["purchases"], ahead.expected["purchases"], until)
    return Tracking(frame, until)


def cut_off(summary: CustomerSummary) -> pd.Timestamp:
    """Return the cut-off of a summary.

    Raises
    ------
    InputError
        It does not know one.
    """
    if summary.until is None:
        raise InputError("summary: expected one that knows its cut-off; make it with until=….")
    return summary.until


def _same_customers(summary: CustomerSummary, days: pd.DataFrame) -> None:
    found = int(days["first_purchases"].sum())
    if found != len(summary):
        raise InputError(
            f"orders: the log has {found:,} customers up to the cut-off, the summary {len(summary):,}. "
            "Pass the orders, column names, acquired_from and policies that the summary was made with."
        )


def _past_weeks(
    purchases: FittedPurchases, summary: CustomerSummary, days: pd.DataFrame, until: pd.Timestamp
) -> pd.DataFrame:
    """Cumulative unconditional expectation at the end of every week up to the cut-off.

    With covariates the customers acquired on any day are taken to be as those of all days.
    """
    first = days.loc[days["first_purchases"] > 0, ["day", "first_purchases"]]
    acquired = (until - first["day"]).dt.days.to_numpy(np.int64)
    weeks = acquired.max() // WEEK + 1
    week_end = -WEEK * np.arange(weeks)[::-1]  # in days from the cut-off
    ages = np.maximum(week_end[:, None] + acquired, 0)
    if purchases.calendar is None:
        by_age = _expected_by_age(purchases, summary, ages)
    else:
        started = first["day"].to_numpy("datetime64[D]")
        by_age = _expected_by_adjusted_age(purchases, summary, purchases.calendar.elapsed(started, started + ages))
    expected = by_age @ first["first_purchases"].to_numpy(float)
    return pd.DataFrame({"week_end": until + pd.to_timedelta(week_end, unit="D"), "cumulative_expected": expected})


def _expected_by_age(purchases: FittedPurchases, summary: CustomerSummary, ages: IntArray) -> FloatArray:
    """Expected repeat purchases of a new customer by age in days, in the shape of `ages`."""
    distinct, inverse = np.unique(ages, return_inverse=True)
    lengths = distinct[distinct > 0] / DAYS_PER_UNIT[purchases.unit]
    values = np.zeros(len(distinct))
    if len(lengths):
        cells = purchases.cells(summary)
        share = np.bincount(cells.of_customer, minlength=len(cells)) / len(summary)
        values[distinct > 0] = purchases.new_customers_like(cells, lengths, 0.0) @ share
    return values[inverse].reshape(ages.shape)


def _expected_by_adjusted_age(purchases: FittedPurchases, summary: CustomerSummary, ages: FloatArray) -> FloatArray:
    """The same by season-adjusted days, no two of which are alike: interpolated."""
    if not ages.max() > 0.0:
        return np.zeros(ages.shape)
    cells = purchases.cells(summary)
    share = np.bincount(cells.of_customer, minlength=len(cells)) / len(summary)
    curve = Interpolation.upto(float(ages.max()) / DAYS_PER_UNIT[purchases.unit], WEEK / DAYS_PER_UNIT[purchases.unit])
    at_nodes = purchases.new_customers_like(cells, curve.nodes, 0.0) @ share
    return np.asarray(curve.at(ages / DAYS_PER_UNIT[purchases.unit]) @ at_nodes)


def _joined(
    days: pd.DataFrame, past: pd.DataFrame, ahead: FloatArray, expected: FloatArray, until: pd.Timestamp
) -> pd.DataFrame:
    """Weeks before and after the cut-off in one frame, with what came."""
    came = days.set_index("day")["repeat_purchases"].cumsum().astype(float)
    at_cut_off = float(came.loc[:until].iloc[-1])
    week_end = until + pd.to_timedelta(WEEK * np.arange(1, len(ahead) + 1), unit="D")
    weekly, total = np.diff(ahead, axis=0, prepend=0.0), at_cut_off + ahead
    future = pd.DataFrame(
        {"week_end": week_end, "expected": np.diff(expected, prepend=0.0), **_bands("", weekly)}
        | {"cumulative_expected": at_cut_off + expected, **_bands(CUMULATIVE, total)}
    )
    past = past.assign(expected=np.diff(past["cumulative_expected"], prepend=0.0))
    frame = pd.concat([past, future], ignore_index=True)
    frame["forecast"] = frame["week_end"] > until
    actual = came.reindex(frame["week_end"]).to_numpy(copy=True)
    # A log that ends before the cut-off was observed up to it, without a purchase.
    actual[~frame["forecast"] & (frame["week_end"] > came.index[-1])] = at_cut_off
    frame["cumulative_actual"], frame["actual"] = actual, np.diff(actual, prepend=0.0)
    names = ["actual", "expected", *map(quantile_name, LEVELS)]
    return frame[["week_end", "forecast", *names, *(CUMULATIVE + name for name in names)]]


def _bands(prefix: str, draws: FloatArray) -> dict[str, FloatArray]:
    """Quantiles of (weeks, draws) by column name."""
    levels = quantiles_of(draws, LEVELS) if len(draws) else np.empty((len(LEVELS), 0))
    return {f"{prefix}{quantile_name(level)}": values for level, values in zip(LEVELS, levels, strict=True)}
