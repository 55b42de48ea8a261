"""What lies ahead of a customer: expectations and probabilities against integration, textbook forms and limits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import hyp2f1

import lifeworth as lw

ORDINARY = [(0, 38.86), (0, 0.142857), (2, 38.86), (10, 38.86), (26, 31.0)]
AWKWARD = [(0, 0.0), (0, 2600.0), (800, 39.0), (5000, 156.0), (5000, 2600.0)]
HORIZONS = (1.0 / 7.0, 39.0, 520.0, 2600.0)
"""A day, the papers' 39 weeks, ten and fifty years."""


def ahead(known: Any, x: int, T: float, horizon: float, discount: float, **changed: float) -> float:
    """Expected discounted purchases of one customer who is alive, by the code."""
    theta = np.array([{**known.parameters, **changed}[name] for name in known.fitted.model.parameters])
    found = known.fitted.model.purchases_if_alive(
        theta[:, None], np.array([x]), np.array([T]), np.array([horizon]), discount
    )
    return float(found.item())


def customers(*rows: tuple[int, float, float], **columns: Any) -> lw.CustomerSummary:
    """A summary of customers (x, t_x, T), in weeks."""
    frame = pd.DataFrame(rows, columns=["frequency", "recency", "T"])
    frame.insert(0, "customer_id", range(len(rows)))
    return lw.CustomerSummary.from_frame(frame.assign(**columns), unit="W", until="1997-09-30")


# ---- expected purchases --------------------------------------------------------------------------


@pytest.mark.parametrize(("x", "T"), [*ORDINARY, *AWKWARD])
@pytest.mark.parametrize("horizon", HORIZONS)
def test_expected_purchases_are_the_integral_over_dropouts(
    known_purchases: Any, x: int, T: float, horizon: float
) -> None:
    known = known_purchases
    witness = known.witness.purchases_if_alive(x, T, horizon, 0.0, **known.parameters)
    assert ahead(known, x, T, horizon, 0.0) == pytest.approx(witness, rel=1e-9)


@pytest.mark.parametrize(("x", "T"), [(0, 0.0), (2, 38.86), (26, 31.0), (5000, 156.0)])
@pytest.mark.parametrize("horizon", [39.0, math.inf])
@pytest.mark.parametrize("annual_rate", [0.01, 0.15, 0.9])
def test_discounted_purchases_are_the_integral_over_time_and_dropouts(
    known_purchases: Any, x: int, T: float, horizon: float, annual_rate: float
) -> None:
    known = known_purchases
    discount = math.log1p(annual_rate) / 52.0
    witness = known.witness.purchases_if_alive(x, T, horizon, discount, **known.parameters)
    assert ahead(known, x, T, horizon, discount) == pytest.approx(witness, rel=1e-7)


BETA_GEOMETRIC_TOSSES = {"BG/NBD": 0, "MBG/NBD": 1}
"""Coins tossed beyond one a repeat purchase: the textbook form below is that of the beta-geometric models."""


@pytest.mark.parametrize(("x", "T"), [*ORDINARY, (5000, 156.0)])
@pytest.mark.parametrize("horizon", [1.0, 39.0, 520.0])
def test_expected_purchases_agree_with_the_hypergeometric_form(
    known_purchases: Any, x: int, T: float, horizon: float
) -> None:
    # Fader, Hardie & Lee (2005), equation 10, after Euler's transformation (formulas.md 2.2)
    known = known_purchases
    if known.fitted.model.name not in BETA_GEOMETRIC_TOSSES:
        return
    r, alpha, a, b = known.theta
    ones = a + b + x + BETA_GEOMETRIC_TOSSES[known.fitted.model.name] - 1.0
    z = horizon / (alpha + T + horizon)
    textbook = ones / (a - 1.0) * (1.0 - (1.0 - z) ** (a - 1.0) * hyp2f1(ones - r - x, a - 1.0, ones, z))
    assert ahead(known, x, T, horizon, 0.0) == pytest.approx(textbook, rel=1e-9)


