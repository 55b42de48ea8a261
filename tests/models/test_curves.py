"""Curves of a customer just acquired: the naive simulation, the models' own expectations, and honest labels."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.ground.calendar import Calendar
from lifeworth.models.ground.errors import InputError
from lifeworth.models.prediction.curves import repeat_curve, repeat_curve_of_summary, survival_curve

AGES: Final = (4, 26, 52)
LIVES: Final = 10_000
SIGMA: Final = 5.0
"""Beyond five deviations once in 1.7 million: of some hundred comparisons, one fails once in ten thousand runs."""


def simulated(known: Any, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Time at which each customer leaves, and repeat purchases by each of `AGES`, in weeks, event by event."""
    rate, dropout, lifetime = known.witness.population(rng, LIVES, **known.parameters)
    gone, counts = lifetime.copy(), np.zeros((len(AGES), LIVES))
    time, going = np.zeros(LIVES), np.arange(LIVES)
    while len(going):
        time[going] += rng.exponential(1.0, len(going)) / rate[going]
        going = going[time[going] <= np.minimum(gone[going], AGES[-1])]
        counts[:, going] += time[going] <= np.array(AGES)[:, None]
        leaves = rng.random(len(going)) < dropout[going]
        gone[going[leaves]] = time[going[leaves]]
        going = going[~leaves]
    return gone, counts


def at(curve: pd.DataFrame, quantity: str, weeks: int) -> float:
    return float(curve.loc[(curve["quantity"] == quantity) & (curve["age"] == f"{weeks}W"), "mean"].item())


def test_curves_are_those_of_customers_simulated_one_event_after_another(known_purchases: Any) -> None:
    gone, counts = simulated(known_purchases, np.random.default_rng(1))
    curves = pd.concat([survival_curve(known_purchases.fitted, "52W"), repeat_curve(known_purchases.fitted, "52W")])
    for place, weeks in enumerate(AGES):
        for quantity, outcome in (
            ("survival", gone > weeks), ("repeat", counts[place] > 0), ("repeat_purchases", counts[place])
        ):  # fmt: skip
            error = outcome.std() / LIVES**0.5
            assert abs(at(curves, quantity, weeks) - outcome.mean()) <= SIGMA * error, (quantity, weeks)


def test_survival_starts_with_those_who_do_not_leave_at_once(known_purchases: Any) -> None:
    alive, _, _ = known_purchases.witness.population(np.random.default_rng(2), LIVES, **known_purchases.parameters)[
        ::-1
    ]
    first = at(survival_curve(known_purchases.fitted, "4W"), "survival", 0)
    share = float((alive > 0.0).mean())
    assert abs(first - share) <= SIGMA * (max(share * (1.0 - share), 1e-12) / LIVES) ** 0.5


def test_expected_repeat_purchases_are_those_of_a_new_customer(known_purchases: Any) -> None:
    curve = repeat_curve(known_purchases.fitted, "3Y")
    assert curve["age"].iloc[-1] == "36M"
    for months in (1, 12, 36):
        expected = known_purchases.fitted.expected_purchases_new_customer(f"{months}M")["mean"].item()
        row = curve[(curve["quantity"] == "repeat_purchases") & (curve["months"] == months)]
        assert row["mean"].item() == pytest.approx(expected, rel=1e-9)


def test_curves_go_one_way_within_credible_bands_and_are_labelled_as_modelled(
    transaction_model: type, fitted: Any
) -> None:
    purchases = fitted(transaction_model, draws=200)
    curves = pd.concat([survival_curve(purchases, "24M"), repeat_curve(purchases, "24M")], ignore_index=True)
    assert set(curves["kind"]) == {"modelled"}
    assert list(curves.columns) == ["quantity", "age", "months", "mean", "q05", "q95", "kind"]
    for quantity, table in curves.groupby("quantity"):
        assert table["months"].tolist() == list(range(25))
        steps = np.diff(table["mean"])
        assert (steps < 0.0).all() if quantity == "survival" else (steps > 0.0).all()
        assert (table["q05"] <= table["mean"]).all()
        assert (table["mean"] <= table["q95"]).all()
        assert table["q05"].iloc[-1] < table["q95"].iloc[-1]


