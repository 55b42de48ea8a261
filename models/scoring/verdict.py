"""Who wins what: the scores of models and plain rules, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from ..ground.errors import InputError
from .baselines import BASELINES

HARDLY: Final = 0.01
"""Scores that differ by less are called equal: a hundredth of a CRPS, or 0.01 of a measure between 0 and 1.

The AUC of 2,357 customers has a standard error of 0.01 by chance alone.
"""
CELL: Final = ("origin", "horizon")
LARGE: Final = 10.0
"""Scores from here on, which are money, are written with one decimal, smaller ones with three."""


@dataclass(frozen=True)
class Measure:
    """What is judged.

    Attributes
    ----------
    quantity, column : str
        Row and column of the scores.
    about : str
        What it is about, the beginning of the sentence.
    wins : str
        What the best model does.
    label : str
        What the number is called.
    sign : float
        1.0: more is better; -1.0: less is.
    relative : bool
        Whether `HARDLY` is a share of the score.
    """

    quantity: str
    column: str
    about: str
    wins: str
    label: str
    sign: float = 1.0
    relative: bool = False


MEASURES: Final = (
    Measure("purchases", "crps", "Number of purchases", "comes nearest", "CRPS", -1.0, relative=True),
    Measure("purchases", "auc", "Who buys again", "tells best", "AUC"),
    Measure("purchases", "gini", "Order of customers by purchases", "is best", "normalised Gini"),
    Measure("purchases", "capture_10", "The tenth who buy most", "finds most", "share of purchases"),
    Measure("spend", "crps", "Amount spent", "comes nearest", "CRPS", -1.0, relative=True),
    Measure("spend", "gini", "Order of customers by spend", "is best", "normalised Gini"),
    Measure("spend", "capture_10", "The tenth who spend most", "finds most", "share of spend"),
)
"""Never the mean absolute error: it rewards the median, and to forecast that nobody buys again does well by it."""


def verdict(scores: pd.DataFrame, baselines: Sequence[str] = BASELINES) -> tuple[str, ...]:
    """Say who wins what: the best model against the best plain rule.

    Scores are averaged over origins and horizons, models over those that all of them have. A plain rule that is missing
    at some (the last period repeated needs a log that reaches back so far) is held against the models at the others.

    Parameters
    ----------
    scores : DataFrame
        As `Scorecard.scores`; origin and horizon may be absent, where there is one of each.
    baselines : sequence of str
        Which of its models are plain rules.

    Returns
    -------
    tuple of str
        One sentence on what was averaged, and one a measure that has scores.

    Raises
    ------
    InputError
        No model among the scores, or a column is missing.
    """
    needed = ["quantity", "model", *dict.fromkeys(measure.column for measure in MEASURES)]
    missing = [name for name in needed if name not in scores]
    if missing or scores["model"].isin(list(baselines)).all():
        lacking = f"columns {', '.join(missing)}" if missing else "a model beside the plain rules"
        raise InputError(f"scores: expected those of a backtest; they lack {lacking}.")
    sentences = [_sentence(measure, _by_cell(scores, measure), tuple(baselines)) for measure in MEASURES]
    return (_averaged(scores), *(sentence for sentence in sentences if sentence))


def _averaged(scores: pd.DataFrame) -> str:
    sizes = {name: scores[name].nunique() if name in scores else 1 for name in CELL}
    if set(sizes.values()) == {1}:
        return "One origin and one horizon: what wins here may lose elsewhere."
    origins, horizons = (f"{size} {name}{'s' if size > 1 else ''}" for name, size in sizes.items())
    return f"Means over {origins} and {horizons}."


def _by_cell(scores: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """The measure, one row an origin and horizon, one column a model or rule that has any score."""
    rows = scores[scores["quantity"] == measure.quantity]
    rows = rows.assign(**{name: "" for name in CELL if name not in rows})
    return rows.pivot_table(index=list(CELL), columns="model", values=measure.column)


def _sentence(measure: Measure, table: pd.DataFrame, baselines: tuple[str, ...]) -> str:
    """What there is to say of one measure; empty where no model has a score."""
    models = [name for name in table.columns if name not in baselines]
    means = _best_first(measure, table[models].dropna())
    if means.empty:
        return ""
    others = "".join(f", {name} {_number(mean)}" for name, mean in means.iloc[1:].items())
    numbers = f"{measure.label} {_number(float(means.iloc[0]))}{others}"
    rule = _best_rule(measure, table, models, baselines)
    if rule is None:
        return f"{measure.about}: {_winners(measure, means)} ({numbers})."
    where = "" if rule.cells == len(table) else f", at {rule.cells} of {len(table)}"
    against = f"{_number(rule.score)} against {_number(rule.of_model)} of {rule.model}{where}"
    if rule.lead < -HARDLY:
        told = against if where else _number(rule.score)
        return f'{measure.about}: {_winners(measure, means)} ({numbers}; best plain rule, "{rule.name}": {told}).'
    how = "better than every model" if rule.lead > HARDLY else "as good as the best model"
    return f'{measure.about}: the plain rule "{rule.name}" is {how} ({measure.label} {against}).'


def _best_first(measure: Measure, table: pd.DataFrame) -> pd.Series[float]:
    return table.mean().dropna().sort_values(ascending=measure.sign < 0.0, kind="stable")


def _winners(measure: Measure, means: pd.Series[float]) -> str:
    """The best model and what it does, and those hardly worse."""
    best = float(means.iloc[0])
    near = [str(name) for name, mean in means.iloc[1:].items() if _lead(measure, mean, best) >= -HARDLY]
    hardly = f", hardly better than {' and '.join(near)}" if near else ""
    return f"{means.index[0]} {measure.wins}{hardly}"


@dataclass(frozen=True)
class _Rule:
    """A plain rule and the best model, both at the origins and horizons where the rule has a score."""

    name: str
    score: float
    model: str
    of_model: float
    lead: float
    cells: int


def _best_rule(measure: Measure, table: pd.DataFrame, models: list[str], baselines: tuple[str, ...]) -> _Rule | None:
    found = []
    for name in (name for name in baselines if name in table):
        both = table[[name, *models]].dropna()
        if len(both):
            best = _best_first(measure, both[models])
            score, of_model = float(both[name].mean()), float(best.iloc[0])
            found.append(_Rule(name, score, str(best.index[0]), of_model, _lead(measure, score, of_model), len(both)))
    return max(found, key=lambda rule: rule.lead, default=None)


def _lead(measure: Measure, score: float, over: float) -> float:
    """How much better a score is than another, as `HARDLY` counts it."""
    return measure.sign * (score - over) / (abs(over) if measure.relative and over else 1.0)


def _number(value: float) -> str:
    return f"{value:,.1f}" if abs(value) >= LARGE else f"{value:.3f}"
