"""The mathematics: arrays and frames in; posteriors, draws and values out. No database, no clock, no printing."""

from .beta_geo import BetaGeoModel as BetaGeoModel
from .gamma_gamma import GammaGammaModel as GammaGammaModel
from .modified_beta_geo import ModifiedBetaGeoModel as ModifiedBetaGeoModel
from .pareto_nbd import ParetoNBDModel as ParetoNBDModel

TRANSACTION_MODELS = (BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel)
"""Every model of when customers buy. A model that joins here inherits every fit, forecast, value and test."""
SPEND_MODELS = (GammaGammaModel,)
"""Every model of what they spend."""
MODELS = (*TRANSACTION_MODELS, *SPEND_MODELS)
