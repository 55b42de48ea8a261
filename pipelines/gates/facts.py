"""What a log says of itself before anything is fitted: copies, amounts, days, giants, the past of each customer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from lifeworth.models.ground.data_report import DataReport

UNUSABLE: Final = ("missing_id", "missing_date", "missing_amount")
"""Rows that no setting can use."""
FEW: Final = 10
"""Customers whose share together is asked for."""
NEARLY_ALL: Final = 0.99


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
