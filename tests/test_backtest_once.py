"""A backtest reads the log once, and takes from it at every origin what reading it up to there would give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.ground.summary import as_day
from lifeworth.pipelines.backtesting.known import FEWEST_BY_DEFAULT, FUTURES, futures_of
from lifeworth.pipelines.orders import orders as reading
from lifeworth.pipelines.orders.order_log import read_log
from lifeworth.pipelines.orders.order_table import OrderColumns
from lifeworth.pipelines.orders.policies import OrderPolicies
from lifeworth.pipelines.orders.purchase_days import customer_days, with_first_day
from lifeworth.pipelines.orders.summarise import summary_at

if TYPE_CHECKING:
    from pathlib import Path

UNTIL = "1998-06-30"


@pytest.fixture(scope="module")
def warts() -> pd.DataFrame:
    """Orders with refunds on the day and later, rows that are twice there, missing ids, and an attribute."""
    rng, orders = np.random.default_rng(5), lw.load_cdnow(sample=True)
    orders = orders[orders["customer_id"] < orders["customer_id"].quantile(0.2)].reset_index(drop=True)
    refunds = orders[rng.random(len(orders)) < 0.1]
    same_day, later = refunds.assign(amount=-refunds["amount"]), refunds.assign(amount=-0.5 * refunds["amount"])
    later = later.assign(date=pd.to_datetime(later["date"]) + pd.Timedelta(days=40))
    frame = pd.concat([orders, same_day, later, orders[:20]], ignore_index=True)
    frame = frame.assign(date=pd.to_datetime(frame["date"]), customer_id=frame["customer_id"].astype("Int64"))
    frame.loc[rng.random(len(frame)) < 0.01, "customer_id"] = pd.NA
    return frame.assign(channel=rng.choice(["search", "social"], len(frame)))


@pytest.mark.parametrize("duplicates", ["keep", "drop"])
@pytest.mark.parametrize("acquired_from", [None, "1997-02-01"])
@pytest.mark.parametrize("stored", [True, False])
def test_the_days_of_a_log_give_the_summary_of_every_cut_off(
    warts: pd.DataFrame, duplicates: Any, acquired_from: str | None, stored: bool
) -> None:
    policies = OrderPolicies(duplicates=duplicates)
    log = read_log(warts, OrderColumns(attributes=("channel",)), policies, UNTIL)
    days = with_first_day(customer_days(log))
    days = log.source.stored(days, "days") if stored else days
    for until in ("1997-03-15", "1997-09-30", UNTIL):
        start = log.first_day if acquired_from is None else as_day(acquired_from, "acquired_from")
        found = summary_at(log, days, as_day(until, "until"), "W", start, None)
        expected = lw.summarise(
            warts, until=until, attributes=["channel"], duplicates=duplicates, acquired_from=acquired_from
        )
        pd.testing.assert_frame_equal(found.frame, expected.frame)
        assert found.until == expected.until


def test_a_backtest_opens_a_file_once(warts: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, opened = tmp_path / "orders.csv", []
    warts.to_csv(path, index=False)
    plain = reading._from_files
    monkeypatch.setattr(reading, "_from_files", lambda *source: opened.append(source) or plain(*source))
    words: dict[str, Any] = {"models": ["BG/NBD"], "horizons": ["13W"], "origins": 2, "draws": 50, "until": UNTIL}
    of_file, of_frame = lw.backtest(str(path), **words), lw.backtest(warts, **words)
    assert len(opened) == 1
    pd.testing.assert_frame_equal(of_file.scores, of_frame.scores)


def test_of_many_customers_fewer_futures_are_drawn() -> None:
    assert [futures_of(customers) for customers in (1, 1000, 24_000)] == [FUTURES] * 3
    assert futures_of(40_000) == 150
    assert futures_of(10**6) == FEWEST_BY_DEFAULT
