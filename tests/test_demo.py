"""The demo, its tables and its report: the promised files, the right numbers, and misses that are not hidden."""

from __future__ import annotations

import csv
import io
import json
import re
import stat
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from lifeworth.models.ground.errors import InputError
from lifeworth.models.valuation.economics import Economics
from lifeworth.models.valuation.value import value
from lifeworth.pipelines import exports
from lifeworth.pipelines.demo import FILES, DemoResult, DemoSettings, run_demo
from lifeworth.pipelines.demo_table import demo_table
from lifeworth.pipelines.exports import customer_table, write_csv, write_parquet
from lifeworth.pipelines.reporting import report_parts
from lifeworth.pipelines.reporting.report import ReportContent, render_report

SETTINGS: Final = DemoSettings(seed=3, draws=200, sample=True)
HOLDOUT_PURCHASES: Final = 1882
HOLDOUT_SPEND: Final = 70_976.39
"""What the customers of the sample bought in weeks 40 to 78 (tests/reference/published.json)."""
JARGON: Final = ("posterior", "BG/NBD", "Gamma-Gamma", "credible", "k-hat", "R-hat", "likelihood", "parameter")
DEMO_MEGABYTES: Final = 1000.0


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> DemoResult:
    return run_demo(tmp_path_factory.mktemp("demo"), SETTINGS)


@pytest.fixture(scope="module")
def content(result: DemoResult) -> ReportContent:
    return ReportContent(
        "Value of our customers", "Orders of a shop.", result.summary, result.purchases, result.spend, result.valuation,
        result.holdout, result.tracking,
    )  # fmt: skip


