"""From an order log to the RFM summary: what counts, from what sources, and what is said about the rest."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import sqlite3
import warnings
from collections import defaultdict
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifeworth.data.cdnow import load_cdnow
from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.summary import CustomerSummary
from lifeworth.models.ground.units import DAYS_PER_UNIT
from lifeworth.pipelines.orders.left_truncation import left_truncation
from lifeworth.pipelines.orders.order_table import quiet, run
from lifeworth.pipelines.orders.purchase_days import observed, purchase_days, purchases_by_day
from lifeworth.pipelines.orders.summarise import summarise

UNTIL = "1997-09-30"


def log(*rows: tuple[object, ...]) -> pd.DataFrame:
    """Write an order log as (customer, date, amount) rows."""
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    frame["date"] = pd.to_datetime(frame["date"], format="ISO8601")
    return frame


def by_hand(orders: pd.DataFrame, until: str) -> pd.DataFrame:
    """Summarise in days with loops: the rules of the docstring of `summarise`, written a second time."""
    days: dict[object, dict[pd.Timestamp, list[float]]] = defaultdict(lambda: defaultdict(list))
    for customer, date, amount in orders[["customer_id", "date", "amount"]].itertuples(index=False):
        if not pd.isna(customer) and date.normalize() <= pd.Timestamp(until) and math.isfinite(amount):
            days[customer][date.normalize()].append(amount)
    rows = []
    for customer in sorted(days):
        nets = {day: math.fsum(amounts) for day, amounts in sorted(days[customer].items())}
        bought = [day for day in nets if min(days[customer][day]) >= 0 or nets[day] > 1e-9]
        if not bought:
            continue
        spent = sum(nets[day] for day in bought)
        left = spent + sum(nets[day] for day in nets if day not in bought)
        factor = left / spent if spent > 0 and left / spent > 1e-9 else 0.0
        again = [nets[day] for day in bought[1:]]
        rows.append(
            {
                "customer_id": customer,
                "frequency": len(again),
                "recency": float((bought[-1] - bought[0]).days),
                "T": float((pd.Timestamp(until) - bought[0]).days),
                "monetary_value": factor * sum(again) / len(again) if again else 0.0,
                "monetary_value_all": factor * spent / len(bought),
            }
        )
    return pd.DataFrame(rows)


def same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(left, right, rtol=1e-12, atol=1e-9, check_dtype=False)


# --- published facts -------------------------------------------------------------------------------------------


def test_the_cdnow_sample_gives_the_published_counts():
    frame = summarise(load_cdnow(sample=True), until=UNTIL).frame
    assert len(frame) == 2357
    assert (frame["frequency"] > 0).sum() == 946
    assert frame["frequency"].sum() == 2457


def test_the_cdnow_sample_agrees_with_loops_and_with_lifetimes():
    orders = load_cdnow(sample=True)
    frame = summarise(orders, until=UNTIL, unit="D").frame
    same(frame, by_hand(orders, UNTIL))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lifetimes uses what pandas has deprecated
        from lifetimes.utils import summary_data_from_transaction_data

        theirs = summary_data_from_transaction_data(
            orders, "customer_id", "date", "amount", observation_period_end=UNTIL
        ).reset_index()
    same(frame[theirs.columns], theirs)


def test_full_cdnow_gives_the_published_counts_and_distinct_rows():
    summary = summarise(load_cdnow(), until=UNTIL, unit="D")
    frame = summary.frame
    assert len(frame) == 23_570
    assert (frame["frequency"] > 0).sum() == 9_451
    assert len(frame[["frequency", "recency", "T"]].drop_duplicates()) == 8_685
    assert summary.report is not None
    assert summary.report.note("after_until").rows == (load_cdnow()["date"] > UNTIL).sum()
    assert summary.report.note("zero_amount").rows == 73
    assert summary.report.note("duplicate").rows == load_cdnow().duplicated().sum()


def test_the_holdout_of_cdnow_gives_the_published_counts():
    assert observed(load_cdnow(), after=UNTIL)["purchases"].sum() == 19_684
    sample = load_cdnow(sample=True)
    held = observed(sample, after=UNTIL)
    assert held["purchases"].sum() == 1_882
    assert held["customer_id"].tolist() == summarise(sample, until=UNTIL).frame["customer_id"].tolist()
    assert held["spend"].sum() == pytest.approx(sample.loc[sample["date"] > UNTIL, "amount"].sum())


def test_the_same_log_gives_the_same_summary_to_the_last_bit():
    first, second = (summarise(load_cdnow().sample(frac=1.0, random_state=s), until=UNTIL).frame for s in (1, 2))
    assert first.equals(second)


# --- time ------------------------------------------------------------------------------------------------------


def test_orders_of_one_day_are_one_purchase():
    frame = summarise(log((1, "1997-01-01 09:00", 5.0), (1, "1997-01-01 23:59", 7.0)), until=UNTIL).frame
    assert frame.loc[0, ["frequency", "recency", "monetary_value_all"]].tolist() == [0, 0.0, 12.0]


def test_a_clock_time_on_the_last_day_is_not_lost():
    orders = log((1, "1997-01-01", 5.0), (1, "1997-09-30 23:59:59", 7.0), (1, "1997-10-01 00:00", 9.0))
    summary = summarise(orders, until=UNTIL, unit="D")
    assert summary.frame.loc[0, ["frequency", "recency", "T"]].tolist() == [1, 272.0, 272.0]
    assert summary.until == pd.Timestamp(UNTIL)


def test_time_is_never_rounded():
    frame = summarise(log((1, "1997-01-01", 5.0), (1, "1997-01-04", 5.0)), until="1997-01-09", unit="W").frame
    assert frame.loc[0, ["recency", "T"]].tolist() == [3 / 7, 8 / 7]


def test_without_a_cut_off_the_last_day_of_the_log_is_taken_and_said():
    summary = summarise(log((1, "1997-01-01", 5.0), (2, "1997-03-01 12:00", 5.0)))
    assert summary.until == pd.Timestamp("1997-03-01")
    assert any("No cut-off was given: the last day of the log, 1997-03-01" in r for r in remarks(summary))


def test_a_cut_off_long_after_the_last_purchase_is_questioned():
    orders = load_cdnow(sample=True)
    assert any("No purchase in the last 184 days" in r for r in remarks(summarise(orders, until="1998-12-31")))
    assert not any("No purchase in" in r for r in remarks(summarise(orders, until="1998-07-01")))


@pytest.mark.parametrize("zone", ["US/Pacific", "Asia/Tokyo"])
def test_a_time_zone_keeps_the_local_calendar_day(zone: str, tmp_path: Path):
    plain = log((1, "1997-01-01 00:30", 5.0), (1, "1997-01-31 23:30", 5.0))
    aware = plain.assign(date=plain["date"].dt.tz_localize(zone))
    aware.to_parquet(tmp_path / "orders.parquet")
    expected = summarise(plain, until="1997-02-01").frame
    for source in (aware, pl.from_pandas(aware), pa.Table.from_pandas(aware), tmp_path / "orders.parquet"):
        summary = summarise(source, until="1997-02-01")
        same(summary.frame, expected)
        assert any(zone in remark for remark in remarks(summary))


def test_text_dates_with_an_offset_keep_their_own_day():
    orders = pd.DataFrame({"customer_id": [1, 1], "date": ["1997-01-01T00:30:00+02:00", "1997-01-31 23:30"]})
    frame = summarise(orders, amount=None, until="1997-01-31", unit="D").frame
    assert frame.loc[0, ["recency", "T"]].tolist() == [30.0, 30.0]


# --- rows that are no plain purchases ---------------------------------------------------------------------------


def remarks(summary: CustomerSummary) -> tuple[str, ...]:
    assert summary.report is not None
    return summary.report.remarks


def rows(summary: CustomerSummary) -> dict[str, int]:
    assert summary.report is not None
    return {note.kind: note.rows for note in summary.report.notes if note.rows}


WARTS = log(
    (1, "1997-01-01", 10.0),
    (1, "1997-02-01", 20.0),
    (1, "1997-02-01", 20.0),
    (2, "1997-01-05", 0.0),
    (2, "1997-03-05", 30.0),
    (2, "1997-03-06", -10.0),
    (3, "1997-01-07", float("nan")),
    (3, "1997-01-08", float("inf")),
    (None, "1997-01-09", 5.0),
    (4, None, 5.0),
    (5, "1997-02-09", -5.0),
    (6, "1997-12-09", 5.0),
)


def test_every_row_is_either_used_or_set_aside_for_one_reason():
    summary = summarise(WARTS, until=UNTIL)
    report = summary.report
    assert report is not None
    assert (report.rows_in, report.rows_used, report.rows_set_aside) == (12, 6, 6)
    assert (report.customers, report.purchases) == (2, 4)
    assert rows(summary) == {
        "missing_id": 1, "missing_date": 1, "missing_amount": 2, "after_until": 1,
        "refund": 2, "zero_amount": 1, "duplicate": 1, "refund_only": 1,
    }  # fmt: skip
    assert report.note("missing_id").amount == 5.0
    assert report.note("refund").amount == -15.0
    assert report.note("missing_amount").share == pytest.approx(2 / 12)
    assert report.note("missing_amount").examples[0]["customer_id"] == 3
    assert report.note("duplicate").examples[0]["copies"] == 2


def test_defaults_agree_with_loops_on_a_log_with_every_wart():
    dated = WARTS.dropna(subset=["date"])
    frame = summarise(WARTS, until=UNTIL, unit="D").frame
    same(frame, by_hand(dated, UNTIL))
    assert frame.loc[frame["customer_id"] == 2, "monetary_value_all"].item() == pytest.approx(10.0)


POLICIES = {
    "refunds": ("refund", "amount", "drop"),
    "zero": ("zero_amount", "amount", "drop"),
    "duplicates": ("duplicate", "all columns", "drop"),
    "missing_amount": ("missing_amount", "amount", "drop"),
    "missing_date": ("missing_date", "date", "drop"),
    "missing_id": ("missing_id", "customer_id", "drop"),
}


@pytest.mark.parametrize("policy", POLICIES)
def test_error_refuses_such_rows_naming_column_count_example_and_remedy(policy: str):
    kind, column, remedy = POLICIES[policy]
    count = rows(summarise(WARTS, until=UNTIL))[kind]
    with pytest.raises(
        InputError, match=rf'{policy}="error".*{count} row.*column {column}.*date = .*{remedy}'
    ) as raised:
        summarise(WARTS, until=UNTIL, **{policy: "error"})  # type: ignore[arg-type]
    assert "customer_id = " in str(raised.value)
    clean = log((1, "1997-01-01", 10.0))
    assert len(summarise(clean, until=UNTIL, **{policy: "error"})) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", ["refunds", "zero", "duplicates"])
def test_drop_sets_such_rows_aside(policy: str):
    summary = summarise(WARTS, until=UNTIL, unit="D", **{policy: "drop"})  # type: ignore[arg-type]
    without = {
        "refunds": WARTS[~(WARTS["amount"] < 0)],
        "zero": WARTS[WARTS["amount"] != 0],
        "duplicates": WARTS.drop_duplicates(),
    }[policy]
    same(summary.frame, by_hand(without.dropna(subset=["date"]), UNTIL))
    assert summary.report is not None
    assert summary.report.note(POLICIES[policy][0]).set_aside
    assert summary.report.rows_in == 12


def test_a_day_that_refunds_take_whole_is_no_purchase_even_with_rounding_noise():
    orders = log((1, "1997-01-01", 0.1), (1, "1997-01-01", 0.2), (1, "1997-01-01", -0.3), (1, "1997-02-01", 8.0))
    assert summarise(orders, until=UNTIL).frame["frequency"].tolist() == [0]


def test_a_later_refund_reduces_the_spend_of_the_customer_in_proportion():
    orders = log((1, "1997-01-01", 10.0), (1, "1997-01-11", 30.0), (1, "1997-01-21", -10.0))
    frame = summarise(orders, until=UNTIL, unit="D").frame
    assert frame.loc[0, ["frequency", "recency"]].tolist() == [1, 10.0]
    assert frame.loc[0, ["monetary_value", "monetary_value_all"]].tolist() == [22.5, 15.0]


def test_a_customer_whose_refunds_take_everything_keeps_the_dates_and_has_an_unknown_spend():
    orders = log((1, "1997-01-01", 10.0), (1, "1997-01-11", 30.0), (1, "1997-01-21", -50.0), (2, "1997-01-01", 1.0))
    summary = summarise(orders, until=UNTIL, unit="D")
    assert summary.frame.iloc[0, 1:].tolist() == [1, 10.0, 272.0, 0.0, 0.0]
    assert summary.spend_columns(first_purchase=True)[0].tolist() == [0, 1]
    assert summary.report is not None
    assert "Of 1 customer it takes all" in summary.report.note("refund").text


def test_a_customer_with_refunds_only_is_set_aside_and_counted():
    summary = summarise(log((1, "1997-01-01", -10.0), (2, "1997-01-01", 1.0)), until=UNTIL)
    assert summary.frame["customer_id"].tolist() == [2]
    assert rows(summary)["refund_only"] == 1


def test_ids_that_only_say_that_there_is_none_are_missing():
    orders = log(
        ("a", "1997-01-01", 1.0), ("", "1997-01-01", 1.0), (" ", "1997-01-01", 1.0), ("None", "1997-01-01", 1.0)
    )
    summary = summarise(orders, until=UNTIL)
    assert summary.frame["customer_id"].tolist() == ["a"]
    assert rows(summary)["missing_id"] == 3


def test_dates_that_systems_write_for_unknown_are_missing():
    orders = pd.DataFrame(
        {"customer_id": [1, 2, 3], "date": ["0001-01-01", "9999-12-31", "1997-01-01"], "amount": [1.0, 1.0, 1.0]}
    )
    summary = summarise(orders)
    assert summary.until == pd.Timestamp("1997-01-01")
    assert rows(summary)["missing_date"] == 2


def test_a_log_without_amounts_has_no_monetary_columns():
    summary = summarise(WARTS.drop(columns="amount"), amount=None, until=UNTIL)
    assert list(summary.frame.columns) == ["customer_id", "frequency", "recency", "T"]
    assert summary.frame["customer_id"].tolist() == [1, 2, 3, 5]


# --- attributes and acquisition ---------------------------------------------------------------------------------


def test_attributes_are_those_of_the_first_purchase():
    orders = log(
        (1, "1997-01-05", 5.0), (1, "1997-01-01 10:00", 5.0), (1, "1997-01-01 09:00", 5.0), (2, "1997-01-01", 1.0)
    )
    orders["channel"] = ["shop", "web", "app", None]
    summary = summarise(orders, until=UNTIL, attributes=["channel"])
    assert summary.attributes == ("channel",)
    assert summary.frame["channel"].isna().tolist() == [False, True]
    assert summary.frame.loc[0, "channel"] == "app"
    assert any("Attribute 'channel' is null for 1 customer" in remark for remark in remarks(summary))


def test_a_refund_before_the_first_purchase_does_not_lend_its_attribute():
    orders = log((1, "1997-01-01", -5.0), (1, "1997-01-05", 9.0)).assign(channel=["returns desk", "web"])
    assert summarise(orders, until=UNTIL, attributes="channel").frame["channel"].tolist() == ["web"]


def test_an_attribute_may_have_any_other_name():
    names = ["net", "lines", "purchase", "first", "last", "spent", "refunds", "purchases", "day", "count"]
    orders = log((1, "1997-01-05", 5.0)).assign(**{name: [name] for name in names})
    summary = summarise(orders, until=UNTIL, attributes=names)
    assert summary.frame[names].iloc[0].tolist() == names


def test_attributes_may_not_be_named_like_columns_of_the_summary():
    with pytest.raises(InputError, match=r"attributes: expected each column once.*Rename"):
        summarise(WARTS.assign(T=1), until=UNTIL, attributes=["T"])


def test_acquired_from_keeps_customers_first_seen_from_that_day_on():
    orders = load_cdnow(sample=True)
    summary = summarise(orders, until=UNTIL, acquired_from="1997-02-01")
    first = orders.groupby("customer_id")["date"].min()
    assert summary.frame["customer_id"].tolist() == first[first >= "1997-02-01"].index.tolist()
    assert summary.report is not None
    note = summary.report.note("acquired_before")
    assert note.set_aside
    early = orders["customer_id"].isin(first[first < "1997-02-01"].index) & (orders["date"] <= UNTIL)
    assert note.rows == early.sum()
    held = observed(orders, after=UNTIL, acquired_from="1997-02-01")
    assert held["customer_id"].tolist() == summary.frame["customer_id"].tolist()


@pytest.mark.parametrize("sample", [True, False])
def test_cdnow_is_a_cohort_and_not_left_truncated(sample: bool):
    for zero in ("keep", "drop"):
        summary = summarise(load_cdnow(sample=sample), zero=zero)  # type: ignore[arg-type]
        assert not any("Left truncation" in remark for remark in remarks(summary))


def test_a_log_that_begins_in_mid_relationship_is_recognised_and_acquired_from_remedies_it():
    rng = np.random.default_rng(5)
    born = rng.uniform(-1000, 365, 6000)  # the business is older than the log
    visits = born[:, None] + np.cumsum(rng.exponential(40.0, (6000, 60)), axis=1)
    alive = visits - born[:, None] < rng.exponential(300.0, 6000)[:, None]
    who, nth = np.nonzero(alive & (visits >= 0) & (visits < 365))
    dates = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.floor(visits[who, nth]), unit="D")
    orders = pd.DataFrame({"customer_id": who, "date": dates})
    said = [remark for remark in remarks(summarise(orders, amount=None)) if "Left truncation" in remark]
    assert len(said) == 1
    day = said[0].split('acquired_from="')[1][:10]
    assert not any("Left" in r for r in remarks(summarise(orders, amount=None, acquired_from=day)))


def test_too_little_evidence_is_no_left_truncation():
    few = np.array([0] * 29 + list(range(30, 300, 10)), dtype=np.int64)
    assert left_truncation(few, np.array([20.0])) is None
    burst = np.array([0] * 500 + list(range(28)) * 3, dtype=np.int64)  # a cohort that joined at once
    assert left_truncation(burst, np.array([20.0])) is None
    steady = np.arange(3000, dtype=np.int64) % 365
    assert left_truncation(steady, np.array([20.0])) is None
    mass = np.concatenate([steady, np.arange(1000, dtype=np.int64) % 20])
    assert left_truncation(mass, np.array([20.0, 60.0, 60.0])) == 60


# --- sources ----------------------------------------------------------------------------------------------------


def test_every_kind_of_source_gives_the_same_summary(tmp_path: Path):
    orders = load_cdnow(sample=True)
    expected = summarise(orders, until=UNTIL).frame
    arrow = pa.Table.from_pandas(orders)
    engine = ibis.duckdb.connect()
    engine.con.register("orders", arrow)
    orders.to_csv(tmp_path / "orders.csv", index=False)
    orders.to_parquet(tmp_path / "orders.parquet")
    orders.iloc[:3000].to_csv(tmp_path / "part-1.csv", index=False)
    orders.iloc[3000:, ::-1].to_csv(tmp_path / "part-2.csv", index=False)  # columns in another order
    orders.iloc[:3000].to_parquet(tmp_path / "part-1.pq")
    orders.iloc[3000:].to_parquet(tmp_path / "part-2.pq")
    with quiet():
        sources = {
            "polars": pl.from_pandas(orders),
            "lazy polars": pl.from_pandas(orders).lazy(),
            "arrow": arrow,
            "csv": str(tmp_path / "orders.csv"),
            "parquet": tmp_path / "orders.parquet",
            "csv glob": str(tmp_path / "part-*.csv"),
            "parquet glob": str(tmp_path / "part-*.pq"),
            "ibis": engine.table("orders"),
            "ibis polars": ibis.polars.connect().create_table("orders", arrow),
        }
    for name, source in sources.items():
        pd.testing.assert_frame_equal(summarise(source, until=UNTIL).frame, expected, obj=name)


def test_another_engine_than_duckdb_gives_the_same_summary(tmp_path: Path):
    orders = WARTS.assign(channel=[*"abcdefghijkl"], date=WARTS["date"].dt.strftime("%Y-%m-%d"))
    rows = orders.astype(object).where(orders.notna(), None).itertuples(index=False)
    database = sqlite3.connect(tmp_path / "shop.db")
    database.execute("CREATE TABLE orders (customer_id INTEGER, date DATE, amount REAL, channel TEXT)")
    database.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
    database.commit()
    database.close()
    engine = ibis.sqlite.connect(tmp_path / "shop.db")
    try:
        summary = summarise(engine.table("orders"), until=UNTIL, attributes=["channel"])
        held = observed(engine.table("orders"), after="1997-02-15", until=UNTIL)
    finally:
        engine.disconnect()
    expected = summarise(orders, until=UNTIL, attributes=["channel"])
    same(summary.frame, expected.frame)
    assert summary.report is not None
    assert expected.report is not None
    assert summary.report.frame["rows"].tolist() == expected.report.frame["rows"].tolist()
    same(held, observed(orders, after="1997-02-15", until=UNTIL))


def test_ids_keep_their_type():
    orders = log((2, "1997-01-01", 1.0), (10, "1997-01-01", 1.0))
    assert summarise(orders, until=UNTIL).frame["customer_id"].tolist() == [2, 10]
    text = orders.assign(customer_id=["x-2", "x-10"])
    assert summarise(text, until=UNTIL).frame["customer_id"].tolist() == ["x-10", "x-2"]
    wide = orders.assign(customer_id=[decimal.Decimal(2**60 + 1), decimal.Decimal(5)])
    assert summarise(wide, until=UNTIL).frame["customer_id"].tolist() == [5, 2**60 + 1]
    gaps = orders.assign(customer_id=[2.0, float("nan")])
    summary = summarise(gaps, until=UNTIL)
    assert summary.frame["customer_id"].dtype == np.int64
    assert any("returned as int64" in remark for remark in remarks(summary))


def test_ids_of_a_csv_file_keep_their_zeros_and_plain_numbers_become_ints(tmp_path: Path):
    path = tmp_path / "orders.csv"
    path.write_text("customer_id,date,amount\n0017,1997-01-01,1\n8,1997-01-02,2\n", encoding="utf-8")
    assert summarise(path, until=UNTIL).frame["customer_id"].tolist() == ["0017", "8"]
    path.write_text("customer_id,date,amount\n17.0,1997-01-01,1\n8.0,1997-01-02,2\n,1997-01-02,2\n", encoding="utf-8")
    summary = summarise(path, until=UNTIL)
    assert summary.frame["customer_id"].tolist() == [8, 17]
    assert rows(summary) == {"missing_id": 1}


def test_mixed_objects_in_a_column_that_is_not_needed_do_no_harm():
    orders = log((1, "1997-01-01", 1.0), (2, "1997-01-01", 1.0)).assign(note=[1, {"a": []}], empty=None)
    assert len(summarise(orders, until=UNTIL)) == 2


IN_VAIN: dict[str, tuple[object, str]] = {
    "unknown column": (WARTS.rename(columns={"date": "order_date"}), "no column 'date'.*mean 'order_date'.*columns"),
    "numbers for dates": (WARTS.assign(date=19970101), r"column 'date' holds int64.*pd\.to_datetime"),
    "dates as digits": (WARTS.assign(date="19970101"), "no purchase.*missing date.*date = 19970101.*1997-09-30"),
    "money with signs": (WARTS.assign(amount="$1"), r"no purchase is left.*amount = \$1.*plain numbers"),
    "truth for money": (WARTS.assign(amount=True), "column 'amount' holds boolean"),
    "mixed ids": (WARTS.assign(customer_id=[1, "a"] * 6), r"'customer_id' mixes types.*astype\(str\)"),
    "fractions for ids": (WARTS.assign(customer_id=0.5), "Is it the id column"),
    "a column twice": (pd.concat([WARTS, WARTS[["date"]]], axis=1), "one column 'date', got several"),
    "no rows": (WARTS.iloc[:0], "the log is empty"),
    "refunds only": (WARTS.assign(amount=-1.0), "no customer is left of .* have only refunds"),
    "a list": ([1, 2], "expected a pandas or polars DataFrame.*got list"),
    "no file": ("nowhere/*.csv", "no file at 'nowhere"),
    "no table": (Path(__file__), r"files that all end in \.parquet"),
    "no engine": (ibis.table({"customer_id": "int64", "date": "date", "amount": "float64"}), "belongs to an engine"),
}  # fmt: skip


@pytest.mark.parametrize(("orders", "message"), IN_VAIN.values(), ids=IN_VAIN.keys())
def test_a_log_that_cannot_be_meant_is_refused_with_the_remedy(orders: object, message: str):
    with pytest.raises(InputError, match=f"(?s){message}"):
        summarise(orders)  # type: ignore[arg-type]


def test_a_broken_parquet_file_is_an_input_error(tmp_path: Path):
    path = tmp_path / "orders.parquet"
    path.write_bytes(b"no parquet")
    with pytest.raises(InputError, match="could not read"):
        summarise(path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"refunds": "nett"}, 'refunds: expected one of "net", "drop", "error"; got \'nett\''),
        ({"missing_id": "keep"}, 'missing_id: expected one of "drop", "error"'),
        ({"unit": "fortnight"}, "unit: expected one of"),
        ({"until": 19970930}, "until: expected a date"),
        ({"until": "1990-01-01"}, "no purchase is left.*begins after until=1990-01-01"),
        ({"acquired_from": "1999-01-01"}, "first seen before acquired_from=1999-01-01"),
        ({"attributes": ["chanel"]}, "no column 'chanel'"),
    ],
)
def test_an_impossible_argument_is_refused_with_the_choices(arguments: dict[str, object], message: str):
    with pytest.raises(InputError, match=message):
        summarise(WARTS, **arguments)  # type: ignore[arg-type]


# --- what holdouts and plots count ------------------------------------------------------------------------------


def test_the_holdout_counts_purchases_after_the_cut_off_of_everybody_seen_before():
    held = observed(WARTS, after="1997-02-15", until=UNTIL)
    assert held.to_dict("list") == {"customer_id": [1, 2], "purchases": [0, 1], "spend": [0.0, 20.0]}
    without = observed(WARTS.drop(columns="amount"), amount=None, after="1997-02-15", until=UNTIL)
    assert list(without.columns) == ["customer_id", "purchases"]
    with pytest.raises(InputError, match="after: expected a day before the last of the holdout, 1997-09-30"):
        observed(WARTS, after=UNTIL, until=UNTIL)


def test_a_refund_in_the_holdout_never_makes_spend_negative():
    orders = log((1, "1997-01-01", 10.0), (1, "1997-03-01", -10.0), (1, "1997-04-01", 4.0))
    assert observed(orders, after="1997-02-01")["spend"].tolist() == [0.0]
    assert observed(orders, after="1997-02-01", refunds="drop")["spend"].tolist() == [4.0]


def test_purchase_days_are_the_purchases_of_the_summary():
    orders = load_cdnow(sample=True)
    days = run(purchase_days(orders, until=UNTIL)).to_pandas()
    merged = orders[orders["date"] <= UNTIL].groupby(["customer_id", "date"], as_index=False)["amount"].sum()
    days = days.sort_values(["customer_id", "day"], ignore_index=True)
    assert days["customer_id"].tolist() == merged["customer_id"].tolist()
    assert (pd.to_datetime(days["day"]) == merged["date"]).all()
    assert days["amount"].to_numpy() == pytest.approx(merged["amount"].to_numpy())
    assert list(run(purchase_days(orders, amount=None)).column_names) == ["customer_id", "day"]


def test_purchases_by_day_have_a_row_for_every_day_and_add_up():
    orders = load_cdnow(sample=True)
    days = purchases_by_day(orders)
    assert days["day"].tolist() == pd.date_range("1997-01-01", "1998-06-30").tolist()
    assert days["first_purchases"].sum() == 2357
    in_calibration = days["day"] <= UNTIL
    assert days.loc[in_calibration, "repeat_purchases"].sum() == 2457
    assert days.loc[~in_calibration, "repeat_purchases"].sum() == 1882
    assert days["amount"].sum() == pytest.approx(orders["amount"].sum())
    assert (days["repeat_amount"] <= days["amount"]).all()
    early = purchases_by_day(orders, acquired_until="1997-01-31", amount=None)
    assert early["first_purchases"].sum() == summarise(orders, until="1997-01-31").report.customers  # type: ignore[union-attr]
    assert list(early.columns) == ["day", "repeat_purchases", "first_purchases"]
    with pytest.raises(InputError, match="no customer was first seen between 1999-01-01 and None"):
        purchases_by_day(orders, acquired_from="1999-01-01")


# --- properties -------------------------------------------------------------------------------------------------

CENTS = st.integers(-3_000, 9_000)
ORDERS = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 40), CENTS), min_size=1, max_size=60)
PROPERTY = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def random_log(rows: list[tuple[int, int, int]]) -> pd.DataFrame:
    """Make a log of random orders, and one plain one so that somebody is left."""
    start = dt.date(2024, 1, 1)
    made = [(customer, str(start + dt.timedelta(days=day)), cents / 100) for customer, day, cents in rows]
    return log(*made, (99, "2024-01-03", 5.0))


@PROPERTY
@given(ORDERS, st.randoms(use_true_random=False))
def test_any_log_agrees_with_loops_and_the_order_of_rows_does_not_matter(rows, random):
    orders = random_log(rows)
    frame = summarise(orders, until="2024-01-31", unit="D").frame
    same(frame, by_hand(orders, "2024-01-31"))
    order = list(range(len(orders)))
    random.shuffle(order)
    assert summarise(orders.iloc[order], until="2024-01-31", unit="D").frame.equals(frame)


@PROPERTY
@given(ORDERS, st.integers(0, 86_399))
def test_clock_times_do_not_matter(rows, second):
    orders = random_log(rows)
    clocked = orders.assign(date=orders["date"] + pd.to_timedelta((second * np.arange(len(orders))) % 86_400, unit="s"))
    assert summarise(clocked, until="2024-01-31").frame.equals(summarise(orders, until="2024-01-31").frame)


@PROPERTY
@given(ORDERS, st.integers(0, 60))
def test_splitting_an_order_into_two_of_the_same_day_does_not_matter(rows, which):
    orders = random_log(rows)
    which %= len(orders)
    half = np.trunc(orders.loc[which, "amount"] * 50) / 100
    rest = round(orders.loc[which, "amount"] - half, 2)
    split = pd.concat([orders, orders.loc[[which]].assign(amount=rest)], ignore_index=True)
    split.loc[which, "amount"] = half
    same(summarise(split, until="2024-02-29").frame, summarise(orders, until="2024-02-29").frame)


@settings(PROPERTY, max_examples=2)
@given(ORDERS)
def test_units_are_exact_multiples(rows):
    orders = random_log(rows)
    days = summarise(orders, until="2024-02-29", unit="D").frame
    for unit, length in DAYS_PER_UNIT.items():
        frame = summarise(orders, until="2024-02-29", unit=unit).frame
        assert (frame["recency"] == days["recency"] / length).all()
        assert (frame["T"] == days["T"] / length).all()
        assert frame.drop(columns=["recency", "T"]).equals(days.drop(columns=["recency", "T"]))
