"""Which run this is: the same orders, settings and version are the same run."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from typing import Any, Final

import pandas as pd

from ..settings.settings import Settings
from ..sources.snapshot import Snapshot

LENGTH: Final = 10
"""Characters of the hash: two of a million runs of one day are alike with a probability of one in two million."""
ELSEWHERE: Final[dict[str, Any]] = {"run": {"out", "as_of"}, "publish": True, "source": True}
"""Settings that change where a run reads from and writes to, not what it finds; the day is in the id by itself."""


def run_id(settings: Settings, snapshot: Snapshot, as_of: pd.Timestamp) -> str:
    """Name a run by its day and what goes into it, such as "1998-06-30-3fa9c1d2e0"."""
    said = {
        "settings": settings.model_dump(mode="json", exclude=ELSEWHERE),
        "orders": snapshot.fingerprint,
        "schema": dict(snapshot.schema),
        "version": version("lifeworth"),
        "as_of": f"{as_of:%Y-%m-%d}",
    }
    text = json.dumps(said, sort_keys=True, ensure_ascii=False)
    return f"{as_of:%Y-%m-%d}-{hashlib.sha256(text.encode()).hexdigest()[:LENGTH]}"


def day_of(name: str) -> str:
    """The day in the name of a run, such as "1998-06-30"."""
    return name[: len("1998-06-30")]
