"""Scores of an order: by every way of breaking ties, by pairs, and on edges where nothing can be said."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

import lifeworth as lw
from lifeworth.models.scoring.ranking import FIFTIETHS, Ranked, auc, brier, gain, normalised_gini, reliability, tenths

whole = st.integers(0, 3)
customers = st.lists(st.tuples(whole, whole), min_size=1, max_size=30)


def gini(predicted: np.ndarray, actual: np.ndarray) -> float:
    return normalised_gini(Ranked.of(predicted, actual), Ranked.of(actual, actual))


def naive_gini(actual_in_order: list[float]) -> float:
    """Gini of the competition that made it known: cumulated shares less those of an order by lot."""
    size, total = len(actual_in_order), sum(actual_in_order)
    running, area = 0.0, 0.0
    for value in actual_in_order:
        running += value
        area += running / total
    return (area - (size + 1) / 2.0) / size


def orders(predicted: list[float], actual: list[float]) -> list[list[float]]:
    """What came in every order that agrees with the prediction."""
    return [
        [actual[i] for i in sorted(order, key=lambda i: -predicted[i])] for order in permutations(range(len(actual)))
    ]


@pytest.mark.parametrize(
    ("predicted", "actual"),
    [
        ([3.0, 2.0, 1.0, 0.0, 0.5, 0.4], [9.0, 1.0, 4.0, 0.0, 0.0, 2.0]),
        ([1.0, 1.0, 2.0, 0.0, 0.0, 0.0], [3.0, 0.0, 4.0, 0.0, 7.0, 2.0]),
        ([1.0, 1.0, 1.0, 1.0, 1.0, 1.0], [3.0, 0.0, 4.0, 0.0, 7.0, 2.0]),
        ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [5.0, 4.0, 3.0, 2.0, 1.0, 0.0]),
    ],
)
def test_ties_count_as_the_mean_of_every_way_to_break_them(predicted: list[float], actual: list[float]) -> None:
    all_orders = orders(predicted, actual)
    perfect = naive_gini(sorted(actual, reverse=True))
    expected = np.mean([naive_gini(order) for order in all_orders]) / perfect
    assert gini(np.array(predicted), np.array(actual)) == pytest.approx(expected, abs=1e-12)
    captured = np.mean([np.cumsum(order) / sum(order) for order in all_orders], axis=0)
    shares = np.arange(1, 7) / 6.0
    np.testing.assert_allclose(gain(Ranked.of(np.array(predicted), np.array(actual)), shares), captured, atol=1e-12)


@given(customers, st.randoms(use_true_random=False))
def test_the_order_of_customers_does_not_matter(rows: list[tuple[int, int]], random) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    one, other = (np.array(part, float).T for part in (rows, shuffled))
    np.testing.assert_allclose(gini(*one), gini(*other), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(gain(Ranked.of(*one)), gain(Ranked.of(*other)), rtol=1e-12)
    np.testing.assert_allclose(tenths(Ranked.of(*one)), tenths(Ranked.of(*other)), rtol=1e-12)
    np.testing.assert_allclose(reliability(one[0], one[1] > 0), reliability(other[0], other[1] > 0), rtol=1e-12)


@given(customers)
def test_no_order_beats_that_of_what_came(rows: list[tuple[int, int]]) -> None:
    predicted, actual = np.array(rows, float).T
    found = gini(predicted, actual)
    assert math.isnan(found) == (actual.min() == actual.max())
    if not math.isnan(found):
        assert -1.0 - 1e-12 <= found <= 1.0 + 1e-12
        assert gini(actual, actual) == 1.0
        assert gini(-actual, actual) == pytest.approx(-1.0)
        assert gini(np.zeros(len(actual)), actual) == 0.0
    best, mine = gain(Ranked.of(actual, actual)), gain(Ranked.of(predicted, actual))
    assert np.isnan(best).all() if actual.sum() == 0.0 else (mine <= best + 1e-12).all()


@given(customers)
def test_only_the_order_of_what_was_predicted_matters(rows: list[tuple[int, int]]) -> None:
    predicted, actual = np.array(rows, float).T
    np.testing.assert_array_equal(gini(predicted, actual), gini(np.exp(predicted) - 7.0, actual))


def test_gain_begins_at_nothing_ends_at_all_and_takes_part_of_a_customer() -> None:
    ranked = Ranked.of(np.array([2.0, 1.0, 0.0]), np.array([6.0, 3.0, 1.0]))
    np.testing.assert_allclose(gain(ranked, (0.0, 0.1, 1 / 3, 0.5, 1.0)), [0.0, 0.18, 0.6, 0.75, 1.0])
    assert len(FIFTIETHS) == 51


def test_where_nothing_came_no_order_is_judged() -> None:
    ranked = Ranked.of(np.array([2.0, 1.0]), np.zeros(2))
    assert math.isnan(gini(np.array([2.0, 1.0]), np.zeros(2)))
    assert np.isnan(gain(ranked)).all()
    np.testing.assert_array_equal(tenths(ranked)["actual"], [0.0, 0.0])


def test_one_customer_is_the_best_and_the_worst() -> None:
    assert math.isnan(gini(np.array([2.0]), np.array([3.0])))
    table = tenths(Ranked.of(np.array([2.0]), np.array([3.0])))
    assert table.to_dict("list") == {"decile": [1], "customers": [1], "predicted": [2.0], "actual": [3.0]}


def test_deciles_hold_a_tenth_each_the_best_first() -> None:
    predicted = np.random.default_rng(0).permutation(103).astype(float)
    table = tenths(Ranked.of(predicted, 2.0 * predicted))
    np.testing.assert_array_equal(table["decile"], np.arange(1, 11))
    assert table["customers"].sum() == 103
    assert set(table["customers"]) == {10, 11}
    assert (np.diff(table["predicted"]) < 0.0).all()
    np.testing.assert_allclose(table["actual"], 2.0 * table["predicted"])
    assert (table["customers"] * table["actual"]).sum() == pytest.approx(2.0 * predicted.sum())


def test_reliability_is_by_tenths_the_least_likely_first() -> None:
    p_active = np.linspace(0.0, 1.0, 50)
    table = reliability(p_active, p_active > 0.5)
    np.testing.assert_array_equal(table["decile"], np.arange(1, 11))
    np.testing.assert_allclose(table["predicted"], p_active.reshape(10, 5).mean(axis=1))
    np.testing.assert_array_equal(table["actual"], [0.0] * 5 + [1.0] * 5)


def test_the_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    rng = np.random.default_rng(5)
    order, active = rng.integers(0, 5, 60).astype(float), rng.random(60) < 0.4
    pairs = [(a > b) + 0.5 * (a == b) for a in order[active] for b in order[~active]]
    assert auc(order, active) == pytest.approx(np.mean(pairs), abs=1e-12)
    assert auc(order, active) == roc_auc_score(active, order)
    assert auc(-order, active) == pytest.approx(1.0 - np.mean(pairs), abs=1e-12)


def test_the_brier_score_is_the_mean_squared_error() -> None:
    rng = np.random.default_rng(6)
    p_active, active = rng.random(60), rng.random(60) < 0.4
    assert brier(p_active, active) == pytest.approx(np.mean((p_active - active) ** 2), abs=1e-12)


@pytest.mark.parametrize("active", [np.zeros(3, bool), np.ones(3, bool)])
def test_where_all_or_none_are_active_nobody_could_be_told_from_anybody(active: np.ndarray) -> None:
    p_active = np.array([0.2, 0.3, 0.9])
    assert math.isnan(auc(p_active, active))
    assert math.isnan(brier(p_active, active))


@pytest.mark.parametrize(
    ("predicted", "actual", "message"),
    [
        ([], [], "one customer or more"),
        ([1.0], [1.0, 2.0], "one customer or more"),
        ([1.0, np.nan], [1.0, 2.0], "predicted: expected numbers, got NaN for 1 customers"),
        ([1.0, 2.0], [1.0, -2.0], "actual: expected finite numbers of 0 or more"),
        ([1.0, 2.0], [1.0, np.nan], "actual: expected finite numbers of 0 or more"),
    ],
)
def test_what_cannot_be_ranked_is_refused(predicted: list[float], actual: list[float], message: str) -> None:
    with pytest.raises(lw.InputError, match=message):
        Ranked.of(np.array(predicted), np.array(actual))
