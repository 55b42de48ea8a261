"""The appendix: diagnostics of the fits, scores of the backtest, gates in full, and what the run was made with."""

from __future__ import annotations

import math
from collections.abc import Iterator
from importlib.metadata import version
from typing import Final

import pandas as pd

from lifeworth.models.fitted_purchases import FittedPurchases
from lifeworth.models.ground.units import UNIT_NAMES
from lifeworth.models.inference.diagnostics import Check, Diagnostics
from lifeworth.models.spend import FittedSpend

from ..record.record import RunRecord
from ..reporting.labels import capital
from ..reporting.language import gettext as _
from ..reporting.language import marked
from ..reporting.wording import count, decimal, percent, span
from .gate_words import gate_name, measured_of
from .labels import outcome
from .parts import English, Part, Section, Table, Verbatim
from .trust import RULES
from .words import NONE, verbatim

DIGITS: Final = 4
"""Digits of a parameter that are worth reading."""
SCORES: Final = ("bias", "crps", "coverage_90", "gini", "auc")
"""Columns of the scorecard that are told."""
QUANTITIES: Final = {"purchases": marked("purchases"), "spend": marked("spend")}
VERSIONS: Final = ("lifeworth", "numpy", "scipy", "pandas", "pymc", "nutpie", "duckdb", "ibis-framework")
"""Packages whose versions the numbers may hang on."""


def appendix(record: RunRecord) -> Section:
    """Tell what those need who check."""
    parts = (
        _fit(record.purchases, _times(record.purchases)),
        _fit(record.spend, _amounts(record)),
        *_scores(record),
        _choice(record),
        *_gates(record),
        _made_with(record),
    )
    return Section("appendix", _("Appendix: diagnostics"), parts, _("Appendix"))


def _times(fitted: FittedPurchases) -> str:
    units = {"hours": _("hours"), "days": _("days"), "weeks": _("weeks"), "months": _("months"), "years": _("years")}
    return _("Times are in {unit}.").format(unit=units[UNIT_NAMES[fitted.unit]])


def _amounts(record: RunRecord) -> str:
    if record.spend.first_purchase:
        return _("Fitted on the amounts of all purchases, the first included.")
    return _("Fitted on the amounts of repeat purchases alone.")


def _fit(fitted: FittedPurchases | FittedSpend, scale: str) -> Part:
    """Parameters with their intervals, and the verdict on the fit."""
    table, verdict = fitted.parameters, fitted.diagnostics
    shown = {
        "mean": _("mean"),
        "sd": _("standard deviation"),
        "q05": _("5 %"),
        "q50": _("median"),
        "q95": _("95 %"),
        "r_hat": "R-hat",
        "k_hat": "k-hat",
        "ess": _("effective draws"),
        "ess_bulk": _("effective draws"),
    }
    columns = [name for name in shown if name in table]
    rows = tuple(
        (verbatim(name), *(_digits(float(row[column]), column) for column in columns)) for name, row in table.iterrows()
    )
    caption = _("Parameters of {model} and how well they are known").format(model=fitted.model.name)
    return Part(
        (scale, _passed(verdict)),
        table=Table((_("parameter"), *(shown[name] for name in columns)), rows, caption=caption),
        points=tuple(English(note) for note in (*(_check(check) for check in verdict.checks), *verdict.notes)),
        heading=fitted.model.name,
    )


def _passed(verdict: Diagnostics) -> str:
    if verdict.ok:
        return _("All checks of the fit have passed.")
    return _("Not to be relied on: a check of the fit has not passed.")


def _check(check: Check) -> str:
    verdict = "passed" if check.passed else f"not passed: {check.remedy}"
    return f"{check.name} = {check.value:.{DIGITS}g} (expected {check.expected}): {verdict}"


def _digits(value: float, column: str) -> str:
    """Write a number in few digits, in the locale; effective draws are whole."""
    if math.isnan(value):
        return NONE
    if column.startswith("ess"):
        return count(value)
    places = DIGITS - 1 - math.floor(math.log10(abs(value))) if value else 0
    return decimal(value, max(0, min(places, DIGITS)))


def _scores(record: RunRecord) -> Iterator[Part]:
    """Scores of models and plain rules, a table for each quantity."""
    scores = record.scorecard.scores
    for quantity, name in QUANTITIES.items():
        found = scores[scores["quantity"] == quantity]
        if len(found):
            yield Part(table=_score_table(found, _(name)), heading=_score_heading(quantity), folded=True)


def _score_heading(quantity: str) -> str:
    return (
        _("Scores of past forecasts of purchases")
        if quantity == "purchases"
        else _("Scores of past forecasts of spend")
    )


def _score_table(found: pd.DataFrame, quantity: str) -> Table:
    """Means over the days that were forecast from, by horizon, models before plain rules."""
    means = found.groupby(["horizon", "model"], sort=False)[list(SCORES)].mean().reset_index()
    columns = (
        _("horizon"),
        _("model or rule"),
        _("forecast beyond actual"),
        _("CRPS"),
        _("held by 90 % intervals"),
        _("Gini"),
        _("AUC"),
    )
    rows = tuple(
        (
            span(str(row["horizon"])),
            _(RULES[row["model"]]) if row["model"] in RULES else Verbatim(row["model"]),
            _maybe_percent(row["bias"]),
            _maybe(row["crps"]),
            _maybe_percent(row["coverage_90"]),
            _maybe(row["gini"]),
            _maybe(row["auc"]),
        )
        for row in means.to_dict("records")
    )
    caption = _(
        "Forecasts of {quantity} against what came, means over the days they were made on. CRPS is the error of the "
        "whole distribution, less is better; Gini and AUC tell how well customers are ranked, more is better."
    ).format(quantity=quantity)
    return Table(columns, rows, labels=2, caption=caption)


def _maybe(value: float) -> str:
    return NONE if math.isnan(value) else decimal(value, 3)


def _maybe_percent(value: float) -> str:
    return NONE if math.isnan(value) else percent(value, 1)


def _choice(record: RunRecord) -> Part:
    """Why this model, in the words of the choice."""
    return Part((English(record.choice.reason),), heading=_("Why {model}").format(model=record.choice.model))


def _gates(record: RunRecord) -> Iterator[Part]:
    """Every gate with what it said."""
    if not record.gates:
        return
    rows = tuple(
        (
            capital(gate_name(gate.gate)),
            Verbatim(gate.gate),
            outcome(gate),
            English(gate.message),
            *(NONE if value is None else measured_of(gate.gate, value) for value in (gate.measured, gate.bar)),
        )
        for gate in record.gates
    )
    columns = (_("gate"), _("key"), _("outcome"), _("message"), _("what came"), _("bar"))
    caption = _("Every gate of this run")
    yield Part(table=Table(columns, rows, labels=4, caption=caption), heading=_("Gates in full"))


def _made_with(record: RunRecord) -> Part:
    """What the run was made with; no time it took: the same run is the same page."""
    terms: list[tuple[str, str]] = [
        (_("Run"), verbatim(record.run_id)),
        (_("Fingerprint of the rows"), verbatim(record.snapshot.fingerprint)),
        (_("Seed"), str(record.settings.run.seed)),
        (_("Versions"), Verbatim(", ".join(f"{name} {version(name)}" for name in VERSIONS))),
    ]
    if record.comparison is not None:
        terms.insert(1, (_("Compared with run"), verbatim(record.comparison.last_run_id)))
    return Part(terms=tuple(terms), heading=_("What the run was made with"))
