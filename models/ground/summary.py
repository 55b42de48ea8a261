"""The RFM summary: one row a customer, with its unit, its cut-off and the report of how it came about."""

from __future__ import annotations

import datetime
import html
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from .calendar import Calendar
from .data_report import DataReport
from .errors import InputError
from .summary_checks import COLUMNS as COLUMNS
from .summary_checks import ID as ID
from .summary_checks import MONEY as MONEY
from .summary_checks import checked_frame, column_names, type_name
from .units import UNIT_NAMES, check_unit

type Day = str | datetime.date | pd.Timestamp | np.datetime64
"""A calendar day: "1997-09-30", a date, or a timestamp whose clock time is ignored."""


@dataclass(frozen=True, eq=False, repr=False)
class CustomerSummary:
    """RFM summary of customers. Construction checks every row, so that what exists is possible.

    Attributes
    ----------
    frame : DataFrame
        One row a customer: customer_id (any type); frequency (int64, repeat purchases); recency and T
        (float64, in `unit`: from the first purchase to the last, and to the cut-off); monetary_value
        (float64, mean amount per REPEAT purchase, 0 where unknown; absent without amounts);
        monetary_value_all (float64, mean amount per purchase, the first included, 0 where unknown; absent if
        not known); then attributes of the customer. A copy: later edits of the caller's frame do not reach
        it.
    unit : str
        Time unit: "H", "D", "W", "M" or "Y".
    until : Timestamp or None
        The cut-off, the last day observed, if known.
    report : DataReport or None
        What was done with the rows of the log, if the summary came from one.
    calendar : Calendar or None
        The index of the purchase rate in whose season-adjusted time recency and T are measured; it needs `until`.

    Raises
    ------
    InputError
        A column is missing or a row impossible; the message names column, rows and remedy.
    """

    frame: pd.DataFrame
    unit: str
    until: pd.Timestamp | None = None
    report: DataReport | None = None
    calendar: Calendar | None = None

    def __post_init__(self) -> None:
        """Check, copy and bring into one form."""
        object.__setattr__(self, "unit", check_unit(self.unit))
        object.__setattr__(self, "until", None if self.until is None else as_day(self.until, "until"))
        if not (self.calendar is None or isinstance(self.calendar, Calendar)):
            raise InputError(f"calendar: expected a Calendar or None, got {type_name(self.calendar)}.")
        if self.calendar is not None and self.until is None:
            raise InputError("calendar: season-adjusted time needs the cut-off it ends at; give `until`.")
        object.__setattr__(self, "frame", checked_frame(self.frame))

    @classmethod
    def from_frame(
        cls, frame: pd.DataFrame, *, unit: str, until: Day | None = None, first_purchase: bool = False
    ) -> CustomerSummary:
        """Take an RFM table of one's own, for example one made by lifetimes or in a warehouse.

        Parameters
        ----------
        frame : DataFrame
            Columns customer_id (or an index of that name), frequency, recency, T; optional monetary_value and
            monetary_value_all; every other column is kept as an attribute.
        unit : str
            Time unit of recency and T: "H", "D", "W", "M" or "Y".
        until : date, optional
            The cut-off; needed for horizons that are dates.
        first_purchase : bool
            Whether monetary_value is the mean over all purchases, the first included. It is then kept as
            monetary_value_all.

        Raises
        ------
        InputError
            A column is missing or a row impossible; the message names column, rows and remedy.

        Examples
        --------
        >>> rfm = pd.DataFrame({"customer_id": ["a", "b"], "frequency": [2, 0],
        ...                     "recency": [30.4, 0.0], "T": [38.9, 12.0]})
        >>> print(CustomerSummary.from_frame(rfm, unit="W", until="1997-09-30"))
        CustomerSummary: 2 customers, 1 with repeat purchases; in weeks, until 1997-09-30
        customer_id  frequency  recency    T
                  a          2     30.4 38.9
                  b          0      0.0 12.0
        """
        if not isinstance(frame, pd.DataFrame):
            raise InputError(f"frame: expected a pandas DataFrame, one row a customer; got {type_name(frame)}.")
        if ID not in frame.columns and frame.index.name == ID:
            frame = frame.reset_index()
        if first_purchase:
            frame = _with_first_purchase(frame)
        return cls(frame, unit, None if until is None else as_day(until, "until"))

    def __len__(self) -> int:
        """Count the customers."""
        return len(self.frame)

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the attribute columns, such as "channel"."""
        return tuple(name for name in self.frame.columns if name not in COLUMNS)

    def select(self, mask: ArrayLike) -> CustomerSummary:
        """Return the customers where `mask` (bool, one a customer) is true, with the report of the whole log.

        Raises
        ------
        InputError
            The mask is not boolean, has another length, or selects nobody.
        """
        chosen = np.asarray(mask)
        if chosen.dtype != np.bool_ or chosen.shape != (len(self),):
            raise InputError(
                f"mask: expected {len(self):,} booleans, one a customer; got {chosen.dtype} of shape {chosen.shape}."
            )
        if not chosen.any():
            raise InputError("mask: expected at least one customer, it selects nobody.")
        return replace(self, frame=self.frame.loc[chosen])

    def spend_columns(self, first_purchase: bool) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Count and mean amount of the purchases that a spend model is fitted on.

        Parameters
        ----------
        first_purchase : bool
            True: all purchases (frequency + 1, monetary_value_all).
            False: repeats (frequency, monetary_value).

        Returns
        -------
        counts : int64 array (customer,)
            Purchases with a known amount; 0 where the mean amount is 0, which stands for unknown.
        means : float64 array (customer,)
            Mean amount per purchase, 0 where unknown.

        Raises
        ------
        InputError
            The summary does not hold the column.
        """
        repeats, every = MONEY
        column, other = (every, repeats) if first_purchase else (repeats, every)
        if column not in self.frame:
            raise InputError(_no_money(column, other, self.frame))
        means = self.frame[column].to_numpy(np.float64, copy=True)
        purchases = self.frame["frequency"].to_numpy(np.int64) + int(first_purchase)
        return np.where(means > 0.0, purchases, 0), means

    @property
    def headline(self) -> str:
        """Customers, repeaters, unit and cut-off in one line."""
        repeaters = int((self.frame["frequency"] > 0).sum())
        until = "cut-off not known" if self.until is None else f"until {self.until:%Y-%m-%d}"
        unit = ("" if self.calendar is None else "season-adjusted ") + UNIT_NAMES[self.unit]
        return f"{len(self):,} customers, {repeaters:,} with repeat purchases; in {unit}, {until}"

    def __repr__(self) -> str:
        """Headline, the report's headline and the first rows."""
        lines = [f"CustomerSummary: {self.headline}"]
        lines += [f"From the log: {self.report.headline}"] if self.report is not None else []
        return "\n".join([*lines, self.frame.head().to_string(index=False)])

    def _repr_html_(self) -> str:
        log = f"<br>From the log: {html.escape(self.report.headline)}" if self.report is not None else ""
        table = self.frame.head().to_html(index=False, border=0)
        return f"<p><b>CustomerSummary</b>: {html.escape(self.headline)}{log}</p>{table}"


