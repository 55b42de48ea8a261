"""Plots of targets and tiers draw the tables they are of, say what they show, and leave matplotlib as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import lifeworth as lw
from lifeworth.models.decisions.targeting.targets import Targets, targets
from lifeworth.models.decisions.targeting.tiers import LoyaltyTiers, loyalty_tiers
from lifeworth.models.decisions.targeting.uplift import Uplift
from lifeworth.pipelines.reporting.plot_targets import NAMES, plot_targets
from lifeworth.pipelines.reporting.plot_tiers import plot_tiers
from lifeworth.pipelines.reporting.wording import money

pytestmark = pytest.mark.usefixtures("no_window")


@pytest.fixture(scope="module")
def valuation() -> Any:
    purchases = lw.ParetoNBDModel.from_parameters(r=0.553, alpha=10.578, s=0.606, beta=11.669, unit="W")
    spend = lw.GammaGammaModel.from_parameters(p=6.25, q=3.74, v=15.44)
    summary = lw.summarise(lw.load_cdnow(sample=True), until="1997-09-30", unit="W")
    some = summary.frame.iloc[::4].assign(price=lambda frame: 1.0 + frame["frequency"] % 2)
    economics = lw.Economics(margin=0.3, annual_discount_rate=0.15, currency="$")
    small = lw.CustomerSummary.from_frame(some, unit="W", until=summary.until)
    return lw.value(purchases, spend, small, economics, "12M", draws=60)


@pytest.fixture(scope="module")
def campaign(valuation: Any) -> Targets:
    return targets(valuation, Uplift(0.1, standard_error=0.02), cost=0.5)


@pytest.fixture(scope="module")
def tiers(valuation: Any) -> LoyaltyTiers:
    return loyalty_tiers(valuation)


def axes(width: float = 7.2) -> Axes:
    ax: Axes = Figure(figsize=(width, 4.2), layout="constrained").subplots()
    return ax


def title(ax: Axes) -> str:
    return ax.get_title(loc="left").replace("\n", " ").replace("\u00a0", " ")


def texts(ax: Axes) -> list[str]:
    return [text.get_text().replace("\u00a0", " ") for text in ax.texts]


# ---- targets -------------------------------------------------------------------------------------


def test_targets_draw_every_policy_and_mark_what_was_chosen(campaign: Targets) -> None:
    ax = axes()
    assert plot_targets(campaign, ax=ax) is ax
    drawn = {str(line.get_label()): np.asarray(line.get_ydata(), dtype=float) for line in ax.get_lines()}
    for policy, rows in campaign.compared.groupby("policy"):
        assert drawn[NAMES[str(policy)]] == pytest.approx(rows["profit"].to_numpy())
    assert drawn["chosen, with 90 % interval"] == pytest.approx([campaign.total["profit_mean"].item()])
    (bar,) = ax.collections
    ends = bar.get_paths()[0].vertices[:, 1]  # type: ignore[index]
    assert ends == pytest.approx(campaign.total[["profit_q05", "profit_q95"]].to_numpy()[0])
    low, high = ax.get_ylim()
    assert low <= ends[0] <= ends[1] <= high


def test_targets_say_what_the_same_budget_earns_elsewhere(campaign: Targets, valuation: Any) -> None:
    ax = plot_targets(campaign, ax=axes())
    count, earned = campaign.total["customers"].item(), campaign.total["profit_mean"].item()
    assert title(ax).startswith(f"Treating {count:,} customers is expected to earn ${earned:,.0f}; the same budget by")
    assert ax.get_xlabel() == "share of customers treated"
    assert ax.get_ylabel() == "expected profit in $"
    by_price = plot_targets(targets(valuation, Uplift(0.1), cost="price"), ax=axes())
    assert by_price.get_xlabel().replace("\n", " ") == "budget, as a share of what treating everybody costs"
    nobody = plot_targets(targets(valuation, Uplift(0.001), cost=90.0), ax=axes())
    assert title(nobody).startswith("Nobody pays")


# ---- tiers ---------------------------------------------------------------------------------------


def test_tiers_draw_shares_of_customers_and_of_value(tiers: LoyaltyTiers) -> None:
    ax = plot_tiers(tiers, ax=axes())
    customers, value = ([bar.get_width() for bar in group] for group in ax.containers)  # type: ignore[attr-defined]
    table = tiers.summary
    assert customers == pytest.approx((table["customers"] / table["customers"].sum()).to_list())
    assert value == pytest.approx(table["value_share"].to_list())
    FigureCanvasAgg(ax.figure).draw()  # type: ignore[arg-type]
    assert [label.get_text().split("\n")[0] for label in ax.get_yticklabels()] == list(table["tier"])


def test_tiers_say_what_each_can_bear(tiers: LoyaltyTiers, valuation: Any) -> None:
    plain = plot_tiers(tiers, ax=axes())
    each = tiers.summary["one_percent_per_member"][0]
    assert title(plain).startswith("Gold: 5 % of the customers, ")
    assert f"one percent more value is {money(each, '$')} a member" in title(plain)
    assert any(f"1 % more is {money(each, '$')} each" in text for text in texts(plain))
    rewarded = loyalty_tiers(valuation, uplift=Uplift(0.05, 0.01, of="value"))
    ax = plot_tiers(rewarded, ax=axes())
    assert f"rewards of {money(rewarded.summary['budget_per_member'][0], '$')} a member" in title(ax)
    assert sum("bears" in text for text in texts(ax)) == 3


# ---- both ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [3.6, 7.2])
@pytest.mark.parametrize("which", ["campaign", "tiers"])
def test_they_fit_their_axes(request: pytest.FixtureRequest, which: str, width: float) -> None:
    plot: Callable[..., Axes] = {"campaign": plot_targets, "tiers": plot_tiers}[which]
    ax = plot(request.getfixturevalue(which), ax=axes(width))
    canvas = FigureCanvasAgg(ax.figure)  # type: ignore[arg-type]
    canvas.draw()
    room = ax.figure.bbox
    for text in [*ax.texts, ax.title, ax.xaxis.label, *ax.get_legend().get_texts()]:
        box = text.get_window_extent(canvas.get_renderer())
        assert box.x0 >= room.x0 - 1.0
        assert box.x1 <= room.x1 + 1.0, text.get_text()


@pytest.mark.parametrize("which", ["campaign", "tiers"])
def test_they_make_axes_of_their_own_and_keep_the_style_to_themselves(
    request: pytest.FixtureRequest, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("the plot was shown"))
    plot: Callable[..., Axes] = {"campaign": plot_targets, "tiers": plot_tiers}[which]
    before = dict(mpl.rcParams)
    ax = plot(request.getfixturevalue(which))
    assert plt.get_fignums() == [ax.figure.number]  # type: ignore[union-attr]
    assert dict(mpl.rcParams) == before


def test_anything_else_is_refused(campaign: Targets, tiers: LoyaltyTiers) -> None:
    with pytest.raises(lw.InputError, match="targets: expected what"):
        plot_targets(tiers, ax=axes())  # type: ignore[arg-type]
    with pytest.raises(lw.InputError, match="tiers: expected what"):
        plot_tiers(campaign, ax=axes())  # type: ignore[arg-type]
