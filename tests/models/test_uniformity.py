"""The test of uniform ranks is exact: its p-values are uniform, its band holds what it says, and faults are found."""

from __future__ import annotations

from itertools import product
from typing import Final

import numpy as np
import pytest
from scipy.stats import binom, kstest

from lifeworth.models.ground.uniformity import band, below, uniformity_p_value

FALSE_ALARM: Final = 1e-5
"""Of each comparison with chance here."""


def test_p_values_of_few_ranks_are_those_of_counting_all_there_are() -> None:
    ranks, values = 4, 3

    def statistic(rank: np.ndarray) -> float:
        """The smallest two-sided binomial tail probability, one value after the other."""
        seen = [np.count_nonzero(rank < k) for k in range(1, values)]
        law = [binom(ranks, k / values) for k in range(1, values)]
        return min(min(1.0, 2.0 * min(b.cdf(c), b.sf(c - 1))) for b, c in zip(law, seen, strict=True))

    everything = [np.array(rank) for rank in product(range(values), repeat=ranks)]
    statistics = np.array([statistic(rank) for rank in everything])
    for rank, seen in zip(everything, statistics, strict=True):
        assert uniformity_p_value(rank, values) == pytest.approx(np.mean(statistics <= seen + 1e-12))


def test_the_band_holds_uniform_ranks_as_often_as_it_says() -> None:
    rng, count, values, times = np.random.default_rng(1), 200, 100, 4000
    chance = band(count, values, 0.95)
    inside = 0
    for _ in range(times):
        share = below(rng.integers(0, values, count), values) / count - chance.share
        inside += bool(((share >= chance.low - 1e-12) & (share <= chance.high + 1e-12)).all())
    # the share is a count: the band holds at least 0.95, and hardly more
    assert binom.ppf(FALSE_ALARM, times, 0.95) <= inside <= binom.ppf(1.0 - FALSE_ALARM, times, 0.96)


def test_a_band_of_more_coverage_is_wider_and_one_of_more_ranks_narrower() -> None:
    usual, wide, more = band(100, 50), band(100, 50, 0.999), band(400, 50)
    assert (wide.low <= usual.low).all()
    assert (wide.high >= usual.high).all()
    assert more.high.max() < usual.high.max()
    for one in (usual, wide, more):
        assert one.low[[0, -1]] == pytest.approx(0.0)
        assert one.high[[0, -1]] == pytest.approx(0.0)


def test_p_values_of_uniform_ranks_are_uniform() -> None:
    rng = np.random.default_rng(2)
    found = [uniformity_p_value(rng.integers(0, 50, 100), 50) for _ in range(400)]
    assert kstest(found, "uniform").pvalue > FALSE_ALARM
    assert min(found) > 0.0
    assert max(found) <= 1.0


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng: rng.integers(30, 100, 200),
        lambda rng: rng.binomial(99, rng.beta(3.0, 3.0, 200)),
        lambda rng: rng.binomial(99, rng.beta(0.4, 0.4, 200)),
        lambda rng: np.where(rng.random(200) < 0.15, 0, rng.integers(0, 100, 200)),
    ],
    ids=["too low", "too wide", "too narrow", "a heap at one end"],
)
def test_ranks_that_are_not_uniform_are_found(draw: object) -> None:
    assert uniformity_p_value(draw(np.random.default_rng(3)), 100) < 1e-4  # type: ignore[operator]


def test_ranks_below_a_value_are_counted() -> None:
    np.testing.assert_array_equal(below(np.array([0, 2, 2, 3]), 4), [0, 1, 1, 3, 4])
