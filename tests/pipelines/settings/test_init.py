"""`lifeworth init` looks at an order log, guesses what it can say why, and refuses what it cannot read."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.ground.errors import InputError
from lifeworth.pipelines.settings.describe import described_tables
from lifeworth.pipelines.settings.file import read_settings
from lifeworth.pipelines.settings.init import Begun, begin
from lifeworth.pipelines.settings.settings import Settings

TODAY: Final = date(2026, 11, 30)
COMMENTED: Final = re.compile(r"^#(?=\w+ = )", re.MULTILINE)
"""A key behind a # without a space."""


def begun(folder: Path, frame: pd.DataFrame, name: str = "orders.csv", **how: Any) -> tuple[Begun, Settings]:
    frame.to_csv(folder / name, index=False, **how)
    result = begin(folder / name, folder, today=TODAY)
    return result, read_settings(result.path)


@pytest.fixture(scope="module")
def cdnow(tmp_path_factory: pytest.TempPathFactory) -> Begun:
    folder = tmp_path_factory.mktemp("cdnow")
    lw.load_cdnow(sample=True).to_csv(folder / "cdnow.csv", index=False)
    return begin(folder / "cdnow.csv", folder, today=TODAY)


# ---- what is written -------------------------------------------------------------------------------------------------


def test_cdnow_is_understood_without_help(cdnow: Begun) -> None:
    settings = read_settings(cdnow.path)
    assert settings.source.path == "cdnow.csv"
    assert (settings.columns.customer_id, settings.columns.date, settings.columns.amount) == (
        "customer_id", "date", "amount",
    )  # fmt: skip
    assert settings.columns.attributes == ()
    assert settings.run.as_of == "last order"
    assert "last order is of 1998-06-30" in cdnow.path.read_text(encoding="utf-8").replace("\n# ", " ")


def test_what_nobody_has_checked_is_listed_as_assumed(cdnow: Begun) -> None:
    stated = read_settings(cdnow.path).economics
    assert (stated.margin, stated.annual_discount_rate) == (0.30, 0.15)
    assert stated.assumed == ("margin", "annual_discount_rate")
    assert "put in your own" in cdnow.path.read_text(encoding="utf-8")


def test_every_key_of_every_table_stands_in_the_file_with_its_meaning(cdnow: Begun) -> None:
    text = cdnow.path.read_text(encoding="utf-8")
    prose = " ".join(line.lstrip("# ") for line in text.splitlines())
    for table in described_tables():
        assert f"[{table.name}]" in text
        for key in table.keys:
            assert re.search(rf"^(#|#     )?{key.name} = ", text, re.MULTILINE)
            assert key.meaning[1:] in prose


def test_taking_the_marks_away_changes_nothing(cdnow: Begun, tmp_path: Path) -> None:
    text = cdnow.path.read_text(encoding="utf-8")
    assert len(COMMENTED.findall(text)) > 40
    bare = tmp_path / "lifeworth.toml"
    bare.write_text(COMMENTED.sub("", text), encoding="utf-8")
    all_written, as_begun = read_settings(bare), read_settings(cdnow.path)
    assert all_written.model_dump() == as_begun.model_dump()
    for table in set(Settings.model_fields) - {"folder", "source", "columns", "economics", "run"}:
        assert getattr(all_written, table) == Settings.model_fields[table].get_default(call_default_factory=True)


def test_a_file_that_is_there_is_kept_unless_it_is_forced(orders: pd.DataFrame, tmp_path: Path) -> None:
    orders.to_csv(tmp_path / "orders.csv", index=False)
    (tmp_path / "lifeworth.toml").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"is there already .* pass --force"):
        begin(tmp_path / "orders.csv", tmp_path, today=TODAY)
    assert (tmp_path / "lifeworth.toml").read_text(encoding="utf-8") == "mine"
    begin(tmp_path / "orders.csv", tmp_path, force=True, today=TODAY)
    assert read_settings(tmp_path / "lifeworth.toml").source.path == "orders.csv"


