"""What the tests of the mathematics share: the models, witnesses from outside for each, CDNOW, and fits on it.

Tests run over the lists of `lifeworth.models`. A test that asks for `transaction_model`, `spend_model` or `any_model`
runs once for each; one that asks for `known_purchases` or `known_spend` once for each set of known parameters. A
model that joins a list joins every test; what a test must know of it beyond its code stands in `TRANSACTIONS` or
`SPENDS` below, and a model without an entry fails by name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest
from scipy.special import betainc, betaln, expit, exprel, gammaln

import lifeworth as lw
from lifeworth.models import MODELS, SPEND_MODELS, TRANSACTION_MODELS

REFERENCE: Final = Path(__file__).resolve().parent.parent / "reference"
UNTIL: Final = "1997-09-30"
"""The cut-off of the papers: 39 weeks of CDNOW."""

type Parameters = dict[str, float]


@dataclass(frozen=True)
class TransactionWitness:
    """What is known of a transaction model without asking its code.

    Attributes
    ----------
    known : dict
        Sets of parameters by name, in weeks.
    population : callable
        Draws the hidden states of customers just acquired: (rng, size, **parameters) to arrays rate, dropout,
        lifetime. A customer buys at exponential gaps of mean 1 / rate, leaves with probability dropout after each
        repeat purchase, and is gone at lifetime.
    likelihood : callable
        Log likelihood of one customer by numerical integration over the hidden state: (x, t_x, T, **parameters).
    purchases_if_alive : callable
        Expected discounted purchases, likewise: (x, T, horizon, discount, **parameters).
    """

    known: dict[str, Parameters]
    population: Callable[..., tuple[np.ndarray, np.ndarray, np.ndarray]]
    likelihood: Callable[..., float]
    purchases_if_alive: Callable[..., float]


@dataclass(frozen=True)
class SpendWitness:
    """What is known of a spend model without asking its code.

    Attributes
    ----------
    known : dict
        Sets of parameters by name.
    population : callable
        Draws what tells customers apart: (rng, size, **parameters) to an array.
    amounts : callable
        Draws amounts of customers: (rng, what population gave, shape, **parameters).
    likelihood : callable
        Log likelihood of the mean of n amounts by numerical integration: (n, zbar, **parameters).
    expected_spend : callable
        Expected amount of one more purchase, likewise: (n, zbar, **parameters).
    """

    known: dict[str, Parameters]
    population: Callable[..., np.ndarray]
    amounts: Callable[..., np.ndarray]
    likelihood: Callable[..., float]
    expected_spend: Callable[..., float]


# ---- numerical integration: Gauss-Legendre in many short panels, in coordinates where nothing is singular -------

NODES, WEIGHTS = np.polynomial.legendre.leggauss(24)
NEGLIGIBLE: Final = 46.0
"""Tails below e^-46 (1e-20) of the peak are left out."""

type Function = Callable[[np.ndarray], np.ndarray]


def panels(low: float, high: float, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of an integral from low to high in panels no wider than `width`."""
    ends = np.linspace(low, high, math.ceil((high - low) / width) + 1)
    half = 0.5 * np.diff(ends)[:, None]
    return (ends[:-1, None] + half * (1.0 + NODES)).ravel(), (half * WEIGHTS).ravel()


def over_gamma(f: Function, shape: float, rate: float, around: float | None = None) -> float:
    """Integrate f against the Gamma(shape, rate) density, in the logarithm of the variable.

    `around` is a shape that a peak of f times the density may have, if it is larger.
    """
    spread = NEGLIGIBLE / min(shape, 1.0)
    u, weight = panels(
        math.log(shape / rate) - spread, math.log((shape + 1.0) / rate) + 8.0, 1.0 / math.sqrt(around or shape + 1.0)
    )
    density = np.exp(shape * (u + math.log(rate)) - rate * np.exp(u) - gammaln(shape))
    return float(np.sum(weight * density * f(np.exp(u))))


