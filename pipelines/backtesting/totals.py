"""Totals of a backtest: what was forecast of the whole base, with and without the model's past error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from lifeworth.models.ground.intervals import LEVELS, quantile_name
from lifeworth.models.ground.rows import FloatArray
from lifeworth.models.ground.units import DAYS_PER_WEEK
from lifeworth.models.prediction.discrepancy import Discrepancy, learn
from lifeworth.models.prediction.reduction import quantiles_of

from .known import Asked
from .one_origin import OneModel

TEXTBOOK: Final = "textbook"
"""Parameters and chance alone."""
HONEST: Final = "honest"
"""With the model's past error, learned from what had come true by the origin."""
DRAWS: Final = 2000
"""Draws of the clock behind an honest interval."""


def error_frame(origin: pd.Timestamp, said: list[OneModel], age: float) -> pd.DataFrame:
    """Errors of totals at one origin, as `discrepancy.learn` reads them, and the model of each."""
    return pd.DataFrame(
        [
            {"origin": origin, "model": one.name, "weeks": weeks, "age": age, **vars(error)}
            for one in said
            for weeks, error in one.errors.items()
        ]
    )


def discrepancy_of(errors: pd.DataFrame, model: str, age: float, until: pd.Timestamp) -> Discrepancy:
    """What the past errors of one model say."""
    return learn(errors[errors["model"] == model], age, until)


def total_rows(origin: pd.Timestamp, asked: Asked, one: OneModel, discrepancy: Discrepancy) -> list[dict[str, object]]:
    """Rows of `Scorecard.totals`: every horizon and quantity, textbook and honest."""
    rows = []
    widened = _honest(asked, one, discrepancy)
    for label, days in asked.ends.items():
        h = asked.place(days)
        for name, drawn in one.totals.items():
            key = {"origin": origin, "horizon": label, "quantity": name, "model": one.name}
            actual = float(one.actual[name][h])
            exact = float(one.expected[name][h])
            for interval, mean, draws in ((TEXTBOOK, exact, drawn[h]), (HONEST, *widened[name, h])):
                quantiles = quantiles_of(draws, LEVELS)
                named = {quantile_name(level): value for level, value in zip(LEVELS, quantiles, strict=True)}
                rows.append({**key, "interval": interval, "actual": actual, "mean": mean, **named})
    return rows


def _honest(
    asked: Asked, one: OneModel, discrepancy: Discrepancy
) -> Mapping[tuple[str, int], tuple[float, FloatArray]]:
    """Mean and draws of each total under the clock, by quantity and place of the horizon.

    Each draw of chance and parameters is taken by the ratio of the expected total under a draw of the clock to that
    without: the chance of a total is small beside its error.
    """
    weeks = asked.days / DAYS_PER_WEEK
    knots = np.concatenate([[0.0], np.unique(np.concatenate([np.arange(1.0, weeks[-1]), weeks]))])
    speed, level = discrepancy.paths(knots, DRAWS, asked.seed)
    steps = np.diff(knots)[:, None]
    elapsed, paid = np.cumsum(speed * steps, axis=0), np.cumsum(speed * level * steps, axis=0)
    ends = np.searchsorted(knots[1:], weeks)
    ratio = elapsed[ends] / weeks[:, None]
    plain = one.elapsed
    of_clock = one.curve(plain[:, None] * ratio) / one.curve(plain)[:, None]
    of_spend = of_clock * (paid[ends] / elapsed[ends])
    rng = np.random.default_rng([asked.seed, DRAWS])
    found = {}
    for name, factor in (("purchases", of_clock), ("spend", of_spend)):
        if name in one.totals:
            for h in range(len(weeks)):
                chance = rng.choice(one.totals[name][h], DRAWS)
                found[name, h] = (float(one.expected[name][h] * factor[h].mean()), chance * factor[h])
    return found
