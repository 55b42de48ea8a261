"""Forecasts of totals week by week: what tracking plots and fan charts draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..fitted_purchases import FittedPurchases
from ..ground.errors import InputError
from ..ground.intervals import LEVELS, check_draws, quantile_name
from ..ground.rows import FloatArray
from ..ground.summary import CustomerSummary
from ..ground.units import DAYS_PER_UNIT, DAYS_PER_WEEK, parse_horizon
from ..spend import FittedSpend
from .calibration import Calibration, clock_for, discrepancy_for
from .expectations import expectations, expected_amounts
from .futures import Futures
from .reduction import quantiles_of


@dataclass(frozen=True, eq=False)
class WeeksAhead:
    """Totals at the end of every week after the cut-off, counted from it.

    Attributes
    ----------
    draws : mapping of str to array (weeks, draws)
        By quantity.
    expected : mapping of str to array (weeks,)
    calibration : str
        What the draws hold, in a sentence.
    """

    draws: Mapping[str, FloatArray]
    expected: Mapping[str, FloatArray]
    calibration: str


def weeks_ahead(
    purchases: FittedPurchases,
    spend: FittedSpend | None,
    summary: CustomerSummary,
    weeks: int,
    draws: int,
    seed: int,
    calibration: Calibration,
) -> WeeksAhead:
    """Simulate the totals of `weeks` weeks on one path.

    Expected totals are the means of the simulation, all multiplied by what makes the last of them exact: most of their
    error is common.
    """
    discrepancy, said = discrepancy_for(purchases, calibration)
    ends = DAYS_PER_WEEK * np.arange(1.0, weeks + 1.0) / DAYS_PER_UNIT[purchases.unit]
    names = ("purchases",) if spend is None else ("purchases", "spend")
    if not weeks:
        return WeeksAhead(dict.fromkeys(names, np.empty((0, draws))), dict.fromkeys(names, np.empty(0)), said)
    clock = clock_for(purchases, summary, discrepancy, ends, draws, seed)
    futures = Futures(purchases, spend, summary, ends, 0.0, draws, seed, clock=clock)
    found = dict(zip(names, futures.sums("Weeks ahead")[:, :, 0], strict=False))  # the first two rows of sums
    exact = expectations(purchases, summary, ends[-1:], 0.0, draws, clock)
    last = {"purchases": float(exact.purchases.sum())}
    if spend is not None:
        last["spend"] = float((exact.paid * expected_amounts(spend, summary, draws)).sum())
    means = {name: found[name].mean(axis=1) for name in names}
    expected = {name: mean * (last[name] / mean[-1]) if mean[-1] > 0.0 else mean for name, mean in means.items()}
    return WeeksAhead({name: found[name] for name in names}, expected, said)


def forecast_by_week(
    purchases: FittedPurchases,
    spend: FittedSpend | None,
    summary: CustomerSummary,
    horizon: str = "26W",
    *,
    cumulative: bool = True,
    draws: int = 1000,
    seed: int = 0,
    calibration: Calibration = None,
) -> pd.DataFrame:
    """Forecast totals week by week: what `plot_fan` draws.

    Parameters
    ----------
    purchases, spend, summary, draws, seed, calibration
        As in `forecast`.
    horizon : str
        Whole weeks of it are shown.
    cumulative : bool
        Whether to count from the cut-off on, or each week by itself.

    Returns
    -------
    DataFrame
        One row a quantity and week: quantity, week_end (Timestamp), mean, q05, q10, q25, q50, q75, q90, q95.

    Raises
    ------
    InputError
        The summary has no cut-off; the horizon has no end, or no whole week.
    """
    summary = purchases.checked(summary)
    if summary.until is None:
        raise InputError("summary: expected one that knows its cut-off; make it with until=….")
    length = parse_horizon(horizon, "D", summary.until).calendar_length
    if not DAYS_PER_WEEK <= length < np.inf:
        raise InputError(f'horizon: expected a week or more with an end, such as "26W"; got {horizon!r}.')
    weeks = int(length // DAYS_PER_WEEK)
    ahead = weeks_ahead(purchases, spend, summary, weeks, check_draws(draws), seed, calibration)
    ends = summary.until + pd.to_timedelta(DAYS_PER_WEEK * np.arange(1, weeks + 1), unit="D")
    frames = []
    for name, drawn in ahead.draws.items():
        values = drawn if cumulative else np.diff(drawn, axis=0, prepend=0.0)
        mean = ahead.expected[name] if cumulative else np.diff(ahead.expected[name], prepend=0.0)
        quantiles = quantiles_of(values, LEVELS)
        named = {quantile_name(level): row for level, row in zip(LEVELS, quantiles, strict=True)}
        frames.append(pd.DataFrame({"quantity": name, "week_end": ends, "mean": mean, **named}))
    return pd.concat(frames, ignore_index=True)
