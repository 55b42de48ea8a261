"""Inference knows no model: each way takes a log density with its gradient and returns draws with a verdict.

`laplace` : importance sampling from a Student-t at the mode, Pareto-smoothed (Vehtari, Simpson, Gelman, Yao &
Gabry 2024, JMLR 25:72). `nuts` : the No-U-Turn sampler (Hoffman & Gelman 2014) in coordinates whitened by the
Hessian at the mode. `point` : the mode alone.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import minimize
from scipy.special import logsumexp

from ..ground.errors import FitError
from ..ground.rows import FloatArray, IntArray
from ..ground.threads import cores
from .density import LogDensity
from .near_mode import values, values_near

START_SPREAD: Final = 1.0
"""Standard deviation, in free coordinates, of the further starting points around the first."""
STARTS: Final = 3
"""Starting points of the search for the mode; the best end wins."""
EDGE: Final = 25.0
"""Free coordinates are searched within +-25: a factor of e^25 from the data's scale is no estimate."""
HESSIAN_STEP: Final = 1e-4
"""Central difference of the analytic gradient: error about 1e-8 relative for curvatures near one."""
NEWTON_DECREMENT: Final = 1e-8
"""The mode is found when a Newton step would raise the log density by less: 1e-4 posterior sd away."""
NEWTON_STEPS: Final = 20
"""Newton steps after the quasi-Newton search; each squares the error, so that three are usual."""
FEWEST_PROPOSALS: Final = 2000
"""Fewer do not tell the tail of their weights; fewer draws than that are chosen among so many proposals."""
GOOD_K_HAT: Final = 0.5
"""Up to here weights have a finite variance, and there is nothing to mend."""
MOMENT_ROUNDS: Final = 3
"""Rounds of proposals from the moments of the one before."""
TARGET_ACCEPT: Final = 0.9
"""Acceptance that the step of NUTS is tuned to: steps short enough for the corners of a skewed posterior."""
STUDENT_DF: Final = 7.0
"""Degrees of freedom of the proposal: tails heavier than any posterior met, yet 9 of 10 draws effective."""


@dataclass(frozen=True, eq=False)
class Mode:
    """The highest point of a log density and its curvature there.

    Attributes
    ----------
    point : array (size,)
    value : float
    factor : array (size, size)
        Lower triangular; ``factor @ factor.T`` is the inverse of the negative Hessian.
    """

    point: FloatArray
    value: float
    factor: FloatArray


@dataclass(frozen=True, eq=False)
class Draws:
    """Draws of the free coordinates, array (chains, draws, size), and what the sampler says of each draw."""

    free: FloatArray
    statistics: dict[str, FloatArray]
    k_hat: float | None = None
    effective: float | None = None


def find_mode(density: LogDensity, seed: int, start: FloatArray | None = None) -> Mode:
    """Climb to the mode from the start given, else from several, then by Newton's method until it stands.

    Raises
    ------
    FitError
        No start led to a point where the log density is flat and curved downwards in every direction.
    """
    if start is not None:
        with suppress(FitError):  # from there no mode was reached: the usual starts are tried
            return _newton(density, _climb(density, start))
    rng = np.random.default_rng(seed)
    first = density.start
    starts = [first] + [first + START_SPREAD * rng.standard_normal(len(first)) for _ in range(STARTS - 1)]
    ends = [_climb(density, point) for point in starts]
    best = max(ends, key=lambda point: density(point)[0])
    return _newton(density, best)


def point(mode: Mode) -> Draws:
    """The mode as a single draw."""
    return Draws(mode.point[None, None, :], {"lp": np.array([[mode.value]])})


def gaussian(mode: Mode, draws: int, seed: int) -> FloatArray:
    """Draws from the Gaussian with the mode's curvature, array (draws, size): honest standard errors."""
    return mode.point + np.random.default_rng(seed).standard_normal((draws, len(mode.point))) @ mode.factor.T


