"""docs/settings.md says what the code says, and its examples are files that can be read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from lifeworth.pipelines.settings.describe import described_tables, markdown
from lifeworth.pipelines.settings.file import read_settings
from lifeworth.pipelines.settings.settings import Settings

PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "settings.md"
BEGIN: Final = "## [source]"
EXAMPLES: Final = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_page_lists_every_key_as_the_code_has_it() -> None:
    text = PAGE.read_text(encoding="utf-8")
    stated = text[text.index(BEGIN) :]
    assert stated == markdown(), (
        "replace everything from [source] on by lifeworth.pipelines.settings.describe.markdown()"
    )


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_page_is_a_settings_file(example: str, tmp_path: Path) -> None:
    file = tmp_path / "lifeworth.toml"
    file.write_text(example, encoding="utf-8")
    assert read_settings(file).economics.margin == 0.30


def test_every_key_is_described_and_has_a_default_or_an_example() -> None:
    keys = [key for table in described_tables() for key in table.keys]
    assert len(keys) > 60
    assert [f"{key.table}.{key.name}" for key in keys if not key.meaning] == []
    assert [f"{key.table}.{key.name}" for key in keys if key.default is None and key.example is None] == []


def test_every_table_of_the_settings_is_described() -> None:
    tables = {table.name for table in described_tables()}
    assert set(Settings.model_fields) - {"folder"} <= tables
    assert "publish.database" in tables
