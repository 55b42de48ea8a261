"""The folder of what is published: `current` is always a complete run, whatever happens to the one being made.

    OUT/current        a link to the published run
    OUT/runs/<run id>  complete runs, as many as are kept
    OUT/held/<run id>  why a run was held back
    OUT/.work          what runs in the making leave; cleared by the next

A run is written into .work, brought to the disk, moved to runs/ in one step of the file system, and the link is moved
in another: a reader who follows `current` once sees the old run whole or the new one.
"""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..exports import writable_folder

CURRENT: Final = "current"
RUNS: Final = "runs"
HELD: Final = "held"
WORK: Final = ".work"
STAGE: Final = "stage"
TRASH: Final = "trash-"
COMPLETE: Final = "manifest.json"
"""Written last of all files: a folder without it is none of ours."""


@dataclass(frozen=True)
class Shelf:
    """The folder `out` and what is in it."""

    out: Path

    @classmethod
    def at(cls, out: Path) -> Shelf:
        """Open a folder, made if it is not there.

        Raises
        ------
        InputError
            It cannot be written to.
        """
        return cls(writable_folder(out).resolve())

    def current(self) -> Path | None:
        """The published run; None before the first."""
        link = self.out / CURRENT
        return link.resolve() if (link / COMPLETE).is_file() else None

    def run(self, run_id: str) -> Path:
        """Where a run is published."""
        return self.out / RUNS / run_id

    def work(self, run_id: str) -> Path:
        """Where a run is made."""
        folder = self._workshop() / run_id
        folder.mkdir(exist_ok=True)
        return folder

    def is_finished(self, run_id: str) -> bool:
        """Whether a run is complete: published now, or before another one was."""
        return (self.run(run_id) / COMPLETE).is_file()

    def publish(self, run_id: str, stage: Path) -> Path:
        """Move a finished run to its place and let `current` point at it."""
        _to_disk(stage)
        target = self.run(run_id)
        target.parent.mkdir(exist_ok=True)
        os.rename(stage, target)
        _sync(target.parent)
        self.point_at(run_id)
        return target

    def point_at(self, run_id: str) -> None:
        """Move the link."""
        fresh = self.out / f".{CURRENT}-{secrets.token_hex(4)}"
        os.symlink(Path(RUNS) / run_id, fresh)
        os.replace(fresh, self.out / CURRENT)
        _sync(self.out)

    def hold(self, run_id: str, stage: Path) -> Path:
        """Put away what tells why a run was held."""
        target = self.out / HELD / run_id
        target.parent.mkdir(exist_ok=True)
        if target.exists():
            self._discard(target)
        os.rename(stage, target)
        return target

    def forget(self, keep: int) -> tuple[str, ...]:
        """Remove the oldest runs beyond `keep`, never the published one, and held ones likewise; return their ids."""
        current = self.current()
        gone: list[str] = []
        for room in (RUNS, HELD):
            folders = sorted((self.out / room).glob("*"), key=lambda folder: folder.stat().st_mtime_ns, reverse=True)
            old = [folder for folder in folders[keep:] if folder != current]
            for folder in old:
                self._discard(folder)
            gone += [folder.name for folder in old if room == RUNS]
        return tuple(gone)

    def clear(self, keep: str | None = None) -> None:
        """Remove what runs in the making have left, but for one that may go on."""
        for folder in (self.out / WORK).glob("*"):
            if folder.name != keep:
                shutil.rmtree(folder, ignore_errors=False)
        for link in self.out.glob(f".{CURRENT}-*"):
            link.unlink()

    def _workshop(self) -> Path:
        """For its owner alone: checkpoints are read back as what they say they are."""
        folder = self.out / WORK
        folder.mkdir(exist_ok=True, mode=0o700)
        return folder

    def _discard(self, folder: Path) -> None:
        """Out of sight at once, then gone: nobody finds half a run."""
        trash = self._workshop() / f"{TRASH}{secrets.token_hex(4)}"
        os.rename(folder, trash)
        shutil.rmtree(trash)


def _to_disk(folder: Path) -> None:
    """Bring every file of a folder to the disk: a name must not outlive its content when the power fails."""
    for path in sorted(folder.rglob("*")):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
