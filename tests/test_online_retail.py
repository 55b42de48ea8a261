"""A real log with all its warts goes through without hand-cleaning, and the report says what was done.

UCI Online Retail (Chen, Sain & Guo 2012) is not part of the project. Where a copy stands beside the checkout, the
tests run on it too; they always run on a log of the same make built here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.ground.data_report import DataReport
from lifeworth.models.ground.summary import CustomerSummary
from lifeworth.pipelines.orders.summarise import summarise

UCI: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "online_retail.parquet"
NAMES: Final = {"date": "invoice_ts"}
START: Final = pd.Timestamp("2010-12-01")
UNTIL: Final = "2011-12-09"


def wholesaler(customers: int = 1500, seed: int = 3) -> pd.DataFrame:
    """Build invoice lines of a wholesaler: clock times, cancellations, no-name lines, copies, an early mass."""
    rng = np.random.default_rng(seed)
    born = rng.uniform(-900, 373, customers)
    visits = born[:, None] + np.cumsum(rng.exponential(50.0, (customers, 40)), axis=1)
    alive = visits - born[:, None] < rng.exponential(400.0, customers)[:, None]
    who, nth = np.nonzero(alive & (visits >= 0) & (visits < 374))
    invoices = pd.DataFrame(
        {
            "invoice": [str(536_000 + i) for i in range(who.size)],
            "customer_id": 12_000.0 + who,
            "invoice_ts": pd.Timestamp("2010-12-01")
            + pd.to_timedelta((visits[who, nth] * 86_400).astype(int), unit="s"),
        }
    )
    lines = invoices.loc[invoices.index.repeat(rng.integers(1, 6, len(invoices)))].reset_index(drop=True)
    lines["quantity"] = rng.integers(1, 13, len(lines))
    lines["unit_price"] = np.where(rng.random(len(lines)) < 0.005, 0.0, rng.integers(50, 900, len(lines)) / 100)
    back = lines.sample(frac=0.06, random_state=seed)
    back = back.assign(
        quantity=-back["quantity"],
        invoice="C" + back["invoice"],
        invoice_ts=back["invoice_ts"] + pd.to_timedelta(rng.choice([0, 3600, 9 * 86_400], len(back)), unit="s"),
    )
    only_back = lines.head(8).assign(customer_id=99_999.0, quantity=-1, unit_price=1.25)
    made = pd.concat([lines, lines.sample(frac=0.01, random_state=seed), back, only_back], ignore_index=True)
    made.loc[made.sample(frac=0.2, random_state=seed).index, "customer_id"] = np.nan
    made["country"] = np.where(made["invoice"].str[-1] == "7", "Eire", "United Kingdom")
    return made[made["invoice_ts"] < "2011-12-10"]


LOGS: Final = {"built": wholesaler} | ({"uci": lambda: pd.read_parquet(UCI)} if UCI.is_file() else {})


@pytest.fixture(scope="module", params=LOGS)
def lines(request: pytest.FixtureRequest) -> pd.DataFrame:
    """Invoice lines with their value, as a user would pass them."""
    made = LOGS[request.param]()
    return made.assign(amount=made["quantity"] * made["unit_price"])


@pytest.fixture(scope="module")
def summary(lines: pd.DataFrame) -> CustomerSummary:
    return summarise(lines, **NAMES, until=UNTIL, unit="D", attributes=["country"])


@pytest.fixture(scope="module")
def report(summary: CustomerSummary) -> DataReport:
    assert summary.report is not None
    return summary.report


def test_the_report_counts_what_pandas_counts(lines: pd.DataFrame, report: DataReport):
    known = lines.dropna(subset=["customer_id"])
    counted = {kind: report.note(kind).rows for kind in ("missing_id", "refund", "zero_amount", "duplicate")}
    assert counted == {
        "missing_id": lines["customer_id"].isna().sum(),
        "refund": (known["amount"] < 0).sum(),
        "zero_amount": (known["amount"] == 0).sum(),
        "duplicate": lines.duplicated().sum(),
    }
    assert min(counted.values()) > 0
    assert report.note("refund").amount == pytest.approx(known.loc[known["amount"] < 0, "amount"].sum())
    assert report.rows_in == len(lines)
    assert report.rows_in == report.rows_used + report.rows_set_aside


def test_customers_purchases_and_times_are_those_of_a_groupby(lines: pd.DataFrame, summary: CustomerSummary):
    known = lines.dropna(subset=["customer_id"]).assign(day=lambda log: log["invoice_ts"].dt.normalize())
    days = known.groupby(["customer_id", "day"])["amount"].agg(["sum", "min"]).reset_index()
    bought = days[(days["min"] >= 0) | (days["sum"].round(6) > 0)]
    by_customer = bought.groupby("customer_id")["day"].agg(["count", "min", "max"])
    frame = summary.frame.set_index("customer_id")
    assert frame.index.tolist() == by_customer.index.tolist()
    assert (frame["frequency"] == by_customer["count"] - 1).all()
    assert (frame["recency"] == (by_customer["max"] - by_customer["min"]).dt.days).all()
    assert (frame["T"] == (pd.Timestamp(UNTIL) - by_customer["min"]).dt.days).all()
    assert frame.index.dtype == np.int64


def test_money_is_net_of_refunds_and_nobody_spends_less_than_nothing(lines: pd.DataFrame, summary: CustomerSummary):
    net = lines.groupby("customer_id")["amount"].sum().reindex(summary.frame["customer_id"]).to_numpy()
    counts, means = summary.spend_columns(first_purchase=True)
    assert (counts * means).sum() == pytest.approx(np.maximum(net, 0.0).sum())
    assert ((counts == 0) == (np.round(net, 6) <= 0)).all()


def test_lines_and_the_invoices_they_add_up_to_give_the_same_summary(lines: pd.DataFrame, summary: CustomerSummary):
    keys = ["invoice", "customer_id", "invoice_ts", "country"]
    invoices = lines.groupby(keys, dropna=False, as_index=False)["amount"].sum()
    theirs = summarise(invoices, **NAMES, until=UNTIL, unit="D", attributes=["country"])
    pd.testing.assert_frame_equal(theirs.frame, summary.frame, rtol=1e-9, atol=1e-9)


def test_left_truncation_is_said_with_a_remedy_that_works(lines: pd.DataFrame, report: DataReport):
    said = [remark for remark in report.remarks if "Left truncation" in remark]
    assert len(said) == 1
    day = said[0].split('acquired_from="')[1][:10]
    later = summarise(lines, **NAMES, until=UNTIL, acquired_from=day).report
    assert later is not None
    assert not any("Left truncation" in remark for remark in later.remarks)
    assert later.note("acquired_before").rows > 0


def test_the_report_reads_well(report: DataReport):
    text = str(report)
    for word in ("missing id", "refund", "zero amount", "exact duplicate", "customer with refunds only", "e.g."):
        assert word in text
    assert "invoice = C" in text
    assert max(map(len, text.splitlines())) <= 120


if UCI.is_file():  # defined only there, so that nothing is skipped elsewhere

    def test_the_published_facts_of_the_log_are_found():
        lines = pd.read_parquet(UCI)
        summary = summarise(lines.assign(amount=lines["quantity"] * lines["unit_price"]), **NAMES)
        report = summary.report
        assert report is not None
        assert report.rows_in == 541_909
        assert report.note("missing_id").rows == 135_080
        assert report.note("duplicate").rows == 5_268
        assert (len(summary), report.until) == (4_335, pd.Timestamp(UNTIL))  # of 4,372 known, 37 have refunds only
        assert "37 customers" in report.note("refund_only").text


def test_the_log_goes_on_to_fit_and_value_without_cleaning_by_hand(summary: CustomerSummary):
    purchases, spend = lw.BetaGeoModel().fit(summary), lw.GammaGammaModel().fit(summary)
    assert purchases.diagnostics.ok
    assert spend.diagnostics.ok
    economics = lw.Economics(margin=0.3, annual_discount_rate=0.1)
    value = lw.value(purchases, spend, summary, economics, ["6M", "12M"], draws=200)
    assert len(value.customers) == 2 * len(summary)
    assert np.isfinite(value.customers.select_dtypes("number")).all(axis=None)
    total = value.total
    assert (total["value_q05"] < total["value_mean"]).all()
    assert (total["value_mean"] < total["value_q95"]).all()
