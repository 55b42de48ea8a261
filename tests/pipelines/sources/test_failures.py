"""Files that are missing, cut or wrong, and folders that cannot be written: one clear message, nothing half-written."""

from __future__ import annotations

import gzip
import io
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lifeworth.models.ground.errors import InputError
from lifeworth.pipelines.settings.settings import Settings
from lifeworth.pipelines.sources.read import PART, take_snapshot

type MakeSettings = Callable[..., Settings]

CSV = b"customer_id,date,amount\n" + b"".join(b"%d,2020-01-%02d,%d.50\n" % (i % 9, 1 + i % 28, i) for i in range(300))
FULL_DISK = 200_000
"""Bytes a process may write into one file before the system refuses, as a full disk does."""


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("broken")
    parquet = folder / "good.parquet"
    frame = pd.read_csv(io.BytesIO(CSV))
    pq.write_table(pa.Table.from_pandas(frame), parquet)
    whole = parquet.read_bytes()
    (folder / "lots").mkdir()
    for name, content in {
        "good.csv": CSV,
        "empty.csv": b"",
        "head.csv": CSV[: CSV.index(b"\n") + 1],
        "cut.csv": CSV[:3005],
        "wide.csv": CSV + b"1,2020-01-01,1.50,web\n",
        "glued.csv": CSV + b"customer_id,date,channel,amount\n" + b"1,2020-01-01,web,1.50\n" * 400,
        "latin.csv": CSV + "Jos\xe9,2020-01-01,1.5\n".encode("latin1"),
        "cut.csv.gz": gzip.compress(CSV)[:400],
        "notes.txt": CSV,
        "cut.parquet": whole[: len(whole) // 2],
        "torn.parquet": whole[:40] + bytes(600) + whole[640:],
        "lots/a.csv": CSV,
        "lots/b.csv": CSV.replace(b"amount", b"Amounts", 1),
    }.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("goods.csv", r"no file 'goods.csv' in .*Did you mean good.csv"),
        ("none/*.csv", r"no file matches 'none/\*.csv'"),
        ("lots", r"'lots' is a folder. Name its files: path = \"lots/\*.csv\""),
        ("lots/*.csv", r"lots/b.csv: \[columns\] amount: .*Did you mean Amounts"),
        ("empty.csv", r"empty.csv' is empty \(0 bytes\)"),
        ("head.csv", "head.csv has no rows"),
        ("cut.csv", r"cut.csv' changes its number of columns in line \d+: expected 3 as in the header, got [12]"),
        ("wide.csv", "changes its number of columns in line 302: expected 3 as in the header, got 4"),
        ("glued.csv", "changes its number of columns in line 302: expected 3 as in the header, got 4"),
        ("latin.csv", "latin.csv' is not UTF-8 text"),
        ("cut.csv.gz", r"cut.csv.gz' cannot be read beyond line \d+"),
        ("notes.txt", r"expected a name that ends in .csv"),
        ("cut.parquet", r"cut.parquet' is no whole Parquet file .*cut short or damaged"),
        ("torn.parquet", r"could not read 'torn.parquet'|is no whole Parquet file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_what_is_wrong(
    path: str, words: str, broken: Path, tmp_path: Path, settings_of: MakeSettings
) -> None:
    with pytest.raises(InputError, match=words):
        take_snapshot(settings_of(broken, columns={}, path=path), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_column_that_is_missing_is_named_with_the_like_of_it(
    broken: Path, tmp_path: Path, settings_of: MakeSettings
) -> None:
    for columns, words in (
        ({"customer_id": "cust_id"}, "no column 'cust_id'. Did you mean 'customer_id'"),
        ({"amount": "amount * amout"}, "there is no 'amout'. Did you mean amount"),
    ):
        with pytest.raises(InputError, match=rf"good.csv: .*{words.replace('*', '.')}"):
            take_snapshot(settings_of(broken, columns=columns, path="good.csv"), tmp_path)


def test_what_a_killed_run_left_goes_with_the_next(broken: Path, tmp_path: Path, settings_of: MakeSettings) -> None:
    (tmp_path / f"{PART}abcd").write_bytes(b"half")
    take_snapshot(settings_of(broken, columns={}, path="good.csv"), tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["orders.parquet"]


def test_a_folder_that_is_none_is_named(broken: Path, tmp_path: Path, settings_of: MakeSettings) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match=r"cannot write into .*file/out.*Choose another folder"):
        take_snapshot(settings_of(broken, columns={}, path="good.csv"), tmp_path / "file" / "out")


SCRIPT = textwrap.dedent(
    """
    import os, resource, sys
    from pathlib import Path
    from lifeworth.models.ground.errors import InputError
    from lifeworth.pipelines.settings.settings import Settings
    from lifeworth.pipelines.sources.read import take_snapshot

    def told(source, out):
        tables = {"source": {"path": "orders.csv"}, "economics": {"margin": 0.3, "annual_discount_rate": 0.1}}
        try:
            take_snapshot(Settings.model_validate(tables).model_copy(update={"folder": source}), out)
        except InputError as error:
            print(error)

    here, largest = Path(sys.argv[1]), int(sys.argv[2])
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, unlimited[1]))
    told(here / "good", here / "out")
    resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    told(here / "good", here / "locked")
    told(here / "closed", here / "out")
    told(here / "secret", here / "out")
    """
)


def test_disk_and_rights_are_told_with_the_folder_and_the_last_snapshot_stays() -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own are closed to the user without rights
        here = Path(name)
        here.chmod(0o755)
        rows = "".join(f"{i},2020-01-{1 + i % 28:02d},{i * 7919 % 100003}.{i % 97:02d}\n" for i in range(60_000))
        for folder in ("good", "closed", "secret"):
            (here / folder).mkdir()
            (here / folder / "orders.csv").write_text("customer_id,date,amount\n" + rows)
        for folder in ("out", "locked"):
            (here / folder).mkdir()
            (here / folder / "orders.parquet").write_bytes(b"the last one")
        (here / "out").chmod(0o777)
        (here / "locked").chmod(0o555)
        (here / "closed").chmod(0)
        (here / "secret" / "orders.csv").chmod(0)
        command = [sys.executable, "-c", SCRIPT, name, str(FULL_DISK)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        left = [(here / folder / "orders.parquet").read_bytes() for folder in ("out", "locked")]
        names = {file.name for folder in ("out", "locked") for file in (here / folder).iterdir()}
        (here / "closed").chmod(0o700)
    assert done.returncode == 0, done.stderr
    full, locked, closed, secret = done.stdout.splitlines()
    assert re.search(rf"could not write into '{name}/out': .*too large. Free some space", full)
    assert f"cannot write into '{name}/locked' (Permission denied). Choose another folder" in locked
    assert f"cannot look into the folder '{name}/closed' of 'orders.csv' (Permission denied)" in closed
    assert f"cannot read '{name}/secret/orders.csv' (Permission denied)" in secret
    assert left == [b"the last one"] * 2
    assert names == {"orders.parquet"}
