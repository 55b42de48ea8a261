"""A calendar learned from an order log: season, holidays and drift of the purchase rate, jointly with a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from lifeworth.models.beta_geo import BetaGeoModel
from lifeworth.models.fitted_purchases import FittedPurchases
from lifeworth.models.ground.calendar import DAYS_PER_YEAR, Calendar, Holiday
from lifeworth.models.ground.calendar_index import LEAP_DAY, ONE_DAY, SLOTS, normalised, on_days, slots
from lifeworth.models.ground.errors import FitError, InputError
from lifeworth.models.ground.rows import FloatArray
from lifeworth.models.ground.summary import ID, CustomerSummary, Day, as_day
from lifeworth.models.inference.calendar_regression import Counts, Learned, fourier, learn
from lifeworth.models.purchases import TransactionModel

from .orders import Orders
from .policies import PolicyWords
from .purchase_days import purchases_by_day
from .summarise import summarise

type Holidays = Iterable[Day] | Mapping[str, Day | Sequence[Day]]
"""Days with an effect of their own: a list shares one effect, a mapping has one by name."""

HARMONICS: Final = 18
"""Waves in a year: the last is three weeks long, so that the weeks before Christmas can stand out."""
WEEK: Final = 7  # days
DRIFT_DAYS: Final = 28
"""The level moves in blocks of four weeks, counted back from the cut-off."""
YEAR: Final = 365
"""A season is learned from logs longer than this."""
MOST_ROUNDS: Final = 30
TOLERANCE: Final = 1e-3
"""Rounds end when the logarithm of no day's index moves by more."""
AGES: Final = 300
"""Ages at which expected purchases of new customers are worked out; between them a cubic spline."""
ARRIVALS_AT_ONCE: Final = 256
FEWEST_EXPECTED: Final = 1e-9
"""Rows in which a flat calendar expects less say nothing: nobody was there."""


def learn_calendar(
    orders: Orders,
    *,
    customer_id: str = ID,
    date: str = "date",
    amount: str | None = "amount",
    until: Day | None = None,
    acquired_from: Day | None = None,
    harmonics: int = HARMONICS,
    holidays: Holidays | None = None,
    drift: bool = True,
    model: TransactionModel | None = None,
    attributes: Iterable[str] = (),
    **policies: Unpack[PolicyWords],
) -> Calendar:
    """Learn how fast customers buy on each day of the calendar: season, holidays and a slow drift.

    Two steps take turns until the index stands still: the model is fitted on the summary in season-adjusted time, and
    weekly repeat purchases are regressed on the calendar, beside what the model expects of customers acquired on
    these days (`models.inference.calendar_regression`). The season has mean 1 over a year; the level has mean 1 (of
    its logarithm 0) over the days learned from, and stays where it was at the end of them.

    Parameters
    ----------
    orders, customer_id, date, amount, until, acquired_from, attributes, **policies
        As in `summarise`, and the same as there. Nothing after `until` is looked at.
    harmonics : int
        Waves of the season in a year; 0: no season. One is learned only from logs longer than a year; else the
        calendar says so in its notes.
    holidays : list of dates, or mapping of str to date or list of dates, optional
        Days with an effect of their own, shared by those of a name. Dates to come as well as past ones; "12-24" is a
        day of every year. A name that never fell in the log has no effect.
    drift : bool
        Whether the level may move.
    model : TransactionModel, optional
        BetaGeoModel (default) or ModifiedBetaGeoModel.

    Returns
    -------
    Calendar

    Raises
    ------
    InputError
        As `summarise`; also for a model whose customers do not leave at purchases (Pareto/NBD), a number of harmonics
        that is none, or holidays that are no dates.
    FitError
        The two steps do not settle.
    """
    model = BetaGeoModel() if model is None else model
    model.check_calendar(Calendar())
    if isinstance(harmonics, bool) or not isinstance(harmonics, int | np.integer) or not 0 <= harmonics <= SLOTS // 2:
        raise InputError(f"harmonics: expected a whole number from 0 to {SLOTS // 2}, got {harmonics!r}.")
    named = _named(holidays)
    log: dict[str, Any] = {
        "customer_id": customer_id,
        "date": date,
        "amount": amount,
        "acquired_from": acquired_from,
        **policies,
    }
    summary = summarise(orders, until=until, unit="D", attributes=attributes, **log)
    days = purchases_by_day(orders, until=summary.until, **log)
    history = _History.of(summary, days, named)
    season = int(harmonics) if len(history.days) > YEAR else 0
    calendar, fitted, points = Calendar(holidays=named), None, None
    for _ in range(MOST_ROUNDS):
        fitted = model.fit(history.adjusted(calendar), method="map", start=fitted)
        before, learned = calendar, learn(*history.counts(fitted, calendar, season, drift), points)
        calendar = history.calendar(learned, season, int(harmonics), drift)
        moved = np.abs(np.log(calendar.index(history.days) / before.index(history.days))).max()
        if moved < TOLERANCE and points is None:
            return calendar
        # between the first round and the last only points of the grid that matter are looked at
        points = learned.points if moved >= TOLERANCE else None
    raise FitError(
        f"calendar: after {MOST_ROUNDS} rounds the index of the purchase rate still moves; the log does not tell a "
        "drift from customers who leave. Pass drift=False, or fewer harmonics."
    )


