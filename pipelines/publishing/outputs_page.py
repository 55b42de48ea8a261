"""docs/outputs.md, made from the schema: `python -m lifeworth.pipelines.publishing.outputs_page docs/outputs.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from .column import ATTRIBUTE, HORIZON, Column, Table
from .files import PURCHASES, SPEND, SUMMARY, TABLE_FOLDER, WORKBOOK
from .manifest import MANIFEST
from .schema import DATABASE_TABLES, RUN_ID, SMALL, SUMMARY_KEYS, in_database
from .schema_customers import CUSTOMERS

TYPES: Final = {"id": "as in the orders", "attribute": "as in the orders", "json": "JSON"}
"""Kinds that say more in other words."""

HEAD: Final = f"""\
# What a run publishes

<!-- Made from pipelines/publishing/schema*.py by
`python -m lifeworth.pipelines.publishing.outputs_page docs/outputs.md`: edit those. A test holds this page to them. -->

`lifeworth run` leaves everything of a run in one folder, `OUT/runs/<run_id>/`, and lets `OUT/current` point at the run
published last. The folder is put in place when it is whole, and never changed after that.

| file | for whom | what |
|---|---|---|
| `report.html` | people | the report: opens without a network, prints |
| `{WORKBOOK}` | people | the workbook: totals first, then customers and decisions |
| `customers.parquet`, `customers.csv` | warehouses, tools | one row a customer |
| `{TABLE_FOLDER}/*.parquet`, `{TABLE_FOLDER}/*.csv` | warehouses, tools | every other table |
| `{SUMMARY}` | dashboards | a few figures under keys that stay |
| `{PURCHASES}`, `{SPEND}` | data scientists | the fitted models, for `lw.load` |
| `{MANIFEST}` | operators | settings without secrets, versions, seed, fingerprint of the orders, gates, figures, \
timings; every file with its size and SHA-256 |
| `quarantine.*` | operators | rows of the orders that were set aside, with the reason of each |

The same orders, settings and version give the same bytes in every file but for `timings` in `{MANIFEST}`.

## How to read it safely

- Resolve `OUT/current` once, then read files of that one folder: `os.path.realpath("out/current")` in Python,
  `realpath out/current` in a shell. Who opens `OUT/current/a` and later `OUT/current/b` may get two runs.
- Parquet is exact, with types, and unit and meaning of each column in the metadata of its field. CSV is UTF-8 with
  seven digits; text that a spreadsheet would take for a formula stands behind an apostrophe there. Read CSV where
  Parquet cannot be.
- Empty cells are values that are not known or do not apply. Money is in the currency of `[economics]`; shares and
  probabilities go from 0 to 1.
- `_mean` is the expectation; `_q05`, `_q50`, `_q95` are quantiles of what will really come, so that `_q05` to `_q95`
  holds it 9 times of 10. Means add up over customers. Quantiles do not: take those of totals from `totals`.
- The workbook lists the 100,000 most valuable customers and says so where there are more.
"""

DATABASE_HEAD: Final = """\
## The database

With `[publish.database]` the same tables are written to DuckDB or PostgreSQL under the prefix of the settings
(`lifeworth_totals` and so on), keyed by run: each has `run_id` first. A run is written in one transaction, so that a
reader sees all of it or nothing; the same run again replaces its rows. `is_current` in `runs` is true for the run
published last. For the customers of that run:

```
SELECT c.*, h.*
FROM lifeworth_runs r
JOIN lifeworth_customers c USING (run_id)
JOIN lifeworth_customer_horizons h USING (run_id, customer_id)
WHERE r.is_current AND h.horizon = '12M'
```

Customers are in two tables there, so that columns do not hang on the settings: `customers`, and `customer_horizons`
with a row a horizon. Ids are text. PostgreSQL holds the keys below as primary keys. A table of one of the names with
other columns is never touched: the run stops and says which differ. Units and meanings are comments of the columns.

The tables not listed here have the columns above, after `run_id`, and `run_id` before their key:
"""


def page() -> str:
    """The page as Markdown."""
    parts = [HEAD, "## Tables of the files\n", _customers_note()]
    parts += [_section(table, "###") for table in (CUSTOMERS, *SMALL)]
    parts += [DATABASE_HEAD + ", ".join(f"`{table.name}`" for table in SMALL) + ".\n"]
    same = {in_database(table).name for table in SMALL}
    parts += [_section(table, "###", "database: ") for table in DATABASE_TABLES if table.name not in same]
    parts += [f"## Keys of {SUMMARY}\n", "`[]` stands for each entry of a list.\n", _table(SUMMARY_KEYS, "key")]
    return "\n".join(parts)


def write_page(path: Path) -> None:
    """Write the page."""
    path.write_text(page(), encoding="utf-8")


def _customers_note() -> str:
    return (
        f"`{HORIZON}` stands for each horizon of the settings, in lower case as in `12m`; `{ATTRIBUTE}` for each "
        "attribute of `[columns]`. Columns of one horizon stand together.\n"
    )


def _section(table: Table, level: str, lead: str = "") -> str:
    key = ", ".join(f"`{name}`" for name in table.key)
    return f"{level} {lead}{table.name}\n\n{table.meaning} Key: {key}.\n\n{_table(table.columns, 'column')}"


def _table(columns: Iterable[Column], head: str) -> str:
    lines = [f"| {head} | type | unit | meaning |", "|---|---|---|---|"]
    for column in columns:
        kind = "text" if column.name == RUN_ID.name else TYPES.get(column.kind, column.kind)
        empty = "; may be empty" if column.empty else ""
        lines.append(f"| `{column.name}` | {kind} | {column.unit} | {column.meaning}{empty} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    write_page(Path(sys.argv[1]))
