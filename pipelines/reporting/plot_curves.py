"""Plots of the curves of a customer just acquired: survival, first repeat purchase, repeat purchases; all modelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from lifeworth.models.ground.errors import InputError
from lifeworth.models.prediction.curves import REPEAT, REPEAT_PURCHASES, SURVIVAL

from .plot_style import FAINTEST_BAND, HANDLE, INK, canvas, headroom, legend, look, percentages, titled
from .wording import percent, span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_CURVES: Final = 6
"""More curves on one plot cannot be told apart."""
EDGE: Final = 0.06
"""Room above the highest mark, as a share of it."""
YEAR: Final = 12.0  # months
COLUMNS: Final = ("quantity", "age", "months", "mean", "q05", "q95", "kind")
YEARLY: Final = (12, 6, 3, 2, 1)
"""Months between ticks, the first that gives enough of them."""
TICKS: Final = 4


def plot_survival(curve: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the modelled probability that a customer just acquired is still alive, with its 90 % credible band.

    Parameters
    ----------
    curve : DataFrame
        From `survival_curve`, with or without groups.
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.

    Raises
    ------
    InputError
        Another frame, or more curves than can be told apart.
    """
    return _plot(curve, SURVIVAL, "still a customer (modelled)", None, ax)


def plot_repeat(
    curve: pd.DataFrame, observed: pd.DataFrame | None = None, *, quantity: str = REPEAT, ax: Axes | None = None
) -> Axes:
    """Draw the modelled probability of a repeat purchase by age, or the expected number of them, with its band.

    Parameters
    ----------
    curve : DataFrame
        From `repeat_curve`, with or without groups.
    observed : DataFrame, optional
        From `observed_repeat_curve` or `repeat_curve_of_summary`, beside a single curve of the probability.
    quantity : {"repeat", "repeat_purchases"}
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.

    Raises
    ------
    InputError
        Another frame or quantity, more curves than can be told apart, or an observed one beside several.
    """
    if quantity not in (REPEAT, REPEAT_PURCHASES):
        raise InputError(f"quantity: expected {REPEAT!r} or {REPEAT_PURCHASES!r}, got {quantity!r}.")
    if observed is not None and (quantity != REPEAT or _by(curve) is not None or _by(observed) is not None):
        raise InputError("observed: expected beside a single curve of the probability of a repeat purchase.")
    y = "with a repeat purchase" if quantity == REPEAT else "repeat purchases a customer"
    return _plot(curve, quantity, f"{y} (modelled)", observed, ax)


def curve_finding(curves: dict[str, pd.DataFrame], quantity: str) -> str:
    """Say where the curve is after a year, or at its end if that is sooner; of several, how far they are apart.

    Parameters
    ----------
    curves : dict of DataFrame
        By name, one row an age.
    quantity : str
    """
    first = next(iter(curves.values()))
    row = int((first["months"] - YEAR).abs().to_numpy().argmin())
    when = span(str(first["age"].iloc[row]))
    means = {name: float(table["mean"].iloc[row]) for name, table in curves.items()}
    said = {name: f"{mean:.2f}" if quantity == REPEAT_PURCHASES else percent(mean) for name, mean in means.items()}
    what = {
        SURVIVAL: "are modelled to be still alive",
        REPEAT: "are modelled to have bought again",
        REPEAT_PURCHASES: "repeat purchases are modelled for a customer",
    }[quantity]
    if len(curves) == 1:
        of = "" if quantity == REPEAT_PURCHASES else " of new customers"
        return f"{next(iter(said.values()))}{of} {what} after {when}"
    ordered = sorted(means, key=lambda name: means[name])
    low, high = ordered[0], ordered[-1]
    return f"From {said[low]} ({low}) to {said[high]} ({high}) {what} after {when}"


def _plot(curve: pd.DataFrame, quantity: str, y: str, observed: pd.DataFrame | None, ax: Axes | None) -> Axes:
    curves = _curves(curve, quantity)
    with canvas(ax) as ax:
        for place, (name, table) in enumerate(curves.items()):
            style = look(place)
            label = name or "modelled, 90 % credible"
            ax.fill_between(
                table["months"], table["q05"], table["q95"], color=style["color"], alpha=FAINTEST_BAND, lw=0
            )
            ax.plot(table["months"], table["mean"], color=style["color"], ls=style["ls"], label=label)
        if observed is not None:
            _seen(ax, observed)
        _limits(ax, curves, quantity)
        titled(ax, curve_finding(curves, quantity), "months since the first purchase", y)
        if len(curves) > 1 or observed is not None:
            legend(ax, handle=HANDLE)
    return ax


def _seen(ax: Axes, observed: pd.DataFrame) -> None:
    """What the summary tells, at some ages, with its error."""
    some = observed.iloc[:: max(1, len(observed) // 12)]
    ax.vlines(some["months"], some["q05"], some["q95"], color=INK, lw=1.2)
    ax.plot(some["months"], some["mean"], ls="", marker="o", ms=5, color=INK, label=str(observed["kind"].iloc[0]))


def _limits(ax: Axes, curves: dict[str, pd.DataFrame], quantity: str) -> None:
    last = max(float(table["months"].iloc[-1]) for table in curves.values())
    step = next((step for step in YEARLY if last / step >= TICKS), YEARLY[-1])
    ax.set_xticks([k * step for k in range(int(last / step) + 1)])
    ax.set_xlim(0.0, last)
    if quantity == SURVIVAL:
        ax.set_ylim(0.0, 1.0 + EDGE / 2.0)
    else:
        headroom(ax, EDGE)
    if quantity != REPEAT_PURCHASES:
        percentages(ax, "y")


def _curves(curve: pd.DataFrame, quantity: str) -> dict[str, pd.DataFrame]:
    """Curves by name; one without a name where there are no groups."""
    missing = [name for name in COLUMNS if name not in curve]
    if missing or quantity not in set(curve["quantity"]):
        raise InputError(
            f"curve: expected a frame of survival_curve or repeat_curve with quantity {quantity!r}; "
            f"got columns {list(curve.columns)}."
        )
    rows, by = curve[curve["quantity"] == quantity], _by(curve)
    if by is None:
        return {"": rows}
    found: dict[str, Any] = {str(label): table for label, table in rows.groupby(by, sort=False)}
    if len(found) > MOST_CURVES:
        raise InputError(f"curve: {len(found)} curves by {by!r}; expected at most {MOST_CURVES} on one plot.")
    return found


def _by(curve: pd.DataFrame) -> str | None:
    first = str(curve.columns[0])
    return None if first in COLUMNS else first
