"""Scenarios: what one percent of each lever is worth, and what happens to value if several are changed.

Worlds are paired: draw s of every world has the same parameters, clock, margin and hidden states of customers, and no
chance of single purchases is in it (`prediction.state_values`). So the intervals are credible intervals of expected
value, and those of a difference are of the change itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from ...ground.errors import InputError
from ...ground.intervals import INTERVAL, quantile_name
from ...ground.rows import FloatArray
from ...valuation.value import Valuation
from ..decision import Decision
from .levers import LEVERS, Changes, check_change, levers_of, percent
from .scenario_words import caution, in_words, of_retention, others_found, span, sum_of_parts, untold
from .worlds import worlds

ONE_PERCENT: Final = 0.01
SWING: Final = 0.10
"""Change of each lever, up and down, in a tornado plot."""
INTERACTION: Final = "interaction"


@dataclass(frozen=True, eq=False, repr=False)
class Elasticities(Decision):
    """What a small change of each lever is worth; see `elasticities`.

    Attributes
    ----------
    horizon : str
    """

    horizon: str


@dataclass(frozen=True, eq=False, repr=False)
class Tornado(Decision):
    """What each lever is worth up and down; see `tornado`.

    Attributes
    ----------
    horizon : str
    """

    horizon: str


@dataclass(frozen=True, eq=False, repr=False)
class WhatIf(Decision):
    """Value before and after changes of levers; see `what_if`.

    Attributes
    ----------
    parts : DataFrame
        What the difference is made of: a row a quantity and lever changed alone, and what they do to each other
        ("interaction"), which adds up exactly: quantity, lever, change, difference_mean and quantiles.
    changes : Changes
    horizon : str
    """

    parts: pd.DataFrame
    changes: Changes
    horizon: str


def elasticities(
    valuation: Valuation,
    *,
    change: float = ONE_PERCENT,
    horizon: str | None = None,
    levers: Sequence[str] | None = None,
) -> Elasticities:
    """What one percent of each lever is worth.

    The rule: each lever is changed alone by `change`, all else staying as it is, and all customers are valued again in
    the same draws. The elasticity is the percent change of value per percent change of the lever. The levers are

    * retention: the share of the customers alive now (of new customers: of those just acquired) who are still alive
      after 12 months, moved by one factor on everybody's hazard of leaving; how often they buy while alive stays;
    * frequency: purchases per time while alive; lifetimes stay, as does the first order of a new customer;
    * order_value: the amount of every order;
    * margin: the contribution margin as a share of revenue; costs that are a share of revenue stay;
    * cost_per_order, cost_per_year_alive, discount_rate (the annual rate): as in the economics;
    * cac: of the acquisition NPV alone; residual value knows no CAC.

    Parameters
    ----------
    valuation : Valuation
    change : float
        Relative: 0.01 is one percent more. Not 0.
    horizon : str, optional
        One that was valued; by default the longest. Of new customers it counts from the first order.
    levers : sequence of str, optional
        By default all that the economics have.

    Returns
    -------
    Elasticities
        `frame` has a row a quantity (residual_value of all customers; new_customer_value and, where there is a CAC,
        acquisition_npv of one new customer on average, kinds of customers as in the base) and lever: change;
        value (before), difference (in money) and elasticity, each with _mean, _q05 and _q95, credible intervals of
        expected value; in_words. Elasticities are told where value is above 0 with 95 %: NaN elsewhere.

    Raises
    ------
    InputError
        A change or lever that makes no sense, a horizon that was not valued, or retention beyond what is possible.

    References
    ----------
    Gupta, Lehmann & Stuart (2004), Valuing Customers, Journal of Marketing Research 41:1, 7-18.
    """
    _check_size(change)
    chosen = _chosen(valuation, levers)
    found = worlds(valuation, [Changes(), *(Changes.of({lever: change}) for lever in chosen)], horizon)
    currency, rows = valuation.economics.currency, []
    for quantity, values in found.quantities.items():
        for lever, after in zip(chosen, values[1:], strict=True):
            row = {"quantity": quantity, "lever": lever, "change": change}
            row |= _told("value", values[0]) | _told("difference", after - values[0])
            row |= _elasticity(values[0], after, change)
            rows.append(row | {"in_words": in_words(row, currency)})
    frame, label = pd.DataFrame(rows), _label(valuation, horizon)
    rule = (
        f"Each lever {percent(change)} alone, all else as it is, value within {span(label)}; elasticity: percent of "
        f"value per percent of the lever. {of_retention(found, change, chosen)}"
    ).strip()
    return Elasticities(frame, rule, (*untold(frame), *caution(chosen), *others_found(chosen)), currency, label)


def tornado(
    valuation: Valuation,
    *,
    change: float = SWING,
    horizon: str | None = None,
    levers: Sequence[str] | None = None,
) -> Tornado:
    """What each lever is worth up and down: the frame of a tornado plot.

    The rule: each lever is changed alone by minus and by plus `change`, all else staying as it is; levers, parameters
    and intervals as in `elasticities`.

    Returns
    -------
    Tornado
        `frame` has a row a quantity, lever and change: value (before) and difference (in money), each with _mean,
        _q05 and _q95; within a quantity the lever that moves value most comes first.

    Raises
    ------
    InputError
        As `elasticities`.
    """
    _check_size(change)
    chosen, size = _chosen(valuation, levers), abs(change)
    moves = [(lever, sign * size) for lever in chosen for sign in (-1.0, 1.0)]
    found = worlds(valuation, [Changes(), *(Changes.of({lever: move}) for lever, move in moves)], horizon)
    rows = [
        {"quantity": quantity, "lever": lever, "change": move}
        | _told("value", values[0])
        | _told("difference", after - values[0])
        for quantity, values in found.quantities.items()
        for (lever, move), after in zip(moves, values[1:], strict=True)
    ]
    frame, label = _widest_first(pd.DataFrame(rows)), _label(valuation, horizon)
    rule = f"Each lever alone {percent(-size)} and {percent(size)}, all else as it is, value within {span(label)}."
    rule = f"{rule} {of_retention(found, size, chosen)}".strip()
    return Tornado(frame, rule, caution(chosen), valuation.economics.currency, label)


def what_if(
    valuation: Valuation,
    *,
    retention: float | None = None,
    frequency: float | None = None,
    order_value: float | None = None,
    margin: float | None = None,
    cost_per_order: float | None = None,
    cost_per_year_alive: float | None = None,
    discount_rate: float | None = None,
    cac: float | None = None,
    horizon: str | None = None,
) -> WhatIf:
    """What value would be if levers were changed, one or several together.

    The rule: all customers are valued again with the changes, in the same draws; beside it with each change alone. What
    the changes do to each other is the interaction, so that the parts add up to the difference exactly, draw by draw.

    Parameters
    ----------
    valuation : Valuation
    retention, frequency, order_value, margin, cost_per_order, cost_per_year_alive, discount_rate, cac : float, optional
        Relative changes: 0.10 is ten percent more. The levers are those of `elasticities`.
    horizon : str, optional
        One that was valued; by default the longest.

    Returns
    -------
    WhatIf
        `frame` has a row a quantity: before, after and difference, each with _mean, _q05 and _q95, credible intervals
        of expected value; `parts` what the difference is made of.

    Raises
    ------
    InputError
        No change, one that makes no sense (10 for ten percent), a lever that the economics do not have, or a horizon
        that was not valued.
    """
    given = {
        "retention": retention, "frequency": frequency, "order_value": order_value, "margin": margin,
        "cost_per_order": cost_per_order, "cost_per_year_alive": cost_per_year_alive,
        "discount_rate": discount_rate, "cac": cac,
    }  # fmt: skip
    together = Changes.of({lever: change for lever, change in given.items() if change is not None})
    made = together.made
    if not made:
        raise InputError(f"what_if: expected a change of at least one of {', '.join(LEVERS)}, such as margin=0.10.")
    alone = [Changes.of({lever: change}) for lever, change in made.items()]
    found = worlds(valuation, [Changes(), together, *alone], horizon)
    rows, parts = [], []
    for quantity, (before, after, *each) in found.quantities.items():
        row = _told("before", before) | _told("after", after) | _told("difference", after - before)
        rows.append({"quantity": quantity} | row)
        differences = [one - before for one in each]
        for (lever, change), difference in zip(made.items(), differences, strict=True):
            parts.append({"quantity": quantity, "lever": lever, "change": change} | _told("difference", difference))
        if len(made) > 1:
            rest = _told("difference", after - before - np.sum(differences, axis=0))
            parts.append({"quantity": quantity, "lever": INTERACTION, "change": np.nan} | rest)
    label = _label(valuation, horizon)
    rule = f"With {together.sentence()}, value within {span(label)}, before and after."
    rule = f"{rule} {of_retention(found, together.retention, tuple(made))}".strip()
    notes = (sum_of_parts(pd.DataFrame(parts), valuation.economics.currency), *caution(tuple(made)))
    return WhatIf(pd.DataFrame(rows), rule, notes, valuation.economics.currency, pd.DataFrame(parts), together, label)


def _check_size(change: float) -> None:
    check_change("change", change)
    if change == 0.0:
        raise InputError("change: expected a relative change other than 0, such as 0.01 for one percent; got 0.")


def _chosen(valuation: Valuation, levers: Sequence[str] | None) -> tuple[str, ...]:
    """Levers asked for, or all there are.

    Raises
    ------
    InputError
        Unknown names, or none.
    """
    if levers is None:
        return levers_of(valuation.economics)
    chosen = [levers] if isinstance(levers, str) else list(levers)
    unknown = [str(lever) for lever in chosen if lever not in LEVERS]
    if unknown or not chosen:
        raise InputError(f"levers: expected some of {', '.join(LEVERS)}; got {', '.join(unknown) or 'none'}.")
    return tuple(dict.fromkeys(chosen))


def _told(name: str, draws: FloatArray) -> dict[str, Any]:
    """Mean and quantiles of draws, in columns."""
    found = {f"{name}_mean": float(draws.mean())}
    return found | {f"{name}_{quantile_name(level)}": float(np.quantile(draws, level)) for level in INTERVAL}


def _elasticity(before: FloatArray, after: FloatArray, change: float) -> dict[str, Any]:
    """Percent of value per percent of the lever: of the means, and by draw where value is above 0."""
    if not np.quantile(before, INTERVAL[0]) > 0.0:
        return {f"elasticity_{end}": np.nan for end in ("mean", *map(quantile_name, INTERVAL))}
    some = before > 0.0
    found = _told("elasticity", (after[some] / before[some] - 1.0) / change)
    return found | {"elasticity_mean": float((after - before).mean() / before.mean()) / change}


def _widest_first(frame: pd.DataFrame) -> pd.DataFrame:
    size = frame["difference_mean"].abs().groupby([frame["quantity"], frame["lever"]]).transform("max")
    place = frame["quantity"].map({name: k for k, name in enumerate(frame["quantity"].unique())})
    order = np.lexsort((frame["change"], frame["lever"], -size, place))
    return frame.iloc[order].reset_index(drop=True)


def _label(valuation: Valuation, horizon: str | None) -> str:
    return valuation.horizons[valuation.place(horizon)].label
