"""Plot of loyalty tiers: how many customers each has, what share of the value, and the reward it can bear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lifeworth.models.decisions.targeting.tiers import LoyaltyTiers
from lifeworth.models.ground.errors import InputError

from .plot_style import BLUE, FAINT, FAR, INK, SMALL, SOFT, WIDE_ENOUGH, canvas, inches, legend, percentages, titled
from .wording import money, percent, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BAR: Final = 0.36
"""Height of a bar, in the room of a tier."""
ROOM: Final = 1.6
"""Where the axis ends, in the longest bar: beside it stands what the tier can bear."""
NARROW_ROOM: Final = 2.0
"""The same where there is little room."""
GAP: Final = 5.0
"""Points between a bar and what stands beside it."""


def plot_tiers(tiers: LoyaltyTiers, *, ax: Axes | None = None) -> Axes:
    """Draw each tier's share of the customers and of their value, and the reward that it can bear.

    Parameters
    ----------
    tiers : LoyaltyTiers
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.

    Raises
    ------
    InputError
        Not what `loyalty_tiers` returns.
    """
    if not isinstance(tiers, LoyaltyTiers):
        raise InputError(f"tiers: expected what loyalty_tiers(valuation) returns, got {tiers!r}.")
    table, place = tiers.summary, np.arange(len(tiers.summary))
    share = table["customers"] / table["customers"].sum()
    value = table["value_share"].fillna(0.0)
    with canvas(ax) as ax:
        ax.grid(visible=False, axis="y")
        ax.grid(visible=True, axis="x", color=FAINT, linewidth=0.8)
        ax.barh(place - BAR / 2.0, share, BAR, color=FAR, label="share of customers")
        ax.barh(place + BAR / 2.0, value, BAR, color=BLUE, label="share of their value")
        narrow = inches(ax) < WIDE_ENOUGH
        for number in place:
            _beside(ax, share[number], number - BAR / 2.0, percent(share[number]), SOFT)
            told = _worth(table.iloc[number], tiers.currency, narrow)
            _beside(ax, value[number], number + BAR / 2.0, told, INK)
        ax.set_yticks(place, [f"{row['tier']}\n{short(row['customers'])}" for _, row in table.iterrows()])
        ax.set_ylim(len(table) - 0.5, -0.5)
        ax.set_xlim(0.0, (NARROW_ROOM if narrow else ROOM) * max(share.max(), value.max()))
        percentages(ax, "x")
        ax.set_xticks([tick for tick in ax.get_xticks() if 0.0 <= tick <= 1.0])  # room beyond is for what is written
        titled(ax, tiers_finding(tiers), "share of all; below each tier: its customers")
        legend(ax)
    return ax


def tiers_finding(tiers: LoyaltyTiers) -> str:
    """Say what the best tier holds, and what reward its members can bear."""
    table, symbol = tiers.summary, tiers.currency
    best = table.iloc[0]
    share = best["customers"] / table["customers"].sum()
    name, value = str(best["tier"]), percent(best["value_share"])
    said = f"{name[:1].upper()}{name[1:]}: {percent(share)} of the customers, {value} of the value"
    if "budget" in table:
        return f"{said}; it can bear rewards of {money(best['budget_per_member'], symbol)} a member"
    return f"{said}; one percent more value is {money(best['one_percent_per_member'], symbol)} a member"


def _worth(row: pd.Series[Any], symbol: str, narrow: bool) -> str:
    """Share of the value and what it can bear."""
    share = percent(row["value_share"])
    if "budget" in row:
        return share if not row["budget"] else f"{share}; bears {money(row['budget_per_member'], symbol)} each"
    each = money(row["one_percent_per_member"], symbol)
    return f"{share}; 1 % more: {each}" if narrow else f"{share}; 1 % more is {each} each"


def _beside(ax: Axes, x: float, y: float, text: str, colour: str) -> None:
    ax.annotate(text, (x, y), xytext=(GAP, 0), textcoords="offset points", va="center", color=colour, fontsize=SMALL)
