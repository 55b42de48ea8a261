"""Secrets come from the environment, and reach nothing that is written or printed."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote_plus, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifeworth.models.ground.errors import InputError
from lifeworth.pipelines.settings.file import read_settings
from lifeworth.pipelines.settings.secrets import HIDDEN, expand, masked, plain_secret, scrub
from lifeworth.pipelines.settings.settings import SourceSettings

SECRET: Final = "s3cr3t/p@ss:word?#"
KEY: Final = "[source] url"
FILE: Final = """\
[source]
url = "{url}"
table = "orders"
[economics]
margin = 0.3
annual_discount_rate = 0.1
"""
PLAIN: Final = [
    "postgresql://shop:hunter2@db/shop",
    "postgresql://shop:hun@ter2/@db/shop",
    "postgresql://shop:$hunter2@db/shop",
    "postgresql://shop:${NAME}hunter2@db/shop",
    "postgresql://db/shop?user=a&password=hunter2",
    "duckdb://md:shop?motherduck_token=hunter2",
    "https://hunter2@mlflow.example",
]
CLEAN: Final = [
    "postgresql://shop:${PGPASSWORD}@db:5432/shop",
    "postgresql://shop@db/shop",
    "${DATABASE_URL}",
    "postgresql://db/shop?user=a&password=${PGPASSWORD}&sslmode=require",
    "duckdb://orders.duckdb",
    "duckdb:///srv/data/orders.duckdb?threads=2",
    "https://${MLFLOW_TOKEN}@mlflow.example",
]


@pytest.mark.parametrize("url", PLAIN)
def test_a_secret_written_out_is_refused_and_not_repeated(url: str, tmp_path: Path) -> None:
    path = tmp_path / "lifeworth.toml"
    path.write_text(FILE.format(url=url), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_settings(path)
    assert "[source] url (line 2): expected no secret in this file" in str(caught.value)
    assert "write ${PGPASSWORD}" in str(caught.value)
    assert "hun" not in str(caught.value)
    assert "ter2" not in str(caught.value)


@pytest.mark.parametrize("url", CLEAN)
def test_a_url_without_a_secret_is_taken(url: str) -> None:
    assert not plain_secret(url)


@pytest.mark.parametrize(
    "line",
    [
        'url = "postgresql://u:hunter2@h/d',
        'url = postgresql://u:hunter2@h/d"',
        'pasword = "hunter2"',
        'password = "hunter2',
    ],
)
def test_an_error_of_syntax_or_an_unknown_key_repeats_no_secret(line: str, tmp_path: Path) -> None:
    path = tmp_path / "lifeworth.toml"
    path.write_text(FILE.replace('url = "{url}"', line), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_settings(path)
    assert "hunter2" not in str(caught.value)


def test_settings_made_in_python_repeat_no_secret_either() -> None:
    with pytest.raises(ValueError, match="expected no secret in this file") as caught:
        SourceSettings(url="postgresql://u:hunter2@h/d", table="orders")
    assert "hunter2" not in str(caught.value)


def test_variables_take_their_place_when_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", SECRET)
    monkeypatch.setenv("DATABASE_URL", f"postgresql://u:{quote(SECRET, safe='')}@db/shop")
    url = expand("postgresql://shop:${PGPASSWORD}@db:5432/shop", KEY)
    assert unquote_plus(urlsplit(url).password or "") == SECRET
    assert urlsplit(url).hostname == "db"
    assert expand("${DATABASE_URL}", KEY) == f"postgresql://u:{quote(SECRET, safe='')}@db/shop"
    assert expand("duckdb://orders.duckdb", KEY) == "duckdb://orders.duckdb"


def test_a_variable_that_is_not_set_is_named_with_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGUSER", "")
    with pytest.raises(InputError, match=r"\[source\] url: expected the environment variable PGPASSWORD and PGUSER"):
        expand("postgresql://${PGUSER}:${PGPASSWORD}@db/shop", KEY)


def test_a_variable_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lifeworth.toml"
    path.write_text(FILE.format(url="postgresql://u:${PG-PASSWORD}@db/shop"), encoding="utf-8")
    with pytest.raises(InputError, match="expected environment variables as"):
        read_settings(path)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=20))
def test_a_password_of_any_characters_never_shows(password: str) -> None:
    url = f"postgresql://shop:{quote(password, safe='')}@db.example:5432/shop?connect_timeout=3"
    assert masked(url) == f"postgresql://shop:{HIDDEN}@db.example:5432/shop?connect_timeout=3"
    message = f"could not connect to {url} as shop with password {password!r} or {quote(password, safe='')}"
    said = scrub(message.replace(repr(password), password), url)
    assert password not in said
    assert quote(password, safe="") not in said
    assert "db.example" in said or "db.example" in password


def test_urls_that_nobody_named_are_masked_in_a_text_too() -> None:
    said = scrub("cannot open postgresql://u:hunter2@h/d?token=abc; see https://docs.example/a")
    assert said == f"cannot open postgresql://u:{HIDDEN}@h/d?token={HIDDEN}; see https://docs.example/a"


def test_a_secret_that_stands_alone_is_scrubbed() -> None:
    assert scrub("token abc-123 refused", "abc-123") == f"token {HIDDEN} refused"
    assert scrub("nothing to hide", "") == "nothing to hide"
