"""A look at an order log nobody has described yet: what each column holds, as the reader of orders would read it."""

from __future__ import annotations

import glob
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import duckdb
import ibis
import ibis.expr.types as ir

from lifeworth.models.ground.errors import InputError

from ..orders.order_log import FIRST_POSSIBLE_DAY, LARGEST, LAST_POSSIBLE_DAY, as_number, calendar_day
from ..orders.order_table import is_null, quiet, run
from ..orders.orders import CSV, PARQUET, embedded_engine

LOOKED_AT: Final = 200_000
"""Rows whose columns are looked at: enough to tell what they hold."""

FOREIGN_DATE: Final = r"^\s*(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})(\D.*)?$"
"""31.12.2026, 12/31/2026 8:26: day and month in an order that only the writer knows."""
COMPACT_DATE: Final = r"^\s*(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\s*$"
"""20261231, as text or as a number."""
COMMA_NUMBER: Final = r"^\s*-?\d{1,3}([. ]?\d{3})*,\d{1,2}\s*$"
"""1.234,50: a comma before the cents."""
SIGNED_NUMBER: Final = (
    r"^\s*-?[^\d\s.,-]{1,3}\s*-?\d[\d,. ]*$|^\s*-?\d[\d,. ]*\s*[^\d\s.,-]{1,4}\s*$|^\s*-?\d{1,3}(,\d{3})+(\.\d+)?\s*$"
)
"""$12.50, 12,50 €, 1,234.50: a sign beside the number, or commas between thousands."""

NO_NAME: Final = re.compile(r"\s*(-?\d+(\.\d+)?|\d{4}-\d\d-\d\d.*)?\s*")
"""What stands in a first line that holds values, not names."""
FEWEST_COLUMNS: Final = 3
FIELD_MARKS: Final = (",", ";", "\t", "|")
NAMES: Final = ', header=None, names=["customer_id", "date", "quantity", "amount"]'
"""Names of the classic CDNOW file, to be replaced by those of another."""
EXAMPLE: Final = 40
"""Characters of a first line that an error repeats."""


@dataclass(frozen=True)
class Facts:
    """What a column holds; counts of rows, of those looked at.

    Attributes
    ----------
    name : str
    kind : str
        "text", "number", "date" or "other": its type in the source.
    filled : int
        Rows with a value.
    distinct : int
        Different values.
    days, numbers, whole : int
        Values that the reader takes for a day, a number, a whole number.
    foreign, compact, commas, signed : int
        Values it cannot read: see `FOREIGN_DATE`, `COMPACT_DATE`, `COMMA_NUMBER`, `SIGNED_NUMBER`.
    first_part, second_part : int
        The largest first and second number of foreign dates: beyond 12 it is the day.
    longest : int
        Characters of the longest text.
    example : str
        One of the values.
    """

    name: str
    kind: str
    filled: int
    distinct: int
    days: int = 0
    numbers: int = 0
    whole: int = 0
    foreign: int = 0
    compact: int = 0
    commas: int = 0
    signed: int = 0
    first_part: int = 0
    second_part: int = 0
    longest: int = 0
    example: str = ""

    def mostly(self, count: int) -> bool:
        """Whether nearly all values are of a kind: a few may be broken."""
        return self.filled > 0 and count >= MOSTLY * self.filled


MOSTLY: Final = 0.9
"""Share of values that makes a column one of dates or numbers."""


