"""Priors are values: a family with its parameters, on a quantity that has no unit.

Each family carries the link of its support, so that inference can work on the whole real line: positive
quantities by their logarithm, probabilities by their logit.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from scipy.special import betaln, expit, log_expit, logit

from .errors import InputError
from .rows import FloatArray

Link = Literal["log", "logit", "identity"]


def to_free(value: FloatArray | float, link: Link) -> FloatArray:
    """Quantity to free coordinate: logarithm or logit."""
    if link == "identity":
        return np.asarray(value)
    return np.asarray(np.log(value) if link == "log" else logit(value))


def from_free(free: FloatArray | float, link: Link) -> FloatArray:
    """Free coordinate to quantity."""
    if link == "identity":
        return np.asarray(free)
    return np.asarray(np.exp(free) if link == "log" else expit(free))


def link_slope(value: FloatArray, link: Link) -> FloatArray:
    """Derivative of the quantity by its free coordinate, at the quantity's `value`."""
    if link == "identity":
        return np.ones_like(value)
    return value if link == "log" else value * (1.0 - value)


@dataclass(frozen=True)
class LogNormal:
    """A positive quantity whose logarithm is Normal(mu, sigma).

    Attributes
    ----------
    mu, sigma : float
        Mean and standard deviation of the logarithm.
    """

    mu: float
    sigma: float

    def __post_init__(self) -> None:
        if not (_is_finite(self.mu) and _is_finite(self.sigma) and self.sigma > 0.0):
            raise InputError(f"prior: LogNormal expects a finite mu and a sigma above 0, got {self!r}.")

    @property
    def centre(self) -> float:
        """A value in the middle."""
        return float(np.exp(self.mu))

    def log_density(self, free: Any) -> tuple[Any, Any]:
        """Log density of the free coordinate and its derivative."""
        z = (free - self.mu) / self.sigma
        return -0.5 * z * z - float(np.log(self.sigma * np.sqrt(2.0 * np.pi))), -z / self.sigma

    def sample(self, rng: np.random.Generator, size: int) -> FloatArray:
        """Draws of the quantity, array (size,)."""
        return rng.lognormal(self.mu, self.sigma, size)

    def to_pymc(self, name: str, **shape: Any) -> Any:  # PyMC's variables are untyped
        """The same prior as a variable of the open PyMC model."""
        import pymc as pm

        return pm.LogNormal(name, mu=self.mu, sigma=self.sigma, **shape)


@dataclass(frozen=True)
class Beta:
    """A probability, Beta(alpha, beta)."""

    alpha: float
    beta: float

    def __post_init__(self) -> None:
        if not (_is_finite(self.alpha) and _is_finite(self.beta) and self.alpha > 0.0 and self.beta > 0.0):
            raise InputError(f"prior: Beta expects two finite numbers above 0, got {self!r}.")

    @property
    def centre(self) -> float:
        """A value in the middle."""
        return self.alpha / (self.alpha + self.beta)

    def log_density(self, free: Any) -> tuple[Any, Any]:
        """Log density of the free coordinate (the logit, Jacobian included) and its derivative."""
        p = expit(free)
        value = self.alpha * log_expit(free) + self.beta * log_expit(-free) - betaln(self.alpha, self.beta)
        return value, self.alpha * (1.0 - p) - self.beta * p

    def sample(self, rng: np.random.Generator, size: int) -> FloatArray:
        """Draws of the quantity, array (size,)."""
        return rng.beta(self.alpha, self.beta, size)

    def to_pymc(self, name: str, **shape: Any) -> Any:  # PyMC's variables are untyped
        """The same prior as a variable of the open PyMC model."""
        import pymc as pm

        return pm.Beta(name, alpha=self.alpha, beta=self.beta, **shape)


@dataclass(frozen=True)
class Normal:
    """A quantity of either sign, Normal(mu, sigma), such as the coefficient of a covariate."""

    mu: float
    sigma: float

    def __post_init__(self) -> None:
        if not (_is_finite(self.mu) and _is_finite(self.sigma) and self.sigma > 0.0):
            raise InputError(f"prior: Normal expects a finite mu and a sigma above 0, got {self!r}.")

    @property
    def centre(self) -> float:
        """A value in the middle."""
        return self.mu

    def log_density(self, free: Any) -> tuple[Any, Any]:
        """Log density of the quantity and its derivative."""
        z = (free - self.mu) / self.sigma
        return -0.5 * z * z - float(np.log(self.sigma * np.sqrt(2.0 * np.pi))), -z / self.sigma

    def sample(self, rng: np.random.Generator, size: int) -> FloatArray:
        """Draws of the quantity, array (size,)."""
        return rng.normal(self.mu, self.sigma, size)

    def to_pymc(self, name: str, **shape: Any) -> Any:  # PyMC's variables are untyped
        """The same prior as a variable of the open PyMC model."""
        import pymc as pm

        return pm.Normal(name, mu=self.mu, sigma=self.sigma, **shape)


