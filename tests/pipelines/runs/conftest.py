"""A small shop whose runs take seconds: what is tested is the run, not the numbers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.pipelines.report.parts import Chart

SETTINGS: Final = """
[source]
{source}

[run]
out = "out"
draws = 100

[models]
candidates = ["BG/NBD"]

[backtest]
origins = 2
horizons = ["4W"]

[forecast]
horizons = ["12M"]

[economics]
margin = 0.3
annual_discount_rate = 0.15
currency = "$"
assumed = ["margin"]

[gates]
min_coverage = {{ }}
max_worse_than_baseline = {{ }}

{more}
"""
"""As little work as a run can have. Two origins are no record to judge forecasts by."""
FILE: Final = 'path = "orders.csv"'
CUSTOMERS: Final = 1000
"""Enough that a fit of their spend needs no second round, which would take longer than more customers do."""


def write_settings(folder: Path, source: str = FILE, more: str = "") -> Path:
    path = folder / "lifeworth.toml"
    path.write_text(SETTINGS.format(source=source, more=more))
    return path


def small_orders() -> pd.DataFrame:
    orders = lw.load_cdnow(sample=True)
    return orders[orders["customer_id"] <= sorted(orders["customer_id"].unique())[CUSTOMERS - 1]]


def write_shop(folder: Path) -> Path:
    small_orders().to_csv(folder / "orders.csv", index=False)
    return write_settings(folder)


@pytest.fixture
def orders() -> pd.DataFrame:
    return small_orders()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Settings in a folder with orders."""
    return write_shop(tmp_path)


@pytest.fixture
def settings_for():
    """Write settings into a folder: (folder, source, more)."""
    return write_settings


@pytest.fixture(scope="module", autouse=True)
def undrawn() -> Iterator[None]:
    """Charts without pictures, which take most of the time of such a run: test_kills.py and the report's draw them."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Chart, "of", lambda _draw, alternative, caption: Chart("", "", alternative, caption))
        yield


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings in a folder where a run of the end of May 1998 is published."""
    settings = write_shop(tmp_path_factory.mktemp("published"))
    assert lw.run(settings, as_of="1998-05-31").ending == "published"
    return settings


@pytest.fixture
def second_night(published: Path, tmp_path: Path) -> Path:
    """A copy of that folder, to do a second night in."""
    shutil.copytree(published.parent, tmp_path / "shop", symlinks=True)
    return tmp_path / "shop" / "lifeworth.toml"
