"""A shop whose truth is known: orders to learn from, and everything that nobody sees to judge what was learned."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pandas as pd

from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.rows import FloatArray, IntArray
from lifeworth.models.ground.summary import Day
from lifeworth.models.ground.summary_checks import ID
from lifeworth.models.ground.units import DAYS_PER_WEEK
from lifeworth.models.valuation.economics import Economics

from .shop_known import Shop as Shop
from .shop_log import after, categories_of, log_of, preferences_of
from .shop_truth import CATEGORIES, CHANNELS, MODELS, TREATMENTS, ShopModel
from .simulate import checked_size, ordered_days, walk

ECONOMICS: Final = Economics(
    margin=0.35,
    annual_discount_rate=0.12,
    cac={name: channel.cac for name, channel in CHANNELS.items()},
    cac_by="channel",
    cost_per_order={"logistics": 2.4, "packing": 0.6},
    cost_per_year_alive={"crm": 0.8},
    currency="EUR",
)
"""The economics of the shop where none are given."""


def simulate_shop(
    *,
    customers: int = 10_000,
    start: Day = "2023-01-01",
    until: Day = "2024-12-31",
    acquired_until: Day | None = None,
    seed: int = 0,
    model: ShopModel = "bg",
    economics: Economics | None = None,
) -> Shop:
    """Simulate a shop with four channels, three product categories and two treatments, and keep its truth.

    Each customer comes through a channel, with a first order at a moment uniform between `start` and
    `acquired_until`; has a purchase rate, a dropout, a spend level and a taste drawn from the channel's population
    (`lifeworth.data.shop_truth.CHANNELS`); and buys until the cut-off or the end, exactly as `simulate_orders` does.
    Amounts depend on the customer, not on the category.

    Parameters
    ----------
    customers : int
    start, until : date
        First and last day of the log, both inclusive.
    acquired_until : date, optional
        Last day on which customers are acquired; by default `until`.
    seed : int
    model : {"bg", "mbg", "pareto"}
        How customers leave: as in BG/NBD, MBG/NBD or Pareto/NBD.
    economics : Economics, optional
        With one margin for everybody; by default `lifeworth.data.shop.ECONOMICS`.

    Raises
    ------
    InputError
        No customers, days out of order, an unknown model, or economics without one margin or without the CAC of a
        channel.

    Examples
    --------
    >>> shop = simulate_shop(customers=500, seed=1)
    >>> shop.customers["channel"].nunique(), sorted(shop.orders["category"].unique())
    (4, ['beauty', 'clothing', 'home'])
    >>> round(shop.true_new_customer_value("search", "24M"), 2)
    61.68
    """
    first, acquired, last = ordered_days(start, acquired_until, until)
    size = checked_size(customers)
    if model not in MODELS:
        raise InputError(f"model: expected one of {', '.join(MODELS)}; got {model!r}.")
    rng = np.random.default_rng(seed)
    people = _people(rng, size, model)
    arrival = rng.random(size) * ((acquired - first).days + 1) / DAYS_PER_WEEK
    end = ((last - first).days + 1) / DAYS_PER_WEEK
    who, when, left = _lived(rng, people, model, arrival, end)
    shape = people["p"].to_numpy()[who]
    amount = rng.standard_gamma(shape) / shape * people["mean_amount"].to_numpy()[who]
    category = categories_of(rng, preferences_of(people)[who])
    orders = log_of(people[ID].to_numpy(), who, first + after(when), amount, people["channel"].to_numpy(), category)
    begins = np.flatnonzero(np.diff(who, prepend=-1))
    truth = people.drop(columns="p")
    truth.insert(2, "first_category", category[begins])
    truth.insert(3, "acquired", first + after(arrival))
    truth.insert(4, "left", (first + after(np.where(np.isfinite(left), left, 0.0))).where(np.isfinite(left)))
    truth.insert(5, "alive", ~np.isfinite(left))
    for treatment in TREATMENTS.values():
        truth[treatment.name] = truth[treatment.by].map(dict(treatment.effects)).astype(float)
    return Shop(orders, truth, _channels(model), economics or ECONOMICS, last, model, TREATMENTS)


def _people(rng: np.random.Generator, size: int, model: ShopModel) -> pd.DataFrame:
    """Channel and hidden state of every customer; p is the shape of the amounts."""
    names, channels = list(CHANNELS), list(CHANNELS.values())
    code = rng.choice(len(channels), size, p=[channel.share for channel in channels])

    def own(letters: Iterable[tuple[float, ...]]) -> FloatArray:
        """Parameters of each customer's channel, array (parameters, customers)."""
        return np.array(list(letters))[code].T

    r, alpha = own(channel.rate for channel in channels)
    a, b = own(channel.dropout for channel in channels)
    s, beta = own(channel.leaving for channel in channels)
    p, q, v = own(channel.amounts for channel in channels)
    taste = rng.standard_gamma(own(channel.preference for channel in channels))
    at_purchases = model != "pareto"
    return pd.DataFrame(
        {
            ID: np.arange(1, size + 1),
            "channel": np.array(names, dtype=object)[code],
            "purchase_rate": rng.standard_gamma(r) / alpha,
            "dropout": rng.beta(a, b) if at_purchases else 0.0,
            "leaving_rate": 0.0 if at_purchases else rng.standard_gamma(s) / beta,
            "mean_amount": p * v / rng.standard_gamma(q),
            "p": p,
        }
        | {f"prefers_{name}": share for name, share in zip(CATEGORIES, taste / taste.sum(axis=0), strict=True)}
    )


def _lived(
    rng: np.random.Generator, people: pd.DataFrame, model: ShopModel, arrival: FloatArray, end: float
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Customer and moment of every order, and the moment at which each customer left, in weeks since the start."""
    rate, dropout, leaving = (people[name].to_numpy(float) for name in ("purchase_rate", "dropout", "leaving_rate"))
    with np.errstate(divide="ignore"):
        lifetime = rng.standard_exponential(len(people)) / leaving
    if model == "mbg":  # a coin is tossed after the first order as well
        rate = np.where(rng.random(len(people)) < dropout, 0.0, rate)
    return walk(rng, rate, dropout, lifetime, arrival, end)


def _channels(model: ShopModel) -> pd.DataFrame:
    """The truth by channel, as a frame."""
    rows = []
    for name, channel in CHANNELS.items():
        leaving = ("s", "beta") if model == "pareto" else ("a", "b")
        last = channel.leaving if model == "pareto" else channel.dropout
        row: dict[str, Any] = {"channel": name, "share": channel.share}
        row |= dict(zip(("r", "alpha", *leaving, "p", "q", "v"), (*channel.rate, *last, *channel.amounts), strict=True))
        rows.append(row | {"mean_amount": channel.mean_amount, "cac": channel.cac})
    return pd.DataFrame(rows)
