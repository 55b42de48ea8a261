"""The calendar: a clock that runs fast in season, in which every closed form stays, and what it refuses."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.ground.calendar import Calendar, Holiday, same_calendar
from lifeworth.models.ground.units import parse_horizon

if TYPE_CHECKING:
    from pathlib import Path

UNTIL: Final = pd.Timestamp("1997-09-30")
MONTHS: Final = (0.75, 0.85, 0.9, 0.95, 1.0, 1.0, 0.9, 0.9, 1.0, 1.05, 1.2, 2.2)
"""A strong December."""
RATE: Final = 0.12
CHANCE: Final = 4.5
"""Standard errors beyond which a mean lies once in 150,000 runs."""

CALENDARS: Final = {
    "flat": Calendar(),
    "season": Calendar.from_index(pd.Series(MONTHS, index=range(1, 13))),
    "all": Calendar(
        season=Calendar.from_index(pd.Series(MONTHS, index=range(1, 13))).season,
        holidays=(Holiday("Christmas", ("12-25", "12-26"), 0.2), Holiday("Friday", ("1997-11-28",), 3.0)),
        level_from=("1996-06-01", "1997-03-15", "1997-09-01"),
        levels=(1.3, 0.9, 0.8),
        drift_sd=0.1,
    ),
}


@pytest.fixture(params=CALENDARS.values(), ids=CALENDARS.keys())
def calendar(request: pytest.FixtureRequest) -> Calendar:
    """Calendars of every kind."""
    return request.param


@pytest.fixture
def seasonal(transaction_model: type, known: Any) -> Any:
    """Each model that can follow a season, at known parameters in it; others refuse, as the first test says."""
    if not transaction_model.leaves_at_purchases:
        return None
    return known.fitted.in_calendar(CALENDARS["all"])


@pytest.fixture
def four_seasonal(four: lw.CustomerSummary) -> lw.CustomerSummary:
    """The four customers, their times taken to be those of a calendar."""
    return replace(four, until=UNTIL, calendar=CALENDARS["all"])


# ---- the clock -----------------------------------------------------------------------------------


def test_on_a_flat_calendar_adjusted_days_are_days() -> None:
    flat = CALENDARS["flat"]
    days = np.arange("1996-02-01", "2031-02-01", dtype="datetime64[D]")
    np.testing.assert_array_equal(flat.elapsed("1996-01-01", days), np.arange(31.0, 31.0 + len(days)))
    lengths = np.array([0.0, 0.5, 7.0, 3650.25, 1e7])
    np.testing.assert_allclose(flat.elapsed_ahead(UNTIL, lengths), lengths, rtol=1e-12)
    np.testing.assert_allclose(flat.days_ahead(UNTIL, lengths), lengths, rtol=1e-12)
    assert flat.is_flat


def test_elapsed_is_the_sum_of_the_index_over_the_days_after_the_first(calendar: Calendar) -> None:
    days = np.arange("1996-01-01", "2001-01-01", dtype="datetime64[D]")
    naive = [sum(calendar.index(np.array([day])).item() for day in days[11:end]) for end in (11, 12, 400, 1800)]
    np.testing.assert_allclose(calendar.elapsed(days[10], days[[10, 11, 399, 1799]]), naive, rtol=0, atol=1e-10)


def test_elapsed_adds_up(calendar: Calendar) -> None:
    rng = np.random.default_rng(1)
    a, b, c = np.sort(rng.integers(0, 20_000, size=(3, 500)), axis=0)
    parts = calendar.elapsed(a, b) + calendar.elapsed(b, c)
    np.testing.assert_allclose(parts, calendar.elapsed(a, c), rtol=0, atol=1e-10)


def test_time_ahead_can_be_read_back_and_goes_on_for_ever(calendar: Calendar) -> None:
    days = np.array([0.0, 0.25, 1.0, 91.5, 4000.0, 150_000.0, 1e7])
    ahead = calendar.elapsed_ahead(UNTIL, days)
    assert (np.diff(ahead) > 0.0).all()
    np.testing.assert_allclose(calendar.days_ahead(UNTIL, ahead), days, rtol=1e-9, atol=1e-9)
    assert calendar.elapsed_ahead(UNTIL, np.inf) == np.inf
    assert calendar.elapsed_ahead(UNTIL, 31.0) == pytest.approx(calendar.elapsed("1997-09-30", "1997-10-31"))


def test_the_season_repeats_and_the_level_stays_where_it_was() -> None:
    found = CALENDARS["all"]
    year = np.arange("1999-01-01", "2000-01-01", dtype="datetime64[D]")
    np.testing.assert_array_equal(found.index(year), found.index(year + np.timedelta64(365 * 4 + 1, "D")))
    assert found.long_run == pytest.approx(0.8 * CALENDARS["season"].index(year).mean(), rel=0.01)
    assert found.index(np.array(["1997-12-25"], dtype="datetime64[D]")) == pytest.approx(0.2 * 0.8 * found.season[-1])
    assert found.index(np.array(["1990-05-05"], dtype="datetime64[D]")) == pytest.approx(1.3 * found.season[125])


def test_a_calendar_comes_back_from_plain_values(calendar: Calendar) -> None:
    back = Calendar.from_dict(json.loads(json.dumps(calendar.to_dict())))
    assert back == calendar
    assert same_calendar(back, calendar)
    other = replace(calendar, level_from=("1997-01-01",), levels=(1.1,))
    assert not same_calendar(other, calendar)
    assert not same_calendar(None, calendar)


def test_the_frame_shows_every_week_of_a_year() -> None:
    frame = CALENDARS["season"].frame
    assert list(frame.columns) == ["week", "index", "low", "high"]
    assert len(frame) == 52
    assert frame["index"].mean() == pytest.approx(1.0, abs=0.01)
    assert (frame["low"] == frame["index"]).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"season": (1.0,) * 365},
        {"season": (0.0,) * 366},
        {"levels": (1.0,)},
        {"level_from": ("1997-02-01", "1997-01-01"), "levels": (1.0, 1.0)},
        {"holidays": (Holiday("none", ("12-25",), -1.0),)},
    ],
)
def test_an_index_that_is_not_positive_or_does_not_fit_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(lw.InputError, match="Calendar: expected"):
        Calendar(**wrong)


# ---- an index of one's own -----------------------------------------------------------------------


def test_an_index_by_month_holds_in_its_months() -> None:
    found = CALENDARS["season"]
    shares = np.array(MONTHS) / np.average(MONTHS, weights=[31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    days = pd.to_datetime([f"2023-{month:02d}-{day:02d}" for month in range(1, 13) for day in (1, 28)])
    np.testing.assert_allclose(found.index(days), np.repeat(shares, 2), rtol=1e-12)
    assert CALENDARS["season"].index(np.arange("2023-01-01", "2024-01-01", dtype="datetime64[D]")).mean() == (
        pytest.approx(1.0, rel=1e-12)
    )


def test_percentages_are_divided_by_their_mean_and_it_is_said() -> None:
    found = Calendar.from_index(pd.Series(MONTHS, index=range(1, 13)) * 100.0)
    np.testing.assert_allclose(found.season, CALENDARS["season"].season, rtol=1e-12)
    assert "divided" in found.notes[0]


def test_an_index_by_week_holds_in_its_weeks() -> None:
    weeks = pd.Series(np.linspace(0.5, 1.5, 52), index=range(1, 53))
    found = Calendar.from_index(weeks).index(np.arange("2023-01-01", "2024-01-01", dtype="datetime64[D]"))
    np.testing.assert_allclose(found[:364:7] / found[0], weeks / weeks[1], rtol=1e-12)
    np.testing.assert_array_equal(found[:364], np.repeat(found[:364:7], 7))


@pytest.mark.parametrize(
    ("frequency", "weeks"), [("W", "ending"), ("W-MON", "beginning"), ("MS", "ending"), ("ME", "ending")]
)
def test_sales_of_years_give_the_season_without_their_growth(frequency: str, weeks: str) -> None:
    dates = pd.date_range("2018-01-01", "2022-12-31", freq=frequency)
    middle = dates.to_period("M").start_time + pd.Timedelta(days=14)
    if "W" in frequency:
        middle = dates + pd.Timedelta(days={"ending": -3, "beginning": 3}[weeks])
    season = np.exp(0.4 * np.cos(2.0 * np.pi * (middle.day_of_year.to_numpy() - 350) / 365.25))
    growth = np.exp(0.2 * (middle - middle[0]).days.to_numpy() / 365.25)
    found = Calendar.from_index(pd.Series(1000.0 * season * growth, index=dates), weeks=weeks)
    assert "+22.1% a year" in found.notes[-1] or "+22.2% a year" in found.notes[-1]
    days = pd.date_range("2023-01-01", "2023-12-31")
    true = np.exp(0.4 * np.cos(2.0 * np.pi * (days.day_of_year.to_numpy() - 350) / 365.25))
    # within a month the index is constant, and the season moves by 0.4 * pi / 12 either way
    np.testing.assert_allclose(found.index(days), true / true.mean(), rtol=0.03 if "W" in frequency else 0.15)


def test_an_index_taken_as_given_holds_on_its_dates_and_its_season_beyond() -> None:
    dates = pd.period_range("2018-01", "2020-12", freq="M")
    values = pd.Series(np.tile(MONTHS, 3) * np.exp(np.arange(36.0) / 40.0), index=dates)
    found = Calendar.from_index(values, as_given=True)
    within, beyond = (
        found.index(pd.to_datetime(["2018-01-15", "2020-01-15"])),
        found.index(pd.to_datetime(["2021-01-15", "2021-12-15", "2017-12-15"])),
    )
    assert within[1] / within[0] == pytest.approx(np.exp(24.0 / 40.0))
    np.testing.assert_allclose(beyond[1:] / beyond[0], MONTHS[-1] / MONTHS[0], rtol=1e-2)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ([1.0, 2.0], "expected a pandas Series"),
        (pd.Series(MONTHS, index=range(1, 13)).drop(3), "of the months 1 to 12, missing 3"),
        (pd.Series(1.0, index=range(1, 53)).drop([7, 50]), "of the weeks 1 to 52, missing 7, 50"),
        (pd.Series(MONTHS, index=range(12)), "by month \\(1 to 12\\)"),
        (pd.Series([0.0, *MONTHS[1:]], index=range(1, 13)), "above 0; not so for 1: 0"),
        (pd.Series([np.nan, *MONTHS[1:]], index=range(1, 13)), "above 0; not so for 1: nan"),
        (pd.Series(["a"] * 12, index=range(1, 13)), "expected numbers"),
        (pd.Series(1.0, index=pd.date_range("2020-01-05", periods=60, freq="W")).drop(pd.Timestamp("2020-03-01")),
         "every week; missing 2020-02-24 to 2020-03-01"),
        (pd.Series(1.0, index=pd.date_range("2020-01-05", periods=40, freq="W")), "at least a year"),
        (pd.Series(1.0, index=pd.date_range("2020-01-05", periods=400, freq="D")), "one value a week or a month"),
        (pd.Series(1.0, index=pd.to_datetime([f"2020-{month:02d}-28" for month in (1, *range(1, 13))])),
         "each week or month once"),
    ],
)  # fmt: skip
def test_an_index_that_cannot_be_read_is_refused_with_what_is_missing(index: Any, message: str) -> None:
    with pytest.raises(lw.InputError, match=message):
        Calendar.from_index(index)


# ---- summaries and horizons ----------------------------------------------------------------------


def test_a_summary_measures_recency_and_t_in_adjusted_time(calendar: Calendar) -> None:
    log = pd.DataFrame({"customer_id": [1, 1, 1, 2], "date": ["1996-12-01", "1996-12-20", "1997-02-03", "1997-06-01"]})
    found = lw.summarise(log, amount=None, until=UNTIL, unit="W", calendar=calendar)
    assert found.calendar is calendar
    recency = calendar.elapsed("1996-12-01", "1997-02-03") / 7.0
    ends = calendar.elapsed(np.array(["1996-12-01", "1997-06-01"], dtype="datetime64[D]"), "1997-09-30") / 7.0
    np.testing.assert_array_equal(found.frame["recency"], [recency, 0.0])
    np.testing.assert_array_equal(found.frame["T"], ends)
    assert "season-adjusted weeks" in found.headline


def test_a_flat_calendar_gives_the_answers_of_none(transaction_model: type, cdnow_sample: lw.CustomerSummary) -> None:
    if not transaction_model.leaves_at_purchases:
        return
    flat = lw.summarise(lw.load_cdnow(sample=True), until=UNTIL, unit="W", calendar=Calendar())
    pd.testing.assert_frame_equal(flat.frame, cdnow_sample.frame, check_exact=True)
    plain = transaction_model().fit(cdnow_sample, method="map")
    adjusted = transaction_model().fit(flat, method="map")
    np.testing.assert_array_equal(adjusted.posterior.values, plain.posterior.values)
    for horizon in ("26W", "12M", "1998-06-30"):
        pd.testing.assert_frame_equal(
            adjusted.expected_purchases(flat, horizon), plain.expected_purchases(cdnow_sample, horizon), rtol=1e-12
        )
    pd.testing.assert_frame_equal(
        adjusted.next_purchase(flat, "52W"), plain.next_purchase(cdnow_sample, "52W"), rtol=1e-9
    )
    for horizon in (None, "26W", "60M"):  # integrated over the calendar instead of in closed form
        pd.testing.assert_frame_equal(
            adjusted.discounted_expected_purchases(flat, RATE, horizon),
            plain.discounted_expected_purchases(cdnow_sample, RATE, horizon),
            rtol=1e-6,
        )
    pd.testing.assert_frame_equal(
        adjusted.remaining_lifetime(flat, "5Y"), plain.remaining_lifetime(cdnow_sample, "5Y"), rtol=1e-5
    )


def test_horizons_are_read_through_the_calendar(calendar: Calendar) -> None:
    for horizon, days in (("26W", 182), ("3M", 91), ("1997-12-31", 92), ("365D", 365)):
        found = parse_horizon(horizon, "W", UNTIL, calendar)
        assert found.length == calendar.elapsed_ahead(UNTIL, days) / 7.0
        assert found.calendar_length == days / 7.0
        assert found.label == horizon
    assert parse_horizon(None, "W", UNTIL, calendar).length == math.inf
    assert parse_horizon("26W", "W", UNTIL).calendar_length == 26.0
    with pytest.raises(lw.InputError, match="with a calendar, '26W' needs a cut-off"):
        parse_horizon("26W", "W", None, calendar)


def test_a_summary_with_a_calendar_needs_its_cut_off(four: lw.CustomerSummary) -> None:
    with pytest.raises(lw.InputError, match="needs the cut-off"):
        replace(four, until=None, calendar=Calendar())
    with pytest.raises(lw.InputError, match="expected a Calendar or None, got dict"):
        replace(four, until=UNTIL, calendar={})


# ---- models in a calendar ------------------------------------------------------------------------


def test_a_model_whose_customers_leave_at_any_moment_refuses_a_calendar(
    transaction_model: type, known: Any, four_seasonal: lw.CustomerSummary
) -> None:
    if transaction_model.leaves_at_purchases:
        assert known.fitted.in_calendar(Calendar()).calendar == Calendar()
        return
    for refused in (
        lambda: transaction_model().fit(four_seasonal),
        lambda: transaction_model().to_pymc(four_seasonal),
        lambda: known.fitted.in_calendar(Calendar()),
        lambda: lw.simulate_orders(known.fitted, customers=1, start=UNTIL, until=UNTIL, calendar=Calendar()),
    ):
        with pytest.raises(lw.InputError, match="Use BetaGeoModel or ModifiedBetaGeoModel"):
            refused()


def test_pareto_nbd_is_the_model_that_refuses() -> None:
    assert not lw.ParetoNBDModel.leaves_at_purchases
    assert lw.BetaGeoModel.leaves_at_purchases
    assert lw.ModifiedBetaGeoModel.leaves_at_purchases


def test_model_and_summary_must_share_a_calendar(known: Any, seasonal: Any, four_seasonal: Any, four: Any) -> None:
    dated = replace(four, until=UNTIL)
    with pytest.raises(lw.InputError, match="they have no calendar and a calendar"):
        known.fitted.expected_purchases(four_seasonal, "26W")
    if seasonal is None:
        return
    with pytest.raises(lw.InputError, match="they have a calendar and no calendar"):
        seasonal.probability_alive(dated)
    with pytest.raises(lw.InputError, match="they have two different calendars"):
        seasonal.discounted_expected_purchases(replace(dated, calendar=CALENDARS["season"]), RATE)


def test_everything_ahead_is_the_plain_answer_at_the_adjusted_length(known: Any, seasonal: Any, four: Any) -> None:
    if seasonal is None:
        return
    summary = replace(four, until=UNTIL, calendar=CALENDARS["all"])
    adjusted = f"{CALENDARS['all'].elapsed_ahead(UNTIL, 92.0).item():.12f}D"
    for method in ("expected_purchases", "probability_active", "purchase_pmf", "probability_alive_at"):
        pd.testing.assert_frame_equal(
            getattr(seasonal, method)(summary, "1997-12-31"), getattr(known.fitted, method)(four, adjusted), rtol=1e-9
        )
    pd.testing.assert_frame_equal(seasonal.probability_alive(summary), known.fitted.probability_alive(four))
    np.testing.assert_array_equal(seasonal.log_likelihood(summary), known.fitted.log_likelihood(four))


@pytest.mark.parametrize("horizon", ["13W", "1998-01-10", "60M"])
def test_discounted_purchases_are_the_daily_sum(seasonal: Any, four_seasonal: Any, horizon: str) -> None:
    if seasonal is None:
        return
    found = seasonal.discounted_expected_purchases(four_seasonal, RATE, horizon, quantiles=())["mean"]
    days = round(parse_horizon(horizon, "D", UNTIL).length)
    adjusted = CALENDARS["all"].elapsed_ahead(UNTIL, np.arange(1.0, days + 1.0)) / 7.0
    theta = seasonal.theta(1)
    rows, _ = seasonal.rows(four_seasonal)
    ahead = seasonal.model.purchases_if_alive(theta, rows.x, rows.T, adjusted, 0.0)[:, 0, :]
    alive = seasonal.model.probability_alive(theta[:, :, None], rows.x, rows.t_x, rows.T)[0]
    discount = np.exp(-math.log1p(RATE) / 364.0 * (np.arange(days) + 0.5))
    naive = alive * (discount @ np.diff(ahead, axis=0, prepend=0.0))
    np.testing.assert_allclose(found, naive[rows.inverse], rtol=2e-7)


def test_discounting_without_an_end_is_that_of_a_very_long_one(seasonal: Any, four_seasonal: Any) -> None:
    if seasonal is None:
        return
    endless, long = (
        seasonal.discounted_expected_purchases(four_seasonal, RATE, horizon)["mean"] for horizon in (None, "18250D")
    )
    assert (endless > long).all()
    np.testing.assert_allclose(long, endless, rtol=0.01)


def test_the_next_purchase_comes_on_days_of_the_calendar(known: Any, seasonal: Any, four: Any) -> None:
    if seasonal is None:
        return
    summary, calendar = replace(four, until=UNTIL, calendar=CALENDARS["all"]), CALENDARS["all"]
    found = seasonal.next_purchase(summary, "1998-03-31")
    plain = known.fitted.next_purchase(four, f"{calendar.elapsed_ahead(UNTIL, 182.0).item():.12f}D")
    np.testing.assert_allclose(found["p_within"], plain["p_within"], rtol=1e-9)
    days = calendar.days_ahead(UNTIL, plain["time_q50"] * 7.0)
    np.testing.assert_allclose(found["time_q50"], days / 7.0, rtol=1e-6)
    assert list(found["date_q50"]) == [UNTIL + pd.Timedelta(days=math.ceil(day)) for day in days]


def test_the_remaining_lifetime_is_the_sum_of_days_alive(seasonal: Any, four_seasonal: Any) -> None:
    if seasonal is None:
        return
    found = seasonal.remaining_lifetime(four_seasonal, "1998-03-31")["mean"]
    ends = pd.date_range("1997-10-01", "1998-03-31")
    alive = [seasonal.probability_alive_at(four_seasonal, str(day.date()))["mean"] for day in ends]
    start = seasonal.probability_alive(four_seasonal)["mean"]
    naive = (sum(alive) + 0.5 * start - 0.5 * alive[-1]) / 7.0
    np.testing.assert_allclose(found, naive, rtol=1e-4)


def test_a_new_customer_is_acquired_on_a_day(seasonal: Any) -> None:
    if seasonal is None:
        return
    calendar = CALENDARS["all"]
    before, after = (
        seasonal.expected_purchases_new_customer("8W", acquired=day)["mean"].item()
        for day in ("2001-11-25", "2002-01-05")
    )
    assert before > 1.4 * after
    plain = replace(seasonal, calendar=None)
    adjusted = f"{calendar.elapsed('2001-11-25', '2002-01-20').item():.12f}D"
    assert before == pytest.approx(plain.expected_purchases_new_customer(adjusted)["mean"].item(), rel=1e-9)
    with pytest.raises(lw.InputError, match="needs a cut-off"):
        seasonal.expected_purchases_new_customer("8W")


def test_a_saved_model_keeps_its_calendar(transaction_model: type, tmp_path: Path) -> None:
    if not transaction_model.leaves_at_purchases:
        return
    calendar = CALENDARS["all"]
    summary = lw.summarise(lw.load_cdnow(sample=True), until=UNTIL, calendar=calendar)
    fit = transaction_model().fit(summary)
    fit.save(tmp_path / "model.nc")
    back = lw.load(tmp_path / "model.nc")
    assert back.calendar == calendar
    assert repr(back) == repr(fit)
    assert "season-adjusted" in repr(fit)
    assert fit.to_dict()["calendar"] == calendar.fingerprint
    pd.testing.assert_frame_equal(
        back.expected_purchases(summary, "26W"), fit.expected_purchases(summary, "26W"), check_exact=True
    )


# ---- the simulator -------------------------------------------------------------------------------


def test_a_flat_calendar_simulates_the_log_of_none(transaction_model: type, known: Any) -> None:
    if not transaction_model.leaves_at_purchases:
        return
    plain, flat = (
        lw.simulate_orders(
            known.fitted, customers=500, start="1997-01-01", until="1998-06-30", seed=3, calendar=calendar
        )
        for calendar in (None, Calendar())
    )
    assert (plain["customer_id"] == flat["customer_id"]).all()
    assert (plain["date"] - flat["date"]).abs().max() <= pd.Timedelta(seconds=1)


def test_simulated_customers_buy_as_often_as_the_adjusted_horizon_says(seasonal: Any) -> None:
    """Repeats of 20,000 customers acquired on one day, by period; three comparisons of two models at 4.5 errors."""
    if seasonal is None:
        return
    customers = 20_000
    log = lw.simulate_orders(
        seasonal, customers=customers, start="1997-11-01", acquired_until="1997-11-01", until="1998-06-30", seed=5
    )
    assert log["date"].min() >= pd.Timestamp("1997-11-01")
    assert log["date"].max() < pd.Timestamp("1998-07-01")
    repeats = log[log.duplicated("customer_id")]
    for last in ("1997-11-30", "1997-12-31", "1998-06-30"):
        until = repeats["date"] < pd.Timestamp(last) + pd.Timedelta(days=1)
        counts = np.bincount(repeats.loc[until, "customer_id"], minlength=customers + 1)[1:]
        # first orders come all through the day: in the mean half a day before its end
        length = CALENDARS["all"].elapsed("1997-10-31", last).item() - 0.5 * CALENDARS["all"].index("1997-11-01").item()
        expected = seasonal.new_customer_purchases(seasonal.theta(1), np.array([length / 7.0]), 0.0).item()
        error = counts.std() / math.sqrt(customers)
        assert abs(counts.mean() - expected) < CHANCE * error
