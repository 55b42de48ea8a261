"""Prior predictive checks: what priors expect, where data lie in it, and what is refused. Nothing depends on chance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest

import lifeworth as lw
from lifeworth.models import SPEND_MODELS
from lifeworth.models.prediction.population import MOST_PURCHASES
from lifeworth.models.prediction.prior_plans import MOST_CUSTOMERS
from lifeworth.models.prediction.prior_predictive import PriorPredictive, prior_predictive

DRAWS: Final = 100
SHARES: Final = ("repeat_rate", "active_late")


def check(model: Any, summary: Any = None, **options: Any) -> PriorPredictive:
    if summary is None and not options:
        options = {"scale": 30.0, "purchases": 3} if type(model) in SPEND_MODELS else {"scale": 4.0, "T": 52.0}
    return prior_predictive(model, summary, draws=DRAWS, **options)


# ---- what it gives -------------------------------------------------------------------------------


def test_there_is_a_row_a_draw_with_parameters_and_quantities(any_model: Any) -> None:
    found = check(any_model())
    names = [quantity.name for quantity in found.quantities]
    assert list(found.draws) == ["draw", *any_model.parameters, *names]
    assert len(found.draws) == DRAWS
    assert np.isfinite(found.draws.to_numpy()).all()
    for name in set(names) & set(SHARES):
        assert found.draws[name].between(0.0, 1.0).all()
        assert found.draws[name].nunique() > DRAWS / 2


def test_default_priors_hold_cdnow_possible(any_model: Any, cdnow_sample: lw.CustomerSummary) -> None:
    found = check(any_model(), cdnow_sample)
    assert found.ok
    assert found.table["tail_probability"].min() > 0.05
    assert found.customers <= MOST_CUSTOMERS


def test_observed_numbers_are_those_of_the_customers(transaction_model: Any, four: lw.CustomerSummary) -> None:
    found = check(transaction_model(), four)
    assert dict(found.observed) == {"repeat_rate": 0.75, "purchases_per_customer": 33 / 4, "active_late": 0.5}
    assert found.unit == "W"
    # the median over repeaters of the mean gap
    assert found.scale == pytest.approx(3.5 / 2)


@pytest.mark.parametrize("first_purchase", [None, True, False])
def test_observed_amounts_are_those_of_the_fit(first_purchase: bool | None, four: lw.CustomerSummary) -> None:
    found = check(lw.GammaGammaModel(first_purchase), four)
    if first_purchase is False:
        assert found.observed["aov"] == pytest.approx((2 * 12.5 + 5 * 40.0 + 26 * 30.0) / 33)
        assert found.scale == pytest.approx((12.5 + 40.0 + 30.0) / 3)
        assert found.customers == 3
    else:
        assert found.observed["aov"] == pytest.approx((20.0 + 3 * 15.0 + 6 * 36.0 + 27 * 31.0) / 37)
        assert found.customers == 4
    assert found.unit is None


def test_the_place_of_the_observed_value_is_that_of_counting(any_model: Any, cdnow_sample: lw.CustomerSummary) -> None:
    found = check(any_model(), cdnow_sample)
    for row in found.table.itertuples():
        values = found.draws[row.quantity].to_numpy()
        assert row.percentile == pytest.approx(np.mean(values < row.observed) + 0.5 * np.mean(values == row.observed))
        tails = np.mean(values <= row.observed), np.mean(values >= row.observed)
        assert row.tail_probability == pytest.approx(min(1.0, 2.0 * min(tails)))


def test_customers_are_expected_to_buy_more_over_a_longer_time(transaction_model: Any) -> None:
    short, long = (check(transaction_model(), T=T, scale=4.0).table.set_index("quantity") for T in (10.0, 200.0))
    assert (long.loc[["repeat_rate", "purchases_per_customer"], "mean"] > short["mean"].iloc[:2]).all()


def test_the_unit_of_time_and_of_money_does_not_matter(any_model: Any) -> None:
    spend = any_model in SPEND_MODELS
    options = {"purchases": 3} if spend else {"T": 52.0}
    other = {"purchases": 3} if spend else {"T": 364.0, "unit": "D"}
    weeks, days = check(any_model(), scale=4.0, **options), check(any_model(), scale=28.0, **other)
    last = weeks.quantities[-1].name  # a ratio
    np.testing.assert_allclose(weeks.draws[last], days.draws[last], rtol=1e-9)


def test_the_same_seed_gives_the_same_draws_and_another_gives_others(any_model: Any) -> None:
    name = check(any_model()).quantities[0].name
    one, again = check(any_model()).draws, check(any_model()).draws
    assert one.equals(again)
    options = {"scale": 30.0, "purchases": 3} if any_model in SPEND_MODELS else {"scale": 4.0, "T": 52.0}
    assert not one[name].equals(check(any_model(), seed=1, **options).draws[name])


def test_a_time_for_each_customer_is_used(transaction_model: Any) -> None:
    found = check(transaction_model(), T=[1e-9, 1e-9, 1e-9, 500.0], scale=1.0)
    assert found.customers == 4
    assert found.draws["repeat_rate"].max() <= 0.25


def test_a_prior_in_conflict_with_the_data_is_named(cdnow_sample: lw.CustomerSummary) -> None:
    # PyMC-Marketing's priors hold CDNOW's p for impossible; one that expects next to no repeats does the same
    hasty = lw.BetaGeoModel(priors={"mean_gap": lw.LogNormal(8.0, 0.1)})
    found = check(hasty, cdnow_sample)
    assert not found.ok
    assert "lies above nearly all that the priors expect: give wider priors" in found.sentence("repeat_rate")
    eager = check(
        lw.BetaGeoModel(priors={"mean_gap": lw.LogNormal(-3.0, 0.1), "r": lw.LogNormal(3, 0.1)}), cdnow_sample
    )
    assert "lies below nearly all" in eager.sentence("repeat_rate")


def test_sentences_say_where_the_observed_value_lies(cdnow_sample: lw.CustomerSummary) -> None:
    found = check(lw.BetaGeoModel(), cdnow_sample)
    draws = found.draws.assign(repeat_rate=np.linspace(0.0, 1.0, DRAWS))
    placed = replace(found, draws=draws, observed={"repeat_rate": 0.617, "purchases_per_customer": 1.0})
    assert placed.sentence("repeat_rate") == (
        "The observed repeat rate, 61.7 %, lies at the 62nd percentile of what the priors expect."
    )
    assert "The priors expect the share still buying" in placed.sentences[2]
    assert placed.sentences[0] in repr(placed)
    alone = replace(found, draws=draws, observed={})
    assert alone.ok
    assert alone.sentence("repeat_rate") == "The priors expect the repeat rate between 5 % and 95 %, nine times in ten."


def test_priors_too_wide_to_be_followed_are_noted() -> None:
    wild = lw.BetaGeoModel(priors={"mean_gap": lw.LogNormal(-18.0, 0.1), "phi": lw.Beta(1.0, 1e7)})
    found = prior_predictive(wild, T=52.0, customers=1, scale=1.0, draws=2)
    assert f"{MOST_PURCHASES:,}" in found.notes[0]
    assert found.notes[0] in repr(found)


# ---- what it refuses -----------------------------------------------------------------------------


def test_flat_priors_are_refused(any_model: Any) -> None:
    with pytest.raises(lw.InputError, match="flat prior has no draws; give the parameter a proper one"):
        check(any_model(priors="flat"))


def test_covariates_are_refused(any_model: Any, four: lw.CustomerSummary) -> None:
    with pytest.raises(lw.InputError, match="without covariates and groups"):
        check(any_model(covariates=["channel"]), four)


@pytest.mark.parametrize("scale", [None, 0.0, -1.0, np.nan, np.inf, "4W"])
def test_a_scale_is_needed_without_a_summary(any_model: Any, scale: Any) -> None:
    options = {"purchases": 3} if any_model in SPEND_MODELS else {"T": 52.0}
    with pytest.raises(lw.InputError, match=r"scale: expected the .* that the priors are relative to, above 0; got"):
        check(any_model(), scale=scale, **options)


@pytest.mark.parametrize("given", [None, 0.0, -1.0, np.nan, "52W", [], [[1.0]], [1.0, 0.0]])
def test_times_that_are_impossible_are_refused(given: Any) -> None:
    with pytest.raises(lw.InputError, match="T: expected a number above 0, or one for each customer"):
        check(lw.BetaGeoModel(), scale=4.0, T=given)


def test_numbers_of_amounts_that_are_impossible_are_refused() -> None:
    with pytest.raises(lw.InputError, match=r"purchases: expected whole numbers of 1 or more, got 1\.5"):
        check(lw.GammaGammaModel(), scale=4.0, purchases=1.5)


@pytest.mark.parametrize("customers", [0, 2.5, "many"])
def test_a_number_of_customers_that_is_impossible_is_refused(customers: Any) -> None:
    with pytest.raises(lw.InputError, match="customers: expected a whole number above 0"):
        check(lw.BetaGeoModel(), scale=4.0, T=52.0, customers=customers)


def test_a_summary_without_repeats_asks_for_a_scale(four: lw.CustomerSummary) -> None:
    once = four.select(np.array([True, False, False, False]))
    with pytest.raises(lw.InputError, match="has bought twice"):
        check(lw.BetaGeoModel(), once)
    assert check(lw.BetaGeoModel(), once, scale=4.0).observed["repeat_rate"] == 0.0


def test_an_unknown_quantity_is_refused_with_those_there_are() -> None:
    with pytest.raises(lw.InputError, match=r"expected one of repeat_rate, .*; got 'aov'"):
        check(lw.BetaGeoModel()).sentence("aov")


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(lw.InputError, match="model: expected a model, such as BetaGeoModel"):
        check(lw.BetaGeoModel, scale=4.0, T=52.0)
