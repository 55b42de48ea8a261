"""What a command prints at its end: tables for people, the same as JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import pandas as pd
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from lifeworth.pipelines.exports import plain, total_table
from lifeworth.pipelines.reporting.wording import money, span
from lifeworth.pipelines.runs.run import RunResult
from lifeworth.pipelines.runs.state import State, known

type Tables = Mapping[str, pd.DataFrame | str]
"""What a step found: titles, each with a table or with sentences."""

DIGITS: Final = 4
"""Significant digits of numbers on the screen; files hold all of them."""
OUTCOME_STYLES: Final = {"held": "bold red", "warned": "yellow"}


def show_check(state: State, as_json: bool) -> None:
    """Data report, what suits the models, and the gates of the data."""
    _show({**_summary(state), "Gates": _gates(state)}, as_json)


def show_step(name: str, state: State, as_json: bool) -> None:
    """What a step found; where a gate ended the run before it, what there is."""
    held = any(gate.outcome == "held" for gate in state.gates)
    shown: Tables = {} if held else FOUND[name](state)
    _show({**shown, "Gates": _gates(state)} if held or as_json else shown, as_json)


def show_result(result: RunResult) -> None:
    """How a run ended."""
    console = Console(highlight=False, soft_wrap=True)
    if result.ending == "held":
        console.print(
            f"Held back; what was published before is untouched. Why: {result.folder / 'why.txt'}", style="bold red"
        )
        return
    console.print(f"{result.ending.capitalize()}: {result.run_id}", style="bold")
    for row in result.figures.get("totals", ()):  # the headline of the run
        if row["quantity"] == "value":
            low, mean, high = (money(row[part], result.figures["currency"]) for part in ("q05", "mean", "q95"))
            console.print(
                f"  value within {span(row['horizon'])}: {mean} (90 % interval {low} to {high})", markup=False
            )
    console.print(f"Read on in {result.folder / 'report.html'}", markup=False)


def _summary(state: State) -> Tables:
    summary = state.summary
    if summary is None:
        return {}
    suited = known(state.suited)
    return {"Data": str(summary.report), "Suited": str(suited), "Customers": summary.frame.describe().reset_index()}


def _fits(state: State) -> Tables:
    fits = (*state.candidates, known(state.spend))
    tables: dict[str, pd.DataFrame | str] = {}
    for fitted in fits:
        tables[fitted.model.name] = fitted.parameters.rename_axis("parameter").reset_index()
        tables[f"{fitted.model.name}, diagnostics"] = str(fitted.diagnostics)
    return tables


def _backtest(state: State) -> Tables:
    scorecard, choice = known(state.scorecard), known(state.choice)
    return {
        "Choice": choice.reason,
        "Models": choice.table,
        "Totals within their 90 % intervals": scorecard.coverage_of_totals(),
        "Verdict": "\n".join(scorecard.verdict),
    }


def _forecast(state: State) -> Tables:
    return {"Expected": total_table(known(state.forecast))}


def _value(state: State) -> Tables:
    valuation, decisions = known(state.valuation), known(state.decisions)
    return {
        "Value": total_table(valuation),
        "A new customer": valuation.new_customer,
        "The most to pay for one": decisions.bids.frame,
        "Tiers": decisions.tiers.summary,
    }


FOUND: Final[dict[str, Callable[[State], Tables]]] = {
    "summarise": _summary,
    "fit": _fits,
    "backtest": _backtest,
    "forecast": _forecast,
    "value": _value,
}


def _gates(state: State) -> pd.DataFrame:
    rows = [(gate.gate, gate.outcome, gate.message) for gate in state.gates]
    return pd.DataFrame(rows, columns=["gate", "outcome", "message"])


def _show(tables: Tables, as_json: bool) -> None:
    if as_json:
        told = {title: found if isinstance(found, str) else found.to_dict("records") for title, found in tables.items()}
        typer.echo(json.dumps(plain(told), indent=2, ensure_ascii=False, allow_nan=False))
        return
    console = Console(highlight=False)
    for title, found in tables.items():
        console.print(f"\n{title}", style="bold", markup=False)
        text = isinstance(found, str)
        console.print(found if isinstance(found, str) else _table(found), markup=False, soft_wrap=text)


def _table(frame: pd.DataFrame) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in frame:
        number = pd.api.types.is_numeric_dtype(frame[name])
        table.add_column(str(name), justify="right" if number else "left", overflow="fold")
    for row in frame.itertuples(index=False):
        style = next((OUTCOME_STYLES[cell] for cell in row if isinstance(cell, str) and cell in OUTCOME_STYLES), None)
        table.add_row(*(_cell(cell) for cell in row), style=style)
    return table


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.{DIGITS}g}" if abs(value) < 10**DIGITS else f"{value:,.0f}"
    return str(value)
