"""Pareto/NBD: printed values, golden grids, numerical integration, and the process itself."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gammaln, hyp2f1

import lifeworth as lw
from lifeworth.models.fitted_purchases import rows_of
from lifeworth.models.ground.rows import DistinctRows
from lifeworth.models.inference.density import LogPosterior
from lifeworth.models.kernels.pareto_nbd_silence import FEW_DRAWS, pays_series, silence
from lifeworth.models.pareto_nbd import ParetoNBDModel

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN: Final = Path(__file__).resolve().parent.parent / "reference" / "fixed_pnbd.csv"
SETS: Final = {
    "pnbd_cdnow": (0.553, 10.578, 0.606, 11.669),
    "pnbd_alpha_lt_beta": (0.5143, 2.8845, 0.2856, 14.1087),
    "pnbd_s_gt1": (1.5, 20.0, 1.7, 20.0),
    "pnbd_apparel": (1.449, 48.636, 0.5613, 46.884),
}
"""Parameters of the golden grid: r, alpha, s, beta, in weeks."""
FAR_APART: Final = {
    **SETS,
    "s_is_1": (0.6, 10.0, 1.0, 12.0),
    "alpha_is_beta": (0.6, 10.0, 0.7, 10.0),
    "beta_tiny": (0.5, 300.0, 2.5, 0.02),
    "alpha_tiny": (0.02, 0.01, 0.1, 50.0),
    "alike": (80.0, 900.0, 60.0, 2000.0),
}
CDNOW: Final = np.array(SETS["pnbd_cdnow"])
CUSTOMERS: Final = [
    (0, 0.0, 0.0),
    (0, 0.0, 38.86),
    (0, 0.0, 2000.0),
    (1, 1e-4, 1e-4),
    (1, 1e-4, 2000.0),
    (2, 30.43, 38.86),
    (3, 38.86 - 1e-6, 38.86),
    (26, 5.0, 31.0),
    (26, 31.0, 31.0),
    (5000, 10.0, 156.0),
    (5000, 2599.0, 2600.0),
]
"""Repeat purchases, time of the last, age: ordinary ones, and those that break formulas that are only written down."""
STRESS: Final = (
    np.array([221, 254, 161, 204]),
    np.array([103.43, 97.14, 94.71, 98.57]),
    np.array([103.57, 97.29, 98.0, 99.43]),
)
"""Customers at whom CLVTools returned NaN, at the parameters of `pnbd_alpha_lt_beta`."""

parameters = pytest.mark.parametrize("theta", FAR_APART.values(), ids=FAR_APART)


def columns(customers: list[tuple[int, float, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Customers as arrays x, t_x, T."""
    x, t_x, T = zip(*customers, strict=True)
    return np.array(x, dtype=np.int64), np.array(t_x), np.array(T)


