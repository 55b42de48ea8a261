"""What tests of every room share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture
def no_window() -> Iterator[None]:
    """Draw without a screen, and close what was drawn."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    before = mpl.get_backend()
    plt.switch_backend("agg")
    yield
    plt.close("all")
    plt.switch_backend(before)
