"""Machine code for kernels: one way to compile, kept between runs, with the interpreter's lock released."""

from __future__ import annotations

from collections.abc import Callable

from numba import njit


def compiled[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of numbers and arrays at its first call; the machine code is cached beside the source.

    Division by zero gives inf or nan, as in NumPy: a search that strays too far is turned back, not stopped.
    """
    machine_code: Callable[P, R] = njit(cache=True, nogil=True, error_model="numpy")(function)
    return machine_code


def compiled_anew[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """As `compiled`, once a process, with nothing kept: for a function that takes a compiled function.

    Each process has a compiled function of its own, so that what was kept would never be found again, and pile up.
    """
    machine_code: Callable[P, R] = njit(nogil=True, error_model="numpy")(function)
    return machine_code
