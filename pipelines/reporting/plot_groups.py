"""Plots of groups of customers in a backtest: expected beside actual by what was known of them, and "active"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from lifeworth.models.ground.intervals import NORMAL_90
from lifeworth.pipelines.backtesting.scorecard import Scorecard

from .findings import frequency_label
from .holdout import MOST_FREQUENT
from .plot_choice import Selection, choose, one_of
from .plot_style import (
    DASHED,
    HANDLE,
    INK,
    SKY,
    SOFT,
    WIDE_ENOUGH,
    canvas,
    headroom,
    inches,
    legend,
    look,
    percentages,
    short_numbers,
    titled,
)
from .wording import NO_BREAK, count, money, percent, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

By = Literal["frequency", "recency"]
COLUMNS: Final[dict[str, list[str]]] = {"frequency": ["frequency"], "recency": ["recency_from", "recency_to"]}
BELOW: Final = {"frequency": "repeat purchases so far", "recency": "days since the last purchase"}
NEAR: Final = 0.05
"""A group is met if it is off by less than this share of what came."""
POINTS_OFF: Final = 0.03
"""A tenth of "active" is met if it is off by less than this."""
EDGE: Final = 0.06
"""Room above the highest mark, as a share of it."""
CORNER: Final = 1.08
"""Where the axes of "active" end, in the largest mark."""
WHOLE: Final = 1.03
"""Where they end at most: a mark at 100 % is whole."""


def plot_expected_actual(
    scorecard: Scorecard,
    by: By = "frequency",
    quantity: str = "purchases",
    model: str | Sequence[str] | None = None,
    horizon: str | None = None,
    *,
    currency: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the mean of customers by repeat purchases so far or by days since the last one: expected and actual.

    Parameters
    ----------
    scorecard : Scorecard
    by : {"frequency", "recency"}
    quantity : {"purchases", "spend"}
    model : str or sequence of str, optional
        By default all models.
    horizon : str, optional
        By default the longest.
    currency : str
        In front of amounts.
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.

    Raises
    ------
    InputError
        No such quantity, model or horizon; `by` is something else.
    """
    one_of(by, tuple(COLUMNS), "by")
    choice = choose(scorecard, f"by_{by}", quantity, model, horizon)
    groups = {name: choice.pooled(name, COLUMNS[by]) for name in choice.models}
    actual = next(iter(groups.values()))
    place = np.arange(len(actual))
    symbol = currency if quantity == "spend" else ""
    with canvas(ax) as ax:
        for number, (name, table) in enumerate(groups.items()):
            label = "expected" if len(groups) == 1 else name
            ax.plot(place, table["predicted"], lw=1.6, ms=7, mfc="white", mew=1.6, label=label, **look(number))
        ax.plot(place, actual["actual"], ls="", marker="o", ms=6.5, color=INK, label="actual", zorder=3)
        ax.set_xticks(place, _names(actual, by, inches(ax) < WIDE_ENOUGH))
        headroom(ax, EDGE)
        ax.set_xlim(-0.5, len(actual) - 0.5)
        short_numbers(ax, "y", symbol)
        below = choice.under(f"{BELOW[by]}; below: customers")
        titled(ax, groups_finding(groups, by, symbol, quantity), below,
               f"{quantity} per customer{f' in {symbol}' if symbol else ''}")  # fmt: skip
        legend(ax, lines=2, handle=HANDLE)
    return ax


