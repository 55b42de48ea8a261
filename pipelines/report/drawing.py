"""Charts as drawings whose text stays text: the reader's browser sets it, in fonts that know the reader's script.

Matplotlib measures text to make room for it, in its own font, which has no Telugu: it would count each vowel sign and
each letter written below another as a letter of its own. Such marks are left out while it measures and lays out, and
put back into the drawing.
"""

from __future__ import annotations

import base64
import io
import re
import unicodedata
import warnings
from collections.abc import Callable, Sequence
from html import escape, unescape
from typing import TYPE_CHECKING, Any, Final

from matplotlib.ticker import Formatter

from ..reporting.language import END_OF_ISOLATE, RIGHT_TO_LEFT, direction
from ..reporting.plot_style import ORANGE, STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

FONTS: Final = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Noto Sans', 'Noto Sans Telugu', "
    "'Noto Sans Arabic', sans-serif"
)
"""Fonts of the page and of its charts: the reader's own."""
MARKS: Final = ("Mn", "Mc")
"""Categories of Unicode of signs that stand above, below or around a letter."""
JOINS: Final = 9
"""Combining class of the sign that writes the next letter below the last one (virama)."""
UNSEEN: Final = "\u200b"
"""Tells lines apart that differ in their marks alone; has no width."""

READABLE: Final = {ORANGE: "#b34a00", "#e69f00": "#8a5f00", "#009e73": "#00735a", "#cc79a7": "#9c3f73"}
"""Colours too pale for text on white (WCAG 2.2, 1.4.3), and what text has instead."""

ANCHORS: Final = {"right": ("end", 1.0), "center": ("middle", 0.5)}
"""Where lines of a text meet: its name in a drawing, and how far from the beginning of a line, as a share of it."""

_FAMILY = re.compile(r"font-family: [^;\"]+;? ?")
_TEXT = re.compile(r"(<text\b[^>]*>)([^<]*)(</text>)")
_GROUP = re.compile(r'<g id="(lines_\d+)">.*?</g>', re.DOTALL)


