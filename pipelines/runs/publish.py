"""The last step: everything written into a folder of its own, the database, then the link; or why it was held."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

import pandas as pd

from ..exports import write_bytes, write_csv, write_json
from ..gates.judge import cause
from ..publishing.database import forget, upsert
from ..publishing.files import write_files
from ..record.record import RunRecord
from ..report.page import write_report
from .last_run import leave_for_next
from .shelf import COMPLETE, STAGE, Shelf
from .state import State, known
from .steps import QUARANTINE

WHY: Final = "why.txt"


def published(record: RunRecord, state: State, shelf: Shelf) -> Path:
    """Publish a run: files first, then the database in one transaction, then the link."""
    stage = _stage(state)
    leave_for_next(record, stage)
    write_report(record, stage / "report.html")
    shutil.copy(state.work / QUARANTINE, stage / QUARANTINE)
    write_files(record, stage)
    keep, database = record.settings.publish.keep, record.settings.publish.database
    if database is not None:
        upsert(record, database)
    folder = shelf.publish(record.run_id, stage)
    gone = shelf.forget(keep)
    if database is not None and gone:
        forget(gone, database, record.settings.folder)
    shelf.clear()
    if record.settings.publish.mlflow is not None:
        from ..publishing.mlflow import log_run

        log_run(record, folder, record.settings.publish.mlflow)
    return folder


def held_back(state: State, seconds: Mapping[str, float], shelf: Shelf) -> Path:
    """Put away why a run was held, with the rows it set aside; what was published stays."""
    stage = _stage(state)
    write_bytes(stage / WHY, why(state).encode())
    write_csv(pd.DataFrame([asdict(gate) for gate in state.gates]), stage / "gates.csv")
    if (state.work / QUARANTINE).is_file():
        shutil.copy(state.work / QUARANTINE, stage / QUARANTINE)
    write_json(
        {
            "run_id": state.run_id,
            "as_of": f"{state.as_of:%Y-%m-%d}",
            "ending": "held",
            "why": known(cause(state.gates)).message,
            "rows": state.snapshot.rows,
            "set_aside": state.quarantined,
            "settings": state.settings.model_dump(mode="json"),
            "seconds": dict(seconds),
        },
        stage / COMPLETE,
    )
    folder = shelf.hold(state.run_id, stage)
    shelf.forget(state.settings.publish.keep)
    return folder


def why(state: State) -> str:
    """Why a run was held, for who opens the file at seven in the morning."""
    first = known(cause(state.gates))
    lines = [f"Run {state.run_id} was held back by the gate {first.gate}.", "", first.message, ""]
    others = [gate for gate in state.gates if gate.outcome in ("held", "warned") and gate is not first]
    if others:
        lines += ["Also:", *(f"- {gate.gate} ({gate.outcome}): {gate.message}" for gate in others), ""]
    lines.append("What was published before is untouched.")
    lines.append(f"If this is as it should be, run again with --accept {first.gate}, or move its bar in [gates].")
    return "\n".join(lines) + "\n"


def _stage(state: State) -> Path:
    """An empty folder on the same disk as the place of publication."""
    stage = state.work / STAGE
    if stage.exists():
        shutil.rmtree(stage)
    stage.mkdir()
    return stage
