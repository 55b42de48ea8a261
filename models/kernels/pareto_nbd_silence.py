r"""Compiled work of the Pareto/NBD: the probability of silence, and who is alive behind it.

Of customers with x repeat purchases, alive at t, the share that is silent until T is

.. math:: P(t, T) = A + s \int_0^{T-t} \left(1+\frac{u}{a}\right)^{-n} \left(1+\frac{u}{b}\right)^{-(s+1)} \frac{du}{b},
          \quad A = \left(1+\frac{T-t}{a}\right)^{-n} \left(1+\frac{T-t}{b}\right)^{-s}

with n = r+x, a = alpha+t, b = beta+t: alive and silent (A), or gone at some u. Numbers between 0 and 1, added:
nothing overflows or cancels, whatever x, nor at T = t. There are two ways to it.

One by one: Gauss-Legendre on the logarithm of 1 + u/a or 1 + u/b, whichever grows faster. On this axis the integrand
is analytic, so that a dozen nodes do for most customers.

Along series, for many customers of the same parameters: those who leave before the next purchase do so in time, or
would have after T,

.. math:: P(t, T) = \sigma_x(t) + A\,(1-\sigma_x(T)),

with sigma from `kernels.pareto_nbd_leaving`.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from ..ground.chebyshev import clenshaw_along
from ..ground.compiled import compiled
from ..ground.legendre import PAIR_NODES, PAIR_WEIGHTS, STEEPEST, pairs_needed
from ..ground.rows import DistinctRows, FloatArray, IntArray
from .pareto_nbd_leaving import (
    LOG_NEGLIGIBLE,
    PANEL,
    SERIES,
    SIGMA,
    STRIP,
    clock_of,
    leaving_at_node,
    leaving_series,
)

SMALLEST: Final = 1e-50
LARGEST: Final = 1e50
"""Parameters beyond, relative to the unit of time, are no parameters of customers."""
LONGEST: Final = 1e100
"""A silence beyond it is for ever."""
FEW_ROWS: Final = 96
"""Up to so many rows of the same parameters are faster one by one: 0.3 us a row, against 20 us for the series."""
STEPS_PER_ROW: Final = 4
"""Series walk through all x between the lowest and the highest: so many steps take as long as a row (measured)."""
FEW_DRAWS: Final = 4
"""With so few draws customers are not sorted into distinct rows: it would take longer than their quadrature."""


def silence(theta: FloatArray, x: IntArray, start: FloatArray, end: FloatArray) -> FloatArray:
    """P from start to end: the probability that a customer with x repeat purchases, alive at start, buys nothing.

    The end may be infinite: then it is sigma. `theta`, array (4, …), broadcasts against `x`, `start`, `end`. Where
    parameters and customers lie along different axes, customers who share a row are computed once for each draw.
    """
    return _answers(theta, x, start, end, False)


def alive_behind_silence(theta: FloatArray, x: IntArray, start: FloatArray, end: FloatArray) -> FloatArray:
    """A / P: the probability that a customer who was silent from start to end is alive; arguments as `silence`."""
    return _answers(theta, x, start, end, True)


def _answers(theta: FloatArray, x: IntArray, start: FloatArray, end: FloatArray, alive: bool) -> FloatArray:
    customers = np.broadcast_shapes(np.shape(x), np.shape(start), np.shape(end))
    shape = np.broadcast_shapes(theta.shape[1:], customers)
    if 0 in shape:
        return np.empty(shape)
    draws_shape = (1,) * (len(shape) - theta.ndim + 1) + theta.shape[1:]
    rows_shape = (1,) * (len(shape) - len(customers)) + customers
    apart = all(d == 1 or c == 1 for d, c in zip(draws_shape, rows_shape, strict=True))
    if not apart or theta[0].size <= FEW_DRAWS:
        r, alpha, s, beta, since, until = (spread(values, shape) for values in (*theta, start, end))
        each = np.empty(len(r))
        _one_by_one(r, alpha, s, beta, spread(x, shape).astype(np.int64), since, until, alive, each)
        return each.reshape(shape)
    counts = spread(x, customers).astype(np.int64)
    rows = DistinctRows.collapse(counts, spread(start, customers), spread(end, customers))
    out = np.empty((theta[0].size, len(rows)))
    draws = np.ascontiguousarray(theta.reshape(4, -1))
    if pays_series(len(rows), rows.x[-1] - rows.x[0]):
        _along_series(draws, *_meetings(rows), alive, out)
    else:
        for d in range(len(out)):
            r, alpha, s, beta = (np.full(len(rows), value) for value in draws[:, d])
            _one_by_one(r, alpha, s, beta, rows.x, rows.t_x, rows.T, alive, out[d])
    if len(rows) < len(counts) or (rows.inverse[1:] < rows.inverse[:-1]).any():
        out = out[:, rows.inverse]
    axes = np.arange(2 * len(shape)).reshape(2, -1).T.ravel()  # (draws axes, row axes) to pairs, one of each is 1
    return np.ascontiguousarray(out.reshape(draws_shape + rows_shape).transpose(axes).reshape(shape))


def spread(values: FloatArray | IntArray, shape: tuple[int, ...]) -> FloatArray:
    """Values broadcast to a shape, as a flat array that a kernel may read: in one piece, and nobody else's."""
    return np.array(np.broadcast_to(values, shape), dtype=np.float64, order="C").ravel()


