"""Plots of a backtest: they draw the tables of the scorecard, and their titles say what these show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle, StepPatch

from lifeworth.models.ground.errors import InputError
from lifeworth.pipelines.backtesting.scorecard import Scorecard
from lifeworth.pipelines.reporting.plot_choice import binomial_band, choose, windows_apart
from lifeworth.pipelines.reporting.plot_coverage import plot_coverage
from lifeworth.pipelines.reporting.plot_groups import plot_active, plot_expected_actual
from lifeworth.pipelines.reporting.plot_pit import Pit, pit_finding, plot_pit
from lifeworth.pipelines.reporting.plot_ranking import plot_gain
from lifeworth.pipelines.reporting.plot_style import look
from lifeworth.pipelines.reporting.plot_totals import plot_totals

pytestmark = pytest.mark.usefixtures("no_window")

MODELS: Final = ("BG/NBD", "MBG/NBD", "Pareto/NBD")
BASELINES: Final = ("past spend", "recency")
ONE: Final = MODELS[0]
ORIGINS: Final = tuple(pd.to_datetime(["1997-06-30", "1997-09-29", "1997-12-29"]))
HORIZONS: Final = ("26W", "13W")  # the longer first: plots sort them
CUSTOMERS: Final = (1000, 2000, 3000)
"""At each origin."""
QUANTITIES: Final = ("purchases", "spend")
NORMAL: Final = {"q05": -1.645, "q10": -1.282, "q25": -0.674, "q50": 0.0, "q75": 0.674, "q90": 1.282, "q95": 1.645}
LEVEL: Final = (0.05,) * 20
"""Shares of the bins of a right forecast."""


# ---- a scorecard by hand --------------------------------------------------------------------------

Row = dict[str, Any]


def table(rows: Callable[[int, str, int, str], Sequence[Row]], models: Sequence[str] = MODELS) -> pd.DataFrame:
    """A table of the rows that an origin's place, a quantity, the place of a model and its name give."""
    return pd.DataFrame(
        [
            {"origin": origin, "horizon": horizon, "quantity": quantity, "model": model, **row}
            for place, origin in enumerate(ORIGINS)
            for horizon in HORIZONS
            for quantity in QUANTITIES
            for number, model in enumerate(models)
            for row in rows(place, quantity, number, horizon)
        ]
    )


def pit(shares: Sequence[float] = LEVEL, customers: Sequence[int] = CUSTOMERS) -> pd.DataFrame:
    """All models alike."""
    return table(
        lambda place, *_: [
            {"bin": b, "customers": round(customers[place] * share), "share": share} for b, share in enumerate(shares)
        ]
    )


def total(place: int, quantity: str, number: int, horizon: str) -> list[Row]:
    mean = (100.0 if quantity == "purchases" else 3000.0) * (10 + place) * (2.0 if horizon == "26W" else 1.0)
    actual = mean * (1.0, 1.12, 1.5)[place]
    width = {"textbook": 0.03, "honest": 0.12 + 0.05 * number}
    return [
        {"interval": kind, "actual": actual, "mean": mean, **{q: mean * (1.0 + sd * z) for q, z in NORMAL.items()}}
        for kind, sd in width.items()
    ]


def score(place: int, quantity: str, number: int, horizon: str) -> list[Row]:
    held = {f"coverage_{level}": level / 100.0 + 0.01 * (place - number) for level in (50, 80, 90)}
    return [{"customers": CUSTOMERS[place], **held}]


def by_frequency(place: int, quantity: str, number: int, horizon: str) -> list[Row]:
    return [
        {"frequency": f, "customers": CUSTOMERS[place] // 2 ** (f + 1), "predicted": f + 0.5 + 0.1 * place,
         "actual": (f + 0.5 + 0.1 * place) * (1.0 + 0.02 * (number + 1) + (0.3 if f == 1 else 0.0))}
        for f in range(8)
    ]  # fmt: skip


def by_recency(place: int, quantity: str, number: int, horizon: str) -> list[Row]:
    edges = (0.0, 7.0, 28.0, 182.0, np.inf)
    return [
        {"recency_from": low, "recency_to": high, "customers": 100 + place, "predicted": 4.0 - i, "actual": 4.0 - i}
        for i, (low, high) in enumerate(pairwise(edges))
    ]


