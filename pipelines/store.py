"""Reading saved models back."""

from __future__ import annotations

from pathlib import Path

from lifeworth.models import MODELS
from lifeworth.models.purchases import FittedPurchases
from lifeworth.models.spend import FittedSpend
from lifeworth.models.storage import read


def load(path: str | Path) -> FittedPurchases | FittedSpend:
    """Read a fitted model written by its `save`.

    Raises
    ------
    InputError
        No such file, a damaged or foreign one, or one written by a newer lifeworth.
    """
    return read(path, MODELS)
