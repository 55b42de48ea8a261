"""Numbers as people read them: counts, money, shares, spans of time, days; in the language and locale spoken."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

import pandas as pd
from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal

from lifeworth.models.ground.units import INFINITE

from .language import END_OF_ISOLATE, LEFT_TO_RIGHT, direction, locale, ngettext
from .language import gettext as _

LARGE: Final = ((1e9, 1e9, "bn"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))
"""From which size on a short number is written in which unit, with which letter."""
CENTS_BELOW: Final = 100.0
"""Amounts below it are written with their cents."""
SHORT_DIGITS: Final = 3
"""Digits that a short number keeps."""
FRACTION: Final = 2
"""Stands for a number with a fraction, such as 1.5, where the form of its noun is chosen: as of this number."""
NO_BREAK: Final = "\u00a0"
"""A space at which no line is broken, between a number and its sign."""
COMMAS: Final = {"rtl": "\u060c "}
"""Commas other than that of Latin script, by the direction of the language."""
ZEROS: Final = {
    "latn": "0",
    "arab": "\u0660",
    "arabext": "\u06f0",
    "beng": "\u09e6",
    "deva": "\u0966",
    "mymr": "\u1040",
}
"""The zero of each system of digits; the nine others follow it in Unicode."""

_HORIZON = re.compile(r"([\d.]+)([HDWMY])", re.IGNORECASE)
_ZEROS = re.compile("0+")
_DIGITS = re.compile(r"\d[\d.,\u066b\u066c]*%?\u066a?")
_CURRENCY: Final = "\u00a4"
"""Where Unicode's patterns have the currency."""


def count(value: float) -> str:
    """Write a whole number with separators.

    Examples
    --------
    >>> count(16875.52)
    '16,876'
    """
    return _decimal(value, 0)


def decimal(value: float, digits: int = 2) -> str:
    """Write a number with as many digits after the point.

    Examples
    --------
    >>> decimal(1234.5678), decimal(-0.5, 1)
    ('1,234.57', '-0.5')
    """
    return _decimal(value, digits)


def money(value: float, currency: str = "") -> str:
    r"""Write an amount, with cents where they matter.

    Examples
    --------
    >>> money(224932.9, "$"), money(9.938, "$"), money(-16.67, "$"), money(20, "EUR")
    ('$224,933', '$9.94', '-$16.67', 'EUR\xa020')
    """
    digits = 2 if abs(value) < CENTS_BELOW and round(value, 2) != round(value) else 0
    return _signed(value, _decimal(abs(value), digits), currency)


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
        return _signed(value, _compact(size, unit, letter), currency)
    whole = size >= CENTS_BELOW or size == int(size)
    return _signed(value, _decimal(size, 0) if whole else _significant(size), currency)


def gain(value: float, currency: str = "") -> str:
    """Write a change as short as `short` does, with its sign also where it is more.

    Examples
    --------
    >>> gain(12_000, "$"), gain(-20, "$"), gain(0, "$")
    ('+$12k', '-$20', '$0')
    """
    said, spoken = short(value, currency), locale()
    if not value > 0.0:
        return said
    return f"+{said}" if spoken is None else _with_sign(said, spoken, "+")


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
    spoken = locale()
    if spoken is None:
        return f"{100.0 * share:.{digits}f}{NO_BREAK}%"
    # fixed digits, so that numbers below each other have as many
    return _written(spoken, share, _with_digits(str(spoken.percent_formats[None].pattern), digits))


def span(horizon: str) -> str:
    """Write a horizon in words.

    Examples
    --------
    >>> span("39W"), span("1Y"), span("1998-06-30"), span("inf")
    ('39 weeks', '1 year', 'the time to 1998-06-30', 'all time')
    """
    match = _HORIZON.fullmatch(horizon.replace(" ", ""))
    if match:
        number = float(match[1])
        return _spans(number)[match[2].upper()].format(number=digits_of(match[1]))
    return _("all time") if horizon == INFINITE else _("the time to {date}").format(date=digits_of(horizon))


def ahead(horizon: str) -> str:
    """Write a horizon as what lies ahead.

    Examples
    --------
    >>> ahead("39W"), ahead("inf")
    ('the next 39 weeks', 'all time')
    """
    said = span(horizon)
    return _("the next {span}").format(span=said) if _HORIZON.fullmatch(horizon.replace(" ", "")) else said


def days(number: float) -> str:
    """Write a number of days.

    Examples
    --------
    >>> days(1), days(31)
    ('1 day', '31 days')
    """
    return ngettext("{number} day", "{number} days", number).format(number=count(number))


def day(date: pd.Timestamp) -> str:
    """Write a day in words.

    Examples
    --------
    >>> day(pd.Timestamp("1997-10-07"))
    '7 October 1997'
    """
    spoken = locale()
    if spoken is None:
        return f"{date.day} {date:%B %Y}"
    return digits_of(format_date(date.date(), "long", spoken))


