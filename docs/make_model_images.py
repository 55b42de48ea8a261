"""Draw the pictures of the model pages anew: `.venv/bin/python docs/make_model_images.py`, or those named behind it.

All are drawn from models fitted on the classic sample of CDNOW, but `groups`, whose truth must be known.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import beta, gamma

import lifeworth as lw
from lifeworth.models import TRANSACTION_MODELS
from lifeworth.models.fitted_purchases import FittedPurchases
from lifeworth.models.ground.design import Cells
from lifeworth.models.ground.rows import FloatArray
from lifeworth.pipelines.reporting.plot_style import (
    BLUE,
    FAINTEST_BAND,
    INK,
    ORANGE,
    SIZE,
    SKY,
    SMALL,
    SOFT,
    STYLE,
    canvas,
    legend,
    percentages,
    titled,
)

IMAGES: Final = Path(__file__).resolve().parent / "images"
DPI: Final = 110
UNTIL: Final = "1997-09-30"
THROUGH: Final = "1998-06-30"
HISTORY: Final = 39  # weeks
DRAWS: Final = 1000
WEEKS_A_YEAR: Final = 52
INTERVAL: Final = (0.05, 0.95)
BAND_WORDS: Final = "90 % credible"

EXAMPLE: Final = 7691
"""A customer of the sample who bought five times again within 17 weeks, and then no more."""

PER_YEAR: Final = (0.0, 1.0, 2.0, 4.0, 8.0, np.inf)
"""Edges of classes of purchases a year."""
TENTHS: Final = np.linspace(0.0, 1.0, 11)


class Look(NamedTuple):
    """How a model is drawn: told apart by its dashes and marker where colours are not seen."""

    colour: str
    dashes: str | tuple[int, tuple[int, ...]]
    marker: str


LOOKS: Final = {
    "BG/NBD": Look(BLUE, "-", "s"),
    "MBG/NBD": Look(SKY, (0, (5, 2)), "^"),
    "Pareto/NBD": Look(ORANGE, (0, (1, 1)), "D"),
}


@cache
def summary() -> lw.CustomerSummary:
    """The sample of CDNOW up to the end of September 1997."""
    return lw.summarise(lw.load_cdnow(sample=True), until=UNTIL, unit="W")


@cache
def fits() -> dict[str, FittedPurchases]:
    """Every transaction model fitted on it, by name."""
    return {model.name: model().fit(summary(), draws=DRAWS) for model in TRANSACTION_MODELS}


# ---- the chooser -----------------------------------------------------------------------------------------------------


def alive() -> Figure:
    """Probability alive week by week of the same two customers under every model."""
    log = lw.load_cdnow(sample=True)
    days = pd.to_datetime(log.loc[log["customer_id"] == EXAMPLE, "date"].unique())
    bought = np.sort(np.asarray((days - days.min()).days)) / 7.0
    often, once = (np.array(times) for times in (bought[bought <= HISTORY], [0.0]))
    with panels() as (figure, (left, right)):
        for ax, times in ((left, often), (right, once)):
            _alive_of(ax, times)
        titled(left, f"A customer with {len(often) - 1} repeat purchases", WEEKS_SINCE, "probability alive")
        titled(right, "A customer who has bought once", WEEKS_SINCE)
        legend(left)
    return figure


WEEKS_SINCE: Final = "weeks since the first purchase"


def _alive_of(ax: Axes, bought: FloatArray) -> None:
    """One customer, who bought at these times in weeks: a new arc from every purchase on."""
    for name, fitted in fits().items():
        theta, look = fitted.posterior.mean[:, None], LOOKS[name]
        weeks, values = [], []
        for x, (since, next_one) in enumerate(zip(bought, [*bought[1:], HISTORY], strict=True)):
            T = np.linspace(since, next_one, 60)
            weeks.append(T)
            values.append(fitted.model.probability_alive(theta, np.full(60, x), np.full(60, since), T))
        ax.plot(np.concatenate(weeks), np.concatenate(values), color=look.colour, ls=look.dashes, label=name)
    ax.plot(bought, np.full(len(bought), 0.02), ls="", marker="|", ms=11, mew=1.8, color=INK, label="purchase")
    ax.set_ylim(0.0, 1.04)
    ax.set_xlim(-0.6, HISTORY)
    percentages(ax, "y")


# ---- a page each -----------------------------------------------------------------------------------------------------


def bg_nbd() -> Figure:
    """How purchase rates and dropout probabilities differ between customers."""
    r, alpha, a, b = fits()["BG/NBD"].theta(DRAWS)
    edges = np.array(PER_YEAR)[:, None] / WEEKS_A_YEAR
    rates = np.diff(gamma.cdf(edges, r, scale=1.0 / alpha), axis=0)
    dropouts = np.diff(beta.cdf(TENTHS[:, None], a, b), axis=0)
    with panels() as (figure, (left, right)):
        _shares(left, rates)
        left.set_xticks(range(len(rates)), ["below 1", "1 to 2", "2 to 4", "4 to 8", "8 or\nmore"])
        titled(left, "Most customers buy rarely, few often", "purchases a year while alive", "share of customers")
        _shares(right, dropouts)
        right.set_xticks(np.arange(len(TENTHS))[::2] - 0.5, [f"{100.0 * edge:.0f} %" for edge in TENTHS[::2]])
        titled(right, "Some hardly ever leave, some soon", "probability to leave after a repeat purchase")
        legend(left, lines=2)
    return figure


def _shares(ax: Axes, draws: FloatArray) -> None:
    """Bars of shares, array (classes, draws), with the interval of each."""
    place, (low, high) = np.arange(len(draws)), np.quantile(draws, INTERVAL, axis=1)
    ax.bar(place, draws.mean(axis=1), 0.8, color=SKY, label="posterior mean")
    ax.vlines(place, low, high, color=INK, lw=1.6, label=BAND_WORDS)
    ax.set_xlim(-0.6, len(place) - 0.4)
    percentages(ax, "y")


def mbg_nbd() -> Figure:
    """One-time buyers: how alive each model takes them for, and what it forecast of them."""
    log, weeks = lw.load_cdnow(sample=True), np.linspace(0.0, HISTORY, 100)
    none, start = np.zeros(100, dtype=np.int64), np.zeros(100)
    with panels() as (figure, (left, right)):
        for place, (name, fitted) in enumerate(fits().items()):
            look, theta = LOOKS[name], fitted.theta(DRAWS)[:, :, None]
            draws = fitted.model.probability_alive(theta, none, start, weeks)
            if name != "BG/NBD":  # certain: there is no band
                left.fill_between(
                    weeks, *np.quantile(draws, INTERVAL, axis=0), color=look.colour, alpha=FAINTEST_BAND, lw=0
                )
            left.plot(weeks, draws.mean(axis=0), color=look.colour, ls=look.dashes, label=name)
            once = lw.holdout(fitted, None, summary(), log, through=THROUGH, draws=DRAWS).by_frequency.iloc[0]
            right.vlines(place, once["q05"], once["q95"], color=look.colour, lw=9, alpha=0.45)
            right.plot(place, once["mean"], ls="", marker=look.marker, ms=8, color=look.colour)
        right.axhline(once["actual"], color=INK, lw=1.4)
        right.annotate(
            "actual", (2.45, once["actual"]), xytext=(0, 5), textcoords="offset points", ha="right", color=INK,
            fontsize=SMALL, fontweight="bold",
        )  # fmt: skip
        right.set_xticks(range(len(LOOKS)), list(LOOKS))
        right.set_xlim(-0.5, len(LOOKS) - 0.5)
        right.set_ylim(0.0, 0.3)
        left.set_ylim(0.0, 1.04)
        percentages(left, "y")
        titled(left, "Alive after buying once?", "weeks since the only purchase", "probability alive")
        titled(
            right, "Their purchases in the next 39 weeks", "forecast, with 90 % of outcomes", "purchases per customer"
        )
        legend(left)
    return figure


def pareto_nbd() -> Figure:
    """How many of the customers acquired are still there: at any moment, or at purchases alone."""
    weeks = np.linspace(0.0, WEEKS_A_YEAR, 105)
    none, start = np.zeros(1, dtype=np.int64), np.zeros(1)
    with canvas(None) as ax:
        for name, fitted in fits().items():
            look, theta = LOOKS[name], fitted.theta(DRAWS)
            there = fitted.model.probability_alive(theta[:, :, None], none, start, start)[:, 0]
            stays = [fitted.model.survival_if_alive(theta, none, start, float(week))[:, 0] for week in weeks]
            draws = there * np.array(stays)
            ax.fill_between(weeks, *np.quantile(draws, INTERVAL, axis=1), color=look.colour, alpha=FAINTEST_BAND, lw=0)
            ax.plot(weeks, draws.mean(axis=1), color=look.colour, ls=look.dashes, label=name)
        ax.set_ylim(0.0, 1.04)
        percentages(ax, "y")
        finding = "Pareto/NBD loses customers from the first day on, the others at purchases alone"
        titled(ax, finding, "weeks since the first purchase (bands: 90 % credible)", "share of customers still alive")
        legend(ax)
        figure = ax.get_figure(root=True)
    return _there(figure)


def gamma_gamma() -> Figure:
    """What is expected of a customer's next purchase, by what the last ones were."""
    spend = lw.GammaGammaModel().fit(summary(), draws=DRAWS)
    n, zbar = spend.purchases_of(summary())
    theta = spend.theta(DRAWS)
    mean = float(spend.population_mean["mean"].item())
    most = 120.0  # dollars: beyond it are few customers
    seen = np.linspace(0.5, most, 100)
    with canvas(None) as ax:
        ax.plot([0.0, most], [0.0, most], color=SOFT, lw=1.0)
        _label(ax, 112.0, 112.0, "as before", SOFT, above=True)
        for times, colour, dashes in ((1, BLUE, "-"), (3, ORANGE, (0, (5, 2))), (10, INK, (0, (1, 1)))):
            draws = spend.model.expected_spend(theta[:, :, None], np.full(100, times), seen)
            ax.fill_between(seen, *np.quantile(draws, INTERVAL, axis=0), color=colour, alpha=FAINTEST_BAND, lw=0)
            words = f"after {times} purchase{'s' if times > 1 else ''}"
            ax.plot(seen, draws.mean(axis=0), color=colour, ls=dashes, label=words)
        ax.axhline(mean, color=SOFT, lw=1.0, ls=(0, (2, 2)))
        _label(ax, most, mean, f"population: ${mean:.2f}", SOFT, above=False)
        # a rug of what customers really spent
        known = zbar[(n > 0) & (zbar < most)]
        ax.plot(known, np.full(len(known), 1.5), ls="", marker="|", ms=6, mew=0.5, alpha=0.25, color=INK)
        ax.set_xlim(0.0, most)
        ax.set_ylim(0.0, most)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(lambda value, _: f"${value:.0f}")
        finding = "After few purchases the mean of the population counts"
        titled(
            ax, finding, "a customer's mean spend so far (ticks: all customers)", "expected spend of the next purchase"
        )
        legend(ax)
        figure = ax.get_figure(root=True)
    return _there(figure)


