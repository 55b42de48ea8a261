"""The commands of scheduled runs: what they write, what they print, and how they end."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lifeworth.cli import ExitCode, app
from lifeworth.pipelines.runs.lock import locked

FIRST = "1998-05-31"


def call(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_init_writes_settings_that_check_accepts_as_they_are(tmp_path, orders):
    orders.to_csv(tmp_path / "orders.csv", index=False)
    begun = call("init", tmp_path / "orders.csv", "--folder", tmp_path)
    assert begun.exit_code == ExitCode.DONE, begun.output
    assert "columns.customer_id = 'customer_id'" in begun.output
    checked = call("check", tmp_path / "lifeworth.toml", "--json")
    assert checked.exit_code == ExitCode.DONE, checked.output
    told = json.loads(checked.stdout)
    assert {gate["outcome"] for gate in told["Gates"]} == {"passed", "not asked"}
    again = call("init", tmp_path / "orders.csv", "--folder", tmp_path)
    assert again.exit_code == ExitCode.BAD_DATA
    assert "--force" in again.output or "force" in again.output


def test_a_finished_run_says_that_there_is_nothing_to_do(published):
    again = call("run", published, "--as-of", FIRST)
    assert again.exit_code == ExitCode.DONE
    assert again.stdout.startswith("Nothing to do: 1998-05-31-")
    assert "value within 12 months: $" in again.stdout
    told = json.loads(call("run", published, "--as-of", FIRST, "--json", "--quiet").stdout)
    assert told["ending"] == "nothing to do"
    assert told["figures"]["customers"] > 0


def test_a_run_in_a_scheduler_writes_a_line_a_step(published):
    lines = call("check", published, "--as-of", FIRST).stderr.splitlines()
    assert [line.split("name=")[1].split()[0] for line in lines] == ["read", "check", "summarise"]
    assert all(line.startswith("time=") for line in lines)


def test_a_held_run_ends_with_four_and_says_where_to_read_why(second_night, orders):
    orders.assign(amount=100.0 * orders["amount"]).to_csv(second_night.parent / "orders.csv", index=False)
    held = call("run", second_night, "--as-of", "1998-06-30")
    assert held.exit_code == ExitCode.HELD
    assert "why.txt" in held.stdout
    assert "level=error event=held" in held.stderr


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (lambda folder: (folder / "orders.csv").unlink(), ExitCode.BAD_DATA, "orders.csv"),
        (lambda folder: (folder / "lifeworth.toml").write_text("[sources]\n"), ExitCode.BAD_DATA, "did you mean"),
        (lambda folder: (folder / "lifeworth.toml").unlink(), ExitCode.BAD_DATA, "lifeworth init"),
    ],
)
def test_bad_data_and_settings_end_with_five_and_a_line(shop, change, code, said):
    change(shop.parent)
    ended = call("run", shop, "--as-of", FIRST)
    assert ended.exit_code == code
    assert said.lower() in ended.output.lower()
    assert "Traceback" not in ended.output


def test_a_second_run_at_once_ends_with_six(published):
    out = (published.parent / "out").resolve()
    with locked(out):
        busy = call("run", published, "--as-of", FIRST)
    assert busy.exit_code == ExitCode.BUSY
    assert f"process {os.getpid()}" in busy.output


def test_a_step_shows_what_it_found_and_publishes_nothing(shop):
    out = shop.parent / "out"
    fitted = call("fit", shop, "--as-of", FIRST)
    assert fitted.exit_code == ExitCode.DONE, fitted.output
    assert "BG/NBD" in fitted.stdout
    assert "Gamma-Gamma" in fitted.stdout
    told = json.loads(call("summarise", shop, "--as-of", FIRST, "--json").stdout)
    assert {"Data", "Customers", "Gates"} <= told.keys()
    assert not (out / "current").exists()


@pytest.mark.parametrize(
    "command", ["init", "check", "run", "summarise", "fit", "backtest", "forecast", "value", "report", "demo"]
)
def test_every_command_has_help_that_tells_exit_codes(command):
    told = call(command, "--help")
    assert told.exit_code == 0
    assert "Exit codes" in told.output


def test_every_exit_code_is_documented():
    page = Path(__file__).parents[3].joinpath("docs", "scheduled-runs.md").read_text()
    codes = {int(line.split("|")[1]) for line in page.splitlines() if line.startswith("| ") and line[2].isdigit()}
    assert codes == {int(code) for code in ExitCode}
