"""Value by category: what customers are worth, allocated to what they are expected to buy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from ...ground.rows import FloatArray, IntArray
from ...ground.summary import CustomerSummary
from ...prediction.forecast import OUTCOME_LEVELS, ascending
from ...prediction.futures import Path
from ...prediction.reduction import columns_of, quantiles_of
from ...valuation.value import Valuation
from ..decision import Decision
from ..grouped import Expected
from .category_kernels import choose_categories
from .category_shares import Bought, Shares, bought_by, shares_of, weights_of

STREAM: Final = 83
"""Tells the random numbers of choices from those of customers and margins."""
UNKNOWN: Final = "unknown"
"""The label of lines without a category, as `category_orders` gives it."""
ENDS: Final = (OUTCOME_LEVELS[0], OUTCOME_LEVELS[-1])


@dataclass(frozen=True, eq=False, repr=False)
class CategoryValue(Decision):
    """Residual value by category; `frame` has one row a category, those of most value first.

    Attributes
    ----------
    frame : DataFrame
        category; customers and purchases so far; share_of_spend so far; share_of_value_mean, _q05, _q95; value_mean,
        _q05, _q95 (predictive intervals: parameters, chance and the choice of each purchase ahead are in them); with
        margins also margin. Means of categories add up to the valuation's; quantiles do not.
    horizon : str
    labels : Index
        Categories in the order of `draws`.
    draws : array (categories, draws)
        Value of each category; over the categories they add up to the valuation's draws of the total.
    concentration : float
        Purchases of a customer's own that count as much as what is known of everybody (k0).
    """

    horizon: str
    labels: pd.Index
    draws: FloatArray
    concentration: float


def value_by_category(
    valuation: Valuation,
    category_orders: pd.DataFrame,
    *,
    horizon: str | None = None,
    margins: Mapping[Any, float] | None = None,
) -> CategoryValue:
    """Allocate the residual value of existing customers to categories, by their posterior shares of spend.

    The rule: a customer's value falls to a category by the expected share of their spend on it, which is their own
    record drawn towards what everybody buys, the more so the fewer purchases they have made (`category_shares`: the
    Dirichlet model of Goodhardt, Ehrenberg & Chatfield 1984). With margins by category, by share of spend times margin.
    The allocation adds up to the valuation's total exactly, draw by draw.

    In a draw, every purchase ahead falls into one category by itself, by an urn that knows how sure the customer's
    shares are, so that intervals are of what each category will bring. Doubt about the concentration is not in them,
    nor is a change of taste or of the assortment: categories that are new have no record to allocate by.

    Parameters
    ----------
    valuation : Valuation
    category_orders : DataFrame
        As `lw.category_orders` makes it, with the arguments of the summary: customer_id, category, purchases, spend.
    horizon : str, optional
        One that was valued; by default the longest.
    margins : mapping of str to float, optional
        Margin of each category as a share of revenue. They only divide the value between categories; for the value
        itself to be made of them, give each customer's own mean margin, `customer_margins`, to the economics.

    Raises
    ------
    InputError
        A horizon that was not valued, category orders that do not fit the summary, a category without a margin.
    """
    place = valuation.place(horizon)
    label = valuation.horizons[place].label
    bought = bought_by(valuation.basis.summary, category_orders)
    shares = shares_of(bought)
    given = None if margins is None else weights_of(margins, bought.labels)
    split = shares if given is None else shares.weighted(given)
    draws = _allocated(valuation, split, place)
    mean = split.of_values(Expected.of(valuation, place).value)
    frame = _frame(bought, mean, draws, given)
    return CategoryValue(
        frame, _rule(shares, label, given), _notes(bought), valuation.economics.currency,
        label, bought.labels, draws, shares.concentration,
    )  # fmt: skip


def customer_margins(
    summary: CustomerSummary, category_orders: pd.DataFrame, margins: Mapping[Any, float]
) -> pd.Series[float]:
    """Mean margin of what each customer is expected to buy: a column for ``Economics(margin="margin")``.

    Parameters
    ----------
    summary : CustomerSummary
    category_orders : DataFrame
        As `lw.category_orders` makes it, with the arguments of the summary.
    margins : mapping of str to float
        Margin of each category as a share of revenue.

    Returns
    -------
    Series
        Customers in the order of the summary: ``lw.CustomerSummary.from_frame(summary.frame.assign(margin=…), …)``.

    Raises
    ------
    InputError
        As `value_by_category`.
    """
    bought = bought_by(summary, category_orders)
    norm = shares_of(bought).norm(weights_of(margins, bought.labels))
    return pd.Series(norm, index=summary.frame.index, name="margin")


def _allocated(valuation: Valuation, shares: Shares, place: int) -> FloatArray:
    """Draws of the value of each category, array (categories, draws), on the futures of the valuation."""
    basis = valuation.basis
    lengths, order = ascending(valuation.horizons)
    urn = _Urn.of(shares)
    h = order[place]

    def allocate(path: Path) -> FloatArray:
        value = basis.terms.contribution(path)[h]
        rng = np.random.default_rng([basis.seed, STREAM, int(path.customers[0])])
        found = urn.chosen(rng, path.customers, value, path.purchases[h])
        without = np.where(path.purchases[h] == 0.0, value, 0.0)  # the cost of being alive alone
        return found + shares.of_values(without, path.customers) if without.any() else found

    total = np.zeros((len(shares.labels), basis.draws))
    futures = basis.futures(basis.ends(lengths))
    futures = replace(futures, measures=("purchases", *futures.measures))
    for part in futures.reduced(allocate, "Value by category"):
        total += part
    return total


@dataclass(frozen=True, eq=False)
class _Urn:
    """Shares as the compiled urn reads them; see `choose_categories`."""

    shares: Shares
    everybody: FloatArray
    first: IntArray
    category: IntArray
    own: FloatArray

    @classmethod
    def of(cls, shares: Shares) -> _Urn:
        own = shares.own.tocsr()
        total = np.repeat(1.0 - shares.base, np.diff(own.indptr))
        cumulated = np.cumsum(own.data)
        before = np.concatenate([[0.0], cumulated])[own.indptr[:-1]]
        within = (cumulated - np.repeat(before, np.diff(own.indptr))) / np.where(total > 0.0, total, 1.0)
        first, category = own.indptr.astype(np.int64), own.indices.astype(np.int64)
        return cls(shares, np.cumsum(shares.everybody), first, category, within)

    def chosen(
        self, rng: np.random.Generator, customers: IntArray, value: FloatArray, purchases: FloatArray
    ) -> FloatArray:
        """Value by category of customers with at least one purchase, array (categories, draws)."""
        out = np.zeros((len(self.everybody), value.shape[1]))
        sizes = np.diff(self.first)[customers]
        first = np.concatenate([[0], np.cumsum(sizes)])
        entries = np.repeat(self.first[customers] - first[:-1], sizes) + np.arange(first[-1])
        picks = np.zeros(int(purchases.max(initial=0.0)) + 1, dtype=np.int64)
        choose_categories(
            rng, value, purchases, self.shares.strength[customers], self.shares.base[customers], self.everybody,
            first, self.category[entries], self.own[entries], picks, out,
        )  # fmt: skip
        return out


def _frame(bought: Bought, mean: FloatArray, draws: FloatArray, margins: FloatArray | None) -> pd.DataFrame:
    spend = bought.per_category(bought.spend)
    total = draws.sum(axis=0)
    columns = {
        "category": bought.labels,
        "customers": bought.per_category().astype(np.int64),
        "purchases": bought.per_category(bought.purchases).astype(np.int64),
        "share_of_spend": spend / spend.sum() if spend.sum() > 0.0 else np.nan,
        **columns_of("share_of_value", mean / mean.sum(), quantiles_of(draws / total, ENDS), ENDS),
        **columns_of("value", mean, quantiles_of(draws, ENDS), ENDS),
        **({} if margins is None else {"margin": margins}),
    }
    return pd.DataFrame(columns).sort_values("value_mean", ascending=False, ignore_index=True, kind="stable")


def _rule(shares: Shares, horizon: str, margins: FloatArray | None) -> str:
    by = "expected share of spend" if margins is None else "expected share of spend times the margin of the category"
    return (
        f"Residual value of {horizon} falls to categories by each customer's {by}: {shares.concentration:.3g} "
        "purchases of a customer's own count as much as what is known of everybody."
    )


def _notes(bought: Bought) -> tuple[str, ...]:
    notes = []
    unseen = bought.customers - len(np.unique(bought.customer))
    if unseen:
        notes.append(
            f"{unseen:,} of {bought.customers:,} customers are not in the category orders: their value is allocated as "
            "everybody buys."
        )
    if bought.choices.max() <= 1.0:
        notes.append(
            "Nobody bought twice: whether customers stay with a category cannot be told, and one purchase is taken to "
            "count as much as what is known of everybody."
        )
    if UNKNOWN in bought.labels:
        place = bought.labels.get_loc(UNKNOWN)
        spend, count = bought.per_category(bought.spend), bought.per_category(bought.purchases)
        share = spend[place] / spend.sum() if spend.sum() > 0.0 else 0.0
        notes.append(
            f"{count[place]:,.0f} purchases with {share:.1%} of past spend name no category: they stand as {UNKNOWN!r}."
        )
    return tuple(notes)
