"""What a published table is: its columns with their types, units and meanings, and what makes a row unique."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final, Literal

type Kind = Literal["text", "integer", "number", "boolean", "date", "id", "attribute", "json"]
"""`id` and `attribute` keep the type that the orders have them in; a database holds ids as text."""

HORIZON: Final = "{horizon}"
"""In the name of a column: there is one for each horizon of the settings, written as in "12m"."""
ATTRIBUTE: Final = "{attribute}"
"""In the name of a column: there is one for each attribute of the customers, by its own name."""
MONEY: Final = "money"
"""Unit: the currency of the settings."""
SHARE: Final = "share"
"""Unit: from 0 to 1."""
DAYS: Final = "days"


@dataclass(frozen=True)
class Column:
    """A column of a published table.

    Attributes
    ----------
    name : str
        With `HORIZON` or `ATTRIBUTE` in it: one for each.
    kind : Kind
    unit : str
        What its numbers count; empty where it has none.
    meaning : str
    empty : bool
        Whether a value may be missing.
    """

    name: str
    kind: Kind
    unit: str
    meaning: str
    empty: bool = False


@dataclass(frozen=True)
class Table:
    """A published table.

    Attributes
    ----------
    name : str
    meaning : str
        What it tells, and what a row is.
    key : tuple of str
        Columns that tell its rows apart.
    columns : tuple of Column
        In order.
    """

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def of(self, horizons: Sequence[str] = (), attributes: Sequence[str] = ()) -> tuple[Column, ...]:
        """The columns of one run, patterns written out: neighbours of one pattern repeat as a block.

        Parameters
        ----------
        horizons : sequence of str
            As parts of names, such as "12m".
        attributes : sequence of str
        """
        values: Mapping[str, Sequence[str]] = {HORIZON: horizons, ATTRIBUTE: attributes}
        found: list[Column] = []
        for pattern, block in groupby(self.columns, key=lambda column: _pattern(column.name)):
            columns = tuple(block)
            found += columns if pattern is None else _repeated(columns, pattern, values[pattern])
        return tuple(found)

    @property
    def fixed_names(self) -> frozenset[str]:
        """Names that do not hang on the settings."""
        return frozenset(column.name for column in self.columns if _pattern(column.name) is None)


def interval(name: str, unit: str, meaning: str, *parts: str) -> tuple[Column, ...]:
    """Columns of a quantity: `name`_mean and quantiles, or "mean", "q05" and so on where it has no name."""
    said = {"mean": "expected", "q05": "5 % quantile", "q50": "median", "q95": "95 % quantile"}
    lead = f"{name}_" if name else ""
    return tuple(Column(lead + part, "number", unit, f"{meaning}: {said[part]}") for part in parts or said)


def optional(columns: Iterable[Column]) -> tuple[Column, ...]:
    """The same columns, whose values may be missing."""
    return tuple(replace(column, empty=True) for column in columns)


def _pattern(name: str) -> str | None:
    return next((pattern for pattern in (HORIZON, ATTRIBUTE) if pattern in name), None)


def _repeated(columns: tuple[Column, ...], pattern: str, values: Sequence[str]) -> Iterator[Column]:
    for value in values:
        yield from (replace(column, name=column.name.replace(pattern, value)) for column in columns)
