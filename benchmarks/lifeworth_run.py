"""Fit lifeworth's BG/NBD, forecast and value, on a Parquet table of customers, in a process of its own.

`python lifeworth_run.py customers.parquet` prints one line of JSON:

- `import_seconds`; `first_fit_seconds`: the first fit of the process, compiled code loaded from its cache
- `map`, `laplace`, `nuts`: each `seconds` (median), `draws`, `ess_bulk_min` (absent for map), `parameters`
- `forecast`, `value`: `seconds` (median), `peak_megabytes` of the whole process up to then
- `customers`, `versions`
"""

from __future__ import annotations

import argparse
import json
import resource
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pandas as pd
from peers import versions

if TYPE_CHECKING:
    from collections.abc import Callable

DRAWS = 4000
FUTURES = 1000


def main() -> None:
    arguments = _arguments()
    frame = pd.read_parquet(arguments.table)
    start = perf_counter()
    import lifeworth as lw

    model, spend_model = lw.BetaGeoModel(), lw.GammaGammaModel(first_purchase=False)
    answer: dict[str, Any] = {"tool": "lifeworth", "customers": len(frame), "import_seconds": perf_counter() - start}
    summary = lw.CustomerSummary.from_frame(frame, unit="W", until=arguments.until)
    first, _ = _timed(lambda: model.fit(summary), 1)
    answer["first_fit_seconds"] = first
    for method in ("map", "laplace"):
        answer[method] = _fit(model, summary, method, arguments.runs)
    seconds, spend = _timed(lambda: spend_model.fit(summary), arguments.runs)
    answer["gamma_gamma"] = {"seconds": seconds}
    purchases = model.fit(summary)
    economics = lw.Economics(margin=0.3, annual_discount_rate=0.15)
    jobs = {
        "forecast": lambda: lw.forecast(purchases, spend, summary, "39W", draws=FUTURES),
        "value": lambda: lw.value(purchases, spend, summary, economics, ["12M", "24M", "36M"], draws=FUTURES),
    }
    for name, job in jobs.items():
        seconds, _ = _timed(job, arguments.runs)
        answer[name] = {"seconds": seconds, "peak_megabytes": _peak_megabytes()}
    answer["nuts"] = _fit(model, summary, "nuts", arguments.runs)
    answer["versions"] = versions(["lifeworth", "numpy", "numba", "scipy", "nutpie"])
    print(json.dumps(answer))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", help="Parquet: customer_id, frequency, recency, T in weeks, monetary_value")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--until", default="1997-09-30")
    return parser.parse_args()


def _fit(model: Any, summary: Any, method: str, runs: int) -> dict[str, Any]:
    seconds, fitted = _timed(lambda: model.fit(summary, method=method, draws=DRAWS), runs)
    table = fitted.parameters
    answer = {"seconds": seconds, "draws": len(fitted.posterior), "parameters": table["mean"].to_dict()}
    ess = [column for column in ("ess", "ess_bulk") if column in table]
    return answer | ({"ess_bulk_min": float(table[ess[0]].min())} if ess else {})


def _timed(job: Callable[[], Any], runs: int) -> tuple[float, Any]:
    seconds, result = [], None
    for _ in range(runs):
        start = perf_counter()
        result = job()
        seconds.append(perf_counter() - start)
    return median(seconds), result


def _peak_megabytes() -> float:
    """Largest memory of this process so far; Linux counts in kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


if __name__ == "__main__":
    main()
