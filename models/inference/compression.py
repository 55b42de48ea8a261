r"""A million amounts weigh as a few thousand: spend rows compressed without loss.

The likelihood of spend reads a customer's total S = n zbar through :math:`\log S` and :math:`\log(S + v)` alone: for
each n a smooth function f of s = log S, analytic within pi of the real line. So the sum of f over the customers who
share n is, to rounding, a weighted sum of f at a few Chebyshev nodes, the weights being sums of Lagrange's polynomials
over the customers (Trefethen 2013, Approximation Theory and Approximation Practice, chapters 4, 8 and 10). Weights may
be negative; they add up to the number of customers.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from ..ground.rows import FloatArray, IntArray, SpendRows

TOLERANCE: Final = 1e-14
"""Interpolation error of one term, relative: the error of a Chebyshev series falls as rho^-nodes."""
FEWEST_NODES: Final = 8
"""Nodes for a narrow range, where the bound would allow hardly any."""


def compress(rows: SpendRows) -> SpendRows:
    """Rows whose likelihood, for any parameters, is that of `rows` to rounding; sorted by cell, then n."""
    cell = np.repeat(np.arange(len(rows.first) - 1), np.diff(rows.first))
    starts = np.flatnonzero(np.r_[True, (rows.n[1:] != rows.n[:-1]) | (cell[1:] != cell[:-1])])
    groups = zip(*(np.split(values, starts[1:]) for values in (rows.n, rows.zbar, rows.weight)), strict=True)
    parts = [_compress_group(*group) for group in groups]
    sizes = np.bincount(cell[starts], [len(part[0]) for part in parts], len(rows.first) - 1)
    n, zbar, weight = (np.concatenate([part[j] for part in parts]) for j in range(3))
    return SpendRows(n, zbar, weight, np.r_[0, np.cumsum(sizes)].astype(np.int64))


def _compress_group(n: IntArray, zbar: FloatArray, weight: FloatArray) -> tuple[IntArray, FloatArray, FloatArray]:
    """Rows that share cell and n."""
    if len(n) <= FEWEST_NODES:
        return n, zbar, weight
    log_zbar = np.log(zbar)
    low, high = float(log_zbar.min()), float(log_zbar.max())
    half = 0.5 * (high - low)
    count = _nodes_needed(half)
    if len(n) <= count:
        return n, zbar, weight
    angles = (np.arange(count) + 0.5) * math.pi / count
    moments = _chebyshev_moments((log_zbar - low) / half - 1.0, weight, count)
    moments[1:] *= 2.0
    weights = np.cos(np.outer(angles, np.arange(count))) @ moments / count
    nodes = low + half * (1.0 + np.cos(angles))
    return np.full(count, n[0]), np.exp(nodes), weights


def _nodes_needed(half: float) -> int:
    """Nodes on a range of half-width `half`, for a function analytic within pi of it."""
    if half <= 0.0:
        return FEWEST_NODES
    height = math.pi / half
    return max(FEWEST_NODES, math.ceil(-math.log(TOLERANCE) / math.log(height + math.hypot(1.0, height))))


def _chebyshev_moments(z: FloatArray, weight: FloatArray, count: int) -> FloatArray:
    """Sums of weight T_j(z) for j below `count`, by the three-term recurrence."""
    moments = np.empty(count)
    before, now = np.ones_like(z), z
    for j in range(count):
        moments[j] = weight @ before
        before, now = now, 2.0 * z * now - before
    return moments
