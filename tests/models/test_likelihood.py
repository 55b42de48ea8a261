"""The likelihoods: against numerical integration over what tells customers apart, and kernels against formulas."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import digamma as scipy_digamma

from lifeworth.models.fitted_purchases import rows_of
from lifeworth.models.ground.rows import DistinctRows, SpendRows
from lifeworth.models.inference.compression import compress
from lifeworth.models.inference.density import LogPosterior
from lifeworth.models.kernels.gamma_gamma import digamma
from lifeworth.models.purchases import typical_gap
from lifeworth.models.spend import spend_rows as spend_rows_of
from lifeworth.models.spend import typical_amount

if TYPE_CHECKING:
    from collections.abc import Callable

CUSTOMERS = [
    (0, 0.0, 38.86),
    (0, 0.0, 0.142857),
    (1, 1.714, 38.857),
    (1, 0.142857, 0.142857),
    (2, 30.43, 38.86),
    (10, 20.0, 38.86),
    (26, 30.86, 31.0),
    (26, 5.0, 31.0),
]
MEANS = [(1, 35.0), (1, 0.37), (2, 22.35), (7, 30.0), (26, 300.0)]
AWKWARD = [
    (0, 0.0, 0.0),
    (0, 0.0, 1e-4),
    (0, 0.0, 2000.0),
    (1, 1e-4, 1e-4),
    (1, 1e-4, 2000.0),
    (3, 1999.0, 2000.0),
    (800, 39.0, 39.0),
    (5000, 10.0, 156.0),
    (5000, 2599.0, 2600.0),
]
"""Customers that break formulas that are only written down: a day old, thousands of purchases, half a century."""


def rows_and_weights(seed: int = 1, size: int = 400) -> tuple[DistinctRows, np.ndarray, np.ndarray, np.ndarray]:
    """Customers of all kinds, several sharing a row, collapsed; and their x, t_x, T."""
    rng = np.random.default_rng(seed)
    T = rng.integers(1, 40, size) / 7.0 * 3.0
    x = np.minimum(rng.poisson(rng.gamma(0.5, 6.0, size)), 60)
    t_x = np.where(x > 0, np.maximum(1.0 / 7.0, np.floor(T * 7.0 * rng.random(size)) / 7.0), 0.0)
    x, t_x, T = (
        np.concatenate([values, extra]) for values, extra in zip((x, t_x, T), zip(*AWKWARD, strict=True), strict=True)
    )
    x = x.astype(np.int64)
    return DistinctRows.collapse(x, t_x, T), x, t_x, T


def slope_by_differences(f: Callable[[np.ndarray], float], at: np.ndarray) -> np.ndarray:
    """Central differences, extrapolated once: relative error about 1e-10."""

    def central(step: float) -> np.ndarray:
        steps = np.diag(step * np.maximum(np.abs(at), 1e-3))
        return np.array([(f(at + s) - f(at - s)) / (2.0 * s.sum()) for s in steps])

    return (4.0 * central(1e-4) - central(2e-4)) / 3.0


# ---- transactions --------------------------------------------------------------------------------


@pytest.mark.parametrize(("x", "t_x", "T"), CUSTOMERS)
def test_likelihood_is_the_integral_over_rates_and_dropouts(known_purchases: Any, x: int, t_x: float, T: float) -> None:
    known = known_purchases
    found = known.fitted.model.log_likelihood(known.theta, np.array([x]), np.array([t_x]), np.array([T]))
    assert found.item() == pytest.approx(known.witness.likelihood(x, t_x, T, **known.parameters), abs=1e-9)


def kernel(model: Any, theta: np.ndarray, rows: Any) -> tuple[float, np.ndarray]:
    """Value and gradient for customers who all share their parameters, arrays (parameters,)."""
    gradient = np.empty((len(theta), 1))
    return model.weighted_log_likelihood(theta[:, None], rows, gradient), gradient[:, 0]


def one_cell(n: np.ndarray, zbar: np.ndarray, weight: np.ndarray) -> SpendRows:
    """Spend of customers who all share their parameters."""
    return SpendRows(n, zbar, weight, np.array([0, len(n)]))


def test_kernel_of_weighted_rows_is_the_sum_over_customers(known_purchases: Any) -> None:
    known = known_purchases
    rows, x, t_x, T = rows_and_weights()
    assert len(rows) < len(x)
    model = known.fitted.model
    found, _ = kernel(model, known.theta, rows.for_kernel(1.0))
    each = model.log_likelihood(known.theta[:, None], x, t_x, T)
    assert np.isfinite(each).all()
    assert found == pytest.approx(math.fsum(each), rel=1e-12)


def test_kernel_gradient_is_the_slope_of_the_formula(known_purchases: Any) -> None:
    known = known_purchases
    rows, x, t_x, T = rows_and_weights()
    model = known.fitted.model
    _, found = kernel(model, known.theta, rows.for_kernel(1.0))
    slope = slope_by_differences(lambda theta: math.fsum(model.log_likelihood(theta[:, None], x, t_x, T)), known.theta)
    np.testing.assert_allclose(found, slope, rtol=1e-7)


@pytest.mark.parametrize(("x", "t_x", "T"), AWKWARD)
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_likelihood_and_gradient_of_awkward_customers_are_finite(
    known_purchases: Any, x: int, t_x: float, T: float, size: float
) -> None:
    known = known_purchases
    one = DistinctRows.collapse(np.array([x]), np.array([t_x]), np.array([T]))
    value, gradient = kernel(known.fitted.model, size * known.theta, one.for_kernel(1.0))
    assert math.isfinite(value)
    assert np.isfinite(gradient).all()


def test_rows_that_broke_another_implementation_are_finite(known: Any) -> None:
    # formulas.md 2.5: customers at whom CLVTools returned NaN
    x = np.array([221, 254, 161, 204])
    t_x, T = np.array([103.43, 97.14, 94.71, 98.57]), np.array([103.57, 97.29, 98.0, 99.43])
    rows = DistinctRows.collapse(x, t_x, T)
    value, gradient = kernel(known.fitted.model, known.theta, rows.for_kernel(1.0))
    each = known.fitted.model.log_likelihood(known.theta[:, None], x, t_x, T)
    assert np.isfinite(each).all()
    assert value == pytest.approx(each.sum(), rel=1e-12)
    assert np.isfinite(gradient).all()


def test_log_likelihood_of_a_summary_has_one_value_a_customer(known: Any, four: Any) -> None:
    frame = four.frame
    direct = known.fitted.model.log_likelihood(
        known.theta[:, None], frame["frequency"].to_numpy(), frame["recency"].to_numpy(), frame["T"].to_numpy()
    )
    np.testing.assert_allclose(known.fitted.log_likelihood(four), direct, rtol=1e-14)


def test_scaling_time_moves_the_likelihood_by_the_jacobian_alone(known_purchases: Any) -> None:
    known = known_purchases
    _, x, t_x, T = rows_and_weights()
    model = known.fitted.model
    weeks = model.log_likelihood(known.theta[:, None], x, t_x, T)
    days = model.log_likelihood(model.rescale(known.theta, 7.0)[:, None], x, 7.0 * t_x, 7.0 * T)
    np.testing.assert_allclose(days, weeks - x * math.log(7.0), rtol=1e-11, atol=1e-11)


# ---- distinct rows -------------------------------------------------------------------------------


def test_collapsed_rows_spread_back_to_the_customers() -> None:
    rows, x, t_x, T = rows_and_weights()
    np.testing.assert_array_equal(rows.x[rows.inverse], x)
    np.testing.assert_array_equal(rows.t_x[rows.inverse], t_x)
    np.testing.assert_array_equal(rows.T[rows.inverse], T)
    assert rows.weight.sum() == len(x)
    assert len({*zip(rows.x.tolist(), rows.t_x.tolist(), rows.T.tolist(), strict=True)}) == len(rows)


def test_pairs_of_rows_are_their_distinct_frequency_and_age() -> None:
    rows, *_ = rows_and_weights()
    x, T, of_row = rows.pairs()
    np.testing.assert_array_equal(x[of_row], rows.x)
    np.testing.assert_array_equal(T[of_row], rows.T)
    assert len({*zip(x.tolist(), T.tolist(), strict=True)}) == len(x) < len(rows)


def test_the_scale_of_time_is_the_median_gap_of_repeaters_and_that_of_money_the_mean_amount(cdnow_sample: Any) -> None:
    frame = cdnow_sample.frame
    gaps = (frame["recency"] / frame["frequency"])[frame["frequency"] > 0]
    assert typical_gap(rows_of(cdnow_sample)) == pytest.approx(np.quantile(gaps, 0.5, method="inverted_cdf"), rel=1e-14)
    amounts, _ = spend_rows_of(cdnow_sample, first_purchase=False)
    mean = frame["monetary_value"][frame["monetary_value"] > 0].mean()
    assert typical_amount(amounts) == pytest.approx(mean, rel=1e-12)


# ---- spend ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "zbar"), MEANS)
def test_spend_likelihood_is_the_integral_over_customers(known_spend: Any, n: int, zbar: float) -> None:
    known = known_spend
    found = known.fitted.model.log_likelihood(known.theta, np.array([n]), np.array([zbar]))
    assert found.item() == pytest.approx(known.witness.likelihood(n, zbar, **known.parameters), abs=1e-9)


@pytest.mark.parametrize(("n", "zbar"), [*MEANS, (0, 0.0)])
def test_expected_spend_is_the_integral_over_customers(known_spend: Any, n: int, zbar: float) -> None:
    known = known_spend
    found = known.fitted.model.expected_spend(known.theta, np.array([n]), np.array([zbar]))
    assert found.item() == pytest.approx(known.witness.expected_spend(n, zbar, **known.parameters), rel=1e-9)


def spend_rows(seed: int = 2, size: int = 300) -> tuple[SpendRows, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = np.sort(rng.geometric(0.2, size)).astype(np.int64)
    zbar = rng.lognormal(3.0, 1.0, size)
    return one_cell(n, zbar, rng.integers(1, 4, size).astype(float)), n, zbar


def test_spend_kernel_is_the_weighted_sum_over_customers(known_spend: Any) -> None:
    known = known_spend
    rows, n, zbar = spend_rows()
    found, _ = kernel(known.fitted.model, known.theta, rows)
    each = known.fitted.model.log_likelihood(known.theta[:, None], n, zbar)
    assert found == pytest.approx(float(rows.weight @ each), rel=1e-12)


def test_spend_kernel_gradient_is_the_slope_of_the_formula(known_spend: Any) -> None:
    known = known_spend
    rows, n, zbar = spend_rows()
    model = known.fitted.model
    _, found = kernel(model, known.theta, rows)
    slope = slope_by_differences(
        lambda theta: float(rows.weight @ model.log_likelihood(theta[:, None], n, zbar)), known.theta
    )
    np.testing.assert_allclose(found, slope, rtol=1e-7)


@pytest.mark.parametrize("spread", [1e-9, 0.5, 4.0])
def test_compressed_amounts_weigh_as_all_of_them(known_spend: Any, spread: float) -> None:
    rng = np.random.default_rng(3)
    n = np.sort(rng.geometric(0.2, 20_000)).astype(np.int64)
    rows = one_cell(n, rng.lognormal(3.0, spread, len(n)), rng.integers(1, 4, len(n)).astype(float))
    small = compress(rows)
    assert len(small.n) < len(n) / 4
    assert (np.diff(small.n) >= 0).all()
    assert small.weight.sum() == pytest.approx(rows.weight.sum(), rel=1e-12)
    model = known_spend.fitted.model
    for theta in (known_spend.theta, 0.2 * known_spend.theta, 5.0 * known_spend.theta):
        (whole, whole_slope), (part, part_slope) = kernel(model, theta, rows), kernel(model, theta, small)
        assert part == pytest.approx(whole, rel=1e-11)
        np.testing.assert_allclose(part_slope, whole_slope, rtol=1e-9, atol=1e-11 * rows.weight.sum())


def test_few_amounts_are_left_as_they_are(known_spend: Any) -> None:
    rows = one_cell(np.array([1, 2, 2]), np.array([3.0, 5.0, 1e4]), np.ones(3))
    for before, after in zip(rows, compress(rows), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(("n", "zbar"), [(1, 1e-6), (1, 1e7), (5000, 35.0), (5000, 1e-3)])
@pytest.mark.parametrize("size", [1e-2, 1.0, 1e3])
def test_spend_likelihood_and_gradient_of_awkward_customers_are_finite(
    known_spend: Any, n: int, zbar: float, size: float
) -> None:
    known = known_spend
    rows = one_cell(np.array([n]), np.array([zbar]), np.ones(1))
    value, gradient = kernel(known.fitted.model, size * known.theta, rows)
    assert math.isfinite(value)
    assert np.isfinite(gradient).all()


def test_a_customer_without_a_known_amount_says_nothing(known_spend: Any) -> None:
    nothing = known_spend.fitted.model.log_likelihood(known_spend.theta, np.zeros(1, dtype=np.int64), np.zeros(1))
    assert nothing.item() == 0.0


@pytest.mark.parametrize("x", [1e-8, 0.01, 0.5, 1.0, 1.4616321449683622, 7.3, 9.999, 10.0, 123.4, 1e9])
def test_digamma_of_the_kernel_is_that_of_scipy(x: float) -> None:
    assert digamma(x) == pytest.approx(float(scipy_digamma(x)), rel=1e-13, abs=1e-14)


# ---- at the edge of the numbers: where a sampler's first long steps lead ------------------------------


@pytest.mark.parametrize("size", [0.0, 5e-324, 1e-300, 1e300, math.inf, math.nan])
def test_kernels_never_raise(any_model: Any, size: float) -> None:
    rows = spend_rows()[0] if hasattr(any_model, "expected_spend") else rows_and_weights()[0].for_kernel(1.0)
    theta = np.full(len(any_model.parameters), size)
    assert isinstance(kernel(any_model, theta, rows)[0], float)


@pytest.mark.parametrize("far", [-800.0, -300.0, 300.0, 800.0])
@pytest.mark.parametrize("priors", [None, "flat"])
def test_the_log_posterior_far_out_is_no_higher_than_in_the_middle(
    any_model: Any, four: Any, far: float, priors: Any
) -> None:
    density = density_of(any_model(priors=priors), four)
    middle = density(density.start)[0]
    for where in (np.full(len(density.start), far), *(density.start + far * np.eye(len(density.start)))):
        assert not density(where)[0] > middle + 1000.0


# ---- the log posterior ---------------------------------------------------------------------------


def density_of(model: Any, summary: Any) -> LogPosterior:
    """The log posterior that a fit of the model sees, in weeks or dollars."""
    if hasattr(model, "first_purchase"):
        return LogPosterior(model, spend_rows()[0]._replace(zbar=spend_rows()[2] / 30.0))
    return LogPosterior(model, rows_of(summary).for_kernel(4.0))


def test_pull_back_is_the_chain_rule_of_to_parameters(any_model: Any) -> None:
    rng = np.random.default_rng(3)
    coordinates = rng.uniform(0.2, 0.8, len(any_model.default_priors))
    slope = rng.standard_normal(len(any_model.parameters))
    along = slope_by_differences(
        lambda point: float(slope @ np.array(any_model.to_parameters(list(point)))), coordinates
    )
    np.testing.assert_allclose(any_model.pull_back(coordinates, slope), along, rtol=1e-9)


@pytest.mark.parametrize("priors", [None, "flat"])
@pytest.mark.parametrize("away", [0.0, 1.5])
def test_gradient_of_the_log_posterior_is_its_slope(any_model: Any, four: Any, priors: Any, away: float) -> None:
    density = density_of(any_model(priors=priors), four)
    where = density.start + away * np.random.default_rng(4).standard_normal(len(density.start))
    value, gradient = density(where)
    slope = approx_fprime(where, lambda point: density(point)[0], 1e-7)
    assert math.isfinite(value)
    np.testing.assert_allclose(gradient, slope, rtol=1e-4, atol=1e-4 * np.abs(slope).max())
    np.testing.assert_allclose(
        gradient, slope_by_differences(lambda point: density(point)[0], where), rtol=1e-6, atol=1e-6
    )


def test_free_coordinates_lead_there_and_back(any_model: Any, four: Any) -> None:
    density = density_of(any_model(), four)
    free = np.random.default_rng(5).standard_normal((len(density.names), 6))
    np.testing.assert_allclose(density.to_free(density.to_coordinates(free)), free, rtol=1e-12)


def test_default_priors_differ_from_flat_ones_by_their_log_density(any_model: Any, four: Any) -> None:
    with_priors, flat = density_of(any_model(), four), density_of(any_model(priors="flat"), four)
    where = with_priors.start + 0.3
    priors = [prior.log_density(float(free))[0] for prior, free in zip(any_model().priors.values(), where, strict=True)]
    assert with_priors(where)[0] - flat(where)[0] == pytest.approx(math.fsum(priors), abs=1e-9)


@pytest.mark.parametrize("size", [1e-6, 1e6])
def test_expected_spend_lies_between_the_customer_and_the_population(known_spend: Any, size: float) -> None:
    # a customer of many purchases speaks for himself, one of few is like the population
    population = known_spend.fitted.population_mean["mean"].item()
    zbar = size * population
    few, many = known_spend.fitted.model.expected_spend(
        known_spend.theta[:, None], np.array([1, 10_000_000]), np.array([zbar, zbar])
    )
    assert min(population, zbar) < few < max(population, zbar)
    assert many == pytest.approx(zbar, rel=1.0 if size < 1.0 else 1e-3)
