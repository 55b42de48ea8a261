"""What single customers are, beyond their purchases ahead: alive later, how long, when next, at which own rates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import betaln, expit, log_expit

import lifeworth as lw

if TYPE_CHECKING:
    from collections.abc import Callable

HORIZON: Final = 39.0
ROWS: Final = [(0, 0.0, 38.86), (1, 5.0, 38.86), (2, 30.43, 38.86), (7, 12.0, 30.0), (12, 25.0, 26.0), (3, 9.0, 9.0)]
AWKWARD: Final = [
    (0, 0.0, 0.0),
    (0, 0.0, 2600.0),
    (1, 1e-4, 2600.0),
    (5000, 10.0, 2600.0),
    (5000, 155.99, 156.0),
    (5000, 2600.0, 2600.0),
]


def customers(*rows: tuple[int, float, float], until: str | None = None) -> lw.CustomerSummary:
    """A summary of customers (x, t_x, T), in weeks."""
    frame = pd.DataFrame(rows, columns=["frequency", "recency", "T"])
    frame.insert(0, "customer_id", range(len(rows)))
    return lw.CustomerSummary.from_frame(frame, unit="W", until=until)


# ---- first witness: numerical integration ------------------------------------------------------------------------


@dataclass(frozen=True)
class StateWitness:
    """What is known of a model's hidden states without asking its code.

    Attributes
    ----------
    population : callable
        Draws customers just acquired: (rng, size, **parameters) to rate, probability of leaving after each repeat
        purchase, time of leaving at the latest, and the dropout that `State` speaks of.
    survival, lifetime : callable
        Probability of being alive at the horizon and mean time alive until it, if alive, by another integral or by the
        textbook's form: (x, T, horizon, **parameters).
    dropout : callable
        Name of the parameter that weights a customer by the dropout when raised by one, and the population's mean.
    """

    population: Callable[..., tuple[np.ndarray, ...]]
    survival: Callable[..., float]
    lifetime: Callable[..., float]
    dropout: Callable[..., tuple[str, float]]


def over_beta(f: Callable[[np.ndarray], np.ndarray], a: float, b: float) -> float:
    """Mean of f over p ~ Beta(a, b): a fine sum over logit p."""
    y = np.linspace(-90.0, 90.0, 400_001)
    density = np.exp(a * log_expit(y) + b * log_expit(-y) - betaln(a, b))
    return float((density * f(expit(y))).sum() / density.sum())


def beta_geo_population(rng: Any, size: int, r: float, alpha: float, a: float, b: float) -> tuple[np.ndarray, ...]:
    p = rng.beta(a, b, size)
    return rng.gamma(r, 1.0 / alpha, size), p, np.full(size, np.inf), p


def modified_population(rng: Any, size: int, r: float, alpha: float, a: float, b: float) -> tuple[np.ndarray, ...]:
    rate, p, never, _ = beta_geo_population(rng, size, r, alpha, a, b)
    return rate, p, np.where(rng.random(size) < p, 0.0, never), p


def pareto_population(rng: Any, size: int, r: float, alpha: float, s: float, beta: float) -> tuple[np.ndarray, ...]:
    mu = rng.gamma(s, 1.0 / beta, size)
    return rng.gamma(r, 1.0 / alpha, size), np.zeros(size), rng.exponential(1.0, size) / mu, mu


def beta_geo_survival(x: int, T: float, h: float, r: float, alpha: float, a: float, b: float) -> float:
    return over_beta(lambda p: (1.0 + p * h / (alpha + T)) ** -(r + x), a, b + x)


def beta_geo_lifetime(x: int, T: float, h: float, r: float, alpha: float, a: float, b: float) -> float:
    """Given p, the integral of (1 + p u / A)^-R over u."""
    R, A = r + x, alpha + T
    if R == 1.0:
        return over_beta(lambda p: A * np.log1p(p * h / A) / p, a, b + x)
    return over_beta(lambda p: A * np.expm1((1.0 - R) * np.log1p(p * h / A)) / ((1.0 - R) * p), a, b + x)


def pareto_survival(x: int, T: float, h: float, r: float, alpha: float, s: float, beta: float) -> float:
    return float(((beta + T) / (beta + T + h)) ** s)


def pareto_lifetime(x: int, T: float, h: float, r: float, alpha: float, s: float, beta: float) -> float:
    clock = beta + T
    end = math.log((clock + h) / clock)
    return clock * quad(lambda v: math.exp((1.0 - s) * v), 0.0, end, epsrel=1e-12)[0]


def dropout_probability(a: float, b: float, **_: float) -> tuple[str, float]:
    return "a", a / (a + b)


def dropout_rate(s: float, beta: float, **_: float) -> tuple[str, float]:
    return "s", s / beta


WITNESSES: Final = {
    "BG/NBD": StateWitness(beta_geo_population, beta_geo_survival, beta_geo_lifetime, dropout_probability),
    "MBG/NBD": StateWitness(
        modified_population,
        lambda x, T, h, r, alpha, a, b: beta_geo_survival(x, T, h, r, alpha, a, b + 1.0),
        lambda x, T, h, r, alpha, a, b: beta_geo_lifetime(x, T, h, r, alpha, a, b + 1.0),
        dropout_probability,
    ),
    "Pareto/NBD": StateWitness(pareto_population, pareto_survival, pareto_lifetime, dropout_rate),
}


def witness_of(known: Any) -> StateWitness:
    if known.fitted.model.name not in WITNESSES:
        pytest.fail(f"{known.fitted.model.name}: no entry in WITNESSES of this file; give it one.")
    return WITNESSES[known.fitted.model.name]


def if_alive(known: Any, name: str, x: int, T: float, horizon: float, **changed: float) -> float:
    """A formula of one customer who is alive, by the code."""
    theta = np.array([[{**known.parameters, **changed}[letter]] for letter in known.fitted.model.parameters])
    return float(getattr(known.fitted.model, name)(theta, np.array([x]), np.array([T]), horizon).item())


@pytest.mark.parametrize("x", [0, 2, 26, 5000])
@pytest.mark.parametrize("T", [0.0, 38.86, 2600.0])
def test_survival_and_lifetime_are_the_integrals_over_dropout(known_purchases: Any, x: int, T: float) -> None:
    known, witness = known_purchases, witness_of(known_purchases)
    for horizon in (1.0 / 7.0, 39.0, 2600.0):
        alive = witness.survival(x, T, horizon, **known.parameters)
        assert if_alive(known, "survival_if_alive", x, T, horizon) == pytest.approx(alive, rel=1e-9, abs=1e-12)
        lived = witness.lifetime(x, T, horizon, **known.parameters)
        assert if_alive(known, "lifetime_if_alive", x, T, horizon) == pytest.approx(lived, rel=1e-9)


@pytest.mark.parametrize(
    "changed",
    [
        {"a": 1.0},
        {"a": 1.0 + 1e-9},
        {"r": 1.0},
        {"r": 1.0, "a": 1.0},
        {"s": 1.0},
        {"s": 1.0 - 1e-9},
        {"a": 400.0, "b": 900.0},
    ],
)
@pytest.mark.parametrize("x", [0, 5, 5000])
def test_nothing_happens_where_the_textbook_divides_by_zero(known: Any, changed: dict[str, float], x: int) -> None:
    if not set(changed) <= set(known.parameters):
        return
    witness, parameters = witness_of(known), known.parameters | changed
    for horizon in (1.0, 104.0):
        lived = witness.lifetime(x, 38.86, horizon, **parameters)
        assert if_alive(known, "lifetime_if_alive", x, 38.86, horizon, **changed) == pytest.approx(lived, rel=1e-6)
        alive = witness.survival(x, 38.86, horizon, **parameters)
        assert if_alive(known, "survival_if_alive", x, 38.86, horizon, **changed) == pytest.approx(alive, rel=1e-8)


@pytest.mark.parametrize("size", [1e-2, 1e2, 1e4])
def test_small_and_huge_parameters_are_no_trouble(known_purchases: Any, size: float) -> None:
    known, witness = known_purchases, witness_of(known_purchases)
    parameters = {name: size * value for name, value in known.parameters.items()}
    if min(parameters.values()) < 0.1 and "a" in parameters:
        parameters["a"], parameters["b"] = known.parameters["a"], known.parameters["b"]  # the sum does not reach so far
    lived = witness.lifetime(3, 38.86, 104.0, **parameters)
    assert if_alive(known, "lifetime_if_alive", 3, 38.86, 104.0, **parameters) == pytest.approx(lived, rel=1e-8)


def test_many_customers_at_once_are_each_alone(known_purchases: Any) -> None:
    # where many share an x, each draw makes a table of them
    known = known_purchases
    model, rng = known.fitted.model, np.random.default_rng(1)
    x, T = np.repeat([0, 1, 4, 30], 200), rng.uniform(0.0, 300.0, 800)
    theta = known.theta[:, None] * [1.0, 1.3, 0.4]
    for formula in (model.survival_if_alive, model.lifetime_if_alive):
        together = formula(theta, x, T, 26.0)
        alone = np.stack([formula(theta, x[[i]], T[[i]], 26.0)[:, 0] for i in range(800)], axis=1)
        np.testing.assert_allclose(together, alone, rtol=1e-10)


def test_lifetime_is_the_integral_of_survival(known_purchases: Any) -> None:
    for x, _, T in ROWS:
        area = quad(lambda u, x=x, T=T: if_alive(known_purchases, "survival_if_alive", x, T, u), 0.0, 60.0, epsrel=1e-9)
        lifetime = if_alive(known_purchases, "lifetime_if_alive", x, T, 60.0)
        assert lifetime == pytest.approx(area[0], rel=1e-8)


def test_means_of_own_rates_are_ratios_of_likelihoods(known_purchases: Any) -> None:
    # with r + 1 for r each state weighs lambda / (r / alpha) times as much; so it is with dropout
    known, summary = known_purchases, customers(*ROWS[:-1])
    rates = known.fitted.purchase_rate(summary, quantiles=())["mean"]
    dropouts = known.fitted.dropout(summary, quantiles=())["mean"]
    letter, mean_dropout = witness_of(known).dropout(**known.parameters)
    for row, rate, dropout in zip(ROWS[:-1], rates, dropouts, strict=True):
        plain = known.witness.likelihood(*row, **known.parameters)
        heavier = known.witness.likelihood(*row, **known.parameters | {"r": known.parameters["r"] + 1.0})
        mean = known.parameters["r"] / known.parameters["alpha"]
        assert rate == pytest.approx(mean * math.exp(heavier - plain), rel=1e-7)
        heavier = known.witness.likelihood(*row, **known.parameters | {letter: known.parameters[letter] + 1.0})
        assert dropout == pytest.approx(mean_dropout * math.exp(heavier - plain), rel=1e-7)


# ---- second witness: customers simulated one purchase at a time ----------------------------------------------------


@dataclass(frozen=True)
class Lives:
    """Customers simulated from their first purchase to beyond the cut-off; each array (customers,).

    `end` is when they left, `ahead` when they bought next; both infinite if not within the simulation.
    """

    summary: lw.CustomerSummary
    rate: np.ndarray
    dropout: np.ndarray
    end: np.ndarray
    ahead: np.ndarray


@pytest.fixture(scope="module")
def lives() -> Callable[..., Lives]:
    """Simulate (known, size), each known model once."""
    made: dict[Any, Lives] = {}

    def simulate(known: Any, size: int) -> Lives:
        key = (known.fitted.model.name, *known.theta, size)
        if key not in made:
            made[key] = _simulate(known, size)
        return made[key]

    return simulate


def _simulate(known: Any, size: int) -> Lives:
    rng = np.random.default_rng(21)
    rate, leaves, end, dropout = witness_of(known).population(rng, size, **known.parameters)
    end = end.copy()
    T = np.round(rng.uniform(2.0, 60.0, size))
    x, t_x, time, ahead = np.zeros(size, dtype=int), np.zeros(size), np.zeros(size), np.full(size, np.inf)
    here = np.arange(size)
    while len(here):
        time[here] += rng.exponential(1.0 / rate[here])
        here = here[(time[here] <= end[here]) & (time[here] <= T[here] + HORIZON)]
        seen, later = here[time[here] <= T[here]], here[time[here] > T[here]]
        x[seen] += 1
        t_x[seen] = time[seen]
        ahead[later] = np.minimum(ahead[later], time[later] - T[later])
        gone = rng.random(len(here)) < leaves[here]
        end[here[gone]] = time[here[gone]]
        here = here[~gone]
    frame = pd.DataFrame({"customer_id": np.arange(size), "frequency": x, "recency": t_x, "T": T})
    return Lives(lw.CustomerSummary.from_frame(frame, unit="W"), rate, dropout, end, ahead)


def groups_of(summary: Any) -> list[np.ndarray]:
    """Ways to split customers by what is known of them."""
    frame = summary.frame
    silence = ((frame["T"] - frame["recency"]) / frame["T"]).to_numpy()
    return [np.digitize(frame["frequency"], [1, 2, 3, 5, 8]), np.digitize(silence, [0.1, 0.3, 0.6, 0.9])]


def test_predictions_are_right_on_average(
    known_purchases: Any, lives: Callable[..., Lives], assert_unbiased: Callable[..., None]
) -> None:
    known, lived = known_purchases, lives(known_purchases, 20_000)
    fitted, summary = known.fitted, lived.summary
    left = lived.end - summary.frame["T"].to_numpy()
    pairs = [
        (left > 4.0, fitted.probability_alive_at(summary, "4W")),
        (left > HORIZON, fitted.probability_alive_at(summary, "39W")),
        (np.clip(left, 0.0, HORIZON), fitted.remaining_lifetime(summary, "39W")),
        (lived.rate, fitted.purchase_rate(summary, quantiles=())),
        (lived.dropout, fitted.dropout(summary, quantiles=())),
    ]
    for outcome, frame in pairs:
        for groups in groups_of(summary):
            assert_unbiased(outcome, frame["mean"], groups)


def test_the_next_purchase_comes_by_its_quantiles_as_often_as_they_say(
    known_purchases: Any, lives: Callable[..., Lives], assert_unbiased: Callable[..., None]
) -> None:
    lived = lives(known_purchases, 20_000)
    found = known_purchases.fitted.next_purchase(lived.summary, "39W", quantiles=(0.1, 0.5, 0.9))
    for groups in groups_of(lived.summary):
        assert_unbiased(lived.ahead <= HORIZON, found["p_within"], groups)
        for level in (0.1, 0.5, 0.9):
            by = found[f"time_q{100 * level:.0f}"]
            assert_unbiased(lived.ahead <= by, level * found["p_within"], groups)


def test_own_rates_lie_within_their_intervals_as_often_as_they_say(
    known_purchases: Any, lives: Callable[..., Lives], assert_unbiased: Callable[..., None]
) -> None:
    lived = lives(known_purchases, 1_000)
    for truth, frame in (
        (lived.rate, known_purchases.fitted.purchase_rate(lived.summary, quantiles=(0.05, 0.5, 0.95))),
        (lived.dropout, known_purchases.fitted.dropout(lived.summary, quantiles=(0.05, 0.5, 0.95))),
    ):
        for level, column in ((0.05, "q05"), (0.5, "q50"), (0.95, "q95")):
            for groups in groups_of(lived.summary):
                assert_unbiased(truth <= frame[column], np.full(len(truth), level), groups)


def test_customers_who_left_are_taken_to_have_left_when_they_did(
    known_purchases: Any, lives: Callable[..., Lives], assert_unbiased: Callable[..., None]
) -> None:
    known, lived = known_purchases, lives(known_purchases, 1_000)
    x, t_x, T = (lived.summary.frame[[name]].to_numpy() for name in ("frequency", "recency", "T"))
    theta = np.repeat(known.theta[:, None, None], 200, axis=2)
    state = known.fitted.model.draw_state(np.random.default_rng(3), theta, x, t_x, T)
    gone = np.isfinite(state.gone_at)
    assert (state.gone_at >= t_x).all()
    assert (state.gone_at[gone] <= np.broadcast_to(T, gone.shape)[gone]).all()
    seen, present = np.minimum(state.gone_at, T), np.minimum(lived.end, T[:, 0])
    for groups in groups_of(lived.summary):
        assert_unbiased(present, seen.mean(axis=1), groups)
        # what goes with what: those who left early bought, and left, at other rates than those who stayed
        assert_unbiased(present * lived.rate, (seen * state.rate).mean(axis=1), groups)
        assert_unbiased(present * lived.dropout, (seen * state.dropout).mean(axis=1), groups)


# ---- third witness: extremes, limits, and the frames ---------------------------------------------------------------


def answers_of(fitted: Any, summary: Any, horizon: str) -> list[pd.DataFrame]:
    return [
        fitted.probability_alive_at(summary, horizon),
        fitted.remaining_lifetime(summary, horizon),
        fitted.next_purchase(summary, horizon),
        fitted.purchase_rate(summary),
        fitted.dropout(summary),
    ]


@pytest.mark.parametrize("horizon", ["1D", "50Y"])
@pytest.mark.parametrize("row", AWKWARD)
def test_every_answer_about_an_awkward_customer_is_finite(
    known_purchases: Any, row: tuple[int, float, float], horizon: str
) -> None:
    for answer in answers_of(known_purchases.fitted, customers(row), horizon):
        values = answer.drop(columns="customer_id").to_numpy(float)
        assert np.isfinite(values).all()
        assert (values >= 0.0).all()
        assert (np.diff(values[:, 1:], axis=1) >= 0.0).all(), "quantiles rise"


@pytest.mark.parametrize("size", [1e-4, 1e4])
def test_every_answer_at_tiny_and_huge_parameters_is_finite(known: Any, size: float) -> None:
    parameters = {name: size * value for name, value in known.parameters.items()}
    fitted = type(known.fitted.model).from_parameters(unit="W", **parameters)
    for answer in answers_of(fitted, customers(*AWKWARD, *ROWS), "10Y"):
        values = answer.drop(columns="customer_id").to_numpy(float)
        assert np.isfinite(values).all()
        assert (values >= 0.0).all()


@pytest.mark.parametrize(
    ("n", "a", "s", "b", "gap"),
    [
        (0.5, 10.0, 0.6, 12.0, 39.0),
        (5000.5, 100.0, 0.6, 12.0, 39.0),
        (0.3, 1e5, 1e-3, 1e-4, 2600.0),
        (1e-3, 1e-4, 1e-3, 1e5, 2600.0),
        (1.0, 10.0, 1e3, 1e3, 1e-6),
        (200.0, 2600.0, 40.0, 0.1, 2600.0),
    ],
)
def test_times_of_death_are_drawn_by_the_inverse_of_their_distribution(
    n: float, a: float, s: float, b: float, gap: float
) -> None:
    from lifeworth.models.kernels.pareto_nbd_state import _draw_deaths

    shares = np.array([[1e-6, 0.01, 0.5, 0.99, 1.0 - 1e-6]])
    theta = np.repeat([[n], [a], [s], [b]], shares.size, axis=1)
    found, nothing = np.empty(shares.shape), np.zeros(1)
    _draw_deaths(theta, np.zeros(1, int), nothing, nothing + gap, np.ones(shares.shape, bool), shares, found)
    axis = np.linspace(0.0, math.log1p(gap / min(a, b)), 2_000_001)
    u = min(a, b) * np.expm1(axis)
    density = np.exp(axis - n * np.log1p(u / a) - (s + 1.0) * np.log1p(u / b))
    before = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]))])
    share = np.interp(np.log1p(found / min(a, b)), axis, before / before[-1])
    np.testing.assert_allclose(share, shares, rtol=1e-6, atol=1e-9)


def test_survival_falls_and_lifetime_grows_with_the_horizon(known_purchases: Any, four: Any) -> None:
    fitted = known_purchases.fitted
    now = fitted.probability_alive(four)["mean"]
    alive = [now, *(fitted.probability_alive_at(four, h)["mean"] for h in ("1D", "1W", "26W", "10Y", "50Y"))]
    assert (np.diff(alive, axis=0) < 0.0).all()
    np.testing.assert_allclose(alive[1], now, rtol=0.05)
    lived = [fitted.remaining_lifetime(four, h)["mean"] for h in ("1D", "1W", "26W", "10Y", "50Y")]
    assert (np.diff(lived, axis=0) > 0.0).all()
    np.testing.assert_allclose(lived[0] * 7.0, now, rtol=0.05)


def test_a_lifetime_without_end_is_the_limit_of_long_horizons(known: Any) -> None:
    finite = {"r": 3.5, "alpha": 5.0, "a": 4.0, "b": 6.0, "s": 3.5, "beta": 20.0}
    fitted = type(known.fitted.model).from_parameters(unit="W", **{name: finite[name] for name in known.parameters})
    summary = customers(*ROWS)
    for_long, for_ever = (fitted.remaining_lifetime(summary, horizon)["mean"] for horizon in ("20000Y", None))
    np.testing.assert_allclose(for_long, for_ever, rtol=1e-6)


def test_an_endless_lifetime_is_refused_with_the_reason_and_the_remedy(known: Any, four: Any) -> None:
    with pytest.raises(lw.InputError, match=r"infinite, as .* is 1 or less in 100% .*Name an end such as '10Y'"):
        known.fitted.remaining_lifetime(four, None)


def test_the_next_purchase_has_a_date_where_the_cut_off_is_known(known: Any, four: Any) -> None:
    found = known.fitted.next_purchase(four, "26W", quantiles=(0.5,))
    assert list(found.columns) == ["customer_id", "p_within", "time_q50", "date_q50"]
    assert list(found["customer_id"]) == list(four.frame["customer_id"])
    days = (found["date_q50"] - four.until).dt.days
    assert ((days >= 7.0 * found["time_q50"]) & (days < 7.0 * found["time_q50"] + 1.0)).all()
    assert (
        list(known.fitted.next_purchase(customers(*ROWS), "26W", quantiles=(0.5,)).columns) == list(found.columns)[:3]
    )


def test_a_next_purchase_beyond_the_calendar_has_a_time_but_no_date(known: Any) -> None:
    found = known.fitted.next_purchase(customers((0, 0.0, 1e5), until="1997-09-30"), "9000000W", quantiles=(0.01, 0.99))
    assert found["time_q99"].item() > 52.0 * 300.0
    assert found["date_q99"].isna().item()


def test_without_quantiles_there_are_probabilities_alone(known: Any, four: Any) -> None:
    assert list(known.fitted.next_purchase(four, "26W", quantiles=()).columns) == ["customer_id", "p_within"]
    assert list(known.fitted.dropout(four, quantiles=()).columns) == ["customer_id", "mean"]


def test_the_next_purchase_comes_within_the_horizon_as_probability_active_says(
    transaction_model: Any, fitted: Any, four: Any
) -> None:
    posterior = fitted(transaction_model)
    found, active = posterior.next_purchase(four, "26W"), posterior.probability_active(four, "26W")["mean"]
    np.testing.assert_allclose(found["p_within"], active, rtol=1e-12)
    # the quantiles are those of a probability averaged over the draws: by its median half of it has come
    for i, median in enumerate(found["time_q50"]):
        one = four.select(np.arange(4) == i)
        half = posterior.probability_active(one, f"{median:.9f}W")["mean"].item()
        assert half == pytest.approx(0.5 * active[i], rel=0.01)


def test_answers_are_means_and_quantiles_over_the_draws(transaction_model: Any, fitted: Any, four: Any) -> None:
    posterior = fitted(transaction_model)
    x, t_x, T = (four.frame[name].to_numpy() for name in ("frequency", "recency", "T"))
    theta = posterior.theta(1000)
    alive = transaction_model.probability_alive(theta[:, :, None], x, t_x, T)
    for found, ahead in (
        (posterior.probability_alive_at(four, "39W"), transaction_model.survival_if_alive(theta, x, T, 39.0)),
        (posterior.remaining_lifetime(four, "39W"), transaction_model.lifetime_if_alive(theta, x, T, 39.0)),
    ):
        assert list(found.columns) == ["customer_id", "mean", "q05", "q95"]
        np.testing.assert_allclose(found["mean"], (alive * ahead).mean(axis=0), rtol=1e-9)
        np.testing.assert_allclose(found["q95"], np.quantile(alive * ahead, 0.95, axis=0), rtol=1e-9)
    for found, formula in (
        (posterior.purchase_rate(four), transaction_model.mean_rate),
        (posterior.dropout(four), transaction_model.mean_dropout),
    ):
        np.testing.assert_allclose(found["mean"], formula(theta[:, :, None], x, t_x, T).mean(axis=0), rtol=1e-12)
        assert ((found["q05"] < found["mean"]) & (found["mean"] < found["q95"])).all()


def test_the_seed_settles_the_intervals_of_own_rates(known: Any, cdnow_sample: Any) -> None:
    some = cdnow_sample.select(np.arange(len(cdnow_sample)) < 300)
    one, again, other = (known.fitted.purchase_rate(some, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, again)
    assert (one["q95"] != other["q95"]).mean() > 0.9
    pd.testing.assert_series_equal(one["mean"], other["mean"])


@pytest.mark.parametrize("cells", [1, 30_000, 10_000_000])
def test_answers_do_not_depend_on_the_size_of_blocks(
    transaction_model: Any, fitted: Any, cdnow_sample: Any, monkeypatch: pytest.MonkeyPatch, cells: int
) -> None:
    posterior, some = fitted(transaction_model), cdnow_sample.select(np.arange(len(cdnow_sample)) < 20)

    def answers() -> list[pd.DataFrame]:
        return [frame.drop(columns=[c for c in frame if c.startswith("date")]) for frame in (
            posterior.probability_alive_at(some, "39W"), posterior.remaining_lifetime(some, "10Y"),
            posterior.next_purchase(some, "39W"), posterior.purchase_rate(some, quantiles=()),
            posterior.dropout(some, quantiles=()),
        )]  # fmt: skip

    whole = answers()
    monkeypatch.setattr("lifeworth.models.fitted_purchases.BLOCK_CELLS", cells)
    for before, after in zip(whole, answers(), strict=True):
        pd.testing.assert_frame_equal(before, after, rtol=1e-7)
