"""What cannot be answered is refused in words: what was expected, what came, what to do. Tests of the help itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.ground.errors import LifeworthError

PLAIN = {"margin": 0.3, "annual_discount_rate": 0.15}


def refused(match: str) -> Any:
    """Expect an InputError."""
    return pytest.raises(lw.InputError, match=match)


def test_errors_are_of_the_kinds_that_python_users_catch() -> None:
    assert issubclass(lw.InputError, ValueError)
    assert issubclass(lw.FitError, RuntimeError)
    assert issubclass(lw.InputError, LifeworthError)
    assert issubclass(lw.FitError, LifeworthError)
    assert issubclass(lw.ConvergenceWarning, UserWarning)


# ---- summaries -----------------------------------------------------------------------------------


def test_a_frame_is_no_summary_and_the_way_to_one_is_told(known: Any, cdnow_spend: Any, four: Any) -> None:
    fit, spend, frame = known.fitted, cdnow_spend, four.frame
    for ask in (
        lambda: type(fit.model)().fit(frame),
        lambda: fit.probability_alive(frame),
        lambda: fit.probability_active(frame, "26W"),
        lambda: fit.expected_purchases(frame, "26W"),
        lambda: fit.discounted_expected_purchases(frame, 0.1),
        lambda: fit.purchase_pmf(frame, "26W"),
        lambda: fit.log_likelihood(frame),
        lambda: type(spend.model)().fit(frame),
        lambda: spend.expected_spend(frame),
        lambda: lw.forecast(fit, spend, frame, "26W"),
        lambda: lw.value(fit, spend, frame, lw.Economics(**PLAIN)),
    ):
        with refused(r"summary: expected a CustomerSummary, got .*DataFrame. Make one with summarise\(orders"):
            ask()


@pytest.mark.parametrize("unit", ["D", "Y"])
def test_a_summary_in_another_unit_is_refused_with_both_remedies(
    known: Any, cdnow_spend: Any, four: Any, unit: str
) -> None:
    other = lw.CustomerSummary.from_frame(four.frame, unit=unit)
    name = {"D": "days", "Y": "years"}[unit]
    message = f'the model counts time in weeks, the summary in {name}. Summarise with unit="W", or fit .* unit="{unit}"'
    for ask in (
        lambda: known.fitted.probability_alive(other),
        lambda: known.fitted.expected_purchases(other, "26W"),
        lambda: lw.forecast(known.fitted, cdnow_spend, other, "26W"),
        lambda: lw.value(known.fitted, cdnow_spend, other, lw.Economics(**PLAIN)),
    ):
        with refused(message):
            ask()


def test_a_summary_edited_into_the_impossible_is_refused_where_it_is_used(known: Any, four: Any) -> None:
    edited = lw.CustomerSummary.from_frame(four.frame, unit="W")
    edited.frame.loc[1, "recency"] = 1000.0
    with refused(r"recency: expected at most T .*row 1 \(customer lapsed\): 1000"):
        known.fitted.probability_alive(edited)


def test_customers_who_never_came_back_cannot_be_fitted(transaction_model: Any, four: Any) -> None:
    nobody = four.select(four.frame["frequency"].to_numpy() == 0)
    with refused(r"frequency: none of the 1 customers has bought twice, .* Give a longer history or more customers"):
        transaction_model().fit(nobody)


def test_spend_without_a_column_of_amounts_cannot_be_fitted(spend_model: Any, four: Any) -> None:
    counts = lw.CustomerSummary.from_frame(four.frame.drop(columns=["monetary_value", "monetary_value_all"]), unit="W")
    repeats = lw.CustomerSummary.from_frame(four.frame.drop(columns="monetary_value_all"), unit="W")
    with refused("monetary_value: expected this column .* Summarise the orders with their amounts"):
        spend_model().fit(counts)
    with refused(
        "monetary_value_all: expected this column .*or fit with first_purchase=False, which uses monetary_value"
    ):
        spend_model(first_purchase=True).fit(repeats)
    notes = spend_model().fit(repeats, method="map").diagnostics.notes
    assert any("repeat purchases alone" in note for note in notes)


@pytest.mark.parametrize("first_purchase", [True, False])
def test_spend_without_a_known_amount_cannot_be_fitted(spend_model: Any, four: Any, first_purchase: bool) -> None:
    unknown = lw.CustomerSummary.from_frame(four.frame.assign(monetary_value=0.0, monetary_value_all=0.0), unit="W")
    column = "monetary_value_all" if first_purchase else "monetary_value"
    with refused(f"^{column}: none of the 4 customers has a known amount above 0; summarise with the amount column"):
        spend_model(first_purchase=first_purchase).fit(unknown)


def test_customers_left_out_of_a_spend_fit_are_counted(spend_model: Any, four: Any) -> None:
    notes = spend_model(first_purchase=False).fit(four, method="map").diagnostics.notes
    assert any("1 of 4 customers have no known amount and were left out" in note for note in notes)


def test_customers_who_all_spend_the_same_give_an_error_with_a_remedy(spend_model: Any) -> None:
    frame = pd.DataFrame({"customer_id": range(200), "frequency": 2, "recency": 5.0, "T": 9.0, "monetary_value": 19.99})
    with pytest.raises(lw.FitError, match=r"no mode was found.*Give .*nothing was fitted"):
        spend_model(first_purchase=False).fit(lw.CustomerSummary.from_frame(frame, unit="W"))


# ---- parameters ----------------------------------------------------------------------------------


def parameters_of(known_set: Any) -> dict[str, Any]:
    """Arguments of from_parameters."""
    settings = {} if isinstance(known_set.fitted.model, lw.GammaGammaModel) else {"unit": "W"}
    return {**known_set.parameters, **settings}


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_a_parameter_is_a_positive_finite_number(known_purchases: Any, known_spend: Any, bad: float) -> None:
    for known_set in (known_purchases, known_spend):
        for name in known_set.parameters:
            with refused(f"from_parameters: {name} must be a positive finite number, got "):
                type(known_set.fitted.model).from_parameters(**{**parameters_of(known_set), name: bad})


@pytest.mark.parametrize("bad", ["many", None, [1.0, 2.0]])
def test_a_parameter_that_is_no_number_is_refused(known: Any, bad: object) -> None:
    name = next(iter(known.parameters))
    with refused(f"from_parameters: {name}"):
        type(known.fitted.model).from_parameters(**{**parameters_of(known), name: bad})


def test_parameters_are_all_named_and_no_other(known: Any) -> None:
    model = type(known.fitted.model)
    arguments = parameters_of(known)
    letters = ", ".join(model.parameters)
    with refused(f"from_parameters: {model.name} expects {letters}; got "):
        model.from_parameters(**arguments, zeta=1.0)
    arguments.pop(model.parameters[-1])
    with refused(f"from_parameters: {model.name} expects {letters}; got "):
        model.from_parameters(**arguments)
    with refused("got none"):
        model.from_parameters(unit="W")


@pytest.mark.parametrize("q", [1.0, 0.5, 1e-9])
def test_spend_of_infinite_mean_is_refused(q: float) -> None:
    with refused(f"p=6.25, q={q:g}, v=15.44 give the population an infinite mean amount; .* needs q > 1"):
        lw.GammaGammaModel.from_parameters(p=6.25, q=q, v=15.44)


def test_an_unknown_unit_of_parameters_is_refused(known: Any) -> None:
    with refused("unit: expected one of H, D, W, M, Y"):
        type(known.fitted.model).from_parameters(unit="Q", **known.parameters)


# ---- fitting -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["mcmc", "LAPLACE", None, 3])
def test_an_unknown_method_is_refused(any_model: Any, four: Any, method: object) -> None:
    with refused("method: expected one of laplace, nuts, map, got "):
        any_model().fit(four, method=method)


@pytest.mark.parametrize("draws", [0, 3, -1, 2.5, True, math.nan, math.inf, "many", None])
def test_a_fit_needs_a_number_of_draws(any_model: Any, four: Any, draws: object) -> None:
    with refused("draws: expected "):
        any_model().fit(four, draws=draws)


@pytest.mark.parametrize("draws", [4, 5, 10, 30, 100])
@pytest.mark.filterwarnings("ignore::lifeworth.models.ground.errors.ConvergenceWarning")
def test_few_draws_are_a_verdict_or_an_error_with_a_remedy(any_model: Any, four: Any, draws: int) -> None:
    try:
        fit = any_model().fit(four, draws=draws)
    except lw.InputError as error:
        assert "draws" in str(error)  # noqa: PT017  # one of the two must come
    else:
        assert len(fit.posterior) == draws
        assert np.isfinite(fit.parameters.loc[:, ["mean", "sd"]]).all(axis=None)


# ---- horizons, counts, quantiles -----------------------------------------------------------------


def test_expectations_need_an_end(known: Any, four: Any) -> None:
    for ask in (
        lambda: known.fitted.expected_purchases(four, None),
        lambda: known.fitted.probability_active(four, None),
        lambda: known.fitted.purchase_pmf(four, None),
        lambda: known.fitted.expected_purchases_new_customer(None),
        lambda: lw.forecast(known.fitted, None, four, None),
        lambda: lw.forecast(known.fitted, None, four, ["26W", None]),
    ):
        with refused('horizon: .*an end such as "'):
            ask()


def test_for_ever_needs_a_discount_rate(known: Any, cdnow_spend: Any, four: Any) -> None:
    with refused(
        "without discounting .* may be infinite; give an end such as '60M', or an annual_discount_rate above 0"
    ):
        known.fitted.discounted_expected_purchases(four, 0.0)
    with refused("without discounting, value for ever may be infinite; give an end such as '60M'"):
        lw.value(known.fitted, cdnow_spend, four, lw.Economics(0.3, 0.0), ["12M", None])


def test_a_date_is_no_horizon_of_a_newcomer(known: Any) -> None:
    with refused("the date 1998-06-30 needs a cut-off"):
        known.fitted.expected_purchases_new_customer("1998-06-30")


@pytest.mark.parametrize("most", [-1, 2.5, "3", None])
def test_counts_go_up_to_a_whole_number(known: Any, four: Any, most: object) -> None:
    with refused("max_purchases: expected a whole number of 0 or more, got "):
        known.fitted.purchase_pmf(four, "26W", max_purchases=most)


@pytest.mark.parametrize("quantiles", [(5, 95), (0.0, 0.5), (0.5, 1.0), (math.nan,), (-0.1,), ("low",), 0.5, None])
def test_quantiles_are_levels_between_0_and_1(known: Any, cdnow_spend: Any, four: Any, quantiles: object) -> None:
    for ask in (
        lambda: known.fitted.probability_alive(four, quantiles=quantiles),
        lambda: known.fitted.expected_purchases_new_customer("26W", quantiles=quantiles),
        lambda: cdnow_spend.expected_spend(four, quantiles=quantiles),
        lambda: lw.forecast(known.fitted, None, four, "26W", quantiles=quantiles),
        lambda: lw.value(known.fitted, cdnow_spend, four, lw.Economics(**PLAIN), quantiles=quantiles),
    ):
        with refused(r"quantiles: expected levels between 0 and 1 such as \(0.05, 0.95\), got "):
            ask()


@pytest.mark.parametrize("draws", [0, -5, 2.5, True, math.nan, math.inf, "many", None])
def test_a_forecast_needs_a_number_of_draws(known: Any, cdnow_spend: Any, four: Any, draws: object) -> None:
    for ask in (
        lambda: lw.forecast(known.fitted, None, four, "26W", draws=draws),
        lambda: lw.value(known.fitted, cdnow_spend, four, lw.Economics(**PLAIN), draws=draws),
    ):
        with refused("draws: expected a whole number above 0 such as 1000, got "):
            ask()


# ---- groups --------------------------------------------------------------------------------------


def test_groups_are_attributes_of_the_summary(known: Any, four: Any) -> None:
    with refused(r"groups: 'country' is no attribute of the summary \(it has: channel\)\. Keep it with lw.summarise"):
        lw.forecast(known.fitted, None, four, "26W", groups=["channel", "country"])
    plain = lw.CustomerSummary.from_frame(four.frame.drop(columns="channel"), unit="W")
    with refused(r"it has: none"):
        lw.forecast(known.fitted, None, plain, "26W", groups="channel")
    with refused(r"by: no groups by 'channel' \(there are: none\)\. The summary needs it as an attribute"):
        lw.forecast(known.fitted, None, plain, "26W", draws=5).by("channel")


# ---- economics -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("economics", "message"),
    [
        (
            {"margin": 30},
            r"margin: expected a share .* got 30. If 30 percent is meant, pass 0.3. Costs per order belong",
        ),
        (
            {"margin": -0.1},
            r"margin: expected a share .* got -0.1\. If .* pass margin=0 and that as cost_share\. Costs",
        ),
        ({"margin": math.nan}, "margin: expected a share"),
        ({"margin": 1e6}, r"margin: expected a share .* got 1000000.0\. Costs"),
        ({"margin": None}, "margin: expected a share .* or a column; got None"),
        ({"annual_discount_rate": 15}, "annual_discount_rate: .* If 15 percent is meant, pass 0.15"),
        ({"annual_discount_rate": -0.1}, "annual_discount_rate: expected a rate of 0 or more"),
        ({"cost_per_order": -1.0}, "cost_per_order: expected an amount of 0 or more, got -1.0"),
        ({"cost_per_order": math.inf}, "cost_per_order: expected an amount"),
        ({"cac": -20.0}, "cac: expected an amount of 0 or more, got -20.0"),
        ({"cac": "20"}, "cac: expected an amount of 0 or more, got '20'"),
        (
            {"cac": {"shop": 5.0}},
            'cac_by: cac by group needs the attribute its keys belong to, such as cac_by="channel"',
        ),
        ({"cac": {"shop": -5.0}, "cac_by": "channel"}, r"cac\['shop'\]: expected an amount of 0 or more, got -5.0"),
    ],
)
def test_impossible_economics_are_refused_when_stated(economics: dict[str, Any], message: str) -> None:
    with refused(message):
        lw.Economics(**{**PLAIN, **economics})


@pytest.mark.parametrize(
    ("economics", "message"),
    [
        ({"margin": "profit"}, r"margin: no column 'profit' in the summary \(its attributes: channel\)"),
        (
            {"margin": "channel"},
            r"channel: expected a share between 0 and 1, .* 4 have something else \(customer_id \['once'",
        ),
        (
            {"cac": {"shop": 5.0}, "cac_by": "channel"},
            r"cac: none is given for channel \['search'\] \(2 customers\); it has \['shop'\]. Add",
        ),
        (
            {"cac": {"shop": 5.0}, "cac_by": "country"},
            r"cac_by: no column 'country' in the summary \(its attributes: channel\)",
        ),
    ],
)
def test_economics_that_do_not_fit_the_summary_are_refused(
    known: Any, cdnow_spend: Any, four: Any, economics: dict[str, Any], message: str
) -> None:
    with refused(message):
        lw.value(known.fitted, cdnow_spend, four, lw.Economics(**{**PLAIN, **economics}), draws=5)


@pytest.mark.parametrize("margins", [[0.1, 0.2, None, 0.3], [0.1, 0.2, 30.0, 0.3], [0.1, 0.2, -0.1, 0.3]])
def test_a_customer_without_a_margin_is_named(
    known: Any, cdnow_spend: Any, four: Any, margins: list[float | None]
) -> None:
    summary = lw.CustomerSummary.from_frame(four.frame.assign(my_margin=margins), unit="W")
    with refused(
        r"my_margin: expected a share .* 1 have something else \(customer_id \['regular'\]\). Fill or correct"
    ):
        lw.value(known.fitted, cdnow_spend, summary, lw.Economics("my_margin", 0.15), draws=5)


# ---- the wrong thing in the wrong place ----------------------------------------------------------


def test_a_model_that_was_not_fitted_cannot_forecast(known: Any, cdnow_spend: Any, four: Any) -> None:
    unfitted = type(known.fitted.model)()
    for ask in (
        lambda: lw.forecast(unfitted, cdnow_spend, four, "26W"),
        lambda: lw.forecast(cdnow_spend, known.fitted, four, "26W"),
        lambda: lw.forecast(known.fitted, lw.GammaGammaModel(), four, "26W"),
        lambda: lw.value(unfitted, cdnow_spend, four, lw.Economics(**PLAIN)),
        lambda: lw.value(known.fitted, None, four, lw.Economics(**PLAIN)),
    ):
        with refused("(purchases|spend): expected "):
            ask()


def test_a_valuation_needs_economics(known: Any, cdnow_spend: Any, four: Any) -> None:
    with refused("economics: expected "):
        lw.value(known.fitted, cdnow_spend, four, 0.3)


def test_a_purchase_on_the_day_of_the_first_is_refused_with_the_remedy() -> None:
    frame = pd.DataFrame({"customer_id": [1], "frequency": [3], "recency": [0.0], "T": [5.0]})
    with refused("recency: expected more than 0 where frequency is above 0 .*merge orders of one day"):
        lw.CustomerSummary.from_frame(frame, unit="W")
