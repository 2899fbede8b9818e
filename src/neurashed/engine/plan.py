"""The plan: which route each layer takes, what it costs and how the work is cut."""

from dataclasses import asdict, dataclass
from math import ceil, isqrt
from typing import Any

from neurashed.engine.contraction import Contraction
from neurashed.engine.costs import Cost, LayerSize, cheapest_route, measure_layer, route_costs
from neurashed.engine.machine import MachineRate
from neurashed.engine.subject import Subject

__all__ = ["LayerPlan", "Plan", "Workload", "fit_tile", "plan_products"]

# Activations of one forward pass are kept under this many bytes: more would not make the products
# larger in a way that matters, and fresh memory is slow to get.
_LARGEST_RECORDING = 256 * 10**6
# Share of the budget that the rows of all examples may take: the rest is workspace and result.
_MOST_HELD = 0.55


@dataclass(frozen=True)
class Workload:
    """What is to be computed.

    Attributes:
        num_sources: Sources.
        num_probes: Probes.
        is_symmetric: Whether sources and probes are the same rows, so that half is computed.
        cotangents: Gradients of each source and of each probe.
        is_traced: Whether only equal cotangents are paired and summed.
        by_layer: Whether each layer's part is wanted.
    """

    num_sources: int
    num_probes: int
    is_symmetric: bool
    cotangents: tuple[int, int]
    is_traced: bool
    by_layer: bool = False


@dataclass(frozen=True)
class LayerPlan:
    """What is done with one layer.

    Attributes:
        name: The layer.
        kind: Its kind.
        num_parameters: Numbers in it.
        positions: Positions that share its weight in one example.
        patches: Numbers in the inputs of all positions.
        route: How its products are computed.
        operations: Operations of the products.
        bytes: Bytes that the products move.
        seconds: Estimated time of the products.
    """

    name: str
    kind: str
    num_parameters: int
    positions: int
    patches: int
    route: str
    operations: float
    bytes: float
    seconds: float


