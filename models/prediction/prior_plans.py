"""What a prior predictive check simulates of each kind of model, and the numbers that describe the customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

import numpy as np
from numpy.typing import ArrayLike

from ..fitted_purchases import rows_of
from ..ground.errors import InputError
from ..ground.rows import FloatArray, IntArray
from ..ground.summary import MONEY, CustomerSummary, check_summary
from ..ground.units import UNIT_NAMES, check_unit
from ..purchases import TransactionModel, typical_gap
from ..spend import SpendModel, spend_rows, typical_amount
from .population import MOST_PURCHASES, simulate_amounts, simulate_purchases

MOST_CUSTOMERS: Final = 1000
"""Customers simulated of each draw; of a larger summary, as many evenly over their times: what the priors leave open is
far wider than what chance among a thousand customers adds."""
LATE: Final = 0.5
"""The later part of a customer's time, as a share of it, that tells how many are still active."""
TOP: Final = 0.9
"""Quantile of customers' mean amounts, over their median: how unlike customers are in what they spend."""
DIGITS_BELOW: Final = 100.0
"""Numbers below it are written with three digits, larger ones to the whole."""


@dataclass(frozen=True)
class Quantity:
    """A number that describes customers: its name, in words, and whether it is a share."""

    name: str
    words: str
    is_share: bool = False

    def write(self, value: float) -> str:
        """The value as people read it."""
        if self.is_share:
            return f"{100.0 * value:.3g} %"
        return f"{value:.3g}" if abs(value) < DIGITS_BELOW else f"{value:,.0f}"


OF_PURCHASES: Final = (
    Quantity("repeat_rate", "repeat rate", is_share=True),
    Quantity("purchases_per_customer", "number of repeat purchases a customer"),
    Quantity("active_late", "share still buying in the later half of their time", is_share=True),
)
OF_SPEND: Final = (
    Quantity("aov", "mean amount per purchase"),
    Quantity("spend_spread", "ratio of the 90th percentile of customers' mean amounts to their median"),
)


class Plan(Protocol):
    """What is simulated of a model, and with what it is compared.

    Attributes
    ----------
    quantities : tuple of Quantity
    scale : float
        That the priors are relative to.
    observed : dict of str to float
        Empty without a summary.
    unit : str or None
        Of times, for a transaction model.
    customers : int
    """

    quantities: ClassVar[tuple[Quantity, ...]]

    @property
    def scale(self) -> float: ...  # noqa: D102
    @property
    def observed(self) -> dict[str, float]: ...  # noqa: D102
    @property
    def unit(self) -> str | None: ...  # noqa: D102
    @property
    def customers(self) -> int: ...  # noqa: D102

    def simulate(self, theta: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, bool]:
        """Quantities of each draw, array (quantities, draws), and whether a customer was cut short."""
        ...


@dataclass(frozen=True, eq=False)
class PurchasePlan:
    """What is simulated for a transaction model; `T` is array (customers,)."""

    model: TransactionModel
    T: FloatArray
    scale: float
    observed: dict[str, float]
    unit: str
    quantities: ClassVar[tuple[Quantity, ...]] = OF_PURCHASES

    @property
    def customers(self) -> int:
        """How many are simulated of each draw."""
        return len(self.T)

    def simulate(self, theta: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, bool]:
        """Quantities of each draw, array (quantities, draws), and whether a customer was cut short."""
        x, t_x = simulate_purchases(self.model, theta, self.T, rng)
        return _describe_purchases(x, t_x, self.T[:, None]), bool(x.max() >= MOST_PURCHASES)


@dataclass(frozen=True, eq=False)
class SpendPlan:
    """What is simulated for a spend model; `n` is array (customers,)."""

    model: SpendModel
    n: IntArray
    scale: float
    observed: dict[str, float]
    unit: None = None
    quantities: ClassVar[tuple[Quantity, ...]] = OF_SPEND

    @property
    def customers(self) -> int:
        """How many are simulated of each draw."""
        return len(self.n)

    def simulate(self, theta: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, bool]:
        """Quantities of each draw, array (quantities, draws); nobody is ever cut short."""
        (sums,) = simulate_amounts(self.model, theta, [self.n[:, None]], rng)
        return _describe_spend(sums, self.n[:, None]), False


