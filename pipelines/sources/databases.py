"""Databases of orders: connecting so that nothing can be written, and finding the table."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import ibis
import ibis.common.exceptions as ibis_errors
import ibis.expr.types as ir

from lifeworth.models.ground.errors import InputError

from ..orders.order_table import quiet
from ..settings.secrets import expand, masked
from ..settings.settings import SourceSettings
from ..settings.suggestions import did_you_mean
from .failures import told

KEY: Final = "[source] url"

POSTGRES: Final = ("postgresql", "postgres")
IN_FILES: Final = ("duckdb", "sqlite")
"""Databases that are a file."""
IN_MEMORY: Final = ("", ":memory:")

CONNECT_TIMEOUT: Final = 15
"""Seconds for a server to answer: one that is there does within a few."""

VIEW: Final = "lw_query"

UTC: Final = "UTC"
"""In whose days ibis counts instants, unless it is told otherwise."""


@dataclass(frozen=True)
class Database:
    """A database that is open for reading.

    Attributes
    ----------
    table : ibis Table
        What was asked of it.
    name : str
        Without secrets.
    zone : str
        Time zone in whose days instants are counted.
    """

    table: ir.Table
    name: str
    zone: str


@contextmanager
def open_database(source: SourceSettings, folder: Path) -> Iterator[Database]:
    """Connect, find table or query, and let nothing be written; disconnect at the end.

    Parameters
    ----------
    source : SourceSettings
        With a URL.
    folder : Path
        What the path of a DuckDB or SQLite file is relative to.

    Raises
    ------
    InputError
        The database is not there or does not let us in, the table is missing, or the connection is lost on the way.
    """
    url = source.url or ""
    shown, whole = masked(url), expand(url, KEY)
    name = f"{shown}, {f'table {source.table}' if source.table else 'query'}"
    with told(f"source: could not read {name}", whole):
        with told(f"source: could not connect to {shown}", whole):
            backend, zone = _connect(whole, shown, folder)
        try:
            yield Database(_table(backend, source, shown), name, zone)
        finally:
            backend.disconnect()


def _connect(url: str, shown: str, folder: Path) -> tuple[Any, str]:
    """Connect; return the engine and the time zone of its days."""
    scheme = url.partition("://")[0].lower()
    if scheme in POSTGRES:
        return _postgres(url)
    path = _database_file(url, scheme, shown, folder) if scheme in IN_FILES else ""
    try:
        if scheme == "duckdb":
            engine = ibis.duckdb.connect(path, read_only=True)
            # by default it spills beside the file, where perhaps nothing can be written
            engine.settings["temp_directory"] = tempfile.gettempdir()
            return engine, UTC
        return ibis.connect(f"{scheme}://{path}" if path else url), UTC
    except ImportError as error:
        raise InputError(
            f"source: {scheme}:// needs a package that is not installed. Install it: "
            f'pip install "ibis-framework[{scheme}]".'
        ) from error
    except (ValueError, AttributeError):
        # the words of ibis repeat the URL, password and all
        raise InputError(
            f"source: {KEY} {shown!r}: expected duckdb://…, postgresql://… or another URL that ibis knows."
        ) from None


def _database_file(url: str, scheme: str, shown: str, folder: Path) -> str:
    """The path of the database, which must be there: an engine would begin a new one."""
    parsed = urlsplit(url)
    written = unquote(parsed.netloc + parsed.path)
    if written in IN_MEMORY:
        raise InputError(f"source: {shown!r} is a database in memory, which holds nothing. Name its file.")
    path = folder.absolute() / Path(written).expanduser()
    if not os.path.isfile(path):
        beside = [name.name for name in path.parent.iterdir()] if path.parent.is_dir() else []
        raise InputError(
            f"source: no database {str(path)!r}.{did_you_mean(path.name, beside)} Check {KEY}, whose path is relative "
            f"to the settings file unless it begins with {scheme}:///."
        )
    with open(path, "rb"):  # what may not be read is told as such, not as whatever the engine makes of it
        return str(path)


def _postgres(url: str) -> tuple[Any, str]:
    try:
        psycopg = import_module("psycopg")
        backend = ibis.postgres
    except (ImportError, AttributeError) as error:
        raise InputError(
            'source: PostgreSQL needs packages that are not installed. Install them: pip install "lifeworth[postgres]".'
        ) from error
    asked = {} if "connect_timeout" in url else {"connect_timeout": CONNECT_TIMEOUT}
    connection = psycopg.connect(url, autocommit=True, **asked)
    zone = str(connection.execute("SHOW timezone").fetchone()[0])
    engine = backend.from_connection(connection)
    # ibis counts days in UTC; the zone of the user or the database is what the shop means by a day
    connection.execute("SELECT set_config('timezone', %s, false)", (zone,))
    return engine, zone


def _table(backend: Any, source: SourceSettings, shown: str) -> ir.Table:
    with quiet():
        if source.query is not None:
            with told(f"source: {shown} does not understand [source] query"):
                table = _query(backend, source.query.strip().rstrip(";"))
        else:
            table = _named_table(backend, source.table or "", shown)
    if backend.name == "postgres":  # from here on: a view of the query may have had to be made
        backend.con.execute("SET default_transaction_read_only = on")
    return table


def _named_table(backend: Any, name: str, shown: str) -> ir.Table:
    """The table "orders", "schema.orders" or "catalog.schema.orders"."""
    *place, table = name.split(".")
    try:
        return backend.table(table, database=_database(place))
    except ibis_errors.TableNotFound as error:
        known = _tables(backend, place)
        where = f" in {'.'.join(place)}" if place else ""
        has = f"They are {', '.join(sorted(known))}." if known else "There is none at all."
        raise InputError(f"source: {shown} has no table {table!r}{where}.{did_you_mean(table, known)} {has}") from error


def _database(place: list[str]) -> str | tuple[str, ...] | None:
    """What ibis calls the place of a table."""
    return None if not place else place[0] if len(place) == 1 else tuple(place)


def _query(backend: Any, query: str) -> ir.Table:
    """A query as a view of this connection alone: ibis 12 asks PostgreSQL and DuckDB 2 in ways they do not answer."""
    view = f"CREATE TEMPORARY VIEW {VIEW} AS {query}"
    if backend.name == "duckdb":
        backend.con.execute(view)
        return backend.table(VIEW, database=("temp", "main"))
    if backend.name == "postgres":
        backend.con.execute(view, binary=True)  # the protocol that takes one statement and no more
        place = backend.con.execute("SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema()").fetchone()
        return backend.table(VIEW, database=place[0])
    return backend.sql(query)


def _tables(backend: Any, place: list[str]) -> list[str]:
    """Names of the tables of a schema, by default of the one that is looked into."""
    if backend.name != "duckdb":
        return list(backend.list_tables(database=_database(place)))
    # as above, of its catalogue
    words = "SELECT table_name FROM information_schema.tables WHERE table_schema = ?"
    return [name for (name,) in backend.con.execute(words, [place[-1] if place else "main"]).fetchall()]
