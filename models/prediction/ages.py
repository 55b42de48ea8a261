"""Ages of customers at which a curve is told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ..ground.errors import InputError
from ..ground.units import DAYS_PER_UNIT, MONTHS_PER_YEAR

MOST_AGES: Final = 1000
"""A curve has at most so many points."""

_LENGTH = re.compile(r"\s*(\d+)\s*([HDWMY])\s*", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Ages:
    """Ages of a curve, the first 0: what they are called ("12M"), and in months of a twelfth of 52 weeks."""

    labels: list[str]
    months: list[float]


def ages_of(horizon: str) -> Ages:
    """Ages from 0 to a whole length, in steps of its unit; years in months.

    Raises
    ------
    InputError
        No whole length, or too many steps.
    """
    match = _LENGTH.fullmatch(horizon) if isinstance(horizon, str) else None
    if match is None or int(match[1]) < 1:
        raise InputError(
            f'horizon: expected the last age as a whole length such as "36M", "3Y" or "26W"; got {horizon!r}.'
        )
    count, unit = int(match[1]), match[2].upper()
    if unit == "Y":
        count, unit = count * MONTHS_PER_YEAR, "M"
    if count > MOST_AGES:
        raise InputError(f"horizon: {horizon!r} has {count:,} ages; expected at most {MOST_AGES:,}. Use a longer unit.")
    per_month = DAYS_PER_UNIT[unit] / DAYS_PER_UNIT["M"]
    return Ages([f"{k}{unit}" for k in range(count + 1)], [k * per_month for k in range(count + 1)])
