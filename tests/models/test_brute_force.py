"""Closed forms against brute force: customers simulated one purchase at a time, by the words of the papers.

Two ways. Customers drawn from the population live until a cut-off and beyond it: what the model predicts from their
past must be what happens, on average, in every group that the past can tell apart. And for single customers, states
drawn from the population are weighted with the chance that they would have made just these purchases.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw

if TYPE_CHECKING:
    from collections.abc import Callable

CUSTOMERS: Final = 60_000
HORIZON: Final = 39.0
ANNUAL_RATE: Final = 0.15


@pytest.fixture(scope="module")
def lived(live: Callable[..., Any]) -> Callable[[Any], Any]:
    """Customers of each known model, simulated once: of ages from 2 to 60 weeks."""
    made: dict[Any, Any] = {}

    def simulate(known: Any) -> Any:
        key = (known.fitted.model.name, *known.theta)
        if key not in made:
            rng = np.random.default_rng(11)
            made[key] = live(known, rng, rng.uniform(2.0, 60.0, CUSTOMERS), HORIZON)
        return made[key]

    return simulate


def groups_of(summary: Any, predicted: Any) -> list[np.ndarray]:
    """Ways to split customers by what is known of them: by frequency, by silence, by the prediction itself."""
    frame = summary.frame
    silence = ((frame["T"] - frame["recency"]) / frame["T"]).to_numpy()
    edges = np.unique(np.quantile(predicted, np.linspace(0.0, 1.0, 9)[1:-1]))
    return [
        np.digitize(frame["frequency"], [1, 2, 3, 5, 8]),
        np.digitize(silence, [0.1, 0.3, 0.6, 0.9]),
        np.digitize(predicted, edges),
        np.zeros(len(frame)),
    ]


def test_predictions_of_each_customer_are_right_on_average(
    known_purchases: Any, lived: Callable[[Any], Any], assert_unbiased: Callable[..., None]
) -> None:
    known, lives = known_purchases, lived(known_purchases)
    fitted, summary = known.fitted, lives.summary
    count, discount = lives.count(HORIZON), math.log1p(ANNUAL_RATE) / 52.0
    pairs = [
        (lives.alive, fitted.probability_alive(summary)["mean"]),
        (count > 0, fitted.probability_active(summary, "39W")["mean"]),
        (count, fitted.expected_purchases(summary, "39W")["mean"]),
        (lives.count(4.0), fitted.expected_purchases(summary, "4W")["mean"]),
        (
            lives.discounted(HORIZON, discount),
            fitted.discounted_expected_purchases(summary, ANNUAL_RATE, "39W")["mean"],
        ),
    ]
    for outcome, predicted in pairs:
        for groups in groups_of(summary, predicted.to_numpy()):
            assert_unbiased(outcome, predicted, groups)


def test_predicted_counts_come_as_often_as_predicted(
    known_purchases: Any, lived: Callable[[Any], Any], assert_unbiased: Callable[..., None]
) -> None:
    known, lives = known_purchases, lived(known_purchases)
    count = lives.count(HORIZON)
    pmf = known.fitted.purchase_pmf(lives.summary, "39W", max_purchases=6)
    for n in range(7):
        for groups in groups_of(lives.summary, pmf[n].to_numpy()):
            assert_unbiased(count == n, pmf[n], groups)


def test_newcomers_buy_as_often_as_expected(known_purchases: Any, live: Callable[..., Any]) -> None:
    known = known_purchases
    lives = live(known, np.random.default_rng(12), np.zeros(CUSTOMERS), 104.0)
    for weeks in (1, 26, 104):
        count = lives.count(float(weeks))
        expected = known.fitted.expected_purchases_new_customer(f"{weeks}W")["mean"].item()
        # beyond 5 standard errors once in two million
        assert count.mean() == pytest.approx(expected, abs=5.0 * count.std() / math.sqrt(CUSTOMERS))


ROWS: Final = [(0, 0.0, 38.86), (1, 5.0, 38.86), (2, 30.43, 38.86), (7, 12.0, 30.0), (12, 25.0, 26.0)]


@pytest.mark.parametrize("row", ROWS)
def test_single_customers_are_as_states_weighted_by_their_chance(
    known_purchases: Any, row: tuple[int, float, float]
) -> None:
    # the chance of x purchases at given times, the last at t_x, and silence until T: alive, or gone at t_x
    known = known_purchases
    x, t_x, T = row
    rng = np.random.default_rng(13)
    size = 1_000_000
    rate, dropout, lifetime = known.witness.population(rng, size, **known.parameters)
    stayed = (1.0 - dropout) ** max(x - 1, 0)
    until_T = np.exp(x * np.log(rate * T) - rate * np.minimum(T, lifetime)) * stayed * (lifetime >= t_x)
    alive = until_T * np.where(x > 0, 1.0 - dropout, 1.0) * (lifetime > T)
    weight = until_T * np.where(x > 0, 1.0 - dropout, 1.0)
    if x:
        weight = weight + np.exp(x * np.log(rate * T) - rate * t_x) * stayed * (lifetime >= t_x) * dropout
    # the future of those alive, given their state: the first purchase is at an exponential gap
    ahead = rng.exponential(1.0 / rate)
    active = (ahead <= HORIZON) & (T + ahead <= lifetime)

    frame = {"customer_id": [1], "frequency": [x], "recency": [t_x], "T": [T]}
    summary = lw.CustomerSummary.from_frame(pd.DataFrame(frame), unit="W")
    fitted = known.fitted
    assert_ratio(weight, np.ones(size), math.exp(fitted.log_likelihood(summary).item() + x * math.log(T)))
    assert_ratio(alive, weight, fitted.probability_alive(summary)["mean"].item())
    assert_ratio(alive * active, weight, fitted.probability_active(summary, "39W")["mean"].item())


def assert_ratio(above: np.ndarray, below: np.ndarray, value: float) -> None:
    """Check a ratio of means to 5 standard errors: by chance alone wrong once in two million."""
    ratio = above.mean() / below.mean()
    error = (above - ratio * below).std() / below.mean() / math.sqrt(len(above))
    assert below.sum() ** 2 / np.square(below).sum() > 1000, "too few states have a say"
    assert ratio == pytest.approx(value, abs=5.0 * error)


def test_customers_spend_as_expected(known_spend: Any, assert_unbiased: Callable[..., None]) -> None:
    known = known_spend
    rng = np.random.default_rng(14)
    n = rng.integers(0, 9, CUSTOMERS)
    people = known.witness.population(rng, CUSTOMERS, **known.parameters)
    past = known.witness.amounts(rng, people[:, None], (CUSTOMERS, 8), **known.parameters)
    zbar = np.where(np.arange(8) < n[:, None], past, 0.0).sum(axis=1) / np.maximum(n, 1)
    following = known.witness.amounts(rng, people, CUSTOMERS, **known.parameters)
    frame = {"customer_id": np.arange(CUSTOMERS), "frequency": n, "recency": np.where(n > 0, 1.0, 0.0), "T": 2.0}
    summary = lw.CustomerSummary.from_frame(pd.DataFrame({**frame, "monetary_value": zbar}), unit="W")
    expected = known.fitted.expected_spend(summary)["mean"].to_numpy()
    edges = np.quantile(expected, np.linspace(0.0, 1.0, 9)[1:-1])
    for groups in (n, np.digitize(expected, edges), np.zeros(CUSTOMERS)):
        assert_unbiased(following, expected, groups)
