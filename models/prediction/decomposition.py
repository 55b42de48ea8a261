"""What the band of a total is made of: doubt about the parameters, chance, and the model's past error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from ..ground.intervals import NORMAL_90, fewer_draws
from ..ground.rows import FloatArray, IntArray
from ..ground.units import Horizon
from .expectations import Expectations, amount_totals, expected_totals
from .futures import Futures
from .lasting import lasting_totals

PARAMETERS: Final = "parameters"
CHANCE: Final = "chance"
PAST_ERROR: Final = "the model's past error"
PARTS: Final = (PARAMETERS, CHANCE, PAST_ERROR)
DRAWS_FOR_PARTS: Final = 150
"""Draws behind the part of the parameters: its standard deviation is known to 6 % …"""
FEWEST_FOR_PARTS: Final = 60
"""… and to 9 % for many customers, of whom the parameters are known so well that it is a small part."""
WIDTH_90: Final = 2.0 * NORMAL_90
"""Standard deviations from end to end of the 90 % interval of a normal distribution."""


@dataclass(frozen=True, eq=False)
class Measured:
    """A quantity as a sum over purchases: what one counts with its amount, and what it counts as such.

    Attributes
    ----------
    per_amount : array (customers,) or None
        For each unit of money: 1 for spend, the margin for value.
    amount : array (customers,) or None
        Expected amounts.
    per_purchase : array (customers,)
        For each purchase: 1 for purchases, minus the cost of an order for value.
    per_time : array (customers,) or None
        For each unit of time alive: minus its cost for value.
    """

    per_amount: FloatArray | None
    amount: FloatArray | None
    per_purchase: FloatArray
    per_time: FloatArray | None = None

    def mean(self, exact: Expectations) -> FloatArray:
        """Expected quantity of each customer, array (horizons, customers)."""
        found = exact.purchases * self.per_purchase
        if self.per_amount is not None and self.amount is not None:
            found = found + exact.paid * (self.per_amount * self.amount)
        if self.per_time is not None and exact.lasting is not None:
            found = found + exact.lasting.means * self.per_time
        return np.asarray(found)

    @property
    def worth(self) -> FloatArray:
        """What a purchase is expected to count, array (customers,)."""
        if self.per_amount is None or self.amount is None:
            return self.per_purchase
        return np.asarray(self.per_purchase + self.per_amount * self.amount)


def decompose(
    futures: Futures,
    exact: Expectations,
    measured: Mapping[str, Measured],
    total: Mapping[str, FloatArray],
    horizons: tuple[Horizon, ...],
    order: IntArray,
    doubts: Mapping[str, FloatArray] | None = None,
) -> pd.DataFrame:
    """Parts of the variance of each total.

    The part of the parameters is the variance of the expected total over their draws, that of the past error its
    variance over the draws of the clock; chance is what remains of the variance of the simulated totals, each about the
    total expected under its own clock (the law of total variance, interactions counted as chance). `doubts` names
    further parts, such as a margin that is not known exactly: what each adds to the total in each draw, array
    (horizons, draws).

    Returns
    -------
    DataFrame
        One row a quantity, horizon and part: quantity, horizon, part, share (of the variance), width (of the 90 % band
        if there were this part alone, relative to the mean).
    """
    rows = []
    by_draw = _purchases_by_draw(futures, exact, list(measured.values()))
    for (name, quantity), bought in zip(measured.items(), by_draw, strict=True):
        parameters, of_clock = _of_parameters(futures, exact, quantity, bought), _under_clock(exact, quantity)
        known = dict(doubts or {}) if of_clock is None else {PAST_ERROR: of_clock, **(doubts or {})}
        rest = total[name] - np.sum(list(known.values()), axis=0) if known else total[name]
        variances = {
            PARAMETERS: parameters,
            CHANCE: np.maximum(rest.var(axis=1) - parameters, 0.0),
            PAST_ERROR: np.zeros(len(futures.horizons)),
            **{part: draws.var(axis=1) for part, draws in known.items()},
        }
        mean = quantity.mean(exact).sum(axis=1)
        for horizon, h in zip(horizons, order, strict=True):
            found = np.array([variance[h] for variance in variances.values()])
            shares = found / found.sum() if found.sum() > 0.0 else np.full(len(found), np.nan)
            widths = WIDTH_90 * np.sqrt(found) / abs(mean[h]) if mean[h] != 0.0 else np.full(len(found), np.nan)
            rows += [
                {"quantity": name, "horizon": horizon.label, "part": part, "share": share, "width": width}
                for part, share, width in zip(variances, shares, widths, strict=True)
            ]
    return pd.DataFrame(rows, columns=["quantity", "horizon", "part", "share", "width"])


def _purchases_by_draw(futures: Futures, exact: Expectations, quantities: Sequence[Measured]) -> FloatArray:
    """What purchases are expected to add to each total by draw of the parameters, averaged over the clock.

    Array (quantities, horizons, draws).
    """
    fitted, summary = futures.purchases, futures.summary
    draws = fewer_draws(DRAWS_FOR_PARTS, len(summary), FEWEST_FOR_PARTS)
    worth = np.stack([quantity.worth for quantity in quantities])
    if exact.under is None:
        return expected_totals(fitted, summary, futures.horizons, futures.discount, draws, worth)
    weights = exact.under.weights
    return weights.mean_purchases @ expected_totals(fitted, summary, weights.nodes, 0.0, draws, worth)


def _of_parameters(futures: Futures, exact: Expectations, quantity: Measured, found: FloatArray) -> FloatArray:
    """Variance of the expected total over draws of the parameters, array (horizons,)."""
    fitted, summary, draws = futures.purchases, futures.summary, found.shape[-1]
    if quantity.per_time is not None and exact.lasting is not None:
        found = found + lasting_totals(fitted, summary, exact.lasting.weights, draws, quantity.per_time)
    found = np.asarray(found.var(axis=1))
    if futures.spend is None or quantity.per_amount is None:
        return found
    shares = exact.paid * quantity.per_amount
    return np.asarray(found + amount_totals(futures.spend, summary, draws, shares).var(axis=1))


def _under_clock(exact: Expectations, quantity: Measured) -> FloatArray | None:
    """The total expected under each draw of the clock, array (horizons, draws); None where there is none."""
    under = exact.under
    if under is None:
        return None
    rows = under.purchases.shape[1]
    plain = under.purchases @ np.bincount(under.inverse, quantity.per_purchase, minlength=rows)
    found = np.einsum("hns,n->hs", under.weights.purchases, plain)
    if quantity.per_amount is not None and quantity.amount is not None:
        paid = np.bincount(under.inverse, quantity.per_amount * quantity.amount, minlength=rows)
        found += np.einsum("hns,n->hs", under.weights.spend, under.purchases @ paid)
    if quantity.per_time is not None and exact.lasting is not None:
        found += exact.lasting.totals(quantity.per_time)
    return np.asarray(found)
