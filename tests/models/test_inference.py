"""Three ways to one posterior: they agree with each other and with plain integration, and say when they fail."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import lifeworth as lw
from lifeworth.models.fitted_purchases import rows_of
from lifeworth.models.inference import methods as inference
from lifeworth.models.inference.density import LogPosterior
from lifeworth.models.inference.diagnostics import LARGEST_K_HAT, Check, Diagnostics
from lifeworth.models.purchases import typical_gap
from lifeworth.models.spend import scaled, spend_rows, typical_amount

if TYPE_CHECKING:
    from collections.abc import Callable

DRAWS = {"laplace": 20_000, "nuts": 8_000}
"""Of them 15,000 and 6,000 effective: five standard errors of a mean are 0.06 sd, of a standard deviation 5 %."""


def density_and_scale(model: Any, summary: Any) -> tuple[LogPosterior, float]:
    """The log posterior that `fit` sees, and the unit of its times or amounts."""
    if model in lw.models.TRANSACTION_MODELS:
        rows = rows_of(summary)
        return LogPosterior(model(), rows.for_kernel(typical_gap(rows))), typical_gap(rows)
    amounts, _ = spend_rows(summary, first_purchase=True)
    return LogPosterior(model(), scaled(amounts, typical_amount(amounts))), typical_amount(amounts)


def moments_on_a_grid(model: Any, summary: Any) -> tuple[np.ndarray, np.ndarray]:
    """Posterior means and standard deviations of the log parameters by the trapezoidal rule around the mode."""
    density, scale = density_and_scale(model, summary)
    mode = inference.find_mode(density, 0)
    # a step of one standard deviation integrates a Gaussian to 5e-9
    axis = np.arange(-6.0, 6.5, 1.0)
    white = np.stack(np.meshgrid(*[axis] * len(mode.point), indexing="ij"), axis=-1).reshape(-1, len(mode.point))
    white = white[np.square(white).sum(axis=1) <= 36.0]
    free = mode.point + white @ mode.factor.T
    weight = np.exp([density(point)[0] - mode.value for point in free])
    logs = np.log(density.model.rescale(density.to_parameters(free.T), scale))
    mean = logs @ weight / weight.sum()
    return mean, np.sqrt(np.square(logs - mean[:, None]) @ weight / weight.sum())


def logs_of(fit: Any) -> np.ndarray:
    """Draws of the log parameters, array (draws, parameters)."""
    return np.log(fit.posterior.values.reshape(-1, len(fit.posterior.names)))


# ---- agreement -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exact_moments(cdnow_sample: Any) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Moments on a grid, each computed once: (model, customers)."""
    return functools.cache(
        lambda model, customers: moments_on_a_grid(model, cdnow_sample.select(np.arange(len(cdnow_sample)) < customers))
    )


def test_draws_have_the_moments_of_the_posterior(
    any_model: Any, fitted: Callable[..., Any], exact_moments: Callable[..., Any]
) -> None:
    assert_moments(fitted(any_model, "laplace", draws=DRAWS["laplace"]), *exact_moments(any_model, 2357))


@pytest.mark.slow_but_first
def test_chains_have_the_moments_of_the_posterior(
    any_model: Any, fitted: Callable[..., Any], exact_moments: Callable[..., Any]
) -> None:
    assert_moments(fitted(any_model, "nuts", draws=DRAWS["nuts"]), *exact_moments(any_model, 2357))


@pytest.mark.slow_but_first
def test_draws_have_the_moments_of_the_posterior_where_data_are_few(
    any_model: Any, cdnow_sample: Any, exact_moments: Callable[..., Any]
) -> None:
    few = cdnow_sample.select(np.arange(len(cdnow_sample)) < 250)
    assert_moments(any_model().fit(few, draws=DRAWS["laplace"], seed=2), *exact_moments(any_model, 250))


def assert_moments(fit: Any, mean: np.ndarray, deviation: np.ndarray) -> None:
    """Check the means and standard deviations of the log parameters."""
    assert fit.diagnostics.ok, fit.diagnostics
    logs = logs_of(fit)
    assert len(logs) == DRAWS[fit.diagnostics.method]
    np.testing.assert_allclose((logs.mean(axis=0) - mean) / deviation, 0.0, atol=0.06)
    np.testing.assert_allclose(logs.std(axis=0) / deviation, 1.0, atol=0.05)


