"""The first order of a new customer, from the first orders that were seen."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..ground.pooling import pooled, pooled_means
from ..ground.rows import FloatArray, IntArray
from ..ground.summary import MONEY, CustomerSummary

FEWEST: Final = 2
"""Customers that a standard error of their mean takes."""
TYPICAL: Final = 20.0
"""The variance of amounts in all kinds together counts as so many customers of each."""


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
    summary: CustomerSummary, kind: IntArray, later: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray] | None:
    """Mean amount of first purchases by kind of customer: posterior mean (kinds,) and draws (kinds, draws).

    Kinds are pooled partially (`ground.pooling`): one with few customers is near the others. The same customers tell of
    first and of later orders: who spends much at first spends much later, and so draws of the two go together, as far
    as amounts of customers do. None where first purchases are not known.

    Parameters
    ----------
    kind : array (customers,)
    later : array (kinds, draws)
        Draws of the mean amount of later orders, of as many kinds and draws.
    """
    kinds, draws = later.shape
    amounts = first_amounts(summary)
    if amounts is None:
        return None
    known = np.isfinite(amounts)
    if known.sum() < FEWEST or not amounts[known].var() > 0.0:
        return None
    size = np.bincount(kind[known], minlength=kinds)
    mean = np.bincount(kind[known], amounts[known], minlength=kinds) / np.maximum(size, 1)
    squares = np.bincount(kind[known], (amounts[known] - mean[kind[known]]) ** 2.0, minlength=kinds)
    # the variance of a small kind cannot be told by itself
    within = squares.sum() / max(int(known.sum() - (size > 0).sum()), 1)
    variance = (TYPICAL * within + squares) / (TYPICAL + np.maximum(size - 1, 0))
    error = np.where(size > 0, np.sqrt(variance / np.maximum(size, 1)), np.inf)
    drawn = np.maximum(pooled(mean, error, draws, rng), 0.0)
    return np.maximum(pooled_means(mean, error), 0.0), _tied(drawn, later, _alike(summary, amounts, known), rng)


def _alike(summary: CustomerSummary, amounts: FloatArray, known: NDArray[np.bool_]) -> float:
    """Correlation over customers of the first amount with the mean of all: 1 where nobody came back."""
    every = summary.frame[MONEY[1]].to_numpy(float)[known]
    return float(np.clip(np.corrcoef(amounts[known], every)[0, 1], 0.0, 1.0)) if every.var() > 0.0 else 0.0


def _tied(drawn: FloatArray, later: FloatArray, correlation: float, rng: np.random.Generator) -> FloatArray:
    """The same draws of each kind in an order that goes with those of `later` (Iman & Conover 1982)."""
    spread = later.std(axis=1, keepdims=True)
    score = np.divide(later - later.mean(axis=1, keepdims=True), spread, out=np.zeros_like(later), where=spread > 0.0)
    score = correlation * score + np.sqrt(1.0 - correlation**2) * rng.standard_normal(later.shape)
    ranks = score.argsort(axis=1).argsort(axis=1)
    return np.take_along_axis(np.sort(drawn, axis=1), ranks, axis=1)
