"""Plot of totals in a backtest: what each origin forecast, with its intervals, and what came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import pandas as pd

from lifeworth.models.ground.errors import InputError
from lifeworth.pipelines.backtesting.scorecard import Scorecard

from .language import gettext as _
from .plot_choice import Selection, choose
from .plot_style import BLUE, INK, ORANGE, POINTS, SKY, canvas, dates, headroom, inches, legend, short_numbers, titled
from .wording import percent, span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEVEL: Final = 0.9
HONEST, TEXTBOOK = "honest", "textbook"
EDGE: Final = 0.06
"""Room above the highest mark, as a share of it."""
FROM_ZERO: Final = 0.5
"""The axis starts at 0 unless all that is drawn lies above this share of the highest mark."""
BAR: Final = 0.5
"""Width of a bar in the room of an origin."""
BARS: Final = (3.0, 13.0)
"""Least and largest width of a bar, in points."""
WIDER: Final = 1.1
"""Width of the mark of a mean, in that of its interval."""
LEAST: Final = 0.005
"""A departure of all totals together that rounds to nothing."""
INNER: Final = 0.45
"""Width of the textbook interval in that of the honest one."""


def plot_totals(
    scorecard: Scorecard,
    quantity: str = "purchases",
    horizon: str | None = None,
    model: str | None = None,
    *,
    currency: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the total that each origin forecast, with its 90 % intervals, and what came.

    The honest interval is the wide one, that of the textbook (parameters and chance) inside it. A total that came
    outside the honest interval is a cross.

    Parameters
    ----------
    scorecard : Scorecard
    quantity : {"purchases", "spend"}
    horizon : str, optional
        By default the longest.
    model : str, optional
        By default the first.
    currency : str
        In front of amounts.
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.

    Raises
    ------
    InputError
        No such quantity, model or horizon, or several models.
    """
    if not (model is None or isinstance(model, str)):
        raise InputError(f"model: expected the name of one model, got {model!r}; draw each on axes of its own.")
    choice = choose(scorecard, "totals", quantity, model or choose(scorecard, "totals", quantity).models[0], horizon)
    kinds = {kind: rows for kind in (HONEST, TEXTBOOK) if len(rows := _of(choice, kind))}
    if not kinds:
        raise InputError(
            f"totals: expected rows with interval {HONEST!r} or {TEXTBOOK!r} of {choice.models[0]}, got none."
        )
    outer = next(iter(kinds.values()))
    symbol = currency if quantity == "spend" else ""
    with canvas(ax) as ax:
        width = _intervals(ax, kinds)
        ax.plot(
            outer["origin"], outer["mean"], ls="", marker="_", ms=WIDER * width, mew=2.0, color=INK, label=_("mean")
        )
        held = outer["actual"].between(outer["q05"], outer["q95"])
        ax.plot(outer["origin"][held], outer["actual"][held], ls="", marker="o", ms=6, color=INK, mec="white", mew=0.8,
                label=_("actual"), zorder=4)  # fmt: skip
        if not held.all():
            ax.plot(outer["origin"][~held], outer["actual"][~held], ls="", marker="X", ms=8, color=ORANGE, mec="white",
                    mew=0.8, label=_("outside"), zorder=4)  # fmt: skip
        _limits(ax)
        short_numbers(ax, "y", symbol)
        dates(ax)
        below = choice.under(_("cut-off of the forecast"))
        titled(ax, totals_finding(kinds, choice.horizon), below, _of_all(quantity, symbol))
        legend(ax)
    return ax


def totals_finding(kinds: Mapping[str, pd.DataFrame], horizon: str) -> str:
    """Say how many totals the 90 % intervals held, and how far means were off, with their sign.

    Parameters
    ----------
    kinds : dict of DataFrame
        By "honest" and "textbook", one row an origin: actual, mean, q05, q95.
    horizon : str
    """
    held = {kind: int(rows["actual"].between(rows["q05"], rows["q95"]).sum()) for kind, rows in kinds.items()}
    outer, *inner = held
    count = len(kinds[outer])
    totals = f"{held[outer]} of {count} total{'s' * (count > 1)} of {span(horizon)}"
    found = f"{totals} came within the {outer} {percent(LEVEL)} interval"
    found += "".join(f", {held[kind]} within the {kind} one" for kind in inner)
    gap = float(kinds[outer]["actual"].sum() / kinds[outer]["mean"].sum() - 1.0)
    if abs(gap) < LEAST:
        return f"{found}; together they came as forecast"
    return f"{found}; together {percent(abs(gap))} {'more' if gap > 0.0 else 'less'} came than forecast"


def _of(choice: Selection, kind: str) -> pd.DataFrame:
    return choice.rows[choice.rows["interval"] == kind].sort_values("origin")


def _intervals(ax: Axes, kinds: Mapping[str, pd.DataFrame]) -> float:
    """Honest intervals light and wide, those of the textbook dark and narrow; returns the width in points."""
    origins = next(iter(kinds.values()))["origin"]
    room = POINTS * inches(ax) / max(_slots(origins), 1)
    width = min(max(BAR * room, BARS[0]), BARS[1])
    for kind, rows in kinds.items():
        colour, share, opacity = (SKY, 1.0, 0.6) if kind == HONEST else (BLUE, INNER, 1.0)
        label = (_("{share} honest") if kind == HONEST else _("{share} textbook")).format(share=percent(LEVEL))
        ax.vlines(rows["origin"], rows["q05"], rows["q95"], color=colour, lw=share * width, alpha=opacity, label=label)
    return width


def _of_all(quantity: str, currency: str) -> str:
    """Name the axis of totals, with its unit."""
    if quantity == "purchases":
        return _("purchases of all customers")
    if not currency:
        return _("spend of all customers")
    return _("spend of all customers in {currency}").format(currency=currency)


def _slots(origins: pd.Series[pd.Timestamp]) -> float:
    """How many origins would fit side by side if all were as near as the nearest two, and one to spare."""
    gaps = origins.sort_values().diff().dropna()
    return 1.0 if gaps.empty else 1.0 + (origins.max() - origins.min()) / gaps.min()


def _limits(ax: Axes) -> None:
    """From 0, unless that would press all that is drawn into the upper half."""
    low, high = ax.dataLim.ymin, ax.dataLim.ymax
    headroom(ax, EDGE)
    if low > FROM_ZERO * high:
        room = EDGE * (high - low)
        ax.set_ylim(low - room, high + room)
    ax.margins(x=0.06)
