"""An order log from a model with known parameters: the whole process, exactly, from acquisition to the cut-off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from lifeworth.models import GammaGammaModel
from lifeworth.models.base import Latent
from lifeworth.models.fitted_purchases import FittedPurchases
from lifeworth.models.ground.calendar import Calendar
from lifeworth.models.ground.compiled import compiled
from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.rows import FloatArray, IntArray
from lifeworth.models.ground.summary import Day, as_day
from lifeworth.models.ground.summary_checks import ID
from lifeworth.models.ground.units import DAYS_PER_UNIT
from lifeworth.models.spend import FittedSpend

CDNOW_SPEND: Final = {"p": 6.25, "q": 3.74, "v": 15.44}
"""Spend where none is given: the published fit to CDNOW, in dollars (Fader & Hardie 2013, note 025)."""
SECONDS_PER_DAY: Final = 86_400.0
DAY: Final = pd.Timedelta(days=1)
FIRST_CAPACITY: Final = 4
"""Orders per customer that memory is first set aside for; it doubles when needed."""


def simulate_orders(
    purchases: FittedPurchases,
    spend: FittedSpend | None = None,
    *,
    customers: int,
    start: Day,
    until: Day,
    acquired_until: Day | None = None,
    attributes: pd.DataFrame | None = None,
    calendar: Calendar | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Simulate the order log of customers who behave as the model says.

    Each customer is acquired, with a first order, at a moment uniform between `start` and `acquired_until`, has a
    purchase rate, a dropout and a spend level drawn from the population, and buys until the cut-off or the end.

    Parameters
    ----------
    purchases : FittedPurchases
        A model at fixed parameters (`from_parameters`) or a fitted one, whose posterior mean is used.
    spend : FittedSpend, optional
        Likewise; by default the published Gamma-Gamma fit to CDNOW.
    customers : int
    start, until : date
        First and last day of the log, both inclusive.
    acquired_until : date, optional
        Last day on which customers are acquired; by default `until`.
    attributes : DataFrame, optional
        One row a customer: covariates and groups, for models that know them; put beside every order.
    calendar : Calendar, optional
        Index of the purchase rate: customers live in its season-adjusted time, and the dates are those at which it
        has passed. By default that of `purchases`, if it has one. Days of acquisition follow no season.
    seed : int

    Returns
    -------
    DataFrame
        customer_id (int64, 1 to `customers`), date (datetime64, with clock time), amount (float64), in order of time.

    Raises
    ------
    InputError
        No customers, days out of order, attributes that do not fit, or a calendar that the model cannot follow.
    """
    first, acquired, last = ordered_days(start, acquired_until, until)
    size = checked_size(customers)
    spend = spend or GammaGammaModel.from_parameters(first_purchase=True, **CDNOW_SPEND)
    rng = np.random.default_rng(seed)
    day = 1.0 / DAYS_PER_UNIT[purchases.unit]
    arrival = rng.random(size) * ((acquired - first).days + 1) * day
    end = ((last - first).days + 1) * day
    people = _people(attributes, size)
    calendar = purchases.calendar if calendar is None else calendar
    who, when = _purchase_times(purchases, rng, people, *_adjusted(purchases, calendar, first, day, arrival, end))
    if calendar is not None:
        when = np.clip(calendar.days_ahead(first - DAY, when / day) * day, 0.0, end)
    amount = _amounts(spend, rng, people, who)
    date = first + pd.to_timedelta(np.floor(when / day * SECONDS_PER_DAY), unit="s")
    log = pd.DataFrame({"customer_id": who + 1, "date": date, "amount": amount})
    if attributes is not None:
        log = log.merge(people, on=ID)
    return log.sort_values(["date", "customer_id"], kind="stable", ignore_index=True)


def ordered_days(start: Day, acquired_until: Day | None, until: Day) -> tuple[pd.Timestamp, pd.Timestamp, pd.Timestamp]:
    """First day, last day of acquisition (by default the last day) and last day of a log.

    Raises
    ------
    InputError
        No days, or out of order.
    """
    first, last = as_day(start, "start"), as_day(until, "until")
    acquired = last if acquired_until is None else as_day(acquired_until, "acquired_until")
    if not first <= acquired <= last:
        got = f"{first.date()}, {acquired.date()}, {last.date()}"
        raise InputError(f"start, acquired_until, until: expected days in this order, got {got}.")
    return first, acquired, last


def checked_size(customers: int) -> int:
    """Number of customers to simulate.

    Raises
    ------
    InputError
        No whole number above 0.
    """
    if isinstance(customers, bool) or int(customers) != customers or customers < 1:
        raise InputError(f"customers: expected a whole number above 0, got {customers!r}.")
    return int(customers)


