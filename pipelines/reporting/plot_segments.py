"""Plot of segments: how many customers each has, and what they are expected to bring, by value tier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lifeworth.models.decisions.customers.segments import Segments

from .labels import in_unit, segment, value_tier
from .language import gettext as _
from .plot_style import (
    BLUE,
    FAINT,
    FAR,
    INK,
    POINTS,
    SIZE,
    SKY,
    SMALL,
    UNTOUCHED,
    canvas,
    legend,
    short_numbers,
    titled,
)
from .wording import count, in_a_row, percent, short, span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHADES: Final = (BLUE, SKY, "#b9dcf1", "#d9ecf7", "#eaf4fb")
"""Value tiers, the highest darkest: told apart in grey as well."""
HEIGHT: Final = 0.42
"""Height of a bar in the room of a row …"""
NAME: Final = -0.27
"""… and where its name ends above it."""
FIRST: Final = -0.72
"""Where the first row begins, its name included."""
MARK: Final = 6.0
"""Points of a diamond."""
LEAST: Final = 3.5
"""Points of a mark that can still be seen."""
EDGE: Final = 0.012
"""Room beside the marks, as a share of the axis."""
ROW: Final = 0.4
"""Inches of a row in a plot that is given no axes …"""
BESIDE: Final = 1.9
"""… and of what is above and below all rows."""


def plot_segments(segments: Segments, *, ax: Axes | None = None) -> Axes:
    """Draw the expected value of each segment, by value tier, with the 90 % interval of the whole segment.

    A diamond is where a segment would be if all customers were worth the same: its size, in the unit of value. A bar
    that ends before it has more customers than value.

    Parameters
    ----------
    segments : Segments
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.
    """
    whole = segments.by_segment
    place = np.arange(len(whole))
    alike = whole["share"] * whole["value_mean"].sum()
    with canvas(ax if ax is not None else tall_axes(len(whole))) as ax:
        _tiers(ax, segments)
        ax.errorbar(
            whole["value_mean"], place, xerr=_around(whole), fmt="none", ecolor=INK, elinewidth=1.4, capsize=3,
            label=_("90 % of outcomes"),
        )  # fmt: skip
        ax.plot(
            alike, place, ls="", marker="D", ms=6, mfc="white", mec=INK, mew=1.3,
            label=_("if all were worth the same"),
        )  # fmt: skip
        name_rows(ax, _names(whole))
        low, high = ax.dataLim.intervalx
        ax.set_xlim(low - EDGE * (high - low), high + EDGE * (high - low))
        short_numbers(ax, "x", segments.currency)
        below = _("residual value of the segment over {span}").format(span=span(segments.horizon))
        titled(ax, segments_finding(whole, segments.currency), in_unit(below, segments.currency))
        legend(ax)
    return ax


def segments_finding(by_segment: pd.DataFrame, currency: str = "") -> str:
    """Say what the most valuable segment holds, and how many customers it has.

    Parameters
    ----------
    by_segment : DataFrame
        segment, customers, share, value_mean.
    currency : str
    """
    total = float(by_segment["value_mean"].sum())
    best = by_segment.iloc[int(by_segment["value_mean"].to_numpy().argmax())]
    if len(by_segment) == 1:
        found = _("All customers are {segment}, expected to bring {total}")
    elif not total > 0.0:
        found = _("Of the segments, {customers} {segment} ({share} of the customers) cost least")
    else:
        found = _("{customers} {segment} ({share} of the customers) are expected to bring {value_share} of {total}")
    return found.format(
        customers=count(best["customers"]),
        segment=segment(best["segment"]),
        share=percent(best["share"]),
        value_share=percent(best["value_mean"] / total) if total > 0.0 else "",
        total=short(total, currency),
    )


def tall_axes(rows: int) -> Axes | None:
    """Taller axes of pyplot's where there are many rows; None: as usual."""
    height = ROW * rows + BESIDE
    if height <= SIZE[1]:
        return None
    import matplotlib.pyplot as plt

    ax: Axes = plt.subplots(figsize=(SIZE[0], height), layout="constrained")[1]
    return ax


def row_points(ax: Axes, rows: int, most: float) -> float:
    """Size of a mark in points that leaves room for the names of the rows, at most `most`."""
    figure = ax.get_figure(root=True)
    height = SIZE[1] if figure is None else ax.get_position().height / UNTOUCHED * figure.get_figheight()
    return min(most, max(LEAST, HEIGHT * POINTS * (height - BESIDE) / rows))


def name_rows(ax: Axes, names: list[str]) -> None:
    """Write a name above each row, the first row on top, and let the grid run along the rows."""
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x", color=FAINT, linewidth=0.8)
    ax.set_yticks([])
    ax.set_ylim(len(names) - 0.5, FIRST)
    for place, name in enumerate(names):
        ax.text(0.0, place + NAME, name, transform=ax.get_yaxis_transform(), va="bottom", color=INK, fontsize=SMALL)


def _tiers(ax: Axes, segments: Segments) -> None:
    """Bars of the value of each tier, end to end, the highest first."""
    table = segments.frame.pivot_table("value_mean", "segment", "value_tier", sort=False)
    table = table.reindex(segments.by_segment["segment"]).fillna(0.0)
    tiers = [tier for tier in segments.tiers if tier in table]
    start = np.zeros(len(table))
    for tier in tiers:
        width = table[tier].to_numpy()
        shade = SHADES[segments.tiers.index(tier)] if len(segments.tiers) > 1 else FAR
        several = len(segments.tiers) > 1
        label = _("{tier} value").format(tier=value_tier(tier)) if several else _("expected")
        ax.barh(np.arange(len(table)), width, HEIGHT, left=start, color=shade, edgecolor="white", lw=0.5, label=label)
        start = start + width


def _around(whole: pd.DataFrame) -> np.ndarray:
    """How far the interval reaches to both sides of the mean, array (2, segments)."""
    mean = whole["value_mean"].to_numpy()
    ends = np.stack([mean - whole["value_q05"], whole["value_q95"] - mean])
    return np.asarray(np.maximum(ends, 0.0))  # of few customers the mean may lie beyond the interval


def _names(whole: pd.DataFrame) -> list[str]:
    """What stands above each bar: the segment and its customers."""
    rows = zip(whole["segment"], whole["customers"], whole["share"], strict=True)
    return [f"{segment(name)} ({in_a_row([count(size), percent(share)])})" for name, size, share in rows]
