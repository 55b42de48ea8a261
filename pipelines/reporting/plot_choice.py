"""Rows of a scorecard that a plot draws: what was asked for, all origins together, and how much of it is independent.

Windows of origins that lie closer together than the horizon overlap: their outcomes are largely the same purchases.
What chance alone does is told from as many windows as fit beside each other without overlap; forecasts h steps ahead
are dependent up to h - 1 steps (Diebold, Gunther & Tay 1998, Evaluating density forecasts, section 3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.units import parse_horizon
from lifeworth.pipelines.backtesting.scorecard import Scorecard

from .language import ngettext
from .wording import NO_BREAK, count, in_a_row, span

DAYS = "D"


@dataclass(frozen=True, eq=False)
class Selection:
    """Rows of one table of a scorecard.

    Attributes
    ----------
    rows : DataFrame
        Those of the quantity, the horizon and the models.
    quantity : str
        "purchases" or "spend"; "" in a table that has none.
    horizon : str
    models : tuple of str
        In the order of the scorecard.
    """

    rows: pd.DataFrame
    quantity: str
    horizon: str
    models: tuple[str, ...]

    @property
    def origins(self) -> int:
        """How many."""
        return int(self.rows["origin"].nunique())

    @property
    def apart(self) -> float:
        """Windows beside each other without overlap, as a share of all windows."""
        return windows_apart(self.rows["origin"], self.horizon) / self.origins

    def of(self, model: str) -> pd.DataFrame:
        """Rows of one model."""
        return self.rows[self.rows["model"] == model]

    def pooled(self, model: str, by: Sequence[str]) -> pd.DataFrame:
        """One row a group: customers of all origins, predicted and actual (their means per customer)."""
        rows = self.of(model)
        weighed = rows[[*by, "customers"]].assign(
            **{name: rows[name] * rows["customers"] for name in ("predicted", "actual")}
        )
        sums = weighed.groupby(list(by), as_index=False, dropna=False).sum()
        sums = sums[sums["customers"] > 0].reset_index(drop=True)
        return sums.assign(**{name: sums[name] / sums["customers"] for name in ("predicted", "actual")})

    def under(self, words: str) -> str:
        """Name an axis, and say what is drawn."""
        parts = [*(self.models if len(self.models) == 1 else ()), span(self.horizon), origins(self.rows)]
        return f"{words} ({in_a_row([part.replace(' ', NO_BREAK) for part in parts])})"


def origins(rows: pd.DataFrame) -> str:
    """Say how many origins rows are of."""
    number = rows["origin"].nunique()
    return ngettext("{number} origin", "{number} origins", number).format(number=count(number))


def choose(
    scorecard: Scorecard,
    table: str,
    quantity: str = "",
    model: str | Sequence[str] | None = None,
    horizon: str | None = None,
) -> Selection:
    """Rows of a table of one quantity, one horizon (by default the longest) and some models (by default all).

    Raises
    ------
    InputError
        Not a scorecard, an empty table, or no such quantity, model or horizon.
    """
    rows = table_of(scorecard, table)
    if "quantity" in rows:
        rows = quantity_of(rows, quantity)
    label = (
        by_length(rows["horizon"])[-1] if horizon is None else one_of(horizon, by_length(rows["horizon"]), "horizon")
    )
    models = models_of(scorecard, rows, model)
    rows = rows[(rows["horizon"] == label) & rows["model"].isin(models)]
    return Selection(rows, quantity, label, models)


def table_of(scorecard: Scorecard, table: str) -> pd.DataFrame:
    """One table of a scorecard.

    Raises
    ------
    InputError
        Not a scorecard, or the table is empty.
    """
    if not isinstance(scorecard, Scorecard):
        raise InputError(f"scorecard: expected what backtest returns, got {type(scorecard).__name__}.")
    rows: pd.DataFrame = getattr(scorecard, table)
    if rows.empty:
        raise InputError(f"scorecard: its table {table!r} is empty; backtest with origins before the end of the log.")
    return rows


def quantity_of(rows: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """Rows of one quantity.

    Raises
    ------
    InputError
        There is none.
    """
    return rows[rows["quantity"] == one_of(quantity, rows["quantity"].unique(), "quantity")]


def models_of(scorecard: Scorecard, rows: pd.DataFrame, model: str | Sequence[str] | None) -> tuple[str, ...]:
    """Models asked for, by default all of the scorecard; baselines only by name.

    Raises
    ------
    InputError
        No such model among the rows.
    """
    there = set(rows["model"])
    known = [name for name in (*scorecard.models, *scorecard.baselines) if name in there]
    if model is None:
        return tuple(name for name in scorecard.models if name in there) or tuple(known)
    asked = [model] if isinstance(model, str) else list(model)
    if not asked:
        raise InputError(f"model: expected one of {', '.join(known)}, or several; got none.")
    return tuple(one_of(name, known, "model") for name in asked)


def one_of(asked: str, known: Iterable[str], name: str) -> str:
    """Return what was asked for.

    Raises
    ------
    InputError
        It is not among those known.
    """
    options = list(known)
    if asked not in options:
        raise InputError(f"{name}: expected one of {', '.join(map(str, options))}; got {asked!r}.")
    return asked


def by_length(horizons: Iterable[str]) -> list[str]:
    """Return labels of horizons, each once, the shortest first."""
    return sorted(dict.fromkeys(horizons), key=lambda label: parse_horizon(label, DAYS).length)


def windows_apart(origins: Iterable[pd.Timestamp], horizon: str) -> int:
    """How many windows of this horizon, each from an origin on, fit beside each other without overlap.

    Examples
    --------
    >>> windows_apart(pd.to_datetime(["1997-06-30", "1997-09-29", "1997-12-29"]), "26W")
    2
    """
    count, free = 0, pd.Timestamp.min
    for origin in sorted(set(origins)):
        if origin >= free:
            count, free = count + 1, origin + pd.Timedelta(days=parse_horizon(horizon, DAYS, origin).length)
    return count


def binomial_band(trials: float, share: float, level: float) -> tuple[float, float]:
    """Least and largest share of successes that `trials` of probability `share` have at that level by chance alone."""
    from scipy.stats import binom

    number = max(round(trials), 1)
    low, high = binom.ppf(np.array([0.5 - level / 2.0, 0.5 + level / 2.0]), number, share) / number
    return float(low), float(high)
