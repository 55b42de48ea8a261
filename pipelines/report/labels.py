"""Names of what a run says by key (outcomes of gates, kinds of rows, advice), said in the language of the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..record.record import GateResult
from ..reporting.language import gettext, marked
from .parts import English

OUTCOMES: Final = {
    "passed": marked("passed"),
    "warned": marked("warned"),
    "held": marked("held back"),
    "not asked": marked("not asked"),
}
ROW_KINDS: Final = {
    "missing_id": marked("missing id"),
    "missing_date": marked("missing date"),
    "missing_amount": marked("missing amount"),
    "after_until": marked("after the cut-off"),
    "refund": marked("refund"),
    "zero_amount": marked("zero amount"),
    "duplicate": marked("exact duplicate"),
    "refund_only": marked("customer with refunds only"),
    "acquired_before": marked("customer seen before the first day counted"),
}
POLICIES: Final = {
    "net": marked("taken off the purchases of the day"),
    "keep": marked("kept"),
    "drop": marked("left out"),
    "error": marked("stops the run"),
}
"""What is done with rows of a kind, by the policy in the settings."""

ADVICE: Final = {
    "Keep as they are: first access, service, ask for referrals; no discounts.": marked(
        "Keep as they are: first access, service, ask for referrals; no discounts."
    ),
    "Reward with service and first access; a discount would be given away.": marked(
        "Reward with service and first access; a discount would be given away."
    ),
    "Show more of the range; no discounts.": marked("Show more of the range; no discounts."),
    "Invite to the loyalty programme; recommend by what they bought.": marked(
        "Invite to the loyalty programme; recommend by what they bought."
    ),
    "Make the next purchase easy: a personal welcome, an offer on it.": marked(
        "Make the next purchase easy: a personal welcome, an offer on it."
    ),
    "Welcome by e-mail and ask for the next purchase.": marked("Welcome by e-mail and ask for the next purchase."),
    "Offer a reason for a second purchase soon.": marked("Offer a reason for a second purchase soon."),
    "Most will buy again anyway: remind them, no discount.": marked(
        "Most will buy again anyway: remind them, no discount."
    ),
    "Slow rather than gone, by the model: a cheap reminder; each is worth {value} as it is.": marked(
        "Slow rather than gone, by the model: a cheap reminder; each is worth {value} as it is."
    ),
    "Win back: it gains {limit} each if it works for sure, so spend less than that.": marked(
        "Win back: it gains {limit} each if it works for sure, so spend less than that."
    ),
    "Leave out of paid campaigns: winning back gains {limit} each at the very most.": marked(
        "Leave out of paid campaigns: winning back gains {limit} each at the very most."
    ),
}
"""What to do for a segment, as `segments` advises; amounts are filled in later."""
VERDICTS: Final = {
    "do not bid: a new customer may well be worth nothing": marked(
        "do not bid: a new customer may well be worth nothing"
    ),
    "bid up to the ceiling": marked("bid up to the ceiling"),
    "test first: no customer of it was seen": marked("test first: no customer of it was seen"),
    "cut: CAC above the ceiling": marked("cut: CAC above the ceiling"),
    "hold: CAC at the ceiling": marked("hold: CAC at the ceiling"),
    "hold: CAC below the ceiling, but blended; find the marginal one": marked(
        "hold: CAC below the ceiling, but blended; find the marginal one"
    ),
    "raise the bid": marked("raise the bid"),
}
"""What to do about a channel, as `bid_ceilings` advises."""


def outcome(gate: GateResult) -> str:
    """What came of a gate."""
    return gettext(OUTCOMES[gate.outcome])


def row_kind(kind: str) -> str:
    """Name of a kind of row in the report on data."""
    return gettext(ROW_KINDS[kind])


def policy(name: str) -> str:
    """What was done with rows of a kind."""
    return gettext(POLICIES[name])


def verdict(text: str) -> str:
    """What to do about a channel."""
    return _said(VERDICTS, text, English(text))


def advice(template: str, **amounts: str) -> str:
    """What to do for a segment; `template` is a key of ADVICE."""
    return gettext(ADVICE[template]).format(**amounts)


def template_of(action: str) -> str:
    """The key of ADVICE that an action of `segments` was made of.

    Raises
    ------
    KeyError
        It was made of none.
    """
    for template in ADVICE:
        if action.startswith(template.partition("{")[0]):
            return template
    raise KeyError(action)


def _said(names: Mapping[str, str], key: Any, otherwise: str) -> str:
    known = names.get(str(key))
    return otherwise if known is None else gettext(known)
