"""Futures of customers: exact simulation in blocks, reduced on the fly, in memory that does not grow.

For every draw of the parameters and every customer the hidden state is drawn from its exact posterior
(`draw_latent` of the models), and from it one future: purchases at exponential gaps until the horizon or the
customer's end, each with its amount and its day, so that discounting is exact and every horizon is read off the
same path. Draw s uses the same parameters and the same clock for all customers: sums over customers within a draw are
draws of the total. Totals from sums of customers' quantiles would be wrong.

Customers are worked on in an order of their own data, each block with a random stream of its own: neither the
order they came in nor the number of cores changes the result, nor which horizons are read off before the last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..base import Latent
from ..fitted_purchases import FittedPurchases
from ..ground.rows import FloatArray, IntArray
from ..ground.summary import CustomerSummary
from ..ground.threads import map_threads
from ..spend import FittedSpend
from .clock import Clock
from .futures_kernels import walk, walk_sums
from .ordered import Ordered

BLOCK_BYTES: Final = 48_000_000
"""Memory of the hidden states of a block in hand, one a core."""
PATH_BYTES: Final = 16_000_000
"""Memory of the paths in hand, of a part of a block, one a core."""
ROWS: Final = 6
"""Arrays of a path."""
ARRAYS_ASIDE: Final = 8
"""Arrays of a block beside its path: the hidden state and what drawing it takes."""


@dataclass(frozen=True, eq=False)
class Path:
    """What a block of customers does, each array (horizons, customers, draws), up to each horizon.

    Attributes
    ----------
    customers : array (customers,)
        Their positions in the summary.
    purchases, spend, alive : array
        Number of purchases, their amounts, and the time by the calendar until the customer has left.
    discounted_purchases, discounted_spend, discounted_alive : array
        The same, each purchase and each moment discounted to the cut-off at the rate asked for.
    today : array (customers, draws) or None
        The amount of one more purchase, made today, where it was asked for.
    """

    customers: IntArray
    purchases: FloatArray
    spend: FloatArray
    alive: FloatArray
    discounted_purchases: FloatArray
    discounted_spend: FloatArray
    discounted_alive: FloatArray
    today: FloatArray | None


@dataclass(frozen=True, eq=False)
class Futures:
    """A recipe for futures: whose, until when, how many draws. `reduced` makes them, block by block.

    Attributes
    ----------
    purchases : FittedPurchases
    spend : FittedSpend or None
        None: amounts are zero.
    summary : CustomerSummary
    horizons : array (horizons,)
        Ascending lengths by the calendar in the unit of `purchases`; the last must be finite.
    discount : float
        Continuous rate per unit of time.
    draws : int
    seed : int
    purchase_today : bool
        Whether paths carry the amount of one more purchase, made today.
    clock : Clock or None
        How fast time runs for all customers, of as many draws; None: as the calendar's.
    """

    purchases: FittedPurchases
    spend: FittedSpend | None
    summary: CustomerSummary
    horizons: FloatArray
    discount: float
    draws: int
    seed: int
    purchase_today: bool = False
    clock: Clock | None = None

    def reduced[R](self, reduce: Callable[[Path], R], description: str) -> Iterator[R]:
        """What `reduce` makes of the paths of a few customers at a time, in a fixed order; computed on all cores."""
        few = max(1, PATH_BYTES // (8 * self.draws * ROWS * len(self.horizons)))

        def paths(block: _Block) -> list[R]:
            parts = [slice(k, k + few) for k in range(0, len(block.customers), few)]
            return [reduce(self._path(block, part)) for part in parts]

        for found in self._blocks(paths, description):
            yield from found

    def sums(self, description: str, kind: IntArray | None = None, weight: FloatArray | None = None) -> FloatArray:
        """Sums over customers alone: the same futures as those of `reduced`, in memory that never grows.

        Parameters
        ----------
        description : str
        kind : array (customers,), optional
            Groups of customers, numbered from 0; by default all are of one.
        weight : array (customers,), optional
            What a unit of money of each customer counts in the last two rows.

        Returns
        -------
        array (8, horizons, kinds, draws)
            The arrays of `Path`; then amounts times weight, plain and discounted.
        """
        kinds = np.zeros(len(self.summary), dtype=np.int64) if kind is None else kind
        weights = np.ones(len(self.summary)) if weight is None else weight
        shape = (ROWS + 2, len(self.horizons), int(kinds.max()) + 1, self.draws)

        def add(block: _Block) -> FloatArray:
            sums, who = np.zeros(shape), block.customers
            walk_sums(
                block.rng, *block.hidden, *block.amounts, *block.time, self.discount, kinds[who], weights[who], sums
            )
            return sums

        return np.asarray(sum(self._blocks(add, description), np.zeros(shape)))

    def _path(self, block: _Block, part: slice) -> Path:
        hidden, (shape, rate) = Latent(*(array[part] for array in block.hidden)), block.amounts
        out = np.zeros((ROWS, len(self.horizons), *hidden.rate.shape))
        walk(block.rng, *hidden, shape, rate[part], *block.time, self.discount, out)
        today = block.rng.standard_gamma(shape, rate[part].shape) / rate[part] if self.purchase_today else None
        return Path(block.customers[part], out[0], out[1], out[2], out[3], out[4], out[5], today)

    def _blocks[R](self, work: Callable[[_Block], R], description: str) -> Iterator[R]:
        ordered = Ordered.of(self.purchases, self.spend, self.summary)
        clock = self.clock or Clock.plain(float(self.horizons[-1]), self.draws)
        blocks = ordered.blocks(self.seed, max(1, BLOCK_BYTES // (8 * self.draws * (ARRAYS_ASIDE + ROWS))))
        return map_threads(lambda block: work(self._drawn(ordered, clock, *block)), blocks, description)

    def _drawn(self, ordered: Ordered, clock: Clock, who: IntArray, stream: np.random.SeedSequence) -> _Block:
        rng, theta = np.random.default_rng(stream), ordered.theta(who, self.draws)
        latent = self.purchases.model.draw_latent(rng, theta[:, None, :], *ordered.history(who))
        amounts = ordered.amounts(who, self.draws, rng)
        time = (self.horizons, clock.at(self.horizons), clock.knots, clock.elapsed, clock.level)
        return _Block(who, rng, latent, amounts, time)


@dataclass(frozen=True, eq=False)
class _Block:
    """Customers whose hidden state is drawn: what a walk needs, in the order of its arguments."""

    customers: IntArray
    rng: np.random.Generator
    hidden: Latent
    amounts: tuple[FloatArray, FloatArray]
    time: tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]
