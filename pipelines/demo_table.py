"""What the demo shows in the terminal: the answer, how the forecast fared, and where to read on."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from .demo import CAC, CURRENCY, ECONOMICS, FILES, MARGIN, DemoResult
from .reporting.wording import count, day, money, percent, span

NAMES: Final = {"purchases": "Purchases", "spend": "Spend"}
WIDTH: Final = 78
"""Characters of every table: fits the narrowest terminal."""


def demo_table(result: DemoResult) -> RenderableType:
    """Everything worth seeing, as something rich can print."""
    customers, until = count(len(result.summary)), day(result.holdout.until)
    economics = f"{percent(MARGIN)} margin, {percent(ECONOMICS.annual_discount_rate)} a year"
    return Group(
        Text(f"\nCDNOW: {customers} customers, known until {until}; {economics}\n", style="bold"),
        _values(result),
        _holdout(result),
        Text(f"{_verdict(result)}\n"),
        *_fits(result),
        _new_customer(result),
        Text(f"{sum(result.seconds.values()):.0f} seconds. Files in {result.folder}: {', '.join(FILES)}"),
        Text(f"Read on in {result.folder / 'report.html'}\n", style="bold"),
    )


def _values(result: DemoResult) -> Table:
    table = _table("What they will bring", "expected", "90 % interval", "per customer")
    for place, horizon in enumerate(result.valuation.horizons):
        row = result.valuation.total.iloc[place]
        amounts = (money(amount, CURRENCY) for amount in (row["value_mean"], row["value_mean"] / len(result.summary)))
        expected, each = amounts
        interval = f"{money(row['value_q05'], CURRENCY)} to {money(row['value_q95'], CURRENCY)}"
        table.add_row(f"within {span(horizon.label)}", expected, interval, each)
    return table


def _holdout(result: DemoResult) -> Table:
    table = _table(f"The next {span(result.holdout.horizon)}", "forecast", "90 % interval", "actual", "ratio")
    for _, row in result.holdout.total.iterrows():
        write = count if row["quantity"] == "purchases" else lambda amount: money(amount, CURRENCY)
        interval = f"{write(row['q05'])} to {write(row['q95'])}"
        style = "" if row["inside"] else "bold yellow"
        actual, ratio = Text(write(row["actual"]), style), Text(f"{row['ratio']:.2f}", style)
        table.add_row(NAMES[row["quantity"]], write(row["mean"]), interval, actual, ratio)
    return table


def _verdict(result: DemoResult) -> str:
    found = result.holdout
    within = percent(found.coverage_of("purchases"), 1)
    customers = f"{within} of the customers bought a number of times within their own 90 % interval."
    totals = (
        "The totals came within theirs."
        if found.total["inside"].all()
        else "A total missed its interval, which is made to hold nine times in ten."
    )
    return textwrap.fill(f"{customers} {totals}", WIDTH)


def _fits(result: DemoResult) -> Iterator[Text]:
    """A line for each fit that is not to be relied on."""
    for fitted in (result.purchases, result.spend):
        if not fitted.diagnostics.ok:
            yield Text(f"{fitted.model.name}: {fitted.diagnostics}\n", style="bold red")


def _new_customer(result: DemoResult) -> Table:
    table = _table("A new customer", "is worth", f"less {money(CAC, CURRENCY)} to win", "half are worth less than")
    for _, row in result.valuation.new_customer.iterrows():
        names = ("new_customer_value_mean", "acquisition_npv_mean", "new_customer_value_q50")
        table.add_row(f"within {span(row['horizon'])}", *(money(row[name], CURRENCY) for name in names))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, min_width=WIDTH)
    table.add_column(title, style="bold", header_style="bold", no_wrap=True, ratio=1)
    for column in columns:
        table.add_column(column, justify="right", header_style="dim", no_wrap=True)
    return table
