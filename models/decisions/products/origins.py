"""Origins: which first product, category or channel brings customers of what value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from ...ground.errors import InputError
from ...ground.intervals import INTERVAL
from ...ground.pooling import pooled
from ...ground.rows import FloatArray, IntArray
from ...ground.units import UNIT_NAMES
from ...prediction.decomposition import CHANCE
from ...prediction.forecast import ascending
from ...prediction.reduction import Grouping, columns_of, groupings_of, quantiles_of
from ...valuation.basis import VALUE, Basis
from ...valuation.first_orders import first_amounts
from ...valuation.new_customer import newcomer_means
from ...valuation.value import Valuation
from ..decision import Decision
from ..grouped import Expected, group_values
from .common_age import AtCommonAge

type Per = Literal["customer", "new customer"]

PERS: Final = ("customer", "new customer")
STREAM: Final = 89
"""Tells the random numbers of pooling from all others."""
MOST_COMPARED: Final = 40
"""Labels, from the best on, that are compared pair by pair."""
MOST_TIMES_OLDER: Final = 2.0
"""Customers of one label may be so many times as old as those of another on average (money.md, 4.5)."""
LEAST_ERROR: Final = 1e-6
"""Standard error, as a share of the largest mean, where customers are all alike and there would be none."""
NAMES_SHOWN: Final = 5


@dataclass(frozen=True, eq=False, repr=False)
class Origins(Decision):
    """Value by origin; `frame` has one row a label, the best first.

    Attributes
    ----------
    frame : DataFrame
        The label, under the attribute's name; customers; mean_age (time since the first purchase, in the model's unit);
        raw (mean value of a customer, as it is); estimate (the same at the common age); error (its standard error from
        the customers there are); mean, q05, q95 (partially pooled, with the credible interval of the mean over
        customers like these); shrinkage (by how much the others reduce the label's own variance: 0, it stands by
        itself; 1, nothing is known of it but what all have in common); p_best; p_above_average. For new customers
        without estimate, error and shrinkage: they are pooled in the model and in their first orders.
    compared : DataFrame
        One row a pair, of the best 40 labels: label_a, label_b (a the one that stands higher), difference_mean, _q05,
        _q95, p_a_more; within draws, so that what is common to both cancels.
    by, per, horizon : str
    draws : array (labels, draws)
        Mean value of customers of each label of `frame`; the same draw is the same world for all of them.
    """

    compared: pd.DataFrame
    by: str
    per: Per
    horizon: str
    draws: FloatArray


def origins(valuation: Valuation, by: str, *, horizon: str | None = None, per: Per = "customer") -> Origins:
    """Tell which first product, category or channel brings customers of what value.

    The rule: labels are ranked by the partially pooled mean value of their customers at a common age, and chosen by the
    probability of being the best, never by the raw mean: among many small labels the highest raw mean is luck.

    ``per="customer"`` is the residual value of the customers there are. Ages are levelled first (`common_age`): means
    are those of customers of the ages of all. Each mean has a standard error from the customers there are, which
    decides how far it is drawn to the others (Normal hierarchical model, `ground.pooling`; Gelman et al., Bayesian
    Data Analysis, section 5.4). Doubt about the parameters and the clock moves all labels together and is in the
    intervals; the chance of single customers' futures is not: the mean is over customers like these (for what THESE
    will bring, see ``valuation.by``). Where the models know the attribute, doubt about the label's own parameters is in
    the errors, and with it the chance of its customers' futures, to be on the safe side.

    ``per="new customer"`` is the value of a customer just acquired, first order included, from the first order to the
    horizon: a common age as such. It can differ between labels by their first orders, by their margins, and by what the
    models know of the attribute.

    Parameters
    ----------
    valuation : Valuation
    by : str
        An attribute of the summary: ``lw.summarise(…, attributes=["channel"])`` keeps its value on the first day.
    horizon : str, optional
        One that was valued; by default the longest.
    per : {"customer", "new customer"}

    Raises
    ------
    InputError
        Not an attribute, one with too many values or with one alone, or a horizon that was not valued.
    """
    if per not in PERS:
        raise InputError(f'per: expected one of "customer", "new customer"; got {per!r}.')
    place = valuation.place(horizon)
    basis = valuation.basis
    grouping = groupings_of(basis.summary, by)[by]
    if len(grouping.labels) < 2:
        raise InputError(f"by: expected an attribute with at least two values, {by!r} has one.")
    age = basis.summary.frame["T"].to_numpy(float)
    size = np.bincount(grouping.codes)
    mean_age = np.bincount(grouping.codes, age) / size
    found = _existing(valuation, grouping, place, age) if per == "customer" else _new(basis, valuation, by, place)
    frame, order = _frame(found, by, grouping, size, mean_age)
    draws = found.draws[order]
    label = valuation.horizons[place].label
    notes = (*_notes(basis, by, per, frame), *found.notes)
    return Origins(
        frame, _rule(by, per, label), notes, valuation.economics.currency,
        _compared(frame[by], draws), by, per, label, draws,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Found:
    """Columns of the frame by label, and draws of each label's mean, array (labels, draws)."""

    raw: FloatArray
    own: dict[str, FloatArray]
    draws: FloatArray
    notes: tuple[str, ...]


