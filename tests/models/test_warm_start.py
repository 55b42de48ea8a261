"""A retrain starts where the last fit ended, and few draws are as sound as many."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.inference import methods


def test_a_warm_start_ends_at_the_same_mode_with_less_work(
    transaction_model: Any, cdnow_sample: lw.CustomerSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    climbs: list[int] = []
    climb = methods._climb

    def counted(density: Any, start: Any) -> Any:
        climbs.append(1)
        return climb(density, start)

    monkeypatch.setattr(methods, "_climb", counted)
    cold = transaction_model().fit(cdnow_sample, method="map")
    cold_climbs = len(climbs)
    half = cdnow_sample.select(np.arange(len(cdnow_sample)) % 2 == 0)
    earlier = transaction_model().fit(half, method="map")
    climbs.clear()
    warm = transaction_model().fit(cdnow_sample, method="map", start=earlier)
    assert len(climbs) == 1 < cold_climbs
    pd.testing.assert_series_equal(warm.parameters["mean"], cold.parameters["mean"], rtol=1e-5)


def test_a_start_of_another_model_is_refused(cdnow_sample: lw.CustomerSummary) -> None:
    other = lw.ParetoNBDModel.from_parameters(r=0.5, alpha=10.0, s=0.6, beta=11.0, unit="W")
    with pytest.raises(lw.InputError, match="start: expected an earlier fit of BG/NBD"):
        lw.BetaGeoModel().fit(cdnow_sample, start=other)


def test_the_scale_of_the_priors_can_be_kept_between_fits(cdnow_sample: lw.CustomerSummary) -> None:
    free = lw.BetaGeoModel().fit(cdnow_sample, method="map")
    kept = lw.BetaGeoModel().fit(cdnow_sample, method="map", scale=free.posterior.attributes["scale"])
    far = lw.BetaGeoModel().fit(cdnow_sample, method="map", scale=1000.0)
    pd.testing.assert_frame_equal(kept.parameters, free.parameters)
    assert far.parameters.loc["alpha", "mean"] > free.parameters.loc["alpha", "mean"]
    for bad in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(lw.InputError, match="scale: expected"):
            lw.BetaGeoModel().fit(cdnow_sample, scale=bad)


def test_few_draws_of_few_customers_can_be_relied_on(any_model: Any, cdnow_sample: lw.CustomerSummary) -> None:
    few = cdnow_sample.select(np.arange(len(cdnow_sample)) < 300)
    fitted = any_model().fit(few, draws=100)  # a warning would be an error
    assert fitted.diagnostics.ok
    assert len(fitted.posterior) == 100


def test_the_verdict_says_what_the_data_did_not_tell(cdnow_sample: lw.CustomerSummary) -> None:
    repeaters = cdnow_sample.frame["frequency"].to_numpy() > 0
    handful = cdnow_sample.select(repeaters & (repeaters.cumsum() <= 6))
    notes = " ".join(lw.BetaGeoModel().fit(handful, draws=500).diagnostics.notes)
    assert "as wide as its prior" in notes
    assert "Give more customers" in notes
    assert not lw.BetaGeoModel().fit(cdnow_sample, draws=500).diagnostics.notes
