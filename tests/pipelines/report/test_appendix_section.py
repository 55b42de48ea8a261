"""The appendix holds diagnostics, scores, gates in full and what the run was made with, and no time it took."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lifeworth.models.inference.diagnostics import Check, Diagnostics
from lifeworth.pipelines.record.record import GateResult, RunRecord
from lifeworth.pipelines.report.appendix import appendix
from lifeworth.pipelines.report.parts import English, Part, Section, Table, Verbatim
from lifeworth.pipelines.reporting.language import speaking
from lifeworth.pipelines.reporting.wording import decimal


@pytest.fixture(scope="module")
def section(second_record: RunRecord) -> Section:
    return appendix(second_record)


def part_of(section: Section, heading: str) -> Part:
    return next(part for part in section.parts if part.heading == heading)


def table_of(section: Section, heading: str) -> Table:
    table = part_of(section, heading).table
    assert table is not None
    return table


def test_parameters_are_those_of_the_fit_with_their_intervals(section: Section, second_record: RunRecord) -> None:
    table = table_of(section, second_record.purchases.model.name)
    found = second_record.purchases.parameters
    assert [row[0] for row in table.rows] == list(found.index)
    assert table.columns[1:] == ("mean", "standard deviation", "5 %", "median", "95 %", "k-hat", "effective draws")
    first = [float(cell.replace(",", "")) for cell in table.rows[0][1:]]
    wanted = found.iloc[0][["mean", "sd", "q05", "q50", "q95", "k_hat", "ess"]].to_numpy(float)
    np.testing.assert_allclose(first, wanted, rtol=1e-3, atol=5e-4 if abs(wanted[5]) > 1e-4 else 1e-3)


def test_a_fit_that_is_not_to_be_relied_on_says_so_with_the_remedy(second_record: RunRecord) -> None:
    checks = (
        Check("k_hat", 0.9, "<= 0.7", False, 'fit with method="nuts".'),
        Check("effective draws", 900.0, ">= 400", True),
    )
    bad = Diagnostics("laplace", checks)
    posterior = replace(second_record.purchases.posterior, diagnostics=bad)
    part = appendix(replace(second_record, purchases=replace(second_record.purchases, posterior=posterior))).parts[0]
    assert part.text[1].startswith("Not to be relied on")
    assert part.points[0] == 'k_hat = 0.9 (expected <= 0.7): not passed: fit with method="nuts".'
    assert part.points[1] == "effective draws = 900 (expected >= 400): passed"
    assert isinstance(part.points[0], English)


def test_scores_are_means_over_the_days_forecast_from(section: Section, second_record: RunRecord) -> None:
    table = table_of(section, "Scores of past forecasts of purchases")
    scores = second_record.scorecard.scores
    found = scores[(scores["quantity"] == "purchases") & (scores["horizon"] == "4W") & (scores["model"] == "BG/NBD")]
    row = next(row for row in table.rows if row[:2] == ("4 weeks", "BG/NBD"))
    assert row[3] == decimal(found["crps"].mean(), 3)
    assert len(table.rows) == len(scores[scores["quantity"] == "purchases"].groupby(["horizon", "model"]))


def test_what_a_plain_rule_does_not_say_is_a_dash(section: Section, second_record: RunRecord) -> None:
    rows = table_of(section, "Scores of past forecasts of purchases").rows
    rules = [row for row in rows if row[1] in second_record.scorecard.baselines]
    assert rules
    assert all(row[4] == "—" for row in rules)  # a rule has no interval


def test_gates_are_told_in_full(second_record: RunRecord) -> None:
    gates = (
        GateResult("max_rejected", "held", "60 % of the rows have no customer: is <id> the column?", 0.6, 0.5),
        GateResult("diagnostics", "passed", "All fits passed."),
        GateResult("a_gate_to_come", "passed", "Fine."),
    )
    rows = table_of(appendix(replace(second_record, gates=gates)), "Gates in full").rows
    assert [row[1:] for row in rows] == [
        ("max_rejected", "held back", "60 % of the rows have no customer: is <id> the column?", "60.0\u00a0%",
         "50.0\u00a0%"),
        ("diagnostics", "passed", "All fits passed.", "—", "—"),
        ("a_gate_to_come", "passed", "Fine.", "—", "—"),
    ]  # fmt: skip
    assert all(isinstance(row[3], English) for row in rows)


def test_a_run_says_what_it_was_made_with(section: Section, second_record: RunRecord) -> None:
    terms = dict(part_of(section, "What the run was made with").terms)
    assert terms["Run"] == second_record.run_id
    assert second_record.comparison is not None
    assert terms["Compared with run"] == second_record.comparison.last_run_id
    assert isinstance(terms["Run"], Verbatim)
    assert "lifeworth " in terms["Versions"]


def test_a_first_run_was_compared_with_none(first_record: RunRecord) -> None:
    terms = dict(part_of(appendix(first_record), "What the run was made with").terms)
    assert "Compared with run" not in terms


def test_the_same_run_gives_the_same_appendix_however_long_it_took(second_record: RunRecord) -> None:
    assert appendix(replace(second_record, seconds={"fit": 99.0})) == appendix(second_record)


def test_numbers_follow_the_locale(second_record: RunRecord) -> None:
    with speaking("en", "de_DE"):
        cell = table_of(appendix(second_record), second_record.purchases.model.name).rows[0][1]
    assert "," in cell
    assert "." not in cell
