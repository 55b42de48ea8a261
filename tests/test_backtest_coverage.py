"""Businesses of which a model is right: what a backtest learns of its error, and how often intervals then hold.

Each business is simulated from a model with parameters like those published for CDNOW, 1,500 customers, acquired in
a quarter (odd seeds) or all along (even seeds), 78 weeks. The backtest runs on the first 52; the forecast made then
is compared with the 26 that follow.

What is exact and what is not was measured on 74 such businesses (42 of BG/NBD, 16 of each other model; 1,000 to
3,000 customers; 4 origins): of customers 90.2 % of counts and of spend lay within 90 % (wanted: 89 to 91); of totals
over 26 weeks textbook intervals held 93 %, give or take 3. Some 900 purchases in half a year, with four origins,
cannot tell an error of nothing from one of 5 %: past errors are as large by chance. So the error that is learned
is three quarters of the default, and an interval with it holds 96 to 99.5 % of the outcomes that a right model deems
possible, and is wider than it need be: by half and more. (With 10,000 customers and ten origins it is a third of the
default, and holds 95 to 97 %.) The bounds below say so; they are meant to be tightened, not loosened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

import lifeworth as lw
from lifeworth.models import TRANSACTION_MODELS
from lifeworth.models.prediction.calibration import clock_for
from lifeworth.models.prediction.discrepancy import Discrepancy, default_discrepancy
from lifeworth.models.prediction.futures import Futures, Path
from lifeworth.pipelines.backtesting.backtest import backtest
from lifeworth.pipelines.backtesting.outcomes import outcomes
from lifeworth.pipelines.orders.order_log import read_log
from lifeworth.pipelines.orders.order_table import OrderColumns
from lifeworth.pipelines.orders.policies import OrderPolicies
from lifeworth.pipelines.orders.purchase_days import customer_days, with_first_day

if TYPE_CHECKING:
    from lifeworth.models.ground.rows import FloatArray

PUBLISHED: Final[dict[str, dict[str, float]]] = {
    "BG/NBD": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "MBG/NBD": {"r": 0.5248, "alpha": 6.1831, "a": 0.8914, "b": 1.6140},
    "Pareto/NBD": {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
}
BUSINESSES: Final = 14
"""Of each model."""
CUSTOMERS: Final = 1500
START: Final = pd.Timestamp("2020-01-06")
CUTOFF: Final = START + pd.Timedelta(weeks=52) - pd.Timedelta(days=1)
WEEKS: Final = (4, 13, 26)
LABELS: Final = ["4W", "13W", "26W"]
DRAWS: Final = 400
ORIGINS: Final = 4
FALSE_ALARM: Final = 1e-5
"""Of each bound here."""

MOST_WIDENING: Final = 2.1
"""Median width of an honest interval over that of the textbook, on the log scale: 1.3 to 1.8 by horizon and quantity,
and medians of 14 spread by .06. Where nothing is wrong it should be 1."""
MOST_OF_DEFAULT: Final = 1.0
"""Mean standard deviation learned of a right model, over that of the default: .75 of purchases, .4 of the level."""


@dataclass(frozen=True, eq=False)
class Business:
    """What was forecast of a business with its scorecard, and what came.

    Attributes
    ----------
    learned : Discrepancy
    honest, textbook : Forecast
    actual : mapping of str to array (horizons,)
        Totals by quantity.
    ranks : mapping of str to array (horizons, customers)
        Randomised ranks of customers' outcomes among their draws, uniform where the law is right.
    """

    learned: Discrepancy
    honest: Any
    textbook: Any
    actual: dict[str, FloatArray]
    ranks: dict[str, FloatArray]


def what_came(orders: pd.DataFrame, amounts: bool = True) -> dict[str, FloatArray]:
    """Purchases and spend of the customers known at the cut-off, arrays (horizons, customers)."""
    log = read_log(orders, OrderColumns("customer_id", "date", "amount"), OrderPolicies(), None)
    ahead = [7 * weeks for weeks in WEEKS]
    came = outcomes(with_first_day(customer_days(log)), CUTOFF, ahead, [], None, amounts)
    assert came.spend is not None
    return {
        "purchases": np.stack([came.purchases[days] for days in ahead]),
        "spend": np.stack([came.spend[days] for days in ahead]),
    }


def ranks_of(futures: Futures, came: dict[str, FloatArray], rng: np.random.Generator) -> dict[str, FloatArray]:
    """Randomised rank of each outcome among the draws of its customer."""

    def below_and_at(path: Path) -> tuple[Any, dict[str, tuple[FloatArray, FloatArray]]]:
        found = {}
        for name, outcome in came.items():
            draws, actual = getattr(path, name), outcome[:, path.customers, None]
            found[name] = (draws < actual).sum(axis=2), (draws == actual).sum(axis=2)
        return path.customers, found

    result = {name: np.empty_like(outcome) for name, outcome in came.items()}
    for customers, found in futures.reduced(below_and_at, "Ranks"):
        for name, (below, at) in found.items():
            # the outcome is one more draw of the same law: its rank among all is uniform
            result[name][:, customers] = (below + rng.random(below.shape) * (at + 1.0)) / (futures.draws + 1.0)
    return result


def lived(model: Any, seed: int) -> Business:
    """Simulate a business, test the model on its past, forecast with what was learned, and look."""
    true = model.from_parameters(unit="W", **PUBLISHED[model.name])
    orders = lw.simulate_orders(
        true,
        customers=CUSTOMERS,
        start=START,
        until=CUTOFF + pd.Timedelta(weeks=26),
        acquired_until=CUTOFF if seed % 2 == 0 else START + pd.Timedelta(weeks=13),
        seed=seed,
    )
    card = backtest(orders, models=[model()], until=CUTOFF, horizons=LABELS, origins=ORIGINS, draws=100, seed=seed)
    summary = lw.summarise(orders, until=CUTOFF, unit="W")
    fits = model().fit(summary, draws=1000, seed=seed), lw.GammaGammaModel().fit(summary, draws=1000, seed=seed)
    honest, textbook = (
        lw.forecast(*fits, summary, LABELS, draws=DRAWS, seed=seed, calibration=calibration, per_customer=False)
        for calibration in (card, "textbook")
    )
    came, learned, lengths = what_came(orders), card.discrepancy_of(model.name), np.array(WEEKS, dtype=float)
    clock = clock_for(fits[0], summary, learned, lengths, DRAWS, seed)
    futures = Futures(*fits, summary, lengths, 0.0, DRAWS, seed, clock=clock)
    ranks = ranks_of(futures, came, np.random.default_rng([seed, 1]))
    return Business(learned, honest, textbook, {name: values.sum(axis=1) for name, values in came.items()}, ranks)


@pytest.fixture(scope="module", params=TRANSACTION_MODELS, ids=lambda model: model.__name__)
def businesses(request: pytest.FixtureRequest) -> list[Business]:
    """Businesses of each model."""
    return [lived(request.param, 1000 + seed) for seed in range(BUSINESSES)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["purchases", "spend"])
def test_intervals_of_customers_hold_at_the_nominal_rate(businesses: list[Business], name: str) -> None:
    for h, label in enumerate(LABELS):
        held = [np.mean((one.ranks[name][h] > 0.05) & (one.ranks[name][h] < 0.95)) for one in businesses]
        # 1,500 customers share a fit: shares of single businesses spread by .8 %, their mean by .2 %
        assert np.mean(held) == pytest.approx(0.9, abs=0.01), label


@pytest.mark.slow
@pytest.mark.parametrize("name", ["purchases", "spend"])
def test_intervals_of_totals_hold_at_least_at_the_nominal_rate(businesses: list[Business], name: str) -> None:
    low = binom.ppf(FALSE_ALARM, BUSINESSES, 0.9)
    for h, label in enumerate(LABELS):
        for kind in ("textbook", "honest"):
            table = getattr(businesses[0], kind).total
            assert table["horizon"][h] == label
            held = sum(
                getattr(one, kind).total[f"{name}_q05"][h]
                <= one.actual[name][h]
                <= getattr(one, kind).total[f"{name}_q95"][h]
                for one in businesses
            )
            assert held >= low, (kind, label)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["purchases", "spend"])
def test_totals_are_widened_by_no_more_than_is_stated(businesses: list[Business], name: str) -> None:
    for h, label in enumerate(LABELS):
        ratios, shares = [], []
        for one in businesses:
            honest, textbook = one.honest.total.loc[h], one.textbook.total.loc[h]
            low, high = honest[f"{name}_q05"], honest[f"{name}_q95"]
            ratios.append(np.log(high / low) / np.log(textbook[f"{name}_q95"] / textbook[f"{name}_q05"]))
            drawn = one.textbook.draws[name][h]
            shares.append(np.mean((drawn >= low) & (drawn <= high)))  # of what a right model deems possible
        assert 0.95 <= np.median(ratios) <= MOST_WIDENING, label
        assert np.mean(shares) >= 0.88, label


@pytest.mark.slow
def test_what_is_learned_of_a_right_model_is_less_than_the_default_and_has_no_bias(businesses: list[Business]) -> None:
    weeks, default = np.array(WEEKS, dtype=float), default_discrepancy()
    for name in ("clock", "level"):
        _, assumed = getattr(default, name).at(weeks)
        found = np.array([getattr(one.learned, name).at(weeks) for one in businesses])
        assert (found[:, 1].mean(axis=0) < MOST_OF_DEFAULT * assumed).all(), name
        # a bias learned of nothing: its mean is beyond 8 standard errors of 14 once in 400,000
        error = found[:, 0].std(axis=0) / np.sqrt(BUSINESSES - 1)
        assert (np.abs(found[:, 0].mean(axis=0)) <= 8.0 * error + 1e-4).all(), name
        assert np.mean([getattr(one.learned, name).no_error for one in businesses]) > 0.0
