"""One look for every plot: plain axes, titles that say the finding, colours that the colour-blind can tell apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

import pandas as pd

from lifeworth.models.ground.intervals import quantile_name

from .language import gettext as _
from .language import locale
from .wording import NO_BREAK, count, in_a_row, percent, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

INK: Final = "#1b1f24"
"""What came, and all text that matters."""
SOFT: Final = "#5c6570"
"""Text beside it."""
FAINT: Final = "#dfe3e8"
"""Lines of the grid."""
BLUE: Final = "#0072b2"
"""What the model says. This and the next two are of the palette of Okabe & Ito (2008), "Color Universal Design"."""
ORANGE: Final = "#d55e00"
"""A limit, a cost, a miss."""
SKY: Final = "#56b4e9"
FAR: Final = "#a4acb5"
"""What is only there for comparison."""
LOOKS: Final = (
    {"color": BLUE, "ls": "-", "marker": "o"},
    {"color": "#e69f00", "ls": "--", "marker": "s"},
    {"color": "#009e73", "ls": "-.", "marker": "^"},
    {"color": "#cc79a7", "ls": ":", "marker": "D"},
)
"""Several models in one plot: colours of Okabe & Ito; in grey, dashes and marks tell them apart."""
DASHED: Final[Any] = (0, (4, 2))
HANDLE: Final = 2.6
"""Letters of a line in a legend that must show its dashes."""

FAINTEST_BAND: Final = 0.14
"""Opacity of one band; three on top of each other grow darker inwards."""

SIZE: Final = (7.2, 4.2)
"""Inches of a plot that is given no axes."""

UNTOUCHED: Final = 0.775
"""Share of the figure that matplotlib gives to axes before it lays them out."""
MARGIN: Final = 0.72
"""Inches beside axes that are laid out: numbers and name of the y axis."""
TICK_PAD: Final = 0.15
"""Inches between names and axis, and before them."""
WIDE_ENOUGH: Final = 5.0
"""Inches from which a legend has one line."""
ROUND_STEPS: Final = (1, 2, 2.5, 5, 10)
POINTS: Final = 72.0  # to the inch
BELOW: Final = 40.0
"""How far below the axes a legend begins, in points: below the name of the x axis."""
LINE: Final = 12.0  # points of a line of labels

SMALL: Final = 9.0
"""Points of text in a plot: legends, labels of lines."""

STYLE: Final[dict[str, Any]] = {
    "font.family": "sans-serif",
    "font.size": 10.0,
    "axes.titlesize": 12.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 12.0,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT,
    "axes.labelsize": 9.5,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
    "legend.fontsize": SMALL,
    "lines.linewidth": 1.8,
    "svg.hashsalt": "lifeworth",
    "text.parse_math": False,  # a dollar sign is a dollar sign
}


@contextmanager
def canvas(ax: Axes | None) -> Iterator[Axes]:
    """Axes to draw on in the style of lifeworth: those given, or new ones of pyplot's."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE):  # type: ignore[arg-type]  # keys typed as literals
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots(figsize=SIZE, layout="constrained")[1]
        interactive = mpl.is_interactive()  # switched on by a backend that was loaded just now, as in a notebook
        _plain(ax)
        yield ax
    mpl.interactive(interactive)


