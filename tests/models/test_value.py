"""Valuations: residual value and the value of a new customer, by hand, in limits, and under what must not matter."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.valuation.terms import terms_of

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN: Final = lw.Economics(margin=0.3, annual_discount_rate=0.15)
LEVELS: Final = ("q05", "q50", "q95")
FIRST_OF_FOUR: Final = (20.0, 20.0, 16.0, 57.0)
"""Amounts of the first purchases of the fixture `four`: sums of all purchases minus those of the repeats."""


def unseen_first_orders(summary: Any) -> Any:
    """A summary that does not know the amounts of first purchases."""
    return lw.CustomerSummary.from_frame(summary.frame.drop(columns="monetary_value_all"), unit="W")


# ---- exact means ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("horizon", "cost"), [("26W", 0.0), ("156W", 3.5), (None, 3.5)])
def test_residual_value_is_discounted_purchases_times_what_a_purchase_leaves(
    known_purchases: Any, cdnow_spend: Any, four: Any, horizon: str | None, cost: float
) -> None:
    economics = lw.Economics(margin=0.3, annual_discount_rate=0.15, cost_per_order=cost)
    found = lw.value(known_purchases.fitted, cdnow_spend, four, economics, horizon, draws=10).customers
    purchases = known_purchases.fitted.discounted_expected_purchases(four, 0.15, horizon)["mean"]
    amount = cdnow_spend.expected_spend(four)["mean"]
    np.testing.assert_allclose(found["value_mean"], purchases * (0.3 * amount - cost), rtol=1e-9)


def test_a_margin_of_each_customer_counts_for_that_customer(known: Any, cdnow_spend: Any, four: Any) -> None:
    margins = np.array([0.0, 0.2, 0.5, 1.0])
    summary = lw.CustomerSummary.from_frame(four.frame.assign(my_margin=margins), unit="W")
    one = lw.value(known.fitted, cdnow_spend, summary, lw.Economics(1.0, 0.15), "52W", draws=80)
    own = lw.value(known.fitted, cdnow_spend, summary, lw.Economics("my_margin", 0.15), "52W", draws=80)
    for column in ("value_mean", *(f"value_{level}" for level in LEVELS)):
        np.testing.assert_allclose(own.customers[column], margins * one.customers[column], rtol=1e-12)
    assert own.new_customer["first_order_mean"].item() == pytest.approx(
        0.425 * one.new_customer["first_order_mean"].item()
    )


def test_simulated_value_has_the_exact_mean(known_purchases: Any, cdnow_spend: Any, cdnow_sample: Any) -> None:
    some = cdnow_sample.select(np.arange(len(cdnow_sample)) < 300)
    economics = lw.Economics(margin=0.3, annual_discount_rate=0.15, cost_per_order=2.0)
    valuation = lw.value(
        known_purchases.fitted, cdnow_spend, some, economics, ["26W", "156W", None], draws=2000, per_customer=False
    )
    draws = valuation.draws["value"]
    error = draws.std(axis=1) / math.sqrt(draws.shape[1])
    # a mean of 2000 sums: beyond 5 standard errors once in two million
    assert (np.abs(draws.mean(axis=1) - valuation.total["value_mean"]) <= 5.0 * error).all()


def test_without_discounting_value_is_the_plain_sum_of_the_forecast(
    known_purchases: Any, cdnow_spend: Any, four: Any
) -> None:
    horizons = ["4W", "52W"]
    forecast = lw.forecast(known_purchases.fitted, cdnow_spend, four, horizons, draws=200, seed=3)
    free = lw.Economics(margin=0.4, annual_discount_rate=0.0, cost_per_order=1.5)
    valuation = lw.value(known_purchases.fitted, cdnow_spend, four, free, horizons, draws=200, seed=3)
    plain = 0.4 * forecast.draws["spend"] - 1.5 * forecast.draws["purchases"]
    np.testing.assert_allclose(valuation.draws["value"], plain, rtol=1e-11, atol=1e-11)
    mean = 0.4 * forecast.total["spend_mean"] - 1.5 * forecast.total["purchases_mean"]
    np.testing.assert_allclose(valuation.total["value_mean"], mean, rtol=1e-9)
    for column in ("p_alive", "p_active"):
        np.testing.assert_allclose(valuation.customers[column], forecast.customers[column], rtol=1e-12)


def test_value_for_ever_is_the_limit_of_long_horizons(known_purchases: Any, cdnow_spend: Any, four: Any) -> None:
    horizons = ["10Y", "50Y", "200Y", None]
    valuation = lw.value(known_purchases.fitted, cdnow_spend, four, PLAIN, horizons, draws=100)
    by_horizon = valuation.customers.pivot_table(
        index="customer_id", columns="horizon", values="value_mean", sort=False
    )
    assert list(by_horizon.columns) == ["10Y", "50Y", "200Y", "inf"]
    assert (by_horizon["10Y"] < by_horizon["50Y"]).all()
    np.testing.assert_allclose(by_horizon["200Y"], by_horizon["inf"], rtol=1e-6)
    np.testing.assert_allclose(valuation.draws["value"][2], valuation.draws["value"][3], rtol=1e-6)
    last = valuation.customers[valuation.customers["horizon"] == "inf"]
    # a customer may leave without buying again where customers leave by the clock
    assert (last["p_active"] <= last["p_alive"] * (1.0 + 1e-12)).all()
    if "a" in known_purchases.parameters:
        np.testing.assert_allclose(last["p_active"], last["p_alive"], rtol=1e-12)


def test_a_higher_rate_is_worth_less(known: Any, cdnow_spend: Any, four: Any) -> None:
    totals = [
        lw.value(known.fitted, cdnow_spend, four, lw.Economics(0.3, rate), "104W", draws=50).total
        for rate in (0.0, 0.05, 0.15, 0.5)
    ]
    for column in ("value_mean", "value_q50", "value_q95"):
        assert (np.diff([total[column].item() for total in totals]) < 0.0).all()


def test_discounting_uses_the_day_of_each_purchase(known: Any, cdnow_spend: Any, four: Any) -> None:
    # lifetimes puts purchases at the ends of months: 0.4 % lower on CDNOW (formulas.md 2.9)
    weeks = [f"{week}W" for week in range(1, 53)]
    plain = lw.forecast(known.fitted, cdnow_spend, four, weeks, draws=2).total["spend_mean"]
    steps = np.diff(np.concatenate([[0.0], plain]))
    delta = math.log(1.15) / 52.0
    early, late = ((steps * np.exp(-delta * (np.arange(52) + end))).sum() * 0.3 for end in (0, 1))
    found = lw.value(known.fitted, cdnow_spend, four, PLAIN, "52W", draws=2).total["value_mean"].item()
    assert late < found < early


# ---- what a valuation leaves out -----------------------------------------------------------------


def test_acquisition_cost_and_past_revenue_leave_residual_value_alone(known: Any, cdnow_spend: Any, four: Any) -> None:
    def residual(summary: Any, **costs: Any) -> Any:
        return lw.value(known.fitted, cdnow_spend, summary, lw.Economics(0.3, 0.15, **costs), ["12M", None], draws=60)

    without = residual(four)
    for costs in ({"cac": 20.0}, {"cac": {"search": 5.0, "shop": 50.0}, "cac_by": "channel"}):
        valued = residual(four, **costs)
        pd.testing.assert_frame_equal(valued.customers, without.customers)
        pd.testing.assert_frame_equal(valued.total, without.total)
        pd.testing.assert_frame_equal(valued.by("channel"), without.by("channel"))
    # the first purchase tells a fit on repeat purchases nothing: a larger one in the past adds nothing ahead
    richer = lw.CustomerSummary.from_frame(
        four.frame.assign(monetary_value_all=1000.0 * four.frame["monetary_value_all"]), unit="W", until=four.until
    )
    past = ["historic_value"]
    pd.testing.assert_frame_equal(residual(richer).customers.drop(columns=past), without.customers.drop(columns=past))
    np.testing.assert_allclose(residual(richer).customers[past], 1000.0 * without.customers[past])


def test_doubling_margin_and_costs_doubles_value(known: Any, cdnow_spend: Any, four: Any) -> None:
    once, twice = (
        lw.value(
            known.fitted,
            cdnow_spend,
            four,
            lw.Economics(0.2 * k, 0.15, cost_per_order=1.0 * k, cac=7.0 * k),
            "52W",
            draws=60,
        )
        for k in (1, 2)
    )
    for frame in ("customers", "total", "new_customer"):
        one, other = (getattr(valuation, frame).select_dtypes("number") for valuation in (once, twice))
        shares = [name for name in one if name.startswith("p_")]
        np.testing.assert_allclose(other.drop(columns=shares), 2.0 * one.drop(columns=shares), rtol=1e-10)


def test_orders_can_cost_more_than_they_leave(known: Any, cdnow_spend: Any, four: Any) -> None:
    dear = lw.value(known.fitted, cdnow_spend, four, lw.Economics(0.1, 0.15, cost_per_order=100.0), "52W", draws=200)
    assert (dear.customers["value_mean"] < 0.0).all()
    assert (dear.customers["value_q05"] <= 0.0).all()
    assert dear.new_customer["first_order_mean"].item() < 0.0


# ---- tables --------------------------------------------------------------------------------------


def test_a_valuation_has_the_tables_of_a_forecast_with_value(known: Any, cdnow_spend: Any, four: Any) -> None:
    valuation = lw.value(known.fitted, cdnow_spend, four, PLAIN, [None, "12M"], draws=50)
    columns = ["value_mean", "value_q05", "value_q50", "value_q95", "historic_value"]
    assert list(valuation.customers.columns) == ["customer_id", "horizon", "p_alive", "p_active", *columns]
    assert list(valuation.total["horizon"]) == ["inf", "12M"]
    assert valuation.total["value_mean"][0] > valuation.total["value_mean"][1]
    assert valuation.draws["value"].shape == (2, 50)
    assert (valuation.draws["value"][0] >= valuation.draws["value"][1]).all()
    np.testing.assert_allclose(
        valuation.by("channel").groupby("horizon", sort=False)["value_mean"].sum(), valuation.total["value_mean"]
    )
    assert valuation.economics is PLAIN
    assert repr(valuation).startswith("<Valuation of inf, 12M>")


def test_totals_alone_are_those_of_the_whole_valuation(known: Any, cdnow_spend: Any, four: Any) -> None:
    whole, totals = (
        lw.value(known.fitted, cdnow_spend, four, PLAIN, "52W", draws=50, per_customer=each) for each in (True, False)
    )
    assert totals.customers.empty
    pd.testing.assert_frame_equal(whole.total, totals.total)
    pd.testing.assert_frame_equal(whole.new_customer, totals.new_customer)


# ---- a new customer ------------------------------------------------------------------------------


@pytest.mark.parametrize("seen", [False, True])
def test_a_new_customer_is_worth_the_first_order_and_what_follows(
    known_purchases: Any, cdnow_spend: Any, four: Any, seen: bool
) -> None:
    economics = lw.Economics(margin=0.3, annual_discount_rate=0.15, cac=20.0, cost_per_order=1.0)
    summary = four if seen else unseen_first_orders(four)
    new = lw.value(known_purchases.fitted, cdnow_spend, summary, economics, ["52W", None], draws=50).new_customer
    leaves = 0.3 * cdnow_spend.population_mean["mean"].item() - 1.0
    first = 0.3 * np.mean(FIRST_OF_FOUR) - 1.0 if seen else leaves
    newcomer = lw.CustomerSummary.from_frame(
        pd.DataFrame({"customer_id": [1], "frequency": 0, "recency": 0.0, "T": 0.0}), unit="W"
    )
    assert list(new["horizon"]) == ["52W", "inf"]
    for row, horizon in ((0, "52W"), (1, None)):
        ahead = known_purchases.fitted.discounted_expected_purchases(newcomer, 0.15, horizon)["mean"].item()
        expected = {
            "first_order_mean": first,
            "residual_value_mean": leaves * ahead,
            "new_customer_value_mean": first + leaves * ahead,
            "acquisition_npv_mean": first + leaves * ahead - 20.0,
            "cac": 20.0,
        }
        for name, value in expected.items():
            assert new[name][row] == pytest.approx(value, rel=1e-9), name


def test_outcomes_of_a_new_customer_are_those_of_the_process(known: Any, known_spend: Any, four: Any) -> None:
    # by brute force: 100,000 newcomers, with 1 % noise in the outer quantiles on either side
    size, rate, horizon = 100_000, math.log1p(0.15) / 52.0, 104.0
    rng = np.random.default_rng(21)
    people = known_spend.witness.population(rng, size, **known_spend.parameters)
    amounts = lambda: known_spend.witness.amounts(rng, people, size, **known_spend.parameters)  # noqa: E731
    speed, dropout, lifetime = known.witness.population(rng, size, **known.parameters)
    first, later = 0.3 * amounts(), np.zeros(size)
    time, alive = np.zeros(size), np.ones(size, dtype=bool)
    while alive.any():
        time += rng.exponential(1.0, size) / speed
        alive &= (time <= horizon) & (time <= lifetime)
        later += np.where(alive, 0.3 * amounts() * np.exp(-rate * time), 0.0)
        alive &= rng.random(size) >= dropout
    summary = unseen_first_orders(four)
    found = lw.value(known.fitted, known_spend.fitted, summary, PLAIN, "104W", draws=1000, quantiles=(0.1, 0.5, 0.9))
    for name, outcome in (("first_order", first), ("residual_value", later), ("new_customer_value", first + later)):
        for level, column in ((0.1, "q10"), (0.5, "q50"), (0.9, "q90")):
            value = found.new_customer[f"{name}_{column}"].item()
            # the share of outcomes up to it: two samples of 100,000 differ by 0.013 once in a million
            assert (outcome < value * (1.0 - 1e-9)).mean() <= level + 0.013
            assert (outcome <= value * (1.0 + 1e-9)).mean() >= level - 0.013


def test_acquisition_npv_comes_with_acquisition_cost_and_only_then(known: Any, cdnow_spend: Any, four: Any) -> None:
    free = lw.value(known.fitted, cdnow_spend, four, PLAIN, "52W", draws=50).new_customer
    paid = lw.value(known.fitted, cdnow_spend, four, lw.Economics(0.3, 0.15, cac=20.0), "52W", draws=50).new_customer
    assert not any(name.startswith(("acquisition_npv", "cac")) for name in free)
    for column in ("mean", *LEVELS):
        assert paid[f"acquisition_npv_{column}"].item() == pytest.approx(
            free[f"new_customer_value_{column}"].item() - 20.0
        )


def test_acquisition_cost_by_channel_gives_a_row_a_channel(known: Any, cdnow_spend: Any, four: Any) -> None:
    frame = four.frame.assign(my_margin=[0.1, 0.2, 0.3, 0.6])
    summary = lw.CustomerSummary.from_frame(frame.drop(columns="monetary_value_all"), unit="W")
    economics = lw.Economics("my_margin", 0.15, cac={"search": 5.0, "shop": 50.0, "mail": 9.0}, cac_by="channel")
    found = lw.value(known.fitted, cdnow_spend, summary, economics, ["4W", "52W"], draws=50)
    assert found.notes[-1].startswith("cac: no customer has channel 'mail', so that a new one is taken to be like all")
    new = found.new_customer
    assert list(zip(new["channel"], new["horizon"], strict=True)) == [
        (channel, horizon) for channel in ("search", "shop", "mail") for horizon in ("4W", "52W")
    ]
    assert list(new["cac"]) == [5.0, 5.0, 50.0, 50.0, 9.0, 9.0]
    # margins of a channel are those of its customers; of one without customers, of all
    mean = cdnow_spend.population_mean["mean"].item()
    np.testing.assert_allclose(new["first_order_mean"], mean * np.repeat([0.2, 0.4, 0.3], 2), rtol=1e-9)
    np.testing.assert_allclose(new["acquisition_npv_mean"], new["new_customer_value_mean"] - new["cac"], rtol=1e-9)


def test_a_new_customer_is_the_same_whoever_the_customers_are(
    known: Any, cdnow_spend: Any, four: Any, cdnow_sample: Any
) -> None:
    one, other = (
        lw.value(known.fitted, cdnow_spend, unseen_first_orders(summary), PLAIN, "52W", draws=50).new_customer
        for summary in (four, cdnow_sample)
    )
    pd.testing.assert_frame_equal(one, other)


# ---- economics -----------------------------------------------------------------------------------


def test_economics_are_frozen_and_keep_their_own_copy_of_costs() -> None:
    costs = {"search": 5.0}
    economics = lw.Economics(0.3, 0.15, cac=costs, cac_by="channel")
    costs["search"] = 99.0
    assert economics.cac["search"] == 5.0
    with pytest.raises(TypeError):
        economics.cac["search"] = 1.0
    with pytest.raises(AttributeError):
        economics.margin = 0.5


def test_economics_are_values(cdnow_sample: Any) -> None:
    assert lw.Economics(0.3, 0.15) == lw.Economics(0.3, 0.15)
    assert (terms_of(lw.Economics(0.25, 0.0), cdnow_sample, 10, 0).margins == 0.25).all()


def test_a_fit_on_all_purchases_values_customers_by_all_of_them(
    transaction_model: Any, fitted: Callable[..., Any], four: Any
) -> None:
    every, repeats = (fitted(lw.GammaGammaModel, first_purchase=first) for first in (True, False))
    for spend, column in ((every, "monetary_value_all"), (repeats, "monetary_value")):
        n, zbar = spend.purchases_of(four)
        np.testing.assert_array_equal(zbar, four.frame[column])
        np.testing.assert_array_equal(
            n, np.where(zbar > 0.0, four.frame["frequency"] + (column != "monetary_value"), 0)
        )
        valued = lw.value(fitted(transaction_model), spend, four, PLAIN, "52W", draws=50).customers
        assert np.isfinite(valued.select_dtypes("number")).all(axis=None)
