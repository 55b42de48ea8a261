"""The tables of a run: its record as frames with the columns of the schema. Pure: nothing is read or written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from lifeworth.models.decisions.customers.rfm import days_since_first, days_since_last
from lifeworth.models.decisions.planning.cash_flow import PURCHASES
from lifeworth.models.ground.rows import FloatArray
from lifeworth.models.ground.summary import ID
from lifeworth.models.valuation.basis import VALUE
from lifeworth.models.valuation.historic import HISTORIC

from ..exports import column_name, customer_table, total_table
from ..record.record import RunRecord
from .column import Column, Table
from .schema import SMALL, conformed
from .schema_customers import CUSTOMERS

NOT_KNOWN: Final = "not known"
"""Label of a group whose attribute is missing."""
EVERYBODY: Final = "all"
"""Label of the group where nothing tells customers apart."""
ATTRIBUTE_LEAD: Final = "attribute_"
"""Before the name of an attribute that another column has."""


def all_tables(record: RunRecord) -> dict[str, pd.DataFrame]:
    """Every table of the files by name, customers first; a table that the run has nothing for has no rows."""
    return {CUSTOMERS.name: customers(record)} | small_tables(record)


def small_tables(record: RunRecord) -> dict[str, pd.DataFrame]:
    """The tables but for customers, by name."""
    return {table.name: conformed(_MAKERS[table.name](record), table.of()) for table in SMALL}


def customers(record: RunRecord) -> pd.DataFrame:
    """One row a customer, in the order of the summary; columns as in the schema.

    Raises
    ------
    InputError
        The valuation lacks the quantile that the recommended limit is.
    """
    attributes = attribute_names(record)
    # what is not published beside dates, and attributes, which come under names of their own
    table = customer_table(record.summary, record.forecast, record.valuation)
    table = table.drop(columns=["recency", "T", *attributes])
    named = {name: record.summary.frame[attribute].array for attribute, name in attributes.items()}
    return conformed(table.assign(**standing(record), **named), columns_of(CUSTOMERS, record))


def standing(record: RunRecord) -> dict[str, Any]:
    """What is known of each customer beside summary and forecast, columns in the order of the summary."""
    summary, decisions = record.summary, record.decisions
    segments, tiers = decisions.segments.customers, decisions.tiers.frame
    return {
        "first_purchase": _days_ago(record, days_since_first(summary)),
        "last_purchase": _days_ago(record, days_since_last(summary)),
        "days_since_last_purchase": days_since_last(summary),
        HISTORIC: _at_first_horizon(record)[HISTORIC].to_numpy(),
        "segment": segments["segment"].to_numpy(),
        "value_tier": segments["value_tier"].to_numpy(),
        "tier": tiers["tier"].to_numpy(),
        "previous_tier": tiers["previous"].to_numpy(),
        "tier_changed": tiers["changed"].to_numpy(),
        "recommended_limit": recommended_limits(record),
    }


def recommended_limits(record: RunRecord) -> FloatArray:
    """The most to spend on each customer within the first horizon at the risk of the settings, array (customers,).

    What a customer is expected to bring, times the `limit_quantile` of what all of them bring, over its mean. The luck
    of single customers evens out over the many that a limit is for; what all share does not: the model's error, doubt
    about parameters and margin. Spent on every customer, the limits come back but for that risk. Never below 0.
    """
    expected = np.maximum(_at_first_horizon(record)["value_mean"].to_numpy(float), 0.0)
    total = record.valuation.draws[VALUE][0]
    mean = float(record.valuation.total["value_mean"].iloc[0])
    if not mean > 0.0:
        return np.zeros(len(expected))
    level = float(np.quantile(total, record.settings.decisions.limit_quantile))
    return np.asarray(expected * max(level, 0.0) / mean)


def attribute_names(record: RunRecord) -> dict[str, str]:
    """Attributes of the summary and the columns they are published as."""
    names = [column.name for column in CUSTOMERS.of(horizon_names(record))]
    taken = {name.casefold() for name in (*names, *record.summary.attributes)}
    found = {}
    for attribute in record.summary.attributes:
        name = str(attribute)
        while name in names or (name != attribute and name.casefold() in taken):
            name = ATTRIBUTE_LEAD + name
        found[attribute] = name
    return found


def horizon_names(record: RunRecord) -> tuple[str, ...]:
    """The horizons as parts of names of columns."""
    return tuple(column_name(horizon.label) for horizon in record.valuation.horizons)


def columns_of(table: Table, record: RunRecord) -> tuple[Column, ...]:
    """The columns of a table for this run."""
    return table.of(horizon_names(record), tuple(attribute_names(record).values()))


def _at_first_horizon(record: RunRecord) -> pd.DataFrame:
    customers = record.valuation.customers
    return customers[customers["horizon"] == record.valuation.horizons[0].label]


def _days_ago(record: RunRecord, days: FloatArray) -> pd.DatetimeIndex:
    assert record.summary.until is not None  # a run always knows its cut-off
    return record.summary.until - pd.to_timedelta(np.rint(days), unit="D")


def _totals(record: RunRecord) -> pd.DataFrame:
    found = total_table(record.forecast, record.valuation)
    return found.replace({"unit": {"money": _money(record)}})


def _tiers(record: RunRecord) -> pd.DataFrame:
    # the reward that a tier can bear hangs on an uplift, which the settings do not have
    return record.decisions.tiers.summary.drop(columns=["one_percent", "one_percent_per_member"], errors="ignore")


def _cohorts(record: RunRecord) -> pd.DataFrame:
    found = record.decisions.cohorts
    labels = _labels(found.frame[found.by])
    return found.frame.drop(columns=found.by).assign(by=found.by, cohort=labels)


def _bid_ceilings(record: RunRecord) -> pd.DataFrame:
    found, names = record.decisions.bids, [column.name for column in _schema("bid_ceilings")]
    labels = found.frame[found.frame.columns[0]]
    group = [EVERYBODY] * len(labels) if found.by is None else _labels(labels)
    table = found.frame.drop(columns=labels.name).assign(by=found.by, group=group)
    # columns about CAC are missing where there is none
    return table.reindex(columns=[*names, *(name for name in table if name not in names)])


def _win_back(record: RunRecord) -> pd.DataFrame:
    found = record.decisions.win_back
    if found is None:
        return _empty("win_back").astype({ID: record.summary.frame[ID].dtype})
    return found.treated.drop(columns="treat")


def _cash_flow(record: RunRecord) -> pd.DataFrame:
    frame = record.decisions.cash_flow.frame
    return frame.assign(unit=np.where(frame["item"] == PURCHASES, "purchases", _money(record)))


def _bridge(record: RunRecord) -> pd.DataFrame:
    if record.comparison is None:
        return _empty("bridge")
    found = record.comparison.bridge
    return found.frame.assign(
        position=np.arange(1, len(found.frame) + 1), horizon=found.horizon, last_run_id=record.comparison.last_run_id
    )


def _since(record: RunRecord) -> pd.DataFrame:
    known = record.comparison is not None and len(record.comparison.since)
    return record.comparison.since if known and record.comparison is not None else _empty("since")


def _champion(record: RunRecord) -> pd.DataFrame:
    return _empty("champion") if record.comparison is None else record.comparison.champion


def _gates(record: RunRecord) -> pd.DataFrame:
    rows = [
        {"position": place, **{name: getattr(gate, name) for name in ("gate", "outcome", "message", "measured", "bar")}}
        for place, gate in enumerate(record.gates, start=1)
    ]
    return pd.DataFrame(rows, columns=[column.name for column in _schema("gates")])


def _parameters(record: RunRecord) -> pd.DataFrame:
    kept = ["mean", "sd", "q05", "q50", "q95"]
    found = pd.concat(
        [
            fitted.parameters[kept].rename_axis("parameter").reset_index().assign(model=fitted.model.name)
            for fitted in (record.purchases, record.spend)
        ],
        ignore_index=True,
    )
    if record.comparison is None:
        return found.assign(before=np.nan, change=np.nan)
    then = record.comparison.parameters[["model", "parameter", "before", "change"]]
    return found.merge(then, on=["model", "parameter"], how="left")


def _coverage(record: RunRecord) -> pd.DataFrame:
    return record.scorecard.coverage_of_totals()


def _backtest_totals(record: RunRecord) -> pd.DataFrame:
    return record.scorecard.totals.drop(columns=["q10", "q25", "q75", "q90"])


def _data(record: RunRecord) -> pd.DataFrame:
    assert record.summary.report is not None  # summaries of a run come from a log
    return record.summary.report.frame.astype({"amount": float})


_MAKERS: Final[Mapping[str, Callable[[RunRecord], pd.DataFrame]]] = {
    "totals": _totals,
    "segments": lambda record: record.decisions.segments.frame,
    "tiers": _tiers,
    "cohorts": _cohorts,
    "bid_ceilings": _bid_ceilings,
    "win_back": _win_back,
    "cash_flow": _cash_flow,
    "bridge": _bridge,
    "since": _since,
    "champion": _champion,
    "gates": _gates,
    "parameters": _parameters,
    "backtest_coverage": _coverage,
    "backtest_totals": _backtest_totals,
    "backtest_scores": lambda record: record.scorecard.scores,
    "data": _data,
}


def _money(record: RunRecord) -> str:
    return record.valuation.economics.currency or "money"


def _schema(name: str) -> tuple[Column, ...]:
    return next(table for table in SMALL if table.name == name).columns


def _empty(name: str) -> pd.DataFrame:
    return pd.DataFrame({column.name: [] for column in _schema(name)})


def _labels(column: pd.Series[Any]) -> list[str]:
    """Labels of groups as text; a group without one is of those not known."""
    return [NOT_KNOWN if pd.isna(label) else str(label) for label in column]
