"""The beginning of a settings file: a look at the orders, guesses, and every key with what it means."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from lifeworth.models.ground.errors import InputError

from ..exports import writable_folder
from .describe import Described, Key, described_tables, toml_value
from .file import read_settings
from .guess import Guess, guess_settings
from .look import look_at

NAME: Final = "lifeworth.toml"
WIDTH: Final = 110
"""Columns of a comment: a line of an editor."""

EXAMPLES: Final[Mapping[str, object]] = {"margin": 0.30, "annual_discount_rate": 0.15}
"""What money needs and no order log knows: examples, listed in `assumed` until somebody has put in their own."""

STATED: Final = ("path", *EXAMPLES, "assumed")
"""Keys that are no guesses."""
OBVIOUS: Final = ("text", "true", "a list", "the name of a column", "a table {warn")
"""Beginnings of words of a type that the default beside them says as well."""

HEAD: Final = (
    "Settings of lifeworth: `lifeworth run lifeworth.toml` forecasts what customers will bring and publishes it.",
    "A key behind a # without a space has its default: take the # away to change it. Check what is guessed and, first "
    "of all, [economics].",
)


@dataclass(frozen=True)
class Begun:
    """A settings file that was begun.

    Attributes
    ----------
    path : Path
    guesses : tuple of Guess
        What it says that nobody has confirmed, with reasons.
    """

    path: Path
    guesses: tuple[Guess, ...]


def begin(orders: str | Path, folder: str | Path, *, force: bool = False, today: date | None = None) -> Begun:
    """Write a commented `lifeworth.toml` into a folder by looking at an order log.

    Parameters
    ----------
    orders : str or Path
        CSV or Parquet file, or a glob of them.
    folder : str or Path
        Made if it is not there.
    force : bool
        Whether a file that is there is overwritten.
    today : date, optional
        What the age of the last order is counted from; by default the clock's.

    Raises
    ------
    InputError
        The orders cannot be read or understood; the message says what to do. Or the file is there, or cannot be
        written.
    """
    path = Path(folder) / NAME
    if path.exists() and not force:
        raise InputError(f"{path}: is there already and would be lost. Move it, or pass --force to overwrite it.")
    look = look_at(orders)
    source = Guess("source.path", _relative(str(orders), Path(folder)), f"{look.rows:,} rows")
    margins = [Guess(f"economics.{key}", value, "an example: put in your own") for key, value in EXAMPLES.items()]
    assumed = Guess("economics.assumed", tuple(EXAMPLES), "keys that hold examples; the report says so until it is []")
    guesses = (source, *guess_settings(look, today or date.today()), *margins, assumed)
    writable_folder(folder)
    _write(path, settings_text({guess.key: guess for guess in guesses}))
    read_settings(path)  # what is begun can be read
    return Begun(path, guesses)


def settings_text(guesses: Mapping[str, Guess]) -> str:
    """The text of a settings file: every table and key, those guessed with their values, the others as comments."""
    parts = ["\n".join(line for text in HEAD for line in _comment(text))]
    parts += ["\n".join(_table_lines(table, guesses)) for table in described_tables()]
    return "\n\n".join(parts) + "\n"


def _table_lines(table: Described, guesses: Mapping[str, Guess]) -> Iterator[str]:
    guessed = any(f"{table.name}.{key.name}" in guesses for key in table.keys)
    optional = any(key.needed for key in table.keys) and not guessed
    if optional:  # all of it is a comment: the table is not there unless it is asked for
        yield from _comment(f"{table.meaning} For example:")
        yield f"#     [{table.name}]"
        for key in table.keys:
            value = key.example if key.default is None else key.default
            yield from (f"#     {line}" for line in (f"# {key.meaning}", f"{key.name} = {toml_value(value)}"))
        return
    yield f"[{table.name}]"
    yield from _comment(table.meaning)
    for key in table.keys:
        yield ""
        yield from _key_lines(key, guesses.get(f"{table.name}.{key.name}"))


def _key_lines(key: Key, guess: Guess | None) -> Iterator[str]:
    obvious = key.words.startswith(OBVIOUS) and (guess is not None or key.default is not None)
    meaning = _sentence(key.meaning if obvious else f"{key.meaning} ({key.words})")
    if guess is not None:
        why = guess.reason if key.name in STATED else f"guessed: {guess.reason}"
        yield from _comment(f"{meaning} {_sentence(why)}")
        yield f"{key.name} = {toml_value(guess.value)}"
    elif key.default is None:
        yield from _comment(f"{meaning} Not set; for example:")
        yield f"#     {key.name} = {toml_value(key.example)}"
    else:
        yield from _comment(meaning)
        yield f"#{key.name} = {toml_value(key.default)}"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent="# ", subsequent_indent="# ", break_long_words=False, break_on_hyphens=False
    )


def _relative(orders: str, folder: Path) -> str:
    """The path as the file says it: from its folder, with / between names."""
    try:
        return Path(os.path.relpath(Path(orders).absolute(), folder.absolute())).as_posix()
    except ValueError:  # another drive of Windows
        return Path(orders).absolute().as_posix()


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}). Choose another folder.") from error
