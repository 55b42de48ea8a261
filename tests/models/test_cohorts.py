"""Cohorts: observed beside modelled, each as a loop over customers finds it, and never mixed up."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.decisions.customers.cohorts import cohorts
from lifeworth.models.decisions.customers.segments import segments
from lifeworth.models.ground.errors import InputError

PLAIN: Final = lw.Economics(margin=0.3, annual_discount_rate=0.15, cost_per_order=2.0, currency="$")
DRAWS: Final = 60
UNTIL: Final = "1997-09-30"


@pytest.fixture(scope="module")
def summary(cdnow_sample: Any) -> Any:
    """A part of CDNOW with a channel, by chance."""
    part = cdnow_sample.select(np.arange(len(cdnow_sample)) % 5 == 0)
    channel = np.random.default_rng(1).choice(["search", "shop", "ads"], len(part))
    return lw.CustomerSummary.from_frame(part.frame.assign(channel=channel), unit="W", until=UNTIL)


@pytest.fixture(scope="module")
def valued(summary: Any) -> Any:
    """Valuations of that part, each made once: by model."""
    made: dict[str, Any] = {}
    spend = lw.GammaGammaModel.from_parameters(p=6.25, q=3.74, v=15.44)

    def value(known: Any) -> Any:
        name = known.fitted.model.name
        if name not in made:
            made[name] = lw.value(known.fitted, spend, summary, PLAIN, ["26W", "52W"], draws=DRAWS, groups="channel")
        return made[name]

    return value


def by_label(labels: Any) -> dict[Any, np.ndarray]:
    return {label: np.flatnonzero(np.array(labels) == label) for label in sorted(set(labels))}


# ---- what is seen --------------------------------------------------------------------------------


@pytest.mark.parametrize(("by", "form"), [("M", "%Y-%m"), ("Q", None), ("Y", "%Y")])
def test_cohorts_are_of_the_period_of_the_first_purchase_in_the_log(
    known: Any, valued: Any, by: str, form: str | None
) -> None:
    first = lw.load_cdnow(sample=True).groupby("customer_id")["date"].min()
    valuation = valued(known)
    days = first.reindex(valuation.basis.summary.frame["customer_id"])
    labels = days.dt.strftime(form) if form else days.dt.year.astype(str) + "Q" + days.dt.quarter.astype(str)
    found = cohorts(valuation, by=by).frame.set_index("cohort")["customers"]
    assert found.to_dict() == labels.value_counts().to_dict()
    assert list(found.index) == sorted(found.index)


@pytest.mark.parametrize("by", ["M", "channel"])
def test_observed_columns_are_what_a_loop_over_the_customers_counts(known: Any, valued: Any, by: str) -> None:
    valuation = valued(known)
    frame = valuation.basis.summary.frame
    first = pd.Timestamp(UNTIL) - pd.to_timedelta((7.0 * frame["T"]).round(), unit="D")
    groups = by_label(first.dt.strftime("%Y-%m") if by == "M" else frame["channel"])
    found = cohorts(valuation, by=by, horizon="26W")
    assert found.window == 182.0
    for row in found.frame.to_dict("records"):
        seen = frame.iloc[groups[row[found.by]]].to_dict("records")
        assert row["customers"] == len(seen)
        orders = [one["frequency"] + 1 for one in seen]
        assert row["repeat_rate_observed"] == pytest.approx(sum(n > 1 for n in orders) / len(seen))
        assert row["orders_per_customer_observed"] == pytest.approx(sum(orders) / len(seen))
        late = [7.0 * (one["T"] - one["recency"]) <= 182.0 + 1e-6 for one in seen]
        assert row["active_observed"] == pytest.approx(sum(late) / len(seen))
        paid = [n * one["monetary_value_all"] for n, one in zip(orders, seen, strict=True)]
        known_orders = sum(n for n, one in zip(orders, seen, strict=True) if one["monetary_value_all"] > 0.0)
        assert row["aov_observed"] == pytest.approx(sum(paid) / known_orders)
        past = sum(0.3 * money - 2.0 * n for money, n in zip(paid, orders, strict=True)) / len(seen)
        assert row["historic_value_per_customer"] == pytest.approx(past)
        age = sum(7.0 * one["T"] for one in seen) / len(seen)
        assert row["days_since_first_purchase_observed"] == pytest.approx(age)


def test_repeat_rates_at_a_common_age_do_not_hang_on_when_customers_came(
    known: Any, live: Any, cdnow_spend: Any
) -> None:
    lived = live(known, np.random.default_rng(2), np.repeat([6.0, 16.0, 40.0, 100.0], 1200), 0.0)
    ages = np.repeat(["new", "young", "middle", "old"], 1200)
    frame = lived.summary.frame.assign(age=ages, monetary_value=0.0)
    summary = lw.CustomerSummary.from_frame(frame, unit="W")
    valuation = lw.value(known.fitted, cdnow_spend, summary, PLAIN, "26W", draws=2, per_customer=False)
    found = cohorts(valuation, by="age").frame.set_index("age")
    assert found.loc["old", "repeat_rate_observed"] > found.loc["young", "repeat_rate_observed"] + 0.05
    assert np.isnan(found.loc["new", "repeat_rate_90d_estimated"])  # not seen for 90 days
    common = found["repeat_rate_90d_estimated"].dropna()
    within = 1.0 - known.fitted.model.none_if_alive(known.theta, 0, 0.0, 90.0 / 7.0)
    expected = float(known.fitted.model.probability_alive(known.theta, 0, 0.0, 0.0) * within)
    # beyond 5 deviations: nine comparisons, less than once in 100,000
    np.testing.assert_allclose(common, expected, atol=5.0 * (expected * (1.0 - expected) / 1200) ** 0.5)
    assert any("compare groups of different age" in note for note in cohorts(valuation, by="age").notes)


# ---- what is modelled ----------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["Q", "channel"])
def test_values_of_cohorts_add_up_to_the_valuation_draw_by_draw(known: Any, valued: Any, by: str) -> None:
    valuation = valued(known)
    for place, horizon in enumerate(["26W", "52W"]):
        found = cohorts(valuation, by=by, horizon=horizon)
        np.testing.assert_allclose(found.draws.sum(axis=0), valuation.draws["value"][place], rtol=1e-9)
        total = (found.frame["value_per_customer_mean"] * found.frame["customers"]).sum()
        assert total == pytest.approx(valuation.total["value_mean"].iloc[place])
        each = np.sort(found.draws / found.frame["customers"].to_numpy()[:, None], axis=1)
        np.testing.assert_allclose(found.frame["value_per_customer_q05"], each[:, 2])
        np.testing.assert_allclose(found.frame["value_per_customer_q95"], each[:, 56])


def test_modelled_columns_are_what_a_loop_over_the_customers_expects(known: Any, valued: Any) -> None:
    valuation = valued(known)
    basis, fitted = valuation.basis, valuation.basis.purchases
    frame, expected = basis.summary.frame, valuation.customers[valuation.customers["horizon"] == "52W"]
    now = fitted.probability_alive(basis.summary)["mean"].to_numpy()
    later = fitted.probability_alive_at(basis.summary, "12M")["mean"].to_numpy()
    bought = fitted.discounted_expected_purchases(basis.summary, 0.15, "52W")["mean"].to_numpy()
    amount = basis.spend.expected_spend(basis.summary)["mean"].to_numpy()
    found = cohorts(valuation, by="channel").frame.set_index("channel")
    for label, who in by_label(frame["channel"]).items():
        row = found.loc[label]
        assert row["p_alive_modelled"] == pytest.approx(expected["p_alive"].to_numpy()[who].mean())
        assert row["p_active_modelled"] == pytest.approx(expected["p_active"].to_numpy()[who].mean())
        assert row["retention_modelled"] == pytest.approx(later[who].sum() / now[who].sum())
        assert row["retention_modelled_q05"] == pytest.approx(row["retention_modelled"])  # fixed parameters: no doubt
        assert row["aov_modelled"] == pytest.approx((bought * amount)[who].sum() / bought[who].sum())
        assert row["value_per_customer_mean"] == pytest.approx(expected["value_mean"].to_numpy()[who].mean())


def test_retention_has_the_doubt_of_the_parameters(transaction_model: type, fitted: Any, summary: Any) -> None:
    purchases = fitted(transaction_model, draws=200)
    spend = lw.GammaGammaModel.from_parameters(p=6.25, q=3.74, v=15.44)
    found = cohorts(lw.value(purchases, spend, summary, PLAIN, "26W", draws=20, per_customer=False)).frame.iloc[0]
    rows, cells = purchases.rows(summary)
    shares = []
    for theta in purchases.theta(200, cells, 0).T:
        alive = purchases.model.probability_alive(theta, rows.x, rows.t_x, rows.T)
        year = float(((pd.Timestamp(UNTIL) + pd.DateOffset(years=1)) - pd.Timestamp(UNTIL)).days) / 7.0
        stays = purchases.model.survival_if_alive(theta[:, None], rows.x, rows.T, year)[0]
        shares.append((rows.weight * alive * stays).sum() / (rows.weight * alive).sum())
    np.testing.assert_allclose(
        [found["retention_modelled_q05"], found["retention_modelled_q95"]], np.quantile(shares, [0.05, 0.95]), rtol=1e-6
    )
    assert found["retention_modelled"] == pytest.approx(np.mean(shares), rel=1e-2)


def test_every_column_says_whether_it_was_observed_or_modelled(known: Any, valued: Any) -> None:
    found = cohorts(valued(known))
    ends = ("_observed", "_estimated", "_modelled", "_modelled_q05", "_modelled_q95")
    named = ("cohort", "customers", "historic_value_per_customer")
    for column in found.frame:
        assert column in named or column.endswith(ends) or column.startswith("value_per_customer_"), column
    assert "no retention rate is observed without a contract" in found.rule
    assert not any(column.startswith("retention") and "observed" in column for column in found.frame)


def test_cohorts_by_segment_have_its_customers(known: Any, valued: Any) -> None:
    valuation = valued(known)
    named = segments(valuation)
    found = cohorts(valuation, by=named)
    assert found.by == "segment"
    assert found.frame["segment"].tolist() == named.by_segment["segment"].tolist()
    assert found.frame["customers"].tolist() == named.by_segment["customers"].tolist()
    np.testing.assert_allclose(found.frame["p_alive_modelled"], named.by_segment["p_alive"])
    np.testing.assert_allclose(found.frame["value_per_customer_mean"], named.by_segment["value_per_customer"])
    np.testing.assert_allclose(found.draws.sum(axis=0), valuation.draws["value"][1], rtol=1e-9)


def test_an_attribute_called_cohort_is_not_taken_for_the_periods(known: Any, cdnow_spend: Any, summary: Any) -> None:
    frame = summary.frame.assign(cohort=np.arange(len(summary)) % 2)
    named = lw.CustomerSummary.from_frame(frame, unit="W", until=UNTIL)
    valuation = lw.value(known.fitted, cdnow_spend, named, PLAIN, "26W", draws=DRAWS)
    periods, halves = cohorts(valuation, by="Y"), cohorts(valuation, by="cohort")
    assert periods.frame["cohort"].tolist() == ["1997"]
    assert halves.frame["cohort"].tolist() == [0, 1]
    np.testing.assert_allclose(periods.draws[0], halves.draws.sum(axis=0))


def test_without_a_horizon_s_end_activity_is_of_the_last_year(known: Any, cdnow_spend: Any, summary: Any) -> None:
    found = cohorts(lw.value(known.fitted, cdnow_spend, summary, PLAIN, None, draws=3))
    assert found.horizon == "inf"
    assert found.window == pytest.approx(365.0)
    assert "active_observed looks 12M back" in found.rule


def test_amounts_that_nobody_knows_leave_no_observed_columns_of_money(
    known: Any, cdnow_spend: Any, summary: Any
) -> None:
    frame = summary.frame.drop(columns=["monetary_value_all"]).assign(monetary_value=0.0)
    bare = lw.CustomerSummary.from_frame(frame, unit="W", until=UNTIL)
    found = cohorts(lw.value(known.fitted, cdnow_spend, bare, PLAIN, "26W", draws=3)).frame
    assert found["aov_observed"].isna().all()
    assert "historic_value_per_customer" not in found
    assert found["aov_modelled"].notna().all()


# ---- what is refused -----------------------------------------------------------------------------


def test_calendar_cohorts_need_the_cut_off(known: Any, cdnow_spend: Any, four: Any) -> None:
    timeless = lw.CustomerSummary.from_frame(four.frame, unit="W")
    valuation = lw.value(known.fitted, cdnow_spend, timeless, PLAIN, "26W", draws=2)
    with pytest.raises(InputError, match=r"quarters of the first purchase need the cut-off .* until="):
        cohorts(valuation)
    assert cohorts(valuation, by="channel").frame["customers"].tolist() == [2, 2]


def test_what_is_no_period_and_no_attribute_is_refused(known: Any, valued: Any) -> None:
    with pytest.raises(InputError, match=r'by: expected "M", "Q" or "Y".*it has: channel'):
        cohorts(valued(known), by="W")
    with pytest.raises(InputError, match="'12M' was not valued"):
        cohorts(valued(known), horizon="12M")


def test_segments_of_other_customers_are_refused(known: Any, valued: Any, cdnow_spend: Any, four: Any) -> None:
    other = segments(lw.value(known.fitted, cdnow_spend, four, PLAIN, "26W", draws=2))
    with pytest.raises(InputError, match="segments are of other customers"):
        cohorts(valued(known), by=other)
