"""The section on data: rows add up, the source is the masked one, gates say what they measured."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from lifeworth.models.checks.verdict import DataCheck, DataVerdict
from lifeworth.models.ground.data_report import KIND_LABELS, DataNote, DataReport
from lifeworth.pipelines.record.record import GateResult, RunRecord
from lifeworth.pipelines.report.data import ONE_CUSTOMER, data
from lifeworth.pipelines.report.labels import OUTCOMES, ROW_KINDS
from lifeworth.pipelines.report.parts import English, Part, Section, Table, Verbatim

ASIDE = {"missing_id": 40, "after_until": 160}


def note(kind: str, rows: int, *, set_aside: bool, policy: str) -> DataNote:
    return DataNote(kind, rows, policy, None, rows / 1000, (), set_aside, "What was done.")


@pytest.fixture
def noted(second_record: RunRecord) -> RunRecord:
    """The record of a log with rows that were set aside, rows that were kept, and a remark."""
    notes = [note(kind, rows, set_aside=True, policy="drop") for kind, rows in ASIDE.items()]
    notes += [note("duplicate", 7, set_aside=False, policy="keep"), note("refund", 0, set_aside=False, policy="net")]
    found = second_record.summary.report
    assert found is not None
    days = (found.first_day, found.last_day, found.until)
    report = DataReport(1000, 800, 200, 100, 700, *days, tuple(notes), ("Times were <i>local</i>.",))
    snapshot = replace(second_record.snapshot, rows=1000, source="postgresql://user:***@host/shop, table <orders>")
    return replace(second_record, summary=replace(second_record.summary, report=report), snapshot=snapshot)


def part_of(section: Section, heading: str) -> Part:
    return next(part for part in section.parts if part.heading == heading)


def rows_of(section: Section) -> Table:
    table = part_of(section, "What became of every row").table
    assert table is not None
    return table


def test_rows_used_and_set_aside_add_up_to_those_that_came_in(noted: RunRecord) -> None:
    table = rows_of(data(noted))
    numbers = [int(row[1].replace(",", "")) for row in table.rows]
    assert sum(numbers) == int(table.total[1].replace(",", "")) == 1000
    assert [row[:2] for row in table.rows] == [
        ("used", "800"), ("set aside: after the cut-off", "160"), ("set aside: missing id", "40"),
    ]  # fmt: skip


def test_rows_that_were_kept_are_told_with_what_was_done(noted: RunRecord) -> None:
    text = part_of(data(noted), "What became of every row").text
    assert text[0] == "Of 1,000 rows, 800 were used and 200 set aside, each with its reason."
    assert "Among the rows used: exact duplicate, 7 (0.7\u00a0%): kept." in text
    assert text[-1] == "Looked for and not found: refund."


def test_a_log_that_is_used_whole_needs_no_table(second_record: RunRecord) -> None:
    part = part_of(data(second_record), "What became of every row")
    assert part.table is None
    assert part.text[0] == f"All {second_record.snapshot.rows:,} rows were used."


def test_remarks_stay_in_their_own_words_and_come_once(noted: RunRecord) -> None:
    twice = replace(noted, snapshot=replace(noted.snapshot, remarks=("Times were <i>local</i>.",)))
    points = part_of(data(twice), "Remarks").points
    assert points == ("Times were <i>local</i>.",)
    assert isinstance(points[0], English)


def test_source_and_days_are_told(noted: RunRecord) -> None:
    late = replace(noted, as_of=noted.as_of + pd.Timedelta(days=2))
    terms = dict(data(late).parts[0].terms)
    assert terms["Source"] == "postgresql://user:***@host/shop, table <orders>"
    assert isinstance(terms["Source"], Verbatim)
    assert terms["Rows read"] == "1,000"
    assert terms["Age of the newest order"] == "2 days"
    assert terms["First day"] == "1 January 1997"


def test_a_summary_without_a_report_still_has_its_source(second_record: RunRecord) -> None:
    section = data(replace(second_record, summary=replace(second_record.summary, report=None)))
    assert "Fingerprint of the rows" in dict(section.parts[0].terms)
    assert "What became of every row" not in [part.heading for part in section.parts]


def test_checks_that_ask_for_care_are_told_with_their_remedy(second_record: RunRecord) -> None:
    part = part_of(data(second_record), "Do these customers suit the models?")
    raised = second_record.suited.raised
    assert part.text == (f"Checks of the customers: {len(second_record.suited.checks)}; of them that ask for care: "
                         f"{len(raised)}.",)  # fmt: skip
    assert part.points == tuple(check.text for check in raised)


@pytest.mark.parametrize("shown", [True, False])
def test_a_check_of_one_customer_tells_the_id_only_where_ids_are_shown(second_record: RunRecord, shown: bool) -> None:
    check = DataCheck(ONE_CUSTOMER, 0.4, "at most 0.3", "warn", "Customer K-77 made 40 % of all.", "Leave it out.")
    report = second_record.settings.report.model_copy(update={"show_ids": shown})
    settings = second_record.settings.model_copy(update={"report": report})
    section = data(replace(second_record, suited=DataVerdict((check,)), settings=settings))
    said = part_of(section, "Do these customers suit the models?").points[0]
    assert ("K-77" in said) == shown
    assert said.endswith("Leave it out.")


def test_gates_of_the_data_say_what_came_and_what_the_bar_was(second_record: RunRecord) -> None:
    gates = (
        GateResult("max_age_days", "passed", "…", 0.0, 3.0),
        GateResult("max_rejected", "warned", "…", 0.024, 0.02),
        GateResult("schema_change", "not asked", "…"),
        GateResult("min_coverage", "passed", "…", 0.9, 0.8),
    )
    table = part_of(data(replace(second_record, gates=gates)), "Gates of the data").table
    assert table is not None
    assert [row[1:] for row in table.rows] == [
        ("passed", "0 days", "3 days"), ("warned", "2.4\u00a0%", "2.0\u00a0%"), ("not asked", "—", "—"),
    ]  # fmt: skip


def test_kinds_of_rows_and_outcomes_all_have_their_words() -> None:
    assert set(ROW_KINDS) == set(KIND_LABELS)
    assert set(OUTCOMES) == {"passed", "warned", "held", "not asked"}
