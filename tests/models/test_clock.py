"""The clock of the future: walks and expectations under it agree with naive ones, and a plain clock is none."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.prediction.calibration import clock_for
from lifeworth.models.prediction.clock import Clock, Interpolation
from lifeworth.models.prediction.discrepancy import Discrepancy, default_discrepancy
from lifeworth.models.prediction.error_process import ErrorProcess
from lifeworth.models.prediction.expectations import expectations
from lifeworth.models.prediction.futures import Futures

if TYPE_CHECKING:
    from lifeworth.models.ground.rows import FloatArray

RATE: Final = math.log(1.15) / 52.0
QUANTITIES: Final = ("purchases", "spend", "discounted_purchases", "discounted_spend")


def irregular(draws: int, last: float = 39.0, spread: float = 0.4, seed: int = 3) -> Clock:
    """A clock of uneven knots that runs at very different speeds, with levels of amounts to match."""
    rng = np.random.default_rng(seed)
    knots = last * np.array([0.0, 0.02, 0.1, 0.3, 0.35, 0.7, 1.0])
    speed = np.exp(spread * rng.standard_normal((len(knots) - 1, draws)))
    elapsed = np.concatenate([np.zeros((1, draws)), np.cumsum(speed * np.diff(knots)[:, None], axis=0)])
    return Clock(knots, elapsed, np.exp(spread * rng.standard_normal((len(knots) - 1, draws))))


def ten_percent() -> Discrepancy:
    """A known error: noise, level and walk of the clock and of amounts, and a bias of each."""

    def process(bias: float) -> ErrorProcess:
        five = np.full(1, 0.05)
        return ErrorProcess(np.ones(1), five, five, five, np.array([[bias, bias / 2.0]]), np.zeros((1, 2, 2)))

    return Discrepancy(process(0.1), process(-0.05), 4)


def simulated(futures: Futures) -> dict[str, FloatArray]:
    """What each customer does in each draw, arrays (horizons, customers, draws)."""
    out = {name: np.empty((len(futures.horizons), len(futures.summary), futures.draws)) for name in QUANTITIES}
    for path in futures.reduced(lambda path: path, "Paths"):
        for name in QUANTITIES:
            out[name][:, path.customers] = getattr(path, name)
    return out


# ---- the clock itself ----------------------------------------------------------------------------


def test_between_knots_time_and_level_are_read_off_the_line() -> None:
    clock = irregular(5)
    times = np.array([0.0, 0.3, 0.78, 3.0, 20.0, 38.999, 39.0])
    for s in range(5):
        np.testing.assert_allclose(clock.at(times)[:, s], np.interp(times, clock.knots, clock.elapsed[:, s]))
        between = np.minimum(np.searchsorted(clock.knots, times, side="right") - 1, 5)
        np.testing.assert_array_equal(clock.level_at(times)[:, s], clock.level[between, s])


def test_a_clock_after_a_time_goes_on_from_there() -> None:
    clock, moment = irregular(5), 7.3
    later, times = clock.after(moment), np.array([0.0, 0.2, 5.0, 30.0])
    np.testing.assert_allclose(later.at(times), clock.at(moment + times) - clock.at(np.array([moment])))
    np.testing.assert_array_equal(later.level_at(times), clock.level_at(moment + times))


def test_polynomials_are_one_at_their_node_and_follow_what_is_smooth() -> None:
    basis = Interpolation.upto(400.0, 2.0)
    np.testing.assert_array_equal(basis.at(basis.nodes), np.eye(len(basis.nodes)))
    np.testing.assert_array_equal(basis.at(np.zeros(1)), 0.0)
    c = np.linspace(0.0, 400.0, 999)
    for smooth in (lambda c: np.log1p(c / 10.0), lambda c: 1.0 - (1.0 + c / 30.0) ** -0.6, np.sqrt):
        off = 3e-2 if smooth is np.sqrt else 1e-4  # a root is not smooth at 0: it is found, if less well
        np.testing.assert_allclose(basis.at(c) @ smooth(basis.nodes), smooth(c), atol=off * smooth(400.0))


# ---- a plain clock is no clock -------------------------------------------------------------------


@pytest.mark.parametrize("knots", [2, 40])
def test_the_calendars_own_time_changes_nothing(known_purchases: Any, cdnow_spend: Any, four: Any, knots: int) -> None:
    fitted, horizons, draws = known_purchases.fitted, np.array([4.0, 13.0, 39.0]), 200
    at = np.linspace(0.0, 39.0, knots)
    plain = Clock(at, np.repeat(at[:, None], draws, axis=1), np.ones((knots - 1, draws)))
    with_clock, without = (
        simulated(Futures(fitted, cdnow_spend, four, horizons, RATE, draws, 5, clock=clock)) for clock in (plain, None)
    )
    for name in QUANTITIES:
        np.testing.assert_allclose(with_clock[name], without[name], rtol=1e-12)
    with_clock, without = (expectations(fitted, four, horizons, RATE, draws, clock) for clock in (plain, None))
    for name, off in {"alive": 1e-12, "active": 1e-9, "purchases": 1e-5, "paid": 1e-5}.items():
        np.testing.assert_allclose(getattr(with_clock, name), getattr(without, name), rtol=off)


def test_a_model_without_error_is_the_textbook(known: Any, cdnow_spend: Any, four: Any) -> None:
    horizons = ["39W", "4W"]
    right, textbook = (
        lw.forecast(known.fitted, cdnow_spend, four, horizons, draws=100, calibration=calibration)
        for calibration in (Discrepancy.none(), "textbook")
    )
    for name in ("purchases", "spend"):
        np.testing.assert_allclose(right.draws[name], textbook.draws[name], rtol=1e-12)
        np.testing.assert_allclose(right.total[f"{name}_mean"], textbook.total[f"{name}_mean"], rtol=1e-5)
    assert (right.decomposition.query('part == "the model\'s past error"')["share"] < 1e-12).all()


def test_a_clock_that_all_draws_share_only_renames_the_horizons(known: Any, cdnow_spend: Any, four: Any) -> None:
    draws, horizons = 300, np.array([4.0, 13.0, 39.0])
    one = irregular(1)
    clock = Clock(one.knots, np.repeat(one.elapsed, draws, axis=1), np.ones((len(one.level), draws)))
    elapsed = clock.at(horizons)[:, 0]
    deformed = simulated(Futures(known.fitted, cdnow_spend, four, horizons, 0.0, draws, 5, clock=clock))
    renamed = simulated(Futures(known.fitted, cdnow_spend, four, elapsed, 0.0, draws, 5))
    for name in QUANTITIES:
        np.testing.assert_allclose(deformed[name], renamed[name], rtol=1e-12)


# ---- the walk and a naive one --------------------------------------------------------------------


def walked(known: Any, rng: np.random.Generator, clock: Clock, horizons: FloatArray) -> FloatArray:
    """One new customer a draw, walked through the clock purchase by purchase, array (4, horizons, draws)."""
    draws = clock.elapsed.shape[1]
    states = zip(*known.witness.population(rng, draws, **known.parameters), strict=True)
    own = 15.44 / rng.gamma(3.74, 1.0, draws)
    out = np.zeros((4, len(horizons), draws))
    for s, (rate, dropout, lifetime) in enumerate(states):
        moment = 0.0
        while True:
            moment += rng.exponential(1.0 / rate)
            if moment > min(lifetime, clock.elapsed[-1, s]):
                break
            day = float(np.interp(moment, clock.elapsed[:, s], clock.knots))
            k = int(np.searchsorted(clock.elapsed[1:-1, s], moment))
            amount = rng.gamma(6.25) * own[s] * clock.level[k, s]
            now = math.exp(-RATE * 5.0 * day)
            out[:, day <= horizons, s] += np.array([1.0, amount, now, now * amount])[:, None]
            if rng.random() < dropout:
                break
    return out


def test_walks_through_a_clock_are_those_of_a_naive_loop(known_purchases: Any, cdnow_spend: Any) -> None:
    draws, horizons = 8_000, np.array([2.0, 13.0, 39.0])
    clock = irregular(draws, spread=0.8)
    nobody = lw.CustomerSummary.from_frame(
        pd.DataFrame({"customer_id": [1], "frequency": [0], "recency": [0.0], "T": [0.0], "monetary_value": [0.0]}),
        unit="W",
    )
    found = simulated(Futures(known_purchases.fitted, cdnow_spend, nobody, horizons, 5.0 * RATE, draws, 5, clock=clock))
    naive = walked(known_purchases, np.random.default_rng(4), clock, horizons)
    for name, slow in zip(QUANTITIES, naive, strict=True):
        quick = found[name][:, 0]
        caps = np.quantile(slow, 0.9, axis=1)[:, None]
        for law in (lambda v, caps: np.minimum(v, caps), lambda v, _: v > 0.0, lambda v, caps: v > caps):
            a, b = np.asarray(law(quick, caps), dtype=float), np.asarray(law(slow, caps), dtype=float)
            error = np.sqrt((a.var(axis=1) + b.var(axis=1)) / draws)
            # beyond 5 standard errors once in two million; some 400 comparisons
            assert (np.abs(a.mean(axis=1) - b.mean(axis=1)) <= 5.0 * error).all(), name


# ---- expectations and brute force ----------------------------------------------------------------


def expected_within(known: Any, summary: Any, elapsed: FloatArray) -> FloatArray:
    """The model's own closed form at each elapsed time, array (times, customers)."""
    model, theta = known.fitted.model, known.theta[:, None]
    x, t_x, T = (summary.frame[name].to_numpy() for name in ("frequency", "recency", "T"))
    alive = model.probability_alive(theta[:, :, None], x, t_x, T)
    return np.asarray(alive * model.purchases_if_alive(theta, x, T, np.asarray(elapsed), 0.0)[:, 0])


