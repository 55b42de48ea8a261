"""The section on assumptions tells the settings as they are, and which numbers nobody has checked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from lifeworth.pipelines.record.record import RunRecord
from lifeworth.pipelines.report.assumptions import KEYS, assumptions
from lifeworth.pipelines.report.labels import POLICIES
from lifeworth.pipelines.report.parts import English, Part, Section, Table, Verbatim
from lifeworth.pipelines.settings.settings import EconomicsSettings, RowSettings


@pytest.fixture(scope="module")
def section(second_record: RunRecord) -> Section:
    return assumptions(second_record)


def with_settings(record: RunRecord, table: str, **changes: Any) -> RunRecord:
    changed = getattr(record.settings, table).model_copy(update=changes)
    return replace(record, settings=record.settings.model_copy(update={table: changed}))


def economics_of(section: Section) -> Table:
    return next(part.table for part in section.parts if part.table)


def part_of(section: Section, heading: str) -> Part:
    return next(part for part in section.parts if part.heading == heading)


def test_value_is_said_to_hold_nothing_of_the_past_and_no_cost_of_winning(section: Section) -> None:
    said = section.parts[0].text[0]
    assert "Nothing that they spent in the past is in it, nor what it cost to win them" in said


def test_economics_are_told_number_by_number(section: Section) -> None:
    rows = {(row[0], row[1]): row[2:] for row in economics_of(section).rows}
    assert rows[KEYS["margin"], ""] == ("30.0\u00a0%", "not yet")
    assert rows[KEYS["annual_discount_rate"], ""] == ("15.0\u00a0%", "as configured")
    assert rows[KEYS["cost_per_order"], "shipping"] == ("$1.50", "as configured")
    assert rows[KEYS["cac"], "<b>referral</b>"][0] == "$8"


def test_names_that_users_gave_stay_text(section: Section) -> None:
    given = [row[1] for row in economics_of(section).rows if row[1]]
    assert given
    assert all(isinstance(name, Verbatim) for name in given)


def test_unchecked_numbers_are_a_caution_that_says_where_to_put_ones_own(section: Section) -> None:
    cautions = [said for part in section.parts for said in part.caution]
    assert len(cautions) == 1
    assert cautions[0].startswith("Nobody has checked these numbers yet: contribution margin")
    assert "[economics]" in cautions[0]


def test_checked_numbers_need_no_caution(second_record: RunRecord) -> None:
    section = assumptions(with_settings(second_record, "economics", assumed=()))
    assert not [part for part in section.parts if part.caution]
    assert {row[3] for row in economics_of(section).rows} == {"as configured"}


def test_without_a_cac_it_says_that_none_is_known(second_record: RunRecord) -> None:
    section = assumptions(with_settings(second_record, "economics", cac=None, cac_by=None))
    assert economics_of(section).rows[-1] == (KEYS["cac"], "", "not known", "as configured")


def test_a_margin_of_each_customer_is_told_by_the_name_of_its_column(second_record: RunRecord) -> None:
    section = assumptions(with_settings(second_record, "economics", margin="<i>margin</i>"))
    assert economics_of(section).rows[0][:3] == (KEYS["margin"], "<i>margin</i>", "each customer's own")


def test_every_kind_of_cost_is_told(second_record: RunRecord) -> None:
    costs = {"cost_share": 0.02, "cost_per_year_alive": {"loyalty": 2.0}, "fixed_cost_per_year": 5000.0}
    rows = economics_of(assumptions(with_settings(second_record, "economics", **costs))).rows
    told = {row[0]: row[1:3] for row in rows}
    assert told[KEYS["cost_share"]] == ("", "2.0\u00a0%")
    assert told[KEYS["cost_per_year_alive"]] == ("loyalty", "$2")
    assert told[KEYS["fixed_cost_per_year"]] == ("", "$5,000")


def test_every_number_of_the_economics_has_a_name() -> None:
    assert set(KEYS) == set(EconomicsSettings.model_fields) - {"currency", "cac_by", "assumed"}


def test_choices_are_those_of_the_settings(second_record: RunRecord) -> None:
    chosen = with_settings(second_record, "rows", zero="drop", missing_id="error", acquired_from=date(1997, 2, 1))
    terms = dict(part_of(assumptions(chosen), "What the settings choose").terms)
    assert terms["Horizons"] == "12 months and 24 months"
    assert terms["Models that competed"] == "BG/NBD and MBG/NBD"
    assert terms["Loyalty tiers"].replace("\u00a0", " ") == "gold 5 %, silver 15 % and bronze 30 %"
    assert terms["Simulated futures of each customer"] == "200"
    assert terms["Zero amount"] == "left out"
    assert terms["Missing id, missing date and missing amount"] == "stops the run, left out and left out"
    assert terms["Customers"] == "left out where first seen before 1 February 1997"


def test_every_policy_has_its_words() -> None:
    fields = RowSettings.model_fields.values()
    allowed = {each for field in fields for each in getattr(field.annotation, "__args__", ()) if isinstance(each, str)}
    assert allowed == set(POLICIES)


def test_what_intervals_hold_ends_with_the_words_of_the_model(section: Section, second_record: RunRecord) -> None:
    said = part_of(section, "What the intervals mean").text[-1]
    assert said == second_record.valuation.calibration
    assert isinstance(said, English)
