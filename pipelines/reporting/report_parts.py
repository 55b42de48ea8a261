"""What a report is made of: sections of sentences, cards, charts and tables. The template knows nothing else."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .plot_style import STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDE: Final = (7.2, 4.1)
NARROW: Final = (4.1, 3.9)
"""Inches of a chart on a desk and on a phone."""


@dataclass(frozen=True)
class Card:
    """A number to see first: what it is, the number, its interval or what else belongs to it."""

    label: str
    number: str
    below: str


@dataclass(frozen=True)
class Table:
    """A table of text, the first `labels` columns left-aligned, the others right."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    labels: int = 1
    caption: str = ""


@dataclass(frozen=True)
class Chart:
    """A chart for a desk and one for a phone, as data addresses, and what it shows for those who cannot see it."""

    wide: str
    narrow: str
    alternative: str
    caption: str

    @classmethod
    def of(cls, draw: Callable[[Axes], Axes], alternative: str, caption: str) -> Chart:
        """Draw a chart twice; `draw` takes axes and returns them."""
        return cls(_as_svg(draw, WIDE), _as_svg(draw, NARROW), alternative, caption)


@dataclass(frozen=True)
class Part:
    """A part of a section: any of sentences, a chart, a table, and points of a list, shown in this order."""

    text: tuple[str, ...] = ()
    chart: Chart | None = None
    table: Table | None = None
    points: tuple[str, ...] = ()
    heading: str = ""


@dataclass(frozen=True)
class Section:
    """A section with its heading; `anchor` is its address in the page."""

    anchor: str
    heading: str
    parts: tuple[Part, ...]


def _as_svg(draw: Callable[[Axes], Axes], size: tuple[float, float]) -> str:
    """A drawing as the address of an SVG that is all in it; text stays text, in the reader's own font."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE | {"svg.fonttype": "none"}):  # type: ignore[arg-type]  # keys typed as literals
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.subplots())
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
