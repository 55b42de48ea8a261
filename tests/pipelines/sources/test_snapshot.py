"""A snapshot says of the orders what their source says, and the same orders are the same snapshot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.pipelines.settings.settings import Settings, policies_of
from lifeworth.pipelines.sources.read import columns_of, take_snapshot

KINDS = ("csv", "parquet", "duckdb", "postgres")
POLICIES = ({}, {"duplicates": "drop"}, {"duplicates": "drop", "refunds": "drop", "zero": "drop"})


@pytest.mark.parametrize("rows", POLICIES, ids=["kept", "dropped", "all dropped"])
@pytest.mark.parametrize("kind", KINDS)
def test_summary_and_counts_of_the_snapshot_are_those_of_the_source(
    kind: str,
    rows: dict[str, str],
    held: dict[str, Any],
    folder: Path,
    tmp_path: Path,
    settings_of: Callable[..., Settings],
) -> None:
    settings = settings_of(folder, rows=rows, **held[kind].source)
    snapshot = take_snapshot(settings, tmp_path)
    words = {**columns_of(settings), **policies_of(settings), "until": "2021-04-30"}
    expected, found = lw.summarise(held[kind].orders, **words), lw.summarise(snapshot.path, **words)
    pd.testing.assert_frame_equal(found.frame, expected.frame, check_exact=True)
    assert _counts(found) == _counts(expected)
    assert snapshot.rows == expected.report.rows_in


def test_the_same_orders_are_the_same_file_and_fingerprint_in_every_source(
    held: dict[str, Any], folder: Path, tmp_path: Path, settings_of: Callable[..., Settings]
) -> None:
    found = {kind: take_snapshot(settings_of(folder, **held[kind].source), tmp_path / kind) for kind in KINDS}
    assert len({snapshot.fingerprint for snapshot in found.values()}) == 1
    frames = {kind: pd.read_parquet(snapshot.path) for kind, snapshot in found.items()}
    for kind in ("csv", "duckdb", "postgres"):
        pd.testing.assert_frame_equal(frames[kind], frames["parquet"], check_exact=True)


def _counts(summary: lw.CustomerSummary) -> list[tuple[Any, ...]]:
    report = summary.report
    notes = [(note.kind, note.rows, note.policy, note.set_aside) for note in report.notes]
    return [(report.rows_in, report.rows_used, report.customers, report.purchases), *notes]
