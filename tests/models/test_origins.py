"""Origins: labels are ranked by pooled means at a common age, and small ones do not lead by luck."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.decisions.products.common_age import BANDS, AtCommonAge
from lifeworth.models.decisions.products.origins import MOST_COMPARED, Origins, origins
from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.pooling import pooled
from lifeworth.models.valuation.value import Valuation, value

ECONOMICS: Final = lw.Economics(margin=0.3, annual_discount_rate=0.1, currency="$")
DAYS: Final = {"start": "2020-01-06", "until": "2020-12-31", "acquired_until": "2020-09-30"}
SHARES: Final = {"email": 0.5, "search": 0.3, "social": 0.15, "print": 0.04, "fair": 0.01}


def models() -> tuple[Any, Any]:
    purchases = lw.BetaGeoModel.from_parameters(r=0.7, alpha=6.0, a=0.8, b=2.4, unit="W")
    return purchases, lw.GammaGammaModel.from_parameters(first_purchase=True, p=6.25, q=3.74, v=15.44)


def shop(customers: int = 1500, seed: int = 1) -> lw.CustomerSummary:
    """Customers of one population, whose channel means nothing."""
    rng = np.random.default_rng([seed, 1])  # not the stream of the days of acquisition
    channel = pd.DataFrame({"channel": rng.choice(list(SHARES), customers, p=list(SHARES.values())), "land": "x"})
    log = lw.simulate_orders(*models(), customers=customers, attributes=channel, seed=seed, **DAYS)
    return lw.summarise(log, until=DAYS["until"], attributes=["channel", "land"])


@pytest.fixture(scope="module")
def valued() -> Valuation:
    return value(*models(), shop(), ECONOMICS, ["26W", "52W"], draws=200)


@pytest.fixture(scope="module")
def found(valued: Valuation) -> Origins:
    return origins(valued, "channel")


# ---- the frame ------------------------------------------------------------------------------------


def test_one_row_a_label_the_best_first_with_its_probability_of_being_so(found: Origins, valued: Valuation) -> None:
    frame = found.frame
    assert set(frame["channel"]) == set(SHARES)
    assert frame["customers"].sum() == len(valued.basis.summary)
    assert frame["mean"].is_monotonic_decreasing
    assert frame["p_best"].sum() == pytest.approx(1.0)
    assert ((frame["q05"] < frame["mean"]) & (frame["mean"] < frame["q95"])).all()
    assert found.horizon == "52W"
    assert found.currency == "$"
    np.testing.assert_array_equal(found.draws.mean(axis=1), frame["mean"])
    assert "channel" in found.rule
    assert "p_best" in found.rule


def test_raw_means_are_the_valuations_own(found: Origins, valued: Valuation) -> None:
    one = valued.customers.query("horizon == '52W'")
    channel = valued.basis.summary.frame["channel"].to_numpy()
    means = one.groupby(channel)["value_mean"].mean()
    raw = found.frame.set_index("channel")["raw"]
    np.testing.assert_allclose(raw, means[raw.index], rtol=1e-9)


def test_a_small_label_is_drawn_further_than_a_large_one(found: Origins) -> None:
    frame = found.frame.set_index("channel")
    assert frame["error"]["fair"] > 3.0 * frame["error"]["email"]
    assert frame["shrinkage"]["fair"] > frame["shrinkage"]["email"]
    towards = (frame["mean"] - frame["estimate"]).abs() / (frame["estimate"] - frame["mean"].mean()).abs()
    assert towards["fair"] > 0.5


def test_pairs_are_compared_within_draws(found: Origins) -> None:
    labels = found.frame["channel"].tolist()
    assert len(found.compared) == len(labels) * (len(labels) - 1) / 2
    row = found.compared.iloc[1]
    a, b = labels.index(row["label_a"]), labels.index(row["label_b"])
    difference = found.draws[a] - found.draws[b]
    assert row["difference_mean"] == pytest.approx(difference.mean())
    assert row["p_a_more"] == np.mean(difference > 0.0)
    # what moves all labels together is in each interval, and cancels in a difference
    widths = found.frame["q95"] - found.frame["q05"]
    beside = found.frame["above_average_q95"] - found.frame["above_average_q05"]
    assert (beside < 1.05 * widths).all()


def test_intervals_of_differences_leave_out_what_moves_all_labels(valued: Valuation) -> None:
    """A valuation with the default model's error: its clock moves every label by the same factor."""
    unsure = value(*models(), valued.basis.summary, ECONOMICS, "52W", draws=200)
    common = 1.0 + 0.3 * np.random.default_rng(0).standard_normal(200)
    total = unsure.draws["value"]
    moved = unsure.draws | {"value": total.mean() * common[None]}
    parts = unsure.decomposition.assign(share=np.where(unsure.decomposition["part"] == "chance", 0.0, 0.5))
    object.__setattr__(unsure, "draws", moved)
    object.__setattr__(unsure, "decomposition", parts)
    wide = origins(unsure, "channel").frame.set_index("channel")
    assert wide["q95"]["email"] - wide["q05"]["email"] > 0.8 * wide["mean"]["email"]
    assert wide["above_average_q95"]["email"] - wide["above_average_q05"]["email"] < 0.3 * wide["mean"]["email"]


