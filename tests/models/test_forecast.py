"""Forecasts: simulated futures agree with exact means and probabilities, sums are sums, horizons are one path."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.prediction.calibration import TEXTBOOK
from lifeworth.models.prediction.futures import Futures
from lifeworth.models.prediction.reduction import Grouping, groupings_of, quantiles_of, reduce_futures

if TYPE_CHECKING:
    from collections.abc import Callable


def futures_of(
    purchases: Any, spend: Any, summary: Any, *horizons: float, draws: int = 400, discount: float = 0.0
) -> Futures:
    """Futures at lengths in weeks."""
    return Futures(purchases, spend, summary, np.array(horizons), discount, draws, 5)


def paths_of(futures: Futures) -> dict[str, np.ndarray]:
    """What every customer does in every draw, arrays (horizons, customers, draws), customers as in the summary."""
    names = ("purchases", "spend", "discounted_purchases", "discounted_spend")
    shape = (len(futures.horizons), len(futures.summary), futures.draws)
    out = {name: np.full(shape, np.nan) for name in names}
    for path in futures.reduced(lambda path: path, "Paths"):
        for name in names:
            out[name][:, path.customers] = getattr(path, name)
    assert not any(np.isnan(values).any() for values in out.values())
    return out


# ---- futures and exact answers -------------------------------------------------------------------


def test_simulated_purchases_have_the_exact_probabilities(known_purchases: Any, four: Any) -> None:
    draws = 40_000
    counts = paths_of(futures_of(known_purchases.fitted, None, four, 39.0, draws=draws))["purchases"][0]
    pmf = known_purchases.fitted.purchase_pmf(four, "39W", max_purchases=8).drop(columns="customer_id")
    for n in range(9):
        share = (counts == n).mean(axis=1)
        # beyond 5.5 standard errors (and five events) once in 26 million
        bound = (5.5 * np.sqrt(draws * pmf[n] * (1.0 - pmf[n])) + 5.0) / draws
        assert (np.abs(share - pmf[n]) <= bound).all(), n


def test_simulated_purchases_and_spend_have_the_exact_means(known_purchases: Any, cdnow_spend: Any, four: Any) -> None:
    draws, rate = 40_000, math.log1p(0.15) / 52.0
    paths = paths_of(futures_of(known_purchases.fitted, cdnow_spend, four, 13.0, 104.0, draws=draws, discount=rate))
    amount = cdnow_spend.expected_spend(four)["mean"].to_numpy()
    for h, horizon in enumerate(("13W", "104W")):
        expected = known_purchases.fitted.expected_purchases(four, horizon)["mean"].to_numpy()
        discounted = known_purchases.fitted.discounted_expected_purchases(four, 0.15, horizon)["mean"].to_numpy()
        for name, exact in {
            "purchases": expected,
            "discounted_purchases": discounted,
            "spend": expected * amount,
            "discounted_spend": discounted * amount,
        }.items():
            found = paths[name][h]
            error = found.std(axis=1) / math.sqrt(draws)
            # beyond 5 standard errors once in two million, more often where a few big spenders decide
            assert (np.abs(found.mean(axis=1) - exact) <= 5.0 * error + 5.0 * exact / draws).all(), (name, horizon)


def test_quantiles_of_a_customer_are_those_of_the_exact_probabilities(known_purchases: Any, four: Any) -> None:
    draws = 20_000
    levels = (0.05, 0.5, 0.95)
    table = lw.forecast(known_purchases.fitted, None, four, "39W", draws=draws, quantiles=levels).customers
    pmf = known_purchases.fitted.purchase_pmf(four, "39W", max_purchases=300).drop(columns="customer_id").to_numpy()
    cdf = pmf.cumsum(axis=1)
    for level, name in zip(levels, ("q05", "q50", "q95"), strict=True):
        # the share of draws up to a quantile is off by at most 5.5 standard errors: once in 26 million
        off = 5.5 * math.sqrt(level * (1.0 - level) / draws)
        for found, row in zip(table[f"purchases_{name}"], cdf, strict=True):
            assert found == int(found)
            assert row[int(found)] >= level - off
            assert found == 0 or row[int(found) - 1] <= level + off


def test_a_posterior_is_part_of_the_spread_of_the_total(
    transaction_model: Any, fitted: Callable[..., Any], cdnow_sample: Any
) -> None:
    posterior, point = fitted(transaction_model), fitted(transaction_model, "map")
    wide, narrow = (
        lw.forecast(fit, None, cdnow_sample, "39W", draws=1000, per_customer=False, calibration=TEXTBOOK).draws[
            "purchases"
        ][0]
        for fit in (posterior, point)
    )
    # the spread is chance at given parameters, and that of the expected total over them
    theta = posterior.posterior.spread(1000)[:, ::10]
    x, t_x, T = (cdnow_sample.frame[name].to_numpy() for name in ("frequency", "recency", "T"))
    alive = transaction_model.probability_alive(theta[:, :, None], x, t_x, T)
    expected = (alive * transaction_model.purchases_if_alive(theta, x, T, np.array([39.0]), 0.0)[0]).sum(axis=1)
    # 100 draws know a variance to 14 %, 1000 to 5 %
    assert wide.var() == pytest.approx(narrow.var() + expected.var(), rel=0.4)
    assert wide.var() > narrow.var() * 1.2


# ---- tables --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def outlook(fitted: Callable[..., Any], cdnow_sample: Any) -> Callable[[Any], Any]:
    """A forecast of the CDNOW sample by each model, with channels, at horizons out of order."""
    made: dict[str, Any] = {}
    channel = np.array(["search", "shop", "mail"])[np.arange(len(cdnow_sample)) % 3]
    summary = lw.CustomerSummary.from_frame(
        cdnow_sample.frame.assign(channel=channel), unit="W", until=cdnow_sample.until
    )

    def forecast(model: Any) -> Any:
        if model.name not in made:
            made[model.name] = lw.forecast(
                fitted(model), fitted(lw.GammaGammaModel), summary, ["12M", "4W", "1998-06-30"], draws=300, seed=1,
                calibration=TEXTBOOK,
            )  # fmt: skip
        return made[model.name], summary

    return forecast


def test_a_forecast_has_a_row_a_customer_and_horizon_in_the_order_asked_for(
    transaction_model: Any, outlook: Any
) -> None:
    forecast, summary = outlook(transaction_model)
    columns = ["purchases_mean", "purchases_q05", "purchases_q50", "purchases_q95"]
    columns += [name.replace("purchases", "spend") for name in columns]
    assert list(forecast.customers.columns) == ["customer_id", "horizon", "p_alive", "p_active", *columns]
    assert list(forecast.total.columns) == ["horizon", "p_alive", "p_active", *columns]
    assert list(forecast.by("channel").columns) == ["channel", "horizon", "p_alive", "p_active", *columns]
    for h, horizon in enumerate(["12M", "4W", "1998-06-30"]):
        block = forecast.customers.iloc[h * len(summary) : (h + 1) * len(summary)]
        assert (block["horizon"] == horizon).all()
        assert list(block["customer_id"]) == list(summary.frame["customer_id"])
        assert forecast.total["horizon"][h] == forecast.horizons[h].label == horizon
    assert [round(7.0 * horizon.length) for horizon in forecast.horizons] == [365, 28, 273]
    assert forecast.unit == "W"
    assert forecast.until == summary.until


def test_means_of_a_forecast_are_the_exact_expectations(
    transaction_model: Any, outlook: Any, fitted: Callable[..., Any]
) -> None:
    forecast, summary = outlook(transaction_model)
    theta = fitted(transaction_model).theta(300)
    x, t_x, T = (summary.frame[name].to_numpy()[:50] for name in ("frequency", "recency", "T"))
    alive = transaction_model.probability_alive(theta[:, :, None], x, t_x, T)
    ahead = transaction_model.purchases_if_alive(theta, x, T, np.array([4.0]), 0.0)[0]
    block = forecast.customers[forecast.customers["horizon"] == "4W"].head(50)
    np.testing.assert_allclose(block["p_alive"], alive.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(block["purchases_mean"], (alive * ahead).mean(axis=0), rtol=1e-8)
    active = alive * (1.0 - transaction_model.none_if_alive(theta[:, :, None], x, T, 4.0))
    np.testing.assert_allclose(block["p_active"], active.mean(axis=0), rtol=1e-9)
    spend = fitted(lw.GammaGammaModel)
    n, zbar = spend.purchases_of(summary)
    amount = spend.model.expected_spend(spend.theta(300)[:, :, None], n[:50], zbar[:50]).mean(axis=0)
    np.testing.assert_allclose(block["spend_mean"], block["purchases_mean"] * amount, rtol=1e-8)


def test_means_of_customers_add_up_to_groups_and_to_the_total(transaction_model: Any, outlook: Any) -> None:
    forecast, summary = outlook(transaction_model)
    channel = np.tile(summary.frame["channel"].to_numpy(), 3)
    for name in ("purchases_mean", "spend_mean"):
        customers = forecast.customers.groupby("horizon", sort=False)[name].sum()
        np.testing.assert_allclose(customers, forecast.total[name], rtol=1e-10)
        groups = forecast.by("channel").set_index(["channel", "horizon"])[name]
        sums = forecast.customers.groupby([channel, "horizon"])[name].sum()
        np.testing.assert_allclose(groups[sums.index], sums, rtol=1e-10)
    for name in ("p_alive", "p_active"):
        shares = forecast.customers.groupby("horizon", sort=False)[name].mean()
        np.testing.assert_allclose(forecast.total[name], shares, rtol=1e-10)


def test_draws_of_the_total_are_sums_over_customers_and_over_groups(
    known: Any, cdnow_spend: Any, cdnow_sample: Any
) -> None:
    some = cdnow_sample.select(np.arange(len(cdnow_sample)) < 200)
    some = lw.CustomerSummary.from_frame(
        some.frame.assign(channel=np.where(np.arange(200) % 3, "shop", None), region="all"), unit="W", until=some.until
    )
    futures = futures_of(known.fitted, cdnow_spend, some, 4.0, 39.0, draws=70)
    paths = paths_of(futures)
    groupings = groupings_of(some, None)
    reduced = reduce_futures(
        futures,
        lambda path: {"purchases": path.purchases, "spend": path.spend},
        ("purchases", "spend"),
        (0.05, 0.95),
        groupings,
        True,
        "Sums",
    )
    assert {by: len(grouping.labels) for by, grouping in groupings.items()} == {"channel": 2, "region": 1}
    for name in ("purchases", "spend"):
        np.testing.assert_allclose(reduced.total[name], paths[name].sum(axis=1), rtol=1e-12)
        np.testing.assert_allclose(reduced.groups["region"][name][:, 0], reduced.total[name], rtol=1e-12)
        np.testing.assert_allclose(reduced.groups["channel"][name].sum(axis=1), reduced.total[name], rtol=1e-12)
        codes = groupings["channel"].codes
        for group in (0, 1):
            inside = paths[name][:, codes == group].sum(axis=1)
            np.testing.assert_allclose(reduced.groups["channel"][name][:, group], inside, rtol=1e-12)
        ordered = np.sort(paths[name], axis=-1)
        # of 70 draws, 5 % are 3.5: the fourth smallest is the first that so many do not exceed; 95 % are 66.5
        np.testing.assert_array_equal(reduced.quantiles[name][:, 0], ordered[..., 3])
        np.testing.assert_array_equal(reduced.quantiles[name][:, 1], ordered[..., 66])


def test_intervals_of_the_total_are_quantiles_of_its_draws(transaction_model: Any, outlook: Any) -> None:
    forecast, _ = outlook(transaction_model)
    for name, draws in forecast.draws.items():
        assert draws.shape == (3, 300)
        for level, column in ((0.05, "q05"), (0.5, "q50"), (0.95, "q95")):
            smallest = np.quantile(draws, level, axis=1, method="inverted_cdf")
            np.testing.assert_array_equal(forecast.total[f"{name}_{column}"], smallest)
    customers = forecast.customers.groupby("horizon", sort=False)["purchases_q95"].sum()
    assert (customers.to_numpy() > forecast.total["purchases_q95"].to_numpy()).all(), (
        "summed quantiles are not those of the sum"
    )


def test_longer_horizons_are_the_same_path_further_on(known_purchases: Any, cdnow_spend: Any, four: Any) -> None:
    paths = paths_of(futures_of(known_purchases.fitted, cdnow_spend, four, 1.0, 4.0, 39.0, 400.0, discount=0.01))
    for values in paths.values():
        assert (np.diff(values, axis=0) >= 0.0).all()
    alone = paths_of(futures_of(known_purchases.fitted, cdnow_spend, four, 400.0, discount=0.01))
    for name, values in alone.items():
        np.testing.assert_allclose(values[0], paths[name][-1], rtol=1e-12)


def test_discounting_takes_a_little_off_every_purchase(known_purchases: Any, cdnow_spend: Any, four: Any) -> None:
    paths = paths_of(futures_of(known_purchases.fitted, cdnow_spend, four, 39.0, discount=0.01))
    for plain, discounted in (("purchases", "discounted_purchases"), ("spend", "discounted_spend")):
        assert (paths[discounted] <= paths[plain]).all()
        assert (paths[discounted] >= paths[plain] * math.exp(-0.39)).all()
    undiscounted = paths_of(futures_of(known_purchases.fitted, cdnow_spend, four, 39.0))
    np.testing.assert_array_equal(undiscounted["purchases"], undiscounted["discounted_purchases"])
    np.testing.assert_array_equal(undiscounted["spend"], undiscounted["discounted_spend"])
    np.testing.assert_array_equal(undiscounted["purchases"], paths["purchases"])


def test_spend_comes_with_purchases_and_only_then(known_purchases: Any, cdnow_spend: Any, four: Any) -> None:
    paths = paths_of(futures_of(known_purchases.fitted, cdnow_spend, four, 39.0))
    np.testing.assert_array_equal(paths["spend"] > 0.0, paths["purchases"] > 0.0)
    np.testing.assert_array_equal(paths["purchases"], np.floor(paths["purchases"]))


# ---- choices -------------------------------------------------------------------------------------


def test_without_a_spend_model_a_forecast_is_of_purchases_alone(known: Any, four: Any) -> None:
    forecast = lw.forecast(known.fitted, None, four, "39W", draws=50)
    assert set(forecast.draws) == {"purchases"}
    assert not any(column.startswith("spend") for column in [*forecast.customers, *forecast.total])


def test_totals_alone_are_those_of_the_whole(known: Any, cdnow_spend: Any, four: Any) -> None:
    whole, totals = (
        lw.forecast(known.fitted, cdnow_spend, four, ["4W", "39W"], draws=50, per_customer=each)
        for each in (True, False)
    )
    assert totals.customers.empty
    pd.testing.assert_frame_equal(whole.total, totals.total)
    pd.testing.assert_frame_equal(whole.by("channel"), totals.by("channel"))


def test_groups_are_those_asked_for(known: Any, four: Any) -> None:
    assert set(lw.forecast(known.fitted, None, four, "4W", draws=10).groups) == {"channel"}
    assert set(lw.forecast(known.fitted, None, four, "4W", draws=10, groups=[]).groups) == set()
    assert set(lw.forecast(known.fitted, None, four, "4W", draws=10, groups="channel").groups) == {"channel"}


def test_a_group_without_a_name_is_a_group(known: Any, four: Any) -> None:
    unnamed = lw.CustomerSummary.from_frame(
        four.frame.assign(channel=["search", None, "search", np.nan], number=[2, 1, 2, 1]), unit="W"
    )
    forecast = lw.forecast(known.fitted, None, unnamed, "4W", draws=10)
    assert list(forecast.by("number")["number"]) == [1, 2]
    assert len(forecast.by("channel")) == 2
    assert forecast.by("channel")["channel"].isna().sum() == 1
    assert forecast.by("channel")["purchases_mean"].sum() == pytest.approx(forecast.total["purchases_mean"].item())


def test_categories_and_dates_can_be_groups(known: Any, four: Any) -> None:
    frame = four.frame.assign(
        tier=pd.Categorical(["b", "a", "b", "a"], categories=["b", "a", "unused"], ordered=True),
        joined=pd.to_datetime(["1997-01-01", "1997-02-01", "1997-01-01", "1997-02-01"]),
    )
    forecast = lw.forecast(known.fitted, None, lw.CustomerSummary.from_frame(frame, unit="W"), "4W", draws=10)
    assert sorted(forecast.by("tier")["tier"]) == ["a", "b"]
    assert len(forecast.by("joined")) == 2


def test_an_attribute_of_too_many_values_is_no_grouping_unless_asked_for(known: Any) -> None:
    frame = pd.DataFrame({"customer_id": range(1500), "frequency": 0, "recency": 0.0, "T": 5.0, "street": range(1500)})
    summary = lw.CustomerSummary.from_frame(frame, unit="W")
    assert lw.forecast(known.fitted, None, summary, "4W", draws=5).groups == {}
    with pytest.raises(lw.InputError, match=r"groups: 'street' has 1,500 values; expected at most 1,000"):
        lw.forecast(known.fitted, None, summary, "4W", draws=5, groups="street")


def test_the_table_by_a_group_is_a_copy(known: Any, four: Any) -> None:
    forecast = lw.forecast(known.fitted, None, four, "4W", draws=10)
    table = forecast.by("channel")
    table["purchases_mean"] = 0.0
    assert (forecast.by("channel")["purchases_mean"] > 0.0).all()


def test_quantiles_have_the_names_of_their_levels(known: Any, four: Any) -> None:
    forecast = lw.forecast(known.fitted, None, four, "4W", draws=100, quantiles=(0.01, 0.975))
    assert [name for name in forecast.total if "_q" in name] == ["purchases_q01", "purchases_q97.5"]


def test_no_quantiles_leave_the_means(known: Any, four: Any) -> None:
    forecast = lw.forecast(known.fitted, None, four, "4W", draws=10, quantiles=())
    assert list(forecast.total.columns) == ["horizon", "p_alive", "p_active", "purchases_mean"]
    assert list(forecast.customers.columns) == ["customer_id", "horizon", "p_alive", "p_active", "purchases_mean"]


def test_a_forecast_shows_its_total(known: Any, cdnow_spend: Any, four: Any) -> None:
    forecast = lw.forecast(known.fitted, cdnow_spend, four, ["4W", "39W"], draws=10)
    assert repr(forecast).startswith("<Forecast of 4W, 39W>")
    assert "<table" in forecast._repr_html_()


def test_a_seed_gives_the_same_futures_again_and_another_seed_others(known: Any, cdnow_spend: Any, four: Any) -> None:
    one, again, other = (
        lw.forecast(known.fitted, cdnow_spend, four, "39W", draws=50, seed=seed).draws["spend"] for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


# ---- blocks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 20_000, 10**9])
def test_exact_answers_and_sizes_do_not_depend_on_the_memory_of_a_block(
    known: Any, cdnow_spend: Any, cdnow_sample: Any, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    some = cdnow_sample.select(np.arange(len(cdnow_sample)) < 150)
    whole = lw.forecast(known.fitted, cdnow_spend, some, ["4W", "39W"], draws=100)
    monkeypatch.setattr("lifeworth.models.prediction.futures.BLOCK_BYTES", size)
    monkeypatch.setattr("lifeworth.models.fitted_purchases.BLOCK_CELLS", max(1, size // 1000))
    parts = lw.forecast(known.fitted, cdnow_spend, some, ["4W", "39W"], draws=100)
    exact = ["customer_id", "horizon", "p_alive", "p_active", "purchases_mean", "spend_mean"]
    pd.testing.assert_frame_equal(whole.customers[exact], parts.customers[exact], rtol=1e-9)
    assert np.isfinite(parts.draws["spend"]).all()
    # other random numbers, the same law: totals of 100 draws, two means 5 standard errors apart once in two million
    for name, draws in whole.draws.items():
        other = parts.draws[name]
        error = np.sqrt((draws.var(axis=1) + other.var(axis=1)) / 100.0)
        assert (np.abs(draws.mean(axis=1) - other.mean(axis=1)) <= 6.0 * error).all()


def test_customers_of_different_blocks_have_futures_of_their_own(
    known: Any, cdnow_spend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    twins = lw.CustomerSummary.from_frame(
        pd.DataFrame({"customer_id": range(200), "frequency": 3, "recency": 20.0, "T": 25.0, "monetary_value": 40.0}),
        unit="W",
    )
    monkeypatch.setattr("lifeworth.models.prediction.futures.BLOCK_BYTES", 1)
    for values in paths_of(futures_of(known.fitted, cdnow_spend, twins, 39.0, draws=1000)).values():
        # variances of 1000 draws, known to 5 % or so: those of independent customers add up
        assert values[0].sum(axis=0).var() == pytest.approx(200.0 * values[0].var(axis=1).mean(), rel=0.4)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_number_of_cores_does_not_change_a_forecast(
    known: Any, cdnow_spend: Any, cdnow_sample: Any, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setattr("lifeworth.models.prediction.futures.BLOCK_BYTES", 100_000)
    monkeypatch.setattr("lifeworth.models.ground.threads.cores", lambda: 1)
    one = lw.forecast(known.fitted, cdnow_spend, cdnow_sample, "4W", draws=20)
    monkeypatch.setattr("lifeworth.models.ground.threads.cores", lambda: threads)
    several = lw.forecast(known.fitted, cdnow_spend, cdnow_sample, "4W", draws=20)
    np.testing.assert_array_equal(one.draws["spend"], several.draws["spend"])
    pd.testing.assert_frame_equal(one.customers, several.customers)


def test_quantiles_are_outcomes_that_so_large_a_share_does_not_exceed() -> None:
    values = np.random.default_rng(1).poisson(3.0, (2, 5, 1000)).astype(float)
    levels = (0.05, 0.333, 0.5, 0.999)
    found = quantiles_of(values, levels)
    np.testing.assert_array_equal(found, np.quantile(values, levels, axis=-1, method="inverted_cdf"))


def test_groupings_have_a_code_for_every_customer(four: Any) -> None:
    grouping = groupings_of(four, "channel")["channel"]
    assert isinstance(grouping, Grouping)
    assert list(grouping.labels[grouping.codes]) == list(four.frame["channel"])
