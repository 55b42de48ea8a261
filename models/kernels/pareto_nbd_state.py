r"""What the Pareto/NBD knows of a customer's lifetime ahead, and of the rates and the death of one who may be gone.

Alive, :math:`\lambda \sim \Gamma(r+x, \alpha+T)` and :math:`\mu \sim \Gamma(s, \beta+T)`, and the lifetime ahead is
Pareto: longer than u with probability :math:`((\beta+T)/(\beta+T+u))^s`. Gone, the time of death tau has density

.. math:: f(\tau) \propto (\alpha+\tau)^{-(r+x)} (\beta+\tau)^{-(s+1)}, \quad t_x < \tau < T,

and given it :math:`\lambda \sim \Gamma(r+x, \alpha+\tau)`, :math:`\mu \sim \Gamma(s+1, \beta+\tau)`.

A time of death is drawn by inverse CDF: on a logarithmic axis f is a polynomial to rounding, piece by piece; its
integral is a polynomial as well, and is inverted by Newton's method (Olver & Townsend 2013, Fast inverse transform
sampling in one and two dimensions, arXiv:1307.1223).

Means need no integral of their own. A moment of lambda or mu raises r or s by one in the likelihood of `pareto_nbd`,
so that with P the probability of silence from t_x to T

.. math:: E[\lambda] = \frac{r+x}{\alpha+t_x}\,\frac{P_{r+1}}{P}, \quad E[\mu] = \frac{s}{\beta+t_x}\,\frac{P_{s+1}}{P}.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import exprel, log1p

from ..ground.chebyshev import clenshaw
from ..ground.compiled import compiled
from ..ground.rows import FloatArray, IntArray
from ..ground.states import State
from .pareto_nbd_silence import silence

BoolArray = NDArray[np.bool_]

SIZE: Final = 16
"""Points of a piece: with the bounds below they give its mass to 1e-12."""
LONGEST_PIECE: Final = 1.5
"""On the logarithmic axis f is analytic within pi of the real axis."""
LARGEST_FALL: Final = 4.0
"""A piece is so short that f would fall by e^-4 in it at the slope of its beginning."""
MOST_PIECES: Final = 400
"""More than parameters of a size that `silence` can follow ever take."""
NEGLIGIBLE: Final = 1e-17
"""Pieces end where less than this share of the mass is left. f is log-concave: what is left is below f / slope."""
ANGLES: Final = (np.arange(SIZE) + 0.5) * math.pi / SIZE
POINTS: Final = np.cos(ANGLES)
TO_COEFFICIENTS: Final = np.cos(np.outer(ANGLES, np.arange(SIZE))) * np.where(np.arange(SIZE) > 0, 2.0, 1.0) / SIZE
"""Values at the Chebyshev points to the coefficients of their polynomial."""
MOST_STEPS: Final = 60
"""Steps of Newton's method, or of bisection where it would leave the bracket; some five are needed."""
CLOSE_ENOUGH: Final = 1e-10
"""A step so short, on an axis from -1 to 1, ends the search: the next would be its square."""


def survival_ahead(theta: FloatArray, T: FloatArray, horizon: float) -> FloatArray:
    """Probability of being alive `horizon` after the cut-off, if alive at it: ((beta+T)/(beta+T+h))^s.

    For theta of shape (4, draws) and T of shape (customers,), array (draws, customers).
    """
    _, _, s, beta = theta[:, :, None]
    return np.asarray(np.exp(-s * log1p(horizon / (beta + T))))


def time_ahead(theta: FloatArray, T: FloatArray, horizon: float) -> FloatArray:
    """Expected time alive within the horizon, if alive at the cut-off, array (draws, customers).

    The integral of `survival_ahead`, in a form that knows no s = 1; for ever it is (beta+T)/(s-1), infinite where
    s <= 1.
    """
    _, _, s, beta = theta[:, :, None]
    if not math.isfinite(horizon):
        finite = s > 1.0
        return np.asarray(np.where(finite, (beta + T) / np.where(finite, s - 1.0, 1.0), math.inf))
    log_end = log1p(horizon / (beta + T))
    return np.asarray((beta + T) * log_end * exprel((1.0 - s) * log_end))


