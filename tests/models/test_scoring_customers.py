"""Plain rules, the tables of scores, and the verdict in words."""

from __future__ import annotations

import math
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.ground.calendar import Calendar
from lifeworth.models.ground.intervals import LEVELS
from lifeworth.models.scoring.baselines import BASELINES, RULES, Past, plain_forecasts
from lifeworth.models.scoring.customers import (
    PERFECT,
    RECENCY_EDGES,
    CustomerForecast,
    CustomerTables,
    score_customers,
)
from lifeworth.models.scoring.outcomes import score_draws
from lifeworth.models.scoring.verdict import verdict

HORIZON = 39.0
SCORES = [
    "quantity", "model", "customers", "actual", "predicted", "bias", "mae", "rmse", "crps", "log_score", "coverage_50",
    "coverage_80", "coverage_90", "auc", "brier", "gini", "capture_05", "capture_10", "capture_20",
]  # fmt: skip


def some(customers: int, seed: int = 0) -> lw.CustomerSummary:
    """Customers of many habits, in weeks."""
    rng = np.random.default_rng(seed)
    T = rng.integers(0, 80, customers).astype(float)
    x = np.where(T > 0.0, rng.poisson(rng.gamma(0.4, 3.0, customers)), 0)
    recency = np.where(x > 0, np.ceil(rng.uniform(0.01, 1.0, customers) * T), 0.0)
    frame = pd.DataFrame({"customer_id": np.arange(customers), "frequency": x, "recency": recency, "T": T})
    frame["monetary_value"] = np.where(x > 0, rng.gamma(4.0, 10.0, customers), 0.0)
    frame["monetary_value_all"] = rng.gamma(4.0, 10.0, customers)
    return lw.CustomerSummary.from_frame(frame, unit="W", until="2020-06-30")


def forecasts_of(
    customers: int, model: str = "BG/NBD", seed: int = 1
) -> tuple[list[CustomerForecast], dict[str, np.ndarray]]:
    """A model that is right, and what came: one more draw of each quantity."""
    rng = np.random.default_rng(seed)
    purchases = rng.poisson(rng.gamma(0.4, 3.0, (customers, 1)), (customers, 41)).astype(float)
    spend = purchases * rng.gamma(2.0, 20.0, (customers, 41))
    said, came = [], {}
    for quantity, values in (("purchases", purchases), ("spend", spend)):
        came[quantity] = values[:, 0]
        of = score_draws(values[:, 1:], values[:, 0], LEVELS, rng.random(customers))
        more = {"p_active": (values[:, 1:] > 0).mean(axis=1), "log_score": -rng.random(customers)}
        said.append(
            CustomerForecast(
                model, quantity, of.mean, of.quantiles, of.crps, of.pit, **more if quantity == "purchases" else {}
            )
        )
    return said, came


@pytest.fixture
def tables() -> CustomerTables:
    summary = some(400)
    said, came = forecasts_of(400)
    rules = plain_forecasts(Past.of(summary.frame, HORIZON, came["purchases"], came["spend"]))
    return score_customers(said, rules, came, summary)


# ---- plain rules -----------------------------------------------------------------------------------


def test_every_rule_has_a_name_and_a_sentence() -> None:
    assert BASELINES == ("past spend", "recency", "own rate", "last period repeated", "zero")
    assert all(rule.says.endswith(".") and " " in rule.says for rule in RULES)


def test_past_spend_goes_on_over_a_time_no_shorter_than_the_horizon(four: lw.CustomerSummary) -> None:
    said = plain_forecasts(Past.of(four.frame, 13.0))["past spend"]
    spent = np.array([1 * 20.0, 3 * 15.0, 6 * 36.0, 27 * 31.0])
    np.testing.assert_allclose(said.spend, spent / four.frame["T"] * 13.0)
    np.testing.assert_allclose(plain_forecasts(Past.of(four.frame, 52.0))["past spend"].spend, spent)
    assert said.purchases is None
    np.testing.assert_array_equal(said.order_by("purchases"), said.spend)


