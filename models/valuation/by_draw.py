"""Expected value of groups of customers in each draw of what is not known: parameters, clock and margin.

Chance is left out: a draw is what customers are worth on average if the world were as in that draw. Differences
between draws are doubt, and differences between two questions within a draw are paired.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ..fitted_purchases import Pairs
from ..ground.design import Cells
from ..ground.rows import DistinctRows, FloatArray, IntArray
from ..ground.threads import map_threads
from .basis import Basis
from .world import World

DRAWS: Final = 150
"""Draws behind an interval of an expectation: its ends stand to about an eighth of its width."""
BLOCK_CELLS: Final = 1_000_000
"""Draws times customers in hand at once, at each time asked for."""


def expected_by_draw(basis: Basis, lengths: FloatArray, codes: IntArray, groups: int, draws: int = DRAWS) -> FloatArray:
    """Expected value of each group within each length, by draw, array (horizons, groups, draws).

    Parameters
    ----------
    basis : Basis
    lengths : array (horizons,), ascending
        By the calendar in the unit of the model; may be infinite where there is discounting.
    codes : array (customers,)
        Group of each customer.
    groups : int
    draws : int
    """
    ends, basis = basis.ends(lengths), replace(basis, draws=draws)
    # the calendar's own time as a clock: discounting is then a weight, and costs nothing
    clock = basis.clock(ends) or (basis.plain_clock(float(ends[-1]), draws) if basis.rate > 0.0 else None)
    world, money = World.of(basis, ends, clock), _Money.of(basis)
    rows, cells = basis.purchases.rows(basis.summary)
    members = np.argsort(rows.inverse, kind="stable")
    first = np.searchsorted(rows.inverse[members], np.arange(len(rows) + 1))
    sharing = -(-len(members) // len(rows))  # customers of a row are in hand together
    blocks = list(_blocks(rows, max(1, BLOCK_CELLS // (draws * len(world.times) * sharing))))

    def total(block: tuple[int, DistinctRows]) -> FloatArray:
        start, part = block
        customers = members[first[start] : first[start + len(part)]]
        row = rows.inverse[customers] - start
        paid, bought, alive = _ahead(basis, world, cells, part)
        found = np.zeros((len(ends), groups, draws))
        for g in np.unique(codes[customers]):
            who = codes[customers] == g
            worth = money.worth(customers[who], row[who], len(part))
            counted = np.bincount(row[who], minlength=len(part)).astype(float)
            found[:, g] = np.einsum("hsr,sr->hs", paid, worth)
            found[:, g] -= basis.terms.per_order * (bought @ counted) + basis.terms.per_time * (alive @ counted)
        return found

    return np.asarray(np.sum(list(map_threads(total, blocks, "Expected value by draw")), axis=0))


@dataclass(frozen=True, eq=False)
class _Money:
    """What purchases of each customer leave before the cost of the order."""

    basis: Basis
    n: IntArray
    zbar: FloatArray
    cells: Cells

    @classmethod
    def of(cls, basis: Basis) -> _Money:
        return cls(basis, *basis.spend.purchases_of(basis.summary), basis.spend.cells(basis.summary))

    def worth(self, customers: IntArray, row: IntArray, rows: int) -> FloatArray:
        """Summed over the customers of each row, array (draws, rows)."""
        spend, terms, draws = self.basis.spend, self.basis.terms, self.basis.draws
        found = np.zeros((draws, rows))
        for cell in np.unique(self.cells.of_customer[customers]):
            some = self.cells.of_customer[customers] == cell
            order = np.argsort(row[some], kind="stable")
            who = customers[some][order]
            theta = spend.theta(draws, self.cells, int(cell))
            amounts = spend.model.expected_spend(theta[:, :, None], self.n[who], self.zbar[who])
            present, starts = np.unique(row[some][order], return_index=True)
            found[:, present] += np.add.reduceat(amounts * terms.kinds[terms.kind[who]].T, starts, axis=1)
        return found


def _blocks(rows: DistinctRows, size: int) -> Iterator[tuple[int, DistinctRows]]:
    """Blocks of rows of one cell, each with the place of its first row."""
    start = 0
    for block in rows.blocks(size):
        yield start, block
        start += len(block)


def _ahead(basis: Basis, world: World, cells: Cells, block: DistinctRows) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Expected purchases times the level of amounts, purchases, and time alive, arrays (horizons, draws, rows)."""
    fitted, pairs = basis.purchases, Pairs(*block.pairs())
    theta = fitted.theta(basis.draws, cells, int(block.cell[0]))
    alive = fitted.model.probability_alive(theta[:, :, None], block.x, block.t_x, block.T)
    at_nodes = fitted.model.purchases_if_alive(theta, pairs.x, pairs.T, world.times, world.rate)
    paid = alive * np.einsum("hns,nsp->hsp", world.spend, at_nodes)[:, :, pairs.of_row]
    bought = alive * np.einsum("hns,nsp->hsp", world.purchases, at_nodes)[:, :, pairs.of_row]
    if world.lasting is None:
        return paid, bought, np.zeros_like(bought)
    gone = np.stack(
        [1.0 - fitted.model.survival_if_alive(theta, pairs.x, pairs.T, float(node)) for node in world.lasting.nodes]
    )
    away = np.einsum("hns,nsp->hsp", world.lasting.gone, gone)[:, :, pairs.of_row]
    return paid, bought, alive * (world.lasting.whole[:, None, None] - away)
