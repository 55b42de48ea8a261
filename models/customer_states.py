"""What is known of single customers beyond their purchases ahead: survival, lifetime, next purchase, own rates.

Functions of a fitted transaction model and a summary; each returns a tidy frame, customers in the order that came in,
worked out in blocks of distinct rows. Three kinds of interval, as said at each:

* survival and lifetime are expectations: their quantiles are credible intervals, over the posterior alone;
* the next purchase is an outcome: its times are quantiles of the predictive distribution;
* a customer's own rate and dropout are hidden, each a single number: their quantiles hold doubt about the parameters
  and about the customer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd
from scipy.optimize.elementwise import find_root

from .ground.calendar_nodes import lasting_nodes
from .ground.errors import InputError
from .ground.intervals import DRAWS_FOR_MEANS, check_quantiles, quantile_name
from .ground.rows import DistinctRows, FloatArray, IntArray
from .ground.summary import CustomerSummary
from .ground.units import DAYS_PER_UNIT, Horizon

if TYPE_CHECKING:
    from .fitted_purchases import FittedPurchases, Pairs

DRAWS_FOR_TIMES: Final = 200
"""Draws behind times of the next purchase: given that there is one, its time hangs little on the parameters."""
SHORTEST: Final = 60.0
"""Times of the next purchase are sought from e^-60 of the horizon on: 1e-19 seconds of fifty years."""
TIME_TOLERANCE: Final = 1e-9
"""Relative error of a time of the next purchase."""
STATE_ARRAYS: Final = 8
"""Arrays of draws times rows in hand when states are drawn."""
DAYS_OF_CALENDAR: Final = 36525.0
"""Lifetimes without an end follow the calendar day by day for a hundred years, and its mean from then on."""
QUARTILES: Final = (0.25, 0.5, 0.75)
"""Default quantiles of the time of the next purchase."""


def probability_alive_at(
    fitted: FittedPurchases, summary: CustomerSummary, horizon: str, quantiles: tuple[float, ...]
) -> pd.DataFrame:
    """Probability that each customer is still alive at the end of the horizon: customer_id, mean and quantiles."""
    length = fitted.finite(horizon, summary).length

    def alive_at(theta: FloatArray, rows: DistinctRows, pairs: Pairs) -> FloatArray:
        stays = fitted.model.survival_if_alive(theta, pairs.x, pairs.T, length)
        return np.asarray(_alive(fitted, theta, rows) * stays[:, pairs.of_row])

    return fitted.per_customer(summary, alive_at, quantiles)


def remaining_lifetime(
    fitted: FittedPurchases, summary: CustomerSummary, horizon: str | None, quantiles: tuple[float, ...]
) -> pd.DataFrame:
    """Expected time alive from the cut-off to the end of the horizon: customer_id, mean and quantiles.

    In the model's unit of time; a customer already gone counts as 0. With None the horizon has no end.

    Raises
    ------
    InputError
        No end, and the expectation is infinite in some posterior draw.
    """
    asked = fitted.horizon(horizon, summary)
    in_calendar = _calendar_lifetime(fitted, summary, asked)

    def lifetime(theta: FloatArray, rows: DistinctRows, pairs: Pairs) -> FloatArray:
        if in_calendar is None:
            ahead = fitted.model.lifetime_if_alive(theta, pairs.x, pairs.T, asked.length)[:, pairs.of_row]
        else:
            ahead = in_calendar(theta, pairs)[:, pairs.of_row]
        if not np.isfinite(ahead).all():
            share = float(np.mean(~np.isfinite(ahead).all(axis=1)))
            raise InputError(
                f"horizon: without an end the expected remaining lifetime is infinite, as {fitted.model.endless} "
                f"in {share:.0%} of the posterior draws. Name an end such as '10Y'; the lifetime until then is finite."
            )
        return np.asarray(_alive(fitted, theta, rows) * ahead)

    return fitted.per_customer(summary, lifetime, quantiles)


def next_purchase(
    fitted: FittedPurchases, summary: CustomerSummary, horizon: str, quantiles: tuple[float, ...]
) -> pd.DataFrame:
    """Predictive distribution of the date of each customer's next purchase.

    Returns
    -------
    DataFrame
        customer_id; p_within, the probability of a purchase within the horizon; time_q25 and so on: the time after the
        cut-off by which it comes with that probability, GIVEN that it comes within the horizon, in the model's unit;
        and date_q25 and so on, the day of it, where the summary knows its cut-off (NaT beyond the calendar of pandas).
        Doubt about the parameters is in them.
    """
    length = fitted.finite(horizon, summary).length
    levels = np.array(check_quantiles(quantiles))

    def of_block(theta: FloatArray, rows: DistinctRows, pairs: Pairs) -> FloatArray:
        alive = _alive(fitted, theta, rows)
        none = fitted.model.none_if_alive(theta[:, :, None], pairs.x, pairs.T, length)
        within = (alive * (1.0 - none)[:, pairs.of_row]).mean(axis=0)
        some = slice(None, None, math.ceil(theta.shape[1] / DRAWS_FOR_TIMES))
        return np.vstack([within, _times(fitted, theta[:, some], rows, alive[some], length, levels)])

    rows, cells = fitted.rows(summary)
    blocks = fitted.by_block(
        rows, cells, of_block, fitted.draws_for_means(len(cells)), "Next purchases", 1 + len(levels)
    )
    table = np.concatenate(blocks, axis=1)[:, rows.inverse]
    if fitted.calendar is not None and summary.until is not None:
        per_unit = DAYS_PER_UNIT[fitted.unit]
        table[1:] = fitted.calendar.days_ahead(summary.until, table[1:] * per_unit) / per_unit
    frame = pd.DataFrame({"customer_id": summary.frame["customer_id"].array, "p_within": table[0]})
    names = [quantile_name(level) for level in levels]
    for name, times in zip(names, table[1:], strict=True):
        frame[f"time_{name}"] = times
    if summary.until is not None:
        for name, times in zip(names, table[1:], strict=True):
            frame[f"date_{name}"] = _days_after(summary.until, np.ceil(times * DAYS_PER_UNIT[fitted.unit]))
    return frame


def _calendar_lifetime(
    fitted: FittedPurchases, summary: CustomerSummary, horizon: Horizon
) -> Callable[[FloatArray, Pairs], FloatArray] | None:
    """Time of the calendar alive within the horizon, if alive, array (draws, pairs); None without a calendar."""
    calendar, until = fitted.calendar, summary.until
    if calendar is None or until is None:
        return None
    day, endless = DAYS_PER_UNIT[fitted.unit], not np.isfinite(horizon.length)
    elapsed, weight = lasting_nodes(calendar, until, DAYS_OF_CALENDAR if endless else horizon.calendar_length * day)
    last = float(elapsed[-1]) / day

    def lifetime(theta: FloatArray, pairs: Pairs) -> FloatArray:
        out = np.zeros((theta.shape[1], len(pairs.x)))
        for tau, of_node in zip(elapsed / day, weight / day, strict=True):
            out += of_node * fitted.model.survival_if_alive(theta, pairs.x, pairs.T, float(tau))
        if endless:
            until_last = fitted.model.lifetime_if_alive(theta, pairs.x, pairs.T, last)
            out += (fitted.model.lifetime_if_alive(theta, pairs.x, pairs.T, math.inf) - until_last) / calendar.long_run
        return out

    return lifetime


def own_rate(
    fitted: FittedPurchases,
    summary: CustomerSummary,
    which: Literal["rate", "dropout"],
    quantiles: tuple[float, ...],
    seed: int,
) -> pd.DataFrame:
    """Posterior of each customer's own purchase rate or dropout, alive or gone: customer_id, mean and quantiles.

    The mean is exact; quantiles are those of states drawn from their exact posterior (`State`), one a draw of the
    parameters.
    """
    levels = check_quantiles(quantiles)
    rows, cells = fitted.rows(summary)
    distinct = fitted.draws_for_means(len(cells))
    # where the posterior has few draws they are used in turn, each for several states
    draws = (
        distinct * math.ceil(DRAWS_FOR_MEANS / distinct) if levels and distinct == len(fitted.posterior) else distinct
    )

    def of_block(theta: FloatArray, rows: DistinctRows, _: Pairs) -> FloatArray:
        formula = fitted.model.mean_rate if which == "rate" else fitted.model.mean_dropout
        mean = formula(theta[:, :distinct, None], rows.x, rows.t_x, rows.T).mean(axis=0)
        if not levels:
            return mean[None]
        rng = np.random.default_rng(_stream(rows, seed))
        state = fitted.model.draw_state(rng, theta[:, None, :], rows.x[:, None], rows.t_x[:, None], rows.T[:, None])
        drawn = state.rate if which == "rate" else state.dropout
        return np.vstack([mean, np.quantile(drawn, levels, axis=1)])

    blocks = fitted.by_block(rows, cells, of_block, draws, "Rates of customers", STATE_ARRAYS)
    table = np.concatenate(blocks, axis=1)[:, rows.inverse]
    frame = pd.DataFrame(dict(zip(["mean", *map(quantile_name, levels)], table, strict=True)))
    frame.insert(0, "customer_id", summary.frame["customer_id"].array)
    return frame


def _alive(fitted: FittedPurchases, theta: FloatArray, rows: DistinctRows) -> FloatArray:
    return fitted.model.probability_alive(theta[:, :, None], rows.x, rows.t_x, rows.T)


def _times(
    fitted: FittedPurchases,
    theta: FloatArray,
    rows: DistinctRows,
    alive: FloatArray,
    length: float,
    levels: FloatArray,
) -> FloatArray:
    """Quantiles of the time of the next purchase, given that it comes within `length`, array (levels, rows).

    The probability of a purchase by then is averaged over the draws before it is inverted, on the logarithm of time.
    """
    some = alive.sum(axis=0)
    weight = np.where(some > 0.0, alive, 1.0) / np.where(some > 0.0, some, alive.shape[0])

    def reached(log_share: FloatArray, i: IntArray) -> FloatArray:
        none = fitted.model.none_if_alive(theta[:, :, None], rows.x[i], rows.T[i], length * np.exp(log_share))
        return np.asarray((weight[:, i] * (1.0 - none)).sum(axis=0))

    def beyond(log_share: FloatArray, i: IntArray, level: FloatArray, in_all: FloatArray) -> FloatArray:
        return np.asarray(reached(log_share, i) / in_all - level)

    each = np.arange(len(rows), dtype=np.int64)
    row, level = np.tile(each, len(levels)), np.repeat(levels, len(rows))
    in_all = reached(np.zeros(len(rows)), each)[row]
    found = np.log(level)  # where next to nothing is bought, any time is as likely as any other
    sought = in_all > 0.0
    if sought.any():
        found[sought] = find_root(
            beyond,
            (np.full(sought.sum(), -SHORTEST), np.zeros(sought.sum())),
            args=(row[sought], level[sought], in_all[sought]),
            tolerances={"xatol": TIME_TOLERANCE, "xrtol": 0.0},
        ).x
    return (length * np.exp(found)).reshape(len(levels), len(rows))


def _days_after(until: pd.Timestamp, days: FloatArray) -> pd.Series:
    there = days <= (pd.Timestamp.max - until).days
    return (until + pd.to_timedelta(pd.Series(np.where(there, days, 0.0)), unit="D")).where(there)


def _stream(rows: DistinctRows, seed: int) -> np.random.SeedSequence:
    """A random stream of a block, told by its first row: neither cores nor other blocks change it."""
    first = np.array([rows.t_x[0], rows.T[0]]).view(np.uint32)
    return np.random.SeedSequence([seed, int(rows.cell[0]), int(rows.x[0]), *first.tolist()])
