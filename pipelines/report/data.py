"""The section on the data: what became of every row, whether the customers suit the models, gates of the data."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Final

import pandas as pd

from lifeworth.models.checks.verdict import DataCheck
from lifeworth.models.ground.data_report import DataNote, DataReport

from ..record.record import RunRecord
from ..reporting.labels import capital
from ..reporting.language import gettext as _
from ..reporting.language import ngettext
from ..reporting.wording import count, day, days, listed, money, percent
from ..settings.settings import GateSettings
from .gate_words import gate_name, measured_of
from .labels import outcome, policy, row_kind
from .parts import English, Part, Section, Table
from .words import NONE, verbatim

OF_DATA: Final = tuple(takewhile(lambda gate: gate != "diagnostics", GateSettings.model_fields))
"""Gates that are passed before anything is fitted."""
ONE_CUSTOMER: Final = "heavy_buyer"
"""The check whose sentence names a customer."""


def data(record: RunRecord) -> Section:
    """Tell what the numbers were made of."""
    report = record.summary.report
    rows = () if report is None else (_rows(record, report),)
    parts = (_where_from(record), *rows, *_remarks(record), _suited(record), *_gates(record))
    return Section("data", _("The data"), parts, _("Data"))


def _where_from(record: RunRecord) -> Part:
    """Source, days, freshness, fingerprint."""
    snapshot, report = record.snapshot, record.summary.report
    terms: list[tuple[str, str]] = [
        (_("Source"), verbatim(snapshot.source)),
        (_("Rows read"), count(snapshot.rows)),
        (_("Fingerprint of the rows"), verbatim(snapshot.fingerprint)),
    ]
    if report is not None:
        age = (record.as_of.normalize() - report.last_day.normalize()).days
        terms[2:2] = [
            (_("First day"), day(report.first_day)),
            (_("Last day with an order"), day(report.last_day)),
            (_("Age of the newest order"), days(age)),
            (_("Cut-off"), day(report.until)),
            (_("Customers"), count(report.customers)),
            (_("Purchases, the first of each customer included"), count(report.purchases)),
        ]
    return Part(terms=tuple(terms))


def _rows(record: RunRecord, report: DataReport) -> Part:
    """What became of every row: those used and those set aside add up to those that came in."""
    currency = record.settings.economics.currency
    aside = [note for note in report.notes if note.set_aside and note.rows]
    noted = [note for note in report.notes if not note.set_aside and note.rows]
    none = [row_kind(note.kind) for note in report.notes if not note.rows]
    text = [
        ngettext(
            "Of {rows} row, {used} was used and {aside} set aside, each with its reason.",
            "Of {rows} rows, {used} were used and {aside} set aside, each with its reason.",
            report.rows_in,
        ).format(rows=count(report.rows_in), used=count(report.rows_used), aside=count(report.rows_set_aside))
        if aside
        else ngettext("{rows} row was read and used.", "All {rows} rows were used.", report.rows_in).format(
            rows=count(report.rows_in)
        )
    ]
    text += [
        _("Among the rows used: {kind}, {rows} ({share}): {policy}.").format(
            kind=row_kind(note.kind), rows=count(note.rows), share=percent(note.share, 1), policy=policy(note.policy)
        )
        for note in noted
    ]
    if none:
        text.append(_("Looked for and not found: {kinds}.").format(kinds=listed(none)))
    table = _row_table(report, aside, currency) if aside else None
    return Part(tuple(text), table=table, heading=_("What became of every row"))


def _row_table(report: DataReport, aside: list[DataNote], currency: str) -> Table:
    """Rows used and rows set aside by reason; they add up to all."""
    rows = (
        (_("used"), count(report.rows_used), percent(report.rows_used / report.rows_in, 1), ""),
        *(
            (
                _("set aside: {reason}").format(reason=row_kind(note.kind)),
                count(note.rows),
                percent(note.share, 1),
                "" if note.amount is None or pd.isna(note.amount) else money(note.amount, currency),
            )
            for note in sorted(aside, key=lambda note: -note.rows)
        ),
    )
    columns = (_("rows"), _("number"), _("share"), _("amount"))
    total = (_("together"), count(report.rows_in), percent(1.0, 1), "")
    return Table(columns, rows, caption=_("Rows by what became of them"), total=total)


def _remarks(record: RunRecord) -> Iterator[Part]:
    """What source and summary have remarked, in their own words."""
    report = record.summary.report
    remarks = (*record.snapshot.remarks, *(() if report is None else report.remarks))
    if remarks:
        yield Part(points=tuple(English(remark) for remark in dict.fromkeys(remarks)), heading=_("Remarks"))


def _suited(record: RunRecord) -> Part:
    """What the models expect of customers and these do not keep, each with its remedy."""
    checks, raised = record.suited.checks, record.suited.raised
    told = _("Checks of the customers: {checks}; of them that ask for care: {raised}.")
    said = told.format(checks=count(len(checks)), raised=count(len(raised)))
    points = tuple(English(_told(check, record.settings.report.show_ids)) for check in raised)
    return Part((said,), points=points, heading=_("Do these customers suit the models?"))


def _told(check: DataCheck, show_ids: bool) -> str:
    """What a check says; without the id of the one customer that some speak of, where ids are not to be shown."""
    if show_ids or check.name != ONE_CUSTOMER:
        return check.text
    return f"One customer made {check.value:.1%} of all repeat purchases, expected {check.expected}. {check.remedy}"


def _gates(record: RunRecord) -> Iterator[Part]:
    """What the gates of the data have measured."""
    gates = [gate for gate in record.gates if gate.gate in OF_DATA]
    if not gates:
        return
    rows = tuple(
        (
            capital(gate_name(gate.gate)),
            outcome(gate),
            *(NONE if value is None else measured_of(gate.gate, value) for value in (gate.measured, gate.bar)),
        )
        for gate in gates
    )
    columns = (_("gate"), _("outcome"), _("what came"), _("bar"))
    text = _(
        "Before anything was computed the data had to pass these gates; what each said in full is in the appendix."
    )
    caption = _("Gates of the data, and what they measured")
    yield Part((text,), table=Table(columns, rows, labels=2, caption=caption), heading=_("Gates of the data"))
