"""Charts of the report: text stays text, in the reader's script and direction."""

# ruff: noqa: RUF001  # letters of Persian are meant
from __future__ import annotations

import base64
import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from matplotlib.axes import Axes

from lifeworth.pipelines.report.drawing import FONTS, as_svg, without_marks
from lifeworth.pipelines.report.parts import Chart
from lifeworth.pipelines.reporting.language import speaking

SIZE = (4.0, 3.0)
CUSTOMERS = "వినియోగదారులు"  # Telugu for customers


def labelled(label: str, *ticks: str) -> Callable[[Axes], Axes]:
    def draw(ax: Axes) -> Axes:
        ax.barh(range(len(ticks)), [1.0] * len(ticks))
        ax.set_yticks(range(len(ticks)), list(ticks))
        ax.set_xlabel(label)
        ax.set_title("a finding", loc="left")
        return ax

    return draw


def texts(address: str) -> list[str]:
    svg = ElementTree.fromstring(base64.b64decode(address.partition(",")[2]))
    return [f"{text.text}" for text in svg.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("text", ["$x_1$", "<script>", "a & b", r"\frac{1}{2}", "100 %"])
def test_text_is_drawn_as_it_is(text: str) -> None:
    drawn = texts(as_svg(labelled(text, text), SIZE))
    assert drawn.count(text) == 2


def test_the_title_of_a_plot_is_left_to_the_page() -> None:
    chart = Chart.of(labelled("value"), "A chart.", "What it shows.")
    assert "a finding" not in texts(chart.wide) + texts(chart.narrow)
    assert "value" in texts(chart.wide)


def test_signs_around_letters_are_not_measured_yet_drawn() -> None:
    assert without_marks(CUSTOMERS) == "వనయగదరల"
    assert without_marks("Kunden, покупатели, مشتریان") == "Kunden, покупатели, مشتریان"
    with speaking("te"):
        drawn = texts(as_svg(labelled(CUSTOMERS, f"{CUSTOMERS}\n12", "వినియోగదారుల"), SIZE))
    # the third differs from the first in its marks alone
    assert drawn.count(CUSTOMERS) == 2
    assert "వినియోగదారుల" in drawn


def test_persian_runs_from_the_right_wherever_it_stands() -> None:
    with speaking("fa"):
        assert "\u2067ارزش (BG/NBD)\u2069" in texts(as_svg(labelled("ارزش (BG/NBD)"), SIZE))


def test_lines_of_a_label_end_flush_in_whatever_font() -> None:
    svg = base64.b64decode(as_svg(labelled("value", "short\na longer line", "one"), SIZE).partition(",")[2]).decode()
    lines = re.findall(r'<text [^>]*translate\(([\d.]+) [^>]* text-anchor="end" dx="([\d.]+)">', svg)
    ends = [float(begin) + float(width) for begin, width in lines]
    assert len(ends) == 2
    assert ends[0] == pytest.approx(ends[1], abs=0.1)


@pytest.mark.parametrize("language", ["en", "te"])
def test_a_long_name_of_an_axis_is_broken_and_whole(language: str) -> None:
    name = " ".join([CUSTOMERS, "share of the customers inside (purchases)"] * 2)

    def draw(ax: Axes) -> Axes:
        ax.set_ylabel(name)
        return ax

    with speaking(language):
        drawn = texts(as_svg(draw, SIZE))
    lines = [text for text in drawn if CUSTOMERS in text or "purchases" in text]
    assert len(lines) > 1
    assert " ".join(text for text in drawn if text in name) == name


def test_fonts_are_those_of_the_page() -> None:
    svg = base64.b64decode(as_svg(labelled("value"), SIZE).partition(",")[2]).decode()
    assert svg.count("font-family") == 1
    assert FONTS in svg
    assert "DejaVu" not in svg


def test_the_same_chart_is_the_same_drawing() -> None:
    assert as_svg(labelled("value", "a", "b"), SIZE) == as_svg(labelled("value", "a", "b"), SIZE)
