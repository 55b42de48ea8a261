"""Who rose and who fell between loyalty tiers since the run before."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..record.record import RunRecord
from ..reporting.labels import loyalty_tier
from ..reporting.language import gettext as _
from ..reporting.language import ngettext
from ..reporting.wording import count
from .parts import Part, Table


def tier_moves_part(record: RunRecord) -> Part:
    """Count the moves; of a first run, say that there is nothing to compare with."""
    heading = _("Who changed tier")
    tiers = record.decisions.tiers
    names = list(tiers.summary["tier"])
    now = pd.Index(names).get_indexer(pd.Index(tiers.frame["tier"]))
    before = pd.Index(names).get_indexer(pd.Index(tiers.frame["previous"]))
    known = before >= 0
    if not known.any():
        first = _("No tiers of an earlier run are known: the next run tells who rises and who falls.")
        return Part((first,), heading=heading)
    rises, falls = known & (now < before), known & (now > before)
    new = int((~known).sum())
    text = [
        _("Customers who rose since the last run: {rises}; who fell: {falls}.").format(
            rises=count(int(rises.sum())), falls=count(int(falls.sum()))
        )
    ]
    if new:
        text.append(
            ngettext(
                "{new} customer is judged for the first time.", "{new} customers are judged for the first time.", new
            ).format(new=count(new))
        )
    columns = (_("tier"), _("before"), _("left upwards"), _("left downwards"), _("rose into it"), _("fell into it"),
               _("new"), _("now"))  # fmt: skip
    counted = [
        np.bincount(codes[chosen], minlength=len(names))
        for codes, chosen in (
            (before, known), (before, rises), (before, falls), (now, rises), (now, falls), (now, ~known),
            (now, np.ones(len(now), dtype=bool)),
        )
    ]  # fmt: skip
    rows = tuple(
        (loyalty_tier(name), *(count(column[place]) for column in counted)) for place, name in enumerate(names)
    )
    total = (_("together"), *(count(int(column.sum())) for column in counted))
    caption = _("Customers of each tier before and now, and how they came there")
    return Part(tuple(text), table=Table(columns, rows, caption=caption, total=total), heading=heading)
