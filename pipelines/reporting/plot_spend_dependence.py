"""Plot of the amount per purchase by frequency, where the spend model says that it does not depend on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lifeworth.models.checks.spend import FEWEST
from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.summary import CustomerSummary
from lifeworth.models.prediction.spend_dependence import MOST_FREQUENT, spend_by_frequency, spend_correlations
from lifeworth.models.spend import FittedSpend

from .findings import frequency_label
from .plot_style import BLUE, INK, SKY, canvas, headroom, legend, short_numbers, titled
from .wording import count, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EDGE: Final = 0.06
"""Room above the highest mark, as a share of it."""
TALLEST: Final = 3.0
"""The interval of a class that is drawn, in the largest mean: that of a handful of customers may go far beyond."""


def plot_spend_by_frequency(
    spend: FittedSpend, summary: CustomerSummary, *, currency: str = "", seed: int = 0, ax: Axes | None = None
) -> Axes:
    """Draw the mean amount per purchase by repeat purchases: what came, and what a model without dependence expects.

    Parameters
    ----------
    spend : FittedSpend
        Fitted on `summary`, as a rule.
    summary : CustomerSummary
    currency : str
        In front of amounts.
    seed : int
        Of the simulation behind the intervals.
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.

    Raises
    ------
    InputError
        The summary has no amounts, or none is known.
    """
    groups = spend_by_frequency(spend, summary, seed=seed)
    place = np.arange(len(groups))
    with canvas(ax) as ax:
        top = TALLEST * float(groups[["actual", "mean"]].to_numpy().max())
        ax.vlines(
            place, groups["q05"], groups["q95"].clip(upper=top), color=SKY, lw=9, alpha=0.55, label="90 % by chance"
        )
        ax.plot(place, groups["mean"], ls="", marker="_", ms=13, mew=2.2, color=BLUE, label="expected if independent")
        ax.plot(place, groups["actual"], ls="", marker="o", ms=6, color=INK, label="actual")
        ax.set_xticks(
            place, [f"{_band(f)}\n{count(n)}" for f, n in zip(groups["frequency"], groups["customers"], strict=True)]
        )
        headroom(ax, EDGE)
        ax.set_xlim(-0.5, len(groups) - 0.5)
        short_numbers(ax, "y", currency)
        legend(ax, lines=2)
        unit = f" in {currency}" if currency else ""
        titled(
            ax,
            dependence_finding(groups, _spearman(spend, summary, seed)),
            "repeat purchases (below: customers)",
            f"mean amount per purchase{unit}",
        )
    return ax


def dependence_finding(groups: pd.DataFrame, spearman: dict[str, float] | None) -> str:
    """What the most frequent class spends against what is expected of it, and Spearman's coefficient.

    Parameters
    ----------
    groups : DataFrame
        From `spend_by_frequency`.
    spearman : dict or None
        Its actual, q05 and q95, from `spend_correlations`; None where there is too little to tell.
    """
    many = groups[groups["customers"] >= FEWEST]
    top = (many if len(many) else groups).iloc[-1]
    gap = float(top["actual"] / top["mean"] - 1.0)
    inside = bool(top["q05"] <= top["actual"] <= top["q95"])
    kind = "more" if gap > 0.0 else "less"
    beyond = "within chance" if inside else "beyond chance"
    who = f"Customers with {frequency_label(int(top['frequency']))}"
    finding = f"{who} spend {percent(abs(gap))} {kind} per purchase than independence says, {beyond}"
    if spearman is None:
        return finding
    expected = f"{spearman['q05']:.2f} to {spearman['q95']:.2f} if independent"
    return f"{finding}. Spearman {spearman['actual']:.2f} ({expected})"


def _spearman(spend: FittedSpend, summary: CustomerSummary, seed: int) -> dict[str, float] | None:
    try:
        table = spend_correlations(spend, summary, seed=seed)
    except InputError:  # amounts that never vary, or nobody has bought often enough: the bars say it
        return None
    row = table[table["correlation"] == "spearman"].iloc[0]
    return {name: float(row[name]) for name in ("actual", "q05", "q95")}


def _band(frequency: int) -> str:
    return f"{MOST_FREQUENT}+" if frequency >= MOST_FREQUENT else str(frequency)
