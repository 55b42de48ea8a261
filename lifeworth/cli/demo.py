"""`lifeworth demo`: the whole way on real data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from .app import EPILOG, ExitCode, app, errors_in_a_line

LEAST_DRAWS: Final = 100
"""Simulated futures below which ends of a 90 % interval mean little."""


@app.command(epilog=EPILOG)
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder to work and publish in; made if it is not there.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers.")] = 0,
    draws: Annotated[int, typer.Option(min=LEAST_DRAWS, help="Simulated futures of every customer.")] = 1000,
    sample: Annotated[bool, typer.Option("--sample", help="2,357 of the 23,570 customers: quicker.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON instead of a table.")] = False,
) -> None:
    """Run the whole way on real data (CDNOW): two scheduled runs, nine months apart, forecast compared with what came.

    Writes orders.csv and lifeworth.toml into the folder; what `lifeworth run` publishes from them is in current/.
    """
    # Imported here, so that --help and --version answer at once.
    from lifeworth.models.ground.errors import InputError
    from lifeworth.pipelines.demo import DemoSettings, demo_folder, run_demo
    from lifeworth.pipelines.demo_table import demo_table
    from lifeworth.pipelines.exports import plain

    from .show import show_result
    from .tell import listener

    settings = DemoSettings(seed, draws, sample)

    with errors_in_a_line():
        try:
            demo_folder(out, settings)
        except InputError as error:
            raise typer.BadParameter(str(error).removeprefix("out: "), param_hint="--out") from error
        result = run_demo(out, settings, listen=listener(quiet=quiet))
    for night in result.nights:
        if night.ending == "held":  # on these data only a fault can
            show_result(night)
            raise typer.Exit(ExitCode.HELD)
    if as_json:
        typer.echo(json.dumps(plain(result.figures), indent=2, allow_nan=False))
    elif not quiet:
        Console().print(demo_table(result))
