"""Covariates and groups of customers, coded: what a fit learns of them, and how later customers are read.

A numeric covariate becomes its distance from the mean in standard deviations; a categorical one a column for each
level but the commonest, minus the share of customers at that level. So the parameters themselves speak of the average
customer. Customers who are alike in all covariates and in their group make up a cell: they share their parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from .errors import InputError
from .rows import FloatArray, IntArray
from .summary_checks import COLUMNS, ID, ROWS_SHOWN

MOST_LEVELS: Final = 50
"""A categorical covariate with more levels has hardly any customers at each: partial pooling serves it better."""


@dataclass(frozen=True)
class Column:
    """One column of the design matrix.

    Attributes
    ----------
    covariate : str
    level : str or None
        The level it stands for; None for a numeric covariate.
    reference : str or None
        The level it is compared with, the commonest.
    centre, scale : float
        Subtracted, then divided by: mean and standard deviation; share of the level, and 1.
    """

    covariate: str
    level: str | None
    reference: str | None
    centre: float
    scale: float


@dataclass(frozen=True, eq=False)
class Cells:
    """Customers by cell; cells come by group.

    Attributes
    ----------
    matrix : array (cells, columns)
        Coded covariates.
    group : array (cells,)
        Index of the group; 0 where there are none.
    of_customer : array (customers,)
    """

    matrix: FloatArray
    group: IntArray
    of_customer: IntArray

    def __len__(self) -> int:
        return len(self.group)


@dataclass(frozen=True)
class Design:
    """Covariates and groups as a fit has met them; empty for a plain model.

    Attributes
    ----------
    columns : tuple of Column
    groups : str or None
        The attribute whose values are the groups.
    labels : tuple of str
        The groups.
    """

    columns: tuple[Column, ...] = ()
    groups: str | None = None
    labels: tuple[str, ...] = ()

    @classmethod
    def learn(cls, frame: pd.DataFrame, covariates: Sequence[str], groups: str | None) -> Design:
        """Learn coding and groups from the customers of a summary.

        Raises
        ------
        InputError
            An attribute is missing, has gaps, never varies, or has too many levels.
        """
        columns = tuple(column for name in covariates for column in _learn_columns(_attribute(frame, name), name))
        if groups is None:
            return cls(columns)
        labels = tuple(sorted(_as_text(_attribute(frame, groups)).unique()))
        if len(labels) < 2:  # one group is no grouping
            raise InputError(f"groups: {groups!r} has the single value {labels[0]!r}; leave it out.")
        return cls(columns, groups, labels)

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of the covariates, each once."""
        return tuple(dict.fromkeys(column.covariate for column in self.columns))

    @property
    def is_plain(self) -> bool:
        """Whether all customers share their parameters."""
        return not self.columns and self.groups is None

    def cells(self, frame: pd.DataFrame) -> Cells:
        """Customers of a summary by cell.

        Raises
        ------
        InputError
            An attribute is missing or has gaps, or a level or group was not there at the fit.
        """
        if self.is_plain:
            nothing = np.zeros(1, dtype=np.int64)
            return Cells(np.zeros((1, 0)), nothing, np.zeros(len(frame), dtype=np.int64))
        coded = [self._coded(frame, name) for name in self.covariates]
        group = np.zeros(len(frame), dtype=np.int64)
        if self.groups is not None:
            group = _codes(_as_text(_attribute(frame, self.groups)), self.labels, self.groups, frame)
        table = np.concatenate([group[:, None].astype(np.float64), *coded], axis=1)
        first, of_customer = _distinct(table)
        return Cells(np.ascontiguousarray(table[first, 1:]), group[first], of_customer)

    def _coded(self, frame: pd.DataFrame, name: str) -> FloatArray:
        columns = [column for column in self.columns if column.covariate == name]
        values = _attribute(frame, name)
        if columns[0].level is None:
            return ((_numbers(values, name) - columns[0].centre) / columns[0].scale)[:, None]
        levels = (str(columns[0].reference), *(str(column.level) for column in columns))
        code = _codes(_as_text(values), levels, name, frame)
        return np.stack([(code == j + 1) - column.centre for j, column in enumerate(columns)], axis=1)


