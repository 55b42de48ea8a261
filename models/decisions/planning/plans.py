"""New customers to come: planned acquisitions by month, what they will bring and cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd

from ...ground.errors import InputError
from ...ground.rows import FloatArray
from ...ground.units import DAYS_PER_UNIT
from ...prediction.clock import Clock
from ...valuation.basis import Basis
from ...valuation.new_customer import newcomer_means, sd_of_newcomers
from ...valuation.newcomers import Kinds, kinds_of
from ...valuation.periods import Periods

CHANCE_STREAM: Final = 72
"""Tells the random numbers of planned customers from all others."""


@dataclass(frozen=True)
class Plan:
    """How many customers will be acquired in which month.

    Parameters
    ----------
    customers : mapping
        Calendar month to number of customers, such as ``{"2026-12": 800, "2027-01": 650}``; or group to such a
        mapping, groups being the keys of the CAC by group.

    Raises
    ------
    InputError
        Something that is no month, or a number below 0.
    """

    customers: Mapping[Any, Any]

    def __post_init__(self) -> None:
        """Check every month and number, and keep a copy."""
        if not isinstance(self.customers, Mapping) or not self.customers:
            raise InputError(f'plan: expected months and numbers such as {{"2026-12": 800}}, got {self.customers!r}.')
        nested = [isinstance(entry, Mapping) for entry in self.customers.values()]
        if any(nested) and not all(nested):
            raise InputError("plan: expected months for every group, or for none; got some of each.")
        for _, month, count in self.entries():
            _check(month, count)
        object.__setattr__(self, "customers", MappingProxyType(dict(self.customers)))

    @classmethod
    def steady(cls, per_month: float | Mapping[Any, float], *, first: str, months: int = 12) -> Plan:
        """The same number every month.

        Parameters
        ----------
        per_month : float or mapping
            Customers a month, or by group.
        first : str
            The first month, such as "2026-12".
        months : int
        """
        try:
            named = [str(month) for month in pd.period_range(first, periods=months, freq="M")]
        except (ValueError, TypeError) as error:
            raise InputError(f'first: expected a month such as "2026-12", got {first!r}.') from error
        if isinstance(per_month, Mapping):
            return cls({group: dict.fromkeys(named, count) for group, count in per_month.items()})
        return cls(dict.fromkeys(named, per_month))

    @property
    def is_grouped(self) -> bool:
        """Whether numbers are by group."""
        return any(isinstance(entry, Mapping) for entry in self.customers.values())

    def entries(self) -> Iterator[tuple[Any, Any, Any]]:
        """Group (None without groups), month and number of each."""
        for key, entry in self.customers.items():
            if isinstance(entry, Mapping):
                yield from ((key, month, count) for month, count in entry.items())
            else:
                yield None, key, entry


@dataclass(frozen=True, eq=False)
class NewCustomers:
    """What planned customers bring and cost, by period.

    Attributes
    ----------
    contribution, discounted : pair of arrays (periods,) and (periods, draws)
        Mean and draws, chance included.
    acquisition, discounted_acquisition : array (periods,)
        Cost of winning them.
    count : float
        Customers counted.
    notes : tuple of str
    """

    contribution: tuple[FloatArray, FloatArray]
    discounted: tuple[FloatArray, FloatArray]
    acquisition: FloatArray
    discounted_acquisition: FloatArray
    count: float
    notes: tuple[str, ...]


def new_customers(basis: Basis, plan: Plan, periods: Periods, clock: Clock | None = None) -> NewCustomers:
    """Look ahead of planned customers, each month's from its middle on, in the same draws as those there are.

    Raises
    ------
    InputError
        The plan or the CAC is by groups that the other does not know, there is no CAC or no cut-off, or a month is
        past.
    """
    kinds = kinds_of(basis) if plan.is_grouped else _one_kind(basis)
    moments, later = _moments(basis, plan, kinds, float(periods.ends[-1]))
    clock = clock or basis.clock(periods.ends)
    free = replace(basis, economics=replace(basis.economics, annual_discount_rate=0.0))
    by = kinds.by if plan.is_grouped else None
    sd = sd_of_newcomers(basis, kinds, float(periods.ends[-1]), clock)
    rng = np.random.default_rng([basis.seed, CHANCE_STREAM])
    plain, discounted = np.zeros((2, len(periods), basis.draws))
    cost, discounted_cost = np.zeros((2, len(periods)))
    for moment, counts in moments.items():
        drawn = rng.standard_normal((len(counts), basis.draws))
        chance = (np.sqrt(counts) * sd) @ (drawn - drawn.mean(axis=1, keepdims=True))  # it moves no mean
        plain += _of_month(free, by, periods, clock, moment, counts, chance)
        factor = math.exp(-basis.rate * moment)
        discounted += factor * _of_month(basis, by, periods, clock, moment, counts, chance)
        place = int(np.searchsorted(periods.ends, moment, side="right"))
        spent = float(counts @ kinds.cac)
        cost[place] += spent
        discounted_cost[place] += factor * spent
    count = float(sum(counts.sum() for counts in moments.values()))
    notes = (f"{later:,.0f} customers planned after the end of the horizon are left out.",) if later else ()
    return NewCustomers(
        (plain.mean(axis=1), plain), (discounted.mean(axis=1), discounted), cost, discounted_cost, count, notes
    )


def _of_month(
    basis: Basis,
    by: str | None,
    periods: Periods,
    clock: Clock | None,
    moment: float,
    counts: FloatArray,
    chance: FloatArray,
) -> FloatArray:
    """Contribution of the customers of one month by period, discounted to their acquisition, (periods, draws)."""
    ahead = periods.ends > moment
    grouped = basis if by is not None else replace(basis, economics=replace(basis.economics, cac=None, cac_by=None))
    means = newcomer_means(grouped, periods.ends[ahead] - moment, by, None if clock is None else clock.after(moment))
    cumulative = np.einsum("k,hks->hs", counts, means.value)
    steps = np.diff(cumulative, axis=0, prepend=0.0)
    # chance moves the whole of a cohort's path: its share in a period is that of the mean
    whole = cumulative[-1].mean()
    steps += np.outer(steps.mean(axis=1) / whole if whole else np.zeros(len(steps)), chance)
    out = np.zeros((len(periods), basis.draws))
    out[ahead] = steps
    return out


def _one_kind(basis: Basis) -> Kinds:
    """All customers alike: the CAC must be one."""
    if isinstance(basis.economics.cac, Mapping):
        raise InputError(
            f"plan: CAC is by {basis.economics.cac_by}, so the plan must be too: "
            f"Plan({{group: {{month: customers}}}}) for {list(basis.economics.cac)}."
        )
    return Kinds(None, ("all",), np.zeros(len(basis.summary), dtype=np.int64), np.array([basis.economics.cac_of()]))


def _moments(basis: Basis, plan: Plan, kinds: Kinds, last: float) -> tuple[dict[float, FloatArray], float]:
    """Customers of each kind by the middle of their month, in the unit of the model; and how many come too late."""
    until, day = basis.summary.until, DAYS_PER_UNIT[basis.purchases.unit]
    if until is None:
        raise InputError("plan: months need a cut-off to count from; summarise with until=….")
    if np.isnan(kinds.cac).any():
        raise InputError(
            "plan: customers to come cost something to win; state it as Economics(cac=…), 0 if they come by themselves."
        )
    moments: dict[float, FloatArray] = {}
    later = 0.0
    for group, month, count in plan.entries():
        if group is not None and group not in kinds.labels:
            raise InputError(f"plan: no CAC for {kinds.by or 'group'} {group!r}; it is given for {list(kinds.labels)}.")
        period = pd.Period(month, freq="M")
        if period.end_time <= until:
            raise InputError(f"plan: {month} is over at the cut-off {until.date()}; plan for months after it.")
        first = max(period.start_time, until + pd.Timedelta(days=1))
        middle = ((first - until).days - 1 + (period.end_time.normalize() - until).days) / 2.0 / day
        if middle >= last:
            later += count
            continue
        moments.setdefault(middle, np.zeros(len(kinds.labels)))[
            kinds.labels.index(group) if group is not None else 0
        ] += count
    return moments, later


def _check(month: object, count: object) -> None:
    try:
        pd.Period(str(month), freq="M")
    except ValueError as error:
        raise InputError(f'plan: expected a month such as "2026-12", got {month!r}.') from error
    if not (isinstance(count, (int, float, np.number)) and math.isfinite(count) and count >= 0):
        raise InputError(f"plan: expected a number of customers of 0 or more for {month}, got {count!r}.")
