"""The verdict on data, as a value: what was checked, what came of it, what it means and what to do."""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

from ..ground.errors import InputError

Level = Literal["ok", "warn", "stop"]
"""How grave: go on; go on and tell the reader; do not go on."""

GRAVITY: Final[dict[Level, int]] = {"ok": 0, "warn": 1, "stop": 2}
MARKS: Final[dict[Level, str]] = {"ok": "ok  ", "warn": "WARN", "stop": "STOP"}
HEADS: Final[dict[Level, str]] = {
    "ok": "nothing speaks against a model",
    "warn": "to be used with care",
    "stop": "NOT TO BE MODELLED AS IT IS",
}
FIELDS: Final = ("name", "value", "expected", "level", "sentence", "remedy")
TEXT_WIDTH: Final = 100
"""Columns of the printed verdict: fits a terminal and a notebook cell."""


@dataclass(frozen=True)
class DataCheck:
    """One check of data, or of a posterior against its priors.

    Attributes
    ----------
    name : str
        Stable, for a pipeline to look at: "repeaters".
    value : float
        What came; NaN where there was too little to tell.
    expected : str
        What was expected, in words: "at least 100".
    level : {"ok", "warn", "stop"}
    sentence : str
        What came and what it means.
    remedy : str
        What to do; empty where nothing is to be done.
    """

    name: str
    value: float
    expected: str
    level: Level
    sentence: str
    remedy: str = ""

    @property
    def text(self) -> str:
        """Sentence and remedy in one."""
        return f"{self.sentence} {self.remedy}".strip()

    def __str__(self) -> str:
        """Head in a line; what it means below it, where it is not ok."""
        head = f"{MARKS[self.level]} {self.name} = {self.value:.4g} (expected {self.expected})"
        return head if self.level == "ok" else f"{head}\n{_indented(self.text)}"


@dataclass(frozen=True)
class DataVerdict:
    """Is there enough in the data, and what is wrong with them.

    Attributes
    ----------
    checks : tuple of DataCheck
        Every check, those that found nothing as well.
    subject : str
        What was checked: "2,357 customers".
    """

    checks: tuple[DataCheck, ...]
    subject: str = "data"

    @property
    def level(self) -> Level:
        """The gravest level of all checks."""
        return max((check.level for check in self.checks), key=GRAVITY.__getitem__, default="ok")

    @property
    def ok(self) -> bool:
        """Whether nothing stops; there may be warnings."""
        return self.level != "stop"

    @property
    def raised(self) -> tuple[DataCheck, ...]:
        """The checks that warn or stop, the gravest first."""
        found = [check for check in self.checks if check.level != "ok"]
        return tuple(sorted(found, key=lambda check: -GRAVITY[check.level]))

    @property
    def frame(self) -> pd.DataFrame:
        """One row a check: name, value, expected, level, sentence, remedy."""
        rows = [[getattr(check, field) for field in FIELDS] for check in self.checks]
        return pd.DataFrame(rows, columns=list(FIELDS))

    def check(self, name: str) -> DataCheck:
        """Return one check by its name.

        Raises
        ------
        InputError
            There is none of that name.
        """
        for check in self.checks:
            if check.name == name:
                return check
        raise InputError(f"check: expected one of {', '.join(c.name for c in self.checks)}; got {name!r}.")

    def raise_if_stopped(self) -> None:
        """Do nothing if the data may be modelled: the gate of a pipeline.

        Raises
        ------
        InputError
            A check stops; the message has the sentence and the remedy of each that does.
        """
        stopped = [f"{check.name}: {check.text}" for check in self.checks if check.level == "stop"]
        if stopped:
            raise InputError("\n".join(stopped))

    def __str__(self) -> str:
        """Tell the verdict, then every check, the gravest first."""
        fine = [check for check in self.checks if check.level == "ok"]
        return "\n".join([f"{self.subject}: {HEADS[self.level]}", *map(str, (*self.raised, *fine))])

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def _indented(text: str) -> str:
    lead = " " * (len(MARKS["ok"]) + 1)
    return textwrap.fill(text, TEXT_WIDTH, initial_indent=lead, subsequent_indent=lead, break_long_words=False)
