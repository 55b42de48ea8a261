"""The data report: what was done with every row of a log that is not a plain purchase."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from .errors import InputError

KIND_LABELS: Final[dict[str, str]] = {
    "missing_id": "missing id",
    "missing_date": "missing date",
    "missing_amount": "missing amount",
    "after_until": "after the cut-off",
    "refund": "refund",
    "zero_amount": "zero amount",
    "duplicate": "exact duplicate",
    "refund_only": "customer with refunds only",
    "acquired_before": "customer seen before acquired_from",
}
"""Every kind of row a report can name, in the order in which it is told."""

TEXT_WIDTH: Final = 100
"""Columns of the printed report: fits a terminal and a notebook cell."""

EXAMPLE_LINES: Final = 2
"""Longest printed example; the whole row is in ``DataNote.examples``."""

MIDNIGHT: Final = " 00:00:00"  # of a timestamp that is a day: not worth printing


def counted(number: int, noun: str) -> str:
    """Write a number with its noun: "1 customer", "2,357 customers"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


@dataclass(frozen=True)
class DataNote:
    """One kind of row: how many there were and what was done with them.

    Attributes
    ----------
    kind : str
        A key of `KIND_LABELS`.
    rows : int
        Rows of this kind. A row that is used may be of two kinds (a zero amount that is also a duplicate);
        one that is set aside counts once.
    policy : str
        What was chosen for them: "net", "keep", "drop", or "set aside" where there is no choice.
    amount : float or None
        Sum of their amounts where they have one.
    share : float
        `rows` as a share of all rows of the log.
    examples : tuple of dict
        The first few rows (or customers) of this kind.
    set_aside : bool
        Whether the rows are left out of the summary.
    text : str
        What was done, in one sentence.
    """

    kind: str
    rows: int
    policy: str
    amount: float | None
    share: float
    examples: tuple[Mapping[str, object], ...]
    set_aside: bool
    text: str

    @property
    def label(self) -> str:
        """The kind in words."""
        return KIND_LABELS[self.kind]


@dataclass(frozen=True)
class DataReport:
    """What `summarise` did with a log. Print it; `frame` has the same as a table.

    Attributes
    ----------
    rows_in, rows_used, rows_set_aside : int
        Rows of the log; ``rows_in == rows_used + rows_set_aside``.
    customers, purchases : int
        What the used rows became; the first purchase of each customer counts.
    first_day, last_day : Timestamp
        First and last day of the used rows.
    until : Timestamp
        The cut-off.
    notes : tuple of DataNote
        One for each kind of row that was looked for, also where none was found.
    remarks : tuple of str
        What a reader should know about the log as a whole, with the remedy.

    Raises
    ------
    InputError
        The rows do not add up.
    """

    rows_in: int
    rows_used: int
    rows_set_aside: int
    customers: int
    purchases: int
    first_day: pd.Timestamp
    last_day: pd.Timestamp
    until: pd.Timestamp
    notes: tuple[DataNote, ...]
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that the rows add up."""
        told = sum(note.rows for note in self.notes if note.set_aside)
        if self.rows_in != self.rows_used + self.rows_set_aside or told != self.rows_set_aside:
            raise InputError(
                "DataReport: expected rows_in = rows_used + rows_set_aside, a note for each row set aside; "
                f"got {self.rows_in:,} in, {self.rows_used:,} used, {self.rows_set_aside:,} set aside, "
                f"{told:,} of them in notes."
            )

    @property
    def headline(self) -> str:
        """The report in one line."""
        aside = f"{self.rows_set_aside:,} set aside" if self.rows_set_aside else "none set aside"
        return (
            f"{self.customers:,} customers, {self.purchases:,} purchases from {self.rows_used:,} of "
            f"{self.rows_in:,} rows ({aside}), {self.first_day:%Y-%m-%d} to {self.until:%Y-%m-%d}"
        )

    @property
    def frame(self) -> pd.DataFrame:
        """One row a note: kind, rows, share, amount, policy, set_aside, text."""
        fields = ("kind", "rows", "share", "amount", "policy", "set_aside", "text")
        rows = [{name: getattr(note, name) for name in fields} for note in self.notes]
        return pd.DataFrame(rows, columns=list(fields))

    def note(self, kind: str) -> DataNote:
        """Return the note of one kind of row.

        Raises
        ------
        InputError
            There is no such note.
        """
        for note in self.notes:
            if note.kind == kind:
                return note
        raise InputError(f"kind: expected one of {', '.join(n.kind for n in self.notes)}; got {kind!r}.")

    def __str__(self) -> str:
        """Tell headline, table, a paragraph for each kind that was found, and the remarks."""
        found = [note for note in self.notes if note.rows]
        none = [note.label for note in self.notes if not note.rows]
        blocks = [
            textwrap.fill(self.headline, TEXT_WIDTH),
            _table(found),
            *(_paragraph(note) for note in found),
        ]
        blocks += [_wrapped("! ", remark) for remark in self.remarks]
        blocks += [_wrapped("  ", f"Looked for and not found: {', '.join(none)}.")] if none else []
        return "\n\n".join(block for block in blocks if block)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def _table(notes: list[DataNote]) -> str:
    if not notes:
        return ""
    head = f"  {'kind of row':<36}{'rows':>12}{'share':>9}{'amount':>18}   policy"
    return "\n".join([head, *(_table_row(note) for note in notes)])


def _table_row(note: DataNote) -> str:
    amount = "" if note.amount is None else f"{note.amount:,.2f}"
    return f"  {note.label:<36}{note.rows:>12,}{_percent(note.share):>9}{amount:>18}   {note.policy}"


def _percent(share: float) -> str:
    smallest = 0.001  # below it "0.0 %" would read as none
    return "< 0.1 %" if 0.0 < share < smallest else f"{100 * share:.1f} %"


def _paragraph(note: DataNote) -> str:
    lines = [_wrapped("  ", f"{note.label[0].upper()}{note.label[1:]}: {note.text}")]
    for row in note.examples[:1]:
        lines += textwrap.wrap(
            f"e.g. {row_text(row)}",
            TEXT_WIDTH,
            initial_indent="    ",
            subsequent_indent="    ",
            max_lines=EXAMPLE_LINES,
            placeholder=" …",
        )
    return "\n".join(lines)


def row_text(row: Mapping[str, object]) -> str:
    """Write an example row in one line."""
    return ", ".join(f"{name} = {str(value).removesuffix(MIDNIGHT)}" for name, value in row.items())


def _wrapped(mark: str, text: str) -> str:
    return textwrap.fill(text, TEXT_WIDTH, initial_indent=mark, subsequent_indent="  ", break_long_words=False)