def many(seed: int, size: int, step: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Customers of all kinds, times in multiples of `step`, or anywhere for 0."""
    rng = np.random.default_rng(seed)
    x = np.minimum(rng.poisson(rng.gamma(0.5, 6.0, size)), 60)
    T = rng.uniform(1.0, 60.0, size)
    t_x = np.where(x > 0, T * rng.random(size), 0.0)
    if step:
        T = np.ceil(T / step) * step
        t_x = np.where(x > 0, np.minimum(np.ceil(t_x / step) * step, T), 0.0)
    return x.astype(np.int64), t_x, T


def kernel(theta: np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> tuple[float, np.ndarray]:
    """Value and gradient of the compiled likelihood."""
    gradient = np.empty((4, 1))
    rows = DistinctRows.collapse(x, t_x, T).for_kernel(1.0)
    return ParetoNBDModel.weighted_log_likelihood(np.array(theta)[:, None], rows, gradient), gradient[:, 0]


def slope_by_differences(f: Callable[[np.ndarray], float], at: np.ndarray) -> np.ndarray:
    """Central differences, extrapolated twice: relative error about 1e-10."""

    def central(step: float) -> np.ndarray:
        return np.array([(f(at + d) - f(at - d)) / (2.0 * d.sum()) for d in np.diag(step * at)])

    one, two, four = central(1e-3), central(2e-3), central(4e-3)
    return (64.0 * one - 20.0 * two + four) / 45.0


def integrated(integrand: Callable[[float], float], end: float) -> float:
    """Integral from 0, in pieces that grow from the scale of what decays fastest."""
    edges = np.r_[0.0, end * 2.0 ** np.arange(-24.0, 1.0)]
    return math.fsum(quad(integrand, *pair, epsabs=0.0, epsrel=1e-12)[0] for pair in pairwise(edges))


def log_likelihood_by_quadrature(theta: Any, x: int, t_x: float, T: float) -> float:
    """The textbook's likelihood, its integral over the time of death taken numerically."""
    r, alpha, s, beta = theta

    def gone(u: float) -> float:
        return math.exp(-(r + x) * math.log1p(u / (alpha + t_x)) - (s + 1.0) * math.log1p(u / (beta + t_x)))

    alive = gone(T - t_x) * (beta + T)
    first = gammaln(r + x) - gammaln(r) - x * math.log(alpha) - (r + x) * math.log1p(t_x / alpha)
    second = s * math.log(beta) - (s + 1.0) * math.log(beta + t_x)
    gap = T - t_x
    return float(first + second + math.log(alive + (s * integrated(gone, gap) if gap else 0.0)))


# ---- values from outside -------------------------------------------------------------------------


@pytest.mark.parametrize("name", SETS)
def test_the_golden_grid_is_met_to_nine_digits(name: str) -> None:
    # CLVTools 0.12.1 and BTYDplus 1.2.0
    grid = pd.read_csv(GOLDEN).query("set == @name")
    theta = np.array(SETS[name])[:, None]
    x, t_x, T = grid["x"].to_numpy(np.int64), grid["t_x"].to_numpy(), grid["T"].to_numpy()
    alive = ParetoNBDModel.probability_alive(theta, x, t_x, T)
    weeks, delta = grid["periods"].unique(), grid["delta"].unique().item()
    ahead = ParetoNBDModel.purchases_if_alive(theta, x, T, weeks.astype(float), 0.0)[0, 0]
    for_ever = ParetoNBDModel.purchases_if_alive(theta, x, T, np.array([np.inf]), delta)[0, 0]
    np.testing.assert_allclose(ParetoNBDModel.log_likelihood(theta, x, t_x, T), grid["LL"], rtol=1e-9)
    np.testing.assert_allclose(alive, grid["PAlive"], rtol=1e-9)
    np.testing.assert_allclose(alive * ahead, grid["CET"], rtol=1e-9)
    np.testing.assert_allclose(alive * for_ever, grid["DERT"], rtol=1e-9)


def test_values_of_single_customers_are_those_of_the_oracle(published: dict[str, Any]) -> None:
    oracle = published["per_customer_oracle"]
    theta = np.array(oracle["params"]["PN"])[:, None]
    for row in oracle["rows"]:
        x, t_x, T = columns([(row["x"], row["tx"], row["T"])])
        alive = ParetoNBDModel.probability_alive(theta, x, t_x, T).item()
        ahead = ParetoNBDModel.purchases_if_alive(theta, x, T, np.array([39.0]), 0.0).item()
        for_ever = ParetoNBDModel.purchases_if_alive(theta, x, T, np.array([np.inf]), oracle["delta_week"]).item()
        found = [ParetoNBDModel.log_likelihood(theta, x, t_x, T).item(), alive, alive * ahead, alive * for_ever]
        assert found == pytest.approx([row["PN"][key] for key in ("ll", "palive", "ce39", "dert")], abs=1e-6)


def assert_estimates(fit: Any, summary: Any, values: dict[str, float]) -> None:
    """Check maximum likelihood to the printed digits; the search may end 1e-4 standard errors away."""
    for name in ParetoNBDModel.parameters:
        error = 1e-4 * fit.parameters.loc[name, "sd"] + 0.5 * 10.0 ** -len(str(values[name]).partition(".")[2])
        assert fit.parameters.loc[name, "mean"] == pytest.approx(values[name], abs=error), name
    error = 0.5001 * 10.0 ** -len(str(values["LL"]).partition(".")[2])
    assert fit.log_likelihood(summary).sum() == pytest.approx(values["LL"], abs=error)


def test_maximum_likelihood_on_cdnow_is_the_published_one(
    cdnow_sample: Any, cdnow: Any, published: dict[str, Any]
) -> None:
    longer = lw.summarise(lw.load_cdnow(sample=True), until="1998-06-30", unit="W")
    for summary, values in (
        (cdnow_sample, published["paretonbd_cdnow_sample_39wk"]["computed"]),
        (longer, published["cdnow_sample_78wk"]["paretonbd_computed"]),
        (cdnow, published["cdnow_master_39wk"]["paretonbd"]),
    ):
        assert_estimates(ParetoNBDModel(priors="flat").fit(summary, method="map"), summary, values)


def test_newcomers_and_the_holdout_are_the_published_ones(cdnow_sample: Any, published: dict[str, Any]) -> None:
    values = published["paretonbd_cdnow_sample_39wk"]
    fit = ParetoNBDModel(priors="flat").fit(cdnow_sample, method="map")
    assert fit.expected_purchases_new_customer("52W")["mean"].item() == pytest.approx(
        values["E_X52_new_customer"], abs=1e-4
    )
    assert fit.expected_purchases(cdnow_sample, "39W")["mean"].sum() == pytest.approx(
        values["holdout39"]["total"], abs=0.06
    )


# ---- the likelihood ------------------------------------------------------------------------------


@parameters
@pytest.mark.parametrize(("x", "t_x", "T"), CUSTOMERS)
def test_likelihood_is_the_textbook_formula_integrated_numerically(
    theta: tuple[float, ...], x: int, t_x: float, T: float
) -> None:
    found = ParetoNBDModel.log_likelihood(np.array(theta)[:, None], *columns([(x, t_x, T)])).item()
    witness = log_likelihood_by_quadrature(theta, x, t_x, T)
    assert found == pytest.approx(witness, rel=1e-11, abs=1e-10)


@parameters
@pytest.mark.parametrize("step", [0.0, 1.0 / 7.0, 5.0])
@pytest.mark.parametrize("awkward", [False, True])
def test_kernel_is_the_sum_over_customers_and_its_gradient_their_slope(
    theta: tuple[float, ...], step: float, awkward: bool
) -> None:
    # along series, with tables where times fall on few days; with x far apart one by one
    x, t_x, T = many(1, 400, step)
    if awkward:
        x, t_x, T = (np.concatenate(pair) for pair in zip((x, t_x, T), columns(CUSTOMERS), strict=True))
    assert pays_series(len(DistinctRows.collapse(x, t_x, T)), int(np.ptp(x))) is not awkward
    at = np.array(theta)
    value, gradient = kernel(at, x, t_x, T)

    def total(point: np.ndarray) -> float:
        return math.fsum(ParetoNBDModel.log_likelihood(point[:, None], x, t_x, T))

    assert value == pytest.approx(total(at), rel=1e-12)
    np.testing.assert_allclose(at * gradient, at * slope_by_differences(total, at), rtol=1e-7, atol=1e-6)


def test_customers_that_broke_another_implementation_are_no_trouble() -> None:
    at = np.array(SETS["pnbd_alpha_lt_beta"])
    value, gradient = kernel(at, *STRESS)
    witness = math.fsum(log_likelihood_by_quadrature(at, *row) for row in zip(*STRESS, strict=True))
    assert value == pytest.approx(witness, rel=1e-12)
    np.testing.assert_allclose(gradient, slope_by_differences(lambda p: kernel(p, *STRESS)[0], at), rtol=1e-8)


def test_a_moment_of_silence_costs_what_its_purchases_would_have_been() -> None:
    # d log P / dT = -E[lambda | alive] at T = t_x, whose difference of two integrals would round to nothing
    x, t, _ = columns([(0, 5.0, 0.0), (3, 20.0, 0.0), (60, 30.0, 0.0), (5000, 40.0, 0.0)])
    gap = 1e-6
    r, alpha = CDNOW[:2]
    log_silence = np.log(silence(CDNOW[:, None], x, t, t + gap))
    np.testing.assert_allclose(log_silence, -(r + x) / (alpha + t) * gap, rtol=1e-4)


def test_silence_for_ever_is_leaving_by_the_hypergeometric_function() -> None:
    # sigma = s/(n+s) 2F1(1, n; n+s+1; 1-y): where scipy can be relied on
    r, alpha, s, beta = FAR_APART["pnbd_s_gt1"]
    x, t = np.arange(40), 7.0
    n = r + x
    witness = s / (n + s) * hyp2f1(1.0, n, n + s + 1.0, 1.0 - (beta + t) / (alpha + t))
    theta = np.array([r, alpha, s, beta])[:, None]
    np.testing.assert_allclose(silence(theta, x, np.array(t), np.array(np.inf)), witness, rtol=1e-11)
    np.testing.assert_allclose(silence(theta, x, np.array(t), np.array(1e12)), witness, rtol=1e-9)
    each = np.repeat(theta, len(x), axis=1)
    np.testing.assert_allclose(silence(each, x, np.array(t), np.array(np.inf)), witness, rtol=1e-11)


@parameters
def test_parameters_of_each_customer_give_what_shared_ones_give(theta: tuple[float, ...]) -> None:
    # one by one by quadrature, or along series for all customers of a draw
    x, t_x, T = many(2, 300, 0.0)
    each = np.repeat(np.array(theta)[:, None], len(x), axis=1)
    draws = np.repeat(np.array(theta)[:, None, None], FEW_DRAWS + 1, axis=1)
    for formula in (ParetoNBDModel.log_likelihood, ParetoNBDModel.probability_alive):
        shared = formula(draws, x, t_x, T)
        np.testing.assert_allclose(np.tile(formula(each, x, t_x, T), (len(shared), 1)), shared, rtol=1e-11, atol=1e-13)


def test_parameters_and_customers_broadcast_along_any_axes() -> None:
    x, t_x, T = many(3, 5, 1.0)
    draws = np.array([SETS["pnbd_cdnow"], SETS["pnbd_s_gt1"], SETS["pnbd_apparel"]]).T
    rows = ParetoNBDModel.probability_alive(draws[:, :, None], x, t_x, T)
    other = ParetoNBDModel.probability_alive(draws[:, None, :], x[:, None], t_x[:, None], T[:, None])
    alone = ParetoNBDModel.probability_alive(draws[:, 1], x[2:3], t_x[2:3], T[2:3])
    assert rows.shape == (3, 5)
    np.testing.assert_allclose(other, rows.T, rtol=1e-14)
    assert alone.item() == pytest.approx(rows[1, 2], rel=1e-12)
    assert ParetoNBDModel.probability_alive(draws[:, :, None], x[:0], t_x[:0], T[:0]).shape == (3, 0)


sizes = st.floats(-8.0, 8.0).map(math.exp)
shapes = st.floats(-5.0, 5.0).map(math.exp)
counts = st.sampled_from([0, 1, 2, 7, 60, 800, 5000])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(r=shapes, alpha=sizes, s=shapes, beta=sizes, x=counts, T=sizes)
def test_who_bought_just_now_is_alive(r: float, alpha: float, s: float, beta: float, x: int, T: float) -> None:
    now = np.array([T if x else 0.0])
    assert ParetoNBDModel.probability_alive(np.array([[r], [alpha], [s], [beta]]), np.array([x]), now, now) == 1.0


@settings(max_examples=60, deadline=None, derandomize=True)
@given(r=shapes, alpha=sizes, s=shapes, beta=sizes)
def test_series_and_quadrature_agree_far_from_any_customer_base(r: float, alpha: float, s: float, beta: float) -> None:
    x, t_x, T = many(4, 200, 1.0)
    draws = np.repeat(np.array([r, alpha, s, beta])[:, None, None], FEW_DRAWS + 1, axis=1)
    along = silence(draws, x, t_x, T)[0]
    np.testing.assert_allclose(along, silence(draws[:, 0], x, t_x, T), rtol=1e-10)


@pytest.mark.parametrize("size", [0.0, -1.0, math.nan, math.inf, 1e300, 1e-300])
def test_impossible_parameters_are_impossible_not_a_hang(size: float) -> None:
    for j in range(4):
        theta = CDNOW.copy()
        theta[j] = size
        assert kernel(theta, *columns(CUSTOMERS))[0] == -math.inf
        assert np.isnan(silence(theta[:, None], *columns(CUSTOMERS))).all()
        assert np.isnan(silence(np.repeat(theta[:, None], len(CUSTOMERS), axis=1), *columns(CUSTOMERS))).all()


# ---- the future ----------------------------------------------------------------------------------


@parameters
@pytest.mark.parametrize("discount", [0.0, 0.0018, 0.5])
@pytest.mark.parametrize("horizon", [0.01, 39.0, 2600.0])
def test_expected_purchases_are_the_intensity_integrated_numerically(
    theta: tuple[float, ...], discount: float, horizon: float
) -> None:
    r, alpha, s, beta = theta
    for x, T in ((0, 0.0), (3, 38.86), (5000, 156.0)):

        def intensity(u: float, x: int = x, T: float = T) -> float:
            return (r + x) / (alpha + T) * math.exp(-discount * u - s * math.log1p(u / (beta + T)))

        found = ParetoNBDModel.purchases_if_alive(
            np.array(theta)[:, None], np.array([x]), np.array([T]), np.array([horizon]), discount
        )
        assert found.item() == pytest.approx(integrated(intensity, horizon), rel=1e-10)


def test_several_horizons_and_draws_at_once_are_each_alone() -> None:
    draws = np.array([SETS["pnbd_cdnow"], SETS["pnbd_s_gt1"]]).T
    x, T, horizons = np.array([0, 3, 7]), np.array([10.0, 20.0, 10.0]), np.array([4.0, 39.0, np.inf])
    together = ParetoNBDModel.purchases_if_alive(draws, x, T, horizons, 0.002)
    assert together.shape == (3, 2, 3)
    for h in range(3):
        for d in range(2):
            alone = ParetoNBDModel.purchases_if_alive(draws[:, d : d + 1], x, T, horizons[h : h + 1], 0.002)
            np.testing.assert_allclose(together[h, d], alone[0, 0], rtol=1e-12)


def test_expected_purchases_are_smooth_where_s_is_one() -> None:
    def ahead(s: float) -> float:
        theta = np.array([[0.6], [10.0], [s], [12.0]])
        return ParetoNBDModel.purchases_if_alive(theta, np.array([3]), np.array([30.0]), np.array([52.0]), 0.0).item()

    r_x, clock = 3.6 / 40.0, 42.0
    assert ahead(1.0) == pytest.approx(r_x * clock * math.log1p(52.0 / clock), rel=1e-14)
    for away in (1e-12, 1e-8, 1e-5):
        assert ahead(1.0 + away) + ahead(1.0 - away) == pytest.approx(2.0 * ahead(1.0), rel=1e-10)


def test_for_ever_is_the_limit_of_long_horizons_and_of_today() -> None:
    theta, x, T = CDNOW[:, None], np.array([2]), np.array([38.86])
    r, alpha, _, _ = CDNOW

    def ahead(horizon: float, discount: float) -> float:
        return ParetoNBDModel.purchases_if_alive(theta, x, T, np.array([horizon]), discount).item()

    assert ahead(20_000.0, 0.0018) == pytest.approx(ahead(np.inf, 0.0018), rel=1e-12)
    assert ahead(np.inf, 1e4) == pytest.approx((r + 2.0) / (alpha + 38.86) / 1e4, rel=1e-4)
    assert ahead(39.0, 1e-12) == pytest.approx(ahead(39.0, 0.0), rel=1e-9)


@parameters
@pytest.mark.parametrize(("x", "T", "horizon"), [(0, 0.0, 39.0), (2, 38.86, 52.0), (26, 31.0, 8.0), (0, 10.0, 1e-3)])
def test_probabilities_of_counts_sum_to_one_and_have_the_expected_mean(
    theta: tuple[float, ...], x: int, T: float, horizon: float
) -> None:
    at, customer = np.array(theta)[:, None], (np.array([x]), np.array([T]))
    mean = ParetoNBDModel.purchases_if_alive(at, *customer, np.array([horizon]), 0.0).item()
    n = np.arange(300)
    pmf = np.array([ParetoNBDModel.pmf_if_alive(at, *customer, horizon, count).item() for count in n])
    none = ParetoNBDModel.none_if_alive(at, *customer, horizon).item()
    assert pmf[0] == none
    assert (pmf >= 0.0).all()
    assert pmf.sum() <= 1.0 + 1e-12
    if pmf[-1] < 1e-15:
        assert pmf.sum() == pytest.approx(1.0, abs=1e-12)
        assert n @ pmf == pytest.approx(mean, rel=1e-10)


@pytest.mark.parametrize(
    ("x", "T", "horizon", "count"),
    [(2, 38.86, 52.0, 3), (5000, 156.0, 1.0, 30), (0, 5.0, 2600.0, 90), (26, 1.2, 2600.0, 30), (300, 9.0, 39.0, 400)],
)
def test_the_probability_of_a_count_is_the_mixture_integrated_numerically(
    x: int, T: float, horizon: float, count: int
) -> None:
    r, alpha, s, beta = CDNOW
    a, b = alpha + T, beta + T
    ways = gammaln(r + x + count) - gammaln(r + x) - gammaln(count + 1.0)

    def exactly(u: float) -> float:
        return math.exp(ways - (r + x) * math.log1p(u / a) - count * math.log1p(a / u)) if u else 0.0

    gone = integrated(lambda u: exactly(u) * s / b * math.exp(-(s + 1.0) * math.log1p(u / b)), horizon)
    witness = gone + exactly(horizon) * math.exp(-s * math.log1p(horizon / b))
    found = ParetoNBDModel.pmf_if_alive(CDNOW[:, None], np.array([x]), np.array([T]), horizon, count)
    assert found.item() == pytest.approx(witness, rel=1e-10)


@parameters
@pytest.mark.parametrize("counts_asked", [range(11), [3], [1, 2, 40, 300], range(400)])
def test_counts_asked_for_together_are_each_alone(theta: tuple[float, ...], counts_asked: Any) -> None:
    x, T = np.array([0, 2, 26, 800]), np.array([0.0, 38.86, 31.0, 9.0])
    draws = np.repeat(np.array(theta)[:, None, None], 2, axis=1)
    together = ParetoNBDModel.pmfs_if_alive(draws, x, T, 52.0, counts_asked)
    assert together.shape == (len(counts_asked), 2, 4)
    for count, values in list(zip(counts_asked, together, strict=True))[::20]:
        np.testing.assert_allclose(values, ParetoNBDModel.pmf_if_alive(draws, x, T, 52.0, count), rtol=1e-10)


@pytest.mark.parametrize("row", CUSTOMERS)
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_every_answer_about_an_awkward_customer_is_finite(row: tuple[int, float, float], size: float) -> None:
    theta = size * CDNOW[:, None]
    x, t_x, T = columns([row])
    horizons = np.array([1e-3, 52.0, 2600.0])
    answers = [
        ParetoNBDModel.log_likelihood(theta, x, t_x, T),
        ParetoNBDModel.probability_alive(theta, x, t_x, T),
        ParetoNBDModel.purchases_if_alive(theta, x, T, horizons, 0.0),
        ParetoNBDModel.purchases_if_alive(theta, x, T, np.append(horizons, np.inf), 1e-3),
        *(ParetoNBDModel.none_if_alive(theta, x, T, h) for h in horizons),
        *(ParetoNBDModel.pmf_if_alive(theta, x, T, h, n) for h in horizons for n in (1, 4, 400)),
        *ParetoNBDModel.draw_latent(np.random.default_rng(1), theta[:, :, None], x[:, None], t_x[:, None], T[:, None]),
    ]
    for answer in answers:
        assert np.isfinite(answer).all()


# ---- the process itself --------------------------------------------------------------------------


def population(
    rng: np.random.Generator, size: int, r: float, alpha: float, s: float, beta: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hidden states by the words of the paper: a rate, no coin, a lifetime."""
    return rng.gamma(r, 1.0 / alpha, size), np.zeros(size), rng.exponential(1.0, size) / rng.gamma(s, 1.0 / beta, size)


def test_predictions_are_right_on_average_in_every_group(
    live: Callable[..., Any], assert_unbiased: Callable[..., None]
) -> None:
    given_parameters = dict(zip(ParetoNBDModel.parameters, SETS["pnbd_alpha_lt_beta"], strict=True))
    known = SimpleNamespace(witness=SimpleNamespace(population=population), parameters=given_parameters)
    rng = np.random.default_rng(11)
    lives = live(known, rng, rng.uniform(2.0, 60.0, 30_000), 39.0)
    fitted, summary = ParetoNBDModel.from_parameters(unit="W", **given_parameters), lives.summary
    count, pmf = lives.count(39.0), fitted.purchase_pmf(summary, "39W", 4)
    delta = math.log1p(0.15) / 52.0
    pairs = [
        (lives.alive, fitted.probability_alive(summary)["mean"]),
        (count > 0, fitted.probability_active(summary, "39W")["mean"]),
        (count, fitted.expected_purchases(summary, "39W")["mean"]),
        (lives.discounted(39.0, delta), fitted.discounted_expected_purchases(summary, 0.15, "39W")["mean"]),
        *((count == n, pmf[n]) for n in range(5)),
    ]
    frame = summary.frame
    quiet = ((frame["T"] - frame["recency"]) / frame["T"]).to_numpy()
    groupings = [np.digitize(frame["frequency"], [1, 2, 3, 5, 8]), np.digitize(quiet, [0.1, 0.3, 0.6, 0.9])]
    for outcome, predicted in pairs:
        for groups in groupings:
            assert_unbiased(outcome, predicted, groups)


def test_hidden_states_are_drawn_from_their_posterior() -> None:
    x, t_x, T = (values[:, None] for values in columns([(0, 0.0, 38.86), (2, 30.43, 38.86), (10, 20.0, 38.86)]))
    draws, (r, alpha, s, beta) = 100_000, CDNOW
    theta = np.repeat(CDNOW[:, None, None], draws, axis=2)
    latent = ParetoNBDModel.draw_latent(np.random.default_rng(5), theta, x, t_x, T)
    alive = ParetoNBDModel.probability_alive(CDNOW[:, None, None], x, t_x, T)[:, 0]
    for i in range(3):
        living = latent.rate[i] > 0.0
        assert living.mean() == pytest.approx(alive[i], abs=5.0 * math.sqrt(alive[i] * (1.0 - alive[i]) / draws))
        rates, shape = latent.rate[i][living], r + x[i, 0]
        error = math.sqrt(shape / living.sum()) / (alpha + T[i, 0])
        assert rates.mean() == pytest.approx(shape / (alpha + T[i, 0]), abs=5.0 * error)
        for weeks in (5.0, 100.0):
            beyond = (1.0 + weeks / (beta + T[i, 0])) ** -s
            error = math.sqrt(beyond * (1.0 - beyond) / draws)
            assert (latent.lifetime[i] > weeks).mean() == pytest.approx(beyond, abs=5.0 * error)
    assert not latent.dropout.any()


def test_a_customer_just_acquired_is_alive() -> None:
    nobody = np.zeros((1000, 1), dtype=np.int64), np.zeros((1000, 1)), np.zeros((1000, 1))
    latent = ParetoNBDModel.draw_latent(np.random.default_rng(6), CDNOW[:, None, None], *nobody)
    assert latent.rate.shape == (1000, 1)
    assert (latent.rate > 0.0).all()
    assert (ParetoNBDModel.probability_alive(CDNOW[:, None, None], *nobody) == 1.0).all()


# ---- fits ----------------------------------------------------------------------------------------


def test_default_priors_stay_within_two_percent_of_maximum_likelihood(
    cdnow_sample: Any, published: dict[str, Any]
) -> None:
    found = ParetoNBDModel().fit(cdnow_sample, method="map").parameters["mean"]
    for name in ParetoNBDModel.parameters:
        assert found[name] == pytest.approx(published["paretonbd_cdnow_sample_39wk"]["computed"][name], rel=0.02), name


def test_importance_sampling_can_be_relied_on_in_the_coordinates_of_the_priors(cdnow_sample: Any) -> None:
    fit = ParetoNBDModel().fit(cdnow_sample, seed=1)
    assert fit.diagnostics.method == "laplace"
    assert fit.diagnostics.ok
    assert fit.parameters["k_hat"].iloc[0] < 0.5


def test_the_unit_of_time_does_not_matter(cdnow_sample: Any) -> None:
    weeks = ParetoNBDModel().fit(cdnow_sample, method="map")
    frame = cdnow_sample.frame.assign(recency=7.0 * cdnow_sample.frame["recency"], T=7.0 * cdnow_sample.frame["T"])
    summary = lw.CustomerSummary.from_frame(frame, unit="D", until=cdnow_sample.until)
    days = ParetoNBDModel().fit(summary, method="map")
    np.testing.assert_allclose(days.parameters["mean"], weeks.parameters["mean"] * [1.0, 7.0, 1.0, 7.0], rtol=1e-6)
    np.testing.assert_allclose(
        days.expected_purchases(summary, "52W")["mean"],
        weeks.expected_purchases(cdnow_sample, "52W")["mean"],
        rtol=1e-6,
    )


@pytest.mark.parametrize("away", [0.0, 1.0])
def test_the_gradient_of_the_log_posterior_is_its_slope(cdnow_sample: Any, away: float) -> None:
    density = LogPosterior(ParetoNBDModel(), rows_of(cdnow_sample).for_kernel(7.0))
    where = density.start + away * np.array([1.0, -1.0, 1.0, -1.0])
    _, gradient = density(where)
    central = [(density(where + step)[0] - density(where - step)[0]) / 2e-4 for step in 1e-4 * np.eye(4)]
    np.testing.assert_allclose(gradient, central, rtol=1e-5)


def test_a_forecast_agrees_with_the_expectation(cdnow_sample: Any) -> None:
    fit = ParetoNBDModel().fit(cdnow_sample, seed=2)
    forecast = lw.forecast(fit, None, cdnow_sample, "39W", draws=400, seed=3)
    expected = fit.expected_purchases(cdnow_sample, "39W")["mean"].sum()
    totals = forecast.draws["purchases"][0]
    assert totals.mean() == pytest.approx(expected, abs=5.0 * totals.std() / math.sqrt(400.0))
