"""Plot of a backtest's ranking: how much of what came was with the customers that were ranked best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lifeworth.models.scoring.customers import PERFECT
from lifeworth.pipelines.backtesting.scorecard import Scorecard

from .plot_choice import choose, quantity_of
from .plot_style import DASHED, FAR, HANDLE, INK, SOFT, canvas, legend, look, percentages, titled
from .wording import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BEST: Final = 0.1
"""Share of customers, those ranked best, that the title speaks of."""
ALIKE: Final = 0.005
"""Shares captured that differ by less are alike."""
RULE_DASHES: Final[Any] = (0, (1, 1.2))
TOP: Final = 1.02


def plot_gain(
    scorecard: Scorecard,
    quantity: str = "spend",
    model: str | Sequence[str] | None = None,
    horizon: str | None = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw the share of what came that was with the customers ranked best: by models, by plain rules, by hindsight.

    Curves are means over origins, of what speaks at all of them. The rule that ranks the best tenth best has its name;
    the others are there in grey.

    Parameters
    ----------
    scorecard : Scorecard
    quantity : {"purchases", "spend"}
    model : str or sequence of str, optional
        By default all models.
    horizon : str, optional
        By default the longest.
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.

    Raises
    ------
    InputError
        No such quantity, model or horizon.
    """
    choice = choose(scorecard, "gain", quantity, model, horizon)
    curves = {name: _mean_curve(choice.rows, name) for name in choice.models}
    rows = quantity_of(scorecard.gain, quantity)
    rows = rows[rows["horizon"] == choice.horizon]
    everywhere = rows.groupby("model")["origin"].nunique() == rows["origin"].nunique()
    speak = set(everywhere.index[everywhere]) - set(curves)  # a rule that is silent at some origins has other means
    rules = {name: _mean_curve(rows, name) for name in scorecard.baselines if name in speak}
    best = max(rules, key=lambda name: _captured(rules[name])) if rules else None
    perfect = _mean_curve(rows, PERFECT) if PERFECT in set(rows["model"]) else None
    with canvas(ax) as ax:
        if perfect is not None:
            ax.plot(perfect.index, perfect, color=INK, lw=1.0, label=PERFECT)
        for place, (name, curve) in enumerate(curves.items()):
            style = {key: value for key, value in look(place).items() if key != "marker"}
            ax.plot(curve.index, curve, lw=2.0, label=name, zorder=3, **style)
        _draw_rules(ax, rules, best)
        ax.plot([0.0, 1.0], [0.0, 1.0], color=FAR, lw=1.0, ls=DASHED, label="at random")
        _mark_best(
            ax, [*curves.values(), *([rules[best]] if best else []), *([perfect] if perfect is not None else [])]
        )
        ax.set_xlim(0.0, 1.0)
        ax.set_ylim(0.0, TOP)
        percentages(ax, "x")
        percentages(ax, "y")
        finding = gain_finding(
            {name: _captured(curve) for name, curve in curves.items()},
            (best, _captured(rules[best])) if best else None,
            None if perfect is None else _captured(perfect),
            quantity,
        )
        titled(
            ax, finding, choice.under("share of customers, those ranked best first"), f"share of {quantity} that came"
        )
        legend(ax, handle=HANDLE)
    return ax


def gain_finding(
    models: Mapping[str, float], rule: tuple[str, float] | None, perfect: float | None, quantity: str
) -> str:
    """Say who captures most with the tenth of the customers ranked best.

    Parameters
    ----------
    models : dict of float
        Share captured by each model.
    rule : tuple of str and float or None
        The plain rule that captures most, and its share.
    perfect : float or None
        What the best ranking by hindsight captures.
    quantity : {"purchases", "spend"}
    """
    name, share = max(models.items(), key=lambda item: item[1])
    brought = f"top {percent(BEST)} brought {percent(share)} of the {quantity}"
    ending = "" if perfect is None else f" (perfect foresight: {percent(perfect)})"
    if rule is None:
        return f"{name}: its {brought}{ending}"
    rival, theirs = f"the rule “{rule[0]}”", rule[1]
    if abs(share - theirs) < ALIKE:
        return f"{name} and {rival} rank alike: their {brought}{ending}"
    if theirs > share:
        most = f"{percent(theirs)} of the {quantity}"
        return (
            f"T{rival[1:]} ranks best: its top {percent(BEST)} brought {most}, that of {name} {percent(share)}{ending}"
        )
    return f"{name} ranks best: its {brought}, that of {rival} {percent(theirs)}{ending}"


def _mean_curve(rows: pd.DataFrame, model: str) -> pd.Series[float]:
    """Share captured by share of customers, the mean over origins."""
    of = rows[rows["model"] == model]
    return of.groupby("share")["captured"].mean()


def _captured(curve: pd.Series[float]) -> float:
    return float(np.interp(BEST, curve.index.to_numpy(dtype=float), curve.to_numpy(dtype=float)))


def _draw_rules(ax: Axes, rules: Mapping[str, pd.Series[float]], best: str | None) -> None:
    others = [name for name in rules if name != best]
    if best is not None:
        ax.plot(rules[best].index, rules[best], color=SOFT, lw=1.6, ls=RULE_DASHES, label=best)
    for name in others:
        label = "other rules" if name == others[0] else ""
        ax.plot(rules[name].index, rules[name], color=FAR, lw=0.8, label=label)


def _mark_best(ax: Axes, curves: Sequence[pd.Series[float]]) -> None:
    """A line at the tenth ranked best, and a mark where it meets the curves that the title speaks of."""
    ax.axvline(BEST, color=SOFT, lw=0.8, ls=":")
    ax.plot(
        [BEST] * len(curves), [_captured(curve) for curve in curves], ls="", marker="o", ms=4.5, color=INK, zorder=4
    )
