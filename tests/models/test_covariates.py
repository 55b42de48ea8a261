"""Customers who differ in what is known of them: covariates act as multipliers, for every model alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.base import COEFFICIENTS
from lifeworth.models.inference.effects import shifted

DAYS = {"start": "2020-01-06", "until": "2020-12-31", "acquired_until": "2020-04-01"}
SLOWER = 2.0
"""Customers of the shop buy half as often."""


def of_channel(known: Any, channel: str) -> Any:
    """The known model as customers of a channel have it: in the shop with half the purchase rate."""
    model = type(known.fitted.model)
    shifts = np.zeros((len(model.default_priors), 1))
    if channel == "shop":
        shifts[list(model.default_priors).index("mean_gap")] = np.log(SLOWER)
    theta = shifted(model, known.theta[:, None], shifts)[:, 0]
    return model.from_parameters(unit="W", **dict(zip(model.parameters, theta, strict=True)))


@pytest.fixture
def two_channels(known: Any) -> lw.CustomerSummary:
    """600 customers of each channel, with a number that means nothing."""
    logs = []
    for k, channel in enumerate(("shop", "web")):
        log = lw.simulate_orders(of_channel(known, channel), customers=600, seed=k, **DAYS)
        logs.append(log.assign(customer_id=log["customer_id"] + 10_000 * k, channel=channel))
    summary = lw.summarise(pd.concat(logs), until=DAYS["until"], unit="W", attributes=["channel"])
    age = np.random.default_rng(5).integers(20, 70, len(summary)).astype(float)
    return lw.CustomerSummary.from_frame(summary.frame.assign(age=age), unit="W", until=DAYS["until"])


def with_column(summary: lw.CustomerSummary, **columns: Any) -> lw.CustomerSummary:
    return lw.CustomerSummary.from_frame(summary.frame.assign(**columns), unit=summary.unit, until=summary.until)


def row_of(frame: pd.DataFrame, effect: str, covariate: str) -> pd.Series:
    return frame[(frame["effect"] == effect) & (frame["covariate"] == covariate)].iloc[0]


def test_a_covariate_multiplies_the_purchase_rate_as_it_did_in_truth(
    transaction_model: Any, two_channels: lw.CustomerSummary
) -> None:
    fitted = transaction_model(covariates=["channel", "age"]).fit(two_channels, draws=2000)
    found = fitted.covariates
    rate = row_of(found, "purchase_rate", "channel")
    truth = 1.0 / SLOWER if rate["level"] == "shop" else SLOWER
    # on the log scale the interval is 3.3 posterior sd wide; 4 sd on either side fail once in 15,000
    sd = (np.log(rate["q95"]) - np.log(rate["q05"])) / 3.29
    assert np.log(rate["q50"]) == pytest.approx(np.log(truth), abs=4.0 * sd)
    for effect, covariate in (("purchase_rate", "age"), ("dropout", "age"), ("dropout", "channel")):
        nothing = row_of(found, effect, covariate)
        sd = (np.log(nothing["q95"]) - np.log(nothing["q05"])) / 3.29
        assert np.log(nothing["q50"]) == pytest.approx(0.0, abs=4.5 * sd)


def test_likelihood_is_the_sum_over_cells_of_plain_likelihoods_and_its_gradient_is_right(
    transaction_model: Any, two_channels: lw.CustomerSummary
) -> None:
    model = transaction_model(covariates=["channel", "age"], groups="channel")
    density, scale = model._density(two_channels, None)
    rng = np.random.default_rng(1)
    free = density.start + 0.2 * rng.standard_normal(density.layout.size)
    value, gradient = density(free)
    coordinates = density.to_coordinates(density._of_cells(free))
    theta = np.stack(model.to_parameters(list(coordinates)))[:, density.cells.of_customer]
    frame = two_channels.frame
    times = (frame[name].to_numpy() / scale for name in ("recency", "T"))
    plain = model.log_likelihood(theta, frame["frequency"].to_numpy(), *times).sum()
    priors = sum(np.sum(prior.log_density(free[part])[0]) for prior, part in density._priors_of_parts())
    assert value - priors == pytest.approx(plain, abs=1e-6)
    step = 1e-5
    for j in range(density.layout.size):
        shift = step * np.eye(density.layout.size)[j]
        slope = (density(free + shift)[0] - density(free - shift)[0]) / (2.0 * step)
        assert gradient[j] == pytest.approx(slope, rel=1e-5, abs=1e-4)


def test_predictions_are_those_of_a_plain_model_with_the_parameters_of_the_cell(
    transaction_model: Any, two_channels: lw.CustomerSummary
) -> None:
    fitted = transaction_model(covariates=["channel"]).fit(two_channels, method="map")
    cells = fitted.cells(two_channels)
    for channel in ("shop", "web"):
        there = (two_channels.frame["channel"] == channel).to_numpy()
        theta = fitted.theta_at_mean(cells, cells.of_customer[there][0])
        parameters = dict(zip(fitted.model.parameters, theta, strict=True))
        plain = transaction_model.from_parameters(unit="W", **parameters)
        part = two_channels.select(there)
        for name, arguments in {
            "probability_alive": {},
            "probability_active": {"horizon": "26W"},
            "expected_purchases": {"horizon": "52W"},
            "discounted_expected_purchases": {"annual_discount_rate": 0.1},
            "purchase_pmf": {"horizon": "26W", "max_purchases": 2},
        }.items():
            all_of_them = getattr(fitted, name)(two_channels, **arguments)
            pd.testing.assert_frame_equal(
                all_of_them[there].reset_index(drop=True), getattr(plain, name)(part, **arguments), rtol=1e-9
            )
        assert fitted.log_likelihood(two_channels)[there] == pytest.approx(plain.log_likelihood(part))


def test_forecast_and_value_read_covariates_and_means_agree_with_their_draws(
    transaction_model: Any, two_channels: lw.CustomerSummary
) -> None:
    purchases = transaction_model(covariates=["channel"]).fit(two_channels, draws=1000)
    spend = lw.GammaGammaModel(covariates=["channel"]).fit(two_channels, draws=1000)
    economics = lw.Economics(margin=0.3, annual_discount_rate=0.1, cac={"shop": 5.0, "web": 9.0}, cac_by="channel")
    ahead = lw.forecast(purchases, spend, two_channels, "26W", draws=500)
    worth = lw.value(purchases, spend, two_channels, economics, "12M", draws=500)
    for table, name in ((ahead.by("channel"), "purchases"), (worth.by("channel"), "value")):
        assert table["channel"].tolist() == ["shop", "web"]
        assert (table[f"{name}_q05"] < table[f"{name}_mean"]).all()
        assert (table[f"{name}_mean"] < table[f"{name}_q95"]).all()
    total, draws = ahead.total["purchases_mean"].item(), ahead.draws["purchases"][0]
    assert draws.mean() == pytest.approx(total, abs=5.0 * draws.std() / np.sqrt(len(draws)))
    newcomers = worth.new_customer.set_index("channel")
    assert newcomers.loc["web", "residual_value_mean"] > newcomers.loc["shop", "residual_value_mean"]


def test_saved_and_loaded_a_model_with_covariates_says_the_same(
    transaction_model: Any, two_channels: lw.CustomerSummary, tmp_path: Any
) -> None:
    fitted = transaction_model(covariates={"purchase_rate": ["channel", "age"]}).fit(two_channels, draws=200)
    fitted.save(tmp_path / "model.nc")
    again = lw.load(tmp_path / "model.nc")
    assert repr(again.model) == repr(fitted.model)
    pd.testing.assert_frame_equal(again.covariates, fitted.covariates)
    pd.testing.assert_frame_equal(
        again.expected_purchases(two_channels.select(np.arange(len(two_channels)) < 20), "26W"),
        fitted.expected_purchases(two_channels.select(np.arange(len(two_channels)) < 20), "26W"),
    )


def test_the_unit_of_a_covariate_does_not_matter(two_channels: lw.CustomerSummary) -> None:
    model = lw.BetaGeoModel(covariates=["age"])
    years = model.fit(two_channels, method="map")
    months = model.fit(with_column(two_channels, age=12.0 * two_channels.frame["age"]), method="map")
    pd.testing.assert_frame_equal(years.parameters, months.parameters)
    assert years.covariates["mean"].to_numpy() == pytest.approx(months.covariates["mean"].to_numpy())
    assert 12.0 * years.covariates["step"].to_numpy() == pytest.approx(months.covariates["step"].to_numpy())


def test_a_mapping_says_which_covariate_acts_on_what(two_channels: lw.CustomerSummary) -> None:
    fitted = lw.BetaGeoModel(covariates={"dropout": ["channel"]}).fit(two_channels, method="map")
    assert fitted.covariates["effect"].tolist() == ["dropout"]
    assert fitted.idata.posterior["coefficient"].sel(effect="purchase_rate").item() == 0.0


def test_spend_by_channel_is_told_apart(two_channels: lw.CustomerSummary) -> None:
    dear = np.where(two_channels.frame["channel"] == "shop", 3.0, 1.0)
    money = {name: two_channels.frame[name] * dear for name in ("monetary_value", "monetary_value_all")}
    summary = with_column(two_channels, **money)
    fitted = lw.GammaGammaModel(covariates=["channel"]).fit(summary, draws=2000)
    found = fitted.covariates.iloc[0]
    ratio = np.log(3.0) if found["level"] == "shop" else -np.log(3.0)
    sd = (np.log(found["q95"]) - np.log(found["q05"])) / 3.29
    assert np.log(found["q50"]) == pytest.approx(ratio, abs=4.0 * sd)
    newcomer = with_column(summary, frequency=0, recency=0.0, monetary_value=0.0, monetary_value_all=0.0)
    expected = fitted.expected_spend(newcomer)["mean"].groupby(newcomer.frame["channel"]).mean()
    assert expected["shop"] / expected["web"] == pytest.approx(np.exp(abs(np.log(found["mean"]))), rel=0.05)


def test_pymc_gets_the_same_density(two_channels: lw.CustomerSummary) -> None:
    model = lw.BetaGeoModel(covariates=["age"], groups="channel")
    density, _ = model._density(two_channels, None)
    graph = model.to_pymc(two_channels)
    log_density = graph.compile_logp()

    def pymc_at(free: np.ndarray) -> float:
        at, point = density.layout, dict(graph.initial_point())
        names = [variable.name for variable in graph.value_vars]
        parts = [*free[at.base], free[at.coefficients], free[at.group_sd], free[at.group].reshape(4, 2)]
        return float(log_density(dict(zip(names, parts, strict=True)) | {k: point[k] for k in point if k not in names}))

    rng = np.random.default_rng(3)
    free = [density.start + 0.2 * rng.standard_normal(density.layout.size) for _ in range(2)]
    # densities agree up to a constant
    assert pymc_at(free[1]) - pymc_at(free[0]) == pytest.approx(density(free[1])[0] - density(free[0])[0], rel=1e-9)


@pytest.mark.parametrize(
    ("change", "covariates", "words"),
    [
        ({}, ["country"], "'country' is no attribute"),
        ({}, ["frequency"], "'frequency' is no attribute"),
        ({"channel": None}, ["channel"], "have none"),
        ({"channel": "web"}, ["channel"], "for every customer"),
        ({"age": 3.0}, ["age"], "for every customer"),
        ({"age": np.inf}, ["age"], "infinite"),
    ],
)
def test_covariates_that_cannot_be_used_are_refused(
    two_channels: lw.CustomerSummary, change: dict[str, Any], covariates: list[str], words: str
) -> None:
    with pytest.raises(lw.InputError, match=words):
        lw.BetaGeoModel(covariates=covariates).fit(with_column(two_channels, **change))


def test_too_many_levels_are_pooled_instead(two_channels: lw.CustomerSummary) -> None:
    many = with_column(two_channels, postcode=[f"p{i % 60}" for i in range(len(two_channels))])
    with pytest.raises(lw.InputError, match='groups="postcode"'):
        lw.BetaGeoModel(covariates=["postcode"]).fit(many)


def test_a_level_that_the_fit_has_not_met_is_refused(two_channels: lw.CustomerSummary) -> None:
    fitted = lw.BetaGeoModel(covariates=["channel"]).fit(two_channels, method="map")
    with pytest.raises(lw.InputError, match=r"'app' in row 0 \(customer"):
        fitted.probability_alive(with_column(two_channels, channel="app"))
    with pytest.raises(lw.InputError, match="no attribute"):
        fitted.probability_alive(lw.CustomerSummary.from_frame(two_channels.frame.drop(columns="channel"), unit="W"))


def test_a_model_is_configured_in_words_that_are_checked() -> None:
    with pytest.raises(lw.InputError, match=r'\["channel"\]'):
        lw.BetaGeoModel(covariates="channel")
    with pytest.raises(lw.InputError, match="purchase_rate, dropout"):
        lw.BetaGeoModel(covariates={"rate": ["channel"]})
    with pytest.raises(lw.InputError, match=COEFFICIENTS):
        lw.BetaGeoModel(priors={"coefficient": lw.Normal(0.0, 1.0)}, covariates=["channel"])
    with pytest.raises(lw.InputError, match="any of mean_gap"):
        lw.BetaGeoModel(priors={"coefficients": lw.Normal(0.0, 1.0)})
    with pytest.raises(lw.InputError, match="fitted without"):
        _ = lw.BetaGeoModel.from_parameters(r=0.2, alpha=4.0, a=0.8, b=2.0, unit="W").covariates
