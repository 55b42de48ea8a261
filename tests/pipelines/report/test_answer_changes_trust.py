"""The answer, what has changed, how far to trust it: sentences hold what the record holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from lifeworth.models.decisions.planning.bridge import BEHAVIOUR, ECONOMICS, GONE, MODEL, NEW, TIME
from lifeworth.pipelines.record.record import Comparison, GateResult, RunRecord
from lifeworth.pipelines.report.answer import answer
from lifeworth.pipelines.report.changes import changes
from lifeworth.pipelines.report.gate_words import NAMES, gate_sentence
from lifeworth.pipelines.report.parts import Chart, Part, Section
from lifeworth.pipelines.report.tested import Backtested
from lifeworth.pipelines.report.trust import trust
from lifeworth.pipelines.reporting.language import speaking
from lifeworth.pipelines.reporting.wording import count, money, percent, short
from lifeworth.pipelines.settings.settings import GateSettings


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts without pictures: the page's tests draw them."""
    monkeypatch.setattr(Chart, "of", lambda _draw, alternative, caption: Chart("", "", alternative, caption))


def part_of(section: Section, heading: str) -> Part:
    return next(part for part in section.parts if part.heading == heading)


def words(section: Section) -> str:
    """All text of a section."""
    found = [section.heading]
    for part in section.parts:
        found += [*part.text, *part.points, *part.caution, *(each for term in part.terms for each in term)]
    return " ".join(found)


def compared(record: RunRecord, **changed: object) -> RunRecord:
    assert record.comparison is not None
    return replace(record, comparison=replace(record.comparison, **changed))  # type: ignore[arg-type]


def with_part(record: RunRecord, part: str, mean: float, low: float, high: float, customers: int = 3) -> RunRecord:
    """A record in whose bridge one part is as said, and the total before 1000."""
    assert record.comparison is not None
    bridge = record.comparison.bridge
    frame = bridge.frame.copy()
    if part not in set(frame["part"]):
        frame = pd.concat([frame.iloc[:-1], frame.iloc[-1:].assign(part=part), frame.iloc[-1:]], ignore_index=True)
    columns = ["mean", "q05", "q95", "customers"]
    frame = frame.astype(dict.fromkeys(columns, float))
    frame.loc[frame["part"] == part, columns] = [mean, low, high, customers]
    frame.loc[0, "mean"] = 1000.0
    return compared(record, bridge=replace(bridge, frame=frame))


def test_the_headline_is_the_worth_with_its_interval(second_record: RunRecord) -> None:
    row = second_record.valuation.total.iloc[0]
    mean, low, high = (short(row[f"value_{end}"], "$") for end in ("mean", "q05", "q95"))
    assert answer(second_record).heading == (
        f"Your customer base is worth {mean}: what its 2,357 customers are expected to bring over the next 12 months, "
        f"in nine of ten simulated futures between {low} and {high}."
    )


def test_cards_hold_value_purchases_spend_active_and_new_customers_and_further_horizons(
    second_record: RunRecord,
) -> None:
    cards = {card.label: card for part in answer(second_record).parts for card in part.cards}
    forecast, value = second_record.forecast.total.iloc[0], second_record.valuation.total
    assert cards["Purchases, 12 months"].number == count(forecast["purchases_mean"])
    assert cards["Spend, 12 months"].number == short(forecast["spend_mean"], "$")
    assert cards["Active customers, 12 months"].number == count(2357 * value["p_active"].iloc[0])
    assert cards["A new customer, 12 months"].below == "costs $5 to $20 to win"
    assert cards["Value, 24 months"].number == short(value["value_mean"].iloc[1], "$")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.9, 1.1, "The forecast is sure: the interval reaches from 10\xa0% below to 10\xa0% above"),
        (0.7, 1.3, "The forecast is moderately sure: the interval reaches from 30\xa0% below to 30\xa0% above"),
        (0.4, 1.9, "The forecast is rough: the interval reaches from 60\xa0% below to 90\xa0% above"),
    ],
)
def test_the_width_of_the_interval_is_told_in_words(
    second_record: RunRecord, low: float, high: float, said: str
) -> None:
    mean = second_record.valuation.total["value_mean"]
    total = second_record.valuation.total.assign(value_q05=low * mean, value_q95=high * mean)
    record = replace(second_record, valuation=replace(second_record.valuation, total=total))
    assert part_of(answer(record), "How sure is this?").text[0].startswith(said)


