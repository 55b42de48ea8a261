"""The folder of what is published: whole runs, a link that moves at once, nothing left lying about."""

import os
from pathlib import Path

import pytest

from lifeworth.models.ground.errors import InputError
from lifeworth.pipelines.runs.shelf import COMPLETE, Shelf


def stage_of(shelf: Shelf, run_id: str, text: str = "{}") -> Path:
    stage = shelf.work(run_id) / "stage"
    stage.mkdir()
    (stage / COMPLETE).write_text(text)
    (stage / "models").mkdir()
    (stage / "models" / "purchases.nc").write_bytes(b"x")
    return stage


def publish(shelf: Shelf, run_id: str, text: str = "{}") -> Path:
    return shelf.publish(run_id, stage_of(shelf, run_id, text))


def aged(folder: Path, hours: int) -> None:
    then = folder.stat().st_mtime - 3600 * hours
    os.utime(folder, (then, then))


def test_nothing_is_published_at_first(tmp_path):
    assert Shelf.at(tmp_path / "out").current() is None


def test_current_is_the_run_that_was_published_last(tmp_path):
    shelf = Shelf.at(tmp_path)
    publish(shelf, "1997-09-30-aa", "old")
    folder = publish(shelf, "1997-10-31-bb", "new")
    assert shelf.current() == folder == tmp_path / "runs" / "1997-10-31-bb"
    assert (tmp_path / "current" / COMPLETE).read_text() == "new"
    assert (tmp_path / "runs" / "1997-09-30-aa" / COMPLETE).read_text() == "old"


def test_the_link_is_relative_so_that_the_folder_can_be_moved(tmp_path):
    shelf = Shelf.at(tmp_path / "out")
    publish(shelf, "a")
    (tmp_path / "out").rename(tmp_path / "moved")
    assert (tmp_path / "moved" / "current" / COMPLETE).is_file()


def test_a_reader_who_follows_the_link_keeps_the_old_run_while_a_new_one_is_published(tmp_path):
    shelf = Shelf.at(tmp_path)
    publish(shelf, "a", "old")
    with (tmp_path / "current" / COMPLETE).open() as held:
        publish(shelf, "b", "new")
        assert held.read() == "old"


def test_a_run_without_a_manifest_is_none(tmp_path):
    shelf = Shelf.at(tmp_path)
    (tmp_path / "runs" / "half").mkdir(parents=True)
    os.symlink(Path("runs") / "half", tmp_path / "current")
    assert shelf.current() is None
    assert not shelf.is_finished("half")


def test_the_newest_runs_are_kept_and_the_published_one_whatever_its_age(tmp_path):
    shelf = Shelf.at(tmp_path)
    for age, name in enumerate(["e", "d", "c", "b", "a"]):
        publish(shelf, name)
        aged(shelf.run(name), age)
    shelf.point_at("a")
    assert sorted(shelf.forget(2)) == ["b", "c"]
    assert sorted(folder.name for folder in (tmp_path / "runs").iterdir()) == ["a", "d", "e"]
    assert not list((tmp_path / ".work").glob("trash-*"))


def test_held_runs_are_kept_apart_and_no_more_of_them_than_of_others(tmp_path):
    shelf = Shelf.at(tmp_path)
    for age, name in enumerate(["c", "b", "a"]):
        shelf.hold(name, stage_of(shelf, name))
        aged(tmp_path / "held" / name, age)
    assert shelf.forget(1) == ()
    assert [folder.name for folder in (tmp_path / "held").iterdir()] == ["c"]


def test_a_run_held_again_tells_of_the_last_time(tmp_path):
    shelf = Shelf.at(tmp_path)
    shelf.hold("a", stage_of(shelf, "a", "first"))
    assert (shelf.hold("a", stage_of(shelf, "a", "second")) / COMPLETE).read_text() == "second"


def test_what_a_killed_run_has_left_is_cleared_but_for_the_one_that_goes_on(tmp_path):
    shelf = Shelf.at(tmp_path)
    publish(shelf, "a")
    shelf.work("b").joinpath("fit.checkpoint").write_bytes(b"x")
    shelf.work("c").joinpath("fit.checkpoint").write_bytes(b"x")
    os.symlink("nowhere", tmp_path / ".current-1234")
    shelf.clear(keep="b")
    assert [folder.name for folder in (tmp_path / ".work").iterdir()] == ["b"]
    assert not list(tmp_path.glob(".current-*"))
    shelf.clear()
    assert list((tmp_path / ".work").iterdir()) == []
    assert shelf.current() is not None


def test_a_folder_of_work_is_for_its_owner_alone(tmp_path):
    assert Shelf.at(tmp_path).work("a").parent.stat().st_mode & 0o077 == 0


def test_a_file_where_the_folder_should_be_is_refused(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(InputError, match="cannot write into"):
        Shelf.at(tmp_path / "out")
