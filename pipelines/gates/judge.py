"""From a figure and its bars to a result, and from results to the one that tells the cause."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from ..record.record import GateResult, Outcome
from ..settings.settings import Action, Bar, GateSettings

GRAVITY: Final[dict[Outcome, int]] = {"held": 0, "warned": 1, "passed": 2, "not asked": 3}
TELLING: Final = tuple(GateSettings.model_fields)
"""The most telling first: a column that changed its type explains rows that cannot be read, copies explain a log that
grew, one giant customer explains everything, and a past that was rewritten explains what came of it."""
ALLOW: Final = "If it is as it should be, raise {gate} in [gates] for this run."
HUNDRED: Final = 100.0


@dataclass(frozen=True)
class Finding:
    """What a gate found.

    Attributes
    ----------
    gate : str
        Its key in [gates].
    measured : float
    told : str
        What came, with its figures; a sentence.
    remedy : str
        What to do where it is beyond the bar.
    """

    gate: str
    measured: float
    told: str
    remedy: str = ""


def percent(share: float) -> str:
    """Write a share: "12.5 %"."""
    return f"{HUNDRED * share:.1f} %"


def times(ratio: float) -> str:
    """Write a ratio: "5", "0.3"."""
    return f"{ratio:.3g}"


def days(count: float) -> str:
    """Write a number of days."""
    return f"{count:,.0f} day" if count == 1 else f"{count:,.0f} days"


def judged(finding: Finding, settings: GateSettings, shown: Callable[[float], str]) -> GateResult:
    """Hold a finding against the bars of its gate, which are shown in the unit of `shown`."""
    bar: Bar = getattr(settings, finding.gate)
    if bar.warn is None and bar.hold is None:
        return not_asked(finding.gate, "Switched off in the settings.")
    low = finding.gate.startswith("min_")
    for outcome, limit in (("held", bar.hold), ("warned", bar.warn)):
        if limit is not None and (finding.measured < limit if low else finding.measured > limit):
            message = f"{finding.told} (bar: {shown(limit)})"
            return _raised(finding.gate, _OUTCOMES[outcome], message, finding.remedy, finding.measured, limit)
    nearest = next(limit for limit in (bar.warn, bar.hold) if limit is not None)
    return GateResult(finding.gate, "passed", f"{finding.told} (bar: {shown(nearest)}).", finding.measured, nearest)


def decided(gate: str, settings: GateSettings, told: str, remedy: str, *, wrong: bool) -> GateResult:
    """Result of a gate that has no bar: something is wrong or it is not."""
    action: Action = getattr(settings, gate)
    if action == "off":
        return not_asked(gate, "Switched off in the settings.")
    if not wrong:
        return GateResult(gate, "passed", f"{told}.")
    return _raised(gate, "held" if action == "hold" else "warned", told, remedy, None, None)


def not_asked(gate: str, why: str) -> GateResult:
    """Result of a gate that has nothing to compare."""
    return GateResult(gate, "not asked", why)


def in_order(results: Iterable[GateResult]) -> tuple[GateResult, ...]:
    """The gravest first, and of those alike the most telling first."""
    return tuple(sorted(results, key=lambda result: (GRAVITY[result.outcome], TELLING.index(result.gate))))


def cause(results: Iterable[GateResult]) -> GateResult | None:
    """The result that tells most: of those held, else of those that warn; None where nothing was raised."""
    found = [result for result in in_order(results) if result.outcome in ("held", "warned")]
    return found[0] if found else None


_OUTCOMES: Final[dict[str, Outcome]] = {"held": "held", "warned": "warned"}


def _raised(
    gate: str, outcome: Outcome, told: str, remedy: str, measured: float | None, bar: float | None
) -> GateResult:
    allow = ALLOW.format(gate=gate) if bar is not None else f'If it is as it should be, set {gate} = "warn" in [gates].'
    parts = [f"{told}.", remedy, allow if outcome == "held" else ""]
    return GateResult(gate, outcome, " ".join(part for part in parts if part), measured, bar)
