"""Every term of the economics against customers simulated one purchase at a time; and what must not matter."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.prediction.discrepancy import default_discrepancy
from lifeworth.models.valuation.acquisition import Acquisition
from lifeworth.models.valuation.by_draw import expected_by_draw
from lifeworth.models.valuation.groups import compare_groups, shares_of_value
from lifeworth.models.valuation.new_customer import newcomer_means

if TYPE_CHECKING:
    from collections.abc import Callable

CUSTOMERS: Final = 12_000
DEAR: Final = lw.Economics(
    0.4,
    0.15,
    cost_share={"payment": 0.02, "returns": 0.05},
    cost_per_order={"logistics": 1.2, "packing": 0.3},
    cost_per_year_alive={"crm": 2.0, "loyalty": 3.0},
)
YEAR: Final = 52.0
DELTA: Final = math.log(1.15) / YEAR


def naive_contribution(lives: Any, amounts: list[np.ndarray], horizon: float) -> np.ndarray:
    """Contribution of each customer by a loop over purchases and the time alive."""
    found = np.zeros(len(lives.ahead))
    for i, (times, paid) in enumerate(zip(lives.ahead, amounts, strict=True)):
        for time, amount in zip(times, paid, strict=True):
            if time <= horizon:
                found[i] += ((0.4 - 0.07) * amount - 1.5) * math.exp(-DELTA * time)
        stayed = min(lives.left[i], horizon)
        found[i] -= 5.0 / YEAR * (1.0 - math.exp(-DELTA * stayed)) / DELTA
    return found


@pytest.mark.parametrize(("horizon", "weeks"), [("10.5W", 10.5), ("6M", 181.0 / 7.0), ("1998-02-14", 137.0 / 7.0)])
def test_every_cost_falls_where_the_naive_loop_puts_it(
    known: Any, cdnow_spend: Any, live: Callable[..., Any], assert_unbiased: Any, horizon: str, weeks: float
) -> None:
    rng = np.random.default_rng(5)
    lives = live(known, rng, rng.uniform(2.0, 60.0, CUSTOMERS), 30.0)
    own = rng.gamma(3.74, 1.0 / 15.44, CUSTOMERS)
    amounts = [rng.gamma(6.25, 1.0 / nu, len(times)) for nu, times in zip(own, lives.ahead, strict=True)]
    summary = lw.CustomerSummary.from_frame(
        lives.summary.frame.assign(monetary_value=0.0), unit="W", until="1997-09-30"
    )
    found = lw.value(known.fitted, cdnow_spend, summary, DEAR, horizon, draws=20, seed=2)
    naive = naive_contribution(lives, amounts, weeks)
    frame = summary.frame
    for groups in (np.digitize(frame["frequency"], [1, 2, 4, 8]), np.digitize(frame["T"], [20.0, 40.0])):
        for group in np.unique(groups):
            inside = groups == group
            error = naive[inside] - found.customers["value_mean"].to_numpy()[inside]
            # beyond 5.5 standard errors once in 26 million; half a percent of bias in a group would be seen
            assert abs(error.sum()) <= 5.5 * error.std() * math.sqrt(inside.sum()) + 5.0
    draws = found.draws["value"][0]
    assert abs(draws.mean() - found.total["value_mean"].item()) <= 5.5 * draws.std() / math.sqrt(len(draws))


@pytest.mark.parametrize("calibration", ["textbook", default_discrepancy()], ids=["textbook", "clock"])
def test_simulated_lifetimes_cost_what_their_expectation_says(
    known: Any, cdnow_spend: Any, cdnow_sample: Any, calibration: Any
) -> None:
    some = cdnow_sample.select(np.arange(len(cdnow_sample)) < 150)
    economics = lw.Economics(0.0, 0.15, cost_per_year_alive=10.0)
    found = lw.value(
        known.fitted, cdnow_spend, some, economics, ["7W", "26W", "100W", None], draws=1500, per_customer=False,
        calibration=calibration,
    )  # fmt: skip
    draws = found.draws["value"]
    error = draws.std(axis=1) / math.sqrt(draws.shape[1])
    # a mean of 1500 sums: beyond 5 standard errors once in two million
    assert (np.abs(draws.mean(axis=1) - found.total["value_mean"]) <= 5.0 * error + 1e-9).all()
    assert (found.total["value_mean"] < 0.0).all()


def test_a_year_alive_costs_the_discounted_remaining_lifetime(known: Any, cdnow_spend: Any, four: Any) -> None:
    free = lw.Economics(0.0, 0.0, cost_per_year_alive=52.0)
    for horizon in ("13W", "104W"):
        found = lw.value(known.fitted, cdnow_spend, four, free, horizon, draws=10).customers
        lifetime = known.fitted.remaining_lifetime(four, horizon)["mean"]
        np.testing.assert_allclose(-found["value_mean"], lifetime, rtol=1e-4)


@pytest.mark.parametrize("calibration", ["textbook", default_discrepancy()], ids=["textbook", "clock"])
def test_a_long_horizon_alone_is_what_it_is_beside_shorter_ones(
    known: Any, cdnow_spend: Any, four: Any, calibration: Any
) -> None:
    economics = lw.Economics(0.3, 0.15, cost_per_order=1.0, cost_per_year_alive=5.0)
    alone, beside = (
        lw.value(known.fitted, cdnow_spend, four, economics, horizons, draws=40, calibration=calibration)
        for horizons in ([None], ["4W", "52W", None])
    )
    last = beside.customers[beside.customers["horizon"] == "inf"]
    np.testing.assert_allclose(alone.customers["value_mean"], last["value_mean"], rtol=1e-4)
    for end in ("mean", "q05", "q50", "q95"):
        one, other = (valuation.new_customer[f"residual_value_{end}"].iloc[-1] for valuation in (alone, beside))
        assert one == pytest.approx(other, rel=1e-4)


# ---- what must not matter ------------------------------------------------------------------------


def test_another_currency_scales_every_value(known: Any, four: Any) -> None:
    rate = 1.37
    frame = four.frame.assign(
        monetary_value=rate * four.frame["monetary_value"], monetary_value_all=rate * four.frame["monetary_value_all"]
    )
    dollars, euros = (
        lw.value(
            known.fitted,
            lw.GammaGammaModel.from_parameters(p=6.25, q=3.74, v=15.44 * k),
            lw.CustomerSummary.from_frame(one, unit="W"),
            lw.Economics(0.3, 0.15, cac=20.0 * k, cost_per_order=1.0 * k, cost_share=0.02, cost_per_year_alive=3.0 * k),
            ["26W", "104W"],
            draws=100,
        )
        for k, one in ((1.0, four.frame), (rate, frame))
    )
    for name in ("customers", "total", "new_customer"):
        one, other = (getattr(valuation, name).select_dtypes("number") for valuation in (dollars, euros))
        shares = [column for column in one if column.startswith("p_")]
        np.testing.assert_allclose(other.drop(columns=shares), rate * one.drop(columns=shares), rtol=1e-9)


def test_groups_add_up_to_the_total_draw_by_draw(known: Any, cdnow_spend: Any, cdnow_sample: Any) -> None:
    frame = cdnow_sample.frame.iloc[:400]
    summary = lw.CustomerSummary.from_frame(frame.assign(channel=np.arange(400) % 3), unit="W")
    found = lw.value(known.fitted, cdnow_spend, summary, DEAR, ["26W", None], draws=100)
    np.testing.assert_allclose(found.group_draws["channel"].sum(axis=1), found.draws["value"], rtol=1e-10)
    shares = shares_of_value(found, "channel", horizon="26W")
    assert shares["share_mean"].sum() == pytest.approx(1.0)
    pairs = compare_groups(found, "channel")
    assert list(zip(pairs["group"], pairs["other"], strict=True)) == [(0, 1), (0, 2), (1, 2)]
    draws = found.group_draws["channel"][1] / np.bincount(np.arange(400) % 3)[:, None]
    assert pairs["p_more"][0] == pytest.approx(np.mean(draws[0] > draws[1]))
    assert pairs["difference_mean"][2] == pytest.approx((draws[1] - draws[2]).mean())


def test_a_margin_that_is_not_known_widens_the_total_by_its_share(
    known: Any, cdnow_spend: Any, cdnow_sample: Any
) -> None:
    some = cdnow_sample.select(np.arange(len(cdnow_sample)) < 500)
    sure, unsure = (
        lw.value(known.fitted, cdnow_spend, some, lw.Economics(margin, 0.15), "52W", draws=1000, per_customer=False)
        for margin in (0.3, lw.Normal(0.3, 0.03))
    )
    assert unsure.total["value_mean"].item() == sure.total["value_mean"].item()
    relative = np.var(unsure.draws["value"] / sure.draws["value"])
    assert relative == pytest.approx(0.1**2, rel=0.25)  # 1,000 draws: their variance has a standard error of 4.5 %
    parts = unsure.decomposition.set_index("part")["width"]
    assert parts["the margin"] == pytest.approx(2.0 * 1.645 * 0.1, rel=0.15)
    assert "the margin" not in set(sure.decomposition["part"])


def test_a_margin_by_category_is_that_of_each_customer(known: Any, cdnow_spend: Any, four: Any) -> None:
    named = {"search": 0.2, "shop": 0.5}
    by_name = lw.Economics(named, 0.15, margin_by="channel")
    column = lw.CustomerSummary.from_frame(four.frame.assign(own=four.frame["channel"].map(named)), unit="W")
    one = lw.value(known.fitted, cdnow_spend, four, by_name, "52W", draws=50).customers
    other = lw.value(known.fitted, cdnow_spend, column, lw.Economics("own", 0.15), "52W", draws=50).customers
    np.testing.assert_allclose(one.select_dtypes("number"), other.select_dtypes("number"))
    with pytest.raises(lw.InputError, match=r"margin: none is given for channel \['shop'\] \(2 customers\)"):
        lw.value(known.fitted, cdnow_spend, four, lw.Economics({"search": 0.2}, 0.15, margin_by="channel"), draws=5)


def test_historic_value_stands_beside_and_is_what_was_left_of_the_past(known: Any, cdnow_spend: Any, four: Any) -> None:
    found = lw.value(known.fitted, cdnow_spend, four, DEAR, ["26W", "52W"], draws=50)
    bought = four.frame["frequency"] + 1
    past = 0.33 * bought * four.frame["monetary_value_all"] - 1.5 * bought
    np.testing.assert_allclose(found.customers["historic_value"], np.tile(past, 2))
    np.testing.assert_allclose(found.total["historic_value"], past.sum())
    assert found.by("channel")["historic_value"].iloc[:2].sum() == pytest.approx(past.sum())
    unknown = lw.CustomerSummary.from_frame(four.frame.drop(columns="monetary_value_all"), unit="W")
    assert "historic_value" not in lw.value(known.fitted, cdnow_spend, unknown, DEAR, "26W", draws=5).customers


# ---- expectations by draw ------------------------------------------------------------------------


@pytest.mark.parametrize("calibration", ["textbook", default_discrepancy()], ids=["textbook", "clock"])
def test_expected_values_by_draw_have_the_exact_mean(known: Any, cdnow_spend: Any, four: Any, calibration: Any) -> None:
    found = lw.value(known.fitted, cdnow_spend, four, DEAR, ["26W", None], draws=60, calibration=calibration)
    codes = np.array([0, 1, 0, 1])
    lengths = np.array([26.0, math.inf])
    draws = expected_by_draw(found.basis, lengths, codes, 2, 60)
    means = np.stack([np.bincount(codes, row) for row in found.basis.means(lengths)])
    # by draw discounting is a quadrature over the clock, the calendar's own included
    np.testing.assert_allclose(draws.mean(axis=2), means, rtol=3e-5 if calibration == "textbook" else 3e-4)


def test_the_mean_of_new_customers_is_the_mean_of_the_table(known: Any, cdnow_spend: Any, four: Any) -> None:
    economics = lw.Economics(0.4, 0.15, cost_per_order=1.5, cost_per_year_alive=5.0, cac={"search": 5.0, "shop": 9.0},
                             cac_by="channel")  # fmt: skip
    found = lw.value(known.fitted, cdnow_spend, four, economics, ["26W", "104W"], draws=400)
    means = newcomer_means(found.basis, np.array([26.0, 104.0]))
    assert means.labels == ("search", "shop")
    assert means.observed
    assert list(means.size) == [2, 2]
    table = found.new_customer.set_index(["channel", "horizon"])["residual_value_mean"]
    for k, label in enumerate(means.labels):
        for h, horizon in enumerate(("26W", "104W")):
            assert means.residual[h, k].mean() == pytest.approx(table[label, horizon], rel=1e-9)


# ---- economics -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("economics", "message"),
    [
        ({"cost_share": 2.0}, r"cost_share: expected a share .* If 2 percent is meant, pass 0.02"),
        ({"cost_share": {"payment": -0.1}}, r"cost_share\['payment'\]: expected a share of revenue from 0 to below 1"),
        ({"cost_per_order": {"packing": -1.0}}, r"cost_per_order\['packing'\]: expected an amount of 0 or more"),
        ({"cost_per_order": {}}, "cost_per_order: expected at least one, got an empty mapping"),
        ({"cost_per_year_alive": math.nan}, "cost_per_year_alive: expected an amount of 0 or more"),
        ({"fixed_cost_per_year": -1.0}, "fixed_cost_per_year: expected an amount of 0 or more"),
        ({"margin": lw.Normal(30.0, 2.0)}, r"margin: expected a distribution .* divide both numbers by 100"),
        (
            {"margin": {"a": 0.3}},
            "margin_by: margin by group needs the attribute its keys belong to, such as margin_by=",
        ),
        ({"margin_by": "channel"}, "margin_by: 'channel' is given, so margin must be one for each of its values"),
        ({"cac": {"a": Acquisition(100.0, 2.0)}}, "cac_by: cac by group needs the attribute"),
    ],
)
def test_economics_that_cannot_be_are_refused(economics: dict[str, Any], message: str) -> None:
    with pytest.raises(lw.InputError, match=message):
        lw.Economics(**({"margin": 0.3, "annual_discount_rate": 0.15} | economics))


def test_cac_is_computed_from_spend_and_the_customers_it_brought() -> None:
    economics = lw.Economics(0.3, 0.1, cac={"search": Acquisition(50_000, 2_000), "social": 12.0}, cac_by="channel")
    assert economics.cac_of("search") == 25.0
    assert economics.cac_basis_of("search") == "paid"
    assert economics.cac_of("social") == 12.0
    assert Acquisition.marginal(spend=(50_000, 60_000), customers=(2_000, 2_250)).cac == 40.0
    for wrong, message in (
        ({"spend": -1.0, "customers": 5.0}, "spend: expected money"),
        ({"spend": 1.0, "customers": 0.0}, "customers: expected how many .* brought nobody"),
        ({"spend": 1.0, "customers": 5.0, "basis": "average"}, "basis: expected one of paid, blended, marginal"),
    ):
        with pytest.raises(lw.InputError, match=message):
            Acquisition(**wrong)


def test_a_horizon_beyond_what_the_data_bear_is_warned_of(fitted: Any, cdnow_spend: Any, cdnow_sample: Any) -> None:
    model, plain = fitted(lw.BetaGeoModel), lw.Economics(0.3, 0.15)
    cdnow_sample = cdnow_sample.select(np.arange(len(cdnow_sample)) < 100)
    ask = {"draws": 5, "per_customer": False}
    with pytest.warns(lw.HorizonWarning, match=r"horizon: 5Y is more than 5 times the longest record of a customer"):
        found = lw.value(model, cdnow_spend, cdnow_sample, plain, ["12M", "5Y"], **ask)
    assert "Value a shorter horizon".lower() in found.notes[0].lower()
    with pytest.warns(lw.HorizonWarning, match=r"% of the value for ever lies beyond"):
        lw.value(model, cdnow_spend, cdnow_sample, lw.Economics(0.3, 0.03), None, **ask)
    assert lw.value(model, cdnow_spend, cdnow_sample, plain, ["12M", "36M", None], **ask).notes == ()
    with pytest.raises(lw.InputError, match=r"horizon: '24M' was not valued; expected one of 12M, 5Y"):
        found.place("24M")
    assert found.place() == 1
    assert isinstance(found.total, pd.DataFrame)