@pytest.mark.slow_but_first
def test_laplace_and_nuts_agree(any_model: Any, fitted: Callable[..., Any]) -> None:
    one, other = (fitted(any_model, method, draws=draws) for method, draws in DRAWS.items())
    # an outer quantile of a skewed parameter is known half as well as its mean
    for column, most in (("mean", 0.1), ("q50", 0.1), ("q05", 0.2), ("q95", 0.2)):
        difference = one.parameters[column] - other.parameters[column]
        assert (abs(difference) < most * other.parameters["sd"]).all(), column
    np.testing.assert_allclose(logs_of(one).std(axis=0), logs_of(other).std(axis=0), rtol=0.05)


def test_the_mode_is_where_the_log_posterior_is_flat(any_model: Any, cdnow_sample: Any) -> None:
    density, scale = density_and_scale(any_model, cdnow_sample)
    fit = any_model().fit(cdnow_sample, method="map")
    mode = inference.find_mode(density, 5)
    _, gradient = density(mode.point)
    assert np.abs(mode.factor.T @ gradient).max() < 1e-3
    found = density.model.rescale(density.to_parameters(mode.point), scale)
    np.testing.assert_allclose(fit.parameters["mean"], found, rtol=1e-4)


def test_a_point_is_one_draw_with_standard_errors(any_model: Any, fitted: Callable[..., Any]) -> None:
    point, posterior = fitted(any_model, "map", draws=20_000), fitted(any_model, draws=20_000)
    assert len(point.posterior) == 1
    np.testing.assert_allclose(point.parameters["sd"], posterior.parameters["sd"], rtol=0.5)  # skewed ones
    assert (
        (point.parameters["q05"] < point.parameters["mean"]) & (point.parameters["mean"] < point.parameters["q95"])
    ).all()
    assert "point" in str(point.diagnostics)


