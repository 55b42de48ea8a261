"""What simulation-based calibration ranks: parameters, the likelihood, and what a business reads off a model.

Each quantity is one function of the parameters and the data, evaluated at the true parameters and at posterior draws
alike. Those that depend on the data as well find faults that parameters alone hide, such as a posterior that equals
the prior (Modrák et al. 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from lifeworth.models.base import SpendFormulas, TransactionFormulas
from lifeworth.models.fitted_purchases import FittedPurchases
from lifeworth.models.ground.rows import FloatArray, IntArray
from lifeworth.models.ground.summary import CustomerSummary
from lifeworth.models.ground.units import DAYS_PER_UNIT, DAYS_PER_YEAR, continuous_rate
from lifeworth.models.spend import FittedSpend

MARGIN: Final = 0.30
ANNUAL_DISCOUNT_RATE: Final = 0.10
"""Of the total value; ranks do not depend on the margin, and hardly on the rate."""


@dataclass(frozen=True, eq=False)
class Customers:
    """What transaction models read of a summary, arrays (customers,)."""

    x: IntArray
    t_x: FloatArray
    T: FloatArray

    @classmethod
    def of(cls, summary: CustomerSummary) -> Customers:
        """Columns of a summary."""
        frame = summary.frame
        return cls(frame["frequency"].to_numpy(np.int64), frame["recency"].to_numpy(float), frame["T"].to_numpy(float))


def of_purchases(
    fitted: FittedPurchases,
    theta: FloatArray,
    summary: CustomerSummary,
    spend: FittedSpend | None = None,
    spend_theta: FloatArray | None = None,
) -> dict[str, FloatArray]:
    """Quantities of a transaction model, by name, each array (draws,).

    Parameters
    ----------
    fitted : FittedPurchases
        Its formulas and unit alone are used.
    theta : array (parameters, draws)
    summary : CustomerSummary
    spend : FittedSpend, optional
        With its parameters, array (parameters, draws), there is a total value as well.
    """
    model: TransactionFormulas = fitted.model
    seen = Customers.of(summary)
    year = np.array([DAYS_PER_YEAR / DAYS_PER_UNIT[fitted.unit]])
    each = theta[:, :, None]
    alive = model.probability_alive(each, seen.x, seen.t_x, seen.T)
    ahead = alive * model.purchases_if_alive(theta, seen.x, seen.T, year, 0.0)[0]
    found = {f"log {name}": np.log(value) for name, value in zip(model.parameters, theta, strict=True)}
    found["log likelihood"] = model.log_likelihood(each, seen.x, seen.t_x, seen.T).sum(axis=1)
    found["E[X(52W)], new customer"] = fitted.new_customer_purchases(theta, year, 0.0)[0]
    found["E[X(52W)], all customers"] = ahead.sum(axis=1)
    found["mean P(alive)"] = alive.mean(axis=1)
    if spend is not None and spend_theta is not None:
        rate = continuous_rate(ANNUAL_DISCOUNT_RATE, fitted.unit)
        discounted = alive * model.purchases_if_alive(theta, seen.x, seen.T, year, rate)[0]
        worth = MARGIN * _expected_amounts(spend, spend_theta, summary)
        found["total value"] = (discounted * worth).sum(axis=1)
    return found


def of_spend(fitted: FittedSpend, theta: FloatArray, summary: CustomerSummary) -> dict[str, FloatArray]:
    """Quantities of a spend model, by name, each array (draws,); `theta` is array (parameters, draws)."""
    model: SpendFormulas = fitted.model
    n, zbar = fitted.purchases_of(summary)
    nobody = np.zeros(1, dtype=np.int64)
    found = {f"log {name}": np.log(value) for name, value in zip(model.parameters, theta, strict=True)}
    found["log likelihood"] = model.log_likelihood(theta[:, :, None], n, zbar).sum(axis=1)
    found["E[spend], new customer"] = model.expected_spend(theta[:, :, None], nobody, np.zeros(1))[:, 0]
    found["E[spend], all customers"] = _expected_amounts(fitted, theta, summary).sum(axis=1)
    return found


def _expected_amounts(spend: FittedSpend, theta: FloatArray, summary: CustomerSummary) -> FloatArray:
    n, zbar = spend.purchases_of(summary)
    return spend.model.expected_spend(theta[:, :, None], n, zbar)
