"""Two published runs on a small log whose customers have the worst of names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import pandas as pd
import pytest

import lifeworth as lw
from lifeworth.models.checks.data_checks import check_data
from lifeworth.pipelines.record.record import Comparison, Decisions, GateResult, RunRecord
from lifeworth.pipelines.settings.settings import (
    ColumnSettings,
    DecisionSettings,
    EconomicsSettings,
    ForecastSettings,
    Settings,
    SourceSettings,
)
from lifeworth.pipelines.sources.snapshot import Snapshot

HOSTILE: Final = (
    '=HYPERLINK("http://x")', "<script>alert(1)</script>", "+1", "-1", "@SUM(A1)", "\t=1+1", "a\tb", "line\nbreak",
    "\r=1", "'; DROP TABLE lifeworth_runs; --", "http://a.example/", "mailto:a@b.c", "😀👩‍👩‍👧", "زبان فارسی", "12345",
    "1e5", "TRUE", "{=1+1}", "x" * 5000, "back\\slash", "\\.", "\\N", '"quoted"', "comma,semicolon;", "%s {0}",
)  # fmt: skip
CUSTOMERS: Final = 240
HORIZONS: Final = ("12M", "24M")
DRAWS: Final = 100


def _orders() -> pd.DataFrame:
    log = lw.load_cdnow(sample=True)
    ids = log["customer_id"].drop_duplicates().head(CUSTOMERS)
    names = [*HOSTILE, *(f"customer {number}" for number in range(CUSTOMERS - len(HOSTILE)))]
    log = log[log["customer_id"].isin(ids)]
    channel = log["customer_id"].map(dict(zip(ids, ["=search", "social", "<b>mail</b>"] * CUSTOMERS, strict=False)))
    segment = log["customer_id"].map(dict(zip(ids, ["retail", "trade"] * CUSTOMERS, strict=False)))
    return log.assign(customer_id=log["customer_id"].map(dict(zip(ids, names, strict=True))),
                      channel=channel, segment=segment)  # fmt: skip


def _settings() -> Settings:
    return Settings(
        source=SourceSettings(url="postgresql://shop:${SHOP_PASSWORD}@db/shop", table="orders"),
        columns=ColumnSettings(attributes=("channel", "segment")),
        forecast=ForecastSettings(horizons=HORIZONS),
        economics=EconomicsSettings(margin=0.3, annual_discount_rate=0.15, currency="$", cac=20.0),
        decisions=DecisionSettings(win_back_cost=1.0, win_back_uplift=0.05, win_back_budget=20.0),
    )


def _record(until: str, folder: Path, last: RunRecord | None = None) -> RunRecord:
    orders, settings = _orders(), _settings()
    path = folder / f"{until}.parquet"
    orders[pd.to_datetime(orders["date"]) <= until].to_parquet(path, index=False)
    summary = lw.summarise(path, until=until, attributes=["channel", "segment"])
    purchases = lw.BetaGeoModel().fit(summary, seed=0, draws=4 * DRAWS)
    if last is None:
        spend = lw.GammaGammaModel().fit(summary, seed=0, draws=4 * DRAWS)
        card = lw.backtest(path, models=["BG/NBD"], until=until, origins=2, horizons=["13W"], draws=DRAWS)
    else:
        spend, card = last.spend, last.scorecard
    known = {"horizon": list(HORIZONS), "draws": DRAWS, "calibration": card}
    forecast = lw.forecast(purchases, spend, summary, groups=[], **known)
    economics = lw.Economics(margin=0.3, annual_discount_rate=0.15, currency="$", cac=20.0)
    valued = lw.value(purchases, spend, summary, economics, groups=[], **known)
    first = HORIZONS[0]
    decisions = Decisions(
        lw.loyalty_tiers(valued, previous=None if last is None else last.decisions.tiers, horizon=first),
        lw.segments(valued, horizon=first),
        lw.cohorts(valued, by="channel", horizon=first),
        lw.cash_flow(valued, "M", horizon=first),
        lw.bid_ceilings(valued, horizon=first),
        None,
        lw.targets(valued, lw.Uplift(0.05, of="return"), cost=1.0, budget=20.0, horizon=first),
    )
    gates = (
        GateResult("max_age_days", "passed", "The last order is 0 days old.", 0.0, 3.0),
        GateResult("max_rejected", "warned", "2.4 % of the rows were set aside.", 0.024, 0.02),
        GateResult("max_row_loss", "not asked", "There is no last run."),
    )
    return RunRecord(
        run_id=f"{until}-abcdef12", as_of=pd.Timestamp(until), settings=settings,
        snapshot=Snapshot(path, len(orders), {"customer_id": "string"}, "0123456789abcdef", "orders.csv"),
        summary=summary, suited=check_data(summary), purchases=purchases, spend=spend, scorecard=card,
        choice=lw.select_model(card), forecast=forecast, valuation=valued, decisions=decisions, gates=gates,
        comparison=None if last is None else _comparison(last, purchases, valued), seconds={"fit": 1.0},
    )  # fmt: skip


def _comparison(last: RunRecord, purchases: lw.FittedPurchases, valued: lw.Valuation) -> Comparison:
    before, after = last.purchases.parameters, purchases.parameters
    parameters = pd.DataFrame(
        {"model": "BG/NBD", "parameter": before.index, "before": before["mean"].array, "after": after["mean"].array,
         "sd": before["sd"].array, "change": ((after["mean"] - before["mean"]) / before["sd"]).array}
    )  # fmt: skip
    since = pd.DataFrame({"quantity": ["purchases"], "days": [30], "mean": [20.0], "q05": [12.0], "q95": [29.0],
                          "actual": [22.0], "inside": [True]})  # fmt: skip
    champion = pd.DataFrame({"model": ["BG/NBD"], "role": ["champion"], "score": [1.0], "worse": [0.0]})
    return Comparison(last.run_id, last.as_of, lw.bridge(last.valuation, valued), parameters, since, champion)


@pytest.fixture(scope="session")
def record(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    """The first run."""
    return _record("1998-05-31", tmp_path_factory.mktemp("orders"))


@pytest.fixture(scope="session")
def later(record: RunRecord, tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    """The run of a month later."""
    return _record("1998-06-30", tmp_path_factory.mktemp("orders"), record)


@pytest.fixture(scope="session")
def hostile() -> tuple[str, ...]:
    """Ids that are customers of both runs."""
    return HOSTILE


@pytest.fixture(scope="session")
def plain(record: RunRecord) -> RunRecord:
    """The first run, of a shop without attributes that asks neither for a win-back list nor about CAC."""
    economics = replace(record.valuation.economics, cac=None)
    frame = record.summary.frame.drop(columns=["channel", "segment"])
    valued = replace(record.valuation, economics=economics, basis=replace(record.valuation.basis, economics=economics))
    decisions = replace(record.decisions, win_back=None, bids=lw.bid_ceilings(valued))
    return replace(record, valuation=valued, decisions=decisions, summary=replace(record.summary, frame=frame))
