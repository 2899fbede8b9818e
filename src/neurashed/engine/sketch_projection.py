"""Random projections of the gradients of one layer, from their factors where they have them.

The gradient of a layer is a matrix ``G`` with a row for each output unit and a column for each
input, and one more column for the bias. A component of its projection is ``uᵀ G v`` for two
vectors of random signs. For ``G = Σ_t d_t ⊗ a_t`` that is ``Σ_t (u · d_t)(v · a_t)``: output
gradients and inputs are projected apart and the gradient is never formed. Where an example has
many positions and the layer few weights it is cheaper to form the gradient first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from neurashed.engine.layer_rows import LayerRows, Positions
from neurashed.engine.layers import Layer
from neurashed.engine.rows import DenseRows, SumRows
from neurashed.engine.sketch_signs import draw_signs
from neurashed.seeding import derive_seed

__all__ = [
    "GradientShape",
    "Projection",
    "form_rows",
    "project",
    "projection_costs",
    "stack_gradients",
]

# Numbers held while a run of examples is projected: more would leave the processor's cache.
_NUMBERS_AT_A_TIME = 2**21


@dataclass(frozen=True)
class GradientShape:
    """The gradient of a layer as one matrix.

    Attributes:
        num_rows: Output units; rows of the table of an embedding; all numbers of a vector.
        num_columns: Inputs, and one more for the bias.
        has_bias: Whether the last column is a bias.
    """

    num_rows: int
    num_columns: int
    has_bias: bool

    @property
    def num_parameters(self) -> int:
        """Numbers in the gradient."""
        return self.num_rows * self.num_columns

    @property
    def num_inputs(self) -> int:
        """Columns without the bias."""
        return self.num_columns - self.has_bias

    @classmethod
    def of(cls, layer: Layer) -> "GradientShape":
        """The shape of a layer's gradient; what is no matrix is one column."""
        first, *others = layer.shapes[0] or (1,)
        if layer.kind == "affine" or not others:
            return cls(layer.num_parameters, 1, False)
        has_bias = len(layer.shapes) == 2
        return cls(first, prod(others) + has_bias, has_bias)


