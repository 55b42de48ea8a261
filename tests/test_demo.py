"""The demo: two nights of the scheduled run on real data, what came between them, and the same numbers again."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from lifeworth.cli import ExitCode, app
from lifeworth.models.ground.errors import InputError
from lifeworth.pipelines import demo
from lifeworth.pipelines.demo import NIGHTS, DemoResult, DemoSettings, run_demo
from lifeworth.pipelines.demo_table import demo_table
from lifeworth.pipelines.report.parts import Chart
from lifeworth.pipelines.runs.events import Event
from lifeworth.pipelines.settings.file import read_settings

SETTINGS: Final = DemoSettings(seed=3, draws=200, sample=True)
FEWER: Final = '\n[backtest]\norigins = 3\nhorizons = ["4W"]\n\n[models]\ncandidates = ["BG/NBD"]\n'
HOLDOUT_PURCHASES: Final = 1882
HOLDOUT_SPEND: Final = 70_976.39
"""What the customers of the sample bought in weeks 40 to 78 (tests/reference/published.json)."""
DEMO_MEGABYTES: Final = 1200.0
"""A run holds 190 MB of outcomes for its decisions: 23,570 customers, 1,000 draws."""
PEAK: Final = "import resource; print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoResult]:
    """The demo of the sample, with one model, few origins and charts without pictures: other tests have those."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Chart, "of", lambda _draw, alternative, caption: Chart("", "", alternative, caption))
        patched.setattr(demo, "SETTINGS", demo.SETTINGS + FEWER)
        yield run_demo(tmp_path_factory.mktemp("demo"), SETTINGS)


def test_the_folder_is_one_that_lifeworth_run_works_in(result: DemoResult) -> None:
    settings = read_settings(result.folder / "lifeworth.toml")
    assert (settings.run.seed, settings.run.draws) == (3, 200)
    assert len(pd.read_csv(result.folder / "orders.csv")) == 6919
    names = {path.name for path in result.folder.iterdir()}
    assert {name for name in names if not name.startswith(".")} == {"orders.csv", "lifeworth.toml", "current", "runs"}
    assert result.report.is_file()


def test_both_nights_are_published_and_the_second_knows_the_first(result: DemoResult) -> None:
    assert [night.ending.startswith("published") for night in result.nights] == [True, True]
    first, second = (night.figures for night in result.nights)
    assert (first["as_of"], second["as_of"]) == NIGHTS
    assert first["change"] is None
    assert second["change"]["last_run_id"] == first["run_id"]
    assert second["customers"] == 2357


def test_what_came_between_the_nights_is_the_published_holdout(result: DemoResult) -> None:
    came = result.table("since").set_index("quantity")
    assert came.loc["purchases", "actual"] == HOLDOUT_PURCHASES
    assert came.loc["spend", "actual"] == pytest.approx(HOLDOUT_SPEND)
    assert set(came["days"]) == {273}


def test_the_table_in_the_terminal_has_the_numbers_and_fits_80_columns(result: DemoResult) -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(demo_table(result))
    shown = console.export_text()
    worth = result.nights[-1].figures["totals"][-3]
    assert (worth["quantity"], worth["horizon"]) == ("value", "12M")
    for number in ("2,357 customers", f"${worth['mean']:,.0f}", "1,882", "$71k"):
        assert number in shown
    assert "…" not in shown, "nothing is cut off"
    assert all(len(line) <= 80 for line in shown.splitlines() if str(result.folder) not in line)


def test_a_second_demo_makes_nothing_anew_and_json_has_the_same_numbers(result: DemoResult) -> None:
    arguments = ["--out", str(result.folder), "--sample", "--draws", "200", "--seed", "3", "--json"]
    again = CliRunner().invoke(app, ["demo", *arguments])
    assert again.exit_code == ExitCode.DONE, again.stderr
    assert again.stderr.count("nothing to do") == 2
    figures = json.loads(again.stdout)
    assert list(figures["nights"]) == list(NIGHTS)
    assert figures["nights"][NIGHTS[1]]["totals"] == result.nights[-1].figures["totals"]
    assert [row["actual"] for row in figures["since"]] == pytest.approx([HOLDOUT_PURCHASES, HOLDOUT_SPEND])


def test_a_folder_that_cannot_be_written_is_refused_before_any_work(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    heard: list[Event] = []
    with pytest.raises(InputError, match=rf"cannot write into '{file}/out'"):
        run_demo(file / "out", SETTINGS, listen=heard.append)
    assert heard == []


def test_a_folder_of_somebody_s_own_is_not_written_over(tmp_path: Path, result: DemoResult) -> None:
    (tmp_path / "orders.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"not the demo's\. Choose another folder"):
        run_demo(tmp_path, SETTINGS)
    (tmp_path / "orders.csv").rename(tmp_path / "lifeworth.toml")
    refused = CliRunner().invoke(app, ["demo", "--out", str(tmp_path)], terminal_width=500)
    assert refused.exit_code == ExitCode.USAGE
    assert [path.name for path in tmp_path.iterdir()] == ["lifeworth.toml"]
    assert (tmp_path / "lifeworth.toml").read_text(encoding="utf-8") == "mine"
    with pytest.raises(InputError, match="holds a demo with other options"):
        run_demo(result.folder, DemoSettings(seed=4, draws=200, sample=True))


@pytest.mark.slow
def test_the_full_demo_keeps_within_a_gigabyte(tmp_path: Path) -> None:
    demo = f"from lifeworth.cli import app; app(['demo', '-q', '--out', {str(tmp_path)!r}])"
    peak = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {demo!r}], check=True); {PEAK}"
    done = subprocess.run([sys.executable, "-c", peak], check=True, capture_output=True, text=True)
    assert float(done.stdout) < DEMO_MEGABYTES
    came = pd.read_parquet(tmp_path / "current" / "tables" / "since.parquet")
    assert came["inside"].all()
