"""What the demo shows in the terminal: the answer, how the forecast fared, and where to read on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from .demo import DemoResult
from .reporting.wording import count, day, money, short, span

NAMES: Final = {"purchases": "Purchases", "spend": "Spend"}
WIDTH: Final = 78
"""Characters of every table: fits the narrowest terminal."""


def demo_table(result: DemoResult) -> RenderableType:
    """Everything worth seeing, as something rich can print."""
    first, last = (night.figures for night in result.nights)
    known, since = day(pd.Timestamp(last["as_of"])), day(pd.Timestamp(first["as_of"]))
    return Group(
        Text(f"\nCDNOW: {count(last['customers'])} customers, known until {known}\n", style="bold"),
        _values(last),
        _since(result.table("since"), since, last["currency"]),
        _change(last, since),
        _new_customer(result.table("bid_ceilings"), last),
        *_warnings(last),
        Text(f"Tables, workbook and models are in {result.folder / 'current'}"),
        Text(f"Read on in {result.report}\n", style="bold"),
    )


def _values(figures: dict[str, Any]) -> Table:
    table, currency = _table("What they will bring", "expected", "90 % interval", "per customer"), figures["currency"]
    for row in figures["totals"]:
        if row["quantity"] == "value":
            each = row["mean"] / figures["customers"]
            interval = _interval(row, lambda amount: money(amount, currency))
            table.add_row(
                f"within {span(row['horizon'])}", money(row["mean"], currency), interval, money(each, currency)
            )
    return table


def _since(came: pd.DataFrame, night: str, currency: str) -> Table:
    """What the first night had forecast until the second."""
    table = _table(f"Since {night}", "forecast", "90 % interval", "came", "ratio")
    for _, row in came.iterrows():
        write = count if row["quantity"] == "purchases" else lambda amount: short(amount, currency)
        style = "" if row["inside"] else "bold yellow"
        actual, ratio = Text(write(row["actual"]), style), Text(f"{row['actual'] / row['mean']:.2f}", style)
        table.add_row(NAMES[row["quantity"]], write(row["mean"]), _interval(row, write), actual, ratio)
    return table


def _change(figures: dict[str, Any], night: str) -> Table:
    change = figures["change"]
    table = _table(f"Why it has changed since {night}", f"value, {span(change['horizon'])}")
    for part in change["parts"]:
        if part["mean"]:
            table.add_row(part["part"], short(part["mean"], figures["currency"]))
    return table


def _new_customer(bids: pd.DataFrame, figures: dict[str, Any]) -> Table:
    horizon, currency = span(figures["first_horizon"]), figures["currency"]
    table = _table("A new customer", f"worth, {horizon}", "cost", "most to bid", "pays back")
    for _, row in bids.iterrows():
        amounts = (money(row[name], currency) for name in ("new_customer_value_mean", "cac", "ceiling"))
        table.add_row("of any channel", *amounts, f"in {row['payback_q50']:.0f} months")
    return table


def _warnings(figures: dict[str, Any]) -> Iterator[Text]:
    """A line for each gate that warns."""
    for gate in figures["gates"]:
        if gate["outcome"] == "warned":
            yield Text(f"Note: {gate['message']} [{gate['gate']}]\n", style="yellow")


def _interval(row: Mapping[str, Any] | pd.Series[Any], write: Callable[[float], str]) -> str:
    return f"{write(row['q05'])} to {write(row['q95'])}"


def _table(title: str, *columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, min_width=WIDTH)
    table.add_column(title, style="bold", header_style="bold", no_wrap=True, ratio=1)
    for column in columns:
        table.add_column(column, justify="right", header_style="dim", no_wrap=True)
    return table