def active(place: int, quantity: str, number: int, horizon: str) -> list[Row]:
    gap = (0.0, 0.01, 0.08)[number]
    return [
        {"decile": d, "customers": CUSTOMERS[place] // 10, "predicted": d / 11.0,
         "actual": d / 11.0 + (gap if d == 4 else 0.0)}
        for d in range(1, 11)
    ]  # fmt: skip


def gain(**power: float) -> pd.DataFrame:
    """Curves share ** power, all origins alike but for the first, where they are straight."""
    shares = np.linspace(0.0, 1.0, 51)
    return table(
        lambda place, _, number, *__: [
            {"share": s, "captured": s ** (list(power.values())[number] if place else 1.0)} for s in shares
        ],
        tuple(power),
    )


GAIN: Final = {ONE: 0.3, "MBG/NBD": 0.35, "Pareto/NBD": 0.32, "past spend": 0.4, "recency": 0.6}


def scorecard(**tables: pd.DataFrame) -> Scorecard:
    made = {
        "totals": table(total),
        "scores": table(score),
        "pit": pit(),
        "deciles": pd.DataFrame(),
        "active": table(active).drop(columns="quantity").drop_duplicates(),
        "by_frequency": table(by_frequency),
        "by_recency": table(by_recency),
        "gain": gain(**GAIN, **{"perfect foresight": 0.1}),
    }
    nothing = pd.DataFrame()
    return Scorecard(
        **made | tables, errors=nothing, densities=nothing, customers=None, seconds=nothing, models=MODELS,
        baselines=BASELINES, until=pd.Timestamp("1998-06-30"), age=40.0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def card() -> Scorecard:
    return scorecard()


# ---- every plot -----------------------------------------------------------------------------------

Draw = Callable[..., Axes]

DRAWINGS: Final[dict[str, Draw]] = {
    "pit": lambda card, **to: plot_pit(card, **to),
    "pit_of_one": lambda card, **to: plot_pit(card, "spend", ONE, "13W", **to),
    "coverage": lambda card, **to: plot_coverage(card, **to),
    "coverage_of_one": lambda card, **to: plot_coverage(card, "spend", ONE, **to),
    "coverage_of_totals": lambda card, **to: plot_coverage(card, of="totals", **to),
    "coverage_of_totals_of_one": lambda card, **to: plot_coverage(card, model=ONE, of="totals", **to),
    "by_frequency": lambda card, **to: plot_expected_actual(card, **to),
    "by_recency_of_one": lambda card, **to: plot_expected_actual(card, "recency", "spend", ONE, currency="$", **to),
    "active": lambda card, **to: plot_active(card, **to),
    "active_of_one": lambda card, **to: plot_active(card, ONE, **to),
    "gain": lambda card, **to: plot_gain(card, **to),
    "gain_of_one": lambda card, **to: plot_gain(card, "purchases", ONE, **to),
    "totals": lambda card, **to: plot_totals(card, **to),
    "totals_of_spend": lambda card, **to: plot_totals(card, "spend", "13W", MODELS[1], currency="$", **to),
}


def axes(size: tuple[float, float] = (7.2, 4.2)) -> Axes:
    ax: Axes = Figure(figsize=size, layout="constrained").subplots()
    return ax


def title(ax: Axes) -> str:
    return ax.get_title(loc="left").replace("\n", " ").replace("\u00a0", " ")


def below(ax: Axes) -> str:
    return ax.get_xlabel().replace("\n", " ").replace("\u00a0", " ")


def line(ax: Axes, label: str) -> tuple[np.ndarray, np.ndarray]:
    (drawn,) = [line for line in ax.get_lines() if line.get_label() == label]
    return np.asarray(drawn.get_xdata()), np.asarray(drawn.get_ydata(), dtype=float)


def spans(ax: Axes, label: str) -> np.ndarray:
    """Ends of vertical lines, array (lines, 2)."""
    (drawn,) = [bars for bars in ax.collections if bars.get_label() == label]
    assert isinstance(drawn, LineCollection)
    return np.array([path.vertices[:, 1] for path in drawn.get_paths()])


def written(ax: Axes) -> list[Any]:
    """All texts of a plot that are seen."""
    legend = ax.get_legend()
    assert legend is not None
    low, high = ax.get_xlim()
    ticks = [*ax.xaxis.get_major_ticks(), *ax.xaxis.get_minor_ticks()]
    names = [tick.label1 for tick in ticks if low <= tick.get_loc() <= high]
    return [ax._left_title, ax.xaxis.label, ax.yaxis.label, *names, *legend.get_texts(), *ax.texts]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_plot_on_given_axes_says_its_finding_its_units_and_how_many_origins(card: Scorecard, name: str) -> None:
    before, ax = dict(mpl.rcParams), axes()
    assert DRAWINGS[name](card, ax=ax) is ax
    assert any(character.isdigit() for character in title(ax)), "a finding has a number"
    assert "3 origins" in below(ax)
    assert ax.get_ylabel()
    assert plt.get_fignums() == []
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_plot_without_axes_makes_its_own_and_shows_nothing(
    card: Scorecard, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("the plot was shown"))
    ax = DRAWINGS[name](card)
    assert plt.get_fignums() == [ax.figure.number]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", DRAWINGS)
@pytest.mark.parametrize("size", [(4.1, 4.4), (12.0, 5.0)], ids=["phone", "wall"])
def test_nothing_that_is_written_is_cut_off(card: Scorecard, name: str, size: tuple[float, float]) -> None:
    ax = DRAWINGS[name](card, ax=axes(size))
    figure = ax.figure
    figure.draw_without_rendering()  # type: ignore[union-attr]
    for text in written(ax):
        box = text.get_window_extent()
        assert box.x0 >= -1.0, text.get_text()
        assert box.y0 >= -1.0, text.get_text()
        assert box.x1 <= figure.bbox.x1 + 1.0, text.get_text()
        assert box.y1 <= figure.bbox.y1 + 1.0, text.get_text()
    assert ax.get_position().width * size[0] > size[0] / 2.0, "the axes were squeezed"
    assert ax.get_position().height * size[1] > size[1] / 4.0, "the axes were squeezed"


@pytest.mark.parametrize("name", [name for name in DRAWINGS if "of_one" not in name and "totals" not in name])
def test_models_differ_in_colour_and_in_dashes(card: Scorecard, name: str) -> None:
    ax = DRAWINGS[name](card, ax=axes())
    lines = {each.get_label(): (each.get_color(), each.get_linestyle()) for each in ax.get_lines()}
    steps = {each.get_label(): (each.get_edgecolor(), each.get_linestyle()) for each in ax.patches}
    looks = {name: (str(colour), str(dashes)) for name, (colour, dashes) in (steps | lines).items() if name in MODELS}
    assert set(looks) == set(MODELS)
    assert len({colour for colour, _ in looks.values()}) == len(MODELS)
    assert len({dashes for _, dashes in looks.values()}) == len(MODELS)


def test_sixteen_models_look_different() -> None:
    assert len({(str(look(place)["color"]), str(look(place)["ls"])) for place in range(16)}) == 16


# ---- the rows that a plot draws -------------------------------------------------------------------


def test_the_longest_horizon_is_drawn_unless_another_is_asked_for(card: Scorecard) -> None:
    assert choose(card, "pit", "purchases").horizon == "26W"
    assert choose(card, "pit", "purchases", horizon="13W").horizon == "13W"


def test_origins_are_pooled_by_their_customers(card: Scorecard) -> None:
    pooled = choose(card, "by_frequency", "purchases").pooled(ONE, ["frequency"]).set_index("frequency")
    rows = card.by_frequency.query(f"model == '{ONE}' and horizon == '26W' and quantity == 'purchases'")
    threes = rows[rows["frequency"] == 3]
    assert pooled.loc[3, "customers"] == threes["customers"].sum()
    assert pooled.loc[3, "actual"] == pytest.approx(np.average(threes["actual"], weights=threes["customers"]))


@pytest.mark.parametrize(("horizon", "windows"), [("13W", 3), ("26W", 2), ("39W", 1), ("92D", 2), ("3M", 2)])
def test_windows_that_overlap_count_once(horizon: str, windows: int) -> None:
    assert windows_apart(ORIGINS, horizon) == windows


def test_chance_leaves_more_of_few_than_of_many() -> None:
    assert binomial_band(1, 0.9, 0.9) == (0.0, 1.0)
    low, high = binomial_band(1000, 0.9, 0.9)
    assert (low, high) == pytest.approx((0.9 - 0.0156, 0.9 + 0.0156), abs=1e-3)


# ---- probability integral transform ---------------------------------------------------------------


def test_the_bars_of_one_model_are_shares_of_the_customers_of_all_origins() -> None:
    tilted = np.linspace(1.0, 2.0, 20) / 30.0
    ax = plot_pit(scorecard(pit=pit(tilted.tolist(), (10_000, 20_000, 30_000))), model=ONE, ax=axes())
    bars = [patch.get_height() for patch in ax.patches if isinstance(patch, Rectangle)][:20]
    assert bars == pytest.approx(tilted.tolist(), abs=1e-4)


def test_several_models_are_steps_of_their_shares(card: Scorecard) -> None:
    ax = plot_pit(card, ax=axes())
    steps = [patch for patch in ax.patches if isinstance(patch, StepPatch)]
    assert [step.get_label() for step in steps] == list(MODELS)
    assert np.concatenate([step.get_data()[0] for step in steps]) == pytest.approx(0.05)


def test_the_band_is_that_of_windows_that_do_not_overlap(card: Scorecard) -> None:
    ends = {}
    for horizon in HORIZONS:
        ax = plot_pit(card, model=ONE, horizon=horizon, ax=axes())
        (band,) = [patch for patch in ax.patches if patch.get_label() == "if forecasts are right"]
        ends[horizon] = band.get_extents().transformed(ax.transData.inverted()).intervaly
    assert ends["13W"] == pytest.approx(binomial_band(6000, 0.05, 0.9975))
    assert ends["26W"] == pytest.approx(binomial_band(4000, 0.05, 0.9975))


def shape(low: float, high: float, middle: float = 0.0) -> list[float]:
    """Shares with these at both ends, and more above the middle than below it by `middle`."""
    rest = (1.0 - low - high) / 18.0
    return [low, *[rest - middle / 18.0] * 9, *[rest + middle / 18.0] * 9, high]


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        (shape(0.05, 0.05), "Forecast intervals are about right: 5.0 % of outcomes lie below"),
        (shape(0.055, 0.045), "Forecast intervals are about right"),
        (shape(0.05, 0.067), "Forecast intervals are a little too narrow above: 5.0 % of outcomes lie below the 90 % "
                             "interval, 6.7 % above (5 % each if right)"),
        (shape(0.068, 0.05), "Forecast intervals are a little too narrow below"),
        (shape(0.08, 0.09), "Forecast intervals are too narrow: 8.0 %"),
        (shape(0.15, 0.12), "Forecast intervals are far too narrow: 15.0 %"),
        (shape(0.02, 0.01), "Forecast intervals are too wide: 2.0 %"),
        (shape(0.05, 0.035), "Forecast intervals are a little too wide above"),
        (shape(0.035, 0.05), "Forecast intervals are a little too wide below"),
        (shape(0.02, 0.09), "Forecasts are too low: 2.0 %"),
        (shape(0.09, 0.02), "Forecasts are too high: 9.0 %"),
        (shape(0.05, 0.05, 0.1), "Forecasts are a little too low: 55 % of outcomes lie above the middle"),
        (shape(0.05, 0.05, -0.1), "Forecasts are a little too high: 45 % of outcomes"),
        ([0.05, *[0.04] * 4, *[0.058] * 10, *[0.04] * 4, 0.05], "Forecast intervals are a little too wide in"),
        ([0.05, *[0.06] * 4, *[0.042] * 10, *[0.06] * 4, 0.05], "Forecast intervals are a little too narrow in"),
    ],
)  # fmt: skip
def test_the_title_says_which_way_forecasts_are_off(shares: list[float], said: str) -> None:
    assert pit_finding([Pit(ONE, np.array(shares), 1e6)]).replace("\u00a0", " ").startswith(said)


