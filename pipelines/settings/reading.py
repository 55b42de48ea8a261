"""Where the orders are and how their rows are read: [source], [columns], [rows]."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

from pydantic import Field

from . import checks
from .checks import Problem
from .table import Column, Name, Table


class SourceSettings(Table):
    """Where the orders are: a file or glob, or a database."""

    path: Name | None = Field(
        default=None,
        description="CSV or Parquet file, or a glob of them; relative to the folder of this file",
        examples=["orders.csv", "orders/*.parquet"],
    )
    url: Name | None = Field(
        default=None,
        description="or a database: DuckDB, PostgreSQL, any URL of ibis; ${NAME} stands for the environment variable",
        examples=["postgresql://analyst:${PGPASSWORD}@db.example/shop", "duckdb://orders.duckdb"],
    )
    table: Name | None = Field(default=None, description="table of the database", examples=["orders", "shop.orders"])
    query: Name | None = Field(
        default=None, description="or a query of it", examples=["SELECT customer_id, date, amount FROM orders"]
    )

    def problems(self) -> Iterator[Problem]:
        """One place, and of a database one table or query."""
        if self.path is None and self.url is None:
            yield Problem("path", 'missing; expected where the orders are: path = "orders.csv", or url with table.')
        elif self.path is not None:
            yield from checks.alone("path", [key for key in ("url", "table", "query") if getattr(self, key)])
        elif (self.table is None) == (self.query is None):
            given = "neither" if self.table is None else "both"
            yield Problem("url", f"expected table or query beside it, one of the two; got {given}.")
        if self.url is not None:
            yield from checks.url_problems("url", self.url)


class ColumnSettings(Table):
    """Which column is which."""

    customer_id: Column = Field(default="customer_id", description="who bought")
    date: Column = Field(default="date", description="when; dates as text must be written 2026-11-30")
    amount: Column = Field(
        default="amount",
        description='for how much, negative for refunds; or the product of two: "Quantity * UnitPrice"',
    )
    attributes: tuple[Name, ...] = Field(
        default=(),
        title="a list of names of columns",
        description='kept with the customer as on the first purchase, such as ["channel"]; results come by them too',
    )

    def problems(self) -> Iterator[Problem]:
        """Each column once, and no attribute by a name that summaries use."""
        yield from checks.column_problems(self.customer_id, self.date, self.amount, self.attributes)


class RowSettings(Table):
    """What is done with rows that are no plain purchases."""

    refunds: Literal["net", "drop", "error"] = Field(
        default="net", description="negative amounts; net: taken off the purchases of the same customer"
    )
    zero: Literal["keep", "drop", "error"] = Field(
        default="keep", description="amounts of zero; kept they are purchases, as in the published analyses"
    )
    missing_amount: Literal["drop", "error"] = Field(
        default="drop", description="amounts that are missing or no number"
    )
    missing_date: Literal["drop", "error"] = Field(default="drop", description="dates that are missing or no date")
    missing_id: Literal["drop", "error"] = Field(default="drop", description="customers that are missing")
    duplicates: Literal["keep", "drop", "error"] = Field(
        default="keep",
        description="rows equal to another in every column; kept, for two equal lines may be two purchases",
    )
    acquired_from: date | None = Field(
        default=None,
        description="leaves out customers first seen before this day, for a log that begins in mid-relationship",
        examples=[date(2024, 1, 1)],
    )
