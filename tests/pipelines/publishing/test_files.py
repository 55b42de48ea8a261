"""The files of a run: complete, the same for the same run, and harmless whatever customers are called."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from openpyxl.worksheet.worksheet import Worksheet

import lifeworth as lw
from lifeworth.pipelines.publishing import workbook_sheets
from lifeworth.pipelines.publishing.files import write_files
from lifeworth.pipelines.publishing.manifest import files_of, write_manifest
from lifeworth.pipelines.publishing.schema import SMALL, SUMMARY_KEYS, TABLES
from lifeworth.pipelines.publishing.tables import all_tables, columns_of
from lifeworth.pipelines.publishing.workbook import write_workbook
from lifeworth.pipelines.publishing.workbook_page import MOST_CHARACTERS
from lifeworth.pipelines.record.record import RunRecord

HEAD_OF_CUSTOMERS = 4
"""Row of the sheet that names the columns."""


@pytest.fixture(scope="module")
def folder(later: RunRecord, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the second run."""
    made = tmp_path_factory.mktemp("run")
    (made / "quarantine.parquet").write_bytes(b"rows set aside")
    write_files(later, made)
    return made


@pytest.fixture(scope="module")
def tables(later: RunRecord) -> Mapping[str, pd.DataFrame]:
    return all_tables(later)


@pytest.fixture(scope="module")
def book(folder: Path) -> openpyxl.Workbook:
    return openpyxl.load_workbook(folder / "lifeworth.xlsx")


def cells(sheet: Worksheet) -> Iterator[Any]:
    return (cell for row in sheet.iter_rows() for cell in row if cell.value is not None)


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def keys_of(value: Any, lead: str = "") -> set[str]:
    """Paths of nested JSON, as the schema writes them."""
    if isinstance(value, dict):
        return {path for key, inner in value.items() for path in keys_of(inner, f"{lead}.{key}" if lead else key)}
    if isinstance(value, list):
        return {path for inner in value for path in keys_of(inner, f"{lead}[]")}
    return {lead}


# ---- all of them -----------------------------------------------------------------------------------------------------


def test_a_run_has_every_file_that_the_docs_name(folder: Path) -> None:
    tables = {f"tables/{table.name}.{kind}" for table in SMALL for kind in ("csv", "parquet")}
    assert names(folder) == tables | {
        "customers.parquet", "customers.csv", "lifeworth.xlsx", "summary.json", "manifest.json",
        "models/purchases.nc", "models/spend.nc", "quarantine.parquet",
    }  # fmt: skip


def test_settings_leave_out_csv_and_workbook(plain: RunRecord, tmp_path: Path) -> None:
    publish = plain.settings.publish.model_copy(update={"csv": False, "excel": False})
    write_files(replace(plain, settings=plain.settings.model_copy(update={"publish": publish})), tmp_path)
    assert {name for name in names(tmp_path) if name.endswith((".csv", ".xlsx"))} == set()
    assert "tables/totals.parquet" in names(tmp_path)


