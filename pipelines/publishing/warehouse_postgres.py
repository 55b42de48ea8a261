"""PostgreSQL as a database that is published to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Final

import pandas as pd

from lifeworth.models.ground.errors import InputError

from .column import Column, Kind
from .warehouse import Warehouse, quoted

if TYPE_CHECKING:
    from psycopg import Connection

CONNECT_TIMEOUT: Final = 15
"""Seconds for a server to answer: one that is there does within a few."""
LOCK_TIMEOUT: Final = "60s"
"""Longest wait for another run that writes to the same tables: one takes seconds."""
ROWS_AT_ONCE: Final = 10_000
"""Rows in hand as Python values."""


class Postgres(Warehouse):
    """A PostgreSQL database, in the first schema of the search path."""

    types: ClassVar[Mapping[Kind, str]] = {
        "text": "text",
        "integer": "bigint",
        "number": "double precision",
        "boolean": "boolean",
        "date": "date",
        "json": "jsonb",
    }
    mark = "%s"
    keyed = True

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection

    def lock(self, prefix: str) -> None:
        """Wait for another run that writes to tables of this prefix, until the end of its transaction."""
        self._connection.execute("SELECT set_config('lock_timeout', %s, true)", (LOCK_TIMEOUT,))
        self._connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"lifeworth {prefix}",))

    def run(self, sql: str, *values: object) -> None:
        """Run a statement."""
        self._connection.execute(sql.encode(), values or None)

    def shape(self, name: str) -> dict[str, str]:
        """Columns of a table and their types; empty where there is none of the name."""
        found = self._connection.execute(
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND table_name = %s ORDER BY ordinal_position",
            (name,),
        )
        return dict(found.fetchall())

    def insert(self, name: str, frame: pd.DataFrame, columns: tuple[Column, ...]) -> None:
        """Add rows by COPY."""
        names = ", ".join(quoted(column.name) for column in columns)
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY {quoted(name)} ({names}) FROM STDIN".encode()) as copy,
        ):
            for start in range(0, len(frame), ROWS_AT_ONCE):
                part = frame.iloc[start : start + ROWS_AT_ONCE]
                for row in zip(*(_values(part[column.name]) for column in columns), strict=True):
                    copy.write_row(row)


@contextmanager
def open_postgres(url: str) -> Iterator[Warehouse]:
    """Connect for one transaction.

    Raises
    ------
    InputError
        The driver is not installed.
    """
    try:
        import psycopg
    except ImportError as error:
        raise InputError(
            "publish.database: PostgreSQL needs packages that are not installed. Install them: "
            'pip install "lifeworth[postgres]".'
        ) from error
    asked: dict[str, Any] = {} if "connect_timeout" in url else {"connect_timeout": CONNECT_TIMEOUT}
    with psycopg.connect(url, **asked) as connection:  # commits at the end, or takes everything back
        yield Postgres(connection)


def _values(column: pd.Series[Any]) -> list[Any]:
    """Values of a column as Python knows them, missing ones None."""
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column.dt.date
    return list(column.astype(object).where(column.notna(), None))
