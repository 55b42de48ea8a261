"""Segments: every customer has a name and a value tier, and groups add up to the whole, draw by draw."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.decisions.customers.rfm import (
    GRID,
    SEGMENTS,
    days_since_last,
    frequency_scores,
    monetary_scores,
    recency_scores,
    scores,
)
from lifeworth.models.decisions.customers.segments import (
    BUY_ANYWAY,
    GONE,
    STILL_HERE,
    TIERS,
    segments,
    value_tier_codes,
)
from lifeworth.models.ground.calendar import Calendar
from lifeworth.models.ground.errors import InputError
from lifeworth.models.prediction.discrepancy import default_discrepancy

PLAIN: Final = lw.Economics(margin=0.3, annual_discount_rate=0.15, currency="$")
COSTLY: Final = lw.Economics(margin=0.3, annual_discount_rate=0.15, cost_per_order=2.0, cost_per_year_alive=1.0)
DRAWS: Final = 100


def some(summary: Any, every: int = 6) -> Any:
    return summary.select(np.arange(len(summary)) % every == 0)


def rfm(frequency: list[int], recency: list[float], T: list[float], **columns: Any) -> Any:
    ids = [f"c{place}" for place in range(len(frequency))]
    frame = pd.DataFrame({"customer_id": ids, "frequency": frequency, "recency": recency, "T": T, **columns})
    return lw.CustomerSummary.from_frame(frame, unit="W")


# ---- the grid and the scores ---------------------------------------------------------------------


def test_every_cell_of_the_grid_has_a_name_and_every_name_a_cell() -> None:
    assert [len(row) for row in GRID] == [5] * 5
    assert {name for row in GRID for name in row} == set(SEGMENTS)
    assert not any("other" in name for name in SEGMENTS)
    # who has just bought often is best, who bought once long ago is lost
    assert GRID[4][4] == "champions"
    assert GRID[4][0] == "new customers"
    assert GRID[0][4] == "cannot lose them"
    assert GRID[0][0] == "lost"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([5, 1, 4, 2, 3], [5, 1, 4, 2, 3]),
        ([0] * 6 + [1, 2, 3, 4], [1] * 6 + [2, 3, 4, 5]),
        ([0] * 12 + [1] * 4 + [2] * 2 + [3, 9], [1] * 12 + [2] * 4 + [3] * 2 + [4, 5]),
        ([7, 7, 7], [3, 3, 3]),
        ([1, 1, 1, 8], [1, 1, 1, 5]),
        ([1, 8, 8, 8, 8, 8], [1, 5, 5, 5, 5, 5]),
        ([1, 2, 3], [1, 3, 5]),
        ([1, 2, 3, 4], [1, 2, 4, 5]),
        ([9], [3]),
    ],
)
def test_scores_are_quintiles_with_equal_values_together(values: list[int], expected: list[int]) -> None:
    assert scores(np.array(values, dtype=float)).tolist() == expected


def test_scores_of_values_that_all_differ_are_fifths() -> None:
    values = np.random.default_rng(1).permutation(1000).astype(float)
    np.testing.assert_array_equal(scores(values), 1 + values // 200)


def test_scores_rise_with_the_value_and_reach_both_ends() -> None:
    rng = np.random.default_rng(2)
    for _ in range(200):
        values = rng.poisson(rng.gamma(0.5, 4.0, rng.integers(2, 40))).astype(float)
        found = scores(values)
        order = np.argsort(values, kind="stable")
        assert (np.diff(found[order]) >= 0).all()
        for value in np.unique(values):
            assert len(set(found[values == value])) == 1
        if len(np.unique(values)) > 1:
            assert found.min() == 1
            assert found.max() == 5


def test_customers_without_a_repeat_purchase_score_1_even_alone() -> None:
    assert frequency_scores(rfm([0, 0, 0], [0.0] * 3, [3.0, 9.0, 20.0])).tolist() == [1, 1, 1]


def test_who_bought_last_scores_5_and_who_has_been_silent_longest_1() -> None:
    # silent for 40, 1, 20, 10 and 5 weeks, whatever their age
    found = rfm([3, 3, 0, 1, 2], [10.0, 29.0, 0.0, 50.0, 4.0], [50.0, 30.0, 20.0, 60.0, 9.0])
    assert recency_scores(found).tolist() == [1, 5, 2, 3, 4]


def test_money_is_scored_by_all_that_was_spent_and_unknown_where_it_is() -> None:
    found = rfm([0, 1, 2, 3, 4], [0.0, 1.0, 1.0, 1.0, 1.0], [9.0] * 5, monetary_value_all=[10.0, 20.0, 5.0, 0.0, 50.0])
    assert monetary_scores(found).tolist() == [1, 4, 2, 0, 5]  # totals 10, 40, 15, unknown, 250
    assert monetary_scores(rfm([1], [1.0], [2.0])) is None


def test_silence_is_counted_in_days_of_the_calendar_whatever_the_clock_of_the_model() -> None:
    log = pd.DataFrame(
        {"customer_id": [1, 1, 2, 3], "date": ["1997-01-01", "1997-03-04", "1997-02-01", "1997-06-30"], "amount": 1.0}
    )
    index = pd.Series([0.5, 0.5, 0.7, 0.8, 0.9, 1.0, 1.0, 1.1, 1.2, 1.3, 1.4, 1.6], index=range(1, 13))
    for unit in ("D", "W", "Y"):
        for calendar in (None, Calendar.from_index(index)):
            summary = lw.summarise(log, until="1997-06-30", unit=unit, calendar=calendar)
            np.testing.assert_allclose(days_since_last(summary), [118.0, 149.0, 0.0], atol=1e-6)


# ---- value tiers ---------------------------------------------------------------------------------


def test_each_value_tier_holds_the_same_share_of_the_value() -> None:
    value = np.random.default_rng(3).pareto(2.5, 20_000)
    for tiers in TIERS:
        codes = value_tier_codes(value, tiers)
        held = np.bincount(codes, value) / value.sum()
        np.testing.assert_allclose(held, 1.0 / tiers, atol=value.max() / value.sum())
        cuts = [value[codes == tier] for tier in range(tiers)]
        assert all(above.min() >= below.max() for above, below in pairwise(cuts))


def test_customers_worth_the_same_share_a_tier_and_those_worth_nothing_have_the_last() -> None:
    assert value_tier_codes(np.full(9, 4.0), 3).tolist() == [1] * 9
    assert value_tier_codes(np.array([10.0, 10.0, 1.0, 0.0, -3.0]), 3).tolist() == [1, 1, 2, 2, 2]
    assert value_tier_codes(np.array([0.0, -1.0]), 3).tolist() == [2, 2]


# ---- the table -----------------------------------------------------------------------------------


@pytest.mark.parametrize("economics", [PLAIN, COSTLY], ids=["plain", "costly"])
def test_segments_add_up_to_the_valuation_draw_by_draw(
    known: Any, cdnow_spend: Any, cdnow_sample: Any, economics: Any
) -> None:
    valuation = lw.value(
        known.fitted, cdnow_spend, some(cdnow_sample), economics, ["52W", "13W"], draws=DRAWS, per_customer=False
    )
    for place, horizon in enumerate(["52W", "13W"]):
        found = segments(valuation, horizon=horizon)
        np.testing.assert_allclose(found.draws.sum(axis=0), valuation.draws["value"][place], rtol=1e-9, atol=1e-9)
        for frame in (found.frame, found.by_segment):
            assert frame["value_mean"].sum() == pytest.approx(valuation.total["value_mean"].iloc[place])
            assert frame["customers"].sum() == len(valuation.basis.summary)
            assert frame["share"].sum() == pytest.approx(1.0)


def test_the_model_s_own_error_is_in_the_intervals_and_groups_still_add_up(
    known: Any, cdnow_spend: Any, cdnow_sample: Any
) -> None:
    honest, textbook = (
        lw.value(known.fitted, cdnow_spend, some(cdnow_sample, 3), PLAIN, "52W", draws=400, calibration=calibration)
        for calibration in (default_discrepancy(), "textbook")
    )
    found = segments(honest)
    np.testing.assert_allclose(found.draws.sum(axis=0), honest.draws["value"][0], rtol=1e-9)
    assert found.draws.sum(axis=0).std() > 1.1 * segments(textbook).draws.sum(axis=0).std()
    assert honest.calibration in found.notes


def test_a_row_says_of_its_customers_what_a_loop_over_them_says(
    known: Any, cdnow_spend: Any, cdnow_sample: Any
) -> None:
    valuation = lw.value(known.fitted, cdnow_spend, some(cdnow_sample), PLAIN, "52W", draws=DRAWS)
    found = segments(valuation)
    summary = valuation.basis.summary.frame
    of = zip(
        found.customers.to_dict("records"), summary.to_dict("records"), valuation.customers.to_dict("records"),
        strict=True,
    )  # fmt: skip
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for who, seen, expected in of:
        assert who["customer_id"] == seen["customer_id"]
        assert who["segment"] == GRID[who["recency_score"] - 1][who["frequency_score"] - 1]
        groups.setdefault((who["segment"], who["value_tier"]), []).append(seen | expected)
    assert list(zip(found.frame["segment"], found.frame["value_tier"], strict=True)) == [
        (name, tier) for name in SEGMENTS for tier in TIERS[3] if (name, tier) in groups
    ]
    for row in found.frame.to_dict("records"):
        each = groups[row["segment"], row["value_tier"]]
        assert row["customers"] == len(each)
        assert row["share"] == pytest.approx(len(each) / len(summary))
        assert row["value_mean"] == pytest.approx(sum(one["value_mean"] for one in each))
        assert row["value_per_customer"] == pytest.approx(row["value_mean"] / len(each))
        assert row["p_alive"] == pytest.approx(np.mean([one["p_alive"] for one in each]))
        assert row["p_active"] == pytest.approx(np.mean([one["p_active"] for one in each]))
        silent = [7.0 * (one["T"] - one["recency"]) for one in each]
        assert row["days_since_last_purchase"] == pytest.approx(np.median(silent), abs=1e-6)
        assert row["frequency"] == pytest.approx(np.mean([one["frequency"] for one in each]))


def test_the_interval_of_a_row_is_that_of_its_draws(known: Any, cdnow_spend: Any, four: Any) -> None:
    found = segments(lw.value(known.fitted, cdnow_spend, four, PLAIN, "52W", draws=200))
    for row, draws in zip(found.frame.to_dict("records"), np.sort(found.draws, axis=1), strict=True):
        for column, place in (("value_q05", 9), ("value_q50", 99), ("value_q95", 189)):
            assert row[column] == draws[place]


def test_segments_do_not_hang_on_the_order_of_the_rows(known: Any, cdnow_spend: Any, cdnow_sample: Any) -> None:
    summary = some(cdnow_sample)
    mixed = lw.CustomerSummary.from_frame(
        summary.frame.iloc[np.random.default_rng(4).permutation(len(summary))], unit="W"
    )
    one, other = (
        segments(lw.value(known.fitted, cdnow_spend, each, PLAIN, "52W", draws=DRAWS)) for each in (summary, mixed)
    )
    pd.testing.assert_frame_equal(
        one.customers, other.customers.sort_values("customer_id").reset_index(drop=True), check_dtype=False
    )
    np.testing.assert_allclose(one.draws, other.draws)


def test_customers_alike_in_all_that_is_scored_share_a_segment(known: Any, cdnow_spend: Any, cdnow_sample: Any) -> None:
    found = segments(lw.value(known.fitted, cdnow_spend, cdnow_sample, PLAIN, "26W", draws=2)).customers
    seen = cdnow_sample.frame
    days = (7.0 * (seen["T"] - seen["recency"])).round(3)
    alike = found.groupby([days, seen["frequency"]])["segment"].agg(set)
    assert (alike.map(len) == 1).all()
    assert (found.loc[seen["frequency"] == 0, "frequency_score"] == 1).all()
    shares = found["recency_score"].value_counts(normalize=True)
    np.testing.assert_allclose(shares, 0.2, atol=0.01)  # days tell nearly all apart


@pytest.mark.parametrize(
    "base",
    [
        ([0], [0.0], [10.0]),
        ([4], [8.0], [10.0]),
        ([0] * 5, [0.0] * 5, [10.0] * 5),
        ([0] * 3, [0.0] * 3, [2.0, 10.0, 30.0]),
        ([0, 7], [0.0, 20.0], [30.0, 30.0]),
        ([2, 2, 2], [5.0, 5.0, 5.0], [9.0, 9.0, 9.0]),
    ],
    ids=["one-timer", "one customer", "all alike", "one-timers", "two", "regulars alike"],
)
def test_small_bases_have_segments_as_well(
    known: Any, cdnow_spend: Any, base: tuple[list[int], list[float], list[float]]
) -> None:
    summary = rfm(*base, monetary_value=[0.0 if x == 0 else 20.0 for x in base[0]])
    found = segments(lw.value(known.fitted, cdnow_spend, summary, PLAIN, None, draws=20))
    assert found.customers["segment"].isin(SEGMENTS).all()
    assert found.customers["value_tier"].isin(TIERS[3]).all()
    assert found.frame["customers"].sum() == len(summary)
    assert found.horizon == "inf"
    assert any("some segments cannot occur" in note for note in found.notes)
    once = found.customers["segment"][np.array(base[0]) == 0]
    assert not once.isin(["champions", "loyal", "at risk", "cannot lose them", "need attention"]).any()


# ---- what to do ----------------------------------------------------------------------------------


def test_winning_back_is_advised_up_to_the_bound_and_never_by_the_name_alone(
    known_purchases: Any, cdnow_spend: Any, cdnow_sample: Any
) -> None:
    valuation = lw.value(known_purchases.fitted, cdnow_spend, cdnow_sample, PLAIN, "52W", draws=10)
    found = segments(valuation)
    assert (found.frame["action"].str.len() > 0).all()
    expected = valuation.customers
    alive, value = expected["p_alive"].to_numpy(), expected["value_mean"].to_numpy()
    bound = np.array([(1.0 - p) * v / p if p > 0.0 else 0.0 for p, v in zip(alive, value, strict=True)])
    for row in found.frame.to_dict("records"):
        who = (found.customers["segment"] == row["segment"]) & (found.customers["value_tier"] == row["value_tier"])
        limit, action = bound[who].mean(), row["action"]
        if action.startswith(("Win back", "Leave out")):
            assert row["p_alive"] < STILL_HERE
            assert row["p_active"] < BUY_ANYWAY
            assert f"${limit:,.2f}" in action
            assert action.startswith("Win back") == (limit >= value.mean())
        if row["p_alive"] < GONE and row["p_active"] < BUY_ANYWAY:
            assert action.startswith(("Win back", "Leave out"))
        if row["segment"] == "lost" and row["p_active"] < BUY_ANYWAY <= row["p_alive"] - GONE:
            assert action.startswith("Slow rather than gone")  # such as one-time buyers in BG/NBD: alive is no promise


def test_the_rule_and_the_notes_say_what_was_done(known: Any, cdnow_spend: Any, four: Any) -> None:
    found = segments(lw.value(known.fitted, cdnow_spend, four, PLAIN, ["26W", "52W"], draws=5), value_tiers=2)
    assert found.horizon == "52W"  # the longest
    assert "over 52W" in found.rule
    assert "holding 1/2 of it each" in found.rule
    assert found.currency == "$"
    assert found.tiers == ("high", "low")
    assert found.rule in repr(found)


def test_the_valuation_need_not_have_kept_customers(known: Any, cdnow_spend: Any, four: Any) -> None:
    kept, lean = (
        segments(lw.value(known.fitted, cdnow_spend, four, COSTLY, "52W", draws=50, per_customer=per_customer))
        for per_customer in (True, False)
    )
    pd.testing.assert_frame_equal(kept.frame, lean.frame)


@pytest.mark.parametrize("tiers", [0, 6, True, 2.0, "three", [3]])
def test_a_number_of_tiers_that_has_no_names_is_refused(known: Any, cdnow_spend: Any, four: Any, tiers: Any) -> None:
    valuation = lw.value(known.fitted, cdnow_spend, four, PLAIN, "26W", draws=2)
    with pytest.raises(InputError, match="value_tiers: expected a whole number from 1 to 5"):
        segments(valuation, value_tiers=tiers)


def test_a_horizon_that_was_not_valued_is_refused(known: Any, cdnow_spend: Any, four: Any) -> None:
    with pytest.raises(InputError, match="'52W' was not valued"):
        segments(lw.value(known.fitted, cdnow_spend, four, PLAIN, "26W", draws=2), horizon="52W")


def test_predictive_intervals_of_segments_hold_what_comes(known: Any, live: Any) -> None:
    # purchases alone: every purchase leaves the same, so that value is their discounted number
    rng = np.random.default_rng(5)
    lived = live(known, rng, np.repeat([20.0, 40.0, 60.0], 250), 52.0)
    summary = lw.CustomerSummary.from_frame(lived.summary.frame.assign(monetary_value=0.0), unit="W")
    spend = lw.GammaGammaModel.from_parameters(p=1e7, q=1e7, v=1e2)  # every amount is 100 for all
    economics = lw.Economics(margin=0.01, annual_discount_rate=0.15)
    found = segments(lw.value(known.fitted, spend, summary, economics, "52W", draws=500), value_tiers=1)
    came = lived.discounted(52.0, math.log(1.15) / 52.0)
    for row, draws in zip(found.frame.to_dict("records"), found.draws, strict=True):
        actual = came[(found.customers["segment"] == row["segment"]).to_numpy()].sum()
        # beyond 5 deviations, and 5 purchases more for the few: less than once in a million, a few dozen rows in all
        assert abs(actual - draws.mean()) <= 5.0 * draws.std() + 5.0
