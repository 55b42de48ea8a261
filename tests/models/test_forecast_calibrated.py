"""Forecasts and valuations with the model's own error: whose error it is, sums that stay sums, and what bands hold."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.prediction.calibration import clock_for
from lifeworth.models.prediction.clock import Clock
from lifeworth.models.prediction.decomposition import CHANCE, PARAMETERS, PARTS, PAST_ERROR
from lifeworth.models.prediction.discrepancy import Discrepancy, default_discrepancy
from lifeworth.models.prediction.error_process import ErrorProcess
from lifeworth.models.prediction.futures import Futures
from lifeworth.models.prediction.reduction import groupings_of, reduce_futures

if TYPE_CHECKING:
    from collections.abc import Callable

    from lifeworth.models.ground.rows import FloatArray

ECONOMICS: Final = lw.Economics(0.3, 0.15, cost_per_order=1.0)
HORIZONS: Final = ["39W", "4W", "13W"]


def process(noise: float = 0.0, level: float = 0.0, walk: float = 0.0, bias: float = 0.0) -> ErrorProcess:
    """An error whose scales are known."""
    scales = (np.full(1, scale) for scale in (noise, level, walk))
    return ErrorProcess(np.ones(1), *scales, np.array([[bias, 0.0]]), np.zeros((1, 2, 2)))


LARGE: Final = Discrepancy(process(0.05, 0.1, 0.1, bias=0.05), process(0.02, 0.05, 0.02, bias=-0.1), 5)


@dataclass
class Record:
    """What knows past errors, and remembers whom it was asked of."""

    asked: list[str] = field(default_factory=list)

    def discrepancy_of(self, model: str) -> Discrepancy:
        self.asked.append(model)
        return LARGE


@pytest.fixture(scope="module")
def base(cdnow_sample: Any) -> Any:
    """Three hundred customers of CDNOW in three channels."""
    some = cdnow_sample.frame.iloc[:300]
    channel = np.array(["search", "shop", "mail"])[np.arange(300) % 3]
    return lw.CustomerSummary.from_frame(some.assign(channel=channel), unit="W", until=cdnow_sample.until)


@pytest.fixture(scope="module")
def spend() -> Any:
    return lw.GammaGammaModel.from_parameters(p=6.25, q=3.74, v=15.44)


def same(one: Any, other: Any) -> None:
    """Check that two outlooks hold the same numbers."""
    pd.testing.assert_frame_equal(one.total, other.total)
    pd.testing.assert_frame_equal(one.customers, other.customers)
    pd.testing.assert_frame_equal(one.decomposition, other.decomposition)
    for name, draws in one.draws.items():
        np.testing.assert_array_equal(draws, other.draws[name])


# ---- whose error ---------------------------------------------------------------------------------


def test_fixed_parameters_are_taken_at_their_word(known: Any, spend: Any, base: Any) -> None:
    unsaid, textbook = (
        lw.forecast(known.fitted, spend, base, HORIZONS, draws=50, calibration=calibration)
        for calibration in (None, "textbook")
    )
    same(unsaid, textbook)
    assert "fixed parameters are taken at their word" in unsaid.calibration
    assert textbook.calibration == "Intervals hold parameters and chance alone: the model is taken to be right."
    values = [
        lw.value(known.fitted, spend, base, ECONOMICS, HORIZONS, draws=50, calibration=calibration)
        for calibration in (None, "textbook")
    ]
    same(*values)
    assert values[0].calibration == unsaid.calibration


def test_a_fitted_model_without_a_record_has_the_default_error(
    transaction_model: type, fitted: Callable[..., Any], base: Any
) -> None:
    fit = fitted(transaction_model)
    unsaid, default, textbook = (
        lw.forecast(fit, None, base, "39W", draws=200, calibration=calibration)
        for calibration in (None, default_discrepancy(), "textbook")
    )
    same(unsaid, default)
    assert default_discrepancy().sentence() in unsaid.calibration
    assert "lw.backtest" in unsaid.calibration
    assert unsaid.draws["purchases"].std() > textbook.draws["purchases"].std()


def test_a_record_is_asked_for_the_error_of_the_model(known: Any, spend: Any, base: Any) -> None:
    record = Record()
    found = lw.forecast(known.fitted, spend, base, HORIZONS, draws=50, calibration=record)
    same(found, lw.forecast(known.fitted, spend, base, HORIZONS, draws=50, calibration=LARGE))
    assert record.asked == [known.fitted.model.name]
    assert found.calibration == f"Intervals hold parameters, chance, and {LARGE.sentence()}."
    valued = lw.value(known.fitted, spend, base, ECONOMICS, HORIZONS, draws=50, calibration=record)
    same(valued, lw.value(known.fitted, spend, base, ECONOMICS, HORIZONS, draws=50, calibration=LARGE))


def test_what_intervals_hold_is_shown(known: Any, base: Any) -> None:
    found = lw.forecast(known.fitted, None, base, "4W", draws=20, calibration=LARGE)
    assert repr(found).endswith(found.calibration)
    assert html.escape(found.calibration) in found._repr_html_()


@pytest.mark.parametrize(
    "wrong", [0.1, "default", True, pd.DataFrame({"clock": [0.1]}), np.zeros(3), Discrepancy], ids=type
)
def test_anything_else_is_refused(known: Any, spend: Any, four: Any, wrong: Any) -> None:
    with pytest.raises(lw.InputError, match=r'calibration: expected a scorecard .* "textbook"'):
        lw.forecast(known.fitted, None, four, "4W", draws=20, calibration=wrong)
    with pytest.raises(lw.InputError, match=r'calibration: expected a scorecard .* "textbook"'):
        lw.value(known.fitted, spend, four, ECONOMICS, "4W", draws=20, calibration=wrong)


# ---- sums, counts and seeds ----------------------------------------------------------------------


def test_customers_groups_and_totals_are_one_sum(known: Any, spend: Any, base: Any) -> None:
    forecast = lw.forecast(known.fitted, spend, base, HORIZONS, draws=60, seed=3, calibration=LARGE)
    valuation = lw.value(known.fitted, spend, base, ECONOMICS, HORIZONS, draws=60, seed=3, calibration=LARGE)
    for outlook, names in ((forecast, ("purchases", "spend")), (valuation, ("value",))):
        for name in names:
            mean = outlook.total.set_index("horizon")[f"{name}_mean"]
            for table in (outlook.customers, outlook.by("channel")):
                sums = table.groupby("horizon")[f"{name}_mean"].sum()
                np.testing.assert_allclose(sums[mean.index], mean, rtol=1e-12)


def test_draws_of_groups_add_up_to_those_of_the_total(known: Any, spend: Any, base: Any) -> None:
    horizons, draws = np.array([4.0, 13.0, 39.0]), 60
    clock = clock_for(known.fitted, base, LARGE, horizons, draws, 3)
    futures = Futures(known.fitted, spend, base, horizons, 0.0, draws, 3, clock=clock)
    found = reduce_futures(
        futures,
        lambda path: {"purchases": path.purchases, "spend": path.spend},
        ("purchases", "spend"),
        (0.5,),
        groupings_of(base, "channel"),
        per_customer=True,
        description="Futures",
    )
    forecast = lw.forecast(known.fitted, spend, base, HORIZONS, draws=draws, seed=3, calibration=LARGE)
    for name in ("purchases", "spend"):
        np.testing.assert_allclose(found.groups["channel"][name].sum(axis=1), found.total[name], rtol=1e-12)
        np.testing.assert_allclose(forecast.draws[name], found.total[name][[2, 0, 1]], rtol=1e-12)


def test_counts_stay_counts_and_later_horizons_hold_more(known: Any, spend: Any, base: Any) -> None:
    found = lw.forecast(known.fitted, spend, base, HORIZONS, draws=200, calibration=LARGE)
    assert (found.draws["purchases"] == np.round(found.draws["purchases"])).all()
    for name in ("purchases", "spend"):
        long, short, middle = found.draws[name]
        assert (short <= middle).all()
        assert (middle <= long).all()


def test_a_seed_gives_the_same_forecast_again_and_another_one_another(known: Any, spend: Any, base: Any) -> None:
    one, again, other = (
        lw.forecast(known.fitted, spend, base, "13W", draws=50, seed=seed, calibration=LARGE) for seed in (1, 1, 2)
    )
    same(one, again)
    assert not np.array_equal(one.draws["spend"], other.draws["spend"])
    clocks = [clock_for(known.fitted, base, LARGE, np.array([13.0]), 50, seed) for seed in (1, 2)]
    assert not np.allclose(clocks[0].elapsed, clocks[1].elapsed)  # type: ignore[union-attr]


def test_a_horizon_is_forecast_alike_alone_and_among_others(known: Any, spend: Any, base: Any) -> None:
    # knots end at the last horizon, so that random numbers differ: the law is the same
    alone, among = (
        lw.forecast(known.fitted, spend, base, horizon, draws=2000, calibration=LARGE, per_customer=False)
        for horizon in ("13W", ["52W", "13W"])
    )
    for name in ("purchases", "spend"):
        a, b = alone.draws[name][0], among.draws[name][1]
        # 5 standard errors of means of 2000 draws, and of their standard deviations: once in two million
        assert abs(a.mean() - b.mean()) <= 5.0 * math.sqrt((a.var() + b.var()) / 2000)
        assert math.log(a.std() / b.std()) == pytest.approx(0.0, abs=5.0 / math.sqrt(2000))


def test_totals_widen_and_customers_hardly(known: Any, spend: Any, base: Any) -> None:
    honest, textbook = (
        lw.forecast(known.fitted, spend, base, "39W", draws=2000, calibration=calibration)
        for calibration in (Discrepancy(process(level=0.2), process(level=0.1), 1), "textbook")
    )
    for name in ("purchases", "spend"):
        assert honest.draws[name].std() > 1.25 * textbook.draws[name].std()
        assert honest.draws[name].std() / honest.draws[name].mean() > 0.15
        most = textbook.customers[f"{name}_q95"].sum()
        for column in (f"{name}_q05", f"{name}_q95"):
            one, other = honest.customers[column], textbook.customers[column]
            assert one.sum() == pytest.approx(other.sum(), abs=0.1 * most)
        assert honest.total[f"{name}_mean"].item() == pytest.approx(textbook.total[f"{name}_mean"].item(), rel=0.02)


def test_a_bias_moves_the_mean_of_purchases_and_of_spend(known: Any, spend: Any, base: Any) -> None:
    more = Discrepancy(process(bias=0.1), process(bias=-0.05), 1)
    biased, textbook = (
        lw.forecast(known.fitted, spend, base, "4W", draws=20, calibration=calibration).total
        for calibration in (more, "textbook")
    )
    # customers who buy sooner have left sooner: a clock 10 % fast gives a little less than 10 % more
    ratio = biased["purchases_mean"].item() / textbook["purchases_mean"].item()
    assert math.exp(0.08) < ratio < math.exp(0.1)
    assert biased["spend_mean"].item() / textbook["spend_mean"].item() == pytest.approx(
        ratio * math.exp(-0.05), rel=1e-3
    )


# ---- what a band is made of ----------------------------------------------------------------------


def parts_of(outlook: Any, name: str) -> tuple[FloatArray, FloatArray]:
    """Variances of parts in the order of `PARTS`, by horizon, from widths; and shares: arrays (horizons, 3)."""
    rows = outlook.decomposition[outlook.decomposition["quantity"] == name]
    assert list(rows["part"]) == list(PARTS) * len(outlook.horizons)
    assert list(rows["horizon"]) == [h.label for h in outlook.horizons for _ in PARTS]
    mean = outlook.total[f"{name}_mean"].to_numpy()[:, None]
    width = rows["width"].to_numpy().reshape(-1, 3)
    return (width * mean / (2.0 * 1.6448536269514722)) ** 2, rows["share"].to_numpy().reshape(-1, 3)


@pytest.mark.parametrize("calibration", [LARGE, "textbook"], ids=["honest", "textbook"])
def test_parts_are_the_whole(transaction_model: type, fitted: Callable[..., Any], base: Any, calibration: Any) -> None:
    fits = fitted(transaction_model), fitted(lw.GammaGammaModel)
    forecast = lw.forecast(*fits, base, HORIZONS, draws=150, calibration=calibration)
    valuation = lw.value(*fits, base, ECONOMICS, "26W", draws=150, calibration=calibration)
    for outlook, names in ((forecast, ("purchases", "spend")), (valuation, ("value",))):
        for name in names:
            variance, share = parts_of(outlook, name)
            np.testing.assert_allclose(share.sum(axis=1), 1.0, rtol=1e-12)
            np.testing.assert_allclose(share, variance / variance.sum(axis=1, keepdims=True), rtol=1e-9)
            # chance is measured about what each clock makes expect: with 150 clocks what chance and clock have in
            # common by accident is within half of their sum but once in a million
            off = 1e-9 if calibration == "textbook" else 0.5
            np.testing.assert_allclose(variance.sum(axis=1), outlook.draws[name].var(axis=1), rtol=off)
            assert (share >= 0.0).all()
            assert (share[:, PARTS.index(PAST_ERROR)] > 0.0).all() == (calibration is LARGE)
            assert (share[:, PARTS.index(PARAMETERS)] > 0.0).all()


def test_at_fixed_parameters_there_is_chance_alone(known: Any, spend: Any, base: Any) -> None:
    found = lw.forecast(known.fitted, spend, base, HORIZONS, draws=100)
    for name in ("purchases", "spend"):
        _, share = parts_of(found, name)
        np.testing.assert_allclose(share[:, PARTS.index(CHANCE)], 1.0, rtol=1e-12)


def expected_within(known: Any, summary: Any, elapsed: FloatArray) -> FloatArray:
    """The model's own closed form, array (times, customers)."""
    model, theta = known.fitted.model, known.theta[:, None]
    x, t_x, T = (summary.frame[name].to_numpy() for name in ("frequency", "recency", "T"))
    alive = model.probability_alive(theta[:, :, None], x, t_x, T)
    return np.asarray(alive * model.purchases_if_alive(theta, x, T, elapsed, 0.0)[:, 0])


