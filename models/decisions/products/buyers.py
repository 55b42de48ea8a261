"""Loyal buyers of a product: who they are, how long they are expected to stay, and what they are worth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from ...fitted_purchases import Pairs
from ...ground.errors import InputError
from ...ground.intervals import INTERVAL, check_draws
from ...ground.rows import DistinctRows, FloatArray, IntArray
from ...ground.summary import ID
from ...ground.units import UNIT_NAMES, Horizon, parse_horizon
from ...prediction.lasting import LastingWeights
from ...prediction.reduction import Grouping, columns_of, quantiles_of
from ...valuation.value import Valuation
from ..decision import Decision
from ..grouped import Expected, group_values
from .category_shares import Bought, bought_by

LONGEST: Final = "10Y"
"""Where lifetimes end whose horizon does not: without an end their mean may be infinite."""
DRAWS: Final = 250
"""Posterior draws behind lifetimes: a sixteenth of a posterior standard deviation away from all."""
CERTAIN: Final = 0.9999
"""A group so surely alive is one that the model lets nobody leave."""
LOYAL, AS_OFTEN, OTHERS = "loyal buyers", "others who bought as often", "everybody else"


@dataclass(frozen=True, eq=False, repr=False)
class Buyers(Decision):
    """Loyal buyers beside the others; `frame` has one row a group.

    Attributes
    ----------
    frame : DataFrame
        group ("loyal buyers"; "others who bought as often": at least as many purchases, fewer of the category;
        "everybody else"); customers; share_of_purchases (purchases with the category among theirs); p_alive;
        lifetime_mean, _q05, _q95 (expected time alive from now to `lifetime_end` in `unit`, a customer already gone
        counting as 0, and the credible interval of that mean); lifetime_if_alive (mean of those alive); value_mean,
        _q05, _q95 (residual value for each customer, and the predictive interval of the mean over the group);
        share_of_value. Groups without customers have no row.
    customers : DataFrame
        The loyal buyers, those of most value first: customer_id, purchases (of the category), share_of_purchases,
        last_day (with the category, if known), p_alive, lifetime, value (all means, exact).
    category : str
    horizon, lifetime_end, unit : str
    draws : array (groups, draws)
        Value for each customer of the groups of `frame`; the same draw is the same world for all of them.
    """

    customers: pd.DataFrame
    category: Any
    horizon: str
    lifetime_end: str
    unit: str
    draws: FloatArray


def buyers(
    valuation: Valuation,
    category_orders: pd.DataFrame,
    category: str,
    *,
    at_least: int = 2,
    horizon: str | None = None,
) -> Buyers:
    """Loyal buyers of a product or category: how many, how long they stay, what they are worth, and who.

    The rule: a customer is a loyal buyer who bought the category on at least `at_least` days. They stand beside the
    customers who bought as often without being loyal to it: everybody who bought twice is worth more than who bought
    once, whatever it was. A difference between the two is no effect of the product either: it says whom it attracts.

    Parameters
    ----------
    valuation : Valuation
    category_orders : DataFrame
        As `lw.category_orders` makes it, with the arguments of the summary: customer_id, category, purchases.
    category : str
        One of its categories.
    at_least : int
        Days with the category from which on a customer is loyal to it.
    horizon : str, optional
        One that was valued, of value and of lifetimes; by default the longest. Lifetimes end after 10 years at most
        where it has no end.

    Raises
    ------
    InputError
        No such category, nobody so loyal, a horizon that was not valued, or category orders that do not fit the
        summary.
    """
    place, least = valuation.place(horizon), _days(at_least)
    summary = valuation.basis.summary
    bought = bought_by(summary, category_orders, need_spend=False)
    often = _often(bought, category)
    purchases = summary.frame["frequency"].to_numpy(float) + 1.0
    grouping = _grouping(often, purchases, least, category)
    exact, end = Expected.of(valuation, place), _end(valuation, valuation.horizons[place])
    lifetime = _Lifetimes.of(valuation, grouping, end)
    size = np.bincount(grouping.codes)
    draws = group_values(valuation, place, grouping) / size[:, None]
    frame = _frame(grouping, often, purchases, exact, lifetime, draws)
    listed = _customers(valuation, category_orders, category, grouping, often, exact, lifetime)
    asked, unit = valuation.horizons[place], UNIT_NAMES[valuation.unit]
    return Buyers(
        frame, _rule(category, least, asked, end, unit), _notes(frame, draws, category),
        valuation.economics.currency, listed, category, asked.label, end.label, unit, draws,
    )  # fmt: skip


def _days(at_least: int) -> int:
    try:
        return check_draws(at_least)
    except InputError as error:
        raise InputError(f"at_least: expected a whole number of days such as 2, got {at_least!r}.") from error


def _often(bought: Bought, category: Any) -> FloatArray:
    """Days with the category, array (customers,)."""
    if category not in bought.labels:
        most = bought.labels[np.argsort(-bought.per_category(), kind="stable")[:8]].tolist()
        raise InputError(
            f"category: {category!r} is none of the {len(bought.labels):,} in the category orders; those that most "
            f"customers bought are {most}."
        )
    of_it = bought.category == bought.labels.get_loc(category)
    return np.bincount(bought.customer[of_it], bought.purchases[of_it], minlength=bought.customers)


def _grouping(often: FloatArray, purchases: FloatArray, least: int, category: Any) -> Grouping:
    loyal = often >= least
    if not loyal.any():
        raise InputError(
            f"at_least: nobody bought {category!r} on {least} days; the most loyal did on {often.max():.0f}. "
            "Pass a smaller number."
        )
    code = np.where(loyal, 0, np.where(purchases >= least, 1, 2))
    present, codes = np.unique(code, return_inverse=True)
    return Grouping(pd.Index([(LOYAL, AS_OFTEN, OTHERS)[one] for one in present]), codes.astype(np.int64))


def _end(valuation: Valuation, horizon: Horizon) -> Horizon:
    if np.isfinite(horizon.length):
        return horizon
    return parse_horizon(LONGEST, valuation.unit, valuation.until, valuation.basis.purchases.calendar)


@dataclass(frozen=True, eq=False)
class _Lifetimes:
    """Expected time alive: of each customer, array (customers,), and draws of each group's mean, (groups, draws)."""

    customers: FloatArray
    groups: FloatArray

    @classmethod
    def of(cls, valuation: Valuation, grouping: Grouping, end: Horizon) -> _Lifetimes:
        basis, ends = valuation.basis, np.array([end.calendar_length])
        clock = basis.clock(ends) or basis.plain_clock(float(ends[-1]), 1)
        weights = LastingWeights.of(clock, ends, 0.0)
        fitted, (rows, cells) = basis.purchases, basis.purchases.rows(basis.summary)
        share = 1.0 / np.bincount(grouping.codes)[grouping.codes]
        shape = (len(rows), len(grouping.labels))
        counted = csr_array((share, (rows.inverse, grouping.codes)), shape=shape)
        numbered = replace(rows, weight=np.arange(len(rows), dtype=float))  # so that a block knows which rows it has

        def of_block(theta: FloatArray, block: DistinctRows, pairs: Pairs) -> tuple[FloatArray, FloatArray]:
            alive = fitted.model.probability_alive(theta[:, :, None], block.x, block.t_x, block.T)
            time = weights.whole[0] * alive
            for node, off in zip(weights.nodes, weights.gone[0].mean(axis=1), strict=True):
                stays = fitted.model.survival_if_alive(theta, pairs.x, pairs.T, float(node))
                time -= off * alive * (1.0 - stays)[:, pairs.of_row]
            return time.mean(axis=0), np.asarray(counted[block.weight.astype(np.int64)].T @ time.T)

        draws = fitted.draws_for_means(len(cells), DRAWS)
        parts = fitted.by_block(numbered, cells, of_block, draws, "Lifetimes", depth=3)
        each = np.concatenate([part[0] for part in parts])[rows.inverse]
        return cls(each, np.sum([part[1] for part in parts], axis=0))


