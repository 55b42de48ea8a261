"""The section on customers tells what the record holds: counts, segments, tiers, concentration, cohorts."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from lifeworth.models.decisions.customers.rfm import SEGMENTS as NAMED_SEGMENTS
from lifeworth.models.decisions.customers.segments import ACTIONS, LEAVE, REMIND, SLOW, TIERS, WIN_BACK
from lifeworth.models.decisions.planning import bridge
from lifeworth.pipelines.record.record import RunRecord
from lifeworth.pipelines.report.advice import MEANINGS
from lifeworth.pipelines.report.customers import COHORTS_DRAWN, customers
from lifeworth.pipelines.report.labels import ADVICE, template_of
from lifeworth.pipelines.report.parts import Chart, Part, Section, Table
from lifeworth.pipelines.reporting.labels import BRIDGE_PARTS, SEGMENTS, VALUE_TIERS
from lifeworth.pipelines.reporting.wording import count, money, percent

AMOUNT = r"(?<=\$)[\d,.]*\d"


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts without pictures: drawing takes most of the time, and is tested once."""
    monkeypatch.setattr(Chart, "of", lambda _draw, alternative, caption: Chart("", "", alternative, caption))


@pytest.fixture(scope="module")
def section(second_record: RunRecord) -> Section:
    return customers(second_record)


def table_of(section: Section, begins: str) -> Table:
    found = [part.table for part in section.parts if part.table and part.table.caption.startswith(begins)]
    assert len(found) == 1, begins
    return found[0]


def part_of(section: Section, heading: str) -> Part:
    return next(part for part in section.parts if part.heading == heading)


def test_the_base_is_counted_as_the_summary_counts_it(section: Section, second_record: RunRecord) -> None:
    frame = second_record.summary.frame
    again = int((frame["frequency"] > 0).sum())
    assert section.parts[0].text[0].startswith(f"{count(len(frame))} customers are known; {count(again)} (")


def test_cards_say_which_number_was_observed_and_which_is_modelled(section: Section, second_record: RunRecord) -> None:
    bought, will_buy, alive = section.parts[0].cards
    assert bought.below.startswith("observed")
    assert will_buy.below.startswith("modelled")
    assert alive.below.startswith("modelled")
    total = second_record.valuation.total.iloc[0]
    assert will_buy.number == count(total["p_active"] * len(second_record.summary))
    assert percent(total["p_alive"]) in alive.below


def test_the_table_of_segments_adds_up_and_has_the_best_first(section: Section, second_record: RunRecord) -> None:
    table = table_of(section, "Segments")
    found = second_record.decisions.segments.by_segment
    assert len(table.rows) == len(found)
    assert sum(int(row[1].replace(",", "")) for row in table.rows) == len(second_record.summary)
    best = found.sort_values("value_mean", ascending=False).iloc[0]
    assert table.rows[0][0] == best["segment"]
    assert table.rows[0][3] == money(best["value_mean"], "$")
    assert table.rows[0][4] == f"{money(best['value_q05'], '$')} to {money(best['value_q95'], '$')}"


def test_every_customer_gets_one_advice(section: Section, second_record: RunRecord) -> None:
    terms = part_of(section, "What to do for each segment").terms
    sizes = [int(one.rpartition("(")[2].split()[0].replace(",", "")) for _, who in terms for one in who]
    assert sum(sizes) == len(second_record.summary)
    advice = [said for said, _ in terms]
    assert not [said for said in advice if "{" in said]
    assert len(set(advice)) == len(advice)  # each is told once


def test_amounts_in_advice_are_those_of_the_segments(section: Section, second_record: RunRecord) -> None:
    frame = second_record.decisions.segments.frame
    alone = frame.groupby("segment").filter(lambda rows: len(rows) == 1)
    told = part_of(section, "What to do for each segment").terms
    assert len(alone)
    for row in alone.to_dict("records"):
        said, who, beside = next(
            (said, one, len(each) > 1)
            for said, each in told
            for one in each
            if one.lower().startswith(f"{row['segment']},")
        )
        assert template_of(row["action"]) == template_of(said)
        # of several segments each has its own amount beside it; the report rounds those of 100 and more
        amounts = [
            [float(each.replace(",", "")) for each in re.findall(AMOUNT, text)]
            for text in (who if beside else said, row["action"])
        ]
        assert amounts[0] == pytest.approx(amounts[1], abs=0.5)


def test_an_advice_to_several_segments_tells_the_least_and_the_most(section: Section) -> None:
    ranges = [(said, who) for said, who in part_of(section, "What to do for each segment").terms if " to $" in said]
    assert ranges
    for said, who in ranges:
        beside = [re.findall(AMOUNT, one)[-1] for one in who]
        assert re.findall(AMOUNT, said) == [min(beside, key=float), max(beside, key=float)]


