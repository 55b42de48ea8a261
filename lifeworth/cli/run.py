"""`lifeworth init`, `check` and `run`: a settings file, a look at the data, and the scheduled run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .app import EPILOG, ExitCode, app, errors_in_a_line

Config = Annotated[Path, typer.Argument(metavar="CONFIG.toml", help="Settings, as `lifeworth init` writes them.")]
AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="DATE", help="Last day whose orders count; else as the settings say.")
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder to publish in; else as the settings say.")]
Accept = Annotated[
    list[str] | None,
    typer.Option("--accept", metavar="GATE", help="A gate that may not hold this run; repeatable."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on the output stream.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


@app.command(epilog=EPILOG)
def init(
    orders: Annotated[str, typer.Argument(metavar="ORDERS", help="CSV or Parquet file of orders, or a glob of them.")],
    folder: Annotated[Path, typer.Option("--folder", help="Where lifeworth.toml is written.")] = Path("."),
    force: Annotated[bool, typer.Option("--force", help="Write over a lifeworth.toml that is there.")] = False,
) -> None:
    """Look at an order log and write a lifeworth.toml for it, every setting with its meaning."""
    from lifeworth.pipelines.settings.init import begin

    with errors_in_a_line():
        begun = begin(Path(orders), folder, force=force)
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"Wrote {begun.path}", style="bold", markup=False)
    for guess in begun.guesses:
        console.print(f"  {guess.key} = {guess.value!r}: {guess.reason}", markup=False)
    console.print(f"Look at [economics] in it, then: lifeworth run {begun.path}", markup=False)


@app.command(epilog=EPILOG)
def check(
    config: Config,
    as_of: AsOf = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Test settings and data without fitting: what the gates of the data say, what would be set aside and why."""
    from .show import show_check
    from .tell import listener

    with errors_in_a_line():
        from lifeworth.pipelines.runs.run import look

        state = look(config, "summarise", as_of=as_of, out=out, listen=listener(quiet=as_json))
        show_check(state, as_json)
    raise typer.Exit(ending_of([gate.outcome for gate in state.gates]))


@app.command(epilog=EPILOG)
def run(
    config: Config,
    as_of: AsOf = None,
    out: Out = None,
    accept: Accept = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run everything and publish it: orders to value, gates, report, tables. The same orders are the same run.

    A killed run goes on where it was; a finished one is not made again; a held one leaves what is published in place.
    """
    from .show import show_result
    from .tell import listener

    with errors_in_a_line():
        from lifeworth.pipelines.runs.run import run as run_settings

        result = run_settings(config, as_of=as_of, out=out, accept=accept or (), listen=listener(quiet=quiet))
    if as_json:
        from lifeworth.pipelines.exports import plain

        told = {
            "run_id": result.run_id, "ending": result.ending, "folder": str(result.folder),
            "gates": [vars(gate) for gate in result.gates], "figures": result.figures, "seconds": result.seconds,
        }  # fmt: skip
        typer.echo(json.dumps(plain(told), indent=2, ensure_ascii=False, allow_nan=False))
    elif not quiet:
        show_result(result)
    raise typer.Exit(ending_of([gate.outcome for gate in result.gates]))


def ending_of(outcomes: list[str]) -> ExitCode:
    """The exit code of what gates said."""
    if "held" in outcomes:
        return ExitCode.HELD
    return ExitCode.WARNED if "warned" in outcomes else ExitCode.DONE
