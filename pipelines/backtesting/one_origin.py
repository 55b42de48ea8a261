"""One origin of a backtest: fit on what was known, forecast, and compare with what came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from lifeworth.models.fitted_purchases import FittedPurchases
from lifeworth.models.ground.intervals import LEVELS
from lifeworth.models.ground.rows import FloatArray, IntArray
from lifeworth.models.ground.summary import ID
from lifeworth.models.ground.units import DAYS_PER_UNIT, DAYS_PER_WEEK
from lifeworth.models.prediction.calibration import clock_for
from lifeworth.models.prediction.clock import Clock, Interpolation
from lifeworth.models.prediction.expectations import expected_amounts, of_rows
from lifeworth.models.prediction.futures import Futures, Path
from lifeworth.models.prediction.log_scores import log_scores
from lifeworth.models.prediction.past_error import (
    PastError,
    error_of_clock,
    error_of_level,
    reach_of_search,
    search_times,
)
from lifeworth.models.scoring.baselines import Past, plain_forecasts
from lifeworth.models.scoring.customers import CustomerForecast, CustomerTables, score_customers
from lifeworth.models.scoring.outcomes import OutcomeScores, score_draws
from lifeworth.models.spend import FittedSpend

from .known import Asked, Known

MOST_DENSITIES: Final = 2000
"""Customers of an origin and horizon whose densities are kept: weights over models stand to a few percent."""


@dataclass(frozen=True, eq=False)
class OneModel:
    """What one model said at an origin.

    Attributes
    ----------
    name : str
    forecasts : mapping of str to list of CustomerForecast
        By horizon, one a quantity; empty where customers are scored and done with.
    expected : mapping of str to array (horizons,)
        Expected totals by quantity, at all horizons of `Asked.days`.
    totals : mapping of str to array (horizons, draws)
        Draws of the totals, of parameters and chance alone.
    actual : mapping of str to array (horizons,)
        What they came to be.
    elapsed : array (horizons,)
        Time of the model that passes by each horizon.
    curve : Curve
        The expected total purchases as a function of elapsed time.
    errors : mapping of int to PastError
        By weeks.
    """

    name: str
    forecasts: Mapping[str, list[CustomerForecast]]
    expected: Mapping[str, FloatArray]
    totals: Mapping[str, FloatArray]
    actual: Mapping[str, FloatArray]
    elapsed: FloatArray
    curve: Curve
    errors: Mapping[int, PastError]


@dataclass(frozen=True, eq=False)
class Curve:
    """Expected purchases as a function of elapsed time: interpolated between nodes."""

    basis: Interpolation
    at_nodes: FloatArray

    def __call__(self, elapsed: FloatArray) -> FloatArray:
        """Expected purchases at each elapsed time, in the shape of `elapsed` and after it that of the rows."""
        return np.asarray(self.basis.at(elapsed) @ self.at_nodes)


def one_model(fitted: FittedPurchases, spend: FittedSpend | None, known: Known) -> OneModel:
    """Forecast every horizon with one fitted model, and score customers and totals."""
    asked, summary = known.asked, known.summary
    lengths = asked.days / DAYS_PER_UNIT[fitted.unit]
    clock = clock_for(fitted, summary, None, lengths, asked.draws, asked.seed)
    elapsed = (clock or Clock.plain(float(lengths[-1]), 1)).at(lengths).mean(axis=1)
    inverse, alive_active, curve = _expectations(fitted, known, elapsed)
    amounts = None if spend is None else expected_amounts(spend, summary, known.draws_for_means)
    of_rows = curve(elapsed)
    means = {"purchases": of_rows[:, inverse]}
    if amounts is not None:
        means["spend"] = means["purchases"] * amounts
    scored, totals = _simulated(
        Futures(
            fitted, spend, summary, lengths, 0.0, asked.draws, asked.seed, clock=clock,
            measures=("purchases",) if spend is None else ("purchases", "spend"),
        ),
        known,
    )  # fmt: skip
    weights = np.bincount(inverse, minlength=of_rows.shape[1]).astype(float)
    whole = Curve(curve.basis, curve.at_nodes @ weights)
    expected = {name: values.sum(axis=1) for name, values in means.items()}
    actual = {name: known.came.totals(name, asked.days) for name in means}
    forecasts = {
        label: [
            _of_customers(fitted, known, name, label, means[name], scored, alive_active[asked.place(days)][inverse])
            for name in means
        ]
        for label, days in asked.ends.items()
    }
    errors = _errors(asked, elapsed, expected, totals, actual, whole)
    return OneModel(fitted.model.name, forecasts, expected, totals, actual, elapsed, whole, errors)


def scored_customers(known: Known, label: str, said: list[OneModel]) -> CustomerTables:
    """Tables of one horizon, models beside the plain rules."""
    days, summary = known.asked.ends[label], known.summary
    length = days / DAYS_PER_UNIT[summary.unit]
    last_spend = known.came.last_spend
    past = Past.of(
        summary.frame,
        length,
        known.came.last_purchases.get(days),
        None if last_spend is None else last_spend.get(days),
    )
    actual = {"purchases": known.came.purchases[days]}
    if any(one.quantity == "spend" for one in said[0].forecasts[label]) and known.came.spend is not None:
        actual["spend"] = known.came.spend[days]
    every = [forecast for one in said for forecast in one.forecasts[label]]
    return score_customers(every, plain_forecasts(past), actual, summary)


def density_frame(known: Known, label: str, said: list[OneModel]) -> pd.DataFrame:
    """Log probability of the actual count by model, a column each, of some customers: what stacking learns from."""
    chosen = np.argsort(known.uniform, kind="stable")[:MOST_DENSITIES]
    columns = {
        one.name: found.log_score[chosen]
        for one in said
        for found in one.forecasts[label]
        if found.log_score is not None
    }
    return pd.DataFrame({"horizon": label} | columns)


def customer_frame(known: Known, label: str, one: CustomerForecast) -> pd.DataFrame:
    """One row a customer of what a model said, with the scores."""
    came = known.came.purchases if one.quantity == "purchases" else known.came.spend
    assert came is not None  # spend is forecast of logs with amounts only
    columns: dict[str, Any] = {
        ID: known.summary.frame[ID].array, "horizon": label, "quantity": one.quantity, "model": one.model,
        "actual": came[known.asked.ends[label]], "mean": one.mean,
    }  # fmt: skip
    columns |= {f"q{100 * level:02.0f}": values for level, values in zip(one.levels, one.quantiles, strict=True)}
    nothing = np.full(len(one.mean), np.nan)
    scores = {"crps": one.crps, "log_score": one.log_score, "pit": one.pit, "p_active": one.p_active}
    return pd.DataFrame(columns | {name: nothing if found is None else found for name, found in scores.items()})


def _expectations(fitted: FittedPurchases, known: Known, elapsed: FloatArray) -> tuple[IntArray, FloatArray, Curve]:
    """Row of each customer, probability active by horizon and row, and purchases as a curve of elapsed time by row."""
    basis = Interpolation.upto(reach_of_search(float(elapsed[-1])), float(elapsed[0]))
    inverse, _, active, at_nodes = of_rows(fitted, known.summary, basis.nodes, 0.0, known.draws_for_means, elapsed)
    return inverse, active, Curve(basis, at_nodes)


def _simulated(futures: Futures, known: Known) -> tuple[dict[tuple[str, str], OutcomeScores], dict[str, FloatArray]]:
    """Scores of customers by quantity and horizon, and draws of the totals, in one pass over all futures."""
    came = {"purchases": known.came.purchases}
    if futures.spend is not None and known.came.spend is not None:
        came["spend"] = known.came.spend
    ends = known.asked.ends
    places = {label: known.asked.place(days) for label, days in ends.items()}
    uniform, customers = known.uniform, len(known.summary)
    totals = {name: np.zeros((len(futures.horizons), futures.draws)) for name in came}
    kept = {
        (name, label): OutcomeScores(
            np.empty(customers), np.empty((len(LEVELS), customers)), np.empty(customers), np.empty(customers)
        )
        for name in came
        for label in places
    }

    def reduce(path: Path) -> tuple[IntArray, dict[str, FloatArray], dict[tuple[str, str], OutcomeScores]]:
        values: Mapping[str, FloatArray] = {name: path.measures[name] for name in path.measures}
        of_block = {
            (name, label): score_draws(
                values[name][place],
                came[name][ends[label]][path.customers],
                LEVELS,
                uniform[path.customers],
            )
            for name in came
            for label, place in places.items()
        }
        return path.customers, {name: values[name].sum(axis=1) for name in came}, of_block

    for who, sums, of_block in futures.reduced(reduce, "Simulating futures"):
        for name, values in sums.items():
            totals[name] += values
        for key, found in of_block.items():
            kept[key].mean[who], kept[key].quantiles[:, who] = found.mean, found.quantiles
            kept[key].crps[who], kept[key].pit[who] = found.crps, found.pit
    return kept, totals


def _of_customers(
    fitted: FittedPurchases,
    known: Known,
    quantity: str,
    label: str,
    means: FloatArray,
    scored: Mapping[tuple[str, str], OutcomeScores],
    active: FloatArray,
) -> CustomerForecast:
    found, days = scored[quantity, label], known.asked.ends[label]
    p_active, log_score = None, None
    if quantity == "purchases":
        counts = known.came.purchases[days].astype(np.int64)
        length = fitted.finite(f"{days}D", known.summary).length
        p_active, log_score = active, log_scores(fitted, known.summary, length, counts)
    return CustomerForecast(
        fitted.model.name,
        quantity,
        means[known.asked.place(days)],
        found.quantiles,
        found.crps,
        found.pit,
        p_active,
        log_score,
    )


def _errors(
    asked: Asked,
    elapsed: FloatArray,
    expected: Mapping[str, FloatArray],
    totals: Mapping[str, FloatArray],
    actual: Mapping[str, FloatArray],
    whole: Curve,
) -> dict[int, PastError]:
    found = {}
    for weeks in asked.weeks:
        h = asked.place(weeks * int(DAYS_PER_WEEK))
        came = float(actual["purchases"][h])
        clock = error_of_clock(whole(search_times(float(elapsed[h]))), came, totals["purchases"][h])
        level = (np.nan, np.nan)
        if "spend" in totals:
            level = error_of_level(
                (float(expected["purchases"][h]), float(expected["spend"][h])),
                (came, float(actual["spend"][h])),
                (totals["purchases"][h], totals["spend"][h]),
            )
        found[weeks] = PastError(*clock, *level)
    return found
