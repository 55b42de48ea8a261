"""What it costs to acquire a customer: from spend and acquisitions, on a stated basis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from ..ground.errors import InputError
from ..ground.numbers import is_number

type Basis = Literal["paid", "blended", "marginal"]

BASES: Final[dict[str, str]] = {
    "paid": "spend over the customers it brought",
    "blended": "spend over all new customers, those who came by themselves included",
    "marginal": "what the last customers cost: more spend over the customers it brought more",
}
"""What a cost of acquisition was divided by. Bids are about the marginal one (money.md, 4.5)."""


@dataclass(frozen=True)
class Acquisition:
    """Spend on acquisition and the customers it brought; `cac` is one over the other.

    Parameters
    ----------
    spend : float
        Money spent on acquiring, in the currency of the economics.
    customers : float
        New customers it is divided by.
    basis : {"paid", "blended", "marginal"}
        Which customers these are: those the spend brought, all new customers, or (with the difference of two levels of
        spend) those that more spend brought.

    Raises
    ------
    InputError
        A negative spend, no customers, or an unknown basis.

    Examples
    --------
    >>> Acquisition(spend=50_000, customers=2_000).cac
    25.0
    >>> Acquisition.marginal(spend=(50_000, 60_000), customers=(2_000, 2_250)).cac
    40.0
    """

    spend: float
    customers: float
    basis: Basis = "paid"

    def __post_init__(self) -> None:
        if not (is_number(self.spend) and self.spend >= 0.0):
            raise InputError(f"spend: expected money spent on acquisition, 0 or more; got {self.spend!r}.")
        if not (is_number(self.customers) and self.customers > 0.0):
            raise InputError(
                f"customers: expected how many customers the spend brought, above 0; got {self.customers!r}. "
                "A channel that brought nobody has no cost a customer."
            )
        if self.basis not in BASES:
            raise InputError(f"basis: expected one of {', '.join(BASES)}; got {self.basis!r}.")

    @classmethod
    def marginal(cls, spend: tuple[float, float], customers: tuple[float, float]) -> Acquisition:
        """From two levels of spend: what more spend brought more.

        Raises
        ------
        InputError
            More spend did not bring more customers.
        """
        if not spend[1] > spend[0]:
            raise InputError(f"spend: expected two levels of spend, the lower one first; got {spend!r}.")
        return cls(spend[1] - spend[0], customers[1] - customers[0], "marginal")

    @property
    def cac(self) -> float:
        """Customer acquisition cost, for one customer."""
        return self.spend / self.customers
