"""Cash flow by month or quarter: what customers bring, what they cost, and what is left, with bands.

The same futures as those of the valuation, read off at the end of every period: the discounted contribution of the
periods adds up to the residual value of the horizon, exactly in the mean. New customers are those of a plan
(`plans.Plan`); money for winning them and fixed costs fall on their day, and are discounted like everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from ...ground.errors import InputError
from ...ground.intervals import check_quantiles
from ...ground.rows import FloatArray
from ...ground.units import DAYS_PER_UNIT, DAYS_PER_YEAR
from ...prediction.clock import discounted_time
from ...prediction.forecast import OUTCOME_LEVELS
from ...prediction.reduction import columns_of, quantiles_of
from ...valuation.basis import Basis
from ...valuation.periods import Every, Periods, periods_of
from ...valuation.value import Valuation
from ..decision import Decision
from .plans import NewCustomers, Plan, new_customers

PURCHASES: Final = "purchases"
REVENUE: Final = "revenue"
MARGIN: Final = "margin"
ORDER_COSTS: Final = "cost of orders"
ALIVE_COSTS: Final = "cost of customers"
CONTRIBUTION: Final = "contribution"
NEW: Final = "contribution of new customers"
ACQUISITION: Final = "cost of acquisition"
FIXED: Final = "fixed cost"
PROFIT: Final = "profit"
DISCOUNTED: Final = "discounted "
"""Before the name of an item: the same, discounted to the cut-off at its own day."""
CELLS: Final = 4_000_000
"""Customers times periods in hand at once: 32 MB an array."""
RULE: Final = (
    "Contribution = margin on revenue (after costs that are a share of it) - cost of orders - cost of customers while "
    "alive; profit = contribution of existing and new customers - cost of acquisition - fixed cost."
)


@dataclass(frozen=True, eq=False, repr=False)
class CashFlow(Decision):
    """Cash flow by period; see `cash_flow`.

    Attributes
    ----------
    statement : DataFrame
        The whole horizon: one row an item, with predictive intervals (draws summed before quantiles are taken).
    every : str
    horizon : str
    """

    statement: pd.DataFrame
    every: str
    horizon: str

    def item(self, name: str) -> pd.DataFrame:
        """The rows of one item, a row a period.

        Raises
        ------
        InputError
            There is no such item.
        """
        found = self.frame[self.frame["item"] == name]
        if found.empty:
            have = ", ".join(self.frame["item"].unique())
            raise InputError(f"item: expected one of {have}; got {name!r}.")
        return found.drop(columns="item").reset_index(drop=True)


def cash_flow(
    valuation: Valuation,
    every: Every = "M",
    *,
    horizon: str = "24M",
    plan: Plan | None = None,
    quantiles: tuple[float, ...] = OUTCOME_LEVELS,
) -> CashFlow:
    """Cash flow of the customers by calendar month or quarter.

    Parameters
    ----------
    valuation : Valuation
    every : {"M", "Q"}
    horizon : str
        With an end.
    plan : Plan, optional
        New customers to come; without it the existing customers alone.
    quantiles : tuple of float
        Of the predictive intervals.

    Returns
    -------
    CashFlow
        `frame` is tidy, one row a period and item: period, first_day, last_day, item, mean (exact for existing
        customers) and quantiles. Items: purchases (a number), revenue, margin, cost of orders, cost of customers,
        contribution, contribution of new customers, cost of acquisition, fixed cost, profit; contribution and profit
        also discounted to the cut-off. Costs are negative.

    Raises
    ------
    InputError
        As `periods_of`; a plan that does not fit the economics.
    """
    basis, levels = valuation.basis, check_quantiles(quantiles)
    periods = periods_of(basis, every, horizon)
    newcomers = None if plan is None else new_customers(basis, plan, periods)
    items = dict(_items(basis, periods, newcomers))
    frame = pd.concat([_rows(periods, name, item, levels) for name, item in items.items()], ignore_index=True)
    statement = pd.concat([_total(name, item, levels) for name, item in items.items()], ignore_index=True)
    notes = () if newcomers is None else newcomers.notes
    return CashFlow(frame, RULE, notes, valuation.economics.currency, statement, every, horizon)


@dataclass(frozen=True, eq=False)
class Item:
    """One item by period: mean (periods,) and draws (periods, draws)."""

    mean: FloatArray
    draws: FloatArray

    def __add__(self, other: Item) -> Item:
        """Item by item, draw by draw."""
        return Item(self.mean + other.mean, self.draws + other.draws)

    def times(self, factor: float) -> Item:
        """The item times a number."""
        return Item(factor * self.mean, factor * self.draws)


def _items(basis: Basis, periods: Periods, newcomers: NewCustomers | None) -> Iterator[tuple[str, Item]]:
    """Items of the table in the order of a statement."""
    plain, discounted = _existing(basis, periods)
    yield from plain.items()
    contribution = {"": plain[CONTRIBUTION], DISCOUNTED: discounted[CONTRIBUTION]}
    profit = {name: item + _fixed(basis, periods, discounted=bool(name)) for name, item in contribution.items()}
    if newcomers is not None:
        brought = {"": Item(*newcomers.contribution), DISCOUNTED: Item(*newcomers.discounted)}
        spent = {
            name: _certain(-cost, basis.draws)
            for name, cost in (("", newcomers.acquisition), (DISCOUNTED, newcomers.discounted_acquisition))
        }
        yield NEW, brought[""]
        yield ACQUISITION, spent[""]
        profit = {name: item + brought[name] + spent[name] for name, item in profit.items()}
    if basis.economics.fixed_cost_per_year:
        yield FIXED, _fixed(basis, periods, discounted=False)
    yield PROFIT, profit[""]
    yield DISCOUNTED + CONTRIBUTION, contribution[DISCOUNTED]
    yield DISCOUNTED + PROFIT, profit[DISCOUNTED]


def _existing(basis: Basis, periods: Periods) -> tuple[dict[str, Item], dict[str, Item]]:
    """Items of the existing customers, plain and discounted."""
    terms = basis.terms
    futures = basis.futures(periods.ends)
    kind = np.zeros(len(terms.kind), dtype=np.int64) if terms.is_certain else terms.kind
    sums = futures.sums("Cash flow", kind, terms.margins if terms.is_certain else None)
    margin = (sums[6:] if terms.is_certain else sums[[1, 4]] * terms.kinds).sum(axis=2)
    everybody = sums[:6].sum(axis=2)
    found = []
    for place, (bought, paid, margined, lasted) in enumerate(_means(basis, periods.ends)):
        purchases, spend, alive = everybody[3 * place : 3 * place + 3]
        cumulative = {
            PURCHASES: Item(bought, purchases),
            REVENUE: Item(paid, spend),
            MARGIN: Item(margined, margin[place]),
            ORDER_COSTS: Item(bought, purchases).times(-terms.per_order),
            ALIVE_COSTS: Item(lasted, alive).times(-terms.per_time),
        }
        items = {name: _by_period(item) for name, item in cumulative.items()}
        items[CONTRIBUTION] = items[MARGIN] + items[ORDER_COSTS] + items[ALIVE_COSTS]
        found.append({name: item for name, item in items.items() if item.mean.any() or name == CONTRIBUTION})
    return found[0], found[1]


def _means(basis: Basis, ends: FloatArray) -> FloatArray:
    """Expected purchases, revenue, margin and time alive until each end, plain and discounted, array (2, 4, periods).

    Customers are asked for in parts, so that memory does not grow with them.
    """
    found, size = np.zeros((2, 4, len(ends))), max(1, CELLS // len(ends))
    for start in range(0, len(basis.summary), size):
        chosen = np.zeros(len(basis.summary), dtype=bool)
        chosen[start : start + size] = True
        part = basis.of(basis.summary.select(chosen))
        discounted = part.exact(ends, activity=False)
        for place, means in enumerate((part.undiscounted(ends, discounted), discounted)):
            paid = means.paid * part.amounts
            found[place, :3] += means.purchases.sum(axis=1), paid.sum(axis=1), paid @ part.terms.margins
            found[place, 3] += 0.0 if means.lasting is None else means.lasting.means.sum(axis=1)
    return found


def _by_period(cumulative: Item) -> Item:
    return Item(np.diff(cumulative.mean, prepend=0.0), np.diff(cumulative.draws, axis=0, prepend=0.0))


def _fixed(basis: Basis, periods: Periods, discounted: bool) -> Item:
    """Fixed cost, spread evenly over time."""
    rate = basis.rate if discounted else 0.0
    per_time = basis.economics.fixed_cost_per_year * DAYS_PER_UNIT[basis.purchases.unit] / DAYS_PER_YEAR
    lengths = discounted_time(periods.ends, rate) - discounted_time(periods.starts, rate)
    return _certain(-per_time * lengths, basis.draws)


def _certain(mean: FloatArray, draws: int) -> Item:
    return Item(mean, np.repeat(mean[:, None], draws, axis=1))


def _rows(periods: Periods, name: str, item: Item, levels: tuple[float, ...]) -> pd.DataFrame:
    columns = _columns(item, levels)
    return periods.frame().assign(item=name, **columns)


def _total(name: str, item: Item, levels: tuple[float, ...]) -> pd.DataFrame:
    whole = Item(item.mean.sum(keepdims=True), item.draws.sum(axis=0, keepdims=True))
    return pd.DataFrame({"item": [name], **_columns(whole, levels)})


def _columns(item: Item, levels: tuple[float, ...]) -> Mapping[str, FloatArray]:
    named = columns_of("", item.mean, quantiles_of(item.draws, levels), levels)
    return {name.removeprefix("_"): values for name, values in named.items()}
