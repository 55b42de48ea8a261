"""What must not matter: the unit of time, the currency, the order of customers, what they are called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.ground.units import DAYS_PER_UNIT

UNITS: Final = {"H": "6552H", "D": "273D", "M": "9M", "Y": "0.75Y"}
"""39 weeks in every other unit: a month is a twelfth of 52 weeks."""
ECONOMICS: Final = lw.Economics(margin=0.3, annual_discount_rate=0.15, cost_per_order=2.0)


def in_unit(summary: Any, unit: str) -> Any:
    """The same customers, their times in another unit, without a calendar."""
    factor = DAYS_PER_UNIT[summary.unit] / DAYS_PER_UNIT[unit]
    frame = summary.frame.assign(recency=factor * summary.frame["recency"], T=factor * summary.frame["T"])
    return lw.CustomerSummary.from_frame(frame, unit=unit)


def in_currency(summary: Any, factor: float) -> Any:
    """The same customers, their amounts in another currency."""
    money = {name: factor * summary.frame[name] for name in ("monetary_value", "monetary_value_all")}
    return lw.CustomerSummary.from_frame(summary.frame.assign(**money), unit=summary.unit)


# ---- the unit of time ----------------------------------------------------------------------------


@pytest.mark.parametrize("unit", UNITS)
def test_the_unit_of_time_does_not_change_the_fit(
    transaction_model: Any, fitted: Callable[..., Any], cdnow_sample: Any, unit: str
) -> None:
    factor = DAYS_PER_UNIT["W"] / DAYS_PER_UNIT[unit]
    weeks = fitted(transaction_model)
    other = transaction_model().fit(in_unit(cdnow_sample, unit), seed=1)
    for name in transaction_model.parameters:
        scale = factor if name in transaction_model.unit_parameters else 1.0
        for column in ("mean", "sd", "q05", "q95"):
            assert other.parameters.loc[name, column] == pytest.approx(
                scale * weeks.parameters.loc[name, column], rel=1e-3
            )


@pytest.mark.parametrize("unit", UNITS)
def test_the_unit_of_time_does_not_change_what_is_expected(known: Any, cdnow_sample: Any, unit: str) -> None:
    model, horizon = known.fitted.model, UNITS[unit]
    factor = DAYS_PER_UNIT["W"] / DAYS_PER_UNIT[unit]
    other = model.from_parameters(
        unit=unit,
        **{
            name: value * (factor if name in model.unit_parameters else 1.0) for name, value in known.parameters.items()
        },
    )
    here, there = in_unit(cdnow_sample, "W"), in_unit(cdnow_sample, unit)
    for mine, its in [
        (known.fitted.probability_alive(here), other.probability_alive(there)),
        (known.fitted.probability_active(here, "39W"), other.probability_active(there, horizon)),
        (known.fitted.expected_purchases(here, "39W"), other.expected_purchases(there, horizon)),
        (known.fitted.discounted_expected_purchases(here, 0.1), other.discounted_expected_purchases(there, 0.1)),
        (known.fitted.purchase_pmf(here, "39W", 3), other.purchase_pmf(there, horizon, 3)),
    ]:
        pd.testing.assert_frame_equal(mine, its, rtol=1e-8)


@pytest.mark.parametrize("unit", ["H", "D"])
def test_the_unit_of_time_does_not_change_forecast_and_value(
    known: Any, cdnow_spend: Any, cdnow_sample: Any, unit: str
) -> None:
    model = known.fitted.model
    factor = DAYS_PER_UNIT["W"] / DAYS_PER_UNIT[unit]
    other = model.from_parameters(
        unit=unit,
        **{
            name: value * (factor if name in model.unit_parameters else 1.0) for name, value in known.parameters.items()
        },
    )
    some = cdnow_sample.select(np.arange(len(cdnow_sample)) < 500)
    for ask in (
        lambda fit, summary: lw.forecast(fit, cdnow_spend, summary, ["1M", "39W"], draws=60, seed=3),
        lambda fit, summary: lw.value(fit, cdnow_spend, summary, ECONOMICS, ["1M", "39W", None], draws=60, seed=3),
    ):
        mine, its = ask(known.fitted, in_unit(some, "W")), ask(other, in_unit(some, unit))
        pd.testing.assert_frame_equal(mine.customers, its.customers, rtol=1e-7, atol=1e-9)
        pd.testing.assert_frame_equal(mine.total, its.total, rtol=1e-7)
        for name, draws in mine.draws.items():
            np.testing.assert_allclose(draws, its.draws[name], rtol=1e-7)


# ---- the currency --------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [100.0, 1e-3, 110.0])
def test_the_currency_does_not_change_the_fit(
    spend_model: Any, fitted: Callable[..., Any], cdnow_sample: Any, factor: float
) -> None:
    dollars, other = fitted(spend_model), spend_model().fit(in_currency(cdnow_sample, factor), seed=1)
    for name in spend_model.parameters:
        scale = factor if name in spend_model.unit_parameters else 1.0
        for column in ("mean", "sd", "q05", "q95"):
            assert other.parameters.loc[name, column] == pytest.approx(
                scale * dollars.parameters.loc[name, column], rel=1e-3
            )
    mean = dollars.expected_spend(cdnow_sample)["mean"]
    np.testing.assert_allclose(
        other.expected_spend(in_currency(cdnow_sample, factor))["mean"], factor * mean, rtol=1e-3
    )


def test_cents_are_a_hundred_times_the_dollars_in_forecast_and_value(known: Any, cdnow_sample: Any) -> None:
    dollars = lw.GammaGammaModel.from_parameters(p=6.25, q=3.74, v=15.44)
    cents = lw.GammaGammaModel.from_parameters(p=6.25, q=3.74, v=1544.0)
    some = in_currency(cdnow_sample.select(np.arange(len(cdnow_sample)) < 500), 1.0)
    fits = [(dollars, some, 2.0), (cents, in_currency(some, 100.0), 200.0)]
    forecasts = [lw.forecast(known.fitted, spend, summary, "39W", draws=80) for spend, summary, _ in fits]
    np.testing.assert_array_equal(forecasts[0].draws["purchases"], forecasts[1].draws["purchases"])
    np.testing.assert_allclose(forecasts[1].draws["spend"], 100.0 * forecasts[0].draws["spend"], rtol=1e-9)
    values = [
        lw.value(known.fitted, spend, summary, lw.Economics(0.3, 0.15, cost_per_order=cost), ["39W", None], draws=80)
        for spend, summary, cost in fits
    ]
    for one, hundred in ((a.filter(like="value"), b.filter(like="value")) for a, b in zip(*(
        (value.customers, value.total, value.new_customer) for value in values
    ), strict=True)):  # fmt: skip
        np.testing.assert_allclose(hundred, 100.0 * one, rtol=1e-9, atol=1e-9)


# ---- who is who ----------------------------------------------------------------------------------


def renamed(summary: Any, ids: Any, order: np.ndarray, index: Any) -> Any:
    """The same customers under other ids, in another order, with another index."""
    frame = summary.frame.assign(customer_id=ids).iloc[order]
    frame.index = index
    return lw.CustomerSummary.from_frame(frame, unit=summary.unit, until=summary.until)


@pytest.fixture
def some(cdnow_sample: Any) -> Any:
    """400 customers of whom no two have the same data, with a channel."""
    frame = cdnow_sample.frame.drop_duplicates(["frequency", "recency", "T", "monetary_value"])
    frame = frame.drop_duplicates(["frequency", "recency", "T"]).head(400).reset_index(drop=True)
    return lw.CustomerSummary.from_frame(
        frame.assign(channel=np.array(["search", "shop", "mail"])[frame.index % 3]), unit="W", until=cdnow_sample.until
    )


@pytest.fixture(params=["shuffled", "strings", "sparse numbers", "one index for all"])
def another(request: pytest.FixtureRequest, some: Any) -> tuple[Any, np.ndarray, np.ndarray]:
    """The same customers in disguise: summary, their new ids, and their places in it."""
    size = len(some)
    rng = np.random.default_rng(6)
    order = rng.permutation(size)
    ids = {
        "shuffled": some.frame["customer_id"].to_numpy(),
        "strings": np.array([f"Ö-{number:05d}" for number in rng.permutation(size)], dtype=object),
        "sparse numbers": rng.choice(2**62, size, replace=False),
        "one index for all": some.frame["customer_id"].to_numpy(),
    }[request.param]
    index = np.zeros(size, dtype=int) if request.param == "one index for all" else np.arange(size)
    return renamed(some, ids, order, index), ids, order


def test_every_customer_keeps_their_own_fit_and_expectations(
    transaction_model: Any, some: Any, another: tuple[Any, np.ndarray, np.ndarray]
) -> None:
    disguised, ids, order = another
    one, other = (transaction_model().fit(summary, draws=200, seed=2) for summary in (some, disguised))
    np.testing.assert_array_equal(one.posterior.values, other.posterior.values)
    np.testing.assert_array_equal(other.log_likelihood(disguised), one.log_likelihood(some)[order])
    for ask in (
        lambda fit, summary: fit.probability_alive(summary),
        lambda fit, summary: fit.probability_active(summary, "12M"),
        lambda fit, summary: fit.expected_purchases(summary, "12M"),
        lambda fit, summary: fit.discounted_expected_purchases(summary, 0.15),
        lambda fit, summary: fit.purchase_pmf(summary, "12M", 2),
    ):
        assert_same_customers(ask(one, some), ask(other, disguised), ids, order)


def test_every_customer_keeps_their_own_expected_spend(
    spend_model: Any, some: Any, another: tuple[Any, np.ndarray, np.ndarray]
) -> None:
    disguised, ids, order = another
    one, other = (spend_model().fit(summary, draws=200, seed=2) for summary in (some, disguised))
    np.testing.assert_array_equal(one.posterior.values, other.posterior.values)
    assert_same_customers(one.expected_spend(some), other.expected_spend(disguised), ids, order)


def test_every_customer_keeps_their_own_future_and_the_total_stays(
    known: Any, cdnow_spend: Any, some: Any, another: tuple[Any, np.ndarray, np.ndarray]
) -> None:
    disguised, ids, order = another
    for ask in (
        lambda summary: lw.forecast(known.fitted, cdnow_spend, summary, ["4W", "52W"], draws=50, seed=8),
        lambda summary: lw.value(known.fitted, cdnow_spend, summary, ECONOMICS, ["4W", None], draws=50, seed=8),
    ):
        mine, its = ask(some), ask(disguised)
        for horizon in mine.customers["horizon"].unique():
            frames = [
                outlook.customers[outlook.customers["horizon"] == horizon].reset_index(drop=True)
                for outlook in (mine, its)
            ]
            assert_same_customers(*frames, ids, order)
        pd.testing.assert_frame_equal(mine.total, its.total, rtol=1e-12)
        pd.testing.assert_frame_equal(mine.by("channel"), its.by("channel"), rtol=1e-12)
        for name, draws in mine.draws.items():
            np.testing.assert_allclose(draws, its.draws[name], rtol=1e-12)


def assert_same_customers(one: pd.DataFrame, other: pd.DataFrame, ids: np.ndarray, order: np.ndarray) -> None:
    """Check that `other` has the numbers of `one` in the new order, beside the new ids."""
    np.testing.assert_array_equal(other["customer_id"].to_numpy(), ids[order])
    expected = one.drop(columns="customer_id").iloc[order].reset_index(drop=True)
    pd.testing.assert_frame_equal(other.drop(columns="customer_id"), expected, rtol=1e-12)


def test_customers_alike_in_everything_share_out_their_futures_whatever_their_order(
    known: Any, cdnow_spend: Any
) -> None:
    frame = pd.DataFrame({"customer_id": range(30), "frequency": 3, "recency": 20.0, "T": 30.0, "monetary_value": 40.0})
    frame.loc[:9, "T"] = 25.0
    twins = lw.CustomerSummary.from_frame(frame, unit="W")
    shuffled = lw.CustomerSummary.from_frame(frame.sample(frac=1.0, random_state=1), unit="W")
    one, other = (lw.forecast(known.fitted, cdnow_spend, summary, "39W", draws=40) for summary in (twins, shuffled))
    np.testing.assert_allclose(one.draws["spend"], other.draws["spend"], rtol=1e-12)
    columns = ["p_alive", "purchases_mean", "purchases_q95", "spend_q95"]
    np.testing.assert_allclose(
        one.customers[columns].sort_values(columns).to_numpy(), other.customers[columns].sort_values(columns).to_numpy()
    )
