"""What a run says while it goes on: lines for people on a terminal, lines for machines in a scheduler's log."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.markup import escape

MARKS: Final = {"done": "[green]done[/]", "kept": "[cyan]kept[/]", "warned": "[yellow]warn[/]", "held": "[red]held[/]"}
WIDTH: Final = 34
"""Of the names of steps."""


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes
    ----------
    what : str
        "done": a step ran; "kept": it had run before a kill; "warned" or "held": what a gate said; "info".
    name : str
        Of the step or gate.
    seconds : float or None
    message : str
    """

    what: str
    name: str
    seconds: float | None = None
    message: str = ""


type Listener = Callable[[Event], None]


def silent(event: Event) -> None:
    """Say nothing."""


def teller() -> Listener:
    """For people if somebody looks at the error stream, for a log if nobody does."""
    return to_terminal if sys.stderr.isatty() else to_log


def to_terminal(event: Event) -> None:
    """Write a line for people."""
    mark, seconds = MARKS.get(event.what, "    "), "" if event.seconds is None else f"[dim]{event.seconds:6.1f} s[/]"
    said = f" {escape(event.message)}" if event.message else ""
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        f"  {mark}  {escape(event.name):<{WIDTH}}{seconds}{said}"
    )


def to_log(event: Event) -> None:
    """Write a line of key=value pairs, as log collectors read them."""
    pairs = {
        "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "level": {"warned": "warning", "held": "error"}.get(event.what, "info"),
        "event": event.what,
        "name": event.name,
    }
    if event.seconds is not None:
        pairs["seconds"] = f"{event.seconds:.3f}"
    if event.message:
        pairs["message"] = event.message
    sys.stderr.write(" ".join(f"{key}={_quoted(value)}" for key, value in pairs.items()) + "\n")
    sys.stderr.flush()


def _quoted(value: str) -> str:
    plain = value and not any(sign in value for sign in ' "=\n\r\t')
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return value if plain else f'"{escaped}"'
