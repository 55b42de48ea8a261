r"""BG/NBD: purchases at a gamma-distributed rate, dropout by the toss of a coin after each repeat purchase.

Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24:2, 275-284.

While alive a customer buys as a Poisson process with rate :math:`\lambda`; after each repeat purchase the
customer is gone with probability :math:`p`. Across customers :math:`\lambda \sim \Gamma(r, \alpha)` and
:math:`p \sim \mathrm{Beta}(a, b)`. With x repeat purchases, the last at t_x, observed to T, one customer has
(their equation 6)

.. math::

    L = \frac{\Gamma(r+x)\,\alpha^r}{\Gamma(r)}\,\frac{B(a, b+x)}{B(a, b)}
        \left[ (\alpha+T)^{-(r+x)} + \mathbb 1_{x>0}\,\frac{a}{b+x-1}\,(\alpha+t_x)^{-(r+x)} \right]

The first term in the brackets is "alive at T", the second "gone at t_x".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, final

import numpy as np
from scipy.special import betainc, betaln, expit, gammaln, log1p, xlogy

from .base import Latent
from .beta_geo_kernels import beta_geo_log_likelihood, purchases_ahead
from .ground.priors import Beta, LogNormal
from .ground.rows import FloatArray, IntArray
from .purchases import TransactionModel

SMALLEST_B: Final = 1e-300
"""Stands in for b + x - 1 where x = 0, whose "gone" term is masked out: keeps the masked side finite."""


@final
class BetaGeoModel(TransactionModel):
    """The BG/NBD model (Fader, Hardie & Lee 2005).

    Coordinates of the priors: `mean_gap` = alpha / r, the mean time between purchases relative to the median gap
    seen among repeaters; `r`, how alike purchase rates are; `phi` = a / (a + b), the mean dropout probability;
    `kappa` = a + b, how alike dropout probabilities are. In their logarithms and logit the posterior is almost
    Gaussian.

    Examples
    --------
    >>> import lifeworth as lw
    >>> model = lw.BetaGeoModel.from_parameters(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="W")
    >>> round(model.expected_purchases_new_customer(horizon="52W")["mean"].item(), 3)
    1.446
    """

    name: ClassVar[str] = "BG/NBD"
    parameters: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    unit_parameters: ClassVar[tuple[str, ...]] = ("alpha",)
    default_priors: ClassVar[Mapping[str, LogNormal | Beta]] = {
        "mean_gap": LogNormal(0.0, 1.0),
        "r": LogNormal(-0.5, 1.0),
        "phi": Beta(1.5, 3.0),
        "kappa": LogNormal(1.0, 1.25),
    }

    weighted_log_likelihood = staticmethod(beta_geo_log_likelihood)

    @staticmethod
    def to_parameters(coordinates: Sequence[Any]) -> list[Any]:
        """Alpha = r mean_gap, a = phi kappa, b = (1 - phi) kappa."""
        mean_gap, r, phi, kappa = coordinates
        return [r, r * mean_gap, phi * kappa, (1.0 - phi) * kappa]

    @staticmethod
    def pull_back(coordinates: FloatArray, slope: FloatArray) -> FloatArray:
        """Chain rule of `to_parameters`."""
        mean_gap, r, phi, kappa = coordinates
        d_r, d_alpha, d_a, d_b = slope
        return np.array([d_alpha * r, d_r + d_alpha * mean_gap, (d_a - d_b) * kappa, d_a * phi + d_b * (1.0 - phi)])

    @staticmethod
    def log_likelihood(theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Logarithm of the formula above; nothing is exponentiated (Hardie, note 027)."""
        r, alpha, a, b = theta
        alive = -(r + x) * np.log(alpha + T)
        gone = np.where(x > 0, np.log(a / _tosses(b, x)) - (r + x) * np.log(alpha + t_x), -np.inf)
        return np.asarray(
            gammaln(r + x) - gammaln(r) + xlogy(r, alpha) + betaln(a, b + x) - betaln(a, b) + np.logaddexp(alive, gone)
        )

    @staticmethod
    def probability_alive(theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """1 / (1 + a/(b+x-1) ((alpha+T)/(alpha+t_x))^(r+x)); 1 for x = 0 (Hardie, note 021)."""
        r, alpha, a, b = theta
        log_odds_gone = np.log(a / _tosses(b, x)) + (r + x) * log1p((T - t_x) / (alpha + t_x))
        return np.asarray(expit(-np.where(x > 0, log_odds_gone, -np.inf)))

    @staticmethod
    def none_if_alive(theta: FloatArray, x: IntArray, T: FloatArray, horizon: float) -> FloatArray:
        """((alpha+T)/(alpha+T+h))^(r+x): the rate is Gamma(r+x, alpha+T), and no purchase means no toss."""
        r, alpha, _, _ = theta
        return np.asarray(np.exp(-(r + x) * log1p(horizon / (alpha + T))))

    @staticmethod
    def pmf_if_alive(theta: FloatArray, x: IntArray, T: FloatArray, horizon: float, count: int) -> FloatArray:
        """Equation 8 of the paper with r+x, alpha+T, a, b+x in the place of r, alpha, a, b.

        Either all `count` tosses are survived and no more is bought, or the last toss ends it; the probability
        that time allows at least `count` purchases is an incomplete beta function, not one minus a sum.
        """
        r, alpha, a, b = theta
        shape, rate, tosses = r + x, alpha + T, b + x
        share = horizon / (rate + horizon)
        log_exactly = (
            gammaln(shape + count) - gammaln(shape) - gammaln(count + 1.0) - shape * log1p(horizon / rate)
        ) + xlogy(count, share)
        survived = np.exp(betaln(a, tosses + count) - betaln(a, tosses) + log_exactly)
        if count == 0:
            return np.asarray(survived)
        ended = np.exp(betaln(a + 1.0, tosses + count - 1.0) - betaln(a, tosses)) * betainc(count, shape, share)
        return np.asarray(survived + ended)

    @staticmethod
    def purchases_if_alive(
        theta: FloatArray, x: IntArray, T: FloatArray, horizons: FloatArray, discount: float
    ) -> FloatArray:
        """Integral of e^(-discount u) E[lambda e^(-lambda p u)] over the horizon; see `beta_geo_kernels`."""
        return purchases_ahead(theta, x, T, horizons, discount, EXTRA_TOSSES)

    @staticmethod
    def draw_latent(rng: np.random.Generator, theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray) -> Latent:
        """Alive: lambda ~ Gamma(r+x, alpha+T) and p ~ Beta(a, b+x), independent; gone: rate 0."""
        r, alpha, a, b = theta
        p_alive = BetaGeoModel.probability_alive(theta, x, t_x, T)
        alive = rng.random(p_alive.shape) < p_alive
        rate = np.where(alive, rng.standard_gamma(r + x, p_alive.shape) / (alpha + T), 0.0)
        return Latent(rate, rng.beta(a, b + x, p_alive.shape), np.full(p_alive.shape, math.inf))


EXTRA_TOSSES: Final = 0
"""The first purchase tosses no coin: x repeat purchases are x tosses."""


def _tosses(b: FloatArray, x: IntArray) -> FloatArray:
    return np.asarray(np.where(x > 0, b + x - 1.0, SMALLEST_B))
