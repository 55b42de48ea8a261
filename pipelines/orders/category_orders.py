"""What customers bought of each category: one row a customer and category, evaluated in the engine of the log."""

from __future__ import annotations

from typing import Final, Literal, Unpack

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lifeworth.models.ground.data_report import counted
from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.summary import ID, Day, as_day

from .order_log import AMOUNT, CUSTOMER, DAY, NO_ID, OrderLog, read_log
from .order_table import OrderColumns, is_null, run
from .orders import Orders
from .policies import OrderPolicies, PolicyWords
from .purchase_days import NOTHING_LEFT, settled

type Missing = Literal["label", "error"]

UNKNOWN: Final = "unknown"
"""The category of lines that name none: counted like any other, so that no money is lost."""

CATEGORY: Final = "lw_category"


def category_orders(
    orders: Orders,
    *,
    category: str,
    customer_id: str = ID,
    date: str = "date",
    amount: str | None = "amount",
    until: Day | None = None,
    acquired_from: Day | None = None,
    missing_category: Missing = "label",
    **policies: Unpack[PolicyWords],
) -> pd.DataFrame:
    """Count what each customer of `summarise` bought of each category.

    Customers, cut-off and policies are those of ``summarise(orders, …)`` with the same arguments. On each of a
    customer's purchase days, every category of which something is left after that day's refunds counts as one purchase.

    Refunds reduce the category they name, on whatever day they came. Where more is refunded of a category than was
    bought of it in the log, all other categories of the customer are reduced by one factor: the spend of a customer's
    categories adds up to ``monetary_value_all * (frequency + 1)`` of the summary.

    Parameters
    ----------
    orders, customer_id, date, amount, until, acquired_from, **policies
        As in `summarise`.
    category : str
        The column that names the category, or product, of a line. Labels become text.
    missing_category : {"label", "error"}
        A line that names no category: null, empty, or text such as "nan", "None", "NULL".
        "label" counts it under "unknown", so that it is never lost; "error" refuses a log with such lines.

    Returns
    -------
    DataFrame
        Sorted by customer_id, then category: customer_id (the type it has in the summary), category (text), purchases
        (int64, days on which it was bought), spend (float64, net of refunds; absent without amounts), first_day and
        last_day (datetime64, of those days). Categories of which nothing was bought have no row.

    Raises
    ------
    InputError
        As `summarise`; also for lines without a category where that is refused.

    Examples
    --------
    >>> log = pd.DataFrame({"customer_id": [7, 7, 7, 8], "kind": ["a", "b", "a", None],
    ...                     "amount": [10.0, 5.0, 20.0, 9.0],
    ...                     "date": ["1997-01-01", "1997-01-01", "1997-01-15", "1997-01-10"]})
    >>> print(category_orders(log, category="kind").to_string(index=False))
     customer_id category  purchases  spend  first_day   last_day
               7        a          2   30.0 1997-01-01 1997-01-15
               7        b          1    5.0 1997-01-01 1997-01-01
               8  unknown          1    9.0 1997-01-10 1997-01-10
    """
    if missing_category not in ("label", "error"):
        raise InputError(f'missing_category: expected one of "label", "error"; got {missing_category!r}.')
    columns = OrderColumns(customer_id, date, amount, (category,))
    log = read_log(orders, columns, OrderPolicies(**policies), until)
    if missing_category == "error":
        _refuse_missing(log, category)
    start = log.first_day if acquired_from is None else as_day(acquired_from, "acquired_from")
    return _frame(run(categories_expression(log, category, start)), money=amount is not None)


def categories_expression(log: OrderLog, category: str, start: pd.Timestamp) -> ir.Table:
    """One row a customer and category with days and sums, of customers first seen on or after `start`."""
    lines = log.lines
    lines = lines.mutate(**{CATEGORY: _label(lines[category])})
    money = lines[AMOUNT]
    parts = lines.group_by(CUSTOMER, DAY, CATEGORY).agg(
        net=money.sum(), refunds=(money < 0).sum(), orders=money.sum(where=money > 0).fill_null(0.0)
    )
    day = ibis.window(group_by=[CUSTOMER, DAY])
    parts = parts.mutate(
        bought=(parts.refunds == 0) | (parts.net > NOTHING_LEFT * parts["orders"]),
        day_bought=(parts.refunds.sum().over(day) == 0)
        | (parts.net.sum().over(day) > NOTHING_LEFT * parts["orders"].sum().over(day)),
    )
    bought = parts.bought & parts.day_bought
    found = parts.group_by(CUSTOMER, CATEGORY).agg(
        purchases=bought.sum().cast("int64"),
        net=parts.net.sum(),
        first_day=parts[DAY].min(where=bought),
        last_day=parts[DAY].max(where=bought),
    )
    acquired = found.first_day.min().over(ibis.window(group_by=CUSTOMER))
    found = found.mutate(acquired=acquired)
    # customers of refunds alone have no such day and drop out with those acquired before
    return found.filter(found.acquired >= ibis.literal(start.date())).drop("acquired")


def _label(value: ir.Value) -> ir.StringValue:
    """The category as text; `UNKNOWN` where there is none."""
    text = value if value.type().is_string() else value.cast("string")
    none = is_null(text) | text.strip().lower().isin(NO_ID)
    return ibis.ifelse(none, UNKNOWN, text)


def _refuse_missing(log: OrderLog, category: str) -> None:
    lines = log.lines
    count = run(lines.aggregate(missing=(_label(lines[category]) == UNKNOWN).sum().fill_null(0))).to_pylist()
    missing = int(count[0]["missing"])
    if missing:
        raise InputError(
            f'orders: missing_category="error", and {counted(missing, "line")} of column {category!r} name no '
            f'category. Fill them, or pass missing_category="label": they are then counted as {UNKNOWN!r}.'
        )


def _frame(found: pa.Table, *, money: bool) -> pd.DataFrame:
    """Settle sums, spread what is refunded beyond what was bought, sort."""
    order = pc.sort_indices(found, sort_keys=[(CUSTOMER, "ascending"), (CATEGORY, "ascending")])
    frame: pd.DataFrame = found.take(order).to_pandas()
    frame["spend"] = _spend(frame)
    frame = frame[frame["purchases"] > 0].rename(columns={CUSTOMER: ID, CATEGORY: "category"})
    for name in ("first_day", "last_day"):
        frame[name] = pd.to_datetime(frame[name])
    kept = [ID, "category", "purchases", *(["spend"] if money else []), "first_day", "last_day"]
    return frame[kept].reset_index(drop=True)


def _spend(frame: pd.DataFrame) -> pd.Series[float]:
    """Spend by category, 0 or more, that adds up to what each customer's lines add up to, if that is above 0."""
    net = pd.Series(settled(frame["net"]), index=frame.index)
    by = frame[CUSTOMER]
    positive = net.where((net > 0.0) & (frame["purchases"] > 0), 0.0)
    left = net.groupby(by).transform("sum").to_numpy(float)
    bought = positive.groupby(by).transform("sum").to_numpy(float)
    share = np.where(bought > 0.0, left / np.where(bought > 0.0, bought, 1.0), 0.0)
    factor = np.where(share > NOTHING_LEFT, share, 0.0)
    return positive * np.where(np.abs(factor - 1.0) <= NOTHING_LEFT, 1.0, factor)
