"""Value a base of customers and ask every decision of it: seconds of each step and the peak of memory.

`python money_run.py [--customers N] [--draws N]` simulates customers of four channels and three first categories, fits
BG/NBD and Gamma-Gamma, values them within 12 and 36 months with every kind of cost, and asks each decision once. Prints
a Markdown table, a row a step.
"""

from __future__ import annotations

import argparse
import resource
import warnings
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

import numpy as np
import pandas as pd

import lifeworth as lw

SPAN: Final = {"start": "2023-01-02", "until": "2024-06-30", "acquired_until": "2024-03-31"}
CHANNELS: Final = np.array(["search", "social", "referral", "marketplace"])
CATEGORIES: Final = np.array(["books", "music", "toys"])
ECONOMICS: Final = lw.Economics(
    margin=0.4,
    annual_discount_rate=0.12,
    cac={"search": 18.0, "social": 22.0, "referral": 9.0, "marketplace": 14.0},
    cac_by="channel",
    cost_share={"payment": 0.015},
    cost_per_order={"logistics": 2.5},
    cost_per_year_alive={"crm": 1.0},
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--draws", type=int, default=200)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    summary, orders = _simulated(asked.customers)
    print(f"| step, {asked.customers:,} customers, {asked.draws} draws | seconds | peak memory so far, MB |")
    print("|---|--:|--:|")
    purchases = _timed("fit BG/NBD", lambda: lw.BetaGeoModel().fit(summary))
    spend = _timed("fit Gamma-Gamma", lambda: lw.GammaGammaModel().fit(summary))
    valuation = _timed(
        "value, 12 and 36 months",
        lambda: lw.value(purchases, spend, summary, ECONOMICS, ["12M", "36M"], draws=asked.draws),
    )
    for name, ask in _questions(valuation, orders).items():
        _timed(name, ask)


def _questions(valuation: lw.Valuation, orders: pd.DataFrame) -> dict[str, Callable[[], Any]]:
    plan = lw.Plan.steady(dict.fromkeys(CHANNELS, 5_000), first="2024-07")
    uplift = lw.Uplift(0.05, standard_error=0.02, of="return")
    return {
        "bid ceilings": lambda: lw.bid_ceilings(valuation, required_return=0.2),
        "payback": lambda: lw.payback(valuation),
        "targets": lambda: lw.targets(valuation, uplift, cost=0.5),
        "loyalty tiers": lambda: lw.loyalty_tiers(valuation),
        "segments": lambda: lw.segments(valuation),
        "cohorts": lambda: lw.cohorts(valuation),
        "origins": lambda: lw.origins(valuation, "category"),
        "value by category": lambda: lw.value_by_category(valuation, lw.category_orders(orders, category="category")),
        "elasticities": lambda: lw.elasticities(valuation),
        "cash flow by month, 24 months": lambda: lw.cash_flow(valuation, horizon="24M", plan=plan),
        "customer equity": lambda: lw.customer_equity(valuation, plan),
        "bridge to itself": lambda: lw.bridge(valuation, valuation, horizon="12M"),
    }


def _simulated(customers: int) -> tuple[lw.CustomerSummary, pd.DataFrame]:
    model = lw.BetaGeoModel.from_parameters(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="W")
    orders = lw.simulate_orders(model, customers=customers, seed=1, **SPAN)
    rng = np.random.default_rng(2)
    orders["channel"] = rng.choice(CHANNELS, customers)[orders["customer_id"] - 1]
    orders["category"] = rng.choice(CATEGORIES, len(orders), p=[0.5, 0.3, 0.2])
    return lw.summarise(orders, until=SPAN["until"], unit="W", attributes=["channel", "category"]), orders


def _timed(name: str, work: Callable[[], Any]) -> Any:
    start = perf_counter()
    found = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    print(f"| {name} | {perf_counter() - start:.1f} | {peak:,.0f} |", flush=True)
    return found


if __name__ == "__main__":
    main()
