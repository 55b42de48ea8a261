"""The holdout: what customers did after the cut-off, beside what was forecast of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Unpack

import numpy as np
import pandas as pd

from lifeworth.models.fitted_purchases import FittedPurchases
from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.intervals import BANDS, LEVELS, NORMAL_90, quantile_name
from lifeworth.models.ground.rows import FloatArray
from lifeworth.models.ground.summary import ID, CustomerSummary, Day, as_day
from lifeworth.models.prediction.calibration import Calibration
from lifeworth.models.prediction.forecast import Forecast, forecast
from lifeworth.models.spend import FittedSpend

from ..orders.orders import Orders
from ..orders.policies import PolicyWords
from ..orders.purchase_days import observed
from .tracking import WEEK, cut_off

MOST_FREQUENT: Final = 7
"""Customers with this many repeat purchases or more are one group: few have so many."""
DECILES: Final = 10
BAND: Final = "lifeworth_frequency_band"
"""Attribute by which the forecast is summed; taken off again before anybody sees it."""
QUANTITIES: Final = ("purchases", "spend")


@dataclass(frozen=True, eq=False, repr=False)
class Holdout:
    """A forecast and what came of it.

    Attributes
    ----------
    forecast : Forecast
        Of the holdout, its one horizon.
    customers : DataFrame
        One row a customer, as in `forecast.customers`, with purchases_actual and spend_actual.
    total : DataFrame
        One row a quantity: quantity ("purchases", "spend"), mean, q05, q95, actual, ratio (actual to mean),
        inside (bool: actual within q05 to q95).
    by_frequency : DataFrame
        One row a number of repeat purchases up to the cut-off (the last: and more): frequency, customers, and
        of purchases per customer mean, q05, q95 (predictive, of the group's own mean), actual.
    by_p_active : DataFrame
        One row a tenth of the customers, the least likely first: customers, predicted (mean probability
        active), q05, q95 (of the share active, by chance alone), actual (share active).
    coverage : DataFrame
        One row a quantity and level: quantity, level, share (of customers whose outcome lies in their interval).
        Outcomes are whole purchases, so that an interval may hold more than its level.
    until, through : Timestamp
        The cut-off, and the last day of the holdout.
    """

    forecast: Forecast
    customers: pd.DataFrame
    total: pd.DataFrame
    by_frequency: pd.DataFrame
    by_p_active: pd.DataFrame
    coverage: pd.DataFrame
    until: pd.Timestamp
    through: pd.Timestamp

    def __repr__(self) -> str:
        """Return the days and the totals."""
        days = f"{self.until + pd.Timedelta(days=1):%Y-%m-%d} to {self.through:%Y-%m-%d}"
        return f"<Holdout of {len(self.customers):,} customers, {days}>\n{self.total.to_string(index=False)}"

    def _repr_html_(self) -> str:
        table: str = self.total.to_html(index=False, border=0, float_format="{:,.2f}".format)
        return table

    @property
    def horizon(self) -> str:
        """The horizon as the forecast has it: "39W"."""
        return self.forecast.horizons[0].label

    @property
    def weeks(self) -> float:
        """Length of the holdout in weeks."""
        return (self.through - self.until).days / WEEK

    def total_of(self, quantity: str) -> dict[str, Any]:
        """Return the row of `total` of one quantity."""
        return dict(self.total.set_index("quantity").loc[quantity])

    def coverage_of(self, quantity: str, level: float = 0.9) -> float:
        """Return the share of customers whose outcome lies in their interval."""
        row = (self.coverage["quantity"] == quantity) & np.isclose(self.coverage["level"], level)
        return float(self.coverage.loc[row, "share"].item())


def holdout(
    purchases: FittedPurchases,
    spend: FittedSpend | None,
    summary: CustomerSummary,
    orders: Orders,
    *,
    through: Day,
    customer_id: str = ID,
    date: str = "date",
    amount: str | None = "amount",
    acquired_from: Day | None = None,
    draws: int = 1000,
    seed: int = 0,
    calibration: Calibration = None,
    **policies: Unpack[PolicyWords],
) -> Holdout:
    """Forecast from the cut-off through a day that has passed, and compare with what came.

    One split of one log: it shows whether a forecast would have been right once. `backtest` looks at many.

    Parameters
    ----------
    purchases : FittedPurchases
    spend : FittedSpend or None
        None: purchases alone.
    summary : CustomerSummary
        As made by `summarise` from `orders`, with its cut-off; the models are fitted on it.
    orders
        The log, up to `through` at least.
    through : date
        Last day of the holdout, inclusive.
    customer_id, date, amount, acquired_from, **policies
        As in `summarise`, and the same as there.
    draws, seed, calibration
        As in `forecast`.

    Raises
    ------
    InputError
        The summary has no cut-off, or its customers are not those of the log; no day in the holdout.
    """
    summary = purchases.checked(summary)
    until, last = cut_off(summary), as_day(through, "through")
    days = (last - until).days
    if days <= 0:
        raise InputError(f"through: expected a day after the cut-off {until:%Y-%m-%d}, got {last:%Y-%m-%d}.")
    actual = observed(
        orders, customer_id=customer_id, date=date, amount=amount, after=until, until=last,
        acquired_from=acquired_from, **policies,
    )  # fmt: skip
    _same_customers(summary, actual)
    horizon = f"{days}D" if days % WEEK else f"{days // WEEK}W"
    ahead = forecast(
        purchases, spend, _with_bands(summary), horizon, draws=draws, seed=seed, quantiles=LEVELS, groups=BAND,
        calibration=calibration,
    )  # fmt: skip
    return _compared(ahead, summary, actual, until, last)


def _same_customers(summary: CustomerSummary, actual: pd.DataFrame) -> None:
    if len(actual) == len(summary) and (actual[ID].to_numpy() == summary.frame[ID].to_numpy()).all():
        return
    raise InputError(
        f"orders: the customers of the log up to the cut-off ({len(actual):,}) are not those of the summary "
        f"({len(summary):,}), in its order. Pass the orders, column names, acquired_from and policies that the "
        "summary was made with."
    )


def _with_bands(summary: CustomerSummary) -> CustomerSummary:
    band = summary.frame["frequency"].clip(upper=MOST_FREQUENT)
    return replace(summary, frame=summary.frame.assign(**{BAND: band}))


def _compared(
    ahead: Forecast,
    summary: CustomerSummary,
    actual: pd.DataFrame,
    until: pd.Timestamp,
    through: pd.Timestamp,
) -> Holdout:
    told = [name for name in QUANTITIES if name in ahead.draws and name in actual]
    customers = ahead.customers.assign(**{f"{name}_actual": actual[name] for name in told})
    bands = ahead.by(BAND)
    return Holdout(
        forecast=replace(ahead, groups={}),
        customers=customers,
        total=pd.DataFrame([_total(ahead, actual, name) for name in told]),
        by_frequency=_by_frequency(bands, summary, actual),
        by_p_active=_by_p_active(customers),
        coverage=pd.DataFrame([_coverage(customers, name, band) for name in told for band in BANDS]),
        until=until,
        through=through,
    )


def _total(ahead: Forecast, actual: pd.DataFrame, name: str) -> dict[str, object]:
    row, came = ahead.total.iloc[0], float(actual[name].sum())
    mean, low, high = (float(row[f"{name}_{part}"]) for part in ("mean", "q05", "q95"))
    return {
        "quantity": name, "mean": mean, "q05": low, "q95": high, "actual": came,
        "ratio": came / mean, "inside": low <= came <= high,
    }  # fmt: skip


def _by_frequency(bands: pd.DataFrame, summary: CustomerSummary, actual: pd.DataFrame) -> pd.DataFrame:
    band = summary.frame["frequency"].clip(upper=MOST_FREQUENT)
    came = actual["purchases"].groupby(band.to_numpy()).agg(["size", "mean"])
    size = came["size"].to_numpy()
    sums = {part: bands[f"purchases_{part}"].to_numpy() / size for part in ("mean", "q05", "q95")}
    return pd.DataFrame(
        {"frequency": came.index.to_numpy(), "customers": size, **sums, "actual": came["mean"].to_numpy()}
    )


def _by_p_active(customers: pd.DataFrame) -> pd.DataFrame:
    p = customers["p_active"].to_numpy()
    place = np.empty(len(p), dtype=np.int64)
    place[np.argsort(p, kind="stable")] = np.arange(len(p))
    tenth = place * DECILES // len(p)
    size = np.bincount(tenth, minlength=DECILES).astype(float)
    kept = size > 0

    def mean(values: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(tenth, values, DECILES)[kept] / size[kept])

    predicted = mean(p)
    chance = NORMAL_90 * np.sqrt(mean(p * (1.0 - p)) / size[kept])
    active = (customers["purchases_actual"] > 0).to_numpy().astype(np.float64)
    return pd.DataFrame(
        {
            "customers": size[kept].astype(np.int64),
            "predicted": predicted,
            "q05": np.maximum(predicted - chance, 0.0),
            "q95": np.minimum(predicted + chance, 1.0),
            "actual": mean(active),
        }
    )


def _coverage(customers: pd.DataFrame, name: str, band: float) -> dict[str, object]:
    low, high = (customers[f"{name}_{quantile_name(level)}"] for level in _ends(band))
    inside = customers[f"{name}_actual"].between(low, high)
    return {"quantity": name, "level": band, "share": float(inside.mean())}


def _ends(band: float) -> tuple[float, float]:
    return 0.5 - band / 2.0, 0.5 + band / 2.0
