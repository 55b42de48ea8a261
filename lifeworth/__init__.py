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
    from lifeworth.models.economics import Economics as Economics
    from lifeworth.models.errors import ConvergenceWarning as ConvergenceWarning
    from lifeworth.models.errors import FitError as FitError
    from lifeworth.models.errors import InputError as InputError
    from lifeworth.models.forecast import Forecast as Forecast
    from lifeworth.models.forecast import forecast as forecast
    from lifeworth.models.gamma_gamma import GammaGammaModel as GammaGammaModel
    from lifeworth.models.priors import Beta as Beta
    from lifeworth.models.priors import Flat as Flat
    from lifeworth.models.priors import LogNormal as LogNormal
    from lifeworth.models.summary import CustomerSummary as CustomerSummary
    from lifeworth.models.value import Valuation as Valuation
    from lifeworth.models.value import value as value
    from lifeworth.pipelines.holdout import Holdout as Holdout
    from lifeworth.pipelines.holdout import holdout as holdout
    from lifeworth.pipelines.plots import plot_calibration_active as plot_calibration_active
    from lifeworth.pipelines.plots import plot_concentration as plot_concentration
    from lifeworth.pipelines.plots import plot_purchases_by_frequency as plot_purchases_by_frequency
    from lifeworth.pipelines.plots import plot_total as plot_total
    from lifeworth.pipelines.plots import plot_tracking as plot_tracking
    from lifeworth.pipelines.plots import plot_value_distribution as plot_value_distribution
    from lifeworth.pipelines.store import load as load
    from lifeworth.pipelines.summarise import summarise as summarise
    from lifeworth.pipelines.tracking import Tracking as Tracking
    from lifeworth.pipelines.tracking import tracking as tracking

__version__ = version("lifeworth")

_WHERE = {
    "load_cdnow": "lifeworth.data",
    "simulate_orders": "lifeworth.data",
    "summarise": "lifeworth.pipelines.summarise",
    "CustomerSummary": "lifeworth.models.summary",
    "BetaGeoModel": "lifeworth.models.beta_geo",
    "GammaGammaModel": "lifeworth.models.gamma_gamma",
    "LogNormal": "lifeworth.models.priors",
    "Beta": "lifeworth.models.priors",
    "Flat": "lifeworth.models.priors",
    "forecast": "lifeworth.models.forecast",
    "Forecast": "lifeworth.models.forecast",
    "Economics": "lifeworth.models.economics",
    "value": "lifeworth.models.value",
    "Valuation": "lifeworth.models.value",
    "load": "lifeworth.pipelines.store",
    "tracking": "lifeworth.pipelines.tracking",
    "Tracking": "lifeworth.pipelines.tracking",
    "holdout": "lifeworth.pipelines.holdout",
    "Holdout": "lifeworth.pipelines.holdout",
    "plot_tracking": "lifeworth.pipelines.plots",
    "plot_total": "lifeworth.pipelines.plots",
    "plot_purchases_by_frequency": "lifeworth.pipelines.plots",
    "plot_calibration_active": "lifeworth.pipelines.plots",
    "plot_value_distribution": "lifeworth.pipelines.plots",
    "plot_concentration": "lifeworth.pipelines.plots",
    "InputError": "lifeworth.models.errors",
    "FitError": "lifeworth.models.errors",
    "ConvergenceWarning": "lifeworth.models.errors",
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
    from lifeworth.models.progress import set_reporter
    from lifeworth.pipelines.progress import rich_reporter

    set_reporter(rich_reporter)
