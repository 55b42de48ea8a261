"""A rival as witness: lifetimes 0.11.3 finds the same estimates and gives the same answers at the same parameters."""

from __future__ import annotations

import importlib
import warnings
from typing import Any, Final

import numpy as np
import pytest

FITTERS: Final = {
    "BG/NBD": "BetaGeoFitter",
    "MBG/NBD": "ModifiedBetaGeoFitter",
    "Pareto/NBD": "ParetoNBDFitter",
    "Gamma-Gamma": "GammaGammaFitter",
}
"""What lifetimes calls its fitter of each model; None for a model that it does not have."""


@pytest.fixture(scope="module")
def rival(cdnow_sample: Any) -> Any:
    """Fit with lifetimes by maximum likelihood: (model) to its fitter, or None."""
    made: dict[str, Any] = {}
    x, t_x, T, zbar = (cdnow_sample.frame[name].to_numpy() for name in ("frequency", "recency", "T", "monetary_value"))

    def fit(model: type) -> Any:
        if model.name not in FITTERS:
            pytest.fail(f"{model.name}: say in this file what lifetimes calls it, or None.")
        if FITTERS[model.name] is not None and model.name not in made:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # lifetimes is no longer kept up: pandas and NumPy complain of it
                fitter = getattr(importlib.import_module("lifetimes"), FITTERS[model.name])()
                if model.name == "Gamma-Gamma":
                    spent = (x > 0) & (zbar > 0)
                    made[model.name] = fitter.fit(x[spent], zbar[spent])
                else:
                    made[model.name] = fitter.fit(x, t_x, T)
        return made.get(model.name)

    return fit


def at_its_estimates(model: Any, fitter: Any, **settings: Any) -> Any:
    """Our model at the parameters that lifetimes found."""
    return model.from_parameters(**settings, **{name: float(fitter.params_[name]) for name in model.parameters})


def test_lifetimes_finds_the_same_purchase_parameters(transaction_model: Any, rival: Any, fitted: Any) -> None:
    fitter = rival(transaction_model)
    if fitter is None:
        return
    found = fitted(transaction_model, "map", "flat").parameters["mean"]
    for name in transaction_model.parameters:
        assert found[name] == pytest.approx(float(fitter.params_[name]), rel=1e-3), name


def test_lifetimes_finds_no_higher_likelihood(
    transaction_model: Any, rival: Any, fitted: Any, cdnow_sample: Any
) -> None:
    fitter = rival(transaction_model)
    if fitter is None:
        return
    theirs = at_its_estimates(transaction_model, fitter, unit="W").log_likelihood(cdnow_sample).sum()
    ours = fitted(transaction_model, "map", "flat").log_likelihood(cdnow_sample).sum()
    assert theirs <= ours + 1e-6
    assert theirs == pytest.approx(ours, abs=0.01)


@pytest.mark.parametrize("weeks", [1, 39, 104])
def test_lifetimes_expects_the_same_purchases_of_each_customer(
    transaction_model: Any, rival: Any, cdnow_sample: Any, weeks: int
) -> None:
    fitter = rival(transaction_model)
    if fitter is None:
        return
    x, t_x, T = (cdnow_sample.frame[name].to_numpy() for name in ("frequency", "recency", "T"))
    theirs = fitter.conditional_expected_number_of_purchases_up_to_time(weeks, x, t_x, T)
    ours = at_its_estimates(transaction_model, fitter, unit="W").expected_purchases(cdnow_sample, f"{weeks}W")
    np.testing.assert_allclose(ours["mean"], theirs, rtol=1e-8)


def test_lifetimes_gives_each_customer_the_same_probability_alive(
    transaction_model: Any, rival: Any, cdnow_sample: Any
) -> None:
    fitter = rival(transaction_model)
    if fitter is None:
        return
    x, t_x, T = (cdnow_sample.frame[name].to_numpy() for name in ("frequency", "recency", "T"))
    theirs = fitter.conditional_probability_alive(x, t_x, T)
    ours = at_its_estimates(transaction_model, fitter, unit="W").probability_alive(cdnow_sample)
    np.testing.assert_allclose(ours["mean"], theirs, rtol=1e-9)


def test_lifetimes_expects_the_same_purchases_of_a_newcomer(transaction_model: Any, rival: Any) -> None:
    fitter = rival(transaction_model)
    if fitter is None:
        return
    ours = at_its_estimates(transaction_model, fitter, unit="W")
    for weeks in (1, 39, 104):
        theirs = float(fitter.expected_number_of_purchases_up_to_time(weeks))
        assert ours.expected_purchases_new_customer(f"{weeks}W")["mean"].item() == pytest.approx(theirs, rel=1e-8)


def test_lifetimes_gives_a_newcomer_the_same_probability_of_each_count(transaction_model: Any, rival: Any) -> None:
    fitter = rival(transaction_model)
    if fitter is None or not hasattr(fitter, "probability_of_n_purchases_up_to_time"):
        return
    ours = at_its_estimates(transaction_model, fitter, unit="W")
    nothing, start = np.zeros(1, dtype=np.int64), np.zeros(1)
    theta = ours.posterior.mean[:, None]
    alive = transaction_model.probability_alive(theta, nothing, start, start).item()
    for count in range(1, 6):
        theirs = float(fitter.probability_of_n_purchases_up_to_time(26.0, count))
        found = alive * transaction_model.pmf_if_alive(theta, nothing, start, 26.0, count).item()
        assert found == pytest.approx(theirs, rel=1e-8)


def test_lifetimes_finds_the_same_spend_parameters(spend_model: Any, rival: Any, fitted: Any) -> None:
    fitter = rival(spend_model)
    if fitter is None:
        return
    found = fitted(spend_model, "map", "flat", first_purchase=False).parameters["mean"]
    for name in spend_model.parameters:
        assert found[name] == pytest.approx(float(fitter.params_[name]), rel=1e-3), name


def test_lifetimes_expects_the_same_spend_of_each_customer(spend_model: Any, rival: Any, cdnow_sample: Any) -> None:
    fitter = rival(spend_model)
    if fitter is None:
        return
    frame = cdnow_sample.frame
    theirs = fitter.conditional_expected_average_profit(frame["frequency"], frame["monetary_value"])
    ours = at_its_estimates(spend_model, fitter).expected_spend(cdnow_sample)["mean"]
    known = (frame["monetary_value"] > 0) | (frame["frequency"] == 0)
    np.testing.assert_allclose(ours[known], theirs[known], rtol=1e-10)
