"""Runs from a database into a database: real DuckDB, real PostgreSQL, and no word of the password."""

from pathlib import Path

import duckdb
import pandas as pd
import psycopg
import pytest

import lifeworth as lw

FIRST, SECOND = "1998-05-31", "1998-06-30"


def everything_written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_duckdb_is_source_and_target(tmp_path, orders, settings_for):
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as engine:
        engine.execute("CREATE TABLE orders AS SELECT * FROM orders")
    settings = settings_for(
        tmp_path, 'url = "duckdb://shop.duckdb"\ntable = "orders"', '[publish.database]\nurl = "duckdb://clv.duckdb"'
    )
    result = lw.run(settings, as_of=FIRST)
    assert result.ending == "published"
    with duckdb.connect(str(tmp_path / "clv.duckdb"), read_only=True) as engine:
        runs = engine.execute("SELECT run_id, is_current FROM lifeworth_runs").fetchall()
        (customers,) = engine.execute("SELECT count(*) FROM lifeworth_customers").fetchone() or (0,)
    assert runs == [(result.run_id, True)]
    assert customers == len(pd.read_parquet(result.folder / "customers.parquet"))


def test_postgresql_is_source_and_target_and_its_password_stays_where_it_is(
    tmp_path, orders, settings_for, postgres_database, monkeypatch
):
    head, _, rest = postgres_database.partition("://")
    user, _, place = rest.partition(":")
    password, _, host = place.partition("@")
    monkeypatch.setenv("SHOP_PASSWORD", password)
    url = f"{head}://{user}:${{SHOP_PASSWORD}}@{host}"
    with psycopg.connect(postgres_database) as server:
        server.execute("CREATE TABLE orders (customer_id int, date date, amount double precision)")
        with server.cursor().copy("COPY orders FROM STDIN") as copy:
            for row in orders[["customer_id", "date", "amount"]].itertuples(index=False):
                copy.write_row(row)
    settings = settings_for(
        tmp_path, f'url = "{url}"\ntable = "orders"', f'[publish]\nkeep = 1\n[publish.database]\nurl = "{url}"'
    )
    first = lw.run(settings, as_of=FIRST)
    second = lw.run(settings, as_of=SECOND)
    assert second.ending in ("published", "published with warnings")
    with psycopg.connect(postgres_database) as server:
        runs = server.execute("SELECT run_id, is_current FROM lifeworth_runs").fetchall()
    assert runs == [(second.run_id, True)]  # one run is kept: the first is forgotten in both places
    assert not first.folder.exists()
    assert password.encode() not in everything_written(tmp_path)


def test_a_database_that_is_gone_leaves_what_is_published(second_night):
    before = (second_night.parent / "out" / "current").resolve()
    text = second_night.read_text()
    second_night.write_text(text + '\n[publish.database]\nurl = "postgresql://reader@127.0.0.1:9/nowhere"\n')
    with pytest.raises(lw.InputError, match=r"publish\.database"):
        lw.run(second_night, as_of=SECOND)
    assert (second_night.parent / "out" / "current").resolve() == before
    second_night.write_text(text)
    assert lw.run(second_night, as_of=SECOND).ending in ("published", "published with warnings")
