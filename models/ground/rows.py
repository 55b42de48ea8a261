"""Customers as distinct rows: the likelihood of (x, t_x, T) is computed once for all who share it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class KernelRows(NamedTuple):
    """What a transaction kernel reads: distinct rows, with recency and T as indices into their distinct values.

    Rows come cell by cell, and within a cell by x; customers of a cell share their parameters. Logarithms of times
    are computed per distinct value in a cell, not per row. `first`, `first_recency`, `first_end`, each array
    (cells + 1,), say where the rows, recencies and Ts of each cell begin.
    """

    x: IntArray
    recency_index: IntArray
    T_index: IntArray
    weight: FloatArray
    recencies: FloatArray
    Ts: FloatArray
    first: IntArray
    first_recency: IntArray
    first_end: IntArray


class SpendRows(NamedTuple):
    """What a spend kernel reads: rows by cell, then by n, the purchases averaged, and their mean amount over the scale.

    `first`, array (cells + 1,), says where the rows of each cell begin.
    """

    n: IntArray
    zbar: FloatArray
    weight: FloatArray
    first: IntArray


def of_cells(rows: KernelRows | SpendRows, low: int, high: int) -> KernelRows | SpendRows:
    """Rows of the cells from `low` to before `high`, as if there were no others."""
    first = rows.first[low : high + 1]
    part = slice(first[0], first[-1])
    if isinstance(rows, SpendRows):
        return SpendRows(rows.n[part], rows.zbar[part], rows.weight[part], first - first[0])
    recency, end = rows.first_recency[low : high + 1], rows.first_end[low : high + 1]
    return KernelRows(
        x=rows.x[part],
        recency_index=rows.recency_index[part] - recency[0],
        T_index=rows.T_index[part] - end[0],
        weight=rows.weight[part],
        recencies=rows.recencies[recency[0] : recency[-1]],
        Ts=rows.Ts[end[0] : end[-1]],
        first=first - first[0],
        first_recency=recency - recency[0],
        first_end=end - end[0],
    )


@dataclass(frozen=True, eq=False)
class DistinctRows:
    """Distinct (cell, x, t_x, T) with their number of customers, sorted by cell, then x, then T, then t_x.

    Attributes
    ----------
    x, t_x, T : array (rows,)
    weight : array (rows,)
        Customers that share the row.
    inverse : array (customers,)
        The row of each customer: ``values[rows.inverse]`` spreads a value per row to customers.
    cell : array (rows,)
        Customers of one cell share their parameters; all zero where a model knows no covariates.
    """

    x: IntArray
    t_x: FloatArray
    T: FloatArray
    weight: FloatArray
    inverse: IntArray
    cell: IntArray

    @classmethod
    def collapse(cls, x: IntArray, t_x: FloatArray, T: FloatArray, cell: IntArray | None = None) -> DistinctRows:
        """Collapse customers, arrays (customers,), to their distinct rows."""
        pair, x_values, T_values = _codes_of_pairs(x, T)
        t_values, t_code = np.unique(t_x, return_inverse=True)
        within = (pair * len(t_values) + t_code).astype(np.int64)
        if cell is not None and cell.any():
            # three codes in one number could pass 2^63: those of x, T and t_x are made dense first
            dense, code = np.unique(within, return_inverse=True)
            keys, inverse, counts = np.unique(cell * len(dense) + code, return_inverse=True, return_counts=True)
            of_cell, code = np.divmod(keys, len(dense))
            keys = dense[code]
        else:
            keys, inverse, counts = np.unique(within, return_inverse=True, return_counts=True)
            of_cell = np.zeros(len(keys), dtype=np.int64)
        pair, t_code = np.divmod(keys, len(t_values))
        x_code, T_code = np.divmod(pair, len(T_values))
        return cls(
            x=x_values[x_code].astype(np.int64),
            t_x=t_values[t_code],
            T=T_values[T_code],
            weight=counts.astype(np.float64),
            inverse=inverse.astype(np.int64),
            cell=of_cell.astype(np.int64),
        )

    def __len__(self) -> int:
        return len(self.x)

    def blocks(self, size: int) -> list[DistinctRows]:
        """Blocks of at most `size` rows, in order, each of a single cell; `inverse` is left empty."""
        return [self._part(start, stop) for start, stop in runs(self.cell, size)]

    def _part(self, start: int, stop: int) -> DistinctRows:
        part, nobody = slice(start, stop), np.empty(0, dtype=np.int64)
        return DistinctRows(self.x[part], self.t_x[part], self.T[part], self.weight[part], nobody, self.cell[part])

    def for_kernel(self, time_scale: float) -> KernelRows:
        """Rows for a likelihood kernel, times divided by `time_scale`."""
        ends = np.arange(self.cell[-1] + 2)
        recency_cell, recencies, recency_index = _distinct_in_cells(self.cell, self.t_x)
        T_cell, Ts, T_index = _distinct_in_cells(self.cell, self.T)
        return KernelRows(
            x=self.x,
            recency_index=recency_index,
            T_index=T_index,
            weight=self.weight,
            recencies=recencies / time_scale,
            Ts=Ts / time_scale,
            first=np.searchsorted(self.cell, ends),
            first_recency=np.searchsorted(recency_cell, ends),
            first_end=np.searchsorted(T_cell, ends),
        )

    def pairs(self) -> tuple[IntArray, FloatArray, IntArray]:
        """Distinct (x, T) of a block, arrays (pairs,), and the pair of each row, array (rows,).

        What a model says about the future of a customer who is alive depends on x and T alone.
        """
        new = np.empty(len(self), dtype=bool)
        new[:1] = True
        new[1:] = (self.x[1:] != self.x[:-1]) | (self.T[1:] != self.T[:-1])
        return self.x[new], self.T[new], np.cumsum(new) - 1


def runs(cell: IntArray, size: int) -> list[tuple[int, int]]:
    """Start and end of runs of equal, sorted `cell`, none longer than `size`."""
    edges = [0, *(np.flatnonzero(np.diff(cell)) + 1).tolist(), len(cell)]
    return [(start, min(start + size, stop)) for first, stop in pairwise(edges) for start in range(first, stop, size)]


def _codes_of_pairs(x: IntArray, T: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
    x_values, x_code = np.unique(x, return_inverse=True)
    T_values, T_code = np.unique(T, return_inverse=True)
    return x_code.astype(np.int64) * len(T_values) + T_code, x_values, T_values


def _distinct_in_cells(cell: IntArray, times: FloatArray) -> tuple[IntArray, FloatArray, IntArray]:
    """Cell and value of the distinct times of each cell, arrays (times,), and the index of each row's own."""
    values, code = np.unique(times, return_inverse=True)
    keys, index = np.unique(cell * len(values) + code, return_inverse=True)
    of_cell, code = np.divmod(keys, len(values))
    return of_cell, values[code], index.astype(np.int64)
