"""Languages of the report: catalogues hold every message, with its placeholders; numbers follow the locale."""

# ruff: noqa: RUF001  # letters and digits of Persian are meant
from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from babel.messages.catalog import Message

from lifeworth.models.ground.errors import InputError
from lifeworth.pipelines.reporting import wording
from lifeworth.pipelines.reporting.catalogue import FOLDER, TEMPLATE, messages, missing, of_language
from lifeworth.pipelines.reporting.language import LANGUAGES, direction, gettext, ngettext, speaking
from lifeworth.pipelines.reporting.plot_style import canvas, dates, percentages

OTHERS = [language for language in LANGUAGES if language != "en"]
PLACEHOLDER = re.compile(r"\{(\w*)\}")
UNTRANSLATED: dict[str, frozenset[str]] = {language: frozenset() for language in OTHERS}
"""Messages that a language takes over from English, by language."""


def ids(catalogue: object) -> list[str | tuple[str, ...]]:
    return [message.id for message in catalogue if message.id]  # type: ignore[attr-defined]


def forms(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def told(language: str) -> list[Message]:
    """Messages that have been translated."""
    return [message for message in of_language(language) if message.id and any(forms(message.string))]


def test_the_template_holds_every_message_of_the_code() -> None:
    written = re.findall(r"^msgid (.*)$", TEMPLATE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(written) - 1 == len(ids(messages())) > 300  # the first is the header
    assert TEMPLATE.parent == FOLDER


@pytest.mark.parametrize("language", OTHERS)
def test_each_catalogue_holds_every_message_of_the_code_and_no_other(language: str) -> None:
    asked = set(map(forms, ids(messages())))
    there = set(map(forms, ids(of_language(language))))
    remedy = "run python -m lifeworth.pipelines.reporting.catalogue"
    assert asked - there == set(), remedy
    assert there - asked == set(), remedy


@pytest.mark.parametrize("language", OTHERS)
def test_each_message_is_translated(language: str) -> None:
    assert set(missing(of_language(language))) <= UNTRANSLATED[language]


@pytest.mark.parametrize("language", OTHERS)
def test_translations_have_the_placeholders_of_the_message(language: str) -> None:
    for message in told(language):
        *_, several = forms(message.id)
        for string in forms(message.string):
            assert placeholders(string) <= set().union(*map(placeholders, forms(message.id))), message.id
        *_, last = forms(message.string)
        assert placeholders(last) == placeholders(several), message.id


@pytest.mark.parametrize("language", OTHERS)
def test_translations_have_every_plural_of_the_language(language: str) -> None:
    catalogue = of_language(language)
    for message in told(language):
        if message.pluralizable:
            assert len(forms(message.string)) == catalogue.num_plurals, message.id
            assert all(forms(message.string)), message.id


@pytest.mark.parametrize("language", OTHERS)
def test_translations_are_no_markup_and_no_percentage_without_its_number(language: str) -> None:
    for message in told(language):
        assert not re.search(r"[<>]", "".join(forms(message.string)).replace("< ", "")), message.id
        assert "fuzzy" not in message.flags, message.id


def placeholders(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))


def test_english_says_what_the_code_says() -> None:
    assert gettext("passage of time") == "passage of time"
    assert ngettext("{number} day", "{number} days", 1) == "{number} day"
    assert ngettext("{number} day", "{number} days", 0.5) == "{number} days"


def test_a_language_is_spoken_within_its_block_alone() -> None:
    with speaking("fa"):
        assert direction() == "rtl"
        with speaking("ru"):
            assert direction() == "ltr"
        assert direction() == "rtl"
    assert direction() == "ltr"


def test_unknown_languages_and_locales_are_refused_with_what_there_is() -> None:
    with pytest.raises(InputError, match=r"en, ru, id, sw, te, fa.*got 'de'"), speaking("de"):
        pass
    with pytest.raises(InputError, match=r'such as "en_GB".*got \'xx_YY\''), speaking("en", "xx_YY"):
        pass


@pytest.mark.parametrize(
    ("language", "locale", "write", "expected"),
    [
        ("ru", None, lambda: wording.money(224932.9, "$"), "224\xa0933\xa0$"),
        ("ru", None, lambda: wording.short(1_250_000, "EUR"), "1,25\xa0млн\xa0EUR"),
        ("id", None, lambda: wording.money(-16.67, "Rp"), "-Rp\xa016,67"),
        ("sw", None, lambda: wording.count(16875.52), "16,876"),
        ("te", None, lambda: wording.money(224932.9, "₹"), "₹2,24,933"),
        ("te", None, lambda: wording.short(12_000, "₹"), "₹12వే"),
        ("fa", None, lambda: wording.count(16875.52), "۱۶٬۸۷۶"),
        ("fa", None, lambda: wording.percent(0.9437, 1), "۹۴٫۴٪"),
        ("fa", None, lambda: wording.money(-20, "$"), "\u2066-۲۰\u2069\xa0$"),
        ("fa", None, lambda: wording.day(pd.Timestamp("1997-10-07")), "۷ اکتبر ۱۹۹۷"),
        ("en", "en_US", lambda: wording.day(pd.Timestamp("1997-10-07")), "October 7, 1997"),
        ("en", "de_DE", lambda: wording.decimal(-1234.5, 1), "-1.234,5"),
        ("en", "fr", lambda: wording.percent(0.0002, 1), "< 0,1\u202f%"),
        ("en", "ar_EG", lambda: wording.count(12), "١٢"),
    ],
)
def test_numbers_and_days_are_written_as_is_usual_there(
    language: str, locale: str | None, write: Callable[[], str], expected: str
) -> None:
    with speaking(language, locale):
        assert write().replace("\xa0%", "\u202f%") == expected.replace("\xa0%", "\u202f%")


@pytest.mark.parametrize("language", OTHERS)
def test_numbers_below_nothing_round_to_nothing_without_a_sign(language: str) -> None:
    with speaking(language):
        assert "-" not in wording.decimal(-0.001) + wording.percent(-0.0001)


@pytest.mark.parametrize(("language", "expected"), [("ru", "июль"), ("sw", "Jul"), ("fa", "ژوئیه"), ("id", "Jul")])
def test_axes_write_months_in_the_language(language: str, expected: str) -> None:
    from matplotlib.figure import Figure

    with speaking(language), canvas(Figure().subplots()) as ax:
        ax.plot(pd.date_range("1997-05-20", "1998-02-01", periods=9), np.linspace(0.0, 1.0, 9))
        dates(ax)
        percentages(ax, "y")
        labels = [label.get_text() for label in ax.get_xticklabels()]
        assert any(expected in label for label in labels), labels
        assert wording.digits_of("1998") in labels
        assert wording.percent(0.4) in [label.get_text() for label in ax.get_yticklabels()]
