"""The model's own error: paths have the spread that is stated, and what is learned is what the past shows."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.prediction import discrepancy as module
from lifeworth.models.prediction.calibration import clock_for
from lifeworth.models.prediction.discrepancy import (
    CLOCK_SCALES,
    LEVEL_SCALES,
    Discrepancy,
    default_discrepancy,
    learn,
    weigh,
)
from lifeworth.models.prediction.error_process import GROWTH_AT, NOISE_AT, WALK_ENDS, ErrorProcess, knots_until
from lifeworth.models.prediction.past_error import (
    FARTHEST,
    POINTS,
    error_of_clock,
    error_of_level,
    reach_of_search,
    search_times,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from lifeworth.models.ground.rows import FloatArray

START: Final = pd.Timestamp("2020-01-06")
WEEK: Final = pd.Timedelta(weeks=1)
DRAWS: Final = 20_000
FOUR_SIGMA: Final = 4.5 / math.sqrt(2 * DRAWS)
"""A standard deviation of normal draws is off by more, relatively, once in 150,000 runs."""


def process(
    noise: float = 0.0, level: float = 0.0, walk: float = 0.0, bias: tuple[float, float] = (0.0, 0.0)
) -> ErrorProcess:
    """An error whose scales are known."""
    scales = (np.full(1, scale) for scale in (noise, level, walk))
    return ErrorProcess(np.ones(1), *scales, np.array([bias]), np.zeros((1, 2, 2)))


def mean_errors(found: ErrorProcess, knots: FloatArray, weeks: FloatArray, seed: int = 1) -> FloatArray:
    """Log of the mean factor over each horizon in each draw, array (horizons, draws)."""
    speed = found.paths(np.random.default_rng(seed), knots, DRAWS)
    passed = np.vstack([np.zeros(DRAWS), np.cumsum(speed * np.diff(knots)[:, None], axis=0)])
    k = np.clip(np.searchsorted(knots, weeks, side="right") - 1, 0, len(knots) - 2)
    at = passed[k] + (weeks - knots[k])[:, None] * speed[k]
    return np.asarray(np.log(at / weeks[:, None]))


def record(
    clock: FloatArray | float,
    *,
    origins: int = 12,
    gap: float = 13.0,
    weeks: tuple[int, ...] = (4, 13),
    chance: float = 1e-4,
    level: FloatArray | float = 0.0,
) -> pd.DataFrame:
    """Errors at origins `gap` weeks apart, the last of which saw its horizons end at `today`."""
    rows = list(itertools.product(range(origins), weeks))
    origin = [START + i * gap * WEEK for i, _ in rows]
    return pd.DataFrame(
        {
            "origin": origin,
            "weeks": [w for _, w in rows],
            "age": 26.0,
            "clock": np.broadcast_to(clock, len(rows)),
            "clock_chance": chance,
            "level": np.broadcast_to(level, len(rows)),
            "level_chance": chance,
        }
    )


def ended(errors: pd.DataFrame) -> pd.DataFrame:
    """The record with the day on which each error was known."""
    return errors.assign(ended=errors["origin"] + pd.to_timedelta(7 * errors["weeks"], unit="D"))


def today(errors: pd.DataFrame) -> pd.Timestamp:
    """The day on which the last error was known."""
    return ended(errors)["ended"].max()


def same(one: ErrorProcess, other: ErrorProcess, rtol: float = 1e-9) -> None:
    """Check that two processes are the same."""
    for name in vars(one):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=rtol, atol=1e-15, err_msg=name)


# ---- paths ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "shortest"),
    [(process(noise=0.02), 1), (process(level=0.02), 1), (process(walk=0.02), 4), (process(0.02, 0.01, 0.02), 4)],
    ids=["noise", "level", "walk", "all"],
)
def test_paths_have_the_spread_that_is_stated_wherever_knots_are(found: ErrorProcess, shortest: int) -> None:
    weeks = np.array([1.0, 2.0, 4.0, 8.0, 13.0, 26.0, 39.0, 52.0, 78.0, 104.0, 156.0])
    weeks = weeks[weeks >= shortest]  # a walk is told in steps of a week: shorter means of it are as wide as its step
    _, stated = found.at(weeks)
    for knots in (knots_until(156.0), np.arange(0.0, 156.5, 0.5), knots_until(156.0, 260)):
        sd = mean_errors(found, knots, weeks).std(axis=1)
        np.testing.assert_allclose(sd, stated, rtol=FOUR_SIGMA + 0.03)


def test_the_spread_of_a_walk_grows_with_the_horizon_and_noise_is_forgotten() -> None:
    weeks = np.array([2.0, 13.0, 52.0, 78.0, 200.0])
    assert (np.diff(process(walk=0.1).at(weeks)[1]) > 0.0).all()
    assert (np.diff(process(noise=0.1).at(weeks)[1]) < 0.0).all()
    np.testing.assert_allclose(process(level=0.1).at(weeks)[1], 0.1)
    assert process(noise=0.1).at(np.array([NOISE_AT]))[1] == pytest.approx(0.1)
    assert process(walk=0.1).at(np.array([GROWTH_AT]))[1] == pytest.approx(0.1)


def test_a_walk_ends_where_nothing_is_known_of_it() -> None:
    far = np.array([1e6])
    assert process(walk=0.1).at(far)[1] == pytest.approx(0.1 * math.sqrt(3.0 * WALK_ENDS / 26.0), rel=1e-3)


@pytest.mark.parametrize("found", [process(0.1, 0.2, 0.3, bias=(0.1, 0.07)), default_discrepancy().clock])
def test_doubt_alone_moves_no_expectation(found: ErrorProcess) -> None:
    knots = knots_until(104.0)
    middle = (knots[1:] + knots[:-1]) / 2.0
    slope = np.where(middle < 39.0, 2.0 * middle, 39.0) / 26.0
    b0, b1 = found.probability @ found.bias
    speed = found.paths(np.random.default_rng(2), knots, 500)
    np.testing.assert_allclose(speed.mean(axis=1), np.exp(b0 + b1 * slope), rtol=1e-12)


def test_a_bias_that_is_stated_is_that_of_the_paths() -> None:
    found, weeks = process(1e-3, 1e-3, 1e-3, bias=(0.1, -0.06)), np.array([4.0, 13.0, 26.0, 39.0, 78.0])
    mean, _ = found.at(weeks)
    np.testing.assert_allclose(mean, 0.1 - 0.06 * np.minimum(weeks, 39.0) / 26.0)
    np.testing.assert_allclose(mean_errors(found, np.arange(0.0, 79.0), weeks).mean(axis=1), mean, atol=2e-3)


def test_doubt_about_scales_and_bias_is_part_of_what_is_stated() -> None:
    weeks = np.array([4.0, 26.0])
    covariance = np.array([[[4e-4, -1e-4], [-1e-4, 2e-4]], [[0.0, 0.0], [0.0, 0.0]]])
    found = ErrorProcess(
        np.array([0.3, 0.7]), np.array([0.0, 0.05]), np.array([0.0, 0.02]), np.array([0.0, 0.01]),
        np.array([[0.02, 0.0], [-0.02, 0.03]]), covariance,
    )  # fmt: skip
    mean, sd = found.at(weeks)
    drawn = mean_errors(found, np.arange(0.0, 26.5, 0.5), weeks)
    np.testing.assert_allclose(drawn.std(axis=1), sd, rtol=0.03)  # a mixture: its sd is known a little less well
    np.testing.assert_allclose(drawn.mean(axis=1), mean, atol=5.0 * 0.06 / math.sqrt(DRAWS) + sd.max() ** 2)


def test_no_error_is_no_error() -> None:
    none = Discrepancy.none()
    speed, level = none.paths(knots_until(52.0), 10, 0)
    np.testing.assert_allclose(speed, 1.0, rtol=1e-12)
    np.testing.assert_allclose(level, 1.0, rtol=1e-12)
    assert none.clock.no_error == 1.0
    assert none.sentence() == "no error of the model"


def test_paths_have_a_seed_and_those_of_clock_and_level_differ() -> None:
    found, knots = Discrepancy(process(0.1), process(0.1), 1), knots_until(13.0)
    one, again, other = (found.paths(knots, 5, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one[0], again[0])
    assert not np.allclose(one[0], one[1])
    assert not np.allclose(one[0], other[0])


@pytest.mark.parametrize("last", [0.1, 1.0, 1.5, 25.999, 26.0, 26.5, 52.0, 5000.0])
def test_knots_reach_the_last_horizon_and_are_never_many(last: float) -> None:
    knots = knots_until(last)
    assert knots[0] == 0.0
    assert knots[-1] == last
    assert (np.diff(knots) > 0.0).all()
    assert len(knots) < 200
    assert (np.diff(knots[knots <= 26.0]) <= 1.0).all()


# ---- learning ------------------------------------------------------------------------------------


def unfading(errors: pd.DataFrame, scales: module.ErrorScales) -> ErrorProcess:
    """What is learned of the clock if all of the record counts in full; how it fades has a test of its own."""
    until = today(errors)
    return module._learned(ended(errors), "clock", replace(scales, fade=np.inf), 26.0, until)


def test_without_a_record_there_is_an_error_without_a_bias() -> None:
    found = default_discrepancy()
    weeks = np.array([2.0, 4.0, 13.0, 26.0, 52.0])
    for one in (found.clock, found.level):
        mean, sd = one.at(weeks)
        np.testing.assert_allclose(mean, 0.0, atol=1e-15)
        assert (sd > 0.02).all()
        assert (sd < 0.3).all()
        assert one.no_error == 0.0
        assert one.probability.sum() == pytest.approx(1.0)
    assert found.origins == 0
    same(found.clock, learn(record(0.0).iloc[:0], 26.0, START).clock)


def test_a_long_record_without_error_is_believed() -> None:
    rng = np.random.default_rng(1)
    errors = record(1e-3 * rng.standard_normal(80), origins=40, chance=1e-6, level=1e-3 * rng.standard_normal(80))
    found = learn(errors, 26.0, today(errors))
    weeks = np.array([4.0, 13.0, 26.0])
    for one, scales in ((found.clock, CLOCK_SCALES), (found.level, LEVEL_SCALES)):
        assert one.no_error > module.NO_ERROR
        whole = unfading(errors, scales)
        assert whole.no_error > 0.9
        assert whole.no_error >= one.no_error
        assert (whole.at(weeks)[1] < 0.01).all()
    assert found.origins == 40
    same(learn(errors.set_axis([0] * 80), 26.0, today(errors)).clock, found.clock)  # labels of rows say nothing


@pytest.mark.parametrize("size", [0.03, 0.3])
def test_a_clear_record_outweighs_the_prior(size: float) -> None:
    rng = np.random.default_rng(2)
    origins = 60
    errors = record(np.repeat(size * rng.standard_normal(origins), 2), origins=origins, chance=1e-6)
    found = unfading(errors, CLOCK_SCALES)
    assert found.no_error < 0.01
    assert found.at(np.array([13.0]))[1] == pytest.approx(size, rel=0.35)
    assert found.at(np.array([13.0]))[0] == pytest.approx(0.0, abs=0.5 * size)


@pytest.mark.parametrize("bias", [-0.1, 0.15])
def test_a_bias_that_keeps_coming_back_is_learned(bias: float) -> None:
    rng = np.random.default_rng(3)
    errors = record(bias + 0.02 * rng.standard_normal(160), origins=80)
    open_minded = replace(CLOCK_SCALES, bias=0.1, growth=0.02)
    mean, sd = unfading(errors, open_minded).at(np.array([4.0, 13.0]))
    np.testing.assert_allclose(mean, bias, rtol=0.2)
    assert (np.abs(mean - bias) < 2.0 * sd).all()
    few, _ = unfading(errors.iloc[-4:], open_minded).at(np.array([4.0, 13.0]))
    assert (np.abs(few) < np.abs(mean)).all()  # few errors say less
    # however little a bias is expected, it is looked for on the right side
    shrunk, _ = learn(errors, 26.0, today(errors)).clock.at(np.array([4.0, 13.0]))
    assert (np.sign(shrunk) == np.sign(bias)).all()


def test_few_errors_leave_the_default_nearly_as_it_was() -> None:
    errors = record(0.05, origins=1, weeks=(4,), chance=0.01)
    found, default = learn(errors, 26.0, today(errors)), default_discrepancy()
    weeks = np.array([4.0, 13.0, 26.0])
    ratio = found.clock.at(weeks)[1] / default.clock.at(weeks)[1]
    assert (ratio > 0.6).all()  # a model without any error, impossible by default, has become possible
    assert (ratio < 1.2).all()
    assert (np.abs(found.clock.at(weeks)[0]) < 0.02).all()
    assert found.clock.no_error == pytest.approx(module.NO_ERROR, abs=0.1)


def test_chance_explains_its_part_of_an_error() -> None:
    rng = np.random.default_rng(4)
    errors = record(0.1 * rng.standard_normal(80), origins=40, chance=0.01)
    by_chance, by_model = (
        learn(errors, 26.0, today(errors)),
        learn(errors.assign(clock_chance=1e-6), 26.0, today(errors)),
    )
    assert by_chance.clock.no_error > 5.0 * by_model.clock.no_error
    assert by_chance.clock.at(np.array([13.0]))[1] < by_model.clock.at(np.array([13.0]))[1]


def test_what_ends_after_today_is_not_looked_at() -> None:
    rng = np.random.default_rng(5)
    errors = record(0.1 * rng.standard_normal(24), level=0.1 * rng.standard_normal(24))
    until = START + 60 * WEEK
    later = errors["origin"] + pd.to_timedelta(7 * errors["weeks"], unit="D") > until
    assert 0 < later.sum() < len(errors)
    spoilt = errors.assign(
        **{name: errors[name].where(~later, 99.0) for name in ("clock", "clock_chance", "level", "age")}
    )
    known = learn(errors[~later], 26.0, until)
    for other in (learn(errors, 26.0, until), learn(spoilt, 26.0, until)):
        same(other.clock, known.clock)
        same(other.level, known.level)
        assert other.origins == known.origins
    # to the day: an error counts from the day its horizon ends
    first = errors.iloc[[0]]
    assert learn(first, 26.0, START + 4 * WEEK - pd.Timedelta(days=1)).origins == 0
    assert learn(first, 26.0, START + 4 * WEEK).origins == 1


def test_the_order_of_errors_is_of_no_account() -> None:
    rng = np.random.default_rng(6)
    errors = record(0.1 * rng.standard_normal(24), level=0.1 * rng.standard_normal(24))
    one, other = (learn(frame, 26.0, today(errors)) for frame in (errors, errors.sample(frac=1.0, random_state=7)))
    same(one.clock, other.clock)
    same(one.level, other.level)


def test_levels_that_are_missing_and_other_horizons_are_left_out() -> None:
    rng = np.random.default_rng(8)
    errors = record(0.1 * rng.standard_normal(24), level=0.1 * rng.standard_normal(24))
    unused = pd.concat([errors, record(5.0, weeks=(3, 100), level=5.0), errors.assign(level=np.nan, clock=np.nan)])
    until = today(errors)
    same(learn(unused, 26.0, until).clock, learn(errors, 26.0, until).clock)
    same(learn(unused, 26.0, until).level, learn(errors, 26.0, until).level)


# ---- what each error counts ----------------------------------------------------------------------


STEADY: Final = replace(CLOCK_SCALES, alike=0.0)
"""Scales under which the age of a base makes no error count less."""


def test_overlapping_windows_count_their_share() -> None:
    errors = ended(record(0.0, origins=6, gap=4.0, weeks=(2, 4, 8, 26)))
    found = weigh(errors, STEADY, 26.0, today(errors), np.inf)
    share = np.minimum(1.0, 4.0 / errors["weeks"].to_numpy())
    np.testing.assert_allclose(found, share)


def test_twice_the_origins_in_the_same_time_count_the_same_in_all() -> None:
    many, few = (ended(record(0.0, origins=n, gap=gap, weeks=(26,))) for n, gap in ((40, 1.0), (20, 2.0)))
    sums = [weigh(errors, STEADY, 26.0, today(errors), np.inf).sum() for errors in (many, few)]
    assert sums[0] == pytest.approx(sums[1], rel=1e-12)


def test_one_origin_alone_overlaps_with_nothing() -> None:
    errors = ended(record(0.0, origins=1, weeks=(4, 52)))
    np.testing.assert_allclose(weigh(errors, STEADY, 26.0, today(errors), np.inf), 1.0)


def test_what_was_long_ago_and_of_another_base_counts_less() -> None:
    errors = ended(record(0.0, origins=5, weeks=(4,)))
    until = today(errors)
    fading = weigh(errors, STEADY, 26.0, until, 13.0)
    np.testing.assert_allclose(fading, np.exp([-4.0, -3.0, -2.0, -1.0, 0.0]), rtol=1e-12)  # 13 weeks apart
    ages = errors.assign(age=[13.0, 26.0, 52.0, 26.0, 26.0])
    alike = weigh(ages, replace(STEADY, alike=2.0), 26.0, until, np.inf)
    np.testing.assert_allclose(alike, [0.25, 1.0, 0.25, 1.0, 1.0])


def test_a_bias_passes_and_a_habit_of_errors_stays() -> None:
    rng = np.random.default_rng(11)
    errors = record(0.1 + 0.02 * rng.standard_normal(24), origins=12)
    weeks, until = np.array([4.0, 13.0]), today(errors)
    now, later = learn(errors, 26.0, until).clock, learn(errors, 26.0, until + 500 * WEEK).clock
    np.testing.assert_allclose(later.probability, now.probability, rtol=1e-9)
    assert (now.at(weeks)[0] > 0.005).all()
    np.testing.assert_allclose(later.at(weeks)[0], 0.0, atol=1e-6)


def test_the_evidence_is_the_weighted_likelihood_of_the_errors() -> None:
    # naive: normal densities to the power of the weights, integrated over the bias on a fine grid
    rng = np.random.default_rng(9)
    error, weight, chance = 0.1 * rng.standard_normal(7), rng.uniform(0.1, 1.0, 7), rng.uniform(1e-3, 1e-2, 7)
    weeks = np.array([2.0, 4.0, 4.0, 13.0, 26.0, 39.0, 52.0])
    design = np.column_stack([np.ones(7), np.minimum(weeks, 39.0) / 26.0])
    sds = np.array([0.05, 0.03])
    evidence, mean, covariance = module._with_bias(error, design, weight, chance, sds)
    bare, _, _ = module._with_bias(error, design, weight, chance, np.zeros(2))
    b = [np.linspace(-8.0 * sd, 8.0 * sd, 801) for sd in sds]
    one, two = np.meshgrid(*b, indexing="ij")
    away = error - (one[..., None] * design[:, 0] + two[..., None] * design[:, 1])
    log = -0.5 * (weight * (np.log(chance) + away**2 / chance)).sum(axis=-1)
    log += -0.5 * ((one / sds[0]) ** 2 + (two / sds[1]) ** 2) - np.log(2.0 * np.pi * sds.prod())
    mass = np.exp(log) * (b[0][1] - b[0][0]) * (b[1][1] - b[1][0])
    assert evidence == pytest.approx(np.log(mass.sum()), abs=1e-8)
    assert bare == pytest.approx(-0.5 * (weight * (np.log(chance) + error**2 / chance)).sum(), abs=1e-12)
    share = mass / mass.sum()
    np.testing.assert_allclose(mean, [(share * one).sum(), (share * two).sum()], atol=1e-9)
    np.testing.assert_allclose(covariance[0, 1], (share * (one - mean[0]) * (two - mean[1])).sum(), rtol=1e-6)
    np.testing.assert_allclose(covariance[0, 0], (share * (one - mean[0]) ** 2).sum(), rtol=1e-6)


def test_what_is_learned_weighs_every_value_by_prior_and_evidence() -> None:
    rng = np.random.default_rng(10)
    errors = ended(record(0.1 * rng.standard_normal(24)))
    found = learn(errors, 20.0, today(errors)).clock
    weight, weeks = weigh(errors, CLOCK_SCALES, 20.0, today(errors), np.inf), errors["weeks"].to_numpy(float)
    sizes, priors = module._prior(seen=True)
    prior = np.repeat(priors / 9.0, 9)
    design = np.column_stack([np.ones(24), np.minimum(weeks, 39.0) / 26.0])
    log = np.empty(len(prior))
    for g, kappa in enumerate(np.repeat(sizes, 9)):
        one = process(found.noise[g], found.level[g], found.walk[g])
        variance = one.at(weeks)[1] ** 2 + 1e-4
        bias_sd = kappa * np.array([CLOCK_SCALES.bias, CLOCK_SCALES.growth])
        error = errors["clock"].to_numpy()
        log[g] = np.log(prior[g]) + module._with_bias(error, design, weight, variance, bias_sd)[0]
    np.testing.assert_allclose(found.probability, np.exp(log) / np.exp(log).sum(), rtol=1e-4, atol=1e-12)


# ---- words and tables ----------------------------------------------------------------------------


def test_the_sentence_says_where_the_error_is_from_and_how_large_it_is() -> None:
    learned = Discrepancy(process(level=0.12, bias=(0.04, 0.0)), process(), 7)
    assert learned.sentence() == (
        "the model's past error in totals, learned from 7 past cut-offs: 12 % (and a bias of +4 %) of purchases over "
        "half a year"
    )
    assert learned.sentence() in repr(learned)
    default = default_discrepancy()
    size = 100.0 * default.clock.at(np.array([26.0]))[1].item()
    assert default.sentence() == f"the default error of a model in totals, {size:.0f} % of purchases over half a year"


def test_the_table_is_that_of_the_processes() -> None:
    found = Discrepancy(process(0.1, 0.05, 0.02, bias=(0.03, 0.01)), process(0.02, 0.01, bias=(-0.02, 0.0)), 3)
    frame = found.frame()
    assert list(frame.columns) == ["weeks", "purchases_bias", "purchases_sd", "spend_level_bias", "spend_level_sd"]
    weeks = frame["weeks"].to_numpy(float)
    for name, one in (("purchases", found.clock), ("spend_level", found.level)):
        mean, sd = one.at(weeks)
        np.testing.assert_allclose(frame[f"{name}_bias"], mean)
        np.testing.assert_allclose(frame[f"{name}_sd"], sd)


def test_a_known_drift_is_in_the_walk_or_already_was() -> None:
    # a random walk of the log rate that moves .3 in a year: the mean over a year is .3 / sqrt(3) off
    year = np.array([365.25 / 7.0])
    found = Discrepancy.none().with_drift(0.3)
    assert found.clock.at(year)[1] == pytest.approx(0.3 / math.sqrt(3.0), rel=1e-3)
    assert found.level.at(year)[1] == 0.0
    large = Discrepancy(process(walk=1.0), process(), 1)
    same(large.with_drift(0.3).clock, large.clock)
    same(large.with_drift(0.0).clock, large.clock)


@pytest.mark.parametrize("horizon", [8.0, 60.0])
def test_the_unit_of_time_does_not_change_the_clock(transaction_model: type, known: Any, horizon: float) -> None:
    seven = {name: 7.0 * v if name in ("alpha", "beta") else v for name, v in known.parameters.items()}
    frame = pd.DataFrame({"customer_id": [1, 2], "frequency": [0, 3], "recency": [0.0, 20.0], "T": [10.0, 30.0]})
    weeks = lw.CustomerSummary.from_frame(frame, unit="W")
    days = lw.CustomerSummary.from_frame(frame.assign(recency=7.0 * frame["recency"], T=7.0 * frame["T"]), unit="D")
    in_days = transaction_model.from_parameters(unit="D", **seven)  # type: ignore[attr-defined]
    found = default_discrepancy()
    one = clock_for(known.fitted, weeks, found, np.array([4.0, horizon]), 50, 3)
    other = clock_for(in_days, days, found, np.array([28.0, 7.0 * horizon]), 50, 3)
    assert one is not None
    assert other is not None
    np.testing.assert_allclose(other.knots, 7.0 * one.knots)
    np.testing.assert_allclose(other.elapsed, 7.0 * one.elapsed, rtol=1e-9)
    np.testing.assert_allclose(other.level, one.level, rtol=1e-9)


# ---- errors of the past --------------------------------------------------------------------------


CURVES: Final[dict[str, Callable[[FloatArray], FloatArray]]] = {
    "a straight line": lambda c: 50.0 * c,
    "customers leave": lambda c: 900.0 * np.log1p(c / 8.0),
}


@pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES.keys())
@pytest.mark.parametrize("u", [-1.0, -0.123, 0.0, 0.2, 0.9])
def test_the_error_of_the_clock_is_the_time_that_would_have_been_right(
    curve: Callable[[FloatArray], FloatArray], u: float
) -> None:
    h = 13.0
    times = search_times(h)
    assert len(times) == POINTS
    assert times[POINTS // 2] == pytest.approx(h)
    assert times[-1] == pytest.approx(reach_of_search(h))
    total = 50.0 + np.random.default_rng(1).normal(curve(np.array([h])), 30.0, 4000) - 50.0
    actual = float(curve(np.array([h * math.exp(u)]))[0])
    error, chance = error_of_clock(curve(times), actual, total)
    assert error == pytest.approx(u, abs=1e-5)
    # chance of the total, told in the clock: a total 1 % higher takes 1 / slope % more time
    slope = math.log(curve(np.array([h * 1.001])).item() / curve(np.array([h / 1.001])).item()) / (2e-3)
    expected = max(900.0, curve(np.array([h])).item()) / curve(np.array([h])).item() ** 2 / slope**2
    assert chance == pytest.approx(expected, rel=0.15)


def test_expected_purchases_of_a_model_are_inverted(known: Any, four: Any) -> None:
    model, theta = known.fitted.model, known.theta[:, None]
    x, t_x, T = (four.frame[name].to_numpy() for name in ("frequency", "recency", "T"))

    def total(c: FloatArray) -> FloatArray:
        alive = model.probability_alive(theta[:, :, None], x, t_x, T)
        return np.asarray((alive * model.purchases_if_alive(theta, x, T, c, 0.0)[:, 0]).sum(axis=1))

    actual = float(total(np.array([26.0 * math.exp(0.17)]))[0])
    assert error_of_clock(total(search_times(26.0)), actual, np.array([3.0, 5.0]))[0] == pytest.approx(0.17, abs=1e-4)


@pytest.mark.parametrize("actual", [0.0, 1e9])
def test_nothing_and_far_too_much_are_finite_errors(actual: float) -> None:
    error, chance = error_of_clock(20.0 * search_times(4.0), actual, np.array([80.0, 70.0, 90.0]))
    assert abs(error) == pytest.approx(FARTHEST)
    assert math.isfinite(chance)
    assert chance > 0.0


def test_a_base_that_always_drew_nothing_has_chance_all_the_same() -> None:
    error, chance = error_of_clock(0.01 * search_times(4.0), 0.0, np.zeros(100))
    assert math.isfinite(error)
    assert chance == pytest.approx(1.0 / 0.04, rel=1e-3)  # that of a count of which .04 were expected
    found = learn(record(error, chance=chance), 26.0, START + 400 * WEEK)
    assert np.isfinite(found.clock.at(np.array([13.0]))).all()


def test_the_error_of_the_level_is_that_of_the_amount_per_purchase() -> None:
    rng = np.random.default_rng(2)
    purchases = rng.poisson(400.0, 5000).astype(float)
    spend = purchases * 35.0 * np.exp(0.04 * rng.standard_normal(5000))
    error, chance = error_of_level((400.0, 14_000.0), (300.0, 300.0 * 35.0 * math.exp(0.1)), (purchases, spend))
    assert error == pytest.approx(0.1, abs=1e-12)
    assert chance == pytest.approx(0.04**2, rel=0.1)


@pytest.mark.parametrize(("purchases", "spend"), [(0.0, 0.0), (3.0, 0.0)])
def test_nothing_paid_says_nothing_of_the_level(purchases: float, spend: float) -> None:
    draws = np.full(50, 4.0), np.full(50, 90.0)
    assert np.isnan(error_of_level((4.0, 100.0), (purchases, spend), draws)).all()


def test_draws_without_a_purchase_say_nothing_of_the_level() -> None:
    assert np.isnan(error_of_level((0.01, 0.3), (1.0, 20.0), (np.zeros(50), np.zeros(50)))).all()


def test_scales_of_clock_and_level_are_those_of_the_horizons_measured() -> None:
    for scales in (CLOCK_SCALES, LEVEL_SCALES):
        assert list(scales.horizons) == sorted(set(scales.horizons))
        assert min(scales.noise, scales.level, scales.walk, scales.bias, scales.growth, scales.fade) > 0.0
