"""An order log that `lifeworth init` cannot read is refused with what was looked at and what to do, which works."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pytest

from lifeworth.models.ground.errors import InputError
from lifeworth.pipelines.settings.file import read_settings
from lifeworth.pipelines.settings.init import begin

TODAY: Final = date(2026, 11, 30)


def refused(folder: Path, text: str | bytes, name: str = "orders.csv") -> str:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(InputError) as caught:
        begin(folder / name, folder, today=TODAY)
    assert not (folder / "lifeworth.toml").exists()
    return str(caught.value)


def follow(said: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what a message says: the lines of Python in it."""
    monkeypatch.chdir(folder)
    exec("\n".join(line.strip() for line in said.splitlines() if line.startswith("    ")), {})


def test_foreign_dates_and_decimal_commas_are_refused_with_code_that_converts_them(
    orders: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = orders.copy()
    log["day"] = pd.to_datetime(log["day"]).dt.strftime("%d.%m.%Y")
    log["amount"] = [f"{amount + 1000:,.2f}".translate(str.maketrans(",.", ".,")) for amount in log["amount"]]
    said = refused(tmp_path, log.to_csv(index=False, sep=";"))
    assert "day holds dates such as '30." in said or "day holds dates such as '31." in said
    assert "amount holds amounts such as '1." in said
    follow(said, tmp_path, monkeypatch)
    settings = read_settings(begin("orders.parquet", ".", today=TODAY).path)
    assert settings.source.path == "orders.parquet"
    converted = pd.read_parquet(tmp_path / "orders.parquet")
    assert list(converted["customer"]) == list(orders["customer"])
    assert list(converted["amount"].round(2)) == list((orders["amount"] + 1000).round(2))
    assert list(converted["day"].dt.strftime("%Y-%m-%d")) == list(orders["day"])


@pytest.mark.parametrize(
    ("form", "doubt"), [("%m/%d/%Y %H:%M", False), ("%d/%m/%Y", False), ("%Y%m%d", False), ("%d-%m-%Y", False)]
)
def test_dates_of_every_country_come_back_as_they_were_meant(
    orders: pd.DataFrame, form: str, doubt: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = orders.copy()
    log["date"] = pd.to_datetime(log.pop("day")).dt.strftime(form)
    said = refused(tmp_path, log.to_csv(index=False))
    assert ("is the day or the month first?" in said) is doubt
    follow(said, tmp_path, monkeypatch)
    assert list(pd.read_parquet(tmp_path / "orders.parquet")["date"].dt.strftime("%Y-%m-%d")) == list(orders["day"])


def test_a_date_whose_day_may_be_its_month_says_so(tmp_path: Path) -> None:
    said = refused(tmp_path, "customer,date,amount\n" + "a,3/4/2026,1.5\nb,5/6/2026,2.5\nc,7/8/2026,3.5\n")
    assert "is the day or the month first?" in said


def test_signs_beside_amounts_are_refused_with_code_that_takes_them_off(
    orders: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = orders.assign(amount=[f"${amount:,.2f}" for amount in orders["amount"] * 100])
    follow(refused(tmp_path, log.to_csv(index=False)), tmp_path, monkeypatch)
    assert np.allclose(pd.read_parquet(tmp_path / "orders.parquet")["amount"], orders["amount"] * 100, atol=0.006)


def test_fields_separated_by_spaces_are_refused_with_code_that_converts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = " 00001 19970101  1   11.77\n 00002 19970112  1   12.00\n 00002 19970112  5   77.00\n"
    for name in ("CDNOW_master.txt", "CDNOW_master.csv"):
        said = refused(tmp_path, lines, name)
        assert "separated by spaces" in said
        follow(said, tmp_path, monkeypatch)
        assert list(pd.read_csv(tmp_path / "orders.csv")["amount"]) == [11.77, 12.00, 77.00]


def test_a_file_in_another_encoding_is_refused_with_code_that_converts_it(
    orders: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = orders.assign(note="schöne Grüße")
    (tmp_path / "latin").mkdir()
    said = refused(tmp_path / "latin", log.to_csv(index=False).encode("cp1252"), "kunden.csv")
    assert "it is not UTF-8" in said
    follow(said, tmp_path, monkeypatch)
    assert begin(tmp_path / "orders.csv", tmp_path, today=TODAY).guesses


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("1,2024-01-01,3.5\n2,2024-01-02,4\n", "orders.csv", "got values (1, 2024-01-01, 3.5). Write a line of names"),
        ("", "orders.csv", "is empty"),
        ("customer,date,amount\n", "orders.csv", "has names of columns (customer, date, amount) and no row"),
        ("customer,date,amount\n", "orders.txt", "Rename it to .csv."),
        ("x", "orders.xlsx", "Export the sheet as CSV"),
        ("x", "orders.json", "Export the orders as CSV or Parquet."),
        ("who,when,foo\na,b,c\nd,e,f\n", "orders.csv", "cannot tell [columns] date of"),
        ("who,when,foo\na,b,c\nd,e,f\n", "orders.csv", "Looked at: who ('d'); when ('e'); foo ('f')"),
        ("customer,date,foo\na,2026-01-01,x\nb,2026-01-02,y\n", "orders.csv", "cannot tell [columns] amount"),
        ("foo,date,amount\na,2026-01-01,1.5\nb,2026-01-02,2.5\nc,2026-01-02,3.5\n", "orders.csv", "] customer_id"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_understood_says_what_was_looked_at(
    text: str, name: str, expected: str, tmp_path: Path
) -> None:
    assert expected in refused(tmp_path, text, name)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file at"):
        begin(tmp_path / "nothing.csv", tmp_path)
