"""Cash flow by period as bars with bands: what customers bring, and what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from lifeworth.models.decisions.planning.cash_flow import CONTRIBUTION, PROFIT, CashFlow

from .labels import capital, cash_item
from .language import gettext as _
from .plot_style import BLUE, INK, ORANGE, SKY, canvas, inches, legend, short_numbers, titled
from .wording import digits_of, short, span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BAR: Final = 0.7
"""Width of a bar in the room of a period."""
ROOM_OF_LABEL: Final = 0.62
"""Inches that the name of a period takes."""
CAP: Final = 3.0
"""Half width of the ends of whiskers, in points."""


def plot_cash_flow(cash: CashFlow, item: str = CONTRIBUTION, *, ax: Axes | None = None) -> Axes:
    """Draw one item of a cash flow by period, with 90 % intervals; profit beside it where it differs.

    Parameters
    ----------
    cash : CashFlow
    item : str
        As in the table, such as "contribution" or "profit".
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.

    Raises
    ------
    InputError
        There is no such item, or the table has no 90 % interval.
    """
    rows, whole = cash.item(item), cash.statement[cash.statement["item"] == item].iloc[0]
    places = np.arange(len(rows))
    with canvas(ax) as ax:
        mean = rows["mean"].to_numpy(float)
        ax.bar(places, mean, width=BAR, color=[SKY if each >= 0.0 else ORANGE for each in mean], label=cash_item(item),
               zorder=2)  # fmt: skip
        ax.errorbar(places, mean, np.abs(rows[["q05", "q95"]].to_numpy(float).T - mean), ls="", color=BLUE, lw=1.3,
                    capsize=CAP, label=_("90 % interval of the period"), zorder=3)  # fmt: skip
        left = cash.frame[cash.frame["item"] == PROFIT]["mean"].to_numpy(float)
        if item != PROFIT and not np.allclose(left, mean):
            ax.plot(places, left, ls="", marker="D", ms=5, color=INK, mec="white", label=cash_item(PROFIT), zorder=4)
        ax.axhline(0.0, color=INK, lw=0.8)
        few = max(1, int(np.ceil(len(rows) * ROOM_OF_LABEL / inches(ax))))
        ax.set_xticks(places[::few], [digits_of(period) for period in rows["period"].iloc[::few]])
        short_numbers(ax, "y", "" if item == "purchases" else cash.currency)
        low, high = (short(whole[end], cash.currency) for end in ("q05", "q95"))
        finding = _("{item} over {span}: {amount} ({low} to {high})").format(
            item=capital(cash_item(item)),
            span=span(cash.horizon),
            amount=short(whole["mean"], cash.currency),
            low=low,
            high=high,
        )
        period = {"M": _("month"), "Q": _("quarter")}[cash.every]
        titled(ax, finding, period, _("{item} of the period").format(item=cash_item(item)))
        legend(ax)
    return ax
