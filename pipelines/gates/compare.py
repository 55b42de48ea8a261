"""A run beside the one published last: the bridge, the parameters, the last forecast, and the champion."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from lifeworth.models.decisions.planning.bridge import Bridge, bridge
from lifeworth.models.fitted import Fitted
from lifeworth.models.ground.errors import HorizonWarning, InputError
from lifeworth.models.ground.summary import ID
from lifeworth.models.prediction.forecast import forecast
from lifeworth.models.valuation.value import Valuation, value

from ..backtesting.choice import Choice
from ..orders.purchase_days import observed
from ..record.record import Comparison, LastRun
from ..settings.settings import Settings, policies_of
from ..sources.snapshot import Snapshot

SINCE: Final = ("quantity", "days", "mean", "q05", "q95", "actual", "inside")
PARAMETERS: Final = ("model", "parameter", "before", "after", "sd", "change")


def compare(
    valuation: Valuation,
    choice: Choice,
    snapshot: Snapshot,
    settings: Settings,
    last: LastRun,
    *,
    fits: Sequence[Fitted[Any]] = (),
) -> Comparison:
    """Put a run beside the one published last.

    Parameters
    ----------
    valuation : Valuation
        With its basis: summary, models and their past error.
    choice : Choice
    snapshot : Snapshot
        The log that tells what came since.
    settings : Settings
    last : LastRun
    fits : sequence of Fitted
        All models that were fitted, so that the one published last finds its like, also if it is not chosen again.

    Raises
    ------
    InputError
        The run speaks of a day before that of the last, or counts time in another unit.
    """
    until, before = valuation.until, last.summary.until
    if until is None or before is None or until < before:
        raise InputError(
            f"as_of: expected a day from {before:%Y-%m-%d} on, that of the run published last ({last.run_id}); got "
            f"{until:%Y-%m-%d}. Publish runs of the past into a folder of their own (--out)."
        )
    return Comparison(
        last.run_id,
        last.as_of,
        _bridge(last.valuation, valuation),
        _parameters(last, (valuation.basis.purchases, valuation.basis.spend, *fits)),
        _since(last, before, until, snapshot, settings),
        _champion(choice, last),
    )


def _bridge(before: Valuation, after: Valuation) -> Bridge:
    """Over the longest horizon that both have; over the longest of the last run, valued anew, if they share none."""
    known = {horizon.label for horizon in before.horizons}
    shared = [horizon for horizon in after.horizons if horizon.label in known]
    if shared:
        longest = max(shared, key=lambda horizon: horizon.calendar_length)
        return bridge(before, after, horizon=longest.label)
    asked = before.horizons[before.place()].label
    basis = after.basis
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HorizonWarning)  # the last run has told it
        again = value(
            basis.purchases, basis.spend, basis.summary, basis.economics, None if asked == FOR_EVER else asked,
            draws=basis.draws, seed=basis.seed, groups=(), per_customer=False,
            calibration=basis.discrepancy or TEXTBOOK,
        )  # fmt: skip
    return bridge(before, again, horizon=asked)


FOR_EVER: Final = "inf"
"""Label of the horizon without an end."""
TEXTBOOK: Final = "textbook"
"""Of a model without an error of its own."""


def _parameters(last: LastRun, fits: Sequence[Fitted[Any]]) -> pd.DataFrame:
    """Posterior means of the last run and of this one, where the family is the same."""
    now = {fit.model.name: fit.parameters for fit in reversed(fits)}
    rows = []
    for fit in (last.purchases, last.spend):
        name, before = fit.model.name, fit.parameters
        if name not in now:
            continue
        for parameter in before.index.intersection(now[name].index, sort=False):
            mean, sd = float(before.loc[parameter, "mean"]), float(before.loc[parameter, "sd"])
            after = float(now[name].loc[parameter, "mean"])
            change = (after - mean) / sd if sd > 0.0 else float("nan")
            rows.append((name, parameter, mean, after, sd, change))
    return pd.DataFrame(rows, columns=list(PARAMETERS))


def _since(
    last: LastRun, before: pd.Timestamp, until: pd.Timestamp, snapshot: Snapshot, settings: Settings
) -> pd.DataFrame:
    """What the last run's models say of the days since, and what its customers did."""
    days = (until - before).days
    if days == 0:
        return pd.DataFrame(columns=list(SINCE))
    basis, columns = last.valuation.basis, settings.columns
    said = forecast(
        last.purchases, last.spend, last.summary, f"{days}D", draws=basis.draws, seed=basis.seed, groups=(),
        per_customer=False, calibration=basis.discrepancy or TEXTBOOK,
    ).total.iloc[0]  # fmt: skip
    came = observed(
        str(snapshot.path), customer_id=columns.customer_id, date=columns.date, amount=columns.amount, after=before,
        until=until, acquired_from=settings.rows.acquired_from, **policies_of(settings),
    )  # fmt: skip
    known = came[came[ID].isin(last.summary.frame[ID])]
    rows = []
    for quantity in ("purchases", "spend"):
        mean, low, high = (float(said[f"{quantity}_{part}"]) for part in ("mean", "q05", "q95"))
        actual = float(known[quantity].sum())
        rows.append((quantity, days, mean, low, high, actual, low <= actual <= high))
    return pd.DataFrame(rows, columns=list(SINCE))


def _champion(choice: Choice, last: LastRun) -> pd.DataFrame:
    """The models of the backtest, the best first, with who was published last."""
    champion, table = last.purchases.model.name, choice.table
    roles = [
        "champion" if name == champion else "chosen" if name == choice.model else "other" for name in table["model"]
    ]
    return pd.DataFrame(
        {
            "model": table["model"],
            "role": roles,
            "score": table["customers"],
            "worse": table["customers_worse"],
        }
    )
