"""The levers of value: what can be changed, what a change of each means, and which changes make sense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from ...ground.errors import InputError
from ...ground.numbers import is_number, percent_hint
from ...valuation.economics import Economics
from ...valuation.terms import Terms

LEVERS: Final[dict[str, str]] = {
    "retention": "share of the customers alive now (of new customers: of those just acquired) still alive after 12 "
    "months; moved by one factor on everybody's hazard of leaving, purchases while alive as they are",
    "frequency": "purchases per time while alive, lifetimes as they are",
    "order_value": "amount of every order, the first of a new customer included",
    "margin": "contribution margin as a share of revenue, costs that are a share of revenue as they are",
    "cost_per_order": "what an order costs beside its goods",
    "cost_per_year_alive": "what a customer costs for each year alive",
    "discount_rate": "the annual discount rate",
    "cac": "cost of acquiring a customer: acquisition NPV alone",
}
"""What each lever is. A change is relative: 0.01 multiplies it by 1.01."""
MOST_CHANGE: Final = 1.0
"""A lever is changed by less than +100 %: 1 or 10 are percent typed for a share."""


@dataclass(frozen=True)
class Changes:
    """Relative changes of levers together: 0.10 is ten percent more, 0 leaves a lever as it is. See `LEVERS`.

    Raises
    ------
    InputError
        A change that is no number from -1 to below 1, such as 10 for ten percent.
    """

    retention: float = 0.0
    frequency: float = 0.0
    order_value: float = 0.0
    margin: float = 0.0
    cost_per_order: float = 0.0
    cost_per_year_alive: float = 0.0
    discount_rate: float = 0.0
    cac: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            check_change(field.name, getattr(self, field.name))

    @classmethod
    def of(cls, changes: Mapping[str, float]) -> Changes:
        """From changes by lever."""
        return cls(**changes)

    @property
    def made(self) -> dict[str, float]:
        """The levers that are changed, and by how much."""
        return {field.name: change for field in fields(self) if (change := float(getattr(self, field.name)))}

    def sentence(self) -> str:
        """Name the changes: "retention +5 %, margin -2 %"."""
        return ", ".join(f"{words(lever)} {percent(change)}" for lever, change in self.made.items()) or "no change"


def words(lever: str) -> str:
    """Name of a lever as people write it."""
    return "CAC" if lever == "cac" else lever.replace("_", " ")


def percent(change: float) -> str:
    """Write a relative change with its sign: "+10 %"."""
    return f"{100.0 * change:+.3g} %"


def check_change(name: str, change: object) -> None:
    """Check that a change is relative, and such as can be meant.

    Raises
    ------
    InputError
        It is not.
    """
    if is_number(change) and -1.0 <= float(change) < MOST_CHANGE:
        return
    raise InputError(
        f"{name}: expected a relative change from -1 to below +1, such as 0.10 for ten percent more; got {change!r}."
        f"{percent_hint(change)} For another world altogether, value it with economics of its own."
    )


def levers_of(economics: Economics) -> tuple[str, ...]:
    """The levers that these economics have: a cost that is 0 has nothing to change."""
    absent = {
        "cost_per_order": not any(economics.order_costs.values()),
        "cost_per_year_alive": not any(economics.alive_costs.values()),
        "discount_rate": not economics.annual_discount_rate,
        "cac": economics.cac is None,
    }
    return tuple(lever for lever in LEVERS if not absent.get(lever, False))


def check_levers(economics: Economics, terms: Terms, changes: Changes) -> None:
    """Check that changes of these economics can be made.

    Raises
    ------
    InputError
        A lever that the economics do not have, or a margin or discount rate that would pass 100 %.
    """
    there = levers_of(economics)
    for lever in changes.made:
        if lever not in there:
            raise InputError(
                f"{lever}: the valuation's economics have none, so that there is nothing to change by "
                f"{percent(changes.made[lever])}; they have {', '.join(there)}. State it in lw.Economics(…) first."
            )
    most = float(terms.means.max()) + sum(economics.share_costs.values())
    if most * (1.0 + changes.margin) > 1.0:
        raise InputError(
            f"margin: {percent(changes.margin)} would lift a margin of {most:.3g} above all of the revenue; expected "
            f"at most {1.0 / most - 1.0:+.3f}."
        )
    rate = economics.annual_discount_rate
    if rate * (1.0 + changes.discount_rate) >= 1.0:
        raise InputError(
            f"discount_rate: {percent(changes.discount_rate)} would lift {rate:.3g} a year to 100 % or more; take less."
        )
