"""The settings file, read and checked: what is wrong with it is told at once, each key with its line and remedy."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from lifeworth.models.ground.errors import InputError
from lifeworth.models.ground.numbers import percent_hint

from .checks import Problem, number_hint
from .describe import SHARE, class_of, expected, section_of, toml_value
from .secrets import masked
from .settings import ColumnSettings, EconomicsSettings, Settings, attribute_problems
from .suggestions import did_you_mean
from .table import PROBLEMS

BEGIN: Final = "`lifeworth init ORDERS.csv` begins one."
TABLES: Final = tuple(name for name, field in Settings.model_fields.items() if section_of(field))
LONGEST: Final = 60
"""Characters of a value that an error repeats."""

HEADER: Final = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]")
KEY: Final = re.compile(r"\s*([\w-]+)\s*[.=]")
TOML_PLACE: Final = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)")


def read_settings(path: str | Path) -> Settings:
    """Read a settings file.

    Parameters
    ----------
    path : str or Path
        A TOML file, such as `lifeworth init` begins. Paths in it are relative to its folder, `Settings.folder`.

    Raises
    ------
    InputError
        There is no such file, it is no TOML, or keys are wrong: all of them, each with table, key, line, what was
        expected, what came, and what to do. Secrets are not repeated.
    """
    file = Path(path)
    text = _text_of(file)
    tables = _tables_of(text, str(path))
    return checked_settings(tables, str(path), file.absolute().parent, text)


def checked_settings(
    tables: Mapping[str, Any], name: str = "settings", folder: Path | None = None, text: str = ""
) -> Settings:
    """Check settings that are tables already, as a notebook may hold them.

    Parameters
    ----------
    tables : mapping
        As `tomllib` reads them: {"source": {"path": "orders.csv"}, "economics": {…}}.
    name : str
        What messages call them.
    folder : Path, optional
        What their paths are relative to; by default where Python runs.
    text : str
        Of the file, for the lines.

    Raises
    ------
    InputError
        As `read_settings`.
    """
    problems: list[Problem] = []
    known = _known(tables, Settings, (), problems)
    try:
        found = Settings.model_validate({**known, "folder": folder or Path()})
    except ValidationError as error:
        problems += _problems(error, known)
    else:
        if not problems:
            return found
    raise InputError(_listed(name, problems, text))


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")  # Windows' editor puts a mark in front
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; expected settings. {BEGIN}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected text in UTF-8; byte {error.start} is none. Save it as UTF-8.") from error
    except OSError as error:
        raise InputError(f"{path}: expected a file of settings that can be read; {error.strerror or error}.") from error


def _tables_of(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        place = TOML_PLACE.search(said)
        number = int(place[1]) if place and place[1] else text.count("\n") + 1
        lines = text.splitlines()
        line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
        # The value is not repeated: while the syntax is broken, nobody can tell whether it is a secret.
        key, equals, _ = line.partition("=")
        shown = f" at `{_short(key.strip())}`" if equals else ""
        what = TOML_PLACE.sub("", said)
        hint = " Write paths with / or in 'single quotes'." if "\\" in line else ' Text stands in "quotes".'
        raise InputError(
            f"{name}: line {number}: expected TOML, such as `margin = 0.30`; got something else{shown}: {what}.{hint}"
        ) from error


def _known(
    tables: Mapping[str, Any], model: type[BaseModel], path: tuple[str, ...], problems: list[Problem]
) -> dict[str, Any]:
    """The keys that there are; the others are problems, and the rest is checked without them."""
    known = {}
    for name, value in tables.items():
        field = model.model_fields.get(name)
        if field is None or field.exclude:
            problems.append(_unknown((*path, name), model, value))
            continue
        inner = class_of(field)
        deeper = inner is not None and isinstance(value, Mapping)
        known[name] = _known(value, inner, (*path, name), problems) if inner and deeper else value
    return known


def _problems(error: ValidationError, tables: Mapping[str, Any]) -> Iterator[Problem]:
    """What pydantic found, in our words: one problem a key; and what it did not reach."""
    found: dict[str, Problem] = {}
    depth: dict[str, int] = {}
    errors = error.errors(include_url=False)
    for one in errors:
        location = one["loc"]
        if one["type"] == PROBLEMS:
            table = ".".join(str(part) for part in location)
            yield from (Problem(f"{table}.{key}" if table else key, text) for key, text in one["ctx"][PROBLEMS])
            continue
        field, key = _field_at(location)
        label, _ = _value_at(location, tables)
        # Of a key that may hold several types there is an error for each: the one deepest in the value says most.
        if key not in found or len(label) > depth[key]:
            found[key] = _missing(key, field) if one["type"] == "missing" else _wrong(key, field, location, tables)
            depth[key] = len(label)
    yield from found.values()
    if not {str(one["loc"][0]) if one["loc"] else "" for one in errors} & {"columns", "economics", ""}:
        yield from _not_reached(tables)


def _not_reached(tables: Mapping[str, Any]) -> Iterator[Problem]:
    """What lies between tables is asked last, and not where another table is wrong."""
    columns = ColumnSettings.model_validate(tables.get("columns", {}))
    yield from attribute_problems(columns, EconomicsSettings.model_validate(tables["economics"]))


def _field_at(location: tuple[int | str, ...]) -> tuple[FieldInfo | None, str]:
    """The field that a place lies in, and its key: ("tiers", "shares", "gold") lies in tiers.shares."""
    model: type[BaseModel] | None = Settings
    field, path = None, []
    for part in location:
        if model is None or part not in model.model_fields:
            break
        field = model.model_fields[str(part)]
        path.append(str(part))
        model = section_of(field)
    return field, ".".join(path)


def _unknown(path: tuple[str, ...], model: type[BaseModel], value: object) -> Problem:
    """A key or table that there is none of; its value is not repeated, it may be a secret."""
    key, name = ".".join(path), path[-1]
    home = _homes(name)
    if len(path) == 1 and isinstance(value, Mapping):
        return Problem(f"{key}.", f"unknown table.{did_you_mean(name, TABLES)} The tables are {', '.join(TABLES)}.")
    if len(path) == 1:
        remedy = f"Put it below {' or '.join(home)}." if home else "Keys stand below the [table] they belong to."
        return Problem(key, f"unknown key outside of any table. {remedy}")
    keys = list(model.model_fields)
    belongs = f" It belongs to {' or '.join(home)}." if home else did_you_mean(name, keys)
    return Problem(key, f"unknown key.{belongs} The keys here are {', '.join(keys)}.")


def _homes(key: str) -> list[str]:
    """The tables that have a key."""
    tables = {name: section_of(Settings.model_fields[name]) for name in TABLES}
    return [f"[{name}]" for name, model in tables.items() if model and key in model.model_fields]


def _missing(key: str, field: FieldInfo | None) -> Problem:
    inner = section_of(field) if field else None
    if inner is not None:
        needed = [name for name, one in inner.model_fields.items() if one.is_required()] or list(inner.model_fields)[:1]
        words = " and ".join(
            f"{name} = {toml_value((inner.model_fields[name].examples or ['…'])[0])}" for name in needed
        )
        return Problem(f"{key}.", f"missing table; expected [{key}] with {words} below it.")
    assert field is not None  # what is missing is a field
    example = f", such as {key.rpartition('.')[2]} = {toml_value(field.examples[0])}" if field.examples else ""
    return Problem(key, f"missing; expected {expected(field)}{example}.")


def _wrong(key: str, field: FieldInfo | None, location: tuple[int | str, ...], tables: Mapping[str, Any]) -> Problem:
    """A value that its key cannot hold."""
    inner = section_of(field) if field else None
    label, value = _value_at(location, tables)
    if field is None or inner is not None:
        return Problem(f"{key}.", f"expected a table [{key}] with keys below it; got {_shown(value)}.")
    words = expected(field)
    inside = label.removeprefix(key).lstrip(".")
    came = f"{inside} = {_shown(value)}" if inside else _shown(value)
    return Problem(key, f"expected {words}; got {came}.{_hint(words, value)}")


def _value_at(location: tuple[int | str, ...], tables: Mapping[str, Any]) -> tuple[str, Any]:
    """The value at a place and its path; what pydantic adds to a place, such as the types it tried, is passed over."""
    value: Any = tables
    label = ""
    for part in location:
        if isinstance(value, Mapping) and part in value:
            value, label = value[part], f"{label}.{part}" if label else str(part)
        elif isinstance(value, (list, tuple)) and isinstance(part, int) and part < len(value):
            value = value[part]
    return label, value


def _shown(value: object) -> str:
    if isinstance(value, str):
        return _short(toml_value(masked(value)))
    try:
        return _short(masked(toml_value(value)))
    except (TypeError, ValueError):
        return type(value).__name__


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _hint(words: str, value: object) -> str:
    """What to write instead, where that can be told."""
    number = "number" in words or SHARE in words
    if not isinstance(value, str):
        if SHARE in words:
            return percent_hint(value)
        return f' Write it in quotes: "{toml_value(value)}".' if words == "text" and not isinstance(value, list) else ""
    if number and number_hint(value):
        return number_hint(value)
    if words.startswith("a list"):
        return f" Write a list: [{toml_value(value)}]."
    if words == "true or false":
        return " Write true or false, without quotes."
    return did_you_mean(value, re.findall(r'"([^"]+)"', words))


def _listed(name: str, problems: list[Problem], text: str) -> str:
    """All problems in the order of the file, one a line."""
    end = text.count("\n") + 1
    lines = {problem: _line_of(problem.key, text) for problem in problems}
    ordered = sorted(lines, key=lambda problem: lines[problem] or end)
    told = [f"{_place(problem.key, lines[problem])}: {problem.text}" for problem in ordered]
    if len(told) == 1:
        return f"{name}: {told[0]}"
    return "\n".join([f"{name}: {len(told)} problems.", *(f"  {one}" for one in told)])


def _place(key: str, line: int | None) -> str:
    """How a message names a key: "[economics] margin (line 12)"; "economics." is the table itself."""
    table, _, name = key.rpartition(".")
    where = f"[{table}]{f' {name}' if name else ''}" if table else name
    return f"{where} (line {line})" if line else where


def _line_of(key: str, text: str) -> int | None:
    """The line of a key, or of its table where there is none."""
    table, _, name = key.rpartition(".")
    current, of_table = "", None
    for number, line in enumerate(text.splitlines(), start=1):
        header = HEADER.match(line)
        if header:
            current = header[1].replace(" ", "")
            of_table = number if current == table and of_table is None else of_table
            continue
        found = KEY.match(line)
        if found and current == table and found[1] == name:
            return number
    return of_table
