"""lifeworth: from an order log to customer lifetime value, with intervals that hold.

The public face. Every name loads what it needs when it is first used, so that importing costs next to nothing.
"""

from __future__ import annotations

import importlib
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lifeworth.data import load_cdnow as load_cdnow
    from lifeworth.data import simulate_orders as simulate_orders
    from lifeworth.models.beta_geo import BetaGeoModel as BetaGeoModel
    from lifeworth.models.checks.data_checks import check_data as check_data
    from lifeworth.models.checks.limits import DataLimits as DataLimits
    from lifeworth.models.checks.verdict import DataCheck as DataCheck
    from lifeworth.models.checks.verdict import DataVerdict as DataVerdict
    from lifeworth.models.decisions.bridge import Bridge as Bridge
    from lifeworth.models.decisions.bridge import bridge as bridge
    from lifeworth.models.decisions.cash_flow import CashFlow as CashFlow
    from lifeworth.models.decisions.cash_flow import cash_flow as cash_flow
    from lifeworth.models.decisions.equity import CustomerEquity as CustomerEquity
    from lifeworth.models.decisions.equity import customer_equity as customer_equity
    from lifeworth.models.decisions.plans import Plan as Plan
    from lifeworth.models.gamma_gamma import GammaGammaModel as GammaGammaModel
    from lifeworth.models.ground.calendar import Calendar as Calendar
    from lifeworth.models.ground.calendar import Holiday as Holiday
    from lifeworth.models.ground.errors import ConvergenceWarning as ConvergenceWarning
    from lifeworth.models.ground.errors import FitError as FitError
    from lifeworth.models.ground.errors import HorizonWarning as HorizonWarning
    from lifeworth.models.ground.errors import InputError as InputError
    from lifeworth.models.ground.priors import Beta as Beta
    from lifeworth.models.ground.priors import Flat as Flat
    from lifeworth.models.ground.priors import HalfNormal as HalfNormal
    from lifeworth.models.ground.priors import LogNormal as LogNormal
    from lifeworth.models.ground.priors import Normal as Normal
    from lifeworth.models.ground.summary import CustomerSummary as CustomerSummary
    from lifeworth.models.modified_beta_geo import ModifiedBetaGeoModel as ModifiedBetaGeoModel
    from lifeworth.models.pareto_nbd import ParetoNBDModel as ParetoNBDModel
    from lifeworth.models.prediction.arviz_tree import to_arviz as to_arviz
    from lifeworth.models.prediction.cross_validation import loo as loo
    from lifeworth.models.prediction.cross_validation import prior_sensitivity as prior_sensitivity
    from lifeworth.models.prediction.forecast import Forecast as Forecast
    from lifeworth.models.prediction.forecast import forecast as forecast
    from lifeworth.models.prediction.prior_predictive import prior_predictive as prior_predictive
    from lifeworth.models.prediction.spend_dependence import spend_by_frequency as spend_by_frequency
    from lifeworth.models.prediction.spend_dependence import spend_correlations as spend_correlations
    from lifeworth.models.prediction.weeks import forecast_by_week as forecast_by_week
    from lifeworth.models.valuation.acquisition import Acquisition as Acquisition
    from lifeworth.models.valuation.economics import Economics as Economics
    from lifeworth.models.valuation.groups import compare_groups as compare_groups
    from lifeworth.models.valuation.groups import shares_of_value as shares_of_value
    from lifeworth.models.valuation.value import Valuation as Valuation
    from lifeworth.models.valuation.value import value as value
    from lifeworth.pipelines.backtesting.backtest import backtest as backtest
    from lifeworth.pipelines.backtesting.choice import Choice as Choice
    from lifeworth.pipelines.backtesting.choice import select_model as select_model
    from lifeworth.pipelines.backtesting.fit import FittedLog as FittedLog
    from lifeworth.pipelines.backtesting.fit import fit as fit
    from lifeworth.pipelines.backtesting.scorecard import Scorecard as Scorecard
    from lifeworth.pipelines.calibration import simulation_based_calibration as simulation_based_calibration
    from lifeworth.pipelines.interop import from_lifetimes as from_lifetimes
    from lifeworth.pipelines.orders.learn_calendar import learn_calendar as learn_calendar
    from lifeworth.pipelines.orders.summarise import summarise as summarise
    from lifeworth.pipelines.reporting.holdout import Holdout as Holdout
    from lifeworth.pipelines.reporting.holdout import holdout as holdout
    from lifeworth.pipelines.reporting.plot_bridge import plot_bridge as plot_bridge
    from lifeworth.pipelines.reporting.plot_bridge import plot_equity as plot_equity
    from lifeworth.pipelines.reporting.plot_calendar import plot_calendar as plot_calendar
    from lifeworth.pipelines.reporting.plot_calibration import plot_calibration as plot_calibration
    from lifeworth.pipelines.reporting.plot_cash_flow import plot_cash_flow as plot_cash_flow
    from lifeworth.pipelines.reporting.plot_coverage import plot_coverage as plot_coverage
    from lifeworth.pipelines.reporting.plot_fan import plot_fan as plot_fan
    from lifeworth.pipelines.reporting.plot_groups import plot_active as plot_active
    from lifeworth.pipelines.reporting.plot_groups import plot_expected_actual as plot_expected_actual
    from lifeworth.pipelines.reporting.plot_pit import plot_pit as plot_pit
    from lifeworth.pipelines.reporting.plot_prior_predictive import plot_prior_predictive as plot_prior_predictive
    from lifeworth.pipelines.reporting.plot_ranking import plot_gain as plot_gain
    from lifeworth.pipelines.reporting.plot_spend_dependence import plot_spend_by_frequency as plot_spend_by_frequency
    from lifeworth.pipelines.reporting.plot_totals import plot_totals as plot_totals
    from lifeworth.pipelines.reporting.plots import plot_calibration_active as plot_calibration_active
    from lifeworth.pipelines.reporting.plots import plot_concentration as plot_concentration
    from lifeworth.pipelines.reporting.plots import plot_purchases_by_frequency as plot_purchases_by_frequency
    from lifeworth.pipelines.reporting.plots import plot_total as plot_total
    from lifeworth.pipelines.reporting.plots import plot_tracking as plot_tracking
    from lifeworth.pipelines.reporting.plots import plot_value_distribution as plot_value_distribution
    from lifeworth.pipelines.reporting.tracking import Tracking as Tracking
    from lifeworth.pipelines.reporting.tracking import tracking as tracking
    from lifeworth.pipelines.store import load as load