def _describe_purchases(x: IntArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
    """Quantities in the order of `OF_PURCHASES`, customers along the first axis."""
    late = (x > 0) & (t_x > (1.0 - LATE) * T)
    return np.stack([(x > 0).mean(axis=0), x.mean(axis=0), late.mean(axis=0)])


def _describe_spend(sums: FloatArray, n: IntArray) -> FloatArray:
    """Quantities in the order of `OF_SPEND`, customers along the first axis."""
    top, middle = np.quantile(sums / n, [TOP, 0.5], axis=0)
    return np.stack([sums.sum(axis=0) / n.sum(axis=0), top / middle])


def purchase_plan(
    model: TransactionModel,
    summary: CustomerSummary | None,
    T: float | ArrayLike | None,
    customers: int,
    scale: float | None,
    unit: str | None,
) -> PurchasePlan:
    """Read what `prior_predictive` was given for a transaction model; its errors are described there."""
    if summary is None:
        times = _per_customer("T", T, customers)
        return PurchasePlan(model, times, _check_scale(scale, "time"), {}, check_unit(unit or "W"))
    frame = check_summary(summary, unit).frame
    x, t_x, ends = (frame[name].to_numpy() for name in ("frequency", "recency", "T"))
    observed = dict(zip((q.name for q in OF_PURCHASES), _describe_purchases(x, t_x, ends).tolist(), strict=True))
    gap = typical_gap(rows_of(summary)) if scale is None else _check_scale(scale, f"time in {UNIT_NAMES[summary.unit]}")
    return PurchasePlan(model, _evenly(ends), gap, observed, summary.unit)


def spend_plan(
    model: SpendModel,
    summary: CustomerSummary | None,
    purchases: int | ArrayLike | None,
    customers: int,
    scale: float | None,
) -> SpendPlan:
    """Read what `prior_predictive` was given for a spend model; its errors are described there."""
    if summary is None:
        asked = _per_customer("purchases", purchases, customers)
        if (asked != asked // 1).any():
            raise InputError(f"purchases: expected whole numbers of 1 or more, got {purchases!r}.")
        return SpendPlan(model, asked.astype(np.int64), _check_scale(scale, "amount"), {})
    known = MONEY[1] in check_summary(summary).frame  # where nothing is asked for: as the fit would choose
    first_purchase = known if model.first_purchase is None else model.first_purchase
    counts, means = summary.spend_columns(first_purchase)
    amount = typical_amount(spend_rows(summary, first_purchase)[0]) if scale is None else _check_scale(scale, "amount")
    n, zbar = counts[counts > 0], means[counts > 0]
    observed = dict(zip((q.name for q in OF_SPEND), _describe_spend(n * zbar, n).tolist(), strict=True))
    return SpendPlan(model, _evenly(n), amount, observed)


def _evenly[A: (FloatArray, IntArray)](values: A) -> A:
    """`MOST_CUSTOMERS` of the values at most, evenly over their order."""
    chosen = np.linspace(0, len(values) - 1, min(len(values), MOST_CUSTOMERS)).astype(np.int64)
    return np.sort(values)[chosen]


def _per_customer(name: str, given: float | ArrayLike | None, customers: int) -> FloatArray:
    """A number above 0 for each customer, array (customers,)."""
    try:
        values = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        values = np.zeros(1)
    if not (values.ndim <= 1 and values.size and np.isfinite(values).all() and (values > 0.0).all()):
        raise InputError(
            f"{name}: expected a number above 0, or one for each customer, where there is no summary; got {given!r}."
        )
    if values.ndim == 0:
        if not (isinstance(customers, (int, np.integer)) and customers >= 1):
            raise InputError(f"customers: expected a whole number above 0, got {customers!r}.")
        return np.full(customers, float(values))
    return values


def _check_scale(scale: float | None, what: str) -> float:
    if not (isinstance(scale, (int, float, np.number)) and np.isfinite(scale) and scale > 0.0):
        raise InputError(
            f"scale: expected the {what} that the priors are relative to, above 0; got {scale!r}. "
            "With a summary it is taken from the data."
        )
    return float(scale)
