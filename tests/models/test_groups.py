"""Groups borrow strength from each other: partial pooling, for every model alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import lifeworth as lw

DAYS = {"start": "2020-01-06", "until": "2020-12-31", "acquired_until": "2020-04-01"}
SIZES = {"a": 30, "b": 60, "c": 150, "d": 300, "e": 600, "f": 1500}


@pytest.fixture
def six_groups(known: Any) -> lw.CustomerSummary:
    """Groups of very different size whose customers are of one and the same population."""
    return simulated(known.fitted)


def simulated(model: Any) -> lw.CustomerSummary:
    log = lw.simulate_orders(model, customers=sum(SIZES.values()), seed=2, **DAYS)
    group = np.repeat(list(SIZES), list(SIZES.values()))
    log = log.assign(country=group[log["customer_id"].to_numpy() - 1])
    return lw.summarise(log, until=DAYS["until"], unit="W", attributes=["country"])


def gap(groups: pd.DataFrame, label: str) -> float:
    """Mean time between purchases of a group."""
    of_group = groups[groups["country"] == label].set_index("parameter")["mean"]
    return float(of_group["alpha"] / of_group["r"])


@pytest.mark.slow_but_first
def test_a_large_group_speaks_for_itself_and_a_small_one_borrows(
    transaction_model: Any, six_groups: lw.CustomerSummary
) -> None:
    fitted = transaction_model(groups="country").fit(six_groups, draws=1000)
    assert fitted.diagnostics.ok
    frame = six_groups.frame
    widths = {}
    for label in ("a", "f"):
        alone = transaction_model().fit(six_groups.select((frame["country"] == label).to_numpy()), draws=1000)
        pooled = fitted.groups.query("country == @label").set_index("parameter")
        own = alone.parameters
        widths[label] = (pooled["q95"] - pooled["q05"]) / (own["q95"] - own["q05"])
    assert widths["a"]["r"] < 0.8  # far surer than from its 30 customers
    assert 0.5 < widths["f"]["r"] < 1.2  # 1,500 customers hardly need the others


@pytest.mark.slow
def test_draws_agree_with_the_no_u_turn_sampler() -> None:
    six_groups = simulated(lw.BetaGeoModel.from_parameters(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="W"))
    some = six_groups.select(six_groups.frame["country"].isin(["a", "b", "c"]).to_numpy())
    model = lw.BetaGeoModel(groups="country")
    quick = model.fit(some, draws=4000)
    density, _ = model._density(some, None)
    from lifeworth.models.inference.methods import Mode, nuts

    mode = Mode(density.start, 0.0, np.eye(density.layout.size))
    slow = nuts(density, mode, draws=1500, tune=1000, chains=4, seed=1, progress=False)
    free = slow.free.reshape(-1, density.layout.size)
    base = density.to_parameters(free.T)
    scale = quick.posterior.attributes["scale"]
    for name, values in zip(("r", "alpha"), (base[0], base[1] * scale), strict=True):
        row = quick.parameters.loc[name]
        # both are some thousand effective draws: means stand to 0.03 sd; 0.2 leaves room for chains that mix slowly
        assert np.log(values).mean() == pytest.approx(np.log(row["q50"]), abs=0.2 * np.log(values).std())
        assert np.log(values).std() == pytest.approx((np.log(row["q95"]) - np.log(row["q05"])) / 3.29, rel=0.25)
    sd = np.log(quick.idata.posterior["group_sd"].sel(coordinate="mean_gap").values)
    assert sd.mean() == pytest.approx(free[:, density.layout.group_sd][:, 0].mean(), abs=0.3 * sd.std())


@pytest.mark.slow_but_first
def test_everything_downstream_reads_groups(known: Any, six_groups: lw.CustomerSummary, tmp_path: Any) -> None:
    model = type(known.fitted.model)
    purchases = model(groups="country").fit(six_groups, draws=500)
    spend = lw.GammaGammaModel(groups="country").fit(six_groups, draws=500)
    economics = lw.Economics(margin=0.3, annual_discount_rate=0.1)
    worth = lw.value(purchases, spend, six_groups, economics, "12M", draws=300)
    assert (worth.by("country")["value_mean"] > 0.0).all()
    assert spend.groups["country"].unique().tolist() == list(SIZES)
    purchases.save(tmp_path / "groups.nc")
    pd.testing.assert_frame_equal(lw.load(tmp_path / "groups.nc").groups, purchases.groups)
    tree = purchases.idata.posterior
    assert tree["group"].sizes == {"chain": 1, "draw": 500, "coordinate": 4, "label": 6}


def test_groups_and_covariates_go_together(six_groups: lw.CustomerSummary) -> None:
    age = np.random.default_rng(1).integers(0, 3, len(six_groups)).astype(float)
    summary = lw.CustomerSummary.from_frame(six_groups.frame.assign(age=age), unit="W", until=six_groups.until)
    fitted = lw.BetaGeoModel(covariates=["age"], groups="country").fit(summary, draws=1000)
    assert fitted.diagnostics.ok
    assert fitted.diagnostics.method == "laplace"
    assert (fitted.covariates["q05"] < fitted.covariates["q95"]).all()


def test_a_group_that_the_fit_has_not_met_is_refused(six_groups: lw.CustomerSummary) -> None:
    model = lw.BetaGeoModel(groups="country")
    fitted = model.fit(six_groups, draws=200)
    abroad = lw.CustomerSummary.from_frame(six_groups.frame.assign(country="z"), unit="W")
    with pytest.raises(lw.InputError, match="'z' in row 0"):
        fitted.probability_alive(abroad)
    with pytest.raises(lw.InputError, match="single value"):
        model.fit(abroad)
    with pytest.raises(lw.InputError, match="fitted without"):
        _ = lw.BetaGeoModel.from_parameters(r=0.2, alpha=4.0, a=0.8, b=2.0, unit="W").groups