def check_summary(summary: CustomerSummary, unit: str | None = None) -> CustomerSummary:
    """Check a summary again where it is used: its frame can be edited after construction.

    Parameters
    ----------
    summary : CustomerSummary
        What the caller passed to a fit or a prediction.
    unit : str, optional
        The unit of the model that is to use it.

    Returns
    -------
    CustomerSummary
        A checked copy.

    Raises
    ------
    InputError
        It is no summary, a row is impossible, or its unit is not that of the model.
    """
    if not isinstance(summary, CustomerSummary):
        raise InputError(
            f"summary: expected a CustomerSummary, got {type_name(summary)}. "
            'Make one with summarise(orders, …) or CustomerSummary.from_frame(frame, unit="W").'
        )
    if unit is not None and summary.unit != check_unit(unit):
        raise InputError(
            f"summary: the model counts time in {UNIT_NAMES[check_unit(unit)]}, the summary in "
            f'{UNIT_NAMES[summary.unit]}. Summarise with unit="{check_unit(unit)}", or fit the model on a '
            f'summary with unit="{summary.unit}".'
        )
    return replace(summary)


def as_day(value: Day, name: str) -> pd.Timestamp:
    """Read a calendar day; a clock time is dropped, a time zone too (the local day is kept).

    Raises
    ------
    InputError
        `value` is no date.
    """
    try:
        stamp = None if isinstance(value, (int, float, np.number)) else pd.Timestamp(value)
    except (ValueError, TypeError):
        stamp = None
    if stamp is None or pd.isna(stamp):
        raise InputError(f'{name}: expected a date such as "1997-09-30", got {value!r}.')
    return stamp.tz_localize(None).normalize()


def _with_first_purchase(frame: pd.DataFrame) -> pd.DataFrame:
    repeats, every = MONEY
    if repeats not in frame or every in frame:
        raise InputError(
            f"first_purchase=True says that {repeats} includes the first purchase: expected a column "
            f"{repeats} and no column {every}; got {column_names(frame)}."
        )
    return frame.rename(columns={repeats: every})


def _no_money(column: str, other: str, frame: pd.DataFrame) -> str:
    first = column == MONEY[1]
    meaning = "mean amount per purchase, the first included" if first else "mean amount per repeat purchase"
    instead = f", or fit with first_purchase={not first}, which uses {other}" if other in frame else ""
    return (
        f"{column}: expected this column ({meaning}), the summary has {column_names(frame)}. "
        f"Summarise the orders with their amounts (amount=…), add the column to the frame{instead}."
    )
