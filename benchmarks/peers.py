"""Run a peer on a table of customers, in a process and, where it needs one, an environment of its own.

A peer's script gets a Parquet file with customer_id, frequency, recency, T (in weeks) and monetary_value,
fits, and prints one line of JSON. What it times starts after its imports, with the data in memory.

This module asks for nothing beyond the standard library when it is imported, so that the scripts of both
environments can share it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

HERE: Final = Path(__file__).resolve().parent
PEERS_PYTHON: Final = HERE.parent / ".venv-peers" / "bin" / "python"
COLUMNS: Final = ["customer_id", "frequency", "recency", "T", "monetary_value"]
TIME_LIMIT: Final = 1800.0
"""Seconds a peer may take: ten times what the slowest needs on full CDNOW, so only a hang meets it."""


def run_pymc_marketing(frame: pd.DataFrame, *, spend: bool = False, seed: int = 1) -> dict[str, Any]:
    """Fit PyMC-Marketing's BG/NBD (and Gamma-Gamma) as its `fit` does by default; its script lists the keys.

    Raises
    ------
    FileNotFoundError
        If the peers' environment is not there.
    subprocess.CalledProcessError
        If the peer failed; its output has gone to standard error.
    """
    if not PEERS_PYTHON.exists():
        message = f"No environment of the peers at {PEERS_PYTHON}: `make bench` makes it."
        raise FileNotFoundError(message)
    return _run(PEERS_PYTHON, "pymc_marketing_run.py", frame, spend=spend, options=["--seed", str(seed)])


def run_lifetimes(frame: pd.DataFrame, *, spend: bool = False, runs: int = 5) -> dict[str, Any]:
    """Fit lifetimes' BG/NBD (and Gamma-Gamma) by maximum likelihood; its script lists the keys.

    It runs on the Python that runs the benchmark: the same NumPy and SciPy as lifeworth, so that the two
    times differ by the work alone.

    Raises
    ------
    subprocess.CalledProcessError
        If the peer failed; its output has gone to standard error.
    """
    return _run(Path(sys.executable), "lifetimes_run.py", frame, spend=spend, options=["--runs", str(runs)])


def run_lifeworth(frame: pd.DataFrame, *, runs: int = 5) -> dict[str, Any]:
    """Fit, forecast and value with lifeworth, in a process of its own; its script lists the keys."""
    return _run(Path(sys.executable), "lifeworth_run.py", frame, spend=False, options=["--runs", str(runs)])


def run_family() -> dict[str, Any]:
    """Fit every model of lifeworth, in a process of its own; its script lists the keys."""
    done = subprocess.run(
        [sys.executable, str(HERE / "family_run.py")], check=True, stdout=subprocess.PIPE, text=True, timeout=TIME_LIMIT
    )
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def versions(names: Iterable[str]) -> dict[str, str]:
    """Return the versions of installed distributions, and of Python."""
    return {"python": sys.version.split()[0]} | {name: version(name) for name in names}


def _run(python: Path, script: str, frame: pd.DataFrame, *, spend: bool, options: list[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "customers.parquet"
        frame[COLUMNS].to_parquet(table)
        command = [str(python), str(HERE / script), str(table), *options, *(["--spend"] if spend else [])]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=TIME_LIMIT)
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer
