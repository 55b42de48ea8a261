"""Gates of the days of a log: how fresh it is, orders of days to come, days without any."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import pandas as pd

from ..record.record import GateResult
from .judge import Finding, days, percent
from .night import Night

AROUND: Final = 28
"""Days before and after a gap that tell how many orders it should have had: four weeks."""
UNLIKELY: Final = 1e-4
"""Probability of a gap that is not put down to chance, over the whole log."""


def age(night: Night) -> GateResult:
    """Days from the last order to the day the run speaks of."""
    known = night.facts.days.loc[: night.as_of]
    known = known[known > 0]
    if known.empty:
        told = f"No order is dated up to {night.as_of:%Y-%m-%d}: the log begins {night.facts.days.index[0]:%Y-%m-%d}"
        return night.judge(Finding("max_age_days", math.inf, told, "Is as_of the day you mean?"), days)
    last = known.index[-1]
    measured = float((night.as_of - last).days)
    told = f"The last order is of {last:%Y-%m-%d}, {days(measured)} before {night.as_of:%Y-%m-%d}"
    if night.last is not None and last <= night.facts.split and measured > 0.0:
        told += ", and none has come since the last run"
    remedy = "Does the export still run, is it whole, and are its dates right?"
    return night.judge(Finding("max_age_days", measured, told, remedy), days)


def future(night: Night) -> GateResult:
    """Orders dated after today."""
    ahead = night.facts.dated(after=night.today)
    share = ahead / night.facts.orders
    told = f"{ahead:,} orders ({percent(share)}) are dated after {night.today:%Y-%m-%d}"
    if ahead:
        told += f", the last of them {night.facts.days.index[-1]:%Y-%m-%d}"
    remedy = "Were dates shifted, or day and month swapped?"
    return night.judge(Finding("max_future", share, told, remedy), lambda bar: f"{100 * bar:g} %")


def gap(night: Night) -> GateResult:
    """The longest span without an order that chance does not explain; of those after the last run, if there is one."""
    begin = None if night.last is None else night.facts.split
    found = [one for one in gaps(night.facts.days.loc[: night.as_of]) if one.surprising]
    found = [one for one in found if begin is None or one.end > begin]
    longest = max(found, key=lambda one: one.days, default=None)
    where = "" if begin is None else f" since {begin:%Y-%m-%d}"
    if longest is None:
        told = f"No span without an order{where} is longer than chance makes it"
        return night.judge(Finding("max_gap_days", 0.0, told), days)
    told = (
        f"There is not one order from {longest.begin:%Y-%m-%d} to {longest.end:%Y-%m-%d}, {days(longest.days)}, where "
        f"{longest.expected:,.0f} were to be expected"
    )
    remedy = "Was the shop closed, or is a part of the export missing?"
    return night.judge(Finding("max_gap_days", float(longest.days), told, remedy), days)


@dataclass(frozen=True)
class Gap:
    """Days without an order, first and last; how many orders the days around let expect; and whether that is odd."""

    begin: pd.Timestamp
    end: pd.Timestamp
    days: int
    expected: float
    surprising: bool


def gaps(orders: pd.Series[int]) -> Iterator[Gap]:
    """The gaps of a log."""
    places = [place for place, count in enumerate(orders.to_numpy()) if count > 0]
    unlikely = math.log(len(orders) / UNLIKELY) if len(orders) else 0.0
    for before, after in pairwise(places):
        length = after - before - 1
        if length == 0:
            continue
        around = pd.concat([orders.iloc[max(before + 1 - AROUND, 0) : before + 1], orders.iloc[after : after + AROUND]])
        expected = float(around.mean()) * length
        yield Gap(orders.index[before + 1], orders.index[after - 1], length, expected, expected > unlikely)
