"""A fitted model and its customers as an ArviZ DataTree: for its plots, comparisons and checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ..base import COEFFICIENTS, GROUP_SD
from ..fitted_purchases import FittedPurchases
from ..ground.errors import InputError
from ..ground.intervals import check_draws
from ..ground.priors import Flat, Prior, link_of, link_slope, to_free
from ..ground.rows import FloatArray, IntArray
from ..ground.summary import CustomerSummary
from ..inference.posterior import FEWEST_DRAWS
from ..spend import FittedSpend
from .pointwise import Observed, observe

if TYPE_CHECKING:
    import xarray as xr

DRAWS: Final = 1000
"""Draws of a tree, where memory allows: a thirtieth of a posterior sd away from all of them."""
MEGABYTES: Final = 200
"""Memory of a tree: as many draws of CDNOW's 23,570 customers as importance sampling is content with (700)."""
BYTES_PER_MEGABYTE: Final = 1_000_000
PER: Final = ("customer", "row")
SAMPLE: Final = ("chain", "draw")
ACTING: Final = "effect_of"
"""Dimension of coefficients in a tree."""
ROWS_ONLY: Final = (
    "One entry a distinct row, standing for `weight` customers: ArviZ counts each once. Spread rows to customers with "
    ".isel(row=tree.constant_data['row_of_customer']), or take lw.loo and lw.prior_sensitivity, which weigh them."
)


def to_arviz(
    fitted: FittedPurchases | FittedSpend,
    summary: CustomerSummary,
    *,
    draws: int | None = None,
    seed: int = 0,
    per: str = "customer",
    megabytes: float = MEGABYTES,
) -> xr.DataTree:
    """The posterior with what it says of each customer, as ArviZ expects it.

    `arviz.loo`, `compare`, `loo_pit`, `plot_loo_pit`, `psense_summary` and the posterior predictive checks run on
    it. The variable is `frequency` (repeat purchases; its likelihood is that of frequency and recency together), or
    `monetary_value` (mean amount of the purchases known). Customers of whom nothing was observed are left out:
    acquired on the last day, or without a known amount.

    Parameters
    ----------
    fitted : FittedPurchases or FittedSpend
        With draws: of method "laplace" or "nuts".
    summary : CustomerSummary
        The customers the model was fitted on; others are possible, but to leave one out of them means nothing.
    draws : int, optional
        Evenly over all chains. By default 1000, or as many as `megabytes` allow.
    seed : int
        Of the replicated data.
    per : {"customer", "row"}
        "row": customers who are alike share one entry, with their number in the coordinate `weight`. ArviZ knows no
        weights: use `loo` and `prior_sensitivity` of lifeworth, which do.
    megabytes : float
        Memory that pointwise groups may take.

    Returns
    -------
    DataTree
        posterior, sample_stats : (chain, draw)
        log_prior : (chain, draw)
            Log density of each coordinate of the priors, in its own unit; flat ones are left out, and so is what
            tells groups from their population, which is part of the model.
        log_likelihood : (chain, draw, customer_id or row)
        posterior_predictive : (chain, draw, customer_id or row)
            Data as they might have been as well, simulated from acquisition on, by the same draws of the parameters.
        observed_data, constant_data : (customer_id or row,)

    Raises
    ------
    InputError
        A fit without draws, a summary that does not fit, or more memory than allowed.
    """
    import xarray as xr

    if per not in PER:
        raise InputError(f"per: expected one of {', '.join(PER)}, got {per!r}.")
    seen = observe(fitted, summary)
    rows = seen.inverse if per == "customer" else np.arange(len(seen.cell))
    kept = kept_draws(fitted, _affordable(seen, len(rows), draws, megabytes))
    likelihood = seen.log_likelihoods(len(kept))
    replicates = seen.replicates(len(kept), seed, rows)
    groups = sampled_groups(fitted, kept)
    coords: dict[str, Any] = {name: groups["/posterior"].coords[name] for name in SAMPLE}
    coords |= {"customer_id": seen.customer_id} if per == "customer" else {"row": rows, "weight": ("row", seen.weight)}
    dim = "customer_id" if per == "customer" else "row"

    def pointwise(values: Any) -> xr.Dataset:
        shape = (len(rows), *(coords[name].size for name in SAMPLE))
        array = xr.DataArray(values.reshape(shape), dims=(dim, *SAMPLE)).transpose(*SAMPLE, dim)
        return xr.Dataset({seen.variable: array}, coords)

    of_rows = {name: value for name, value in coords.items() if name not in SAMPLE}
    given = xr.Dataset({name: (dim, values[rows]) for name, values in seen.given.items()}, of_rows)
    if per == "row":
        given = given.assign_coords(customer_id=seen.customer_id).assign(row_of_customer=("customer_id", seen.inverse))
        groups["/"].attrs["per"] = ROWS_ONLY
    groups["/log_likelihood"] = pointwise(likelihood[rows] if per == "customer" else likelihood)
    groups["/posterior_predictive"] = pointwise(replicates)
    groups["/observed_data"] = xr.Dataset({seen.variable: (dim, seen.values[rows])}, of_rows)
    groups["/constant_data"] = given
    return xr.DataTree.from_dict(groups)


