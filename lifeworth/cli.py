"""The command line: `lifeworth demo --out DIR`; more commands join, one a step.

Exit codes: 0 done; 1 something unexpected, or a fit without an answer; 2 wrong usage, a folder that cannot be written;
5 data that cannot be used.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape

from lifeworth import __version__


class ExitCode(IntEnum):
    """How a command ends."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    BAD_DATA = 5


EPILOG: Final = (
    "Exit codes: 0 done, 1 something unexpected or a fit without an answer, 2 wrong usage or a folder that cannot be "
    "written, 5 data that cannot be used."
)
LEAST_DRAWS: Final = 100
"""Simulated futures below which ends of a 90 % interval mean little."""

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


@app.command(epilog=EPILOG)
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for tables and report; made if it is not there.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers.")] = 0,
    draws: Annotated[int, typer.Option(min=LEAST_DRAWS, help="Simulated futures of every customer.")] = 1000,
    sample: Annotated[bool, typer.Option("--sample", help="2,357 of the 23,570 customers: quicker.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON instead of a table.")] = False,
) -> None:
    """Run the whole way on real data (CDNOW): orders to forecast and value, compared with what really came.

    Writes customers.parquet, customers.csv, total.csv, manifest.json and report.html into the folder.
    """
    # Imported here, so that --help and --version answer at once.
    from lifeworth.models.ground.errors import InputError
    from lifeworth.models.ground.progress import set_reporter
    from lifeworth.pipelines.demo import DemoSettings, run_demo
    from lifeworth.pipelines.demo_table import demo_table
    from lifeworth.pipelines.exports import plain, writable_folder
    from lifeworth.pipelines.progress import rich_reporter

    set_reporter(None if quiet else rich_reporter)
    with _errors_in_a_line():
        try:
            writable_folder(out)
        except InputError as error:
            raise typer.BadParameter(str(error).removeprefix("out: "), param_hint="--out") from error
        steps = None if quiet else _show_step
        result = run_demo(out, DemoSettings(seed, draws, sample), steps)
    if as_json:
        typer.echo(json.dumps(plain(result.figures), indent=2, allow_nan=False))
    elif not quiet:
        Console().print(demo_table(result))


def _show_step(step: str, seconds: float) -> None:
    """Write a step that is done, on the error stream: the output stays clean."""
    Console(stderr=True, highlight=False).print(f"  [green]done[/]  {escape(step):<34}[dim]{seconds:6.1f} s[/]")


@contextmanager
def _errors_in_a_line() -> Iterator[None]:
    """Say what went wrong in a line and leave with its code; what nobody foresaw keeps its traceback."""
    from lifeworth.models.ground.errors import InputError, LifeworthError

    try:
        yield
    except LifeworthError as error:
        # Not through markup: square brackets in a message are the data's own.
        Console(stderr=True, soft_wrap=True).print(f"Error: {error}", style="bold red", markup=False, highlight=False)
        code = ExitCode.BAD_DATA if isinstance(error, InputError) else ExitCode.UNEXPECTED
        raise typer.Exit(code) from error
