"""What is asked for costs, what is not asked for does not, and neither changes the other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import lifeworth as lw
from lifeworth.models.ground.intervals import MANY, fewer_draws
from lifeworth.models.prediction.calibration import clock_for
from lifeworth.models.prediction.discrepancy import default_discrepancy
from lifeworth.models.prediction.expectations import expectations, expected_totals
from lifeworth.models.prediction.futures import MEASURES, Futures

HORIZONS = np.array([13.0, 52.0])


def test_paths_that_keep_less_are_the_same_paths(known_purchases: Any, cdnow_spend: Any, four: Any) -> None:
    futures = Futures(known_purchases.fitted, cdnow_spend, four, HORIZONS, 0.002, 50, 3)
    every = list(futures.reduced(lambda path: path, "Paths"))
    few = list(replace(futures, measures=("discounted_spend", "purchases")).reduced(lambda path: path, "Paths"))
    for path, less in zip(every, few, strict=True):
        assert tuple(path.measures) == MEASURES
        np.testing.assert_array_equal(path.discounted_spend, less.discounted_spend)
        np.testing.assert_array_equal(path.purchases, less.purchases)
        assert set(less.measures) == {"discounted_spend", "purchases"}


def test_sums_are_those_of_the_paths(known_purchases: Any, cdnow_spend: Any, four: Any) -> None:
    futures = Futures(known_purchases.fitted, cdnow_spend, four, HORIZONS, 0.002, 50, 3)
    kind, weight = np.array([0, 1, 1, 0]), np.array([0.1, 0.2, 0.3, 0.4])
    sums, by_hand = futures.sums("Sums", kind, weight), np.zeros((8, 2, 2, 50))
    for path in futures.reduced(lambda path: path, "Paths"):
        for place, who in enumerate(path.customers):
            each = np.stack([path.measures[measure][:, place] for measure in MEASURES])
            by_hand[:6, :, kind[who]] += each
            by_hand[6:, :, kind[who]] += weight[who] * each[[1, 4]]
    # the streams of blocks are those of the paths as long as a block is drawn in one part, as four customers are
    np.testing.assert_allclose(sums, by_hand, rtol=1e-12)


@pytest.mark.parametrize("with_clock", [False, True])
def test_means_without_activity_are_the_same_means(
    fitted: Any, cdnow_sample: lw.CustomerSummary, with_clock: bool
) -> None:
    model = fitted(lw.BetaGeoModel)
    clock = clock_for(model, cdnow_sample, default_discrepancy(), HORIZONS, 100, 1) if with_clock else None
    full, bare = (
        expectations(model, cdnow_sample, HORIZONS, 0.002, 50, clock, activity=activity) for activity in (True, False)
    )
    np.testing.assert_allclose(bare.purchases, full.purchases, rtol=1e-12)
    np.testing.assert_allclose(bare.alive, full.alive, rtol=1e-12)
    assert full.active.shape == (2, len(cdnow_sample))
    assert bare.active.shape == (0, len(cdnow_sample))


def test_several_totals_at_once_are_each_of_them_alone(fitted: Any, cdnow_sample: lw.CustomerSummary) -> None:
    model, rng = fitted(lw.ParetoNBDModel), np.random.default_rng(1)
    shares = rng.random((3, len(cdnow_sample)))
    together = expected_totals(model, cdnow_sample, HORIZONS, 0.0, 20, shares)
    assert together.shape == (3, 2, 20)
    for share, total in zip(shares, together, strict=True):
        np.testing.assert_allclose(
            total, expected_totals(model, cdnow_sample, HORIZONS, 0.0, 20, share[None])[0], rtol=1e-12
        )


def test_draws_are_fewer_in_proportion_to_the_customers_and_never_too_few() -> None:
    assert [fewer_draws(100, customers, 20) for customers in (0, 1, MANY, 2 * MANY, 100 * MANY)] == [
        100, 100, 100, 50, 20,
    ]  # fmt: skip
    assert fewer_draws(10, 100 * MANY, 20) == 10
