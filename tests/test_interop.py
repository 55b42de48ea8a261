"""Models come over from lifetimes with the answers they gave there, and fitted models leave as plain values."""

from __future__ import annotations

import importlib
import json
import warnings
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models import MODELS
from lifeworth.models.fitted_purchases import FittedPurchases
from lifeworth.models.spend import FittedSpend
from lifeworth.pipelines.interop import TRANSACTION_FITTERS, from_lifetimes

FITTERS: Final = (*TRANSACTION_FITTERS, "GammaGammaFitter")


@pytest.fixture(scope="module")
def summary() -> lw.CustomerSummary:
    """2,357 customers of CDNOW until 1997-09-30, in weeks."""
    return lw.summarise(lw.load_cdnow(sample=True), until="1997-09-30", unit="W")


@pytest.fixture(scope="module")
def fitter(summary: lw.CustomerSummary) -> Callable[..., Any]:
    """Fitters of lifetimes on the sample, each made once: (name, penalizer_coef=0.0)."""
    made: dict[tuple[str, float], Any] = {}
    x, t_x, T, zbar = (summary.frame[name].to_numpy() for name in ("frequency", "recency", "T", "monetary_value"))

    def fit(name: str, penalizer_coef: float = 0.0) -> Any:
        if (name, penalizer_coef) not in made:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # lifetimes is no longer kept up: pandas and NumPy complain of it
                new = getattr(importlib.import_module("lifetimes"), name)(penalizer_coef=penalizer_coef)
                spent = (x > 0) & (zbar > 0)
                data = (x[spent], zbar[spent]) if name == "GammaGammaFitter" else (x, t_x, T)
                made[name, penalizer_coef] = new.fit(*data)
        return made[name, penalizer_coef]

    return fit


class Named:
    """Something called like a fitter of lifetimes, with estimates of one's own."""

    @staticmethod
    def fitter(name: str, **attributes: Any) -> Any:
        return type(name, (), attributes)()


BETA_GEO: Final = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}


# ---- from lifetimes --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TRANSACTION_FITTERS)
def test_a_transaction_fitter_gives_the_same_answers_here(
    name: str, fitter: Callable[..., Any], summary: lw.CustomerSummary
) -> None:
    theirs = fitter(name)
    ours = from_lifetimes(theirs, unit="W")
    assert isinstance(ours, FittedPurchases)
    x, t_x, T = (summary.frame[column].to_numpy() for column in ("frequency", "recency", "T"))
    expected = theirs.conditional_expected_number_of_purchases_up_to_time(39, x, t_x, T)
    np.testing.assert_allclose(ours.expected_purchases(summary, "39W")["mean"], expected, rtol=1e-6)
    alive = theirs.conditional_probability_alive(x, t_x, T)
    np.testing.assert_allclose(ours.probability_alive(summary)["mean"], alive, rtol=1e-6)


def test_a_spend_fitter_gives_the_same_answers_here(fitter: Callable[..., Any], summary: lw.CustomerSummary) -> None:
    theirs = fitter("GammaGammaFitter")
    ours = from_lifetimes(theirs)
    assert isinstance(ours, FittedSpend)
    assert ours.first_purchase is False
    frame = summary.frame
    known = ((frame["monetary_value"] > 0) | (frame["frequency"] == 0)).to_numpy()
    expected = theirs.conditional_expected_average_profit(frame["frequency"], frame["monetary_value"])
    np.testing.assert_allclose(ours.expected_spend(summary)["mean"][known], expected[known], rtol=1e-6)


@pytest.mark.parametrize("name", FITTERS)
def test_a_fit_that_converged_comes_without_complaint(name: str, fitter: Callable[..., Any]) -> None:
    ours = from_lifetimes(fitter(name), unit="W")
    assert ours.diagnostics.notes == (f"parameters of a lifetimes {name}.",)
    assert ours.to_dict()["source"] == f"lifetimes {name}"


@pytest.mark.parametrize("name", FITTERS)
def test_a_fit_that_stopped_too_early_is_noted(name: str, fitter: Callable[..., Any]) -> None:
    stopped = fitter(name)
    early = Named.fitter(name, params_=1.1 * stopped.params_, data=stopped.data, penalizer_coef=0.0)
    note = from_lifetimes(early, unit="W").diagnostics.notes[1]
    assert note.startswith("not converged: the log likelihood is ")


def test_weights_of_condensed_rows_count(fitter: Callable[..., Any]) -> None:
    whole = fitter("BetaGeoFitter")
    names = ["frequency", "recency", "T"]
    condensed = whole.data.groupby(names, as_index=False)["weights"].sum()
    assert len(condensed) < len(whole.data)
    same = Named.fitter("BetaGeoFitter", params_=whole.params_, data=condensed)
    assert len(from_lifetimes(same, unit="W").diagnostics.notes) == 1
    unweighted = Named.fitter("BetaGeoFitter", params_=whole.params_, data=condensed.assign(weights=1))
    assert "not converged" in from_lifetimes(unweighted, unit="W").diagnostics.notes[1]