def plot_active(
    scorecard: Scorecard,
    model: str | Sequence[str] | None = None,
    horizon: str | None = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw the share of each tenth of the customers that bought at all against the probability predicted.

    Over all origins; bars, of one model alone, show where chance leaves the share nine times in ten if customers are
    independent; windows that overlap count once.

    Parameters
    ----------
    scorecard : Scorecard
    model : str or sequence of str, optional
        By default all models.
    horizon : str, optional
        By default the longest.
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.

    Raises
    ------
    InputError
        No such model or horizon.
    """
    choice = choose(scorecard, "active", "", model, horizon)
    tenths = {name: _with_chance(choice, name) for name in choice.models}
    with canvas(ax) as ax:
        draw_tenths(ax, tenths)
        below = choice.under("predicted probability to buy")
        titled(ax, active_finding(tenths), below, "share that bought")
        legend(ax, handle=HANDLE)
    return ax


def draw_tenths(ax: Axes, tenths: Mapping[str, pd.DataFrame]) -> None:
    """Draw tenths of customers against the diagonal: predicted, actual, and of one model q05 and q95 by chance."""
    alone = len(tenths) == 1
    columns = ["predicted", "actual", *(["q95"] if alone else [])]
    most = min(CORNER * max(float(table[columns].to_numpy().max()) for table in tenths.values()), WHOLE)
    ax.plot([0.0, most], [0.0, most], color=SOFT, lw=1.0, ls=DASHED, label="as predicted")
    for place, (name, table) in enumerate(tenths.items()):
        if alone:
            ax.vlines(table["predicted"], table["q05"], table["q95"], color=SKY, lw=7, alpha=0.55,
                      label="90 % by chance")  # fmt: skip
        style = {"color": INK, "ls": "", "marker": "o"} if alone else look(place)
        ax.plot(table["predicted"], table["actual"], ms=6, lw=1.2, label="actual" if alone else name, **style)
    ax.set_xlim(0.0, most)
    ax.set_ylim(0.0, most)
    percentages(ax, "x")
    percentages(ax, "y")


def groups_finding(groups: Mapping[str, pd.DataFrame], by: By, currency: str, quantity: str) -> str:
    """Say which group departs most, in all its customers; of several models, how far groups are off on average.

    Parameters
    ----------
    groups : dict of DataFrame
        By model, as `Selection.pooled` returns them.
    by : {"frequency", "recency"}
    currency : str
    quantity : {"purchases", "spend"}
    """
    did = "bought" if quantity == "purchases" else "spent"
    if len(groups) > 1:
        off = sorted((_off(table), name) for name, table in groups.items())
        (least, best), *others = off
        rest = ", ".join(f"{percent(share)} with {name}" for share, name in others)
        return f"By {by}, groups are off by {percent(least)} on average with {best}, {rest}"
    (table,) = groups.values()
    gap = table["actual"] - table["predicted"]
    if (gap.abs() <= NEAR * table["actual"]).all():
        return f"Every group {did} within {percent(NEAR)} of what was expected"
    worst = table.iloc[int((gap.abs() * table["customers"]).to_numpy().argmax())]
    predicted, actual = float(worst["predicted"]), float(worst["actual"])
    more = "more" if actual > predicted else "less"
    share = f"{percent(abs(actual / predicted - 1.0))} " if predicted > 0.0 else ""
    each = f"{_each(actual, currency)} each instead of {_each(predicted, currency)}"
    return f"Widest miss: {_who(worst, by)} {did} {share}{more} than expected, {each}"


def active_finding(tenths: Mapping[str, pd.DataFrame]) -> str:
    """How many were expected to buy and did, and the tenth where that is furthest apart.

    Parameters
    ----------
    tenths : dict of DataFrame
        By model: customers, predicted, actual.
    """
    if len(tenths) > 1:
        widest = sorted(
            (float((table["actual"] - table["predicted"]).abs().max()), name) for name, table in tenths.items()
        )
        each = ", ".join(f"{_points(gap)} ({name})" for gap, name in widest)
        return f"Probabilities to buy are off by at most {each} in any tenth of the customers"
    (table,) = tenths.values()
    worst = table.iloc[int((table["actual"] - table["predicted"]).abs().to_numpy().argmax())]
    gap = abs(float(worst["actual"] - worst["predicted"]))
    if gap <= POINTS_OFF:
        return f"Probabilities to buy hold: no tenth of the customers is off by more than {_points(gap)}"
    said, did = percent(worst["predicted"]), percent(worst["actual"])
    return f"The tenth of the customers furthest off: {said} were predicted to buy, {did} did"


def _with_chance(choice: Selection, model: str) -> pd.DataFrame:
    """Tenths over all origins, with where chance alone leaves the share that buys."""
    table = choice.pooled(model, ["decile"])
    predicted = table["predicted"]
    chance = NORMAL_90 * np.sqrt(predicted * (1.0 - predicted) / (table["customers"] * choice.apart))
    return table.assign(q05=(predicted - chance).clip(lower=0.0), q95=(predicted + chance).clip(upper=1.0))


def _off(table: pd.DataFrame) -> float:
    """Mean departure of groups, weighted by customers, as a share of what came."""
    came = float((table["actual"] * table["customers"]).sum())
    missed = float(((table["actual"] - table["predicted"]).abs() * table["customers"]).sum())
    return missed / came if came else float("inf")


def _names(table: pd.DataFrame, by: By, narrow: bool) -> list[str]:
    """What stands below each group: its name and its customers."""
    if by == "frequency":
        names = [f"{MOST_FREQUENT}+" if f >= MOST_FREQUENT else f"{f:.0f}" for f in table["frequency"]]
    else:
        ends = zip(table["recency_from"], table["recency_to"], strict=True)
        names = [
            f"{low:.0f}+" if narrow or not np.isfinite(high) else f"{low:.0f}-{high - 1:.0f}" for low, high in ends
        ]
    return [f"{name}\n{short(n)}" for name, n in zip(names, table["customers"], strict=True)]


def _who(group: pd.Series[Any], by: By) -> str:
    if by == "frequency":
        return f"customers with {frequency_label(float(group['frequency']))}"
    low, high = float(group["recency_from"]), float(group["recency_to"])
    when = f"{count(low)} to {count(high - 1.0)}" if np.isfinite(high) else f"{count(low)} or more"
    return f"customers last seen {when} days ago"


def _each(value: float, currency: str) -> str:
    return money(value, currency) if currency else f"{value:.2f}"


def _points(share: float) -> str:
    return f"{100.0 * share:.1f}{NO_BREAK}points"
