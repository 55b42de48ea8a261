r"""A calendar learned from counts: penalised Poisson regression on a season, holidays and a slow drift.

Counts of repeat purchases are :math:`y_i`, and :math:`e_i` what is expected of them on a flat calendar. Then

.. math::

    y_i \sim \mathrm{Poisson}(e_i\,e^{\eta_i}), \qquad
    \eta = \text{level} + \sum_{k} (a_k \cos 2\pi k u + b_k \sin 2\pi k u) + \text{holidays} + \text{drift}

with u the time of year. Priors keep it flat where counts say nothing: :math:`a_k, b_k \sim N(0, \sigma_s^2 v_k)`,
holidays :math:`N(0, 0.5^2)`, the drift a Gaussian random walk whose change in a year has standard deviation
:math:`\sigma_d`. Weeks scatter more than Poisson: the variance of a count of mean m is m (1 + m tau^2), tau the
standard deviation of what is special to a week (extended quasi-likelihood, McCullagh & Nelder 1989, Generalized
Linear Models, section 9.6, with m in the brackets held at its mean over the log).

:math:`\sigma_s, \sigma_d, \tau` are on a grid, each point with its marginal likelihood by Laplace and a prior that
favours small values, half of it at none at all; means and variances are averaged over the grid (as in INLA: Rue,
Martino & Chopin 2009, JRSS B 71:2, 319-392). So neither a season nor a drift is found where the counts do not ask for
one, and what is doubtful is shrunk.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product
from typing import Final, NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from ..ground.errors import FitError
from ..ground.rows import FloatArray, IntArray

SEASON_SDS: Final = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Standard deviations of the log season over a year: from none to a December of five times the rest."""
DRIFT_SDS: Final = (0.0, 0.03, 0.06, 0.1, 0.15, 0.25, 0.4, 0.7)
"""Standard deviations of a year's change of the log level: from none to a doubling."""
SCATTERS: Final = (0.0, 0.02, 0.04, 0.07, 0.1, 0.15, 0.22, 0.35)
"""Standard deviations of the log rate from week to week that neither season nor drift explains: promotions, weather."""
SEASON_MEAN: Final = 0.3
DRIFT_MEAN: Final = 0.15
SCATTER_MEAN: Final = 0.1
"""Means of the exponential priors of season, drift and scatter."""
NONE_AT_ALL: Final = 0.5
"""Prior probability that there is no season, and that there is no drift."""
HOLIDAY_SD: Final = 0.5
"""A holiday multiplies the rate by less than e = 2.7, nineteen times in twenty."""
LEVEL_SD: Final = 3.0
"""The level is the model's business: its prior says nothing."""
MOST_STEPS: Final = 50
STEP_TOLERANCE: Final = 1e-8
"""Newton's steps end when the logarithm of no expected count moves by more."""
LONGEST_STEP: Final = 2.0
NEGLIGIBLE: Final = 1e-6
"""Points of the grid with a smaller share of the posterior are left out of the means."""


type Point = tuple[float, float, float]
"""Standard deviations of season, drift and scatter."""


class Counts(NamedTuple):
    """What is regressed: each row a week, or the days of a holiday in it.

    Attributes
    ----------
    purchases, expected : array (rows,)
        What came, and what a flat calendar expects, above 0.
    season : array (rows, 2 harmonics)
        Cosine and sine of each harmonic in turn, by row; no columns where no season is sought.
    holidays : array (rows, names)
        1 where the row is a holiday of that name.
    block : array (rows,)
        Block of the drift that the row lies in, from 0 on.
    block_years : float
        Length of a block.
    """

    purchases: FloatArray
    expected: FloatArray
    season: FloatArray
    holidays: FloatArray
    block: IntArray
    block_years: float


@dataclass(frozen=True, eq=False)
class Learned:
    """Means over the posterior, with standard deviations.

    Attributes
    ----------
    season : array (days,)
        Log season at the days asked for.
    holidays : array (names,)
    drift : array (blocks,)
        Log level of each block, of mean 0.
    season_sd, holidays_sd, drift_sd : arrays alike
    yearly_sd : float
        Root of the posterior mean of the variance of a year's change of the log level.
    scatter : float
        Standard deviation of the log rate from week to week that neither season nor drift explains.
    no_season, no_drift : float
        Posterior probability that there is none.
    points : tuple of Point
        Those of the grid that had a share in the means.
    """

    season: FloatArray
    holidays: FloatArray
    drift: FloatArray
    season_sd: FloatArray
    holidays_sd: FloatArray
    drift_sd: FloatArray
    yearly_sd: float
    scatter: float
    no_season: float
    no_drift: float
    points: tuple[Point, ...]


