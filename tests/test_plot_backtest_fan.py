"""The fan of a total draws its path and what its uncertainty is made of, and says what both show."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.intervals import BANDS
from lifeworth.pipelines.reporting.plot_fan import plot_fan
from lifeworth.pipelines.reporting.plot_style import bands

pytestmark = pytest.mark.usefixtures("no_window")

WEEKS: Final = 39
NORMAL: Final = {"q05": -1.645, "q10": -1.282, "q25": -0.674, "q50": 0.0, "q75": 0.674, "q90": 1.282, "q95": 1.645}
PARTS: Final = ("parameters", "chance", "the model's past error")
SHARES: Final = {"39W": (0.05, 0.09, 0.86), "13W": (0.10, 0.32, 0.58), "26W": (0.07, 0.16, 0.77)}
GREY: Final = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in a picture turned grey (ITU-R BT.601)."""


def path(came: int = 0, ratio: float = 1.05) -> pd.DataFrame:
    """Weeks ahead, of which some have come, at this ratio to what was expected."""
    week = np.arange(1.0, WEEKS + 1.0)
    frame = pd.DataFrame(
        {"week_end": pd.date_range("1997-10-07", periods=WEEKS, freq="7D"), "mean": 100.0 * week}
        | {name: 100.0 * week * (1.0 + 0.1 * z) for name, z in NORMAL.items()}
    )
    return frame.assign(actual=(frame["mean"] * ratio).where(week <= came)) if came else frame


def decomposition(quantity: str = "purchases") -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"quantity": quantity, "horizon": horizon, "part": part, "share": share, "width": 0.4 * share}
            for horizon, shares in SHARES.items()
            for part, share in zip(PARTS, shares, strict=True)
        ]
    )


def axes(size: tuple[float, float] = (7.2, 5.4)) -> Axes:
    ax: Axes = Figure(figsize=size, layout="constrained").subplots()
    return ax


def title(ax: Axes) -> str:
    return ax.get_title(loc="left").replace("\n", " ").replace("\u00a0", " ")


def line(ax: Axes, label: str) -> tuple[np.ndarray, np.ndarray]:
    (drawn,) = [line for line in ax.get_lines() if line.get_label() == label]
    return np.asarray(drawn.get_xdata()), np.asarray(drawn.get_ydata(), dtype=float)


# ---- what is drawn --------------------------------------------------------------------------------


def test_the_fan_is_its_path() -> None:
    came = 26
    ax, table = axes(), path(came)
    assert plot_fan(table, ax=ax) is ax
    assert plt.get_fignums() == []
    days, mean = line(ax, "expected")
    np.testing.assert_array_equal(date2num(days), date2num(table["week_end"]))
    np.testing.assert_array_equal(mean, table["mean"])
    np.testing.assert_array_equal(line(ax, "actual")[1], table["actual"][:came])
    assert len(ax.collections) == len(BANDS)
    assert ax.child_axes == []


def test_bands_lie_between_their_quantiles() -> None:
    ax, table = axes(), path()
    bands(ax, table, BANDS)
    for drawn, (low, high) in zip(ax.collections, (("q25", "q75"), ("q10", "q90"), ("q05", "q95")), strict=True):
        heights = drawn.get_paths()[0].vertices[:, 1]
        assert {*table[low], *table[high]} <= set(heights)
    assert [drawn.get_label() for drawn in ax.collections][-1] == "50, 80, 90 % of outcomes"


def test_the_order_of_weeks_does_not_matter() -> None:
    ax = plot_fan(path().iloc[::-1], ax=axes())
    np.testing.assert_array_equal(line(ax, "expected")[1], path()["mean"])


def test_parts_are_stacked_by_horizon_the_longest_last() -> None:
    ax = plot_fan(path(), decomposition(), ax=axes())
    (panel,) = ax.child_axes
    assert [label.get_text() for label in panel.get_yticklabels()] == ["13 weeks", "26 weeks", "39 weeks"]
    drawn = np.array([[bar.get_width() for bar in bars] for bars in panel.containers])
    expected = np.array([SHARES[horizon] for horizon in ("13W", "26W", "39W")])
    np.testing.assert_allclose(drawn.T, expected)
    ends = [bar.get_x() + bar.get_width() for bar in panel.containers[-1]]
    assert ends == pytest.approx([1.0] * 3)


def test_parts_are_named_with_the_band_of_each_alone() -> None:
    (panel,) = plot_fan(path(), decomposition(), ax=axes()).child_axes
    legend = panel.get_legend()
    assert legend is not None
    names = [text.get_text().replace("\u00a0", " ") for text in legend.get_texts()]
    assert names == ["parameters ±1 %", "chance ±2 %", "the model's past error ±17 %"]


def test_parts_are_dark_light_and_between_in_grey() -> None:
    (panel,) = plot_fan(path(), decomposition(), ax=axes()).child_axes
    greys = [float(np.dot(GREY, to_rgb(bars[0].get_facecolor()))) for bars in panel.containers]
    assert np.diff(np.sort(greys)).min() > 0.15


def test_one_horizon_of_the_parts_can_be_asked_for() -> None:
    ax = plot_fan(path(), decomposition(), horizon="13W", ax=axes())
    (panel,) = ax.child_axes
    assert [label.get_text() for label in panel.get_yticklabels()] == ["13 weeks"]
    assert "58 % of the uncertainty is the model's past error" in title(ax)


