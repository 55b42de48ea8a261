"""Left truncation: a log that begins in mid-relationship.

Where a log starts later than the business, customers of long standing make their "first" purchase in its
first weeks. They are no new customers: frequency and T count from a false start, and the models of lifeworth,
in which everybody begins alive on the first day, learn from it. The sign is a mass of first purchases at the
very start.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lifeworth.models.ground.units import DAYS_PER_WEEK

LEAD: Final = 4 * DAYS_PER_WEEK
"""The first weeks, in days, whose rate of first purchases is compared with the later one."""

LATER: Final = 6 * DAYS_PER_WEEK
"""Days that the acquisition must go on after them: a cohort that joined at once is not truncated."""

CUSTOMERS: Final = 30
"""First purchases needed on either side; fewer say nothing about a rate."""

ACQUIRED: Final = 0.99
"""The acquisition is over when this share of customers has been seen: stragglers (a first order that was
refunded, say) do not make it longer."""

EXCESS: Final = 1.5
"""The early rate must exceed the later one by this factor, beyond chance: ordinary seasons stay below."""

SURE: Final = 3.0
"""Standard errors of the logarithm of a ratio of two Poisson rates that count as beyond chance."""

RETURNED: Final = 0.75
"""A run-in is at least so long that this share of repeat customers comes back within it."""


def left_truncation(first: NDArray[np.int64], gaps: NDArray[np.float64]) -> int | None:
    """Judge whether the first purchases show a mass at the start, and how long a run-in would remove it.

    Parameters
    ----------
    first : int64 array (customer,)
        Day of the first purchase, in days since the start of the log or of the acquisition asked for.
    gaps : float64 array (repeater,)
        Mean days between the purchases of each customer with repeat purchases.

    Returns
    -------
    int or None
        Days of run-in to leave out: until three of four repeat customers come back, and until what follows shows
        no mass any more, but at most half of the acquisition. None if nothing speaks for truncation or there is
        too little to tell.
    """
    if not _mass_at_start(first):
        return None
    longest = math.floor(float(first.max()) / 2.0)
    run_in = max(math.ceil(np.quantile(gaps, RETURNED)) if gaps.size else 0, int(LEAD))
    while run_in < longest and _mass_at_start(first[first >= run_in] - run_in):
        run_in += int(LEAD)
    return min(run_in, longest)


def _mass_at_start(first: NDArray[np.int64]) -> bool:
    """Whether first purchases come at a far higher rate in the first weeks than later, beyond chance."""
    end = float(np.quantile(first, ACQUIRED, method="higher"))
    early = int((first < LEAD).sum())
    later = int(((first >= LEAD) & (first <= end)).sum())
    if end + 1.0 - LEAD < LATER or min(early, later) < CUSTOMERS:
        return False
    ratio = math.log(early / LEAD) - math.log(later / (end + 1.0 - LEAD))
    return ratio - SURE * math.sqrt(1.0 / early + 1.0 / later) > math.log(EXCESS)


def truncation_remark(
    first_day: NDArray[np.datetime64],
    last_day: NDArray[np.datetime64],
    repeats: NDArray[np.int64],
    start: pd.Timestamp,
) -> str | None:
    """Say that a log is left-truncated, and the remedy; None if it is not.

    Parameters
    ----------
    first_day, last_day : datetime64[D] array (customer,)
        First and last purchase.
    repeats : int64 array (customer,)
        Repeat purchases.
    start : Timestamp
        First day of the log, or of the acquisition asked for.
    """
    first = (first_day - np.datetime64(start, "D")).astype(np.int64)
    span = (last_day - first_day).astype(np.int64)
    again = repeats > 0
    run_in = left_truncation(first, span[again] / repeats[again])
    if run_in is None:
        return None
    share = 100.0 * float((first < LEAD).mean())
    kept = int((first >= run_in).sum())
    day = start + pd.Timedelta(days=run_in)
    return (
        f"Left truncation: {share:.0f} % of the customers make their first purchase in the first "
        f"{LEAD / DAYS_PER_WEEK:.0f} weeks, at a rate far above that of later weeks. Many of them were "
        "probably customers before the log began; their frequency and T are cut short, and the models "
        "learn from it. "
        f'Remedy: acquired_from="{day:%Y-%m-%d}" keeps the {kept:,} of {first.size:,} customers first seen after '
        f"a run-in of {run_in} days, in which most old customers have come back. If the business itself began "
        "then, nothing is wrong."
    )
