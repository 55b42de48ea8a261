"""Loyalty tiers by the probability of belonging to them, stable between retrains, with the reward each can bear.

A rank by a point estimate flaps: every retrain moves customers across the line by luck. Here a customer belongs to a
tier with a probability, and changes it only when that probability is clearly beyond the bar.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd

from ...ground.errors import InputError
from ...ground.numbers import is_number, percent_hint
from ...ground.rows import FloatArray, IntArray
from ...ground.summary import ID
from ...valuation.value import Valuation
from ..decision import Decision
from .gains import Worth
from .previous_tiers import Previous, read_previous
from .ranks import among_best
from .tier_value import tier_summary, tier_uplift
from .uplift import Uplift

REST: Final = "none"
"""Customers of no tier."""
TIERS: Final = MappingProxyType({"gold": 0.05, "silver": 0.15, "bronze": 0.30})
CHANGE_BEYOND: Final = 0.1
"""How far beyond a bar the probability must lie: several times what refits and draws move it by."""
CROWDED: Final = 1.1
"""A tier so many times as large as its share is spoken of."""
WHOLE: Final = 1.0 + 1e-9
"""Shares may add up to this: 1, and rounding."""


@dataclass(frozen=True, eq=False, repr=False)
class LoyaltyTiers(Decision):
    """Who belongs to which tier. `frame` has one row a customer, in the order of the summary; see `loyalty_tiers`.

    Attributes
    ----------
    summary : DataFrame
        One row a tier, "none" last: tier, share (asked for), bar, customers, p_belongs (the mean probability of its
        members of belonging to it or a better one), value_mean, value_q05, value_q95 (predictive, of all members
        together), value_share, value_per_member; and the reward that it can bear: with an uplift budget and
        budget_per_member, without one one_percent and one_percent_per_member (what one percent more value brings).
    """

    summary: pd.DataFrame

    def _more(self) -> tuple[str, ...]:
        return (*super()._more(), self.summary.to_string(index=False))


def loyalty_tiers(
    valuation: Valuation,
    tiers: Mapping[str, float] = TIERS,
    *,
    previous: pd.Series[Any] | pd.DataFrame | LoyaltyTiers | None = None,
    change_beyond: float = CHANGE_BEYOND,
    uplift: Uplift | None = None,
    quantile: float = 0.25,
    horizon: str | None = None,
) -> LoyaltyTiers:
    """Tiers of customers by the probability that their outcome ranks there, and the reward each tier can bear.

    Rule: in each draw of the future customers are ranked by their discounted contribution over the horizon; the
    probability of a tier is the share of draws in which the customer is within its ranks (who ties at its end, such as
    those who buy nothing, shares it evenly). The bar of a tier is the probability of it or a better one that its
    share of the customers reaches. Who was in a tier leaves it only more than `change_beyond` below the bar, who was
    not enters only more than `change_beyond` above; new customers are judged by the bar itself. Bars are found with
    these margins counted, so that tiers keep their sizes.

    Parameters
    ----------
    valuation : Valuation
        With customers.
    tiers : mapping of str to float
        Share of the customers in each tier, the best first; the rest are of tier "none".
    previous : Series, DataFrame or LoyaltyTiers, optional
        Tiers of the last run: a Series of tiers by customer_id, a frame with columns customer_id and tier, or the
        result itself. Customers of it who are not in the valuation are left out; those whose tier is no longer one of
        these are judged as new. Both are counted in `notes`.
    change_beyond : float
        Probability; 0 makes every customer new.
    uplift : Uplift, optional
        The share by which the reward raises the value of members (``of="value"``), for all or by tier
        (``by="tier"``).
    quantile : float
        Of the posterior of uplift times the tier's value: the budget is what rewards bring at least, but for this
        risk.
    horizon : str, optional
        One that was valued; by default the longest.

    Returns
    -------
    LoyaltyTiers
        `frame` has customer_id; p_<tier> for each, "none" too; p_at_least_<tier>: of it or a better one; tier, previous
        (missing where not known) and changed.

    Raises
    ------
    InputError
        Shares that are none, a horizon that was not valued, a `previous` with a customer twice, an uplift of something
        else.
    """
    names, shares = _checked(tiers)
    _check_probability("change_beyond", change_beyond, 0.0)
    _check_probability("quantile", quantile, np.finfo(float).tiny)
    measured = tier_uplift(uplift, names)
    place, basis = valuation.place(horizon), valuation.basis
    worth, asked = Worth.of(valuation, place), valuation.horizons[place]
    known = read_previous(_frame_of(previous), basis.summary.frame[ID], (*names, REST))
    at_least = among_best(valuation, place, np.cumsum(shares), float(np.abs(worth.value).mean()))
    tier, bars = assigned(at_least, np.cumsum(shares), known.tier, change_beyond)
    table = tier_summary(valuation, place, worth.value, tier, (*names, REST), shares, measured, quantile)
    table.insert(2, "bar", np.append(bars, np.nan))
    table.insert(4, "p_belongs", _belonging(at_least, tier))
    return LoyaltyTiers(
        _frame(basis.summary.frame[ID], names, at_least, tier, known),
        _rule(dict(zip(names, shares, strict=True)), asked.label, change_beyond, measured, quantile),
        (*known.notes(tier), *_crowded(table)),
        valuation.economics.currency,
        table,
    )


def assigned(
    at_least: FloatArray, shares: FloatArray, previous: IntArray, change_beyond: float
) -> tuple[IntArray, FloatArray]:
    """Tier of each customer, array (customers,), its number counted from the best; and the bars, array (tiers,).

    Parameters
    ----------
    at_least : array (tiers, customers)
        Probability of each tier or a better one.
    shares : array (tiers,)
        Of customers in each tier or a better one.
    previous : array (customers,)
        Tiers of the last run; -1 where there is none.
    change_beyond : float
    """
    size = at_least.shape[1]
    tier, bars = np.full(size, len(shares)), np.empty(len(shares))
    for number, (probability, share) in enumerate(zip(at_least, shares, strict=True)):
        was_in = (previous >= 0) & (previous <= number)
        margin = np.where(previous < 0, 0.0, np.where(was_in, change_beyond, -change_beyond))
        score = np.where(tier < number, np.inf, probability + margin)  # of a better tier, so of this one at least
        members = min(max(round(share * size), 1), size)
        reached = _largest(score, members)
        tier[(score >= reached) & (tier > number)] = number
        bars[number] = _bar(_largest(score, members + 1), reached, _largest(probability, members))
    return tier, bars


def _largest(values: FloatArray, place: int) -> float:
    """The largest value but `place` - 1; below all of them where there are no more."""
    size = len(values)
    return float(np.partition(values, size - place)[size - place]) if place <= size else -np.inf


def _bar(missed: float, reached: float, plain: float) -> float:
    """A bar above the best score that missed it, up to the last that reached it: the plain one where that is so."""
    if missed < plain <= reached:
        return plain
    if plain > reached or not np.isfinite(missed):
        return reached if np.isfinite(reached) else 1.0  # better tiers fill it: nobody else is in
    return 0.5 * (missed + min(reached, 1.0))


def _belonging(at_least: FloatArray, tier: IntArray) -> FloatArray:
    """Mean probability of members of belonging to their tier or a better one, array (tiers + 1,); none for the rest."""
    own = [probability[tier == number] for number, probability in enumerate(at_least)]
    return np.array([*(one.mean() if len(one) else np.nan for one in own), np.nan])


def _crowded(table: pd.DataFrame) -> tuple[str, ...]:
    """A sentence for each tier that ties at its bar make much larger than its share."""
    tiers = table.iloc[:-1]
    most = np.maximum(np.ceil(CROWDED * tiers["share"] * table["customers"].sum()), 1.0)
    return tuple(
        f"{row['tier']}: {row['customers']:,} customers, more than its share of {row['share']:.3g}, as many tie at its "
        "bar. A longer horizon or more draws tell them apart."
        for _, row in tiers[tiers["customers"] > most].iterrows()
    )


def _frame(
    ids: pd.Series[Any], names: tuple[str, ...], at_least: FloatArray, tier: IntArray, known: Previous
) -> pd.DataFrame:
    edges = np.vstack([np.zeros(at_least.shape[1]), at_least, np.ones(at_least.shape[1])])
    labels = np.array([*names, REST, None], dtype=object)  # the last for who is not known, of number -1
    columns: dict[str, Any] = {ID: ids.array}
    columns |= {f"p_{name}": column for name, column in zip([*names, REST], np.diff(edges, axis=0), strict=True)}
    columns |= {f"p_at_least_{name}": column for name, column in zip(names, at_least, strict=True)}
    changed = (known.tier >= 0) & (known.tier != tier)
    return pd.DataFrame(columns | {"tier": labels[tier], "previous": labels[known.tier], "changed": changed})


def _frame_of(previous: object) -> object:
    return previous.frame if isinstance(previous, LoyaltyTiers) else previous


def _checked(tiers: Mapping[str, float]) -> tuple[tuple[str, ...], FloatArray]:
    """Names and shares of tiers, the best first."""
    if not isinstance(tiers, Mapping) or not tiers or not all(isinstance(name, str) for name in tiers):
        raise InputError(f'tiers: expected a share for each name, such as {{"gold": 0.05}}; got {tiers!r}.')
    if REST in tiers:
        raise InputError(f"tiers: {REST!r} is the name of the rest; leave it out or choose another name.")
    for name, share in tiers.items():
        if not (is_number(share) and 0.0 < share <= 1.0):
            raise InputError(
                f"tiers[{name!r}]: expected a share of the customers such as 0.05, got {share!r}.{percent_hint(share)}"
            )
    shares = np.array([float(share) for share in tiers.values()])
    if shares.sum() > WHOLE:
        raise InputError(
            f"tiers: expected shares that add up to 1 at most, got {shares.sum():g}. Each is of the tier alone, not of "
            "it and the better ones."
        )
    return tuple(tiers), shares


def _check_probability(name: str, given: object, least: float) -> None:
    if not (is_number(given) and least <= given < 1.0):
        raise InputError(f"{name}: expected a probability below 1, such as 0.1; got {given!r}.{percent_hint(given)}")


def _rule(shares: Mapping[str, float], horizon: str, beyond: float, uplift: Uplift | None, quantile: float) -> str:
    told = ", then ".join(f"{name} the {'' if place else 'top '}{share:.3g}"
                          for place, (name, share) in enumerate(shares.items()))  # fmt: skip
    said = (
        f"Tiers by the probability that discounted contribution (horizon {horizon}) ranks there: {told} of the "
        f"customers. Who was in a tier changes only more than {beyond:g} beyond its bar. "
    )
    if uplift is not None:
        return f"{said}A tier can bear the {quantile:.0%} quantile of uplift times its value."
    return (
        f"{said}A reward pays where the share by which it raises value is above the reward per member over "
        "value_per_member."
    )
