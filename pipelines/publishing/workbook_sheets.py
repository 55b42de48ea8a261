"""What each sheet of the workbook shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from lifeworth.models.decisions.planning.cash_flow import PROFIT, PURCHASES

from ..exports import column_name
from ..record.record import RunRecord
from ..reporting.wording import count, day, money, percent, span
from .tables import attribute_names
from .workbook_page import Look, Page, Shown
from .workbook_trust import HIGH, LOW, Tables, coverage_told, interval_columns

MOST_CUSTOMERS: Final = 100_000
"""Customers in the workbook: with more it takes minutes to open. All are in the Parquet and CSV files."""
TOTALS: Final[Mapping[str, tuple[str, Look]]] = {
    "value": ("What they are expected to be worth: discounted contribution to come", "money"),
    "spend": ("What they are expected to spend", "money"),
    "purchases": ("How often they are expected to buy", "count"),
}
"""Heading and look of each total."""
FIRST_RUN: Final = "This is the first published run: there is nothing yet to compare it with."


def summary(page: Page, record: RunRecord, tables: Tables) -> None:
    """Totals, how sure, warnings, assumptions."""
    said = record.settings
    page.title(said.run.title)
    page.note(f"As of {day(record.as_of)}; {count(len(record.summary))} customers; run {record.run_id}.")
    for quantity, (heading, look) in TOTALS.items():
        page.section(heading)
        rows = tables["totals"][tables["totals"]["quantity"] == quantity]
        page.table(rows.assign(horizon=[span(label) for label in rows["horizon"]]), interval_columns(look))
    page.section("How sure")
    page.note(
        "The interval from low to high holds what will really come 9 times of 10: chance, doubt about the model's "
        "parameters, and the model's past error.",
        *coverage_told(record, tables),
    )
    _warnings(page, record)
    page.section("Assumptions")
    page.note(*_assumptions(record))


def changed(page: Page, record: RunRecord, tables: Tables) -> None:
    """The bridge, what was forecast for the days since, the models, the parameters."""
    page.title("What changed")
    if record.comparison is None:
        page.note(FIRST_RUN)
        return
    found = record.comparison
    page.note(
        f"Since {day(found.last_as_of)}, run {found.last_run_id}. Value of the next {span(found.bridge.horizon)}."
    )
    page.section("From the value then to the value now")
    page.table(
        tables["bridge"],
        [Shown("part", "What changed"), *interval_columns("money")[1:], Shown("customers", "Customers", "count")],
    )
    page.section("What was forecast for the days since, and what came")
    columns = [Shown("quantity", "Quantity"), Shown("mean", "Forecast", "count"), Shown("q05", LOW, "count")]
    columns += [Shown("q95", HIGH, "count"), Shown("actual", "What came", "count")]
    page.table(tables["since"], [*columns, Shown("inside", "Within the interval")])
    page.section("Models, by how near their forecasts of customers came (less is better)")
    page.table(
        tables["champion"],
        [Shown("model", "Model"), Shown("role", "Role"), Shown("score", "Score", "number"),
         Shown("worse", "Worse than the best", "number")],
    )  # fmt: skip
    page.section("Parameters")
    moved = tables["parameters"].assign(model=tables["parameters"]["model"] + ": " + tables["parameters"]["parameter"])
    columns = [Shown("model", "Model and parameter"), Shown("before", "Then", "number"), Shown("mean", "Now", "number")]
    page.table(moved, [*columns, Shown("change", "Change in standard deviations", "number")])


def customers(page: Page, record: RunRecord, tables: Tables) -> None:
    """One row a customer, the most valuable first; of more horizons than one the later ones by their mean."""
    first, *later = [horizon.label for horizon in record.valuation.horizons]
    name, best = column_name(first), f"value_{column_name(first)}_mean"
    table = tables["customers"].sort_values(best, ascending=False, kind="stable")
    page.title("Customers")
    page.note(f"The most valuable over {span(first)} first.")
    if len(table) > MOST_CUSTOMERS:
        page.note(
            f"The first {count(MOST_CUSTOMERS)} of {count(len(table))} customers: a workbook with all of them would "
            "not open in a reasonable time. customers.parquet (and customers.csv, where written) hold all."
        )
    page.row += 1
    columns = [
        Shown("customer_id", "Customer"),
        *(Shown(column, str(attribute)) for attribute, column in attribute_names(record).items()),
        Shown("tier", "Tier"),
        Shown("segment", "Segment"),
        Shown(best, f"Value, {span(first)}: expected", "cents"),
        Shown(f"value_{name}_q05", LOW, "cents"),
        Shown(f"value_{name}_q95", HIGH, "cents"),
        *(Shown(f"value_{column_name(more)}_mean", f"Value, {span(more)}: expected", "cents") for more in later),
        Shown("recommended_limit", "Recommended limit", "cents"),
        Shown(f"p_active_{name}", f"Buys within {span(first)}", "share"),
        Shown("p_alive", "Still a customer", "share"),
        Shown(f"purchases_{name}_mean", f"Purchases, {span(first)}: expected", "number"),
        Shown("frequency", "Repeat purchases so far", "count"),
        Shown("first_purchase", "First purchase", "day"),
        Shown("last_purchase", "Last purchase", "day"),
        Shown("historic_value", "Contribution so far", "cents"),
        Shown("previous_tier", "Tier before"),
        Shown("tier_changed", "Tier changed"),
    ]
    page.table(table.head(MOST_CUSTOMERS), columns, main=True)


def segments(page: Page, record: RunRecord, tables: Tables) -> None:
    """One row a segment and value tier."""
    found = record.decisions.segments
    page.title("Segments")
    page.note(f"Value of the next {span(found.horizon)}; intervals are of the row as a whole.")
    page.row += 1
    columns = [
        Shown("segment", "Segment"),
        Shown("value_tier", "Value tier"),
        Shown("customers", "Customers", "count"),
        Shown("share", "Share", "share"),
        Shown("value_mean", "Value: expected", "money"),
        Shown("value_q05", LOW, "money"),
        Shown("value_q95", HIGH, "money"),
        Shown("value_per_customer", "Value per customer", "cents"),
        Shown("p_active", "Expected to buy", "share"),
        Shown("days_since_last_purchase", "Days since last purchase (median)", "count"),
        Shown("action", "What to do", "long"),
    ]
    page.table(tables["segments"], columns, main=True)
    page.row += 1
    page.note(*found.notes)


def tiers(page: Page, record: RunRecord, tables: Tables) -> None:
    """One row a loyalty tier."""
    page.title("Loyalty tiers")
    page.note(record.decisions.tiers.rule)
    page.row += 1
    columns = [
        Shown("tier", "Tier"),
        Shown("share", "Share asked for", "share"),
        Shown("customers", "Members", "count"),
        Shown("p_belongs", "Mean probability of belonging", "share"),
        Shown("value_mean", "Value: expected", "money"),
        Shown("value_q05", LOW, "money"),
        Shown("value_q95", HIGH, "money"),
        Shown("value_share", "Share of all value", "share"),
        Shown("value_per_member", "Value per member", "cents"),
    ]
    page.table(tables["tiers"], columns, main=True)
    page.row += 1
    page.note(*record.decisions.tiers.notes)


def bid_ceilings(page: Page, record: RunRecord, tables: Tables) -> None:
    """One row a channel."""
    page.title("Bid ceilings: the most to pay for one more customer")
    page.note(record.decisions.bids.rule)
    page.row += 1
    columns = [
        Shown("group", "Channel"),
        Shown("customers", "Customers", "count"),
        Shown("new_customer_value_mean", "A new customer is worth", "cents"),
        Shown("new_customer_value_q05", LOW, "cents"),
        Shown("new_customer_value_q95", HIGH, "cents"),
        Shown("ceiling", "Bid ceiling", "cents"),
        Shown("cac", "Costs today (CAC)", "cents"),
        Shown("headroom", "Room", "cents"),
        Shown("payback_q50", "Payback, months (median)", "number"),
        Shown("p_npv_positive", "Chance that it pays", "share"),
        Shown("verdict", "Verdict", "long"),
    ]
    table = tables["bid_ceilings"]
    page.table(table, [column for column in columns if table[column.name].notna().any()], main=True)
    page.row += 1
    page.note(*record.decisions.bids.notes)


def win_back(page: Page, record: RunRecord, tables: Tables) -> None:
    """Whom to ask back."""
    found = record.decisions.win_back
    page.title("Whom to win back")
    page.note(*(() if found is None else (found.rule, *found.notes)))
    page.row += 1
    columns = [
        Shown("customer_id", "Customer"),
        Shown("rank", "Rank", "count"),
        Shown("p_alive", "Still a customer", "share"),
        Shown("value_if_alive", "Value if won back", "cents"),
        Shown("incremental_mean", "Asking adds: expected", "cents"),
        Shown("limit", "Spend at most", "cents"),
        Shown("cost", "Costs", "cents"),
        Shown("expected_profit", "Expected profit", "cents"),
        Shown("p_profit", "Chance that it pays", "share"),
    ]
    page.table(tables["win_back"], columns, main=True)


def cash_flow(page: Page, record: RunRecord, tables: Tables) -> None:
    """One row a period, the whole at the end: what is expected of each item, and the interval of the profit."""
    found = record.decisions.cash_flow
    page.title("Cash flow of the customers there are")
    page.note(found.rule, "Costs are negative. Intervals of the other items are in the table cash_flow.")
    page.row += 1
    whole = found.statement.assign(period=f"all {span(found.horizon)}")
    rows = pd.concat([tables["cash_flow"], whole], ignore_index=True)
    items = rows["item"].drop_duplicates()
    of_item = {str(item): part.set_index("period")["mean"] for item, part in rows.groupby("item")}
    profit = rows[rows["item"] == PROFIT].set_index("period")
    columns = [Shown("period", "Period")]
    columns += [Shown(item, item.capitalize(), "count" if item == PURCHASES else "money") for item in items]
    columns += [Shown("q05", f"Profit: {LOW.lower()}", "money"), Shown("q95", f"Profit: {HIGH.lower()}", "money")]
    page.table(profit[["q05", "q95"]].assign(**of_item).reset_index(), columns, main=True)


def _warnings(page: Page, record: RunRecord) -> None:
    told = [f"{gate.gate}: {gate.message}" for gate in record.gates if gate.outcome == "warned"]
    page.section("Warnings" if told else "No warnings")
    page.note(*told)


def _assumptions(record: RunRecord) -> list[str]:
    said = record.settings.economics
    margin = percent(said.margin) if isinstance(said.margin, float) else f"that of the column {said.margin}"
    lines = [
        f"Contribution margin: {margin}; discounting: {percent(said.annual_discount_rate, 1)} a year; customer "
        f"acquisition cost: {_cac(record)}."
    ]
    if said.assumed:
        lines.append(f"Assumed, and checked by nobody yet: {', '.join(said.assumed)}.")
    return [*lines, *record.valuation.notes]


def _cac(record: RunRecord) -> str:
    said = record.settings.economics
    if said.cac is None:
        return "not given"
    if isinstance(said.cac, dict):
        return ", ".join(f"{name} {money(cost, said.currency)}" for name, cost in said.cac.items())
    return money(said.cac, said.currency)
