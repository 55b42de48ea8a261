"""Whether there is enough in a customer summary to model it, and what is wrong with it: before any fit.

`check_data` looks at everything that has gone wrong in real projects and can be seen in the RFM table alone; its
verdict stops a pipeline, or goes with the result. Signs that are in the order log alone (left truncation, refunds,
copies) are in the report of `summarise`; those that need a posterior in `data_checks_parameters`.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from ..ground.data_report import counted
from ..ground.rows import FloatArray, IntArray
from ..ground.summary import CustomerSummary, check_summary
from ..ground.units import UNIT_NAMES
from .cohorts import compare_cohorts, unrepeated_at_least
from .limits import SURE, DataLimits
from .spend import check_amounts
from .verdict import DataCheck, DataVerdict, Level

LONGEST: Final = 0.95
"""Quantile of T that counts as the longest history: a single old customer does not make one."""
UNSEEN: Final = 10.0
"""One-time buyers that must be expected for their absence to be odd: by chance none come once in 22,000 logs."""
FEWEST_REPEATERS: Final = 100
"""Repeat customers, below which one of them easily makes many of all repeat purchases."""


def check_data(summary: CustomerSummary, *, limits: DataLimits | None = None, spend: bool = True) -> DataVerdict:
    """Check whether a summary holds enough, and what a model would get wrong in it.

    In 10,000 simulated logs that are as the models assume (five populations, five kinds of amounts, 100 to 4,000
    customers, acquired within a quarter or all the time) `mixed_cohorts` was raised 6 times and `spend_dependence` 15
    times; what is too few or too short is so by its limit, not by chance. The checks are

    - `one_time_buyers`: nobody has bought twice (stop), or those who bought once were left out (warn);
    - `repeaters`: too few customers with repeat purchases (warn, stop);
    - `calibration`: the longest history is short against the gaps between purchases (warn);
    - `young_customers`: most customers were observed for less than one gap (warn);
    - `mixed_cohorts`: customers acquired early and late repeat at different rates by the same age (warn; method and
      false alarms in `data_checks_cohorts`);
    - `heavy_buyer`: one customer makes much of all purchases (warn);
    - `unknown_amounts`, `same_amounts`, `spend_dependence`: see `data_checks_spend` (warn, stop), where there are
      amounts.

    Parameters
    ----------
    summary : CustomerSummary
    limits : DataLimits, optional
        Where data begin to be too little; by default reasoned numbers.
    spend : bool
        False leaves out the checks of amounts, for a forecast of purchases alone.

    Returns
    -------
    DataVerdict
        Print it; ``verdict.raise_if_stopped()`` is a gate, ``verdict.frame`` a table.

    Raises
    ------
    InputError
        Not a summary, or a row of it is impossible.

    Examples
    --------
    >>> import pandas as pd
    >>> rfm = pd.DataFrame({"customer_id": ["a", "b"], "frequency": [0, 0], "recency": [0.0, 0.0], "T": [9.0, 12.0]})
    >>> verdict = check_data(CustomerSummary.from_frame(rfm, unit="W"))
    >>> verdict.level, [check.name for check in verdict.raised]
    ('stop', ['one_time_buyers'])
    """
    limits = limits or DataLimits()
    summary = check_summary(summary)
    frame = summary.frame
    x, t_x, T = frame["frequency"].to_numpy(np.int64), frame["recency"].to_numpy(float), frame["T"].to_numpy(float)
    checks = [_one_time_buyers(x, t_x, T)]
    if (x > 0).any():
        gap = _typical_gap(x, t_x)
        unit = UNIT_NAMES[summary.unit]
        checks += [
            _repeaters(x, limits),
            _calibration(T, gap, unit, limits),
            _young_customers(T, gap, unit, limits),
            _mixed_cohorts(x, t_x, T, gap, unit, limits),
            _heavy_buyer(x, str(frame["customer_id"].iloc[int(x.argmax())]), limits),
        ]
        checks += check_amounts(summary, limits) if spend else ()
    return DataVerdict(tuple(checks), counted(len(summary), "customer"))


def _typical_gap(x: IntArray, t_x: FloatArray) -> float:
    """Median over repeaters of the mean time between their purchases, as the models scale time by."""
    again = x > 0
    return float(np.quantile(t_x[again] / x[again], 0.5, method="inverted_cdf"))


def _one_time_buyers(x: IntArray, t_x: FloatArray, T: FloatArray) -> DataCheck:
    """Whether there are others than one-time buyers, and whether these are there."""
    once = int((x == 0).sum())
    if once == len(x):
        return DataCheck(
            "one_time_buyers", float(once), "fewer than all customers", "stop",
            f"All {once:,} customers have bought once. Neither how fast they buy nor how long they stay can be told.",
            "Check that customer_id names customers and not orders or visits, and that frequency counts repeat "
            "purchases; else wait until some come back.",
        )  # fmt: skip
    least, late = unrepeated_at_least(x, t_x, T)
    if once == 0 and least >= UNSEEN:
        return DataCheck(
            "one_time_buyers", 0.0, f"{least:,.0f} or more", "warn",
            f"No customer has bought once, though {late:,.0f} came back for the first time in the last third of their "
            f"history: some {least:,.0f} or more should not yet have come back. It seems that they were left out, and "
            "a model would take every new customer for one who comes back.",
            "Keep customers with frequency 0 in the summary. If frequency counts the first purchase too, subtract 1.",
        )  # fmt: skip
    sentence = f"{once:,} of {len(x):,} customers have bought once."
    return DataCheck("one_time_buyers", float(once), "some, not all", "ok", sentence)


def _repeaters(x: IntArray, limits: DataLimits) -> DataCheck:
    """Whether enough customers have bought again."""
    again = int((x > 0).sum())
    level: Level = "stop" if again < limits.repeaters_stop else "warn" if again < limits.repeaters_warn else "ok"
    meaning = {
        "stop": " What a model says of them comes from its priors, not from these customers.",
        "warn": " Intervals will be wide, and the default priors have their say.",
        "ok": "",
    }[level]
    return DataCheck(
        "repeaters",
        float(again),
        f"at least {limits.repeaters_warn:,}, and never below {limits.repeaters_stop:,}",
        level,
        f"{counted(again, 'customer')} of {len(x):,} {'has' if again == 1 else 'have'} bought again.{meaning}",
        ""
        if level == "ok"
        else "Give a longer history or more customers, pool groups instead of fitting each alone, or give "
        "priors learnt from a like business.",
    )


def _calibration(T: FloatArray, gap: float, unit: str, limits: DataLimits) -> DataCheck:
    """Whether the longest history spans several of the gaps seen."""
    longest = float(np.quantile(T, LONGEST, method="inverted_cdf"))
    short = longest / gap < limits.gaps
    told = f"The longest history is {longest:.3g} {unit}, the typical gap between purchases seen in it {gap:.3g}."
    meaning = (
        " Longer gaps were never seen, and who is slow cannot be told from who is gone: the forecast may be far off."
    )
    return DataCheck(
        "calibration",
        longest / gap,
        f"at least {limits.gaps:g} gaps",
        "warn" if short else "ok",
        told + (meaning if short else ""),
        "Begin the history earlier, or wait; forecast no further ahead than the history is long." if short else "",
    )


def _young_customers(T: FloatArray, gap: float, unit: str, limits: DataLimits) -> DataCheck:
    """Whether most customers were observed for at least one gap."""
    share, today = float((gap > T).mean()), int((T == 0.0).sum())
    told = f"{100.0 * share:.0f} % of the customers were acquired less than one typical gap ({gap:.3g} {unit}) ago"
    told += f", {today:,} of them on the last day." if today else "."
    young = share > limits.young
    meaning = " They say next to nothing about repeat purchases; the forecast for them is that for a new customer."
    return DataCheck(
        "young_customers",
        share,
        f"at most {limits.young:g}",
        "warn" if young else "ok",
        told + (meaning if young else ""),
        "Fit on customers acquired earlier, then forecast all; check that nothing odd (an import, a campaign) made so "
        "many new ones."
        if young
        else "",
    )


def _mixed_cohorts(x: IntArray, t_x: FloatArray, T: FloatArray, gap: float, unit: str, limits: DataLimits) -> DataCheck:
    """Whether the third acquired first and the third acquired last repeat alike by the same age."""
    expected = f"a ratio of at most {limits.cohort_ratio:g}, or not beyond chance"
    found = compare_cohorts(x, t_x, T, gap)
    if found is None:
        few = "Customers were acquired at one time, or too few came back to compare early with late ones."
        return DataCheck("mixed_cohorts", math.nan, expected, "ok", few)
    differ = abs(found.z) > SURE and found.ratio > limits.cohort_ratio
    return DataCheck(
        "mixed_cohorts",
        found.ratio,
        expected,
        "warn" if differ else "ok",
        f"Within {found.age:.3g} {unit} of their first purchase {100.0 * found.early:.1f} % of the customers acquired "
        f"first came back, and {100.0 * found.late:.1f} % of those acquired last, {found.apart:.3g} {unit} later "
        f"({abs(found.z):.1f} standard errors apart)."
        + (" One model of both is an average of two populations and wrong for either." if differ else ""),
        "Fit cohorts apart or as groups, or only those like the customers to come. If the log begins in "
        "mid-relationship, the first ones are old customers: see the remark in summary.report."
        if differ
        else "",
    )


def _heavy_buyer(x: IntArray, who: str, limits: DataLimits) -> DataCheck:
    """Whether one customer makes much of all repeat purchases."""
    share = float(x.max() / x.sum())
    heavy = share > limits.heavy_share and int((x > 0).sum()) >= FEWEST_REPEATERS
    meaning = " No distribution of rates fits such a customer and all others; totals hang on this one."
    return DataCheck(
        "heavy_buyer",
        share,
        f"at most {limits.heavy_share:g} of repeat purchases",
        "warn" if heavy else "ok",
        f"Customer {who} made {int(x.max()):,} of all {int(x.sum()):,} repeat purchases ({100.0 * share:.1f} %)."
        + (meaning if heavy else ""),
        "Check whether it is a till, a reseller or a test account; leave it out and forecast it by hand."
        if heavy
        else "",
    )
