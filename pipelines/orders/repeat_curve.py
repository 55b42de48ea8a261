"""The repeat curve of an order log: the share of customers who have come back by each age, OBSERVED, no model.

Customers have been seen for different lengths of time; those who have not come back by the cut-off are censored there.
The share is one minus the product-limit estimate (Kaplan & Meier 1958, Nonparametric estimation from incomplete
observations, JASA 53:282), its interval that of Greenwood's variance on the scale of log(-log) (Kalbfleisch & Prentice
2002, The Statistical Analysis of Failure Time Data, section 1.4).
"""

from __future__ import annotations

from typing import Any, Final, Unpack

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.intervals import NORMAL_90
from lifeworth.models.ground.rows import FloatArray, IntArray
from lifeworth.models.ground.summary import ID, Day, as_day
from lifeworth.models.ground.units import DAYS_PER_UNIT
from lifeworth.models.prediction.ages import Ages, ages_of
from lifeworth.models.prediction.curves import FEWEST_SEEN, REPEAT

from .order_log import CUSTOMER, DAY, OrderLog, read_log
from .order_table import OrderColumns, run
from .orders import Orders
from .policies import OrderPolicies, PolicyWords
from .purchase_days import customer_days, with_first_day

OBSERVED: Final = "observed"
GROUP: Final = "lw_attribute_0"
"""The key of the first attribute, as `OrderColumns.attribute_keys` has it."""


def observed_repeat_curve(
    orders: Orders,
    horizon: str = "12M",
    *,
    by: str | None = None,
    customer_id: str = ID,
    date: str = "date",
    amount: str | None = "amount",
    until: Day | None = None,
    acquired_from: Day | None = None,
    **policies: Unpack[PolicyWords],
) -> pd.DataFrame:
    """Share of customers with a second purchase by each age, as seen in the log; beside `repeat_curve` of a model.

    Parameters
    ----------
    orders, customer_id, date, amount, until, acquired_from, **policies
        As in `summarise`.
    horizon : str
        The last age: a whole number of months, years, weeks or days, such as "12M" or "39W". A month is a twelfth of 52
        weeks.
    by : str, optional
        A column of the log: a curve for each of its values on the day of the first purchase.

    Returns
    -------
    DataFrame
        One row an age from 0 on (and value of `by`): the column of `by`, if asked for; quantity "repeat"; age ("12M")
        and months; customers, those seen for so long or come back before; mean, q05, q95 (confidence interval); kind
        "observed". Ages that fewer than 10 customers have been seen for are left out.

    Raises
    ------
    InputError
        As in `summarise`; also for a horizon that is no whole length, or no customer left.
    """
    ages = ages_of(horizon)
    columns = OrderColumns(customer_id, date, amount, () if by is None else (by,))
    log = read_log(orders, columns, OrderPolicies(**policies), until)
    found = _frame(log, acquired_from)
    if found.empty:
        raise InputError(f"acquired_from: no customer was first seen on or after {acquired_from}.")
    groups = [("", found)] if by is None else list(found.groupby(GROUP, sort=True, dropna=False))
    tables = [_curve(table, ages).assign(**({} if by is None else {by: label})) for label, table in groups]
    frame = pd.concat(tables, ignore_index=True)
    return frame if by is None else frame[[by, *(name for name in frame if name != by)]]


def product_limit(days: IntArray, came: IntArray, left: IntArray, ages: FloatArray) -> tuple[FloatArray, FloatArray]:
    """One minus the product-limit estimate at each of `ages`, and the variance of log(-log) of the estimate.

    Parameters
    ----------
    days : array (times,)
        Ascending and distinct.
    came, left : array (times,)
        Customers who came back after so many days, and who were last seen then without having come back; who comes
        and goes on one day was there to come.
    ages : array (ages,)
    """
    at_risk = (came + left)[::-1].cumsum()[::-1]
    stays = 1.0 - came / at_risk
    log_survival = np.concatenate([[0.0], np.cumsum(np.log(np.where(stays > 0.0, stays, 1.0)))])
    hazard = np.divide(came, at_risk * (at_risk - came), out=np.zeros(len(days)), where=at_risk > came)
    greenwood = np.concatenate([[0.0], np.cumsum(hazard)])
    place = np.searchsorted(days, ages, side="right")
    ended = np.concatenate([[False], np.logical_or.accumulate(stays == 0.0)])[place]
    log_s = log_survival[place]
    variance = np.divide(greenwood[place], log_s**2, out=np.zeros(len(ages)), where=(log_s < 0.0) & ~ended)
    return np.where(ended, 1.0, -np.expm1(log_s)), variance


def _frame(log: OrderLog, acquired_from: Day | None) -> pd.DataFrame:
    """Customers by first day, second day and group, counted in the engine: columns first, second, customers, group."""
    days = with_first_day(customer_days(log))
    purchases = days.filter(days.purchase)
    keys = log.columns.attribute_keys
    on_first = purchases[DAY] == purchases["first"]
    customers = purchases.group_by(CUSTOMER).agg(
        first=purchases["first"].min(),
        second=purchases[DAY].min(where=purchases[DAY] > purchases["first"]),
        **{key: purchases[key].max(where=on_first) for key in keys},
    )
    found: pd.DataFrame = run(_counted(customers, list(keys))).to_pandas()
    first, second = (pd.to_datetime(found[name]) for name in ("first", "second"))
    kept = np.ones(len(found), dtype=bool) if acquired_from is None else first >= as_day(acquired_from, "acquired_from")
    seen = (log.until - first).dt.days
    found = found.assign(came=second.notna(), seen=seen, days=(second - first).dt.days.fillna(seen).astype(np.int64))
    return found[kept]


def _counted(customers: ir.Table, keys: list[str]) -> ir.Table:
    return customers.group_by("first", "second", *keys).agg(customers=customers.count())


def _curve(found: pd.DataFrame, ages: Ages) -> pd.DataFrame:
    """One row an age that enough customers have been seen for."""
    times = np.array(ages.months) * DAYS_PER_UNIT["M"]
    days, place = np.unique(found["days"].to_numpy(), return_inverse=True)
    came, left = (
        np.bincount(place, found["customers"] * chosen, minlength=len(days)).astype(np.int64)
        for chosen in (found["came"], ~found["came"])
    )
    mean, variance = product_limit(days, came, left, times)
    width = np.exp(NORMAL_90 * np.sqrt(variance))
    seen = np.array([int(found.loc[found["seen"] >= time, "customers"].sum()) for time in times])
    table: dict[str, Any] = {"quantity": REPEAT, "age": ages.labels, "months": ages.months, "customers": seen}
    table |= {"mean": mean, "q05": 1.0 - (1.0 - mean) ** (1.0 / width), "q95": 1.0 - (1.0 - mean) ** width}
    return pd.DataFrame(table | {"kind": OBSERVED})[seen >= FEWEST_SEEN]