def test_cautions_name_assumptions_warnings_and_old_data(second_record: RunRecord) -> None:
    gates = (
        GateResult("max_rejected", "warned", "Some rows were set aside.", 0.024, 0.02),
        GateResult("max_age_days", "passed", "The last order is young.", 0.0, 3.0),
    )
    later = replace(second_record, as_of=pd.Timestamp("1998-07-10"), gates=gates)
    assert later.settings.economics.assumed == ("margin",)
    cautions = [said for part in answer(later).parts for said in part.caution]
    assert cautions[0].startswith("Nobody has checked these assumptions yet: the margin.")
    assert cautions[1].startswith("The newest data are of 30 June 1998")
    assert cautions[2] == "To be looked at: share of rows that were set aside. It is 2.4\xa0%, the bar is 2.0\xa0%."
    assert "1 of the 9 checks" in cautions[3]


def test_a_run_without_worries_has_no_caution(second_record: RunRecord) -> None:
    economics = second_record.settings.economics.model_copy(update={"assumed": ()})
    record = replace(
        second_record,
        gates=(),
        suited=replace(
            second_record.suited,
            checks=tuple(check for check in second_record.suited.checks if check not in second_record.suited.raised),
        ),
        settings=second_record.settings.model_copy(update={"economics": economics}),
    )
    assert not [part for part in answer(record).parts if part.caution]


def test_every_gate_of_the_settings_has_a_name_and_a_sentence() -> None:
    assert set(NAMES) == set(GateSettings.model_fields)
    for gate in NAMES:
        assert NAMES[gate] in gate_sentence(GateResult(gate, "warned", "", 3.0, 2.0))
    assert gate_sentence(GateResult("max_age_days", "warned", "", 5.0, 3.0)).endswith(
        "It is 5 days, the bar is 3 days."
    )
    assert gate_sentence(GateResult("schema_change", "warned", "")) == "To be looked at: columns of the source."


def test_a_first_run_has_nothing_to_compare_with(first_record: RunRecord) -> None:
    section = changes(first_record)
    assert [part.text[0][:50] for part in section.parts] == ["This is the first run that is published: there is "]


def test_the_change_is_told_with_its_direction(second_record: RunRecord) -> None:
    assert second_record.comparison is not None
    bridge = second_record.comparison.bridge
    said = changes(second_record).parts[0].text[0]
    assert f"now it is {short(float(bridge.frame['mean'].iloc[-1]), '$')}" in said
    assert said.endswith("less.")
    frame = bridge.frame.assign(mean=bridge.frame["mean"].to_numpy()[::-1])
    assert changes(compared(second_record, bridge=replace(bridge, frame=frame))).parts[0].text[0].endswith("more.")
    same = bridge.frame.assign(mean=[1000.0, *[0.0] * (len(bridge.frame) - 2), 1000.0])
    still = changes(compared(second_record, bridge=replace(bridge, frame=same)))
    assert still.parts[0].text[0].endswith("that has not changed.")
    assert still.parts[0].terms == ()


@pytest.mark.parametrize(
    ("part", "amounts", "said"),
    [
        (TIME, (-50.0, -60.0, -40.0), "-$50 (-$60 to -$40). 30 days have passed"),
        (BEHAVIOUR, (50.0, 40.0, 60.0), "makes them worth more than expected"),
        (BEHAVIOUR, (-50.0, -60.0, -40.0), "makes them worth less than expected"),
        (NEW, (50.0, 40.0, 60.0), "+$50 (+$40 to +$60). 3 customers have been won since."),
        (GONE, (-50.0, -60.0, -40.0), "3 customers are no longer in the data."),
        (MODEL, (50.0, -10.0, 90.0), "its interval holds 0: it may be chance"),
        (MODEL, (50.0, 40.0, 60.0), "they now see all customers differently"),
        (ECONOMICS, (50.0, 40.0, 60.0), "have been changed in the settings"),
    ],
)
def test_each_part_of_the_bridge_has_its_sentence(
    second_record: RunRecord, part: str, amounts: tuple[float, float, float], said: str
) -> None:
    terms = dict(changes(with_part(second_record, part, *amounts)).parts[0].terms)
    assert said in terms[f"{part[0].upper()}{part[1:]}"]


def test_what_was_forecast_stands_beside_what_came(second_record: RunRecord) -> None:
    names = ("quantity", "days", "mean", "q05", "q95", "actual", "inside")
    rows = [
        dict(zip(names, ("purchases", 30, 200.0, 160.0, 245.0, 212.0, True), strict=True)),
        dict(zip(names, ("spend", 30, 7000.0, 5500.0, 8800.0, 9100.0, False), strict=True)),
    ]
    part = part_of(changes(compared(second_record, since=pd.DataFrame(rows))), "What was forecast then, and what came")
    assert part.text == (
        "In the 30 days since, 212 purchases came; 200 were forecast: within the interval.",
        "In the 30 days since, $9,100 was spent; $7,000 was forecast: above the interval.",
    )
    assert part.table is not None
    assert part.table.rows[1] == ("spend", "$7,000", "$5,500 to $8,800", "$9,100")


