"""A poisoned night is held by a gate whose message names the cause, as the first night where it can be known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

from lifeworth.pipelines.gates.judge import cause
from lifeworth.pipelines.record.record import GateResult, LastRun
from lifeworth.pipelines.settings.settings import GateSettings, ReportSettings, RowSettings, ShareBar

LAST: Final = pd.Timestamp("1998-04-30")
type Poison = Callable[[pd.DataFrame], pd.DataFrame]


def shifted(**by: int) -> Poison:
    return lambda log: log.assign(date=log["date"] + pd.DateOffset(**by))


def half_the_customers(log: pd.DataFrame) -> pd.DataFrame:
    ids = log["customer_id"].drop_duplicates().sample(frac=0.5, random_state=1)
    return log[log["customer_id"].isin(ids)]


def days_and_months_swapped(log: pd.DataFrame) -> pd.DataFrame:
    date = log["date"].copy()
    few = date[date.dt.day <= 12]
    date[few.index] = pd.to_datetime({"year": few.dt.year, "month": few.dt.day, "day": few.dt.month})
    return log.assign(date=date)


def ids_of_two_shops(log: pd.DataFrame) -> pd.DataFrame:
    """Another shop's orders under ids that this shop has given to others."""
    ids = log["customer_id"].unique()
    other = dict(zip(ids, np.random.default_rng(3).permutation(ids), strict=True))
    amount = (log["amount"] * 1.1).round(2)
    return pd.concat([log, log.assign(customer_id=log["customer_id"].map(other), amount=amount)])


def giant(count: int, customers: int) -> Poison:
    def poison(log: pd.DataFrame) -> pd.DataFrame:
        rng = np.random.default_rng(2)
        ids = log["customer_id"].unique()[:customers]
        more = {name: rng.choice(log[name], count) for name in ("date", "amount")}
        return pd.concat([log, pd.DataFrame({"customer_id": rng.choice(ids, count), **more})])

    return poison


def recent(amount: Callable[[pd.Series], Any]) -> Poison:
    return lambda log: log.assign(amount=log["amount"].where(log["date"] <= LAST, amount(log["amount"])))


def first_half(log: pd.DataFrame) -> pd.DataFrame:
    begin, end = log["date"].min(), log["date"].max()
    return log[log["date"] <= begin + (end - begin) / 2]


