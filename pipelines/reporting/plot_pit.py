"""Plot of the probability integral transform of a backtest: whether intervals of customers are right in their shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.rows import FloatArray
from lifeworth.models.scoring.customers import PIT_BINS
from lifeworth.pipelines.backtesting.scorecard import Scorecard

from .plot_choice import Selection, binomial_band, choose
from .plot_style import DASHED, HANDLE, SKY, SOFT, canvas, headroom, legend, look, percentages, titled
from .wording import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIMULTANEOUS: Final = 1.0 - 0.05 / PIT_BINS
"""Level of the band of one bar, so that at least 19 times in 20 chance alone keeps all bars in theirs (Bonferroni)."""
EDGE: Final = 0.05
"""Room above the highest mark, as a share of it."""
TAIL: Final = 1.0 / PIT_BINS
"""Share of outcomes that should lie beyond each end of a 90 % interval: the first bin and the last."""
SLIGHT, CLEAR, FAR = 0.01, 0.02, 0.05
"""A share beyond one end of the interval that is off by less than the first is right for every purpose; by less than
the second it is a little off, from the third on it is far off."""
MIDDLE: Final = 0.03
"""What the share above the middle, or within the 50 % interval, may be off: three times as many outcomes decide it."""
DOUBT: Final = 3.0
"""Standard errors within which a share near a half may be off by chance."""


def plot_pit(
    scorecard: Scorecard,
    quantity: str = "purchases",
    model: str | Sequence[str] | None = None,
    horizon: str | None = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw where outcomes of customers lay in their forecasts: level if the forecasts are right.

    Histogram of the probability integral transform, randomised for counts (Czado, Gneiting & Held 2009, Predictive
    model assessment for count data, Biometrics 65), over all origins. The band holds all bars nineteen times in
    twenty if forecasts are right and customers independent; windows that overlap count once.

    Parameters
    ----------
    scorecard : Scorecard
    quantity : {"purchases", "spend"}
    model : str or sequence of str, optional
        By default all models: bars of one, steps of several.
    horizon : str, optional
        By default the longest.
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.

    Raises
    ------
    InputError
        No such quantity, model or horizon.
    """
    choice = choose(scorecard, "pit", quantity, model, horizon)
    shapes = [Pit.of(choice, name) for name in choice.models]
    edges = np.linspace(0.0, 1.0, PIT_BINS + 1)
    with canvas(ax) as ax:
        if len(shapes) == 1:
            ax.bar(edges[:-1], shapes[0].share, TAIL, align="edge", color=SKY, edgecolor="white", lw=0.8,
                   label="outcomes")  # fmt: skip
        for place, shape in enumerate(shapes if len(shapes) > 1 else ()):
            style = {key: value for key, value in look(place).items() if key != "marker"}
            ax.stairs(shape.share, edges, baseline=None, lw=2.0, label=shape.model, **style)
        low, high = shapes[0].chance
        ax.axhspan(low, high, color=SOFT, alpha=0.2, lw=0, label="if forecasts are right")
        for end in (low, high):
            ax.axhline(end, color=SOFT, lw=0.8, ls=DASHED)
        ax.axhline(TAIL, color=SOFT, lw=1.0)
        headroom(ax, EDGE)
        ax.set_xlim(0.0, 1.0)
        percentages(ax, "x")
        percentages(ax, "y")
        below = choice.under("place of the outcome in its forecast: 0 % below all of it, 100 % above")
        titled(ax, pit_finding(shapes), below, "share of customers")
        legend(ax, handle=HANDLE)
    return ax


def pit_finding(shapes: Sequence[Pit]) -> str:
    """Say which way forecasts are off, from the shares of outcomes beyond both ends of the 90 % interval.

    Both ends too full: too narrow; both too empty: too wide; one full and one empty: biased; one end alone: that end.
    Where both ends hold, the share above the middle and that within the 50 % interval are looked at.

    Parameters
    ----------
    shapes : sequence of Pit
        One a model.
    """
    if len(shapes) > 1:
        verdicts = dict.fromkeys(shape.verdict for shape in shapes)
        alike = {verdict: [shape.model for shape in shapes if shape.verdict == verdict] for verdict in verdicts}
        each = ", ".join(f"{verdict} with {' and '.join(models)}" for verdict, models in alike.items())
        beyond = ", ".join(f"{100.0 * (shape.low + shape.high):.1f}" for shape in shapes)
        return f"Forecasts are {each}: {beyond} % of outcomes lie outside the 90 % interval"
    (shape,) = shapes
    what = "Forecasts" if shape.biased else "Forecast intervals"
    return f"{what} are {shape.verdict}: {shape.reason}"


