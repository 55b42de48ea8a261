"""The record of a run: everything it found, as steps leave it and as report, tables and gates read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from lifeworth.models.checks.verdict import DataVerdict
from lifeworth.models.decisions.acquiring.bid_ceilings import BidCeilings
from lifeworth.models.decisions.acquiring.payback import Payback
from lifeworth.models.decisions.customers.cohorts import Cohorts
from lifeworth.models.decisions.customers.segments import Segments
from lifeworth.models.decisions.planning.bridge import Bridge
from lifeworth.models.decisions.planning.cash_flow import CashFlow
from lifeworth.models.decisions.targeting.targets import Targets
from lifeworth.models.decisions.targeting.tiers import LoyaltyTiers
from lifeworth.models.fitted_purchases import FittedPurchases
from lifeworth.models.ground.summary import CustomerSummary
from lifeworth.models.prediction.forecast import Forecast
from lifeworth.models.spend import FittedSpend
from lifeworth.models.valuation.value import Valuation

from ..backtesting.choice import Choice
from ..backtesting.scorecard import Scorecard
from ..settings.settings import Settings
from ..sources.snapshot import Snapshot

type Outcome = Literal["passed", "warned", "held", "not asked"]


@dataclass(frozen=True)
class GateResult:
    """What a gate said.

    Attributes
    ----------
    gate : str
        Its key in [gates].
    outcome : {"passed", "warned", "held", "not asked"}
    message : str
        A sentence with the figures: what was expected, what came, what to do.
    measured, bar : float or None
        What was compared with what: the bar that was passed, or the nearest that was not.
    """

    gate: str
    outcome: Outcome
    message: str
    measured: float | None = None
    bar: float | None = None

    def __str__(self) -> str:
        """Outcome, message and key in a line."""
        return f"{self.outcome}: {self.message} [{self.gate}]"


@dataclass(frozen=True, eq=False)
class LastRun:
    """The run that was published last, as far as the next one asks for it.

    Attributes
    ----------
    run_id : str
    as_of : Timestamp
    rows : int
        Of its source.
    rejected : float
        Share of them without a customer, a date or an amount that can be read; see `gates.data.rejected_share`.
    schema : mapping of str to str
    summary : CustomerSummary
        With `until`, its cut-off; without a report.
    purchases : FittedPurchases
    spend : FittedSpend
    valuation : Valuation
        As published: totals, draws and basis; without customers.
    tiers : DataFrame
        customer_id, tier.
    """

    run_id: str
    as_of: pd.Timestamp
    rows: int
    rejected: float
    schema: Mapping[str, str]
    summary: CustomerSummary
    purchases: FittedPurchases
    spend: FittedSpend
    valuation: Valuation
    tiers: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Comparison:
    """A run beside the one published last.

    Attributes
    ----------
    last_run_id : str
    last_as_of : Timestamp
    bridge : Bridge
        Between the two valuations, over the longest horizon that both have.
    parameters : DataFrame
        One row a model and parameter: model, parameter, before, after, sd (of before), change (in sds of before).
        Without the purchases where a family was published last that this run has not fitted.
    since : DataFrame
        What the last run forecast for the days since, and what came: quantity (purchases, spend), days, mean, q05,
        q95, actual, inside, of the customers known then. Empty where no day lies between.
    champion : DataFrame
        One row a model: model, role (champion: published last, also where it is chosen again; chosen; other), score
        (CRPS of customers relative to the mean over models, from the backtest), worse (than the best).
    """

    last_run_id: str
    last_as_of: pd.Timestamp
    bridge: Bridge
    parameters: pd.DataFrame
    since: pd.DataFrame
    champion: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Decisions:
    """The decisions that the report tells; None where the settings do not ask or the log cannot answer.

    Attributes
    ----------
    tiers : LoyaltyTiers
    segments : Segments
    cohorts : Cohorts
    cash_flow : CashFlow
    bids : BidCeilings
    payback : Payback or None
        None without a CAC.
    win_back : Targets or None
        None without a cost and an uplift.
    """

    tiers: LoyaltyTiers
    segments: Segments
    cohorts: Cohorts
    cash_flow: CashFlow
    bids: BidCeilings
    payback: Payback | None
    win_back: Targets | None


@dataclass(frozen=True, eq=False)
class RunRecord:
    """Everything a finished run found; report, tables and manifest compute nothing that is not in here.

    Attributes
    ----------
    run_id : str
    as_of : Timestamp
        The day the run speaks of.
    settings : Settings
    snapshot : Snapshot
    summary : CustomerSummary
        With its data report and cut-off (`until`).
    suited : DataVerdict
    purchases : FittedPurchases
        Of the model chosen.
    spend : FittedSpend
    scorecard : Scorecard
    choice : Choice
    forecast : Forecast
        At the horizons of the settings, with customers.
    valuation : Valuation
        At the same horizons, with customers.
    decisions : Decisions
    gates : tuple of GateResult
    comparison : Comparison or None
        None for a first run.
    seconds : mapping of str to float
        By step.
    """

    run_id: str
    as_of: pd.Timestamp
    settings: Settings
    snapshot: Snapshot
    summary: CustomerSummary
    suited: DataVerdict
    purchases: FittedPurchases
    spend: FittedSpend
    scorecard: Scorecard
    choice: Choice
    forecast: Forecast
    valuation: Valuation
    decisions: Decisions
    gates: tuple[GateResult, ...]
    comparison: Comparison | None
    seconds: Mapping[str, float]