@dataclass(frozen=True)
class HalfNormal:
    """A positive quantity, |Normal(0, sigma)|, such as the standard deviation between groups."""

    sigma: float

    def __post_init__(self) -> None:
        if not (_is_finite(self.sigma) and self.sigma > 0.0):
            raise InputError(f"prior: HalfNormal expects a sigma above 0, got {self!r}.")

    @property
    def centre(self) -> float:
        """A value in the middle."""
        return self.sigma

    def log_density(self, free: Any) -> tuple[Any, Any]:
        """Log density of the logarithm, Jacobian included, and its derivative."""
        square = np.exp(2.0 * free) / self.sigma**2
        return free - 0.5 * square - float(np.log(self.sigma * np.sqrt(np.pi / 2.0))), 1.0 - square

    def sample(self, rng: np.random.Generator, size: int) -> FloatArray:
        """Draws of the quantity, array (size,)."""
        return np.abs(rng.normal(0.0, self.sigma, size))

    def to_pymc(self, name: str, **shape: Any) -> Any:  # PyMC's variables are untyped
        """The same prior as a variable of the open PyMC model."""
        import pymc as pm

        return pm.HalfNormal(name, sigma=self.sigma, **shape)


@dataclass(frozen=True)
class Flat:
    """No prior: the free coordinate counts all values alike, so that the mode is the maximum likelihood."""

    link: Link = "log"

    @property
    def centre(self) -> float:
        """A value in the middle."""
        return {"log": 1.0, "logit": 0.5, "identity": 0.0}[self.link]

    def log_density(self, free: Any) -> tuple[Any, Any]:  # noqa: ARG002  # the same everywhere
        """Zero, with derivative zero."""
        return 0.0, 0.0

    def sample(self, rng: np.random.Generator, size: int) -> FloatArray:  # noqa: ARG002  # nothing to draw
        """Refused: there is nothing to draw from.

        Raises
        ------
        InputError
            Always.
        """
        raise InputError("prior: a flat prior has no draws; give the parameter a proper one, such as LogNormal(0, 1).")

    def to_pymc(self, name: str, **shape: Any) -> Any:  # PyMC's variables are untyped
        """A flat free coordinate in the open PyMC model, and the quantity that follows from it."""
        import pymc as pm

        if self.link == "identity":
            return pm.Flat(name, **shape)
        free = pm.Flat(f"{name}_free", **shape)
        return pm.Deterministic(name, pm.math.exp(free) if self.link == "log" else pm.math.sigmoid(free))


Prior = LogNormal | Beta | Normal | HalfNormal | Flat
Priors = Mapping[str, Prior]


SUPPORTS: Final[Mapping[Link, str]] = {
    "log": "a positive quantity",
    "logit": "a probability",
    "identity": "a quantity of either sign",
}


def _is_finite(value: object) -> bool:
    return isinstance(value, (int, float, np.number)) and bool(np.isfinite(value))


def link_of(prior: Prior) -> Link:
    """The link of the prior's support."""
    if isinstance(prior, Flat):
        return prior.link
    if isinstance(prior, Normal):
        return "identity"
    return "logit" if isinstance(prior, Beta) else "log"


def complete(given: Priors | Literal["flat"] | None, default: Mapping[str, Prior]) -> dict[str, Prior]:
    """A prior for every coordinate: the defaults, with those given in their place.

    Parameters
    ----------
    given : mapping, "flat" or None
        Priors by coordinate; "flat" takes all priors away.
    default : mapping
        The model's own priors, one a coordinate.

    Raises
    ------
    InputError
        A name that is no coordinate of the model, or a prior whose support does not fit.
    """
    if given is None:
        return dict(default)
    if isinstance(given, str):
        if given != "flat":
            raise InputError(f'priors: expected a mapping, "flat" or None, got {given!r}.')
        return {name: Flat(link_of(prior)) for name, prior in default.items()}
    if not isinstance(given, Mapping):
        raise InputError(
            f'priors: expected a mapping, "flat" or None, got {given!r}; such as {{"r": LogNormal(-0.5, 1.0)}}.'
        )
    for name, prior in given.items():
        if name not in default:
            close = difflib.get_close_matches(name, default, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise InputError(f"priors: expected any of {', '.join(default)}, got {name!r}.{hint}")
        if not isinstance(prior, Prior):
            families = "LogNormal, HalfNormal, Beta, Normal or Flat"
            raise InputError(f"priors: {name} expects {families}, such as {default[name]!r}; got {prior!r}.")
        if link_of(prior) != link_of(default[name]):
            raise InputError(f"priors: {name} is {SUPPORTS[link_of(default[name])]}; {prior!r} does not fit it.")
    return {**default, **given}
