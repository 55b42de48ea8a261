"""A dirty order log in every kind of source."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import duckdb
import ibis
import numpy as np
import pandas as pd
import pytest

from lifeworth.pipelines.orders.order_table import quiet
from lifeworth.pipelines.settings.settings import Settings

ECONOMICS: Final = {"margin": 0.3, "annual_discount_rate": 0.1}
COLUMNS: Final = {"customer_id": "customer", "date": "day", "amount": "paid", "attributes": ["channel"]}

type MakeSettings = Callable[..., Settings]


@pytest.fixture(scope="session")
def settings_of() -> MakeSettings:
    """Make settings of a source: ``settings_of(folder, path="orders.csv", rows={"duplicates": "drop"})``."""

    def made(folder: Path, *, columns: Any = COLUMNS, rows: Any = None, **source: str) -> Settings:
        tables = {"source": source, "columns": columns, "rows": rows or {}, "economics": ECONOMICS}
        return Settings.model_validate(tables).model_copy(update={"folder": folder})

    return made


def dirty(seed: int = 5, rows: int = 400) -> pd.DataFrame:
    """Orders of 40 customers: missing ids, dates and amounts, refunds, zeros, duplicates and near duplicates."""
    rng = np.random.default_rng(seed)
    log = pd.DataFrame(
        {
            "customer": [f"c{number:03d}" for number in rng.integers(0, 40, rows)],
            "day": [datetime.date(2020, 1, 1) + datetime.timedelta(int(days)) for days in rng.integers(0, 500, rows)],
            "paid": np.round(rng.gamma(2.0, 20.0, rows), 2),
            "channel": rng.choice(["web", "shop", None], rows),
            "line": rng.integers(0, 1000, rows),
        }
    )
    for column, value, count in (
        ("customer", None, 5),
        ("customer", "NULL", 3),
        ("day", None, 6),
        ("day", datetime.date(9999, 12, 31), 2),
        ("paid", np.nan, 7),
        ("paid", 0.0, 8),
    ):
        log.loc[rng.choice(rows, count, replace=False), column] = value
    refunded = rng.choice(rows, 30, replace=False)
    log.loc[refunded, "paid"] = -log.loc[refunded, "paid"]
    refund_only = pd.DataFrame([["r1", datetime.date(2020, 3, 1), -5.0, "web", 1]], columns=log.columns)
    copies = log.sample(25, random_state=seed)
    near = log.sample(25, random_state=seed + 1).assign(line=lambda frame: frame["line"] + 5000)
    whole = pd.concat([log, copies, copies.head(8), near, refund_only], ignore_index=True)
    return whole.sample(frac=1.0, random_state=seed).reset_index(drop=True)


@dataclass(frozen=True)
class Held:
    """A log in a source: what the settings say, and how `summarise` reads it directly."""

    name: str
    source: dict[str, str]
    orders: Any


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return dirty()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("orders")


@pytest.fixture(scope="module")
def shop_url(postgres_url: str) -> Iterator[str]:
    """The URL as settings hold it: the password in an environment variable."""
    password = urlsplit(postgres_url).password or ""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_PASSWORD", password)
        yield postgres_url.replace(password, "${SHOP_PASSWORD}")


@pytest.fixture(scope="module")
def held(folder: Path, log: pd.DataFrame, postgres_url: str, shop_url: str) -> Iterator[dict[str, Held]]:
    """The same log as CSV, Parquet, DuckDB and PostgreSQL."""
    log.to_csv(folder / "orders.csv", index=False)
    log.to_parquet(folder / "orders.parquet", index=False)
    in_duckdb(folder / "orders.duckdb", log)
    in_postgres(postgres_url, "orders", log)
    with quiet():
        file = ibis.duckdb.connect(folder / "orders.duckdb", read_only=True)
        server = ibis.connect(postgres_url)
        tables = {"duckdb": file.table("orders"), "postgres": server.table("orders")}
    yield {
        "csv": Held("csv", {"path": "orders.csv"}, folder / "orders.csv"),
        "parquet": Held("parquet", {"path": "orders.parquet"}, folder / "orders.parquet"),
        "duckdb": Held("duckdb", {"url": "duckdb://orders.duckdb", "table": "orders"}, tables["duckdb"]),
        "postgres": Held("postgres", {"url": shop_url, "table": "orders"}, tables["postgres"]),
    }
    file.disconnect()
    server.disconnect()


def in_duckdb(path: Path, log: pd.DataFrame) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.register("log", log)
        connection.execute(
            "CREATE TABLE orders AS SELECT customer, CAST(day AS DATE) AS day, paid, channel, line FROM log"
        )


def in_postgres(url: str, table: str, log: pd.DataFrame) -> None:
    import psycopg

    rows = log.astype(object).where(log.notna(), None)
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {table}")
        cursor.execute(
            f"CREATE TABLE {table} (customer text, day date, paid double precision, channel text, line bigint)"
        )
        with cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for row in rows.itertuples(index=False):
                copy.write_row(row)
