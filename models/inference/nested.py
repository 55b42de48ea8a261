r"""Partial pooling without a chain: importance sampling of the population, and of each group given the population.

Given the population (means :math:`\mu` and standard deviations :math:`\tau` of the free coordinates, coefficients
:math:`\beta` of covariates) groups are independent. So the population is drawn first, from a Student-t at the mode of
its marginal posterior, in which each group's likelihood stands as a Gaussian (nested Laplace: Rue, Martino & Chopin
2009, JRSS B 71:2); then each group, from its conditional posterior under the same Gaussian, several candidates of
which one is taken with its weight. The weights of the candidates estimate each group's integral without bias, so that
the draws, weighted by the product, are exact (importance sampling squared: Tran, Scharth, Pitt & Kohn 2013). Pareto
smoothing gives the verdict, as for a plain model: where the Gaussians do not serve, k_hat says so.

Large groups, whose likelihood costs most, are nearly Gaussian and need few candidates; small ones are cheap.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln, logsumexp

from ..base import COEFFICIENTS, GROUP_SD
from ..ground.compiled import compiled_anew
from ..ground.errors import FitError
from ..ground.priors import link_of, link_slope
from ..ground.rows import FloatArray, IntArray, of_cells
from ..ground.threads import map_threads
from .density import LogPosterior
from .methods import (
    FEWEST_PROPOSALS,
    GOOD_K_HAT,
    HESSIAN_STEP,
    MOMENT_ROUNDS,
    Draws,
    effective_draws,
    find_mode,
    resampled,
    smoothed,
    student,
)

ROUNDS: Final = 12
"""Rounds of fitting Gaussians to groups at the population, and the population to the Gaussians; few are used."""
SETTLED: Final = 1e-2
"""Rounds end when the population moves by less than this on the free scale: what is left the weights put right."""
NEWTON_STEPS: Final = 30
ROWS_TIMES_CANDIDATES: Final = 10_000
FEWEST_CANDIDATES: Final = 2
MOST_CANDIDATES: Final = 8
"""Candidates of a group, by its rows: a thousand rows or fewer get eight, five thousand or more two."""
GROUP_DF: Final = 20.0
"""Degrees of freedom of a group's candidates: a little heavier than the Gaussian that large groups are."""
PROPOSALS: Final = 8
"""Proposals of the population a draw."""
CHUNKS: Final = 32
"""Parts that draws are worked on in: enough for all cores, and a bound on memory."""
SMALLEST_CURVATURE: Final = 1e-6


@dataclass(frozen=True, eq=False)
class Group:
    """Likelihood of one group as a function of z: its free coordinates, then the coefficients of covariates."""

    density: LogPosterior
    rows: Any
    matrix: FloatArray
    size: int

    def __call__(self, z: FloatArray) -> tuple[float, FloatArray]:
        """Log likelihood and its gradient, array (coordinates + coefficients,)."""
        density, at = self.density, self.density.layout
        index, sign = density.acts_on
        free = np.repeat(z[: at.coordinates, None], len(self.matrix), axis=1)
        for j, s, k, coefficient in zip(index, sign, at.column, z[at.coordinates :], strict=True):
            free[j] += s * coefficient * self.matrix[:, k]
        with np.errstate(all="ignore"):  # far out the kernel meets inf and nan; the answer is then -inf
            coordinates = density.to_coordinates(free)
            theta = np.array(density.model.to_parameters(list(coordinates)))
            slope = np.empty(theta.shape)
            value = density.model.weighted_log_likelihood(theta, self.rows, slope)
            by_cell = density.model.pull_back(coordinates, slope)
            for j, prior in enumerate(density.model.priors[name] for name in density.model.default_priors):
                by_cell[j] *= link_slope(coordinates[j], link_of(prior))
        gradient = np.concatenate([by_cell.sum(axis=1), sign * (by_cell @ self.matrix)[index, at.column]])
        if np.isfinite(value) and np.isfinite(gradient).all():
            return float(value), gradient
        return -np.inf, np.zeros(len(z))

    def values(self, points: FloatArray, beta: FloatArray) -> FloatArray:
        """Log likelihood of array (draws, candidates, coordinates), coefficients by draw: (draws, candidates)."""
        density, at = self.density, self.density.layout
        free = np.repeat(points.reshape(-1, at.coordinates).T[:, :, None], len(self.matrix), axis=2)
        for j, s, k, coefficient in zip(*density.acts_on, at.column, beta.T, strict=True):
            free[j] += s * np.outer(np.repeat(coefficient, points.shape[1]), self.matrix[:, k])
        out = np.empty(free.shape[1])
        with np.errstate(all="ignore"):  # as above
            theta = np.stack(density.model.to_parameters(list(density.to_coordinates(free))), axis=1)
            _values(density.model.weighted_log_likelihood, theta, self.rows, out)
        return np.where(np.isfinite(out), out, -np.inf).reshape(points.shape[:2])


