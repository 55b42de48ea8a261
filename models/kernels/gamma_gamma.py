"""Compiled work of the Gamma-Gamma model: the likelihood of rows with its gradient."""

from __future__ import annotations

import math
from typing import Final

from ..ground.compiled import compiled
from ..ground.rows import FloatArray, SpendRows

ASYMPTOTIC_FROM: Final = 10.0
"""From here on the asymptotic series of the digamma function holds to 1e-15."""


@compiled
def digamma(x: float) -> float:
    """Digamma function of a positive number (Abramowitz & Stegun 6.3.5 and 6.3.18)."""
    shift = 0.0
    while x < ASYMPTOTIC_FROM:
        shift -= 1.0 / x
        x += 1.0
    f = 1.0 / (x * x)
    series = f * (1 / 12 - f * (1 / 120 - f * (1 / 252 - f * (1 / 240 - f * (1 / 132 - f * 691 / 32760)))))
    return shift + math.log(x) - 0.5 / x - series


@compiled
def gamma_gamma_log_likelihood(theta: FloatArray, rows: SpendRows, gradient: FloatArray) -> float:
    """Weighted log likelihood of the Gamma-Gamma over rows; fills `gradient` by p, q, v of each cell.

    `theta` and `gradient` are arrays (3, cells). Gamma functions are computed once per distinct n of a cell.
    """
    total = 0.0
    for c in range(theta.shape[1]):
        p, q, v = theta[0, c], theta[1, c], theta[2, c]
        log_v, lgamma_q, digamma_q = math.log(v), math.lgamma(q), digamma(q)
        g_p = g_q = g_v = 0.0
        last = -1
        base = by_sum = by_pn = log_n = 0.0
        for i in range(rows.first[c], rows.first[c + 1]):
            n, w = rows.n[i], rows.weight[i]
            pn = p * n
            if n != last:
                last = n
                log_n = math.log(n)
                base = math.lgamma(pn + q) - math.lgamma(pn) - lgamma_q + q * log_v + pn * log_n
                by_sum, by_pn = digamma(pn + q), digamma(pn)
            log_zbar = math.log(rows.zbar[i])
            rate = n * rows.zbar[i] + v
            log_rate = math.log(rate)
            total += w * (base + (pn - 1.0) * log_zbar - (pn + q) * log_rate)
            g_p += w * n * (by_sum - by_pn + log_zbar + log_n - log_rate)
            g_q += w * (by_sum - digamma_q + log_v - log_rate)
            g_v += w * (q / v - (pn + q) / rate)
        gradient[0, c], gradient[1, c], gradient[2, c] = g_p, g_q, g_v
    return total
