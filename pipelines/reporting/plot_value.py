"""Plots of a total as simulated futures have it, and of how value differs between customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.rows import FloatArray
from lifeworth.models.prediction.forecast import Outlook
from lifeworth.models.valuation.value import Valuation

from . import findings
from .concentration import TOPS, Concentration, customer_values, place_of
from .language import gettext as _
from .language import marked
from .plot_style import (
    BLUE,
    DASHED,
    FAINT,
    FAINTEST_BAND,
    INK,
    ORANGE,
    POINTS,
    SKY,
    SMALL,
    SOFT,
    beside,
    canvas,
    headroom,
    inches,
    percentages,
    short_numbers,
    titled,
)
from .wording import money, percent, short, span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS: Final = 40
ENDS: Final = (0.001, 0.999)
"""Quantiles of the customers between which a distribution is drawn; beyond them are too few to see."""
TAIL: Final = 0.995
"""Quantile of the simulated futures at which the axis of a total ends …"""
LONG: Final = 0.5
"""… where what is beyond would lengthen it by more than this share."""
QUANTITIES: Final = {
    "purchases": "purchases",
    "spend": "spend",
    "value": "value",
}
OF_ALL: Final = {
    "purchases": marked("purchases of all customers in {span}"),
    "spend": marked("spend of all customers in {span}"),
    "value": marked("value of all customers in {span}"),
}
CURVE_POINTS: Final = 201
TOP: Final = 0.18
"""Room above what is drawn, as a share of it, for what is written there."""
FIRST_LINE: Final = 0.96
SECOND_LINE: Final = 0.88
"""Heights of what is written there, …"""
MIDDLE: Final = 0.5
"""… and of what is written in the middle."""
ASIDE: Final = 0.02
"""From a line to a text that must not touch it, as a share of the axis."""
FREE: Final = 0.68
"""Where the line of equal customers is named: to the right of the names of the tops."""


def plot_total(
    outlook: Outlook,
    quantity: str | None = None,
    horizon: str | None = None,
    *,
    actual: float | None = None,
    currency: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the predictive distribution of a total, its 90 % interval, and what came.

    Parameters
    ----------
    outlook : Forecast or Valuation
    quantity : {"purchases", "spend", "value"}, optional
        By default the first that there is.
    horizon : str, optional
        One of the horizons of `outlook`; by default the first.
    actual : float, optional
        What came.
    currency : str, optional
        In front of amounts; a valuation knows its own.
    ax : matplotlib Axes, optional

    Raises
    ------
    InputError
        No such quantity or horizon.
    """
    name = next(iter(outlook.draws)) if quantity is None else quantity
    if name not in outlook.draws:
        raise InputError(f"quantity: expected one of {', '.join(outlook.draws)}; got {quantity!r}.")
    place = place_of(outlook, horizon)
    label, draws = outlook.horizons[place].label, outlook.draws[name][place]
    symbol = "" if name == "purchases" else _currency(outlook, currency)
    low, high = np.quantile(draws, [0.05, 0.95], method="inverted_cdf").tolist()
    with canvas(ax) as ax:
        drawn = _drawn_of(ax, draws, symbol)
        _histogram(ax, draws, np.histogram_bin_edges(drawn, BINS), lambda edge: (edge >= low) & (edge <= high))
        mean = float(outlook.total[f"{name}_mean"].iloc[place])
        headroom(ax, TOP)
        marks: list[tuple[float, str, str, Any, float]] = [
            (mean, _("expected {amount}").format(amount=short(mean, symbol)), INK, DASHED, FIRST_LINE)
        ]
        if actual is not None:
            marks.append((actual, _("actual {amount}").format(amount=short(actual, symbol)), ORANGE, "-", SECOND_LINE))
        for x, _text, colour, dashes, _height in marks:
            ax.axvline(x, color=colour, lw=1.8, ls=dashes)
        for x, text, colour, _dashes, height in marks:
            beside(ax, x, text, colour, height=height)
        short_numbers(ax, "x", symbol)
        percentages(ax, "y")
        finding = findings.total_finding(QUANTITIES[name], label, (low, high), actual, symbol)
        below = _(OF_ALL[name]).format(span=span(label))
        titled(ax, finding, below, _("share of simulated futures"))
    return ax