def test_a_likelihood_without_a_maximum_is_noted() -> None:
    alike = pd.DataFrame({"frequency": [1] * 9, "recency": [5.0] * 9, "T": [10.0] * 9, "weights": [1] * 9})
    strange = Named.fitter("BetaGeoFitter", params_=BETA_GEO, data=alike)
    assert "no maximum" in from_lifetimes(strange, unit="W").diagnostics.notes[1]


@pytest.mark.parametrize("name", ["BetaGeoFitter", "GammaGammaFitter"])
def test_a_penalised_fit_is_noted(name: str, fitter: Callable[..., Any]) -> None:
    note = from_lifetimes(fitter(name, 0.001), unit="W").diagnostics.notes[1]
    assert note.startswith("penalizer_coef 0.001: ")


def test_a_fitter_saved_without_its_data_comes_over() -> None:
    ours = from_lifetimes(Named.fitter("BetaGeoFitter", params_=BETA_GEO, data=""), unit="D")
    assert ours.to_dict()["parameters"] == BETA_GEO
    assert ours.to_dict()["unit"] == "D"


def test_a_class_made_from_a_fitter_comes_over(fitter: Callable[..., Any]) -> None:
    own = type("OurFitter", (type(fitter("ParetoNBDFitter")),), {})()
    own.params_ = fitter("ParetoNBDFitter").params_
    assert from_lifetimes(own, unit="W").model.name == "Pareto/NBD"


@pytest.mark.parametrize("unfit", ["BetaGeoFitter", "GammaGammaFitter"])
def test_a_fitter_not_yet_fitted_is_refused(unfit: str) -> None:
    with pytest.raises(lw.InputError, match=rf"expected a fitted {unfit}.* call its fit\(\) first"):
        from_lifetimes(getattr(importlib.import_module("lifetimes"), unfit)(), unit="W")


@pytest.mark.parametrize("other", [None, {"r": 0.2}, Named.fitter("BetaGeoBetaBinomFitter"), Named])
def test_anything_else_is_refused_by_name(other: Any) -> None:
    with pytest.raises(lw.InputError, match=r"expected a fitted BetaGeoFitter.*got .*(None|dict|Binom|Named)"):
        from_lifetimes(other, unit="W")


def test_a_transaction_fitter_needs_its_unit() -> None:
    with pytest.raises(lw.InputError, match=r'unit: a BetaGeoFitter does not know its unit of time.*unit="D"'):
        from_lifetimes(Named.fitter("BetaGeoFitter", params_=BETA_GEO))


def test_parameters_that_are_no_estimates_are_refused() -> None:
    with pytest.raises(lw.InputError, match="found alpha=nan"):
        from_lifetimes(Named.fitter("BetaGeoFitter", params_={**BETA_GEO, "alpha": np.nan}), unit="W")
    with pytest.raises(lw.InputError, match="expected params_ of a ParetoNBDFitter to be r, alpha, s, beta; got r, a"):
        from_lifetimes(Named.fitter("ParetoNBDFitter", params_=BETA_GEO), unit="W")
    with pytest.raises(lw.InputError, match=r"q=0\.9, .* infinite"):
        from_lifetimes(Named.fitter("GammaGammaFitter", params_={"p": 6.0, "q": 0.9, "v": 15.0}))


# ---- to plain values -------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_fitted_model_as_plain_values_gives_the_same_predictions(model: Any, summary: lw.CustomerSummary) -> None:
    fitted = model().fit(summary, seed=1)
    plain = json.loads(json.dumps(fitted.to_dict(), allow_nan=False))
    assert plain["model"] == model.name
    settings = {"unit": plain["unit"]} if "unit" in plain else {"first_purchase": bool(plain["first_purchase"])}
    again = model.from_parameters(**plain["parameters"], **settings)
    np.testing.assert_allclose(again.log_likelihood(summary), fitted.log_likelihood(summary), rtol=1e-12)


def test_plain_values_of_a_point_give_the_same_expectations(summary: lw.CustomerSummary) -> None:
    fitted = lw.BetaGeoModel().fit(summary, method="map")
    plain = json.loads(json.dumps(fitted.to_dict(), allow_nan=False))
    again = lw.BetaGeoModel.from_parameters(**plain["parameters"], unit=plain["unit"])
    expected = fitted.expected_purchases(summary, "52W")["mean"]
    np.testing.assert_allclose(again.expected_purchases(summary, "52W")["mean"], expected, rtol=1e-12)


def test_plain_values_with_covariates_are_json(summary: lw.CustomerSummary) -> None:
    frame = summary.frame.assign(channel=np.where(np.arange(len(summary)) % 3 == 0, "shop", "search"))
    by_channel = lw.CustomerSummary.from_frame(frame, unit="W", until="1997-09-30")
    fitted = lw.BetaGeoModel(covariates=["channel"]).fit(by_channel, seed=1)
    assert set(json.loads(json.dumps(fitted.to_dict(), allow_nan=False))["parameters"]) == {"r", "alpha", "a", "b"}
