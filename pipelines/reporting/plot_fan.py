"""Plot of a total week by week after the cut-off, with its bands, and below it what the width of these is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, cast

import numpy as np
import pandas as pd

from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.intervals import BANDS, LEVELS, quantile_name

from .plot_choice import by_length, one_of, quantity_of
from .plot_style import (
    BLUE,
    FAINT,
    INK,
    LINE,
    POINTS,
    SMALL,
    SOFT,
    WIDE_ENOUGH,
    bands,
    canvas,
    dates,
    headroom,
    inches,
    legend,
    short_numbers,
    titled,
)
from .wording import day, percent, short, span

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WHEN: Final = "week_end"
PATH: Final = (WHEN, "mean", *map(quantile_name, LEVELS))
PARTS: Final = ("quantity", "horizon", "part", "share", "width")
QUANTITIES: Final = ("purchases", "spend", "value")
FILLS: Final = ((BLUE, "white"), (FAINT, INK), ("#e69f00", INK))
"""Colours of parts, in the order of the table, and of what is written on them; in grey dark, light and between."""
EDGE: Final = 0.06
"""Room above the highest mark, as a share of it."""
HEADING: Final = 30.0
"""Points between what is above the panel of parts and its bars, for its heading."""
MADE_OF: Final = "The uncertainty by part (± with it alone)"
IN_A_SENTENCE: Final = {"parameters": "doubt about the parameters"}
BAR: Final = 13.0
"""Points of a bar with its room."""
FILLED: Final = 0.8
"""Height of a bar in its room."""
FITS: Final = 0.075
"""Least share of a part whose bar holds its number."""
MOST_BARS: Final = 4
"""Horizons that have a bar: those asked about, the longest among them."""


def plot_fan(
    path: pd.DataFrame,
    decomposition: pd.DataFrame | None = None,
    *,
    quantity: str = "purchases",
    horizon: str | None = None,
    cumulative: bool = True,
    currency: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw a total week by week after the cut-off with bands at 50, 80 and 90 %, and what its uncertainty is made of.

    Parameters
    ----------
    path : DataFrame
        As `forecast_by_week` makes it: one row a week, and quantity: week_end (its last day), mean, q05, q10, q25, q50,
        q75, q90, q95 and, if any of it has come, actual (missing where it has not).
    decomposition : DataFrame, optional
        One row a quantity, horizon and part: quantity, horizon, part ("parameters", "chance", "the model's past
        error"), share (of the variance of the total; those of a horizon sum to 1), width (of the 90 % interval with
        this part alone, from q05 to q95, in the mean). Its bars are drawn below, one a horizon.
    quantity : {"purchases", "spend", "value"}
    horizon : str, optional
        Of the decomposition; by default all, the longest last.
    cumulative : bool
        Whether `path` counts from the cut-off on, or each week by itself.
    currency : str
        In front of amounts.
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.

    Raises
    ------
    InputError
        A column is missing, `path` has no weeks, or no such quantity or horizon.
    """
    one_of(quantity, QUANTITIES, "quantity")
    if "quantity" in path:
        path = path[path["quantity"] == quantity]
    path = _checked(path, PATH, "path").sort_values(WHEN)
    parts = None if decomposition is None else _parts(decomposition, quantity, horizon)
    symbol = "" if quantity == "purchases" else currency
    own = ax is None
    with canvas(ax) as ax:
        bands(ax, path, BANDS)
        ax.plot(path[WHEN], path["mean"].astype(float), color=BLUE, label="expected")
        seen = _seen(path)
        if len(seen):
            ax.plot(seen[WHEN], seen["actual"].astype(float), color=INK, lw=1.2, marker="o", ms=3.0, label="actual")
        headroom(ax, EDGE)
        short_numbers(ax, "y", symbol)
        dates(ax)
        per = "since the cut-off" if cumulative else "per week"
        finding = fan_finding(path, parts, quantity, symbol, cumulative)
        titled(ax, finding, "week ending", f"{quantity} {per}{f' in {symbol}' if symbol else ''}")
        ends = legend(ax)
        if parts is not None:
            _draw_parts(ax, parts, ends, own)
    return ax


def fan_finding(path: pd.DataFrame, parts: pd.DataFrame | None, quantity: str, currency: str, cumulative: bool) -> str:
    """Say what is expected at the end, or how what came compares; and what most of the uncertainty is.

    Parameters
    ----------
    path, parts : DataFrame
        As of `plot_fan`; parts of the longest horizon last.
    quantity, currency : str
    cumulative : bool
    """
    seen = _seen(path)
    if len(seen):
        found = _came(seen, quantity, cumulative)
    else:
        last = path.iloc[-1]
        amount = (
            f"{short(last['q05'], currency)} to {short(last['q95'], currency)} {'of ' if currency else ''}{quantity}"
        )
        when = f"by {day(last[WHEN])}" if cumulative else f"in the week to {day(last[WHEN])}"
        found = f"{amount} expected {when} ({percent(BANDS[-1])} interval)"
    if parts is None:
        return found
    longest = parts[parts["horizon"] == parts["horizon"].iloc[-1]]
    most = longest.iloc[int(longest["share"].to_numpy().argmax())]
    return f"{found}; {percent(most['share'])} of the uncertainty is {IN_A_SENTENCE.get(most['part'], most['part'])}"


