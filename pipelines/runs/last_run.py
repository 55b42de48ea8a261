"""What a published run leaves for the next one: its customers and totals in plain files, beside its models."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from lifeworth.models.fitted_purchases import FittedPurchases
from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.rows import FloatArray
from lifeworth.models.ground.summary import CustomerSummary
from lifeworth.models.ground.units import Horizon
from lifeworth.models.prediction.discrepancy import Discrepancy
from lifeworth.models.prediction.error_process import ErrorProcess
from lifeworth.models.spend import FittedSpend
from lifeworth.models.valuation.basis import Basis
from lifeworth.models.valuation.value import Valuation

from ..exports import write_json, write_parquet
from ..gates.facts import rejected_share
from ..publishing.files import PURCHASES, SPEND
from ..record.record import LastRun, RunRecord
from ..settings.settings import Settings, economics
from ..store import load
from .state import known

FOLDER: Final = "state"
"""In the folder of a run: for the next run, not for readers."""
FORMAT: Final = 1
"""Raised when an older lifeworth would misread it."""
PROCESSES: Final = ("clock", "level")


def leave_for_next(record: RunRecord, folder: Path) -> None:
    """Write what the next run asks for."""
    state = folder / FOLDER
    state.mkdir()
    basis = record.valuation.basis
    write_parquet(record.summary.frame, state / "summary.parquet")
    write_parquet(record.valuation.total, state / "total.parquet")
    write_parquet(record.decisions.tiers.frame[["customer_id", "tier"]], state / "tiers.parquet")
    if basis.discrepancy is not None:
        np.savez(state / "discrepancy.npz", allow_pickle=False, **_arrays(basis.discrepancy))
    write_json(
        {
            "format": FORMAT,
            "run_id": record.run_id,
            "as_of": f"{record.as_of:%Y-%m-%d}",
            "rows": record.snapshot.rows,
            "rejected": rejected_share(known(record.summary.report)),
            "schema": dict(record.snapshot.schema),
            "unit": record.summary.unit,
            "until": str(record.summary.until),
            "draws": basis.draws,
            "seed": basis.seed,
            "settings": record.settings.model_dump(mode="json"),
            "horizons": [[h.label, h.length, h.calendar_length] for h in record.valuation.horizons],
        },
        state / "run.json",
    )


def last_run(folder: Path) -> LastRun:
    """Read what a published run has left.

    Raises
    ------
    InputError
        It cannot be read, or was written by a newer lifeworth.
    """
    state = folder / FOLDER
    try:
        told = json.loads((state / "run.json").read_text(encoding="utf-8"))
        if told["format"] > FORMAT:
            raise InputError(
                f"out: the run {folder.name} was published by a newer lifeworth; update this one, or begin in another "
                "folder with --out."
            )
        return _last_run(told, state)
    except (OSError, KeyError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"out: the published run {folder.name} cannot be compared with ({error!r}). Restore the folder "
            f"{FOLDER}/ in it, or begin anew with another --out."
        ) from error


def _last_run(told: dict[str, Any], state: Path) -> LastRun:
    summary = CustomerSummary(pd.read_parquet(state / "summary.parquet"), told["unit"], pd.Timestamp(told["until"]))
    purchases, spend = load(state.parent / PURCHASES), load(state.parent / SPEND)
    if not isinstance(purchases, FittedPurchases) or not isinstance(spend, FittedSpend):
        raise InputError(f"out: the models in {str(state.parent)!r} are not those of a run; restore the folder.")
    terms = economics(Settings.model_validate(told["settings"]))
    basis = Basis(purchases, spend, summary, terms, _discrepancy(state), int(told["draws"]), int(told["seed"]))
    return LastRun(
        run_id=told["run_id"],
        as_of=pd.Timestamp(told["as_of"]),
        rows=int(told["rows"]),
        rejected=float(told["rejected"]),
        schema=told["schema"],
        summary=summary,
        purchases=purchases,
        spend=spend,
        valuation=_valuation(basis, pd.read_parquet(state / "total.parquet"), told["horizons"]),
        tiers=pd.read_parquet(state / "tiers.parquet"),
    )


def _valuation(basis: Basis, total: pd.DataFrame, horizons: list[tuple[str, float, float]]) -> Valuation:
    """A valuation without customers and draws: its basis has what a bridge asks for."""
    nothing = pd.DataFrame()
    return Valuation(
        customers=nothing, total=total, groups={}, draws={}, decomposition=nothing, calibration="",
        horizons=tuple(Horizon(*each) for each in horizons), unit=basis.purchases.unit, until=basis.summary.until,
        new_customer=nothing, group_draws={}, economics=basis.economics, basis=basis, notes=(),
    )  # fmt: skip


def _arrays(discrepancy: Discrepancy) -> dict[str, Any]:
    arrays: dict[str, Any] = {"origins": np.array(discrepancy.origins)}
    for name in PROCESSES:
        process = getattr(discrepancy, name)
        arrays |= {f"{name}_{each.name}": getattr(process, each.name) for each in fields(ErrorProcess)}
    return arrays


def _discrepancy(state: Path) -> Discrepancy | None:
    path = state / "discrepancy.npz"
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as held:

        def process(name: str) -> ErrorProcess:
            arrays: dict[str, FloatArray] = {each.name: held[f"{name}_{each.name}"] for each in fields(ErrorProcess)}
            return ErrorProcess(**arrays)

        return Discrepancy(process("clock"), process("level"), int(held["origins"]))
