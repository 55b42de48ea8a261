"""What the backtest says of the model that was chosen, as numbers that sections tell in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from lifeworth.models.scoring.verdict import HARDLY, MEASURES, Measure

from ..backtesting.scorecard import Scorecard
from ..backtesting.totals import HONEST
from ..record.record import RunRecord
from ..reporting.language import ngettext
from ..reporting.plot_choice import binomial_band, by_length, windows_apart
from ..reporting.wording import count

LEVEL: Final = 0.9
"""Of the intervals that are told."""
FAIR: Final = 0.02
"""By how much less than promised an interval may hold before it is told."""
CELL: Final = ["origin", "horizon"]


@dataclass(frozen=True)
class Held:
    """Totals of a quantity and horizon, all origins together.

    Attributes
    ----------
    quantity, horizon : str
    forecasts, held : int
        How many there are, and how many came within their 90 % interval.
    gap : float
        What came, all together, relative to what was expected, minus 1.
    least : float
        Share below which chance alone does not explain how few were held, nine times in ten.
    """

    quantity: str
    horizon: str
    forecasts: int
    held: int
    gap: float
    least: float

    @property
    def share(self) -> float:
        """Share that was held."""
        return self.held / self.forecasts

    @property
    def too_few(self) -> bool:
        """Fewer than promised, by more than chance."""
        return self.share < self.least


@dataclass(frozen=True)
class Against:
    """The model and the best plain rule on one question.

    Attributes
    ----------
    measure : Measure
    model, rule : float
        Their scores, where both have one.
    name : str
        Of the rule.
    lead : float
        How much better the model is: as a share of the rule's error, or in points of a share.
    """

    measure: Measure
    model: float
    rule: float
    name: str
    lead: float

    @property
    def outcome(self) -> str:
        """The model is "better", "alike" or "worse"."""
        return "alike" if abs(self.lead) <= HARDLY else "better" if self.lead > 0.0 else "worse"


@dataclass(frozen=True, eq=False)
class Backtested:
    """The backtest of one model.

    Attributes
    ----------
    scorecard : Scorecard
    model : str
    totals : tuple of Held
        By quantity and horizon, the shortest horizon first.
    customers : mapping of str to float
        By quantity, the share of customers within their own 90 % interval.
    against : tuple of Against
        Plain rules, question by question.
    """

    scorecard: Scorecard
    model: str
    totals: tuple[Held, ...]
    customers: Mapping[str, float]
    against: tuple[Against, ...]

    @classmethod
    def of(cls, record: RunRecord) -> Backtested:
        """Read the scorecard of a run."""
        card, model = record.scorecard, record.choice.model
        return cls(card, model, _totals(card, model), _customers(card, model), tuple(_against(card, model)))

    @property
    def origins(self) -> int:
        """From how many dates it was forecast."""
        return int(self.scorecard.totals["origin"].nunique())

    def of_totals(self, quantity: str = "purchases") -> tuple[Held, ...]:
        """Totals of one quantity."""
        return tuple(each for each in self.totals if each.quantity == quantity)

    @property
    def held(self) -> str:
        """Totals of purchases came within their intervals as often as "promised", "fewer", or "few" beyond chance."""
        found = self.of_totals()
        if any(each.too_few for each in found):
            return "few"
        promised = sum(each.held for each in found) >= (LEVEL - FAIR) * sum(each.forecasts for each in found)
        return "promised" if promised else "fewer"

    def in_short(self) -> str:
        """How past forecasts have fared, in a sentence."""
        found = self.of_totals()
        held, forecasts = sum(each.held for each in found), sum(each.forecasts for each in found)
        said = {"promised": _as_promised, "fewer": _perhaps_chance, "few": _too_few}[self.held](self.origins)
        return said.format(origins=count(self.origins), held=count(held), count=count(forecasts))


def _as_promised(origins: int) -> str:
    return ngettext(
        "The same forecast made from {origins} date in the past held {held} of {count} totals of purchases within its "
        "90 % interval, in line with what such an interval promises.",
        "The same forecast made from {origins} dates in the past held {held} of {count} totals of purchases within its "
        "90 % interval, in line with what such an interval promises.",
        origins,
    )


def _perhaps_chance(origins: int) -> str:
    return ngettext(
        "The same forecast made from {origins} date in the past held {held} of {count} totals of purchases within its "
        "90 % interval: fewer than nine in ten, which so few tests can do by chance.",
        "The same forecast made from {origins} dates in the past held {held} of {count} totals of purchases within its "
        "90 % interval: fewer than nine in ten, which so few tests can do by chance.",
        origins,
    )


def _too_few(origins: int) -> str:
    return ngettext(
        "The same forecast made from {origins} date in the past held {held} of {count} totals of purchases within its "
        "90 % interval: fewer than such an interval promises. Take it as too narrow.",
        "The same forecast made from {origins} dates in the past held {held} of {count} totals of purchases within its "
        "90 % interval: fewer than such an interval promises. Take it as too narrow.",
        origins,
    )


def horizons_of(scorecard: Scorecard) -> list[str]:
    """Horizons of the backtest, the shortest first."""
    return by_length(scorecard.totals["horizon"])


def _totals(card: Scorecard, model: str) -> tuple[Held, ...]:
    rows = card.totals[(card.totals["model"] == model) & (card.totals["interval"] == HONEST)]
    found = []
    for quantity in rows["quantity"].unique():
        for horizon in horizons_of(card):
            of = rows[(rows["quantity"] == quantity) & (rows["horizon"] == horizon)]
            if len(of):
                held = int(of["actual"].between(of["q05"], of["q95"]).sum())
                gap = float(of["actual"].sum() / of["mean"].sum() - 1.0)
                least = binomial_band(windows_apart(of["origin"], horizon), LEVEL, LEVEL)[0]
                found.append(Held(str(quantity), horizon, len(of), held, gap, least))
    return tuple(found)


def _customers(card: Scorecard, model: str) -> dict[str, float]:
    rows = card.scores[card.scores["model"] == model].dropna(subset=["coverage_90"])
    held = (rows["coverage_90"] * rows["customers"]).groupby(rows["quantity"], sort=False).sum()
    customers = rows["customers"].groupby(rows["quantity"], sort=False).sum()
    return {str(quantity): float(held[quantity] / customers[quantity]) for quantity in customers.index}


def _against(card: Scorecard, model: str) -> list[Against]:
    """The best plain rule on each question, over the origins and horizons where both have a score."""
    found = []
    for measure in MEASURES:
        rows = card.scores[card.scores["quantity"] == measure.quantity]
        table = rows.pivot_table(index=CELL, columns="model", values=measure.column)
        rules = [_beside(measure, table, model, rule) for rule in card.baselines if {rule, model} <= set(table)]
        met = [rule for rule in rules if rule is not None]
        if met:
            found.append(min(met, key=lambda each: each.lead))
    return found


def _beside(measure: Measure, table: pd.DataFrame, model: str, rule: str) -> Against | None:
    both = table[[rule, model]].dropna()
    if both.empty:
        return None
    of_rule, of_model = float(both[rule].mean()), float(both[model].mean())
    lead = measure.sign * (of_model - of_rule)
    return Against(measure, of_model, of_rule, rule, lead / abs(of_rule) if measure.relative and of_rule else lead)
