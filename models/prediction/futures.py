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

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args

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
type Measure = Literal["purchases", "spend", "alive", "discounted_purchases", "discounted_spend", "discounted_alive"]
"""What is measured on a path; see `Path`."""
MEASURES: Final[tuple[Measure, ...]] = get_args(Measure.__value__)
"""In the order of the compiled walk."""
ROWS: Final = len(MEASURES)
"""Arrays of a path that keeps all."""
ARRAYS_ASIDE: Final = 8
"""Arrays of a block beside its path: the hidden state and what drawing it takes."""


@dataclass(frozen=True, eq=False)
class Path:
    """What a block of customers does, each measure an array (horizons, customers, draws), up to each horizon.

    Attributes
    ----------
    customers : array (customers,)
        Their positions in the summary.
    measures : mapping of Measure to array
        Those the futures keep.
    today : array (customers, draws) or None
        The amount of one more purchase, made today, where it was asked for.
    """

    customers: IntArray
    measures: Mapping[Measure, FloatArray]
    today: FloatArray | None

    @property
    def purchases(self) -> FloatArray:
        """Number of purchases."""
        return self.measures["purchases"]

    @property
    def spend(self) -> FloatArray:
        """Their amounts."""
        return self.measures["spend"]

    @property
    def alive(self) -> FloatArray:
        """Time by the calendar until the customer has left."""
        return self.measures["alive"]

    @property
    def discounted_purchases(self) -> FloatArray:
        """Purchases, each discounted to the cut-off at the rate asked for."""
        return self.measures["discounted_purchases"]

    @property
    def discounted_spend(self) -> FloatArray:
        """Amounts, each discounted likewise."""
        return self.measures["discounted_spend"]

    @property
    def discounted_alive(self) -> FloatArray:
        """Time until the customer has left, each moment discounted likewise."""
        return self.measures["discounted_alive"]


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
    measures : tuple of Measure
        What paths keep; less takes less time and memory.
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
    measures: tuple[Measure, ...] = MEASURES

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
            The `MEASURES`; then amounts times weight, plain and discounted.
        """
        kinds = np.zeros(len(self.summary), dtype=np.int64) if kind is None else kind
        weights = np.ones(len(self.summary)) if weight is None else weight
        shape = (int(kinds.max()) + 1, self.draws, ROWS + 2, len(self.horizons))

        def add(block: _Block) -> FloatArray:
            sums, who = np.zeros(shape), block.customers
            walk_sums(
                block.rng, *block.hidden, *block.amounts, *block.time, self.discount, kinds[who], weights[who], sums
            )
            return sums

        total = np.zeros(shape)
        for sums in self._blocks(add, description):
            total += sums
        return np.ascontiguousarray(total.transpose(2, 3, 0, 1))

    def _path(self, block: _Block, part: slice) -> Path:
        hidden, (shape, rate) = Latent(*(array[part] for array in block.hidden)), block.amounts
        kept = np.array([MEASURES.index(measure) for measure in self.measures], dtype=np.int64)
        out = np.zeros((len(kept), len(self.horizons), *hidden.rate.shape))
        walk(block.rng, *hidden, shape, rate[part], *block.time, self.discount, kept, out)
        today = block.rng.standard_gamma(shape, rate[part].shape) / rate[part] if self.purchase_today else None
        return Path(block.customers[part], dict(zip(self.measures, out, strict=True)), today)

    def _blocks[R](self, work: Callable[[_Block], R], description: str) -> Iterator[R]:
        ordered = Ordered.of(self.purchases, self.spend, self.summary)
        clock = self.clock or Clock.plain(float(self.horizons[-1]), self.draws)
        blocks = ordered.blocks(self.seed, max(1, BLOCK_BYTES // (8 * self.draws * (ARRAYS_ASIDE + ROWS))))
        time = _Time.of(clock, self.horizons)
        return map_threads(lambda block: work(self._drawn(ordered, time, *block)), blocks, description)

    def _drawn(self, ordered: Ordered, time: _Time, who: IntArray, stream: np.random.SeedSequence) -> _Block:
        rng, theta = np.random.default_rng(stream), ordered.theta(who, self.draws)
        latent = self.purchases.model.draw_latent(rng, theta[:, None, :], *ordered.history(who))
        amounts = ordered.amounts(who, self.draws, rng)
        return _Block(who, rng, latent, amounts, time)


class _Time(NamedTuple):
    """Horizons and clock as a walk reads them, draw by draw: each draw's numbers lie together."""

    ends: FloatArray
    horizons: FloatArray
    knots: FloatArray
    elapsed: FloatArray
    level: FloatArray

    @classmethod
    def of(cls, clock: Clock, ends: FloatArray) -> _Time:
        horizons, elapsed, level = (
            np.ascontiguousarray(path.T) for path in (clock.at(ends), clock.elapsed, clock.level)
        )
        return cls(ends, horizons, clock.knots, elapsed, level)


@dataclass(frozen=True, eq=False)
class _Block:
    """Customers whose hidden state is drawn: what a walk needs, in the order of its arguments."""

    customers: IntArray
    rng: np.random.Generator
    hidden: Latent
    amounts: tuple[FloatArray, FloatArray]
    time: _Time
