"""The first order of a new customer, from the first orders that were seen."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..ground.pooling import pooled, pooled_means
from ..ground.rows import FloatArray, IntArray
from ..ground.summary import MONEY, CustomerSummary

FEWEST: Final = 2
"""Customers that a standard error of their mean takes."""


def first_amounts(summary: CustomerSummary) -> FloatArray | None:
    """Amount of each customer's first purchase, array (customers,), NaN where unknown; None without both means.

    Of x + 1 purchases the mean of all and that of the repeats are known: their sums differ by the first.
    """
    if not all(name in summary.frame for name in MONEY):
        return None
    repeats, every = (summary.frame[name].to_numpy(float) for name in MONEY)
    x = summary.frame["frequency"].to_numpy(float)
    known = (every > 0.0) & ((x == 0.0) | (repeats > 0.0))
    first = np.maximum((x + 1.0) * every - x * repeats, 0.0)  # rounding may leave a little below nothing
    return np.where(known, first, np.nan)


def mean_first_orders(
    summary: CustomerSummary, kind: IntArray, kinds: int, draws: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray] | None:
    """Mean amount of first purchases by kind of customer: posterior mean (kinds,) and draws (kinds, draws).

    Kinds are pooled partially (`ground.pooling`): one with few customers is near the others. None where first purchases
    are not known.
    """
    amounts = first_amounts(summary)
    if amounts is None:
        return None
    known = np.isfinite(amounts)
    if known.sum() < FEWEST or not amounts[known].var() > 0.0:
        return None
    size = np.bincount(kind[known], minlength=kinds)
    mean = np.bincount(kind[known], amounts[known], minlength=kinds) / np.maximum(size, 1)
    # one variance of amounts within kinds: that of a small kind cannot be told by itself
    within = float(np.sum((amounts[known] - mean[kind[known]]) ** 2.0) / max(int(known.sum() - (size > 0).sum()), 1))
    error = np.where(size > 0, np.sqrt(within / np.maximum(size, 1)), np.inf)
    return np.maximum(pooled_means(mean, error), 0.0), np.maximum(pooled(mean, error, draws, rng), 0.0)
