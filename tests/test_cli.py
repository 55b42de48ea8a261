"""The command line: what it prints, where, and with which code it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

import lifeworth
from lifeworth.cli import EPILOG, ExitCode, app
from lifeworth.models.ground.errors import FitError, InputError
from lifeworth.pipelines import demo
from lifeworth.pipelines.demo import DemoResult, DemoSettings
from lifeworth.pipelines.runs.events import Listener, silent
from lifeworth.pipelines.runs.run import RunResult

RUNNER: Final = CliRunner()
HEAVY: Final = ("numba", "pandas", "matplotlib", "ibis", "pymc", "lifeworth.models.base")


def one_line(text: str) -> str:
    """Text without frames and line breaks."""
    return " ".join(text.replace("│", " ").split())


@pytest.fixture
def stop(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """What the demo raises instead of running: put it into the list."""
    raised: list[BaseException] = []

    def run_demo(*arguments: object, **words: object) -> None:
        raise raised[0]

    monkeypatch.setattr(demo, "run_demo", run_demo)
    return raised


def test_the_version_is_that_of_the_package() -> None:
    result = RUNNER.invoke(app, ["--version"])
    assert result.exit_code == ExitCode.DONE
    assert result.stdout == f"lifeworth {lifeworth.__version__}\n"


@pytest.mark.parametrize("command", [[], ["demo"]])
def test_help_names_options_and_exit_codes(command: list[str]) -> None:
    result = RUNNER.invoke(app, [*command, "--help"], terminal_width=200)
    assert result.exit_code == ExitCode.DONE
    assert one_line(EPILOG) in one_line(result.stdout)
    for option in ("--out", "--seed", "--draws", "--sample", "--quiet", "--json") if command else ("demo", "--version"):
        assert option in result.stdout


def test_every_exit_code_is_documented() -> None:
    assert all(f" {code.value} " in EPILOG for code in ExitCode)


def test_help_and_version_load_nothing_heavy() -> None:
    code = (
        "import sys\nfrom lifeworth.cli import app\ntry:\n    app(['--version'])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == [f"lifeworth {lifeworth.__version__}", "[]"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["demo"], "Missing option '--out'"),
        (["demo", "--out", "x", "--draws", "3"], "greater than or equal to 100"),
        (["demo", "--out", "x", "--seed", "-1"], "greater than or equal to 0"),
        (["nonsense"], "No such command"),
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], told: str) -> None:
    result = RUNNER.invoke(app, arguments)
    assert result.exit_code == ExitCode.USAGE
    assert told in one_line(result.stderr)


def test_a_folder_that_cannot_be_written_is_wrong_usage(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    result = RUNNER.invoke(app, ["demo", "--out", str(file)], terminal_width=500)
    assert result.exit_code == ExitCode.USAGE
    assert "--out: cannot write into" in one_line(result.stderr)
    assert "Choose another folder" in one_line(result.stderr)


def test_bad_data_ends_with_5_and_one_line(tmp_path: Path, stop: list[BaseException]) -> None:
    stop.append(InputError("orders: column [red]'date'[/red] holds float, expected dates."))
    result = RUNNER.invoke(app, ["demo", "--out", str(tmp_path)])
    assert result.exit_code == ExitCode.BAD_DATA
    assert result.stderr == "Error: orders: column [red]'date'[/red] holds float, expected dates.\n"
    assert result.stdout == ""


def test_a_fit_without_an_answer_ends_with_1_and_one_line(tmp_path: Path, stop: list[BaseException]) -> None:
    stop.append(FitError("fit: no mode was found; give narrower priors."))
    result = RUNNER.invoke(app, ["demo", "--out", str(tmp_path)])
    assert result.exit_code == ExitCode.UNEXPECTED
    assert result.stderr == "Error: fit: no mode was found; give narrower priors.\n"


def test_the_unexpected_ends_with_1_and_is_not_hidden(tmp_path: Path, stop: list[BaseException]) -> None:
    stop.append(ZeroDivisionError("boom"))
    result = RUNNER.invoke(app, ["demo", "--out", str(tmp_path)])
    assert result.exit_code == ExitCode.UNEXPECTED
    assert result.exception is stop[0]


def test_quiet_prints_nothing_and_options_arrive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []
    published = DemoResult(DemoSettings(), tmp_path, (RunResult("", "published", tmp_path, (), {}, {}),))

    def run_demo(*arguments: object, listen: Listener) -> DemoResult:
        asked.append((*arguments, listen))
        return published

    monkeypatch.setattr(demo, "run_demo", run_demo)
    options = ["--seed", "7", "--draws", "250", "--sample", "--quiet"]
    result = RUNNER.invoke(app, ["demo", "--out", str(tmp_path), *options])
    assert result.exit_code == ExitCode.DONE, result.stderr
    assert result.output == ""
    assert asked == [(tmp_path, DemoSettings(seed=7, draws=250, sample=True), silent)]
