"""The backtest: at days in the past, forecast with what was known then, and compare with what came."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal, Unpack

import ibis.expr.types as ir
import pandas as pd

from lifeworth.models import TRANSACTION_MODELS
from lifeworth.models.gamma_gamma import GammaGammaModel
from lifeworth.models.ground.calendar import Calendar
from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.intervals import check_draws
from lifeworth.models.ground.progress import track
from lifeworth.models.ground.summary import ID, CustomerSummary, Day, as_day
from lifeworth.models.ground.units import DAYS_PER_UNIT, DAYS_PER_WEEK
from lifeworth.models.purchases import TransactionModel
from lifeworth.models.scoring.baselines import BASELINES
from lifeworth.models.scoring.customers import CustomerTables
from lifeworth.models.spend import SpendModel

from ..orders.learn_calendar import learn_calendar
from ..orders.order_log import read_log
from ..orders.order_table import OrderColumns
from ..orders.orders import Orders
from ..orders.policies import OrderPolicies, PolicyWords
from ..orders.purchase_days import customer_days, with_first_day
from ..orders.summarise import summary_at
from .fits import Fits
from .known import Asked, Known, futures_of
from .one_origin import OneModel, customer_frame, density_frame, one_model, scored_customers
from .outcomes import Outcomes, outcomes
from .plan import Plan
from .scorecard import Scorecard
from .totals import discrepancy_of, error_frame, total_rows

LEARN: Final = "learn"
"""Asks for a calendar learned at each origin."""
FEWEST_FUTURES: Final = 20
"""With fewer there are no 90 % intervals to speak of."""


def backtest(
    orders: Orders,
    *,
    models: Sequence[TransactionModel | str] | TransactionModel | str | None = None,
    spend: SpendModel | None = None,
    customer_id: str = ID,
    date: str = "date",
    amount: str | None = "amount",
    until: Day | None = None,
    horizons: Sequence[str] | str | None = None,
    origins: int | Sequence[Day] | None = None,
    unit: str = "W",
    attributes: Sequence[str] = (),
    acquired_from: Day | None = None,
    calendar: Calendar | Literal["learn"] | None = None,
    customers: bool = False,
    draws: int | None = None,
    seed: int = 0,
    **policies: Unpack[PolicyWords],
) -> Scorecard:
    """Forecast at origins in the past with nothing but what was known then, and score what came of it.

    At each origin the log is summarised up to that day, every model is fitted anew (from where it was at the origin
    before), and customers known by then are forecast over each horizon that has ended by `until`.

    Parameters
    ----------
    orders
        The log; rows after `until` are not looked at.
    models : list of models, optional
        Transaction models to compare, such as ``[BetaGeoModel(), ParetoNBDModel()]``, or their names, such as
        ``["BG/NBD"]``; by default all there are (with a calendar those that can live in one).
    spend : SpendModel, optional
        By default `GammaGammaModel()`; no spend is forecast of a log without amounts.
    customer_id, date, amount, unit, attributes, acquired_from, **policies
        As in `summarise`.
    until : date, optional
        Last day that outcomes are taken from; by default the last of the log.
    horizons : list of str, optional
        By default 4, 13, 26, 39 and 52 weeks, those that have come true at two origins at least.
    origins : int or list of dates, optional
        How many, or which days; by default up to ten, evenly from a quarter of the log on.
    calendar : Calendar or "learn", optional
        Index of the purchase rate. One that was learned from all of this log has seen what came: "learn" learns it anew
        at each origin from what was known then, in some seconds each.
    customers : bool
        Whether to keep a row for every customer, origin, horizon, quantity and model.
    draws : int, optional
        Simulated futures of each customer; by default 250, and of more than 24,000 customers at an origin fewer, 100
        at least: scores are averages over all of them.
    seed : int

    Returns
    -------
    Scorecard
        Tables, verdict, and what `forecast`, `value` and `select_model` learn from it.

    Raises
    ------
    InputError
        As `summarise`; no origin or horizon fits into the log; a model twice.
    """
    chosen = _models(models, calendar)
    futures = None if draws is None else check_draws(draws, FEWEST_FUTURES)
    kept = (attributes,) if isinstance(attributes, str) else tuple(attributes)
    columns = OrderColumns(customer_id, date, amount, kept)
    log = read_log(orders, columns, OrderPolicies(**policies), until)
    start = None if acquired_from is None else as_day(acquired_from, "acquired_from")
    plan = Plan.of(log.first_day if start is None else start, log.until, horizons, origins)
    days = log.source.stored(with_first_day(customer_days(log)), "days")

    def calendar_at(day: pd.Timestamp) -> Calendar | None:
        if not isinstance(calendar, str):
            return calendar
        return learn_calendar(
            orders,
            customer_id=customer_id,
            date=date,
            amount=amount,
            until=day,
            acquired_from=acquired_from,
            **policies,
        )

    def summary_until(day: pd.Timestamp) -> CustomerSummary:
        return summary_at(log, days, day, unit, log.first_day if start is None else start, calendar_at(day))

    def known_at(origin: pd.Timestamp) -> Known:
        summary = summary_until(origin)
        came = _came(days, origin, plan, start, summary, amount is not None, log.first_day)
        asked = Asked(plan.days(origin), plan.error_weeks(origin), futures or futures_of(len(summary)), seed)
        return Known(asked, summary, came)

    fits = Fits(chosen, (spend or GammaGammaModel()) if amount is not None else None, seed)
    steps = [_Step.of(origin, known_at(origin), fits, customers) for origin in _shown(plan.origins)]
    return _scorecard(
        steps, tuple(model.name for model in chosen), log.until, _age(summary_until(log.until)), customers
    )


def model_of(model: TransactionModel | str) -> TransactionModel:
    """Take a model as it is, or find it by its name.

    Raises
    ------
    InputError
        No such model.
    """
    if isinstance(model, TransactionModel):
        return model
    kinds = {kind.name: kind for kind in TRANSACTION_MODELS}
    if isinstance(model, str) and model in kinds:
        return kinds[model]()
    names = ", ".join(f'"{name}"' for name in kinds)
    raise InputError(
        f"models: expected a model such as BetaGeoModel() (an object, not the class), or {names}; got {model!r}."
    )


def _models(
    models: Sequence[TransactionModel | str] | TransactionModel | str | None, calendar: Calendar | str | None
) -> tuple[TransactionModel, ...]:
    if isinstance(calendar, str) and calendar != LEARN:
        raise InputError(f'calendar: expected a Calendar, "{LEARN}" or None; got {calendar!r}.')
    if models is None:
        return tuple(kind() for kind in TRANSACTION_MODELS if calendar is None or kind.leaves_at_purchases)
    asked = [models] if isinstance(models, (TransactionModel, str)) else list(models)
    chosen = tuple(model_of(model) for model in asked)
    names = [model.name for model in chosen]
    if not chosen or len(set(names)) < len(names):
        raise InputError(
            f"models: expected transaction models, each kind once: [BetaGeoModel(), ParetoNBDModel()]; got {asked!r}."
        )
    return chosen


def _shown(origins: tuple[pd.Timestamp, ...]) -> Iterator[pd.Timestamp]:
    return track(origins, "Backtest", len(origins))


def _came(
    days: ir.Table,
    origin: pd.Timestamp,
    plan: Plan,
    start: pd.Timestamp | None,
    summary: CustomerSummary,
    amounts: bool,
    first_day: pd.Timestamp,
) -> Outcomes:
    """What came after an origin, checked to be of the customers of the summary."""
    ends = list(plan.days(origin).values())
    ahead = sorted({*ends, *(int(DAYS_PER_WEEK) * weeks for weeks in plan.error_weeks(origin))})
    back = [length for length in ends if origin - pd.Timedelta(days=length) >= first_day]
    came = outcomes(days, origin, ahead, back, start, amounts)
    if len(came.customer_id) != len(summary) or (came.customer_id != summary.frame[ID].to_numpy()).any():
        raise InputError(
            f"orders: the customers known by {origin:%Y-%m-%d} are not the same at both readings of the log; give it "
            "as a table that does not change."
        )
    return came


@dataclass(frozen=True, eq=False)
class _Step:
    """One origin, worked out: tables and totals; what was said of each customer is gone, unless it was asked for."""

    origin: pd.Timestamp
    asked: Asked
    count: int
    said: list[OneModel]
    tables: dict[str, CustomerTables]
    densities: list[pd.DataFrame]
    customers: pd.DataFrame | None
    age: float
    seconds: float

    @classmethod
    def of(cls, origin: pd.Timestamp, known: Known, fits: Fits, customers: bool) -> _Step:
        began = time.perf_counter()
        spend = fits.amounts(known.summary)
        said = [one_model(fits.purchases(model, known.summary), spend, known) for model in fits.models]
        tables = {label: scored_customers(known, label, said) for label in known.asked.ends}
        rows = [
            customer_frame(known, label, forecast)
            for one in said
            for label, forecasts in one.forecasts.items()
            for forecast in forecasts
        ]
        frame = pd.concat(rows, ignore_index=True) if customers else None
        densities = [density_frame(known, label, said) for label in known.asked.ends]
        return cls(
            origin, known.asked, len(known.summary), [replace(one, forecasts={}) for one in said], tables, densities,
            frame, _age(known.summary), time.perf_counter() - began,
        )  # fmt: skip


def _age(summary: CustomerSummary) -> float:
    """Mean age of customers in weeks, at least a day."""
    days = float(summary.frame["T"].mean()) * DAYS_PER_UNIT[summary.unit]
    return max(days, 1.0) / DAYS_PER_WEEK


def _scorecard(
    steps: list[_Step], models: tuple[str, ...], until: pd.Timestamp, age: float, customers: bool
) -> Scorecard:
    errors = pd.concat([error_frame(step.origin, step.said, step.age) for step in steps], ignore_index=True)
    totals = [
        row
        for step in steps
        for one in step.said
        for row in total_rows(step.origin, step.asked, one, discrepancy_of(errors, one.name, step.age, step.origin))
    ]
    seconds = [{"origin": step.origin, "customers": step.count, "seconds": step.seconds} for step in steps]
    return Scorecard(
        totals=pd.DataFrame(totals),
        **{table.name: _joined(steps, table.name) for table in fields(CustomerTables)},
        errors=errors,
        densities=_labelled([(step.origin, frame) for step in steps for frame in step.densities]),
        customers=_labelled([(step.origin, step.customers) for step in steps]) if customers else None,
        seconds=pd.DataFrame(seconds),
        models=models,
        baselines=BASELINES,
        until=until,
        age=age,
    )


def _joined(steps: list[_Step], name: str) -> pd.DataFrame:
    """One table of all origins and horizons."""
    frames = []
    for step in steps:
        for label, tables in step.tables.items():
            frame: pd.DataFrame = getattr(tables, name).copy()
            frame.insert(0, "horizon", label)
            frame.insert(0, "origin", step.origin)
            frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _labelled(frames: list[tuple[pd.Timestamp, Any]]) -> pd.DataFrame:
    """One table of frames, the origin of each in front."""
    for origin, frame in frames:
        frame.insert(0, "origin", origin)
    whole: pd.DataFrame = pd.concat([frame for _, frame in frames], ignore_index=True)
    return whole
