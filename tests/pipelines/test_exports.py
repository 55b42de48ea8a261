"""Files: whole or not at all, safe in a spreadsheet, readable for whom the system says."""

from __future__ import annotations

import csv
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.ground.errors import InputError
from lifeworth.pipelines import exports
from lifeworth.pipelines.exports import customer_table, write_csv, write_parquet


def test_a_write_that_fails_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table.parquet"
    write_parquet(pd.DataFrame({"a": [1]}), path)

    def fails(frame: pd.DataFrame, target: Path, **options: object) -> None:
        target.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", fails)
    with pytest.raises(OSError, match="disk full"):
        write_parquet(pd.DataFrame({"a": [2]}), path)
    assert [found.name for found in tmp_path.iterdir()] == ["table.parquet"]
    assert pd.read_parquet(path)["a"].tolist() == [1]


def test_files_are_readable_as_the_system_says(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    exports.write_bytes(tmp_path / "ours", b"")
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "ours")}
    assert modes["plain"] == modes["ours"]


@pytest.mark.parametrize("id_", ["=1+1", "+49170", "-5", "@name", "\t=1"])
def test_text_that_a_spreadsheet_would_run_is_written_behind_an_apostrophe(tmp_path: Path, id_: str) -> None:
    frame = pd.DataFrame({"customer_id": [id_, "plain"], "value": [-1.5, 2.0]})
    write_csv(frame, tmp_path / "c.csv")
    write_parquet(frame, tmp_path / "c.parquet")
    with (tmp_path / "c.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1:] == [[f"'{id_}", "-1.5"], ["plain", "2"]]
    assert pd.read_parquet(tmp_path / "c.parquet")["customer_id"].tolist() == [id_, "plain"]


def test_numbers_below_zero_stay_numbers(tmp_path: Path) -> None:
    write_csv(pd.DataFrame({"customer_id": [-7, 8]}), tmp_path / "c.csv")
    assert (tmp_path / "c.csv").read_text(encoding="utf-8") == "customer_id\n-7\n8\n"


def test_a_table_of_other_customers_is_refused() -> None:
    summary = lw.summarise(lw.load_cdnow(sample=True), until="1997-09-30")
    model = lw.BetaGeoModel.from_parameters(r=0.24, alpha=4.4, a=0.8, b=2.4, unit="W")
    outlook = lw.forecast(model, None, summary, "4W", draws=20)
    some = summary.select(np.arange(len(summary)) < 5)
    with pytest.raises(InputError, match="for 4W are not those of the summary"):
        customer_table(some, outlook)