SECOND: Final[dict[str, tuple[Poison, str, str]]] = {
    "cents": (
        lambda log: log.assign(amount=(log["amount"] * 100).round()),
        "max_amount_ratio",
        "Amounts are 100 times those of the last run: cents instead of units?",
    ),
    "half the rows": (
        lambda log: log.sample(frac=0.5, random_state=1),
        "max_row_loss",
        "48.7 % are gone; they are missing all over it",
    ),
    "half the customers": (half_the_customers, "max_row_loss", "50.0 % of the customers are missing, the others are"),
    "the last half of the days": (first_half, "max_row_loss", "it ends 1997-09-15, it had orders up to 1998-04-30"),
    "the first half of the days": (
        lambda log: log[log["date"] > "1997-09-15"],
        "max_row_loss",
        "it began 1997-01-01: the earliest days are missing",
    ),
    "a summer": (
        lambda log: log[(log["date"] < "1997-06-01") | (log["date"] >= "1997-10-01")],
        "max_row_loss",
        "there is no order from 1997-06-01 to 1997-09-30",
    ),
    "a day forward": (shifted(days=1), "max_rewritten", "All dates have moved forward by 1 day."),
    "5 days back": (shifted(days=-5), "max_rewritten", "All dates have moved back by 5 days."),
    "30 days forward": (shifted(days=30), "max_rewritten", "median shift +30 days"),
    "a month forward": (shifted(months=1), "max_rewritten", "All dates have moved forward by 1 month."),
    "two months back": (shifted(months=-2), "max_rewritten", "All dates have moved back by 2 months."),
    "a year forward": (shifted(years=1), "max_rewritten", "All dates have moved forward by 365 days."),
    "a year back": (shifted(years=-1), "max_rewritten", "All dates have moved back by 12 months."),
    "days and months swapped": (days_and_months_swapped, "max_rewritten", "Day and month of the dates have changed"),
    "duplicates": (
        lambda log: pd.concat([log, log]),
        "max_duplicates",
        "Every row occurs twice or more: 50.2 % of the 13,494 rows are exact duplicates (bar: 45.0 %). Was the export "
        "loaded twice",
    ),
    "duplicates under new row numbers": (
        lambda log: pd.concat([log, log]).assign(line=np.arange(2 * len(log))),
        "max_duplicates",
        "are copies in customer, day and amount",
    ),
    "new rows twice": (
        lambda log: pd.concat([log, log[log["date"] > LAST]]),
        "max_duplicates",
        "of the 352 rows since 1998-04-30 are exact duplicates",
    ),
    "a million orders of one": (giant(1_000_000, 1), "max_one_customer", "has 1,000,0"),
    "a hundred thousand orders of five": (giant(100_000, 5), "max_few_customers", "10 of 2,357 customers have 9"),
    "ids of two shops": (ids_of_two_shops, "max_rewritten", "were the ids of two shops merged?"),
    "another shop": (
        lambda log: pd.concat([log, log.assign(customer_id=log["customer_id"] + 10**6, amount=log["amount"] * 1.1)]),
        "max_rewritten",
        "was another shop or an archive added?",
    ),
    "new rows in cents": (
        recent(lambda amount: amount * 100),
        "max_amount_ratio",
        "The median amount of the 176 orders since 1998-04-30 is 2,627.50, 101 times that before",
    ),
    "new rows in rupiah": (recent(lambda amount: amount * 15_000), "max_amount_ratio", "another currency or unit?"),
    "negative": (
        lambda log: log.assign(amount=-log["amount"]),
        "max_refunds",
        "99.9 % of 6,747 rows have a negative amount",
    ),
    "zeros": (lambda log: log.assign(amount=0.0), "max_zero", "Were amounts lost in the export"),
    "with tax": (
        lambda log: log.assign(amount=log["amount"] * 1.19),
        "max_rewritten",
        "Amounts of the past are others, 1.19 times what they were: with tax or without",
    ),
    "ids of another form": (
        lambda log: log.assign(customer_id=log["customer_id"].map("{:05d}".format)),
        "schema_change",
        "customer_id (int64 before, now string). Customer ids have changed their form: 4 is now '00004'",
    ),
    "other ids": (
        lambda log: log.assign(customer_id=log["customer_id"].rank(method="dense").astype(int) + 10**6),
        "max_rewritten",
        "Nearly all customers are others",
    ),
    "hardly any ids": (
        lambda log: log.assign(customer_id=log["customer_id"].where(np.arange(len(log)) % 5 < 2).astype("Int64")),
        "max_rejected",
        "60.0 % of 6,747 rows cannot be used (missing id 4,047)",
    ),
    "no new rows": (
        lambda log: log[log["date"] <= LAST],
        "max_age_days",
        "The last order is of 1998-04-30, 31 days before 1998-05-31, and none has come since the last run",
    ),
    "one order of a billion": (
        lambda log: pd.concat([log, log.head(1).assign(amount=1e9)]),
        "max_one_customer",
        "has 1,000,000,100.50 of amounts",
    ),
}
"""Poison, the gate that holds, and the words of its message."""

FIRST: Final[dict[str, tuple[Poison, str, str]]] = {
    name: (SECOND[name][0], gate, words)
    for name, (gate, words) in {
        "the last half of the days": ("max_age_days", "The last order is of 1997-09-15, 258 days before 1998-05-31"),
        "a summer": ("max_gap_days", "not one order from 1997-06-01 to 1997-09-30, 122 days, where 1,072 were"),
        "30 days forward": ("max_future", "166 orders (2.5 %) are dated after 1998-05-31, the last of them 1998-06-30"),
        "a year forward": ("max_future", "41.9 %"),
        "two months back": ("max_age_days", "61 days before"),
        "days and months swapped": ("max_future", "Were dates shifted, or day and month swapped?"),
        "duplicates": ("max_duplicates", "50.2 % of the 13,494 rows are exact duplicates"),
        "duplicates under new row numbers": ("max_duplicates", "are copies in customer, day and amount"),
        "a million orders of one": ("max_one_customer", "A test account"),
        "a hundred thousand orders of five": ("max_few_customers", "Test accounts, tills"),
        "new rows in cents": ("max_amount_ratio", "cents instead of units?"),
        "new rows in rupiah": ("max_amount_ratio", "another currency or unit?"),
        "negative": ("max_refunds", "Is the sign turned round"),
        "zeros": ("max_zero", "an amount of zero"),
        "hardly any ids": ("max_rejected", "missing id"),
        "one order of a billion": ("max_one_customer", "of amounts"),
    }.items()
}
"""What can be known of a log alone."""


