"""Every row of a log is used or set aside with a reason: the counts reconcile."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import lifeworth as lw
from lifeworth.models.ground.data_report import KIND_LABELS
from lifeworth.pipelines.settings.settings import Settings, policies_of
from lifeworth.pipelines.sources.quarantine import quarantine, write_quarantine
from lifeworth.pipelines.sources.read import columns_of, take_snapshot

UNTIL = datetime.date(2020, 12, 31)

DAYS = st.sampled_from(
    ["2020-01-01", "2020-02-03", "2020-02-03 17:00:00", "2021-05-06", "yesterday", None, "9999-12-31"]
)
ROWS = st.tuples(
    st.sampled_from(["a", "b", "c", "nan", None]),
    DAYS,
    st.sampled_from(["10", "0", "-10", "-4.5", "NaN", "ten", None]),
    st.integers(0, 1),
)
POLICIES = st.fixed_dictionaries(
    {"refunds": st.sampled_from(["net", "drop"]), "zero": st.sampled_from(["keep", "drop"])}
    | {"duplicates": st.sampled_from(["keep", "drop"])},
    optional={"acquired_from": st.just("2020-02-01")},
)


SOMEBODY = ("d", "2020-03-04", "7", 0)
"""Without anybody left `summarise` refuses the log."""
SCHEMA = pa.schema([(name, pa.string()) for name in ("customer_id", "date", "amount")] + [("line", pa.int64())])


@given(rows=st.lists(ROWS, min_size=1, max_size=40), policies=POLICIES)
@hypothesis_settings(max_examples=6, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_rows_in_are_rows_used_and_rows_set_aside(
    rows: list[tuple[Any, ...]], policies: dict[str, str], settings_of: Callable[..., Settings]
) -> None:
    _reconcile([*rows, SOMEBODY], policies, settings_of)


@pytest.mark.slow
@given(rows=st.lists(ROWS, min_size=1, max_size=40), policies=POLICIES)
@hypothesis_settings(max_examples=150, deadline=None)
def test_rows_in_are_rows_used_and_rows_set_aside_of_many_logs(
    rows: list[tuple[Any, ...]], policies: dict[str, str], settings_of: Callable[..., Settings]
) -> None:
    _reconcile([*rows, SOMEBODY], policies, settings_of)


def _reconcile(rows: list[tuple[Any, ...]], policies: dict[str, str], settings_of: Callable[..., Settings]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        columns = [pa.array(values, field.type) for values, field in zip(zip(*rows, strict=True), SCHEMA, strict=True)]
        pq.write_table(pa.table(columns, schema=SCHEMA), folder / "o.parquet")
        settings = settings_of(folder, columns={}, rows=policies, path="o.parquet")
        snapshot = take_snapshot(settings, folder / "copy")
        words = {**columns_of(settings), **policies_of(settings), "acquired_from": settings.rows.acquired_from}
        report = lw.summarise(snapshot.path, until=UNTIL, **words).report
        found = quarantine(snapshot, settings, UNTIL)
    assert snapshot.rows == report.rows_in == len(rows) == report.rows_used + len(found)
    counted = {KIND_LABELS[note.kind]: note.rows for note in report.notes if note.set_aside and note.rows}
    assert found["reason"].value_counts().to_dict() == counted


@pytest.fixture(scope="module")
def dropped(folder: Path, log: pd.DataFrame, settings_of: Callable[..., Settings]) -> Settings:
    log.to_parquet(folder / "dropped.parquet", index=False)
    rows = {"duplicates": "drop", "refunds": "drop", "acquired_from": "2020-01-10"}
    return settings_of(folder, rows=rows, path="dropped.parquet")


def test_each_row_is_set_aside_for_its_own_reason(dropped: Settings, tmp_path: Path) -> None:
    found = quarantine(take_snapshot(dropped, tmp_path), dropped, UNTIL)
    assert list(found.columns) == ["customer", "day", "paid", "channel", "reason"]
    by = dict(list(found.groupby("reason")))
    assert set(by["missing id"]["customer"].fillna("NULL")) == {"NULL"}
    assert set(by["missing date"]["day"].dropna()) <= {datetime.date(9999, 12, 31)}
    assert by["missing amount"]["paid"].isna().all()
    assert (by["after the cut-off"]["day"] > UNTIL).all()
    assert (by["refund"]["paid"] < 0).all()
    assert len(by["exact duplicate"]) >= 25
    early = set(by["customer seen before acquired_from"]["customer"])
    summary = lw.summarise(
        tmp_path / "orders.parquet",
        until=UNTIL,
        acquired_from="2020-01-10",
        **columns_of(dropped),
        **policies_of(dropped),
    )
    assert early
    assert not early & set(summary.frame["customer_id"])


def test_the_file_holds_what_the_frame_holds(dropped: Settings, tmp_path: Path) -> None:
    snapshot = take_snapshot(dropped, tmp_path)
    counts = write_quarantine(snapshot, dropped, UNTIL, tmp_path / "rejected.parquet")
    frame = quarantine(snapshot, dropped, UNTIL)
    pd.testing.assert_frame_equal(pq.read_table(tmp_path / "rejected.parquet").to_pandas(), frame)
    assert counts == frame["reason"].value_counts().to_dict()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["orders.parquet", "rejected.parquet"]


def test_of_a_clean_log_nothing_is_set_aside(tmp_path: Path, settings_of: Callable[..., Settings]) -> None:
    log = pd.DataFrame({"customer_id": [1, 2], "date": ["2020-01-01", "2020-01-02"], "amount": [1.0, 2.0]})
    log.to_csv(tmp_path / "o.csv", index=False)
    settings = settings_of(tmp_path, columns={}, path="o.csv")
    snapshot = take_snapshot(settings, tmp_path / "copy")
    assert quarantine(snapshot, settings, None).empty
    assert write_quarantine(snapshot, settings, None, tmp_path / "rejected.parquet") == {}