def fourier(share_of_year: FloatArray, harmonics: int) -> FloatArray:
    """Cosine and sine of each harmonic at times of the year, 0 to 1: array (times, 2 harmonics)."""
    angle = 2.0 * np.pi * np.multiply.outer(share_of_year, np.arange(1, harmonics + 1))
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1).reshape(len(share_of_year), 2 * harmonics)


def learn(counts: Counts, days: FloatArray, points: tuple[Point, ...] | None = None) -> Learned:
    """Learn season, holidays and drift.

    Parameters
    ----------
    counts : Counts
    days : array (days, 2 harmonics)
        The season's columns at the days where it is wanted.
    points : tuple of Point, optional
        Points of the grid, such as those that mattered the last time; by default all.

    Raises
    ------
    FitError
        The regression does not converge anywhere on the grid.
    """
    design, parts = _design(counts)
    wanted = _wanted(design.shape[1], parts, days, int(counts.block.max()) + 1)
    with_season, with_drift = counts.season.shape[1] > 0, parts.drift.stop > parts.drift.start
    grid = points or tuple(
        product(SEASON_SDS if with_season else (0.0,), DRIFT_SDS if with_drift else (0.0,), SCATTERS)
    )
    log_weight, modes, start = np.empty(len(grid)), [], np.zeros(design.shape[1])
    for i, (season_sd, drift_sd, scatter) in enumerate(grid):
        scale = _scales(design.shape[1], parts, season_sd, drift_sd, counts.block_years)
        start = np.divide(start, scale, out=np.zeros_like(start), where=scale > 0.0)
        modes.append(_mode(counts, design * scale, scatter, start))
        log_weight[i] = modes[i].log_evidence + _log_prior(season_sd, drift_sd, scatter, with_season, with_drift)
        start = scale * modes[i].z
    weight = np.exp(log_weight - log_weight.max())
    kept = np.flatnonzero(weight > NEGLIGIBLE * weight.sum())
    moments = []
    for i in kept.tolist():
        scaled = wanted * _scales(design.shape[1], parts, *grid[i][:2], counts.block_years)
        moments.append((scaled @ modes[i].z, (scaled * cho_solve((modes[i].factor, True), scaled.T).T).sum(axis=1)))
    means, variances = (np.stack(of_points) for of_points in zip(*moments, strict=True))
    chosen = tuple(grid[i] for i in kept.tolist())
    return _averaged(chosen, weight[kept], means, variances, days.shape[0], counts.holidays.shape[1])


class _Parts(NamedTuple):
    season: slice
    holidays: slice
    drift: slice


class _Mode(NamedTuple):
    z: FloatArray
    factor: FloatArray
    """Cholesky factor of the precision, lower triangle."""
    log_evidence: float


def _design(counts: Counts) -> tuple[FloatArray, _Parts]:
    """Columns of the level, season, holidays, and steps of the drift; and where each part is."""
    blocks = int(counts.block.max()) + 1
    columns = [np.ones((len(counts.block), 1)), counts.season, counts.holidays, _walk(blocks)[counts.block]]
    ends = np.cumsum([part.shape[1] for part in columns])
    parts = _Parts(*(slice(int(a), int(b)) for a, b in pairwise(ends)))
    return np.concatenate(columns, axis=1), parts


def _walk(blocks: int) -> FloatArray:
    """From the steps of a random walk to its values, of mean 0: array (blocks, blocks - 1)."""
    values = np.tri(blocks, blocks - 1, -1)
    return np.asarray(values - values.mean(axis=0))


def _wanted(columns: int, parts: _Parts, days: FloatArray, blocks: int) -> FloatArray:
    """What is to be known of the coefficients: season by day, holidays, drift by block; array (quantities, columns)."""
    season, holidays, drift = (
        np.zeros((n, columns)) for n in (len(days), parts.holidays.stop - parts.holidays.start, blocks)
    )
    season[:, parts.season] = days
    holidays[:, parts.holidays] = np.eye(len(holidays))
    drift[:, parts.drift] = _walk(blocks)
    return np.concatenate([season, holidays, drift])


