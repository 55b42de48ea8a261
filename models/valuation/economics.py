"""What a purchase leaves and what a customer costs: the economics of a valuation, checked when stated."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from ..ground.errors import InputError
from ..ground.rows import FloatArray
from ..ground.summary import CustomerSummary
from ..ground.units import continuous_rate


@dataclass(frozen=True)
class Economics:
    """Margin, costs and the discount rate. Past revenue has no place here; CAC counts for new customers alone.

    Parameters
    ----------
    margin : float or str
        Contribution margin as a share of revenue, such as 0.30; or the name of a column of the summary that holds
        each customer's own.
    annual_discount_rate : float
        Such as 0.15; compounded continuously, exactly.
    cac : float or mapping, optional
        Customer acquisition cost, for one new customer; by group if `cac_by` names the attribute.
    cac_by : str, optional
        Attribute of the summary whose values are the keys of `cac`, such as "channel".
    cost_per_order : float
        What an order costs beside its goods: picking, shipping, payment. Taken off every purchase.
    currency : str
        For labels alone.

    Raises
    ------
    InputError
        A percentage where a share is expected, a negative cost, or CAC by group without the group's name.
    """

    margin: float | str
    annual_discount_rate: float
    cac: float | Mapping[Any, float] | None = None
    cac_by: str | None = None
    cost_per_order: float = 0.0
    currency: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.margin, str):
            _check_share(self.margin)
        continuous_rate(self.annual_discount_rate, "Y")
        _check_cost("cost_per_order", self.cost_per_order)
        if isinstance(self.cac, Mapping):
            if self.cac_by is None:
                raise InputError(
                    'cac_by: CAC by group needs the attribute its keys belong to, such as cac_by="channel".'
                )
            for group, cost in self.cac.items():
                _check_cost(f"cac[{group!r}]", cost)
            object.__setattr__(self, "cac", MappingProxyType(dict(self.cac)))
        elif self.cac is not None:
            _check_cost("cac", self.cac)

    def margins(self, summary: CustomerSummary) -> FloatArray:
        """Each customer's margin, array (customers,).

        Raises
        ------
        InputError
            The column is missing, or holds something that is no share.
        """
        if not isinstance(self.margin, str):
            return np.full(len(summary), float(self.margin))
        if self.margin not in summary.attributes:
            have = ", ".join(summary.attributes) or "none"
            raise InputError(f"margin: no column {self.margin!r} in the summary (its attributes: {have}).")
        column = pd.to_numeric(summary.frame[self.margin], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        bad = ~((column >= 0.0) & (column <= 1.0))
        if bad.any():
            ids = summary.frame.loc[bad, "customer_id"].head().tolist()
            raise InputError(
                f"{self.margin}: expected a share between 0 and 1, such as 0.30, for every customer; "
                f"{int(bad.sum()):,} have something else (customer_id {ids}). Fill or correct them."
            )
        return column


def _check_share(margin: float) -> None:
    if not (isinstance(margin, (int, float, np.number)) and math.isfinite(margin) and 0.0 <= margin <= 1.0):
        hint = f" If {margin:g} percent is meant, pass {margin / 100:g}." if _is_percentage(margin) else ""
        raise InputError(
            f"margin: expected a share of revenue between 0 and 1, such as 0.30, or a column; got {margin!r}.{hint} "
            "Costs per order belong in cost_per_order."
        )


def _is_percentage(margin: object) -> bool:
    return isinstance(margin, (int, float, np.number)) and 1.0 < float(margin) <= 100.0


def _check_cost(name: str, cost: float) -> None:
    if not (isinstance(cost, (int, float, np.number)) and math.isfinite(cost) and cost >= 0.0):
        raise InputError(f"{name}: expected an amount of 0 or more, got {cost!r}.")
