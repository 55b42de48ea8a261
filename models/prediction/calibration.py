"""Which error of the model a forecast holds: that of a scorecard, the default, or none; and the clock that tells it."""

from __future__ import annotations

from typing import Final, Literal, Protocol, runtime_checkable

import numpy as np

from ..fitted_purchases import FittedPurchases
from ..ground.errors import InputError
from ..ground.rows import FloatArray
from ..ground.summary import CustomerSummary
from ..ground.units import DAYS_PER_UNIT, DAYS_PER_WEEK
from .clock import QUARTER, Clock
from .discrepancy import Discrepancy, default_discrepancy
from .error_process import knots_until

CALENDAR_WEEKS: Final = 260
"""Knots are a week apart for so long where a calendar is to be followed: five years, seasons included."""
TEXTBOOK: Final = "textbook"
"""Asks for intervals that hold parameters and chance alone."""


@runtime_checkable
class Scored(Protocol):
    """What knows the past errors of models, such as a scorecard."""

    def discrepancy_of(self, model: str) -> Discrepancy:
        """Past error of a model in totals, by the model's name."""


type Calibration = Scored | Discrepancy | Literal["textbook"] | None
"""Where the model's own error comes from: a scorecard, "textbook" for none, or None for the default."""


def discrepancy_for(purchases: FittedPurchases, calibration: Calibration) -> tuple[Discrepancy | None, str]:
    """The error that intervals hold beside parameters and chance, and a sentence that says so.

    Raises
    ------
    InputError
        `calibration` is none of the possible things, or a scorecard that does not know the model.
    """
    if isinstance(calibration, str) and calibration == TEXTBOOK:
        drifts = purchases.calendar is not None and purchases.calendar.drift_sd > 0.0
        beside = "parameters, chance and the drift of the calendar" if drifts else "parameters and chance"
        return None, f"Intervals hold {beside} alone: the model is taken to be right."
    if calibration is None and purchases.diagnostics.method == "fixed":
        return None, "Intervals hold chance alone: fixed parameters are taken at their word, and so is the model."
    if calibration is None:
        found = default_discrepancy()
        said = f"{found.sentence()}; lw.backtest(…) learns it from your own log (calibration=scorecard)"
    elif isinstance(calibration, Discrepancy):
        found, said = calibration, calibration.sentence()
    elif isinstance(calibration, Scored):
        found = calibration.discrepancy_of(purchases.model.name)
        said = found.sentence()
    else:
        raise InputError(
            'calibration: expected a scorecard made by lw.backtest(…), "textbook" for parameters and chance alone, or '
            f"None for the default error; got {calibration!r}."
        )
    return found, f"Intervals hold parameters, chance, and {said}."


def clock_for(
    purchases: FittedPurchases,
    summary: CustomerSummary,
    discrepancy: Discrepancy | None,
    horizons: FloatArray,
    draws: int,
    seed: int,
) -> Clock | None:
    """The clock of a forecast over `horizons` by the calendar; None where time runs as the calendar's in every draw."""
    calendar = purchases.calendar
    if discrepancy is None and calendar is None:
        return None
    day = DAYS_PER_UNIT[purchases.unit]
    week = DAYS_PER_WEEK / day
    last = float(horizons[-1]) / week
    if calendar is None or summary.until is None:
        knots = knots_until(last)
        plain = np.diff(knots)
    else:
        knots = knots_until(last, CALENDAR_WEEKS)
        knots = np.unique(np.concatenate([knots, horizons / week]))  # a horizon may end within a week of the season
        plain = np.diff(calendar.elapsed_ahead(summary.until, knots * DAYS_PER_WEEK)) / DAYS_PER_WEEK
    known = Discrepancy.none() if discrepancy is None else discrepancy
    if calendar is not None and known.origins == 0:  # past errors hold the drift of their time
        known = known.with_drift(calendar.drift_sd)
    speed, level = known.paths(knots, draws, seed)
    elapsed = np.concatenate([np.zeros((1, draws)), np.cumsum(speed * plain[:, None], axis=0)])
    return Clock(knots * week, elapsed * week, level, QUARTER / day)
