"""Plots of what came beside what was forecast: week by week, by frequency, by the chance to buy at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from lifeworth.models.ground.intervals import BANDS

from . import findings
from .holdout import MOST_FREQUENT, Holdout
from .plot_groups import draw_tenths
from .plot_style import (
    BLUE,
    DASHED,
    INK,
    SKY,
    SMALL,
    SOFT,
    bands,
    canvas,
    dates,
    headroom,
    legend,
    short_numbers,
    titled,
)
from .tracking import CUMULATIVE, Tracking
from .wording import count, span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EDGE: Final = 0.04
"""Room above what is drawn, as a share of it, where nothing is written there."""
TOP: Final = 0.18
"""Room above what is drawn, as a share of it, for what is written there."""


def plot_tracking(tracking: Tracking, *, cumulative: bool = False, ax: Axes | None = None) -> Axes:
    """Draw repeat purchases by week: what came, what the model says, and its bands after the cut-off.

    Parameters
    ----------
    tracking : Tracking
    cumulative : bool
        Purchases since the start instead of those of each week.
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.
    """
    prefix = CUMULATIVE if cumulative else ""
    frame = tracking.frame
    past, ahead = frame[~frame["forecast"]], frame[frame["forecast"]]
    with canvas(ax) as ax:
        expected = f"{prefix}expected"
        ax.plot(past["week_end"], past[expected], color=BLUE, ls=DASHED, label="model, fitted to these weeks")
        if len(ahead):
            bands(ax, ahead, BANDS, prefix)
            ax.plot(ahead["week_end"], ahead[expected], color=BLUE, label="forecast")
            _mark_cut_off(ax, tracking)
        ax.plot(frame["week_end"], frame[f"{prefix}actual"], color=INK, lw=1.2, marker="o", ms=2.4, label="actual")
        headroom(ax, TOP)
        short_numbers(ax, "y")
        dates(ax)
        legend(ax)
        per = "since the start" if cumulative else "per week"
        finding = findings.tracking_finding(tracking, cumulative)
        titled(ax, finding, "week ending", f"repeat purchases {per}")
    return ax


def plot_purchases_by_frequency(holdout: Holdout, *, ax: Axes | None = None) -> Axes:
    """Draw purchases per customer in the holdout by repeat purchases before it: forecast and what came.

    Parameters
    ----------
    holdout : Holdout
    ax : matplotlib Axes, optional
    """
    groups = holdout.by_frequency
    place = np.arange(len(groups))
    with canvas(ax) as ax:
        ax.vlines(place, groups["q05"], groups["q95"], color=SKY, lw=9, alpha=0.55, label="90 % of outcomes")
        ax.plot(place, groups["mean"], ls="", marker="_", ms=13, mew=2.2, color=BLUE, label="forecast")
        ax.plot(place, groups["actual"], ls="", marker="o", ms=6, color=INK, label="actual")
        ax.set_xticks(
            place, [f"{_band(f)}\n{count(n)}" for f, n in zip(groups["frequency"], groups["customers"], strict=True)]
        )
        headroom(ax, EDGE)
        ax.set_xlim(-0.5, len(groups) - 0.5)
        legend(ax, lines=2)
        below = "repeat purchases so far (below: customers)"
        titled(ax, findings.frequency_finding(holdout), below, f"purchases per customer, {span(holdout.horizon)}")
    return ax


def plot_calibration_active(holdout: Holdout, *, ax: Axes | None = None) -> Axes:
    """Draw the share of each tenth of the customers that bought at all against the probability predicted.

    Parameters
    ----------
    holdout : Holdout
    ax : matplotlib Axes, optional
    """
    with canvas(ax) as ax:
        draw_tenths(ax, {"forecast": holdout.by_p_active})
        legend(ax)
        finding = findings.calibration_finding(holdout)
        titled(ax, finding, f"predicted probability to buy in {span(holdout.horizon)}", "share that bought")
    return ax


def _mark_cut_off(ax: Axes, tracking: Tracking) -> None:
    ax.axvline(tracking.until, color=SOFT, lw=1.0, ls=":")  # type: ignore[arg-type]  # a date
    ax.annotate(
        f"known to {tracking.until:%Y-%m-%d}", (tracking.until, 1.0), xycoords=("data", "axes fraction"),
        xytext=(-5, -4), textcoords="offset points", ha="right", va="top", color=SOFT, fontsize=SMALL,
    )  # fmt: skip


def _band(frequency: int) -> str:
    return f"{frequency}+" if frequency >= MOST_FREQUENT else str(frequency)
