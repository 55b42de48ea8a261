"""Compiled work of the Pareto/NBD: what customers who are alive at the cut-off do ahead."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from ..ground.compiled import compiled
from ..ground.legendre import PAIR_NODES, PAIR_WEIGHTS, pairs_needed
from ..ground.rows import FloatArray, IntArray
from ..ground.units import LAST_DISCOUNT
from .pareto_nbd_leaving import LOG_NEGLIGIBLE, NODES, PANEL, STRIP, WEIGHTS
from .pareto_nbd_silence import are_possible, spread

NEWTON_STEPS: Final = 6
"""Steps from a bound on the reach of an integrand to its reach, each at least halving what is too much."""
SWEEP: Final = 32
"""Counts are swept upwards in runs of so many: within a run the probabilities of likely counts do not underflow."""
FALL_OF_COUNT: Final = 3.0
"""(u / (a + u))^count asks for as many nodes as an exponential that falls by e^-3 a count (measured)."""
FALL_PER_PANEL: Final = 60.0
"""Peaks of counts are cut into panels along which nothing falls further, as a power of e: they err by 1e-11."""


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


def counts_ahead(theta: FloatArray, x: IntArray, T: FloatArray, horizon: float, counts: Sequence[int]) -> FloatArray:
    """Probability of exactly so many purchases within the horizon, if alive at T, array (counts, …).

    `theta`, array (4, …), broadcasts against `x` and `T`; `counts` ascend. Counts that lie close together share their
    quadrature.
    """
    shape = np.broadcast_shapes(theta.shape[1:], np.shape(x), np.shape(T))
    r, alpha, s, beta, bought, age = (spread(values, shape) for values in (*theta, x, T))
    out = np.empty((len(counts), len(r)))
    wanted, first = np.asarray(counts, dtype=np.int64), 0
    while first < len(wanted):
        stop = int(np.searchsorted(wanted, wanted[first] + SWEEP))
        _counts_ahead(r + bought, alpha + age, s, beta + age, horizon, wanted[first:stop], out[first:stop])
        first = stop
    return out.reshape(len(wanted), *shape)


@compiled
def _counts_ahead(
    n: FloatArray, a: FloatArray, s: FloatArray, b: FloatArray, horizon: float, counts: IntArray, out: FloatArray
) -> None:
    """Counts of customers with rate ~ Gamma(n, a) and lifetime ahead ~ Pareto(s, b), array (counts, customers).

    Alive all along, or gone at some u within the horizon. From one count to the next the probability is multiplied by
    (n + count) / (count + 1) u / (a + u).
    """
    size = counts[-1] - counts[0] + 1
    upwards, gone = np.empty(size), np.empty(size)
    for i in range(n.shape[0]):
        if not are_possible(n[i], a[i], s[i], b[i]):
            out[:, i] = math.nan
            continue
        for k in range(size):
            upwards[k] = (n[i] + counts[0] + k) / (counts[0] + k + 1.0)
        log_ways = 0.0
        for k in range(counts[0]):
            log_ways += math.log((n[i] + k) / (k + 1.0))
        _gone_within(n[i], a[i], s[i], b[i], horizon, counts[0], log_ways, upwards, gone)
        share = horizon / (a[i] + horizon)
        power = log_ways - n[i] * math.log1p(horizon / a[i]) - s[i] * math.log1p(horizon / b[i])
        stayed = math.exp(power + counts[0] * math.log(share))
        c = 0
        for k in range(size):
            if counts[c] == counts[0] + k:
                out[c, i] = stayed + gone[k]
                c += 1
            stayed *= upwards[k] * share


@compiled
def _gone_within(
    n: float,
    a: float,
    s: float,
    b: float,
    horizon: float,
    lowest: int,
    log_ways: float,
    upwards: FloatArray,
    gone: FloatArray,
) -> None:
    """Probabilities of counts, the lowest and those above it, and a departure within the horizon; fills `gone`.

    Gauss-Legendre on the logarithm of 1 + u/a or 1 + u/b, whichever grows faster, from where the lowest count is next
    to impossible to where the highest is, or to the horizon.
    """
    highest = lowest + upwards.shape[0] - 1
    low = _bound(n, a, s, b, lowest, horizon, -1.0)
    high = _bound(n, a, s, b, highest, horizon, 1.0)
    c, ratio = min(a, b), min(a, b) / max(a, b)
    start, length = math.log1p(low / c), math.log1p((high - low) / (c + low))
    fall = n * math.log1p(high / a) + (s + 1.0) * math.log1p(high / b) + highest * (FALL_OF_COUNT + length)
    panels = math.ceil(max(length / PANEL, fall / FALL_PER_PANEL))
    half = 0.5 * length / panels
    pairs = pairs_needed(half, STRIP, fall / panels)
    gone[:] = 0.0
    for p in range(panels):
        for q in range(2 * pairs):
            node, weight = PAIR_NODES[pairs, q // 2], PAIR_WEIGHTS[pairs, q // 2]
            v = start + half * (2.0 * p + 1.0 + (node if q % 2 == 0 else -node))
            grown = math.expm1(v)
            log_lag = math.log1p(ratio * grown)
            log_a, log_b, by_a = (v, log_lag, grown) if a <= b else (log_lag, v, ratio * grown)
            share = by_a / (1.0 + by_a)
            power = v - n * log_a - (s + 1.0) * log_b
            if lowest > 0:
                power += log_ways + lowest * math.log(share)
            term = s * c / b * half * weight * math.exp(power)
            for k in range(gone.shape[0]):
                gone[k] += term
                term *= upwards[k] * share


@compiled
def _bound(n: float, a: float, s: float, b: float, count: float, horizon: float, side: float) -> float:
    """Time before which (side -1), or after which (side 1), a count and a departure are next to impossible.

    In the logarithm of time their density has one peak, the root of a quadratic, and falls off ever faster on both
    sides.
    """
    if count == 0.0 and side < 0.0:
        return 0.0
    linear = (count - s) * a + (1.0 - n) * b
    constant = (count + 1.0) * a * b
    root = math.sqrt(linear * linear + 4.0 * (n + s) * constant)
    peak = 0.5 * (linear + root) / (n + s) if linear > 0.0 else 2.0 * constant / (root - linear)
    peak = min(peak, horizon)
    limit = math.log(horizon / peak) if side > 0.0 else -math.inf
    return min(peak * math.exp(_reach(n, a, s, b, count, peak, limit)), horizon)


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
