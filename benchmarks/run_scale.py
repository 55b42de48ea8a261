"""Run `lifeworth run` on a log of many customers: seconds and peak memory of every step.

`python benchmarks/run_scale.py [--customers N] [--draws N] [--again] [--folder DIR]` simulates customers of four
channels won over three years, ten orders each, writes them as CSV with a settings file, runs `lifeworth run` in a
process of its own, and prints a Markdown table, a row a step. With `--again` a second run a month later follows, which
compares itself with the first. A run that is in DIR already is not made again: give a new folder.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, sleep
from typing import Final

import pandas as pd

import lifeworth as lw

SPAN: Final = {"start": "2022-01-01", "until": "2024-12-31"}
FIRST_RUN, SECOND_RUN = "2024-11-30", "2024-12-31"
CHANNELS: Final = {
    "search": (0.40, {"r": 0.9, "alpha": 4.0, "a": 0.38, "b": 6.0}),
    "social": (0.25, {"r": 0.7, "alpha": 6.0, "a": 0.6, "b": 5.0}),
    "referral": (0.10, {"r": 1.2, "alpha": 6.0, "a": 0.3, "b": 6.5}),
    "marketplace": (0.25, {"r": 0.7, "alpha": 4.0, "a": 0.55, "b": 6.0}),
}
"""Share of the customers, and BG/NBD parameters in weeks: ten orders a customer in all."""
SETTINGS: Final = """
[source]
path = "orders.csv"
[columns]
attributes = ["channel"]
[run]
out = "out"
{draws}
[economics]
margin = 0.4
annual_discount_rate = 0.12
currency = "$"
cac_by = "channel"
cost_per_order = {{logistics = 2.0}}
[economics.cac]
search = 18.0
social = 14.0
referral = 25.0
marketplace = 20.0
[decisions]
win_back_cost = 0.5
win_back_uplift = 0.05
"""
EVERY: Final = 0.02
"""Seconds between two looks at the memory of the process."""
ENDED: Final = {"published": 0, "published with warnings": 3}
"""Exit codes of a run that came to its end."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--draws", type=int)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.folder or Path(scratch)
        rows = _write_log(folder, asked.customers)
        draws = "" if asked.draws is None else f"draws = {asked.draws}"
        (folder / "lifeworth.toml").write_text(SETTINGS.format(draws=draws), encoding="utf-8")
        for day in (FIRST_RUN, SECOND_RUN) if asked.again else (SECOND_RUN,):
            print(f"\n| `lifeworth run --as-of {day}`, {asked.customers:,} customers, {rows:,} orders | seconds | MB |")
            print("|---|--:|--:|")
            for name, seconds, megabytes in _run(folder, day):
                print(f"| {name} | {seconds:.1f} | {megabytes:,.0f} |", flush=True)


def _write_log(folder: Path, customers: int) -> int:
    parts = []
    for place, (channel, (share, parameters)) in enumerate(CHANNELS.items()):
        model = lw.BetaGeoModel.from_parameters(**parameters, unit="W")
        part = lw.simulate_orders(model, customers=round(share * customers), seed=place, **SPAN)
        parts.append(part.assign(customer_id=part["customer_id"] + place * customers, channel=channel))
    orders = pd.concat(parts).sort_values("date", kind="stable")
    orders = orders.assign(amount=orders["amount"].round(2), date=orders["date"].dt.strftime("%Y-%m-%d %H:%M:%S"))
    folder.mkdir(parents=True, exist_ok=True)
    orders.to_csv(folder / "orders.csv", index=False)
    return len(orders)


def _run(folder: Path, day: str) -> Iterator[tuple[str, float, float]]:
    """Name, seconds and peak of each step as it ends, then of the whole run, processor time included."""
    lifeworth = Path(sys.executable).with_name("lifeworth")
    command = [str(lifeworth), "run", str(folder / "lifeworth.toml"), "--as-of", day]
    began, before = perf_counter(), os.times()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    memory = _Memory(process.pid)
    last, said = began, []
    assert process.stderr is not None  # it was asked for
    for line in process.stderr:
        said.append(line)
        if " event=done " in line:
            now = perf_counter()
            yield line.partition(" name=")[2].split()[0], now - last, memory.peak()
            last = now
    if process.wait() not in ENDED.values():
        raise SystemExit(f"the run ended with {process.returncode}:\n{''.join(said)}")
    seconds, after = perf_counter() - began, os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    yield "the rest", perf_counter() - last, memory.peak()
    yield f"**all** ({spent:.0f} seconds of processor)", seconds, memory.most


class _Memory:
    """Resident memory of a process, looked at all the time, in MB."""

    def __init__(self, pid: int) -> None:
        self.most = self._since = 0.0
        self._pid = pid
        threading.Thread(target=self._look, daemon=True).start()

    def peak(self) -> float:
        """The highest since the last time this was asked."""
        found, self._since = self._since, 0.0
        return found

    def _look(self) -> None:
        page = os.sysconf("SC_PAGE_SIZE") / 2**20
        while True:
            try:
                now = page * int(Path(f"/proc/{self._pid}/statm").read_text(encoding="ascii").split()[1])
            except (OSError, IndexError):
                return
            self._since, self.most = max(self._since, now), max(self.most, now)
            sleep(EVERY)


if __name__ == "__main__":
    main()
