"""Plots with a row a label: the first on top, its name above the marks, so that narrow axes lose no width to names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from .plot_style import FAINT, INK, SIZE, SMALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOVE: Final = 5.0
"""Points from a row to its name above it."""
ROW: Final = 0.36
"""Inches of a row in a figure of our own."""
AROUND: Final = 1.9
"""Inches of title, axis and legend in a figure of our own."""
ROOM: Final = (0.9, 0.5)
"""Room above the first row and below the last, in rows."""
LETTERS: Final = 34
"""Of a name; longer ones are cut."""


def label_rows(ax: Axes, names: Sequence[Any], beside: Sequence[str], *, own_figure: bool) -> None:
    """Lay out rows 0, 1, … with their names and what is said beside each; a figure of our own grows with the rows."""
    if own_figure:
        cast("Figure", ax.get_figure(root=True)).set_figheight(max(SIZE[1], AROUND + ROW * len(names)))
    ax.set_yticks(range(len(names)), [""] * len(names))
    ax.set_ylim(len(names) - 1 + ROOM[1], -ROOM[0])
    ax.grid(visible=True, axis="both", color=FAINT, linewidth=0.8)
    for place, (name, more) in enumerate(zip(names, beside, strict=True)):
        text = str(name)
        short = text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"
        ax.annotate(
            f"{short} · {more}", (0.0, place), xycoords=("axes fraction", "data"), xytext=(0.0, ABOVE),
            textcoords="offset points", va="bottom", color=INK, fontsize=SMALL - 0.5, parse_math=False,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.75}, zorder=1.2,
        )  # fmt: skip
