"""Records of two runs on real orders, a month apart: made once for all processes of the tests."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

import lifeworth as lw
from lifeworth.pipelines.record.record import RunRecord
from lifeworth.pipelines.report.parts import Chart
from lifeworth.pipelines.runs.run import look, run
from lifeworth.pipelines.settings.file import checked_settings
from lifeworth.pipelines.settings.settings import Settings

CHANNELS = ("search", "social", "email", "<b>referral</b>")
"""Made up, one of them hostile."""
FIRST, SECOND = "1998-05-31", "1998-06-30"


def channelled_orders() -> pd.DataFrame:
    orders = lw.load_cdnow(sample=True)
    return orders.assign(channel=np.array(CHANNELS)[orders["customer_id"].to_numpy() % len(CHANNELS)])


def run_settings(folder: Path) -> Settings:
    """Few draws, two models, four origins: enough of everything that a report tells of."""
    return checked_settings(
        {
            "source": {"path": "orders.parquet"},
            "columns": {"attributes": ["channel"]},
            "run": {"as_of": "last order", "draws": 200, "title": "CDNOW"},
            "models": {"candidates": ["BG/NBD", "MBG/NBD"]},
            "backtest": {"origins": 4, "horizons": ["4W", "13W"]},
            "forecast": {"horizons": ["12M", "24M"]},
            "economics": {
                "margin": 0.3, "annual_discount_rate": 0.15, "currency": "$", "cac_by": "channel",
                "cost_per_order": {"shipping": 1.5}, "assumed": ["margin"],
                "cac": dict(zip(CHANNELS, (20.0, 12.0, 5.0, 8.0), strict=True)),
            },
            "decisions": {"win_back_cost": 1.0, "win_back_uplift": 0.03, "win_back_budget": 300.0},
        },
        folder=folder,
    )  # fmt: skip


def _records(folder: Path) -> tuple[RunRecord, RunRecord]:
    channelled_orders().to_parquet(folder / "orders.parquet", index=False)
    settings, out = run_settings(folder), folder / "out"
    first = look(settings, "compare", as_of=FIRST, out=out).record({"read": 0.1, "fit": 1.0})
    with pytest.MonkeyPatch.context() as undrawn:  # what is published is asked for its numbers alone
        undrawn.setattr(Chart, "of", lambda _draw, alternative, caption: Chart("", "", alternative, caption))
        run(settings, as_of=FIRST, out=out)
    second = look(settings, "compare", as_of=SECOND, out=out).record({"read": 0.1, "fit": 1.0})
    return first, second


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunRecord, RunRecord]:
    """The first run of a folder, and the second a month later."""
    base = tmp_path_factory.getbasetemp()  # of this process; of several the folder above it is one
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "records"
    shared.mkdir(exist_ok=True)
    kept = shared / "records.pickle"
    with FileLock(shared / "lock"):
        if not kept.is_file():
            kept.write_bytes(pickle.dumps(_records(shared)))
        return pickle.loads(kept.read_bytes())


@pytest.fixture(scope="session")
def first_record(records: tuple[RunRecord, RunRecord]) -> RunRecord:
    """A first run: nothing to compare with."""
    return records[0]


@pytest.fixture(scope="session")
def second_record(records: tuple[RunRecord, RunRecord]) -> RunRecord:
    """A month later, compared with the first."""
    return records[1]


@pytest.fixture(scope="session")
def make_settings() -> Callable[[Path], Settings]:
    """Settings of the two runs, for a folder of one's own."""
    return run_settings
