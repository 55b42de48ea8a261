"""The report in a real browser: at a desk and on a phone, in every language, it fits, is quiet, and asks nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from lifeworth.pipelines.record.record import RunRecord
from lifeworth.pipelines.report.page import write_report
from lifeworth.pipelines.reporting.language import LANGUAGES

from .chromium import Chromium, chromium

pytestmark = pytest.mark.browser

WIDTHS: Final = {"desktop": (1280, 900), "phone": (390, 844)}
BEYOND: Final = """
[...document.querySelectorAll("body *")].filter(each => {
  const box = each.getBoundingClientRect();
  return box.width && (box.right > innerWidth + 1 || box.left < -1) && !each.closest(".scroll, .skip, .stacked thead");
}).map(each => each.outerHTML.slice(0, 120))
"""
UNREADABLE: Final = """
(async () => {
  for (const each of document.images) await each.decode();
  return [...document.images].filter(each => !each.naturalWidth).length;
})()
"""
HIDDEN: Final = "[...document.querySelectorAll('details > *')].filter(each => !each.checkVisibility()).length"


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module", params=list(LANGUAGES))
def report(request: pytest.FixtureRequest, second_record: RunRecord, tmp_path_factory: pytest.TempPathFactory) -> Path:
    spoken = second_record.settings.report.model_copy(update={"language": request.param})
    settings = second_record.settings.model_copy(update={"report": spoken})
    path = tmp_path_factory.mktemp("report") / f"{request.param}.html"
    write_report(replace(second_record, settings=settings), path)
    return path


@pytest.mark.parametrize("device", WIDTHS)
def test_the_report_fits_is_quiet_and_asks_nobody(browser: Chromium, report: Path, device: str) -> None:
    browser.show(report, *WIDTHS[device])
    browser.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert browser.evaluate(BEYOND) == []
    assert browser.evaluate("document.documentElement.scrollWidth") <= WIDTHS[device][0]
    assert browser.evaluate(UNREADABLE) == 0
    assert [event for event in browser.events if event["method"] in ("Runtime.exceptionThrown", "Log.entryAdded")] == []
    asked = {
        event["params"]["request"]["url"].partition(":")[0]
        for event in browser.events
        if event["method"] == "Network.requestWillBeSent"
    }
    assert asked <= {"file", "data"}


@pytest.mark.parametrize("device", WIDTHS)
def test_text_is_large_enough_to_read_and_links_lead_somewhere(browser: Chromium, report: Path, device: str) -> None:
    browser.show(report, *WIDTHS[device])
    least = browser.evaluate(
        "Math.min(...[...document.querySelectorAll('p, td, th, li, dd, figcaption, span')]"
        ".map(each => parseFloat(getComputedStyle(each).fontSize)))"
    )
    assert least >= 12.0
    broken = browser.evaluate(
        "[...document.querySelectorAll('a')].map(each => each.hash.slice(1)).filter(id => !document.getElementById(id))"
    )
    assert broken == []


def test_printing_shows_what_is_folded(browser: Chromium, report: Path) -> None:
    browser.show(report, *WIDTHS["desktop"])
    browser.ask("Emulation.setEmulatedMedia", media="print")
    hidden = browser.evaluate(HIDDEN)
    browser.ask("Emulation.setEmulatedMedia", media="")
    assert browser.evaluate(HIDDEN) > hidden == 0
