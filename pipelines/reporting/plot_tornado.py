"""Plot of scenarios: what each lever is worth in money, the one that moves value most on top."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, cast

import numpy as np
import pandas as pd

from lifeworth.models.decisions.scenarios.levers import percent, words
from lifeworth.models.decisions.scenarios.scenario_words import named
from lifeworth.models.decisions.scenarios.scenarios import INTERACTION, Elasticities, Tornado, WhatIf
from lifeworth.models.ground.errors import InputError

from .plot_style import (
    BLUE,
    FAINT,
    INK,
    POINTS,
    SIZE,
    SKY,
    SMALL,
    SOFT,
    canvas,
    inches,
    legend,
    short_numbers,
    titled,
)
from .wording import CENTS_BELOW, NO_BREAK, money, short, span

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

type Scenario = Tornado | Elasticities | WhatIf

BAR: Final = 0.46
"""Thickness of a bar, in rows; above it is the name, so that narrow axes lose no width to names."""
ROOM: Final = (0.85, 0.4)
"""Room above the first row and below the last, in rows."""
LETTER: Final = 5.4
"""Points of a letter of a label, to keep room for it."""
SMALLER: Final = SMALL - 1.0
"""Points of text at a bar: rows are close to each other."""
GAP: Final = 4.0
"""Points between a whisker and its label."""
MOST_ROOM: Final = 0.32
"""Share of the axes that labels take on one side, at most …"""
LEAST_ROOM: Final = 0.03
"""… and at least."""
ROW: Final = 0.42
"""Inches of a row in a figure of our own …"""
AROUND: Final = 1.7
"""… and of title, axis and legend."""


def plot_tornado(
    scenario: Scenario | Sequence[WhatIf], quantity: str = "residual_value", *, ax: Axes | None = None
) -> Axes:
    """Draw what each lever is worth, sorted, with 90 % credible intervals as whiskers.

    Parameters
    ----------
    scenario : Tornado, Elasticities, WhatIf, or sequence of WhatIf
        What `tornado`, `elasticities` or `what_if` returned. Of one what-if the changes alone and their interaction;
        of several, a bar each. Levers that do nothing to the quantity are left out.
    quantity : {"residual_value", "new_customer_value", "acquisition_npv"}
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.

    Raises
    ------
    InputError
        Something else, an unknown quantity, what-ifs of several horizons, or nothing that moves value.
    """
    scenarios = _checked(scenario, quantity)
    first, rows = scenarios[0], _rows(scenarios, quantity)
    names, own_figure = list(dict.fromkeys(rows["name"])), ax is None
    with canvas(ax) as ax:
        if own_figure:
            cast("Figure", ax.get_figure(root=True)).set_figheight(max(SIZE[1], AROUND + ROW * len(names)))
        _bars(ax, rows, names, _sides(rows, isinstance(first, WhatIf)))
        _names(ax, names)
        _labels(ax, rows, names, first.currency)
        short_numbers(ax, "x", first.currency)
        unit = f", in {first.currency}" if first.currency else ""
        below = f"difference of {named(quantity)} within {span(first.horizon)}{unit}"
        titled(ax, tornado_finding(rows, quantity, first.currency), below)
        legend(ax)
    return ax


def tornado_finding(rows: pd.DataFrame, quantity: str, currency: str) -> str:
    """Say what moves value most, and by how much.

    Parameters
    ----------
    rows : DataFrame
        One row a bar, the widest first: name, lever, change, mean, before (NaN where it is not one value).
    quantity, currency : str
    """
    levers = rows[rows["lever"] != INTERACTION]
    most = levers.iloc[int(levers["mean"].abs().to_numpy().argmax())]
    alike = levers[(levers["name"] == most["name"]) & (levers["change"] > 0.0)]
    best = alike.iloc[0] if len(alike) else most
    what = str(best["name"]) if best["change_named"] else f"{best['name']} {_percent(best['change'])}"
    amount, before = money(abs(best["mean"]), currency), f"{named(quantity)} of {money(best['before'], currency)}"
    moves = f"adds {amount} to" if best["mean"] > 0.0 else f"takes {amount} from"
    rest = ", more than any other" if len(levers["name"].unique()) > 1 else ""
    return f"{what[0].upper()}{what[1:]} {moves} {'an' if before[0] in 'aeiou' else 'a'} {before}{rest}"


def _checked(scenario: Scenario | Sequence[WhatIf], quantity: str) -> list[Scenario]:
    scenarios: list[Scenario] = list(scenario) if isinstance(scenario, Sequence) else [scenario]
    wanted = (Tornado, Elasticities, WhatIf) if len(scenarios) == 1 else WhatIf
    if not scenarios or not all(isinstance(one, wanted) for one in scenarios):
        raise InputError("scenario: expected what tornado, elasticities or what_if returned, or several what-ifs.")
    if len({one.horizon for one in scenarios}) > 1:
        raise InputError(
            f"scenario: expected what-ifs of one horizon, got {', '.join(one.horizon for one in scenarios)}."
        )
    known = scenarios[0].frame["quantity"].unique().tolist()
    if quantity not in known:
        raise InputError(f"quantity: expected one of {', '.join(known)}; got {quantity!r}.")
    return scenarios


def _rows(scenarios: list[Scenario], quantity: str) -> pd.DataFrame:
    """One row a bar: name, lever, change, before, mean, q05, q95; the widest names first."""
    frames = []
    for one in scenarios:
        frame = one.frame[one.frame["quantity"] == quantity]
        if isinstance(one, WhatIf):
            before = float(frame["before_mean"].iloc[0])
            if len(scenarios) > 1:
                frame = frame.assign(
                    name=_unbroken(one.changes.sentence()), lever="together", change=np.nan, change_named=True
                )
            else:
                frame = one.parts[one.parts["quantity"] == quantity]
                said = [_with_change(*each) for each in zip(frame["lever"], frame["change"], strict=True)]
                frame = frame.assign(name=said, change_named=True)
            frame = frame.assign(before=before)
        else:
            frame = frame.assign(
                name=[words(lever) for lever in frame["lever"]], before=frame["value_mean"], change_named=False
            )
        frames.append(frame)
    rows = pd.concat(frames, ignore_index=True).rename(columns=lambda name: str(name).removeprefix("difference_"))
    rows = rows[rows[["mean", "q05", "q95"]].abs().max(axis=1) > 0.0]
    if rows.empty:
        raise InputError(f"scenario: none of its changes moves the {named(quantity)}; choose another quantity.")
    widest = rows["mean"].abs().groupby(rows["name"]).transform("max")
    return rows.assign(widest=widest).sort_values("widest", ascending=False, kind="stable", ignore_index=True)


def _with_change(lever: str, change: float) -> str:
    return lever if lever == INTERACTION else f"{words(lever)} {_percent(change)}"


def _percent(change: float) -> str:
    return _unbroken(percent(change))


def _unbroken(text: str) -> str:
    return text.replace(" %", f"{NO_BREAK}%")


def _sides(rows: pd.DataFrame, what_if: bool) -> list[tuple[str, str, pd.Series]]:
    """Label, colour and rows of the bars of each kind: down and up, or what adds and what takes away."""
    if what_if:
        kinds = [("adds", BLUE, rows["mean"] >= 0.0), ("takes away", SKY, rows["mean"] < 0.0)]
    else:
        colour = {True: BLUE, False: SKY}
        kinds = [
            (f"lever {_percent(change)}", colour[change > 0.0], rows["change"] == change)
            for change in sorted(rows["change"].unique())
        ]
    return [(label, shade, some) for label, shade, some in kinds if some.any()]


def _bars(ax: Axes, rows: pd.DataFrame, names: list[str], sides: list[tuple[str, str, pd.Series]]) -> None:
    place = rows["name"].map({name: k for k, name in enumerate(names)})
    for label, colour, some in sides:
        ax.barh(place[some], rows.loc[some, "mean"], height=BAR, color=colour, label=label, zorder=2)
    ax.hlines(place, rows["q05"], rows["q95"], color=INK, lw=1.2, zorder=3, label="90 % credible interval")
    ax.axvline(0.0, color=SOFT, lw=1.0, zorder=4)


def _labels(ax: Axes, rows: pd.DataFrame, names: list[str], currency: str) -> None:
    """Write each amount outside its bar and whisker, and keep room for it."""
    said = [f"{'+' if mean > 0.0 else ''}{_amount(mean, currency)}" for mean in rows["mean"]]
    right = (rows["mean"] > 0.0).to_numpy()
    ends = np.where(right, rows["q95"], rows["q05"])
    low, high = min(0.0, float(rows["q05"].min())), max(0.0, float(rows["q95"].max()))
    width = POINTS * inches(ax)
    letters = [max((len(text) for text, up in zip(said, right, strict=True) if up is side), default=0)
               for side in (np.False_, np.True_)]  # fmt: skip
    left_room, right_room = (min((LETTER * n + GAP) / width, MOST_ROOM) if n else LEAST_ROOM for n in letters)
    whole = (high - low) / (1.0 - left_room - right_room)
    ax.set_xlim(low - left_room * whole, high + right_room * whole)
    for name, text, end, up in zip(rows["name"], said, ends, right, strict=True):
        ax.annotate(
            text, (end, names.index(name)), (GAP if up else -GAP, 0), textcoords="offset points", va="center",
            ha="left" if up else "right", fontsize=SMALLER, color=INK, parse_math=False,
        )  # fmt: skip


def _amount(value: float, currency: str) -> str:
    return money(value, currency) if abs(value) < CENTS_BELOW else short(value, currency)


def _names(ax: Axes, names: list[str]) -> None:
    """Lay out rows with their names above the bars, from the left edge."""
    ax.set_yticks([])
    ax.set_ylim(len(names) - 1 + ROOM[1], -ROOM[0])
    ax.grid(visible=True, axis="x", color=FAINT, linewidth=0.8)
    letters = int(POINTS * inches(ax) / LETTER)
    for place, name in enumerate(names):
        ax.annotate(
            name if len(name) <= letters else f"{name[: letters - 1]}…", (0.0, place - BAR / 2.0),
            xycoords=("axes fraction", "data"), xytext=(0.0, 1.0), textcoords="offset points", va="bottom",
            color=INK, fontsize=SMALLER, fontweight="bold", parse_math=False,
        )  # fmt: skip
