"""Dates beside an axis in the language spoken: as short as they can be, months by their names there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from babel import Locale
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from .wording import digits_of

_MONTH: Final = "\ue000%m\ue001"
"""Where the name of a month goes: `strftime` knows those of the operating system's language only."""
_MONTHS = re.compile("\ue000([0-9]{2})\ue001")
_BY_LEVEL: Final = ("%Y", _MONTH, "%d", "%H:%M", "%H:%M", "%S.%f")
"""What is written at each tick, by whether ticks are years, months, days, hours, minutes or seconds."""
_AT_ZERO: Final = ("", "%Y", _MONTH, f"%d {_MONTH}", "%H:%M", "%H:%M")
"""At a tick that begins the next larger unit."""
_AT_END: Final = ("", "%Y", f"{_MONTH} %Y", f"%d {_MONTH} %Y", f"%d {_MONTH} %Y", f"%d {_MONTH} %Y %H:%M")
"""Once, at the end of the axis: what the ticks leave out."""


class SpokenDates(ConciseDateFormatter):
    """Concise dates as matplotlib writes them, with the names and digits of a locale."""

    def __init__(self, locator: AutoDateLocator, locale: Locale) -> None:
        concise: Any = super()  # matplotlib has no types here
        concise.__init__(locator, formats=_BY_LEVEL, zero_formats=_AT_ZERO, offset_formats=_AT_END)
        self._names = locale.months["stand-alone"]["abbreviated"]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Labels of ticks."""
        concise: Any = super()
        return [self._named(label) for label in concise.format_ticks(values)]

    def get_offset(self) -> str:
        """What the ticks leave out."""
        concise: Any = super()
        return self._named(concise.get_offset())

    def _named(self, label: str) -> str:
        return digits_of(_MONTHS.sub(self._name, label))

    def _name(self, found: re.Match[str]) -> str:
        name: Any = self._names[int(found[1])]
        return str(name)
