"""What a killed run has left: the state after each of its steps, so that the next attempt goes on from there.

Checkpoints are pickles: read by the very version that wrote them (it is part of the run id), in a folder that none but
the owner may enter, for hours at most. What is published holds no pickle.
"""

from __future__ import annotations

import copyreg
import logging
import pickle
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..exports import write_bytes
from .state import State
from .steps import Step

_log = logging.getLogger(__name__)


def _proxy(held: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(held)


copyreg.pickle(MappingProxyType, lambda held: (_proxy, (dict(held),)))


def save_checkpoint(step: str, before: State, after: State, seconds: float) -> None:
    """Keep what a step has found: the fields of the state that it changed."""
    changed = {
        each.name: getattr(after, each.name)
        for each in fields(State)
        if getattr(after, each.name) is not getattr(before, each.name)
    }
    write_bytes(
        _path(after.work, step), pickle.dumps((_after(before), changed, seconds), protocol=pickle.HIGHEST_PROTOCOL)
    )


def resume(state: State, steps: Sequence[Step]) -> tuple[State, dict[str, float]]:
    """The state after the last step that a killed run finished, and the seconds of each; the state itself if none.

    A checkpoint that cannot be read is left out, with a line in the log: its step and those after it are done again.
    So is one that was made when another run was published: its comparison, tiers and gates would be of that one.
    """
    seconds: dict[str, float] = {}
    for step in steps:
        path = _path(state.work, step.__name__)
        if not path.is_file():
            return state, seconds
        try:
            last, changed, took = pickle.loads(path.read_bytes())  # our own file, in a folder of the owner's alone
        except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError) as error:
            _log.warning("checkpoint %s cannot be read (%s): the step is done again", path.name, error)
            return state, seconds
        if last != _after(state):
            return state, seconds
        state = state.with_(**{name: found for name, found in changed.items() if name != "gates"})
        if "gates" in changed:
            state = state.with_(gates=changed["gates"][len(state.gates) :])
        seconds[step.__name__] = took
    return state, seconds


def _after(state: State) -> str | None:
    """The run that was published when a step ran."""
    return None if state.last is None else state.last.run_id


def _path(work: Path, step: str) -> Path:
    return work / f"{step}.checkpoint"
