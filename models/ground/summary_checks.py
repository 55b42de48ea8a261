"""What an RFM table must hold before any model sees it: possible ids, counts and amounts."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import InputError

ID: Final = "customer_id"
COUNTS: Final = (ID, "frequency", "recency", "T")
MONEY: Final = ("monetary_value", "monetary_value_all")
COLUMNS: Final = (*COUNTS, *MONEY)
"""The columns of a summary in their order; all others are attributes of the customer."""

ROUNDING: Final = 1e-9
"""Relative excess of recency over T that is noise of dividing days by the unit, not a fault of the data."""

ROWS_SHOWN: Final = 5
"""Rows named in an error: enough to find the pattern."""

REPEATS: Final = "frequency counts REPEAT purchases, all but the first"


def checked_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a checked copy with columns in their order and types, and a fresh index.

    Raises
    ------
    InputError
        A column is missing or a row impossible; the message names column, rows and remedy.
    """
    if not isinstance(frame, pd.DataFrame):
        raise InputError(f"frame: expected a pandas DataFrame, one row a customer; got {type_name(frame)}.")
    _check_columns(frame)
    order = [name for name in COLUMNS if name in frame] + [name for name in frame if name not in COLUMNS]
    checked = frame[order].reset_index(drop=True).copy()
    _check_ids(checked[ID])
    numbers = {name: _numbers(checked, name) for name in COLUMNS[1:] if name in checked}
    _check_counts(checked[ID], numbers)
    _check_money(checked[ID], numbers)
    numbers["recency"] = np.minimum(numbers["recency"], numbers["T"])
    for name, values in numbers.items():
        checked[name] = values.astype(np.int64) if name == "frequency" else values
    return checked


def column_names(frame: pd.DataFrame) -> str:
    """List the columns for an error message."""
    return ", ".join(str(name) for name in frame.columns) or "no columns"


def type_name(value: object) -> str:
    """Name the type of a value that is of the wrong one."""
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")


def _check_columns(frame: pd.DataFrame) -> None:
    missing = [name for name in COUNTS if name not in frame.columns]
    if missing:
        index = ", or bring the ids out of the index with frame.reset_index()" if ID in missing else ""
        raise InputError(
            f"frame: expected columns {', '.join(COUNTS)}; missing {', '.join(missing)}, "
            f"got {column_names(frame)}. Rename yours with "
            f'frame.rename(columns={{"your_name": "{missing[0]}"}}){index}.'
        )
    if not frame.columns.is_unique:
        twice = sorted({str(name) for name in frame.columns[frame.columns.duplicated()]})
        raise InputError(f"frame: expected each column once, got {', '.join(twice)} more than once.")
    if frame.empty:
        raise InputError("frame: expected at least one customer, got no rows.")


def _check_ids(ids: pd.Series[Any]) -> None:
    null = ids.isna().to_numpy()
    _refuse(ids, null, f"{ID}: expected an id in every row", "Drop these rows or name the customers.")
    twice = ids.duplicated().to_numpy()
    remedy = "Add up each customer's orders first: summarise(orders, …) does."
    _refuse(ids, twice, f"{ID}: expected each customer once", remedy)


def _numbers(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """One numeric column, finite and not negative."""
    try:
        values = pd.to_numeric(frame[name]).to_numpy(np.float64, na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise InputError(f"{name}: expected numbers, got {frame[name].dtype} ({error}).") from error
    money = name in MONEY
    remedy = "Use 0 where the amount is unknown." if money else "Drop or repair these customers."
    _refuse(frame[ID], ~np.isfinite(values), f"{name}: expected a finite number", remedy, values)
    least = "0 (unknown) or more" if money else "0 or more"
    remedy = "Net refunds first: summarise(orders, …) does." if money else "Count from the first purchase."
    _refuse(frame[ID], values < 0, f"{name}: expected {least}", remedy, values)
    return values


def _check_counts(ids: pd.Series[Any], numbers: dict[str, NDArray[np.float64]]) -> None:
    x, t_x, T = (numbers[name] for name in COUNTS[1:])
    between = "recency is the time from the first to the last purchase"
    since = "If yours is the time since the last purchase, pass T - recency"
    _refuse(
        ids,
        x != np.floor(x),
        f"frequency: expected whole numbers ({REPEATS})",
        "Pass counts, not averages or rates.",
        x,
    )
    _refuse(
        ids,
        t_x > T * (1.0 + ROUNDING),
        f"recency: expected at most T ({between})",
        f"{since}; if T ends too early, check the cut-off.",
        t_x,
    )
    _refuse(
        ids,
        (x == 0) & (t_x > 0),
        f"recency: expected 0 where frequency is 0 ({REPEATS}; {between})",
        f"{since}.",
        t_x,
    )
    _refuse(
        ids,
        (x > 0) & (t_x == 0),
        f"recency: expected more than 0 where frequency is above 0 ({REPEATS})",
        "If frequency counts the first purchase too, subtract 1; else merge orders of one day.",
        t_x,
    )


def _check_money(ids: pd.Series[Any], numbers: dict[str, NDArray[np.float64]]) -> None:
    repeats, every = MONEY
    if repeats in numbers:
        _refuse(
            ids,
            (numbers["frequency"] == 0) & (numbers[repeats] > 0),
            f"{repeats}: expected 0 where frequency is 0 (it is the mean amount per REPEAT purchase)",
            f"If it includes the first purchase, pass first_purchase=True to from_frame, or name it {every}.",
            numbers[repeats],
        )


def _refuse(
    ids: pd.Series[Any],
    bad: NDArray[np.bool_],
    expected: str,
    remedy: str,
    values: NDArray[np.float64] | None = None,
) -> None:
    """Raise if any row is bad, naming how many, the first few and the remedy."""
    rows = np.flatnonzero(bad)
    if not rows.size:
        return
    shown = []
    for row in rows[:ROWS_SHOWN].tolist():
        value = "" if values is None else f": {values[row]:g}"
        shown.append(f"row {row} (customer {ids.iloc[row]}){value}")
    more = f" and {rows.size - ROWS_SHOWN:,} more" if rows.size > ROWS_SHOWN else ""
    count = f"not so in {rows.size:,} of {len(ids):,} rows"
    raise InputError(f"{expected}; {count}: {', '.join(shown)}{more}. {remedy}")
