"""What to do for each segment, and what the names of segments mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from lifeworth.models.decisions.customers.segments import Segments
from lifeworth.models.decisions.targeting.gains import Worth

from ..record.record import RunRecord
from ..reporting.labels import capital, value_tier
from ..reporting.labels import segment as segment_name
from ..reporting.language import gettext as _
from ..reporting.language import marked, ngettext
from ..reporting.wording import count, listed, money
from .labels import advice, template_of
from .parts import Part
from .words import interval

KEYS: Final = ["segment", "value_tier"]
MEANINGS: Final = {
    "champions": marked("bought very lately, and often"),
    "loyal": marked("buy often, and not long ago"),
    "potential loyalists": marked("bought lately, and more than a few times"),
    "new customers": marked("bought very lately, for the first time or nearly so"),
    "promising": marked("bought lately, seldom so far"),
    "need attention": marked("bought neither lately nor long ago, neither often nor seldom"),
    "about to sleep": marked("bought seldom, and it has been a while"),
    "at risk": marked("bought several times, but not for long"),
    "cannot lose them": marked("used to buy most often, but not for long"),
    "hibernating": marked("bought seldom, and not for long"),
    "lost": marked("bought seldom, and longest ago of all"),
}


def advice_part(record: RunRecord) -> Part:
    """What to do for each segment: each advice once, with all whom it is for, the most valuable first."""
    segments = record.decisions.segments
    by_advice: dict[str, list[_Given]] = {}
    for given in _given(record):
        by_advice.setdefault(given.template, []).append(given)
    tiers, currency = len(segments.tiers) > 1, segments.currency
    terms = tuple(_term(template, to, tiers, currency) for template, to in by_advice.items())
    text = _(
        "What to do depends on both: on what the segment did, and on what the model expects. A silent customer may be "
        "worth much or nothing."
    )
    return Part((text,), terms=terms, heading=_("What to do for each segment"))


def meanings_part(segments: Segments) -> Part:
    """What the names of the segments that occur mean."""
    terms = tuple((segment_name(name), _(MEANINGS[name])) for name in segments.by_segment["segment"])
    text = _(
        "Often and lately are by comparison with the other customers here: a segment may change because others have "
        "changed. The value tiers cut the customers, the most valuable first, so that each holds the same share of the "
        "expected value."
    )
    return Part((text,), terms=terms, heading=_("What the names mean"), folded=True)


@dataclass(frozen=True)
class _Given:
    """One advice to one segment: for which value tiers and how many customers, with the amounts it speaks of.

    `each` is the expected value of a customer, `limit` what winning one back gains if it works for sure.
    """

    segment: str
    tiers: tuple[str, ...]
    template: str
    customers: int
    each: float
    limit: float

    @property
    def value(self) -> float:
        """Of all of them together."""
        return self.each * self.customers


def _term(template: str, to: list[_Given], tiers: bool, currency: str) -> tuple[str, tuple[str, ...]]:
    """An advice with the least and the most of its amounts, and whom it is for, each with its own."""
    amounts = {"value": [given.each for given in to], "limit": [given.limit for given in to]}
    said = advice(template, **{name: _range(each, currency) for name, each in amounts.items()})
    who = [_who(given, tiers) for given in to]
    for name, each in amounts.items():
        if f"{{{name}}}" in template and len(to) > 1:
            told = _("{who}: {amount}")
            who = [told.format(who=one, amount=money(amount, currency)) for one, amount in zip(who, each, strict=True)]
    return said, tuple(who)


def _range(values: list[float], currency: str) -> str:
    low, high = (money(end(values), currency) for end in (min, max))
    return low if low == high else interval(min(values), max(values), currency)


def _who(given: _Given, tiers: bool) -> str:
    """Whom an advice is for."""
    if tiers:
        found = ngettext(
            "{segment}, {tiers} value ({customers} customer)",
            "{segment}, {tiers} value ({customers} customers)",
            given.customers,
        )
    else:
        found = ngettext("{segment} ({customers} customer)", "{segment} ({customers} customers)", given.customers)
    return found.format(
        segment=capital(segment_name(given.segment)),
        tiers=listed([value_tier(tier) for tier in given.tiers]),
        customers=count(given.customers),
    )


def _given(record: RunRecord) -> list[_Given]:
    """Every advice to every segment, the most valuable first."""
    return sorted(_each(record), key=lambda given: given.value, reverse=True)


def _each(record: RunRecord) -> Iterator[_Given]:
    segments = record.decisions.segments
    table = segments.frame.assign(template=segments.frame["action"].map(template_of)).merge(
        _limits(record, segments), on=KEYS, how="left", validate="one_to_one"
    )
    for (name, template), rows in table.groupby(["segment", "template"], sort=False):
        size = rows["customers"].to_numpy()
        yield _Given(
            str(name),
            tuple(rows["value_tier"]),
            str(template),
            int(size.sum()),
            float(np.average(rows["value_per_customer"], weights=size)),
            float(np.average(rows["limit"], weights=size)),
        )


def _limits(record: RunRecord, segments: Segments) -> pd.DataFrame:
    """What winning back one customer of each segment and tier gains, if it works for sure."""
    worth = Worth.of(record.valuation, record.valuation.place(segments.horizon))
    customers: Any = segments.customers[KEYS].assign(limit=np.maximum(worth.bound, 0.0))
    found: pd.DataFrame = customers.groupby(KEYS, sort=False)["limit"].mean().reset_index()
    return found
