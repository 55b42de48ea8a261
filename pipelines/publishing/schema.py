"""The schema of everything published: one source for files, databases, docs/outputs.md and the tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pandas as pd
import pyarrow as pa

from .column import MONEY, SHARE, Column, Kind, Table
from .schema_base import BID_CEILINGS, BRIDGE, CASH_FLOW, COHORTS, SEGMENTS, SINCE, TIERS, TOTALS
from .schema_customers import CUSTOMER_HORIZONS, CUSTOMERS, DATABASE_CUSTOMERS, WIN_BACK
from .schema_trust import BACKTEST_COVERAGE, BACKTEST_SCORES, BACKTEST_TOTALS, CHAMPION, DATA, GATES, PARAMETERS

SMALL: Final = (
    TOTALS, SEGMENTS, TIERS, COHORTS, BID_CEILINGS, WIN_BACK, CASH_FLOW, BRIDGE, SINCE, CHAMPION, GATES, PARAMETERS,
    BACKTEST_COVERAGE, BACKTEST_TOTALS, BACKTEST_SCORES, DATA,
)  # fmt: skip
"""Tables that do not grow with the number of customers, but for the win-back list."""
TABLES: Final = (CUSTOMERS, *SMALL)
"""Of the files, in the order in which they are told."""

RUN_ID: Final = Column("run_id", "text", "", "the run that the row is of")
RUNS: Final = Table(
    "runs",
    "One row a published run.",
    (),
    (
        Column("is_current", "boolean", "", "true for the run published last, and for no other"),
        Column("as_of", "date", "", "the day the run speaks of"),
        Column("title", "text", "", "of the settings"),
        Column("source", "text", "", "where the orders came from, without secrets"),
        Column("fingerprint", "text", "", "of the orders"),
        Column("rows", "integer", "rows", "of the orders"),
        Column("customers", "integer", "customers", "who were valued"),
        Column("purchases_model", "text", "", "model of purchases that was chosen"),
        Column("spend_model", "text", "", "model of spend"),
        Column("currency", "text", "", "of all money"),
        Column("warnings", "integer", "gates", "that warned"),
        Column("last_run_id", "text", "", "the run published before; missing in a first run", empty=True),
        Column("lifeworth_version", "text", "", "that made it"),
    ),
)


def in_database(table: Table) -> Table:
    """The table as a database holds it: keyed by run."""
    return replace(table, key=(RUN_ID.name, *table.key), columns=(RUN_ID, *table.columns))


DATABASE_TABLES: Final = tuple(map(in_database, (RUNS, DATABASE_CUSTOMERS, CUSTOMER_HORIZONS, *SMALL)))
"""Of the database: customers in the long form, so that columns do not hang on the settings."""

DTYPES: Final[dict[Kind, str]] = {
    "text": "string", "integer": "int64", "number": "float64", "boolean": "bool", "date": "datetime64[us]",
    "json": "string",
}  # fmt: skip
"""Of columns of frames; ids and attributes keep theirs."""
ARROW: Final[dict[Kind, pa.DataType]] = {
    "text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(), "date": pa.date32(),
    "json": pa.string(),
}  # fmt: skip

SUMMARY_KEYS: Final = (
    Column("run_id", "text", "", "the run"),
    Column("as_of", "date", "", "the day it speaks of"),
    Column("title", "text", "", "of the settings"),
    Column("currency", "text", "", "of all money"),
    Column("warnings", "integer", "gates", "that warned; 0 for a run without"),
    Column("customers", "integer", "customers", "who were valued"),
    Column("first_horizon", "text", "", "the one that lists speak of"),
    Column("purchases_model", "text", "", "model of purchases that was chosen"),
    Column("spend_model", "text", "", "model of spend"),
    Column("totals[].quantity", "text", "", "purchases, spend or value"),
    Column("totals[].horizon", "text", "", "how far ahead"),
    Column("totals[].unit", "text", "", "purchases, or the currency"),
    Column("totals[].mean", "number", "as unit says", "expected total of all customers"),
    Column("totals[].q05", "number", "as unit says", "5 % quantile of the total"),
    Column("totals[].q50", "number", "as unit says", "its median"),
    Column("totals[].q95", "number", "as unit says", "its 95 % quantile"),
    Column("active[].horizon", "text", "", "how far ahead"),
    Column("active[].share", "number", SHARE, "of the customers expected to buy within it"),
    Column("tiers[].tier", "text", "", "name of the tier; none for the rest"),
    Column("tiers[].customers", "integer", "customers", "in it"),
    Column("tiers[].value_mean", "number", MONEY, "their expected residual value within first_horizon"),
    Column("tiers[].value_share", "number", SHARE, "of the value of all"),
    Column("coverage[].quantity", "text", "", "purchases or spend"),
    Column("coverage[].forecasts", "integer", "forecasts", "made of the total in the backtest"),
    Column("coverage[].held", "number", SHARE, "of them within their 90 % interval"),
    Column("gates[].gate", "text", "", "its key in [gates]"),
    Column("gates[].outcome", "text", "", "passed, warned, held or not asked"),
    Column("gates[].message", "text", "", "what it said"),
    Column("change.last_run_id", "text", "", "the run published before; change is null in a first run"),
    Column("change.last_as_of", "date", "", "the day it spoke of"),
    Column("change.horizon", "text", "", "of the values compared"),
    Column("change.parts[].part", "text", "", "step of the bridge"),
    Column("change.parts[].mean", "number", MONEY, "value before and after; in between the change by this part"),
)
"""Keys of summary.json: `[]` stands for each entry of a list."""


def conformed(frame: pd.DataFrame, columns: tuple[Column, ...]) -> pd.DataFrame:
    """The frame with its columns as documented: order, types, and no other.

    Raises
    ------
    KeyError
        A column is missing, or is not documented: the code and its schema have come apart.
    """
    names = [column.name for column in columns]
    if set(names) != set(frame.columns):
        raise KeyError(f"columns differ from the schema: {sorted(set(names) ^ set(map(str, frame.columns)))}")
    kinds = {column.name: DTYPES[column.kind] for column in columns if column.kind in DTYPES}
    return frame[names].astype(kinds).reset_index(drop=True)


def arrow_schema(frame: pd.DataFrame, columns: tuple[Column, ...]) -> pa.Schema:
    """The schema for Parquet: types as documented, units and meanings as metadata of each field."""
    found = pa.Schema.from_pandas(frame, preserve_index=False)
    fields = [
        pa.field(
            column.name,
            ARROW.get(column.kind, found.field(column.name).type),
            metadata={"unit": column.unit, "meaning": column.meaning},
        )
        for column in columns
    ]
    return pa.schema(fields, metadata=found.metadata)
