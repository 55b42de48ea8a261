"""From futures to tables: per-customer quantiles, and draws of the total and of groups, block by block."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from ..ground.errors import InputError
from ..ground.intervals import quantile_name, ranks_of
from ..ground.rows import FloatArray, IntArray
from ..ground.summary import CustomerSummary
from .futures import Futures, Path

MOST_GROUPS: Final = 1000
"""An attribute with more values is no grouping: its draws would not stay small."""

Quantities = Callable[[Path], Mapping[str, FloatArray]]
"""What is measured on a path: name to array (horizons, customers, draws)."""


@dataclass(frozen=True, eq=False)
class Grouping:
    """Customers by the values of an attribute: their labels, and each customer's code, array (customers,)."""

    labels: pd.Index
    codes: IntArray


@dataclass(frozen=True, eq=False)
class Reduced:
    """What is kept of futures.

    Attributes
    ----------
    quantiles : mapping of str to array (horizons, levels, customers)
        By quantity; empty if not asked for.
    total : mapping of str to array (horizons, draws)
    groups : mapping of str to mapping of str to array (horizons, groups, draws)
        By attribute, then by quantity.
    kept : list of (array (customers,), array (customers, draws))
        Positions of a few customers at a time, and every outcome of one quantity at one horizon, where asked for.
    """

    quantiles: dict[str, FloatArray]
    total: dict[str, FloatArray]
    groups: dict[str, dict[str, FloatArray]]
    kept: list[tuple[IntArray, FloatArray]]


def reduce_futures(
    futures: Futures,
    quantities: Quantities,
    names: tuple[str, ...],
    levels: tuple[float, ...],
    groupings: Mapping[str, Grouping],
    per_customer: bool,
    description: str,
    keep: tuple[str, int] | None = None,
) -> Reduced:
    """Walk all futures once and keep quantiles of customers and draws of sums.

    Parameters
    ----------
    futures : Futures
    quantities : callable
        Measures a path; its names are `names`.
    levels : tuple of float
        Quantiles kept for each customer.
    groupings : mapping
        Groups whose sums are kept.
    per_customer : bool
        False leaves customers out: sums alone.
    keep : (str, int), optional
        Quantity and place of the horizon whose every outcome is kept.
    """
    shape = (len(futures.horizons), futures.draws)
    kept = (len(futures.horizons), len(levels), len(futures.summary))
    result = Reduced(
        {name: np.empty(kept) for name in names} if per_customer else {},
        {name: np.zeros(shape) for name in names},
        {by: {name: np.zeros((shape[0], len(g.labels), shape[1])) for name in names} for by, g in groupings.items()},
        [],
    )

    def reduce(path: Path) -> tuple[IntArray, dict[str, _Part], FloatArray | None]:
        found = quantities(path)
        parts = {
            name: _Part.of(values, path.customers, levels if per_customer else (), groupings)
            for name, values in found.items()
        }
        return path.customers, parts, None if keep is None else found[keep[0]][keep[1]].copy()

    for customers, parts, outcomes in futures.reduced(reduce, description):
        if outcomes is not None:
            result.kept.append((customers, outcomes))
        for name, part in parts.items():
            if per_customer:
                result.quantiles[name][:, :, customers] = part.quantiles
            result.total[name] += part.total
            for by, (present, sums) in part.groups.items():
                result.groups[by][name][:, present] += sums
    return result


def quantiles_of(values: FloatArray, levels: tuple[float, ...]) -> FloatArray:
    """Quantiles along the last axis, put first: the smallest value that so large a share does not exceed.

    An outcome itself, not a point between two: a number of purchases stays whole.
    """
    if not levels:
        return np.empty((0, *values.shape[:-1]))
    size = values.shape[-1]
    ranks = ranks_of(levels, size)
    return np.moveaxis(np.partition(values, sorted(set(ranks)), axis=-1)[..., ranks], -1, 0)


def groupings_of(summary: CustomerSummary, groups: str | list[str] | tuple[str, ...] | None) -> dict[str, Grouping]:
    """Groupings by attributes of the summary; None: by all that have few enough values.

    Raises
    ------
    InputError
        Not an attribute, or one with too many values.
    """
    asked = summary.attributes if groups is None else (groups,) if isinstance(groups, str) else tuple(groups)
    found = {}
    for by in asked:
        if by not in summary.attributes:
            have = ", ".join(summary.attributes) or "none"
            raise InputError(
                f"groups: {by!r} is no attribute of the summary (it has: {have}). "
                f'Keep it with lw.summarise(…, attributes=["{by}"]).'
            )
        codes, labels = pd.factorize(summary.frame[by], sort=True, use_na_sentinel=False)
        if len(labels) <= MOST_GROUPS:
            found[by] = Grouping(pd.Index(labels, name=by), codes.astype(np.int64))
        elif groups is not None:
            raise InputError(f"groups: {by!r} has {len(labels):,} values; expected at most {MOST_GROUPS:,}.")
    return found


def columns_of(name: str, mean: FloatArray, quantiles: FloatArray, levels: tuple[float, ...]) -> dict[str, FloatArray]:
    """Columns `name`_mean, `name`_q05, …, from a mean and its quantiles along the first axis."""
    return {f"{name}_mean": mean} | {
        f"{name}_{quantile_name(level)}": values for level, values in zip(levels, quantiles, strict=True)
    }


@dataclass(frozen=True, eq=False)
class _Part:
    """One quantity of one block, reduced."""

    quantiles: FloatArray
    total: FloatArray
    groups: dict[str, tuple[IntArray, FloatArray]]

    @classmethod
    def of(
        cls, values: FloatArray, customers: IntArray, levels: tuple[float, ...], groupings: Mapping[str, Grouping]
    ) -> _Part:
        groups = {by: _sums_by_group(values, grouping.codes[customers]) for by, grouping in groupings.items()}
        total = values.sum(axis=1)
        quantiles = np.moveaxis(quantiles_of(values, levels), 0, 1)
        return cls(quantiles, total, groups)


def _sums_by_group(values: FloatArray, codes: IntArray) -> tuple[IntArray, FloatArray]:
    """Groups present and the sums of their customers, array (horizons, present, draws)."""
    order = np.argsort(codes, kind="stable")
    present, starts = np.unique(codes[order], return_index=True)
    return present, np.add.reduceat(values[:, order], starts, axis=1)
