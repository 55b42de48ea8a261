"""What to keep in mind when new customers of several channels are compared: a sentence where there is something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from ...fitted import Fitted
from ...ground.units import UNIT_NAMES
from ...valuation.basis import Basis
from ...valuation.economics import Economics
from ...valuation.new_customer import NewcomerMeans

MOST_TIMES_OLDER: Final = 2.0
"""Customers of one channel may have been seen so many times as long as those of another: beyond it the older ones
have shown seasons and years that the younger ones have yet to meet (money.md, 4.5)."""
NAMES_SHOWN: Final = 5

LIVES: Final = "rates of buying and leaving"
AMOUNTS: Final = "amounts of later orders"
"""What a model of purchases and one of spend say of a kind."""

ABOUT_CAC: Final = {
    "blended": "blended (spend over all new customers, those included who came by themselves)",
    "paid": "an average over the customers the spend brought, and one more costs more where returns diminish",
    "as given": "a number taken as given",
}
"""What a CAC says, where it is not the marginal one."""


def cac_basis(economics: Economics, newcomers: NewcomerMeans) -> list[str]:
    """What the CAC of each kind was divided by."""
    by_kind = economics.cac_by is not None and newcomers.kinds.by == economics.cac_by
    return [economics.cac_basis_of(label if by_kind else None) for label in newcomers.labels]


def channel_notes(basis: Basis, newcomers: NewcomerMeans) -> tuple[str, ...]:
    """All that there is to say, in sentences; what the intervals hold comes last."""
    error = "" if basis.discrepancy is None else f", and {basis.discrepancy.sentence()}"
    return (
        *_about_cac(basis.economics, newcomers),
        *_about_models(basis, newcomers),
        *_about_ages(basis, newcomers),
        *_about_customers(newcomers),
        "Intervals are credible intervals of a mean over many new customers: they hold what is not known of "
        f"parameters, margins and first orders{error}. One customer varies far more (valuation.new_customer).",
    )


def _about_cac(economics: Economics, newcomers: NewcomerMeans) -> Iterator[str]:
    if not np.isfinite(newcomers.cac).all():
        if economics.cac_by is not None:
            yield f"CAC is by {economics.cac_by}, not by {newcomers.kinds.by}: all that needs it is left out."
        return
    bases = cac_basis(economics, newcomers)
    said: list[str] = []
    for name, meaning in ABOUT_CAC.items():
        those = [label for label, one in zip(newcomers.labels, bases, strict=True) if one == name]
        if those:
            whose = "" if newcomers.kinds.by is None else f" of {_listed(those)}"
            said.append(f"{'that' if said else 'CAC'}{whose} is {meaning}")
    if said:
        yield (
            f"{'; '.join(said)}. Bids are about what one more customer costs: from two levels of spend, "
            "Acquisition.marginal(spend=(…, …), customers=(…, …))."
        )


def _about_models(basis: Basis, newcomers: NewcomerMeans) -> Iterator[str]:
    """Whether the models can tell the kinds apart."""
    by = newcomers.kinds.by
    models: tuple[Fitted[Any], ...] = (basis.purchases, basis.spend)
    blind = [fitted for fitted in models if by not in (*fitted.design.covariates, fitted.design.groups)]
    if by is None or not blind:
        return
    others = dict.fromkeys(
        name for fitted in blind for name in (*fitted.design.covariates, fitted.design.groups) if name
    )
    through = f" but through {_listed(list(others))}" if others else ""
    names = " and ".join(fitted.model.name for fitted in blind)
    what = " and ".join(LIVES if fitted is basis.purchases else AMOUNTS for fitted in blind)
    alone = ", and only margin, CAC and first orders differ" if len(blind) == len(models) and not others else ""
    remedy = " and ".join(f'{type(fitted.model).__name__}(groups="{by}")' for fitted in blind)
    yield (
        f"{names} {'know' if len(blind) > 1 else 'knows'} nothing of {by}{through}: {what} are alike in all of "
        f"them{alone}. To let them differ, fit {remedy}."
    )


def _about_ages(basis: Basis, newcomers: NewcomerMeans) -> Iterator[str]:
    """Kinds that were observed for very different times."""
    kinds, size = newcomers.kinds, newcomers.size
    ages = np.bincount(kinds.of_customer, basis.summary.frame["T"].to_numpy(float), len(size)) / np.maximum(size, 1)
    seen = np.flatnonzero(size)
    young, old = seen[ages[seen].argmin()], seen[ages[seen].argmax()]
    if ages[old] > MOST_TIMES_OLDER * ages[young]:
        unit = UNIT_NAMES[basis.purchases.unit]
        yield (
            f"Customers of {kinds.labels[old]} were observed for {ages[old]:,.1f} {unit} on average, those of "
            f"{kinds.labels[young]} for {ages[young]:,.1f}: this compares different maturity. Compare customers "
            "acquired in the same months: summary.select(mask)."
        )


def _about_customers(newcomers: NewcomerMeans) -> Iterator[str]:
    unseen = [label for label, size in zip(newcomers.labels, newcomers.size, strict=True) if size == 0]
    if unseen:
        yield (
            f"{_listed(unseen)}: CAC is given but no customer was seen. The value is that of the average customer, not "
            "one that was observed there: buy a few customers before you trust it."
        )
    if not newcomers.observed:
        yield (
            "The first order is the spend model's mean: the summary does not know first orders. It needs "
            "monetary_value and monetary_value_all, as lw.summarise(…, amount=…) gives them."
        )


def _listed(labels: Sequence[Any]) -> str:
    rest = len(labels) - NAMES_SHOWN
    return ", ".join(map(str, labels[:NAMES_SHOWN])) + (f" and {rest} more" if rest > 0 else "")
