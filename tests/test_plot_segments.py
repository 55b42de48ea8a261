"""Plots of segments, cohorts and modelled curves: they draw the numbers they are given and say what these show."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lifeworth.models import BetaGeoModel, GammaGammaModel
from lifeworth.models.decisions.customers.cohorts import Cohorts, cohorts
from lifeworth.models.decisions.customers.segments import Segments, segments
from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.summary import CustomerSummary
from lifeworth.models.prediction.curves import repeat_curve, repeat_curve_of_summary, survival_curve
from lifeworth.models.valuation.economics import Economics
from lifeworth.models.valuation.value import Valuation, value
from lifeworth.pipelines.reporting.plot_cohorts import MEASURES, cohorts_finding, plot_cohorts
from lifeworth.pipelines.reporting.plot_curves import curve_finding, plot_repeat, plot_survival
from lifeworth.pipelines.reporting.plot_segments import plot_segments, segments_finding

pytestmark = pytest.mark.usefixtures("no_window")

PURCHASES: Final = BetaGeoModel.from_parameters(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="W")
SPEND: Final = GammaGammaModel.from_parameters(p=6.25, q=3.74, v=15.44)
NARROW: Final = (4.0, 5.0)  # inches
WIDE: Final = (8.0, 5.0)


@pytest.fixture(scope="module")
def summary() -> CustomerSummary:
    rng = np.random.default_rng(1)
    T = rng.uniform(5.0, 90.0, 300)
    x = rng.poisson(rng.gamma(0.5, 3.0, 300))
    frame = pd.DataFrame(
        {
            "customer_id": np.arange(300),
            "frequency": x,
            "recency": np.where(x > 0, T * rng.uniform(0.1, 0.99, 300), 0.0),
            "T": T,
            "monetary_value_all": rng.gamma(6.0, 5.0, 300),
            "monetary_value": np.where(x > 0, 30.0, 0.0),
            "channel": rng.choice(["search", "shop", "social"], 300),
        }
    )
    return CustomerSummary.from_frame(frame, unit="W", until="2024-06-30")


@pytest.fixture(scope="module")
def valuation(summary: CustomerSummary) -> Valuation:
    economics = Economics(margin=0.3, annual_discount_rate=0.15, currency="$")
    return value(PURCHASES, SPEND, summary, economics, "12M", draws=100)


@pytest.fixture(scope="module")
def named(valuation: Valuation) -> Segments:
    return segments(valuation)


@pytest.fixture(scope="module")
def quarters(valuation: Valuation) -> Cohorts:
    return cohorts(valuation)


def axes(size: tuple[float, float] = WIDE) -> Axes:
    ax: Axes = Figure(size, layout="constrained").subplots()
    return ax


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def labelled(ax: Axes, label: str) -> Any:
    (line,) = [line for line in ax.get_lines() if line.get_label() == label]
    return line


DRAWINGS: Final[dict[str, Callable[[Segments, Cohorts, CustomerSummary, Axes | None], Axes]]] = {
    "segments": lambda named, _, __, ax: plot_segments(named, ax=ax),
    **{
        f"cohorts of {measure}": lambda _, quarters, __, ax, measure=measure: plot_cohorts(quarters, measure, ax=ax)
        for measure in MEASURES
    },
    "survival": lambda _, __, ___, ax: plot_survival(survival_curve(PURCHASES), ax=ax),
    "repeat": lambda _, __, summary, ax: plot_repeat(
        repeat_curve(PURCHASES, "12M"), repeat_curve_of_summary(summary), ax=ax
    ),
    "repeat purchases": lambda _, __, ___, ax: plot_repeat(
        repeat_curve(PURCHASES, "26W"), quantity="repeat_purchases", ax=ax
    ),
}


@pytest.mark.parametrize("drawing", DRAWINGS)
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_plot_fits_the_axes_it_is_given(
    drawing: str, size: tuple[float, float], named: Segments, quarters: Cohorts, summary: CustomerSummary
) -> None:
    ax = axes(size)
    assert DRAWINGS[drawing](named, quarters, summary, ax) is ax
    figure: Any = ax.get_figure()
    figure.savefig(BytesIO(), format="png")  # a layout that does not fit warns, and warnings are errors
    assert plt.get_fignums() == []
    assert ax.get_title(loc="left")
    assert ax.get_xlabel()
    title = ax._left_title.get_window_extent()  # type: ignore[attr-defined]  # there is no other way to the left one
    assert title.x1 <= figure.bbox.x1 + 1.0


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_without_axes_a_plot_makes_its_own(
    drawing: str, named: Segments, quarters: Cohorts, summary: CustomerSummary
) -> None:
    ax = DRAWINGS[drawing](named, quarters, summary, None)
    assert len(plt.get_fignums()) == 1
    rows = {"segments": len(named.by_segment)}.get(drawing, len(quarters.frame) if "cohorts" in drawing else 0)
    assert ax.get_figure().get_figheight() >= 0.4 * rows  # type: ignore[union-attr]  # axes have a figure


# ---- segments ------------------------------------------------------------------------------------


def test_bars_are_the_value_of_each_tier_end_to_end(named: Segments) -> None:
    ax = plot_segments(named, ax=axes())
    ends = {tier: [] for tier in named.tiers}  # type: dict[str, list[tuple[float, float]]]
    for bars in ax.containers:
        if str(bars.get_label()).endswith(" value"):
            tier = str(bars.get_label()).removesuffix(" value")
            ends[tier] = [(bar.get_x(), bar.get_width()) for bar in bars]
    for place, segment in enumerate(named.by_segment["segment"]):
        rows = named.frame[named.frame["segment"] == segment].set_index("value_tier")["value_mean"]
        start = 0.0
        for tier in named.tiers:
            assert ends[tier][place] == pytest.approx((start, rows.get(tier, 0.0)))
            start += rows.get(tier, 0.0)
        assert start == pytest.approx(named.by_segment["value_mean"].iloc[place])


def test_diamonds_are_where_segments_would_be_if_all_customers_were_worth_the_same(named: Segments) -> None:
    ax = plot_segments(named, ax=axes())
    marks = labelled(ax, "if all were worth the same").get_xdata()
    np.testing.assert_allclose(marks, named.by_segment["share"] * named.by_segment["value_mean"].sum())


def test_every_segment_is_named_with_its_customers(named: Segments) -> None:
    found = texts(plot_segments(named, ax=axes()))
    for row, text in zip(named.by_segment.to_dict("records"), found, strict=True):
        assert text.startswith(f"{row['segment']} ({row['customers']:,}, ")


def test_the_interval_is_that_of_the_segment(named: Segments) -> None:
    ax = plot_segments(named, ax=axes())
    ((lines,),) = [bars.lines[2] for bars in ax.containers if bars.get_label() == "90 % of outcomes"]  # type: ignore[attr-defined]
    for segment, row in zip(lines.get_segments(), named.by_segment.to_dict("records"), strict=True):
        low, high = segment[:, 0]
        assert low == pytest.approx(min(row["value_q05"], row["value_mean"]))
        assert high == pytest.approx(max(row["value_q95"], row["value_mean"]))


def test_the_finding_names_the_segment_that_brings_most() -> None:
    table = pd.DataFrame(
        {"segment": ["champions", "lost"], "customers": [1234, 8766], "share": [0.1234, 0.8766],
         "value_mean": [7500.0, 2500.0]}
    )  # fmt: skip
    found = segments_finding(table, "$").replace("\u00a0", " ")
    assert found == "1,234 champions (12 % of the customers) are expected to bring 75 % of $10k"
    assert segments_finding(table.iloc[:1], "$") == "All customers are champions, expected to bring $7,500"
    assert "cost least" in segments_finding(table.assign(value_mean=-1.0))


# ---- cohorts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", MEASURES)
def test_dots_are_observed_and_dashes_modelled(quarters: Cohorts, measure: Any) -> None:
    ax, chosen = plot_cohorts(quarters, measure, ax=axes()), MEASURES[measure]
    drawn = {str(line.get_label()).split(":")[0]: line.get_xdata() for line in ax.get_lines()}
    np.testing.assert_array_equal(drawn["modelled"], quarters.frame[chosen.modelled])
    if measure == "retention":
        assert list(drawn) == ["modelled"]  # nobody has ever observed it
    else:
        np.testing.assert_array_equal(drawn["observed"], quarters.frame[chosen.observed])
    if chosen.interval is not None:
        (bars,) = ax.collections
        ends = np.array([segment[:, 0] for segment in bars.get_segments()])  # type: ignore[attr-defined]
        np.testing.assert_allclose(ends[:, 0], quarters.frame[f"{chosen.interval}_q05"])
        np.testing.assert_allclose(ends[:, 1], quarters.frame[f"{chosen.interval}_q95"])


def test_cohorts_are_named_with_their_customers(quarters: Cohorts, valuation: Valuation) -> None:
    rows = zip(quarters.frame["cohort"], quarters.frame["customers"], strict=True)
    assert texts(plot_cohorts(quarters, ax=axes())) == [f"first purchase {c} ({n} customers)" for c, n in rows]
    assert texts(plot_cohorts(cohorts(valuation, by="channel"), ax=axes()))[0].startswith("search (")


def test_the_finding_of_cohorts_names_both_ends(quarters: Cohorts) -> None:
    ordered = quarters.frame.sort_values("retention_modelled")
    found = cohorts_finding(quarters, "retention")
    assert found.startswith("Modelled retention over 12 months: from ")
    assert f"({ordered['cohort'].iloc[0]})" in found
    assert found.endswith(f"({ordered['cohort'].iloc[-1]})")


def test_an_unknown_measure_is_refused(quarters: Cohorts) -> None:
    with pytest.raises(InputError, match="measure: expected one of value, aov, active, retention"):
        plot_cohorts(quarters, "churn")  # type: ignore[arg-type]  # what is tested


# ---- curves --------------------------------------------------------------------------------------


def test_the_curve_is_drawn_as_it_is_and_called_modelled() -> None:
    curve = survival_curve(PURCHASES, "24M")
    ax = plot_survival(curve, ax=axes())
    (line,) = ax.get_lines()
    np.testing.assert_array_equal(line.get_xdata(), curve["months"])
    np.testing.assert_array_equal(line.get_ydata(), curve["mean"])
    assert "modelled" in ax.get_ylabel()
    assert "modelled" in ax.get_title(loc="left")


def test_what_was_seen_stands_beside_what_is_modelled(summary: CustomerSummary) -> None:
    seen = repeat_curve_of_summary(summary)
    ax = plot_repeat(repeat_curve(PURCHASES, "12M"), seen, ax=axes())
    dots = labelled(ax, "observed, evenly spread")
    np.testing.assert_array_equal(dots.get_ydata(), seen.set_index("months").loc[dots.get_xdata(), "mean"])
    labels = [text.get_text() for text in ax.get_legend().get_texts()]  # type: ignore[union-attr]  # it has a legend
    assert labels == ["modelled, 90 % credible", "observed, evenly spread"]


def test_groups_have_a_curve_each() -> None:
    one = survival_curve(PURCHASES, "12M")
    both = pd.concat([one.assign(mean=one["mean"] * share) for share in (1.0, 0.5)])
    both.insert(0, "channel", np.repeat(["shop", "ads"], len(one)))
    ax = plot_survival(both, ax=axes())
    assert [line.get_label() for line in ax.get_lines()] == ["shop", "ads"]
    assert ax.get_title(loc="left").replace("\n", " ").split(" are")[0].endswith("(shop)")
    many = pd.concat([one.assign(channel=str(place)) for place in range(7)])
    many = many[["channel", *one.columns]]
    with pytest.raises(InputError, match="7 curves by 'channel'; expected at most 6"):
        plot_survival(many, ax=axes())


def test_the_finding_is_of_a_year_or_of_the_end_if_that_is_sooner() -> None:
    curve = repeat_curve(PURCHASES, "36M")
    half = repeat_curve(PURCHASES, "26W")
    assert curve_finding({"": curve[curve["quantity"] == "repeat"]}, "repeat").endswith("after 12 months")
    assert curve_finding({"": half[half["quantity"] == "repeat"]}, "repeat").endswith("after 26 weeks")
    number = curve[curve["quantity"] == "repeat_purchases"]
    year = number.loc[number["age"] == "12M", "mean"].item()
    assert curve_finding({"": number}, "repeat_purchases").startswith(f"{year:.2f} repeat purchases are modelled")


def test_a_frame_that_is_no_such_curve_is_refused(summary: CustomerSummary) -> None:
    survival, repeat = survival_curve(PURCHASES, "6M"), repeat_curve(PURCHASES, "6M")
    with pytest.raises(InputError, match="with quantity 'survival'"):
        plot_survival(repeat, ax=axes())
    with pytest.raises(InputError, match="curve: expected a frame"):
        plot_repeat(survival[["age", "mean"]], ax=axes())
    with pytest.raises(InputError, match="quantity: expected 'repeat' or 'repeat_purchases'"):
        plot_repeat(repeat, quantity="churn", ax=axes())
    with pytest.raises(InputError, match="observed: expected beside a single curve"):
        plot_repeat(repeat, repeat_curve_of_summary(summary), quantity="repeat_purchases", ax=axes())
