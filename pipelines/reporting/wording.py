"""Numbers as people read them: counts, money, shares, intervals."""

from __future__ import annotations

import re
from typing import Final

import pandas as pd

from lifeworth.models.ground.units import INFINITE, UNIT_NAMES

LARGE: Final = ((1e9, 1e9, "bn"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))
"""From which size on a short number is written in which unit, with which letter."""
CENTS_BELOW: Final = 100.0
"""Amounts below it are written with their cents."""
NO_BREAK: Final = "\u00a0"
"""A space at which no line is broken, between a number and its sign."""

_HORIZON = re.compile(r"([\d.]+)([HDWMY])", re.IGNORECASE)


def count(value: float) -> str:
    """Write a whole number with separators.

    Examples
    --------
    >>> count(16875.52)
    '16,876'
    """
    return f"{value:,.0f}"


def money(value: float, currency: str = "") -> str:
    r"""Write an amount, with cents where they matter.

    Examples
    --------
    >>> money(224932.9, "$"), money(9.938, "$"), money(-16.67, "$"), money(20, "EUR")
    ('$224,933', '$9.94', '-$16.67', 'EUR\xa020')
    """
    digits = 2 if abs(value) < CENTS_BELOW and round(value, 2) != round(value) else 0
    return _signed(value, f"{abs(value):,.{digits}f}", currency)


def short(value: float, currency: str = "") -> str:
    """Write a number or an amount as short as a headline or an axis needs it.

    Examples
    --------
    >>> [short(value, "$") for value in (0.5, 250, 1500.4, 12_000, 224_933, 1_250_000, -20)]
    ['$0.5', '$250', '$1,500', '$12k', '$225k', '$1.25M', '-$20']
    """
    size = abs(value)
    unit, letter = next(((unit, letter) for least, unit, letter in LARGE if size >= least), (1.0, ""))
    if letter:
        return _signed(value, f"{size / unit:.3g}{letter}", currency)
    whole = size >= CENTS_BELOW or size == int(size)
    return _signed(value, f"{size:,.0f}" if whole else f"{size:.3g}", currency)


def percent(share: float, digits: int = 0) -> str:
    r"""Write a share as a percentage.

    Examples
    --------
    >>> percent(0.9437, 1), percent(0.2655), percent(0.0002, 1)
    ('94.4\xa0%', '27\xa0%', '< 0.1\xa0%')
    """
    least = 10.0 ** -(digits + 2)
    if 0.0 < share < least / 2.0:
        return f"< {percent(least, digits)}"
    return f"{100.0 * share:.{digits}f}{NO_BREAK}%"


def span(horizon: str) -> str:
    """Write a horizon in words.

    Examples
    --------
    >>> span("39W"), span("1Y"), span("1998-06-30"), span("inf")
    ('39 weeks', '1 year', 'the time to 1998-06-30', 'all time')
    """
    match = _HORIZON.fullmatch(horizon.replace(" ", ""))
    if match:
        unit = UNIT_NAMES[match[2].upper()]
        return f"{match[1]} {unit.removesuffix('s') if match[1] == '1' else unit}"
    return "all time" if horizon == INFINITE else f"the time to {horizon}"


def ahead(horizon: str) -> str:
    """Write a horizon as what lies ahead.

    Examples
    --------
    >>> ahead("39W"), ahead("inf")
    ('the next 39 weeks', 'all time')
    """
    return f"the next {span(horizon)}" if _HORIZON.fullmatch(horizon.replace(" ", "")) else span(horizon)


def day(date: pd.Timestamp) -> str:
    """Write a day in words.

    Examples
    --------
    >>> day(pd.Timestamp("1997-10-07"))
    '7 October 1997'
    """
    return f"{date.day} {date:%B %Y}"


def _signed(value: float, digits: str, currency: str) -> str:
    space = NO_BREAK if currency[-1:].isalpha() else ""
    return f"{'-' if value < 0 else ''}{currency}{space}{digits}"
