"""Taking the snapshot: the orders, wherever they are, as one sorted Parquet file that the run reads from then on."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path
from typing import Any, Final

import ibis
import ibis.expr.types as ir

from lifeworth.models.ground.errors import InputError

from ..exports import writable_folder
from ..orders.order_table import is_null, quiet, run
from ..settings.settings import Settings
from .failures import told
from .open import open_source
from .snapshot import Snapshot
from .staging import COPIES, settled_columns, staged

ORDERS: Final = "orders.parquet"
PART: Final = ".orders-part-"
"""How files begin that are being written; what a killed run left of them goes when the next begins."""

VARIANT: Final = "lw_variant"
"""Tells apart orders that are equal in the columns read and differ in others: duplicates stay what they were."""


HEX_DIGITS: Final = 15
"""Of a digest of a row: as many as an int64 holds. Two sets of orders have one sum by chance once in 10^18."""


def take_snapshot(settings: Settings, folder: Path) -> Snapshot:
    """Write the orders of the settings to ``folder/orders.parquet``, whole or not at all.

    The file holds the columns that a run reads, and `VARIANT`; dates as days, amounts as float64 (worked out where they
    are a product), both as they were written where a text cannot be read, so that it is counted and set aside later.
    Rows are sorted: the same orders in any order give the same bytes. `summarise` says of the snapshot, read with
    `columns_of`, what it says of the source.

    The fingerprint is of ids, days, amounts and attributes, and of which rows are duplicates. It is the same for the
    same orders in CSV, Parquet, DuckDB and PostgreSQL, unless their types write the same thing in two ways: an id
    "17" as text and as a number, an attribute 1.50 and 1.5.

    Parameters
    ----------
    settings : Settings
    folder : Path
        Made if it is not there.

    Raises
    ------
    InputError
        The source cannot be read (see `open_source`) or has no rows, or the folder cannot be written.
    """
    place = writable_folder(folder)
    for left in place.glob(f"{PART}*"):
        left.unlink(missing_ok=True)
    with open_source(settings) as source:
        engine, table = staged(source, settings)
        schema = {name: str(kind.copy(nullable=True)) for name, kind in source.orders.table.schema().items()}
        variants = _variants(engine, settled_columns(engine, table, source, settings))
        rows, fingerprint = _fingerprint(variants)
        if rows == 0:
            raise InputError(f"source: {source.name} has no rows, expected orders. Was it written to the end?")
        path = place / ORDERS
        copy_to_parquet(engine, _sorted_rows(variants), path)
    return Snapshot(path, rows, schema, fingerprint, source.name, source.orders.remarks)


def columns_of(settings: Settings) -> dict[str, Any]:
    """The keywords with which `summarise`, `backtest` and their like read a snapshot.

    Returns
    -------
    dict
        customer_id, date, amount, attributes. The amount of a product is a column called as it is written:
        "Quantity * UnitPrice".
    """
    names = settings.columns
    return {
        "customer_id": names.customer_id,
        "date": names.date,
        "amount": names.amount,
        "attributes": names.attributes,
    }


def copy_to_parquet(engine: Any, table: ir.Table, path: Path) -> None:
    """Write a table of the embedded engine to a file, whole or not at all, row by row as the engine makes them.

    Raises
    ------
    InputError
        The disk is full, or the folder cannot be written.
    """
    part = path.with_name(f"{PART}{secrets.token_hex(4)}")
    target = str(part).replace("'", "''")
    try:
        with told(f"snapshot: could not write into {str(path.parent)!r}"), quiet():
            engine.con.execute(f"COPY ({engine.compile(table)}) TO '{target}' (FORMAT parquet, USE_TMP_FILE false)")
            os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _variants(engine: Any, table: ir.Table) -> ir.Table:
    """Number the rows that are equal in the columns read: the most frequent first, so that no other column matters."""
    names = [name for name in table.columns if name != COPIES]
    number = ibis.row_number().over(ibis.window(group_by=names, order_by=ibis.desc(table[COPIES])))
    with quiet():
        variants = engine.create_table("lw_variants", table.mutate(**{VARIANT: number}), temp=True)
        engine.con.execute("DROP TABLE lw_parsed")
    return variants


def _fingerprint(variants: ir.Table) -> tuple[int, str]:
    """Count the rows, and add up the digests of all: a sum does not ask in which order they come."""
    texts = [variants[name].cast("string") for name in variants.columns]
    # with the length before each, no two rows are written alike
    marked = [ibis.ifelse(is_null(text), "-", text.length().cast("string") + ":" + text) for text in texts]
    line = marked[0]
    for text in marked[1:]:
        line = line + "|" + text
    digest = ("0x" + line.hexdigest("md5").left(HEX_DIGITS)).cast("int64")
    total = digest.cast("decimal(38, 0)").sum().cast("string")
    found = run(variants.aggregate(rows=variants[COPIES].sum().fill_null(0), total=total)).to_pylist()[0]
    return int(found["rows"]), hashlib.sha256(f"{found['rows']} {found['total']}".encode()).hexdigest()


def _sorted_rows(variants: ir.Table) -> ir.Table:
    """Every row as often as it stood in the source."""
    names = [name for name in variants.columns if name != COPIES]
    rows = variants.mutate(lw_copy=ibis.range(0, variants[COPIES]).unnest())
    return rows.order_by(names).select(names)
