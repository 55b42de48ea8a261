"""How far the data bear: a horizon many times as long as the record is trust in the model alone."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..ground.units import UNIT_NAMES, Horizon
from ..prediction.expectations import expected_totals
from .basis import Basis

MOST_SPANS: Final = 5.0
"""A horizon may be so many times as long as the longest record of a customer: the models' published tests look ahead
once to twice as far as they look back (Fader, Hardie & Lee 2005a), and a few times more is usual in valuation."""
MOST_BEYOND: Final = 0.5
"""Share of a value for ever that may lie beyond: with little discounting most of it does."""
DRAWS: Final = 50
"""Draws of the parameters behind that share."""


def beyond_the_data(basis: Basis, horizons: tuple[Horizon, ...]) -> tuple[str, ...]:
    """A sentence for the finite horizons that lie far beyond what the data can tell of.

    Models at fixed parameters are taken at their word.
    """
    if basis.purchases.diagnostics.method == "fixed":
        return ()
    most = MOST_SPANS * float(basis.summary.frame["T"].max())
    unit = UNIT_NAMES[basis.purchases.unit]
    record = f"{MOST_SPANS:g} times the longest record of a customer ({most / MOST_SPANS:,.0f} {unit})"
    remedy = "Nothing has tested the model so far ahead: value a shorter horizon, or fit on a longer log."
    far = [h.label for h in horizons if most < h.length < np.inf and most > 0.0]
    notes = [f"horizon: {', '.join(far)} is more than {record}. {remedy}"] if far else []
    if any(np.isinf(h.length) for h in horizons) and most > 0.0:
        beyond = _share_beyond(basis, most)
        notes += [f"horizon: {beyond:.0%} of the value for ever lies beyond {record}. {remedy}"] * (
            beyond > MOST_BEYOND
        )
    return tuple(notes)


def _share_beyond(basis: Basis, most: float) -> float:
    """Share of expected discounted revenue for ever that lies beyond `most`."""
    ends = basis.ends(np.array([most, np.inf]))
    if not ends[0] < ends[1]:
        return 0.0
    found = expected_totals(basis.purchases, basis.summary, ends, basis.rate, DRAWS, basis.amounts[None])
    near, ever = found[0].mean(axis=1)
    return float(1.0 - near / ever)
