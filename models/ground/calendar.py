"""The calendar: how fast customers buy on each day, as an index around 1; and the clock it deforms.

In models whose customers leave at purchases only (BG/NBD, MBG/NBD) an index on the purchase rate of every customer
is exactly a deformed clock: a Poisson process of rate lambda * index(day) is one of rate lambda in season-adjusted
time, the integral of the index (time-rescaling; Daley & Vere-Jones 2003, An Introduction to the Theory of Point
Processes, section 7.4). So t_x, T and horizons are measured in it, and every closed form stays as it is.

The index of a day is season * level * holidays: a season that repeats every year, a level that moves slowly and stays
where it was after the last day it was learned on, and the effects of single days. A season is of mean 1 over a year,
a learned level of mean 1 over the days it was learned on: the mean rate itself is the model's business.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from .calendar_index import ONE_DAY, SLOTS, on_days, season_of_series, slots
from .calendar_index import day_numbers as day_numbers
from .errors import InputError
from .intervals import NORMAL_90
from .provenance import fingerprint
from .rows import FloatArray

FIRST_DAY: Final = np.datetime64("1900-01-01", "D")
LAST_DAY: Final = np.datetime64("2299-12-31", "D")
"""Days whose index is worked out one by one: 400 years, a whole cycle of the calendar. Beyond them it is a mean."""
WEEK: Final = 7  # days
WEEKS_AHEAD: Final = 52
"""Weeks after the last day learned that `frame` shows: a whole season."""
DAYS_PER_YEAR: Final = 365.25
COMMON_YEAR: Final = np.arange("2001-01-01", "2002-01-01", dtype="datetime64[D]")
"""The year over which a season is of mean 1, and that `frame` shows where no days are named."""


@dataclass(frozen=True)
class Holiday:
    """Days that share one effect on the purchase rate.

    Attributes
    ----------
    name : str
    days : tuple of str
        "2024-11-29", a day, or "12-24", a day of every year.
    effect : float
        What it multiplies the rate of the day by.
    sd : float
        Standard deviation of the logarithm of the effect; 0 where it is given.
    """

    name: str
    days: tuple[str, ...]
    effect: float = 1.0
    sd: float = 0.0


@dataclass(frozen=True, repr=False)
class Calendar:
    """An index of the purchase rate by day, positive, constant within a day. Two of the same content are equal.

    Attributes
    ----------
    season : tuple of float
        The periodic part by day of the year, 366 values, that of February 29 included.
    holidays : tuple of Holiday
    level_from : tuple of str
        Days on which the slow level changes, ascending ("1997-01-01").
    levels : tuple of float
        Its value from each of these days on; the first one before them as well.
    drift_sd : float
        Standard deviation of a year's change of the logarithm of the level; 0 where it does not move.
    season_sd, level_sd : tuple of float
        Standard deviations of the logarithms of season and levels; empty where they are given.
    learned : tuple of two str, or None
        First and last day of the log that it was learned from.
    notes : tuple of str
        What was done, and what the log does not tell.

    Raises
    ------
    InputError
        A value that is not positive and finite, or parts whose lengths do not fit.
    """

    season: tuple[float, ...] = (1.0,) * SLOTS
    holidays: tuple[Holiday, ...] = ()
    level_from: tuple[str, ...] = ()
    levels: tuple[float, ...] = ()
    drift_sd: float = 0.0
    season_sd: tuple[float, ...] = ()
    level_sd: tuple[float, ...] = ()
    learned: tuple[str, str] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that every day has a positive index."""
        effects = [holiday.effect for holiday in self.holidays]
        values = np.array([*self.season, *self.levels, *effects], dtype=float)
        if len(self.season) != SLOTS or len(self.levels) != len(self.level_from):
            raise InputError(
                f"Calendar: expected a season of {SLOTS} days and as many levels as days they begin on; got "
                f"{len(self.season)} days, {len(self.levels)} levels, {len(self.level_from)} beginnings."
            )
        if not (np.isfinite(values).all() and (values > 0.0).all() and np.isfinite(self.drift_sd)):
            raise InputError("Calendar: expected an index above 0 and finite on every day.")
        if list(self.level_from) != sorted(set(self.level_from)):
            raise InputError("Calendar: expected level_from in order of time, each day once.")

    @classmethod
    def from_index(cls, index: pd.Series[Any], *, weeks: str = "ending", as_given: bool = False) -> Calendar:
        """Take an index of one's own, for example one worked out of years of sales.

        Parameters
        ----------
        index : Series
            Weekly or monthly, positive, of any scale (1, 100, or sales themselves): it is divided by its mean over a
            year. Its own index is the month (1 to 12) or week (1 to 52 or 53, of seven days, week 1 beginning on
            January 1) of a season that repeats every year; or dates or periods, one a week or month, without gaps,
            over at least a year. Of several years the season is the mean of the logarithms, their common trend taken
            out, for sales that grow because customers become more are no change of anybody's rate.
        weeks : {"ending", "beginning"}
            Which day of a week its date is; as pandas' ``resample("W")`` has it, the last.
        as_given : bool
            True: on its own dates the index is what the series says, trend and all; the season goes on beyond them.

        Raises
        ------
        InputError
            Not a Series, neither weekly nor monthly, less than a year, gaps (named), or values that are not positive.

        Examples
        --------
        >>> index = pd.Series([90, 90, 95, 95, 95, 95, 95, 95, 95, 100, 115, 140], index=range(1, 13))
        >>> calendar = Calendar.from_index(index)
        >>> print(calendar)
        <Calendar: season from 0.90 to 1.40, repeats every year>
          Values of mean 100 were divided by it.
        """
        found = season_of_series(index, weeks, as_given)
        return cls(found.season, level_from=found.level_from, levels=found.levels, notes=found.notes)

    @property
    def is_flat(self) -> bool:
        """Whether every day is as every other, so that adjusted time is time."""
        return bool((self._index == 1.0).all())

    def index(self, days: ArrayLike) -> FloatArray:
        """Index of each day; `days` are datetime64, timestamps, or days since 1970-01-01."""
        return np.asarray(self._index[np.clip(_place(days).astype(np.int64), 0, len(self._index) - 1)])

    def elapsed(self, start_days: ArrayLike, end_days: ArrayLike) -> FloatArray:
        """Season-adjusted days from the end of each start day to the end of each end day, exactly.

        As in a summary, where recency and T count the days after that of the first purchase. Where the index is 1
        they are the days themselves. ``elapsed(a, b) + elapsed(b, c)`` is ``elapsed(a, c)``.

        Parameters
        ----------
        start_days, end_days : array
            datetime64, timestamps, or days since 1970-01-01; they broadcast.
        """
        return self._clock(_place(end_days) + 1.0) - self._clock(_place(start_days) + 1.0)

    def elapsed_ahead(self, until: pd.Timestamp, days: ArrayLike) -> FloatArray:
        """Season-adjusted days in the `days` after the day `until`, for any length: inf is inf.

        Season and holidays go on, the level stays where it was when it was last learned.
        """
        start, days = _place(until) + 1.0, np.asarray(days, dtype=float)
        return np.asarray(self._clock(start + days) - self._clock(start))

    def days_ahead(self, until: pd.Timestamp, elapsed: ArrayLike) -> FloatArray:
        """Days after the day `until` in which so many season-adjusted days pass: the inverse of `elapsed_ahead`."""
        start = _place(until) + 1.0
        return np.asarray(self._moment(self._clock(start) + np.asarray(elapsed, dtype=float)) - start)

    @property
    def long_run(self) -> float:
        """Mean index of a year after the last day learned: what a year is worth in years of adjusted time."""
        return float(self._index[-round(DAYS_PER_YEAR) :].mean())

    @property
    def fingerprint(self) -> str:
        """Short hash of what makes the clock: two calendars that share it give every customer the same times."""
        words = json.dumps([[holiday.days, holiday.effect] for holiday in self.holidays] + list(self.level_from))
        return fingerprint(np.array(self.season), np.array(self.levels), np.frombuffer(words.encode(), np.uint8))

    @property
    def frame(self) -> pd.DataFrame:
        """Index by week: week (its first day), index (mean of its days), low and high (90 % credible interval).

        Over the days it was learned on and a year beyond, where the interval holds the drift to come; the weeks of a
        common year (2001) where it was given. low and high equal index where nothing was learned.
        """
        days = COMMON_YEAR
        if self.learned is not None or self.level_from:
            first, last = self.learned or (self.level_from[0], self.level_from[-1])
            days = np.arange(
                first, np.datetime64(last, "D") + (1 + WEEK * WEEKS_AHEAD) * ONE_DAY, dtype="datetime64[D]"
            )
        days = days[: len(days) // WEEK * WEEK]
        weeks = days[::WEEK]
        index = self.index(days).reshape(-1, WEEK).mean(axis=1)
        sd = self._log_sd(days).reshape(-1, WEEK).mean(axis=1)
        factor = np.exp(NORMAL_90 * sd)
        return pd.DataFrame(
            {"week": weeks.astype("datetime64[ns]"), "index": index, "low": index / factor, "high": index * factor}
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all of it in plain Python values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Calendar:
        """Take back what `to_dict` gave, lists for tuples allowed."""
        plain: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list | tuple) else value for name, value in stored.items()
        }
        holidays = tuple(Holiday(**{**one, "days": tuple(one["days"])}) for one in stored.get("holidays", ()))
        return cls(**(plain | {"holidays": holidays}))

    def __repr__(self) -> str:
        """Range of the season, of the level, and the notes."""
        if self.is_flat and not self.notes:
            return "<Calendar: flat>"
        low, high = min(self.season), max(self.season)
        parts = ["season flat" if low == high else f"season from {low:.2f} to {high:.2f}, repeats every year"]
        parts += [f"{holiday.name} {holiday.effect:.2f}" for holiday in self.holidays]
        if self.levels:
            parts.append(
                f"level from {min(self.levels):.2f} to {max(self.levels):.2f}, {self.levels[-1]:.2f} at the end"
            )
        return f"<Calendar: {'; '.join(parts)}>" + "".join(f"\n  {note}" for note in self.notes)

    @cached_property
    def _index(self) -> FloatArray:
        """Index of every day from FIRST_DAY to LAST_DAY."""
        days = np.arange(FIRST_DAY, LAST_DAY + ONE_DAY)
        index = np.asarray(self.season)[slots(days)]
        if self.levels:
            starts = np.array(self.level_from, dtype="datetime64[D]")
            index = index * np.asarray(self.levels)[np.maximum(np.searchsorted(starts, days, side="right") - 1, 0)]
        for holiday in self.holidays:
            index[on_days(holiday.days, days)] *= holiday.effect
        return np.asarray(index)

    @cached_property
    def _times(self) -> FloatArray:
        """Adjusted time at the beginning of every day since FIRST_DAY, and at the end of the last."""
        return np.concatenate([[0.0], np.cumsum(self._index, dtype=np.longdouble).astype(float)])

    def _clock(self, moment: ArrayLike) -> FloatArray:
        """Adjusted days from FIRST_DAY to moments, in days since then."""
        moment, end = np.asarray(moment, dtype=float), len(self._index)
        inside = np.interp(moment, np.arange(end + 1.0), self._times)
        beyond = np.where(moment > end, moment - end, 0.0) * self.long_run
        before = np.where(moment < 0.0, moment, 0.0) * self._index[: round(DAYS_PER_YEAR)].mean()
        return np.asarray(inside + beyond + before)

    def _moment(self, time: FloatArray) -> FloatArray:
        """Inverse of `_clock`, from FIRST_DAY on."""
        inside = np.interp(time, self._times, np.arange(len(self._times), dtype=float))
        return np.asarray(inside + np.where(time > self._times[-1], time - self._times[-1], 0.0) / self.long_run)

    def _log_sd(self, days: NDArray[np.datetime64]) -> FloatArray:
        """Standard deviation of the logarithm of the index of each day; season and level taken as independent."""
        variance = np.zeros(len(days))
        if self.season_sd:
            variance += np.asarray(self.season_sd)[slots(days)] ** 2
        if self.level_sd:
            starts = np.array(self.level_from, dtype="datetime64[D]")
            variance += np.asarray(self.level_sd)[np.maximum(np.searchsorted(starts, days, side="right") - 1, 0)] ** 2
        if self.learned is not None:
            ahead = (days - np.datetime64(self.learned[1], "D")).astype(float)
            variance += self.drift_sd**2 * np.maximum(ahead, 0.0) / DAYS_PER_YEAR
        for holiday in self.holidays:
            variance[on_days(holiday.days, days)] += holiday.sd**2
        return np.sqrt(variance)


def same_calendar(one: Calendar | None, other: Calendar | None) -> bool:
    """Whether two calendars, or none, make the same clock."""
    if one is None or other is None:
        return one is other
    return one.fingerprint == other.fingerprint


def _place(days: ArrayLike | pd.Timestamp) -> FloatArray:
    return day_numbers(days) - float(FIRST_DAY.astype(np.int64))
