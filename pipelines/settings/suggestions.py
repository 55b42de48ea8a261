"""What somebody may have meant who typed a name that there is none of."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

SHOWN: Final = 2
"""Names that are offered: more would be a list to read, not a hint."""


def did_you_mean(word: object, names: Iterable[object]) -> str:
    """A sentence with the names most like a word, beginning with a space, or nothing.

    Examples
    --------
    >>> did_you_mean("margn", ["margin", "cac"]), did_you_mean("colour", ["margin", "cac"])
    (' Did you mean margin?', '')
    """
    spelled = {str(name).lower(): str(name) for name in names}
    asked = str(word).lower()
    close = difflib.get_close_matches(asked, spelled, SHOWN)
    inside = [name for name in spelled if len(asked) > SHOWN and (asked in name or name in asked)]
    found = [spelled[name] for name in dict.fromkeys(close + inside)][:SHOWN]
    return f" Did you mean {' or '.join(found)}?" if found else ""