@pytest.fixture(scope="module")
def page(result: DemoResult) -> str:
    return (result.folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def manifest(result: DemoResult) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((result.folder / "manifest.json").read_text(encoding="utf-8"))
    return read


@pytest.fixture
def no_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the charts out, which take most of the time of a report."""
    monkeypatch.setattr(report_parts, "_as_svg", lambda *_: "data:image/svg+xml;base64,")


def text_of(page: str) -> str:
    """What a reader of a page sees, on one line."""
    inside = re.sub(r"<style>.*?</style>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", inside)).replace("\u00a0", " ")


# ---- files ---------------------------------------------------------------------------------------


def test_the_demo_writes_the_promised_files_and_nothing_else(result: DemoResult) -> None:
    assert sorted(path.name for path in result.folder.iterdir()) == sorted(FILES)


def test_csv_and_parquet_hold_the_same_row_for_every_customer(result: DemoResult) -> None:
    parquet = pd.read_parquet(result.folder / "customers.parquet")
    text = pd.read_csv(result.folder / "customers.csv")
    assert len(parquet) == 2357
    assert parquet["customer_id"].is_unique
    pd.testing.assert_frame_equal(text, parquet, rtol=1e-6, check_dtype=False)
    assert parquet.notna().all(axis=None)


def test_columns_of_customers_are_flat_snake_case_with_their_horizon(result: DemoResult) -> None:
    columns = list(pd.read_parquet(result.folder / "customers.parquet"))
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*|T", column) for column in columns)
    parts = ("mean", "q05", "q50", "q95")
    promised = {"customer_id", "frequency", "recency", "T", "p_alive", "p_active_39w", "p_active_12m"}
    promised |= {f"{quantity}_39w_{part}" for quantity in ("purchases", "spend") for part in parts}
    promised |= {f"value_{horizon}_{part}" for horizon in ("12m", "24m", "36m") for part in parts}
    assert promised <= set(columns)


def test_intervals_of_customers_are_in_order_and_grow_with_the_horizon(result: DemoResult) -> None:
    frame = pd.read_parquet(result.folder / "customers.parquet")
    for name in ("purchases_39w", "spend_39w", "value_12m", "value_24m", "value_36m"):
        assert (frame[f"{name}_q05"] <= frame[f"{name}_q50"]).all()
        assert (frame[f"{name}_q50"] <= frame[f"{name}_q95"]).all()
    assert (frame["value_12m_mean"] < frame["value_36m_mean"]).all()
    assert (frame["p_active_39w"] <= frame["p_active_12m"]).all()


def test_totals_hold_forecast_value_and_what_came(result: DemoResult) -> None:
    total = pd.read_csv(result.folder / "total.csv").set_index(["quantity", "horizon"])
    assert list(total.index) == [("purchases", "39W"), ("spend", "39W"), *(("value", h) for h in ("12M", "24M", "36M"))]
    assert total.loc[("purchases", "39W"), "actual"] == HOLDOUT_PURCHASES
    assert total.loc[("spend", "39W"), "actual"] == pytest.approx(HOLDOUT_SPEND)
    customers = pd.read_parquet(result.folder / "customers.parquet")
    for horizon in ("12M", "24M", "36M"):
        of_customers = customers[f"value_{horizon.lower()}_mean"].sum()
        assert total.loc[("value", horizon), "mean"] == pytest.approx(of_customers, rel=1e-6)


def test_the_manifest_says_how_the_numbers_came_about(manifest: dict[str, Any], result: DemoResult) -> None:
    assert manifest["settings"]["seed"] == SETTINGS.seed
    assert manifest["settings"]["economics"] == {
        "margin": 0.3, "annual_discount_rate": 0.15, "cac": 20.0, "cost_per_order": 0.0, "currency": "$",
    }  # fmt: skip
    assert manifest["input"]["rows"] == 6919
    assert re.fullmatch(r"[0-9a-f]{16}", manifest["input"]["fingerprint"])
    assert {"python", "lifeworth", "numpy", "pandas"} <= set(manifest["versions"])
    assert manifest["seconds"].keys() == result.seconds.keys()
    assert manifest["files"] == list(FILES)
    assert manifest["figures"]["value"]["12M"]["value"]["mean"] == pytest.approx(
        result.valuation.total["value_mean"].iloc[0]
    )
    assert manifest["figures"]["holdout"]["purchases"]["actual"] == HOLDOUT_PURCHASES


@pytest.mark.slow
def test_a_second_run_gives_the_same_numbers_and_leaves_other_files_alone(tmp_path: Path, result: DemoResult) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "total.csv").write_text("old", encoding="utf-8")
    again = run_demo(tmp_path, SETTINGS)
    assert again.figures == result.figures
    for name in ("customers.csv", "total.csv"):
        assert (tmp_path / name).read_bytes() == (result.folder / name).read_bytes()
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_folder_that_cannot_be_written_is_refused_before_any_work(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    steps: list[str] = []
    with pytest.raises(InputError, match=rf"cannot write into '{file}/out'"):
        run_demo(file / "out", SETTINGS, lambda step, _: steps.append(step))
    assert steps == []


def test_a_write_that_fails_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table.parquet"
    write_parquet(pd.DataFrame({"a": [1]}), path)

    def fails(frame: pd.DataFrame, target: Path, **options: object) -> None:
        target.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", fails)
    with pytest.raises(OSError, match="disk full"):
        write_parquet(pd.DataFrame({"a": [2]}), path)
    assert [found.name for found in tmp_path.iterdir()] == ["table.parquet"]
    assert pd.read_parquet(path)["a"].tolist() == [1]


def test_files_are_readable_as_the_system_says(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    exports.write_bytes(tmp_path / "ours", b"")
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "ours")}
    assert modes["plain"] == modes["ours"]


@pytest.mark.parametrize("id_", ["=1+1", "+49170", "-5", "@name", "\t=1"])
def test_text_that_a_spreadsheet_would_run_is_written_behind_an_apostrophe(tmp_path: Path, id_: str) -> None:
    frame = pd.DataFrame({"customer_id": [id_, "plain"], "value": [-1.5, 2.0]})
    write_csv(frame, tmp_path / "c.csv")
    write_parquet(frame, tmp_path / "c.parquet")
    with (tmp_path / "c.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1:] == [[f"'{id_}", "-1.5"], ["plain", "2"]]
    assert pd.read_parquet(tmp_path / "c.parquet")["customer_id"].tolist() == [id_, "plain"]


def test_numbers_below_zero_stay_numbers(tmp_path: Path) -> None:
    write_csv(pd.DataFrame({"customer_id": [-7, 8]}), tmp_path / "c.csv")
    assert (tmp_path / "c.csv").read_text(encoding="utf-8") == "customer_id\n-7\n8\n"


def test_a_table_of_other_customers_is_refused(result: DemoResult) -> None:
    some = result.summary.select(np.arange(len(result.summary)) < 5)
    with pytest.raises(InputError, match="for 12M are not those of the summary"):
        customer_table(some, result.valuation)


# ---- the terminal --------------------------------------------------------------------------------


def test_the_table_in_the_terminal_has_the_numbers_and_fits_80_columns(result: DemoResult) -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(demo_table(result))
    shown = console.export_text()
    row = result.valuation.total.iloc[0]
    for number in ("2,357 customers", f"${row['value_mean']:,.0f}", "1,882", "$70,976"):
        assert number in shown
    assert "…" not in shown, "nothing is cut off"
    held = result.holdout.total["inside"].all()
    said = "The totals came within theirs." if held else "A total missed its interval"
    assert said in " ".join(shown.split())


# ---- the report ----------------------------------------------------------------------------------


class Page(HTMLParser):
    """Tags of a page with their attributes, and the text of its headings."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_report_loads_nothing_from_elsewhere(page: str) -> None:
    parsed = Page(page)
    addresses = [
        str(value)
        for _, attributes in parsed.tags
        for name, value in attributes.items()
        if name in ("src", "srcset", "href", "action", "data", "poster")
    ]
    assert addresses
    assert all(address.startswith(("data:image/svg+xml;base64,", "#")) for address in addresses)
    assert not parsed.all("script")
    assert not parsed.all("link")
    assert "@import" not in page
    assert "url(" not in page


def test_every_link_of_the_report_leads_somewhere(page: str) -> None:
    parsed = Page(page)
    anchors = {attributes.get("id") for _, attributes in parsed.tags}
    assert all(str(link["href"]).removeprefix("#") in anchors for link in parsed.all("a"))


def test_every_chart_has_a_form_for_phones_and_says_what_it_shows(page: str) -> None:
    parsed = Page(page)
    images = parsed.all("img")
    assert len(images) == 9
    assert len(parsed.all("source")) == len(images)
    alternatives = [str(image["alt"]) for image in images]
    assert all(len(said) > 40 and any(c.isdigit() for c in said) for said in alternatives)
    assert len(set(alternatives)) == len(images)


def test_the_first_screen_answers_without_jargon(page: str, result: DemoResult) -> None:
    first = text_of(page[page.index("<header>") : page.index("</header>")])
    value_12 = result.valuation.total["value_mean"].iloc[0]
    assert "The 2,357 customers known on 30 September 1997 are expected to bring" in first
    assert f"${value_12 / 1000:.3g}k" in first
    assert [word for word in JARGON if word.lower() in first.lower()] == []


@pytest.mark.usefixtures("no_charts")
def test_a_missed_total_is_said_so_plainly_and_first(content: ReportContent) -> None:
    assert content.holdout is not None
    missed = content.holdout.total.assign(actual=lambda t: 2.0 * t["mean"], ratio=2.0, inside=False)
    page = render_report(replace(content, holdout=replace(content.holdout, total=missed)))
    assert "100.0 % more often than forecast, outside the interval given" in text_of(
        page[page.index("<header>") : page.index("</header>")]
    )
    told = text_of(page)
    assert "outside the 90 % interval" in told
    assert "made to hold nine times in ten, this one did not" in told


def test_the_report_tells_of_the_same_test_from_earlier_dates(page: str, result: DemoResult) -> None:
    told = text_of(page)
    origins = result.scorecard.totals["origin"].nunique()
    assert f"made from {origins} dates before" in told
    assert f"learned from {origins} past cut-offs" in told
    assert "1,882 came" in told


@pytest.mark.usefixtures("no_charts")
def test_a_total_that_held_is_not_called_a_miss(content: ReportContent) -> None:
    assert content.holdout is not None
    held = content.holdout.total.assign(actual=lambda t: t["mean"], ratio=1.0, inside=True)
    told = text_of(render_report(replace(content, holdout=replace(content.holdout, total=held))))
    assert "within the 90 % interval" in told
    assert "That is one test on one date" in told
    assert "outside the 90 % interval" not in told


def test_the_report_has_parameters_data_and_sources(page: str, result: DemoResult) -> None:
    told = text_of(page)
    for fitted in (result.purchases, result.spend):
        for name, row in fitted.parameters.iterrows():
            assert f"{name} {row['mean']:,.4g}" in told
    assert result.summary.report is not None
    assert result.summary.report.headline in told
    assert all(note.label in told for note in result.summary.report.notes)
    assert "Marketing Science 24:2, 275-284" in told
    assert "note 025" in told


@pytest.mark.usefixtures("no_charts")
def test_a_report_without_a_holdout_says_that_nothing_was_tested(content: ReportContent) -> None:
    page = render_report(replace(content, holdout=None, tracking=None))
    assert "No test on past data was made" in text_of(page)
    assert "How well it would have done" not in page
    assert len(Page(page).all("img")) == 3


@pytest.mark.usefixtures("no_charts")
def test_names_from_the_data_are_escaped(content: ReportContent) -> None:
    nasty = "<img src=x onerror=alert(1)>"
    customers = content.valuation.customers.assign(customer_id=nasty)
    page = render_report(
        replace(content, title=nasty, source=nasty, valuation=replace(content.valuation, customers=customers))
    )
    assert nasty not in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt;") >= 12


@pytest.mark.usefixtures("no_charts")
def test_the_report_speaks_the_currency_and_costs_of_the_economics(content: ReportContent) -> None:
    plain = Economics(margin=0.5, annual_discount_rate=0.1, cost_per_order=2.0, currency="EUR")
    valued = value(content.purchases, content.spend, content.summary, plain, ["6M"], draws=50)
    told = text_of(render_report(replace(content, valuation=valued, holdout=None, tracking=None)))
    assert "over the next 6 months" in told
    assert "50 % of what they will spend, less EUR 2 for each order, discounted at 10 % a year" in told
    assert "$" not in told
    assert "before what it costs to win one" in told


@pytest.mark.usefixtures("no_charts")
def test_a_value_without_end_is_told_in_words(content: ReportContent) -> None:
    economics = Economics(0.3, 0.15, currency="$")
    valued = value(content.purchases, content.spend, content.summary, economics, None, draws=50)
    told = text_of(render_report(replace(content, valuation=valued)))
    assert re.search(r"are expected to bring \$\S+ over all time, in nine of ten", told)
    assert "inf" not in told.split()


def test_a_base_that_loses_money_is_told_without_a_share_of_value(content: ReportContent) -> None:
    dear = Economics(0.3, 0.15, cost_per_order=40.0, currency="$")
    valued = value(content.purchases, content.spend, content.summary, dear, ["12M"], draws=50)
    page = render_report(replace(content, valuation=valued, holdout=None, tracking=None))
    assert re.search(r"are expected to bring -\$\S+ over the next 12 months", text_of(page))
    assert len(Page(page).all("img")) == 2


@pytest.mark.usefixtures("no_charts")
def test_cac_by_group_is_told_by_group(content: ReportContent) -> None:
    frame = content.summary.frame.assign(channel=np.where(content.summary.frame.index % 2, "search", "<b>mail</b>"))
    summary = replace(content.summary, frame=frame)
    by_channel = Economics(0.3, 0.15, cac={"search": 30.0, "<b>mail</b>": 5.0}, cac_by="channel", currency="$")
    valued = value(content.purchases, content.spend, summary, by_channel, ["12M", "24M"], draws=50)
    page = render_report(replace(content, summary=summary, valuation=valued, holdout=None, tracking=None))
    assert "A new customer from search is worth" in text_of(page)
    assert "less than the $30 it costs to win one" in text_of(page)
    assert "&lt;b&gt;mail&lt;/b&gt;" in page
    assert "<b>mail" not in page


@pytest.mark.usefixtures("no_charts")
def test_a_fit_that_failed_its_checks_is_not_hidden(content: ReportContent) -> None:
    posterior = content.purchases.posterior
    checks = tuple(replace(check, passed=False, remedy="fit with nuts") for check in posterior.diagnostics.checks)
    bad = replace(posterior, diagnostics=replace(posterior.diagnostics, checks=checks))
    told = text_of(render_report(replace(content, purchases=replace(content.purchases, posterior=bad))))
    assert "NOT TO BE RELIED ON" in told
    assert "not passed: fit with nuts" in told


# ---- the whole -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_full_demo_keeps_within_a_gigabyte(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", "from lifeworth.cli import app; app()", "demo", "-q", "--out", str(tmp_path)], check=True
    )
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["peak_memory_mb"] < DEMO_MEGABYTES
    within = manifest["figures"]["holdout"]["purchases"]["customers_within_90"]
    assert 0.90 <= within <= 0.97


def test_the_report_says_what_of_the_customers_does_not_suit_the_models(page: str) -> None:
    said = text_of(page)
    assert "Do these customers suit the models?" in said
    assert "rank correlation" in said[said.index("Do these customers suit the models?") :]
