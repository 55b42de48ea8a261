"""Whether frequent customers spend more on a purchase than a model says that takes the two as independent.

Observed and expected are compared by simulation: each customer's mean amount is drawn anew from the fitted model, with
a spend level drawn from the population and as many amounts as the customer has, so that what averaging over few or many
amounts does to a mean, a rank or a logarithm is the same on both sides.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pandas as pd

from ..checks.spend import correlations, ranks
from ..ground.errors import InputError
from ..ground.intervals import INTERVAL, check_draws, quantile_name
from ..ground.rows import FloatArray, IntArray
from ..ground.summary import CustomerSummary, check_summary
from ..spend import FittedSpend

MOST_FREQUENT: Final = 7
"""Customers with this many repeat purchases or more are one class: few have so many."""
DRAWS: Final = 400
"""Draws behind an interval: its ends are then 7 % of its width unsure."""
MOST_DRAWN: Final = 10_000
"""Customers that amounts are drawn for; of more, as many evenly over their frequencies, and intervals are made as
much narrower as means of all are surer than means of these."""


def spend_by_frequency(
    spend: FittedSpend, summary: CustomerSummary, *, draws: int = DRAWS, seed: int = 0
) -> pd.DataFrame:
    """Mean amount per purchase by repeat purchases: what came, and what independence of the two makes expect.

    Parameters
    ----------
    spend : FittedSpend
        Fitted on `summary`, as a rule.
    summary : CustomerSummary
    draws : int
        Simulated populations behind the intervals.
    seed : int

    Returns
    -------
    DataFrame
        One row a class of frequency (repeat purchases 0 or 1 to 6, and 7 or more), with customers of known amounts:
        frequency, customers, actual (mean over customers of their mean amount), mean (expected of it, if amounts
        did not depend on frequency: exact), q05, q95 (likewise: doubt about parameters and chance). Class 0
        is there where the model is of all purchases.

    Raises
    ------
    InputError
        The summary has no amounts, none is known, or fewer than 2 draws are asked for.
    """
    known = _Known.of(spend, summary)
    drawn, level = known.simulated(check_draws(draws, 2), seed)
    band = np.minimum(known.frequency, MOST_FREQUENT)
    rows = []
    for frequency in np.unique(band):
        inside, of = band == frequency, band[known.chosen] == frequency
        actual = float(known.zbar[inside].mean())
        narrower = math.sqrt(of.sum() / inside.sum())
        expected = level[of].mean(axis=0)  # doubt about parameters does not become less with customers, chance does
        means = expected + (drawn[of].mean(axis=0) - expected) * narrower
        rows.append((int(frequency), int(inside.sum()), actual, expected.mean(), *np.quantile(means, INTERVAL)))
    return pd.DataFrame(rows, columns=["frequency", "customers", "actual", "mean", *map(quantile_name, INTERVAL)])


def spend_correlations(
    spend: FittedSpend, summary: CustomerSummary, *, draws: int = DRAWS, seed: int = 0
) -> pd.DataFrame:
    """Correlations of repeat purchases with mean amount among repeat customers, and what independence makes expect.

    Parameters as in `spend_by_frequency`.

    Returns
    -------
    DataFrame
        One row a coefficient: correlation ("pearson", "spearman", "log-log"), customers, actual, mean, q05, q95 (of
        the coefficient, if amounts did not depend on frequency). The means of the last two are above 0: the mean of
        few skewed amounts is below the mean of many more often than not.

    Raises
    ------
    InputError
        As `spend_by_frequency`; also where fewer than 4 repeat customers have known amounts, or these or their
        frequencies never vary.
    """
    known = _Known.of(spend, summary).repeaters()
    actual = correlations(known.frequency, known.zbar)
    drawn, _ = known.simulated(check_draws(draws, 2), seed)
    x = known.frequency[known.chosen]
    rank, columns = ranks(x), drawn.T
    under = {
        "pearson": [float(np.corrcoef(x, amounts)[0, 1]) for amounts in columns],
        "spearman": [float(np.corrcoef(rank, ranks(amounts))[0, 1]) for amounts in columns],
        "log-log": [float(np.corrcoef(np.log(x), np.log(amounts))[0, 1]) for amounts in columns],
    }
    narrower = math.sqrt(len(x) / len(known.frequency))
    rows = []
    for c in actual:
        middle = float(np.mean(under[c.kind]))
        ends = middle + (np.quantile(under[c.kind], INTERVAL) - middle) * narrower
        rows.append((c.kind, c.customers, c.value, middle, *ends))
    return pd.DataFrame(rows, columns=["correlation", "customers", "actual", "mean", *map(quantile_name, INTERVAL)])


class _Known:
    """Customers with known amounts.

    Attributes
    ----------
    spend : FittedSpend
    summary : CustomerSummary
        These customers alone.
    frequency, n : int array (customers,)
        Repeat purchases, and amounts that the mean is of.
    zbar : array (customers,)
    chosen : int array
        Those that amounts are drawn for.
    """

    def __init__(self, spend: FittedSpend, summary: CustomerSummary) -> None:
        self.spend, self.summary = spend, summary
        self.frequency = summary.frame["frequency"].to_numpy(np.int64)
        self.n, self.zbar = spend.purchases_of(summary)
        order = np.argsort(self.frequency, kind="stable")
        few = np.linspace(0, len(order) - 1, min(len(order), MOST_DRAWN)).astype(np.int64)
        self.chosen: IntArray = np.sort(order[few])

    @classmethod
    def of(cls, spend: FittedSpend, summary: CustomerSummary) -> _Known:
        summary = check_summary(summary)
        known = spend.purchases_of(summary)[0] > 0
        if not known.any():
            raise InputError(
                f"amount: none of the {len(summary):,} customers has a known amount above 0; summarise with the "
                "amount column."
            )
        return cls(spend, summary.select(known))

    def repeaters(self) -> _Known:
        """Those with repeat purchases."""
        again = self.frequency > 0
        if not again.any():
            raise InputError("frequency: no customer with a known amount has bought twice: nothing to compare.")
        return _Known(self.spend, self.summary.select(again))

    def simulated(self, draws: int, seed: int) -> tuple[FloatArray, FloatArray]:
        """Mean amounts of the chosen customers were they independent of frequency, and what these are means around.

        Both arrays (chosen, draws); the second differs between customers by covariates and groups alone.
        """
        here = np.zeros(len(self.summary), dtype=bool)
        here[self.chosen] = True
        model, n = self.spend.model, self.n[self.chosen]

        def mean_amounts(theta: FloatArray, customers: IntArray) -> FloatArray:
            rng = np.random.default_rng([seed, int(customers[0])])  # a stream a block: they run at the same time
            nothing, nought = np.zeros((len(customers), 1), dtype=np.int64), np.zeros((len(customers), 1))
            rate = model.draw_latent(rng, theta[:, None, :], nothing, nought)
            count = n[customers, None]
            drawn = rng.standard_gamma(theta[0] * count) / (count * rate)
            return np.stack(np.broadcast_arrays(drawn, model.expected_spend(theta[:, None, :], nothing, nought)))

        cells = self.spend.cells(self.summary.select(here))
        order, blocks = self.spend.by_block(cells, mean_amounts, draws, "Amounts if independent")
        out = np.empty((2, len(n), draws))
        out[:, order] = np.concatenate(blocks, axis=1)
        return out[0], out[1]
