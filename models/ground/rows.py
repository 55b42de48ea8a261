"""Customers as distinct rows: the likelihood of (x, t_x, T) is computed once for all who share it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class KernelRows(NamedTuple):
    """What a likelihood kernel reads: distinct rows, with recency and T as indices into their distinct values.

    Logarithms of times are computed per distinct value, not per row.
    """

    x: IntArray
    recency_index: IntArray
    T_index: IntArray
    weight: FloatArray
    recencies: FloatArray
    Ts: FloatArray


class SpendRows(NamedTuple):
    """What a spend kernel reads: rows sorted by n, the purchases averaged, and their mean amount over the scale."""

    n: IntArray
    zbar: FloatArray
    weight: FloatArray


@dataclass(frozen=True, eq=False)
class DistinctRows:
    """Distinct (x, t_x, T) with their number of customers, sorted by x, then T, then t_x.

    Attributes
    ----------
    x, t_x, T : array (rows,)
    weight : array (rows,)
        Customers that share the row.
    inverse : array (customers,)
        The row of each customer: ``values[rows.inverse]`` spreads a value per row to customers.
    """

    x: IntArray
    t_x: FloatArray
    T: FloatArray
    weight: FloatArray
    inverse: IntArray

    @classmethod
    def collapse(cls, x: IntArray, t_x: FloatArray, T: FloatArray) -> DistinctRows:
        """Collapse customers, arrays (customers,), to their distinct rows."""
        x_values, x_code = np.unique(x, return_inverse=True)
        T_values, T_code = np.unique(T, return_inverse=True)
        t_values, t_code = np.unique(t_x, return_inverse=True)
        key = (x_code.astype(np.int64) * len(T_values) + T_code) * len(t_values) + t_code
        keys, inverse, counts = np.unique(key, return_inverse=True, return_counts=True)
        pair, t_code = np.divmod(keys, len(t_values))
        x_code, T_code = np.divmod(pair, len(T_values))
        return cls(
            x=x_values[x_code].astype(np.int64),
            t_x=t_values[t_code],
            T=T_values[T_code],
            weight=counts.astype(np.float64),
            inverse=inverse.astype(np.int64),
        )

    def __len__(self) -> int:
        return len(self.x)

    def block(self, start: int, stop: int) -> DistinctRows:
        """Rows from `start` to before `stop`; `inverse` is left empty."""
        part = slice(start, stop)
        nobody = np.empty(0, dtype=np.int64)
        return DistinctRows(self.x[part], self.t_x[part], self.T[part], self.weight[part], nobody)

    def for_kernel(self, time_scale: float) -> KernelRows:
        """Rows for a likelihood kernel, times divided by `time_scale`."""
        recencies, recency_index = np.unique(self.t_x, return_inverse=True)
        Ts, T_index = np.unique(self.T, return_inverse=True)
        return KernelRows(
            x=self.x,
            recency_index=recency_index.astype(np.int64),
            T_index=T_index.astype(np.int64),
            weight=self.weight,
            recencies=recencies / time_scale,
            Ts=Ts / time_scale,
        )

    def pairs(self) -> tuple[IntArray, FloatArray, IntArray]:
        """Distinct (x, T), arrays (pairs,), and the pair of each row, array (rows,).

        What a model says about the future of a customer who is alive depends on x and T alone.
        """
        new = np.empty(len(self), dtype=bool)
        new[:1] = True
        new[1:] = (self.x[1:] != self.x[:-1]) | (self.T[1:] != self.T[:-1])
        return self.x[new], self.T[new], np.cumsum(new) - 1
