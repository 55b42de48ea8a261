"""Customers in an order of their own data: what drawing their hidden states takes, block by block.

Each block is of one cell of purchases and of spend and has a random stream of its own, so that neither the order the
customers came in nor the number of cores changes what is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..fitted_purchases import FittedPurchases
from ..ground.design import Cells
from ..ground.rows import FloatArray, IntArray, runs
from ..ground.summary import CustomerSummary
from ..spend import FittedSpend


@dataclass(frozen=True, eq=False)
class Ordered:
    """Customers of a summary, arrays (customers,) in its order but for the last two.

    Attributes
    ----------
    purchases : FittedPurchases
    spend : FittedSpend or None
    x, t_x, T : array
        Repeat purchases, and times of the last one and of the cut-off since the first.
    n, zbar : array
        Purchases with a known amount and their mean; 0 without a spend model.
    cells : Cells
    spend_cells : Cells or None
    order : array
        Positions, sorted by cells of purchases and of spend, then by data.
    cell : array
        Numbers both cells together, in that order.
    """

    purchases: FittedPurchases
    spend: FittedSpend | None
    x: IntArray
    t_x: FloatArray
    T: FloatArray
    n: IntArray
    zbar: FloatArray
    cells: Cells
    spend_cells: Cells | None
    order: IntArray
    cell: IntArray

    @classmethod
    def of(
        cls,
        purchases: FittedPurchases,
        spend: FittedSpend | None,
        summary: CustomerSummary,
        kind: IntArray | None = None,
    ) -> Ordered:
        """Sort customers; those alike in every number by `kind`, array (customers,), where it is given.

        Raises
        ------
        InputError
            The summary does not fit the models.
        """
        summary = purchases.checked(summary)
        rows, cells = purchases.rows(summary)
        x, t_x, T = rows.x[rows.inverse], rows.t_x[rows.inverse], rows.T[rows.inverse]
        n, zbar, spend_cells, both = np.zeros_like(x), np.zeros(len(x)), None, cells.of_customer
        if spend is not None:
            n, zbar = spend.purchases_of(summary)
            spend_cells = spend.cells(summary)
            both = both * len(spend_cells) + spend_cells.of_customer
        order = np.lexsort((*(() if kind is None else (kind,)), zbar, rows.inverse, both))
        return cls(purchases, spend, x, t_x, T, n, zbar, cells, spend_cells, order, both[order])

    def blocks(self, seed: int | Sequence[int], size: int) -> list[tuple[IntArray, np.random.SeedSequence]]:
        """At most `size` customers of one cell at a time, each block with its random stream."""
        spans = runs(self.cell, size)
        streams = np.random.SeedSequence(seed).spawn(len(spans))
        return [(self.order[slice(*span)], stream) for span, stream in zip(spans, streams, strict=True)]

    def history(self, who: IntArray) -> tuple[IntArray, FloatArray, FloatArray]:
        """Frequency, recency and T of these customers, arrays (customers, 1)."""
        return self.x[who, None], self.t_x[who, None], self.T[who, None]

    def theta(self, who: IntArray, draws: int) -> FloatArray:
        """Parameters of purchases of the cell these customers are of, array (parameters, draws)."""
        return self.purchases.theta(draws, self.cells, int(self.cells.of_customer[who[0]]))

    def amounts(self, who: IntArray, draws: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Shape of amounts by draw, array (draws,), and each customer's own rate, array (customers, draws).

        Without a spend model the shape is 0.
        """
        if self.spend is None or self.spend_cells is None:
            return np.zeros(draws), np.ones((len(who), draws))
        phi = self.spend.theta(draws, self.spend_cells, int(self.spend_cells.of_customer[who[0]]))
        own = self.spend.model.draw_latent(rng, phi[:, None, :], self.n[who, None], self.zbar[who, None])
        return phi[0].copy(), own
