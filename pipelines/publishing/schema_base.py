"""The published tables of the whole base: totals, groups, decisions, and what changed."""

from __future__ import annotations

from typing import Final

from .column import DAYS, MONEY, SHARE, Column, Table, interval, optional

_CUSTOMERS: Final = Column("customers", "integer", "customers", "how many")

TOTALS: Final = Table(
    "totals",
    "One row a quantity and horizon of the whole base. Intervals are predictive, the model's past error included.",
    ("quantity", "horizon"),
    (
        Column("quantity", "text", "", "purchases, spend (undiscounted) or value (discounted contribution)"),
        Column("horizon", "text", "", "how far ahead, such as 12M"),
        Column("unit", "text", "", "what mean and quantiles count: purchases, or the currency"),
        *interval("", "as unit says", "the total of all customers"),
    ),
)
SEGMENTS: Final = Table(
    "segments",
    "One row a segment and value tier that has customers. Intervals are predictive, of the row as a whole; their ends "
    "do not add up over rows.",
    ("segment", "value_tier"),
    (
        Column("segment", "text", "", "name by recency and frequency"),
        Column("value_tier", "text", "", "high, middle, low: each holds the same share of the value"),
        _CUSTOMERS,
        Column("share", "number", SHARE, "of all customers"),
        *interval("value", MONEY, "residual value of the row within the first horizon"),
        Column("value_per_customer", "number", MONEY, "expected, per customer"),
        Column("p_alive", "number", SHARE, "mean probability of still being a customer"),
        Column("p_active", "number", SHARE, "mean probability of a purchase within the first horizon"),
        Column("days_since_last_purchase", "number", DAYS, "median"),
        Column("frequency", "number", "purchases", "mean number of repeat purchases"),
        Column("action", "text", "", "what to do, a sentence"),
    ),
)
TIERS: Final = Table(
    "tiers",
    "One row a loyalty tier, none for the rest. Intervals are predictive, of its members together.",
    ("tier",),
    (
        Column("tier", "text", "", "name in the settings"),
        Column("share", "number", SHARE, "of the customers that the settings ask for"),
        Column("bar", "number", SHARE, "probability of belonging from which a customer is in", empty=True),
        _CUSTOMERS,
        Column(
            "p_belongs", "number", SHARE, "mean probability of members of belonging to it or a better one", empty=True
        ),
        *optional(
            interval("value", MONEY, "residual value of the members within the first horizon", "mean", "q05", "q95")
        ),
        Column("value_share", "number", SHARE, "of the value of all", empty=True),
        Column("value_per_member", "number", MONEY, "expected", empty=True),
    ),
)
COHORTS: Final = Table(
    "cohorts",
    "One row a cohort: what was observed of it beside what is expected of it.",
    ("cohort",),
    (
        Column("by", "text", "", "what makes a cohort: cohort, for the period of the first purchase, or an attribute"),
        Column("cohort", "text", "", "such as 1997Q1"),
        _CUSTOMERS,
        Column("days_since_first_purchase_observed", "number", DAYS, "mean"),
        Column("repeat_rate_observed", "number", SHARE, "of customers with a repeat purchase so far"),
        Column(
            "repeat_rate_90d_estimated", "number", SHARE, "of those with one within 90 days of the first", empty=True
        ),
        Column(
            "active_observed",
            "number",
            SHARE,
            "of those whose last purchase is no older than the first horizon is long",
        ),
        Column("orders_per_customer_observed", "number", "purchases", "mean, the first included"),
        Column("aov_observed", "number", MONEY, "mean amount of a purchase", empty=True),
        Column("historic_value_per_customer", "number", MONEY, "contribution so far; never added to value", empty=True),
        Column("aov_modelled", "number", MONEY, "expected amount of a purchase to come", empty=True),
        Column("p_alive_modelled", "number", SHARE, "expected share of customers still"),
        Column("p_active_modelled", "number", SHARE, "expected share that buys within the first horizon"),
        Column("retention_modelled", "number", SHARE, "of customers now, expected share of customers in 12 months"),
        Column("retention_modelled_q05", "number", SHARE, "its 5 % quantile: doubt about the parameters alone"),
        Column("retention_modelled_q95", "number", SHARE, "its 95 % quantile"),
        *interval("value_per_customer", MONEY, "residual value per customer within the first horizon"),
    ),
)
BID_CEILINGS: Final = Table(
    "bid_ceilings",
    "One row a channel: the most to pay for one more customer. Intervals are credible ones of the mean of new "
    "customers. Columns from cac on are missing where no CAC is known.",
    ("group",),
    (
        Column("by", "text", "", "attribute that tells channels apart; missing where nothing does", empty=True),
        Column("group", "text", "", "its value"),
        Column("customers", "integer", "customers", "seen so far"),
        *interval("new_customer_value", MONEY, "first order and residual value of a new customer, before CAC"),
        Column("ceiling", "number", MONEY, "the most to bid by bid_quantile and required_return of the settings"),
        *optional(
            (
                Column("cac", "number", MONEY, "what a new customer costs today"),
                Column("cac_basis", "text", "", "what CAC was divided by"),
                Column("headroom", "number", MONEY, "ceiling minus cac"),
                *interval("acquisition_npv", MONEY, "new-customer value minus CAC", "mean", "q05", "q95"),
                Column("p_npv_positive", "number", SHARE, "probability that acquisition pays"),
                *interval("ltv_to_cac", "ratio", "new-customer value over CAC", "mean", "q05", "q95"),
                *interval(
                    "payback",
                    "months",
                    "until CAC is back; infinite where it is not within 36 months",
                    "q05",
                    "q50",
                    "q95",
                ),
                Column("p_payback_6m", "number", SHARE, "probability that CAC is back within 6 months"),
                Column("p_payback_12m", "number", SHARE, "within 12 months"),
                Column("p_payback_24m", "number", SHARE, "within 24 months"),
            )
        ),
        Column("verdict", "text", "", "a short sentence"),
    ),
)
CASH_FLOW: Final = Table(
    "cash_flow",
    "One row a calendar period and item, of the customers there are. Intervals are predictive. Costs are negative.",
    ("period", "item"),
    (
        Column("period", "text", "", "such as 1997-10"),
        Column("first_day", "date", "", "of the period"),
        Column("last_day", "date", "", "of the period"),
        Column("item", "text", "", "purchases, revenue, margin, costs, contribution or profit; discounted where said"),
        Column("unit", "text", "", "purchases, or the currency"),
        *interval("", "as unit says", "of the period"),
    ),
)
BRIDGE: Final = Table(
    "bridge",
    "One row a step from the expected value of the run published before to that of this one; the parts add up exactly. "
    "No rows in a first run. Intervals are credible.",
    ("part",),
    (
        Column("position", "integer", "", "1 is the value before, the last the value after"),
        Column("part", "text", "", "what changed"),
        Column("horizon", "text", "", "of the value"),
        Column("last_run_id", "text", "", "the run published before"),
        Column("mean", "number", MONEY, "the value, before and after; in between the change by this part"),
        *optional(interval("", MONEY, "the same", "q05", "q95")),
        Column("customers", "integer", "customers", "whom it is about"),
    ),
)
SINCE: Final = Table(
    "since",
    "What the run published before forecast for the days since, and what came. No rows in a first run.",
    ("quantity",),
    (
        Column("quantity", "text", "", "purchases or spend"),
        Column("days", "integer", DAYS, "since the run published before"),
        *interval("", "purchases or money", "what was forecast", "mean", "q05", "q95"),
        Column("actual", "number", "purchases or money", "what came"),
        Column("inside", "boolean", "", "whether it lies within q05 to q95"),
    ),
)
