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

from ..base import Model
from ..ground.rows import KernelRows, SpendRows
from .density import LogPosterior


class FusedLogLikelihood(Op):
    """Log likelihood of all rows and its gradient by the parameters, as one node of the graph.

    Inputs: the parameters of the paper in scaled units, vector; the arrays of the kernel's rows. Outputs: the
    value, scalar; the gradient, vector. PyTensor's numba backend (and so nutpie) calls the kernel directly.
    """

    __props__ = ("model", "rows")

    def __init__(self, model: type[Model], rows: type[KernelRows] | type[SpendRows]) -> None:
        self.model = model
        self.rows = rows

    def make_node(self, *inputs: Any) -> Apply[Any]:
        """Node of the graph."""
        theta, *arrays = inputs
        variables = [pt.as_tensor_variable(theta, dtype="float64"), *map(pt.as_tensor_variable, arrays)]
        return Apply(self, variables, [pt.dscalar(), pt.dvector()])

    def perform(
        self,
        node: Apply[Any],  # noqa: ARG002  # PyTensor's signature
        inputs: Sequence[Any],
        output_storage: list[list[Any | None]],
    ) -> None:
        """Value and gradient from the kernel."""
        gradient = np.empty(len(inputs[0]))
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
        gradient = np.empty(theta.shape[0])
        return np.asarray(kernel(theta, pack(*arrays), gradient)), gradient

    return fused, None


def build(density: LogPosterior, scale: float) -> pm.Model:
    """A `pm.Model` with the priors of `density` by coordinate and its likelihood as one potential.

    The parameters of the paper are deterministics under their own names, in the user's units (`scale` times the
    kernel's).
    """
    model = density.model
    with pm.Model() as graph:
        coordinates = [prior.to_pymc(name) for name, prior in model.priors.items()]
        scaled = model.to_parameters(coordinates)
        for name, value in zip(model.parameters, scaled, strict=True):
            if name in model.priors:  # a coordinate that is a parameter as it stands, such as r
                continue
            pm.Deterministic(name, value * (scale if name in model.unit_parameters else 1.0))
        arrays = [pt.constant(array) for array in density.rows]
        value, _ = FusedLogLikelihood(type(model), type(density.rows)).make_node(pt.stack(scaled), *arrays).outputs
        pm.Potential("log_likelihood", value)
    return graph
