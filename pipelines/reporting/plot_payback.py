"""Plot of payback: what a new customer of each group has brought by month, and when that reaches its CAC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lifeworth.models.decisions.acquiring.payback import Payback
from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.rows import FloatArray

from .language import gettext as _
from .language import isolated, ngettext
from .plot_bids import LETTER, listed
from .plot_style import (
    FAINTEST_BAND,
    HANDLE,
    POINTS,
    SMALL,
    SOFT,
    canvas,
    inches,
    legend,
    look,
    short_numbers,
    titled,
)
from .wording import FRACTION, count, decimal, money, percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

STEPS: Final = (1, 2, 3, 6, 12, 24, 60)
"""Months between numbers of the axis: …"""
MOST_NUMBERS: Final = 9
"""… the shortest that makes no more numbers than this."""
LINES: Final = 25.0
"""Points of two lines of text and a gap."""
MARGINS: Final = 1.5
"""Inches above and below axes that are laid out: title, numbers, legend."""
TALL: Final = 0.77
"""Share of the figure's height that matplotlib gives to axes before it lays them out."""
THIN: Final = 1.0
YEAR: Final = "p_payback_12m"
EXACT_BELOW: Final = 10.0
"""Months below which a tenth is told."""
ROOM: Final = 0.06
"""Room above what is drawn, as a share of it."""
SURE: Final = 5.0
"""Width of the interval of the month of payback, in points."""


def plot_payback(payback: Payback, *, ax: Axes | None = None) -> Axes:
    """Draw cumulative contribution by month since acquisition with its band, the CAC, and the month of payback.

    One curve a group, with the 90 % credible band of its mean. A thin line stands at its CAC until the curve has
    reached it; a mark is at the middle of the months in which it does, in a bar that holds 90 % of them.

    Parameters
    ----------
    payback : Payback
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.

    Raises
    ------
    InputError
        `payback` is something else.
    """
    if not isinstance(payback, Payback):
        raise InputError(f"payback: expected the result of payback(valuation), got {type(payback).__name__}.")
    name = payback.summary.columns[0]
    groups = {row[name]: row for row in payback.summary.to_dict("records")}
    curves = {label: payback.frame[payback.frame[name] == label] for label in groups}
    with canvas(ax) as ax:
        for number, (label, curve) in enumerate(curves.items()):
            _curve(ax, curve, groups[label], look(number))
        _limits(ax, payback.frame, payback.summary)
        _names(ax, curves, groups)
        _explained(ax)
        short_numbers(ax, "y", payback.currency)
        so_far = _("contribution so far, mean in {currency}") if payback.currency else _("contribution so far, mean")
        below = _("months since the first order")
        titled(ax, payback_finding(payback), below, so_far.format(currency=payback.currency))
        legend(ax, handle=HANDLE)
    return ax


def payback_finding(payback: Payback) -> str:
    """Say when the CAC is earned back, by the middle of the draws, soonest and latest group first and last."""
    rows = payback.summary.sort_values("payback_q50", kind="stable")
    name, months = str(rows.columns[0]), int(payback.frame["month"].max())
    reached = rows[np.isfinite(rows["payback_q50"])]
    never = rows[~np.isfinite(rows["payback_q50"])]
    if len(rows) == 1:
        return _alone(rows.iloc[0], months, payback.currency)
    if reached.empty:
        return ngettext(
            "No group earns its CAC back within {months} month", "No group earns its CAC back within {months} months",
            months,
        ).format(months=count(months))  # fmt: skip
    first, last = reached.iloc[0], reached.iloc[-1]
    if len(reached) > 1:
        found = _("CAC is back in {first} {when_first}, in {last} {when_last}")
    else:
        found = _("CAC is back in {first} {when_first}")
    said = found.format(
        first=isolated(str(first[name])), when_first=_when(first, months),
        last=isolated(str(last[name])), when_last=_when(last, months),
    )  # fmt: skip
    if not len(never):
        return said
    return ngettext(
        "{said}; not within {months} month in {groups}", "{said}; not within {months} months in {groups}", months
    ).format(said=said, months=count(months), groups=listed(never[name]))


def _alone(row: pd.Series[Any], months: int, currency: str) -> str:
    """What is said of all customers together."""
    cac = money(row["cac"], currency)
    if not np.isfinite(row["payback_q50"]):
        return ngettext(
            "A CAC of {cac} is not earned back within {months} month",
            "A CAC of {cac} is not earned back within {months} months",
            months,
        ).format(cac=cac, months=count(months))
    if YEAR not in row:
        return _("A CAC of {cac} is earned back {when}").format(cac=cac, when=_when(row, months))
    return _("A CAC of {cac} is earned back {when}, within a year with {share} probability").format(
        cac=cac, when=_when(row, months), share=percent(row[YEAR])
    )


