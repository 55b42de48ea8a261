"""The section on what to do tells bids, payback, win-back, tiers and cash flow, and what to set where they lack."""

from __future__ import annotations

import ast
import inspect
from dataclasses import replace

import numpy as np
import pytest

from lifeworth.models.decisions.acquiring import bid_ceilings
from lifeworth.models.decisions.targeting.gains import Worth
from lifeworth.models.ground.summary import ID
from lifeworth.pipelines.record.record import Decisions, RunRecord
from lifeworth.pipelines.report.actions import NOTHING, actions
from lifeworth.pipelines.report.labels import VERDICTS
from lifeworth.pipelines.report.parts import Chart, Part, Section, Table, Verbatim
from lifeworth.pipelines.report.win_back import SHOWN
from lifeworth.pipelines.reporting.wording import count, money, percent


@pytest.fixture(scope="module")
def section(second_record: RunRecord) -> Section:
    return actions(second_record)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts without pictures: drawing takes most of the time, and is tested once."""
    monkeypatch.setattr(Chart, "of", lambda _draw, alternative, caption: Chart("", "", alternative, caption))


def table_of(section: Section, begins: str) -> Table:
    found = [part.table for part in section.parts if part.table and begins in part.table.caption]
    assert len(found) == 1, begins
    return found[0]


def part_of(section: Section, heading: str) -> Part:
    return next(part for part in section.parts if part.heading == heading)


def decided(record: RunRecord, **changes: object) -> RunRecord:
    decisions: Decisions = replace(record.decisions, **changes)  # type: ignore[arg-type]  # by name
    return replace(record, decisions=decisions)


def test_bids_are_those_of_the_record_the_highest_first(section: Section, second_record: RunRecord) -> None:
    table = table_of(section, "most to bid")
    frame = second_record.decisions.bids.frame.sort_values("ceiling", ascending=False)
    assert [row[0] for row in table.rows] == frame.iloc[:, 0].tolist()
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert row["most to bid"] == money(frame["ceiling"].iloc[0], "$")
    assert row["room"] == money(frame["headroom"].iloc[0], "$")


def test_the_rule_of_bids_says_its_risk(section: Section) -> None:
    assert "with 75 % probability: there is a chance of 25 %" in part_of(
        section, "What to pay for a new customer"
    ).text[0].replace("\u00a0", " ")


@pytest.mark.usefixtures("undrawn")
def test_a_share_to_keep_is_in_the_rule(second_record: RunRecord) -> None:
    bids = replace(second_record.decisions.bids, required_return=0.2)
    text = part_of(actions(decided(second_record, bids=bids)), "What to pay for a new customer").text[0]
    assert "less 20\u00a0% of it that is to be kept" in text


@pytest.mark.usefixtures("undrawn")
def test_where_nothing_is_to_be_bid_no_negative_bid_is_told(second_record: RunRecord) -> None:
    bids = second_record.decisions.bids
    worthless = replace(bids, frame=bids.frame.assign(ceiling=-1.0, verdict=NOTHING))
    chart = part_of(actions(decided(second_record, bids=worthless)), "What to pay for a new customer").chart
    assert chart is not None
    assert chart.caption.startswith("Do not bid: a new customer may well be worth nothing.")


def test_every_verdict_on_a_channel_is_known() -> None:
    source = ast.parse(inspect.getsource(bid_ceilings._verdict))
    said = {node.value.value for node in ast.walk(source)
            if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant)}  # fmt: skip
    assert said == set(VERDICTS)


def test_names_of_channels_stay_text(section: Section) -> None:
    cells = [row[0] for row in table_of(section, "most to bid").rows]
    assert "<b>referral</b>" in cells
    assert all(isinstance(cell, Verbatim) for cell in cells)


@pytest.mark.usefixtures("undrawn")
def test_without_a_cac_bids_remain_and_payback_says_what_to_set(second_record: RunRecord) -> None:
    bids = second_record.decisions.bids
    costs = [name for name in bids.frame if name.startswith(("cac", "headroom", "acquisition", "ltv", "p", "payback"))]
    frame = bids.frame.drop(columns=costs).assign(verdict="bid up to the ceiling")
    section = actions(decided(second_record, bids=replace(bids, frame=frame), payback=None))
    assert "CAC today" not in table_of(section, "most to bid").columns
    assert "economics.cac" in part_of(section, "What to pay for a new customer").text[1]
    assert "How soon it comes back" not in [part.heading for part in section.parts]


def test_payback_tells_the_soonest_first(section: Section, second_record: RunRecord) -> None:
    table = table_of(section, "has come back")
    summary = second_record.decisions.payback.summary.sort_values(["payback_q50", "cac"])  # type: ignore[union-attr]
    assert [row[0] for row in table.rows] == summary.iloc[:, 0].tolist()
    row = dict(zip(table.columns, table.rows[-1], strict=True))
    assert row["back within 12 months"] == percent(summary["p_payback_12m"].iloc[-1])


@pytest.mark.usefixtures("undrawn")
def test_a_cost_that_never_comes_back_is_a_dash(second_record: RunRecord) -> None:
    payback = second_record.decisions.payback
    assert payback is not None
    never = payback.summary.assign(payback_q05=np.inf, payback_q50=np.inf, payback_q95=np.inf)
    section = actions(decided(second_record, payback=replace(payback, summary=never)))
    assert {row[2:4] for row in table_of(section, "has come back").rows} == {("—", "—")}


def test_the_campaign_is_that_of_the_record(section: Section, second_record: RunRecord) -> None:
    found = second_record.decisions.win_back
    assert found is not None
    total = found.total.iloc[0]
    text = part_of(section, "Whom to win back").text
    assert text[0].startswith(f"Asking {count(total['customers'])} customers back costs {money(total['cost'], '$')}")
    assert money(total["profit_mean"], "$") in text[0]
    assert "3.0\u00a0%" in text[1]  # the uplift of the settings


def test_the_win_back_list_begins_with_the_most_profitable(section: Section, second_record: RunRecord) -> None:
    table = table_of(section, "whom it pays most to ask back")
    treated = second_record.decisions.win_back.treated  # type: ignore[union-attr]  # the settings ask for it
    assert [row[0] for row in table.rows] == [str(each) for each in treated[ID].head(SHOWN)]
    assert [row[-1] for row in table.rows] == [money(each, "$") for each in treated["expected_profit"].head(SHOWN)]


@pytest.mark.usefixtures("undrawn")
def test_no_id_is_shown_where_the_settings_say_so(second_record: RunRecord) -> None:
    settings = second_record.settings
    hidden = settings.model_copy(update={"report": settings.report.model_copy(update={"show_ids": False})})
    table = table_of(actions(replace(second_record, settings=hidden)), "whom it pays most to ask back")
    assert [row[0] for row in table.rows] == [str(place + 1) for place in range(len(table.rows))]
    assert table.columns[0] == "place"


@pytest.mark.usefixtures("undrawn")
def test_without_win_back_settings_it_says_what_to_set_and_what_is_at_stake(second_record: RunRecord) -> None:
    part = part_of(actions(decided(second_record, win_back=None)), "Whom to win back")
    bound = Worth.of(second_record.valuation, 0).bound.sum()
    assert part.table is None
    assert "decisions.win_back_cost" in part.text[0]
    assert "decisions.win_back_uplift" in part.text[0]
    assert f"it would bring {money(float(bound), '$')} within 12 months" in part.text[1]


@pytest.mark.usefixtures("undrawn")
def test_a_campaign_that_pays_for_nobody_says_so(second_record: RunRecord) -> None:
    found = second_record.decisions.win_back
    assert found is not None
    nobody = replace(
        found,
        frame=found.frame.assign(treat=False, cost=1e4, expected_profit=found.frame["incremental_mean"] - 1e4),
        total=found.total.assign(customers=0, cost=0.0),
    )
    part = part_of(actions(decided(second_record, win_back=nobody)), "Whom to win back")
    assert part.table is None
    assert part.text[0].startswith("Nobody is worth asking back")


def test_moves_between_tiers_add_up(section: Section, second_record: RunRecord) -> None:
    table = table_of(section, "Customers of each tier before and now")
    numbers = np.array([[int(cell.replace(",", "")) for cell in row[1:]] for row in (*table.rows, table.total)])
    before, up, down, rose, fell, new, now = numbers.T
    assert (now[:-1] == before[:-1] - up[:-1] - down[:-1] + rose[:-1] + fell[:-1] + new[:-1]).all()
    assert (numbers[:-1].sum(axis=0) == numbers[-1]).all()
    assert up[-1] == rose[-1]
    assert down[-1] == fell[-1]
    frame = second_record.decisions.tiers.frame
    assert up[-1] + down[-1] == frame["changed"].sum()
    assert now[-1] == len(frame)


@pytest.mark.usefixtures("undrawn")
def test_a_first_run_has_no_moves(first_record: RunRecord) -> None:
    part = part_of(actions(first_record), "Who changed tier")
    assert part.table is None
    assert part.text == ("No tiers of an earlier run are known: the next run tells who rises and who falls.",)


def test_cash_flow_ends_with_the_sum_of_its_months(section: Section, second_record: RunRecord) -> None:
    table = table_of(section, "What the customers of today bring by month")
    cash = second_record.decisions.cash_flow
    months = cash.item("contribution")
    assert [row[0] for row in table.rows] == months["period"].tolist()
    assert [row[3] for row in table.rows] == [money(each, "$") for each in months["mean"]]
    assert table.total[3] == money(months["mean"].sum(), "$")
    text = part_of(section, "What comes in, and when").text[0]
    whole = cash.statement.set_index("item")["mean"]
    assert f"worth {money(whole['discounted contribution'], '$')} today" in text


@pytest.mark.usefixtures("undrawn")
def test_profit_is_told_where_a_fixed_cost_makes_it_another(second_record: RunRecord) -> None:
    cash = second_record.decisions.cash_flow
    statement, frame = cash.statement.copy(), cash.frame.copy()
    for table in (statement, frame):
        table.loc[table["item"] == "profit", "mean"] -= 100.0
    section = actions(decided(second_record, cash_flow=replace(cash, statement=statement, frame=frame)))
    table = table_of(section, "What the customers of today bring by month")
    assert table.columns[-1] == "profit"
    assert table.rows[0][-1] == money(cash.item("profit")["mean"].iloc[0] - 100.0, "$")
