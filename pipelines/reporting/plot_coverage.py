"""Plot of the share of outcomes that lay in their interval, by horizon: of customers, and of totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from lifeworth.models.ground.intervals import BANDS, quantile_name
from lifeworth.models.scoring.customers import PIT_BINS
from lifeworth.pipelines.backtesting.scorecard import Scorecard

from .language import gettext as _
from .language import marked
from .plot_choice import binomial_band, by_length, models_of, one_of, origins, quantity_of, table_of, windows_apart
from .plot_style import DASHED, FAR, HANDLE, SKY, SOFT, canvas, legend, look, percentages, titled
from .wording import NO_BREAK, digits_of, in_a_row, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Of = Literal["customers", "totals"]
Style = dict[str, Any]
HEADLINE: Final = BANDS[-1]
"""The interval that the title speaks of."""
HONEST, TEXTBOOK, NAIVE = "honest", "textbook", "seasonal naive"
KINDS: Final = (HONEST, TEXTBOOK, NAIVE)
"""Intervals of totals, as the scorecard calls them; the last is a rule and no model's."""
CLOSED, IN_PART = "ends included", "ends counted in part"
"""Intervals of customers."""
NAMES: Final = {
    HONEST: marked("honest"),
    TEXTBOOK: marked("textbook"),
    NAIVE: marked("seasonal naive"),
    CLOSED: marked("ends included"),
    IN_PART: marked("ends counted in part"),
}
"""Names of kinds in legends; models keep theirs."""
INSIDE: Final = {
    ("customers", "purchases"): marked("share of customers inside (purchases)"),
    ("customers", "spend"): marked("share of customers inside (spend)"),
    ("totals", "purchases"): marked("share of totals inside (purchases)"),
    ("totals", "spend"): marked("share of totals inside (spend)"),
}
ANY_HORIZON: Final = marked("horizon")
HORIZON_IN: Final = {
    "H": marked("horizon in hours"),
    "D": marked("horizon in days"),
    "W": marked("horizon in weeks"),
    "M": marked("horizon in months"),
    "Y": marked("horizon in years"),
}
HOLLOW: Final = {"mfc": "white", "mew": 1.4}
FEW: Final = 0.02
"""By how much fewer customers than promised an interval may hold before the title says too few."""
TOP: Final = 1.04
"""Where the axis of shares ends: a mark at 100 % is whole."""
BETWEEN: Final = 1
"""Room between two groups, in horizons."""
SPREAD: Final = 0.14
"""Between marks of two series at one horizon, so that equal ones are both seen."""
BELOW_TICKS: Final = 16.0
"""Points between the axis and the names of groups, below those of horizons."""


def plot_coverage(
    scorecard: Scorecard,
    quantity: str = "purchases",
    model: str | Sequence[str] | None = None,
    *,
    of: Of = "customers",
    ax: Axes | None = None,
) -> Axes:
    """Draw the share of outcomes inside their 50, 80 and 90 % interval by horizon, over all origins.

    Of customers, their own intervals. These hold more than they promise even if forecasts are right, as their ends are
    likely outcomes (nothing bought, one purchase); of one model alone the share with such outcomes counted in part,
    that of the randomised PIT, is beside it.

    Of totals, the honest intervals (with the model's past error), of one model alone beside those of the textbook
    (parameters and chance), and where the backtest has it the seasonal-naive rule. Bars show where chance leaves the
    share of totals nine times in ten if intervals are right; windows that overlap count once.

    Parameters
    ----------
    scorecard : Scorecard
    quantity : {"purchases", "spend"}
    model : str or sequence of str, optional
        By default all models.
    of : {"customers", "totals"}
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.

    Raises
    ------
    InputError
        No such quantity or model.
    """
    totals = one_of(of, ("customers", "totals"), "of") == "totals"
    rows = quantity_of(table_of(scorecard, "totals" if totals else "scores"), quantity)
    rows = rows if totals else rows[rows[f"coverage_{100.0 * HEADLINE:.0f}"].notna()]  # a plain rule has no intervals
    models = models_of(scorecard, rows, model)
    found = _of_totals(rows, models) if totals else _of_customers(rows, models, scorecard.pit)
    horizons = by_length(horizon for series in found for horizon in series.inside.index)
    finding = _finding_of_totals(found) if totals else _finding_of_customers(found, quantity)
    with canvas(ax) as ax:
        _promised(ax, len(horizons))
        if totals:
            _chance(ax, rows, horizons)
        for place, series in enumerate(found):
            series.draw(ax, horizons, SPREAD * (place - (len(found) - 1) / 2.0))
        unit = _ticks(ax, horizons)
        ax.set_ylim(0.0, TOP)
        percentages(ax, "y")
        titled(ax, finding, f"{unit}{_note(rows, models)}", _(INSIDE[of, quantity]))
        legend(ax, lines=2, handle=HANDLE)
    return ax


