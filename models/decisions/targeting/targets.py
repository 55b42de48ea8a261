"""Whom to treat: win-back and retention by expected incremental profit, never by the risk of leaving.

The customers most likely to have left are not those whom a treatment changes most (Ascarza 2018, Retention Futility:
Targeting High-Risk Customers Might Be Ineffective, J. Marketing Research 55:1), and what reactivation can gain is
bounded by what the customer would be worth if alive (Braun, Schweidel & Stein 2015, Transaction Attributes and
Customer Valuation, J. Marketing Research 52:6).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from ...ground.errors import InputError
from ...ground.intervals import NORMAL_90, ROUNDING
from ...ground.rows import FloatArray, IntArray
from ...ground.summary import ID, CustomerSummary
from ...valuation.terms import attribute
from ...valuation.value import Valuation
from ..decision import Decision
from .gains import Incremental, Worth, probability_above
from .policies import compared, per_cost
from .uplift import OF, Uplift

SURE: Final = 1.0 - 1e-9
"""Probability alive from which a model is sure."""


@dataclass(frozen=True, eq=False, repr=False)
class Targets(Decision):
    """Whom to treat. `frame` has one row a customer, in the order of the summary; see `targets`.

    Attributes
    ----------
    total : DataFrame
        The campaign, one row: customers, cost, incremental and profit (each _mean, _q05, _q95: credible intervals of
        the expected sum), p_profit.
    compared : DataFrame
        What the same budget earns by other policies, one row a policy and budget: policy, budget (share of what
        treating everybody costs), share (of customers treated), cost, incremental, profit, chosen (True at the budget
        that the campaign spends). Ties are broken at random, on average.
    """

    total: pd.DataFrame
    compared: pd.DataFrame

    @property
    def treated(self) -> pd.DataFrame:
        """The customers to treat, the most profitable first."""
        return self.frame[self.frame["treat"]].sort_values("rank", ignore_index=True)

    def _more(self) -> tuple[str, ...]:
        return (*super()._more(), self.total.to_string(index=False))


def targets(
    valuation: Valuation,
    uplift: Uplift,
    *,
    cost: float | str,
    budget: float | None = None,
    horizon: str | None = None,
) -> Targets:
    """Whom to treat, what it brings, and the most worth spending on each customer.

    Rule: treat a customer if and only if the expected incremental contribution is above the cost; the most profitable
    first, until the budget is spent (where costs differ and a budget binds: by profit per unit of cost). Never by the
    risk of leaving, and never by value: what counts is what the treatment changes.

    Parameters
    ----------
    valuation : Valuation
        With customers.
    uplift : Uplift
        What the treatment does. ``of="return"``: the gain is effect times value if alive, for those gone: effect times
        `gain_bound`.
    cost : float or str
        Of treating one customer, or the column of the summary that holds each customer's own.
    budget : float, optional
        The most to spend; by default as much as pays.
    horizon : str, optional
        One that was valued; by default the longest.

    Returns
    -------
    Targets
        `frame` has customer_id, p_alive, value_mean; value_if_alive = residual value / P(alive); gain_bound =
        (1 - P(alive)) x value_if_alive, the most that reactivation can gain; incremental_mean, _q05, _q95; limit, the
        most worth spending; cost, expected_profit = incremental_mean - cost, p_profit (probability that treating
        pays), treat, rank (1 is treated first).

    Notes
    -----
    Intervals and p_profit are credible ones of the EXPECTED contribution: they hold the error of the uplift, doubt
    about the parameters of purchases and the margin, and the model's past error. They do not hold chance in what the
    one customer does. In the campaign all these errors are common to the customers treated (that of the uplift within
    a segment): they do not average out.

    Raises
    ------
    InputError
        A horizon that was not valued, a valuation without customers, an uplift or a cost that does not fit the summary.
    """
    if not isinstance(uplift, Uplift):
        raise InputError(f"uplift: expected Uplift(0.04, standard_error=0.01), got {uplift!r}.")
    place, summary = valuation.place(horizon), valuation.basis.summary
    costs, budget = _costs(cost, summary), _checked(budget)
    worth = Worth.of(valuation, place)
    incremental = Incremental.of(valuation, place, worth, uplift)
    rank, treat, cut = _chosen(incremental.mean - costs, costs, budget)
    currency = valuation.economics.currency
    frame = pd.DataFrame(
        {ID: summary.frame[ID].array} | _of_customers(worth, incremental, costs) | {"treat": treat, "rank": rank}
    )
    total = _campaign(incremental, costs, treat)
    return Targets(
        frame,
        _rule(uplift, cost, budget, valuation.horizons[place].label, currency),
        (*_outcome(frame, cut, currency), *_cautions(uplift, worth, summary)),
        currency,
        total,
        compared(worth, incremental.mean, costs, float(total["cost"].item())),
    )


def _of_customers(worth: Worth, incremental: Incremental, costs: FloatArray) -> dict[str, FloatArray]:
    mean, sd = incremental.mean, incremental.sd
    high, limit = mean + NORMAL_90 * sd, np.maximum(mean, 0.0)
    if incremental.uplift.of == "return":  # nobody comes back more than once
        high = np.minimum(high, np.maximum(worth.bound * (1.0 + NORMAL_90 * incremental.spread), mean))
        limit = np.minimum(limit, np.maximum(worth.bound, 0.0))
    return {
        "p_alive": worth.p_alive,
        "value_mean": worth.value,
        "value_if_alive": worth.if_alive,
        "gain_bound": worth.bound,
        "incremental_mean": mean,
        "incremental_q05": mean - NORMAL_90 * sd,
        "incremental_q95": high,
        "limit": limit,
        "cost": costs,
        "expected_profit": mean - costs,
        "p_profit": probability_above(mean, sd, costs),
    }


def _chosen(profit: FloatArray, costs: FloatArray, budget: float | None) -> tuple[IntArray, FloatArray, int]:
    """Rank of each customer, who is treated, and how many pay but are cut off by the budget."""
    pays = profit > 0.0
    binds = budget is not None and float(costs[pays].sum()) > budget
    order = np.lexsort((-profit, -per_cost(profit, costs))) if binds else np.argsort(-profit, kind="stable")
    treat = np.zeros(len(profit), dtype=bool)
    able = order[pays[order] & (costs[order] <= (budget if budget is not None else math.inf))]
    spent = np.cumsum(costs[able])
    treat[able[: len(able) if budget is None else int(np.searchsorted(spent, budget * (1.0 + ROUNDING), "right"))]] = (
        True
    )
    order = np.concatenate([order[treat[order]], order[~treat[order]]])
    rank = np.empty(len(profit), dtype=np.int64)
    rank[order] = np.arange(1, len(profit) + 1)
    return rank, treat, int(pays.sum() - treat.sum())


def _campaign(incremental: Incremental, costs: FloatArray, treat: FloatArray) -> pd.DataFrame:
    mean, sd = incremental.campaign(treat)
    spent = float(costs[treat].sum())
    columns: dict[str, Any] = {"customers": int(treat.sum()), "cost": spent}
    for name, centre in (("incremental", mean), ("profit", mean - spent)):
        ends = {"mean": centre, "q05": centre - NORMAL_90 * sd, "q95": centre + NORMAL_90 * sd}
        columns |= {f"{name}_{end}": value for end, value in ends.items()}
    columns["p_profit"] = float(probability_above(np.array(mean), np.array(sd), np.array(spent)))
    return pd.DataFrame([columns])


def _costs(cost: float | str, summary: CustomerSummary) -> FloatArray:
    """Cost of treating each customer, array (customers,)."""
    if isinstance(cost, str):
        column = summary.frame[attribute(summary, "cost", cost)]
        found = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        bad = ~(np.isfinite(found) & (found >= 0.0))
        if bad.any():
            raise InputError(
                f"{cost}: expected a cost of 0 or more for every customer; {int(bad.sum()):,} have something else "
                f"(customer_id {summary.frame[ID][bad].head().tolist()}). Fill or correct them."
            )
        return np.asarray(found)
    if isinstance(cost, bool) or not isinstance(cost, (int, float, np.number)) or not 0.0 <= cost < math.inf:
        raise InputError(f"cost: expected the cost of treating one customer, 0 or more, or a column; got {cost!r}.")
    return np.full(len(summary), float(cost))


def _checked(budget: float | None) -> float | None:
    if budget is None:
        return None
    if isinstance(budget, bool) or not isinstance(budget, (int, float, np.number)) or not 0.0 <= budget < math.inf:
        raise InputError(f"budget: expected an amount of 0 or more, or None for as much as pays; got {budget!r}.")
    return float(budget)


def _rule(uplift: Uplift, cost: float | str, budget: float | None, horizon: str, currency: str) -> str:
    errors = uplift.errors
    each = [f"{effect:.3g} ± {error:.2g}" for effect, error in zip(uplift.effects, errors, strict=True)]
    told = dict(zip(uplift.segments, each, strict=True)) if isinstance(uplift.effect, Mapping) else each[0]
    price = f"the cost in {cost}" if isinstance(cost, str) else f"a cost of {money(float(cost), currency)}"
    until = "" if budget is None else f", until {money(budget, currency)} is spent"
    return (
        f"Treat a customer if and only if the expected incremental contribution (horizon {horizon}) is above {price}, "
        f"the most profitable first{until}. Uplift: {OF[uplift.of]}, {told} (standard error)."
    )


def _outcome(frame: pd.DataFrame, cut: int, currency: str) -> tuple[str, ...]:
    """What came of the rule."""
    if not (frame["expected_profit"] > 0.0).any():
        best = frame.iloc[int(frame["expected_profit"].to_numpy().argmax())]
        return (
            "Nobody pays: no customer's expected incremental contribution is above the cost. Closest is customer_id "
            f"{best[ID]}: worth spending {money(best['limit'], currency)}, "
            f"it would cost {money(best['cost'], currency)}.",
        )
    if cut:
        return (f"{cut:,} customers more would pay; the budget ends before them.",)
    return ()


def _cautions(uplift: Uplift, worth: Worth, summary: CustomerSummary) -> tuple[str, ...]:
    """What the numbers rest on."""
    notes = ["The uplift is taken to hold for everybody it is applied to: it does for customers like those measured."]
    if uplift.of == "return":
        notes.append("Who comes back is taken to buy as before leaving, so that the gain is an upper bound.")
    if (uplift.errors == 0.0).any():
        notes.append("The uplift has no standard error: intervals hold as if it were known exactly.")
    if uplift.by is not None and (uplift.errors > 0.0).all():
        notes.append("Segments are taken as measured; uplift.pooled() keeps small ones from leading by luck.")
    sure = int(((worth.p_alive >= SURE) & (summary.frame["frequency"] == 0).to_numpy()).sum())
    if uplift.of == "return" and sure:
        notes.append(
            f"{sure:,} customers without repeat purchases are alive for sure in this model (BG/NBD lets nobody leave "
            "before a repeat purchase), so that it sees nothing to win back from them. That is the model's assumption, "
            "not a finding: MBG/NBD and Pareto/NBD do not make it."
        )
    lost = int((worth.p_alive <= 0.0).sum())
    if lost:
        notes.append(f"{lost:,} customers have no probability alive left to divide by; their gain is taken as 0.")
    return tuple(notes)


def money(value: float, currency: str) -> str:
    """An amount for a sentence."""
    space = " " if currency[-1:].isalpha() else ""
    return f"{'-' if value < 0.0 else ''}{currency}{space}{abs(value):,.2f}"
