"""The section on what is assumed: what value means, the economics, how rows are treated, what intervals hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from lifeworth.models.ground.units import DAYS_PER_YEAR

from ..record.record import RunRecord
from ..reporting.labels import capital, loyalty_tier
from ..reporting.language import gettext as _
from ..reporting.language import marked
from ..reporting.wording import count, day, listed, money, percent, span
from .labels import policy, row_kind
from .parts import English, Part, Section, Table
from .words import inline, verbatim

KEYS: Final = {
    "margin": marked("contribution margin, as a share of revenue"),
    "annual_discount_rate": marked("discount rate, a year"),
    "cac": marked("cost of winning a customer"),
    "cost_share": marked("further costs, as a share of revenue"),
    "cost_per_order": marked("cost of an order"),
    "cost_per_year_alive": marked("cost of a customer, a year"),
    "fixed_cost_per_year": marked("fixed cost of the business, a year"),
}
"""Economics in words, by their keys in the settings."""


def assumptions(record: RunRecord) -> Section:
    """Tell what is assumed."""
    parts = (_meaning(record), *_unchecked(record), _economics(record), _choices(record), _models(), _intervals(record))
    return Section("assumptions", _("What is assumed"), parts, _("Assumptions"))


def _meaning(record: RunRecord) -> Part:
    rate = record.settings.economics.annual_discount_rate
    text = (
        _(
            "Value is residual value: what the customers of today are expected to leave in future, after the costs "
            "below. Nothing that they spent in the past is in it, nor what it cost to win them."
        ),
        _(
            "An amount that comes in later counts for less: {rate} less a year, to the day of each purchase. A year of "
            "the models has {days} days."
        ).format(rate=percent(rate / (1.0 + rate), 1), days=count(DAYS_PER_YEAR)),
        _(
            "What a new customer is worth includes the first order; the cost of winning one is taken off nowhere but "
            "where the report says so."
        ),
    )
    return Part(text)


def _unchecked(record: RunRecord) -> Iterator[Part]:
    """What nobody has checked yet."""
    assumed = record.settings.economics.assumed
    if assumed:
        names = listed([_name(key) for key in assumed])
        yield Part(
            caution=(
                _(
                    "Nobody has checked these numbers yet: {names}. They came with the settings, and every amount of "
                    "money here hangs on them. Put your own into [economics], and take them off its list “assumed”."
                ).format(names=names),
            )
        )


def _economics(record: RunRecord) -> Part:
    economics = record.settings.economics
    rows = tuple(
        (what, detail, amount, _("not yet") if key in economics.assumed else _("as configured"))
        for key, what, detail, amount in _costs(record)
    )
    columns = (_("what"), _("of"), _("amount"), _("checked"))
    caption = _("What a purchase leaves, and what a customer costs")
    return Part(table=Table(columns, rows, labels=2, caption=caption), heading=_("Margin and costs"))


def _costs(record: RunRecord) -> Iterator[tuple[str, str, str, str]]:
    """Key, name, detail and amount of each number of the economics."""
    economics = record.settings.economics
    money_keys = {"cost_per_order": economics.cost_per_order, "cost_per_year_alive": economics.cost_per_year_alive}
    margin = economics.margin
    if isinstance(margin, str):
        yield "margin", _name("margin"), verbatim(margin), _("each customer's own")
    else:
        yield "margin", _name("margin"), "", percent(margin, 1)
    rate = economics.annual_discount_rate
    yield "annual_discount_rate", _name("annual_discount_rate"), "", percent(rate, 1)
    for detail, share in _each(economics.cost_share):
        yield "cost_share", _name("cost_share"), detail, percent(share, 1)
    for key, costs in money_keys.items():
        for detail, cost in _each(costs):
            yield key, _name(key), detail, money(cost, economics.currency)
    if economics.fixed_cost_per_year:
        fixed = money(economics.fixed_cost_per_year, economics.currency)
        yield "fixed_cost_per_year", _name("fixed_cost_per_year"), "", fixed
    if economics.cac is None:
        yield "cac", _name("cac"), "", _("not known")
        return
    for detail, cost in _each(economics.cac, zero=True):
        yield "cac", _name("cac"), detail, money(cost, economics.currency)


def _each(costs: Mapping[str, float] | float, zero: bool = False) -> Iterator[tuple[str, float]]:
    """Costs by name; of one without a name, it alone, and nothing where it is nothing."""
    if isinstance(costs, Mapping):
        yield from ((verbatim(name), amount) for name, amount in costs.items())
    elif costs or zero:
        yield "", float(costs)


def _choices(record: RunRecord) -> Part:
    """What the settings choose: horizons, models, rows, tiers, draws."""
    settings = record.settings
    rows = settings.rows
    tiers = [
        _("{tier} {share}").format(tier=loyalty_tier(name), share=percent(share))
        for name, share in settings.tiers.shares.items()
    ]
    terms: list[tuple[str, str]] = [
        (_("Horizons"), listed([span(horizon.label) for horizon in record.valuation.horizons])),
        (_("Models that competed"), listed(list(settings.models.candidates))),
        (_("Loyalty tiers"), listed(tiers)),
        (_("Simulated futures of each customer"), count(record.valuation.basis.draws)),
        (capital(row_kind("refund")), policy(rows.refunds)),
        (capital(row_kind("zero_amount")), policy(rows.zero)),
        (capital(row_kind("duplicate")), policy(rows.duplicates)),
        (capital(listed([row_kind(f"missing_{what}") for what in ("id", "date", "amount")])), _missing(record)),
    ]
    if rows.acquired_from is not None:
        import pandas as pd

        left = _("left out where first seen before {day}").format(day=day(pd.Timestamp(rows.acquired_from)))
        terms.append((_("Customers"), left))
    return Part(terms=tuple(terms), heading=_("What the settings choose"))


def _missing(record: RunRecord) -> str:
    """What is done with rows that lack something: once where it is the same for all."""
    rows = record.settings.rows
    said = [policy(each) for each in (rows.missing_id, rows.missing_date, rows.missing_amount)]
    return said[0] if len(set(said)) == 1 else listed(said)


def _models() -> Part:
    points = (
        _(
            "Each customer buys at a rate of their own until they leave for good, which nobody sees: the models infer "
            "both from when customers have bought so far."
        ),
        _(
            "Rates do not change with season, price or advertising. What such things did to forecasts in the past is "
            "in the intervals, not in the means."
        ),
        _("How much a customer spends on a purchase does not depend on how often they buy."),
        _("A purchase is all that a customer orders on one day."),
        _("Margin, costs and the discount rate stay as they are."),
    )
    return Part(points=points, heading=_("What the models take for granted"))


def _intervals(record: RunRecord) -> Part:
    text = [
        _(
            "A 90 % interval is of the outcome: what will really happen is meant to lie in it nine times in ten. It "
            "holds doubt about the parameters, chance, and the error that the model has made in the past."
        ),
        _(
            "The interval of a total is that of the total itself: ends of single customers' intervals do not add up, "
            "because luck evens out."
        ),
        _(
            "Intervals of what an average new customer brings, of payback and of asking customers back hold doubt "
            "about averages alone: a single customer varies far more."
        ),
    ]
    return Part((*text, English(record.valuation.calibration)), heading=_("What the intervals mean"))


def _name(key: str) -> str:
    known = KEYS.get(key)
    return inline(key) if known is None else _(known)