def plot_value_distribution(valuation: Valuation, horizon: str | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw how the expected residual value differs between customers, on a logarithmic axis.

    Parameters
    ----------
    valuation : Valuation
    horizon : str, optional
        By default the first.
    ax : matplotlib Axes, optional

    Raises
    ------
    InputError
        No such horizon, or customers were not kept.
    """
    values = customer_values(valuation, horizon)
    label = valuation.horizons[place_of(valuation, horizon)].label
    symbol = valuation.economics.currency
    low, high = np.quantile(values, ENDS)
    logarithmic = bool(low > 0.0 and high > low)
    with canvas(ax) as ax:
        edges = np.geomspace(low, high, BINS + 1) if logarithmic else np.histogram_bin_edges(values, BINS, (low, high))
        _histogram(ax, values, edges, lambda edge: np.ones(len(edge), dtype=bool))
        if logarithmic:
            ax.set_xscale("log")
        short_numbers(ax, "x", symbol)
        percentages(ax, "y")
        middle, mean = float(np.median(values)), float(values.mean())
        headroom(ax, TOP)
        marks = ((middle, _("median {amount}"), INK, DASHED), (mean, _("average {amount}"), ORANGE, "-"))
        for x, name, colour, dashes in marks:
            ax.axvline(x, color=colour, lw=1.8, ls=dashes)
            told = name.format(amount=money(x, symbol))
            beside(ax, x, told, colour, height=FIRST_LINE, right=x == max(middle, mean))
        finding = findings.value_finding(values, label, symbol)
        below = _("expected residual value of a customer, {span}").format(span=span(label))
        titled(ax, finding, below, _("share of customers"))
    return ax


def plot_concentration(valuation: Valuation, horizon: str | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw the share of the expected value that the most valuable customers hold (a Lorenz curve from the top).

    Parameters
    ----------
    valuation : Valuation
    horizon : str, optional
        By default the first.
    ax : matplotlib Axes, optional

    Raises
    ------
    InputError
        No such horizon, customers were not kept, or the base is worth nothing.
    """
    curve = Concentration.of(customer_values(valuation, horizon))
    label = valuation.horizons[place_of(valuation, horizon)].label
    with canvas(ax) as ax:
        ax.plot([0, 1], [0, 1], color=SOFT, lw=1.0, ls=DASHED)
        ax.annotate(
            _("all alike"), (FREE, FREE), xytext=(4, -10), textcoords="offset points", color=SOFT, fontsize=SMALL
        )
        x = np.linspace(0.0, 1.0, CURVE_POINTS) ** 2  # closer where the curve is steep
        y = np.interp(x, curve.customers, curve.value)
        ax.fill_between(x, x, y, color=BLUE, alpha=FAINTEST_BAND, lw=0)
        ax.plot(x, y, color=BLUE)
        for top in TOPS:
            held = curve.held_by(top)
            ax.plot([top, top, 0], [0, held, held], color=FAINT, lw=1.0, zorder=0.5)
            ax.plot(top, held, marker="o", ms=6, color=INK)
            told = _("top {share}: {held}").format(share=percent(top), held=percent(held))
            _name_top(ax, told, top, held)
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1.02)
        percentages(ax, "x")
        percentages(ax, "y")
        finding = findings.concentration_finding(curve, TOPS[1])
        beside_axis = _("share of expected value, {span}").format(span=span(label))
        titled(ax, finding, _("share of customers, the most valuable first"), beside_axis)
    return ax


def _name_top(ax: Axes, told: str, top: float, held: float) -> None:
    """Write beside a point of the curve; where the straight line would cross that, beyond the line."""
    words: dict[str, Any] = {"color": INK, "fontsize": SMALL, "fontweight": "bold", "va": "center"}
    text = ax.annotate(told, (top, held), xytext=(9, -4), textcoords="offset points", **words)
    figure = ax.get_figure(root=True)
    dpi = POINTS if figure is None else figure.dpi
    wide = (text.get_window_extent().width / dpi + 9.0 / POINTS) / inches(ax)
    if top + wide < held - ASIDE:
        return
    text.remove()
    line = {"arrowstyle": "-", "color": SOFT, "lw": 0.8, "shrinkA": 1.0, "shrinkB": 3.0}
    ax.annotate(told, (top, held), (held + 3.0 * ASIDE, max(held, 2.0 * ASIDE)), arrowprops=line, **words)


def _drawn_of(ax: Axes, draws: FloatArray, symbol: str) -> FloatArray:
    """The draws of a histogram: all, or those before a tail so long that it would squeeze them; then it is told."""
    low, end, most = (float(draws.min()), float(np.quantile(draws, TAIL)), float(draws.max()))
    if most - end <= LONG * (end - low):
        return draws
    beyond = float((draws > end).mean())
    told = _("{share} lie beyond, up to {most}").format(share=percent(beyond, 1), most=short(most, symbol))
    ax.annotate(told, (1.0, MIDDLE), xycoords="axes fraction", ha="right", va="center", color=SOFT, fontsize=SMALL)
    return np.asarray(draws[draws <= end])


def _histogram(ax: Axes, values: FloatArray, edges: FloatArray, inside: Any) -> None:
    """Bars of the shares of values, darker where `inside` says so of their middles."""
    heights = np.histogram(values, bins=edges)[0]
    colours = np.where(inside((edges[:-1] + edges[1:]) / 2.0), BLUE, SKY).tolist()
    shares = heights / len(values)
    ax.bar(edges[:-1], shares, np.diff(edges), align="edge", color=colours, edgecolor="white", lw=0.5)


def _currency(outlook: Outlook, currency: str | None) -> str:
    if currency is not None:
        return currency
    return outlook.economics.currency if isinstance(outlook, Valuation) else ""
