"""Scores of draws against outcomes: by a naive loop, by scoringrules, and on outcomes that are one more draw."""

from __future__ import annotations

import time

import numpy as np
import pytest
import scoringrules
from hypothesis import given
from hypothesis import strategies as st

import lifeworth as lw
from lifeworth.models.ground.intervals import BANDS, LEVELS
from lifeworth.models.ground.uniformity import uniformity_p_value
from lifeworth.models.prediction.reduction import quantiles_of
from lifeworth.models.scoring.outcomes import (
    OutcomeScores,
    coverage,
    coverages,
    score_draws,
)

FALSE_ALARM = 1e-4
"""A correct transform fails the test of uniformity less often than this."""


def scored(values: np.ndarray, actual: np.ndarray, levels: tuple[float, ...] = LEVELS) -> OutcomeScores:
    return score_draws(values, actual, levels, np.random.default_rng(0).random(len(actual)))


def counts(customers: int, draws: int, seed: int = 1) -> np.ndarray:
    """Numbers of purchases of customers of many habits, most of them 0 most of the time."""
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.gamma(0.3, 3.0, (customers, 1)), (customers, draws)).astype(float)


def amounts(customers: int, draws: int, seed: int = 1) -> np.ndarray:
    """Spend: a mass at 0 and a long tail."""
    return counts(customers, draws, seed) * np.random.default_rng(seed).gamma(2.0, 20.0, (customers, draws))