@dataclass(frozen=True, eq=False)
class _History:
    """What the log says, by day and by customer, on the plain calendar.

    Attributes
    ----------
    days : datetime64 array (days,)
        Every day from the first purchase to the cut-off.
    repeats, arrivals : array (days,)
    first, last : datetime64 array (customers,)
        Days of the first and the last purchase.
    summary : CustomerSummary
        In days, without a calendar.
    holidays : tuple of Holiday
    """

    days: NDArray[np.datetime64]
    repeats: FloatArray
    arrivals: FloatArray
    first: NDArray[np.datetime64]
    last: NDArray[np.datetime64]
    summary: CustomerSummary
    holidays: tuple[Holiday, ...]

    @classmethod
    def of(cls, summary: CustomerSummary, days: pd.DataFrame, holidays: tuple[Holiday, ...]) -> _History:
        until = np.datetime64(summary.until, "D")
        first = until - summary.frame["T"].to_numpy().round().astype("timedelta64[D]")
        last = first + summary.frame["recency"].to_numpy().round().astype("timedelta64[D]")
        return cls(
            days["day"].to_numpy("datetime64[D]"),
            days["repeat_purchases"].to_numpy(float),
            days["first_purchases"].to_numpy(float),
            first,
            last,
            summary,
            holidays,
        )

    def adjusted(self, calendar: Calendar) -> CustomerSummary:
        """Return the summary in the time of a calendar."""
        until = self.days[-1]
        times = {"recency": calendar.elapsed(self.first, self.last), "T": calendar.elapsed(self.first, until)}
        return replace(self.summary, frame=self.summary.frame.assign(**times), calendar=calendar)

    def counts(
        self, fitted: FittedPurchases, calendar: Calendar, harmonics: int, drift: bool
    ) -> tuple[Counts, FloatArray]:
        """Rows of the regression, and the season's columns by day of the year."""
        index = calendar.index(self.days)
        expected = self._expected(fitted, calendar)
        on = np.stack([on_days(h.days, self.days) for h in self.holidays], axis=1) if self.holidays else None
        names = np.zeros((len(self.days), 0)) if on is None else on.astype(float)
        expected *= _weekdays(self.days, self.repeats, expected, names.any(axis=1))
        back = np.arange(len(self.days))[::-1]  # days before the cut-off: weeks and blocks end there
        rows, row = np.unique(np.column_stack([back // WEEK, names]), axis=0, return_inverse=True)

        def sums(values: FloatArray) -> FloatArray:
            return np.bincount(row, values, len(rows)).astype(float)

        flat = sums(expected / index)
        seen = flat > FEWEST_EXPECTED
        at_days = fourier(_time_of_year(slots(self.days)), harmonics)
        weights = np.maximum(expected / index, FEWEST_EXPECTED)
        season = (
            np.stack([sums(weights * column) for column in at_days.T], axis=1) if harmonics else at_days[: len(rows)]
        )
        block = (rows[:, 0] * WEEK // DRIFT_DAYS).astype(np.int64)
        block = block.max() - block if drift else np.zeros_like(block)
        counts = Counts(
            purchases=sums(self.repeats)[seen],
            expected=flat[seen],
            season=(season / sums(weights)[:, None])[seen],
            holidays=rows[seen, 1:],
            block=block[seen],
            block_years=DRIFT_DAYS / DAYS_PER_YEAR,
        )
        return counts, fourier(_time_of_year(np.arange(SLOTS)), harmonics)

    def calendar(self, learned: Learned, harmonics: int, asked: int, drift: bool) -> Calendar:
        """Return what was learned as a calendar."""
        season = normalised(np.exp(learned.season))
        blocks = len(learned.drift)
        starts = self.days[-1] + (1 - DRIFT_DAYS * np.arange(blocks, 0, -1)) * ONE_DAY
        fell = np.array([on_days(h.days, self.days).any() for h in self.holidays], dtype=bool)
        holidays = tuple(
            replace(h, effect=float(np.exp(learned.holidays[i])) if fell[i] else 1.0, sd=float(learned.holidays_sd[i]))
            for i, h in enumerate(self.holidays)
        )
        moves = drift and blocks > 1
        return Calendar(
            season=tuple(season.tolist()),
            holidays=holidays,
            level_from=tuple(str(day) for day in starts) if moves else (),
            levels=tuple(np.exp(learned.drift).tolist()) if moves else (),
            drift_sd=learned.yearly_sd if moves else 0.0,
            season_sd=tuple(learned.season_sd.tolist()) if harmonics else (),
            level_sd=tuple(learned.drift_sd.tolist()) if moves else (),
            learned=(str(self.days[0]), str(self.days[-1])),
            notes=_notes(self, learned, harmonics, asked, moves, fell),
        )

    def _expected(self, fitted: FittedPurchases, calendar: Calendar) -> FloatArray:
        """Expected repeat purchases on each day of customers acquired as they were, array (days,).

        Unconditional: what the parameters say of customers of these ages; with covariates those of all days alike.
        """
        ends = calendar.elapsed(self.days[0], self.days)
        ages = WEEK * np.expm1(np.linspace(0.0, np.log1p((ends[-1] + 1.0) / WEEK), AGES))
        cells = fitted.cells(self.summary)
        share = np.bincount(cells.of_customer, minlength=len(cells)) / len(self.summary)
        by_age = np.append(0.0, fitted.new_customers_like(cells, ages[1:], 0.0) @ share)
        spline = CubicSpline(np.log1p(ages / WEEK), by_age)
        sums = np.zeros(len(self.days))
        came = np.flatnonzero(self.arrivals)
        for first in range(0, len(came), ARRIVALS_AT_ONCE):
            some = came[first : first + ARRIVALS_AT_ONCE]
            age = np.maximum(ends[:, None] - ends[some], 0.0)
            sums += spline(np.log1p(age / WEEK)) @ self.arrivals[some]
        return np.maximum(np.diff(sums, prepend=0.0), 0.0)


def _weekdays(
    days: NDArray[np.datetime64], repeats: FloatArray, expected: FloatArray, holiday: NDArray[np.bool_]
) -> FloatArray:
    """How much is bought on each day of the week, of mean 1, by day: it is no part of the calendar."""
    weekday = days.astype(np.int64) % WEEK
    came, due = (np.bincount(weekday[~holiday], values[~holiday], WEEK) for values in (repeats, expected))
    if not ((came > 0.0) & (due > 0.0)).all():
        return np.ones(len(days))
    share = came / due
    return np.asarray((share / share.mean())[weekday])


def _time_of_year(slot: NDArray[np.int64]) -> FloatArray:
    """Middle of a day of the year, from 0 to 1; February 29 shares the place of the 28th."""
    return np.asarray((slot - (slot >= LEAP_DAY) + 0.5) / YEAR)


def _named(holidays: Holidays | None) -> tuple[Holiday, ...]:
    """Holidays by name, each with its days as text."""
    if holidays is None:
        return ()
    by_name = holidays if isinstance(holidays, Mapping) else {"holidays": holidays}
    found = []
    for name, days in by_name.items():
        several = [days] if isinstance(days, str) or not isinstance(days, Iterable) else list(days)
        found.append(Holiday(str(name), tuple(_day_text(day, str(name)) for day in several)))
    return tuple(found)


def _day_text(day: object, name: str) -> str:
    if isinstance(day, str) and len(day) == len("12-24") and day[2] == "-":
        as_day(f"2000-{day}", f"holidays, {name}")
        return day
    return str(as_day(day, f"holidays, {name}").date())  # type: ignore[arg-type]  # what is no date raises


def _notes(
    history: _History, learned: Learned, harmonics: int, asked: int, moves: bool, fell: NDArray[np.bool_]
) -> tuple[str, ...]:
    notes = []
    if asked and not harmonics:
        notes.append(
            f"The log covers {len(history.days)} days, not more than a year: the season cannot be told and is flat."
        )
    if harmonics:
        notes.append(f"Probability that there is a season: {1.0 - learned.no_season:.0%}.")
    if moves:
        notes.append(
            f"Probability that the level moves: {1.0 - learned.no_drift:.0%}; by {learned.yearly_sd:.0%} a year "
            "(standard deviation)."
        )
    never = [h.name for h, there in zip(history.holidays, fell, strict=True) if not there]
    if never:
        notes.append(f"Not in the log, so without effect: {', '.join(never)}.")
    notes.append(f"Weeks scatter by {learned.scatter:.0%} beyond chance, season and drift.")
    return tuple(notes)
