"""The observed repeat curve: the log's own shares, customers seen for different lengths of time counted rightly."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Final

import ibis
import numpy as np
import pandas as pd
import pytest

from lifeworth.data import load_cdnow
from lifeworth.models import BetaGeoModel
from lifeworth.models.ground.errors import InputError
from lifeworth.models.prediction.curves import repeat_curve
from lifeworth.pipelines.orders.repeat_curve import observed_repeat_curve
from lifeworth.pipelines.reporting.plot_curves import plot_repeat

UNTIL: Final = "1997-09-30"


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    log = load_cdnow(sample=True)
    return log.assign(channel=np.where(log["customer_id"] % 3 == 0, "shop", "search"))


def lives(orders: pd.DataFrame, until: str = UNTIL) -> list[tuple[int, int | None]]:
    """Days each customer was seen for, and days to the second purchase, one customer after another."""
    end, found = pd.Timestamp(until), []
    for _, dates in orders[orders["date"] <= end].groupby("customer_id")["date"]:
        days = sorted(set(dates))
        found.append(((end - days[0]).days, (days[1] - days[0]).days if len(days) > 1 else None))
    return found


def naive(seen: list[tuple[int, int | None]], age: float) -> tuple[float, float]:
    """Share come back by an age, and Greenwood's variance of the others' share, factor by factor."""
    stays, total = 1.0, 0.0
    for day in sorted({second for _, second in seen if second is not None and second <= age}):
        at_risk = sum(1 for end, second in seen if (end if second is None else second) >= day)
        came = sum(1 for _, second in seen if second == day)
        stays *= 1.0 - came / at_risk
        total += came / (at_risk * (at_risk - came))
    return 1.0 - stays, stays**2 * total


def test_the_curve_is_the_product_limit_of_a_loop_over_customers(orders: pd.DataFrame) -> None:
    some = orders[orders["customer_id"] % 7 == 0]
    curve = observed_repeat_curve(some, "39W", until=UNTIL)
    seen = lives(some)
    assert curve["age"].tolist() == [f"{week}W" for week in range(39)]  # nobody has been seen for 39 weeks
    for row in curve.to_dict("records"):
        weeks = int(row["age"].removesuffix("W"))
        share, variance = naive(seen, 7.0 * weeks)
        assert row["mean"] == pytest.approx(share)
        assert row["customers"] == sum(1 for end, _ in seen if end >= 7 * weeks)
        if weeks:
            assert row["q05"] < share < row["q95"]
            assert row["q95"] - row["q05"] == pytest.approx(2.0 * 1.645 * variance**0.5, rel=0.05)
    assert set(curve["kind"]) == {"observed"}


def test_where_all_have_been_seen_for_long_it_is_the_plain_share(orders: pd.DataFrame) -> None:
    curve = observed_repeat_curve(orders, "26W", until=UNTIL).set_index("age")
    seen = lives(orders)
    for weeks in (1, 10, 26):
        share = np.mean([second is not None and second <= 7 * weeks for _, second in seen])
        assert curve.loc[f"{weeks}W", "mean"] == pytest.approx(share)


def test_groups_have_curves_of_their_own(orders: pd.DataFrame) -> None:
    both = observed_repeat_curve(orders, "6M", until=UNTIL, by="channel")
    assert both.columns[0] == "channel"
    for channel, part in orders.groupby("channel"):
        alone = observed_repeat_curve(part, "6M", until=UNTIL)
        found = both[both["channel"] == channel].drop(columns="channel").reset_index(drop=True)
        pd.testing.assert_frame_equal(found, alone)


def test_only_customers_acquired_from_a_day_on_count(orders: pd.DataFrame) -> None:
    late = orders.groupby("customer_id")["date"].transform("min") >= "1997-02-15"
    part = observed_repeat_curve(orders[late], "20W", until=UNTIL)
    pd.testing.assert_frame_equal(observed_repeat_curve(orders, "20W", until=UNTIL, acquired_from="1997-02-15"), part)
    with pytest.raises(InputError, match="no customer was first seen on or after 2001-01-01"):
        observed_repeat_curve(orders, acquired_from="2001-01-01")


def test_the_engine_of_the_log_does_the_work(orders: pd.DataFrame, tmp_path: Path) -> None:
    some = orders[orders["customer_id"] % 7 == 0]
    rows = zip(some["customer_id"].tolist(), some["date"].dt.strftime("%Y-%m-%d"), some["amount"].tolist(), strict=True)
    database = sqlite3.connect(tmp_path / "shop.db")
    database.execute("CREATE TABLE orders (customer_id INTEGER, date DATE, amount REAL)")
    database.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
    database.commit()
    database.close()
    engine = ibis.sqlite.connect(tmp_path / "shop.db")
    try:
        found = observed_repeat_curve(engine.table("orders"), "6M", until=UNTIL)
    finally:
        engine.disconnect()
    pd.testing.assert_frame_equal(found, observed_repeat_curve(some, "6M", until=UNTIL))


def test_refunded_purchases_do_not_count_as_coming_back() -> None:
    ids = np.arange(40)
    first = pd.DataFrame({"customer_id": ids, "date": pd.Timestamp("2024-01-01"), "amount": 10.0})
    again = first.assign(date=pd.Timestamp("2024-01-11")).iloc[:20]
    back = again.assign(amount=-10.0).iloc[:10]  # half of those who came back returned it all
    curve = observed_repeat_curve(pd.concat([first, again, back]), "20D", until="2024-01-31").set_index("age")
    assert curve.loc["9D", "mean"] == 0.0
    assert curve.loc["10D", "mean"] == pytest.approx(0.25)


def test_where_everybody_comes_back_the_curve_ends_at_one() -> None:
    days = ["2024-01-01", "2024-01-05"]
    log = pd.DataFrame({"customer_id": np.repeat(np.arange(12), 2), "date": days * 12, "amount": 1.0})
    curve = observed_repeat_curve(log, "6D", until="2024-02-01")
    assert curve["mean"].tolist() == [0.0] * 4 + [1.0] * 3
    assert np.isfinite(curve[["q05", "q95"]]).all(axis=None)


@pytest.mark.usefixtures("no_window")
def test_it_stands_beside_the_modelled_curve(orders: pd.DataFrame) -> None:
    model: Any = BetaGeoModel.from_parameters(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="W")
    seen, modelled = observed_repeat_curve(orders, "39W", until=UNTIL), repeat_curve(model, "39W")
    both = seen.merge(modelled[modelled["quantity"] == "repeat"], on="age")
    assert (both["mean_x"] - both["mean_y"]).abs().max() < 0.03
    ax = plot_repeat(modelled, seen)
    assert "observed" in [line.get_label() for line in ax.get_lines()]
