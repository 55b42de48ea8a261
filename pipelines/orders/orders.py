"""Order logs: from whatever holds the orders to one ibis table whose columns are known to be usable.

Local sources (frames, arrow tables, files) are read by an embedded DuckDB; an ibis table stays in its own
engine. Nothing here pulls the rows into Python.
"""

from __future__ import annotations

import glob
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb
import ibis
import ibis.common.exceptions as ibis_errors
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lifeworth.models.ground.data_report import counted
from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.summary_checks import type_name

from .order_table import OrderColumns, OrderTable, check_names, is_null, quiet, run

if TYPE_CHECKING:
    import polars as pl

type Orders = pd.DataFrame | pl.DataFrame | pl.LazyFrame | pa.Table | ir.Table | str | Path
"""What can hold an order log; a string or Path is a file or a glob of CSV or Parquet files."""

PARQUET: Final = (".parquet", ".pq")
CSV: Final = (".csv", ".tsv", ".csv.gz", ".tsv.gz")

WHOLE_NUMBER: Final = r"^-?(0|[1-9][0-9]{0,17})(\.0+)?$"
"""Text that is a number and nothing else: "17", "17.0", but not "0017", whose zeros may mean something."""

EXACT_IN_FLOAT: Final = 2**53
"""Beyond it a float no longer tells neighbouring whole numbers apart."""

FILES_SHOWN: Final = 3


def open_orders(orders: Orders, columns: OrderColumns) -> OrderTable:
    """Open an order log of any kind.

    Parameters
    ----------
    orders : DataFrame (pandas, polars), LazyFrame, pyarrow Table, ibis Table, str or Path
        One row an order (or a line of one). A string or Path names a CSV or Parquet file, or a glob of them.
    columns : OrderColumns
        The names of the columns.

    Returns
    -------
    OrderTable
        The log with ids that are not floats, and a date column that is a date, a timestamp or text.

    Raises
    ------
    InputError
        The source cannot be read, a column is missing, or a column is of a type that cannot be meant.
    """
    source = _open(orders, columns)
    _check_types(source.table, columns)
    return _with_whole_ids(source)


def _open(orders: Any, columns: OrderColumns) -> OrderTable:
    if isinstance(orders, ir.Table):
        check_names(orders.columns, columns)
        # What ibis's polars engine holds is in memory already, and that engine lacks window functions.
        if _engine_name(orders) == "polars":
            return _from_arrow(run(orders), columns)
        return OrderTable(orders, columns)
    if isinstance(orders, (str, Path)):
        return _from_files(str(orders), columns)
    if isinstance(orders, pd.DataFrame):
        check_names([str(name) for name in orders.columns], columns)
        return _from_arrow(_arrow_from_pandas(orders, columns), columns)
    if type(orders).__module__.partition(".")[0] == "polars":
        frame = orders.collect() if hasattr(orders, "collect") else orders
        orders = frame.to_arrow() if hasattr(frame, "to_arrow") else frame
    if isinstance(orders, pa.Table):
        check_names(orders.column_names, columns)
        return _from_arrow(orders, columns)
    raise InputError(
        "orders: expected a pandas or polars DataFrame, a pyarrow Table, an ibis table, or the path or glob "
        f"of CSV or Parquet files; got {type_name(orders)}."
    )


def _engine_name(table: ir.Table) -> str:
    try:
        return str(table.get_backend().name)
    except ibis_errors.IbisError as error:
        raise InputError(f"orders: expected an ibis table that belongs to an engine ({error}).") from error


def _arrow_from_pandas(orders: pd.DataFrame, columns: OrderColumns) -> pa.Table:
    """Convert to arrow; mixed objects in columns that are not needed become text, enough to compare rows."""
    try:
        return pa.Table.from_pandas(orders, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError):
        arrays = {str(name): _arrow_column(orders[name], str(name), columns) for name in orders.columns}
        return pa.table(arrays)


def _arrow_column(values: pd.Series[Any], name: str, columns: OrderColumns) -> pa.Array:
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError) as error:
        if name in columns.needed:
            raise InputError(
                f"orders: column {name!r} mixes types ({error}). Make them one, for example "
                f'orders["{name}"] = orders["{name}"].astype(str).'
            ) from error
        return pa.array(values.astype(str))


def _from_arrow(orders: pa.Table, columns: OrderColumns) -> OrderTable:
    orders, remarks = _local_time(orders, columns.date)
    engine = embedded_engine()
    empty = [field.name for field in orders.schema if pa.types.is_null(field.type)]
    for name in empty:  # a column without any value has no type, which the engine cannot store
        orders = orders.set_column(orders.column_names.index(name), name, orders[name].cast(pa.string()))
    engine.con.register("orders", orders)
    with quiet():
        return OrderTable(engine.table("orders"), columns, engine, remarks)


def _local_time(orders: pa.Table, date: str) -> tuple[pa.Table, tuple[str, ...]]:
    """Drop the time zone of the dates, keeping the local clock: the engine would turn them into UTC days."""
    index = orders.column_names.index(date)
    kind = orders.schema.field(index).type
    if not (pa.types.is_timestamp(kind) and kind.tz):
        return orders, ()
    local = orders.column(index).to_pandas().dt.tz_localize(None)
    return orders.set_column(index, date, pa.array(local, from_pandas=True)), (_zone_remark(date, kind.tz),)


