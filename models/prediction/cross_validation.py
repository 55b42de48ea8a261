"""Bayesian checks that need customers' log likelihoods, computed once for all who are alike."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..fitted_purchases import FittedPurchases
from ..ground.errors import ConvergenceWarning, InputError
from ..ground.intervals import check_draws
from ..ground.rows import FloatArray
from ..ground.summary import CustomerSummary
from ..inference.diagnostics import LARGEST_K_HAT
from ..inference.posterior import FEWEST_DRAWS
from ..spend import FittedSpend
from .arviz_tree import DRAWS, kept_draws, sampled_groups
from .pointwise import observe

if TYPE_CHECKING:
    import xarray as xr


def loo(
    fitted: FittedPurchases | FittedSpend, summary: CustomerSummary, *, draws: int = DRAWS
) -> Any:  # ArviZ, whose class it is, is imported when asked for
    """Leave-one-out cross-validation over customers, as `arviz.loo` would answer on `to_arviz(fitted, summary)`.

    Importance sampling is done once for all customers who are alike, in blocks, so that neither time nor memory grow
    with customers as the tree's do. `arviz.compare` accepts what it returns.

    A better elpd here is no reason to choose a transaction model. It scores the weeks that were seen, and on CDNOW it
    prefers MBG/NBD over BG/NBD over Pareto/NBD, while Pareto/NBD forecasts the following weeks best: choose between
    models by a backtest. Use it to see what a covariate, a group or a prior adds to one model, and which customers a
    model finds surprising.

    Parameters
    ----------
    fitted : FittedPurchases or FittedSpend
        With draws: of method "laplace" or "nuts".
    summary : CustomerSummary
        The customers the model was fitted on. Those of whom nothing was observed do not count: acquired on the last
        day, or without a known amount.
    draws : int
        Draws of the parameters, evenly over all chains.

    Returns
    -------
    arviz_stats.ELPDDataLOO
        elpd, se, p (effective number of parameters), and for each customer elpd_i and pareto_k, both (customer_id,).

    Raises
    ------
    InputError
        A fit without draws, or a summary that does not fit it.

    Warns
    -----
    ConvergenceWarning
        A Pareto k above `good_k`: what is said of that customer cannot be relied on.

    References
    ----------
    Vehtari, Gelman & Gabry (2017), Practical Bayesian model evaluation using leave-one-out cross-validation and WAIC,
    Statistics and Computing 27:5, 1413-1432.
    """
    import xarray as xr
    from arviz_stats.base.array import array_stats
    from arviz_stats.utils import ELPDDataLOO

    seen = observe(fitted, summary)
    kept = kept_draws(fitted, check_draws(draws, FEWEST_DRAWS))
    efficiency = _relative_efficiency(sampled_groups(fitted, kept)["/posterior"])

    def of_block(theta: FloatArray, rows: slice) -> FloatArray:
        values = seen.log_likelihood(theta, rows).T
        each = [array_stats.loo(row, chain_axis=None, draw_axis=-1, r_eff=efficiency) for row in values]
        return np.array(each, dtype=float).reshape(-1, 3).T

    elpd, k, p = np.concatenate(seen.by_block(len(kept), of_block, "Leave-one-out"), axis=1)
    customers = len(seen.inverse)
    good_k = min(1.0 - 1.0 / np.log10(len(kept)), LARGEST_K_HAT)
    bad = int(seen.weight[k > good_k].sum())
    if bad:
        warnings.warn(
            f"loo: the Pareto k of {bad:,} of {customers:,} customers is above {good_k:.2f}, so that leaving them out "
            "changes the posterior too much to be reweighted; look at pareto_k, and at these customers' data.",
            ConvergenceWarning,
            stacklevel=2,
        )
    total = float(seen.weight @ elpd)
    variance = float(seen.weight @ (elpd - total / customers) ** 2) / max(customers - 1, 1)

    def spread(values: FloatArray) -> xr.DataArray:
        return xr.DataArray(
            values[seen.inverse], {"customer_id": seen.customer_id}, ("customer_id",), name=seen.variable
        )

    return ELPDDataLOO(
        elpd=total,
        se=float(np.sqrt(customers * variance)),
        p=float(seen.weight @ p),
        n_samples=len(kept),
        n_data_points=customers,
        scale="log",
        warning=bad > 0,
        good_k=good_k,
        elpd_i=spread(elpd),
        pareto_k=spread(k),
    )


def prior_sensitivity(
    fitted: FittedPurchases | FittedSpend, summary: CustomerSummary, *, draws: int = DRAWS
) -> pd.DataFrame:
    """How much each parameter would move if the prior, or the likelihood, counted for a little more or less.

    As `arviz_stats.psense_summary` would answer on `to_arviz(fitted, summary)`, without that tree: the likelihood
    enters as its sum over customers.

    Returns
    -------
    DataFrame
        One row a parameter: prior, likelihood (sensitivities; above 0.05 is much) and diagnosis. A prior that is
        felt while the likelihood is not says that the data are weak; both, that they disagree.

    Raises
    ------
    InputError
        A fit without draws or without any prior, or a summary that does not fit it.

    References
    ----------
    Kallioinen, Paananen, Bürkner & Vehtari (2024), Detecting and diagnosing prior and likelihood sensitivity with
    power-scaling, Statistics and Computing 34:57.
    """
    import xarray as xr
    from arviz_stats.psense import psense_summary

    seen = observe(fitted, summary)
    kept = kept_draws(fitted, check_draws(draws, FEWEST_DRAWS))
    groups = sampled_groups(fitted, kept)
    if "/log_prior" not in groups:
        raise InputError("priors: all are flat, so that there is no prior to be sensitive to.")

    def weighted(theta: FloatArray, rows: slice) -> FloatArray:
        return np.asarray(seen.log_likelihood(theta, rows) @ seen.weight[rows])

    total = np.sum(seen.by_block(len(kept), weighted, "Log likelihood"), axis=0)
    posterior = groups["/posterior"]
    sample = {name: posterior.coords[name] for name in ("chain", "draw")}
    total = total.reshape([coord.size for coord in sample.values()])
    groups["/log_likelihood"] = xr.Dataset({seen.variable: (tuple(sample), total)}, sample)
    return pd.DataFrame(psense_summary(xr.DataTree.from_dict(groups)))


def _relative_efficiency(posterior: xr.Dataset) -> float:
    """Effective draws of the mean a draw, over all parameters; 1 for independent draws (a single chain)."""
    from arviz_stats.base.array import array_stats

    if posterior.sizes["chain"] == 1:
        return 1.0
    effective = [
        np.ravel(array_stats.ess(values.transpose(..., "chain", "draw").values, method="mean"))
        for values in posterior.data_vars.values()
    ]
    return float(np.concatenate(effective).mean()) / (posterior.sizes["chain"] * posterior.sizes["draw"])
