"""Payback: how long until a new customer has brought back what acquiring it cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from ...ground.errors import InputError
from ...ground.rows import FloatArray
from ...ground.units import parse_horizons
from ...prediction.forecast import OUTCOME_LEVELS
from ...prediction.reduction import columns_of, quantiles_of
from ...valuation.basis import Basis
from ...valuation.new_customer import NewcomerMeans, newcomer_means
from ...valuation.reach import beyond_the_data
from ...valuation.value import Valuation
from ..decision import Decision
from .channel_notes import cac_basis, channel_notes

MONTHS: Final = 36
"""Months looked at: who has not paid back in three years is not counted on."""
MOST_MONTHS: Final = 600
"""A longer curve is a mistake of units."""
WITHIN: Final = (6, 12, 24)
"""Months within which the probability of payback is told: half a year, and the years budgets are made for."""
GROUP: Final = "group"
"""Name of the column of groups where no attribute tells them apart, or one whose name is taken."""
TAKEN: Final = ("month", "customers", "cac")


@dataclass(frozen=True, eq=False, repr=False)
class Payback(Decision):
    """Payback of new customers; `frame` has one row a group and month.

    Attributes
    ----------
    frame : DataFrame
        The group, month (0: with the first order), cumulative_mean, _q05, _q50, _q95 (credible interval of the mean of
        new customers), p_paid_back (probability that CAC was reached by then).
    summary : DataFrame
        One row a group: customers, cac, cac_basis, payback_q05, _q50, _q95 in months (inf: not within the months
        looked at), p_payback_6m, _12m, _24m as far as looked at.
    draws : array (groups, draws)
        Month of payback in each draw, inf where it is not within the months looked at.
    by : str or None
    """

    summary: pd.DataFrame
    draws: FloatArray
    by: str | None


def payback(valuation: Valuation, by: str | None = None, *, months: int = MONTHS) -> Payback:
    """Cumulative contribution of a new customer by month since acquisition, and the month in which it reaches CAC.

    The rule: payback is the first time at which the mean cumulative discounted contribution of new customers, the first
    order included, is at least their CAC (money.md, 4.3). It is told in each posterior draw, so that its quantiles hold
    what is not known of the mean. Within a month the curve is taken as straight. Where customers cost more than they
    bring the curve falls again: the first time counts.

    Parameters
    ----------
    valuation : Valuation
    by : str, optional
        Attribute that tells groups apart, such as "channel"; by default that of the CAC, or all customers together.
    months : int
        How far to look. By the calendar from the cut-off where that is known, else twelfths of 52 weeks.

    Raises
    ------
    InputError
        No CAC, or CAC by another attribute than `by`; no such attribute; months that are no whole number above 0.
    """
    months = _check_months(months)
    basis = valuation.basis
    newcomers = newcomer_means(basis, month_ends(basis, months), by)
    if not np.isfinite(newcomers.cac).all():
        raise InputError(_no_cac(basis, by))
    curve = cumulative(newcomers)
    paid = months_until(curve, newcomers.cac)
    name = group_column(newcomers)
    labels = pd.Index(newcomers.labels)
    about = {name: labels, "customers": newcomers.size, "cac": newcomers.cac}
    about["cac_basis"] = cac_basis(basis.economics, newcomers)
    rule = (
        "Payback is the first time at which the mean cumulative contribution of new customers reaches their CAC: "
        "margin on orders less their costs and those of customers alive, discounted at "
        f"{100.0 * basis.economics.annual_discount_rate:.3g} % a year, the first order included. "
        f"Looked at: {months} months."
    )
    asked = parse_horizons(f"{months}M", basis.purchases.unit, basis.summary.until, basis.purchases.calendar)
    return Payback(
        _by_month(name, labels, curve, paid),
        rule,
        (*beyond_the_data(basis, asked), *channel_notes(basis, newcomers)),
        basis.economics.currency,
        pd.DataFrame(about | payback_columns(paid, months)),
        paid,
        newcomers.kinds.by,
    )


def group_column(newcomers: NewcomerMeans) -> str:
    """Name of the column that holds the labels of groups: the attribute's, where the answer has no such column."""
    by = newcomers.kinds.by
    return GROUP if by is None or by in TAKEN else by


def month_ends(basis: Basis, months: int) -> FloatArray:
    """Length of 1, 2, … months by the calendar, in the unit of the model, array (months,)."""
    labels = [f"{month}M" for month in range(1, months + 1)]
    asked = parse_horizons(labels, basis.purchases.unit, basis.summary.until, basis.purchases.calendar)
    return np.array([horizon.calendar_length for horizon in asked])


def cumulative(newcomers: NewcomerMeans) -> FloatArray:
    """Mean contribution from the first order on, array (months + 1, groups, draws), of horizons that are months."""
    return np.concatenate([newcomers.first[None], newcomers.value])


def months_until(curve: FloatArray, cost: FloatArray) -> FloatArray:
    """When curves first reach a cost, array (groups, draws); inf where they never do.

    Parameters
    ----------
    curve : array (months + 1, groups, draws)
    cost : array (groups,)
    """
    reached = curve >= cost[:, None]
    month = reached.argmax(axis=0)
    after, before = (np.take_along_axis(curve, at[None], 0)[0] for at in (month, np.maximum(month - 1, 0)))
    rise = np.where(month > 0, after - before, 1.0)
    found = np.where(month > 0, month - 1.0 + (cost[:, None] - before) / rise, 0.0)
    return np.where(reached.any(axis=0), found, np.inf)


def payback_columns(paid: FloatArray, months: int) -> dict[str, FloatArray]:
    """Quantiles of the month of payback, array (groups, draws), and its probability within round numbers of them."""
    columns = columns_of("payback", paid[:, 0], quantiles_of(paid, OUTCOME_LEVELS), OUTCOME_LEVELS)
    del columns["payback_mean"]  # infinite where any draw is
    return columns | {f"p_payback_{most}m": (paid <= most).mean(axis=1) for most in WITHIN if most <= months}


def _by_month(name: str, labels: pd.Index, curve: FloatArray, paid: FloatArray) -> pd.DataFrame:
    """One row a group and month."""
    month = np.arange(len(curve))
    frames = []
    for group, label in enumerate(labels):
        of_group = curve[:, group]
        ends = quantiles_of(of_group, OUTCOME_LEVELS)
        columns = columns_of("cumulative", of_group.mean(axis=1), ends, OUTCOME_LEVELS)
        columns["p_paid_back"] = (paid[group] <= month[:, None]).mean(axis=1)
        frames.append(pd.DataFrame({name: label, "month": month} | columns))
    return pd.concat(frames, ignore_index=True)


def _check_months(months: int) -> int:
    whole = isinstance(months, (int, np.integer)) and not isinstance(months, bool)
    if not (whole and 1 <= months <= MOST_MONTHS):
        raise InputError(f"months: expected a whole number from 1 to {MOST_MONTHS} such as 36, got {months!r}.")
    return int(months)


def _no_cac(basis: Basis, by: str | None) -> str:
    cac_by = basis.economics.cac_by
    if cac_by is not None:
        return f"by: CAC is by {cac_by!r}, so payback by {by!r} is not known. Ask payback(valuation, by={cac_by!r})."
    return "cac: there is no cost to pay back. Value with Economics(…, cac=20.0), or a cac for each channel and cac_by."