CLOCKS: Final = {
    "mild": irregular(15, spread=0.1),
    "wild": irregular(15, spread=0.8),
    "stopped": Clock(np.array([0.0, 13.0, 39.0]), np.array([[0.0, 0.0], [1e-3, 60.0], [39.0, 60.1]]), np.ones((2, 2))),
}


@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS.keys())
def test_expected_purchases_are_averages_over_the_clock(known_purchases: Any, four: Any, clock: Clock) -> None:
    horizons = np.array([4.0, 13.0, 39.0])
    found = expectations(known_purchases.fitted, four, horizons, 0.0, 10, clock)
    for h, elapsed in enumerate(clock.at(horizons)):
        brute = expected_within(known_purchases, four, elapsed).mean(axis=0)
        np.testing.assert_allclose(found.purchases[h], brute, rtol=1e-6)


def summed(known: Any, summary: Any, clock: Clock, horizon: float, discount: float) -> tuple[FloatArray, FloatArray]:
    """Discounted purchases, and the same times the level of amounts, as fine sums over time: arrays (customers,)."""
    times = np.union1d(np.linspace(0.0, horizon, 301), clock.knots[clock.knots < horizon])
    middle = (times[1:] + times[:-1]) / 2.0
    factor, level = np.exp(-discount * middle), clock.level_at(middle)
    purchases, paid = np.zeros((2, len(summary)))
    draws = clock.elapsed.shape[1]
    for s, elapsed in enumerate(clock.at(times).T):
        steps = np.diff(np.vstack([np.zeros(len(summary)), expected_within(known, summary, elapsed[1:])]), axis=0)
        purchases += factor @ steps / draws
        paid += (factor * level[:, s]) @ steps / draws
    return purchases, paid


