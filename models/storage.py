"""A fitted model as one small NetCDF file: draws, unit, verdict, versions. No customer, no pickle."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .diagnostics import Check, Diagnostics
from .errors import InputError
from .posterior import Posterior
from .priors import Beta, Flat, LogNormal, Prior
from .purchases import FittedPurchases, TransactionModel
from .spend import FittedSpend, SpendModel

if TYPE_CHECKING:
    import xarray as xr

FORMAT: Final = "lifeworth-model"
FORMAT_VERSION: Final = 1
"""Raised whenever an older lifeworth could not read the file."""
FAMILIES: Final = {"LogNormal": LogNormal, "Beta": Beta, "Flat": Flat}


def write(fitted: FittedPurchases | FittedSpend, path: str | Path) -> None:
    """Write a fitted model; an existing file is replaced."""
    to_dataset(fitted).to_netcdf(path, engine="scipy")


def read(path: str | Path, models: tuple[type[TransactionModel | SpendModel], ...]) -> FittedPurchases | FittedSpend:
    """Read a fitted model of one of `models`.

    Raises
    ------
    InputError
        No such file, a damaged or foreign one, or one written by a newer lifeworth.
    """
    import xarray as xr

    if not Path(path).is_file():
        raise InputError(f"load: expected a file written by save(), found none at {str(path)!r}.")
    try:
        with xr.open_dataset(path, engine="scipy") as opened:
            dataset = opened.load()
    except Exception as error:  # the reader of a damaged file raises anything: TypeError, KeyError, OSError, …
        raise InputError(f"load: {str(path)!r} is damaged or not a NetCDF file; save the model again.") from error
    return from_dataset(dataset, models, str(path))


def to_dataset(fitted: FittedPurchases | FittedSpend) -> xr.Dataset:
    """Draws of the parameters, (chain, draw), and everything else as JSON in the attributes."""
    import xarray as xr

    posterior, model = fitted.posterior, fitted.model
    settings: dict[str, Any] = (
        {"first_purchase": fitted.first_purchase} if isinstance(fitted, FittedSpend) else {"unit": fitted.unit}
    )
    meta: dict[str, Any] = {
        "class": type(model).__name__,
        "priors": {name: {"family": type(prior).__name__, **asdict(prior)} for name, prior in model.priors.items()},
        "diagnostics": asdict(posterior.diagnostics),
        "attributes": dict(posterior.attributes),
        **settings,
    }
    dims = ("chain", "draw")
    variables: dict[str, Any] = {name: (dims, posterior.values[:, :, j]) for j, name in enumerate(posterior.names)}
    variables |= {
        f"stat_{name}": (dims, np.asarray(value, dtype=float)) for name, value in posterior.statistics.items()
    }
    if posterior.approximate is not None:
        variables |= {
            f"approximate_{name}": (("approximate",), posterior.approximate[:, j])
            for j, name in enumerate(posterior.names)
        }
    return xr.Dataset(variables, attrs={"format": FORMAT, "format_version": FORMAT_VERSION, "meta": json.dumps(meta)})


def from_dataset(
    dataset: xr.Dataset, models: tuple[type[TransactionModel | SpendModel], ...], source: str
) -> FittedPurchases | FittedSpend:
    """The fitted model in a dataset made by `to_dataset`.

    Raises
    ------
    InputError
        Not written by lifeworth, by a newer one, or with a model that this one does not have.
    """
    if dataset.attrs.get("format") != FORMAT:
        raise InputError(f"load: {source!r} is not a model saved by lifeworth.")
    try:
        return _rebuilt(dataset, models, source)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"load: {source!r} has lost a part ({error!r}); save the model again.") from error


def _rebuilt(
    dataset: xr.Dataset, models: tuple[type[TransactionModel | SpendModel], ...], source: str
) -> FittedPurchases | FittedSpend:
    if int(dataset.attrs["format_version"]) > FORMAT_VERSION:
        raise InputError(
            f"load: {source!r} has format {int(dataset.attrs['format_version'])}, this lifeworth reads up to "
            f"{FORMAT_VERSION}. Upgrade lifeworth, or save the model again with this version."
        )
    meta = json.loads(dataset.attrs["meta"])
    classes = {model.__name__: model for model in models}
    if meta["class"] not in classes:
        raise InputError(f"load: {source!r} holds a {meta['class']}; expected one of {', '.join(classes)}.")
    chosen = classes[meta["class"]]
    names = chosen.parameters
    approximate = [dataset[f"approximate_{name}"].values for name in names if f"approximate_{name}" in dataset]
    posterior = Posterior(
        names,
        np.stack([dataset[name].values for name in names], axis=-1).astype(float),
        {str(name).removeprefix("stat_"): dataset[name].values for name in dataset if str(name).startswith("stat_")},
        _diagnostics(meta["diagnostics"]),
        meta["attributes"],
        np.stack(approximate, axis=-1) if approximate else None,
    )
    priors = {name: _prior(prior) for name, prior in meta["priors"].items()}
    if issubclass(chosen, SpendModel):
        return FittedSpend(chosen(meta["first_purchase"], priors), posterior, meta["first_purchase"])
    return FittedPurchases(chosen(priors), posterior, meta["unit"])


def _prior(stored: dict[str, Any]) -> Prior:
    family: type[Prior] = FAMILIES[stored["family"]]
    return family(**{key: value for key, value in stored.items() if key != "family"})


def _diagnostics(stored: dict[str, Any]) -> Diagnostics:
    checks = tuple(Check(**check) for check in stored["checks"])
    return Diagnostics(stored["method"], checks, tuple(stored["notes"]))
