r"""Amounts: whether they are known, whether they vary, and whether they depend on how often a customer buys.

Models of spend take the amounts of a customer to be independent of frequency. Pearson's coefficient sees little of a
dependence (amounts are skewed: CDNOW .11 where Spearman's is .21), but rank and log correlations see one where there
is none: the mean of few amounts is more skewed, its median and its mean logarithm lower, than the mean of many. For
independent amounts like CDNOW's that alone makes a rank correlation of .04, for widely varying ones (a coefficient of
variation of 1 within a customer) of .14. So Spearman's coefficient is judged against what averaging makes: with the
amounts of a customer Gamma(p, nu) and nu Gamma(q, v), as in the Gamma-Gamma model,

.. math:: \operatorname{Var}(\log \bar z \mid n) = \psi'(q) + \psi'(p n)

(:math:`\psi'` the trigamma function), which gives p and q by least squares over n, and amounts drawn with them, the
same n for each customer, give the coefficient under independence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import polygamma

from ..ground.errors import InputError
from ..ground.intervals import INTERVAL, NORMAL_90, quantile_name
from ..ground.rows import FloatArray, IntArray
from ..ground.summary import MONEY, CustomerSummary
from .limits import SURE, DataLimits
from .verdict import DataCheck, Level

FEWEST: Final = 20
"""Repeat customers with a known amount, below which a correlation says nothing."""
SHAPES: Final = np.geomspace(0.05, 1000.0, 200)
"""Shapes p and q that are tried: a coefficient of variation of 4.5 down to 0.03."""
CLASS: Final = 5
"""Customers with the same number of amounts that are needed for a variance."""
COPIES: Final = 20
"""Times that independent amounts are drawn: their mean coefficient is then far surer than the one observed."""
MOST_DRAWN: Final = 5000
"""Customers that amounts are drawn for; of more, as many evenly over their numbers of purchases."""
SEED: Final = 1
"""The verdict on the same data is the same."""


@dataclass(frozen=True)
class Correlation:
    """A correlation of frequency with mean amount.

    Attributes
    ----------
    kind : str
        "pearson", "spearman" or "log-log".
    value : float
    customers : int
    """

    kind: str
    value: float
    customers: int

    @property
    def error(self) -> float:
        """Standard error on the scale of Fisher's z; for ranks a little larger (Bonett & Wright 2000)."""
        ranks = 1.0 + self.value**2 / 2.0 if self.kind == "spearman" else 1.0
        return math.sqrt(ranks / (self.customers - 3.0))

    @property
    def interval(self) -> tuple[float, float]:
        """90 % interval."""
        centre = math.atanh(min(max(self.value, -1.0 + 1e-12), 1.0 - 1e-12))  # a coefficient of 1 has no atanh
        return math.tanh(centre - NORMAL_90 * self.error), math.tanh(centre + NORMAL_90 * self.error)


def correlations(frequency: IntArray, zbar: FloatArray) -> tuple[Correlation, ...]:
    """Pearson, Spearman and log-log correlation of frequency with mean amount, arrays (customers,), both above 0.

    Raises
    ------
    InputError
        Fewer than 4 customers, or one of the two never varies.
    """
    size = len(frequency)
    if size <= 3 or np.ptp(frequency) == 0 or np.ptp(zbar) == 0.0:  # the degrees of freedom of z
        raise InputError(
            f"frequency, amount: expected at least 4 customers whose repeat purchases and mean amounts vary, got {size}"
            " such customers. A correlation needs both."
        )
    pairs = {
        "pearson": (frequency.astype(float), zbar),
        "spearman": (ranks(frequency), ranks(zbar)),
        "log-log": (np.log(frequency), np.log(zbar)),
    }
    return tuple(Correlation(kind, float(np.corrcoef(a, b)[0, 1]), size) for kind, (a, b) in pairs.items())


def ranks(values: FloatArray | IntArray) -> FloatArray:
    """Ranks, the mean rank for ties, array (customers,)."""
    return np.asarray(pd.Series(values).rank(), dtype=np.float64)


def correlation_frame(frequency: IntArray, zbar: FloatArray) -> pd.DataFrame:
    """One row a coefficient: correlation, value, q05, q95."""
    low, high = map(quantile_name, INTERVAL)
    rows = [[c.kind, c.value, *c.interval] for c in correlations(frequency, zbar)]
    return pd.DataFrame(rows, columns=["correlation", "value", low, high])


def spearman_by_averaging(frequency: IntArray, n: IntArray, zbar: FloatArray) -> float:
    """Spearman's coefficient that averaging alone makes, were amounts independent of frequency (module docstring).

    Parameters
    ----------
    frequency : int array (customers,)
        Repeat purchases.
    n : int array (customers,)
        Amounts that each mean is of.
    zbar : array (customers,)
        Mean amounts.

    Returns
    -------
    float
        0 where too few customers share a number of amounts to tell how widely these vary.
    """
    shapes = _shapes(n, zbar)
    if shapes is None:
        return 0.0
    p, q = shapes
    order = np.argsort(n, kind="stable")
    chosen = order[np.linspace(0, len(n) - 1, min(len(n), MOST_DRAWN)).astype(int)]
    rng = np.random.default_rng(SEED)
    counts, rank = p * n[chosen], ranks(frequency[chosen])
    drawn = rng.standard_gamma(counts, (COPIES, len(chosen))) / n[chosen] / rng.standard_gamma(q, (COPIES, len(chosen)))
    return float(np.mean([np.corrcoef(rank, ranks(amounts))[0, 1] for amounts in drawn]))