def test_of_many_horizons_as_many_as_there_is_room_for_are_shown_with_the_first_and_the_last() -> None:
    rows = decomposition().query("horizon == '13W'")
    many = pd.concat([rows.assign(horizon=f"{weeks}W") for weeks in range(4, 53, 4)])
    (panel,) = plot_fan(path(), many, ax=axes()).child_axes
    names = [label.get_text() for label in panel.get_yticklabels()]
    assert (len(names), names[0], names[-1]) == (4, "4 weeks", "52 weeks")


def test_axes_of_its_own_grow_by_what_is_below_the_fan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("the plot was shown"))
    before = dict(mpl.rcParams)
    heights = []
    for parts in (None, decomposition()):
        figure = plot_fan(path(), parts).figure
        figure.draw_without_rendering()  # type: ignore[union-attr]
        heights.append(figure.axes[0].get_position().height * figure.get_figheight())  # type: ignore[union-attr]
    assert heights[1] == pytest.approx(heights[0], rel=0.15)
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("size", [(4.1, 4.4), (12.0, 6.0)], ids=["phone", "wall"])
def test_nothing_that_is_written_is_cut_off_or_covered(size: tuple[float, float]) -> None:
    ax = plot_fan(path(26), decomposition(), ax=axes(size))
    figure = ax.figure
    figure.draw_without_rendering()  # type: ignore[union-attr]
    (panel,) = ax.child_axes
    legend, under = ax.get_legend(), panel.get_legend()
    assert legend is not None
    assert under is not None
    parts = [ax._left_title, ax.xaxis.label, legend, panel._left_title, panel, under]  # type: ignore[attr-defined]
    boxes = [part.get_window_extent() for part in parts]
    for upper, lower in pairwise(boxes):
        assert upper.y0 >= lower.y1 - 1.0, "one lies on the other"
    for box in (*boxes, *(label.get_window_extent() for label in panel.get_yticklabels())):
        assert box.x0 >= -1.0
        assert box.y0 >= -1.0
        assert box.x1 <= figure.bbox.x1 + 1.0
        assert box.y1 <= figure.bbox.y1 + 1.0
    assert ax.get_position().width > 0.6, "the fan was squeezed"


# ---- what the title says --------------------------------------------------------------------------


def test_the_title_says_what_is_expected_by_when_and_what_most_of_the_uncertainty_is() -> None:
    assert title(plot_fan(path(), decomposition(), ax=axes())) == (
        "3,258 to 4,542 purchases expected by 30 June 1998 (90 % interval); "
        "86 % of the uncertainty is the model's past error"
    )


def test_doubt_about_parameters_is_said_so() -> None:
    table = decomposition()
    table["share"] = table["part"].map(dict(zip(PARTS, (0.7, 0.2, 0.1), strict=True)))
    assert title(plot_fan(path(), table, ax=axes())).endswith("70 % of the uncertainty is doubt about the parameters")


@pytest.mark.parametrize(
    ("came", "ratio", "said"),
    [
        (26, 1.05, "By 31 March 1998: 5.0 % more purchases than expected, within the 90 % band"),
        (39, 0.8, "By 30 June 1998: 20.0 % fewer purchases than expected, outside the 90 % band"),
    ],
)
def test_the_title_compares_what_has_come(came: int, ratio: float, said: str) -> None:
    assert title(plot_fan(path(came, ratio), ax=axes())) == said


def test_weeks_by_themselves_are_counted() -> None:
    table = path(30)
    table.loc[:3, "actual"] = 1e4
    ax = plot_fan(table, cumulative=False, ax=axes())
    assert title(ax) == "26 of 30 weeks lie within the 90 % band"
    assert ax.get_ylabel() == "purchases per week"
    assert "expected in the week to 30 June 1998" in title(plot_fan(path(), cumulative=False, ax=axes()))


def test_amounts_have_their_currency() -> None:
    ax = plot_fan(path(), decomposition("spend"), quantity="spend", currency="$", ax=axes())
    assert title(ax).startswith("$3,258 to $4,542 of spend expected by")
    assert ax.get_ylabel() == "spend since the cut-off in $"
    assert ax.yaxis.get_major_formatter()(2000.0) == "$2,000"
    assert "less spend than expected" in title(plot_fan(path(20, 0.9), quantity="spend", ax=axes()))


# ---- what it refuses ------------------------------------------------------------------------------


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InputError, match=r"path: expected a table with rows and the columns week_end, .*without q10"):
        plot_fan(path().drop(columns="q10"), ax=axes())
    with pytest.raises(InputError, match=r"decomposition: expected .*without part, share"):
        plot_fan(path(), decomposition().drop(columns=["part", "share"]), ax=axes())


def test_a_path_without_weeks_is_refused() -> None:
    with pytest.raises(InputError, match=r"path: expected a table with rows .*got no rows"):
        plot_fan(path().iloc[:0], ax=axes())


def test_an_unknown_quantity_or_horizon_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match="quantity: expected one of purchases, spend, value; got 'orders'"):
        plot_fan(path(), quantity="orders", ax=axes())
    with pytest.raises(InputError, match="quantity: expected one of purchases; got 'spend'"):
        plot_fan(path(), decomposition(), quantity="spend", ax=axes())
    with pytest.raises(InputError, match="horizon: expected one of 13W, 26W, 39W; got '52W'"):
        plot_fan(path(), decomposition(), horizon="52W", ax=axes())
