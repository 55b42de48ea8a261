"""What settings get wrong that a type cannot say: plain functions on values, each yielding problems in our words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from babel import Locale, UnknownLocaleError

from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.units import parse_horizon

from ..orders.order_table import OrderColumns
from .secrets import has_broken_variable, masked, plain_secret
from .suggestions import did_you_mean

WHOLE: Final = 1.0 + 1e-9
"""Shares add up to 1 within what adding floats loses."""

ISO_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
NUMBER_TEXT: Final = re.compile(r"\s*(-?\d+(?:[.,]\d+)?)\s*(%?)\s*")
PERCENT: Final = 100.0


class Problem(NamedTuple):
    """What is wrong with a key: "expected …; got …. What to do."."""

    key: str
    text: str


def as_written(table: Mapping[str, Any]) -> dict[str, Any]:
    """A table whose arrays are tuples and whose dates in quotes are dates."""
    return {key: _as_written(value) for key, value in table.items()}


def _as_written(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, str) and ISO_DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value


def number_hint(text: str) -> str:
    """A sentence with the number that a text in quotes may mean ("30 %", "0,3"), or nothing."""
    match = NUMBER_TEXT.fullmatch(text)
    if not match:
        return ""
    number = float(match[1].replace(",", ".")) / (PERCENT if match[2] else 1.0)
    return f" Write it without quotes: {number:g}."


def alone(key: str, others: Sequence[str]) -> Iterator[Problem]:
    """A key that excludes others."""
    if others:
        yield Problem(key, f"expected either path or url, not both; got path and {', '.join(others)}. Take one out.")


def twice(key: str, given: Sequence[str]) -> Iterator[Problem]:
    """Something is in a list more than once."""
    again = sorted({one for one in given if given.count(one) > 1})
    if again:
        yield Problem(key, f"expected each once; got {', '.join(map(repr, again))} more than once.")


def unknown_names(key: str, given: Sequence[str], known: Sequence[str], kind: str) -> Iterator[Problem]:
    """Names that there are none of."""
    for name in given:
        if name not in known:
            yield Problem(key, f"expected {kind}; got {name!r}.{did_you_mean(name, known)}")


def column_problems(customer_id: str, when: str, amount: str, attributes: Sequence[str]) -> Iterator[Problem]:
    """Columns that are two things at once, or attributes that a summary cannot have."""
    named = {"customer_id": customer_id, "date": when, "amount": amount}
    for place, (key, name) in enumerate(named.items()):
        before = [other for other, taken in list(named.items())[:place] if taken == name]
        if before:
            yield Problem(key, f"expected another column than {before[0]}; got {name!r} for both.")
    yield from twice("attributes", attributes)
    if len(set(attributes)) == len(attributes):
        try:
            OrderColumns(customer_id, when, amount, tuple(attributes))
        except InputError as error:
            yield Problem("attributes", str(error).partition(": ")[2])


def horizon_problems(horizons: Sequence[str]) -> Iterator[Problem]:
    """Horizons that are no lengths, or stand twice."""
    yield from twice("horizons", horizons)
    for horizon in horizons:
        try:
            parse_horizon(horizon, "W")
        except InputError:
            text = f'expected lengths with their unit, such as "12M", "26W" or "365D"; got {horizon!r}.'
            yield Problem("horizons", text)


def tier_problems(shares: Mapping[str, float], rest: str) -> Iterator[Problem]:
    """Shares of more than all customers, or a tier called as the rest is."""
    whole = sum(shares.values())
    if whole > WHOLE:
        yield Problem(
            "shares",
            f"expected shares that add up to 1 at most; got {whole:g}. Each is of its tier alone, not of it and the "
            "better ones.",
        )
    if rest in shares:
        yield Problem("shares", f"expected other names than {rest!r}, which is the rest; leave it out or rename it.")


def bar_problems(key: str, warn: float | None, hold: float | None) -> Iterator[Problem]:
    """A run would be held before it warns."""
    if warn is None or hold is None:
        return
    least = key.startswith("min_")
    if (warn < hold) if least else (warn > hold):
        order = "at least" if least else "at most"
        yield Problem(key, f"expected warn to be {order} hold; got warn = {warn:g}, hold = {hold:g}. Swap them?")


def attribute_problems(key: str, name: str, attributes: Sequence[str]) -> Iterator[Problem]:
    """A name that is no attribute, or a number in quotes."""
    if name in attributes:
        return
    if number_hint(name):
        yield Problem(key, f"expected a number or the name of an attribute; got {name!r}.{number_hint(name)}")
        return
    have = f"they are {', '.join(attributes)}" if attributes else "it has none"
    yield Problem(
        key,
        f"expected one of the attributes of [columns], {have}; got {name!r}.{did_you_mean(name, attributes)} "
        f'Add it there: attributes = ["{name}"].',
    )


def url_problems(key: str, url: str, schemes: Sequence[str] = ()) -> Iterator[Problem]:
    """What is no URL of a database, or holds a secret."""
    scheme, colon, _ = url.partition("://")
    wanted = " or ".join(f"{scheme}://…" for scheme in schemes[:2]) or "duckdb://… or postgresql://…"
    if not url.startswith("${") and (not colon or (schemes and scheme.lower() not in schemes)):
        yield Problem(key, f"expected the URL of a database: {wanted}; got {masked(url)!r}.")
    yield from secret_problems(key, url)


def secret_problems(key: str, url: str) -> Iterator[Problem]:
    """A secret in plain sight, or a variable that is none."""
    if has_broken_variable(url):
        yield Problem(key, f"expected environment variables as ${{NAME}}, letters, digits and _; got {masked(url)!r}.")
    elif plain_secret(url):
        yield Problem(
            key,
            f"expected no secret in this file; got one written out ({masked(url)!r}). Put it into an environment "
            "variable, write ${PGPASSWORD} (or its name) in its place, and change it if others may have seen it.",
        )


def locale_problems(key: str, locale: str) -> Iterator[Problem]:
    """A locale that Babel does not know."""
    try:
        Locale.parse(locale, sep="-" if "-" in locale else "_")
    except (UnknownLocaleError, ValueError):
        yield Problem(key, f'expected a locale such as "en_GB", "ru_RU" or "id_ID"; got {locale!r}.')
