"""The verdict on a fit, as a value: what was checked, what came of it, and what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from ..ground.rows import FloatArray
from .methods import Draws

LARGEST_K_HAT: Final = 0.7
"""Above it importance sampling cannot be relied on (Vehtari, Simpson, Gelman, Yao & Gabry 2024)."""
LARGEST_R_HAT: Final = 1.01
"""Above it chains have not mixed (Vehtari, Gelman, Simpson, Carpenter & Bürkner 2021, Bayesian Analysis 16:2)."""
SMALLEST_ESS: Final = 400.0
"""Effective draws needed for R-hat, quantiles and intervals to be stable (the same paper)."""
SMALLEST_SHARE: Final = 0.1
"""Where fewer draws were asked for than could hold so many effective ones: this share of them."""


@dataclass(frozen=True)
class Check:
    """One check of a fit.

    Attributes
    ----------
    name : str
    value : float
        What came.
    expected : str
        What was expected, in words: "<= 0.7".
    passed : bool
    remedy : str
        What to do where it did not pass; empty where it did.
    """

    name: str
    value: float
    expected: str
    passed: bool
    remedy: str = ""

    def __str__(self) -> str:
        mark = "ok " if self.passed else "BAD"
        return f"{mark} {self.name} = {self.value:.4g} (expected {self.expected})" + (
            f": {self.remedy}" if self.remedy else ""
        )


@dataclass(frozen=True)
class Diagnostics:
    """Did the fit work, and if not, what to do.

    Attributes
    ----------
    method : str
        How the draws were made in the end: "laplace", "nuts", "map" or "fixed".
    checks : tuple of Check
    notes : tuple of str
        What was decided on the way, such as a fall back to NUTS or rows left out.
    """

    method: str
    checks: tuple[Check, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def frame(self) -> pd.DataFrame:
        """One row a check: name, value, expected, passed, remedy."""
        columns = ["name", "value", "expected", "passed", "remedy"]
        return pd.DataFrame([[getattr(check, c) for c in columns] for check in self.checks], columns=columns)

    def with_notes(self, *notes: str) -> Diagnostics:
        """The same with further notes in front."""
        return replace(self, notes=(*notes, *self.notes))

    def __str__(self) -> str:
        head = f"{self.method}: {'all checks passed' if self.ok else 'NOT TO BE RELIED ON'}"
        return "\n".join([head, *map(str, self.checks), *(f"note: {note}" for note in self.notes)])


def of_importance_sampling(draws: Draws) -> Diagnostics:
    """Verdict on importance sampling: k_hat and the effective number of draws."""
    return Diagnostics(
        "laplace",
        (
            _at_most("k_hat", draws.k_hat or 0.0, LARGEST_K_HAT, 'fit with method="nuts".'),
            _at_least("effective draws", draws.effective or 0.0, _enough(draws), 'fit with method="nuts".'),
        ),
    )


def of_chains(draws: Draws) -> Diagnostics:
    """Verdict on chains: the largest R-hat, the smallest effective sample sizes, divergences."""
    r_hat, bulk, tail = r_hat_and_ess(draws.free)
    divergent = float(draws.statistics["diverging"].sum())
    return Diagnostics(
        "nuts",
        (
            _at_most("r_hat", r_hat.max(), LARGEST_R_HAT, "sample longer: ask for more draws."),
            _at_least("ess_bulk", bulk.min(), _enough(draws), "ask for more draws."),
            _at_least("ess_tail", tail.min(), _enough(draws), "ask for more draws."),
            _at_most("divergences", divergent, 0.0, "give a narrower prior to the parameter that runs away."),
        ),
    )


def _enough(draws: Draws) -> float:
    """Effective draws that are enough: those asked for, where few were asked for."""
    return min(SMALLEST_ESS, SMALLEST_SHARE * float(draws.free.shape[0] * draws.free.shape[1]))


def _at_most(name: str, value: float, limit: float, remedy: str) -> Check:
    passed = bool(value <= limit)
    return Check(name, float(value), f"<= {limit:g}", passed, "" if passed else remedy)


def _at_least(name: str, value: float, limit: float, remedy: str) -> Check:
    passed = bool(value >= limit)
    return Check(name, float(value), f">= {limit:g}", passed, "" if passed else remedy)


def r_hat_and_ess(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """R-hat, bulk and tail effective sample size of each column of (chains, draws, columns)."""
    from arviz_stats.base.array import array_stats

    r_hat = array_stats.rhat(values, chain_axis=0, draw_axis=1)
    bulk = array_stats.ess(values, chain_axis=0, draw_axis=1, method="bulk")
    tail = array_stats.ess(values, chain_axis=0, draw_axis=1, method="tail", prob=0.9)
    return r_hat, bulk, tail