def test_recency_only_orders_the_latest_buyer_first(four: lw.CustomerSummary) -> None:
    said = plain_forecasts(Past.of(four.frame, 13.0))["recency"]
    assert (said.purchases, said.spend, said.p_active) == (None, None, None)
    np.testing.assert_allclose(said.order, [-38.86, -35.36, -3.75, -0.14])


def test_the_own_rate_is_repeats_over_time_and_nothing_on_the_first_day(four: lw.CustomerSummary) -> None:
    frame = four.frame.assign(T=[0.0, 38.86, 39.0, 31.0])
    said = plain_forecasts(Past.of(frame, 13.0))["own rate"]
    np.testing.assert_allclose(said.purchases, [0.0, 2 / 38.86 * 13, 5 / 39 * 13, 26 / 31 * 13])
    np.testing.assert_allclose(said.spend, [0.0, 25.0 / 38.86 * 13, 200.0 / 39 * 13, 780.0 / 31 * 13])


def test_the_last_period_is_repeated_where_it_is_known(four: lw.CustomerSummary) -> None:
    assert "last period repeated" not in plain_forecasts(Past.of(four.frame, 13.0))
    said = plain_forecasts(Past.of(four.frame, 13.0, np.array([0, 1, 2, 3])))["last period repeated"]
    np.testing.assert_array_equal(said.purchases, [0.0, 1.0, 2.0, 3.0])
    assert said.spend is None


def test_zero_says_that_nobody_buys(four: lw.CustomerSummary) -> None:
    said = plain_forecasts(Past.of(four.frame, 13.0))["zero"]
    for values in (said.purchases, said.spend, said.p_active):
        np.testing.assert_array_equal(values, np.zeros(4))


def test_without_amounts_no_rule_speaks_of_spend_but_zero(four: lw.CustomerSummary) -> None:
    frame = four.frame.drop(columns=["monetary_value", "monetary_value_all"])
    said = plain_forecasts(Past.of(frame, 13.0))
    assert list(said) == ["recency", "own rate", "zero"]
    assert said["own rate"].spend is None


def test_without_first_amounts_past_spend_is_that_of_repeats(four: lw.CustomerSummary) -> None:
    said = plain_forecasts(Past.of(four.frame.drop(columns="monetary_value_all"), 52.0))
    np.testing.assert_allclose(said["past spend"].spend, [0.0, 25.0, 200.0, 780.0])


@pytest.mark.parametrize("horizon", [0.0, -1.0, math.inf, math.nan])
def test_rules_need_a_horizon_with_an_end(four: lw.CustomerSummary, horizon: float) -> None:
    with pytest.raises(lw.InputError, match="horizon: expected a length above 0"):
        Past.of(four.frame, horizon)


def test_the_last_period_is_one_number_a_customer(four: lw.CustomerSummary) -> None:
    with pytest.raises(lw.InputError, match="last_spend: expected one number for each of 4 customers"):
        Past.of(four.frame, 13.0, np.zeros(4), np.zeros(3))


# ---- tables ----------------------------------------------------------------------------------------


def test_scores_have_one_row_a_quantity_and_model_or_rule(tables: CustomerTables) -> None:
    assert list(tables.scores.columns) == SCORES
    names = ["BG/NBD", *BASELINES]
    found = tables.scores.groupby("quantity")["model"].apply(list)
    assert sorted(found["purchases"]) == sorted(found["spend"]) == sorted(names)
    assert (tables.scores["customers"] == 400).all()


