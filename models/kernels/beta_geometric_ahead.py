r"""Compiled expectations of the beta-geometric models: purchases ahead.

`extra_tosses`, 0 for BG/NBD and 1 for MBG/NBD, is the number of tosses at the first purchase.

Given alive, :math:`\lambda \sim \Gamma(r+x, \alpha+T)` and :math:`p \sim \mathrm{Beta}(a, b+k)`,
and purchases come u ahead with intensity

.. math:: E[\lambda e^{-\lambda p u}] = \frac{r+x}{\alpha+T}\,M(w), \quad
          M(w) = E_p\left[(1+pw)^{-(r+x+1)}\right], \quad w = u/(\alpha+T).

M depends on x and the parameters alone: it is tabulated once per draw and x, and the integral over the horizon,
discounted, is taken for every T from the table. Without discounting it depends on T through W = h/(alpha+T) alone, and
the mean of M over [0, W] is tabulated in its place. Integrands are positive and bounded, so that nothing overflows,
cancels, or is singular at a = 1, unlike the textbook's 2F1.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from ..ground.chebyshev import clenshaw
from ..ground.compiled import compiled
from ..ground.log_beta import LARGE_SHAPE, log_beta
from ..ground.rows import FloatArray, IntArray
from ..ground.units import LAST_DISCOUNT

LOG_NEGLIGIBLE: Final = 37.0
"""Terms below e^-37 (1e-16) of the total are left out of the quadrature over p."""
LOG_ALIAS: Final = 33.0
"""The trapezoidal rule in logit p errs by the Fourier transform of the integrand at 2 pi / step: taken to e^-33."""
HIGHEST_FREQUENCY: Final = 1e6
"""Above what any shape needs: a step of 6e-6 resolves a Beta with shapes of a hundred million."""
HALVINGS: Final = 32
"""Bisections that settle a frequency to 2e-4, from above."""
FEW_ROWS: Final = 4
"""Up to here a table of M costs more than the expectations of the rows one by one."""
SMALLEST_P: Final = 1e-200
"""Below it g is what it is at 0."""
MULTIPLIED_ON: Final = 64
"""Powers are computed afresh after so many multiplications: rounding stays below 1e-14."""
STRIP: Final = 0.5 * math.pi
"""M and the discount factor are analytic and bounded within pi/2 of the real axis of log(1 + w)."""
DIGITS: Final = 30.0
"""Polynomials on that axis are taken to e^-30, 1e-13, of what they stand for."""
NODES_PER_DECAY: Final = 6.0
"""Nodes for an exponential e^-c(1+z) on [-1, 1] to the same precision: some 6 sqrt(c)."""
STEEP: Final = 64.0
"""Where M falls more steeply by log(1 + w) the axis is stretched: the table would have thousands of nodes."""
LIKELY_SDS: Final = 3.0
"""Standard deviations above its mean to which p is taken to reach when the steepest decay of M is judged."""


def purchases_ahead(
    theta: FloatArray, x: IntArray, T: FloatArray, horizons: FloatArray, discount: float, extra_tosses: int
) -> FloatArray:
    """Expected discounted purchases within each horizon, if alive, array (horizons, draws, customers).

    Parameters
    ----------
    theta : array (4, draws)
    x, T : array (customers,)
    horizons : array (horizons,), ascending
    discount : float
        Continuous rate; positive if the last horizon is infinite.
    extra_tosses : int
        0 for BG/NBD, 1 for MBG/NBD.
    """
    if discount == 0.0 and len(x) <= FEW_ROWS:
        out = np.empty((len(horizons), theta.shape[1], len(x)))
        _purchases_one_by_one(np.ascontiguousarray(theta), x.astype(np.int64), T, horizons, extra_tosses, out)
        return out
    ends = np.minimum(horizons, LAST_DISCOUNT / discount if discount > 0.0 else np.inf)
    x_values, x_index = np.unique(x, return_inverse=True)
    decay = steepest_decay(theta, x_values, extra_tosses)
    stretch = max(1.0, decay / STEEP)
    decay /= stretch
    clock = theta[1].min() + T.min()
    longest = float(np.log1p(stretch * ends[-1] / clock))
    size = math.ceil(nodes_needed(longest, decay))
    angles = (np.arange(size) + 0.5) * math.pi / size
    table_v = 0.5 * longest * (1.0 + np.cos(angles))
    to_coefficients = np.cos(np.outer(np.arange(size), angles)) * (2.0 / size)
    to_coefficients[0] *= 0.5
    customers = (np.ascontiguousarray(theta), x_values.astype(np.int64), x_index.astype(np.int64), T.astype(np.float64))
    out = np.empty((len(horizons), theta.shape[1], len(x)))
    if discount == 0.0:
        to_means = to_coefficients @ _means_of(table_v, longest) @ to_coefficients
        _purchases_by_means(*customers, ends, extra_tosses, stretch, table_v, to_means, 2.0 / longest, out)
        return out
    starts = np.concatenate([[0.0], ends[:-1]])
    widest = float(np.log1p(stretch * (ends - starts) / (clock + stretch * starts)).max())
    discounting = NODES_PER_DECAY * math.sqrt(0.5 * discount * float((ends - starts).max()))
    nodes, weights = np.polynomial.legendre.leggauss(math.ceil(0.5 * (nodes_needed(widest, decay) + discounting)))
    _purchases_discounted(
        *customers, ends, discount, extra_tosses, stretch, table_v, to_coefficients, 2.0 / longest, nodes, weights, out
    )
    return out


def _means_of(table_v: FloatArray, longest: float) -> FloatArray:
    """Mean over w in [0, w_k] of each Chebyshev polynomial in v = log(1 + w), array (nodes, polynomials).

    The mean over w is one over v with the weight e^v.
    """
    size = len(table_v)
    nodes, weights = np.polynomial.legendre.leggauss(size + math.ceil(NODES_PER_DECAY * math.sqrt(0.5 * longest)))
    v = 0.5 * table_v[:, None] * (1.0 + nodes)
    weight = weights * np.exp(v)
    polynomials = np.polynomial.chebyshev.chebvander(2.0 * v / longest - 1.0, size - 1)
    return np.asarray(np.einsum("kq,kqj->kj", weight / weight.sum(axis=1, keepdims=True), polynomials))


def nodes_needed(length: float, decay: float) -> float:
    """Chebyshev nodes for M on an interval of that length: its ellipse of analyticity, and its steepest decay."""
    height = 2.0 * STRIP / length
    return DIGITS / math.log(height + math.hypot(1.0, height)) + NODES_PER_DECAY * math.sqrt(0.5 * length * decay)


def steepest_decay(theta: FloatArray, x_values: IntArray, extra_tosses: int) -> float:
    """Largest slope of log M by log(1 + w) near w = 0: (r + x + 1) p, at a high p, over draws and x."""
    r, _, a, b = theta[:, :, None]
    c = b + x_values + extra_tosses
    mean = a / (a + c)
    high = np.minimum(1.0, mean + LIKELY_SDS * np.sqrt(mean * (1.0 - mean) / (a + c + 1.0)))
    return float(((r + x_values + 1.0) * high).max())


@compiled
def _purchases_by_means(
    theta: FloatArray,
    x_values: IntArray,
    x_index: IntArray,
    T: FloatArray,
    ends: FloatArray,
    extra_tosses: int,
    stretch: float,
    table_v: FloatArray,
    to_means: FloatArray,
    table_scale: float,
    out: FloatArray,
) -> None:
    """Tabulate the mean of M over [0, W] for each draw and x, and read it off for each customer.

    The axis is that of `_purchases_discounted`.
    """
    log_w = np.log1p(np.expm1(table_v) / stretch)
    for s in range(theta.shape[1]):
        r, alpha, a, b = theta[0, s], theta[1, s], theta[2, s], theta[3, s]
        table = _survival(r, a, b + extra_tosses, x_values, log_w) @ to_means.T
        for i in range(T.shape[0]):
            rate = (r + x_values[x_index[i]]) / (alpha + T[i])
            for h in range(ends.shape[0]):
                v = math.log1p(stretch * ends[h] / (alpha + T[i]))
                out[h, s, i] = rate * ends[h] * clenshaw(table[x_index[i]], v * table_scale - 1.0)


@compiled
def _purchases_discounted(
    theta: FloatArray,
    x_values: IntArray,
    x_index: IntArray,
    T: FloatArray,
    ends: FloatArray,
    discount: float,
    extra_tosses: int,
    stretch: float,
    table_v: FloatArray,
    to_coefficients: FloatArray,
    table_scale: float,
    nodes: FloatArray,
    weights: FloatArray,
    out: FloatArray,
) -> None:
    """Tabulate M for each draw and x, and integrate it for each customer; see `purchases_ahead`.

    The axis is v = log(1 + stretch w), on which M does not fall too steeply.
    """
    log_w = np.log1p(np.expm1(table_v) / stretch)
    for s in range(theta.shape[1]):
        r, alpha, a, b = theta[0, s], theta[1, s], theta[2, s], theta[3, s]
        table = _survival(r, a, b + extra_tosses, x_values, log_w) @ to_coefficients.T
        for i in range(T.shape[0]):
            clock = alpha + T[i]
            scale = r + x_values[x_index[i]]
            start, total = 0.0, 0.0
            for h in range(ends.shape[0]):
                end = math.log1p(stretch * ends[h] / clock)
                half = 0.5 * (end - start)
                panel = 0.0
                for q in range(nodes.shape[0]):
                    v = start + half * (1.0 + nodes[q])
                    intensity = clenshaw(table[x_index[i]], v * table_scale - 1.0)
                    intensity *= math.exp(-discount * clock / stretch * math.expm1(v))
                    panel += weights[q] * intensity * math.exp(v)
                total += half * panel / stretch
                out[h, s, i] = scale * total
                start = end


@compiled
def _purchases_one_by_one(
    theta: FloatArray, x: IntArray, T: FloatArray, horizons: FloatArray, extra_tosses: int, out: FloatArray
) -> None:
    """E[g(p)], g(p) = (1 - (1+pW)^-n) / p with n = r + x and W = horizon / (alpha+T): the integral over u, solved.

    As in `_survival` the line through both ends of g is taken out, so that few nodes reach.
    """
    for s in range(theta.shape[1]):
        r, alpha, a, b = theta[:, s]
        for i in range(x.shape[0]):
            n, c = r + x[i], b + extra_tosses
            norm, narrow = log_beta(a, c + x[i]), min(a, c + x[i]) > LARGE_SHAPE
            expected_p = a / (a + c + x[i])
            for h in range(horizons.shape[0]):
                W = horizons[h] / (alpha + T[i])
                y, log_p = logit_nodes(r, a, c, x[i : i + 1], np.array([math.log1p(W)]))
                at_0, at_1 = n * W, -math.expm1(-n * math.log1p(W))
                total = mass = 0.0
                for j in range(y.shape[0]):
                    p = math.exp(log_p[j])
                    if p > SMALLEST_P:
                        g = -math.expm1(-n * math.log1p(p * W)) / p
                        log_q = -max(y[j], 0.0) - math.log1p(math.exp(-abs(y[j])))
                        weight = math.exp(a * log_p[j] + (c + x[i]) * log_q - norm)
                        mass += weight
                        total += weight * (g if narrow else g - at_0 - p * (at_1 - at_0))
                if narrow:
                    out[h, s, i] = total / mass
                else:
                    out[h, s, i] = at_0 + expected_p * (at_1 - at_0) + (y[1] - y[0]) * total


@compiled
def _survival(r: float, a: float, c: float, x_values: IntArray, vs: FloatArray) -> FloatArray:
    """M at w = e^v - 1 for each x, array (x, nodes): the trapezoidal rule in logit p.

    p ~ Beta(a, c + x). With f(p) = 1 - (1+pw)^-R, R = r + x + 1, it computes 1 - M = f(1) E[p] + E[f(p) - p f(1)];
    the last integrand vanishes at both ends, so that few nodes reach. Where both shapes are large they reach for M
    itself. From one x to the next the powers are multiplied on.
    """
    y, log_p = logit_nodes(r, a, c, x_values, vs)
    probability, step = np.exp(log_p), y[1] - y[0]
    log_q = -np.maximum(y, 0.0) - np.log1p(np.exp(-np.abs(y)))
    log_base = np.empty((vs.shape[0], y.shape[0]))
    for m in range(vs.shape[0]):
        log_base[m] = np.log1p(probability * math.expm1(vs[m]))
    power = np.empty_like(log_base)
    out = np.empty((x_values.shape[0], vs.shape[0]))
    base = np.exp(-log_base)
    for j in range(x_values.shape[0]):
        x = x_values[j]
        if j > 0 and x == x_values[j - 1] + 1 and j % MULTIPLIED_ON != 0:
            power *= base
        else:
            power = np.exp(-(r + x + 1.0) * log_base)
        weight = step * np.exp(a * log_p + (c + x) * log_q - log_beta(a, c + x))
        mass, mean = weight.sum(), weight @ probability
        # no tail is left out, so that rounding in the exponents, millions for shapes as large, cancels in the ratio
        narrow = min(a, c + x) > LARGE_SHAPE
        expected_p = a / (a + c + x)
        for m in range(vs.shape[0]):
            at_one = -math.expm1(-(r + x + 1.0) * vs[m])
            if narrow:
                out[j, m] = weight @ power[m] / mass
            else:
                out[j, m] = 1.0 - at_one * (expected_p - mean) - (mass - weight @ power[m])
    return out


@compiled
def logit_nodes(r: float, a: float, c: float, x_values: IntArray, vs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Equidistant y = logit p that reach for every x, and log p, each array (nodes,)."""
    left, right = math.inf, -math.inf
    for x in (x_values[0], x_values[-1]):
        size = log_beta(a, c + x)
        left = min(left, (size - LOG_NEGLIGIBLE - math.log(r + x + 1.0) - vs.max()) / (a + 1.0))
        right = max(right, (LOG_NEGLIGIBLE - size) / (c + x + 1.0))
    step = 2.0 * math.pi / max(_frequency(min(a, c + x_values[0])), _frequency(min(a, c + x_values[-1])))
    y = left + step * np.arange(float(int((right - left) / step) + 2))
    log_p: FloatArray = np.minimum(y, 0.0) - np.log1p(np.exp(-np.abs(y)))
    return y, log_p


@compiled
def _frequency(shape: float) -> float:
    """Frequency at which |G(shape + i frequency)| / G(shape) has fallen to e^-33: Stirling's formula, bisected.

    It is the Fourier transform of a gamma density on the logarithmic axis, the narrower side of a Beta.
    """
    low, high = 0.0, HIGHEST_FREQUENCY
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        log_modulus = (
            (shape - 0.5) * 0.5 * math.log(shape * shape + middle * middle)
            - middle * math.atan2(middle, shape)
            - shape
            + 0.5 * math.log(2.0 * math.pi)
        )
        if math.lgamma(shape) - log_modulus < LOG_ALIAS:
            low = middle
        else:
            high = middle
    return high
