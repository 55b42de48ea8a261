"""Whole populations drawn from a model: parameters from its priors, customers from the parameters, exactly."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..base import Model, SpendFormulas, TransactionFormulas
from ..ground.compiled import compiled
from ..ground.errors import InputError
from ..ground.rows import FloatArray, IntArray

MOST_PURCHASES: Final = 100_000
"""Where the walk of a customer stops: a prior so wide that it allows more would keep the computer busy for ever."""


def draw_parameters(model: Model, scale: float, rng: np.random.Generator, draws: int) -> FloatArray:
    """Draws of the parameters from the priors, array (parameters, draws).

    Parameters
    ----------
    model : Model
    scale : float
        The time, or the amount, that the priors are relative to, in the user's unit; parameters come in that unit.
    rng : Generator
    draws : int

    Raises
    ------
    InputError
        A flat prior, which has no draws, or a model with covariates or groups.
    """
    if model.attributes or model.groups:
        raise InputError(
            "priors: expected a model without covariates and groups, whose customers differ by what a summary says "
            f"of them; got {model!r}. Check the priors of {type(model).__name__}() first."
        )
    coordinates = [model.priors[name].sample(rng, draws) for name in model.default_priors]
    return model.rescale(np.stack(model.to_parameters(coordinates)), scale)


def simulate_purchases(
    model: TransactionFormulas, theta: FloatArray, T: FloatArray, rng: np.random.Generator
) -> tuple[IntArray, FloatArray]:
    """Repeat purchases of customers from their first purchase to the cut-off, in continuous time.

    Parameters
    ----------
    model : TransactionFormulas
    theta : array (parameters, draws)
    T : array (customers,)
        Time from the first purchase to the cut-off.
    rng : Generator

    Returns
    -------
    x, t_x : array (customers, draws)
        Repeat purchases, `MOST_PURCHASES` at most, and the time of the last, 0 where there is none.
    """
    nothing, start = np.zeros((len(T), 1), dtype=np.int64), np.zeros((len(T), 1))
    latent = model.draw_latent(rng, theta[:, None, :], nothing, start, start)
    return _live(rng, latent.rate, latent.dropout, latent.lifetime, T)


def simulate_amounts(
    model: SpendFormulas, theta: FloatArray, counts: list[IntArray], rng: np.random.Generator
) -> list[FloatArray]:
    """Sums of amounts of customers, one array (customers, draws) for each of `counts`; 0 where the count is 0.

    Parameters
    ----------
    model : SpendFormulas
    theta : array (parameters, draws)
    counts : list of array (customers, 1) or (customers, draws)
        How many amounts, such as those of first and of repeat purchases: of the same customers, with their own level.
    rng : Generator
    """
    nothing = np.zeros((len(counts[0]), 1), dtype=np.int64)
    rate = model.draw_latent(rng, theta[:, None, :], nothing, nothing.astype(float))
    return [np.asarray(rng.standard_gamma(theta[0] * count) / rate) for count in counts]


@compiled
def _live(
    rng: np.random.Generator, rate: FloatArray, dropout: FloatArray, lifetime: FloatArray, T: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Walk every customer, (customers, draws), from purchase to purchase until the cut-off or the end."""
    x = np.zeros(rate.shape, dtype=np.int64)
    t_x = np.zeros(rate.shape)
    for i in range(rate.shape[0]):
        for s in range(rate.shape[1]):
            if rate[i, s] <= 0.0:
                continue
            time, end = 0.0, min(T[i], lifetime[i, s])
            while x[i, s] < MOST_PURCHASES:
                time += rng.standard_exponential() / rate[i, s]
                if not time < end:
                    break
                x[i, s] += 1
                t_x[i, s] = time
                if rng.random() < dropout[i, s]:
                    break
    return x, t_x
