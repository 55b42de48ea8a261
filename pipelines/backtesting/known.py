"""What is asked and known at an origin of a backtest, and what came; how much is drawn of how many customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from lifeworth.models.ground.intervals import fewer_draws
from lifeworth.models.ground.rows import FloatArray, IntArray
from lifeworth.models.ground.summary import CustomerSummary
from lifeworth.models.ground.units import DAYS_PER_WEEK

from .outcomes import Outcomes

FUTURES: Final = 250
"""Simulated futures of each customer: quantiles of a customer to 2 %, and every score an average over thousands."""
FEWEST_BY_DEFAULT: Final = 100
"""For many customers: their number makes up for it, and a closed 90 % interval of amounts still holds 89 %."""
MANY: Final = 24_000
"""Customers from which on there are fewer: the futures of an origin take some seconds a model."""
DRAWS_FOR_MEANS: Final = 100
"""Posterior draws behind means: a tenth of a posterior standard deviation away from all of them."""
FEWEST_FOR_MEANS: Final = 25
"""For many customers, whose posterior is narrower."""


@dataclass(frozen=True, eq=False)
class Asked:
    """What is asked at an origin.

    Attributes
    ----------
    ends : mapping of str to int
        Days of each horizon that has come true.
    weeks : list of int
        Horizons at which errors of totals are measured.
    draws : int
        Simulated futures of each customer.
    seed : int
    """

    ends: Mapping[str, int]
    weeks: list[int]
    draws: int
    seed: int

    @property
    def days(self) -> IntArray:
        """Days of all horizons, ascending."""
        week = int(DAYS_PER_WEEK)
        return np.array(sorted({*self.ends.values(), *(week * weeks for weeks in self.weeks)}), dtype=np.int64)

    def place(self, days: int) -> int:
        """Place of a horizon among `days`."""
        return int(np.searchsorted(self.days, days))


@dataclass(frozen=True, eq=False)
class Known:
    """What was asked and known at an origin, and what came.

    Attributes
    ----------
    asked : Asked
    summary : CustomerSummary
        At the origin.
    came : Outcomes
    """

    asked: Asked
    summary: CustomerSummary
    came: Outcomes

    @property
    def uniform(self) -> FloatArray:
        """A random number for each customer, to break ties."""
        return np.random.default_rng([self.asked.seed, len(self.summary)]).random(len(self.summary))

    @property
    def draws_for_means(self) -> int:
        """Posterior draws behind means."""
        return fewer_draws(DRAWS_FOR_MEANS, len(self.summary), FEWEST_FOR_MEANS)


def futures_of(customers: int) -> int:
    """Simulated futures of each customer, where nobody says how many."""
    return fewer_draws(FUTURES, customers, FEWEST_BY_DEFAULT, MANY)
