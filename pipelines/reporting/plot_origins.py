"""Plot of origins: what customers of each label are worth, as they are and partially pooled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lifeworth.models.decisions.products.origins import Origins
from lifeworth.models.ground.errors import InputError

from .label_rows import label_rows
from .plot_style import BLUE, DASHED, FAR, INK, SKY, SMALL, SOFT, canvas, legend, short_numbers, titled
from .wording import count, money, percent, short, span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LABELS: Final = 12
SURE: Final = 0.9
"""A label leads if it is the best with this probability."""
RAW_ROOM: Final = 1.0
"""Raw means further from the intervals than all intervals together are wide are told at the end of the axis."""
EDGE: Final = 0.03
CUSTOMERS: Final = (18.0, 160.0)
"""Area of the mark of a label with the fewest and the most customers, in points squared."""


def plot_origins(origins: Origins, *, labels: int = MOST_LABELS, ax: Axes | None = None) -> Axes:
    """Draw the mean value of customers by origin: raw, and pooled with its 90 % intervals.

    The best labels are on top. The wide light interval is that of the mean, what moves all labels together included;
    the narrow one is what remains beside the average customer, by which labels are told apart. A hollow mark is the raw
    mean, its area the number of customers; the line to the full one is what pooling and a common age take from it or
    add to it. Raw means far away are told at the end of the axis.

    Parameters
    ----------
    origins : Origins
    labels : int
        How many labels are drawn, from the best on.
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.

    Raises
    ------
    InputError
        `labels` is no whole number above 0.
    """
    if not (isinstance(labels, (int, np.integer)) and labels >= 1):
        raise InputError(f"labels: expected a whole number above 0, got {labels!r}.")
    rows = origins.frame.head(int(labels)).reset_index(drop=True)
    place = np.arange(len(rows))
    average = float(np.average(origins.frame["mean"], weights=origins.frame["customers"]))
    own_figure = ax is None
    with canvas(ax) as ax:
        customers = [f"{count(n)} customer{'s' * (n != 1)}" for n in rows["customers"]]
        label_rows(ax, rows[origins.by].tolist(), customers, own_figure=own_figure)
        low, high = _limits(rows, average)
        ax.set_xlim(low, high)
        ax.axvline(average, color=SOFT, lw=1.0, ls=DASHED, label="average customer", zorder=1)
        ax.hlines(place, rows["raw"].clip(low, high), rows["mean"], color=FAR, lw=1.4, zorder=2.2)
        ax.hlines(place, rows["q05"], rows["q95"], color=SKY, lw=7.0, alpha=0.45, label="90 % of the mean", zorder=1.5)
        own = average + rows[["above_average_q05", "above_average_q95"]].to_numpy(float).T
        ax.hlines(place, *own, color=BLUE, lw=2.6, label="90 % beside the average", zorder=2.5)
        inside = rows["raw"].between(low, high)
        areas = _areas(origins.frame["customers"])[: len(rows)]
        ax.scatter(rows["raw"][inside], place[inside], s=areas[inside], facecolors="white", edgecolors=INK,
                   linewidths=1.2, label="raw (area: customers)", zorder=3)  # fmt: skip
        for number in place[(~inside & rows["raw"].notna()).to_numpy()]:
            _beyond(ax, float(rows["raw"][number]), int(number), (low, high), origins.currency)
        ax.plot(
            rows["mean"], place, ls="", marker="D", ms=6, color=BLUE, mec="white", mew=0.8, label="pooled", zorder=4
        )
        short_numbers(ax, "x", origins.currency)
        unit = f" in {origins.currency}" if origins.currency else ""
        whose = "customer" if origins.per == "customer" else "new customer"
        shown = "" if len(rows) == len(origins.frame) else f"; the best {len(rows)} of {count(len(origins.frame))}"
        below = f"mean value of a {whose} over {span(origins.horizon)}{unit}{shown}"
        titled(ax, origins_finding(origins.frame, origins.by, origins.currency), below)
        legend(ax)
    return ax


def origins_finding(frame: pd.DataFrame, by: str, currency: str) -> str:
    """Say which label is best, how surely, and what its customers are worth.

    Parameters
    ----------
    frame : DataFrame
        Of `Origins`: the label, mean, p_best, p_above_average, the best first.
    by : str
    currency : str
    """
    best = frame.iloc[0]
    worth = f"{money(best['mean'], currency)} a customer"
    if best["p_best"] >= SURE:
        return f"{best[by]} brings the best customers: {worth}, the best with {percent(best['p_best'])} probability"
    above = int((frame["p_above_average"] >= SURE).sum())
    start = f"{best[by]} leads with {worth}, but is the best with only {percent(best['p_best'])} probability"
    if not above:
        return f"{start}; no label is surely above average"
    return f"{start}; {above} of {len(frame)} {'is' if above == 1 else 'are'} surely above average"


def _limits(rows: pd.DataFrame, average: float) -> tuple[float, float]:
    """Ends of the axis: all intervals, and raw means that lie within as much again on each side."""
    low, high = min(float(rows["q05"].min()), average), max(float(rows["q95"].max()), average)
    room = RAW_ROOM * (high - low) or 1.0
    near = rows["raw"][rows["raw"].between(low - room, high + room)]
    low, high = min([low, *near]), max([high, *near])
    return low - EDGE * (high - low or 1.0), high + EDGE * (high - low or 1.0)


def _beyond(ax: Axes, raw: float, place: int, ends: tuple[float, float], currency: str) -> None:
    """An arrowhead at the end of the axis, and the raw mean that lies beyond it."""
    right = raw > ends[1]
    ax.plot(ends[right], place, ls="", marker=">" if right else "<", ms=7, mfc="white", mec=INK, mew=1.2, zorder=3,
            clip_on=False)  # fmt: skip
    ax.annotate(
        f"raw {short(raw, currency)}", (ends[right], place), xytext=(-7 if right else 7, 5), textcoords="offset points",
        ha="right" if right else "left", va="bottom", color=SOFT, fontsize=SMALL - 0.5, parse_math=False,
    )  # fmt: skip


def _areas(customers: pd.Series[int]) -> np.ndarray:
    """Areas in proportion to customers, the fewest still to be seen."""
    share = customers.to_numpy(float) / float(customers.max())
    return np.maximum(CUSTOMERS[1] * share, CUSTOMERS[0])
