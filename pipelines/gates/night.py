"""What the gates of the data judge: tonight's log, and what the last run saw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..record.record import GateResult, LastRun
from ..settings.settings import Settings
from ..sources.snapshot import Snapshot
from .facts import Facts
from .judge import Finding, decided, judged, percent
from .past import Past


@dataclass(frozen=True, eq=False)
class Night:
    """All that gates of the data look at.

    Attributes
    ----------
    facts : Facts
    snapshot : Snapshot
    settings : Settings
    as_of, today : Timestamp
        The day the run speaks of, and the one after which no order can have come.
    last : LastRun or None
    past : Past or None
        None without a last run.
    """

    facts: Facts
    snapshot: Snapshot
    settings: Settings
    as_of: pd.Timestamp
    today: pd.Timestamp
    last: LastRun | None
    past: Past | None

    def judge(self, finding: Finding, shown: Callable[[float], str] = percent) -> GateResult:
        """Hold a finding against its bars."""
        return judged(finding, self.settings.gates, shown)

    def decide(self, gate: str, told: str, remedy: str, *, wrong: bool) -> GateResult:
        """Result of a gate without a bar."""
        return decided(gate, self.settings.gates, told, remedy, wrong=wrong)

    def named(self, customer: Any) -> str:
        """A customer in a message, which a report may show to more people than should know ids."""
        return f"Customer {customer!r}" if self.settings.report.show_ids else "One customer"
