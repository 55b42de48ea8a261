"""Plot of a calendar: how fast customers buy in each week, with its band, and how it goes on after the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lifeworth.models.ground.calendar import Calendar
from lifeworth.models.ground.errors import InputError

from .plot_style import BLUE, FAINTEST_BAND, INK, SOFT, beside, canvas, dates, headroom, legend, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BAND: Final = 2.0 * FAINTEST_BAND
"""Opacity of the one band there is."""
TOP: Final = 0.15
"""Room above what is drawn, as a share of it."""
HEIGHT: Final = 0.96
"""Where the cut-off is written, as a share of the height."""
NOTHING: Final = 0.03
"""A season that stays this near to 1 is none."""
DASHED: Final[Any] = (0, (4, 2))


def plot_calendar(calendar: Calendar, *, ax: Axes | None = None) -> Axes:
    """Draw the index of the purchase rate by week, with its 90 % credible interval where it was learned.

    A calendar learned from a log is drawn over the log and the year after it, where the band holds the drift to come;
    one that was given over a year.

    Parameters
    ----------
    calendar : Calendar
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.

    Raises
    ------
    InputError
        Not a Calendar.
    """
    if not isinstance(calendar, Calendar):
        raise InputError(f"calendar: expected a Calendar, got {type(calendar).__name__}.")
    frame = calendar.frame
    with canvas(ax) as ax:
        if (frame["high"] > frame["low"]).any():
            ax.fill_between(
                frame["week"], frame["low"], frame["high"], step="post", color=BLUE, alpha=BAND, lw=0,
                label="90 % credible interval",
            )  # fmt: skip
        ax.axhline(1.0, color=SOFT, lw=1.0, ls=DASHED)
        _line(ax, frame, calendar)
        headroom(ax, TOP)
        if calendar.learned is None:
            _months(ax)
        else:
            dates(ax)
            _mark_end(ax, pd.Timestamp(calendar.learned[1]))
        legend(ax)
        titled(ax, calendar_finding(calendar), "week beginning", "purchase rate, 1 is the average")
    return ax


def calendar_finding(calendar: Calendar) -> str:
    """Say in a sentence what the season and the level do."""
    season = np.asarray(calendar.season)
    year = pd.date_range("2000-01-01", "2000-12-31")
    said = []
    if calendar.learned is not None and not calendar.season_sd:
        said.append("The season is not known from this log")
    elif season.max() - 1.0 < NOTHING and 1.0 - season.min() < NOTHING:
        said.append("No season: no week of the year stands out")
    else:
        # where several days are alike, the one in their middle
        extremes = (int(np.median(np.flatnonzero(season == value))) for value in (season.max(), season.min()))
        high, low = (f"{year[day]:%B} {year[day].day}" for day in extremes)
        said.append(
            f"Customers buy {season.max():.2f} times as fast as on average around {high}, "
            f"{season.min():.2f} times around {low}"
        )
    if calendar.levels and max(calendar.levels) / min(calendar.levels) > 1.0 + NOTHING:
        said.append(f"the level went from {calendar.levels[0]:.2f} to {calendar.levels[-1]:.2f}")
    return "; ".join(said)


def _line(ax: Axes, frame: pd.DataFrame, calendar: Calendar) -> None:
    """Draw the index: solid where it was learned, or given; dashed beyond."""
    if calendar.learned is None:
        ax.step(frame["week"], frame["index"], where="post", color=BLUE, label="index of the purchase rate")
        return
    last = pd.Timestamp(calendar.learned[1])
    past, ahead = frame[frame["week"] <= last], frame[frame["week"] >= last - pd.Timedelta(days=6)]
    ax.step(past["week"], past["index"], where="post", color=BLUE, label="learned from the log")
    ax.step(ahead["week"], ahead["index"], where="post", color=BLUE, ls=DASHED, label="goes on")


def _mark_end(ax: Axes, last: pd.Timestamp) -> None:
    from matplotlib.dates import date2num

    at = float(date2num(last))
    ax.axvline(at, color=INK, lw=1.0)
    beside(ax, at, "end of the log", INK, height=HEIGHT)


def _months(ax: Axes) -> None:
    """Name the months alone: a season has no year."""
    from matplotlib.dates import DateFormatter, MonthLocator

    ax.xaxis.set_major_locator(MonthLocator(bymonth=range(1, 13, 2)))
    ax.xaxis.set_major_formatter(DateFormatter("%b"))