def test_the_path_is_relative_to_the_folder_of_the_file(orders: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    log = orders.copy()
    log.iloc[::2].to_parquet(tmp_path / "raw" / "a.parquet")
    log.iloc[1::2].to_parquet(tmp_path / "raw" / "b.parquet")
    result = begin(tmp_path / "raw" / "*.parquet", tmp_path / "runs", today=TODAY)
    assert read_settings(result.path).source.path == "../raw/*.parquet"
    assert result.guesses[0].reason == "360 rows"


# ---- what is guessed -------------------------------------------------------------------------------------------------


def test_columns_are_known_by_name_and_content_and_attributes_by_what_stays(
    orders: pd.DataFrame, tmp_path: Path
) -> None:
    result, settings = begun(tmp_path, orders)
    assert settings.columns.customer_id == "customer"
    assert (settings.columns.date, settings.columns.amount) == ("day", "amount")
    assert settings.columns.attributes == ("channel",)
    assert settings.run.as_of == "today"
    assert all(guess.reason for guess in result.guesses)


def test_lines_of_quantity_and_price_have_their_product_as_amount(invoice_lines: pd.DataFrame, tmp_path: Path) -> None:
    for how in ({"sep": ","}, {"sep": "\t"}):
        (tmp_path / "lifeworth.toml").unlink(missing_ok=True)
        _, settings = begun(tmp_path, invoice_lines, **how)
        assert settings.columns.customer_id == "CustomerID"
        assert settings.columns.date == "InvoiceDate"
        assert settings.columns.amount == "Quantity * UnitPrice"
        assert settings.columns.attributes == ("Country",)


@pytest.mark.parametrize(
    ("customer", "day", "amount", "currency"),
    [
        ("Kundennummer", "Bestelldatum", "Betrag (EUR)", "EUR"),
        ("Код клиента", "Дата заказа", "Сумма, RUB", "RUB"),
        ("id_pelanggan", "tanggal_pesanan", "total_harga", ""),
        ("Mteja", "Tarehe", "Kiasi TZS", "TZS"),
        ("شناسه مشتری", "تاریخ سفارش", "مبلغ", ""),
        ("కస్టమర్", "తేదీ", "మొత్తం ₹", "₹"),
        ("userId", "purchasedAt_date", "orderTotal $", "$"),
    ],
)
def test_names_in_other_languages_are_understood(
    orders: pd.DataFrame, customer: str, day: str, amount: str, currency: str, tmp_path: Path
) -> None:
    log = orders[["order_no", "customer", "day", "amount"]].set_axis(["no", customer, day, amount], axis=1)
    _, settings = begun(tmp_path, log.assign(birth_date="1980-01-01"), sep=";")
    assert (settings.columns.customer_id, settings.columns.date) == (customer, day)
    assert (settings.columns.amount, settings.economics.currency) == (amount, currency)


def test_a_column_of_currencies_gives_the_currency_if_there_is_one(orders: pd.DataFrame, tmp_path: Path) -> None:
    _, one = begun(tmp_path, orders.assign(currency="GBP"))
    assert one.economics.currency == "GBP"
    (tmp_path / "lifeworth.toml").unlink()
    result, two = begun(tmp_path, orders.assign(currency=["GBP", "EUR"] * 180))
    assert two.economics.currency == ""
    (guess,) = (guess for guess in result.guesses if guess.key == "economics.currency")
    assert "2 currencies" in guess.reason
    assert "convert them" in guess.reason


@pytest.mark.parametrize(("today", "expected"), [("2026-12-05", "today"), ("2026-12-31", "last order")])
def test_a_log_that_has_ended_is_told_as_of_its_last_order(
    orders: pd.DataFrame, today: str, expected: str, tmp_path: Path
) -> None:
    log = orders.copy()
    log.loc[0, "day"] = "2026-11-28"
    log.to_csv(tmp_path / "orders.csv", index=False)
    result = begin(tmp_path / "orders.csv", tmp_path, today=date.fromisoformat(today))
    assert read_settings(result.path).run.as_of == expected
