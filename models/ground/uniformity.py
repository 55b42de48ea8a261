r"""Are ranks uniform? The exact test by the empirical distribution function, and its simultaneous band.

Säilynoja, Bürkner & Vehtari (2022), Graphical test for discrete uniformity and its applications in goodness-of-fit
evaluation and multiple sample comparison, Statistics and Computing 32:32.

Of N uniform ranks among K values the number below the k-th value is Binomial(N, k/K). The statistic is the smallest
two-sided tail probability of these numbers over all k, so that an excess at the ends counts as much as one in the
middle. Its distribution is exact: the numbers are a Markov chain over k, and the chance to stay between two lines is a
product of matrices (their section 2.2). Nothing is simulated, so that small p-values can be told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlog1py, xlogy

from .rows import FloatArray, IntArray

BoolArray = NDArray[np.bool_]

COVERAGE: Final = 0.95
"""Of a band drawn: one in twenty leaves it by chance."""
BISECTIONS: Final = 40
"""Halvings of the interval in which the tail probability of a band is sought: to 1e-12."""


@dataclass(frozen=True, eq=False)
class Band:
    """Where the share of ranks below each value stays with a given probability, all values at once.

    Attributes
    ----------
    share : array (values + 1,)
        Where: k / K for k = 0 to K.
    low, high : array (values + 1,)
        Least and largest share of ranks below, minus `share`.
    """

    share: FloatArray
    low: FloatArray
    high: FloatArray


def below(ranks: IntArray, values: int) -> IntArray:
    """Number of ranks (0 to `values` - 1) below k, for k = 0 to `values`, array (values + 1,)."""
    return np.concatenate([[0], np.cumsum(np.bincount(ranks, minlength=values))]).astype(np.int64)


def uniformity_p_value(ranks: IntArray, values: int) -> float:
    """Probability that uniform ranks depart from uniformity by as much, at the value where these depart the most.

    Parameters
    ----------
    ranks : array (ranks,)
        From 0 to `values` - 1.
    values : int
    """
    count = len(ranks)
    tails = _tails(count, values)
    seen = tails[np.arange(values + 1), below(ranks, values)].min()
    # all that is strictly less extreme: equal tail probabilities may differ by rounding
    return float(np.clip(1.0 - _chance_to_stay(tails > seen * (1.0 + np.sqrt(np.finfo(float).eps)), count), 0.0, 1.0))


def band(count: int, values: int, coverage: float = COVERAGE) -> Band:
    """The narrowest band of equal tail probabilities that holds `count` uniform ranks with at least `coverage`."""
    tails = _tails(count, values)
    least, most = 0.0, 1.0 - coverage  # a band of one value alone would be as wide as this
    for _ in range(BISECTIONS):
        middle = 0.5 * (least + most)
        if _chance_to_stay(tails > middle, count) >= coverage:
            least = middle
        else:
            most = middle
    inside = tails > least
    share = np.arange(values + 1) / values
    low = inside.argmax(axis=1) / count - share
    high = (count - inside[:, ::-1].argmax(axis=1)) / count - share
    return Band(share, low, high)


def _tails(count: int, values: int) -> FloatArray:
    """Two-sided tail probability of each number of ranks below each value, array (values + 1, count + 1)."""
    share = np.arange(values + 1)[:, None] / values
    probability = _binomial(np.arange(count + 1), count, share)
    at_most = np.cumsum(probability, axis=1)
    at_least = np.cumsum(probability[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(np.minimum(2.0 * np.minimum(at_most, at_least), 1.0))


def _chance_to_stay(inside: BoolArray, count: int) -> float:
    """Chance that the numbers below all values are inside, bool array (values + 1, count + 1)."""
    values = len(inside) - 1
    chance = np.zeros(count + 1)
    chance[0] = 1.0  # none is below the first value
    for k in range(1, values + 1):
        came, now = np.flatnonzero(chance > 0.0), np.flatnonzero(inside[k])
        if not (len(came) and len(now)):
            return 0.0
        more = now[None, :] - came[:, None]
        # of those not yet below, each is so now with chance 1 / (values left)
        steps = np.where(more >= 0, _binomial(np.maximum(more, 0), count - came[:, None], 1.0 / (values - k + 1)), 0.0)
        after = np.zeros(count + 1)
        after[now] = chance[came] @ steps
        chance = after
    return float(chance.sum())


def _binomial(successes: IntArray, trials: IntArray | int, share: FloatArray | float) -> FloatArray:
    """Binomial probabilities; 0 for more successes than trials."""
    left = np.asarray(trials) - successes
    possible = left >= 0
    left = np.maximum(left, 0)
    log = gammaln(np.asarray(trials) + 1.0) - gammaln(successes + 1.0) - gammaln(left + 1.0)
    with np.errstate(divide="ignore"):  # a certain event: log 0 times 0
        return np.where(possible, np.exp(log + xlogy(successes, share) + xlog1py(left, -np.asarray(share))), 0.0)
