"""Worlds of simulation-based calibration: what is drawn from the priors, fitted, and compared with what was true.

Customers live in continuous time: an order log of whole days would round them, and ranks would no longer be uniform.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from lifeworth.models.base import Model
from lifeworth.models.ground.rows import FloatArray, IntArray
from lifeworth.models.ground.summary import ID, MONEY, CustomerSummary
from lifeworth.models.inference.diagnostics import Diagnostics
from lifeworth.models.prediction.population import draw_parameters, simulate_amounts, simulate_purchases
from lifeworth.models.purchases import TransactionModel
from lifeworth.models.spend import SpendModel

from .calibration_quantities import of_purchases, of_spend

REPEATS: Final = (0, 0, 0, 1, 1, 2, 3, 6)
"""Repeat purchases of customers of whom spend alone is simulated, over and over: most buy once."""
RANKED: Final = 99
"""Posterior draws that a true value is ranked among, so that a rank is one of a hundred."""


@dataclass(frozen=True, eq=False)
class Simulated:
    """One data set and the parameters behind it.

    Attributes
    ----------
    theta : array (parameters, 1)
        Of the model that is checked.
    spend_theta : array (parameters, 1) or None
        Of the spend model beside it.
    summary : CustomerSummary
    """

    theta: FloatArray
    spend_theta: FloatArray | None
    summary: CustomerSummary


@dataclass(frozen=True, eq=False)
class Evaluated:
    """Quantities by name, each array (1 + draws,), what is true first; and the verdicts of the fits."""

    quantities: dict[str, FloatArray]
    diagnostics: tuple[Diagnostics, ...]


class World(ABC):
    """What is simulated and how it is fitted; abstract."""

    @property
    @abstractmethod
    def models(self) -> tuple[Model, ...]:
        """Models whose priors are drawn from, the one that is checked first."""

    @abstractmethod
    def simulate(self, rng: np.random.Generator) -> Simulated:
        """Parameters from the priors, customers from the parameters."""

    @abstractmethod
    def evaluate(self, simulated: Simulated, seed: int, options: dict[str, Any]) -> Evaluated:
        """Fit, and evaluate every quantity at the true parameters and at posterior draws.

        Raises
        ------
        InputError, FitError
            As the fit: this data set cannot be used.
        """


@dataclass(frozen=True, eq=False)
class PurchasesWorld(World):
    """Customers who buy, and who spend if a spend model is given."""

    model: TransactionModel
    spend: SpendModel | None
    T: FloatArray
    unit: str
    scale: float
    spend_scale: float

    @property
    def models(self) -> tuple[Model, ...]:
        """Both."""
        return (self.model,) if self.spend is None else (self.model, self.spend)

    def simulate(self, rng: np.random.Generator) -> Simulated:
        """Draw a data set."""
        theta = draw_parameters(self.model, self.scale, rng, 1)
        counts, last = simulate_purchases(self.model, theta, self.T, rng)
        x = counts[:, 0]
        frame = _frame(x, last[:, 0], self.T)
        if self.spend is None:
            return Simulated(theta, None, CustomerSummary(frame, self.unit))
        spend_theta = draw_parameters(self.spend, self.spend_scale, rng, 1)
        frame = frame.assign(**_money(self.spend, spend_theta, x, rng))
        return Simulated(theta, spend_theta, CustomerSummary(frame, self.unit))

    def evaluate(self, simulated: Simulated, seed: int, options: dict[str, Any]) -> Evaluated:
        """Fit both models."""
        summary = simulated.summary
        fitted = self.model.fit(summary, scale=self.scale, seed=seed, **options)
        theta = _with_truth(simulated.theta, fitted.theta(RANKED))
        if self.spend is None or simulated.spend_theta is None:
            return Evaluated(of_purchases(fitted, theta, summary), (fitted.diagnostics,))
        spend = self.spend.fit(summary, scale=self.spend_scale, seed=seed, **options)
        spend_theta = _with_truth(simulated.spend_theta, spend.theta(RANKED))
        values = of_purchases(fitted, theta, summary, spend, spend_theta)
        return Evaluated(values, (fitted.diagnostics, spend.diagnostics))


@dataclass(frozen=True, eq=False)
class SpendWorld(World):
    """Customers with a given number of purchases each, who spend."""

    model: SpendModel
    T: FloatArray
    unit: str
    spend_scale: float

    @property
    def models(self) -> tuple[Model, ...]:
        """The one."""
        return (self.model,)

    def simulate(self, rng: np.random.Generator) -> Simulated:
        """Draw a data set."""
        theta = draw_parameters(self.model, self.spend_scale, rng, 1)
        x = np.resize(np.array(REPEATS, dtype=np.int64), len(self.T))
        frame = _frame(x, self.T * x / (x + 1.0), self.T).assign(**_money(self.model, theta, x, rng))
        return Simulated(theta, None, CustomerSummary(frame, self.unit))

    def evaluate(self, simulated: Simulated, seed: int, options: dict[str, Any]) -> Evaluated:
        """Fit it."""
        fitted = self.model.fit(simulated.summary, scale=self.spend_scale, seed=seed, **options)
        theta = _with_truth(simulated.theta, fitted.theta(RANKED))
        return Evaluated(of_spend(fitted, theta, simulated.summary), (fitted.diagnostics,))


def _frame(x: IntArray, t_x: FloatArray, T: FloatArray) -> pd.DataFrame:
    return pd.DataFrame({ID: np.arange(len(x)), "frequency": x, "recency": t_x, "T": T})


def _money(spend: SpendModel, theta: FloatArray, x: IntArray, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Mean amounts of repeat purchases and of all."""
    one, again = np.ones((len(x), 1), dtype=np.int64), x[:, None]
    first, repeats = (sums[:, 0] for sums in simulate_amounts(spend, theta, [one, again], rng))
    return {MONEY[0]: repeats / np.maximum(x, 1), MONEY[1]: (first + repeats) / (x + 1)}


def _with_truth(truth: FloatArray, draws: FloatArray) -> FloatArray:
    """What is true in front of the draws, array (parameters, 1 + draws)."""
    return np.concatenate([truth, draws], axis=1)
