"""Gates in the language spoken: their names, and what they measured. Their own messages are English, for the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..record.record import GateResult
from ..reporting.language import gettext as _
from ..reporting.language import marked
from ..reporting.wording import days, decimal, percent

NAMES: Final = {
    "max_row_loss": marked("rows fewer than in the last run"),
    "max_row_growth": marked("rows more than in the last run"),
    "max_age_days": marked("age of the newest order"),
    "max_rejected": marked("share of rows that were set aside"),
    "max_rejected_rise": marked("rise of the share of rows that were set aside"),
    "max_duplicates": marked("share of rows that are exact duplicates"),
    "max_one_customer": marked("share of rows or of money from a single customer"),
    "max_few_customers": marked("share of rows or of money from the ten largest customers"),
    "max_refunds": marked("share of rows that are refunds"),
    "max_zero": marked("share of rows with an amount of zero"),
    "going_back": marked("day the run speaks of, beside that of the last run"),
    "max_future": marked("share of rows after the day the run speaks of"),
    "max_gap_days": marked("longest time without an order"),
    "min_new_rows": marked("new rows since the last run, beside a quiet time as long"),
    "max_new_rows": marked("new rows since the last run, beside the busiest time as long"),
    "max_rewritten": marked("share of the past that has been rewritten since the last run"),
    "max_amount_ratio": marked("typical amount beside that of the past"),
    "whole_amounts": marked("amounts that look like cents"),
    "schema_change": marked("columns of the source"),
    "suited": marked("whether the customers suit the models"),
    "diagnostics": marked("diagnostics of the fits"),
    "max_worse_than_baseline": marked("worse than the best plain rule in the backtest"),
    "max_worse_than_champion": marked("worse than the model published last in the backtest"),
    "min_coverage": marked("share of past totals within their 90 % interval"),
    "min_customer_coverage": marked("share of customers whose purchases came within their 90 % interval in the past"),
    "max_parameter_drift": marked("largest move of a parameter since the last run, in standard deviations"),
    "max_unexplained_change": marked("change of the total value by the models alone"),
    "max_since_miss": marked("miss of the last forecast, in half widths of its interval"),
}
"""By key of [gates]."""
_COUNTED: Final[dict[str, Callable[[float], str]]] = {
    "max_age_days": days,
    "max_gap_days": days,
    **dict.fromkeys(
        ("max_amount_ratio", "min_new_rows", "max_new_rows"),
        lambda value: _("{number} times").format(number=decimal(value, 2)),
    ),
    "max_since_miss": lambda value: decimal(value, 1),
    "max_parameter_drift": lambda value: decimal(value, 1),
}
"""What is no share."""


def gate_name(gate: str) -> str:
    """Name a gate; one that is unknown here by its key."""
    return _(NAMES[gate]) if gate in NAMES else gate


def measured_of(gate: str, value: float) -> str:
    """Write what a gate measured, or its bar, in its unit."""
    return _COUNTED[gate](value) if gate in _COUNTED else percent(value, 1)


def gate_sentence(result: GateResult) -> str:
    """Say what a gate found, with its bar where it has one."""
    name = gate_name(result.gate)
    if result.measured is None or result.bar is None:
        return _("To be looked at: {gate}.").format(gate=name)
    measured, bar = (measured_of(result.gate, value) for value in (result.measured, result.bar))
    return _("To be looked at: {gate}. It is {measured}, the bar is {bar}.").format(
        gate=name, measured=measured, bar=bar
    )
