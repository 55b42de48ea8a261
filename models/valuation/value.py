"""Valuation: futures and economics to residual value, the value of a new customer, and acquisition NPV.

Residual value is the discounted future contribution of an existing customer: margin on every future purchase minus
the cost of the order, at its day; nothing past, and no CAC. The value of a new customer is the contribution of the
first order plus the residual value of a customer just acquired; acquisition NPV is that minus CAC (money.md, 4.1;
Gupta, Hanssens, Hardie et al. 2006, Modeling Customer Lifetime Value, J. Service Research 9:2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..fitted_purchases import FittedPurchases
from ..ground.errors import InputError
from ..ground.intervals import check_draws, check_quantiles
from ..ground.rows import FloatArray
from ..ground.summary import CustomerSummary
from ..ground.units import LAST_DISCOUNT, continuous_rate, parse_horizons
from ..prediction.calibration import Calibration, clock_for, discrepancy_for
from ..prediction.decomposition import Measured, decompose
from ..prediction.expectations import expectations, expected_amounts
from ..prediction.forecast import OUTCOME_LEVELS, Outlook, ascending, check_fitted, tabulate
from ..prediction.futures import Futures, Path, contribution
from ..prediction.reduction import groupings_of, reduce_futures
from ..spend import FittedSpend
from .economics import Economics
from .new_customer import new_customer_table, newcomer_groups


@dataclass(frozen=True, eq=False, repr=False)
class Valuation(Outlook):
    """Residual value of existing customers (see `Outlook`), and what a new customer is worth.

    Attributes
    ----------
    new_customer : DataFrame
        One row a horizon, or a group and horizon where CAC is by group: first_order, residual_value,
        new_customer_value and, with CAC, cac and acquisition_npv; each with mean (exact) and quantiles of the outcome
        of ONE such customer. A horizon counts from the first order.
    economics : Economics
    """

    new_customer: pd.DataFrame
    economics: Economics


def value(
    purchases: FittedPurchases,
    spend: FittedSpend,
    summary: CustomerSummary,
    economics: Economics,
    horizon: str | Sequence[str | None] | None = "12M",
    *,
    draws: int = 1000,
    seed: int = 0,
    quantiles: tuple[float, ...] = OUTCOME_LEVELS,
    groups: str | list[str] | tuple[str, ...] | None = None,
    per_customer: bool = True,
    calibration: Calibration = None,
) -> Valuation:
    """Value every customer, groups and the whole base: discounted future contribution with intervals.

    Parameters
    ----------
    purchases : FittedPurchases
    spend : FittedSpend
    summary : CustomerSummary
    economics : Economics
    horizon : str, None, or list of them
        "12M", "156W", a date; None for ever, which needs a discount rate above 0. Any number in one pass.
    draws, seed, quantiles, groups, per_customer, calibration
        As in `forecast`.

    Raises
    ------
    InputError
        As `forecast`; also for no end without discounting, and for economics that do not fit the summary.
    """
    check_fitted(purchases, spend, need_spend=True)
    if not isinstance(economics, Economics):
        raise InputError(f"economics: expected Economics(margin=0.30, annual_discount_rate=0.15), got {economics!r}.")
    summary = purchases.checked(summary)
    asked = parse_horizons(horizon, purchases.unit, summary.until, purchases.calendar)
    levels, draws = check_quantiles(quantiles), check_draws(draws)
    rate = continuous_rate(economics.annual_discount_rate, purchases.unit)
    lengths, order = ascending(asked)
    ends = _ends(lengths, rate)
    margins = economics.margins(summary)
    groupings = groupings_of(summary, groups)
    newcomers = newcomer_groups(summary, economics, margins)
    discrepancy, said = discrepancy_for(purchases, calibration)
    clock = clock_for(purchases, summary, discrepancy, ends, draws, seed)

    futures = Futures(purchases, spend, summary, ends, rate, draws, seed, clock=clock)

    def outcomes(path: Path) -> dict[str, FloatArray]:
        return {"value": contribution(path, margins[path.customers, None], economics.cost_per_order)}

    reduced = reduce_futures(futures, outcomes, ("value",), levels, groupings, per_customer, "Valuing futures")
    exact = expectations(purchases, summary, lengths, rate, draws, clock)
    costs = np.full(len(summary), -economics.cost_per_order)
    measured = {"value": Measured(margins, expected_amounts(spend, summary, draws), costs)}
    tables = tabulate(summary, asked, order, levels, exact, measured, reduced, groupings, per_customer)
    parts = decompose(futures, exact, measured, reduced.total, asked, order)
    new = new_customer_table(futures, spend, economics, newcomers, asked, order, levels)
    return Valuation(*tables, parts, said, asked, purchases.unit, summary.until, new, economics)


def _ends(lengths: FloatArray, rate: float) -> FloatArray:
    """Horizons without an end, cut where discounting has left nothing.

    Raises
    ------
    InputError
        No discounting, no end.
    """
    if rate > 0.0:
        return np.minimum(lengths, LAST_DISCOUNT / rate)
    if not np.isfinite(lengths).all():
        raise InputError(
            "horizon: without discounting, value for ever may be infinite; give an end such as '60M', or an "
            "annual_discount_rate above 0."
        )
    return lengths
