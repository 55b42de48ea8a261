"""The model is chosen by what came true, and the reason is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.scoring.stacking import stacking_weights

MODELS = ("BG/NBD", "MBG/NBD", "Pareto/NBD")
ORIGINS = pd.to_datetime(["2020-03-01", "2020-06-01", "2020-09-01", "2020-12-01"])


def scorecard(customers: dict[str, float], totals: dict[str, float], noise: float = 0.02) -> lw.Scorecard:
    """Build a scorecard of made-up scores: CRPS of customers by model, and how far totals were off."""
    rng = np.random.default_rng(1)
    scores, rows = [], []
    for origin in ORIGINS:
        for horizon, scale in (("4W", 1.0), ("13W", 3.0)):
            for model in customers:
                key = {"origin": origin, "horizon": horizon, "quantity": "purchases", "model": model}
                scores.append({**key, "crps": scale * customers[model] * (1.0 + noise * rng.standard_normal())})
                mean = 1000.0 * (1.0 + totals[model] * (1.0 + noise * rng.standard_normal()))
                spread = {f"q{q:02d}": mean * (1.0 + 0.0005 * (q - 50)) for q in (5, 10, 25, 50, 75, 90, 95)}
                rows.append({**key, "interval": "textbook", "actual": 1000.0, "mean": mean, **spread})
    names = tuple(customers)
    density = pd.DataFrame(rng.normal(-1.0, 0.1, (50, len(names))), columns=list(names))
    nothing = pd.DataFrame()
    return lw.Scorecard(
        totals=pd.DataFrame(rows), scores=pd.DataFrame(scores), pit=nothing, deciles=nothing, active=nothing,
        by_frequency=nothing, by_recency=nothing, gain=nothing, errors=nothing,
        densities=density.assign(origin=ORIGINS[0], horizon="4W"), customers=None, seconds=nothing, models=names,
        baselines=(), until=ORIGINS[-1], age=10.0,
    )  # fmt: skip


def test_a_model_that_forecasts_customers_clearly_better_is_chosen_whatever_its_totals() -> None:
    found = lw.select_model(scorecard({"BG/NBD": 1.2, "Pareto/NBD": 1.0}, {"BG/NBD": 0.01, "Pareto/NBD": 0.2}))
    assert found.model == "Pareto/NBD"
    assert "Pareto/NBD forecast customers best (BG/NBD" in found.reason
    assert found.table["model"].tolist() == ["Pareto/NBD", "BG/NBD"]


def test_models_alike_on_customers_are_told_apart_by_totals() -> None:
    alike = dict.fromkeys(MODELS, 1.0)
    found = lw.select_model(scorecard(alike, {"BG/NBD": 0.1, "MBG/NBD": 0.2, "Pareto/NBD": 0.02}, noise=0.001))
    assert found.model == "Pareto/NBD"
    assert "forecast customers equally well; Pareto/NBD told totals best" in found.reason


def test_of_models_alike_in_everything_the_simplest_is_taken() -> None:
    found = lw.select_model(scorecard(dict.fromkeys(MODELS, 1.0), dict.fromkeys(MODELS, 0.1), noise=0.001))
    assert found.model == "BG/NBD"
    assert found.reason.endswith("totals too; BG/NBD is the simplest of them.")


def test_differences_within_a_standard_error_are_none() -> None:
    customers = {"BG/NBD": 1.015, "Pareto/NBD": 1.0}
    sure = lw.select_model(scorecard(customers, {"BG/NBD": 0.01, "Pareto/NBD": 0.2}, noise=0.0))
    unsure = lw.select_model(scorecard(customers, {"BG/NBD": 0.01, "Pareto/NBD": 0.2}, noise=0.2))
    assert (sure.model, unsure.model) == ("Pareto/NBD", "BG/NBD")
    assert unsure.table["customers_se"].max() > sure.table["customers_se"].max()


def test_one_model_is_that_model() -> None:
    found = lw.select_model(scorecard({"BG/NBD": 1.0}, {"BG/NBD": 0.1}))
    assert (found.model, found.weights) == ("BG/NBD", {"BG/NBD": 1.0})
    assert found.reason == "BG/NBD is the only model that was tested."


def test_what_is_no_scorecard_is_refused() -> None:
    with pytest.raises(lw.InputError, match=r"scorecard: expected the result of lw\.backtest"):
        lw.select_model(pd.DataFrame())  # type: ignore[arg-type]


def test_long_horizons_do_not_rule_the_choice() -> None:
    """Scores are relative within each origin and horizon: ten times the CRPS is no more than one vote."""
    card = scorecard({"BG/NBD": 1.0, "Pareto/NBD": 1.1}, {"BG/NBD": 0.1, "Pareto/NBD": 0.1}, noise=0.0)
    long = card.scores["horizon"] == "13W"
    scaled = replace(card, scores=card.scores.assign(crps=card.scores["crps"].where(~long, card.scores["crps"] * 10.0)))
    pd.testing.assert_frame_equal(lw.select_model(card).table, lw.select_model(scaled).table)


def test_stacking_finds_the_weights_of_the_mixture_that_made_the_outcomes() -> None:
    """40,000 outcomes of a mixture of three distributions on six values; a weight is known to 0.01 (sd), 5 allowed."""
    rng = np.random.default_rng(4)
    tables, truth = rng.dirichlet(np.ones(6), size=3), np.array([0.6, 0.3, 0.1])
    outcomes = rng.choice(6, 40_000, p=truth @ tables)
    found = stacking_weights(np.log(tables[:, outcomes].T))
    np.testing.assert_allclose(found, truth, atol=0.05)


def test_stacking_beats_every_model_and_its_order_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    logs = rng.normal(-2.0, 1.0, (300, 4))
    found = stacking_weights(logs)
    score = np.log(np.exp(logs) @ found).mean()
    assert score >= logs.mean(axis=0).max()
    assert found.sum() == pytest.approx(1.0)
    for other in rng.dirichlet(np.ones(4), size=200):
        assert np.log(np.exp(logs) @ other).mean() <= score + 1e-6
    np.testing.assert_allclose(stacking_weights(logs[:, ::-1]), found[::-1], atol=1e-3)


def test_stacking_counts_outcomes_by_their_weight_and_stands_any_scale() -> None:
    logs = np.array([[-1.0, -3.0], [-3.0, -1.0]])
    np.testing.assert_allclose(stacking_weights(logs), [0.5, 0.5], atol=1e-6)
    assert stacking_weights(logs, np.array([9.0, 1.0]))[0] > 0.9
    np.testing.assert_allclose(stacking_weights(logs - 1e4), [0.5, 0.5], atol=1e-6)


def test_stacking_of_nothing_is_refused() -> None:
    with pytest.raises(lw.InputError, match="log_densities"):
        stacking_weights(np.empty((0, 2)))


@pytest.fixture(scope="module")
def fitted() -> lw.FittedLog:
    return lw.fit(lw.load_cdnow(sample=True), until="1997-09-30", origins=3, horizons="4W")


def test_one_call_goes_from_a_log_to_a_forecast_that_knows_its_record(fitted: lw.FittedLog) -> None:
    ahead = fitted.forecast("13W", draws=100)
    assert "learned from" in ahead.calibration
    assert fitted.purchases.model.name == fitted.choice.model
    worth = fitted.value(lw.Economics(0.3, 0.15), "12M", draws=100)
    assert worth.total["value_mean"].item() > 0.0
    assert fitted.choice.reason in repr(fitted)


def test_a_model_of_ones_own_is_taken_as_it_is() -> None:
    found = lw.fit(
        lw.load_cdnow(sample=True).drop(columns="amount"),
        model="Pareto/NBD",
        amount=None,
        until="1997-07-31",
        origins=1,
    )
    assert found.purchases.model.name == "Pareto/NBD"
    assert found.scorecard.models == ("Pareto/NBD",)
    with pytest.raises(lw.InputError, match="nothing to value"):
        found.value(lw.Economics(0.3, 0.15))


def test_a_model_nobody_knows_is_refused() -> None:
    with pytest.raises(lw.InputError, match='or "BG/NBD", "MBG/NBD"'):
        lw.fit(lw.load_cdnow(sample=True), model="ARIMA")
