"""The past as the log tells it now beside the past as the last run saw it: what changed, and what that looks like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.summary import ID, CustomerSummary
from lifeworth.models.ground.units import DAYS_PER_UNIT

from .judge import days

REPRICED: Final = 0.05
"""A customer's mean amount that moved by less may be rounding or a rate of exchange, and moves no value."""
MOSTLY: Final = 0.8
"""Of customers who moved: so many alike are one cause."""
MONTHS_PER_YEAR: Final = 12
MONTHS: Final = 24
"""Shifts by whole months are looked for so far."""
DAYS_SWAPPABLE: Final = 12
"""Days of the month that can be taken for a month."""


@dataclass(frozen=True, eq=False)
class Past:
    """What became of the customers of the last run.

    Attributes
    ----------
    before : DataFrame
        By customer, as the last run saw them: first, purchases, mean (amount per purchase; absent without amounts).
    now : DataFrame
        The same customers as the log has them now; missing where they are gone.
    appeared : Index
        Customers whom the log now has in that past and the last run had not.
    vanished, moved, recounted, repriced : bool Series
        By customer: gone; first purchase on another day; another number of purchases; another mean amount.
    """

    before: pd.DataFrame
    now: pd.DataFrame
    appeared: pd.Index[Any]
    vanished: pd.Series[bool]
    moved: pd.Series[bool]
    recounted: pd.Series[bool]
    repriced: pd.Series[bool]

    @classmethod
    def of(cls, summary: CustomerSummary, log: pd.DataFrame, acquired_from: pd.Timestamp | None) -> Past:
        """Compare.

        Parameters
        ----------
        summary : CustomerSummary
            Of the last run, with its cut-off.
        log : DataFrame
            As `Facts.past`, up to the same cut-off.
        acquired_from : Timestamp or None
            As the run leaves out customers first seen before.

        Raises
        ------
        InputError
            The summary has no cut-off.
        """
        if summary.until is None:
            raise InputError("last: the summary of the last run has no cut-off; save it with its `until`.")
        before = _known(summary, summary.until)
        now = log.reindex(before.index)
        first = pd.to_datetime(now["first"])
        vanished = first.isna()
        moved = ~vanished & (first != before["first"])
        recounted = ~vanished & (now["purchases"] != before["purchases"])
        repriced = pd.Series(False, index=before.index)
        if "mean" in before:
            repriced = ~vanished & ((now["mean"] - before["mean"]).abs() > REPRICED * before["mean"])
        inside = log["first"] <= summary.until
        if acquired_from is not None:
            inside &= log["first"] >= acquired_from
        found = log.index[inside.to_numpy()]
        return cls(
            before,
            now.assign(first=first),
            found[~found.isin(before.index)],
            vanished,
            moved,
            recounted,
            repriced,
        )

    @property
    def amount_ratio(self) -> float:
        """Median over customers of mean amount now to mean amount then; NaN where nothing can be compared."""
        if "mean" not in self.before:
            return float("nan")
        known = ~self.vanished & (self.before["mean"] > 0.0) & (self.now["mean"] > 0.0)
        alike = known & ~self.recounted & ~self.moved
        chosen = alike if alike.any() else known
        ratios = self.now.loc[chosen, "mean"] / self.before.loc[chosen, "mean"]
        return float(ratios.median()) if len(ratios) else float("nan")

    @property
    def shift(self) -> pd.Series[int]:
        """Days by which the first purchase of those who moved has moved."""
        return (self.now.loc[self.moved, "first"] - self.before.loc[self.moved, "first"]).dt.days

    def moved_how(self) -> str:
        """Whether all moved alike, in words: "forward by 30 days", "back by 12 months"; empty where they did not."""
        shift = self.shift
        if shift.empty:
            return ""
        commonest = shift.mode().iloc[0]
        if (shift == commonest).mean() >= MOSTLY:
            return f"{_direction(commonest)} by {days(abs(commonest))}"
        then, now = self.before.loc[self.moved, "first"], self.now.loc[self.moved, "first"]
        months = (now.dt.year - then.dt.year) * MONTHS_PER_YEAR + now.dt.month - then.dt.month
        common = int(months.mode().iloc[0])
        if 0 < abs(common) <= MONTHS and ((then + pd.DateOffset(months=common)) == now).mean() >= MOSTLY:
            return f"{_direction(common)} by {abs(common)} month{'s' if abs(common) > 1 else ''}"
        return ""

    def swapped(self) -> bool:
        """Whether day and month have changed places, judged by who had bought once."""
        then = self.before["first"]
        chosen = self.moved & (self.before["purchases"] == 1) & (then.dt.day <= DAYS_SWAPPABLE)
        if not chosen.any():
            return False
        then = then[chosen]
        other = pd.to_datetime({"year": then.dt.year, "month": then.dt.day, "day": then.dt.month})
        return bool((other == self.now.loc[chosen, "first"]).mean() >= MOSTLY)

    def renamed(self) -> tuple[object, object] | None:
        """An id of a customer who is gone and its like among those who appeared, where most have one."""
        gone = self.before.index[self.vanished]
        like = {_bare(name): name for name in self.appeared}
        found = [(name, like[_bare(name)]) for name in gone if _bare(name) in like]
        return found[0] if len(gone) and len(found) >= MOSTLY * len(gone) else None


def _known(summary: CustomerSummary, until: pd.Timestamp) -> pd.DataFrame:
    """The customers of a summary with days instead of ages."""
    frame = summary.frame
    age = np.round(frame["T"].to_numpy() * DAYS_PER_UNIT[summary.unit])
    columns = {
        "first": (until - pd.to_timedelta(age, unit="D")).to_numpy(),
        "purchases": frame["frequency"].to_numpy() + 1,
    }
    if "monetary_value_all" in frame:
        columns["mean"] = frame["monetary_value_all"].to_numpy()
    return pd.DataFrame(columns, index=pd.Index(frame[ID], name=ID))


def _bare(name: object) -> str:
    """An id without what changes its form and not its meaning: case, spaces, zeros in front, ".0" behind."""
    text = str(name).strip().casefold().removesuffix(".0")
    digits = text.lstrip("abcdefghijklmnopqrstuvwxyz-_#: ")
    return (digits if digits.isdigit() else text).lstrip("0")


def _direction(shift: float) -> str:
    return "forward" if shift > 0 else "back"
