"""What customers of a shop do from a moment on, given their true state: one walk, and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.rows import FloatArray, IntArray
from lifeworth.models.ground.units import DAYS_PER_UNIT, DAYS_PER_YEAR, continuous_rate
from lifeworth.models.valuation.economics import Economics

from .simulate import walk

UNIT = "W"
"""Times of a shop's truth are in weeks."""


@dataclass(frozen=True)
class Money:
    """The economics of a shop in numbers, times in weeks.

    Attributes
    ----------
    margin : float
        Of revenue, costs that are a share of it taken off.
    per_order, per_week : float
        Costs of an order, and of a week alive.
    discount : float
        Continuous rate per week.
    """

    margin: float
    per_order: float
    per_week: float
    discount: float

    @classmethod
    def of(cls, economics: Economics) -> Money:
        """Read the economics.

        Raises
        ------
        InputError
            A margin that is no number: the truth of a shop has one.
        """
        if not isinstance(economics, Economics) or not isinstance(economics.margin, (int, float, np.number)):
            raise InputError(
                f"economics: expected Economics with one number as margin, for every customer; got {economics!r}."
            )
        return cls(
            float(economics.margin) - sum(economics.share_costs.values()),
            sum(economics.order_costs.values()),
            sum(economics.alive_costs.values()) * DAYS_PER_UNIT[UNIT] / DAYS_PER_YEAR,
            continuous_rate(economics.annual_discount_rate, UNIT),
        )

    def contribution(self, amount: FloatArray, purchases: FloatArray, alive: FloatArray) -> FloatArray:
        """Contribution of discounted purchases of this mean amount over a discounted time alive."""
        return np.asarray((self.margin * amount - self.per_order) * purchases - self.per_week * alive)


@dataclass(frozen=True, eq=False)
class Lives:
    """What customers do within a length of time, in weeks from its beginning.

    Attributes
    ----------
    who, when, amount : array (orders,)
        Orders, by customer and time; `who` counts customers from 0.
    alive : array (customers,)
        How long each is alive.
    """

    who: IntArray
    when: FloatArray
    amount: FloatArray
    alive: FloatArray

    def value(self, money: Money) -> FloatArray:
        """Realised discounted contribution of each customer, array (customers,)."""
        worth = (money.margin * self.amount - money.per_order) * np.exp(-money.discount * self.when)
        rate = money.discount
        lasting = -np.expm1(-rate * self.alive) / rate if rate > 0.0 else self.alive
        return np.bincount(self.who, worth, len(self.alive)) - money.per_week * lasting

    def frame(self, money: Money, ids: pd.Series) -> pd.DataFrame:
        """One row a customer: customer_id, purchases, spend, value."""
        size = len(self.alive)
        return pd.DataFrame(
            {
                "customer_id": ids.to_numpy(),
                "purchases": np.bincount(self.who, minlength=size),
                "spend": np.bincount(self.who, self.amount, size),
                "value": self.value(money),
            }
        )


def live_on(
    customers: pd.DataFrame, shape: FloatArray, there: FloatArray, length: float, rng: np.random.Generator
) -> Lives:
    """Walk customers on from now.

    Parameters
    ----------
    customers : DataFrame
        Their truth, as in `Shop.customers`.
    shape : array (customers,)
        Shape of their amounts (p of Gamma-Gamma).
    there : bool array (customers,)
        Who is alive now; the others do nothing.
    length : float
        Weeks, finite.
    rng : Generator
    """
    some = np.flatnonzero(there)
    rate, dropout, leaving, mean = (
        customers[name].to_numpy(dtype=float)[some]
        for name in ("purchase_rate", "dropout", "leaving_rate", "mean_amount")
    )
    with np.errstate(divide="ignore"):
        lifetime = rng.standard_exponential(len(some)) / leaving  # of a memoryless clock; infinite where there is none
    who, when, left = walk(rng, rate, dropout, lifetime, np.zeros(len(some)), length)
    later = when > 0.0  # the walk begins with an order, which is none here
    who, when = who[later], when[later]
    shape = shape[some]
    amount = rng.standard_gamma(shape[who]) * (mean / shape)[who]
    alive = np.zeros(len(customers))
    alive[some] = np.minimum(left, length)
    return Lives(some[who], when, amount, alive)
