"""A run beside the one published last: bridge, parameters, what came since, champion; and the gates of drift on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.decisions.planning.bridge import MODEL
from lifeworth.models.ground.errors import InputError
from lifeworth.pipelines.backtesting.choice import Choice
from lifeworth.pipelines.gates.compare import compare
from lifeworth.pipelines.gates.drift import drift_gates
from lifeworth.pipelines.record.record import Comparison, LastRun
from lifeworth.pipelines.settings.settings import Bar, GateSettings
from lifeworth.pipelines.sources.read import columns_of
from lifeworth.pipelines.sources.snapshot import Snapshot

LAST: Final = pd.Timestamp("1998-04-30")
TONIGHT: Final = pd.Timestamp("1998-05-31")
ECONOMICS: Final = lw.Economics(margin=0.3, annual_discount_rate=0.15)


@dataclass(frozen=True, eq=False)
class Nights:
    """The run of a month before and tonight's, fitted."""

    last: LastRun
    snapshot: Snapshot
    summary: lw.CustomerSummary
    purchases: Any
    spend: Any

    def valued(self, horizon: list[str], economics: lw.Economics = ECONOMICS, purchases: Any = None) -> Any:
        """Tonight's valuation."""
        return lw.value(
            purchases or self.purchases, self.spend, self.summary, economics, horizon, draws=200, per_customer=False
        )


def chosen(model: str) -> Choice:
    table = pd.DataFrame({"model": ["Pareto/NBD", "BG/NBD"], "customers": [0.99, 1.01], "customers_worse": [0.0, 0.02]})
    return Choice(model, "", table, {})


@pytest.fixture(scope="module")
def nights(desk: Any, log: pd.DataFrame) -> Nights:
    settings = desk.settings()
    before = lw.summarise(desk.snapshot(log[log["date"] <= LAST], settings).path, until=LAST, **columns_of(settings))
    purchases = lw.BetaGeoModel().fit(before, draws=400, seed=0)
    spend = lw.GammaGammaModel().fit(before, draws=400, seed=0)
    valuation = lw.value(purchases, spend, before, ECONOMICS, ["12M", "24M"], draws=200, per_customer=False)
    published = {"purchases": purchases, "spend": spend, "valuation": valuation}
    last = desk.published(log[log["date"] <= LAST], **published)
    snapshot = desk.snapshot(log, settings)
    now = lw.summarise(snapshot.path, until=TONIGHT, **columns_of(settings))
    fits = (lw.BetaGeoModel().fit(now, draws=400, seed=0), lw.GammaGammaModel().fit(now, draws=400, seed=0))
    return Nights(last, snapshot, now, *fits)


@pytest.fixture(scope="module")
def comparison(nights: Nights, desk: Any) -> Comparison:
    valuation = nights.valued(["12M", "24M", "36M"])
    return compare(valuation, chosen("BG/NBD"), nights.snapshot, desk.settings(), nights.last)


def test_the_bridge_spans_the_longest_horizon_that_both_runs_have(comparison: Comparison) -> None:
    assert comparison.bridge.horizon == "24M"
    assert comparison.bridge.realised_days == 31
    assert comparison.last_as_of == LAST


def test_horizons_that_the_last_run_had_not_are_valued_anew(nights: Nights, desk: Any) -> None:
    found = compare(nights.valued(["6M"]), chosen("BG/NBD"), nights.snapshot, desk.settings(), nights.last)
    assert found.bridge.horizon == "24M"


def test_parameters_are_told_in_standard_deviations_of_the_last_run(comparison: Comparison, nights: Nights) -> None:
    rows = comparison.parameters.set_index("parameter")
    assert list(rows.index) == ["r", "alpha", "a", "b", "p", "q", "v"]
    before, after = nights.last.purchases.parameters.loc["r"], nights.purchases.parameters.loc["r"]
    assert rows.loc["r", "change"] == pytest.approx((after["mean"] - before["mean"]) / before["sd"])


