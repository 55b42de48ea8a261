"""Values of groups of customers of unlike age, brought to a common one.

Residual value hangs on age: of customers acquired long ago many have left. A channel whose customers are young is no
better for it. Values are taken to be a level of the group times a level of the age (bands of equal numbers of
customers), fitted by quasi-Poisson regression, whose equations say that every group and every band keeps its total;
each group's value is then that of customers of the ages of ALL customers (direct standardisation under the fitted
model; Breslow & Day 1987, Statistical Methods in Cancer Research II, ch. 4; the fit is iterative proportional).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...ground.rows import FloatArray, IntArray

BANDS: Final = 10
"""Bands of age: a tenth of the customers each."""
ITERATIONS: Final = 200
"""Of the fit: it comes nearer by a constant factor each time, quickly unless groups hardly share any age."""
OWN_VARIANCE: Final = 100.0
"""Customers that a group's own variance is trusted as much as that of all: values have long tails, and the few
customers of a small group say little of theirs."""
FACTOR: Final = 1.0
"""Prior standard deviation of a group's level, as a logarithm: groups of unlike ages alone may differ threefold."""
MOST_DOUBT: Final = 0.25
"""Standard error, as a share of the level, that ages which cannot be told from the group may add before it is told."""


@dataclass(frozen=True, eq=False)
class AtCommonAge:
    """Mean value of a customer of each group, at the ages of all customers.

    Attributes
    ----------
    raw : array (groups,)
        Means as they are.
    estimate, error : array (groups,)
        Means at the common age, with the standard error from sampling customers.
    adjusted : bool
        Whether ages were levelled; not so where a band has no value above 0.
    alone : array (groups,) of bool
        Groups whose ages others hardly have: little tells their level from that of their age, and `error` says so.
    """

    raw: FloatArray
    estimate: FloatArray
    error: FloatArray
    adjusted: bool
    alone: np.ndarray

    @classmethod
    def of(cls, value: FloatArray, group: IntArray, groups: int, age: FloatArray) -> AtCommonAge:
        """From expected values, groups and ages of customers, arrays (customers,); every group has some."""
        band = _bands(age)
        cells = np.bincount(group * BANDS + band, minlength=groups * BANDS).reshape(groups, BANDS).astype(float)
        sums = np.bincount(group * BANDS + band, value, minlength=groups * BANDS).reshape(groups, BANDS)
        size = cells.sum(axis=1)
        raw = sums.sum(axis=1) / size
        fitted = _two_way(cells, sums)
        if fitted is None:
            estimate, of_age, adjusted = raw, np.ones(BANDS), False
        else:
            of_age, adjusted = fitted[1] * (cells.sum(axis=0) @ fitted[1] / cells.sum()) ** -1.0, True
            estimate = sums.sum(axis=1) / (cells @ of_age)
        mean = estimate[:, None] * of_age
        per_customer, variance = _variances(value, group, band, mean, cells)
        precision = cells * mean**2.0 / np.where(per_customer > 0.0, per_customer, np.inf)
        inflation = _inflation(precision) if adjusted else np.ones(groups)
        own = np.sqrt(variance) / (cells @ of_age)
        alone = own * np.sqrt(inflation - 1.0) > MOST_DOUBT * np.abs(estimate)
        return cls(raw, estimate, own * np.sqrt(inflation), adjusted, alone)


def _bands(age: FloatArray) -> IntArray:
    edges = np.quantile(age, np.arange(1, BANDS) / BANDS)
    return np.searchsorted(edges, age, side="right").astype(np.int64)


def _two_way(cells: FloatArray, sums: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """Levels of groups and of bands whose products keep all totals; None where one is not above 0."""
    by_band = cells.sum(axis=0)
    here = by_band > 0.0
    if not ((sums.sum(axis=1) > 0.0).all() and (sums.sum(axis=0)[here] > 0.0).all()):
        return None
    of_group, of_age = np.ones(len(cells)), np.ones(len(by_band))
    for _ in range(ITERATIONS):
        of_age[here] = sums.sum(axis=0)[here] / (of_group @ cells)[here]
        of_group = sums.sum(axis=1) / (cells @ of_age)
    return of_group, of_age


def _variances(
    value: FloatArray, group: IntArray, band: IntArray, mean: FloatArray, cells: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Variance of a customer's value by band, and of the sum over each group: as usual at its ages, and as its own."""
    residual = (value - mean[group, band]) ** 2.0
    by_band = np.bincount(band, residual, minlength=BANDS) / np.maximum(cells.sum(axis=0), 1.0)
    usual = cells @ by_band
    size = cells.sum(axis=1)
    own = np.bincount(group, residual, minlength=len(cells)) / np.where(usual > 0.0, usual, 1.0)
    return by_band, np.asarray(usual * (OWN_VARIANCE + size * own) / (OWN_VARIANCE + size))


def _inflation(precision: FloatArray) -> FloatArray:
    """By how much not knowing the levels of ages widens the variance of each group's level (1: not at all).

    From the precision of the logarithm of each cell's mean, array (groups, bands): the inverse information of a
    log-linear model in groups and bands, the mean over all held fixed, over what it is with the bands known. A prior of
    the levels bounds it: groups that share no age are not infinitely unlike.
    """
    by_group, by_band = precision.sum(axis=1), precision.sum(axis=0)
    here = by_band > 0.0
    of_age = precision[:, here] / np.sqrt(by_band[here])
    information = np.diag(by_group) - of_age @ of_age.T
    # levels are free up to one factor; holding the mean makes them whole
    weight = by_group / max(by_group.sum(), np.finfo(float).tiny)
    prior = np.eye(len(by_group)) / FACTOR**2.0
    covariance = np.linalg.inv(information + np.outer(by_group, weight) + prior)
    return np.asarray(np.maximum(np.diag(covariance) * by_group, 1.0))
