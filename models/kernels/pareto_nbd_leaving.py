r"""Compiled work of the Pareto/NBD: the share of customers who leave before their next purchase, as short series.

Of customers with x repeat purchases, alive at t, it is

.. math:: \sigma_x(t) = s \int_0^\infty (1+yw)^{-(r+x)} (1+w)^{-(s+1)}\,dw, \quad y = \frac{\beta+t}{\alpha+t}.

Given the parameters, sigma depends on time through log y alone, in which it is analytic: for each x it is a short
Chebyshev series. At a node all x follow from one quadrature: integrated by parts,

.. math:: (r+x+s)\,\sigma_x = s - (r+x)(y-1)\,\sigma_{x+1},

in which errors shrink downwards while (r+x)(y-2) < s, and upwards from there.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from ..ground.chebyshev import terms_needed
from ..ground.compiled import compiled
from ..ground.rows import FloatArray, IntArray

LOG_NEGLIGIBLE: Final = 40.0
"""Integrands are followed until they have fallen to e^-40 (4e-18) of where they began."""
PANEL: Final = 6.0
"""Longest panel on a logarithmic axis: integrands are analytic within pi/2 of it, so that 32 nodes err by 1e-14."""
NODES, WEIGHTS = np.polynomial.legendre.leggauss(32)
STRIP: Final = 0.5 * math.pi
"""Sigma is analytic and bounded within pi/2 of the real axis of log y: there |1 + yw| >= 1. So are integrands."""
DIGITS: Final = 37.0
"""Series in log y are taken to e^-37 (1e-16)."""
SMALLEST_REACH: Final = 0.05
"""Half the range of log y is at least this, so that rounding cannot leave it where alpha and beta are alike."""
SHORT: Final = 8.0
"""For r + x of at least this the quadrature fits one panel: lower x are reached from there by the recurrence."""
SERIES: Final = 4
"""Series for each x: sigma, its slopes by r and by s, and (r+x)(sigma_x - sigma_x+1), minus its slope by log y."""
SIGMA, BY_R, BY_S, BY_LOG_Y = range(SERIES)


@compiled
def clock_of(theta: FloatArray, times: FloatArray, middle: float, reach: float) -> FloatArray:
    """log(1 + t/alpha), log(1 + t/beta), y and the argument of the series, array (times, 4)."""
    log_ratio = math.log(theta[3] / theta[1])
    out = np.empty((times.shape[0], 4))
    for k in range(times.shape[0]):
        out[k, 0], out[k, 1] = math.log1p(times[k] / theta[1]), math.log1p(times[k] / theta[3])
        ends = times[k] < math.inf
        out[k, 2] = (theta[3] + times[k]) / (theta[1] + times[k]) if ends else 1.0
        out[k, 3] = ((log_ratio + out[k, 1] - out[k, 0] if ends else 0.0) - middle) / reach
    return out


@compiled
def _log_y(alpha: float, beta: float, time: float) -> float:
    """Logarithm of y; it ends at 0 where time does not end."""
    if time == math.inf:
        return 0.0
    return math.log(beta / alpha) + math.log1p(time / beta) - math.log1p(time / alpha)


@compiled
def leaving_series(
    theta: FloatArray, x_values: IntArray, shortest: float, longest: float
) -> tuple[FloatArray, float, float]:
    """Chebyshev series of sigma and its slopes between two times, each times (r+x) y + s.

    Array (x values, terms, SERIES), the middle of the range of log y, and half its length. With the factor sigma is
    alike in size at all times, so that it is told to as many digits where it is small.
    """
    r, alpha, s, beta = theta[0], theta[1], theta[2], theta[3]
    one, other = _log_y(alpha, beta, shortest), _log_y(alpha, beta, longest)
    middle, reach = 0.5 * (one + other), max(0.5 * abs(one - other), SMALLEST_REACH)
    terms = terms_needed(reach, STRIP, DIGITS)
    at_node = np.empty((x_values.shape[0], SERIES))
    series = np.zeros((x_values.shape[0], terms, SERIES))
    for k in range(terms):
        angle = (k + 0.5) * math.pi / terms
        y = math.exp(middle + reach * math.cos(angle))
        leaving_at_node(r, s, x_values, y, at_node)
        for j in range(x_values.shape[0]):
            at_node[j] *= (r + x_values[j]) * y + s
        for m in range(terms):
            weight = math.cos(m * angle) * (1.0 if m == 0 else 2.0) / terms
            for j in range(x_values.shape[0]):
                for c in range(SERIES):
                    series[j, m, c] += weight * at_node[j, c]
    return series, middle, reach


@compiled
def leaving_at_node(r: float, s: float, x_values: IntArray, y: float, out: FloatArray) -> None:
    """Sigma and its slopes for ascending x, filling array (x values, SERIES): a quadrature and the recurrence."""
    above = x_values[-1] + 1
    anchor = max(above, math.ceil(max(SHORT - r, 0.0)))
    if y > 2.0:
        anchor = int(min(float(anchor), max(0.0 if r >= 1.0 else 1.0, s / (y - 2.0) - r)))
    at_anchor = _leaving(r + anchor, s, y)
    at = np.searchsorted(x_values, anchor)

    (sigma, by_r, by_s), j = at_anchor, at - 1
    for x in range(anchor - 1, x_values[0] - 1, -1):
        n, pull = r + x, (r + x) * (y - 1.0)
        next_sigma = sigma
        sigma = (s - pull * next_sigma) / (n + s)
        by_r = -(sigma + (y - 1.0) * next_sigma + pull * by_r) / (n + s)
        by_s = (1.0 - sigma - pull * by_s) / (n + s)
        if x == x_values[j]:
            out[j, SIGMA], out[j, BY_R], out[j, BY_S], out[j, BY_LOG_Y] = sigma, by_r, by_s, n * (sigma - next_sigma)
            j -= 1

    (sigma, by_r, by_s), j = at_anchor, at
    for x in range(anchor, above):
        n, pull = r + x, (r + x) * (y - 1.0)
        next_sigma = (s - (n + s) * sigma) / pull
        if x == x_values[j]:
            out[j, SIGMA], out[j, BY_R], out[j, BY_S], out[j, BY_LOG_Y] = sigma, by_r, by_s, n * (sigma - next_sigma)
            j += 1
        by_r = -(sigma + (y - 1.0) * next_sigma + (n + s) * by_r) / pull
        by_s = (1.0 - sigma - (n + s) * by_s) / pull
        sigma = next_sigma


@compiled
def _leaving(n: float, s: float, y: float) -> tuple[float, float, float]:
    """Sigma for n = r + x of at least 1, and its slopes by n and s: Gauss-Legendre on a logarithmic axis.

    The axis is the logarithm of the faster factor of the integrand, 1 + yw or 1 + w.
    """
    if y >= 1.0:
        by_dropout = math.log1p(y * math.expm1(LOG_NEGLIGIBLE / (s + 1.0)))
        length = min(LOG_NEGLIGIBLE / (n - 1.0), by_dropout)
    else:
        length = min(LOG_NEGLIGIBLE / s, math.log1p(math.expm1(LOG_NEGLIGIBLE / n) / y))
    panels = math.ceil(length / PANEL)
    half = 0.5 * length / panels
    total = by_n = by_s = 0.0
    for p in range(panels):
        for q in range(NODES.shape[0]):
            v = half * (2.0 * p + 1.0 + NODES[q])
            if y >= 1.0:
                log_n, log_s = v, math.log1p(math.expm1(v) / y)
                term = WEIGHTS[q] * math.exp((1.0 - n) * v - (s + 1.0) * log_s)
            else:
                log_n, log_s = math.log1p(math.expm1(v) * y), v
                term = WEIGHTS[q] * math.exp(-n * log_n - s * v)
            total += term
            by_n += term * log_n
            by_s += term * log_s
    scale = half / max(y, 1.0)
    return s * scale * total, -s * scale * by_n, scale * (total - s * by_s)
