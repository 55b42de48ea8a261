"""Prior predictive checks: what customers the priors of a model expect, before it has seen any.

Gabry, Simpson, Vehtari, Betancourt & Gelman (2019), Visualization in Bayesian Workflow, J. Royal Statistical Society A
182:2, section 3. Parameters are drawn from the priors and customers from the parameters; what was observed should be
one of the things that the priors hold possible, and need not be in their middle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ..ground.errors import InputError
from ..ground.intervals import INTERVAL, check_draws
from ..ground.rows import FloatArray
from ..ground.summary import CustomerSummary
from ..ground.threads import map_threads
from ..purchases import TransactionModel
from ..spend import SpendModel
from .population import MOST_PURCHASES, draw_parameters
from .prior_plans import Plan, Quantity, purchase_plan, spend_plan

DRAWS_A_BLOCK: Final = 50
"""Draws simulated at once, each block with random numbers of its own: cores do not change the result."""
SURPRISING: Final = 0.01
"""Two-sided prior tail probability below which an observed value is called a surprise."""
CUT: Final = f"Some customers were followed to their first {MOST_PURCHASES:,} purchases only: the priors are very wide."


@dataclass(frozen=True, eq=False, repr=False)
class PriorPredictive:
    """What the priors of a model expect of customers, and where the observed ones lie in it.

    Attributes
    ----------
    model : str
    draws : DataFrame
        One row a prior draw: draw, the parameters of the paper, and the quantities. For transaction models:
        repeat_rate (share of customers with a repeat purchase in the time observed), purchases_per_customer (mean
        number of repeat purchases), active_late (share whose last repeat purchase is in the later half of their
        time). For spend models: aov (mean amount per purchase), spend_spread (90th percentile of customers' mean
        amounts over their median).
    quantities : tuple of Quantity
    observed : mapping of str to float
        The same of the summary, if one was given.
    scale : float
        The time or the amount that the priors are relative to.
    unit : str or None
        Of times: those of `scale` and of the parameters. None for a spend model.
    customers : int
        Simulated of each draw.
    notes : tuple of str
    """

    model: str
    draws: pd.DataFrame
    quantities: tuple[Quantity, ...]
    observed: Mapping[str, float]
    scale: float
    unit: str | None
    customers: int
    notes: tuple[str, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """One row a quantity: quantity, mean, q05, q50, q95; with a summary observed, percentile, tail_probability.

        The percentile is the share of draws below the observed value, ties by half; the tail probability two-sided.
        """
        rows = []
        for quantity in self.quantities:
            values = self.draws[quantity.name].to_numpy()
            row: dict[str, Any] = {"quantity": quantity.name, "mean": values.mean()}
            row |= dict(zip(("q05", "q50", "q95"), np.quantile(values, (INTERVAL[0], 0.5, INTERVAL[1])), strict=True))
            if quantity.name in self.observed:
                row |= _place(values, self.observed[quantity.name])
            rows.append(row)
        return pd.DataFrame(rows)

    @property
    def ok(self) -> bool:
        """Whether nothing observed is a surprise to the priors; True without a summary."""
        return not self.observed or bool((self.table["tail_probability"] >= SURPRISING).all())

    @property
    def sentences(self) -> tuple[str, ...]:
        """A sentence a quantity."""
        return tuple(self.sentence(quantity.name) for quantity in self.quantities)

    def sentence(self, name: str) -> str:
        """What the priors expect of one quantity, or where in it the observed value lies.

        Raises
        ------
        InputError
            No such quantity.
        """
        quantity = self.quantity(name)
        values = self.draws[name].to_numpy()
        if name not in self.observed:
            low, high = (quantity.write(end) for end in np.quantile(values, INTERVAL).tolist())
            return f"The priors expect the {quantity.words} between {low} and {high}, nine times in ten."
        row = _place(values, self.observed[name])
        place = f"The observed {quantity.words}, {quantity.write(row['observed'])}, lies"
        if row["tail_probability"] >= SURPRISING:
            return f"{place} at the {_ordinal(100.0 * row['percentile'])} percentile of what the priors expect."
        side = "below" if row["percentile"] < 0.5 else "above"
        return f"{place} {side} nearly all that the priors expect: give wider priors, or check the data and their unit."

    def quantity(self, name: str | None = None) -> Quantity:
        """One of the quantities, by default the first.

        Raises
        ------
        InputError
            No such quantity.
        """
        for quantity in self.quantities:
            if name in (None, quantity.name):
                return quantity
        raise InputError(f"quantity: expected one of {', '.join(q.name for q in self.quantities)}; got {name!r}.")

    def __repr__(self) -> str:
        lines = [f"<PriorPredictive of {self.model}: {len(self.draws):,} draws of {self.customers:,} customers>"]
        return "\n".join([*lines, *self.sentences, *self.notes])


def prior_predictive(
    model: TransactionModel | SpendModel,
    summary: CustomerSummary | None = None,
    *,
    T: float | ArrayLike | None = None,
    purchases: int | ArrayLike | None = None,
    customers: int = 400,
    scale: float | None = None,
    unit: str | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> PriorPredictive:
    """Simulate customers from the priors of a model, and say where those of a summary lie among them.

    Parameters
    ----------
    model : TransactionModel or SpendModel
        Without covariates and groups, with proper priors.
    summary : CustomerSummary, optional
        Customers to compare with. Simulated ones are observed as long (or have as many amounts), and the scale is
        that which a fit would take: the median gap between purchases, or the mean amount.
    T : float or array, optional
        Without a summary, for a transaction model: time observed, one or one a customer.
    purchases : int or array, optional
        Without a summary, for a spend model: amounts known of a customer, one number or one a customer.
    customers : int
        Simulated of each draw where `T` or `purchases` is a single number.
    scale : float, optional
        The time, or the amount, that priors are relative to; needed without a summary.
    unit : str, optional
        Of `T` and `scale` where there is no summary: "H", "D", "W" (default), "M" or "Y".
    draws, seed : int

    Raises
    ------
    InputError
        A flat prior, which has no draws; covariates or groups; neither summary nor `scale` with `T` or `purchases`;
        a summary of which no scale can be told.
    """
    rng, draws = np.random.default_rng(seed), check_draws(draws, 2)
    if isinstance(model, SpendModel):
        plan: Plan = spend_plan(model, summary, purchases, customers, scale)
    elif isinstance(model, TransactionModel):
        plan = purchase_plan(model, summary, T, customers, scale, unit)
    else:
        raise InputError(f"model: expected a model, such as BetaGeoModel(); got {model!r}.")
    theta = draw_parameters(model, plan.scale, rng, draws)
    starts = range(0, draws, DRAWS_A_BLOCK)

    def block(start: int) -> tuple[FloatArray, bool]:
        return plan.simulate(theta[:, start : start + DRAWS_A_BLOCK], np.random.default_rng([seed, start]))

    found = list(map_threads(block, starts, "Prior predictive check"))
    values = np.concatenate([part for part, _ in found], axis=1)
    columns = dict(zip(model.parameters, theta, strict=True))
    columns |= {quantity.name: row for quantity, row in zip(plan.quantities, values, strict=True)}
    frame = pd.DataFrame({"draw": np.arange(draws), **columns})
    notes = (CUT,) if any(cut for _, cut in found) else ()
    return PriorPredictive(
        model.name,
        frame,
        plan.quantities,
        MappingProxyType(plan.observed),
        plan.scale,
        plan.unit,
        plan.customers,
        notes,
    )


def _place(values: FloatArray, seen: float) -> dict[str, float]:
    """Where an observed value lies among draws."""
    below, above = float(np.mean(values < seen)), float(np.mean(values > seen))
    return {
        "observed": seen,
        "percentile": 0.5 * (below + 1.0 - above),
        "tail_probability": min(1.0, 2.0 * (1.0 - max(below, above))),
    }


def _ordinal(number: float) -> str:
    """Write 1st, 2nd, 13th.

    Examples
    --------
    >>> [_ordinal(n) for n in (0.4, 1, 2, 3, 11, 13, 62, 99.7)]
    ['1st', '1st', '2nd', '3rd', '11th', '13th', '62nd', '99th']
    """
    whole = min(max(round(number), 1), 99)
    ending = "th" if whole // 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(whole % 10, "th")
    return f"{whole}{ending}"
