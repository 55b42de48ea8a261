"""The demo: the whole way on real data, from an order log to value, checked against what came, and written to files."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pandas as pd

from lifeworth.data import load_cdnow
from lifeworth.models import BetaGeoModel, GammaGammaModel
from lifeworth.models.checks.data_checks import check_data
from lifeworth.models.fitted_purchases import FittedPurchases
from lifeworth.models.ground.provenance import fingerprint
from lifeworth.models.ground.summary import CustomerSummary
from lifeworth.models.spend import FittedSpend
from lifeworth.models.valuation.economics import Economics
from lifeworth.models.valuation.value import Valuation, value

from .backtesting.backtest import backtest
from .backtesting.scorecard import Scorecard
from .exports import (
    customer_table,
    plain,
    total_table,
    writable_folder,
    write_csv,
    write_json,
    write_parquet,
)
from .orders.summarise import summarise
from .reporting.holdout import Holdout, holdout
from .reporting.report import ReportContent, write_report
from .reporting.tracking import Tracking, tracking
from .reporting.wording import day

UNTIL: Final = "1997-09-30"
THROUGH: Final = "1998-06-30"
"""The published split of CDNOW: 39 weeks to learn from, 39 to compare with (Fader, Hardie & Lee 2005)."""
HORIZONS: Final = ("12M", "24M", "36M")
MARGIN: Final = 0.30
CAC: Final = 20.0
CURRENCY: Final = "$"
ECONOMICS: Final = Economics(margin=MARGIN, annual_discount_rate=0.15, cac=CAC, currency=CURRENCY)
"""An example, not CDNOW's books: 30 % contribution, 15 % a year, 20 dollars to win a customer."""


TITLE: Final = "Customer lifetime value: CDNOW"
SOURCE: Final = (
    "Orders of customers who first bought from the music shop CDNOW in the first quarter of 1997, until the end of "
    "June 1998 (Fader & Hardie 2001, Forecasting repeat sales at CDNOW, Interfaces 31:3)"
)
FILES: Final = ("customers.parquet", "customers.csv", "total.csv", "manifest.json", "report.html")
PACKAGES: Final = (
    "lifeworth",
    "numpy",
    "scipy",
    "pandas",
    "numba",
    "ibis-framework",
    "duckdb",
    "pyarrow",
    "matplotlib",
)
"""Whose versions the manifest names."""

Note = Callable[[str, float], None]
"""Told the name of each step when it is done, and its seconds."""


@dataclass(frozen=True)
class DemoSettings:
    """What the demo is run with.

    Attributes
    ----------
    seed : int
    draws : int
        Simulated futures of every customer.
    sample : bool
        The 2,357 customers of the published sample instead of all 23,570.
    """

    seed: int = 0
    draws: int = 1000
    sample: bool = False


@dataclass(frozen=True, eq=False)
class DemoResult:
    """What the demo found.

    Attributes
    ----------
    settings : DemoSettings
    orders : DataFrame
    summary : CustomerSummary
    purchases : FittedPurchases
    spend : FittedSpend
    scorecard : Scorecard
        Of forecasts made before the cut-off.
    holdout : Holdout
    tracking : Tracking
    valuation : Valuation
    seconds : mapping of str to float
        By step.
    folder : Path
        Where the files are.
    """

    settings: DemoSettings
    orders: pd.DataFrame
    summary: CustomerSummary
    purchases: FittedPurchases
    spend: FittedSpend
    scorecard: Scorecard
    holdout: Holdout
    tracking: Tracking
    valuation: Valuation
    seconds: Mapping[str, float]
    folder: Path

    @property
    def figures(self) -> dict[str, Any]:
        """The numbers of the demo, nested plain values: what the table, the manifest and ``--json`` show."""
        return {
            "customers": len(self.summary),
            "orders": len(self.orders),
            "purchases": self.summary.report.purchases if self.summary.report is not None else None,
            "until": UNTIL,
            "holdout": {"through": THROUGH, "horizon": self.holdout.horizon, **_holdout_figures(self.holdout)},
            "value": _by_horizon(self.valuation.total, ("value",)),
            "new_customer": _by_horizon(self.valuation.new_customer, ("new_customer_value", "acquisition_npv")),
            "parameters": {
                fitted.model.name: fitted.parameters[["mean", "sd", "q05", "q95"]].to_dict("index")
                for fitted in (self.purchases, self.spend)
            },
            "fits_ok": self.purchases.diagnostics.ok and self.spend.diagnostics.ok,
        }


@dataclass
class _Clock:
    """Seconds by step."""

    note: Note | None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - began
        if self.note is not None:
            self.note(name, self.seconds[name])


