"""Reading saved models back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lifeworth.models import SPEND_MODELS, TRANSACTION_MODELS
from lifeworth.models.fitted_purchases import FittedPurchases
from lifeworth.models.ground.calendar import Calendar
from lifeworth.models.ground.errors import InputError
from lifeworth.models.inference.storage import Stored, read
from lifeworth.models.spend import FittedSpend


def load(path: str | Path) -> FittedPurchases | FittedSpend:
    """Read a fitted model written by its `save`.

    Raises
    ------
    InputError
        No such file, a damaged or foreign one, or one written by a newer lifeworth.
    """
    stored = read(path)
    try:
        for transaction in TRANSACTION_MODELS:
            if transaction.__name__ == stored.kind:
                found = stored.settings.get("calendar")
                calendar = None if found is None else Calendar.from_dict(found)
                unit = stored.settings["unit"]
                return FittedPurchases(transaction(**_configuration(stored)), stored.posterior, unit, calendar)
        for spend in SPEND_MODELS:
            if spend.__name__ == stored.kind:
                first = bool(stored.settings["first_purchase"])
                return FittedSpend(spend(first, **_configuration(stored)), stored.posterior, first)
    except KeyError as error:
        raise InputError(f"load: {str(path)!r} has lost a part ({error!r}); save the model again.") from error
    known = ", ".join(model.__name__ for model in (*TRANSACTION_MODELS, *SPEND_MODELS))
    raise InputError(f"load: {str(path)!r} holds a {stored.kind}; expected one of {known}.")


def _configuration(stored: Stored) -> dict[str, Any]:
    """What the model was configured with; files of the first format know no covariates."""
    settings = stored.settings
    return {
        "priors": stored.priors,
        "covariates": settings.get("covariates", ()),
        "groups": settings.get("groups"),
    }
