"""What scenarios say in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from ...ground.intervals import INTERVAL, quantile_name
from ...ground.units import INFINITE
from .levers import percent, words
from .worlds import Worlds

CENTS_BELOW: Final = 100.0
"""Amounts below it are told with their cents."""
MODEL_COUNTS: Final = (
    "What retention is worth hangs on the model more than anything else: how unlike customers are in leaving, and how "
    "many are taken to stay for ever. Compare models before acting on it."
)
OTHERS_FOUND: Final = (
    "Gupta, Lehmann & Stuart (2004) found 3 to 7 % of value for 1 % of retention, about 1 % for the margin and a fifth "
    "of retention's for the discount rate, with value for ever; a nearer end leaves retention and discounting less."
)


def named(quantity: str) -> str:
    """Name of a quantity as people write it."""
    return quantity.replace("_", " ").replace("npv", "NPV")


def span(label: str) -> str:
    """What a horizon spans."""
    return "all time" if label == INFINITE else label


def signed(value: float, currency: str) -> str:
    """An amount with its sign, with cents where they matter."""
    digits = 2 if abs(value) < CENTS_BELOW else 0
    space = "\u00a0" if currency[-1:].isalpha() else ""
    return f"{'-' if value < 0.0 else '+'}{currency}{space}{abs(value):,.{digits}f}"


def in_words(row: Mapping[str, Any], currency: str) -> str:
    """A row of the elasticities: "margin +1 %: residual value +$759 (+$440 to +$1,130), +1.3 %"."""
    quantity, lever, mean = named(row["quantity"]), words(row["lever"]), row["difference_mean"]
    ends = [row[f"difference_{quantile_name(level)}"] for level in INTERVAL]
    if not (mean or any(ends)):
        return f"{lever} does nothing to {quantity}"
    low, high = (signed(end, currency) for end in ends)
    share = "" if np.isnan(row["elasticity_mean"]) else f", {100.0 * mean / row['value_mean']:+.2g} %"
    return f"{lever} {percent(row['change'])}: {quantity} {signed(mean, currency)} ({low} to {high}){share}"


def of_retention(found: Worlds, change: float, levers: Sequence[str]) -> str:
    """What a change of retention means, in rates and hazards; nothing where it is not among the levers."""
    if "retention" not in levers or found.retention is None:
        return ""
    said = []
    for who, rate in (("customers alive now", found.retention), ("new customers", found.newcomer_retention)):
        if rate is None:
            continue
        hazard = rate.hazard(change)
        now, then = 100.0 * rate.at(1.0), 100.0 * rate.at(hazard)
        said.append(f"{then:.1f} % of {who} instead of {now:.1f} % (hazard of leaving x {hazard:.2f})")
    return f"Retention {percent(change)}: after 12 months there are still {' and '.join(said)}."


def untold(frame: pd.DataFrame) -> tuple[str, ...]:
    """Quantities without elasticities, and why."""
    unsure = frame.loc[frame["elasticity_mean"].isna(), "quantity"].unique()
    if not len(unsure):
        return ()
    names = " and ".join(map(named, unsure))
    return (f"Value may be 0 or less: elasticities of {names} are not told; read the difference in money.",)


def caution(levers: Sequence[str]) -> tuple[str, ...]:
    """That retention hangs on the model, where it is among the levers."""
    return (MODEL_COUNTS,) if "retention" in levers else ()


def others_found(levers: Sequence[str]) -> tuple[str, ...]:
    """What the literature found, where retention is among the levers."""
    return (OTHERS_FOUND,) if "retention" in levers else ()


def sum_of_parts(parts: pd.DataFrame, currency: str) -> str:
    """What the difference of each quantity is made of, in a sentence; parts that do nothing are left out."""
    said = []
    for quantity, rows in parts.groupby("quantity", sort=False):
        means = zip(rows["lever"], rows["difference_mean"], strict=True)
        each = ", ".join(f"{words(lever)} {signed(mean, currency)}" for lever, mean in means if mean)
        total = signed(float(rows["difference_mean"].sum()), currency)
        said.append(f"{named(str(quantity))} {total}{f' ({each})' if each else ''}")
    return f"Made of: {'; '.join(said)}."
