"""What is done with rows that are not plain purchases: the choices, one spelling each."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Literal, TypedDict

from lifeworth.models.ground.errors import InputError

type Refunds = Literal["net", "drop", "error"]
type Keep = Literal["keep", "drop", "error"]
type Drop = Literal["drop", "error"]

CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "refunds": ("net", "drop", "error"),
    "zero": ("keep", "drop", "error"),
    "duplicates": ("keep", "drop", "error"),
    "missing_amount": ("drop", "error"),
    "missing_date": ("drop", "error"),
    "missing_id": ("drop", "error"),
}

POLICY_OF_KIND: Final[dict[str, str]] = {
    "missing_id": "missing_id",
    "missing_date": "missing_date",
    "missing_amount": "missing_amount",
    "refund": "refunds",
    "zero_amount": "zero",
    "duplicate": "duplicates",
}
"""The argument that rules each kind of row of the data report."""


class PolicyWords(TypedDict, total=False):
    """The policies as keyword arguments; see `OrderPolicies`."""

    refunds: Refunds
    zero: Keep
    duplicates: Keep
    missing_amount: Drop
    missing_date: Drop
    missing_id: Drop


@dataclass(frozen=True)
class OrderPolicies:
    """One choice for each kind of row; "error" refuses a log that has such rows, naming them.

    Attributes
    ----------
    refunds : {"net", "drop", "error"}
        Negative amounts. "net" subtracts them: see `summarise`.
    zero : {"keep", "drop", "error"}
        Amounts of zero. "keep" counts them as purchases, as the published CDNOW analyses do.
    duplicates : {"keep", "drop", "error"}
        Rows equal to another in every column. "keep" counts them, as the published CDNOW analyses do.
    missing_amount : {"drop", "error"}
        Amounts that are null, NaN, infinite or no number.
    missing_date : {"drop", "error"}
        Dates that are null, no date, or outside the years 1900 to 2199.
    missing_id : {"drop", "error"}
        Ids that are null, empty, or text such as "nan", "None", "NULL".

    Raises
    ------
    InputError
        A policy is none of its choices.
    """

    refunds: Refunds = "net"
    zero: Keep = "keep"
    duplicates: Keep = "keep"
    missing_amount: Drop = "drop"
    missing_date: Drop = "drop"
    missing_id: Drop = "drop"

    def __post_init__(self) -> None:
        """Check each choice."""
        for field in fields(self):
            choices = CHOICES[field.name]
            if getattr(self, field.name) not in choices:
                words = ", ".join(f'"{choice}"' for choice in choices)
                raise InputError(f"{field.name}: expected one of {words}; got {getattr(self, field.name)!r}.")

    def of(self, kind: str) -> str:
        """Return the choice for one kind of row; "set aside" where there is none to make."""
        return getattr(self, POLICY_OF_KIND[kind]) if kind in POLICY_OF_KIND else "set aside"

    def uses(self, kind: str) -> bool:
        """Whether rows of this kind enter the summary."""
        return kind == "plain" or self.of(kind) in ("net", "keep")
