"""Priors are values: densities as scipy has them, supports that fit, and help when a name or a family does not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

import lifeworth as lw
from lifeworth.models.ground.priors import complete, from_free, link_of, link_slope, to_free

FAMILIES = [
    (lw.LogNormal(-0.5, 1.3), stats.lognorm(s=1.3, scale=math.exp(-0.5))),
    (lw.LogNormal(2.0, 0.01), stats.lognorm(s=0.01, scale=math.exp(2.0))),
    (lw.Beta(1.5, 3.0), stats.beta(1.5, 3.0)),
    (lw.Beta(0.2, 40.0), stats.beta(0.2, 40.0)),
]


@pytest.mark.parametrize(("prior", "scipys"), FAMILIES)
def test_density_of_the_free_coordinate_is_that_of_the_quantity_times_its_slope(prior: Any, scipys: Any) -> None:
    for value in scipys.ppf([0.01, 0.5, 0.99]):
        free = float(to_free(value, link_of(prior)))
        found, slope = prior.log_density(free)
        assert found == pytest.approx(scipys.logpdf(value) + math.log(link_slope(value, link_of(prior))), abs=1e-9)
        step = 1e-5
        by_difference = (prior.log_density(free + step)[0] - prior.log_density(free - step)[0]) / (2.0 * step)
        assert slope == pytest.approx(by_difference, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(("prior", "scipys"), FAMILIES)
def test_draws_of_a_prior_have_its_distribution(prior: Any, scipys: Any) -> None:
    draws = prior.sample(np.random.default_rng(1), 5000)
    assert draws.shape == (5000,)
    assert stats.kstest(draws, scipys.cdf).pvalue > 1e-5


@pytest.mark.parametrize("prior", [lw.Beta(0.5, 0.5), lw.LogNormal(0.0, 1.0)])
@pytest.mark.parametrize("free", [-700.0, -40.0, 40.0, 700.0])
def test_density_far_out_is_finite(prior: Any, free: float) -> None:
    assert all(map(math.isfinite, prior.log_density(free)))


def test_a_flat_prior_says_nothing_and_has_no_draws() -> None:
    assert lw.Flat().log_density(3.0) == (0.0, 0.0)
    with pytest.raises(lw.InputError, match=r"flat prior has no draws; give .* such as LogNormal\(0, 1\)"):
        lw.Flat().sample(np.random.default_rng(1), 3)


def test_links_lead_there_and_back() -> None:
    free = np.linspace(-5.0, 5.0, 11)
    for link in ("log", "logit"):
        np.testing.assert_allclose(to_free(from_free(free, link), link), free, atol=1e-12)
    np.testing.assert_allclose(from_free(free, "log"), np.exp(free))
    np.testing.assert_allclose(from_free(free, "logit"), expit(free))


def test_priors_are_values() -> None:
    assert lw.LogNormal(0, 1) == lw.LogNormal(0, 1)
    assert len({lw.Beta(1, 2), lw.Beta(1, 2), lw.Flat()}) == 2
    with pytest.raises(AttributeError):
        lw.Beta(1, 2).alpha = 3


@pytest.mark.parametrize(("mu", "sigma"), [(0.0, 0.0), (0.0, -1.0), (math.nan, 1.0), (0.0, math.inf), (math.inf, 1.0)])
def test_an_impossible_log_normal_is_refused(mu: float, sigma: float) -> None:
    with pytest.raises(lw.InputError, match="LogNormal"):
        lw.LogNormal(mu, sigma)


@pytest.mark.parametrize(("alpha", "beta"), [(0.0, 1.0), (1.0, -1.0), (math.nan, 1.0), (1.0, math.inf)])
def test_an_impossible_beta_is_refused(alpha: float, beta: float) -> None:
    with pytest.raises(lw.InputError, match="Beta"):
        lw.Beta(alpha, beta)


# ---- in a model ----------------------------------------------------------------------------------


def test_every_coordinate_has_a_proper_default_prior(any_model: Any) -> None:
    assert dict(any_model().priors) == dict(any_model.default_priors)
    assert not any(isinstance(prior, lw.Flat) for prior in any_model.default_priors.values())
    assert len(any_model.default_priors) == len(any_model.parameters)


def test_flat_takes_every_prior_away_and_keeps_the_support(any_model: Any) -> None:
    flat = any_model(priors="flat").priors
    assert list(flat) == list(any_model.default_priors)
    for name, prior in any_model.default_priors.items():
        assert flat[name] == lw.Flat(link_of(prior))


def test_priors_given_replace_those_named_and_show_in_the_model(any_model: Any) -> None:
    name = next(name for name, prior in any_model.default_priors.items() if isinstance(prior, lw.LogNormal))
    model = any_model(priors={name: lw.LogNormal(0.25, 0.5)})
    assert model.priors == {**any_model.default_priors, name: lw.LogNormal(0.25, 0.5)}
    assert f"{name}=LogNormal(mu=0.25, sigma=0.5)" in repr(model)
    assert name not in repr(any_model())


def test_priors_of_a_model_cannot_be_changed_in_place(any_model: Any) -> None:
    model = any_model()
    with pytest.raises(TypeError):
        model.priors[next(iter(model.priors))] = lw.LogNormal(0, 1)


def test_a_prior_for_an_unknown_coordinate_is_refused_with_the_nearest_name(any_model: Any) -> None:
    name = next(iter(any_model.default_priors))
    with pytest.raises(lw.InputError, match=f"priors: expected any of .*, got '{name}s'. Did you mean '{name}'"):
        any_model(priors={f"{name}s": lw.LogNormal(0, 1)})
    with pytest.raises(lw.InputError, match=r"priors: expected any of .*, got 'zzzzzz'\.$"):
        any_model(priors={"zzzzzz": lw.LogNormal(0, 1)})


def test_a_prior_of_the_wrong_support_is_refused(any_model: Any) -> None:
    for name, prior in any_model.default_priors.items():
        other, support = (
            (lw.Beta(1, 1), "a positive quantity")
            if isinstance(prior, lw.LogNormal)
            else (lw.LogNormal(0, 1), "a probability")
        )
        with pytest.raises(lw.InputError, match=f"priors: {name} is {support}; .* does not fit it"):
            any_model(priors={name: other})


@pytest.mark.parametrize("given", [3, None, "LogNormal(0, 1)", (0.0, 1.0), stats.norm(0, 1)])
def test_what_is_no_prior_is_refused(any_model: Any, given: Any) -> None:
    for name in any_model.default_priors:
        with pytest.raises(lw.InputError, match=f"priors: {name}"):
            any_model(priors={name: given})


@pytest.mark.parametrize("given", ["flatt", "default", [("r", lw.LogNormal(0, 1))], 3])
def test_what_is_no_mapping_of_priors_is_refused(any_model: Any, given: Any) -> None:
    with pytest.raises(lw.InputError, match='priors: expected a mapping, "flat" or None, got'):
        any_model(priors=given)


def test_complete_returns_a_dictionary_of_its_own() -> None:
    default = {"one": lw.LogNormal(0, 1)}
    complete(None, default)["one"] = lw.Flat()
    assert default == {"one": lw.LogNormal(0, 1)}