@pytest.mark.parametrize("changed", [{"a": 1.0}, {"a": 1.0 + 1e-9}, {"a": 1e-3}, {"a": 400.0, "b": 900.0}, {"b": 1e-3}])
@pytest.mark.parametrize("x", [0, 5, 5000])
def test_nothing_happens_where_the_textbook_divides_by_zero(
    known_purchases: Any, changed: dict[str, float], x: int
) -> None:
    known = known_purchases
    if not set(changed) <= set(known.parameters):
        return
    witness = known.witness.purchases_if_alive(x, 38.86, 104.0, 0.0, **known.parameters | changed)
    assert ahead(known, x, 38.86, 104.0, 0.0, **changed) == pytest.approx(witness, rel=1e-8)


@pytest.mark.parametrize("size", [1e-4, 1e-2, 1e2, 1e4])
def test_tiny_and_huge_parameters_are_no_trouble(known_purchases: Any, size: float) -> None:
    known = known_purchases
    parameters = {name: size * value for name, value in known.parameters.items()}
    witness = known.witness.purchases_if_alive(3, 38.86, 104.0, 0.0, **parameters)
    assert ahead(known, 3, 38.86, 104.0, 0.0, **parameters) == pytest.approx(witness, rel=1e-8)


def test_several_horizons_at_once_are_each_alone(known_purchases: Any) -> None:
    known = known_purchases
    x, T = np.array([0, 2, 26]), np.array([5.0, 38.86, 31.0])
    horizons = np.array([1.0, 4.0, 39.0, 260.0])
    for discount in (0.0, 0.0027):
        together = known.fitted.model.purchases_if_alive(known.theta[:, None], x, T, horizons, discount)
        alone = [
            [ahead(known, int(count), float(age), float(horizon), discount) for count, age in zip(x, T, strict=True)]
            for horizon in horizons
        ]
        np.testing.assert_allclose(together[:, 0], alone, rtol=1e-8)


def test_several_draws_at_once_are_each_alone(known_purchases: Any) -> None:
    known = known_purchases
    model, x, T = known.fitted.model, np.array([0, 3]), np.array([10.0, 20.0])
    theta = np.stack([known.theta, 1.3 * known.theta, 0.2 * known.theta], axis=1)
    together = model.purchases_if_alive(theta, x, T, np.array([39.0]), 0.0)[0]
    alone = [model.purchases_if_alive(draw[:, None], x, T, np.array([39.0]), 0.0)[0, 0] for draw in theta.T]
    np.testing.assert_allclose(together, alone, rtol=1e-9)


def test_a_longer_horizon_brings_more_purchases_and_discounting_fewer(known: Any, four: Any) -> None:
    fitted = known.fitted
    lengths = [fitted.expected_purchases(four, horizon)["mean"].to_numpy() for horizon in ("1W", "13W", "52W", "520W")]
    assert (np.diff(lengths, axis=0) > 0.0).all()
    rates = [
        fitted.discounted_expected_purchases(four, rate, "52W")["mean"].to_numpy() for rate in (0.0, 0.01, 0.1, 0.5)
    ]
    np.testing.assert_allclose(rates[0], lengths[2], rtol=1e-12)
    assert (np.diff(rates, axis=0) < 0.0).all()


def test_discounting_for_ever_is_the_limit_of_long_horizons(known_purchases: Any, four: Any) -> None:
    fitted = known_purchases.fitted
    for_ever = fitted.discounted_expected_purchases(four, 0.15)["mean"]
    for_long = fitted.discounted_expected_purchases(four, 0.15, "200Y")["mean"]
    assert (for_long <= for_ever * (1.0 + 1e-7)).all()
    np.testing.assert_allclose(for_long, for_ever, rtol=1e-6)


@pytest.mark.parametrize(("x", "T"), [(0, 1.0), (2, 38.86), (26, 31.0)])
def test_a_large_discount_rate_leaves_the_purchase_rate_of_today(known_purchases: Any, x: int, T: float) -> None:
    # DERT tends to (r + x) / (alpha + T) / delta, if alive
    known = known_purchases
    today = ahead(known, x, T, 1e-7, 0.0) / 1e-7
    for discount in (1.0, 100.0, 1e5):
        witness = known.witness.purchases_if_alive(x, T, math.inf, discount, **known.parameters)
        assert ahead(known, x, T, math.inf, discount) == pytest.approx(witness, rel=1e-6)
    assert ahead(known, x, T, math.inf, 1e5) * 1e5 == pytest.approx(today, rel=1e-4)