def _frame(
    grouping: Grouping,
    often: FloatArray,
    purchases: FloatArray,
    exact: Expected,
    lifetime: _Lifetimes,
    draws: FloatArray,
) -> pd.DataFrame:
    size = np.bincount(grouping.codes)

    def mean(values: FloatArray) -> FloatArray:
        return np.bincount(grouping.codes, values) / size

    alive, lasts, value = mean(exact.alive), mean(lifetime.customers), mean(exact.value)
    return pd.DataFrame(
        {
            "group": grouping.labels,
            "customers": size,
            "share_of_purchases": mean(often) / mean(purchases),
            "p_alive": alive,
            **columns_of("lifetime", lasts, quantiles_of(lifetime.groups, INTERVAL), INTERVAL),
            "lifetime_if_alive": lasts / alive,
            **columns_of("value", value, quantiles_of(draws, INTERVAL), INTERVAL),
            "share_of_value": value * size / exact.value.sum(),
        }
    )


def _customers(
    valuation: Valuation,
    category_orders: pd.DataFrame,
    category: Any,
    grouping: Grouping,
    often: FloatArray,
    exact: Expected,
    lifetime: _Lifetimes,
) -> pd.DataFrame:
    frame = valuation.basis.summary.frame
    loyal: IntArray = np.flatnonzero(grouping.codes == 0)
    order = loyal[np.argsort(-exact.value[loyal], kind="stable")]
    listed = pd.DataFrame(
        {
            ID: frame[ID].array[order],
            "purchases": often[order].astype(np.int64),
            "share_of_purchases": often[order] / (frame["frequency"].to_numpy(float)[order] + 1.0),
            "p_alive": exact.alive[order],
            "lifetime": lifetime.customers[order],
            "value": exact.value[order],
        }
    )
    if "last_day" in category_orders:
        of_it = category_orders[category_orders["category"] == category]
        last = pd.Series(of_it["last_day"].array, index=pd.Index(of_it[ID])).reindex(pd.Index(listed[ID]))
        listed.insert(3, "last_day", last.to_numpy())
    return listed


def _rule(category: Any, least: int, horizon: Horizon, end: Horizon, unit: str) -> str:
    days = "one day" if least == 1 else f"{least} days"
    return (
        f"Loyal buyers of {category!r}: customers who bought it on at least {days}. Value of {horizon.label}; expected "
        f"time alive in {unit} until {end.label} from the cut-off."
    )


def _notes(frame: pd.DataFrame, draws: FloatArray, category: Any) -> tuple[str, ...]:
    groups = frame["group"].tolist()
    notes = ["Who is loyal has bought more: a difference says whom the product attracts, not what it does to them."]
    if AS_OFTEN in groups:
        more = draws[0] - draws[groups.index(AS_OFTEN)]
        low, high = quantiles_of(more, INTERVAL)
        notes.append(
            f"A loyal buyer of {category!r} is worth {more.mean():+,.2f} ({low:+,.2f} to {high:+,.2f}) beside one of "
            f"the {AS_OFTEN}; more with probability {np.mean(more > 0.0):.2f}."
        )
    sure = frame["group"][frame["p_alive"] > CERTAIN].tolist()
    if sure:
        notes.append(
            f"The model lets nobody among {', '.join(sure)} leave before a second purchase, as BG/NBD does: their "
            "lifetime is an upper bound. ModifiedBetaGeoModel and ParetoNBDModel let them leave."
        )
    return tuple(notes)
