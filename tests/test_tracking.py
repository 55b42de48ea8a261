"""Tracking and the holdout: what came beside what was expected, against published values and loops over the log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

from lifeworth.data import load_cdnow
from lifeworth.models import BetaGeoModel, GammaGammaModel
from lifeworth.models.fitted_purchases import FittedPurchases
from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.summary import CustomerSummary
from lifeworth.models.prediction.forecast import forecast
from lifeworth.pipelines.orders.summarise import summarise
from lifeworth.pipelines.reporting.holdout import Holdout, holdout
from lifeworth.pipelines.reporting.tracking import Tracking, tracking

UNTIL: Final = "1997-09-30"
THROUGH: Final = "1998-06-30"
PUBLISHED: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "reference" / "published.json").read_text(encoding="utf-8")
)
BG: Final = PUBLISHED["bgnbd_cdnow_sample_39wk"]
DRAWS: Final = 300


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    return load_cdnow(sample=True)


@pytest.fixture(scope="module")
def summary(orders: pd.DataFrame) -> CustomerSummary:
    return summarise(orders, until=UNTIL)


@pytest.fixture(scope="module")
def published() -> FittedPurchases:
    """BG/NBD at the published estimates of the sample."""
    return BetaGeoModel.from_parameters(unit="W", **{name: BG["computed"][name] for name in ("r", "alpha", "a", "b")})


@pytest.fixture(scope="module")
def tracked(published: FittedPurchases, summary: CustomerSummary, orders: pd.DataFrame) -> Tracking:
    return tracking(published, summary, orders, draws=DRAWS)


@pytest.fixture(scope="module")
def compared(published: FittedPurchases, summary: CustomerSummary, orders: pd.DataFrame) -> Holdout:
    spend = GammaGammaModel().fit(summary)
    return holdout(published, spend, summary, orders, through=THROUGH, draws=DRAWS)


# ---- tracking ------------------------------------------------------------------------------------


def test_weeks_are_counted_from_the_cut_off_in_both_directions(tracked: Tracking) -> None:
    frame = tracked.frame
    assert (frame["week_end"].diff().dropna() == pd.Timedelta(days=7)).all()
    assert frame.loc[~frame["forecast"], "week_end"].max() == pd.Timestamp(UNTIL)
    assert frame["week_end"].max() == pd.Timestamp(THROUGH)
    assert frame["forecast"].sum() == 39


def test_actual_purchases_are_those_of_a_loop_over_the_log(tracked: Tracking, orders: pd.DataFrame) -> None:
    first: dict[int, pd.Timestamp] = {}
    repeats = []
    for customer, day in sorted(set(zip(orders["customer_id"], orders["date"], strict=True))):
        if customer in first:
            repeats.append(day)
        first.setdefault(customer, day)
    ends = tracked.frame["week_end"]
    by_hand = [sum(end - pd.Timedelta(days=7) < day <= end for day in repeats) for end in ends]
    assert tracked.frame["actual"].tolist() == by_hand
    assert tracked.frame["cumulative_actual"].iloc[-1] == BG["unconditional_cum"]["actual_wk78"]


def test_the_expectation_up_to_the_cut_off_is_the_published_one(tracked: Tracking) -> None:
    at_cut_off = tracked.frame.loc[~tracked.frame["forecast"], "cumulative_expected"].iloc[-1]
    assert at_cut_off == pytest.approx(BG["unconditional_cum"]["wk39"], abs=0.5)


def test_the_expectation_of_a_longer_past_is_the_published_one(
    published: FittedPurchases, orders: pd.DataFrame
) -> None:
    late = tracking(published, summarise(orders, until=THROUGH), orders)
    assert late.frame["cumulative_expected"].iloc[-1] == pytest.approx(BG["unconditional_cum"]["wk78"], abs=0.5)
    assert not late.frame["forecast"].any()
    assert late.seen.empty


def test_the_forecast_is_the_one_that_forecast_makes(
    tracked: Tracking, published: FittedPurchases, summary: CustomerSummary
) -> None:
    known = tracked.frame.loc[~tracked.frame["forecast"], "cumulative_actual"].iloc[-1]
    for weeks, accuracy in ((13, 0.01), (39, 1e-9)):
        exact = forecast(published, None, summary, f"{weeks}W", draws=10).total["purchases_mean"].item()
        row = tracked.frame[tracked.frame["forecast"]].iloc[weeks - 1]
        assert row["cumulative_expected"] - known == pytest.approx(exact, rel=accuracy)


def test_bands_lie_within_each_other_around_the_expectation(tracked: Tracking) -> None:
    ahead = tracked.frame[tracked.frame["forecast"]]
    for prefix in ("", "cumulative_"):
        levels = ahead[[f"{prefix}{name}" for name in ("q05", "q10", "q25", "q50", "q75", "q90", "q95")]]
        assert (np.diff(levels.to_numpy(), axis=1) >= 0).all()
        assert ahead[f"{prefix}expected"].between(levels.iloc[:, 0], levels.iloc[:, -1]).all()


def test_weeks_add_up_to_what_is_cumulative(tracked: Tracking) -> None:
    frame = tracked.frame
    past, ahead = frame[~frame["forecast"]], frame[frame["forecast"]]
    np.testing.assert_allclose(past["expected"].cumsum(), past["cumulative_expected"])
    known = past["cumulative_actual"].iloc[-1]
    np.testing.assert_allclose(known + ahead["expected"].cumsum(), ahead["cumulative_expected"])


def test_beyond_the_log_there_is_a_forecast_and_nothing_actual(
    published: FittedPurchases, summary: CustomerSummary, orders: pd.DataFrame
) -> None:
    known = orders[orders["date"] <= UNTIL]
    ahead = tracking(published, summary, known, through="1997-12-31", draws=20)
    future = ahead.frame[ahead.frame["forecast"]]
    assert len(future) == 13
    assert future["actual"].isna().all()
    assert future["expected"].gt(0).all()
    assert ahead.seen.empty


def test_the_unit_of_time_does_not_change_the_tracking(orders: pd.DataFrame, tracked: Tracking) -> None:
    parameters = {name: BG["computed"][name] for name in ("r", "a", "b")}
    daily = BetaGeoModel.from_parameters(unit="D", alpha=7.0 * BG["computed"]["alpha"], **parameters)
    in_days = tracking(daily, summarise(orders, until=UNTIL, unit="D"), orders, draws=DRAWS)
    pd.testing.assert_frame_equal(in_days.frame, tracked.frame, rtol=1e-3)


def test_a_summary_of_other_customers_is_refused(
    published: FittedPurchases, summary: CustomerSummary, orders: pd.DataFrame
) -> None:
    some = summary.select(summary.frame["frequency"].to_numpy() > 0)
    with pytest.raises(InputError, match=r"2,357 customers up to the cut-off, the summary 946.*acquired_from"):
        tracking(published, some, orders)
    with pytest.raises(InputError, match=r"2,357.*946"):
        holdout(published, None, some, orders, through=THROUGH)


def test_a_summary_without_a_cut_off_is_refused(
    published: FittedPurchases, summary: CustomerSummary, orders: pd.DataFrame
) -> None:
    bare = CustomerSummary.from_frame(summary.frame, unit="W")
    with pytest.raises(InputError, match="until="):
        tracking(published, bare, orders)


@pytest.mark.parametrize("through", ["1997-09-30", "1997-01-31"])
def test_a_holdout_that_ends_by_the_cut_off_is_refused(
    published: FittedPurchases, summary: CustomerSummary, orders: pd.DataFrame, through: str
) -> None:
    with pytest.raises(InputError, match=f"after the cut-off 1997-09-30, got {through}"):
        holdout(published, None, summary, orders, through=through)


# ---- the holdout ---------------------------------------------------------------------------------


def test_totals_are_the_published_ones(compared: Holdout) -> None:
    purchases, spend = compared.total_of("purchases"), compared.total_of("spend")
    assert purchases["actual"] == PUBLISHED["cdnow"]["sample_39wk"]["repeat_txn_holdout"]
    assert spend["actual"] == pytest.approx(PUBLISHED["cdnow"]["sample_39wk"]["holdout_revenue"], abs=1)
    assert purchases["mean"] == pytest.approx(BG["holdout39"]["total"], abs=0.5)
    assert purchases["ratio"] == purchases["actual"] / purchases["mean"]


def test_a_total_outside_its_interval_is_called_so(compared: Holdout) -> None:
    total = compared.total_of("purchases")
    assert total["actual"] > total["q95"]
    assert not total["inside"]


def test_the_horizon_is_named_in_weeks_or_days(
    compared: Holdout, published: FittedPurchases, summary: CustomerSummary, orders: pd.DataFrame
) -> None:
    assert (compared.horizon, compared.weeks) == ("39W", 39.0)
    assert holdout(published, None, summary, orders, through="1997-10-10", draws=10).horizon == "10D"


def test_coverage_is_that_of_a_loop_over_customers(compared: Holdout) -> None:
    inside = [row.purchases_q05 <= row.purchases_actual <= row.purchases_q95 for row in compared.customers.itertuples()]
    assert compared.coverage_of("purchases", 0.9) == pytest.approx(np.mean(inside))
    assert 0.90 <= compared.coverage_of("purchases", 0.9) <= 0.97


def test_groups_by_frequency_are_those_of_a_loop(compared: Holdout, summary: CustomerSummary) -> None:
    band = summary.frame["frequency"].clip(upper=7).to_numpy()
    for group in compared.by_frequency.itertuples():
        who = band == group.frequency
        assert group.customers == who.sum()
        assert group.actual == pytest.approx(compared.customers.loc[who, "purchases_actual"].mean())
        assert group.mean == pytest.approx(compared.customers.loc[who, "purchases_mean"].mean())
        assert group.q05 <= group.mean <= group.q95
    assert compared.by_frequency["customers"].sum() == len(summary)


def test_tenths_by_probability_hold_every_customer_once(compared: Holdout) -> None:
    tenths = compared.by_p_active
    assert tenths["customers"].sum() == len(compared.customers)
    assert tenths["customers"].max() - tenths["customers"].min() <= 1
    assert tenths["predicted"].is_monotonic_increasing
    active = np.average(tenths["actual"], weights=tenths["customers"])
    assert active == pytest.approx((compared.customers["purchases_actual"] > 0).mean())


def test_the_attribute_that_groups_is_not_left_behind(compared: Holdout, summary: CustomerSummary) -> None:
    assert not compared.forecast.groups
    assert not any("band" in str(name) for name in (*compared.customers, *summary.frame))


def test_without_spend_purchases_are_compared_alone(
    published: FittedPurchases, summary: CustomerSummary, orders: pd.DataFrame
) -> None:
    found = holdout(published, None, summary, orders, through="1997-10-31", draws=50)
    assert found.total["quantity"].tolist() == ["purchases"]
    assert set(found.coverage["quantity"]) == {"purchases"}
