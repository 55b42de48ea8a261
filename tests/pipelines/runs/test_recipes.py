"""The recipes do what they say: with a lifeworth that ends in every way."""

from __future__ import annotations

import configparser
import importlib.util
import subprocess
import sys
import types
from pathlib import Path

import pytest

RECIPES = Path(__file__).parents[3] / "docs" / "recipes"


def fake_lifeworth(folder: Path, code: int) -> Path:
    """A command that ends with a code, in the folder where the recipes expect it."""
    program = folder / ".venv" / "bin" / "lifeworth"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\necho "ran $* with $PGPASSWORD"\nexit {code}\n')
    program.chmod(0o755)
    (folder / "secrets.env").write_text("PGPASSWORD=open\n")
    (folder / "out" / "held" / "a").mkdir(parents=True)
    (folder / "out" / "held" / "a" / "why.txt").write_text("too few rows\n")
    return program


@pytest.mark.parametrize(("code", "ended", "mail"), [(0, 0, False), (3, 0, False), (4, 4, True), (5, 5, True)])
def test_the_line_of_cron_mails_what_needs_somebody(tmp_path, code, ended, mail):
    fake_lifeworth(tmp_path, code)
    line = next(line for line in (RECIPES / "crontab").read_text().splitlines() if line.startswith("30 2"))
    command = line.split(maxsplit=5)[5].replace("/srv/lifeworth", str(tmp_path))
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == ended
    assert ("too few rows" in done.stdout) == mail
    assert "ran run lifeworth.toml with open" in (tmp_path / "run.log").read_text()


def test_the_units_of_systemd_start_the_run_and_take_three_for_a_success():
    service = configparser.ConfigParser(strict=False)
    service.read(RECIPES / "lifeworth.service")
    assert service["Service"]["ExecStart"].endswith("lifeworth run lifeworth.toml")
    assert service["Service"]["SuccessExitStatus"] == "3"
    timer = configparser.ConfigParser(strict=False)
    timer.read(RECIPES / "lifeworth.timer")
    assert "OnCalendar" in timer["Timer"]


FailAtOnce = type("AirflowFailException", (Exception,), {})
"""What Airflow does not try again."""


def airflow_task(monkeypatch, folder: Path):
    """The function that the recipe makes a task of, with an Airflow that does nothing."""
    tasks = {}

    def task(**_):
        return lambda function: tasks.setdefault(function.__name__, function)

    exceptions, sdk = types.ModuleType("airflow.exceptions"), types.ModuleType("airflow.sdk")
    vars(exceptions)["AirflowFailException"] = FailAtOnce
    vars(sdk).update(task=task, dag=lambda **_: lambda function: lambda: function)
    for name, module in {
        "airflow": types.ModuleType("airflow"),
        exceptions.__name__: exceptions,
        sdk.__name__: sdk,
    }.items():
        monkeypatch.setitem(sys.modules, name, module)
    spec = importlib.util.spec_from_file_location("recipe", RECIPES / "lifeworth_dag.py")
    assert spec is not None
    assert spec.loader is not None
    recipe = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recipe)
    monkeypatch.setattr(recipe, "FOLDER", folder)
    return tasks["run"]


def test_the_task_of_airflow_fails_at_once_where_trying_again_does_not_help(tmp_path, monkeypatch):
    program = fake_lifeworth(tmp_path, 0)
    run = airflow_task(monkeypatch, tmp_path)
    for code in (0, 3):
        program.write_text(f"#!/bin/sh\nexit {code}\n")
        assert run("2026-11-01", "open") == code
    for code in (2, 4, 5):
        program.write_text(f"#!/bin/sh\nexit {code}\n")
        with pytest.raises(FailAtOnce, match="out/held"):
            run("2026-11-01", "open")
    for code in (1, 6, 7):
        program.write_text(f"#!/bin/sh\nexit {code}\n")
        with pytest.raises(RuntimeError, match=f"ended with {code}"):
            run("2026-11-01", "open")


def test_the_workflow_of_github_passes_the_exit_code_on_but_for_warnings(tmp_path):
    fake_lifeworth(tmp_path, 0)
    text = (RECIPES / "github-actions.yml").read_text()
    script = text[text.index("run: |\n") + len("run: |\n") : text.index("      - uses: actions/cache/save")]
    for code, ended in ((0, 0), (3, 0), (4, 4)):
        (tmp_path / ".venv" / "bin" / "lifeworth").write_text(f"#!/bin/sh\nexit {code}\n")
        environment = {"PATH": f"{tmp_path}/.venv/bin:/usr/bin:/bin", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
        done = subprocess.run(
            ["bash", "-e", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == ended, done.stderr
        assert ("::warning::" in done.stdout) == (code == 3)
    assert "too few rows" in (tmp_path / "summary").read_text()
