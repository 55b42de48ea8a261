"""The published tables are what the schema documents, and say what the record says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lifeworth.pipelines.publishing.database_rows import rows_of
from lifeworth.pipelines.publishing.outputs_page import page
from lifeworth.pipelines.publishing.schema import (
    DATABASE_TABLES,
    DTYPES,
    SUMMARY_KEYS,
    TABLES,
    Column,
    conformed,
)
from lifeworth.pipelines.publishing.tables import all_tables, columns_of, customers
from lifeworth.pipelines.record.record import RunRecord

ROOT = Path(__file__).resolve().parents[3]


def amiss(frame: pd.DataFrame, columns: tuple[Column, ...]) -> list[str]:
    """What about a frame is not as documented."""
    if list(frame.columns) != [column.name for column in columns]:
        return [f"columns {list(frame.columns)}"]
    found = [
        f"{column.name} is {frame[column.name].dtype}"
        for column in columns
        if column.kind in DTYPES and frame[column.name].dtype != DTYPES[column.kind]
    ]
    return found + [f"{c.name} is empty" for c in columns if not c.empty and frame[c.name].isna().any()]


@pytest.mark.parametrize("which", ["record", "later", "plain"])
def test_every_table_of_the_files_is_as_documented(which: str, request: pytest.FixtureRequest) -> None:
    run: RunRecord = request.getfixturevalue(which)
    found = all_tables(run)
    assert list(found) == [table.name for table in TABLES]
    assert {t.name: wrong for t in TABLES if (wrong := amiss(found[t.name], columns_of(t, run)))} == {}
    assert [t.name for t in TABLES if found[t.name].duplicated(list(t.key)).any()] == []


@pytest.mark.parametrize("which", ["record", "later", "plain"])
def test_every_table_of_the_database_is_as_documented(which: str, request: pytest.FixtureRequest) -> None:
    run: RunRecord = request.getfixturevalue(which)
    parts = list(rows_of(run))
    assert {table.name for table, _ in parts} == {table.name for table in DATABASE_TABLES}
    assert {table.name: wrong for table, frame in parts if (wrong := amiss(frame, table.columns))} == {}
    assert [table.name for table, frame in parts if frame.duplicated(list(table.key)).any()] == []
    assert all((frame["run_id"] == run.run_id).all() for _, frame in parts)


def test_a_column_that_nobody_documented_is_refused() -> None:
    with pytest.raises(KeyError, match="surprise"):
        conformed(pd.DataFrame({"a": ["x"], "surprise": [1]}), (Column("a", "text", "", ""),))


def test_every_column_has_a_meaning_and_every_number_a_unit() -> None:
    columns = [*SUMMARY_KEYS, *(column for table in (*TABLES, *DATABASE_TABLES) for column in table.columns)]
    assert [column for column in columns if not column.meaning] == []
    assert [column.name for column in columns if column.kind == "number" and not column.unit] == []


def test_the_page_of_the_docs_is_that_of_the_schema() -> None:
    written = (ROOT / "docs" / "outputs.md").read_text(encoding="utf-8")
    assert written == page(), (
        "docs/outputs.md is old; run python -m lifeworth.pipelines.publishing.outputs_page docs/outputs.md"
    )


def test_customers_stand_in_the_order_of_the_summary_with_what_was_forecast(later: RunRecord) -> None:
    table = customers(later)
    assert table["customer_id"].tolist() == later.summary.frame["customer_id"].tolist()
    for label, name in (("12M", "12m"), ("24M", "24m")):
        valued = later.valuation.customers[later.valuation.customers["horizon"] == label]
        np.testing.assert_array_equal(table[f"value_{name}_mean"], valued["value_mean"])
        np.testing.assert_array_equal(table[f"value_{name}_q95"], valued["value_q95"])
        np.testing.assert_array_equal(table[f"p_active_{name}"], valued["p_active"])
        forecast = later.forecast.customers[later.forecast.customers["horizon"] == label]
        np.testing.assert_array_equal(table[f"spend_{name}_q50"], forecast["spend_q50"])
    np.testing.assert_array_equal(table["tier"], later.decisions.tiers.frame["tier"])
    assert table["previous_tier"].notna().all()
    assert (table["tier_changed"] == (table["tier"] != table["previous_tier"])).all()


def test_days_of_first_and_last_purchase_are_those_of_the_orders(record: RunRecord) -> None:
    orders = pd.read_parquet(record.snapshot.path)
    days = pd.to_datetime(orders["date"]).groupby(orders["customer_id"]).agg(["min", "max"])
    table = customers(record).set_index("customer_id").loc[days.index]
    assert (table["first_purchase"] == days["min"]).all()
    assert (table["last_purchase"] == days["max"]).all()


@pytest.mark.parametrize("quantile", [0.1, 0.5])
def test_limits_spent_on_everybody_come_back_but_for_the_risk_asked(record: RunRecord, quantile: float) -> None:
    limits = customers(with_limit(record, quantile))["recommended_limit"]
    assert (record.valuation.draws["value"][0] < limits.sum()).mean() == pytest.approx(quantile, abs=0.01)
    worth = record.valuation.customers
    expected = worth.loc[worth["horizon"] == "12M", "value_mean"].to_numpy()
    np.testing.assert_allclose(limits / limits.sum(), expected / expected.sum(), rtol=1e-9)


def test_who_costs_more_than_they_bring_has_a_limit_of_nothing(record: RunRecord) -> None:
    loss = 5.0
    worth = record.valuation.customers
    valued = replace(record.valuation, customers=worth.assign(value_mean=worth["value_mean"] - loss))
    limits = customers(replace(record, valuation=valued))["recommended_limit"].to_numpy()
    expected = valued.customers.loc[worth["horizon"] == "12M", "value_mean"].to_numpy()
    assert (expected < 0.0).any()
    np.testing.assert_array_equal(limits == 0.0, expected <= 0.0)


def test_an_attribute_of_the_name_of_another_column_gets_a_name_of_its_own(record: RunRecord) -> None:
    table = customers(record)
    assert set(table["attribute_segment"]) == {"retail", "trade"}
    assert "champions" in set(table["segment"])
    assert set(table["channel"]) == {"=search", "social", "<b>mail</b>"}


def test_a_first_run_has_nothing_to_compare_with_and_a_plain_one_nobody_to_win_back(plain: RunRecord) -> None:
    found = all_tables(plain)
    assert [name for name, table in found.items() if table.empty] == ["win_back", "bridge", "since", "champion"]
    assert found["bid_ceilings"][["by", "group"]].astype(object).to_numpy().tolist() == [[pd.NA, "all"]]
    assert found["bid_ceilings"]["cac"].isna().all()


def test_the_bridge_adds_up_to_the_value_of_now(later: RunRecord) -> None:
    bridge = all_tables(later)["bridge"]
    assert bridge["mean"].iloc[:-1].sum() == pytest.approx(bridge["mean"].iloc[-1])
    assert bridge["mean"].iloc[-1] == pytest.approx(later.valuation.total["value_mean"].iloc[-1])


def test_totals_name_their_units(record: RunRecord) -> None:
    totals = all_tables(record)["totals"]
    assert dict(zip(totals["quantity"], totals["unit"], strict=True)) == {
        "purchases": "purchases", "spend": "$", "value": "$"
    }  # fmt: skip


def with_limit(record: RunRecord, quantile: float) -> RunRecord:
    """The record of a run whose settings ask for another limit."""
    decisions = record.settings.decisions.model_copy(update={"limit_quantile": quantile})
    return replace(record, settings=record.settings.model_copy(update={"decisions": decisions}))
