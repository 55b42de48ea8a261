"""Periods of a plan: months or quarters of the calendar after the cut-off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from ..ground.errors import InputError
from ..ground.rows import FloatArray
from ..ground.units import DAYS_PER_UNIT, DAYS_PER_YEAR, parse_horizon
from .basis import Basis

type Every = Literal["M", "Q"]
MONTHS: Final = {"M": 1, "Q": 3}
MOST_PERIODS: Final = 240
"""Twenty years of months: more is no plan."""


@dataclass(frozen=True, eq=False)
class Periods:
    """Periods that follow one another from the cut-off on.

    Attributes
    ----------
    labels : tuple of str
        Such as "2026-12" or "2026Q4"; where the cut-off is not known, such as "month 1".
    starts, ends : array (periods,)
        Times after the cut-off, by the calendar in the unit of the model.
    first_days, last_days : tuple of Timestamp or None
    """

    labels: tuple[str, ...]
    starts: FloatArray
    ends: FloatArray
    first_days: tuple[pd.Timestamp | None, ...]
    last_days: tuple[pd.Timestamp | None, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def frame(self) -> pd.DataFrame:
        """One row a period: period, first_day, last_day."""
        return pd.DataFrame({"period": self.labels, "first_day": self.first_days, "last_day": self.last_days})


def periods_of(basis: Basis, every: Every, horizon: str) -> Periods:
    """Months or quarters from the cut-off to the end of the horizon.

    The first begins the day after the cut-off and the last ends with the horizon: either may be a part of a month.

    Raises
    ------
    InputError
        Neither months nor quarters, a horizon without an end, or too many periods.
    """
    if every not in MONTHS:
        raise InputError(f'every: expected "M" for months or "Q" for quarters, got {every!r}.')
    until, day = basis.summary.until, DAYS_PER_UNIT[basis.purchases.unit]
    length = parse_horizon(horizon, "D", until).length
    if not np.isfinite(length):
        raise InputError('horizon: a plan by period needs an end such as "12M" or "2Y"; got None.')
    found = _parts(every, length) if until is None else _of_calendar(until, every, length)
    if len(found) > MOST_PERIODS:
        raise InputError(f"horizon: {horizon!r} has {len(found):,} periods; expected at most {MOST_PERIODS}.")
    return Periods(found.labels, found.starts / day, found.ends / day, found.first_days, found.last_days)


def _of_calendar(until: pd.Timestamp, every: Every, days: float) -> Periods:
    first, last = until + pd.Timedelta(days=1), until + pd.Timedelta(days=int(np.ceil(days)))
    periods = pd.period_range(first, last, freq=every)
    starts = [max(period.start_time, first) for period in periods]
    ends = [min(period.end_time.normalize(), last) for period in periods]
    after = np.array([(end - until).days for end in ends], dtype=float)
    after[-1] = days
    before = np.concatenate([[0.0], after[:-1]])
    return Periods(tuple(map(str, periods)), before, after, tuple(starts), tuple(ends))


def _parts(every: Every, days: float) -> Periods:
    step = DAYS_PER_YEAR * MONTHS[every] / 12
    count = max(1, int(np.ceil(days / step - 1e-9)))
    ends = np.minimum(step * np.arange(1, count + 1), days)
    name = {"M": "month", "Q": "quarter"}[every]
    labels = tuple(f"{name} {place}" for place in range(1, count + 1))
    return Periods(labels, np.concatenate([[0.0], ends[:-1]]), ends, (None,) * count, (None,) * count)
