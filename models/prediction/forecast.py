"""Forecasts: what customers, groups and the whole base will buy, with intervals of the outcome itself."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..fitted_purchases import FittedPurchases
from ..ground.errors import InputError
from ..ground.intervals import check_draws, check_quantiles
from ..ground.rows import FloatArray, IntArray
from ..ground.summary import ID, CustomerSummary
from ..ground.units import Horizon, parse_horizons
from ..spend import FittedSpend
from .calibration import Calibration, clock_for, discrepancy_for
from .decomposition import Measured, decompose
from .expectations import Expectations, expectations, expected_amounts
from .futures import Futures, Measure, Path
from .reduction import Grouping, Reduced, columns_of, groupings_of, quantiles_of, reduce_futures

OUTCOME_LEVELS = (0.05, 0.5, 0.95)
"""Default quantiles of outcomes: a 90 % interval and its middle."""


@dataclass(frozen=True, eq=False, repr=False)
class Outlook:
    """Predictive tables: `customers`, `total`, and `by` group. Every interval is one of the outcome.

    Attributes
    ----------
    customers : DataFrame
        One row a customer and horizon, customers in the order of the summary within each horizon: customer_id,
        horizon, p_alive, p_active, and for each quantity its mean (exact) and quantiles. Empty if not asked for.
    total : DataFrame
        One row a horizon; p_alive and p_active are the shares of customers expected alive and active.
    groups : mapping of str to DataFrame
        By attribute: one row a group and horizon.
    draws : mapping of str to array (horizons, draws)
        Draws of the total by quantity, horizons as in `horizons`.
    decomposition : DataFrame
        What the band of each total is made of: one row a quantity, horizon and part ("parameters", "chance",
        "the model's past error") with its share of the variance and the relative width of a 90 % band of it alone.
    calibration : str
        What the intervals hold, in a sentence.
    horizons : tuple of Horizon
    unit : str
    until : Timestamp or None
    """

    customers: pd.DataFrame
    total: pd.DataFrame
    groups: Mapping[str, pd.DataFrame]
    draws: Mapping[str, FloatArray]
    decomposition: pd.DataFrame
    calibration: str
    horizons: tuple[Horizon, ...]
    unit: str
    until: pd.Timestamp | None

    def by(self, attribute: str) -> pd.DataFrame:
        """One row a group and horizon, with the columns of `total`.

        Raises
        ------
        InputError
            No grouping by this attribute was made.
        """
        if attribute not in self.groups:
            have = ", ".join(self.groups) or "none"
            raise InputError(
                f"by: no groups by {attribute!r} (there are: {have}). The summary needs it as an attribute "
                f'(lw.summarise(…, attributes=["{attribute}"])), with few enough values.'
            )
        return self.groups[attribute].copy()

    def __repr__(self) -> str:
        horizons = ", ".join(horizon.label for horizon in self.horizons)
        return f"<{type(self).__name__} of {horizons}>\n{self.total.to_string(index=False)}\n{self.calibration}"

    def _repr_html_(self) -> str:
        table: str = self.total.to_html(index=False, border=0, float_format="{:,.2f}".format)
        return f"{table}<p>{html.escape(self.calibration)}</p>"


class Forecast(Outlook):
    """A forecast of purchases and spend; see `Outlook`."""


def forecast(
    purchases: FittedPurchases,
    spend: FittedSpend | None,
    summary: CustomerSummary,
    horizon: str | Sequence[str],
    *,
    draws: int = 1000,
    seed: int = 0,
    quantiles: tuple[float, ...] = OUTCOME_LEVELS,
    groups: str | list[str] | tuple[str, ...] | None = None,
    per_customer: bool = True,
    calibration: Calibration = None,
) -> Forecast:
    """Forecast purchases and spend of every customer, of groups and of the whole base.

    Means are exact; intervals come from simulated futures, `draws` of each customer, all horizons on one path
    (`futures`). They hold doubt about the parameters, chance, and the model's own error, which moves all customers
    together (`discrepancy`).

    Parameters
    ----------
    purchases : FittedPurchases
    spend : FittedSpend or None
        None: purchases alone.
    summary : CustomerSummary
    horizon : str or list of str
        "26W", "12M", "365D", a date; several at once cost little more.
    draws, seed : int
    quantiles : tuple of float
    groups : str or list of str, optional
        Attributes of the summary to sum by; None: all that have few enough values.
    per_customer : bool
        False leaves `customers` empty: totals and groups alone, in less time and memory.
    calibration : Scorecard, "textbook" or None
        Where the model's own error is known from: a scorecard of the same log (`lw.backtest`). None: a default error
        of some 10 %, or none for a model at fixed parameters. "textbook": none, the model is taken to be right.

    Raises
    ------
    InputError
        A horizon that is malformed or has no end, a unit that does not fit, an unknown group, bad draws, a scorecard
        that does not know the model.
    """
    check_fitted(purchases, spend)
    summary = purchases.checked(summary)
    asked = parse_horizons(horizon, purchases.unit, summary.until, purchases.calendar)
    if not all(np.isfinite(h.length) for h in asked):
        raise InputError('horizon: a forecast needs an end such as "26W" or "12M"; got None.')
    levels, draws = check_quantiles(quantiles), check_draws(draws)
    lengths, order = ascending(asked)
    groupings = groupings_of(summary, groups)
    discrepancy, said = discrepancy_for(purchases, calibration)
    clock = clock_for(purchases, summary, discrepancy, lengths, draws, seed)

    names: tuple[Measure, ...] = ("purchases",) if spend is None else ("purchases", "spend")
    futures = Futures(purchases, spend, summary, lengths, 0.0, draws, seed, clock=clock, measures=names)

    def outcomes(path: Path) -> dict[str, FloatArray]:
        return {name: path.measures[name] for name in names}

    reduced = reduce_futures(futures, outcomes, names, levels, groupings, per_customer, "Simulating futures")
    exact = expectations(purchases, summary, lengths, 0.0, draws, clock)
    one = np.ones(len(summary))
    measured = {"purchases": Measured(None, None, one)}
    if spend is not None:
        measured["spend"] = Measured(one, expected_amounts(spend, summary, draws), 0.0 * one)
    tables = tabulate(summary, asked, order, levels, exact, measured, reduced, groupings, per_customer)
    parts = decompose(futures, exact, measured, reduced.total, asked, order)
    return Forecast(*tables, parts, said, asked, purchases.unit, summary.until)


def check_fitted(purchases: FittedPurchases, spend: FittedSpend | None, need_spend: bool = False) -> None:
    """Check that both models are there, fitted, and in their places.

    Raises
    ------
    InputError
        One is not fitted, missing, or in the place of the other.
    """
    if not isinstance(purchases, FittedPurchases):
        raise InputError(
            f"purchases: expected a fitted transaction model, such as BetaGeoModel().fit(summary); got {purchases!r}."
        )
    if not (isinstance(spend, FittedSpend) or (spend is None and not need_spend)):
        raise InputError(
            f"spend: expected a fitted spend model, such as GammaGammaModel().fit(summary); got {spend!r}."
        )


def ascending(horizons: tuple[Horizon, ...]) -> tuple[FloatArray, IntArray]:
    """Lengths by the calendar in ascending order, and for each horizon asked for its place among them."""
    lengths = np.array([h.calendar_length for h in horizons])
    order = np.argsort(lengths, kind="stable")
    return lengths[order], np.argsort(order, kind="stable")


def tabulate(
    summary: CustomerSummary,
    horizons: tuple[Horizon, ...],
    order: IntArray,
    levels: tuple[float, ...],
    exact: Expectations,
    measured: Mapping[str, Measured],
    reduced: Reduced,
    groupings: Mapping[str, Grouping],
    per_customer: bool,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, pd.DataFrame], dict[str, FloatArray]]:
    """Customers, total, groups and draws of the total, horizons in the order asked for."""
    means = {name: quantity.mean(exact) for name, quantity in measured.items()}
    customers, total = [], []
    groups: dict[str, list[pd.DataFrame]] = {by: [] for by in groupings}
    for horizon, h in zip(horizons, order, strict=True):
        if per_customer:
            columns = {"p_alive": exact.alive, "p_active": exact.active[h]}
            for name, mean in means.items():
                columns |= columns_of(name, mean[h], reduced.quantiles[name][h], levels)
            frame = pd.DataFrame({ID: summary.frame[ID].array, "horizon": horizon.label} | columns)
            customers.append(frame)
        total.append(_sums(horizon, h, levels, exact, means, reduced.total, None))
        for by, grouping in groupings.items():
            groups[by].append(_sums(horizon, h, levels, exact, means, reduced.groups[by], grouping))
    return (
        pd.concat(customers, ignore_index=True) if per_customer else pd.DataFrame(),
        pd.concat(total, ignore_index=True),
        {by: pd.concat(frames, ignore_index=True) for by, frames in groups.items()},
        {name: draws[order] for name, draws in reduced.total.items()},
    )


def _sums(
    horizon: Horizon,
    h: int,
    levels: tuple[float, ...],
    exact: Expectations,
    means: Mapping[str, FloatArray],
    draws: Mapping[str, FloatArray],
    grouping: Grouping | None,
) -> pd.DataFrame:
    """One row, or one a group: sums of means and quantiles of summed draws."""
    codes = np.zeros(len(exact.alive), dtype=np.int64) if grouping is None else grouping.codes
    size = np.bincount(codes)
    columns = {
        "p_alive": np.bincount(codes, exact.alive) / size,
        "p_active": np.bincount(codes, exact.active[h]) / size,
    }
    for name, mean in means.items():
        values = draws[name][h] if grouping is not None else draws[name][h][None]
        columns |= columns_of(name, np.bincount(codes, mean[h]), quantiles_of(values, levels), levels)
    labels = {} if grouping is None else {grouping.labels.name: grouping.labels}
    return pd.DataFrame(labels | {"horizon": horizon.label} | columns)
