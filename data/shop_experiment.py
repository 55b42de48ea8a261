"""An A/B test in a shop whose truth is known: what is counted, and what truly is the effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.rows import IntArray
from lifeworth.models.ground.summary_checks import ID
from lifeworth.models.ground.units import parse_horizon

from .shop_future import UNIT
from .shop_truth import Treatment, probability_active

if TYPE_CHECKING:
    from .shop_known import Shop

LOT: Final = 2
"""Stream of random numbers of who is treated, beside those of what customers do."""


@dataclass(frozen=True, eq=False)
class Experiment:
    """Half of some customers treated by lot, all watched over a horizon.

    Attributes
    ----------
    treatment : Treatment
        With its true effects.
    horizon : str
        How long customers were watched.
    customers : DataFrame
        What is seen, one row a customer: customer_id, the attribute that decides on the effect, treated (bool),
        bought (at least once), value (discounted contribution without the cost of the treatment).
    table : DataFrame
        The same counted, one row a value of the attribute: treated and control (customers), treated_bought and
        control_bought (how many bought), treated_value and control_value (mean contribution), treated_error and
        control_error (its standard error).
    truth : DataFrame
        What nobody sees, one row a value of the attribute: effect (of the treatment, as in `Treatment`), gone (share of
        these customers who had left), bought and value: how much more of the treated buy within the horizon, and how
        much more each of them leaves, on average over everybody who took part.
    """

    treatment: Treatment
    horizon: str
    customers: pd.DataFrame
    table: pd.DataFrame
    truth: pd.DataFrame


def run_experiment(shop: Shop, treatment: Treatment, at: IntArray, horizon: str, seed: int) -> Experiment:
    """See `Shop.experiment`; `at` are the places of the customers who take part.

    Raises
    ------
    InputError
        Fewer than two customers.
    """
    if len(at) < 2:
        raise InputError(f"customer_ids: a test needs a treated customer and one who is not; got {len(at)}.")
    some, by = shop.customers.iloc[at].reset_index(drop=True), treatment.by
    treated = np.zeros(len(at), dtype=bool)
    treated[np.random.default_rng([seed, LOT]).permutation(len(at))[: len(at) // 2]] = True
    anyway = shop.realised_value(horizon, seed).iloc[at].reset_index(drop=True)
    more = shop.outcome_of_treating(treatment.name, some[ID], horizon, seed)
    seen = some[[ID, by]].assign(
        treated=treated,
        bought=(anyway["purchases"] > 0) | (treated & (more["purchases"] > 0)),
        value=anyway["value"] + np.where(treated, more["gain"], 0.0),
    )
    return Experiment(treatment, horizon, seen, _table(seen, by), _truth(shop, treatment, some, horizon))


def _table(seen: pd.DataFrame, by: str) -> pd.DataFrame:
    parts = []
    for arm, rows in (("treated", seen[seen["treated"]]), ("control", seen[~seen["treated"]])):
        groups = rows.groupby(by)
        counted = {arm: groups.size(), f"{arm}_bought": groups["bought"].sum()}
        counted |= {f"{arm}_value": groups["value"].mean(), f"{arm}_error": groups["value"].sem()}
        parts.append(pd.DataFrame(counted))
    columns = [f"{arm}{what}" for what in ("", "_bought", "_value", "_error") for arm in ("treated", "control")]
    return pd.concat(parts, axis=1)[columns].reset_index()


def _truth(shop: Shop, treatment: Treatment, some: pd.DataFrame, horizon: str) -> pd.DataFrame:
    gone, effect = ~some["alive"], some[treatment.name]
    bought = np.zeros(len(some))
    if treatment.kind == "return":
        length = parse_horizon(horizon, UNIT, shop.until).length
        rate, clock = (some[name].to_numpy(dtype=float) for name in ("purchase_rate", "leaving_rate"))
        bought = np.where(gone, effect * probability_active(rate, clock, length), 0.0)
    gain = shop.true_gain(treatment.name, horizon).set_index(ID)["gain"].reindex(some[ID]).to_numpy()
    each = pd.DataFrame({treatment.by: some[treatment.by], "effect": effect, "gone": gone.astype(float)})
    return each.assign(bought=bought, value=gain).groupby(treatment.by).mean().reset_index()
