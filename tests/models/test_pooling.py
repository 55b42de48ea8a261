"""Partial pooling of group means: against integration by hand, in limits, and on groups whose means are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm, t

import lifeworth as lw
from lifeworth.models.ground.pooling import DEGREES, pooled, pooled_means

FALSE_ALARM_SDS = 4.9
"""A standard normal lies beyond it once in a million."""


def by_hand(y: np.ndarray, error: np.ndarray, scale: float) -> np.ndarray:
    """Posterior means by a double integral over the spread and the centre."""
    tau = scale * np.linspace(0.0005, 40.0, 4000)[:, None]
    mu = np.linspace(y.min() - 20.0, y.max() + 20.0, 801)[None, :]
    log = t.logpdf(tau / scale, DEGREES) + sum(
        norm.logpdf(y[j], mu, np.sqrt(error[j] ** 2 + tau**2)) for j in range(len(y))
    )
    weight = np.exp(log - log.max())
    means = [(mu * error[j] ** 2 + y[j] * tau**2) / (error[j] ** 2 + tau**2) for j in range(len(y))]
    return np.array([(weight * mean).sum() / weight.sum() for mean in means])


def test_means_are_those_of_the_double_integral() -> None:
    y, error = np.array([10.0, 14.0, 11.0, 30.0]), np.array([1.0, 2.0, 0.5, 12.0])
    expected = by_hand(y, error, 4.0)
    np.testing.assert_allclose(pooled_means(y, error, 4.0), expected, rtol=2e-3)
    draws = pooled(y, error, 40_000, np.random.default_rng(0), 4.0)
    assert (np.abs(draws.mean(axis=1) - expected) <= FALSE_ALARM_SDS * draws.std(axis=1) / 200.0 + 0.02).all()


def test_a_small_group_is_drawn_to_the_others_and_a_large_one_stays() -> None:
    y, error = np.array([10.0, 10.5, 9.5, 25.0]), np.array([0.2, 0.2, 0.2, 15.0])
    means = pooled_means(y, error)
    np.testing.assert_allclose(means[:3], y[:3], atol=0.1)
    assert means[3] < 13.0


def test_one_group_is_left_alone_and_an_unknown_one_is_like_the_others() -> None:
    rng = np.random.default_rng(1)
    one = pooled(np.array([5.0]), np.array([2.0]), 20_000, rng)
    assert one.mean() == pytest.approx(5.0, abs=FALSE_ALARM_SDS * 2.0 / math.sqrt(20_000))
    draws = pooled(np.array([8.0, 12.0, 0.0]), np.array([0.5, 0.5, math.inf]), 20_000, rng)
    assert draws[2].mean() == pytest.approx(10.0, abs=0.3)
    assert draws[2].std() > draws[0].std()


def test_intervals_hold_means_drawn_from_a_population() -> None:
    rng = np.random.default_rng(2)
    held = []
    for _ in range(300):
        truth = 20.0 + 4.0 * rng.standard_normal(8)
        error = rng.uniform(1.0, 8.0, 8)
        draws = pooled(truth + error * rng.standard_normal(8), error, 400, rng)
        low, high = np.quantile(draws, [0.05, 0.95], axis=1)
        held.append(((low <= truth) & (truth <= high)).mean())
    # 2,400 groups in 300 worlds: the share has a standard error below 0.008
    assert np.mean(held) == pytest.approx(0.9, abs=0.035)


@pytest.mark.parametrize(
    ("y", "error"), [([1.0, math.nan], [1.0, 1.0]), ([1.0, 2.0], [1.0, 0.0]), ([1.0, 2.0], [math.inf, math.inf])]
)
def test_groups_without_a_number_are_refused(y: list[float], error: list[float]) -> None:
    with pytest.raises(lw.InputError, match="pooled: expected"):
        pooled(np.array(y), np.array(error), 10, np.random.default_rng(0))
