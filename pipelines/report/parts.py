"""What a report is made of: sections of sentences, cards, charts and tables. The template knows nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .drawing import as_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDE: Final = (7.2, 3.8)
NARROW: Final = (4.1, 3.9)
"""Inches of a chart on a desk and on a phone."""


class English(str):
    """Text that is English whatever the language of the report: messages of models, citations."""

    __slots__ = ()


class Verbatim(str):
    """Text of the data, such as an id or the value of an attribute: shown as it is, its direction its own."""

    __slots__ = ()


@dataclass(frozen=True)
class Card:
    """A number to see first: what it is, the number, its interval or what else belongs to it."""

    label: str
    number: str
    below: str


@dataclass(frozen=True)
class Table:
    """A table of text, the first `labels` columns aligned at the start of the line, the others at its end.

    Attributes
    ----------
    columns : tuple of str
    rows : tuple of tuple of str
        Cells may be English or Verbatim. The first cell of a row is its heading.
    labels : int
    caption : str
        What the table holds; required, since it is also its name for those who hear the page.
    total : tuple of str
        A last row, set apart; empty for none.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    labels: int = 1
    caption: str = ""
    total: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chart:
    """A chart for a desk and one for a phone, as data addresses, and what it shows for those who cannot see it.

    Attributes
    ----------
    wide, narrow : str
    alternative : str
        What kind of chart it is; read out together with the caption.
    caption : str
        The sentence below it: what it shows.
    """

    wide: str
    narrow: str
    alternative: str
    caption: str

    @classmethod
    def of(cls, draw: Callable[[Axes], Axes], alternative: str, caption: str) -> Chart:
        """Draw a chart twice; `draw` takes axes and returns them.

        The title that a plot gives itself is left out: headings and captions are text of the page, in its language.
        """
        return cls(as_svg(draw, WIDE), as_svg(draw, NARROW), alternative, caption)


@dataclass(frozen=True)
class Part:
    """A part of a section, shown in this order: heading, sentences, cards, chart, table, terms, points, caution.

    Attributes
    ----------
    text : tuple of str
        Sentences; each is a paragraph.
    chart : Chart, optional
    table : Table, optional
    points : tuple of str
        Of a list.
    heading : str
    cards : tuple of Card
    terms : tuple of (str, str) or of (str, tuple of str)
        Of a list of definitions: what, and what it is; or what, and all that it holds for.
    caution : tuple of str
        Sentences set apart by a mark: what to beware of.
    folded : bool
        Shown when the reader opens it (its heading is the handle), and in print.
    """

    text: tuple[str, ...] = ()
    chart: Chart | None = None
    table: Table | None = None
    points: tuple[str, ...] = ()
    heading: str = ""
    cards: tuple[Card, ...] = ()
    terms: tuple[tuple[str, str], ...] | tuple[tuple[str, tuple[str, ...]], ...] = ()
    caution: tuple[str, ...] = ()
    folded: bool = False


@dataclass(frozen=True)
class Section:
    """A section with its heading; `anchor` is its address in the page, `short` its name among the contents."""

    anchor: str
    heading: str
    parts: tuple[Part, ...]
    short: str = ""