def _shapes(n: IntArray, zbar: FloatArray) -> tuple[float, float] | None:
    """Shapes p and q that fit the variance of log zbar by n best; None if it is known for a single n alone."""
    groups = pd.Series(np.log(zbar)).groupby(n).agg(["size", "var"])
    groups = groups[groups["size"] >= CLASS]
    if len(groups) <= 1:
        return None
    weight, seen = groups["size"].to_numpy(float), groups["var"].to_numpy(float)
    within = polygamma(1, SHAPES[:, None] * groups.index.to_numpy(float))
    between = np.maximum((weight * (seen - within)).sum(axis=1) / weight.sum(), polygamma(1, SHAPES[-1]))
    misfit = (weight * (seen - within - between[:, None]) ** 2).sum(axis=1)
    best = int(misfit.argmin())
    return float(SHAPES[best]), float(np.interp(-between[best], -polygamma(1, SHAPES), SHAPES))


def check_amounts(summary: CustomerSummary, limits: DataLimits) -> tuple[DataCheck, ...]:
    """Checks of the amounts of a summary; none where it has no amounts."""
    if not any(column in summary.frame for column in MONEY):
        return ()
    first_purchase = MONEY[0] not in summary.frame
    n, zbar = summary.spend_columns(first_purchase)
    again = summary.frame["frequency"].to_numpy() > 0
    known = again & (n > 0)
    frequency = summary.frame["frequency"].to_numpy(np.int64)[known]
    of = "purchase" if first_purchase else "repeat purchase"
    checks = [_known(int(known.sum()), int(again.sum()), limits)]
    if known.any():
        checks += [_vary(zbar[known], of, limits), _dependence(frequency, n[known], zbar[known], limits)]
    return tuple(checks)


def _known(known: int, again: int, limits: DataLimits) -> DataCheck:
    share = 1.0 - known / again if again else 0.0
    level: Level
    if again and not known:
        level, meaning = "stop", " No spend can be forecast."
    elif share > limits.unknown_amounts:
        level, meaning = "warn", " Spend is learnt from the others alone, who may be of another kind."
    else:
        level, meaning = "ok", ""
    return DataCheck(
        "unknown_amounts",
        share,
        f"at most {limits.unknown_amounts:g} of repeat customers",
        level,
        f"{again - known:,} of {again:,} repeat customers have no known amount above 0.{meaning}",
        "" if level == "ok" else "Find the amounts in the log (0 stands for unknown; are refunds netted twice?), or "
        "forecast purchases alone: check_data(…, spend=False).",
    )  # fmt: skip


def _vary(zbar: FloatArray, of: str, limits: DataLimits) -> DataCheck:
    """Whether one amount prevails; a single customer cannot tell."""
    values, counts = np.unique(zbar, return_counts=True)
    share, common = float(counts.max() / len(zbar)), values[counts.argmax()]
    prevails = len(zbar) > CLASS and share > limits.same_amount
    level: Level = "ok" if not prevails else "stop" if len(values) == 1 else "warn"
    who = f"all {len(zbar):,}" if len(values) == 1 else f"{100.0 * share:.0f} % of the {len(zbar):,}"
    return DataCheck(
        "same_amounts",
        share,
        f"at most {limits.same_amount:g} of repeat customers",
        level,
        f"The mean amount per {of} is {common:g} for {who} repeat customers whose amounts are known."
        + (" Amounts that hardly vary are prices, not spend that differs between customers." if prevails else ""),
        ""
        if not prevails
        else "Multiply expected purchases by the price instead of fitting a spend model, and check that the amount "
        "column is not a default or a price per unit: check_data(…, spend=False).",
    )


def _dependence(frequency: IntArray, n: IntArray, zbar: FloatArray, limits: DataLimits) -> DataCheck:
    """Whether frequent customers spend more, or less, on a purchase than others."""
    expected = f"within {limits.dependence:g} of what averaging makes, or not beyond chance"
    if len(zbar) < FEWEST or np.ptp(zbar) == 0.0 or np.ptp(frequency) == 0:
        few = f"{len(zbar):,} repeat customers with a known amount, or all alike: too little to tell a dependence."
        return DataCheck("spend_dependence", math.nan, expected, "ok", few)
    pearson, spearman, loglog = correlations(frequency, zbar)
    averaging = spearman_by_averaging(frequency, n, zbar)
    excess = abs(spearman.value - averaging)
    beyond = excess > limits.dependence and excess > SURE * spearman.error
    low, high = spearman.interval
    told = (
        f"Frequency and mean amount have a rank correlation (Spearman) of {spearman.value:.3f} (90 % interval "
        f"{low:.3f} to {high:.3f}), of which averaging makes {averaging:.3f}; Pearson {pearson.value:.3f}, log-log "
        f"{loglog.value:.3f}."
    )
    kind = "more" if spearman.value > averaging else "less"
    meaning = f" Frequent buyers spend {kind} on a purchase; a spend model that takes the two as independent "
    meaning += f"puts {'too little' if kind == 'more' else 'too much'} value on them."
    return DataCheck(
        "spend_dependence",
        spearman.value,
        expected,
        "warn" if beyond else "ok",
        told + (meaning if beyond else ""),
        "Look at plot_spend_by_frequency for what it costs; give the spend model a covariate that explains it, or fit "
        "segments apart."
        if beyond
        else "",
    )
