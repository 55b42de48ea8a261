"""Gates of models: whether fits vouch for themselves, and whether the backtest says that they are worth their keep."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.special import betainc

from lifeworth.models.checks.verdict import DataVerdict
from lifeworth.models.fitted import Fitted
from lifeworth.models.ground.intervals import INTERVAL
from lifeworth.models.ground.units import parse_horizon

from ..backtesting.choice import NESTED, Choice
from ..backtesting.scorecard import Scorecard
from ..backtesting.totals import HONEST
from ..record.record import GateResult, LastRun
from ..settings.settings import GateSettings, Settings
from .judge import Finding, decided, in_order, judged, not_asked, percent

LEVEL: Final = INTERVAL[1] - INTERVAL[0]
"""What an interval says it holds: 90 %."""
CHANCE: Final = 0.01
"""So few totals inside their intervals must be rarer than this by chance before the gate speaks: once in a hundred
nights on which the intervals are right."""
WINDOW: Final = ["origin", "horizon"]


def diagnostic_gates(fits: Sequence[Fitted[Any]], suited: DataVerdict, settings: Settings) -> tuple[GateResult, ...]:
    """Judge the data by their verdict, and every fit by its own checks.

    Parameters
    ----------
    fits : sequence of Fitted
        All that may be published: transaction models and the spend model.
    suited : DataVerdict
        Of the customer summary; one that warns is told in the report and does not make the run warn.
    settings : Settings
    """
    gates = settings.gates
    stopped = [check for check in suited.checks if check.level == "stop"]
    warned = [check.name for check in suited.raised if check.level == "warn"]
    said = "; ".join(check.sentence.rstrip(".") for check in stopped)
    if not stopped:
        said = f"The data can be modelled{f', with care: {", ".join(warned)}' if warned else ''}"
    bad = [fit for fit in fits if not fit.diagnostics.ok]
    named = "; ".join(f"{fit.model.name}: {', '.join(_failed(fit))}" for fit in bad)
    remedies = dict.fromkeys(check.remedy for fit in bad for check in fit.diagnostics.checks if check.remedy)
    fine = f"All checks of {', '.join(fit.model.name for fit in fits)} have passed"
    return in_order(
        [
            decided("suited", gates, said, " ".join(check.remedy for check in stopped), wrong=bool(stopped)),
            decided(
                "diagnostics",
                gates,
                f"Fits are not to be relied on ({named})" if bad else fine,
                f"To do: {' '.join(remedies)} Or leave the model out of [models] candidates.",
                wrong=bool(bad),
            ),
        ]
    )


def _failed(fit: Fitted[Any]) -> list[str]:
    return [
        f"{check.name} = {check.value:.3g}, expected {check.expected}"
        for check in fit.diagnostics.checks
        if not check.passed
    ]


def backtest_gates(
    scorecard: Scorecard, choice: Choice, settings: Settings, last: LastRun | None
) -> tuple[GateResult, ...]:
    """Judge the chosen model by the backtest: against plain rules and the champion, and by what its intervals held.

    Errors are the CRPS of customers' purchases. A difference counts as far as it is larger than its standard error,
    and a coverage where chance would hardly have made it: overlapping windows count as those that fit beside each
    other, as in `select_model`.

    Parameters
    ----------
    scorecard : Scorecard
        With the champion among its models, where it can be.
    choice : Choice
    settings : Settings
    last : LastRun or None
    """
    return in_order(_every(scorecard, choice.model, settings.gates, last))


def _every(scorecard: Scorecard, model: str, gates: GateSettings, last: LastRun | None) -> Iterator[GateResult]:
    errors = _errors(scorecard)
    yield _against_rules(errors, model, scorecard.baselines, gates)
    yield _against_champion(errors, model, gates, last)
    yield _totals(scorecard, model, gates)
    yield _customers(scorecard, model, gates)


def _against_rules(errors: pd.DataFrame, model: str, rules: tuple[str, ...], gates: GateSettings) -> GateResult:
    asked = [rule for rule in rules if rule in errors and errors[rule].notna().any()]
    found = {rule: _worse(errors, model, rule) for rule in asked}
    if not found:
        return not_asked("max_worse_than_baseline", "No plain rule was scored.")
    rule = max(found, key=lambda name: found[name][0])
    worse, error = found[rule]
    told = f"{model} is {_compared(worse, error)} than the best plain rule, {rule!r}, at customers' purchases"
    remedy = (
        "Look at the backtest: a rule that is better needs no model. Is the log too short, or has the shop changed?"
    )
    return judged(Finding("max_worse_than_baseline", worse - error, told, remedy), gates, percent)


def _against_champion(errors: pd.DataFrame, model: str, gates: GateSettings, last: LastRun | None) -> GateResult:
    gate = "max_worse_than_champion"
    if last is None:
        return not_asked(gate, "There is no published run to compare with.")
    champion = last.purchases.model.name
    if champion == model:
        return judged(Finding(gate, 0.0, f"{model} was published last and is chosen again"), gates, percent)
    if champion not in errors:
        told = f"{champion}, published last, is not in this backtest: add it to [models] candidates to compare."
        return not_asked(gate, told)
    worse, error = _worse(errors, model, champion)
    told = f"{model} is {_compared(worse, error)} than {champion}, published last, at customers' purchases"
    remedy = f"Keep {champion} among [models] candidates."
    return judged(Finding(gate, worse - error, told, remedy), gates, percent)


def _compared(worse: float, error: float) -> str:
    return f"{percent(abs(worse))} (standard error {percent(error)}) {'worse' if worse > 0.0 else 'better'}"


def _errors(scorecard: Scorecard) -> pd.DataFrame:
    """CRPS of purchases, one row a window with its weight, one column a model or rule."""
    scores = scorecard.scores[scorecard.scores["quantity"] == "purchases"]
    wide = scores.pivot_table(index=WINDOW, columns="model", values="crps")
    return wide.assign(**{COUNTS: _counts(wide.index.to_frame(index=False)).to_numpy()})


COUNTS: Final = "window counts"
"""A column beside those of models."""


def _counts(windows: pd.DataFrame) -> pd.Series[float]:
    """What each window counts: those that overlap less than one, and a half where an origin has several."""
    origins = np.sort(windows["origin"].unique())
    gap = float(np.median(np.diff(origins)) / np.timedelta64(1, "D")) if len(origins) > 1 else math.inf
    lengths = windows["horizon"].map(lambda label: parse_horizon(label, "D").length)
    alone = windows.groupby("origin")["horizon"].transform("nunique") == 1
    return (gap / lengths).clip(upper=1.0) * np.where(alone, 1.0, NESTED)


def _worse(errors: pd.DataFrame, model: str, other: str) -> tuple[float, float]:
    """How much larger the error of a model is than that of another, as a share of the other's, and its standard error.

    Windows are brought to one scale first, so that long horizons do not rule.
    """
    both = errors[[model, other, COUNTS]].dropna()
    scale = (both[model] + both[other]) / 2.0
    both = both[scale > 0.0]
    if both.empty:
        return 0.0, 0.0
    scale = scale[scale > 0.0]
    weight = (both[COUNTS] / both[COUNTS].sum()).to_numpy()
    difference = ((both[model] - both[other]) / scale).to_numpy()
    base = float(weight @ (both[other] / scale).to_numpy())
    mean = float(weight @ difference)
    spread = math.sqrt(float(weight @ (difference - mean) ** 2) / max(float(both[COUNTS].sum()), 1.0))
    return (mean / base, spread / base) if base > 0.0 else (math.inf, 0.0)


def _totals(scorecard: Scorecard, model: str, gates: GateSettings) -> GateResult:
    """Totals inside their 90 % intervals, of that quantity whose share chance explains least."""
    gate = "min_coverage"
    rows = scorecard.totals
    rows = rows[(rows["model"] == model) & (rows["interval"] == HONEST)]
    if rows.empty:
        return not_asked(gate, f"The backtest has no totals of {model}.")
    found = {str(quantity): _covered(group) for quantity, group in rows.groupby("quantity", sort=False)}
    quantity = min(found, key=lambda name: found[name][1])
    share, chance, windows = found[quantity]
    told = (
        f"{percent(share)} of {windows:,} totals of {quantity} in the backtest lay inside their {100 * LEVEL:.0f} % "
        f"intervals; right intervals hold so few with probability {chance:.2g}"
    )
    if chance >= CHANCE:
        return GateResult(gate, "passed", f"{told}: chance may explain it." if share < LEVEL else f"{told}.", share)
    remedy = "Totals are less certain than said. Has the shop changed, or has the log a season the model does not know?"
    return judged(Finding(gate, share, told, remedy), gates, percent)


def _covered(rows: pd.DataFrame) -> tuple[float, float, int]:
    """Share inside, probability of so few or fewer, and windows.

    The binomial distribution goes on between whole numbers as the incomplete beta function does.
    """
    inside = rows["actual"].between(rows["q05"], rows["q95"])
    count = float(_counts(rows[WINDOW].reset_index(drop=True)).sum())
    share = float(inside.mean())
    held = share * count
    chance = 1.0 if share == 1.0 else float(betainc(count - held, held + 1.0, 1.0 - LEVEL))
    return share, chance, len(rows)


def _customers(scorecard: Scorecard, model: str, gates: GateSettings) -> GateResult:
    """Customers whose purchases lay inside their 90 % intervals."""
    rows = scorecard.scores
    rows = rows[(rows["quantity"] == "purchases") & (rows["model"] == model)].dropna(subset="coverage_90")
    if rows.empty:
        return not_asked("min_customer_coverage", f"The backtest has no intervals of customers of {model}.")
    share = float(np.average(rows["coverage_90"], weights=rows["customers"]))
    told = f"The purchases of {percent(share)} of the customers lay inside their {100 * LEVEL:.0f} % intervals"
    remedy = "Single customers are less certain than said: are several kinds of customers in one log? Try groups."
    return judged(Finding("min_customer_coverage", share, told, remedy), gates, percent)
