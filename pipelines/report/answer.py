"""The answer: what the customer base is worth, what is expected of it, how sure that is, what to beware of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from lifeworth.models.valuation.economics import Economics, margin_mean

from ..record.record import RunRecord
from ..reporting.language import gettext as _
from ..reporting.language import marked, ngettext
from ..reporting.plot_value import plot_total
from ..reporting.wording import ahead, count, day, listed, money, percent, short, span
from .gate_words import gate_sentence
from .parts import Card, Chart, Part, Section
from .tested import Backtested

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NARROW: Final = 0.15
WIDE: Final = 0.35
"""Half the 90 % interval as a share of what is expected: up to the first a forecast is called sure, beyond the second
rough."""
ALIKE: Final = 0.05
"""Amounts of groups that differ by less are told as one."""
TERMS: Final = {
    "margin": marked("the margin"),
    "annual_discount_rate": marked("the discount rate"),
    "currency": marked("the currency"),
    "cac": marked("the cost of winning a customer"),
    "cac_by": marked("what the cost of winning a customer depends on"),
    "cost_share": marked("the costs as a share of the amount"),
    "cost_per_order": marked("the costs of an order"),
    "cost_per_year_alive": marked("the costs of a year that a customer stays"),
    "fixed_cost_per_year": marked("the fixed costs"),
}
"""Keys of [economics] in words."""


def answer(record: RunRecord) -> Section:
    """The first section; its heading is the answer in a sentence."""
    parts = (
        Part((_meaning(record.valuation.economics),), cards=tuple(_values(record))),
        Part(cards=tuple(_cards(record)), caution=tuple(_cautions(record))),
        Part(tuple(_how_sure(record)), chart=_chart(record), heading=_("How sure is this?")),
    )
    return Section("answer", _headline(record), parts, _("The answer"))


def _headline(record: RunRecord) -> str:
    customers = len(record.summary)
    worth = ngettext(
        "Your customer base is worth {value}: what its {count} customer is expected to bring over {ahead}, in nine "
        "of ten simulated futures between {low} and {high}.",
        "Your customer base is worth {value}: what its {count} customers are expected to bring over {ahead}, in nine "
        "of ten simulated futures between {low} and {high}.",
        customers,
    )
    return worth.format(count=count(customers), ahead=_next(record), **_ends(record, "value", _currency(record)))


def _meaning(economics: Economics) -> str:
    """What "worth" means, in a few sentences."""
    costs = {
        _("{amount} for each order"): economics.order_costs,
        _("{amount} for each year that a customer stays"): economics.alive_costs,
    }
    named = [said.format(amount=money(sum(each.values()), economics.currency)) for said, each in costs.items() if each]
    margin = economics.margin
    own = isinstance(margin, (str, Mapping))
    if own and named:
        worth = _(
            "This counts the margin of each customer on what they will buy, less {costs}, discounted at {rate} a year."
        )
    elif own:
        worth = _("This counts the margin of each customer on what they will buy, discounted at {rate} a year.")
    elif named:
        worth = _("This counts {share} of what they will spend, less {costs}, discounted at {rate} a year.")
    else:
        worth = _("This counts {share} of what they will spend, discounted at {rate} a year.")
    share = 0.0 if isinstance(margin, (str, Mapping)) else margin_mean(margin) - sum(economics.share_costs.values())
    counted = worth.format(share=percent(share), costs=listed(named), rate=percent(economics.annual_discount_rate))
    return f"{counted} {_('Nothing that they spent in the past is in it, and nothing of what it cost to win them.')}"


def _values(record: RunRecord) -> Iterator[Card]:
    for place, horizon in enumerate(record.valuation.horizons):
        said = _("Value, {span}").format(span=span(horizon.label))
        yield Card(said, *_number(record, "value", _currency(record), place))


def _cards(record: RunRecord) -> Iterator[Card]:
    first, currency = span(record.valuation.horizons[0].label), _currency(record)
    yield Card(_("Purchases, {span}").format(span=first), *_number(record, "purchases", ""))
    yield Card(_("Spend, {span}").format(span=first), *_number(record, "spend", currency))
    yield _active(record, first)
    yield _new_customer(record, first)


def _number(record: RunRecord, quantity: str, currency: str, place: int = 0) -> tuple[str, str]:
    """The expected total, and its interval."""
    ends = _ends(record, quantity, currency, place)
    return ends["value"], _("{low} to {high} in nine of ten futures").format(**ends)


def _ends(record: RunRecord, quantity: str, currency: str, place: int = 0) -> dict[str, str]:
    row = _total(record, quantity, place)
    write = count if quantity == "purchases" else lambda value: short(value, currency)
    ends = {"value": "mean", "low": "q05", "high": "q95"}
    return {name: write(row[f"{quantity}_{end}"]) for name, end in ends.items()}


def _total(record: RunRecord, quantity: str, place: int = 0) -> pd.Series[Any]:
    outlook = record.valuation if quantity == "value" else record.forecast
    return outlook.total.iloc[place]


def _active(record: RunRecord, within: str) -> Card:
    customers, share = len(record.summary), float(_total(record, "value")["p_active"])
    below = _("{share} of {count} will buy at least once").format(share=percent(share), count=count(customers))
    return Card(_("Active customers, {span}").format(span=within), count(share * customers), below)


def _new_customer(record: RunRecord, within: str) -> Card:
    """What a customer won today is worth; from the least to the most of the groups that are told apart."""
    new, currency = record.valuation.new_customer, _currency(record)
    rows = new[new["horizon"] == record.valuation.horizons[0].label]
    below = _("before what it costs to win one")
    if "cac" in rows:
        below = _("costs {amount} to win").format(amount=_range(rows["cac"], currency))
    label = _("A new customer, {span}").format(span=within)
    return Card(label, _range(rows["new_customer_value_mean"], currency), below)


def _range(values: pd.Series[float], currency: str) -> str:
    least, most = float(values.min()), float(values.max())
    low, high = money(least, currency), money(most, currency)
    if low == high:
        return low
    if abs(most - least) <= ALIKE * abs(most):
        return _("about {amount}").format(amount=short(float(values.mean()), currency))
    return _("{low} to {high}").format(low=low, high=high)


def _how_sure(record: RunRecord) -> Iterator[str]:
    row = _total(record, "value")
    mean, low, high = (float(row[f"value_{end}"]) for end in ("mean", "q05", "q95"))
    if mean > 0.0:
        half = (high - low) / (2.0 * mean)
        said = _("The forecast is rough: the interval reaches from {below} below to {above} above what is expected.")
        if half <= NARROW:
            said = _("The forecast is sure: the interval reaches from {below} below to {above} above what is expected.")
        elif half <= WIDE:
            said = _(
                "The forecast is moderately sure: the interval reaches from {below} below to {above} above what is "
                "expected."
            )
        yield said.format(below=percent(1.0 - low / mean), above=percent(high / mean - 1.0))
    yield _(
        "The interval holds chance, doubt about the model's numbers, and the error that the model made in the past; it "
        "does not hold what has never happened before, such as a new competitor or another price."
    )
    yield Backtested.of(record).in_short()


def _chart(record: RunRecord) -> Chart:
    valuation, first = record.valuation, record.valuation.horizons[0].label

    def draw(ax: Axes) -> Axes:
        return plot_total(valuation, horizon=first, ax=ax)

    return Chart.of(
        draw,
        _("Histogram of the value of all customers in simulated futures."),
        _(
            "Each simulated future is one possible course of {ahead} for all customers together; the dark bars hold "
            "nine of ten of them, and the line is what is expected."
        ).format(ahead=ahead(first)),
    )


def _cautions(record: RunRecord) -> Iterator[str]:
    """Assumed economics, old data, what the checks warn of."""
    assumed = [_(TERMS[key]) for key in record.settings.economics.assumed if key in TERMS]
    if assumed:
        yield _(
            "Nobody has checked these assumptions yet: {terms}. Every amount here depends on them; put your own into "
            "the settings."
        ).format(terms=listed(assumed))
    until = record.summary.until
    if until is not None and until.normalize() < record.as_of.normalize():
        yield _("The newest data are of {date}: what was bought since is not known here.").format(date=day(until))
    yield from (gate_sentence(gate) for gate in record.gates if gate.outcome == "warned" and gate.gate != "suited")
    raised = len(record.suited.raised)
    if raised:
        yield ngettext(
            "{count} of the {all} checks whether the models suit these customers asks for care; see the section on the "
            "data.",
            "{count} of the {all} checks whether the models suit these customers ask for care; see the section on the "
            "data.",
            raised,
        ).format(count=count(raised), all=count(len(record.suited.checks)))


def _next(record: RunRecord) -> str:
    return ahead(record.valuation.horizons[0].label)


def _currency(record: RunRecord) -> str:
    return record.settings.economics.currency
