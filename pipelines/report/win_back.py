"""Whom to win back: the campaign and the head of its list, or how to get it and what it could gain at most."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from lifeworth.models.decisions.customers.rfm import days_since_last
from lifeworth.models.decisions.targeting.gains import Worth
from lifeworth.models.decisions.targeting.targets import SURE, Targets
from lifeworth.models.ground.summary import ID

from ..record.record import RunRecord
from ..reporting.language import gettext as _
from ..reporting.language import ngettext
from ..reporting.wording import count, money, percent, span
from .parts import Part, Table
from .words import interval, verbatim

SHOWN: Final = 10
"""Customers at the head of the list; the whole list is among the files of the run."""


def win_back_part(record: RunRecord) -> Part:
    """Whom to win back."""
    found = record.decisions.win_back
    if found is None:
        return Part(_without(record), heading=_("Whom to win back"))
    treated = int(found.total["customers"].item())
    text = (*(_campaign(record, found) if treated else _nobody(found)), *_cautions(record, found))
    return Part(text, table=_list(record, found) if treated else None, heading=_("Whom to win back"))


def _campaign(record: RunRecord, found: Targets) -> tuple[str, ...]:
    """What it costs, brings and rests on."""
    total, settings = found.total.iloc[0], record.settings.decisions
    text = [
        ngettext(
            "Asking {customers} customer back costs {cost} and is expected to leave {profit} after that cost, with 90 "
            "% probability {low} to {high}.",
            "Asking {customers} customers back costs {cost} and is expected to leave {profit} after that cost, with 90 "
            "% probability {low} to {high}.",
            total["customers"],
        ).format(
            customers=count(total["customers"]),
            cost=money(total["cost"], found.currency),
            profit=money(total["profit_mean"], found.currency),
            low=money(total["profit_q05"], found.currency),
            high=money(total["profit_q95"], found.currency),
        )
    ]
    if settings.win_back_uplift is not None:
        text.append(
            _(
                "That holds if {uplift} of the customers who have left return because they are asked: a number of the "
                "settings, which only a test with customers who are not asked can tell."
            ).format(uplift=percent(settings.win_back_uplift, 1))
        )
    more = int((found.frame["expected_profit"] > 0.0).sum()) - int(total["customers"])
    if more > 0:
        text.append(
            ngettext(
                "{customers} customer more would pay; the budget ends before.",
                "{customers} customers more would pay; the budget ends before them.",
                more,
            ).format(customers=count(more))
        )
    return tuple(text)


def _nobody(found: Targets) -> tuple[str, ...]:
    best = found.frame.iloc[int(found.frame["expected_profit"].to_numpy().argmax())]
    return (
        _(
            "Nobody is worth asking back at this cost: no customer is expected to bring more than it. The nearest "
            "bears {limit}, asking costs {cost}."
        ).format(limit=money(best["limit"], found.currency), cost=money(best["cost"], found.currency)),
    )


def _without(record: RunRecord) -> tuple[str, ...]:
    """How to get a list, and what is at stake."""
    horizon = record.valuation.horizons[0].label
    bound = np.maximum(Worth.of(record.valuation, record.valuation.place(horizon)).bound, 0.0)
    best = np.sort(bound)[::-1][: max(1, round(0.1 * len(bound)))]
    text = [
        _(
            "Whom it pays to ask back hangs on what asking costs and on how many return because of it: set "
            "decisions.win_back_cost and decisions.win_back_uplift, and this part holds the list."
        ),
        _(
            "If every customer who has left came back and bought as before, it would bring {bound} within {span}: more "
            "than that nothing can gain."
        ).format(bound=money(float(bound.sum()), record.valuation.economics.currency), span=span(horizon)),
    ]
    if bound.sum() > 0.0:
        text.append(
            _("{share} of that is with the tenth of the customers that has most of it.").format(
                share=percent(float(best.sum() / bound.sum()))
            )
        )
    return tuple(text)


def _cautions(record: RunRecord, found: Targets) -> tuple[str, ...]:
    """The model may see nothing to win back from those who never came back."""
    sure = int(((found.frame["p_alive"] >= SURE) & (record.summary.frame["frequency"] == 0).to_numpy()).sum())
    if not sure:
        return ()
    return (
        ngettext(
            "{customers} customer who bought once is alive for sure in {model}, which lets nobody leave before a "
            "second purchase: it sees nothing to win back there. That is its assumption, not a finding.",
            "{customers} customers who bought once are alive for sure in {model}, which lets nobody leave before a "
            "second purchase: it sees nothing to win back there. That is its assumption, not a finding.",
            sure,
        ).format(customers=count(sure), model=record.purchases.model.name),
    )


def _list(record: RunRecord, found: Targets) -> Table:
    """The head of the list; customers by their place where ids are not to be shown."""
    days = dict(zip(record.summary.frame[ID], days_since_last(record.summary), strict=True))
    head = found.treated.head(SHOWN).to_dict("records")
    rows = tuple(_row(record, row, days[row[ID]], found.currency) for row in head)
    columns = (
        _("customer") if record.settings.report.show_ids else _("place"),
        _("days since the last purchase"),
        _("still a customer"),
        _("if back, brings"),
        _("asking brings"),
        _("90 % interval"),
        _("expected profit"),
    )
    caption = ngettext(
        "The customer whom it pays most to ask back",
        "The {count} customers whom it pays most to ask back",
        len(rows),
    ).format(count=count(len(rows)))
    return Table(columns, rows, caption=caption)


def _row(record: RunRecord, row: dict[Any, Any], days: float, currency: str) -> tuple[str, ...]:
    return (
        verbatim(row[ID]) if record.settings.report.show_ids else count(row["rank"]),
        count(days),
        percent(row["p_alive"]),
        money(row["value_if_alive"], currency),
        money(row["incremental_mean"], currency),
        interval(row["incremental_q05"], row["incremental_q95"], currency),
        money(row["expected_profit"], currency),
    )
