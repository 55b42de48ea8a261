"""The rows that a database gets of a run: keyed by it, customers in the long form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import version

import numpy as np
import pandas as pd

from lifeworth.models.ground.summary import ID

from ..exports import PARTS, plain
from ..record.record import RunRecord
from .column import Table
from .figures import warnings
from .schema import (
    RUN_ID,
    RUNS,
    SMALL,
    conformed,
    in_database,
)
from .schema_customers import CUSTOMER_HORIZONS, DATABASE_CUSTOMERS
from .tables import small_tables, standing

QUANTITIES = ("purchases", "spend", "value")


def rows_of(record: RunRecord) -> Iterator[tuple[Table, pd.DataFrame]]:
    """Rows of every table, as in `schema.DATABASE_TABLES`; one with a row a customer may come in several parts.

    Parts are made when they are asked for: not all of them are in memory at once.
    """
    yield _keyed(RUNS, _run(record), record)
    yield _keyed(DATABASE_CUSTOMERS, _customers(record), record)
    for horizon in record.valuation.horizons:
        yield _keyed(CUSTOMER_HORIZONS, _at(record, horizon.label), record)
    small = small_tables(record)
    for table in SMALL:
        yield _keyed(table, small[table.name], record)


def _keyed(table: Table, frame: pd.DataFrame, record: RunRecord) -> tuple[Table, pd.DataFrame]:
    held = in_database(table)
    frame = frame.assign(**{RUN_ID.name: record.run_id})
    if ID in frame:
        frame[ID] = _as_text(frame[ID])
    return held, conformed(frame, held.of())


def _run(record: RunRecord) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "is_current": [True],
            "as_of": record.as_of,
            "title": record.settings.run.title,
            "source": record.snapshot.source,
            "fingerprint": record.snapshot.fingerprint,
            "rows": record.snapshot.rows,
            "customers": len(record.summary),
            "purchases_model": record.purchases.model.name,
            "spend_model": record.spend.model.name,
            "currency": record.valuation.economics.currency,
            "warnings": warnings(record),
            "last_run_id": None if record.comparison is None else record.comparison.last_run_id,
            "lifeworth_version": version("lifeworth"),
        }
    )


def _customers(record: RunRecord) -> pd.DataFrame:
    frame = record.summary.frame[[ID, "frequency", "monetary_value", "monetary_value_all"]]
    alive = record.valuation.customers["p_alive"].to_numpy()[: len(frame)]  # the same at each horizon
    return frame.assign(p_alive=alive, attributes=_attributes(record), **standing(record))


def _attributes(record: RunRecord) -> list[str]:
    """Attributes of each customer as JSON; missing ones null."""
    names = sorted(record.summary.attributes, key=str)
    if not names:
        return ["{}"] * len(record.summary)
    columns = [record.summary.frame[name] for name in names]
    values = zip(*(column.astype(object).where(column.notna(), None) for column in columns), strict=True)
    return [json.dumps(plain(dict(zip(names, row, strict=True))), ensure_ascii=False) for row in values]


def _at(record: RunRecord, horizon: str) -> pd.DataFrame:
    """Forecast and value of every customer at one horizon."""
    parts = [
        (outlook.customers[outlook.customers["horizon"] == horizon], quantities)
        for outlook, quantities in ((record.forecast, QUANTITIES[:-1]), (record.valuation, QUANTITIES[-1:]))
    ]
    columns = {
        f"{quantity}_{part}": np.asarray(rows[f"{quantity}_{part}"])
        for rows, quantities in parts
        for quantity in quantities
        for part in PARTS
    }
    of_value, _ = parts[-1]
    return of_value[[ID, "horizon", "p_active"]].reset_index(drop=True).assign(**columns)


def _as_text(ids: pd.Series) -> pd.Series:
    return ids if isinstance(ids.dtype, pd.StringDtype) else ids.map(str)
