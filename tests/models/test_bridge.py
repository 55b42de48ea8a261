"""The bridge between two valuations: parts that add up, each moved by its own cause alone."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.decisions.planning.bridge import (
    AFTER,
    BEFORE,
    BEHAVIOUR,
    ECONOMICS,
    GONE,
    MODEL,
    NEW,
    TIME,
)  # fmt: skip

PLAIN: Final = lw.Economics(0.3, 0.15, cost_per_order=1.0, cost_per_year_alive=2.0)
FEW: Final = {"draws": 20, "calibration": "textbook"}
GAP: Final = 8.0
"""Weeks between the two runs."""
HORIZON: Final = "26W"


def run(fitted: Any, spend: Any, frame: pd.DataFrame, until: str, economics: lw.Economics = PLAIN) -> lw.Valuation:
    summary = lw.CustomerSummary.from_frame(frame, unit="W", until=until)
    return lw.value(fitted, spend, summary, economics, [HORIZON, "12W"], **FEW)


def eight_weeks_later(frame: pd.DataFrame, **changes: Any) -> pd.DataFrame:
    return frame.assign(T=frame["T"] + GAP, **changes)


def parts(bridge: lw.Bridge) -> pd.Series:
    return bridge.frame.set_index("part")["mean"]


def test_parts_add_up_to_the_change_of_the_totals(known: Any, cdnow_spend: Any, four: Any) -> None:
    later = eight_weeks_later(four.frame).replace({"often": "somebody new"})
    before = run(known.fitted, cdnow_spend, four.frame, "1997-09-30")
    after = run(known.fitted, cdnow_spend, later, "1997-11-25", replace(PLAIN, margin=0.4))
    for horizon in (HORIZON, "12W"):
        found = lw.bridge(before, after, horizon=horizon)
        mean = parts(found)
        assert mean[BEFORE] == before.total["value_mean"][before.place(horizon)]
        assert mean[AFTER] == after.total["value_mean"][after.place(horizon)]
        assert mean[BEFORE] + mean.iloc[1:-1].sum() == pytest.approx(mean[AFTER], rel=1e-12)
        assert found.change == mean[AFTER] - mean[BEFORE]
        assert (found.frame["q05"] <= found.frame["mean"] + 1e-9).all()
        assert (found.frame["mean"] <= found.frame["q95"] + 1e-9).all()
    assert GONE in mean
    assert any("1 customers of the first run are not in the second" in note for note in found.notes)


def test_nothing_that_changed_is_a_bridge_of_nothing(known: Any, cdnow_spend: Any, four: Any) -> None:
    before = run(known.fitted, cdnow_spend, four.frame, "1997-09-30")
    mean = parts(lw.bridge(before, before))
    np.testing.assert_allclose(mean.iloc[1:-1], 0.0, atol=1e-7 * mean[BEFORE])
    assert GONE not in mean


def test_time_passes_as_the_first_model_expected(known: Any, cdnow_spend: Any, four: Any) -> None:
    before = run(known.fitted, cdnow_spend, four.frame, "1997-09-30")
    after = run(known.fitted, cdnow_spend, eight_weeks_later(four.frame), "1997-11-25")
    found = lw.bridge(before, after, horizon=HORIZON)
    until_end = lw.value(known.fitted, cdnow_spend, four, PLAIN, ["8W", "34W"], **FEW).total["value_mean"]
    expected = math.exp(GAP * math.log(1.15) / 52.0) * (until_end[1] - until_end[0])
    assert parts(found)[TIME] == pytest.approx(expected - before.total["value_mean"][0], rel=1e-6)
    # silence for eight weeks is worse than what was expected
    assert parts(found)[BEHAVIOUR] < 0.0
    for part in (NEW, MODEL, ECONOMICS):
        assert parts(found)[part] == pytest.approx(0.0, abs=1e-5)


def test_buying_is_behaviour_and_newcomers_are_new(known: Any, cdnow_spend: Any, four: Any) -> None:
    frame, before = four.frame, run(known.fitted, cdnow_spend, four.frame, "1997-09-30")
    later = eight_weeks_later(frame)
    silent = parts(lw.bridge(before, run(known.fitted, cdnow_spend, later, "1997-11-25"), horizon=HORIZON))
    active = later.assign(frequency=frame["frequency"] + 1, recency=later["T"] - 1.0, monetary_value=30.0)
    newcomer = pd.DataFrame([{**frame.iloc[0], "customer_id": "fresh", "T": 3.0}])
    grown = pd.concat([active, newcomer], ignore_index=True)
    after = run(known.fitted, cdnow_spend, grown, "1997-11-25")
    found = lw.bridge(before, after, horizon=HORIZON)
    assert parts(found)[BEHAVIOUR] > silent[BEHAVIOUR]
    assert parts(found)[TIME] == pytest.approx(silent[TIME])
    worth = after.customers.set_index(["customer_id", "horizon"])["value_mean"]["fresh", HORIZON]
    assert parts(found)[NEW] == pytest.approx(worth, rel=1e-6)
    assert list(found.frame.set_index("part")["customers"][[NEW, BEHAVIOUR]]) == [1, 4]


def test_another_margin_is_economics_and_another_model_is_the_model(known: Any, cdnow_spend: Any, four: Any) -> None:
    before = run(known.fitted, cdnow_spend, four.frame, "1997-09-30")
    richer = run(known.fitted, cdnow_spend, four.frame, "1997-09-30", replace(PLAIN, margin=0.4))
    dearer = lw.GammaGammaModel.from_parameters(p=6.25, q=3.74, v=20.0)
    remodelled = run(known.fitted, dearer, four.frame, "1997-09-30")
    for after, cause in ((richer, ECONOMICS), (remodelled, MODEL)):
        mean = parts(lw.bridge(before, after, horizon=HORIZON))
        assert mean[cause] == pytest.approx(mean[AFTER] - mean[BEFORE], rel=1e-6)
        assert mean[cause] > 0.0


def test_two_fits_of_one_log_differ_by_the_model_alone(fitted: Any, cdnow_sample: Any) -> None:
    some = cdnow_sample.select(np.arange(len(cdnow_sample)) < 300)
    spend = fitted(lw.GammaGammaModel, first_purchase=False)
    one, other = (fitted(model) for model in (lw.BetaGeoModel, lw.ModifiedBetaGeoModel))
    before, after = (lw.value(model, spend, some, PLAIN, "26W", draws=50) for model in (one, other))
    found = lw.bridge(before, after)
    frame = found.frame.set_index("part")
    assert frame["mean"][MODEL] == pytest.approx(found.change, rel=1e-3)
    assert frame["q05"][MODEL] < frame["mean"][MODEL] < frame["q95"][MODEL]
    assert any("The model changed from BG/NBD to MBG/NBD" in note for note in found.notes)


def test_valuations_that_cannot_be_bridged_are_refused(known: Any, cdnow_spend: Any, four: Any) -> None:
    before = run(known.fitted, cdnow_spend, four.frame, "1997-09-30")
    after = run(known.fitted, cdnow_spend, eight_weeks_later(four.frame), "1997-11-25")
    with pytest.raises(lw.InputError, match=r"the cut-off 1997-11-25 is later than 1997-09-30; swap the two"):
        lw.bridge(after, before)
    with pytest.raises(lw.InputError, match=r"horizon: '24M' was not valued; expected one of 26W, 12W"):
        lw.bridge(before, after, horizon="24M")
    with pytest.raises(lw.InputError, match="before: expected a valuation made by"):
        lw.bridge(before.total, after)
    nowhere = lw.CustomerSummary.from_frame(four.frame, unit="W")
    with pytest.raises(lw.InputError, match="expected valuations that know their cut-offs"):
        lw.bridge(lw.value(known.fitted, cdnow_spend, nowhere, PLAIN, HORIZON, **FEW), after)
