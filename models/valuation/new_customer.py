"""What a customer just acquired is worth: the first order, and the future after it.

Two questions, two answers. `newcomer_means` is the MEAN over new customers of a kind, uncertain for what is not known
of the kind: what bids, payback and plans are made of. `new_customer_table` is the outcome of ONE new customer, chance
included.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from ..fitted_purchases import FittedPurchases
from ..ground.design import Cells
from ..ground.rows import FloatArray, IntArray
from ..ground.units import Horizon
from ..prediction.clock import Clock
from ..prediction.futures import Path
from ..prediction.reduction import columns_of, quantiles_of
from ..spend import FittedSpend
from .basis import Basis
from .first_orders import mean_first_orders
from .newcomers import Kinds, just_acquired, kinds_of
from .world import World

FIRST_ORDER_STREAM: Final = 71
"""Tells the random numbers of first orders from those of margins and customers."""


@dataclass(frozen=True, eq=False)
class NewcomerMeans:
    """Draws of the mean value of new customers, by kind.

    Attributes
    ----------
    kinds : Kinds
    first_amount : array (kinds, draws)
        Mean amount of a first order.
    first : array (kinds, draws)
        Mean contribution of it.
    residual : array (horizons, kinds, draws)
        Mean discounted contribution after it.
    observed : bool
        Whether first orders are those that were seen, or else those of the spend model.
    """

    kinds: Kinds
    first_amount: FloatArray
    first: FloatArray
    residual: FloatArray
    observed: bool

    @property
    def labels(self) -> tuple[Any, ...]:
        """One a kind."""
        return self.kinds.labels

    @property
    def size(self) -> IntArray:
        """Customers seen of each kind, array (kinds,)."""
        return self.kinds.size

    @property
    def cac(self) -> FloatArray:
        """Cost of acquiring one, array (kinds,); NaN where there is none."""
        return self.kinds.cac

    @property
    def value(self) -> FloatArray:
        """New-customer value, array (horizons, kinds, draws)."""
        return self.first + self.residual


def newcomer_means(basis: Basis, ends: FloatArray, by: str | None = None, clock: Clock | None = None) -> NewcomerMeans:
    """Draws of the mean value of new customers of each kind: doubt about what is not known, chance left out.

    Draw s has the parameters, clock and margins of draw s of the valuation.

    Parameters
    ----------
    basis : Basis
    ends : array (horizons,), ascending
        Times since the first order, by the calendar in the unit of the model; finite.
    by : str, optional
        Attribute that tells kinds apart; by default that of the CAC.
    clock : Clock, optional
        How time runs from the first order on; by default as from the cut-off on.

    Raises
    ------
    InputError
        As `kinds_of`.
    """
    kinds = kinds_of(basis, by)
    clock = clock or basis.clock(ends)
    parts = [_Ahead.of(just_acquired(basis, kinds, kind), ends, clock) for kind in range(len(kinds.labels))]
    amounts = np.stack([part.amount for part in parts])
    margins = np.stack([part.margin for part in parts])
    seen = _first_orders(basis, kinds, amounts)
    first_amount = amounts if seen is None else seen[1]
    first = margins * first_amount - basis.terms.per_order
    residual = np.stack([part.value for part in parts], axis=1)
    return NewcomerMeans(kinds, first_amount, first, residual, seen is not None)


def _first_orders(basis: Basis, kinds: Kinds, later: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """As `mean_first_orders`, with random numbers of their own."""
    rng = np.random.default_rng([basis.seed, FIRST_ORDER_STREAM])
    return mean_first_orders(basis.summary, kinds.of_customer, later, rng)


@dataclass(frozen=True, eq=False)
class _Ahead:
    """Means over the copies of one kind: amount and margin, arrays (draws,), value, array (horizons, draws)."""

    amount: FloatArray
    margin: FloatArray
    value: FloatArray

    @classmethod
    def of(cls, nobody: Basis, ends: FloatArray, clock: Clock | None, average: bool = False) -> _Ahead:
        """Look ahead of customers just acquired in closed forms: by draw, or averaged over all draws, of size 1."""
        terms, look = nobody.terms, _Look(nobody, World.of(nobody, ends, clock, average), average)
        draws = 1 if average else nobody.draws
        of_purchases, of_spend = nobody.purchases.cells(nobody.summary), nobody.spend.cells(nobody.summary)
        margins = terms.means[:, None] if average else terms.kinds
        amount, value = np.zeros(draws), np.zeros((len(ends), draws))
        codes = np.stack([of_purchases.of_customer, of_spend.of_customer, terms.kind])
        for (cell, spend_cell, kind), count in zip(*_distinct(codes), strict=True):
            share = count / codes.shape[1]
            amounts = look.amounts(of_spend, int(spend_cell))
            amount += share * amounts
            value += share * look.value(of_purchases, int(cell), margins[kind] * amounts)
        return cls(amount, np.broadcast_to(margins[terms.kind].mean(axis=0), (draws,)), value)


@dataclass(frozen=True, eq=False)
class _Look:
    """Ahead of a customer just acquired, of one cell at a time."""

    nobody: Basis
    world: World
    average: bool

    def _drawn(self, values: FloatArray) -> FloatArray:
        """Draws as they are, or their mean."""
        return values.mean(axis=-1, keepdims=True) if self.average else values

    def _theta(self, fitted: FittedPurchases | FittedSpend, cells: Cells, cell: int) -> FloatArray:
        draws = fitted.draws_for_means(len(cells)) if self.average else self.nobody.draws
        return fitted.theta(draws, cells, cell)

    def amounts(self, cells: Cells, cell: int) -> FloatArray:
        """Mean amount of a customer of whom nothing is known, array (draws,)."""
        phi, nothing = self._theta(self.nobody.spend, cells, cell), np.zeros(1, dtype=np.int64)
        amounts = self.nobody.spend.model.expected_spend(phi[:, :, None], nothing, np.zeros(1))
        return self._drawn(amounts[:, 0])

    def value(self, cells: Cells, cell: int, leaves: FloatArray) -> FloatArray:
        """Expected discounted contribution after the first order, array (horizons, draws)."""
        fitted, world, terms = self.nobody.purchases, self.world, self.nobody.terms
        theta = self._theta(fitted, cells, cell)
        bought = self._drawn(fitted.new_customer_purchases(theta, world.times, world.rate))
        found = leaves * np.einsum("hns,ns->hs", world.spend, bought)
        found -= terms.per_order * np.einsum("hns,ns->hs", world.purchases, bought)
        if world.lasting is None:
            return np.asarray(found)
        none, start = np.zeros(1, dtype=np.int64), np.zeros(1)
        alive = fitted.model.probability_alive(theta[:, :, None], none, start, start)[:, 0]
        nodes = [fitted.model.survival_if_alive(theta, none, start, float(node))[:, 0] for node in world.lasting.nodes]
        gone = np.einsum("hns,ns->hs", world.lasting.gone, self._drawn(alive * (1.0 - np.stack(nodes))))
        return np.asarray(found - terms.per_time * (world.lasting.whole[:, None] * self._drawn(alive) - gone))


def _distinct(codes: IntArray) -> tuple[IntArray, IntArray]:
    found, counts = np.unique(codes, axis=1, return_counts=True)
    return found.T, counts


def sd_of_newcomers(basis: Basis, kinds: Kinds, end: float, clock: Clock | None) -> FloatArray:
    """Standard deviation by chance of the value of ONE new customer within `end`, array (kinds,)."""
    found = []
    for kind in range(len(kinds.labels)):
        one = _Newcomer.of(just_acquired(basis, kinds, kind), np.array([end]), None, np.nan, clock)
        by_copy = (one.first + one.residual[0]).reshape(-1, basis.draws)  # parameters are those of the draw
        found.append(float(by_copy.std(axis=0).mean()))
    return np.array(found)


def new_customer_table(
    basis: Basis, horizons: tuple[Horizon, ...], ends: FloatArray, order: IntArray, levels: tuple[float, ...]
) -> pd.DataFrame:
    """One row a kind of new customer and horizon, for ONE new customer; columns as in `Valuation`.

    `order` gives each horizon its place in `ends`. Means are exact; those of first orders are of the ones seen.
    """
    kinds, frames = kinds_of(basis), []
    seen = _first_orders(basis, kinds, np.zeros((len(kinds.labels), 1)))
    for kind, label in enumerate(kinds.labels):
        one = _Newcomer.of(
            just_acquired(basis, kinds, kind), ends, None if seen is None else seen[0][kind], kinds.cac[kind]
        )
        named = {} if kinds.by is None else {kinds.by: label}
        for horizon, h in zip(horizons, order, strict=True):
            frames.append(pd.DataFrame(named | {"horizon": horizon.label} | one.columns(h, levels), index=[0]))
    return pd.concat(frames, ignore_index=True)


@dataclass(frozen=True, eq=False)
class _Newcomer:
    """First order and future of one new customer: means, and draws of what comes, arrays (…, copies times draws)."""

    first_mean: float
    residual_mean: FloatArray
    first: FloatArray
    residual: FloatArray
    cac: float

    @classmethod
    def of(
        cls, nobody: Basis, ends: FloatArray, seen: float | None, cac: float, clock: Clock | None = None
    ) -> _Newcomer:
        terms, futures = nobody.terms, replace(nobody.futures(ends), purchase_today=True)
        futures = futures if clock is None else replace(futures, clock=clock)
        mean = _Ahead.of(nobody, ends, futures.clock, average=True)
        # amounts of one customer go together: its first order is the model's, brought to the mean of those seen
        amount = float(mean.amount[0])
        level = 1.0 if seen is None else seen / amount

        def outcome(path: Path) -> tuple[FloatArray, FloatArray]:
            today = path.today if path.today is not None else np.zeros_like(path.discounted_purchases[0])
            first = terms.kinds[terms.kind[path.customers]] * (level * today) - terms.per_order
            return first, terms.contribution(path)

        blocks = list(futures.reduced(outcome, "New customers"))
        first = np.concatenate([block[0] for block in blocks]).ravel()
        residual = np.concatenate([block[1] for block in blocks], axis=1).reshape(len(ends), -1)
        first_mean = float(mean.margin[0]) * amount * level - terms.per_order
        return cls(first_mean, mean.value[:, 0], first, residual, cac)

    def columns(self, h: int, levels: tuple[float, ...]) -> dict[str, Any]:
        """Columns of the table at one horizon."""
        total, mean = self.first + self.residual[h], self.first_mean + self.residual_mean[h]
        found = {
            "first_order": (self.first, self.first_mean),
            "residual_value": (self.residual[h], self.residual_mean[h]),
            "new_customer_value": (total, mean),
        }
        if np.isfinite(self.cac):
            found["acquisition_npv"] = (total - self.cac, mean - self.cac)
        columns: dict[str, Any] = {}
        for name, (draws, centre) in found.items():
            columns |= columns_of(name, np.array([centre]), quantiles_of(draws.reshape(1, -1), levels), levels)
        return columns | ({"cac": self.cac} if np.isfinite(self.cac) else {})