def _label(ax: Axes, x: float, y: float, text: str, colour: str, *, above: bool) -> None:
    ax.annotate(
        text, (x, y), xytext=(-4, 4 if above else -5), textcoords="offset points", ha="right",
        va="bottom" if above else "top", color=colour, fontsize=SMALL,
    )  # fmt: skip


# ---- groups ----------------------------------------------------------------------------------------------------------

SIZES: Final = {"A": 40, "B": 60, "C": 90, "D": 150, "E": 300, "F": 600, "G": 1200, "H": 2400}
"""Customers of each group."""
FASTER: Final = (0.8, 1.25, 1.1, 0.85, 1.2, 0.9, 1.15, 1.0)
"""By how much they buy faster than the average."""
POPULATION: Final = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
"""BG/NBD on CDNOW, as published."""


def groups() -> Figure:
    """Groups of known truth: estimated each alone, and pooled in part."""
    log, truth = _known_groups()
    table = lw.summarise(log, until="2020-12-31", unit="W", attributes=["group"])
    pooled = lw.BetaGeoModel(groups="group").fit(table, draws=DRAWS)
    labels = list(SIZES)
    with canvas(None) as ax:
        for place, label in enumerate(labels):
            mine = (table.frame["group"] == label).to_numpy()
            alone = lw.BetaGeoModel().fit(table.select(mine), draws=DRAWS)
            cells = Cells(np.zeros((1, 0)), np.array([place]), np.zeros(1, dtype=np.int64))
            for shift, fitted, of, colour, marker, words in (
                (-0.14, alone, None, SKY, "o", "fitted alone"),
                (0.14, pooled, cells, BLUE, "s", "partial pooling"),
            ):
                draws = _per_year(fitted, fitted.theta(DRAWS, of, 0))
                ax.vlines(place + shift, *np.quantile(draws, INTERVAL), color=colour, lw=3.0)
                ax.plot(place + shift, draws.mean(), marker=marker, ms=7, ls="", color=colour,
                        label=words if place == 0 else None)  # fmt: skip
            ax.plot(place, truth[label], marker="_", ms=24, mew=2.0, ls="", color=INK,
                    label="truth" if place == 0 else None)  # fmt: skip
        ax.set_xticks(range(len(labels)), [f"{size:,}" for size in SIZES.values()])
        ax.set_xlim(-0.6, len(labels) - 0.4)
        ax.set_ylim(bottom=0.0)
        finding = "Partial pooling makes small groups surer"
        titled(ax, finding, "customers in the group (bars: 90 % credible)", "repeat purchases per customer, first year")
        legend(ax)
        figure = ax.get_figure(root=True)
    return _there(figure)


