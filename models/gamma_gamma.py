r"""Gamma-Gamma: what customers spend per purchase.

Colombo & Jiang (1999); Fader, Hardie & Lee (2005), RFM and CLV: Using Iso-Value Curves, Journal of Marketing
Research 42:4, 415-430; Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value, note 025.

The amounts of one customer are :math:`\Gamma(p, \nu)`; across customers :math:`\nu \sim \Gamma(q, v)`. The mean
:math:`\bar z` of n amounts has density (note 025, equation 1a)

.. math::

    f(\bar z) = \frac{\Gamma(pn+q)}{\Gamma(pn)\Gamma(q)}\,
                \frac{v^q\,\bar z^{pn-1} n^{pn}}{(v+n\bar z)^{pn+q}}

Amounts are taken to be independent of how often a customer buys; `diagnostics` and the reports show how far
that holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, final

import numpy as np
from scipy.special import gammaln, xlogy

from .base import Effect
from .ground.priors import LogNormal, Prior
from .ground.rows import FloatArray, IntArray
from .kernels.gamma_gamma import gamma_gamma_log_likelihood
from .spend import SpendModel


@final
class GammaGammaModel(SpendModel):
    """The Gamma-Gamma model of spend per purchase (Fader & Hardie 2013).

    Coordinates of the priors: `mean_spend` = p v / (q - 1), the population's mean amount relative to the mean seen;
    `p`, how alike one customer's amounts are; `q_excess` = q - 1, how alike customers are. The mean amount of the
    population is finite by construction.

    Parameters
    ----------
    first_purchase : bool
        Whether a customer's first purchase counts (the default; it ranks customers better), or repeat purchases
        alone, as in the papers.

    Examples
    --------
    >>> import lifeworth as lw
    >>> spend = lw.GammaGammaModel.from_parameters(p=6.25, q=3.74, v=15.44)
    >>> round(spend.population_mean["mean"].item(), 2)
    35.22
    """

    name: ClassVar[str] = "Gamma-Gamma"
    parameters: ClassVar[tuple[str, ...]] = ("p", "q", "v")
    unit_parameters: ClassVar[tuple[str, ...]] = ("v",)
    default_priors: ClassVar[Mapping[str, Prior]] = {
        "mean_spend": LogNormal(0.0, 0.5),
        "p": LogNormal(1.5, 1.0),
        "q_excess": LogNormal(1.0, 0.75),
    }

    effects: ClassVar[Mapping[str, Effect]] = {"mean_spend": Effect("mean_spend", 1.0)}

    weighted_log_likelihood = staticmethod(gamma_gamma_log_likelihood)

    @classmethod
    def to_parameters(cls, coordinates: Sequence[Any]) -> list[Any]:
        """Q = 1 + q_excess, v = mean_spend q_excess / p."""
        mean_spend, p, q_excess = coordinates
        return [p, 1.0 + q_excess, mean_spend * q_excess / p]

    @classmethod
    def to_coordinates(cls, parameters: Sequence[Any]) -> list[Any]:
        """Inverse of `to_parameters`."""
        p, q, v = parameters
        return [p * v / (q - 1.0), p, q - 1.0]

    @classmethod
    def pull_back(cls, coordinates: FloatArray, slope: FloatArray) -> FloatArray:
        """Chain rule of `to_parameters`."""
        mean_spend, p, q_excess = coordinates
        d_p, d_q, d_v = slope
        v_by_mean, v_by_excess = q_excess / p, mean_spend / p
        return np.array([d_v * v_by_mean, d_p - d_v * mean_spend * v_by_mean / p, d_q + d_v * v_by_excess])

    @classmethod
    def log_likelihood(cls, theta: FloatArray, n: IntArray, zbar: FloatArray) -> FloatArray:
        """Logarithm of the density above; 0 for a customer without a known purchase."""
        p, q, v = theta
        known = n > 0
        n, zbar = np.where(known, n, 1), np.where(known, zbar, 1.0)
        return np.where(
            known,
            gammaln(p * n + q) - gammaln(p * n) - gammaln(q)
            + xlogy(q, v) + xlogy(p * n - 1.0, zbar) + xlogy(p * n, n) - xlogy(p * n + q, n * zbar + v),
            0.0,
        )  # fmt: skip

    @classmethod
    def expected_spend(cls, theta: FloatArray, n: IntArray, zbar: FloatArray) -> FloatArray:
        """P (v + n zbar) / (p n + q - 1): between the customer's mean and the population's (note 025, eq. 5)."""
        p, q, v = theta
        return np.asarray(p * (v + n * zbar) / (p * n + q - 1.0))

    @classmethod
    def draw_latent(cls, rng: np.random.Generator, theta: FloatArray, n: IntArray, zbar: FloatArray) -> FloatArray:
        """Nu ~ Gamma(q + p n, v + n zbar)."""
        p, q, v = theta
        return np.asarray(rng.standard_gamma(q + p * n) / (v + n * zbar))
