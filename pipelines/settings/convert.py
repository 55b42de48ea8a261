"""Order logs whose dates or amounts the reader cannot read: what to do with them, as code that does it."""

from __future__ import annotations

from typing import Final

from pandas.tseries.api import guess_datetime_format

from lifeworth.models.ground.errors import InputError

from .look import Facts, Look
from .vocabulary import score

MONTHS: Final = 12
"""A number beyond it is no month."""
COPY: Final = "orders.parquet"


def refuse_unreadable(look: Look) -> None:
    """Refuse a log without a date, or an amount, that can be read, where there is one in another spelling.

    Raises
    ------
    InputError
        With the lines of Python that convert it.
    """
    dates, amounts = _unreadable_dates(look), _unreadable_amounts(look)
    if not dates and not amounts:
        return
    said = [f"{one.name} holds dates such as {one.example!r}, expected 2026-11-30" for one in dates]
    said += [f"{one.name} holds amounts such as {one.example!r}, expected 1234.50" for one in amounts]
    lines = ["import pandas as pd", f"orders = {_reading(look)}"]
    lines += [_date_line(one) for one in dates] + [_amount_line(one) for one in amounts]
    lines.append(f"orders.to_parquet({COPY!r}, index=False)")
    which = " (of each file)" if len(look.files) > 1 else ""
    raise InputError(
        f"orders: cannot read {look.pattern!r}: {'; '.join(said)}. Make a copy{which} in Python and begin with it:\n"
        + "\n".join(f"    {line}" for line in lines)
    )


def _unreadable_dates(look: Look) -> list[Facts]:
    """Columns of dates in another spelling; none if one can be read that is called a date, or nothing else is."""
    readable = [one for one in look.columns if one.mostly(one.days) and not score(one.name, "other_date")]
    if readable:
        return []
    foreign = [one for one in look.columns if one.mostly(one.foreign)]
    compact = [one for one in look.columns if one.mostly(one.compact) and score(one.name, "date")]
    return foreign or compact


def _unreadable_amounts(look: Look) -> list[Facts]:
    """Columns called amounts, prices or quantities whose numbers have commas or signs."""
    return [
        one
        for one in look.columns
        if any(score(one.name, kind) for kind in ("amount", "price", "quantity"))
        and not score(one.name, "other_amount")
        and not one.mostly(one.numbers)
        and one.mostly(one.numbers + one.commas + one.signed)
    ]


def _reading(look: Look) -> str:
    if not look.delimiter:
        return f"pd.read_parquet({look.files[0]!r})"
    return f"pd.read_csv({look.files[0]!r}, sep={look.delimiter!r}, dtype=str)"


def _date_line(one: Facts) -> str:
    column = f"orders[{one.name!r}]"
    if not one.foreign:
        return f'{column} = pd.to_datetime({column}.astype(str), format="%Y%m%d")'
    day_first = one.first_part > MONTHS or (one.second_part <= MONTHS and "/" not in one.example)
    form = guess_datetime_format(one.example.strip(), dayfirst=day_first)
    how = f"format={form!r}" if form else f'dayfirst={day_first}, format="mixed"'
    unsure = "" if max(one.first_part, one.second_part) > MONTHS else "  # is the day or the month first?"
    return f"{column} = pd.to_datetime({column}, {how}){unsure}"


def _amount_line(one: Facts) -> str:
    column = f"orders[{one.name!r}]"
    tail = one.example.strip().rstrip("€$£¥₽₹₺ ").rpartition(",")[2]
    comma = one.commas > 0 or (0 < len(tail) < len("000") and "." not in tail)
    kept, then = (r"[^\d,-]", '.str.replace(",", ".")') if comma else (r"[^\d.-]", "")
    return f'{column} = {column}.str.replace(r"{kept}", "", regex=True){then}.astype(float)'
