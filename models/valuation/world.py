"""What all customers of a draw share: how time runs, told as weights on expectations at a few times."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..ground.rows import FloatArray
from ..prediction.clock import Clock
from ..prediction.lasting import LastingWeights
from .basis import Basis


@dataclass(frozen=True, eq=False)
class World:
    """Discounted purchases within each horizon are sums over `times` of weights times expected purchases.

    Attributes
    ----------
    times : array (times,)
        Elapsed times of the expectations …
    rate : float
        … and the rate they are discounted at: where time runs as the calendar's they are the horizons themselves.
    purchases, spend : array (horizons, times, draws)
        Weights of purchases, and of purchases times the level of amounts.
    lasting : LastingWeights or None
        Of the time alive, where it costs something.
    """

    times: FloatArray
    rate: float
    purchases: FloatArray
    spend: FloatArray
    lasting: LastingWeights | None

    @classmethod
    def of(cls, basis: Basis, ends: FloatArray, clock: Clock | None, average: bool = False) -> World:
        """In the draws of a clock, or averaged over them: then of size 1."""
        draws = 1 if average else basis.draws
        plain = clock or basis.plain_clock(float(ends[-1]), draws)
        lasting = LastingWeights.of(plain, ends, basis.rate) if basis.terms.per_time else None
        if average and lasting is not None:
            lasting = replace(lasting, gone=lasting.gone.mean(axis=2, keepdims=True))
        if clock is None:
            each = np.broadcast_to(np.eye(len(ends))[:, :, None], (len(ends), len(ends), draws))
            return cls(ends, basis.rate, each, each, lasting)
        found = clock.weights(ends, basis.rate)
        if average:
            return cls(found.nodes, 0.0, found.mean_purchases[:, :, None], found.mean_spend[:, :, None], lasting)
        return cls(found.nodes, 0.0, found.purchases, found.spend, lasting)