def test_what_came_since_is_of_the_customers_known_then(comparison: Comparison, log: pd.DataFrame) -> None:
    known = log.loc[log["date"] <= LAST, "customer_id"].unique()
    new = log[(log["date"] > LAST) & log["customer_id"].isin(known)]
    rows = comparison.since.set_index("quantity")
    assert rows.loc["purchases", "actual"] == len(new.drop_duplicates(["customer_id", "date"]))
    assert rows.loc["spend", "actual"] == pytest.approx(new["amount"].sum())
    assert (rows["days"] == 31).all()
    assert (rows["inside"] == rows["actual"].between(rows["q05"], rows["q95"])).all()


def test_a_family_that_is_not_chosen_again_finds_its_like_among_all_fits(nights: Nights, desk: Any) -> None:
    pareto = lw.ParetoNBDModel().fit(nights.summary, draws=400, seed=0)
    valuation = nights.valued(["24M"], purchases=pareto)
    settings = desk.settings()
    alone = compare(valuation, chosen("Pareto/NBD"), nights.snapshot, settings, nights.last)
    assert set(alone.parameters["model"]) == {"Gamma-Gamma"}
    every = compare(
        valuation, chosen("Pareto/NBD"), nights.snapshot, settings, nights.last, fits=(nights.purchases, pareto)
    )
    assert set(every.parameters["model"]) == {"BG/NBD", "Gamma-Gamma"}
    assert every.champion.set_index("model")["role"].to_dict() == {"Pareto/NBD": "chosen", "BG/NBD": "champion"}


def test_a_run_of_the_same_day_has_nothing_since(nights: Nights, desk: Any, said: Any) -> None:
    found = compare(
        nights.last.valuation, chosen("BG/NBD"), nights.snapshot, desk.settings(), nights.last
    )  # the same run again
    assert found.since.empty
    assert said(drift_gates(found, desk.settings()), "max_since_miss").outcome == "not asked"
    assert found.bridge.change == 0.0


def test_a_run_of_the_past_is_refused(nights: Nights, desk: Any) -> None:
    later = replace(nights.last, summary=replace(nights.summary, until=pd.Timestamp("1998-06-30")))
    with pytest.raises(InputError, match="expected a day from 1998-06-30 on"):
        compare(nights.last.valuation, chosen("BG/NBD"), nights.snapshot, desk.settings(), later)


def test_an_honest_month_drifts_within_the_bars(comparison: Comparison, desk: Any) -> None:
    assert {result.outcome for result in drift_gates(comparison, desk.settings())} == {"passed"}


def test_a_parameter_that_jumps_is_held_with_its_figures(comparison: Comparison, desk: Any, held: Any) -> None:
    rows = comparison.parameters.assign(after=comparison.parameters["before"] * np.where(
        comparison.parameters["parameter"] == "r", 3.0, 1.0
    ))  # fmt: skip
    found = held(drift_gates(replace(comparison, parameters=rows), desk.settings()))
    assert found.gate == "max_parameter_drift"
    assert "r of BG/NBD has changed most, from 0." in found.message


def test_value_that_the_models_alone_have_made_is_held(nights: Nights, desk: Any, held: Any) -> None:
    other = lw.BetaGeoModel.from_parameters(r=0.5, alpha=4.4, a=0.2, b=2.4, unit="W")
    economics = replace(ECONOMICS, margin=0.33)
    valuation = nights.valued(["24M"], economics, purchases=other)
    found = compare(valuation, chosen("BG/NBD"), nights.snapshot, desk.settings(), nights.last)
    results = drift_gates(found, desk.settings(gates=GateSettings(max_parameter_drift=Bar())))
    worst = held(results)
    assert worst.gate == "max_unexplained_change"
    parts = found.bridge.frame.set_index("part")["mean"]
    assert worst.measured == pytest.approx(abs(parts[MODEL]) / parts["before"])
    assert "economics change it by" in worst.message


def test_a_forecast_that_missed_makes_a_warning_with_figures(comparison: Comparison, desk: Any, said: Any) -> None:
    since = comparison.since.assign(actual=[0.0, comparison.since["mean"].iloc[1]])
    found = said(drift_gates(replace(comparison, since=since), desk.settings()), "max_since_miss")
    assert found.outcome == "warned"
    assert "In the 31 days since the last run its customers brought purchases of 0; it had forecast " in found.message
