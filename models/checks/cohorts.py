r"""Do customers acquired early and late behave alike? Told from the RFM table alone, at equal age.

Frequency depends on T, so that cohorts can only be compared at the same age w. In BG/NBD, MBG/NBD and Pareto/NBD alike
a customer buys as a Poisson process for as long as it is known to be alive: given x and t_x, the x - 1 repeat purchases
before the last are spread evenly over (0, t_x), whatever the customer's rate and dropout. So the probability that the
first repeat purchase came within w <= T is known for every customer,

.. math::

    \Pr(\text{repeated by } w \mid x, t_x) = \begin{cases} 0 & x = 0 \\ 1 & 0 < t_x \le w \\
    1 - (1 - w/t_x)^{x-1} & t_x > w \end{cases}

and its mean over customers is an unbiased estimate of the share that repeats by age w, for any T of at least w. If
early and late customers are of one population these means are equal, and Welch's two-sample statistic is judged by the
normal distribution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..ground.rows import FloatArray, IntArray

YOUNGEST: Final = 0.25
"""Share of the customers, those acquired last, that is left out to gain a longer age to compare at."""
GAPS: Final = 4.0
"""Typical gaps after which customers are compared at the latest: where all have repeated, nothing can differ."""
FEWEST: Final = 10.0
"""Repeat customers by age w needed in each group, for the normal distribution to be a fair judge."""


@dataclass(frozen=True)
class Cohorts:
    """The third acquired first and the third acquired last, at the same age.

    Attributes
    ----------
    age : float
        The age w at which they are compared, in the unit of the summary.
    early, late : float
        Share that has repeated by then.
    apart : float
        Time between the median acquisition of the two.
    z : float
        Difference of the shares in standard errors.
    """

    age: float
    early: float
    late: float
    apart: float
    z: float

    @property
    def ratio(self) -> float:
        """The larger share over the smaller."""
        low, high = sorted((self.early, self.late))
        return high / low if low > 0.0 else math.inf


def compare_cohorts(x: IntArray, t_x: FloatArray, T: FloatArray, gap: float) -> Cohorts | None:
    """Compare the first and the last third of the customers observed for at least one typical `gap`.

    Returns None where there is no later third or too few repeat customers.
    """
    age = max(gap, min(GAPS * gap, float(np.quantile(T, YOUNGEST))))
    old = age <= T
    if not old.any():
        return None
    late_T, early_T = np.quantile(T[old], [1.0 / 3.0, 2.0 / 3.0])
    repeated = repeated_by(age, x, t_x)
    early, late = old & (early_T <= T), old & (late_T >= T)
    if not late_T < early_T or min(repeated[early].sum(), repeated[late].sum(), early.sum(), late.sum()) < 1.0:
        return None
    if max(repeated[early].mean(), repeated[late].mean()) * min(early.sum(), late.sum()) < FEWEST:
        return None
    error = math.sqrt(sum(repeated[group].var(ddof=1) / group.sum() for group in (early, late)))
    difference = float(repeated[early].mean() - repeated[late].mean())
    return Cohorts(
        age=age,
        early=float(repeated[early].mean()),
        late=float(repeated[late].mean()),
        apart=float(np.median(T[early]) - np.median(T[late])),
        z=difference / error if error > 0.0 else 0.0,
    )


def unrepeated_at_least(x: IntArray, t_x: FloatArray, T: FloatArray) -> tuple[float, float]:
    """How many customers without a repeat purchase there must be at least, by the pace at which first repeats come.

    In BG/NBD, MBG/NBD and Pareto/NBD the time to the first repeat purchase is a mixture of exponentials (with some who
    never come back), so that its density is log-convex: where A first repeats came in the second and B in the last
    third of the histories, at least B^2 / (A - B) must be outstanding. A is taken two standard errors larger, B two
    smaller than it is.

    Returns
    -------
    least : float
    late : float
        B, the first repeats in the last third of the histories.
    """
    second, last = (float(repeated_by(share * T, x, t_x).sum()) for share in (1.0 / 3.0, 2.0 / 3.0))
    A, B = last - second, float((x > 0).sum()) - last
    A_most, B_least = A + 2.0 * math.sqrt(max(A, 0.0)), max(B - 2.0 * math.sqrt(max(B, 0.0)), 0.0)
    return B_least**2 / max(A_most - B_least, 1.0), B


def repeated_by(age: float | FloatArray, x: IntArray, t_x: FloatArray) -> FloatArray:
    """Probability that each customer's first repeat purchase came by `age`, array (customers,)."""
    share = np.divide(age, t_x, out=np.ones(len(t_x)), where=t_x > age)
    return np.where(x == 0, 0.0, 1.0 - (1.0 - share) ** np.maximum(x - 1, 0) * (t_x > age))
