"""A run in a database: every table of it in one transaction, keyed by run; the same run twice is the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import pandas as pd

from lifeworth.models.ground.errors import InputError

from ..record.record import RunRecord
from ..settings.secrets import expand, masked, scrub
from ..settings.settings import DatabaseSettings
from .column import Table
from .database_rows import rows_of
from .schema import DATABASE_TABLES, RUN_ID, RUNS
from .warehouse import Warehouse, quoted
from .warehouse_duckdb import open_duckdb
from .warehouse_postgres import open_postgres

KEY: Final = "[publish.database] url"
POSTGRES: Final = ("postgresql", "postgres")
IN_MEMORY: Final = ("", ":memory:")
LONGEST_NAME: Final = 63
"""Bytes of a name in PostgreSQL, which cuts longer ones."""
NOTHING_WRITTEN: Final = "Nothing was written: the database holds what it held before."
REMEDIES: Final = {
    "no password supplied": "It asks for a password: write ${PGPASSWORD} into the URL and set that variable.",
    "password authentication failed": "User or password is wrong: check the URL and the variable it names.",
    "connection refused": "Nothing listens there: is the database running, are host and port right?",
    "resolve host": "No such host: check the URL.",
    "translate host": "No such host: check the URL.",
    "permission denied": "Give this user the right to create tables and to write.",
    "read-only": "Give this user the right to write.",
    "set lock": "Another program has the file open: close it there.",
    "different configuration": "This program has the file open for reading: read orders from another file.",
    "lock timeout": "Another run writes to it and has not ended: see that it does, then run again.",
    "nul (0x00)": "A customer_id holds the character NUL, which PostgreSQL cannot store: take it out of the orders.",
    "u0000": "An attribute holds the character NUL, which PostgreSQL cannot store: take it out of the orders.",
    "no space left": "Free some space.",
    "terminating connection": "The server ended the connection: run again when it is back.",
    "server closed": "The server went away: run again when it is back.",
    "connection is lost": "The server went away: run again when it is back.",
}  # fmt: skip
"""What to do, by words of the message of whoever failed; the first that fits."""


def upsert(record: RunRecord, database: DatabaseSettings) -> None:
    """Write a run into the database and make it the current one, in one transaction.

    Readers see all of the run or nothing of it. Rows of the same run that are there are replaced; other runs stay.
    Tables that are absent are made.

    Parameters
    ----------
    record : RunRecord
    database : DatabaseSettings
        `url`: "duckdb://file", relative to the settings file, or "postgresql://…".

    Raises
    ------
    InputError
        The database is not there, refuses, or goes away on the way; a table of one of the names is another. Nothing is
        written then.
    """
    write_run(rows_of(record), record.run_id, database, record.settings.folder)


def write_run(
    rows: Iterable[tuple[Table, pd.DataFrame]], run_id: str, database: DatabaseSettings, folder: Path = Path()
) -> None:
    """Write the rows of a run, as `database_rows.rows_of` makes them; see `upsert`."""
    with _opened(database, folder) as warehouse:
        warehouse.lock(database.table_prefix)
        for table in DATABASE_TABLES:
            _prepare(warehouse, _name(database, table), table)
        _delete(warehouse, (run_id,), database)
        runs = quoted(_name(database, RUNS))
        warehouse.run(f"UPDATE {runs} SET is_current = FALSE WHERE is_current")
        for table, frame in rows:
            warehouse.insert(_name(database, table), frame, table.columns)


def forget(run_ids: Sequence[str], database: DatabaseSettings, folder: Path = Path()) -> None:
    """Delete runs from the database, in one transaction; those that are not there are no error.

    Parameters
    ----------
    run_ids : sequence of str
    database : DatabaseSettings
    folder : Path
        What the path of a DuckDB file is relative to: that of the settings.

    Raises
    ------
    InputError
        As `upsert`.
    """
    with _opened(database, folder) as warehouse:
        warehouse.lock(database.table_prefix)
        _delete(warehouse, tuple(run_ids), database)


def _prepare(warehouse: Warehouse, name: str, table: Table) -> None:
    """Make a table, or see that the one that is there has its columns.

    Raises
    ------
    InputError
        It has others.
    """
    found = warehouse.shape(name)
    if not found:
        warehouse.create(name, table)
        return
    expected = {column.name: warehouse.type_of(column) for column in table.columns}
    amiss = [f"{column} ({kind}) is missing" for column, kind in expected.items() if column not in found]
    amiss += [f"{column} is {found[column]}, not {kind}" for column, kind in expected.items()
              if column in found and found[column] != kind]  # fmt: skip
    amiss += [f"{column} ({kind}) is too many" for column, kind in found.items() if column not in expected]
    if amiss:
        raise InputError(
            f"publish.database: table {name} has other columns than lifeworth writes: {', '.join(amiss)}. Rename or "
            f"drop it, and it is made anew; or choose another [publish.database] table_prefix. {NOTHING_WRITTEN}"
        )


def _delete(warehouse: Warehouse, run_ids: tuple[str, ...], database: DatabaseSettings) -> None:
    """Delete the rows of runs from every table that is there."""
    for table in DATABASE_TABLES:
        name = _name(database, table)
        if warehouse.shape(name):
            for run_id in run_ids:
                warehouse.run(f"DELETE FROM {quoted(name)} WHERE {RUN_ID.name} = {warehouse.mark}", run_id)


def _name(database: DatabaseSettings, table: Table) -> str:
    name = f"{database.table_prefix}{table.name}"
    if len(name) > LONGEST_NAME:
        raise InputError(
            f"[publish.database] table_prefix: expected names of tables up to {LONGEST_NAME} characters, got {name!r} "
            f"({len(name)}). Choose a shorter prefix."
        )
    return name


@contextmanager
def _opened(database: DatabaseSettings, folder: Path) -> Iterator[Warehouse]:
    """The database within one transaction; whatever fails in it is told without secrets."""
    shown, whole = masked(database.url), expand(database.url, KEY)
    try:
        with _connection(whole, shown, folder) as warehouse:
            yield warehouse
    except Exception as error:
        if not _is_foreign(error):
            raise
        text = " ".join(str(error).split()).rstrip(".")
    else:
        return
    # the cause is not chained: a traceback would show its words as they came, secrets included
    remedy = next((advice for words, advice in REMEDIES.items() if words in text.lower()), "")
    raise InputError(scrub(f"publish.database: could not write to {shown}: {text}. {remedy} {NOTHING_WRITTEN}", whole))


def _connection(url: str, shown: str, folder: Path) -> AbstractContextManager[Warehouse]:
    parsed = urlsplit(url)
    if parsed.scheme in POSTGRES:
        return open_postgres(url)
    if parsed.scheme != "duckdb":
        raise InputError(f"{KEY}: expected duckdb://file or postgresql://…, got {shown!r}.")
    written = unquote(parsed.netloc + parsed.path)
    if written in IN_MEMORY:
        raise InputError(f"{KEY}: {shown!r} is a database in memory, which is gone with the run. Name a file.")
    return open_duckdb(folder.absolute() / Path(written).expanduser())


def _is_foreign(error: Exception) -> bool:
    """Whether database, disk or network failed: drivers derive from a class of their own called `Error` (DB-API 2)."""
    return isinstance(error, OSError) or any(base.__name__ == "Error" for base in type(error).__mro__)
