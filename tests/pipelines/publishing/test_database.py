"""Runs in a real DuckDB and a real PostgreSQL: whole or not at all, the same however often, whatever ids hold."""

from __future__ import annotations

import json
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import psycopg
import pytest

from lifeworth import InputError
from lifeworth.pipelines.publishing import database as published
from lifeworth.pipelines.publishing import warehouse_duckdb
from lifeworth.pipelines.publishing.column import Table
from lifeworth.pipelines.publishing.database import forget, upsert, write_run
from lifeworth.pipelines.publishing.database_rows import rows_of
from lifeworth.pipelines.publishing.schema import DATABASE_TABLES
from lifeworth.pipelines.record.record import RunRecord
from lifeworth.pipelines.settings.settings import DatabaseSettings

MANY = 100_000

DIES_ON_THE_WAY = """
import os, pickle, signal, sys
from pathlib import Path
from lifeworth.pipelines.publishing.database import write_run
from lifeworth.pipelines.settings.settings import DatabaseSettings

rows = pickle.loads(Path(sys.argv[1]).read_bytes())

def some():
    yield from rows[:6]
    os.kill(os.getpid(), signal.SIGKILL)

write_run(some(), sys.argv[2], DatabaseSettings(url="${WAREHOUSE}"))
"""


type Parts = list[tuple[Table, pd.DataFrame]]


@pytest.fixture(scope="module")
def old(record: RunRecord) -> Parts:
    """Rows of the first run."""
    return list(rows_of(record))


@pytest.fixture(scope="module")
def new(later: RunRecord) -> Parts:
    """Rows of the second run."""
    return list(rows_of(later))


