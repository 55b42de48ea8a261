"""What a database must do to be published to; its sentences of SQL, in the words that every database knows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import pandas as pd

from .column import Column, Kind, Table


class Warehouse(ABC):
    """An open database, within one transaction; abstract.

    Whoever opens it commits or takes back everything at its end.
    """

    types: ClassVar[Mapping[Kind, str]]
    """Its types, as it names them itself when asked for the shape of a table."""
    mark: str
    """What stands for a value in its SQL."""
    keyed: bool
    """Whether it is to hold keys: where that costs more than it guards, the transaction alone keeps rows apart."""

    @abstractmethod
    def lock(self, prefix: str) -> None:
        """Wait until nobody else writes to tables of this prefix; readers go on."""

    @abstractmethod
    def run(self, sql: str, *values: object) -> None:
        """Run a statement; several, parted by semicolons, where there are no values."""

    @abstractmethod
    def shape(self, name: str) -> dict[str, str]:
        """Columns of a table and their types; empty where there is none of the name."""

    @abstractmethod
    def insert(self, name: str, frame: pd.DataFrame, columns: tuple[Column, ...]) -> None:
        """Add rows."""

    def type_of(self, column: Column) -> str:
        """Type of a column: ids are text, whatever they are in the orders."""
        return self.types["text" if column.kind == "id" else column.kind]

    def create(self, name: str, table: Table) -> None:
        """Make a table, with keys, units and meanings."""
        defined = [
            f"{quoted(column.name)} {self.type_of(column)}{'' if column.empty else ' NOT NULL'}"
            for column in table.columns
        ]
        if self.keyed:
            defined.append(f"PRIMARY KEY ({', '.join(map(quoted, table.key))})")
        statements = [
            f"CREATE TABLE {quoted(name)} ({', '.join(defined)})",
            f"COMMENT ON TABLE {quoted(name)} IS {literal(table.meaning)}",
        ]
        for column in table.columns:
            said = f"{column.meaning} [{column.unit}]" if column.unit else column.meaning
            statements.append(f"COMMENT ON COLUMN {quoted(name)}.{quoted(column.name)} IS {literal(said)}")
        self.run("; ".join(statements))


def quoted(name: str) -> str:
    """A name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in SQL where no value can stand for it."""
    return "'" + text.replace("'", "''") + "'"
