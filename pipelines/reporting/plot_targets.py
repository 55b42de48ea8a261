"""Plot of whom to treat: what a budget is expected to earn, by the policy that spends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lifeworth.models.decisions.targeting.policies import AT_RANDOM, BY_PROFIT, BY_RISK, BY_VALUE
from lifeworth.models.decisions.targeting.targets import Targets
from lifeworth.models.ground.errors import InputError

from .plot_style import BLUE, FAR, HANDLE, INK, SOFT, canvas, legend, percentages, short_numbers, titled
from .wording import count, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOOK: Final[dict[str, dict[str, Any]]] = {
    BY_PROFIT: {"color": BLUE, "ls": "-", "lw": 2.2, "zorder": 3},
    BY_RISK: {"color": "#d55e00", "ls": (0, (4, 2)), "lw": 1.6},
    BY_VALUE: {"color": "#009e73", "ls": (0, (5, 1.5, 1, 1.5)), "lw": 1.6},
    AT_RANDOM: {"color": FAR, "ls": (0, (1, 1.2)), "lw": 1.6},
}
"""Colours of Okabe & Ito; in grey, dashes tell the policies apart."""
NAMES: Final = {
    BY_PROFIT: "by incremental profit",
    BY_RISK: "by risk of having left",
    BY_VALUE: "by value",
    AT_RANDOM: "at random",
}
EDGE: Final = 0.06
"""Room above and below what is drawn, as a share of its height."""
DEEPEST: Final = 1.5
"""The axis goes no further below 0 than so many times its height: what policies lose beyond is no news."""


def plot_targets(targets: Targets, *, ax: Axes | None = None) -> Axes:
    """Draw the expected profit of every budget, by policy, and the campaign that was chosen.

    The bar at the mark is the 90 % credible interval of the campaign's expected profit.

    Parameters
    ----------
    targets : Targets
    ax : matplotlib Axes, optional
        Where to draw; by default new axes.

    Raises
    ------
    InputError
        Not what `targets` returns.
    """
    if not isinstance(targets, Targets):
        raise InputError(f"targets: expected what targets(valuation, uplift, cost=…) returns, got {targets!r}.")
    symbol, total = targets.currency, targets.total.iloc[0]
    with canvas(ax) as ax:
        ax.axhline(0.0, color=SOFT, lw=1.0)
        for policy, rows in targets.compared.groupby("policy", sort=False):
            ax.plot(rows["budget"], rows["profit"], label=NAMES[str(policy)], **LOOK[str(policy)])
        budget = float(targets.compared.loc[targets.compared["chosen"], "budget"].iloc[0])
        ax.vlines(budget, total["profit_q05"], total["profit_q95"], color=INK, lw=1.2, zorder=3)
        ax.plot([budget], [total["profit_mean"]], ls="", marker="o", ms=7, color=INK, mec="white", mew=0.8,
                label="chosen, with 90 % interval", zorder=4)  # fmt: skip
        _limits(ax, targets)
        percentages(ax, "x")
        short_numbers(ax, "y", symbol)
        alike = targets.frame["cost"].min() == targets.frame["cost"].max()
        below = "share of customers treated" if alike else "budget, as a share of what treating everybody costs"
        titled(ax, targets_finding(targets), below, f"expected profit{f' in {symbol}' if symbol else ''}")
        legend(ax, handle=HANDLE)
    return ax


def targets_finding(targets: Targets) -> str:
    """Say what the campaign earns, and what the same budget earns by the other policies."""
    total, symbol = targets.total.iloc[0], targets.currency
    if not total["customers"]:
        return "Nobody pays: no customer is expected to bring more than the treatment costs"
    chosen = targets.compared[targets.compared["chosen"]].set_index("policy")["profit"]
    earned = f"Treating {count(total['customers'])} customers is expected to earn {short(total['profit_mean'], symbol)}"
    other = ", ".join(f"{NAMES[policy]} {short(chosen[policy], symbol)}" for policy in (BY_RISK, BY_VALUE))
    return f"{earned}; the same budget {other}"


def _limits(ax: Axes, targets: Targets) -> None:
    profit = pd.concat([targets.compared["profit"], targets.total["profit_q05"], targets.total["profit_q95"]])
    low, high = float(profit.min()), float(profit.max())
    if high > 0.0:
        low = max(low, -DEEPEST * high)
    room = EDGE * (high - low) or 1.0
    ax.set_ylim(low - room, high + room)
    ax.set_xlim(-EDGE / 2.0, 1.0 + EDGE / 2.0)
    ax.set_xticks(np.linspace(0.0, 1.0, 6))
