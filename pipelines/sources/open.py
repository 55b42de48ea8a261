"""From the settings to the table of orders: files through an embedded engine, databases through their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace

from lifeworth.models.ground.errors import InputError

from ..orders.order_table import OrderColumns, OrderTable, check_names
from ..orders.orders import open_orders
from ..settings.amounts import amount_parts
from ..settings.settings import Settings
from .databases import open_database
from .failures import named, told
from .files import explain_csv, find_files, is_parquet, names_of, pattern_of


@dataclass(frozen=True)
class Source:
    """The orders where they are.

    Attributes
    ----------
    orders : OrderTable
        Every column; ids as `summarise` would return them.
    amount : tuple of str
        The column of the amounts, or the two whose product they are.
    name : str
        Where they are, without secrets.
    """

    orders: OrderTable
    amount: tuple[str, ...]
    name: str


def open_source(settings: Settings) -> AbstractContextManager[Source]:
    """Open the orders of the settings for reading; at the end of the context what was opened is closed.

    Files are read where they are; a DuckDB file and PostgreSQL are opened so that nothing can be written. Whatever
    goes wrong outside while the source is open, such as a database that goes away, is told as an InputError.

    Raises
    ------
    InputError
        The source is not there or cannot be read; a table or column is missing, or is of a type that cannot be meant.
    """
    return _files(settings) if settings.source.path is not None else _database(settings)


@contextmanager
def _files(settings: Settings) -> Iterator[Source]:
    path = settings.source.path or ""
    found = find_files(path, settings.folder)
    parts = _parts_in_all(found, settings)
    with told(f"source: could not read {path!r}"):
        with named(path):
            try:
                orders = open_orders(pattern_of(path, settings.folder), _columns(settings, parts))
            except InputError:
                if not is_parquet(found[0]):
                    explain_csv(found)
                raise
        try:
            yield Source(orders, parts, path + (f" ({len(found):,} files)" if len(found) > 1 else ""))
        finally:
            orders.engine.disconnect()


@contextmanager
def _database(settings: Settings) -> Iterator[Source]:
    with open_database(settings.source, settings.folder) as database:
        with named(database.name):
            parts = _parts(database.table.columns, settings)
            orders = open_orders(database.table, _columns(settings, parts))
        kind = orders.table.schema()[settings.columns.date]
        if kind.is_timestamp() and kind.timezone is not None:
            remark = f"Column {settings.columns.date!r} holds instants: an order belongs to its day in {database.zone}."
            orders = replace(orders, remarks=(*orders.remarks, remark))
        yield Source(orders, parts, database.name)


def _parts_in_all(paths: tuple[str, ...], settings: Settings) -> tuple[str, ...]:
    """Find the columns of the amount; refuse files without a column that is read: an engine would fill in nulls."""
    parts: tuple[str, ...] = ()
    for path in paths:
        with named(path):
            parts = _parts(names_of(path), settings)
    return parts


def _parts(names: Sequence[str], settings: Settings) -> tuple[str, ...]:
    """Find the columns of the amount, and see that none of those that are read is missing."""
    parts = amount_parts(settings.columns.amount, names)
    check_names(names, _columns(settings, parts))
    return parts


def _columns(settings: Settings, parts: tuple[str, ...]) -> OrderColumns:
    """The columns to open: of a product both factors are read as attributes are."""
    names = settings.columns
    if len(parts) == 1:
        return OrderColumns(names.customer_id, names.date, parts[0], names.attributes)
    return OrderColumns(names.customer_id, names.date, None, tuple(dict.fromkeys((*names.attributes, *parts))))
