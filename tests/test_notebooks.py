"""Notebooks run from top to bottom in this Python, and are stored with what they show."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import matplotlib.font_manager  # noqa: F401  # so that the kernel need not tell that fonts are looked for
import nbformat
import pytest
from ipykernel.kernelspec import install
from nbclient import NotebookClient

FOLDER: Final = Path(__file__).resolve().parent.parent / "notebooks"
NOTEBOOKS: Final = sorted(path.name for path in FOLDER.glob("*.ipynb"))
LONG: Final = ("02_does_it_hold.ipynb", "03_what_is_a_customer_worth.ipynb")
"""Backtests of four logs: run by `make test-slow`; what it calls is tested elsewhere."""
KERNEL: Final = "lifeworth-tests"
CELL_SECONDS: Final = 120
LARGEST_BYTES: Final = 1_500_000
PATH: Final = re.compile(r"(?<![\w./])/(?:tmp|home|root|usr|var|Users|opt|work)/|site-packages|[A-Z]:\\")


def read(name: str) -> nbformat.NotebookNode:
    return nbformat.read(FOLDER / name, as_version=4)


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook: nbformat.NotebookNode) -> Iterator[dict[str, Any]]:
    for cell in code_cells(notebook):
        yield from cell.outputs


def texts(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """Everything a reader can read below the cells."""
    for output in outputs(notebook):
        yield output.get("text", "")
        yield from (str(data) for kind, data in output.get("data", {}).items() if kind.startswith("text/"))


def pictures(notebook: nbformat.NotebookNode) -> int:
    return sum("image/png" in output.get("data", {}) for output in outputs(notebook))


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A kernel of the Python that runs the tests, whatever kernels the machine has."""
    prefix = tmp_path_factory.mktemp("jupyter")
    install(prefix=str(prefix), kernel_name=KERNEL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(prefix / "share" / "jupyter"))
        patch.setenv("IPYTHONDIR", str(prefix / "ipython"))
        yield KERNEL


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in NOTEBOOKS]
)
def test_a_notebook_runs_and_shows_results_without_warnings(name: str, kernel: str) -> None:
    stored, notebook = read(name), read(name)
    notebook.cells.append(nbformat.v4.new_code_cell("import sys; print(sys.executable)"))
    NotebookClient(notebook, kernel_name=kernel, timeout=CELL_SECONDS).execute()

    where = code_cells(notebook)[-1].outputs[0]["text"].strip()
    assert os.path.realpath(where) == os.path.realpath(sys.executable)
    notebook.cells.pop()
    assert [output for output in outputs(notebook) if output.get("name") == "stderr"] == []
    assert [text for text in texts(notebook) if "Warning" in text] == []
    assert pictures(notebook) == pictures(stored)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_stored_as_run_from_top_to_bottom(name: str) -> None:
    cells = code_cells(read(name))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [output for cell in cells for output in cell.outputs if output["output_type"] == "error"]
    assert pictures(read(name)) >= 1


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_small_and_names_no_place_of_a_machine(name: str) -> None:
    assert (FOLDER / name).stat().st_size < LARGEST_BYTES
    assert [found.group() for text in texts(read(name)) for found in PATH.finditer(text)] == []


def test_there_is_a_notebook_to_begin_with() -> None:
    assert "01_quickstart.ipynb" in NOTEBOOKS
