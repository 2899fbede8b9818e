"""Measures made of the responses to really taken steps."""

import warnings
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from neurashed.elasticity.formulas import divide_by_source, response_size
from neurashed.elasticity.measures import MEASURES, loss_slopes, reduce_responses
from neurashed.elasticity.options import MeasurementOptions
from neurashed.elasticity.preparation import Prepared
from neurashed.elasticity.progress import follow
from neurashed.engine import (
    Resolution,
    SharedProducts,
    StepPlan,
    estimate_rounding,
    iterate_own_responses,
    iterate_responses,
    measure_rate,
    num_response_tiles,
    plan_steps,
    read_before,
    take,
    to_device,
    verify_responses,
)
from neurashed.errors import ResolutionWarning
from neurashed.seeding import numpy_generator
from neurashed.typing import Measure

__all__ = ["compute_exact", "plan_exact"]

# Warn where at least this share of the responses is lost in rounding.
_SHARE_WORTH_A_WARNING = 1e-3


def plan_exact(prepared: Prepared) -> StepPlan:
    """Plan exact responses of every probe to a step on every source."""
    subject = prepared.subject
    rate = measure_rate(subject.device, subject.dtype)
    counts = len(prepared.sources[1]), len(prepared.probes[1])
    return plan_steps(subject, *counts, memory=prepared.memory, rate=rate.operations)


def compute_exact(
    prepared: Prepared, plan: StepPlan, measure: Measure, options: MeasurementOptions
) -> tuple[np.ndarray, np.ndarray | None, dict[str, object]]:
    """Compute a measure from the responses to really taken steps.

    Args:
        prepared: The measurement.
        plan: How to cut.
        measure: A measure that takes a step.
        options: Divergence, progress and seed.

    Returns:
        The measure ``(source, probe)``; for a ratio what it was divided by, ``(source,)``; and what
        is known of its resolution.
    """
    subject = prepared.subject
    reduce = reduce_responses(subject.task, measure, "exact", options.divergence)
    kept: SharedProducts = {}
    before = read_before(subject, prepared.probes, plan, kept)
    rounding = estimate_rounding(subject, prepared.probes, before, memory=prepared.memory)
    shape = (len(prepared.sources[1]), len(prepared.probes[1]))
    result = torch.zeros(shape, dtype=subject.dtype, device=subject.device)
    resolution = Resolution()
    tiles = iterate_responses(subject, prepared.sources, prepared.probes, before, plan, kept)
    length = num_response_tiles(plan)
    for number, tile in enumerate(follow(tiles, length, "Steps", options.progress)):
        if number == 0:
            _verify(prepared, tile.sources, tile.probes, tile.responses, options.seed)
        moved = response_size(tile.responses)[~tile.is_still]
        resolution.count(moved, rounding[tile.probes])
        result[tile.sources, tile.probes] = reduce(tile.responses, before[tile.probes])
    own = _own(prepared, plan, reduce, result, before) if MEASURES[measure].is_ratio else None
    if own is not None:
        divide_by_source(result, own)
    elif measure == "kernelized":
        _divide_by_slope(prepared, result)
    described = _describe(resolution)
    return result.numpy(force=True), None if own is None else own.numpy(force=True), described


def _own(
    prepared: Prepared,
    plan: StepPlan,
    reduce: Callable[[Tensor, Tensor], Tensor],
    result: Tensor,
    before: Tensor,
) -> Tensor:
    """What the measure is at each source itself."""
    if prepared.is_same:
        return result.diagonal().clone()
    own_before = (
        before if prepared.is_same else read_before(prepared.subject, prepared.sources, plan)
    )
    own = torch.zeros(len(result), dtype=result.dtype, device=result.device)
    for rows, responses in iterate_own_responses(
        prepared.subject, prepared.sources, own_before, plan
    ):
        own[rows] = reduce(responses, own_before[rows])
    return own


def _divide_by_slope(prepared: Prepared, result: Tensor) -> None:
    """Divide the responses of each source by −η ∂L/∂r; a fitted source becomes NaN."""
    task = prepared.subject.task
    slopes = []
    for start in range(0, len(result), 1024):
        rows = take(prepared.sources, slice(start, start + 1024))
        inputs, targets = to_device(rows, prepared.subject.device)
        with torch.no_grad():
            output = task.predict(inputs)
        loss, read = loss_slopes(task, output, targets)
        slopes.append(loss / read)
    lr = 0.0 if task.update is None else task.update.lr
    divide_by_source(result, -lr * torch.cat(slopes))


def _verify(
    prepared: Prepared, sources: slice, probes: slice, responses: Tensor, seed: int
) -> None:
    """Compare two random probes of a random source of the first tile with a plainly taken step."""
    update = prepared.subject.task.update
    generator = numpy_generator(seed, "verified pairs")
    row = int(generator.integers(sources.stop - sources.start))
    columns = generator.integers(probes.stop - probes.start, size=2).tolist()
    found = {probes.start + column: responses[row, column] for column in columns}
    lr = 0.0 if update is None else update.lr
    sides = (prepared.sources, prepared.probes)
    verify_responses(prepared.subject, sides, sources.start + row, found, lr)


def _describe(resolution: Resolution) -> dict[str, object]:
    """Warn once where too many responses drown in rounding, and say it in the provenance."""
    described: dict[str, object] = {
        "unresolved": resolution.unresolved,
        "fraction": resolution.fraction,
        "zero_responses": resolution.vanished,
        "rule": "rounding above 1 % of the response",
    }
    if resolution.fraction > _SHARE_WORTH_A_WARNING:
        message = (
            f"{resolution.fraction:.1%} of the responses carry rounding above 1 % of their size: "
            "the step is too small for this precision. Use step='first_order', "
            "options=MeasurementOptions(dtype='float64'), or a larger lr"
        )
        described["warning"] = message
        warnings.warn(message, ResolutionWarning, stacklevel=5)
    return described