def _affordable(seen: Observed, entries: int, draws: int | None, megabytes: float) -> int:
    """How many draws to take."""
    size = entries * (np.dtype(float).itemsize + np.dtype(seen.number).itemsize)
    if not megabytes > 0.0:
        raise InputError(f"megabytes: expected a number above 0 such as 500, got {megabytes!r}.")
    most = megabytes * BYTES_PER_MEGABYTE / size
    wanted = DRAWS if draws is None else check_draws(draws, FEWEST_DRAWS)
    wanted = min(wanted, len(seen.fitted.posterior))
    if most >= (FEWEST_DRAWS if draws is None else wanted):
        return int(min(wanted, most))
    needed = size * (wanted if draws is not None else FEWEST_DRAWS) / BYTES_PER_MEGABYTE
    fewer = f"take at most draws={int(most):,}, " if most >= FEWEST_DRAWS else ""
    raise InputError(
        f"draws: {entries:,} entries would take {needed:,.0f} MB, more than megabytes={megabytes:g}; "
        f'{fewer}raise megabytes, compress by per="row", or use lw.loo and lw.prior_sensitivity, which need no tree.'
    )


def kept_draws(fitted: FittedPurchases | FittedSpend, draws: int) -> IntArray:
    """Indices of about `draws` draws, the same of every chain, array (draws,); as `Posterior.chosen` takes them."""
    posterior = fitted.posterior
    chains = posterior.values.shape[0]
    return posterior.chosen(chains * max(1, min(draws, len(posterior)) // chains))


def sampled_groups(fitted: FittedPurchases | FittedSpend, kept: IntArray) -> dict[str, xr.Dataset]:
    """Groups of a tree that know draws alone: posterior, sample_stats and log_prior, with the root's attributes.

    Coefficients are listed as "dropout:channel=shop", those that act alone: ArviZ cannot judge a constant 0.
    """
    import xarray as xr

    tree = fitted.idata
    chains = tree["posterior"].sizes["chain"]
    of_chain = kept[: len(kept) // chains]
    posterior = tree["posterior"].to_dataset().isel(draw=of_chain)
    if "coefficient" in posterior:
        acting, labels = _acting(fitted)
        values = posterior["coefficient"].values[:, :, acting]
        posterior = posterior.drop_vars(["coefficient", "effect", "column"])
        posterior = posterior.assign(coefficient=((*SAMPLE, ACTING), values)).assign_coords({ACTING: labels})
    groups = {"/": xr.Dataset(attrs=tree.attrs), "/posterior": posterior}
    groups["/sample_stats"] = tree["sample_stats"].to_dataset().isel(draw=of_chain)
    log_priors = _log_prior(fitted, kept)
    if log_priors:
        coords = {name: posterior.coords[name] for name in posterior.coords if name != "label"}
        variables = {
            name: ((*SAMPLE, *dims), values.reshape(chains, -1, *values.shape[1:]))
            for name, (dims, values) in log_priors.items()
        }
        groups["/log_prior"] = xr.Dataset(variables, coords)
    return groups


def _acting(fitted: FittedPurchases | FittedSpend) -> tuple[NDArray[np.bool_], list[str]]:
    """Which covariates act on which effect, array (effects, columns), and what each that does is called."""
    columns, covariates = fitted.design.columns, fitted.model.covariates
    acting = np.array([[column.covariate in names for column in columns] for names in covariates.values()])
    labels = [
        f"{effect}:{column.covariate}" + ("" if column.level is None else f"={column.level}")
        for effect, names in covariates.items()
        for column in columns
        if column.covariate in names
    ]
    return acting, labels


def _log_prior(fitted: FittedPurchases | FittedSpend, kept: IntArray) -> dict[str, tuple[tuple[str, ...], FloatArray]]:
    """Log density of what has a prior, by name: further dimensions, and array (draws, …).

    It is the density of the quantity itself, not of its logarithm or logit, as in PyMC.
    """
    model, posterior, effects = fitted.model, fitted.posterior, fitted.posterior.effects
    theta = posterior.values.reshape(-1, len(posterior.names))[kept].T
    coordinates = model.to_coordinates(list(model.rescale(theta, 1.0 / posterior.attributes["scale"])))
    found: dict[str, tuple[tuple[str, ...], FloatArray]] = {
        name: ((), values) for name, values in zip(model.default_priors, coordinates, strict=True)
    }
    if effects is not None and COEFFICIENTS in model.priors:
        values = effects.coefficients.reshape(-1, *effects.coefficients.shape[2:])[kept]
        found[COEFFICIENTS] = ((ACTING,), values[:, _acting(fitted)[0]])
    if effects is not None and GROUP_SD in model.priors:
        found[GROUP_SD] = (("coordinate",), effects.group_sd.reshape(-1, effects.group_sd.shape[2])[kept])
    return {
        name: (dims, _log_density(model.priors[name], values))
        for name, (dims, values) in found.items()
        if not isinstance(model.priors[name], Flat)
    }


def _log_density(prior: Prior, values: FloatArray) -> FloatArray:
    link = link_of(prior)
    return np.asarray(prior.log_density(to_free(values, link))[0] - np.log(link_slope(values, link)))
