"""Extreme customers and extreme parameters: every answer is a number, within its bounds, and moves as theory says.

Parameters from 1e-4 to 1e6, thousands of purchases, times in hours or in years, customers of no age at all. What is
asked here of ordinary customers is asked elsewhere, with witnesses from outside.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifeworth.models import GammaGammaModel
from lifeworth.models.ground.log_beta import log_beta
from lifeworth.models.ground.rows import DistinctRows, SpendRows

if TYPE_CHECKING:
    from collections.abc import Callable

HOURS, WEEKS, YEARS = 168.0, 1.0, 1.0 / 52.0
"""Units of time, as what a week is in them."""
HORIZONS: Final = np.array([1e-3, 1.0, 52.0, 2600.0])
"""From minutes to fifty years, in weeks."""
ROUNDING: Final = 1e-9
"""Bounds are kept to so much of what is bounded: at parameters of a million powers have lost half of their digits."""

sizes = st.one_of(
    st.sampled_from([1e-4, 1e-2, 0.3, 1.0, 3.0, 100.0, 1e4, 1e6]),
    st.floats(math.log(1e-4), math.log(1e6)).map(math.exp),
)
moderate = st.floats(math.log(1e-3), math.log(1e3)).map(math.exp)
thetas = st.tuples(sizes, sizes, sizes, sizes).map(np.array)
units = st.sampled_from([HOURS, WEEKS, YEARS])
counts = st.sampled_from([0, 1, 2, 7, 60, 800, 5000])
ages = st.one_of(st.just(0.0), st.floats(math.log(1e-3), math.log(2600.0)).map(math.exp))
shares = st.sampled_from([0.0, 1e-9, 1e-3, 0.2, 0.7, 0.999, 1.0])
"""Where in the life of a customer the last purchase lies."""


class Customers(NamedTuple):
    """Columns x, t_x, T, arrays (customers,)."""

    x: np.ndarray
    t_x: np.ndarray
    T: np.ndarray

    @classmethod
    def of(cls, rows: list[tuple[int, float, float]]) -> Customers:
        """Customers by x, age in weeks, and the share of it at which they bought last."""
        x, T, share = (np.array(column) for column in zip(*rows, strict=True))
        return cls(x.astype(np.int64), np.where(x > 0, share * T, 0.0), T)

    def every(self, factor: float) -> Customers:
        """The same in another unit of time."""
        return Customers(self.x, factor * self.t_x, factor * self.T)


some = st.lists(st.tuples(counts, ages, shares), min_size=1, max_size=3).map(Customers.of)


def slope_by_differences(f: Callable[[np.ndarray], float], at: np.ndarray) -> np.ndarray:
    """Slopes by the logarithms of parameters: central differences, extrapolated twice."""

    def central(step: float) -> np.ndarray:
        steps = step * np.eye(len(at))
        return np.array([f(at * np.exp(d)) - f(at * np.exp(-d)) for d in steps]) / (2.0 * step)

    return (64.0 * central(1e-3) - 20.0 * central(2e-3) + central(4e-3)) / 45.0


def kernel(model: Any, theta: np.ndarray, rows: Any) -> tuple[float, np.ndarray]:
    """Value, and gradient by the logarithms, array (parameters, cells), of the compiled likelihood."""
    gradient = np.full(theta.shape, np.nan)
    value = model.weighted_log_likelihood(np.ascontiguousarray(theta), rows, gradient)
    return value, theta * gradient


def if_nobody_left(theta: np.ndarray, who: Customers, horizons: np.ndarray) -> np.ndarray:
    """Purchases ahead of customers who never leave, array (horizons, customers): r+x over alpha+T times the horizon."""
    return np.outer(horizons, (theta[0] + who.x) / (theta[1] + who.T))


# ---- answers -------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None, derandomize=True)
@given(theta=thetas, who=some, unit=units)
def test_every_answer_is_finite_and_within_its_bounds(
    transaction_model: Any, theta: np.ndarray, who: Customers, unit: float
) -> None:
    model, at, who, horizons = transaction_model, theta[:, None], who.every(unit), unit * HORIZONS
    discount = math.log(1.1) / (52.0 * unit)
    most = if_nobody_left(theta, who, np.append(horizons, 1.0 / discount))
    ahead = model.purchases_if_alive(at, who.x, who.T, horizons, 0.0)[:, 0]
    discounted = model.purchases_if_alive(at, who.x, who.T, np.append(horizons, np.inf), discount)[:, 0]
    assert np.isfinite(model.log_likelihood(at, *who)).all()
    for share in (
        model.probability_alive(at, *who),
        *(model.none_if_alive(at, who.x, who.T, h) for h in horizons),
        *(model.pmf_if_alive(at, who.x, who.T, h, n) for h in horizons for n in (1, 4, 400)),
    ):
        assert ((share >= 0.0) & (share <= 1.0 + ROUNDING)).all()
    for values, highest in ((ahead, most[:-1]), (discounted, most), (discounted[:-1], ahead + ROUNDING * most[:-1])):
        assert ((values >= 0.0) & (values <= highest * (1.0 + ROUNDING))).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(theta=thetas, x=counts.filter(bool), age=ages, unit=units)
def test_a_later_last_purchase_never_lowers_the_probability_alive(
    transaction_model: Any, theta: np.ndarray, x: int, age: float, unit: float
) -> None:
    who = Customers.of([(x, age, share) for share in (1e-9, 0.1, 0.3, 0.6, 0.9, 0.99, 1.0)]).every(unit)
    alive = transaction_model.probability_alive(theta[:, None], *who)
    assert (np.diff(alive) >= -1e-12).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(theta=thetas, who=some, unit=units)
def test_more_is_bought_in_a_longer_horizon(
    transaction_model: Any, theta: np.ndarray, who: Customers, unit: float
) -> None:
    at, who = theta[:, None], who.every(unit)
    horizons = unit * np.array([0.1, 1.0, 1.001, 8.0, 52.0, 520.0, 2600.0])
    slack = 1e-11 * if_nobody_left(theta, who, horizons)
    ahead = transaction_model.purchases_if_alive(at, who.x, who.T, horizons, 0.0)[:, 0]
    active = np.array([1.0 - transaction_model.none_if_alive(at, who.x, who.T, h) for h in horizons])
    assert (np.diff(ahead, axis=0) >= -slack[1:]).all()
    assert (np.diff(active, axis=0) >= -1e-13).all()
    # one purchase counts once among the active, and any further among the purchases alone
    assert (active <= ahead + slack + 1e-12).all()


@settings(max_examples=30, deadline=None, derandomize=True)
@given(theta=thetas, who=some, weeks=st.sampled_from([0.01, 1.0, 52.0]), unit=units)
def test_probabilities_of_counts_never_sum_to_more_than_one_nor_their_mean_to_more_than_the_expectation(
    transaction_model: Any, theta: np.ndarray, who: Customers, weeks: float, unit: float
) -> None:
    at, who, horizon = theta[:, None], who.every(unit), weeks * unit
    n = np.arange(60)
    pmf = np.array([transaction_model.pmf_if_alive(at, who.x, who.T, horizon, count) for count in n])
    expected = transaction_model.purchases_if_alive(at, who.x, who.T, np.array([horizon]), 0.0)[0, 0]
    slack = ROUNDING * (1.0 + if_nobody_left(theta, who, np.array([horizon]))[0])
    assert (pmf.sum(axis=0) <= 1.0 + ROUNDING).all()
    assert (n @ pmf <= expected + slack).all()
    few = pmf[-1] * len(n) ** 2 < ROUNDING**2  # and falling: none is left out
    np.testing.assert_allclose(pmf.sum(axis=0)[few & (expected < 1.0)], 1.0, atol=ROUNDING)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(theta=thetas, who=some, factor=st.sampled_from([HOURS, YEARS]))
def test_the_unit_of_time_does_not_matter(
    transaction_model: Any, theta: np.ndarray, who: Customers, factor: float
) -> None:
    model, there, moved = transaction_model, who.every(factor), transaction_model.rescale(theta, factor)[:, None]
    here, at = who, theta[:, None]
    np.testing.assert_allclose(model.probability_alive(moved, *there), model.probability_alive(at, *here), atol=1e-9)
    for weeks in HORIZONS:
        np.testing.assert_allclose(
            model.none_if_alive(moved, there.x, there.T, factor * weeks),
            model.none_if_alive(at, here.x, here.T, weeks),
            atol=1e-9,
        )


# ---- the likelihood ------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None, derandomize=True)
@given(theta=thetas, who=some, unit=units)
def test_the_kernel_is_the_formula_and_its_gradient_the_slope(
    transaction_model: Any, theta: np.ndarray, who: Customers, unit: float
) -> None:
    who = who.every(unit)
    rows = DistinctRows.collapse(*who).for_kernel(1.0)
    value, gradient = kernel(transaction_model, theta[:, None], rows)
    slope = slope_by_differences(lambda at: kernel(transaction_model, at[:, None], rows)[0], theta)
    formula = math.fsum(transaction_model.log_likelihood(theta[:, None], *who))
    assert math.isfinite(value)
    assert value == pytest.approx(formula, rel=1e-10, abs=1e-7)  # log Gamma of a million has lost eight digits
    np.testing.assert_allclose(gradient[:, 0], slope, rtol=1e-6, atol=1e-9 * (1.0 + abs(value)))


def customers_of_cells(sizes_of_cells: tuple[int, ...]) -> tuple[Customers, np.ndarray]:
    """Customers of all kinds, some sharing a row, and their cells."""
    rng = np.random.default_rng(8)
    cell = np.repeat(np.arange(len(sizes_of_cells)), sizes_of_cells)
    x = np.minimum(rng.poisson(rng.gamma(0.5, 8.0, len(cell))), 90)
    x[[2, -1]] = 5000  # in small cells: in a large one all would be worked on one by one
    weeks = np.ceil(rng.uniform(0.0, 30.0, len(cell)))
    return Customers(x, np.where(x > 0, np.minimum(np.ceil(weeks * rng.random(len(cell))), weeks), 0.0), weeks), cell


@settings(max_examples=20, deadline=None, derandomize=True)
@given(theta=st.lists(st.tuples(moderate, moderate, moderate, moderate), min_size=5, max_size=5))
def test_cells_of_one_customer_and_of_hundreds_are_each_their_own_likelihood(
    transaction_model: Any, theta: list[tuple[float, ...]]
) -> None:
    at = np.array(theta).T
    who, cell = customers_of_cells((1, 3, 2000, 40, 1))
    value, gradient = kernel(transaction_model, at, DistinctRows.collapse(*who, cell).for_kernel(1.0))
    total = 0.0
    for c in range(5):
        mine = Customers(*(column[cell == c] for column in who))
        alone = kernel(transaction_model, at[:, c : c + 1], DistinctRows.collapse(*mine).for_kernel(1.0))
        each = transaction_model.log_likelihood(at[:, c : c + 1], *mine)
        assert alone[0] == pytest.approx(math.fsum(each), rel=1e-11)
        np.testing.assert_allclose(gradient[:, c], alone[1][:, 0], rtol=1e-11)

        def formula(point: np.ndarray, mine: Customers = mine) -> float:
            return math.fsum(transaction_model.log_likelihood(point[:, None], *mine))

        np.testing.assert_allclose(
            gradient[:, c], slope_by_differences(formula, at[:, c]), rtol=1e-6, atol=1e-9 * (1.0 + np.abs(each).sum())
        )
        total += alone[0]
    assert value == pytest.approx(total, rel=1e-12)


def test_customers_that_broke_another_implementation_are_the_same_each_in_a_cell_of_its_own(
    transaction_model: Any,
) -> None:
    # CLVTools returned NaN here
    theta = np.array([0.5143, 2.8845, 0.2856, 14.1087])
    who = Customers(
        np.array([221, 254, 161, 204]), np.array([103.43, 97.14, 94.71, 98.57]), np.array([103.57, 97.29, 98.0, 99.43])
    )
    together, gradient = kernel(transaction_model, theta[:, None], DistinctRows.collapse(*who).for_kernel(1.0))
    each = np.repeat(theta[:, None], 4, axis=1)
    apart, gradients = kernel(transaction_model, each, DistinctRows.collapse(*who, np.arange(4)).for_kernel(1.0))
    slope = slope_by_differences(lambda at: math.fsum(transaction_model.log_likelihood(at[:, None], *who)), theta)
    assert apart == pytest.approx(together, rel=1e-13)
    np.testing.assert_allclose(gradients.sum(axis=1), gradient[:, 0], rtol=1e-10)
    np.testing.assert_allclose(gradient[:, 0], slope, rtol=1e-7)


@pytest.mark.parametrize("powers", [(2, 2, 0, 0), (0, 0, 2, 2), (0, 2, 1, 1), (1, 0, 0, 2)])
def test_far_from_any_customer_base_integration_over_hidden_states_still_agrees(
    known: Any, powers: tuple[int, ...]
) -> None:
    theta = known.theta * 10.0 ** np.array(powers)
    by_name = dict(zip(known.parameters, theta, strict=True))
    model, witness = known.fitted.model, known.witness
    for x, t_x, T in ((0, 0.0, 38.86), (2, 30.43, 38.86), (26, 5.0, 31.0)):
        who = np.array([x]), np.array([t_x]), np.array([T])
        likelihood = model.log_likelihood(theta[:, None], *who).item()
        assert likelihood == pytest.approx(witness.likelihood(x, t_x, T, **by_name), abs=1e-8)
        for horizon, discount in ((39.0, 0.0), (2600.0, 0.0018)):
            ahead = model.purchases_if_alive(theta[:, None], who[0], who[2], np.array([horizon]), discount).item()
            assert ahead == pytest.approx(witness.purchases_if_alive(x, T, horizon, discount, **by_name), rel=1e-9)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(a=sizes, b=sizes)
def test_the_beta_function_obeys_its_recurrence_to_the_last_digits(a: float, b: float) -> None:
    # B(a+1, b) = B(a, b) a / (a+b), and B(a, b) = B(a+1, b) + B(a, b+1)
    here, up, beside = log_beta(a, b), log_beta(a + 1.0, b), log_beta(a, b + 1.0)
    rough = 8.0 * np.spacing(max(abs(here), 256.0))  # as log Gamma of what is not yet large
    assert up - here == pytest.approx(math.log(a / (a + b)), rel=1e-14, abs=rough)
    assert math.log(math.exp(up - here) + math.exp(beside - here)) == pytest.approx(0.0, abs=2.0 * rough)


# ---- spend ---------------------------------------------------------------------------------------

amounts = st.floats(math.log(1e-6), math.log(1e7)).map(math.exp)
purchases = st.sampled_from([1, 2, 7, 60, 5000])
spends = st.tuples(sizes, sizes.map(lambda excess: 1.0 + excess), sizes).map(np.array)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(theta=spends, n=purchases, zbar=amounts)
def test_expected_spend_is_finite_and_between_the_customer_and_the_population(
    theta: np.ndarray, n: int, zbar: float
) -> None:
    p, q, v = theta
    population = p * v / (q - 1.0)
    nobody, found = GammaGammaModel.expected_spend(theta[:, None], np.array([0, n]), np.array([0.0, zbar]))
    assert nobody == pytest.approx(population, rel=1e-9)
    assert min(zbar, population) * (1.0 - 1e-9) <= found <= max(zbar, population) * (1.0 + 1e-9)
    assert np.isfinite(GammaGammaModel.log_likelihood(theta[:, None], np.array([0, n]), np.array([0.0, zbar]))).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    theta=st.lists(st.tuples(moderate, moderate.map(lambda excess: 1.0 + excess), moderate), min_size=3, max_size=3),
    who=st.lists(st.tuples(purchases, amounts), min_size=3, max_size=3),
)
def test_the_spend_kernel_of_several_cells_is_the_formula_and_its_gradient_the_slope(
    theta: list[tuple[float, ...]], who: list[tuple[int, float]]
) -> None:
    at = np.array(theta).T
    n, zbar = (np.array(column) for column in zip(*who, strict=True))
    value, gradient = kernel(GammaGammaModel, at, SpendRows(n, zbar, np.array([1.0, 2.0, 5.0]), np.arange(4)))
    total = 0.0
    for c, weight in enumerate((1.0, 2.0, 5.0)):

        def formula(point: np.ndarray, c: int = c, weight: float = weight) -> float:
            return weight * GammaGammaModel.log_likelihood(point[:, None], n[c : c + 1], zbar[c : c + 1]).item()

        # differences of log Gamma of p n are as rough as its last digit
        rough = np.spacing(math.lgamma(at[0, c] * n[c] + at[1, c])) + 1e-12
        np.testing.assert_allclose(
            gradient[:, c], slope_by_differences(formula, at[:, c]), rtol=1e-6, atol=weight * rough * 1e4
        )
        total += formula(at[:, c])
    assert value == pytest.approx(total, rel=1e-9)
