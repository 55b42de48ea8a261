"""Means of groups that borrow strength from one another: partial pooling where each mean has a known standard error.

Estimates are Normal(group's mean, error), groups' means Normal(centre, spread); the centre has a flat prior and the
spread a half-t prior, summed over a grid (Gelman, Carlin, Stern, Dunson, Vehtari & Rubin, Bayesian Data Analysis,
3rd ed., section 5.4; Gelman 2006, Bayesian Analysis 1:3, for the half-t). A small group with a large error is drawn
towards the others: it does not lead by luck.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.stats import t

from .errors import InputError
from .rows import FloatArray

DEGREES: Final = 4.0
"""Of the half-t prior of the spread: groups may differ much more than its scale."""
RELATIVE_SCALE: Final = 0.5
"""Its scale by default, as a share of the mean of all: groups that differ by half of it are no surprise."""
SPREADS: Final = 400
"""Points of the grid, of equal prior probability: the posterior of few groups is smooth."""


def pooled(
    estimates: FloatArray, errors: FloatArray, draws: int, rng: np.random.Generator, scale: float | None = None
) -> FloatArray:
    """Draws of the means of groups, array (groups, draws).

    Parameters
    ----------
    estimates, errors : array (groups,)
        Each group's own mean and its standard error; infinite for a group of which nothing is known.
    draws : int
    rng : Generator
    scale : float, optional
        Scale of the prior of the spread between groups; by default half the mean of all.

    Raises
    ------
    InputError
        Estimates that are not finite, or errors that are not positive, or none that is finite.
    """
    y, error = np.asarray(estimates, dtype=float), np.asarray(errors, dtype=float)
    if y.shape != error.shape or y.ndim != 1 or not np.isfinite(y).all() or not (error > 0.0).all():
        raise InputError(f"pooled: expected finite estimates and an error above 0 for each; got {y} and {error}.")
    if np.isinf(error).all():
        raise InputError("pooled: expected at least one group of which something is known.")
    if len(y) == 1:
        return np.asarray(y[:, None] + error[:, None] * rng.standard_normal((1, draws)))
    known = np.isfinite(error)
    spreads = _spreads(y, error, scale)
    centres, variance, probability = _given_spread(y[known], error[known], spreads)
    which = rng.choice(SPREADS, size=draws, p=probability)
    mu = centres[which] + np.sqrt(variance[which]) * rng.standard_normal(draws)
    tau2 = spreads[which] ** 2.0
    share = np.where(known[:, None], tau2 / (tau2 + np.where(known, error, 1.0)[:, None] ** 2.0), 0.0)
    mean = mu + share * (y[:, None] - mu)
    sd = np.sqrt(np.where(known[:, None], share * np.where(known, error, 1.0)[:, None] ** 2.0, tau2))
    return np.asarray(mean + sd * rng.standard_normal(mean.shape))


def pooled_means(estimates: FloatArray, errors: FloatArray, scale: float | None = None) -> FloatArray:
    """Posterior means of what `pooled` draws, array (groups,)."""
    y, error = np.asarray(estimates, dtype=float), np.asarray(errors, dtype=float)
    if len(y) == 1:
        return y
    known, spreads = np.isfinite(error), _spreads(y, error, scale)
    centres, _, probability = _given_spread(y[known], error[known], spreads)
    tau2 = spreads[:, None] ** 2.0
    share = np.where(known, tau2 / (tau2 + np.where(known, error, 1.0) ** 2.0), 0.0)
    return np.asarray(probability @ (centres[:, None] + share * (y - centres[:, None])))


def _spreads(y: FloatArray, error: FloatArray, scale: float | None) -> FloatArray:
    """Grid of the spread between groups."""
    weight = error**-2.0
    centre = float(np.sum(weight * y) / np.sum(weight))
    scale = RELATIVE_SCALE * abs(centre) if scale is None else scale
    return (scale or float(error[np.isfinite(error)].mean())) * _half_t_quantiles()


def _half_t_quantiles() -> FloatArray:
    middle = (np.arange(SPREADS) + 0.5) / SPREADS
    return np.asarray(t.ppf(0.5 + middle / 2.0, DEGREES))


def _given_spread(y: FloatArray, error: FloatArray, spreads: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean and variance of the centre given each spread, and the posterior probability of the spread."""
    total = error**2.0 + spreads[:, None] ** 2.0
    variance = 1.0 / np.sum(1.0 / total, axis=1)
    centre = variance * np.sum(y / total, axis=1)
    distance = np.sum((y - centre[:, None]) ** 2.0 / total, axis=1)
    log = 0.5 * np.log(variance) - 0.5 * np.sum(np.log(total), axis=1) - 0.5 * distance
    weight = np.exp(log - log.max())
    return centre, variance, weight / weight.sum()
