"""What share of a customer's spend falls to each category: the own record, drawn towards what all customers buy.

The Dirichlet model of buying behaviour (Goodhardt, Ehrenberg & Chatfield 1984, "The Dirichlet: a comprehensive model of
buying behaviour", J. R. Statist. Soc. A 147:5): every customer chooses category c with a probability of their own, and
the probabilities of all customers are Dirichlet(alpha_1, …, alpha_C). Of a customer who has bought category c n_c
times, n in all, the next choice falls to c with probability (alpha_c + n_c) / (k0 + n), where k0 = sum of alpha is the
CONCENTRATION: how many purchases of their own count as much as what is known of everybody. Purchases of several
categories on one day are several choices; where baskets hold nearly all there is, customers look more alike than they
are, k0 is large, and shares stay near those of everybody.

alpha maximises the Dirichlet-multinomial likelihood of the counts (Minka 2000, "Estimating a Dirichlet distribution"):

    sum_i [ lnG(k0) - lnG(k0 + n_i) + sum_c lnG(alpha_c + n_ic) - lnG(alpha_c) ]

A purchase of c costs m_c, the mean of all customers, so that shares of SPEND are

    share_ic = (alpha_c m_c + w_ic) / sum_c (alpha_c m_c + w_ic),     w_ic = s_ic sum_c n_ic m_c,

s_ic being the customer's own spend on c as a share of their spend. They add up to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.sparse import csr_array
from scipy.special import digamma, gammaln

from ...ground.errors import InputError
from ...ground.rows import FloatArray, IntArray
from ...ground.summary import ID, CustomerSummary
from ...prediction.reduction import MOST_GROUPS

ALPHA: Final = (1e-6, 1e6)
"""Bounds of each alpha. Beyond the upper one all customers choose alike, below the lower one nobody chooses c twice."""
START: Final = 1.0
"""Concentration where the search begins, and stays where nobody bought twice: one purchase counts as all others do."""
NEEDED: Final = (ID, "category", "purchases")


@dataclass(frozen=True, eq=False)
class Bought:
    """What the customers of a summary bought of each category, one entry a customer and category.

    Attributes
    ----------
    labels : Index
        The categories.
    customer, category : array (entries,)
        Positions in the summary and among `labels`.
    purchases, spend : array (entries,)
        `spend` is `purchases` where amounts are not known.
    customers : int
        In the summary; some may have no entry.
    """

    labels: pd.Index
    customer: IntArray
    category: IntArray
    purchases: FloatArray
    spend: FloatArray
    customers: int

    @property
    def choices(self) -> FloatArray:
        """Purchases of each customer, those of several categories on one day each counted, array (customers,)."""
        return np.bincount(self.customer, self.purchases, minlength=self.customers)

    def per_category(self, values: FloatArray | None = None) -> FloatArray:
        """Sums over entries by category, or their number, array (categories,)."""
        return np.bincount(self.category, values, minlength=len(self.labels)).astype(float)


@dataclass(frozen=True, eq=False)
class Shares:
    """Expected shares of spend: base_i times what everybody buys, plus the customer's own; rows add up to 1.

    Attributes
    ----------
    labels : Index
    base : array (customers,)
    everybody : array (categories,)
        Adds up to 1.
    own : sparse array (customers, categories)
        Rows add up to 1 - base.
    concentration : float
        k0.
    strength : array (customers,)
        k0 plus the customer's purchases: how sure the shares are.
    """

    labels: pd.Index
    base: FloatArray
    everybody: FloatArray
    own: csr_array
    concentration: float
    strength: FloatArray

    def of_values(self, values: FloatArray, customers: IntArray | slice = slice(None)) -> FloatArray:
        """Values of customers, array (customers, …), allocated and added up, array (categories, …)."""
        everybody = np.multiply.outer(self.everybody, np.tensordot(self.base[customers], values, axes=1))
        return np.asarray(everybody + self.own[customers].T @ values)

    def dense(self) -> FloatArray:
        """All of them, array (customers, categories)."""
        return np.asarray(self.base[:, None] * self.everybody + self.own.toarray())

    def weighted(self, weights: FloatArray) -> Shares:
        """Shares where a unit of money of category c counts `weights[c]`, array (categories,), such as its margin."""
        norm = self.norm(weights)
        everybody = self.everybody * weights
        total = everybody.sum()
        own = csr_array(self.own.multiply(weights).multiply(1.0 / norm[:, None]))
        return Shares(
            self.labels,
            self.base * total / norm,
            everybody / total if total > 0.0 else self.everybody,
            own,
            self.concentration,
            self.strength,
        )

    def norm(self, weights: FloatArray) -> FloatArray:
        """Mean weight of each customer's spend, array (customers,)."""
        return np.asarray(self.base * (self.everybody @ weights) + self.own @ weights)


def bought_by(summary: CustomerSummary, category_orders: pd.DataFrame, *, need_spend: bool = True) -> Bought:
    """Entries of the customers of a summary, checked; those of other customers are left out.

    Raises
    ------
    InputError
        Not the frame of `category_orders`, another cut-off or other policies than the summary's, or nobody in
        common.
    """
    frame = _checked_frame(category_orders, need_spend)
    customer = pd.Index(summary.frame[ID]).get_indexer(pd.Index(frame[ID]))
    if not (customer >= 0).any():
        raise InputError(
            f"category_orders: none of its {frame[ID].nunique():,} customers ({ID} {frame[ID].head(3).tolist()}) is in "
            f"the valuation ({summary.frame[ID].head(3).tolist()}). Ids must be of one type and of one log."
        )
    frame, customer = frame[customer >= 0], customer[customer >= 0].astype(np.int64)
    codes, labels = pd.factorize(frame["category"], sort=True)
    purchases = frame["purchases"].to_numpy(float)
    most = summary.frame["frequency"].to_numpy(float)[customer] + 1.0
    if (purchases > most).any():
        who = frame[ID][purchases > most]
        raise InputError(
            f"category_orders: {who.nunique():,} customers ({ID} {who.head(3).tolist()}) bought a category on more "
            "days than they bought at all by the summary. Make both of the same log with the same until= and policies."
        )
    spend = frame["spend"].to_numpy(float) if "spend" in frame else purchases
    return Bought(pd.Index(labels), customer, codes.astype(np.int64), purchases, spend, len(summary))


