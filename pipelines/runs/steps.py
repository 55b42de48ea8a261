"""The steps of a run: a plain list of functions of one signature, each from what is known to what is known then.

`read` comes before all of them: what was read says which run this is (see `run`). `publish` comes after them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from lifeworth.models import TRANSACTION_MODELS
from lifeworth.models.checks.data_checks import check_data
from lifeworth.models.decisions.acquiring.bid_ceilings import bid_ceilings
from lifeworth.models.decisions.acquiring.payback import payback
from lifeworth.models.decisions.customers.cohorts import cohorts
from lifeworth.models.decisions.customers.segments import segments
from lifeworth.models.decisions.planning.cash_flow import cash_flow
from lifeworth.models.decisions.targeting.targets import Targets, targets
from lifeworth.models.decisions.targeting.tiers import loyalty_tiers
from lifeworth.models.decisions.targeting.uplift import Uplift
from lifeworth.models.gamma_gamma import GammaGammaModel
from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.intervals import fewer_draws
from lifeworth.models.prediction.forecast import forecast as forecast_of
from lifeworth.models.valuation.value import Valuation
from lifeworth.models.valuation.value import value as value_of

from ..backtesting.backtest import backtest as backtest_of
from ..backtesting.choice import select_model
from ..gates.compare import compare as compare_with
from ..gates.data import data_gates
from ..gates.drift import drift_gates
from ..gates.models import backtest_gates, diagnostic_gates
from ..orders.summarise import summarise as summarise_orders
from ..record.record import Decisions
from ..settings.settings import Settings, economics, policies
from ..sources.quarantine import write_quarantine
from ..sources.read import columns_of
from .state import State, known

type Step = Callable[[State], State]

QUARANTINE: Final = "quarantine.parquet"
"""Rows that were set aside, with the reason of each."""
FUTURES: Final = 1000
FEWEST_FUTURES: Final = 250
"""Simulated futures of every customer, and the fewest, whose 5 % quantile is one of 4 % to 6 %."""
MANY: Final = 50_000
"""Customers from which on there are fewer: the futures of all together take minutes, and their sums are smooth."""
CASH_FLOW_AHEAD: Final = "24M"
"""Two years of months: a budget year whatever its first month, and the one before it to compare with."""


def check(state: State) -> State:
    """Ask the gates of the data, and put aside the rows that cannot be used, each with its reason."""
    rows = write_quarantine(state.snapshot, state.settings, state.as_of, state.work / QUARANTINE)
    gates = data_gates(state.snapshot, state.settings, state.as_of, state.last)
    return state.with_(gates=gates, quarantined=dict(rows))


def summarise(state: State) -> State:
    """One row a customer, and whether these customers suit the models."""
    summary = summarise_orders(state.snapshot.path, **_log_words(state))
    suited = check_data(summary)
    suited.raise_if_stopped()
    return state.with_(summary=summary, suited=suited)


def fit(state: State) -> State:
    """Fit every model that competes, and what purchases are worth; from where the last run was, if it was the same."""
    summary, seed = known(state.summary), state.settings.run.seed
    kinds = {kind.name: kind for kind in TRANSACTION_MODELS}
    candidates = tuple(kinds[name]().fit(summary, seed=seed) for name in state.settings.models.candidates)
    return state.with_(candidates=candidates, spend=GammaGammaModel().fit(summary, seed=seed))


def diagnose(state: State) -> State:
    """Ask whether the fits can be relied on."""
    fits = (*state.candidates, known(state.spend))
    return state.with_(gates=diagnostic_gates(fits, known(state.suited), state.settings))


def backtest(state: State) -> State:
    """Forecast from days in the past with what was known then, and see what came; the champion takes part."""
    asked, champion = state.settings.backtest, () if state.last is None else (state.last.purchases.model.name,)
    scorecard = backtest_of(
        state.snapshot.path,
        models=list(dict.fromkeys((*state.settings.models.candidates, *champion))),
        origins=asked.origins,
        horizons=asked.horizons,
        seed=state.settings.run.seed,
        **_log_words(state),
    )
    return state.with_(scorecard=scorecard)


def choose(state: State) -> State:
    """Take the model whose forecasts came nearest to what came, and ask the gates of forecasts."""
    scorecard = known(state.scorecard)
    choice = select_model(replace(scorecard, models=state.settings.models.candidates))
    purchases = next(fitted for fitted in state.candidates if fitted.model.name == choice.model)
    gates = backtest_gates(scorecard, choice, state.settings, state.last)
    return state.with_(choice=choice, purchases=purchases, gates=gates)


def forecast(state: State) -> State:
    """Purchases and spend of every customer, of groups and of the base."""
    found = forecast_of(
        known(state.purchases), state.spend, known(state.summary), list(state.settings.forecast.horizons),
        **_outlook_words(state),
    )  # fmt: skip
    return state.with_(forecast=found)


def value(state: State) -> State:
    """What they are worth, and what follows from it."""
    found = value_of(
        known(state.purchases), known(state.spend), known(state.summary), economics(state.settings),
        list(state.settings.forecast.horizons), keep=state.settings.forecast.horizons[0], **_outlook_words(state),
    )  # fmt: skip
    decisions = _decisions(found, state)
    found.basis.forget()  # some 400 MB that no later step asks for
    return state.with_(valuation=found, decisions=decisions)


def compare(state: State) -> State:
    """Hold the run beside the one that is published, and ask the gates of drift; a bridge leads forward only."""
    if state.last is None or state.as_of < state.last.as_of:
        return state
    fits = (*state.candidates, known(state.spend))
    comparison = compare_with(
        known(state.valuation), known(state.choice), state.snapshot, state.settings, state.last, fits=fits
    )
    return state.with_(comparison=comparison, gates=drift_gates(comparison, state.settings))


STEPS: Final[tuple[Step, ...]] = (check, summarise, fit, diagnose, backtest, choose, forecast, value, compare)


def _log_words(state: State) -> dict[str, Any]:
    """How the log is to be read."""
    unit = state.settings.models.unit
    return {**columns_of(state.settings), **policies(state.settings), "until": state.as_of, "unit": unit}


def _outlook_words(state: State) -> dict[str, Any]:
    """How the future is to be drawn."""
    run = state.settings.run
    return {
        "draws": run.draws or futures_of(len(known(state.summary))), "seed": run.seed,
        "groups": list(state.settings.columns.attributes) or None, "calibration": state.scorecard,
    }  # fmt: skip


def futures_of(customers: int) -> int:
    """Simulated futures of each customer, where the settings do not say."""
    return fewer_draws(FUTURES, customers, FEWEST_FUTURES, MANY)


def _decisions(valuation: Valuation, state: State) -> Decisions:
    asked, tiers, horizon = state.settings.decisions, state.settings.tiers, state.settings.forecast.horizons[0]
    by = state.settings.economics.cac_by
    previous = None if state.last is None else state.last.tiers
    return Decisions(
        tiers=loyalty_tiers(
            valuation, tiers.shares, previous=previous, change_beyond=tiers.change_beyond, horizon=horizon
        ),
        segments=segments(valuation, horizon=horizon),
        cohorts=cohorts(valuation, horizon=horizon),
        cash_flow=cash_flow(valuation, "M", horizon=CASH_FLOW_AHEAD),
        bids=bid_ceilings(
            valuation, by, horizon=horizon, quantile=asked.bid_quantile, required_return=asked.required_return
        ),
        payback=None if state.settings.economics.cac is None else payback(valuation, by),
        win_back=_win_back(valuation, state.settings, horizon),
    )


def _win_back(valuation: Valuation, settings: Settings, horizon: str) -> Targets | None:
    asked = settings.decisions
    if asked.win_back_cost is None or asked.win_back_uplift is None:
        return None
    uplift = Uplift(asked.win_back_uplift, of="return")
    return targets(valuation, uplift, cost=asked.win_back_cost, budget=asked.win_back_budget, horizon=horizon)


def step_named(name: str) -> Step:
    """A step by its name.

    Raises
    ------
    InputError
        There is none.
    """
    for step in STEPS:
        if step.__name__ == name:
            return step
    raise InputError(f"step: expected one of {', '.join(step.__name__ for step in STEPS)}; got {name!r}.")
