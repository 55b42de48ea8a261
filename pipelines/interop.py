"""Models fitted elsewhere, taken over: what was estimated with lifetimes goes on with intervals and money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from lifeworth.models import BetaGeoModel, GammaGammaModel, ModifiedBetaGeoModel, ParetoNBDModel
from lifeworth.models.fitted_purchases import FittedPurchases
from lifeworth.models.ground.errors import FitError, InputError
from lifeworth.models.ground.rows import DistinctRows, FloatArray, KernelRows, SpendRows
from lifeworth.models.inference.density import LogPosterior
from lifeworth.models.inference.methods import find_mode
from lifeworth.models.purchases import TransactionModel
from lifeworth.models.spend import FittedSpend

TRANSACTION_FITTERS: Final[Mapping[str, type[TransactionModel]]] = {
    "BetaGeoFitter": BetaGeoModel,
    "ModifiedBetaGeoFitter": ModifiedBetaGeoModel,
    "ParetoNBDFitter": ParetoNBDModel,
}
"""Transaction models by what lifetimes calls their fitters."""
SPEND_FITTER: Final = "GammaGammaFitter"
PURCHASE_COLUMNS: Final = ("frequency", "recency", "T", "weights")
SPEND_COLUMNS: Final = ("frequency", "monetary_value", "weights")
LARGEST_GAP: Final = 0.05
"""Log likelihood that an optimiser may have left behind: its estimates are then within a third of a standard error."""


def from_lifetimes(fitter: Any, *, unit: str | None = None) -> FittedPurchases | FittedSpend:
    """A model at the parameters that a fitter of lifetimes has found.

    lifetimes estimates a point: intervals of parameters and expectations have no width, and predictive intervals hold
    chance alone. Fit again with lifeworth where the data are at hand.

    Parameters
    ----------
    fitter : BetaGeoFitter, ModifiedBetaGeoFitter, ParetoNBDFitter or GammaGammaFitter
        Fitted. Its parameters are in the unit of time, or money, of the data it was given.
    unit : str
        That unit of time, as in `CustomerSummary`: "D" if lifetimes had days. Needed for all but GammaGammaFitter.

    Returns
    -------
    FittedPurchases or FittedSpend
        Spend is of repeat purchases (`first_purchase=False`), as lifetimes has it. `diagnostics` notes a penalised
        fit, and one that stopped short of the maximum of the likelihood.

    Raises
    ------
    InputError
        Another class, a fitter not fitted, parameters that are no estimates, or no unit.
    """
    name = _class_name(fitter)
    given = _parameters(fitter, name)
    found: FittedPurchases | FittedSpend
    if name == SPEND_FITTER:
        if given["q"] <= 1.0:
            raise InputError(
                f"from_lifetimes: {name} found q={given['q']:.4g}, at which the mean amount of the population is "
                "infinite; fit lw.GammaGammaModel() on the data, whose q is above 1 by construction."
            )
        found = GammaGammaModel.from_parameters(first_purchase=False, **given)
    else:
        if unit is None:
            raise InputError(
                f'unit: a {name} does not know its unit of time; say it, such as unit="D" if frequency, recency and T '
                "were in days (the default of lifetimes.utils.summary_data_from_transaction_data)."
            )
        found = TRANSACTION_FITTERS[name].from_parameters(unit=unit, **given)
    posterior = found.posterior.with_notes(*_notes(fitter, name, given))
    return replace(found, posterior=replace(posterior, attributes={**posterior.attributes, "source": _source(name)}))


def _class_name(fitter: Any) -> str:
    known = (*TRANSACTION_FITTERS, SPEND_FITTER)
    for cls in type(fitter).__mro__:  # the class itself, or one of the user's own made from it
        if cls.__name__ in known:
            return cls.__name__
    raise InputError(
        f"fitter: expected a fitted {', '.join(known[:-1])} or {known[-1]} of lifetimes, got "
        f"{fitter if isinstance(fitter, type) else type(fitter)!r}; take over other models by from_parameters()."
    )


def _parameters(fitter: Any, name: str) -> dict[str, float]:
    expected = (GammaGammaModel if name == SPEND_FITTER else TRANSACTION_FITTERS[name]).parameters
    if getattr(fitter, "params_", None) is None:
        raise InputError(f"fitter: expected a fitted {name}, this one has no params_ yet; call its fit() first.")
    given = {str(key): float(value) for key, value in dict(fitter.params_).items()}
    if set(given) != set(expected):
        raise InputError(f"fitter: expected params_ of a {name} to be {', '.join(expected)}; got {', '.join(given)}.")
    bad = [f"{key}={value:g}" for key, value in given.items() if not (np.isfinite(value) and value > 0.0)]
    if bad:
        raise InputError(
            f"fitter: the {name} found {', '.join(bad)}, expected positive finite numbers: it has not converged. "
            "Fit it again from other initial_params, or fit the model of lifeworth on the data."
        )
    return {key: given[key] for key in expected}


def _source(name: str) -> str:
    return f"lifetimes {name}"


def _notes(fitter: Any, name: str, given: Mapping[str, float]) -> list[str]:
    """What is to be known of the estimates, first things first."""
    notes = [f"parameters of a {_source(name)}."]
    penalizer = float(getattr(fitter, "penalizer_coef", 0.0) or 0.0)
    if penalizer > 0.0:
        shrunk = "drawn towards 0, more so the larger they are"
        return [*notes, f"penalizer_coef {penalizer:g}: these are no maximum likelihood estimates, but {shrunk}."]
    columns = SPEND_COLUMNS if name == SPEND_FITTER else PURCHASE_COLUMNS
    data = getattr(fitter, "data", None)
    if isinstance(data, pd.DataFrame) and set(columns) <= set(data):
        notes += _shortfall(name, np.array(list(given.values())), data)
    return notes


def _shortfall(name: str, theta: FloatArray, data: pd.DataFrame) -> list[str]:
    """A note where the likelihood of the fitter's own data has its maximum elsewhere, or nowhere."""
    remedy = "fit again from other initial_params, or with lifeworth"
    density = _likelihood(name, data)
    free = density.to_free(np.array(density.model.to_coordinates(list(theta))))
    try:
        gap = find_mode(density, 0, free).value - density(free)[0]
    except FitError:
        return [f"not converged: the likelihood of the fitter's data has no maximum that could be found; {remedy}."]
    if gap <= LARGEST_GAP:
        return []
    return [f"not converged: the log likelihood is {gap:.3g} below its maximum on the fitter's data; {remedy}."]


def _likelihood(name: str, data: pd.DataFrame) -> LogPosterior:
    """Log likelihood of the data of a fitter, without priors."""
    frequency, weights = data["frequency"].to_numpy(np.int64), data["weights"].to_numpy(float)
    rows: KernelRows | SpendRows
    if name == SPEND_FITTER:
        order = np.argsort(frequency, kind="stable")
        zbar = data["monetary_value"].to_numpy(float)[order]
        rows = SpendRows(frequency[order], zbar, weights[order], np.array([0, len(order)]))
        return LogPosterior(GammaGammaModel(priors="flat"), rows)
    distinct = DistinctRows.collapse(frequency, data["recency"].to_numpy(float), data["T"].to_numpy(float))
    distinct = replace(distinct, weight=np.bincount(distinct.inverse, weights))
    return LogPosterior(TRANSACTION_FITTERS[name](priors="flat"), distinct.for_kernel(1.0))
