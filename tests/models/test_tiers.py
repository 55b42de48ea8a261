"""Tiers: probabilities against a naive ranking, bars and hysteresis, calibration in a known world, what they bear."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.decisions.targeting.tiers import LoyaltyTiers, assigned, loyalty_tiers
from lifeworth.models.decisions.targeting.uplift import Uplift

MONEY: Final = lw.Economics(margin=0.3, annual_discount_rate=0.15, currency="$")
SHARES: Final = (0.05, 0.15, 0.30)
NAMES: Final = ("gold", "silver", "bronze")
DRAWS: Final = 150


@pytest.fixture(scope="module")
def valuation(cdnow_sample: Any) -> Any:
    purchases = lw.ParetoNBDModel.from_parameters(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="W")
    some = cdnow_sample.select(np.arange(len(cdnow_sample)) % 4 == 0)
    spend = lw.GammaGammaModel.from_parameters(p=6.25, q=3.74, v=15.44)
    return lw.value(purchases, spend, some, MONEY, ["2W", "12M"], draws=DRAWS)


@pytest.fixture(scope="module")
def tiers(valuation: Any) -> LoyaltyTiers:
    return loyalty_tiers(valuation)


def outcomes(valuation: Any, horizon: str) -> np.ndarray:
    """Contribution of every customer in every draw, array (customers, draws), all at once."""
    basis, place = valuation.basis, valuation.place(horizon)
    lengths = np.array([each.calendar_length for each in valuation.horizons])  # ascending
    out = np.empty((len(basis.summary), basis.draws))
    for who, values in basis.futures(basis.ends(lengths)).reduced(
        lambda path: (path.customers, basis.terms.contribution(path)[place]), "all"
    ):
        out[who] = values
    return out


def at_least(frame: pd.DataFrame) -> np.ndarray:
    return frame[[f"p_at_least_{name}" for name in NAMES]].to_numpy().T


# ---- probabilities -------------------------------------------------------------------------------


@pytest.mark.parametrize("horizon", ["2W", "12M"])
def test_probabilities_are_those_of_ranking_every_draw_one_by_one(valuation: Any, horizon: str) -> None:
    values = outcomes(valuation, horizon)
    size, naive = len(values), np.zeros((3, len(values)))
    for draw in values.T:
        for number, share in enumerate(np.cumsum(SHARES)):
            members = share * size
            bar = np.sort(draw)[::-1][min(int(members), size - 1)]
            above, tied = draw > bar, draw == bar  # in two weeks most buy nothing, and tie
            naive[number] += above + tied * (members - above.sum()) / tied.sum()
    found = at_least(loyalty_tiers(valuation, horizon=horizon).frame)
    np.testing.assert_allclose(found.sum(axis=1), np.cumsum(SHARES) * size)
    # outcomes a quarter of a percent apart may share a bin: few draws of few customers
    assert np.abs(found - naive / DRAWS).max() < 0.006
    assert np.abs(found - naive / DRAWS).mean() < 1e-4


def test_probabilities_of_tiers_add_up(tiers: LoyaltyTiers) -> None:
    frame = tiers.frame
    np.testing.assert_allclose(frame[[f"p_{name}" for name in (*NAMES, "none")]].sum(axis=1), 1.0)
    np.testing.assert_allclose(frame["p_gold"], frame["p_at_least_gold"])
    np.testing.assert_allclose(frame["p_gold"] + frame["p_silver"], frame["p_at_least_silver"])
    assert (frame.filter(like="p_") >= -1e-12).all(axis=None)


def test_who_loses_money_ranks_below_who_buys_nothing(valuation: Any) -> None:
    basis = valuation.basis
    costly = lw.Economics(margin=0.0, annual_discount_rate=0.15, cost_per_order=4.0)
    worse = lw.value(basis.purchases, basis.spend, basis.summary, costly, "12M", draws=40)
    frame = loyalty_tiers(worse, {"kept": 0.5}).frame
    assert np.corrcoef(frame["p_kept"], worse.customers["value_mean"])[0, 1] > 0.5
    frequent = basis.summary.frame["frequency"] >= 7
    assert frame["p_kept"][frequent].mean() < 0.3


def test_customers_who_are_alike_have_the_same_chance(valuation: Any) -> None:
    basis = valuation.basis
    one = basis.summary.frame[basis.summary.frame["frequency"] == 3].iloc[[0] * 400]
    clones = lw.CustomerSummary.from_frame(one.assign(customer_id=np.arange(400)), unit="W", until=valuation.until)
    alike = lw.value(basis.purchases, basis.spend, clones, MONEY, "12M", draws=400)
    found = loyalty_tiers(alike, {"gold": 0.1}).frame["p_gold"]
    assert found.mean() == pytest.approx(0.1)
    # a share of 400 draws has an sd of 0.015: beyond 5.5 of them once in 26 million, 400 times
    assert (found - 0.1).abs().max() < 0.0825


def test_of_customers_given_a_probability_so_large_a_share_is_there() -> None:
    purchases = lw.BetaGeoModel.from_parameters(r=0.8, alpha=8.0, a=0.8, b=2.4, unit="W")
    spend = lw.GammaGammaModel.from_parameters(p=6.25, q=3.74, v=15.44, first_purchase=True)
    log = lw.simulate_orders(
        purchases, spend, customers=5000, start="2024-01-01", acquired_until="2024-06-30", until="2025-06-30", seed=4
    )
    cut = pd.Timestamp("2024-12-30")
    summary = lw.summarise(log, customer_id="customer_id", date="date", amount="amount", until=cut, unit="W")
    plain = lw.Economics(margin=0.3, annual_discount_rate=0.0)
    valuation = lw.value(purchases, spend, summary, plain, "26W", draws=250, calibration="textbook")
    ahead = log[(log["date"] >= cut + pd.Timedelta(days=1)) & (log["date"] < cut + pd.Timedelta(days=183))]
    came = 0.3 * ahead.groupby("customer_id")["amount"].sum().reindex(summary.frame["customer_id"], fill_value=0.0)
    frame = loyalty_tiers(valuation, {"gold": 0.05, "silver": 0.15}).frame
    for share, column in ((0.05, "p_at_least_gold"), (0.2, "p_at_least_silver")):
        there = came.to_numpy() > np.sort(came.to_numpy())[::-1][int(share * len(came))]
        for low, high in ((0.0, 0.02), (0.02, 0.1), (0.1, 0.25), (0.25, 0.5), (0.5, 1.0)):
            inside = frame[column].between(low, high, inclusive="left").to_numpy()
            p = frame[column][inside].to_numpy()
            # the draws' own noise is in p besides; ten groups beyond 4.7 sd: once in 40,000
            deviation = np.sqrt(np.sum(p * (1.0 - p)) * (1.0 + 1.0 / 250) + 1.0)
            assert abs(there[inside].sum() - p.sum()) <= 4.7 * deviation, (column, low)


# ---- who belongs to which ------------------------------------------------------------------------


def test_bars_hold_the_sizes_of_tiers(tiers: LoyaltyTiers, valuation: Any) -> None:
    table, frame = tiers.summary.set_index("tier"), tiers.frame
    size = len(frame)
    assert list(table.index) == [*NAMES, "none"]
    for name, share in zip(NAMES, SHARES, strict=True):
        assert table.loc[name, "customers"] == (frame["tier"] == name).sum()
        assert table.loc[name, "customers"] == pytest.approx(share * size, abs=12)  # some tie at the bar
        column = frame[f"p_at_least_{name}"]
        others = column[~frame["tier"].isin(NAMES[: NAMES.index(name) + 1])]
        assert others.max() < table.loc[name, "bar"] <= column[frame["tier"] == name].min()
    assert list(frame["customer_id"]) == list(valuation.basis.summary.frame["customer_id"])
    assert frame["previous"].isna().all()
    assert not frame["changed"].any()


def test_who_was_in_leaves_only_clearly_below_the_bar_and_who_was_not_enters_only_clearly_above() -> None:
    rng = np.random.default_rng(2)
    shares = np.cumsum(SHARES)
    for _ in range(40):
        size = int(rng.integers(40, 400))
        probability = np.sort(rng.random((3, size)) ** 2, axis=0)
        previous, beyond = rng.integers(-1, 4, size), rng.uniform(0.0, 0.3)
        tier, bars = assigned(probability, shares, previous, beyond)
        for number, bar in enumerate(bars):
            inside, of = tier <= number, probability[number]
            assert inside.sum() == round(shares[number] * size)
            was, new = (previous >= 0) & (previous <= number), previous < 0
            better = tier < number
            assert (of[was & ~inside] <= bar - beyond + 1e-12).all()
            assert (of[was & inside & ~better] >= bar - beyond - 1e-12).all()
            assert (of[~was & ~new & inside & ~better] >= bar + beyond - 1e-12).all()
            assert (of[~was & ~new & ~inside] <= bar + beyond + 1e-12).all()
            assert (of[new & inside & ~better] >= bar - 1e-12).all()
            assert (of[new & ~inside] <= bar + 1e-12).all()


def test_a_retrain_moves_fewer_customers_than_ranks_by_value_do(cdnow_spend: Any) -> None:
    rng, log = np.random.default_rng(6), lw.load_cdnow(sample=True)
    log = log[log["customer_id"] % 4 == 0]
    early, late = (lw.summarise(log, until=until, unit="W") for until in ("1997-09-02", "1997-09-30"))
    again = late.frame.iloc[rng.integers(0, len(late), len(late))].assign(customer_id=np.arange(len(late)))
    resampled = lw.CustomerSummary.from_frame(again, unit="W", until=late.until)

    def valued(fitted_on: Any, summary: Any, seed: int) -> tuple[Any, np.ndarray]:
        fitted = lw.BetaGeoModel().fit(fitted_on, draws=400, seed=seed)
        found = lw.value(fitted, cdnow_spend, summary, MONEY, "12M", draws=300, seed=seed, calibration="textbook")
        rank = (-found.customers["value_mean"]).rank(method="first") / len(summary)
        return found, np.searchsorted(np.cumsum(SHARES), rank)

    (one, rank), (two, later), (three, refitted) = (
        valued(*run) for run in ((early, early, 0), (late, late, 1), (resampled, late, 2))
    )
    first = loyalty_tiers(one)
    second = loyalty_tiers(two, previous=first)
    third = loyalty_tiers(three, previous=second)
    jumpy = loyalty_tiers(three, previous=second, change_beyond=0.0)
    assert list(first.frame["customer_id"]) == list(second.frame["customer_id"])
    moved = [int(found.frame["changed"].sum()) for found in (second, third, jumpy)]
    # four weeks of what customers did move some; a refit alone next to nobody
    assert 0 < moved[0] < 0.8 * (rank != later).sum()
    assert moved[1] < 0.5 * (later != refitted).sum()
    assert moved[1] < 0.1 * moved[2]
    for found in (first, second, third):
        assert found.summary["customers"].to_numpy()[:3] == pytest.approx(np.array(SHARES) * len(late), abs=8)


def test_the_last_run_may_be_a_series_a_frame_or_the_result(tiers: LoyaltyTiers, valuation: Any) -> None:
    again = loyalty_tiers(valuation, previous=tiers)
    assert list(again.frame["tier"]) == list(tiers.frame["tier"])
    assert list(again.frame["previous"]) == list(tiers.frame["tier"])
    assert not again.frame["changed"].any()
    for previous in (tiers.frame, tiers.frame.set_index("customer_id")["tier"].sample(frac=1.0, random_state=1)):
        pd.testing.assert_frame_equal(loyalty_tiers(valuation, previous=previous).frame, again.frame)
    assert again.notes[0].startswith("0 customers rise, 0 fall, 0 are judged for the first time")


def test_what_the_last_run_knew_and_this_one_does_not_is_counted(tiers: LoyaltyTiers, valuation: Any) -> None:
    frame = tiers.frame[["customer_id", "tier"]].copy()
    frame.loc[:4, "tier"] = "platinum"
    frame.loc[5:7, "tier"] = None
    stranger = pd.DataFrame({"customer_id": [-1, -2], "tier": ["gold", "none"]})
    found = loyalty_tiers(valuation, previous=pd.concat([frame.iloc[:-10], stranger]))
    assert "2 customers of previous are not in the valuation" in " ".join(found.notes)
    assert "'platinum' (5)" in " ".join(found.notes)
    assert "18 are judged for the first time" in found.notes[0]
    assert found.frame["previous"].iloc[:8].isna().all()
    assert not found.frame["changed"].iloc[:8].any()


# ---- what a tier is worth and can bear -----------------------------------------------------------


def test_tiers_have_the_value_of_their_members(tiers: LoyaltyTiers, valuation: Any) -> None:
    table, values = tiers.summary, outcomes(valuation, "12M")
    mean = valuation.customers[valuation.customers["horizon"] == "12M"]["value_mean"].to_numpy()
    for _, row in table.iterrows():
        members = (tiers.frame["tier"] == row["tier"]).to_numpy()
        drawn = np.sort(values[members].sum(axis=0))
        assert row["value_mean"] == pytest.approx(mean[members].sum())
        assert row["value_q05"] == pytest.approx(drawn[int(np.ceil(0.05 * DRAWS - 1e-9)) - 1])
        assert row["value_q95"] == pytest.approx(drawn[int(np.ceil(0.95 * DRAWS - 1e-9)) - 1])
        assert row["value_per_member"] == pytest.approx(mean[members].mean())
        assert row["one_percent_per_member"] == pytest.approx(0.01 * mean[members].mean())
    assert table["value_share"].sum() == pytest.approx(1.0)
    assert table["value_per_member"].is_monotonic_decreasing
    own = [tiers.frame[f"p_at_least_{name}"][tiers.frame["tier"] == name].mean() for name in NAMES]
    np.testing.assert_allclose(table["p_belongs"][:3], own)
    assert np.isnan(table["p_belongs"].iloc[3])
    assert "value_per_member" in tiers.rule


def test_a_tier_can_bear_a_cautious_quantile_of_what_the_reward_brings(tiers: LoyaltyTiers, valuation: Any) -> None:
    values = outcomes(valuation, "12M")
    members = (tiers.frame["tier"] == "gold").to_numpy()
    drawn = np.sort(values[members].sum(axis=0))
    known = loyalty_tiers(valuation, uplift=Uplift(0.04, of="value"), quantile=0.2).summary.iloc[0]
    assert known["budget"] == pytest.approx(0.04 * drawn[int(np.ceil(0.2 * DRAWS - 1e-9)) - 1])
    assert known["budget_per_member"] == pytest.approx(known["budget"] / members.sum())
    unsure = loyalty_tiers(valuation, uplift=Uplift(0.04, standard_error=0.03, of="value"), quantile=0.2)
    assert 0.0 < unsure.summary["budget"].iloc[0] < known["budget"]
    assert unsure.summary["budget"].iloc[-1] == 0.0  # the rest have no reward
    assert "20% quantile of uplift times its value" in unsure.rule
    harm = loyalty_tiers(valuation, uplift=Uplift(-0.04, of="value")).summary
    assert (harm["budget"] == 0.0).all()
    each = {"bronze": 0.01, "silver": 0.02, "gold": 0.04}
    own = loyalty_tiers(valuation, uplift=Uplift(each, of="value", by="tier"), quantile=0.2).summary
    assert own["budget"].iloc[0] == pytest.approx(known["budget"])
    assert 0.0 < own["budget"].iloc[2] < 0.05 * own["value_mean"].iloc[2]


def test_the_result_shows_its_rule_and_its_tiers(tiers: LoyaltyTiers) -> None:
    assert "gold the top 0.05, then silver the 0.15, then bronze the 0.3" in tiers.rule
    assert "(horizon 12M)" in tiers.rule
    shown = repr(tiers)
    assert shown.startswith("<LoyaltyTiers: Tiers by the probability")
    assert "value_per_member" in shown
    assert tiers.currency == "$"


# ---- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"tiers": {"gold": 5}}, "If 5 percent is meant, pass 0.05"),
        ({"tiers": {"gold": 0.0}}, r"tiers\['gold'\]: expected a share"),
        ({"tiers": {"gold": 0.5, "silver": 0.6}}, "add up to 1 at most, got 1.1"),
        ({"tiers": {"none": 0.1}}, "'none' is the name of the rest"),
        ({"tiers": {}}, "tiers: expected a share for each name"),
        ({"change_beyond": 10}, "change_beyond: .*If 10 percent is meant, pass 0.1"),
        ({"quantile": 25}, "quantile: .*pass 0.25"),
        ({"uplift": Uplift(0.1)}, r'uplift: expected Uplift\(0.03.*of="value"'),
        ({"uplift": Uplift({"gold": 0.1}, of="value", by="tier")}, "one for each of"),
        ({"uplift": Uplift({"a": 0.1}, of="value", by="channel")}, 'or by="tier"'),
        ({"horizon": "9M"}, "'9M' was not valued"),
        ({"previous": {"a": "gold"}}, "previous: expected a Series of tiers"),
        ({"previous": pd.DataFrame({"customer_id": [1]})}, r"columns customer_id and tier.*got \['customer_id'\]"),
        ({"previous": pd.Series(["gold", "none"], index=[4, 4])}, r"customer_id \[4\].*Keep the last tier"),
    ],
)
def test_what_cannot_be_meant_is_refused(valuation: Any, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(lw.InputError, match=said):
        loyalty_tiers(valuation, **asked)
