"""Targets: the rule against a naive loop, the bound of reactivation, budgets, and profit in a world that is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

import lifeworth as lw
from lifeworth.models.decisions.targeting.policies import AT_RANDOM, BY_PROFIT, BY_RISK, BY_VALUE
from lifeworth.models.decisions.targeting.targets import Targets, targets
from lifeworth.models.decisions.targeting.uplift import Uplift

MONEY: Final = lw.Economics(margin=0.3, annual_discount_rate=0.15, currency="$")
BACK: Final = Uplift(0.2, standard_error=0.05)


@pytest.fixture(scope="module")
def valuation(fitted: Callable[..., Any], cdnow_sample: Any) -> Any:
    """A third of the CDNOW sample, in Pareto/NBD, with a segment and a cost of each customer."""
    some = cdnow_sample.frame.iloc[::3].reset_index(drop=True)
    place = np.arange(len(some))
    some = some.assign(segment=np.where(place % 4 == 0, "post", "mail"), price=0.5 + (place % 7) / 4.0)
    summary = lw.CustomerSummary.from_frame(some, unit="W", until=cdnow_sample.until)
    spend = lw.GammaGammaModel.from_parameters(p=6.25, q=3.74, v=15.44)
    return lw.value(fitted(lw.ParetoNBDModel), spend, summary, MONEY, ["12M", "26W"], draws=100)


@pytest.fixture(scope="module")
def one_timers(cdnow_sample: Any) -> Any:
    """BG/NBD at known parameters: who never came back is alive for sure."""
    purchases = lw.BetaGeoModel.from_parameters(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="W")
    spend = lw.GammaGammaModel.from_parameters(p=6.25, q=3.74, v=15.44)
    some = cdnow_sample.select(np.arange(len(cdnow_sample)) < 400)
    return lw.value(purchases, spend, some, MONEY, "12M", draws=50)


def rows(valuation: Any, horizon: str = "12M") -> pd.DataFrame:
    frame = valuation.customers
    return frame[frame["horizon"] == horizon].reset_index(drop=True)


# ---- an experiment's uplift ----------------------------------------------------------------------


def test_an_experiment_gives_the_difference_of_its_rates() -> None:
    found = Uplift.from_experiment(treated=(2000, 240), control=(1000, 80))
    assert found.effect == pytest.approx(0.12 - 0.08)
    plain = math.sqrt(0.12 * 0.88 / 2000 + 0.08 * 0.92 / 1000)
    assert found.standard_error == pytest.approx(plain, rel=0.01)
    gone = Uplift.from_experiment(treated=(2000, 240), control=(1000, 80), share_gone=0.8)
    assert gone.effect == pytest.approx(0.04 / 0.8)
    assert gone.standard_error == pytest.approx(found.standard_error / 0.8)
    relative = Uplift.from_experiment(treated=(2000, 240), control=(1000, 80), of="value")
    assert relative.effect == pytest.approx(0.12 / 0.08 - 1.0)
    assert relative.of == "value"


@pytest.mark.parametrize("of", ["return", "value"])
def test_the_standard_error_of_an_experiment_is_that_of_repeating_it(of: Any) -> None:
    rng = np.random.default_rng(3)
    rates, sizes = (0.12, 0.09), (3000, 2500)
    counts = [rng.binomial(size, rate, 4000) for size, rate in zip(sizes, rates, strict=True)]
    found = [
        Uplift.from_experiment((sizes[0], int(t)), (sizes[1], int(c)), of=of) for t, c in zip(*counts, strict=True)
    ]
    effects, errors = (np.array([getattr(one, name) for one in found]) for name in ("effect", "standard_error"))
    # sd of 4000 known to 1.1 % (4.5 sd: 5 %), and 1 % by the approximation
    assert effects.std() == pytest.approx(errors.mean(), rel=0.06)


def test_nobody_responding_is_no_certainty() -> None:
    silent = Uplift.from_experiment(treated=(50, 0), control=(50, 0))
    assert silent.effect == 0.0
    assert silent.standard_error > 0.01


def test_contributions_are_compared_as_welch_does() -> None:
    rng = np.random.default_rng(1)
    treated, control = rng.gamma(2.0, 10.0, 300), rng.gamma(1.0, 12.0, 90)
    found = Uplift.from_contributions(treated, control)
    rival = ttest_ind(treated, control, equal_var=False)
    assert found.effect / found.standard_error == pytest.approx(rival.statistic)
    assert found.of == "contribution"


def test_segments_have_effects_of_their_own_and_small_ones_borrow_strength() -> None:
    treated = {"mail": (9000, 900), "post": (8000, 880), "shop": (40, 14)}
    control = {"mail": (9000, 630), "post": (8000, 560), "shop": (40, 4)}
    plain = Uplift.from_experiment(treated, control, by="channel")
    assert plain.effect["shop"] == pytest.approx(0.25)
    assert plain.segments == ("mail", "post", "shop")
    pooled = plain.pooled()
    assert pooled.effect["mail"] == pytest.approx(plain.effect["mail"], abs=0.003)
    assert pooled.effect["shop"] < 0.5 * plain.effect["shop"]
    assert pooled.standard_error["shop"] < plain.standard_error["shop"]
    with pytest.raises(TypeError):
        pooled.effect["mail"] = 1.0
    with pytest.raises(lw.InputError, match="expected effects by segment"):
        BACK.pooled()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Uplift(12), r"expected a share such as 0.12.*If 12 percent is meant, pass 0.12"),
        (lambda: Uplift(5, of="value"), "If 5 percent is meant, pass 0.05"),
        (lambda: Uplift(0.12, standard_error=3), "standard_error.*pass 0.03"),
        (lambda: Uplift(0.12, standard_error=-0.1), "standard error of 0 or more, got -0.1"),
        (lambda: Uplift(float("nan")), "effect: expected a number"),
        (lambda: Uplift(0.1, of="churn"), "of: expected one of return, value, contribution"),
        (lambda: Uplift({"a": 0.1}), 'by: .* such as by="segment"'),
        (lambda: Uplift(0.1, by="segment"), "an attribute needs an effect for each of its values"),
        (lambda: Uplift({}, by="segment"), "at least one segment"),
        (lambda: Uplift({"a": 0.1}, {"b": 0.1}, by="x"), r"standard_error: expected one for each segment .*\['a'\]"),
        (lambda: Uplift.from_experiment((10, 1), None), "Keep a control group, chosen by chance"),
        (lambda: Uplift.from_experiment((10, 1), (0, 0)), "an empty group tells nothing"),
        (lambda: Uplift.from_experiment((10, 11), (10, 1)), "customers first"),
        (lambda: Uplift.from_experiment((10, 1), 0.1), r"expected \(customers, responders\)"),
        (lambda: Uplift.from_experiment({"a": (10, 1)}, {"b": (10, 1)}, by="x"), "the same segments"),
        (lambda: Uplift.from_experiment((10, 1), (10, 1), share_gone=80), "share_gone"),
        (lambda: Uplift.from_experiment((10, 1), (10, 1), of="contribution"), "from_contributions"),
        (lambda: Uplift.from_experiment((10, 1), (10, 0), of="value"), "nobody responded"),
        (lambda: Uplift.from_experiment((10, 9), (10, 3), of="value"), "responses rose 3 times.*Measure money"),
        (lambda: Uplift.from_contributions([1.0, 2.0], []), "control: expected a contribution for each"),
        (lambda: Uplift.from_contributions([1.0, float("nan")], [1.0, 2.0]), "of which 1 are numbers"),
    ],
)
def test_an_uplift_that_cannot_be_meant_is_refused(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(lw.InputError, match=said):
        make()


# ---- the rule ------------------------------------------------------------------------------------


def test_the_rule_is_that_of_a_naive_loop(valuation: Any) -> None:
    uplift = Uplift({"mail": 0.05, "post": 0.2}, {"mail": 0.01, "post": 0.1}, by="segment")
    found = targets(valuation, uplift, cost="price", horizon="26W")
    people, frame = valuation.basis.summary.frame, found.frame.set_index("customer_id")
    assert list(frame.index) == list(people["customer_id"])
    treated = 0
    for person, row in zip(people.itertuples(), rows(valuation, "26W").itertuples(), strict=True):
        one = frame.loc[person.customer_id]
        if_alive = row.value_mean / row.p_alive
        expected = (1.0 - row.p_alive) * if_alive * (0.2 if person.segment == "post" else 0.05)
        assert one["value_if_alive"] == pytest.approx(if_alive)
        assert one["incremental_mean"] == pytest.approx(expected)
        assert one["expected_profit"] == pytest.approx(expected - person.price)
        assert one["treat"] == (expected > person.price)
        treated += expected > person.price
    assert 0 < treated < len(people)
    assert found.total["customers"].item() == treated
    assert list(found.treated["expected_profit"]) == sorted(found.treated["expected_profit"], reverse=True)
    assert sorted(frame["rank"]) == list(range(1, len(frame) + 1))


def test_what_reactivation_can_gain_is_bounded(valuation: Any) -> None:
    frame = targets(valuation, Uplift(1.0, standard_error=0.5), cost=1.0).frame
    # known to be alive is worth what the customer is worth today and the bound
    np.testing.assert_allclose(frame["gain_bound"] + frame["value_mean"], frame["value_if_alive"])
    np.testing.assert_allclose(frame["value_if_alive"] * frame["p_alive"], frame["value_mean"])
    np.testing.assert_allclose(frame["limit"], frame["gain_bound"])
    frame = targets(valuation, BACK, cost=1.0).frame
    np.testing.assert_allclose(frame["limit"], 0.2 * frame["gain_bound"])
    assert (targets(valuation, Uplift(-0.1), cost=1.0).frame["limit"] == 0.0).all()


def test_who_is_alive_for_sure_cannot_be_won_back_and_the_model_says_so(one_timers: Any, valuation: Any) -> None:
    found = targets(one_timers, BACK, cost=0.5)
    once = (one_timers.basis.summary.frame["frequency"] == 0).to_numpy()
    assert (found.frame["gain_bound"][once] == 0.0).all()
    assert not found.frame["treat"][once].any()
    (note,) = (note for note in found.notes if "BG/NBD" in note)
    assert note.startswith(f"{once.sum():,} customers without repeat purchases are alive for sure")
    assert "not a finding" in note
    assert not any("for sure" in note for note in targets(valuation, BACK, cost=0.5).notes)


def test_an_uplift_of_value_or_of_contribution_is_taken_as_what_it_is(valuation: Any) -> None:
    value = targets(valuation, Uplift(0.1, of="value"), cost=1.0, horizon="12M").frame
    np.testing.assert_allclose(value["incremental_mean"], 0.1 * rows(valuation)["value_mean"])
    money = targets(valuation, Uplift(1.2, standard_error=0.3, of="contribution"), cost="price").frame
    assert (money["incremental_mean"] == 1.2).all()
    np.testing.assert_array_equal(money["treat"], valuation.basis.summary.frame["price"] < 1.2)


def test_a_budget_cuts_the_list_where_it_is_spent(valuation: Any) -> None:
    free = targets(valuation, BACK, cost=0.5)
    few = targets(valuation, BACK, cost=0.5, budget=20.2)
    assert few.total["customers"].item() == 40
    assert set(few.treated["customer_id"]) == set(free.treated["customer_id"][:40])
    assert any("would pay; the budget ends before them" in note for note in few.notes)
    assert "$20.20" in few.rule
    assert targets(valuation, BACK, cost=0.5, budget=0.0).total["customers"].item() == 0
    exact = targets(valuation, BACK, cost=0.1, budget=0.1 * 3)  # 0.1 + 0.1 + 0.1 is above 0.3 in floats
    assert exact.total["customers"].item() == 3


def test_where_costs_differ_a_budget_goes_to_profit_for_money(valuation: Any) -> None:
    found = targets(valuation, BACK, cost="price", budget=40.0)
    frame = found.frame.sort_values("rank")
    pays = frame[frame["expected_profit"] > 0.0]
    left, chosen = 40.0, []
    for row in (
        pays.assign(each=pays["expected_profit"] / pays["cost"]).sort_values("each", ascending=False).itertuples()
    ):
        if row.cost > left:
            break
        left -= row.cost
        chosen.append(row.customer_id)
    assert list(found.treated["customer_id"]) == chosen
    assert found.total["cost"].item() == pytest.approx(40.0 - left)
    by_profit = pays.sort_values("expected_profit", ascending=False)
    instead = by_profit["expected_profit"][by_profit["cost"].cumsum() <= 40.0].sum()
    assert found.total["profit_mean"].item() >= instead


def test_what_costs_nothing_comes_first_and_strains_no_budget(valuation: Any) -> None:
    people = valuation.basis.summary.frame
    gratis = people.assign(price=np.where(np.arange(len(people)) % 2 == 0, 0.0, 1.0))
    summary = lw.CustomerSummary.from_frame(gratis, unit="W", until=valuation.until)
    again = lw.value(valuation.basis.purchases, valuation.basis.spend, summary, MONEY, "12M", draws=20)
    found = targets(again, BACK, cost="price", budget=5.0)
    free = found.frame["cost"] == 0.0
    assert found.frame["treat"][free & (found.frame["incremental_mean"] > 0.0)].all()
    assert found.total["cost"].item() == 5.0


def test_where_nobody_pays_it_says_so(valuation: Any) -> None:
    found = targets(valuation, Uplift(0.0001), cost=100.0)
    assert not found.frame["treat"].any()
    assert found.notes[0].startswith("Nobody pays")
    assert found.total[["customers", "cost", "profit_mean", "p_profit"]].eq(0.0).all(axis=None)
    assert "Nobody pays" in repr(found)


def test_the_answer_carries_its_rule(valuation: Any) -> None:
    found = targets(valuation, BACK, cost=2.0)
    assert isinstance(found, Targets)
    assert "if and only if the expected incremental contribution (horizon 12M) is above a cost of $2.00" in found.rule
    assert "0.2 ± 0.05" in found.rule
    assert "profit_mean" in repr(found)
    assert any("like those measured" in note for note in found.notes)
    assert any("known exactly" in note for note in targets(valuation, Uplift(0.2), cost=2.0).notes)


# ---- doubt ---------------------------------------------------------------------------------------


def test_nothing_is_uncertain_where_all_is_known(one_timers: Any) -> None:
    textbook = lw.value(
        one_timers.basis.purchases, one_timers.basis.spend, one_timers.basis.summary, MONEY, "12M", draws=20,
        calibration="textbook",
    )  # fmt: skip
    frame = targets(textbook, Uplift(0.2), cost=1.0).frame
    np.testing.assert_allclose(frame["incremental_q05"], frame["incremental_q95"])
    np.testing.assert_array_equal(frame["p_profit"], frame["expected_profit"] > 0.0)


def test_intervals_are_those_of_drawing_the_uplift_and_the_value(valuation: Any) -> None:
    uplift = Uplift({"mail": 0.05, "post": 0.2}, {"mail": 0.03, "post": 0.1}, of="value", by="segment")
    found = targets(valuation, uplift, cost=1.0)
    frame, post = found.frame, (valuation.basis.summary.frame["segment"] == "post").to_numpy()
    gain = frame["incremental_mean"] / np.where(post, 0.2, 0.05)
    relative = (frame["incremental_q95"] - frame["incremental_mean"]).to_numpy() / 1.6448536 / gain.to_numpy()
    effect, error = np.where(post, 0.2, 0.05), np.where(post, 0.1, 0.03)
    spread = np.sqrt((relative**2 - error**2) / (effect**2 + error**2))
    assert (spread > 0.02).all()  # the model's error of totals is in it
    rng, size = np.random.default_rng(5), 40_000
    common = rng.standard_normal(size)
    drawn = {label: e + s * rng.standard_normal(size) for label, e, s in (("mail", 0.05, 0.03), ("post", 0.2, 0.1))}
    treated, total = frame["treat"].to_numpy(), np.zeros(size)
    for label, of in (("mail", ~post), ("post", post)):
        who = treated & of
        total += drawn[label] * (gain[who].sum() + (gain[who] * spread[who]).sum() * common)
    one = found.total.iloc[0]
    width = (one["profit_q95"] - one["profit_q05"]) / (2.0 * 1.6448536)
    # an sd of 40,000 draws is known to 0.35 %: 5 sd and a little for products that are not quite normal
    assert width == pytest.approx(total.std(), rel=0.03)
    assert one["incremental_mean"] == pytest.approx(total.mean(), abs=5.0 * width / math.sqrt(size))
    assert one["p_profit"] == pytest.approx(np.mean(total > one["cost"]), abs=0.03)


def test_the_error_of_the_uplift_does_not_average_out(valuation: Any) -> None:
    total = targets(valuation, Uplift(0.2, standard_error=0.1), cost=0.1).total.iloc[0]
    assert total["customers"] > 500
    relative = (total["incremental_q95"] - total["incremental_q05"]) / 2.0 / 1.6448536 / total["incremental_mean"]
    assert relative >= 0.5


# ---- policies compared ---------------------------------------------------------------------------


@pytest.mark.parametrize("cost", [1.0, "price"])
def test_no_policy_earns_more_than_incremental_profit_at_any_budget(valuation: Any, cost: Any) -> None:
    found = targets(valuation, BACK, cost=cost)
    curves = found.compared.pivot_table(index="budget", columns="policy", values="profit")
    assert set(curves) == {BY_PROFIT, BY_RISK, BY_VALUE, AT_RANDOM}
    for policy in (BY_RISK, BY_VALUE, AT_RANDOM):
        assert (curves[BY_PROFIT] >= curves[policy] - 1e-9).all()
        assert curves[policy].iloc[0] == 0.0
        assert curves[policy].iloc[-1] == pytest.approx(found.frame["expected_profit"].sum())
    chosen = found.compared[found.compared["chosen"]].set_index("policy")
    assert chosen["profit"][BY_PROFIT] == pytest.approx(found.total["profit_mean"].item())
    assert chosen["cost"].to_numpy() == pytest.approx(found.total["cost"].item())
    assert chosen["profit"][BY_PROFIT] > chosen["profit"].drop(BY_PROFIT).max()


def test_policies_are_what_they_say(one_timers: Any) -> None:
    found = targets(one_timers, Uplift(0.05, of="value"), cost=0.5)
    frame, compared = found.frame, found.compared.set_index(["policy", "budget"])
    for policy, column, upwards in ((BY_RISK, "p_alive", True), (BY_VALUE, "value_mean", False)):
        for size in (40, 100, 360):
            # ties, such as of all who are alive for sure, are broken at random: the mean over many orders
            line = frame[column].sort_values(ascending=upwards).iloc[size - 1]
            before = frame[column] < line if upwards else frame[column] > line
            tied = frame["expected_profit"][frame[column] == line]
            expected = frame["expected_profit"][before].sum() + (size - before.sum()) * tied.mean()
            row = compared.loc[(policy, size / len(frame))]
            assert row["profit"] == pytest.approx(expected)
            assert row["share"] == pytest.approx(size / len(frame))
    half = compared.loc[(AT_RANDOM, 0.5)]
    assert half["profit"] == pytest.approx(0.5 * frame["expected_profit"].sum())


def test_in_a_world_that_is_known_the_campaign_earns_what_it_says(
    known: Any, cdnow_spend: Any, live: Callable[..., Any]
) -> None:
    rng = np.random.default_rng(8)
    lived = live(known, rng, rng.uniform(20.0, 39.0, 3000), 0.0)
    spent = np.where(lived.summary.frame["frequency"] > 0, rng.gamma(4.0, 10.0, 3000), 0.0)
    people = lived.summary.frame.assign(monetary_value=spent)
    summary = lw.CustomerSummary.from_frame(people, unit="W", until=lived.summary.until)
    valuation = lw.value(known.fitted, cdnow_spend, summary, MONEY, "12M", draws=10, calibration="textbook")
    found = targets(valuation, Uplift(0.3), cost=2.0)
    frame, gone = found.frame, ~lived.alive
    gain = 0.3 * frame["value_if_alive"] * gone  # who is gone comes back with probability 0.3
    treat, chance = frame["treat"], frame["p_alive"] * (1.0 - frame["p_alive"])
    error = math.sqrt(float((chance * (0.3 * frame["value_if_alive"]) ** 2)[treat].sum()))
    # 4.5 sd: a false alarm in 100,000, and some for a sum that is not quite normal
    assert abs(gain[treat].sum() - found.total["incremental_mean"].item()) <= 4.5 * error
    count = int(treat.sum())
    risk = frame["p_alive"].to_numpy().argsort(kind="stable")[:count]
    value = (-frame["value_mean"]).to_numpy().argsort(kind="stable")[:count]
    assert gain[treat].sum() > gain.iloc[risk].sum()
    assert gain[treat].sum() > gain.iloc[value].sum()


# ---- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"cost": -1.0}, "cost: expected the cost of treating one customer, 0 or more"),
        ({"cost": "fee"}, "cost: no column 'fee'"),
        ({"cost": "segment"}, "segment: expected a cost of 0 or more for every customer"),
        ({"cost": 1.0, "budget": -5.0}, "budget: expected an amount of 0 or more"),
        ({"cost": 1.0, "horizon": "9M"}, "'9M' was not valued"),
        ({"cost": 1.0, "uplift": 0.2}, r"uplift: expected Uplift\("),
        ({"cost": 1.0, "uplift": Uplift({"mail": 0.1}, by="segment")}, r"none is given for segment \['post'\]"),
        ({"cost": 1.0, "uplift": Uplift({"mail": 0.1}, by="region")}, "no column 'region'"),
    ],
)
def test_what_does_not_fit_is_refused(valuation: Any, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(lw.InputError, match=said):
        targets(valuation, **({"uplift": BACK} | asked))


def test_totals_alone_are_no_targets(valuation: Any) -> None:
    basis = valuation.basis
    totals = lw.value(basis.purchases, basis.spend, basis.summary, MONEY, "12M", draws=20, per_customer=False)
    with pytest.raises(lw.InputError, match="per_customer=True"):
        targets(totals, BACK, cost=1.0)
