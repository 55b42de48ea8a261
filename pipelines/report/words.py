"""Small helpers that sections share: intervals, captions, charts as high as their rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from ..reporting.language import gettext as _
from ..reporting.language import isolated
from ..reporting.wording import count, decimal, money
from .parts import Verbatim

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW: Final = 0.42
"""Inches of a row of a chart: a bar and a line of text above it …"""
AROUND: Final = 1.6
"""… and of what is above and below all rows."""
NONE: Final = "—"
"""Stands in a table where there is no number."""


def interval(low: float, high: float, currency: str) -> str:
    """Write the two ends of an interval of money."""
    return _("{low} to {high}").format(low=money(low, currency), high=money(high, currency))


def captioned(finding: str, explanation: str) -> str:
    """The sentences below a chart: what it says, and how to read it."""
    return _("{finding}. {explanation}").format(finding=finding, explanation=explanation)


def tall(draw: Callable[[Axes], Axes], rows: int) -> Callable[[Axes], Axes]:
    """Make the figure of a chart with rows as high as they need, never lower than it is."""

    def drawn(ax: Axes) -> Axes:
        figure = ax.get_figure(root=True)
        assert figure is not None  # a chart is drawn in a figure
        figure.set_figheight(max(figure.get_figheight(), AROUND + ROW * rows))
        return draw(ax)

    return drawn


def months(value: float) -> str:
    """Write a number of months; a dash where it has no end."""
    if not math.isfinite(value):
        return NONE
    return f"< {count(1)}" if value < 1.0 else decimal(value, 1)


def months_between(low: float, high: float) -> str:
    """Write the two ends of an interval of months, once where they are written alike."""
    ends = (months(low), months(high))
    return ends[0] if ends[0] == ends[1] else _("{low} to {high}").format(low=ends[0], high=ends[1])


def verbatim(text: Any) -> Verbatim:
    """Text of the data for a cell of a table."""
    return Verbatim(str(text))


def inline(text: Any) -> str:
    """Text of the data within a sentence."""
    return isolated(str(text))
