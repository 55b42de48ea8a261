"""Plot of bid ceilings: what a new customer of each channel is worth, the most to pay for one, and what one costs."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lifeworth.models.decisions.acquiring.bid_ceilings import BidCeilings
from lifeworth.models.decisions.acquiring.payback import GROUP
from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.intervals import quantile_name

from .labels import value_tier
from .language import gettext as _
from .language import isolated, ngettext
from .plot_style import (
    BLUE,
    FAINT,
    INK,
    MARGIN,
    ORANGE,
    POINTS,
    SKY,
    SMALL,
    SOFT,
    canvas,
    inches,
    legend,
    short_numbers,
    titled,
)
from .wording import count, in_a_row, money, percent, span
from .wording import listed as in_words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

ROW: Final = 0.62
"""Inches of a channel: a bar and a line of text above and below it."""
AROUND: Final = 1.9
"""Inches above and below the channels: title, names, legend."""
BAR: Final = 9.0
"""Width of an interval, in points."""
APART: Final = 6.0
"""Points between the middle of a row and the text above or below it."""
LETTER: Final = 5.3
"""Points of a letter beside a row, …"""
LETTER_OF_TITLE: Final = 7.2
"""… of one in the title …"""
LETTER_BELOW: Final = 5.8
"""… and of one in the name of the axis."""
EDGE: Final = 0.12
"""Room beside the widest mark, as a share of the axis, for its text."""
NAMES: Final = 3
"""Channels that a title names."""


def plot_bid_ceilings(bids: BidCeilings, *, ax: Axes | None = None) -> Axes:
    """Draw one row a channel: the interval of the mean new-customer value, the ceiling, and the CAC.

    The bar is the 90 % credible interval of the mean over new customers. The ceiling is written above it, the CAC
    below: room to bid more where the diamond is left of the ceiling.

    Parameters
    ----------
    bids : BidCeilings
    ax : matplotlib Axes, optional
        Where to draw; by default new axes, as high as there are channels.

    Raises
    ------
    InputError
        `bids` is something else.
    """
    if not isinstance(bids, BidCeilings):
        raise InputError(f"bids: expected the result of bid_ceilings(valuation), got {type(bids).__name__}.")
    frame, currency = bids.frame, bids.currency
    place = np.arange(len(frame))[::-1]  # the first on top
    new = ax is None
    with canvas(ax) as ax:
        if new:
            _as_high_as(ax, len(frame))
        value = {end: frame[f"new_customer_value_{end}"] for end in ("q05", "mean", "q95")}
        ax.hlines(place, value["q05"], value["q95"], color=SKY, lw=BAR, alpha=0.6, label=_("mean value, 90 % credible"))
        ax.plot(value["mean"], place, ls="", marker="|", ms=BAR + 3.0, mew=2.0, color=BLUE)
        most = _ceiling(bids)
        ax.plot(frame["ceiling"], place, ls="", marker="v", ms=8, color=INK, mec="white", mew=0.8, label=most, zorder=4)
        _write(ax, frame["ceiling"], place, INK, currency, up=True)
        if "cac" in frame:
            ax.plot(frame["cac"], place, ls="", marker="D", ms=7, color=ORANGE, mec="white", mew=0.8, label=_("CAC"),
                    zorder=4)  # fmt: skip
            _write(ax, frame["cac"], place, ORANGE, currency, up=False)
        _rows(ax, frame, place)
        short_numbers(ax, "x", currency)
        if currency:
            below = _("mean value of a new customer, {span} in {currency}, before CAC")
        else:
            below = _("mean value of a new customer, {span}, before CAC")
        below = below.format(span=span(bids.horizon), currency=currency)
        titled(ax, _beside(ax, bids_finding(bids), LETTER_OF_TITLE), _beside(ax, below, LETTER_BELOW))
        legend(ax)
    return ax


def bids_finding(bids: BidCeilings) -> str:
    """Say where there is room to bid more, and where a customer costs more than the ceiling."""
    frame = bids.frame
    name = str(frame.columns[0])
    if "cac" not in frame or len(frame) == 1:
        row = frame.iloc[int(frame["ceiling"].argmax())]
        return _one_finding(len(frame) == 1, "cac" in frame).format(
            channel=isolated(str(row[name])),
            ceiling=money(row["ceiling"], bids.currency),
            cac=money(row["cac"], bids.currency) if "cac" in frame else "",
        )
    room = frame[frame["verdict"].str.startswith("raise")].sort_values("headroom", ascending=False)
    above = frame[frame["headroom"] < 0.0].sort_values("headroom")
    said = []
    if len(room):
        best = room.iloc[0]
        if len(room) > 1:
            found = _("Room to bid more in {channels} (most in {best}, by {headroom})")
        else:
            found = _("Room to bid more in {channels}")
        more = money(best["headroom"], bids.currency)
        said.append(found.format(channels=listed(room[name]), best=isolated(str(best[name])), headroom=more))
    if len(above):
        found = ngettext(
            "{channels} costs more than its ceiling", "{channels} cost more than their ceilings", len(above)
        )
        said.append(found.format(channels=listed(above[name])))
    if len(said) > 1:
        return _("{first}; {second}").format(first=said[0], second=said[1])
    return said[0] if said else _("No channel has room to bid more, none is above its ceiling")


def _one_finding(alone: bool, costs: bool) -> str:
    """What is said of one channel, or of all customers together, without and with what one costs."""
    if alone and costs:
        return _("A new customer bears a bid of up to {ceiling}; it costs {cac} today")
    if alone:
        return _("A new customer bears a bid of up to {ceiling}")
    if costs:
        return _("A new customer of {channel} bears a bid of up to {ceiling}; it costs {cac} today")
    return _("A new customer of {channel} bears a bid of up to {ceiling}")


def _as_high_as(ax: Axes, rows: int) -> None:
    figure = ax.get_figure(root=True)
    if figure is not None:
        figure.set_figheight(AROUND + ROW * max(rows, 2))


def _write(ax: Axes, amounts: pd.Series[Any], place: Any, colour: str, currency: str, *, up: bool) -> None:
    """Write amounts above or below their marks."""
    for amount, y in zip(amounts, place, strict=True):
        ax.annotate(
            money(amount, currency), (amount, y), xytext=(0, APART if up else -APART), textcoords="offset points",
            ha="center", va="bottom" if up else "top", color=colour, fontsize=SMALL, fontweight="bold",
        )  # fmt: skip


def _rows(ax: Axes, frame: pd.DataFrame, place: Any) -> None:
    """Names of channels with their customers, lines between them, and room for text; zero in sight."""
    names = [
        f"{channel_name(frame.columns[0], label)}\n{_('{count} seen').format(count=count(n))}"
        for label, n in zip(frame.iloc[:, 0], frame["customers"], strict=True)
    ]
    ax.set_yticks(place, names)
    ax.tick_params(axis="y", labelcolor=INK)
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x", color=FAINT, linewidth=0.8)
    for y in place[:-1]:
        ax.axhline(y - 0.5, color=FAINT, lw=0.8, zorder=0.5)
    ax.set_ylim(-0.6, len(frame) - 0.4)
    drawn = frame[
        [name for name in ("new_customer_value_q05", "new_customer_value_q95", "ceiling", "cac") if name in frame]
    ]
    low, high = min(float(drawn.min().min()), 0.0), max(float(drawn.max().max()), 0.0)
    ax.set_xlim(low - (EDGE * (high - low) if low < 0.0 else 0.0), high + EDGE * (high - low))
    if low < 0.0:
        ax.axvline(0.0, color=SOFT, lw=1.0)


def _beside(ax: Axes, text: str, letter: float) -> str:
    """Break a text into lines as wide as what the names of channels leave; `letter` is the width of one in points."""
    names = max(len(line) for tick in ax.get_yticklabels() for line in tick.get_text().split("\n"))
    room = POINTS * (inches(ax) + MARGIN) - LETTER * names
    return "\n".join(wrap(text, max(int(room / letter), 1), break_long_words=False))


def channel_name(by: str, label: Any) -> str:
    """Write the name of a channel as it is; of all customers together in the language spoken."""
    return value_tier(label) if by == GROUP else isolated(str(label))


def _ceiling(bids: BidCeilings) -> str:
    keeps = bool(bids.required_return)
    found = _("ceiling ({quantile}, {share} kept)") if keeps else _("ceiling ({quantile})")
    return found.format(quantile=quantile_name(bids.quantile), share=percent(bids.required_return))


def listed(labels: Iterable[Any]) -> str:
    """List a few labels in words.

    Examples
    --------
    >>> listed(["search", "email"]), listed("abcde")
    ('search and email', 'a, b, c and 2 more')
    """
    labels = list(labels)
    shown = [isolated(str(label)) for label in labels[:NAMES]]
    rest = len(labels) - len(shown)
    if rest:
        # Translators: a list of names that is too long, such as "search, social, email and 2 more"
        return _("{names} and {rest} more").format(names=in_a_row(shown), rest=count(rest))
    return in_words(shown)
