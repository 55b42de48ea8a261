"""The log posterior of a model on free coordinates: what inference sees, and all it sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..base import Model
from ..ground.priors import from_free, link_of, link_slope, to_free
from ..ground.rows import FloatArray, KernelRows, SpendRows


class LogDensity(Protocol):
    """A log density on the real line to the power of `size`, with its gradient."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the free coordinates."""

    @property
    def start(self) -> FloatArray:
        """A point in its bulk, array (size,)."""

    def __call__(self, free: FloatArray) -> tuple[float, FloatArray]:
        """Value and gradient, array (size,)."""


@dataclass(frozen=True, eq=False)
class LogPosterior:
    """Log likelihood of weighted rows plus log priors, as a function of the free coordinates.

    Times (or amounts) in `rows` are relative to the scale of the data, so that nothing here has a unit.
    """

    model: Model
    rows: KernelRows | SpendRows

    @property
    def names(self) -> tuple[str, ...]:
        """Coordinates of the model, in order."""
        return tuple(self.model.priors)

    @property
    def start(self) -> FloatArray:
        """Where the default priors have their medians or means, array (coordinates,)."""
        centres = [
            np.exp(prior.mu) if hasattr(prior, "mu") else prior.alpha / (prior.alpha + prior.beta)
            for prior in self.model.default_priors.values()
        ]
        return self.to_free(np.array(centres))

    def to_free(self, coordinates: FloatArray) -> FloatArray:
        """Coordinates of the priors to free coordinates, array (coordinates, …)."""
        links = [link_of(prior) for prior in self.model.priors.values()]
        return np.stack([to_free(value, link) for value, link in zip(coordinates, links, strict=True)])

    def to_coordinates(self, free: FloatArray) -> FloatArray:
        """Free coordinates to the coordinates of the priors, array (coordinates, …)."""
        links = [link_of(prior) for prior in self.model.priors.values()]
        return np.stack([from_free(value, link) for value, link in zip(free, links, strict=True)])

    def to_parameters(self, free: FloatArray) -> FloatArray:
        """Free coordinates to the parameters of the paper in scaled units, array (parameters, …)."""
        return np.stack(self.model.to_parameters(list(self.to_coordinates(free))))

    def __call__(self, free: FloatArray) -> tuple[float, FloatArray]:
        """Value and gradient, array (coordinates,); -inf where numbers end."""
        with np.errstate(all="ignore"):  # far out the kernel meets inf and nan; the answer is then -inf
            value, gradient = self._evaluate(free)
        if np.isfinite(value) and np.isfinite(gradient).all():
            return value, gradient
        return -np.inf, np.zeros(len(free))

    def _evaluate(self, free: FloatArray) -> tuple[float, FloatArray]:
        coordinates = self.to_coordinates(free)
        theta = np.array(self.model.to_parameters(list(coordinates)))
        slope = np.empty(len(theta))
        rows: Any = self.rows  # a transaction model has transaction rows, a spend model spend rows
        value = self.model.weighted_log_likelihood(theta, rows, slope)
        gradient = self.model.pull_back(coordinates, slope)
        for j, prior in enumerate(self.model.priors.values()):
            log_prior, log_prior_slope = prior.log_density(float(free[j]))
            value += log_prior
            gradient[j] = gradient[j] * link_slope(coordinates[j], link_of(prior)) + log_prior_slope
        return value, gradient
