"""Gates of models: fits that do not vouch for themselves, and what the backtest says beyond chance."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.inference.diagnostics import Check, Diagnostics
from lifeworth.pipelines.backtesting.choice import Choice, select_model
from lifeworth.pipelines.backtesting.scorecard import Scorecard
from lifeworth.pipelines.gates.models import backtest_gates, diagnostic_gates

BG: Final = "BG/NBD"
PARETO: Final = "Pareto/NBD"


@pytest.fixture(scope="module")
def scorecard(log: pd.DataFrame) -> Scorecard:
    return lw.backtest(
        log, until="1997-12-31", models=[BG, PARETO], origins=4, horizons=["4W", "13W"], draws=100, seed=1
    )


@pytest.fixture(scope="module")
def choice(scorecard: Scorecard) -> Choice:
    return select_model(scorecard)


def published(model: str) -> Any:
    """A last run, as far as the gates of the backtest ask for it."""
    return SimpleNamespace(purchases=SimpleNamespace(model=SimpleNamespace(name=model)))


def worse(scorecard: Scorecard, model: str, factor: float) -> Scorecard:
    factors = np.where(scorecard.scores["model"] == model, factor, 1.0)
    return replace(scorecard, scores=scorecard.scores.assign(crps=scorecard.scores["crps"] * factors))


def told(scorecard: Scorecard, held: float) -> Scorecard:
    """With intervals that hold this share of totals."""
    count = len(scorecard.totals)
    inside = np.arange(count) % 10 < 10 * held
    actual = np.where(inside, scorecard.totals["q50"], 2.0 * scorecard.totals["q95"])
    return replace(scorecard, totals=scorecard.totals.assign(actual=actual))


def test_a_good_backtest_passes(scorecard: Scorecard, choice: Choice, desk: Any) -> None:
    results = backtest_gates(scorecard, choice, desk.settings(), published(BG))
    assert {result.outcome for result in results} == {"passed"}


def test_a_model_worse_than_a_plain_rule_is_held(scorecard: Scorecard, choice: Choice, desk: Any, held: Any) -> None:
    found = held(backtest_gates(worse(scorecard, choice.model, 3.0), choice, desk.settings(), None))
    assert found.gate == "max_worse_than_baseline"
    assert "worse than the best plain rule, 'zero'" in found.message


def test_a_model_worse_than_the_champion_is_held(scorecard: Scorecard, choice: Choice, desk: Any, said: Any) -> None:
    other = PARETO if choice.model == BG else BG
    results = backtest_gates(worse(scorecard, choice.model, 1.2), choice, desk.settings(), published(other))
    found = said(results, "max_worse_than_champion")
    assert found.outcome == "held"
    assert f"worse than {other}, published last" in found.message
    slightly = backtest_gates(worse(scorecard, choice.model, 1.05), choice, desk.settings(), published(other))
    assert said(slightly, "max_worse_than_champion").outcome == "warned"


def test_a_champion_that_was_not_tested_is_said(scorecard: Scorecard, choice: Choice, desk: Any, said: Any) -> None:
    found = said(backtest_gates(scorecard, choice, desk.settings(), published("MBG/NBD")), "max_worse_than_champion")
    assert found.outcome == "not asked"
    assert "add it to [models] candidates" in found.message


def test_intervals_that_hold_few_totals_are_held_and_bad_luck_is_not(
    scorecard: Scorecard, choice: Choice, desk: Any, said: Any
) -> None:
    few = said(backtest_gates(told(scorecard, 0.0), choice, desk.settings(), None), "min_coverage")
    assert few.outcome == "held"
    assert "Totals are less certain than said" in few.message
    unlucky = said(backtest_gates(told(scorecard, 0.7), choice, desk.settings(), None), "min_coverage")
    assert unlucky.outcome == "passed"
    assert "chance may explain it" in unlucky.message


def test_right_intervals_are_rarely_raised_by_chance(scorecard: Scorecard, choice: Choice, desk: Any) -> None:
    """Windows that overlap come inside together: one draw an origin is the worst of it."""
    rng = np.random.default_rng(1)
    raised = 0
    for _ in range(40):
        totals = scorecard.totals
        lucky = pd.Series(rng.random(totals["origin"].nunique()) < 0.9, index=totals["origin"].unique())
        actual = np.where(totals["origin"].map(lucky), totals["q50"], 2.0 * totals["q95"])
        card = replace(scorecard, totals=totals.assign(actual=actual))
        results = backtest_gates(card, choice, desk.settings(), None)
        raised += next(one for one in results if one.gate == "min_coverage").outcome != "passed"
    assert raised <= 3


def test_intervals_of_customers_are_asked_too(scorecard: Scorecard, choice: Choice, desk: Any, said: Any) -> None:
    narrow = replace(scorecard, scores=scorecard.scores.assign(coverage_90=0.65))
    found = said(backtest_gates(narrow, choice, desk.settings(), None), "min_customer_coverage")
    assert found.outcome == "held"
    assert "The purchases of 65.0 % of the customers lay inside" in found.message


def test_fits_and_data_that_cannot_be_relied_on_are_held(desk: Any, last: Any, said: Any) -> None:
    check = Check("k_hat", 0.93, "<= 0.7", passed=False, remedy='fit with method="nuts".')
    fit: Any = SimpleNamespace(model=SimpleNamespace(name=BG), diagnostics=Diagnostics("laplace", (check,)))
    few = lw.check_data(last.summary.select((last.summary.frame["frequency"] == 0).to_numpy()))
    results = diagnostic_gates([fit], few, desk.settings())
    found = said(results, "diagnostics")
    assert found.outcome == "held"
    assert "BG/NBD: k_hat = 0.93, expected <= 0.7" in found.message
    assert 'fit with method="nuts".' in found.message
    unsuited = said(results, "suited")
    assert unsuited.outcome == "held"
    assert (
        "customers have bought once. Neither how fast they buy nor how long they stay can be told" in unsuited.message
    )


def test_warnings_of_the_data_do_not_make_every_night_warn(desk: Any, last: Any) -> None:
    fine: Any = SimpleNamespace(model=SimpleNamespace(name=BG), diagnostics=Diagnostics("laplace"))
    results = diagnostic_gates([fine], lw.check_data(last.summary), desk.settings())
    assert {result.outcome for result in results} == {"passed"}
    assert "with care: spend_dependence" in " ".join(result.message for result in results)