def test_many_labels_are_compared_from_the_best_on(valued: Valuation) -> None:
    summary = valued.basis.summary
    frame = summary.frame.assign(product=np.arange(len(summary)) % 50)
    many = value(*models(), lw.CustomerSummary(frame, "W", summary.until), ECONOMICS, "26W", draws=50)
    assert len(origins(many, "product").compared) == MOST_COMPARED * (MOST_COMPARED - 1) / 2


# ---- what is right about it -----------------------------------------------------------------------


def equal_labels(rng: np.random.Generator, worth: np.ndarray, labels: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels of very different size dealt out at random: all of one truth."""
    weight = rng.pareto(0.8, labels) + 0.3
    some = rng.choice(labels, len(worth) - labels, p=weight / weight.sum())
    return np.concatenate([np.arange(labels), some]), rng.permutation(len(worth))


def test_among_labels_of_equal_truth_small_ones_lead_no_more_often_than_chance() -> None:
    """200 worlds of 30 labels; the raw mean is topped by a small one far more often than their share.

    By chance a small one would lead in their share of cases, some 36 %. The pooled lead is theirs in 10 %; that it
    comes above their share would take 7 standard deviations, and that the raw one comes below 1.2 times it, 4.
    """
    rng = np.random.default_rng(3)
    expected = rng.gamma(0.35, 60.0, 6000)
    lead, raw, share = [], [], []
    for _ in range(200):
        group, order = equal_labels(rng, expected, 30)
        level = AtCommonAge.of(expected[order], group, 30, rng.random(len(group)))
        small = np.bincount(group) < 30
        means = pooled(level.estimate, level.error, 200, rng).mean(axis=1)
        lead.append(small[means.argmax()])
        raw.append(small[level.raw.argmax()])
        share.append(small.mean())
    assert np.mean(lead) < np.mean(share)
    assert np.mean(raw) > 1.2 * np.mean(share)


@pytest.mark.parametrize("spread", [0.0, 0.2])
def test_intervals_hold_the_truth_of_labels_whose_customers_are_of_unlike_age(spread: float) -> None:
    """150 worlds of 20 labels that differ by 20 % or not at all, each with ages of its own.

    The 90 % intervals hold 88 % where labels differ (values have long tails and are few), 97 % where they do not. The
    share over 3,000 intervals in 150 worlds has a standard deviation below 1.2 %: 0.83 is 4 away.
    """
    rng = np.random.default_rng(4)
    held, biased = [], []
    for _ in range(150):
        group, _ = equal_labels(rng, np.zeros(4000), 20)
        age = np.clip(rng.random(20)[group] + 0.3 * rng.standard_normal(4000), 0.0, None)
        of_age = np.exp(-age)
        truth = 40.0 * np.clip(1.0 + spread * rng.standard_normal(20), 0.1, None)
        level = AtCommonAge.of(truth[group] * of_age * rng.gamma(0.5, 2.0, 4000), group, 20, age)
        low, high = np.quantile(pooled(level.estimate, level.error, 300, rng), (0.05, 0.95), axis=1)
        at_ages = truth * of_age.mean()
        held += ((low <= at_ages) & (at_ages <= high)).tolist()
        biased.append((level.raw - at_ages)[np.bincount(group) > 100].std() / at_ages.mean())
    assert np.mean(held) > 0.83
    assert np.mean(biased) > 0.15  # what raw means would be off by, age alone


def test_common_age_is_the_regression_of_a_general_package() -> None:
    """Poisson regression on groups and bands by Newton's method: the same levels."""
    rng = np.random.default_rng(5)
    group, age = rng.integers(0, 4, 3000), rng.random(3000)
    worth = (1.0 + group) * (2.0 - age) * rng.gamma(2.0, 1.0, 3000)
    level = AtCommonAge.of(worth, group, 4, age)
    edges = np.quantile(age, np.arange(1, BANDS) / BANDS)
    band = np.searchsorted(edges, age, side="right")
    design = np.hstack([np.eye(4)[group], np.eye(BANDS)[band][:, 1:]])
    beta = np.zeros(design.shape[1])
    for _ in range(50):
        mean = np.exp(design @ beta)
        beta += np.linalg.solve(design.T @ (design * mean[:, None]), design.T @ (worth - mean))
    of_age = np.exp(np.append(0.0, beta[4:]))[band].mean()
    np.testing.assert_allclose(level.estimate, np.exp(beta[:4]) * of_age, rtol=1e-6)


def test_the_error_is_that_of_repeated_samples() -> None:
    """200 samples of one world: the standard error of an estimate is the spread of the estimates, within 25 %.

    A standard deviation of 200 has an error of 5 %, the mean error one of 1 %.
    """
    rng = np.random.default_rng(6)
    estimates, errors = [], []
    for _ in range(200):
        group = rng.choice(3, 900, p=[0.7, 0.2, 0.1])
        age = np.clip(0.2 * group + rng.random(900), 0.0, 1.0)
        found = AtCommonAge.of((2.0 - age) * rng.gamma(1.0, 10.0, 900), group, 3, age)
        estimates.append(found.estimate)
        errors.append(found.error)
    np.testing.assert_allclose(np.mean(errors, axis=0), np.std(estimates, axis=0), rtol=0.25)


def test_a_label_of_ages_that_no_other_has_is_told_and_not_believed() -> None:
    rng = np.random.default_rng(7)
    group = np.repeat([0, 1, 2], [1000, 800, 200])
    age = rng.random(2000) + 5.0 * (group == 2)
    level = AtCommonAge.of(np.where(group == 2, 1.0, 50.0) * rng.gamma(1.0, 1.0, 2000), group, 3, age)
    assert level.alone.tolist() == [False, False, True]
    assert level.error[2] > 0.5 * level.estimate[2]
    assert (level.error[:2] < 0.2 * level.estimate[:2]).all()


def test_values_below_nothing_are_compared_as_they_are() -> None:
    rng = np.random.default_rng(8)
    group = rng.integers(0, 3, 600)
    level = AtCommonAge.of(rng.normal(-5.0, 1.0, 600), group, 3, rng.random(600))
    assert not level.adjusted
    np.testing.assert_array_equal(level.estimate, level.raw)


# ---- notes and new customers ----------------------------------------------------------------------


def test_it_says_whether_the_models_know_the_attribute(found: Origins) -> None:
    assert any("know nothing of 'channel'" in note and 'groups="channel"' in note for note in found.notes)


def test_labels_of_different_maturity_are_told() -> None:
    summary = shop(600, seed=9)
    young = summary.frame["T"] < summary.frame["T"].quantile(0.2)
    frame = summary.frame.assign(wave=np.where(young, "new", "old"))
    told = origins(value(*models(), lw.CustomerSummary(frame, "W", summary.until), ECONOMICS, "26W", draws=50), "wave")
    assert any("common age" in note and "'old'" in note for note in told.notes)


def test_a_new_customer_counts_from_the_first_order(valued: Valuation) -> None:
    new = origins(valued, "channel", per="new customer")
    frame = new.frame.set_index("channel")
    whole = valued.new_customer.query("horizon == '52W'")["new_customer_value_mean"].iloc[0]
    assert frame["mean"]["email"] == pytest.approx(whole, rel=0.05)
    assert not {"estimate", "error", "shrinkage"} & set(frame.columns)
    assert any("only first orders and margins differ" in note for note in new.notes)
    amounts = valued.basis.summary.frame.query("channel == 'email'")
    once = amounts[amounts["frequency"] == 0]["monetary_value_all"].mean()
    # raw is what was seen of first orders, and the same time after it for all
    assert frame["raw"]["email"] - frame["raw"]["search"] == pytest.approx(
        0.3 * (first_order(valued, "email") - first_order(valued, "search")), rel=1e-6
    )
    assert once > 0.0


def first_order(valued: Valuation, channel: str) -> float:
    rows = valued.basis.summary.frame.query("channel == @channel")
    sums = (rows["frequency"] + 1) * rows["monetary_value_all"] - rows["frequency"] * rows["monetary_value"]
    return float(sums.mean())


@pytest.mark.slow
def test_models_that_know_the_channel_recover_what_its_new_customers_are_worth() -> None:
    """Two channels, one of customers who buy half as often. Each interval errs in 1 of 10; 3 widths off, never."""
    _, spend = models()
    logs, truth = [], {}
    for place, (name, alpha) in enumerate((("a", 4.0), ("b", 8.0))):
        own = lw.BetaGeoModel.from_parameters(r=0.7, alpha=alpha, a=0.8, b=2.4, unit="W")
        log = lw.simulate_orders(own, spend, customers=700, seed=place, **DAYS)
        logs.append(log.assign(customer_id=log["customer_id"] + 10_000 * place, channel=name))
        alone = value(own, spend, lw.summarise(log, until=DAYS["until"]), ECONOMICS, "52W", draws=50)
        truth[name] = alone.new_customer["residual_value_mean"].iloc[0]
    summary = lw.summarise(pd.concat(logs), until=DAYS["until"], attributes=["channel"])
    fitted = lw.BetaGeoModel(groups="channel").fit(summary, draws=1000)
    valued = value(fitted, spend, summary, ECONOMICS, "52W", draws=200, calibration="textbook")
    found = origins(valued, "channel", per="new customer")
    assert any("The models know 'channel'" in note for note in found.notes)
    assert found.frame["channel"].tolist() == ["a", "b"]
    assert found.compared["p_a_more"].iloc[0] > 0.95
    row = found.compared.iloc[0]
    width = row["difference_q95"] - row["difference_q05"]
    assert abs(row["difference_mean"] - (truth["a"] - truth["b"])) < 1.5 * width
    # of the customers there are, doubt about the channel's own parameters counts too
    plain = value(own, spend, summary, ECONOMICS, "52W", draws=200)
    errors = [origins(one, "channel").frame["error"].mean() for one in (valued, plain)]
    assert errors[0] > errors[1]


# ---- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"by": "colour"}, "no attribute of the summary"),
        ({"by": "land"}, "at least two values"),
        ({"by": "channel", "per": "order"}, "expected one of"),
        ({"by": "channel", "horizon": "13W"}, "was not valued"),
    ],
)
def test_what_cannot_be_meant_is_refused(valued: Valuation, arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        origins(valued, **arguments)
