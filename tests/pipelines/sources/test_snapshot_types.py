"""What a snapshot keeps of ids, dates and amounts, and that it is the same whenever the orders are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.pipelines.settings.settings import Settings
from lifeworth.pipelines.sources.read import columns_of, take_snapshot
from lifeworth.pipelines.sources.snapshot import Snapshot

ROWS = 40_000

type Take = Callable[..., tuple[Snapshot, Settings]]


@pytest.fixture
def take(tmp_path: Path, settings_of: Callable[..., Settings]) -> Take:
    """Take a snapshot of a frame that is written as CSV or Parquet."""

    def taken(frame: pd.DataFrame, kind: str = "parquet", **columns: Any) -> tuple[Snapshot, Settings]:
        path = tmp_path / f"orders.{kind}"
        frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path, index=False)
        settings = settings_of(tmp_path, columns=columns, path=path.name)
        return take_snapshot(settings, tmp_path / "copy"), settings

    return taken


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    """Amounts with all decimals that a float has: their sums depend on the order of addition."""
    rng = np.random.default_rng(3)
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 300, ROWS), unit="D")
    return pd.DataFrame({"customer_id": rng.integers(0, 500, ROWS), "date": days, "amount": rng.gamma(2.0, 10.0, ROWS)})


def test_orders_in_another_order_are_the_same_bytes(orders: pd.DataFrame, take: Take) -> None:
    found = set()
    for seed in range(3):
        snapshot, _ = take(orders.sample(frac=1.0, random_state=seed))
        found.add((snapshot.fingerprint, snapshot.path.read_bytes()))
    assert len(found) == 1


def test_the_same_orders_give_the_same_numbers_to_the_last_bit_every_time(orders: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    refunds = orders.assign(amount=orders["amount"].where(orders.index % 3 > 0, -orders["amount"]))
    refunds.to_parquet(path, index=False, row_group_size=500)  # many groups: several threads would share them
    first, *others = (lw.summarise(path) for _ in range(5))
    for other in others:
        pd.testing.assert_frame_equal(other.frame, first.frame, check_exact=True)
        assert other.report == first.report


def test_other_orders_have_another_fingerprint(orders: pd.DataFrame, take: Take) -> None:
    few = orders.head(50)
    mark = take(few)[0].fingerprint
    changes = (
        few.assign(amount=few["amount"].where(few.index != 7, 1.0)),
        few.assign(customer_id=few["customer_id"].where(few.index != 7, 999)),
        few.assign(date=few["date"].where(few.index != 7, pd.Timestamp("2021-01-01"))),
        few.head(49),
        pd.concat([few, few.tail(1)]),
    )
    assert len({mark, *(take(change)[0].fingerprint for change in changes)}) == 1 + len(changes)
    assert take(few.assign(note=range(50)))[0].fingerprint == mark, "a column that is not read changes nothing"
    copies = pd.concat([few, few])
    assert take(copies)[0].fingerprint != take(copies.assign(note=range(100)))[0].fingerprint, "duplicates or not"


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_texts_that_are_no_date_or_amount_stay_and_are_counted(kind: str, take: Take) -> None:
    frame = pd.DataFrame(
        {
            "customer_id": ["0017", "18", "0017", "x"],
            "date": ["2020-01-01", "2020-01-02T23:59:00+02:00", "soon", "2020-01-04 10:00"],
            "amount": ["1.50", "2,5", "3", " 4.25 "],
        }
    )
    snapshot, settings = take(frame, kind)
    stored = pd.read_parquet(snapshot.path)
    assert set(stored["customer_id"]) == {"0017", "18", "x"}
    assert set(stored["date"]) == {"2020-01-01", "2020-01-02", "soon", "2020-01-04"}
    assert set(stored["amount"]) == {"1.5", "2,5", "3.0", "4.25"}
    report = lw.summarise(snapshot.path, **columns_of(settings)).report
    assert {note.kind: note.rows for note in report.notes if note.rows} == {"missing_date": 1, "missing_amount": 1}
    assert "soon" in str(next(note for note in report.notes if note.kind == "missing_date").examples)


def test_a_product_is_worked_out_and_what_cannot_be_is_kept_as_written(take: Take) -> None:
    frame = pd.DataFrame(
        {"customer_id": [1, 2, 3], "date": ["2020-01-01"] * 3, "Qty": ["2", "two", "3"], "Price": [1.25, 2.5, np.nan]}
    )
    snapshot, settings = take(frame, "csv", amount="Qty * Price")
    assert columns_of(settings)["amount"] == "Qty * Price"
    assert pd.read_parquet(snapshot.path)["Qty * Price"].tolist()[:2] == ["2.5", "two * 2.5"]
    summary = lw.summarise(snapshot.path, **columns_of(settings))
    assert summary.frame["monetary_value_all"].tolist() == [2.5]
    assert snapshot.schema == {"customer_id": "int64", "date": "string", "Qty": "string", "Price": "string"}


def test_ids_that_are_whole_become_int64_and_instants_belong_to_their_local_day(take: Take) -> None:
    days = pd.to_datetime(["2020-01-01 23:30+00:00", "2020-01-03 12:00+00:00"]).tz_convert("Asia/Tokyo")
    frame = pd.DataFrame({"customer_id": [1.0, np.nan], "date": days, "amount": [1, 2]})
    snapshot, _ = take(frame)
    stored = pd.read_parquet(snapshot.path, dtype_backend="numpy_nullable")
    assert stored["customer_id"].dtype == "Int64"
    assert str(stored["date"].iloc[0]) == "2020-01-02"
    assert "Asia/Tokyo" in " ".join(snapshot.remarks)
    assert "float64" in " ".join(snapshot.remarks)


def test_many_files_are_one_log(orders: pd.DataFrame, tmp_path: Path, settings_of: Callable[..., Settings]) -> None:
    for part in range(3):
        orders.iloc[part:300:3].to_parquet(tmp_path / f"part-{part}.parquet", index=False)
    orders.head(300).to_parquet(tmp_path / "whole.parquet", index=False)
    parts, whole = (
        take_snapshot(settings_of(tmp_path, columns={}, path=path), tmp_path / path[:4])
        for path in ("part-*.parquet", "whole.parquet")
    )
    assert (parts.fingerprint, parts.rows) == (whole.fingerprint, 300)
    assert parts.source == "part-*.parquet (3 files)"
