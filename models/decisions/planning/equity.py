"""Customer equity: what the customers there are and those to come are worth together, after what all of it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from ...ground.intervals import check_quantiles
from ...ground.units import DAYS_PER_UNIT, DAYS_PER_YEAR
from ...prediction.clock import discounted_time
from ...prediction.forecast import OUTCOME_LEVELS, ascending
from ...prediction.reduction import columns_of, quantiles_of
from ...valuation.basis import VALUE
from ...valuation.periods import Periods
from ...valuation.value import Valuation
from ..decision import Decision
from .plans import Plan, new_customers

RULE: Final = (
    "Customer equity = residual value of existing customers + planned customers x (new-customer value - CAC) - fixed "
    "cost, all discounted to the cut-off and within the horizon (Gupta & Lehmann 2005, Managing Customers as "
    "Investments)."
)


@dataclass(frozen=True, eq=False, repr=False)
class CustomerEquity(Decision):
    """Customer equity and its parts; see `customer_equity`.

    Attributes
    ----------
    horizon : str
    new_customers : float
        Planned customers counted.
    """

    horizon: str
    new_customers: float


def customer_equity(
    valuation: Valuation,
    plan: Plan | None = None,
    *,
    horizon: str | None = None,
    quantiles: tuple[float, ...] = OUTCOME_LEVELS,
) -> CustomerEquity:
    """Value existing and planned customers after acquisition and fixed cost.

    Parameters
    ----------
    valuation : Valuation
    plan : Plan, optional
        Acquisitions by month.
    horizon : str, optional
        One of those valued, counted from the cut-off for everybody; by default the longest.
    quantiles : tuple of float
        Of the predictive intervals.

    Returns
    -------
    CustomerEquity
        `frame` has one row a part: part, mean and quantiles; the last is their sum, draw by draw.

    Raises
    ------
    InputError
        A horizon that was not valued, or a plan that does not fit the economics.
    """
    basis, place, levels = valuation.basis, valuation.place(horizon), check_quantiles(quantiles)
    all_ends = basis.ends(ascending(valuation.horizons)[0])
    end = float(basis.ends(np.array([valuation.horizons[place].calendar_length]))[0])
    window = Periods((valuation.horizons[place].label,), np.zeros(1), np.array([end]), (None,), (None,))
    parts = [("existing customers", float(valuation.total[f"{VALUE}_mean"].iloc[place]), valuation.draws[VALUE][place])]
    notes: tuple[str, ...] = ()
    count = 0.0
    if plan is not None:
        new = new_customers(basis, plan, window, basis.clock(all_ends))
        spent, count, notes = float(new.discounted_acquisition[0]), new.count, new.notes
        parts.append(("new customers", float(new.discounted[0][0]), new.discounted[1][0]))
        parts.append(("cost of acquisition", -spent, np.full(basis.draws, -spent)))
    if basis.economics.fixed_cost_per_year:
        years = float(discounted_time(np.array([end]), basis.rate)[0]) * DAYS_PER_UNIT[valuation.unit] / DAYS_PER_YEAR
        fixed = basis.economics.fixed_cost_per_year * years
        parts.append(("fixed cost", -fixed, np.full(basis.draws, -fixed)))
    parts.append(("customer equity", sum(mean for _, mean, _ in parts), np.sum([draws for *_, draws in parts], axis=0)))
    rows = []
    for name, mean, draws in parts:
        columns = columns_of("", np.array([mean]), quantiles_of(draws[None], levels), levels)
        rows.append({"part": name} | {key.removeprefix("_"): float(found[0]) for key, found in columns.items()})
    return CustomerEquity(
        pd.DataFrame(rows), RULE, notes, valuation.economics.currency, valuation.horizons[place].label, count
    )
