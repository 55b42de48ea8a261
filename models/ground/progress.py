"""How long work says how far it is, without printing: whoever owns the screen installs a reporter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext

Advance = Callable[[], None]
Reporter = Callable[[str, int], AbstractContextManager[Advance]]
"""Given a description and the number of steps, a context whose value is called once a step."""


def _silent(description: str, steps: int) -> AbstractContextManager[Advance]:  # noqa: ARG001  # the reporter's face
    return nullcontext(lambda: None)


_reporter: Reporter = _silent


def set_reporter(reporter: Reporter | None) -> None:
    """Install what shows progress from now on; None goes back to silence."""
    global _reporter  # one screen, one reporter
    _reporter = reporter or _silent


def track[T](steps: Iterable[T], description: str, total: int) -> Iterator[T]:
    """Yield the steps of long work one by one, telling the reporter after each."""
    with _reporter(description, total) as advance:
        for step in steps:
            yield step
            advance()