def _curve(ax: Axes, curve: pd.DataFrame, group: dict[Any, Any], style: dict[str, Any]) -> None:
    """Draw the curve of one group, its band, its CAC, and where they meet."""
    colour, months = style["color"], float(curve["month"].max())
    ax.fill_between(curve["month"], curve["cumulative_q05"], curve["cumulative_q95"], color=colour, alpha=FAINTEST_BAND,
                    lw=0)  # fmt: skip
    ax.plot(curve["month"], curve["cumulative_mean"], color=colour, ls=style["ls"])
    low, middle, high = (float(group[f"payback_{end}"]) for end in ("q05", "q50", "q95"))
    ax.hlines(group["cac"], 0.0, min(middle, months), color=colour, lw=THIN, zorder=1.5)
    if low < months:
        ax.hlines(group["cac"], low, min(high, months), color=colour, lw=SURE, alpha=0.45, zorder=2.5)
    if middle < np.inf:
        ax.plot(middle, group["cac"], color=colour, marker=style["marker"], ms=8, mec="white", mew=1.0, zorder=4)


def _limits(ax: Axes, frame: pd.DataFrame, summary: pd.DataFrame) -> None:
    """From nothing to the highest mark; whole months in round steps."""
    months = int(frame["month"].max())
    high = max(float(frame["cumulative_q95"].max()), float(summary["cac"].max()))
    low = min(float(frame["cumulative_q05"].min()), 0.0)
    ax.set_ylim(low, high + ROOM * (high - low))
    step = next((step for step in STEPS if months / step <= MOST_NUMBERS), STEPS[-1])
    ax.set_xticks(np.arange(0, months + 1, step))
    ax.xaxis.set_major_formatter(lambda month, _place: count(month))
    ax.set_xlim(0.0, months)


def _names(ax: Axes, curves: dict[Any, pd.DataFrame], groups: dict[Any, dict[Any, Any]]) -> None:
    """Write the name of each curve and its month of payback beside its end, none upon another."""
    months = float(ax.get_xlim()[1])
    alone = len(curves) == 1
    said = [
        f"{_('CAC is back') if alone else isolated(str(label))}\n{_soon(groups[label]['payback_q50'], int(months))}"
        for label in curves
    ]
    wide = LETTER * max(len(line) for text in said for line in text.split("\n"))
    ax.set_xlim(0.0, months / (1.0 - min(wide / (POINTS * inches(ax)), 0.5)))
    ends = np.array([float(curve["cumulative_mean"].iloc[-1]) for curve in curves.values()])
    low, high = ax.get_ylim()
    unit = (high - low) / (POINTS * _height(ax))
    places = spread(ends, LINES * unit, low + LINES * unit / 2.0, high - LINES * unit / 2.0)
    for number, (text, y) in enumerate(zip(said, places, strict=True)):
        ax.annotate(
            text, (months, y), xytext=(5, 0), textcoords="offset points", va="center", color=look(number)["color"],
            fontsize=SMALL, fontweight="bold", linespacing=1.1,
        )  # fmt: skip


def spread(wanted: FloatArray, apart: float, low: float, high: float) -> FloatArray:
    """Places near those wanted, at least so far apart, between two ends as far as there is room.

    Examples
    --------
    >>> spread(np.array([5.0, 5.5, 1.0]), 1.0, 0.0, 6.0).tolist()
    [5.0, 6.0, 1.0]
    """
    order = np.argsort(wanted, kind="stable")
    places = np.clip(wanted[order], low, high)
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + apart)
    places[-1] = min(places[-1], high)
    for i in range(len(places) - 2, -1, -1):
        places[i] = min(places[i], places[i + 1] - apart)
    return places[np.argsort(order, kind="stable")]


def _height(ax: Axes) -> float:
    """Height of axes once laid out, in inches."""
    figure = ax.get_figure(root=True)
    assert figure is not None  # they were made for one
    return max(ax.get_position().height / TALL * figure.get_figheight() - MARGINS, 1.0)


def _explained(ax: Axes) -> None:
    """Entries of the legend: what marks mean, of whatever group."""
    ax.fill_between([], [], [], color=SOFT, alpha=2.0 * FAINTEST_BAND, lw=0, label=_("90 % credible"))
    ax.plot([], [], color=SOFT, lw=THIN, label=_("CAC"))
    ax.plot(
        [], [], color=SOFT, lw=SURE, alpha=0.6, marker="o", ms=7, mec="white",
        label=_("month of payback, 90 % credible"),
    )  # fmt: skip


def _soon(month: float, months: int) -> str:
    """Write a month of payback short."""
    if not np.isfinite(month):
        return _("not in {months}").format(months=count(months))
    return _months(month)


def _when(row: pd.Series[Any], months: int) -> str:
    """Write a month of payback with its interval."""
    if float(row["payback_q95"]) <= 1.0:
        return _("within a month")
    low, middle, high = (float(row[f"payback_{end}"]) for end in ("q05", "q50", "q95"))
    last = _number(high) if np.isfinite(high) else _("more than {months}").format(months=count(months))
    return _("after {months} ({low} to {high})").format(months=_months(middle), low=_number(low), high=last)


def _months(month: float) -> str:
    if month < 1.0:
        return _("< {number} month").format(number=count(1))
    number = FRACTION if month < EXACT_BELOW else round(month)
    return ngettext("{number} month", "{number} months", number).format(number=_number(month))


def _number(month: float) -> str:
    if month < 1.0:
        return f"< {count(1)}"
    return decimal(month, 1 if month < EXACT_BELOW else 0)