def over_beta(f: Function, a: float, b: float) -> float:
    """Integrate f against the Beta(a, b) density, in the logit of the variable."""
    peak, deviation = math.log(a / b), math.sqrt(1.0 / a + 1.0 / b)
    low = max(peak - 14.0 * deviation - NEGLIGIBLE / a, -60.0)
    high = min(peak + 14.0 * deviation + NEGLIGIBLE / b, 60.0)
    y, weight = panels(low, high, min(deviation, 1.0))
    density = np.exp(-a * np.logaddexp(0.0, -y) - b * np.logaddexp(0.0, y) - betaln(a, b))
    ends = f(expit(np.array([low, high]))) * [betainc(a, b, expit(low)), betainc(b, a, expit(-high))]
    return float(np.sum(weight * density * f(expit(y))) + ends.sum())


# ---- BG/NBD --------------------------------------------------------------------------------------


def beta_geo_population(rng: np.random.Generator, size: int, r: float, alpha: float, a: float, b: float) -> Any:
    return rng.gamma(r, 1.0 / alpha, size), rng.beta(a, b, size), np.full(size, np.inf)


def beta_geo_likelihood(x: int, t_x: float, T: float, r: float, alpha: float, a: float, b: float) -> float:
    """Equation 3 of Fader, Hardie & Lee (2005), integrated over lambda and p, which are independent."""

    def rates(until: float) -> float:
        # times T^x, so that powers stay in range
        return over_gamma(lambda rate: np.exp(x * np.log(rate * T) - rate * until), r, alpha, around=x + 1.0)

    alive = rates(T) * over_beta(lambda p: (1.0 - p) ** x, a, b)
    gone = rates(t_x) * over_beta(lambda p: p * (1.0 - p) ** (x - 1.0), a, b) if x else 0.0
    return math.log(alive + gone) - x * math.log(T)


def beta_geo_purchases_if_alive(
    x: int, T: float, horizon: float, discount: float, r: float, alpha: float, a: float, b: float
) -> float:
    """Given p, the intensity u ahead is E[lambda e^(-lambda p u)], lambda ~ Gamma(r + x, alpha + T)."""
    shape, clock = r + x, alpha + T
    if discount == 0.0:
        return over_beta(lambda p: -np.expm1(-shape * np.log1p(p * horizon / clock)) / p, a, b + x)
    end = math.log(min(horizon, NEGLIGIBLE / discount))
    s, weight = panels(end - NEGLIGIBLE, end, 2.0)
    u = np.exp(s)
    weight = weight * u * np.exp(-discount * u) * shape / clock
    return over_beta(lambda p: np.exp(-(shape + 1.0) * np.log1p(np.outer(p, u / clock))) @ weight, a, b + x)


# ---- MBG/NBD: one toss more, after the first purchase -------------------------------------------------------------


def modified_beta_geo_population(
    rng: np.random.Generator, size: int, r: float, alpha: float, a: float, b: float
) -> Any:
    rate, dropout, never = beta_geo_population(rng, size, r, alpha, a, b)
    return rate, dropout, np.where(rng.random(size) < dropout, 0.0, never)


def modified_beta_geo_likelihood(x: int, t_x: float, T: float, r: float, alpha: float, a: float, b: float) -> float:
    """As for BG/NBD, with x + 1 tosses."""

    def rates(until: float) -> float:
        return over_gamma(lambda rate: np.exp(x * np.log(rate * T) - rate * until), r, alpha, around=x + 1.0)

    alive = rates(T) * over_beta(lambda p: (1.0 - p) ** (x + 1.0), a, b)
    gone = rates(t_x) * over_beta(lambda p: p * (1.0 - p) ** x, a, b)
    return math.log(alive + gone) - x * math.log(T)


