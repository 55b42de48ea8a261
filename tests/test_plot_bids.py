"""Plots of bid ceilings and payback: they draw the answer, and their titles say it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection

from lifeworth.models.decisions.acquiring.bid_ceilings import BidCeilings
from lifeworth.models.decisions.acquiring.payback import Payback
from lifeworth.models.ground.errors import InputError
from lifeworth.pipelines.reporting.plot_bids import listed, plot_bid_ceilings
from lifeworth.pipelines.reporting.plot_payback import plot_payback, spread

pytestmark = pytest.mark.usefixtures("no_window")

CHANNELS: Final = ("search", "social", "email", "tv")
MEAN: Final = np.array([30.0, 20.0, 28.0, 16.0])
COST: Final = np.array([20.0, 24.0, 11.0, 15.0])
WIDTHS: Final = ((7.2, 4.2), (4.6, 4.4))
"""Inches: a plot of its own, and one in a narrow column."""


def bids(rows: int = 4, *, cac: bool = True, currency: str = "$", lowest: float = 4.0) -> BidCeilings:
    mean, cost = MEAN[:rows], COST[:rows]
    columns: dict[str, Any] = {"channel": CHANNELS[:rows], "customers": [1200, 700, 350, 90][:rows]}
    columns |= {
        "new_customer_value_mean": mean,
        "new_customer_value_q05": mean - lowest,
        "new_customer_value_q50": mean,
        "new_customer_value_q95": mean + 4.0,
        "ceiling": mean - 1.5,
    }
    verdict = np.where(cost > mean - 1.5, "cut: CAC above the ceiling", "raise the bid")
    if rows == 4:
        verdict[3] = "hold: CAC below the ceiling, but blended; find the marginal one"
    if cac:
        columns |= {"cac": cost, "headroom": mean - 1.5 - cost}
    frame = pd.DataFrame(columns | {"verdict": verdict})
    return BidCeilings(frame, "rule", (), currency, "channel", "24M", 0.25, 0.2, mean[:, None])


def paid(
    months: tuple[float, ...] = (8.3, np.inf, 0.2, 20.0), *, channels: tuple[str, ...] = CHANNELS, last: int = 36
) -> Payback:
    month = np.arange(last + 1)
    level = np.linspace(6.0, 4.0, len(channels))
    curves = [
        pd.DataFrame(
            {
                "channel": channel,
                "month": month,
                "cumulative_mean": start * (2.0 + np.sqrt(month)),
                "cumulative_q05": start * (1.8 + 0.8 * np.sqrt(month)),
                "cumulative_q50": start * (2.0 + np.sqrt(month)),
                "cumulative_q95": start * (2.2 + 1.2 * np.sqrt(month)),
                "p_paid_back": 0.5,
            }
        )
        for channel, start in zip(channels, level, strict=True)
    ]
    middle = np.array(months)
    summary = pd.DataFrame(
        {
            "channel": channels,
            "customers": 100,
            "cac": np.linspace(20.0, 24.0, len(channels)),
            "cac_basis": "paid",
            "payback_q05": 0.8 * middle,
            "payback_q50": middle,
            "payback_q95": 1.5 * middle,
            "p_payback_12m": 0.9,
        }
    )
    return Payback(pd.concat(curves, ignore_index=True), "rule", (), "$", summary, middle[:, None], "channel")


def texts(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.texts]


def line(ax: Any, label: str) -> Any:
    (found,) = [each for each in ax.lines if each.get_label() == label]
    return found


def title(ax: Any) -> str:
    return " ".join(ax.get_title(loc="left").split())


# ---- bid ceilings --------------------------------------------------------------------------------


def test_each_channel_has_its_interval_its_ceiling_and_its_cac() -> None:
    found = bids()
    ax = plot_bid_ceilings(found)
    place = np.array([3.0, 2.0, 1.0, 0.0])  # the first on top
    (bars,) = [each for each in ax.collections if isinstance(each, LineCollection)]
    np.testing.assert_allclose([segment[:, 0] for segment in bars.get_segments()], np.c_[MEAN - 4.0, MEAN + 4.0])
    np.testing.assert_allclose([segment[0, 1] for segment in bars.get_segments()], place)
    for label, values in (("ceiling (q25, 20\u00a0% kept)", MEAN - 1.5), ("CAC", COST)):
        np.testing.assert_allclose(line(ax, label).get_xdata(), values)
        np.testing.assert_allclose(line(ax, label).get_ydata(), place)
    assert {"$28.50", "$18.50", "$26.50", "$14.50", "$20", "$24", "$11", "$15"} == set(texts(ax))
    assert ax.get_yticklabels()[0].get_text() == "search\n1,200 seen"
    assert "24 months in $, before CAC" in " ".join(ax.get_xlabel().split())
    assert ax.get_legend().get_texts()[0].get_text() == "mean value, 90 % credible"


def test_the_title_names_room_and_excess() -> None:
    said = title(plot_bid_ceilings(bids()))
    assert said == (
        "Room to bid more in email and search (most in email, by $15.50); social and tv cost more than their ceilings"
    )
    assert title(plot_bid_ceilings(bids(1))) == "A new customer bears a bid of up to $28.50; it costs $20 today"
    assert title(plot_bid_ceilings(bids(cac=False))) == "A new customer of search bears a bid of up to $28.50"
    none = bids(2)
    none.frame["verdict"] = "hold: CAC at the ceiling"
    none.frame["headroom"] = 0.1
    assert title(plot_bid_ceilings(none)) == "No channel has room to bid more, none is above its ceiling"


def test_without_cac_there_is_no_mark_of_it() -> None:
    ax = plot_bid_ceilings(bids(cac=False, currency=""))
    assert "CAC" not in [each.get_label() for each in ax.lines]
    assert "in $" not in ax.get_xlabel()


def test_values_below_nothing_are_in_sight() -> None:
    ax = plot_bid_ceilings(bids(lowest=40.0))
    assert ax.get_xlim()[0] < -24.0


def test_a_plot_of_its_own_is_as_high_as_it_has_channels() -> None:
    two, four = (plot_bid_ceilings(bids(rows)).get_figure().get_figheight() for rows in (2, 4))
    assert four > two


def test_channels_are_listed_in_words() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["a", "b", "c", "d"]) == "a, b, c and 1 more"


# ---- payback -------------------------------------------------------------------------------------


def test_each_group_has_its_curve_its_cac_and_the_month_where_they_meet() -> None:
    found = paid()
    ax = plot_payback(found)
    curves = [each for each in ax.lines if len(each.get_xdata()) == 37]
    assert len(curves) == 4
    for curve, channel in zip(curves, CHANNELS, strict=True):
        mine = found.frame[found.frame["channel"] == channel]
        np.testing.assert_allclose(curve.get_ydata(), mine["cumulative_mean"])
    marks = sorted(float(each.get_xdata()[0]) for each in ax.lines if len(each.get_xdata()) == 1)
    assert marks == [0.2, 8.3, 20.0]  # social never gets there
    assert texts(ax) == ["search\n8.3 months", "social\nnot in 36", "email\n< 1 month", "tv\n20 months"]
    assert ax.get_xticks().tolist() == [0, 6, 12, 18, 24, 30, 36]
    assert "in $" in ax.get_ylabel()


def test_the_title_says_first_last_and_never() -> None:
    assert title(plot_payback(paid())) == (
        "CAC is back in email within a month, in tv after 20 months (16 to 30); not within 36 months in social"
    )
    assert title(plot_payback(paid((5.0,), channels=("all",)))) == (
        "A CAC of $20 is earned back after 5.0 months (4.0 to 7.5), within a year with 90 % probability"
    )
    assert title(plot_payback(paid((np.inf,), channels=("all",)))) == (
        "A CAC of $20 is not earned back within 36 months"
    )
    assert title(plot_payback(paid((np.inf, np.inf), channels=CHANNELS[:2]))) == (
        "No group earns its CAC back within 36 months"
    )
    late = paid((30.0,), channels=("all",))
    late.summary["payback_q95"] = np.inf
    assert "(24 to more than 36)" in title(plot_payback(late))


def test_names_beside_curves_keep_apart() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        wanted = rng.uniform(0.0, 10.0, 6)
        found = spread(wanted, 1.5, 0.0, 10.0)
        assert (np.diff(np.sort(found)) >= 1.5 - 1e-9).all()
        assert (np.argsort(found) == np.argsort(wanted)).all()
        assert found.max() <= 10.0 + 1e-9
    np.testing.assert_allclose(spread(np.array([2.0, 8.0]), 1.0, 0.0, 10.0), [2.0, 8.0])


# ---- both ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", WIDTHS)
@pytest.mark.parametrize(("draw", "answer"), [(plot_bid_ceilings, bids), (plot_payback, paid)])
def test_nothing_is_cut_off_and_no_text_lies_on_another(draw: Any, answer: Any, size: tuple[float, float]) -> None:
    figure, ax = plt.subplots(figsize=size, layout="constrained")
    assert draw(answer(), ax=ax) is ax
    figure.canvas.draw()
    whole = figure.bbox
    written = [*ax.get_yticklabels(), ax._left_title, ax.xaxis.label, ax.yaxis.label, *ax.texts]
    extents = [text.get_window_extent() for text in written if text.get_text()]
    for extent in (*extents, ax.get_legend().get_window_extent()):
        assert whole.x0 - 1.0 <= extent.x0
        assert extent.x1 <= whole.x1 + 1.0
    boxes = [text.get_window_extent() for text in ax.texts]
    for i, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[:i]), ax.texts[i].get_text()


@pytest.mark.parametrize("draw", [plot_bid_ceilings, plot_payback])
def test_what_is_no_answer_is_refused(draw: Any) -> None:
    with pytest.raises(InputError, match=r"expected the result of (bid_ceilings|payback)\(valuation\)"):
        draw(pd.DataFrame())