@dataclass(frozen=True)
class Plan:
    """How a first-order block is computed.

    Attributes:
        layers: What is done with each layer.
        workload: What is computed.
        tile: Examples whose factors are held at a time, on each side.
        batch: Examples in one forward and backward pass.
        workspace: Numbers that a product may hold.
        memory: The budget in bytes.
        pass_operations: Operations of all forward and backward passes.
        seconds: Estimated time of everything.
        is_split: Whether matrix products are sums of products of bfloat16 parts.
    """

    layers: tuple[LayerPlan, ...]
    workload: Workload
    tile: int
    batch: int
    workspace: int
    memory: int
    pass_operations: float
    seconds: float
    is_split: bool = False

    @property
    def operations(self) -> float:
        """Operations of passes and products together."""
        return self.pass_operations + sum(layer.operations for layer in self.layers)

    def contraction(self, name: str) -> Contraction:
        """How the products of a layer are computed."""
        layer = next(layer for layer in self.layers if layer.name == name)
        return Contraction(
            layer.route,
            self.workspace,
            self.workload.is_traced,
            layer.num_parameters,
            layer.patches,
            self.is_split,
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {"method": "first_order", **asdict(self), "operations": self.operations}


def plan_products(subject: Subject, workload: Workload, *, memory: int, rate: MachineRate) -> Plan:
    """Plan the inner products of gradients between sources and probes.

    Args:
        subject: The task.
        workload: What is to be computed.
        memory: Budget in bytes.
        rate: Rates of the machine, for the estimated times.

    Returns:
        The plan. Routes depend on counted operations and bytes alone, so the same job takes the
        same route on every machine.
    """
    width = subject.dtype.itemsize
    sizes = {layer.name: measure_layer(layer, subject.discovery.sites) for layer in subject.layers}
    cotangents = (
        sum(set(workload.cotangents)) if not workload.is_symmetric else workload.cotangents[0]
    )
    kept = sum(size.factors + cotangents * size.output_grads for size in sizes.values()) * width
    tile = fit_tile(subject, workload, kept, memory)
    graph = (2 * subject.discovery.saved_numbers + 4 * subject.discovery.largest_activation) * width
    batch = max(1, min(tile, int(min(memory / 6, _LARGEST_RECORDING) / max(graph, 1))))
    workspace = max(1, int(memory / 4 / width))
    plans = tuple(
        _plan_layer(layer.name, layer.kind, sizes[layer.name], workload, tile, rate)
        for layer in subject.layers
    )
    passes = _count_passes(sizes, subject.discovery.other_operations, workload, tile)
    seconds = passes / rate.operations + sum(layer.seconds for layer in plans)
    return Plan(plans, workload, tile, batch, workspace, memory, passes, seconds, subject.is_split)


def fit_tile(subject: Subject, workload: Workload, kept: int, memory: int) -> int:
    """Return how many examples a tile may have.

    Args:
        subject: The task.
        workload: What is to be computed.
        kept: Bytes that are kept of one example.
        memory: Budget in bytes.

    Returns:
        As many as the rows and the products of a tile leave room for.
    """
    sides = 1 if workload.is_symmetric else 2
    largest = max(workload.num_sources, workload.num_probes)
    tile = min(largest, max(1, int(_MOST_HELD * memory / sides / max(kept, 1))))
    if tile < largest:
        tile = max(1, int(memory / 6 / max(kept, 1)))
    numbers = int(memory / 8 / subject.dtype.itemsize)
    return min(tile, _widest_block(workload, len(subject.layers), numbers))


def _plan_layer(
    name: str, kind: str, size: LayerSize, workload: Workload, tile: int, rate: MachineRate
) -> LayerPlan:
    pairs = float(workload.num_sources) * workload.num_probes
    repeats = ceil(workload.num_sources / tile)
    examples = workload.num_sources + workload.num_probes * repeats
    if workload.is_symmetric:
        pairs = pairs / 2 + workload.num_sources / 2
        examples = workload.num_sources * (1 + repeats) // 2
    # The route is chosen as if everything were held at once, so it does not depend on the budget.
    held = workload.num_sources + (0 if workload.is_symmetric else workload.num_probes)
    options = {"cotangents": workload.cotangents, "is_traced": workload.is_traced}
    route = cheapest_route(route_costs(size, pairs, held, **options))
    cost: Cost = route_costs(size, pairs, examples, **options)[route]
    seconds = cost.operations / rate.products + cost.bytes / rate.bytes
    patches = 0 if size.is_one_hot else size.positions * size.inputs * size.groups
    return LayerPlan(
        name, kind, size.parameters, size.positions, patches, route,
        cost.operations, cost.bytes, seconds,
    )  # fmt: skip


def _count_passes(
    sizes: dict[str, LayerSize], others: tuple[float, float], workload: Workload, tile: int
) -> float:
    """Operations of the forward passes and of the backward passes to the inputs of layers."""
    # Layers that are not measured take part too, in backward passes only after a measured one.
    measured = 0.0
    for size in sizes.values():
        table = 0 if size.is_one_hot else size.inputs
        measured += 2.0 * max(size.positions, 1) * size.groups * table * size.outputs
    before, after = others
    forward, backward = measured + before + after, measured + after
    repeats = ceil(workload.num_sources / tile)
    if workload.is_symmetric:
        each = forward + backward * workload.cotangents[0]
        return each * workload.num_sources * (1 + repeats) / 2
    sources = workload.num_sources * (forward + backward * workload.cotangents[0])
    probes = workload.num_probes * repeats * (forward + backward * workload.cotangents[1])
    return sources + probes


def _widest_block(workload: Workload, num_layers: int, numbers: int) -> int:
    """Side of the largest block of a tile that fits; a summed trace is written in its place."""
    combined = 1 if workload.is_traced else workload.cotangents[0] * workload.cotangents[1]
    blocks = combined * (num_layers if workload.by_layer else 1)
    return numbers if blocks == 1 else max(1, isqrt(numbers // blocks))
