"""Outcomes of a valuation that decisions share: simulated once, the same numbers if not, and never written down."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.prediction import futures
from lifeworth.models.valuation import basis

MONEY = lw.Economics(margin=0.3, annual_discount_rate=0.15, currency="$")


def decisions(valuation: Any) -> list[pd.DataFrame]:
    """What three decisions say, each of which asks for every outcome."""
    return [
        lw.loyalty_tiers(valuation, horizon="12M").frame,
        lw.loyalty_tiers(valuation, horizon="12M").summary,
        lw.segments(valuation, horizon="12M").frame,
        lw.cohorts(valuation, horizon="12M").frame,
    ]


@pytest.fixture
def valuation(known: Any, cdnow_spend: Any, cdnow_sample: Any) -> Any:
    some = cdnow_sample.select(np.arange(len(cdnow_sample)) % 8 == 0)
    return lw.value(known.fitted, cdnow_spend, some, MONEY, ["12M", "24M"], draws=60)


@pytest.fixture
def simulations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What futures were walked for, in order."""
    asked, walk = [], futures.Futures.reduced

    def reduced(self: Any, reduce: Any, description: str) -> Any:
        asked.append(description)
        return walk(self, reduce, description)

    monkeypatch.setattr(futures.Futures, "reduced", reduced)
    return asked


def test_decisions_at_one_horizon_walk_the_futures_once(valuation: Any, simulations: list[str]) -> None:
    decisions(valuation)
    assert simulations == ["Simulating futures"]
    lw.segments(valuation, horizon="24M")
    assert simulations == ["Simulating futures"] * 2


def test_a_valuation_can_keep_them_itself(valuation: Any, simulations: list[str]) -> None:
    expected, asked = decisions(valuation), valuation.basis
    keeps = lw.value(asked.purchases, asked.spend, asked.summary, MONEY, ["12M", "24M"], draws=60, keep="12M")
    simulations.clear()
    for before, after in zip(expected, decisions(keeps), strict=True):
        pd.testing.assert_frame_equal(before, after, check_exact=True)
    assert simulations == []
    with pytest.raises(lw.InputError, match="'36M' was not valued; expected one of 12M, 24M"):
        lw.value(asked.purchases, asked.spend, asked.summary, MONEY, ["12M", "24M"], draws=20, keep="36M")


def test_what_does_not_fit_into_memory_is_simulated_anew_and_the_same(
    valuation: Any, simulations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = decisions(valuation)
    valuation.basis.forget()
    simulations.clear()
    monkeypatch.setattr(basis, "KEPT_BYTES", 0)
    for before, after in zip(kept, decisions(valuation), strict=True):
        pd.testing.assert_frame_equal(before, after, check_exact=True)
    assert len(simulations) == 8  # ranks twice and values once for each of the tiers, segments and cohorts once


def test_a_saved_valuation_holds_no_outcomes(valuation: Any) -> None:
    before = len(pickle.dumps(valuation.basis))
    kept = lw.segments(valuation, horizon="12M").frame
    lean = pickle.dumps(valuation.basis)
    # what `exact` keeps may have grown it; outcomes would be 60 numbers a customer
    assert len(lean) - before < 30 * 8 * len(valuation.basis.summary)
    valuation.basis.forget()
    pd.testing.assert_frame_equal(lw.segments(valuation, horizon="12M").frame, kept, check_exact=True)
