"""What came: purchases and spend of each customer in windows after a day in the past, and before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from lifeworth.models.ground.rows import FloatArray, IntArray
from lifeworth.models.ground.summary import ID

from ..orders.order_log import CUSTOMER, DAY
from ..orders.order_table import is_null, run
from ..orders.purchase_days import settled, sorted_frame


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What customers known at an origin did, in the order of their summary.

    Attributes
    ----------
    customer_id : array (customers,)
    purchases, spend : mapping of int to array (customers,)
        By days after the origin: in the days up to it. Spend is net of refunds in the window, 0 at least; None in a
        log without amounts.
    last_purchases, last_spend : mapping of int to array (customers,)
        By days before the origin: repeat purchases in these days, where the log reaches back so far.
    """

    customer_id: Any
    purchases: Mapping[int, FloatArray]
    spend: Mapping[int, FloatArray] | None
    last_purchases: Mapping[int, FloatArray]
    last_spend: Mapping[int, FloatArray] | None

    def totals(self, quantity: str, days: IntArray) -> FloatArray:
        """Sum over customers of "purchases" or "spend" within each number of days, array (horizons,)."""
        came = self.purchases if quantity == "purchases" else self.spend
        assert came is not None  # spend is forecast of logs with amounts only
        return np.array([came[int(length)].sum() for length in days])


def outcomes(
    days: ir.Table,
    origin: pd.Timestamp,
    ahead: list[int],
    back: list[int],
    acquired_from: pd.Timestamp | None,
    amounts: bool,
) -> Outcomes:
    """One pass over the days of customers: sums over every window.

    Parameters
    ----------
    days : ibis Table
        As `customer_days` with `with_first_day` makes them.
    origin : Timestamp
    ahead, back : list of int
        Days after, and before, the origin.
    acquired_from : Timestamp, optional
        Leaves out customers first seen before.
    amounts : bool
        Whether the log has amounts.
    """
    known = days.filter(~is_null(days["first"]) & (days["first"] <= _literal(origin)))
    if acquired_from is not None:
        known = known.filter(known["first"] >= _literal(acquired_from))
    windows: dict[str, Any] = {}
    for length in ahead:
        inside = (known[DAY] > _literal(origin)) & (known[DAY] <= _literal(origin + pd.Timedelta(days=length)))
        windows[f"purchases_{length}"] = (known.purchase & inside).sum().cast("int64")
        windows[f"spend_{length}"] = known.net.sum(where=inside)
    for length in back:
        inside = (known[DAY] <= _literal(origin)) & (known[DAY] > _literal(origin - pd.Timedelta(days=length)))
        again = inside & known.purchase & (known[DAY] > known["first"])
        windows[f"last_purchases_{length}"] = again.sum().cast("int64")
        windows[f"last_spend_{length}"] = known.net.sum(where=again)
    frame = sorted_frame(run(known.group_by(CUSTOMER).agg(**windows)))
    return Outcomes(
        frame[ID].to_numpy(),
        {length: frame[f"purchases_{length}"].to_numpy(float) for length in ahead},
        {length: np.maximum(settled(frame[f"spend_{length}"]), 0.0) for length in ahead} if amounts else None,
        {length: frame[f"last_purchases_{length}"].to_numpy(float) for length in back},
        {length: settled(frame[f"last_spend_{length}"]) for length in back} if amounts else None,
    )


def _literal(day: pd.Timestamp) -> Any:
    return ibis.literal(day.date())
