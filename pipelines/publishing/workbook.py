"""The workbook for people: totals first, then what changed, customers, decisions, how far to trust it, and notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd
from xlsxwriter import Workbook

from ..record.record import RunRecord
from .figures import day
from .workbook_page import Looks, Page
from .workbook_sheets import bid_ceilings, cash_flow, changed, segments, summary, tiers, win_back
from .workbook_sheets import customers as customers_sheet
from .workbook_trust import Tables, backtest, data
from .workbook_trust import notes as notes_sheet

type Fill = Callable[[Page, RunRecord, Tables], None]

SHEETS: Final[Mapping[str, Fill]] = {
    "Summary": summary,
    "What changed": changed,
    "Customers": customers_sheet,
    "Segments": segments,
    "Tiers": tiers,
    "Bid ceilings": bid_ceilings,
    "Win back": win_back,
    "Cash flow": cash_flow,
    "Backtest": backtest,
    "Data": data,
    "Notes": notes_sheet,
}
"""Sheets in order; that of whom to win back only where the settings ask for it."""


def write_workbook(record: RunRecord, tables: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Write the workbook of a run; the same record gives the same bytes.

    Parameters
    ----------
    record : RunRecord
    tables : mapping of str to DataFrame
        As `tables.all_tables` makes them.
    path : Path
    """
    book = Workbook(str(path), _options(path))
    book.set_properties({"title": record.settings.run.title, "created": _created(record), "author": "lifeworth"})
    looks = Looks.of(book, record.valuation.economics.currency)
    footer = f"{record.settings.run.title}, {day(record.as_of)}, run {record.run_id}"
    for name, fill in SHEETS.items():
        if name != "Win back" or record.decisions.win_back is not None:
            page = Page.of(book, name, looks, footer)
            fill(page, record, tables)
            page.close()
    book.close()


def _options(path: Path) -> dict[str, Any]:
    """Row after row to a file beside the workbook: memory does not grow with customers, nothing is left elsewhere."""
    return {
        "constant_memory": True,
        "tmpdir": str(path.parent),
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }


def _created(record: RunRecord) -> datetime:
    """The day of the run: a clock would make two workbooks of one record differ."""
    return datetime(record.as_of.year, record.as_of.month, record.as_of.day)
