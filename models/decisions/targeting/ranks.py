"""How probable it is that a customer's outcome is among the best: ranks within each draw, in two passes.

In each draw of the future customers are ranked by their outcome. The first pass counts outcomes in bins, draw by
draw, and finds where each tier begins; the second counts how often each customer lies above. Both see the same
futures, block by block: memory does not grow with the customers, but for the outcomes that the basis keeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...ground.compiled import compiled
from ...ground.rows import FloatArray, IntArray
from ...prediction.forecast import ascending
from ...valuation.value import Valuation

type Places = NDArray[np.int16]
"""Bins of outcomes, array (draws, customers)."""

FINENESS: Final = 400.0
"""Bins to a factor of e: outcomes less than a quarter of a percent apart may share one, and are then tied."""
SMALLEST: Final = 1e-3
"""Share of the mean outcome below which bins no longer grow finer; its 400th part is as good as 0."""
LARGEST: Final = 1e6
"""Outcomes beyond so many mean outcomes are all alike."""


@dataclass(frozen=True)
class Bins:
    """Bins of outcomes, even in the logarithm of their size on either side of 0, 0 in one of its own.

    Attributes
    ----------
    unit : float
        Below it bins are even in the outcome itself.
    half : int
        Bins on either side of that of 0.
    """

    unit: float
    half: int

    @classmethod
    def around(cls, mean: float) -> Bins:
        """For outcomes of a mean size."""
        return cls(SMALLEST * (mean or 1.0), int(FINENESS * np.log1p(LARGEST / SMALLEST)))

    @property
    def count(self) -> int:
        """How many there are."""
        return 2 * self.half + 1

    def place(self, outcomes: FloatArray) -> Places:
        """Bin of each outcome, ascending; array (customers, draws) to array (draws, customers)."""
        size = np.log1p(np.abs(outcomes) / self.unit) * FINENESS
        signed = np.copysign(np.minimum(np.rint(size), self.half), outcomes)
        return np.ascontiguousarray((signed + self.half).T.astype(np.int16))


def among_best(valuation: Valuation, place: int, shares: FloatArray, mean: float) -> FloatArray:
    """Probability that each customer's outcome is among the best, array (shares, customers).

    Outcomes that tie where the share ends share what is left of it evenly: a row sums to the share of the customers.

    Parameters
    ----------
    valuation : Valuation
    place : int
        Of the horizon.
    shares : array (shares,)
        Ascending, such as .05 for the best twentieth.
    mean : float
        Mean size of outcomes, for the width of bins.
    """
    basis, bins, customers = valuation.basis, Bins.around(mean), len(valuation.basis.summary)
    lengths, order = ascending(valuation.horizons)
    horizon = int(order[place])
    counts = np.zeros((basis.draws, bins.count), dtype=np.int32)

    def places(_who: IntArray, outcomes: FloatArray) -> Places:
        return bins.place(outcomes)

    for placed in basis.of_outcomes(lengths, horizon, places, "Ranking customers: where tiers begin"):
        count_into(counts, placed)
    bar, part = _bars(counts, shares * customers)
    found = np.empty((len(shares), customers))

    def above(who: IntArray, outcomes: FloatArray) -> tuple[IntArray, FloatArray]:
        return who, share_above(bins.place(outcomes), bar, part)

    for who, probability in basis.of_outcomes(lengths, horizon, above, "Ranking customers: who is above"):
        found[:, who] = probability
    return found


def _bars(counts: NDArray[np.int32], members: FloatArray) -> tuple[NDArray[np.int16], FloatArray]:
    """The bin where the best so many `members` end in each draw, and the part of that bin among them.

    Both arrays (members, draws).
    """
    bar = np.empty((len(members), len(counts)), dtype=np.int16)
    part = np.empty(bar.shape)
    for draw, here in enumerate(counts):
        from_best = np.cumsum(here[::-1], dtype=np.int64)
        place = np.minimum(np.searchsorted(from_best, members), len(here) - 1)
        inside = here[::-1][place]
        bar[:, draw] = len(here) - 1 - place
        part[:, draw] = np.clip((members - (from_best[place] - inside)) / np.maximum(inside, 1), 0.0, 1.0)
    return bar, part


@compiled
def count_into(counts: NDArray[np.int32], places: Places) -> None:
    """Add outcomes to the counts of each draw, array (draws, bins)."""
    for draw in range(places.shape[0]):
        for customer in range(places.shape[1]):
            counts[draw, places[draw, customer]] += 1


@compiled
def share_above(places: Places, bar: NDArray[np.int16], part: FloatArray) -> FloatArray:
    """Share of draws in which each customer lies above a bar, array (bars, customers); at the bar a part counts."""
    draws, customers = places.shape
    out = np.zeros((bar.shape[0], customers))
    for which in range(bar.shape[0]):
        for draw in range(draws):
            for customer in range(customers):
                if places[draw, customer] > bar[which, draw]:
                    out[which, customer] += 1.0
                elif places[draw, customer] == bar[which, draw]:
                    out[which, customer] += part[which, draw]
    return out / np.float64(draws)