# ---- the same again ------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["laplace", "map"])
def test_a_seed_gives_the_same_fit_again_and_another_seed_another(
    any_model: Any, cdnow_sample: Any, method: str
) -> None:
    one, again, other = (any_model().fit(cdnow_sample, method=method, seed=seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(one.posterior.values, again.posterior.values)
    if method == "map":
        np.testing.assert_allclose(one.posterior.values, other.posterior.values, rtol=1e-3)
        np.testing.assert_array_equal(one.posterior.approximate, again.posterior.approximate)
        assert not np.array_equal(one.posterior.approximate, other.posterior.approximate)
    else:
        assert not np.array_equal(one.posterior.values, other.posterior.values)


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore::lifeworth.models.ground.errors.ConvergenceWarning"
)  # so few draws are for this alone
def test_a_seed_gives_the_same_chains_again(any_model: Any, cdnow_sample: Any) -> None:
    some = cdnow_sample.select(np.arange(len(cdnow_sample)) < 300)
    one, again, other = (any_model().fit(some, method="nuts", draws=80, seed=seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(one.posterior.values, again.posterior.values)
    assert not np.array_equal(one.posterior.values, other.posterior.values)
    chains = one.posterior.values
    assert chains.shape == (4, 20, len(any_model.parameters))
    assert len(np.unique(chains[:, 0, 0])) == 4


def test_fitting_leaves_the_model_and_the_summary_as_they_were(any_model: Any, cdnow_sample: Any) -> None:
    model, before = any_model(), cdnow_sample.frame.copy()
    priors = dict(model.priors)
    model.fit(cdnow_sample, method="map")
    assert dict(model.priors) == priors
    assert cdnow_sample.frame.equals(before)


# ---- verdicts ------------------------------------------------------------------------------------


@pytest.mark.slow_but_first
def test_laplace_falls_back_to_nuts_and_says_so(
    any_model: Any, cdnow_sample: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lifeworth.models.inference.posterior.LARGEST_K_HAT", -10.0)
    fit = any_model().fit(cdnow_sample, draws=2000, seed=1)
    assert fit.diagnostics.method == "nuts"
    assert fit.posterior.attributes["method"] == "nuts"
    assert any("NUTS" in note and "k_hat" in note for note in fit.diagnostics.notes)
    assert {"r_hat", "ess_bulk", "ess_tail"} <= set(fit.parameters.columns)
    assert fit.posterior.values.shape == (4, 500, len(any_model.parameters))


def test_laplace_that_can_be_relied_on_is_not_replaced(any_model: Any, fitted: Callable[..., Any]) -> None:
    fit = fitted(any_model)
    assert fit.diagnostics.method == "laplace"
    assert fit.diagnostics.ok
    assert fit.parameters["k_hat"].max() <= LARGEST_K_HAT
    assert fit.parameters["ess"].min() > 0.75 * 4000


def test_a_fit_below_its_standard_is_returned_with_a_warning_and_a_remedy(
    any_model: Any, cdnow_sample: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lifeworth.models.inference.diagnostics.SMALLEST_SHARE", 100.0)
    monkeypatch.setattr("lifeworth.models.inference.diagnostics.SMALLEST_ESS", 1e6)
    with pytest.warns(lw.ConvergenceWarning, match="NOT TO BE RELIED ON") as caught:
        fit = any_model().fit(cdnow_sample, draws=1000)
    assert caught[0].filename == __file__
    assert not fit.diagnostics.ok
    (failed,) = [check for check in fit.diagnostics.checks if not check.passed]
    assert failed.remedy
    assert failed.remedy in str(fit.diagnostics)


def test_chains_that_end_in_nothing_are_never_returned(
    any_model: Any, four: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(density: Any, *_: Any, draws: int, chains: int, **__: Any) -> inference.Draws:
        return inference.Draws(np.full((chains, draws, len(density.start)), np.nan), {})

    monkeypatch.setattr("lifeworth.models.inference.posterior.nuts", broken)
    with pytest.raises(lw.FitError, match=r"NUTS ended with draws that are not finite; give narrower priors"):
        any_model().fit(four, method="nuts")


def test_diagnostics_are_a_table_and_a_sentence() -> None:
    verdict = Diagnostics(
        "nuts", (Check("r_hat", 1.2, "<= 1.01", False, "sample longer."), Check("ok", 1.0, "1", True))
    )
    assert not verdict.ok
    assert Diagnostics("map").ok
    assert list(verdict.frame.columns) == ["name", "value", "expected", "passed", "remedy"]
    assert list(verdict.frame["passed"]) == [False, True]
    assert "r_hat = 1.2 (expected <= 1.01): sample longer." in str(verdict)
    assert verdict.with_notes("a note").notes == ("a note",)


# ---- any density ---------------------------------------------------------------------------------


class Density:
    """A log density for inference, which knows no model."""

    names = ("one", "two")
    start = np.zeros(2)

    def __init__(self, value_and_gradient: Callable[[np.ndarray], tuple[float, np.ndarray]]) -> None:
        self.value_and_gradient = value_and_gradient

    def __call__(self, free: np.ndarray) -> tuple[float, np.ndarray]:
        return self.value_and_gradient(free)


COVARIANCE = np.array([[4.0, 1.5], [1.5, 1.0]])
CENTRE = np.array([3.0, -2.0])


def gaussian(free: np.ndarray) -> tuple[float, np.ndarray]:
    slope = -np.linalg.solve(COVARIANCE, free - CENTRE)
    return 0.5 * float((free - CENTRE) @ slope), slope


def student(df: float) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """Student-t in two dimensions."""

    def density(free: np.ndarray) -> tuple[float, np.ndarray]:
        square = float(free @ free) / df
        return -0.5 * (df + 2.0) * math.log1p(square), -(df + 2.0) / df * free / (1.0 + square)

    return density


def test_the_mode_of_a_gaussian_is_its_centre_and_its_curvature_its_covariance() -> None:
    mode = inference.find_mode(Density(gaussian), 1)
    np.testing.assert_allclose(mode.point, CENTRE, atol=1e-6)
    np.testing.assert_allclose(mode.factor @ mode.factor.T, COVARIANCE, rtol=1e-6)
    np.testing.assert_array_equal(mode.factor, np.tril(mode.factor))


@pytest.mark.parametrize("how", ["laplace", "nuts", "gaussian"])
def test_every_way_draws_from_a_gaussian(how: str) -> None:
    density = Density(gaussian)
    mode = inference.find_mode(density, 1)
    if how == "laplace":
        drawn = inference.laplace(density, mode, 8000, 3)
        assert drawn.k_hat is not None
        assert drawn.k_hat < 0.3
        draws = drawn.free[0]
    elif how == "nuts":
        draws = inference.nuts(density, mode, draws=2000, tune=300, chains=4, seed=3, progress=False).free.reshape(
            -1, 2
        )
    else:
        draws = inference.gaussian(mode, 8000, 3)
    np.testing.assert_allclose((draws.mean(axis=0) - CENTRE) / np.sqrt(np.diag(COVARIANCE)), 0.0, atol=0.06)
    np.testing.assert_allclose(np.cov(draws.T), COVARIANCE, rtol=0.1)


def test_tails_too_heavy_for_importance_sampling_are_noticed() -> None:
    cauchy, light = Density(student(1.0)), Density(student(30.0))
    assert inference.laplace(cauchy, inference.find_mode(cauchy, 1), 4000, 1).k_hat > LARGEST_K_HAT
    assert inference.laplace(light, inference.find_mode(light, 1), 4000, 1).k_hat < LARGEST_K_HAT


def test_a_density_without_a_mode_is_refused_with_a_remedy() -> None:
    slope = Density(lambda free: (float(free[0]) - 0.5 * float(free[1]) ** 2, np.array([1.0, -float(free[1])])))
    with pytest.raises(lw.FitError, match=r"no mode was found.*proper prior"):
        inference.find_mode(slope, 1)


def test_the_highest_of_several_modes_wins() -> None:
    def two_hills(free: np.ndarray) -> tuple[float, np.ndarray]:
        low, high = free + 2.5, free - 2.5
        logs = np.array([-0.5 * float(low @ low) / 0.25, 6.0 - 0.5 * float(high @ high) / 0.25])
        share = np.exp(logs - np.logaddexp.reduce(logs))
        return float(np.logaddexp.reduce(logs)), -(share[0] * low + share[1] * high) / 0.25

    class NearTheLow(Density):
        start = np.array([-0.3, -0.3])

    ends = [inference.find_mode(NearTheLow(two_hills), seed).point.mean() for seed in range(10)]
    assert sum(end > 2.0 for end in ends) >= 5


# ---- little data ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["laplace", "map"])
def test_four_customers_are_enough_with_the_default_priors(any_model: Any, four: Any, method: str) -> None:
    fit = any_model().fit(four, method=method, seed=1)
    assert fit.diagnostics.ok, fit.diagnostics
    assert np.isfinite(fit.posterior.values).all()
    assert (fit.posterior.values > 0.0).all()


def test_four_customers_without_priors_give_an_answer_or_an_error_with_a_remedy(any_model: Any, four: Any) -> None:
    try:
        fit = any_model(priors="flat").fit(four, method="map")
    except lw.FitError as error:
        assert "proper prior" in str(error)  # noqa: PT017  # either is right; what may not come is a warning or a NaN
    else:
        assert np.isfinite(fit.posterior.values).all()


def test_a_prior_of_ones_own_moves_the_fit(any_model: Any, cdnow_sample: Any) -> None:
    name = next(name for name, prior in any_model.default_priors.items() if isinstance(prior, lw.LogNormal))
    some = cdnow_sample.select(np.arange(len(cdnow_sample)) < 100)

    def coordinate(prior: lw.LogNormal) -> float:
        fit = any_model(priors={name: prior}).fit(some, method="map")
        density, scale = density_and_scale(any_model, some)
        theta = fit.posterior.mean / density.model.rescale(np.ones(len(fit.posterior.mean)), scale)
        return float(dict(zip(density.names, coordinates_of(any_model, theta), strict=True))[name])

    low, high = coordinate(lw.LogNormal(-3.0, 0.01)), coordinate(lw.LogNormal(3.0, 0.01))
    assert math.log(low) == pytest.approx(-3.0, abs=0.1)
    assert math.log(high) == pytest.approx(3.0, abs=0.1)


def coordinates_of(model: Any, theta: np.ndarray) -> np.ndarray:
    """Coordinates that lead to parameters, by solving for them."""
    from scipy.optimize import least_squares

    names = list(model.default_priors)
    bounded = [isinstance(model.default_priors[name], lw.Beta) for name in names]

    def value(free: np.ndarray) -> np.ndarray:
        point = [1.0 / (1.0 + np.exp(-u)) if beta else np.exp(u) for u, beta in zip(free, bounded, strict=True)]
        return np.array(point)

    solved = least_squares(
        lambda free: np.log(np.array(model.to_parameters(list(value(free))))) - np.log(theta), np.zeros(len(names))
    )
    assert solved.cost < 1e-12
    return value(solved.x)
