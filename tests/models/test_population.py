"""Populations are drawn exactly: customers as the naive simulation makes them, parameters as the priors say.

Each comparison with chance here fails by chance less than once in a million runs with new random numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pytest
from scipy.stats import ks_2samp

import lifeworth as lw
from lifeworth.models.base import Latent
from lifeworth.models.prediction.population import (
    MOST_PURCHASES,
    draw_parameters,
    simulate_amounts,
    simulate_purchases,
)

CUSTOMERS: Final = 4000
FALSE_ALARM: Final = 1e-6


def test_customers_are_those_of_the_naive_simulation(known: Any, live: Callable[..., Any]) -> None:
    rng = np.random.default_rng(5)
    T = rng.uniform(5.0, 60.0, CUSTOMERS)
    x, t_x = simulate_purchases(known.fitted.model, known.fitted.posterior.values[0].T, T, rng)
    naive = live(known, np.random.default_rng(6), T, 0.0).summary.frame
    assert x.shape == t_x.shape == (CUSTOMERS, 1)
    assert ks_2samp(x[:, 0], naive["frequency"]).pvalue > FALSE_ALARM
    again = naive["frequency"] > 0
    assert ks_2samp(t_x[x > 0], naive.loc[again, "recency"]).pvalue > FALSE_ALARM
    since, naive_since = (T[:, None] - t_x)[x > 0], (naive["T"] - naive["recency"])[again]
    assert ks_2samp(since, naive_since).pvalue > FALSE_ALARM
    assert (t_x <= T[:, None]).all()
    assert ((t_x > 0) == (x > 0)).all()


def test_purchases_are_as_many_as_expected(known_purchases: Any) -> None:
    rng, T = np.random.default_rng(7), 40.0
    theta = known_purchases.fitted.posterior.values[0].T
    x, _ = simulate_purchases(known_purchases.fitted.model, np.repeat(theta, 10, axis=1), np.full(CUSTOMERS, T), rng)
    expected = known_purchases.fitted.new_customer_purchases(theta, np.array([T]), 0.0).item()
    assert abs(x.mean() - expected) < 5.5 * x.std() / np.sqrt(x.size)


def test_amounts_have_the_mean_and_the_levels_of_the_model(known_spend: Any) -> None:
    model, theta = known_spend.fitted.model, known_spend.fitted.posterior.values[0].T
    n = np.full((CUSTOMERS, 1), 3)
    sums, others = simulate_amounts(model, theta, [n, 2 * n], np.random.default_rng(8))
    # the density of the mean of three amounts against that of the naive draw
    witness = known_spend.witness
    levels = witness.population(np.random.default_rng(9), CUSTOMERS, **known_spend.parameters)
    naive = witness.amounts(np.random.default_rng(10), levels[:, None], (CUSTOMERS, 3), **known_spend.parameters)
    assert ks_2samp(sums[:, 0], naive.sum(axis=1)).pvalue > FALSE_ALARM
    # both sums are of one customer: their levels go together
    assert np.corrcoef(np.log(sums[:, 0]), np.log(others[:, 0]))[0, 1] > 0.3
    nothing = simulate_amounts(model, theta, [np.zeros((5, 1), dtype=np.int64)], np.random.default_rng(1))[0]
    np.testing.assert_array_equal(nothing, 0.0)


def test_parameters_are_those_of_the_priors_in_the_scale_given(any_model: Any) -> None:
    theta = draw_parameters(any_model(), 3.5, np.random.default_rng(11), 2000)
    coordinates = any_model.to_coordinates(list(any_model.rescale(theta, 1.0 / 3.5)))
    for values, prior in zip(coordinates, any_model.default_priors.values(), strict=True):
        same = prior.sample(np.random.default_rng(12), 2000)
        assert ks_2samp(values, same).pvalue > FALSE_ALARM
    name = any_model.unit_parameters[0]
    one, other = (draw_parameters(any_model(), scale, np.random.default_rng(1), 5) for scale in (1.0, 7.0))
    place = any_model.parameters.index(name)
    np.testing.assert_allclose(other[place], 7.0 * one[place])


def test_a_flat_prior_is_refused(any_model: Any) -> None:
    with pytest.raises(lw.InputError, match="flat prior has no draws"):
        draw_parameters(any_model(priors="flat"), 1.0, np.random.default_rng(1), 5)


def test_covariates_and_groups_are_refused(any_model: Any) -> None:
    for given in ({"covariates": ["channel"]}, {"groups": "channel"}):
        with pytest.raises(lw.InputError, match="expected a model without covariates and groups"):
            draw_parameters(any_model(**given), 1.0, np.random.default_rng(1), 5)


def test_a_customer_of_a_frantic_rate_is_followed_to_the_last_purchase_allowed() -> None:
    class Frantic:
        @staticmethod
        def draw_latent(*given: np.ndarray) -> Latent:
            x = given[2]
            return Latent(np.full(x.shape, 1e9), np.zeros(x.shape), np.full(x.shape, np.inf))

    x, t_x = simulate_purchases(Frantic(), np.ones((4, 1)), np.full(3, 50.0), np.random.default_rng(3))  # type: ignore[arg-type]
    np.testing.assert_array_equal(x, MOST_PURCHASES)
    assert (t_x > 0.0).all()