def first_two(clock: Clock) -> Clock:
    return Clock(clock.knots, clock.elapsed[:, :2], clock.level[:, :2])


@pytest.mark.parametrize("clock", [first_two(CLOCKS["mild"]), first_two(CLOCKS["wild"])], ids=["mild", "wild"])
def test_discounts_and_levels_fall_on_their_days(known_purchases: Any, four: Any, clock: Clock) -> None:
    horizons, rate = np.array([4.0, 39.0]), 10.0 * RATE
    found = expectations(known_purchases.fitted, four, horizons, rate, 10, clock)
    for h, horizon in enumerate(horizons):
        purchases, _ = summed(known_purchases, four, clock, horizon, rate)
        np.testing.assert_allclose(found.purchases[h], purchases, rtol=1e-4)


def test_a_level_on_knots_a_week_apart_counts_in_its_weeks(known: Any, four: Any) -> None:
    draws, horizons = 15, np.array([4.0, 39.0])
    clock = clock_for(known.fitted, four, ten_percent(), horizons, draws, 1)
    assert clock is not None
    found = expectations(known.fitted, four, horizons, RATE, 10, clock)
    for h, horizon in enumerate(horizons):
        purchases, paid = summed(known, four, clock, horizon, RATE)
        np.testing.assert_allclose(found.purchases[h], purchases, rtol=1e-4)
        np.testing.assert_allclose(found.paid[h], paid, rtol=1e-4)
        assert (np.abs(paid / purchases - 1.0) > 0.01).all()  # there is a level to be right about


