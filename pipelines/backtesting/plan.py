"""When a backtest forecasts and how far ahead: origins and horizons, asked for or chosen from the length of the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.summary import Day, as_day
from lifeworth.models.ground.units import DAYS_PER_WEEK, parse_horizons

USUAL_HORIZONS: Final = ("4W", "13W", "26W", "39W", "52W")
"""A month, a quarter, half a year, and beyond: those that have come true at two origins at least are kept."""
FEWEST_WEEKS: Final = 6
"""A model is not asked before so many weeks of the log are known …"""
FIRST_SHARE: Final = 0.25
"""… and this share of it."""
USUAL_ORIGINS: Final = 10
"""Enough to tell a habit from an accident, few enough to wait for."""
FEWEST: Final = 2
"""Origins that a horizon chosen by default must have."""
ERROR_WEEKS: Final = (2, 4, 8, 13, 26, 39, 52)
"""Horizons at which errors of totals are measured, whatever is scored."""


@dataclass(frozen=True)
class Plan:
    """What is forecast when.

    Attributes
    ----------
    origins : tuple of Timestamp
        Cut-offs, ascending; each has seen the end of one horizon at least by `until`.
    horizons : tuple of str
    until : Timestamp
        Last day of the log that outcomes are taken from.
    """

    origins: tuple[pd.Timestamp, ...]
    horizons: tuple[str, ...]
    until: pd.Timestamp

    @classmethod
    def of(
        cls,
        first_day: pd.Timestamp,
        until: pd.Timestamp,
        horizons: Sequence[str] | str | None,
        origins: int | Sequence[Day] | None,
    ) -> Plan:
        """Choose what was not asked for.

        Raises
        ------
        InputError
            An origin outside the log, a horizon without an end, or none that has come true.
        """
        weeks = (until - first_day).days / DAYS_PER_WEEK
        asked = list(USUAL_HORIZONS if horizons is None else (horizons,) if isinstance(horizons, str) else horizons)
        parsed = parse_horizons(asked, "D", until)
        shortest = min(h.length for h in parsed)
        if not np.isfinite(max(h.length for h in parsed)):
            raise InputError('horizons: a backtest compares with what came: each needs an end such as "26W".')
        days = (
            _spread(weeks, shortest / DAYS_PER_WEEK, until, USUAL_ORIGINS if origins is None else origins)
            if origins is None or isinstance(origins, int)
            else sorted({as_day(day, "origins") for day in origins})
        )
        outside = [day for day in days if not first_day < day < until]
        if outside:
            raise InputError(
                f"origins: expected days after {first_day:%Y-%m-%d} and before {until:%Y-%m-%d}, the first and the "
                f"last day of the log; got {', '.join(f'{day:%Y-%m-%d}' for day in outside)}."
            )
        ended = {h.label: sum(day + pd.Timedelta(days=h.length) <= until for day in days) for h in parsed}
        enough = FEWEST if horizons is None else 1
        kept = tuple(label for label, count in ended.items() if count >= enough)
        kept = kept or tuple(label for label, count in ended.items() if count > 0)
        missing = [] if horizons is None else [label for label, count in ended.items() if count == 0]
        if missing or not kept:
            raise InputError(
                f"horizons: by {until:%Y-%m-%d} no forecast over {', '.join(missing or asked)} has come true; the log "
                f"begins {first_day:%Y-%m-%d}. Use shorter horizons, earlier origins, or a longer log."
            )
        seen = [day for day in days if any(day + pd.Timedelta(days=_days(label, day)) <= until for label in kept)]
        return cls(tuple(seen), kept, until)

    def days(self, origin: pd.Timestamp) -> dict[str, int]:
        """Days of each horizon that has ended by `until`."""
        found = {label: _days(label, origin) for label in self.horizons}
        return {label: days for label, days in found.items() if origin + pd.Timedelta(days=days) <= self.until}

    def error_weeks(self, origin: pd.Timestamp) -> list[int]:
        """Weeks over which the error of the total is known by `until`."""
        return [weeks for weeks in ERROR_WEEKS if origin + pd.Timedelta(weeks=weeks) <= self.until]


def _spread(weeks: float, shortest: float, until: pd.Timestamp, count: int) -> list[pd.Timestamp]:
    """Origins whole weeks apart, counted back from the last that sees the shortest horizon end."""
    if isinstance(count, bool) or count < 1:
        raise InputError(f"origins: expected their number, 1 or more, or a list of days; got {count!r}.")
    earliest = max(FEWEST_WEEKS, FIRST_SHARE * weeks)
    room = weeks - shortest - earliest
    if room < 0.0:
        raise InputError(
            f"orders: the log has {weeks:.0f} weeks; a backtest needs {earliest:.0f} to learn from and "
            f"{shortest:.0f} to compare with. Give shorter horizons or origins of your own."
        )
    step = max(1, int(room // max(1, count - 1)))
    back = shortest + step * np.arange(min(count, int(room // step) + 1))
    return sorted(until - pd.Timedelta(days=int(np.ceil(days))) for days in back * DAYS_PER_WEEK)


def _days(horizon: str, origin: pd.Timestamp) -> int:
    return round(parse_horizons(horizon, "D", origin)[0].length)
