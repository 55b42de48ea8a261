"""Cash flow, planned customers and customer equity: sums that agree with the valuation, and naive plans."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest

import lifeworth as lw
from lifeworth.models.prediction.discrepancy import default_discrepancy
from lifeworth.models.valuation.new_customer import newcomer_means

ECONOMICS: Final = lw.Economics(
    0.4, 0.15, cac=12.0, cost_share=0.05, cost_per_order=1.5, cost_per_year_alive=5.0, fixed_cost_per_year=365.0
)
DELTA: Final = math.log(1.15) / 52.0


def valued(known: Any, spend: Any, four: Any, economics: lw.Economics = ECONOMICS, **settings: Any) -> lw.Valuation:
    return lw.value(known.fitted, spend, four, economics, ["12M", "24M"], **({"draws": 50} | settings))


@pytest.mark.parametrize("every", ["M", "Q"])
def test_discounted_contribution_adds_up_to_the_value(known: Any, cdnow_spend: Any, four: Any, every: Any) -> None:
    valuation = valued(known, cdnow_spend, four)
    cash = lw.cash_flow(valuation, every, horizon="24M")
    mean = cash.statement.set_index("item")["mean"]
    assert mean["discounted contribution"] == pytest.approx(valuation.total["value_mean"][1], rel=1e-4)
    assert cash.item("discounted contribution")["mean"].sum() == pytest.approx(mean["discounted contribution"])
    assert len(cash.item("revenue")) == (24 if every == "M" else 8)
    assert list(cash.item("revenue")["period"][:2]) == (
        ["1997-10", "1997-11"] if every == "M" else ["1997Q4", "1998Q1"]
    )


def test_draws_of_the_whole_are_those_of_the_valuation(known: Any, cdnow_spend: Any, cdnow_sample: Any) -> None:
    some = cdnow_sample.select(np.arange(len(cdnow_sample)) < 200)
    valuation = lw.value(known.fitted, cdnow_spend, some, ECONOMICS, "12M", draws=200)
    total = lw.cash_flow(valuation, "Q", horizon="12M").statement.set_index("item").loc["discounted contribution"]
    for level in ("q05", "q50", "q95"):
        assert total[level] == pytest.approx(valuation.total[f"value_{level}"].item(), rel=1e-9)


def test_without_discounting_items_are_a_statement(known: Any, cdnow_spend: Any, four: Any) -> None:
    free = replace(ECONOMICS, annual_discount_rate=0.0)
    valuation = valued(known, cdnow_spend, four, free)
    cash = lw.cash_flow(valuation, "Q", horizon="12M")
    mean = cash.statement.set_index("item")["mean"]
    forecast = lw.forecast(known.fitted, cdnow_spend, four, "12M", draws=50).total
    assert mean["purchases"] == pytest.approx(forecast["purchases_mean"].item(), rel=1e-6)
    assert mean["revenue"] == pytest.approx(forecast["spend_mean"].item(), rel=1e-6)
    assert mean["margin"] == pytest.approx(0.35 * mean["revenue"])
    assert mean["cost of orders"] == pytest.approx(-1.5 * mean["purchases"])
    lifetime = known.fitted.remaining_lifetime(four, "12M")["mean"].sum()
    assert mean["cost of customers"] == pytest.approx(-5.0 / 52.0 * lifetime, rel=1e-4)
    assert mean["contribution"] == pytest.approx(mean["margin"] + mean["cost of orders"] + mean["cost of customers"])
    assert mean["fixed cost"] == pytest.approx(-365.0 * 365.0 / 364.0)  # a calendar year is a day more than 52 weeks
    assert mean["profit"] == pytest.approx(mean["contribution"] + mean["fixed cost"])
    assert mean["discounted profit"] == pytest.approx(mean["profit"])


def test_a_first_period_is_the_rest_of_its_month(known: Any, cdnow_spend: Any, four: Any) -> None:
    summary = lw.CustomerSummary.from_frame(four.frame, unit="W", until="1997-10-20")
    cash = lw.cash_flow(valued(known, cdnow_spend, summary), "M", horizon="2M")
    days = cash.item("revenue")[["first_day", "last_day"]].apply(lambda column: column.dt.strftime("%m-%d"))
    assert days.to_numpy().tolist() == [["10-21", "10-31"], ["11-01", "11-30"], ["12-01", "12-20"]]
    unknown = lw.CustomerSummary.from_frame(four.frame, unit="W")
    assert list(lw.cash_flow(valued(known, cdnow_spend, unknown), "Q", horizon="6M").item("revenue")["period"]) == [
        "quarter 1", "quarter 2",
    ]  # fmt: skip


def test_margins_of_each_customer_and_of_a_distribution_reach_the_cash(known: Any, cdnow_spend: Any, four: Any) -> None:
    own = lw.CustomerSummary.from_frame(four.frame.assign(own=[0.1, 0.2, 0.3, 0.4]), unit="W", until="1997-09-30")
    for summary, margin in ((own, "own"), (four, lw.Normal(0.3, 0.05))):
        valuation = valued(known, cdnow_spend, summary, replace(ECONOMICS, margin=margin), calibration="textbook")
        total = lw.cash_flow(valuation, "Q", horizon="24M").statement.set_index("item").loc["discounted contribution"]
        assert total["mean"] == pytest.approx(valuation.total["value_mean"][1], rel=1e-6)
        assert total["q95"] == pytest.approx(valuation.total["value_q95"][1], rel=1e-9)


@pytest.mark.parametrize("calibration", ["textbook", default_discrepancy()], ids=["textbook", "clock"])
def test_planned_customers_are_new_customers_from_the_middle_of_their_month(
    known: Any, cdnow_spend: Any, four: Any, calibration: Any
) -> None:
    valuation = valued(known, cdnow_spend, four, calibration=calibration, draws=300)
    plan = lw.Plan({"1997-10": 40, "1998-01": 60})
    mean = lw.cash_flow(valuation, "M", horizon="12M", plan=plan).statement.set_index("item")["mean"]
    assert mean["cost of acquisition"] == -1200.0
    discounted = (
        mean["discounted profit"]
        - mean["discounted contribution"]
        - sum(-365.0 / 52.0 * (1.0 - math.exp(-DELTA * weeks)) / DELTA for weeks in [365.0 / 7.0])
    )
    expected = 0.0
    for count, days in ((40, 15.0), (60, (92 + 123) / 2.0)):  # October 16th, the middle of January
        ends = np.array([(365.0 - days) / 7.0])
        # the clock's doubt is mean-preserving: from the cut-off or from the middle of a month it is nearly the same
        worth = newcomer_means(valuation.basis, ends).value.mean() - 12.0
        expected += count * worth * math.exp(-DELTA * days / 7.0)
    assert discounted == pytest.approx(expected, rel=1e-3 if calibration == "textbook" else 0.03, abs=3.0)


def test_equity_is_the_sum_of_its_parts_draw_by_draw(known: Any, cdnow_spend: Any, four: Any) -> None:
    valuation = valued(known, cdnow_spend, four)
    equity = lw.customer_equity(valuation, lw.Plan.steady(50, first="1997-10", months=3), horizon="12M")
    mean = equity.frame.set_index("part")["mean"]
    assert list(mean.index) == [
        "existing customers", "new customers", "cost of acquisition", "fixed cost", "customer equity",
    ]  # fmt: skip
    assert mean["customer equity"] == pytest.approx(mean.iloc[:-1].sum())
    assert mean["existing customers"] == valuation.total["value_mean"][0]
    assert -150 * 12.0 < mean["cost of acquisition"] < -150 * 12.0 * math.exp(-0.15 / 4.0)
    assert equity.new_customers == 150.0
    alone = lw.customer_equity(valuation, horizon="12M").frame
    assert list(alone["part"]) == ["existing customers", "fixed cost", "customer equity"]


def test_more_customers_vary_less_for_each(known: Any, cdnow_spend: Any, four: Any) -> None:
    # four first orders would tell little of their mean
    unseen = lw.CustomerSummary.from_frame(four.frame.drop(columns="monetary_value_all"), unit="W", until="1997-09-30")
    valuation = valued(known, cdnow_spend, unseen, draws=400, calibration="textbook")
    spread = {}
    for count in (10, 1000):
        frame = lw.customer_equity(valuation, lw.Plan({"1997-10": count}), horizon="12M").frame.set_index("part")
        new = frame.loc["new customers"]
        spread[count] = (new["q95"] - new["q05"]) / count
    # chance alone at fixed parameters: ten times narrower, each width known to some 6 %
    assert spread[10] / spread[1000] == pytest.approx(10.0, rel=0.35)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({}, "plan: expected months and numbers"),
        ({"soon": 5}, "plan: expected a month such as"),
        ({"1997-10": -5}, "plan: expected a number of customers of 0 or more for 1997-10"),
        ({"search": {"1997-10": 5}, "1997-11": 6}, "plan: expected months for every group, or for none"),
    ],
)
def test_plans_that_cannot_be_are_refused(plan: Any, message: str) -> None:
    with pytest.raises(lw.InputError, match=message):
        lw.Plan(plan)


def test_plans_that_do_not_fit_are_refused(known: Any, cdnow_spend: Any, four: Any) -> None:
    by_channel = replace(ECONOMICS, cac={"search": 5.0, "shop": 9.0}, cac_by="channel")
    grouped, plain = valued(known, cdnow_spend, four, by_channel), valued(known, cdnow_spend, four)
    free = valued(known, cdnow_spend, four, replace(ECONOMICS, cac=None))
    month = {"1997-10": 5}
    for valuation, plan, message in (
        (grouped, month, "plan: CAC is by channel, so the plan must be too"),
        (grouped, {"mail": month}, "plan: no CAC for channel 'mail'; it is given for .'search', 'shop'"),
        (plain, {"1997-08": 5}, "plan: 1997-08 is over at the cut-off 1997-09-30"),
        (free, month, "plan: customers to come cost something to win"),
    ):
        with pytest.raises(lw.InputError, match=message):
            lw.cash_flow(valuation, "Q", horizon="12M", plan=lw.Plan(plan))
    late = lw.cash_flow(plain, "Q", horizon="3M", plan=lw.Plan({"1997-10": 5, "1998-06": 7}))
    assert late.notes == ("7 customers planned after the end of the horizon are left out.",)
    by_group = lw.cash_flow(grouped, "Q", horizon="6M", plan=lw.Plan.steady({"search": 5, "shop": 1}, first="1997-10"))
    assert by_group.statement.set_index("item")["mean"]["cost of acquisition"] == pytest.approx(-6 * (25.0 + 9.0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"every": "W"}, 'every: expected "M" for months or "Q" for quarters'),
        ({"horizon": None}, "a plan by period needs an end"),
        ({"horizon": "50Y"}, "has 600 periods; expected at most 240"),
    ],
)
def test_periods_that_cannot_be_are_refused(
    known: Any, cdnow_spend: Any, four: Any, arguments: Any, message: str
) -> None:
    with pytest.raises(lw.InputError, match=message):
        lw.cash_flow(valued(known, cdnow_spend, four), **arguments)
    with pytest.raises(lw.InputError, match="item: expected one of purchases, revenue"):
        lw.cash_flow(valued(known, cdnow_spend, four), "Q", horizon="3M").item("turnover")
