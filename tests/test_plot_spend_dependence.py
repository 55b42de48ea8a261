"""The plot of spend by frequency draws the table it is of, says what it shows, and leaves matplotlib as it was."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from lifeworth.data import load_cdnow
from lifeworth.models import GammaGammaModel
from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.summary import CustomerSummary
from lifeworth.models.prediction.spend_dependence import spend_by_frequency
from lifeworth.models.spend import FittedSpend
from lifeworth.pipelines.orders.summarise import summarise
from lifeworth.pipelines.reporting.plot_spend_dependence import plot_spend_by_frequency

pytestmark = pytest.mark.usefixtures("no_window")


@pytest.fixture(scope="module")
def summary() -> CustomerSummary:
    return summarise(load_cdnow(sample=True), until="1997-09-30")


@pytest.fixture(scope="module", params=[True, False], ids=["all purchases", "repeats"])
def spend(request: pytest.FixtureRequest, summary: CustomerSummary) -> FittedSpend:
    return GammaGammaModel(first_purchase=request.param).fit(summary)


def axes() -> Axes:
    ax: Axes = Figure(layout="constrained").subplots()
    return ax


def title(ax: Axes) -> str:
    return ax.get_title(loc="left").replace("\n", " ").replace("\u00a0", " ")


def test_it_draws_the_table_on_the_axes_it_is_given(spend: FittedSpend, summary: CustomerSummary) -> None:
    ax = axes()
    assert plot_spend_by_frequency(spend, summary, ax=ax) is ax
    assert plt.get_fignums() == []
    table = spend_by_frequency(spend, summary)
    drawn = {line.get_label(): np.asarray(line.get_ydata(), dtype=float) for line in ax.get_lines()}
    assert drawn["actual"] == pytest.approx(table["actual"].to_numpy())
    assert drawn["expected if independent"] == pytest.approx(table["mean"].to_numpy())
    (bars,) = ax.collections
    ends = np.array([path.vertices[:, 1] for path in bars.get_paths()])
    assert ends == pytest.approx(table[["q05", "q95"]].to_numpy())


def test_it_makes_axes_of_its_own_shows_nothing_and_keeps_the_style_to_itself(
    spend: FittedSpend, summary: CustomerSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("the plot was shown"))
    before = dict(mpl.rcParams)
    ax = plot_spend_by_frequency(spend, summary)
    assert plt.get_fignums() == [ax.figure.number]  # type: ignore[union-attr]
    assert dict(mpl.rcParams) == before


def test_it_says_how_much_more_frequent_buyers_spend_and_spearman(spend: FittedSpend, summary: CustomerSummary) -> None:
    ax = plot_spend_by_frequency(spend, summary, ax=axes())
    more, spearman = ("34", "0.17") if spend.first_purchase else ("22", "0.21")
    assert f"7 or more repeat purchases spend {more} % more per purchase" in title(ax)
    assert f"beyond chance. Spearman {spearman} (" in title(ax)


def test_it_names_its_axes_with_units(spend: FittedSpend, summary: CustomerSummary) -> None:
    ax = plot_spend_by_frequency(spend, summary, currency="$", ax=axes())
    figure = ax.figure
    FigureCanvasAgg(figure).draw()  # type: ignore[arg-type]
    assert "repeat purchases" in ax.get_xlabel()
    assert ax.get_ylabel() == "mean amount per purchase in $"
    assert ax.get_yticklabels()[1].get_text().startswith("$")
    first = ax.get_xticklabels()[0].get_text()
    assert first == ("0\n1,403" if spend.first_purchase else "1\n439")
    assert ax.get_xticklabels()[-1].get_text().startswith("7+\n64")


def test_a_handful_of_customers_is_drawn_without_a_correlation(spend: FittedSpend, summary: CustomerSummary) -> None:
    few = summary.select((summary.frame["frequency"] == 1).to_numpy() & (np.arange(len(summary)) < 40))
    ax = plot_spend_by_frequency(spend, few, ax=axes())
    assert "Spearman" not in title(ax)
    assert "1 repeat purchase spend" in title(ax)
    assert len(ax.get_xticklabels()) == 1


def test_without_amounts_it_is_refused(spend: FittedSpend, summary: CustomerSummary) -> None:
    bare = summary.frame.drop(columns=["monetary_value", "monetary_value_all"])
    with pytest.raises(InputError, match="monetary_value"):
        plot_spend_by_frequency(spend, CustomerSummary.from_frame(bare, unit="W"), ax=axes())
