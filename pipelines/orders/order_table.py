"""An order log as an ibis table: the names of its columns, where it lives, and how it is evaluated."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import ibis.common.exceptions as ibis_errors
import ibis.expr.types as ir
import pyarrow as pa

from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.summary_checks import COLUMNS, ID

IBIS_WARNINGS: Final = ("fetch_arrow_table", "The 'future.infer_string' option")
"""What DuckDB and pandas say about how ibis 12 calls them, which a user can do nothing about."""

CLOSE_MATCHES: Final = 3


@dataclass(frozen=True)
class OrderColumns:
    """The names of the columns of an order log.

    Attributes
    ----------
    customer_id, date : str
        Who and when.
    amount : str or None
        How much; None for a log without money.
    attributes : tuple of str
        Columns to keep as attributes of the customer.
    """

    customer_id: str = ID
    date: str = "date"
    amount: str | None = "amount"
    attributes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse attributes whose names a summary uses itself."""
        taken = [name for name in self.attributes if name in COLUMNS]
        if taken or len(set(self.attributes)) < len(self.attributes):
            raise InputError(
                "attributes: expected each column once and none that the summary itself has, "
                f"got {', '.join(self.attributes)}. Rename the column in the log."
            )

    @property
    def needed(self) -> tuple[str, ...]:
        """Every column that is read by name."""
        money = () if self.amount is None else (self.amount,)
        return (self.customer_id, self.date, *money, *self.attributes)

    @property
    def attribute_keys(self) -> dict[str, str]:
        """The attributes by a name that no column of an expression of ours has."""
        return {f"lw_attribute_{position}": name for position, name in enumerate(self.attributes)}


@dataclass(frozen=True)
class OrderTable:
    """An order log as an ibis table.

    Attributes
    ----------
    table : ibis Table
        The log.
    columns : OrderColumns
        The names of its columns.
    engine : ibis backend or None
        The embedded DuckDB if lifeworth opened it; None for a table in an engine of the user's.
    remarks : tuple of str
        What a reader should know about the source.
    """

    table: ir.Table
    columns: OrderColumns
    engine: Any = None
    remarks: tuple[str, ...] = ()

    def parsed_once(self, table: ir.Table) -> ir.Table:
        """Store a table made of this one if that saves parsing text in every query and the engine is ours."""
        schema = self.table.schema()
        text = any(schema[name].is_string() for name in (self.columns.date, self.columns.amount) if name)
        if self.engine is None or not text:
            return table
        return self.stored(table, "parsed")

    def stored(self, table: ir.Table, name: str) -> ir.Table:
        """Store a table made of this one, so that queries do not make it again, if the engine is ours."""
        if self.engine is None:
            return table
        with quiet():
            return self.engine.create_table(name, table)


def check_names(names: Sequence[str], columns: OrderColumns) -> None:
    """Refuse a log without a column that is needed, naming those that look like it.

    Raises
    ------
    InputError
        A column is missing, or there are several of its name.
    """
    for name in columns.needed:
        if list(names).count(name) > 1:
            raise InputError(f"orders: expected one column {name!r}, got several. Drop or rename the others.")
        if name not in names:
            close = _close(str(name), [str(other) for other in names])
            hint = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
            raise InputError(f"orders: no column {name!r}.{hint} The columns are {', '.join(map(str, names))}.")


def _close(name: str, names: list[str]) -> list[str]:
    """Find the names like this one: spelled nearly so, or with it inside ("date" in "order_date")."""
    lower = {other.lower(): other for other in names}
    spelled = difflib.get_close_matches(name.lower(), list(lower), CLOSE_MATCHES)
    inside = [other for other in lower if name.lower() in other or other in name.lower()]
    return [lower[other] for other in dict.fromkeys(spelled + inside)][:CLOSE_MATCHES]


def run(table: ir.Table) -> pa.Table:
    """Evaluate an expression in its engine.

    Raises
    ------
    InputError
        The engine lacks an operation that is needed.
    """
    try:
        with quiet():
            return table.to_pyarrow()
    except (ibis_errors.OperationNotDefinedError, ibis_errors.UnsupportedOperationError) as error:
        raise InputError(
            f"orders: the engine of this table cannot evaluate the summary ({error}). Make the date column a "
            "date and the amount a number there, or export the log to Parquet and pass its path."
        ) from error


def is_null(value: ir.Value) -> ir.BooleanValue:
    """Whether a value is null, in ibis (pandas would say isna)."""
    return value.isnull()


@contextmanager
def quiet() -> Iterator[None]:
    """Silence `IBIS_WARNINGS`."""
    with warnings.catch_warnings():
        for message in IBIS_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        yield
