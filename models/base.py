"""What a model is: its parameters, the coordinates its priors are about, and its formulas.

A model is its formula. Collapsing rows, priors, fitting, intervals and simulation are written once, elsewhere,
for every model that keeps these contracts. Classes here are abstract; models are final.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Final, Literal, NamedTuple

import numpy as np

from .ground.calendar import Calendar
from .ground.errors import InputError
from .ground.priors import Flat, HalfNormal, Normal, Prior, Priors, complete
from .ground.rows import FloatArray, IntArray
from .ground.states import State

COEFFICIENTS: Final = "coefficients"
COEFFICIENT_PRIOR: Final = Normal(0.0, 1.0)
"""A standard deviation of a covariate multiplies a rate by less than e^2 = 7, nineteen times in twenty."""
GROUP_SD: Final = "group_sd"
GROUP_SD_PRIOR: Final = HalfNormal(0.5)
"""Groups differ by less than a factor of e or so, nineteen times in twenty, and may be all alike."""


class Latent(NamedTuple):
    """The hidden state of customers at the cut-off, each array (customers, draws), in the model's time units.

    A future is made from it alone: purchases at exponential gaps of mean ``1 / rate``, the customer gone with
    probability `dropout` after each purchase, and at `lifetime` at the latest. A customer already gone has rate 0.
    """

    rate: FloatArray
    dropout: FloatArray
    lifetime: FloatArray


class Effect(NamedTuple):
    """Where covariates act: on the free scale of a coordinate, with this sign, so that more is more of the effect."""

    coordinate: str
    sign: float


Covariates = Sequence[str] | Mapping[str, Sequence[str]]
"""Attributes that act on every effect of a model, or those of each effect by its name."""


class Model(ABC):
    """Configuration of a model: its priors, covariates and groups. Fitting returns a new object; this one stays.

    Parameters
    ----------
    priors : mapping of str to prior, "flat", or None
        Replaces the default prior of the coordinates named; "flat" takes all priors away, so that
        ``method="map"`` is maximum likelihood. With covariates there is `coefficients` as well, the prior of each
        coefficient; with groups `group_sd`, that of the standard deviation between groups of each coordinate.
    covariates : list of str, or mapping of str to list of str
        Attributes of the summary, numeric or categorical, known when a customer is acquired. A list acts on every
        effect of the model; a mapping says which act on which, such as ``{"purchase_rate": ["channel"]}``.
    groups : str, optional
        An attribute whose values have parameters of their own, drawn from a population that is learned as well, so
        that small groups borrow strength from the others (partial pooling).
    """

    name: ClassVar[str]
    """What the literature calls it."""
    parameters: ClassVar[tuple[str, ...]]
    """The letters of the paper, in the order of arrays."""
    unit_parameters: ClassVar[tuple[str, ...]]
    """Those measured in the unit of time (transactions) or money (spend); the others are pure numbers."""
    default_priors: ClassVar[Mapping[str, Prior]]
    """One prior a coordinate, free of units: times and amounts are relative to a scale taken from the data."""
    effects: ClassVar[Mapping[str, Effect]]
    """What covariates may act on, by name."""

    @staticmethod
    @abstractmethod
    def weighted_log_likelihood(theta: FloatArray, rows: Any, gradient: FloatArray) -> float:
        """Log likelihood summed over weighted rows; `theta` and `gradient`, which is filled, are (parameters, cells).

        A compiled function, so that it may be called from compiled code as well.
        """

    def __init__(
        self,
        priors: Priors | Literal["flat"] | None = None,
        covariates: Covariates = (),
        groups: str | None = None,
    ) -> None:
        self.covariates: Mapping[str, tuple[str, ...]] = MappingProxyType(self._by_effect(covariates))
        if not (groups is None or isinstance(groups, str)):
            raise InputError(f"groups: expected the name of one attribute, got {groups!r}.")
        self.groups = groups
        possible: dict[str, Prior] = dict(self.default_priors)
        if any(self.covariates.values()):
            possible[COEFFICIENTS] = COEFFICIENT_PRIOR
        if groups is not None:
            possible[GROUP_SD] = GROUP_SD_PRIOR
        self.priors: Mapping[str, Prior] = MappingProxyType(complete(priors, possible))
        if isinstance(self.priors.get(GROUP_SD), Flat):  # flat, it has no bound: groups are pooled by its prior
            self.priors = MappingProxyType({**self.priors, GROUP_SD: GROUP_SD_PRIOR})

    def __repr__(self) -> str:
        given = {name: prior for name, prior in self.priors.items() if prior != self.default_priors.get(name)}
        inside = [f"priors: {', '.join(f'{name}={prior!r}' for name, prior in given.items())}"] if given else []
        inside += [f"{effect} by {', '.join(names)}" for effect, names in self.covariates.items() if names]
        inside += [f"groups: {self.groups}"] if self.groups else []
        return f"{type(self).__name__}({'; '.join(inside)})"

    @property
    def attributes(self) -> tuple[str, ...]:
        """Attributes of customers that act as covariates, each once."""
        return tuple(dict.fromkeys(name for names in self.covariates.values() for name in names))

    @classmethod
    def _by_effect(cls, covariates: Covariates) -> dict[str, tuple[str, ...]]:
        if isinstance(covariates, str):
            raise InputError(f'covariates: expected a list of attributes such as ["{covariates}"], got {covariates!r}.')
        if not isinstance(covariates, Mapping):
            return dict.fromkeys(cls.effects, tuple(covariates))
        unknown = [name for name in covariates if name not in cls.effects]
        if unknown:
            raise InputError(
                f"covariates: {cls.name} knows the effects {', '.join(cls.effects)}; got {', '.join(unknown)}."
            )
        return {effect: tuple(covariates.get(effect, ())) for effect in cls.effects}

    @classmethod
    @abstractmethod
    def to_coordinates(cls, parameters: Sequence[Any]) -> list[Any]:
        """Inverse of `to_parameters`."""

    @classmethod
    @abstractmethod
    def to_parameters(cls, coordinates: Sequence[Any]) -> list[Any]:
        """Coordinates of the priors, in order, to the parameters of the paper: arrays, or variables of PyTensor."""

    @classmethod
    @abstractmethod
    def pull_back(cls, coordinates: FloatArray, slope: FloatArray) -> FloatArray:
        """Gradient by the parameters, array (parameters, cells), to the gradient by the coordinates."""

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
    def none_if_alive(cls, theta: FloatArray, x: IntArray, T: FloatArray, horizon: float | FloatArray) -> FloatArray:
        """Probability of no purchase within the horizon, if alive; the horizon broadcasts as well."""

    @classmethod
    @abstractmethod
    def pmf_if_alive(cls, theta: FloatArray, x: IntArray, T: FloatArray, horizon: float, count: int) -> FloatArray:
        """Probability of exactly `count` purchases within the horizon, if alive."""

    @classmethod
    def pmfs_if_alive(
        cls, theta: FloatArray, x: IntArray, T: FloatArray, horizon: float, counts: Sequence[int]
    ) -> FloatArray:
        """Probabilities of several ascending counts, if alive, array (counts, …); a model may have a quicker way."""
        return np.stack([cls.pmf_if_alive(theta, x, T, horizon, count) for count in counts])

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

    leaves_at_purchases: ClassVar[bool]
    """Whether customers leave at purchases only, so that a calendar of the purchase rate deforms the whole clock."""

    @classmethod
    def check_calendar(cls, calendar: Calendar | None) -> None:
        """Check that the model can live in the season-adjusted time of a calendar.

        Raises
        ------
        InputError
            Its customers leave on a clock that a season of purchases does not move.
        """
        if calendar is not None and not cls.leaves_at_purchases:
            raise InputError(
                f"calendar: in {cls.name} customers leave at any moment, on a clock that a season of purchases does "
                "not move, so that it has no closed form with a calendar. Use BetaGeoModel or ModifiedBetaGeoModel, "
                "whose customers leave at purchases, or summarise without a calendar."
            )

    endless: ClassVar[str]
    """When customers stay for ever on average, in the letters of the model: for an error message."""

    @classmethod
    @abstractmethod
    def survival_if_alive(cls, theta: FloatArray, x: IntArray, T: FloatArray, horizon: float) -> FloatArray:
        """Probability of being alive at the end of the horizon, if alive, array (draws, customers).

        `theta` is array (parameters, draws); `x`, `T` are arrays (customers,).
        """

    @classmethod
    @abstractmethod
    def lifetime_if_alive(cls, theta: FloatArray, x: IntArray, T: FloatArray, horizon: float) -> FloatArray:
        """Expected time alive within the horizon, which may be infinite, if alive, array (draws, customers).

        Arrays as in `survival_if_alive`; infinite where the mean is.
        """

    @classmethod
    @abstractmethod
    def mean_rate(cls, theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Mean of the customer's own purchase rate while alive, whether alive or gone by now."""

    @classmethod
    @abstractmethod
    def mean_dropout(cls, theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        """Mean of the customer's own dropout, a probability or a rate as in `State`, whether alive or gone by now."""

    @classmethod
    @abstractmethod
    def draw_state(
        cls, rng: np.random.Generator, theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray
    ) -> State:
        """Draw the state of each customer, alive or gone, exactly, from its posterior; arrays as in `draw_latent`."""

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
