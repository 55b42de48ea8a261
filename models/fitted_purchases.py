"""Transaction models, fitted: from a posterior to purchases per customer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from . import customer_states as states
from .base import TransactionFormulas
from .fitted import Fitted
from .ground.calendar import Calendar, same_calendar
from .ground.calendar_nodes import discounted_nodes
from .ground.design import Cells
from .ground.errors import InputError
from .ground.intervals import BLOCK_CELLS, DRAWS_FOR_MEANS, INTERVAL, means_and_quantiles
from .ground.rows import DistinctRows, FloatArray, IntArray
from .ground.summary import CustomerSummary, Day, as_day, check_summary
from .ground.threads import map_threads
from .ground.units import DAYS_PER_UNIT, UNIT_NAMES, Horizon, continuous_rate, parse_horizon


@dataclass(frozen=True, eq=False, repr=False)
class FittedPurchases(Fitted[TransactionFormulas]):
    """A transaction model with its posterior: what customers will do, with doubt about the parameters.

    Intervals in the frames of this class are credible intervals of expectations and probabilities. For intervals
    of outcomes use `forecast`.

    Attributes
    ----------
    model : TransactionModel
    posterior : Posterior
    unit : str
        Time unit of the parameters.
    calendar : Calendar or None
        The index of the purchase rate in whose season-adjusted time the model lives: that of its summaries.
    """

    unit: str
    calendar: Calendar | None = None

    def _of(self) -> str:
        return f"in {'' if self.calendar is None else 'season-adjusted '}{UNIT_NAMES[self.unit]}"

    def in_calendar(self, calendar: Calendar | None) -> FittedPurchases:
        """The same parameters, taken to be those of the season-adjusted time of `calendar`.

        For a model at known parameters; a fitted one has the calendar of its summary.

        Raises
        ------
        InputError
            Customers of the model leave on a clock that no season moves (Pareto/NBD).
        """
        self.model.check_calendar(calendar)
        return replace(self, calendar=calendar)

    def log_likelihood(self, summary: CustomerSummary) -> FloatArray:
        """Log likelihood of each customer at the posterior mean parameters, array (customers,)."""
        rows, cells = self.rows(summary)
        values = [
            self.model.log_likelihood(self.theta_at_mean(cells, block.cell[0])[:, None], block.x, block.t_x, block.T)
            for block in rows.blocks(len(rows))
        ]
        return np.concatenate(values)[rows.inverse]

    def probability_alive(self, summary: CustomerSummary, *, quantiles: tuple[float, ...] = INTERVAL) -> pd.DataFrame:
        """Probability that each customer is alive at the cut-off: customer_id, mean and quantiles."""
        return self.per_customer(summary, lambda theta, rows, _: self._alive(theta, rows), quantiles)

    def probability_active(
        self, summary: CustomerSummary, horizon: str, *, quantiles: tuple[float, ...] = INTERVAL
    ) -> pd.DataFrame:
        """Probability of at least one purchase within the horizon: customer_id, mean and quantiles."""
        length = self.finite(horizon, summary).length

        def active(theta: FloatArray, rows: DistinctRows, pairs: Pairs) -> FloatArray:
            none = self.model.none_if_alive(theta[:, :, None], pairs.x, pairs.T, length)
            return self._alive(theta, rows) * (1.0 - none)[:, pairs.of_row]

        return self.per_customer(summary, active, quantiles)

    def expected_purchases(
        self, summary: CustomerSummary, horizon: str, *, quantiles: tuple[float, ...] = INTERVAL
    ) -> pd.DataFrame:
        """Expected purchases within the horizon: customer_id, mean and quantiles (of the expectation)."""
        asked = self.finite(horizon, summary)
        return self._purchases(summary, np.array([asked.length]), np.ones(1), 0.0, quantiles)

    def discounted_expected_purchases(
        self,
        summary: CustomerSummary,
        annual_discount_rate: float,
        horizon: str | None = None,
        *,
        quantiles: tuple[float, ...] = INTERVAL,
    ) -> pd.DataFrame:
        """Expected discounted purchases within the horizon, or for ever (DERT): customer_id, mean and quantiles.

        Parameters
        ----------
        annual_discount_rate : float
            Such as 0.10; compounded continuously at ln(1.10) / 52 a week.
        horizon : str or None
            None: without end (Fader, Hardie & Lee 2005b; formula as `purchases_if_alive`).

        Raises
        ------
        InputError
            No end and no discounting: the sum may be infinite.
        """
        asked = self.horizon(horizon, summary)
        rate = continuous_rate(annual_discount_rate, self.unit)
        if rate == 0.0 and not np.isfinite(asked.length):
            raise InputError(
                "horizon: without discounting the expected number of purchases for ever may be infinite; "
                "give an end such as '60M', or an annual_discount_rate above 0."
            )
        if self.calendar is None:
            return self._purchases(summary, np.array([asked.length]), np.ones(1), rate, quantiles)
        # discounting runs on the calendar, purchases on the clock that it deforms
        day, until = DAYS_PER_UNIT[self.unit], self.checked(summary).until
        assert until is not None  # a summary with a calendar knows its cut-off
        nodes = discounted_nodes(self.calendar, until, asked.calendar_length * day, rate / day)
        return self._purchases(summary, nodes.elapsed / day, nodes.weight, 0.0, quantiles)

    def expected_purchases_new_customer(
        self, horizon: str, *, quantiles: tuple[float, ...] = INTERVAL, acquired: Day | None = None
    ) -> pd.DataFrame:
        """Expected repeat purchases of a customer just acquired: one row with horizon, mean and quantiles.

        With covariates or groups, of the average customer. With a calendar it matters when: `acquired` is the day of
        the first purchase, by default the cut-off of the fit.
        """
        known = self.posterior.attributes.get("until") if acquired is None else acquired
        day = None if known is None or self.calendar is None else as_day(known, "acquired")
        asked = parse_horizon(horizon, self.unit, day, self.calendar)
        if not np.isfinite(asked.length):
            raise InputError('horizon: expected an end such as "52W"; got none.')
        theta = self.theta(self.draws_for_means(1))
        values = self.new_customer_purchases(theta, np.array([asked.length]), 0.0)[0]
        frame = means_and_quantiles(values[:, None], quantiles)
        frame.insert(0, "horizon", asked.label)
        return frame

    def purchase_pmf(self, summary: CustomerSummary, horizon: str, max_purchases: int = 10) -> pd.DataFrame:
        """Probability of 0, 1, …, `max_purchases` purchases within the horizon.

        Returns a frame with customer_id and one column a count, named by the integer; a row sums to 1 minus the
        probability of more than `max_purchases`.
        """
        length = self.finite(horizon, summary).length
        if not (isinstance(max_purchases, (int, np.integer)) and max_purchases >= 0):
            raise InputError(f"max_purchases: expected a whole number of 0 or more, got {max_purchases!r}.")
        counts = range(int(max_purchases) + 1)

        def pmf(theta: FloatArray, rows: DistinctRows, pairs: Pairs) -> FloatArray:
            alive = self._alive(theta, rows)
            ahead = self.model.pmfs_if_alive(theta[:, :, None], pairs.x, pairs.T, length, counts)
            columns = [(alive * of_count[:, pairs.of_row]).mean(axis=0) for of_count in ahead]
            columns[0] += (1.0 - alive).mean(axis=0)
            return np.stack(columns, axis=1)

        rows, cells = self.rows(summary)
        draws = self.draws_for_means(len(cells))
        blocks = self.by_block(rows, cells, pmf, draws, "Probabilities of counts", depth=len(counts))
        frame = pd.DataFrame(np.concatenate(blocks)[rows.inverse], columns=list(counts))
        frame.insert(0, "customer_id", summary.frame["customer_id"].array)
        return frame

    def probability_alive_at(
        self, summary: CustomerSummary, horizon: str, *, quantiles: tuple[float, ...] = INTERVAL
    ) -> pd.DataFrame:
        """Probability that each customer is alive at the end of the horizon: customer_id, mean and quantiles."""
        return states.probability_alive_at(self, summary, horizon, quantiles)

    def remaining_lifetime(
        self, summary: CustomerSummary, horizon: str | None, *, quantiles: tuple[float, ...] = INTERVAL
    ) -> pd.DataFrame:
        """Expected time alive within the horizon, in the model's unit: customer_id, mean and quantiles.

        0 for a customer who is gone. None: without end; refused where that is infinite.
        """
        return states.remaining_lifetime(self, summary, horizon, quantiles)

    def next_purchase(
        self, summary: CustomerSummary, horizon: str, *, quantiles: tuple[float, ...] = states.QUARTILES
    ) -> pd.DataFrame:
        """When each customer buys next: p_within, and predictive quantiles of time and date given that it is so."""
        return states.next_purchase(self, summary, horizon, quantiles)

    def purchase_rate(
        self, summary: CustomerSummary, *, quantiles: tuple[float, ...] = INTERVAL, seed: int = 0
    ) -> pd.DataFrame:
        """Each customer's own purchase rate while alive, per unit of time: customer_id, mean and quantiles."""
        return states.own_rate(self, summary, "rate", quantiles, seed)

    def dropout(
        self, summary: CustomerSummary, *, quantiles: tuple[float, ...] = INTERVAL, seed: int = 0
    ) -> pd.DataFrame:
        """Each customer's own dropout, as in `State`: customer_id, mean and quantiles.

        In BG/NBD and MBG/NBD the probability of leaving after a purchase, in Pareto/NBD the rate per unit of time.
        """
        return states.own_rate(self, summary, "dropout", quantiles, seed)

    def _settings(self) -> dict[str, Any]:
        return {"unit": self.unit} | ({} if self.calendar is None else {"calendar": self.calendar.to_dict()})

    def rows(self, summary: CustomerSummary) -> tuple[DistinctRows, Cells]:
        """The customers of `summary` as distinct rows, checked against the unit of the model, and their cells.

        Raises
        ------
        InputError
            Not a summary, in another unit of time or calendar, or without the covariates of the fit.
        """
        cells = self.cells(self.checked(summary))
        return rows_of(summary, cells), cells

    def checked(self, summary: CustomerSummary) -> CustomerSummary:
        """Check a summary against the unit and the calendar of the model.

        Raises
        ------
        InputError
            Not a summary, in another unit of time, or in another calendar.
        """
        summary = check_summary(summary, self.unit)
        if not same_calendar(self.calendar, summary.calendar):
            raise InputError(_other_calendar(self.calendar, summary.calendar))
        return summary

    def horizon(self, horizon: str | None, summary: CustomerSummary) -> Horizon:
        """Read a horizon after the cut-off of a summary, in the clock of the model.

        Raises
        ------
        InputError
            As `parse_horizon` and `checked`.
        """
        return parse_horizon(horizon, self.unit, self.checked(summary).until, self.calendar)

    def finite(self, horizon: str, summary: CustomerSummary) -> Horizon:
        """Read a horizon that must end.

        Raises
        ------
        InputError
            As `parse_horizon`; also for None.
        """
        asked = self.horizon(horizon, summary)
        if not np.isfinite(asked.length):
            raise InputError('horizon: expected an end such as "26W" or "12M"; got None.')
        return asked

    def new_customer_purchases(self, theta: FloatArray, horizons: FloatArray, discount: float) -> FloatArray:
        """Expected discounted repeat purchases of a customer just acquired, array (horizons, draws)."""
        none, start = np.zeros(1, dtype=np.int64), np.zeros(1)
        alive = self.model.probability_alive(theta[:, :, None], none, start, start)[:, 0]
        return alive * self.model.purchases_if_alive(theta, none, start, horizons, discount)[:, :, 0]

    def new_customers_like(self, cells: Cells, horizons: FloatArray, discount: float) -> FloatArray:
        """Posterior means of discounted repeat purchases of a customer just acquired, array (horizons, cells)."""
        draws = self.draws_for_means(len(cells))
        means = [
            self.new_customer_purchases(self.theta(draws, cells, cell), horizons, discount).mean(axis=1)
            for cell in range(len(cells))
        ]
        return np.stack(means, axis=1)

    def by_block[R](
        self,
        rows: DistinctRows,
        cells: Cells,
        work: Callable[[FloatArray, DistinctRows, Pairs], R],
        draws: int,
        description: str,
        depth: int = 1,
    ) -> list[R]:
        """Results of `work` on blocks of rows, in order, on all cores.

        A block is of one cell; `work` gets the cell's parameters, array (parameters, draws). `depth` arrays of draws
        times rows are in hand at once.
        """
        size = max(1, BLOCK_CELLS // (draws * depth))

        def of_block(block: DistinctRows) -> R:
            return work(self.theta(draws, cells, int(block.cell[0])), block, Pairs(*block.pairs()))

        return list(map_threads(of_block, rows.blocks(size), description))

    def _alive(self, theta: FloatArray, rows: DistinctRows) -> FloatArray:
        return self.model.probability_alive(theta[:, :, None], rows.x, rows.t_x, rows.T)

    def _purchases(
        self,
        summary: CustomerSummary,
        lengths: FloatArray,
        weights: FloatArray,
        rate: float,
        quantiles: tuple[float, ...],
    ) -> pd.DataFrame:
        """Weighted sum of discounted purchases within several lengths of time."""

        def purchases(theta: FloatArray, rows: DistinctRows, pairs: Pairs) -> FloatArray:
            ahead = np.zeros((theta.shape[1], len(pairs.x)))
            for length, weight in zip(lengths, weights, strict=True):
                ahead += weight * self.model.purchases_if_alive(theta, pairs.x, pairs.T, length[None], rate)[0]
            return np.asarray(self._alive(theta, rows) * ahead[:, pairs.of_row])

        return self.per_customer(summary, purchases, quantiles)

    def per_customer(
        self,
        summary: CustomerSummary,
        quantity: Callable[[FloatArray, DistinctRows, Pairs], FloatArray],
        quantiles: tuple[float, ...],
        most: int = DRAWS_FOR_MEANS,
    ) -> pd.DataFrame:
        """Mean and quantiles, over `most` draws or fewer, of what `quantity` gives a block, array (draws, rows).

        A row a customer.
        """
        rows, cells = self.rows(summary)
        blocks = self.by_block(
            rows,
            cells,
            lambda theta, block, pairs: means_and_quantiles(quantity(theta, block, pairs), quantiles),
            self.draws_for_means(len(cells), most),
            "Expectations",
        )
        frame = pd.concat(blocks, ignore_index=True).iloc[rows.inverse].reset_index(drop=True)
        frame.insert(0, "customer_id", summary.frame["customer_id"].array)
        return frame


@dataclass(frozen=True, eq=False)
class Pairs:
    """Distinct (x, T) of a block, arrays (pairs,), and the pair of each row, array (rows,)."""

    x: IntArray
    T: FloatArray
    of_row: IntArray


def _other_calendar(fitted: Calendar | None, given: Calendar | None) -> str:
    said = {False: "no calendar", True: "a calendar"}
    two = (
        "two different calendars"
        if fitted is not None and given is not None
        else f"{said[fitted is not None]} and {said[given is not None]}"
    )
    return (
        f"summary: the model and the summary must share one calendar; they have {two}. Summarise with "
        "calendar=model.calendar, or fit the model on a summary like this one."
    )


def rows_of(summary: CustomerSummary, cells: Cells | None = None) -> DistinctRows:
    """Customers of a summary as distinct rows of their cells."""
    frame = check_summary(summary).frame
    return DistinctRows.collapse(
        frame["frequency"].to_numpy(np.int64),
        frame["recency"].to_numpy(float),
        frame["T"].to_numpy(float),
        None if cells is None else cells.of_customer,
    )
