"""Words in names of columns, in the languages of lifeworth's readers and a few more, and what they say."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Any, Final

TOKEN: Final = re.compile(r"[^\s_\-./\\()\[\]{},:;#№*|&'\"$€£¥₽₹₺﷼]+")
"""Not letters alone: the vowel signs of Telugu are none."""
HUMP: Final = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
"""Between the words of "InvoiceDate"."""

WHOLE_WORD: Final = 3
PART: Final = 2
"""Points of a word that stands alone, and of one inside another ("kunde" in "Kundennummer")."""
SHORTEST_PART: Final = 4
"""Letters of a word that is looked for inside others: shorter ones turn up by chance."""


def tokens(name: str) -> list[str]:
    """Words of a name of a column in small letters.

    Examples
    --------
    >>> tokens("InvoiceDate"), tokens("kunden_nr"), tokens("Betrag (EUR)")
    (['invoice', 'date'], ['kunden', 'nr'], ['betrag', 'eur'])
    """
    return [token.lower() for token in TOKEN.findall(HUMP.sub(" ", unicodedata.normalize("NFC", name)))]


def score(name: str, kind: str) -> int:
    """How much a name says a kind of word, such as "customer": `WHOLE_WORD`, `PART` or 0 points."""
    own, words = tokens(name), _words(kind)
    if words.intersection(own):
        return WHOLE_WORD
    long = [word for word in words if len(word) >= SHORTEST_PART]
    return PART if any(word in token for token in own for word in long) else 0


def currency_of(name: str) -> str:
    """The currency that a name of a column says, or nothing.

    Examples
    --------
    >>> currency_of("Betrag (EUR)"), currency_of("total $"), currency_of("amount")
    ('EUR', '$', '')
    """
    known: dict[str, str] = _vocabulary()["signs"]
    signs = [sign for sign in known if not sign.isalnum() and sign in name]
    return next((known[found] for found in (*signs, *tokens(name)) if found in known), "")


@cache
def _words(kind: str) -> frozenset[str]:
    return frozenset(_vocabulary()[kind].split())


@cache
def _vocabulary() -> dict[str, Any]:
    return tomllib.loads((files("lifeworth.pipelines") / "templates" / "columns.toml").read_text(encoding="utf-8"))
