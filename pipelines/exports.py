"""Results as files: flat tables for spreadsheets and warehouses, each file written whole or not at all."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.summary import ID, CustomerSummary
from lifeworth.models.prediction.forecast import Outlook
from lifeworth.models.valuation.value import Valuation

PARTS: Final = ("mean", "q05", "q50", "q95")
"""What is exported of each quantity: the exact mean, and middle and ends of the 90 % predictive interval."""
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""First characters that make a spreadsheet take text for a formula."""
SIGNIFICANT: Final = "%.7g"
"""Digits of numbers in CSV files: beyond those that mean anything, and a third of the size of all."""
UNITS: Final = {"purchases": "purchases", "spend": "money", "value": "money"}


def customer_table(summary: CustomerSummary, *outlooks: Outlook) -> pd.DataFrame:
    """One row a customer: history, and of each outlook its probabilities, means and 90 % intervals.

    Parameters
    ----------
    summary : CustomerSummary
    *outlooks : Forecast or Valuation
        Of this summary, with their customers.

    Returns
    -------
    DataFrame
        The columns of the summary (recency and T in its unit); p_alive (at the cut-off); and for each horizon,
        in lower case as in "39w": p_active_39w (at least one purchase within it), purchases_39w_mean, _q05, _q50, _q95
        (number of purchases), spend_39w_… (money, undiscounted), value_12m_… (money: discounted contribution).

    Raises
    ------
    InputError
        An outlook is of other customers, or was made without them.
    """
    table = summary.frame.copy()
    for outlook in outlooks:
        for horizon in outlook.horizons:
            rows = _rows_of(outlook, horizon.label, summary)
            name = column_name(horizon.label)
            columns = {"p_alive": rows["p_alive"], f"p_active_{name}": rows["p_active"]}
            columns |= {
                f"{quantity}_{name}_{part}": rows[f"{quantity}_{part}"] for quantity in outlook.draws for part in PARTS
            }
            table = table.assign(**{key: column.to_numpy() for key, column in columns.items()})
    return table


def total_table(*outlooks: Outlook) -> pd.DataFrame:
    """One row a quantity and horizon of the whole base: quantity, horizon, unit, mean, q05, q50, q95.

    Parameters
    ----------
    *outlooks : Forecast or Valuation
    """
    rows = []
    for outlook in outlooks:
        currency = outlook.economics.currency if isinstance(outlook, Valuation) else ""
        for quantity in outlook.draws:
            for place, horizon in enumerate(outlook.horizons):
                total = outlook.total.iloc[place]
                unit = currency if UNITS[quantity] == "money" and currency else UNITS[quantity]
                labels = {"quantity": quantity, "horizon": horizon.label, "unit": unit}
                numbers = {part: float(total[f"{quantity}_{part}"]) for part in PARTS}
                rows.append({**labels, **numbers})
    return pd.DataFrame(rows)


def column_name(horizon: str) -> str:
    """Write a horizon as a part of a column name.

    Examples
    --------
    >>> column_name("39W"), column_name("1998-06-30"), column_name("1.5Y")
    ('39w', '1998_06_30', '1_5y')
    """
    return re.sub(r"[^0-9a-z]+", "_", horizon.lower()).strip("_")


def writable_folder(folder: str | Path) -> Path:
    """Make a folder, or take the one that is there, and see that files can be written into it.

    Raises
    ------
    InputError
        They cannot.
    """
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
        write_bytes(path / ".lifeworth-can-write", b"")
        (path / ".lifeworth-can-write").unlink()
    except OSError as error:
        raise InputError(
            f"out: cannot write into {str(path)!r} ({error.strerror or error}). Choose another folder."
        ) from error
    return path


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV (UTF-8), text that a spreadsheet would take for a formula behind an apostrophe.

    Only text is touched, names of columns too: ``=1+1`` becomes ``'=1+1``, the number -1 stays. Parquet holds
    everything as it is.
    """
    guarded = frame.assign(**{str(name): _guarded(frame[name]) for name in frame if _is_text(frame[name])})
    guarded.columns = _guarded(pd.Series(guarded.columns))
    _atomically(
        path,
        lambda temporary: guarded.to_csv(
            temporary, index=False, float_format=SIGNIFICANT, lineterminator="\n", encoding="utf-8"
        ),
    )


def write_parquet(frame: pd.DataFrame, path: Path, schema: pa.Schema | None = None) -> None:
    """Write a table as Parquet, every value as it is; with the types of an Arrow schema where one is given."""
    _atomically(path, lambda temporary: frame.to_parquet(temporary, index=False, schema=schema))


def write_json(value: Mapping[str, Any], path: Path) -> None:
    """Write nested values as JSON; what is not a number is null."""
    write_bytes(path, (json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    _atomically(path, lambda temporary: temporary.write_bytes(content))


def plain(value: Any) -> Any:
    """Bring nested values into what JSON knows: NumPy's numbers into Python's, NaN into null, the rest into text."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value if value is None or isinstance(value, str) else str(value)


def _rows_of(outlook: Outlook, horizon: str, summary: CustomerSummary) -> pd.DataFrame:
    customers = outlook.customers
    if ID not in customers:
        raise InputError("customers: the outlook was made without them; make it with per_customer=True.")
    rows = customers[customers["horizon"] == horizon]
    if len(rows) != len(summary) or not (rows[ID].to_numpy() == summary.frame[ID].to_numpy()).all():
        raise InputError(f"customers: those of the outlook for {horizon} are not those of the summary, in its order.")
    return rows


def _is_text(column: pd.Series[Any]) -> bool:
    return not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column))


def _guarded(column: pd.Series[Any]) -> pd.Series[Any]:
    return column.map(
        lambda value: f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
    )


def _atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Write under another name beside the file, then rename: a reader sees the old file or the new one."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
