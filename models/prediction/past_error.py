"""How wrong the forecast of a total was, told in the clock and the level of amounts that would have made it right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..ground.rows import FloatArray

FARTHEST: Final = 1.5
"""Errors are looked for within a factor of e^1.5 = 4.5, both ways: an outcome of nothing has no logarithm."""
POINTS: Final = 301
"""Points of the search, between which the logarithm of the total is taken to be straight: one a percent."""
FEWEST_DRAWS: Final = 10
"""Draws with a purchase that the chance of an amount per purchase is measured on, at least."""


@dataclass(frozen=True)
class PastError:
    """Error of one forecast of totals, as `discrepancy.learn` reads it.

    Attributes
    ----------
    clock : float
        Logarithm of the elapsed time at which the expected total equals what came, over that of the forecast.
    clock_chance : float
        Variance of `clock` by parameters and chance.
    level : float
        Logarithm of what was paid per purchase, over what was expected; nan where nothing was paid, or expected to be.
    level_chance : float
    """

    clock: float
    clock_chance: float
    level: float = np.nan
    level_chance: float = np.nan


def reach_of_search(elapsed: float) -> float:
    """The longest elapsed time whose expected total the search may ask for."""
    return float(elapsed * np.exp(FARTHEST))


def search_times(elapsed: float) -> FloatArray:
    """Elapsed times at which the expected total must be known, array (points,)."""
    return np.asarray(elapsed * np.exp(np.linspace(-FARTHEST, FARTHEST, POINTS)))


def error_of_clock(expected: FloatArray, actual: float, total: FloatArray) -> tuple[float, float]:
    """Error of the clock and its variance by chance.

    Parameters
    ----------
    expected : array (points,)
        Expected total purchases at `search_times`.
    actual : float
        What came.
    total : array (draws,)
        Draws of the forecast, of parameters and chance alone.
    """
    steps, logs = np.linspace(-FARTHEST, FARTHEST, POINTS), np.log(expected)
    middle = POINTS // 2
    slope = (logs[middle + 1] - logs[middle - 1]) / (steps[middle + 1] - steps[middle - 1])
    # no less than that of a Poisson count: a small base may have drawn the same total, such as none, every time
    chance = max(float(np.var(total)), float(expected[middle])) / float(expected[middle]) ** 2 / slope**2
    return float(np.interp(np.log(max(actual, np.exp(logs[0]))), logs, steps)), float(chance)


def error_of_level(
    expected: tuple[float, float], actual: tuple[float, float], total: tuple[FloatArray, FloatArray]
) -> tuple[float, float]:
    """Error of the amount per purchase and its variance by chance; each pair is of purchases and of spend."""
    if not (actual[0] > 0.0 and actual[1] > 0.0):
        return np.nan, np.nan
    error = np.log(actual[1] / actual[0]) - np.log(expected[1] / expected[0])
    bought = (total[0] > 0.0) & (total[1] > 0.0)
    if bought.sum() < FEWEST_DRAWS:
        return np.nan, np.nan
    return float(error), float(np.var(np.log(total[1][bought] / total[0][bought])))
