"""DuckDB as a database that is published to."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

import pandas as pd
import pyarrow as pa

from .column import Column, Kind
from .schema import arrow_schema
from .warehouse import Warehouse, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PATIENCE: Final = 20.0
"""Seconds to wait while another program has the file open: one that reads a figure is done by then."""
PAUSE: Final = 0.1
"""Seconds between two attempts."""
ROWS: Final = "lifeworth_rows_to_insert"
"""Name under which a frame is known while its rows are added."""


class DuckDB(Warehouse):
    """A DuckDB file; it is open to one program at a time, so that nothing needs locking."""

    types: ClassVar[Mapping[Kind, str]] = {
        "text": "VARCHAR",
        "integer": "BIGINT",
        "number": "DOUBLE",
        "boolean": "BOOLEAN",
        "date": "DATE",
        "json": "JSON",
    }
    mark = "?"
    # an index over every row of every run, in memory, and rows deleted and added again in one transaction trip over it
    keyed = False

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._connection = connection

    def lock(self, prefix: str) -> None:
        """Do nothing: nobody else can write."""

    def run(self, sql: str, *values: object) -> None:
        """Run a statement."""
        self._connection.execute(sql, list(values))

    def shape(self, name: str) -> dict[str, str]:
        """Columns of a table and their types; empty where there is none of the name."""
        found = self._connection.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_catalog = current_database() "
            "AND table_schema = current_schema() AND table_name = ? ORDER BY ordinal_position",
            [name],
        )
        return dict(found.fetchall())

    def insert(self, name: str, frame: pd.DataFrame, columns: tuple[Column, ...]) -> None:
        """Add rows, handed over as Arrow."""
        rows = pa.Table.from_pandas(frame, schema=arrow_schema(frame, columns), preserve_index=False)
        names = ", ".join(quoted(column.name) for column in columns)
        self._connection.register(ROWS, rows)
        try:
            self._connection.execute(f"INSERT INTO {quoted(name)} ({names}) SELECT {names} FROM {ROWS}")
        finally:
            self._connection.unregister(ROWS)


@contextmanager
def open_duckdb(path: Path) -> Iterator[Warehouse]:
    """Open a file, or begin it, for one transaction."""
    connection = _connected(path)
    try:
        connection.execute("SET temp_directory = ?", [tempfile.gettempdir()])
        connection.begin()
        yield DuckDB(connection)
        connection.commit()
    finally:
        connection.close()  # takes back what was not committed


def _connected(path: Path) -> DuckDBPyConnection:
    import duckdb

    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return duckdb.connect(str(path))
        except duckdb.IOException as error:
            if "lock" not in str(error).lower() or time.monotonic() > deadline:
                raise
            time.sleep(PAUSE)