def test_scores_are_means_over_customers() -> None:
    summary = some(50)
    said, came = forecasts_of(50)
    row = score_customers(said, {}, came, summary).scores.set_index("quantity").loc["purchases"]
    mean, actual = said[0].mean, came["purchases"]
    low, high = said[0].quantiles[[LEVELS.index(0.1), LEVELS.index(0.9)]]
    expected = {
        "actual": actual.mean(), "predicted": mean.mean(), "bias": mean.sum() / actual.sum() - 1.0,
        "mae": np.abs(mean - actual).mean(), "rmse": math.sqrt(((mean - actual) ** 2).mean()),
        "crps": said[0].crps.mean(), "log_score": said[0].log_score.mean(),
        "coverage_80": np.mean((low <= actual) & (actual <= high)),
        "brier": np.mean((said[0].p_active - (actual > 0)) ** 2),
    }  # fmt: skip
    for name, value in expected.items():
        assert row[name] == pytest.approx(value, rel=1e-12), name


def test_the_crps_of_a_rule_is_its_mean_absolute_error(tables: CustomerTables) -> None:
    of_rules = tables.scores[tables.scores["model"].isin(BASELINES)]
    pd.testing.assert_series_equal(of_rules["crps"], of_rules["mae"], check_names=False)
    own = of_rules[of_rules["model"] == "own rate"]
    assert own["crps"].notna().all()


def test_what_a_rule_does_not_say_is_nan(tables: CustomerTables) -> None:
    rows = tables.scores.set_index(["quantity", "model"])
    rank = ["gini", "capture_05", "capture_10", "capture_20"]
    recency = rows.loc[("purchases", "recency")]
    assert recency[["predicted", "bias", "mae", "rmse", "crps", "log_score", "coverage_90", "brier"]].isna().all()
    assert recency[["auc", *rank]].notna().all()
    assert math.isnan(rows.loc[("purchases", "past spend"), "mae"])
    assert rows.loc[("spend", "past spend"), "mae"] > 0.0
    assert rows.loc["spend"][["auc", "brier", "log_score"]].isna().all(axis=None)
    zero = rows.loc[("purchases", "zero")]
    np.testing.assert_allclose(zero[["auc", *rank]].astype(float), [0.5, 0.0, 0.05, 0.1, 0.2], atol=1e-12)
    assert zero["bias"] == -1.0


def test_pit_is_counted_in_twentieths(tables: CustomerTables) -> None:
    assert list(tables.pit.columns) == ["quantity", "model", "bin", "customers", "share"]
    for _, rows in tables.pit.groupby("quantity"):
        np.testing.assert_array_equal(rows["bin"], np.arange(20))
        assert rows["customers"].sum() == 400
        assert rows["share"].sum() == pytest.approx(1.0)


def test_a_transform_at_its_very_end_is_in_the_last_bin() -> None:
    said, came = forecasts_of(3)
    said = [replace(said[0], pit=np.array([0.0, 0.05, 1.0]))]
    pit = score_customers(said, {}, came, some(3)).pit.set_index("bin")["customers"]
    assert pit[pit > 0].to_dict() == {0: 1, 1: 1, 19: 1}


def test_groups_hold_everybody_once(tables: CustomerTables) -> None:
    for table, first in (
        (tables.deciles, ["quantity", "model", "decile"]),
        (tables.by_frequency, ["quantity", "model", "frequency"]),
        (tables.by_recency, ["quantity", "model", "recency_from", "recency_to"]),
    ):
        assert list(table.columns) == [*first, "customers", "predicted", "actual"]
        for quantity, rows in table.groupby("quantity"):
            of = tables.scores.set_index(["quantity", "model"]).loc[(quantity, "BG/NBD")]
            assert rows["customers"].sum() == 400
            for name in ("predicted", "actual"):
                assert (rows["customers"] * rows[name]).sum() == pytest.approx(400 * of[name])
    assert list(tables.active.columns) == ["model", "decile", "customers", "predicted", "actual"]
    assert tables.active["customers"].sum() == 400


def test_frequencies_of_seven_and_more_are_one_group(four: lw.CustomerSummary) -> None:
    said, came = forecasts_of(4)
    table = score_customers(said[:1], {}, came, four).by_frequency
    assert table["frequency"].tolist() == [0, 2, 5, 7]
    np.testing.assert_allclose(table["predicted"], said[0].mean)


