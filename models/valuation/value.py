"""Valuation: futures and economics to residual value, the value of a new customer, and acquisition NPV.

Residual value is the discounted future contribution of an existing customer: margin on every future purchase minus
the cost of the order, at its day; nothing past, and no CAC. The value of a new customer is the contribution of the
first order plus the residual value of a customer just acquired; acquisition NPV is that minus CAC (money.md, 4.1;
Gupta, Hanssens, Hardie et al. 2006, Modeling Customer Lifetime Value, J. Service Research 9:2).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..fitted_purchases import FittedPurchases
from ..ground.errors import HorizonWarning, InputError
from ..ground.intervals import check_draws, check_quantiles
from ..ground.rows import FloatArray
from ..ground.summary import CustomerSummary
from ..ground.units import Horizon, parse_horizons
from ..prediction.calibration import Calibration, discrepancy_for
from ..prediction.decomposition import decompose
from ..prediction.forecast import OUTCOME_LEVELS, Outlook, ascending, check_fitted, tabulate
from ..prediction.reduction import groupings_of
from ..spend import FittedSpend
from .basis import VALUE, Basis
from .economics import Economics
from .historic import add_historic, historic_values
from .new_customer import new_customer_table
from .newcomers import unseen_kinds
from .reach import beyond_the_data

MARGIN = "the margin"
"""Part of a band that comes from a margin not known exactly."""


@dataclass(frozen=True, eq=False, repr=False)
class Valuation(Outlook):
    """Residual value of existing customers (see `Outlook`), and what a new customer is worth.

    Where the summary knows the amounts of all purchases, `customers`, `total` and groups have historic_value beside
    `value`: the contribution of past purchases, undiscounted. It is never added to what is to come.

    Attributes
    ----------
    new_customer : DataFrame
        One row a horizon, or a group and horizon where CAC is by group: first_order, residual_value,
        new_customer_value and, with CAC, cac and acquisition_npv; each with mean and quantiles of the outcome
        of ONE such customer. A horizon counts from the first order. First orders are those that were seen, partially
        pooled between groups, or the spend model's where the summary does not know them.
    group_draws : mapping of str to array (horizons, groups, draws)
        Draws of the value of each group, by attribute, groups as in `by`. The same draw is the same future of
        parameters and clock for all groups: differences, ratios and shares within a draw are draws of them.
    economics : Economics
    basis : Basis
        Models, customers and recipe of the futures: what decisions ask further.
    notes : tuple of str
        What to keep in mind, a sentence each.
    """

    new_customer: pd.DataFrame
    group_draws: Mapping[str, FloatArray]
    economics: Economics
    basis: Basis
    notes: tuple[str, ...]

    def place(self, horizon: str | None = None) -> int:
        """Place of a horizon among those valued; None: the longest.

        Raises
        ------
        InputError
            It was not valued.
        """
        if horizon is None:
            return int(np.argmax([h.calendar_length for h in self.horizons]))
        return _place_of(horizon, self.horizons)


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
    keep: str | None = None,
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
    keep : str, optional
        A horizon whose every outcome stays in memory for decisions that ask for all of them (tiers, segments, cohorts,
        origins), if they take no more than some 400 MB. The first of these decisions keeps them by itself, after
        simulating once more.

    Raises
    ------
    InputError
        As `forecast`; `keep` is no horizon asked for; also for no end without discounting, and for economics that do
        not fit the summary.

    Warns
    -----
    HorizonWarning
        A horizon lies far beyond what the customers' own record can tell of.
    """
    check_fitted(purchases, spend, need_spend=True)
    if not isinstance(economics, Economics):
        raise InputError(f"economics: expected Economics(margin=0.30, annual_discount_rate=0.15), got {economics!r}.")
    summary = purchases.checked(summary)
    asked = parse_horizons(horizon, purchases.unit, summary.until, purchases.calendar)
    levels, draws = check_quantiles(quantiles), check_draws(draws)
    discrepancy, said = discrepancy_for(purchases, calibration)
    basis = Basis(purchases, spend, summary, economics, discrepancy, draws, seed)
    _ = basis.terms  # economics that do not fit the summary are told before anything else
    lengths, order = ascending(asked)
    ends, groupings = basis.ends(lengths), groupings_of(summary, groups)
    far = beyond_the_data(basis, asked)
    for note in far:
        warnings.warn(note, HorizonWarning, stacklevel=2)

    new = new_customer_table(basis, asked, ends, order, levels)
    futures = basis.futures(ends)
    held = None if keep is None else int(order[_place_of(keep, asked)])
    reduced = basis.reduced(futures, levels, groupings, per_customer, keep=held)
    if held is not None and reduced.kept:
        basis.keep(lengths, held, reduced.kept)
    exact, measured = basis.exact(lengths), {VALUE: basis.measured}
    customers, total, by, drawn = tabulate(
        summary, asked, order, levels, exact, measured, reduced, groupings, per_customer
    )
    past = historic_values(basis)
    if past is not None:
        customers, total, by = add_historic(past, customers, total, by, groupings, len(asked))
    doubts = {} if basis.terms.is_certain else {MARGIN: basis.terms.doubt(exact.paid * basis.amounts)}
    parts = decompose(futures, exact, measured, reduced.total, asked, order, doubts)
    group_draws = {name: reduced.groups[name][VALUE][order] for name in groupings}
    return Valuation(
        customers, total, by, drawn, parts, said, asked, purchases.unit, summary.until,
        new, group_draws, economics, basis, (*far, *unseen_kinds(basis)),
    )  # fmt: skip


def _place_of(horizon: str, horizons: tuple[Horizon, ...]) -> int:
    labels = [h.label for h in horizons]
    if horizon not in labels:
        raise InputError(
            f"horizon: {horizon!r} was not valued; expected one of {', '.join(labels)}. "
            f'Value it as well: lw.value(…, horizon=[…, "{horizon}"]).'
        )
    return labels.index(horizon)
