"""RFM: scores from 1 to 5, and the names that people know for the cells of recency by frequency.

The grid is the one in common use: recency score by frequency score, 25 cells, ten names, every cell named. The one
cell of both lowest scores, part of "hibernating" there, is "lost" here, the eleventh name people know. Scores are
quintiles of the customers (Hughes 1994, Strategic Database Marketing), with one change: customers who are alike share a
score, so that nobody's segment hangs on the order of the rows.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ...ground.rows import FloatArray, IntArray
from ...ground.summary import MONEY, CustomerSummary
from ...ground.units import DAYS_PER_UNIT

SCORES: Final = 5
"""Scores run from 1, the worst fifth of the customers, to 5, the best."""
MIDDLE: Final = 3
"""The score of customers whom nothing tells apart."""
SAME_DAY: Final = 6
"""Decimals of a day: times that differ by less differ by rounding alone."""

SEGMENTS: Final = (
    "champions",
    "loyal",
    "potential loyalists",
    "new customers",
    "promising",
    "need attention",
    "about to sleep",
    "at risk",
    "cannot lose them",
    "hibernating",
    "lost",
)
"""Names of the segments, from the most recent to the longest silent."""

GRID: Final = (
    # frequency 1, 2, 3, 4, 5
    ("lost", "hibernating", "at risk", "at risk", "cannot lose them"),  # recency 1
    ("hibernating", "hibernating", "at risk", "at risk", "cannot lose them"),
    ("about to sleep", "about to sleep", "need attention", "loyal", "loyal"),
    ("promising", "potential loyalists", "potential loyalists", "loyal", "loyal"),
    ("new customers", "potential loyalists", "potential loyalists", "champions", "champions"),  # recency 5
)
"""The segment of each recency score (rows) and frequency score (columns)."""

_CODES: Final = np.array([[SEGMENTS.index(name) for name in row] for row in GRID])


def segment_codes(recency_score: IntArray, frequency_score: IntArray) -> IntArray:
    """Place among `SEGMENTS` of each customer, array (customers,)."""
    return np.asarray(_CODES[recency_score - 1, frequency_score - 1], dtype=np.int64)


def days_since_last(summary: CustomerSummary) -> FloatArray:
    """Days by the calendar from each customer's last purchase to the cut-off, array (customers,)."""
    frame = summary.frame
    return days_before(summary, frame["T"].to_numpy(float) - frame["recency"].to_numpy(float))


def days_since_first(summary: CustomerSummary) -> FloatArray:
    """Days by the calendar from each customer's first purchase to the cut-off, array (customers,)."""
    return days_before(summary, summary.frame["T"].to_numpy(float))


def days_before(summary: CustomerSummary, times: FloatArray) -> FloatArray:
    """Days by the calendar that lie `times` (in the unit and the clock of the summary) before the cut-off."""
    days = times * DAYS_PER_UNIT[summary.unit]
    if summary.calendar is not None and summary.until is not None:
        days = -summary.calendar.days_ahead(summary.until, -days)
    return np.round(days, SAME_DAY) + 0.0  # no minus zero


def recency_scores(summary: CustomerSummary) -> IntArray:
    """5 for those who bought last, 1 for the longest silent, array (customers,)."""
    return scores(-days_since_last(summary))


def frequency_scores(summary: CustomerSummary) -> IntArray:
    """5 for those with the most repeat purchases; customers without any have 1, array (customers,)."""
    frequency = summary.frame["frequency"].to_numpy(float)
    return np.where(frequency == 0.0, 1, scores(frequency))


def monetary_scores(summary: CustomerSummary) -> IntArray | None:
    """Scores of what customers have spent in all, 0 where it is not known; None where no amounts are.

    Of all purchases where the summary knows them, or else of repeat purchases.
    """
    frame, (repeats, every) = summary.frame, MONEY
    column = every if every in frame else repeats
    if column not in frame:
        return None
    counts, means = summary.spend_columns(first_purchase=column == every)
    known = counts > 0
    found = np.zeros(len(summary), dtype=np.int64)
    if known.any():
        found[known] = scores(counts[known] * means[known])
    return found


def scores(values: FloatArray) -> IntArray:
    """Scores from 1 for the lowest values to 5 for the highest, array (customers,).

    Each score gets an equal share of the customers whom the scores below it have left, as near as equal values, which
    share a score, allow: quintiles where all values differ; where one value fills more than its fifth, such as no
    repeat purchase, the others divide the rest evenly. Where fewer than five groups can be told apart they are spread
    evenly from 1 to 5; where nothing differs all score 3.
    """
    distinct, code, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(distinct) == 1:
        return np.full(len(values), MIDDLE, dtype=np.int64)
    group = _groups(np.cumsum(counts))
    spread = 1 + np.rint((SCORES - 1) * group / group[-1])
    return np.asarray(spread[code], dtype=np.int64)


def _groups(ends: IntArray) -> IntArray:
    """Group, from 0, of each distinct value in ascending order; `ends` are customers up to and with it."""
    group = np.zeros(len(ends), dtype=np.int64)
    start = 0
    for left in range(SCORES, 1, -1):
        if len(ends) - start < 2:  # the last value has the last group
            break
        done = ends[start - 1] if start else 0
        share = done + (ends[-1] - done) / left
        start += 1 + int(np.argmin(np.abs(ends[start:-1] - share)))
        group[start:] += 1
    return group
