"""Gauss-Legendre rules of all even sizes up to 32, and how many nodes an integral needs."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from .compiled import compiled
from .rows import FloatArray

MOST_PAIRS: Final = 16
"""Largest rule, in pairs of nodes that lie mirrored about the middle."""
FEWEST_PAIRS: Final = 2
STEEPEST: Final = 80.0
"""Largest fall in a panel, as a power of e, that the largest rule integrates to `DIGITS`."""
DIGITS: Final = 32.0
"""Rules are chosen to err by e^-32, 1e-14, of the integrand's largest value."""
TALLEST: Final = 1e3
"""An ellipse so tall makes the smallest rule enough."""


def _rules() -> tuple[FloatArray, FloatArray]:
    """Positive nodes and their weights, arrays (MOST_PAIRS + 1, MOST_PAIRS): row k holds the k of the rule of 2k."""
    nodes, weights = np.zeros((2, MOST_PAIRS + 1, MOST_PAIRS))
    for pairs in range(1, MOST_PAIRS + 1):
        node, weight = np.polynomial.legendre.leggauss(2 * pairs)
        nodes[pairs, :pairs], weights[pairs, :pairs] = node[pairs:], weight[pairs:]
    return nodes, weights


PAIR_NODES, PAIR_WEIGHTS = _rules()


@compiled
def pairs_needed(half: float, strip: float, fall: float) -> int:
    """Pairs of nodes for a panel of half length `half`.

    The integrand is analytic and bounded within `strip` of the panel, but for an exponential that falls by e^-`fall`
    along it. In the ellipse of Bernstein with height h (in half lengths) that exponential grows to
    exp(fall / 2 (sqrt(1 + h^2) - 1)), and each node gains a factor of (h + sqrt(1 + h^2))^2: the ellipse that is near
    the best for the fall is taken, or the tallest that fits the strip.
    """
    height = min(strip / half, 2.0 * DIGITS / fall, TALLEST)
    root = math.sqrt(1.0 + height * height)
    pairs = math.ceil(0.25 * (DIGITS + 0.5 * fall * (root - 1.0)) / math.log(height + root))
    return min(max(pairs, FEWEST_PAIRS), MOST_PAIRS)
