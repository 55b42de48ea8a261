"""A sheet of the workbook: rows written from top to bottom, with formats, widths and the setup of its print.

No text becomes a formula or a link, whatever it looks like; no text is cut without a mark.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final, Literal

import pandas as pd
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

type Look = Literal["text", "long", "count", "number", "money", "cents", "share", "day"]

MOST_CHARACTERS: Final = 32_767
"""Excel's limit for a cell."""
MOST_ROWS: Final = 1_048_576
"""Excel's limit for a sheet."""
WIDTHS: Final[Mapping[Look, tuple[int, int]]] = {
    "text": (10, 34), "long": (40, 90), "count": (10, 18), "number": (10, 18), "money": (12, 22), "cents": (11, 22),
    "share": (9, 12), "day": (12, 12),
}  # fmt: skip
"""Narrowest and widest column of each look, in characters."""
HEAD_LINES: Final = 3
"""Lines that a heading may take."""
MOST_LINES: Final = 12
"""Lines of a cell that are shown at once."""
BOLD: Final = 1.15
"""How much wider bold letters are."""
NOTE_WIDTH: Final = 110
"""Characters at which sentences are broken: a sheet is not printed smaller for their sake."""
LINE_HEIGHT: Final = 15.0
"""Of a row of one line, in points."""
PAD: Final = 3
"""Characters that a column is wider than what it holds: room for the button of the filter."""
WORDS: Final = ("text", "long")
"""Looks that stand at the left."""
ROWS_MEASURED: Final = 500
"""Rows that the width of a column is taken from."""
MONEY_ROOM: Final = 5
"""Characters that separators, digits after the point and the sign of a currency take."""
INK: Final = "#1f2937"
HEAD_FILL: Final = "#1e3a5f"
RULE: Final = "#d1d5db"
LATE: Final = "later"
"""In place of a number without end: the payback that lies beyond the months looked at."""
LANDSCAPE_A4: Final = 9


@dataclass(frozen=True)
class Shown:
    """A column of a sheet: which of the frame, under which heading, and how it looks."""

    name: str
    heading: str
    look: Look = "text"


@dataclass(frozen=True)
class Looks:
    """The formats of a workbook."""

    cells: Mapping[Look, Format]
    heads: Mapping[str, Format]
    sides: Mapping[Look, str]
    title: Format
    section: Format
    note: Format

    @classmethod
    def of(cls, book: Workbook, currency: str) -> Looks:
        """Formats with amounts in a currency."""
        sign = currency.replace('"', "")
        lead = f'"{sign}{" " if sign[-1:].isalpha() else ""}"' if sign else ""
        codes: dict[Look, str] = {
            "text": "@", "long": "@", "count": "#,##0", "number": "#,##0.00", "share": "0.0%", "day": "yyyy-mm-dd",
            "money": f"{lead}#,##0;-{lead}#,##0", "cents": f"{lead}#,##0.00;-{lead}#,##0.00",
        }  # fmt: skip
        plain = {"font_color": INK, "valign": "top", "bottom": 4, "bottom_color": RULE, "indent": 1}
        head = {
            "bold": True, "font_color": "#ffffff", "bg_color": HEAD_FILL, "text_wrap": True, "valign": "vcenter",
            "border": 1, "border_color": RULE, "indent": 1,
        }  # fmt: skip
        sides = {look: "left" if look in WORDS else "right" for look in codes}
        return cls(
            {
                look: book.add_format({**plain, "num_format": code, "align": sides[look], "text_wrap": look == "long"})
                for look, code in codes.items()
            },
            {side: book.add_format({**head, "align": side}) for side in ("left", "right")},
            sides,
            book.add_format({"bold": True, "font_size": 18, "font_color": HEAD_FILL}),
            book.add_format({"bold": True, "font_size": 13, "font_color": HEAD_FILL}),
            book.add_format({"font_color": INK, "text_wrap": False, "valign": "top"}),
        )