def mean_rate(theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """E[lambda] of a customer alive or gone; arrays broadcast as in `silence`."""
    r, alpha, _, _ = theta
    return np.asarray((r + x) / (alpha + t_x) * (silence(theta, x + 1, t_x, T) / silence(theta, x, t_x, T)))


def mean_dropout(theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """E[mu] of a customer alive or gone; arrays broadcast as in `silence`."""
    r, alpha, s, beta = theta
    raised = np.stack([r, alpha, s + 1.0, beta])
    return np.asarray(s / (beta + t_x) * (silence(raised, x, t_x, T) / silence(theta, x, t_x, T)))


def draw_state(
    rng: np.random.Generator, theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray, p_alive: FloatArray
) -> State:
    """Draw the state of each customer, alive or gone, exactly.

    Parameters
    ----------
    theta : array (4, 1, draws)
    x, t_x, T : array (customers, 1)
    p_alive : array (customers, draws)
        Probability alive at the cut-off, given the parameters.
    """
    r, alpha, s, beta = theta
    gone = rng.random(p_alive.shape) >= p_alive
    gone_at = np.full(p_alive.shape, math.inf)
    _draw_deaths(
        np.ascontiguousarray(theta[:, 0]), x[:, 0], t_x[:, 0], T[:, 0], gone, rng.random(p_alive.shape), gone_at
    )
    seen = np.minimum(gone_at, T)
    rate = rng.standard_gamma(r + x, p_alive.shape) / (alpha + seen)
    return State(rate, rng.standard_gamma(s + gone, p_alive.shape) / (beta + seen), gone_at)


@compiled
def _draw_deaths(
    theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray, gone: BoolArray, share: FloatArray, out: FloatArray
) -> None:
    """Fill the times of death of those gone, array (customers, draws); `share` of the deaths are earlier."""
    starts, masses = np.empty((2, MOST_PIECES + 1))
    density, mass = np.empty((2, SIZE))
    for i in range(x.shape[0]):
        for d in range(theta.shape[1]):
            if gone[i, d]:
                n, a, s, b = theta[0, d] + x[i], theta[1, d] + t_x[i], theta[2, d], theta[3, d] + t_x[i]
                count = _weigh_pieces(n, a, s, b, T[i] - t_x[i], starts, masses, density, mass)
                out[i, d] = t_x[i]
                if count > 0:
                    rest, k = share[i, d] * masses[:count].sum(), 0
                    while k + 1 < count and rest > masses[k]:
                        rest -= masses[k]
                        k += 1
                    half = 0.5 * (starts[k + 1] - starts[k])
                    if k + 1 < count:  # the last is in hand
                        _interpolate(n, a, s, b, starts[k], starts[k + 1], density, mass)
                    v = starts[k] + half * (1.0 + _invert(density, mass, rest / half))
                    out[i, d] += min(min(a, b) * math.expm1(v), T[i] - t_x[i])


@compiled
def _weigh_pieces(
    n: float,
    a: float,
    s: float,
    b: float,
    limit: float,
    starts: FloatArray,
    masses: FloatArray,
    density: FloatArray,
    mass: FloatArray,
) -> int:
    """Cut the mass of (1+u/a)^-n (1+u/b)^-(s+1) on (0, limit) into pieces; fills their masses and starts, and counts.

    The axis is v = log(1 + u/c), c the smaller of a and b, with `starts` one longer than `masses`.
    """
    clock = min(a, b)
    end, total, k = math.log1p(limit / clock), 0.0, 0
    starts[0] = 0.0
    while starts[k] < end and k < MOST_PIECES:
        u = clock * math.expm1(starts[k])
        slope = n * (clock + u) / (a + u) + (s + 1.0) * (clock + u) / (b + u) - 1.0
        log_f = starts[k] - n * math.log1p(u / a) - (s + 1.0) * math.log1p(u / b)
        if slope > 0.0 and math.exp(log_f) < NEGLIGIBLE * total * slope:
            break
        starts[k + 1] = min(end, starts[k] + min(LONGEST_PIECE, LARGEST_FALL / abs(slope)))
        _interpolate(n, a, s, b, starts[k], starts[k + 1], density, mass)
        masses[k] = 0.5 * (starts[k + 1] - starts[k]) * mass.sum()
        total += masses[k]
        k += 1
    return k


@compiled
def _interpolate(
    n: float, a: float, s: float, b: float, start: float, end: float, density: FloatArray, mass: FloatArray
) -> None:
    """Fill the Chebyshev coefficients of f on a piece and of its integral from the start.

    On an axis from -1 to 1; the sum of the coefficients is the value at its end.
    """
    clock, other_clock = min(a, b), max(a, b)
    half = 0.5 * (end - start)
    density[:] = 0.0
    for q in range(SIZE):
        v = start + half * (1.0 + POINTS[q])
        other = math.log1p(math.expm1(v) * (clock / other_clock))
        log_a, log_b = (v, other) if a <= b else (other, v)
        value = math.exp(v - n * log_a - (s + 1.0) * log_b)
        for m in range(SIZE):
            density[m] += TO_COEFFICIENTS[q, m] * value
    mass[0] = 0.0
    for m in range(1, SIZE):
        before = 2.0 * density[0] if m == 1 else density[m - 1]
        after = density[m + 1] if m + 1 < SIZE else 0.0
        mass[m] = (before - after) / (2.0 * m)
        mass[0] += mass[m] if m % 2 == 1 else -mass[m]


@compiled
def _invert(density: FloatArray, mass: FloatArray, value: float) -> float:
    """Where in [-1, 1] the integral reaches the value: Newton's method, kept in a bracket."""
    low, high = -1.0, 1.0
    z = -1.0 + 2.0 * value / float(mass.sum())
    for _ in range(MOST_STEPS):
        off = clenshaw(mass, z) - value
        if off > 0.0:
            high = z
        else:
            low = z
        moved = z - off / clenshaw(density, z)
        if not low <= moved <= high:
            moved = 0.5 * (low + high)
        close = abs(moved - z) < CLOSE_ENOUGH
        z = moved
        if close:
            break
    return float(z)