def test_what_chance_may_do_to_few_customers_is_not_called_a_miss() -> None:
    few = scorecard(pit=pit(shape(0.05, 0.10), (20, 20, 20)))
    assert "about right" in title(plot_pit(few, model=ONE, ax=axes()))


def test_the_title_of_several_models_says_which_are_alike() -> None:
    right, narrow = pit(), pit(shape(0.1, 0.1))
    mixed = pd.concat([right[right["model"] != MODELS[1]], narrow[narrow["model"] == MODELS[1]]])
    assert title(plot_pit(scorecard(pit=mixed), ax=axes())) == (
        "Forecasts are about right with BG/NBD and Pareto/NBD, far too narrow with MBG/NBD: "
        "10.0, 20.0, 10.0 % of outcomes lie outside the 90 % interval"
    )


# ---- coverage -------------------------------------------------------------------------------------


def test_coverage_of_customers_is_that_of_the_scores_weighted_by_customers(card: Scorecard) -> None:
    ax = plot_coverage(card, ax=axes())
    mean = np.average([-0.01, 0.0, 0.01], weights=CUSTOMERS)  # of origins, for the second model
    _, share = line(ax, MODELS[1])
    assert share == pytest.approx([0.9 + mean] * 2)
    assert [line.get_ydata()[0] for line in ax.get_lines() if len(line.get_xdata()) == 2][:3] == [0.5, 0.8, 0.9]


