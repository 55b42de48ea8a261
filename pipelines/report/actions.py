"""The section on what to do: what to pay for new customers, whom to win back, who changed tier, what comes in when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lifeworth.models.decisions.acquiring.bid_ceilings import BidCeilings
from lifeworth.models.decisions.acquiring.payback import GROUP, Payback
from lifeworth.models.decisions.planning.cash_flow import CONTRIBUTION, DISCOUNTED, PROFIT, PURCHASES, REVENUE, CashFlow

from ..record.record import RunRecord
from ..reporting.labels import capital
from ..reporting.language import gettext as _
from ..reporting.language import ngettext
from ..reporting.plot_bids import bids_finding, channel_name, plot_bid_ceilings
from ..reporting.plot_cash_flow import plot_cash_flow
from ..reporting.plot_payback import payback_finding, plot_payback
from ..reporting.wording import count, decimal, digits_of, money, percent, span
from .labels import verdict
from .parts import Chart, Part, Section, Table
from .tier_moves import tier_moves_part
from .win_back import win_back_part
from .words import captioned, interval, months, months_between, tall, verbatim

NOTHING: Final = "do not bid: a new customer may well be worth nothing"
"""The verdict where no ceiling is above 0."""
BID_ROW: Final = 1.6
"""Rows of other charts that a channel takes: it has text above and below its bar."""


def actions(record: RunRecord) -> Section:
    """Tell what to do."""
    decisions = record.decisions
    parts = (
        *_bids(decisions.bids),
        *_payback(decisions.payback),
        win_back_part(record),
        tier_moves_part(record),
        *_cash_flow(decisions.cash_flow),
    )
    return Section("actions", _("What to do"), parts, _("Actions"))


def _bids(bids: BidCeilings) -> Iterator[Part]:
    """The most to pay for a new customer."""
    chart = Chart.of(
        tall(lambda ax: plot_bid_ceilings(bids, ax=ax), round(BID_ROW * len(bids.frame))),
        _("Rows with what a new customer is worth, the ceiling of a bid, and what one costs today."),
        captioned(
            bids_finding(bids) if (bids.frame["ceiling"] > 0.0).any() else capital(verdict(NOTHING)),
            _("Bars hold the mean value of new customers with 90 % probability, triangles are the most to bid."),
        ),
    )
    costs = "cac" in bids.frame
    text = [_bid_rule(bids)]
    if costs:
        text.append(
            _(
                "A CAC is an average: one more customer costs more where returns diminish. Raise bids in steps, and "
                "look at what the next customers cost."
            )
        )
    else:
        text.append(
            _(
                "What a new customer costs is not in the settings: with economics.cac this table also tells where "
                "there is room to bid more, and when the cost comes back."
            )
        )
    yield Part(tuple(text), chart, heading=_("What to pay for a new customer"))
    by = str(bids.frame.columns[0])
    advice = tuple((_channel(by, row[by]), capital(verdict(row["verdict"]))) for row in _by_ceiling(bids))
    yield Part(table=_bid_table(bids, costs))
    yield Part(terms=advice)


def _bid_rule(bids: BidCeilings) -> str:
    """The rule in words, with its numbers."""
    if bids.required_return:
        found = _(
            "Bid at most what the average new customer brings within {span}, first order included, with {sure} "
            "probability, less {share} of it that is to be kept."
        )
    else:
        found = _(
            "Bid at most what the average new customer brings within {span}, first order included, with {sure} "
            "probability: there is a chance of {risk} that it is less."
        )
    return found.format(
        span=span(bids.horizon),
        sure=percent(1.0 - bids.quantile),
        risk=percent(bids.quantile),
        share=percent(bids.required_return),
    )


def _bid_table(bids: BidCeilings, costs: bool) -> Table:
    """Channels, the highest ceiling first."""
    by = str(bids.frame.columns[0])
    columns = (
        _channel_heading(by),
        _("new customer brings"),
        _("90 % interval"),
        _("most to bid"),
        *((_("CAC today"), _("room"), _("value over CAC")) if costs else ()),
    )
    rows = tuple(_bid_row(by, row, bids.currency, costs) for row in _by_ceiling(bids))
    caption = _("The most to bid for one more customer, by what new customers bring within {span}")
    return Table(columns, rows, caption=caption.format(span=span(bids.horizon)))


def _by_ceiling(bids: BidCeilings) -> list[dict[Any, Any]]:
    return bids.frame.sort_values("ceiling", ascending=False, kind="stable").to_dict("records")


def _bid_row(by: str, row: Mapping[Any, Any], currency: str, costs: bool) -> tuple[str, ...]:
    against: tuple[str, ...] = ()
    if costs:
        against = (money(row["cac"], currency), money(row["headroom"], currency), decimal(row["ltv_to_cac_mean"], 1))
    return (
        _channel(by, row[by]),
        money(row["new_customer_value_mean"], currency),
        interval(row["new_customer_value_q05"], row["new_customer_value_q95"], currency),
        money(row["ceiling"], currency),
        *against,
    )


def _payback(payback: Payback | None) -> Iterator[Part]:
    """When the cost of a new customer comes back; nothing without such a cost."""
    if payback is None:
        return
    months_seen = int(payback.frame["month"].max())
    by = str(payback.summary.columns[0])
    within = [each for each in (6, 12, 24) if f"p_payback_{each}m" in payback.summary]
    rows = tuple(
        (
            _channel(by, row[by]),
            money(row["cac"], payback.currency),
            months(row["payback_q50"]),
            months_between(row["payback_q05"], row["payback_q95"]),
            *(percent(row[f"p_payback_{each}m"]) for each in within),
        )
        for row in payback.summary.sort_values(["payback_q50", "cac"]).to_dict("records")
    )
    columns = (
        _channel_heading(by),
        _("CAC"),
        _("months to payback"),
        _("90 % interval"),
        *(_("back within {span}").format(span=span(f"{each}M")) for each in within),
    )
    caption = ngettext(
        "When the cost of a new customer has come back, looking {months} month ahead; a dash: not by then",
        "When the cost of a new customer has come back, looking {months} months ahead; a dash: not by then",
        months_seen,
    ).format(months=count(months_seen))
    chart = Chart.of(
        lambda ax: plot_payback(payback, ax=ax),
        _("Curves of what a new customer has brought by month, with the cost of winning one."),
        captioned(
            payback_finding(payback),
            _("Curves are what the average new customer has brought so far, thin lines what winning one costs."),
        ),
    )
    yield Part(chart=chart, heading=_("How soon it comes back"))
    yield Part(table=Table(columns, rows, caption=caption))


def _cash_flow(cash: CashFlow) -> Iterator[Part]:
    """What the customers of today bring, period by period."""
    whole = dict(zip(cash.statement["item"], cash.statement["mean"].astype(float), strict=True))
    beside = whole[PROFIT] != whole[CONTRIBUTION]
    text = _(
        "Customers of today only, those still to be won are not in it. These amounts are not discounted: over {span} "
        "they come to {plain}, which is worth {discounted} today."
    ).format(
        span=span(cash.horizon),
        plain=money(whole[CONTRIBUTION], cash.currency),
        discounted=money(whole[DISCOUNTED + CONTRIBUTION], cash.currency),
    )
    caption = _("What the customers of today bring by {month}, not discounted").format(
        month={"M": _("month"), "Q": _("quarter")}[cash.every]
    )
    chart = Chart.of(
        lambda ax: plot_cash_flow(cash, ax=ax),
        _("Bars of the contribution of each period, with intervals."),
        _(
            "Bars are the contribution that is expected, lines hold it with 90 % probability. It falls as customers "
            "leave and nobody new is counted."
        ),
    )
    yield Part((text,), chart, heading=_("What comes in, and when"))
    yield Part(table=_cash_table(cash, caption, beside))


def _cash_table(cash: CashFlow, caption: str, profit: bool) -> Table:
    columns = (
        {"M": _("month"), "Q": _("quarter")}[cash.every],
        _("purchases"),
        _("revenue"),
        _("contribution"),
        _("90 % interval"),
        *((_("profit"),) if profit else ()),
    )
    items = {name: cash.item(name) for name in (PURCHASES, REVENUE, CONTRIBUTION, PROFIT)}
    rows = tuple(
        (digits_of(period), *_cash_cells({name: rows.iloc[place] for name, rows in items.items()}, cash, profit))
        for place, period in enumerate(items[CONTRIBUTION]["period"])
    )
    whole = cash.statement.set_index("item")
    total = (_("together"), *_cash_cells({name: whole.loc[name] for name in items}, cash, profit))
    return Table(columns, rows, caption=caption, total=total)


def _cash_cells(items: Mapping[str, Any], cash: CashFlow, profit: bool) -> tuple[str, ...]:
    row = items[CONTRIBUTION]
    return (
        count(items[PURCHASES]["mean"]),
        money(items[REVENUE]["mean"], cash.currency),
        money(row["mean"], cash.currency),
        interval(row["q05"], row["q95"], cash.currency),
        *((money(items[PROFIT]["mean"], cash.currency),) if profit else ()),
    )


def _channel_heading(by: str) -> str:
    return _("new customers") if by == GROUP else verbatim(by)


def _channel(by: str, label: Any) -> str:
    return channel_name(by, label) if by == GROUP else verbatim(label)