def test_credible_bands_come_from_the_draws_of_the_parameters(transaction_model: type, fitted: Any) -> None:
    purchases = fitted(transaction_model, draws=200)
    x, T = np.zeros(1, dtype=np.int64), np.zeros(1)
    month = 52.0 / 12.0
    found = []
    for draw in purchases.theta(200).T:
        theta = draw[:, None]
        alive = purchases.model.probability_alive(draw, 0, 0.0, 0.0)
        found.append(float(alive * purchases.model.survival_if_alive(theta, x, T, 6.0 * month)[0, 0]))
    row = survival_curve(purchases, "6M").iloc[-1]
    assert row["mean"] == pytest.approx(np.mean(found))
    assert [row["q05"], row["q95"]] == pytest.approx(np.quantile(found, [0.05, 0.95]).tolist())


# ---- kinds of customers --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def by_channel(cdnow_sample: Any) -> tuple[Any, Any]:
    """A model that knows a channel, and customers who have a region as well."""
    rng = np.random.default_rng(3)
    frame = cdnow_sample.frame.iloc[::6]
    more = frame["frequency"].to_numpy() + rng.normal(0.0, 2.0, len(frame)) > 1.0
    frame = frame.assign(channel=np.where(more, "shop", "ads"), region=rng.choice(["north", "south"], len(frame)))
    summary = lw.CustomerSummary.from_frame(frame, unit="W")
    return lw.ParetoNBDModel(covariates=["channel"]).fit(summary, draws=200), summary


def test_each_kind_of_customer_has_its_own_curve(by_channel: tuple[Any, Any]) -> None:
    purchases, summary = by_channel
    curve = repeat_curve(purchases, "12M", summary=summary, by="channel")
    last = curve[(curve["age"] == "12M") & (curve["quantity"] == "repeat")].set_index("channel")["mean"]
    assert last["shop"] > last["ads"] + 0.2
    cells = purchases.cells(summary)
    for label in ("ads", "shop"):
        cell = int(cells.of_customer[(summary.frame["channel"] == label).to_numpy()][0])
        theta = purchases.theta(200, cells, cell)
        none = purchases.model.none_if_alive(theta, 0, 0.0, 52.0)
        assert last[label] == pytest.approx(float((1.0 - none).mean()))


def test_customers_of_several_kinds_are_mixed_as_they_come(by_channel: tuple[Any, Any]) -> None:
    purchases, summary = by_channel
    each = survival_curve(purchases, "6M", summary=summary, by="channel").set_index(["channel", "age"])["mean"]
    mixed = survival_curve(purchases, "6M", summary=summary, by="region").set_index(["region", "age"])["mean"]
    for region, table in summary.frame.groupby("region"):
        shares = table["channel"].value_counts(normalize=True)
        for age in ("0M", "1M", "6M"):
            expected = sum(share * each[channel, age] for channel, share in shares.items())
            assert mixed[region, age] == pytest.approx(expected)
    whole = survival_curve(purchases, "6M", summary=summary)
    share = (summary.frame["channel"] == "shop").mean()
    expected = share * each["shop", "6M"] + (1.0 - share) * each["ads", "6M"]
    assert whole["mean"].iloc[-1] == pytest.approx(expected)
    assert "region" not in whole


# ---- the calendar --------------------------------------------------------------------------------


def test_in_a_calendar_the_day_of_the_first_purchase_counts(known: Any) -> None:
    if not known.fitted.model.leaves_at_purchases:
        with pytest.raises(InputError, match="no closed form with a calendar"):
            known.fitted.in_calendar(Calendar())
        return
    index = pd.Series([0.6] * 6 + [1.4] * 6, index=range(1, 13))
    calendar = Calendar.from_index(index)
    seasonal = known.fitted.in_calendar(calendar)
    quiet, busy = (repeat_curve(seasonal, "6M", acquired=f"1997-{day}")["mean"] for day in ("01-01", "07-01"))
    assert (quiet[1:7].to_numpy() < busy[1:7].to_numpy()).all()
    days = (pd.Timestamp("1997-07-01") - pd.Timestamp("1997-01-01")).days
    elapsed = float(calendar.elapsed_ahead(pd.Timestamp("1997-01-01"), days)) / 7.0
    stays = known.fitted.model.survival_if_alive(known.theta[:, None], np.zeros(1, dtype=int), np.zeros(1), elapsed)
    alive = known.fitted.model.probability_alive(known.theta, 0, 0.0, 0.0)
    found = survival_curve(seasonal, "6M", acquired="1997-01-01")["mean"].iloc[-1]
    assert found == pytest.approx(float(alive * stays[0, 0]))
    with pytest.raises(InputError, match="acquired: in a calendar it matters"):
        survival_curve(seasonal)


