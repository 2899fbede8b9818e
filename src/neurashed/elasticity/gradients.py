"""Measures made of inner products of gradients: first order in the learning rate, and kernels."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from neurashed.elasticity.formulas import divide_by_source
from neurashed.elasticity.measures import MEASURES, loss_slopes, reduce_responses
from neurashed.elasticity.options import MeasurementOptions
from neurashed.elasticity.preparation import Prepared
from neurashed.elasticity.progress import follow
from neurashed.engine import (
    Batch,
    Inputs,
    Plan,
    Side,
    Subject,
    Tile,
    Values,
    Workload,
    iterate_tiles,
    measure_rate,
    num_tiles,
    plan_products,
    self_tile,
    take,
    to_device,
    verify_product,
)
from neurashed.seeding import numpy_generator
from neurashed.typing import Measure

__all__ = [
    "GradientWork",
    "compute_cosine",
    "compute_products",
    "compute_responses",
    "plan_gradients",
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
    """

    sources: Side
    probes: Side | None
    plan: Plan
    is_scalar: bool = False


def plan_gradients(
    prepared: Prepared, measure: Measure, *, outputs: str = "trace", by_layer: bool = False
) -> GradientWork:
    """Choose and plan the products that a measure needs.

    Args:
        prepared: The measurement.
        measure: A measure; those that take a step are planned to first order.
        outputs: For the tangent kernel, ``"trace"`` or ``"full"``.
        by_layer: Whether each layer's part is wanted.

    Returns:
        The planned work.
    """
    subject = prepared.subject
    takes_step = MEASURES[measure].takes_step
    is_scalar = takes_step and _has_one_output(prepared)
    left, right = _values(subject, measure, is_scalar=is_scalar)
    is_symmetric = prepared.is_same and left == right
    counts = tuple(_count(prepared, values) for values in (left, right))
    is_traced = (
        is_scalar or measure == "cosine" or (measure == "tangent_kernel" and outputs == "trace")
    )
    workload = Workload(
        len(prepared.sources[1]),
        len(prepared.probes[1]),
        is_symmetric,
        (counts[0], counts[1]),
        is_traced,
        by_layer,
    )
    rate = measure_rate(subject.device, subject.dtype)
    plan = plan_products(subject, workload, memory=prepared.memory, rate=rate)
    probes = None if is_symmetric else Side(prepared.probes, right)
    return GradientWork(Side(prepared.sources, left), probes, plan, is_scalar)


def _values(subject: Subject, measure: Measure, *, is_scalar: bool) -> tuple[Values, Values]:
    if is_scalar:
        return subject.outputs, subject.outputs
    if measure == "tangent_kernel":
        return subject.readouts, subject.readouts
    if measure == "cosine":
        return subject.losses, subject.losses
    return subject.losses, subject.readouts


def _has_one_output(prepared: Prepared) -> bool:
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
        return {"": _sum_of_layers(prepared, work, options).numpy(force=True)}
    results: dict[str, np.ndarray] = {}
    shape = _shape(plan)
    for tile in _tiles(prepared, work, options):
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
            result[tile.probes, tile.sources] = block.T
    else:
        result[tile.sources, :, tile.probes] = block
        if tile.is_mirrored:
            result[tile.probes, :, tile.sources] = block.transpose(2, 3, 0, 1)


def _sum_of_layers(prepared: Prepared, work: GradientWork, options: MeasurementOptions) -> Tensor:
    subject = prepared.subject
    result = torch.zeros(_shape(work.plan), dtype=subject.dtype, device=subject.device)
    for tile in _tiles(prepared, work, options, into=result):
        if tile.is_mirrored:
            result[tile.probes, tile.sources] = tile.blocks[""].T
    return result