@dataclass(frozen=True)
class Projection:
    """Which random vectors a layer's gradient is projected on.

    Attributes:
        shape: The gradient.
        dimension: Components.
        seed: Names the vectors.
        workspace: Numbers that may be held beside the result.
    """

    shape: GradientShape
    dimension: int
    seed: int
    workspace: int

    def vectors(self, like: Tensor) -> Iterator[tuple[slice, Tensor, Tensor]]:
        """Yield runs of components with their vectors for rows and for columns.

        Args:
            like: A tensor of the type and on the device that the vectors should have.

        Yields:
            The run, ``(component, row)`` and ``(component, column)``.
        """
        shape = self.shape
        held = shape.num_rows + shape.num_columns
        step = max(1, min(self.dimension, self.workspace // held))
        place = {"dtype": like.dtype, "device": like.device}
        for start in range(0, self.dimension, step):
            run = slice(start, min(start + step, self.dimension))
            for_rows = draw_signs(derive_seed(self.seed, "rows"), run, shape.num_rows, **place)
            columns_seed = derive_seed(self.seed, "columns")
            yield run, for_rows, draw_signs(columns_seed, run, shape.num_columns, **place)


def projection_costs(
    shape: GradientShape, factors: tuple[int, int, int], dimension: int, num_cotangents: int
) -> dict[str, float]:
    """Count the operations of projecting one example's gradients.

    Args:
        shape: The gradient.
        factors: Positions and groups together, and inputs and outputs of each; inputs are 0 where
            they are row numbers, and all three are 0 where there are no factors.
        dimension: Components.
        num_cotangents: Gradients of the example.

    Returns:
        Operations of each order of work: ``"formed"`` and, for factors, ``"factors"``.
    """
    positions, inputs, outputs = factors
    forming = 2.0 * positions * inputs * outputs
    costs = {"formed": num_cotangents * (forming + 2.0 * shape.num_parameters * dimension)}
    if positions:
        each = inputs + num_cotangents * (outputs + 1)
        costs["factors"] = 2.0 * positions * dimension * each
    return costs


def project(rows: LayerRows, projection: Projection) -> DenseRows:
    """Project the gradients of a layer.

    Args:
        rows: The gradients.
        projection: What to project on.

    Returns:
        Rows whose products have the products of the gradients as their mean over seeds.
    """
    if isinstance(rows, SumRows):
        terms = [project(term, projection).values for term in rows.terms]
        return DenseRows(torch.stack(terms).sum(0))
    one = rows.part(0, 1)
    factors = one.positions()
    if factors is not None and _is_cheapest(factors, projection):
        return _project_factors(rows, factors, projection)
    return _project_formed(rows, projection)


def form_rows(rows: LayerRows, shape: GradientShape, workspace: int) -> DenseRows:
    """Form the gradients of a layer, few examples at a time.

    Args:
        rows: The gradients.
        shape: The gradient of one example.
        workspace: Numbers that may be held beside the result.

    Returns:
        The gradients themselves.
    """
    runs = _runs(rows, shape.num_parameters, workspace)
    return DenseRows(torch.cat([stack_gradients(rows.part(run.start, run.stop)) for run in runs]))


def stack_gradients(rows: LayerRows) -> Tensor:
    """Return the gradients of all cotangents, ``(example, cotangent, P)``."""
    return torch.stack([rows.gradients(k) for k in range(rows.num_cotangents)], 1)


def _runs(rows: LayerRows, numbers: int, workspace: int) -> Iterator[slice]:
    """Runs of examples that hold few numbers at a time, ``numbers`` for each."""
    step = max(1, min(workspace, _NUMBERS_AT_A_TIME) // max(numbers, 1))
    for start in range(0, rows.num_examples, step):
        yield slice(start, min(start + step, rows.num_examples))


def _is_cheapest(one: Positions, projection: Projection) -> bool:
    """Whether factors are projected sooner than the gradient that they make."""
    _, groups, positions, inputs = one.inputs.shape
    num_cotangents, outputs = one.grads.shape[1], one.grads.shape[-1]
    sizes = (groups * positions, 0 if one.is_one_hot else inputs, outputs)
    costs = projection_costs(projection.shape, sizes, projection.dimension, num_cotangents)
    return costs["factors"] <= costs["formed"]


def _empty(rows: LayerRows, like: Tensor, dimension: int) -> Tensor:
    return like.new_empty(rows.num_examples, rows.num_cotangents, dimension)


def _project_factors(rows: LayerRows, one: Positions, projection: Projection) -> DenseRows:
    values = _empty(rows, one.grads, projection.dimension)
    for components, for_rows, for_columns in projection.vectors(one.grads):
        num_components = components.stop - components.start
        positions = one.grads.shape[2] * one.grads.shape[3]
        numbers = one.inputs.numel() + one.grads.numel() + 3 * positions * num_components
        for run in _runs(rows, numbers, projection.workspace):
            found = rows.part(run.start, run.stop).positions()
            if found is None:
                message = "factors of some examples and not of others"
                raise AssertionError(message)
            write = _write_one_hot if found.is_one_hot else _write_factors
            write(found, for_rows, for_columns, values[run, :, components])
    return DenseRows(values.mul_(projection.dimension**-0.5))


def _write_factors(found: Positions, for_rows: Tensor, for_columns: Tensor, out: Tensor) -> None:
    """Write ``Σ_t (u · d_t)(v · a_t)`` to ``(example, cotangent, component)``."""
    inputs = found.inputs @ for_columns[:, : found.inputs.shape[-1]].T
    if found.has_bias:
        inputs.add_(for_columns[:, -1])
    groups, outputs = found.grads.shape[2], found.grads.shape[4]
    of_groups = for_rows.unflatten(1, (groups, outputs)).permute(1, 2, 0)
    for k in range(found.grads.shape[1]):
        products = (found.grads[:, k] @ of_groups).mul_(inputs)
        torch.sum(products, (1, 2), out=out[:, k])


def _write_one_hot(found: Positions, for_rows: Tensor, for_columns: Tensor, out: Tensor) -> None:
    """The same for an embedding, whose inputs are numbers of rows."""
    tokens = found.inputs[:, 0, :, 0]
    rows = for_rows.T[tokens.clamp(min=0)] * (tokens >= 0).unsqueeze(-1)
    for k in range(found.grads.shape[1]):
        products = (found.grads[:, k, 0] @ for_columns.T).mul_(rows)
        torch.sum(products, 1, out=out[:, k])


def _project_formed(rows: LayerRows, projection: Projection) -> DenseRows:
    shape = projection.shape
    one = rows.part(0, 1)
    like, factors = one.gradients(0), one.positions()
    patches = 0 if factors is None else factors.inputs.numel()
    values = _empty(rows, like, projection.dimension)
    for components, for_rows, for_columns in projection.vectors(like):
        num_components = components.stop - components.start
        shorter = min(shape.num_rows, shape.num_inputs)
        numbers = patches + 2 * shape.num_parameters + 2 * shorter * num_components
        for run in _runs(rows, numbers, projection.workspace):
            part = rows.part(run.start, run.stop)
            for k in range(rows.num_cotangents):
                found = _contract(part.gradients(k), shape, for_rows, for_columns)
                values[run, k, components] = found
    return DenseRows(values.mul_(projection.dimension**-0.5))


def _contract(
    gradients: Tensor, shape: GradientShape, for_rows: Tensor, for_columns: Tensor
) -> Tensor:
    """Return ``uᵀ G v`` for each component, ``(example, component)``."""
    num_weights = shape.num_rows * shape.num_inputs
    weights = gradients[:, :num_weights].unflatten(1, (shape.num_rows, shape.num_inputs))
    shorter, longer = for_rows, for_columns[:, : shape.num_inputs]
    if shape.num_rows > shape.num_inputs:
        weights, shorter, longer = weights.mT, longer, shorter
    products = (weights.flatten(0, 1) @ longer.T).unflatten(0, (len(gradients), -1))
    total = products.mul_(shorter.T).sum(1)
    if shape.has_bias:
        total += (gradients[:, num_weights:] @ for_rows.T).mul_(for_columns[:, -1])
    return total
