"""Categories: what customers bought of each, what of their value falls to each, and who is loyal to one."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.stats import dirichlet_multinomial

import lifeworth as lw
from lifeworth.models.decisions.products.buyers import AS_OFTEN, LOYAL, OTHERS, buyers
from lifeworth.models.decisions.products.categories import customer_margins, value_by_category
from lifeworth.models.decisions.products.category_kernels import choose_categories
from lifeworth.models.decisions.products.category_shares import bought_by, fit_dirichlet, shares_of
from lifeworth.models.ground.errors import InputError
from lifeworth.models.valuation.value import Valuation, value
from lifeworth.pipelines.orders.category_orders import category_orders

ECONOMICS: Final = lw.Economics(margin=0.3, annual_discount_rate=0.1, currency="$")
UNTIL: Final = "2020-12-31"
ALPHA: Final = np.array([0.6, 0.3, 0.1])
KINDS: Final = np.array(["books", "music", "toys"])


def models() -> tuple[Any, Any]:
    purchases = lw.BetaGeoModel.from_parameters(r=0.7, alpha=6.0, a=0.8, b=2.4, unit="W")
    return purchases, lw.GammaGammaModel.from_parameters(first_purchase=True, p=6.25, q=3.74, v=15.44)


def shop(customers: int, seed: int, until: str = UNTIL, toys: float = 3.0) -> pd.DataFrame:
    """Orders of customers whose tastes are Dirichlet(ALPHA); toys cost so many times as much."""
    log = lw.simulate_orders(
        *models(), customers=customers, start="2020-01-06", acquired_until="2020-09-30", until=until, seed=seed
    )
    rng = np.random.default_rng([seed, 1])
    taste = rng.dirichlet(ALPHA, customers).cumsum(axis=1)[log["customer_id"] - 1]
    kind = np.minimum((rng.random(len(log))[:, None] > taste).sum(axis=1), 2)
    return log.assign(category=KINDS[kind], amount=log["amount"] * np.array([1.0, 1.0, toys])[kind])


def lines(*rows: tuple[Any, str, float, str | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["customer_id", "date", "amount", "category"])


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return shop(1200, seed=1)


@pytest.fixture(scope="module")
def bought(log: pd.DataFrame) -> pd.DataFrame:
    return category_orders(log, category="category", until=UNTIL)


@pytest.fixture(scope="module")
def valued(log: pd.DataFrame) -> Valuation:
    return value(*models(), lw.summarise(log, until=UNTIL), ECONOMICS, ["26W", "52W"], draws=200)


# ---- category_orders ------------------------------------------------------------------------------


def test_a_row_holds_the_days_and_the_spend_of_a_customer_and_category() -> None:
    log = lines(
        (1, "2020-01-01", 10.0, "a"), (1, "2020-01-01", 5.0, "a"), (1, "2020-01-01", 3.0, "b"),
        (1, "2020-02-01", 20.0, "a"), (2, "2020-01-05", 7.0, "b"), (1, "2020-03-01", 9.0, "a"),
    )  # fmt: skip
    found = category_orders(log, category="category", until="2020-02-28")
    assert found["customer_id"].tolist() == [1, 1, 2]
    assert found["category"].tolist() == ["a", "b", "b"]
    assert found["purchases"].tolist() == [2, 1, 1]
    assert found["spend"].tolist() == [35.0, 3.0, 7.0]
    assert found["first_day"].tolist() == [pd.Timestamp(day) for day in ("2020-01-01", "2020-01-01", "2020-01-05")]
    assert found["last_day"][0] == pd.Timestamp("2020-02-01")


def test_refunds_reduce_the_category_they_name_and_never_count() -> None:
    log = lines(
        (1, "2020-01-01", 10.0, "a"), (1, "2020-01-01", 6.0, "b"), (1, "2020-01-01", -6.0, "b"),
        (1, "2020-01-09", -4.0, "a"), (1, "2020-01-20", 8.0, "c"), (1, "2020-01-25", -20.0, "lost"),
        (1, "2020-01-20", 22.0, "a"),
    )  # fmt: skip
    found = category_orders(log, category="category", until="2020-02-28").set_index("category")
    assert found.index.tolist() == ["a", "c"]  # b was given back, and lost was never bought
    # 28 of a and 8 of c are left, less 20 that name neither: by one factor, 16 / 36
    np.testing.assert_allclose(found["spend"], [28.0 * 16.0 / 36.0, 8.0 * 16.0 / 36.0])


def test_customers_and_spend_are_those_of_the_summary() -> None:
    """A log with every wart: refunds with and without an order, zeros, unknown ids, dates and categories."""
    rng = np.random.default_rng(3)
    log = pd.DataFrame(
        {
            "customer_id": rng.integers(1, 300, 4000).astype(float),
            "date": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 365, 4000), unit="D"),
            "amount": np.round(rng.gamma(2.0, 10.0, 4000), 2) * np.where(rng.random(4000) < 0.2, -1.0, 1.0),
            "category": rng.choice(["a", "b", "c", None, " "], 4000, p=[0.5, 0.2, 0.2, 0.05, 0.05]),
        }
    )
    log.loc[::97, "customer_id"] = np.nan
    log.loc[::89, "amount"] = 0.0
    log.loc[::101, "date"] = pd.NaT
    options: dict[str, Any] = {"until": "2020-10-31", "acquired_from": "2020-02-01"}
    summary = lw.summarise(log, **options).frame.set_index("customer_id")
    found = category_orders(log, category="category", **options)
    spend = found.groupby("customer_id")["spend"].sum()
    assert spend.index.equals(summary.index)
    np.testing.assert_allclose(spend, summary["monetary_value_all"] * (summary["frequency"] + 1), rtol=1e-9, atol=1e-9)
    days = found.groupby("customer_id")["purchases"].agg(["max", "sum"])
    assert (days["max"] <= summary["frequency"] + 1).all()
    assert (days["sum"] >= summary["frequency"] + 1).all()
    assert (found["purchases"] >= 1).all()
    first = found.groupby("customer_id")["first_day"].min()
    assert (first >= pd.Timestamp("2020-02-01")).all()


def test_a_line_without_a_category_is_unknown_and_never_lost() -> None:
    log = lines((1, "2020-01-01", 10.0, None), (1, "2020-02-01", 5.0, " "), (1, "2020-03-01", 2.0, "NaN"))
    found = category_orders(log, category="category")
    assert found[["category", "purchases", "spend"]].to_numpy().tolist() == [["unknown", 3, 17.0]]
    with pytest.raises(InputError, match="3 lines of column 'category' name no category"):
        category_orders(log, category="category", missing_category="error")
    with pytest.raises(InputError, match="missing_category: expected one of"):
        category_orders(log, category="category", missing_category="drop")


def test_logs_of_every_kind_say_the_same(log: pd.DataFrame, bought: pd.DataFrame, tmp_path: Path) -> None:
    log.to_parquet(tmp_path / "orders.parquet")
    for orders in (pl.from_pandas(log), tmp_path / "orders.parquet"):
        pd.testing.assert_frame_equal(category_orders(orders, category="category", until=UNTIL), bought)


def test_a_log_without_amounts_has_purchases_alone(log: pd.DataFrame, bought: pd.DataFrame) -> None:
    found = category_orders(log.drop(columns="amount"), category="category", amount=None, until=UNTIL)
    pd.testing.assert_frame_equal(found, bought.drop(columns="spend"))


# ---- shares ---------------------------------------------------------------------------------------


def test_the_concentration_maximises_the_likelihood_of_scipy(valued: Valuation, bought: pd.DataFrame) -> None:
    of = bought_by(valued.basis.summary, bought)
    alpha = fit_dirichlet(of)
    counts = np.zeros((of.customers, 3), dtype=int)
    counts[of.customer, of.category] = of.purchases

    def likelihood(at: np.ndarray) -> float:
        return float(dirichlet_multinomial.logpmf(counts, at, counts.sum(axis=1)).sum())

    best = likelihood(alpha)
    for place in range(3):
        for factor in (0.97, 1.03):
            other = alpha.copy()
            other[place] *= factor
            assert likelihood(other) < best


def test_the_concentration_is_recovered(valued: Valuation, bought: pd.DataFrame) -> None:
    """Of 1,200 customers alpha is known to some 6 %: a quarter off is beyond 4 standard deviations."""
    np.testing.assert_allclose(fit_dirichlet(bought_by(valued.basis.summary, bought)), ALPHA, rtol=0.25)


def test_shares_add_up_and_follow_the_formula(valued: Valuation, bought: pd.DataFrame) -> None:
    summary = valued.basis.summary
    of = bought_by(summary, bought)
    shares = shares_of(of)
    dense = shares.dense()
    np.testing.assert_allclose(dense.sum(axis=1), 1.0, rtol=1e-12)
    alpha = fit_dirichlet(of)
    price = (bought.groupby("category")["spend"].sum() / bought.groupby("category")["purchases"].sum()).to_numpy()
    for place in range(0, len(summary), 150):
        mine = bought[bought["customer_id"] == summary.frame["customer_id"][place]].set_index("category")
        mine = mine[["purchases", "spend"]].reindex(KINDS, fill_value=0.0)
        worth = float((mine["purchases"].to_numpy() * price).sum())
        weight = alpha * price + worth * (mine["spend"] / mine["spend"].sum()).to_numpy()
        np.testing.assert_allclose(dense[place], weight / weight.sum(), rtol=1e-9)


def test_more_purchases_of_ones_own_count_more(valued: Valuation, bought: pd.DataFrame) -> None:
    shares = shares_of(bought_by(valued.basis.summary, bought))
    order = np.argsort(valued.basis.summary.frame["frequency"], kind="stable").to_numpy()
    assert shares.base[order[:50]].mean() > 3.0 * shares.base[order[-50:]].mean()


def test_a_customer_without_a_row_buys_as_everybody(valued: Valuation, bought: pd.DataFrame) -> None:
    summary = valued.basis.summary
    some = bought[bought["customer_id"] > summary.frame["customer_id"][3]]
    shares = shares_of(bought_by(summary, some))
    np.testing.assert_allclose(shares.dense()[0], shares.everybody)
    assert any("4 of" in note for note in value_by_category(valued, some).notes)


def test_the_urn_gives_dirichlet_multinomial_counts() -> None:
    """20,000 customers of 3 purchases each: the counts of a category within 4.5 standard deviations, 8 comparisons."""
    size, strength, share = 20_000, 1.5, np.array([0.2, 0.8])
    out = np.zeros((2, size))
    rng = np.random.default_rng(1)
    # one customer in many draws: base 0.5 of 0.1 and 0.9, own 0.5 of 0.3 and 0.7
    choose_categories(
        rng, np.full((1, size), 3.0), np.full((1, size), 3.0), np.array([strength]), np.array([0.5]),
        np.array([0.1, 1.0]), np.array([0, 2]), np.array([0, 1]), np.array([0.3, 1.0]), np.zeros(4, dtype=np.int64),
        out,
    )  # fmt: skip
    np.testing.assert_allclose(out.sum(axis=0), 3.0)
    for count in range(4):
        expected = dirichlet_multinomial.pmf([count, 3 - count], strength * share, 3)
        seen = np.mean(np.round(out[0]) == count)
        assert abs(seen - expected) < 4.5 * math.sqrt(expected * (1.0 - expected) / size)


# ---- value by category ----------------------------------------------------------------------------


def test_the_allocation_adds_up_to_the_valuation_draw_by_draw(valued: Valuation, bought: pd.DataFrame) -> None:
    for place, horizon in enumerate(["26W", "52W"]):
        found = value_by_category(valued, bought, horizon=horizon)
        np.testing.assert_allclose(found.draws.sum(axis=0), valued.draws["value"][place], rtol=1e-9)
        assert found.frame["value_mean"].sum() == pytest.approx(valued.total["value_mean"][place], rel=1e-9)
        assert found.frame["share_of_value_mean"].sum() == pytest.approx(1.0)
        assert found.frame["share_of_spend"].sum() == pytest.approx(1.0)
        assert found.frame["value_mean"].is_monotonic_decreasing


def test_costs_of_being_alive_add_up_as_well(valued: Valuation, bought: pd.DataFrame) -> None:
    economics = lw.Economics(margin=0.3, annual_discount_rate=0.1, cost_per_year_alive=2.0, cost_per_order=1.0)
    costly = value(*models(), valued.basis.summary, economics, "52W", draws=100)
    found = value_by_category(costly, bought)
    np.testing.assert_allclose(found.draws.sum(axis=0), costly.draws["value"][0], rtol=1e-9)


def test_means_of_draws_are_the_exact_means(valued: Valuation, bought: pd.DataFrame) -> None:
    """200 draws of each category: their mean within 4.5 standard errors of the exact one."""
    found = value_by_category(valued, bought)
    exact = found.frame.set_index("category")["value_mean"]
    for label, draws in zip(found.labels, found.draws, strict=True):
        assert abs(draws.mean() - exact[label]) < 4.5 * draws.std() / math.sqrt(len(draws))


def test_with_margins_value_follows_spend_times_margin(valued: Valuation, bought: pd.DataFrame) -> None:
    margins = {"books": 0.2, "music": 0.4, "toys": 0.4}
    plain = value_by_category(valued, bought).frame.set_index("category")["value_mean"]
    weighted = value_by_category(valued, bought, margins=margins)
    np.testing.assert_allclose(weighted.draws.sum(axis=0), valued.draws["value"][1], rtol=1e-9)
    frame = weighted.frame.set_index("category")
    assert frame["value_mean"]["books"] < plain["books"]
    assert frame["margin"].to_dict() == margins
    summary = valued.basis.summary
    own = customer_margins(summary, bought, margins)
    assert own.between(0.2, 0.4).all()
    dense = shares_of(bought_by(summary, bought)).dense()
    np.testing.assert_allclose(own, dense @ [0.2, 0.4, 0.4], rtol=1e-9)
    with pytest.raises(InputError, match="none is given for \\['toys'\\]"):
        value_by_category(valued, bought, margins={"books": 0.2, "music": 0.4})
    with pytest.raises(InputError, match="shares above 0"):
        value_by_category(valued, bought, margins=margins | {"toys": 40.0})


def test_it_says_what_names_no_category(valued: Valuation, bought: pd.DataFrame) -> None:
    renamed = bought.assign(category=bought["category"].replace("toys", "unknown"))
    notes = value_by_category(valued, renamed).notes
    assert any("name no category" in note and "unknown" in note for note in notes)


@pytest.mark.slow
def test_intervals_hold_what_each_category_brings() -> None:
    """30 shops lived on for half a year: 90 % intervals of spend by category hold 90 totals, and are no wider than they
    must be: halved about their middle, they hold clearly fewer.

    Even if the three of a shop were one, so that 30 shops count: with 0.9 each, fewer than 0.65 are held less than once
    in 10,000. Halves hold 0.59 if they are right, and 0.92 of them less than once in 10,000, counted likewise.
    """
    held, halves = [], []
    economics = lw.Economics(margin=1.0, annual_discount_rate=0.0)
    for seed in range(30):
        whole = shop(300, seed=100 + seed, until="2021-07-01", toys=1.0)
        seen = whole[whole["date"] < "2021-01-01"]
        valued = value(*models(), lw.summarise(seen, until=UNTIL), economics, "2021-07-01", draws=200)
        found = value_by_category(valued, category_orders(seen, category="category", until=UNTIL)).frame
        came = whole[whole["date"] >= "2021-01-01"].groupby("category")["amount"].sum()
        frame = found.set_index("category")
        for kind in KINDS:
            low, high = frame["value_q05"][kind], frame["value_q95"][kind]
            middle, off = 0.5 * (low + high), abs(came.get(kind, 0.0) - 0.5 * (low + high))
            held.append(off <= high - middle)
            halves.append(off <= 0.5 * (high - middle))
    assert np.mean(held) > 0.65
    assert np.mean(halves) < 0.92


# ---- buyers ---------------------------------------------------------------------------------------


def test_loyal_buyers_stand_beside_those_who_bought_as_often(valued: Valuation, bought: pd.DataFrame) -> None:
    found = buyers(valued, bought, "music")
    frame = found.frame.set_index("group")
    assert frame.index.tolist() == [LOYAL, AS_OFTEN, OTHERS]
    assert frame["customers"].sum() == len(valued.basis.summary)
    music = bought[bought["category"] == "music"].set_index("customer_id")["purchases"]
    assert frame["customers"][LOYAL] == (music >= 2).sum()
    assert frame["share_of_value"].sum() == pytest.approx(1.0)
    total = (frame["value_mean"] * frame["customers"]).sum()
    assert total == pytest.approx(valued.total["value_mean"][1], rel=1e-9)
    draws = (found.draws * frame["customers"].to_numpy()[:, None]).sum(axis=0)
    np.testing.assert_allclose(draws, valued.draws["value"][1], rtol=1e-9)
    assert "at least 2 days" in found.rule


def test_the_list_of_loyal_buyers_has_the_best_first(valued: Valuation, bought: pd.DataFrame) -> None:
    found = buyers(valued, bought, "books", at_least=3)
    listed = found.customers
    assert (listed["purchases"] >= 3).all()
    assert listed["value"].is_monotonic_decreasing
    assert listed["share_of_purchases"].between(0.0, 1.0).all()
    known = valued.customers.query("horizon == '52W'").set_index("customer_id")
    np.testing.assert_allclose(listed["value"], known["value_mean"][listed["customer_id"]], rtol=1e-9)
    books = bought[bought["category"] == "books"].set_index("customer_id")
    np.testing.assert_array_equal(listed["last_day"], books["last_day"][listed["customer_id"]])


def test_lifetimes_are_those_of_the_model(valued: Valuation, bought: pd.DataFrame) -> None:
    purchases, summary = valued.basis.purchases, valued.basis.summary
    found = buyers(valued, bought, "books", horizon="26W")
    each = purchases.remaining_lifetime(summary, "26W").set_index("customer_id")["mean"]
    np.testing.assert_allclose(found.customers["lifetime"], each[found.customers["customer_id"]], rtol=1e-4)
    frame = found.frame.set_index("group")
    assert frame["lifetime_mean"][LOYAL] == pytest.approx(each[found.customers["customer_id"]].mean(), rel=1e-4)
    assert (frame["lifetime_if_alive"] <= 26.0).all()
    assert found.unit == "weeks"


def test_doubt_about_the_parameters_is_in_the_interval_of_lifetimes(log: pd.DataFrame, bought: pd.DataFrame) -> None:
    summary = lw.summarise(log, until=UNTIL)
    fitted = lw.BetaGeoModel().fit(summary, draws=200)
    valued = value(fitted, models()[1], summary, ECONOMICS, "52W", draws=50, calibration="textbook")
    frame = buyers(valued, bought, "books").frame
    assert ((frame["lifetime_q05"] < frame["lifetime_mean"]) & (frame["lifetime_mean"] < frame["lifetime_q95"])).all()


def test_lifetimes_without_an_end_are_counted_for_ten_years(valued: Valuation, bought: pd.DataFrame) -> None:
    ever = value(*models(), valued.basis.summary, ECONOMICS, None, draws=50)
    found = buyers(ever, bought, "books")
    assert found.lifetime_end == "10Y"
    assert (found.frame["lifetime_mean"] < 522.0).all()


def test_who_cannot_leave_by_the_model_is_told(valued: Valuation, bought: pd.DataFrame) -> None:
    assert any("lets nobody among everybody else leave" in note for note in buyers(valued, bought, "books").notes)
    assert any("whom the product attracts" in note for note in buyers(valued, bought, "books").notes)


# ---- what is refused ------------------------------------------------------------------------------


def test_category_orders_of_another_log_are_refused(valued: Valuation, log: pd.DataFrame, bought: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="none of its"):
        value_by_category(valued, bought.assign(customer_id=bought["customer_id"].astype(str)))
    longer = bought.assign(purchases=bought["purchases"] + 50)
    with pytest.raises(InputError, match="on more days than they bought at all"):
        buyers(valued, longer, "books")
    with pytest.raises(InputError, match="one row a customer and category"):
        value_by_category(valued, pd.concat([bought, bought.head(1)]))
    with pytest.raises(InputError, match="expected the frame of lw"):
        value_by_category(valued, log)
    many = bought.assign(category=bought["customer_id"].astype(str))
    with pytest.raises(InputError, match="at most 1,000"):
        value_by_category(valued, many.drop_duplicates(["customer_id", "category"]))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"category": "cars"}, "is none of the 3"),
        ({"category": "books", "at_least": 500}, "nobody bought 'books' on 500 days"),
        ({"category": "books", "at_least": 1.5}, "at_least: expected a whole number"),
        ({"category": "books", "horizon": "13W"}, "was not valued"),
    ],
)
def test_buyers_of_nothing_are_refused(
    valued: Valuation, bought: pd.DataFrame, arguments: dict[str, Any], told: str
) -> None:
    with pytest.raises(InputError, match=told):
        buyers(valued, bought, **arguments)