class Meetings(NamedTuple):
    """Distinct pairs of x and a time, x by x.

    Attributes
    ----------
    times : array (times,)
        Distinct times.
    time : array (meetings,)
        Index of the time of each meeting.
    first : array (values of x + 1,)
        Where the meetings of each x begin.
    of_row : array (rows,)
        The meeting of each row.
    """

    times: FloatArray
    time: IntArray
    first: IntArray
    of_row: IntArray

    @classmethod
    def of(cls, x_code: IntArray, times: FloatArray) -> Meetings:
        """Meetings of rows with x given by code."""
        values, code = np.unique(times, return_inverse=True)
        keys, of_row = np.unique(x_code * len(values) + code, return_inverse=True)
        of_x, time = np.divmod(keys, len(values))
        return cls(values, time, np.searchsorted(of_x, np.arange(x_code[-1] + 2)), of_row.astype(np.int64))


def _meetings(rows: DistinctRows) -> tuple[IntArray, Meetings, Meetings]:
    """Distinct x of sorted rows, and whom they meet at the start and at the end."""
    new = np.concatenate([[True], rows.x[1:] != rows.x[:-1]])
    x_code = np.cumsum(new) - 1
    return rows.x[new], Meetings.of(x_code, rows.t_x), Meetings.of(x_code, rows.T)


@compiled
def _one_by_one(
    r: FloatArray,
    alpha: FloatArray,
    s: FloatArray,
    beta: FloatArray,
    x: IntArray,
    start: FloatArray,
    end: FloatArray,
    alive: bool,
    out: FloatArray,
) -> None:
    """P, or A / P, where each customer has parameters of their own: all are arrays (customers,)."""
    values = np.empty((1, SERIES))
    for i in range(x.shape[0]):
        if not are_possible(r[i], alpha[i], s[i], beta[i]):
            out[i] = math.nan
            continue
        a, b, gap = alpha[i] + start[i], beta[i] + start[i], end[i] - start[i]
        if gap < LONGEST:
            silent = silence_of(r[i] + x[i], s[i], a, b, gap)[0]
            if alive:
                out[i] = math.exp(-(r[i] + x[i]) * math.log1p(gap / a) - s[i] * math.log1p(gap / b)) / silent
            else:
                out[i] = silent
        else:
            leaving_at_node(r[i], s[i], x[i : i + 1], b / a, values)
            out[i] = 0.0 if alive else values[0, SIGMA]


