"""The scorecard: what came of forecasts made at days in the past."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

QUANTITIES = ("purchases", "spend")
"""What is forecast and scored."""


@dataclass(frozen=True, eq=False, repr=False)
class Scorecard:
    """Forecasts of models and of plain rules at origins in the past, and what came.

    Every table is tidy and begins with `origin` (Timestamp, the cut-off), `horizon` (label, such as "13W"), where it
    fits `quantity` ("purchases", "spend"), and `model` (such as "BG/NBD", or the name of a baseline).

    Attributes
    ----------
    totals : DataFrame
        One row an origin, horizon, quantity, model and `interval` ("textbook": parameters and chance; "honest": with
        the model's past error, learned from what had come by that origin; "seasonal naive": the rule itself):
        actual, mean, q05, q10, q25, q50, q75, q90, q95.
    scores : DataFrame
        One row an origin, horizon, quantity and model or baseline, see `models.scoring.customers`: customers, actual
        and predicted (means per customer), bias (predicted / actual - 1), mae, rmse, crps, log_score, coverage_50,
        coverage_80, coverage_90, auc, brier, gini, capture_05, capture_10, capture_20; NaN where a rule does not say.
    pit : DataFrame
        bin (0 to 19, the probability integral transform in twentieths), customers, share.
    deciles : DataFrame
        decile (1: the tenth of customers predicted best), customers, predicted, actual (means per customer).
    active : DataFrame
        Of "active" (at least one purchase; no `quantity`): decile (1: least likely), customers, predicted, actual.
    by_frequency, by_recency : DataFrame
        frequency (0 to 7, the last: and more), or recency_from and recency_to (days since the last purchase);
        customers, predicted, actual (means per customer).
    gain : DataFrame
        share (of customers, those predicted best first, 0 to 1 in fiftieths), captured (share of what came); also
        for baselines, and for the model "perfect foresight".
    customers : DataFrame or None
        If asked for: one row a customer, origin, horizon, quantity and model: customer_id, actual, mean, q05, q10,
        q25, q50, q75, q90, q95, crps, log_score, pit, p_active.
    models, baselines : tuple of str
        Names, in order.
    """

    totals: pd.DataFrame
    scores: pd.DataFrame
    pit: pd.DataFrame
    deciles: pd.DataFrame
    active: pd.DataFrame
    by_frequency: pd.DataFrame
    by_recency: pd.DataFrame
    gain: pd.DataFrame
    customers: pd.DataFrame | None
    models: tuple[str, ...]
    baselines: tuple[str, ...]
