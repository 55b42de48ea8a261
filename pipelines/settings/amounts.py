"""The amount of an order where the log has no column of it: quantity times price."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lifeworth.models.ground.errors import InputError

from .suggestions import did_you_mean

TIMES: Final = "*"


def amount_parts(amount: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Read ``[columns] amount``: the name of a column, or two names with "*" between them, whose product it is.

    A column whose name holds a "*" itself is found first: nothing needs quotes.

    Parameters
    ----------
    amount : str
        Such as "amount", or "Quantity * UnitPrice".
    columns : sequence of str
        Columns of the orders.

    Returns
    -------
    tuple of str
        One name, or the two whose product is the amount.

    Raises
    ------
    InputError
        There is no such column.

    Examples
    --------
    >>> amount_parts("Quantity * UnitPrice", ["Quantity", "UnitPrice"])
    ('Quantity', 'UnitPrice')
    """
    if amount in columns:
        return (amount,)
    splits = [place for place, letter in enumerate(amount) if letter == TIMES]
    pairs = [(amount[:place].strip(), amount[place + 1 :].strip()) for place in splits]
    for pair in pairs:
        if pair[0] in columns and pair[1] in columns:
            return pair
    asked = pairs[0] if len(pairs) == 1 else (amount,)
    absent = [name for name in asked if name not in columns]
    hints = "".join(did_you_mean(name, columns) for name in absent)
    raise InputError(
        f"[columns] amount: expected a column, or two with {TIMES!r} between them; there is no "
        f"{' and no '.join(map(repr, absent))}.{hints} The columns are {', '.join(map(str, columns))}."
    )