def laplace(density: LogDensity, mode: Mode, draws: int, seed: int, *, costly: bool = False) -> Draws:
    """Importance sampling from a Student-t at the mode, resampled to equal weights.

    The verdict is `k_hat`, the shape of the tail of the weights: up to 0.7 the draws can be relied on. Where it is
    above 0.5 further rounds propose from a Student-t with the mean and covariance of the best so far, which suit a
    skewed posterior better than its mode and curvature (adaptive importance sampling: Cappé, Guillin, Marin & Robert
    2004, J. Computational and Graphical Statistics 13:4). A `costly` log density is asked at some two hundred points,
    and a polynomial that stands for it at the others (`near_mode`).
    """
    rng = np.random.default_rng(seed)
    proposals = max(draws, FEWEST_PROPOSALS)
    proposed, log_target, log_ratio = _propose(density, mode.point, mode.factor, proposals, rng, costly)
    weights, k_hat = smoothed(log_ratio)
    for _ in range(MOMENT_ROUNDS):
        if k_hat <= GOOD_K_HAT:
            break
        mean = weights @ proposed
        covariance = (proposed - mean).T @ (weights[:, None] * (proposed - mean))
        again = _propose(density, mean, np.linalg.cholesky(covariance), proposals, rng, costly)
        weights_again, k_hat_again = smoothed(again[2])
        if k_hat_again < k_hat:
            (proposed, log_target, _), weights, k_hat = again, weights_again, k_hat_again
    chosen = resampled(weights, draws, rng)
    return Draws(
        proposed[chosen][None],
        {"lp": log_target[chosen][None], "importance_weight": weights[chosen][None] * proposals},
        k_hat=k_hat,
        effective=min(float(draws), effective_draws(weights)),
    )


