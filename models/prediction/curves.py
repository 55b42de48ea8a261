"""Curves of a customer just acquired: survival, first repeat purchase and repeat purchases by age, MODELLED.

Without a contract nobody sees a customer leave, so that no survival or retention rate can be observed; what stands here
is what a fitted model says, and every row says so (`kind`). Intervals are credible intervals of an expectation, over
the posterior of the parameters alone: they hold neither chance nor the model's own error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from ..checks.cohorts import repeated_by
from ..fitted_purchases import FittedPurchases
from ..ground.design import Cells
from ..ground.errors import InputError
from ..ground.intervals import INTERVAL, NORMAL_90, means_and_quantiles
from ..ground.rows import FloatArray
from ..ground.summary import CustomerSummary, Day, as_day, check_summary
from ..ground.units import Horizon, parse_horizons
from .ages import Ages, ages_of
from .reduction import Grouping, groupings_of

MODELLED: Final = "modelled"
FROM_SUMMARY: Final = "observed, evenly spread"
"""What is seen of repeats in a summary, the days between first and last purchase taken as spread evenly."""
SURVIVAL: Final = "survival"
REPEAT: Final = "repeat"
REPEAT_PURCHASES: Final = "repeat_purchases"
FEWEST_SEEN: Final = 10
"""Customers known for so long that an observed share is told of."""


def survival_curve(
    purchases: FittedPurchases,
    horizon: str = "36M",
    *,
    summary: CustomerSummary | None = None,
    by: str | None = None,
    acquired: Day | None = None,
    quantiles: tuple[float, ...] = INTERVAL,
) -> pd.DataFrame:
    """Probability that a customer just acquired is still alive at each age, as the model has it.

    In MBG/NBD a customer may leave at once, so that the curve starts below 1; in BG/NBD nobody leaves before a repeat
    purchase. Models that forecast the same purchases differ in this curve: on CDNOW 64, 29 and 20 % are alive after
    three years by BG/NBD, MBG/NBD and Pareto/NBD. What hangs on it should be read off `repeat_curve`.

    Parameters
    ----------
    purchases : FittedPurchases
    horizon : str
        The last age: a whole number of months, years (told in months), weeks, days or hours, such as "36M" or "26W".
        Without a calendar a month is a twelfth of 52 weeks.
    summary : CustomerSummary, optional
        Customers whose covariates and groups new customers share; without, the average customer of the fit.
    by : str, optional
        An attribute of `summary`: a curve for each of its values, of new customers like those it has. What tells the
        curves apart is what the model knows, its covariates and groups.
    acquired : date, optional
        With a calendar, the day of the first purchase; by default the cut-off of the fit.
    quantiles : tuple of float
        Of credible intervals.

    Returns
    -------
    DataFrame
        One row an age from 0 on (and value of `by`): the column of `by`, if asked for; quantity "survival"; age ("12M")
        and months; mean, q05, q95; kind "modelled".

    Raises
    ------
    InputError
        A horizon that is no whole length, an unknown attribute, or curves by an attribute of a model that takes all
        customers as alike.
    """

    def survival(theta: FloatArray, alive: FloatArray, lengths: FloatArray) -> FloatArray:
        x, T = np.zeros(1, dtype=np.int64), np.zeros(1)
        stays = [purchases.model.survival_if_alive(theta, x, T, float(length))[:, 0] for length in lengths]
        return np.stack([alive, *(alive * each for each in stays)])

    who = _Newcomers.of(purchases, horizon, summary, by, acquired)
    return who.frame({SURVIVAL: survival}, quantiles)


def repeat_curve(
    purchases: FittedPurchases,
    horizon: str = "36M",
    *,
    summary: CustomerSummary | None = None,
    by: str | None = None,
    acquired: Day | None = None,
    quantiles: tuple[float, ...] = INTERVAL,
) -> pd.DataFrame:
    """Probability of a first repeat purchase, and expected repeat purchases, by each age, as the model has it.

    Parameters
    ----------
    purchases, horizon, summary, by, acquired, quantiles
        As in `survival_curve`.

    Returns
    -------
    DataFrame
        As `survival_curve`, for the quantities "repeat" (probability of at least one repeat purchase by that age) and
        "repeat_purchases" (expected number by then).

    Raises
    ------
    InputError
        As `survival_curve`.
    """

    def repeat(theta: FloatArray, alive: FloatArray, lengths: FloatArray) -> FloatArray:
        x, T = np.zeros(1, dtype=np.int64), np.zeros(1)
        none = purchases.model.none_if_alive(theta[:, None, :], x, T, lengths[:, None])
        return np.concatenate([np.zeros((1, len(alive))), alive * (1.0 - none)])

    def number(theta: FloatArray, alive: FloatArray, lengths: FloatArray) -> FloatArray:
        return np.concatenate([np.zeros((1, len(alive))), purchases.new_customer_purchases(theta, lengths, 0.0)])

    who = _Newcomers.of(purchases, horizon, summary, by, acquired)
    return who.frame({REPEAT: repeat, REPEAT_PURCHASES: number}, quantiles)


def repeat_curve_of_summary(summary: CustomerSummary, horizon: str = "12M", *, by: str | None = None) -> pd.DataFrame:
    """Share of customers with a first repeat purchase by each age, from the RFM table alone, no model fitted.

    A summary does not hold the day of the first repeat purchase. Given frequency and recency, purchases before the last
    are spread evenly over the time to it in every model here, so that the probability that the first came by age w is
    known for each customer seen for w (`checks.cohorts.repeated_by`): its mean over them is an unbiased estimate of the
    share, whatever the parameters. Where purchases come in bursts it is a little late: on CDNOW 19 % by six weeks, in
    the log 21 % (`observed_repeat_curve` counts in the log itself). At each age it is of those customers alone who have
    been seen for so long. With a calendar, ages are in its season-adjusted time.

    Parameters
    ----------
    summary : CustomerSummary
    horizon : str
        The last age, as in `survival_curve`.
    by : str, optional
        An attribute: a curve for each of its values.

    Returns
    -------
    DataFrame
        Columns as `repeat_curve` with customers, those seen for so long; quantity "repeat", kind "observed, evenly
        spread"; q05 and q95 hold the doubt of so few customers. Ages that fewer than 10 customers have reached are left
        out.

    Raises
    ------
    InputError
        A horizon that is no whole length, or an unknown attribute.
    """
    frame = check_summary(summary).frame
    x, t_x, T = (frame[name].to_numpy() for name in ("frequency", "recency", "T"))
    grouping = Grouping(pd.Index([""]), np.zeros(len(x), dtype=np.int64))
    if by is not None:
        grouping = groupings_of(summary, by)[by]
    ages = ages_of(horizon)
    lengths = [0.0, *(h.length for h in parse_horizons(ages.labels[1:], summary.unit))]
    rows = []
    for group, label in enumerate(grouping.labels):
        for age, months, length in zip(ages.labels, ages.months, lengths, strict=True):
            seen = (length <= T) & (grouping.codes == group)
            if seen.sum() < FEWEST_SEEN:
                break
            came = repeated_by(length, x[seen], t_x[seen]) if length > 0.0 else np.zeros(int(seen.sum()))
            mean, error = float(came.mean()), NORMAL_90 * float(came.std(ddof=1)) / len(came) ** 0.5
            row = {"quantity": REPEAT, "age": age, "months": months, "customers": len(came), "mean": mean}
            ends = {"q05": max(mean - error, 0.0), "q95": min(mean + error, 1.0), "kind": FROM_SUMMARY}
            rows.append(({} if by is None else {by: label}) | row | ends)
    columns = ["quantity", "age", "months", "customers", "mean", "q05", "q95", "kind"]
    return pd.DataFrame(rows, columns=columns if by is None else [by, *columns])


type _Curve = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
"""Of parameters (parameters, draws), probability alive at once (draws,) and ages, a curve (1 + ages, draws)."""


@dataclass(frozen=True, eq=False)
class _Newcomers:
    """Customers just acquired whose curves are asked for: how many of each cell stand behind each curve.

    Attributes
    ----------
    purchases : FittedPurchases
    ages : Ages
    lengths : array (ages,)
        Ages but the first, in the clock of the model.
    by : str or None
    labels : Index
    cells : Cells or None
        None: the average customer.
    shares : array (labels, cells)
        Share of each cell in the customers of a label.
    """

    purchases: FittedPurchases
    ages: Ages
    lengths: FloatArray
    by: str | None
    labels: pd.Index
    cells: Cells | None
    shares: FloatArray

    @classmethod
    def of(
        cls,
        purchases: FittedPurchases,
        horizon: str,
        summary: CustomerSummary | None,
        by: str | None,
        acquired: Day | None,
    ) -> _Newcomers:
        if not isinstance(purchases, FittedPurchases):
            raise InputError(
                f"purchases: expected a fitted transaction model, such as BetaGeoModel().fit(summary); "
                f"got {purchases!r}."
            )
        ages = ages_of(horizon)
        lengths = np.array([age.length for age in _parsed(purchases, ages.labels[1:], acquired)])
        if by is not None:
            _check_by(purchases, summary, by)
        if summary is None:
            return cls(purchases, ages, lengths, None, pd.Index([""]), None, np.ones((1, 1)))
        summary = purchases.checked(summary)
        cells = purchases.cells(summary)
        grouping = Grouping(pd.Index([""]), np.zeros(len(summary), dtype=np.int64))
        if by is not None:
            grouping = groupings_of(summary, by)[by]
        pairs = grouping.codes * len(cells) + cells.of_customer
        counts = np.bincount(pairs, minlength=len(grouping.labels) * len(cells)).reshape(-1, len(cells))
        return cls(purchases, ages, lengths, by, grouping.labels, cells, counts / counts.sum(axis=1, keepdims=True))

    def frame(self, curves: dict[str, _Curve], quantiles: tuple[float, ...]) -> pd.DataFrame:
        """Mean and quantiles over draws, one row a label, quantity and age."""
        draws = self.purchases.draws_for_means(self.shares.shape[1])
        sums = {name: np.zeros((len(self.labels), len(self.ages.labels), draws)) for name in curves}
        x, start = np.zeros(1, dtype=np.int64), np.zeros(1)
        for cell, shares in enumerate(self.shares.T):
            theta = self.purchases.theta(draws, self.cells, cell)
            alive = self.purchases.model.probability_alive(theta[:, :, None], x, start, start)[:, 0]
            for name, curve in curves.items():
                found, some = curve(theta, alive, self.lengths), np.flatnonzero(shares)
                sums[name][some] += shares[some, None, None] * found
        frames = []
        for place, label in enumerate(self.labels):
            for name, found in sums.items():
                table = means_and_quantiles(found[place].T, quantiles)
                what = {"quantity": name, "age": self.ages.labels, "months": self.ages.months}
                first = pd.DataFrame(({} if self.by is None else {self.by: label}) | what)
                frames.append(pd.concat([first, table], axis=1).assign(kind=MODELLED))
        return pd.concat(frames, ignore_index=True)


def _parsed(purchases: FittedPurchases, ages: list[str], acquired: Day | None) -> tuple[Horizon, ...]:
    """Ages in the clock of the model; with a calendar from the day of the first purchase on."""
    if purchases.calendar is None:
        return parse_horizons(ages, purchases.unit)
    known = purchases.posterior.attributes.get("until") if acquired is None else acquired
    if known is None:
        raise InputError(
            "acquired: in a calendar it matters when a customer is acquired; give the day of the first purchase, such "
            'as "1997-01-01".'
        )
    return parse_horizons(ages, purchases.unit, as_day(known, "acquired"), purchases.calendar)


def _check_by(purchases: FittedPurchases, summary: CustomerSummary | None, by: str) -> None:
    if purchases.design.is_plain:
        raise InputError(
            f"by: the model takes all customers as alike, so that curves by {by!r} would all be one. Fit it with "
            f'covariates=["{by}"] or groups="{by}", or leave `by` out.'
        )
    if summary is None:
        raise InputError(f"summary: curves by {by!r} are of new customers like those there are; give their summary.")
