"""Means and quantiles over draws, and what their columns are called."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pandas as pd

from .errors import InputError
from .rows import FloatArray

DRAWS_FOR_MEANS: Final = 1000
"""Posterior draws behind means and credible intervals: a thirtieth of a posterior sd away from all of them."""
MANY: Final = 25_000
"""Customers from which fewer posterior draws serve: the variance of a posterior is inverse to the number of customers,
and a mean over draws in the same proportion is as far from that over all as for so many."""
BLOCK_CELLS: Final = 2_000_000
"""Draws times customers in hand at once: 16 MB an array."""
ROUNDING: Final = 1e-9
"""Keeps 0.05 * 1000 from being 51 by rounding."""
NORMAL_90: Final = 1.6448536269514722
"""Standard deviations around the mean that hold 90 % of a normal distribution."""
BANDS: Final = (0.5, 0.8, 0.9)
"""Central intervals whose coverage is told."""
LEVELS: Final = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
"""The ends of `BANDS` and the middle."""
INTERVAL: Final = (0.05, 0.95)
"""Default quantiles: a 90 % interval."""


def fewer_draws(most: int, customers: int, fewest: int, many: int = MANY) -> int:
    """Draws for so many customers: `most`, of more than `many` customers in inverse proportion, at least `fewest`.

    By default posterior draws behind means; see `MANY`.
    """
    return max(min(most, most * many // max(customers, 1)), min(most, fewest))


def quantile_name(level: float) -> str:
    """Column name of a quantile.

    Examples
    --------
    >>> quantile_name(0.05), quantile_name(0.5), quantile_name(0.975)
    ('q05', 'q50', 'q97.5')
    """
    percent = f"{100.0 * level:g}"
    return f"q{percent if '.' in percent else percent.zfill(2)}"


def ranks_of(levels: tuple[float, ...], size: int) -> list[int]:
    """Place among `size` sorted draws of each quantile: the smallest value that so large a share does not exceed."""
    return [max(0, math.ceil(level * size - ROUNDING) - 1) for level in levels]


def check_quantiles(quantiles: tuple[float, ...]) -> tuple[float, ...]:
    """Quantile levels as a tuple of floats.

    Raises
    ------
    InputError
        A level outside (0, 1), such as 5 for 5 percent.
    """
    try:
        levels = tuple(float(level) for level in quantiles)
    except (TypeError, ValueError):
        levels = (np.nan,)
    if not all(0.0 < level < 1.0 for level in levels):
        raise InputError(f"quantiles: expected levels between 0 and 1 such as (0.05, 0.95), got {quantiles!r}.")
    return levels


def check_draws(draws: int, fewest: int = 1) -> int:
    """Number of draws as an int.

    Raises
    ------
    InputError
        Not a whole number of at least `fewest`.
    """
    whole = isinstance(draws, (int, float, np.number)) and not isinstance(draws, bool) and draws == draws // 1
    if not (whole and np.isfinite(draws) and draws >= fewest):
        raise InputError(f"draws: expected a whole number above {fewest - 1} such as 1000, got {draws!r}.")
    return int(draws)


def means_and_quantiles(values: FloatArray, quantiles: tuple[float, ...]) -> pd.DataFrame:
    """Mean and quantiles over draws of (draws, rows): a frame of rows with mean, q05 and so on."""
    levels = check_quantiles(quantiles)
    columns: dict[str, FloatArray] = {"mean": values.mean(axis=0)}
    columns |= dict(zip(map(quantile_name, levels), np.quantile(values, levels, axis=0), strict=True))
    return pd.DataFrame(columns)
