"""One run at a time in a folder, and a lock that dies with its owner."""

import json
import os
import subprocess
import sys
import time

import pytest

from lifeworth.pipelines.runs.lock import OWNER, BusyError, locked

HOLDER = """
import sys, time
from pathlib import Path
from lifeworth.pipelines.runs.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_run_is_told_who_is_at_work_and_for_how_long(tmp_path, holder):
    told = json.loads((tmp_path / OWNER).read_text())
    (tmp_path / OWNER).write_text(json.dumps(told | {"since": time.time() - 14 * 60}))
    with pytest.raises(BusyError, match=rf"process {holder.pid} on .* 14 minutes ago.*another --out"), locked(tmp_path):
        pass


def test_a_lock_whose_owner_was_killed_is_free(tmp_path, holder):
    holder.kill()
    holder.wait()
    with locked(tmp_path):
        assert json.loads((tmp_path / OWNER).read_text())["pid"] == os.getpid()


def test_an_owner_who_has_not_signed_yet_is_told_as_such(tmp_path, holder):
    (tmp_path / OWNER).unlink()
    with pytest.raises(BusyError, match="another run that has just begun"), locked(tmp_path):
        pass


def test_a_lock_is_let_go_of_at_the_end_and_after_an_error(tmp_path):
    with pytest.raises(RuntimeError, match="oops"), locked(tmp_path):
        raise RuntimeError("oops")
    with locked(tmp_path):
        pass
    assert not (tmp_path / OWNER).exists()
