"""What a run knows: it grows from step to step, and each step returns a new one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from lifeworth.models.checks.verdict import DataVerdict
from lifeworth.models.fitted_purchases import FittedPurchases
from lifeworth.models.ground.summary import CustomerSummary
from lifeworth.models.prediction.forecast import Forecast
from lifeworth.models.spend import FittedSpend
from lifeworth.models.valuation.value import Valuation

from ..backtesting.choice import Choice
from ..backtesting.scorecard import Scorecard
from ..record.record import Comparison, Decisions, GateResult, LastRun, RunRecord
from ..settings.settings import Settings
from ..sources.snapshot import Snapshot


@dataclass(frozen=True, eq=False)
class State:
    """What is known so far; None, or nothing, for what a later step finds.

    Attributes
    ----------
    run_id : str
    as_of : Timestamp
        The last day whose orders count: the cut-off.
    settings : Settings
    snapshot : Snapshot
    last : LastRun or None
        What is published.
    work : Path
        Folder of the run's own, cleared once it is published.
    gates : tuple of GateResult
        So far.
    quarantined : dict of str to int
        Rows set aside, by reason.
    candidates : tuple of FittedPurchases
        One a model that competes.
    """

    run_id: str
    as_of: pd.Timestamp
    settings: Settings
    snapshot: Snapshot
    last: LastRun | None
    work: Path
    gates: tuple[GateResult, ...] = ()
    quarantined: dict[str, int] = field(default_factory=dict)
    summary: CustomerSummary | None = None
    suited: DataVerdict | None = None
    candidates: tuple[FittedPurchases, ...] = ()
    spend: FittedSpend | None = None
    scorecard: Scorecard | None = None
    choice: Choice | None = None
    purchases: FittedPurchases | None = None
    forecast: Forecast | None = None
    valuation: Valuation | None = None
    decisions: Decisions | None = None
    comparison: Comparison | None = None

    def with_(self, **found: Any) -> State:
        """Return the state with what a step found; gates are added to those there are."""
        if "gates" in found:
            found["gates"] = (*self.gates, *found["gates"])
        return replace(self, **found)

    def with_agreed(self, gates: tuple[GateResult, ...]) -> State:
        """Return the state with its gates as somebody has agreed to them."""
        return replace(self, gates=gates)

    def record(self, seconds: dict[str, float]) -> RunRecord:
        """Everything, once every step but publishing has run."""
        return RunRecord(
            run_id=self.run_id,
            as_of=self.as_of,
            settings=self.settings,
            snapshot=self.snapshot,
            summary=known(self.summary),
            suited=known(self.suited),
            purchases=known(self.purchases),
            spend=known(self.spend),
            scorecard=known(self.scorecard),
            choice=known(self.choice),
            forecast=known(self.forecast),
            valuation=known(self.valuation),
            decisions=known(self.decisions),
            gates=self.gates,
            comparison=self.comparison,
            seconds=seconds,
        )


def known[Found](found: Found | None) -> Found:
    """What an earlier step has found; a step that asks too early is an error of ours."""
    if found is None:
        raise RuntimeError("a step asks for what no step before it has found: see the order of STEPS")
    return found
