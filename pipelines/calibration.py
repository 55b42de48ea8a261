"""Simulation-based calibration: whether the posteriors of a model are what they say, from prior to sampler.

Talts, Betancourt, Simpson, Vehtari & Gelman (2018), Validating Bayesian Inference Algorithms with Simulation-Based
Calibration, arXiv:1804.06788: with parameters drawn from the prior and data from the parameters, the rank of the true
value among independent posterior draws is uniform. Modrák, Moon, Kim, Bürkner, Huurre, Faltejsková, Gelman & Vehtari
(2023), Simulation-Based Calibration Checking for Bayesian Computation, Bayesian Analysis: quantities that depend on the
data as well, above all the likelihood, find what parameters alone hide; and data sets may be rejected for what is in
them, since given the data the posterior stays the same.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from lifeworth.models.ground.errors import ConvergenceWarning, FitError, InputError
from lifeworth.models.ground.intervals import check_draws
from lifeworth.models.ground.rows import FloatArray
from lifeworth.models.ground.threads import map_threads
from lifeworth.models.ground.uniformity import uniformity_p_value
from lifeworth.models.ground.units import DAYS_PER_UNIT, DAYS_PER_WEEK, check_unit
from lifeworth.models.inference.posterior import FEWEST_DRAWS
from lifeworth.models.prediction.population import MOST_PURCHASES, draw_parameters
from lifeworth.models.purchases import TransactionModel
from lifeworth.models.spend import SpendModel

from .calibration_worlds import Evaluated, PurchasesWorld, SpendWorld, World

OBSERVED_WEEKS: Final = (26.0, 78.0)
"""Customers are observed for times evenly between these: long enough that most priors leave something to see."""
SCALE_WEEKS: Final = 4.0
"""The time that priors of times are relative to: a customer of the middle would buy 13 times in a year."""
SPEND_SCALE: Final = 30.0
"""The amount that priors of amounts are relative to."""
FEWEST_CUSTOMERS: Final = 10
"""Of a data set."""
METHODS: Final = ("laplace", "nuts")
"""Those that have posterior draws."""
MOST_ATTEMPTS: Final = 100
"""Data sets in a row that cannot be fitted, before it is taken for a fault of the design."""
FALSE_ALARM: Final = 0.01
"""A model without fault is called faulty once in a hundred times, at the most."""
OFF_CENTRE: Final = 3.0
"""Standard errors of the mean rank from which on what is wrong is called bias; nearer, it is the width."""
TOO_LITTLE: Final = "with too little to fit, such as nobody who bought twice"
NO_FIT: Final = "of which no fit was reached"
TOO_MANY: Final = f"with a customer of {MOST_PURCHASES:,} purchases or more"


@dataclass(frozen=True, eq=False, repr=False)
class SimulationBasedCalibration:
    """Ranks of true values among posterior draws, and whether they are uniform, as they must be.

    Attributes
    ----------
    model : str
    customers : int
        In each simulated data set.
    ranks : DataFrame
        One row a simulation and quantity: simulation, quantity, rank (0 to draws), draws.
    uniformity : DataFrame
        One row a quantity: quantity; mean_rank, as a share (above 0.5 the posterior is too low); spread, the root mean
        square distance of ranks from the middle over that of uniform ones (above 1 the posterior is too narrow);
        p_value, exact, by the empirical distribution function (`models.ground.uniformity`); p_adjusted, times the
        number of quantities (Bonferroni); uniform; reading.
    runs : DataFrame
        One row a simulation: simulation, the true parameters, method (that made the draws in the end), care (checks
        of the fit's own that did not pass; empty where all is well), rejected (data sets thrown away before this one).
    rejected : mapping of str to int
        Data sets thrown away, by reason. This hangs on the data alone and leaves the check valid (Modrák et al. 2023).
    """

    model: str
    customers: int
    ranks: pd.DataFrame
    uniformity: pd.DataFrame
    runs: pd.DataFrame
    rejected: Mapping[str, int]

    @property
    def ok(self) -> bool:
        """Whether the ranks of every quantity are uniform."""
        return bool(self.uniformity["uniform"].all())

    @property
    def warned(self) -> int:
        """Fits whose own verdict asked for care; they count like the others."""
        return int((self.runs["care"] != "").sum())

    @property
    def verdict(self) -> str:
        """What was found, in a few sentences."""
        bad = self.uniformity[~self.uniformity["uniform"]]
        total = len(self.uniformity)
        found = f"ranks of all {total} quantities are uniform"
        if len(bad):
            what = "; ".join(f"{q} ({r})" for q, r in zip(bad["quantity"], bad["reading"], strict=True))
            found = f"ranks of {len(bad)} of {total} quantities are NOT uniform: {what}"
        methods = ", ".join(f"{count} by {name}" for name, count in Counter(self.runs["method"]).most_common())
        thrown = "".join(f" Rejected: {count} data sets {why}." for why, count in self.rejected.items())
        return (
            f"{self.model}, {len(self.runs)} simulations of {self.customers} customers: {found}. "
            f"Fits: {methods}; {self.warned} asked for care.{thrown}"
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__}> {self.verdict}\n{self.uniformity.to_string(index=False)}"


def simulation_based_calibration(
    model: TransactionModel | SpendModel,
    *,
    spend: SpendModel | None = None,
    simulations: int = 200,
    customers: int = 400,
    T: float | ArrayLike | None = None,
    unit: str = "W",
    scale: float | None = None,
    spend_scale: float = SPEND_SCALE,
    method: str = "laplace",
    draws: int = 1000,
    seed: int = 0,
) -> SimulationBasedCalibration:
    """Check the posteriors of a model on data simulated from its own priors.

    Each simulation draws parameters from the priors, customers from the parameters (in continuous time, nothing
    rounded to days), fits them, and ranks the true values among 99 posterior draws: the logarithm of every
    parameter, the log likelihood, expected purchases in 52 weeks of a new customer and of all, mean probability alive,
    and with `spend` the total residual value of 12 months. For a spend model: its parameters, the log likelihood, and
    expected spend of a new customer and of all.

    Parameters
    ----------
    model : TransactionModel or SpendModel
        Without covariates and groups, with proper priors.
    spend : SpendModel, optional
        Beside a transaction model: simulated and fitted too, for the total value.
    simulations, customers : int
        Data sets, and customers in each.
    T : float or array (customers,), optional
        Time that customers are observed, in `unit`; by default evenly from 26 to 78 weeks.
    unit : str
        Of `T` and `scale`.
    scale, spend_scale : float
        The time and the amount that priors are relative to, in simulation and fit alike; by default 4 weeks, and 30.
    method : {"laplace", "nuts"}
        As in `TransactionModel.fit`; "map" has no posterior and is refused.
    draws : int
        Posterior draws of a fit.
    seed : int
        The same seed gives the same ranks, whatever the number of cores.

    Raises
    ------
    InputError
        A flat prior, covariates or groups; numbers that are impossible; data that hardly ever can be fitted.
    """
    observed = _observed(T, _count("customers", customers, FEWEST_CUSTOMERS), unit)
    world = _world(model, spend, observed, check_unit(unit), scale, spend_scale)
    for one in world.models:  # a prior without draws is refused before any work is done
        draw_parameters(one, 1.0, np.random.default_rng(seed), 1)
    if method not in METHODS:
        raise InputError(f"method: expected one of {', '.join(METHODS)}, got {method!r}.")
    options = {"method": method, "draws": check_draws(draws, FEWEST_DRAWS)}

    def run(simulation: int) -> _Run:
        return _run(world, seed, simulation, options)

    steps, title = range(_count("simulations", simulations, 1)), f"Simulation-based calibration, {model.name}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # counted instead: `care` of runs
        runs = list(map_threads(run, steps, title))
    ranks = pd.concat([run.ranks for run in runs], ignore_index=True)
    rows = pd.DataFrame([run.row for run in runs])
    rejected = Counter(reason for run in runs for reason in run.rejected)
    return SimulationBasedCalibration(
        model.name, len(observed), ranks, uniformity_of_ranks(ranks), rows, MappingProxyType(dict(rejected))
    )


def uniformity_of_ranks(ranks: pd.DataFrame) -> pd.DataFrame:
    """Frame `uniformity` of a `SimulationBasedCalibration`, from its `ranks`."""
    rows = []
    for quantity, group in ranks.groupby("quantity", sort=False):
        values = int(group["draws"].iloc[0]) + 1
        rank = group["rank"].to_numpy(np.int64)
        mean, sd = float((rank.mean() + 0.5) / values), float(np.sqrt((values**2 - 1.0) / 12.0))
        spread = float(np.sqrt(np.mean((rank - (values - 1) / 2.0) ** 2)) / sd)  # around where the mean should be
        rows.append((quantity, mean, spread, uniformity_p_value(rank, values), len(rank)))
    frame = pd.DataFrame(rows, columns=["quantity", "mean_rank", "spread", "p_value", "simulations"])
    frame["p_adjusted"] = np.minimum(frame["p_value"] * len(frame), 1.0)
    frame["uniform"] = frame["p_adjusted"] >= FALSE_ALARM
    frame["reading"] = [_reading(row) for row in frame.itertuples()]
    return frame.drop(columns="simulations")


def _reading(row: Any) -> str:
    """What the ranks of a quantity say of its posterior."""
    if row.uniform:
        return "as it should be"
    off = (row.mean_rank - 0.5) * np.sqrt(12.0 * row.simulations)
    if abs(off) > OFF_CENTRE:
        return "posterior too low" if off > 0.0 else "posterior too high"
    return "posterior too narrow" if row.spread > 1.0 else "posterior too wide"


@dataclass(frozen=True, eq=False)
class _Run:
    """What came of one simulation."""

    row: dict[str, object]
    ranks: pd.DataFrame
    rejected: list[str]


def _run(world: World, seed: int, simulation: int, options: dict[str, Any]) -> _Run:
    """Simulate until a data set can be fitted, and rank what was true."""
    rejected: list[str] = []
    reason = ""
    for attempt in range(MOST_ATTEMPTS):
        rng = np.random.default_rng([seed, simulation, attempt])
        simulated = world.simulate(rng)
        if simulated.summary.frame["frequency"].max() >= MOST_PURCHASES:
            rejected.append(TOO_MANY)
            continue
        try:
            found = world.evaluate(simulated, int(rng.integers(2**31)), options)
        except (InputError, FitError) as error:
            rejected.append(TOO_LITTLE if isinstance(error, InputError) else NO_FIT)
            reason = str(error)
            continue
        truth = dict(zip(world.models[0].parameters, simulated.theta[:, 0].tolist(), strict=True))
        care = ", ".join(check.name for one in found.diagnostics for check in one.checks if not check.passed)
        row = {"simulation": simulation, **truth, "method": found.diagnostics[0].method, "care": care}
        return _Run({**row, "rejected": len(rejected)}, _ranks(found, simulation, rng), rejected)
    raise InputError(
        f"priors: {MOST_ATTEMPTS} data sets in a row could not be used, the last {rejected[-1]}. {reason} "
        "Give a longer T, more customers, or priors that expect customers who come back."
    )


def _ranks(found: Evaluated, simulation: int, rng: np.random.Generator) -> pd.DataFrame:
    """Rank of what is true among the draws, a row a quantity."""
    rows = []
    for quantity, values in found.quantities.items():
        if not np.isfinite(values).all():
            raise FitError(f"{quantity}: expected finite values in simulation {simulation}, got {values}.")
        rows.append((simulation, quantity, rank_of_truth(values, rng), len(values) - 1))
    return pd.DataFrame(rows, columns=["simulation", "quantity", "rank", "draws"])


def rank_of_truth(values: FloatArray, rng: np.random.Generator) -> int:
    """Rank of the first value among the others, from 0 to their number, ties broken by lot."""
    truth, draws = values[0], values[1:]
    return int((draws < truth).sum() + rng.integers((draws == truth).sum() + 1))


def _world(model: Any, spend: Any, T: FloatArray, unit: str, scale: float | None, spend_scale: float) -> World:
    """The world that a model is checked in.

    Raises
    ------
    InputError
        What should be a model is none, or a scale is impossible.
    """
    money = _positive("spend_scale", spend_scale)
    if isinstance(model, SpendModel):
        if spend is not None:
            raise InputError("spend: expected None beside a spend model; give the transaction model as `model`.")
        return SpendWorld(model, T, unit, money)
    if not isinstance(model, TransactionModel):
        raise InputError(f"model: expected a model, such as BetaGeoModel(); got {model!r}.")
    if not (spend is None or isinstance(spend, SpendModel)):
        raise InputError(f"spend: expected a spend model, such as GammaGammaModel(), or None; got {spend!r}.")
    time = SCALE_WEEKS * _per_week(unit) if scale is None else _positive("scale", scale)
    return PurchasesWorld(model, spend, T, unit, time, money)


def _observed(T: float | ArrayLike | None, customers: int, unit: str) -> FloatArray:
    """Time that each customer is observed, array (customers,)."""
    if T is None:
        return np.linspace(*OBSERVED_WEEKS, customers) * _per_week(unit)
    try:
        times = np.broadcast_to(np.asarray(T, dtype=float), customers).copy()
    except (TypeError, ValueError):
        times = np.zeros(1)
    if not (np.isfinite(times).all() and (times > 0.0).all()):
        raise InputError(f"T: expected a time above 0, or one for each of {customers:,} customers; got {T!r}.")
    return times


def _per_week(unit: str) -> float:
    return DAYS_PER_WEEK / DAYS_PER_UNIT[check_unit(unit)]


def _positive(name: str, value: float) -> float:
    if not (isinstance(value, (int, float, np.number)) and np.isfinite(value) and value > 0.0):
        raise InputError(f"{name}: expected a finite number above 0, got {value!r}.")
    return float(value)


def _count(name: str, value: int, least: int) -> int:
    if not (isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= least):
        raise InputError(f"{name}: expected a whole number of {least} or more, got {value!r}.")
    return int(value)
