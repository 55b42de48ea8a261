"""What a command says while it works."""

from __future__ import annotations

from lifeworth.models.ground.progress import set_reporter
from lifeworth.pipelines.progress import rich_reporter
from lifeworth.pipelines.runs.events import Listener, silent, teller


def listener(*, quiet: bool) -> Listener:
    """Who hears of steps and gates; progress bars go on or off with it."""
    set_reporter(None if quiet else rich_reporter)
    return silent if quiet else teller()
