"""Plot of simulation-based calibration: how far ranks depart from uniform ones, and how far chance alone takes them.

The share of ranks below a value minus the share that uniform ranks have there, with the band that holds all of it
nineteen times in twenty (Säilynoja, Bürkner & Vehtari 2022). A curve above the line early and below it late is that of
a posterior too narrow; below then above, too wide; all above, one that is too high; all below, too low.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.rows import FloatArray
from lifeworth.models.ground.uniformity import Band, band, below
from lifeworth.pipelines.calibration import SimulationBasedCalibration

from .plot_style import BLUE, INK, ORANGE, SMALL, SOFT, STYLE, canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL: Final = (2.15, 1.5)
"""Inches of a panel."""
HEAD: Final = 0.9
"""Inches above the panels, for the finding."""
COLUMNS: Final = 3
"""Panels side by side, at the most, of one model."""
ROOM: Final = 1.1
"""Height of the axes in that of what is drawn."""
BAND_OPACITY: Final = 0.22
TICKS: Final = (0.0, 0.5, 1.0)
STEP: Final = 0.1
"""Between ticks of departures."""


def plot_calibration(*results: SimulationBasedCalibration) -> Figure:
    """Draw ranks against uniform ones, a panel a quantity; several results have a column each.

    Curves are blue, or orange where ranks are not uniform by the verdict of the result, which allows for the number of
    quantities: one curve in twenty leaves its band by chance.

    Parameters
    ----------
    *results : SimulationBasedCalibration

    Raises
    ------
    InputError
        Nothing to draw.
    """
    if not (results and all(isinstance(result, SimulationBasedCalibration) for result in results)):
        raise InputError(f"results: expected what simulation_based_calibration returns, got {results!r}.")
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    curves = [_curves(result) for result in results]
    limit = ROOM * max(curve.reach for row in curves for curve in row)
    most, alone = max(map(len, curves)), len(curves) == 1
    columns = min(COLUMNS, most) if alone else len(curves)
    rows = math.ceil(most / columns) if alone else most
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]  # keys typed as literals
        size = (PANEL[0] * columns, PANEL[1] * rows + HEAD)
        figure, grid = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
        for of_one, axes in zip(curves, [grid.ravel()] if alone else grid.T, strict=True):
            for curve, ax in zip(of_one, axes, strict=False):
                _draw(ax, curve, limit)
                ax.tick_params(labelleft=ax in grid[:, 0])
            for ax in axes[len(of_one) :]:
                ax.set_visible(False)
            if not alone:
                axes[0].set_title(f"{of_one[0].model}\n", loc="center", pad=4.0, color=INK)
        words = {"fontsize": STYLE["axes.titlesize"], "fontweight": "bold", "color": INK, "ha": "left"}
        figure.suptitle(calibration_finding(*results), x=0.01, **words)
        figure.supxlabel("rank of the true value among posterior draws, as a share", color=SOFT, fontsize=SMALL)
        figure.supylabel("share of ranks below, minus that of uniform ranks", color=SOFT, fontsize=SMALL)
    return figure


def calibration_finding(*results: SimulationBasedCalibration) -> str:
    """How many quantities have uniform ranks, and of how many simulations.

    Parameters
    ----------
    *results : SimulationBasedCalibration
    """
    uniform = sum(int(result.uniformity["uniform"].sum()) for result in results)
    total = sum(len(result.uniformity) for result in results)
    runs = "/".join(map(str, sorted({len(result.runs) for result in results})))
    customers = "/".join(map(str, sorted({result.customers for result in results})))
    of = "all" if uniform == total else f"{uniform} of"
    found = f"anks of {of} {total} quantities are uniform\n{runs} simulations of {customers} customers each"
    return f"{results[0].model}: r{found}" if len(results) == 1 else f"R{found}"


@dataclass(frozen=True, eq=False)
class _Curve:
    """Ranks of one quantity: share below each value minus the uniform one, array (values + 1,), and its band."""

    model: str
    quantity: str
    departure: FloatArray
    chance: Band
    uniform: bool

    @property
    def reach(self) -> float:
        """The farthest from 0 that anything goes."""
        return float(np.abs([self.departure, self.chance.low, self.chance.high]).max())


def _curves(result: SimulationBasedCalibration) -> list[_Curve]:
    first = result.ranks.iloc[0]
    values, count = int(first["draws"]) + 1, len(result.runs)
    chance = band(count, values)
    uniform = result.uniformity.set_index("quantity")["uniform"]
    return [
        _Curve(
            result.model, str(quantity), below(group["rank"].to_numpy(np.int64), values) / count - chance.share, chance,
            bool(uniform[quantity]),
        )
        for quantity, group in result.ranks.groupby("quantity", sort=False)
    ]  # fmt: skip


def _draw(ax: Axes, curve: _Curve, limit: float) -> None:
    colour, share = BLUE if curve.uniform else ORANGE, curve.chance.share
    with canvas(ax):
        ax.fill_between(share, curve.chance.low, curve.chance.high, color=SOFT, alpha=BAND_OPACITY, lw=0, step="mid")
        ax.axhline(0.0, color=SOFT, lw=0.8)
        ax.plot(share, curve.departure, color=colour, lw=1.6, ls="-" if curve.uniform else "--", drawstyle="steps-mid")
        most = math.floor(limit / STEP)
        ax.set_yticks(np.arange(-most, most + 1) * STEP)
        ax.set_ylim(-limit, limit)
        ax.set_xlim(0.0, 1.0)
        ax.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
        ax.set_title(curve.quantity, loc="left", pad=4.0, fontsize=SMALL, fontweight="normal", color=INK)