def test_gamma_purchase_rates_give_the_first_moment(known: Any) -> None:
    # E[lambda | alive] = (r + x) / (alpha + T) in every model whose rates are Gamma(r, alpha)
    r, alpha = known.parameters["r"], known.parameters["alpha"]
    assert ahead(known, 10, 20.0, 1e-7, 0.0) / 1e-7 == pytest.approx((r + 10.0) / (alpha + 20.0), rel=1e-6)


def test_a_new_customer_is_one_of_age_zero(known_purchases: Any) -> None:
    known = known_purchases
    newcomer = customers((0, 0.0, 0.0))
    for horizon in ("1W", "52W", "520W"):
        expected = known.fitted.expected_purchases(newcomer, horizon)["mean"].item()
        new = known.fitted.expected_purchases_new_customer(horizon)
        assert new["mean"].item() == pytest.approx(expected, rel=1e-10)
        assert new["horizon"].item() == horizon


# ---- alive, active, counts -----------------------------------------------------------------------


def test_probability_alive_falls_with_silence(known_purchases: Any) -> None:
    alive = known_purchases.fitted.probability_alive(customers(*((5, 20.0, T) for T in (20.0, 25.0, 40.0, 400.0))))[
        "mean"
    ]
    assert ((alive > 0.0) & (alive <= 1.0)).all()
    assert alive.is_monotonic_decreasing
    assert alive.iloc[-1] < 0.02


