"""A CustomerSummary holds only rows that are possible, and says what is wrong with others."""

from __future__ import annotations

import re
import time
from dataclasses import FrozenInstanceError, replace
from typing import Final

import numpy as np
import pandas as pd
import pytest

from lifeworth.models.ground.data_report import DataNote, DataReport
from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.summary import CustomerSummary, as_day, check_summary

SLOW: Final = 5.0
"""Seconds; it takes a tenth of one."""


def rfm(**changes: object) -> pd.DataFrame:
    columns: dict[str, object] = {
        "customer_id": ["b", "a", "c"],
        "frequency": [2, 0, 1],
        "recency": [3.0, 0.0, 2.0],
        "T": [5.0, 4.0, 2.0],
        "monetary_value": [10.0, 0.0, 4.0],
    }
    return pd.DataFrame(columns | changes)


def summary(**changes: object) -> CustomerSummary:
    return CustomerSummary.from_frame(rfm(**changes), unit="W", until="1997-09-30")


def test_a_table_of_ones_own_is_kept_in_its_order_with_its_unit_and_cut_off():
    made = CustomerSummary.from_frame(rfm().set_index(pd.Index([9, 9, 9])), unit="w", until="1997-09-30 14:00")
    assert made.frame["customer_id"].tolist() == ["b", "a", "c"]
    assert made.frame.index.tolist() == [0, 1, 2]
    assert (made.unit, made.until, made.report) == ("W", pd.Timestamp("1997-09-30"), None)
    assert len(made) == 3


def test_columns_come_in_one_order_and_type_and_others_become_attributes():
    shuffled = rfm(frequency=[2.0, 0.0, 1.0], recency=[3, 0, 2], channel=["x", None, "y"])[
        ["channel", "T", "monetary_value", "recency", "frequency", "customer_id"]
    ]
    made = CustomerSummary.from_frame(shuffled, unit="W")
    order = ["customer_id", "frequency", "recency", "T", "monetary_value", "channel"]
    assert list(made.frame.columns) == order
    assert made.frame["frequency"].dtype == np.int64
    assert made.frame["recency"].dtype == np.float64
    assert made.attributes == ("channel",)


def test_ids_in_an_index_of_that_name_are_taken():
    made = CustomerSummary.from_frame(rfm().set_index("customer_id"), unit="W")
    assert made.frame["customer_id"].tolist() == ["b", "a", "c"]


def test_later_edits_of_the_callers_frame_do_not_reach_the_summary():
    frame = rfm()
    made = CustomerSummary.from_frame(frame, unit="W")
    frame.loc[0, "recency"] = 99.0
    frame["recency"].to_numpy()
    assert made.frame.loc[0, "recency"] == 3.0


IMPOSSIBLE = {
    "recency above T": ("recency", [6.0, 0.0, 2.0], r"recency: expected at most T.*row 0 \(customer b\): 6\. If"),
    "recency without repeats": ("recency", [3.0, 1.0, 2.0], r"recency: expected 0 where.*customer a\): 1\. If yours"),
    "repeats without recency": ("recency", [3.0, 0.0, 0.0], r"recency: expected more.*customer c\).*subtract 1"),
    "fractional count": ("frequency", [1.5, 0, 1], r"frequency: expected whole numbers.*customer b\): 1.5"),
    "negative count": ("frequency", [-1, 0, 1], r"frequency: expected 0 or more.*: -1\."),
    "negative recency": ("recency", [-3.0, 0.0, 2.0], "recency: expected 0 or more"),
    "negative T": ("T", [5.0, -4.0, 2.0], r"T: expected 0 or more.*row 1"),
    "duplicate id": ("customer_id", ["b", "b", "c"], r"customer_id: expected each customer once; not so in 1 of 3"),
    "null id": ("customer_id", ["b", None, "c"], r"customer_id: expected an id in every row.*row 1.*Drop"),
    "NaN": ("T", [5.0, np.nan, 2.0], r"T: expected a finite number.*customer a\): nan"),
    "infinity": ("monetary_value", [np.inf, 0.0, 4.0], "monetary_value: expected a finite.*Use 0 where"),
    "negative amount": ("monetary_value", [10.0, 0.0, -4.0], r"expected 0 \(unknown\) or more.*refunds"),
    "amount without repeats": ("monetary_value", [1.0, 2.0, 4.0], "monetary_value: expected 0.*first_purchase=True"),
    "text": ("T", ["long", "x", "y"], "T: expected numbers, got str"),
}  # fmt: skip


