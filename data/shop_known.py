"""What is known of a simulated shop: its orders, its truth, and what would come of treating its customers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.rows import FloatArray, IntArray
from lifeworth.models.ground.summary import Day, as_day
from lifeworth.models.ground.summary_checks import ID
from lifeworth.models.ground.units import parse_horizon
from lifeworth.models.valuation.economics import Economics

from .shop_experiment import Experiment, run_experiment
from .shop_future import UNIT, Lives, Money, live_on
from .shop_log import after, categories_of, log_of, preferences_of
from .shop_truth import CHANNELS, MODELS, ShopModel, Treatment, newcomer, time_alive
from .simulate import DAY

RETURNS: Final = 1
"""Stream of random numbers of who comes back, beside that of what customers do anyway."""


@dataclass(frozen=True, eq=False, repr=False)
class Shop:
    """Orders of a shop, and its truth.

    Attributes
    ----------
    orders : DataFrame
        customer_id (int64), date (datetime64, with clock time), amount (float64), channel (one a customer), category
        (one an order), in order of time.
    customers : DataFrame
        The truth, one row a customer: customer_id, channel, first_category (of the first order), acquired and left
        (moments of the first order and of leaving; left is missing while alive), alive (at the cut-off),
        purchase_rate (per week while alive), dropout (probability of leaving at a purchase), leaving_rate (per week,
        where customers leave by the clock), mean_amount (the customer's own), prefers_clothing, prefers_home,
        prefers_beauty (shares of the customer's orders), and a column for each treatment with its true effect on the
        customer.
    channels : DataFrame
        The truth, one row a channel: channel, share (of customers acquired), the parameters of its population, in
        weeks (r, alpha and a, b or s, beta of purchases; p, q, v of amounts), mean_amount, cac.
    economics : Economics
        Of all values here; ``dataclasses.replace(shop, economics=…)`` tells the truth of others.
    until : Timestamp
        The cut-off, the last day of the log.
    model : {"bg", "mbg", "pareto"}
    treatments : mapping of str to Treatment
        What could be done to customers, with its true effects.
    """

    orders: pd.DataFrame
    customers: pd.DataFrame
    channels: pd.DataFrame
    economics: Economics
    until: pd.Timestamp
    model: ShopModel
    treatments: Mapping[str, Treatment]

    def __post_init__(self) -> None:
        """Check the economics."""
        Money.of(self.economics)
        for channel in self.channels["channel"]:
            self._cac(channel)

    def at(self, day: Day) -> Shop:
        """The shop at an earlier cut-off, with what was true then: who had been acquired, and who was alive.

        Raises
        ------
        InputError
            A day after the cut-off, or before anybody was acquired.
        """
        last = as_day(day, "day")
        end = last + DAY
        customers = self.customers[self.customers["acquired"] < end].reset_index(drop=True)
        if last > self.until or customers.empty:
            first = self.customers["acquired"].min().date()
            raise InputError(f"day: expected one from {first} to {self.until.date()}, got {last.date()}.")
        left = customers["left"].where(customers["left"] < end)
        orders = self.orders[self.orders["date"] < end].reset_index(drop=True)
        return replace(self, orders=orders, customers=customers.assign(left=left, alive=left.isna()), until=last)

    # ---- what is true on average ---------------------------------------------------------------------

    def true_value(self, horizon: str | None) -> pd.DataFrame:
        r"""Residual value of each customer, expected given the true hidden state.

        With rate :math:`\lambda`, rate of leaving :math:`\mu` (:math:`\lambda p` in BG/NBD) and own mean amount z it
        is :math:`[(m z - c)\lambda - k]\,(1 - e^{-(\mu+\delta)h})/(\mu+\delta)` for who is alive, and 0 for the others.

        Parameters
        ----------
        horizon : str or None
            "12M", "52W", a date after the cut-off; None for ever.

        Returns
        -------
        DataFrame
            customer_id, value, and value_if_alive: what it would be if the customer were alive.

        Raises
        ------
        InputError
            No horizon, or no end without discounting.
        """
        money, length = Money.of(self.economics), self._length(horizon)
        rate, amount = (self.customers[name].to_numpy(dtype=float) for name in ("purchase_rate", "mean_amount"))
        alive = time_alive(self._leaving(), money.discount, length)
        if_alive = money.contribution(amount, rate * alive, alive)
        value = np.where(self.customers["alive"], if_alive, 0.0)
        return pd.DataFrame({ID: self.customers[ID], "value": value, "value_if_alive": if_alive})

    def new_customer_value(self, horizon: str | None) -> pd.DataFrame:
        """What a new customer of each channel is worth on average, over the channel's true population.

        Parameters
        ----------
        horizon : str or None
            Counts from the first order; months and years as if that were at the cut-off.

        Returns
        -------
        DataFrame
            channel, first_order (contribution of the first order), residual_value, new_customer_value, cac,
            acquisition_npv.

        Raises
        ------
        InputError
            As `true_value`.
        """
        money, length = Money.of(self.economics), self._length(horizon)
        rows = []
        for label in self.channels["channel"]:
            channel = CHANNELS[label]
            first = money.margin * channel.mean_amount - money.per_order
            ahead, alive = newcomer(channel, self.model, money.discount, length)
            residual = first * ahead - money.per_week * alive
            rows.append(
                (label, first, residual, first + residual, self._cac(label), first + residual - self._cac(label))
            )
        columns = ["channel", "first_order", "residual_value", "new_customer_value", "cac", "acquisition_npv"]
        return pd.DataFrame(rows, columns=columns)

    def true_new_customer_value(self, channel: str, horizon: str | None) -> float:
        """True mean value of a new customer of one channel, before CAC; see `new_customer_value`.

        Raises
        ------
        InputError
            The shop has no such channel.
        """
        known = self.new_customer_value(horizon).set_index("channel")["new_customer_value"]
        if channel not in known.index:
            raise InputError(f"channel: expected one of {', '.join(known.index)}; got {channel!r}.")
        return float(known[channel])

    def true_gain(self, treatment: str, horizon: str | None) -> pd.DataFrame:
        """What treating each customer truly brings on average, given the true hidden state.

        Returns
        -------
        DataFrame
            customer_id, gain (incremental discounted contribution), cost (of treating), profit (gain minus cost).

        Raises
        ------
        InputError
            An unknown treatment; as `true_value`.
        """
        done = self._treatment(treatment)
        value, effect = self.true_value(horizon), self.customers[done.name].to_numpy(dtype=float)
        if done.kind == "return":
            gain = np.where(self.customers["alive"], 0.0, effect * value["value_if_alive"])
        else:
            gain = effect * value["value"].to_numpy()
        return _gains(self.customers[ID], gain, done)

    # ---- what happens --------------------------------------------------------------------------------

    def future(self, horizon: str, seed: int = 0) -> pd.DataFrame:
        """Orders of the customers after the cut-off, from their true states: one of the ways it could go on.

        Returns
        -------
        DataFrame
            As `orders`; customers acquired after the cut-off are not in it.

        Raises
        ------
        InputError
            No horizon, or one without an end.
        """
        lives, rng = self._lives(horizon, seed)
        customers = self.customers
        date = self.until + DAY + after(lives.when)
        category = categories_of(rng, preferences_of(customers)[lives.who])
        return log_of(
            customers[ID].to_numpy(), lives.who, date, lives.amount, customers["channel"].to_numpy(), category
        )

    def realised_value(self, horizon: str, seed: int = 0) -> pd.DataFrame:
        """What the customers really leave in the future of the same horizon and seed.

        Returns
        -------
        DataFrame
            customer_id, purchases, spend, value (discounted contribution).

        Raises
        ------
        InputError
            As `future`.
        """
        return self._lives(horizon, seed)[0].frame(Money.of(self.economics), self.customers[ID])

    def outcome_of_treating(
        self, treatment: str, customer_ids: Iterable[Any], horizon: str, seed: int = 0
    ) -> pd.DataFrame:
        """What treating these customers really brings, beyond what they do anyway (`realised_value` of the seed).

        Returns
        -------
        DataFrame
            customer_id (in the order given), returned (came back because of it), purchases (more of them), gain, cost,
            profit; their means over many seeds are those of `true_gain`.

        Raises
        ------
        InputError
            An unknown treatment or customer, or a customer named twice; as `future`.
        """
        done, at = self._treatment(treatment), self._places(customer_ids)
        treated = np.zeros(len(self.customers), dtype=bool)
        treated[at] = True
        effect, money = self.customers[done.name].to_numpy(dtype=float), Money.of(self.economics)
        rng = np.random.default_rng([seed, RETURNS])
        back = treated & ~self.customers["alive"].to_numpy() & (rng.random(len(effect)) < effect)
        if done.kind == "return":
            lives = live_on(self.customers, self._shape(), back, self._length(horizon, endless=False), rng)
            gain, more = lives.value(money), np.bincount(lives.who, minlength=len(effect))
        else:
            lives, _ = self._lives(horizon, seed)
            back, more = np.zeros_like(back), np.zeros(len(effect), dtype=np.int64)
            gain = effect * lives.value(money)
        found = _gains(self.customers[ID].iloc[at], gain[at], done)
        found.insert(1, "returned", back[at])
        found.insert(2, "purchases", more[at])
        return found

    def experiment(
        self, treatment: str, customer_ids: Iterable[Any] | None = None, horizon: str = "6M", seed: int = 0
    ) -> Experiment:
        """An A/B test: half of the customers, by lot, are treated, and all are watched over the horizon.

        Parameters
        ----------
        treatment : str
        customer_ids : iterable, optional
            Who takes part; by default everybody.
        horizon : str
            How long they are watched.
        seed : int

        Raises
        ------
        InputError
            As `outcome_of_treating`; also for fewer than two customers.
        """
        everybody = self.customers[ID] if customer_ids is None else customer_ids
        return run_experiment(self, self._treatment(treatment), self._places(everybody), horizon, seed)

    # ---- within --------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        """Headline and channels."""
        alive = self.customers["alive"].mean()
        headline = (
            f"Shop of {MODELS[self.model]}: {len(self.customers):,} customers, {len(self.orders):,} orders until "
            f"{self.until:%Y-%m-%d}; {alive:.0%} truly alive"
        )
        return f"{headline}\n{self.channels.to_string(index=False)}"

    def _leaving(self) -> FloatArray:
        """Rate at which each customer leaves while alive, per week."""
        frame = self.customers
        leaving = frame["purchase_rate"] * frame["dropout"] + frame["leaving_rate"]
        return leaving.to_numpy(dtype=float)

    def _shape(self) -> FloatArray:
        shape = self.channels.set_index("channel")["p"]
        return shape.reindex(self.customers["channel"]).to_numpy(dtype=float)

    def _cac(self, channel: str) -> float:
        try:
            return self.economics.cac_of(channel)
        except KeyError:
            raise InputError(f"economics: no CAC for the channel {channel!r}; add what is missing.") from None

    def _treatment(self, name: str) -> Treatment:
        if name not in self.treatments:
            raise InputError(f"treatment: expected one of {', '.join(self.treatments)}; got {name!r}.")
        return self.treatments[name]

    def _places(self, customer_ids: Iterable[Any]) -> IntArray:
        asked = pd.Index(list(customer_ids))
        at = pd.Index(self.customers[ID]).get_indexer(asked)
        if (at < 0).any() or asked.has_duplicates:
            wrong = asked[(at < 0) | asked.duplicated()][:5].tolist()
            raise InputError(f"customer_ids: expected customers of the shop, each once; got {wrong}.")
        return np.asarray(at, dtype=np.int64)

    def _length(self, horizon: str | None, endless: bool = True) -> float:
        length = parse_horizon(horizon, UNIT, self.until).length
        if np.isinf(length) and not (endless and self.economics.annual_discount_rate > 0.0):
            raise InputError(
                "horizon: expected an end, such as '24M': "
                + ("without discounting value may be infinite." if endless else "what happens is simulated up to it.")
            )
        return length

    def _lives(self, horizon: str, seed: int) -> tuple[Lives, np.random.Generator]:
        rng = np.random.default_rng(seed)
        there = self.customers["alive"].to_numpy(dtype=bool)
        return live_on(self.customers, self._shape(), there, self._length(horizon, endless=False), rng), rng


def _gains(ids: pd.Series, gain: FloatArray, treatment: Treatment) -> pd.DataFrame:
    return pd.DataFrame({ID: ids.to_numpy(), "gain": gain, "cost": treatment.cost, "profit": gain - treatment.cost})
