"""What a run says: lines that people read, lines that a log collector reads."""

import shlex

import pytest

from lifeworth.pipelines.runs.events import Event, teller, to_log, to_terminal


def pairs(line: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in shlex.split(line))


def test_a_line_of_a_log_is_pairs_that_can_be_read_back(capsys):
    to_log(Event("done", "fit", 1.25, 'two "words" = a\\b\nand more'))
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    told = pairs(line)
    assert (told["level"], told["event"], told["name"], told["seconds"]) == ("info", "done", "fit", "1.250")
    assert told["message"] == 'two "words" = a\\b\\nand more'


@pytest.mark.parametrize(("what", "level"), [("warned", "warning"), ("held", "error"), ("kept", "info")])
def test_what_gates_say_has_a_level(what, level, capsys):
    to_log(Event(what, "max_rejected", message="2 %"))
    assert pairs(capsys.readouterr().err)["level"] == level


def test_square_brackets_of_the_data_are_no_markup(capsys):
    to_terminal(Event("done", "read", 0.5, "[bold]orders[/bold].csv"))
    assert "[bold]orders[/bold].csv" in capsys.readouterr().err


def test_without_a_terminal_lines_are_for_the_log():
    assert teller() is to_log  # tests have no terminal
