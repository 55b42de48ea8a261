"""The economics told for each customer, in the unit of the model: what turns a future into money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..ground.errors import InputError
from ..ground.rows import FloatArray, IntArray
from ..ground.summary import ID, CustomerSummary
from ..ground.units import DAYS_PER_UNIT, DAYS_PER_YEAR
from ..prediction.decomposition import Measured
from ..prediction.futures import Measure, Path
from .economics import Economics, margin_draws, margin_mean, margins_of_column


@dataclass(frozen=True, eq=False)
class Terms:
    """What a customer's purchases leave and cost.

    Attributes
    ----------
    kinds : array (kinds, draws) or (kinds, 1)
        Margins, costs that are a share of revenue taken off, by kind of customer; in draws where a margin is a
        distribution, the same draw for all customers of a kind.
    means : array (kinds,)
    kind : array (customers,)
    per_order : float
    per_time : float
        Cost of a customer alive, per unit of time of the model.
    """

    kinds: FloatArray
    means: FloatArray
    kind: IntArray
    per_order: float
    per_time: float

    @property
    def margins(self) -> FloatArray:
        """Each customer's expected net margin, array (customers,)."""
        return self.means[self.kind]

    @property
    def is_certain(self) -> bool:
        """Whether every margin is known."""
        return bool(self.kinds.shape[1] == 1)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What `contribution` reads of a path."""
        return ("discounted_spend", "discounted_purchases", *(("discounted_alive",) if self.per_time else ()))

    def contribution(self, path: Path) -> FloatArray:
        """Discounted contribution, array (horizons, customers, draws)."""
        found = self.kinds[self.kind[path.customers]] * path.discounted_spend
        found -= self.per_order * path.discounted_purchases
        if self.per_time:
            found -= self.per_time * path.discounted_alive
        return found

    def doubt(self, spend: FloatArray) -> FloatArray:
        """What margins that are not known exactly add to the total in each draw, array (horizons, draws).

        `spend`, array (horizons, customers), is each customer's expected discounted spend.
        """
        by_kind = np.stack([np.bincount(self.kind, row, minlength=len(self.means)) for row in spend])
        return np.asarray(by_kind @ (self.kinds - self.means[:, None]))

    def measured(self, amounts: FloatArray) -> Measured:
        """Contribution as a sum over purchases and time, for means; `amounts` are expected ones, array (customers,)."""
        everybody = np.ones(len(self.kind))
        return Measured(self.margins, amounts, -self.per_order * everybody, -self.per_time * everybody)


def terms_of(economics: Economics, summary: CustomerSummary, draws: int, seed: int) -> Terms:
    """The terms of each customer of a summary.

    Raises
    ------
    InputError
        A column or attribute that the economics speak of is missing, a value of it has no margin, or a customer's
        margin is no share.
    """
    share = sum(economics.share_costs.values())
    means, kind, kinds = _margins(economics, summary, draws, seed)
    per_time = sum(economics.alive_costs.values()) * DAYS_PER_UNIT[summary.unit] / DAYS_PER_YEAR
    return Terms(kinds - share, means - share, kind, sum(economics.order_costs.values()), per_time)


def _margins(
    economics: Economics, summary: CustomerSummary, draws: int, seed: int
) -> tuple[FloatArray, IntArray, FloatArray]:
    """Means by kind, each customer's kind, and draws by kind."""
    margin = economics.margin
    if isinstance(margin, str):
        column = summary.frame[attribute(summary, "margin", margin)]
        means, kind = np.unique(margins_of_column(column, summary.frame[ID]), return_inverse=True)
        return means, kind.astype(np.int64), means[:, None]
    if isinstance(margin, Mapping):
        kind = codes_of(summary, "margin", str(economics.margin_by), margin)
        each = list(margin.values())
    else:
        kind, each = np.zeros(len(summary), dtype=np.int64), [margin]
    means = np.array([margin_mean(one) for one in each])
    if all(isinstance(one, (int, float, np.number)) for one in each):
        return means, kind, means[:, None]
    rng = np.random.default_rng([seed, len(each)])  # a stream of its own, beside those of the customers
    return means, kind, np.stack([margin_draws(one, rng, draws) for one in each])


def attribute(summary: CustomerSummary, argument: str, name: str) -> str:
    """The name of an attribute that a summary has.

    Raises
    ------
    InputError
        It has no such attribute.
    """
    if name not in summary.attributes:
        have = ", ".join(summary.attributes) or "none"
        raise InputError(
            f"{argument}: no column {name!r} in the summary (its attributes: {have}). "
            f'Keep it with lw.summarise(…, attributes=["{name}"]).'
        )
    return name


def codes_of(summary: CustomerSummary, argument: str, by: str, given: Mapping[Any, Any]) -> IntArray:
    """Place of each customer's label among the keys of `given`, array (customers,).

    Raises
    ------
    InputError
        The attribute is missing, or customers have a label that is not among the keys.
    """
    labels = summary.frame[attribute(summary, f"{argument}_by", by)]
    codes = pd.Index(list(given)).get_indexer(pd.Index(labels))
    if (codes < 0).any():
        unknown = labels[codes < 0].unique().tolist()
        raise InputError(
            f"{argument}: none is given for {by} {unknown[:5]} ({int((codes < 0).sum()):,} customers); "
            f"it has {list(given)}. Add what is missing."
        )
    return np.asarray(codes, dtype=np.int64)
