"""Work spread over the cores: compiled kernels and NumPy's generators release the interpreter's lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from .progress import track


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_threads[A, R](work: Callable[[A], R], items: Sequence[A], description: str | None = None) -> Iterator[R]:
    """Results of `work` in the order of `items`, computed by one thread a core.

    At most two results a core are waiting at any time, so that memory does not grow with the number of items.
    With a `description` the progress is reported.
    """
    results = _bounded(work, items)
    return track(results, description, len(items)) if description else results


def _bounded[A, R](work: Callable[[A], R], items: Sequence[A]) -> Iterator[R]:
    ahead = 2 * cores()
    with ThreadPoolExecutor(cores()) as pool:
        waiting = [pool.submit(work, item) for item in items[:ahead]]
        for item in items[ahead:]:
            yield waiting.pop(0).result()
            waiting.append(pool.submit(work, item))
        while waiting:
            yield waiting.pop(0).result()
