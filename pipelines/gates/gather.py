"""Reading the facts of a log: a few aggregates over the copy of the orders, made by DuckDB."""

from __future__ import annotations

import math
from dataclasses import astuple, replace
from typing import Any, Final

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from lifeworth.models.ground.summary import ID

from ..orders.order_log import AMOUNT, CUSTOMER, DAY, KIND, KINDS, OrderLog, read_log
from ..orders.order_table import OrderColumns, quiet, run
from ..orders.policies import OrderPolicies
from ..orders.purchase_days import customer_days, settled, with_first_day
from ..settings.settings import Settings
from ..sources.snapshot import Snapshot
from .facts import FEW, UNUSABLE, Amounts, Copies, Facts, Heavy

QUARTERS: Final = (0.25, 0.5, 0.75)
LATE: Final = "lw_late"
"""Of a row: whether it comes after the split."""
MEASURES: Final = ("orders", "amounts")
"""By which customers may be giants."""
ROUND: Final = 10
"""Prices without decimals, in rupiah or yen, mostly end in a zero; cents do not."""


def gather(snapshot: Snapshot, settings: Settings, split: pd.Timestamp | None, recent: int, past: bool) -> Facts:
    """Read the facts, in one pass each.

    Parameters
    ----------
    snapshot : Snapshot
    settings : Settings
    split : Timestamp or None
        Last day of the past; None: `recent` days before the last of the log.
    recent : int
    past : bool
        Whether the past of each customer is wanted.

    Raises
    ------
    InputError
        As `summarise`, where not a single row can be used.
    """
    names = settings.columns
    log = read_log(str(snapshot.path), OrderColumns(names.customer_id, names.date, names.amount), OrderPolicies(), None)
    stored = _stored(log)
    days = _by_day(stored)
    split = days.index[-1] - pd.Timedelta(days=recent) if split is None else split
    usable = stored.mutate(**{LATE: stored[DAY] > ibis.literal(split.date())})
    copies, amounts = _copies(usable, log), _amounts(usable)
    return Facts(
        rows=sum(count.rows for count in log.counts.values()),
        kinds={kind: count.rows for kind, count in log.counts.items()},
        days=days,
        split=split,
        copies=_added(*copies),
        new_copies=copies[1],
        old=amounts[0],
        new=amounts[1],
        heavy=_heavy(usable),
        past=_past(replace(log, marked=usable), settings, split) if past else None,
    )


def _stored(log: OrderLog) -> ir.Table:
    """The rows that can be used, in a table of the embedded engine: read and parsed once for all questions."""
    usable = log.marked.filter(~log.marked[KIND].isin([KINDS.index(kind) for kind in UNUSABLE]))
    with quiet():
        return log.source.engine.create_table("judged", usable)


def _by_day(usable: ir.Table) -> pd.Series[Any]:
    found = run(usable.group_by(day=usable[DAY]).agg(orders=usable.count())).to_pandas()
    counted = pd.Series(found["orders"].to_numpy(np.int64), index=pd.DatetimeIndex(found["day"])).sort_index()
    every = pd.date_range(counted.index[0], counted.index[-1], name="day")
    return counted.reindex(every, fill_value=0)


def _copies(usable: ir.Table, log: OrderLog) -> tuple[Copies, Copies]:
    """Copies up to the split, and after it."""
    exact = _repeats(usable, list(log.source.table.columns))
    alike = _repeats(usable, [CUSTOMER, DAY, AMOUNT])
    old, new = (
        Copies(
            rows=alike[late]["rows"],
            exact=exact[late]["rows"] - exact[late]["groups"],
            alike=alike[late]["rows"] - alike[late]["groups"],
            even=alike[late]["even"],
        )
        for late in (False, True)
    )
    return old, new


def _added(one: Copies, other: Copies) -> Copies:
    return Copies(*(mine + theirs for mine, theirs in zip(astuple(one), astuple(other), strict=True)))


