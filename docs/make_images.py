"""Make pictures of the docs anew: `python docs/make_images.py sbc prior_predictive`, or all of them without a name.

`sbc` takes several minutes: 200 simulations of 400 customers for every model.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.figure import Figure

import lifeworth as lw
from lifeworth.models import SPEND_MODELS, TRANSACTION_MODELS
from lifeworth.models.prediction.prior_predictive import prior_predictive
from lifeworth.pipelines.calibration import simulation_based_calibration
from lifeworth.pipelines.reporting.plot_calibration import plot_calibration
from lifeworth.pipelines.reporting.plot_prior_predictive import plot_prior_predictive

IMAGES: Final = Path(__file__).resolve().parent / "images"
DPI: Final = 110
MOST_ORIGINS: Final = 10
"""Of the picture of totals: from a quarter of the log on, some five weeks apart."""
FUTURES: Final = 100
"""Draws behind totals: the ends of a textbook interval to a tenth of its width."""


def sbc() -> Figure:
    """Simulation-based calibration of every model, a column each, transaction models with their value."""
    spend = lw.GammaGammaModel()
    found = [simulation_based_calibration(model(), spend=spend) for model in TRANSACTION_MODELS]
    return plot_calibration(*found, *(simulation_based_calibration(model()) for model in SPEND_MODELS))


def priors() -> Figure:
    """What the default priors of BG/NBD expect as the repeat rate of the classic sample of CDNOW."""
    summary = lw.summarise(lw.load_cdnow(sample=True), until="1997-09-30")
    figure = plot_prior_predictive(prior_predictive(lw.BetaGeoModel(), summary)).get_figure(root=True)
    if figure is None:
        raise RuntimeError("the plot has no figure")
    return figure


def totals() -> Figure:
    """What came of rolling forecasts of all of CDNOW: textbook intervals and those with the model's past error."""
    scorecard = lw.backtest(
        lw.load_cdnow(), models=[lw.BetaGeoModel()], amount=None, horizons=["13W"], origins=MOST_ORIGINS, draws=FUTURES
    )
    figure = lw.plot_totals(scorecard).get_figure(root=True)
    if figure is None:
        raise RuntimeError("the plot has no figure")
    return figure


def tracking() -> Figure:
    """Weeks of all of CDNOW before and after the cut-off, bands with the model's past error."""
    orders, until = lw.load_cdnow(), "1997-09-30"
    summary = lw.summarise(orders, until=until)
    scorecard = lw.backtest(orders, models=["BG/NBD"], amount=None, until=until, draws=FUTURES)
    found = lw.tracking(lw.BetaGeoModel().fit(summary), summary, orders, calibration=scorecard)
    figure = lw.plot_tracking(found).get_figure(root=True)
    if figure is None:
        raise RuntimeError("the plot has no figure")
    return figure


def bids() -> Figure:
    """What may be paid for a new customer of each channel of a simulated shop."""
    shop = lw.simulate_shop(customers=4_000, seed=7)
    summary = lw.summarise(shop.orders, until="2024-12-31", unit="W", attributes=["channel"])
    purchases = lw.BetaGeoModel(groups="channel").fit(summary)
    spend = lw.GammaGammaModel(groups="channel").fit(summary)
    valuation = lw.value(purchases, spend, summary, shop.economics, "24M", draws=500, per_customer=False)
    figure = lw.plot_bid_ceilings(lw.bid_ceilings(valuation, required_return=0.2)).get_figure(root=True)
    if figure is None:
        raise RuntimeError("the plot has no figure")
    return figure


PICTURES: Final[dict[str, Callable[[], Figure]]] = {
    "sbc": sbc,
    "prior_predictive": priors,
    "totals": totals,
    "tracking": tracking,
    "bids": bids,
}


def main(names: list[str]) -> None:
    """Make the pictures named, or all."""
    mpl.use("agg")
    for name in names or PICTURES:
        PICTURES[name]().savefig(IMAGES / f"{name}.png", dpi=DPI)


if __name__ == "__main__":
    main(sys.argv[1:])
