"""Machine code for kernels: one way to compile, kept between runs, with the interpreter's lock released."""

from __future__ import annotations

from collections.abc import Callable

from numba import njit


def compiled[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of numbers and arrays at its first call; the machine code is cached beside the source."""
    machine_code: Callable[P, R] = njit(cache=True, nogil=True)(function)
    return machine_code
