"""An index of the purchase rate given by the user: from a weekly or monthly Series to a season by day of the year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from .errors import InputError
from .rows import FloatArray, IntArray

SLOTS: Final = 366
"""Days of a year, February 29 included."""
LEAP_DAY: Final = 59
"""Place of February 29 among them."""
MONTH_STARTS: Final = np.array([0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335])
"""Place of the first day of each month among them."""
MONTHS: Final = 12
WEEKS: Final = 52
WEEK: Final = 7
ONE_DAY: Final = np.timedelta64(1, "D")
YEAR: Final = 365
YEARS_FOR_TREND: Final = 2
"""A trend is told apart from a season once the same days have come twice."""
SHOWN: Final = 5
"""Gaps or bad values named in an error: enough to find the pattern."""
ALREADY_ONE: Final = 0.02
"""A mean this near to 1 needs no note."""
MONTH_LENGTHS: Final = (28, 31)


@dataclass(frozen=True)
class SeasonOfSeries:
    """What a Series says: season by day of the year, levels where it is to be taken as given, and notes."""

    season: tuple[float, ...]
    level_from: tuple[str, ...]
    levels: tuple[float, ...]
    notes: tuple[str, ...]


def day_numbers(days: ArrayLike | pd.Timestamp) -> FloatArray:
    """Days since 1970-01-01 of datetime64, timestamps or text; numbers are taken to be that already."""
    if isinstance(days, pd.Timestamp | str):
        days = np.datetime64(pd.Timestamp(days).tz_localize(None), "D")
    values = np.asarray(days)
    if np.issubdtype(values.dtype, np.number):
        return values.astype(float)
    return np.asarray(values.astype("datetime64[D]").astype(np.int64).astype(float))


def slots(days: NDArray[np.datetime64]) -> IntArray:
    """Place of each day among the 366 of a leap year."""
    month = days.astype("datetime64[M]")
    return np.asarray(MONTH_STARTS[month.astype(np.int64) % MONTHS] + (days - month).astype(np.int64))


def on_days(listed: tuple[str, ...], days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Whether each day is one of those listed: "2024-11-29", or "12-24" for a day of every year."""
    dates = [day for day in listed if len(day) > len("12-24")]
    yearly = [np.datetime64(f"2000-{day}", "D") for day in listed if len(day) <= len("12-24")]
    found = np.isin(days, np.array(dates, dtype="datetime64[D]"))
    return np.asarray(found | np.isin(slots(days), slots(np.array(yearly, dtype="datetime64[D]"))))


def season_of_series(index: pd.Series[Any], weeks: str, as_given: bool) -> SeasonOfSeries:
    """Read a Series as `Calendar.from_index` describes."""
    if not isinstance(index, pd.Series):
        raise InputError(f"index: expected a pandas Series, weekly or monthly; got {type(index).__name__}.")
    if weeks not in ("ending", "beginning"):
        raise InputError(f'weeks: expected "ending" or "beginning", got {weeks!r}.')
    values, labels = _values(index), index.index
    if isinstance(labels, pd.DatetimeIndex | pd.PeriodIndex):
        return _of_dates(labels, values, weeks, as_given)
    if as_given:
        raise InputError("as_given: expected a Series by date; a season by number repeats every year.")
    return _of_numbers(labels, values)


def normalised(season: FloatArray) -> FloatArray:
    """A season of mean 1 over a year of 365 days, February 29 between its neighbours where it is missing."""
    if not np.isfinite(season[LEAP_DAY]):
        season = season.copy()
        season[LEAP_DAY] = np.sqrt(season[LEAP_DAY - 1] * season[LEAP_DAY + 1])
    return np.asarray(season / np.delete(season, LEAP_DAY).mean())


