"""The limits of the checks of data, each with its reason."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..ground.errors import InputError

SURE: Final = 3.29
"""Standard errors that count as beyond chance: once in a thousand logs by chance, both sides together."""
FALSE_ALARM: Final = 0.001
"""The same as a probability."""


@dataclass(frozen=True)
class DataLimits:
    """Where data begin to be too little or too odd. Every limit can be replaced: ``DataLimits(repeaters_warn=50)``.

    Attributes
    ----------
    repeaters_stop : int
        Customers with repeat purchases below which nothing is to be modelled. In subsamples of CDNOW with 10 of them
        the upper end of the 90 % interval of E[X(52)] is 3.6 times the lower (BG/NBD; Pareto/NBD 3.5), with 5 of them
        6 times: the priors decide, not the data.
    repeaters_warn : int
        Below it the forecast is wide: 90 % intervals of E[X(52)] span a factor of 2.6 with 20 repeaters, 1.9 with 50,
        1.5 with 100, 1.4 with 200, 1.25 with 400, 1.15 with 1,000 (the same subsamples).
    gaps : float
        The longest history (the 95 % quantile of T) in typical gaps between purchases, below which the calibration is
        too short. CLVTools asks for one MEAN time between purchases, but gaps longer than the history are never seen:
        where customers on average buy once in it, the median gap seen is about a third of it. In simulated cohorts
        (gaps of 10 and 18 weeks, much and little dropout) the ratio never falls below 2.6 however short the history,
        and is 3.0 to 3.4 where the history is one mean gap; on CDNOW's parameters E[X(52)] comes out 40 % too high
        at a ratio of 3.1 (8 weeks), 10 % at 3.5 (13 weeks), 3 % at 4.3 (26 weeks).
    young : float
        Share of customers observed for less than one typical gap, above which the log tells little about most.
    cohort_ratio : float
        Early and late acquired customers differ if their repeat rates do by more than this factor, beyond chance:
        CDNOW's own weekly cohorts differ by less.
    heavy_share : float
        Share of all repeat purchases made by a single customer, where there are 100 repeat customers or more. In
        populations like CDNOW (r of 0.24) the largest of 300 customers makes 14 % in 400 simulated logs at most, in
        very unequal ones (r of 0.1) it is 30 %.
    dependence : float
        Rank correlation between frequency and mean amount, less what averaging alone makes, up to which the two count
        as independent; beyond it they do not if that is beyond chance. CDNOW has 0.14, and its customers with 7 or
        more repeat purchases spend a fifth more on a purchase than the average.
    same_amount : float
        Share of the known mean amounts that are one and the same; CDNOW, whose prices are few, has 0.03.
    unknown_amounts : float
        Share of repeat customers without a known amount.
    """

    repeaters_stop: int = 10
    repeaters_warn: int = 100
    gaps: float = 3.25
    young: float = 0.5
    cohort_ratio: float = 1.25
    heavy_share: float = 0.3
    dependence: float = 0.1
    same_amount: float = 0.5
    unknown_amounts: float = 0.2

    def __post_init__(self) -> None:
        """Refuse limits that cannot be meant.

        Raises
        ------
        InputError
            A limit is not a finite number of 0 or more, or `repeaters_stop` is above `repeaters_warn`.
        """
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if not (isinstance(value, (int, float, np.number)) and 0.0 <= value < math.inf):
                raise InputError(f"limits: {field.name} expects a number of 0 or more, got {value!r}.")
        if self.repeaters_stop > self.repeaters_warn:
            raise InputError(
                "limits: expected repeaters_stop of at most repeaters_warn, "
                f"got {self.repeaters_stop} and {self.repeaters_warn}."
            )
