"""Time: units, horizons and the discount rate. The only room that knows how long a week is.

A year is 52 weeks, as in the papers whose numbers lifeworth reproduces (Fader, Hardie & Lee 2005a, 2005b),
and a month without a calendar is a twelfth of it. Where the cut-off is known, "12M" and "1Y" are calendar
months and years counted from it.
"""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from .errors import InputError

if TYPE_CHECKING:
    from .calendar import Calendar

DAYS_PER_WEEK: Final = 7.0
WEEKS_PER_YEAR: Final = 52.0
DAYS_PER_YEAR: Final = DAYS_PER_WEEK * WEEKS_PER_YEAR
MONTHS_PER_YEAR: Final = 12

DAYS_PER_UNIT: Final[dict[str, float]] = {
    "H": 1.0 / 24.0,
    "D": 1.0,
    "W": DAYS_PER_WEEK,
    "M": DAYS_PER_YEAR / MONTHS_PER_YEAR,
    "Y": DAYS_PER_YEAR,
}
UNIT_NAMES: Final = {"H": "hours", "D": "days", "W": "weeks", "M": "months", "Y": "years"}

LAST_DISCOUNT: Final = 40.0
"""A horizon without an end is cut where discounting has left e^-40 of a purchase: below double precision."""

INFINITE: Final = "inf"
"""The label of a horizon without an end."""

_HORIZON = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([HDWMY])\s*", re.IGNORECASE)


def check_unit(unit: str) -> str:
    """Return `unit` in its one spelling: "H", "D", "W", "M" or "Y".

    Raises
    ------
    InputError
        `unit` is none of them.
    """
    if isinstance(unit, str) and unit.upper() in DAYS_PER_UNIT:
        return unit.upper()
    raise InputError(f"unit: expected one of {', '.join(DAYS_PER_UNIT)} (hours to years), got {unit!r}.")


@dataclass(frozen=True)
class Horizon:
    """How far ahead: the words asked for and their exact length.

    Attributes
    ----------
    label : str
        What was asked for ("26W", "12M", "1998-06-30"), "inf" for no end.
    length : float
        The same in time units of the model; `math.inf` for no end. With a calendar in season-adjusted time.
    calendar_length : float
        The same as the calendar counts it, for discounting: `length` where there is no calendar.
    """

    label: str
    length: float
    calendar_length: float = math.nan

    def __post_init__(self) -> None:
        """Without a calendar both lengths are one."""
        if math.isnan(self.calendar_length):
            object.__setattr__(self, "calendar_length", self.length)


def parse_horizon(
    horizon: str | pd.Timestamp | None,
    unit: str,
    until: pd.Timestamp | None = None,
    calendar: Calendar | None = None,
) -> Horizon:
    """Read one horizon: "26W", "12M", "365D", "1.5Y", a date after `until`, or None for no end.

    Parameters
    ----------
    horizon : str, Timestamp or None
        A length with its unit, or the last day of the horizon (inclusive).
    unit : str
        Time unit of the result.
    until : Timestamp, optional
        The cut-off. With it whole months and years follow the calendar; dates need it.
    calendar : Calendar, optional
        Index of the purchase rate that deforms the model's clock; needs `until`.

    Raises
    ------
    InputError
        A bare number, an unknown form, a length that is not positive, a date that cannot be placed, or a calendar
        without a cut-off.
    """
    if horizon is None:
        return Horizon(INFINITE, math.inf)
    if isinstance(horizon, numbers.Real) and horizon == horizon:
        raise InputError(
            f'horizon: expected a length with its unit such as "{float(horizon):g}{check_unit(unit)}", or a date; '
            f"got the bare number {horizon!r}."
        )
    match = _HORIZON.fullmatch(horizon) if isinstance(horizon, str) else None
    days = _length_in_days(match, until) if match else _days_until(horizon, until)
    if not days > 0:
        raise InputError(f"horizon: expected a time after the cut-off, got {str(horizon)!r}.")
    label = horizon if isinstance(horizon, str) else str(pd.Timestamp(horizon).date())
    per_unit = DAYS_PER_UNIT[check_unit(unit)]
    if calendar is None:
        return Horizon(label, days / per_unit)
    if until is None:
        raise InputError(f"horizon: with a calendar, {label!r} needs a cut-off to count from; none is known.")
    return Horizon(label, float(calendar.elapsed_ahead(until, days)) / per_unit, days / per_unit)


def parse_horizons(
    horizons: str | pd.Timestamp | Sequence[str | pd.Timestamp | None] | None,
    unit: str,
    until: pd.Timestamp | None = None,
    calendar: Calendar | None = None,
) -> tuple[Horizon, ...]:
    """Read one horizon or several, in the order asked for.

    Raises
    ------
    InputError
        As `parse_horizon`; also for an empty list and for a horizon asked for twice.
    """
    asked = [horizons] if horizons is None or isinstance(horizons, (str, pd.Timestamp)) else list(horizons)
    if not asked:
        raise InputError('horizon: expected at least one, such as "12M"; got an empty list.')
    parsed = tuple(parse_horizon(h, unit, until, calendar) for h in asked)
    labels = [h.label for h in parsed]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise InputError(f"horizon: expected each once, got {', '.join(twice)} more than once.")
    return parsed


def continuous_rate(annual_discount_rate: float, unit: str) -> float:
    """Continuous discount rate per `unit` that equals `annual_discount_rate` a year: ln(1 + d) / units a year.

    Raises
    ------
    InputError
        The rate is negative, not finite, or looks like a percentage (1 or more).
    """
    if not (isinstance(annual_discount_rate, numbers.Real) and 0.0 <= annual_discount_rate < math.inf):
        raise InputError(
            f"annual_discount_rate: expected a rate of 0 or more, such as 0.12, got {annual_discount_rate!r}."
        )
    rate = float(annual_discount_rate)
    if rate >= 1.0:
        raise InputError(
            f"annual_discount_rate: expected a fraction such as 0.12 for 12 percent, got {rate:g}. "
            f"If {rate:g} percent is meant, pass {rate / 100:g}."
        )
    return math.log1p(rate) * DAYS_PER_UNIT[check_unit(unit)] / DAYS_PER_YEAR


def _length_in_days(match: re.Match[str], until: pd.Timestamp | None) -> float:
    number, unit = float(match[1]), match[2].upper()
    months = number * (MONTHS_PER_YEAR if unit == "Y" else 1)
    if unit in "MY" and until is not None and months == int(months):
        try:
            return float((until + pd.DateOffset(months=int(months)) - until).days)
        except (ValueError, OverflowError) as error:
            raise InputError(f"horizon: {match[0]!r} ends beyond the calendar; give a shorter one, or None.") from error
    return number * DAYS_PER_UNIT[unit]


def _days_until(horizon: object, until: pd.Timestamp | None) -> float:
    try:
        date: Any = pd.Timestamp(horizon)  # type: ignore[arg-type]  # anything may come: what is no date raises
    except (ValueError, TypeError):
        date = pd.NaT
    if pd.isna(date):
        raise InputError(f'horizon: expected a length such as "26W", "12M", "365D", or a date; got {horizon!r}.')
    if until is None:
        raise InputError(f"horizon: the date {date.date()} needs a cut-off to count from; give the summary `until`.")
    return float((date.tz_localize(None).normalize() - until).days)