@compiled
def _along_series(
    theta: FloatArray, x_values: IntArray, starts: Meetings, ends: Meetings, alive: bool, out: FloatArray
) -> None:
    """P, or A / P, for every draw and row, array (draws, rows)."""
    shortest, longest = min(starts.times[0], ends.times[0]), max(starts.times[-1], ends.times[-1])
    at_start, at_end = np.empty((5, starts.time.shape[0])), np.empty((5, ends.time.shape[0]))
    for d in range(theta.shape[1]):
        now = theta[:, d].copy()
        if not are_possible(now[0], now[1], now[2], now[3]):
            out[d] = math.nan
            continue
        series, middle, reach = leaving_series(now, x_values, shortest, longest)
        for side, table in ((starts, at_start), (ends, at_end)):
            times = clock_of(now, side.times, middle, reach)
            for j in range(x_values.shape[0]):
                n, low, high = now[0] + x_values[j], side.first[j], side.first[j + 1]
                part = table[:, low:high]
                for k in range(part.shape[1]):
                    log_alpha, log_beta, part[2, k], part[3, k] = times[side.time[low + k]]
                    part[0, k] = n * log_alpha + now[2] * log_beta
                clenshaw_along(series[j, :, SIGMA].copy(), part[3], part[1], part[4])
                for k in range(part.shape[1]):
                    part[1, k] /= n * part[2, k] + now[2]
        for i in range(out.shape[1]):
            start, end = starts.of_row[i], ends.of_row[i]
            there = math.exp(at_start[0, start] - at_end[0, end])
            silent = at_start[1, start] + there * (1.0 - at_end[1, end])
            out[d, i] = there / silent if alive else silent


@compiled
def pays_series(rows: int, span: int) -> bool:
    """Whether series are faster for so many rows, their x so far apart, than one row after the other."""
    return rows > FEW_ROWS + span // STEPS_PER_ROW


@compiled
def are_possible(r: float, alpha: float, s: float, beta: float) -> bool:
    """Whether parameters are positive and of a size that quadrature can follow."""
    rate = SMALLEST < r < LARGEST and SMALLEST < alpha < LARGEST
    return rate and SMALLEST < s < LARGEST and SMALLEST < beta < LARGEST


@compiled
def silence_of(n: float, s: float, a: float, b: float, gap: float) -> tuple[float, float, float, float, float]:
    """P by quadrature, and its slopes by n, s, log a and log b, for a finite gap.

    The two last are n (A gap/(a+gap) + K) and -n K, where K is the integral with u/(a+u) beside the integrand.
    """
    if gap == 0.0:
        return 1.0, 0.0, 0.0, 0.0, 0.0
    log_a, log_b = math.log1p(gap / a), math.log1p(gap / b)
    if a <= b:  # the axis is the logarithm that grows faster: the integrand falls by `lead` along it, and by `lag`
        lead, lag, ratio, length, lagging = n - 1.0, s + 1.0, a / b, log_a, log_b
    else:
        lead, lag, ratio, length, lagging = s, n, b / a, log_b, log_a
    fall = abs(lead) * length + lag * lagging
    if fall > LOG_NEGLIGIBLE:
        length = min(length, _followed(lead, lag, ratio))
    panels = math.ceil(length / PANEL)
    half = 0.5 * length / panels
    pairs = pairs_needed(half, STRIP, min(fall, STEEPEST))
    total = by_lead = by_lag = passed = 0.0
    for p in range(panels):
        middle = half * (2.0 * p + 1.0)
        grown_middle = math.expm1(middle)
        for q in range(pairs):
            v = half * PAIR_NODES[pairs, q]
            away = math.expm1(v)
            for _ in range(2):
                grown = grown_middle + (1.0 + grown_middle) * away
                log_lag = math.log1p(ratio * grown)
                term = PAIR_WEIGHTS[pairs, q] * math.exp(-lead * (middle + v) - lag * log_lag)
                total += term
                by_lead += term * (middle + v)
                by_lag += term * log_lag
                by_a = grown if a <= b else ratio * grown
                passed += term * by_a / (1.0 + by_a)
                v, away = -v, -away / (1.0 + away)
    alive = math.exp(-n * log_a - s * log_b)
    scale = s * half * (ratio if a <= b else 1.0)
    by_n, by_s = (by_lead, by_lag) if a <= b else (by_lag, by_lead)
    return (
        min(alive + scale * total, 1.0),
        -alive * log_a - scale * by_n,
        -alive * log_b - scale * by_s + half * (ratio if a <= b else 1.0) * total,
        n * (alive * gap / (a + gap) + scale * passed),
        -n * scale * passed,
    )


@compiled
def _followed(lead: float, lag: float, ratio: float) -> float:
    """How far an integrand is followed: until one of its factors has fallen to nothing.

    Lead above -1 may let it rise, by a power that the other factor outdoes.
    """
    length = math.log1p(math.expm1(LOG_NEGLIGIBLE / (lag + min(lead, 0.0))) / ratio)
    return min(length, LOG_NEGLIGIBLE / lead) if lead > 0.0 else length