@dataclass(frozen=True, eq=False)
class Sites:
    """Gaussians in the place of likelihoods: exp(constant + linear z - z' precision z / 2), by group."""

    constant: FloatArray
    linear: FloatArray
    precision: FloatArray

    def given(self, mu: FloatArray, tau: FloatArray, beta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Of each group given the population: log integral, mean and precision of its free coordinates.

        `mu`, `tau` are arrays (draws, coordinates), `beta` (draws, coefficients); the answers (draws, groups, …).
        """
        k = mu.shape[1]
        own, cross, rest = self.precision[:, :k, :k], self.precision[:, :k, k:], self.precision[:, k:, k:]
        linear = self.linear[None, :, :k] - np.einsum("gij,sj->sgi", cross, beta)
        constant = self.constant + beta @ self.linear[:, k:].T - 0.5 * np.einsum("si,gij,sj->sg", beta, rest, beta)
        prior = 1.0 / tau**2
        precision = own[None] + prior[:, None, :, None] * np.eye(k)
        right = linear + (prior * mu)[:, None]
        mean = np.linalg.solve(precision, right[..., None])[..., 0]
        log_determinant = np.linalg.slogdet(precision)[1]
        log_integral = (
            constant
            + 0.5 * np.log(prior).sum(axis=1)[:, None]
            - 0.5 * log_determinant
            + 0.5 * np.einsum("sgi,sgi->sg", right, mean)
            - 0.5 * (prior * mu**2).sum(axis=1)[:, None]
        )
        return log_integral, mean, precision


def nested(density: LogPosterior, draws: int, seed: int) -> Draws:
    """Draw from the posterior of a model with groups; see the module.

    Raises
    ------
    FitError
        No mode of the population was found.
    """
    population = _Population(density)
    groups = _groups_of(density)
    where, sites = _settle(population, groups, seed)
    rng = np.random.default_rng(seed)
    proposals = max(draws, FEWEST_PROPOSALS)
    drawn, k_hat_population = _draw_population(population, sites, where, proposals, rng)
    log_integral, mean, precision = sites.given(*population.split(drawn))
    own, exact = _draw_groups(population, groups, mean, precision, drawn, seed)
    weights, k_hat = smoothed((exact - log_integral).sum(axis=1))
    chosen = resampled(weights, draws, rng)
    free = population.to_free(drawn[chosen], own[chosen])
    log_density = population.log_prior(drawn) + exact.sum(axis=1)
    statistics = {"lp": log_density[chosen][None], "importance_weight": weights[chosen][None] * proposals}
    return Draws(
        free[None],
        statistics,
        k_hat=max(k_hat, k_hat_population),
        effective=min(float(draws), effective_draws(weights)),
    )


def _draw_population(
    population: _Population, sites: Sites, where: FloatArray, draws: int, rng: np.random.Generator
) -> tuple[FloatArray, float]:
    """Draws of the population while Gaussians stand for the groups, array (draws, size), and their k_hat.

    More proposals are made than draws are kept: they cost no likelihood. The first are made about the mode; further
    rounds take the moments of the round before, with standard deviations in the place of their logarithms: where
    groups may be all alike, these have an end at 0, and their logarithms a long tail.
    """
    proposals = PROPOSALS * draws
    proposed, log_proposal = student(where, population.factor(sites, where), proposals, rng)
    weights, k_hat = smoothed(_on_all_cores(population, sites, proposed) - log_proposal)
    sd = population.density.layout.coordinates + np.arange(population.density.layout.coordinates)
    for _ in range(MOMENT_ROUNDS):
        if k_hat <= GOOD_K_HAT:
            break
        moments = proposed.copy()
        moments[:, sd] = np.exp(moments[:, sd])
        mean = weights @ moments
        covariance = (moments - mean).T @ (weights[:, None] * (moments - mean))
        drawn, log_proposal = student(mean, np.linalg.cholesky(covariance), proposals, rng)
        inside = (drawn[:, sd] > 0.0).all(axis=1)
        drawn, log_proposal = drawn[inside], log_proposal[inside]
        log_sd = np.log(drawn[:, sd])
        drawn[:, sd] = log_sd
        weights_again, k_hat_again = smoothed(
            _on_all_cores(population, sites, drawn) - log_sd.sum(axis=1) - log_proposal
        )
        if k_hat_again < k_hat:
            proposed, weights, k_hat = drawn, weights_again, k_hat_again
    return proposed[resampled(weights, draws, rng)], k_hat


def _on_all_cores(population: _Population, sites: Sites, where: FloatArray) -> FloatArray:
    chunks = np.array_split(where, CHUNKS)
    return np.concatenate(list(map_threads(lambda chunk: population.approximate(sites, chunk), chunks)))


@dataclass(frozen=True, eq=False)
class _Population:
    """The population as a vector: means, logarithms of standard deviations, coefficients."""

    density: LogPosterior

    def split(self, where: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Means, standard deviations and coefficients, each (draws, …), from array (draws, size)."""
        k = self.density.layout.coordinates
        return where[:, :k], np.exp(where[:, k : 2 * k]), where[:, 2 * k :]

    def log_prior(self, where: FloatArray) -> FloatArray:
        """Log prior density of array (draws, size), array (draws,)."""
        model, k = self.density.model, self.density.layout.coordinates
        value = np.zeros(len(where))
        for j, name in enumerate(model.default_priors):
            value = value + model.priors[name].log_density(where[:, j])[0]
        value = value + np.sum(model.priors[GROUP_SD].log_density(where[:, k : 2 * k])[0], axis=1)
        if where.shape[1] > 2 * k:
            value = value + np.sum(model.priors[COEFFICIENTS].log_density(where[:, 2 * k :])[0], axis=1)
        return np.asarray(value)

    def approximate(self, sites: Sites, where: FloatArray) -> FloatArray:
        """Log marginal posterior with Gaussians for likelihoods, array (draws,)."""
        with np.errstate(all="ignore"):
            value = self.log_prior(where) + sites.given(*self.split(where))[0].sum(axis=1)
        return np.where(np.isfinite(value), value, -np.inf)

    def climb(self, sites: Sites, where: FloatArray) -> FloatArray:
        """Mode of `approximate`."""

        def objective(point: FloatArray) -> tuple[float, FloatArray]:
            steps = HESSIAN_STEP * np.eye(len(point))
            values = self.approximate(sites, np.concatenate([point[None], point + steps, point - steps]))
            ahead, behind = np.split(values[1:], 2)
            return -float(values[0]), -(ahead - behind) / (2.0 * HESSIAN_STEP)

        return np.asarray(minimize(objective, where, jac=True, method="BFGS").x)

    def factor(self, sites: Sites, where: FloatArray) -> FloatArray:
        """Cholesky factor of the inverse curvature of `approximate` at its mode."""
        size, step = len(where), 10.0 * HESSIAN_STEP
        steps = step * np.eye(size)
        pairs = steps[:, None] + steps[None]
        apart = steps[:, None] - steps[None]
        around = np.concatenate([(where + shift).reshape(-1, size) for shift in (pairs, apart, -apart, -pairs)])
        values = self.approximate(sites, around).reshape(4, size, size)
        hessian = (values[0] - values[1] - values[2] + values[3]) / (4.0 * step**2)
        precision = -0.5 * (hessian + hessian.T)
        spectrum, axes = np.linalg.eigh(precision)
        if not np.isfinite(spectrum).all() or spectrum.max() <= 0.0:
            raise FitError("fit: the population of the groups has no mode; give more groups, or narrower priors.")
        return np.asarray(np.linalg.cholesky((axes / np.maximum(spectrum, SMALLEST_CURVATURE)) @ axes.T))

    def to_free(self, where: FloatArray, own: FloatArray) -> FloatArray:
        """Free coordinates of the density, array (draws, size), from those of the population and of the groups."""
        at = self.density.layout
        mu, tau, beta = self.split(where)
        apart = (own - mu[:, None]) / tau[:, None]
        return np.concatenate([mu, beta, np.log(tau), apart.transpose(0, 2, 1).reshape(len(own), -1)], axis=1)[
            :, : at.size
        ]


def _groups_of(density: LogPosterior) -> list[Group]:
    cells, at = density.cells, density.layout
    if cells is None:
        raise FitError("nested: the density has no groups.")
    edges = np.searchsorted(cells.group, np.arange(at.groups + 1))
    groups = []
    for low, high in pairwise(edges):
        rows = of_cells(density.rows, int(low), int(high))
        groups.append(Group(density, rows, cells.matrix[low:high], int(rows.first[-1])))
    return groups


def _settle(population: _Population, groups: list[Group], seed: int) -> tuple[FloatArray, Sites]:
    """Mode of the population, and the Gaussians of the groups there."""
    density = population.density
    at = density.layout
    pooled = find_mode(density.pooled(), seed).point
    log_tau = density.start[at.group_sd]
    where = np.concatenate([pooled[: at.coordinates], log_tau, pooled[at.coordinates :]])
    own = np.repeat(pooled[None, : at.coordinates], len(groups), axis=0)
    for _ in range(ROUNDS):
        mu, tau, beta = (part[0] for part in population.split(where[None]))
        found = list(
            map_threads(lambda g: _site(groups[g], own[g], mu, tau, beta), range(len(groups)))  # noqa: B023  # used at once
        )
        own = np.stack([part[0] for part in found])
        sites = Sites(*(np.stack([part[j] for part in found]) for j in (1, 2, 3)))
        before, where = where, population.climb(sites, where)
        if np.abs(where - before).max() < SETTLED:
            break
    return where, sites


def _site(
    group: Group, start: FloatArray, mu: FloatArray, tau: FloatArray, beta: FloatArray
) -> tuple[FloatArray, float, FloatArray, FloatArray]:
    """Mode of a group given the population, and the Gaussian there: constant, linear part, precision."""
    k, prior = len(mu), 1.0 / tau**2
    own = start
    for _ in range(NEWTON_STEPS):
        z = np.concatenate([own, beta])
        value, gradient = group(z)
        curvature = _curvature(group, z)
        slope = gradient[:k] - prior * (own - mu)
        step = np.linalg.solve(curvature[:k, :k] + np.diag(prior), slope)
        here = value - 0.5 * float(prior @ (own - mu) ** 2)
        while group(np.concatenate([own + step, beta]))[0] - 0.5 * float(prior @ (own + step - mu) ** 2) < here - 1e-9:
            step = 0.5 * step
            if np.abs(step).max() < HESSIAN_STEP**2:
                break
        own = own + step
        if np.abs(step).max() < HESSIAN_STEP:
            break
    z = np.concatenate([own, beta])
    value, gradient = group(z)
    precision = _curvature(group, z)
    linear = gradient + precision @ z
    return own, value - float(linear @ z) + 0.5 * float(z @ precision @ z), linear, precision


def _curvature(group: Group, z: FloatArray) -> FloatArray:
    """Negative Hessian of a group's log likelihood, where it curves upwards taken as flat."""
    steps = HESSIAN_STEP * np.eye(len(z))
    hessian = np.stack([(group(z + step)[1] - group(z - step)[1]) / (2.0 * HESSIAN_STEP) for step in steps])
    spectrum, axes = np.linalg.eigh(-0.5 * (hessian + hessian.T))
    return np.asarray((axes * np.maximum(spectrum, 0.0)) @ axes.T)


def _draw_groups(
    population: _Population, groups: list[Group], mean: FloatArray, precision: FloatArray, drawn: FloatArray, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Free coordinates, array (draws, groups, coordinates), and log integral of each group, array (draws, groups)."""
    parts = np.array_split(np.arange(len(drawn)), CHUNKS)
    work = [(g, part) for g in range(len(groups)) for part in parts if len(part)]
    streams = np.random.SeedSequence([seed, len(groups)]).spawn(len(work))
    own, log_integral = np.empty(mean.shape), np.empty(mean.shape[:2])

    def of_part(item: tuple[tuple[int, IntArray], np.random.SeedSequence]) -> None:
        (g, part), stream = item
        mu, tau, beta = population.split(drawn[part])
        own[part, g], log_integral[part, g] = _candidates(
            np.random.default_rng(stream), groups[g], mean[part, g], precision[part, g], mu, tau, beta
        )

    for _ in map_threads(of_part, list(zip(work, streams, strict=True)), "Drawing groups"):
        pass
    return own, log_integral


def _candidates(
    rng: np.random.Generator,
    group: Group,
    mean: FloatArray,
    precision: FloatArray,
    mu: FloatArray,
    tau: FloatArray,
    beta: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """One candidate a draw, taken with its weight, array (draws, coordinates), and the log of the mean weight."""
    draws, k = mean.shape
    count = int(np.clip(ROWS_TIMES_CANDIDATES // group.size, FEWEST_CANDIDATES, MOST_CANDIDATES))
    # precision = root root'; a candidate is mean + root'^-1 standard
    root = np.linalg.cholesky(precision)
    standard = rng.standard_normal((draws, k, count)) / np.sqrt(rng.chisquare(GROUP_DF, (draws, 1, count)) / GROUP_DF)
    points = (mean[:, :, None] + np.linalg.solve(root.transpose(0, 2, 1), standard)).transpose(0, 2, 1)
    log_student = (
        gammaln(0.5 * (GROUP_DF + k)) - gammaln(0.5 * GROUP_DF) - 0.5 * k * np.log(GROUP_DF * np.pi)
        + np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)[:, None]
        - 0.5 * (GROUP_DF + k) * np.log1p((standard**2).sum(axis=1) / GROUP_DF)
    )  # fmt: skip
    apart = (points - mu[:, None]) / tau[:, None]
    log_prior = -0.5 * (apart**2).sum(axis=2) - np.log(tau).sum(axis=1)[:, None] - 0.5 * k * np.log(2.0 * np.pi)
    log_weight = group.values(points, beta) + log_prior - log_student
    total = logsumexp(log_weight, axis=1)
    share = np.cumsum(np.exp(log_weight - np.where(np.isfinite(total), total, 0.0)[:, None]), axis=1)
    taken = np.minimum((share < rng.random((draws, 1))).sum(axis=1), count - 1)
    return points[np.arange(draws), taken], total - np.log(count)


@compiled_anew
def _values(kernel: Any, theta: FloatArray, rows: Any, out: FloatArray) -> None:
    """Log likelihood of the rows for each of array (points, parameters, cells)."""
    gradient = np.empty(theta.shape[1:])
    for i in range(theta.shape[0]):
        out[i] = kernel(theta[i], rows, gradient)
