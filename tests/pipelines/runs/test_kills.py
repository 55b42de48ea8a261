"""Runs that are killed at random moments: what readers see is always a whole run, and the next run goes on."""

from __future__ import annotations

import hashlib
import json
import logging
import multiprocessing
import os
import random
import shutil
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

import lifeworth as lw
from lifeworth.pipelines.runs.run import run

KILLS: Final = 2
"""Each night; `LIFEWORTH_KILLS=300 make soak` for a longer time."""
SEED: Final = 20261122
SETTINGS: Final = """
[source]
path = "orders.csv"

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

[gates]
min_coverage = { }
max_worse_than_baseline = { }
"""
"""As little work as a run can have: what is tested is when it dies. Two origins are no record to judge forecasts by."""
DAYS: Final = tuple(f"1998-{month:02d}-{day:02d}" for month in (1, 2, 3, 4, 5) for day in (7, 14, 21, 28))
"""Nights, in order; after the last the folder begins anew."""
LAST_DAY: Final = "1998-06-07"
"""The night that is run twice: killed half-way and resumed, and in peace."""
DIFFERS: Final = {"manifest.json"}
"""It holds seconds; every other file must be the same byte by byte."""
CUSTOMERS: Final = 1000
"""Enough that a fit of their spend needs no second round, which would take longer than more customers do."""
OVERSHOOT: Final = 1.1
"""Kills come up to so many times the seconds of a whole run after its beginning: some come too late."""

# Loaded once, then each run is a fork: seconds of imports would hide the moments that matter.
_fork = multiprocessing.get_context("forkserver")
_fork.set_forkserver_preload(["lifeworth.pipelines.runs.run", "matplotlib.figure"])


def small_shop(folder: Path) -> Path:
    """A folder with orders and settings; return the settings."""
    orders = lw.load_cdnow(sample=True)
    orders[orders["customer_id"] <= sorted(orders["customer_id"].unique())[CUSTOMERS]].to_csv(
        folder / "orders.csv", index=False
    )
    settings = folder / "lifeworth.toml"
    settings.write_text(SETTINGS)
    return settings


@dataclass
class Tally:
    """What became of runs that were to be killed."""

    seconds: float = 0.0
    killed: int = 0
    finished: int = 0
    in_publish: int = 0
    seen: set[str] = field(default_factory=set)


def attempt(settings: Path, as_of: str, out: Path, die_after: float | None) -> int | None:
    """Run in a process of its own and kill it after some seconds; return its exit code, negative if it was killed."""
    process = _fork.Process(target=run, args=(settings,), kwargs={"as_of": as_of, "out": out})
    process.start()
    process.join(die_after)
    if process.is_alive() and process.pid is not None:
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    return process.exitcode


def kills(settings: Path, out: Path, number: int, seed: int) -> Tally:
    """Kill runs at random moments until so many were killed; after each, what readers see must be a whole run."""
    draw = random.Random(seed)
    tally, night = Tally(), 0
    began = time.monotonic()
    assert attempt(settings, DAYS[0], out, None) == 0
    whole = tally.seconds = time.monotonic() - began
    while tally.killed < number:
        night = night + 1
        day = DAYS[night % len(DAYS)]
        if day == DAYS[0]:
            shutil.rmtree(out)
            assert attempt(settings, day, out, None) == 0
            continue
        ended: int | None = -signal.SIGKILL
        while ended == -signal.SIGKILL and tally.killed < number:
            ended = attempt(settings, day, out, draw.uniform(0.0, OVERSHOOT * whole))
            tally.killed += ended == -signal.SIGKILL
            tally.in_publish += any((out / ".work").glob("*/stage")) if ended != 0 else 0
            tally.seen.add(whole_run(out / "current"))
            assert ended in (0, -signal.SIGKILL), f"a run ended with {ended}"
        tally.finished += ended == 0
    return tally


def whole_run(folder: Path) -> str:
    """The id of a published run, of which every file is as its manifest says."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for told in manifest["files"]:
        content = (folder / told["name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == told["sha256"], told["name"]
    assert (folder / "report.html").read_text().rstrip().endswith("</html>")
    assert (folder / "state" / "run.json").is_file()
    return str(manifest["run_id"])


def digests(folder: Path) -> dict[str, str]:
    """A sum for each file of a published run that knows no clock."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in DIFFERS]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def soak(folder: Path, number: int) -> None:
    settings, out = small_shop(folder), folder / "out"
    tally = kills(settings, out, number, SEED)
    logging.getLogger(__name__).info("%s", tally)
    calm = Path(shutil.copytree(out, folder / "calm", symlinks=True))
    assert attempt(settings, LAST_DAY, out, tally.seconds / 2) in (0, -signal.SIGKILL)
    assert attempt(settings, LAST_DAY, out, None) == 0
    assert whole_run(out / "current").startswith(LAST_DAY)
    assert list((out / ".work").iterdir()) == []
    assert not list(out.glob(".current-*"))
    for folder_of_run in (out / "runs").iterdir():
        whole_run(folder_of_run)
    assert attempt(settings, LAST_DAY, calm, None) == 0
    assert digests(out / "current") == digests(calm / "current")


@pytest.mark.slow
def test_a_hundred_runs_killed_at_random_moments_leave_a_whole_run_each_time(tmp_path):
    soak(tmp_path, int(os.environ.get("LIFEWORTH_KILLS", "100")))


def test_runs_killed_at_random_moments_leave_a_whole_run_each_time(tmp_path):
    soak(tmp_path, KILLS)