def listed(words: Sequence[str]) -> str:
    """Write words as a list within a sentence.

    Examples
    --------
    >>> listed(["gold", "silver", "bronze"])
    'gold, silver and bronze'
    """
    # the list of British English has no comma before "and"
    return format_list(list(words), "standard", locale() or Locale("en", "GB"))


def in_a_row(words: Sequence[str]) -> str:
    """Write words one behind the other, with the comma of the language.

    Examples
    --------
    >>> in_a_row(["50", "80", "90"])
    '50, 80, 90'
    """
    return COMMAS.get(direction(), ", ").join(words)


def digits_of(text: str) -> str:
    """Write the digits of a text, such as a date, in those of the locale.

    Examples
    --------
    >>> digits_of("1997-09-30")
    '1997-09-30'
    """
    spoken = locale()
    zero = None if spoken is None else ZEROS.get(spoken.default_numbering_system)
    return text if zero is None else text.translate({ord("0") + digit: ord(zero) + digit for digit in range(10)})


def _spans(number: float) -> dict[str, str]:
    number = number if number.is_integer() else FRACTION
    return {
        "H": ngettext("{number} hour", "{number} hours", number),
        "D": ngettext("{number} day", "{number} days", number),
        "W": ngettext("{number} week", "{number} weeks", number),
        "M": ngettext("{number} month", "{number} months", number),
        "Y": ngettext("{number} year", "{number} years", number),
    }


def _decimal(value: float, digits: int) -> str:
    spoken = locale()
    if spoken is None:
        return f"{value:,.{digits}f}"
    pattern = _with_digits(str(spoken.decimal_formats[None].pattern), digits)
    return _written(spoken, value, pattern)


def _significant(size: float) -> str:
    """A number without its sign in few digits, without zeros at its end."""
    spoken, rounded = locale(), float(f"{size:.{SHORT_DIGITS}g}")
    if spoken is None:
        return f"{size:.{SHORT_DIGITS}g}"
    places = max(SHORT_DIGITS - 1 - math.floor(math.log10(rounded)), 0) if rounded else 0
    return _written(spoken, rounded, f"0.{'#' * places}" if places else "0")


def _compact(size: float, unit: float, letter: str) -> str:
    """A large number in thousands, millions or billions, as the locale abbreviates them."""
    spoken = locale()
    if spoken is None:
        return f"{size / unit:.{SHORT_DIGITS}g}{letter}"
    patterns = spoken.compact_decimal_formats["short"]
    pattern = str(patterns["other"][f"{unit:.0f}"].pattern).split(";")[0].replace("'", "")
    return _ZEROS.sub(_significant(size / unit), pattern, count=1)


def _with_digits(pattern: str, digits: int) -> str:
    """A pattern of Babel with a fixed number of digits after the point."""
    whole = re.sub(r"\.[0#]+", "", pattern)
    last = whole.rindex("0") + 1
    return f"{whole[:last]}{'.' + '0' * digits if digits else ''}{whole[last:]}"


def _written(spoken: Locale, value: float, pattern: str) -> str:
    """A number by a pattern, in the signs and digits of the locale."""
    system = spoken.default_numbering_system
    known = system if system in ZEROS else "latn"
    text = format_decimal(abs(value), pattern, spoken, numbering_system=known)
    text = text.replace("%", str(spoken.number_symbols[known].get("percentSign", "%")))
    text = digits_of(text)
    return _with_sign(text, spoken, "-") if value < 0 and any(int(digit) for digit in re.findall(r"\d", text)) else text


def _with_sign(text: str, spoken: Locale, sign: str) -> str:
    """A sign in front of the digits; where lines go to the left, it stays left of them."""
    if spoken.text_direction == "rtl":
        return _DIGITS.sub(lambda digits: f"{LEFT_TO_RIGHT}{sign}{digits[0]}{END_OF_ISOLATE}", text, count=1)
    return f"{sign}{text}"


def _signed(value: float, digits: str, currency: str) -> str:
    """Digits with their sign and the currency, where the locale has it."""
    spoken = locale()
    if spoken is None:
        space = NO_BREAK if currency[-1:].isalpha() else ""
        return f"{'-' if value < 0 else ''}{currency}{space}{digits}"
    signed = _with_sign(digits, spoken, "-") if value < 0 else digits
    pattern = str(spoken.currency_formats["standard"].pattern).split(";")[0].strip()
    if not currency:
        return signed
    if spoken.text_direction == "rtl" or pattern.endswith(_CURRENCY):
        return f"{signed}{NO_BREAK}{currency}"
    space = NO_BREAK if currency[-1:].isalpha() or not pattern.startswith(f"{_CURRENCY}#") else ""
    return f"{'-' if value < 0 else ''}{currency}{space}{digits}"