VARIANTS: Final = (
    "the first half of the days",
    "5 days back",
    "two months back",
    "a year forward",
    "new rows in rupiah",
    "another shop",
    "other ids",
    "zeros",
    "one order of a billion",
)
"""Of what others show too."""


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in VARIANTS else n for n in SECOND])
def test_a_poisoned_night_after_a_good_one_is_held_and_the_cause_named(
    name: str, desk: Any, log: pd.DataFrame, last: LastRun, held: Any
) -> None:
    poison, gate, words = SECOND[name]
    found = held(desk.night(poison(log), last))
    assert found.gate == gate, found
    assert words in found.message


@pytest.mark.parametrize("name", FIRST)
def test_a_poisoned_first_night_is_held_where_the_log_alone_tells(
    name: str, desk: Any, log: pd.DataFrame, held: Any
) -> None:
    poison, gate, words = FIRST[name]
    found = held(desk.night(poison(log), None))
    assert found.gate == gate, found
    assert words in found.message


def test_amounts_in_cents_on_a_first_night_make_a_warning(desk: Any, log: pd.DataFrame) -> None:
    found = cause(desk.night(SECOND["cents"][0](log), None))
    assert found is not None
    assert (found.gate, found.outcome) == ("whole_amounts", "warned")
    assert "they look like cents" in found.message


def test_whole_rupiah_are_not_taken_for_cents(desk: Any, log: pd.DataFrame) -> None:
    rupiah = log.assign(amount=(log["amount"] * 150).round() * 100)
    assert cause(desk.night(rupiah, None)) is None


def test_a_message_says_what_to_do_and_how_to_let_it_pass(
    desk: Any, log: pd.DataFrame, last: LastRun, held: Any
) -> None:
    found = held(desk.night(SECOND["half the rows"][0](log), last))
    assert found.message.endswith("If it is as it should be, raise max_row_loss in [gates] for this run.")
    assert "Have it made anew." in found.message
    assert str(found) == f"held: {found.message} [max_row_loss]"
    assert found.bar == 0.10
    assert found.measured == pytest.approx(0.487, abs=0.001)


def test_duplicates_that_the_settings_leave_out_only_warn(
    desk: Any, log: pd.DataFrame, last: LastRun, said: Any
) -> None:
    twice = SECOND["duplicates"][0](log)
    results = desk.night(twice, last, rows=RowSettings(duplicates="drop"))
    found = said(results, "max_duplicates")
    assert found.outcome == "warned"
    assert "[rows] duplicates leaves them out" in found.message
    assert said(results, "max_rewritten").outcome == "passed"  # without its copies the past is what it was


def test_ids_stay_out_of_messages_where_reports_may_not_show_them(desk: Any, log: pd.DataFrame, last: LastRun) -> None:
    hidden = ReportSettings(show_ids=False)
    for name in ("a million orders of one", "ids of another form"):
        results: tuple[GateResult, ...] = desk.night(SECOND[name][0](log), last, report=hidden)
        told = " ".join(result.message for result in results)
        assert "00004" not in told
        assert "Customer 4 " not in told
        assert "One customer has" in told


def test_bars_of_the_settings_are_the_ones_that_count(desk: Any, log: pd.DataFrame, last: LastRun, said: Any) -> None:
    half = SECOND["half the rows"][0](log)
    lenient = GateSettings(max_row_loss=ShareBar(warn=0.4, hold=0.6), max_rewritten=ShareBar())
    results = desk.night(half, last, gates=lenient)
    assert said(results, "max_row_loss").outcome == "warned"
    assert said(results, "max_rewritten").outcome == "not asked"
    assert said(results, "max_rewritten").message == "Switched off in the settings."
