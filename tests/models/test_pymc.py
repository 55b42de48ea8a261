"""The models as PyMC models: the same density, point by point, and the same posterior from PyMC's own sampling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import lifeworth as lw
from lifeworth.models.fitted_purchases import rows_of
from lifeworth.models.inference.density import LogPosterior
from lifeworth.models.purchases import typical_gap
from lifeworth.models.spend import scaled, spend_rows, typical_amount

if TYPE_CHECKING:
    from collections.abc import Callable


def density_and_scale(model: Any, summary: Any) -> tuple[LogPosterior, float]:
    """The log posterior that `fit` sees, and the unit of its times or amounts."""
    if type(model) in lw.models.TRANSACTION_MODELS:
        rows = rows_of(summary)
        return LogPosterior(model, rows.for_kernel(typical_gap(rows))), typical_gap(rows)
    amounts, _ = spend_rows(summary, first_purchase=True)
    return LogPosterior(model, scaled(amounts, typical_amount(amounts))), typical_amount(amounts)


@pytest.mark.parametrize("priors", [None, pytest.param("flat", marks=pytest.mark.slow)])
def test_density_and_gradient_are_those_of_lifeworth(any_model: Any, cdnow_sample: Any, priors: Any) -> None:
    model = any_model(priors=priors)
    density, _ = density_and_scale(model, cdnow_sample)
    graph = model.to_pymc(cdnow_sample)
    log_density, slope = graph.compile_logp(), graph.compile_dlogp()
    rng = np.random.default_rng(1)
    for _ in range(5):
        free = density.start + rng.normal(0.0, 0.7, len(density.start))
        point = dict(zip(graph.initial_point(), free, strict=True))
        value, gradient = density(free)
        assert float(log_density(point)) == pytest.approx(value, rel=1e-11)
        np.testing.assert_allclose(slope(point), gradient, rtol=1e-8, atol=1e-8 * np.abs(gradient).max())


@pytest.mark.slow_but_first
@pytest.mark.parametrize("sampler", ["nutpie", pytest.param("pymc", marks=pytest.mark.slow)])
def test_sampling_with_pymc_gives_the_same_posterior(
    any_model: Any, fitted: Callable[..., Any], cdnow_sample: Any, sampler: str
) -> None:
    import pymc as pm

    draws = 1500 if sampler == "nutpie" else 400  # nutpie, the default, compiles the model; PyMC's own calls it
    with any_model().to_pymc(cdnow_sample):
        trace = pm.sample(
            draws=draws, tune=400, chains=2, cores=1, nuts_sampler=sampler, random_seed=3, progressbar=False,
            compute_convergence_checks=False,
        )  # fmt: skip
    assert_parameters_follow_from_coordinates(
        any_model, trace["posterior"], density_and_scale(any_model(), cdnow_sample)[1]
    )
    ours = np.log(fitted(any_model, draws=20_000).posterior.values[0])
    theirs = np.log(np.stack([trace["posterior"][name].values.ravel() for name in any_model.parameters], axis=-1))
    # at least a fifth of the draws are effective: 5 standard errors of a mean and of a standard deviation
    effective = 2 * draws / 5
    deviation = ours.std(axis=0)
    np.testing.assert_allclose(
        (theirs.mean(axis=0) - ours.mean(axis=0)) / deviation, 0.0, atol=5.0 / np.sqrt(effective)
    )
    np.testing.assert_allclose(theirs.std(axis=0) / deviation, 1.0, atol=5.0 / np.sqrt(2.0 * effective))


def assert_parameters_follow_from_coordinates(model: Any, posterior: Any, scale: float) -> None:
    """Check that the parameters of the paper stand beside the coordinates of the priors, in the summary's unit."""
    theta = np.stack(model.to_parameters([posterior[name].values for name in model.default_priors]))
    for name, values in zip(model.parameters, model.rescale(theta, scale), strict=True):
        np.testing.assert_allclose(posterior[name].values, values, rtol=1e-12)


@pytest.mark.slow_but_first
def test_a_user_can_build_upon_the_model(any_model: Any, cdnow_sample: Any) -> None:
    import pymc as pm

    density, scale = density_and_scale(any_model(), cdnow_sample)
    graph = any_model().to_pymc(cdnow_sample)
    before, point = graph.compile_logp(), graph.initial_point()
    name = any_model.parameters[0]
    with graph:
        pm.Potential("belief", -0.5 * (graph[name] - 1.0) ** 2)
    theta = any_model.rescale(density.to_parameters(np.array(list(point.values()))), scale)
    assert float(graph.compile_logp()(point) - before(point)) == pytest.approx(-0.5 * (theta[0] - 1.0) ** 2, abs=1e-8)


def test_a_summary_that_cannot_be_fitted_makes_no_pymc_model(any_model: Any, four: Any) -> None:
    nobody = four.select(four.frame["frequency"].to_numpy() == 0)
    if any_model in lw.models.TRANSACTION_MODELS:
        with pytest.raises(lw.InputError, match="bought twice"):
            any_model().to_pymc(nobody)
    else:
        with pytest.raises(lw.InputError, match="known amount"):
            any_model(first_purchase=False).to_pymc(nobody)