@pytest.mark.parametrize("spread", [0.05, 0.2])
def test_the_probability_of_a_purchase_is_an_average_over_the_clock(
    known_purchases: Any, four: Any, spread: float
) -> None:
    model, theta = known_purchases.fitted.model, known_purchases.theta[:, None]
    x, t_x, T = (four.frame[name].to_numpy() for name in ("frequency", "recency", "T"))
    clock, horizons = irregular(200, spread=spread), np.array([4.0, 13.0, 39.0])
    found = expectations(known_purchases.fitted, four, horizons, 0.0, 10, clock)
    alive = model.probability_alive(theta[:, :, None], x, t_x, T)[0]
    for h, elapsed in enumerate(clock.at(horizons)):
        none = np.array([model.none_if_alive(theta[:, :, None], x, T, float(c))[0] for c in elapsed])
        np.testing.assert_allclose(found.active[h], (alive * (1.0 - none)).mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(found.alive, alive, rtol=1e-12)


def test_simulated_futures_have_the_means_that_are_expected_under_the_clock(
    known_purchases: Any, cdnow_spend: Any, four: Any
) -> None:
    draws, horizons = 10_000, np.array([4.0, 39.0])
    clock = clock_for(known_purchases.fitted, four, ten_percent(), horizons, draws, 1)
    paths = simulated(Futures(known_purchases.fitted, cdnow_spend, four, horizons, RATE, draws, 5, clock=clock))
    exact = expectations(known_purchases.fitted, four, horizons, RATE, 10, clock)
    amounts = cdnow_spend.expected_spend(four)["mean"].to_numpy()
    for name, mean in (("discounted_purchases", exact.purchases), ("discounted_spend", exact.paid * amounts)):
        error = paths[name].std(axis=2) / math.sqrt(draws)
        # beyond 5 standard errors once in two million, more often where a few big spenders decide
        assert (np.abs(paths[name].mean(axis=2) - mean) <= 5.0 * error + 5.0 * mean / draws).all(), name


# ---- without an end, and new customers -----------------------------------------------------------


def test_value_for_ever_under_a_clock_is_the_limit_of_long_horizons(
    known_purchases: Any, cdnow_spend: Any, four: Any
) -> None:
    horizons, economics = ["10Y", "50Y", "200Y", None], lw.Economics(0.3, 0.15, cost_per_order=1.0)
    found = lw.value(
        known_purchases.fitted, cdnow_spend, four, economics, horizons, draws=60, calibration=default_discrepancy()
    )
    by = found.customers.pivot_table(index="customer_id", columns="horizon", values=["value_mean", "p_active"])
    assert (by["value_mean"]["10Y"] < by["value_mean"]["50Y"]).all()
    np.testing.assert_allclose(by["value_mean"]["200Y"], by["value_mean"]["inf"], rtol=1e-6)
    np.testing.assert_allclose(found.draws["value"][2], found.draws["value"][3], rtol=1e-6)
    assert (by["p_active"]["200Y"] <= by["p_active"]["inf"] * (1.0 + 1e-9)).all()
    textbook = lw.value(
        known_purchases.fitted, cdnow_spend, four, economics, None, draws=60, calibration="textbook"
    ).customers
    # for ever, whether a customer buys again is a matter of being alive, not of the clock
    np.testing.assert_allclose(by["p_active"]["inf"][textbook["customer_id"]], textbook["p_active"], rtol=1e-9)


def test_a_new_customer_lives_under_the_same_clock(known: Any, cdnow_spend: Any, four: Any) -> None:
    draws, rate, horizons = 15, 0.15, np.array([26.0, 104.0])
    nobody = lw.CustomerSummary.from_frame(
        pd.DataFrame({"customer_id": [1], "frequency": [0], "recency": [0.0], "T": [0.0]}), unit="W"
    )
    clock = clock_for(known.fitted, four, ten_percent(), horizons, draws, 0)
    assert clock is not None
    found = lw.value(
        known.fitted,
        cdnow_spend,
        lw.CustomerSummary.from_frame(four.frame.drop(columns="monetary_value_all"), unit="W"),
        lw.Economics(0.3, rate, cost_per_order=2.0),
        ["26W", "104W"],
        draws=draws,
        calibration=ten_percent(),
    ).new_customer
    amount = 6.25 * 15.44 / 2.74
    for h, horizon in enumerate(horizons):
        purchases, paid = summed(known, nobody, clock, horizon, RATE)
        worth = 0.3 * amount * paid - 2.0 * purchases
        np.testing.assert_allclose(found["residual_value_mean"][h], worth[0], rtol=1e-4)
    np.testing.assert_allclose(found["first_order_mean"], 0.3 * amount - 2.0, rtol=1e-12)


# ---- from an error to a clock --------------------------------------------------------------------


def test_a_clock_reaches_the_last_horizon_and_goes_forward(known: Any, four: Any) -> None:
    for horizons in ([0.2], [1.0], [0.5, 26.0], [27.3], [4.0, 2000.0]):
        clock = clock_for(known.fitted, four, ten_percent(), np.array(horizons), 20, 0)
        assert clock is not None
        assert clock.knots[0] == 0.0
        assert clock.knots[-1] == pytest.approx(horizons[-1], rel=1e-12)
        assert (np.diff(clock.knots) > 0.0).all()
        assert (clock.elapsed[0] == 0.0).all()
        assert (np.diff(clock.elapsed, axis=0) > 0.0).all()
        assert clock.level.shape == (len(clock.knots) - 1, 20)
        assert (clock.level > 0.0).all()
    assert clock_for(known.fitted, four, None, np.array([26.0]), 20, 0) is None


def test_the_expected_clock_is_that_of_the_bias(known: Any, four: Any) -> None:
    weeks = np.array([4.0, 13.0, 26.0, 39.0, 78.0])
    clock = clock_for(known.fitted, four, ten_percent(), weeks, 50, 0)
    assert clock is not None
    fine = np.linspace(0.0, 78.0, 100_001)
    slope = np.where(fine < 39.0, 2.0 * fine, 39.0) / 26.0
    passed = np.concatenate([[0.0], np.cumsum(np.exp(0.1 + 0.05 * slope)[1:] * np.diff(fine))])
    np.testing.assert_allclose(
        clock.at(weeks).mean(axis=1), np.interp(weeks, fine, passed), rtol=2e-3
    )  # knots pass by the bend
