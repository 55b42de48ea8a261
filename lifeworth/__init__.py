"""lifeworth: from an order log to customer lifetime value, with intervals that hold.

The public face. Every name loads what it needs when it is first used, so that importing costs next to nothing.
"""

from __future__ import annotations

import importlib
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lifeworth.data import Shop as Shop
    from lifeworth.data import load_cdnow as load_cdnow
    from lifeworth.data import simulate_orders as simulate_orders
    from lifeworth.data import simulate_shop as simulate_shop
    from lifeworth.models.beta_geo import BetaGeoModel as BetaGeoModel
    from lifeworth.models.checks.data_checks import check_data as check_data
    from lifeworth.models.checks.limits import DataLimits as DataLimits
    from lifeworth.models.checks.verdict import DataCheck as DataCheck
    from lifeworth.models.checks.verdict import DataVerdict as DataVerdict
    from lifeworth.models.decisions.acquiring.bid_ceilings import BidCeilings as BidCeilings
    from lifeworth.models.decisions.acquiring.bid_ceilings import bid_ceilings as bid_ceilings
    from lifeworth.models.decisions.acquiring.payback import Payback as Payback
    from lifeworth.models.decisions.acquiring.payback import payback as payback
    from lifeworth.models.decisions.customers.cohorts import Cohorts as Cohorts
    from lifeworth.models.decisions.customers.cohorts import cohorts as cohorts
    from lifeworth.models.decisions.customers.segments import Segments as Segments
    from lifeworth.models.decisions.customers.segments import segments as segments
    from lifeworth.models.decisions.planning.bridge import Bridge as Bridge
    from lifeworth.models.decisions.planning.bridge import bridge as bridge
    from lifeworth.models.decisions.planning.cash_flow import CashFlow as CashFlow
    from lifeworth.models.decisions.planning.cash_flow import cash_flow as cash_flow
    from lifeworth.models.decisions.planning.equity import CustomerEquity as CustomerEquity
    from lifeworth.models.decisions.planning.equity import customer_equity as customer_equity
    from lifeworth.models.decisions.planning.plans import Plan as Plan
    from lifeworth.models.decisions.products.buyers import Buyers as Buyers
    from lifeworth.models.decisions.products.buyers import buyers as buyers
    from lifeworth.models.decisions.products.categories import CategoryValue as CategoryValue
    from lifeworth.models.decisions.products.categories import value_by_category as value_by_category
    from lifeworth.models.decisions.products.origins import Origins as Origins
    from lifeworth.models.decisions.products.origins import origins as origins
    from lifeworth.models.decisions.scenarios.scenarios import Elasticities as Elasticities
    from lifeworth.models.decisions.scenarios.scenarios import Tornado as Tornado
    from lifeworth.models.decisions.scenarios.scenarios import WhatIf as WhatIf
    from lifeworth.models.decisions.scenarios.scenarios import elasticities as elasticities
    from lifeworth.models.decisions.scenarios.scenarios import tornado as tornado
    from lifeworth.models.decisions.scenarios.scenarios import what_if as what_if
    from lifeworth.models.decisions.targeting.targets import Targets as Targets
    from lifeworth.models.decisions.targeting.targets import targets as targets
    from lifeworth.models.decisions.targeting.tiers import LoyaltyTiers as LoyaltyTiers
    from lifeworth.models.decisions.targeting.tiers import loyalty_tiers as loyalty_tiers
    from lifeworth.models.decisions.targeting.uplift import Uplift as Uplift
    from lifeworth.models.gamma_gamma import GammaGammaModel as GammaGammaModel
    from lifeworth.models.ground.calendar import Calendar as Calendar
    from lifeworth.models.ground.calendar import Holiday as Holiday
    from lifeworth.models.ground.errors import ConvergenceWarning as ConvergenceWarning
    from lifeworth.models.ground.errors import FitError as FitError
    from lifeworth.models.ground.errors import HorizonWarning as HorizonWarning
    from lifeworth.models.ground.errors import InputError as InputError
    from lifeworth.models.ground.errors import PlaceError as PlaceError
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
    from lifeworth.models.prediction.curves import repeat_curve as repeat_curve
    from lifeworth.models.prediction.curves import repeat_curve_of_summary as repeat_curve_of_summary
    from lifeworth.models.prediction.curves import survival_curve as survival_curve
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
    from lifeworth.pipelines.orders.category_orders import category_orders as category_orders
    from lifeworth.pipelines.orders.learn_calendar import learn_calendar as learn_calendar
    from lifeworth.pipelines.orders.repeat_curve import observed_repeat_curve as observed_repeat_curve
    from lifeworth.pipelines.orders.summarise import summarise as summarise
    from lifeworth.pipelines.reporting.holdout import Holdout as Holdout
    from lifeworth.pipelines.reporting.holdout import holdout as holdout
    from lifeworth.pipelines.reporting.plot_bids import plot_bid_ceilings as plot_bid_ceilings
    from lifeworth.pipelines.reporting.plot_bridge import plot_bridge as plot_bridge
    from lifeworth.pipelines.reporting.plot_bridge import plot_equity as plot_equity
    from lifeworth.pipelines.reporting.plot_calendar import plot_calendar as plot_calendar
    from lifeworth.pipelines.reporting.plot_calibration import plot_calibration as plot_calibration
    from lifeworth.pipelines.reporting.plot_cash_flow import plot_cash_flow as plot_cash_flow
    from lifeworth.pipelines.reporting.plot_categories import plot_categories as plot_categories
    from lifeworth.pipelines.reporting.plot_cohorts import plot_cohorts as plot_cohorts
    from lifeworth.pipelines.reporting.plot_coverage import plot_coverage as plot_coverage
    from lifeworth.pipelines.reporting.plot_curves import plot_repeat as plot_repeat
    from lifeworth.pipelines.reporting.plot_curves import plot_survival as plot_survival
    from lifeworth.pipelines.reporting.plot_fan import plot_fan as plot_fan
    from lifeworth.pipelines.reporting.plot_groups import plot_active as plot_active
    from lifeworth.pipelines.reporting.plot_groups import plot_expected_actual as plot_expected_actual
    from lifeworth.pipelines.reporting.plot_holdout import plot_calibration_active as plot_calibration_active
    from lifeworth.pipelines.reporting.plot_holdout import plot_purchases_by_frequency as plot_purchases_by_frequency
    from lifeworth.pipelines.reporting.plot_holdout import plot_tracking as plot_tracking
    from lifeworth.pipelines.reporting.plot_origins import plot_origins as plot_origins
    from lifeworth.pipelines.reporting.plot_payback import plot_payback as plot_payback
    from lifeworth.pipelines.reporting.plot_pit import plot_pit as plot_pit
    from lifeworth.pipelines.reporting.plot_prior_predictive import plot_prior_predictive as plot_prior_predictive
    from lifeworth.pipelines.reporting.plot_ranking import plot_gain as plot_gain
    from lifeworth.pipelines.reporting.plot_segments import plot_segments as plot_segments
    from lifeworth.pipelines.reporting.plot_spend_dependence import plot_spend_by_frequency as plot_spend_by_frequency
    from lifeworth.pipelines.reporting.plot_targets import plot_targets as plot_targets
    from lifeworth.pipelines.reporting.plot_tiers import plot_tiers as plot_tiers
    from lifeworth.pipelines.reporting.plot_tornado import plot_tornado as plot_tornado
    from lifeworth.pipelines.reporting.plot_totals import plot_totals as plot_totals
    from lifeworth.pipelines.reporting.plot_value import plot_concentration as plot_concentration
    from lifeworth.pipelines.reporting.plot_value import plot_total as plot_total
    from lifeworth.pipelines.reporting.plot_value import plot_value_distribution as plot_value_distribution
    from lifeworth.pipelines.reporting.tracking import Tracking as Tracking
    from lifeworth.pipelines.reporting.tracking import tracking as tracking
    from lifeworth.pipelines.runs.lock import BusyError as BusyError
    from lifeworth.pipelines.runs.run import RunResult as RunResult
    from lifeworth.pipelines.runs.run import run as run
    from lifeworth.pipelines.settings.file import read_settings as read_settings
    from lifeworth.pipelines.settings.settings import Settings as Settings
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
    "plot_tracking": "lifeworth.pipelines.reporting.plot_holdout",
    "plot_total": "lifeworth.pipelines.reporting.plot_value",
    "plot_purchases_by_frequency": "lifeworth.pipelines.reporting.plot_holdout",
    "plot_spend_by_frequency": "lifeworth.pipelines.reporting.plot_spend_dependence",
    "plot_calibration_active": "lifeworth.pipelines.reporting.plot_holdout",
    "plot_value_distribution": "lifeworth.pipelines.reporting.plot_value",
    "plot_concentration": "lifeworth.pipelines.reporting.plot_value",
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
    "bridge": "lifeworth.models.decisions.planning.bridge",
    "Bridge": "lifeworth.models.decisions.planning.bridge",
    "cash_flow": "lifeworth.models.decisions.planning.cash_flow",
    "CashFlow": "lifeworth.models.decisions.planning.cash_flow",
    "customer_equity": "lifeworth.models.decisions.planning.equity",
    "CustomerEquity": "lifeworth.models.decisions.planning.equity",
    "Plan": "lifeworth.models.decisions.planning.plans",
    "compare_groups": "lifeworth.models.valuation.groups",
    "shares_of_value": "lifeworth.models.valuation.groups",
    "plot_bridge": "lifeworth.pipelines.reporting.plot_bridge",
    "plot_equity": "lifeworth.pipelines.reporting.plot_bridge",
    "plot_cash_flow": "lifeworth.pipelines.reporting.plot_cash_flow",
    "Uplift": "lifeworth.models.decisions.targeting.uplift",
    "targets": "lifeworth.models.decisions.targeting.targets",
    "Targets": "lifeworth.models.decisions.targeting.targets",
    "loyalty_tiers": "lifeworth.models.decisions.targeting.tiers",
    "LoyaltyTiers": "lifeworth.models.decisions.targeting.tiers",
    "bid_ceilings": "lifeworth.models.decisions.acquiring.bid_ceilings",
    "BidCeilings": "lifeworth.models.decisions.acquiring.bid_ceilings",
    "payback": "lifeworth.models.decisions.acquiring.payback",
    "Payback": "lifeworth.models.decisions.acquiring.payback",
    "segments": "lifeworth.models.decisions.customers.segments",
    "Segments": "lifeworth.models.decisions.customers.segments",
    "cohorts": "lifeworth.models.decisions.customers.cohorts",
    "Cohorts": "lifeworth.models.decisions.customers.cohorts",
    "survival_curve": "lifeworth.models.prediction.curves",
    "repeat_curve": "lifeworth.models.prediction.curves",
    "origins": "lifeworth.models.decisions.products.origins",
    "Origins": "lifeworth.models.decisions.products.origins",
    "value_by_category": "lifeworth.models.decisions.products.categories",
    "CategoryValue": "lifeworth.models.decisions.products.categories",
    "buyers": "lifeworth.models.decisions.products.buyers",
    "Buyers": "lifeworth.models.decisions.products.buyers",
    "category_orders": "lifeworth.pipelines.orders.category_orders",
    "elasticities": "lifeworth.models.decisions.scenarios.scenarios",
    "Elasticities": "lifeworth.models.decisions.scenarios.scenarios",
    "what_if": "lifeworth.models.decisions.scenarios.scenarios",
    "WhatIf": "lifeworth.models.decisions.scenarios.scenarios",
    "tornado": "lifeworth.models.decisions.scenarios.scenarios",
    "Tornado": "lifeworth.models.decisions.scenarios.scenarios",
    "simulate_shop": "lifeworth.data",
    "Shop": "lifeworth.data",
    "plot_targets": "lifeworth.pipelines.reporting.plot_targets",
    "plot_tiers": "lifeworth.pipelines.reporting.plot_tiers",
    "plot_bid_ceilings": "lifeworth.pipelines.reporting.plot_bids",
    "plot_payback": "lifeworth.pipelines.reporting.plot_payback",
    "plot_origins": "lifeworth.pipelines.reporting.plot_origins",
    "plot_categories": "lifeworth.pipelines.reporting.plot_categories",
    "plot_tornado": "lifeworth.pipelines.reporting.plot_tornado",
    "plot_segments": "lifeworth.pipelines.reporting.plot_segments",
    "plot_cohorts": "lifeworth.pipelines.reporting.plot_cohorts",
    "plot_survival": "lifeworth.pipelines.reporting.plot_curves",
    "plot_repeat": "lifeworth.pipelines.reporting.plot_curves",
    "observed_repeat_curve": "lifeworth.pipelines.orders.repeat_curve",
    "repeat_curve_of_summary": "lifeworth.models.prediction.curves",
    "run": "lifeworth.pipelines.runs.run",
    "RunResult": "lifeworth.pipelines.runs.run",
    "BusyError": "lifeworth.pipelines.runs.lock",
    "PlaceError": "lifeworth.models.ground.errors",
    "read_settings": "lifeworth.pipelines.settings.file",
    "Settings": "lifeworth.pipelines.settings.settings",
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
