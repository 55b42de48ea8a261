"""Scores of predictive draws: what was said of each customer, as draws of the outcome, against what came.

The continuous ranked probability score is the distance of a predictive distribution from the outcome, in the unit of
the outcome; of a point forecast it is the absolute error (Gneiting & Raftery 2007, Strictly Proper Scoring Rules,
Prediction, and Estimation, JASA 102:477, 359-378, section 4.2). Lower is better, and no forecast does better on average
than the distribution that outcomes come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..ground.compiled import compiled
from ..ground.errors import InputError
from ..ground.intervals import BANDS, check_quantiles, ranks_of
from ..ground.rows import FloatArray

FEWEST_DRAWS: Final = 2
"""One draw has no spread to be fair about."""
SAME_LEVEL: Final = 1e-9
"""Difference below which two levels are the same."""


@dataclass(frozen=True, eq=False)
class OutcomeScores:
    """Scores of draws, customer by customer.

    Attributes
    ----------
    mean : array (customers,)
        Of the draws.
    quantiles : array (levels, customers)
        Each an outcome itself, not a point between two.
    crps : array (customers,)
        Fair: its mean does not depend on the number of draws, so that a single one may be below 0.
    pit : array (customers,)
        Randomised probability integral transform, uniform on (0, 1) where the outcome is one more draw.
    """

    mean: FloatArray
    quantiles: FloatArray
    crps: FloatArray
    pit: FloatArray


def score_draws(
    values: FloatArray, actual: FloatArray, levels: tuple[float, ...], uniform: FloatArray
) -> OutcomeScores:
    """Score predictive draws of customers against what came.

    The draws are sorted once, and everything is read off the sorted array.

    Parameters
    ----------
    values : array (customers, draws)
        At least two draws of each customer's outcome.
    actual : array (customers,)
    levels : tuple of float
        Of the quantiles: the smallest draw that so large a share of draws does not exceed.
    uniform : array (customers,)
        Random numbers from 0 to 1 that break the ties of the transform.

    Raises
    ------
    InputError
        Arrays that do not fit each other, fewer than two draws, a level outside (0, 1).

    Notes
    -----
    With m sorted draws the CRPS is ``mean |x - y| - sum_i (2 i - m - 1) x_(i) / (m (m - 1))``: the mean distance of
    two different draws, not of all m² pairs, which would count each draw's distance to itself (Ferro 2014, Fair scores
    for ensemble forecasts, QJRMS 140, 1917-1923).

    The transform is that of Czado, Gneiting & Held (2009, Predictive Model Assessment for Count Data, Biometrics 65,
    1254-1261) with the outcome counted among the draws: of m + 1 places it may take any of those of its equals,
    ``(below + u (equal + 1)) / (m + 1)``. It is exactly uniform, ties or not, where outcome and draws are exchangeable.

    Examples
    --------
    >>> scores = score_draws(np.array([[0.0, 1.0, 1.0]]), np.array([2.0]), (0.5,), np.array([0.5]))
    >>> scores.mean.round(3), scores.quantiles, scores.crps, scores.pit
    (array([0.667]), array([[1.]]), array([1.]), array([0.875]))
    """
    levels = check_quantiles(levels)
    draws, came, random = (np.asarray(array, dtype=np.float64) for array in (values, actual, uniform))
    _check(draws, came, random)
    ordered = np.sort(draws, axis=1)
    sums = np.empty((4, len(ordered)))
    _sweep(ordered, came, sums)
    total, distance, below, equal = sums
    size = ordered.shape[1]
    return OutcomeScores(
        mean=total / size,
        quantiles=np.ascontiguousarray(ordered[:, ranks_of(levels, size)].T),
        crps=distance,
        pit=(below + random * (equal + 1.0)) / (size + 1.0),
    )


def coverage(low: FloatArray, high: FloatArray, actual: FloatArray) -> float:
    """Share of customers whose outcome lies in their interval, ends included.

    Of whole numbers a closed interval holds more than its level even where the forecast is right: the ends themselves
    are likely outcomes. The share of transforms (`OutcomeScores.pit`) in the middle does not have this.
    """
    return float(np.mean((low <= actual) & (actual <= high)))


def coverages(
    quantiles: FloatArray, levels: tuple[float, ...], actual: FloatArray, bands: tuple[float, ...] = BANDS
) -> FloatArray:
    """`coverage` of central intervals, array (bands,); NaN where their ends are not among the levels.

    Parameters
    ----------
    quantiles : array (levels, customers)
    levels : tuple of float
    actual : array (customers,)
    bands : tuple of float
        Levels of the intervals, such as 0.9 for the one from q05 to q95.
    """
    ends = [(_place(0.5 - band / 2.0, levels), _place(0.5 + band / 2.0, levels)) for band in bands]
    return np.array(
        [
            np.nan if low is None or high is None else coverage(quantiles[low], quantiles[high], actual)
            for low, high in ends
        ]
    )


def _place(level: float, levels: tuple[float, ...]) -> int | None:
    return next((place for place, known in enumerate(levels) if abs(known - level) < SAME_LEVEL), None)


def _check(values: FloatArray, actual: FloatArray, uniform: FloatArray) -> None:
    if values.ndim != 2 or values.shape[1] < FEWEST_DRAWS:
        raise InputError(
            f"values: expected an array (customers, draws) with {FEWEST_DRAWS} draws or more, got shape {values.shape}."
        )
    for name, array in (("actual", actual), ("uniform", uniform)):
        if array.shape != (len(values),):
            raise InputError(f"{name}: expected one number for each of {len(values):,} customers, got {array.shape}.")


@compiled
def _sweep(ordered: FloatArray, actual: FloatArray, out: FloatArray) -> None:
    """Sum of draws, fair CRPS, draws below and equal to the outcome: fills `out`, array (4, customers)."""
    size = ordered.shape[1]
    for i in range(ordered.shape[0]):
        came = actual[i]
        total, error, spread, below, equal = 0.0, 0.0, 0.0, 0, 0
        for k in range(size):
            value = ordered[i, k]
            total += value
            error += abs(value - came)
            spread += (2.0 * k + 1.0 - size) * value
            below += value < came
            equal += value == came
        out[0, i] = total
        out[1, i] = error / size - spread / (size * (size - 1.0))
        out[2, i] = below
        out[3, i] = equal