def _zone_remark(date: str, zone: str) -> str:
    return f"Column {date!r} has the time zone {zone}: an order belongs to its calendar day there."


def embedded_engine() -> Any:
    """Open an embedded DuckDB that spills, if it must, into the system's folder for temporary files.

    It has one thread: several add up floats in whatever order they come to them, and then the last bit of a sum differs
    from run to run. A million orders take it a second.
    """
    return ibis.duckdb.connect(temp_directory=tempfile.gettempdir(), threads=1)


def _from_files(pattern: str, columns: OrderColumns) -> OrderTable:
    paths = [pattern] if Path(pattern).is_file() else sorted(glob.glob(pattern, recursive=True))
    if not paths:
        raise InputError(f"orders: no file at {pattern!r}. Check the path; a glob looks like 'orders/*.parquet'.")
    endings = {next((end for end in PARQUET + CSV if path.lower().endswith(end)), "") for path in paths}
    if not (endings <= set(PARQUET) or endings <= set(CSV)):
        raise InputError(
            f"orders: expected files that all end in {' or '.join(PARQUET)}, or in {', '.join(CSV)}; "
            f"got {', '.join(paths[:FILES_SHOWN])}."
        )
    read = _from_parquet if endings <= set(PARQUET) else _from_csv
    try:
        with quiet():
            return read(paths, columns)
    except duckdb.Error as error:
        raise InputError(f"orders: could not read {pattern!r}: {error}") from error


def _from_parquet(paths: list[str], columns: OrderColumns) -> OrderTable:
    engine = embedded_engine()
    table = engine.read_parquet([glob.escape(path) for path in paths], union_by_name=True)
    check_names(table.columns, columns)
    # DuckDB reads instants as UTC; the zone that pandas or polars wrote is in the arrow schema of the file.
    kind = pq.read_schema(paths[0]).field(columns.date).type
    zone = kind.tz if pa.types.is_timestamp(kind) else None
    if zone is None:
        return OrderTable(table, columns, engine)
    engine.settings["timezone"] = zone
    return OrderTable(table, columns, engine, (_zone_remark(columns.date, zone),))


def _from_csv(paths: list[str], columns: OrderColumns) -> OrderTable:
    """Read all as text, skip nothing: guessing types would strip zeros of ids and swap days and months silently."""
    engine = embedded_engine()
    text = engine.read_csv([glob.escape(path) for path in paths], all_varchar=True, union_by_name=True, skip=0)
    check_names(text.columns, columns)
    table = engine.create_table("orders", text)
    typed = _numbers_from_text(table, (columns.customer_id, *columns.attributes))
    return OrderTable(typed, columns, engine)


def _numbers_from_text(table: ir.Table, names: tuple[str, ...]) -> ir.Table:
    """Turn text columns that hold whole numbers and nothing else into int64."""
    filled = {name: ~is_null(table[name]) & (table[name].strip() != "") for name in names}
    odd = [(filled[name] & ~table[name].re_search(WHOLE_NUMBER)).sum().fill_null(0).name(name) for name in names]
    counts = run(table.aggregate(odd)).to_pylist()[0]
    whole = [name for name in names if not counts[name]]
    digits = {name: table[name].re_replace(r"\.0+$", "").strip().nullif("").cast("int64") for name in whole}
    return table.mutate(**digits) if whole else table


def _check_types(table: ir.Table, columns: OrderColumns) -> None:
    schema = table.schema()
    date = schema[columns.date]
    if not (date.is_date() or date.is_timestamp() or date.is_string()):
        raise InputError(
            f"orders: column {columns.date!r} holds {date}, expected dates, timestamps or text such as "
            "'1997-09-30'. Convert numbers such as 19970930 first: "
            f'pd.to_datetime(orders["{columns.date}"].astype(str), format="%Y%m%d").'
        )
    if columns.amount is not None:
        amount = schema[columns.amount]
        if not (amount.is_numeric() or amount.is_string()) or amount.is_boolean():
            raise InputError(f"orders: column {columns.amount!r} holds {amount}, expected numbers, one an order.")


def _with_whole_ids(source: OrderTable) -> OrderTable:
    """Turn float or decimal ids into int64: pandas makes floats of ints where some are missing."""
    table, name = source.table, source.columns.customer_id
    kind = table.schema()[name]
    if not (kind.is_floating() or kind.is_decimal()):
        return source
    ids = table[name]
    odd = ids != ids.floor()
    if kind.is_floating():
        ids = ibis.ifelse(ids.isnan(), None, ids)
        odd = (ids != ids.floor()) | (ids.abs() > EXACT_IN_FLOAT)
    count = run(table.aggregate(odd=odd.sum().fill_null(0))).to_pylist()[0]["odd"]
    if count:
        raise InputError(
            f"orders: column {name!r} holds {kind} and {counted(count, 'value')} that no such column "
            "keeps as a whole number. Is it the id column? If so, read it as text or int64."
        )
    remark = f"Column {name!r} came as {kind}; the ids are whole numbers and are returned as int64."
    return replace(source, table=table.mutate(**{name: ids.cast("int64")}), remarks=(*source.remarks, remark))