__version__ = version("lifeworth")

_WHERE = {
    "load_cdnow": "lifeworth.data",
    "simulate_orders": "lifeworth.data",
    "summarise": "lifeworth.pipelines.orders.summarise",
    "CustomerSummary": "lifeworth.models.ground.summary",
    "BetaGeoModel": "lifeworth.models.beta_geo",
    "ModifiedBetaGeoModel": "lifeworth.models.modified_beta_geo",
    "ParetoNBDModel": "lifeworth.models.pareto_nbd",
    "GammaGammaModel": "lifeworth.models.gamma_gamma",
    "LogNormal": "lifeworth.models.ground.priors",
    "Normal": "lifeworth.models.ground.priors",
    "HalfNormal": "lifeworth.models.ground.priors",
    "Beta": "lifeworth.models.ground.priors",
    "Flat": "lifeworth.models.ground.priors",
    "check_data": "lifeworth.models.checks.data_checks",
    "DataLimits": "lifeworth.models.checks.limits",
    "DataCheck": "lifeworth.models.checks.verdict",
    "DataVerdict": "lifeworth.models.checks.verdict",
    "spend_by_frequency": "lifeworth.models.prediction.spend_dependence",
    "spend_correlations": "lifeworth.models.prediction.spend_dependence",
    "forecast": "lifeworth.models.prediction.forecast",
    "Forecast": "lifeworth.models.prediction.forecast",
    "forecast_by_week": "lifeworth.models.prediction.weeks",
    "Economics": "lifeworth.models.valuation.economics",
    "value": "lifeworth.models.valuation.value",
    "Valuation": "lifeworth.models.valuation.value",
    "prior_predictive": "lifeworth.models.prediction.prior_predictive",
    "simulation_based_calibration": "lifeworth.pipelines.calibration",
    "plot_calibration": "lifeworth.pipelines.reporting.plot_calibration",
    "plot_prior_predictive": "lifeworth.pipelines.reporting.plot_prior_predictive",
    "from_lifetimes": "lifeworth.pipelines.interop",
    "to_arviz": "lifeworth.models.prediction.arviz_tree",
    "loo": "lifeworth.models.prediction.cross_validation",
    "prior_sensitivity": "lifeworth.models.prediction.cross_validation",
    "load": "lifeworth.pipelines.store",
    "tracking": "lifeworth.pipelines.reporting.tracking",
    "Tracking": "lifeworth.pipelines.reporting.tracking",
    "holdout": "lifeworth.pipelines.reporting.holdout",
    "Holdout": "lifeworth.pipelines.reporting.holdout",
    "plot_tracking": "lifeworth.pipelines.reporting.plots",
    "plot_total": "lifeworth.pipelines.reporting.plots",
    "plot_purchases_by_frequency": "lifeworth.pipelines.reporting.plots",
    "plot_spend_by_frequency": "lifeworth.pipelines.reporting.plot_spend_dependence",
    "plot_calibration_active": "lifeworth.pipelines.reporting.plots",
    "plot_value_distribution": "lifeworth.pipelines.reporting.plots",
    "plot_concentration": "lifeworth.pipelines.reporting.plots",
    "backtest": "lifeworth.pipelines.backtesting.backtest",
    "Scorecard": "lifeworth.pipelines.backtesting.scorecard",
    "select_model": "lifeworth.pipelines.backtesting.choice",
    "Choice": "lifeworth.pipelines.backtesting.choice",
    "fit": "lifeworth.pipelines.backtesting.fit",
    "FittedLog": "lifeworth.pipelines.backtesting.fit",
    "Calendar": "lifeworth.models.ground.calendar",
    "Holiday": "lifeworth.models.ground.calendar",
    "learn_calendar": "lifeworth.pipelines.orders.learn_calendar",
    "plot_calendar": "lifeworth.pipelines.reporting.plot_calendar",
    "plot_pit": "lifeworth.pipelines.reporting.plot_pit",
    "plot_coverage": "lifeworth.pipelines.reporting.plot_coverage",
    "plot_expected_actual": "lifeworth.pipelines.reporting.plot_groups",
    "plot_active": "lifeworth.pipelines.reporting.plot_groups",
    "plot_gain": "lifeworth.pipelines.reporting.plot_ranking",
    "plot_totals": "lifeworth.pipelines.reporting.plot_totals",
    "plot_fan": "lifeworth.pipelines.reporting.plot_fan",
    "InputError": "lifeworth.models.ground.errors",
    "FitError": "lifeworth.models.ground.errors",
    "ConvergenceWarning": "lifeworth.models.ground.errors",
    "Acquisition": "lifeworth.models.valuation.acquisition",
    "HorizonWarning": "lifeworth.models.ground.errors",
    "bridge": "lifeworth.models.decisions.bridge",
    "Bridge": "lifeworth.models.decisions.bridge",
    "cash_flow": "lifeworth.models.decisions.cash_flow",
    "CashFlow": "lifeworth.models.decisions.cash_flow",
    "customer_equity": "lifeworth.models.decisions.equity",
    "CustomerEquity": "lifeworth.models.decisions.equity",
    "Plan": "lifeworth.models.decisions.plans",
    "compare_groups": "lifeworth.models.valuation.groups",
    "shares_of_value": "lifeworth.models.valuation.groups",
    "plot_bridge": "lifeworth.pipelines.reporting.plot_bridge",
    "plot_equity": "lifeworth.pipelines.reporting.plot_bridge",
    "plot_cash_flow": "lifeworth.pipelines.reporting.plot_cash_flow",
}
"""Where each name of the face lives; a test holds it to the imports above."""

__all__ = ["__version__", *_WHERE]  # strings, all of them


def __getattr__(name: str) -> Any:
    """Load a name of the face when it is first used."""
    if name not in _WHERE:
        raise AttributeError(f"module 'lifeworth' has no attribute {name!r}")
    _show_progress()
    found = getattr(importlib.import_module(_WHERE[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Names of the face."""
    return sorted(__all__)


@cache
def _show_progress() -> None:
    """Install the progress bars, once: a reporter of the user's own stays."""
    from lifeworth.models.ground.progress import set_reporter
    from lifeworth.pipelines.progress import rich_reporter

    set_reporter(rich_reporter)
