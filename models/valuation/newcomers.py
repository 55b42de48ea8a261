"""Kinds of new customers, and customers just acquired of each kind, for models to look ahead of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from ..ground.rows import FloatArray, IntArray
from ..ground.summary import ID, CustomerSummary
from .basis import Basis
from .terms import attribute, codes_of

COPIES: Final = 100
"""New customers simulated for each draw of the parameters: with 1000 draws quantiles stand to about 1 %."""


@dataclass(frozen=True, eq=False)
class Kinds:
    """Kinds of new customers.

    Attributes
    ----------
    by : str or None
        The attribute that tells them apart; None: all are of one kind.
    labels : tuple
        One a kind; ("all",) where there is one.
    of_customer : array (customers,)
        The kind of each customer seen.
    cac : array (kinds,)
        NaN where there is none.
    """

    by: str | None
    labels: tuple[Any, ...]
    of_customer: IntArray
    cac: FloatArray

    @property
    def size(self) -> IntArray:
        """Customers seen of each kind, array (kinds,)."""
        return np.bincount(self.of_customer, minlength=len(self.labels))


def kinds_of(basis: Basis, by: str | None = None) -> Kinds:
    """Kinds by an attribute; by default that of the CAC, or all customers of one kind.

    Raises
    ------
    InputError
        The attribute is missing, customers have a label without CAC, or CAC is by another attribute.
    """
    economics, summary = basis.economics, basis.summary
    by = economics.cac_by if by is None else by
    if by is None:
        return Kinds(None, ("all",), np.zeros(len(summary), dtype=np.int64), np.array([economics.cac_of()]))
    if by == economics.cac_by and isinstance(economics.cac, Mapping):
        codes = codes_of(summary, "cac", by, economics.cac)
        return Kinds(by, tuple(economics.cac), codes, np.array([economics.cac_of(label) for label in economics.cac]))
    cac = economics.cac_of() if economics.cac_by is None else np.nan
    codes, labels = pd.factorize(summary.frame[attribute(summary, "by", by)], sort=True, use_na_sentinel=False)
    return Kinds(by, tuple(labels), codes.astype(np.int64), np.full(len(labels), cac))


def unseen_kinds(basis: Basis) -> tuple[str, ...]:
    """A sentence for groups that have a CAC and no customers: a new channel, or a name that is misspelt."""
    kinds = kinds_of(basis)
    unseen = [label for label, size in zip(kinds.labels, kinds.size, strict=True) if not size]
    if not unseen:
        return ()
    return (
        f"cac: no customer has {kinds.by} {', '.join(map(repr, unseen))}, so that a new one is taken to be like all "
        "customers together. Is the name spelt as in the log?",
    )


def just_acquired(basis: Basis, kinds: Kinds, kind: int) -> Basis:
    """Copies of a customer just acquired; with attributes of customers of this kind, evenly over those there are.

    A kind of which nobody was seen is like all customers together.
    """
    summary = basis.summary
    who = np.flatnonzero(kinds.of_customer == kind)
    who = who if len(who) else np.arange(len(summary))
    chosen = who[(np.arange(COPIES) * len(who)) // COPIES]
    frame = summary.frame.iloc[chosen].reset_index(drop=True)
    nothing = {"frequency": 0, "recency": 0.0, "T": 0.0, "monetary_value": 0.0, "monetary_value_all": 0.0}
    frame = frame.assign(**{ID: np.arange(COPIES)}, **nothing)
    return basis.of(CustomerSummary(frame, summary.unit, summary.until, calendar=summary.calendar))
