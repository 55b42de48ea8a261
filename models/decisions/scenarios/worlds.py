"""Value in worlds that differ in their levers, draw by draw: what elasticities and what-ifs are made of.

A world's hazard and discount rate need integrals of their own; all else is a factor on what these integrals give.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from ...ground.errors import InputError
from ...ground.rows import FloatArray, IntArray
from ...ground.units import DAYS_PER_UNIT, DAYS_PER_YEAR, LAST_DISCOUNT, continuous_rate
from ...prediction.clock import Clock
from ...prediction.forecast import ascending
from ...prediction.state_values import expected_given_states
from ...valuation.basis import Basis
from ...valuation.new_customer import newcomer_means
from ...valuation.newcomers import just_acquired, kinds_of
from ...valuation.value import Valuation
from .levers import Changes, check_levers
from .retention_rate import RetentionRate

RESIDUAL: Final = "residual_value"
NEW: Final = "new_customer_value"
NPV: Final = "acquisition_npv"

NO_COSTS: Final[dict[str, Any]] = {"cost_per_order": 0.0, "cost_per_year_alive": 0.0}
NOTHING: Final[dict[str, Any]] = NO_COSTS | {"cost_share": 0.0, "margin": 0.0, "margin_by": None}
ONE_OF_EACH: Final[tuple[tuple[dict[str, Any], float, bool], ...]] = (
    (NO_COSTS, 1.0, False),
    (NOTHING | {"margin": 1.0}, 1.0, False),
    (NOTHING | {"cost_per_order": 1.0}, -1.0, False),
    (NOTHING | {"cost_per_year_alive": 1.0}, -1.0, True),
)
"""Economics in which contribution is one of `_Parts` and nothing else; its sign; whether it is time."""


@dataclass(frozen=True, eq=False)
class Worlds:
    """Values of the same customers in several worlds, draw by draw.

    Attributes
    ----------
    quantities : dict of array (worlds, draws)
        By quantity: residual_value of all customers; new_customer_value and, where there is a CAC, acquisition_npv of
        one new customer on average, kinds of customers as they are in the base.
    retention, newcomer_retention : RetentionRate or None
        Of the customers alive now, and of those just acquired; None where no world changes it.
    """

    quantities: dict[str, FloatArray]
    retention: RetentionRate | None
    newcomer_retention: RetentionRate | None


def worlds(valuation: Valuation, changes: Sequence[Changes], horizon: str | None) -> Worlds:
    """Value each world within a horizon that was valued.

    Raises
    ------
    InputError
        The horizon was not valued, or a change cannot be made.
    """
    basis, end = valuation.basis, valuation.horizons[valuation.place(horizon)].calendar_length
    for change in changes:
        check_levers(basis.economics, basis.terms, change)
    lengths, _ = ascending(valuation.horizons)
    kinds = kinds_of(basis)
    shares = kinds.size / kinds.size.sum()
    retention = of_new = None
    if any(change.retention for change in changes):
        retention = RetentionRate.of_base(basis, basis.futures(basis.ends(lengths)))
        nobody = [just_acquired(basis, kinds, kind) for kind in range(len(shares))]
        of_new = RetentionRate.of_newcomers(list(zip(nobody, shares, strict=True)))
    moved = list(dict.fromkeys((change.retention, change.discount_rate) for change in changes))
    rates = [basis.economics.annual_discount_rate * (1.0 + discount) for _, discount in moved]
    if not np.isfinite(end) and min(rates) == 0.0:
        raise InputError("discount_rate: without discounting, value for ever may be infinite; value an end as well.")
    case = np.array([moved.index((change.retention, change.discount_rate)) for change in changes])

    base = _of_base(basis, lengths, end, _hazards(retention, moved), rates)
    new, first = _of_newcomers(basis, lengths, end, _hazards(of_new, moved), rates, shares)
    values = {RESIDUAL: base.contribution(basis, changes, case, ahead=True)}
    values[NEW] = first.contribution(basis, changes, np.zeros_like(case), ahead=False)
    values[NEW] = values[NEW] + new.contribution(basis, changes, case, ahead=True)
    if basis.economics.cac is not None:
        cac = float(kinds.cac @ shares)
        values[NPV] = values[NEW] - cac * np.array([[1.0 + change.cac] for change in changes])
    return Worlds(values, retention, of_new)


@dataclass(frozen=True, eq=False)
class _Parts:
    """What contribution is made of, discounted, each array (cases, draws).

    Attributes
    ----------
    margined : array
        Spend times net margin, costs that are a share of revenue taken off.
    spend, purchases, alive : array
        `alive` in years.
    """

    margined: FloatArray
    spend: FloatArray
    purchases: FloatArray
    alive: FloatArray

    def contribution(self, basis: Basis, changes: Sequence[Changes], case: IntArray, ahead: bool) -> FloatArray:
        """Value in each world, array (worlds, draws); `ahead`: purchases come at the world's frequency."""
        economics, found = basis.economics, []
        share, per_order = sum(economics.share_costs.values()), sum(economics.order_costs.values())
        per_year = sum(economics.alive_costs.values())
        for change, c in zip(changes, case, strict=True):
            often = 1.0 + change.frequency if ahead else 1.0
            left = self.margined[c] + change.margin * (self.margined[c] + share * self.spend[c])
            orders = per_order * (1.0 + change.cost_per_order) * self.purchases[c]
            alive = per_year * (1.0 + change.cost_per_year_alive) * self.alive[c]
            found.append(often * ((1.0 + change.order_value) * left - orders) - alive)
        return np.stack(found)


