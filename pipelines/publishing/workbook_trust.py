"""The sheets of the workbook that say how far to trust the others, and what several sheets share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from ..backtesting.totals import HONEST
from ..record.record import RunRecord
from ..reporting.wording import count, percent
from .column import ATTRIBUTE, HORIZON
from .figures import ALL, coverage
from .schema import TABLES
from .workbook_page import Look, Page, Shown

type Tables = Mapping[str, pd.DataFrame]

LOW: Final = "Low (5\N{NO-BREAK SPACE}%)"
HIGH: Final = "High (95\N{NO-BREAK SPACE}%)"


def backtest(page: Page, record: RunRecord, tables: Tables) -> None:
    """What was forecast from days in the past, and what came; how often it held."""
    page.title("Backtest: what was forecast from days in the past, and what came")
    page.note(record.choice.reason, *coverage_told(record, tables))
    page.row += 1
    told = tables["backtest_totals"]
    told = told[(told["model"] == record.purchases.model.name) & (told["interval"] == HONEST)]
    columns = [Shown("origin", "Forecast from", "day"), Shown("horizon", "Horizon"), Shown("quantity", "Quantity")]
    columns += [*interval_columns("count")[1:], Shown("actual", "What came", "count"), Shown("inside", "Within")]
    page.table(told.assign(inside=told["actual"].between(told["q05"], told["q95"])), columns, main=True)
    page.section("How often totals came within their 90 % interval")
    held = tables["backtest_coverage"]
    page.table(
        held[(held["interval"] == HONEST) & (held["horizon"] == ALL)],
        [Shown("model", "Model"), Shown("quantity", "Quantity"), Shown("forecasts", "Forecasts", "count"),
         Shown("held", "Held", "share"), Shown("bias", "Too high by", "share")],
    )  # fmt: skip


def data(page: Page, record: RunRecord, tables: Tables) -> None:
    """What became of the rows of the orders."""
    report = record.summary.report
    page.title("The data")
    page.note(*(() if report is None else (f"{report.headline}.", *report.remarks)))
    page.row += 1
    columns = [
        Shown("kind", "Kind of row"),
        Shown("rows", "Rows", "count"),
        Shown("share", "Share", "share"),
        Shown("amount", "Amount", "money"),
        Shown("policy", "Policy"),
        Shown("set_aside", "Set aside"),
        Shown("text", "What was done", "long"),
    ]
    page.table(tables["data"], columns, main=True)
    raised = record.suited.raised
    if raised:
        page.section("What does not suit the models")
        page.note(*(check.text for check in raised))


def notes(page: Page, record: RunRecord, _: Tables) -> None:
    """What every column of the published tables means."""
    page.title("Notes: what the columns of the published tables mean")
    page.note(
        "The same tables, whole, are in the files beside this workbook (customers.parquet, tables/*.parquet, and CSV).",
        f"{HORIZON} stands for each horizon, as in 12m; {ATTRIBUTE} for each attribute of the customers. "
        f"Money is in {record.valuation.economics.currency or 'the unit of the orders'}.",
    )
    page.row += 1
    rows = [(table.name, column.name, column.unit, column.meaning) for table in TABLES for column in table.columns]
    columns = [Shown("table", "Table"), Shown("column", "Column"), Shown("unit", "Unit")]
    page.table(
        pd.DataFrame(rows, columns=["table", "column", "unit", "meaning"]),
        [*columns, Shown("meaning", "Meaning", "long")],
        main=True,
    )


def interval_columns(look: Look) -> list[Shown]:
    """A horizon, what is expected, and the ends of its interval."""
    ends = [Shown("mean", "Expected", look), Shown("q05", LOW, look), Shown("q95", HIGH, look)]
    return [Shown("horizon", "Within"), *ends]


def coverage_told(record: RunRecord, tables: Tables) -> list[str]:
    """How often totals came within the published intervals, a sentence a quantity."""
    return [
        f"Looking back, the interval of {row['model']} held {percent(float(row['held']))} of "
        f"{count(row['forecasts'])} totals of {row['quantity']}."
        for _, row in coverage(record, tables["backtest_coverage"]).iterrows()
    ]