def test_coverage_names_horizons_with_their_unit_and_intervals(card: Scorecard) -> None:
    ax = plot_coverage(card, ax=axes())
    assert [label.get_text() for label in ax.get_xticklabels()] == ["13", "26"] * 3
    names = [label.get_text().replace("\u00a0", " ") for label in ax.get_xticklabels(minor=True)]
    assert names == ["50 % interval", "80 % interval", "90 % interval"]
    assert below(ax).startswith("horizon in weeks")


def test_coverage_of_one_model_also_counts_outcomes_at_an_end_in_part(card: Scorecard) -> None:
    ax = plot_coverage(card, model=ONE, ax=axes())
    assert line(ax, "ends counted in part")[1] == pytest.approx([0.9, 0.9])
    assert title(ax) == (
        "90 % intervals of purchases, ends included, held 91 % of customers; 90 % with ends counted in part"
    )


def test_intervals_that_hold_too_few_are_said_to() -> None:
    low = table(score)
    low.loc[low["horizon"] == "26W", "coverage_90"] = 0.7
    ax = plot_coverage(scorecard(scores=low), model=MODELS[:2], ax=axes())
    assert "held 70 to 91 % of customers, too few, with BG/NBD" in title(ax)


def test_a_plain_rule_has_no_coverage(card: Scorecard) -> None:
    rule = table(lambda place, *_: [{"customers": CUSTOMERS[place], "coverage_90": np.nan}], ("recency",))
    with pytest.raises(InputError, match="model: expected one of BG/NBD, MBG/NBD, Pareto/NBD; got 'recency'"):
        plot_coverage(scorecard(scores=pd.concat([card.scores, rule])), model="recency", ax=axes())