def test_the_same_run_gives_the_same_bytes_but_for_the_timings(
    later: RunRecord, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    (tmp_path / "quarantine.parquet").write_bytes(b"rows set aside")
    write_files(replace(later, seconds={"fit": 99.0}), tmp_path)
    for name in names(folder) - {"manifest.json"}:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name
    one, other = (json.loads((place / "manifest.json").read_text()) for place in (folder, tmp_path))
    assert one.pop("timings") != other.pop("timings")
    assert one == other


def test_the_manifest_holds_every_file_with_its_checksum(folder: Path) -> None:
    told = json.loads((folder / "manifest.json").read_text())["files"]
    assert {file["name"] for file in told} == names(folder) - {"manifest.json"}
    for file in told:
        content = (folder / file["name"]).read_bytes()
        assert (file["bytes"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())


def test_the_manifest_written_again_knows_what_came_since(later: RunRecord, tmp_path: Path) -> None:
    write_manifest(later, tmp_path)
    (tmp_path / "report.html").write_text("<p>late")
    (tmp_path / ".half.tmp").write_text("hidden")
    write_manifest(later, tmp_path)
    assert [file["name"] for file in json.loads((tmp_path / "manifest.json").read_text())["files"]] == ["report.html"]
    assert [file["name"] for file in files_of(tmp_path)] == ["report.html"]


def test_the_manifest_says_what_the_run_was_made_of(later: RunRecord, folder: Path) -> None:
    said = json.loads((folder / "manifest.json").read_text())
    assert said["input"]["fingerprint"] == later.snapshot.fingerprint
    assert said["settings"]["economics"]["margin"] == 0.3
    assert said["seed"] == later.settings.run.seed
    assert said["versions"]["lifeworth"] == lw.__version__
    assert said["models"]["purchases"]["parameters"]["r"] == pytest.approx(later.purchases.parameters.loc["r", "mean"])
    assert said["data"]["rows_in"] == said["data"]["rows_used"] + said["data"]["rows_set_aside"]
    assert [gate["outcome"] for gate in said["gates"]] == ["passed", "warned", "not asked"]


def test_no_secret_reaches_a_file(later: RunRecord, tmp_path: Path) -> None:
    source = later.settings.source.model_copy(update={"url": "postgresql://shop:opensesame@db/shop"})
    snapshot = replace(later.snapshot, source="postgresql://shop:opensesame@db/shop, table orders")
    told = replace(later, settings=later.settings.model_copy(update={"source": source}), snapshot=snapshot)
    write_files(told, tmp_path)
    assert [name for name in names(tmp_path) if b"opensesame" in (tmp_path / name).read_bytes()] == []
    with zipfile.ZipFile(tmp_path / "lifeworth.xlsx") as packed:
        assert [name for name in packed.namelist() if b"opensesame" in packed.read(name)] == []


@pytest.mark.parametrize("which", ["later", "plain"])
def test_summary_json_has_the_documented_keys_and_no_other(
    which: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    run: RunRecord = request.getfixturevalue(which)
    write_files(run, tmp_path)
    said = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    documented = {column.name for column in SUMMARY_KEYS}
    if run.comparison is None:
        documented = {name for name in documented if not name.startswith("change.")} | {"change"}
    assert keys_of(said) == documented
    assert said["totals"][-1]["mean"] == pytest.approx(run.valuation.total["value_mean"].iloc[-1])


def test_the_models_come_back_as_they_were(later: RunRecord, folder: Path) -> None:
    purchases, spend = lw.load(folder / "models/purchases.nc"), lw.load(folder / "models/spend.nc")
    pd.testing.assert_frame_equal(purchases.parameters, later.purchases.parameters)
    pd.testing.assert_frame_equal(spend.parameters, later.spend.parameters)


# ---- Parquet and CSV -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_parquet_holds_every_table_with_unit_and_meaning_of_each_column(
    table: Any, later: RunRecord, tables: Mapping[str, pd.DataFrame], folder: Path
) -> None:
    path = folder / (f"{table.name}.parquet" if table.name == "customers" else f"tables/{table.name}.parquet")
    schema, columns = pq.read_schema(path), columns_of(table, later)
    assert schema.names == [column.name for column in columns]
    for column in columns:
        about = schema.field(column.name).metadata
        assert (about[b"unit"].decode(), about[b"meaning"].decode()) == (column.unit, column.meaning)
    read = pd.read_parquet(path)
    read = read.astype({column.name: "datetime64[us]" for column in columns if column.kind == "date"})
    pd.testing.assert_frame_equal(read, tables[table.name], check_dtype=False, check_exact=True)


def test_parquet_holds_every_id_as_it_is(folder: Path, hostile: tuple[str, ...]) -> None:
    assert set(hostile) <= set(pd.read_parquet(folder / "customers.parquet")["customer_id"])


def test_csv_holds_every_id_whole_with_formulas_behind_an_apostrophe(folder: Path, hostile: tuple[str, ...]) -> None:
    csv = pd.read_csv(folder / "customers.csv", dtype={"customer_id": str}, keep_default_na=False, lineterminator=None)
    parquet = pd.read_parquet(folder / "customers.parquet")
    for written, meant in zip(csv["customer_id"], parquet["customer_id"], strict=True):
        assert written in (meant, f"'{meant}")
        assert not re.match(r"[=+\-@\t\r\n]", written)
    assert {'\'=HYPERLINK("http://x")', "'-1", "x" * 5000, "😀👩‍👩‍👧"} <= set(csv["customer_id"])
    assert set(csv["channel"]) == {"'=search", "social", "<b>mail</b>"}
    np.testing.assert_allclose(csv["value_12m_mean"], parquet["value_12m_mean"], rtol=1e-6)


def test_a_column_whose_name_is_a_formula_is_guarded_too(tmp_path: Path) -> None:
    from lifeworth.pipelines.exports import write_csv

    write_csv(pd.DataFrame({"=cmd": ["a"], "@b": [-1.5]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "'=cmd,'@b\na,-1.5\n"


def test_dates_in_csv_are_days(folder: Path) -> None:
    assert pd.read_csv(folder / "customers.csv")["first_purchase"].str.fullmatch(r"\d{4}-\d\d-\d\d").all()


def test_duckdb_reads_the_files_as_they_are_meant(folder: Path, later: RunRecord) -> None:
    (found,) = duckdb.sql(f"SELECT count(*), sum(value_12m_mean) FROM '{folder}/customers.parquet'").fetchall()
    assert found == (len(later.summary), pytest.approx(later.valuation.total["value_mean"].iloc[0]))


# ---- the workbook ----------------------------------------------------------------------------------------------------


def test_no_cell_of_the_workbook_is_a_formula_or_a_link(book: openpyxl.Workbook) -> None:
    found = [cell for sheet in book for cell in cells(sheet)]
    assert {cell.data_type for cell in found} <= {"s", "n", "d"}
    assert [cell.coordinate for cell in found if cell.hyperlink is not None] == []
    assert {cell.data_type for cell in book["Customers"]["A"] if cell.value is not None} == {"s"}


def test_the_workbook_holds_every_id_whole(book: openpyxl.Workbook, later: RunRecord) -> None:
    written = [str(cell.value) for cell in book["Customers"]["A"][HEAD_OF_CUSTOMERS:]]
    assert sorted(written) == sorted(id_.replace("\r", "_x000D_") for id_ in later.summary.frame["customer_id"])


def test_the_workbook_begins_with_totals_and_says_what_the_tables_say(
    book: openpyxl.Workbook, later: RunRecord
) -> None:
    assert book.sheetnames == [
        "Summary", "What changed", "Customers", "Segments", "Tiers", "Bid ceilings", "Win back", "Cash flow",
        "Backtest", "Data", "Notes",
    ]  # fmt: skip
    numbers = [cell.value for cell in cells(book["Summary"]) if cell.data_type == "n"]
    assert numbers[0] == pytest.approx(later.valuation.total["value_mean"].iloc[0])
    customers = book["Customers"]
    head = [cell.value for cell in customers[HEAD_OF_CUSTOMERS]]
    values = [row[head.index("Value, 12 months: expected")].value for row in customers.iter_rows(HEAD_OF_CUSTOMERS + 1)]
    assert values == sorted(values, reverse=True)
    assert sum(values) == pytest.approx(numbers[0], rel=1e-6)


def test_sheets_are_set_up_for_screen_and_paper(book: openpyxl.Workbook) -> None:
    customers = book["Customers"]
    assert customers.freeze_panes == f"B{HEAD_OF_CUSTOMERS + 1}"
    assert customers.auto_filter.ref.startswith(f"A{HEAD_OF_CUSTOMERS}:")
    assert customers.print_title_rows == f"${HEAD_OF_CUSTOMERS}:${HEAD_OF_CUSTOMERS}"
    assert {sheet.page_setup.orientation for sheet in book} == {"landscape"}
    money = customers.cell(HEAD_OF_CUSTOMERS + 1, 6)
    assert money.number_format.startswith('"$"#,##0.00')


def test_columns_are_wide_enough_for_what_they_hold(book: openpyxl.Workbook) -> None:
    for sheet in book:
        for cell in (cell for cell in cells(sheet) if cell.data_type == "n"):
            shown = len(f"{cell.value:,.0f}") + (3 if ".00" in cell.number_format else 0) + ("$" in cell.number_format)
            assert sheet.column_dimensions[cell.column_letter].width > shown, (sheet.title, cell.coordinate)


def test_more_customers_than_the_workbook_holds_are_told(
    later: RunRecord, tables: Mapping[str, pd.DataFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook_sheets, "MOST_CUSTOMERS", 7)
    write_workbook(later, tables, tmp_path / "few.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "few.xlsx")["Customers"]
    said = " ".join(str(sheet.cell(row, 1).value) for row in (3, 4))
    assert said.startswith("The first 7 of 240 customers")
    assert "customers.parquet" in said
    assert sheet.max_row == 6 + 7


def test_text_too_long_for_a_cell_is_cut_with_a_mark_and_told(
    later: RunRecord, tables: Mapping[str, pd.DataFrame], tmp_path: Path
) -> None:
    few = tables["customers"].head(3).assign(customer_id=["a", "😀" * MOST_CHARACTERS, "b"])
    write_workbook(later, {**tables, "customers": few}, tmp_path / "long.xlsx")
    written = [str(cell.value) for cell in openpyxl.load_workbook(tmp_path / "long.xlsx")["Customers"]["A"]]
    (cut,) = [text for text in written if text.endswith("😀…")]
    assert len(cut.encode("utf-16-le")) <= 2 * MOST_CHARACTERS
    assert any("1 texts longer than 32,767 characters" in text for text in written)


def test_a_first_run_says_that_there_is_nothing_to_compare_with(plain: RunRecord, tmp_path: Path) -> None:
    write_workbook(plain, all_tables(plain), tmp_path / "first.xlsx")
    book = openpyxl.load_workbook(tmp_path / "first.xlsx")
    assert book["What changed"]["A2"].value == workbook_sheets.FIRST_RUN
    assert "Win back" not in book.sheetnames
    assert "Costs today (CAC)" not in [cell.value for cell in cells(book["Bid ceilings"])]
