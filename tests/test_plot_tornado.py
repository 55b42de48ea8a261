"""The tornado plot: it draws the frame of a scenario, sorted, and its title says what moves value most."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from lifeworth.models.decisions.scenarios.levers import Changes
from lifeworth.models.decisions.scenarios.scenarios import Elasticities, Tornado, WhatIf
from lifeworth.models.ground.errors import InputError
from lifeworth.pipelines.reporting.plot_tornado import plot_tornado

pytestmark = pytest.mark.usefixtures("no_window")

WORTH: Final = {"retention": 3000.0, "margin": 4259.4, "cost_per_order": -395.0, "cac": 0.0}
"""Of ten percent more of each lever."""


def told(mean: float) -> dict[str, float]:
    ends = sorted([0.7 * mean, 1.4 * mean])
    return {"difference_mean": mean, "difference_q05": ends[0], "difference_q95": ends[1]}


def swings(changes: tuple[float, ...] = (-0.1, 0.1)) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"quantity": quantity, "lever": lever, "change": change, "value_mean": size * 32_709.4}
            | told(size * worth * change / 0.1)
            for quantity, size in (("residual_value", 1.0), ("acquisition_npv", 0.001))
            for lever, worth in WORTH.items()
            for change in changes
        ]
    )


TORNADO: Final = Tornado(swings(), "the rule", (), "$", "36M")
ELASTICITIES: Final = Elasticities(swings((0.01,)), "the rule", (), "$", "36M")


def asked(change: float, horizon: str = "36M") -> WhatIf:
    frame = pd.DataFrame([{"quantity": "residual_value", "before_mean": 500.0} | told(100.0 * change)])
    rows = [("margin", change, 80.0 * change), ("retention", 0.02, 25.0 * change), ("interaction", np.nan, -5 * change)]
    parts = [{"quantity": "residual_value", "lever": name, "change": by} | told(mean) for name, by, mean in rows]
    return WhatIf(frame, "the rule", (), "EUR", pd.DataFrame(parts), Changes(margin=change, retention=0.02), horizon)


def bars(ax: Axes) -> list[float]:
    return [float(bar.get_width()) for container in ax.containers for bar in container]


def texts(ax: Axes) -> list[str]:
    return [text.get_text().replace("\u00a0", " ") for text in ax.texts]


def title(ax: Axes) -> str:
    return ax.get_title(loc="left").replace("\n", " ").replace("\u00a0", " ")


def test_bars_are_the_differences_and_whiskers_their_intervals() -> None:
    ax = plot_tornado(TORNADO)
    drawn = TORNADO.frame[(TORNADO.frame["quantity"] == "residual_value") & (TORNADO.frame["lever"] != "cac")]
    np.testing.assert_allclose(sorted(bars(ax)), sorted(drawn["difference_mean"]))
    (whiskers,) = [one for one in ax.collections if isinstance(one, LineCollection)]
    found = sorted(tuple(segment[:, 0]) for segment in whiskers.get_segments())
    np.testing.assert_allclose(found, sorted(zip(drawn["difference_q05"], drawn["difference_q95"], strict=True)))


def test_the_widest_lever_is_on_top_and_one_that_does_nothing_is_left_out() -> None:
    ax = plot_tornado(TORNADO)
    names = {text.get_text(): text.xy[1] for text in ax.texts if text.get_text().replace(" ", "").isalpha()}
    assert sorted(names, key=names.get) == ["margin", "retention", "cost per order"]
    low, high = ax.get_ylim()
    assert low > high


def test_amounts_stand_beside_the_whiskers_with_their_sign_and_currency() -> None:
    assert {"+$4,259", "-$4,259", "+$395", "-$395"} <= set(texts(plot_tornado(TORNADO)))
    ax = plot_tornado(TORNADO, "acquisition_npv")
    assert "+$4.26" in texts(ax)
    low, high = ax.get_xlim()
    assert low < -1.4 * 4.2594
    assert high > 1.4 * 4.2594
    assert ax.get_xlabel().startswith("difference of acquisition NPV within 36 months, in $")


def test_the_title_says_what_moves_value_most() -> None:
    assert (
        title(plot_tornado(TORNADO)) == "Margin +10 % adds $4,259 to a residual value of $32,709, more than any other"
    )
    assert title(plot_tornado(ELASTICITIES)).startswith("Margin +1 % adds $426 to a residual value of $32,709")
    alone = TORNADO.frame[TORNADO.frame["lever"] == "cost_per_order"]
    alone = plot_tornado(Tornado(alone, "the rule", (), "$", "36M"))
    assert title(alone) == "Cost per order +10 % takes $395 from a residual value of $32,709"


def test_a_what_if_is_its_parts_and_several_are_a_bar_each() -> None:
    one = plot_tornado(asked(0.1))
    np.testing.assert_allclose(sorted(bars(one)), [-0.5, 2.5, 8.0])
    assert {"margin +10 %", "retention +2 %", "interaction"} <= set(texts(one))
    assert title(one).startswith("Margin +10 % adds EUR 8 to a residual value of EUR 500")
    several = plot_tornado([asked(0.1), asked(-0.2)])
    np.testing.assert_allclose(sorted(bars(several)), [-20.0, 10.0])
    assert {"retention +2 %, margin +10 %", "retention +2 %, margin -20 %"} <= set(texts(several))
    assert title(several).startswith("Retention +2 %, margin -20 % takes EUR 20 from")


def test_it_draws_on_axes_that_are_given_and_cuts_names_that_do_not_fit() -> None:
    figure, ax = plt.subplots(figsize=(2.6, 4.0), layout="constrained")
    assert plot_tornado([asked(0.1), asked(-0.2)], ax=ax) is ax
    assert any(text.endswith("…") for text in texts(ax))
    assert figure.get_size_inches().tolist() == [2.6, 4.0]


@pytest.mark.parametrize(
    ("scenario", "quantity", "said"),
    [
        (TORNADO, "lifetime", "quantity: expected one of residual_value, acquisition_npv; got 'lifetime'"),
        ([TORNADO, TORNADO], "residual_value", "expected what tornado"),
        ([], "residual_value", "expected what tornado"),
        ("margin", "residual_value", "expected what tornado"),
        (swings(), "residual_value", "expected what tornado"),
        ([asked(0.1), asked(0.1, "12M")], "residual_value", "one horizon, got 36M, 12M"),
        (
            Tornado(TORNADO.frame[TORNADO.frame["lever"] == "cac"], "the rule", (), "$", "36M"),
            "residual_value",
            "none of its changes moves the residual value",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(scenario: Any, quantity: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        plot_tornado(scenario, quantity)
