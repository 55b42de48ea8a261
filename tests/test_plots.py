"""Plots: they draw the numbers they are given, say what these show, and leave matplotlib as they found it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import date2num
from matplotlib.figure import Figure

import lifeworth as lw
from lifeworth.data import load_cdnow
from lifeworth.models import BetaGeoModel, GammaGammaModel
from lifeworth.models.ground.errors import InputError
from lifeworth.models.valuation.economics import Economics
from lifeworth.models.valuation.value import Valuation, value
from lifeworth.pipelines.orders.summarise import summarise
from lifeworth.pipelines.reporting.concentration import Concentration
from lifeworth.pipelines.reporting.holdout import Holdout, holdout
from lifeworth.pipelines.reporting.tracking import Tracking, tracking
from lifeworth.pipelines.reporting.wording import percent, short

pytestmark = pytest.mark.usefixtures("no_window")

DRAWS: Final = 200
CURRENCY: Final = "$"


@dataclass(frozen=True)
class Found:
    """What plots draw."""

    tracking: Tracking
    holdout: Holdout
    valuation: Valuation


Draw = Callable[[Found, Axes | None], Axes]

DRAWINGS: Final[dict[str, Draw]] = {
    "tracking": lambda found, ax: lw.plot_tracking(found.tracking, ax=ax),
    "tracking_cumulative": lambda found, ax: lw.plot_tracking(found.tracking, cumulative=True, ax=ax),
    "total_purchases": lambda found, ax: lw.plot_total(found.holdout.forecast, actual=1882.0, ax=ax),
    "total_value": lambda found, ax: lw.plot_total(found.valuation, ax=ax),
    "purchases_by_frequency": lambda found, ax: lw.plot_purchases_by_frequency(found.holdout, ax=ax),
    "calibration_active": lambda found, ax: lw.plot_calibration_active(found.holdout, ax=ax),
    "value_distribution": lambda found, ax: lw.plot_value_distribution(found.valuation, ax=ax),
    "concentration": lambda found, ax: lw.plot_concentration(found.valuation, ax=ax),
}


@pytest.fixture(scope="module")
def found() -> Found:
    orders = load_cdnow(sample=True)
    summary = summarise(orders, until="1997-09-30")
    purchases, spend = BetaGeoModel().fit(summary), GammaGammaModel().fit(summary)
    economics = Economics(margin=0.3, annual_discount_rate=0.15, cac=20.0, currency=CURRENCY)
    return Found(
        tracking(purchases, summary, orders, draws=DRAWS),
        holdout(purchases, spend, summary, orders, through="1998-06-30", draws=DRAWS),
        value(purchases, spend, summary, economics, ["12M", "36M"], draws=DRAWS),
    )


def axes() -> Axes:
    ax: Axes = Figure(layout="constrained").subplots()
    return ax


def line(ax: Axes, label: str) -> tuple[np.ndarray, np.ndarray]:
    (drawn,) = [line for line in ax.get_lines() if line.get_label() == label]
    return np.asarray(drawn.get_xdata()), np.asarray(drawn.get_ydata(), dtype=float)


def title(ax: Axes) -> str:
    return ax.get_title(loc="left").replace("\n", " ").replace("\u00a0", " ")


# ---- every plot ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_plot_draws_on_the_axes_it_is_given_and_returns_them(found: Found, name: str) -> None:
    ax = axes()
    assert DRAWINGS[name](found, ax) is ax
    assert plt.get_fignums() == []


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_plot_without_axes_makes_its_own_and_shows_nothing(
    found: Found, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("the plot was shown"))
    ax = DRAWINGS[name](found, None)
    assert plt.get_fignums() == [ax.figure.number]


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_plot_says_its_finding_and_names_both_axes(found: Found, name: str) -> None:
    ax = DRAWINGS[name](found, axes())
    assert any(character.isdigit() for character in title(ax)), "a finding has a number"
    assert ax.get_xlabel()
    assert ax.get_ylabel()


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_plot_leaves_the_settings_of_matplotlib_alone(found: Found, name: str) -> None:
    before = dict(mpl.rcParams)
    DRAWINGS[name](found, axes())
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("name", DRAWINGS)
@pytest.mark.parametrize("size", [(7.2, 4.1), (4.1, 3.9)], ids=["desk", "phone"])
def test_no_title_runs_over_the_edge(found: Found, name: str, size: tuple[float, float]) -> None:
    figure = Figure(figsize=size, layout="constrained")
    ax = DRAWINGS[name](found, figure.subplots())
    FigureCanvasAgg(figure).draw()
    drawn = {text: text.get_window_extent().x1 for text in (*ax.texts, ax.xaxis.label, _left_title(ax))}
    assert max(drawn.values()) <= figure.bbox.x1 + 1.0, max(drawn, key=lambda text: drawn[text]).get_text()


def _left_title(ax: Axes) -> Any:
    return ax._left_title


@pytest.mark.parametrize("name", ["total_value", "value_distribution"])
def test_dollars_are_text_and_not_mathematics(found: Found, name: str) -> None:
    ax = DRAWINGS[name](found, axes())
    assert title(ax).count("$") == 2
    assert not _left_title(ax).get_parse_math()


def test_importing_the_plots_does_not_import_matplotlib() -> None:
    code = "import sys, lifeworth.pipelines.reporting.plot_value; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"


# ---- what they draw ------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "cumulative_"])
def test_the_lines_of_tracking_are_its_frame(found: Found, prefix: str) -> None:
    ax = lw.plot_tracking(found.tracking, cumulative=bool(prefix), ax=axes())
    frame = found.tracking.frame
    days, actual = line(ax, "actual")
    np.testing.assert_array_equal(date2num(days), date2num(frame["week_end"]))
    np.testing.assert_array_equal(actual, frame[f"{prefix}actual"])
    ahead = frame[frame["forecast"]]
    np.testing.assert_array_equal(line(ax, "forecast")[1], ahead[f"{prefix}expected"])
    assert len(ax.collections) == 3, "one band a level"


def test_the_title_of_tracking_counts_the_weeks_within_the_band(found: Found) -> None:
    seen = found.tracking.seen
    inside = seen["actual"].between(seen["q05"], seen["q95"]).sum()
    ax = lw.plot_tracking(found.tracking, ax=axes())
    assert title(ax).startswith(f"{inside} of 39 weeks lie within the 90 % band")


def test_tracking_without_a_forecast_is_drawn_without_bands(found: Found) -> None:
    frame = found.tracking.frame
    past = Tracking(frame[~frame["forecast"]].reset_index(drop=True), found.tracking.until)
    ax = lw.plot_tracking(past, ax=axes())
    assert not ax.collections
    assert "than came" in title(ax)


def test_tracking_of_the_future_says_what_is_expected(found: Found) -> None:
    frame = found.tracking.frame.copy()
    frame.loc[frame["forecast"], ["actual", "cumulative_actual"]] = np.nan
    ax = lw.plot_tracking(Tracking(frame, found.tracking.until), ax=axes())
    assert "are expected in the next 39 weeks" in title(ax)


def test_the_bars_of_a_total_are_shares_of_its_draws(found: Found) -> None:
    ax = lw.plot_total(found.holdout.forecast, "spend", ax=axes())
    bars = [patch for patch in ax.patches if patch.get_height() > 0]
    assert sum(bar.get_height() for bar in bars) == pytest.approx(1.0)
    draws = found.holdout.forecast.draws["spend"][0]
    assert bars[0].get_x() <= draws.min()


def test_a_long_tail_of_a_total_does_not_squeeze_its_bars(found: Found) -> None:
    draws = found.holdout.forecast.draws["spend"].copy()
    most = 20.0 * draws[0].max()
    draws[0, 0] = most
    forecast = replace(found.holdout.forecast, draws={**found.holdout.forecast.draws, "spend": draws})
    ax = lw.plot_total(forecast, "spend", ax=axes())
    assert max(bar.get_x() + bar.get_width() for bar in ax.patches) < most / 10.0
    beyond = 1.0 - sum(bar.get_height() for bar in ax.patches)
    assert f"{percent(beyond, 1)} lie beyond, up to {short(most)}" in {text.get_text() for text in ax.texts}


@pytest.mark.parametrize(("actual", "where"), [(1600.0, "within"), (9000.0, "above"), (10.0, "below")])
def test_a_total_says_where_the_actual_number_lies(found: Found, actual: float, where: str) -> None:
    ax = lw.plot_total(found.holdout.forecast, actual=actual, ax=axes())
    assert title(ax).endswith(f"{where} the interval")
    assert any(np.allclose(np.asarray(drawn.get_xdata(), float), actual) for drawn in ax.get_lines())


def test_groups_by_frequency_are_drawn_as_they_are(found: Found) -> None:
    ax = lw.plot_purchases_by_frequency(found.holdout, ax=axes())
    np.testing.assert_array_equal(line(ax, "actual")[1], found.holdout.by_frequency["actual"])
    np.testing.assert_array_equal(line(ax, "forecast")[1], found.holdout.by_frequency["mean"])
    assert ax.get_xticklabels()[-1].get_text() == "7+\n64"


def test_groups_that_all_hold_are_not_called_misses(found: Found) -> None:
    groups = found.holdout.by_frequency
    fine = replace(found.holdout, by_frequency=groups.assign(actual=groups["mean"]))
    ax = lw.plot_purchases_by_frequency(fine, ax=axes())
    assert title(ax) == "Every group of customers bought as often as forecast"


def test_calibration_is_drawn_against_the_prediction(found: Found) -> None:
    ax = lw.plot_calibration_active(found.holdout, ax=axes())
    predicted, actual = line(ax, "actual")
    np.testing.assert_array_equal(predicted, found.holdout.by_p_active["predicted"])
    np.testing.assert_array_equal(actual, found.holdout.by_p_active["actual"])


def test_the_distribution_of_value_names_median_and_average(found: Found) -> None:
    customers = found.valuation.customers
    values = customers.loc[customers["horizon"] == "36M", "value_mean"]
    ax = lw.plot_value_distribution(found.valuation, "36M", ax=axes())
    assert {f"median ${values.median():.2f}", f"average ${values.mean():.2f}"} == {t.get_text() for t in ax.texts}
    assert "36 months" in ax.get_xlabel()


def test_values_below_zero_are_drawn_on_a_plain_axis(found: Found) -> None:
    customers = found.valuation.customers
    losing = replace(found.valuation, customers=customers.assign(value_mean=customers["value_mean"] - 5.0))
    assert lw.plot_value_distribution(losing, ax=axes()).get_xscale() == "linear"
    assert lw.plot_value_distribution(found.valuation, ax=axes()).get_xscale() == "log"


def test_concentration_is_that_of_a_sort_by_hand() -> None:
    curve = Concentration.of(np.array([1.0, 6.0, 1.0, 2.0]))
    assert [curve.held_by(share) for share in (0.25, 0.5, 0.75, 1.0)] == pytest.approx([0.6, 0.8, 0.9, 1.0])
    assert curve.held_by(0.0) == 0.0


def test_a_top_that_the_straight_line_would_cross_is_named_beyond_it(found: Found) -> None:
    alike = found.valuation.customers.assign(value_mean=1.0)
    ax = lw.plot_concentration(replace(found.valuation, customers=alike), ax=axes())
    tops = [text for text in ax.texts if text.get_text().startswith("top ")]
    assert len(tops) == 3
    assert all(text.get_position()[0] > text.get_position()[1] for text in tops)


def test_a_base_that_is_worth_nothing_has_no_concentration() -> None:
    with pytest.raises(InputError, match="its total is 0"):
        Concentration.of(np.zeros(3))


# ---- what they refuse ----------------------------------------------------------------------------


def test_an_unknown_horizon_is_refused_with_those_there_are(found: Found) -> None:
    with pytest.raises(InputError, match="expected one of 12M, 36M; got '24M'"):
        lw.plot_concentration(found.valuation, "24M", ax=axes())


def test_an_unknown_quantity_is_refused_with_those_there_are(found: Found) -> None:
    with pytest.raises(InputError, match="expected one of purchases, spend; got 'value'"):
        lw.plot_total(found.holdout.forecast, "value", ax=axes())


def test_a_valuation_without_customers_is_refused_with_the_remedy(found: Found) -> None:
    totals_alone = replace(found.valuation, customers=pd.DataFrame())
    with pytest.raises(InputError, match="per_customer=True"):
        lw.plot_value_distribution(totals_alone, ax=axes())
