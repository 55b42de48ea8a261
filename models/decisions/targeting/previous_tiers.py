"""Tiers of the last run, brought to the customers of this one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...ground.errors import InputError
from ...ground.rows import IntArray
from ...ground.summary import ID

TIER = "tier"


@dataclass(frozen=True, eq=False)
class Previous:
    """What is known of the last run.

    Attributes
    ----------
    tier : array (customers,)
        Number of each customer's tier then, counted from the best; -1 where there was none.
    gone : int
        Customers of the last run who are not in this one.
    unknown : dict of str to int
        Tiers of the last run that are none now, and how many customers they had.
    given : bool
        Whether there was a last run.
    """

    tier: IntArray
    gone: int
    unknown: dict[str, int]
    given: bool

    def notes(self, tier: IntArray) -> tuple[str, ...]:
        """What was done with it, and what has changed; `tier` are those of this run."""
        if not self.given:
            return ()
        known = self.tier >= 0
        up, down = (int(np.sum(known & moved)) for moved in (tier < self.tier, tier > self.tier))
        notes = [f"{up:,} customers rise, {down:,} fall, {int((~known).sum()):,} are judged for the first time."]
        if self.gone:
            notes.append(f"{self.gone:,} customers of previous are not in the valuation; they are left out.")
        if self.unknown:
            told = ", ".join(f"{name!r} ({count:,})" for name, count in self.unknown.items())
            notes.append(f"previous has tiers that are none now: {told}; their customers are judged as new.")
        return tuple(notes)


def read_previous(previous: object, ids: pd.Series[Any], names: tuple[str, ...]) -> Previous:
    """Tiers of the last run of the customers `ids`.

    Raises
    ------
    InputError
        Neither a Series by customer nor a frame with columns customer_id and tier, or one with a customer twice.
    """
    if previous is None:
        return Previous(np.full(len(ids), -1, dtype=np.int64), 0, {}, given=False)
    before = _by_customer(previous)
    if before.index.has_duplicates:
        twice = before.index[before.index.duplicated()].unique().tolist()
        raise InputError(
            f"previous: expected each customer once; {len(twice):,} come more than once (customer_id {twice[:5]}). "
            "Keep the last tier of each."
        )
    row = before.index.get_indexer(pd.Index(ids))
    codes = np.append(pd.Index(names).get_indexer(pd.Index(before)), -1)  # the last: who is not there
    met = row >= 0
    strange = before.iloc[row[met & (codes[row] < 0)]].dropna()
    counts = {str(name): int(count) for name, count in strange.value_counts().items()}
    return Previous(codes[row].astype(np.int64), len(before) - int(met.sum()), counts, given=True)


def _by_customer(previous: object) -> pd.Series[Any]:
    if isinstance(previous, pd.DataFrame) and {ID, TIER} <= set(previous.columns):
        return previous.set_index(ID)[TIER]
    if isinstance(previous, pd.Series):
        return previous
    got = list(previous.columns) if isinstance(previous, pd.DataFrame) else type(previous).__name__
    raise InputError(
        f"previous: expected a Series of tiers by {ID}, a frame with columns {ID} and {TIER}, or the tiers of the last "
        f"run; got {got}."
    )