def _existing(valuation: Valuation, grouping: Grouping, place: int, age: FloatArray) -> _Found:
    """Residual value for each customer there is."""
    basis, groups = valuation.basis, len(grouping.labels)
    value = Expected.of(valuation, place).value
    level = AtCommonAge.of(value, grouping.codes, groups, age)
    common = _common(valuation, place)
    known = _knows(basis, str(grouping.labels.name))
    error = np.hypot(level.error, _own_doubt(valuation, grouping, place, common)) if known else level.error
    error = np.maximum(error, LEAST_ERROR * np.abs(level.estimate).max() + np.finfo(float).eps)
    means = pooled(level.estimate, error, basis.draws, np.random.default_rng([basis.seed, STREAM]))
    taken_off = np.clip(1.0 - means.var(axis=1) / error**2.0, 0.0, 1.0)
    own = {"estimate": level.estimate, "error": error, "shrinkage": taken_off}
    return _Found(level.raw, own, means * common, tuple(_about_ages(level, grouping)))


def _common(valuation: Valuation, place: int) -> FloatArray:
    """What parameters and clock make of the values of all, relative to their mean, array (draws,): chance taken out."""
    total, label = valuation.draws[VALUE][place], valuation.horizons[place].label
    parts = valuation.decomposition
    here = (parts["quantity"] == VALUE) & (parts["horizon"] == label) & (parts["part"] == CHANCE)
    chance = float(np.nan_to_num(parts.loc[here, "share"].iloc[0], nan=1.0))
    mean = total.mean()
    if mean == 0.0:
        return np.ones(len(total))
    return np.asarray(1.0 + np.sqrt(max(1.0 - chance, 0.0)) * (total / mean - 1.0))


def _own_doubt(valuation: Valuation, grouping: Grouping, place: int, common: FloatArray) -> FloatArray:
    """Standard deviation of each label's mean over draws beyond what is common to all, array (labels,)."""
    by = grouping.labels.name
    drawn = valuation.group_draws.get(str(by))
    draws = group_values(valuation, place, grouping) if drawn is None else drawn[place]
    return np.asarray((draws / np.bincount(grouping.codes)[:, None] / common).std(axis=1))


def _new(basis: Basis, valuation: Valuation, by: str, place: int) -> _Found:
    """Value of a new customer, from the first order on."""
    lengths, order = ascending(valuation.horizons)
    means = newcomer_means(basis, basis.ends(lengths), by)
    residual = means.residual[order[place]]
    first = _raw_first(basis, means.kinds.of_customer, len(residual))
    return _Found(first + residual.mean(axis=1), {}, means.first + residual, ())


