"""What the same budget earns by other policies: by the risk of having left, by value, at random."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from ...ground.rows import FloatArray
from .gains import Worth

BY_PROFIT: Final = "incremental profit"
BY_RISK: Final = "risk of having left"
BY_VALUE: Final = "value"
AT_RANDOM: Final = "random"
STEPS: Final = 100
"""Budgets at which policies are compared: hundredths of what treating everybody costs."""


def compared(worth: Worth, mean: FloatArray, costs: FloatArray, spent: float) -> pd.DataFrame:
    """Expected profit of each policy at budgets from nothing to treating everybody, and at that of the campaign."""
    everything = float(costs.sum())
    share = spent / everything if everything else 0.0
    budgets = np.union1d(np.linspace(0.0, 1.0, STEPS + 1), share)
    scores = {
        BY_PROFIT: per_cost(mean - costs, costs),
        BY_RISK: -worth.p_alive,
        BY_VALUE: worth.value,
        AT_RANDOM: np.zeros_like(mean),
    }
    weight = costs if everything else np.ones_like(costs)  # what costs nothing is counted in customers
    curves = [_curve(policy, score, mean, costs, weight, budgets) for policy, score in scores.items()]
    frame = pd.concat(curves, ignore_index=True)
    return frame.assign(chosen=frame["budget"] == share)


def _curve(
    policy: str, score: FloatArray, mean: FloatArray, costs: FloatArray, weight: FloatArray, budgets: FloatArray
) -> pd.DataFrame:
    """Sums over who is treated when the highest scores come first; between ties and customers, in proportion."""
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(score[order][1:] != score[order][:-1]), len(order) - 1)  # of those with one score
    along = np.append(0.0, np.cumsum(weight[order])[last])

    def up_to(values: FloatArray) -> FloatArray:
        sums = np.append(0.0, np.cumsum(values[order])[last])
        return np.asarray(np.interp(budgets * along[-1], along, sums))

    cost, brought = up_to(costs), up_to(mean)
    share = up_to(np.ones_like(mean)) / len(mean)
    return pd.DataFrame(
        {"policy": policy, "budget": budgets, "share": share, "cost": cost, "incremental": brought}
    ).assign(profit=brought - cost)


def per_cost(profit: FloatArray, costs: FloatArray) -> FloatArray:
    """Profit per unit of cost; without end where a treatment costs nothing."""
    free = np.where(profit > 0.0, np.inf, np.where(profit < 0.0, -np.inf, 0.0))
    return np.asarray(np.divide(profit, costs, out=free, where=costs > 0.0))
