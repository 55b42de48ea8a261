"""What a customer just acquired is worth: the first order, and the future after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from .economics import Economics
from .errors import InputError
from .futures import Futures, Path, contribution
from .intervals import DRAWS_FOR_MEANS
from .reduction import columns_of, quantiles_of
from .rows import FloatArray, IntArray
from .spend import FittedSpend
from .summary import CustomerSummary
from .units import Horizon

COPIES: Final = 100
"""New customers simulated for each draw of the parameters: with 1000 draws quantiles stand to about 1 %."""


def new_customer_table(
    futures: Futures,
    spend: FittedSpend,
    economics: Economics,
    margins: FloatArray,
    horizons: tuple[Horizon, ...],
    order: IntArray,
    levels: tuple[float, ...],
) -> pd.DataFrame:
    """One row a horizon (and group, where CAC is by group) for ONE new customer; columns as in `Valuation`.

    The margin of a new customer is the mean margin of the customers there are, of the same group where there are
    groups. `order` gives each horizon its place in `futures.horizons`.
    """
    by, groups = None, pd.Index([None])
    if isinstance(economics.cac, Mapping):
        by, groups = economics.cac_by, pd.Index(list(economics.cac), name=economics.cac_by)
    margin = _mean_margins(futures.summary, margins, by, groups)
    newcomer = _Newcomer.of(futures, spend)
    frames = []
    for group, its_margin, cac in zip(groups, margin, economics.cac_of(groups), strict=True):
        for horizon, h in zip(horizons, order, strict=True):
            labels = {"horizon": horizon.label} if by is None else {by: group, "horizon": horizon.label}
            columns = newcomer.columns(h, float(its_margin), economics.cost_per_order, float(cac), levels)
            frames.append(pd.DataFrame(labels | columns, index=[0]))
    return pd.concat(frames, ignore_index=True)


@dataclass(frozen=True, eq=False)
class _Newcomer:
    """Exact means and draws of a new customer's first order and future; draws are array (horizons, draws)."""

    amount: float
    purchases: FloatArray
    path: Path

    @classmethod
    def of(cls, futures: Futures, spend: FittedSpend) -> _Newcomer:
        unknown = np.zeros(COPIES)
        frame = pd.DataFrame({"customer_id": range(COPIES), "frequency": 0, "recency": 0.0, "T": 0.0})
        nobody = CustomerSummary(
            frame.assign(monetary_value=unknown, monetary_value_all=unknown), futures.purchases.unit
        )
        blocks = list(replace(futures, summary=nobody, purchase_today=True).reduced(lambda path: path, "New customers"))
        parts = {name: _joined([getattr(block, name) for block in blocks]) for name in Path.__dataclass_fields__}
        path = Path(**parts)
        theta = futures.purchases.posterior.distinct(DRAWS_FOR_MEANS)
        ahead = futures.purchases.new_customer_purchases(theta, futures.horizons, futures.discount)
        return cls(float(spend.population_mean["mean"].item()), ahead.mean(axis=1), path)

    def columns(
        self, h: int, margin: float, cost: float, cac: float, levels: tuple[float, ...]
    ) -> dict[str, FloatArray]:
        """Columns of the table at one horizon, each array (1,)."""
        worth = margin * self.amount - cost
        first = margin * self.path.today - cost if self.path.today is not None else np.empty(0)
        residual = contribution(self.path, margin, cost)[h]
        outcomes = {"first_order": first, "residual_value": residual, "new_customer_value": first + residual}
        means = {"first_order": worth, "residual_value": worth * self.purchases[h]}
        means["new_customer_value"] = means["first_order"] + means["residual_value"]
        columns: dict[str, FloatArray] = {}
        if np.isfinite(cac):
            outcomes["acquisition_npv"] = outcomes["new_customer_value"] - cac
            means["acquisition_npv"] = means["new_customer_value"] - cac
        for name, draws in outcomes.items():
            mean, quantiles = np.array([means[name]]), quantiles_of(draws.reshape(1, -1), levels)
            columns |= columns_of(name, mean, quantiles, levels)
        return columns | ({"cac": np.array([cac])} if np.isfinite(cac) else {})


def _joined(parts: list[Any]) -> Any:
    """Blocks of customers put together: customers are the last axis but one, or the only one."""
    return np.concatenate(parts, axis=max(0, parts[0].ndim - 2))


def _mean_margins(summary: CustomerSummary, margins: FloatArray, by: str | None, groups: pd.Index) -> FloatArray:
    if by is None:
        return np.array([margins.mean()])
    if by not in summary.attributes:
        have = ", ".join(summary.attributes) or "none"
        raise InputError(f"cac_by: {by!r} is no attribute of the summary (it has: {have}).")
    labels = summary.frame[by]
    known = pd.Series(margins).groupby(labels.to_numpy()).mean()
    unknown = [group for group in labels.dropna().unique() if group not in groups]
    if unknown:
        raise InputError(f"cac: no cost for {by} {unknown}; it has {list(groups)}. Add what is missing.")
    return np.asarray(known.reindex(groups).fillna(margins.mean()), dtype=float)
