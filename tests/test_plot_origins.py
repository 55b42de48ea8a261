"""Pictures of origins and categories draw what the frames say, in wide axes and narrow, in colour and grey."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lifeworth.models.decisions.products.categories import CategoryValue
from lifeworth.models.decisions.products.origins import Origins
from lifeworth.models.ground.errors import InputError
from lifeworth.pipelines.reporting.plot_categories import categories_finding, plot_categories
from lifeworth.pipelines.reporting.plot_origins import origins_finding, plot_origins

pytestmark = pytest.mark.usefixtures("no_window")

NARROW: Final = (3.4, 4.6)


def origins_of(labels: int = 4, raw: float = 36.0, p_best: float = 0.95, currency: str = "$") -> Origins:
    place = np.arange(labels)
    mean = 30.0 - 2.0 * place
    frame = pd.DataFrame(
        {
            "channel": [f"channel {chr(97 + number % 26)}{number}" for number in place],
            "customers": 1000 // (1 + place),
            "mean_age": 20.0,
            "raw": np.where(place == 0, raw, mean - 1.0),
            "mean": mean,
            "q05": mean - 5.0,
            "q95": mean + 5.0,
            "above_average_mean": mean - 28.0,
            "above_average_q05": mean - 30.0,
            "above_average_q95": mean - 26.0,
            "p_best": np.where(place == 0, p_best, (1.0 - p_best) / max(labels - 1, 1)),
            "p_above_average": np.where(place == 0, 0.97, 0.4),
        }
    )
    draws = np.repeat(mean[:, None], 3, axis=1)
    return Origins(frame, "rule", (), currency, pd.DataFrame(), "channel", "customer", "52W", draws)


def categories_of(count: int = 3) -> CategoryValue:
    share = np.array([0.5, 0.3, 0.2, *np.zeros(max(count - 3, 0))])[:count]
    frame = pd.DataFrame(
        {
            "category": [f"kind {number}" for number in range(count)],
            "share_of_spend": np.append([0.4, 0.38, 0.22], np.zeros(max(count - 3, 0)))[:count],
            "share_of_value_mean": share,
            "share_of_value_q05": share - 0.05,
            "share_of_value_q95": share + 0.05,
            "value_mean": 10_000.0 * share,
        }
    )
    labels = pd.Index(frame["category"])
    return CategoryValue(frame, "rule", (), "$", "52W", labels, np.ones((count, 2)), 2.0)


def axes(size: tuple[float, float] = (7.2, 4.8)) -> Axes:
    ax: Axes = Figure(figsize=size, layout="constrained").subplots()
    return ax


def title(ax: Axes) -> str:
    return ax.get_title(loc="left").replace("\n", " ").replace("\u00a0", " ")


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def marks(ax: Axes, label: str) -> tuple[list[float], list[float]]:
    (drawn,) = [line for line in ax.get_lines() if line.get_label() == label]
    return np.asarray(drawn.get_xdata(), dtype=float).tolist(), np.asarray(drawn.get_ydata(), dtype=float).tolist()


# ---- origins --------------------------------------------------------------------------------------


def test_origins_are_drawn_from_the_best_down_with_their_customers() -> None:
    ax, found = axes(), origins_of()
    assert plot_origins(found, ax=ax) is ax
    assert plt.get_fignums() == []
    assert marks(ax, "pooled") == (found.frame["mean"].tolist(), [0.0, 1.0, 2.0, 3.0])
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first on top
    assert texts(ax)[0] == "channel a0 · 1,000 customers"
    assert ax.get_legend() is not None


def test_the_area_of_a_raw_mean_is_the_number_of_customers() -> None:
    ax = axes()
    plot_origins(origins_of(), ax=ax)
    (raw,) = [drawn for drawn in ax.collections if str(drawn.get_label()).startswith("raw")]
    areas = raw.get_sizes()
    assert areas[0] == pytest.approx(2.0 * areas[1])
    np.testing.assert_allclose(raw.get_offsets()[:, 0], origins_of().frame["raw"])


def test_a_raw_mean_far_away_is_told_at_the_end_of_the_axis() -> None:
    ax = axes()
    plot_origins(origins_of(raw=19_100.0), ax=ax)
    assert "raw $19.1k" in texts(ax)
    assert ax.get_xlim()[1] < 100.0


def test_both_intervals_are_drawn() -> None:
    ax, found = axes(), origins_of()
    plot_origins(found, ax=ax)
    average = float(np.average(found.frame["mean"], weights=found.frame["customers"]))
    by_label = {str(drawn.get_label()): drawn for drawn in ax.collections}
    (first, *_) = by_label["90 % of the mean"].get_segments()
    assert first[:, 0].tolist() == [25.0, 35.0]
    (first, *_) = by_label["90 % beside the average"].get_segments()
    np.testing.assert_allclose(first[:, 0], [average, average + 4.0])


def test_the_title_says_whether_the_first_is_surely_the_best() -> None:
    sure, unsure = origins_of(), origins_of(p_best=0.4)
    assert origins_finding(sure.frame, "channel", "$").startswith("channel a0 brings the best customers: $30")
    said = origins_finding(unsure.frame, "channel", "$").replace("\u00a0", " ")
    assert said == "channel a0 leads with $30 a customer, but is the best with only 40 % probability; " \
        "1 of 4 is surely above average"  # fmt: skip
    nobody = unsure.frame.assign(p_above_average=0.5)
    assert "no label is surely above average" in origins_finding(nobody, "channel", "$")


def test_many_labels_are_cut_and_counted() -> None:
    ax = axes()
    plot_origins(origins_of(30), labels=5, ax=ax)
    assert len(marks(ax, "pooled")[0]) == 5
    assert "the best 5 of 30" in ax.get_xlabel().replace("\n", " ")
    with pytest.raises(InputError, match="labels: expected a whole number"):
        plot_origins(origins_of(), labels=0, ax=axes())


def test_a_figure_of_its_own_grows_with_the_labels() -> None:
    few, many = plot_origins(origins_of(3)), plot_origins(origins_of(12))
    heights = [ax.figure.get_figheight() for ax in (few, many)]
    plt.close("all")
    assert heights[0] < heights[1]


def test_labels_without_a_raw_mean_are_drawn_all_the_same() -> None:
    found = origins_of()
    found.frame["raw"] = np.nan
    ax = axes()
    plot_origins(found, ax=ax)
    assert len(marks(ax, "pooled")[0]) == 4
    assert np.isfinite(ax.get_xlim()).all()


# ---- categories -----------------------------------------------------------------------------------


def test_categories_stand_beside_their_share_of_past_spend() -> None:
    ax, found = axes(), categories_of()
    assert plot_categories(found, ax=ax) is ax
    assert marks(ax, "share of value")[0] == [0.5, 0.3, 0.2]
    assert marks(ax, "share of past spend")[0] == [0.4, 0.38, 0.22]
    assert texts(ax)[0] == "kind 0 · $5,000"
    (first, *_) = next(d for d in ax.collections if d.get_label() == "90 % interval").get_segments()
    np.testing.assert_allclose(first[:, 0], [0.45, 0.55])
    assert "kind 0 holds 50 % of the value to come" in title(ax)


def test_the_title_names_the_category_that_surely_gains_or_loses() -> None:
    frame = categories_of().frame
    said = categories_finding(frame).replace("\u00a0", " ")
    assert said.endswith("kind 0 has more of it (50.0 %) than of past spend (40.0 %)")
    losing = frame.assign(share_of_spend=[0.5, 0.4, 0.1], share_of_value_q95=[0.55, 0.35, 0.25])
    losing["share_of_value_q05"] = [0.45, 0.25, 0.05]
    assert "kind 1 has less of it" in categories_finding(losing)
    still = frame.assign(share_of_spend=frame["share_of_value_mean"])
    assert "no category surely gains or loses" in categories_finding(still)


def test_many_categories_are_cut_and_counted() -> None:
    ax = axes()
    plot_categories(categories_of(20), categories=4, ax=ax)
    assert len(marks(ax, "share of value")[0]) == 4
    assert "the first 4 of 20" in ax.get_xlabel().replace("\n", " ")
    with pytest.raises(InputError, match="categories: expected a whole number"):
        plot_categories(categories_of(), categories=0, ax=axes())


# ---- both -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(7.2, 4.8), NARROW])
@pytest.mark.parametrize(
    "draw",
    [lambda ax: plot_origins(origins_of(6), ax=ax), lambda ax: plot_categories(categories_of(), ax=ax)],
    ids=["origins", "categories"],
)
def test_nothing_written_leaves_the_figure(draw: Any, size: tuple[float, float]) -> None:
    ax = axes(size)
    draw(ax)
    figure = ax.figure
    figure.draw_without_rendering()
    whole = figure.bbox
    for text in [ax.title, ax._left_title, ax.xaxis.label, *ax.texts]:
        box = text.get_window_extent()
        if text.get_text():
            assert box.x0 >= whole.x0 - 2.0
            assert box.x1 <= whole.x1 + 2.0


def test_a_dollar_sign_is_a_dollar_sign() -> None:
    ax = axes()
    plot_origins(origins_of(currency="$"), ax=ax)
    assert "$30" in title(ax)
    assert not any(text.get_parse_math() for text in ax.texts)
