"""The scheduled run: from a settings file to what readers find in OUT/current, or to the reason why they do not."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

import pandas as pd

from lifeworth.models.ground.errors import InputError, PlaceError
from lifeworth.models.ground.summary import Day, as_day

from ..orders.order_log import read_log
from ..orders.order_table import OrderColumns
from ..orders.policies import OrderPolicies
from ..publishing.figures import figures
from ..record.record import GateResult, LastRun
from ..settings.file import read_settings
from ..settings.settings import GateSettings, Settings, policies_of
from ..sources.read import columns_of, take_snapshot
from ..sources.snapshot import Snapshot
from .checkpoints import resume, save_checkpoint
from .events import Event, Listener, silent
from .identity import day_of, run_id
from .last_run import last_run
from .lock import locked
from .publish import held_back, published
from .shelf import Shelf
from .state import State
from .steps import STEPS, Step, step_named

SUMMARY: Final = "summary.json"
READING: Final = "reading-"
"""Folder of a copy of orders whose run has no name yet."""
GATES: Final = tuple(GateSettings.model_fields)

type Ending = Literal["published", "published with warnings", "held", "nothing to do"]


@dataclass(frozen=True, eq=False)
class RunResult:
    """How a run ended.

    Attributes
    ----------
    run_id : str
    ending : {"published", "published with warnings", "held", "nothing to do"}
    folder : Path
        What was published, or what tells why it was held.
    gates : tuple of GateResult
    figures : dict
        The numbers of `summary.json`; empty for a run that was held.
    seconds : dict of str to float
        By step; of steps done before a kill as they were then.
    """

    run_id: str
    ending: Ending
    folder: Path
    gates: tuple[GateResult, ...]
    figures: dict[str, Any]
    seconds: dict[str, float]


def run(
    settings: Settings | str | Path,
    *,
    as_of: Day | None = None,
    out: str | Path | None = None,
    accept: Collection[str] = (),
    listen: Listener = silent,
) -> RunResult:
    """Run everything and publish it, or say why not. The same orders and settings are the same run.

    Parameters
    ----------
    settings : Settings, or path of a `lifeworth.toml`
    as_of : date, optional
        The last day whose orders count; by default as the settings say.
    out : path, optional
        Folder to publish in; by default as the settings say.
    accept : collection of str
        Gates, by their keys in [gates], that may not hold this run: somebody has looked.
    listen : callable
        Told of each step and gate.

    Returns
    -------
    RunResult
        `ending` is "nothing to do" where this very run was published before. Readers see it, or a run of a later day
        that was published since.

    Raises
    ------
    InputError
        Settings or data that cannot be used.
    BusyError
        Another run writes to the same folder.
    PlaceError
        The disk is full, read-only or gone; what was published is untouched.
    """
    asked = settings if isinstance(settings, Settings) else read_settings(settings)
    accepted = _accepted(accept)
    with _place(asked, out) as shelf:
        return _run(asked, _as_of(as_of), shelf, accepted, listen)


def look(
    settings: Settings | str | Path,
    until: str,
    *,
    as_of: Day | None = None,
    out: str | Path | None = None,
    accept: Collection[str] = (),
    listen: Listener = silent,
) -> State:
    """Run the steps up to one of them, and publish nothing: to see what they find. A later `run` goes on from there.

    Parameters
    ----------
    settings, as_of, out, accept, listen
        As in `run`.
    until : str
        Name of the last step, such as "fit"; see `STEPS`. A gate that holds ends it earlier.

    Raises
    ------
    InputError, BusyError, PlaceError
        As `run`; no such step.
    """
    asked = settings if isinstance(settings, Settings) else read_settings(settings)
    last_step = step_named(until)
    with _place(asked, out) as shelf:
        state, _ = _named(asked, _as_of(as_of), shelf, listen)
        return _through(state, _accepted(accept), listen, STEPS[: STEPS.index(last_step) + 1])[0]


@contextmanager
def _place(settings: Settings, out: str | Path | None) -> Iterator[Shelf]:
    """The folder to publish in, ours alone; what the disk refuses is said in a sentence."""
    place = settings.folder / settings.run.out if out is None else Path(out)
    try:
        shelf = Shelf.at(place)
        with locked(shelf.out):
            yield shelf
    except OSError as error:
        raise PlaceError(
            f"out: cannot write into {str(place)!r}: {error.strerror or error}. What was published before is untouched."
        ) from error


def _run(
    settings: Settings, as_of: pd.Timestamp | None, shelf: Shelf, accepted: frozenset[str], listen: Listener
) -> RunResult:
    """Read, name the run, go through the steps, publish."""
    state, took = _named(settings, as_of, shelf, listen)
    name = state.run_id
    if shelf.is_finished(name):
        return _nothing_to_do(name, shelf, took, listen)
    state, seconds = _through(state, accepted, listen, STEPS)
    seconds = {"read": took, **seconds}
    if any(gate.outcome == "held" for gate in state.gates):
        return RunResult(name, "held", held_back(state, seconds, shelf), state.gates, {}, seconds)
    began = time.perf_counter()
    record = state.record(seconds)
    folder = published(record, state, shelf)
    seconds["publish"] = time.perf_counter() - began
    listen(Event("done", "publish", seconds["publish"], str(folder)))
    warned = any(gate.outcome == "warned" for gate in state.gates)
    ending: Ending = "published with warnings" if warned else "published"
    return RunResult(name, ending, folder, state.gates, figures(record), seconds)


def _named(settings: Settings, as_of: pd.Timestamp | None, shelf: Shelf, listen: Listener) -> tuple[State, float]:
    """Read the orders, which says what run this is; what others have left in the making is cleared."""
    began = time.perf_counter()
    snapshot = _read(settings, shelf)
    day = _day(settings, as_of, snapshot)
    name = run_id(settings, snapshot, day)
    work = shelf.work(name)
    orders = work / snapshot.path.name
    os.replace(snapshot.path, orders)
    shelf.clear(keep=name)
    took = time.perf_counter() - began
    listen(Event("done", "read", took, f"{snapshot.rows:,} rows of {snapshot.source}"))
    return State(name, day, settings, replace(snapshot, path=orders), _last(shelf, name), work), took


def _nothing_to_do(name: str, shelf: Shelf, took: float, listen: Listener) -> RunResult:
    """The run was finished before. Readers see it, unless a run of a later day has been published since."""
    current = shelf.current()
    if current is None or day_of(current.name) <= day_of(name):  # a kill may have come before the link
        shelf.point_at(name)
        said = "is published already"
    else:
        said = f"was published before, and {current.name} since"
    shelf.clear()
    listen(Event("info", "run", message=f"{name} {said}: nothing to do"))
    folder = shelf.run(name)
    told = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    return RunResult(name, "nothing to do", folder, (), told, {"read": took})


def _read(settings: Settings, shelf: Shelf) -> Snapshot:
    """Copy the orders into a folder of their own: what is in it says which run this is."""
    reading = shelf.work(f"{READING}{secrets.token_hex(4)}")
    try:
        return take_snapshot(settings, reading)
    except BaseException:
        shutil.rmtree(reading)
        raise


def _through(
    state: State, accepted: frozenset[str], listen: Listener, steps: tuple[Step, ...]
) -> tuple[State, dict[str, float]]:
    """Every step, from where a killed run had come; a gate that holds ends it."""
    state, seconds = resume(state, steps)
    for name, took in seconds.items():
        listen(Event("kept", name, took, "done before, taken from its checkpoint"))
    for gate in state.gates:
        _tell(gate, accepted, listen)
    for step in steps[len(seconds) :]:
        if any(gate.outcome == "held" for gate in _agreed(state.gates, accepted)):
            break
        began = time.perf_counter()
        found = step(state)
        seconds[step.__name__] = time.perf_counter() - began
        save_checkpoint(step.__name__, state, found, seconds[step.__name__])
        listen(Event("done", step.__name__, seconds[step.__name__]))
        for gate in found.gates[len(state.gates) :]:
            _tell(gate, accepted, listen)
        state = found
    return state.with_agreed(_agreed(state.gates, accepted)), seconds


def _tell(gate: GateResult, accepted: frozenset[str], listen: Listener) -> None:
    if gate.outcome in ("warned", "held"):
        what = "warned" if gate.gate in accepted else gate.outcome
        listen(Event(what, gate.gate, message=gate.message))


def _agreed(gates: tuple[GateResult, ...], accepted: frozenset[str]) -> tuple[GateResult, ...]:
    """Gates that hold, but somebody has looked, warn."""
    return tuple(
        replace(gate, outcome="warned", message=f"Accepted by hand: {gate.message}")
        if gate.outcome == "held" and gate.gate in accepted
        else gate
        for gate in gates
    )


def _accepted(accept: Collection[str]) -> frozenset[str]:
    unknown = sorted(set(accept) - set(GATES))
    if unknown:
        raise InputError(f"accept: no gate {', '.join(map(repr, unknown))}; expected some of {', '.join(GATES)}.")
    return frozenset(accept)


def _as_of(day: Day | None) -> pd.Timestamp | None:
    return None if day is None else as_day(day, "as_of")


def _day(settings: Settings, as_of: pd.Timestamp | None, snapshot: Snapshot) -> pd.Timestamp:
    """The last day whose orders count."""
    if as_of is not None:
        return as_of
    asked = settings.run.as_of
    if asked == "today":
        return pd.Timestamp(datetime.now(UTC).date())
    return _last_order_day(settings, snapshot) if asked == "last order" else pd.Timestamp(asked)


def _last_order_day(settings: Settings, snapshot: Snapshot) -> pd.Timestamp:
    columns, policies = OrderColumns(**columns_of(settings)), OrderPolicies(**policies_of(settings))
    return read_log(snapshot.path, columns, policies, None).last_day


def _last(shelf: Shelf, name: str) -> LastRun | None:
    """What is published, unless it is this run."""
    current = shelf.current()
    return None if current is None or current.name == name else last_run(current)
