"""Choosing a model by what came true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.intervals import LEVELS, quantile_name
from lifeworth.models.ground.rows import FloatArray
from lifeworth.models.ground.units import DAYS_PER_WEEK, parse_horizon
from lifeworth.models.scoring.stacking import stacking_weights

from .scorecard import Scorecard
from .totals import TEXTBOOK

NESTED: Final = 0.5
"""What the windows of one origin count each: the longer contain the shorter."""
ALIKE: Final = 0.01
"""A score better by less than one percent is no better, whatever its standard error."""


@dataclass(frozen=True, eq=False, repr=False)
class Choice:
    """The model to use, and why.

    Attributes
    ----------
    model : str
        Name of the model chosen, such as "BG/NBD".
    reason : str
        Why, in a sentence or two.
    table : DataFrame
        One row a model, the best on customers first: model; customers (CRPS of purchases, each origin and horizon
        relative to the mean over models, so that long horizons do not rule: 1 is average, less is better), its
        difference to the best with its standard error (customers_worse, customers_se); totals, totals_worse and
        totals_se likewise (quantile score of the total without the model's past error); weight (of stacking).
    weights : dict of str to float
        Weights of a mixture of the models' predictive distributions that would have told purchases best.
    """

    model: str
    reason: str
    table: pd.DataFrame
    weights: dict[str, float]

    def __repr__(self) -> str:
        """Return the reason and the table."""
        short = self.table[["model", "customers", "totals", "weight"]].round(3)
        return f"<Choice: {self.model}> {self.reason}\n{short.to_string(index=False)}"


def select_model(scorecard: Scorecard) -> Choice:
    """Choose the model whose forecasts came nearest to what came, over rolling origins.

    Scores are proper: the CRPS of customers' purchases (Gneiting & Raftery 2007), and the mean quantile score of total
    purchases. Models as good as the best on customers, within one standard error of the paired difference or one
    percent, are compared on totals; those as good there too are equal, and the simplest of them is taken: the order in
    which the models were given. Standard errors count overlapping windows as the windows that fit beside each other.
    Leave-one-out does not enter: it tells who describes the past, not who tells the future.

    Parameters
    ----------
    scorecard : Scorecard
        Of two models or more; of one, it is that one.

    Raises
    ------
    InputError
        Not a scorecard.
    """
    if not isinstance(scorecard, Scorecard):
        raise InputError(f"scorecard: expected the result of lw.backtest(…), got a {type(scorecard).__name__}.")
    cells = _cells(scorecard)
    customers = _compared(cells, "crps")
    near = _as_good(customers)
    totals = _compared(cells[cells["model"].isin(near)], "total")
    equal = _as_good(totals)
    chosen = next(model for model in scorecard.models if model in equal)
    weights = _weights(scorecard)
    table = customers.rename(columns=lambda name: f"customers_{name}" if name != "score" else "customers").join(
        totals.rename(columns=lambda name: f"totals_{name}" if name != "score" else "totals")
    )
    table = table.assign(weight=pd.Series(weights)).rename_axis("model").reset_index()
    return Choice(chosen, _reason(scorecard, chosen, customers, totals), table, weights)


def _cells(scorecard: Scorecard) -> pd.DataFrame:
    """Scores by model, origin and horizon, and what each window counts."""
    keys = ["origin", "horizon", "model"]
    scores = scorecard.scores
    rows = scores[(scores["quantity"] == "purchases") & scores["model"].isin(scorecard.models)].set_index(keys)["crps"]
    totals = scorecard.totals
    totals = totals[(totals["quantity"] == "purchases") & (totals["interval"] == TEXTBOOK)]
    cells = totals[keys].assign(total=_quantile_score(totals)).set_index(keys).join(rows).reset_index()
    origins = np.sort(cells["origin"].unique())
    gap = np.median(np.diff(origins)) / np.timedelta64(1, "D") if len(origins) > 1 else np.inf
    days = cells["horizon"].map(lambda label: parse_horizon(label, "D").length)
    alone = cells.groupby("origin")["horizon"].transform("nunique") == 1
    return cells.assign(counts=np.minimum(1.0, gap / days) * np.where(alone, 1.0, NESTED))


def _quantile_score(totals: pd.DataFrame) -> FloatArray:
    """Mean over the levels of the quantile score, half the CRPS in the limit of many."""
    actual = totals["actual"].to_numpy(float)
    losses = []
    for level in LEVELS:
        over = actual - totals[quantile_name(level)].to_numpy(float)
        losses.append(np.maximum(level * over, (level - 1.0) * over))
    return np.asarray(np.mean(losses, axis=0))


def _compared(cells: pd.DataFrame, column: str) -> pd.DataFrame:
    """Score relative to the mean over models, and how much worse than the best, by model, the best first."""
    wide = cells.pivot_table(index=["origin", "horizon"], columns="model", values=column)
    counts = cells.drop_duplicates(["origin", "horizon"]).set_index(["origin", "horizon"])["counts"].reindex(wide.index)
    weight = (counts / counts.sum()).to_numpy()
    relative = wide.div(wide.mean(axis=1), axis=0)
    score = pd.Series(weight @ relative.to_numpy(), index=relative.columns).sort_values(kind="stable")
    worse = relative.sub(relative[score.index[0]], axis=0)
    mean = weight @ worse.to_numpy()
    spread = np.sqrt(weight @ (worse.to_numpy() - mean) ** 2 / max(float(counts.sum()), 1.0))
    found = pd.DataFrame({"worse": mean, "se": spread}, index=relative.columns)
    return found.assign(score=score).loc[score.index, ["score", "worse", "se"]]


def _as_good(compared: pd.DataFrame) -> list[str]:
    """Models within a standard error of the best, or one percent."""
    return compared.index[(compared["worse"] <= np.maximum(compared["se"], ALIKE)).to_numpy()].tolist()


def _weights(scorecard: Scorecard) -> dict[str, float]:
    """Stacking over the sampled customers, every origin and horizon counting the same for its length."""
    names = list(scorecard.models)
    found = stacking_weights(scorecard.densities[names].to_numpy())
    return dict(zip(names, found.tolist(), strict=True))


def _reason(scorecard: Scorecard, chosen: str, customers: pd.DataFrame, totals: pd.DataFrame) -> str:
    if len(customers) == 1:
        return f"{chosen} is the only model that was tested."
    origins = scorecard.totals["origin"].nunique()
    weeks = sorted({parse_horizon(label, "D").length / DAYS_PER_WEEK for label in scorecard.totals["horizon"]})
    span = f"{weeks[0]:.0f} weeks" if len(weeks) == 1 else f"{weeks[0]:.0f} to {weeks[-1]:.0f} weeks"
    begin = f"Over {origins} origins and {span} ahead,"
    near, equal = _as_good(customers), _as_good(totals)
    if near == [chosen]:
        second = customers.iloc[1]
        return f"{begin} {chosen} forecast customers best ({customers.index[1]} {100 * second['worse']:.1f} % worse)."
    tied = f"{begin} {_listed(near)} forecast customers equally well"
    if equal == [chosen]:
        second = totals.iloc[1]
        return f"{tied}; {chosen} told totals best ({totals.index[1]} {100 * second['worse']:.0f} % worse)."
    also = "totals too" if set(equal) == set(near) else f"{_listed(equal)} totals too"
    return f"{tied}, {also}; {chosen} is the simplest of them."


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
