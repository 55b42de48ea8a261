"""`lifeworth demo`: the whole way on real data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape

from .app import EPILOG, app, errors_in_a_line

LEAST_DRAWS: Final = 100
"""Simulated futures below which ends of a 90 % interval mean little."""


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
    with errors_in_a_line():
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
