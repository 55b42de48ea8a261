"""Catalogues of messages: what reports say, taken from the code, and kept beside the translations.

`python -m lifeworth.pipelines.reporting.catalogue` takes every message from the code, writes `lifeworth.pot`, and adds
what is new to each language, empty: for a person to translate. What the code no longer says leaves the catalogues.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

import lifeworth.pipelines

from ..exports import write_bytes
from .language import DOMAIN, ENGLISH, LANGUAGES

ROOM: Final = Path(lifeworth.pipelines.__file__).resolve().parent
FOLDER: Final = ROOM / "translations"
TEMPLATE: Final = FOLDER / f"{DOMAIN}.pot"
KEYWORDS: Final = {"_": None, "gettext": None, "ngettext": (1, 2), "marked": None}
"""Functions whose arguments are messages."""
NOTE: Final = ("Translators:",)
"""Comments that begin so stand beside the message."""
SOURCES: Final = (("python", "**/*.py"), ("jinja2.ext:babel_extract", "templates/*.j2"))
LINE: Final = 100
"""Letters of a line of a catalogue."""


def messages() -> Catalog:
    """Every message of the code, in the order of files and lines."""
    found = Catalog(project=DOMAIN, version="", charset="utf-8", fuzzy=False)
    for name, message, comments in _messages():
        found.add(message, locations=[(name, 0)], auto_comments=comments)
    return found


def of_language(language: str) -> Catalog:
    """The catalogue of a language as it stands, or an empty one."""
    path = _path(language)
    if not path.exists():
        return Catalog(locale=language, domain=DOMAIN, project=DOMAIN, version="", charset="utf-8", fuzzy=False)
    return read_po(io.BytesIO(path.read_bytes()), locale=language, domain=DOMAIN)


def update() -> dict[str, int]:
    """Write the template and bring every language up to it; returns how many messages each lacks."""
    template, lacking = messages(), {}
    _write(TEMPLATE, template)
    for language in LANGUAGES:
        if language != ENGLISH:
            catalogue = of_language(language)
            catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
            catalogue.obsolete.clear()
            _write(_path(language), catalogue)
            lacking[language] = len(missing(catalogue))
    return lacking


def missing(catalogue: Catalog) -> list[str]:
    """Messages that nobody has translated."""
    told = [message for message in catalogue if message.id]
    return [_first(message.id) for message in told if not message.string or "" in _all(message.string)]


def _messages() -> Iterator[tuple[str, str | tuple[str, ...], list[str]]]:
    for method, pattern in SOURCES:
        for path in sorted(ROOM.glob(pattern)):
            with path.open("rb") as source:
                for _, message, comments, _ in extract(method, source, KEYWORDS, NOTE, {"encoding": "utf-8"}):
                    yield path.relative_to(ROOM).as_posix(), message, comments


def _write(path: Path, catalogue: Catalog) -> None:
    """Without dates and line numbers, which change where messages do not."""
    for message in catalogue:
        message.flags.discard(_PERCENT)
    written = io.BytesIO()
    write_po(written, catalogue, width=LINE, include_lineno=False, omit_header=False, sort_output=False)
    lines = written.getvalue().decode().splitlines(keepends=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, "".join(line for line in lines if not line.startswith(_DATES)).encode())


_PERCENT: Final = "python-format"
"""What Babel takes "90 % interval" for; messages have {placeholders} alone."""
_DATES: Final = ('"POT-Creation-Date', '"PO-Revision-Date', '"Generated-By', '"Last-Translator', '"Language-Team', "# ")


def _path(language: str) -> Path:
    return FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def _first(message: str | tuple[str, ...] | list[str]) -> str:
    return message if isinstance(message, str) else message[0]


def _all(string: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (string,) if isinstance(string, str) else tuple(string)


if __name__ == "__main__":
    for language, number in update().items():
        print(f"{language}: {number} to translate")  # noqa: T201  # what the script is for
