"""A settings file that is wrong is refused with its table, key and line, what was expected, what came, what to do."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifeworth.models.ground.errors import InputError
from lifeworth.pipelines.settings.amounts import amount_parts
from lifeworth.pipelines.settings.describe import toml_value
from lifeworth.pipelines.settings.file import checked_settings, read_settings
from lifeworth.pipelines.settings.settings import Settings, economics, policies

GOOD: Final = """\
[source]
path = "orders.csv"
[columns]
attributes = ["channel"]
[economics]
margin = 0.30
annual_discount_rate = 0.15
"""
JARGON: Final = ("Input should", "validation error", "type=", "pydantic", "constrained", "Extra inputs", "NoneType")

BAD: Final = [
    ("margin = 0.30", "margn = 0.30", "[economics] margn (line 6): unknown key. Did you mean margin?"),
    ("margin = 0.30", "margn = 0.30", "[economics] margin (line 5): missing; expected a share above 0"),
    ("margin = 0.30", "margin = 30", "got 30. If 30 percent is meant, pass 0.3."),
    ("margin = 0.30", 'margin = "30 %"', 'got \'30 %\'. Write it without quotes: 0.3.'),
    ("margin = 0.30", 'margin = "0,3"', "Write it without quotes: 0.3."),
    ("margin = 0.30", 'margin = "chanel"', "[economics] margin (line 6): expected one of the attributes"),
    ("margin = 0.30", 'margin = "chanel"', "Did you mean channel?"),
    ("margin = 0.30", "margin = nan", "margin (line 6): expected a share above 0"),
    ("margin = 0.30", "margin = true", "got true."),
    ("= 0.15", "= 15", "[economics] annual_discount_rate (line 7): expected a share from 0 to below 1; got 15. If 15"),
    ("= 0.15", "= 0.15\ncac = {email = 5}", '[economics] cac_by (line 5): missing; cac by group needs'),
    ("= 0.15", '= 0.15\ncac = 5\ncac_by = "channel"', "[economics] cac (line 8): expected one cost for each value"),
    ("= 0.15", '= 0.15\ncac = {a = 5.0}\ncac_by = "country"', "cac_by (line 9): expected one of the attributes of"),
    ("= 0.15", "= 0.15\ncac = -5", "[economics] cac (line 8): expected a number of 0 or more"),
    ("= 0.15", "= 0.15\ncac = {}", "[economics] cac (line 8): expected a number of 0 or more"),
    ("= 0.15", '= 0.15\nassumed = ["margins"]', "expected keys of [economics]; got 'margins'. Did you mean margin?"),
    ("= 0.15", "= 0.15\ncost_share = {payment = 5}", "got payment = 5. If 5 percent is meant, pass 0.05."),
    ("= 0.15", "= 0.15\ndraws = 500", "[economics] draws (line 8): unknown key. It belongs to [run]."),
    ("[economics]", "[econmics]", "[econmics] (line 5): unknown table. Did you mean economics?"),
    ("[economics]", "[econmics]", "[economics]: missing table; expected [economics] with margin = 0.3"),
    ("[source]", "", "path (line 2): unknown key outside of any table. Put it below [source]."),
    ("[source]", "[[source]]", "[source]: expected a table [source] with keys below it; got"),
    ('"orders.csv"', '"orders.csv"\nurl = "duckdb://a"', "path (line 2): expected either path or url, not both"),
    ('path = "orders.csv"', "", "[source] path (line 1): missing; expected where the orders are"),
    ('path = "orders.csv"', 'url = "duckdb://a.duckdb"', "url (line 2): expected table or query beside it"),
    ('path = "orders.csv"', 'url = "a.duckdb"\ntable = "o"', "expected the URL of a database: duckdb://…"),
    ('path = "orders.csv"', "path = 3", '[source] path (line 2): expected text; got 3. Write it in quotes: "3".'),
    ('path = "orders.csv"', 'path = ""', "[source] path (line 2): expected text"),
    ('["channel"]', '"channel"', 'got "channel". Write a list: ["channel"].'),
    ('["channel"]', '["frequency"]', "attributes (line 4): expected each column once and none that the"),
    ('["channel"]', '["a", "a"]', "[columns] attributes (line 4): expected each once; got 'a'"),
    ('["channel"]', '[]\ndate = "day"\namount = "day"', "[columns] amount (line 6): expected another column than date"),
    ("[economics]", '[rows]\nrefunds = "nett"\n[economics]', '"drop" or "error"; got "nett". Did you mean net?'),
    ("[economics]", '[rows]\nacquired_from = "May"\n[economics]', "expected a date such as 2026-11-30; got \"May\"."),
    ("[economics]", '[run]\nas_of = "yesterday"\n[economics]', '"today" or "last order", or a date such as'),
    ("[economics]", "[run]\ndraws = 1.5\n[economics]", "[run] draws (line 6): expected a whole number of 100 or more"),
    ("[economics]", '[run]\ndraws = "500"\n[economics]', "Write it without quotes: 500."),
    ("[economics]", '[models]\ncandidates = ["BG"]\n[economics]', 'a list of "BG/NBD", "MBG/NBD" or "Pareto/NBD"'),
    ("[economics]", "[models]\ncandidates = []\n[economics]", "at least one; got []."),
    ("[economics]", '[forecast]\nhorizons = ["12"]\n[economics]', 'such as "12M", "26W" or "365D"; got \'12\'.'),
    ("[economics]", '[forecast]\nhorizons = ["1Y", "1Y"]\n[economics]', "expected each once; got '1Y' more than once."),
    ("[economics]", "[tiers]\nshares = {a = 0.6, b = 0.6}\n[economics]", "shares that add up to 1 at most; got 1.2."),
    ("[economics]", "[tiers]\nshares = {none = 0.6}\n[economics]", "expected other names than 'none'"),
    ("[economics]", "[tiers]\nshares = {gold = 5}\n[economics]", "got gold = 5. If 5 percent is meant, pass 0.05."),
    ("[economics]", "[decisions]\nwin_back_cost = 1.0\n[economics]", "[decisions] win_back_uplift (line 5): missing;"),
    ("[economics]", "[decisions]\nwin_back_budget = 1.0\n[economics]", "expected win_back_cost and win_back_uplift"),
    ("[economics]", "[gates]\nmax_age_days = {warn = 9, hold = 3}\n[economics]", "at most hold; got warn = 9"),
    ("[economics]", "[gates]\nmin_coverage = {warn = 0.5, hold = 0.7}\n[economics]", "expected warn to be at least"),
    ("[economics]", "[gates]\nmax_rejected = {hold = 10}\n[economics]", "If 10 percent is meant, pass 0.1."),
    ("[economics]", "[gates]\nmax_rejected = 0.1\n[economics]", "expected a table {warn = …, hold = …}, each a share"),
    ("[economics]", "[gates]\nmax_rejected = {worn = 0.1}\n[economics]", "worn: unknown key. Did you mean warn?"),
    ("[economics]", "[gates]\nmax_rejectd = {}\n[economics]", "max_rejectd (line 6): unknown key. Did you mean"),
    ("[economics]", '[publish]\nexcel = "no"\n[economics]', "Write true or false, without quotes."),
    ("[economics]", '[publish.database]\nurl = "sqlite://a"\n[economics]', "duckdb://… or postgresql://…; got"),
    ("[economics]", '[report]\nlanguage = "de"\n[economics]', '"te" or "fa"; got "de".'),
    ("[economics]", '[report]\nlocale = "klingon"\n[economics]', 'expected a locale such as "en_GB"'),
    ("margin = 0.30", "margin = 0,30", "line 6: expected TOML, such as `margin = 0.30`; got something else"),
    ("margin = 0.30", "margin 0.30", "line 6: expected TOML"),
    ('"orders.csv"', '"C:\\data\\orders.csv"', "line 2: expected TOML"),
    ('"orders.csv"', '"C:\\data\\orders.csv"', "Write paths with / or in 'single quotes'."),
    ("margin = 0.30", "margin = 0.3\nmargin = 0.4", "line 7: expected TOML"),
]  # fmt: skip


def written(folder: Path, text: str) -> Path:
    path = folder / "lifeworth.toml"
    path.write_text(text, encoding="utf-8")
    return path


def said_of(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_settings(path)
    return str(caught.value)


@pytest.mark.parametrize(("right", "wrong", "expected"), BAD)
def test_a_wrong_key_is_named_with_its_remedy(right: str, wrong: str, expected: str, tmp_path: Path) -> None:
    assert right in GOOD
    path = written(tmp_path, GOOD.replace(right, wrong, 1))
    said = said_of(path)
    assert expected in said
    assert said.startswith(f"{path}: ")
    assert [word for word in JARGON if word in said] == []


def test_all_problems_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = GOOD.replace("0.30", "30").replace("0.15", "15").replace('["channel"]', "3") + "typo = 1\n[run]\nseed = -1\n"
    lines = said_of(written(tmp_path, text)).splitlines()
    assert lines[0].endswith(": 5 problems.")
    keys = [
        "attributes (line 4)",
        "margin (line 6)",
        "annual_discount_rate (line 7)",
        "typo (line 8)",
        "seed (line 10)",
    ]
    assert [line.partition(":")[0].split(maxsplit=1)[1] for line in lines[1:]] == keys


def test_what_tables_get_wrong_together_is_told_beside_what_another_gets_wrong(tmp_path: Path) -> None:
    text = GOOD.replace("margin = 0.30", 'margin = "segment"') + "[run]\nseed = -1\n"
    said = said_of(written(tmp_path, text))
    assert "[economics] margin (line 6): expected one of the attributes of [columns], they are channel" in said
    assert "[run] seed" in said


def test_a_good_file_is_read_with_defaults_and_its_folder(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, GOOD))
    assert settings.folder == tmp_path
    assert settings.source.path == "orders.csv"
    assert settings.columns.attributes == ("channel",)
    assert settings.forecast.horizons == ("12M", "24M", "36M")


def test_the_mark_that_an_editor_of_windows_puts_in_front_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "lifeworth.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert read_settings(path).economics.margin == 0.30


def test_a_file_that_is_not_there_says_how_to_begin_one(tmp_path: Path) -> None:
    assert "`lifeworth init ORDERS.csv` begins one" in said_of(tmp_path / "lifeworth.toml")
    assert "expected a file of settings that can be read" in said_of(tmp_path)
    (tmp_path / "latin.toml").write_bytes("title = 'Müller'".encode("latin-1"))
    assert "expected text in UTF-8" in said_of(tmp_path / "latin.toml")


def test_a_date_may_stand_in_quotes_or_without(tmp_path: Path) -> None:
    for day in ("2026-11-30", '"2026-11-30"'):
        settings = read_settings(written(tmp_path, f"{GOOD}[run]\nas_of = {day}\n[rows]\nacquired_from = {day}\n"))
        assert settings.run.as_of == settings.rows.acquired_from == date(2026, 11, 30)


def test_settings_in_a_notebook_are_checked_as_a_file_is() -> None:
    tables: dict[str, Any] = {"source": {"path": "a.csv"}, "economics": {"margin": 0.3, "annual_discount_rate": 0.1}}
    assert checked_settings(tables).economics.margin == 0.3
    with pytest.raises(InputError, match=r"settings: \[economics\] margin: .* If 40 percent is meant, pass 0.4"):
        checked_settings({**tables, "economics": {"margin": 40, "annual_discount_rate": 0.1}})
    with pytest.raises(InputError, match="folder: unknown key outside of any table"):
        checked_settings({**tables, "folder": "elsewhere"})


def test_economics_and_policies_are_what_the_file_says(tmp_path: Path) -> None:
    text = GOOD + 'currency = "€"\ncac = {email = 5}\ncac_by = "channel"\ncost_per_order = {post = 4}\n'
    settings = read_settings(written(tmp_path, text + '[rows]\nrefunds = "drop"\n'))
    stated = economics(settings)
    assert (stated.margin, stated.annual_discount_rate, stated.currency) == (0.30, 0.15, "€")
    assert stated.cac_of("email") == 5.0
    assert dict(stated.order_costs) == {"post": 4.0}
    assert policies(settings)["refunds"] == "drop"
    assert policies(settings)["zero"] == "keep"


def test_settings_survive_json_and_back(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, GOOD + "[run]\nas_of = 2026-11-30\n"))
    back = Settings.model_validate_json(settings.model_dump_json())
    assert back == settings.model_copy(update={"folder": Path(".")})
    assert Settings.model_validate(settings.model_dump(mode="json")) == back


@given(
    title=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30),
    names=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9), st.floats(0, 9)),
    shares=st.lists(st.floats(0.0, 0.99), min_size=2, max_size=2),
)
def test_what_is_written_as_toml_is_read_back_the_same(
    title: str, names: dict[str, float], shares: list[float]
) -> None:
    text = f"title = {toml_value(title)}\nnames = {toml_value(names)}\nshares = {toml_value(shares)}\n"
    assert tomllib.loads(text) == {"title": title, "names": names, "shares": shares}


@pytest.mark.parametrize(
    ("amount", "columns", "parts"),
    [
        ("amount", ["amount"], ("amount",)),
        ("Quantity * UnitPrice", ["Quantity", "UnitPrice"], ("Quantity", "UnitPrice")),
        ("Quantity*Unit Price", ["Quantity", "Unit Price"], ("Quantity", "Unit Price")),
        ("a * b", ["a * b", "a", "b"], ("a * b",)),
        ("2*n * price", ["2*n", "price"], ("2*n", "price")),
    ],
)
def test_an_amount_is_a_column_or_the_product_of_two(amount: str, columns: list[str], parts: tuple[str, ...]) -> None:
    assert amount_parts(amount, columns) == parts


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("amont", "there is no 'amont'. Did you mean amount?"),
        ("Quantty * amount", "there is no 'Quantty'. Did you mean Quantity?"),
        ("amount + Quantity", "there is no 'amount + Quantity'"),
        ("amount * Quantity * amount", "expected a column, or two with '*' between them"),
    ],
)
def test_an_amount_that_is_neither_names_the_columns(amount: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        amount_parts(amount, ["amount", "Quantity"])
    assert said in str(caught.value)
    assert "The columns are amount, Quantity." in str(caught.value)
