"""Runs in MLflow: what is logged, once for each run."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from lifeworth import InputError
from lifeworth.pipelines.publishing.mlflow import log_run
from lifeworth.pipelines.record.record import RunRecord


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store in files: MLflow wants a word for it, and the small client has no database."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    return (tmp_path / "store").as_uri()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "run"
    made.mkdir()
    for name in ("report.html", "manifest.json", "summary.json", "customers.csv"):
        (made / name).write_text(name)
    return made


def runs_in(store: str, record: RunRecord) -> list[Run]:
    client = MlflowClient(tracking_uri=store)
    experiment = client.get_experiment_by_name(record.settings.run.title)
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id]))


def test_a_run_is_logged_with_settings_figures_tags_and_papers(store: str, folder: Path, record: RunRecord) -> None:
    run = log_run(record, folder, store)
    (found,) = runs_in(store, record)
    assert (found.info.run_id, found.info.status, found.info.run_name) == (run, "FINISHED", record.run_id)
    assert found.data.tags["lifeworth.run_id"] == record.run_id
    assert found.data.params["economics.margin"] == "0.3"
    assert found.data.params["model"] == "BG/NBD"
    assert found.data.metrics["value_12m_mean"] == pytest.approx(record.valuation.total["value_mean"].iloc[0])
    assert found.data.metrics["parameter_r"] == pytest.approx(record.purchases.parameters.loc["r", "mean"])
    assert 0.0 <= found.data.metrics["coverage_purchases"] <= 1.0
    assert found.data.metrics["warnings"] == 1.0
    papers = MlflowClient(tracking_uri=store).list_artifacts(run)
    assert {paper.path for paper in papers} == {"report.html", "manifest.json", "summary.json"}


def test_a_run_is_logged_once_and_one_begun_is_logged_anew(
    store: str, folder: Path, record: RunRecord, later: RunRecord
) -> None:
    first = log_run(record, folder, store)
    assert log_run(record, folder, store) == first
    second = log_run(later, folder, store)
    assert {run.info.run_id for run in runs_in(store, record)} == {first, second}
    MlflowClient(tracking_uri=store).update_run(first, status="RUNNING")
    again = log_run(record, folder, store)
    assert again != first
    assert {run.info.run_id for run in runs_in(store, record)} == {again, second}


def test_no_secret_reaches_mlflow(store: str, folder: Path, record: RunRecord) -> None:
    source = record.settings.source.model_copy(update={"url": "postgresql://shop:opensesame@db/shop"})
    log_run(replace(record, settings=record.settings.model_copy(update={"source": source})), folder, store)
    (found,) = runs_in(store, record)
    assert found.data.params["source.url"] == "postgresql://shop:***@db/shop"


def test_a_server_that_is_not_there_is_told_without_secrets(
    folder: Path, record: RunRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_PASSWORD", "opensesame")
    with pytest.raises(InputError, match=r"publish.mlflow: could not log to http://shop:\*\*\*@127.0.0.1:1") as told:
        log_run(record, folder, "http://shop:${MLFLOW_PASSWORD}@127.0.0.1:1")
    assert "opensesame" not in str(told.value)


def test_without_mlflow_the_extra_is_named(folder: Path, record: RunRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(InputError, match=r'pip install "lifeworth\[mlflow\]"'):
        log_run(record, folder, "http://mlflow:5000")
