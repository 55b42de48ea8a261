"""Plot of a prior predictive check: what the priors expect, and what was observed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from lifeworth.models.ground.intervals import INTERVAL
from lifeworth.models.ground.rows import FloatArray
from lifeworth.models.prediction.prior_predictive import PriorPredictive

from .plot_style import BLUE, ORANGE, SKY, beside, canvas, headroom, percentages, short_numbers, titled
from .wording import NO_BREAK, count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS: Final = 40
ENDS: Final = (0.005, 0.995)
"""Quantiles of prior draws between which numbers are drawn; those beyond are in the first and the last bar."""
TOP: Final = 0.16
"""Room above the bars, as a share of their height, for what is written there."""
LINE: Final = 0.95
"""Height of what is written there."""


def plot_prior_predictive(result: PriorPredictive, quantity: str | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw what the priors expect of one quantity, nine draws in ten darker, and the observed value.

    Parameters
    ----------
    result : PriorPredictive
    quantity : str, optional
        One of those of `result`; by default the first: the repeat rate, or the mean amount per purchase.
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.

    Raises
    ------
    InputError
        No such quantity.
    """
    asked = result.quantity(quantity)
    values = result.draws[asked.name].to_numpy(dtype=float)
    seen = result.observed.get(asked.name)
    low, high = np.quantile(values, INTERVAL)
    with canvas(ax) as ax:
        edges, logarithmic = _edges(values, seen, asked.is_share)
        heights = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] / len(values)
        middles = np.sqrt(edges[:-1] * edges[1:]) if logarithmic else (edges[:-1] + edges[1:]) / 2.0
        colours = np.where((middles >= low) & (middles <= high), BLUE, SKY).tolist()
        ax.bar(edges[:-1], heights, np.diff(edges), align="edge", color=colours, edgecolor="white", lw=0.5)
        if logarithmic:
            ax.set_xscale("log")
        headroom(ax, TOP)
        if seen is not None:
            ax.axvline(seen, color=ORANGE, lw=1.8)
            left, right = (np.log(edges[[0, -1]]) if logarithmic else edges[[0, -1]]).tolist()
            place = (np.log(seen) if logarithmic else seen) < (left + right) / 2.0
            text = f"observed {asked.write(seen)}".replace(" %", f"{NO_BREAK}%")
            beside(ax, seen, text, ORANGE, height=LINE, right=bool(place))
        if asked.is_share:
            percentages(ax, "x")
        else:
            short_numbers(ax, "x")
        percentages(ax, "y")
        below = f"{asked.words} ({result.model}, {count(result.customers)} simulated customers a draw)"
        titled(ax, result.sentence(asked.name).removesuffix("."), below, "share of prior draws")
    return ax


def _edges(values: FloatArray, seen: float | None, is_share: bool) -> tuple[FloatArray, bool]:
    """Edges of bars, the observed value among them, and whether they are on a logarithmic axis."""
    if is_share:
        return np.linspace(0.0, 1.0, BINS + 1), False
    positive = values[values > 0.0]
    if not len(positive) or seen == 0.0:
        return np.histogram_bin_edges(values, BINS), False
    low, high = np.quantile(positive, ENDS)
    if seen is not None:
        low, high = min(low, seen), max(high, seen)
    if not low < high:
        return np.histogram_bin_edges(values, BINS), False
    return np.geomspace(low, high, BINS + 1), True
