"""What tiers are worth, and the reward each can bear."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from ...ground.errors import InputError
from ...ground.rows import FloatArray, IntArray
from ...prediction.reduction import Grouping, columns_of, quantiles_of
from ...valuation.basis import VALUE
from ...valuation.value import Valuation
from ..grouped import group_values
from .uplift import Uplift

TIER: Final = "tier"
LEVELS: Final = (0.05, 0.95)
ONE_PERCENT: Final = 0.01
REWARDS: Final = 0x71E5
"""Sets the random stream of the uplift apart from those of the customers."""


def tier_uplift(uplift: Uplift | None, names: tuple[str, ...]) -> Uplift | None:
    """An uplift of value, for all tiers or by tier.

    Raises
    ------
    InputError
        Of something else, by another attribute, or without one of the tiers.
    """
    if uplift is None:
        return None
    if not isinstance(uplift, Uplift) or uplift.of != "value":
        raise InputError(f'uplift: expected Uplift(0.03, standard_error=0.01, of="value"), got {uplift!r}.')
    if uplift.by is not None and (uplift.by != TIER or set(uplift.segments) != set(names)):
        raise InputError(
            f'uplift: expected one for all, or by="tier" with one for each of {list(names)}; got by={uplift.by!r} with '
            f"{list(uplift.segments)}."
        )
    return uplift


def tier_summary(
    valuation: Valuation,
    place: int,
    mean: FloatArray,
    tier: IntArray,
    names: tuple[str, ...],
    shares: FloatArray,
    uplift: Uplift | None,
    quantile: float,
) -> pd.DataFrame:
    """One row a tier: members, value and the reward it can bear.

    Parameters
    ----------
    valuation : Valuation
    place : int
        Of the horizon.
    mean, tier : array (customers,)
        Expected value of each customer, and the number of its tier in `names`.
    names : tuple of str
        The rest last.
    shares : array (tiers,)
        Without that of the rest.
    uplift : Uplift or None
    quantile : float
    """
    basis, count = valuation.basis, len(names)
    draws = group_values(valuation, place, Grouping(pd.Index(names), tier))
    members, value = np.bincount(tier, minlength=count), np.bincount(tier, mean, minlength=count)
    columns = {TIER: np.array(names, dtype=object), "share": np.append(shares, max(0.0, 1.0 - shares.sum()))}
    columns |= {"customers": members} | columns_of(VALUE, value, quantiles_of(draws, LEVELS), LEVELS)
    columns |= {"value_share": _over(value, np.full(count, value.sum())), "value_per_member": _over(value, members)}
    if uplift is None:
        bears, name = ONE_PERCENT * value, "one_percent"
    else:
        bears, name = _budget(draws[:-1], uplift, names[:-1], quantile, basis.seed), "budget"
    return pd.DataFrame(columns | {name: bears, f"{name}_per_member": _over(bears, members)})


def _budget(draws: FloatArray, uplift: Uplift, names: tuple[str, ...], quantile: float, seed: int) -> FloatArray:
    """Quantile of uplift times value of each tier, array (tiers + 1,); the rest have no reward."""
    noise = np.random.default_rng([seed, REWARDS]).standard_normal((len(uplift.segments), draws.shape[1]))
    effect = uplift.effects[:, None] + uplift.errors[:, None] * noise
    if uplift.by is not None:
        effect = effect[[uplift.segments.index(name) for name in names]]
    found = quantiles_of(effect * draws, (quantile,))[0]
    return np.append(np.maximum(found, 0.0), 0.0)


def _over(amount: FloatArray, by: FloatArray | IntArray) -> FloatArray:
    """A ratio, missing where it is of nothing."""
    return np.asarray(np.divide(amount, by, out=np.full(len(amount), np.nan), where=by != 0))