def modified_beta_geo_purchases_if_alive(
    x: int, T: float, horizon: float, discount: float, r: float, alpha: float, a: float, b: float
) -> float:
    """One more toss survived: as BG/NBD with b + 1."""
    return beta_geo_purchases_if_alive(x, T, horizon, discount, r, alpha, a, b + 1.0)


# ---- Gamma-Gamma ---------------------------------------------------------------------------------


def gamma_gamma_population(rng: np.random.Generator, size: int, p: float, q: float, v: float) -> np.ndarray:
    return rng.gamma(q, 1.0 / v, size)


def gamma_gamma_amounts(
    rng: np.random.Generator, rate: np.ndarray, shape: Any, p: float, q: float, v: float
) -> np.ndarray:
    return rng.gamma(p, 1.0, shape) / rate


def gamma_gamma_moment(n: int, zbar: float, power: float, p: float, q: float, v: float) -> float:
    """Integral over the population of rate^power times the density of the mean of n amounts."""
    shape = q + p * n
    centre = math.log(shape / (v + n * zbar))
    width = NEGLIGIBLE / math.sqrt(shape)
    u, weight = panels(centre - 4.0 * width, centre + width, 0.5 / math.sqrt(shape))
    log_density = q * (u + math.log(v)) - v * np.exp(u) - gammaln(q)
    if n:
        log_density += (
            p * n * (u + math.log(n)) + (p * n - 1.0) * math.log(zbar) - n * zbar * np.exp(u) - gammaln(p * n)
        )
    return float(np.sum(weight * np.exp(log_density + power * u)))


def gamma_gamma_likelihood(n: int, zbar: float, p: float, q: float, v: float) -> float:
    return math.log(gamma_gamma_moment(n, zbar, 0.0, p, q, v))


def gamma_gamma_expected_spend(n: int, zbar: float, p: float, q: float, v: float) -> float:
    return p * gamma_gamma_moment(n, zbar, -1.0, p, q, v) / gamma_gamma_moment(n, zbar, 0.0, p, q, v)


# ---- Pareto/NBD ----------------------------------------------------------------------------------


def pareto_nbd_population(rng: np.random.Generator, size: int, r: float, alpha: float, s: float, beta: float) -> Any:
    return rng.gamma(r, 1.0 / alpha, size), np.zeros(size), rng.exponential(1.0, size) / rng.gamma(s, 1.0 / beta, size)


def pareto_nbd_likelihood(x: int, t_x: float, T: float, r: float, alpha: float, s: float, beta: float) -> float:
    """Integrated over lambda and mu, which are independent, and over the time of death."""

    def rates(until: float) -> float:
        # times T^x, so that powers stay in range
        return over_gamma(lambda rate: np.exp(x * np.log(rate * T) - rate * until), r, alpha, around=x + 1.0)

    alive = rates(T) * over_gamma(lambda mu: np.exp(-mu * T), s, beta)
    u, weight = panels(t_x, T, 0.5 * T)
    gone = [rates(until) * over_gamma(lambda mu, until=until: mu * np.exp(-mu * until), s, beta) for until in u]
    return math.log(alive + float(weight @ np.array(gone))) - x * math.log(T)


def pareto_nbd_purchases_if_alive(
    x: int, T: float, horizon: float, discount: float, r: float, alpha: float, s: float, beta: float
) -> float:
    """Given mu, the discounted time alive is (1 - e^-(mu + discount) horizon) / (mu + discount)."""

    end = min(horizon, NEGLIGIBLE / discount) if discount else horizon

    def time(mu: np.ndarray) -> np.ndarray:
        return np.asarray(end * exprel(-(mu + discount) * end))

    return over_gamma(lambda rate: rate, r + x, alpha + T) * over_gamma(time, s, beta + T)


# ---- one entry a model ---------------------------------------------------------------------------

