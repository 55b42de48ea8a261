"""Fit every model of lifeworth on full CDNOW, on simulated customers by the million, with covariates and with groups.

`python family_run.py` runs in a process of its own and prints one line of JSON:

- `cdnow`: by model, then by method (map, laplace, nuts): `seconds` (median), `ess` (smallest, bulk)
- `simulated`: by model, then by number of customers: `seconds`, `ess`, `rows` (distinct), `method`
- `covariates`: by model: `seconds` on 2,357 customers with a category and a number that differs for each
- `groups`: `seconds` of BG/NBD on ten groups of 50 to 50,000 customers, and their `ess`
- `lifetimes`: by model: `seconds` of maximum likelihood on full CDNOW
"""

from __future__ import annotations

import json
import warnings
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

import lifeworth as lw
from lifeworth.models import MODELS, TRANSACTION_MODELS
from lifeworth.models.fitted_purchases import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable

UNTIL: Final = "1997-09-30"
DRAWS: Final = 4000
RUNS: Final = 3
SIZES: Final = (10_000, 100_000, 1_000_000)
GROUP_SIZES: Final = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
TRUTH: Final = {
    "BG/NBD": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "MBG/NBD": {"r": 0.5248, "alpha": 6.1831, "a": 0.8914, "b": 1.6140},
    "Pareto/NBD": {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
}
"""The published fits to CDNOW: what customers are simulated with, in weeks."""
SPAN: Final = {"start": "2020-01-06", "until": "2020-12-31", "acquired_until": "2020-06-30"}


def main() -> None:
    cdnow = lw.summarise(lw.load_cdnow(), until=UNTIL, unit="W")
    answer = {
        "cdnow": {model.name: _methods(model(), cdnow) for model in MODELS},
        "covariates": {model.name: _with_covariates(model) for model in MODELS},
        "groups": _with_groups(),
        "lifetimes": _lifetimes(cdnow.frame),
        "simulated": {name: {} for name in (*TRUTH, "Gamma-Gamma")},
    }
    for model in TRANSACTION_MODELS:
        known = model.from_parameters(unit="W", **TRUTH[model.name])
        for size in SIZES:
            summary = _simulated(known, size)
            fit = _fit(model(), summary, "laplace", RUNS if size < SIZES[-1] else 1)
            answer["simulated"][model.name][size] = fit | {"rows": len(rows_of(summary))}
            if model is TRANSACTION_MODELS[0]:
                answer["simulated"]["Gamma-Gamma"][size] = _fit(lw.GammaGammaModel(), summary, "laplace", 1)
    print(json.dumps(answer))


def _methods(model: Any, summary: lw.CustomerSummary) -> dict[str, Any]:
    return {method: _fit(model, summary, method, RUNS) for method in ("map", "laplace", "nuts")}


def _fit(model: Any, summary: lw.CustomerSummary, method: str, runs: int) -> dict[str, Any]:
    seconds, fitted = _timed(lambda: model.fit(summary, method=method, draws=DRAWS), runs)
    table = fitted.parameters
    ess = [column for column in ("ess", "ess_bulk") if column in table]
    return {
        "seconds": seconds,
        "method": fitted.diagnostics.method,
        "ess": float(table[ess[0]].min()) if ess else None,
    }


def _with_covariates(model: Any) -> dict[str, Any]:
    """The CDNOW sample's number of customers, with two covariates that mean nothing, one of them continuous."""
    sample = lw.summarise(lw.load_cdnow(sample=True), until=UNTIL, unit="W")
    rng = np.random.default_rng(1)
    attributes = {
        "channel": rng.choice(["shop", "web"], len(sample)),
        "first_order_value": rng.gamma(2.0, 20.0, len(sample)),
    }
    summary = lw.CustomerSummary.from_frame(sample.frame.assign(**attributes), unit="W", until=UNTIL)
    return _fit(model(covariates=list(attributes)), summary, "laplace", RUNS)


def _with_groups() -> dict[str, Any]:
    rng = np.random.default_rng(1)
    logs = []
    for g, size in enumerate(GROUP_SIZES):
        parameters = {name: value * np.exp(0.2 * rng.standard_normal()) for name, value in TRUTH["BG/NBD"].items()}
        known = lw.BetaGeoModel.from_parameters(unit="W", **parameters)
        log = lw.simulate_orders(known, customers=size, seed=g, **SPAN)
        logs.append(log.assign(customer_id=log["customer_id"] + 1_000_000 * g, channel=f"channel {g}"))
    summary = lw.summarise(pd.concat(logs), until=SPAN["until"], unit="W", attributes=["channel"])
    return _fit(lw.BetaGeoModel(groups="channel"), summary, "laplace", 1) | {"customers": len(summary)}


def _simulated(known: Any, size: int) -> lw.CustomerSummary:
    return lw.summarise(lw.simulate_orders(known, customers=size, seed=1, **SPAN), until=SPAN["until"], unit="W")


def _lifetimes(frame: pd.DataFrame) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifetimes import BetaGeoFitter, ModifiedBetaGeoFitter, ParetoNBDFitter

        fitters = dict(zip(TRUTH, (BetaGeoFitter, ModifiedBetaGeoFitter, ParetoNBDFitter), strict=True))
        columns = (frame["frequency"], frame["recency"], frame["T"])
        return {name: {"seconds": _timed(lambda f=fitter: f().fit(*columns), 1)[0]} for name, fitter in fitters.items()}


def _timed(job: Callable[[], Any], runs: int) -> tuple[float, Any]:
    seconds, result = [], None
    if runs > 1:
        job()  # loads compiled code
    for _ in range(runs):
        start = perf_counter()
        result = job()
        seconds.append(perf_counter() - start)
    return median(seconds), result


if __name__ == "__main__":
    main()
