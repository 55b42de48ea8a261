"""A costly log density is asked at a few points, a polynomial at the others: nothing comes out otherwise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

import lifeworth as lw
from lifeworth.models.fitted_purchases import rows_of
from lifeworth.models.inference import methods as inference
from lifeworth.models.inference.density import LogPosterior
from lifeworth.models.inference.near_mode import CHECKED, LARGEST_SIZE, values, values_near
from lifeworth.models.purchases import typical_gap

if TYPE_CHECKING:
    from collections.abc import Callable

POINTS = 1000
WEIGHS = 15.0
"""Points further below the top than this have no weight to speak of."""


class Counted:
    """A log density that counts how often it is asked."""

    def __init__(self, size: int, value_and_gradient: Callable[[np.ndarray], tuple[float, np.ndarray]]) -> None:
        self.names = tuple(str(place) for place in range(size))
        self.start = np.zeros(size)
        self.value_and_gradient = value_and_gradient
        self.asked = 0

    def __call__(self, free: np.ndarray) -> tuple[float, np.ndarray]:
        self.asked += 1
        return self.value_and_gradient(free)


@pytest.fixture(scope="module", params=[lw.BetaGeoModel, lw.ParetoNBDModel])
def posterior(request: pytest.FixtureRequest) -> LogPosterior:
    rows = rows_of(lw.summarise(lw.load_cdnow(), until="1997-09-30", unit="D"))
    return LogPosterior(request.param(), rows.for_kernel(typical_gap(rows)))


def quartic(free: np.ndarray) -> tuple[float, np.ndarray]:
    """Hardly a Gaussian, and yet a polynomial."""
    return -0.5 * float(free @ free) - 0.01 * float((free**4).sum()), -free - 0.04 * free**3


def kinked(free: np.ndarray) -> tuple[float, np.ndarray]:
    """No polynomial."""
    return -float(np.abs(free).sum()), -np.sign(free)


def proposals(size: int, seed: int = 1) -> np.ndarray:
    return inference.student(np.zeros(size), np.eye(size), POINTS, np.random.default_rng(seed))[0]


def test_the_polynomial_stands_for_the_log_posterior_of_cdnow(posterior: LogPosterior) -> None:
    mode = inference.find_mode(posterior, 0)
    points, _ = inference.student(mode.point, mode.factor, POINTS, np.random.default_rng(1))
    counted = Counted(len(mode.point), posterior)
    found = values_near(counted, mode.point, mode.factor, points)
    assert counted.asked < POINTS / 3
    exact = values(posterior, points)
    error = np.abs(found - exact)
    assert error[exact > exact.max() - WEIGHS].max() < 1e-3
    assert error.max() < 1e-2


@pytest.mark.slow
def test_draws_are_the_same_with_the_polynomial_and_without(posterior: LogPosterior) -> None:
    mode = inference.find_mode(posterior, 0)
    plain, near = (inference.laplace(posterior, mode, POINTS, 3, costly=costly) for costly in (False, True))
    assert np.isclose(plain.free, near.free).all(axis=-1).mean() > 0.98
    assert plain.k_hat is not None
    assert near.k_hat == pytest.approx(plain.k_hat, abs=0.02)


def test_a_density_that_no_polynomial_follows_is_asked_itself() -> None:
    points = proposals(3)
    density = Counted(3, kinked)
    np.testing.assert_array_equal(
        values_near(density, np.zeros(3), np.eye(3), points), [kinked(one)[0] for one in points]
    )
    assert density.asked > POINTS


def test_far_out_the_density_itself_is_asked() -> None:
    """A wall beyond eight standard deviations, of which the polynomial knows nothing."""

    def walled(free: np.ndarray) -> tuple[float, np.ndarray]:
        if np.linalg.norm(free) > 8.0:
            return -math.inf, np.zeros(len(free))
        return quartic(free)

    points = np.concatenate([proposals(2), [[9.0, 0.0], [0.0, 6.5]]])
    found = values_near(Counted(2, walled), np.zeros(2), np.eye(2), points)
    np.testing.assert_allclose(found, [walled(one)[0] for one in points], rtol=0.0, atol=1e-9)


def test_where_it_would_not_pay_there_is_no_polynomial() -> None:
    few, many = Counted(4, quartic), Counted(LARGEST_SIZE + 1, quartic)
    values_near(few, np.zeros(4), np.eye(4), proposals(4)[: 2 * CHECKED])
    values_near(many, np.zeros(LARGEST_SIZE + 1), np.eye(LARGEST_SIZE + 1), proposals(LARGEST_SIZE + 1))
    assert (few.asked, many.asked) == (2 * CHECKED, POINTS)