def test_probability_active_is_what_the_counts_leave_of_zero(known_purchases: Any, four: Any) -> None:
    fitted = known_purchases.fitted
    for horizon in ("1W", "39W", "520W"):
        none = fitted.purchase_pmf(four, horizon, max_purchases=0)[0]
        np.testing.assert_allclose(fitted.probability_active(four, horizon)["mean"], 1.0 - none, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(("horizon", "most"), [("1W", 60), ("39W", 400)])
def test_probabilities_of_counts_sum_to_one_and_have_the_expected_mean(
    known_purchases: Any, four: Any, horizon: str, most: int
) -> None:
    pmf = known_purchases.fitted.purchase_pmf(four, horizon, max_purchases=most)
    assert list(pmf.columns) == ["customer_id", *range(most + 1)]
    assert list(pmf["customer_id"]) == list(four.frame["customer_id"])
    probabilities = pmf.drop(columns="customer_id").to_numpy()
    assert (probabilities >= 0.0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-9)
    mean = probabilities @ np.arange(most + 1)
    np.testing.assert_allclose(mean, known_purchases.fitted.expected_purchases(four, horizon)["mean"], rtol=1e-8)


def test_a_row_of_probabilities_leaves_out_only_what_lies_beyond(known: Any, four: Any) -> None:
    few = known.fitted.purchase_pmf(four, "39W", max_purchases=3)
    many = known.fitted.purchase_pmf(four, "39W", max_purchases=300)
    pd.testing.assert_frame_equal(few, many[["customer_id", 0, 1, 2, 3]])


@pytest.mark.parametrize("horizon", ["39W", "2600W"])
def test_counts_of_a_customer_of_thousands_of_purchases_are_probabilities(known: Any, horizon: str) -> None:
    pmf = known.fitted.purchase_pmf(customers((5000, 155.9, 156.0)), horizon, max_purchases=50)
    probabilities = pmf.drop(columns="customer_id").to_numpy()
    assert np.isfinite(probabilities).all()
    assert (probabilities >= 0.0).all()
    assert probabilities.sum() <= 1.0 + 1e-12


@pytest.mark.parametrize(
    "row", [(0, 0.0, 0.0), (0, 0.0, 2600.0), (1, 1e-4, 2600.0), (5000, 10.0, 2600.0), (5000, 2600.0, 2600.0)]
)
def test_every_answer_about_an_awkward_customer_is_finite(known_purchases: Any, row: tuple[int, float, float]) -> None:
    fitted, summary = known_purchases.fitted, customers(row)
    answers = [
        fitted.probability_alive(summary),
        fitted.probability_active(summary, "50Y"),
        fitted.expected_purchases(summary, "50Y"),
        fitted.discounted_expected_purchases(summary, 0.15),
    ]
    for answer in answers:
        assert np.isfinite(answer["mean"].item())
        assert answer["mean"].item() >= 0.0
    assert answers[1]["mean"].item() <= answers[0]["mean"].item() <= 1.0


# ---- over a posterior ----------------------------------------------------------------------------


def test_answers_of_a_posterior_are_means_and_quantiles_over_its_draws(
    transaction_model: Any, fitted: Any, four: Any
) -> None:
    posterior = fitted(transaction_model)
    x, t_x, T = (four.frame[name].to_numpy() for name in ("frequency", "recency", "T"))
    alive = np.array(
        [transaction_model.probability_alive(draw[:, None], x, t_x, T) for draw in posterior.theta(1000).T]
    )
    assert len(alive) == 1000
    found = posterior.probability_alive(four, quantiles=(0.1, 0.5, 0.975))
    assert list(found.columns) == ["customer_id", "mean", "q10", "q50", "q97.5"]
    assert list(found["customer_id"]) == list(four.frame["customer_id"])
    np.testing.assert_allclose(found["mean"], alive.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(
        found[["q10", "q50", "q97.5"]].T, np.quantile(alive, (0.1, 0.5, 0.975), axis=0), rtol=1e-12
    )


def test_a_point_has_no_doubt_about_its_expectations(known: Any, four: Any) -> None:
    for frame in (
        known.fitted.probability_alive(four),
        known.fitted.expected_purchases(four, "39W"),
        known.fitted.discounted_expected_purchases(four, 0.1),
        known.fitted.expected_purchases_new_customer("52W"),
    ):
        np.testing.assert_array_equal(frame["q05"], frame["mean"])
        np.testing.assert_array_equal(frame["q95"], frame["mean"])


@pytest.mark.parametrize("cells", [1, 2500, 10_000_000])
def test_answers_do_not_depend_on_the_size_of_blocks(
    transaction_model: Any, fitted: Any, cdnow_sample: Any, monkeypatch: pytest.MonkeyPatch, cells: int
) -> None:
    purchases = fitted(transaction_model, "map", "flat")
    some = cdnow_sample.select(np.arange(len(cdnow_sample)) < 300)
    whole = purchases.expected_purchases(some, "39W"), purchases.purchase_pmf(some, "39W", 3)
    monkeypatch.setattr("lifeworth.models.fitted_purchases.BLOCK_CELLS", cells)
    for before, after in zip(
        whole, (purchases.expected_purchases(some, "39W"), purchases.purchase_pmf(some, "39W", 3)), strict=True
    ):
        pd.testing.assert_frame_equal(before, after, rtol=1e-9)


@pytest.mark.parametrize("cells", [1, 2500, 10_000_000])
def test_expected_spend_does_not_depend_on_the_size_of_blocks(
    spend_model: Any, fitted: Any, cdnow_sample: Any, monkeypatch: pytest.MonkeyPatch, cells: int
) -> None:
    spend = fitted(spend_model)
    some = cdnow_sample.select(np.arange(len(cdnow_sample)) < 300)
    whole = spend.expected_spend(some)
    monkeypatch.setattr("lifeworth.models.spend.BLOCK_CELLS", cells)
    pd.testing.assert_frame_equal(whole, spend.expected_spend(some), rtol=1e-12)


def test_population_mean_is_the_expected_spend_of_a_stranger(spend_model: Any, fitted: Any, four: Any) -> None:
    spend = fitted(spend_model, first_purchase=False)
    stranger = spend.expected_spend(four).iloc[[0]]
    assert four.frame["frequency"][0] == 0
    for column in ("mean", "q05", "q95"):
        assert spend.population_mean[column].item() == pytest.approx(stranger[column].item(), rel=1e-12)
