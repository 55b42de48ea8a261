r"""Compiled work of the Pareto/NBD: the probability of silence, and with it the likelihood of rows.

Silence. Of customers with x repeat purchases, alive at t, the share that leaves before the next purchase is

.. math:: \sigma_x(t) = s \int_0^\infty (1+yw)^{-(r+x)} (1+w)^{-(s+1)}\,dw, \quad y = \frac{\beta+t}{\alpha+t},

and the share that is silent until T is made of them, and of those alive and silent at T who will buy again:

.. math:: P(t, T) = \sigma_x(t) + A\,(1-\sigma_x(T)), \quad
          A = \left(\frac{\alpha+t}{\alpha+T}\right)^{r+x} \left(\frac{\beta+t}{\beta+T}\right)^{s}.

Numbers between 0 and 1, added: nothing overflows or cancels, whatever x, nor at T = t. The integral from t to T that
note 009 of Fader & Hardie solves by hypergeometric functions is a difference of two such tails.

Speed. Given the parameters, sigma depends on time through log y alone, in which it is analytic: for each x it is a
short Chebyshev series (Trefethen 2013, Approximation Theory and Approximation Practice, chapter 8). At a node all x
follow from one quadrature: integrated by parts,

.. math:: (r+x+s)\,\sigma_x = s - (r+x)(y-1)\,\sigma_{x+1},

in which errors shrink downwards while (r+x)(y-2) < s, and upwards from there.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from .ground.compiled import compiled
from .ground.rows import DistinctRows, FloatArray, IntArray, KernelRows
from .ground.units import LAST_DISCOUNT

LOG_NEGLIGIBLE: Final = 40.0
"""Integrands are followed until they have fallen to e^-40 (4e-18) of where they began."""
PANEL: Final = 6.0
"""Longest panel on a logarithmic axis: integrands are analytic within pi/2 of it, so that 32 nodes err by 1e-14."""
NODES, WEIGHTS = np.polynomial.legendre.leggauss(32)
STRIP: Final = 0.5 * math.pi
"""Sigma is analytic and bounded within pi/2 of the real axis of log y: there |1 + yw| >= 1."""
DIGITS: Final = 37.0
"""Series in log y are taken to e^-37 (1e-16)."""
SMALLEST_REACH: Final = 0.05
"""Half the range of log y is at least this, so that rounding cannot leave it where alpha and beta are alike."""
LARGEST_LOG: Final = 115.0
"""Parameters beyond e^115 (1e50) times the unit of time, or below its inverse, are no parameters of customers."""
NEWTON_STEPS: Final = 6
"""Steps from a bound on the reach of an integrand to its reach, each at least halving what is too much."""
SMALLEST_FACTOR: Final = 1e-100
SMALLEST_PRODUCT: Final = 1e-200
"""A product of probabilities, each above the first, is logged as soon as it is below the second."""
SERIES: Final = 4
"""Series for each x: sigma, its slopes by r and by s, and (r+x)(sigma_x - sigma_x+1), minus its slope by log y."""
SIGMA, BY_R, BY_S, BY_LOG_Y, LOG_A, WEIGHT = range(6)
"""Columns of a table of times: values of the series, log A from time 0, and the weight of the rows that meet there."""
START, END = 1.0, -1.0
"""Sign of sigma in P: at the last purchase and at the cut-off."""


@compiled
def pareto_nbd_log_likelihood(theta: FloatArray, rows: KernelRows, gradient: FloatArray) -> float:
    """Weighted log likelihood of distinct rows; fills `gradient` by r, alpha, s, beta, array (4, cells)."""
    total = 0.0
    for c in range(theta.shape[1]):
        slope = np.empty(4)
        total += _cell_log_likelihood(theta[:, c].copy(), _cell(rows, c), slope)
        gradient[:, c] = slope
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
def _cell_log_likelihood(theta: FloatArray, rows: KernelRows, gradient: FloatArray) -> float:
    """Weighted log likelihood of the rows of one cell, sorted by x; fills `gradient` by r, alpha, s, beta.

    For each x, sigma is tabulated at all times, or only at those of its rows if these are few; then a row costs an
    exponential. What its slope owes to sigma is gathered by time first.
    """
    gradient[:] = 0.0
    if not _are_possible(theta):
        return -math.inf
    r, alpha = theta[0], theta[1]
    x_values, first = _blocks_of_x(rows.x)
    shortest, longest = min(rows.recencies.min(), rows.Ts.min()), max(rows.recencies.max(), rows.Ts.max())
    series, middle, reach = _leaving_series(theta, x_values, shortest, longest)
    starts, ends = rows.recencies.shape[0], rows.Ts.shape[0]
    start_clock, end_clock = _clock(theta, rows.recencies, middle, reach), _clock(theta, rows.Ts, middle, reach)
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


def silence(theta: FloatArray, x: IntArray, start: FloatArray, end: FloatArray) -> FloatArray:
    """P from start to end: the probability that a customer with x repeat purchases, alive at start, buys nothing.

    The end may be infinite: then it is sigma. `theta`, array (4, …), broadcasts against `x`, `start`, `end`. Where
    parameters and customers lie along different axes, customers who share a row are computed once for each draw.
    """
    customers = np.broadcast_shapes(np.shape(x), np.shape(start), np.shape(end))
    shape = np.broadcast_shapes(theta.shape[1:], customers)
    if 0 in shape:
        return np.empty(shape)
    draws_shape = (1,) * (len(shape) - theta.ndim + 1) + theta.shape[1:]
    rows_shape = (1,) * (len(shape) - len(customers)) + customers
    if any(d > 1 and c > 1 for d, c in zip(draws_shape, rows_shape, strict=True)):
        flat = [np.broadcast_to(values, shape).ravel() for values in (*theta, x, start, end)]
        each = np.empty(len(flat[0]))
        _silence_one_by_one(np.stack(flat[:4]), flat[4].astype(np.int64), flat[5], flat[6], each)
        return each.reshape(shape)
    counts = np.broadcast_to(x, customers).ravel().astype(np.int64)
    since, until = (np.broadcast_to(values, customers).ravel().astype(np.float64) for values in (start, end))
    rows = DistinctRows.collapse(counts, since, until)
    distinct = rows.for_kernel(1.0)
    out = np.empty((theta[0].size, len(rows)))
    _silence_of_rows(
        np.ascontiguousarray(theta.reshape(4, -1)), distinct.x, distinct.recency_index, distinct.T_index,
        distinct.recencies, distinct.Ts, out,
    )  # fmt: skip
    axes = np.arange(2 * len(shape)).reshape(2, -1).T.ravel()  # (draws axes, row axes) to pairs, one of each is 1
    return np.ascontiguousarray(out[:, rows.inverse].reshape(draws_shape + rows_shape).transpose(axes).reshape(shape))


@compiled
def _silence_of_rows(
    theta: FloatArray,
    x: IntArray,
    start_index: IntArray,
    end_index: IntArray,
    starts: FloatArray,
    ends: FloatArray,
    out: FloatArray,
) -> None:
    """P from start to end for every draw and row, rows sorted by x.

    Parameters
    ----------
    theta : array (4, draws)
    x, start_index, end_index : array (rows,)
        Indices into `starts` and `ends`, arrays of distinct times.
    out : array (draws, rows)
    """
    x_values, first = _blocks_of_x(x)
    shortest, longest = min(starts.min(), ends.min()), max(starts.max(), ends.max())
    for d in range(theta.shape[1]):
        now = theta[:, d].copy()
        if not _are_possible(now):
            out[d] = math.nan
            continue
        series, middle, reach = _leaving_series(now, x_values, shortest, longest)
        start_clock, end_clock = _clock(now, starts, middle, reach), _clock(now, ends, middle, reach)
        for j in range(x_values.shape[0]):
            n = now[0] + x_values[j]
            sigma = series[j, :, SIGMA].copy()
            for i in range(first[j], first[j + 1]):
                log_alpha, log_beta, z = start_clock[start_index[i]]
                log_alpha_end, log_beta_end, z_end = end_clock[end_index[i]]
                alive = math.exp(n * (log_alpha - log_alpha_end) + now[2] * (log_beta - log_beta_end))
                out[d, i] = _sum(sigma, z) + alive * (1.0 - _sum(sigma, z_end))


@compiled
def _silence_one_by_one(theta: FloatArray, x: IntArray, start: FloatArray, end: FloatArray, out: FloatArray) -> None:
    """P where each customer has parameters of their own: `theta` is array (4, customers), all else (customers,)."""
    values = np.empty((1, SERIES))
    for i in range(x.shape[0]):
        r, alpha, s, beta = theta[:, i]
        if not _are_possible(theta[:, i].copy()):
            out[i] = math.nan
            continue
        gap = end[i] - start[i]
        alive = math.exp(-(r + x[i]) * math.log1p(gap / (alpha + start[i])) - s * math.log1p(gap / (beta + start[i])))
        _leaving_at_node(r, s, x[i : i + 1], math.exp(_log_ratio(alpha, beta, start[i])), values)
        out[i] = values[0, SIGMA]
        _leaving_at_node(r, s, x[i : i + 1], math.exp(_log_ratio(alpha, beta, end[i])), values)
        out[i] += alive * (1.0 - values[0, SIGMA])


@compiled
def _are_possible(theta: FloatArray) -> bool:
    """Whether parameters are positive and of a size that quadrature can follow."""
    possible = True
    for value in theta:
        possible = possible and math.exp(-LARGEST_LOG) < value < math.exp(LARGEST_LOG)
    return possible


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
def _clock(theta: FloatArray, times: FloatArray, middle: float, reach: float) -> FloatArray:
    """log(1 + t/alpha), log(1 + t/beta) and the argument of the series, array (times, 3)."""
    out = np.empty((times.shape[0], 3))
    for k in range(times.shape[0]):
        out[k, 0] = math.log1p(times[k] / theta[1])
        out[k, 1] = math.log1p(times[k] / theta[3])
        out[k, 2] = (_log_ratio(theta[1], theta[3], times[k]) - middle) / reach
    return out


@compiled
def _log_ratio(alpha: float, beta: float, time: float) -> float:
    """Log y; it ends at 0 where time does not end."""
    if time == math.inf:
        return 0.0
    return math.log(beta / alpha) + math.log1p(time / beta) - math.log1p(time / alpha)


@compiled
def _tabulate(
    theta: FloatArray, x: int, series: FloatArray, clock: FloatArray, times: IntArray, table: FloatArray
) -> None:
    """Fill rows of `table` for the times given by index; no rows have met there yet."""
    for c in range(times.shape[0]):
        log_alpha, log_beta, z = clock[times[c]]
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
        table[c, SIGMA], table[c, BY_R], table[c, BY_S], table[c, BY_LOG_Y] = sigma, by_r, by_s, by_log_y
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
            log_alpha, log_beta, _ = clock[times[c]]
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


@compiled
def _leaving_series(
    theta: FloatArray, x_values: IntArray, shortest: float, longest: float
) -> tuple[FloatArray, float, float]:
    """Chebyshev series of sigma and its slopes between two times, array (x values, terms, SERIES).

    Also the middle of the range of log y, and half its length.
    """
    r, alpha, s, beta = theta[0], theta[1], theta[2], theta[3]
    one, other = _log_ratio(alpha, beta, shortest), _log_ratio(alpha, beta, longest)
    middle, reach = 0.5 * (one + other), max(0.5 * abs(one - other), SMALLEST_REACH)
    height = STRIP / reach
    terms = math.ceil(DIGITS / math.log(height + math.sqrt(1.0 + height * height)))
    at_node = np.empty((x_values.shape[0], SERIES))
    series = np.zeros((x_values.shape[0], terms, SERIES))
    for k in range(terms):
        angle = (k + 0.5) * math.pi / terms
        _leaving_at_node(r, s, x_values, math.exp(middle + reach * math.cos(angle)), at_node)
        for m in range(terms):
            weight = math.cos(m * angle) * (1.0 if m == 0 else 2.0) / terms
            for j in range(x_values.shape[0]):
                for c in range(SERIES):
                    series[j, m, c] += weight * at_node[j, c]
    return series, middle, reach


@compiled
def _leaving_at_node(r: float, s: float, x_values: IntArray, y: float, out: FloatArray) -> None:
    """Sigma and its slopes for ascending x, filling array (x values, SERIES): a quadrature and the recurrence."""
    above = x_values[-1] + 1
    anchor = above
    if y > 2.0:
        lowest = 0.0 if r >= 1.0 else 1.0
        anchor = int(min(float(above), max(lowest, s / (y - 2.0) - r)))
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


@compiled
def _sum(series: FloatArray, z: float) -> float:
    """Sum of a Chebyshev series at z in [-1, 1], by Clenshaw."""
    later, latest = 0.0, 0.0
    for m in range(series.shape[0] - 1, 0, -1):
        later, latest = 2.0 * z * later - latest + series[m], later
    return float(z * later - latest + series[0])


def discounted_time_ahead(theta: FloatArray, T: FloatArray, horizons: FloatArray, discount: float) -> FloatArray:
    """Expected discounted time alive within each horizon, if alive at T, array (horizons, draws, customers).

    The integral of e^(-discount u) ((beta+T)/(beta+T+u))^s, for theta of shape (4, draws), T of shape (customers,) and
    ascending horizons. Where the last is infinite it is Tricomi's function, in Fader, Hardie & Lee (2005, JMR 42:4).
    """
    times, of_customer = np.unique(T, return_inverse=True)
    out = np.empty((len(horizons), theta.shape[1], len(times)))
    _discounted_time_ahead(
        theta[2].copy(), theta[3].copy(), times, np.minimum(horizons, LAST_DISCOUNT / discount), discount, out
    )
    return np.asarray(out[:, :, of_customer])


@compiled
def _discounted_time_ahead(
    s: FloatArray, beta: FloatArray, times: FloatArray, ends: FloatArray, discount: float, out: FloatArray
) -> None:
    """Gauss-Legendre in v = log(1 + u/(beta+T)), from horizon to horizon."""
    for d in range(s.shape[0]):
        decay = s[d] - 1.0
        for k in range(times.shape[0]):
            clock = beta[d] + times[k]
            start, total = 0.0, 0.0
            for h in range(ends.shape[0]):
                end = math.log1p(ends[h] / clock)
                length = min(end - start, LOG_NEGLIGIBLE / max(decay, 0.0))
                panels = max(1, math.ceil(length / PANEL))
                half = 0.5 * length / panels
                for p in range(panels):
                    for q in range(NODES.shape[0]):
                        v = start + half * (2.0 * p + 1.0 + NODES[q])
                        total += half * WEIGHTS[q] * math.exp(-decay * v - discount * clock * math.expm1(v))
                out[h, d, k] = clock * total
                start = end


def counts_ahead(theta: FloatArray, x: IntArray, T: FloatArray, horizon: float, count: int) -> FloatArray:
    """Probability of exactly `count` > 0 purchases within the horizon, if alive at T.

    `theta`, array (4, …), broadcasts against `x` and `T`.
    """
    shape = np.broadcast_shapes(theta.shape[1:], np.shape(x), np.shape(T))
    flat = [np.broadcast_to(values, shape).ravel() for values in (*theta, x, T)]
    out = np.empty(len(flat[0]))
    _counts_ahead(flat[0] + flat[4], flat[1] + flat[5], flat[2], flat[3] + flat[5], horizon, float(count), out)
    return out.reshape(shape)


@compiled
def _counts_ahead(
    n: FloatArray, a: FloatArray, s: FloatArray, b: FloatArray, horizon: float, count: float, out: FloatArray
) -> None:
    """Counts of customers with rate ~ Gamma(n, a) and lifetime ahead ~ Pareto(s, b).

    Alive all along, or gone at some u within the horizon: Gauss-Legendre in log u, where the integrand has one peak
    (the root of a quadratic) and falls off ever faster on both sides.
    """
    for i in range(n.shape[0]):
        log_ways = math.lgamma(n[i] + count) - math.lgamma(n[i]) - math.lgamma(count + 1.0)
        linear = (count - s[i]) * a[i] + (1.0 - n[i]) * b[i]
        constant = (count + 1.0) * a[i] * b[i]
        root = math.sqrt(linear * linear + 4.0 * (n[i] + s[i]) * constant)
        peak = 0.5 * (linear + root) / (n[i] + s[i]) if linear > 0.0 else 2.0 * constant / (root - linear)
        log_peak, limit = math.log(min(peak, horizon)), math.log(horizon)
        low = log_peak + _reach(n[i], a[i], s[i], b[i], count, min(peak, horizon), -math.inf)
        high = log_peak + _reach(n[i], a[i], s[i], b[i], count, min(peak, horizon), limit - log_peak)
        panels = math.ceil((high - low) / PANEL)
        half = 0.5 * (high - low) / panels
        log_a, log_b = math.log(a[i]), math.log(b[i])
        total = 0.0
        for p in range(panels):
            for q in range(NODES.shape[0]):
                v = low + half * (2.0 * p + 1.0 + NODES[q])
                u = math.exp(v)
                exactly = log_ways + count * (v - log_a) - (n[i] + count) * math.log1p(u / a[i])
                total += WEIGHTS[q] * math.exp(exactly - (s[i] + 1.0) * math.log1p(u / b[i]) + v - log_b)
        exactly = log_ways + count * (limit - log_a) - (n[i] + count) * math.log1p(horizon / a[i])
        out[i] = math.exp(exactly - s[i] * math.log1p(horizon / b[i])) + s[i] * half * total


@compiled
def _reach(n: float, a: float, s: float, b: float, count: float, peak: float, limit: float) -> float:
    """How far from the logarithm of the peak the integrand is followed: until it is negligible, or to the limit.

    The limit is on the side asked for. The fall is convex in the distance: from a bound, beyond which it is all but
    linear, Newton's steps stay beyond the root.
    """
    share_a, share_b = peak / (a + peak), peak / (b + peak)
    if limit < 0.0:
        fallen = (n + count) * math.log1p(peak / a) + (s + 1.0) * math.log1p(peak / b)
        distance = -(LOG_NEGLIGIBLE + fallen) / (count + 1.0)
    else:
        fallen = -(n + count) * math.log(share_a) - (s + 1.0) * math.log(share_b)
        distance = min((LOG_NEGLIGIBLE + fallen) / (n + s), limit)
    for _ in range(NEWTON_STEPS):
        grown_a, grown_b = share_a * math.expm1(distance), share_b * math.expm1(distance)
        fall = (n + count) * math.log1p(grown_a) + (s + 1.0) * math.log1p(grown_b) - (count + 1.0) * distance
        if fall < LOG_NEGLIGIBLE + 1.0:
            break
        slope = (n + count) * (share_a + grown_a) / (1.0 + grown_a) - (count + 1.0)
        slope += (s + 1.0) * (share_b + grown_b) / (1.0 + grown_b)
        distance -= (fall - LOG_NEGLIGIBLE) / slope
    return distance
