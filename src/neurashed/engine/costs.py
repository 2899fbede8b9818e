"""Counting operations and bytes of each route of each layer, before any work."""

from dataclasses import dataclass
from math import prod

from neurashed.engine.discovery import Site
from neurashed.engine.layers import Layer

__all__ = ["Cost", "LayerSize", "cheapest_route", "measure_layer", "route_costs"]

# Operations that take as long as moving one byte: the ratio of matrix-product rate and memory
# bandwidth, which lies between 10 and 60 on present processors. It only decides between routes.
_OPERATIONS_PER_BYTE = 25.0

# Both products of a pair of positions are written and read, and their sum read and written.
_BYTES_OF_A_PRODUCT = 20.0


@dataclass(frozen=True)
class LayerSize:
    """The sizes that a layer's cost depends on, for one example.

    Attributes:
        positions: Positions t.
        inputs: Inputs of a position and group; rows of the table for an embedding.
        outputs: Outputs of a position and group.
        groups: Groups.
        parameters: P, numbers in one gradient.
        factors: Numbers kept of the inputs.
        output_grads: Numbers kept of the output gradients, for each cotangent; of the gradients
            themselves where those are shorter.
        is_one_hot: Whether the inputs are row numbers.
    """

    positions: int
    inputs: int
    outputs: int
    groups: int
    parameters: int
    factors: int
    output_grads: int
    is_one_hot: bool = False


@dataclass(frozen=True)
class Cost:
    """Operations and bytes."""

    operations: float
    bytes: float

    @property
    def weight(self) -> float:
        """Operations, with bytes counted as the operations that take as long."""
        return self.operations + _OPERATIONS_PER_BYTE * self.bytes


def measure_layer(layer: Layer, sites: tuple[Site, ...]) -> LayerSize:
    """Return the sizes of a layer from the shapes that its calls have."""
    count = layer.num_parameters
    used = [sites[index] for index in layer.sites]
    if layer.kind == "general":
        return LayerSize(0, 0, 0, 1, count, 0, 0)
    if layer.kind == "affine":
        return LayerSize(0, 0, 0, 1, count, 0, count)
    factors = sum(prod(site.input_shape) for site in used)
    grads = sum(prod(site.output_shape) for site in used)
    if layer.kind == "mixed" or not layer.has_weight:  # never in factors
        return LayerSize(0, 0, 0, 1, count, factors, grads)
    site, weight = used[0], layer.shapes[0]
    if layer.kind == "convolution":
        positions = site.output_shape[0] * prod(site.output_shape[2:])
        groups = site.input_shape[1] // weight[1]
        inputs, outputs = prod(weight[1:]), weight[0] // groups
        if count <= grads:  # formed while they are recorded
            factors, grads = 0, count
        return LayerSize(positions, inputs, outputs, groups, count, factors, grads)
    if layer.kind == "embedding":
        return LayerSize(factors, weight[0], weight[1], 1, count, factors, grads, True)
    positions = sum(prod(site.input_shape[:-1]) for site in used)
    return LayerSize(positions, weight[1], weight[0], 1, count, factors, grads)


def route_costs(
    size: LayerSize, pairs: float, examples: int, *, cotangents: tuple[int, int], is_traced: bool
) -> dict[str, Cost]:
    """Cost of each route of a layer for a block.

    Args:
        size: The layer.
        pairs: Pairs of examples to compute.
        examples: Sources and probes of the block together.
        cotangents: Gradients of each source and of each probe.
        is_traced: Whether only equal cotangents are paired.

    Returns:
        The cost of ``"gradients"`` and, where the gradient comes in factors, of ``"positions"``.
    """
    combined = cotangents[0] if is_traced else cotangents[0] * cotangents[1]
    each = max(cotangents)
    forming = 2.0 * size.positions * size.groups * (0 if size.is_one_hot else size.inputs)
    forming *= size.outputs * each * examples
    product = 2.0 * pairs * combined * size.parameters
    moved = (
        4.0 * examples * each * (2 * size.parameters + size.positions * size.inputs * size.groups)
    )
    costs = {"gradients": Cost(forming + product, moved)}
    if size.positions:
        square = float(size.positions) ** 2 * size.groups * pairs
        inner = (1 if size.is_one_hot else 2 * size.inputs) + 2 * size.outputs * combined
        blocks = _BYTES_OF_A_PRODUCT * square * (1 if is_traced else combined)
        costs["positions"] = Cost(square * inner, blocks)
    return costs


def cheapest_route(costs: dict[str, Cost]) -> str:
    """The route whose operations and bytes take least time together."""
    return min(costs, key=lambda route: costs[route].weight)
