"""The keys of `lifeworth.toml` in words: what errors expect, `lifeworth init` writes and docs/settings.md shows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .settings import Bar, Settings

SHARE: Final = "a share"
"""How words of a type begin that has no more than 1: percent are meant for it often."""


@dataclass(frozen=True)
class Key:
    """A key of the file.

    Attributes
    ----------
    table, name : str
        Such as "publish.database" and "url".
    words : str
        What it expects.
    meaning : str
    needed : bool
        Whether the table cannot do without it.
    default : object
        None where it is needed, or not set.
    example : object
        What it may be where there is no default; None if there is one.
    """

    table: str
    name: str
    words: str
    meaning: str
    needed: bool
    default: object
    example: object

    @property
    def default_words(self) -> str:
        """The default as the file writes it, "needed" or "not set"."""
        if self.needed:
            return "needed"
        return "not set" if self.default is None else toml_value(self.default)


@dataclass(frozen=True)
class Described:
    """A table of the file: its name, what it is about, and its keys."""

    name: str
    meaning: str
    keys: tuple[Key, ...]


def described_tables() -> tuple[Described, ...]:
    """Every table of the file, with every key, in the order of the file."""
    return tuple(_tables(Settings, ""))


def expected(field: FieldInfo) -> str:
    """What a key expects, in words: "a share above 0, up to 1, or text"."""
    return field.title or _words(field.annotation, field.metadata)


def toml_value(value: object) -> str:
    """Write a value as TOML does, on one line.

    Examples
    --------
    >>> toml_value({"gold": 0.05, "two words": ("12M", True)})
    '{gold = 0.05, "two words" = ["12M", true]}'
    """
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, BaseModel):
        return toml_value({name: given for name, given in value.model_dump().items() if given is not None})
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_toml_key(name)} = {toml_value(given)}" for name, given in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(toml_value(one) for one in value) + "]"
    return repr(value)


def markdown() -> str:
    """The tables of docs/settings.md, from the models: one section a table, one row a key."""
    sections = []
    for table in described_tables():
        rows = [
            f"| `{key.name}` | {_cell(key.words)} | {_cell(_default_cell(key))} | {_cell(key.meaning)} |"
            for key in table.keys
        ]
        head = ["| key | expects | default | meaning |", "|---|---|---|---|"]
        sections.append("\n".join([f"## [{table.name}]", "", table.meaning, "", *head, *rows, ""]))
    return "\n".join(sections)


def class_of(field: FieldInfo) -> type[BaseModel] | None:
    """The class of a key that holds a table; None where it holds a value."""
    for one in get_args(field.annotation) or (field.annotation,):
        if isinstance(one, type) and issubclass(one, BaseModel):
            return one
    return None


def section_of(field: FieldInfo) -> type[BaseModel] | None:
    """The same for tables with a header of their own; a `Bar` is a value, written on one line."""
    found = class_of(field)
    return None if found is None or issubclass(found, Bar) else found


def _tables(model: type[BaseModel], prefix: str) -> Iterator[Described]:
    for name, field in model.model_fields.items():
        inner = section_of(field)
        if inner is None:
            continue
        table = f"{prefix}{name}"
        keys = [_key(table, key, field) for key, field in inner.model_fields.items() if section_of(field) is None]
        yield Described(table, _paragraph(inner.__doc__ or ""), tuple(keys))
        yield from _tables(inner, f"{table}.")


def _key(table: str, name: str, field: FieldInfo) -> Key:
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    examples = field.examples or []
    return Key(
        table,
        name,
        expected(field),
        field.description or "",
        field.is_required(),
        default,
        examples[0] if examples and default is None else None,
    )


def _words(annotation: Any, limits: Sequence[Any]) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        titles = [given.title for given in arguments[1:] if isinstance(given, FieldInfo) and given.title]
        inner = [limit for given in arguments[1:] for limit in _limits(given)]
        return titles[0] if titles else _words(arguments[0], inner)
    if origin in (Union, UnionType):
        each = [_words(one, limits) for one in arguments if one is not NoneType]
        return ", or ".join(dict.fromkeys(each))
    if origin is Literal:
        return _either([toml_value(one) for one in arguments])
    if origin is tuple:
        return f"a list of {_words(arguments[0], ())}{_some(limits)}"
    if origin is dict:
        return f"a table {{name = {_words(arguments[1], ())}}}{_some(limits)}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        keys = ", ".join(f"{name} = …" for name in annotation.model_fields)
        values = {expected(field) for field in annotation.model_fields.values()}
        return f"a table {{{keys}}}, each {_either(sorted(values))}"
    return _plain_words(annotation, limits)


def _either(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _plain_words(kind: Any, limits: Sequence[Any]) -> str:
    if kind is float:
        return _number_words(limits)
    if kind is int:
        least = [limit.ge for limit in limits if isinstance(limit, Ge)]
        return f"a whole number of {least[0]} or more" if least else "a whole number"
    return {str: "text", bool: "true or false", date: "a date such as 2026-11-30"}[kind]


def _number_words(limits: Sequence[Any]) -> str:
    least = [f"{limit.ge:g}" for limit in limits if isinstance(limit, Ge)]
    above = [f"above {limit.gt:g}" for limit in limits if isinstance(limit, Gt)]
    most = [f"to {limit.le:g}" for limit in limits if isinstance(limit, Le)]
    most += [f"to below {limit.lt:g}" for limit in limits if isinstance(limit, Lt)]
    if not most:
        return " ".join(["a number", *above, *(f"of {number} or more" for number in least)])
    if above:
        return f"{SHARE} {above[0]}, {most[0].removeprefix('to ') if 'below' in most[0] else f'up {most[0]}'}"
    return f"{SHARE} from {least[0]} {most[0]}"


def _limits(given: Any) -> list[Any]:
    return list(given.metadata) if isinstance(given, FieldInfo) else [given]


def _some(limits: Sequence[Any]) -> str:
    return ", at least one" if any(isinstance(limit, MinLen) for limit in limits) else ""


def _default_cell(key: Key) -> str:
    if key.example is None:
        return f"`{key.default_words}`" if key.default is not None else key.default_words
    return f"{key.default_words}, e.g. `{toml_value(key.example)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _paragraph(docstring: str) -> str:
    return " ".join(docstring.split())


def _toml_key(name: str) -> str:
    plain = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if plain else toml_value(name)
