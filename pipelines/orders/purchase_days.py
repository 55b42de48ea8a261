"""Purchases: the orders of a customer on one day, after the policies; what holdouts and plots count."""

from __future__ import annotations

from typing import Any, Final, Unpack

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.summary import ID, Day, as_day

from .order_log import AMOUNT, CUSTOMER, DAY, OrderLog, read_log
from .order_table import OrderColumns, is_null, run
from .orders import Orders
from .policies import OrderPolicies, PolicyWords

NOTHING_LEFT: Final = 1e-9
"""A day is fully refunded if less than this share of its orders is left: 0.1 + 0.2 - 0.3 is not 0."""


DECIMALS: Final = 6
"""More than any currency has."""

ADDITION_NOISE: Final = 1e-11
"""Relative error of a sum of many thousand floats, rounded up."""


def purchase_days(
    orders: Orders,
    *,
    customer_id: str = ID,
    date: str = "date",
    amount: str | None = "amount",
    until: Day | None = None,
    **policies: Unpack[PolicyWords],
) -> ir.Table:
    """Return the purchases of a log as an ibis expression in the engine of the log.

    Parameters
    ----------
    orders, customer_id, date, amount, until, **policies
        As in `summarise`.

    Returns
    -------
    ibis Table
        One row a purchase: customer_id, day, amount (net of refunds of the same day; absent without amounts).

    Raises
    ------
    InputError
        As in `summarise`.
    """
    log = read_log(orders, OrderColumns(customer_id, date, amount), OrderPolicies(**policies), until)
    days = customer_days(log)
    money = {} if amount is None else {"amount": days.net}
    return days.filter(days.purchase).select(customer_id=days[CUSTOMER], day=days[DAY], **money)


def observed(
    orders: Orders,
    *,
    customer_id: str = ID,
    date: str = "date",
    amount: str | None = "amount",
    after: Day,
    until: Day | None = None,
    acquired_from: Day | None = None,
    **policies: Unpack[PolicyWords],
) -> pd.DataFrame:
    """Count what the customers of ``summarise(orders, until=after)`` did after that day: the holdout.

    Parameters
    ----------
    orders, customer_id, date, amount, acquired_from, **policies
        As in `summarise`, and the same as there.
    after : date
        The cut-off of the summary; the holdout begins on the day after.
    until : date, optional
        Last day of the holdout, inclusive; by default the last day of the log.

    Returns
    -------
    DataFrame
        customer_id, purchases (int64), spend (float64, net of refunds in the holdout, at least 0; absent
        without amounts). One row a customer, also those who bought nothing, in the order of the summary.

    Raises
    ------
    InputError
        As in `summarise`; also if the holdout is empty.
    """
    log = read_log(orders, OrderColumns(customer_id, date, amount), OrderPolicies(**policies), until)
    start = as_day(after, "after")
    if start >= log.until:
        raise InputError(
            f"after: expected a day before the last of the holdout, {log.until:%Y-%m-%d}; got {start:%Y-%m-%d}."
        )
    days = customer_days(log)
    late = days[DAY] > ibis.literal(start.date())
    expression = days.group_by(CUSTOMER).agg(
        first=days[DAY].min(where=days.purchase),
        purchases=(days.purchase & late).sum().cast("int64"),
        spend=days.net.sum(where=late),
    )
    found = run(_acquired(expression, acquired_from, start))
    frame = sorted_frame(found.drop_columns(["first"]))
    frame["spend"] = np.maximum(settled(frame["spend"]), 0.0)
    return frame if amount is not None else frame.drop(columns="spend")


