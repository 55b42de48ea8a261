"""Gates of what a log holds: rows that cannot be read, copies, giant customers, amounts."""

from __future__ import annotations

import math
from typing import Final

from lifeworth.models.ground.data_report import KIND_LABELS

from ..record.record import GateResult
from .facts import FEW, UNUSABLE, Amounts, Copies, Heavy
from .judge import Finding, judged, not_asked, percent, times
from .night import Night

FEWEST_CUSTOMERS: Final = 50
"""With fewer customers one of them may well have a large share."""
FEWEST_FEW: Final = 500
"""With fewer, ten customers may."""
NEARLY: Final = 0.9
"""Shares nearly alike: what is told of is the orders, or the whole log."""
FEWEST_COPIED: Final = 100
"""New rows, from which on the share of copies among them is asked."""
FEWEST_AMOUNTS: Final = 20
"""Amounts, from which on a median is asked."""
MEDIAN_SE: Final = 0.93
"""Standard error of the log of a median of n values alike: this times the range of the middle half, over root n."""
SURE: Final = 3.0
"""A ratio of amounts is believed from so many standard errors on: by chance once in 700 nights."""
HUNDREDFOLD: Final = (80.0, 125.0)
THOUSANDFOLD: Final = (800.0, 1250.0)
"""Ratios that are taken for 100 and for 1000."""
MOSTLY_WHOLE: Final = 0.999
LEAST_CENTS: Final = 300.0
"""A median order below 3.00 is no order."""
MOST_ROUND: Final = 0.5
"""Prices in whole rupiah or yen mostly end in a zero; of cents a tenth to a third do."""


def rejected(night: Night) -> GateResult:
    """Rows without a customer, a date or an amount."""
    kinds = {kind: night.facts.kinds.get(kind, 0) for kind in UNUSABLE}
    told = f"{percent(night.facts.rejected)} of {night.facts.rows:,} rows cannot be used{told_kinds(kinds)}"
    remedy = "Look at the rows set aside; was a column renamed, or its format changed (1.234,50, or 31/12/1997)?"
    return night.judge(Finding("max_rejected", night.facts.rejected, told, remedy))


def told_kinds(kinds: dict[str, int]) -> str:
    """The kinds of rows that there are, in brackets."""
    named = [f"{KIND_LABELS[kind]} {count:,}" for kind, count in kinds.items() if count]
    return f" ({', '.join(named)})" if named else ""


def one_customer(night: Night) -> GateResult:
    """Share of the largest customer in rows and in money."""
    found = _largest(night, FEWEST_CUSTOMERS)
    if found is None:
        return not_asked("max_one_customer", f"There are fewer than {FEWEST_CUSTOMERS} customers.")
    heavy = max(found, key=lambda one: one.one * (1.0 if one.what == "orders" else NEARLY))
    total = heavy.value / heavy.one
    count = f"{heavy.value:,.0f} of {total:,.0f} orders"
    if heavy.what != "orders":
        count = f"{heavy.value:,.2f} of amounts of {total:,.2f} in all"
    told = f"{night.named(heavy.customer)} has {count}, {percent(heavy.one)}"
    remedy = (
        "A test account, a till, or an id that stands for guests? Leave it out of the source, or give its orders the "
        "ids of who bought."
    )
    return night.judge(Finding("max_one_customer", heavy.one, told, remedy))


def few_customers(night: Night) -> GateResult:
    """Share of the ten largest customers together."""
    found = _largest(night, FEWEST_FEW)
    if found is None:
        return not_asked("max_few_customers", f"There are fewer than {FEWEST_FEW} customers.")
    heavy = max(found, key=lambda one: one.few)
    told = (
        f"{FEW} of {heavy.customers:,} customers have {percent(heavy.few)} of all {heavy.what}; "
        f"the largest alone {percent(heavy.one)}"
    )
    remedy = "Test accounts, tills, or ids that stand for guests? Leave them out of the source."
    return night.judge(Finding("max_few_customers", heavy.few, told, remedy))


def _largest(night: Night, fewest: int) -> tuple[Heavy, ...] | None:
    heavy = night.facts.heavy
    return heavy if heavy and heavy[0].customers >= fewest else None


def duplicates(night: Night) -> GateResult:
    """Rows that repeat another: in the whole log, and among the new ones."""
    whole, new = night.facts.copies, night.facts.new_copies
    where, copies = "", whole
    if night.last is not None and new.rows >= FEWEST_COPIED and NEARLY * _share(new) > _share(whole):
        where, copies = f" since {night.facts.split:%Y-%m-%d}", new
    share = _share(copies)
    what = "exact duplicates" if copies.exact >= _repeated(copies) else "copies in customer, day and amount"
    every = "Every row occurs twice or more: " if copies.all_even else ""
    told = f"{every}{percent(share)} of the {copies.rows:,} rows{where} are {what}"
    remedy = "Was the export loaded twice, or appended to itself? Load it once and run again."
    if night.settings.rows.duplicates == "drop" and what == "exact duplicates":
        return _left_out(night, share, told, remedy)
    return night.judge(Finding("max_duplicates", share, told, remedy))


