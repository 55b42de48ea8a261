"""Scores of an order of customers: who was thought best, and who was.

Customers of whom the same was predicted stand at the same place: each counts with the mean of what came of them all.
The order in which they were handed over cannot matter, and a rule that tells nobody from anybody ranks as by lot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from ..ground.errors import InputError
from ..ground.rows import FloatArray, IntArray
from ..ground.uniformity import BoolArray

TENTHS: Final = 10
BEST: Final = (0.05, 0.1, 0.2)
"""Shares of customers, the best by prediction, whose part in what came is told."""
FIFTIETHS: Final[FloatArray] = np.linspace(0.0, 1.0, 51)
"""Shares of customers at which a gain curve is drawn."""


@dataclass(frozen=True, eq=False)
class Ranked:
    """What came, in the order of what was predicted, the best first.

    Attributes
    ----------
    predicted : array (customers,)
        Descending.
    actual : array (customers,)
        Of each customer the mean over all of whom the same was predicted.
    captured : array (customers + 1,)
        Part in what came of the best k customers, k = 0, 1, …; NaN where nothing came.
    """

    predicted: FloatArray
    actual: FloatArray
    captured: FloatArray

    @classmethod
    def of(cls, predicted: FloatArray, actual: FloatArray) -> Ranked:
        """Sort customers, arrays (customers,), by what was predicted.

        Raises
        ------
        InputError
            Nobody, arrays of different lengths, a prediction that is no number, an outcome below 0.
        """
        said, came = np.asarray(predicted, dtype=np.float64), np.asarray(actual, dtype=np.float64)
        _check(said, came)
        order = np.argsort(-said, kind="stable")
        said, came = said[order], came[order]
        starts = np.flatnonzero(np.concatenate([[True], said[1:] != said[:-1]]))
        sizes = np.diff(np.append(starts, len(said)))
        came = np.repeat(np.add.reduceat(came, starts) / sizes, sizes)
        sums = np.concatenate([[0.0], np.cumsum(came)])
        captured = sums / sums[-1] if sums[-1] > 0.0 else np.full(len(sums), np.nan)
        return cls(said, came, captured)

    def __len__(self) -> int:
        return len(self.predicted)


def gain(ranked: Ranked, shares: FloatArray | tuple[float, ...] = FIFTIETHS) -> FloatArray:
    """Part in what came of these shares of customers, the best by prediction, array (shares,); NaN if nothing came.

    A share that cuts a customer in two takes that part of them.
    """
    return np.interp(shares, np.arange(len(ranked) + 1) / len(ranked), ranked.captured)


def normalised_gini(ranked: Ranked, perfect: Ranked) -> float:
    """Area between gain curve and diagonal, over that of perfect foresight.

    1 for the order of what came, 0 for an order by lot, below 0 for a worse one. NaN where no order is better than
    another: nothing came, of all the same, or there is one customer.

    Parameters
    ----------
    ranked : Ranked
        By what was predicted.
    perfect : Ranked
        By what came itself: ``Ranked.of(actual, actual)``.
    """
    most = _area(perfect)
    return _area(ranked) / most if most > 0.0 else np.nan


def tenths(ranked: Ranked) -> pd.DataFrame:
    """Customers in tenths, the best by prediction first: decile (from 1), customers, predicted, actual (means).

    Fewer than ten customers fill fewer tenths.
    """
    tenth = np.arange(len(ranked)) * TENTHS // len(ranked)
    frame = means_by(tenth, ranked.predicted, ranked.actual).rename(columns={"group": "decile"})
    return frame.assign(decile=frame["decile"] + 1)


def reliability(p_active: FloatArray, active: BoolArray) -> pd.DataFrame:
    """Customers in tenths, the least likely active first: decile (from 1), customers, predicted, actual (shares)."""
    frame = tenths(Ranked.of(-np.asarray(p_active), np.asarray(active, dtype=np.float64)))
    return frame.assign(predicted=-frame["predicted"])


def auc(order: FloatArray, active: BoolArray) -> float:
    """Chance that of an active and an inactive customer the active one stood higher in the order, ties counting half.

    NaN where all or none were active. `order`, array (customers,): more is more likely.
    """
    from sklearn.metrics import roc_auc_score  # a second to import: when asked for

    return float(roc_auc_score(active, order)) if active.any() and not active.all() else np.nan


def brier(p_active: FloatArray, active: BoolArray) -> float:
    """Mean squared error of the probability of being active.

    NaN where all or none were, as for `auc`: it would speak of the level alone.
    """
    from sklearn.metrics import brier_score_loss

    return float(brier_score_loss(active, p_active)) if active.any() and not active.all() else np.nan


def means_by(group: IntArray, predicted: FloatArray, actual: FloatArray) -> pd.DataFrame:
    """Means of customers by group, those with anybody in them: group (from 0), customers, predicted, actual."""
    size = np.bincount(group)
    kept = np.flatnonzero(size)
    return pd.DataFrame(
        {
            "group": kept,
            "customers": size[kept],
            "predicted": np.bincount(group, predicted)[kept] / size[kept],
            "actual": np.bincount(group, actual)[kept] / size[kept],
        }
    )


def _area(ranked: Ranked) -> float:
    """Between the gain curve and the diagonal, by trapezoids."""
    if ranked.predicted[0] == ranked.predicted[-1]:
        return 0.0  # without the rounding of a mean over all
    middle = 0.5 * (ranked.captured[1:] + ranked.captured[:-1])
    return float(middle.mean() - 0.5)


def _check(predicted: FloatArray, actual: FloatArray) -> None:
    if not (predicted.ndim == 1 and len(predicted) and predicted.shape == actual.shape):
        raise InputError(
            "predicted, actual: expected one number for each of one customer or more; "
            f"got shapes {predicted.shape} and {actual.shape}."
        )
    if np.isnan(predicted).any():
        raise InputError(f"predicted: expected numbers, got NaN for {int(np.isnan(predicted).sum()):,} customers.")
    if not (np.isfinite(actual) & (actual >= 0.0)).all():
        raise InputError("actual: expected finite numbers of 0 or more; net spend below 0 counts as 0.")
