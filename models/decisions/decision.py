"""What every decision returns: the answer in a tidy frame, the rule it was made by, and what to keep in mind."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Final

import pandas as pd

ROWS_SHOWN: Final = 12
"""Rows of a long answer that are shown."""


@dataclass(frozen=True, eq=False, repr=False)
class Decision:
    """The answer to one question.

    Attributes
    ----------
    frame : DataFrame
        The answer, tidy.
    rule : str
        The rule in words, with the numbers it was applied with.
    notes : tuple of str
        What to keep in mind, a sentence each.
    currency : str
        Of every amount, as the economics name it.
    """

    frame: pd.DataFrame
    rule: str
    notes: tuple[str, ...]
    currency: str

    def __repr__(self) -> str:
        """The rule, the first rows and the notes."""
        table = self.frame.head(ROWS_SHOWN).to_string(index=False)
        return "\n".join([f"<{type(self).__name__}: {self.rule}>", table, *self._more(), *self.notes])

    def _repr_html_(self) -> str:
        table = self.frame.head(ROWS_SHOWN).to_html(index=False, border=0, float_format="{:,.2f}".format)
        after = "".join(f"<p>{html.escape(note)}</p>" for note in (*self._more(), *self.notes))
        return f"<p><b>{html.escape(self.rule)}</b></p>{table}{after}"

    def _more(self) -> tuple[str, ...]:
        rest = len(self.frame) - ROWS_SHOWN
        return (f"… and {rest:,} rows more in .frame",) if rest > 0 else ()
