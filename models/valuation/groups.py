"""Groups beside each other: shares, ratios and differences whose intervals hold what groups have in common."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from ..ground.intervals import check_quantiles
from ..ground.rows import FloatArray
from ..prediction.forecast import OUTCOME_LEVELS
from ..prediction.reduction import columns_of, groupings_of, quantiles_of
from .value import Valuation


def shares_of_value(
    valuation: Valuation, by: str, *, horizon: str | None = None, quantiles: tuple[float, ...] = OUTCOME_LEVELS
) -> pd.DataFrame:
    """Share of each group in the total, draw by draw.

    Returns
    -------
    DataFrame
        One row a group: the group, customers, share_mean and predictive quantiles of its share of the total value; the
        shares of a draw add up to 1.

    Raises
    ------
    InputError
        No groups by this attribute, or a horizon that was not valued.
    """
    labels, draws, size = _drawn(valuation, by, horizon)
    levels, shares = check_quantiles(quantiles), draws / draws.sum(axis=0)
    columns = columns_of("share", shares.mean(axis=1), quantiles_of(shares, levels), levels)
    return pd.DataFrame({by: labels, "customers": size} | columns)


def compare_groups(
    valuation: Valuation,
    by: str,
    *,
    per_customer: bool = True,
    horizon: str | None = None,
    quantiles: tuple[float, ...] = OUTCOME_LEVELS,
) -> pd.DataFrame:
    """Each group beside each other, draw by draw: parameters and clock of a draw are the same for both.

    Parameters
    ----------
    valuation : Valuation
    by : str
    per_customer : bool
        Compares value per customer; False: of the whole groups.
    horizon : str, optional
        One of those valued; by default the longest.
    quantiles : tuple of float

    Returns
    -------
    DataFrame
        One row a pair: group, other, p_more (probability that the value of `group` is the larger), difference_mean and
        predictive quantiles, ratio_q50 and the like (of group over other; its mean need not exist).

    Raises
    ------
    InputError
        As `shares_of_value`.
    """
    labels, draws, size = _drawn(valuation, by, horizon)
    levels = check_quantiles(quantiles)
    values = draws / size[:, None] if per_customer else draws
    rows = []
    for one, other in combinations(range(len(labels)), 2):
        difference = (values[one] - values[other])[None]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = (values[one] / values[other])[None]
        found = columns_of("difference", difference.mean(axis=1), quantiles_of(difference, levels), levels)
        ratios = columns_of("ratio", np.zeros(1), quantiles_of(ratio, levels), levels)
        ratios.pop("ratio_mean")
        p_more = float(np.mean(difference > 0.0) + 0.5 * np.mean(difference == 0.0))
        row = {"group": labels[one], "other": labels[other], "p_more": p_more}
        rows.append(row | {name: float(column[0]) for name, column in (found | ratios).items()})
    return pd.DataFrame(rows)


def _drawn(valuation: Valuation, by: str, horizon: str | None) -> tuple[pd.Index, FloatArray, FloatArray]:
    """Labels, draws (groups, draws) and sizes of the groups."""
    place = valuation.place(horizon)
    valuation.by(by)  # says which groups there are
    grouping = groupings_of(valuation.basis.summary, by)[by]
    return grouping.labels, valuation.group_draws[by][place], np.bincount(grouping.codes).astype(float)
