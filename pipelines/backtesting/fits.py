"""Fits of a backtest, origin by origin."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from lifeworth.models.fitted_purchases import FittedPurchases
from lifeworth.models.ground.summary import CustomerSummary
from lifeworth.models.purchases import TransactionModel
from lifeworth.models.spend import FittedSpend, SpendModel

FIT_DRAWS: Final = 1000
"""Posterior draws of a fit: four times what is used at once."""


@dataclass
class Fits:
    """Models fitted at the origins, each from where it was before."""

    models: tuple[TransactionModel, ...]
    spend: SpendModel | None
    seed: int
    last: dict[str, FittedPurchases] = field(default_factory=dict)
    last_spend: FittedSpend | None = None

    def purchases(self, model: TransactionModel, summary: CustomerSummary) -> FittedPurchases:
        """Fit a transaction model."""
        fitted = model.fit(summary, draws=FIT_DRAWS, seed=self.seed, start=self.last.get(model.name))
        self.last[model.name] = fitted
        return fitted

    def amounts(self, summary: CustomerSummary) -> FittedSpend | None:
        """Fit the spend model, if there is one."""
        if self.spend is not None:
            self.last_spend = self.spend.fit(summary, draws=FIT_DRAWS, seed=self.seed, start=self.last_spend)
        return self.last_spend
