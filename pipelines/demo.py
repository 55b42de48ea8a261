"""The demo: two nights of the scheduled run on real data, nine months apart, as a shop would have had them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pandas as pd

from lifeworth.data import load_cdnow
from lifeworth.models.ground.errors import InputError

from .exports import writable_folder, write_bytes, write_csv
from .runs.events import Listener, silent
from .runs.run import RunResult, run
from .runs.shelf import CURRENT
from .settings.init import NAME

NIGHTS: Final = ("1997-09-30", "1998-06-30")
"""The published split of CDNOW: 39 weeks to learn from, 39 to compare with (Fader, Hardie & Lee 2005)."""
ORDERS: Final = "orders.csv"
HEAD: Final = "# Settings of `lifeworth demo`"
"""Tells a folder of the demo from one of somebody's own."""
SETTINGS: Final = """\
{head}, version {version}, orders: {orders}.
# `lifeworth init ORDERS` writes a longer file, with every key and its meaning.

[source]
path = "orders.csv"

[run]
out = "."
title = "Customer lifetime value: CDNOW"
seed = {seed}
draws = {draws}

[forecast]
horizons = ["12M", "24M", "36M"]

# Examples, not CDNOW's books: the report says so until `assumed` is [].
[economics]
margin = 0.30
annual_discount_rate = 0.15
cac = 20.0
currency = "$"
assumed = ["margin", "annual_discount_rate", "cac"]
"""
"""What the demo runs with; 30 % contribution, 15 % a year, 20 dollars to win a customer."""


@dataclass(frozen=True)
class DemoSettings:
    """What the demo is run with.

    Attributes
    ----------
    seed : int
    draws : int
        Simulated futures of every customer.
    sample : bool
        The 2,357 customers of the published sample instead of all 23,570.
    """

    seed: int = 0
    draws: int = 1000
    sample: bool = False


@dataclass(frozen=True, eq=False)
class DemoResult:
    """What the demo published.

    Attributes
    ----------
    settings : DemoSettings
    folder : Path
        Holds the orders, the settings, and in `current` what the second night published.
    nights : tuple of RunResult
        The first and the second.
    """

    settings: DemoSettings
    folder: Path
    nights: tuple[RunResult, ...]

    @property
    def report(self) -> Path:
        """The page of the second night."""
        return self.folder / CURRENT / "report.html"

    @property
    def figures(self) -> dict[str, Any]:
        """The numbers of both nights, nested plain values: `summary.json` of each by its day, and what came between."""
        came = self.table("since").to_dict("records")
        return {"nights": {night.figures["as_of"]: night.figures for night in self.nights}, "since": came}

    def table(self, name: str) -> pd.DataFrame:
        """A table of the second night, as it was published; names as in docs/outputs.md."""
        return pd.read_parquet(self.folder / CURRENT / "tables" / f"{name}.parquet")


def run_demo(folder: str | Path, settings: DemoSettings | None = None, *, listen: Listener = silent) -> DemoResult:
    """Write orders and settings into a folder, and run both nights there; nights that were run before are kept.

    Parameters
    ----------
    folder : str or Path
        Made if it is not there; see `demo_folder`.
    settings : DemoSettings, optional
    listen : callable
        Told of each step and gate.

    Raises
    ------
    InputError
        As `demo_folder`.
    BusyError, PlaceError
        As `run`.
    """
    chosen = settings or DemoSettings()
    place = demo_folder(folder, chosen)
    nights = tuple(run(place / NAME, as_of=night, listen=listen) for night in NIGHTS)
    return DemoResult(chosen, place, nights)


def demo_folder(folder: str | Path, settings: DemoSettings) -> Path:
    """Write the demo's orders and settings into a folder, and return it; nothing of anybody else is written over.

    Raises
    ------
    InputError
        The folder cannot be written to, holds orders or settings of somebody's own, or a demo with other options.
    """
    place = writable_folder(folder)
    which = "the sample" if settings.sample else "all"
    text = SETTINGS.format(
        head=HEAD, version=version("lifeworth"), orders=which, seed=settings.seed, draws=settings.draws
    )
    found = (place / NAME).read_text(encoding="utf-8") if (place / NAME).exists() else None
    if found is None and (place / ORDERS).exists():
        found = ""  # orders without settings are none of ours
    if found is not None and found != text:
        what = "a demo with other options" if found.startswith(HEAD) else f"{NAME} or {ORDERS} that are not the demo's"
        raise InputError(f"out: {str(place)!r} holds {what}. Choose another folder, or remove this one.")
    write_bytes(place / NAME, text.encode())
    if not (place / ORDERS).exists():
        write_csv(load_cdnow(sample=settings.sample), place / ORDERS)
    return place