@pytest.mark.parametrize(("unit", "a_week"), [("H", 168.0), ("D", 7.0), ("W", 1.0), ("Y", 1.0 / 52.0)])
def test_recency_is_counted_in_days_whatever_the_unit(unit: str, a_week: float) -> None:
    days = np.array([0, 6, 7, 27, 28, 55, 91, 363, 364, 10_000])
    T = (days + 35) / 7 * a_week
    recency = np.full(10, 5 * a_week)
    frame = pd.DataFrame({"customer_id": days, "frequency": 1, "recency": recency, "T": T})
    said, came = forecasts_of(10)
    table = score_customers(said[:1], {}, came, lw.CustomerSummary.from_frame(frame, unit=unit)).by_recency
    assert table["recency_from"].tolist() == [0, 7, 14, 28, 91, 182, 364, 728]
    assert table["recency_to"].tolist() == [7, 14, 28, 56, 182, 364, 728, math.inf]
    assert table["customers"].tolist() == [2, 1, 1, 2, 1, 1, 1, 1]
    assert RECENCY_EDGES[-1] == math.inf


def test_recency_is_counted_in_days_of_the_calendar_whatever_the_season() -> None:
    orders, until = lw.load_cdnow(sample=True), "1997-09-30"
    season = Calendar.from_index(pd.Series(np.linspace(0.4, 2.0, 12), index=range(1, 13)))
    plain = lw.summarise(orders, until=until, unit="W")
    adjusted = lw.summarise(orders, until=until, unit="W", calendar=season)
    assert np.abs(adjusted.frame["T"] - plain.frame["T"]).max() > 1.0
    said, came = forecasts_of(len(plain))
    of_plain, of_adjusted = (score_customers(said, {}, came, summary).by_recency for summary in (plain, adjusted))
    pd.testing.assert_frame_equal(of_plain, of_adjusted)


def test_gain_is_drawn_for_models_rules_and_perfect_foresight(tables: CustomerTables) -> None:
    assert list(tables.gain.columns) == ["quantity", "model", "share", "captured"]
    assert set(tables.gain["model"]) == {"BG/NBD", *BASELINES, PERFECT}
    for (_, model), curve in tables.gain.groupby(["quantity", "model"]):
        np.testing.assert_allclose(curve["share"], np.linspace(0.0, 1.0, 51))
        assert curve["captured"].iloc[0] == 0.0, model
        assert curve["captured"].iloc[-1] == pytest.approx(1.0)
    at_tenth = tables.gain[np.isclose(tables.gain["share"], 0.1)].set_index(["quantity", "model"])["captured"]
    captured = tables.scores.set_index(["quantity", "model"])["capture_10"]
    pd.testing.assert_series_equal(at_tenth[captured.index], captured, check_names=False)


def test_the_order_of_customers_does_not_matter_to_any_table(tables: CustomerTables) -> None:
    summary = some(400)
    said, came = forecasts_of(400)
    order = np.random.default_rng(9).permutation(400)
    moved = [
        replace(
            one, mean=one.mean[order], quantiles=one.quantiles[:, order], crps=one.crps[order], pit=one.pit[order],
            p_active=None if one.p_active is None else one.p_active[order],
            log_score=None if one.log_score is None else one.log_score[order],
        )
        for one in said
    ]  # fmt: skip
    frame = summary.frame.iloc[order].reset_index(drop=True)
    past = Past.of(frame, HORIZON, came["purchases"][order], came["spend"][order])
    again = score_customers(
        moved,
        plain_forecasts(past),
        {name: values[order] for name, values in came.items()},
        lw.CustomerSummary.from_frame(frame, unit="W"),
    )
    for name in ("scores", "pit", "deciles", "active", "by_frequency", "by_recency", "gain"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(tables, name), rtol=1e-10, obj=name)


