r"""Pareto/NBD: purchases at a gamma-distributed rate until an exponential lifetime ends.

Schmittlein, Morrison & Colombo (1987), Counting Your Customers: Who Are They and What Will They Do Next?, Management
Science 33:1, 1-24; Fader & Hardie, notes 009 (2005), 028 and 039 on brucehardie.com.

While alive a customer buys as a Poisson process with rate :math:`\lambda`; the customer is gone after an exponential
lifetime with rate :math:`\mu`. Across customers :math:`\lambda \sim \Gamma(r, \alpha)` and :math:`\mu \sim
\Gamma(s, \beta)`. With x repeat purchases, the last at t_x, observed to T, one customer has (note 009)

.. math::

    L = \frac{\Gamma(r+x)\,\alpha^r \beta^s}{\Gamma(r)} \left[ (\alpha+T)^{-(r+x)} (\beta+T)^{-s}
        + s \int_{t_x}^T (\alpha+u)^{-(r+x)} (\beta+u)^{-(s+1)}\,du \right]

The first term in the brackets is "alive at T", the second "gone at some u since t_x". With the brackets divided by
their value at T = t_x it reads: x purchases, the last at t_x, and silence from there to T,

.. math::

    L = \frac{\Gamma(r+x)}{\Gamma(r)\,\alpha^x} \left(\frac{\alpha}{\alpha+t_x}\right)^{r+x}
        \left(\frac{\beta}{\beta+t_x}\right)^s P(t_x, T).

The probability of silence P answers for the future as well; see `kernels.pareto_nbd_silence` for how it is computed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, final

import numpy as np
from scipy.special import exprel, gammaln, log1p

from .base import Effect, Latent
from .ground.priors import LogNormal, Prior
from .ground.rows import FloatArray, IntArray
from .ground.states import State
from .kernels import pareto_nbd_state as states
from .kernels.pareto_nbd import pareto_nbd_log_likelihood
from .kernels.pareto_nbd_ahead import counts_ahead, discounted_time_ahead
from .kernels.pareto_nbd_silence import alive_behind_silence, silence
from .purchases import TransactionModel

LOG_TWO: Final = math.log(2.0)
LARGEST_LOG: Final = 600.0
"""Lifetimes are cut at e^600 of their unit: longer than any horizon, and finite."""


@final
class ParetoNBDModel(TransactionModel):
    """The Pareto/NBD model (Schmittlein, Morrison & Colombo 1987).

    Coordinates of the priors: `mean_gap` = alpha / r, the mean time between purchases, and `median_lifetime` =
    beta (2^(1/s) - 1), the time after which half of the customers are gone, both relative to the median gap seen among
    repeaters; `r`, how alike purchase rates are; `spread` = median_lifetime / beta = 2^(1/s) - 1, how unlike dropout
    rates are (1 where s = 1, near 0 where all customers have the same). In their logarithms the posterior is almost
    Gaussian: data tell the median lifetime far better than s or beta, which make up for each other.

    The default priors say little. The time between purchases is that of BG/NBD, and half of the customers are gone
    within 2.7 of these gaps, as there each third purchase is the last; nine times in ten within 0.2 to 32. Dropout
    rates are as unlike as purchase rates: the median of s is 0.63, that of r 0.61.

    Examples
    --------
    >>> from lifeworth.models.pareto_nbd import ParetoNBDModel
    >>> model = ParetoNBDModel.from_parameters(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="W")
    >>> round(model.expected_purchases_new_customer(horizon="52W")["mean"].item(), 3)
    1.473
    """

    name: ClassVar[str] = "Pareto/NBD"
    parameters: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")
    unit_parameters: ClassVar[tuple[str, ...]] = ("alpha", "beta")
    default_priors: ClassVar[Mapping[str, Prior]] = {
        "mean_gap": LogNormal(0.0, 1.0),
        "r": LogNormal(-0.5, 1.0),
        "median_lifetime": LogNormal(1.0, 1.5),
        "spread": LogNormal(0.7, 1.25),
    }

    effects: ClassVar[Mapping[str, Effect]] = {
        "purchase_rate": Effect("mean_gap", -1.0),
        "dropout": Effect("median_lifetime", -1.0),
    }

    weighted_log_likelihood = staticmethod(pareto_nbd_log_likelihood)

    @classmethod
    def to_parameters(cls, coordinates: Sequence[Any]) -> list[Any]:
        """Alpha = r mean_gap, s = log 2 / log(1 + spread), beta = median_lifetime / spread."""
        mean_gap, r, median_lifetime, spread = coordinates
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # far out: the likelihood refuses it
            return [r, r * mean_gap, LOG_TWO / np.log1p(spread), median_lifetime / spread]

    @classmethod
    def to_coordinates(cls, parameters: Sequence[Any]) -> list[Any]:
        """Inverse of `to_parameters`."""
        r, alpha, s, beta = parameters
        spread = np.expm1(LOG_TWO / s)
        return [alpha / r, r, beta * spread, spread]

    @classmethod
    def pull_back(cls, coordinates: FloatArray, slope: FloatArray) -> FloatArray:
        """Chain rule of `to_parameters`."""
        mean_gap, r, median_lifetime, spread = coordinates
        d_r, d_alpha, d_s, d_beta = slope
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            s_by_spread = -LOG_TWO / (np.log1p(spread) ** 2 * (1.0 + spread))
            by_spread = d_s * s_by_spread - d_beta * median_lifetime / spread**2
            return np.array([d_alpha * r, d_r + d_alpha * mean_gap, d_beta / spread, by_spread])

    @classmethod
    def log_likelihood(cls, theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Logarithm of the last formula above."""
        r, alpha, s, beta = theta
        bought = gammaln(r + x) - gammaln(r) - x * np.log(alpha)
        there = -(r + x) * log1p(t_x / alpha) - s * log1p(t_x / beta)
        return np.asarray(bought + there + np.log(silence(theta, x, t_x, T)))

    @classmethod
    def probability_alive(cls, theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Silent and alive, over silent: ((alpha+t_x)/(alpha+T))^(r+x) ((beta+t_x)/(beta+T))^s / P(t_x, T)."""
        return alive_behind_silence(theta, x, t_x, T)

    @classmethod
    def none_if_alive(cls, theta: FloatArray, x: IntArray, T: FloatArray, horizon: float | FloatArray) -> FloatArray:
        """P(T, T+h)."""
        return silence(theta, x, T, T + horizon)

    @classmethod
    def pmf_if_alive(cls, theta: FloatArray, x: IntArray, T: FloatArray, horizon: float, count: int) -> FloatArray:
        """Negative binomial over the time alive within the horizon (note 028, before its integral is solved)."""
        if count == 0:
            return cls.none_if_alive(theta, x, T, horizon)
        return np.asarray(counts_ahead(theta, x, T, horizon, [count])[0])

    @classmethod
    def pmfs_if_alive(
        cls, theta: FloatArray, x: IntArray, T: FloatArray, horizon: float, counts: Sequence[int]
    ) -> FloatArray:
        """`pmf_if_alive` of several ascending counts, which share their quadrature, array (counts, …)."""
        return counts_ahead(theta, x, T, horizon, counts)

    @classmethod
    def purchases_if_alive(
        cls, theta: FloatArray, x: IntArray, T: FloatArray, horizons: FloatArray, discount: float
    ) -> FloatArray:
        """(r+x)/(alpha+T) times the expected discounted time alive within the horizon."""
        r, alpha, s, beta = theta[:, :, None]
        if discount > 0.0:
            return np.asarray((r + x) / (alpha + T) * discounted_time_ahead(theta, T, horizons, discount))
        log_end = log1p(horizons[:, None, None] / (beta + T))
        return np.asarray((r + x) / (alpha + T) * (beta + T) * log_end * exprel((1.0 - s) * log_end))

    leaves_at_purchases: ClassVar[bool] = False
    endless: ClassVar[str] = "s is 1 or less"

    @classmethod
    def survival_if_alive(
        cls,
        theta: FloatArray,
        x: IntArray,  # noqa: ARG003  # how often a customer bought does not tell how long they stay
        T: FloatArray,
        horizon: float,
    ) -> FloatArray:
        """((beta+T)/(beta+T+h))^s."""
        return states.survival_ahead(theta, T, horizon)

    @classmethod
    def lifetime_if_alive(
        cls,
        theta: FloatArray,
        x: IntArray,  # noqa: ARG003  # how often a customer bought does not tell how long they stay
        T: FloatArray,
        horizon: float,
    ) -> FloatArray:
        """Integral of the survival over the horizon."""
        return states.time_ahead(theta, T, horizon)

    @classmethod
    def mean_rate(cls, theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """(r+x)/(alpha+t_x) times the silence with r + 1, over that with r; see `kernels.pareto_nbd_state`."""
        return states.mean_rate(theta, x, t_x, T)

    @classmethod
    def mean_dropout(cls, theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """s/(beta+t_x) times the silence with s + 1, over that with s; see `kernels.pareto_nbd_state`."""
        return states.mean_dropout(theta, x, t_x, T)

    @classmethod
    def draw_state(
        cls, rng: np.random.Generator, theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray
    ) -> State:
        """Alive as in `draw_latent`; gone: the time of death by inverse CDF, lambda and mu given it."""
        return states.draw_state(rng, theta, x, t_x, T, cls.probability_alive(theta, x, t_x, T))

    @classmethod
    def draw_latent(
        cls, rng: np.random.Generator, theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray
    ) -> Latent:
        """Alive: lambda ~ Gamma(r+x, alpha+T), and a lifetime ahead that is Pareto(s, beta+T); gone: rate 0.

        The lifetime is drawn without its mu: P(longer than u) = ((beta+T)/(beta+T+u))^s.
        """
        r, alpha, s, beta = theta
        p_alive = cls.probability_alive(theta, x, t_x, T)
        alive = rng.random(p_alive.shape) < p_alive
        rate = np.where(alive, rng.standard_gamma(r + x, p_alive.shape) / (alpha + T), 0.0)
        log_end = np.minimum(rng.standard_exponential(p_alive.shape) / s, LARGEST_LOG)
        return Latent(rate, np.zeros(p_alive.shape), (beta + T) * np.expm1(log_end))
