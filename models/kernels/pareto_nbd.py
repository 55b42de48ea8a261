r"""Compiled work of the Pareto/NBD: the likelihood of rows.

Cells of few rows are worked on row by row, cells of many along series; see `kernels.pareto_nbd_silence`.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from ..ground.compiled import compiled
from ..ground.rows import FloatArray, IntArray, KernelRows
from .pareto_nbd_leaving import BY_LOG_Y, BY_R, BY_S, SERIES, SIGMA, clock_of, leaving_series
from .pareto_nbd_silence import are_possible, pays_series, silence_of

SMALLEST_FACTOR: Final = 1e-100
SMALLEST_PRODUCT: Final = 1e-200
"""A product of probabilities, each above the first, is logged as soon as it is below the second."""
LARGEST_PRODUCT: Final = 1e200
"""So is a product of (r+x)/alpha, each between 1e-100 and 1e100, once it is above this one."""
LOG_A, WEIGHT = SERIES, SERIES + 1
"""Further columns of a table of times: log A from time 0, and the weight of the rows that meet there."""
START, END = 1.0, -1.0
"""Sign of sigma in P: at the last purchase and at the cut-off."""


@compiled
def pareto_nbd_log_likelihood(theta: FloatArray, rows: KernelRows, gradient: FloatArray) -> float:
    """Weighted log likelihood of distinct rows; fills `gradient` by r, alpha, s, beta of each cell.

    `theta` and `gradient` are arrays (4, cells).
    """
    total = 0.0
    for c in range(theta.shape[1]):
        low, high = rows.first[c], rows.first[c + 1]
        gradient[:, c] = 0.0
        if not are_possible(theta[0, c], theta[1, c], theta[2, c], theta[3, c]):
            total = -math.inf
        elif pays_series(high - low, rows.x[high - 1] - rows.x[low]):
            total += _log_likelihood_along_series(theta[:, c].copy(), _cell(rows, c), gradient[:, c])
        else:
            total += _log_likelihood_one_by_one(theta, rows, c, gradient)
    return total


@compiled
def _log_likelihood_one_by_one(theta: FloatArray, rows: KernelRows, c: int, gradient: FloatArray) -> float:
    """Log likelihood of one cell, each row by a quadrature of its own; fills a column of `gradient`."""
    r, alpha, s, beta = theta[0, c], theta[1, c], theta[2, c], theta[3, c]
    total = by_r = by_alpha = by_s = by_beta = 0.0
    x, base, product, base_slope = 0, 0.0, 1.0, 0.0  # log G(r+x)/G(r) alpha^-x is base + log(product)
    for i in range(rows.first[c], rows.first[c + 1]):
        while x < rows.x[i]:
            product *= (r + x) / alpha
            base_slope += 1.0 / (r + x)
            x += 1
            if not SMALLEST_PRODUCT < product < LARGEST_PRODUCT:
                base += math.log(product)
                product = 1.0
        w, t = rows.weight[i], rows.recencies[rows.recency_index[i]]
        n, a, b = r + x, alpha + t, beta + t
        log_alpha, log_beta = math.log1p(t / alpha), math.log1p(t / beta)
        silent, d_n, d_s, d_log_a, d_log_b = silence_of(n, s, a, b, rows.Ts[rows.T_index[i]] - t)
        total += w * (base + math.log(product * silent) - n * log_alpha - s * log_beta)
        by_r += w * (base_slope - log_alpha + d_n / silent)
        by_alpha += w * ((n * t / alpha + d_log_a / silent) / a - x / alpha)
        by_s += w * (d_s / silent - log_beta)
        by_beta += w * (s * t / beta + d_log_b / silent) / b
    gradient[0, c], gradient[1, c], gradient[2, c], gradient[3, c] = by_r, by_alpha, by_s, by_beta
    return total


@compiled
def _cell(rows: KernelRows, c: int) -> KernelRows:
    """Rows of one cell, as if there were no other."""
    low, high = rows.first[c], rows.first[c + 1]
    t_low, t_high = rows.first_recency[c], rows.first_recency[c + 1]
    T_low, T_high = rows.first_end[c], rows.first_end[c + 1]
    return KernelRows(
        rows.x[low:high], rows.recency_index[low:high] - t_low, rows.T_index[low:high] - T_low, rows.weight[low:high],
        rows.recencies[t_low:t_high], rows.Ts[T_low:T_high], np.array([0, high - low]), np.array([0, t_high - t_low]),
        np.array([0, T_high - T_low]),
    )  # fmt: skip


@compiled
def _log_likelihood_along_series(theta: FloatArray, rows: KernelRows, gradient: FloatArray) -> float:
    """Log likelihood of the rows of one cell; fills `gradient`, array (4,).

    For each x, sigma is tabulated at all times, or only at those of its rows if these are few; then a row costs an
    exponential. What its slope owes to sigma is gathered by time first.
    """
    r, alpha = theta[0], theta[1]
    x_values, first = _blocks_of_x(rows.x)
    shortest, longest = min(rows.recencies.min(), rows.Ts.min()), max(rows.recencies.max(), rows.Ts.max())
    series, middle, reach = leaving_series(theta, x_values, shortest, longest)
    starts, ends = rows.recencies.shape[0], rows.Ts.shape[0]
    start_clock, end_clock = clock_of(theta, rows.recencies, middle, reach), clock_of(theta, rows.Ts, middle, reach)
    at_start, at_end = np.empty((2, max(starts, ends), WEIGHT + 1))
    all_starts, all_ends = np.arange(starts), np.arange(ends)

    total, product = 0.0, 1.0
    x, base, base_slope = 0, 0.0, 0.0  # log G(r+x)/G(r) alpha^-x and its slope by r
    for j in range(x_values.shape[0]):
        while x < x_values[j]:
            base += math.log((r + x) / alpha)
            base_slope += 1.0 / (r + x)
            x += 1
        low, high = first[j], first[j + 1]
        tabulated = 2 * (high - low) > starts + ends
        start_times = all_starts if tabulated else rows.recency_index[low:high]
        end_times = all_ends if tabulated else rows.T_index[low:high]
        _tabulate(theta, x, series[j], start_clock, start_times, at_start)
        _tabulate(theta, x, series[j], end_clock, end_times, at_end)
        customers = 0.0
        for i in range(low, high):
            start, end = (rows.recency_index[i], rows.T_index[i]) if tabulated else (i - low, i - low)
            w = rows.weight[i]
            customers += w
            alive = math.exp(at_end[end, LOG_A] - at_start[start, LOG_A])
            silent = at_start[start, SIGMA] + alive * (1.0 - at_end[end, SIGMA])
            at_start[start, WEIGHT] += w / silent
            at_end[end, WEIGHT] += w * alive / silent
            total += w * at_start[start, LOG_A]
            # logarithms of single customers are taken of their product
            if w == 1.0 and silent > SMALLEST_FACTOR:
                product *= silent
                if product < SMALLEST_PRODUCT:
                    total += math.log(product)
                    product = 1.0
            else:
                total += w * math.log(silent)
        total += customers * base
        gradient[0] += customers * base_slope
        gradient[1] -= customers * x / alpha
        _add_slopes(theta, x, START, start_clock, start_times, at_start, gradient)
        _add_slopes(theta, x, END, end_clock, end_times, at_end, gradient)
    return total + math.log(product)


@compiled
def _blocks_of_x(x: IntArray) -> tuple[IntArray, IntArray]:
    """Distinct values of sorted x, array (values,), and where each begins, array (values + 1,)."""
    begins = np.empty(x.shape[0] + 1, dtype=np.int64)
    blocks = 0
    for i in range(x.shape[0]):
        if i == 0 or x[i] != x[i - 1]:
            begins[blocks] = i
            blocks += 1
    begins[blocks] = x.shape[0]
    return x[begins[:blocks]], begins[: blocks + 1]


@compiled
def _tabulate(
    theta: FloatArray, x: int, series: FloatArray, clock: FloatArray, times: IntArray, table: FloatArray
) -> None:
    """Fill rows of `table` for the times given by index; no rows have met there yet."""
    for c in range(times.shape[0]):
        log_alpha, log_beta, y, z = clock[times[c]]
        scale = 1.0 / ((theta[0] + x) * y + theta[2])
        before, now = 1.0, z
        sigma = series[0, SIGMA] + z * series[1, SIGMA]
        by_r = series[0, BY_R] + z * series[1, BY_R]
        by_s = series[0, BY_S] + z * series[1, BY_S]
        by_log_y = series[0, BY_LOG_Y] + z * series[1, BY_LOG_Y]
        for m in range(2, series.shape[0]):
            before, now = now, 2.0 * z * now - before
            sigma += now * series[m, SIGMA]
            by_r += now * series[m, BY_R]
            by_s += now * series[m, BY_S]
            by_log_y += now * series[m, BY_LOG_Y]
        table[c, SIGMA], table[c, BY_R] = scale * sigma, scale * by_r
        table[c, BY_S], table[c, BY_LOG_Y] = scale * by_s, scale * by_log_y
        table[c, LOG_A] = -(theta[0] + x) * log_alpha - theta[2] * log_beta
        table[c, WEIGHT] = 0.0


@compiled
def _add_slopes(
    theta: FloatArray,
    x: int,
    sign: float,
    clock: FloatArray,
    times: IntArray,
    table: FloatArray,
    gradient: FloatArray,
) -> None:
    """Add to `gradient` what the rows gathered in `table` owe to A and sigma at their last purchase, or cut-off."""
    n, alpha, s, beta = theta[0] + x, theta[1], theta[2], theta[3]
    by_r = by_alpha = by_s = by_beta = 0.0
    for c in range(times.shape[0]):
        w = table[c, WEIGHT]
        if w > 0.0:
            log_alpha, log_beta, _, _ = clock[times[c]]
            share = w * (table[c, SIGMA] if sign == START else 1.0 - table[c, SIGMA])
            slope = sign * w * table[c, BY_LOG_Y]
            by_r += sign * w * table[c, BY_R] - share * log_alpha
            by_s += sign * w * table[c, BY_S] - share * log_beta
            passed_alpha, passed_beta = -math.expm1(-log_alpha), -math.expm1(-log_beta)
            by_alpha += share * n * passed_alpha + slope * (1.0 - passed_alpha)
            by_beta += share * s * passed_beta - slope * (1.0 - passed_beta)
    gradient[0] += by_r
    gradient[1] += by_alpha / alpha
    gradient[2] += by_s
    gradient[3] += by_beta / beta