def _came(seen: pd.DataFrame, quantity: str, cumulative: bool) -> str:
    held = seen["actual"].between(seen["q05"], seen["q95"])
    band = f"the {percent(BANDS[-1])} band"
    if not cumulative:
        return f"{held.sum()} of {len(seen)} weeks lie within {band}"
    last = seen.iloc[-1]
    gap = float(last["actual"] / last["mean"] - 1.0)
    more = "more" if gap > 0.0 else "fewer" if quantity == "purchases" else "less"
    where = "within" if held.iloc[-1] else "outside"
    return f"By {day(last[WHEN])}: {percent(abs(gap), 1)} {more} {quantity} than expected, {where} {band}"


def _seen(path: pd.DataFrame) -> pd.DataFrame:
    return path[path["actual"].notna()] if "actual" in path else path.iloc[:0]


def _checked(table: pd.DataFrame, columns: Sequence[str], name: str) -> pd.DataFrame:
    missing = [column for column in columns if column not in table]
    if missing or table.empty:
        got = f"without {', '.join(missing)}" if missing else "no rows"
        raise InputError(f"{name}: expected a table with rows and the columns {', '.join(columns)}; got {got}.")
    return table


def _parts(decomposition: pd.DataFrame, quantity: str, horizon: str | None) -> pd.DataFrame:
    """Rows of the quantity by horizon, the longest last; if there are many, as many as there is room for."""
    rows = quantity_of(_checked(decomposition, PARTS, "decomposition"), quantity)
    horizons = by_length(rows["horizon"])
    if horizon is not None:
        horizons = [one_of(horizon, horizons, "horizon")]
    places = np.linspace(0, len(horizons) - 1, min(len(horizons), MOST_BARS)).round().astype(int)
    shown = [rows[rows["horizon"] == horizons[place]] for place in places]
    found: pd.DataFrame = pd.concat(shown, ignore_index=True)
    return found


def _draw_parts(ax: Axes, parts: pd.DataFrame, ends: float, own: bool) -> None:
    """Stacked bars of the shares below what is there already, which ends so many points below the axes."""
    from matplotlib.transforms import Bbox

    if not own and inches(ax) < WIDE_ENOUGH:  # room for the longest alone
        parts = parts[parts["horizon"] == parts["horizon"].iloc[-1]]
    horizons = list(dict.fromkeys(parts["horizon"]))
    names = list(dict.fromkeys(parts["part"]))
    height, down = BAR * len(horizons), ends + HEADING
    figure = cast("Figure", ax.get_figure(root=True))
    if own:  # the fan keeps its height
        figure.set_figheight(figure.get_figheight() + (HEADING + height + LINE * 2) / POINTS)

    def below(*_: object) -> Bbox:
        whole, box = POINTS * figure.get_figheight(), ax.get_position()
        return Bbox.from_bounds(box.x0, box.y0 - (down + height) / whole, box.width, height / whole)

    panel = ax.inset_axes((0.0, 0.0, 1.0, 1.0))
    panel.set_axes_locator(below)
    for place, name in enumerate(names):
        _draw_part(panel, parts, horizons, name, FILLS[place % len(FILLS)])
    panel.set_xlim(0.0, 1.0)
    panel.set_ylim(len(horizons) - 0.5, -0.5)
    panel.set_xticks([])
    panel.set_yticks(range(len(horizons)), [span(label) for label in horizons])
    panel.tick_params(length=0, colors=SOFT, labelsize=SMALL)
    panel.spines[:].set_visible(False)
    heading = panel.set_title(MADE_OF, loc="left", fontsize=SMALL, color=INK, fontweight="bold", pad=4.0)
    heading.set_in_layout(False)  # it would make the fan as wide as itself
    panel.legend(
        loc="upper left", bbox_to_anchor=(0.0, 0.0), ncols=1 if inches(ax) < WIDE_ENOUGH else len(names), frameon=False,
        labelcolor=INK, handlelength=1.0, columnspacing=1.4, borderaxespad=0.3, borderpad=0.0, fontsize=SMALL,
    )  # fmt: skip


def _draw_part(panel: Axes, parts: pd.DataFrame, horizons: list[str], name: str, fill: tuple[str, str]) -> None:
    """One part in the bars of all horizons, with its share where it fits."""
    colour, ink = fill
    places = range(len(horizons))
    shares = (
        parts.pivot_table(index="horizon", columns="part", values="share", sort=False).reindex(horizons).fillna(0.0)
    )
    start = shares.cumsum(axis=1)[name] - shares[name]
    width = parts.loc[(parts["part"] == name) & (parts["horizon"] == horizons[-1]), "width"]
    alone = f" ±{percent(float(width.iloc[0]) / 2.0)}" if len(width) else ""
    panel.barh(
        places, shares[name], FILLED, left=start, color=colour, edgecolor="white", lw=0.8, label=f"{name}{alone}"
    )
    for place, left, share in zip(places, start, shares[name], strict=True):
        if share >= FITS:
            panel.text(left + share / 2.0, place, percent(share), ha="center", va="center", color=ink,
                       fontsize=SMALL - 0.5, fontweight="bold")  # fmt: skip