@dataclass(frozen=True)
class Look:
    """An order log that was looked at.

    Attributes
    ----------
    pattern : str
        The file or glob.
    files : tuple of str
    table : ibis Table
        All of it; a CSV file as text.
    rows : int
    columns : tuple of Facts
    """

    pattern: str
    files: tuple[str, ...]
    table: ir.Table
    rows: int
    columns: tuple[Facts, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def delimiter(self) -> str:
        """What stands between the fields of a CSV file; nothing for Parquet."""
        if self.files[0].lower().endswith(PARQUET):
            return ""
        with duckdb.connect() as engine:
            sniffed = engine.execute("SELECT Delimiter FROM sniff_csv(?, all_varchar = true)", [self.files[0]])
            return str(sniffed.fetchall()[0][0])


def look_at(orders: str | Path) -> Look:
    """Look at a CSV or Parquet file, or a glob of them.

    Raises
    ------
    InputError
        There is none, it is something else, it has no names of columns, or no rows.
    """
    pattern = str(orders)
    files = [pattern] if Path(pattern).is_file() else sorted(glob.glob(pattern, recursive=True))
    if not files:
        raise InputError(f"orders: no file at {pattern!r}. Check the path; a glob looks like 'orders/*.parquet'.")
    for file in files:
        if not file.lower().endswith(PARQUET + CSV):
            raise InputError(_foreign_file(file))
    try:
        with quiet():
            table = _table(files)
            _check_names(files[0], table)
            rows = int(table.count().execute())
            if not rows:
                raise InputError(f"orders: {pattern!r} has names of columns ({', '.join(table.columns)}) and no row.")
            return Look(pattern, tuple(files), table, rows, _facts(table.limit(LOOKED_AT)))
    except duckdb.Error as error:
        raise InputError(f"orders: could not read {pattern!r}: {_reason(error, files[0])}") from error


def _reason(error: duckdb.Error, file: str) -> str:
    """What the engine says, without what it says of itself."""
    said = str(error)
    if "not utf-8" in said.lower():
        again = f'pd.read_csv({file!r}, sep=None, engine="python", encoding="cp1252").to_csv("orders.csv", index=False)'
        return f"it is not UTF-8. Save it so, or convert it:{_code(again)}"
    return said.partition("\n")[0]


def _table(files: list[str]) -> ir.Table:
    """As the reader of orders does: every field of a CSV file is text."""
    engine = embedded_engine()
    escaped = [glob.escape(file) for file in files]
    if all(file.lower().endswith(PARQUET) for file in files):
        return engine.read_parquet(escaped, union_by_name=True)
    if any(file.lower().endswith(PARQUET) for file in files):
        raise InputError(f"orders: expected files of one kind; got CSV and Parquet ({', '.join(files[:2])} …).")
    return engine.create_table(
        "orders", engine.read_csv(escaped, all_varchar=True, union_by_name=True, skip=0), temp=True
    )


def _foreign_file(file: str) -> str:
    """What to do with a file that is neither CSV nor Parquet."""
    ending = Path(file).suffix.lower()
    how = "Export the orders as CSV or Parquet."
    if ending in (".xlsx", ".xls"):
        how = f"Export the sheet as CSV, or convert it:{_code(f'pd.read_excel({file!r}).to_parquet("orders.parquet")')}"
    elif ending in (".txt", ".dat", ""):
        with open(file, encoding="utf-8", errors="replace") as text:
            first = text.readline()
        separated = any(mark in first for mark in FIELD_MARKS)
        how = (
            "Rename it to .csv." if separated else f"Its fields are separated by spaces. {_spaces_remedy(file, first)}"
        )
    return f"orders: expected a file that ends in {', '.join((*CSV, *PARQUET))}; got {file!r}. {how}"


def _spaces_remedy(file: str, first: str) -> str:
    """How to convert a file of fields separated by spaces; without names in its first line they are added."""
    named = "" if all(not NO_NAME.fullmatch(word) for word in first.split()) else NAMES
    return f"Convert it:{_code(rf'pd.read_csv({file!r}, sep=r"\s+"{named}).to_csv("orders.csv", index=False)')}"


def _code(line: str) -> str:
    return f"\n    import pandas as pd\n    {line}"


def _check_names(file: str, table: ir.Table) -> None:
    """Refuse a first line of values, and a file that is one column."""
    names = table.columns
    if file.lower().endswith(PARQUET):
        return
    if len(names) == 1 and len(names[0].split()) >= FEWEST_COLUMNS:
        raise InputError(
            "orders: expected fields separated by comma, semicolon, tab or |, and names in the first line; got fields "
            f"separated by spaces in {file!r}: {names[0].strip()[:EXAMPLE]!r}. {_spaces_remedy(file, names[0])}"
        )
    if all(re.fullmatch(r"column\d+", name) for name in names) and not table.count().execute():
        raise InputError(f"orders: expected names of columns and orders below them; {file!r} is empty.")
    if any(name.strip() and NO_NAME.fullmatch(name) for name in names):
        raise InputError(
            f"orders: expected names of columns in the first line of {file!r}; got values "
            f"({', '.join(names)[:EXAMPLE]}). Write a line of names above them, such as customer_id,date,amount."
        )


def _facts(table: ir.Table) -> tuple[Facts, ...]:
    """One aggregate over all columns."""
    asked = {
        f"{measure}_{place}": value
        for place, name in enumerate(table.columns)
        for measure, value in _measures(table, name).items()
    }
    found = run(table.aggregate(**asked)).to_pylist()[0]
    facts = []
    for place, name in enumerate(table.columns):
        own = {key.rpartition("_")[0]: value for key, value in found.items() if key.rpartition("_")[2] == str(place)}
        numbers = {key: int(value or 0) for key, value in own.items() if key != "example"}
        facts.append(Facts(name, _kind(table, name), example=str(own["example"] or ""), **numbers))
    return tuple(facts)


def _kind(table: ir.Table, name: str) -> str:
    kind = table.schema()[name]
    if kind.is_boolean():
        return "other"
    if kind.is_numeric():
        return "number"
    if kind.is_date() or kind.is_timestamp():
        return "date"
    return "text" if kind.is_string() else "other"


def possible_day(value: ir.Value) -> ir.DateValue:
    """Read the day of an order as the reader of orders does; null where none can be meant."""
    day = calendar_day(value)
    possible = day.between(ibis.literal(FIRST_POSSIBLE_DAY), ibis.literal(LAST_POSSIBLE_DAY))
    return ibis.ifelse(possible, day, None)


def _is_number(value: ir.Value) -> ir.BooleanValue:
    return value.between(-LARGEST, LARGEST).fill_null(False)


def _measures(table: ir.Table, name: str) -> dict[str, Any]:
    value, kind = table[name], _kind(table, name)
    filled = ~is_null(value)
    text = value.cast("string")
    if kind == "text":
        filled &= value.strip() != ""
    if kind == "number":
        filled &= _is_number(value)
    measures = {
        "filled": filled.sum(),
        "distinct": value.nunique(where=filled),
        "longest": text.length().max(),
        "example": text.max(where=filled),
    }
    if kind in ("text", "date"):
        measures["days"] = possible_day(value).count()
    if kind in ("text", "number"):
        number = as_number(value)
        good = _is_number(number)
        measures["numbers"] = good.sum()
        measures["whole"] = (good & (number == number.floor())).sum()
        measures["compact"] = text.re_search(COMPACT_DATE).sum()
    if kind == "text":
        parts = [text.re_extract(FOREIGN_DATE, part).try_cast("int64").max() for part in (1, 2)]
        commas, signed = text.re_search(COMMA_NUMBER), text.re_search(SIGNED_NUMBER)
        measures |= {
            "example": ibis.coalesce(text.max(where=commas), text.max(where=signed), measures["example"]),
            "foreign": text.re_search(FOREIGN_DATE).sum(),
            "first_part": parts[0],
            "second_part": parts[1],
            "commas": commas.sum(),
            "signed": signed.sum(),
        }
    return {key: ibis.coalesce(value, 0) if key != "example" else value for key, value in measures.items()}