@dataclass(frozen=True, eq=False)
class Pit:
    """How outcomes of one model lay in their forecasts.

    Attributes
    ----------
    model : str
    share : array (PIT_BINS,)
        Of all outcomes, in each twentieth of the forecast.
    independent : float
        Outcomes, those of overlapping windows counted once.
    """

    model: str
    share: FloatArray
    independent: float

    @classmethod
    def of(cls, choice: Selection, model: str) -> Pit:
        """All origins together.

        Raises
        ------
        InputError
            Bins other than 0 to 19.
        """
        rows = choice.of(model)
        if not rows["bin"].between(0, PIT_BINS - 1).all():
            raise InputError(f"pit: expected bins 0 to {PIT_BINS - 1}, got {sorted(set(rows['bin']))}.")
        customers = np.bincount(rows["bin"].astype(np.int64), rows["customers"], PIT_BINS)
        return cls(model, customers / customers.sum(), float(customers.sum()) * choice.apart)

    @property
    def chance(self) -> tuple[float, float]:
        """Where chance alone keeps all bars of right forecasts, nineteen times in twenty."""
        return binomial_band(self.independent, TAIL, SIMULTANEOUS)

    @property
    def low(self) -> float:
        """Share of outcomes below the 90 % interval."""
        return float(self.share[0])

    @property
    def high(self) -> float:
        """Share of outcomes above it."""
        return float(self.share[-1])

    @property
    def above_middle(self) -> float:
        """Share of outcomes above the median of their forecast."""
        return float(self.share[PIT_BINS // 2 :].sum())

    @property
    def within_half(self) -> float:
        """Share of outcomes within the 50 % interval."""
        return float(self.share[PIT_BINS // 4 : -PIT_BINS // 4].sum())

    @property
    def ends(self) -> tuple[int, int]:
        """Whether the lower and the upper end hold too few outcomes (-1), too many (1) or about what they should."""
        return self._end(self.low), self._end(self.high)

    @property
    def biased(self) -> bool:
        """Whether forecasts are too low or too high, rather than their intervals too narrow or too wide."""
        below, above = self.ends
        return below * above < 0 or (below == above == 0 and self._off(self.above_middle))

    @property
    def verdict(self) -> str:
        """In two to six words."""
        below, above = self.ends
        if below == above == 0:
            return self._middle_verdict()
        worst = max(abs(self.low - TAIL), abs(self.high - TAIL))
        degree = "a little " if worst < CLEAR else "far " if worst >= FAR else ""
        if below * above < 0:
            return f"{degree}too {'low' if above > 0 else 'high'}"
        width = "narrow" if below + above > 0 else "wide"
        where = "" if below * above else " above" if above else " below"
        return f"{degree}too {width}{where}"

    @property
    def reason(self) -> str:
        """The numbers behind it."""
        if self.ends == (0, 0) and self._off(self.above_middle):
            return f"{percent(self.above_middle)} of outcomes lie above the middle of their forecast, half should"
        if self.ends == (0, 0) and self._off(self.within_half):
            return f"{percent(self.within_half)} of outcomes lie within the 50 % interval"
        low, high = percent(self.low, 1), percent(self.high, 1)
        return f"{low} of outcomes lie below the 90 % interval, {high} above (5 % each if right)"

    def _middle_verdict(self) -> str:
        if self._off(self.above_middle):
            return f"a little too {'low' if self.above_middle > 0.5 else 'high'}"
        if self._off(self.within_half):
            return f"a little too {'wide' if self.within_half > 0.5 else 'narrow'} in the middle"
        return "about right"

    def _end(self, share: float) -> int:
        low, high = self.chance
        if abs(share - TAIL) < SLIGHT or low <= share <= high:
            return 0
        return 1 if share > TAIL else -1

    def _off(self, share: float) -> bool:
        """Whether a share that should be a half is not."""
        by_chance = DOUBT * 0.5 / np.sqrt(max(self.independent, 1.0))
        return bool(abs(share - 0.5) > max(MIDDLE, by_chance))
