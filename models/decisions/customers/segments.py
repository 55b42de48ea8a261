"""Segments: the names that people know for recency and frequency, crossed with what customers are expected to bring.

The names look back: they are scores of what was bought (`rfm`). The value tier looks ahead: expected residual value
under the valuation. Together they say whom it pays to do something for; the names alone do not, for a silent customer
may be worth much or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from ...ground.errors import InputError
from ...ground.rows import FloatArray, IntArray
from ...ground.summary import ID, CustomerSummary
from ...prediction.forecast import OUTCOME_LEVELS
from ...prediction.reduction import Grouping, columns_of, quantiles_of
from ...valuation.basis import VALUE
from ...valuation.value import Valuation
from ..decision import Decision
from ..grouped import Expected, group_values
from .rfm import (
    SCORES,
    SEGMENTS,
    days_since_last,
    frequency_scores,
    monetary_scores,
    recency_scores,
    segment_codes,
)

TIERS: Final[Mapping[int, tuple[str, ...]]] = {
    1: ("all",),
    2: ("high", "low"),
    3: ("high", "middle", "low"),
    4: ("highest", "high", "low", "lowest"),
    5: ("highest", "high", "middle", "low", "lowest"),
}
"""Names of value tiers, the most valuable first."""

LOYAL: Final = (
    "Reward with service and first access; a discount would be given away.",
    "Show more of the range; no discounts.",
)
YOUNG: Final = (
    "Make the next purchase easy: a personal welcome, an offer on it.",
    "Welcome by e-mail and ask for the next purchase.",
)
ACTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "champions": ("Keep as they are: first access, service, ask for referrals; no discounts.", LOYAL[1]),
    "loyal": LOYAL,
    "potential loyalists": ("Invite to the loyalty programme; recommend by what they bought.", YOUNG[1]),
    "new customers": YOUNG,
    "promising": ("Offer a reason for a second purchase soon.", YOUNG[1]),
}
"""What to do for customers who bought of late: of the highest value tier, and of the others."""
REMIND: Final = "Most will buy again anyway: remind them, no discount."
SLOW: Final = "Slow rather than gone, by the model: a cheap reminder; each is worth {value} as it is."
WIN_BACK: Final = "Win back: it gains {limit} each if it works for sure, so spend less than that."
LEAVE: Final = "Leave out of paid campaigns: winning back gains {limit} each at the very most."
BUY_ANYWAY: Final = 0.5
"""Probability active from which silent customers need no winning back."""
GONE: Final = 1.0 / 3.0
"""Share alive below which customers are taken as silent whatever their segment is called."""
STILL_HERE: Final = 2.0 / 3.0
"""Share alive from which there are few to win back: BG/NBD takes all alive who never came back, and buys little of
them."""


@dataclass(frozen=True, eq=False, repr=False)
class Segments(Decision):
    """Customers by segment and value tier.

    Attributes
    ----------
    frame : DataFrame
        One row a segment and value tier that has customers, from champions to lost: segment, value_tier, customers,
        share (of the customers); value_mean and value_q05, value_q50, value_q95, of the total of the row;
        value_per_customer; p_alive, p_active (means over its customers: modelled); days_since_last_purchase (median),
        frequency (mean); action. The interval is predictive, of the outcome: draws of its customers summed within each
        draw. Ends of intervals do not add up over rows; draws do.
    customers : DataFrame
        One row a customer, in the order of the summary: customer_id, recency_score, frequency_score, monetary_score (if
        amounts are known; of what was spent in all; missing where it is not known), segment, value_tier.
    by_segment : DataFrame
        One row a segment: the columns of `frame` without value_tier and action.
    draws : array (rows, draws)
        Draws of the value of each row of `frame`; they add up to those of the valuation.
    horizon : str
    tiers : tuple of str
        Value tiers, the most valuable first.
    """

    customers: pd.DataFrame
    by_segment: pd.DataFrame
    draws: FloatArray
    horizon: str
    tiers: tuple[str, ...]


def segments(valuation: Valuation, *, horizon: str | None = None, value_tiers: int = 3) -> Segments:
    """Name every customer by recency and frequency, cross the names with value tiers, and value each.

    The rule: recency (days since the last purchase) and frequency (repeat purchases) are scored 1 to 5 by quintiles of
    the customers, equal values together (`rfm.scores`); the grid of 5 by 5 scores names the segment (`rfm.GRID`), with
    no cell left over. Value tiers cut the customers, those of the highest expected residual value first, so that each
    tier holds the same share of the VALUE: "high" is the few who hold a third of it. Customers of equal value share a
    tier.

    Scores are relative to this base: a customer's segment may change because others have changed.

    Parameters
    ----------
    valuation : Valuation
    horizon : str, optional
        One that was valued; by default the longest.
    value_tiers : int
        1 to 5.

    Raises
    ------
    InputError
        A horizon that was not valued, or another number of tiers.
    """
    if isinstance(value_tiers, bool) or not isinstance(value_tiers, (int, np.integer)) or value_tiers not in TIERS:
        raise InputError(f"value_tiers: expected a whole number from 1 to {max(TIERS)}, got {value_tiers!r}.")
    place = valuation.place(horizon)
    summary, expected = valuation.basis.summary, Expected.of(valuation, place)
    scored = _Scored.of(summary, expected.value, value_tiers)
    present, codes = np.unique(scored.segment * value_tiers + scored.tier, return_inverse=True)
    draws = group_values(valuation, place, Grouping(pd.Index(present), codes.astype(np.int64)))

    names = pd.DataFrame({"segment": _named(SEGMENTS, present // value_tiers)})
    frame = _table(
        names.assign(value_tier=_named(scored.names, present % value_tiers)), codes, summary, expected, draws
    )
    frame["action"] = _actions(frame, codes, expected, scored.names[0], valuation.economics.currency)
    whole, segment = np.unique(scored.segment, return_inverse=True)
    summed = np.add.reduceat(draws, np.unique(present // value_tiers, return_index=True)[1])
    by_segment = _table(pd.DataFrame({"segment": _named(SEGMENTS, whole)}), segment, summary, expected, summed)
    label = valuation.horizons[place].label
    return Segments(
        frame, _rule(label, scored.names), _notes(scored, valuation), valuation.economics.currency,
        scored.frame(summary), by_segment, draws, label, scored.names,
    )  # fmt: skip


def value_tier_codes(value: FloatArray, tiers: int) -> IntArray:
    """Tier of each customer, 0 the highest, so that each holds the same share of the value, array (customers,).

    Customers in the order of their value, the most valuable first; a customer is in the tier in which the middle of his
    own share lies, those of equal value together. Who is worth nothing, or costs, is in the last; where nobody is worth
    anything, all are.
    """
    worth = np.maximum(value, 0.0)
    distinct, code = np.unique(worth, return_inverse=True)
    held = np.bincount(code, worth)[::-1]
    if not held.sum() > 0.0:
        return np.full(len(value), tiers - 1, dtype=np.int64)
    middle = ((np.cumsum(held) - held / 2.0) / held.sum())[::-1]
    tier = np.minimum((tiers * middle).astype(np.int64), tiers - 1)
    return np.where(distinct > 0.0, tier, tiers - 1)[code]


@dataclass(frozen=True, eq=False)
class _Scored:
    """Scores of each customer, each array (customers,), and the names of the tiers."""

    recency: IntArray
    frequency: IntArray
    monetary: IntArray | None
    segment: IntArray
    tier: IntArray
    names: tuple[str, ...]

    @classmethod
    def of(cls, summary: CustomerSummary, value: FloatArray, tiers: int) -> _Scored:
        recency, frequency = recency_scores(summary), frequency_scores(summary)
        segment, tier = segment_codes(recency, frequency), value_tier_codes(value, tiers)
        return cls(recency, frequency, monetary_scores(summary), segment, tier, TIERS[tiers])

    def frame(self, summary: CustomerSummary) -> pd.DataFrame:
        """One row a customer."""
        found = pd.DataFrame({ID: summary.frame[ID].array, "recency_score": self.recency})
        found["frequency_score"] = self.frequency
        if self.monetary is not None:
            found["monetary_score"] = pd.array(self.monetary, dtype="Int64")
            found.loc[self.monetary == 0, "monetary_score"] = pd.NA
        return found.assign(segment=_named(SEGMENTS, self.segment), value_tier=_named(self.names, self.tier))


def _named(names: tuple[str, ...], codes: IntArray) -> list[str]:
    return [names[code] for code in codes.tolist()]


def _table(
    labels: pd.DataFrame, codes: IntArray, summary: CustomerSummary, expected: Expected, draws: FloatArray
) -> pd.DataFrame:
    """One row a group: its labels, size, value with its interval, and what its customers are like."""
    size = np.bincount(codes)
    value = np.bincount(codes, expected.value)
    days = pd.Series(days_since_last(summary)).groupby(codes).median()
    columns = {"customers": size, "share": size / size.sum()}
    columns |= columns_of(VALUE, value, quantiles_of(draws, OUTCOME_LEVELS), OUTCOME_LEVELS)
    columns |= {
        "value_per_customer": value / size,
        "p_alive": np.bincount(codes, expected.alive) / size,
        "p_active": np.bincount(codes, expected.active) / size,
        "days_since_last_purchase": days.to_numpy(),
        "frequency": np.bincount(codes, summary.frame["frequency"]) / size,
    }
    return labels.assign(**columns)


def _actions(frame: pd.DataFrame, codes: IntArray, expected: Expected, best: str, currency: str) -> list[str]:
    """What to do for each row: a sentence, with what winning back may cost where customers are silent."""
    if_alive = np.divide(expected.value, expected.alive, out=np.zeros(len(codes)), where=expected.alive > 0.0)
    gain = np.bincount(codes, (1.0 - expected.alive) * np.maximum(if_alive, 0.0)) / frame["customers"].to_numpy()
    average = float(expected.value.mean())
    return [
        _action(row, row["value_tier"] == best, limit, average, currency)
        for row, limit in zip(frame.to_dict("records"), gain.tolist(), strict=True)
    ]


def _action(row: Mapping[Any, Any], best: bool, limit: float, average: float, currency: str) -> str:
    """The names say what was, the model what is: who is called loyal may be gone, who is called lost may not."""
    if row["segment"] in ACTIONS and row["p_alive"] >= GONE:
        return ACTIONS[row["segment"]][0 if best else 1]
    if row["p_active"] >= BUY_ANYWAY:
        return REMIND
    if row["p_alive"] >= STILL_HERE:
        return SLOW.format(value=_money(row["value_per_customer"], currency))
    return (WIN_BACK if limit >= average else LEAVE).format(limit=_money(limit, currency))


def _money(amount: float, currency: str) -> str:
    return f"{currency}{' ' if currency[-1:].isalpha() else ''}{amount:,.2f}"


def _rule(horizon: str, tiers: tuple[str, ...]) -> str:
    each = "all of it" if len(tiers) == 1 else f"1/{len(tiers)} of it each"
    return (
        "recency (days since the last purchase) and frequency (repeat purchases) scored 1 to 5 by quintiles of the "
        "customers, equal values together; the 5 by 5 grid names the segment; value tiers "
        f"({', '.join(tiers)}) by expected residual value over {horizon}, the most valuable customers first, "
        f"holding {each}"
    )


def _notes(scored: _Scored, valuation: Valuation) -> tuple[str, ...]:
    notes = [
        "Scores are relative to this base: a customer's segment may change because others have changed.",
        "Intervals are of the outcome, for each row as a whole; add draws, not their ends, over rows.",
        "What winning back gains is an upper bound, (1 - P(alive)) x value / P(alive), as if it worked for sure; it is "
        "advised where that is more than the average customer is worth. What an offer gains is for an experiment to "
        "tell.",
    ]
    told = {"Recency": len(np.unique(scored.recency)), "Frequency": len(np.unique(scored.frequency))}
    notes += [
        f"{what} tells {groups} group{'s' * (groups > 1)} of customers apart, not {SCORES}: some segments cannot occur."
        for what, groups in told.items()
        if groups < SCORES
    ]
    return (*notes, valuation.calibration)
