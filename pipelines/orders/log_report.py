"""The data report of an order log: what was found, what was done with it, what a reader should know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lifeworth.models.ground.data_report import DataNote, DataReport, counted
from lifeworth.models.ground.summary import ID

from .left_truncation import truncation_remark
from .order_log import EXAMPLES, KINDS, KindCount, OrderLog, find_duplicates
from .who_counts import Customers, Spend

SILENCE: Final = 20.0
"""Purchases expected between the last one and the cut-off, of which none came; fewer may be chance."""

SILENT_DAYS: Final = 7
"""A shorter gap before the cut-off is a weekend or a holiday."""

WITHOUT_AMOUNT: Final = ("missing_amount", "zero_amount")


def log_report(log: OrderLog, customers: Customers, spend: Spend, *, until_given: bool) -> DataReport:
    """Tell what became of every row.

    Parameters
    ----------
    log : OrderLog
        The log and the counts of its kinds.
    customers : Customers
        Who is kept and who is not.
    spend : Spend
        What refunds did.
    until_given : bool
        Whether the user chose the cut-off.
    """
    copies = find_duplicates(log.source)
    dropped_copies = copies.rows if log.policies.duplicates == "drop" else 0
    rows_in = sum(count.rows for count in log.counts.values()) + dropped_copies
    notes = tuple(_notes(log, customers, spend, copies, rows_in))
    aside = sum(note.rows for note in notes if note.set_aside)
    return DataReport(
        rows_in=rows_in,
        rows_used=rows_in - aside,
        rows_set_aside=aside,
        customers=len(customers.kept),
        purchases=int(customers.kept["purchases"].sum()),
        first_day=pd.Timestamp(customers.kept["first"].min()),
        last_day=pd.Timestamp(customers.kept["last"].max()),
        until=log.until,
        notes=notes,
        remarks=tuple(_remarks(log, customers, until_given)),
    )


def _notes(log: OrderLog, customers: Customers, spend: Spend, copies: KindCount, rows_in: int) -> Iterator[DataNote]:
    texts = _texts(log, customers, spend)
    money = log.columns.amount is not None
    counts = {kind: log.counts.get(kind, KindCount(0, 0.0 if money else None)) for kind in KINDS[1:]}
    counts["duplicate"] = copies
    counts["refund_only"] = _group_count(customers.refund_only, money)
    counts["acquired_before"] = _group_count(customers.acquired_before, money)
    for kind, count in counts.items():
        yield DataNote(
            kind=kind,
            rows=count.rows,
            policy=log.policies.of(kind),
            amount=None if kind in WITHOUT_AMOUNT else count.amount,
            share=count.rows / rows_in,
            examples=log.examples(kind) if count.rows and kind in KINDS else count.examples,
            set_aside=not log.policies.uses(kind),
            text=texts[kind],
        )


def _group_count(group: pd.DataFrame, money: bool) -> KindCount:
    amount = float(group["spent"].fillna(0.0).sum() + group["refunded"].fillna(0.0).sum())
    examples = tuple({ID: value} for value in group[ID].head(EXAMPLES).tolist())
    return KindCount(int(group["lines"].sum()), amount if money else None, examples)


def _texts(log: OrderLog, customers: Customers, spend: Spend) -> Mapping[str, str]:
    """Say what was done with each kind of row, in a sentence or two each."""
    columns, policies = log.columns, log.policies
    aside = "Set aside before anything was counted."
    return {
        "missing_id": f"{columns.customer_id!r} is null, empty, or says so ('nan', 'None'). {aside}",
        "missing_date": f"{columns.date!r} is null, no date, or outside 1900 to 2199. {aside}",
        "missing_amount": f"{columns.amount!r} is null, NaN, infinite or no number. {aside}",
        "after_until": f"later than the cut-off {log.until:%Y-%m-%d}. {aside}",
        "refund": _refund_text(customers, spend) if policies.refunds == "net" else f"negative amounts. {aside}",
        "zero_amount": "counted as purchases of nothing." if policies.zero == "keep" else aside.lower(),
        "duplicate": "equal to another row in every column. "
        + ("Kept: added up with it." if policies.duplicates == "keep" else "All but one of each set aside."),
        "refund_only": f"{counted(len(customers.refund_only), 'customer')} without a purchase that is not "
        "refunded on its day. Set aside.",
        "acquired_before": f"{counted(len(customers.acquired_before), 'customer')} first seen before "
        f"{customers.start:%Y-%m-%d}. Set aside.",
    }


def _refund_text(customers: Customers, spend: Spend) -> str:
    days = int(customers.kept["refund_days"].sum())
    text = "negative amounts, never a purchase; added up with the orders of the same customer and day."
    if days:
        text += (
            f" On {counted(days, 'customer-day')} nothing was left: no purchase, and the refund reduces the "
            f"spend of {counted(spend.reduced, 'customer')} proportionally."
        )
    if spend.wiped_out:
        text += f" Of {counted(spend.wiped_out, 'customer')} it takes all: dates kept, spend unknown (0)."
    return text


def _remarks(log: OrderLog, customers: Customers, until_given: bool) -> Iterator[str]:
    yield from log.source.remarks
    kept = customers.kept
    first, last = _days(kept["first"]), _days(kept["last"])
    purchases = kept["purchases"].to_numpy(np.int64)
    if not until_given:
        yield (
            f"No cut-off was given: the last day of the log, {log.until:%Y-%m-%d}, is taken. If customers "
            "were observed beyond it, pass until=, or T is too short."
        )
    silent = int((np.datetime64(log.until, "D") - last.max()).astype(np.int64))
    span = max(int((last.max() - first.min()).astype(np.int64)), 1)
    if silent >= SILENT_DAYS and purchases.sum() / span * silent > SILENCE:
        yield (
            f"No purchase in the last {silent} days before the cut-off {log.until:%Y-%m-%d}. If the log ends "
            "before that day, pass an earlier until=, or customers look lost who are not."
        )
    for key, name in log.columns.attribute_keys.items():
        empty = int(kept[key].isna().sum())
        if empty:
            yield f"Attribute {name!r} is null for {counted(empty, 'customer')}: no value on their first day."
    truncated = truncation_remark(first, last, purchases - 1, customers.start)
    if truncated is not None:
        yield truncated


def _days(column: pd.Series[Any]) -> NDArray[np.datetime64]:
    return pd.to_datetime(column).to_numpy("datetime64[D]")