def test_coverage_of_totals_counts_those_inside(card: Scorecard) -> None:
    ax = plot_coverage(card, model=ONE, of="totals", ax=axes())
    assert line(ax, "honest")[1] == pytest.approx([2 / 3, 2 / 3])  # came: the mean, 12 % and 50 % more
    assert line(ax, "textbook")[1] == pytest.approx([1 / 3, 1 / 3])
    assert title(ax) == "Of 6 totals the honest 90 % interval held 4, the textbook one 2"


def test_chance_leaves_totals_as_far_as_windows_that_do_not_overlap(card: Scorecard) -> None:
    ax = plot_coverage(card, model=ONE, of="totals", ax=axes())
    drawn = np.concatenate([[path.vertices[:, 1] for path in bars.get_paths()] for bars in ax.collections])
    expected = [binomial_band(windows, band, 0.9) for band in (0.5, 0.8, 0.9) for windows in (3, 2)]
    assert drawn == pytest.approx(np.array(expected))


def test_totals_of_several_models_are_those_of_honest_intervals_and_of_the_rule(card: Scorecard) -> None:
    rule = card.totals[card.totals["interval"] == "textbook"].assign(interval="seasonal naive", model="seasonal naive")
    ax = plot_coverage(scorecard(totals=pd.concat([card.totals, rule])), of="totals", ax=axes())
    drawn = {each.get_label() for each in ax.get_lines()}
    assert {*MODELS, "seasonal naive"} <= drawn
    assert "textbook" not in drawn
    assert title(ax) == (
        "Of 6 totals the honest 90 % intervals held 4 (BG/NBD), 4 (MBG/NBD), 4 (Pareto/NBD), the seasonal naive one 2"
    )


