"""After a fit: whether the data told every parameter, and whether one is at an edge where the model becomes another.

Works on the coordinates of the priors (`mean_gap`, `r`, `phi`, …; see the docstring of each model) on their free scale,
the logarithm or logit, on which posteriors are almost Gaussian. It knows what the edges of known coordinates mean, and
takes any other by its free scale alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import digamma, polygamma

from ..ground.errors import InputError
from ..ground.priors import Flat, HalfNormal, LogNormal, Normal, Prior, from_free, link_of
from ..ground.rows import FloatArray
from .verdict import DataCheck, Level

UNTOLD: Final = 0.9
"""Posterior over prior standard deviation above which the data added next to nothing: a fifth of what the prior knew
(1 / 0.9^2 - 1 = 0.23)."""
CONFLICT: Final = 3.0
"""Prior standard deviations between the posterior's middle and the prior's: by the prior once in 370 times."""
BENT: Final = 0.5
"""Posterior standard deviations by which such a prior moves the posterior, about: below it the data have outweighed it.
For two Gaussians the shift is the distance in prior standard deviations times the ratio of the two."""
UNSURE: Final = 0.5
"""Posterior standard deviation of a logit or logarithm that fewer than four events leave (1 / sqrt(4)): "nobody leaves"
is then what was not seen, not what is known."""
FARTHEST: Final = 8.0
"""Free coordinates beyond +-8, a factor of 3,000 from the data's own scale, are an edge whatever they mean."""


@dataclass(frozen=True)
class Edge:
    """A value of a coordinate beyond which the model has become another.

    Attributes
    ----------
    limit : float
        Of the quantity itself.
    meaning, remedy : str
    unsure : float
        The edge counts if the posterior's standard deviation on the free scale is above it.
    """

    limit: float
    meaning: str
    remedy: str
    unsure: float = 0.0


_ONE_RATIO: Final = "Forecasts are not harmed; do not read meaning into the single letters."
_LONGER: Final = "Give a longer history or a prior, and forecast no further ahead than the history is long."
_FEW: Final = "Look for tills, resellers and test accounts; see heavy_buyer of check_data."

LOWER: Final[Mapping[str, Edge]] = {
    "mean_gap": Edge(
        0.05,
        "customers buy 20 times as often as the typical gap between purchases says",
        "Check that orders of one day were merged.",
    ),
    "r": Edge(0.03, "nearly all purchases are expected of very few customers", _FEW),
    "phi": Edge(0.05, "nobody was seen to leave, or next to nobody, and a forecast keeps all", _LONGER, UNSURE),
    "kappa": Edge(
        0.1,
        "customers leave after their first purchases or never (a and b both near 0): who is still there stays for ever",
        _LONGER,
    ),
    "median_lifetime": Edge(
        0.05,
        "half of the customers leave within a twentieth of a gap between purchases",
        "Check that one-time buyers are real customers; a model for them apart may serve better.",
    ),
    "spread": Edge(
        0.035, "all customers leave at the same rate (s above 20): only the ratio s / beta can be told", _ONE_RATIO
    ),
    "p": Edge(
        0.1,
        "the amounts of one customer vary by more than a factor of ten",
        "Look for amounts of another kind (shipping, corrections) in the log.",
    ),
    "q_excess": Edge(
        0.05, "the mean amount of the population is only just finite: it hangs on a few big spenders", _FEW
    ),
}
"""Edges below, by coordinate."""

UPPER: Final[Mapping[str, Edge]] = {
    "mean_gap": Edge(
        50.0, "the mean time between purchases is 50 times the typical gap seen: most gaps are too long to be", _LONGER
    ),
    "r": Edge(
        20.0,
        "customers buy at rates that hardly differ (coefficient of variation below 0.22)",
        "Check that these are purchases of people's own will and not deliveries by plan, which are not at random.",
    ),
    "phi": Edge(
        0.9,
        "nine customers in ten leave after their first repeat purchase",
        "Check that frequency counts days with purchases; a model of dropout in time (Pareto/NBD) may serve better.",
    ),
    "kappa": Edge(
        50.0,
        "all customers leave with the same probability (a and b both large): only a / (a + b) can be told",
        _ONE_RATIO,
    ),
    "median_lifetime": Edge(
        30.0, "nobody was seen to leave, or next to nobody, and a forecast keeps all", _LONGER, UNSURE
    ),
    "spread": Edge(
        1000.0,
        "customers leave at once or never (s below 0.1): who is still there stays for ever",
        _LONGER,
    ),
    "p": Edge(
        1000.0,
        "one customer's amounts hardly vary (coefficient of variation below 0.03)",
        "Check that these are amounts and not a price list; see same_amounts of check_data.",
    ),
    "q_excess": Edge(
        200.0,
        "customers spend alike (coefficient of variation below 0.07)",
        "The mean amount alone would do; check that amounts are not one fixed price.",
    ),
}  # fmt: skip
"""Edges above, by coordinate."""

TOGETHER: Final[Mapping[str, str]] = {
    "phi": "The mean dropout probability, and with it a and b, was not learnt from these data.",
    "kappa": "How unlike dropout probabilities are was not learnt: of a and b at most the ratio was.",
    "median_lifetime": "How long customers stay, and with it s and beta, was not learnt from these data.",
    "spread": "How unlike dropout rates are was not learnt: of s and beta at most the ratio was.",
    "r": "How unlike purchase rates are was not learnt from these data.",
}
"""What it means that a coordinate was not learnt."""