def test_where_nobody_bought_what_cannot_be_said_is_nan() -> None:
    summary = some(30)
    said, came = forecasts_of(30)
    nothing = {name: np.zeros(30) for name in came}
    found = score_customers(said, plain_forecasts(Past.of(summary.frame, HORIZON)), nothing, summary)
    undefined = ["bias", "auc", "brier", "gini", "capture_05", "capture_10", "capture_20"]
    assert found.scores[undefined].isna().all(axis=None)
    assert (found.scores["actual"] == 0.0).all()
    assert found.gain["captured"].isna().all()
    assert (found.deciles["actual"] == 0.0).all()


def test_one_customer_is_scored() -> None:
    said, came = forecasts_of(1, seed=3)
    summary = some(1)
    found = score_customers(said, plain_forecasts(Past.of(summary.frame, HORIZON)), came, summary)
    assert found.scores["gini"].isna().all()
    assert found.deciles["decile"].tolist() == [1, 1]


def test_purchases_alone_are_scored_alone() -> None:
    said, came = forecasts_of(20)
    came.pop("spend")
    summary = some(20)
    found = score_customers(said[:1], plain_forecasts(Past.of(summary.frame, HORIZON)), came, summary)
    assert set(found.scores["quantity"]) == {"purchases"}
    silent = replace(said[0], p_active=None, log_score=None)
    found = score_customers([silent], {}, came, summary)
    assert found.scores[["auc", "brier", "log_score"]].isna().all(axis=None)
    assert list(found.active.columns) == ["model", "decile", "customers", "predicted", "actual"]
    assert found.active.empty


def test_arrays_that_do_not_fit_are_refused() -> None:
    said, came = forecasts_of(20)
    with pytest.raises(lw.InputError, match=r"pit of BG/NBD: expected shape \(20,\)"):
        replace(said[0], pit=np.zeros(19))
    with pytest.raises(lw.InputError, match=r"quantiles of BG/NBD: expected shape \(7, 20\)"):
        replace(said[0], quantiles=np.zeros((3, 20)))
    with pytest.raises(lw.InputError, match="forecasts: mean purchases of BG/NBD: expected shape"):
        score_customers(said, {}, came, some(21))
    with pytest.raises(lw.InputError, match="actual: spend: expected shape"):
        score_customers(said, {}, {**came, "spend": np.zeros(3)}, some(20))
    with pytest.raises(lw.InputError, match="BG/NBD is about 'spend', of which `actual` knows nothing"):
        score_customers(said, {}, {"purchases": came["purchases"]}, some(20))
    with pytest.raises(lw.InputError, match='actual: expected "purchases"'):
        score_customers(said, {}, {"spend": came["spend"]}, some(20))
    with pytest.raises(lw.InputError, match="forecasts: expected one or more"):
        score_customers([], {}, came, some(20))


def test_scores_do_not_import_scikit_learn_before_they_need_it() -> None:
    import subprocess

    code = "import sys, lifeworth.models.scoring.customers; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ---- verdict ---------------------------------------------------------------------------------------


def scores_of(rows: dict[str, list[float]], quantity: str = "purchases", **cell: str) -> pd.DataFrame:
    """Scores as a backtest has them; NaN where a row says nothing."""
    columns = ["crps", "auc", "gini", "capture_10"]
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("model").reset_index()
    return frame.assign(quantity=quantity, mae=1.0, **cell)


def about(sentences: tuple[str, ...], what: str) -> str:
    found = [sentence for sentence in sentences if sentence.startswith(what)]
    assert len(found) == 1, sentences
    return found[0]


@pytest.fixture
def rows() -> dict[str, list[float]]:
    return {
        "BG/NBD": [0.510, 0.757, 0.663, 0.467],
        "Pareto/NBD": [0.530, 0.763, 0.650, 0.440],
        "recency": [np.nan, 0.785, 0.649, 0.429],
        "own rate": [1.024, 0.760, 0.658, 0.4],
        "zero": [0.798, 0.5, 0.0, 0.1],
    }


def test_the_verdict_names_the_best_model_and_the_best_plain_rule(rows) -> None:
    said = verdict(scores_of(rows))
    assert said[0] == "One origin and one horizon: what wins here may lose elsewhere."
    assert about(said, "Number of purchases") == (
        "Number of purchases: BG/NBD comes nearest "
        '(CRPS 0.510, Pareto/NBD 0.530; best plain rule, "zero": 0.798).'
    )  # fmt: skip