def test_textbook_intervals_alone_are_drawn_where_there_are_no_others(card: Scorecard) -> None:
    ax = plot_coverage(scorecard(totals=card.totals[card.totals["interval"] == "textbook"]), of="totals", ax=axes())
    assert title(ax).startswith("Of 6 totals the textbook 90 % intervals held 2 (BG/NBD)")


# ---- groups of customers --------------------------------------------------------------------------


def test_groups_by_frequency_are_drawn_as_they_are(card: Scorecard) -> None:
    ax = plot_expected_actual(card, model=ONE, ax=axes())
    pooled = choose(card, "by_frequency", "purchases", ONE).pooled(ONE, ["frequency"])
    np.testing.assert_array_equal(line(ax, "expected")[1], pooled["predicted"])
    np.testing.assert_array_equal(line(ax, "actual")[1], pooled["actual"])
    assert [label.get_text() for label in ax.get_xticklabels()][::7] == ["0\n3,000", "7+\n21"]


def test_groups_by_recency_are_named_by_their_days(card: Scorecard) -> None:
    ax = plot_expected_actual(card, "recency", ax=axes())
    assert [label.get_text().split("\n")[0] for label in ax.get_xticklabels()] == ["0-6", "7-27", "28-181", "182+"]
    assert "days since the last purchase" in below(ax)


def test_spend_has_its_currency(card: Scorecard) -> None:
    ax = plot_expected_actual(card, quantity="spend", model=ONE, currency="$", ax=axes())
    assert ax.get_ylabel() == "spend per customer in $"
    assert ax.yaxis.get_major_formatter()(50.0) == "$50"
    assert "spent 32 % more than expected, $" in title(ax)


def test_the_title_names_the_group_that_misses_most_in_all_its_customers(card: Scorecard) -> None:
    assert title(plot_expected_actual(card, model=ONE, ax=axes())) == (
        "Widest miss: customers with 1 repeat purchase bought 32 % more than expected, 2.16 each instead of 1.63"
    )


def test_days_since_the_last_purchase_are_in_the_title(card: Scorecard) -> None:
    worse = card.by_recency.assign(actual=card.by_recency["actual"].where(card.by_recency["recency_from"] != 28.0, 1.5))
    ax = plot_expected_actual(scorecard(by_recency=worse), "recency", model=ONE, ax=axes())
    assert "customers last seen 28 to 181 days ago bought 25 % less than expected, 1.50 each instead of 2.00" in title(
        ax
    )


def test_what_was_not_expected_at_all_is_told_without_a_percentage(card: Scorecard) -> None:
    groups = card.by_recency.assign(
        predicted=card.by_recency["predicted"].where(card.by_recency["recency_from"] > 0, 0)
    )
    ax = plot_expected_actual(scorecard(by_recency=groups), "recency", model=ONE, ax=axes())
    assert title(ax).endswith(
        "customers last seen 0 to 6 days ago bought more than expected, 4.00 each instead of 0.00"
    )


def test_groups_that_are_all_near_are_not_called_misses(card: Scorecard) -> None:
    ax = plot_expected_actual(card, "recency", model=ONE, ax=axes())
    assert title(ax) == "Every group bought within 5 % of what was expected"


def test_the_title_of_several_models_orders_them_by_how_far_groups_are_off(card: Scorecard) -> None:
    said = title(plot_expected_actual(card, ax=axes()))
    assert said.startswith("By frequency, groups are off by")
    assert said.index(MODELS[0]) < said.index(MODELS[1]) < said.index(MODELS[2])


