"""The sections of a report: each takes the content and says what its numbers say, in words that need no statistics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from lifeworth.models.ground.summary import ID
from lifeworth.models.valuation.economics import Economics, margin_mean

from . import plots
from .concentration import TOPS, Concentration, customer_values
from .report_holdout import holdout_section
from .report_methods import data_section, methods_section, models_section
from .report_parts import Card, Chart, Part, Section, Table
from .wording import ahead, count, day, money, percent, short, span

if TYPE_CHECKING:
    from .report import ReportContent

MOST_VALUABLE: Final = 10
"""Customers named in the report."""


@dataclass(frozen=True)
class Headline:
    """The first screen: the answer in a sentence, cards, and what to beware of."""

    answer: str
    meaning: str
    cards: tuple[Card, ...]
    caution: str


def headline(content: ReportContent) -> Headline:
    """The answer first."""
    valuation, customers = content.valuation, len(content.summary)
    first = valuation.total.iloc[0]
    known = f" known on {day(valuation.until)}" if valuation.until is not None else ""
    next_months = ahead(valuation.horizons[0].label)
    answer = (
        f"The {count(customers)} customers{known} are expected to bring {_short(first['value_mean'], content)} over "
        f"{next_months}, {_interval(first, content)}."
    )
    return Headline(answer, _meaning(valuation.economics), tuple(_cards(content)), _caution(content))


def sections(content: ReportContent) -> tuple[Section, ...]:
    """Every section for which there is content, in the order of the page."""
    found = [_expected(content), _value(content), _new_customer(content)]
    currency = content.valuation.economics.currency
    if content.holdout is not None:
        found.insert(1, holdout_section(content.holdout, content.tracking, content.scorecard, currency))
    return (*found, data_section(content), models_section(content), methods_section(content))


def interval_of(row: Any, quantity: str, currency: str) -> str:
    """The 90 % interval of a quantity in a row of a table."""
    low, high = (money(row[f"{quantity}_{end}"], currency) for end in ("q05", "q95"))
    return f"{low} to {high}"


def _short(value: float, content: ReportContent) -> str:
    return short(value, content.valuation.economics.currency)


def _interval(row: Any, content: ReportContent, quantity: str = "value") -> str:
    low, high = (_short(row[f"{quantity}_{end}"], content) for end in ("q05", "q95"))
    return f"in nine of ten simulated futures between {low} and {high}"


def _meaning(economics: Economics) -> str:
    """What "bring" means, in one sentence."""
    if isinstance(economics.margin, (str, Mapping)):
        share = "Each customer's own margin on their future purchases"
    else:
        share = (
            f"{percent(margin_mean(economics.margin) - sum(economics.share_costs.values()))} of what they will spend"
        )
    costs = {"for each order": economics.order_costs, "for each year a customer stays": economics.alive_costs}
    named = [f"{money(sum(each.values()), economics.currency)} {what}" for what, each in costs.items() if each]
    less = f", less {' and '.join(named)}" if named else ""
    return (
        f"{share}{less}, discounted at {percent(economics.annual_discount_rate)} a year. Nothing they spent in the "
        "past is counted, and nothing of what it cost to win them."
    )


def _cards(content: ReportContent) -> Iterator[Card]:
    for place, horizon in enumerate(content.valuation.horizons):
        row = content.valuation.total.iloc[place]
        low, high = (_short(row[f"value_{end}"], content) for end in ("q05", "q95"))
        label = f"Value, {span(horizon.label)}"
        yield Card(label, _short(row["value_mean"], content), f"{low} to {high}")
    first = content.valuation.total.iloc[0]
    within = span(content.valuation.horizons[0].label)
    active = first["p_active"] * len(content.summary)
    yield Card(f"Buyers, {within}", count(active), f"{percent(first['p_active'])} of the customers")
    new = content.valuation.new_customer.iloc[0]
    worth = money(new["new_customer_value_mean"], content.valuation.economics.currency)
    yield Card(f"New customer, {within}", worth, _against_cost(content))


def _against_cost(content: ReportContent) -> str:
    new = content.valuation.new_customer.iloc[0]
    if "cac" not in new:
        return "before what it costs to win one"
    return f"costs {money(new['cac'], content.valuation.economics.currency)} to win"


def _caution(content: ReportContent) -> str:
    if content.holdout is None:
        return f"{content.valuation.calibration} No test on past data was made for this report."
    total = content.holdout.total_of("purchases")
    gap, weeks = total["ratio"] - 1.0, span(content.holdout.horizon)
    test = f"In a test on {weeks} that are now past, customers bought {percent(abs(gap), 1)} "
    test += f"{'more' if gap > 0 else 'less'} often than forecast"
    if total["inside"]:
        return f"{test}, within the interval given. That is one test on one date; see below."
    return f"{test}, outside the interval given, which is made to hold nine times in ten; see below."


def _expected(content: ReportContent) -> Section:
    valuation, currency = content.valuation, content.valuation.economics.currency
    rows = []
    for place, horizon in enumerate(valuation.horizons):
        row = valuation.total.iloc[place]
        value, each = (
            money(amount, currency) for amount in (row["value_mean"], row["value_mean"] / len(content.summary))
        )
        rows.append((span(horizon.label), value, interval_of(row, "value", currency), each, percent(row["p_active"])))
    columns = ("within", "expected value", "90 % interval", "per customer", "customers who buy")
    first = valuation.horizons[0].label
    caption = (
        f"Each simulated future is one possible course of {ahead(first)} for all customers together. "
        "Dark bars hold 90 % of them."
    )
    chart = Chart.of(
        lambda ax: plots.plot_total(valuation, horizon=first, ax=ax),
        f"Histogram of the total value of all customers over {span(first)}.",
        caption,
    )
    text = (
        "What the customers of today are expected to bring: their residual value. Totals of single customers' low and "
        "high values would be far too wide: luck evens out. These intervals are of the total itself.",
    )
    return Section("expected", "What to expect", (Part(text, table=Table(columns, tuple(rows))), Part(chart=chart)))


def _value(content: ReportContent) -> Section:
    valuation = content.valuation
    first = span(valuation.horizons[0].label)
    distribution = Chart.of(
        lambda ax: plots.plot_value_distribution(valuation, ax=ax),
        "Histogram of customers by expected value, with median and average.",
        f"The value of single customers over {first}, as expected today. Where the axis is logarithmic, equal steps "
        "are equal multiples.",
    )
    text = (
        "Ranked by what they are expected to bring. A single customer's interval is wide, and a high value does not "
        "say that an offer would raise it: that takes an experiment.",
    )
    ranked = Part(text, table=_most_valuable(content), heading=f"The {MOST_VALUABLE} most valuable customers")
    return Section("value", "Where the value is", (Part(chart=distribution), *_concentration(content), ranked))


def _concentration(content: ReportContent) -> Iterator[Part]:
    """Who holds the value; nothing where there is none to hold."""
    values = customer_values(content.valuation)
    if not values.sum() > 0.0:
        return
    curve = Concentration.of(values)
    shares = ", ".join(f"the top {percent(top)} hold {percent(curve.held_by(top))}" for top in TOPS)
    yield Part(
        chart=Chart.of(
            lambda ax: plots.plot_concentration(content.valuation, ax=ax),
            "Curve of the share of the value held by the most valuable customers.",
            f"Ranked by expected value, {shares}.",
        )
    )


def _most_valuable(content: ReportContent) -> Table:
    valuation, currency = content.valuation, content.valuation.economics.currency
    rows = valuation.customers[valuation.customers["horizon"] == valuation.horizons[0].label]
    history = content.summary.frame["frequency"].to_numpy()
    told = rows.assign(frequency=history).nlargest(MOST_VALUABLE, "value_mean")
    table = tuple(
        (
            str(row[ID]),
            count(row["frequency"]),
            percent(row["p_active"]),
            money(row["value_mean"], currency),
            interval_of(row, "value", currency),
        )
        for _, row in told.iterrows()
    )
    first = span(valuation.horizons[0].label)
    columns = ("customer", "repeat purchases", f"will buy in {first}", "expected value", "90 % interval")
    return Table(columns, table)


def _new_customer(content: ReportContent) -> Section:
    new, currency = content.valuation.new_customer, content.valuation.economics.currency
    group = content.valuation.economics.cac_by
    grouped = group is not None and group in new
    rows = tuple(_new_row(row, group if grouped else None, currency) for _, row in new.iterrows())
    costs = ("cost to win", "left") if "cac" in new else ()
    columns = (
        *((group,) if grouped and group else ()),
        "within",
        "first order",
        "afterwards",
        "together",
        "median",
        *costs,
    )
    text = [
        _new_sentence(row, group if grouped else None, currency) for _, row in new.iterrows() if _is_first(row, content)
    ]
    text.append(
        "Contribution of one customer just won, from the first order on, discounted. The median is what half of new "
        f"customers stay below{': a few good ones carry the average' if _skewed(new) else ''}."
    )
    return Section(
        "new", "What a new customer is worth", (Part(tuple(text), table=Table(columns, rows, 2 if grouped else 1)),)
    )


def _skewed(new: pd.DataFrame) -> bool:
    return bool((new["new_customer_value_q50"] < new["new_customer_value_mean"]).all())


def _is_first(row: Any, content: ReportContent) -> bool:
    return bool(row["horizon"] == content.valuation.horizons[0].label)


def _new_row(row: Any, group: str | None, currency: str) -> tuple[str, ...]:
    amounts = [row[f"{name}_mean"] for name in ("first_order", "residual_value", "new_customer_value")]
    amounts.append(row["new_customer_value_q50"])
    amounts += [row["cac"], row["acquisition_npv_mean"]] if "cac" in row else []
    labels = (str(row[group]), span(row["horizon"])) if group else (span(row["horizon"]),)
    return (*labels, *(money(amount, currency) for amount in amounts))


def _new_sentence(row: Any, group: str | None, currency: str) -> str:
    who = f"A new customer from {row[group]}" if group else "A new customer"
    worth = money(row["new_customer_value_mean"], currency)
    said = f"{who} is worth {worth} within {span(row['horizon'])}"
    if "cac" not in row:
        return f"{said}, on average."
    left, cost = row["acquisition_npv_mean"], money(row["cac"], currency)
    verdict = f"{money(abs(left), currency)} {'more' if left >= 0 else 'less'} than the {cost} it costs to win one"
    return f"{said} on average, {verdict}."
