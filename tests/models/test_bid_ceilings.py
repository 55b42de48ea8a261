"""Bid ceilings and payback: published figures, closed forms, naive loops, and what must and must not matter."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.decisions.acquiring.bid_ceilings import BidCeilings, bid_ceilings
from lifeworth.models.decisions.acquiring.payback import Payback, month_ends, months_until, payback
from lifeworth.models.ground.errors import InputError
from lifeworth.models.valuation.acquisition import Acquisition

PUBLISHED: Final = {"r": 0.2426, "alpha": 4.414, "a": 0.7929, "b": 2.426}
"""BG/NBD on the CDNOW sample, in weeks (Fader, Hardie & Lee 2005a)."""
DAYS_A_WEEK: Final = 7.0
CAC: Final = {"search": 20.0, "social": 24.0}


def classic_spend(scale: float = 1.0) -> Any:
    """Gamma-Gamma on repeat purchases of CDNOW (Fader & Hardie 2013), `scale` units of money to the dollar."""
    return lw.GammaGammaModel.from_parameters(first_purchase=False, p=6.25, q=3.744, v=15.44 * scale)


def classic_value(summary: Any, economics: Any, horizon: Any = "36M", **settings: Any) -> Any:
    """A valuation with the published parameters."""
    purchases = lw.BetaGeoModel.from_parameters(unit="W", **PUBLISHED)
    settings = {"draws": 100, "per_customer": False, "spend": classic_spend()} | settings
    return lw.value(purchases, settings.pop("spend"), summary, economics, horizon, **settings)


def two_channels(summary: Any, **columns: Any) -> Any:
    """The customers of a summary, every third of them from social."""
    channel = np.where(np.arange(len(summary)) % 3 == 0, "social", "search")
    frame = summary.frame.assign(channel=channel, **columns)
    return lw.CustomerSummary.from_frame(frame, unit="W", until=summary.until)


@pytest.fixture(scope="module")
def shop(few: Any) -> Any:
    """Two channels, by whose CAC bids are asked."""
    economics = lw.Economics(0.3, 0.15, cac=CAC, cac_by="channel", currency="$", cost_per_order=0.5)
    return classic_value(two_channels(few), economics, ["12M", "36M"])


@pytest.fixture(scope="module")
def few(cdnow_sample: Any) -> Any:
    """Some customers of CDNOW, where it does not matter how many."""
    return cdnow_sample.select(np.arange(len(cdnow_sample)) < 400)


# ---- witnesses -----------------------------------------------------------------------------------


def test_the_published_figures_of_cdnow_come_back(cdnow_sample: Any) -> None:
    economics = lw.Economics(margin=0.30, annual_discount_rate=0.15, cac=20.0)
    valuation = classic_value(cdnow_sample, economics, [None])
    found = payback(valuation, months=60)
    curve = found.frame.set_index("month")["cumulative_mean"]
    published = {0: 9.90, 1: 12.1, 3: 15.4, 6: 19.1, 12: 24.3, 24: 30.8, 36: 35.0, 60: 40.0}
    np.testing.assert_allclose(curve[list(published)], list(published.values()), rtol=0.03)
    assert found.summary["payback_q50"].item() == pytest.approx(7.0, rel=0.03)
    forever = bid_ceilings(valuation)
    assert forever.horizon == "inf"
    assert forever.frame["new_customer_value_mean"].item() == pytest.approx(9.90 + 38.5, rel=0.03)
    # 3:1 on 36 months leaves 11.7 dollars for acquiring
    ratio = bid_ceilings(valuation, horizon="36M").frame["ltv_to_cac_mean"].item()
    assert 20.0 * ratio / 3.0 == pytest.approx(11.7, rel=0.03)


@pytest.mark.parametrize("horizon", ["40W", "7M", "365D", "inf"])
def test_a_known_model_has_one_value_the_closed_form(known: Any, cdnow_spend: Any, horizon: str) -> None:
    frame = pd.DataFrame({"customer_id": [1, 2], "frequency": 0, "recency": 0.0, "T": 0.0, "monetary_value": 0.0})
    fresh = lw.CustomerSummary.from_frame(frame, unit="W", until="1997-09-30")
    economics = lw.Economics(0.4, 0.12, cac=10.0, cost_per_order=2.5)
    valuation = lw.value(known.fitted, cdnow_spend, fresh, economics, "12M", draws=3)
    found = bid_ceilings(valuation, horizon=horizon)
    end = None if horizon == "inf" else horizon
    ahead = known.fitted.discounted_expected_purchases(fresh, 0.12, end)["mean"].iloc[0]
    order = 0.4 * cdnow_spend.population_mean["mean"].item() - 2.5
    worth = order * (1.0 + ahead)
    np.testing.assert_allclose(found.draws, worth, rtol=2e-5)  # interpolated under a clock
    row = found.frame.iloc[0]
    assert row["ceiling"] == pytest.approx(worth, rel=2e-5)
    assert row["ltv_to_cac_mean"] == pytest.approx(worth / 10.0, rel=2e-5)
    assert row["acquisition_npv_mean"] == pytest.approx(worth - 10.0, rel=5e-5)


def test_customers_simulated_one_by_one_bring_as_much_by_every_month(few: Any) -> None:
    economics = lw.Economics(0.4, 0.15, cac=12.0, cost_per_order=1.5, cost_share=0.02, cost_per_year_alive=6.0)
    summary = lw.CustomerSummary.from_frame(few.frame.drop(columns="monetary_value_all"), unit="W")
    found = payback(classic_value(summary, economics, "52W"), months=24)
    months = np.array([1, 6, 13, 24])
    expected = found.frame.set_index("month")["cumulative_mean"][months].to_numpy()

    rng = np.random.default_rng(11)
    ends = months * 52.0 / 12.0  # no cut-off: twelfths of 52 weeks
    brought = np.array([_one_customer(rng, ends) for _ in range(20_000)])
    error = brought.std(axis=0) / math.sqrt(len(brought))
    # four means: beyond 5 standard errors less than once in 400,000
    assert (np.abs(brought.mean(axis=0) - expected) <= 5.0 * error).all()


def _one_customer(rng: np.random.Generator, ends: np.ndarray) -> np.ndarray:
    """What one new customer brings by each end, in the slow and obvious way."""
    rate = rng.gamma(PUBLISHED["r"], 1.0 / PUBLISHED["alpha"])
    leaves = rng.beta(PUBLISHED["a"], PUBLISHED["b"])
    scale = rng.gamma(3.744, 1.0 / 15.44)
    delta = math.log(1.15) / 52.0

    def order() -> float:
        return (0.40 - 0.02) * rng.gamma(6.25, 1.0 / scale) - 1.5

    times, orders, time = [0.0], [order()], 0.0
    while True:
        time += rng.exponential(1.0 / rate) if rate > 0.0 else math.inf
        if time > ends[-1]:
            left = math.inf
            break
        times.append(time)
        orders.append(order())
        if rng.random() < leaves:
            left = time
            break
    total = np.zeros(len(ends))
    for i, end in enumerate(ends):
        for when, amount in zip(times, orders, strict=True):
            total[i] += amount * math.exp(-delta * when) if when <= end else 0.0
        total[i] -= 6.0 / 52.0 * (1.0 - math.exp(-delta * min(left, end))) / delta
    return total


def test_the_ceiling_is_the_quantile_over_a_loop_of_posterior_draws(few: Any) -> None:
    purchases = lw.BetaGeoModel().fit(few, draws=200)
    spend = lw.GammaGammaModel(first_purchase=False).fit(few, draws=200)
    summary = lw.CustomerSummary.from_frame(few.frame.drop(columns="monetary_value_all"), unit="W")
    one = summary.select(np.arange(len(summary)) == 0)
    fresh = lw.CustomerSummary.from_frame(
        one.frame.assign(frequency=0, recency=0.0, T=0.0, monetary_value=0.0), unit="W"
    )
    economics, draws = lw.Economics(0.3, 0.15, cac=20.0), 20
    valuation = lw.value(purchases, spend, summary, economics, "52W", draws=draws, calibration="textbook",
                         per_customer=False)  # fmt: skip
    found = bid_ceilings(valuation, quantile=0.2, required_return=0.1)
    worth = []
    for s in range(draws):
        theta = dict(zip(("r", "alpha", "a", "b"), purchases.theta(draws)[:, s].tolist(), strict=True))
        p, q, v = spend.theta(draws)[:, s].tolist()
        model = lw.BetaGeoModel.from_parameters(unit="W", **theta)
        ahead = model.discounted_expected_purchases(fresh, 0.15, "52W")["mean"].item()
        worth.append(0.3 * p * v / (q - 1.0) * (1.0 + ahead))
    np.testing.assert_allclose(found.draws[0], worth, rtol=1e-4)
    row = found.frame.iloc[0]
    assert row["ceiling"] == pytest.approx(0.9 * sorted(worth)[3], rel=1e-4)
    assert row["new_customer_value_q05"] == pytest.approx(sorted(worth)[0], rel=1e-4)
    assert row["p_npv_positive"] == np.mean(np.array(worth) > 20.0)


def test_the_month_of_payback_is_that_of_a_loop() -> None:
    rng = np.random.default_rng(3)
    curve = np.cumsum(rng.normal(0.5, 2.0, (13, 3, 50)), axis=0)  # up and down
    cost = np.array([-1.0, 2.0, 9.0])
    found = months_until(curve, cost)
    for group in range(3):
        for s in range(50):
            expected = math.inf
            for month in range(13):
                here = curve[month, group, s]
                if here >= cost[group]:
                    last = curve[month - 1, group, s]
                    expected = 0.0 if month == 0 else month - 1 + (cost[group] - last) / (here - last)
                    break
            assert found[group, s] == pytest.approx(expected)
    assert np.isinf(found).any()
    assert (found == 0.0).any()


# ---- what must matter, and what must not ---------------------------------------------------------


def test_another_currency_scales_ceilings_and_leaves_ratios_and_months(few: Any) -> None:
    def both(scale: float) -> tuple[BidCeilings, Payback]:
        money = ["monetary_value", "monetary_value_all"]
        summary = two_channels(few, **{name: scale * few.frame[name] for name in money})
        economics = lw.Economics(
            lw.Normal(0.3, 0.02), 0.15, cac={key: scale * cac for key, cac in CAC.items()}, cac_by="channel",
            cost_per_order=scale * 0.5, cost_per_year_alive=scale * 2.0,
        )  # fmt: skip
        valuation = classic_value(summary, economics, "12M", spend=classic_spend(scale))
        return bid_ceilings(valuation), payback(valuation)

    (bids, months), (bids_scaled, months_scaled) = both(1.0), both(8.0)
    for column in bids.frame.select_dtypes("number"):
        amount = column in ("ceiling", "cac", "headroom") or column.startswith(("new_customer", "acquisition"))
        scaled = (8.0 if amount else 1.0) * bids.frame[column]
        np.testing.assert_allclose(bids_scaled.frame[column], scaled, rtol=1e-9, err_msg=column)
    np.testing.assert_allclose(months_scaled.draws, months.draws, rtol=1e-9)
    np.testing.assert_allclose(months_scaled.frame["cumulative_mean"], 8.0 * months.frame["cumulative_mean"], rtol=1e-9)
    assert (bids.frame["new_customer_value_q05"] < bids.frame["new_customer_value_q95"]).all()


def test_a_higher_margin_bears_a_higher_bid(few: Any) -> None:
    margins = {"search": 0.30, "social": 0.45}
    economics = lw.Economics(margins, 0.15, cac=CAC, cac_by="channel", margin_by="channel")
    summary = two_channels(few)
    valuation = classic_value(summary, economics, "12M")
    found = bid_ceilings(valuation)
    assert found.frame["channel"].tolist() == ["search", "social"]
    assert found.frame["ceiling"][1] > found.frame["ceiling"][0]
    # a plain model tells channels apart by margin and first orders alone: later orders are worth as 30 to 45
    months = payback(valuation, months=12).frame.pivot_table(index="month", columns="channel", values="cumulative_mean")
    later = months.loc[12] - months.loc[0]
    assert later["social"] / later["search"] == pytest.approx(1.5, rel=1e-9)


def test_channels_that_the_model_tells_apart_have_ceilings_of_their_own(cdnow_sample: Any) -> None:
    rng = np.random.default_rng(5)
    some = cdnow_sample.select(np.arange(len(cdnow_sample)) < 1000)
    often = some.frame["frequency"].to_numpy() > 0
    channel = np.where(rng.random(len(often)) < np.where(often, 0.7, 0.3), "search", "social")
    summary = lw.CustomerSummary.from_frame(some.frame.assign(channel=channel), unit="W", until="1997-09-30")
    purchases = lw.BetaGeoModel(groups="channel").fit(summary, draws=200, seed=1)
    economics = lw.Economics(0.3, 0.15, cac=CAC, cac_by="channel")
    found = bid_ceilings(lw.value(purchases, classic_spend(), summary, economics, "12M", draws=200, per_customer=False))
    search, social = found.draws
    # seven in ten repeaters came from one channel, seven in ten of the others from the other
    assert (search > social).mean() > 0.99
    assert found.frame["ceiling"][0] > 1.1 * found.frame["ceiling"][1]
    # the same draw is the same world: a difference is known better than draws that were shuffled would say
    shuffled = np.random.default_rng(1).permutation(social)
    assert (search - social).std() < (search - shuffled).std()
    said = " ".join(found.notes)
    assert "BG/NBD" not in said
    assert "Gamma-Gamma knows nothing of channel: amounts of later orders are alike in all of them. To let" in said


def test_costs_of_customers_alive_can_eat_what_was_earned_and_payback_stays_the_first_time(few: Any) -> None:
    economics = lw.Economics(0.3, 0.15, cac=9.0, cost_per_year_alive=60.0)
    found = payback(classic_value(few, economics, "12M"), months=24)
    curve = found.frame.set_index("month")["cumulative_mean"]
    assert curve[0] > 9.0 > curve[24]
    assert found.summary["payback_q50"].item() == 0.0
    assert (found.frame["p_paid_back"].diff().dropna() >= 0.0).all()


def test_months_are_those_of_the_calendar_where_the_cut_off_is_known(shop: Any) -> None:
    days = DAYS_A_WEEK * month_ends(shop.basis, 5)
    dates = pd.to_datetime(["1997-10-30", "1997-11-30", "1997-12-30", "1998-01-30", "1998-02-28"])
    np.testing.assert_allclose(days, (dates - pd.Timestamp("1997-09-30")).days)
    bare = replace(shop.basis, summary=replace(shop.basis.summary, until=None))
    np.testing.assert_allclose(month_ends(bare, 24)[[0, 11, 23]], [52.0 / 12.0, 52.0, 104.0])


def test_bids_and_payback_tell_the_same_story(shop: Any) -> None:
    bids, months = bid_ceilings(shop, horizon="36M").frame, payback(shop)
    shared = [name for name in months.summary if name in bids]
    assert {"channel", "customers", "cac", "cac_basis", "payback_q50", "p_payback_12m"} <= set(shared)
    pd.testing.assert_frame_equal(bids[shared], months.summary[shared])
    last = months.frame[months.frame["month"] == 36].reset_index(drop=True)
    for end in ("mean", "q05", "q50", "q95"):
        np.testing.assert_allclose(last[f"cumulative_{end}"], bids[f"new_customer_value_{end}"], rtol=1e-9)
    for label, drawn in zip(months.summary["channel"], months.draws, strict=True):
        of_group = months.frame[months.frame["channel"] == label]
        np.testing.assert_allclose(of_group["p_paid_back"], [(drawn <= month).mean() for month in range(37)])
    np.testing.assert_allclose(bids["p_payback_6m"], (months.draws <= 6.0).mean(axis=1))


def test_a_cost_that_never_comes_back_has_no_month(few: Any) -> None:
    valuation = classic_value(few, lw.Economics(0.3, 0.15, cac=1000.0), "12M")
    found = payback(valuation, months=12)
    assert np.isinf(found.draws).all()
    assert found.summary[["payback_q05", "payback_q95"]].eq(np.inf).all(axis=None)
    assert found.summary["p_payback_12m"].item() == 0.0
    assert "p_payback_24m" not in found.summary  # not looked at
    assert bid_ceilings(valuation).frame["verdict"].item() == "cut: CAC above the ceiling"
    free = bid_ceilings(classic_value(few, lw.Economics(0.3, 0.15, cac=0.0), "12M")).frame
    assert free["payback_q95"].item() == 0.0
    assert free["ltv_to_cac_mean"].item() == np.inf


# ---- horizons, groups, verdicts ------------------------------------------------------------------


def test_the_longest_horizon_counts_and_any_other_can_be_asked(shop: Any) -> None:
    assert bid_ceilings(shop).horizon == "36M"
    worth = [
        bid_ceilings(shop, horizon=h).frame["new_customer_value_mean"].iloc[0] for h in ("1M", "12M", "36M", "50M")
    ]
    assert (np.diff(worth) > 0.0).all()
    assert bid_ceilings(shop, horizon="inf").frame["new_customer_value_mean"].iloc[0] > worth[-1]
    assert "within 50M" in bid_ceilings(shop, horizon="50M").rule


def test_without_channels_all_customers_are_one(few: Any) -> None:
    found = bid_ceilings(classic_value(few, lw.Economics(0.3, 0.15, cac=20.0), "12M"))
    assert found.by is None
    assert found.frame["group"].tolist() == ["all"]
    assert found.frame["customers"].item() == len(few)


def test_groups_may_be_called_as_a_column_of_the_answer(few: Any) -> None:
    summary = two_channels(few).frame.rename(columns={"channel": "month"})
    valuation = classic_value(
        lw.CustomerSummary.from_frame(summary, unit="W"), lw.Economics(0.3, 0.15, cac=20.0), "12M"
    )
    found = payback(valuation, "month", months=2)
    assert found.frame["group"].unique().tolist() == ["search", "social"]
    assert found.frame["month"].tolist() == [0, 1, 2, 0, 1, 2]


def test_without_cac_there_are_ceilings_and_nothing_that_needs_it(few: Any) -> None:
    valuation = classic_value(two_channels(few), lw.Economics(0.3, 0.15), "12M")
    found = bid_ceilings(valuation, "channel")
    assert list(found.frame) == [
        "channel", "customers", "new_customer_value_mean", "new_customer_value_q05", "new_customer_value_q50",
        "new_customer_value_q95", "ceiling", "verdict",
    ]  # fmt: skip
    assert found.frame["verdict"].eq("bid up to the ceiling").all()
    with pytest.raises(InputError, match=r"no cost to pay back.*cac=20"):
        payback(valuation)


def test_cac_by_another_attribute_is_left_out_and_said(few: Any) -> None:
    product = np.where(np.arange(len(few)) % 2 == 0, "rock", "jazz")
    economics = lw.Economics(0.3, 0.15, cac=CAC, cac_by="channel")
    valuation = classic_value(two_channels(few, product=product), economics, "12M")
    found = bid_ceilings(valuation, "product")
    assert "cac" not in found.frame
    assert any(note.startswith("CAC is by channel, not by product") for note in found.notes)
    with pytest.raises(InputError, match=r"payback\(valuation, by='channel'\)"):
        payback(valuation, "product")


@pytest.mark.parametrize(
    ("share", "basis", "verdict"),
    [
        (0.5, "marginal", "raise the bid"),
        (0.5, "paid", "raise the bid"),
        (0.5, "blended", "hold: CAC below the ceiling, but blended; find the marginal one"),
        (0.97, "marginal", "hold: CAC at the ceiling"),
        (1.01, "marginal", "cut: CAC above the ceiling"),
        (1.01, "blended", "cut: CAC above the ceiling"),
    ],
)
def test_the_verdict_follows_from_cac_and_ceiling(few: Any, share: float, basis: Any, verdict: str) -> None:
    ceiling = bid_ceilings(classic_value(few, lw.Economics(0.3, 0.15), "12M")).frame["ceiling"].item()
    economics = lw.Economics(0.3, 0.15, cac=Acquisition(share * ceiling, 1, basis))
    found = bid_ceilings(classic_value(few, economics, "12M")).frame.iloc[0]
    assert (found["verdict"], found["cac_basis"]) == (verdict, basis)
    assert found["headroom"] == pytest.approx((1.0 - share) * ceiling, rel=1e-6)


def test_a_customer_who_costs_more_than_it_brings_is_not_bid_for(few: Any) -> None:
    economics = lw.Economics(0.1, 0.15, cac=5.0, cost_per_order=50.0)
    found = bid_ceilings(classic_value(few, economics, "12M")).frame.iloc[0]
    assert found["ceiling"] < 0.0
    assert found["verdict"].startswith("do not bid")


def test_caution_lowers_the_ceiling(shop: Any) -> None:
    ceilings = [bid_ceilings(shop, quantile=level).frame["ceiling"] for level in (0.05, 0.25, 0.5)]
    assert (ceilings[0] < ceilings[1]).all()
    assert (ceilings[1] < ceilings[2]).all()
    kept = bid_ceilings(shop, required_return=0.2)
    np.testing.assert_allclose(kept.frame["ceiling"], 0.8 * ceilings[1])
    assert "q25" in kept.rule
    assert "(1 - 0.2)" in kept.rule


# ---- what is said beside -------------------------------------------------------------------------


def test_notes_say_what_bids_must_not_be_read_as(few: Any) -> None:
    summary = two_channels(few)
    young = summary.frame["channel"].eq("social") & summary.frame["frequency"].eq(0)
    summary = lw.CustomerSummary.from_frame(
        summary.frame[young | summary.frame["channel"].eq("search")].assign(
            T=lambda frame: np.where(frame["channel"] == "social", 5.0, frame["T"])
        ),
        unit="W",
    )
    cac = {"search": Acquisition(9.0, 1, "blended"), "social": 8.0, "tv": Acquisition(7.0, 1, "paid")}
    valuation = classic_value(summary, lw.Economics(0.3, 0.15, cac=cac, cac_by="channel"), "12M")
    found = bid_ceilings(valuation)
    said = "\n".join(found.notes)
    for expected in (
        "CAC of search is blended (spend over all new customers",
        "that of tv is an average",
        "that of social is a number taken as given",
        "Acquisition.marginal",
        "BG/NBD and Gamma-Gamma know nothing of channel",
        "only margin, CAC and first orders differ",
        'BetaGeoModel(groups="channel") and GammaGammaModel(groups="channel")',
        "those of social for 5.0: this compares different maturity",
        "tv: CAC is given but no customer was seen",
        "credible intervals of a mean",
    ):
        assert expected in said
    assert found.frame.set_index("channel").loc["tv", ["customers", "verdict"]].tolist() == [
        0, "test first: no customer of it was seen",
    ]  # fmt: skip
    assert payback(valuation).notes == found.notes
    alike = classic_value(few, lw.Economics(0.3, 0.15, cac=Acquisition(9.0, 1, "marginal")), "12M")
    assert len(bid_ceilings(alike).notes) == 1  # what the intervals hold


def test_notes_say_when_first_orders_are_the_models(four: Any) -> None:
    summary = lw.CustomerSummary.from_frame(four.frame.drop(columns="monetary_value_all"), unit="W")
    found = bid_ceilings(classic_value(summary, lw.Economics(0.3, 0.15), "12M", draws=5))
    assert any(note.startswith("The first order is the spend model's mean") for note in found.notes)


def test_notes_say_how_much_of_an_endless_value_lies_far_ahead(few: Any) -> None:
    valuation = classic_value(few, lw.Economics(0.3, 0.15, cac=20.0), [None])
    late = 1.0 - 35.0 / 48.4  # published: 36 months of 48.4 dollars
    (said,) = [note for note in bid_ceilings(valuation).notes if "comes after 36 months" in note]
    assert abs(int(said.split("%")[0]) / 100.0 - late) < 0.03
    assert not any("comes after" in note for note in bid_ceilings(valuation, horizon="36M").notes)


def test_a_horizon_beyond_the_data_is_said(few: Any) -> None:
    purchases = lw.BetaGeoModel().fit(few, draws=100)
    valuation = lw.value(purchases, classic_spend(), few, lw.Economics(0.3, 0.15, cac=9.0), "12M", draws=20)
    assert any("10Y is more than" in note for note in bid_ceilings(valuation, horizon="10Y").notes)
    assert any("60M is more than" in note for note in payback(valuation, months=60).notes)


def test_the_answer_shows_its_rule(shop: Any) -> None:
    for found in (bid_ceilings(shop), payback(shop)):
        assert found.rule in repr(found)
        assert found.currency == "$"
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert "<table" in found._repr_html_()
    assert "discounted at 15 % a year" in payback(shop).rule


# ---- guards --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"quantile": 25}, r"quantile.*If 25 percent is meant, pass 0\.25"),
        ({"quantile": 0.75}, "count on luck"),
        ({"quantile": 0.0}, "above 0"),
        ({"quantile": "q25"}, "quantile: expected a share"),
        ({"required_return": 20}, r"required_return.*If 20 percent is meant, pass 0\.2"),
        ({"required_return": -0.1}, "from 0 to below 1"),
        ({"horizon": 36}, r"horizon: expected a length with its unit"),
        ({"horizon": "soon"}, r"horizon: expected a length such as"),
        ({"by": "shop"}, r"by: no column 'shop' in the summary.*channel"),
    ],
)
def test_bids_refuse_what_cannot_be_meant(shop: Any, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        bid_ceilings(shop, **asked)


@pytest.mark.parametrize("months", [0, -3, 1.5, "12M", True, 10_000])
def test_payback_needs_a_whole_number_of_months(shop: Any, months: Any) -> None:
    with pytest.raises(InputError, match="months: expected a whole number from 1"):
        payback(shop, months=months)


def test_a_channel_with_customers_and_without_cac_is_named(few: Any) -> None:
    economics = lw.Economics(0.3, 0.15, cac={"search": 20.0}, cac_by="channel")
    with pytest.raises(InputError, match=r"cac.*social"):
        classic_value(two_channels(few), economics, "12M")
    valuation = classic_value(two_channels(few), lw.Economics(0.3, 0.15), "12M")
    stale = replace(valuation, basis=replace(valuation.basis, economics=economics))
    with pytest.raises(InputError, match=r"cac.*social"):
        bid_ceilings(stale)


def test_value_for_ever_without_discounting_is_refused(few: Any) -> None:
    valuation = classic_value(few, lw.Economics(0.3, 0.0, cac=20.0), "12M")
    with pytest.raises(InputError, match="without discounting"):
        bid_ceilings(valuation, horizon="inf")
