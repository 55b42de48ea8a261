"""Where a result comes from: versions of the software and a fingerprint of the data."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

FINGERPRINT_LENGTH: Final = 16
"""Hexadecimal digits kept: 64 bits tell any two data sets apart."""


def fingerprint(*arrays: NDArray[Any]) -> str:
    """Short hash of arrays: the same data, the same fingerprint."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:FINGERPRINT_LENGTH]


def versions() -> dict[str, str]:
    """Versions of lifeworth and of NumPy."""
    return {"lifeworth_version": version("lifeworth"), "numpy_version": version("numpy")}