def test_names_of_segments_tiers_and_advice_are_all_known() -> None:
    assert set(SEGMENTS) == set(NAMED_SEGMENTS) == set(MEANINGS)
    assert set(VALUE_TIERS) == {name for names in TIERS.values() for name in names}
    said = {text for both in ACTIONS.values() for text in both} | {REMIND, SLOW, WIN_BACK, LEAVE}
    assert set(ADVICE) == said
    assert all(template_of(text) == text for text in said)
    parts = (bridge.BEFORE, bridge.TIME, bridge.BEHAVIOUR, bridge.NEW, bridge.GONE, bridge.MODEL, bridge.ECONOMICS)
    assert set(BRIDGE_PARTS) == {*parts, bridge.AFTER}


def test_tiers_add_up_to_the_value_of_all_customers(section: Section, second_record: RunRecord) -> None:
    table = table_of(section, "Loyalty tiers")
    summary, total = second_record.decisions.tiers.summary, second_record.valuation.total.iloc[0]
    # the section says "within 12 months", the first horizon: tiers must be of it
    assert summary["value_mean"].sum() == pytest.approx(total["value_mean"])
    assert [row[0] for row in table.rows] == ["gold", "silver", "bronze", "none"]
    assert table.rows[0][3] == money(summary["value_mean"].iloc[0], "$")
    assert sum(int(row[1].replace(",", "")) for row in table.rows) == len(second_record.summary)


@pytest.mark.usefixtures("undrawn")
def test_a_tier_of_the_users_own_name_is_not_translated(second_record: RunRecord) -> None:
    tiers = second_record.decisions.tiers
    summary = tiers.summary.assign(tier=["<b>VIP</b>", *tiers.summary["tier"].iloc[1:]])
    decisions = replace(second_record.decisions, tiers=replace(tiers, summary=summary))
    table = table_of(customers(replace(second_record, decisions=decisions)), "Loyalty tiers")
    assert table.rows[0][0] == "<b>VIP</b>"


def test_cohorts_keep_observed_and_modelled_apart(section: Section, second_record: RunRecord) -> None:
    table = table_of(section, "Cohorts")
    row = second_record.decisions.cohorts.frame.iloc[0]
    observed = [name for name in table.columns if name.startswith("observed: ")]
    modelled = [name for name in table.columns if name.startswith("modelled: ")]
    assert len(observed) == 2
    assert len(modelled) == 3
    assert not [name for name in observed if "still" in name]  # survival is never observed
    values = dict(zip(table.columns, table.rows[0], strict=True))
    assert values["observed: bought again"] == percent(row["repeat_rate_observed"])
    assert values["modelled: of these, still one in 12 months"] == percent(row["retention_modelled"])


@pytest.mark.usefixtures("undrawn")
def test_of_many_cohorts_the_latest_are_told_and_the_rest_is_mentioned(second_record: RunRecord) -> None:
    cohorts = second_record.decisions.cohorts
    frame = cohorts.frame.loc[np.zeros(COHORTS_DRAWN + 3, dtype=int)].reset_index(drop=True)
    frame["cohort"] = [f"{1990 + place}Q1" for place in range(len(frame))]
    decisions = replace(second_record.decisions, cohorts=replace(cohorts, frame=frame))
    section = customers(replace(second_record, decisions=decisions))
    table = table_of(section, "Cohorts")
    assert [row[0] for row in table.rows] == frame["cohort"].tail(COHORTS_DRAWN).tolist()
    assert "The latest 12 of 15 are shown." in part_of(section, "Cohorts by the time of the first purchase").text


@pytest.mark.usefixtures("undrawn")
def test_a_base_of_one_segment_makes_sense(second_record: RunRecord) -> None:
    segments = second_record.decisions.segments
    one = segments.frame["segment"] == "champions"
    only = replace(
        segments,
        frame=segments.frame[one].reset_index(drop=True),
        by_segment=segments.by_segment[segments.by_segment["segment"] == "champions"].reset_index(drop=True),
    )
    section = customers(replace(second_record, decisions=replace(second_record.decisions, segments=only)))
    assert [row[0] for row in table_of(section, "Segments").rows] == ["champions"]
    caption = next(part.chart.caption for part in section.parts if part.chart)
    assert caption.startswith("All customers are champions, expected to bring $")


@pytest.mark.usefixtures("undrawn")
def test_a_base_worth_nothing_has_no_concentration(second_record: RunRecord) -> None:
    valuation = second_record.valuation
    worthless = replace(valuation, customers=valuation.customers.assign(value_mean=0.0))
    section = customers(replace(second_record, valuation=worthless))
    captions = [part.chart.caption for part in section.parts if part.chart]
    assert not [caption for caption in captions if "hold" in caption.partition(".")[0]]
    assert part_of(section, "How the value is spread").chart is not None
