"""Run lifeworth and its peers on full CDNOW, in one run on one machine, and write the table to README.md.

`make bench` calls it. What counts are the ratios: every tool runs alone, in a process of its own, on the same table,
and its clock starts after its imports.
"""

from __future__ import annotations

import os
import platform
from datetime import date
from pathlib import Path
from typing import Any, Final

import pandas as pd
import peers
from family_tables import tables_of

import lifeworth as lw

PAGE: Final = Path(__file__).resolve().parent / "README.md"
UNTIL: Final = "1997-09-30"
MARK: Final = "<!-- everything below is written by `make bench` -->"


def main() -> None:
    frame = cdnow()
    print(f"CDNOW, {len(frame):,} customers until {UNTIL}")
    lifetimes = _told("lifetimes, maximum likelihood", peers.run_lifetimes(frame, spend=True))
    lifeworth = _told("lifeworth", peers.run_lifeworth(frame))
    marketing = _told("PyMC-Marketing, default fit", peers.run_pymc_marketing(frame))
    family = _told("lifeworth, every model", peers.run_family())
    parts = [
        _fits(lifetimes, lifeworth, marketing),
        _work(lifeworth),
        *tables_of(family),
        _machine(lifeworth, marketing),
    ]
    tables = "\n\n".join(parts)
    head = PAGE.read_text(encoding="utf-8").split(MARK)[0] if PAGE.exists() else ""
    PAGE.write_text(f"{head}{MARK}\n\n{tables}\n", encoding="utf-8")
    print(tables)


def cdnow() -> pd.DataFrame:
    """The table every tool gets: repeat purchases, times in weeks, mean amount of repeats."""
    summary = lw.summarise(lw.load_cdnow(), until=UNTIL, unit="W")
    return summary.frame[peers.COLUMNS]


def _told(what: str, answer: dict[str, Any]) -> dict[str, Any]:
    print(f"  {what}: done")
    return answer


def _fits(lifetimes: dict[str, Any], lifeworth: dict[str, Any], marketing: dict[str, Any]) -> str:
    base = lifetimes["seconds"]
    rows = [("lifetimes", "maximum likelihood, a point", base, "", "")]
    for method, words in {"map": "mode, a point", "laplace": "importance sampling", "nuts": "NUTS"}.items():
        fit = lifeworth[method]
        ess = f"{fit['ess_bulk_min']:,.0f}" if "ess_bulk_min" in fit else ""
        rows.append(("**lifeworth**", words, fit["seconds"], f"{fit['draws']:,}" if ess else "", ess))
    draws = marketing["draws"] * marketing["chains"]
    rows.append(
        (
            "PyMC-Marketing",
            "default `fit` (NUTS)",
            marketing["seconds"],
            f"{draws:,}",
            f"{marketing['ess_bulk_min']:,.0f}",
        )
    )
    lines = [
        f"| {tool} | {how} | {seconds:.2f} | {seconds / base:.1f} | {drawn} | {ess} |"
        for tool, how, seconds, drawn, ess in rows
    ]
    head = "| BG/NBD on 23,570 customers | how | seconds | times lifetimes | draws | smallest bulk ESS |"
    faster = marketing["seconds"] / lifeworth["nuts"]["seconds"]
    per_second = (lifeworth["nuts"]["ess_bulk_min"] / lifeworth["nuts"]["seconds"]) / (
        marketing["ess_bulk_min"] / marketing["seconds"]
    )
    return "\n".join(
        [
            head,
            "|---|---|--:|--:|--:|--:|",
            *lines,
            "",
            f"NUTS against NUTS: {faster:.0f} times faster, {per_second:.0f} times the effective draws a second.",
        ]
    )


def _work(lifeworth: dict[str, Any]) -> str:
    names = {"forecast": "39 weeks, 1,000 futures of each customer", "value": "12, 24 and 36 months in one pass"}
    lines = [
        f"| {words} | {lifeworth[name]['seconds']:.1f} | {lifeworth[name]['peak_megabytes']:,.0f} |"
        for name, words in names.items()
    ]
    head = "| lifeworth, 23,570 customers | seconds | peak memory of the process, MB |"
    return "\n".join([head, "|---|--:|--:|", *lines])


def _machine(lifeworth: dict[str, Any], marketing: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in (lifeworth["versions"] | marketing["versions"]).items())
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{date.today().isoformat()}, {platform.system()} {platform.machine()}, {cores} cores; {versions}."


if __name__ == "__main__":
    main()