def test_active_is_drawn_against_the_prediction_with_what_chance_does(card: Scorecard) -> None:
    ax = plot_active(card, ONE, "13W", ax=axes())
    predicted, actual = line(ax, "actual")
    assert predicted == pytest.approx(np.arange(1, 11) / 11.0)
    assert actual == pytest.approx(predicted)
    half = 1.6449 * np.sqrt(predicted * (1.0 - predicted) / 600.0)
    assert spans(ax, "90 % by chance") == pytest.approx(np.column_stack([predicted - half, predicted + half]), abs=1e-4)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (ONE, "Probabilities to buy hold: no tenth of the customers is off by more than 0.0 points"),
        (MODELS[1], "Probabilities to buy hold: no tenth of the customers is off by more than 1.0 points"),
        (MODELS[2], "The tenth of the customers furthest off: 36 % were predicted to buy, 44 % did"),
    ],
)
def test_the_title_of_active_names_the_tenth_that_is_furthest_off(card: Scorecard, model: str, said: str) -> None:
    assert title(plot_active(card, model, ax=axes())) == said


def test_the_title_of_active_of_several_models_orders_them(card: Scorecard) -> None:
    assert title(plot_active(card, MODELS[::-1], ax=axes())) == (
        "Probabilities to buy are off by at most 0.0 points (BG/NBD), 1.0 points (MBG/NBD), 8.0 points (Pareto/NBD) "
        "in any tenth of the customers"
    )


# ---- ranking --------------------------------------------------------------------------------------


def test_gain_is_the_mean_of_the_curves_of_all_origins(card: Scorecard) -> None:
    share, captured = line(plot_gain(card, ax=axes()), ONE)
    assert share == pytest.approx(np.linspace(0.0, 1.0, 51))
    assert captured == pytest.approx((share + 2.0 * share**0.3) / 3.0)


def test_the_best_rule_has_its_name_and_the_others_are_one_entry(card: Scorecard) -> None:
    labels = {each.get_label() for each in plot_gain(card, ax=axes()).get_lines()}
    assert {"past spend", "other rules", "perfect foresight", "at random", *MODELS} <= labels
    assert "recency" not in labels


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (0.4, "BG/NBD ranks best: its top 10 % brought 37 % of the spend, that of the rule “past spend” 30 % "
              "(perfect foresight: 56 %)"),
        (0.3, "BG/NBD and the rule “past spend” rank alike: their top 10 % brought 37 % of the spend "
              "(perfect foresight: 56 %)"),
        (0.2, "The rule “past spend” ranks best: its top 10 % brought 45 % of the spend, that of BG/NBD 37 % "
              "(perfect foresight: 56 %)"),
    ],
)  # fmt: skip
def test_the_title_of_gain_says_who_ranks_best(rule: float, said: str) -> None:
    curves = gain(**GAIN | {"past spend": rule}, **{"perfect foresight": 0.1})
    assert title(plot_gain(scorecard(gain=curves), ax=axes())) == said


def test_gain_without_rules_or_foresight_is_that_of_models() -> None:
    ax = plot_gain(scorecard(gain=gain(**{ONE: 0.3})), "purchases", ax=axes())
    assert title(ax) == "BG/NBD: its top 10 % brought 37 % of the purchases"


def test_an_origin_where_nothing_came_does_not_count(card: Scorecard) -> None:
    nothing = card.gain.assign(captured=card.gain["captured"].mask(card.gain["origin"] == ORIGINS[0]))
    share, captured = line(plot_gain(scorecard(gain=nothing), ax=axes()), ONE)
    assert captured == pytest.approx(share**0.3)


# ---- totals ---------------------------------------------------------------------------------------


def test_totals_are_drawn_at_their_origins_with_both_intervals(card: Scorecard) -> None:
    ax = plot_totals(card, ax=axes())
    rows = choose(card, "totals", "purchases", ONE).rows
    for kind in ("honest", "textbook"):
        ends = rows.loc[rows["interval"] == kind, ["q05", "q95"]].to_numpy()
        assert spans(ax, f"90\u00a0% {kind}") == pytest.approx(ends)
    days, mean = line(ax, "mean")
    np.testing.assert_array_equal(date2num(days), date2num(ORIGINS))
    assert mean == pytest.approx([2000.0, 2200.0, 2400.0])
    assert line(ax, "actual")[1] == pytest.approx([2000.0, 2200.0 * 1.12])
    assert line(ax, "outside")[1] == pytest.approx([2400.0 * 1.5])


