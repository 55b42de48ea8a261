"""What the columns of an order log are, by their names and by what they hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import pandas as pd

from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.summary_checks import COLUMNS

from ..orders.order_table import is_null, quiet, run
from .amounts import TIMES
from .convert import refuse_unreadable
from .gates import GateSettings
from .look import LOOKED_AT, Facts, Look, possible_day
from .vocabulary import currency_of, score

RULED_OUT: Final = 8
"""Points that a word takes away which says something else: more than any word gives."""
NAMED: Final = 2
"""Weight of a word that says what a column is, beside one that supports it."""

FEWEST_VALUES: Final = 3
"""An amount has more values than a flag."""
MOST_GROUPS: Final = 50
"""Values of an attribute beyond which groups are too small to be told apart."""
CUSTOMERS_A_GROUP: Final = 20
"""Customers that a value of an attribute has on average, at least."""
LONGEST_VALUE: Final = 40
"""Characters beyond which a column is free text."""
MOST_ATTRIBUTES: Final = 3
"""Attributes that are guessed: every one is a table of the report."""
RETURNING: Final = 20
"""Customers with orders on several days that are needed to see whether a value stays with them."""
CHANGES: Final = 0.1
"""Share of those customers whose value may change."""
BY_CHANCE: Final = 0.5
"""And their share beside what it were if values had nothing to do with customers: a status that is nearly always
"paid" changes rarely, too."""


@dataclass(frozen=True)
class Guess:
    """A key of the settings, what it was given, and why.

    Attributes
    ----------
    key : str
        Such as "columns.date".
    value : object
    reason : str
    """

    key: str
    value: object
    reason: str


def guess_settings(look: Look, today: date) -> tuple[Guess, ...]:
    """Guess the keys of [columns], the currency and the day of the run.

    Parameters
    ----------
    look : Look
    today : date

    Raises
    ------
    InputError
        A column cannot be found, or not be read.
    """
    refuse_unreadable(look)
    when = _best(look, "date", lambda one: one.mostly(one.days), _date_points)
    amounts, why = _amount(look, when)
    who = _customer(look, (when, *amounts))
    first, last = _days(look, when.name)
    amount = f" {TIMES} ".join(one.name for one in amounts)
    taken = (who, when, *amounts)
    return (
        Guess("columns.customer_id", who.name, f"called so, with {who.distinct:,} different values{_of(look)}"),
        Guess("columns.date", when.name, f"days from {first:%Y-%m-%d} to {last:%Y-%m-%d}"),
        Guess("columns.amount", amount, why),
        _attributes(look, who, when, taken),
        _currency(look, amounts),
        _as_of(last, today),
    )


def _of(look: Look) -> str:
    return f" in its first {LOOKED_AT:,} rows" if look.rows > LOOKED_AT else ""


def _date_points(name: str) -> int:
    return NAMED * score(name, "date") + (score(name, "order") > 0) - RULED_OUT * (score(name, "other_date") > 0)


def _amount_points(name: str) -> int:
    points = NAMED * score(name, "amount") + (score(name, "price") > 0)
    return points - RULED_OUT * (score(name, "other_amount") > 0 or score(name, "quantity") > 0)


def _customer_points(name: str) -> int:
    doubts = (score(name, "personal") > 0) + (score(name, "attribute") > 0)
    return NAMED * score(name, "customer") + (score(name, "id") > 0) - NAMED * doubts


def _best(look: Look, key: str, fits: Callable[[Facts], bool], points: Callable[[str], int]) -> Facts:
    """The column that fits and whose name says so most; the first of equals, as tables put first what matters."""
    found = [one for one in look.columns if fits(one) and points(one.name) >= 0]
    if not found:
        raise InputError(_not_found(look, key))
    return max(found, key=lambda one: points(one.name))


def _amount(look: Look, when: Facts) -> tuple[tuple[Facts, ...], str]:
    """One column, or quantity and price; and why."""
    numbers = [
        one for one in look.columns if one is not when and one.mostly(one.numbers) and one.distinct >= FEWEST_VALUES
    ]
    named = [one for one in numbers if score(one.name, "amount") and _amount_points(one.name) > 0]
    if named:
        return (max(named, key=lambda one: _amount_points(one.name)),), "called so, and holds numbers"
    prices = [one for one in numbers if score(one.name, "price") and not score(one.name, "other_amount")]
    quantities = [one for one in numbers if score(one.name, "quantity")]
    if prices and quantities:
        return (quantities[0], prices[0]), "no column of amounts, but quantity and price of every line"
    if prices:
        return (prices[0],), "no column of amounts or quantities, but a price"
    broken = [one for one in numbers if one.whole < one.numbers and _amount_points(one.name) >= 0]
    if len(broken) == 1:
        return (broken[0],), "the only column of numbers that are not all whole"
    raise InputError(_not_found(look, "amount"))


def _customer(look: Look, taken: Sequence[Facts]) -> Facts:
    """The column that is called so; or the only id, or address of mail, that comes again and again."""
    free = [
        one
        for one in look.columns
        if one not in taken and one.filled and one.kind in ("text", "number")
        and not one.mostly(one.days) and not (one.mostly(one.numbers) and one.whole < one.numbers)
    ]  # fmt: skip
    named = [one for one in free if score(one.name, "customer") and _customer_points(one.name) > 0]
    if named:
        return max(named, key=lambda one: _customer_points(one.name))
    again = [one for one in free if MOST_GROUPS < one.distinct < one.filled and not score(one.name, "order")]
    ids = [one for one in again if score(one.name, "id") or "mail" in one.name.lower()]
    if len(ids) == 1:
        return ids[0]
    raise InputError(_not_found(look, "customer_id"))


def _not_found(look: Look, key: str) -> str:
    what = {
        "customer_id": "a column of customers, called such as customer_id, client or Kundennummer",
        "date": "a column of dates such as 2026-11-30 that says when orders were made",
        "amount": "a column of numbers called such as amount, total or Betrag, or two of quantity and price",
    }[key]
    seen = "; ".join(f"{one.name} ({one.example!r})" if one.example else f"{one.name} (empty)" for one in look.columns)
    return (
        f"orders: cannot tell [columns] {key} of {look.pattern!r}: expected {what}. Looked at: {seen}. Rename the "
        f'column to {key} in the file and begin again; or write lifeworth.toml by hand, with {key} = "NAME" below '
        "[columns]: docs/settings.md lists every key."
    )


def _days(look: Look, name: str) -> tuple[date, date]:
    """First and last day of all the orders."""
    day = possible_day(look.table[name])
    row = run(look.table.aggregate(first=day.min(), last=day.max())).to_pylist()[0]
    return row["first"], row["last"]


def _attributes(look: Look, who: Facts, when: Facts, taken: Sequence[Facts]) -> Guess:
    """Columns of few values that stay with a customer; those whose name says what they are first."""
    few = min(MOST_GROUPS, who.distinct // CUSTOMERS_A_GROUP)
    asked = [
        one
        for one in look.columns
        if one not in taken and one.name not in COLUMNS and 1 < one.distinct <= few
        and one.longest <= LONGEST_VALUE and not one.mostly(one.days) and one.whole == one.numbers
        and not any(score(one.name, kind) for kind in ("personal", "quantity", "price", "amount", "currency"))
    ]  # fmt: skip
    asked.sort(key=lambda one: (-score(one.name, "attribute"), one.distinct))
    kept = [one for one in asked if _stays(look, who.name, when.name, one.name)][:MOST_ATTRIBUTES]
    reason = ", ".join(f"{one.name} has {one.distinct} values and stays with a customer" for one in kept)
    return Guess(
        "columns.attributes", tuple(one.name for one in kept), reason or "no column has few values that stay with one"
    )


def _stays(look: Look, who: str, when: str, name: str) -> bool:
    """Whether customers keep their value from day to day, more than chance would."""
    rows = look.table.limit(LOOKED_AT)
    rows = rows.select(lw_who=rows[who], lw_day=possible_day(rows[when]), lw_value=rows[name])
    rows = rows.filter(~is_null(rows.lw_who))
    own = rows.group_by("lw_who").agg(days=rows.lw_day.nunique(), values=rows.lw_value.nunique())
    own = own.filter(own.days > 1)
    counts = rows.group_by("lw_value").agg(rows=rows.count())
    with quiet():
        back = run(own.aggregate(customers=own.count(), change=(own["values"] > 1).sum())).to_pylist()[0]
        spread: pd.Series[float] = run(counts.select("rows")).to_pandas()["rows"]
    if back["customers"] < RETURNING:
        return False
    differ = 1.0 - float(((spread / spread.sum()) ** 2).sum())
    return bool(back["change"] / back["customers"] <= min(CHANGES, BY_CHANCE * differ))


def _currency(look: Look, amounts: Sequence[Facts]) -> Guess:
    """From the name of the amount, or a column of currencies with one value."""
    for one in amounts:
        if currency_of(one.name):
            return Guess("economics.currency", currency_of(one.name), f"the name of {one.name!r} says so")
    for one in look.columns:
        if score(one.name, "currency") and one.kind == "text" and one.filled:
            if one.distinct == 1:
                return Guess("economics.currency", one.example, f"the only value of {one.name!r}")
            reason = f"{one.name!r} has {one.distinct} currencies, and amounts are added up as they are: convert them"
            return Guess("economics.currency", "", reason)
    return Guess("economics.currency", "", "no name of a column says it")


def _as_of(last: date, today: date) -> Guess:
    """Today, unless the gate of age would hold such a run."""
    age = (today - last).days
    held = GateSettings().max_age_days.hold
    if held is None or age <= held:
        return Guess("run.as_of", "today", f"the last order is of {last:%Y-%m-%d}")
    reason = f'the last order is of {last:%Y-%m-%d}, {age:,} days ago; for a log that grows write "today"'
    return Guess("run.as_of", "last order", reason)
