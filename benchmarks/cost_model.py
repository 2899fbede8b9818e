"""What a large kernel costs, on paper: ``python benchmarks/cost_model.py`` writes docs/scaling.md.

The formulas and every symbol are explained there. Nothing here is measured: rates are those that
the makers publish, shares of them are assumed, and both are said in the tables.
"""

from dataclasses import dataclass
from math import ceil
from typing import Literal

from cost_networks import CostLayer, CostNetwork, lora_network, resnet50
from tables import markdown
from write_docs import PAGE, write_section

__all__ = ["ACCELERATORS", "Accelerator", "Costs", "count_costs", "gpu_hours", "product_operations"]

Precision = Literal["float32", "bfloat16"]

# Of the published rate; of the time that a whole pass takes, more goes into moving numbers.
SHARE_OF_PRODUCTS = 0.5
SHARE_OF_PASSES = 0.35
# Bytes a second that a GPU reads from a scratch file on a disk of its machine.
READING = 3e9
# Of the device's memory, after the weights: what a job is given as its budget.
SHARE_OF_MEMORY = 0.9
WIDTHS = {"float32": 4, "bfloat16": 2}
LARGEST_SIDE, STEP_OF_SIDES = 4096, 64
# A gradient is kept, not its factors, if it is at most this many times as large.
MOST_ROOM = 2


@dataclass(frozen=True)
class Accelerator:
    """A GPU by its maker's numbers, dense.

    Attributes:
        name: Its name.
        rates: Operations per second by precision; float32 without TF32, as the library computes.
        memory: Bytes.
    """

    name: str
    rates: dict[Precision, float]
    memory: float


ACCELERATORS = (
    Accelerator("A100 80 GB", {"float32": 19.5e12, "bfloat16": 312e12}, 80e9),
    Accelerator("H100 SXM", {"float32": 67e12, "bfloat16": 989e12}, 80e9),
    Accelerator("H200", {"float32": 67e12, "bfloat16": 989e12}, 141e9),
)


@dataclass(frozen=True)
class Costs:
    """What a job costs.

    Attributes:
        side: S, examples along a side of a tile.
        num_tiles: Tiles of half of the matrix.
        kept: K, numbers kept of one example.
        passes: Operations of passing each example once.
        block_passes: Operations of passing the examples of one block.
        forming: Operations of forming gradients from factors, in all tiles.
        products: Operations of the products.
        scratch: Bytes of all that is kept of all examples.
        block: Bytes of that of one block.
        matrix: Numbers of one triangle.
        memory: M, the budget of a process in bytes.
    """

    side: int
    num_tiles: int
    kept: int
    passes: float
    block_passes: float
    forming: float
    products: float
    scratch: float
    block: float
    matrix: float
    memory: float


def by_positions(layer: CostLayer, cotangents: int) -> float:
    """Operations of a pair, inputs with inputs and output gradients with output gradients."""
    return 2.0 * layer.positions**2 * (layer.inputs + cotangents * layer.outputs)


def by_gradients(layer: CostLayer, cotangents: int) -> float:
    """Operations of a pair, formed gradient with formed gradient."""
    return 2.0 * cotangents * layer.parameters


def takes_gradients(layer: CostLayer, cotangents: int) -> bool:
    """Whether a layer's gradients are formed: whether that is the cheaper product."""
    return by_gradients(layer, cotangents) < by_positions(layer, cotangents)


def _keeps_gradient(layer: CostLayer, cotangents: int) -> bool:
    if not takes_gradients(layer, cotangents):
        return False
    return cotangents * layer.parameters <= MOST_ROOM * layer.factors(cotangents)


def product_operations(network: CostNetwork, num_examples: int) -> float:
    """Operations of the products of half of the matrix."""
    pairs = num_examples * (num_examples + 1) / 2
    count = network.cotangents
    return pairs * sum(
        min(by_gradients(layer, count), by_positions(layer, count)) for layer in network.layers
    )