def totals_under(
    known: Any, summary: Any, clock: Clock, horizon: float, discount: float, worth: FloatArray, cost: float
) -> FloatArray:
    """Expected total in each draw of the clock, by a sum over short steps: worth a customer with level, less cost."""
    times = np.union1d(np.linspace(0.0, horizon, 60), clock.knots[clock.knots < horizon])
    middle = (times[1:] + times[:-1]) / 2.0
    level, factor = clock.level_at(middle), np.exp(-discount * middle)
    totals = []
    for s, elapsed in enumerate(clock.at(times).T):
        steps = np.diff(np.vstack([np.zeros(len(summary)), expected_within(known, summary, elapsed[1:])]), axis=0)
        totals.append(float(((steps @ worth) * factor * level[:, s]).sum() - cost * (steps.sum(axis=1) @ factor)))
    return np.array(totals)


def test_the_part_of_the_past_error_is_the_variance_of_the_expected_total_over_clocks(
    known: Any, spend: Any, four: Any
) -> None:
    draws, weeks, delta = 100, np.array([4.0, 26.0]), math.log(1.15) / 52.0
    clock = clock_for(known.fitted, four, LARGE, weeks, draws, 0)
    assert clock is not None
    forecast = lw.forecast(known.fitted, spend, four, ["4W", "26W"], draws=draws, calibration=LARGE)
    valuation = lw.value(known.fitted, spend, four, ECONOMICS, ["4W", "26W"], draws=draws, calibration=LARGE)
    amounts = spend.expected_spend(four)["mean"].to_numpy()
    nothing = np.zeros(4)
    for name, outlook, worth, cost, rate in (
        ("purchases", forecast, nothing, -1.0, 0.0),
        ("spend", forecast, amounts, 0.0, 0.0),
        ("value", valuation, 0.3 * amounts, 1.0, delta),
    ):
        variance, _ = parts_of(outlook, name)
        for h, horizon in enumerate(weeks):
            brute = totals_under(known, four, clock, horizon, rate, worth, cost)
            assert variance[h, PARTS.index(PAST_ERROR)] == pytest.approx(brute.var(), rel=2e-3), (name, horizon)
            assert outlook.total[f"{name}_mean"][h] == pytest.approx(brute.mean(), rel=1e-4)
        assert (variance[:, PARTS.index(PARAMETERS)] == 0.0).all()