def _plain(ax: Axes) -> None:
    """Left and bottom alone, a faint grid across."""
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set_color(SOFT)
    ax.grid(visible=True, axis="y", color=FAINT, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.tick_params(length=0, colors=SOFT, labelsize=STYLE["xtick.labelsize"])
    ax.tick_params(axis="x", length=3)
    ax.margins(x=0.01)


def titled(ax: Axes, title: str, x: str = "", y: str = "") -> None:
    """Write the finding above the axes, wrapped to their width, and name both axes with their units."""
    words = {"parse_math": False, "color": INK, "fontsize": STYLE["axes.titlesize"], "fontweight": "bold"}
    _wrap(ax, ax.set_title(title, loc="left", pad=STYLE["axes.titlepad"], **words))
    words = {"parse_math": False, "color": SOFT, "fontsize": STYLE["axes.labelsize"]}
    _wrap(ax, ax.set_xlabel(x, **words))
    ax.set_ylabel(y, **words)


def _wrap(ax: Axes, text: Text) -> None:
    """Break a text into lines as wide as the axes, as drawn; but not between a number and its sign."""
    figure = ax.get_figure(root=True)
    room = inches(ax) * (POINTS if figure is None else figure.dpi)
    lines = [""]
    for word in text.get_text().replace(" %", f"{NO_BREAK}%").split(" "):
        longer = f"{lines[-1]} {word}".lstrip()
        text.set_text(longer)
        if lines[-1] and text.get_window_extent().width > room:
            lines.append(word)
        else:
            lines[-1] = longer
    text.set_text("\n".join(lines))


def look(place: int) -> dict[str, Any]:
    """Colour, dashes and mark of the model at a place in the order of models; after four, dashes go on with others."""
    count = len(LOOKS)
    return LOOKS[place % count] | {"ls": LOOKS[(place + place // count) % count]["ls"]}


def bands(ax: Axes, frame: pd.DataFrame, levels: tuple[float, ...], prefix: str = "") -> None:
    """Fill bands around a forecast by week, darker inwards, from its quantiles (columns q05 and so on)."""
    for level in levels:
        low, high = (frame[f"{prefix}{quantile_name(0.5 + sign * level / 2.0)}"].astype(float) for sign in (-1, 1))
        label = _of_outcomes(levels) if level == levels[-1] else None
        ax.fill_between(frame["week_end"], low, high, color=BLUE, alpha=FAINTEST_BAND, lw=0, label=label)


def _of_outcomes(levels: tuple[float, ...]) -> str:
    return _("{levels} % of outcomes").format(levels=in_a_row([count(100.0 * level) for level in levels]))


def legend(ax: Axes, lines: int = 1, *, handle: float = 1.6) -> float:
    """Add a legend below the axes, as many entries to a line as fit.

    `lines` of labels are below each tick; `handle` is the length of a line in it, in letters. Returns how far below
    the axes it ends, in points.
    """
    from matplotlib.transforms import ScaledTranslation

    figure = cast("Figure", ax.get_figure(root=True))
    handles, labels = ax.get_legend_handles_labels()
    down = BELOW + LINE * (lines + ax.get_xlabel().count("\n") - 1)
    place = ax.transAxes + ScaledTranslation(0.0, -down / POINTS, figure.dpi_scale_trans)
    # what is wider than the axes before they are laid out makes them narrower
    room = min(inches(ax), ax.get_position().width * figure.get_figwidth()) * figure.dpi
    for columns in range(len(labels), 0, -1):
        made = ax.legend(
            handles, labels, loc="upper left", bbox_to_anchor=(0.0, 0.0), bbox_transform=place, ncols=columns,
            frameon=False, labelcolor=INK, handlelength=handle, columnspacing=1.4, borderaxespad=0.0, borderpad=0.0,
        )  # fmt: skip
        size = made.get_window_extent()
        if size.width <= room:
            break
    return down + POINTS * size.height / figure.dpi


def headroom(ax: Axes, share: float) -> None:
    """Start the y axis at 0 and leave a share of it free above the highest mark."""
    ax.set_ylim(0.0, ax.dataLim.ymax * (1.0 + share))


def short_numbers(ax: Axes, axis: str, currency: str = "") -> None:
    """Write the numbers of an axis short: 12k, $1.2M; few of them where there is little room."""
    from matplotlib.ticker import MaxNLocator

    if axis == "x" and ax.get_xscale() == "linear":
        ax.xaxis.set_major_locator(MaxNLocator(4 if inches(ax) < WIDE_ENOUGH else 7, steps=ROUND_STEPS))
    getattr(ax, f"{axis}axis").set_major_formatter(lambda value, _: short(value, currency))


def inches(ax: Axes) -> float:
    """Width of axes once laid out."""
    figure = ax.get_figure(root=True)
    share = ax.get_position().width / UNTOUCHED
    return share * (SIZE[0] if figure is None else figure.get_figwidth()) - max(MARGIN, _names(ax))


def _names(ax: Axes) -> float:
    """Inches of names beside the y axis; 0 where it has numbers."""
    from matplotlib.ticker import FixedLocator

    figure = ax.get_figure(root=True)
    if figure is None or not isinstance(ax.yaxis.get_major_locator(), FixedLocator):
        return 0.0
    widths = [label.get_window_extent().width for label in ax.get_yticklabels()]
    return max(widths, default=0.0) / figure.dpi + TICK_PAD


def percentages(ax: Axes, axis: str) -> None:
    """Write the numbers of an axis as percentages; few of them where there is little room."""
    from matplotlib.ticker import MaxNLocator

    if axis == "x" and inches(ax) < WIDE_ENOUGH:
        ax.xaxis.set_major_locator(MaxNLocator(5, steps=ROUND_STEPS))
    getattr(ax, f"{axis}axis").set_major_formatter(lambda value, _: _share(value))


def _share(value: float) -> str:
    """A share as few digits as it needs."""
    needed = f"{100.0 * value:.3g}"
    return f"{needed} %" if locale() is None else percent(value, len(needed.partition(".")[2]))


def dates(ax: Axes) -> None:
    """Write dates of the x axis as short as they can be."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    from .plot_dates import SpokenDates

    spoken = locale()
    locator = AutoDateLocator(minticks=3, maxticks=8)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator) if spoken is None else SpokenDates(locator, spoken))


def beside(ax: Axes, x: float, text: str, colour: str, *, height: float, right: bool | None = None) -> None:
    """Write beside a vertical line, by default where there is room; `height` is a share of that of the axes."""
    if right is None:
        right = x < sum(ax.get_xlim()) / 2.0
    ax.annotate(
        text, (x, height), xycoords=("data", "axes fraction"), xytext=(5 if right else -5, 0),
        textcoords="offset points", ha="left" if right else "right", va="center", color=colour,
        fontsize=SMALL, fontweight="bold",
    )  # fmt: skip
