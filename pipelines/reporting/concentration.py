"""Concentration: how much of the value the most valuable customers hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.rows import FloatArray
from lifeworth.models.prediction.forecast import Outlook

TOPS: Final = (0.01, 0.10, 0.20)
"""Shares of the customers, the most valuable first, that are told apart."""


@dataclass(frozen=True, eq=False)
class Concentration:
    """Share of the value by share of the customers, the most valuable first.

    Attributes
    ----------
    customers, value : array (customers + 1,)
        Cumulative shares, from 0 to 1.
    """

    customers: FloatArray
    value: FloatArray

    @classmethod
    def of(cls, values: FloatArray) -> Concentration:
        """Concentration of expected values, array (customers,).

        Raises
        ------
        InputError
            The values add up to nothing.
        """
        total = float(values.sum())
        if not total > 0.0:
            raise InputError(f"value: expected a base that is worth something, its total is {total:g}.")
        shares = np.concatenate([[0.0], np.cumsum(np.sort(values)[::-1]) / total])
        return cls(np.linspace(0.0, 1.0, len(shares)), shares)

    def held_by(self, top: float) -> float:
        """Share of the value that the share `top` of the customers holds."""
        return float(np.interp(top, self.customers, self.value))


def place_of(outlook: Outlook, horizon: str | None) -> int:
    """Place of a horizon among those of an outlook; None: the first.

    Raises
    ------
    InputError
        It has no such horizon.
    """
    labels = [asked.label for asked in outlook.horizons]
    if horizon is None:
        return 0
    if horizon not in labels:
        raise InputError(f"horizon: expected one of {', '.join(labels)}; got {horizon!r}.")
    return labels.index(horizon)


def customer_values(outlook: Outlook, horizon: str | None = None, column: str = "value_mean") -> FloatArray:
    """One column of the customers at one horizon, array (customers,).

    Raises
    ------
    InputError
        No such horizon or column, or customers were not kept.
    """
    label = outlook.horizons[place_of(outlook, horizon)].label
    if column not in outlook.customers:
        raise InputError(f"customers: expected a column {column}; make the table with per_customer=True.")
    rows = outlook.customers["horizon"] == label
    return outlook.customers.loc[rows, column].to_numpy(float)
