"""Compiled work of categories: every purchase ahead falls into one."""

from __future__ import annotations

import numpy as np

from ...ground.compiled import compiled
from ...ground.rows import FloatArray, IntArray


@compiled
def choose_categories(
    rng: np.random.Generator,
    value: FloatArray,
    purchases: FloatArray,
    strength: FloatArray,
    base: FloatArray,
    everybody: FloatArray,
    first: IntArray,
    category: IntArray,
    own: FloatArray,
    picks: IntArray,
    out: FloatArray,
) -> None:
    """Choose a category for each purchase ahead and add its part of the value, by an urn.

    The urn of Polya makes the choices of a customer whose shares are not known but Dirichlet with so much `strength`:
    the first falls to a category by the expected shares, later ones repeat an earlier one the likelier, the less sure
    the shares are (Blackwell & MacQueen 1973, Ann. Statist. 1:2).

    Parameters
    ----------
    value, purchases : array (customers, draws)
        The value of a customer's future is spread evenly over its purchases; without a purchase nothing is added.
    strength, base : array (customers,)
    everybody : array (categories,)
        Cumulated shares of everybody, the last 1.
    first : array (customers + 1,)
        Where the own shares of each customer begin.
    category, own : array (entries,)
        Own shares, cumulated within a customer up to 1.
    picks : array (most purchases,)
        Room to work in.
    out : array (categories, draws)
        Added to.
    """
    for i in range(value.shape[0]):
        mine = own[first[i] : first[i + 1]]
        for s in range(value.shape[1]):
            count = int(purchases[i, s])
            for j in range(count):
                u = rng.random() * (strength[i] + j)
                if u >= strength[i]:
                    chosen = picks[min(int(u - strength[i]), j - 1)]
                elif rng.random() < base[i] or mine.shape[0] == 0:
                    chosen = min(np.searchsorted(everybody, rng.random(), side="right"), everybody.shape[0] - 1)
                else:
                    place = min(np.searchsorted(mine, rng.random(), side="right"), mine.shape[0] - 1)
                    chosen = category[first[i] + place]
                picks[j] = chosen
                out[chosen, s] += value[i, s] / count
