"""ArviZ works on a fitted model and its customers, and customers who are alike weigh as much as one by one."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import arviz_plots
import arviz_stats
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import lifeworth as lw
from lifeworth.models import TRANSACTION_MODELS
from lifeworth.models.prediction.arviz_tree import to_arviz
from lifeworth.models.prediction.cross_validation import loo, prior_sensitivity
from lifeworth.models.spend import FittedSpend

EVERY: Final = 8
"""ArviZ computes customer by customer: it is given every eighth of the sample."""
DRAWS: Final = 500
FALSE_ALARM: Final = 1e-5
"""Below one in ten thousand runs, over all the models of this file."""

type Makes = Callable[..., Any]


@pytest.fixture(scope="module", autouse=True)
def headless() -> Iterator[None]:
    """Draw without a screen."""
    with mpl.rc_context({"backend": "agg"}):
        yield


@pytest.fixture(scope="module")
def few(cdnow_sample: lw.CustomerSummary) -> lw.CustomerSummary:
    """295 customers of CDNOW, of five channels that say nothing."""
    frame = cdnow_sample.frame.iloc[::EVERY]
    channel = np.random.default_rng(5).choice(["a", "b", "c", "d", "e"], len(frame))
    return lw.CustomerSummary.from_frame(frame.assign(channel=channel), unit="W", until="1997-09-30")


@pytest.fixture(scope="module")
def fit_few(few: lw.CustomerSummary) -> Makes:
    """Fits on them, each made once: (model, method="laplace", **settings)."""
    made: dict[str, Any] = {}

    def fit(model: type, method: str = "laplace", **settings: Any) -> Any:
        key = f"{model.__name__} {method} {settings}"
        if key not in made:
            made[key] = model(**settings).fit(few, method=method, draws=1000, seed=1)
        return made[key]

    return fit


@pytest.fixture(scope="module")
def tree_of_few(few: lw.CustomerSummary, fit_few: Makes) -> Makes:
    """Trees of these fits, each made once: (model)."""
    made: dict[str, Any] = {}

    def tree(model: type) -> Any:
        if model.__name__ not in made:
            made[model.__name__] = to_arviz(fit_few(model), few, draws=DRAWS)
        return made[model.__name__]

    return tree


def agree(fitted: Any, summary: lw.CustomerSummary, draws: int = DRAWS, tree: Any = None) -> None:
    """Cross-validation of ours and of ArviZ's agree to rounding, customer by customer, and both warn or neither."""
    tree = to_arviz(fitted, summary, draws=draws) if tree is None else tree
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ours, theirs = loo(fitted, summary, draws=draws), arviz_stats.loo(tree, pointwise=True)
    about = {(warning.category, "areto" in str(warning.message)) for warning in caught}
    assert about == ({(lw.ConvergenceWarning, True), (UserWarning, True)} if ours.warning else set())
    for name in ("elpd", "se", "p"):
        assert getattr(ours, name) == pytest.approx(getattr(theirs, name), abs=1e-8), name
    for name in ("n_samples", "n_data_points", "good_k", "warning", "scale", "kind"):
        assert getattr(ours, name) == getattr(theirs, name), name
    np.testing.assert_allclose(ours.elpd_i, theirs.elpd_i, atol=1e-10)
    np.testing.assert_allclose(ours.pareto_k, theirs.pareto_k, atol=1e-8)
    assert ours.elpd_i.coords["customer_id"].equals(theirs.elpd_i.coords["customer_id"])


# ---- leave-one-out: weights are as good as customers one by one ----------------------------------


def test_weighed_rows_give_the_cross_validation_of_arviz(
    any_model: type, few: lw.CustomerSummary, fit_few: Makes, tree_of_few: Makes
) -> None:
    agree(fit_few(any_model), few, tree=tree_of_few(any_model))


