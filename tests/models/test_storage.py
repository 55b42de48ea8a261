"""Saved models: what comes back is what was saved, in kilobytes, without customers; and what is broken says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import lifeworth as lw

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def answers(fit: Any, summary: Any) -> list[pd.DataFrame]:
    """Everything that a fit says of customers."""
    if isinstance(fit.model, lw.GammaGammaModel):
        return [fit.expected_spend(summary), fit.population_mean, fit.parameters]
    return [
        fit.probability_alive(summary),
        fit.expected_purchases(summary, "12M"),
        fit.discounted_expected_purchases(summary, 0.1),
        fit.expected_purchases_new_customer("52W"),
        fit.parameters,
    ]


def assert_same(one: Any, other: Any, summary: Any) -> None:
    """Check that two fits are equal in all that they hold and say."""
    assert type(one) is type(other)
    assert type(one.model) is type(other.model)
    assert dict(one.model.priors) == dict(other.model.priors)
    np.testing.assert_array_equal(one.posterior.values, other.posterior.values)
    assert dict(one.posterior.attributes) == dict(other.posterior.attributes)
    assert one.diagnostics == other.diagnostics
    assert repr(one) == repr(other)
    xr.testing.assert_identical(one.idata, other.idata)
    for before, after in zip(answers(one, summary), answers(other, summary), strict=True):
        pd.testing.assert_frame_equal(before, after, check_exact=True)


@pytest.mark.parametrize("method", ["laplace", "map"])
def test_a_fit_comes_back_as_it_was_saved(
    any_model: Any, fitted: Callable[..., Any], four: Any, tmp_path: Path, method: str
) -> None:
    fit = fitted(any_model, method, draws=4000)
    fit.save(tmp_path / "model.nc")
    assert_same(fit, lw.load(tmp_path / "model.nc"), four)
    assert repr(lw.load(str(tmp_path / "model.nc"))) == repr(fit)


@pytest.mark.slow_but_first
def test_chains_come_back_as_they_were_saved(
    any_model: Any, fitted: Callable[..., Any], four: Any, tmp_path: Path
) -> None:
    fit = fitted(any_model, "nuts", draws=2000)
    fit.save(tmp_path / "model.nc")
    assert_same(fit, lw.load(tmp_path / "model.nc"), four)


def test_a_model_at_known_parameters_comes_back(known_purchases: Any, four: Any, tmp_path: Path) -> None:
    known_purchases.fitted.save(tmp_path / "model.nc")
    assert_same(known_purchases.fitted, lw.load(tmp_path / "model.nc"), four)


def test_spend_at_known_parameters_comes_back(known_spend: Any, four: Any, tmp_path: Path) -> None:
    for first_purchase in (True, False):
        fit = known_spend.fitted.model.from_parameters(first_purchase=first_purchase, **known_spend.parameters)
        fit.save(tmp_path / "model.nc")
        assert lw.load(tmp_path / "model.nc").first_purchase is first_purchase
        assert_same(fit, lw.load(tmp_path / "model.nc"), four)


def test_priors_and_notes_come_back(any_model: Any, cdnow_sample: Any, four: Any, tmp_path: Path) -> None:
    name = next(iter(any_model.default_priors))
    for priors in ("flat", {name: lw.LogNormal(0.1, 0.5)}):
        fit = any_model(priors=priors).fit(cdnow_sample, method="map")
        fit.save(tmp_path / "model.nc")
        assert_same(fit, lw.load(tmp_path / "model.nc"), four)


def test_a_seed_of_any_whole_number_type_can_be_saved(any_model: Any, four: Any, tmp_path: Path) -> None:
    any_model().fit(four, method="map", seed=np.int64(7)).save(tmp_path / "model.nc")
    assert lw.load(tmp_path / "model.nc").posterior.attributes["seed"] == 7


def test_a_file_is_kilobytes_and_knows_no_customer(any_model: Any, cdnow_sample: Any, tmp_path: Path) -> None:
    ids = [f"customer-{number:09d}" for number in range(len(cdnow_sample))]
    summary = lw.CustomerSummary.from_frame(cdnow_sample.frame.assign(customer_id=ids, channel="SECRET"), unit="W")
    any_model().fit(summary).save(tmp_path / "model.nc")
    content = (tmp_path / "model.nc").read_bytes()
    assert len(content) < 300_000
    assert b"customer-" not in content
    assert b"SECRET" not in content
    assert b"pickle" not in content


def test_a_file_says_where_it_comes_from(any_model: Any, fitted: Callable[..., Any], tmp_path: Path) -> None:
    fitted(any_model).save(tmp_path / "model.nc")
    with xr.open_dataset(tmp_path / "model.nc", engine="scipy") as dataset:
        meta = json.loads(dataset.attrs["meta"])
        assert dataset.attrs["format"] == "lifeworth-model"
    assert meta["attributes"]["model"] == any_model.name
    assert meta["attributes"]["until"] == "1997-09-30"
    assert meta["attributes"]["lifeworth_version"] == lw.__version__
    assert meta["attributes"]["seed"] == 1
    assert len(meta["attributes"]["fingerprint"]) == 16


def test_saving_again_replaces_the_file(any_model: Any, fitted: Callable[..., Any], four: Any, tmp_path: Path) -> None:
    fitted(any_model).save(tmp_path / "model.nc")
    fitted(any_model, "map").save(tmp_path / "model.nc")
    assert_same(fitted(any_model, "map"), lw.load(tmp_path / "model.nc"), four)


# ---- what cannot be loaded -----------------------------------------------------------------------


@pytest.fixture
def saved(any_model: Any, fitted: Callable[..., Any], tmp_path: Path) -> Path:
    """A saved point fit."""
    fitted(any_model, "map", draws=1000).save(tmp_path / "model.nc")
    return tmp_path / "model.nc"


def rewritten(path: Path, change: Callable[[xr.Dataset], xr.Dataset]) -> Path:
    """The file with something in it changed."""
    with xr.open_dataset(path, engine="scipy") as opened:
        dataset = opened.load()
    path.unlink()
    change(dataset).to_netcdf(path, engine="scipy")
    return path


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(lw.InputError, match=r"load: expected a file written by save\(\), found none at .*nowhere.nc"):
        lw.load(tmp_path / "nowhere.nc")
    with pytest.raises(lw.InputError, match="found none at"):
        lw.load(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"not a model", b"CDF\x01" + b"\x00" * 50, b"\x89HDF\r\n\x1a\n" + b"\x00" * 99]
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.nc"
    path.write_bytes(content)
    with pytest.raises(lw.InputError, match=r"load: .*model.nc' is (damaged or not a NetCDF file|not a model saved)"):
        lw.load(path)


@pytest.mark.parametrize("kept", [0.05, 0.3, 0.7, 0.99])
def test_a_file_cut_short_is_refused(saved: Path, kept: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(lw.InputError, match="damaged"):
        lw.load(saved)


def test_a_netcdf_file_of_another_program_is_refused(tmp_path: Path) -> None:
    xr.Dataset({"temperature": ("day", [1.0, 2.0])}).to_netcdf(tmp_path / "weather.nc", engine="scipy")
    with pytest.raises(lw.InputError, match=r"weather.nc' is not a model saved by lifeworth"):
        lw.load(tmp_path / "weather.nc")


def test_a_file_of_a_newer_lifeworth_is_refused_with_the_remedy(saved: Path) -> None:
    rewritten(saved, lambda dataset: dataset.assign_attrs(format_version=99))
    with pytest.raises(
        lw.InputError, match=r"has format 99, this lifeworth reads up to 3\. Upgrade lifeworth, or save"
    ):
        lw.load(saved)


def test_a_model_of_another_lifeworth_is_refused_by_name(saved: Path) -> None:
    def foreign(dataset: xr.Dataset) -> xr.Dataset:
        meta = {**json.loads(dataset.attrs["meta"]), "kind": "CrystalBall"}
        return dataset.assign_attrs(meta=json.dumps(meta))

    with pytest.raises(lw.InputError, match=r"holds a CrystalBall; expected one of .*BetaGeoModel"):
        lw.load(rewritten(saved, foreign))


@pytest.mark.parametrize("lost", ["meta", "format_version", "variable", "priors"])
def test_a_file_that_lost_a_part_is_refused(any_model: Any, saved: Path, lost: str) -> None:
    def without(dataset: xr.Dataset) -> xr.Dataset:
        if lost == "variable":
            return dataset.drop_vars(any_model.parameters[0])
        attributes = dict(dataset.attrs)
        if lost == "priors":
            meta = json.loads(attributes["meta"])
            del meta["priors"]
            attributes["meta"] = json.dumps(meta)
        else:
            del attributes[lost]
        dataset.attrs = attributes
        return dataset

    with pytest.raises(lw.InputError, match="load: "):
        lw.load(rewritten(saved, without))
