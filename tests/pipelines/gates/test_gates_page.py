"""docs/gates.md has every gate and its default bars, in the order in which they tell the cause."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from lifeworth.pipelines.gates.judge import TELLING
from lifeworth.pipelines.settings.settings import Bar, GateSettings

PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "gates.md"
ROW: Final = re.compile(r"^\| `(?P<gate>\w+)` \|[^|]+\|(?P<warn>[^|]*)\|(?P<hold>[^|]*)\|[^|]+\|$", re.MULTILINE)


def rows() -> dict[str, re.Match[str]]:
    return {row["gate"]: row for row in ROW.finditer(PAGE.read_text(encoding="utf-8"))}


def test_every_gate_is_on_the_page_in_its_order() -> None:
    assert tuple(rows()) == TELLING == tuple(GateSettings.model_fields)


@pytest.mark.parametrize("gate", [name for name in TELLING if isinstance(getattr(GateSettings(), name), Bar)])
def test_default_bars_are_those_of_the_settings(gate: str) -> None:
    row, bar = rows()[gate], getattr(GateSettings(), gate)
    told = [None if not row[name].strip() else float(row[name]) for name in ("warn", "hold")]
    assert told == [bar.warn, bar.hold]
