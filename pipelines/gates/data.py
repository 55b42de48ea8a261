"""Gates of the data: what can be known of a log before anything is fitted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd

from ..record.record import GateResult, LastRun
from ..settings.settings import Settings
from ..sources.snapshot import Snapshot
from . import data_content as content
from . import data_days as days
from . import data_past as past
from .facts import rejected_share as rejected_share
from .gather import gather
from .judge import in_order, not_asked
from .night import Night
from .past import Past

RECENT: Final = 28
"""Days at the end of a log whose amounts are held against what was before, where there is no last run: four weeks."""
FIRST: Final = "There is no published run to compare with."


def data_gates(
    snapshot: Snapshot,
    settings: Settings,
    as_of: pd.Timestamp,
    last: LastRun | None,
    *,
    today: pd.Timestamp | None = None,
) -> tuple[GateResult, ...]:
    """Judge a log before anything is fitted.

    Parameters
    ----------
    snapshot : Snapshot
    settings : Settings
    as_of : Timestamp
        The day the run speaks of. Orders after it are left out; they are no fault, unless they lie in the future.
    last : LastRun or None
        The run published last.
    today : Timestamp, optional
        The day after which no order can have come; by default the day by the clock, or `as_of` if that is later.

    Returns
    -------
    tuple of GateResult
        One a gate, the gravest and most telling first; `judge.cause` picks the one to put in the headline.

    Raises
    ------
    InputError
        As `summarise`: a column is missing, or not a single row can be used.
    """
    split = None if last is None else last.summary.until
    facts = gather(snapshot, settings, split, RECENT, past=last is not None)
    clock = pd.Timestamp.today().normalize() if today is None else today
    start = None if settings.rows.acquired_from is None else pd.Timestamp(settings.rows.acquired_from)
    compared = None if last is None or facts.past is None else Past.of(last.summary, facts.past, start)
    night = Night(facts, snapshot, settings, as_of, max(clock, as_of), last, compared)
    return in_order(_every(night))


def _every(night: Night) -> Iterator[GateResult]:
    yield content.rejected(night)
    yield content.one_customer(night)
    yield content.few_customers(night)
    yield content.duplicates(night)
    yield content.refunds(night)
    yield content.zero(night)
    yield content.whole_amounts(night)
    yield content.amount_ratio(night)
    yield days.age(night)
    yield days.future(night)
    yield days.gap(night)
    if night.last is None:
        yield from (not_asked(gate, FIRST) for gate in past.GATES)
        return
    yield past.schema(night, night.last)
    yield past.going_back(night, night.last)
    yield past.rejected_rise(night, night.last)
    yield past.row_loss(night, night.last)
    yield past.row_growth(night, night.last)
    yield past.rewritten(night)
    yield past.few_new_rows(night, night.last)
    yield past.many_new_rows(night, night.last)
