"""What a purchase leaves and what a customer costs: the economics of a valuation, checked when stated."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd

from ..ground.errors import InputError
from ..ground.numbers import is_number, percent_hint
from ..ground.priors import Beta, Normal
from ..ground.rows import FloatArray
from ..ground.units import continuous_rate
from .acquisition import Acquisition

type Margin = float | Beta | Normal
"""A share of revenue, known or as a distribution."""
type Costs = float | Mapping[str, float]
"""One amount, or several by name, which add up."""
type Cac = float | Acquisition

CERTAIN_BELOW: Final = 3.0
"""A distribution of the margin must hold so many standard deviations below 1: a purchase leaves no more than it
brings."""


@dataclass(frozen=True)
class Economics:
    """Margin, costs and the discount rate. Past revenue has no place here; CAC counts for new customers alone.

    Contribution of a purchase of amount z is (margin - cost_share) z - cost_per_order; a customer alive for a time L
    costs cost_per_year_alive L besides (money.md, 4.2). All of it is discounted at the day it falls on.

    Parameters
    ----------
    margin : float, str, distribution or mapping
        Contribution margin as a share of revenue, after the cost of goods and discounts, such as 0.30; or the name of
        a column of the summary that holds each customer's own; or a distribution of what is not known exactly, such as
        ``lw.Normal(0.30, 0.02)`` or ``lw.Beta(30, 70)``, which all customers share and the intervals hold; or one of
        these for each value of `margin_by`. What is sold at a loss has a margin of 0 and the loss in `cost_share`.
    annual_discount_rate : float
        Such as 0.15; compounded continuously, exactly.
    cac : float, Acquisition or mapping, optional
        Customer acquisition cost, for one new customer, or the spend and acquisitions it is computed from; by group if
        `cac_by` names the attribute.
    cac_by : str, optional
        Attribute of the summary whose values are the keys of `cac`, such as "channel".
    cost_per_order : float or mapping
        What an order costs beside its goods, such as ``{"logistics": 3.9, "packing": 0.6, "support": 0.4}``.
    currency : str
        For labels alone.
    cost_share : float or mapping
        Costs that are a share of revenue, such as ``{"payment": 0.014, "returns": 0.03}``.
    cost_per_year_alive : float or mapping
        What a customer costs for each year (of 52 weeks) alive, bought or not, such as
        ``{"crm": 0.8, "loyalty": 2.0, "retention marketing": 4.0}``: charged over each simulated lifetime. A customer
        who has left costs nothing more.
    fixed_cost_per_year : float
        Of the whole business; counts in customer equity and cash flow alone, never in the value of a customer.
    margin_by : str, optional
        Attribute of the summary whose values are the keys of `margin`, such as "first_category".

    Raises
    ------
    InputError
        A percentage where a share is expected, a negative cost, or a mapping without the attribute of its keys.
    """

    margin: Margin | str | Mapping[Any, Margin]
    annual_discount_rate: float
    cac: Cac | Mapping[Any, Cac] | None = None
    cac_by: str | None = None
    cost_per_order: Costs = 0.0
    currency: str = ""
    cost_share: Costs = 0.0
    cost_per_year_alive: Costs = 0.0
    fixed_cost_per_year: float = 0.0
    margin_by: str | None = None

    def __post_init__(self) -> None:
        """Check every number, and keep copies of mappings that nobody can change."""
        continuous_rate(self.annual_discount_rate, "Y")
        for name in ("margin", "cac", "cost_per_order", "cost_share", "cost_per_year_alive"):
            given = getattr(self, name)
            if isinstance(given, Mapping):
                object.__setattr__(self, name, MappingProxyType(dict(given)))
        for label, margin in _each("margin", self.margin):
            if not isinstance(margin, str) or label != "margin":
                _check_margin(label, margin)
        for name in ("cost_per_order", "cost_per_year_alive", "fixed_cost_per_year"):
            for label, cost in _each(name, getattr(self, name)):
                _check_cost(label, cost)
        for label, share in _each("cost_share", self.cost_share):
            _check_share(label, share)
        for label, cac in _each("cac", self.cac) if self.cac is not None else ():
            _check_cost(label, cac.cac if isinstance(cac, Acquisition) else cac)
        self._check_keys("cac", self.cac, "cac_by", self.cac_by)
        self._check_keys("margin", self.margin, "margin_by", self.margin_by)

    @staticmethod
    def _check_keys(name: str, given: object, by: str, attribute: str | None) -> None:
        if isinstance(given, Mapping) and attribute is None:
            raise InputError(f'{by}: {name} by group needs the attribute its keys belong to, such as {by}="channel".')
        if attribute is not None and not isinstance(given, Mapping):
            raise InputError(
                f"{by}: {attribute!r} is given, so {name} must be one for each of its values; got {given!r}."
            )

    @property
    def order_costs(self) -> Mapping[str, float]:
        """Costs of an order by name."""
        return _named(self.cost_per_order, "order")

    @property
    def share_costs(self) -> Mapping[str, float]:
        """Costs that are a share of revenue, by name."""
        return _named(self.cost_share, "share of revenue")

    @property
    def alive_costs(self) -> Mapping[str, float]:
        """Costs of a year alive by name."""
        return _named(self.cost_per_year_alive, "alive")

    def cac_of(self, group: object = None) -> float:
        """CAC of a group, or of everybody where it is not by group; NaN where there is none."""
        found = self.cac[group] if isinstance(self.cac, Mapping) else self.cac
        if found is None:
            return math.nan
        return found.cac if isinstance(found, Acquisition) else float(found)

    def cac_basis_of(self, group: object = None) -> str:
        """What the CAC of a group was divided by, as in `Acquisition`; "as given" for a number."""
        found = self.cac[group] if isinstance(self.cac, Mapping) else self.cac
        return found.basis if isinstance(found, Acquisition) else "as given"


def margin_mean(margin: Margin) -> float:
    """Mean of a margin, known or as a distribution."""
    return margin.centre if isinstance(margin, (Beta, Normal)) else float(margin)


def margin_draws(margin: Margin, rng: np.random.Generator, draws: int) -> FloatArray:
    """Draws of a margin, array (draws,); all alike where it is known."""
    return margin.sample(rng, draws) if isinstance(margin, (Beta, Normal)) else np.full(draws, float(margin))


def margins_of_column(column: pd.Series, ids: pd.Series) -> FloatArray:
    """Each customer's own margin from a column, array (customers,).

    Raises
    ------
    InputError
        Something that is no share.
    """
    found = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    bad = ~((found >= 0.0) & (found <= 1.0))
    if bad.any():
        raise InputError(
            f"{column.name}: expected a share between 0 and 1, such as 0.30, for every customer; "
            f"{int(bad.sum()):,} have something else (customer_id {ids[bad].head().tolist()}). Fill or correct them."
        )
    return np.asarray(found)


def _each(name: str, given: Any) -> Iterator[tuple[str, Any]]:
    """What was given under its name, or each of several under theirs."""
    if not isinstance(given, Mapping):
        yield name, given
        return
    if not given:
        raise InputError(f"{name}: expected at least one, got an empty mapping.")
    for key, one in given.items():
        yield f"{name}[{key!r}]", one


def _named(costs: Costs, name: str) -> Mapping[str, float]:
    if isinstance(costs, Mapping):
        return costs
    return {name: float(costs)} if costs else {}


def _check_margin(label: str, margin: object) -> None:
    """A share of revenue, or a distribution of one."""
    if isinstance(margin, Beta):
        return
    if isinstance(margin, Normal):
        if margin.mu >= 0.0 and margin.mu + CERTAIN_BELOW * margin.sigma <= 1.0:
            return
        raise InputError(
            f"{label}: expected a distribution of a share of revenue, such as lw.Normal(0.30, 0.02); {margin!r} allows "
            "more than all of it. For percent, divide both numbers by 100."
        )
    if is_number(margin) and 0.0 <= float(margin) <= 1.0:
        return
    hint = percent_hint(margin)
    if is_number(margin) and -1.0 <= float(margin) < 0.0:
        hint = (
            f" If every sale is meant to lose {-float(margin):g} of its revenue, pass margin=0 and that as cost_share."
        )
    raise InputError(
        f"{label}: expected a share of revenue between 0 and 1, such as 0.30, or a column; got {margin!r}.{hint} "
        "Costs per order belong in cost_per_order."
    )


def _check_share(label: str, share: object) -> None:
    if is_number(share) and 0.0 <= float(share) < 1.0:
        return
    raise InputError(
        f"{label}: expected a share of revenue from 0 to below 1, such as 0.014; got {share!r}.{percent_hint(share)}"
    )


def _check_cost(label: str, cost: object) -> None:
    if not (is_number(cost) and float(cost) >= 0.0):
        raise InputError(f"{label}: expected an amount of 0 or more, got {cost!r}.")
