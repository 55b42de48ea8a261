"""What a model is: its parameters, the coordinates its priors are about, and its formulas.

A model is its formula. Collapsing rows, priors, fitting, intervals and simulation are written once, elsewhere,
for every model that keeps these contracts. Classes here are abstract; models are final.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from .ground.errors import InputError
from .ground.priors import Beta, LogNormal, Prior, Priors, complete
from .ground.rows import FloatArray, IntArray


class Latent(NamedTuple):
    """The hidden state of customers at the cut-off, each array (customers, draws), in the model's time units.

    A future is made from it alone: purchases at exponential gaps of mean ``1 / rate``, the customer gone with
    probability `dropout` after each purchase, and at `lifetime` at the latest. A customer already gone has rate 0.
    """

    rate: FloatArray
    dropout: FloatArray
    lifetime: FloatArray


class Model(ABC):
    """Configuration of a model: its priors. Fitting returns a new object and leaves this one as it was.

    Parameters
    ----------
    priors : mapping of str to prior, "flat", or None
        Replaces the default prior of the coordinates named; "flat" takes all priors away, so that
        ``method="map"`` is maximum likelihood.
    """

    name: ClassVar[str]
    """What the literature calls it."""
    parameters: ClassVar[tuple[str, ...]]
    """The letters of the paper, in the order of arrays."""
    unit_parameters: ClassVar[tuple[str, ...]]
    """Those measured in the unit of time (transactions) or money (spend); the others are pure numbers."""
    default_priors: ClassVar[Mapping[str, LogNormal | Beta]]
    """One prior a coordinate, free of units: times and amounts are relative to a scale taken from the data."""

    @staticmethod
    @abstractmethod
    def weighted_log_likelihood(theta: FloatArray, rows: Any, gradient: FloatArray) -> float:
        """Log likelihood summed over weighted rows; `gradient`, array (parameters,), is filled.

        A compiled function, so that it may be called from compiled code as well.
        """

    def __init__(self, priors: Priors | Literal["flat"] | None = None) -> None:
        self.priors: Mapping[str, Prior] = MappingProxyType(complete(priors, self.default_priors))

    def __repr__(self) -> str:
        own = {name: prior for name, prior in self.priors.items() if prior != self.default_priors[name]}
        inside = ", ".join(f"{name}={prior!r}" for name, prior in own.items())
        return f"{type(self).__name__}({'priors: ' + inside if inside else ''})"

    @classmethod
    @abstractmethod
    def to_parameters(cls, coordinates: Sequence[Any]) -> list[Any]:
        """Coordinates of the priors, in order, to the parameters of the paper: arrays, or variables of PyTensor."""

    @classmethod
    @abstractmethod
    def pull_back(cls, coordinates: FloatArray, slope: FloatArray) -> FloatArray:
        """Gradient by the parameters, array (parameters,), to the gradient by the coordinates."""

    @classmethod
    def check_parameters(cls, values: Mapping[str, float]) -> FloatArray:
        """Parameters given by name, as array (parameters,).

        Raises
        ------
        InputError
            One is missing, unknown, or not a positive finite number.
        """
        if set(values) != set(cls.parameters):
            raise InputError(
                f"from_parameters: {cls.name} expects {', '.join(cls.parameters)}; got {', '.join(values) or 'none'}."
            )
        for name in cls.parameters:
            value = values[name]
            if not (isinstance(value, (int, float, np.number)) and np.isfinite(value) and value > 0.0):
                raise InputError(f"from_parameters: {name} must be a positive finite number, got {value!r}.")
        return np.array([float(values[name]) for name in cls.parameters])

    @classmethod
    def rescale(cls, theta: FloatArray, scale: float) -> FloatArray:
        """Parameters, array (parameters, …), from scaled units to the user's: those with a unit times `scale`."""
        factors = np.array([scale if name in cls.unit_parameters else 1.0 for name in cls.parameters])
        return np.asarray(theta * factors.reshape(-1, *[1] * (theta.ndim - 1)))


class TransactionFormulas(Model):
    """When customers buy and how long they stay: the formulas that a transaction model writes down.

    `theta` has the parameters along its first axis, array (parameters, …); everything else broadcasts
    against the rest. Times are in one unit throughout. "If alive" means: given that the customer is alive at
    the cut-off. Nothing is bought after death, so that whatever lies ahead is probability alive times it.
    """

    @classmethod
    @abstractmethod
    def log_likelihood(cls, theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Log likelihood of one customer."""

    @classmethod
    @abstractmethod
    def probability_alive(cls, theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Probability that the customer is alive at the cut-off."""

    @classmethod
    @abstractmethod
    def none_if_alive(cls, theta: FloatArray, x: IntArray, T: FloatArray, horizon: float) -> FloatArray:
        """Probability of no purchase within the horizon, if alive."""

    @classmethod
    @abstractmethod
    def pmf_if_alive(cls, theta: FloatArray, x: IntArray, T: FloatArray, horizon: float, count: int) -> FloatArray:
        """Probability of exactly `count` purchases within the horizon, if alive."""

    @classmethod
    @abstractmethod
    def purchases_if_alive(
        cls, theta: FloatArray, x: IntArray, T: FloatArray, horizons: FloatArray, discount: float
    ) -> FloatArray:
        """Expected discounted purchases within each horizon, if alive, array (horizons, draws, customers).

        Parameters
        ----------
        theta : array (parameters, draws)
        x, T : array (customers,)
        horizons : array (horizons,)
            Ascending; the last may be infinite if `discount` is positive.
        discount : float
            Continuous rate per unit of time; 0 for plain expected purchases.
        """

    @classmethod
    @abstractmethod
    def draw_latent(
        cls, rng: np.random.Generator, theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray
    ) -> Latent:
        """Draw the hidden state of each customer, exactly, from its posterior given the parameters.

        `theta` is array (parameters, 1, draws); `x`, `t_x`, `T` are arrays (customers, 1). With x = t_x = T = 0
        it is the state of a customer just acquired.
        """


class SpendFormulas(Model):
    """What customers spend per purchase: the formulas that a spend model writes down.

    `theta` has the parameters along its first axis; `n` purchases had mean amount `zbar`; n = 0 is a customer
    whose spend is unknown.
    """

    @classmethod
    @abstractmethod
    def log_likelihood(cls, theta: FloatArray, n: IntArray, zbar: FloatArray) -> FloatArray:
        """Log likelihood of one customer's mean amount; 0 where n = 0."""

    @classmethod
    @abstractmethod
    def expected_spend(cls, theta: FloatArray, n: IntArray, zbar: FloatArray) -> FloatArray:
        """Expected amount of a future purchase."""

    @classmethod
    @abstractmethod
    def draw_latent(cls, rng: np.random.Generator, theta: FloatArray, n: IntArray, zbar: FloatArray) -> FloatArray:
        """Draw each customer's own rate nu, array (customers, draws), exactly, from its posterior.

        The amounts of future purchases are independent Gamma(p, rate nu), p the model's first parameter.
        `theta` is array (parameters, 1, draws); `n`, `zbar` are arrays (customers, 1).
        """