def _known_groups() -> tuple[pd.DataFrame, dict[str, float]]:
    """Order log of all groups, and the purchases in the first year that each group's parameters mean."""
    logs, truth = [], {}
    for k, (label, faster) in enumerate(zip(SIZES, FASTER, strict=True)):
        of_group = {**POPULATION, "alpha": POPULATION["alpha"] / faster}
        known = lw.BetaGeoModel.from_parameters(unit="W", **of_group)
        log = lw.simulate_orders(
            known, customers=SIZES[label], start="2020-01-06", acquired_until="2020-04-01", until="2020-12-31",
            seed=10 + k,
        )  # fmt: skip
        logs.append(log.assign(customer_id=label + log["customer_id"].astype(str), group=label))
        truth[label] = float(_per_year(known, known.theta(1))[0])
    return pd.concat(logs), truth


def _per_year(fitted: FittedPurchases, theta: FloatArray) -> FloatArray:
    """Expected repeat purchases in the first year, a number a draw."""
    return np.asarray(fitted.new_customer_purchases(theta, np.array([float(WEEKS_A_YEAR)]), 0.0)[0])


# ---- the house -------------------------------------------------------------------------------------------------------


@contextmanager
def panels() -> Iterator[tuple[Figure, tuple[Axes, Axes]]]:
    """Two axes beside each other in the style of lifeworth."""
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]  # keys typed as literals
        figure, (left, right) = plt.subplots(1, 2, figsize=(1.35 * SIZE[0], SIZE[1]), layout="constrained")
        figure.get_layout_engine().set(wspace=0.06)  # type: ignore[union-attr,call-arg]
        with canvas(left), canvas(right):
            yield figure, (left, right)


def _there(figure: Figure | None) -> Figure:
    if figure is None:
        raise RuntimeError("the plot has no figure")
    return figure


PICTURES: Final[dict[str, Callable[[], Figure]]] = {
    "alive": alive,
    "bg-nbd": bg_nbd,
    "mbg-nbd": mbg_nbd,
    "pareto-nbd": pareto_nbd,
    "gamma-gamma": gamma_gamma,
    "groups": groups,
}
"""What draws `images/model-<name>.png`."""


def main(names: list[str]) -> None:
    """Draw the pictures named, or all."""
    mpl.use("agg")
    for name in names or PICTURES:
        figure = PICTURES[name]()
        figure.savefig(IMAGES / f"model-{name}.png", dpi=DPI)
        plt.close(figure)


if __name__ == "__main__":
    main(sys.argv[1:])
