"""Rows that are set aside, each with its reason: by the very rules of `summarise`, so that the counts reconcile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import ibis
import ibis.expr.types as ir
import pandas as pd

from lifeworth.models.ground.data_report import KIND_LABELS
from lifeworth.models.ground.summary import Day, as_day

from ..orders.order_log import CUSTOMER, KIND, KINDS, OrderLog, read_log
from ..orders.order_table import OrderColumns, is_null, run
from ..orders.policies import OrderPolicies
from ..orders.purchase_days import customer_days, with_first_day
from ..settings.settings import Settings, policies_of
from .read import VARIANT, columns_of, copy_to_parquet
from .snapshot import Snapshot

REASON: Final = "reason"
"""The column that says why: the words of the data report."""

FIRST, COPIES, COPY = "lw_first", "lw_copies", "lw_copy"


def quarantine(snapshot: Snapshot, settings: Settings, until: Day | None) -> pd.DataFrame:
    """Return every row that ``summarise(snapshot.path, until=until, …)`` sets aside.

    Parameters
    ----------
    snapshot : Snapshot
    settings : Settings
        Its columns and policies.
    until : date or None
        The cut-off, as in `summarise`.

    Returns
    -------
    DataFrame
        The columns of the snapshot as they are there, and `REASON`, in the words of `KIND_LABELS`; sorted by reason,
        then row. As many rows as `report.rows_set_aside`, of each reason as many as its note counts.

    Raises
    ------
    InputError
        As `summarise`: a policy refuses rows, or none is left.
    """
    with _rejected(snapshot, settings, until) as (_, rows):
        frame: pd.DataFrame = run(rows).to_pandas()
    return frame


def write_quarantine(snapshot: Snapshot, settings: Settings, until: Day | None, path: Path) -> dict[str, int]:
    """Write what `quarantine` returns to a Parquet file, whole or not at all, without holding it in memory.

    Returns
    -------
    dict of str to int
        Rows by reason, in the order of the data report; reasons without rows have none.

    Raises
    ------
    InputError
        As `quarantine`; also if the file cannot be written.
    """
    with _rejected(snapshot, settings, until) as (engine, rows):
        copy_to_parquet(engine, rows, path)
        found = engine.con.execute(f"SELECT {REASON}, count(*) FROM read_parquet(?) GROUP BY ALL", [str(path)])
        counts = dict(found.fetchall())
    return {label: counts[label] for label in KIND_LABELS.values() if label in counts}


@contextmanager
def _rejected(snapshot: Snapshot, settings: Settings, until: Day | None) -> Iterator[tuple[Any, ir.Table]]:
    """The engine of the snapshot, and the rows set aside."""
    policies = OrderPolicies(**policies_of(settings))
    log = read_log(snapshot.path, OrderColumns(**columns_of(settings)), policies, until)
    try:
        rows = ibis.union(_unusable(log), _of_customers(log, _start(log, settings)), *_copies(log), distinct=False)
        columns = [name for name in log.source.table.columns if name != VARIANT]
        yield log.source.engine, rows.select(*columns, REASON).order_by(REASON, *columns)
    finally:
        log.source.engine.disconnect()


def _start(log: OrderLog, settings: Settings) -> pd.Timestamp:
    asked = settings.rows.acquired_from
    return log.first_day if asked is None else as_day(asked, "acquired_from")


def _unusable(log: OrderLog) -> ir.Table:
    """Rows of the kinds that are not used."""
    codes = {code: kind for code, kind in enumerate(KINDS) if not log.policies.uses(kind)}
    rows = log.marked.filter(log.marked[KIND].isin(list(codes)))
    labels = [(rows[KIND] == code, KIND_LABELS[kind]) for code, kind in codes.items()]
    return _with_reason(log, rows, ibis.cases(*labels, else_=""))


def _of_customers(log: OrderLog, start: pd.Timestamp) -> ir.Table:
    """Rows that could be used, of customers who are not kept: see `split_customers`."""
    days = with_first_day(customer_days(log))
    first = days.group_by(CUSTOMER).agg(**{FIRST: days["first"].max()})
    rows = log.lines.inner_join(first, CUSTOMER)
    never = is_null(rows[FIRST])
    rows = rows.filter(never | (rows[FIRST] < ibis.literal(start.date())))
    return _with_reason(log, rows, ibis.ifelse(never, KIND_LABELS["refund_only"], KIND_LABELS["acquired_before"]))


def _copies(log: OrderLog) -> Iterator[ir.Table]:
    """All but one of rows that are equal, where such are dropped."""
    if log.policies.duplicates != "drop":
        return
    table = log.source.table
    equal = table.group_by(list(table.columns)).agg(**{COPIES: table.count()})
    extra = equal.mutate(**{COPY: ibis.range(1, equal[COPIES]).unnest()})
    yield _with_reason(log, extra, ibis.literal(KIND_LABELS["duplicate"]))


def _with_reason(log: OrderLog, rows: ir.Table, reason: ir.Value) -> ir.Table:
    return rows.select(*log.source.table.columns, **{REASON: reason})
