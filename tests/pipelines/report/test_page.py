"""The report page: one file that needs nothing else, in the reader's language, harmless whatever the data say."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest

from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.summary import ID
from lifeworth.pipelines.record.record import RunRecord
from lifeworth.pipelines.report.changes import changes
from lifeworth.pipelines.report.page import render_report, said, write_report
from lifeworth.pipelines.report.parts import English, Verbatim
from lifeworth.pipelines.reporting.language import LANGUAGES, speaking

ANCHORS = ["answer", "changes", "trust", "customers", "actions", "assumptions", "data", "methods", "appendix"]
CSS = (resources.files("lifeworth.pipelines") / "templates" / "page.css").read_text(encoding="utf-8")
NO_CHART = "data:image/svg+xml;base64,PHN2Zy8+"
CONTRAST = 4.5  # WCAG 2.2, 1.4.3 (AA)
NASTY = ("<script>alert(1)</script>", '=HYPERLINK("http://example.org")', "$x_1$", "a&b\"'>", "{customers}", "%s")


class Page(HTMLParser):
    """What a browser would find: elements with their attributes, text, and text by element."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def drawings(self) -> list[str]:
        """The SVG of every chart that is shown on a desk."""
        return [base64.b64decode(f"{image['src']}".partition(",")[2]).decode() for image in self.of("img")]


