"""From an order log to the RFM summary: one ibis expression, evaluated in the engine that holds the log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lifeworth.models.ground.calendar import Calendar
from lifeworth.models.ground.summary import ID, CustomerSummary, Day, as_day
from lifeworth.models.ground.units import DAYS_PER_UNIT, check_unit

from .log_report import log_report
from .order_log import CUSTOMER, DAY, OrderLog, read_log
from .order_table import OrderColumns, run
from .orders import Orders
from .policies import Drop, Keep, OrderPolicies, Refunds
from .purchase_days import customer_days, sorted_frame, with_first_day
from .who_counts import Customers, Spend, split_customers


def summarise(
    orders: Orders,
    *,
    customer_id: str = ID,
    date: str = "date",
    amount: str | None = "amount",
    until: Day | None = None,
    unit: str = "W",
    attributes: Iterable[str] = (),
    refunds: Refunds = "net",
    zero: Keep = "keep",
    missing_amount: Drop = "drop",
    missing_date: Drop = "drop",
    missing_id: Drop = "drop",
    duplicates: Keep = "keep",
    acquired_from: Day | None = None,
    calendar: Calendar | None = None,
) -> CustomerSummary:
    """Summarise an order log: one row a customer with frequency, recency, T and mean amounts.

    All orders of a customer on one day are one purchase. Recency and T are whole days divided by the days of
    the unit, never rounded, so that every unit says the same. A timestamp with a time zone belongs to its
    local calendar day; of an ibis table the time zone of the engine's session decides.

    Parameters
    ----------
    orders : DataFrame (pandas, polars), LazyFrame, pyarrow Table, ibis Table, str or Path
        One row an order, or a line of one. A string or Path is a file or a glob of CSV or Parquet files.
        Dates as text must be ISO (1997-09-30, with or without a clock time). Of a CSV file every field is
        read as text, so that an id "0017" stays what it is; ids that are plain whole numbers become int64.
    customer_id, date, amount : str
        Names of the columns. ``amount=None``: no money, the summary has no monetary columns.
    until : date, optional
        The cut-off: last day observed, inclusive. By default the last day of the log.
    unit : str
        Time unit of recency and T: "H", "D", "W", "M" (a twelfth of 52 weeks) or "Y" (52 weeks).
    attributes : list of str
        Columns to keep, each with its value on the day of the customer's first purchase; of several values on
        that day the smallest, nulls last. A customer without a value gets null.
    refunds : {"net", "drop", "error"}
        Negative amounts. They never count as purchases. "net": the lines of a customer and day are added up,
        and the day is a purchase if something is left (or if it had no refund). What is refunded on days
        without a purchase reduces all amounts of the customer by one factor, max(0, purchases + refunds) /
        purchases, since a log rarely says which order was reversed. Customers left with nothing keep their
        purchase dates and have an unknown spend (0); customers who only have refunds are set aside.
    zero : {"keep", "drop", "error"}
        Amounts of zero; "keep" counts them as purchases, as the published CDNOW analyses do.
    missing_amount, missing_date, missing_id : {"drop", "error"}
        Null, NaN, infinite or unreadable values; dates outside 1900 to 2199; empty ids and text such as
        "nan", "None" or "NULL" where an id should be.
    duplicates : {"keep", "drop", "error"}
        Rows equal to another in every column of the log; "keep" as the published CDNOW analyses do.
    acquired_from : date, optional
        Keep only customers first seen on or after that day: the remedy for a log that begins in
        mid-relationship.
    calendar : Calendar, optional
        An index of the purchase rate. Recency and T are then in its season-adjusted time: the same purchases in
        December last longer than in a quiet month.

    Returns
    -------
    CustomerSummary
        Sorted by customer_id, which keeps its type (float ids that are whole numbers become int64). Its
        `report` counts every kind of row that is no plain purchase, says what was done with it, and shows
        examples.

    Raises
    ------
    InputError
        An argument is impossible, a column is missing, a policy is "error" and such rows exist, or nothing is
        left.

    Examples
    --------
    >>> log = pd.DataFrame({"customer_id": [7, 7, 7, 8], "amount": [10.0, 5.0, 20.0, 9.0],
    ...                     "date": ["1997-01-01", "1997-01-01", "1997-01-15", "1997-01-10"]})
    >>> print(summarise(log, until="1997-01-29", unit="W").frame.to_string(index=False))
     customer_id  frequency  recency        T  monetary_value  monetary_value_all
               7          1      2.0 4.000000            20.0                17.5
               8          0      0.0 2.714286             0.0                 9.0
    """
    kept = (attributes,) if isinstance(attributes, str) else tuple(attributes)
    columns = OrderColumns(customer_id, date, amount, kept)
    policies = OrderPolicies(refunds, zero, duplicates, missing_amount, missing_date, missing_id)
    unit = check_unit(unit)
    log = read_log(orders, columns, policies, until)
    start = log.first_day if acquired_from is None else as_day(acquired_from, "acquired_from")
    days = with_first_day(customer_days(log))
    customers = split_customers(sorted_frame(run(customers_expression(log, days))), start)
    spend = Spend.of(customers.kept)
    report = log_report(log, customers, spend, until_given=until is not None)
    frame = _frame(customers, spend, log.columns, log.until, unit, calendar)
    return CustomerSummary(frame, unit, log.until, report, calendar)


def summary_at(
    log: OrderLog, days: ir.Table, until: pd.Timestamp, unit: str, start: pd.Timestamp, calendar: Calendar | None
) -> CustomerSummary:
    """Summarise as `summarise` would at an earlier cut-off, without a report, from days that were worked out once.

    Parameters
    ----------
    log : OrderLog
    days : ibis Table
        Those of the log, as `customer_days` with `with_first_day` makes them.
    until, start : Timestamp
        The cut-off, and the first day of the acquisition.
    unit, calendar
        As in `summarise`.

    Raises
    ------
    InputError
        Nobody is left.
    """
    unit = check_unit(unit)
    seen = days.filter(days[DAY] <= ibis.literal(until.date()))
    customers = split_customers(sorted_frame(run(customers_expression(log, seen))), start)
    frame = _frame(customers, Spend.of(customers.kept), log.columns, until, unit, calendar)
    return CustomerSummary(frame, unit, until, None, calendar)


def customers_expression(log: OrderLog, days: ir.Table) -> ir.Table:
    """Build the RFM expression: one row a customer with days and sums, of portable ibis operations only."""
    on_first = days.purchase & (days[DAY] == days["first"])
    return days.group_by(CUSTOMER).agg(
        purchases=days.purchase.sum().cast("int64"),
        first=days["first"].max(),
        last=days[DAY].max(where=days.purchase),
        spent=days.net.sum(where=days.purchase),
        spent_again=days.net.sum(where=days.purchase & (days[DAY] > days["first"])),
        refunded=days.net.sum(where=~days.purchase),
        refund_days=(~days.purchase).sum().cast("int64"),
        lines=days.lines.sum().cast("int64"),
        **{key: days[key].max(where=on_first) for key in log.columns.attribute_keys},
    )


def _frame(
    customers: Customers,
    spend: Spend,
    columns: OrderColumns,
    until: pd.Timestamp,
    unit: str,
    calendar: Calendar | None,
) -> pd.DataFrame:
    kept = customers.kept
    first, last, end = _days(kept["first"]), _days(kept["last"]), np.datetime64(until, "D")
    money = {"monetary_value": spend.repeats, "monetary_value_all": spend.every}
    return pd.DataFrame(
        {
            ID: kept[ID],
            "frequency": kept["purchases"] - 1,
            "recency": _elapsed(first, last, calendar) / DAYS_PER_UNIT[unit],
            "T": _elapsed(first, end, calendar) / DAYS_PER_UNIT[unit],
            **(money if columns.amount is not None else {}),
            **{name: kept[key] for key, name in columns.attribute_keys.items()},
        }
    )


def _elapsed(
    start: NDArray[np.datetime64], end: NDArray[np.datetime64] | np.datetime64, calendar: Calendar | None
) -> NDArray[np.float64]:
    """Days, season-adjusted if there is a calendar."""
    if calendar is None:
        return (end - start).astype(np.float64)
    return calendar.elapsed(start, np.asarray(end))


def _days(column: pd.Series[Any]) -> NDArray[np.datetime64]:
    return pd.to_datetime(column).to_numpy("datetime64[D]")
