"""Measures made of first-order responses ``−η J(x') J(x)ᵀ g(x)``."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from neurashed.elasticity.formulas import divide_by_source
from neurashed.elasticity.measures import MEASURES, loss_slopes, reduce_responses
from neurashed.elasticity.options import MeasurementOptions
from neurashed.elasticity.preparation import Prepared
from neurashed.elasticity.products import GradientWork, iterate_verified, sum_of_layers
from neurashed.engine import Batch, Inputs, Subject, self_tile, take, to_device
from neurashed.typing import Measure

__all__ = ["compute_responses"]

_BATCH = 1024


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
    # The rate cancels in a ratio, where it could only bring numbers too small to square.
    rate = 1.0 if update is None else update.lr
    lr = 1.0 if MEASURES[measure].is_ratio and rate else rate
    reduce = reduce_responses(prepared.subject.task, measure, "first_order", options.divergence)
    if work.is_scalar:
        values, own = _scalar_responses(prepared, work, measure, (reduce, lr), options)
    else:
        values, own = _vector_responses(prepared, work, (reduce, lr), options)
    if not MEASURES[measure].is_ratio:
        return values.numpy(force=True), None
    ratios = divide_by_source(values, own)
    own = own * (rate / (lr or 1.0)) ** (2 if measure == "refined" else 1)
    return ratios.numpy(force=True), own.numpy(force=True)


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
    result = sum_of_layers(prepared, work, options)
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
    for tile in iterate_verified(prepared, work, options):
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
