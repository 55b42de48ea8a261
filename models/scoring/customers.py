"""Scores of forecasts of customers: models and plain rules side by side, at one origin and one horizon."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from ..ground.errors import InputError
from ..ground.intervals import BANDS, LEVELS
from ..ground.rows import FloatArray, IntArray
from ..ground.summary import CustomerSummary
from ..ground.uniformity import BoolArray
from ..ground.units import DAYS_PER_UNIT
from .baselines import PlainForecast
from .outcomes import coverages
from .ranking import BEST, FIFTIETHS, Ranked, auc, brier, gain, means_by, normalised_gini, reliability, tenths

PURCHASES: Final = "purchases"
QUANTITIES: Final = (PURCHASES, "spend")
PERFECT: Final = "perfect foresight"
"""What a gain curve of the outcomes themselves is called."""
PIT_BINS: Final = 20
MOST_FREQUENT: Final = 7
"""Customers with this many repeat purchases or more are one group: few have so many."""
RECENCY_EDGES: Final[FloatArray] = np.array([0.0, 7.0, 14.0, 28.0, 56.0, 91.0, 182.0, 364.0, 728.0, np.inf])
"""Days since the last purchase: a week, a fortnight, then about double each time, the same at every origin."""
DAY_DECIMALS: Final = 6
"""27.9999999 days, from weeks and back, are 28."""


@dataclass(frozen=True, eq=False)
class CustomerForecast:
    """What a model says of one quantity, and the scores of its draws (`outcomes.score_draws`).

    Attributes
    ----------
    model : str
    quantity : str
        "purchases" or "spend".
    mean : array (customers,)
        The forecast itself; exact or of draws.
    quantiles : array (levels, customers)
    crps, pit : array (customers,)
    p_active : array (customers,) or None
        Probability of at least one purchase; read for purchases.
    log_score : array (customers,) or None
        Log probability of the actual count, for purchases.
    levels : tuple of float
        Of the quantiles.
    """

    model: str
    quantity: str
    mean: FloatArray
    quantiles: FloatArray
    crps: FloatArray
    pit: FloatArray
    p_active: FloatArray | None = None
    log_score: FloatArray | None = None
    levels: tuple[float, ...] = LEVELS

    def __post_init__(self) -> None:
        """Check that every array has one number a customer."""
        _check_size(f"quantiles of {self.model}", self.quantiles, (len(self.levels), len(self.mean)))
        for name in ("mean", "crps", "pit", "p_active", "log_score"):
            values = getattr(self, name)
            if values is not None:
                _check_size(f"{name} of {self.model}", values, (len(self.mean),))


@dataclass(frozen=True, eq=False)
class CustomerTables:
    """The tables of `Scorecard` that are about customers, of one origin and horizon, whose columns the caller adds.

    Attributes
    ----------
    scores : DataFrame
        One row a quantity and model or rule: quantity, model, customers, actual and predicted (means per customer),
        bias (predicted / actual - 1), mae and rmse (of the mean), crps (of a point forecast its mae), log_score (mean
        log probability of the actual count: higher is better), coverage_50, coverage_80, coverage_90 (of closed
        intervals), auc, brier (of at least one purchase, in the row of purchases), gini (normalised), capture_05,
        capture_10, capture_20. NaN where a model or rule does not say, or nothing can be said (nobody bought).
    pit : DataFrame
        quantity, model, bin (0 to 19), customers, share.
    deciles : DataFrame
        quantity, model, decile (1: predicted best), customers, predicted, actual.
    active : DataFrame
        model, decile (1: least likely active), customers, predicted, actual.
    by_frequency : DataFrame
        quantity, model, frequency (0 to 7, the last: and more), customers, predicted, actual.
    by_recency : DataFrame
        quantity, model, recency_from, recency_to (days since the last purchase, from included, to not; the last is
        infinite), customers, predicted, actual.
    gain : DataFrame
        quantity, model (or rule, or "perfect foresight"), share (0 to 1 in fiftieths), captured.
    """

    scores: pd.DataFrame
    pit: pd.DataFrame
    deciles: pd.DataFrame
    active: pd.DataFrame
    by_frequency: pd.DataFrame
    by_recency: pd.DataFrame
    gain: pd.DataFrame


def score_customers(
    forecasts: Sequence[CustomerForecast],
    rules: Mapping[str, PlainForecast],
    actual: Mapping[str, FloatArray],
    summary: CustomerSummary,
) -> CustomerTables:
    """Score forecasts of customers against what came, beside the plain rules.

    Parameters
    ----------
    forecasts : sequence of CustomerForecast
        One a model and quantity.
    rules : mapping of str to PlainForecast
        By name, as `baselines.plain_forecasts` gives them; they are scored for each quantity of `actual`.
    actual : mapping of str to array (customers,)
        By quantity, in the order of the summary: "purchases", and "spend" where the log has amounts.
    summary : CustomerSummary
        Customers at the origin.

    Raises
    ------
    InputError
        An array that does not have one number a customer, a quantity without outcomes, or one that is unknown; no
        forecast.
    """
    came = _check(forecasts, actual, len(summary))
    active = came[PURCHASES] > 0.0
    perfect = {quantity: Ranked.of(values, values) for quantity, values in came.items()}
    said = [_Said.by_model(one, came[one.quantity]) for one in forecasts]
    said += [_Said.by_rule(name, rule, quantity, came[quantity]) for quantity in came for name, rule in rules.items()]
    likely = [(one.model, one.p_active) for one in forecasts if one.quantity == PURCHASES and one.p_active is not None]
    frequency = summary.frame["frequency"].clip(upper=MOST_FREQUENT).to_numpy(np.int64)
    recency = _recency(summary)

    def of_models(table: Callable[[CustomerForecast, FloatArray], pd.DataFrame]) -> pd.DataFrame:
        parts = [_named(table(one, came[one.quantity]), one.model, one.quantity) for one in forecasts]
        return pd.concat(parts, ignore_index=True)

    return CustomerTables(
        scores=pd.DataFrame([_scores(one, active, perfect[one.quantity]) for one in said]),
        pit=of_models(lambda one, _: _pit(one.pit)),
        deciles=of_models(lambda one, actual: tenths(Ranked.of(one.mean, actual))),
        active=_active(likely, active),
        by_frequency=of_models(lambda one, actual: _by_frequency(frequency, one.mean, actual)),
        by_recency=of_models(lambda one, actual: _by_recency(recency, one.mean, actual)),
        gain=_gain(said, perfect),
    )


@dataclass(frozen=True, eq=False)
class _Said:
    """What a model or rule says of one quantity, and what came of it; what it does not say is None.

    `likelier`, array (customers,), orders customers by how likely they are to be active.
    """

    quantity: str
    model: str
    actual: FloatArray
    mean: FloatArray | None
    ranked: Ranked | None
    likelier: FloatArray | None
    p_active: FloatArray | None
    draws: CustomerForecast | None = None

    @classmethod
    def by_model(cls, one: CustomerForecast, came: FloatArray) -> _Said:
        ranked = Ranked.of(one.mean, came)
        return cls(one.quantity, one.model, came, one.mean, ranked, one.p_active, one.p_active, one)

    @classmethod
    def by_rule(cls, name: str, rule: PlainForecast, quantity: str, came: FloatArray) -> _Said:
        order = rule.order_by(quantity)
        ranked = None if order is None else Ranked.of(order, came)
        return cls(quantity, name, came, rule.of(quantity), ranked, order, rule.p_active)


def _scores(said: _Said, active: BoolArray, perfect: Ranked) -> dict[str, Any]:
    of_purchases = said.quantity == PURCHASES
    likelier, p_active = (said.likelier, said.p_active) if of_purchases else (None, None)
    return {
        "quantity": said.quantity,
        "model": said.model,
        "customers": len(said.actual),
        **_errors(said),
        **_of_draws(said),
        "auc": np.nan if likelier is None else auc(likelier, active),
        "brier": np.nan if p_active is None else brier(p_active, active),
        "gini": np.nan if said.ranked is None else normalised_gini(said.ranked, perfect),
        **_shares("capture", BEST, None if said.ranked is None else gain(said.ranked, BEST)),
    }


def _errors(said: _Said) -> dict[str, float]:
    actual = float(said.actual.mean())
    if said.mean is None:
        return {"actual": actual} | dict.fromkeys(("predicted", "bias", "mae", "rmse", "crps"), np.nan)
    predicted, error = float(said.mean.mean()), said.mean - said.actual
    mae = float(np.abs(error).mean())
    return {
        "actual": actual,
        "predicted": predicted,
        "bias": predicted / actual - 1.0 if actual > 0.0 else np.nan,
        "mae": mae,
        "rmse": float(np.sqrt((error**2).mean())),
        "crps": mae if said.draws is None else float(said.draws.crps.mean()),
    }


def _of_draws(said: _Said) -> dict[str, float]:
    one = said.draws
    if one is None:
        return {"log_score": np.nan} | _shares("coverage", BANDS, None)
    log_score = np.nan if one.log_score is None else float(one.log_score.mean())
    return {"log_score": log_score} | _shares("coverage", BANDS, coverages(one.quantiles, one.levels, said.actual))


def _shares(name: str, levels: tuple[float, ...], values: FloatArray | None) -> dict[str, float]:
    told = [np.nan] * len(levels) if values is None else values.tolist()
    return {f"{name}_{100.0 * level:02.0f}": value for level, value in zip(levels, told, strict=True)}


def _pit(pit: FloatArray) -> pd.DataFrame:
    bins = np.minimum((pit * PIT_BINS).astype(np.int64), PIT_BINS - 1)
    size = np.bincount(bins, minlength=PIT_BINS)
    return pd.DataFrame({"bin": np.arange(PIT_BINS), "customers": size, "share": size / len(pit)})


def _active(likely: Sequence[tuple[str, FloatArray]], active: BoolArray) -> pd.DataFrame:
    parts = [_named(reliability(p_active, active), model) for model, p_active in likely]
    if parts:
        return pd.concat(parts, ignore_index=True)
    return pd.DataFrame(columns=["model", "decile", "customers", "predicted", "actual"])


def _recency(summary: CustomerSummary) -> IntArray:
    """Each customer's place among the `RECENCY_EDGES`, in days of the calendar."""
    days = (summary.frame["T"] - summary.frame["recency"]).to_numpy(np.float64) * DAYS_PER_UNIT[summary.unit]
    if summary.calendar is not None and summary.until is not None:
        days = -summary.calendar.days_ahead(summary.until, -days)
    return np.searchsorted(RECENCY_EDGES, np.round(days, DAY_DECIMALS), side="right") - 1