def _propose(
    density: LogDensity, centre: FloatArray, factor: FloatArray, proposals: int, rng: np.random.Generator, costly: bool
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Points from a Student-t, array (proposals, size), their log density, and its log ratio to the proposal."""
    proposed, log_proposal = student(centre, factor, proposals, rng)
    log_target = values_near(density, centre, factor, proposed) if costly else values(density, proposed)
    return proposed, log_target, log_target - log_proposal


def student(
    centre: FloatArray, factor: FloatArray, draws: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draws from a Student-t, array (draws, size), and their log density but for a constant."""
    size = len(centre)
    standard = rng.standard_normal((draws, size)) / np.sqrt(rng.chisquare(STUDENT_DF, (draws, 1)) / STUDENT_DF)
    log_density = -0.5 * (STUDENT_DF + size) * np.log1p((standard**2).sum(axis=1) / STUDENT_DF)
    return centre + standard @ factor.T, log_density


def smoothed(log_ratio: FloatArray) -> tuple[FloatArray, float]:
    """Pareto-smoothed importance weights, adding up to 1, and k_hat."""
    from arviz_stats.base.array import array_stats

    # psislw expects log likelihoods and negates them: it smooths the weights of -log_ratio
    log_weights, k_hat = array_stats.psislw(-(log_ratio - log_ratio.max()))
    return np.exp(log_weights - logsumexp(log_weights)), float(k_hat)


def effective_draws(weights: FloatArray) -> float:
    """Independent draws that would be worth as much."""
    return float(1.0 / (weights**2).sum())


def resampled(weights: FloatArray, draws: int, rng: np.random.Generator) -> IntArray:
    """Indices drawn with the weights by one shared offset, the least noise that resampling can add; shuffled."""
    positions = (np.arange(draws) + rng.random()) / draws
    return rng.permutation(np.minimum(np.searchsorted(np.cumsum(weights), positions), len(weights) - 1))


def nuts(density: LogDensity, mode: Mode, *, draws: int, tune: int, chains: int, seed: int, progress: bool) -> Draws:
    """Run nutpie's No-U-Turn sampler on the density in coordinates where the posterior is nearly standard normal."""
    import nutpie
    from nutpie.compiled_pyfunc import from_pyfunc

    factor, centre, size = mode.factor, mode.point, len(mode.point)
    transposed = np.ascontiguousarray(factor.T)

    def make_log_density() -> Any:
        def log_density(white: FloatArray) -> tuple[float, FloatArray]:
            value, gradient = density(centre + factor @ white)
            return value, transposed @ gradient

        return log_density

    def make_expand(*_seeds: int) -> Any:
        return lambda white: {"free": centre + factor @ white}

    model = from_pyfunc(
        size, make_log_density, make_expand, [np.dtype("float64")], [(size,)], ["free"],
        dims={"free": ("coordinate",)}, coords={"coordinate": list(density.names)},
        make_initial_point_fn=lambda point_seed: np.random.default_rng(point_seed).standard_normal(size),
    )  # fmt: skip
    trace = nutpie.sample(
        model, draws=draws, tune=tune, chains=chains, cores=cores(), seed=seed, progress_bar=progress,
        target_accept=TARGET_ACCEPT,
    )  # fmt: skip
    statistics = trace["sample_stats"]
    return Draws(
        np.asarray(trace["posterior"]["free"].values, dtype=float),
        {
            "lp": np.asarray(statistics["logp"].values, dtype=float),
            "diverging": np.asarray(statistics["diverging"].values),
            "n_steps": np.asarray(statistics["n_steps"].values),
        },
    )


def _climb(density: LogDensity, start: FloatArray) -> FloatArray:
    # the first step is as long as the gradient: one of length 1 stays where numbers are finite
    scale = 1.0 / max(1.0, float(np.linalg.norm(density(start)[1])))

    def objective(free: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = density(free)
        return -scale * value, -scale * gradient

    bounds = [(-EDGE, EDGE)] * len(start)
    return np.asarray(minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds).x)


def _newton(density: LogDensity, start: FloatArray) -> Mode:
    where = start
    for _ in range(NEWTON_STEPS):
        value, gradient = density(where)
        factor = _factor(density, where)
        if factor is None or not np.isfinite(value) or np.abs(where).max() > EDGE:
            break
        step = factor @ (factor.T @ gradient)
        if 0.5 * float(gradient @ step) < NEWTON_DECREMENT:
            last = where + _shortened(density, where, value, step)
            return Mode(last, density(last)[0], factor)
        where = where + _shortened(density, where, value, step)
    at = ", ".join(f"{name}={free:.3g}" for name, free in zip(density.names, where, strict=True))
    raise FitError(
        "fit: no mode was found: the data do not pin the parameters down in every direction "
        f"(free coordinates at the end: {at}). Give more customers or a longer history, or a proper prior "
        "for what runs away; nothing was fitted."
    )


def _shortened(density: LogDensity, where: FloatArray, value: float, step: FloatArray) -> FloatArray:
    """Halve a Newton step until it climbs."""
    while not density(where + step)[0] >= value - abs(value) * np.finfo(float).eps * len(where):
        step = 0.5 * step
        if float(np.abs(step).max()) < HESSIAN_STEP**2:
            break
    return step


def _factor(density: LogDensity, where: FloatArray) -> FloatArray | None:
    """Cholesky factor of the inverse negative Hessian, or None where that is not positive definite."""
    size = len(where)
    hessian = np.empty((size, size))
    for j in range(size):
        ahead, behind = where.copy(), where.copy()
        ahead[j] += HESSIAN_STEP
        behind[j] -= HESSIAN_STEP
        hessian[j] = (density(ahead)[1] - density(behind)[1]) / (2.0 * HESSIAN_STEP)
    precision = -0.5 * (hessian + hessian.T)
    if not np.isfinite(precision).all():
        return None
    try:
        lower = np.linalg.cholesky(precision[::-1, ::-1])[::-1, ::-1]
    except np.linalg.LinAlgError:
        return None
    # precision = lower lower^T with `lower` upper triangular: its inverse transposed is a lower factor
    return np.asarray(solve_triangular(lower, np.eye(size), lower=False).T)
