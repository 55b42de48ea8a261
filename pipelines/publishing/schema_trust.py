"""The published tables that say how far to trust the others: gates, parameters, backtest, data."""

from __future__ import annotations

from typing import Final

from .column import MONEY, SHARE, Column, Table, interval, optional

_MODEL: Final = Column("model", "text", "", "such as BG/NBD; in scores also a plain rule it is compared with")
_ORIGIN: Final = Column("origin", "date", "", "day in the past from which was forecast")
_BACKTEST_HORIZON: Final = Column("horizon", "text", "", "how far ahead of it, such as 13W")
_QUANTITY: Final = Column("quantity", "text", "", "purchases or spend")

CHAMPION: Final = Table(
    "champion",
    "One row a model, beside the one published last. No rows in a first run.",
    ("model",),
    (
        _MODEL,
        Column("role", "text", "", "champion: published last; chosen; other"),
        Column("score", "number", "ratio", "CRPS of customers relative to the mean over models; less is better"),
        Column("worse", "number", "ratio", "than the best model"),
    ),
)
GATES: Final = Table(
    "gates",
    "One row a gate and what it said.",
    ("position",),
    (
        Column("position", "integer", "", "order in which they were asked"),
        Column("gate", "text", "", "its key in [gates] of the settings"),
        Column("outcome", "text", "", "passed, warned, held or not asked"),
        Column("message", "text", "", "what was expected, what came, what to do"),
        Column("measured", "number", "as the gate", "what was compared", empty=True),
        Column("bar", "number", "as the gate", "with what", empty=True),
    ),
)
PARAMETERS: Final = Table(
    "parameters",
    "One row a model used and parameter of the average customer, in the unit of time of the settings.",
    ("model", "parameter"),
    (
        _MODEL,
        Column("parameter", "text", "", "as the papers call it"),
        Column("mean", "number", "of the model", "posterior mean"),
        Column("sd", "number", "of the model", "posterior standard deviation"),
        *interval("", "of the model", "posterior", "q05", "q50", "q95"),
        Column("before", "number", "of the model", "mean in the run published before", empty=True),
        Column(
            "change", "number", "standard deviations", "since then, in posterior standard deviations then", empty=True
        ),
    ),
)
BACKTEST_COVERAGE: Final = Table(
    "backtest_coverage",
    "One row a quantity, model, kind of interval and horizon: how often totals came within their 90 % interval.",
    ("quantity", "model", "interval", "horizon"),
    (
        _QUANTITY,
        _MODEL,
        Column("interval", "text", "", "honest: with the model's past error, as published; textbook: without"),
        Column("horizon", "text", "", "how far ahead; all for all of them"),
        Column("forecasts", "integer", "forecasts", "how many were made"),
        Column("held", "number", SHARE, "of them within q05 to q95: 0.9 is asked for"),
        Column("ratio", "number", "ratio", "median of q95 over q05", empty=True),
        Column("bias", "number", "ratio", "mean of forecast over what came, minus 1", empty=True),
    ),
)
BACKTEST_TOTALS: Final = Table(
    "backtest_totals",
    "One row an origin, horizon, quantity, model and kind of interval: what was forecast of the whole base then, and "
    "what came.",
    ("origin", "horizon", "quantity", "model", "interval"),
    (
        _ORIGIN,
        _BACKTEST_HORIZON,
        _QUANTITY,
        _MODEL,
        Column("interval", "text", "", "honest: with the model's past error, as published; textbook: without"),
        Column("actual", "number", "purchases or money", "what came"),
        *interval("", "purchases or money", "what was forecast"),
    ),
)
BACKTEST_SCORES: Final = Table(
    "backtest_scores",
    "One row an origin, horizon, quantity and model or plain rule: how near forecasts of single customers came.",
    ("origin", "horizon", "quantity", "model"),
    (
        _ORIGIN,
        _BACKTEST_HORIZON,
        Column("quantity", "text", "", "purchases, spend, or active (at least one purchase)"),
        _MODEL,
        Column("customers", "integer", "customers", "known at the origin"),
        *optional(
            (
                Column("actual", "number", "purchases or money", "mean per customer"),
                Column("predicted", "number", "purchases or money", "mean per customer"),
                Column("bias", "number", "ratio", "predicted over actual, minus 1"),
                Column("mae", "number", "purchases or money", "mean absolute error"),
                Column("rmse", "number", "purchases or money", "root mean square error"),
                Column("crps", "number", "purchases or money", "continuous ranked probability score; less is better"),
                Column("log_score", "number", "nats", "mean log probability of what came; more is better"),
                Column("coverage_50", "number", SHARE, "of customers within their 50 % interval"),
                Column("coverage_80", "number", SHARE, "within their 80 % interval"),
                Column("coverage_90", "number", SHARE, "within their 90 % interval"),
                Column("auc", "number", SHARE, "probability that who bought was ranked above who did not"),
                Column("brier", "number", "ratio", "mean squared error of the probability active"),
                Column("gini", "number", "ratio", "of the ranking; 1 is perfect"),
                Column("capture_05", "number", SHARE, "of what came, by the 5 % ranked best"),
                Column("capture_10", "number", SHARE, "by the 10 % ranked best"),
                Column("capture_20", "number", SHARE, "by the 20 % ranked best"),
            )
        ),
    ),
)
DATA: Final = Table(
    "data",
    "One row a kind of row of the orders that is not a plain purchase: how many, and what was done with them.",
    ("kind",),
    (
        Column("kind", "text", "", "such as refund"),
        Column("rows", "integer", "rows", "of the orders"),
        Column("share", "number", SHARE, "of all rows"),
        Column("amount", "number", MONEY, "of these rows", empty=True),
        Column("policy", "text", "", "what the settings say"),
        Column("set_aside", "boolean", "", "whether such rows are left out"),
        Column("text", "text", "", "what was done, in words"),
    ),
)
