"""One run at a time in a folder: a lock that says who has it and since when, and that dies with its owner."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from lifeworth.models.ground.errors import LifeworthError

from ..exports import write_json

LOCK: Final = ".lock"
OWNER: Final = ".lock.json"
MINUTE: Final = 60.0


class BusyError(LifeworthError):
    """Another run is writing to the same folder."""


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Hold the folder for one run; the system lets go of it when the process ends, however it ends.

    Raises
    ------
    BusyError
        Another run holds it: which process, on which machine, for how long.
    """
    lock = FileLock(out / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise BusyError(
            f"out: {str(out)!r} is in use by {_owner(out / OWNER)}. Wait until it is done, or give another --out."
        ) from error
    try:
        write_json({"pid": os.getpid(), "host": socket.gethostname(), "since": time.time()}, out / OWNER)
        yield
    finally:
        (out / OWNER).unlink(missing_ok=True)
        lock.release()


def _owner(path: Path) -> str:
    """Who holds a lock, in words; its file may come and go while we look."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        since, pid, host = float(held["since"]), held["pid"], held["host"]
    except (OSError, ValueError, KeyError):
        return "another run that has just begun"
    began = datetime.fromtimestamp(since, UTC)
    minutes = max(time.time() - since, 0.0) / MINUTE
    return f"process {pid} on {host}, begun at {began:%Y-%m-%d %H:%M} UTC, {minutes:.0f} minutes ago"
