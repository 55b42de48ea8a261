"""From an order log to fitted models in one call: summarise, look back, choose, fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Unpack

from lifeworth.models.fitted_purchases import FittedPurchases
from lifeworth.models.gamma_gamma import GammaGammaModel
from lifeworth.models.ground.calendar import Calendar
from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.summary import ID, CustomerSummary, Day
from lifeworth.models.prediction.forecast import Forecast, forecast
from lifeworth.models.purchases import TransactionModel
from lifeworth.models.spend import FittedSpend, SpendModel
from lifeworth.models.valuation.economics import Economics
from lifeworth.models.valuation.value import Valuation, value

from ..orders.orders import Orders
from ..orders.policies import PolicyWords
from ..orders.summarise import summarise
from .backtest import backtest, model_of
from .choice import Choice, select_model
from .scorecard import Scorecard

AUTO: Final = "auto"
"""Asks for the model whose forecasts came nearest to what came."""


@dataclass(frozen=True, eq=False, repr=False)
class FittedLog:
    """Models fitted on a log, with the record of their forecasts; `forecast` and `value` know that record.

    Attributes
    ----------
    summary : CustomerSummary
    purchases : FittedPurchases
    spend : FittedSpend or None
        None for a log without amounts.
    scorecard : Scorecard
    choice : Choice
    """

    summary: CustomerSummary
    purchases: FittedPurchases
    spend: FittedSpend | None
    scorecard: Scorecard
    choice: Choice

    def __repr__(self) -> str:
        """Return the models and why they were chosen."""
        return f"<{self.purchases!r}\n {self.spend!r}\n {self.choice.reason}>"

    def forecast(self, horizon: str | Sequence[str], **options: Any) -> Forecast:
        """Forecast purchases and spend; options as in `forecast`."""
        return forecast(self.purchases, self.spend, self.summary, horizon, calibration=self.scorecard, **options)

    def value(
        self, economics: Economics, horizon: str | Sequence[str | None] | None = "12M", **options: Any
    ) -> Valuation:
        """Value every customer; options as in `value`.

        Raises
        ------
        InputError
            The log has no amounts.
        """
        if self.spend is None:
            raise InputError("spend: the log was read without amounts: there is nothing to value; give amount=….")
        return value(
            self.purchases, self.spend, self.summary, economics, horizon, calibration=self.scorecard, **options
        )


def fit(
    orders: Orders,
    *,
    model: TransactionModel | str = AUTO,
    spend: SpendModel | None = None,
    customer_id: str = ID,
    date: str = "date",
    amount: str | None = "amount",
    until: Day | None = None,
    unit: str = "W",
    attributes: Sequence[str] = (),
    acquired_from: Day | None = None,
    calendar: Calendar | None = None,
    horizons: Sequence[str] | str | None = None,
    origins: int | Sequence[Day] | None = None,
    seed: int = 0,
    **policies: Unpack[PolicyWords],
) -> FittedLog:
    """Fit an order log: summarise it, look how models would have done on it, choose one, and fit it.

    Parameters
    ----------
    orders, customer_id, date, amount, until, unit, attributes, acquired_from, calendar, **policies
        As in `summarise` and `backtest`.
    model : TransactionModel, its name, or "auto"
        "auto" chooses by `select_model` among all there are. A model of your own, or a name such as "BG/NBD", is taken
        as it is; its record is looked at all the same, as it makes the intervals of totals hold.
    spend : SpendModel, optional
        By default `GammaGammaModel()`.
    horizons, origins
        Of the backtest.
    seed : int

    Raises
    ------
    InputError
        As `summarise` and `backtest`; no such model.
    """
    words: dict[str, Any] = {
        "customer_id": customer_id, "date": date, "amount": amount, "until": until, "unit": unit,
        "attributes": attributes, "acquired_from": acquired_from, "calendar": calendar, **policies,
    }  # fmt: skip
    asked = None if model == AUTO else [model_of(model)]
    money = (spend or GammaGammaModel()) if amount is not None else None
    scorecard = backtest(orders, models=asked, spend=money, horizons=horizons, origins=origins, seed=seed, **words)
    choice = select_model(scorecard)
    chosen = model_of(choice.model) if asked is None else asked[0]
    summary = summarise(orders, **words)
    fitted = None if money is None else money.fit(summary, seed=seed)
    return FittedLog(summary, chosen.fit(summary, seed=seed), fitted, scorecard, choice)