def shares_of(bought: Bought) -> Shares:
    """Fit the concentration and work out each customer's expected shares of spend.

    Raises
    ------
    InputError
        Too many categories for draws of each to be kept.
    """
    if len(bought.labels) > MOST_GROUPS:
        raise InputError(
            f"category_orders: {len(bought.labels):,} categories; expected at most {MOST_GROUPS:,}. Roll them up first."
        )
    alpha = fit_dirichlet(bought)
    counts, spent = bought.per_category(bought.purchases), bought.per_category(bought.spend)
    overall = spent.sum() / counts.sum()
    # what costs nothing is priced as if by chance it had cost a little: shares of nothing are none
    price = spent / counts if overall > 0.0 else np.ones(len(counts))
    prior = alpha * price
    worth = np.bincount(bought.customer, bought.purchases * price[bought.category], minlength=bought.customers)
    spend = bought.spend
    total = np.bincount(bought.customer, spend, minlength=bought.customers)
    # who spent nothing after refunds is known by what they bought alone
    nothing = total[bought.customer] <= 0.0
    spend = np.where(nothing, bought.purchases * price[bought.category], spend)
    total = np.bincount(bought.customer, spend, minlength=bought.customers)
    share = spend / np.where(total > 0.0, total, 1.0)[bought.customer]
    all_of_it = prior.sum() + worth
    weight = share * (worth / all_of_it)[bought.customer]
    own = csr_array((weight, (bought.customer, bought.category)), shape=(bought.customers, len(bought.labels)))
    k0 = float(alpha.sum())
    return Shares(bought.labels, prior.sum() / all_of_it, prior / prior.sum(), own, k0, k0 + bought.choices)


def fit_dirichlet(bought: Bought) -> FloatArray:
    """Alpha by maximum likelihood, array (categories,); equal counts are summed once."""
    sizes, of_size = np.unique(bought.choices[bought.choices > 0], return_counts=True)
    width = bought.purchases.max() + 1.0
    cells, of_cell = np.unique(bought.category * width + bought.purchases, return_counts=True)
    category, counts = (cells // width).astype(np.int64), cells % width
    categories = len(bought.labels)

    def negative(free: FloatArray) -> tuple[float, FloatArray]:
        alpha = np.exp(free)
        k0, own = alpha.sum(), alpha[category]
        value = of_size @ (gammaln(k0) - gammaln(k0 + sizes)) + of_cell @ (gammaln(own + counts) - gammaln(own))
        together = of_size @ (digamma(k0) - digamma(k0 + sizes))
        each = np.bincount(category, of_cell * (digamma(own + counts) - digamma(own)), minlength=categories)
        scale = 1.0 / of_size.sum()
        return -value * scale, -scale * alpha * (together + each)

    start = bought.per_category(bought.purchases)
    found = minimize(
        negative,
        np.log(np.maximum(START * start / start.sum(), ALPHA[0])),
        jac=True,
        method="L-BFGS-B",
        bounds=[(float(np.log(ALPHA[0])), float(np.log(ALPHA[1])))] * categories,
        options={"maxiter": 1000, "ftol": 1e-12, "gtol": 1e-8},
    )
    return np.asarray(np.exp(found.x))


def _checked_frame(frame: Any, need_spend: bool) -> pd.DataFrame:
    needed = (*NEEDED, *(("spend",) if need_spend else ()))
    have = list(frame.columns) if isinstance(frame, pd.DataFrame) else type(frame).__name__
    if not isinstance(frame, pd.DataFrame) or any(name not in frame for name in needed) or frame.empty:
        raise InputError(
            f"category_orders: expected the frame of lw.category_orders(orders, category=…) with rows and the columns "
            f"{', '.join(needed)}; got {have}."
        )
    numbers = frame[[name for name in ("purchases", "spend") if name in frame]].to_numpy(float, na_value=np.nan)
    bad = ~(np.isfinite(numbers).all(axis=1) & (numbers >= 0.0).all(axis=1) & (numbers[:, 0] >= 1.0))
    bad |= frame["category"].isna().to_numpy() | frame.duplicated([ID, "category"]).to_numpy()
    if bad.any():
        raise InputError(
            f"category_orders: expected one row a customer and category with at least one purchase and a spend of 0 or "
            f"more; {int(bad.sum()):,} rows are not so (row {frame.index[bad][:3].tolist()})."
        )
    return frame


def weights_of(given: Mapping[Any, float], labels: pd.Index) -> FloatArray:
    """Margins in the order of the categories.

    Raises
    ------
    InputError
        A category without a margin, or one that is no share.
    """
    missing = [label for label in labels if label not in given]
    if missing:
        raise InputError(f"margins: none is given for {missing[:5]}; it has {list(given)}. Add what is missing.")
    margins = np.array([given[label] for label in labels], dtype=float)
    if not ((margins > 0.0) & (margins <= 1.0)).all():
        odd = labels[~((margins > 0.0) & (margins <= 1.0))].tolist()
        raise InputError(f"margins: expected shares above 0 and up to 1, such as 0.30; those of {odd[:5]} are not.")
    return margins