def run_demo(folder: str | Path, settings: DemoSettings | None = None, note: Note | None = None) -> DemoResult:
    """Run the demo and write its files; a folder that is there is used again.

    Parameters
    ----------
    folder : str or Path
    settings : DemoSettings, optional
    note : callable, optional
        Told the name and the seconds of each step when it is done.

    Raises
    ------
    InputError
        The folder cannot be written to, or a setting is impossible.
    """
    chosen, path, clock = settings or DemoSettings(), writable_folder(folder), _Clock(note)
    seed, draws = chosen.seed, chosen.draws
    with clock.step("Load the orders"):
        orders = load_cdnow(sample=chosen.sample)
    with clock.step("Summarise customers"):
        summary = summarise(orders, until=UNTIL)
    with clock.step("Fit how often they buy"):
        purchases = BetaGeoModel().fit(summary, seed=seed)
    with clock.step("Fit what they spend"):
        spend = GammaGammaModel().fit(summary, seed=seed)
    with clock.step("Look back from earlier dates"):
        scorecard = backtest(orders, models=[BetaGeoModel()], until=UNTIL, seed=seed)
    with clock.step("Forecast 39 weeks and compare"):
        compared = holdout(
            purchases, spend, summary, orders, through=THROUGH, draws=draws, seed=seed, calibration=scorecard
        )
    with clock.step("Track week by week"):
        # as many as the total of the holdout has: near an end of its band the two must not contradict each other
        tracked = tracking(purchases, summary, orders, through=THROUGH, draws=draws, seed=seed, calibration=scorecard)
    with clock.step("Value 12, 24 and 36 months"):
        valued = value(
            purchases, spend, summary, ECONOMICS, horizon=list(HORIZONS), draws=draws, seed=seed, calibration=scorecard
        )
    result = DemoResult(
        chosen, orders, summary, purchases, spend, scorecard, compared, tracked, valued, clock.seconds, path
    )
    with clock.step("Write tables and report"):
        _write_tables(result)
        write_report(_content(result), path / "report.html")
    write_json(_manifest(result), path / "manifest.json")
    return result


def _write_tables(result: DemoResult) -> None:
    customers = customer_table(result.summary, result.holdout.forecast, result.valuation)
    write_parquet(customers, result.folder / "customers.parquet")
    write_csv(customers, result.folder / "customers.csv")
    total = result.holdout.total
    actual = {
        (name, result.holdout.horizon): came for name, came in zip(total["quantity"], total["actual"], strict=True)
    }
    write_csv(total_table(result.holdout.forecast, result.valuation, actual=actual), result.folder / "total.csv")


def _content(result: DemoResult) -> ReportContent:
    which = "the published sample of them" if result.settings.sample else "all of them"
    now = datetime.now(UTC)
    return ReportContent(
        title=TITLE,
        source=f"{SOURCE}; {which}.",
        summary=result.summary,
        purchases=result.purchases,
        spend=result.spend,
        valuation=result.valuation,
        holdout=result.holdout,
        scorecard=result.scorecard,
        tracking=result.tracking,
        suited=check_data(result.summary),
        written=f"{day(pd.Timestamp(now))}, seed {result.settings.seed}, {result.settings.draws:,} simulated futures",
    )


def _manifest(result: DemoResult) -> dict[str, Any]:
    return {
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": {
            **asdict(result.settings),
            "until": UNTIL,
            "through": THROUGH,
            "horizons": HORIZONS,
            "economics": {
                name: getattr(ECONOMICS, name)
                for name in ("margin", "annual_discount_rate", "cac", "cost_per_order", "currency")
            },
            "models": [type(result.purchases.model).__name__, type(result.spend.model).__name__],
            "method": result.purchases.diagnostics.method,
        },
        "input": {
            "name": "CDNOW sample" if result.settings.sample else "CDNOW",
            "rows": len(result.orders),
            "fingerprint": fingerprint(*(result.orders[name].to_numpy() for name in result.orders)),
        },
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "machine": {"system": platform.system(), "processor": platform.machine()},
        "seconds": {step: round(seconds, 3) for step, seconds in result.seconds.items()},
        "seconds_in_all": round(sum(result.seconds.values()), 3),
        "peak_memory_mb": _peak_memory(),
        "figures": plain(result.figures),
        "files": FILES,
    }


def _holdout_figures(found: Holdout) -> dict[str, Any]:
    return {
        str(row["quantity"]): {
            **{key: row[key] for key in ("mean", "q05", "q95", "actual", "ratio", "inside")},
            "customers_within_90": found.coverage_of(str(row["quantity"])),
        }
        for _, row in found.total.iterrows()
    }


def _by_horizon(table: pd.DataFrame, quantities: tuple[str, ...]) -> dict[str, Any]:
    """Means and quantiles by horizon, from a table with one row each."""
    parts = ("mean", "q05", "q50", "q95")
    return {
        str(row["horizon"]): {quantity: {part: row[f"{quantity}_{part}"] for part in parts} for quantity in quantities}
        for _, row in table.iterrows()
    }


def _peak_memory() -> float | None:
    """Most memory this process has held, in MB; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    per_mb = 1024.0**2 if sys.platform == "darwin" else 1024.0
    return round(peak / per_mb, 1)
