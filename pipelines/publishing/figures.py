"""The figures of a run for dashboards: summary.json."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from ..backtesting.totals import HONEST
from ..exports import plain
from ..record.record import RunRecord
from .tables import small_tables

ALL: Final = "all"
"""Horizon of the rows of coverage that count every one."""


def figures(record: RunRecord) -> dict[str, Any]:
    """The figures of a run, nested plain values with the keys of `schema.SUMMARY_KEYS`."""
    tables = small_tables(record)
    total = record.valuation.total
    found = {
        "run_id": record.run_id,
        "as_of": day(record.as_of),
        "title": record.settings.run.title,
        "currency": record.valuation.economics.currency,
        "warnings": warnings(record),
        "customers": len(record.summary),
        "first_horizon": record.valuation.horizons[0].label,
        "purchases_model": record.purchases.model.name,
        "spend_model": record.spend.model.name,
        "totals": rows(tables["totals"]),
        "active": rows(total[["horizon", "p_active"]].rename(columns={"p_active": "share"})),
        "tiers": rows(tables["tiers"][["tier", "customers", "value_mean", "value_share"]]),
        "coverage": rows(coverage(record, tables["backtest_coverage"])[["quantity", "forecasts", "held"]]),
        "gates": rows(tables["gates"][["gate", "outcome", "message"]]),
        "change": _change(record, tables["bridge"]),
    }
    return dict(plain(found))


def coverage(record: RunRecord, table: pd.DataFrame) -> pd.DataFrame:
    """How often totals of the model chosen came within the intervals that are published: one row a quantity."""
    mine = (table["model"] == record.purchases.model.name) & (table["interval"] == HONEST) & (table["horizon"] == ALL)
    return table[mine]


def warnings(record: RunRecord) -> int:
    """How many gates warned."""
    return sum(gate.outcome == "warned" for gate in record.gates)


def rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """One mapping a row, missing values None."""
    plain_table = table.astype(object)
    return [{str(k): v for k, v in row.items()} for row in plain_table.where(table.notna(), None).to_dict("records")]


def day(date: pd.Timestamp) -> str:
    """A day as in 1997-09-30."""
    return f"{date:%Y-%m-%d}"


def _change(record: RunRecord, bridge: pd.DataFrame) -> dict[str, Any] | None:
    if record.comparison is None:
        return None
    return {
        "last_run_id": record.comparison.last_run_id,
        "last_as_of": day(record.comparison.last_as_of),
        "horizon": record.comparison.bridge.horizon,
        "parts": rows(bridge[["part", "mean"]]),
    }
