"""The scorecard: what came of forecasts made at days in the past."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from lifeworth.models.ground.errors import InputError
from lifeworth.models.prediction.discrepancy import Discrepancy
from lifeworth.models.scoring.verdict import verdict

from .totals import HONEST, TEXTBOOK, discrepancy_of


@dataclass(frozen=True, eq=False, repr=False)
class Scorecard:
    """Forecasts of models and of plain rules at origins in the past, and what came.

    Every table is tidy and begins with `origin` (Timestamp, the cut-off), `horizon` (label, such as "13W"), where it
    fits `quantity` ("purchases", "spend"), and `model` (such as "BG/NBD", or the name of a baseline).

    Attributes
    ----------
    totals : DataFrame
        One row an origin, horizon, quantity, model and `interval` ("textbook": parameters and chance; "honest": with
        the model's past error, learned from what had come by that origin): actual, mean, q05, q10, q25, q50, q75, q90,
        q95.
    scores : DataFrame
        One row an origin, horizon, quantity and model or baseline: customers, actual and predicted (means per
        customer), bias (predicted / actual - 1), mae, rmse, crps, log_score, coverage_50, coverage_80, coverage_90,
        auc, brier, gini, capture_05, capture_10, capture_20; NaN where a rule does not say.
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
    errors : DataFrame
        Errors of totals over 2 to 52 weeks, as `models.prediction.discrepancy.learn` reads them: origin, model, weeks,
        age, clock, clock_chance, level, level_chance.
    densities : DataFrame
        Of a sample of customers, origin, horizon, and a column a model: log probability of their actual purchases.
    customers : DataFrame or None
        If asked for: one row a customer, origin, horizon, quantity and model: customer_id, actual, mean, q05, q10,
        q25, q50, q75, q90, q95, crps, log_score, pit, p_active.
    seconds : DataFrame
        One row an origin: customers, seconds it took.
    models, baselines : tuple of str
        Names, in order.
    until : Timestamp
        Last day of the log.
    age : float
        Mean age of the customers then, in weeks.
    """

    totals: pd.DataFrame
    scores: pd.DataFrame
    pit: pd.DataFrame
    deciles: pd.DataFrame
    active: pd.DataFrame
    by_frequency: pd.DataFrame
    by_recency: pd.DataFrame
    gain: pd.DataFrame
    errors: pd.DataFrame
    densities: pd.DataFrame
    customers: pd.DataFrame | None
    seconds: pd.DataFrame
    models: tuple[str, ...]
    baselines: tuple[str, ...]
    until: pd.Timestamp
    age: float

    def __repr__(self) -> str:
        """Return origins, models and the verdict."""
        origins = self.totals["origin"].drop_duplicates()
        span = f"{len(origins)} origins, {origins.min():%Y-%m-%d} to {origins.max():%Y-%m-%d}"
        return "\n".join([f"<Scorecard of {', '.join(self.models)}; {span}>", *self.verdict])

    @property
    def verdict(self) -> tuple[str, ...]:
        """Who wins what, in sentences."""
        return (*verdict(self.scores, self.baselines), *self._of_totals())

    def coverage_of_totals(self) -> pd.DataFrame:
        """How often totals came within their 90 % interval, and how wide it was.

        Returns
        -------
        DataFrame
            One row a quantity, model, interval and horizon ("all" as well): forecasts, held (share within q05 to q95),
            ratio (median of q95 / q05), bias (mean of mean / actual, minus 1).
        """
        rows = self.totals.assign(
            held=self.totals["actual"].between(self.totals["q05"], self.totals["q95"]),
            ratio=self.totals["q95"] / self.totals["q05"],
            bias=self.totals["mean"] / self.totals["actual"] - 1.0,
        )
        both = pd.concat([rows, rows.assign(horizon="all")])
        keys = ["quantity", "model", "interval", "horizon"]
        found = both.groupby(keys, sort=False).agg(
            forecasts=("held", "size"), held=("held", "mean"), ratio=("ratio", "median"), bias=("bias", "mean")
        )
        return found.reset_index()

    def discrepancy_of(self, model: str) -> Discrepancy:
        """Past error of a model in totals, for `forecast` and `value`.

        Raises
        ------
        InputError
            The model was not tested.
        """
        if model not in self.models:
            raise InputError(
                f"calibration: the scorecard knows {', '.join(self.models)}, not {model}; "
                "add it to models=[…] of the backtest."
            )
        return discrepancy_of(self.errors, model, self.age, self.until)

    def _of_totals(self) -> list[str]:
        found = self.coverage_of_totals()
        found = found[(found["horizon"] == "all") & (found["quantity"] == "purchases")]
        sentences = []
        for model, rows in found.groupby("model", sort=False):
            held, count = rows.set_index("interval")["held"], int(rows["forecasts"].iloc[0])
            sentences.append(
                f"Totals: the 90 % interval of {model} held {held[HONEST]:.0%} of {count} totals of purchases with the "
                f"model's past error in it, {held[TEXTBOOK]:.0%} without."
            )
        return sentences
