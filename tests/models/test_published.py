"""Published and recomputed values, to the printed digits: Fader, Hardie & Lee (2005) and their notes, on CDNOW.

Tables are keyed by the name of a model: a new one brings its published values, or fails here by name.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw

if TYPE_CHECKING:
    from collections.abc import Callable

DECIMALS: Final = 0.5000001
"""Half a unit of the last printed digit."""


@dataclass(frozen=True)
class Printed:
    """Where published.json has the values of a transaction model.

    Attributes
    ----------
    sample_39, full_39 : str
        Keys of the sample and of all customers until 1997-09-30.
    sample_78 : str or None
        Key of the sample until 1998-06-30, if it was published.
    oracle : str
        Key among the values of single customers.
    golden : str or None
        Prefix of the columns of the golden grid.
    """

    sample_39: str
    full_39: str
    sample_78: str | None
    oracle: str
    golden: str | None


PURCHASES: Final = {
    "BG/NBD": Printed("bgnbd_cdnow_sample_39wk", "bgnbd", "bgnbd_computed", "BG", ""),
    "MBG/NBD": Printed("mbgnbd_cdnow_sample_39wk", "mbgnbd", None, "MBG", "MBG_"),
    "Pareto/NBD": Printed("paretonbd_cdnow_sample_39wk", "paretonbd", "paretonbd_computed", "PN", None),
}
SPEND: Final = {"Gamma-Gamma": ("gammagamma_cdnow_sample_39wk", "gammagamma_computed")}


def printed(model: type) -> Any:
    """Return where the published values of a model stand; fail by name if nowhere."""
    table = PURCHASES if model in lw.models.TRANSACTION_MODELS else SPEND
    if model.name not in table:
        pytest.fail(f"{model.name}: no published values; add them to tests/reference and to the table in this file.")
    return table[model.name]


def assert_digits(found: float, value: float, digits: int) -> None:
    """Check that a number is a printed one, to its last digit."""
    assert found == pytest.approx(value, abs=DECIMALS * 10.0**-digits), f"found {found}, printed {value}"


def decimals(value: float) -> int:
    """Count the digits behind the point."""
    return len(str(value).partition(".")[2])


def assert_estimates(fit: Any, summary: Any, values: dict[str, float], digits: int) -> None:
    """Check parameters, and the log likelihood at them, to the printed digits."""
    for name in fit.model.parameters:
        assert_digits(fit.parameters.loc[name, "mean"], values[name], digits)
    assert_digits(fit.log_likelihood(summary).sum(), values["LL"], decimals(values["LL"]))


# ---- estimates -----------------------------------------------------------------------------------


def test_maximum_likelihood_on_the_sample_is_the_published_one(
    transaction_model: Any, fitted: Callable[..., Any], cdnow_sample: Any, published: dict[str, Any]
) -> None:
    values = published[printed(transaction_model).sample_39]["computed"]
    assert_estimates(fitted(transaction_model, "map", "flat"), cdnow_sample, values, 4)


def test_default_priors_stay_within_two_percent_of_maximum_likelihood(
    transaction_model: Any, fitted: Callable[..., Any], published: dict[str, Any]
) -> None:
    values = published[printed(transaction_model).sample_39]["computed"]
    found = fitted(transaction_model, "map").parameters["mean"]
    for name in transaction_model.parameters:
        assert found[name] == pytest.approx(values[name], rel=0.02), name


def test_standard_errors_of_log_parameters_are_the_published_ones(
    transaction_model: Any, fitted: Callable[..., Any], published: dict[str, Any]
) -> None:
    values = published[printed(transaction_model).sample_39]
    if "se_log_params" not in values:
        return
    draws = fitted(transaction_model, "map", "flat", draws=100_000).posterior.approximate
    # 100,000 draws know a standard deviation to 0.2 %: four of them, and half the last printed digit
    np.testing.assert_allclose(np.log(draws).std(axis=0), values["se_log_params"], rtol=0.01, atol=5e-4)


def test_the_fit_on_78_weeks_is_the_published_one(transaction_model: Any, published: dict[str, Any]) -> None:
    key = printed(transaction_model).sample_78
    if key is None:
        return
    summary = lw.summarise(lw.load_cdnow(sample=True), until="1998-06-30")
    fit = transaction_model(priors="flat").fit(summary, method="map")
    values = published["cdnow_sample_78wk"][key]
    assert_estimates(fit, summary, values, 4)


def test_the_fit_on_all_customers_is_the_published_one(
    transaction_model: Any, cdnow: Any, published: dict[str, Any]
) -> None:
    values = published["cdnow_master_39wk"][printed(transaction_model).full_39]
    fit = transaction_model(priors="flat").fit(cdnow, method="map")
    for name in transaction_model.parameters:
        assert_digits(fit.parameters.loc[name, "mean"], values[name], decimals(values[name]))
    assert_digits(fit.log_likelihood(cdnow).sum(), values["LL"], 1)


def test_spend_of_repeat_purchases_is_the_published_one(
    spend_model: Any, fitted: Callable[..., Any], cdnow_sample: Any, published: dict[str, Any]
) -> None:
    values = published[printed(spend_model)[0]]["computed"]
    fit = fitted(spend_model, "map", "flat", first_purchase=False)
    assert_estimates(fit, cdnow_sample, values, 4)
    assert fit.posterior.attributes["customers"] <= published["gammagamma_cdnow_sample_39wk"]["published"]["n"]


def test_default_spend_priors_stay_within_two_percent_of_the_mean_spend(
    spend_model: Any, fitted: Callable[..., Any]
) -> None:
    flat = fitted(spend_model, "map", "flat", first_purchase=False)
    default = fitted(spend_model, "map", first_purchase=False)
    assert default.population_mean["mean"].item() == pytest.approx(flat.population_mean["mean"].item(), rel=0.02)
    np.testing.assert_allclose(default.parameters["mean"], flat.parameters["mean"], rtol=0.02)


def test_spend_on_78_weeks_is_the_published_one(spend_model: Any, published: dict[str, Any]) -> None:
    summary = lw.summarise(lw.load_cdnow(sample=True), until="1998-06-30")
    fit = spend_model(first_purchase=False, priors="flat").fit(summary, method="map")
    # three digits: the likelihood is so flat that the fourth of v moves it by 1e-7, and optimisers differ in it
    assert_estimates(fit, summary, published["cdnow_sample_78wk"][printed(spend_model)[1]], 3)


# ---- the holdout and new customers ---------------------------------------------------------------


def test_expected_purchases_of_the_holdout_are_the_published_ones(
    transaction_model: Any, fitted: Callable[..., Any], cdnow_sample: Any, published: dict[str, Any]
) -> None:
    values = published[printed(transaction_model).sample_39]["holdout39"]
    expected = fitted(transaction_model, "map", "flat").expected_purchases(cdnow_sample, "39W")["mean"].to_numpy()
    later = lw.summarise(lw.load_cdnow(sample=True), until="1998-06-30").frame["frequency"].to_numpy()
    actual = later - cdnow_sample.frame["frequency"].to_numpy()
    assert actual.sum() == published["cdnow"]["sample_39wk"]["repeat_txn_holdout"]
    assert_digits(expected.sum(), values["total"], 1)
    assert_digits(np.corrcoef(expected, actual)[0, 1], values["corr"], 4)
    assert_digits(np.abs(expected - actual).mean(), values["mae"], 4)
    assert_digits(math.sqrt(np.square(expected - actual).mean()), values["rmse"], decimals(values["rmse"]))


def test_expected_purchases_of_newcomers_add_up_to_the_published_curve(
    transaction_model: Any, published: dict[str, Any], cdnow_sample: Any
) -> None:
    values = published[printed(transaction_model).sample_39]
    if "unconditional_cum" not in values:
        return
    names = transaction_model.parameters
    model = transaction_model.from_parameters(
        unit="D", **to_days(transaction_model, {name: values["computed"][name] for name in names})
    )
    ages = np.rint(cdnow_sample.frame["T"].to_numpy() * 7.0).astype(int)
    for week in (39, 78):
        days, customers = np.unique(ages + 7 * (week - 39), return_counts=True)
        expected = [model.expected_purchases_new_customer(f"{day}D")["mean"].item() for day in days]
        assert float(customers @ expected) == pytest.approx(values["unconditional_cum"][f"wk{week}"], rel=2e-4)


def to_days(model: Any, parameters: dict[str, float]) -> dict[str, float]:
    """Parameters in weeks as parameters in days."""
    return {name: value * (7.0 if name in model.unit_parameters else 1.0) for name, value in parameters.items()}


# ---- single customers ----------------------------------------------------------------------------


def test_values_of_single_customers_are_those_of_the_oracle(transaction_model: Any, published: dict[str, Any]) -> None:
    oracle, key = published["per_customer_oracle"], printed(transaction_model).oracle
    rows = pd.DataFrame([{name: row[name] for name in ("x", "tx", "T")} for row in oracle["rows"]])
    frame = rows.rename(columns={"x": "frequency", "tx": "recency"}).assign(customer_id=list("abcd"))
    summary = lw.CustomerSummary.from_frame(frame, unit="W")
    fit = transaction_model.from_parameters(
        unit="W", **dict(zip(transaction_model.parameters, oracle["params"][key], strict=True))
    )
    annual = math.expm1(52.0 * oracle["delta_week"])
    found = {
        "ll": fit.log_likelihood(summary),
        "palive": fit.probability_alive(summary)["mean"],
        "ce39": fit.expected_purchases(summary, "39W")["mean"],
        "dert": fit.discounted_expected_purchases(summary, annual)["mean"],
    }
    for name, values in found.items():
        np.testing.assert_allclose(
            values, [row[key][name] for row in oracle["rows"]], rtol=0.0, atol=1.0001e-6, err_msg=name
        )


def test_expected_spend_of_single_customers_is_that_of_the_oracle(published: dict[str, Any]) -> None:
    oracle = published["per_customer_oracle"]
    p, q, v = oracle["params"]["GG"]
    rows = oracle["rows"]
    frame = pd.DataFrame(
        {
            "customer_id": list("abcd"),
            "frequency": [row["x"] for row in rows],
            "recency": [row["tx"] for row in rows],
            "T": [row["T"] for row in rows],
            "monetary_value": [float(row["zbar"]) for row in rows],
        }
    )
    spend = lw.GammaGammaModel.from_parameters(p=p, q=q, v=v)
    found = spend.expected_spend(lw.CustomerSummary.from_frame(frame, unit="W"))["mean"]
    np.testing.assert_allclose(found, [row["EZ"] for row in rows], rtol=0.0, atol=1.0001e-6)


GOLDEN: Final = {
    "bgnbd_cdnow": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "bgnbd_a_gt1": {"r": 0.607, "alpha": 20.957, "a": 1.2755, "b": 8.861},
    "bgnbd_misc": {"r": 0.85, "alpha": 1.45, "a": 0.79, "b": 2.42},
}
"""Parameters of the golden grid (tests/reference/fixed_bgnbd_mbgnbd.csv)."""


@pytest.mark.parametrize("name", GOLDEN)
def test_the_golden_grid_is_met_to_nine_digits(transaction_model: Any, golden: pd.DataFrame, name: str) -> None:
    prefix = printed(transaction_model).golden
    if prefix is None:
        return
    rows = golden[golden["set"] == name].reset_index(drop=True)
    frame = rows.rename(columns={"x": "frequency", "t_x": "recency"})[["frequency", "recency", "T"]]
    summary = lw.CustomerSummary.from_frame(frame.assign(customer_id=frame.index), unit="W")
    fit = transaction_model.from_parameters(unit="W", **GOLDEN[name])
    (weeks,) = rows["periods"].unique()
    assert len(rows) > 10
    assert_close(fit.log_likelihood(summary), rows[f"{prefix}LL"])
    assert_close(fit.probability_alive(summary)["mean"], rows[f"{prefix}PAlive"])
    assert_close(fit.expected_purchases(summary, f"{weeks}W")["mean"], rows[f"{prefix}CET"])


def assert_close(found: Any, values: Any) -> None:
    """Agree to 1e-9, relative to values above 1; the grid itself holds 1.5e-9 (see its README)."""
    np.testing.assert_allclose(found, values, rtol=1e-9, atol=1e-9)


# ---- money ---------------------------------------------------------------------------------------

VALUATION: Final = "valuation_oracle_cdnow_sample_39wk_BG_GG"


def test_values_by_horizon_are_those_of_the_oracle(cdnow_sample: Any, published: dict[str, Any]) -> None:
    oracle = published[VALUATION]
    purchases, spend = of_the_oracle(oracle)
    economics = lw.Economics(margin=oracle["margin"], annual_discount_rate=0.15)
    totals = oracle["total_clv_by_horizon_weeks"]
    horizons = [f"{weeks}W" for weeks in totals]
    found = lw.value(purchases, spend, cdnow_sample, economics, horizons, draws=2, per_customer=False)
    np.testing.assert_allclose(found.total["value_mean"], list(totals.values()), rtol=1e-3)
    assert list(found.total["horizon"]) == horizons


def test_undiscounted_purchases_by_horizon_are_those_of_the_oracle(
    cdnow_sample: Any, published: dict[str, Any]
) -> None:
    oracle = published[VALUATION]
    purchases, spend = of_the_oracle(oracle)
    totals = oracle["undiscounted_purchases"]
    found = lw.forecast(purchases, spend, cdnow_sample, [f"{weeks}W" for weeks in totals], draws=2, per_customer=False)
    np.testing.assert_allclose(found.total["purchases_mean"], list(totals.values()), rtol=1e-4)


def of_the_oracle(oracle: dict[str, Any]) -> tuple[Any, Any]:
    """Return the models of the valuation oracle, at its parameters."""
    r, alpha, a, b = oracle["params"]["BG"]
    p, q, v = oracle["params"]["GG"]
    purchases = lw.BetaGeoModel.from_parameters(r=r, alpha=alpha, a=a, b=b, unit="W")
    return purchases, lw.GammaGammaModel.from_parameters(p=p, q=q, v=v)
