"""Expectations given the hidden state: by quadrature, against closed forms, and under what must not matter."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pytest
from scipy.integrate import quad

import lifeworth as lw
from lifeworth.models.ground import threads
from lifeworth.models.prediction.clock import Clock
from lifeworth.models.prediction.futures import Futures
from lifeworth.models.prediction.state_values import Expected, expected_given_states
from lifeworth.models.prediction.state_values_kernels import add_expected
from lifeworth.models.valuation.basis import Basis

DISCOUNT: Final = math.log(1.15) / 52.0
ONE: Final = np.ones(1)
DRAWS: Final = 1000
CHANCE: Final = 6.0
"""Standard errors that a mean may be off: all comparisons here together fail by chance once in a million runs."""


def expected(
    fitted: Any, spend: Any, summary: Any, end: float, hazard: float = 1.0, clock: Clock | None = None
) -> Expected:
    ends = np.array([min(end, 40.0 / DISCOUNT)])
    futures = Futures(fitted, spend, summary, ends, DISCOUNT, DRAWS, 3, clock=clock)
    everybody = np.zeros(len(summary), dtype=np.int64)
    return expected_given_states(futures, np.array([[0.5]]), everybody, hazard * ONE, DISCOUNT * ONE, end)


def assert_mean(draws: np.ndarray, mean: float) -> None:
    error = draws.std() / math.sqrt(draws.size)
    assert abs(draws.mean() - mean) < CHANCE * error, f"{draws.mean():.6g} is not {mean:.6g}, error {error:.2g}"


# ---- one customer, by quadrature -----------------------------------------------------------------


@pytest.mark.parametrize("end", [30.0, 60.0, math.inf])
@pytest.mark.parametrize("hazard", [0.0, 1e-7, 0.03, 2.0])
def test_one_customer_is_the_integral_over_time(end: float, hazard: float) -> None:
    knots, elapsed = np.array([0.0, 5.0, 20.0, 52.0]), np.array([0.0, 2.0, 29.0, 50.0])
    level, rate, amount, weight = np.array([1.2, 0.7, 1.1]), 0.4, 25.0, 0.3
    speed = np.diff(elapsed) / np.diff(knots)

    def integral(of: Any) -> float:
        stops = [*knots[knots < end][:3], end if math.isfinite(end) else 40.0 / DISCOUNT]

        def at(t: float, k: int) -> float:
            return of(k) * math.exp(-DISCOUNT * t - hazard * (elapsed[k] + (t - knots[k]) * speed[k]))

        parts = [quad(at, a, b, args=(k,), limit=500)[0] for k, (a, b) in enumerate(pairwise(stops))]
        return math.fsum(parts)

    purchases = rate * integral(lambda k: speed[k])
    spend = rate * amount * integral(lambda k: speed[k] * level[k])
    naive = [weight * spend, spend, purchases, integral(lambda _: 1.0)]

    lengths = np.array([5.0, 15.0, end - 20.0])
    sums = np.zeros((1, 4, 1))
    one = [np.array([[number]]) for number in (rate, hazard, amount, weight)]
    add_expected(*one, ONE, DISCOUNT * ONE, lengths, speed[None], level[None], sums)
    np.testing.assert_allclose(sums[0, :, 0], naive, rtol=1e-7)


def test_without_discount_and_hazard_time_is_time() -> None:
    sums = np.zeros((1, 4, 1))
    one = [np.array([[number]]) for number in (0.5, 0.0, 10.0, 1.0)]
    add_expected(*one, ONE, np.zeros(1), np.array([3.0, 7.0]), np.ones((1, 2)), np.ones((1, 2)), sums)
    np.testing.assert_allclose(sums[0, :, 0], [50.0, 50.0, 5.0, 10.0], rtol=1e-13)


# ---- means over draws, against closed forms ------------------------------------------------------


@pytest.mark.parametrize("horizon", ["52W", None])
def test_means_are_those_of_the_closed_forms(
    known_purchases: Any, cdnow_spend: Any, four: Any, horizon: str | None
) -> None:
    fitted = known_purchases.fitted
    found = expected(fitted, cdnow_spend, four, 52.0 if horizon else math.inf)
    purchases = fitted.discounted_expected_purchases(four, 0.15, horizon)["mean"].to_numpy()
    assert_mean(found.purchases[0], purchases.sum())
    assert_mean(found.spend[0], float(purchases @ cdnow_spend.expected_spend(four)["mean"]))
    np.testing.assert_allclose(found.weighted_spend, 0.5 * found.spend, rtol=1e-12)


def test_faster_hazards_are_slower_purchases_on_a_faster_clock(
    known_purchases: Any, cdnow_spend: Any, four: Any
) -> None:
    model, theta = known_purchases.fitted.model, known_purchases.theta[:, None]
    x, t_x, T = (four.frame[name].to_numpy() for name in ("frequency", "recency", "T"))
    alive = model.probability_alive(theta[:, :, None], x, t_x, T)[0]
    for hazard in (0.7, 1.6):
        found = expected(known_purchases.fitted, cdnow_spend, four, 80.0, hazard)
        ahead = model.purchases_if_alive(theta, x, T, np.array([hazard * 80.0]), DISCOUNT / hazard)[0, 0] / hazard
        assert_mean(found.purchases[0], float(alive @ ahead))


@pytest.mark.parametrize("calibration", ["clock", "calendar's time"])
def test_value_with_all_costs_has_the_exact_mean(
    known: Any, cdnow_spend: Any, cdnow_sample: Any, calibration: str
) -> None:
    some = cdnow_sample.select(np.arange(len(cdnow_sample)) % 10 == 0)
    economics = lw.Economics(0.3, 0.15, cost_per_order=1.5, cost_share=0.02, cost_per_year_alive=2.0)
    error = lw.models.prediction.discrepancy.default_discrepancy() if calibration == "clock" else None
    basis = Basis(known.fitted, cdnow_spend, some, economics, error, DRAWS, 4)
    lengths = np.array([13.0, 52.0, 150.0])
    futures, terms = basis.futures(basis.ends(lengths)), basis.terms
    for end, mean in zip(lengths, basis.means(lengths).sum(axis=1), strict=True):
        found = expected_given_states(futures, terms.kinds, terms.kind, ONE, basis.rate * ONE, float(end))
        value = found.weighted_spend[0] - terms.per_order * found.purchases[0] - terms.per_time * found.alive[0]
        assert_mean(value, float(mean))


# ---- what must not matter ------------------------------------------------------------------------


def test_neither_order_nor_cores_nor_other_cases_matter(
    known: Any, cdnow_spend: Any, cdnow_sample: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = cdnow_sample.select(np.arange(len(cdnow_sample)) % 20 == 0)
    rng = np.random.default_rng(1)
    order, kind = rng.permutation(len(some)), rng.integers(0, 3, len(some))
    shuffled = replace(some, frame=some.frame.iloc[order].reset_index(drop=True))
    weights = np.array([[0.1], [0.3], [0.6]])
    monkeypatch.setattr("lifeworth.models.prediction.state_values.BLOCK_BYTES", 1_000_000)

    def sums(summary: Any, kind: np.ndarray, hazards: np.ndarray) -> Expected:
        futures = Futures(known.fitted, cdnow_spend, summary, np.array([52.0]), DISCOUNT, 50, 3)
        return expected_given_states(futures, weights, kind, hazards, np.full(len(hazards), DISCOUNT), 52.0)

    one = sums(some, kind, ONE)
    monkeypatch.setattr(threads, "cores", lambda: 1)
    other = sums(shuffled, kind[order], np.array([0.5, 1.0]))
    for name in ("weighted_spend", "spend", "purchases", "alive"):
        np.testing.assert_allclose(getattr(other, name)[1], getattr(one, name)[0], rtol=1e-12)
    assert (other.purchases[0] > other.purchases[1]).all()


def test_the_clock_runs_on_beyond_its_last_knot(known: Any, cdnow_spend: Any, four: Any) -> None:
    short = Clock(np.array([0.0, 10.0, 20.0]), np.outer([0.0, 8.0, 20.0], np.ones(DRAWS)), np.ones((2, DRAWS)))
    long = Clock(np.array([0.0, 10.0, 90.0]), np.outer([0.0, 8.0, 104.0], np.ones(DRAWS)), np.ones((2, DRAWS)))
    one, other = (expected(known.fitted, cdnow_spend, four, 90.0, clock=clock) for clock in (short, long))
    np.testing.assert_allclose(one.spend, other.spend, rtol=1e-12)
