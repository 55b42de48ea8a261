"""The plot of a prior predictive check draws the prior draws and the observed value, and says where it lies."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from lifeworth.data import load_cdnow
from lifeworth.models import BetaGeoModel, GammaGammaModel
from lifeworth.models.ground.errors import InputError
from lifeworth.models.prediction.prior_predictive import PriorPredictive, prior_predictive
from lifeworth.pipelines.orders.summarise import summarise
from lifeworth.pipelines.reporting.plot_prior_predictive import plot_prior_predictive
from lifeworth.pipelines.reporting.plot_style import BLUE

pytestmark = pytest.mark.usefixtures("no_window")

QUANTITIES: Final = ("repeat_rate", "purchases_per_customer", "active_late", "aov", "spend_spread")


@pytest.fixture(scope="module")
def results() -> dict[str, PriorPredictive]:
    """Of the classic sample of CDNOW, by quantity."""
    summary = summarise(load_cdnow(sample=True), until="1997-09-30")
    found = [prior_predictive(model, summary, draws=200) for model in (BetaGeoModel(), GammaGammaModel())]
    return {quantity.name: result for result in found for quantity in result.quantities}


def axes() -> Axes:
    ax: Axes = Figure(layout="constrained").subplots()
    return ax


def title(ax: Axes) -> str:
    return ax.get_title(loc="left").replace("\n", " ").replace("\u00a0", " ")


@pytest.mark.parametrize("name", QUANTITIES)
def test_every_prior_draw_is_in_a_bar_and_the_observed_value_is_marked(
    results: dict[str, PriorPredictive], name: str
) -> None:
    ax = axes()
    assert plot_prior_predictive(results[name], name, ax=ax) is ax
    assert plt.get_fignums() == []
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(1.0)
    (mark,) = ax.get_lines()
    seen = results[name].observed[name]
    np.testing.assert_allclose(np.asarray(mark.get_xdata(), dtype=float), seen)
    low, high = ax.get_xlim()
    assert low <= seen <= high
    assert title(ax) == results[name].sentence(name).removesuffix(".")
    assert ax.get_xlabel()
    assert ax.get_ylabel()


def test_nine_draws_in_ten_are_darker(results: dict[str, PriorPredictive]) -> None:
    ax = plot_prior_predictive(results["repeat_rate"], ax=axes())
    dark = sum(bar.get_height() for bar in ax.patches if to_hex(bar.get_facecolor()) == BLUE)
    assert dark == pytest.approx(0.9, abs=0.05)


def test_without_a_summary_nothing_is_marked() -> None:
    ax = plot_prior_predictive(prior_predictive(BetaGeoModel(), T=52.0, scale=4.0, draws=50), ax=axes())
    assert not ax.get_lines()
    assert title(ax).startswith("The priors expect the repeat rate between")


@pytest.mark.parametrize("seen", [1e-3, 1e6, 0.0], ids=["far below", "far above", "none"])
def test_an_observed_value_far_out_is_on_the_axis(results: dict[str, PriorPredictive], seen: float) -> None:
    name = "purchases_per_customer"
    ax = plot_prior_predictive(replace(results[name], observed={name: seen}), name, ax=axes())
    low, high = ax.get_xlim()
    assert low <= seen <= high
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(1.0)


def test_priors_that_expect_nobody_to_come_back_are_drawn(results: dict[str, PriorPredictive]) -> None:
    name = "purchases_per_customer"
    result = results[name]
    ax = plot_prior_predictive(replace(result, draws=result.draws.assign(**{name: 0.0})), name, ax=axes())
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(1.0)


def test_it_makes_axes_of_its_own_shows_nothing_and_keeps_the_style_to_itself(
    results: dict[str, PriorPredictive], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("the plot was shown"))
    before = dict(mpl.rcParams)
    ax = plot_prior_predictive(results["aov"])
    assert plt.get_fignums() == [ax.figure.number]  # type: ignore[union-attr]
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("name", QUANTITIES)
@pytest.mark.parametrize("size", [(7.2, 4.1), (4.1, 3.9)], ids=["desk", "phone"])
def test_no_text_runs_over_the_edge(results: dict[str, PriorPredictive], name: str, size: tuple[float, float]) -> None:
    figure = Figure(figsize=size, layout="constrained")
    ax = plot_prior_predictive(results[name], name, ax=figure.subplots())
    FigureCanvasAgg(figure).draw()
    heading = next(text for text in ax.get_children() if getattr(text, "get_text", str)() == ax.get_title(loc="left"))
    drawn = [text.get_window_extent().x1 for text in (*ax.texts, ax.xaxis.label, heading)]
    assert max(drawn) <= figure.bbox.x1 + 1.0


def test_an_unknown_quantity_is_refused_with_those_there_are(results: dict[str, PriorPredictive]) -> None:
    with pytest.raises(InputError, match="expected one of repeat_rate, "):
        plot_prior_predictive(results["repeat_rate"], "aov", ax=axes())