def _adjusted(
    purchases: FittedPurchases,
    calendar: Calendar | None,
    first: pd.Timestamp,
    day: float,
    arrival: FloatArray,
    end: float,
) -> tuple[FloatArray, float]:
    """Moments of acquisition and the end in season-adjusted time since the first moment of the log."""
    purchases.model.check_calendar(calendar)
    if calendar is None:
        return arrival, end
    adjusted = calendar.elapsed_ahead(first - DAY, np.append(arrival, end) / day) * day
    return adjusted[:-1], float(adjusted[-1])


def _people(attributes: pd.DataFrame | None, size: int) -> pd.DataFrame:
    """One row a customer: customer_id and attributes."""
    people = pd.DataFrame({ID: np.arange(1, size + 1)})
    if attributes is None:
        return people
    if not isinstance(attributes, pd.DataFrame) or len(attributes) != size:
        raise InputError(f"attributes: expected a DataFrame of {size:,} rows, one a customer; got {attributes!r}.")
    return people.join(attributes.reset_index(drop=True))


def _of_cells(
    fitted: FittedPurchases | FittedSpend, people: pd.DataFrame, draw: Callable[[FloatArray, int], Any]
) -> Iterator[tuple[IntArray, FloatArray, Any]]:
    """For each cell its customers, their parameters, and what `draw` gives for so many of them."""
    cells = fitted.design.cells(people)
    for cell in range(len(cells)):
        customers = np.flatnonzero(cells.of_customer == cell)
        theta = fitted.theta_at_mean(cells, cell)
        yield customers, theta, draw(theta[:, None, None], len(customers))


def _purchase_times(
    purchases: FittedPurchases, rng: np.random.Generator, people: pd.DataFrame, arrival: FloatArray, end: float
) -> tuple[IntArray, FloatArray]:
    """Customer and moment of every order, first orders included, arrays (orders,), in the model's unit."""

    def draw(theta: FloatArray, size: int) -> Latent:
        nothing, start = np.zeros((size, 1), dtype=np.int64), np.zeros((size, 1))
        return purchases.model.draw_latent(rng, theta, nothing, start, start)

    state = np.empty((3, len(people)))
    for customers, _, latent in _of_cells(purchases, people, draw):
        state[:, customers] = np.stack(latent)[:, :, 0]
    who, when, _ = walk(rng, state[0], state[1], state[2], arrival, end)
    return who, when


def _amounts(spend: FittedSpend, rng: np.random.Generator, people: pd.DataFrame, who: IntArray) -> FloatArray:
    """Amount of every order, array (orders,)."""

    def draw(theta: FloatArray, size: int) -> FloatArray:
        return spend.model.draw_latent(rng, theta, np.zeros((size, 1), dtype=np.int64), np.zeros((size, 1)))

    shape, rate = np.empty((2, len(people)))
    for customers, theta, own in _of_cells(spend, people, draw):
        shape[customers], rate[customers] = theta[0], own[:, 0]
    return np.asarray(rng.standard_gamma(shape[who]) / rate[who])


@compiled
def walk(
    rng: np.random.Generator,
    rate: FloatArray,
    dropout: FloatArray,
    lifetime: FloatArray,
    arrival: FloatArray,
    end: float,
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Walk every customer from the first order to the end.

    Parameters
    ----------
    rate, dropout, lifetime : array (customers,)
        The hidden state, as in `Latent`; lifetimes count from the first order.
    arrival : array (customers,)
        Moment of the first order.
    end : float
        Moment at which the log ends.

    Returns
    -------
    who, when : array (orders,)
        Customer and moment of every order, first orders included.
    left : array (customers,)
        Moment at which the customer left; infinite for who is alive at the end.
    """
    who = np.empty(FIRST_CAPACITY * rate.shape[0], dtype=np.int64)
    when = np.empty(who.shape[0])
    left = np.full(rate.shape[0], np.inf)
    orders = 0
    for i in range(rate.shape[0]):
        time, gone = arrival[i], arrival[i] + lifetime[i]
        last = min(end, gone)
        if gone < end:
            left[i] = gone
        while True:
            if orders == who.shape[0]:
                who, when = np.concatenate((who, who)), np.concatenate((when, when))
            who[orders], when[orders] = i, time
            orders += 1
            # the first order tosses no coin here: who leaves right after it came with a rate of zero
            if time > arrival[i] and rng.random() < dropout[i]:
                left[i] = time
                break
            if rate[i] <= 0.0:
                left[i] = arrival[i]
                break
            time += rng.standard_exponential() / rate[i]
            if not time < last:
                break
    return who[:orders], when[:orders], left
