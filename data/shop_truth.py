r"""The shop whose truth is known: its channels, categories and treatments, and what is true of them in closed form.

A customer who buys at rate :math:`\lambda` while alive and leaves at rate :math:`\mu` (in BG/NBD and MBG/NBD
:math:`\mu = \lambda p`, since each purchase ends it with probability p) is, discounted at :math:`\delta`, alive for

.. math::

    \tau(h) = \frac{1 - e^{-(\mu + \delta) h}}{\mu + \delta}

within a horizon h, and makes :math:`\lambda \tau(h)` discounted purchases. A new customer of a channel has the mean of
this over the channel's population, here by quadrature.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from scipy.special import expit, exprel, log_expit

from lifeworth.models.ground.rows import FloatArray

type ShopModel = Literal["bg", "mbg", "pareto"]
"""How the customers of a shop leave: as in BG/NBD, MBG/NBD or Pareto/NBD."""

MODELS: Final[Mapping[ShopModel, str]] = MappingProxyType({"bg": "BG/NBD", "mbg": "MBG/NBD", "pareto": "Pareto/NBD"})
CATEGORIES: Final = ("clothing", "home", "beauty")

STEP: Final = 0.25
"""Step of the quadrature in logarithms: for functions as smooth as these its error is below double precision."""
NEGLIGIBLE: Final = 40.0
"""Tails are cut where e^-40 is left, below double precision."""


@dataclass(frozen=True)
class Channel:
    """The population of a channel; times in weeks, money in the shop's currency.

    Attributes
    ----------
    share : float
        Of the customers acquired.
    rate : (r, alpha)
        Purchase rates are Gamma(r, alpha).
    dropout : (a, b)
        Dropout probabilities are Beta(a, b), where customers leave at purchases.
    leaving : (s, beta)
        Rates of leaving are Gamma(s, beta), where customers leave by the clock (Pareto/NBD).
    amounts : (p, q, v)
        Of Gamma-Gamma.
    cac : float
        What acquiring one customer costs.
    preference : tuple of float
        Customers' shares of `CATEGORIES` are Dirichlet with these concentrations.
    """

    share: float
    rate: tuple[float, float]
    dropout: tuple[float, float]
    leaving: tuple[float, float]
    amounts: tuple[float, float, float]
    cac: float
    preference: tuple[float, float, float]

    @property
    def mean_amount(self) -> float:
        """Mean amount of an order over the population: p v / (q - 1)."""
        p, q, v = self.amounts
        return p * v / (q - 1.0)


CHANNELS: Final[Mapping[str, Channel]] = MappingProxyType(
    {
        "search": Channel(
            0.40, (0.6, 6.0), (0.8, 2.4), (0.7, 20.0), (6.0, 4.0, 24.0), cac=18.0, preference=(1.6, 1.0, 0.6)
        ),
        "social": Channel(
            0.25, (0.5, 7.0), (1.2, 2.0), (0.8, 12.0), (6.0, 4.0, 17.5), cac=14.0, preference=(0.8, 0.3, 2.4)
        ),
        "referral": Channel(
            0.10, (0.9, 9.0), (0.6, 3.4), (0.6, 30.0), (6.0, 4.0, 27.5), cac=25.0, preference=(1.0, 1.6, 0.8)
        ),
        "marketplace": Channel(
            0.25, (0.4, 8.0), (1.5, 1.7), (1.0, 10.0), (6.0, 4.0, 15.0), cac=20.0, preference=(0.6, 2.4, 0.4)
        ),
    }
)
"""Referral brings the best customers, marketplace the worst, who do not earn what they cost."""


@dataclass(frozen=True)
class Treatment:
    """Something done to customers that truly changes what they do.

    Attributes
    ----------
    name : str
    kind : {"return", "share"}
        "return": a customer who has left comes back with the probability `effects`, with the habits of before; one
        who has not stays as is. "share": an order of a customer who is there leaves `effects` more contribution, as a
        share of all that the customer leaves.
    by : {"channel", "first_category"}
        Attribute of the customer that decides on the effect.
    effects : mapping of str to float
        The effect for each value of `by`.
    cost : float
        Of treating one customer, whatever comes of it.
    """

    name: str
    kind: Literal["return", "share"]
    by: Literal["channel", "first_category"]
    effects: Mapping[str, float]
    cost: float


TREATMENTS: Final[Mapping[str, Treatment]] = MappingProxyType(
    {
        "win_back": Treatment(
            "win_back",
            "return",
            "channel",
            MappingProxyType({"search": 0.08, "social": 0.16, "referral": 0.24, "marketplace": 0.02}),
            cost=1.5,
        ),
        "loyalty": Treatment(
            "loyalty",
            "share",
            "first_category",
            MappingProxyType({"clothing": 0.12, "home": 0.03, "beauty": 0.18}),
            cost=2.5,
        ),
    }
)


def time_alive(leaving: FloatArray, discount: float, length: float) -> FloatArray:
    """Expected discounted time alive within `length`, given alive and a rate of leaving: tau(h) above."""
    rate = np.asarray(leaving) + discount
    if np.isinf(length):
        return np.asarray(1.0 / rate)
    return np.asarray(length * exprel(-rate * length))


def probability_active(rate: FloatArray, gone_by_clock: FloatArray, length: float) -> FloatArray:
    """Probability that a customer who is alive buys within `length`, before leaving by the clock."""
    return np.asarray(rate * time_alive(rate + gone_by_clock, 0.0, length))


def newcomer(channel: Channel, model: ShopModel, discount: float, length: float) -> tuple[float, float]:
    """Mean discounted repeat purchases and time alive of a customer just acquired."""
    rate, weight = _gamma_nodes(*channel.rate)
    rate, weight = rate[:, None], weight[:, None]
    other, likely = _gamma_nodes(*channel.leaving) if model == "pareto" else _beta_nodes(*channel.dropout)
    if model == "mbg":
        likely = likely * (1.0 - other)  # a toss after the first purchase
    time = weight * likely * time_alive(other if model == "pareto" else rate * other, discount, length)
    return float((rate * time).sum()), float(time.sum())


def _gamma_nodes(shape: float, rate: float) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of means over Gamma(shape, rate): the trapezoidal rule in the logarithm."""
    u = np.arange(-NEGLIGIBLE / shape, np.log(shape + 2.0 * NEGLIGIBLE) + STEP, STEP)
    weight = np.exp(shape * u - np.exp(u))
    return np.exp(u) / rate, weight / weight.sum()


def _beta_nodes(a: float, b: float) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of means over Beta(a, b): the trapezoidal rule in the logit."""
    u = np.arange(-NEGLIGIBLE / a, NEGLIGIBLE / b + STEP, STEP)
    weight = np.exp(a * log_expit(u) + b * log_expit(-u))
    return expit(u), weight / weight.sum()
