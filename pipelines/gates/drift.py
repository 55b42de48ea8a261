"""Gates of drift: parameters, total value and forecasts beside those of the run published last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from lifeworth.models.decisions.planning.bridge import BEFORE, BEHAVIOUR, ECONOMICS, GONE, NEW, TIME
from lifeworth.models.ground.rows import FloatArray

from ..record.record import Comparison, GateResult
from ..settings.settings import GateSettings, Settings
from .judge import Finding, in_order, judged, not_asked, percent, times

LEAST_SD: Final = 0.1
"""Of a parameter, as a share of it. A million customers tell a parameter to a thousandth, but no shop stays what it is
to a thousandth: changes are counted in standard deviations, or in tenths of the parameter where those are larger."""
EXPLAINED: Final = (TIME, BEHAVIOUR, NEW, GONE, ECONOMICS)
"""Parts of the bridge that have a reason in the shop or in the settings."""


def drift_gates(comparison: Comparison, settings: Settings) -> tuple[GateResult, ...]:
    """Judge what has changed since the last run beyond what customers did.

    Parameters
    ----------
    comparison : Comparison
    settings : Settings
    """
    return in_order(_every(comparison, settings.gates))


def _every(comparison: Comparison, gates: GateSettings) -> Iterator[GateResult]:
    yield _parameters(comparison, gates)
    yield _value(comparison, gates)
    yield _forecast(comparison, gates)


def _parameters(comparison: Comparison, gates: GateSettings) -> GateResult:
    rows = comparison.parameters
    if rows.empty:
        return not_asked("max_parameter_drift", "No model of the last run was fitted again.")
    scale = np.maximum(rows["sd"], LEAST_SD * rows["before"].abs())
    drift: FloatArray = ((rows["after"] - rows["before"]).abs() / scale).to_numpy(float)
    worst = rows.iloc[int(drift.argmax())]
    told = (
        f"Of all parameters {worst['parameter']} of {worst['model']} has changed most, from {worst['before']:.4g} to "
        f"{worst['after']:.4g}: {drift.max():.1f} standard deviations ({worst['sd']:.2g}, or a tenth of it if larger)"
    )
    remedy = "Have customers, the log or its cut-off changed? See the bridge for what it does to the total value."
    return judged(Finding("max_parameter_drift", float(drift.max()), told, remedy), gates, times)


def _value(comparison: Comparison, gates: GateSettings) -> GateResult:
    parts = comparison.bridge.frame.set_index("part")["mean"]
    before, change = float(parts[BEFORE]), comparison.bridge.change
    if before <= 0.0:
        return not_asked("max_unexplained_change", f"The total value was {before:,.0f}: no change is a share of it.")
    explained = float(sum(parts.get(part, 0.0) for part in EXPLAINED))
    unexplained = (change - explained) / before
    told = (
        f"Models and parameters alone change the total value by {unexplained:+.1%}, of {change / before:+.1%} in all"
    ).replace("%", " %")
    if parts.get(ECONOMICS, 0.0):
        told += f"; economics change it by {parts[ECONOMICS] / before:+.1%}".replace("%", " %")
    notes = " ".join(comparison.bridge.notes)
    remedy = f"{notes} See the bridge; which of the two runs is right should be known before people act on the new one."
    return judged(Finding("max_unexplained_change", abs(unexplained), told, remedy.strip()), gates, percent)


def _forecast(comparison: Comparison, gates: GateSettings) -> GateResult:
    """How far what came lies from what was forecast, the half of the 90 % interval on its side being 1."""
    since = comparison.since
    if since.empty:
        return not_asked("max_since_miss", "No day lies between the two runs.")
    side = np.where(since["actual"] > since["mean"], since["q95"] - since["mean"], since["mean"] - since["q05"])
    away = (since["actual"] - since["mean"]).abs().to_numpy(float)
    miss = np.where(side > 0.0, away / np.where(side > 0.0, side, 1.0), np.where(away > 0.0, np.inf, 0.0))
    row = since.iloc[int(miss.argmax())]
    told = (
        f"In the {row['days']:,} days since the last run its customers brought {row['quantity']} of "
        f"{row['actual']:,.0f}; it had forecast {row['mean']:,.0f} ({row['q05']:,.0f} to {row['q95']:,.0f})"
    )
    remedy = "Is it a season, a campaign, or orders that are missing? Forecasts made by the same model may miss it too."
    return judged(Finding("max_since_miss", float(miss.max()), told, remedy), gates, times)
