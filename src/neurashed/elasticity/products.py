"""Inner products of gradients, which kernels and first-order responses are made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from neurashed.elasticity.formulas import divide_by_source
from neurashed.elasticity.measures import MEASURES
from neurashed.elasticity.options import MeasurementOptions
from neurashed.elasticity.preparation import Prepared
from neurashed.elasticity.progress import follow
from neurashed.engine import (
    Batch,
    Plan,
    Side,
    Sketch,
    Subject,
    Tile,
    Values,
    Workload,
    copy_transposed,
    iterate_tiles,
    measure_rate,
    num_tiles,
    plan_products,
    plan_sketched,
    self_tile,
    take,
    to_device,
    verify_products,
)
from neurashed.seeding import numpy_generator
from neurashed.typing import Measure

__all__ = [
    "GradientWork",
    "compute_cosine",
    "compute_products",
    "has_one_output",
    "iterate_verified",
    "plan_gradients",
    "sum_of_layers",
    "verify_tile",
]

_BATCH = 1024


@dataclass(frozen=True)
class GradientWork:
    """Which gradients are multiplied.

    Attributes:
        sources: The sources and the values whose gradients are taken there.
        probes: The probes, or None if they are the same rows.
        plan: How to cut and compute.
        is_scalar: Whether gradients of the model's only output stand for those of loss and readout,
            which are multiples of it.
        sketch: What stands for the gradients, or None for the gradients themselves.
    """

    sources: Side
    probes: Side | None
    plan: Plan
    is_scalar: bool = False
    sketch: Sketch | None = None


def plan_gradients(
    prepared: Prepared,
    measure: Measure,
    *,
    outputs: str = "trace",
    by_layer: bool = False,
    sketch: Sketch | None = None,
) -> GradientWork:
    """Choose and plan the products that a measure needs.

    Args:
        prepared: The measurement.
        measure: A measure; those that take a step are planned to first order.
        outputs: For the tangent kernel, ``"trace"`` or ``"full"``.
        by_layer: Whether each layer's part is wanted.
        sketch: What stands for the gradients, or None for the gradients themselves.

    Returns:
        The planned work.
    """
    subject = prepared.subject
    takes_step = MEASURES[measure].takes_step
    is_scalar = takes_step and _count(prepared, subject.readouts) == 1 and has_one_output(prepared)
    left, right = _values(subject, measure, is_scalar=is_scalar)
    is_symmetric = prepared.is_same and left == right
    count = _count(prepared, left)
    counts = (count, count if left == right else _count(prepared, right))
    is_traced = (
        is_scalar or measure == "cosine" or (measure == "tangent_kernel" and outputs == "trace")
    )
    workload = Workload(
        len(prepared.sources[1]),
        len(prepared.probes[1]),
        is_symmetric,
        counts,
        is_traced,
        by_layer,
    )
    rate = measure_rate(subject.device, subject.dtype, is_split=subject.is_split)
    plan = plan_products(subject, workload, memory=prepared.memory, rate=rate)
    if sketch is not None:
        plan = plan_sketched(subject, sketch, plan, rate)
    probes = None if is_symmetric else Side(prepared.probes, right, sketch)
    return GradientWork(Side(prepared.sources, left, sketch), probes, plan, is_scalar, sketch)


def _values(subject: Subject, measure: Measure, *, is_scalar: bool) -> tuple[Values, Values]:
    if is_scalar:
        return subject.outputs, subject.outputs
    if measure == "tangent_kernel":
        return subject.readouts, subject.readouts
    if measure == "cosine":
        return subject.losses, subject.losses
    return subject.losses, subject.readouts


def has_one_output(prepared: Prepared) -> bool:
    """Whether the model gives one number for each example."""
    inputs, _ = _few(prepared)
    with torch.no_grad():
        output = prepared.subject.task.predict(inputs)
    return output.numel() == output.shape[0]


def _few(prepared: Prepared) -> Batch:
    return to_device(take(prepared.sources, slice(0, 1)), prepared.subject.device)


def _count(prepared: Prepared, values: Values) -> int:
    with torch.no_grad():
        return values(None, *_few(prepared)).shape[1]


def compute_products(
    prepared: Prepared, work: GradientWork, options: MeasurementOptions
) -> dict[str, np.ndarray]:
    """Compute inner products of gradients, traced or full, summed over layers or by layer.

    Args:
        prepared: The measurement.
        work: What to multiply.
        options: Progress and seed.

    Returns:
        By layer, or under ``""``: ``(source, probe)`` if traced, else ``(source, k, probe, l)``.
    """
    plan = work.plan
    if plan.workload.is_traced and not plan.workload.by_layer:
        return {"": sum_of_layers(prepared, work, options).numpy(force=True)}
    results: dict[str, np.ndarray] = {}
    shape = _shape(plan)
    for tile in iterate_verified(prepared, work, options):
        for name, block in tile.blocks.items():
            if name not in results:
                results[name] = np.zeros(shape, dtype=block.numpy(force=True).dtype)
            _place(results[name], tile, block.numpy(force=True))
    return results


def _shape(plan: Plan) -> tuple[int, ...]:
    work = plan.workload
    if work.is_traced:
        return (work.num_sources, work.num_probes)
    return (work.num_sources, work.cotangents[0], work.num_probes, work.cotangents[1])


def _place(result: np.ndarray, tile: Tile, block: np.ndarray) -> None:
    if block.ndim == 2:
        result[tile.sources, tile.probes] = block
        if tile.is_mirrored:
            mirrored = torch.from_numpy(result[tile.probes, tile.sources])
            copy_transposed(mirrored, torch.from_numpy(block))
    else:
        result[tile.sources, :, tile.probes] = block
        if tile.is_mirrored:
            result[tile.probes, :, tile.sources] = block.transpose(2, 3, 0, 1)


def sum_of_layers(prepared: Prepared, work: GradientWork, options: MeasurementOptions) -> Tensor:
    """Inner products summed over layers, ``(source, probe)``, on the device that computes."""
    subject = prepared.subject
    result = _zeros(_shape(work.plan), subject)
    for tile in iterate_verified(prepared, work, options, into=result):
        if tile.is_mirrored:
            copy_transposed(result[tile.probes, tile.sources], tile.blocks[""])
    return result


def _zeros(shape: tuple[int, ...], subject: Subject) -> Tensor:
    """Zeros on the model's device; in main memory from NumPy, which asks for large pages."""
    if subject.device.type != "cpu":
        return torch.zeros(shape, dtype=subject.dtype, device=subject.device)
    dtype = torch.empty(0, dtype=subject.dtype).numpy().dtype
    return torch.from_numpy(np.zeros(shape, dtype))