def test_the_title_of_totals_counts_those_inside_and_says_the_bias(card: Scorecard) -> None:
    assert title(plot_totals(card, ax=axes())) == (
        "2 of 3 totals of 26 weeks came within the honest 90 % interval, 1 within the textbook one; "
        "together 22 % more came than forecast"
    )


def test_totals_that_come_as_forecast_are_said_to(card: Scorecard) -> None:
    met = card.totals.assign(actual=card.totals["mean"])
    ax = plot_totals(scorecard(totals=met), ax=axes())
    assert title(ax).endswith("3 within the textbook one; together they came as forecast")
    assert "outside" not in {each.get_label() for each in ax.get_lines()}


def test_totals_without_honest_intervals_are_those_of_the_textbook(card: Scorecard) -> None:
    ax = plot_totals(scorecard(totals=card.totals[card.totals["interval"] == "textbook"]), ax=axes())
    assert title(ax).startswith("1 of 3 totals of 26 weeks came within the textbook 90 % interval; together")


def test_one_origin_is_drawn_too(card: Scorecard) -> None:
    alone = scorecard(totals=card.totals[card.totals["origin"] == ORIGINS[0]])
    ax = plot_totals(alone, ax=axes())
    assert title(ax).startswith("1 of 1 total of 26 weeks came within")
    assert "1 origin)" in below(ax)


# ---- what they refuse -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pit", "coverage", "by_frequency", "gain", "totals"])
def test_an_unknown_quantity_is_refused_with_those_there_are(card: Scorecard, name: str) -> None:
    plots = {"pit": plot_pit, "coverage": plot_coverage, "by_frequency": plot_expected_actual, "gain": plot_gain,
             "totals": plot_totals}  # fmt: skip
    with pytest.raises(InputError, match="quantity: expected one of purchases, spend; got 'value'"):
        plots[name](card, quantity="value", ax=axes())  # type: ignore[operator]


@pytest.mark.parametrize("plot", [plot_pit, plot_expected_actual, plot_active, plot_gain, plot_totals])
def test_an_unknown_model_or_horizon_is_refused_with_those_there_are(card: Scorecard, plot: Draw) -> None:
    with pytest.raises(InputError, match=r"model: expected one of BG/NBD, MBG/NBD, Pareto/NBD.*; got 'BG'"):
        plot(card, model="BG", ax=axes())
    with pytest.raises(InputError, match="horizon: expected one of 13W, 26W; got '39W'"):
        plot(card, horizon="39W", ax=axes())


def test_no_model_at_all_is_refused(card: Scorecard) -> None:
    with pytest.raises(InputError, match=r"model: expected one of BG/NBD.* or several; got none"):
        plot_pit(card, model=[], ax=axes())


def test_totals_are_of_one_model(card: Scorecard) -> None:
    with pytest.raises(InputError, match="model: expected the name of one model"):
        plot_totals(card, model=MODELS, ax=axes())  # type: ignore[arg-type]


@pytest.mark.parametrize(("plot", "name"), [(plot_coverage, "of"), (plot_expected_actual, "by")])
def test_another_view_is_refused(card: Scorecard, plot: Draw, name: str) -> None:
    with pytest.raises(InputError, match=f"{name}: expected one of .*; got 'age'"):
        plot(card, **{name: "age"}, ax=axes())


def test_an_empty_table_is_refused_by_its_name(card: Scorecard) -> None:
    with pytest.raises(InputError, match="its table 'pit' is empty"):
        plot_pit(replace(card, pit=pd.DataFrame()), ax=axes())


def test_anything_but_a_scorecard_is_refused(card: Scorecard) -> None:
    with pytest.raises(InputError, match="expected what backtest returns, got DataFrame"):
        plot_pit(card.pit, ax=axes())  # type: ignore[arg-type]


def test_bins_that_are_no_twentieths_are_refused(card: Scorecard) -> None:
    with pytest.raises(InputError, match="expected bins 0 to 19"):
        plot_pit(scorecard(pit=card.pit.assign(bin=card.pit["bin"] + 1)), ax=axes())
