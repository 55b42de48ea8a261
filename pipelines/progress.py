"""Progress bars: shown on a terminal or in a notebook, and only for work that takes a while."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from lifeworth.models.ground.progress import Advance

PATIENCE: Final = 1.0
"""Seconds before a bar appears: shorter work needs none."""


@contextmanager
def rich_reporter(description: str, steps: int) -> Iterator[Advance]:
    """Show a bar on the error stream once the work has taken `PATIENCE` seconds; nothing where nobody looks."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True)
    task = bar.add_task(description, total=steps)
    began, shown = time.monotonic(), False

    def advance() -> None:
        nonlocal shown
        bar.advance(task)
        if not shown and time.monotonic() - began > PATIENCE and _somebody_looks(console):
            bar.start()
            shown = True

    try:
        yield advance
    finally:
        if shown:
            bar.stop()


def _somebody_looks(console: Console) -> bool:
    """A terminal, or a notebook that can draw a bar: without ipywidgets rich would only warn."""
    return console.is_terminal or (console.is_jupyter and find_spec("ipywidgets") is not None)
