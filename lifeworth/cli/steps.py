"""A command a step: run up to it and see what it finds, without publishing; `run` goes on from there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .app import EPILOG, app, errors_in_a_line
from .run import Accept, AsOf, Config, Json, Out, ending_of


@app.command(epilog=EPILOG)
def summarise(
    config: Config, as_of: AsOf = None, out: Out = None, accept: Accept = None, as_json: Json = False
) -> None:
    """Orders to one row a customer: the data report, and whether the customers suit the models."""
    _look("summarise", "summarise", config, as_of, out, accept, as_json)


@app.command(epilog=EPILOG)
def fit(config: Config, as_of: AsOf = None, out: Out = None, accept: Accept = None, as_json: Json = False) -> None:
    """Fit the models that compete: parameters and whether they can be relied on."""
    _look("diagnose", "fit", config, as_of, out, accept, as_json)


@app.command(epilog=EPILOG)
def backtest(config: Config, as_of: AsOf = None, out: Out = None, accept: Accept = None, as_json: Json = False) -> None:
    """Forecast from days in the past and see what came: who wins, and do the intervals hold."""
    _look("choose", "backtest", config, as_of, out, accept, as_json)


@app.command(epilog=EPILOG)
def forecast(config: Config, as_of: AsOf = None, out: Out = None, accept: Accept = None, as_json: Json = False) -> None:
    """Purchases and spend that the customers will bring, with intervals."""
    _look("forecast", "forecast", config, as_of, out, accept, as_json)


@app.command(epilog=EPILOG)
def value(config: Config, as_of: AsOf = None, out: Out = None, accept: Accept = None, as_json: Json = False) -> None:
    """What the customers are worth, what a new one is worth, and what may be paid for one."""
    _look("value", "value", config, as_of, out, accept, as_json)


@app.command(epilog=EPILOG)
def report(
    config: Config,
    to: Annotated[Path, typer.Option("--to", help="File to write.")] = Path("report.html"),
    as_of: AsOf = None,
    out: Out = None,
    accept: Accept = None,
) -> None:
    """Write the report without publishing anything."""
    from .tell import listener

    with errors_in_a_line():
        from lifeworth.pipelines.report.page import write_report
        from lifeworth.pipelines.runs.run import look

        state = look(config, "compare", as_of=as_of, out=out, accept=accept or (), listen=listener(quiet=False))
        ending = ending_of([gate.outcome for gate in state.gates])
        if state.decisions is not None:
            write_report(state.record({}), to)
            typer.echo(f"Wrote {to}")
    raise typer.Exit(ending)


def _look(
    until: str, shown: str, config: Path, as_of: str | None, out: Path | None, accept: list[str] | None, as_json: bool
) -> None:
    from .show import show_step
    from .tell import listener

    with errors_in_a_line():
        from lifeworth.pipelines.runs.run import look

        state = look(config, until, as_of=as_of, out=out, accept=accept or (), listen=listener(quiet=as_json))
        show_step(shown, state, as_json)
    raise typer.Exit(ending_of([gate.outcome for gate in state.gates]))