class Place:
    """A database of one kind, empty at first."""

    def __init__(self, url: str, read: Callable[[str], list[tuple[Any, ...]]]) -> None:
        self.url, self.read = url, read
        self.settings = DatabaseSettings(url="${WAREHOUSE}")

    def rows(self, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
        return self.read(f"SELECT {columns} FROM lifeworth_{table}")

    def everything(self) -> list[tuple[Any, ...]]:
        """Every row of every table as text, in one look."""
        looks = [f"SELECT '{t.name}', CAST(t AS VARCHAR) AS told FROM lifeworth_{t.name} t" for t in DATABASE_TABLES]
        return sorted(self.read(" UNION ALL ".join(looks)))

    def run_ids(self) -> set[str]:
        looks = [f"SELECT run_id FROM lifeworth_{table.name}" for table in DATABASE_TABLES]
        return {row[0] for row in self.read(" UNION ".join(looks))}


@pytest.fixture(params=["duckdb", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    if request.param == "duckdb":
        path = tmp_path / "out.duckdb"

        def read(sql: str) -> list[tuple[Any, ...]]:
            with duckdb.connect(str(path)) as connection:
                return connection.execute(sql).fetchall()

        url = f"duckdb:///{path}"
    else:
        url = request.getfixturevalue("postgres_database")

        def read(sql: str) -> list[tuple[Any, ...]]:
            with psycopg.connect(url) as connection:
                return connection.execute(sql.encode()).fetchall()

    monkeypatch.setenv("WAREHOUSE", url)
    return Place(url, read)


# ---- what is written -------------------------------------------------------------------------------------------------


def test_the_tables_hold_every_row_of_the_record(place: Place, record: RunRecord) -> None:
    upsert(record, place.settings)
    for table, frame in rows_of(record):
        if table.name != "customer_horizons":
            assert len(place.rows(table.name)) == len(frame), table.name
    assert len(place.rows("customer_horizons")) == 2 * len(record.summary)
    sums = place.read(
        "SELECT horizon, sum(value_mean), sum(spend_q95) FROM lifeworth_customer_horizons GROUP BY 1 ORDER BY 1"
    )
    for horizon, value, spend in sums:
        assert value == pytest.approx(record.valuation.total.set_index("horizon").loc[horizon, "value_mean"])
        rows = record.forecast.customers[record.forecast.customers["horizon"] == horizon]
        assert spend == pytest.approx(rows["spend_q95"].sum())
    assert place.rows("runs", "run_id, is_current, customers, currency") == [(record.run_id, True, 240, "$")]


def test_every_id_arrives_whole_and_none_is_taken_for_sql(
    place: Place, record: RunRecord, hostile: tuple[str, ...]
) -> None:
    upsert(record, place.settings)
    upsert(record, place.settings)
    ids = {row[0] for row in place.rows("customers", "customer_id")}
    assert ids == set(record.summary.frame["customer_id"])
    assert set(hostile) <= ids
    told = [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in place.rows("customers", "attributes")]
    assert {(row["channel"], row["segment"]) for row in told} >= {("=search", "retail"), ("<b>mail</b>", "trade")}


def test_whatever_is_missing_is_null_and_what_has_no_end_is_infinite(place: Place, record: RunRecord) -> None:
    upsert(replace(record, decisions=replace(record.decisions, bids=never_back(record))), place.settings)
    assert place.rows("runs", "last_run_id") == [(None,)]
    assert {row[0] for row in place.rows("customers", "previous_tier")} == {None}
    assert place.rows("bid_ceilings", "payback_q95, headroom") == [(float("inf"), None)]


def test_the_same_run_twice_is_the_same_rows(place: Place, new: Parts) -> None:
    write_run(new, run_of(new), place.settings)
    once = place.everything()
    write_run(new, run_of(new), place.settings)
    assert place.everything() == once


def test_the_run_written_last_is_the_current_one_and_others_stay(place: Place, old: Parts, new: Parts) -> None:
    for run in (old, new, old):
        write_run(run, run_of(run), place.settings)
        assert place.read("SELECT run_id FROM lifeworth_runs WHERE is_current") == [(run_of(run),)]
    assert place.rows("customers", "count(*)") == [(len(old[1][1]) + len(new[1][1]),)]


def test_forgotten_runs_leave_no_row(place: Place, old: Parts, new: Parts) -> None:
    forget(["never-there"], place.settings)
    write_run(old, run_of(old), place.settings)
    write_run(new, run_of(new), place.settings)
    forget([run_of(old), "'; DROP TABLE lifeworth_runs; --"], place.settings)
    assert place.run_ids() == {run_of(new)}


def test_columns_carry_their_meaning_and_unit(place: Place, old: Parts) -> None:
    write_run(old, run_of(old), place.settings)
    if place.url.startswith("duckdb"):
        said = place.read("SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal")
    else:
        said = place.read(
            "SELECT c.relname, a.attname, col_description(c.oid, a.attnum) FROM pg_class c "
            "JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relname LIKE 'lifeworth%' AND c.relkind = 'r' "
            "AND a.attnum > 0"
        )
    comments = {(table, column): comment for table, column, comment in said}
    for table in DATABASE_TABLES:
        for column in table.columns:
            comment = comments[f"lifeworth_{table.name}", column.name]
            assert comment.startswith(column.meaning)
            assert column.unit in comment


# ---- what goes wrong -------------------------------------------------------------------------------------------------


def test_a_table_of_another_shape_is_left_alone_and_named(place: Place, old: Parts, new: Parts) -> None:
    write_run(old, run_of(old), place.settings)
    alter(place, "ALTER TABLE lifeworth_totals DROP COLUMN q50")
    alter(place, "ALTER TABLE lifeworth_totals ADD COLUMN remark INTEGER")
    with pytest.raises(InputError, match=r"table lifeworth_totals.*q50 \(.*\) is missing.*remark \(.*\) is too many"):
        write_run(new, run_of(new), place.settings)
    assert place.run_ids() == {run_of(old)}


def test_a_run_that_is_killed_on_the_way_leaves_the_old_one(
    place: Place, old: Parts, new: Parts, tmp_path: Path
) -> None:
    write_run(old, run_of(old), place.settings)
    before = place.everything()
    rows = tmp_path / "rows.pickle"
    rows.write_bytes(pickle.dumps(new))
    command = [sys.executable, "-c", DIES_ON_THE_WAY, str(rows), run_of(new)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert place.everything() == before
    write_run(new, run_of(new), place.settings)
    assert place.run_ids() == {run_of(old), run_of(new)}


def test_rows_that_fail_on_the_way_take_back_those_before_them(place: Place, old: Parts, new: Parts) -> None:
    write_run(old, run_of(old), place.settings)
    before = place.everything()

    def broken() -> Iterator[tuple[Table, pd.DataFrame]]:
        yield from new[:6]
        raise RuntimeError("the record broke")

    with pytest.raises(RuntimeError, match="the record broke"):
        write_run(broken(), run_of(new), place.settings)
    assert place.everything() == before


def test_readers_see_the_old_run_or_the_new_one_whole(place: Place, old: Parts, new: Parts) -> None:
    write_run(old, run_of(old), place.settings)
    query = (
        "SELECT r.run_id, (SELECT count(*) FROM lifeworth_customers c WHERE c.run_id = r.run_id), "
        "(SELECT count(*) FROM lifeworth_bridge b WHERE b.run_id = r.run_id) FROM lifeworth_runs r WHERE is_current"
    )
    writing = threading.Event()
    seen: list[list[tuple[Any, ...]]] = []

    def look() -> None:
        while writing.is_set():
            seen.append(place.read(query))

    def slowly() -> Iterator[tuple[Table, pd.DataFrame]]:
        for part in new:
            yield part
            time.sleep(0.02)

    writing.set()
    reader = threading.Thread(target=look)
    reader.start()
    try:
        write_run(slowly(), run_of(new), place.settings)
    finally:
        writing.clear()
        reader.join()
    whole = [[(run_of(run), len(run[1][1]), size_of(run, "bridge"))] for run in (old, new)]
    assert len(seen) > 1
    assert all(found in whole for found in seen)
    assert place.read(query) == whole[1]


def test_a_server_that_goes_away_on_the_way_leaves_the_old_run_and_says_so(
    postgres_database: str, old: Parts, new: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE", postgres_database)
    settings = DatabaseSettings(url="${WAREHOUSE}")
    write_run(old, run_of(old), settings)

    def cut_off() -> Iterator[tuple[Table, pd.DataFrame]]:
        yield from new[:5]
        with psycopg.connect(postgres_database, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid()"
            )
        yield new[5]

    with pytest.raises(InputError, match=r"could not write to .*Nothing was written") as told:
        write_run(cut_off(), run_of(new), settings)
    assert secret_of(postgres_database) not in str(told.value)
    with psycopg.connect(postgres_database) as connection:
        assert connection.execute("SELECT DISTINCT run_id FROM lifeworth_customers").fetchall() == [(run_of(old),)]


def test_two_runs_at_once_wait_for_each_other(
    postgres_database: str, old: Parts, new: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE", postgres_database)
    settings = DatabaseSettings(url="${WAREHOUSE}")
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(write_run, run, run_of(run), settings) for run in (old, new, old)]:
            done.result()
    with psycopg.connect(postgres_database) as connection:
        assert connection.execute("SELECT count(*) FROM lifeworth_runs WHERE is_current").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM lifeworth_runs").fetchone() == (2,)


def test_an_id_that_postgres_cannot_hold_is_told_with_the_remedy(
    postgres_database: str, old: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE", postgres_database)
    table, frame = old[1]
    bad = frame.assign(customer_id=["a\0b", *frame["customer_id"][1:]]).astype({"customer_id": "string"})
    with pytest.raises(InputError, match=r"holds the character NUL.*take it out"):
        write_run([(table, bad)], run_of(old), DatabaseSettings(url="${WAREHOUSE}"))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://db/shop", "expected duckdb://file or postgresql://…"),
        ("duckdb://", "a database in memory"),
        ("duckdb:///no/such/folder/x.duckdb", "No such file or directory.*Nothing was written"),
        ("postgresql://shop:opensesame@127.0.0.1:1/shop", "Nothing listens there.*Nothing was written"),
    ],
)
def test_a_database_that_is_none_is_told_without_secrets(
    url: str, message: str, record: RunRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE", url)
    with pytest.raises(InputError, match=message) as told:
        upsert(record, DatabaseSettings(url="${WAREHOUSE}"))
    assert "opensesame" not in str(told.value)
    assert told.value.__cause__ is None


def test_without_the_driver_the_extra_is_named(record: RunRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(InputError, match=r'pip install "lifeworth\[postgres\]"'):
        upsert(record, DatabaseSettings(url="postgresql://host/shop"))


def test_the_path_of_a_duckdb_file_is_relative_to_the_settings(record: RunRecord, tmp_path: Path) -> None:
    run = replace(record, settings=record.settings.model_copy(update={"folder": tmp_path}))
    upsert(run, DatabaseSettings(url="duckdb://shop.duckdb", table_prefix="clv_"))
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        assert connection.execute("SELECT run_id FROM clv_runs").fetchall() == [(record.run_id,)]


def test_a_duckdb_file_that_another_program_has_open_is_waited_for(
    record: RunRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = replace(record, settings=record.settings.model_copy(update={"folder": tmp_path}))
    settings = DatabaseSettings(url="duckdb://shop.duckdb")
    holds = "import duckdb, sys; c = duckdb.connect('shop.duckdb'); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holds], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        monkeypatch.setattr(warehouse_duckdb, "PATIENCE", 0.2)
        with pytest.raises(InputError, match="Another program has the file open: close it there"):
            upsert(run, settings)
        monkeypatch.setattr(warehouse_duckdb, "PATIENCE", 20.0)
        closing = threading.Timer(0.3, other.stdin.close)
        closing.start()
        upsert(run, settings)
        closing.join()


def test_a_prefix_too_long_for_postgres_is_refused(place: Place, record: RunRecord) -> None:
    with pytest.raises(InputError, match=r"table_prefix: expected names of tables up to 63 characters"):
        upsert(record, DatabaseSettings(url="${WAREHOUSE}", table_prefix="a" * 60))


@pytest.mark.slow
def test_a_hundred_thousand_customers_take_seconds(place: Place, old: Parts) -> None:
    parts = [
        (table, many(frame) if table.name in ("customers", "customer_horizons") else frame) for table, frame in old
    ]
    began = time.perf_counter()
    write_run(parts, run_of(parts), place.settings)
    assert time.perf_counter() - began < 60.0
    assert place.rows("customer_horizons", "count(*)") == [(2 * MANY,)]


def many(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows again and again, for as many customers."""
    rows = pd.concat([frame] * (MANY // len(frame) + 1), ignore_index=True).head(MANY)
    return rows.assign(customer_id=[f"customer {number}" for number in range(MANY)]).astype({"customer_id": "string"})


def run_of(parts: Parts) -> str:
    """Id of the run that the rows are of."""
    return str(parts[0][1]["run_id"].iloc[0])


def size_of(parts: Parts, name: str) -> int:
    """Rows of one table."""
    return sum(len(frame) for table, frame in parts if table.name == name)


def never_back(record: RunRecord) -> Any:
    """Bid ceilings of a channel whose CAC is never back."""
    frame = record.decisions.bids.frame.assign(payback_q95=float("inf"), headroom=float("nan"))
    return replace(record.decisions.bids, frame=frame)


def alter(place: Place, sql: str) -> None:
    """Change the database behind the back of lifeworth."""
    if place.url.startswith("duckdb"):
        with duckdb.connect(place.url.removeprefix("duckdb:///")) as connection:
            connection.execute(sql)
    else:
        with psycopg.connect(place.url) as connection:
            connection.execute(sql.encode())


def secret_of(url: str) -> str:
    return url.split("@")[0].rsplit(":", 1)[1]


def test_the_longest_name_of_a_table_fits_the_default_prefix() -> None:
    default = DatabaseSettings(url="duckdb://x.duckdb").table_prefix
    assert max(len(default + table.name) for table in DATABASE_TABLES) <= published.LONGEST_NAME
