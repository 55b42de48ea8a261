"""The published tables with a row a customer."""

from __future__ import annotations

from typing import Final

from .column import ATTRIBUTE, DAYS, HORIZON, MONEY, SHARE, Column, Table, interval

_HISTORY: Final = (
    Column("first_purchase", "date", "", "day of the first purchase"),
    Column("last_purchase", "date", "", "day of the last purchase up to as_of"),
    Column("days_since_last_purchase", "number", DAYS, "from the last purchase to as_of"),
    Column("frequency", "integer", "purchases", "repeat purchases: purchases but the first; a day counts once"),
    Column(
        "monetary_value", "number", MONEY, "mean amount of a repeat purchase; 0 where there is none or it is unknown"
    ),
    Column(
        "monetary_value_all", "number", MONEY, "mean amount of a purchase, the first included; 0 where it is unknown"
    ),
    Column("historic_value", "number", MONEY, "contribution of past purchases, undiscounted; never added to value"),
)
_STANDING: Final = (
    Column("segment", "text", "", "name by recency and frequency, such as champions"),
    Column("value_tier", "text", "", "whether among the few who hold most of the value: high, middle, low"),
    Column("tier", "text", "", "loyalty tier by the settings; none for the rest"),
    Column(
        "previous_tier", "text", "", "loyalty tier in the run published before; missing where not known", empty=True
    ),
    Column("tier_changed", "boolean", "", "whether it was known before and is another now"),
    Column(
        "recommended_limit",
        "number",
        MONEY,
        "the most to spend on this customer within the first horizon: what they are expected to bring, lowered so "
        "that, spent on all customers, it comes back but for the risk limit_quantile of the settings; never below 0",
    ),
    Column("p_alive", "number", SHARE, "probability of still being a customer at as_of: a state of the model"),
)
_QUANTITIES: Final = (
    ("purchases", "purchases", "purchases within the horizon"),
    ("spend", MONEY, "amount spent within the horizon, undiscounted"),
    ("value", MONEY, "residual value within the horizon: discounted contribution to come, before any CAC"),
)
_ACTIVE: Final = "probability of at least one purchase within the horizon"

CUSTOMERS: Final = Table(
    "customers",
    "One row a customer, in the order of the summary. Intervals are predictive: of what the customer will do.",
    ("customer_id",),
    (
        Column("customer_id", "id", "", "as in the orders"),
        Column(
            ATTRIBUTE,
            "attribute",
            "",
            "each attribute of the settings, by its own name; with attribute_ before it where a column has that name",
            empty=True,
        ),
        *_HISTORY,
        *_STANDING,
        Column(f"p_active_{HORIZON}", "number", SHARE, _ACTIVE),
        *(column for name, unit, meaning in _QUANTITIES for column in interval(f"{name}_{HORIZON}", unit, meaning)),
    ),
)

DATABASE_CUSTOMERS: Final = Table(
    "customers",
    "One row a run and customer: what does not hang on the horizon.",
    ("customer_id",),
    (
        Column("customer_id", "id", "", "as in the orders, as text"),
        *_HISTORY,
        *_STANDING,
        Column("attributes", "json", "", "attributes of the settings, by name"),
    ),
)
CUSTOMER_HORIZONS: Final = Table(
    "customer_horizons",
    "One row a run, customer and horizon. Intervals are predictive: of what the customer will do.",
    ("customer_id", "horizon"),
    (
        Column("customer_id", "id", "", "as in the orders, as text"),
        Column("horizon", "text", "", "how far ahead, such as 12M"),
        Column("p_active", "number", SHARE, _ACTIVE),
        *(column for name, unit, meaning in _QUANTITIES for column in interval(name, unit, meaning)),
    ),
)

WIN_BACK: Final = Table(
    "win_back",
    "One row a customer whom to ask back, the most profitable first; no rows where the settings do not ask for it. "
    "Intervals are credible ones of the expected gain.",
    ("customer_id",),
    (
        Column("rank", "integer", "", "1 is asked first"),
        Column("customer_id", "id", "", "as in the orders"),
        Column("p_alive", "number", SHARE, "probability of still being a customer at as_of"),
        Column("value_mean", "number", MONEY, "expected residual value within the first horizon"),
        Column("value_if_alive", "number", MONEY, "the same if they are known to be a customer still"),
        Column("gain_bound", "number", MONEY, "the most that winning back can gain"),
        *interval("incremental", MONEY, "what asking adds to the contribution", "mean", "q05", "q95"),
        Column("limit", "number", MONEY, "the most worth spending on asking"),
        Column("cost", "number", MONEY, "of asking"),
        Column("expected_profit", "number", MONEY, "incremental_mean minus cost"),
        Column("p_profit", "number", SHARE, "probability that asking pays"),
    ),
)