def as_svg(draw: Callable[[Axes], Axes], size: tuple[float, float]) -> str:
    """A drawing as the address of an SVG that is all in it; `draw` takes axes and returns them, size is in inches."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    lines = _Lines()
    style: Any = STYLE | {"svg.fonttype": "none", "text.hinting": "none"}  # Any: the stubs list every key by name
    with mpl.rc_context(style), warnings.catch_warnings():
        # Matplotlib only measures the text: that its font lacks a script matters to nobody.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.subplots()).set_title("", loc="left")
        lines.take_from(figure)
        figure.draw_without_rendering()  # lays out, which takes most of the time, and makes the labels of ticks
        if _break_names(figure, lines):
            figure.draw_without_rendering()
        figure.set_layout_engine("none")
        ends = _Ends.of(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
        svg = ends.anchored(buffer.getvalue())
    svg = _FAMILY.sub("", svg).replace("<svg ", f'<svg style="font-family: {FONTS}" ', 1)
    svg = _TEXT.sub(lambda text: f"{_readable(text[1])}{_directed(lines.whole(text[2]))}{text[3]}", svg)
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode("ascii")


def _break_names(figure: Figure, lines: _Lines) -> bool:
    """Break the names of y axes of a figure that is laid out into lines no longer than the axis is high; if any was."""
    found = False
    for axes in figure.axes:
        name = axes.yaxis.label
        room, written = axes.get_window_extent().height, name.get_text()
        if name.get_window_extent().height <= room:
            continue
        broken = [""]
        for word in lines.plain(written).split(" "):
            longer = f"{broken[-1]} {word}".lstrip()
            name.set_text(without_marks(longer))
            if broken[-1] and name.get_window_extent().height > room:
                broken.append(word)
            else:
                broken[-1] = longer
        name.set_text(lines.bare("\n".join(broken)))
        found = True
    return found


class _Ends:
    """Texts of several lines that do not begin flush: their lines are anchored where they are to meet.

    Matplotlib writes such lines from where each begins in its own font; in the reader's they would not meet.
    """

    def __init__(self, texts: dict[str, Text]) -> None:
        self._texts = texts

    @classmethod
    def of(cls, figure: Figure) -> _Ends:
        """Mark such texts of a figure that is laid out."""
        from matplotlib.text import Text

        several = (text for text in figure.findobj(Text) if "\n" in text.get_text())
        found = (text for text in several if text.get_horizontalalignment() in ANCHORS)
        texts = {f"lines_{place}": text for place, text in enumerate(found)}
        for name, text in texts.items():
            text.set_gid(name)
        return cls(texts)

    def anchored(self, svg: str) -> str:
        """A drawing with every line of them anchored."""
        return _GROUP.sub(lambda group: self._group(group[0], self._texts[group[1]]), svg)

    @staticmethod
    def _group(group: str, text: Text) -> str:
        from matplotlib.textpath import text_to_path

        anchor, share = ANCHORS[text.get_horizontalalignment()]

        def moved(line: re.Match[str]) -> str:
            wide = text_to_path.get_text_width_height_descent(unescape(line[2]), text.get_fontproperties(), False)[0]
            return f'{line[1][:-1]} text-anchor="{anchor}" dx="{share * wide:.6f}">{line[2]}{line[3]}'

        return _TEXT.sub(moved, group)


def _readable(tag: str) -> str:
    """The tag that begins a text, in a colour that can be read."""
    for pale, dark in READABLE.items():
        tag = tag.replace(f"fill: {pale}", f"fill: {dark}")
    return tag


def _directed(text: str) -> str:
    """Text of a chart goes in the direction of the page, whichever side of its place it stands on."""
    return text if direction() == "ltr" else f"{RIGHT_TO_LEFT}{text}{END_OF_ISOLATE}"


class _Lines:
    """Lines of text without their marks, and as they really are."""

    def __init__(self) -> None:
        self._whole: dict[str, str] = {}

    def take_from(self, figure: Figure) -> None:
        """Leave the marks out of every text of a figure, also out of those that axes will write."""
        from matplotlib.text import Text

        for text in figure.findobj(Text):
            text.set_text(self.bare(text.get_text()))
        for axes in figure.axes:
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter(_Bare(axis.get_major_formatter(), self))
                axis.set_minor_formatter(_Bare(axis.get_minor_formatter(), self))

    def bare(self, text: str) -> str:
        """A text without marks, line by line."""
        return "\n".join(self._bare_line(line) for line in text.split("\n"))

    def whole(self, written: str) -> str:
        """What is written in a drawing, with its marks."""
        return escape(self._whole.get(unescape(written), unescape(written)), quote=False)

    def plain(self, written: str) -> str:
        """A text as it really is, line by line."""
        return "\n".join(self._whole.get(line, line) for line in written.split("\n"))

    def _bare_line(self, line: str) -> str:
        bare = without_marks(line)
        while self._whole.setdefault(bare, line) != line:
            bare += UNSEEN
        return bare


class _Bare(Formatter):
    """Labels of ticks as another formatter writes them, without their marks."""

    def __init__(self, inner: Formatter, lines: _Lines) -> None:
        self._inner, self._lines = inner, lines

    def __call__(self, x: float, pos: int | None = None) -> str:
        return self._lines.bare(self._inner(x, pos))

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        return [self._lines.bare(label) for label in self._inner.format_ticks(list(values))]

    def get_offset(self) -> str:
        return self._lines.bare(self._inner.get_offset())

    def set_locs(self, locs: list[float]) -> None:
        self._inner.set_locs(locs)


def without_marks(line: str) -> str:
    """A line as its letters alone.

    Examples
    --------
    >>> without_marks("élan 12"), len("కొనుగోలు"), len(without_marks("కొనుగోలు"))
    ('élan 12', 8, 4)
    """
    if line.isascii():
        return line
    kept = []
    joined = False
    for letter in line:
        mark = unicodedata.category(letter) in MARKS
        if not mark and not joined:
            kept.append(letter)
        joined = unicodedata.combining(letter) == JOINS
    return "".join(kept)