@dataclass(frozen=True, eq=False)
class Series:
    """Shares of outcomes inside, of one model and kind of interval.

    Attributes
    ----------
    model, kind : str
        The kind is one of `KINDS`, `CLOSED` or `IN_PART`.
    inside : DataFrame
        One row a horizon (index): the share in each of `BANDS` (columns), and `outcomes`, how many there were.
    label : str
        In the legend.
    style : dict
        Of its line and marks.
    """

    model: str
    kind: str
    inside: pd.DataFrame
    label: str
    style: dict[str, Any]

    def draw(self, ax: Axes, horizons: list[str], shift: float) -> None:
        """Draw a line over the horizons in each group, all with one entry in the legend."""
        place = np.array([horizons.index(horizon) for horizon in self.inside.index], dtype=float)
        for group, band in enumerate(BANDS):
            x = group * (len(horizons) + BETWEEN) + shift + place
            label = said(self.label) if band == HEADLINE else ""
            ax.plot(x, self.inside[band], lw=1.4, ms=6, label=label, **self.style)


def said(kind: str) -> str:
    """Name a kind of interval in the language spoken; the name of a model stays."""
    return _(NAMES[kind]) if kind in NAMES else kind


def _of_customers(rows: pd.DataFrame, models: Sequence[str], pit: pd.DataFrame) -> list[Series]:
    found = []
    for place, model in enumerate(models):
        of = rows[rows["model"] == model]
        held = {band: of[f"coverage_{100.0 * band:.0f}"] * of["customers"] for band in BANDS}
        found.append(
            _pooled(of, held, of["customers"], model, CLOSED, model if len(models) > 1 else CLOSED, look(place))
        )
    quantity = rows["quantity"].iloc[0]
    counted = pit[(pit["quantity"] == quantity) & (pit["model"] == models[0])]
    if len(models) == 1 and len(counted):
        middle = (counted["bin"] + 0.5) / PIT_BINS - 0.5
        held = {band: counted["customers"].where(middle.abs() < band / 2.0, 0) for band in BANDS}
        style = look(1) | HOLLOW
        found.append(_pooled(counted, held, counted["customers"], models[0], IN_PART, IN_PART, style))
    return found


def _of_totals(rows: pd.DataFrame, models: Sequence[str]) -> list[Series]:
    """Honest intervals of each model, those of the textbook of one model alone, and the rule."""
    found: list[Series] = []
    for kind in KINDS:
        of_kind = rows[rows["interval"] == kind]
        if kind == TEXTBOOK and len(models) > 1 and found:
            continue
        for place, model in enumerate(of_kind["model"].unique()[:1] if kind == NAIVE else models):
            of = of_kind[of_kind["model"] == model].drop_duplicates(["origin", "horizon"])
            if len(of):
                held = {band: _inside(of, band).astype(float) for band in BANDS}
                label = model if len(models) > 1 and kind != NAIVE else kind
                found.append(_pooled(of, held, pd.Series(1.0, of.index), model, kind, label, _style(kind, place)))
    return found


def _pooled(
    rows: pd.DataFrame,
    held: Mapping[float, pd.Series[Any]],
    outcomes: pd.Series[Any],
    model: str,
    kind: str,
    label: str,
    style: Style,
) -> Series:
    """All origins together: outcomes held and outcomes, both of each row, by horizon."""
    sums = outcomes.groupby(rows["horizon"]).sum()
    table = pd.DataFrame({band: inside.groupby(rows["horizon"]).sum() / sums for band, inside in held.items()})
    return Series(model, kind, table.assign(outcomes=sums).loc[by_length(sums.index)], label, style)


def _style(kind: str, place: int) -> Style:
    """Honest intervals as their model, those of the textbook with hollow marks, the rule in grey."""
    if kind == NAIVE:
        return {"color": FAR, "ls": DASHED, "marker": "v"}
    return look(place) | (HOLLOW | {"color": SOFT, "ls": "--"} if kind == TEXTBOOK else {})


def _inside(rows: pd.DataFrame, band: float) -> pd.Series[Any]:
    low, high = (rows[quantile_name(0.5 + sign * band / 2.0)] for sign in (-1, 1))
    return rows["actual"].between(low, high)


