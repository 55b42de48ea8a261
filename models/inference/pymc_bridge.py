"""The compiled likelihood as a PyTensor operation with gradient, inside a PyMC model that users can extend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numba import njit
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import register_funcify_and_cache_key

from ..base import COEFFICIENTS, GROUP_SD, Model
from ..ground.design import Cells
from ..ground.priors import link_of
from ..ground.rows import KernelRows, SpendRows
from .density import LogPosterior


class FusedLogLikelihood(Op):
    """Log likelihood of all rows and its gradient by the parameters, as one node of the graph.

    Inputs: the parameters of the paper in scaled units, matrix (parameters, cells); the arrays of the kernel's rows.
    Outputs: the value, scalar; the gradient, matrix. PyTensor's numba backend (and so nutpie) calls the kernel
    directly.
    """

    __props__ = ("model", "rows")

    def __init__(self, model: type[Model], rows: type[KernelRows] | type[SpendRows]) -> None:
        self.model = model
        self.rows = rows

    def make_node(self, *inputs: Any) -> Apply[Any]:
        """Node of the graph."""
        theta, *arrays = inputs
        variables = [pt.as_tensor_variable(theta, dtype="float64"), *map(pt.as_tensor_variable, arrays)]
        return Apply(self, variables, [pt.dscalar(), pt.dmatrix()])

    def perform(
        self,
        node: Apply[Any],  # noqa: ARG002  # PyTensor's signature
        inputs: Sequence[Any],
        output_storage: list[list[Any | None]],
    ) -> None:
        """Value and gradient from the kernel."""
        gradient = np.empty(inputs[0].shape)
        rows: Any = self.rows(*inputs[1:])
        value = self.model.weighted_log_likelihood(inputs[0], rows, gradient)
        output_storage[0][0], output_storage[1][0] = np.asarray(value), gradient

    def pullback(
        self, inputs: Sequence[Any], outputs: Sequence[Any], cotangents: Sequence[Any]
    ) -> list[Variable[Any, Any]]:
        """The gradient is the second output; data have none."""
        data = [pt.zeros_like(array, dtype="float64") for array in inputs[1:]]
        return [cotangents[0] * outputs[1], *data]


@register_funcify_and_cache_key(FusedLogLikelihood)  # type: ignore[untyped-decorator]  # PyTensor's has no types
def _numba_of(op: FusedLogLikelihood, **_: Any) -> tuple[Callable[..., Any], None]:
    kernel, pack = op.model.weighted_log_likelihood, op.rows

    @njit
    def fused(theta, *arrays):  # type: ignore[no-untyped-def]  # compiled
        gradient = np.empty(theta.shape)
        return np.asarray(kernel(theta, pack(*arrays), gradient)), gradient

    return fused, None


def build(density: LogPosterior, scale: float) -> pm.Model:
    """A `pm.Model` with the priors of `density` by coordinate and its likelihood as one potential.

    The parameters of the paper, those of the average customer, are deterministics under their own names, in the user's
    units (`scale` times the kernel's). Coefficients and groups stand beside them as in `Effects`.
    """
    model, cells = density.model, density.cells
    with pm.Model() as graph:
        coordinates = [model.priors[name].to_pymc(name) for name in model.default_priors]
        for name, value in zip(model.parameters, model.to_parameters(coordinates), strict=True):
            if name in model.default_priors:  # a coordinate that is a parameter as it stands, such as r
                continue
            pm.Deterministic(name, value * (scale if name in model.unit_parameters else 1.0))
        of_cells = coordinates if cells is None else _of_cells(density, cells, coordinates)
        theta = pt.stack([pt.atleast_1d(value) for value in model.to_parameters(of_cells)])
        arrays = [pt.constant(array) for array in density.rows]
        value, _ = FusedLogLikelihood(type(model), type(density.rows)).make_node(theta, *arrays).outputs
        pm.Potential("log_likelihood", value)
    return graph


def _of_cells(density: LogPosterior, cells: Cells, coordinates: Sequence[Any]) -> list[Any]:
    """Coordinates of each cell, vectors (cells,): as `LogPosterior` has them, with PyMC's variables."""
    model, at = density.model, density.layout
    links = [link_of(model.priors[name]) for name in model.default_priors]
    free = [
        (pt.log(value) if link == "log" else pm.math.logit(value)) * np.ones(len(cells))
        for value, link in zip(coordinates, links, strict=True)
    ]
    if len(at.effect):
        coefficients = model.priors[COEFFICIENTS].to_pymc(COEFFICIENTS, shape=len(at.effect))
        for c, (j, sign, k) in enumerate(zip(*density.acts_on, at.column, strict=True)):
            free[j] = free[j] + sign * coefficients[c] * cells.matrix[:, k]
    if at.groups:
        sd = model.priors[GROUP_SD].to_pymc(GROUP_SD, shape=at.coordinates)
        apart = pm.Normal("group", shape=(at.coordinates, at.groups))
        free = [value + sd[j] * apart[j][cells.group] for j, value in enumerate(free)]
    return [pt.exp(value) if link == "log" else pm.math.sigmoid(value) for value, link in zip(free, links, strict=True)]
