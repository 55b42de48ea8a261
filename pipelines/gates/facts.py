"""What a log says of itself before anything is fitted: a few aggregates over the copy of the orders, made by DuckDB."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from typing import Any, Final

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from lifeworth.models.ground.data_report import DataReport
from lifeworth.models.ground.summary import ID

from ..orders.order_log import AMOUNT, CUSTOMER, DAY, KIND, KINDS, OrderLog, read_log
from ..orders.order_table import OrderColumns, quiet, run
from ..orders.policies import OrderPolicies
from ..orders.purchase_days import customer_days, settled, with_first_day
from ..settings.settings import Settings
from ..sources.snapshot import Snapshot

UNUSABLE: Final = ("missing_id", "missing_date", "missing_amount")
"""Rows that no setting can use."""
FEW: Final = 10
"""Customers whose share together is asked for."""
QUARTERS: Final = (0.25, 0.5, 0.75)
NEARLY_ALL: Final = 0.99
LATE: Final = "lw_late"
"""Of a row: whether it comes after the split."""
MEASURES: Final = ("orders", "amounts")
"""By which customers may be giants."""
ROUND: Final = 10
"""Prices without decimals, in rupiah or yen, mostly end in a zero; cents do not."""


@dataclass(frozen=True)
class Copies:
    """Rows that repeat another, among `rows`.

    Attributes
    ----------
    rows, exact : int
        Rows, and those that equal an earlier one in every column that is read and in the mark of the others.
    alike : int
        Those that equal an earlier one in customer, day and amount.
    even : int
        Rows that come an even number of times by customer, day and amount.
    """

    rows: int
    exact: int
    alike: int
    even: int

    @property
    def all_even(self) -> bool:
        """Whether nearly every row comes an even number of times: a log loaded twice, maybe under new row numbers."""
        return self.rows > 0 and self.even >= NEARLY_ALL * self.rows


@dataclass(frozen=True)
class Amounts:
    """Positive amounts of a span of days: how many, their quartiles, and how many are whole or end in a zero."""

    count: int
    quartiles: tuple[float, float, float]
    whole: int
    round: int

    @property
    def median(self) -> float:
        """The middle amount."""
        return self.quartiles[1]


@dataclass(frozen=True)
class Heavy:
    """The customers with most rows, or most money.

    Attributes
    ----------
    what : str
        "orders" or "amounts".
    customer : object
        Who has most.
    value : float
        How many, or how much.
    one, few : float
        Shares of that one and of `FEW` together.
    customers : int
        In the whole log.
    """

    what: str
    customer: object
    value: float
    one: float
    few: float
    customers: int


@dataclass(frozen=True, eq=False)
class Facts:
    """What a log says of itself.

    Attributes
    ----------
    rows : int
    kinds : mapping of str to int
        Rows of each kind of `lifeworth.pipelines.orders.order_log.KINDS`.
    days : Series
        Orders a day, days without any included.
    split : Timestamp
        Last day of what counts as the past: the last run's cut-off, or some weeks before the end of the log.
    copies, new_copies : Copies
        In the whole log, and after `split`.
    old, new : Amounts
        Up to `split`, and after it.
    heavy : tuple of Heavy
    past : DataFrame or None
        One row a customer, by id: first (day of the first purchase in the whole log), purchases and mean (amount per
        purchase) up to `split`. None where it was not asked for.
    """

    rows: int
    kinds: Mapping[str, int]
    days: pd.Series[Any]
    split: pd.Timestamp
    copies: Copies
    new_copies: Copies
    old: Amounts
    new: Amounts
    heavy: tuple[Heavy, ...]
    past: pd.DataFrame | None

    @property
    def rejected(self) -> float:
        """Share of rows without a customer, a date or an amount."""
        return sum(self.kinds.get(kind, 0) for kind in UNUSABLE) / self.rows

    @property
    def orders(self) -> int:
        """Rows that can be used."""
        return int(self.days.sum())

    def dated(self, after: pd.Timestamp | None = None, until: pd.Timestamp | None = None) -> int:
        """Orders of a span of days: after the one, up to the other."""
        return int(self.days.loc[None if after is None else after + pd.Timedelta(days=1) : until].sum())


def rejected_share(report: DataReport) -> float:
    """Share of the rows of a log without a customer, a date or an amount, from its data report."""
    return sum(note.rows for note in report.notes if note.kind in UNUSABLE) / report.rows_in


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
