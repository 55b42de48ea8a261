"""Transaction models, fitted: from a summary to a posterior, and from a posterior to purchases per customer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .base import TransactionFormulas
from .ground.errors import FitError, InputError
from .ground.intervals import BLOCK_CELLS, DRAWS_FOR_MEANS, INTERVAL, means_and_quantiles
from .ground.provenance import fingerprint, versions
from .ground.rows import DistinctRows, FloatArray, IntArray
from .ground.summary import CustomerSummary, check_summary
from .ground.threads import map_threads
from .ground.units import UNIT_NAMES, Horizon, check_unit, continuous_rate, parse_horizon
from .inference.density import LogPosterior
from .inference.diagnostics import Diagnostics
from .inference.posterior import Posterior, fit

if TYPE_CHECKING:
    from xarray import DataTree


class TransactionModel(TransactionFormulas):
    """A transaction model that can be fitted; abstract. `priors` as in `Model`."""

    def fit(
        self,
        summary: CustomerSummary,
        *,
        method: str = "laplace",
        draws: int = 4000,
        seed: int = 0,
        progress: bool = False,
    ) -> FittedPurchases:
        """Fit on a customer summary; returns a new object.

        Parameters
        ----------
        summary : CustomerSummary
        method : {"laplace", "nuts", "map"}
            Importance sampling at the mode (default; falls back to NUTS by itself), the No-U-Turn sampler, or the
            mode alone.
        draws : int
            Posterior draws in all.
        seed : int
        progress : bool
            Show the sampler's progress (NUTS).

        Raises
        ------
        InputError
            No customer has bought twice, so that neither rates nor dropout can be told.
        FitError
            No answer was reached; the message says why and what to do.
        """
        rows = rows_of(summary)
        scale = typical_gap(rows)
        density = LogPosterior(self, rows.for_kernel(scale))
        attributes = {
            "model": self.name,
            "unit": summary.unit,
            "until": None if summary.until is None else str(summary.until.date()),
            "customers": len(summary),
            "fingerprint": fingerprint(rows.x, rows.t_x, rows.T, rows.weight),
            "priors": repr(dict(self.priors)),
            **versions(),
        }
        posterior = fit(density, scale, method=method, draws=draws, seed=seed, attributes=attributes, progress=progress)
        return FittedPurchases(self, posterior, summary.unit)

    @classmethod
    def from_parameters(cls, *, unit: str, **parameters: float) -> FittedPurchases:
        """The model at fixed parameters in time unit `unit`, without data: for papers, tests and simulation.

        Raises
        ------
        InputError
            A parameter is missing, unknown or not positive; an unknown unit.
        """
        theta = cls.check_parameters(parameters)
        attributes = {"model": cls.name, "unit": check_unit(unit), "until": None, **versions()}
        return FittedPurchases(cls(), Posterior.fixed(cls.parameters, theta, attributes), check_unit(unit))

    def to_pymc(self, summary: CustomerSummary) -> Any:  # PyMC is imported when asked for
        """The same model as a `pm.Model` to sample or to build upon: priors by coordinate, one fused likelihood.

        The parameters of the paper stand in the posterior under their own names, in the summary's unit.
        """
        from .inference.pymc_bridge import build

        rows = rows_of(summary)
        scale = typical_gap(rows)
        return build(LogPosterior(self, rows.for_kernel(scale)), scale)


@dataclass(frozen=True, eq=False, repr=False)
class FittedPurchases:
    """A transaction model with its posterior: what customers will do, with doubt about the parameters.

    Intervals in the frames of this class are credible intervals of expectations and probabilities. For intervals
    of outcomes use `forecast`.

    Attributes
    ----------
    model : TransactionModel
    posterior : Posterior
    unit : str
        Time unit of the parameters.
    """

    model: TransactionModel
    posterior: Posterior
    unit: str

    def __repr__(self) -> str:
        means = ", ".join(f"{n} {v:.4g}" for n, v in zip(self.posterior.names, self.posterior.mean, strict=True))
        return (
            f"<{self.model.name} in {UNIT_NAMES[self.unit]}: {means}; "
            f"{len(self.posterior)} draws, {self.diagnostics.method}>"
        )

    @property
    def idata(self) -> DataTree:
        """The posterior as an ArviZ DataTree: `posterior` and `sample_stats`, each (chain, draw)."""
        return self.posterior.idata

    @property
    def parameters(self) -> pd.DataFrame:
        """One row a parameter: mean, sd, q05, q50, q95, and r_hat, ess_bulk, ess_tail or k_hat, ess."""
        return self.posterior.parameters

    @property
    def diagnostics(self) -> Diagnostics:
        """Did the fit work, and if not, what to do."""
        return self.posterior.diagnostics

    def log_likelihood(self, summary: CustomerSummary) -> FloatArray:
        """Log likelihood of each customer at the posterior mean parameters, array (customers,)."""
        rows = self.rows(summary)
        values = self.model.log_likelihood(self.posterior.mean[:, None], rows.x, rows.t_x, rows.T)
        return np.asarray(values)[rows.inverse]

    def probability_alive(self, summary: CustomerSummary, *, quantiles: tuple[float, ...] = INTERVAL) -> pd.DataFrame:
        """Probability that each customer is alive at the cut-off: customer_id, mean and quantiles."""
        return self._per_customer(summary, lambda theta, rows, _: self._alive(theta, rows), quantiles)

    def probability_active(
        self, summary: CustomerSummary, horizon: str, *, quantiles: tuple[float, ...] = INTERVAL
    ) -> pd.DataFrame:
        """Probability of at least one purchase within the horizon: customer_id, mean and quantiles."""
        length = self.finite(horizon, summary).length

        def active(theta: FloatArray, rows: DistinctRows, pairs: Pairs) -> FloatArray:
            none = self.model.none_if_alive(theta[:, :, None], pairs.x, pairs.T, length)
            return self._alive(theta, rows) * (1.0 - none)[:, pairs.of_row]

        return self._per_customer(summary, active, quantiles)

    def expected_purchases(
        self, summary: CustomerSummary, horizon: str, *, quantiles: tuple[float, ...] = INTERVAL
    ) -> pd.DataFrame:
        """Expected purchases within the horizon: customer_id, mean and quantiles (of the expectation)."""
        return self._purchases(summary, self.finite(horizon, summary).length, 0.0, quantiles)

    def discounted_expected_purchases(
        self,
        summary: CustomerSummary,
        annual_discount_rate: float,
        horizon: str | None = None,
        *,
        quantiles: tuple[float, ...] = INTERVAL,
    ) -> pd.DataFrame:
        """Expected discounted purchases within the horizon, or for ever (DERT): customer_id, mean and quantiles.

        Parameters
        ----------
        annual_discount_rate : float
            Such as 0.10; compounded continuously at ln(1.10) / 52 a week.
        horizon : str or None
            None: without end (Fader, Hardie & Lee 2005b; formula as `purchases_if_alive`).

        Raises
        ------
        InputError
            No end and no discounting: the sum may be infinite.
        """
        length = parse_horizon(horizon, self.unit, check_summary(summary, self.unit).until).length
        rate = continuous_rate(annual_discount_rate, self.unit)
        if rate == 0.0 and not np.isfinite(length):
            raise InputError(
                "horizon: without discounting the expected number of purchases for ever may be infinite; "
                "give an end such as '60M', or an annual_discount_rate above 0."
            )
        return self._purchases(summary, length, rate, quantiles)

    def expected_purchases_new_customer(self, horizon: str, *, quantiles: tuple[float, ...] = INTERVAL) -> pd.DataFrame:
        """Expected repeat purchases of a customer just acquired: one row with horizon, mean and quantiles."""
        asked = parse_horizon(horizon, self.unit)
        if not np.isfinite(asked.length):
            raise InputError('horizon: expected an end such as "52W"; got none.')
        theta = self.posterior.distinct(DRAWS_FOR_MEANS)
        values = self.new_customer_purchases(theta, np.array([asked.length]), 0.0)[0]
        frame = means_and_quantiles(values[:, None], quantiles)
        frame.insert(0, "horizon", asked.label)
        return frame

    def purchase_pmf(self, summary: CustomerSummary, horizon: str, max_purchases: int = 10) -> pd.DataFrame:
        """Probability of 0, 1, …, `max_purchases` purchases within the horizon.

        Returns a frame with customer_id and one column a count, named by the integer; a row sums to 1 minus the
        probability of more than `max_purchases`.
        """
        length = self.finite(horizon, summary).length
        if not (isinstance(max_purchases, (int, np.integer)) and max_purchases >= 0):
            raise InputError(f"max_purchases: expected a whole number of 0 or more, got {max_purchases!r}.")
        counts = range(int(max_purchases) + 1)

        def pmf(theta: FloatArray, rows: DistinctRows, pairs: Pairs) -> FloatArray:
            alive = self._alive(theta, rows)
            columns = []
            for count in counts:
                ahead = self.model.pmf_if_alive(theta[:, :, None], pairs.x, pairs.T, length, count)
                values = alive * ahead[:, pairs.of_row]
                columns.append((values + (1.0 - alive) if count == 0 else values).mean(axis=0))
            return np.stack(columns, axis=1)

        rows = self.rows(summary)
        blocks = self.by_block(rows, pmf, self.posterior.distinct(DRAWS_FOR_MEANS), "Probabilities of counts")
        frame = pd.DataFrame(np.concatenate(blocks)[rows.inverse], columns=list(counts))
        frame.insert(0, "customer_id", summary.frame["customer_id"].array)
        return frame

    def save(self, path: str | Path) -> None:
        """Write parameters, unit, verdict and versions to a small NetCDF file; no customer, no pickle."""
        from .inference.storage import Stored, write

        write(Stored(type(self.model).__name__, self.model.priors, self.posterior, {"unit": self.unit}), path)

    def rows(self, summary: CustomerSummary) -> DistinctRows:
        """The customers of `summary` as distinct rows, checked against the unit of the model.

        Raises
        ------
        InputError
            Not a summary, or in another unit of time.
        """
        return rows_of(check_summary(summary, self.unit))

    def finite(self, horizon: str, summary: CustomerSummary) -> Horizon:
        """Read a horizon that must end.

        Raises
        ------
        InputError
            As `parse_horizon`; also for None.
        """
        asked = parse_horizon(horizon, self.unit, check_summary(summary, self.unit).until)
        if not np.isfinite(asked.length):
            raise InputError('horizon: expected an end such as "26W" or "12M"; got None.')
        return asked

    def new_customer_purchases(self, theta: FloatArray, horizons: FloatArray, discount: float) -> FloatArray:
        """Expected discounted repeat purchases of a customer just acquired, array (horizons, draws)."""
        none, start = np.zeros(1, dtype=np.int64), np.zeros(1)
        alive = self.model.probability_alive(theta[:, :, None], none, start, start)[:, 0]
        return alive * self.model.purchases_if_alive(theta, none, start, horizons, discount)[:, :, 0]

    def by_block[R](
        self,
        rows: DistinctRows,
        work: Callable[[FloatArray, DistinctRows, Pairs], R],
        theta: FloatArray,
        description: str,
        depth: int = 1,
    ) -> list[R]:
        """Results of `work` on blocks of rows, in order, on all cores; `depth` arrays are in hand at once."""
        size = max(1, BLOCK_CELLS // (theta.shape[1] * depth))
        starts = range(0, len(rows), size)
        blocks = [rows.block(start, start + size) for start in starts]
        return list(map_threads(lambda block: work(theta, block, Pairs(*block.pairs())), blocks, description))

    def _alive(self, theta: FloatArray, rows: DistinctRows) -> FloatArray:
        return self.model.probability_alive(theta[:, :, None], rows.x, rows.t_x, rows.T)

    def _purchases(
        self, summary: CustomerSummary, length: float, rate: float, quantiles: tuple[float, ...]
    ) -> pd.DataFrame:
        def purchases(theta: FloatArray, rows: DistinctRows, pairs: Pairs) -> FloatArray:
            ahead = self.model.purchases_if_alive(theta, pairs.x, pairs.T, np.array([length]), rate)[0]
            return np.asarray(self._alive(theta, rows) * ahead[:, pairs.of_row])

        return self._per_customer(summary, purchases, quantiles)

    def _per_customer(
        self,
        summary: CustomerSummary,
        quantity: Callable[[FloatArray, DistinctRows, Pairs], FloatArray],
        quantiles: tuple[float, ...],
    ) -> pd.DataFrame:
        rows = self.rows(summary)
        theta = self.posterior.distinct(DRAWS_FOR_MEANS)
        blocks = self.by_block(
            rows,
            lambda theta, block, pairs: means_and_quantiles(quantity(theta, block, pairs), quantiles),
            theta,
            "Expectations",
        )
        frame = pd.concat(blocks, ignore_index=True).iloc[rows.inverse].reset_index(drop=True)
        frame.insert(0, "customer_id", summary.frame["customer_id"].array)
        return frame


@dataclass(frozen=True, eq=False)
class Pairs:
    """Distinct (x, T) of a block, arrays (pairs,), and the pair of each row, array (rows,)."""

    x: IntArray
    T: FloatArray
    of_row: IntArray


def rows_of(summary: CustomerSummary) -> DistinctRows:
    """Customers of a summary as distinct rows."""
    frame = check_summary(summary).frame
    return DistinctRows.collapse(
        frame["frequency"].to_numpy(np.int64), frame["recency"].to_numpy(float), frame["T"].to_numpy(float)
    )


def typical_gap(rows: DistinctRows) -> float:
    """Median over repeaters of the mean time between their purchases: the time scale of the data.

    Raises
    ------
    InputError
        Nobody has bought twice.
    """
    repeats = rows.x > 0
    if not repeats.any():
        raise InputError(
            f"frequency: none of the {int(rows.weight.sum()):,} customers has bought twice, so that neither "
            "purchase rates nor dropout can be told. Give a longer history or more customers."
        )
    gaps = rows.t_x[repeats] / rows.x[repeats]
    order = np.argsort(gaps, kind="stable")
    weight = np.cumsum(rows.weight[repeats][order])
    gap = float(gaps[order][np.searchsorted(weight, 0.5 * weight[-1])])
    if not gap > 0.0:
        raise FitError("recency: the median time between purchases is 0; give recency in finer units.")
    return gap
