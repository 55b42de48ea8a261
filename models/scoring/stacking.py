"""Weights over models whose mixture would have told best what came."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..ground.errors import InputError
from ..ground.rows import FloatArray

MOST_STEPS: Final = 2_000
"""Steps after which the search stops; it converges in hundreds."""
SETTLED: Final = 1e-8
"""Gain in mean log score at which it has converged: nobody would tell such mixtures apart."""


def stacking_weights(log_densities: FloatArray, weight: FloatArray | None = None) -> FloatArray:
    """Weights that maximise the log score of the mixture of predictive distributions, array (models,), summing to 1.

    Stacking of predictive distributions (Yao, Vehtari, Simpson & Gelman 2018, Bayesian Analysis 13:3, equation 4), on
    forecasts that have come true rather than on data left out; found by expectation maximisation, as the weights of a
    mixture whose components are known.

    Parameters
    ----------
    log_densities : array (outcomes, models)
        Log predictive probability of each outcome by each model.
    weight : array (outcomes,), optional
        What each outcome counts.

    Raises
    ------
    InputError
        No outcome, or an array of another shape.
    """
    logs = np.asarray(log_densities, dtype=float)
    if logs.ndim != 2 or 0 in logs.shape:
        raise InputError(f"log_densities: expected an array (outcomes, models) with some of each, got {logs.shape}.")
    counts = np.ones(len(logs)) if weight is None else np.asarray(weight, dtype=float)
    counts = counts / counts.sum()
    densities = np.exp(logs - logs.max(axis=1, keepdims=True))
    weights = np.full(logs.shape[1], 1.0 / logs.shape[1])
    before = -np.inf
    for _ in range(MOST_STEPS):
        mixed = densities @ weights
        score = float(counts @ np.log(mixed))
        if score - before < SETTLED:
            break
        before = score
        weights = weights * ((counts / mixed) @ densities)
    return np.asarray(weights / weights.sum())