@pytest.mark.parametrize(("column", "values", "message"), IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_an_impossible_row_is_refused_naming_column_row_and_remedy(column: str, values: list[object], message: str):
    with pytest.raises(InputError, match=message):
        summary(**{column: values})


def test_many_bad_rows_are_counted_and_only_the_first_few_named():
    frame = pd.DataFrame({"customer_id": range(100), "frequency": 0, "recency": 1.0, "T": 2.0})
    with pytest.raises(InputError, match=r"not so in 100 of 100 rows.*customer 4\).*and 95 more\.") as raised:
        CustomerSummary.from_frame(frame, unit="W")
    assert "customer 5)" not in str(raised.value)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (rfm().drop(columns="T"), r"missing T, got .*Rename yours with frame\.rename"),
        (rfm().drop(columns="customer_id"), r"missing customer_id.*reset_index\(\)"),
        (rfm().iloc[:0], "expected at least one customer"),
        (pd.concat([rfm(), rfm()[["T"]]], axis=1), "got T more than once"),
        (rfm().to_dict("list"), "expected a pandas DataFrame.*got dict"),
    ],
)
def test_a_frame_that_is_no_rfm_table_is_refused(frame: pd.DataFrame, message: str):
    with pytest.raises(InputError, match=message):
        CustomerSummary.from_frame(frame, unit="W")


def test_rounding_noise_of_recency_is_clipped_and_more_is_not():
    assert summary(recency=[5.0 * (1 + 5e-10), 0.0, 2.0]).frame.loc[0, "recency"] == 5.0
    with pytest.raises(InputError, match="recency"):
        summary(recency=[5.0 * (1 + 2e-9), 0.0, 2.0])


def test_an_unknown_unit_is_refused():
    with pytest.raises(InputError, match="unit: expected one of"):
        CustomerSummary.from_frame(rfm(), unit="fortnight")


@pytest.mark.parametrize("value", [19970930, "soon", None, pd.NaT, 1.5])
def test_a_cut_off_that_is_no_date_is_refused(value: object):
    with pytest.raises(InputError, match='until: expected a date such as "1997-09-30"'):
        as_day(value, "until")  # type: ignore[arg-type]


def test_a_day_loses_its_clock_and_keeps_its_local_date():
    assert as_day(pd.Timestamp("1997-09-30 23:30", tz="US/Pacific"), "until") == pd.Timestamp("1997-09-30")


def test_spend_of_repeats_and_of_all_purchases():
    made = summary(monetary_value_all=[9.0, 7.0, 0.0])
    counts, means = made.spend_columns(first_purchase=False)
    assert (counts.tolist(), means.tolist()) == ([2, 0, 1], [10.0, 0.0, 4.0])
    assert (counts.dtype, means.dtype) == (np.int64, np.float64)
    counts, means = made.spend_columns(first_purchase=True)
    assert (counts.tolist(), means.tolist()) == ([3, 1, 0], [9.0, 7.0, 0.0])


def test_spend_that_is_not_known_is_refused_with_the_way_out():
    with pytest.raises(InputError, match=r"monetary_value_all: expected this column.*first_purchase=False"):
        summary().spend_columns(first_purchase=True)
    without = CustomerSummary.from_frame(rfm().drop(columns="monetary_value"), unit="W")
    with pytest.raises(InputError, match=r"monetary_value: expected this column.*amount=…"):
        without.spend_columns(first_purchase=False)


def test_a_mean_that_includes_the_first_purchase_is_kept_as_such():
    made = CustomerSummary.from_frame(rfm(monetary_value=[9.0, 7.0, 5.0]), unit="W", first_purchase=True)
    assert made.frame["monetary_value_all"].tolist() == [9.0, 7.0, 5.0]
    assert "monetary_value" not in made.frame
    with pytest.raises(InputError, match=r"monetary_value: expected this column.*first_purchase=True"):
        made.spend_columns(first_purchase=False)
    with pytest.raises(InputError, match="first_purchase=True says"):
        CustomerSummary.from_frame(rfm(monetary_value_all=[1.0, 1.0, 1.0]), unit="W", first_purchase=True)


