"""Simulation-based calibration: ranks are uniform where inference is right, and faults that are built in are found.

The slow test runs 200 simulations of 400 customers for every model. Its p-values are exact; with those of all
quantities of all models it fails by chance less than once in 20,000 runs with new random numbers. The fast tests have
fixed seeds; each would fail by chance less than once in a million times.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex

from lifeworth.models import MODELS, SPEND_MODELS, TRANSACTION_MODELS, BetaGeoModel, GammaGammaModel
from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.priors import LogNormal
from lifeworth.models.ground.summary import CustomerSummary
from lifeworth.models.ground.uniformity import band, below
from lifeworth.models.inference.posterior import Posterior
from lifeworth.models.valuation.economics import Economics
from lifeworth.models.valuation.value import value
from lifeworth.pipelines import calibration
from lifeworth.pipelines.calibration import (
    SimulationBasedCalibration,
    rank_of_truth,
    simulation_based_calibration,
)
from lifeworth.pipelines.calibration_quantities import ANNUAL_DISCOUNT_RATE, MARGIN, of_purchases, of_spend
from lifeworth.pipelines.reporting.plot_calibration import plot_calibration
from lifeworth.pipelines.reporting.plot_style import BLUE, ORANGE

pytestmark = pytest.mark.usefixtures("no_window")

SLOW_FALSE_ALARM: Final = 5e-5
FALSE_ALARM: Final = 1e-6
SMALL: Final[dict[str, Any]] = {"simulations": 20, "customers": 30, "draws": 150}


@pytest.fixture(scope="module")
def right() -> SimulationBasedCalibration:
    """A small run of a model without fault."""
    return simulation_based_calibration(GammaGammaModel(), **SMALL)


@pytest.fixture(scope="module")
def wrong() -> SimulationBasedCalibration:
    """The same with posteriors of a tenth of their width."""
    return simulation_based_calibration(with_posterior(GammaGammaModel(), narrowed), **SMALL)


def with_posterior(model: Any, change: Callable[[Posterior], Posterior]) -> Any:
    """A model whose fits give another posterior than they should."""
    fit = model.fit
    model.fit = lambda summary, **options: _changed(fit(summary, **options), change)
    return model


def _changed(fitted: Any, change: Callable[[Posterior], Posterior]) -> Any:
    return replace(fitted, posterior=change(fitted.posterior))


def narrowed(posterior: Posterior) -> Posterior:
    """Draws a tenth as far from their middle."""
    logs = np.log(posterior.values)
    middle = np.median(logs, axis=(0, 1))
    return replace(posterior, values=np.exp(middle + (logs - middle) / 10.0))


def p_values(result: SimulationBasedCalibration) -> dict[str, float]:
    return dict(zip(result.uniformity["quantity"], result.uniformity["p_value"], strict=True))


# ---- every model, in earnest ---------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_posteriors_of_every_model_are_calibrated(model: Any) -> None:
    spend = None if model in SPEND_MODELS else GammaGammaModel()
    found = simulation_based_calibration(model(), spend=spend, simulations=200, customers=400)
    quantities = set(found.uniformity["quantity"])
    assert {f"log {name}" for name in model.parameters} | {"log likelihood"} <= quantities
    if spend is not None:
        wanted = {"E[X(52W)], new customer", "E[X(52W)], all customers", "mean P(alive)", "total value"}
        assert wanted <= quantities
    assert len(found.runs) == 200
    assert found.uniformity["p_value"].min() > SLOW_FALSE_ALARM / (len(MODELS) * len(quantities)), found.verdict
    # what is thrown away, or asks for care, is the exception: otherwise the design says little of the model
    assert sum(found.rejected.values()) <= 20, found.verdict
    assert found.warned <= 40, found.verdict


# ---- the machinery -------------------------------------------------------------------------------


def test_a_model_without_fault_passes(right: SimulationBasedCalibration) -> None:
    assert right.uniformity["p_value"].min() > FALSE_ALARM
    assert right.ok
    assert (right.uniformity["reading"] == "as it should be").all()


@pytest.mark.parametrize("model", TRANSACTION_MODELS, ids=lambda model: model.__name__)
def test_transaction_models_are_ranked_with_their_value(model: Any) -> None:
    found = simulation_based_calibration(model(), spend=GammaGammaModel(), simulations=3, customers=40, draws=100)
    assert list(found.uniformity["quantity"]) == [
        *(f"log {name}" for name in model.parameters), "log likelihood", "E[X(52W)], new customer",
        "E[X(52W)], all customers", "mean P(alive)", "total value",
    ]  # fmt: skip
    assert found.ranks["rank"].between(0, 99).all()
    assert (found.ranks["draws"] == 99).all()
    assert len(found.ranks) == 3 * 9
    assert list(found.runs.columns) == ["simulation", *model.parameters, "method", "care", "rejected"]


def test_posteriors_that_are_too_narrow_are_found(wrong: SimulationBasedCalibration) -> None:
    assert not wrong.ok
    bad = wrong.uniformity.set_index("quantity").loc[["log p", "log q", "log v"]]
    assert (bad["p_value"] < FALSE_ALARM).all()
    assert (bad["spread"] > 1.2).all()
    assert (bad["reading"] == "posterior too narrow").all()
    assert "NOT uniform" in wrong.verdict


def test_posteriors_that_are_off_are_found() -> None:
    def doubled(posterior: Posterior) -> Posterior:
        return replace(posterior, values=np.multiply(posterior.values, [1.0, 1.0, 3.0]))

    found = simulation_based_calibration(with_posterior(GammaGammaModel(), doubled), **SMALL)
    readings = found.uniformity.set_index("quantity")["reading"]
    assert readings["log v"] == "posterior too high"
    assert readings["log p"] == "as it should be"


def test_a_prior_other_than_the_one_simulated_from_is_found() -> None:
    model = GammaGammaModel()
    model.fit = GammaGammaModel(priors={"p": LogNormal(4.0, 0.1)}).fit  # type: ignore[method-assign]
    found = simulation_based_calibration(model, **SMALL)
    assert min(p_values(found).values()) < FALSE_ALARM


def test_a_posterior_that_is_the_prior_is_found_by_the_likelihood_alone() -> None:
    # its parameters have uniform ranks, whatever the data: Modrák et al. (2023) rank the likelihood for this
    model, rng = GammaGammaModel(), np.random.default_rng(4)

    def prior(posterior: Posterior) -> Posterior:
        coordinates = [model.priors[name].sample(rng, len(posterior)) for name in model.default_priors]
        theta = model.rescale(np.stack(model.to_parameters(coordinates)), posterior.attributes["scale"])
        return replace(posterior, values=theta.T[None])

    found = p_values(simulation_based_calibration(with_posterior(model, prior), **SMALL))
    assert found["log likelihood"] < FALSE_ALARM
    assert min(found[name] for name in ("log p", "log q", "log v")) > FALSE_ALARM


def test_the_scale_is_that_of_the_simulation_and_not_of_the_data() -> None:
    # fitted with the scale of its own data, each data set would move its own priors
    model, scales = GammaGammaModel(), []

    def note(posterior: Posterior) -> Posterior:
        scales.append(posterior.attributes["scale"])
        return posterior

    simulation_based_calibration(with_posterior(model, note), simulations=2, customers=30, draws=100, spend_scale=7.0)
    assert scales == [7.0] * 2


def test_ties_are_broken_by_lot() -> None:
    rng = np.random.default_rng(1)
    assert {rank_of_truth(np.ones(4), rng) for _ in range(200)} == {0, 1, 2, 3}
    assert {rank_of_truth(np.array([2.0, 1.0, 2.0, 3.0]), rng) for _ in range(200)} == {1, 2}
    assert rank_of_truth(np.array([5.0, 1.0, 2.0, 3.0]), rng) == 3
    assert rank_of_truth(np.array([0.0, 1.0, 2.0, 3.0]), rng) == 0


def test_the_same_seed_gives_the_same_ranks_on_any_number_of_cores(
    right: SimulationBasedCalibration, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lifeworth.models.ground import threads

    monkeypatch.setattr(threads, "cores", lambda: 1)
    few = {**SMALL, "simulations": 3}
    again = simulation_based_calibration(GammaGammaModel(), **few)
    assert again.ranks.equals(right.ranks[right.ranks["simulation"] < 3])
    assert not simulation_based_calibration(GammaGammaModel(), seed=1, **few).ranks.equals(again.ranks)


def test_the_unit_of_time_does_not_matter() -> None:
    weeks, days = (
        simulation_based_calibration(BetaGeoModel(), simulations=2, customers=30, draws=100, unit=unit)
        for unit in ("W", "D")
    )
    truth = [frame.runs["alpha"].to_numpy() for frame in (weeks, days)]
    np.testing.assert_allclose(truth[1], 7.0 * truth[0])
    same = weeks.ranks["rank"] - days.ranks["rank"]
    assert (same.abs() <= 2).mean() > 0.7, "but for rounding in the search for the mode"


def test_data_sets_without_a_repeater_are_rejected_counted_and_replaced() -> None:
    rare = BetaGeoModel(priors={"mean_gap": LogNormal(4.5, 0.5)})
    found = simulation_based_calibration(rare, simulations=5, customers=10, draws=100)
    thrown = sum(found.rejected.values())
    assert thrown > 0
    assert thrown == found.runs["rejected"].sum()
    assert len(found.runs) == 5
    assert found.rejected[calibration.TOO_LITTLE] > 0
    assert f"Rejected: {found.rejected[calibration.TOO_LITTLE]} data sets with too little to fit" in found.verdict


def test_priors_that_never_give_data_are_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "MOST_ATTEMPTS", 3)
    never = BetaGeoModel(priors={"mean_gap": LogNormal(30.0, 0.1)})
    with pytest.raises(InputError, match=r"3 data sets in a row .* has bought twice.*Give a longer T"):
        simulation_based_calibration(never, simulations=1, customers=10)


def test_fits_that_ask_for_care_are_counted_and_not_warned_of() -> None:
    few = simulation_based_calibration(BetaGeoModel(), simulations=2, customers=10, draws=50, method="nuts")
    assert set(few.runs["method"]) == {"nuts"}
    assert few.warned == (few.runs["care"] != "").sum()
    assert f"{few.warned} asked for care" in few.verdict


# ---- what is ranked is what users read -----------------------------------------------------------


def customers() -> CustomerSummary:
    """Ten customers of different habits, with amounts."""
    rng = np.random.default_rng(1)
    x = np.arange(10)
    frame = {"customer_id": x, "frequency": x, "recency": 3.0 * x, "T": np.full(10, 40.0)}
    frame |= {"monetary_value": np.where(x > 0, rng.uniform(10, 50, 10), 0.0)}
    frame |= {"monetary_value_all": rng.uniform(10, 50, 10)}
    return CustomerSummary.from_frame(pd.DataFrame(frame), unit="W")


@pytest.mark.parametrize("model", TRANSACTION_MODELS, ids=lambda model: model.__name__)
def test_quantities_of_purchases_are_those_of_the_face(model: Any) -> None:
    given = dict(zip(model.parameters, (0.6, 9.0, 0.8, 4.0), strict=True))
    purchases = model.from_parameters(unit="W", **given)
    spend, summary = GammaGammaModel.from_parameters(p=6.25, q=3.74, v=15.44), customers()
    found = of_purchases(purchases, purchases.theta(1), summary, spend, spend.theta(1))
    assert found["log likelihood"].item() == pytest.approx(purchases.log_likelihood(summary).sum())
    assert found["mean P(alive)"].item() == pytest.approx(purchases.probability_alive(summary)["mean"].mean())
    all_purchases = purchases.expected_purchases(summary, "52W")["mean"].sum()
    assert found["E[X(52W)], all customers"].item() == pytest.approx(all_purchases)
    new = purchases.expected_purchases_new_customer("52W")["mean"].item()
    assert found["E[X(52W)], new customer"].item() == pytest.approx(new)
    total = (
        value(purchases, spend, summary, Economics(MARGIN, ANNUAL_DISCOUNT_RATE), "12M", draws=10)
        .total["value_mean"]
        .item()
    )
    assert found["total value"].item() == pytest.approx(total)
    for name, number in given.items():
        assert found[f"log {name}"].item() == pytest.approx(np.log(number))


def test_quantities_of_spend_are_those_of_the_face() -> None:
    spend, summary = GammaGammaModel.from_parameters(p=6.25, q=3.74, v=15.44), customers()
    found = of_spend(spend, spend.theta(1), summary)
    assert found["log likelihood"].item() == pytest.approx(spend.log_likelihood(summary).sum())
    assert found["E[spend], new customer"].item() == pytest.approx(spend.population_mean["mean"].item())
    assert found["E[spend], all customers"].item() == pytest.approx(spend.expected_spend(summary)["mean"].sum())


# ---- what it refuses -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": BetaGeoModel}, "model: expected a model, such as BetaGeoModel()"),
        ({"model": BetaGeoModel(priors="flat")}, "flat prior has no draws"),
        ({"model": BetaGeoModel(covariates=["channel"])}, "without covariates and groups"),
        ({"spend": BetaGeoModel()}, "spend: expected a spend model"),
        ({"model": GammaGammaModel(), "spend": GammaGammaModel()}, "spend: expected None beside a spend model"),
        ({"simulations": 0}, "simulations: expected a whole number of 1 or more"),
        ({"customers": 3}, "customers: expected a whole number of 10 or more"),
        ({"T": -1.0}, "T: expected a time above 0"),
        ({"T": [1.0, 2.0]}, "T: expected a time above 0, or one for each of 400 customers"),
        ({"scale": 0.0}, "scale: expected a finite number above 0"),
        ({"spend_scale": "30"}, "spend_scale: expected a finite number above 0"),
        ({"method": "map"}, "method: expected one of laplace, nuts, got 'map'"),
        ({"draws": 10}, "draws: expected a whole number above 49"),
        ({"unit": "fortnight"}, "unit: expected one of"),
    ],
    ids=str,
)
def test_what_is_impossible_is_refused_before_any_work(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        simulation_based_calibration(**{"model": BetaGeoModel(), **given})


# ---- the plot ------------------------------------------------------------------------------------


def test_the_plot_has_a_panel_a_quantity_with_its_departure_and_band(right: SimulationBasedCalibration) -> None:
    figure = plot_calibration(right)
    panels = [ax for ax in figure.axes if ax.get_visible()]
    assert [ax.get_title(loc="left") for ax in panels] == list(right.uniformity["quantity"])
    chance = band(20, 100)
    for ax, quantity in zip(panels, right.uniformity["quantity"], strict=True):
        rank = right.ranks.loc[right.ranks["quantity"] == quantity, "rank"].to_numpy()
        curve = ax.get_lines()[-1]
        np.testing.assert_allclose(curve.get_ydata(), below(rank, 100) / 20 - chance.share)
        assert ax.get_ylim()[1] >= chance.high.max()
        assert len(ax.collections) == 1


def test_the_plot_says_how_many_are_uniform_and_marks_those_that_are_not(
    right: SimulationBasedCalibration, wrong: SimulationBasedCalibration
) -> None:
    good, bad = plot_calibration(right), plot_calibration(wrong)
    assert good.get_suptitle() == (
        "Gamma-Gamma: ranks of all 6 quantities are uniform\n20 simulations of 30 customers each"
    )
    uniform = wrong.uniformity["uniform"]
    assert f"ranks of {uniform.sum()} of 6 quantities" in bad.get_suptitle()
    drawn = [to_hex(ax.get_lines()[-1].get_color()) for ax in bad.axes if ax.get_visible()]
    assert drawn == [BLUE if good else ORANGE for good in uniform]


def test_several_results_have_a_column_each(
    right: SimulationBasedCalibration, wrong: SimulationBasedCalibration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("the plot was shown"))
    before = dict(mpl.rcParams)
    figure = plot_calibration(right, replace(wrong, model="A narrow one"))
    assert dict(mpl.rcParams) == before
    heads = [ax.get_title(loc="center").strip() for ax in figure.axes if ax.get_title(loc="center")]
    assert heads == ["Gamma-Gamma", "A narrow one"]
    assert figure.get_suptitle().startswith("Ranks of ")


def test_a_plot_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="expected what simulation_based_calibration returns"):
        plot_calibration()
