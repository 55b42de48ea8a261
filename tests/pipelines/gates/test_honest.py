"""Honest nights are not held: a month more of orders, campaigns, Christmas, late orders, refunds of old ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.pipelines.gates.data import data_gates
from lifeworth.pipelines.gates.data_past import GATES
from lifeworth.pipelines.gates.judge import cause
from lifeworth.pipelines.record.record import LastRun
from lifeworth.pipelines.settings.settings import GateSettings

LAST: Final = pd.Timestamp("1998-04-30")
TONIGHT: Final = pd.Timestamp("1998-05-31")
DAY: Final = pd.Timedelta(days=1)


def raised(results: Any) -> list[tuple[str, str]]:
    return [(result.gate, result.outcome) for result in results if result.outcome in ("warned", "held")]


def test_a_month_more_of_orders_raises_nothing_and_every_gate_of_the_data_answers(
    desk: Any, log: pd.DataFrame, last: LastRun
) -> None:
    results = desk.night(log, last)
    assert raised(results) == []
    assert cause(results) is None
    of_models = {"suited", "diagnostics", "max_worse_than_baseline", "max_worse_than_champion", "min_coverage"}
    later = of_models | {"min_customer_coverage", "max_parameter_drift", "max_unexplained_change", "max_since_miss"}
    assert {result.gate for result in results} == set(GateSettings.model_fields) - later


def test_a_first_night_asks_what_the_log_alone_can_answer(desk: Any, log: pd.DataFrame) -> None:
    results = desk.night(log, None)
    assert {result.gate for result in results if result.outcome == "not asked"} == set(GATES)
    assert raised(results) == []


def test_a_day_more_is_judged_as_a_day(desk: Any, log: pd.DataFrame) -> None:
    yesterday = TONIGHT - 2 * DAY
    before = desk.published(log[log["date"] <= yesterday], yesterday)
    results = desk.night(log[log["date"] <= yesterday + DAY], before, as_of=yesterday + DAY)
    assert "held" not in {result.outcome for result in results}


def test_a_run_of_the_past_leaves_out_later_orders_without_alarm(desk: Any, log: pd.DataFrame, said: Any) -> None:
    whole = desk.published(log, LAST)
    settings = desk.settings()
    results = data_gates(desk.snapshot(log, settings), settings, TONIGHT, whole, today=TONIGHT)
    assert raised(results) == []
    first = data_gates(desk.snapshot(log, settings), settings, LAST, None)  # today by the clock
    assert said(first, "max_future").outcome == "passed"


def test_going_back_behind_the_published_run_is_held(desk: Any, log: pd.DataFrame, last: LastRun, held: Any) -> None:
    found = held(desk.night(log, last, as_of=LAST - DAY))
    assert found.gate == "going_back"
    assert "Publish runs of the past into a folder of their own (--out)" in found.message


def test_columns_that_nobody_reads_may_come_and_go_with_a_warning(
    desk: Any, log: pd.DataFrame, last: LastRun, said: Any
) -> None:
    found = said(desk.night(log.assign(shop="north"), last), "schema_change")
    assert found.outcome == "warned"
    assert "new: shop" in found.message
    more = replace(last, schema={**last.schema, "till": "int64", "date": "string"})
    found = said(desk.night(log, more), "schema_change")
    assert found.outcome == "held"
    assert "gone: till; of another type: date (string before, now " in found.message


def test_fewer_orders_than_a_quiet_span_has_make_a_warning(
    desk: Any, log: pd.DataFrame, last: LastRun, said: Any
) -> None:
    few = pd.concat([log[log["date"] <= LAST], log[log["date"] > LAST].tail(10)])
    found = said(desk.night(few, last), "min_new_rows")
    assert found.outcome == "warned"
    assert "10 new orders since 1998-04-30; a quiet span as long has" in found.message


def test_many_more_orders_than_any_span_had_are_held(desk: Any, log: pd.DataFrame, last: LastRun, said: Any) -> None:
    new = log[log["date"] > LAST]
    many = pd.concat([log, *(new.assign(customer_id=new["customer_id"] + 10**6 * k) for k in range(1, 100))])
    assert said(desk.night(many, last), "max_new_rows").outcome == "held"


# ---- simulated shops -----------------------------------------------------------------------------


def sampled(log: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """Further orders like some of the log, of customers drawn from it, at other prices."""
    rng = np.random.default_rng(seed)
    drawn = log.sample(frac=share, random_state=seed, replace=share > 1.0)
    price = (drawn["amount"] * rng.uniform(0.6, 1.3, len(drawn))).round(2)
    return drawn.assign(customer_id=rng.choice(log["customer_id"], len(drawn)), amount=price)


def campaign(log: pd.DataFrame, until: pd.Timestamp, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    new = log[log["date"] >= until + DAY]
    return log[log["date"] < until + DAY], pd.concat([log, sampled(new, 0.4, seed)])


def late(log: pd.DataFrame, until: pd.Timestamp, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    return log[log["date"] < until + DAY].sample(frac=0.997, random_state=seed), log


def refunds(log: pd.DataFrame, until: pd.Timestamp, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    old, new = log[log["date"] < until + DAY], log[log["date"] >= until + DAY]
    back = old.sample(n=len(new) // 15 + 1, random_state=seed)
    dates = np.random.default_rng(seed).choice(new["date"], len(back))
    return old, pd.concat([log, back.assign(amount=-back["amount"], date=dates)])


def half_a_last_day(log: pd.DataFrame, until: pd.Timestamp, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    return log[(log["date"] < until) | ((log["date"] < until + DAY) & (rng.random(len(log)) < 0.2))], log


HONEST: Final[dict[str, Callable[..., tuple[pd.DataFrame, pd.DataFrame]]]] = {
    "campaign": campaign,
    "late orders": late,
    "refunds of old orders": refunds,
    "a last day that was not over": half_a_last_day,
}


@pytest.fixture(scope="module")
def shop() -> pd.DataFrame:
    """Two years of a shop whose December has three times the orders, and larger ones."""
    orders = lw.simulate_shop(customers=1500, start="2022-06-01", until="2024-03-31", seed=4).orders
    orders = orders[["customer_id", "date", "amount"]]
    rush = [orders[orders["date"].between(f"{year}-11-24", f"{year}-12-24")] for year in (2022, 2023)]
    return pd.concat([orders, *(sampled(part, 2.0, 1).assign(amount=lambda x: x["amount"] * 1.3) for part in rush)])


@pytest.mark.parametrize("kind", HONEST)
def test_an_honest_month_is_not_held(kind: str, desk: Any, shop: pd.DataFrame) -> None:
    as_of = pd.Timestamp("2024-03-01")
    before, after = HONEST[kind](shop[shop["date"] < as_of + DAY], as_of - 30 * DAY, 1)
    results = desk.night(after, desk.published(before, as_of - 30 * DAY), as_of=as_of)
    assert raised(results) == []


@pytest.mark.parametrize(
    ("until", "as_of"), [("2023-11-24", "2023-12-24"), ("2022-12-01", "2022-12-08"), ("2023-12-24", "2024-01-23")]
)
def test_christmas_is_not_held(until: str, as_of: str, desk: Any, shop: pd.DataFrame) -> None:
    before, now = pd.Timestamp(until), pd.Timestamp(as_of)
    last = desk.published(shop[shop["date"] < before + DAY], before)
    assert raised(desk.night(shop[shop["date"] < now + DAY], last, as_of=now)) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", HONEST)
@pytest.mark.parametrize("days", [1, 7, 30])
def test_none_of_many_honest_nights_is_held(kind: str, days: int, desk: Any) -> None:
    warned = 0
    for seed in range(10):
        model = lw.BetaGeoModel.from_parameters(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="W")
        log = lw.simulate_orders(model, customers=2000, start="2022-06-01", until="2024-03-31", seed=seed)
        as_of = pd.Timestamp("2024-03-31") - seed * 40 * DAY
        before, after = HONEST[kind](log[log["date"] < as_of + DAY], as_of - days * DAY, seed)
        results = desk.night(after, desk.published(before, as_of - days * DAY), as_of=as_of)
        assert "held" not in {result.outcome for result in results}, results[0]
        warned += bool(raised(results))
    assert warned <= 2