def test_select_keeps_chosen_customers_with_unit_and_cut_off():
    chosen = summary().select(np.array([True, False, True]))
    assert chosen.frame["customer_id"].tolist() == ["b", "c"]
    assert chosen.frame.index.tolist() == [0, 1]
    assert (chosen.unit, chosen.until) == ("W", pd.Timestamp("1997-09-30"))


@pytest.mark.parametrize("mask", [[True, False], [0, 1, 2], [False, False, False]])
def test_select_refuses_a_mask_that_is_none(mask: list[object]):
    with pytest.raises(InputError, match="mask: expected"):
        summary().select(mask)


def test_a_summary_edited_after_construction_is_caught_where_it_is_used():
    made = summary()
    assert check_summary(made, "W").frame.equals(made.frame)
    made.frame.loc[0, "recency"] = 99.0
    with pytest.raises(InputError, match="recency: expected at most T"):
        check_summary(made)


def test_a_summary_in_another_unit_than_the_model_is_refused():
    with pytest.raises(InputError, match=r'counts time in days, the summary in weeks.*unit="D"'):
        check_summary(summary(), "D")


def test_a_bare_frame_is_no_summary():
    with pytest.raises(InputError, match=r"expected a CustomerSummary, got pandas.*from_frame"):
        check_summary(rfm())  # type: ignore[arg-type]


def test_a_summary_is_frozen():
    with pytest.raises(FrozenInstanceError):
        summary().unit = "D"  # type: ignore[misc]


def test_a_million_customers_are_checked_in_a_moment():
    n = 1_000_000
    frame = pd.DataFrame({"customer_id": np.arange(n), "frequency": 1, "recency": 1.0, "T": 2.0})
    start = time.perf_counter()
    assert len(CustomerSummary.from_frame(frame, unit="W")) == n
    assert time.perf_counter() - start < SLOW


def report(**changes: object) -> DataReport:
    note = DataNote("missing_id", 3, "drop", 12.5, 0.3, ({"id": None, "note": "<b>"},), True, "'id' is null.")
    none = DataNote("zero_amount", 0, "keep", None, 0.0, (), False, "counted.")
    fields: dict[str, object] = {
        "rows_in": 10, "rows_used": 7, "rows_set_aside": 3, "customers": 3, "purchases": 6,
        "first_day": pd.Timestamp("1997-01-01"), "last_day": pd.Timestamp("1997-09-28"),
        "until": pd.Timestamp("1997-09-30"), "notes": (note, none), "remarks": ("Mind the gap.",),
    }  # fmt: skip
    return DataReport(**(fields | changes))  # type: ignore[arg-type]


def test_what_a_summary_prints_names_customers_repeaters_unit_cut_off_and_the_log():
    made = replace(summary(), report=report())
    for text in (repr(made), re.sub("<[^>]*>", " ", made._repr_html_())):
        assert "3 customers, 2 with repeat purchases; in weeks, until 1997-09-30" in text
        assert "3 customers, 6 purchases from 7 of 10 rows (3 set aside)" in text
        assert "monetary_value" in text


def test_a_report_tells_each_kind_its_policy_and_an_example():
    text = str(report())
    assert "missing id" in text
    assert "30.0 %" in text
    assert "e.g. id = None" in text
    assert "! Mind the gap." in text
    assert "Looked for and not found: zero amount." in text
    assert "&lt;b&gt;" in report()._repr_html_()


def test_a_report_is_also_a_table():
    frame = report().frame
    assert frame["kind"].tolist() == ["missing_id", "zero_amount"]
    assert frame["rows"].tolist() == [3, 0]
    assert report().note("missing_id").rows == 3
    with pytest.raises(InputError, match="kind: expected one of missing_id, zero_amount"):
        report().note("nonsense")


def test_a_report_whose_rows_do_not_add_up_cannot_exist():
    with pytest.raises(InputError, match="rows_in = rows_used"):
        report(rows_used=8)
    with pytest.raises(InputError, match="a note for each row set aside"):
        report(rows_used=6, rows_set_aside=4)