TRANSACTIONS: Final[dict[str, TransactionWitness]] = {
    "BG/NBD": TransactionWitness(
        known={
            "cdnow": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
            "a_above_1": {"r": 0.607, "alpha": 20.957, "a": 1.2755, "b": 8.861},
            "misc": {"r": 0.85, "alpha": 1.45, "a": 0.79, "b": 2.42},
        },
        population=beta_geo_population,
        likelihood=beta_geo_likelihood,
        purchases_if_alive=beta_geo_purchases_if_alive,
    ),
    "MBG/NBD": TransactionWitness(
        known={
            "cdnow": {"r": 0.5248, "alpha": 6.1831, "a": 0.8914, "b": 1.6140},
            "a_above_1": {"r": 0.607, "alpha": 6.0, "a": 1.2755, "b": 8.861},
            "misc": {"r": 0.85, "alpha": 1.45, "a": 0.79, "b": 2.42},
        },
        population=modified_beta_geo_population,
        likelihood=modified_beta_geo_likelihood,
        purchases_if_alive=modified_beta_geo_purchases_if_alive,
    ),
    "Pareto/NBD": TransactionWitness(
        known={
            "cdnow": {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
            "alpha_below_beta": {"r": 0.5143, "alpha": 2.8845, "s": 0.2856, "beta": 14.1087},
            "s_above_1": {"r": 1.5, "alpha": 20.0, "s": 1.7, "beta": 20.0},
            "s_is_1": {"r": 0.6, "alpha": 10.0, "s": 1.0, "beta": 12.0},
        },
        population=pareto_nbd_population,
        likelihood=pareto_nbd_likelihood,
        purchases_if_alive=pareto_nbd_purchases_if_alive,
    ),
}
SPENDS: Final[dict[str, SpendWitness]] = {
    "Gamma-Gamma": SpendWitness(
        known={
            "cdnow": {"p": 6.25, "q": 3.74, "v": 15.44},
            "all_purchases": {"p": 10.08, "q": 3.41, "v": 8.12},
            "alike": {"p": 1.7, "q": 9.5, "v": 210.0},
        },
        population=gamma_gamma_population,
        amounts=gamma_gamma_amounts,
        likelihood=gamma_gamma_likelihood,
        expected_spend=gamma_gamma_expected_spend,
    ),
}


def entry[W](table: dict[str, W], model: type) -> W:
    """Return what the table knows of a model; fail by name if nothing."""
    if model.name not in table:
        pytest.fail(f"{model.name}: no entry in the tables of tests/models/conftest.py; give it one.")
    return table[model.name]


def known_sets(models: tuple[type, ...], table: dict[str, Any]) -> list[Any]:
    """List every (model, set of parameters); a model without an entry comes once, to fail."""
    return [
        pytest.param((model, name), id=f"{model.__name__}-{name or 'without entry'}")
        for model in models
        for name in (table[model.name].known if model.name in table else [None])
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for argument, models in (
        ("transaction_model", TRANSACTION_MODELS),
        ("spend_model", SPEND_MODELS),
        ("any_model", MODELS),
    ):
        if argument in metafunc.fixturenames:
            later = [pytest.mark.slow] if metafunc.definition.get_closest_marker("slow_but_first") else []
            of_models = [pytest.param(model, marks=later if place else []) for place, model in enumerate(models)]
            metafunc.parametrize(argument, of_models, ids=lambda model: model.__name__)
    if "known_purchases" in metafunc.fixturenames:
        metafunc.parametrize("known_purchases", known_sets(TRANSACTION_MODELS, TRANSACTIONS), indirect=True)
    if "known_spend" in metafunc.fixturenames:
        metafunc.parametrize("known_spend", known_sets(SPEND_MODELS, SPENDS), indirect=True)


# ---- fixtures: models at known parameters --------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """A model at known parameters, with its witness.

    Attributes
    ----------
    fitted : FittedPurchases or FittedSpend
    witness : TransactionWitness or SpendWitness
    parameters : dict
    theta : array (parameters,)
    """

    fitted: Any
    witness: Any
    parameters: Parameters
    theta: np.ndarray

    @classmethod
    def of(cls, model: type, table: dict[str, Any], name: str, **settings: str) -> Known:
        witness = entry(table, model)
        parameters = witness.known[name]
        theta = np.array([parameters[letter] for letter in model.parameters])
        return cls(model.from_parameters(**settings, **parameters), witness, parameters, theta)


@pytest.fixture
def known_purchases(request: pytest.FixtureRequest) -> Known:
    """A transaction model at known parameters, in weeks."""
    model, name = request.param
    return Known.of(model, TRANSACTIONS, name, unit="W")


@pytest.fixture
def known_spend(request: pytest.FixtureRequest) -> Known:
    """A spend model at known parameters, of repeat purchases."""
    model, name = request.param
    return Known.of(model, SPENDS, name)


@pytest.fixture
def known(transaction_model: type) -> Known:
    """Each transaction model at the first of its known parameters."""
    return Known.of(transaction_model, TRANSACTIONS, next(iter(entry(TRANSACTIONS, transaction_model).known)), unit="W")


@pytest.fixture
def cdnow_spend() -> Any:
    """The published Gamma-Gamma fit to repeat purchases of CDNOW."""
    return lw.GammaGammaModel.from_parameters(p=6.25, q=3.74, v=15.44)


# ---- fixtures: customers -------------------------------------------------------------------------


@pytest.fixture(scope="session")
def published() -> dict[str, Any]:
    """The reference values; see `_note` inside."""
    return json.loads((REFERENCE / "published.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def golden() -> pd.DataFrame:
    """Single customers under fixed parameters, from CLVTools 0.12.1 and BTYDplus 1.2.0."""
    return pd.read_csv(REFERENCE / "fixed_bgnbd_mbgnbd.csv")


@pytest.fixture(scope="session")
def cdnow_sample() -> lw.CustomerSummary:
    """2,357 customers of CDNOW until 1997-09-30, in weeks."""
    return lw.summarise(lw.load_cdnow(sample=True), until=UNTIL, unit="W")


@pytest.fixture(scope="session")
def cdnow() -> lw.CustomerSummary:
    """All 23,570 customers of CDNOW until 1997-09-30, in weeks."""
    return lw.summarise(lw.load_cdnow(), until=UNTIL, unit="W")


@pytest.fixture(scope="session")
def fitted(cdnow_sample: lw.CustomerSummary) -> Callable[..., Any]:
    """Fits on the CDNOW sample, each made once: (model, method="laplace", priors=None, **settings)."""
    made: dict[str, Any] = {}

    def fit(model: type, method: str = "laplace", priors: Any = None, draws: int = 4000, **settings: Any) -> Any:
        key = f"{model.__name__} {method} {priors} {draws} {settings}"
        if key not in made:
            made[key] = model(priors=priors, **settings).fit(cdnow_sample, method=method, draws=draws, seed=1)
        return made[key]

    return fit


@pytest.fixture
def four() -> lw.CustomerSummary:
    """Four customers of different habits, with amounts and a channel."""
    frame = pd.DataFrame(
        {
            "customer_id": ["once", "lapsed", "regular", "often"],
            "frequency": [0, 2, 5, 26],
            "recency": [0.0, 3.5, 35.25, 30.86],
            "T": [38.86, 38.86, 39.0, 31.0],
            "monetary_value": [0.0, 12.5, 40.0, 30.0],
            "monetary_value_all": [20.0, 15.0, 36.0, 31.0],
            "channel": ["search", "shop", "search", "shop"],
        }
    )
    return lw.CustomerSummary.from_frame(frame, unit="W", until=UNTIL)


# ---- fixtures: the naive simulation --------------------------------------------------------------


@dataclass(frozen=True)
class Lived:
    """Customers simulated the slow and obvious way.

    Attributes
    ----------
    summary : CustomerSummary
        As seen at the cut-off, in weeks.
    ahead : list of array
        Times of each customer's purchases after the cut-off, counted from it.
    alive : array (customers,)
        Whether the customer was alive at the cut-off.
    left : array (customers,)
        Time from the cut-off until the customer left; 0 for who had left, infinite for who stayed.
    """

    summary: lw.CustomerSummary
    ahead: list[np.ndarray]
    alive: np.ndarray
    left: np.ndarray

    def count(self, horizon: float) -> np.ndarray:
        """Purchases within the horizon, array (customers,)."""
        return np.array([np.count_nonzero(times <= horizon) for times in self.ahead])

    def discounted(self, horizon: float, discount: float) -> np.ndarray:
        """The same, each purchase discounted to the cut-off."""
        return np.array([np.exp(-discount * times[times <= horizon]).sum() for times in self.ahead])


@pytest.fixture(scope="session")
def live() -> Callable[..., Lived]:
    """Simulate customers: (known, rng, T array, horizon)."""

    def simulate(known: Known, rng: np.random.Generator, T: np.ndarray, horizon: float) -> Lived:
        states = zip(*known.witness.population(rng, len(T), **known.parameters), T, strict=True)
        lives = [_life(rng, *state, horizon) for state in states]
        seen = [times[times <= until] for (times, _), until in zip(lives, T, strict=True)]
        frame = pd.DataFrame(
            {
                "customer_id": np.arange(len(T)),
                "frequency": [len(times) for times in seen],
                "recency": [times[-1] if len(times) else 0.0 for times in seen],
                "T": T,
            }
        )
        return Lived(
            lw.CustomerSummary.from_frame(frame, unit="W", until=UNTIL),
            [times[times > until] - until for (times, _), until in zip(lives, T, strict=True)],
            np.array([end > until for (_, end), until in zip(lives, T, strict=True)]),
            np.array([max(end - until, 0.0) for (_, end), until in zip(lives, T, strict=True)]),
        )

    return simulate


def _life(
    rng: np.random.Generator, rate: float, dropout: float, lifetime: float, T: float, horizon: float
) -> tuple[np.ndarray, float]:
    """Times of one customer's repeat purchases until T + horizon, and the time at which the customer left."""
    times: list[float] = []
    time = 0.0
    while True:
        time += rng.exponential(1.0 / rate)
        if time > lifetime:
            return np.array(times), lifetime
        if time > T + horizon:
            return np.array(times), math.inf
        times.append(time)
        if rng.random() < dropout:
            return np.array(times), time


# ---- fixtures: judging by chance -----------------------------------------------------------------


@pytest.fixture(scope="session")
def assert_unbiased() -> Callable[..., None]:
    """Outcomes equal predictions on average, in each group of customers: (outcome, predicted, groups).

    The error summed over a group is compared with its standard deviation: that of the errors, or what chance alone
    gives rare events, whichever is larger, and five events more for groups in which next to nothing happens. Beyond
    5.5 deviations chance goes once in 26 million; the tests here make some thousand comparisons, so that one of them
    fails by chance less than once in ten thousand runs with new random numbers.
    """

    def check(outcome: np.ndarray, predicted: np.ndarray, groups: np.ndarray) -> None:
        predicted = np.asarray(predicted, dtype=float)
        error = np.asarray(outcome, dtype=float) - predicted
        by_chance = predicted * (1.0 - predicted) if outcome.dtype == bool else predicted
        for group in np.unique(groups):
            inside = groups == group
            deviation = math.sqrt(max(error[inside].var() * inside.sum(), by_chance[inside].sum()))
            assert abs(error[inside].sum()) <= 5.5 * deviation + 5.0, (
                f"group {group} of {inside.sum()}: off by {error[inside].sum():.5g}, standard deviation {deviation:.5g}"
            )

    return check