def iterate_verified(
    prepared: Prepared,
    work: GradientWork,
    options: MeasurementOptions,
    *,
    into: Tensor | None = None,
) -> Iterator[Tile]:
    """Tiles, the first of them compared with plain autograd on two random pairs."""
    tiles = iterate_tiles(prepared.subject, work.sources, work.probes, work.plan, into=into)
    described = "Products of gradients"
    for number, tile in enumerate(follow(tiles, num_tiles(work.plan), described, options.progress)):
        if number == 0:
            verify_tile(prepared, work, tile, options.seed)
        yield tile


def verify_tile(prepared: Prepared, work: GradientWork, tile: Tile, seed: int) -> None:
    """Compare two random probes of a random source of a tile with plain autograd.

    Args:
        prepared: The measurement.
        work: The products.
        tile: A tile of them.
        seed: Chooses the pairs.
    """
    if work.sketch is not None:  # an estimate; exact products were compared when it was judged
        return
    generator = numpy_generator(seed, "verified pairs")
    source = int(generator.integers(tile.sources.start, tile.sources.stop))
    found = {}
    for probe in generator.integers(tile.probes.start, tile.probes.stop, size=2).tolist():
        row, column = source - tile.sources.start, probe - tile.probes.start
        parts = [
            block[row, column] if block.ndim == 2 else block[row, :, column]
            for block in tile.blocks.values()
        ]
        found[probe] = torch.stack(parts).sum(0)
    sides = (work.sources, work.probes or work.sources)
    subject, plan = prepared.subject, work.plan
    verify_products(
        subject, sides, source, found, plan,
        cotangent=int(generator.integers(plan.workload.cotangents[0])),
        split=partial(tile.split_pair, subject, plan),
    )  # fmt: skip


def compute_cosine(
    prepared: Prepared, work: GradientWork, options: MeasurementOptions
) -> np.ndarray:
    """Cosine of the loss gradients of each pair; NaN where a gradient is zero.

    Args:
        prepared: The measurement.
        work: The products of loss gradients.
        options: Progress and seed.

    Returns:
        ``(source, probe)``.
    """
    result = sum_of_layers(prepared, work, options)
    if prepared.is_same:
        left = right = result.diagonal().sqrt()
    else:
        sides = (work.sources, work.probes or work.sources)
        left, right = (
            self_tile(prepared.subject, side, side.values, work.plan).reshape(-1).sqrt()
            for side in sides
        )
    divide_by_source(result, left.clone())
    result.div_(torch.where(right == 0, torch.nan, right))
    return result.numpy(force=True)
