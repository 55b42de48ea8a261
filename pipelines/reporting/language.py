"""The language of a report: messages by gettext, from catalogues that Babel keeps; English where none is asked for."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from gettext import NullTranslations
from importlib import resources
from typing import Final

from babel import Locale, UnknownLocaleError

from lifeworth.models.ground.errors import InputError

DOMAIN: Final = "lifeworth"
"""Name of the catalogues."""
ENGLISH: Final = "en"
LANGUAGES: Final = {
    ENGLISH: "English",
    "ru": "Русский",
    "id": "Bahasa Indonesia",
    "sw": "Kiswahili",
    "te": "తెలుగు",
    "fa": "فارسی",
}
"""Languages that a report can be in, each by its own name."""
TRANSLATIONS: Final = resources.files("lifeworth.pipelines") / "translations"

ISOLATE: Final = "\u2068"
LEFT_TO_RIGHT: Final = "\u2066"
RIGHT_TO_LEFT: Final = "\u2067"
END_OF_ISOLATE: Final = "\u2069"
"""Around text whose direction is its own, such as an id within a Persian sentence (Unicode Annex 9)."""


@dataclass(frozen=True)
class Speech:
    """How a report speaks: its language, and how it writes numbers and dates (None: in the house style of English)."""

    language: str = ENGLISH
    locale: Locale | None = None


_HOUSE: Final = Speech()
_SPEECH: ContextVar[Speech] = ContextVar("speech", default=_HOUSE)


@contextmanager
def speaking(language: str, locale: str | None = None) -> Iterator[None]:
    """Speak a language within the block.

    Parameters
    ----------
    language : str
        A key of LANGUAGES.
    locale : str, optional
        How numbers and dates are written, such as "en_GB" or "ru_KZ"; by default as is usual in the language.

    Raises
    ------
    InputError
        For a language without a catalogue, or an unknown locale.
    """
    token = _SPEECH.set(_speech(language, locale))
    try:
        yield
    finally:
        _SPEECH.reset(token)


def gettext(message: str) -> str:
    """Say a message in the language spoken; format its {placeholders} afterwards."""
    return _catalogue(_SPEECH.get().language).gettext(message)


def ngettext(one: str, several: str, number: float) -> str:
    """Say a message in the form that a number asks for; fractions take the form of their whole part."""
    return _catalogue(_SPEECH.get().language).ngettext(one, several, int(abs(number)))


def marked(message: str) -> str:
    """Mark a message for the catalogues where it is written down, and say it by `gettext` only later."""
    return message


def language() -> str:
    """The language spoken."""
    return _SPEECH.get().language


def locale() -> Locale | None:
    """How numbers and dates are written; None: in the house style of English."""
    return _SPEECH.get().locale


def direction() -> str:
    """Where the lines of the language go: "ltr" or "rtl"."""
    return Locale.parse(language()).text_direction


def isolated(text: str) -> str:
    """Keep the direction of a foreign text, such as an id, from those of its neighbours; in right-to-left languages."""
    return f"{ISOLATE}{text}{END_OF_ISOLATE}" if direction() == "rtl" else text


def _speech(spoken: str, written: str | None) -> Speech:
    if spoken not in LANGUAGES:
        raise InputError(f"language must be one of {', '.join(LANGUAGES)}, got {spoken!r}.")
    if written is None:
        return Speech(spoken, None if spoken == ENGLISH else Locale.parse(spoken))
    try:
        return Speech(spoken, Locale.parse(written.replace("-", "_")))
    except (ValueError, UnknownLocaleError) as error:
        raise InputError(
            f'locale must be one that Unicode knows, such as "en_GB" or "ru", got {written!r}. Correct '
            "report.locale, or leave it out to write numbers as is usual in the language."
        ) from error


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(spoken: str) -> NullTranslations:
    """The messages of a language, compiled from its catalogue as it stands; English is what the code says."""
    if spoken == ENGLISH:
        return NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po
    from babel.support import Translations

    path = TRANSLATIONS / spoken / "LC_MESSAGES" / f"{DOMAIN}.po"
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(path.read_bytes()), locale=spoken, domain=DOMAIN))
    compiled.seek(0)
    return Translations(compiled, domain=DOMAIN)