@pytest.mark.parametrize("made", [counts, amounts])
def test_the_crps_is_the_mean_distance_to_the_outcome_less_half_that_between_two_draws(made) -> None:
    values = made(40, 17)
    draws, actual = values[:, 1:], values[:, 0]
    size = draws.shape[1]
    naive = [
        np.abs(x - y).mean() - sum(abs(a - b) for a in x for b in x) / (2.0 * size * (size - 1))
        for x, y in zip(draws, actual, strict=True)
    ]
    np.testing.assert_allclose(scored(draws, actual).crps, naive, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("made", [counts, amounts])
def test_the_crps_is_that_of_scoringrules(made) -> None:
    values = made(200, 51)
    fair = scoringrules.crps_ensemble(values[:, 0], values[:, 1:], estimator="fair")
    np.testing.assert_allclose(scored(values[:, 1:], values[:, 0]).crps, fair, rtol=1e-10, atol=1e-10)


def test_the_fair_crps_does_not_depend_on_the_number_of_draws() -> None:
    # means over 40,000 customers: their difference has a standard deviation of 0.005, checked against 6 of them
    values = counts(40_000, 61)
    few, many = (scored(values[:, 1:stop], values[:, 0]).crps for stop in (4, 61))
    assert abs(few.mean() - many.mean()) < 6.0 * (few - many).std() / np.sqrt(len(few))
    assert (few - many).std() / np.sqrt(len(few)) < 0.01


def test_the_crps_of_a_point_forecast_is_its_absolute_error() -> None:
    actual = np.array([0.0, 3.0, 12.5])
    said = np.array([1.0, 3.0, 2.5])
    np.testing.assert_array_equal(scored(np.repeat(said[:, None], 9, axis=1), actual).crps, np.abs(said - actual))


@pytest.mark.parametrize("draws", [2, 20, 250, 1000])
def test_quantiles_are_those_of_a_forecast(draws: int) -> None:
    values = amounts(50, draws)
    found = scored(values, values[:, 0]).quantiles
    np.testing.assert_array_equal(found, quantiles_of(values, LEVELS))
    assert np.isin(found, values).all()


def test_the_mean_is_that_of_the_draws() -> None:
    values = amounts(50, 30)
    np.testing.assert_allclose(scored(values, values[:, 0]).mean, values.mean(axis=1), rtol=1e-12)


@pytest.mark.parametrize("made", [counts, amounts])
@pytest.mark.parametrize("draws", [4, 19])
def test_the_transform_is_uniform_where_the_outcome_is_one_more_draw(made, draws: int) -> None:
    values = made(4000, draws + 1)
    pit = scored(values[:, 1:], values[:, 0]).pit
    assert uniformity_p_value((pit * 20).astype(np.int64), 20) > FALSE_ALARM


def test_the_transform_is_not_uniform_where_the_forecast_is_too_narrow_or_too_low() -> None:
    values = amounts(1000, 20)
    middle = values[:, 1:].mean(axis=1, keepdims=True)
    for wrong in (middle + 0.5 * (values[:, 1:] - middle), 0.6 * values[:, 1:]):
        pit = scored(wrong, values[:, 0]).pit
        assert uniformity_p_value((pit * 20).astype(np.int64), 20) < FALSE_ALARM


@given(
    st.lists(st.integers(0, 3), min_size=2, max_size=8),
    st.integers(0, 3),
    st.floats(0.0, 1.0, exclude_max=True),
)
def test_the_transform_lies_between_the_ranks_of_the_outcome_among_the_draws(
    draws: list[int], outcome: int, uniform: float
) -> None:
    pit = score_draws(np.array([draws], float), np.array([float(outcome)]), (0.5,), np.array([uniform])).pit.item()
    places = len(draws) + 1
    below = sum(x < outcome for x in draws)
    no_more = sum(x <= outcome for x in draws)
    assert below / places <= pit <= (no_more + 1) / places
    assert 0.0 <= pit <= 1.0


def test_every_customer_is_scored_alone() -> None:
    values, actual = amounts(30, 12), amounts(30, 1, seed=2)[:, 0]
    together = score_draws(values, actual, LEVELS, np.full(30, 0.3))
    order = np.random.default_rng(3).permutation(30)
    shuffled = score_draws(values[order], actual[order], LEVELS, np.full(30, 0.3))
    np.testing.assert_array_equal(together.crps[order], shuffled.crps)
    np.testing.assert_array_equal(together.pit[order], shuffled.pit)
    alone = score_draws(values[7:8], actual[7:8], LEVELS, np.full(1, 0.3))
    np.testing.assert_array_equal(alone.quantiles[:, 0], together.quantiles[:, 7])


def test_the_order_of_draws_does_not_matter_and_they_are_left_as_they_are() -> None:
    values = amounts(10, 30)
    before, actual = values.copy(), values[:, 0].copy()
    forward, backward = scored(values, actual), scored(values[:, ::-1], actual)
    np.testing.assert_array_equal(forward.crps, backward.crps)
    np.testing.assert_array_equal(forward.pit, backward.pit)
    np.testing.assert_array_equal(values, before)


def test_coverage_counts_the_ends_of_an_interval() -> None:
    low, high = np.array([0.0, 1.0, 2.0, 2.0]), np.array([1.0, 3.0, 2.0, 4.0])
    assert coverage(low, high, np.array([0.0, 3.0, 2.0, 5.0])) == 0.75


def test_coverage_is_nominal_for_amounts_and_above_for_counts_but_not_by_the_transform() -> None:
    # 20,000 customers: a share near 0.5 has a standard error of 0.0035, here held to six of them
    rng = np.random.default_rng(4)
    of_amounts = rng.gamma(2.0, 10.0, (20_000, 200))
    of_counts = rng.poisson(0.8, (20_000, 200)).astype(float)
    for values, closed in ((of_amounts, True), (of_counts, False)):
        said = scored(values[:, 1:], values[:, 0])
        told = coverages(said.quantiles, LEVELS, values[:, 0])
        by_transform = [np.mean(np.abs(said.pit - 0.5) <= band / 2.0) for band in BANDS]
        np.testing.assert_allclose(by_transform, BANDS, atol=0.021)
        if closed:
            np.testing.assert_allclose(told, BANDS, atol=0.021)
        else:
            assert (told > np.array(BANDS) + 0.05).all()


def test_coverage_of_a_band_whose_ends_are_not_known_is_not_told() -> None:
    told = coverages(np.array([[0.0], [2.0]]), (0.05, 0.95), np.array([1.0]))
    np.testing.assert_array_equal(told, [np.nan, np.nan, 1.0])


@pytest.mark.parametrize(
    ("values", "actual", "uniform", "message"),
    [
        (np.zeros((3, 1)), np.zeros(3), np.zeros(3), "values: expected an array .customers, draws. with 2 draws"),
        (np.zeros(3), np.zeros(3), np.zeros(3), "values: expected an array"),
        (np.zeros((3, 5)), np.zeros(2), np.zeros(3), "actual: expected one number for each of 3 customers"),
        (np.zeros((3, 5)), np.zeros(3), np.zeros((3, 1)), "uniform: expected one number"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(values, actual, uniform, message: str) -> None:
    with pytest.raises(lw.InputError, match=message):
        score_draws(values, actual, LEVELS, uniform)


def test_levels_are_shares() -> None:
    with pytest.raises(lw.InputError, match="quantiles: expected levels between 0 and 1"):
        score_draws(np.zeros((3, 5)), np.zeros(3), (5.0,), np.zeros(3))


def test_a_block_of_cdnow_takes_a_fraction_of_a_second() -> None:
    values = amounts(23_570, 251)
    draws, actual = np.ascontiguousarray(values[:, 1:]), values[:, 0]
    scored(draws[:10], actual[:10])
    times = []
    for _ in range(3):
        start = time.perf_counter()
        scored(draws, actual)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.5  # 0.03 s measured; 0.15 s is what a backtest needs