def test_the_part_of_the_parameters_is_the_variance_of_the_expected_total_over_their_draws(
    transaction_model: Any, fitted: Callable[..., Any], cdnow_sample: Any
) -> None:
    fit, amounts = fitted(transaction_model), fitted(lw.GammaGammaModel)
    found = lw.forecast(fit, amounts, cdnow_sample, "39W", draws=600, calibration="textbook", per_customer=False)
    theta, phi = fit.posterior.spread(1000), amounts.posterior.spread(1000)
    x, t_x, T = (cdnow_sample.frame[name].to_numpy() for name in ("frequency", "recency", "T"))
    rows, inverse = np.unique(np.column_stack([x, t_x, T]), axis=0, return_inverse=True)
    x, t_x, T = rows[:, 0].astype(np.int64), rows[:, 1], rows[:, 2]
    alive = transaction_model.probability_alive(theta[:, :, None], x, t_x, T)
    bought = alive * transaction_model.purchases_if_alive(theta, x, T, np.array([39.0]), 0.0)[0]
    n, zbar = amounts.purchases_of(cdnow_sample)
    paid = lw.GammaGammaModel.expected_spend(phi[:, :, None], n, zbar)
    count = np.bincount(inverse, minlength=len(x))
    amount = np.bincount(inverse, paid.mean(axis=0), minlength=len(x))
    expected = {
        "purchases": (bought @ count).var(),
        "spend": (bought @ amount).var() + (paid @ bought.mean(axis=0)[inverse]).var(),
    }
    for name, variance in expected.items():
        parts, _ = parts_of(found, name)
        # a variance of 250 draws is known to 9 %, one of 1000 to 4.5 %: off by half once in a million
        assert parts[0, PARTS.index(PARAMETERS)] == pytest.approx(variance, rel=0.5), name


def test_the_part_of_chance_is_the_variance_at_known_parameters_and_a_known_clock(
    transaction_model: type, fitted: Callable[..., Any], base: Any
) -> None:
    draws, spends = 3000, lw.GammaGammaModel
    point = lw.forecast(
        fitted(transaction_model, "map"),
        fitted(spends, "map"),
        base,
        "39W",
        draws=draws,
        seed=7,
        per_customer=False,
        calibration="textbook",
    )
    found = lw.forecast(
        fitted(transaction_model),
        fitted(spends),
        base,
        "39W",
        draws=draws,
        per_customer=False,
        calibration=Discrepancy(process(level=0.1), process(level=0.05), 1),
    )
    for name in ("purchases", "spend"):
        variance, _ = parts_of(found, name)
        # 3000 draws know a variance to 2.6 %, and one of which other parts are taken off to some 5 %; what the parts
        # do together is counted as chance
        assert variance[0, PARTS.index(CHANCE)] == pytest.approx(point.draws[name].var(), rel=0.3), name
