"""Orders of a shop as a log: their moments, their categories, in order of time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lifeworth.models.ground.rows import FloatArray, IntArray
from lifeworth.models.ground.summary_checks import ID
from lifeworth.models.ground.units import DAYS_PER_WEEK

from .shop_truth import CATEGORIES
from .simulate import SECONDS_PER_DAY


def preferences_of(customers: pd.DataFrame) -> FloatArray:
    """Each customer's shares of the categories, array (customers, categories)."""
    return customers[[f"prefers_{name}" for name in CATEGORIES]].to_numpy(dtype=float)


def categories_of(rng: np.random.Generator, share: FloatArray) -> Any:
    """A category for each order, from shares, array (orders, categories)."""
    beyond = rng.random((len(share), 1)) >= np.cumsum(share, axis=1)[:, :-1]
    return np.array(CATEGORIES, dtype=object)[beyond.sum(axis=1)]


def after(weeks: FloatArray) -> pd.TimedeltaIndex:
    """Times in weeks as those of a log, by the second."""
    return pd.to_timedelta(np.floor(weeks * DAYS_PER_WEEK * SECONDS_PER_DAY), unit="s")


def log_of(ids: Any, who: IntArray, date: Any, amount: FloatArray, channel: Any, category: Any) -> pd.DataFrame:
    """Orders in order of time."""
    log = pd.DataFrame({ID: ids[who], "date": date, "amount": amount, "channel": channel[who], "category": category})
    return log.sort_values(["date", ID], kind="stable", ignore_index=True)
