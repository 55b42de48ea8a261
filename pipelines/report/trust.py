"""How far to trust it: forecasts made in the past and what came, plain rules, the choice of the model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from ..backtesting.choice import ALIKE
from ..record.record import RunRecord
from ..reporting.language import gettext as _
from ..reporting.language import marked, ngettext
from ..reporting.plot_coverage import plot_coverage
from ..reporting.plot_totals import plot_totals
from ..reporting.wording import count, decimal, listed, percent, span
from .parts import Chart, Part, Section, Table, Verbatim
from .tested import FAIR, LEVEL, Against, Backtested, Held
from .words import NONE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENOUGH: Final = 4
"""Forecasts over one horizon from which on there is something to tell of it."""
AS_FORECAST: Final = 0.005
"""All totals together that are off by less came as forecast."""
QUANTITIES: Final = {"purchases": marked("purchases"), "spend": marked("spend")}
QUESTIONS: Final = {
    ("purchases", "crps"): marked("How many purchases each customer makes (error)"),
    ("purchases", "auc"): marked("Who buys again (1: told without fail, 0.5: by tossing a coin)"),
    ("purchases", "gini"): marked("Order of customers by purchases (1: perfect)"),
    ("purchases", "capture_10"): marked("Share of all purchases made by the tenth forecast to buy most"),
    ("spend", "crps"): marked("How much each customer spends (error)"),
    ("spend", "gini"): marked("Order of customers by spend (1: perfect)"),
    ("spend", "capture_10"): marked("Share of all spend that comes from the tenth forecast to spend most"),
}
RULES: Final = {
    "past spend": marked("past spend"),
    "recency": marked("recency"),
    "own rate": marked("own rate"),
    "last period repeated": marked("last period repeated"),
    "zero": marked("zero"),
}
RULE_MEANINGS: Final = {
    "past spend": marked("who has spent most will spend most"),
    "recency": marked("who bought last will buy most"),
    "own rate": marked("everybody goes on at their own past rate"),
    "last period repeated": marked("everybody does what they did in the last period"),
    "zero": marked("nobody buys again"),
}
OUTCOMES: Final = {
    "better": marked("model better"),
    "alike": marked("alike"),
    "worse": marked("rule better"),
}


def trust(record: RunRecord) -> Section:
    """What was forecast in the past, held against what came."""
    tested = Backtested.of(record)
    parts = (Part(tuple(_verdict(tested))), *_totals(record, tested), _customers(tested), _rules(tested))
    return Section("trust", _("How far to trust it"), (*parts, *_choice(record)), _("How far to trust it"))


def _verdict(tested: Backtested) -> Iterator[str]:
    won = sum(each.outcome == "better" for each in tested.against)
    mostly = 2 * won > len(tested.against)
    yield {
        "promised": _("Past totals came within their intervals about as often as promised."),
        "fewer": _(
            "Past totals came within their intervals less often than promised; with so few tests that may be chance."
        ),
        "few": _("With care: past totals came within their intervals less often than promised, and not by chance."),
    }[tested.held]
    yield (
        _("On most questions the model told more than plain rules do.")
        if mostly
        else _("On most questions the model did not tell more than plain rules do.")
    )
    yield ngettext(
        "For this the forecast was made again from {count} date in the past, each time knowing only what was known on "
        "that day, and held against what came.",
        "For this the forecast was made again from {count} dates in the past, each time knowing only what was known on "
        "that day, and held against what came.",
        tested.origins,
    ).format(count=count(tested.origins))


def _totals(record: RunRecord, tested: Backtested) -> Iterator[Part]:
    """Totals of purchases and spend, from each date."""
    horizon = _telling(tested)
    table = Table(
        (_("totals of"), _("how far ahead"), _("within the 90 % interval"), _("what came, beside the forecast")),
        tuple(_held_row(each) for each in tested.totals),
        labels=2,
        caption=_("Totals of all customers that were forecast in the past"),
    )
    yield Part(_sentences(tested), table=table, heading=_("All customers together"))
    for quantity in dict.fromkeys(each.quantity for each in tested.totals):
        yield Part(chart=_totals_chart(record, tested, quantity, horizon))


def _sentences(tested: Backtested) -> tuple[str, ...]:
    return tuple(_gap(each) for each in tested.of_totals() if each.horizon == _telling(tested))


def _telling(tested: Backtested) -> str:
    """The longest horizon that was forecast often enough to tell of; else the one that was forecast most often."""
    often = {each.horizon: each.forecasts for each in tested.of_totals()}  # the shortest first
    enough = [horizon for horizon, forecasts in often.items() if forecasts >= ENOUGH]
    return enough[-1] if enough else max(often, key=lambda horizon: often[horizon])


def _gap(held: Held) -> str:
    """Whether what came was on the whole more or less than forecast."""
    if abs(held.gap) < AS_FORECAST:
        said = _("Over {span}, all customers together bought about as often as forecast on average.")
    elif held.gap > 0.0:
        said = _("Over {span}, all customers together bought {share} more often than forecast on average.")
    else:
        said = _("Over {span}, all customers together bought {share} less often than forecast on average.")
    learned = _("The intervals in this report have learned from such errors.")
    return f"{said.format(span=span(held.horizon), share=percent(abs(held.gap)))} {learned}"


def _held_row(held: Held) -> tuple[str, ...]:
    came = percent(abs(held.gap), 1)
    more = _("{share} more") if held.gap >= 0.0 else _("{share} less")
    within = _("{held} of {count}").format(held=count(held.held), count=count(held.forecasts))
    return _(QUANTITIES[held.quantity]), span(held.horizon), within, more.format(share=came)


def _totals_chart(record: RunRecord, tested: Backtested, quantity: str, horizon: str) -> Chart:
    currency = record.settings.economics.currency

    def draw(ax: Axes) -> Axes:
        return plot_totals(tested.scorecard, quantity, horizon, tested.model, currency=currency, ax=ax)

    purchases = quantity == "purchases"
    alternative = (
        _("Totals of purchases by the date of their forecast, with intervals and what came.")
        if purchases
        else _("Totals of spend by the date of their forecast, with intervals and what came.")
    )
    caption = (
        _("Purchases of all customers over {span}, by the date on which they were forecast. Dots are what came, "
          "crosses what came outside the 90 % interval. The pale bar (honest) holds the error that the model had "
          "made by then; the dark one (textbook) takes the model to be right.")
        if purchases
        else _("Spend of all customers over {span}, by the date on which it was forecast, drawn in the same way.")
    )  # fmt: skip
    return Chart.of(draw, alternative, caption.format(span=span(horizon)))


def _customers(tested: Backtested) -> Part:
    """Intervals of single customers."""
    model, scorecard = tested.model, tested.scorecard
    share = tested.customers["purchases"]
    said = _(
        "{share} of the customers made a number of purchases within their own 90 % interval: the intervals of single "
        "customers hold what they promise."
    )
    if share < LEVEL - FAIR:
        said = _(
            "{share} of the customers made a number of purchases within their own 90 % interval: fewer than promised. "
            "Take the intervals of single customers as too narrow."
        )
    why = _(
        "Purchases are whole numbers, mostly 0, so that an interval must often hold more than it promises; counted in "
        "part are customers at the very end of theirs."
    )

    def draw(ax: Axes) -> Axes:
        return plot_coverage(scorecard, "purchases", model, ax=ax)

    chart = Chart.of(
        draw,
        _("Share of customers within their 50, 80 and 90 % intervals, by how far ahead was forecast."),
        _("Grey lines are what the intervals promise; marks above them hold more, marks below them less. {why}").format(
            why=why
        ),
    )
    return Part((said.format(share=percent(share, 1)),), chart, heading=_("Single customers"))


def _rules(tested: Backtested) -> Part:
    """The model beside the best plain rule, question by question."""
    outcomes = [each.outcome for each in tested.against]
    text = _(
        "A model is worth its trouble if it tells more than a rule that anybody could apply. Of {asked} questions, the "
        "model answers {better} better than the best plain rule, {alike} as well, {worse} worse."
    ).format(
        asked=count(len(outcomes)),
        **{outcome: count(outcomes.count(outcome)) for outcome in OUTCOMES},
    )
    table = Table(
        (_("question"), _("model"), _("best plain rule"), _("verdict")),
        tuple(_rule_row(each) for each in tested.against),
        caption=_("{model} and the best plain rule on each question, on average over all tests").format(
            model=tested.model
        ),
    )
    terms = tuple((_(RULES[name]), _(RULE_MEANINGS[name])) for name in tested.scorecard.baselines if name in RULES)
    return Part((text,), table=table, terms=terms, heading=_("Against plain rules"))


def _rule_row(each: Against) -> tuple[str, ...]:
    question = _(QUESTIONS[each.measure.quantity, each.measure.column])
    shares = each.measure.column.startswith("capture")
    model, rule = (percent(score, 1) if shares else decimal(score, 3) for score in (each.model, each.rule))
    best = _("{score} ({rule})").format(score=rule, rule=_(RULES[each.name]) if each.name in RULES else each.name)
    return question, model, best, _(OUTCOMES[each.outcome])


def _choice(record: RunRecord) -> Iterator[Part]:
    """Why this model, of those that were tested."""
    table, chosen = record.choice.table, record.choice.model
    if len(table) < 2:
        yield Part((_("{model} is the only model that was tested.").format(model=chosen),), heading=_("Why this model"))
        return
    near = table["customers_worse"] <= np.maximum(table["customers_se"], ALIKE)
    alike = [str(name) for name in table.loc[near, "model"]]
    if alike == [chosen]:
        second = table.iloc[1]
        said = _("{model} forecast the purchases of customers best; {second} was {share} worse.").format(
            model=chosen, second=second["model"], share=percent(float(second["customers_worse"]), 1)
        )
    else:
        said = _(
            "{models} forecast the purchases of customers equally well. Of them, {model} was taken: the nearest on "
            "totals, or the simplest of those that are equal there too."
        ).format(models=listed(alike), model=chosen)
    found = Table(
        (_("model"), _("error, customers (average model: 1)"), _("error, totals (average model: 1)")),
        tuple(
            (Verbatim(row["model"]), decimal(row["customers"], 3), _number(float(row["totals"])))
            for _place, row in table.iterrows()
        ),
        caption=_("Errors of the models in the same tests, less is better"),
    )
    yield Part((said,), table=found, heading=_("Why this model"))


def _number(value: float) -> str:
    return NONE if np.isnan(value) else decimal(value, 3)