def _repeats(usable: ir.Table, columns: list[str]) -> dict[bool, dict[str, int]]:
    """Rows, groups of equal rows, and rows of groups of an even size, by whether they come after the split."""
    groups = usable.group_by([LATE, *columns]).agg(copies=usable.count())
    found = run(
        groups.group_by(LATE).agg(
            rows=groups.copies.sum(),
            groups=groups.count(),
            even=groups.copies.sum(where=groups.copies % 2 == 0).fill_null(0),
        )
    ).to_pylist()
    none = {"rows": 0, "groups": 0, "even": 0}
    by_late = {row.pop(LATE): {name: int(value) for name, value in row.items()} for row in found}
    return {late: by_late.get(late, none) for late in (False, True)}


def _amounts(usable: ir.Table) -> tuple[Amounts, Amounts]:
    """Positive amounts up to the split, and after it."""
    paid = usable.filter(usable[AMOUNT] > 0)
    money = paid[AMOUNT]
    found = run(
        paid.group_by(LATE).agg(
            count=money.count(),
            whole=(money == money.floor()).sum(),
            round=(money % ROUND == 0).sum(),
            **{f"q{place}": money.quantile(level) for place, level in enumerate(QUARTERS)},
        )
    ).to_pylist()
    by_late = {
        row[LATE]: Amounts(
            int(row["count"]),
            (float(row["q0"]), float(row["q1"]), float(row["q2"])),
            int(row["whole"]),
            int(row["round"]),
        )
        for row in found
    }
    none = Amounts(0, (math.nan, math.nan, math.nan), 0, 0)
    return by_late.get(False, none), by_late.get(True, none)


def _heavy(usable: ir.Table) -> tuple[Heavy, ...]:
    """The customers with most rows, and those with most money."""
    money = usable[AMOUNT]
    customers = usable.group_by(CUSTOMER).agg(orders=usable.count(), amounts=money.sum(where=money > 0).fill_null(0.0))
    ranked = customers.mutate(
        customers=customers.count().over(ibis.window()),
        **{f"all_{what}": customers[what].sum().over(ibis.window()) for what in MEASURES},
        **{
            f"rank_{what}": ibis.row_number().over(order_by=[customers[what].desc(), customers[CUSTOMER]])
            for what in MEASURES
        },
    )
    top = run(ranked.filter((ranked.rank_orders < FEW) | (ranked.rank_amounts < FEW))).to_pylist()
    return tuple(_heaviest(top, what) for what in MEASURES if top[0][f"all_{what}"])


def _heaviest(top: list[dict[str, Any]], what: str) -> Heavy:
    rows = sorted((row for row in top if row[f"rank_{what}"] < FEW), key=lambda row: row[f"rank_{what}"])
    total, values = float(rows[0][f"all_{what}"]), [float(row[what]) for row in rows]
    return Heavy(what, rows[0][CUSTOMER], values[0], values[0] / total, sum(values) / total, int(rows[0]["customers"]))


def _under_policies(log: OrderLog, settings: Settings) -> OrderLog:
    """The log under the policies of the run; those that refuse rows leave them out here, and refuse later."""
    chosen = settings.rows
    policies = OrderPolicies(
        refunds="drop" if chosen.refunds == "error" else chosen.refunds,
        zero="drop" if chosen.zero == "error" else chosen.zero,
    )
    marked = log.marked.distinct() if chosen.duplicates == "drop" else log.marked
    return replace(log, marked=marked, policies=policies)


def _past(log: OrderLog, settings: Settings, split: pd.Timestamp) -> pd.DataFrame:
    """What each customer had done by a day, as the log has it now."""
    days = with_first_day(customer_days(_under_policies(log, settings)))
    early = days[DAY] <= ibis.literal(split.date())
    found = run(
        days.group_by(CUSTOMER).agg(
            first=days["first"].max(),
            purchases=(days.purchase & early).sum().cast("int64"),
            spent=days.net.sum(where=days.purchase & early),
            refunded=days.net.sum(where=~days.purchase & early),
        )
    ).to_pandas()
    paid = settled(found["spent"]) + settled(found["refunded"])
    return pd.DataFrame(
        {
            "first": pd.to_datetime(found["first"]).to_numpy(),
            "purchases": found["purchases"].to_numpy(),
            "mean": np.maximum(paid, 0.0) / np.maximum(found["purchases"].to_numpy(), 1),
        },
        index=pd.Index(found[CUSTOMER], name=ID),
    )
