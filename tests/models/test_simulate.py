"""The simulator: the process of the papers from acquisition to the cut-off, whose parameters a fit finds again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw

if TYPE_CHECKING:
    from collections.abc import Callable

YEAR = {"start": "2020-01-01", "until": "2020-12-31"}


def test_a_seed_gives_the_same_log_again_and_another_seed_another(known: Any) -> None:
    one, again, other = (lw.simulate_orders(known.fitted, customers=200, seed=seed, **YEAR) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, again)
    assert not one.equals(other)


def test_a_log_has_an_order_a_row_in_order_of_time(known: Any) -> None:
    log = lw.simulate_orders(known.fitted, customers=500, **YEAR)
    assert list(log.columns) == ["customer_id", "date", "amount"]
    assert log["customer_id"].dtype == np.int64
    assert str(log["date"].dtype).startswith("datetime64")
    assert sorted(log["customer_id"].unique()) == list(range(1, 501))
    assert log["date"].is_monotonic_increasing
    assert (log["amount"] > 0.0).all()


def test_customers_are_acquired_and_buy_between_the_days_given(known: Any) -> None:
    log = lw.simulate_orders(known.fitted, customers=5000, acquired_until="2020-03-31", **YEAR)
    assert log["date"].min() >= pd.Timestamp("2020-01-01")
    assert log["date"].max() < pd.Timestamp("2021-01-01")
    assert log["date"].max() > pd.Timestamp("2020-12-25")
    first = log.groupby("customer_id")["date"].min()
    assert first.max() < pd.Timestamp("2020-04-01")
    # uniform over 91 days: the mean of 5000 is off by more than 5 standard errors once in two million
    days = (first - pd.Timestamp("2020-01-01")) / pd.Timedelta("1D")
    assert days.mean() == pytest.approx(45.5, abs=5.0 * 91.0 / math.sqrt(12.0 * 5000.0))
    assert days.max() > 90.0


def test_a_log_of_a_single_day_has_that_day_alone(known: Any) -> None:
    log = lw.simulate_orders(known.fitted, customers=300, start="2020-05-05", until="2020-05-05")
    assert (log["date"].dt.normalize() == pd.Timestamp("2020-05-05")).all()


@pytest.mark.parametrize("weeks", [4, 52])
def test_purchases_come_as_often_as_the_model_says(known_purchases: Any, weeks: int) -> None:
    # customers acquired on the first day; orders counted one by one, not by days
    known, size = known_purchases, 60_000
    until = pd.Timestamp("2020-01-01") + pd.Timedelta(days=7 * weeks - 1)
    log = lw.simulate_orders(
        known.fitted, customers=size, start="2020-01-01", until=until, acquired_until="2020-01-01", seed=5
    )
    count = log.groupby("customer_id").size().to_numpy() - 1
    # acquired through the first day: half a day less than so many weeks, on average
    theta, model = known.theta[:, None], known.fitted.model
    nothing, start = np.zeros(1, dtype=np.int64), np.zeros(1)
    alive = model.probability_alive(theta, nothing, start, start).item()
    length = weeks - 0.5 / 7.0
    for n in range(6):
        share = alive * model.pmf_if_alive(theta, nothing, start, length, n).item() + (1.0 - alive) * (n == 0)
        # 5.5 standard errors: once in 26 million; and what the spread of arrivals within the day may do
        assert np.mean(count == n) == pytest.approx(share, abs=5.5 * math.sqrt(share * (1 - share) / size) + 1e-4)
    expected = known.fitted.expected_purchases_new_customer(f"{7 * weeks - 0.5}D")["mean"].item()
    assert count.mean() == pytest.approx(expected, abs=5.5 * count.std() / math.sqrt(size) + 1e-3)


def test_amounts_come_as_the_spend_model_says(known: Any, known_spend: Any) -> None:
    log = lw.simulate_orders(known.fitted, known_spend.fitted, customers=30_000, seed=6, **YEAR)
    means = log.groupby("customer_id")["amount"].mean()
    error = 5.0 * means.std() / math.sqrt(len(means))
    assert means.mean() == pytest.approx(known_spend.fitted.population_mean["mean"].item(), abs=error)
    # two orders of one customer are alike as far as the model says: a customer's mean varies, and orders around it
    several = log[log.groupby("customer_id")["amount"].transform("size") > 1]
    by_customer = several.groupby("customer_id")["amount"]
    within = np.log(several["amount"]) - np.log(several["amount"]).groupby(several["customer_id"]).transform("mean")
    freedom = len(several) - by_customer.ngroups
    # the logarithm of a Gamma(p) has variance trigamma(p)
    from scipy.special import polygamma

    spread = float(polygamma(1, known_spend.parameters["p"]))
    assert (within**2).sum() / freedom == pytest.approx(spread, rel=0.1)


def test_the_default_amounts_are_those_of_cdnow(known: Any, cdnow_spend: Any) -> None:
    log = lw.simulate_orders(known.fitted, customers=20_000, **YEAR)
    means = log.groupby("customer_id")["amount"].mean()
    assert means.mean() == pytest.approx(
        cdnow_spend.population_mean["mean"].item(), abs=5.0 * means.std() / math.sqrt(20_000)
    )


@pytest.mark.parametrize("unit", ["H", "D", "M"])
def test_the_unit_of_the_model_does_not_change_the_log(known: Any, unit: str) -> None:
    from lifeworth.models.ground.units import DAYS_PER_UNIT

    model, factor = type(known.fitted.model), 7.0 / DAYS_PER_UNIT[unit]
    other = model.from_parameters(
        unit=unit,
        **{
            name: value * (factor if name in model.unit_parameters else 1.0) for name, value in known.parameters.items()
        },
    )
    one, same = (lw.simulate_orders(fit, customers=300, seed=3, **YEAR) for fit in (known.fitted, other))
    assert len(one) == len(same)
    np.testing.assert_allclose(one["amount"], same["amount"], rtol=1e-9)
    assert ((one["date"] - same["date"]).abs() <= pd.Timedelta("2s")).all()


def test_a_fit_finds_the_parameters_again(known: Any, transaction_model: Any) -> None:
    log = lw.simulate_orders(
        known.fitted, customers=20_000, start="2020-01-01", until="2020-12-31", acquired_until="2020-06-30", seed=4
    )
    summary = lw.summarise(log, until="2020-12-31", unit="W")
    found = transaction_model().fit(summary, seed=1)
    assert_found(found, known)


@pytest.mark.slow
def test_a_fit_of_exact_times_finds_the_parameters_again(known_purchases: Any, live: Callable[..., Any]) -> None:
    # the naive simulation of these tests, with times that no calendar has rounded
    rng = np.random.default_rng(17)
    lives = live(known_purchases, rng, rng.uniform(20.0, 52.0, 10_000), 0.0)
    found = type(known_purchases.fitted.model)().fit(lives.summary, seed=1)
    assert_found(found, known_purchases)


def assert_found(fit: Any, known: Any) -> None:
    """Check that the known parameters are within four standard deviations, in logarithms.

    One of four parameters is further away by chance once in four thousand runs with new random numbers.
    """
    draws = fit.posterior.spread(len(fit.posterior))
    away = (np.log(draws).mean(axis=1) - np.log(known.theta)) / np.log(draws).std(axis=1)
    assert (np.abs(away) < 4.0).all(), dict(zip(fit.posterior.names, away, strict=True))


def test_a_spend_fit_finds_the_parameters_again(known: Any, known_spend: Any, spend_model: Any) -> None:
    if not isinstance(known_spend.fitted.model, spend_model):
        return
    log = lw.simulate_orders(known.fitted, known_spend.fitted, customers=20_000, seed=8, **YEAR)
    # by the second, so that two orders of one day stay two amounts
    repeats = log.groupby("customer_id")["amount"].agg(["size", "mean"])
    frame = pd.DataFrame(
        {
            "customer_id": repeats.index,
            "frequency": repeats["size"] - 1,
            "recency": np.where(repeats["size"] > 1, 1.0, 0.0),
            "T": 2.0,
            "monetary_value_all": repeats["mean"],
        }
    )
    found = spend_model().fit(lw.CustomerSummary.from_frame(frame, unit="W"), seed=1)
    assert_found(found, known_spend)


def test_a_fitted_model_simulates_at_its_mean(transaction_model: Any, fitted: Callable[..., Any]) -> None:
    fit = fitted(transaction_model)
    mean = transaction_model.from_parameters(unit="W", **fit.parameters["mean"].to_dict())
    one, other = (lw.simulate_orders(model, customers=100, **YEAR) for model in (fit, mean))
    assert len(one) == len(other)


@pytest.mark.parametrize("customers", [0, -1, 2.5, True])
def test_a_number_of_customers_is_a_whole_number(known: Any, customers: float) -> None:
    with pytest.raises(lw.InputError, match="customers: expected a whole number above 0, got "):
        lw.simulate_orders(known.fitted, customers=customers, **YEAR)


@pytest.mark.parametrize(
    "days",
    [
        {"start": "2020-02-01", "until": "2020-01-01"},
        {"start": "2020-01-01", "until": "2020-02-01", "acquired_until": "2020-03-01"},
        {"start": "2020-01-10", "until": "2020-02-01", "acquired_until": "2020-01-09"},
    ],
)
def test_days_out_of_order_are_refused(known: Any, days: dict[str, str]) -> None:
    with pytest.raises(lw.InputError, match=r"start, acquired_until, until: expected .*in this order, got 2020-"):
        lw.simulate_orders(known.fitted, customers=5, **days)


def test_what_is_no_day_is_refused(known: Any) -> None:
    with pytest.raises(lw.InputError, match='until: expected a date such as "1997-09-30", got 5'):
        lw.simulate_orders(known.fitted, customers=5, start="2020-01-01", until=5)
