"""The log posterior of a model on free coordinates: what inference sees, and all it sees.

Free coordinates are, in this order: the coordinates of the model (by logarithm or logit) for the average customer;
the coefficients of covariates; the logarithms of the standard deviations between groups; and what tells each group
from the population, in those standard deviations (non-centred, so that the sampler sees no funnel). For a cell of
customers who are alike in covariates and group,

    free coordinate = that of the average customer + sign * covariates @ coefficients + group_sd * group.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Protocol

import numpy as np

from ..base import COEFFICIENTS, GROUP_SD, Model
from ..ground.design import PLAIN, Cells, Design
from ..ground.priors import Normal, Prior, from_free, link_of, link_slope, to_free
from ..ground.rows import FloatArray, IntArray, KernelRows, SpendRows

START_GROUP_SD: Final = 0.3
"""Where the search starts for the standard deviation between groups: inside its prior."""
STANDARD: Final = Normal(0.0, 1.0)
"""What tells a group from the population, in standard deviations between groups."""


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
class Layout:
    """Where things stand among the free coordinates.

    Attributes
    ----------
    coordinates : int
        Coordinates of the model; they come first.
    effect, column : array (coefficients,)
        What each coefficient acts on, and by which column of the design matrix.
    groups : int
        0 for none.
    """

    coordinates: int
    effect: IntArray
    column: IntArray
    groups: int

    @classmethod
    def of(cls, model: Model, design: Design) -> Layout:
        """Layout for a model and the design it is fitted with."""
        acting = [
            (e, k)
            for e, names in enumerate(model.covariates.values())
            for k, column in enumerate(design.columns)
            if column.covariate in names
        ]
        pairs = np.array(acting, dtype=np.int64).reshape(-1, 2)
        return cls(len(model.default_priors), pairs[:, 0], pairs[:, 1], len(design.labels))

    @property
    def base(self) -> slice:
        """Coordinates of the average customer."""
        return slice(0, self.coordinates)

    @property
    def coefficients(self) -> slice:
        """Coefficients of covariates."""
        return slice(self.coordinates, self.coordinates + len(self.effect))

    @property
    def group_sd(self) -> slice:
        """Logarithms of the standard deviations between groups."""
        start = self.coefficients.stop
        return slice(start, start + (self.coordinates if self.groups else 0))

    @property
    def group(self) -> slice:
        """Groups in standard deviations, all groups of one coordinate after the other."""
        start = self.group_sd.stop
        return slice(start, start + self.coordinates * self.groups)

    @property
    def size(self) -> int:
        """Number of free coordinates."""
        return int(self.group.stop)


@dataclass(frozen=True, eq=False)
class LogPosterior:
    """Log likelihood of weighted rows plus log priors, as a function of the free coordinates.

    Times (or amounts) in `rows` are relative to the scale of the data, so that nothing here has a unit.
    """

    model: Model
    rows: KernelRows | SpendRows
    design: Design = PLAIN
    cells: Cells | None = None

    @cached_property
    def layout(self) -> Layout:
        """Where things stand among the free coordinates."""
        return Layout.of(self.model, self.design)

    @property
    def terms(self) -> int:
        """Terms of the log likelihood: what it costs."""
        return len(self.rows.weight)

    def pooled(self) -> LogPosterior:
        """The same without groups: all customers of one population."""
        return replace(self, design=replace(self.design, groups=None, labels=()))

    @cached_property
    def _priors(self) -> list[Prior]:
        return [self.model.priors[name] for name in self.model.default_priors]

    @cached_property
    def acts_on(self) -> tuple[IntArray, FloatArray]:
        """Index of the coordinate that each coefficient acts on, and its sign, arrays (coefficients,)."""
        names, effects = list(self.model.default_priors), list(self.model.effects.values())
        acting = [effects[e] for e in self.layout.effect]
        index = np.array([names.index(effect.coordinate) for effect in acting], dtype=np.int64)
        return index, np.array([effect.sign for effect in acting])

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the free coordinates, in order."""
        coordinates, columns = list(self.model.default_priors), self.design.columns
        effects = list(self.model.effects)
        coefficients = [
            f"{effects[e]}:{columns[k].covariate}" + ("" if columns[k].level is None else f"={columns[k].level}")
            for e, k in zip(self.layout.effect, self.layout.column, strict=True)
        ]
        groups = [f"{name}[{label}]" for name in coordinates for label in self.design.labels]
        sds = [f"{GROUP_SD}:{name}" for name in coordinates] if groups else []
        return (*coordinates, *coefficients, *sds, *groups)

    @property
    def start(self) -> FloatArray:
        """Where the default priors have their centres, covariates do nothing and groups are alike, array (size,)."""
        centres = [prior.centre for prior in self.model.default_priors.values()]
        start = np.zeros(self.layout.size)
        start[self.layout.base] = self.to_free(np.array(centres))
        start[self.layout.group_sd] = np.log(START_GROUP_SD)
        return start

    def to_free(self, coordinates: FloatArray) -> FloatArray:
        """Coordinates of the priors to free coordinates, array (coordinates, …)."""
        return np.stack([to_free(value, link_of(p)) for value, p in zip(coordinates, self._priors, strict=True)])

    def to_coordinates(self, free: FloatArray) -> FloatArray:
        """Free coordinates to the coordinates of the priors, array (coordinates, …)."""
        return np.stack([from_free(value, link_of(p)) for value, p in zip(free, self._priors, strict=True)])

    def to_parameters(self, free: FloatArray) -> FloatArray:
        """Parameters of the average customer in scaled units, array (parameters, …), from (size, …)."""
        return np.stack(self.model.to_parameters(list(self.to_coordinates(free[self.layout.base]))))

    def __call__(self, free: FloatArray) -> tuple[float, FloatArray]:
        """Value and gradient, array (size,); -inf where numbers end."""
        with np.errstate(all="ignore"):  # far out the kernel meets inf and nan; the answer is then -inf
            value, gradient = self._evaluate(free)
        if np.isfinite(value) and np.isfinite(gradient).all():
            return value, gradient
        return -np.inf, np.zeros(len(free))

    def _evaluate(self, free: FloatArray) -> tuple[float, FloatArray]:
        coordinates = self.to_coordinates(self._of_cells(free))
        theta = np.array(self.model.to_parameters(list(coordinates)))
        slope = np.empty(theta.shape)
        rows: Any = self.rows  # a transaction model has transaction rows, a spend model spend rows
        value = self.model.weighted_log_likelihood(theta, rows, slope)
        by_cell = self.model.pull_back(coordinates, slope)
        for j, prior in enumerate(self._priors):
            by_cell[j] *= link_slope(coordinates[j], link_of(prior))
        gradient = self._gather(free, by_cell)
        for prior, part in self._priors_of_parts():
            log_prior, log_prior_slope = prior.log_density(free[part])
            value += np.sum(log_prior)
            gradient[part] += log_prior_slope
        return float(value), gradient

    def _of_cells(self, free: FloatArray) -> FloatArray:
        """Free coordinates of each cell, array (coordinates, cells)."""
        at, cells = self.layout, self.cells
        of_cells = free[at.base][:, None]
        if cells is None:
            return of_cells
        of_cells = np.repeat(of_cells, len(cells), axis=1)
        for j, sign, k, coefficient in zip(*self.acts_on, at.column, free[at.coefficients], strict=True):
            of_cells[j] += sign * coefficient * cells.matrix[:, k]
        if at.groups:
            apart = free[at.group].reshape(at.coordinates, at.groups)
            of_cells += np.exp(free[at.group_sd])[:, None] * apart[:, cells.group]
        return of_cells

    def _gather(self, free: FloatArray, by_cell: FloatArray) -> FloatArray:
        """Gradient by the free coordinates of each cell, array (coordinates, cells), to that by all, array (size,)."""
        at, cells = self.layout, self.cells
        gradient = np.zeros(at.size)
        gradient[at.base] = by_cell.sum(axis=1)
        if cells is None:
            return gradient
        by_column = by_cell @ cells.matrix
        index, sign = self.acts_on
        gradient[at.coefficients] = sign * by_column[index, at.column]
        if at.groups:
            sd = np.exp(free[at.group_sd])
            by_group = np.stack([np.bincount(cells.group, values, at.groups) for values in by_cell])
            apart = free[at.group].reshape(at.coordinates, at.groups)
            gradient[at.group_sd] = sd * (by_group * apart).sum(axis=1)
            gradient[at.group] = (sd[:, None] * by_group).ravel()
        return gradient

    def _priors_of_parts(self) -> list[tuple[Prior, Any]]:
        parts: list[tuple[Prior, Any]] = list(zip(self._priors, range(len(self._priors)), strict=True))
        if len(self.layout.effect):
            parts.append((self.model.priors[COEFFICIENTS], self.layout.coefficients))
        if self.layout.groups:
            parts += [(self.model.priors[GROUP_SD], self.layout.group_sd), (STANDARD, self.layout.group)]
        return parts
