"""The sections of a report for those who check: the data, the models, the assumptions and where they come from."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Final

import pandas as pd

from lifeworth.models.fitted_purchases import FittedPurchases
from lifeworth.models.ground.data_report import KIND_LABELS
from lifeworth.models.ground.units import DAYS_PER_YEAR, UNIT_NAMES
from lifeworth.models.inference.diagnostics import Check
from lifeworth.models.spend import FittedSpend

from .report_parts import Part, Section, Table
from .wording import count, money, percent

if TYPE_CHECKING:
    from .report import ReportContent

PARAMETERS: Final = {
    "mean": "mean",
    "sd": "sd",
    "q05": "5 %",
    "q95": "95 %",
    "r_hat": "R-hat",
    "ess_bulk": "ESS",
}
"""Columns shown of tables of parameters, and their headings; R-hat and ESS differ by parameter for chains alone."""
PAPERS: Final = (
    "Value from purchases, spend and discounting: Fader, Hardie & Lee (2005), RFM and CLV: Using Iso-Value Curves for "
    "Customer Base Analysis, Journal of Marketing Research 42:4, 415-430.",
    "Importance sampling with Pareto smoothing and its k-hat: Vehtari, Simpson, Gelman, Yao & Gabry (2024), Journal of "
    "Machine Learning Research 25:72.",
)
SPEARMAN_SHOWN: Final = 30
"""Repeat customers needed to tell a correlation."""


def data_section(content: ReportContent) -> Section:
    """What became of every row of the log."""
    report = content.summary.report
    if report is None:
        return Section("data", "The data", (Part((content.source, f"{content.summary.headline}.")),))
    found = [note for note in report.notes if note.rows]
    none = [KIND_LABELS[note.kind] for note in report.notes if not note.rows]
    currency = content.valuation.economics.currency
    rows = tuple(
        (
            note.label,
            "set aside" if note.set_aside else f"policy: {note.policy}",
            count(note.rows),
            percent(note.share, 1),
            "" if note.amount is None else money(note.amount, currency),
        )
        for note in found
    )
    table = Table(("kind of row", "what became of it", "rows", "share", "amount"), rows, labels=2) if rows else None
    told = tuple(f"{_capital(note.label)}: {note.text}" for note in found)
    parts = [Part((content.source, f"{report.headline}."), table=table, points=(*told, *report.remarks))]
    if none:
        parts.append(Part((f"Looked for and not found: {', '.join(none)}.",)))
    return Section("data", "The data", tuple(parts))


def models_section(content: ReportContent) -> Section:
    """Parameters with their intervals, and the verdicts on the fits."""
    spend, currency = content.spend, content.valuation.economics.currency
    which = "all purchases, the first included" if spend.first_purchase else "repeat purchases alone"
    amounts = f"amounts in {currency}, {which}" if currency else which
    times = f"times in {UNIT_NAMES[content.purchases.unit]}"
    fits = (_model_part(content.purchases, times), _model_part(spend, amounts))
    return Section("models", "The models", (*_suited_part(content), *fits))


def methods_section(content: ReportContent) -> Section:
    """What is assumed, how it was computed, and the papers."""
    economics = content.valuation.economics
    assumptions = (
        "Each customer buys at a rate of their own until they leave for good, unseen; the models infer both from when "
        "customers bought so far. Rates do not change with season, price or advertising.",
        f"What customers spend per purchase does not depend on how often they buy.{_independence(content)}",
        "A purchase is all that a customer orders on one day. The day of the cut-off counts.",
        f"A year is {DAYS_PER_YEAR:.0f} days (52 weeks); months ahead are calendar months. Discounting at "
        f"{percent(economics.annual_discount_rate)} a year runs continuously, to the day of each purchase.",
        "Margin, costs and the discount rate are known and stay as they are. CAC counts for new customers alone.",
        f"Averages are computed, not simulated. Intervals come from {count(_draws(content))} simulated futures of "
        "every customer, each with its own draw of the parameters; a total is summed within each future, so that its "
        "interval is that of the total.",
    )
    papers = (_paper(content.purchases), _paper(content.spend), *PAPERS)
    return Section(
        "methods",
        "Assumptions and methods",
        (Part(points=assumptions), Part(points=tuple(dict.fromkeys(papers)), heading="Where it comes from")),
    )


def _suited_part(content: ReportContent) -> tuple[Part, ...]:
    """What the models expect of customers and these do not keep, each with its remedy."""
    if content.suited is None:
        return ()
    looked_for = f"{count(len(content.suited.checks))} checks of the customers"
    raised = tuple(check.text for check in content.suited.raised)
    told = f"Of {looked_for}, {count(len(raised))} ask for care:" if raised else f"{looked_for} found nothing."
    return (Part((told,), points=raised, heading="Do these customers suit the models?"),)


def _model_part(fitted: FittedPurchases | FittedSpend, scale: str) -> Part:
    table, verdict = fitted.parameters, fitted.diagnostics
    shown = {name: heading for name, heading in PARAMETERS.items() if name in table}
    rows = tuple((str(name), *(_digits(row[column]) for column in shown)) for name, row in table.iterrows())
    passed = "All checks of the fit passed" if verdict.ok else "NOT TO BE RELIED ON: a check of the fit did not pass"
    return Part(
        (f"{_capital(_first_line(fitted))}; {scale}.", f"{passed} ({verdict.method})."),
        table=Table(("parameter", *shown.values()), rows),
        points=(*(_check(check) for check in verdict.checks), *(_capital(note) for note in verdict.notes)),
        heading=fitted.model.name,
    )


def _check(check: Check) -> str:
    verdict = "passed" if check.passed else f"not passed: {check.remedy}"
    return f"{check.name} {_digits(check.value)}, expected {check.expected}: {verdict}"


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _digits(value: float) -> str:
    return "" if pd.isna(value) else f"{value:,.4g}"


def _first_line(fitted: FittedPurchases | FittedSpend) -> str:
    """What the model says, in the line with which its file begins."""
    words = (inspect.getdoc(inspect.getmodule(fitted.model)) or fitted.model.name).partition("\n")[0]
    return words.partition(": ")[2].rstrip(".") or words


def _paper(fitted: FittedPurchases | FittedSpend) -> str:
    """Where the model comes from, as its file says in its second paragraph."""
    paragraphs = (inspect.getdoc(inspect.getmodule(fitted.model)) or "").split("\n\n")
    source = " ".join(paragraphs[1].split()) if len(paragraphs) > 1 else ""
    return f"{fitted.model.name}: {source}"


def _independence(content: ReportContent) -> str:
    """How far the data bear the assumption out: the rank correlation among repeat customers."""
    frame = content.summary.frame
    again = frame[(frame["frequency"] > 0) & (frame.get("monetary_value", pd.Series(0.0, frame.index)) > 0)]
    if len(again) < SPEARMAN_SHOWN:
        return ""
    rank = again["frequency"].rank().corr(again["monetary_value"].rank())
    return f" Among repeat customers here the rank correlation of the two is {rank:.2f} (0: none)."


def _draws(content: ReportContent) -> int:
    return len(next(iter(content.valuation.draws.values()))[0])
