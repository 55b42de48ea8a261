"""Files of orders, looked at before an engine reads them: an error names the file and, of a CSV file, the line."""

from __future__ import annotations

import csv
import glob
import gzip
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from lifeworth.models.ground.errors import InputError

from ..orders.orders import CSV, PARQUET
from ..settings.suggestions import did_you_mean

DELIMITERS: Final = ",;\t|"
GLOB_SIGNS: Final = "*?["
LONGEST_FIELD: Final = 10_000_000
"""Beyond it a field is a quotation mark that nobody closed."""


def find_files(path: str, folder: Path) -> tuple[str, ...]:
    """Find the files of a source, each there, readable and not empty.

    Parameters
    ----------
    path : str
        File or glob, relative to `folder`.

    Raises
    ------
    InputError
        There is none, or one of them cannot be read.
    """
    found = tuple(_matches(path, folder))
    for name in found:
        _refuse_unreadable(name)
    return found


def pattern_of(path: str, folder: Path) -> str:
    """The path or glob, absolute; signs in the name of the folder mean themselves."""
    whole = Path(path).expanduser()
    if whole.is_absolute():
        return str(whole)
    plain = folder.absolute() / whole
    return str(plain) if os.path.isfile(plain) else os.path.join(glob.escape(str(folder.absolute())), str(whole))


def names_of(path: str) -> tuple[str, ...]:
    """The columns of a file.

    Raises
    ------
    InputError
        It is not what its name says.
    """
    return _parquet_names(path) if is_parquet(path) else tuple(_header(path))


def is_parquet(path: str) -> bool:
    """Whether a file calls itself Parquet."""
    return path.lower().endswith(PARQUET)


def explain_csv(paths: Sequence[str]) -> None:
    """Say in which line a CSV file stops being one; return if there is no such line.

    Raises
    ------
    InputError
        A line has more or fewer columns than the header, or is not UTF-8.
    """
    for path in paths:
        expected = len(_header(path))
        for line, fields in _rows(path):
            if fields and len(fields) != expected:
                raise InputError(
                    f"source: {path!r} changes its number of columns in line {line:,}: expected {expected} as in "
                    f"the header, got {len(fields)}. Was the file cut short, or glued from two? Have it written again."
                )


def _matches(path: str, folder: Path) -> list[str]:
    pattern = pattern_of(path, folder)
    if os.path.isdir(pattern):
        raise InputError(f'source: {path!r} is a folder. Name its files: path = "{path.rstrip("/")}/*.csv".')
    if os.path.exists(pattern):
        return [pattern]
    _refuse_closed_folder(path, pattern)
    found = [name for name in sorted(glob.glob(pattern, recursive=True)) if not os.path.isdir(name)]
    if found:
        return found
    if any(sign in path for sign in GLOB_SIGNS):
        raise InputError(f"source: no file matches {path!r} in {str(folder.absolute())!r}. Check [source] path.")
    raise InputError(
        f"source: no file {path!r} in {str(folder.absolute())!r}.{_like(Path(pattern))} Check [source] path, which is "
        "relative to the settings file."
    )


def _refuse_closed_folder(path: str, pattern: str) -> None:
    """`glob` takes a folder that it may not look into for an empty one."""
    place = Path(pattern).parent
    while any(sign in str(place) for sign in GLOB_SIGNS) and not os.path.exists(place):
        place = place.parent
    try:
        os.listdir(place)
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(
            f"source: cannot look into the folder {str(place)!r} of {path!r} ({error.strerror}). "
            "Give the user who runs this the right to."
        ) from error


def _like(path: Path) -> str:
    beside = [name.name for name in path.parent.iterdir()] if path.parent.is_dir() else []
    return did_you_mean(path.name, beside)


def _refuse_unreadable(path: str) -> None:
    if not path.lower().endswith(PARQUET + CSV):
        raise InputError(
            f"source: {path!r}: expected a name that ends in {', '.join(CSV)}, {' or '.join(PARQUET)}. Rename it."
        )
    try:
        with open(path, "rb") as file:
            begins = file.read(1)
    except OSError as error:
        raise InputError(
            f"source: cannot read {path!r} ({error.strerror}). Give the user who runs this the right to."
        ) from error
    if not begins:
        raise InputError(f"source: {path!r} is empty (0 bytes). Was it written to the end? Have it written again.")


def _parquet_names(path: str) -> tuple[str, ...]:
    try:
        return tuple(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"source: {path!r} is no whole Parquet file ({str(error).rstrip('.')}). It was cut short or damaged: "
            "copy or write it again."
        ) from error


def _header(path: str) -> list[str]:
    return next((fields for _, fields in _rows(path) if fields), [])


def _rows(path: str) -> Iterator[tuple[int, list[str]]]:
    """Number of the line and fields of each row of a CSV file."""
    csv.field_size_limit(LONGEST_FIELD)
    rows = None
    line = 0
    try:
        with _opened(path) as text:
            first = text.readline()
            delimiter = max(DELIMITERS, key=first.count)
            yield 1, next(csv.reader([first], delimiter=delimiter), [])
            line = 1
            rows = csv.reader(text, delimiter=delimiter)
            for fields in rows:
                yield 1 + rows.line_num, fields
                line = 1 + rows.line_num
    except UnicodeDecodeError as error:
        raise InputError(
            f"source: {path!r} is not UTF-8 text (after line {line:,}: {error.reason}). "
            "Export it as UTF-8, or as Parquet."
        ) from error
    except (csv.Error, OSError, EOFError) as error:
        raise InputError(
            f"source: {path!r} cannot be read beyond line {line:,} ({error}). Was it cut short? Have it written again."
        ) from error


def _opened(path: str) -> io.TextIOBase:
    # gzip reads what is compressed; utf-8-sig takes off the mark that Excel writes
    if path.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return open(path, encoding="utf-8-sig", newline="")