def _tiles(
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
            _verify(prepared, work, tile, options.seed)
        yield tile


def _verify(prepared: Prepared, work: GradientWork, tile: Tile, seed: int) -> None:
    generator = numpy_generator(seed, "verified pairs")
    probes = work.probes or work.sources
    for _ in range(2):
        source = int(generator.integers(tile.sources.start, tile.sources.stop))
        probe = int(generator.integers(tile.probes.start, tile.probes.stop))
        row, column = source - tile.sources.start, probe - tile.probes.start
        parts = [
            block[row, column] if block.ndim == 2 else block[row, :, column]
            for block in tile.blocks.values()
        ]
        if parts:
            got = torch.stack(parts).sum(0)
            verify_product(prepared.subject, work.sources, probes, (source, probe), got, work.plan)


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
    result = _sum_of_layers(prepared, work, options)
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


def compute_responses(
    prepared: Prepared, work: GradientWork, measure: Measure, options: MeasurementOptions
) -> tuple[np.ndarray, np.ndarray | None]:
    """Compute a measure from first-order responses ``−η J(x') J(x)ᵀ g(x)``.

    Args:
        prepared: The measurement.
        work: The products.
        measure: A measure that takes a step.
        options: Divergence, progress and seed.

    Returns:
        The measure ``(source, probe)``, and for a ratio what it was divided by, ``(source,)``.
    """
    update = prepared.subject.task.update
    lr = 1.0 if update is None else update.lr
    reduce = reduce_responses(prepared.subject.task, measure, "first_order", options.divergence)
    if work.is_scalar:
        values, own = _scalar_responses(prepared, work, measure, (reduce, lr), options)
    else:
        values, own = _vector_responses(prepared, work, (reduce, lr), options)
    if not MEASURES[measure].is_ratio:
        return values.numpy(force=True), None
    return divide_by_source(values, own).numpy(force=True), own.numpy(force=True)


_Reduction = tuple[Callable[[Tensor, Tensor], Tensor], float]


def _scalar_responses(
    prepared: Prepared,
    work: GradientWork,
    measure: Measure,
    reduction: _Reduction,
    options: MeasurementOptions,
) -> tuple[Tensor, Tensor]:
    """With one output f every gradient is a multiple of ∇f, so one kernel serves all."""
    reduce, lr = reduction
    subject = prepared.subject
    result = _sum_of_layers(prepared, work, options)
    own_kernel = (
        result.diagonal().clone()
        if prepared.is_same
        else self_tile(subject, work.sources, subject.outputs, work.plan).reshape(-1)
    )
    loss, read = _slopes(subject, prepared.sources)
    probe_read = read if prepared.is_same else _slopes(subject, prepared.probes)[1]
    if measure == "kernelized":  # the learning rate and the slope of the loss cancel
        result.mul_(read.unsqueeze(1)).mul_(probe_read)
        return result, own_kernel
    result.mul_((-lr * loss).unsqueeze(1)).mul_(probe_read)
    own = (-lr * loss * read * own_kernel).unsqueeze(1)
    before = _before(subject, prepared.probes)
    for start in range(0, len(result), _BATCH):
        rows = result[start : start + _BATCH]
        rows.copy_(reduce(rows.unsqueeze(-1), before))
    return result, reduce(own, _before(subject, prepared.sources))


def _vector_responses(
    prepared: Prepared, work: GradientWork, reduction: _Reduction, options: MeasurementOptions
) -> tuple[Tensor, Tensor]:
    reduce, lr = reduction
    subject = prepared.subject
    shape = (len(prepared.sources[1]), len(prepared.probes[1]))
    result = torch.zeros(shape, dtype=subject.dtype, device=subject.device)
    before = _before(subject, prepared.probes)
    own_before = before if prepared.is_same else _before(subject, prepared.sources)
    own = torch.zeros(shape[0], dtype=subject.dtype, device=subject.device)
    for tile in _tiles(prepared, work, options):
        responses = tile.blocks[""][:, 0].mul_(-lr)
        result[tile.sources, tile.probes] = reduce(responses, before[tile.probes])
    if prepared.is_same:
        own.copy_(result.diagonal())
    else:
        products = self_tile(subject, work.sources, subject.readouts, work.plan)[:, 0]
        own.copy_(reduce(-lr * products, own_before))
    return result, own


def _before(subject: Subject, batch: Batch) -> Tensor:
    return _in_batches(subject, batch, lambda i, t: subject.readouts(None, i, t))


def _slopes(subject: Subject, batch: Batch) -> tuple[Tensor, Tensor]:
    def both(inputs: Inputs, targets: Tensor) -> Tensor:
        output = subject.task.predict(inputs)
        return torch.stack(loss_slopes(subject.task, output, targets), 1)

    columns = _in_batches(subject, batch, both)
    return columns[:, 0], columns[:, 1]


def _in_batches(
    subject: Subject, batch: Batch, compute: Callable[[Inputs, Tensor], Tensor]
) -> Tensor:
    with torch.no_grad():
        return torch.cat([
            compute(*to_device(take(batch, slice(start, start + _BATCH)), subject.device))
            for start in range(0, len(batch[1]), _BATCH)
        ])
