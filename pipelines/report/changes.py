"""What has changed since the run published last, and why: the bridge, what came, the models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from lifeworth.models.decisions.planning.bridge import (
    AFTER,
    BEFORE,
    BEHAVIOUR,
    ECONOMICS,
    GONE,
    MODEL,
    NEW,
    TIME,
    Bridge,
)

from ..record.record import Comparison, RunRecord
from ..reporting.labels import bridge_part, capital
from ..reporting.language import gettext as _
from ..reporting.language import marked, ngettext
from ..reporting.plot_bridge import plot_bridge
from ..reporting.wording import count, day, days, decimal, gain, listed, money, percent, short, span
from .parts import Chart, Part, Section, Table, Verbatim

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NOTHING: Final = 5e-4
"""A part of the bridge that is told as nothing, as a share of the total before."""
QUANTITIES: Final = {"purchases": marked("purchases"), "spend": marked("spend")}
ROLES: Final = {
    "champion": marked("published last"),
    "chosen": marked("chosen now"),
    "other": marked("tested as well"),
}


def changes(record: RunRecord) -> Section:
    """Compare with the last published run; of a first run, say that there is nothing to compare with yet."""
    heading, short_name = _("What has changed since the last run"), _("What has changed")
    compared = record.comparison
    if compared is None:
        return Section("changes", heading, (Part((_first_run(),)),), short_name)
    parts = (*_bridge(compared), *_since(compared), _models(record, compared), *_parameters(compared))
    return Section("changes", heading, parts, short_name)


def _first_run() -> str:
    return _(
        "This is the first run that is published: there is nothing to compare it with yet. From the next run on, this "
        "section tells how far the value has moved and why, and what came of what was forecast."
    )


def _bridge(compared: Comparison) -> Iterator[Part]:
    bridge = compared.bridge

    def draw(ax: Axes) -> Axes:
        return plot_bridge(bridge, ax=ax)

    chart = Chart.of(
        draw,
        _("Waterfall chart from the value in the last run to the value now."),
        _(
            "The value before, what each cause added to it or took from it, and the value now; lines are 90 % "
            "intervals of each part. The parts add up exactly."
        ),
    )
    yield Part((_moved(compared),), chart, terms=tuple(_causes(bridge)))
    idle = [bridge_part(part) for part in _idle(bridge)]
    if idle:
        yield Part((_("No part of the change comes from: {parts}.").format(parts=listed(idle)),))


def _moved(compared: Comparison) -> str:
    """How far the value has moved in all."""
    bridge = compared.bridge
    before, after = (float(bridge.frame["mean"].iloc[place]) for place in (0, -1))
    if abs(bridge.change) <= NOTHING * abs(before):
        said = _("On {date} the customers were expected to bring {before} over {span}; that has not changed.")
    elif bridge.change > 0.0:
        said = _(
            "On {date} the customers were expected to bring {before} over {span}; now it is {after}, {change} "
            "({share}) more."
        )
    else:
        said = _(
            "On {date} the customers were expected to bring {before} over {span}; now it is {after}, {change} "
            "({share}) less."
        )
    return said.format(
        date=day(compared.last_as_of),
        before=short(before, bridge.currency),
        after=short(after, bridge.currency),
        change=short(abs(bridge.change), bridge.currency),
        share=percent(abs(bridge.change / before), 1) if before else "",
        span=span(bridge.horizon),
    )


def _causes(bridge: Bridge) -> Iterator[tuple[str, str]]:
    """A sentence for each part that counts."""
    frame = bridge.frame
    counted = ~frame["part"].isin([BEFORE, AFTER, *_idle(bridge)]) & (frame["mean"] != 0.0)
    for _place, row in frame[counted].iterrows():
        yield capital(bridge_part(row["part"])), _cause(row, bridge)


def _idle(bridge: Bridge) -> list[str]:
    """Parts that changed nothing to speak of."""
    frame = bridge.frame
    small = frame["mean"].abs() <= NOTHING * abs(float(frame["mean"].iloc[0]))
    return [str(part) for part in frame.loc[small, "part"] if part not in (BEFORE, AFTER, GONE)]


def _cause(row: pd.Series[Any], bridge: Bridge) -> str:
    """What a part is, with its amount and interval."""
    more = row["mean"] > 0.0
    amount, low, high = (gain(float(row[end]), bridge.currency) for end in ("mean", "q05", "q95"))
    said = {
        TIME: _(
            "{amount} ({low} to {high}). {days} have passed: what was expected of them no longer lies ahead, customers "
            "have grown older, and some will have left unseen. This would have come about had everybody done just what "
            "was expected."
        ),
        BEHAVIOUR: _(
            "{amount} ({low} to {high}). What the customers known then have done since makes them worth more than "
            "expected."
        )
        if more
        else _(
            "{amount} ({low} to {high}). What the customers known then have done since makes them worth less than "
            "expected."
        ),
        NEW: ngettext(
            "{amount} ({low} to {high}). {count} customer has been won since.",
            "{amount} ({low} to {high}). {count} customers have been won since.",
            int(row["customers"]),
        ),
        GONE: ngettext(
            "{amount} ({low} to {high}). {count} customer is no longer in the data.",
            "{amount} ({low} to {high}). {count} customers are no longer in the data.",
            int(row["customers"]),
        ),
        MODEL: _model_part(float(row["q05"]), float(row["q95"])),
        ECONOMICS: _(
            "{amount} ({low} to {high}). Margin, costs or the discount rate have been changed in the settings."
        ),
    }[str(row["part"])]
    return said.format(
        amount=amount, low=low, high=high, days=days(bridge.realised_days), count=count(float(row["customers"]))
    )


def _model_part(low: float, high: float) -> str:
    if low <= 0.0 <= high:
        return _(
            "{amount} ({low} to {high}). The models were fitted again, with the new data. No customer did anything for "
            "this part, and its interval holds 0: it may be chance."
        )
    return _(
        "{amount} ({low} to {high}). The models were fitted again, with the new data: they now see all customers "
        "differently. No customer did anything for this part."
    )


def _since(compared: Comparison) -> Iterator[Part]:
    """What the last run had forecast for the days since."""
    if compared.since.empty:
        return
    rows = [row for _place, row in compared.since.iterrows()]
    passed = days(float(rows[0]["days"]))
    text = tuple(_came(row, compared.bridge.currency) for row in rows)
    table = Table(
        (_("in all"), _("forecast"), _("90 % interval"), _("came")),
        tuple(_since_row(row, compared.bridge.currency) for row in rows),
        caption=_("Forecast of the last run for the {days} since, and what came").format(days=passed),
    )
    yield Part(text, table=table, heading=_("What was forecast then, and what came"))


def _came(row: pd.Series[Any], currency: str) -> str:
    above = row["actual"] > row["q95"]
    if row["quantity"] == "purchases":
        said = (
            _("In the {days} since, {actual} purchases came; {mean} were forecast: within the interval.")
            if row["inside"]
            else _("In the {days} since, {actual} purchases came; {mean} were forecast: above the interval.")
            if above
            else _("In the {days} since, {actual} purchases came; {mean} were forecast: below the interval.")
        )
    else:
        said = (
            _("In the {days} since, {actual} was spent; {mean} was forecast: within the interval.")
            if row["inside"]
            else _("In the {days} since, {actual} was spent; {mean} was forecast: above the interval.")
            if above
            else _("In the {days} since, {actual} was spent; {mean} was forecast: below the interval.")
        )
    return said.format(days=days(float(row["days"])), **_since_numbers(row, currency))


def _since_numbers(row: pd.Series[Any], currency: str) -> dict[str, str]:
    purchases = row["quantity"] == "purchases"
    return {
        name: count(row[name]) if purchases else money(row[name], currency) for name in ("mean", "q05", "q95", "actual")
    }


def _since_row(row: pd.Series[Any], currency: str) -> tuple[str, ...]:
    told = _since_numbers(row, currency)
    interval = _("{low} to {high}").format(low=told["q05"], high=told["q95"])
    return _(QUANTITIES[str(row["quantity"])]), told["mean"], interval, told["actual"]


def _models(record: RunRecord, compared: Comparison) -> Part:
    """Whether the model published last is still the one, and how both have fared in the same test."""
    frame, chosen = compared.champion, record.choice.model
    before = frame.loc[frame["role"] == "champion", "model"]
    if before.empty or str(before.iloc[0]) == chosen:
        said = _("The same model as last time forecasts purchases: {chosen}.").format(chosen=chosen)
    else:
        said = _("{chosen} now forecasts purchases instead of {before}.").format(chosen=chosen, before=before.iloc[0])
    table = Table(
        (_("model"), _("role"), _("error (average model: 1)"), _("worse than the best")),
        tuple(
            (Verbatim(row["model"]), _(ROLES[row["role"]]), decimal(row["score"], 3), percent(row["worse"], 1))
            for _place, row in frame.iterrows()
        ),
        labels=2,
        caption=_("Models in the same test on the past: error in forecasting customers' purchases"),
    )
    return Part((said,), table=table, heading=_("The model"))


def _parameters(compared: Comparison) -> Iterator[Part]:
    """How far the parameters have moved, in standard deviations."""
    frame = compared.parameters
    heading = _("How far the models have moved")
    if frame.empty:
        yield Part((_("The models are not those of the last run, so that their parameters cannot be compared."),))
        return
    most = frame.iloc[int(frame["change"].abs().to_numpy().argmax())]
    said = _(
        "The parameter that moved most since the last run is {parameter} of {model}, by {number} standard deviations. "
        "New data move parameters by about one; much more means that customers, or the data, have changed."
    ).format(parameter=most["parameter"], model=most["model"], number=decimal(abs(float(most["change"])), 1))
    table = Table(
        (_("model"), _("parameter"), _("before"), _("now"), _("move in standard deviations")),
        tuple(
            (Verbatim(row["model"]), Verbatim(row["parameter"]),
             decimal(row["before"], 3), decimal(row["after"], 3), decimal(row["change"], 1))
            for _place, row in frame.iterrows()
        ),
        labels=2,
        caption=_("Parameters of the models in both runs"),
    )  # fmt: skip
    yield Part((said,), table=table, heading=heading, folded=True)
