"""A fitted model as one small NetCDF file: draws, priors, verdict, settings, versions. No customer, no pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ..ground.design import Column, Design
from ..ground.errors import InputError
from ..ground.priors import Beta, Flat, HalfNormal, LogNormal, Normal, Prior
from ..ground.rows import FloatArray
from .diagnostics import Check, Diagnostics
from .effects import Effects
from .posterior import Posterior

if TYPE_CHECKING:
    import xarray as xr

FORMAT: Final = "lifeworth-model"
FORMAT_VERSION: Final = 3
"""Raised whenever an older lifeworth could not read the file, or would misread it."""
PLAIN_VERSION: Final = 2
"""Of files without a calendar, which older ones still read."""
FAMILIES: Final = {family.__name__: family for family in (LogNormal, Beta, Normal, HalfNormal, Flat)}
EFFECTS: Final = {"coefficients": ("effect", "column"), "group_sd": ("coordinate",), "groups": ("coordinate", "group")}
"""Arrays of `Effects` and what they have beside chain and draw."""


@dataclass(frozen=True, eq=False)
class Stored:
    """What a file holds.

    Attributes
    ----------
    kind : str
        Name of the model's class.
    priors : mapping of str to prior
    posterior : Posterior
    settings : mapping
        What the model needs beside them, such as its unit.
    """

    kind: str
    priors: Mapping[str, Prior]
    posterior: Posterior
    settings: Mapping[str, Any]


def write(stored: Stored, path: str | Path) -> None:
    """Write a fitted model; an existing file is replaced."""
    _to_dataset(stored).to_netcdf(path, engine="scipy")


def read(path: str | Path) -> Stored:
    """Read a file made by `write`.

    Raises
    ------
    InputError
        No such file, a damaged or foreign one, or one written by a newer lifeworth.
    """
    import xarray as xr

    source = str(path)
    if not Path(path).is_file():
        raise InputError(f"load: expected a file written by save(), found none at {source!r}.")
    try:
        with xr.open_dataset(path, engine="scipy") as opened:
            dataset = opened.load()
    except Exception as error:  # the reader of a damaged file raises anything: TypeError, KeyError, OSError, …
        raise InputError(f"load: {source!r} is damaged or not a NetCDF file; save the model again.") from error
    if dataset.attrs.get("format") != FORMAT:
        raise InputError(f"load: {source!r} is not a model saved by lifeworth.")
    try:
        version = int(dataset.attrs["format_version"])
        if version <= FORMAT_VERSION:
            return _from_dataset(dataset)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"load: {source!r} has lost a part ({error!r}); save the model again.") from error
    raise InputError(
        f"load: {source!r} has format {version}, this lifeworth reads up to {FORMAT_VERSION}. "
        "Upgrade lifeworth, or save the model again with this version."
    )


def _to_dataset(stored: Stored) -> xr.Dataset:
    """Draws of the parameters, (chain, draw), and everything else as JSON in the attributes."""
    import xarray as xr

    posterior, dims = stored.posterior, ("chain", "draw")
    priors = {name: {"family": type(prior).__name__, **asdict(prior)} for name, prior in stored.priors.items()}
    meta: dict[str, Any] = {
        "kind": stored.kind,
        "parameters": posterior.names,
        "priors": priors,
        "diagnostics": asdict(posterior.diagnostics),
        "attributes": dict(posterior.attributes),
        "settings": dict(stored.settings),
    }
    variables: dict[str, Any] = {name: (dims, posterior.values[:, :, j]) for j, name in enumerate(posterior.names)}
    for name, values in posterior.statistics.items():
        variables[f"stat_{name}"] = (dims, np.asarray(values, dtype=float))
    if posterior.approximate is not None:
        for j, name in enumerate(posterior.names):
            variables[f"approximate_{name}"] = (("approximate",), posterior.approximate[:, j])
    if posterior.effects is not None:
        effects = posterior.effects
        meta["effects"] = {
            "names": effects.effects,
            "coordinates": effects.coordinates,
            "design": asdict(effects.design),
        }
        for name, further in EFFECTS.items():
            if getattr(effects, name).size == 0:  # a dimension of length 0 is one without end in NetCDF
                continue
            variables[f"effects_{name}"] = ((*dims, *(f"{name}_{dim}" for dim in further)), getattr(effects, name))
    version = FORMAT_VERSION if "calendar" in stored.settings else PLAIN_VERSION
    return xr.Dataset(variables, attrs={"format": FORMAT, "format_version": version, "meta": json.dumps(meta)})


def _from_dataset(dataset: xr.Dataset) -> Stored:
    meta = json.loads(dataset.attrs["meta"])
    names = tuple(meta["parameters"])
    approximate = [dataset[f"approximate_{name}"].values for name in names if f"approximate_{name}" in dataset]
    posterior = Posterior(
        names,
        np.stack([dataset[name].values for name in names], axis=-1).astype(float),
        {str(name).removeprefix("stat_"): dataset[name].values for name in dataset if str(name).startswith("stat_")},
        _diagnostics(meta["diagnostics"]),
        meta["attributes"],
        np.stack(approximate, axis=-1) if approximate else None,
        _effects(meta["effects"], dataset) if "effects" in meta else None,
    )
    priors = {name: _prior(prior) for name, prior in meta["priors"].items()}
    return Stored(meta["kind"], priors, posterior, meta["settings"])


def _effects(stored: dict[str, Any], dataset: xr.Dataset) -> Effects:
    design = stored["design"]
    columns = tuple(Column(**column) for column in design["columns"])
    return Effects(
        Design(columns, design["groups"], tuple(design["labels"])),
        tuple(stored["names"]),
        tuple(stored["coordinates"]),
        _array("coefficients", (len(stored["names"]), 0), dataset),
        _array("group_sd", (0,), dataset),
        _array("groups", (0, 0), dataset),
    )


def _array(name: str, empty: tuple[int, ...], dataset: xr.Dataset) -> FloatArray:
    """An array of effects; one that was not written is of the shape `empty`."""
    if f"effects_{name}" in dataset:
        return np.asarray(dataset[f"effects_{name}"].values, dtype=float)
    return np.empty((dataset.sizes["chain"], dataset.sizes["draw"], *empty))


def _prior(stored: dict[str, Any]) -> Prior:
    family: type[Prior] = FAMILIES[stored["family"]]
    return family(**{key: value for key, value in stored.items() if key != "family"})


def _diagnostics(stored: dict[str, Any]) -> Diagnostics:
    checks = tuple(Check(**check) for check in stored["checks"])
    return Diagnostics(stored["method"], checks, tuple(stored["notes"]))
