"""The bridge between two valuations: how much of a change is new customers, behaviour, time, the models, the economics.

A retrain moves the value of customers who did nothing, a month that passes takes value realised with it, and new
customers bring theirs: told as one change they are mistaken for one another (money.md, 4.5, no. 16). The bridge asks
for expected values step by step, changing one thing at a time:

    before: models, customers and economics of the first run;
    passage of time: the same customers, moved to the second cut-off as the first models expected them to be then;
    behaviour: the customers who are in both, as they are known then, minus as they were expected;
    new customers: those the second run knows and the first did not;
    model: the models and past errors of the second run, for all its customers;
    economics: margin, costs and discounting of the second run.

Each step starts where the last one ended: parts add up exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from ...ground.errors import InputError
from ...ground.intervals import INTERVAL, quantile_name
from ...ground.rows import FloatArray, IntArray
from ...ground.summary import ID
from ...ground.units import DAYS_PER_UNIT
from ...valuation.basis import Basis
from ...valuation.by_draw import DRAWS, expected_by_draw
from ...valuation.value import Valuation
from ..decision import Decision

BEFORE: Final = "before"
TIME: Final = "passage of time"
BEHAVIOUR: Final = "behaviour of existing customers"
NEW: Final = "new customers"
GONE: Final = "customers no longer in the data"
MODEL: Final = "changed model"
ECONOMICS: Final = "changed economics"
AFTER: Final = "after"
RULE: Final = (
    "Change in expected residual value = passage of time + behaviour of existing customers + new customers + changed "
    "model + changed economics, one step at a time; the parts add up exactly."
)


@dataclass(frozen=True, eq=False, repr=False)
class Bridge(Decision):
    """What changed between two valuations; see `bridge`.

    Attributes
    ----------
    horizon : str
    realised_days : float
        Days between the two cut-offs.
    """

    horizon: str
    realised_days: float

    @property
    def change(self) -> float:
        """Change in the expected total."""
        return float(self.frame["mean"].iloc[-1] - self.frame["mean"].iloc[0])


def bridge(before: Valuation, after: Valuation, *, horizon: str | None = None) -> Bridge:
    """Take the change between two valuations apart.

    Parameters
    ----------
    before, after : Valuation
        Of two cut-offs, such as last month's run and this one's; or of one cut-off, to see what a retrain or other
        economics do. Customers are matched by customer_id.
    horizon : str, optional
        One that both have valued; by default the longest of `after`.

    Returns
    -------
    Bridge
        `frame` has one row a step: part, mean, q05 and q95 (credible: doubt about parameters and margin; two
        steps with the same model share the draw), customers. The first row is the total before and the last
        the total after, as the valuations say; in between are changes, which add up exactly.

    Raises
    ------
    InputError
        No cut-offs, cut-offs in the wrong order, units that differ, or a horizon that one of them has not valued.
    """
    days = _days_between(before, after)
    horizon = after.horizons[after.place()].label if horizon is None else horizon
    first, last = before.place(horizon), after.place(horizon)
    who = _Who.of(before.basis, after.basis)
    frame = _frame(_stages(before, after, first, last, days, who), who)
    notes = _notes(who, before, after)
    return Bridge(frame, RULE, notes, after.economics.currency, horizon, days)


@dataclass(frozen=True, eq=False)
class _Who:
    """Codes of customers, arrays (customers,): before 0 kept, 1 gone; after 0 kept, 1 new; and numbers of each."""

    before: IntArray
    after: IntArray

    @classmethod
    def of(cls, before: Basis, after: Basis) -> _Who:
        known, now = (pd.Index(basis.summary.frame[ID]) for basis in (before, after))
        return cls((~known.isin(now)).astype(np.int64), (~now.isin(known)).astype(np.int64))

    @property
    def kept(self) -> int:
        return int((self.after == 0).sum())

    @property
    def new(self) -> int:
        return int(self.after.sum())

    @property
    def gone(self) -> int:
        return int(self.before.sum())


@dataclass(frozen=True, eq=False)
class _Stage:
    """Expected value of two groups of customers at one stage: exact means (2,), and draws (2, draws)."""

    mean: FloatArray
    draws: FloatArray

    @classmethod
    def of(cls, basis: Basis, lengths: FloatArray, codes: IntArray, weights: FloatArray) -> _Stage:
        """Sum over `lengths`, ascending, each counted by its weight."""
        means = np.stack([np.bincount(codes, row, minlength=2) for row in basis.means(lengths)])
        return cls(weights @ means, _drawn(basis, lengths, codes, weights))

    @classmethod
    def valued(cls, basis: Basis, length: float, codes: IntArray, total: float) -> _Stage:
        """As a valuation has it: its total alone is asked for."""
        return cls(np.array([total, 0.0]), _drawn(basis, np.array([length]), codes, np.ones(1)))


def _drawn(basis: Basis, lengths: FloatArray, codes: IntArray, weights: FloatArray) -> FloatArray:
    """Draws of a stage: the error of models to come is no part of what has changed."""
    return np.asarray(
        np.einsum("h,hgs->gs", weights, expected_by_draw(replace(basis, discrepancy=None), lengths, codes, 2))
    )


def _stages(
    before: Valuation, after: Valuation, first: int, last: int, days: float, who: _Who
) -> tuple[_Stage, _Stage, _Stage, _Stage, _Stage]:
    """What each step leaves: before, as expected by now, as known now, with the new model, with the new economics."""
    old, new = before.basis, after.basis
    totals = (float(before.total["value_mean"].iloc[first]), float(after.total["value_mean"].iloc[last]))
    length, gap = after.horizons[last].calendar_length, days / DAYS_PER_UNIT[new.purchases.unit]
    one, lengths = np.ones(1), np.array([length])
    now = old.of(new.summary)
    grown = np.exp(old.rate * gap)
    ahead = (np.array([gap, gap + length]), np.array([-grown, grown])) if gap > 0.0 else (lengths, one)
    end = _Stage.valued(new, length, who.after, totals[1])
    same = old.economics == new.economics
    return (
        _Stage.valued(old, before.horizons[first].calendar_length, who.before, totals[0]),
        _Stage.of(old, ahead[0], who.before, ahead[1]),
        _Stage.of(now, lengths, who.after, one),
        end if same else _Stage.of(replace(new, economics=old.economics), lengths, who.after, one),
        end,
    )


def _frame(stages: tuple[_Stage, _Stage, _Stage, _Stage, _Stage], who: _Who) -> pd.DataFrame:
    """One row a part; intervals stand around exact means."""
    first, time, now, model, last = stages
    ends = (first.mean.sum(), last.mean.sum())
    steps = [
        (BEFORE, first.draws.sum(axis=0), ends[0], who.kept + who.gone),
        (TIME, time.draws.sum(axis=0) - first.draws.sum(axis=0), time.mean.sum() - ends[0], who.kept + who.gone),
        (BEHAVIOUR, now.draws[0] - time.draws[0], now.mean[0] - time.mean[0], who.kept),
        (NEW, now.draws[1], now.mean[1], who.new),
        (GONE, -time.draws[1], -time.mean[1], who.gone),
        (MODEL, model.draws.sum(axis=0) - now.draws.sum(axis=0), model.mean.sum() - now.mean.sum(), who.kept + who.new),
        (ECONOMICS, last.draws.sum(axis=0) - model.draws.sum(axis=0), ends[1] - model.mean.sum(), who.kept + who.new),
        (AFTER, last.draws.sum(axis=0), ends[1], who.kept + who.new),
    ]
    rows = [_row(*step) for step in steps if step[0] != GONE or who.gone]
    return pd.DataFrame(rows)


def _row(part: str, draws: FloatArray, mean: float, customers: int) -> dict[str, object]:
    around = draws - draws.mean() + mean
    low, high = np.quantile(around, INTERVAL)
    names = [quantile_name(level) for level in INTERVAL]
    return {"part": part, "mean": mean, names[0]: low, names[1]: high, "customers": customers}


def _days_between(before: Valuation, after: Valuation) -> float:
    for name, valuation in (("before", before), ("after", after)):
        if not isinstance(valuation, Valuation):
            raise InputError(f"{name}: expected a valuation made by lw.value(…), got {valuation!r}.")
    if before.until is None or after.until is None:
        raise InputError("before, after: expected valuations that know their cut-offs; summarise with until=….")
    if after.until < before.until:
        raise InputError(
            f"before, after: the cut-off {before.until.date()} is later than {after.until.date()}; swap the two."
        )
    if before.unit != after.unit:
        raise InputError(
            f"before, after: one counts time in {before.unit}, the other in {after.unit}; fit both on summaries of one "
            "unit."
        )
    return float((after.until - before.until).days)


def _notes(who: _Who, before: Valuation, after: Valuation) -> tuple[str, ...]:
    return tuple(_said(who, before, after))


def _said(who: _Who, before: Valuation, after: Valuation) -> Iterator[str]:
    """What to keep in mind."""
    if who.gone:
        yield (
            f"{who.gone:,} customers of the first run are not in the second: what they were expected to be worth is a "
            "part of its own. Were they deleted, or is the log incomplete?"
        )
    if not who.kept:
        yield "No customer is in both runs: customer_id may have changed its form."
    if before.basis.purchases.model.name != after.basis.purchases.model.name:
        yield f"The model changed from {before.basis.purchases.model.name} to {after.basis.purchases.model.name}."
    if before.basis.draws < DRAWS or after.basis.draws < DRAWS:
        yield f"Intervals come from {DRAWS} draws of their own."
