"""Chebyshev series: functions that are smooth on an interval, kept as a few numbers.

Trefethen (2013), Approximation Theory and Approximation Practice, chapters 3, 8 and 19; Clenshaw (1955).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.interpolate import BarycentricInterpolator

from .compiled import compiled
from .rows import FloatArray


@compiled
def terms_needed(reach: float, strip: float, digits: float) -> int:
    """Terms for a function on an interval of half length `reach` that is analytic and bounded within `strip` of it.

    The coefficients fall to e^-`digits` of the bound.
    """
    height = strip / reach
    return math.ceil(digits / math.log(height + math.sqrt(1.0 + height * height)))


@compiled
def clenshaw(series: FloatArray, z: float) -> float:
    """Sum of a series, array (terms,), at z in [-1, 1]."""
    later, latest = 0.0, 0.0
    for m in range(series.shape[0] - 1, 0, -1):
        later, latest = 2.0 * z * later - latest + series[m], later
    return float(z * later - latest + series[0])


@compiled
def clenshaw_along(series: FloatArray, z: FloatArray, out: FloatArray, scratch: FloatArray) -> None:
    """Sums of a series at each z, array (points,), filling `out`; `scratch` is another array (points,).

    Term by term for all points: no point waits for another, so that the processor takes several at a time.
    """
    out[:] = 0.0
    scratch[:] = 0.0
    for m in range(series.shape[0] - 1, 0, -1):
        term = series[m]
        for k in range(z.shape[0]):
            later = out[k]
            out[k] = 2.0 * z[k] * later - scratch[k] + term
            scratch[k] = later
    for k in range(z.shape[0]):
        out[k] = z[k] * out[k] - scratch[k] + series[0]


def chebyshev_points(length: float, count: int) -> FloatArray:
    """Chebyshev points of the second kind on [0, length], ascending from 0, array (count,)."""
    return np.asarray(0.5 * length * (1.0 - np.cos(np.pi * np.arange(count) / (count - 1))))


def barycentric_weights(count: int) -> FloatArray:
    """Weights of so many Chebyshev points in the barycentric formula, array (count,)."""
    weights = np.where(np.arange(count) % 2 == 0, 1.0, -1.0)
    weights[[0, -1]] *= 0.5
    return weights


def lagrange_polynomials(points: FloatArray, at: FloatArray) -> FloatArray:
    """Each polynomial that is 1 at one Chebyshev point and 0 at the others, array (…, points)."""
    count = len(points)
    return np.asarray(BarycentricInterpolator(points, np.eye(count), wi=barycentric_weights(count))(at))
