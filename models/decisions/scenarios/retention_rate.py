"""The retention rate as a lever: which factor on everybody's hazard of leaving moves it by so much.

In all models a customer's hazard kappa is constant in elapsed time. With every hazard multiplied by g the probability
of being alive at c is e^(-g kappa c): that of being alive at g c without.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import brentq

from ...ground.errors import InputError
from ...ground.rows import FloatArray
from ...ground.units import parse_horizon
from ...prediction.clock import Interpolation
from ...prediction.futures import Futures
from ...prediction.lasting import LastingWeights, lasting
from ...prediction.state_values import survivors_given_states
from ...valuation.basis import Basis

WITHIN: Final = "12M"
"""Retention is that of a year."""
MOST_HAZARD: Final = 100.0
"""Retention falls by at most what a hazard so many times as high makes of it."""
FINE: Final = 0.02
"""Interpolated as finely as a fiftieth of a year, or of a hazard, asks for: new customers leave fast at first."""


@dataclass(frozen=True, eq=False)
class RetentionRate:
    """Share of customers alive at the start that are alive after 12 months, by the factor on all hazards.

    Attributes
    ----------
    nodes : Interpolation
        In the factor, from 0 on.
    gone : array (nodes,)
        Share that is gone at each.
    """

    nodes: Interpolation
    gone: FloatArray

    @classmethod
    def of_base(cls, basis: Basis, futures: Futures) -> RetentionRate:
        """Of all customers, their states drawn as those of the futures are."""
        nodes = Interpolation.upto(MOST_HAZARD, FINE)
        multipliers = np.concatenate([[0.0], nodes.nodes])
        found = survivors_given_states(futures, basis.terms.kind, multipliers, _elapsed(basis))
        return cls(nodes, 1.0 - found[1:] / found[0])

    @classmethod
    def of_newcomers(cls, kinds: Sequence[tuple[Basis, float]]) -> RetentionRate:
        """Of customers just acquired, by kind, each counted by its share, in closed forms."""
        elapsed, alive = _elapsed(kinds[0][0]), 0.0
        times = Interpolation.upto(MOST_HAZARD * float(elapsed.max()), FINE * float(elapsed.min()))
        weights = LastingWeights(times.nodes, np.zeros((1, len(times.nodes), 1)), np.ones(1))
        gone = np.zeros(len(times.nodes))
        for basis, share in kinds:
            found = lasting(basis.purchases, basis.summary, weights, basis.draws)
            counted = np.bincount(found.inverse, minlength=len(found.alive)) * (share / len(found.inverse))
            alive += float(found.alive @ counted)
            gone += found.gone @ counted
        nodes = Interpolation.upto(MOST_HAZARD, FINE)
        by_factor = np.stack([times.at(factor * elapsed).mean(axis=0) for factor in nodes.nodes])
        return cls(nodes, by_factor @ (gone / alive))

    def at(self, hazard: float) -> float:
        """The rate with every hazard multiplied by `hazard`."""
        return 1.0 - float(self.nodes.at(np.array([hazard]))[0] @ self.gone)

    def hazard(self, change: float) -> float:
        """The factor on all hazards that multiplies the rate by 1 + `change`.

        Raises
        ------
        InputError
            More than all customers would stay, or fewer than any hazard leaves.
        """
        if change == 0.0:
            return 1.0
        now = self.at(1.0)
        target = now * (1.0 + change)
        if target >= 1.0:
            raise InputError(
                f"retention: {100.0 * now:.1f} % of the customers alive are still alive after 12 months; "
                f"{100.0 * change:+.3g} % would keep more than all of them. Expected less than {1.0 / now - 1.0:+.3f}."
            )
        if target <= self.at(MOST_HAZARD):
            raise InputError(
                f"retention: for a change of {100.0 * change:+.3g} % everybody would have to leave more than "
                f"{MOST_HAZARD:g} times as fast; take a smaller change."
            )
        low, high = (0.0, 1.0) if change > 0.0 else (1.0, MOST_HAZARD)
        return float(brentq(lambda hazard: self.at(hazard) - target, low, high))


def _elapsed(basis: Basis) -> FloatArray:
    """Elapsed time of 12 months, array (draws,)."""
    fitted = basis.purchases
    year = np.array([parse_horizon(WITHIN, fitted.unit, basis.summary.until, fitted.calendar).calendar_length])
    clock = basis.clock(year) or basis.plain_clock(float(year[0]), basis.draws)
    return np.asarray(clock.at(year)[0])
