"""How often the 90 % interval of a total held, over rolling origins, and how wide it was: lifeworth beside plain rules.

`python totals_run.py [--online-retail FILE]` backtests BG/NBD on full CDNOW, every two weeks from week 8 on, and if its
file is given on UCI Online Retail, every week from week 6; then it looks at the origins from week 26 (17) on. Every
interval has learned from nothing but what had come by its origin. Prints a Markdown table.

- textbook: parameters and chance.
- plain rule: error variance of completed origins pooled over horizons by nearness, shrunk to .12 with 4 degrees of
  freedom, Student-t.
- seasonal naive: what came in the last window of the same length, with the plain rule's variance of its own errors.
- lifeworth: `honest` of the scorecard.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.stats import t as student

import lifeworth as lw

SHRUNK_TO: Final = 0.12
DEGREES: Final = 4.0
ENDS: Final = (0.05, 0.95)
DRAWS: Final = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--online-retail", type=Path)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = _of_log("CDNOW", lw.load_cdnow(), {}, range(8, 78, 2), 26, (4, 13, 26, 39))
    if asked.online_retail is not None:
        orders = pd.read_parquet(asked.online_retail)
        orders["amount"] = orders["quantity"] * orders["unit_price"]
        rows += _of_log("Online Retail", orders, {"date": "invoice_ts"}, range(6, 53), 17, (4, 13, 26))
    print("| log | total | interval | forecasts | held | upper / lower (median) |\n|---|---|---|--:|--:|--:|")
    print("\n".join(rows))


def _of_log(
    name: str, orders: pd.DataFrame, words: dict[str, Any], weeks: range, first: int, horizons: tuple[int, ...]
) -> list[str]:
    dates = pd.to_datetime(orders[words.get("date", "date")]).dt.normalize()
    start, end = dates.min(), dates.max()
    total_weeks = (end - start).days // 7
    origins = [end - pd.Timedelta(weeks=total_weeks - week) for week in weeks if week <= total_weeks - min(horizons)]
    began = perf_counter()
    card = lw.backtest(
        orders, models=[lw.BetaGeoModel()], origins=origins, horizons=[f"{h}W" for h in horizons], draws=DRAWS, **words
    )
    seconds = perf_counter() - began
    since = end - pd.Timedelta(weeks=total_weeks - first)
    table = card.totals.assign(weeks=card.totals["horizon"].str[:-1].astype(int))
    print(f"{name}: {len(origins)} origins in {seconds:.0f} s")
    rows = []
    for quantity in ("purchases", "spend"):
        mine = table[table["quantity"] == quantity]
        textbook, honest = (mine[mine["interval"] == interval] for interval in ("textbook", "honest"))
        naive = _naive(textbook)
        for label, found in (
            ("textbook", textbook[["origin", "weeks", "actual", "q05", "q95"]]),
            ("plain rule", _plain(textbook)),
            ("seasonal naive", _plain(naive)),
            ("**lifeworth**", honest[["origin", "weeks", "actual", "q05", "q95"]]),
        ):
            late = found[found["origin"] >= since]
            for h in (None, *horizons) if label == "**lifeworth**" else (None,):
                some = late if h is None else late[late["weeks"] == h]
                held = some["actual"].between(some["q05"], some["q95"]).mean()
                ratio = (some["q95"] / some["q05"]).median()
                over = "" if h is None else f", {h} weeks"
                rows.append(f"| {name} | {quantity}{over} | {label} | {len(some)} | {held:.0%} | {ratio:.2f} |")
    return rows


def _naive(textbook: pd.DataFrame) -> pd.DataFrame:
    """The last window that had ended by the origin, as a forecast: no log here is long enough for last year's."""
    came = textbook.set_index(["weeks", "origin"])["actual"]
    found = []
    for row in textbook.to_dict("records"):
        earlier = row["origin"] - pd.Timedelta(weeks=row["weeks"])
        if (row["weeks"], earlier) in came.index:
            found.append({**row, "mean": came.loc[(row["weeks"], earlier)]})
    return pd.DataFrame(found)


def _plain(said: pd.DataFrame) -> pd.DataFrame:
    """The plain rule around any forecast."""
    error = np.log(said["actual"] / said["mean"])
    ended = said["origin"] + pd.to_timedelta(7 * said["weeks"], unit="D")
    rows = []
    for origin, weeks, actual, mean in said[["origin", "weeks", "actual", "mean"]].itertuples(index=False):
        past = (ended <= origin).to_numpy()
        near = np.exp(-np.abs(np.log(said.loc[past, "weeks"].to_numpy(float) / weeks)))
        squares = float((near * error[past] ** 2).sum())
        sd = np.sqrt((DEGREES * SHRUNK_TO**2 + squares) / (DEGREES + near.sum()))
        low, high = mean * np.exp(sd * student.ppf(ENDS, DEGREES))
        rows.append({"origin": origin, "weeks": weeks, "actual": actual, "q05": low, "q95": high})
    return pd.DataFrame(rows)


if __name__ == "__main__":
    main()
