"""Databases as sources: nothing is written, what goes wrong is told without the password, nothing is left half-way."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final
from urllib.parse import urlsplit

import duckdb
import pandas as pd
import psycopg
import pytest

from lifeworth.models.ground.errors import InputError
from lifeworth.pipelines.settings.settings import Settings
from lifeworth.pipelines.sources import staging
from lifeworth.pipelines.sources.open import open_source
from lifeworth.pipelines.sources.read import take_snapshot

PATIENCE: Final = 10.0  # seconds in which the reading of a table must have begun

type MakeSettings = Callable[..., Settings]


@pytest.fixture(scope="module")
def shop(postgres_url: str) -> Iterator[str]:
    """A PostgreSQL with shop_orders.orders: 20,000 rows, instants as dates, numeric amounts."""
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE SCHEMA shop_orders")
        connection.execute(
            "CREATE TABLE shop_orders.orders AS SELECT n % 500 AS customer_id, "
            "timestamptz '2020-01-01 23:30+00' + n % 400 * interval '1 day' AS date, "
            "(n % 7 + 1)::integer AS quantity, (n % 90 + 0.95)::numeric AS price, '{\"a\": 1}'::json AS notes "
            "FROM generate_series(1, 20000) n"
        )
    yield postgres_url
    with psycopg.connect(postgres_url) as connection:
        connection.execute("DROP SCHEMA shop_orders CASCADE")


@pytest.fixture
def settings(shop_url: str, tmp_path: Path, settings_of: MakeSettings) -> Callable[..., Settings]:
    def made(url: str = shop_url, **source: str) -> Settings:
        return settings_of(tmp_path, columns={"amount": "quantity * price"}, url=url, **source)

    return made


def test_a_table_of_a_schema_and_a_query_of_it_are_the_same_orders(
    shop: str, settings: Callable[..., Settings], tmp_path: Path
) -> None:
    table = take_snapshot(settings(table="shop_orders.orders"), tmp_path / "table")
    query = "SELECT date, customer_id, price, quantity FROM shop_orders.orders;"
    assert take_snapshot(settings(query=query), tmp_path / "query").rows == table.rows == 20_000
    found = pd.read_parquet(table.path)
    assert list(found) == ["customer_id", "date", "quantity * price", "lw_variant"]
    n = pd.Series(range(1, 20001))
    assert found["quantity * price"].sum() == pytest.approx(((n % 7 + 1) * (n % 90 + 0.95)).sum())
    assert table.schema["quantity"] == "int32"
    assert table.schema["notes"] == "json"


def test_days_are_those_of_the_time_zone_of_the_database(
    shop: str, settings: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = {}
    for zone in ("UTC", "Asia/Tokyo"):
        monkeypatch.setenv("PGTZ", zone)
        snapshot = take_snapshot(settings(table="shop_orders.orders"), tmp_path / zone)
        first[zone] = str(pd.read_parquet(snapshot.path)["date"].min())
        assert snapshot.remarks == (f"Column 'date' holds instants: an order belongs to its day in {zone}.",)
    assert first == {"UTC": "2020-01-01", "Asia/Tokyo": "2020-01-02"}


def test_nothing_can_be_written_into_the_source(shop: str, settings: Callable[..., Settings], tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match="read-only transaction"),
        open_source(settings(table="shop_orders.orders")) as source,
    ):
        source.orders.table.get_backend().con.execute("DELETE FROM shop_orders.orders")
    with duckdb.connect(str(tmp_path / "o.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE o AS SELECT 1 AS customer_id, DATE '2020-01-01' AS date, 2 AS quantity, 3 AS price"
        )
    with (
        pytest.raises(InputError, match="read-only mode"),
        open_source(settings(url="duckdb://o.duckdb", table="o")) as source,
    ):
        source.orders.table.get_backend().con.execute("DELETE FROM o")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"table": "shop_orders.order"}, "has no table 'order' in shop_orders. Did you mean orders"),
        (
            {"table": "shop_orders.orders", "columns": {"customer_id": "customer", "amount": "price"}},
            "no column 'customer'. Did you mean",
        ),
        (
            {"query": "SELECT * FROM nowhere"},
            r"does not understand \[source\] query: relation \"nowhere\" does not exist",
        ),
        ({"query": "SELECT 1; DROP TABLE shop_orders.orders"}, "cannot insert multiple commands"),
        ({"query": "SELEC 1"}, r"does not understand \[source\] query"),
        ({"query": "DELETE FROM shop_orders.orders RETURNING *"}, r"does not understand \[source\] query"),
    ],
)
def test_what_is_not_there_is_named(
    source: dict[str, Any], words: str, shop: str, shop_url: str, tmp_path: Path, settings_of: MakeSettings
) -> None:
    columns = source.pop("columns", {"amount": "quantity * price"})
    with pytest.raises(InputError, match=words) as caught:
        take_snapshot(settings_of(tmp_path, columns=columns, url=shop_url, **source), tmp_path)
    assert os.environ["SHOP_PASSWORD"] not in str(caught.value)


def test_a_wrong_or_missing_password_is_told_and_never_shown(
    shop: str, settings: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "not/the@word")
    with pytest.raises(InputError, match=r"could not connect to .*\*\*\*@.* User or password is wrong") as caught:
        take_snapshot(settings(table="shop_orders.orders"), tmp_path)
    told = "".join(map(str, (caught.value, caught.value.__cause__)))
    assert "not/the@word" not in told
    assert "not%2Fthe%40word" not in told
    monkeypatch.delenv("SHOP_PASSWORD")
    with pytest.raises(InputError, match="environment variable SHOP_PASSWORD"):
        take_snapshot(settings(table="shop_orders.orders"), tmp_path)
    bare = shop.replace(f":{urlsplit(shop).password}", "")
    with pytest.raises(InputError, match="asks for a password"):
        take_snapshot(settings(url=bare, table="shop_orders.orders"), tmp_path)


def test_a_database_that_is_down_or_unknown_is_told(settings: Callable[..., Settings], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is the database running"):
        take_snapshot(settings(url="postgresql://u@127.0.0.1:1/shop", table="o"), tmp_path)
    with pytest.raises(InputError, match="No such host"):
        take_snapshot(settings(url="postgresql://u@nowhere.invalid/shop", table="o"), tmp_path)
    with pytest.raises(InputError, match=r"no database .*gone.duckdb"):
        take_snapshot(settings(url="duckdb://gone.duckdb", table="o"), tmp_path)
    with pytest.raises(InputError, match="another URL that ibis knows"):
        take_snapshot(settings(url="nosuch://host/shop", table="o"), tmp_path)


def test_a_driver_that_is_not_installed_is_named(
    settings: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(InputError, match=r'pip install "lifeworth\[postgres\]"'):
        take_snapshot(settings(url="postgresql://u@127.0.0.1:1/shop", table="o"), tmp_path)


def test_a_connection_that_is_cut_while_it_is_read_leaves_the_last_snapshot(
    shop: str, settings: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = take_snapshot(settings(table="shop_orders.orders"), tmp_path)
    before = last.path.read_bytes()
    monkeypatch.setattr(staging, "BATCH", 2)  # so that reading takes long enough to be cut
    cut = Event()
    watch = Thread(target=_cut_reading, args=(shop, cut))
    watch.start()
    with pytest.raises(InputError, match=r"could not read .*, table .*Run again; nothing was kept"):
        take_snapshot(settings(table="shop_orders.orders"), tmp_path)
    watch.join()
    assert cut.is_set()
    assert [file.name for file in tmp_path.iterdir()] == ["orders.parquet"]
    assert last.path.read_bytes() == before


def _cut_reading(url: str, cut: Event) -> None:
    """Terminate the connection that reads a table bit by bit, once some of it has been read."""
    reading = "FROM pg_stat_activity WHERE query LIKE 'FETCH%' AND state <> 'idle'"
    deadline = time.monotonic() + PATIENCE
    with psycopg.connect(url, autocommit=True) as connection:
        while not cut.is_set() and time.monotonic() < deadline:
            time.sleep(0.05)
            if connection.execute(f"SELECT 1 {reading} AND now() - xact_start > interval '0.1 s'").fetchone():
                connection.execute(f"SELECT pg_terminate_backend(pid) {reading}")
                cut.set()
