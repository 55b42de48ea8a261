"""Numbers that people type: finite ones, and percent where a share is meant."""

from __future__ import annotations

import math
from typing import Final, TypeGuard

import numpy as np

WHOLE: Final = 100.0
"""Percent of all."""


def is_number(value: object) -> TypeGuard[float]:
    """Whether this is a finite number, and not True or False."""
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool) and math.isfinite(value)


def percent_hint(value: object) -> str:
    """A sentence with the remedy where a share may have been typed in percent, or nothing.

    Examples
    --------
    >>> percent_hint(30), percent_hint(0.3), percent_hint("30")
    (' If 30 percent is meant, pass 0.3.', '', '')
    """
    if not (is_number(value) and 1.0 <= abs(float(value)) <= WHOLE):
        return ""
    return f" If {value:g} percent is meant, pass {float(value) / WHOLE:g}."
