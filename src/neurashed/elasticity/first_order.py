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

__all__ = ["ScalarResponses", "compute_responses"]

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
    if work.is_scalar:
        values, own = _scalar_responses(prepared, work, measure, options)
    else:
        values, own = _vector_responses(prepared, work, measure, options)
    return values.numpy(force=True), None if own is None else own.numpy(force=True)


class _Rates:
    """The learning rate, and the one that responses are computed with."""

    def __init__(self, prepared: Prepared, measure: Measure) -> None:
        # The rate cancels in a ratio, where it could only bring numbers too small to square.
        update = prepared.subject.task.update
        self.rate = 1.0 if update is None else update.lr
        self.is_ratio = MEASURES[measure].is_ratio
        self.used = 1.0 if self.is_ratio and self.rate else self.rate
        self._power = 2 if measure == "refined" else 1

    def divide(self, values: Tensor, own: Tensor) -> tuple[Tensor, Tensor | None]:
        """Divide by the source's own where the measure is a ratio; return that at the true rate."""
        if not self.is_ratio:
            return values, None
        divided = divide_by_source(values, own)
        return divided, own * (self.rate / (self.used or 1.0)) ** self._power


class ScalarResponses:
    """Responses of a model with one output f: each gradient is a multiple of ∇f.

    One kernel of f serves sources and probes, whatever the loss and the readout.
    """

    def __init__(self, prepared: Prepared, measure: Measure, options: MeasurementOptions) -> None:
        """Compute once what is needed of each example.

        Args:
            prepared: The measurement.
            measure: A measure that takes a step.
            options: Divergence.
        """
        subject = prepared.subject
        self._measure = measure
        self._rates = _Rates(prepared, measure)
        self._reduce = reduce_responses(subject.task, measure, "first_order", options.divergence)
        self._loss, self._read = _slopes(subject, prepared.sources)
        self._before = _before(subject, prepared.sources)
        self._probe_read, self._probe_before = self._read, self._before
        if not prepared.is_same:
            self._probe_read = _slopes(subject, prepared.probes)[1]
            self._probe_before = _before(subject, prepared.probes)

    def finish(
        self, kernel: Tensor, own_kernel: Tensor, sources: slice, probes: slice
    ) -> tuple[Tensor, Tensor | None]:
        """Make the measure of a block of the kernel of f, in its place.

        Args:
            kernel: ``(source, probe)``, overwritten.
            own_kernel: The kernel of each source with itself, ``(source,)``.
            sources: Which sources.
            probes: Which probes.

        Returns:
            The measure, and for a ratio what it was divided by, ``(source,)``.
        """
        loss, read = self._loss[sources], self._read[sources]
        if self._measure == "kernelized":  # the learning rate and the slope of the loss cancel
            return kernel.mul_(read.unsqueeze(1)).mul_(self._probe_read[probes]), None
        kernel.mul_((-self._rates.used * loss).unsqueeze(1)).mul_(self._probe_read[probes])
        before = self._probe_before[probes]
        for start in range(0, len(kernel), _BATCH):
            rows = kernel[start : start + _BATCH]
            rows.copy_(self._reduce(rows.unsqueeze(-1), before))
        own = (-self._rates.used * loss * read * own_kernel).unsqueeze(1)
        return self._rates.divide(kernel, self._reduce(own, self._before[sources]))


def _scalar_responses(
    prepared: Prepared, work: GradientWork, measure: Measure, options: MeasurementOptions
) -> tuple[Tensor, Tensor | None]:
    subject = prepared.subject
    kernel = sum_of_layers(prepared, work, options)
    own_kernel = (
        kernel.diagonal().clone()
        if prepared.is_same
        else self_tile(subject, work.sources, subject.outputs, work.plan).reshape(-1)
    )
    everything = slice(None)
    return ScalarResponses(prepared, measure, options).finish(
        kernel, own_kernel, everything, everything
    )


def _vector_responses(
    prepared: Prepared, work: GradientWork, measure: Measure, options: MeasurementOptions
) -> tuple[Tensor, Tensor | None]:
    subject, rates = prepared.subject, _Rates(prepared, measure)
    lr = rates.used
    reduce = reduce_responses(subject.task, measure, "first_order", options.divergence)
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
    return rates.divide(result, own)


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
