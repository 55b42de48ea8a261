"""What all commands share: the app, exit codes, and errors in a line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Annotated, Final

import typer
from rich.console import Console

from lifeworth import __version__


class ExitCode(IntEnum):
    """How a command ends."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    WARNED = 3
    HELD = 4
    BAD_DATA = 5
    BUSY = 6
    NO_PLACE = 7


EPILOG: Final = (
    "Exit codes: 0 done or published, 1 something unexpected or a fit without an answer, 2 wrong usage, 3 published "
    "with warnings, 4 held back by a gate, 5 data or settings that cannot be used, 6 another run is at work in the "
    "folder, 7 a disk that cannot be written."
)

app = typer.Typer(
    name="lifeworth",
    help="Customer lifetime value from an order log, with intervals that hold.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"lifeworth {__version__}")
        raise typer.Exit(ExitCode.DONE)


@app.callback()
def lifeworth(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """Customer lifetime value from an order log, with intervals that hold."""


@contextmanager
def errors_in_a_line() -> Iterator[None]:
    """Say what went wrong in a line and leave with its code; what nobody foresaw keeps its traceback."""
    from lifeworth.models.ground.errors import InputError, LifeworthError, PlaceError
    from lifeworth.pipelines.runs.lock import BusyError

    codes = {InputError: ExitCode.BAD_DATA, BusyError: ExitCode.BUSY, PlaceError: ExitCode.NO_PLACE}
    try:
        yield
    except LifeworthError as error:
        # Not through markup: square brackets in a message are the data's own.
        Console(stderr=True, soft_wrap=True).print(f"Error: {error}", style="bold red", markup=False, highlight=False)
        code = next((code for kind, code in codes.items() if isinstance(error, kind)), ExitCode.UNEXPECTED)
        raise typer.Exit(code) from error