def _scales(columns: int, parts: _Parts, season_sd: float, drift_sd: float, block_years: float) -> FloatArray:
    """Prior standard deviation of each coefficient; higher harmonics are smaller."""
    scale = np.full(columns, LEVEL_SD)
    harmonic = np.repeat(np.arange(1, (parts.season.stop - parts.season.start) // 2 + 1), 2)
    share = 1.0 / np.maximum(harmonic, 1)
    # cosine and sine of one harmonic have variance 1/2 each over a year
    scale[parts.season] = season_sd * np.sqrt(2.0 * share / share.sum()) if len(share) else 0.0
    scale[parts.holidays] = HOLIDAY_SD
    scale[parts.drift] = drift_sd * np.sqrt(block_years)
    return scale


def _log_prior(season_sd: float, drift_sd: float, scatter: float, with_season: bool, with_drift: bool) -> float:
    """Log prior of a point of the grid: half at none, the rest exponential, a share by the room around the point."""
    value = -scatter / SCATTER_MEAN + np.log(np.gradient(np.array(SCATTERS)))[SCATTERS.index(scatter)]
    for present, sd, sds, mean in (
        (with_season, season_sd, SEASON_SDS, SEASON_MEAN),
        (with_drift, drift_sd, DRIFT_SDS, DRIFT_MEAN),
    ):
        if present:
            some = np.array(sds[1:])
            share = np.exp(-some / mean) * np.gradient(some)
            value += np.log(NONE_AT_ALL if sd == 0.0 else (1.0 - NONE_AT_ALL) * share[sds.index(sd) - 1] / share.sum())
    return float(value)


def _mode(counts: Counts, design: FloatArray, scatter: float, start: FloatArray) -> _Mode:
    """Newton's method for coefficients with standard normal priors, and the evidence by Laplace."""
    y, e, z = counts.purchases, counts.expected, start
    times = 1.0 + scatter**2 * e * (y.sum() / e.sum())  # the variance over that of Poisson
    identity = np.eye(design.shape[1])
    for _ in range(MOST_STEPS):
        mean = e * np.exp(design @ z)
        slope = design.T @ ((y - mean) / times) - z
        factor = cho_factor(identity + (design.T * (mean / times)) @ design, lower=True)
        step = cho_solve(factor, slope)
        moved = float(np.abs(design @ step).max())
        z = z + step * min(1.0, LONGEST_STEP / max(moved, LONGEST_STEP))
        if moved < STEP_TOLERANCE:
            break
    else:
        raise FitError("calendar: the regression on the season did not converge; pass fewer harmonics, or drift=False.")
    mean = e * np.exp(design @ z)
    factor = cho_factor(identity + (design.T * (mean / times)) @ design, lower=True)
    log_determinant = 2.0 * np.log(np.diag(factor[0])).sum()
    deviance = 2.0 * (np.where(y > 0.0, y * np.log(np.where(y > 0.0, y, 1.0) / mean), 0.0) - (y - mean))
    evidence = -0.5 * ((deviance / times + np.log(times)).sum() + z @ z + log_determinant)
    return _Mode(z, factor[0], float(evidence))


def _averaged(
    points: tuple[Point, ...], weight: FloatArray, means: FloatArray, variances: FloatArray, days: int, names: int
) -> Learned:
    """Means and standard deviations over the grid."""
    weight = weight / weight.sum()
    mean, grid = weight @ means, np.array(points)
    sd = np.sqrt(weight @ (variances + (means - mean) ** 2))
    cuts = [days, days + names]
    (season, holidays, drift), (season_sd, holidays_sd, drift_sd) = np.split(mean, cuts), np.split(sd, cuts)
    return Learned(
        season, holidays, drift, season_sd, holidays_sd, drift_sd,
        yearly_sd=float(np.sqrt(weight @ grid[:, 1] ** 2)),
        scatter=float(weight @ grid[:, 2]),
        no_season=float(weight @ (grid[:, 0] == 0.0)),
        no_drift=float(weight @ (grid[:, 1] == 0.0)),
        points=points,
    )  # fmt: skip
