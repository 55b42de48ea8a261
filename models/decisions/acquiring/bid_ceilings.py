"""Bid ceilings: the most to pay for one more customer of each channel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from ...ground.errors import InputError
from ...ground.intervals import quantile_name
from ...ground.numbers import is_number, percent_hint
from ...ground.rows import FloatArray
from ...ground.units import INFINITE, Horizon, parse_horizon
from ...prediction.forecast import OUTCOME_LEVELS
from ...prediction.reduction import columns_of, quantiles_of
from ...valuation.basis import Basis
from ...valuation.new_customer import NewcomerMeans, newcomer_means
from ...valuation.reach import beyond_the_data
from ...valuation.value import Valuation
from ..decision import Decision
from .channel_notes import cac_basis, channel_notes
from .payback import MONTHS, cumulative, group_column, month_ends, months_until, payback_columns

CAUTIOUS: Final = 0.25
"""Quantile of the mean new-customer value that is bid: 20 to 30 % in the practice of valuation (money.md, 4.3)."""
MOST_DARING: Final = 0.5
"""A higher quantile bids on luck: more often than not the channel is worth less."""
NEAR: Final = 0.05
"""A CAC so little below the ceiling, as a share of it, leaves no room: it moves by more from week to week."""


@dataclass(frozen=True, eq=False, repr=False)
class BidCeilings(Decision):
    """Bid ceilings; `frame` has one row a channel.

    Attributes
    ----------
    frame : DataFrame
        The group; customers (seen); new_customer_value_mean, _q05, _q50, _q95 (credible interval of the mean over new
        customers); ceiling; with CAC also cac, cac_basis, headroom (ceiling minus CAC), acquisition_npv_mean, _q05,
        _q95, p_npv_positive, ltv_to_cac_mean, _q05, _q95, payback_q05, _q50, _q95 in months (inf: not within three
        years), p_payback_6m, _12m, _24m; and verdict, a short sentence.
    by : str or None
    horizon : str
    quantile, required_return : float
    draws : array (groups, draws)
        Mean new-customer value; the same draw is the same world for all groups.
    """

    by: str | None
    horizon: str
    quantile: float
    required_return: float
    draws: FloatArray


def bid_ceilings(
    valuation: Valuation,
    by: str | None = None,
    *,
    horizon: str | None = None,
    quantile: float = CAUTIOUS,
    required_return: float = 0.0,
) -> BidCeilings:
    """The most to pay for one more customer of each channel, beside what one costs today.

    The rule: bid at most the `quantile` of the posterior of the channel's MEAN new-customer value within the horizon,
    times (1 - required_return) (money.md, 4.3). New-customer value is the discounted contribution of the first order
    and all later ones, before CAC; the quantile below the middle is the caution for what is not known of the channel.
    LTV:CAC has the same horizon and the same contribution, never revenue, above the line.

    Parameters
    ----------
    valuation : Valuation
    by : str, optional
        Attribute that tells channels apart; by default that of the CAC, or all customers together.
    horizon : str, optional
        Time since acquisition that counts, valued or not; by default the longest that was valued.
    quantile : float
        Above 0, at most 0.5.
    required_return : float
        Share of the value to keep, such as 0.20.

    Raises
    ------
    InputError
        No such attribute, a channel with customers but without CAC, a horizon that cannot be read, a quantile or
        return that is none.
    """
    quantile, required_return = _check_quantile(quantile), _check_return(required_return)
    basis = valuation.basis
    asked = _horizon(valuation, horizon)
    newcomers, worth, curve = _looked_at(basis, asked, by)
    ceiling = quantiles_of(worth, (quantile,))[0] * (1.0 - required_return)

    labels = pd.Index(newcomers.labels)
    columns: dict[str, Any] = {group_column(newcomers): labels, "customers": newcomers.size}
    columns |= _summarised("new_customer_value", worth, OUTCOME_LEVELS) | {"ceiling": ceiling}
    if np.isfinite(newcomers.cac).all():
        columns |= _against_cac(newcomers.cac, cac_basis(basis.economics, newcomers), worth, ceiling)
        columns |= payback_columns(months_until(curve, newcomers.cac), MONTHS)
    frame = pd.DataFrame(columns)
    frame["verdict"] = [_verdict(row) for row in frame.to_dict("records")]
    return BidCeilings(
        frame,
        _rule(asked, quantile, required_return),
        (*beyond_the_data(basis, (asked,)), *_about_late(asked, worth, curve), *channel_notes(basis, newcomers)),
        basis.economics.currency,
        newcomers.kinds.by,
        asked.label,
        quantile,
        required_return,
        worth,
    )


def _horizon(valuation: Valuation, horizon: str | None) -> Horizon:
    """The horizon asked for; by default the longest that was valued."""
    if horizon is None:
        return valuation.horizons[valuation.place()]
    purchases, until = valuation.basis.purchases, valuation.basis.summary.until
    return parse_horizon(None if horizon == INFINITE else horizon, purchases.unit, until, purchases.calendar)


def _looked_at(basis: Basis, asked: Horizon, by: str | None) -> tuple[NewcomerMeans, FloatArray, FloatArray]:
    """New customers; their mean value within the horizon, array (groups, draws); the same by month, for payback."""
    months = month_ends(basis, MONTHS)
    end = basis.ends(np.array([asked.calendar_length]))
    ends = np.union1d(months, end)
    newcomers = newcomer_means(basis, ends, by)
    curve = cumulative(newcomers)
    at_months = np.concatenate([[0], 1 + np.searchsorted(ends, months)])
    return newcomers, curve[1 + np.searchsorted(ends, end[0])], curve[at_months]


def _against_cac(cac: FloatArray, bases: list[str], worth: FloatArray, ceiling: FloatArray) -> dict[str, Any]:
    """Columns that need the CAC."""
    npv = worth - cac[:, None]
    ratio = np.full_like(worth, np.inf)  # who costs nothing
    np.divide(worth, cac[:, None], out=ratio, where=cac[:, None] > 0.0)
    ends = (OUTCOME_LEVELS[0], OUTCOME_LEVELS[-1])
    columns: dict[str, Any] = {"cac": cac, "cac_basis": bases, "headroom": ceiling - cac}
    columns |= _summarised("acquisition_npv", npv, ends) | {"p_npv_positive": (npv > 0.0).mean(axis=1)}
    return columns | _summarised("ltv_to_cac", ratio, ends)


def _summarised(name: str, draws: FloatArray, levels: tuple[float, ...]) -> dict[str, FloatArray]:
    return columns_of(name, draws.mean(axis=1), quantiles_of(draws, levels), levels)


def _verdict(row: dict[Any, Any]) -> str:
    """What to do about one channel."""
    ceiling, cac = row["ceiling"], row.get("cac", math.nan)
    if ceiling <= 0.0:
        return "do not bid: a new customer may well be worth nothing"
    if math.isnan(cac):
        return "bid up to the ceiling"
    if row["customers"] == 0:
        return "test first: no customer of it was seen"
    if cac > ceiling:
        return "cut: CAC above the ceiling"
    if cac >= (1.0 - NEAR) * ceiling:
        return "hold: CAC at the ceiling"
    if row["cac_basis"] == "blended":
        return "hold: CAC below the ceiling, but blended; find the marginal one"
    return "raise the bid"


def _rule(asked: Horizon, quantile: float, required_return: float) -> str:
    within = "all time" if asked.label == INFINITE else asked.label
    kept = f" x (1 - {required_return:g})" if required_return else ""
    return (
        f"Bid at most {quantile_name(quantile)} of the mean new-customer value within {within}{kept}. That value is "
        "contribution, discounted, the first order included, before CAC; LTV:CAC is its ratio to CAC, never that of "
        "revenue. Raise where CAC is below the ceiling, cut where it is above."
    )


def _about_late(asked: Horizon, worth: FloatArray, curve: FloatArray) -> tuple[str, ...]:
    """How much of a value without an end lies further ahead than payback looks."""
    total = float(worth.mean())
    if math.isfinite(asked.calendar_length) or total <= 0.0:
        return ()
    late = 1.0 - float(curve[-1].mean()) / total
    return (
        f"{late:.0%} of the value for ever comes after {MONTHS} months, on the model's word alone. For bids, a horizon "
        f'that money can wait for is safer: horizon="{MONTHS}M".',
    )


def _check_quantile(quantile: float) -> float:
    if is_number(quantile) and 0.0 < quantile <= MOST_DARING:
        return float(quantile)
    raise InputError(
        f"quantile: expected a share above 0 and at most {MOST_DARING:g}, such as 0.25; got {quantile!r}."
        f"{percent_hint(quantile)} Above the middle a bid would count on luck."
    )


def _check_return(required_return: float) -> float:
    if is_number(required_return) and 0.0 <= required_return < 1.0:
        return float(required_return)
    raise InputError(
        "required_return: expected a share of the value to keep, from 0 to below 1, such as 0.20; got "
        f"{required_return!r}.{percent_hint(required_return)}"
    )
