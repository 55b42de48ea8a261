"""The house itself: packaging, pins, the light door, and what no file may hold."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import lifeworth

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parent.parent
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ROOMS: Final = {room: PurePosixPath("lifeworth", room) for room in ("models", "pipelines", "data")}
"""Each room's folder in the checkout, and its place in the installed package."""
PINS: Final = ("constraints.txt", "benchmarks/constraints.txt")

NOT_OURS: Final = {"__pycache__", "build", "dist", "out", "node_modules"}
"""Folders that tools and runs leave behind; so are those with a dot, but for `.ci`."""

PIP_WHEEL: Final = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index")
HEAVY: Final = ("arviz", "duckdb", "ibis", "matplotlib", "numba", "nutpie", "pymc", "pytensor", "scipy.stats")
IMPORT_SECONDS_BEYOND_PANDAS: Final = 0.5
"""What `import lifeworth` may cost on top of `import pandas`: nobody waits for a prompt gladly."""

# Each pattern has a letter in brackets, so that this file does not hold what it looks for.
INDEX_HOST: Final = re.compile(r"pyp[i]\.org|pythonhoste[d]|index[-_]ur[l]|find[-_]link[s]")
MACHINE_PATH: Final = re.compile(r"(?<![\w./*-])/(?:root|home|Users|work)/\w|/tmp/ipykerne[l]")


def own_files() -> Iterator[Path]:
    """Walk the files of the checkout that are the project's own."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if name not in NOT_OURS and not name.endswith(".egg-info") and (not name.startswith(".") or name == ".ci")
        ]
        yield from (Path(folder, name) for name in files)


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    """List the places of the checkout that a pattern matches, as `file:line: match`."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {match.group()}"
        for path in own_files()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="ignore").splitlines(), start=1)
        if (match := pattern.search(line))
    ]


def pins_of(name: str) -> dict[str, str]:
    """Read a constraints file as {distribution: version}."""
    lines = (line.split(";")[0].strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines())
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def targets_of_make() -> set[str]:
    """Read the targets that the Makefile offers."""
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    return set(phony.split())


def run(*command: str, cwd: Path = ROOT) -> str:
    """Run a command and return what it printed; a failure shows what it complained of."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_python(code: str) -> str:
    """Run code in a Python of its own, away from the checkout, and return what it printed."""
    return run(sys.executable, "-c", code, cwd=Path(sys.prefix))


# ---- packaging -----------------------------------------------------------------------------------


def test_every_folder_of_modules_is_listed_in_pyproject() -> None:
    packages = {"lifeworth", "lifeworth.cli"} | {
        str(ROOMS[room] / module.parent.relative_to(ROOT / room)).replace("/", ".")
        for room in ROOMS
        for module in (ROOT / room).rglob("*.py")
    }
    assert packages == set(PROJECT["tool"]["setuptools"]["packages"])


@pytest.mark.parametrize("room", ROOMS)
def test_the_door_links_to_the_room(room: str) -> None:
    link = ROOT / "lifeworth" / room
    assert link.is_symlink()
    assert link.readlink() == Path("..", room)


def test_the_wheel_holds_every_file_of_the_rooms_and_nothing_else(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    for name in ("lifeworth", *ROOMS):
        shutil.copytree(ROOT / name, checkout / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, checkout)

    # No isolation and no index: setuptools is in the environment, so that nothing is asked of the network.
    run(*PIP_WHEEL, "--wheel-dir", str(tmp_path), str(checkout))
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}

    expected = {
        str(place / path.relative_to(ROOT / room))
        for room, place in {"lifeworth": PurePosixPath("lifeworth"), **ROOMS}.items()
        for path in own_files()
        if path.is_relative_to(ROOT / room) and path.suffix != ".md"
    }
    assert packed == expected
    assert "lifeworth/py.typed" in packed
    assert any(name.startswith("lifeworth/pipelines/templates/") for name in packed)


def test_the_version_is_the_same_wherever_it_is_asked() -> None:
    assert version("lifeworth") == PROJECT["project"]["version"]
    assert lifeworth.__version__ == PROJECT["project"]["version"]


# ---- the door ------------------------------------------------------------------------------------


def test_importing_lifeworth_loads_nothing_heavy() -> None:
    loaded = json.loads(run_python("import json, sys, lifeworth; print(json.dumps(sorted(sys.modules)))"))
    assert "lifeworth" in loaded
    assert [name for name in HEAVY if name in loaded] == []


def test_importing_lifeworth_takes_little_longer_than_importing_pandas() -> None:
    # Processor time, and the best of three: other work on the machine must not decide.
    code = "import pandas, time as t; s = t.process_time(); import lifeworth; print(t.process_time() - s)"
    assert min(float(run_python(code)) for _ in range(3)) < IMPORT_SECONDS_BEYOND_PANDAS


# ---- pins ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PINS)
def test_the_pins_name_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "==" in text
    assert [mark for mark in ("@", "/", "\\", "--") if mark in text] == []


@pytest.mark.parametrize("name", PINS)
def test_the_pins_never_bring_torch(name: str) -> None:
    assert [pin for pin in pins_of(name) if pin.startswith(("torch", "nvidia", "jax", "tensorflow"))] == []


def test_every_dependency_is_pinned_to_a_version_that_pyproject_allows() -> None:
    asked = {
        "constraints.txt": [
            *PROJECT["project"]["dependencies"],
            *(line for extra in PROJECT["project"]["optional-dependencies"].values() for line in extra),
            *PROJECT["dependency-groups"]["dev"],
        ],
        "benchmarks/constraints.txt": PROJECT["dependency-groups"]["peers"],
    }
    amiss = [
        f"{name}: {line}"
        for name, lines in asked.items()
        for pins in [pins_of(name)]
        for requirement, line in ((Requirement(line), line) for line in lines)
        if pins.get(canonicalize_name(requirement.name), "none") not in requirement.specifier
    ]
    assert amiss == []


# ---- what no file may hold, and what the README promises -----------------------------------------


def test_no_file_names_a_package_index() -> None:
    # The Makefile tells the resolver to leave the addresses out, by options that carry these words.
    allowed = "Makefile:"
    assert [place for place in lines_with(INDEX_HOST) if not place.startswith(allowed)] == []


def test_no_file_names_a_path_of_one_machine() -> None:
    assert lines_with(MACHINE_PATH) == []


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_the_makefile_has_every_target_that_a_document_names(document: str) -> None:
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", (ROOT / document).read_text(encoding="utf-8"), re.MULTILINE))
    assert named, f"{document} names no target of make"
    assert named <= targets_of_make()


def test_make_lists_every_target() -> None:
    listed = run("make", "help")
    assert set(re.findall(r"^  make ([a-z-]+) ", listed, re.MULTILINE)) == targets_of_make()