def test_days_that_nobody_forecast_are_not_told(second_record: RunRecord) -> None:
    assert second_record.comparison is not None
    section = changes(compared(second_record, since=second_record.comparison.since.iloc[:0]))
    assert "What was forecast then, and what came" not in [part.heading for part in section.parts]


def test_a_new_model_is_named_beside_the_old_one(second_record: RunRecord) -> None:
    assert second_record.comparison is not None
    frame = second_record.comparison.champion.assign(role=["champion", "chosen"])
    section = changes(compared(second_record, champion=frame))
    assert part_of(section, "The model").text == ("BG/NBD now forecasts purchases instead of MBG/NBD.",)


def test_models_that_cannot_be_compared_are_told_so(second_record: RunRecord) -> None:
    assert second_record.comparison is not None
    section = changes(compared(second_record, parameters=second_record.comparison.parameters.iloc[:0]))
    assert "cannot be compared" in words(section)


def test_trust_tells_totals_customers_rules_and_the_choice(second_record: RunRecord) -> None:
    section, tested = trust(second_record), Backtested.of(second_record)
    held = tested.of_totals()[0]
    table = part_of(section, "All customers together").table
    assert table is not None
    assert table.rows[0][2] == f"{held.held} of {held.forecasts}"
    assert words(section).count(percent(tested.customers["purchases"], 1)) == 1
    rules = part_of(section, "Against plain rules")
    assert rules.table is not None
    assert len(rules.table.rows) == len(tested.against) == 7
    assert "BG/NBD was taken" in part_of(section, "Why this model").text[0]


def test_the_horizon_told_of_is_the_longest_that_was_forecast_often_enough(second_record: RunRecord) -> None:
    totals = second_record.scorecard.totals
    earlier = totals.assign(origin=totals["origin"] - pd.Timedelta(weeks=1))
    twice = replace(second_record.scorecard, totals=pd.concat([totals, earlier], ignore_index=True))
    assert "Over 4 weeks" in words(trust(second_record)), "of the four origins three only are 13 weeks before the end"
    assert "Over 13 weeks" in words(trust(replace(second_record, scorecard=twice)))


@pytest.mark.parametrize(
    ("move", "held", "said"),
    [
        (lambda totals: totals["mean"], "promised", "in line with what such an interval promises"),
        (lambda totals: totals["q95"] + 1.0, "few", "Take it as too narrow"),
    ],
)
def test_past_intervals_are_judged_by_what_came(
    second_record: RunRecord, move: Callable[[pd.DataFrame], pd.Series[float]], held: str, said: str
) -> None:
    totals = second_record.scorecard.totals
    card = replace(second_record.scorecard, totals=totals.assign(actual=move(totals)))
    tested = Backtested.of(replace(second_record, scorecard=card))
    assert tested.held == held
    assert said in tested.in_short()


def test_a_rule_that_beats_the_model_is_told(second_record: RunRecord) -> None:
    scores = second_record.scorecard.scores.copy()
    scores.loc[scores["model"] == "recency", "auc"] = 0.99
    record = replace(second_record, scorecard=replace(second_record.scorecard, scores=scores))
    found = {
        each.measure.column: each for each in Backtested.of(record).against if each.measure.quantity == "purchases"
    }
    assert (found["auc"].name, found["auc"].outcome) == ("recency", "worse")


def test_one_model_alone_needs_no_choice(second_record: RunRecord) -> None:
    choice = replace(second_record.choice, table=second_record.choice.table.iloc[1:])
    section = trust(replace(second_record, choice=choice))
    assert part_of(section, "Why this model").text == ("BG/NBD is the only model that was tested.",)


def test_sentences_of_models_in_english_stay_out_of_the_main_text(second_record: RunRecord) -> None:
    with speaking("fa"):
        told = " ".join(words(section(second_record)) for section in (answer, changes, trust))
    gates = (gate.message for gate in second_record.gates)
    for english in (second_record.choice.reason, *second_record.scorecard.verdict, *gates):
        assert english not in told


def test_money_is_in_the_currency_of_the_settings(second_record: RunRecord) -> None:
    assert isinstance(second_record.comparison, Comparison)
    economics = second_record.settings.economics.model_copy(update={"currency": "EUR"})
    record = replace(second_record, settings=second_record.settings.model_copy(update={"economics": economics}))
    cards = {card.label: card for part in answer(record).parts for card in part.cards}
    assert money(20, "EUR") in cards["A new customer, 12 months"].below