def test_the_verdict_says_so_where_a_plain_rule_wins(rows) -> None:
    assert about(verdict(scores_of(rows)), "Who buys again") == (
        'Who buys again: the plain rule "recency" is better than every model (AUC 0.785 against 0.763 of Pareto/NBD).'
    )


def test_the_verdict_calls_equal_what_hardly_differs(rows) -> None:
    assert about(verdict(scores_of(rows)), "Order of customers by purchases") == (
        'Order of customers by purchases: the plain rule "own rate" is as good as the best model '
        "(normalised Gini 0.658 against 0.663 of BG/NBD)."
    )
    rows["Pareto/NBD"][0] = 0.512
    assert "BG/NBD comes nearest, hardly better than Pareto/NBD (" in about(
        verdict(scores_of(rows)), "Number of purchases"
    )


def test_the_verdict_is_on_means_over_origins_and_horizons(rows) -> None:
    worse = {**rows, "BG/NBD": [0.610, 0.757, 0.663, 0.467], "Pareto/NBD": [0.530, 0.763, 0.650, 0.440]}
    both = pd.concat(
        [scores_of(rows, origin="1997-06-30", horizon="13W"), scores_of(worse, origin="1997-09-30", horizon="13W")]
    )
    said = verdict(both)
    assert said[0] == "Means over 2 origins and 1 horizon."
    assert "Pareto/NBD comes nearest (CRPS 0.530, BG/NBD 0.560;" in about(said, "Number of purchases")


def test_a_rule_that_is_missing_somewhere_is_held_against_models_where_it_is_there(rows) -> None:
    easy = {"BG/NBD": [0.2, 0.9, 0.9, 0.9], "Pareto/NBD": [0.2, 0.9, 0.9, 0.9], "zero": [0.3, 0.5, 0.0, 0.1]}
    easy["last period repeated"] = [0.25, 0.88, 0.88, 0.88]
    both = pd.concat([scores_of(rows, origin="a", horizon="13W"), scores_of(easy, origin="b", horizon="13W")])
    assert about(verdict(both), "Number of purchases").endswith(
        '(CRPS 0.355, Pareto/NBD 0.365; best plain rule, "last period repeated": '
        "0.250 against 0.200 of BG/NBD, at 1 of 2)."
    )


def test_the_verdict_does_not_look_at_the_mean_absolute_error(rows) -> None:
    scores = scores_of(rows)
    scores["mae"] = np.where(scores["model"] == "zero", 0.0, 9.0)
    assert verdict(scores) == verdict(scores_of(rows))


def test_the_verdict_speaks_of_spend_and_of_a_model_alone() -> None:
    alone = scores_of({"BG/NBD": [20.39, np.nan, 0.638, 0.502]}, "spend")
    assert verdict(alone)[1:] == (
        "Amount spent: BG/NBD comes nearest (CRPS 20.4).",
        "Order of customers by spend: BG/NBD is best (normalised Gini 0.638).",
        "The tenth who spend most: BG/NBD finds most (share of spend 0.502).",
    )


def test_where_nobody_bought_the_verdict_leaves_out_what_cannot_be_said(rows) -> None:
    nothing = {name: [values[0], np.nan, np.nan, np.nan] for name, values in rows.items()}
    said = verdict(scores_of(nothing))
    assert len(said) == 2
    assert said[1].startswith("Number of purchases")


def test_a_verdict_needs_models_and_scores(rows, tables: CustomerTables) -> None:
    assert len(verdict(tables.scores)) == 8
    with pytest.raises(lw.InputError, match="they lack a model beside the plain rules"):
        verdict(scores_of({"zero": rows["zero"]}))
    with pytest.raises(lw.InputError, match="they lack columns gini"):
        verdict(scores_of(rows).drop(columns="gini"))