def count_costs(
    network: CostNetwork,
    num_examples: int,
    *,
    memory: float,
    width: int = 4,
    sketch: int | None = None,
) -> Costs:
    """Count what a job costs.

    Args:
        network: The network.
        num_examples: n, sources that are the probes too.
        memory: M, the budget of a process in bytes.
        width: b, bytes of a number while computing.
        sketch: D, numbers of the sketch that stands for a gradient; None for exact products.

    Returns:
        The costs.
    """
    n, count = num_examples, network.cotangents
    kept = sketch * count if sketch else _count_kept(network)
    fits = int(min(LARGEST_SIDE, memory / 4 / (kept * width), (memory / 8 / width) ** 0.5))
    side = max(STEP_OF_SIDES, fits // STEP_OF_SIDES * STEP_OF_SIDES)
    blocks = ceil(n / side)
    num_tiles = blocks * (blocks + 1) // 2
    each = (1 + count) * network.forward
    if sketch:
        each += _count_sketching(network, sketch)
        products, forming = count * sketch * n * (n + 1.0), 0.0
    else:
        each += _count_forming(network, are_kept=True)
        products = product_operations(network, n)
        forming = 2 * side * num_tiles * _count_forming(network, are_kept=False)
    return Costs(
        side, num_tiles, kept, n * each, side * each, forming, products,
        float(n) * kept * width, float(side) * kept * width, n * (n + 1) / 2, memory,
    )  # fmt: skip


def _count_kept(network: CostNetwork) -> int:
    count = network.cotangents
    return sum(
        count * layer.parameters if _keeps_gradient(layer, count) else layer.factors(count)
        for layer in network.layers
    )


def _count_forming(network: CostNetwork, *, are_kept: bool) -> float:
    """Operations of forming gradients of an example: those that are kept, or the others."""
    count = network.cotangents
    return count * sum(
        layer.product
        for layer in network.layers
        if takes_gradients(layer, count) and _keeps_gradient(layer, count) == are_kept
    )


def _count_sketching(network: CostNetwork, sketch: int) -> float:
    """Operations of projecting the inputs and output gradients of an example, and joining them."""
    each = (sketch / len(network.layers)) ** 0.5
    return network.cotangents * sum(
        2 * layer.positions * each * (layer.inputs + layer.outputs + each)
        for layer in network.layers
    )


def gpu_hours(costs: Costs, device: Accelerator, precision: Precision) -> dict[str, float]:
    """Hours of one GPU by what they go into; those of a cluster are these over its GPUs.

    Blocks that do not fit are fetched for every tile, one of its two: read from a scratch file or
    passed again, whichever takes less time.

    Args:
        costs: What the job costs.
        device: The GPU.
        precision: In which the model and its products are.

    Returns:
        Hours of ``passes``, ``products``, ``reading`` and ``again``, passing examples again.
    """
    rate = device.rates[precision]
    pass_rate, product_rate = SHARE_OF_PASSES * rate, SHARE_OF_PRODUCTS * rate
    hours = {
        "passes": costs.passes / pass_rate,
        "products": (costs.products + costs.forming) / product_rate,
        "reading": 0.0,
        "again": 0.0,
    }
    if costs.scratch > costs.memory / 2:
        reading = costs.num_tiles * costs.block / READING
        again = costs.num_tiles * costs.block_passes / pass_rate
        hours["reading" if reading < again else "again"] = min(reading, again)
    return {name: seconds / 3600 for name, seconds in hours.items()}


@dataclass(frozen=True)
class Job:
    """A job of the tables."""

    title: str
    network: CostNetwork
    num_examples: int
    sketch: int | None = None
    top_k: int = 0


JOBS = (
    Job("ImageNet, all of the kernel", resnet50(), 1_281_167),
    Job("ImageNet, top 100 by a sketch", resnet50(), 1_281_167, 4096, 100),
    Job("LoRA, 10⁵ sequences, all of the kernel", lora_network(), 100_000),
    Job("LoRA, 10⁵ sequences, top 100 by a sketch", lora_network(), 100_000, 4096, 100),
    Job("LoRA, 10⁶ sequences, all of the kernel", lora_network(), 1_000_000),
    Job("LoRA, 10⁶ sequences, top 100 by a sketch", lora_network(), 1_000_000, 4096, 100),
)


def _costs(job: Job, device: Accelerator, precision: Precision) -> Costs:
    width = WIDTHS[precision]
    weights = job.network.weight_bytes * width / 4
    memory = SHARE_OF_MEMORY * (device.memory - weights)
    return count_costs(job.network, job.num_examples, memory=memory, width=width, sketch=job.sketch)


def show_bytes(count: float) -> str:
    """Three digits with a unit."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} PB"


def show_hours(hours: float) -> str:
    """Hours, or minutes below one."""
    if hours < 1:
        return f"{60 * hours:.2g} min"
    return f"{hours:,.0f}" if hours >= 100 else f"{hours:.3g}"


def describe_sizes() -> str:
    """Operations and bytes of each job, on an H200 in float32."""
    rows = []
    for job in JOBS:
        costs = _costs(job, ACCELERATORS[-1], "float32")
        dtypes = (show_bytes(costs.matrix * each) for each in (4, 2, 1))
        result = ", ".join(dtypes)
        if job.top_k:
            result = show_bytes(8.0 * job.num_examples * job.top_k)
        rows.append(
            [job.title, f"{costs.passes:.2g}", f"{costs.products:.2g}", f"{costs.forming:.2g}",
             f"{costs.kept:,}", show_bytes(costs.scratch), f"{costs.side:,}", result]
        )  # fmt: skip
    columns = ("job", "passes", "products", "forming", "kept of an example", "of all", "tile side",
               "result (float32, float16, int8 where a matrix)")  # fmt: skip
    return markdown(columns, rows)


def describe_hours() -> str:
    """Hours of one GPU for each job, device and precision."""
    rows = []
    for job in JOBS:
        for device in ACCELERATORS:
            row = [job.title, device.name]
            for precision in WIDTHS:
                costs = _costs(job, device, precision)
                hours = gpu_hours(costs, device, precision)
                most = max(hours, key=lambda name: hours[name])
                row.append(f"{show_hours(sum(hours.values()))} ({most} {show_hours(hours[most])})")
            rows.append(row)
    return markdown(("job", "GPU", "hours in float32", "hours in bfloat16"), rows)


def main() -> None:
    """Write the tables."""
    page = PAGE.with_name("scaling.md")
    write_section(page, "sizes", describe_sizes())
    write_section(page, "hours", describe_hours())


if __name__ == "__main__":
    main()