def _values(index: pd.Series[Any]) -> FloatArray:
    try:
        values = pd.to_numeric(index).to_numpy(float, na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise InputError(f"index: expected numbers, got {index.dtype} ({error}).") from error
    bad = ~(np.isfinite(values) & (values > 0.0))
    if bad.any():
        shown = _some([f"{label}: {value:g}" for label, value in zip(index.index[bad], values[bad], strict=True)])
        raise InputError(
            f"index: expected values above 0; not so for {shown}. Fill what is missing; where nothing at all is sold, "
            "give a small value instead of 0."
        )
    return values


def _of_numbers(labels: pd.Index[Any], values: FloatArray) -> SeasonOfSeries:
    numbers = labels.tolist()
    count = MONTHS if len(numbers) <= MONTHS else WEEKS
    name = "months" if count == MONTHS else "weeks"
    whole = all(isinstance(number, int | np.integer) for number in numbers)
    missing = sorted(set(range(1, count + 1)) - set(numbers)) if whole else []
    known = set(range(1, (count if count == MONTHS else WEEKS + 1) + 1))
    if missing and set(numbers) <= known:
        raise InputError(f"index: of the {name} 1 to {count}, missing {_some([str(one) for one in missing])}.")
    if not whole or not set(numbers) <= known or len(set(numbers)) != len(numbers):
        raise InputError(
            "index: expected a Series by month (1 to 12), by week (1 to 52 or 53), or by date (a DatetimeIndex or "
            f"PeriodIndex, weekly or monthly), each once; got labels {_some([repr(one) for one in numbers])}."
        )
    by_number = np.full(WEEKS + 2, np.nan)
    by_number[np.array(numbers)] = values
    if not np.isfinite(by_number[WEEKS + 1]):
        by_number[WEEKS + 1] = by_number[WEEKS]
    place = np.arange(SLOTS)
    if count == MONTHS:
        of_slot = np.searchsorted(MONTH_STARTS, place, side="right")
    else:  # weeks count the days of a common year: February 29 belongs to the week of the 28th
        of_slot = (place - (place >= LEAP_DAY)) // WEEK + 1
    season = by_number[of_slot]
    return SeasonOfSeries(tuple(normalised(season).tolist()), (), (), _scale_note(float(values.mean())))


def _of_dates(
    labels: pd.DatetimeIndex | pd.PeriodIndex, values: FloatArray, weeks: str, as_given: bool
) -> SeasonOfSeries:
    order = np.argsort(labels.to_numpy() if isinstance(labels, pd.DatetimeIndex) else labels.asi8, kind="stable")
    labels, values = labels[order], values[order]
    edges = _edges(labels, weeks)
    lengths = np.diff(edges).astype(np.int64)
    if lengths.sum() < YEAR:
        raise InputError(f"index: expected at least a year, 12 months or 53 weeks; got {lengths.sum()} days.")
    days = np.arange(edges[0], edges[-1])
    log_value = np.repeat(np.log(values), lengths)
    trend = _yearly_trend(days, log_value)
    middle = (
        day_numbers(edges[:-1]) + 0.5 * lengths
    )  # a week or month is one value: the trend moves from one to the next
    time = np.repeat(middle, lengths) / YEAR
    place = slots(days)
    detrended = log_value - trend * (time - time.mean())
    sums, counts = (np.bincount(place, weights, SLOTS) for weights in (detrended, np.ones(len(days))))
    raw = np.where(counts > 0, np.exp(sums / np.maximum(counts, 1.0)), np.nan)
    season = normalised(raw)
    notes = list(_scale_note(float(np.exp(log_value).mean())))
    if as_given:
        given = np.exp(log_value) / np.exp(log_value).mean()
        starts = [str(day) for day in days] + [str(days[-1] + ONE_DAY)]
        first = str(days[0] - ONE_DAY)
        levels = np.concatenate([[1.0], given / season[place], [1.0]])
        return SeasonOfSeries(tuple(season.tolist()), (first, *starts), tuple(levels.tolist()), tuple(notes))
    if trend != 0.0:
        notes.append(f"A trend of {np.expm1(trend):+.1%} a year was taken out: the season alone is kept.")
    return SeasonOfSeries(tuple(season.tolist()), (), (), tuple(notes))


def _edges(labels: pd.DatetimeIndex | pd.PeriodIndex, weeks: str) -> NDArray[np.datetime64]:
    """First day of each week or month, and the day after the last."""
    if isinstance(labels, pd.PeriodIndex):
        starts = labels.start_time.to_numpy("datetime64[D]")
        ends = (labels + 1).start_time.to_numpy("datetime64[D]")
    else:
        stamps = labels.tz_localize(None)
        gap = float(np.median(np.diff(stamps.to_numpy("datetime64[D]")).astype(float))) if len(labels) > 1 else 0.0
        if MONTH_LENGTHS[0] <= gap <= MONTH_LENGTHS[1]:
            months = stamps.to_numpy("datetime64[M]")
            starts, ends = months.astype("datetime64[D]"), (months + np.timedelta64(1, "M")).astype("datetime64[D]")
        else:
            starts = stamps.to_numpy("datetime64[D]") - (WEEK - 1 if weeks == "ending" else 0) * ONE_DAY
            ends = starts + WEEK * ONE_DAY
    length = float(np.median((ends - starts).astype(float)))
    steps = np.diff(starts).astype(float)
    weekly = length == WEEK and (len(steps) == 0 or np.median(steps) == WEEK)
    if not (weekly or MONTH_LENGTHS[0] <= length <= MONTH_LENGTHS[1]):
        raise InputError(
            "index: expected one value a week or a month; got dates "
            f'{np.median(steps) if len(steps) else 0:g} days apart. Add them up first, with resample("W").sum().'
        )
    gaps = np.flatnonzero(starts[1:] > ends[:-1])
    if gaps.size:
        shown = _some([f"{ends[gap]} to {starts[gap + 1] - ONE_DAY}" for gap in gaps.tolist()])
        raise InputError(f"index: expected every {'week' if weekly else 'month'}; missing {shown}. Fill them in.")
    if (starts[1:] < ends[:-1]).any():
        twice = starts[1:][starts[1:] < ends[:-1]]
        raise InputError(f"index: expected each week or month once; {_some([str(day) for day in twice])} overlap.")
    return np.concatenate([starts, ends[-1:]])


def _yearly_trend(days: NDArray[np.datetime64], log_value: FloatArray) -> float:
    """Mean change of the logarithm in a year: each day against the same one a year before; 0 in less than 2 years."""
    if len(days) < YEARS_FOR_TREND * YEAR:
        return 0.0
    years = len(days) // YEAR - 1
    return float((log_value[years * YEAR :] - log_value[: -years * YEAR]).mean() / years)


def _scale_note(mean: float) -> tuple[str, ...]:
    return () if abs(mean - 1.0) < ALREADY_ONE else (f"Values of mean {mean:.4g} were divided by it.",)


def _some(words: list[str]) -> str:
    more = f" and {len(words) - SHOWN:,} more" if len(words) > SHOWN else ""
    return ", ".join(words[:SHOWN]) + more
