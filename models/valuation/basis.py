"""What was valued, with what and how: everything that a decision needs to ask one more question of the same futures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from ..fitted_purchases import FittedPurchases
from ..ground.errors import InputError
from ..ground.rows import FloatArray, IntArray
from ..ground.summary import CustomerSummary
from ..ground.threads import map_threads
from ..ground.units import DAYS_PER_UNIT, LAST_DISCOUNT, continuous_rate
from ..prediction.calibration import clock_for
from ..prediction.clock import QUARTER, Clock
from ..prediction.decomposition import Measured
from ..prediction.discrepancy import Discrepancy
from ..prediction.expectations import Expectations, expectations, expected_amounts
from ..prediction.futures import Futures, Path
from ..prediction.lasting import LastingWeights, lasting
from ..prediction.reduction import Grouping, Reduced, reduce_futures
from ..spend import FittedSpend
from .economics import Economics
from .terms import Terms, terms_of

VALUE = "value"
"""Name of the one quantity of a valuation: discounted contribution."""
KEPT_BYTES: Final = 420_000_000
"""Outcomes that a basis keeps at most: those of 50,000 customers in 1,000 draws. More are simulated anew."""


@dataclass(frozen=True, eq=False)
class Basis:
    """Models, customers, economics and the recipe of the futures they were valued with.

    The same basis gives the same futures again, draw by draw: draw s has the same parameters, clock and margin
    wherever it is asked for.

    Attributes
    ----------
    purchases : FittedPurchases
    spend : FittedSpend
    summary : CustomerSummary
    economics : Economics
    discrepancy : Discrepancy or None
        The model's own error that intervals hold.
    draws, seed : int
    """

    purchases: FittedPurchases
    spend: FittedSpend
    summary: CustomerSummary
    economics: Economics
    discrepancy: Discrepancy | None
    draws: int
    seed: int

    @property
    def rate(self) -> float:
        """Continuous discount rate per unit of time of the model."""
        return continuous_rate(self.economics.annual_discount_rate, self.purchases.unit)

    @cached_property
    def terms(self) -> Terms:
        """The economics told for each customer."""
        return terms_of(self.economics, self.summary, self.draws, self.seed)

    def of(self, summary: CustomerSummary) -> Basis:
        """The same question about other customers."""
        return replace(self, summary=summary)

    def ends(self, lengths: FloatArray) -> FloatArray:
        """Lengths by the calendar; those without an end cut where discounting has left nothing.

        Raises
        ------
        InputError
            No discounting, no end.
        """
        if self.rate > 0.0:
            return np.minimum(lengths, LAST_DISCOUNT / self.rate)
        if not np.isfinite(lengths).all():
            raise InputError(
                "horizon: without discounting, value for ever may be infinite; give an end such as '60M', or an "
                "annual_discount_rate above 0."
            )
        return lengths

    def clock(self, ends: FloatArray) -> Clock | None:
        """The clock of futures until the last of `ends`; None where time runs as the calendar's in every draw."""
        return clock_for(self.purchases, self.summary, self.discrepancy, ends, self.draws, self.seed)

    def plain_clock(self, last: float, draws: int) -> Clock:
        """The calendar's own time."""
        return Clock.plain(last, draws, QUARTER / DAYS_PER_UNIT[self.purchases.unit])

    def futures(self, ends: FloatArray) -> Futures:
        """Futures of the customers until each of `ends`, ascending, by the calendar in the unit of the model.

        Their paths keep what a contribution is made of.
        """
        return Futures(
            self.purchases, self.spend, self.summary, ends, self.rate, self.draws, self.seed, clock=self.clock(ends),
            measures=self.terms.measures,
        )  # fmt: skip

    def reduced(
        self,
        futures: Futures,
        levels: tuple[float, ...],
        groupings: Mapping[str, Grouping],
        per_customer: bool,
        keep: int | None = None,
    ) -> Reduced:
        """Quantiles of customers, draws of the total and of groups; see `reduce_futures`.

        Outcomes at the horizon in the place `keep` are kept as `of_outcomes` would, where they may be.
        """

        def outcomes(path: Path) -> dict[str, FloatArray]:
            return {VALUE: self.terms.contribution(path)}

        kept = None if keep is None or not self._may_keep else (VALUE, keep)
        return reduce_futures(futures, outcomes, (VALUE,), levels, groupings, per_customer, "Valuing futures", kept)

    def of_outcomes[R](
        self, lengths: FloatArray, place: int, reduce: Callable[[IntArray, FloatArray], R], description: str
    ) -> Iterator[R]:
        """What `reduce` makes of the outcomes of a few customers at a time, in a fixed order; on all cores.

        Their contribution within ``lengths[place]``, array (customers, draws), on the futures of the valuation at these
        ascending `lengths`, draw by draw; simulated once and kept for the next question, where `KEPT_BYTES` allow.
        """
        asked = lengths.tobytes(), place
        if asked in self._simulated:
            return map_threads(lambda block: reduce(*block), self._simulated[asked], description)

        def outcomes(path: Path) -> tuple[IntArray, FloatArray]:
            return path.customers, self.terms.contribution(path)[place].copy()

        futures = self.futures(self.ends(lengths))
        if not self._may_keep:
            return futures.reduced(lambda path: reduce(*outcomes(path)), description)
        self.keep(lengths, place, list(futures.reduced(outcomes, "Simulating futures")))
        return self.of_outcomes(lengths, place, reduce, description)

    def keep(self, lengths: FloatArray, place: int, outcomes: list[tuple[IntArray, FloatArray]]) -> None:
        """Keep what futures brought within ``lengths[place]``, and nothing else of the kind."""
        self.forget()
        self._simulated[lengths.tobytes(), place] = outcomes

    def forget(self) -> None:
        """Let go of outcomes that are kept."""
        self._simulated.clear()

    @property
    def _may_keep(self) -> bool:
        return np.dtype(float).itemsize * len(self.summary) * self.draws <= KEPT_BYTES

    @cached_property
    def _simulated(self) -> dict[tuple[bytes, int], list[tuple[IntArray, FloatArray]]]:
        return {}

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_simulated"}

    def exact(self, lengths: FloatArray, *, activity: bool = True) -> Expectations:
        """Exact means of purchases, and of the time alive where it costs something, for ascending `lengths`.

        Without `activity` probabilities of some purchase may be left out.

        What was asked first, as by the valuation itself, is kept: every decision asks it again.
        """
        asked = lengths.tobytes()
        if asked in self._kept:
            return self._kept[asked]
        ends = self.ends(lengths)
        clock = self.clock(ends)
        found = expectations(self.purchases, self.summary, lengths, self.rate, self.draws, clock, activity=activity)
        if self.terms.per_time:
            weights = LastingWeights.of(clock or self.plain_clock(float(ends[-1]), 1), ends, self.rate)
            found = replace(found, lasting=lasting(self.purchases, self.summary, weights, self.draws))
        if activity and not self._kept:
            self._kept[asked] = found
        return found

    def undiscounted(self, lengths: FloatArray, found: Expectations) -> Expectations:
        """The same means without discounting; `found` is what `exact` gave for these finite lengths.

        Under a clock both are weighted sums of the same expectations at fixed times.
        """
        clock = self.clock(lengths)
        if clock is None or found.under is None:
            return replace(self, economics=replace(self.economics, annual_discount_rate=0.0)).exact(lengths)
        weights, of_row = clock.weights(lengths, 0.0), found.under.inverse
        lasts = found.lasting
        if lasts is not None:
            lasts = replace(lasts, weights=LastingWeights.of(clock, lengths, 0.0))
        return replace(
            found,
            purchases=(weights.mean_purchases @ found.under.purchases)[:, of_row],
            paid=(weights.mean_spend @ found.under.purchases)[:, of_row],
            lasting=lasts,
        )

    @cached_property
    def _kept(self) -> dict[bytes, Expectations]:
        return {}

    @cached_property
    def amounts(self) -> FloatArray:
        """Expected amount of each customer's next purchase, array (customers,)."""
        return expected_amounts(self.spend, self.summary, self.draws)

    @property
    def measured(self) -> Measured:
        """Contribution as a sum over purchases and time, for exact means."""
        return self.terms.measured(self.amounts)

    def means(self, lengths: FloatArray) -> FloatArray:
        """Expected value of each customer, exactly, array (horizons, customers), for ascending `lengths`."""
        return self.measured.mean(self.exact(lengths, activity=False))
