"""Plot of cohorts or groups: what was observed beside what is expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from lifeworth.models.decisions.customers.cohorts import COHORT, SEGMENT, Cohorts
from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.units import DAYS_PER_WEEK

from .labels import capital, in_unit, segment
from .language import gettext as _
from .language import isolated, marked, ngettext
from .plot_segments import name_rows, row_points, tall_axes
from .plot_style import BLUE, INK, SKY, canvas, legend, percentages, short_numbers, titled
from .wording import ahead, count, digits_of, money, percent, span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Measure = Literal["value", "aov", "active", "retention"]
EDGE: Final = 0.06
"""Room above the highest mark, as a share of it."""
BAR: Final = 14.0
"""Points of the mark of what is modelled; that of what was observed and intervals are in proportion."""
WHOLE: Final = 1.03
"""Where the axis of a share ends: a mark at 100 % is whole."""


@dataclass(frozen=True)
class _Look:
    """Columns of one measure, and what they are called."""

    observed: str | None
    modelled: str
    interval: str | None
    axis: str
    seen: str
    expected: str
    share: bool


MEASURES: Final[dict[str, _Look]] = {
    "value": _Look("historic_value_per_customer", "value_per_customer_mean", "value_per_customer",
                   marked("per customer"), marked("observed: contribution so far"),
                   marked("modelled: residual value ahead"), False),
    "aov": _Look("aov_observed", "aov_modelled", None, marked("mean amount of an order"),
                 marked("observed: orders so far"), marked("modelled: orders to come"), False),
    "active": _Look("active_observed", "p_active_modelled", None, marked("share of the customers"),
                    marked("observed: bought in the last {back}"), marked("modelled: buys in {ahead}"), True),
    "retention": _Look(None, "retention_modelled", "retention_modelled", marked("share of those alive now"),
                       "", marked("modelled: alive in 12 months"), True),
}  # fmt: skip
"""What can be drawn. Retention is never observed where customers leave without saying so."""


def plot_cohorts(cohorts: Cohorts, measure: Measure = "value", *, ax: Axes | None = None) -> Axes:
    """Draw one measure of each cohort, a row each: what was observed, and what is modelled with its interval, if any.

    Parameters
    ----------
    cohorts : Cohorts
    measure : {"value", "aov", "active", "retention"}
        Value so far and ahead per customer; mean amount of an order; share active; share alive in 12 months of those
        alive now. The interval of value is predictive, of the mean of these customers; that of retention credible.
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.

    Raises
    ------
    InputError
        No such measure.
    """
    if measure not in MEASURES:
        raise InputError(f"measure: expected one of {', '.join(MEASURES)}; got {measure!r}.")
    chosen, frame = MEASURES[measure], cohorts.frame
    place = np.arange(len(frame))
    with canvas(ax if ax is not None else tall_axes(len(frame))) as ax:
        size = row_points(ax, len(frame), BAR)
        if chosen.interval is not None:
            low, high = (frame[f"{chosen.interval}_{end}"] for end in ("q05", "q95"))
            label = _("90 % of outcomes") if measure == "value" else _("90 % credible")
            ax.hlines(place, low, high, color=SKY, lw=0.65 * size, alpha=0.55, label=label)
        ax.plot(frame[chosen.modelled], place, ls="", marker="|", ms=size, mew=2.4, color=BLUE,
                label=_(chosen.expected).format(ahead=ahead(cohorts.horizon)))  # fmt: skip
        if chosen.observed in frame:
            back = span(f"{cohorts.window / DAYS_PER_WEEK:.0f}W")
            ax.plot(frame[chosen.observed], place, ls="", marker="o", ms=0.47 * size, color=INK,
                    label=_(chosen.seen).format(back=back))  # fmt: skip
        name_rows(ax, _names(cohorts))
        _limits(ax, chosen.share)
        symbol = "" if chosen.share else cohorts.currency
        percentages(ax, "x") if chosen.share else short_numbers(ax, "x", symbol)
        titled(ax, cohorts_finding(cohorts, measure), in_unit(_(chosen.axis), symbol))
        legend(ax)
    return ax


def cohorts_finding(cohorts: Cohorts, measure: Measure) -> str:
    """Say which cohort is highest and lowest in what is modelled.

    Parameters
    ----------
    cohorts : Cohorts
    measure : {"value", "aov", "active", "retention"}
    """
    chosen, frame = MEASURES[measure], cohorts.frame.dropna(subset=[MEASURES[measure].modelled])
    what = {
        "value": _("expected residual value of a customer over {span}"),
        "aov": _("expected amount of an order"),
        "active": _("expected share that buys within {span}"),
        "retention": _("modelled retention over 12 months"),
    }[measure].format(span=span(cohorts.horizon))

    def said(row: pd.Series[Any]) -> str:
        found = float(row[chosen.modelled])
        return percent(found) if chosen.share else money(found, cohorts.currency)

    ordered = frame.sort_values(chosen.modelled, kind="stable")
    if ordered.empty:
        return _("No {quantity} is known").format(quantity=what)
    low, high = ordered.iloc[0], ordered.iloc[-1]
    if len(ordered) == 1:
        return _("{quantity}: {amount}").format(quantity=capital(what), amount=said(low))
    return _("{quantity}: from {low} ({lowest}) to {high} ({highest})").format(
        quantity=capital(what),
        low=said(low),
        lowest=cohort_label(cohorts, low[cohorts.by]),
        high=said(high),
        highest=cohort_label(cohorts, high[cohorts.by]),
    )


def cohort_label(cohorts: Cohorts, label: Any) -> str:
    """Write the label of a cohort: a period, a segment, or a value of an attribute as it is."""
    if cohorts.by == COHORT:
        return digits_of(str(label))
    return segment(label) if cohorts.by == SEGMENT else isolated(str(label))


def _names(cohorts: Cohorts) -> list[str]:
    """What stands above each row: the cohort and its customers."""
    rows = zip(cohorts.frame[cohorts.by], cohorts.frame["customers"], strict=True)
    return [_name(cohorts, label, size) for label, size in rows]


def _name(cohorts: Cohorts, label: Any, size: int) -> str:
    if cohorts.by == COHORT:
        found = ngettext(
            "first purchase {label} ({count} customer)", "first purchase {label} ({count} customers)", size
        )
    else:
        found = ngettext("{label} ({count} customer)", "{label} ({count} customers)", size)
    return found.format(label=cohort_label(cohorts, label), count=count(size))


def _limits(ax: Axes, share: bool) -> None:
    """From 0, or below it where something is, to the highest mark or to the whole."""
    low, high = min(ax.dataLim.xmin, 0.0), WHOLE if share else max(ax.dataLim.xmax, 0.0)
    room = EDGE * (high - low)
    ax.set_xlim(low - (room if low < 0.0 else 0.2 * room), high if share else high + room)