@dataclass
class Page:
    """A sheet that grows downwards."""

    sheet: Worksheet
    looks: Looks
    widths: dict[int, int] = field(default_factory=dict)
    row: int = 0
    cut: int = 0
    repeated: int | None = None

    @classmethod
    def of(cls, book: Workbook, name: str, looks: Looks, footer: str) -> Page:
        """A new sheet, set up to print on landscape A4, as wide as one page."""
        sheet = book.add_worksheet(name)
        sheet.set_landscape()
        sheet.set_paper(LANDSCAPE_A4)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
        sheet.set_footer(f"&L&8{footer.replace('&', '&&')}&C&8&A&R&8&P / &N")
        sheet.hide_gridlines(2)
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{MOST_ROWS}"})
        return cls(sheet, looks)

    def title(self, text: str) -> None:
        """The head line of the sheet."""
        self.sheet.set_row(self.row, 2 * LINE_HEIGHT)
        self._text(0, text, self.looks.title)
        self.row += 1

    def section(self, text: str) -> None:
        """A heading, with an empty row above it."""
        self.row += 1
        self.repeated = None  # what follows is not below the head of the main table
        self.sheet.set_row(self.row, 1.5 * LINE_HEIGHT)
        self._text(0, text, self.looks.section)
        self.row += 1

    def note(self, *lines: str) -> None:
        """Sentences, each from a row of its own, running over the columns to the right."""
        for line in (part for text in lines for part in textwrap.wrap(text, NOTE_WIDTH) or [""]):
            self._text(0, line, self.looks.note)
            self.row += 1

    def table(self, frame: pd.DataFrame, columns: Sequence[Shown], *, main: bool = False) -> None:
        """A table; the main one of a sheet is filtered, and its head stays in view and on every printed page."""
        head = self.row
        widths = [self._widen(place, column, frame[column.name]) for place, column in enumerate(columns)]
        lines = max(map(_lines, (column.heading for column in columns), widths))
        self.sheet.set_row(head, (lines + 0.5) * LINE_HEIGHT)
        for place, column in enumerate(columns):
            self._text(place, column.heading, self.looks.heads[self.looks.sides[column.look]])
        self.row += 1
        formats = [self.looks.cells[column.look] for column in columns]
        wrapped = [place for place, column in enumerate(columns) if column.look == "long"]
        for values in zip(*(_values(frame[column.name]) for column in columns), strict=True):
            lines = max((_wraps(values[place], widths[place]) for place in wrapped), default=1)
            if lines > 1:
                self.sheet.set_row(self.row, lines * LINE_HEIGHT)
            for place, (value, look) in enumerate(zip(values, formats, strict=True)):
                self._cell(place, value, look)
            self.row += 1
        if main:
            self.repeated = head
            self.sheet.freeze_panes(head + 1, 1)
            self.sheet.autofilter(head, 0, max(self.row - 1, head), len(columns) - 1)

    def close(self) -> None:
        """Set the widths, and say where text was cut."""
        if self.repeated is None:
            self.sheet.fit_to_pages(1, 1)
        else:
            self.sheet.repeat_rows(self.repeated)
        for place, width in self.widths.items():
            self.sheet.set_column(place, place, width)
        if self.cut:
            self.note("", f"{self.cut:,} texts longer than {MOST_CHARACTERS:,} characters, which Excel cannot hold, "
                          "end with …; Parquet and CSV files hold them whole.")  # fmt: skip

    def _cell(self, place: int, value: Any, look: Format) -> None:
        if isinstance(value, str):
            self._text(place, value, look)
        elif value is None or value is pd.NaT or (isinstance(value, float) and value != value):
            self.sheet.write_blank(self.row, place, None, look)
        elif isinstance(value, bool):
            self._text(place, "yes" if value else "no", look)
        elif isinstance(value, (int, float)):
            if isfinite(value):
                self.sheet.write_number(self.row, place, value, look)
            else:
                self._text(place, LATE, look)
        elif isinstance(value, pd.Timestamp):
            self.sheet.write_datetime(self.row, place, value.to_pydatetime(), look)
        else:
            self._text(place, str(value), look)

    def _text(self, place: int, text: str, look: Format) -> None:
        # Excel counts units of UTF-16, of which a character has two at most
        if 2 * len(text) > MOST_CHARACTERS and len(text.encode("utf-16-le")) > 2 * MOST_CHARACTERS:
            text, self.cut = _shortened(text), self.cut + 1
        self.sheet.write_string(self.row, place, text, look)

    def _widen(self, place: int, column: Shown, values: pd.Series[Any]) -> int:
        """Make a column wide enough for what is to be written, and return its width."""
        least, most = WIDTHS[column.look]
        needed = max(_longest(values, column.look), _longest_word(column.heading)) + PAD
        self.widths[place] = max(self.widths.get(place, 0), least, min(needed, most))
        return self.widths[place]


def _values(column: pd.Series[Any]) -> list[Any]:
    """Values of a column as Python knows them, missing ones None."""
    return [None if value is pd.NA else value for value in column.tolist()]


def _longest(values: pd.Series[Any], look: Look) -> int:
    """Characters that the widest of the first rows takes."""
    few = values.head(ROWS_MEASURED).dropna()
    if look in ("text", "long"):
        return max((len(str(value)) for value in few), default=0)
    if look in ("money", "cents", "count", "number"):
        return max((len(f"{value:,.0f}") for value in few if isfinite(value)), default=0) + MONEY_ROOM
    return 0


def _longest_word(heading: str) -> int:
    """Width at which a heading fits into its lines."""
    return round(BOLD * max(max(map(len, heading.split(" ")), default=0), len(heading) // HEAD_LINES + PAD))


def _lines(heading: str, width: int) -> int:
    return min(len(textwrap.wrap(heading, max(width - PAD, 1))), HEAD_LINES)


def _wraps(value: Any, width: int) -> int:
    """Lines that a text takes in a column; so many at most as a screen shows."""
    return 1 if value is None else min(max(len(textwrap.wrap(str(value)[: MOST_LINES * width], width)), 1), MOST_LINES)


def _shortened(text: str) -> str:
    units = text.encode("utf-16-le")[: 2 * (MOST_CHARACTERS - 1)]
    return units.decode("utf-16-le", errors="ignore") + "…"
