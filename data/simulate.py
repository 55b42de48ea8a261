"""An order log from a model with known parameters: the whole process, exactly, from acquisition to the cut-off."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from lifeworth.models import GammaGammaModel
from lifeworth.models.ground.compiled import compiled
from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.rows import FloatArray, IntArray
from lifeworth.models.ground.summary import Day, as_day
from lifeworth.models.ground.units import DAYS_PER_UNIT
from lifeworth.models.purchases import FittedPurchases
from lifeworth.models.spend import FittedSpend

CDNOW_SPEND: Final = {"p": 6.25, "q": 3.74, "v": 15.44}
"""Spend where none is given: the published fit to CDNOW, in dollars (Fader & Hardie 2013, note 025)."""
SECONDS_PER_DAY: Final = 86_400.0
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
    seed : int

    Returns
    -------
    DataFrame
        customer_id (int64, 1 to `customers`), date (datetime64, with clock time), amount (float64), in order of time.

    Raises
    ------
    InputError
        No customers, or days out of order.
    """
    first, last = as_day(start, "start"), as_day(until, "until")
    acquired = last if acquired_until is None else as_day(acquired_until, "acquired_until")
    if isinstance(customers, bool) or int(customers) != customers or customers < 1:
        raise InputError(f"customers: expected a whole number above 0, got {customers!r}.")
    if not first <= acquired <= last:
        got = f"{first.date()}, {acquired.date()}, {last.date()}"
        raise InputError(f"start, acquired_until, until: expected days in this order, got {got}.")
    spend = spend or GammaGammaModel.from_parameters(first_purchase=True, **CDNOW_SPEND)
    rng = np.random.default_rng(seed)
    size = int(customers)
    day = 1.0 / DAYS_PER_UNIT[purchases.unit]
    arrival = rng.random(size) * ((acquired - first).days + 1) * day
    end = ((last - first).days + 1) * day
    who, when = _purchase_times(purchases, rng, arrival, end)
    amount = _amounts(spend, rng, size, who)
    date = first + pd.to_timedelta(np.floor(when / day * SECONDS_PER_DAY), unit="s")
    log = pd.DataFrame({"customer_id": who + 1, "date": date, "amount": amount})
    return log.sort_values(["date", "customer_id"], kind="stable", ignore_index=True)


def _purchase_times(
    purchases: FittedPurchases, rng: np.random.Generator, arrival: FloatArray, end: float
) -> tuple[IntArray, FloatArray]:
    """Customer and moment of every order, first orders included, arrays (orders,), in the model's unit."""
    theta = purchases.posterior.mean[:, None, None]
    nothing, start = np.zeros((len(arrival), 1), dtype=np.int64), np.zeros((len(arrival), 1))
    latent = purchases.model.draw_latent(rng, theta, nothing, start, start)
    rate, dropout, lifetime = (np.ascontiguousarray(values[:, 0]) for values in latent)
    return _walk(rng, rate, dropout, lifetime, arrival, end)


def _amounts(spend: FittedSpend, rng: np.random.Generator, customers: int, who: IntArray) -> FloatArray:
    """Amount of every order, array (orders,)."""
    theta = spend.posterior.mean[:, None, None]
    nothing = np.zeros((customers, 1), dtype=np.int64)
    rate = spend.model.draw_latent(rng, theta, nothing, np.zeros((customers, 1)))[:, 0]
    return np.asarray(rng.standard_gamma(float(theta[0, 0, 0]), len(who)) / rate[who])


@compiled
def _walk(
    rng: np.random.Generator,
    rate: FloatArray,
    dropout: FloatArray,
    lifetime: FloatArray,
    arrival: FloatArray,
    end: float,
) -> tuple[IntArray, FloatArray]:
    """Walk every customer from the first order to the end; see `_purchase_times`."""
    who = np.empty(FIRST_CAPACITY * rate.shape[0], dtype=np.int64)
    when = np.empty(who.shape[0])
    orders = 0
    for i in range(rate.shape[0]):
        time, last = arrival[i], min(end, arrival[i] + lifetime[i])
        while True:
            if orders == who.shape[0]:
                who, when = np.concatenate((who, who)), np.concatenate((when, when))
            who[orders], when[orders] = i, time
            orders += 1
            # the first order tosses no coin here: who leaves right after it came with a rate of zero
            if time > arrival[i] and rng.random() < dropout[i]:
                break
            if rate[i] <= 0.0:
                break
            time += rng.standard_exponential() / rate[i]
            if not time < last:
                break
    return who[:orders], when[:orders]
