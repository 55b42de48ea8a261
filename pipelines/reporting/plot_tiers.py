"""Plot of loyalty tiers: how many customers each has, what share of the value, and the reward it can bear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lifeworth.models.decisions.targeting.tiers import LoyaltyTiers
from lifeworth.models.ground.errors import InputError

from .labels import capital, loyalty_tier
from .language import gettext as _
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
        ax.barh(place - BAR / 2.0, share, BAR, color=FAR, label=_("share of customers"))
        ax.barh(place + BAR / 2.0, value, BAR, color=BLUE, label=_("share of their value"))
        narrow = inches(ax) < WIDE_ENOUGH
        for number in place:
            _beside(ax, share[number], number - BAR / 2.0, percent(share[number]), SOFT)
            told = _worth(table.iloc[number], tiers.currency, narrow)
            _beside(ax, value[number], number + BAR / 2.0, told, INK)
        ax.set_yticks(place, _names(table))
        ax.set_ylim(len(table) - 0.5, -0.5)
        ax.set_xlim(0.0, (NARROW_ROOM if narrow else ROOM) * max(share.max(), value.max()))
        percentages(ax, "x")
        ax.set_xticks([tick for tick in ax.get_xticks() if 0.0 <= tick <= 1.0])  # room beyond is for what is written
        titled(ax, tiers_finding(tiers), _("share of all; below each tier: its customers"))
        legend(ax)
    return ax


def tiers_finding(tiers: LoyaltyTiers) -> str:
    """Say what the best tier holds, and what reward its members can bear."""
    table, symbol = tiers.summary, tiers.currency
    best = table.iloc[0]
    share = best["customers"] / table["customers"].sum()
    if "budget" in table:
        each = best["budget_per_member"]
        found = _(
            "{tier}: {share} of the customers, {value_share} of the value; it can bear rewards of {each} a member"
        )
    else:
        each = best["one_percent_per_member"]
        found = _(
            "{tier}: {share} of the customers, {value_share} of the value; one percent more value is {each} a member"
        )
    return found.format(
        tier=capital(loyalty_tier(best["tier"])),
        share=percent(share),
        value_share=percent(best["value_share"]),
        each=money(each, symbol),
    )


def _names(table: pd.DataFrame) -> list[str]:
    """Each tier, and its customers below it."""
    return [f"{loyalty_tier(row['tier'])}\n{short(row['customers'])}" for _place, row in table.iterrows()]


def _worth(row: pd.Series[Any], symbol: str, narrow: bool) -> str:
    """Share of the value and what it can bear."""
    share = percent(row["value_share"])
    if "budget" in row:
        if not row["budget"]:
            return share
        return _("{share}; bears {each} each").format(share=share, each=money(row["budget_per_member"], symbol))
    found = _("{share}; 1 % more: {each}") if narrow else _("{share}; 1 % more is {each} each")
    return found.format(share=share, each=money(row["one_percent_per_member"], symbol))


def _beside(ax: Axes, x: float, y: float, text: str, colour: str) -> None:
    ax.annotate(text, (x, y), xytext=(GAP, 0), textcoords="offset points", va="center", color=colour, fontsize=SMALL)
