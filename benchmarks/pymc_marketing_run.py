"""Fit PyMC-Marketing's BG/NBD, as its `fit` does by default, on a Parquet table of customers.

Run by the Python of the peers' environment: `python pymc_marketing_run.py customers.parquet`.
Prints one line of JSON:

- `seconds`: to build the model and sample; `import_seconds`: to import the package
- `chains`, `draws`: as the defaults choose them on this machine (PyMC: a chain a core, 2 to 4)
- `ess_bulk_min`, `ess_bulk_mean`, `r_hat_max`: over r, alpha, a, b
- `parameters`, `parameters_sd`: posterior means and standard deviations
- `spend`: with `--spend`, the same keys for Gamma-Gamma over p, q, v, on customers with a repeat purchase
- `tool`, `customers`, `versions`
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
from peers import versions

if TYPE_CHECKING:
    from collections.abc import Sequence

PURCHASE_PARAMETERS: Final = ("r", "alpha", "a", "b")
SPEND_PARAMETERS: Final = ("p", "q", "v")


def main() -> None:
    arguments = _arguments()
    frame = pd.read_parquet(arguments.table)

    # Progress bars are part of the defaults, and belong beside the answer, not in it.
    with contextlib.redirect_stdout(sys.stderr):
        start = perf_counter()
        from pymc_marketing import clv

        import_seconds = perf_counter() - start
        answer = {
            "tool": "pymc-marketing",
            "customers": len(frame),
            "import_seconds": import_seconds,
            **_fit(clv.BetaGeoModel, frame, PURCHASE_PARAMETERS, arguments.seed),
        }
        if arguments.spend:
            repeaters = frame[(frame["frequency"] > 0) & (frame["monetary_value"] > 0)]
            answer["spend"] = _fit(clv.GammaGammaModel, repeaters, SPEND_PARAMETERS, arguments.seed)
        answer["versions"] = versions(["pymc-marketing", "pymc", "pytensor", "numpy"])
    print(json.dumps(answer))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", help="Parquet: customer_id, frequency, recency, T in weeks, monetary_value")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--spend", action="store_true", help="fit Gamma-Gamma too")
    return parser.parse_args()


def _fit(model_class: Any, frame: pd.DataFrame, parameters: Sequence[str], seed: int) -> dict[str, Any]:
    import arviz as az

    start = perf_counter()
    model = model_class()
    model.fit(frame, random_seed=seed)
    seconds = perf_counter() - start

    posterior = model.fit_result[list(parameters)]
    effective = [float(az.ess(posterior, method="bulk")[name]) for name in parameters]
    r_hat = [float(az.rhat(posterior)[name]) for name in parameters]
    return {
        "seconds": seconds,
        "chains": int(posterior.sizes["chain"]),
        "draws": int(posterior.sizes["draw"]),
        "ess_bulk_min": min(effective),
        "ess_bulk_mean": sum(effective) / len(effective),
        "r_hat_max": max(r_hat),
        "parameters": {name: float(posterior[name].mean()) for name in parameters},
        "parameters_sd": {name: float(posterior[name].std()) for name in parameters},
    }


if __name__ == "__main__":
    main()