def test_chains_that_are_not_independent_count_for_less_here_as_in_arviz(
    few: lw.CustomerSummary, fit_few: Makes
) -> None:
    fitted = fit_few(lw.BetaGeoModel, "nuts")
    tree = to_arviz(fitted, few, draws=DRAWS)
    assert dict(tree["posterior"].sizes) == {"chain": 4, "draw": DRAWS // 4}
    agree(fitted, few, tree=tree)


@pytest.mark.parametrize("draws", [50, 200, 226, 1000])
def test_cross_validation_agrees_for_any_number_of_draws(draws: int, few: lw.CustomerSummary, fit_few: Makes) -> None:
    fitted = fit_few(lw.BetaGeoModel)
    agree(fitted, few, draws)


@pytest.mark.parametrize("covariates", [["channel"], {"dropout": ["channel"]}], ids=["all effects", "one effect"])
@pytest.mark.slow_but_first
def test_customers_with_covariates_weigh_by_their_cell(
    covariates: Any, transaction_model: type, few: lw.CustomerSummary, fit_few: Makes
) -> None:
    fitted = fit_few(transaction_model, covariates=covariates)
    tree = to_arviz(fitted, few, draws=DRAWS)
    agree(fitted, few, tree=tree)
    assert set(tree["log_prior"].data_vars) == {*transaction_model.default_priors, "coefficients"}
    acting = 4 * (2 if isinstance(covariates, list) else 1)
    table = prior_sensitivity(fitted, few)
    assert len(table) == 4 + acting
    assert np.isfinite(table[["prior", "likelihood"]]).all(axis=None)
    assert "coefficient[dropout:channel=e]" in table.index


def test_spend_with_covariates_weighs_by_its_cell(few: lw.CustomerSummary, fit_few: Makes) -> None:
    fitted = fit_few(lw.GammaGammaModel, covariates=["channel"])
    agree(fitted, few)


def test_customers_of_groups_weigh_by_their_group(few: lw.CustomerSummary, fit_few: Makes) -> None:
    fitted = fit_few(lw.BetaGeoModel, groups="channel")
    tree = to_arviz(fitted, few, draws=DRAWS)
    agree(fitted, few, tree=tree)
    assert set(tree["log_prior"].data_vars) == {*lw.BetaGeoModel.default_priors, "group_sd"}


def test_parameters_count_about_once_each(any_model: type, cdnow_sample: lw.CustomerSummary, fitted: Makes) -> None:
    posterior = fitted(any_model)
    found = loo(posterior, cdnow_sample)
    assert 0.5 * len(any_model.parameters) < found.p < 1.5 * len(any_model.parameters)
    known = found.n_data_points
    assert known == (posterior.purchases_of(cdnow_sample)[0] > 0).sum() if isinstance(posterior, FittedSpend) else 2357
    # Akaike: the log likelihood at its maximum, less one a parameter
    settings = {"first_purchase": True} if isinstance(posterior, FittedSpend) else {}
    highest = fitted(any_model, "map", "flat", **settings).log_likelihood(cdnow_sample).sum()
    assert found.elpd == pytest.approx(highest - len(any_model.parameters), abs=1.5)


def test_models_are_compared_by_arviz(cdnow_sample: lw.CustomerSummary, fitted: Makes) -> None:
    found = {model.name: loo(fitted(model), cdnow_sample) for model in TRANSACTION_MODELS}
    table = arviz_stats.compare(found, round_to="none")
    assert table["elpd"].to_dict() == pytest.approx({name: value.elpd for name, value in found.items()})
    # what LOO prefers on CDNOW; on the weeks that follow Pareto/NBD is best
    assert table.index[0] in {"MBG/NBD", "BG/NBD"}
    assert table.loc["Pareto/NBD", "elpd_diff"] < -table.loc["Pareto/NBD", "dse"] < 0.0


def test_a_customer_who_changes_the_posterior_too_much_is_named(few: lw.CustomerSummary) -> None:
    frame = few.frame.copy()
    frame.loc[frame.index[0], ["frequency", "recency", "T"]] = [3000, 38.0, 38.5]
    odd = lw.CustomerSummary.from_frame(frame, unit="W", until="1997-09-30")
    fitted = lw.BetaGeoModel().fit(odd, draws=1000)
    with pytest.warns(lw.ConvergenceWarning, match=r"loo: the Pareto k of 1 of 295 customers is above 0\.67"):
        found = loo(fitted, odd)
    assert found.warning
    assert int(np.argmax(found.pareto_k.to_numpy())) == 0


# ---- the tree ------------------------------------------------------------------------------------


def test_rows_spread_to_customers_are_the_tree_of_customers(
    any_model: type, few: lw.CustomerSummary, fit_few: Makes, tree_of_few: Makes
) -> None:
    full, rows = tree_of_few(any_model), to_arviz(fit_few(any_model), few, draws=DRAWS, per="row")
    variable = next(iter(full["log_likelihood"].data_vars))
    assert rows["log_likelihood"]["weight"].sum() == full["log_likelihood"].sizes["customer_id"]
    of_customer = rows["constant_data"]["row_of_customer"]
    for group in ("log_likelihood", "observed_data"):
        spread = rows[group][variable].isel(row=of_customer)
        np.testing.assert_array_equal(spread.values, full[group][variable].values)
    assert "weight" in rows.attrs["per"]


def test_the_tree_holds_what_the_model_says(
    any_model: type, few: lw.CustomerSummary, fit_few: Makes, tree_of_few: Makes
) -> None:
    fitted, tree = fit_few(any_model), tree_of_few(any_model)
    log_likelihood = next(iter(tree["log_likelihood"].data_vars.values()))
    assert log_likelihood.dtype == np.float64
    draw = {name: float(tree["posterior"][name][0, 7]) for name in any_model.parameters}
    settings = {"first_purchase": fitted.first_purchase} if isinstance(fitted, FittedSpend) else {"unit": "W"}
    there = few.frame["customer_id"].isin(log_likelihood["customer_id"].to_numpy()).to_numpy()
    expected = any_model.from_parameters(**draw, **settings).log_likelihood(few)[there]
    np.testing.assert_allclose(log_likelihood[0, 7], expected, rtol=1e-12)


def test_log_priors_are_densities_of_their_quantities(few: lw.CustomerSummary, fit_few: Makes) -> None:
    fitted = fit_few(lw.BetaGeoModel)
    tree = to_arviz(fitted, few, draws=DRAWS)
    r, alpha, a, b = (tree["posterior"][name].to_numpy() for name in ("r", "alpha", "a", "b"))
    scale = fitted.posterior.attributes["scale"]
    expected = {
        "mean_gap": stats.lognorm(1.0).logpdf(alpha / r / scale),
        "r": stats.lognorm(1.0, scale=np.exp(-0.5)).logpdf(r),
        "phi": stats.beta(1.5, 3.0).logpdf(a / (a + b)),
        "kappa": stats.lognorm(1.25, scale=np.exp(1.0)).logpdf(a + b),
    }
    assert set(tree["log_prior"].data_vars) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(tree["log_prior"][name], values, rtol=1e-9, err_msg=name)


def test_the_order_of_customers_changes_no_probability(few: lw.CustomerSummary, fit_few: Makes) -> None:
    fitted = fit_few(lw.BetaGeoModel)
    backwards = lw.CustomerSummary.from_frame(few.frame.iloc[::-1], unit="W", until="1997-09-30")
    assert loo(fitted, backwards).elpd == loo(fitted, few).elpd
    turned = to_arviz(fitted, backwards, draws=DRAWS)["log_likelihood"]["frequency"].to_numpy()[..., ::-1]
    np.testing.assert_array_equal(turned, to_arviz(fitted, few, draws=DRAWS)["log_likelihood"]["frequency"].to_numpy())


def test_customers_of_whom_nothing_was_observed_are_left_out(few: lw.CustomerSummary, fit_few: Makes) -> None:
    frame = few.frame.copy()
    frame.loc[frame.index[3], ["frequency", "recency", "T", "monetary_value", "monetary_value_all"]] = 0.0
    lacking = lw.CustomerSummary.from_frame(frame, unit="W", until="1997-09-30")
    for model in (lw.BetaGeoModel, lw.GammaGammaModel):
        tree = to_arviz(fit_few(model), lacking, draws=DRAWS)
        assert frame["customer_id"].iloc[3] not in tree["log_likelihood"]["customer_id"].to_numpy()
        agree(fit_few(model), lacking, tree=tree)


def test_a_model_read_back_from_its_file_answers_the_same(
    any_model: type, few: lw.CustomerSummary, fit_few: Makes, tmp_path: Path
) -> None:
    fitted = fit_few(any_model)
    fitted.save(tmp_path / "model.nc")
    again = lw.load(tmp_path / "model.nc")
    pd.testing.assert_frame_equal(prior_sensitivity(again, few), prior_sensitivity(fitted, few))


def test_text_identifiers_stay(few: lw.CustomerSummary, fit_few: Makes) -> None:
    frame = few.frame.assign(customer_id=[f"c{i}" for i in range(len(few))])
    named = lw.CustomerSummary.from_frame(frame, unit="W", until="1997-09-30")
    tree = to_arviz(fit_few(lw.BetaGeoModel), named, draws=DRAWS)
    assert float(tree["observed_data"]["frequency"].sel(customer_id="c7")) == frame["frequency"].iloc[7]
    assert float(loo(fit_few(lw.BetaGeoModel), named).elpd_i.sel(customer_id="c7")) < 0.0


def test_memory_is_bounded(few: lw.CustomerSummary, fit_few: Makes) -> None:
    fitted = fit_few(lw.BetaGeoModel)
    assert to_arviz(fitted, few, megabytes=1.0)["posterior"].sizes["draw"] == 1_000_000 // (295 * 12)
    with pytest.raises(lw.InputError, match=r"295 entries would take 4 MB, more than megabytes=1; take at most draws="):
        to_arviz(fitted, few, draws=1000, megabytes=1.0)
    assert to_arviz(fitted, few, megabytes=np.inf)["posterior"].sizes["draw"] == 1000
    with pytest.raises(lw.InputError, match="megabytes: expected a number above 0"):
        to_arviz(fitted, few, megabytes=np.nan)
    with pytest.raises(lw.InputError, match=r"raise megabytes, compress by per=.row., or use lw\.loo"):
        to_arviz(fitted, few, megabytes=0.1)


# ---- replicated data and sensitivity -------------------------------------------------------------


def test_replicated_purchases_follow_the_process(known: Any, live: Makes) -> None:
    """Chi-square over counts of 4 x 500 customers' replicates against a walk purchase by purchase."""
    T = np.repeat([4.0, 39.0], 250)
    summary = live(known, np.random.default_rng(1), T, 0.0).summary
    fitted = known.fitted
    posterior = pd.DataFrame({name: np.full(50, value) for name, value in known.parameters.items()})
    repeated = type(fitted)(fitted.model, _repeated(fitted.posterior, posterior.to_numpy()), "W")
    replicates = to_arviz(repeated, summary, per="customer")["posterior_predictive"]["frequency"].to_numpy()[0]
    for weeks in (4.0, 39.0):
        ours = replicates[:, weeks == T].ravel()
        theirs = live(known, np.random.default_rng(2), np.full(5000, weeks), 0.0).summary.frame["frequency"]
        edges = [0, 1, 2, 3, 5, 9, np.inf]
        table = np.stack([np.histogram(values, edges)[0] for values in (ours, theirs)])
        table = table[:, table.min(axis=0) >= 5]
        assert stats.chi2_contingency(table).pvalue > FALSE_ALARM


def _repeated(posterior: Any, values: np.ndarray) -> Any:
    """A posterior whose draws are all the same."""
    attributes = {**posterior.attributes, "scale": 1.0}
    return type(posterior)(posterior.names, values[None], {}, posterior.diagnostics, attributes)


def test_replicated_amounts_follow_the_process(known_spend: Any, few: lw.CustomerSummary) -> None:
    fitted, parameters = known_spend.fitted, known_spend.parameters
    values = np.tile(known_spend.theta, (50, 1))
    repeated = type(fitted)(fitted.model, _repeated(fitted.posterior, values), False)
    tree = to_arviz(repeated, few)
    n, means = (
        tree["constant_data"]["purchases"].to_numpy(),
        tree["posterior_predictive"]["monetary_value"].to_numpy()[0],
    )
    rng = np.random.default_rng(3)
    for count in (1, 2):
        rate = known_spend.witness.population(rng, 5000, **parameters)
        amounts = known_spend.witness.amounts(rng, rate, (count, 5000), **parameters).mean(axis=0)
        assert stats.ks_2samp(means[:, n == count].ravel(), amounts).pvalue > FALSE_ALARM


def test_pit_is_uniform_where_the_model_is_true(known: Any, live: Makes) -> None:
    T = np.random.default_rng(4).uniform(10.0, 60.0, 1000)
    summary = live(known, np.random.default_rng(6), T, 0.0).summary
    tree = to_arviz(type(known.fitted.model)().fit(summary, draws=1000), summary, draws=DRAWS)
    assert stats.kstest(arviz_stats.loo_pit(tree)["frequency"].to_numpy(), "uniform").pvalue > FALSE_ALARM


def test_arviz_draws_its_pit_plots(any_model: type, tree_of_few: Makes) -> None:
    tree = tree_of_few(any_model)
    for plot in (arviz_plots.plot_loo_pit, arviz_plots.plot_ppc_pit):
        collection = plot(tree, backend="none")
        assert "ecdf_lines" in collection.viz


def test_power_scaling_runs_on_the_tree_and_the_same_without_it(
    any_model: type, few: lw.CustomerSummary, fit_few: Makes, tree_of_few: Makes
) -> None:
    theirs = arviz_stats.psense_summary(tree_of_few(any_model))
    ours = prior_sensitivity(fit_few(any_model), few, draws=DRAWS)
    assert list(ours.index) == list(any_model.parameters)
    assert np.isfinite(ours[["prior", "likelihood"]]).all(axis=None)
    assert (ours["likelihood"] > 0.0).all()
    pd.testing.assert_frame_equal(ours, theirs)


def test_a_narrow_prior_is_felt(few: lw.CustomerSummary, fit_few: Makes) -> None:
    narrow = lw.BetaGeoModel(priors={"r": lw.LogNormal(1.0, 0.05)}).fit(few, draws=1000)
    wide = prior_sensitivity(fit_few(lw.BetaGeoModel), few)
    assert prior_sensitivity(narrow, few).loc["r", "prior"] > 5.0 * wide.loc["r", "prior"]


# ---- refusals ------------------------------------------------------------------------------------


def test_what_cannot_be_answered_is_refused(few: lw.CustomerSummary, fit_few: Makes) -> None:
    fitted, point = fit_few(lw.BetaGeoModel), fit_few(lw.BetaGeoModel, "map")
    with pytest.raises(lw.InputError, match=r'expected draws of a posterior, got 1 \(map\); fit with method="laplace"'):
        to_arviz(point, few)
    with pytest.raises(lw.InputError, match=r"expected a fitted model .*, got a BetaGeoModel"):
        loo(lw.BetaGeoModel(), few)  # type: ignore[arg-type]
    with pytest.raises(lw.InputError, match=r"per: expected one of customer, row, got 'week'"):
        to_arviz(fitted, few, per="week")
    with pytest.raises(lw.InputError, match="draws: expected a whole number above 49"):
        loo(fitted, few, draws=10)
    flat = lw.BetaGeoModel(priors="flat").fit(few, draws=1000)
    assert "log_prior" not in to_arviz(flat, few).children
    with pytest.raises(lw.InputError, match="priors: all are flat"):
        prior_sensitivity(flat, few)
    nothing = few.frame.assign(frequency=0, recency=0.0, T=0.0, monetary_value=0.0, monetary_value_all=0.0)
    unseen = lw.CustomerSummary.from_frame(nothing, unit="W", until="1997-09-30")
    with pytest.raises(lw.InputError, match="T: it is 0 for every customer"):
        loo(fitted, unseen)
    with pytest.raises(lw.InputError, match="none of the 295 customers has a known amount"):
        to_arviz(fit_few(lw.GammaGammaModel), unseen)
