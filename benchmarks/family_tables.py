"""Tables of what `family_run.py` measured."""

from __future__ import annotations

from math import log10
from typing import Any, Final

METHODS: Final = {"map": "mode, a point", "laplace": "importance sampling", "nuts": "NUTS"}


def tables_of(family: dict[str, Any]) -> list[str]:
    """Every model on full CDNOW, on simulated customers, and with covariates or groups, in Markdown."""
    return [_cdnow(family), _simulated(family["simulated"]), _structure(family)]


def _cdnow(family: dict[str, Any]) -> str:
    lines = [
        "| full CDNOW, 23,570 customers, 4,000 draws | how | seconds | smallest bulk ESS | effective draws a second |",
        "|---|---|--:|--:|--:|",
    ]
    for model, methods in family["cdnow"].items():
        if model in family["lifetimes"]:
            seconds = family["lifetimes"][model]["seconds"]
            lines.append(f"| {model} | lifetimes, maximum likelihood | {seconds:.2f} | | |")
        for method, words in METHODS.items():
            fit = methods[method]
            told = "| |" if fit["ess"] is None else f"{fit['ess']:,.0f} | {fit['ess'] / fit['seconds']:,.0f} |"
            lines.append(f"| {model} | **lifeworth**, {words} | {fit['seconds']:.2f} | {told}")
    return "\n".join(lines)


def _simulated(simulated: dict[str, Any]) -> str:
    sizes = list(next(iter(simulated.values())))
    head = " | ".join(f"{int(size):,} customers" for size in sizes)
    lines = [
        f"| full posterior of simulated customers, seconds (effective draws of 4,000) | {head} | growth |",
        f"|---|{'--:|' * (len(sizes) + 1)}",
    ]
    for model, fits in simulated.items():
        told = " | ".join(f"{fits[size]['seconds']:.2f} ({fits[size]['ess']:,.0f})" for size in sizes)
        growth = log10(fits[sizes[-1]]["seconds"] / fits[sizes[0]]["seconds"]) / log10(int(sizes[-1]) / int(sizes[0]))
        lines.append(f"| {model} | {told} | customers^{growth:.2f} |")
    return "\n".join(lines)


def _structure(family: dict[str, Any]) -> str:
    lines = ["| full posterior, 4,000 draws | seconds | effective draws |", "|---|--:|--:|"]
    for model, fit in family["covariates"].items():
        lines.append(f"| {model}, 2,357 customers, two covariates | {fit['seconds']:.2f} | {fit['ess']:,.0f} |")
    groups = family["groups"]
    told = f"BG/NBD, ten groups of 50 to 50,000, {groups['customers']:,} customers"
    lines.append(f"| {told} | {groups['seconds']:.2f} | {groups['ess']:,.0f} |")
    return "\n".join(lines)