def _by_frequency(frequency: IntArray, predicted: FloatArray, actual: FloatArray) -> pd.DataFrame:
    return means_by(frequency, predicted, actual).rename(columns={"group": "frequency"})


def _by_recency(recency: IntArray, predicted: FloatArray, actual: FloatArray) -> pd.DataFrame:
    frame = means_by(recency, predicted, actual)
    place = frame.pop("group").to_numpy()
    frame.insert(0, "recency_from", RECENCY_EDGES[place])
    frame.insert(1, "recency_to", RECENCY_EDGES[place + 1])
    return frame


def _gain(said: Sequence[_Said], perfect: Mapping[str, Ranked]) -> pd.DataFrame:
    curves = [(one.ranked, one.model, one.quantity) for one in said if one.ranked is not None]
    curves += [(ranked, PERFECT, quantity) for quantity, ranked in perfect.items()]
    parts = [_named(pd.DataFrame({"share": FIFTIETHS, "captured": gain(one)}), *names) for one, *names in curves]
    return pd.concat(parts, ignore_index=True)


def _named(frame: pd.DataFrame, model: str, quantity: str | None = None) -> pd.DataFrame:
    """With the names in front."""
    frame.insert(0, "model", model)
    if quantity is not None:
        frame.insert(0, "quantity", quantity)
    return frame


def _check(
    forecasts: Sequence[CustomerForecast], actual: Mapping[str, FloatArray], customers: int
) -> dict[str, FloatArray]:
    unknown = [quantity for quantity in actual if quantity not in QUANTITIES]
    if unknown or PURCHASES not in actual:
        raise InputError(f'actual: expected "purchases", and "spend" if known; got {", ".join(actual) or "nothing"}.')
    if not forecasts:
        raise InputError("forecasts: expected one or more.")
    for one in forecasts:
        if one.quantity not in actual:
            raise InputError(f"forecasts: {one.model} is about {one.quantity!r}, of which `actual` knows nothing.")
        _check_size(f"forecasts: mean {one.quantity} of {one.model}", one.mean, (customers,))
    came = {quantity: np.asarray(values, dtype=np.float64) for quantity, values in actual.items()}
    for quantity, values in came.items():
        _check_size(f"actual: {quantity}", values, (customers,))
    return came


def _check_size(what: str, values: FloatArray, shape: tuple[int, ...]) -> None:
    if values.shape != shape:
        raise InputError(f"{what}: expected shape {shape}, one number a customer; got {values.shape}.")
