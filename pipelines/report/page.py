"""The report of a run: one HTML page that needs nothing else, for those who decide and for those who check."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Final

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup, escape

from ..exports import write_bytes
from ..record.record import RunRecord
from ..reporting.language import direction, gettext, isolated, language, speaking
from ..reporting.wording import NO_BREAK, day
from .actions import actions
from .answer import answer
from .appendix import appendix
from .assumptions import assumptions
from .changes import changes
from .customers import customers
from .data import data
from .drawing import FONTS
from .methods import methods
from .parts import English, Section, Verbatim
from .trust import trust

TEMPLATES = resources.files("lifeworth.pipelines") / "templates"
SECTIONS: Final[tuple[Callable[[RunRecord], Section | None], ...]] = (
    answer,
    changes,
    trust,
    customers,
    actions,
    assumptions,
    data,
    methods,
    appendix,
)
"""In the order in which a reader asks: the answer, what is new in it, whether to believe it, what follows from it."""


def render_report(record: RunRecord) -> str:
    """The report as one HTML page, in the language and locale of the settings.

    Style and charts are inside, nothing is loaded from elsewhere, and no script is in it. Whatever comes from the data
    (ids, names, the title) is escaped. The same record gives the same page, byte for byte.

    Raises
    ------
    InputError
        The settings name a locale that is unknown.
    """
    chosen = record.settings.report
    with speaking(chosen.language, chosen.locale):
        first, *others = (found for section in SECTIONS if (found := section(record)) is not None)
        page = _template().render(
            record=record,
            title=record.settings.run.title,
            as_of=day(record.as_of),
            first=first,
            others=others,
            lang=language(),
            direction=direction(),
            style=Markup(_read("page.css").replace("FONTS", FONTS)),
            run=isolated(record.run_id),
            version=version("lifeworth"),
            _=gettext,
        )
    return page.replace(" %", f"{NO_BREAK}%")


def write_report(record: RunRecord, path: str | Path) -> None:
    """Write the report to a file, whole or not at all; see `render_report`."""
    write_bytes(Path(path), render_report(record).encode())


def said(text: str) -> Markup:
    """Text as markup: escaped, with its language where it is not that of the page, its direction where it is data."""
    if isinstance(text, English) and language() != "en":
        return Markup('<span lang="en" dir="ltr">{}</span>').format(str(text))
    if isinstance(text, Verbatim):
        return Markup("<bdi>{}</bdi>").format(str(text))
    return escape(str(text))


def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["said"] = said
    return environment.from_string(_read("page.html.j2"))


def _read(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