@pytest.fixture(scope="module")
def whole(second_record: RunRecord) -> str:
    return render_report(second_record)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts without pictures: drawing takes most of the time, and `whole` has them."""
    monkeypatch.setattr("lifeworth.pipelines.report.parts.as_svg", lambda *_: NO_CHART)


def spoken(record: RunRecord, language: str, **more: Any) -> RunRecord:
    chosen = record.settings.report.model_copy(update={"language": language, **more})
    return replace(record, settings=record.settings.model_copy(update={"report": chosen}))


def renamed(record: RunRecord) -> RunRecord:
    """A record whose customers have nasty ids: the worthiest, and all others by turns."""
    names = {old: f"{NASTY[place % len(NASTY)]}{place}" for place, old in enumerate(record.summary.frame[ID])}

    def of(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(**{ID: frame[ID].map(names)}) if ID in frame else frame

    decisions = record.decisions
    assert decisions.win_back is not None
    return replace(
        record,
        summary=replace(record.summary, frame=of(record.summary.frame)),
        valuation=replace(record.valuation, customers=of(record.valuation.customers)),
        forecast=replace(record.forecast, customers=of(record.forecast.customers)),
        decisions=replace(
            decisions,
            tiers=replace(decisions.tiers, frame=of(decisions.tiers.frame)),
            win_back=replace(decisions.win_back, frame=of(decisions.win_back.frame)),
        ),
    )


def test_sections_follow_the_questions_of_a_reader(whole: str) -> None:
    found = Page(whole)
    assert [section["id"] for section in found.of("section")] == ANCHORS
    assert [link["href"] for link in found.of("a")][1:] == [f"#{anchor}" for anchor in ANCHORS]


def test_the_page_has_landmarks_one_first_heading_and_a_way_past_the_contents(whole: str) -> None:
    found = Page(whole)
    assert all(len(found.of(tag)) == 1 for tag in ("header", "nav", "main", "footer", "h1", "title"))
    assert found.of("a")[0] == {"class": "skip", "href": "#answer"}
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {section["aria-labelledby"] for section in found.of("section")} <= set(ids)


def test_the_same_record_gives_the_same_bytes(second_record: RunRecord, tmp_path: Path, undrawn: None) -> None:
    write_report(second_record, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_bytes() == render_report(second_record).encode()


def test_the_same_record_gives_the_same_drawings(second_record: RunRecord, whole: str) -> None:
    again = [part.chart.wide for part in changes(second_record).parts if part.chart is not None]
    assert again
    assert all(chart in whole for chart in again)


def test_nothing_is_loaded_from_elsewhere_and_no_script_is_there(whole: str) -> None:
    found = Page(whole)
    addresses = [
        value for _, attributes in found.elements for name, value in attributes.items()
        if name in ("src", "href", "srcset", "action", "data", "poster")
    ]  # fmt: skip
    assert addresses
    assert all(address and address.startswith(("data:image/svg+xml;base64,", "#")) for address in addresses)
    assert not re.search(r"url\(|@import", CSS)
    assert not {"script", "link", "iframe", "object", "form"} & {tag for tag, _ in found.elements}
    policy = next(meta for meta in found.of("meta") if meta.get("http-equiv"))
    assert policy["content"] == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    for svg in found.drawings:
        assert "href" not in re.sub(r'xlink:href="#[^"]*"', "", svg).replace("xmlns:xlink", "")


def test_every_chart_is_a_whole_drawing_with_words_for_those_who_cannot_see_it(whole: str) -> None:
    found = Page(whole)
    assert len(found.of("img")) == len(found.of("figure")) == len(found.of("figcaption")) > 8
    assert all(len(f"{image['alt']}") > 40 for image in found.of("img"))
    for svg in found.drawings:
        assert ElementTree.fromstring(svg).tag.endswith("svg")


def test_every_table_has_a_caption_and_headings(whole: str) -> None:
    tables = re.findall(r"<table.*?</table>", whole, re.DOTALL)
    assert len(tables) > 5
    for table in tables:
        assert re.search(r"<caption>\s*\S", table), table[:200]
        assert '<th scope="col"' in table
        assert '<th scope="row">' in table


@pytest.mark.parametrize(
    ("language", "which"), [*((language, "second_record") for language in LANGUAGES), ("fa", "first_record")]
)
def test_each_language_has_its_page_with_every_placeholder_filled(
    language: str, which: str, request: pytest.FixtureRequest, undrawn: None
) -> None:
    found = Page(render_report(spoken(request.getfixturevalue(which), language)))
    root = found.of("html")[0]
    assert root == {"lang": language, "dir": "rtl" if language == "fa" else "ltr"}
    assert [section["id"] for section in found.of("section")] == ANCHORS
    assert not re.search(r"\{\w*\}", found.text)


def test_numbers_follow_the_locale_of_the_settings(second_record: RunRecord, undrawn: None) -> None:
    assert "2,357" in Page(render_report(second_record)).text
    assert "2.357" in Page(render_report(spoken(second_record, "en", locale="de"))).text
    with pytest.raises(InputError, match=r"report\.locale"):
        render_report(spoken(second_record, "en", locale="klingon"))


def test_what_customers_and_settings_say_is_text_and_nothing_else(second_record: RunRecord, undrawn: None) -> None:
    title = second_record.settings.run.model_copy(update={"title": NASTY[0]})
    record = renamed(second_record)
    record = replace(record, settings=record.settings.model_copy(update={"run": title}))
    html = render_report(record)
    found = Page(html)
    assert not found.of("script")
    assert not found.of("b")
    assert NASTY[0] in found.text
    assert "<b>referral</b>" in found.text
    assert [attributes for _, attributes in found.elements if any(name.startswith("on") for name in attributes)] == []


def test_ids_of_customers_stand_in_the_report_only_if_they_may(second_record: RunRecord, undrawn: None) -> None:
    record = renamed(second_record)
    told = Page(render_report(record)).text
    hidden = Page(render_report(spoken(record, "en", show_ids=False)))
    ids = [str(name) for name in record.summary.frame[ID]]
    assert any(name in told for name in ids)
    attributes = " ".join(f"{value}" for _, each in hidden.elements for value in each.values())
    assert not [name for name in ids if name in hidden.text or name in attributes]


def test_names_from_the_data_are_drawn_as_they_are(whole: str) -> None:
    drawn = [ElementTree.fromstring(svg) for svg in Page(whole).drawings]
    words = {text.text for svg in drawn for text in svg.iter("{http://www.w3.org/2000/svg}text")}
    assert "<b>referral</b>" in words


def test_english_within_another_language_is_marked_as_such() -> None:
    with speaking("fa"):
        assert said(English("k-hat < 0.7")) == '<span lang="en" dir="ltr">k-hat &lt; 0.7</span>'
        assert said(Verbatim("<script>")) == "<bdi>&lt;script&gt;</bdi>"
    assert said(English("k-hat < 0.7")) == "k-hat &lt; 0.7"


def test_text_stands_out_from_what_is_behind_it() -> None:
    found = dict(re.findall(r"--([\w-]+): (#\w+)", CSS))
    for text in ("ink", "soft", "link"):
        for ground in ("paper", "warn-paper", "tint"):
            assert contrast(found[text], found[ground]) >= CONTRAST, (text, ground)
    written = set(re.findall(r"(?<![\w-])color: var\(--([\w-]+)\)", CSS))
    assert written == {"ink", "soft", "link", "paper"}  # paper on ink: the link past the contents


def test_text_in_charts_stands_out_from_the_paper(whole: str) -> None:
    colours = {
        colour for svg in Page(whole).drawings for colour in re.findall(r"<text style=\"[^\"]*fill: (#\w+)", svg)
    }
    assert len(colours) > 1
    assert [colour for colour in colours if contrast(colour, found_paper()) < CONTRAST] == []


def found_paper() -> str:
    return dict(re.findall(r"--([\w-]+): (#\w+)", CSS))["paper"]


def test_the_style_knows_no_left_and_right_but_that_of_the_line() -> None:
    plain = re.sub(r"linear-gradient\([^;]*?(local|scroll)", "", CSS)
    assert not re.search(
        r"(margin|padding|border)-(left|right)|text-align: (left|right)|(?<![\w-])(left|right):", plain
    )


def contrast(one: str, other: str) -> float:
    """Contrast of two colours as WCAG 2.2 defines it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    return sum(
        share * _linear(int(digits[place : place + 2], 16) / 255.0)
        for share, place in ((0.2126, 0), (0.7152, 2), (0.0722, 4))
    )


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)
