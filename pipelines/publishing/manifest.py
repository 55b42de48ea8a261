"""The manifest of a run: what it was made of, what it said, and every file with its checksum."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from lifeworth.models.fitted_purchases import FittedPurchases
from lifeworth.models.spend import FittedSpend

from ..exports import plain, write_json
from ..record.record import RunRecord
from ..settings.secrets import masked
from .figures import day, figures, rows
from .tables import small_tables

MANIFEST: Final = "manifest.json"
PACKAGES: Final = (
    "lifeworth", "numpy", "scipy", "pandas", "numba", "ibis-framework", "duckdb", "pyarrow", "matplotlib", "xlsxwriter",
)  # fmt: skip
"""Whose versions the manifest names."""
BLOCK: Final = 1 << 20
"""Bytes of a file in hand at once."""


def write_manifest(record: RunRecord, folder: Path) -> None:
    """Write manifest.json, naming every file that is in the folder now; one that is there is replaced.

    All but `timings` is the same for the same record and files.
    """
    write_json(manifest(record, folder), folder / MANIFEST)


def manifest(record: RunRecord, folder: Path) -> dict[str, Any]:
    """What the manifest says, nested plain values."""
    report = record.summary.report
    assert report is not None  # summaries of a run come from a log
    found = {
        "run_id": record.run_id,
        "as_of": day(record.as_of),
        "settings": settings_without_secrets(record),
        "seed": record.settings.run.seed,
        "draws": record.valuation.basis.draws,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "input": {
            "source": masked(record.snapshot.source),
            "rows": record.snapshot.rows,
            "fingerprint": record.snapshot.fingerprint,
            "schema": dict(record.snapshot.schema),
            "remarks": record.snapshot.remarks,
        },
        "data": {
            **{name: getattr(report, name) for name in ("rows_in", "rows_used", "rows_set_aside", "customers")},
            "until": day(report.until),
            "remarks": report.remarks,
            "checks": rows(record.suited.frame),
        },
        "models": {"purchases": _model(record.purchases), "spend": _model(record.spend)},
        "choice": {"model": record.choice.model, "reason": record.choice.reason},
        "gates": rows(small_tables(record)["gates"]),
        "figures": figures(record),
        "files": list(files_of(folder)),
        "timings": {
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": {step: round(seconds, 3) for step, seconds in record.seconds.items()},
        },
    }
    return dict(plain(found))


def settings_without_secrets(record: RunRecord) -> dict[str, Any]:
    """The settings as plain values, passwords in URLs hidden."""
    return dict(_hidden(record.settings.model_dump(mode="json")))


def files_of(folder: Path) -> Iterator[dict[str, Any]]:
    """Name, bytes and sha256 of every file in a folder, by name; not the manifest itself, nor hidden ones."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder)
        if str(name) != MANIFEST and not any(part.startswith(".") for part in name.parts):
            yield {"name": name.as_posix(), "bytes": path.stat().st_size, "sha256": _digest(path)}


def _hidden(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _hidden(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_hidden(inner) for inner in value]
    return masked(value) if isinstance(value, str) and "://" in value else value


def _model(fitted: FittedPurchases | FittedSpend) -> dict[str, Any]:
    said = fitted.diagnostics
    return fitted.to_dict() | {"checks": rows(said.frame), "notes": said.notes}


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
