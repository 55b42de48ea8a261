"""A backtest forecasts with what was known at each origin, and with nothing else; its tables tell what came."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.ground.progress import set_reporter
from lifeworth.pipelines.backtesting.plan import Plan
from lifeworth.pipelines.orders.purchase_days import observed

ORIGINS: Final = ["1997-08-31", "1997-10-31", "1997-12-31"]
COLUMNS: Final = {"customer_id": "customer_id", "date": "date", "amount": "amount"}
SMALL: Final[dict[str, Any]] = {**COLUMNS, "horizons": ["4W", "13W"], "origins": ORIGINS, "draws": 60, "seed": 3}


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    return lw.load_cdnow(sample=True)


@pytest.fixture(scope="module")
def scorecard(orders: pd.DataFrame) -> lw.Scorecard:
    return lw.backtest(orders, models=[lw.BetaGeoModel(), lw.ParetoNBDModel()], customers=True, **SMALL)


def forecasts(found: lw.Scorecard) -> pd.DataFrame:
    """What was said, without what came."""
    assert found.customers is not None
    return found.customers.drop(columns=["actual", "crps", "log_score", "pit"])


def test_what_comes_after_an_origin_changes_no_forecast_made_at_it(
    orders: pd.DataFrame, scorecard: lw.Scorecard
) -> None:
    """No peeking: everything after the last origin is corrupted, then everything after the first."""
    for last in (2, 0):
        after = orders["date"] > pd.Timestamp(ORIGINS[last])
        corrupt = orders.copy()
        corrupt.loc[after, "amount"] *= 100.0
        corrupt.loc[after, "customer_id"] = corrupt.loc[after, "customer_id"].to_numpy()[::-1]
        strangers = corrupt[after].assign(customer_id=corrupt.loc[after, "customer_id"] + 1_000_000)
        other = lw.backtest(
            pd.concat([corrupt, strangers, strangers]),
            models=[lw.BetaGeoModel(), lw.ParetoNBDModel()],
            customers=True,
            **SMALL,
        )
        known = {pd.Timestamp(day) for day in ORIGINS[: last + 1]}
        said, again = (frame[frame["origin"].isin(known)] for frame in (forecasts(scorecard), forecasts(other)))
        pd.testing.assert_frame_equal(said, again)
        totals = [
            found.totals[found.totals["origin"].isin(known) & (found.totals["interval"] == "textbook")].drop(
                columns="actual"
            )
            for found in (scorecard, other)
        ]
        pd.testing.assert_frame_equal(*totals)


def test_honest_intervals_learn_only_from_what_had_come_by_their_origin(
    orders: pd.DataFrame, scorecard: lw.Scorecard
) -> None:
    """The first origin has seen no forecast come true; what comes after the second does not touch its interval."""
    early = orders[orders["date"] <= ORIGINS[2]]
    shorter = lw.backtest(
        early, models=[lw.BetaGeoModel()], **{**SMALL, "origins": ORIGINS[:2], "horizons": ["4W"], "until": ORIGINS[2]}
    )
    keys = {"horizon": "4W", "model": "BG/NBD", "interval": "honest"}
    here, there = (
        found.totals.loc[
            (found.totals[list(keys)] == pd.Series(keys)).all(axis=1) & (found.totals["origin"] <= ORIGINS[1])
        ]
        for found in (scorecard, shorter)
    )
    widths = [(table["q95"] / table["q05"]).to_numpy() for table in (here, there)]
    # the simulated futures differ with the horizons asked for: widths to 10 %
    np.testing.assert_allclose(*widths, rtol=0.1)


def test_totals_and_customers_are_those_of_a_forecast_made_by_hand(
    orders: pd.DataFrame, scorecard: lw.Scorecard
) -> None:
    origin = ORIGINS[1]
    summary = lw.summarise(orders, until=origin, **COLUMNS)
    fitted, spend = lw.BetaGeoModel().fit(summary, draws=1000, seed=3), lw.GammaGammaModel().fit(summary, seed=3)
    by_hand = lw.forecast(fitted, spend, summary, ["4W", "13W"], calibration="textbook")
    came = observed(orders, after=origin, until="1998-01-30", **COLUMNS)
    table = scorecard.totals
    for horizon in ("4W", "13W"):
        for quantity in ("purchases", "spend"):
            row = table[
                (table["origin"] == origin) & (table["horizon"] == horizon) & (table["quantity"] == quantity)
                & (table["model"] == "BG/NBD") & (table["interval"] == "textbook")
            ].iloc[0]  # fmt: skip
            expected = by_hand.total.set_index("horizon").loc[horizon]
            # another number of posterior draws: 0.5 %
            assert row["mean"] == pytest.approx(expected[f"{quantity}_mean"], rel=5e-3)
            if horizon == "13W":
                assert row["actual"] == pytest.approx(came[quantity].sum())
    assert scorecard.customers is not None
    rows = scorecard.customers
    rows = rows[
        (rows["origin"] == origin) & (rows["horizon"] == "13W") & (rows["quantity"] == "purchases")
        & (rows["model"] == "BG/NBD")
    ]  # fmt: skip
    assert rows["customer_id"].tolist() == summary.frame["customer_id"].tolist()
    np.testing.assert_array_equal(rows["actual"], came["purchases"])
    hand = by_hand.customers[by_hand.customers["horizon"] == "13W"]
    # of 100 posterior draws, those by hand of 1,000
    np.testing.assert_allclose(rows["mean"], hand["purchases_mean"], rtol=0.06)
    np.testing.assert_allclose(rows["p_active"], hand["p_active"], atol=0.02)


def test_scores_are_means_of_the_scores_of_customers(scorecard: lw.Scorecard) -> None:
    assert scorecard.customers is not None
    keys = ["origin", "horizon", "quantity", "model"]
    by_hand = scorecard.customers.groupby(keys)[["crps", "log_score", "mean", "actual"]].mean()
    table = scorecard.scores[scorecard.scores["model"].isin(scorecard.models)].set_index(keys)
    for name, column in (("crps", "crps"), ("log_score", "log_score"), ("predicted", "mean"), ("actual", "actual")):
        joined = table[name].to_frame("said").join(by_hand[column].rename("by_hand"))
        np.testing.assert_allclose(joined["said"], joined["by_hand"], rtol=1e-9)


def test_every_model_and_rule_stands_beside_the_others(scorecard: lw.Scorecard) -> None:
    assert scorecard.models == ("BG/NBD", "Pareto/NBD")
    found = scorecard.scores.groupby(["origin", "horizon"])["model"].unique()
    assert all(set(names) == {*scorecard.models, *scorecard.baselines} for names in found)
    assert len(scorecard.seconds) == len(ORIGINS)
    assert (scorecard.seconds["seconds"] > 0.0).all()
    assert any("CRPS" in sentence for sentence in scorecard.verdict)
    assert any(sentence.startswith("Totals:") for sentence in scorecard.verdict)


def test_errors_of_totals_are_the_clock_that_would_have_made_them_right(scorecard: lw.Scorecard) -> None:
    """More came than forecast: the clock should have run faster, by as much or more."""
    totals = scorecard.totals
    totals = totals[(totals["quantity"] == "purchases") & (totals["interval"] == "textbook")]
    totals = totals.assign(weeks=totals["horizon"].str[:-1].astype(int))
    joined = scorecard.errors.merge(totals, on=["origin", "model", "weeks"])
    ratio = np.log(joined["actual"] / joined["mean"])
    assert len(joined) == 12
    assert (np.sign(joined["clock"]) == np.sign(ratio)).all()
    assert (joined["clock"].abs() >= ratio.abs() - 1e-3).all()
    assert (joined["clock"].abs() <= 2.0 * ratio.abs() + 1e-3).all()


def test_honest_totals_are_wider_and_their_coverage_is_told(scorecard: lw.Scorecard) -> None:
    wide = scorecard.totals.assign(width=scorecard.totals["q95"] - scorecard.totals["q05"]).pivot_table(
        index=["origin", "horizon", "quantity", "model"], columns="interval", values="width"
    )
    assert (wide["honest"] > wide["textbook"]).all()
    told = scorecard.coverage_of_totals().set_index(["quantity", "model", "interval", "horizon"])
    rows = scorecard.totals
    rows = rows[(rows["quantity"] == "spend") & (rows["model"] == "Pareto/NBD") & (rows["interval"] == "honest")]
    held = rows["actual"].between(rows["q05"], rows["q95"]).mean()
    assert told.loc[("spend", "Pareto/NBD", "honest", "all"), "held"] == pytest.approx(held)


def test_the_same_seed_tells_the_same_and_rows_may_come_in_any_order(
    orders: pd.DataFrame, scorecard: lw.Scorecard
) -> None:
    shuffled = orders.sample(frac=1.0, random_state=5)
    again = lw.backtest(shuffled, models="BG/NBD", customers=True, **{**SMALL, "origins": ORIGINS[:1]})
    for name in ("scores", "totals", "customers"):
        whole, part = getattr(scorecard, name), getattr(again, name)
        same = whole[(whole["origin"] == ORIGINS[0]) & whole["model"].isin(part["model"].unique())]
        pd.testing.assert_frame_equal(same.reset_index(drop=True), part.reset_index(drop=True))


def test_a_log_without_amounts_is_tested_on_purchases_alone(orders: pd.DataFrame) -> None:
    found = lw.backtest(
        orders.drop(columns="amount"), models=[lw.BetaGeoModel()], **{**SMALL, "amount": None, "origins": ORIGINS[:1]}
    )
    assert set(found.totals["quantity"]) == {"purchases"}
    assert found.errors["level"].isna().all()
    assert lw.select_model(found).model == "BG/NBD"


def test_progress_is_told_by_origin(orders: pd.DataFrame) -> None:
    from collections.abc import Callable, Iterator
    from contextlib import contextmanager

    seen: dict[str, int] = {}

    @contextmanager
    def reporter(description: str, steps: int) -> Iterator[Callable[[], None]]:
        seen[description] = steps
        yield lambda: None

    set_reporter(reporter)
    try:
        lw.backtest(orders, models=[lw.BetaGeoModel()], **{**SMALL, "origins": ORIGINS[:2]})
    finally:
        set_reporter(None)
    assert seen["Backtest"] == 2


@pytest.mark.parametrize(
    ("weeks", "origins"), [(78, 10), (39, 10), (20, 10), (12, 3), (10, 1), (150, 10)], ids=lambda value: str(value)
)
def test_origins_and_horizons_are_chosen_from_the_length_of_the_log(weeks: int, origins: int) -> None:
    start = pd.Timestamp("2020-01-01")
    until = start + pd.Timedelta(weeks=weeks)
    plan = Plan.of(start, until, None, None)
    assert len(plan.origins) == origins
    ages = [(day - start).days / 7 for day in plan.origins]
    assert min(ages) >= max(6, weeks / 4) - 1
    for label in plan.horizons:
        ended = [day for day in plan.origins if label in plan.days(day)]
        assert len(ended) >= min(2, origins)
        assert all(day + pd.Timedelta(days=plan.days(day)[label]) <= until for day in ended)
    assert all(plan.days(day) for day in plan.origins)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"horizons": ["2Y"]}, "no forecast over 2Y has come true"),
        ({"horizons": [None]}, "each needs an end"),
        ({"horizons": ["13"]}, "horizon"),
        ({"origins": ["1996-01-01"]}, "expected days after 1997-01-01"),
        ({"origins": 0}, "expected their number"),
        ({"models": [lw.BetaGeoModel(), lw.BetaGeoModel()]}, "models: expected transaction models"),
        ({"models": [lw.GammaGammaModel()]}, "an object, not the class"),
        ({"models": []}, "models: expected transaction models"),
        ({"models": [lw.BetaGeoModel]}, "an object, not the class"),
        ({"models": ["ARIMA"]}, 'or "BG/NBD"'),
        ({"calendar": "season"}, 'expected a Calendar, "learn" or None'),
        ({"draws": 3}, "draws"),
        ({"customer_id": "who"}, "who"),
    ],
    ids=str,
)
def test_what_cannot_be_tested_is_refused_with_the_reason(
    orders: pd.DataFrame, asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(lw.InputError, match=message):
        lw.backtest(orders, **{**SMALL, "models": [lw.BetaGeoModel()], **asked})


def test_a_log_too_short_is_refused_with_what_it_would_take() -> None:
    with pytest.raises(lw.InputError, match=r"a backtest needs 6 to learn from and 4 to compare with"):
        Plan.of(pd.Timestamp("2020-01-01"), pd.Timestamp("2020-02-20"), None, None)


def test_a_forecast_takes_the_scorecard_of_its_own_model_only(orders: pd.DataFrame, scorecard: lw.Scorecard) -> None:
    summary = lw.summarise(orders, until="1998-03-31", **COLUMNS)
    known = lw.forecast(lw.BetaGeoModel().fit(summary), None, summary, "13W", draws=50, calibration=scorecard)
    assert "learned from 3 past cut-offs" in known.calibration
    with pytest.raises(lw.InputError, match=r"the scorecard knows BG/NBD, Pareto/NBD, not MBG/NBD"):
        lw.forecast(lw.ModifiedBetaGeoModel().fit(summary), None, summary, "13W", draws=50, calibration=scorecard)
