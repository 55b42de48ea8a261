"""The shop with known truth: its orders are those of the process, and what it calls true is what happens on average."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.data.shop import ECONOMICS, Shop, simulate_shop
from lifeworth.data.shop_truth import CATEGORIES, CHANNELS, TREATMENTS, newcomer, time_alive
from lifeworth.models.ground.units import continuous_rate

MODELS: Final = ("bg", "mbg", "pareto")
CHANCE: Final = 5.0
"""Standard errors beyond which a mean lies once in 1.7 million runs; about a hundred are compared here, so that one of
these tests fails by chance less than once in ten thousand runs with new random numbers."""
RATE: Final = continuous_rate(ECONOMICS.annual_discount_rate, "W")
PER_ORDER: Final = 3.0
PER_WEEK: Final = 0.8 / 52.0


@pytest.fixture(scope="module", params=MODELS)
def shop(request: pytest.FixtureRequest) -> Shop:
    """A shop of each model."""
    return simulate_shop(customers=4000, model=request.param, seed=3)


@pytest.fixture(scope="module")
def small() -> Shop:
    """A shop that can be lived through many times."""
    return simulate_shop(customers=400, seed=5)


def naive_newcomers(
    rng: np.random.Generator, channel: str, model: str, size: int, horizon: float, discount: float
) -> tuple[np.ndarray, np.ndarray]:
    """Repeat purchases and time alive of customers just acquired, discounted, the slow and obvious way."""
    world = CHANNELS[channel]
    rate = rng.gamma(world.rate[0], 1.0 / world.rate[1], size)
    dropout, death = np.zeros(size), np.full(size, np.inf)
    if model == "pareto":
        death = rng.exponential(1.0, size) / rng.gamma(world.leaving[0], 1.0 / world.leaving[1], size)
    else:
        dropout = rng.beta(*world.dropout, size)
    left = death.copy()
    if model == "mbg":
        left = np.where(rng.random(size) < dropout, 0.0, left)
    time, purchases = np.zeros(size), np.zeros(size)
    here = left > 0.0
    while here.any():
        time = time + rng.exponential(1.0, size) / rate
        here &= (time <= horizon) & (time <= left)
        purchases += np.where(here, np.exp(-discount * time), 0.0)
        ends = here & (rng.random(size) < dropout)
        left = np.where(ends, time, left)
        here &= ~ends
    until = np.minimum(left, horizon)
    return purchases, (1.0 - np.exp(-discount * until)) / discount


def assert_mean(sample: np.ndarray, expected: float) -> None:
    error = np.std(sample) / math.sqrt(len(sample))
    assert abs(np.mean(sample) - expected) <= CHANCE * error, f"{np.mean(sample):.5g} ± {error:.2g}, not {expected:.5g}"


# ---- the log -------------------------------------------------------------------------------------


def test_a_seed_gives_the_same_shop_again_and_another_seed_another() -> None:
    one, again, other = (simulate_shop(customers=200, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one.orders, again.orders)
    pd.testing.assert_frame_equal(one.customers, again.customers)
    assert not one.orders.equals(other.orders)


def test_orders_have_a_channel_a_customer_and_a_category_an_order(shop: Shop) -> None:
    orders = shop.orders
    assert list(orders.columns) == ["customer_id", "date", "amount", "channel", "category"]
    assert orders["date"].is_monotonic_increasing
    assert orders["date"].between(pd.Timestamp("2023-01-01"), pd.Timestamp("2025-01-01"), inclusive="left").all()
    assert (orders["amount"] > 0.0).all()
    assert len(orders[["customer_id", "channel"]].drop_duplicates()) == len(shop.customers)
    assert orders.groupby("customer_id")["category"].nunique().max() == 3
    assert set(orders["channel"]) == set(CHANNELS)
    assert set(orders["category"]) == set(CATEGORIES)


def test_the_log_can_be_summarised_with_its_attributes(shop: Shop) -> None:
    summary = lw.summarise(shop.orders, until=shop.until, attributes=["channel", "category"])
    assert len(summary) == len(shop.customers)
    assert summary.frame["channel"].tolist() == shop.customers["channel"].tolist()
    same = summary.frame["category"].to_numpy() == shop.customers["first_category"].to_numpy()
    assert same.mean() > 0.98  # an order of the same day may come before it in the alphabet


def test_the_truth_of_customers_is_that_of_their_orders(shop: Shop) -> None:
    truth, orders = shop.customers.set_index("customer_id"), shop.orders.groupby("customer_id")
    first = orders.head(1).set_index("customer_id").sort_index()
    assert truth["acquired"].tolist() == first["date"].tolist()
    assert truth["channel"].tolist() == first["channel"].tolist()
    assert truth["first_category"].tolist() == first["category"].tolist()
    assert (truth["alive"] == truth["left"].isna()).all()
    assert 0.2 < truth["alive"].mean() < 0.8
    gone = truth.index[~truth["alive"]]
    last = orders["date"].max()
    assert (last[gone] <= truth.loc[gone, "left"]).all()
    if shop.model != "pareto":  # they leave at an order
        assert (last[gone] == truth.loc[gone, "left"]).all()
        assert (truth["leaving_rate"] == 0.0).all()
    if shop.model == "bg":  # no coin is tossed at the first
        assert (truth.loc[gone, "left"] > truth.loc[gone, "acquired"]).all()


def test_customers_are_acquired_between_the_days_given() -> None:
    shop = simulate_shop(customers=500, start="2024-02-01", until="2024-12-31", acquired_until="2024-02-29")
    assert shop.customers["acquired"].between("2024-02-01", "2024-03-01").all()
    assert shop.orders["date"].max() > pd.Timestamp("2024-12-20")
    assert shop.until == pd.Timestamp("2024-12-31")


def test_channels_come_and_categories_are_chosen_as_often_as_said() -> None:
    shop = simulate_shop(customers=20_000, seed=2)
    for name, channel in CHANNELS.items():
        inside = shop.customers["channel"] == name
        assert_mean(inside.to_numpy(float), channel.share)
        assert_mean(shop.customers.loc[inside, "mean_amount"].to_numpy(), channel.mean_amount)
        chosen = shop.customers.loc[inside, "first_category"]
        for category, weight in zip(CATEGORIES, channel.preference, strict=True):
            assert_mean((chosen == category).to_numpy(float), weight / sum(channel.preference))
    first_again = shop.orders.groupby("customer_id").nth(1)
    liked = shop.customers.set_index("customer_id")["prefers_home"].reindex(first_again["customer_id"]).to_numpy()
    assert_mean((first_again["category"] == "home").to_numpy(float) - liked, 0.0)


@pytest.mark.parametrize("model", MODELS)
def test_orders_come_as_a_naive_simulation_makes_them(model: str) -> None:
    shop = simulate_shop(
        customers=16_000, start="2024-01-01", until="2024-12-29", acquired_until="2024-01-01", model=model, seed=4
    )
    orders = shop.customers.set_index("customer_id").assign(n=shop.orders.groupby("customer_id").size() - 1)
    rng = np.random.default_rng(11)
    for channel in CHANNELS:
        count = orders.loc[orders["channel"] == channel, "n"].to_numpy(float)
        # acquired within the first day: 52 weeks less half a day
        naive, _ = naive_newcomers(rng, channel, model, 20_000, 52.0 - 0.5 / 7.0, 1e-12)
        error = math.hypot(count.std() / math.sqrt(len(count)), naive.std() / math.sqrt(len(naive)))
        assert abs(count.mean() - naive.mean()) <= CHANCE * error
        none = np.array([(count == 0).mean(), (naive == 0).mean()])
        error = math.sqrt(none.mean() * (1.0 - none.mean()) * (1.0 / len(count) + 1.0 / len(naive)))
        assert abs(none[0] - none[1]) <= CHANCE * error


# ---- what is true on average ---------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_a_new_customer_is_worth_what_a_naive_simulation_says(model: str) -> None:
    shop, rng = simulate_shop(customers=10, model=model), np.random.default_rng(7)
    for horizon in ("26W", "104W"):
        table = shop.new_customer_value(horizon).set_index("channel")
        for name, channel in CHANNELS.items():
            purchases, alive = naive_newcomers(rng, name, model, 20_000, float(horizon[:-1]), RATE)
            leaves = 0.35 * channel.mean_amount - PER_ORDER
            assert table.loc[name, "first_order"] == pytest.approx(leaves)
            assert_mean(leaves * purchases - PER_WEEK * alive, table.loc[name, "residual_value"])
            total = table.loc[name, "first_order"] + table.loc[name, "residual_value"]
            assert table.loc[name, "new_customer_value"] == pytest.approx(total)
            assert table.loc[name, "acquisition_npv"] == pytest.approx(total - channel.cac)
            assert shop.true_new_customer_value(name, horizon) == pytest.approx(total)


def test_purchases_of_a_new_customer_are_those_of_the_model() -> None:
    # the rival: lifeworth's own closed forms
    for channel in CHANNELS.values():
        (r, alpha), (a, b), (s, beta) = channel.rate, channel.dropout, channel.leaving
        models = {
            "bg": lw.BetaGeoModel.from_parameters(r=r, alpha=alpha, a=a, b=b, unit="W"),
            "mbg": lw.ModifiedBetaGeoModel.from_parameters(r=r, alpha=alpha, a=a, b=b, unit="W"),
            "pareto": lw.ParetoNBDModel.from_parameters(r=r, alpha=alpha, s=s, beta=beta, unit="W"),
        }
        for model, fitted in models.items():
            expected = fitted.expected_purchases_new_customer("104W")["mean"].item()
            assert newcomer(channel, model, 0.0, 104.0)[0] == pytest.approx(expected, rel=1e-8)


def test_time_alive_is_the_integral_of_discounted_survival() -> None:
    u = np.linspace(0.0, 80.0, 200_001)
    for leaving, discount in ((0.03, 0.002), (0.0, 0.002), (0.0, 0.0), (0.4, 0.0)):
        expected = np.trapezoid(np.exp(-(leaving + discount) * u), u)
        assert time_alive(np.array(leaving), discount, 80.0) == pytest.approx(expected, rel=1e-8)
    assert time_alive(np.array(0.03), 0.002, math.inf) == pytest.approx(1.0 / 0.032)


def test_true_value_is_the_mean_of_what_happens(small: Shop) -> None:
    found = np.array([small.realised_value("18M", seed)["value"] for seed in range(150)])
    true = small.true_value("18M")
    alive = small.customers["alive"].to_numpy()
    assert (true["value"].to_numpy() == np.where(alive, true["value_if_alive"], 0.0)).all()
    assert (found[:, ~alive] == 0.0).all()
    for channel in CHANNELS:
        inside = (small.customers["channel"] == channel).to_numpy()
        assert_mean(found[:, inside].sum(axis=1), true["value"][inside].sum())


@pytest.mark.parametrize("model", ["mbg", "pareto"])
def test_true_value_is_the_mean_of_what_happens_in_other_models(model: str) -> None:
    shop = simulate_shop(customers=300, model=model, seed=6)
    found = np.array([shop.realised_value("18M", seed)["value"].sum() for seed in range(100)])
    assert_mean(found, shop.true_value("18M")["value"].sum())


def test_value_for_ever_is_the_limit_of_long_horizons(shop: Shop) -> None:
    long, ever = shop.true_value("150Y"), shop.true_value(None)
    np.testing.assert_allclose(long["value"], ever["value"], rtol=1e-6, atol=1e-6)
    for column in ("residual_value", "acquisition_npv"):
        np.testing.assert_allclose(
            shop.new_customer_value("150Y")[column], shop.new_customer_value(None)[column], rtol=1e-6
        )


def test_other_economics_have_another_truth(small: Shop) -> None:
    free = lw.Economics(margin=1.0, annual_discount_rate=0.0)
    plain = dataclasses.replace(small, economics=free)
    realised = plain.realised_value("12M", 1)
    np.testing.assert_allclose(realised["value"], realised["spend"], rtol=1e-12)
    assert plain.new_customer_value("12M")["cac"].isna().all()
    doubled = dataclasses.replace(small, economics=dataclasses.replace(free, margin=0.5))
    np.testing.assert_allclose(plain.true_value("12M")["value"], 2.0 * doubled.true_value("12M")["value"])


# ---- what happens --------------------------------------------------------------------------------


def test_the_future_goes_on_from_the_cut_off(shop: Shop) -> None:
    ahead = shop.future("6M", seed=9)
    assert list(ahead.columns) == list(shop.orders.columns)
    assert ahead["date"].between(pd.Timestamp("2025-01-01"), pd.Timestamp("2025-07-01"), inclusive="left").all()
    truth = shop.customers.set_index("customer_id")
    assert truth.loc[ahead["customer_id"], "alive"].all()
    assert ahead["channel"].tolist() == truth.loc[ahead["customer_id"], "channel"].tolist()
    pd.testing.assert_frame_equal(ahead, shop.future("6M", seed=9))
    assert not ahead.equals(shop.future("6M", seed=10))


def test_realised_value_is_that_of_the_orders_of_the_future(small: Shop) -> None:
    no_service = dataclasses.replace(ECONOMICS, cost_per_year_alive=0.0)
    shop = dataclasses.replace(small, economics=no_service)
    ahead, realised = shop.future("12M", seed=4), shop.realised_value("12M", seed=4)
    weeks = (ahead["date"] - pd.Timestamp("2025-01-01")) / pd.Timedelta("7D")
    worth = (0.35 * ahead["amount"] - PER_ORDER) * np.exp(-RATE * weeks)
    by_customer = worth.groupby(ahead["customer_id"]).sum().reindex(realised["customer_id"], fill_value=0.0)
    np.testing.assert_allclose(realised["value"], by_customer, rtol=1e-6, atol=1e-6)
    counts = ahead.groupby("customer_id").size().reindex(realised["customer_id"], fill_value=0)
    assert realised["purchases"].tolist() == counts.tolist()


def test_an_earlier_cut_off_has_the_truth_of_that_day(shop: Shop) -> None:
    then = shop.at("2024-06-30")
    assert then.until == pd.Timestamp("2024-06-30")
    assert then.orders["date"].max() < pd.Timestamp("2024-07-01")
    assert len(then.customers) == then.orders["customer_id"].nunique()
    later = shop.orders[shop.orders["date"] >= pd.Timestamp("2024-07-01")]
    alive = then.customers.loc[then.customers["alive"], "customer_id"]
    old = later["customer_id"].isin(then.customers["customer_id"])
    assert later.loc[old, "customer_id"].isin(alive).all()
    assert then.customers["alive"].sum() > shop.customers["alive"][: len(then.customers)].sum() * 0.5
    # what came in the half year after it was one of its futures: beyond 5 deviations once in 1.7 million
    spent = [then.realised_value("184D", seed)["purchases"].sum() for seed in range(60)]
    assert abs(old.sum() - np.mean(spent)) <= CHANCE * np.std(spent) * math.sqrt(1.0 + 1.0 / 60.0)
    pd.testing.assert_frame_equal(shop.at(shop.until).customers, shop.customers)


# ---- treatments ----------------------------------------------------------------------------------


@pytest.mark.parametrize("treatment", TREATMENTS)
def test_treating_brings_on_average_what_is_true(small: Shop, treatment: str) -> None:
    some = small.customers["customer_id"][::2]
    true = small.true_gain(treatment, "18M").set_index("customer_id").loc[some]
    found = [small.outcome_of_treating(treatment, some, "18M", seed)["gain"].to_numpy() for seed in range(150)]
    assert_mean(np.sum(found, axis=1), true["gain"].sum())
    assert (true["profit"] == true["gain"] - TREATMENTS[treatment].cost).all()


def test_who_is_there_cannot_be_won_back_and_who_has_left_cannot_be_made_loyal(small: Shop) -> None:
    alive = small.customers["alive"].to_numpy()
    assert (small.true_gain("win_back", "12M")["gain"][alive] == 0.0).all()
    assert (small.true_gain("loyalty", "12M")["gain"][~alive] == 0.0).all()
    outcome = small.outcome_of_treating("win_back", small.customers["customer_id"], "12M", seed=1)
    assert not outcome["returned"][alive].any()
    effect = small.customers["win_back"].to_numpy()[~alive]
    assert_mean(outcome["returned"][~alive].to_numpy(float) - effect, 0.0)


def test_effects_are_those_of_the_attribute_that_decides(small: Shop) -> None:
    for name, treatment in TREATMENTS.items():
        expected = small.customers[treatment.by].map(dict(treatment.effects))
        assert small.customers[name].tolist() == expected.tolist()
        assert len(set(expected)) >= 3


@pytest.mark.parametrize("treatment", TREATMENTS)
def test_an_experiment_finds_the_true_effect_on_average(treatment: str) -> None:
    shop = simulate_shop(customers=1000, seed=8)
    parts: list[Any] = [shop.experiment(treatment, horizon="6M", seed=seed) for seed in range(40)]
    truth = parts[0].truth.set_index(parts[0].treatment.by)
    tables = [part.table.set_index(part.treatment.by) for part in parts]
    for group in truth.index:
        value = [t.loc[group, "treated_value"] - t.loc[group, "control_value"] for t in tables]
        assert_mean(np.array(value), truth.loc[group, "value"])
        bought = [
            t.loc[group, "treated_bought"] / t.loc[group, "treated"]
            - t.loc[group, "control_bought"] / t.loc[group, "control"]
            for t in tables
        ]
        assert_mean(np.array(bought), truth.loc[group, "bought"])
        errors = [math.hypot(t.loc[group, "treated_error"], t.loc[group, "control_error"]) for t in tables]
        # lots are drawn anew while customers stay, so that the stated error is rather too large
        assert np.std(value) <= 1.35 * np.mean(errors)


def test_an_experiment_counts_everybody_once(small: Shop) -> None:
    gone = small.customers.loc[~small.customers["alive"], "customer_id"]
    test = small.experiment("win_back", gone, "12M", seed=2)
    assert test.customers["customer_id"].tolist() == gone.tolist()
    assert test.table[["treated", "control"]].to_numpy().sum() == len(gone)
    assert test.customers["treated"].sum() == len(gone) // 2
    assert (test.table["control_bought"] == 0).all()
    assert test.table["treated_bought"].sum() == test.customers["bought"].sum()
    assert (test.truth["gone"] == 1.0).all()
    assert (test.truth["bought"] < test.truth["effect"]).all()


# ---- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"customers": 0}, "customers: expected a whole number above 0, got 0"),
        ({"start": "2024-02-01", "until": "2024-01-01"}, "expected days in this order, got 2024-02-01"),
        ({"model": "gg"}, "model: expected one of bg, mbg, pareto; got 'gg'"),
        ({"economics": lw.Economics("my_margin", 0.1)}, "economics: expected Economics with one number as margin"),
        ({"economics": lw.Economics(lw.Beta(30, 70), 0.1)}, "economics: expected Economics with one number as margin"),
        (
            {"economics": lw.Economics(0.3, 0.1, cac={"search": 9.0}, cac_by="channel")},
            "economics: no CAC for the channel 'social'",
        ),
    ],
)
def test_an_impossible_shop_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(lw.InputError, match=message):
        simulate_shop(**({"customers": 10} | given))


def test_impossible_questions_are_refused(small: Shop) -> None:
    undiscounted = dataclasses.replace(small, economics=lw.Economics(0.3, 0.0))
    questions: dict[str, Any] = {
        "horizon: expected an end, such as '24M': without discounting": lambda: undiscounted.true_value(None),
        "horizon: expected an end, such as '24M': what happens": lambda: small.future(None),  # type: ignore[arg-type]
        "treatment: expected one of win_back, loyalty; got 'prayer'": lambda: small.true_gain("prayer", "12M"),
        "channel: expected one of search, .*; got 'mail'": lambda: small.true_new_customer_value("mail", "12M"),
        r"customer_ids: expected customers of the shop, each once; got \[0\]": lambda: small.outcome_of_treating(
            "loyalty", [0, 1], "12M"
        ),
        r"customer_ids: expected customers of the shop, each once; got \[7\]": lambda: small.experiment(
            "loyalty", [7, 3, 7]
        ),
        "customer_ids: a test needs a treated customer and one who is not; got 1": lambda: small.experiment(
            "loyalty", [7]
        ),
        "day: expected one from 2023-01-.* to 2024-12-31, got 2025-01-01": lambda: small.at("2025-01-01"),
    }
    for message, ask in questions.items():
        with pytest.raises(lw.InputError, match=message):
            ask()


def test_a_shop_says_what_it_is(small: Shop) -> None:
    assert repr(small).startswith("Shop of BG/NBD: 400 customers, ")
    assert "marketplace" in repr(small)
