"""Time said precisely: units, horizons, discount rates."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.ground.units import (
    DAYS_PER_UNIT,
    Horizon,
    check_unit,
    continuous_rate,
    parse_horizon,
    parse_horizons,
)

UNTIL = pd.Timestamp("1997-09-30")


# ---- units ---------------------------------------------------------------------------------------


def test_a_year_is_52_weeks_and_a_month_its_twelfth() -> None:
    assert DAYS_PER_UNIT == {"H": 1 / 24, "D": 1.0, "W": 7.0, "M": 364 / 12, "Y": 364.0}


@pytest.mark.parametrize("unit", ["h", "D", "w", "M", "y"])
def test_units_have_one_spelling(unit: str) -> None:
    assert check_unit(unit) == unit.upper()


@pytest.mark.parametrize("unit", ["Q", "weeks", "", None, 7, ["W"]])
def test_an_unknown_unit_is_refused_with_those_there_are(unit: object) -> None:
    with pytest.raises(lw.InputError, match=r"unit: expected one of H, D, W, M, Y .* got ") as caught:
        check_unit(unit)
    assert repr(unit) in str(caught.value)


# ---- horizons ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("horizon", "weeks"),
    [
        ("26W", 26.0),
        ("365D", 365 / 7),
        ("12M", 52.0),
        ("1Y", 52.0),
        ("1.5Y", 78.0),
        ("168H", 1.0),
        (" 26 w ", 26.0),
        ("0.5W", 0.5),
    ],
)
def test_a_horizon_without_a_calendar_is_its_length(horizon: str, weeks: float) -> None:
    found = parse_horizon(horizon, "W")
    assert found.length == pytest.approx(weeks, rel=1e-14)
    assert found.label == horizon


@pytest.mark.parametrize(("unit", "length"), [("H", 6552.0), ("D", 273.0), ("W", 39.0), ("M", 9.0), ("Y", 0.75)])
def test_a_horizon_comes_in_the_unit_asked_for(unit: str, length: float) -> None:
    assert parse_horizon("39W", unit).length == pytest.approx(length, rel=1e-14)


@pytest.mark.parametrize(
    ("horizon", "days"),
    [
        ("12M", 365),
        ("1Y", 365),
        ("24M", 730),
        ("36M", 1096),
        ("1M", 30),
        ("5M", 151),
        ("1.5Y", 546),
        ("0.5M", 364 / 24),
        ("4W", 28),
    ],
)
def test_whole_months_follow_the_calendar_from_the_cut_off(horizon: str, days: float) -> None:
    assert parse_horizon(horizon, "D", UNTIL).length == pytest.approx(days, rel=1e-14)


@pytest.mark.parametrize(
    "date", ["1998-06-30", pd.Timestamp("1998-06-30"), pd.Timestamp("1998-06-30 13:45"), np.datetime64("1998-06-30")]
)
def test_a_date_is_a_horizon_that_ends_with_that_day(date: object) -> None:
    found = parse_horizon(date, "W", UNTIL)
    assert found.length == 39.0
    assert found.label == "1998-06-30"


def test_a_date_with_a_time_zone_is_its_local_day() -> None:
    assert parse_horizon(pd.Timestamp("1998-06-30 23:00", tz="America/New_York"), "W", UNTIL).length == 39.0


def test_no_horizon_is_no_end() -> None:
    assert parse_horizon(None, "W", UNTIL) == Horizon("inf", math.inf)


@pytest.mark.parametrize("horizon", [26, 26.5, np.int64(26), np.float64(26.5), True])
def test_a_bare_number_is_refused_with_what_was_probably_meant(horizon: float) -> None:
    with pytest.raises(
        lw.InputError, match=r"horizon: expected a length with its unit such as \"(26(\.5)?|1)W\", or a date"
    ):
        parse_horizon(horizon, "W", UNTIL)


@pytest.mark.parametrize(
    "horizon", ["W", "26", "-3W", "2W3D", "1e3W", "soon", "", "26Q", pd.Timedelta("5D"), object(), {"26W"}]
)
def test_what_is_no_horizon_is_refused_with_examples(horizon: object) -> None:
    with pytest.raises(lw.InputError, match='horizon: expected a length such as "26W", "12M", "365D", or a date; got '):
        parse_horizon(horizon, "W", UNTIL)


@pytest.mark.parametrize("horizon", [pd.NaT, "NaT", "nan", float("nan")])
def test_a_missing_horizon_is_refused(horizon: object) -> None:
    with pytest.raises(lw.InputError, match="horizon: "):
        parse_horizon(horizon, "W", UNTIL)


@pytest.mark.parametrize("horizon", ["0W", "0.0M", "1997-09-30", "1990-01-01"])
def test_a_horizon_lies_ahead(horizon: str) -> None:
    with pytest.raises(lw.InputError, match=f"horizon: expected a time after the cut-off, got '{horizon}'"):
        parse_horizon(horizon, "W", UNTIL)


@pytest.mark.parametrize("horizon", ["99999999Y", "99999999M"])
def test_a_horizon_beyond_the_calendar_is_refused(horizon: str) -> None:
    with pytest.raises(lw.InputError, match="horizon: "):
        parse_horizon(horizon, "W", UNTIL)


def test_a_date_needs_a_cut_off() -> None:
    with pytest.raises(
        lw.InputError, match="the date 1998-06-30 needs a cut-off to count from; give the summary `until`"
    ):
        parse_horizon("1998-06-30", "W")


def test_several_horizons_keep_their_order() -> None:
    found = parse_horizons(["12M", None, "4W"], "W")
    assert [horizon.label for horizon in found] == ["12M", "inf", "4W"]
    assert parse_horizons("4W", "W") == (Horizon("4W", 4.0),)
    assert parse_horizons(None, "W") == (Horizon("inf", math.inf),)
    assert parse_horizons(("4W", "2W"), "W") == tuple(parse_horizons(["4W", "2W"], "W"))


def test_no_horizons_at_all_are_refused() -> None:
    with pytest.raises(lw.InputError, match=r'expected at least one, such as "12M"; got an empty list'):
        parse_horizons([], "W")


def test_a_horizon_asked_for_twice_is_refused() -> None:
    with pytest.raises(lw.InputError, match="expected each once, got 26W more than once"):
        parse_horizons(["26W", "4W", "26W"], "W")


# ---- discount rates ------------------------------------------------------------------------------


@pytest.mark.parametrize(("unit", "per_year"), [("H", 8736), ("D", 364), ("W", 52), ("M", 12), ("Y", 1)])
def test_the_continuous_rate_compounds_to_the_annual_one(unit: str, per_year: float) -> None:
    assert math.expm1(continuous_rate(0.15, unit) * per_year) == pytest.approx(0.15, rel=1e-12)
    assert continuous_rate(0.0, unit) == 0.0


@pytest.mark.parametrize("rate", [-0.1, math.nan, math.inf, -math.inf])
def test_an_impossible_discount_rate_is_refused(rate: float) -> None:
    with pytest.raises(lw.InputError, match=r"annual_discount_rate: expected a rate of 0 or more, such as 0.12, got "):
        continuous_rate(rate, "W")


@pytest.mark.parametrize("rate", ["high", None, [0.1]])
def test_a_discount_rate_that_is_no_number_is_refused(rate: object) -> None:
    with pytest.raises(lw.InputError, match="annual_discount_rate: expected a rate"):
        continuous_rate(rate, "W")


def test_a_percentage_is_taken_for_one() -> None:
    with pytest.raises(lw.InputError, match=r"expected a fraction such as 0.12 .* If 15 percent is meant, pass 0.15"):
        continuous_rate(15, "W")
