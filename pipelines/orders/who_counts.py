"""Who counts as a customer of the summary, and what they spend once refunds are taken off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lifeworth.models.ground.errors import InputError

from .purchase_days import NOTHING_LEFT, settled


@dataclass(frozen=True)
class Customers:
    """The customers of a log, one row each as the RFM expression returns them.

    Attributes
    ----------
    kept : DataFrame
        Those of the summary.
    refund_only : DataFrame
        Those without a purchase that is not refunded on its day.
    acquired_before : DataFrame
        Those first seen before `start`.
    start : Timestamp
        First day of the acquisition: asked for, or the first day of the log.
    """

    kept: pd.DataFrame
    refund_only: pd.DataFrame
    acquired_before: pd.DataFrame
    start: pd.Timestamp


@dataclass(frozen=True)
class Spend:
    """Mean amounts after refunds, and how many customers the refunds touched.

    Attributes
    ----------
    repeats, every : float64 array (customer,)
        Mean amount per repeat purchase and per purchase, 0 where unknown.
    reduced, wiped_out : int
        Customers whose later refunds reduce their spend, and those whom they leave with nothing.
    """

    repeats: NDArray[np.float64]
    every: NDArray[np.float64]
    reduced: int
    wiped_out: int

    @classmethod
    def of(cls, kept: pd.DataFrame) -> Spend:
        """Take refunds off the purchases of each customer by one factor."""
        spent, again, refunded = (settled(kept[name]) for name in ("spent", "spent_again", "refunded"))
        purchases = kept["purchases"].to_numpy(np.int64)
        share = (spent + refunded) / np.where(spent > 0.0, spent, 1.0)
        factor = np.where(share > NOTHING_LEFT, share, 0.0)
        return cls(
            repeats=factor * again / np.maximum(purchases - 1, 1),
            every=factor * spent / purchases,
            reduced=int(((-refunded > NOTHING_LEFT * spent) & (spent > 0.0)).sum()),
            wiped_out=int(((factor == 0.0) & (spent > 0.0)).sum()),
        )


def split_customers(seen: pd.DataFrame, start: pd.Timestamp) -> Customers:
    """Tell apart who is kept and who is not.

    Raises
    ------
    InputError
        Nobody is kept.
    """
    bought = seen["purchases"] > 0
    early = bought & (pd.to_datetime(seen["first"]) < start)
    kept = seen[bought & ~early].reset_index(drop=True)
    if kept.empty:
        reasons = {
            "have only refunds": int((~bought).sum()),
            f"were first seen before acquired_from={start:%Y-%m-%d}": int(early.sum()),
        }
        told = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items() if count)
        raise InputError(f"orders: no customer is left of {len(seen):,}: {told}.")
    return Customers(kept, seen[~bought], seen[early], start)