def purchases_by_day(
    orders: Orders,
    *,
    customer_id: str = ID,
    date: str = "date",
    amount: str | None = "amount",
    until: Day | None = None,
    acquired_from: Day | None = None,
    acquired_until: Day | None = None,
    **policies: Unpack[PolicyWords],
) -> pd.DataFrame:
    """Count first and repeat purchases on every day: what a tracking plot draws.

    Parameters
    ----------
    orders, customer_id, date, amount, until, **policies
        As in `summarise`.
    acquired_from, acquired_until : date, optional
        Keep only customers first seen on or after, on or before that day.

    Returns
    -------
    DataFrame
        One row a calendar day from the first purchase to `until`, days without purchases included: day,
        repeat_purchases, first_purchases (int64), repeat_amount, amount (float64, of the repeat purchases and
        of all; absent without amounts).

    Raises
    ------
    InputError
        As in `summarise`; also if no customer is left.
    """
    log = read_log(orders, OrderColumns(customer_id, date, amount), OrderPolicies(**policies), until)
    days = with_first_day(customer_days(log))
    days = _acquired(days.filter(days.purchase), acquired_from, acquired_until)
    repeat = days[DAY] > days["first"]
    expression = days.group_by(day=days[DAY]).agg(
        repeat_purchases=repeat.sum().cast("int64"),
        first_purchases=(~repeat).sum().cast("int64"),
        repeat_amount=days.net.sum(where=repeat),
        amount=days.net.sum(),
    )
    found: pd.DataFrame = run(expression).to_pandas()
    if found.empty:
        raise InputError(
            f"acquired_from, acquired_until: no customer was first seen between {acquired_from} and {acquired_until}."
        )
    found["day"] = pd.to_datetime(found["day"])
    calendar = pd.date_range(found["day"].min(), log.until, name="day")
    frame = found.set_index("day").reindex(calendar).fillna(0.0).reset_index()
    for name in ("repeat_purchases", "first_purchases"):
        frame[name] = frame[name].astype(np.int64)
    for name in ("repeat_amount", "amount"):
        frame[name] = settled(frame[name])
    return frame if amount is not None else frame.drop(columns=["repeat_amount", "amount"])


def customer_days(log: OrderLog) -> ir.Table:
    """Add up the lines of each customer and day.

    Returns
    -------
    ibis Table
        `CUSTOMER`, `DAY`, net (sum of the amounts), lines, purchase (bool: not so if refunds took all of it),
        and the attributes, each the smallest value on that day so that the order of lines cannot matter.
    """
    lines = log.lines
    money = lines[AMOUNT]
    attributes = {key: lines[name].min(where=money >= 0) for key, name in log.columns.attribute_keys.items()}
    days = lines.group_by(CUSTOMER, DAY).agg(
        net=money.sum(),
        lines=lines.count(),
        refunds=(money < 0).sum(),
        orders=money.sum(where=money > 0),
        **attributes,
    )
    left = days.net > NOTHING_LEFT * days["orders"].fill_null(0.0)
    return days.mutate(purchase=(days.refunds == 0) | left).drop("refunds", "orders")


def with_first_day(days: ir.Table) -> ir.Table:
    """Add the day of the customer's first purchase to each of their days."""
    purchased = ibis.ifelse(days.purchase, days[DAY], None)
    return days.mutate(first=purchased.min().over(ibis.window(group_by=CUSTOMER)))


def sorted_frame(customers: pa.Table) -> pd.DataFrame:
    """Sort by customer in arrow, the same for every engine, and hand over to pandas."""
    frame: pd.DataFrame = customers.take(pc.sort_indices(customers.column(CUSTOMER))).to_pandas()
    return frame.rename(columns={CUSTOMER: ID})


def settled(sums: pd.Series[Any]) -> NDArray[np.float64]:
    """Bring sums of amounts that the engine added up in any order into one form, nulls as 0.

    Money has few decimals, and so has its sum: rounding to them removes what the order of addition left, and
    the same log gives the same summary to the last bit. Sums that do have more decimals stay as they are.
    """
    values = sums.fillna(0.0).to_numpy(np.float64)
    rounded = np.round(values, DECIMALS)
    return np.where(np.abs(rounded - values) <= ADDITION_NOISE * np.abs(values), rounded, values)


def _acquired(table: ir.Table, start: Day | None, end: Day | None) -> ir.Table:
    """Keep customers first seen within these days; those without a purchase never are."""
    table = table.filter(~is_null(table["first"]))
    if start is not None:
        table = table.filter(table["first"] >= ibis.literal(as_day(start, "acquired_from").date()))
    if end is not None:
        table = table.filter(table["first"] <= ibis.literal(as_day(end, "acquired_until").date()))
    return table
