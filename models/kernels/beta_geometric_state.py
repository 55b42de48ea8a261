r"""What the beta-geometric models know of a customer's own purchase rate and dropout probability, alive or gone.

Given the parameters, with k tosses for x repeat purchases, a customer is (formulas as in `beta_geometric`)

* alive with probability P: :math:`\lambda \sim \Gamma(r+x, \alpha+T)`, :math:`p \sim \mathrm{Beta}(a, b+k)`, or
* gone at t_x: :math:`\lambda \sim \Gamma(r+x, \alpha+t_x)`, :math:`p \sim \mathrm{Beta}(a+1, b+k-1)`,

lambda and p being independent in either case.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from ..ground.rows import FloatArray, IntArray
from ..ground.states import State

ANY_SHAPE: Final = 1.0
"""Stands in for b + k - 1 where k = 0: nobody is gone without a toss, so that the draw is not used."""


def draw_state(
    rng: np.random.Generator,
    theta: FloatArray,
    x: IntArray,
    t_x: FloatArray,
    T: FloatArray,
    p_alive: FloatArray,
    extra_tosses: int,
) -> State:
    """Draw the state of each customer, alive or gone, exactly.

    Parameters
    ----------
    theta : array (4, 1, draws)
    x, t_x, T : array (customers, 1)
    p_alive : array (customers, draws)
        Probability alive at the cut-off, given the parameters.
    extra_tosses : int
        0 for BG/NBD, 1 for MBG/NBD.
    """
    r, alpha, a, b = theta
    k = x + extra_tosses
    alive = rng.random(p_alive.shape) < p_alive
    rate = rng.standard_gamma(r + x, p_alive.shape) / (alpha + np.where(alive, T, t_x))
    survived = np.where(alive, b + k, np.where(k > 0, b + k - 1.0, ANY_SHAPE))
    dropout = rng.beta(np.where(alive, a, a + 1.0), survived)
    return State(rate, dropout, np.where(alive, math.inf, t_x))


def mean_rate(theta: FloatArray, x: IntArray, t_x: FloatArray, T: FloatArray, p_alive: FloatArray) -> FloatArray:
    """E[lambda] = (r+x) (P/(alpha+T) + (1-P)/(alpha+t_x)); arrays broadcast."""
    r, alpha, _, _ = theta
    return np.asarray((r + x) * (p_alive / (alpha + T) + (1.0 - p_alive) / (alpha + t_x)))


def mean_dropout(theta: FloatArray, x: IntArray, p_alive: FloatArray, extra_tosses: int) -> FloatArray:
    """E[p] = (a + 1 - P) / (a+b+k); arrays broadcast."""
    _, _, a, b = theta
    return np.asarray((a + 1.0 - p_alive) / (a + b + x + extra_tosses))
