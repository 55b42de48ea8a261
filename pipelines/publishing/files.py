"""The files of a published run: tables, workbook, figures, models and the manifest, in one folder."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from ..exports import write_csv, write_json, write_parquet
from ..record.record import RunRecord
from .column import Table
from .figures import figures
from .manifest import write_manifest
from .schema import TABLES, arrow_schema
from .schema_customers import CUSTOMERS
from .tables import all_tables, columns_of
from .workbook import write_workbook

TABLE_FOLDER: Final = "tables"
"""Holds the tables but for customers."""
MODEL_FOLDER: Final = "models"
WORKBOOK: Final = "lifeworth.xlsx"
SUMMARY: Final = "summary.json"
PURCHASES: Final = f"{MODEL_FOLDER}/purchases.nc"
SPEND: Final = f"{MODEL_FOLDER}/spend.nc"


def write_files(record: RunRecord, folder: Path) -> None:
    """Write everything of a published run but the report; the same record gives the same bytes, timings apart.

    customers.parquet and .csv; tables/*.parquet and .csv; lifeworth.xlsx; summary.json; models/*.nc; manifest.json,
    which names whatever else is in the folder too, such as the rows set aside. CSV and workbook are left out where the
    settings say so.

    Parameters
    ----------
    record : RunRecord
    folder : Path
        That exists. Nobody should read from it before it is whole.

    Raises
    ------
    InputError
        The valuation lacks the quantile that the recommended limit is.
    OSError
        The disk is full, or the folder cannot be written to.
    """
    asked, tables = record.settings.publish, all_tables(record)
    (folder / TABLE_FOLDER).mkdir(exist_ok=True)
    (folder / MODEL_FOLDER).mkdir(exist_ok=True)
    for table in TABLES:
        _write_table(record, table, tables[table.name], folder)
    if asked.excel:
        write_workbook(record, tables, folder / WORKBOOK)
    write_json(figures(record), folder / SUMMARY)
    record.purchases.save(folder / PURCHASES)
    record.spend.save(folder / SPEND)
    write_manifest(record, folder)


def _write_table(record: RunRecord, table: Table, frame: pd.DataFrame, folder: Path) -> None:
    path = folder / table.name if table is CUSTOMERS else folder / TABLE_FOLDER / table.name
    schema = arrow_schema(frame, columns_of(table, record))
    write_parquet(frame, path.with_name(f"{path.name}.parquet"), schema)
    if record.settings.publish.csv:
        write_csv(frame, path.with_name(f"{path.name}.csv"))