# ---- what the summary tells by itself ------------------------------------------------------------


def test_the_share_that_repeats_can_be_read_off_a_summary(known: Any, live: Any) -> None:
    rng = np.random.default_rng(4)
    lived = live(known, rng, np.repeat([20.0, 52.0], 2000), 0.0)
    curve = repeat_curve_of_summary(lived.summary, "52W")
    assert set(curve["kind"]) == {"observed, evenly spread"}
    assert curve.loc[curve["age"] == "20W", "customers"].item() == 4000
    assert curve.loc[curve["age"] == "21W", "customers"].item() == 2000
    modelled = repeat_curve(known.fitted, "52W")
    for weeks in AGES:
        row = curve[curve["age"] == f"{weeks}W"]
        error = (row["q95"].item() - row["q05"].item()) / (2.0 * 1.645)
        assert abs(row["mean"].item() - at(modelled, "repeat", weeks)) <= SIGMA * error


def test_the_share_that_repeats_is_near_that_of_the_log(cdnow_sample: Any) -> None:
    days = lw.load_cdnow(sample=True).drop_duplicates(["customer_id", "date"]).sort_values(["customer_id", "date"])
    nth = days.groupby("customer_id").cumcount()
    first = days[nth == 0].set_index("customer_id")["date"]
    second = days[nth == 1].set_index("customer_id")["date"].reindex(first.index)
    weeks = (second - first).dt.days.to_numpy() / 7.0
    curve = repeat_curve_of_summary(cdnow_sample, "39W").set_index("age")
    T = cdnow_sample.frame.set_index("customer_id")["T"].reindex(first.index).to_numpy()
    for age in (8, 16, 26):
        came = weeks[age <= T] <= age
        assert curve.loc[f"{age}W", "customers"] == len(came)
        # purchases come in bursts, so that the first repeats come sooner than if they were spread evenly
        assert abs(curve.loc[f"{age}W", "mean"] - came.mean()) < 0.02
    assert curve.index[-1] == "38W"  # the oldest are 38.9 weeks old


def test_ages_that_hardly_anybody_has_reached_are_left_out(four: Any) -> None:
    assert repeat_curve_of_summary(four).empty
    many = pd.concat([four.frame.assign(customer_id=place) for place in range(6)], ignore_index=True)
    many["customer_id"] = range(len(many))
    curve = repeat_curve_of_summary(lw.CustomerSummary.from_frame(many, unit="W"), "40W", by="channel")
    assert set(curve["channel"]) == {"search", "shop"}
    assert (curve["customers"] >= 10).all()
    assert curve.loc[curve["channel"] == "shop", "age"].iloc[-1] == "31W"  # six of the shop are 38 weeks old


# ---- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize("horizon", [36, "0M", "2.5M", "1998-01-01", None, "36"])
def test_a_horizon_that_is_no_whole_length_is_refused(known: Any, horizon: Any) -> None:
    with pytest.raises(InputError, match="expected the last age as a whole length"):
        survival_curve(known.fitted, horizon)


def test_more_ages_than_a_curve_needs_are_refused(known: Any) -> None:
    with pytest.raises(InputError, match="1,001 ages; expected at most 1,000"):
        repeat_curve(known.fitted, "1001D")


def test_curves_by_what_the_model_does_not_know_are_refused(known: Any, four: Any) -> None:
    with pytest.raises(InputError, match="the model takes all customers as alike"):
        survival_curve(known.fitted, summary=four, by="channel")


def test_curves_by_an_attribute_need_the_customers(by_channel: tuple[Any, Any]) -> None:
    purchases, summary = by_channel
    with pytest.raises(InputError, match="give their summary"):
        survival_curve(purchases, by="channel")
    with pytest.raises(InputError, match="'country' is no attribute"):
        survival_curve(purchases, summary=summary, by="country")


def test_a_model_that_is_not_fitted_is_refused() -> None:
    with pytest.raises(InputError, match="expected a fitted transaction model"):
        survival_curve(lw.BetaGeoModel())
