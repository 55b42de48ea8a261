"""One look over an order log: every row gets its kind, every kind is counted, policies are enforced."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import ibis
import ibis.expr.types as ir
import pandas as pd

from lifeworth.models.ground.data_report import KIND_LABELS, counted, row_text
from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.summary import Day, as_day

from .order_table import OrderColumns, OrderTable, is_null, run
from .orders import Orders, open_orders
from .policies import CHOICES, POLICY_OF_KIND, OrderPolicies

KINDS: Final = (
    "plain",
    "missing_id",
    "missing_date",
    "missing_amount",
    "after_until",
    "refund",
    "zero_amount",
)
"""Kinds of row by their code; a row is of the first kind that fits, those that cannot be used first."""

CUSTOMER, DAY, AMOUNT, KIND = "lw_customer", "lw_day", "lw_amount", "lw_kind"

FIRST_POSSIBLE_DAY: Final = datetime.date(1900, 1, 1)
LAST_POSSIBLE_DAY: Final = datetime.date(2199, 12, 31)
"""Dates outside stand for "unknown" in the systems that write them: 0001-01-01, 9999-12-31."""

LARGEST: Final = sys.float_info.max
"""Beyond it is infinity."""

ISO_DAY_LENGTH: Final = 10  # of "1997-09-30"; what follows is a clock time

NO_ID: Final = ("", "nan", "none", "null", "na", "n/a", "<na>")
"""What programs write where there is no id; taken as ids they would make one giant customer."""

EXAMPLES: Final = 3
EXAMPLE_COLUMNS: Final = 8
"""Rows and columns of an example: enough to find them in the log."""


@dataclass(frozen=True)
class KindCount:
    """Rows of one kind, the sum of their amounts (None without), and a few of them."""

    rows: int
    amount: float | None
    examples: tuple[Mapping[str, object], ...] = ()


@dataclass(frozen=True)
class OrderLog:
    """An order log with the kind of every row.

    Attributes
    ----------
    marked : ibis Table
        The log with columns `CUSTOMER`, `DAY`, `AMOUNT`, `KIND` beside its own.
    source : OrderTable
        The log as it came.
    policies : OrderPolicies
        What is done with each kind.
    until : Timestamp
        The cut-off: asked for, or the last day of the log.
    counts : dict of KindCount
        By kind; kinds without rows have none.
    first_day, last_day : Timestamp
        Of the rows that are used.
    """

    marked: ir.Table
    source: OrderTable
    policies: OrderPolicies
    until: pd.Timestamp
    counts: Mapping[str, KindCount]
    first_day: pd.Timestamp
    last_day: pd.Timestamp

    @property
    def columns(self) -> OrderColumns:
        """The names of the columns."""
        return self.source.columns

    @property
    def lines(self) -> ir.Table:
        """The rows that are used."""
        codes = [code for code, kind in enumerate(KINDS) if self.policies.uses(kind)]
        return self.marked.filter(self.marked[KIND].isin(codes))

    def examples(self, kind: str) -> tuple[Mapping[str, object], ...]:
        """Fetch the first few rows of one kind."""
        return _examples(self.marked, self.columns, kind)


def read_log(orders: Orders, columns: OrderColumns, policies: OrderPolicies, until: Day | None) -> OrderLog:
    """Open a log, give every row its kind, count the kinds, and enforce the policies that refuse.

    Raises
    ------
    InputError
        The log cannot be read, a policy refuses it, or no row is left.
    """
    source = open_orders(orders, columns)
    if policies.duplicates == "error":
        _refuse("duplicate", find_duplicates(source), source.columns)
    table = source.table.distinct() if policies.duplicates == "drop" else source.table
    cut = None if until is None else as_day(until, "until")
    marked = source.parsed_once(_marked(table, columns, cut))
    days, counts = _counted(marked, columns)
    for kind, count in counts.items():
        if policies.of(kind) == "error":
            _refuse(kind, replace(count, examples=_examples(marked, columns, kind)), columns)
    used = days.loc[[kind for kind in counts if policies.uses(kind)]]
    if used.empty:
        raise InputError(_nothing_left(marked, columns, counts, cut))
    return OrderLog(
        marked=marked,
        source=source,
        policies=policies,
        until=as_day(days["last"].max(), "until") if cut is None else cut,
        counts=counts,
        first_day=used["first"].min(),
        last_day=used["last"].max(),
    )


def find_duplicates(source: OrderTable) -> KindCount:
    """Count the rows that equal an earlier one in every column, with the first few of them."""
    table, columns = source.table, source.columns
    copies = table.group_by(list(table.columns)).agg(lw_copies=table.count())
    copies = copies.filter(copies.lw_copies > 1)
    copies = copies.mutate(lw_extra=copies.lw_copies - 1, lw_amount=_amount(copies, columns))
    whole = ibis.window()
    found = copies.mutate(
        lw_rows=copies.lw_extra.sum().over(whole),
        lw_total=ibis.ifelse(_is_missing(copies.lw_amount), 0.0, copies.lw_amount * copies.lw_extra).sum().over(whole),
    )
    order = [found.lw_copies.desc(), found[columns.customer_id], found[columns.date]]
    shown = [*_shown(table, columns), "lw_copies", "lw_rows", "lw_total"]
    rows = run(found.order_by(order).limit(EXAMPLES).select(shown)).to_pylist()
    money = columns.amount is not None
    if not rows:
        return KindCount(0, 0.0 if money else None)
    examples = tuple({**_own(row), "copies": row["lw_copies"]} for row in rows)
    return KindCount(int(rows[0]["lw_rows"]), float(rows[0]["lw_total"]) if money else None, examples)


def _marked(table: ir.Table, columns: OrderColumns, until: pd.Timestamp | None) -> ir.Table:
    """Add customer, day, amount and kind to every row."""
    table = table.mutate(
        **{
            CUSTOMER: table[columns.customer_id],
            DAY: _day(table, columns.date),
            AMOUNT: _amount(table, columns),
        }
    )
    late = ibis.literal(False) if until is None else table[DAY] > ibis.literal(until.date())
    tests = {
        "missing_id": _is_no_id(table[CUSTOMER]),
        "missing_date": is_null(table[DAY]),
        "missing_amount": _is_missing(table[AMOUNT]),
        "after_until": late,
    }
    if columns.amount is not None:
        tests |= {"refund": table[AMOUNT] < 0, "zero_amount": table[AMOUNT] == 0}
    branches = [(test, KINDS.index(kind)) for kind, test in tests.items()]
    return table.mutate(**{KIND: ibis.cases(*branches, else_=0)})


def _day(table: ir.Table, date: str) -> ir.DateValue:
    """Read the calendar day of an order; null where there is none that can be meant."""
    day = calendar_day(table[date])
    possible = day.between(ibis.literal(FIRST_POSSIBLE_DAY), ibis.literal(LAST_POSSIBLE_DAY))
    return ibis.ifelse(possible, day, None)


def calendar_day(value: ir.Value) -> ir.DateValue:
    """Read the calendar day of a date, an instant or a text, whether it can be meant or not; null where it is none."""
    if value.type().is_string():
        # The first ten characters, not the cast of the whole: an offset such as +02:00 must not move the day.
        stamp = value.try_cast("timestamp")
        day = ibis.coalesce(value.substr(0, ISO_DAY_LENGTH).try_cast("date"), stamp.date())
        return ibis.ifelse(is_null(stamp), None, day)
    return value.date() if value.type().is_timestamp() else value


def _amount(table: ir.Table, columns: OrderColumns) -> ir.FloatingValue:
    if columns.amount is None:
        return ibis.literal(0.0)
    return as_number(table[columns.amount])


def as_number(value: ir.Value) -> ir.FloatingValue:
    """Read an amount; null where a text is no number."""
    return value.try_cast("float64") if value.type().is_string() else value.cast("float64")


def _is_no_id(value: ir.Value) -> ir.BooleanValue:
    if not value.type().is_string():
        return _is_missing(value)
    return is_null(value) | value.strip().lower().isin(NO_ID)


def _is_missing(value: ir.Value) -> ir.BooleanValue:
    if value.type().is_floating():
        # Not isnan and isinf, which some engines lack: NaN lies between nothing, in every engine.
        return ~value.between(-LARGEST, LARGEST).fill_null(False)
    return is_null(value)


def _counted(marked: ir.Table, columns: OrderColumns) -> tuple[pd.DataFrame, dict[str, KindCount]]:
    """Rows, amount, first and last day of every kind that occurs: one aggregate over the log."""
    finite = ibis.ifelse(_is_missing(marked[AMOUNT]), 0.0, marked[AMOUNT])
    found = run(
        marked.group_by(KIND).agg(
            rows=marked.count(), amount=finite.sum(), first=marked[DAY].min(), last=marked[DAY].max()
        )
    ).to_pylist()
    if not found:
        raise InputError("orders: expected at least one row, the log is empty.")
    found = sorted(found, key=lambda row: row[KIND])
    kinds = [KINDS[row[KIND]] for row in found]
    days = pd.DataFrame({name: pd.to_datetime([row[name] for row in found]) for name in ("first", "last")}, index=kinds)
    money = columns.amount is not None
    counts = [KindCount(int(row["rows"]), float(row["amount"]) if money else None) for row in found]
    return days, dict(zip(kinds, counts, strict=True))


def _examples(marked: ir.Table, columns: OrderColumns, kind: str) -> tuple[Mapping[str, object], ...]:
    rows = marked.filter(marked[KIND] == KINDS.index(kind)).select(_shown(marked, columns)).limit(EXAMPLES)
    return tuple(_own(row) for row in run(rows).to_pylist())


def _shown(table: ir.Table, columns: OrderColumns) -> list[str]:
    """Choose the columns of an example: those read by name, then as many others as fit."""
    needed = dict.fromkeys(columns.needed)
    others = [name for name in table.columns if name not in needed and not name.startswith("lw_")]
    return [*needed, *others][: max(EXAMPLE_COLUMNS, len(needed))]


def _own(row: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if not name.startswith("lw_")}


def _refuse(kind: str, count: KindCount, columns: OrderColumns) -> None:
    if not count.rows:
        return
    policy = POLICY_OF_KIND[kind]
    others = " or ".join(f'{policy}="{choice}"' for choice in CHOICES[policy] if choice != "error")
    column = {"missing_id": columns.customer_id, "missing_date": columns.date, "duplicate": "all columns"}
    raise InputError(
        f'orders: {policy}="error", and the log has {counted(count.rows, "row")} of the kind '
        f'"{KIND_LABELS[kind]}" '
        f"(column {column.get(kind, columns.amount)}), such as {_as_text(count.examples)}. "
        f"Repair them, or pass {others}."
    )


def _as_text(examples: tuple[Mapping[str, object], ...]) -> str:
    return "; ".join(row_text(row) for row in examples)


def _nothing_left(
    marked: ir.Table, columns: OrderColumns, counts: Mapping[str, KindCount], until: pd.Timestamp | None
) -> str:
    """Say why no row can be used, with rows of the commonest kind and its remedy."""
    commonest = max(counts, key=lambda kind: counts[kind].rows)
    remedy = {
        "missing_id": f"Is {columns.customer_id!r} the column of the ids?",
        "missing_date": f"Write {columns.date!r} as 1997-09-30, or convert it with pd.to_datetime.",
        "missing_amount": f"Make {columns.amount!r} plain numbers such as 1234.50.",
        "after_until": f"The log begins after until={until:%Y-%m-%d}." if until is not None else "",
    }
    tally = ", ".join(f"{count.rows:,} {KIND_LABELS.get(kind, kind)}" for kind, count in counts.items())
    examples = _as_text(_examples(marked, columns, commonest))
    return f"orders: no purchase is left of the log ({tally}), such as {examples}. {remedy.get(commonest, '')}"
