"""Compiled likelihood of the beta-geometric models.

Both models of the family toss k coins for x repeat purchases: BG/NBD none at the first purchase (k = x), MBG/NBD
one (k = x + 1). Everything else is the same, so that `extra_tosses`, 0 or 1, tells them apart.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from ..ground.compiled import compiled
from ..ground.rows import FloatArray, KernelRows

LARGEST_LOG_ODDS: Final = 700.0
"""Odds of being alive beyond e^700 are certain in double precision; e^700 itself is still finite."""
LARGEST_FACTOR: Final = 1e100
LARGEST_PRODUCT: Final = 1e200
"""A product of factors, each below the first, is logged before it passes the second by more than one of them."""
BASE, BY_R, BY_B, BY_AB, ODDS, OVER_B = range(6)
"""Rows of a table by x: log G(r+x)/G(r) B(a,b+k)/B(a,b) alpha^-x, its slopes by r, by b, by a+b; log a/(b+k-1) and
1/(b+k-1)."""


@compiled
def rows_log_likelihood(theta: FloatArray, rows: KernelRows, extra_tosses: int, gradient: FloatArray) -> float:
    """Weighted log likelihood of distinct rows; fills `gradient` by r, alpha, a, b of each cell.

    `theta` and `gradient` are arrays (4, cells). What depends on x, on t_x or on T alone is tabulated first, so that
    a row costs one exponential.
    """
    by_x = np.empty((6, rows.x.max() + 1))
    by_T, by_recency = np.empty((2, rows.Ts.shape[0])), np.empty((2, rows.recencies.shape[0]))
    total = 0.0
    for c in range(theta.shape[1]):
        r, alpha, a, b = theta[0, c], theta[1, c], theta[2, c], theta[3, c]
        low, high = rows.first[c], rows.first[c + 1]
        _tabulate_by_x(r, alpha, a, b, rows.x[high - 1] + 1, extra_tosses, by_x)
        _tabulate_times(alpha, rows.Ts, rows.first_end[c], rows.first_end[c + 1], by_T)
        _tabulate_times(alpha, rows.recencies, rows.first_recency[c], rows.first_recency[c + 1], by_recency)
        slope_a0 = 1.0 / a
        g_r = g_alpha = g_a = g_b = 0.0
        product = 1.0
        for i in range(low, high):
            x, j, w = rows.x[i], rows.T_index[i], rows.weight[i]
            n = r + x
            log_T, passed_T = by_T[0, j], by_T[1, j]
            term = by_x[BASE, x] - n * log_T
            d_r = by_x[BY_R, x] - log_T
            d_alpha = n * passed_T - x
            # B(a, b) itself moves with a: psi(a+b) - psi(a+b+k) is in BY_AB
            d_a = -by_x[BY_AB, x]
            d_b = by_x[BY_B, x] - by_x[BY_AB, x]
            if x + extra_tosses > 0:
                m = rows.recency_index[i]
                gap = log_T - by_recency[0, m]
                log_odds_gone = by_x[ODDS, x] + n * gap
                # log(1 + e^d) = d + log(1 + e^-d); logarithms of single customers are taken of their product
                log_odds_gone = max(log_odds_gone, -LARGEST_LOG_ODDS)
                alive = math.exp(-log_odds_gone)
                gone = 1.0 / (1.0 + alive)
                term += log_odds_gone
                if w == 1.0 and alive < LARGEST_FACTOR:
                    product *= 1.0 + alive
                    if product > LARGEST_PRODUCT:
                        total += math.log(product)
                        product = 1.0
                else:
                    term += math.log1p(alive)
                d_r += gone * gap
                d_alpha -= gone * n * (passed_T - by_recency[1, m])
                d_a += gone * slope_a0
                d_b -= gone * by_x[OVER_B, x]
            total += w * term
            g_r += w * d_r
            g_alpha += w * d_alpha
            g_a += w * d_a
            g_b += w * d_b
        gradient[0, c], gradient[1, c], gradient[2, c], gradient[3, c] = g_r, g_alpha / alpha, g_a, g_b
        total += math.log(product)
    return total


@compiled
def _tabulate_by_x(r: float, alpha: float, a: float, b: float, size: int, extra_tosses: int, out: FloatArray) -> None:
    """Fill array (6, at least `size`) with what depends on x alone, for x below `size`; see `BASE` and so on."""
    value = slope_r = slope_b = slope_ab = 0.0
    if extra_tosses == 1:
        value, slope_b, slope_ab = math.log(b / (a + b)), 1.0 / b, 1.0 / (a + b)
    for x in range(size):
        k = x + extra_tosses
        out[BASE, x], out[BY_R, x], out[BY_B, x], out[BY_AB, x] = value, slope_r, slope_b, slope_ab
        if k > 0:
            out[OVER_B, x] = 1.0 / (b + k - 1.0)
            out[ODDS, x] = math.log(a * out[OVER_B, x])
        if x + 1 < size:
            value += math.log((r + x) / alpha * (b + k) / (a + b + k))
            slope_r += 1.0 / (r + x)
            slope_b += 1.0 / (b + k)
            slope_ab += 1.0 / (a + b + k)


@compiled
def _tabulate_times(alpha: float, times: FloatArray, low: int, high: int, out: FloatArray) -> None:
    """Fill array (2, times) with log(1 + t/alpha) and t/(alpha+t), from `low` to before `high`."""
    for j in range(low, high):
        out[0, j], out[1, j] = math.log1p(times[j] / alpha), times[j] / (alpha + times[j])


@compiled
def beta_geo_log_likelihood(theta: FloatArray, rows: KernelRows, gradient: FloatArray) -> float:
    """Weighted log likelihood of the BG/NBD over distinct rows; fills `gradient`, array (4, cells)."""
    return rows_log_likelihood(theta, rows, 0, gradient)


@compiled
def modified_beta_geo_log_likelihood(theta: FloatArray, rows: KernelRows, gradient: FloatArray) -> float:
    """Weighted log likelihood of the MBG/NBD over distinct rows; fills `gradient`, array (4, cells)."""
    return rows_log_likelihood(theta, rows, 1, gradient)