def _raw_first(basis: Basis, kind: IntArray, kinds: int) -> FloatArray:
    """Mean contribution of first orders by label as they were seen; NaN where none was."""
    amounts = first_amounts(basis.summary)
    if amounts is None:
        return np.full(kinds, np.nan)
    known = np.isfinite(amounts)
    worth = basis.terms.margins * np.where(known, amounts, 0.0) - basis.terms.per_order
    count = np.bincount(kind[known], minlength=kinds)
    return np.where(count > 0, np.bincount(kind[known], worth[known], minlength=kinds) / np.maximum(count, 1), np.nan)


def _frame(
    found: _Found, by: str, grouping: Grouping, size: IntArray, mean_age: FloatArray
) -> tuple[pd.DataFrame, IntArray]:
    draws = found.draws
    above = draws - size @ draws / size.sum()
    best = np.bincount(draws.argmax(axis=0), minlength=len(draws)) / draws.shape[1]
    order = np.argsort(-draws.mean(axis=1), kind="stable")
    columns: dict[str, Any] = {
        by: grouping.labels,
        "customers": size,
        "mean_age": mean_age,
        "raw": found.raw,
        **{name: found.own[name] for name in ("estimate", "error") if name in found.own},
        **{
            name.removeprefix("value_"): values
            for name, values in columns_of("value", draws.mean(axis=1), quantiles_of(draws, INTERVAL), INTERVAL).items()
        },
        **{name: found.own[name] for name in ("shrinkage",) if name in found.own},
        **columns_of("above_average", above.mean(axis=1), quantiles_of(above, INTERVAL), INTERVAL),
        "p_best": best,
        "p_above_average": (above > 0.0).mean(axis=1),
    }
    return pd.DataFrame(columns).iloc[order].reset_index(drop=True), order


def _compared(labels: pd.Series[Any], draws: FloatArray) -> pd.DataFrame:
    rows = []
    for a, b in combinations(range(min(len(labels), MOST_COMPARED)), 2):
        difference = draws[a] - draws[b]
        low, high = quantiles_of(difference, INTERVAL)
        rows.append((labels[a], labels[b], difference.mean(), low, high, np.mean(difference > 0.0)))
    names = ["label_a", "label_b", "difference_mean", "difference_q05", "difference_q95", "p_a_more"]
    return pd.DataFrame(rows, columns=names)


def _rule(by: str, per: Per, horizon: str) -> str:
    if per == "customer":
        what = f"residual value of {horizon} of a customer, at the ages of all customers"
    else:
        what = f"value of a new customer from the first order to {horizon} after it"
    return f"Labels of {by!r} by the partially pooled mean {what}; a label leads by its p_best, not by its raw mean."


def _knows(basis: Basis, by: str) -> bool:
    """Whether a model has parameters by this attribute."""
    return any(by == fitted.model.groups or by in fitted.model.attributes for fitted in (basis.purchases, basis.spend))


def _notes(basis: Basis, by: str, per: Per, frame: pd.DataFrame) -> Iterator[str]:
    if _knows(basis, by):
        yield f"The models know {by!r}: values hold it, for customers to come as well."
    else:
        understated = "differences are understated" if per == "customer" else "only first orders and margins differ"
        yield (
            f"The models know nothing of {by!r}: they take customers of all labels for draws of one population, so "
            f'that {understated}. Fit them with groups="{by}" to let values hold it.'
        )
    age = frame["mean_age"].to_numpy(float)
    if per == "customer" and age.max() > MOST_TIMES_OLDER * age.min():
        old, young = frame[by].iloc[int(age.argmax())], frame[by].iloc[int(age.argmin())]
        unit = UNIT_NAMES[basis.purchases.unit]
        yield (
            f"Customers of {old!r} are {age.max():.3g} {unit} old on average, those of {young!r} {age.min():.3g}: raw "
            "means are not to be compared; estimates and pooled means are at a common age."
        )


def _about_ages(level: AtCommonAge, grouping: Grouping) -> Iterator[str]:
    if not level.adjusted:
        yield "Ages are not levelled, as a label or an age has no value above 0: compare labels of like mean_age alone."
    if level.alone.any():
        names = ", ".join(map(repr, grouping.labels[level.alone][:NAMES_SHOWN]))
        yield (
            f"The ages of customers of {names} and of the others hardly overlap: their means at a common age are "
            "little more than what all have in common."
        )
