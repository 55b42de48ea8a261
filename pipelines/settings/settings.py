"""The settings of a scheduled run, as `lifeworth.toml` holds them: one class a table of the file.

Every default has its reason in its description, which `lifeworth init` writes into the file it begins and
docs/settings.md shows. What one key alone can get wrong stands in its type, the rest in `problems`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field

from lifeworth.models.valuation.economics import Economics

from ..orders.policies import PolicyWords
from . import checks
from .checks import Problem
from .gates import Bar as Bar
from .gates import GateSettings as GateSettings
from .gates import ShareBar as ShareBar
from .money import DecisionSettings as DecisionSettings
from .money import EconomicsSettings as EconomicsSettings
from .money import TierSettings as TierSettings
from .reading import ColumnSettings as ColumnSettings
from .reading import RowSettings as RowSettings
from .reading import SourceSettings as SourceSettings
from .table import Action as Action
from .table import Horizon, Name, Table


class RunSettings(Table):
    """When and how the run is made."""

    as_of: Literal["today", "last order"] | date = Field(
        default="today", description="the last day observed, on which the run speaks; --as-of overrules it"
    )
    seed: int = Field(default=0, ge=0, description="the same seed gives the same numbers")
    draws: int | None = Field(
        default=None, ge=100, examples=[1000],
        description="simulated futures of every customer; more are smoother and slower. By default 1000, and of more "
        "than 50,000 customers fewer, 250 at least",
    )  # fmt: skip
    out: Name = Field(
        default="out",
        description="folder of what is published; relative to the folder of this file; --out overrules it",
    )
    title: Name = Field(default="Customer lifetime value", description="title of the report")


class ModelSettings(Table):
    """Which models compete."""

    candidates: tuple[Literal["BG/NBD", "MBG/NBD", "Pareto/NBD"], ...] = Field(
        default=("BG/NBD", "MBG/NBD", "Pareto/NBD"), min_length=1,
        description="models of purchases; of several, the one whose forecasts came nearest to what came is taken",
    )  # fmt: skip
    unit: Literal["D", "W", "M"] = Field(
        default="W", description="unit of time of the parameters: days, weeks or months"
    )

    def problems(self) -> Iterator[Problem]:
        """Each candidate once."""
        yield from checks.twice("candidates", self.candidates)


class BacktestSettings(Table):
    """How the past is asked."""

    origins: int = Field(default=10, ge=1, description="days in the past from which forecasts are made and compared")
    horizons: tuple[Horizon, ...] | None = Field(
        default=None,
        min_length=1,
        description="how far ahead those forecasts look; not set: what the length of the log allows",
        examples=[["4W", "13W"]],
    )

    def problems(self) -> Iterator[Problem]:
        """Horizons that can be read."""
        yield from checks.horizon_problems(self.horizons or ())


class ForecastSettings(Table):
    """How far ahead."""

    horizons: tuple[Horizon, ...] = Field(
        default=("12M", "24M", "36M"),
        min_length=1,
        description="horizons of value; report and lists speak of the first",
    )

    def problems(self) -> Iterator[Problem]:
        """Horizons that can be read."""
        yield from checks.horizon_problems(self.horizons)


class DatabaseSettings(Table):
    """A database that gets the tables too."""

    url: Name = Field(
        description="DuckDB or PostgreSQL, as in [source]",
        examples=["postgresql://analyst:${PGPASSWORD}@db.example/shop"],
    )
    table_prefix: str = Field(
        default="lifeworth_",
        pattern=r"^[a-z][a-z0-9_]*$",
        description="names of the tables begin with it; small letters, digits and _",
    )

    def problems(self) -> Iterator[Problem]:
        """A database that can be written, and no secret in plain sight."""
        yield from checks.url_problems("url", self.url, ("duckdb", "postgresql", "postgres"))


class PublishSettings(Table):
    """What is published and how long it is kept."""

    keep: int = Field(default=30, ge=1, description="published runs that are kept, the newest")
    csv: bool = Field(default=True, description="whether tables come as CSV beside Parquet")
    excel: bool = Field(default=True, description="whether a workbook is written for people")
    database: DatabaseSettings | None = Field(default=None, description="a database that gets the tables too")
    mlflow: Name | None = Field(
        default=None,
        description="tracking URI of MLflow, where the run is logged too; ${NAME} as in [source]",
        examples=["https://mlflow.example"],
    )

    def problems(self) -> Iterator[Problem]:
        """No secret in plain sight."""
        if self.mlflow is not None:
            yield from checks.secret_problems("mlflow", self.mlflow)


class ReportSettings(Table):
    """How the report speaks."""

    language: Literal["en", "ru", "id", "sw", "te", "fa"] = Field(default="en", description="language of the report")
    locale: Name | None = Field(
        default=None, description="how numbers and dates are written; not set: as the language does", examples=["en_GB"]
    )
    show_ids: bool = Field(default=True, description="whether ids of customers stand in the report")

    def problems(self) -> Iterator[Problem]:
        """A locale that there is."""
        if self.locale is not None:
            yield from checks.locale_problems("locale", self.locale)


class Settings(Table):
    """All of `lifeworth.toml`."""

    source: SourceSettings
    columns: ColumnSettings = ColumnSettings()
    rows: RowSettings = RowSettings()
    run: RunSettings = RunSettings()
    models: ModelSettings = ModelSettings()
    backtest: BacktestSettings = BacktestSettings()
    forecast: ForecastSettings = ForecastSettings()
    economics: EconomicsSettings
    tiers: TierSettings = TierSettings()
    decisions: DecisionSettings = DecisionSettings()
    gates: GateSettings = GateSettings()
    publish: PublishSettings = PublishSettings()
    report: ReportSettings = ReportSettings()
    folder: Path = Field(default=Path("."), exclude=True, description="of the file: what its paths are relative to")

    def problems(self) -> Iterator[Problem]:
        """Names of attributes in other tables are attributes."""
        yield from attribute_problems(self.columns, self.economics)


class RowWords(PolicyWords, total=False):
    """Arguments of `summarise` that [rows] gives."""

    acquired_from: date | None


def attribute_problems(columns: ColumnSettings, economics: EconomicsSettings) -> Iterator[Problem]:
    """What [economics] names that is no attribute of [columns]."""
    for key, name in (("margin", economics.margin), ("cac_by", economics.cac_by)):
        if isinstance(name, str):
            yield from checks.attribute_problems(f"economics.{key}", name, columns.attributes)


def economics(settings: Settings) -> Economics:
    """The economics of the valuation that a run makes.

    Raises
    ------
    InputError
        Never for settings that were checked; see `Economics`.
    """
    stated = settings.economics
    return Economics(
        margin=stated.margin,
        annual_discount_rate=stated.annual_discount_rate,
        cac=stated.cac,
        cac_by=stated.cac_by,
        cost_per_order=stated.cost_per_order,
        currency=stated.currency,
        cost_share=stated.cost_share,
        cost_per_year_alive=stated.cost_per_year_alive,
        fixed_cost_per_year=stated.fixed_cost_per_year,
    )


def policies_of(settings: Settings) -> PolicyWords:
    """What is done with rows that are no plain purchases, as keyword arguments of `OrderPolicies`."""
    rows = settings.rows
    return PolicyWords(
        refunds=rows.refunds,
        zero=rows.zero,
        missing_amount=rows.missing_amount,
        missing_date=rows.missing_date,
        missing_id=rows.missing_id,
        duplicates=rows.duplicates,
    )


def policies(settings: Settings) -> RowWords:
    """What [rows] says, as keyword arguments of `summarise`."""
    return RowWords(**policies_of(settings), acquired_from=settings.rows.acquired_from)