def _hazards(rate: RetentionRate | None, moved: Sequence[tuple[float, float]]) -> list[float]:
    """The factor on hazards in each case; all are 1 where retention stays."""
    return [1.0 if rate is None else rate.hazard(change) for change, _ in moved]


def _of_base(basis: Basis, lengths: FloatArray, end: float, hazards: list[float], rates: list[float]) -> _Parts:
    """All customers, each with a state of its own in every draw."""
    terms, unit = basis.terms, basis.purchases.unit
    discounts = np.array([continuous_rate(rate, unit) for rate in rates])
    found = expected_given_states(
        basis.futures(basis.ends(lengths)), terms.kinds, terms.kind, np.array(hazards), discounts, end
    )
    years = found.alive * (DAYS_PER_UNIT[unit] / DAYS_PER_YEAR)
    return _Parts(found.weighted_spend, found.spend, found.purchases, years)


def _of_newcomers(
    basis: Basis, lengths: FloatArray, end: float, hazards: list[float], rates: list[float], shares: FloatArray
) -> tuple[_Parts, _Parts]:
    """One new customer on average over kinds: what comes after the first order, and the first order."""
    ends = basis.ends(lengths)
    clock = basis.clock(ends) or basis.plain_clock(float(ends[-1]), basis.draws)
    cases = [_case(basis, clock, end, hazard, rate, shares) for hazard, rate in zip(hazards, rates, strict=True)]
    return _Parts(*np.stack([after for _, after in cases], axis=1)), _Parts(
        *np.stack([first for first, _ in cases], axis=1)
    )


def _case(
    basis: Basis, clock: Clock, end: float, hazard: float, rate: float, shares: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The parts of the first order, and those of what follows, arrays (parts, draws).

    With M(c) the purchases expected until elapsed time c, those under hazards multiplied by g are M(g c) / g.
    """
    economics = replace(basis.economics, annual_discount_rate=rate)
    last = min(end, LAST_DISCOUNT / replace(basis, economics=economics).rate) if rate > 0.0 else end
    ends, clock = np.array([last]), _until(clock, last)
    faster = Clock(clock.knots, hazard * clock.elapsed, clock.level, clock.scale)
    first, after = [], []
    for settings, sign, of_time in ONE_OF_EACH:
        means = newcomer_means(replace(basis, economics=replace(economics, **settings)), ends, clock=faster)
        first.append(sign * (shares @ means.first))
        after.append((sign if of_time else sign / hazard) * (shares @ means.residual[-1]))
    return np.stack(first), np.stack(after)


def _until(clock: Clock, last: float) -> Clock:
    """The clock until `last`: beyond its last knot time runs as before it."""
    if last <= clock.knots[-1]:
        return clock
    more = (last - clock.knots[-2]) / (clock.knots[-1] - clock.knots[-2])
    elapsed = clock.elapsed[-2] + more * (clock.elapsed[-1] - clock.elapsed[-2])
    return Clock(
        np.append(clock.knots[:-1], last), np.concatenate([clock.elapsed[:-1], elapsed[None]]), clock.level, clock.scale
    )
