"""What a customer just acquired is worth: the first order, and the future after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from ..ground.design import Cells
from ..ground.errors import InputError
from ..ground.intervals import DRAWS_FOR_MEANS
from ..ground.rows import FloatArray, IntArray
from ..ground.summary import CustomerSummary
from ..ground.units import Horizon
from ..prediction.expectations import expected_amounts
from ..prediction.futures import Futures, Path, contribution
from ..prediction.reduction import columns_of, quantiles_of
from ..spend import FittedSpend
from .economics import Economics

COPIES: Final = 100
"""New customers simulated for each draw of the parameters: with 1000 draws quantiles stand to about 1 %."""


def newcomer_groups(summary: CustomerSummary, economics: Economics, margins: FloatArray) -> pd.DataFrame:
    """Kinds of new customers: one row a group of `cac_by`, or a single row; columns margin, cac, and the group.

    The margin of a new customer is the mean margin of the customers there are, of the same group where there are
    groups.

    Raises
    ------
    InputError
        The attribute is missing, or a group has no CAC.
    """
    if not isinstance(economics.cac, Mapping):
        cac = np.nan if economics.cac is None else float(economics.cac)
        return pd.DataFrame({"margin": [margins.mean()], "cac": [cac]})
    by, groups = str(economics.cac_by), list(economics.cac)
    if by not in summary.attributes:
        have = ", ".join(summary.attributes) or "none"
        raise InputError(f"cac_by: {by!r} is no attribute of the summary (it has: {have}).")
    labels = summary.frame[by]
    unknown = [group for group in labels.dropna().unique() if group not in groups]
    if unknown:
        raise InputError(f"cac: no cost for {by} {unknown}; it has {groups}. Add what is missing.")
    known = pd.Series(margins).groupby(labels.to_numpy()).mean().reindex(groups).fillna(margins.mean())
    cacs = [float(economics.cac[group]) for group in groups]
    return pd.DataFrame({by: groups, "margin": known.to_numpy(), "cac": cacs})


def new_customer_table(
    futures: Futures,
    spend: FittedSpend,
    economics: Economics,
    newcomers: pd.DataFrame,
    horizons: tuple[Horizon, ...],
    order: IntArray,
    levels: tuple[float, ...],
) -> pd.DataFrame:
    """One row a kind of new customer and horizon, for ONE new customer; columns as in `Valuation`.

    `newcomers` as from `newcomer_groups`; `order` gives each horizon its place in `futures.horizons`.
    """
    cost = economics.cost_per_order
    frames = []
    newcomer: _Newcomer | None = None
    for record in newcomers.to_dict("records"):
        kind = {str(name): entry for name, entry in record.items()}
        margin, cac = float(kind.pop("margin")), float(kind.pop("cac"))
        if newcomer is None or not (futures.purchases.design.is_plain and spend.design.is_plain):
            newcomer = _Newcomer.of(futures, spend, kind)
        for horizon, h in zip(horizons, order, strict=True):
            columns = newcomer.columns(h, margin, cost, cac, levels)
            frames.append(pd.DataFrame(kind | {"horizon": horizon.label} | columns, index=[0]))
    return pd.concat(frames, ignore_index=True)


@dataclass(frozen=True, eq=False)
class _Newcomer:
    """Exact means and draws of a new customer's first order and future.

    Attributes
    ----------
    amount : array (copies,)
        Expected amount of an order.
    purchases, paid : array (horizons, copies)
        Expected discounted repeat purchases, and each times the level of amounts on its day.
    path : Path
        Draws.
    """

    amount: FloatArray
    purchases: FloatArray
    paid: FloatArray
    path: Path

    @classmethod
    def of(cls, futures: Futures, spend: FittedSpend, kind: Mapping[str, Any]) -> _Newcomer:
        nobody = _just_acquired(futures.summary, kind)
        blocks = list(replace(futures, summary=nobody, purchase_today=True).reduced(lambda path: path, "New customers"))
        parts = {name: _joined([getattr(block, name) for block in blocks]) for name in Path.__dataclass_fields__}
        cells = futures.purchases.cells(nobody)
        purchases, paid = _ahead(futures, cells)
        amount = expected_amounts(spend, nobody, DRAWS_FOR_MEANS)
        return cls(amount, purchases[:, cells.of_customer], paid[:, cells.of_customer], Path(**parts))

    def columns(
        self, h: int, margin: float, cost: float, cac: float, levels: tuple[float, ...]
    ) -> dict[str, FloatArray]:
        """Columns of the table at one horizon, each array (1,)."""
        worth = margin * self.amount - cost  # of each copy: rates and amounts may go together
        ahead = margin * self.amount * self.paid[h] - cost * self.purchases[h]
        first = margin * self.path.today - cost if self.path.today is not None else np.empty(0)
        residual = contribution(self.path, margin, cost)[h]
        outcomes = {"first_order": first, "residual_value": residual, "new_customer_value": first + residual}
        means = {"first_order": float(worth.mean()), "residual_value": float(ahead.mean())}
        means["new_customer_value"] = means["first_order"] + means["residual_value"]
        columns: dict[str, FloatArray] = {}
        if np.isfinite(cac):
            outcomes["acquisition_npv"] = outcomes["new_customer_value"] - cac
            means["acquisition_npv"] = means["new_customer_value"] - cac
        for name, draws in outcomes.items():
            mean, quantiles = np.array([means[name]]), quantiles_of(draws.reshape(1, -1), levels)
            columns |= columns_of(name, mean, quantiles, levels)
        return columns | ({"cac": np.array([cac])} if np.isfinite(cac) else {})


def _just_acquired(summary: CustomerSummary, kind: Mapping[str, Any]) -> CustomerSummary:
    """Copies of a customer just acquired; with attributes of customers of this kind, evenly over those there are."""
    alike = np.ones(len(summary), dtype=bool)
    for name, label in kind.items():
        alike &= (summary.frame[name] == label).to_numpy()
    who = np.flatnonzero(alike) if alike.any() else np.arange(len(summary))
    chosen = who[(np.arange(COPIES) * len(who)) // COPIES]
    frame = summary.frame.iloc[chosen].reset_index(drop=True)
    nothing = {"frequency": 0, "recency": 0.0, "T": 0.0, "monetary_value": 0.0, "monetary_value_all": 0.0}
    return CustomerSummary(
        frame.assign(customer_id=np.arange(COPIES), **nothing), summary.unit, summary.until, calendar=summary.calendar
    )


def _ahead(futures: Futures, cells: Cells) -> tuple[FloatArray, FloatArray]:
    """Expected discounted repeat purchases, and the same times the level of amounts, arrays (horizons, cells)."""
    if futures.clock is None:
        plain = futures.purchases.new_customers_like(cells, futures.horizons, futures.discount)
        return plain, plain
    weights = futures.clock.weights(futures.horizons, futures.discount)
    at_nodes = futures.purchases.new_customers_like(cells, weights.nodes, 0.0)
    return weights.mean_purchases @ at_nodes, weights.mean_spend @ at_nodes


def _joined(parts: list[Any]) -> Any:
    """Blocks of customers put together: customers are the last axis but one, or the only one."""
    return np.concatenate(parts, axis=max(0, parts[0].ndim - 2))
