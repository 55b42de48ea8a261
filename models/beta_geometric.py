r"""The beta-geometric family: what BG/NBD and MBG/NBD share, written once.

While alive a customer buys as a Poisson process with rate lambda ~ Gamma(r, alpha) and tosses a coin with dropout
probability p ~ Beta(a, b) after each purchase. The two models differ in one toss: after the first purchase there is
none in BG/NBD and one in MBG/NBD. With k tosses for x repeat purchases (k = x, or k = x + 1), one customer has

.. math::

    L = \frac{\Gamma(r+x)\,\alpha^r}{\Gamma(r)}\,\frac{B(a, b+k)}{B(a, b)}
        \left[ (\alpha+T)^{-(r+x)} + \mathbb 1_{k>0}\,\frac{a}{b+k-1}\,(\alpha+t_x)^{-(r+x)} \right]

The first term in the brackets is "alive at T", the second "gone at t_x". Given alive, lambda ~ Gamma(r+x, alpha+T) and
p ~ Beta(a, b+k) are independent, so that everything ahead follows from these four numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import numpy as np
from scipy.special import betainc, betaln, expit, gammaln, log1p, xlogy

from .base import Effect, Latent
from .ground.priors import Beta, LogNormal, Prior
from .ground.rows import FloatArray, IntArray
from .ground.states import State
from .kernels import beta_geometric_state as states
from .kernels.beta_geometric_ahead import purchases_ahead
from .kernels.beta_geometric_lifetimes import survival_ahead, time_ahead
from .purchases import TransactionModel

SMALLEST_B: Final = 1e-300
"""Stands in for b + k - 1 where k = 0, whose "gone" term is masked out: keeps the masked side finite."""


class BetaGeometric(TransactionModel):
    """A model of the family; abstract. `extra_tosses` tells which.

    Coordinates of the priors: `mean_gap` = alpha / r, the mean time between purchases relative to the median gap
    seen among repeaters; `r`, how alike purchase rates are; `phi` = a / (a + b), the mean dropout probability;
    `kappa` = a + b, how alike dropout probabilities are. In their logarithms and logit the posterior is almost
    Gaussian.
    """

    extra_tosses: ClassVar[int]
    """Tosses at the first purchase: 0 or 1."""
    parameters: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    unit_parameters: ClassVar[tuple[str, ...]] = ("alpha",)
    default_priors: ClassVar[Mapping[str, Prior]] = {
        "mean_gap": LogNormal(0.0, 1.0),
        "r": LogNormal(-0.5, 1.0),
        "phi": Beta(1.5, 3.0),
        "kappa": LogNormal(1.0, 1.25),
    }
    effects: ClassVar[Mapping[str, Effect]] = {
        "purchase_rate": Effect("mean_gap", -1.0),
        "dropout": Effect("phi", 1.0),
    }

    @classmethod
    def to_parameters(cls, coordinates: Sequence[Any]) -> list[Any]:
        """Alpha = r mean_gap, a = phi kappa, b = (1 - phi) kappa."""
        mean_gap, r, phi, kappa = coordinates
        return [r, r * mean_gap, phi * kappa, (1.0 - phi) * kappa]

    @classmethod
    def to_coordinates(cls, parameters: Sequence[Any]) -> list[Any]:
        """Inverse of `to_parameters`."""
        r, alpha, a, b = parameters
        return [alpha / r, r, a / (a + b), a + b]

    @classmethod
    def pull_back(cls, coordinates: FloatArray, slope: FloatArray) -> FloatArray:
        """Chain rule of `to_parameters`."""
        mean_gap, r, phi, kappa = coordinates
        d_r, d_alpha, d_a, d_b = slope
        return np.array([d_alpha * r, d_r + d_alpha * mean_gap, (d_a - d_b) * kappa, d_a * phi + d_b * (1.0 - phi)])

    @classmethod
    def log_likelihood(cls, theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Logarithm of the formula above, times relative to alpha; nothing is exponentiated (Hardie, note 027)."""
        r, alpha, a, b = theta
        k = x + cls.extra_tosses
        alive = -(r + x) * log1p(T / alpha)
        gone = np.where(k > 0, np.log(a / _last_toss(b, k)) - (r + x) * log1p(t_x / alpha), -np.inf)
        bought = gammaln(r + x) - gammaln(r) - x * np.log(alpha)
        return np.asarray(bought + betaln(a, b + k) - betaln(a, b) + np.logaddexp(alive, gone))

    @classmethod
    def probability_alive(cls, theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """1 / (1 + a/(b+k-1) ((alpha+T)/(alpha+t_x))^(r+x)); 1 for k = 0 (Hardie, note 021)."""
        r, alpha, a, b = theta
        k = x + cls.extra_tosses
        log_odds_gone = np.log(a / _last_toss(b, k)) + (r + x) * log1p((T - t_x) / (alpha + t_x))
        return np.asarray(expit(-np.where(k > 0, log_odds_gone, -np.inf)))

    @classmethod
    def none_if_alive(cls, theta: FloatArray, x: IntArray, T: FloatArray, horizon: float | FloatArray) -> FloatArray:
        """((alpha+T)/(alpha+T+h))^(r+x): the rate is Gamma(r+x, alpha+T), and no purchase means no toss."""
        r, alpha, _, _ = theta
        return np.asarray(np.exp(-(r + x) * log1p(horizon / (alpha + T))))

    @classmethod
    def pmf_if_alive(cls, theta: FloatArray, x: IntArray, T: FloatArray, horizon: float, count: int) -> FloatArray:
        """Equation 8 of Fader, Hardie & Lee (2005) with r+x, alpha+T, a, b+k in the place of r, alpha, a, b.

        Either all `count` tosses are survived and no more is bought, or the last toss ends it; the probability
        that time allows at least `count` purchases is an incomplete beta function, not one minus a sum.
        """
        r, alpha, a, b = theta
        shape, rate, survived = r + x, alpha + T, b + x + cls.extra_tosses
        share = horizon / (rate + horizon)
        log_exactly = (
            gammaln(shape + count) - gammaln(shape) - gammaln(count + 1.0) - shape * log1p(horizon / rate)
        ) + xlogy(count, share)
        all_survived = np.exp(betaln(a, survived + count) - betaln(a, survived) + log_exactly)
        if count == 0:
            return np.asarray(all_survived)
        ended = np.exp(betaln(a + 1.0, survived + count - 1.0) - betaln(a, survived)) * betainc(count, shape, share)
        return np.asarray(all_survived + ended)

    @classmethod
    def purchases_if_alive(
        cls, theta: FloatArray, x: IntArray, T: FloatArray, horizons: FloatArray, discount: float
    ) -> FloatArray:
        """Integral of e^(-discount u) E[lambda e^(-lambda p u)] over the horizon; see `kernels.beta_geometric`."""
        return purchases_ahead(theta, x, T, horizons, discount, cls.extra_tosses)

    leaves_at_purchases: ClassVar[bool] = True
    endless: ClassVar[str] = "r + x or a is 1 or less"

    @classmethod
    def survival_if_alive(cls, theta: FloatArray, x: IntArray, T: FloatArray, horizon: float) -> FloatArray:
        """E_p[(1 + p h/(alpha+T))^-(r+x)]; see `kernels.beta_geometric_lifetimes`."""
        return survival_ahead(theta, x, T, horizon, cls.extra_tosses)

    @classmethod
    def lifetime_if_alive(cls, theta: FloatArray, x: IntArray, T: FloatArray, horizon: float) -> FloatArray:
        """Integral of the survival over the horizon; see `kernels.beta_geometric_lifetimes`."""
        return time_ahead(theta, x, T, horizon, cls.extra_tosses)

    @classmethod
    def mean_rate(cls, theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """(r+x) (P/(alpha+T) + (1-P)/(alpha+t_x)), P the probability alive."""
        return states.mean_rate(theta, x, t_x, T, cls.probability_alive(theta, x, t_x, T))

    @classmethod
    def mean_dropout(cls, theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """(a + 1 - P) / (a+b+k)."""
        return states.mean_dropout(theta, x, cls.probability_alive(theta, x, t_x, T), cls.extra_tosses)

    @classmethod
    def draw_state(
        cls, rng: np.random.Generator, theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray
    ) -> State:
        """Alive as in `draw_latent`; gone: lambda ~ Gamma(r+x, alpha+t_x), p ~ Beta(a+1, b+k-1)."""
        return states.draw_state(rng, theta, x, t_x, T, cls.probability_alive(theta, x, t_x, T), cls.extra_tosses)

    @classmethod
    def draw_latent(
        cls, rng: np.random.Generator, theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray
    ) -> Latent:
        """Alive: lambda ~ Gamma(r+x, alpha+T) and p ~ Beta(a, b+k), independent; gone: rate 0."""
        r, alpha, a, b = theta
        p_alive = cls.probability_alive(theta, x, t_x, T)
        alive = rng.random(p_alive.shape) < p_alive
        rate = np.where(alive, rng.standard_gamma(r + x, p_alive.shape) / (alpha + T), 0.0)
        dropout = rng.beta(a, b + x + cls.extra_tosses, p_alive.shape)
        return Latent(rate, dropout, np.full(p_alive.shape, math.inf))


def _last_toss(b: FloatArray, k: IntArray) -> FloatArray:
    return np.asarray(np.where(k > 0, b + k - 1.0, SMALLEST_B))
