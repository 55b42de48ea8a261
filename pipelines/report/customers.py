"""The section on who the customers are: how many and how active, segments, tiers, concentration, cohorts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import numpy as np

from lifeworth.models.decisions.customers.cohorts import COHORT, YEAR, Cohorts
from lifeworth.models.decisions.customers.rfm import days_since_first, days_since_last
from lifeworth.models.ground.units import DAYS_PER_UNIT, INFINITE

from ..record.record import RunRecord
from ..reporting.concentration import TOPS, Concentration, customer_values
from ..reporting.findings import concentration_finding, value_finding
from ..reporting.labels import loyalty_tier
from ..reporting.labels import segment as segment_name
from ..reporting.language import gettext as _
from ..reporting.language import ngettext
from ..reporting.plot_cohorts import cohort_label, cohorts_finding, plot_cohorts
from ..reporting.plot_segments import plot_segments, segments_finding
from ..reporting.plot_tiers import plot_tiers, tiers_finding
from ..reporting.plot_value import plot_concentration, plot_value_distribution
from ..reporting.wording import ahead, count, days, decimal, money, percent, span
from .advice import advice_part, meanings_part
from .parts import Card, Chart, Part, Section, Table
from .words import captioned, interval, tall, verbatim

COHORTS_DRAWN: Final = 12
"""The latest cohorts that a chart and a table show: three years of quarters, a year of months."""


def customers(record: RunRecord) -> Section:
    """Tell who the customers are."""
    parts = (
        _base(record),
        *_segments(record),
        *_tiers(record),
        *_concentrated(record),
        *_cohorts(record),
    )
    return Section("customers", _("Who the customers are"), parts, _("Customers"))


def _base(record: RunRecord) -> Part:
    """How many there are, how old, how active."""
    frame, size = record.summary.frame, len(record.summary)
    again = int((frame["frequency"] > 0).sum())
    text = [
        ngettext(
            "{customers} customer is known; {again} ({share}) have bought more than once.",
            "{customers} customers are known; {again} ({share}) have bought more than once.",
            size,
        ).format(customers=count(size), again=count(again), share=percent(again / size)),
        _(
            "Half of the customers made their first purchase {first} ago or earlier; half have not bought for {last} "
            "or longer."
        ).format(
            first=days(float(np.median(days_since_first(record.summary)))),
            last=days(float(np.median(days_since_last(record.summary)))),
        ),
    ]
    if again:
        repeated = frame[frame["frequency"] > 0]
        gap = float((repeated["recency"] / repeated["frequency"]).median()) * DAYS_PER_UNIT[record.summary.unit]
        text.append(_("Half of those who come back do so every {gap} or more often.").format(gap=days(round(gap))))
    return Part(tuple(text), cards=tuple(_activity(record)))


def _activity(record: RunRecord) -> Iterator[Card]:
    """What was observed beside what is modelled, each under its name."""
    cohorts, size = record.decisions.cohorts, len(record.summary)
    bought = float((cohorts.frame["active_observed"] * cohorts.frame["customers"]).sum())
    back = span(YEAR if cohorts.horizon == INFINITE else cohorts.horizon)  # as far as activity is looked back
    yield Card(
        _("Bought in the last {span}").format(span=back),
        count(bought),
        _("observed: {share} of the customers").format(share=percent(bought / size)),
    )
    first = record.valuation.total.iloc[0]
    yield Card(
        _("Will buy in {span}").format(span=ahead(record.valuation.horizons[0].label)),
        count(first["p_active"] * size),
        _("modelled: {share} of the customers").format(share=percent(first["p_active"])),
    )
    yield Card(
        _("Still customers"),
        count(first["p_alive"] * size),
        _("modelled: {share}; nobody says goodbye, so this cannot be counted").format(share=percent(first["p_alive"])),
    )


def _segments(record: RunRecord) -> Iterator[Part]:
    segments, currency = record.decisions.segments, record.decisions.segments.currency
    table = segments.by_segment.sort_values("value_mean", ascending=False, kind="stable")
    rows = tuple(
        (
            segment_name(row["segment"]),
            count(row["customers"]),
            percent(row["share"]),
            money(row["value_mean"], currency),
            interval(row["value_q05"], row["value_q95"], currency),
            money(row["value_per_customer"], currency),
            percent(row["p_active"]),
        )
        for row in table.to_dict("records")
    )
    columns = (
        _("segment"),
        _("customers"),
        _("share"),
        _("expected value"),
        _("90 % interval"),
        _("per customer"),
        _("will buy (modelled)"),
    )
    text = _(
        "The names look back: at how lately and how often customers have bought, compared with the others here. The "
        "value looks ahead: what they are expected to bring within {span}."
    ).format(span=span(segments.horizon))
    chart = Chart.of(
        tall(lambda ax: plot_segments(segments, ax=ax), len(rows)),
        _("Bars of the expected value of each segment."),
        captioned(
            segments_finding(segments.by_segment, currency),
            _(
                "Each bar is what a segment is expected to bring, its line the 90 % interval. A bar that ends before "
                "its diamond has more customers than value."
            ),
        ),
    )
    caption = _("Segments by what they are expected to bring within {span}").format(span=span(segments.horizon))
    yield Part((text,), chart, heading=_("Segments"))
    yield Part(table=Table(columns, rows, caption=caption))
    yield advice_part(record)
    yield meanings_part(segments)


def _tiers(record: RunRecord) -> Iterator[Part]:
    tiers, currency = record.decisions.tiers, record.decisions.tiers.currency
    table = tiers.summary
    size, budget = table["customers"].sum(), "budget" in table
    rows = tuple(
        (
            loyalty_tier(row["tier"]),
            count(row["customers"]),
            percent(row["customers"] / size),
            money(row["value_mean"], currency),
            interval(row["value_q05"], row["value_q95"], currency),
            percent(row["value_share"]),
            money(row["value_per_member"], currency),
            money(row["budget_per_member" if budget else "one_percent_per_member"], currency),
        )
        for row in table.to_dict("records")
    )
    columns = (
        _("tier"),
        _("customers"),
        _("share"),
        _("expected value"),
        _("90 % interval"),
        _("share of the value"),
        _("per member"),
        _("reward it bears, per member") if budget else _("1 % more value, per member"),
    )
    horizon = record.valuation.horizons[0].label
    text = _(
        "Customers belong to a tier by the probability that they will be among the most valuable within {span}, not by "
        "their rank today, and change it only when that is clear: so tiers do not change by luck from run to run."
    ).format(span=span(horizon))
    chart = Chart.of(
        lambda ax: plot_tiers(tiers, ax=ax),
        _("Bars of the share of customers and of value of each tier."),
        captioned(
            tiers_finding(tiers),
            _("Beside each bar stands what a reward may cost: it pays only if it raises value by more.")
            if budget
            else _(
                "Beside each bar stands what one percent more value is worth for each member: a reward pays only if it "
                "costs less than the value that it adds."
            ),
        ),
    )
    caption = _("Loyalty tiers and what they are expected to bring within {span}").format(span=span(horizon))
    yield Part((text,), chart, Table(columns, rows, caption=caption), heading=_("Loyalty tiers"))


def _concentrated(record: RunRecord) -> Iterator[Part]:
    """Who holds the value; nothing where there is none to hold."""
    valuation = record.valuation
    values, label = customer_values(valuation), valuation.horizons[0].label
    heading = _("How the value is spread")
    if values.sum() > 0.0:
        curve = Concentration.of(values)
        chart = Chart.of(
            lambda ax: plot_concentration(valuation, ax=ax),
            _("Curve of the share of the value held by the most valuable customers."),
            captioned(
                concentration_finding(curve, TOPS[1]),
                _("The further the curve is from the straight line, the more hangs on few customers."),
            ),
        )
        yield Part(chart=chart, heading=heading)
    distribution = Chart.of(
        lambda ax: plot_value_distribution(valuation, ax=ax),
        _("Histogram of customers by expected value, with median and average."),
        captioned(
            value_finding(values, label, valuation.economics.currency),
            _("A few good customers carry the average. Where the axis is logarithmic, equal steps are equal multiples.")
            if np.median(values) < values.mean()
            else _("Where the axis is logarithmic, equal steps are equal multiples."),
        ),
    )
    yield Part(chart=distribution, heading="" if values.sum() > 0.0 else heading)


def _cohorts(record: RunRecord) -> Iterator[Part]:
    """Cohorts, observed and modelled apart; the latest where there are many."""
    cohorts = record.decisions.cohorts
    frame = cohorts.frame
    if cohorts.by == COHORT and len(frame) > COHORTS_DRAWN:
        frame = frame.tail(COHORTS_DRAWN).reset_index(drop=True)
    shown = replace(cohorts, frame=frame)
    several = len(frame) > 1
    text = [
        _(
            "Observed is what was counted; modelled is what the model expects. Without a contract nobody is seen to "
            "leave: survival and retention are always modelled."
        ),
    ]
    if several:
        text.append(
            _("What older customers have done so far is more because they had more time; compare what lies ahead.")
        )
    if len(frame) < len(cohorts.frame):
        text.append(
            _("The latest {shown} of {all} are shown.").format(shown=count(len(frame)), all=count(len(cohorts.frame)))
        )
    if "historic_value_per_customer" in frame:
        seen = _("Dots are what customers have brought so far, marks what each is expected to bring, in a 90 % band.")
    else:
        seen = _("Marks are what each customer is expected to bring, in a 90 % band.")
    chart = Chart.of(
        tall(lambda ax: plot_cohorts(shown, ax=ax), len(frame)),
        _("Rows of cohorts with their contribution so far and their expected value."),
        captioned(cohorts_finding(shown, "value"), seen),
    )
    by_age = cohorts.by == COHORT
    heading = _("Cohorts by the time of the first purchase") if by_age else _("Groups of customers")
    yield Part(tuple(text), chart if several else None, heading=heading)
    yield Part(table=_cohort_table(shown))


def _cohort_table(cohorts: Cohorts) -> Table:
    frame, currency = cohorts.frame, cohorts.currency
    rows = tuple(_cohort_row(cohorts, row, currency) for row in frame.to_dict("records"))
    columns = (
        _("first purchase") if cohorts.by == COHORT else verbatim(cohorts.by),
        _("customers"),
        _("observed: bought again"),
        _("observed: orders per customer"),
        _("modelled: still a customer"),
        _("modelled: of these, still one in 12 months"),
        _("modelled: value per customer"),
        _("90 % interval"),
    )
    caption = _("Cohorts: what was observed, and what is modelled for {span}").format(span=ahead(cohorts.horizon))
    return Table(columns, rows, caption=caption)


def _cohort_row(cohorts: Cohorts, row: dict[Any, Any], currency: str) -> tuple[str, ...]:
    return (
        cohort_label(cohorts, row[cohorts.by]),
        count(row["customers"]),
        percent(row["repeat_rate_observed"]),
        decimal(row["orders_per_customer_observed"], 1),
        percent(row["p_alive_modelled"]),
        percent(row["retention_modelled"]),
        money(row["value_per_customer_mean"], currency),
        interval(row["value_per_customer_q05"], row["value_per_customer_q95"], currency),
    )
