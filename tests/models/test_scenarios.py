"""Scenarios: worlds valued anew, levers as they are defined, parts that add up, and questions that are refused."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.decisions.scenarios.levers import LEVERS, Changes
from lifeworth.models.decisions.scenarios.retention_rate import RetentionRate
from lifeworth.models.decisions.scenarios.scenarios import elasticities, tornado, what_if
from lifeworth.models.decisions.scenarios.worlds import worlds
from lifeworth.models.ground.errors import InputError
from lifeworth.models.prediction.discrepancy import default_discrepancy
from lifeworth.models.prediction.state_values import survivors_given_states
from lifeworth.models.valuation.basis import Basis

ECONOMICS: Final = lw.Economics(
    0.3, 0.15, cac=20.0, cost_per_order=1.5, cost_share=0.02, cost_per_year_alive=2.0, currency="$"
)
COSTLESS: Final = lw.Economics(0.3, 0.15, cac=20.0)
DRAWS: Final = 100
FOR_EVER: Final = {"horizon": ["52W", None]}
CLOCK: Final = {"calibration": default_discrepancy()}
YEAR: Final = np.array([365.0 / 7.0])
CHANCE: Final = 6.0
"""Standard errors that a mean may be off: less than one false alarm in ten million comparisons."""

pytestmark = pytest.mark.filterwarnings("ignore::lifeworth.models.ground.errors.HorizonWarning")


@pytest.fixture
def some(cdnow_sample: Any) -> Any:
    """A twentieth of the CDNOW sample, with channels."""
    part = cdnow_sample.select(np.arange(len(cdnow_sample)) % 20 == 0)
    frame = part.frame.assign(channel=np.where(np.arange(len(part)) % 4 == 0, "shop", "search"))
    return replace(part, frame=frame.reset_index(drop=True))


@pytest.fixture(scope="module")
def valued() -> Any:
    """Valuations, each made once: (known, spend, summary, economics, **settings)."""
    made: dict[str, Any] = {}

    def value(known: Any, spend: Any, summary: Any, economics: Any = ECONOMICS, **settings: Any) -> Any:
        settings = {"horizon": ["26W", "52W"], "draws": DRAWS, "seed": 2, "calibration": "textbook"} | settings
        key = f"{known.fitted.model.name} {len(summary)} {economics} {settings}"
        if key not in made:
            made[key] = lw.value(known.fitted, spend, summary, economics, per_customer=False, **settings)
        return made[key]

    return value


@pytest.fixture
def bg() -> Any:
    """One model, for what no model matters to."""
    return SimpleNamespace(fitted=lw.BetaGeoModel.from_parameters(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="W"))


def row(frame: pd.DataFrame, **wanted: Any) -> pd.Series:
    found = frame[np.logical_and.reduce([frame[name] == value for name, value in wanted.items()])]
    assert len(found) == 1
    return found.iloc[0]


# ---- worlds valued anew --------------------------------------------------------------------------


def changed(economics: Any, lever: str, change: float) -> Any:
    """The economics of a world in which one lever that they state is changed."""
    name = {"discount_rate": "annual_discount_rate"}.get(lever, lever)
    return replace(economics, **{name: getattr(economics, name) * (1.0 + change)})


def test_a_change_of_economics_is_another_valuation(valued: Any, bg: Any, cdnow_spend: Any, some: Any) -> None:
    valuation = valued(bg, cdnow_spend, some)
    for lever, change in [("margin", 0.2), ("cost_per_order", -0.5), ("cost_per_year_alive", 0.4), ("cac", 0.1)]:
        after = worlds(valuation, [Changes.of({lever: change})], "52W").quantities
        economics = changed(ECONOMICS, lever, change)
        anew = worlds(replace(valuation, basis=replace(valuation.basis, economics=economics)), [Changes()], "52W")
        for quantity, draws in anew.quantities.items():
            np.testing.assert_allclose(after[quantity], draws, rtol=1e-9)


@pytest.mark.parametrize("horizon", ["52W", "inf"])
def test_another_discount_rate_is_another_valuation(
    valued: Any, known: Any, cdnow_spend: Any, some: Any, horizon: str
) -> None:
    valuation = valued(known, cdnow_spend, some, **FOR_EVER)
    economics = changed(ECONOMICS, "discount_rate", -0.4)
    anew = replace(valuation, basis=replace(valuation.basis, economics=economics))
    after = worlds(valuation, [Changes(discount_rate=-0.4)], horizon).quantities
    for quantity, draws in worlds(anew, [Changes()], horizon).quantities.items():
        np.testing.assert_allclose(after[quantity], draws, rtol=1e-6)


def test_the_world_as_it_is_has_the_value_of_the_valuation(
    valued: Any, known: Any, cdnow_spend: Any, some: Any
) -> None:
    valuation = valued(known, cdnow_spend, some, **CLOCK)
    found = worlds(valuation, [Changes()], "52W").quantities
    for quantity, mean in [
        ("residual_value", valuation.total["value_mean"].iloc[1]),
        ("new_customer_value", valuation.new_customer["new_customer_value_mean"].iloc[1]),
        ("acquisition_npv", valuation.new_customer["acquisition_npv_mean"].iloc[1]),
    ]:
        draws = found[quantity][0]
        # the other mean has draws of its own of clock and first orders: as much chance again
        assert abs(draws.mean() - mean) < 1.5 * CHANCE * draws.std() / math.sqrt(DRAWS)


def test_new_customers_are_those_of_the_channels_as_they_are_in_the_base(
    valued: Any, bg: Any, cdnow_spend: Any, some: Any
) -> None:
    by_channel = replace(ECONOMICS, cac={"search": 10.0, "shop": 30.0}, cac_by="channel")
    found = worlds(valued(bg, cdnow_spend, some, by_channel), [Changes(cac=0.5)], "52W").quantities
    share = (some.frame["channel"] == "shop").mean()
    costs = found["new_customer_value"] - found["acquisition_npv"]
    np.testing.assert_allclose(costs, 1.5 * (30.0 * share + 10.0 * (1.0 - share)), rtol=1e-12)


# ---- levers, as they are defined -----------------------------------------------------------------


def test_retention_is_the_share_alive_that_stays_a_year(known_purchases: Any, cdnow_spend: Any, some: Any) -> None:
    fitted = known_purchases.fitted
    basis = Basis(fitted, cdnow_spend, some, COSTLESS, None, 200, 0)
    nothing = {"frequency": 0, "recency": 0.0, "T": 0.0, "monetary_value": 0.0, "monetary_value_all": 0.0}
    nobody = replace(some, frame=some.frame.assign(**nothing))
    base, new = RetentionRate.of_base(basis, basis.futures(YEAR)), RetentionRate.of_newcomers([(basis.of(nobody), 1.0)])
    for days in (37, 365, 3650):  # the year after 1997-09-30 has 365: hazards multiplied are times multiplied

        def share(summary: Any, days: int = days) -> float:
            later = fitted.probability_alive_at(summary, f"{days}D")["mean"].sum()
            return float(later / fitted.probability_alive(summary)["mean"].sum())

        assert new.at(days / 365.0) == pytest.approx(share(nobody), rel=1e-4, abs=1e-5)
        drawn = 200.0 * fitted.probability_alive(some)["mean"].sum()
        assert abs(base.at(days / 365.0) - share(some)) < CHANCE * 0.5 / math.sqrt(drawn)


def test_one_percent_more_retention_keeps_one_percent_more_customers(
    valued: Any, known: Any, cdnow_spend: Any, some: Any
) -> None:
    basis = valued(known, cdnow_spend, some, **CLOCK).basis
    futures, elapsed = basis.futures(YEAR), basis.clock(YEAR).elapsed[-1]
    rate = RetentionRate.of_base(basis, futures)
    for change in (0.01, -0.01, -0.3):
        hazard = rate.hazard(change)
        assert (hazard < 1.0) == (change > 0.0)
        alive, now, then = survivors_given_states(futures, basis.terms.kind, np.array([0.0, 1.0, hazard]), elapsed)
        assert rate.at(1.0) == pytest.approx(now / alive, rel=1e-4)
        assert then / now == pytest.approx(1.0 + change, rel=1e-4)


def test_new_customers_who_stay_longer_buy_as_on_a_slower_clock(
    valued: Any, known: Any, cdnow_spend: Any, some: Any
) -> None:
    valuation = valued(known, cdnow_spend, some, COSTLESS)
    found = worlds(valuation, [Changes(), Changes(retention=0.1)], "52W")
    before, after = found.quantities["new_customer_value"].mean(axis=1)
    hazard, rate = found.newcomer_retention.hazard(0.1), math.log(1.15) / 52.0

    def purchases(g: float) -> float:
        return known.fitted.new_customer_purchases(known.theta[:, None], np.array([52.0 * g]), rate / g).item() / g

    amount = cdnow_spend.population_mean["mean"].item()
    assert after - before == pytest.approx(0.3 * amount * (purchases(hazard) - purchases(1.0)), rel=1e-4)


def test_frequency_moves_purchases_and_not_lifetimes(valued: Any, known: Any, cdnow_spend: Any, some: Any) -> None:
    only_alive = lw.Economics(0.0, 0.15, cost_per_year_alive=2.0)
    for economics, change in ((COSTLESS, 0.2), (only_alive, 0.0)):
        before, after = worlds(
            valued(known, cdnow_spend, some, economics), [Changes(), Changes(frequency=0.2)], "52W"
        ).quantities["residual_value"]
        np.testing.assert_allclose(after, (1.0 + change) * before, rtol=1e-12)


def test_margin_and_order_value_are_one_for_one_where_there_are_no_costs(
    valued: Any, bg: Any, cdnow_spend: Any, some: Any
) -> None:
    frame = elasticities(valued(bg, cdnow_spend, some, COSTLESS)).frame
    for lever in ("margin", "order_value"):
        for quantity in ("residual_value", "new_customer_value"):
            found = row(frame, quantity=quantity, lever=lever)
            for end in ("mean", "q05", "q95"):
                assert found[f"elasticity_{end}"] == pytest.approx(1.0, rel=1e-9)


def test_margin_is_the_share_before_costs_that_are_a_share_of_revenue(
    valued: Any, bg: Any, cdnow_spend: Any, some: Any
) -> None:
    economics = lw.Economics(0.3, 0.15, cost_share=0.1)
    found = row(elasticities(valued(bg, cdnow_spend, some, economics)).frame, quantity="residual_value",
                lever="margin")  # fmt: skip
    assert found["elasticity_mean"] == pytest.approx(0.3 / 0.2, rel=1e-9)


def test_cac_acts_on_acquisition_npv_alone(valued: Any, bg: Any, cdnow_spend: Any, some: Any) -> None:
    frame = elasticities(valued(bg, cdnow_spend, some), change=0.1, levers=["cac"]).frame
    for quantity, moved in (("residual_value", 0.0), ("new_customer_value", 0.0), ("acquisition_npv", -2.0)):
        found = row(frame, quantity=quantity, lever="cac")
        assert [found[f"difference_{end}"] for end in ("mean", "q05", "q95")] == pytest.approx([moved] * 3, abs=1e-9)
    assert "CAC does nothing to residual value" in frame["in_words"].tolist()


def test_worlds_are_paired_and_retention_is_worth_more_the_further_one_looks(
    valued: Any, known: Any, cdnow_spend: Any, some: Any
) -> None:
    valuation, found = valued(known, cdnow_spend, some, **FOR_EVER), {}
    for label in ("52W", "inf"):
        before, after = worlds(valuation, [Changes(), Changes(retention=0.01)], label).quantities["residual_value"]
        assert (after > before).all()
        assert (after - before).std() < 0.1 * before.std()
        found[label] = (after - before).mean() / before.mean()
    assert found["52W"] < found["inf"]


# ---- elasticities, tornado and what-if -----------------------------------------------------------


def test_every_lever_has_a_row_for_every_quantity(valued: Any, bg: Any, cdnow_spend: Any, some: Any) -> None:
    found = elasticities(valued(bg, cdnow_spend, some, horizon="52W"))
    assert len(found.frame) == 3 * len(LEVERS)
    assert found.horizon == "52W"
    assert found.currency == "$"
    assert "12 months" in found.rule
    fewer = elasticities(valued(bg, cdnow_spend, some, lw.Economics(0.3, 0.0), horizon="52W")).frame
    assert fewer["lever"].unique().tolist() == ["retention", "frequency", "order_value", "margin"]
    assert fewer["quantity"].unique().tolist() == ["residual_value", "new_customer_value"]


def test_elasticities_of_a_value_that_may_be_nothing_are_not_told(
    valued: Any, bg: Any, cdnow_spend: Any, some: Any
) -> None:
    dear = replace(ECONOMICS, cac=60.0)
    found = elasticities(valued(bg, cdnow_spend, some, dear, horizon="52W"), levers=["margin"])
    npv = row(found.frame, quantity="acquisition_npv")
    assert npv[["elasticity_mean", "elasticity_q05", "elasticity_q95"]].isna().all()
    assert npv["difference_mean"] > 0.0
    assert any("acquisition NPV are not told" in note for note in found.notes)


def test_the_parts_of_a_what_if_add_up_exactly(valued: Any, bg: Any, cdnow_spend: Any, some: Any) -> None:
    found = what_if(valued(bg, cdnow_spend, some), retention=0.05, margin=-0.1, cost_per_order=0.2, cac=-0.5)
    assert found.parts["lever"].unique().tolist() == ["retention", "margin", "cost_per_order", "cac", "interaction"]
    for quantity, parts in found.parts.groupby("quantity"):
        whole = row(found.frame, quantity=quantity)
        assert parts["difference_mean"].sum() == pytest.approx(whole["difference_mean"], rel=1e-9)
        assert whole["after_mean"] - whole["before_mean"] == pytest.approx(whole["difference_mean"], rel=1e-9)
        assert whole["difference_q05"] < whole["difference_mean"] < whole["difference_q95"]
    alone = what_if(valued(bg, cdnow_spend, some), retention=0.05)
    assert alone.parts["lever"].unique().tolist() == ["retention"]
    for quantity in ("residual_value", "acquisition_npv"):
        one, part = (row(frame, quantity=quantity, lever="retention") for frame in (found.parts, alone.parts))
        assert one["difference_mean"] == pytest.approx(part["difference_mean"], rel=1e-9)


def test_a_tornado_has_the_lever_that_moves_value_most_first(valued: Any, bg: Any, cdnow_spend: Any, some: Any) -> None:
    found = tornado(valued(bg, cdnow_spend, some), change=0.05, horizon="52W")
    base = found.frame[found.frame["quantity"] == "residual_value"]
    assert base["change"].tolist() == [-0.05, 0.05] * len(LEVERS)
    widest = base["difference_mean"].abs().to_numpy().reshape(-1, 2).max(axis=1)
    assert (np.diff(widest) <= 0.0).all()
    margin = base[base["lever"] == "margin"]["difference_mean"].to_numpy()
    assert margin[0] == pytest.approx(-margin[1], rel=1e-9)


def test_the_default_horizon_is_the_longest(valued: Any, bg: Any, cdnow_spend: Any, some: Any) -> None:
    assert what_if(valued(bg, cdnow_spend, some, horizon=["104W", "52W"]), margin=0.1).horizon == "104W"


# ---- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"margin": 10}, "If 10 percent is meant, pass 0.1"),
        ({"retention": -5}, "If -5 percent is meant, pass -0.05"),
        ({"frequency": 1}, "If 1 percent is meant, pass 0.01"),
        ({"order_value": "more"}, "order_value: expected a relative change"),
        ({"frequency": math.nan}, "frequency: expected a relative change"),
        ({"margin": True}, "margin: expected a relative change"),
        ({}, "expected a change of at least one of retention"),
        ({"margin": 0.0}, "expected a change of at least one of retention"),
        ({"cost_per_year_alive": 0.1}, "cost_per_year_alive: the valuation's economics have none"),
        ({"cac": 0.1}, "cac: the valuation's economics have none"),
        ({"margin": 0.5}, "above all of the revenue; expected at most [+]0.250"),
        ({"discount_rate": 0.9}, "100 % or more; take less"),
        ({"retention": 0.99}, "would keep more than all of them. Expected less than [+]"),
        ({"retention": -0.9999}, "take a smaller change"),
        ({"discount_rate": -1.0}, "without discounting, value for ever may be infinite"),
        ({"margin": 0.1, "horizon": "13W"}, "'13W' was not valued"),
    ],
)
def test_a_what_if_that_makes_no_sense_is_refused(
    valued: Any, bg: Any, cdnow_spend: Any, four: Any, changes: dict[str, Any], said: str
) -> None:
    economics = lw.Economics(0.8, 0.6 if "discount_rate" in changes else 0.15)
    valuation = valued(bg, cdnow_spend, four, economics, draws=10, **FOR_EVER)
    with pytest.raises(InputError, match=said):
        what_if(valuation, **changes)


def test_elasticities_that_make_no_sense_are_refused(valued: Any, bg: Any, cdnow_spend: Any, four: Any) -> None:
    valuation = valued(bg, cdnow_spend, four, draws=10)
    with pytest.raises(InputError, match=r"levers: expected some of retention.*; got churn"):
        elasticities(valuation, levers=["churn"])
    with pytest.raises(InputError, match=r"levers: .*; got none"):
        tornado(valuation, levers=[])
    with pytest.raises(InputError, match=r"change: .* other than 0"):
        elasticities(valuation, change=0.0)
    with pytest.raises(InputError, match=r"change: .* If 5 percent is meant, pass 0.05"):
        tornado(valuation, change=5)
