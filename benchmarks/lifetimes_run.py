"""Fit lifetimes' BG/NBD by maximum likelihood, without penalty, on a Parquet table of customers.

`python lifetimes_run.py customers.parquet` runs in lifeworth's environment and in the peers', with lifetimes
0.11.3 in both; `make bench` takes the former. Prints one line of JSON:

- `seconds`: the median over `runs` fits; `import_seconds`: to import the package
- `parameters`, `log_likelihood`: at the maximum
- `spend`: with `--spend`, the same keys for Gamma-Gamma, on customers with a repeat purchase
- `tool`, `customers`, `runs`, `versions`
"""

from __future__ import annotations

import argparse
import json
import warnings
from math import log
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pandas as pd
from peers import versions

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    arguments = _arguments()
    frame = pd.read_parquet(arguments.table)

    start = perf_counter()
    # lifetimes was last released in 2020: what today's NumPy and pandas say about it is not about the fit.
    warnings.simplefilter("ignore")
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    import_seconds = perf_counter() - start
    answer = {
        "tool": "lifetimes",
        "customers": len(frame),
        "import_seconds": import_seconds,
        "runs": arguments.runs,
        **_fit(
            lambda: BetaGeoFitter().fit(frame["frequency"], frame["recency"], frame["T"]),
            frame,
            arguments.runs,
        ),
    }
    if arguments.spend:
        repeaters = frame[(frame["frequency"] > 0) & (frame["monetary_value"] > 0)]
        answer["spend"] = _fit(
            lambda: GammaGammaFitter().fit(repeaters["frequency"], repeaters["monetary_value"]),
            repeaters,
            arguments.runs,
        )
    answer["versions"] = versions(["lifetimes", "numpy", "scipy", "pandas"])
    print(json.dumps(answer))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", help="Parquet: customer_id, frequency, recency, T in weeks, monetary_value")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--spend", action="store_true", help="fit Gamma-Gamma too")
    return parser.parse_args()


def _fit(fit: Callable[[], Any], frame: pd.DataFrame, runs: int) -> dict[str, Any]:
    seconds = []
    for _ in range(runs):
        start = perf_counter()
        fitted = fit()
        seconds.append(perf_counter() - start)
    return {
        "seconds": median(seconds),
        "parameters": {name: float(value) for name, value in fitted.params_.items()},
        "log_likelihood": _log_likelihood(fitted, frame),
    }


def _log_likelihood(fitted: Any, frame: pd.DataFrame) -> float:
    """Return the sum over customers: lifetimes keeps a mean, for BG/NBD in a time that it scales itself."""
    scaled = -float(fitted._negative_log_likelihood_) * len(frame)
    return scaled + float(frame["frequency"].sum()) * log(getattr(fitted, "_scale", 1.0))


if __name__ == "__main__":
    main()
