"""A run in MLflow: settings, figures, tags and the papers, for those who keep their models there."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lifeworth.models.ground.errors import InputError

from ..exports import column_name
from ..record.record import RunRecord
from ..settings.secrets import expand, masked, scrub
from .figures import coverage, day, warnings
from .files import SUMMARY
from .manifest import MANIFEST, settings_without_secrets
from .tables import small_tables

if TYPE_CHECKING:
    from mlflow import MlflowClient

KEY: Final = "[publish] mlflow"
RUN_TAG: Final = "lifeworth.run_id"
"""Tag by which a run is found again."""
PAPERS: Final = ("report.html", MANIFEST, SUMMARY)
"""Files that are logged, as far as they are there."""
LONGEST: Final = 500
"""Characters of a parameter that every tracking server takes."""
AT_ONCE: Final = 100
"""Parameters that MLflow takes in one request."""
FINISHED: Final = "FINISHED"


def log_run(record: RunRecord, folder: Path, uri: str) -> str:
    """Log a run; one that was logged before stays as it is, one that was begun is logged anew.

    Parameters
    ----------
    record : RunRecord
    folder : Path
        Of the published run: report, manifest and summary are logged from it.
    uri : str
        Of the tracking server, such as "http://mlflow:5000"; a password in it as ``${NAME}``.

    Returns
    -------
    str
        Id of the run in MLflow.

    Raises
    ------
    InputError
        MLflow is not installed, or the server refuses or is not there.
    """
    whole = expand(uri, KEY)
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ImportError as error:
        raise InputError(
            'publish.mlflow: MLflow is not installed. Install it: pip install "lifeworth[mlflow]"; or take '
            f"{KEY} out of the settings."
        ) from error
    try:
        return _logged(MlflowClient(tracking_uri=whole), record, folder)
    except (MlflowException, OSError, ImportError) as error:
        said = " ".join(str(error).split()).rstrip(".")
    # the cause is not chained: a traceback would show its words as they came, secrets included
    raise InputError(
        scrub(
            f"publish.mlflow: could not log to {masked(uri)}: {said}. Check {KEY} and that the server is there; "
            "files and databases are published all the same.",
            whole,
        )
    )


def _logged(client: MlflowClient, record: RunRecord, folder: Path) -> str:
    experiment = _experiment(client, record.settings.run.title)
    for found in client.search_runs([experiment], f"tags.`{RUN_TAG}` = '{record.run_id}'"):
        if found.info.status == FINISHED:
            return str(found.info.run_id)
        client.delete_run(found.info.run_id)
    run = client.create_run(experiment, tags=_tags(record), run_name=record.run_id).info.run_id
    _log_values(client, run, record)
    for name in PAPERS:
        if (folder / name).is_file():
            client.log_artifact(run, str(folder / name))
    client.set_terminated(run, FINISHED)
    return str(run)


def _experiment(client: MlflowClient, name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(client.create_experiment(name) if found is None else found.experiment_id)


def _tags(record: RunRecord) -> dict[str, Any]:
    return {
        RUN_TAG: record.run_id,
        "lifeworth.as_of": day(record.as_of),
        "lifeworth.version": version("lifeworth"),
        "lifeworth.fingerprint": record.snapshot.fingerprint,
    }


def _log_values(client: MlflowClient, run: str, record: RunRecord) -> None:
    from mlflow.entities import Metric, Param

    parameters = [Param(name, value[:LONGEST]) for name, value in _settings(settings_without_secrets(record))]
    parameters.append(Param("model", record.purchases.model.name))
    for start in range(0, len(parameters), AT_ONCE):
        client.log_batch(run, params=parameters[start : start + AT_ONCE])
    when = int(record.as_of.timestamp() * 1000)  # of the day the run speaks of: charts over runs have it below them
    client.log_batch(run, metrics=[Metric(name, value, when, 0) for name, value in metrics(record).items()])


def metrics(record: RunRecord) -> dict[str, float]:
    """The figures of a run by the names they have in MLflow: totals, coverage, scores, parameters, warnings."""
    tables, model = small_tables(record), record.purchases.model.name
    found = {
        f"{row['quantity']}_{column_name(row['horizon'])}_{part}": float(row[part])
        for row in tables["totals"].to_dict("records")
        for part in ("mean", "q05", "q95")
    }
    held = coverage(record, tables["backtest_coverage"])
    found |= {f"coverage_{row['quantity']}": float(row["held"]) for row in held.to_dict("records")}
    scores = tables["backtest_scores"]
    mean = scores[scores["model"] == model].groupby("quantity")[["crps", "bias"]].mean().dropna(how="all")
    for row in mean.reset_index().to_dict("records"):
        found |= {f"backtest_{row['quantity']}_{score}": float(row[score]) for score in ("crps", "bias")}
    found |= {f"parameter_{row['parameter']}": row["mean"] for row in tables["parameters"].to_dict("records")}
    return found | {"customers": float(len(record.summary)), "warnings": float(warnings(record))}


def _settings(value: Any, lead: str = "") -> Iterator[tuple[str, str]]:
    """Settings by their keys, as in economics.margin, and their values as text."""
    for key, inner in value.items():
        if isinstance(inner, dict) and inner and lead.count(".") == 0:
            yield from _settings(inner, f"{lead}{key}.")
        else:
            yield f"{lead}{key}", str(inner)