def _promised(ax: Axes, horizons: int) -> None:
    """A line in each group at what its intervals promise."""
    for group, band in enumerate(BANDS):
        first = group * (horizons + BETWEEN)
        label = _("promised") if band == HEADLINE else ""
        ax.plot([first - 0.5, first + horizons - 0.5], [band, band], color=SOFT, lw=1.2, zorder=1.5, label=label)


def _chance(ax: Axes, rows: pd.DataFrame, horizons: list[str]) -> None:
    """Where chance alone leaves the share of so few totals, nine times in ten."""
    for group, band in enumerate(BANDS):
        for place, horizon in enumerate(horizons):
            windows = windows_apart(rows.loc[rows["horizon"] == horizon, "origin"], horizon)
            low, high = binomial_band(windows, band, HEADLINE)
            first = group == place == 0
            ax.vlines(group * (len(horizons) + BETWEEN) + place, low, high, color=SKY, lw=9, alpha=0.35,
                      label=_("{share} by chance").format(share=percent(HEADLINE)) if first else "")  # fmt: skip


def _ticks(ax: Axes, horizons: list[str]) -> str:
    """Name horizons at their places and groups below them; returns the name of the axis."""
    unit = horizons[0][-1] if len({horizon[-1] for horizon in horizons}) == 1 else ""
    words = _(HORIZON_IN.get(unit.upper(), ANY_HORIZON))
    names = [digits_of(horizon[:-1]) if unit.upper() in HORIZON_IN else horizon for horizon in horizons]
    width = len(horizons) + BETWEEN
    places = [group * width + place for group in range(len(BANDS)) for place in range(len(horizons))]
    ax.set_xticks(places, names * len(BANDS))
    ax.xaxis.remove_overlapping_locs = False  # names of groups stand below those of horizons
    middles = [group * width + (len(horizons) - 1) / 2.0 for group in range(len(BANDS))]
    ax.set_xticks(middles, [_("{share} interval").format(share=percent(band)) for band in BANDS], minor=True)
    ax.tick_params(axis="x", which="minor", length=0, pad=BELOW_TICKS, labelsize=9.0, colors=SOFT)
    ax.set_xlim(-0.7, (len(BANDS) - 1) * width + len(horizons) - 0.3)
    return words


def _note(rows: pd.DataFrame, models: Sequence[str]) -> str:
    """What else there is to know, below the axes."""
    notes = [*(models if len(models) == 1 else ()), origins(rows)]
    return f" ({in_a_row(notes)})"


def _finding_of_customers(found: Sequence[Series], quantity: str) -> str:
    """How many customers the 90 % intervals held, at the horizons where they held fewest and most."""
    held: dict[str, list[str]] = {}
    for series in found:
        if series.kind == CLOSED:
            few = ", too few," if series.inside[HEADLINE].min() < HEADLINE - FEW else ""
            held.setdefault(f"{_range(series)}{{of}}{few}", []).append(series.model)
    words = [f"{said} with {' and '.join(models)}" if len(held) > 1 else said for said, models in held.items()]
    told = ", ".join(words).replace("{of}", " of customers", 1).replace("{of}", "").removesuffix(",")
    fair = [f"; {_range(series)} with {series.label}" for series in found if series.kind == IN_PART]
    return f"{percent(HEADLINE)} intervals of {quantity}, {CLOSED}, held {told}{''.join(fair)}"


def _range(series: Series) -> str:
    share = series.inside[HEADLINE]
    low, high = percent(float(share.min())), percent(float(share.max()))
    return high if low == high else f"{low.split(NO_BREAK)[0]} to {high}"


def _finding_of_totals(found: Sequence[Series]) -> str:
    """How many totals the 90 % intervals held, over all horizons: honest ones first."""
    words: list[str] = []
    counts = set()
    for kind in KINDS:
        of_kind = [series for series in found if series.kind == kind]
        held = []
        for series in of_kind:
            outcomes = series.inside["outcomes"]
            counts.add(int(outcomes.sum()))
            number = f"{(series.inside[HEADLINE] * outcomes).sum():.0f}"
            held.append(f"{number} ({series.model})" if len(of_kind) > 1 else number)
        plural = "s" * (len(held) > 1)
        what = f"one{plural}" if words else f"{percent(HEADLINE)} interval{plural} held"
        words += [f"the {kind} {what}{NO_BREAK}{', '.join(held)}"] if held else []
    return f"Of {' or '.join(map(str, sorted(counts)))} totals {', '.join(words)}"
