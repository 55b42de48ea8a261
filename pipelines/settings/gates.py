"""What a run must pass before it is published: [gates]."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from . import checks
from .checks import Problem
from .table import Action, Share, Table


class Bar(Table):
    """A gate with one bar: beyond `warn` a warning, beyond `hold` the run is held."""

    warn: float | None = Field(default=None, description="beyond it the run is published with a warning")
    hold: float | None = Field(default=None, description="beyond it the run is not published")


class ShareBar(Bar):
    """A bar of a share."""

    warn: Share | None = Field(default=None, description="beyond it the run is published with a warning")
    hold: Share | None = Field(default=None, description="beyond it the run is not published")


class GateSettings(Table):
    """What a run must pass before it is published. See docs/gates.md for the reasons.

    Beyond `warn` it is published with a warning, beyond `hold` it is held and the last one stays; what is not given is
    not asked.
    """

    schema_change: Action = Field(default="hold", description="columns that are read have gone or changed their type")
    max_rejected: ShareBar = Field(
        default=ShareBar(warn=0.30, hold=0.50), description="share of the rows without a customer, a date or an amount"
    )
    max_rejected_rise: ShareBar = Field(
        default=ShareBar(warn=0.02, hold=0.10), description="rise of that share since the last run"
    )
    max_one_customer: ShareBar = Field(
        default=ShareBar(warn=0.05, hold=0.25),
        description="share of the orders or amounts of one customer: a shared account",
    )
    max_few_customers: ShareBar = Field(
        default=ShareBar(warn=0.40, hold=0.60), description="the same of the ten largest customers together"
    )
    max_duplicates: ShareBar = Field(
        default=ShareBar(warn=0.10, hold=0.45),
        description="share of the rows that equal an earlier one: half is a double load",
    )
    max_refunds: ShareBar = Field(
        default=ShareBar(warn=0.25, hold=0.50), description="share of the rows with a negative amount"
    )
    max_zero: ShareBar = Field(
        default=ShareBar(warn=0.25, hold=0.90), description="share of the rows with an amount of zero"
    )
    max_row_loss: ShareBar = Field(
        default=ShareBar(warn=0.02, hold=0.10),
        description="share of the rows of the last run that are gone: logs only grow",
    )
    going_back: Action = Field(
        default="hold", description="the run speaks of a day before that of the run published last"
    )
    max_amount_ratio: Bar = Field(
        default=Bar(warn=1.5, hold=5.0),
        description="amounts beside the last run's, new ones beside older ones, either way: cents for euros are 100",
    )
    max_rewritten: ShareBar = Field(
        default=ShareBar(warn=0.02, hold=0.10), description="share of the customers whose past differs from what it was"
    )
    max_row_growth: Bar = Field(
        default=Bar(warn=0.05, hold=0.25),
        description="rows of days before the last cut-off that were not there, as a share of the last run's",
    )
    max_future: ShareBar = Field(
        default=ShareBar(warn=0.0002, hold=0.01), description="share of the orders dated after today"
    )
    max_age_days: Bar = Field(
        default=Bar(warn=3.0, hold=14.0), description="days from the last order to the day of the run"
    )
    max_gap_days: Bar = Field(default=Bar(warn=14.0, hold=45.0), description="days in a row without any order")
    min_new_rows: Bar = Field(
        default=Bar(warn=0.3, hold=0.05), description="new rows beside those of the quietest spans as long as this one"
    )
    max_new_rows: Bar = Field(
        default=Bar(warn=3.0, hold=10.0), description="new rows beside those of the busiest span as long as this one"
    )
    whole_amounts: Action = Field(default="warn", description="all amounts are whole numbers, as if they were cents")
    suited: Action = Field(
        default="hold", description="the data cannot be modelled: hardly anybody bought twice, and the like"
    )
    diagnostics: Action = Field(default="hold", description="a fit does not vouch for itself")
    max_worse_than_baseline: Bar = Field(
        default=Bar(warn=0.0, hold=0.10),
        description="error of the backtest beyond that of the best plain rule, as a share of it and beyond chance",
    )
    max_worse_than_champion: Bar = Field(
        default=Bar(warn=0.01, hold=0.10), description="the same beyond that of the model published last"
    )
    min_coverage: ShareBar = Field(
        default=ShareBar(warn=0.80, hold=0.60),
        description="least share of totals inside their 90 % intervals in the backtest",
    )
    min_customer_coverage: ShareBar = Field(
        default=ShareBar(warn=0.85, hold=0.70), description="the same of the purchases of single customers"
    )
    max_parameter_drift: Bar = Field(
        default=Bar(warn=4.0, hold=10.0),
        description="change of a parameter since the last run, in standard deviations of a tenth of it at least",
    )
    max_unexplained_change: Bar = Field(
        default=Bar(warn=0.10, hold=0.30),
        description="change of the base's value that model and parameters alone have made",
    )
    max_since_miss: Bar = Field(
        default=Bar(warn=1.5),
        description="what came since beside the last forecast: 1.0 is the edge of its 90 % interval",
    )

    def problems(self) -> Iterator[Problem]:
        """A warning comes before a hold."""
        for key in type(self).model_fields:
            bar = getattr(self, key)
            if isinstance(bar, Bar):
                yield from checks.bar_problems(key, bar.warn, bar.hold)