PLAIN: Final = Design()
"""No covariates, no groups: all customers share their parameters."""


def _attribute(frame: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name not in frame or name in COLUMNS:
        have = ", ".join(str(column) for column in frame if column not in COLUMNS) or "none"
        raise InputError(
            f"covariates: {name!r} is no attribute of the summary (it has: {have}). "
            f'Keep it with lw.summarise(…, attributes=["{name}"]), or add the column to the table.'
        )
    values = frame[name]
    gaps = np.flatnonzero(values.isna().to_numpy())
    if gaps.size:
        shown = ", ".join(f"row {row} (customer {frame[ID].iloc[row]})" for row in gaps[:ROWS_SHOWN].tolist())
        raise InputError(
            f"{name}: expected a value for every customer, {gaps.size:,} of {len(frame):,} have none: {shown}. "
            'Fill them (for a category "unknown" will do), or leave these customers out with summary.select(mask).'
        )
    return values


def _is_numeric(values: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def _as_text(values: pd.Series[Any]) -> pd.Series[Any]:
    """Levels are told apart by what they read as, so that they can be kept in a file."""
    return values.astype(str)


def _numbers(values: pd.Series[Any], name: str) -> FloatArray:
    try:
        numbers = pd.to_numeric(values).to_numpy(np.float64)
    except (ValueError, TypeError) as error:
        raise InputError(f"{name}: expected numbers, as at the fit; got {values.dtype} ({error}).") from error
    if not np.isfinite(numbers).all():
        raise InputError(f"{name}: expected finite numbers, {int((~np.isfinite(numbers)).sum()):,} are infinite.")
    return numbers


def _learn_columns(values: pd.Series[Any], name: str) -> list[Column]:
    if _is_numeric(values):
        numbers = _numbers(values, name)
        centre, scale = float(numbers.mean()), float(numbers.std())
        if not scale > 0.0:
            raise InputError(f"covariates: {name!r} is {centre:g} for every customer; leave it out.")
        return [Column(name, None, None, centre, scale)]
    counts = _as_text(values).value_counts().sort_index().sort_values(ascending=False, kind="stable")
    if len(counts) == 1:
        raise InputError(f"covariates: {name!r} is {counts.index[0]!r} for every customer; leave it out.")
    if len(counts) > MOST_LEVELS:
        raise InputError(
            f"covariates: {name!r} has {len(counts):,} levels, expected at most {MOST_LEVELS}; "
            f'pool them instead with groups="{name}", or merge the rare ones.'
        )
    reference, total = str(counts.index[0]), float(counts.sum())
    return [Column(name, str(level), reference, float(counts[level]) / total, 1.0) for level in counts.index[1:]]


def _codes(values: pd.Series[Any], levels: Sequence[str], name: str, frame: pd.DataFrame) -> IntArray:
    """Index of each value among the levels."""
    code = pd.Index(levels).get_indexer(pd.Index(values))
    new = np.flatnonzero(code < 0)
    if new.size:
        shown = ", ".join(
            f"{values.iloc[row]!r} in row {row} (customer {frame[ID].iloc[row]})" for row in new[:ROWS_SHOWN].tolist()
        )
        raise InputError(
            f"{name}: expected one of the levels of the fit ({', '.join(levels)}); {new.size:,} of {len(frame):,} "
            f"customers have another: {shown}. Fit again with them, or map them to a known level."
        )
    return code.astype(np.int64)


def _distinct(table: FloatArray) -> tuple[IntArray, IntArray]:
    """First customer of each distinct row, array (cells,), and the cell of each customer, sorted by columns."""
    code = np.zeros(len(table), dtype=np.int64)
    for column in table.T:
        values, index = np.unique(column, return_inverse=True)
        code = np.unique(code * len(values) + index, return_inverse=True)[1].astype(np.int64)
    first = np.unique(code, return_index=True)[1]
    return first, code
