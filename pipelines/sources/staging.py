"""Bringing the orders into the embedded engine: the columns that are read, once for all rows that are equal."""

from __future__ import annotations

import datetime
from typing import Any, Final

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pyarrow as pa

from ..orders.order_log import as_number, calendar_day
from ..orders.order_table import is_null, quiet, run
from ..orders.orders import embedded_engine
from ..settings.settings import Settings
from .open import Source

COPIES: Final = "lw_copies"
"""How often a row stands in the source."""

DAY, NUMBER, RAW_DATE, RAW_AMOUNT = "lw_day", "lw_number", "lw_raw_date", "lw_raw_amount"

FIRST_DATE: Final = datetime.date.min
LAST_DATE: Final = datetime.date.max
"""What a date can be on its way here; beyond are the infinities of databases."""

BATCH: Final = 50_000
"""Rows that come from a database at once: some 50 MB as Python's objects."""


def staged(source: Source, settings: Settings) -> tuple[Any, ir.Table]:
    """Bring the orders here.

    Returns
    -------
    engine : ibis backend
        DuckDB: the one that holds the orders, or one of our own.
    table : ibis Table
        Temporary, in it. One row for all rows of the source that are equal in every column: the columns that are
        read, and `COPIES`.
    """
    expression = _expression(source, settings)
    engine = source.orders.table.get_backend()
    with quiet():
        if engine.name == "duckdb":
            engine.con.execute("RESET threads")  # what is made of it is counted and sorted, and sums of floats are not
            return engine, engine.create_table("lw_staged", expression, temp=True)
        engine = embedded_engine()
        table = engine.create_table("lw_staged", schema=expression.schema(), temp=True)
        for batch in expression.to_pyarrow_batches(chunk_size=BATCH):
            engine.con.register("lw_batch", pa.Table.from_batches([batch]))
            engine.con.execute("INSERT INTO lw_staged SELECT * FROM lw_batch")
            engine.con.unregister("lw_batch")
    return engine, table


def settled_columns(engine: Any, table: ir.Table, source: Source, settings: Settings) -> ir.Table:
    """Write days and amounts in one way, whatever type they came in.

    Returns
    -------
    ibis Table
        id, date, amount and attributes by the names of the settings, and `COPIES`. The date is a date and the amount a
        float64; where a text is neither, the column is text, and what can be read is written as a date or a float is.
    """
    names = settings.columns
    date = table[names.date]
    text = date.type().is_string()
    kept = _kept(settings)
    with quiet():
        parsed = engine.create_table(
            "lw_parsed",
            table.select(
                *kept,
                COPIES,
                **{
                    DAY: _known(calendar_day(date)),
                    RAW_DATE: _filled(date) if text else _no_text(),
                    NUMBER: _product(table, source.amount),
                    RAW_AMOUNT: _raw_amount(table, source.amount),
                },
            ),
            temp=True,
        )
        engine.con.execute("DROP TABLE lw_staged")  # a million rows are some 50 MB
    columns = {names.customer_id: parsed[names.customer_id]}
    columns[names.date] = _or_text(parsed, DAY, RAW_DATE)
    columns[names.amount] = _or_text(parsed, NUMBER, RAW_AMOUNT)
    return parsed.select(**columns, **{name: parsed[name] for name in (*kept[1:], COPIES)})


def _kept(settings: Settings) -> tuple[str, ...]:
    """Columns that are read as they are: the id, then attributes that are not read otherwise."""
    names = settings.columns
    return (names.customer_id, *(name for name in names.attributes if name not in (names.date, names.amount)))


def _expression(source: Source, settings: Settings) -> ir.Table:
    """One row for all that are equal, evaluated where the orders are."""
    table, names = source.orders.table, settings.columns
    # what knows no equality, such as JSON, is compared as it is written
    odd = {
        name: table[name].cast("string") for name, kind in table.schema().items() if kind.is_json() or kind.is_unknown()
    }
    table = table.mutate(**odd) if odd else table
    equal = table.group_by(list(table.columns)).agg(**{COPIES: table.count()})
    columns = {name: _sent(equal[name]) for name in _kept(settings)}
    columns[names.date] = _date_sent(equal[names.date])
    for name in source.amount:
        if name not in columns:
            value = equal[name]
            columns[name] = value if value.type().is_string() else as_number(value)
    return equal.select(**columns, **{COPIES: equal[COPIES]})


def _sent(value: ir.Value) -> ir.Value:
    """A value in a type that arrow and the embedded engine know as well."""
    kind = value.type()
    if isinstance(kind, dt.Decimal) and kind.scale is None:
        return value.cast("float64")
    known = kind.is_numeric() or kind.is_string() or kind.is_boolean() or kind.is_date() or kind.is_timestamp()
    return value if known else value.cast("string")


def _date_sent(value: ir.Value) -> ir.Value:
    """The day of a date or an instant in the zone of its engine; text as it is."""
    if value.type().is_string():
        return value
    return _known(calendar_day(value))


def _known(day: ir.DateValue) -> ir.DateValue:
    return ibis.ifelse(day.between(ibis.literal(FIRST_DATE), ibis.literal(LAST_DATE)), day, None)


def _product(table: ir.Table, names: tuple[str, ...]) -> ir.FloatingValue:
    first, *others = (as_number(table[name]) for name in names)
    for other in others:
        first = first * other
    return first


def _raw_amount(table: ir.Table, names: tuple[str, ...]) -> ir.StringValue:
    """The amount as it was written, null where nothing was."""
    if not any(table[name].type().is_string() for name in names):
        return _no_text()
    first, *others = (_filled(table[name].cast("string")) for name in names)
    for other in others:
        first = first + " * " + other
    return first


def _filled(text: ir.StringValue) -> ir.StringValue:
    """Text, null where it is blank."""
    return ibis.ifelse(text.strip() == "", None, text)


def _no_text() -> ir.StringValue:
    return ibis.literal(None, type="string")


def _or_text(parsed: ir.Table, read: str, raw: str) -> ir.Value:
    """What was read; if any text could not be, all as text."""
    unread = (is_null(parsed[read]) & ~is_null(parsed[raw])).sum().fill_null(0).name("unread")
    if not run(parsed.aggregate(unread)).to_pylist()[0]["unread"]:
        return parsed[read]
    return ibis.coalesce(parsed[read].cast("string"), parsed[raw])
