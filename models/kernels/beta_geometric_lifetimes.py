r"""How long customers of the beta-geometric models stay: survival and mean time alive ahead.

Given alive, :math:`\lambda \sim \Gamma(R, A)` and :math:`p \sim \mathrm{Beta}(a, b+k)` with R = r + x, A = alpha + T,
and the customer leaves as a Poisson process of rate :math:`\lambda p`. With w = u/A the customer is alive u ahead with
probability

.. math:: S(u) = E[e^{-\lambda p u}] = E_p\left[(1+pw)^{-R}\right],

and the mean of S from now to u, the share of that time in which the customer is alive, is

.. math:: \bar S(u) = E_p\left[\frac{\ell}{pw}\,\mathrm{exprel}((1-R)\,\ell)\right], \quad \ell = \log(1+pw),

with exprel(z) = (e^z - 1)/z. Both are means over p of a function that falls from 1 within (0, 1], and are taken by the
quadrature of `kernels.beta_geometric`: nothing overflows, cancels, or is singular at a = 1 or R = 1, unlike the 2F1
that they also are. In log(1 + w) they are analytic: where many customers share an x, each draw tabulates them once.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from ..ground.chebyshev import clenshaw
from ..ground.compiled import compiled
from ..ground.rows import FloatArray, IntArray
from .beta_geometric_ahead import logit_nodes, nodes_needed, steepest_decay

LARGE_SHAPE: Final = 30.0
"""Logarithms of Gamma of larger numbers are so large that their difference would have lost digits."""
SHORTEST_TABLE: Final = 0.01
"""A table in log(1 + w) reaches over at least so much, so that rounding cannot leave it where T are alike."""


def survival_ahead(theta: FloatArray, x: IntArray, T: FloatArray, horizon: float, extra_tosses: int) -> FloatArray:
    """Probability of being alive `horizon` after the cut-off, if alive at it, array (draws, customers).

    Parameters
    ----------
    theta : array (4, draws)
    x, T : array (customers,)
    horizon : float
        Finite.
    extra_tosses : int
        0 for BG/NBD, 1 for MBG/NBD.
    """
    return _tabulated(theta, x, T, horizon, extra_tosses, of_time=False)


def time_ahead(theta: FloatArray, x: IntArray, T: FloatArray, horizon: float, extra_tosses: int) -> FloatArray:
    """Expected time alive within the horizon, if alive at the cut-off, array (draws, customers).

    Parameters as in `survival_ahead`; an infinite horizon gives E[1/(lambda p)] = A/(R-1) (a+b+k-1)/(a-1), which is
    infinite where R <= 1 or a <= 1.
    """
    if math.isfinite(horizon):
        return horizon * _tabulated(theta, x, T, horizon, extra_tosses, of_time=True)
    r, alpha, a, b = theta[:, :, None]
    finite = (r + x > 1.0) & (a > 1.0)
    gap = (alpha + T) / np.where(finite, r + x - 1.0, 1.0)
    purchases = (a + b + x + extra_tosses - 1.0) / np.where(finite, a - 1.0, 1.0)
    return np.where(finite, gap * purchases, math.inf)


def _tabulated(
    theta: FloatArray, x: IntArray, T: FloatArray, horizon: float, extra_tosses: int, of_time: bool
) -> FloatArray:
    """S, or its mean over time, for draws and customers, array (draws, customers)."""
    x_values, first = np.unique(np.sort(x), return_index=True)
    order = np.argsort(x, kind="stable")
    ends = np.log1p(horizon / (theta[1] + T.min())) - np.log1p(horizon / (theta[1] + T.max()))
    size = math.ceil(
        nodes_needed(max(float(ends.max()), SHORTEST_TABLE), steepest_decay(theta, x_values, extra_tosses))
    )
    angles = (np.arange(size) + 0.5) * math.pi / size
    to_coefficients = np.cos(np.outer(np.arange(size), angles)) * (2.0 / size)
    to_coefficients[0] *= 0.5
    out = np.empty((theta.shape[1], len(x)))
    _ahead(
        np.ascontiguousarray(theta), x_values.astype(np.int64), np.append(first, len(x)), order,
        T.astype(np.float64), horizon, extra_tosses, of_time, np.cos(angles), to_coefficients, out,
    )  # fmt: skip
    return out


@compiled
def _ahead(
    theta: FloatArray,
    x_values: IntArray,
    first: IntArray,
    order: IntArray,
    T: FloatArray,
    horizon: float,
    extra_tosses: int,
    of_time: bool,
    table_z: FloatArray,
    to_coefficients: FloatArray,
    out: FloatArray,
) -> None:
    """Fill array (draws, customers); customers in `order` are sorted by x, each x beginning at `first`."""
    size = table_z.shape[0]
    v = np.empty(T.shape[0])
    for d in range(theta.shape[1]):
        r, alpha, a, c = theta[0, d], theta[1, d], theta[2, d], theta[3, d] + extra_tosses
        for i in range(T.shape[0]):
            v[i] = math.log1p(horizon / (alpha + T[order[i]]))
        middle, reach = 0.5 * (v.max() + v.min()), max(0.5 * (v.max() - v.min()), 0.5 * SHORTEST_TABLE)
        table_v = np.maximum(middle + reach * table_z, 0.0)
        # the nodes of the quadrature are made for (1 + pw)^-(r+x+1)
        y, log_p = logit_nodes(r - 1.0, a, c, x_values, np.array([table_v.max()]))
        for j in range(x_values.shape[0]):
            low, high = first[j], first[j + 1]
            tabulated = high - low > size
            vs = table_v if tabulated else v[low:high]
            values = _over_dropout(r + x_values[j], a, c + x_values[j], y, log_p, vs, of_time)
            if tabulated:
                coefficients = to_coefficients @ values
            for i in range(low, high):
                value = clenshaw(coefficients, (v[i] - middle) / reach) if tabulated else values[i - low]
                out[d, order[i]] = min(max(value, 0.0), 1.0)


@compiled
def _over_dropout(
    n: float, a: float, c: float, y: FloatArray, log_p: FloatArray, vs: FloatArray, of_time: bool
) -> FloatArray:
    """S or its mean over time at w = e^v - 1, array (nodes,): the trapezoidal rule in logit p, p ~ Beta(a, c).

    With F = 1 minus the function of p, it computes 1 - F(1) E[p] - E[F(p) - p F(1)]: the last integrand vanishes at
    both ends, so that few nodes reach.
    """
    p = np.exp(log_p)
    log_q = -np.maximum(y, 0.0) - np.log1p(np.exp(-np.abs(y)))
    weight = (y[1] - y[0]) * np.exp(a * log_p + c * log_q - _log_beta(a, c))
    left_out = a / (a + c) - weight @ p
    out = np.empty(vs.shape[0])
    for m in range(vs.shape[0]):
        w = math.expm1(vs[m])
        fallen = left_out * _fallen(n, 1.0, w, of_time)
        for q in range(p.shape[0]):
            fallen += weight[q] * _fallen(n, p[q], w, of_time)
        out[m] = 1.0 - fallen
    return out


@compiled
def _log_beta(a: float, c: float) -> float:
    """Logarithm of B(a, c); for a large shape the difference of two logarithms of Gamma by Stirling's series."""
    low, high = min(a, c), max(a, c)
    if high < LARGE_SHAPE:
        return math.lgamma(low) + math.lgamma(high) - math.lgamma(low + high)
    both = low + high
    raised = (high - 0.5) * math.log1p(low / high) + low * math.log(both) - low
    return math.lgamma(low) - raised - _stirling(both) + _stirling(high)


@compiled
def _stirling(z: float) -> float:
    """What Stirling's formula for log Gamma leaves out, to 1e-16 for z above `LARGE_SHAPE`."""
    inverse = 1.0 / (z * z)
    return (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse / 1680.0))) / z


@compiled
def _fallen(n: float, p: float, w: float, of_time: bool) -> float:
    """1 - (1+pw)^-n, or its mean over time."""
    log_base = math.log1p(p * w)
    if not of_time:
        return -math.expm1(-n * log_base)
    if log_base == 0.0:
        return 0.0
    z = (1.0 - n) * log_base
    return 1.0 - log_base / (p * w) * (math.expm1(z) / z if z != 0.0 else 1.0)
