"""Plot of value by category: the share of what customers are worth beside the share of what they have spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lifeworth.models.decisions.products.categories import CategoryValue
from lifeworth.models.ground.errors import InputError

from .label_rows import label_rows
from .plot_style import BLUE, FAR, INK, canvas, legend, percentages, titled
from .wording import count, percent, short, span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_CATEGORIES: Final = 12


def plot_categories(
    category_value: CategoryValue, *, categories: int = MOST_CATEGORIES, ax: Axes | None = None
) -> Axes:
    """Draw each category's share of residual value, with its 90 % interval, beside its share of past spend.

    Parameters
    ----------
    category_value : CategoryValue
    categories : int
        How many are drawn, from that of most value on.
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.

    Raises
    ------
    InputError
        `categories` is no whole number above 0.
    """
    if not (isinstance(categories, (int, np.integer)) and categories >= 1):
        raise InputError(f"categories: expected a whole number above 0, got {categories!r}.")
    frame = category_value.frame
    rows = frame.head(int(categories))
    place = np.arange(len(rows))
    own_figure = ax is None
    with canvas(ax) as ax:
        worth = [short(value, category_value.currency) for value in rows["value_mean"]]
        label_rows(ax, rows["category"].tolist(), worth, own_figure=own_figure)
        ax.hlines(place, rows["share_of_spend"], rows["share_of_value_mean"], color=FAR, lw=1.4, zorder=2)
        ax.hlines(place, rows["share_of_value_q05"], rows["share_of_value_q95"], color=BLUE, lw=4.0, alpha=0.45,
                  label="90 % interval", zorder=2)  # fmt: skip
        ax.plot(rows["share_of_spend"], place, ls="", marker="o", ms=7, mfc="white", mec=INK, mew=1.2,
                label="share of past spend", zorder=3)  # fmt: skip
        ax.plot(rows["share_of_value_mean"], place, ls="", marker="D", ms=6, color=BLUE, mec="white", mew=0.8,
                label="share of value", zorder=4)  # fmt: skip
        ax.margins(x=0.05)
        percentages(ax, "x")
        shown = "" if len(rows) == len(frame) else f"; the first {len(rows)} of {count(len(frame))}"
        below = f"share of the residual value of {span(category_value.horizon)}; beside each name: its value{shown}"
        titled(ax, categories_finding(frame), below)
        legend(ax)
    return ax


def categories_finding(frame: pd.DataFrame) -> str:
    """Say which category holds most value, and which surely gains or loses beside past spend.

    Parameters
    ----------
    frame : DataFrame
        Of `CategoryValue`: category, share_of_spend, share_of_value_mean, _q05, _q95.
    """
    first = frame.iloc[0]
    found = f"{first['category']} holds {percent(first['share_of_value_mean'])} of the value to come"
    gap = frame["share_of_value_mean"] - frame["share_of_spend"]
    outside = ~frame["share_of_spend"].between(frame["share_of_value_q05"], frame["share_of_value_q95"])
    if not outside.any():
        return f"{found}; no category surely gains or loses beside past spend"
    most = frame.iloc[int(np.where(outside, gap.abs(), -1.0).argmax())]
    word = "more" if most["share_of_value_mean"] > most["share_of_spend"] else "less"
    value, spend = percent(most["share_of_value_mean"], 1), percent(most["share_of_spend"], 1)
    return f"{found}; {most['category']} has {word} of it ({value}) than of past spend ({spend})"
