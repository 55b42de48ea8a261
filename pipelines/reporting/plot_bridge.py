"""Waterfalls: what a total is made of, or what has changed between two, part by part, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lifeworth.models.decisions.planning.bridge import AFTER, BEFORE, Bridge
from lifeworth.models.decisions.planning.equity import CustomerEquity
from lifeworth.models.ground.rows import FloatArray

from .labels import bridge_part
from .language import gettext as _
from .plot_style import BLUE, FAINT, FAR, INK, ORANGE, SKY, SMALL, canvas, inches, legend, short_numbers, titled
from .wording import gain, percent, short, span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEVEL: Final = 0.9
"""Of the intervals drawn."""
BAR: Final = 0.62
"""Width of a bar in the room of a part."""
ROOM: Final = 0.16
"""Room beside the bars for what is written there, as a share of what is drawn."""
NARROW: Final = 5.0
"""Inches of axes below which names of parts are broken into short lines."""
LETTERS: Final = {False: 20, True: 13}
"""Letters to a line of a name, where there is room and where there is little."""
NOTHING: Final = 1e-12
"""A part that changed nothing, as a share of the total: rounding."""


def plot_bridge(bridge: Bridge, *, ax: Axes | None = None) -> Axes:
    """Draw the change between two valuations as a waterfall: the total before, each part, the total after.

    Parameters
    ----------
    bridge : Bridge
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.
    """
    frame = bridge.frame[(bridge.frame["mean"] != 0.0) | bridge.frame["part"].isin([BEFORE, AFTER])]
    totals = frame["part"].isin([BEFORE, AFTER]).to_numpy()
    with canvas(ax) as ax:
        _waterfall(ax, frame, totals, bridge.currency)
        title = bridge_finding(bridge)
        below = _("expected residual value over {span}").format(span=span(bridge.horizon))
        titled(ax, title, _unit(below, bridge.currency))
        legend(ax)
    return ax


def plot_equity(equity: CustomerEquity, *, ax: Axes | None = None) -> Axes:
    """Draw customer equity as a waterfall: existing customers, those to come, what they and the house cost.

    Parameters
    ----------
    equity : CustomerEquity
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.
    """
    totals = np.zeros(len(equity.frame), dtype=bool)
    totals[[0, -1]] = True
    last = equity.frame.iloc[-1]
    with canvas(ax) as ax:
        _waterfall(ax, equity.frame, totals, equity.currency)
        low, high = (short(last[end], equity.currency) for end in ("q05", "q95"))
        finding = f"Customer equity: {short(last['mean'], equity.currency)}, in nine of ten futures {low} to {high}"
        titled(ax, finding, _unit(f"discounted, over {span(equity.horizon)}", equity.currency))
        legend(ax)
    return ax


def bridge_finding(bridge: Bridge) -> str:
    """Say what changed most, and by how much."""
    change, before = bridge.change, float(bridge.frame["mean"].iloc[0])
    parts = bridge.frame.iloc[1:-1]
    largest = parts.iloc[int(np.argmax(parts["mean"].abs().to_numpy()))]
    share = f" ({percent(abs(change / before))})" if before else ""
    went = "rose" if change >= 0.0 else "fell"
    if abs(change) <= NOTHING * abs(before):
        return "The value did not change"
    most = f"{largest['part']} {gain(largest['mean'], bridge.currency)}"
    return f"The value {went} by {short(abs(change), bridge.currency)}{share}; the largest part: {most}"


def _waterfall(ax: Axes, frame: pd.DataFrame, totals: np.ndarray, currency: str) -> None:
    """Bars from top to bottom, each beginning where the last one ended; whiskers are 90 % intervals of the part."""
    mean = frame["mean"].to_numpy(float)
    starts = np.where(totals, 0.0, _running(mean, totals))
    colours = np.where(totals, BLUE, np.where(mean >= 0.0, SKY, ORANGE))
    places = np.arange(len(frame))
    ax.barh(places, mean, left=starts, height=BAR, color=list(colours), zorder=2)
    ends = starts + mean
    for place in places[:-1]:
        ax.plot([ends[place]] * 2, [place - BAR / 2, place + 1 + BAR / 2], color=FAR, lw=0.8, zorder=1)
    low, high = (starts + frame[end].to_numpy(float) for end in ("q05", "q95"))
    ax.hlines(places, low, high, color=INK, lw=1.2, zorder=3, label=_("{share} interval").format(share=percent(LEVEL)))
    _numbers(ax, mean, np.maximum(np.maximum(starts, ends), high), totals, currency)
    narrow = inches(ax) < NARROW
    names = [_broken(bridge_part(part), LETTERS[narrow]) for part in frame["part"]]
    ax.set_yticks(places, names, color=INK)
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x", color=FAINT, linewidth=0.8)
    ax.axvline(0.0, color=INK, lw=0.8)
    short_numbers(ax, "x", currency)


def _running(mean: FloatArray, totals: np.ndarray) -> FloatArray:
    """Where each part begins: at the first total plus the parts before it."""
    steps = np.where(totals, 0.0, mean)
    return np.asarray(mean[0] + np.concatenate([[0.0], np.cumsum(steps)[:-1]]))


def _numbers(ax: Axes, mean: FloatArray, right: FloatArray, totals: np.ndarray, currency: str) -> None:
    """Write each amount to the right of its bar and whisker."""
    span_of_axis = right.max() - min(0.0, float(ax.dataLim.xmin))
    ax.set_xlim(min(0.0, float(ax.dataLim.xmin)) - 0.01 * span_of_axis, right.max() + ROOM * span_of_axis)
    for place, value in enumerate(mean):
        said = short(value, currency) if totals[place] else gain(value, currency)
        ax.annotate(said, (right[place], place), (5, 0), textcoords="offset points", va="center", fontsize=SMALL)


def _broken(name: str, letters: int) -> str:
    lines = [""]
    for word in name.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > letters:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def _unit(what: str, currency: str) -> str:
    return _("{quantity}, in {currency}").format(quantity=what, currency=currency) if currency else what
