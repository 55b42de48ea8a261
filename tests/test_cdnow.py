"""The CDNOW log comes from the files of the installed lifetimes distribution."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

import pandas as pd
import pytest

from lifeworth.data.cdnow import load_cdnow
from lifeworth.models.ground.errors import InputError


def test_full_log_has_its_rows_customers_and_types():
    orders = load_cdnow()
    assert len(orders) == 69_659
    assert orders["customer_id"].nunique() == 23_570
    assert list(orders.columns) == ["customer_id", "date", "quantity", "amount"]
    assert [orders[name].dtype.kind for name in orders.columns] == ["i", "M", "i", "f"]
    assert orders["date"].min() == pd.Timestamp("1997-01-01")
    assert orders["date"].max() == pd.Timestamp("1998-06-30")


def test_sample_is_the_classic_one_with_the_ids_of_the_full_log():
    sample, orders = load_cdnow(sample=True), load_cdnow()
    assert len(sample) == 6_919
    assert sample["customer_id"].nunique() == 2_357
    inside = orders[orders["customer_id"].isin(sample["customer_id"])]
    columns = ["customer_id", "date", "quantity", "amount"]
    pd.testing.assert_frame_equal(
        inside.sort_values(columns, ignore_index=True), sample.sort_values(columns, ignore_index=True)
    )


def test_loading_does_not_import_lifetimes():
    code = "import sys; from lifeworth.data.cdnow import load_cdnow; load_cdnow(); print('lifetimes' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


def test_missing_distribution_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", missing)
    with pytest.raises(InputError, match=r"'lifetimes' is not installed.*pip install lifetimes"):
        load_cdnow()


def test_missing_file_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(metadata, "files", lambda _name: [])
    with pytest.raises(InputError, match=r"CDNOW_sample.txt is missing.*pip install lifetimes"):
        load_cdnow(sample=True)
