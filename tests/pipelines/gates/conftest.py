"""Nights for the gates: a good log of the CDNOW sample, what the last run kept of it, and how logs go wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.pipelines.gates.data import data_gates, rejected_share
from lifeworth.pipelines.gates.judge import cause
from lifeworth.pipelines.record.record import GateResult, LastRun
from lifeworth.pipelines.settings.settings import EconomicsSettings, Settings, SourceSettings
from lifeworth.pipelines.sources.read import columns_of, take_snapshot
from lifeworth.pipelines.sources.snapshot import Snapshot

LAST: Final = pd.Timestamp("1998-04-30")
TONIGHT: Final = pd.Timestamp("1998-05-31")


@dataclass(frozen=True, eq=False)
class Desk:
    """Takes logs through snapshot and gates, as a run does."""

    folder: Path

    def settings(self, **tables: Any) -> Settings:
        """Settings as `lifeworth init` would write them, with other tables."""
        economics = EconomicsSettings(margin=0.3, annual_discount_rate=0.15, currency="$")
        return Settings(source=SourceSettings(path="orders.parquet"), economics=economics, folder=self.folder, **tables)

    def snapshot(self, log: pd.DataFrame, settings: Settings) -> Snapshot:
        """The copy that a run makes."""
        log.to_parquet(self.folder / "orders.parquet", index=False)
        return take_snapshot(settings, self.folder / "run")

    def published(self, log: pd.DataFrame, until: pd.Timestamp = LAST, **models: Any) -> LastRun:
        """What the gates of data ask of a run that was published; other parts as given, or None."""
        settings = self.settings()
        snapshot = self.snapshot(log, settings)
        summary = lw.summarise(snapshot.path, until=until, **columns_of(settings))
        rejected = rejected_share(summary.report)
        kept = {"purchases": None, "spend": None, "valuation": None, "tiers": pd.DataFrame()} | models
        return LastRun(f"{until:%Y-%m-%d}-a1b2", until, snapshot.rows, rejected, snapshot.schema, summary, **kept)

    def night(
        self, log: pd.DataFrame, last: LastRun | None, as_of: pd.Timestamp = TONIGHT, **tables: Any
    ) -> tuple[GateResult, ...]:
        """What the gates say of a log."""
        settings = self.settings(**tables)
        return data_gates(self.snapshot(log, settings), settings, as_of, last, today=as_of)


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A folder to make runs in."""
    return Desk(tmp_path_factory.mktemp("gates"))


@pytest.fixture(scope="session")
def log() -> pd.DataFrame:
    """The orders of the CDNOW sample up to tonight: customer_id, date, amount."""
    orders = lw.load_cdnow(sample=True)[["customer_id", "date", "amount"]]
    orders["date"] = pd.to_datetime(orders["date"])
    return orders[orders["date"] <= TONIGHT].reset_index(drop=True)


@pytest.fixture(scope="session")
def last(desk: Desk, log: pd.DataFrame) -> LastRun:
    """The run of a month before, published."""
    return desk.published(log[log["date"] <= LAST])


@pytest.fixture(scope="session")
def said() -> Callable[[tuple[GateResult, ...], str], GateResult]:
    """The result of one gate."""

    def find(results: tuple[GateResult, ...], gate: str) -> GateResult:
        return {result.gate: result for result in results}[gate]

    return find


@pytest.fixture(scope="session")
def held() -> Callable[[tuple[GateResult, ...]], GateResult]:
    """The result in the headline, which is one that holds the run."""

    def find(results: tuple[GateResult, ...]) -> GateResult:
        found = cause(results)
        assert found is not None
        assert found.outcome == "held", found
        return found

    return find
