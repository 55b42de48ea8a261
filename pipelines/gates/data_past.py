"""Gates of a log beside the last run: columns, rows, and whether the past is still what it was."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import pandas as pd

from lifeworth.models.ground.units import DAYS_PER_UNIT

from ..record.record import GateResult, LastRun
from ..settings.amounts import amount_parts
from ..settings.settings import Settings
from .data_content import told_kinds
from .data_days import gaps
from .facts import UNUSABLE
from .judge import Finding, not_asked, percent, times
from .night import Night
from .past import Past

GATES: Final = (
    "schema_change",
    "max_rejected_rise",
    "max_row_loss",
    "going_back",
    "max_rewritten",
    "max_row_growth",
    "min_new_rows",
    "max_new_rows",
)
"""All of them."""
HALF: Final = 0.5
LEAST_HOLE: Final = 7
"""Days without an order that explain rows which are gone: a week."""
YEAR: Final = 400
"""Days back from the last cut-off in which the quietest and the busiest span are looked for: all seasons."""
QUIET: Final = 0.05
"""A twentieth of all spans are quieter."""
FEWEST_QUIET: Final = 10.0
"""Orders of the quietest spans, below which nothing can be missed in them."""
SURE: Final = 3.0
"""Standard deviations of a count that are put down to chance."""


def schema(night: Night, last: LastRun) -> GateResult:
    """Columns that have gone, come, or changed their type."""
    before, now = last.schema, night.snapshot.schema
    gone = [name for name in before if name not in now]
    new = [name for name in now if name not in before]
    changed = [name for name in now if name in before and now[name] != before[name]]
    told = [
        f"gone: {', '.join(gone)}" if gone else "",
        f"new: {', '.join(new)}" if new else "",
        f"of another type: {', '.join(f'{name} ({before[name]} before, now {now[name]})' for name in changed)}"
        if changed
        else "",
    ]
    sentence = "; ".join(part for part in told if part)
    if not sentence:
        return night.decide("schema_change", "The columns are those of the last run", "", wrong=False)
    read = set(_read(night.settings, [*before, *now])) & {*gone, *changed}
    if not read and night.settings.gates.schema_change != "off":
        told_fully = f"Columns that are not read have changed since the last run; {sentence}."
        return GateResult("schema_change", "warned", told_fully)
    ids = _renamed(night, night.past) if night.past is not None else ""
    remedy = "Was the export made by another program or version? Bring it back, or name the columns anew in [columns]."
    return night.decide(
        "schema_change",
        f"Columns that are read have changed since the last run; {sentence}",
        f"{ids} {remedy}".strip(),
        wrong=True,
    )


def _read(settings: Settings, known: Sequence[str]) -> tuple[str, ...]:
    columns = settings.columns
    return (columns.customer_id, columns.date, *amount_parts(columns.amount, known), *columns.attributes)


def going_back(night: Night, last: LastRun) -> GateResult:
    """Whether the run speaks of a day before that of the published one."""
    until = night.facts.split
    if night.as_of >= until:
        return night.decide("going_back", f"The run published last speaks of {until:%Y-%m-%d}", "", wrong=False)
    return night.decide(
        "going_back",
        f"The run speaks of {night.as_of:%Y-%m-%d}, the one published last, {last.run_id}, of {until:%Y-%m-%d}",
        "Publish runs of the past into a folder of their own (--out), or have the missing days exported.",
        wrong=True,
    )


def rejected_rise(night: Night, last: LastRun) -> GateResult:
    """Rise of the share of rows that cannot be used."""
    rise = max(night.facts.rejected - last.rejected, 0.0)
    kinds = {kind: night.facts.kinds.get(kind, 0) for kind in UNUSABLE}
    told = (
        f"{percent(night.facts.rejected)} of the rows cannot be used{told_kinds(kinds)}, {percent(last.rejected)} in "
        "the last run"
    )
    remedy = "Look at the rows set aside; did the source change how it writes ids, dates or amounts?"
    return night.judge(Finding("max_rejected_rise", rise, told, remedy))


def row_loss(night: Night, last: LastRun) -> GateResult:
    """Rows of the last run that have gone."""
    rows = night.facts.rows
    loss = max(1.0 - rows / last.rows, 0.0)
    told = f"The log has {rows:,} rows, {last.rows:,} in the last run"
    if loss > 0.0 and night.past is not None:
        told = f"{told}: {percent(loss)} are gone; {_where_lost(night, night.past, last)}"
    return night.judge(Finding("max_row_loss", loss, told, "Was the export cut short, or filtered? Have it made anew."))


def _where_lost(night: Night, past: Past, last: LastRun) -> str:
    """Which rows are gone."""
    first, end = night.facts.days.index[0], night.facts.days.index[-1]
    began, ended = past.before["first"].min(), _last_order(last)
    gone, fewer = float(past.vanished.mean()), float((past.now["purchases"] < past.before["purchases"]).mean())
    if end < ended:
        return f"it ends {end:%Y-%m-%d}, it had orders up to {ended:%Y-%m-%d}: the latest days are missing"
    if (first - began).days > 1:
        return f"it begins {first:%Y-%m-%d}, it began {began:%Y-%m-%d}: the earliest days are missing"
    if gone > 0.0 and fewer < HALF * gone:
        return f"{percent(gone)} of the customers are missing, the others are whole"
    hole = max((gap for gap in gaps(night.facts.days) if gap.surprising), key=lambda gap: gap.days, default=None)
    if hole is not None and hole.days >= LEAST_HOLE:
        return f"there is no order from {hole.begin:%Y-%m-%d} to {hole.end:%Y-%m-%d}"
    return (
        f"they are missing all over it, {percent(gone)} of the customers are gone and {percent(fewer)} have fewer "
        "purchases"
    )


def _last_order(last: LastRun) -> pd.Timestamp:
    frame, until = last.summary.frame, last.summary.until
    assert until is not None  # `Past.of` refuses a summary without
    silent = float((frame["T"] - frame["recency"]).min()) * DAYS_PER_UNIT[last.summary.unit]
    return until - pd.Timedelta(days=round(silent))


def row_growth(night: Night, last: LastRun) -> GateResult:
    """Rows of days before the last cut-off that the last run had not: a month more of orders has none."""
    added = max(night.facts.rows - night.facts.dated(after=night.facts.split) - last.rows, 0)
    share = added / last.rows
    told = (
        f"{added:,} rows of days up to {night.facts.split:%Y-%m-%d} have come since the last run, {percent(share)} of "
        f"its {last.rows:,}"
    )
    if night.past is not None and added:
        more = float((night.past.now["purchases"] > night.past.before["purchases"]).mean())
        told += (
            f"; {percent(more)} of its customers have more purchases in that past, and {len(night.past.appeared):,} "
            "customers are new in it"
        )
    remedy = "Was another shop or an archive added, or a file loaded twice?"
    return night.judge(Finding("max_row_growth", share, told, remedy))


def rewritten(night: Night) -> GateResult:
    """Customers of the last run whose past is not what it was."""
    past = night.past
    assert past is not None  # asked with a last run only
    touched = past.vanished | past.moved | past.recounted | past.repriced
    share = max(float(touched.mean()), len(past.appeared) / len(past.before))
    until = f"{night.facts.split:%Y-%m-%d}"
    if share == 0.0:
        told = f"The past of all {len(touched):,} customers known by {until} is what it was"
    else:
        told = f"{_reading(night, past)} Of {len(touched):,} customers known by {until}, {_figures(past)}"
    return night.judge(Finding("max_rewritten", share, told, "Have the export made as before, and run again."))


def _figures(past: Past) -> str:
    """What has changed, in shares."""
    shift = past.shift
    by = f" (median shift {shift.median():+,.0f} days)" if len(shift) else ""
    return (
        f"{percent(past.vanished.mean())} are gone, the first purchase of {percent(past.moved.mean())} has moved{by}, "
        f"{percent(past.recounted.mean())} have another number of purchases and {percent(past.repriced.mean())} other "
        f"amounts; {len(past.appeared):,} have come to that past"
    )


def _reading(night: Night, past: Past) -> str:
    """What such changes come from."""
    gone, moved, recounted = (float(one.mean()) for one in (past.vanished, past.moved, past.recounted))
    come = len(past.appeared) / len(past.before)
    how = past.moved_how()
    if past.renamed() is not None:
        return _renamed(night, past)
    if gone > HALF and come > HALF:
        return "Nearly all customers are others: was another column taken for the id, or were ids made anew?"
    if how and moved > HALF:
        return f"All dates have moved {how}."
    if past.swapped():
        return "Day and month of the dates have changed places."
    if moved > HALF:
        return "Dates have moved, not all alike: were they read in another format or time zone?"
    more = float((past.now["purchases"] > past.before["purchases"]).mean())
    found = {
        "Customers are gone.": gone,
        "Customers have more purchases in the past than they had: were the ids of two shops merged?": more,
        "Customers have fewer purchases in the past than they had.": recounted - more,
        "Customers have come to the past: was another shop or an archive added?": come,
        f"Amounts of the past are others, {times(past.amount_ratio)} times what they were: with tax or without, or "
        "another rate of exchange?": float((past.repriced & ~past.recounted).mean()),
        "First purchases have moved.": moved - min(moved, recounted),
    }
    return max(found, key=lambda name: found[name])


def _renamed(night: Night, past: Past) -> str:
    """That ids have another form, with an example where the settings let it be shown; empty where they have not."""
    example = past.renamed()
    if example is None:
        return ""
    shown = f": {example[0]!r} is now {example[1]!r}" if night.settings.report.show_ids else ""
    return f"Customer ids have changed their form{shown}."


def few_new_rows(night: Night, last: LastRun) -> GateResult:
    """New rows beside the quietest spans as long as the one since the last run."""
    spans = _spans(night)
    if spans is None:
        return not_asked("min_new_rows", "No day lies between, or the log is too short to know a usual span.")
    quiet, fresh = float(spans.quantile(QUIET)), _fresh(night, last)
    if quiet < FEWEST_QUIET:
        return not_asked("min_new_rows", f"In spans this long {quiet:,.0f} orders are usual: too few to miss any.")
    told = f"{fresh:,} new orders since {night.facts.split:%Y-%m-%d}; a quiet span as long has {quiet:,.0f}"
    remedy = "Are orders of a shop, a country or some days missing from the export?"
    return night.judge(Finding("min_new_rows", (fresh + SURE * math.sqrt(fresh + 1.0)) / quiet, told, remedy), times)


def many_new_rows(night: Night, last: LastRun) -> GateResult:
    """New rows beside the busiest span as long as the one since the last run."""
    spans = _spans(night)
    if spans is None:
        return not_asked("max_new_rows", "No day lies between, or the log is too short to know a usual span.")
    busy, fresh = float(spans.max()), _fresh(night, last)
    told = f"{fresh:,} new orders since {night.facts.split:%Y-%m-%d}; the busiest span as long had {busy:,.0f}"
    remedy = "Was another shop added, or a test left running?"
    measured = max(fresh - SURE * math.sqrt(fresh), 0.0) / max(busy, FEWEST_QUIET)
    return night.judge(Finding("max_new_rows", measured, told, remedy), times)


def _fresh(night: Night, last: LastRun) -> int:
    """Orders since the last cut-off: by their days, or by rows, where the last night knew a part of its last day."""
    return max(night.facts.dated(night.facts.split, night.as_of), night.facts.rows - last.rows)


def _spans(night: Night) -> pd.Series[float] | None:
    """Orders of every span as long as the one since the last run, in the year before it; None where there is none."""
    length = (night.as_of - night.facts.split).days
    known = night.facts.days.loc[night.facts.split - pd.Timedelta(days=YEAR) : night.facts.split]
    if length < 1 or len(known) < 2 * length:
        return None
    return known.rolling(length).sum().dropna()
