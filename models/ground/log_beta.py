"""The logarithm of the beta function, to all digits whatever the shapes."""

from __future__ import annotations

import math
from typing import Final

from .compiled import compiled

LARGE_SHAPE: Final = 30.0
"""From here on Stirling's formula, with four terms of its series, holds to 1e-16."""


@compiled
def log_beta(a: float, b: float) -> float:
    """Logarithm of B(a, b); for large shapes by Stirling's formula, as differences of log Gamma lose digits."""
    low, high = min(a, b), max(a, b)
    both = low + high
    if high < LARGE_SHAPE:
        return math.lgamma(low) + math.lgamma(high) - math.lgamma(both)
    rest = _stirling_rest(high) - _stirling_rest(both)
    if low < LARGE_SHAPE:
        return math.lgamma(low) - (high - 0.5) * math.log1p(low / high) - low * (math.log(both) - 1.0) + rest
    peak = -low * math.log1p(high / low) - high * math.log1p(low / high)
    return peak + 0.5 * math.log(2.0 * math.pi * both / (low * high)) + _stirling_rest(low) + rest


@compiled
def _stirling_rest(z: float) -> float:
    """What Stirling's formula for log Gamma leaves out, to 1e-16 for z above `LARGE_SHAPE`."""
    inverse = 1.0 / (z * z)
    return (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse / 1680.0))) / z
