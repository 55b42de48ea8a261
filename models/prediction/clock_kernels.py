"""Compiled work of clocks: steps of the integral over time, as weights on fixed times."""

from __future__ import annotations

import numpy as np

from ..ground.compiled import compiled
from ..ground.rows import FloatArray, IntArray


@compiled
def add_steps(
    z: FloatArray,
    nodes: FloatArray,
    barycentric: FloatArray,
    factor: FloatArray,
    level: FloatArray,
    ends: IntArray,
    purchases: FloatArray,
    spend: FloatArray,
) -> None:
    """Add up the steps of each polynomial until each end, times their factors, and times their levels as well.

    Parameters
    ----------
    z : array (times, draws)
        Where the clock is, on the axis of the polynomials, at each time.
    nodes, barycentric : array (nodes + 1,)
        Of the polynomials; the first is left out.
    factor : array (times - 1,)
    level : array (times - 1, draws)
    ends : array (horizons,)
        Step that each horizon ends with, ascending.
    purchases, spend : array (horizons, draws, nodes)
        Filled.
    """
    count = nodes.shape[0]
    before, now = np.empty(count), np.empty(count)
    running, weighted = np.empty(count), np.empty(count)
    for s in range(z.shape[1]):
        running[:], weighted[:], before[:] = 0.0, 0.0, 0.0
        before[0] = 1.0
        h = 0
        for k in range(factor.shape[0]):
            _polynomials(z[k + 1, s], nodes, barycentric, now)
            for j in range(count):
                step = factor[k] * (now[j] - before[j])
                running[j] += step
                weighted[j] += step * level[k, s]
                before[j] = now[j]
            while h < ends.shape[0] and ends[h] == k:
                purchases[h, s], spend[h, s] = running[1:], weighted[1:]
                h += 1


@compiled
def add_times(
    z: FloatArray, nodes: FloatArray, barycentric: FloatArray, length: FloatArray, ends: IntArray, out: FloatArray
) -> None:
    """Integrate each polynomial over time until each end, by trapezoids of the given lengths.

    Parameters
    ----------
    z : array (times, draws)
    nodes, barycentric : array (nodes + 1,)
        As in `add_steps`.
    length : array (times - 1,)
        Of each step, discounted.
    ends : array (horizons,)
    out : array (horizons, draws, nodes)
        Filled.
    """
    count = nodes.shape[0]
    before, now, running = np.empty(count), np.empty(count), np.empty(count)
    for s in range(z.shape[1]):
        running[:], before[:] = 0.0, 0.0
        before[0] = 1.0
        h = 0
        for k in range(length.shape[0]):
            _polynomials(z[k + 1, s], nodes, barycentric, now)
            for j in range(count):
                running[j] += length[k] * (now[j] + before[j]) / 2.0
                before[j] = now[j]
            while h < ends.shape[0] and ends[h] == k:
                out[h, s] = running[1:]
                h += 1


@compiled
def _polynomials(z: float, nodes: FloatArray, barycentric: FloatArray, out: FloatArray) -> None:
    """Each Lagrange polynomial at z."""
    total = 0.0
    for j in range(nodes.shape[0]):
        away = z - nodes[j]
        if away == 0.0:
            out[:] = 0.0
            out[j] = 1.0
            return
        out[j] = barycentric[j] / away
        total += out[j]
    for j in range(nodes.shape[0]):
        out[j] /= total