def _left_out(night: Night, share: float, told: str, remedy: str) -> GateResult:
    """Copies that the settings leave out do no harm: a warning at most."""
    gates = night.settings.gates
    bar = gates.max_duplicates.model_copy(update={"hold": None})
    told = f"{told}; [rows] duplicates leaves them out"
    return judged(
        Finding("max_duplicates", share, told, remedy), gates.model_copy(update={"max_duplicates": bar}), percent
    )


def _repeated(copies: Copies) -> int:
    """Copies that another column tells apart count only where every row has one: baskets often hold two alike."""
    return copies.alike if copies.all_even else 0


def _share(copies: Copies) -> float:
    return max(copies.exact, _repeated(copies)) / copies.rows if copies.rows else 0.0


def refunds(night: Night) -> GateResult:
    """Rows with a negative amount."""
    share = night.facts.kinds.get("refund", 0) / night.facts.rows
    told = f"{percent(share)} of {night.facts.rows:,} rows have a negative amount"
    remedy = "Is the sign turned round, or do negative amounts mean sales in this export? Refunds alone are negative."
    return night.judge(Finding("max_refunds", share, told, remedy))


def zero(night: Night) -> GateResult:
    """Rows with an amount of zero."""
    share = night.facts.kinds.get("zero_amount", 0) / night.facts.rows
    told = f"{percent(share)} of {night.facts.rows:,} rows have an amount of zero"
    remedy = "Were amounts lost in the export, or is this the column of something else, such as a discount?"
    return night.judge(Finding("max_zero", share, told, remedy))


def whole_amounts(night: Night) -> GateResult:
    """Whether amounts look like cents, which a log alone can show: all whole, and most not even tens."""
    old, new = night.facts.old, night.facts.new
    count, whole = old.count + new.count, old.whole + new.whole
    median = old.median if old.count else new.median
    cents = (
        count >= FEWEST_AMOUNTS
        and whole >= MOSTLY_WHOLE * count
        and median >= LEAST_CENTS
        and old.round + new.round < MOST_ROUND * count
    )
    if not cents:
        return night.decide("whole_amounts", "Amounts do not look like cents", "", wrong=False)
    return night.decide(
        "whole_amounts",
        f"All {count:,} amounts are whole numbers, half of them above {median:,.0f}, and most do not end in 0: they "
        "look like cents",
        'If they are, divide them by 100 in the source; if they are not, set whole_amounts = "off" in [gates].',
        wrong=True,
    )


def amount_ratio(night: Night) -> GateResult:
    """Amounts of the past beside those the last run saw, and amounts of new orders beside older ones."""
    history = night.past.amount_ratio if night.past is not None else math.nan
    if not math.isnan(history) and history > 0.0 and _beyond(night, history):
        return _judged_ratio(night, history, f"Amounts are {times(history)} times those of the last run")
    old, new = night.facts.old, night.facts.new
    if min(old.count, new.count) < FEWEST_AMOUNTS:
        if math.isnan(history) or history <= 0.0:
            return not_asked("max_amount_ratio", "There are too few amounts to compare.")
        return _judged_ratio(night, history, f"Amounts are {times(history)} times those of the last run")
    ratio = new.median / old.median
    told = (
        f"The median amount of the {new.count:,} orders since {night.facts.split:%Y-%m-%d} is {new.median:,.2f}, "
        f"{times(ratio)} times that before ({old.median:,.2f})"
    )
    return _judged_ratio(night, ratio, told, noise=SURE * math.hypot(_noise(old), _noise(new)))


def _beyond(night: Night, ratio: float) -> bool:
    bar = night.settings.gates.max_amount_ratio
    limits = [limit for limit in (bar.warn, bar.hold) if limit is not None]
    return bool(limits) and max(ratio, 1.0 / ratio) > min(limits)


def _judged_ratio(night: Night, ratio: float, told: str, noise: float = 0.0) -> GateResult:
    """Either way, as far as chance cannot have done it."""
    measured = max(1.0, math.exp(abs(math.log(ratio)) - noise))
    question = _reading(ratio) if measured > 1.0 else ""
    remedy = "Bring all amounts into one unit and currency in the source, and run again."
    return night.judge(Finding("max_amount_ratio", measured, f"{told}{question}", remedy), times)


def _noise(amounts: Amounts) -> float:
    low, _, high = amounts.quartiles
    return MEDIAN_SE * math.log(high / low) / math.sqrt(amounts.count)


def _reading(ratio: float) -> str:
    """What such a ratio usually is, as a question."""
    if HUNDREDFOLD[0] <= ratio <= HUNDREDFOLD[1]:
        return ": cents instead of units?"
    if HUNDREDFOLD[0] <= 1.0 / ratio <= HUNDREDFOLD[1]:
        return ": units instead of cents?"
    if THOUSANDFOLD[0] <= max(ratio, 1.0 / ratio) <= THOUSANDFOLD[1]:
        return ": a separator of thousands taken for a decimal point, or the other way round?"
    return ": another currency or unit?"