def boundary_checks(draws: Mapping[str, FloatArray], priors: Mapping[str, Prior]) -> tuple[DataCheck, ...]:
    """Check each coordinate of a posterior: whether it was learnt, is at an edge, or is at odds with its prior.

    Two checks a coordinate, never worse than "warn": ``unidentified[phi]``, whose value is the posterior standard
    deviation over that of the prior (left out where the prior is flat), and ``boundary[phi]``, whose value is the
    posterior median of the quantity.

    Parameters
    ----------
    draws : mapping of str to array
        Posterior draws of each coordinate on its free scale (logarithm or logit), of any shape.
    priors : mapping of str to prior
        The priors that the model was fitted with, by the same names.

    Raises
    ------
    InputError
        The names differ, or a coordinate has fewer than two draws or draws that are not finite.

    Examples
    --------
    >>> from lifeworth.models.ground.priors import LogNormal
    >>> draws = {"r": np.random.default_rng(1).normal(-1.4, 0.05, 4000)}
    >>> [(check.name, check.level) for check in boundary_checks(draws, {"r": LogNormal(-0.5, 1.0)})]
    [('unidentified[r]', 'ok'), ('boundary[r]', 'ok')]
    """
    if set(draws) != set(priors):
        raise InputError(f"draws: expected coordinates {', '.join(priors)}; got {', '.join(draws) or 'none'}.")
    checks: list[DataCheck] = []
    for name, prior in priors.items():
        free = np.asarray(draws[name], dtype=float).ravel()
        if free.size <= 1 or not np.isfinite(free).all():
            raise InputError(f"draws: expected two or more finite draws of {name}; a point fit has no posterior.")
        if not isinstance(prior, Flat):
            checks.append(_identified(name, free, prior))
        checks.append(_boundary(name, free, prior))
    return tuple(checks)


def centre_and_spread(prior: Prior) -> tuple[float, float]:
    """Mean and standard deviation of a prior on its free scale; NaN for a flat one."""
    if isinstance(prior, Flat):
        return math.nan, math.nan
    if isinstance(prior, (LogNormal, Normal)):
        return prior.mu, prior.sigma
    if isinstance(prior, HalfNormal):  # half the logarithm of a chi-square with one degree of freedom
        return math.log(prior.sigma) + (digamma(0.5) + math.log(2.0)) / 2.0, math.sqrt(polygamma(1, 0.5)) / 2.0
    spread = math.sqrt(polygamma(1, prior.alpha) + polygamma(1, prior.beta))
    return float(digamma(prior.alpha) - digamma(prior.beta)), spread


def _identified(name: str, free: FloatArray, prior: Prior) -> DataCheck:
    ratio = float(free.std(ddof=1)) / centre_and_spread(prior)[1]
    untold = ratio > UNTOLD
    told = f"The posterior of {name} is {ratio:.2f} times as wide as its prior."
    meaning = TOGETHER.get(name, f"{name} was not learnt from these data.")
    return DataCheck(
        f"unidentified[{name}]",
        ratio,
        f"<= {UNTOLD:g}",
        "warn" if untold else "ok",
        f"{told} {meaning}" if untold else told,
        "Give more customers or a longer history; else choose the prior with care, for it decides." if untold else "",
    )


def _boundary(name: str, free: FloatArray, prior: Prior) -> DataCheck:
    """At an edge of the quantity or of the free scale; or, if not there, at odds with what the prior expected."""
    middle, deviation = float(np.median(free)), float(free.std(ddof=1))
    value = float(from_free(middle, link_of(prior)))
    lower, upper = LOWER.get(name), UPPER.get(name)
    edge = lower if lower and value < lower.limit else upper if upper and value > upper.limit else None
    told = f"{name} is {value:.3g}"
    level: Level = "warn"
    if edge is not None and deviation > edge.unsure:
        sentence, remedy = f"{told}: {edge.meaning}.", edge.remedy
    elif abs(middle) > FARTHEST:
        sentence = f"{told}, at the end of its range: the data push it without limit."
        remedy = "Give it a narrower prior, or a simpler model without it."
    elif _at_odds(middle, deviation, prior):
        sentence = f"{told}, far from where its prior {prior!r} expects it, and the prior bends it."
        remedy = "If the data are right, give a prior that expects such values, or more data."
    else:
        level, sentence, remedy = "ok", f"{told}.", ""
    limits = [f">= {lower.limit:g}"] if lower else []
    limits += [f"<= {upper.limit:g}"] if upper else []
    expected = " and ".join(limits) or f"within +-{FARTHEST:g} on its free scale"
    return DataCheck(f"boundary[{name}]", value, expected, level, sentence, remedy)


def _at_odds(middle: float, deviation: float, prior: Prior) -> bool:
    """Whether the posterior is where the prior does not expect it, and not sure enough to leave the prior behind."""
    if isinstance(prior, Flat):
        return False
    centre, spread = centre_and_spread(prior)
    away = (middle - centre) / spread
    if isinstance(prior, HalfNormal) and away < 0.0:  # groups that are alike are what it is for
        return False
    return abs(away) > CONFLICT and abs(away) * deviation / spread > BENT
