"""The copy of the orders that a run works on: the same orders give the same copy, whatever order they come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Snapshot:
    """The copy of the orders that a run works on.

    Attributes
    ----------
    path : Path
        Parquet: the columns of the source that the run reads, sorted, so that the same orders are the same file.
    rows : int
    schema : mapping of str to str
        Every column of the source, also those not read, and its type.
    fingerprint : str
        Of the rows that are read: the same orders in any order have the same.
    source : str
        Where they came from, without secrets.
    remarks : tuple of str
    """

    path: Path
    rows: int
    schema: Mapping[str, str]
    fingerprint: str
    source: str
    remarks: tuple[str, ...] = ()
