"""What customers have contributed so far: beside their value, never added to it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..ground.rows import FloatArray
from ..ground.summary import MONEY
from ..prediction.reduction import Grouping
from .basis import Basis

HISTORIC = "historic_value"
"""Name of the column."""


def historic_values(basis: Basis) -> FloatArray | None:
    """Contribution of each customer's past purchases, undiscounted, array (customers,); None where amounts are unknown.

    Expected margin on what was paid, minus the costs of the orders. What customers cost while alive is not in it:
    whether a silent customer was alive is not known.
    """
    frame, every = basis.summary.frame, MONEY[1]
    if every not in frame:
        return None
    bought = frame["frequency"].to_numpy(float) + 1.0
    return np.asarray(bought * (basis.terms.margins * frame[every].to_numpy(float) - basis.terms.per_order))


def add_historic(
    past: FloatArray,
    customers: pd.DataFrame,
    total: pd.DataFrame,
    groups: Mapping[str, pd.DataFrame],
    groupings: Mapping[str, Grouping],
    horizons: int,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, pd.DataFrame]]:
    """The tables of a valuation with the past as a last column, the same at each horizon."""
    by = {
        name: frame.assign(**{HISTORIC: np.tile(np.bincount(groupings[name].codes, past), horizons)})
        for name, frame in groups.items()
    }
    if len(customers):
        customers = customers.assign(**{HISTORIC: np.tile(past, horizons)})
    return customers, total.assign(**{HISTORIC: past.sum()}), by
