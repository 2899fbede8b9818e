"""Exact responses: the readout of every probe after a really taken step on every source."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor

from neurashed.engine.batches import Batch, take, to_device
from neurashed.engine.costs import measure_layer
from neurashed.engine.first_order import Side, record_rows
from neurashed.engine.steps import SteppedModel, Steps, is_low_rank, make_steps, num_dense
from neurashed.engine.subject import Subject

__all__ = [
    "ResponseTile",
    "SharedProducts",
    "StepPlan",
    "iterate_own_responses",
    "iterate_responses",
    "num_response_tiles",
    "plan_steps",
    "read_before",
]

# Numbers in the largest activation of a call, all pairs together: few enough to stay in the cache,
# enough that calling the model costs little.
_NUMBERS_AT_A_TIME = 2**22


# Products that do not depend on the step: by the number of a chunk's first probe, then of the call.
SharedProducts = dict[int, dict[int, Tensor]]


@dataclass(frozen=True)
class StepPlan:
    """How exact responses are computed.

    Attributes:
        num_sources: Sources.
        num_probes: Probes.
        sources_at_a_time: Steps in one run of the model.
        probes_at_a_time: Probes in one run of the model.
        tile: Sources whose gradients are held.
        columns: Probes whose responses are held.
        batch: Examples in one forward and backward pass.
        low_rank: Layers whose step is applied by its factors.
        formed: Layers whose stepped parameters are formed.
        keeps_shared: Whether products that all steps share are kept for all probes.
        memory: The budget in bytes.
        operations: Operations of everything, counted from the linear and convolution layers, also
            from those that no step changes.
        seconds: Estimated time.
    """

    num_sources: int
    num_probes: int
    sources_at_a_time: int
    probes_at_a_time: int
    tile: int
    columns: int
    batch: int
    low_rank: tuple[str, ...]
    formed: tuple[str, ...]
    keeps_shared: bool
    memory: int
    operations: float
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {"method": "exact", **asdict(self)}


@dataclass(frozen=True)
class ResponseTile:
    """Responses of some probes to steps on some sources.

    Attributes:
        sources: Which sources.
        probes: Which probes.
        responses: ``(source, probe, output)``.
        is_still: Whether a source's step changes no parameter, ``(source,)``.
    """

    sources: slice
    probes: slice
    responses: Tensor
    is_still: Tensor


def read_before(
    subject: Subject, batch: Batch, plan: StepPlan, kept: SharedProducts | None = None
) -> Tensor:
    """Return the readouts at the present weights, by the stepped path.

    Args:
        subject: The task.
        batch: The examples to read.
        plan: How to cut.
        kept: Filled with the products that all steps share, if the plan keeps them.

    Returns:
        ``(example, output)``.
    """
    model = SteppedModel(subject)
    step = model.no_step()
    parts = []
    with torch.no_grad():
        for start in range(0, len(batch[1]), plan.probes_at_a_time):
            chunk = take(batch, slice(start, start + plan.probes_at_a_time))
            shared = _shared(kept, start, plan)
            parts.append(model.readouts(step, *to_device(chunk, subject.device), shared)[0])
    return torch.cat(parts)


def _shared(kept: SharedProducts | None, start: int, plan: StepPlan) -> dict[int, Tensor]:
    return {} if kept is None or not plan.keeps_shared else kept.setdefault(start, {})


def iterate_responses(
    subject: Subject,
    sources: Batch,
    probes: Batch,
    before: Tensor,
    plan: StepPlan,
    kept: SharedProducts | None = None,
) -> Iterator[ResponseTile]:
    """Yield the responses of all probes to a step on each source.

    Args:
        subject: The task, with an update.
        sources: Inputs and targets of the sources.
        probes: Inputs and targets of the probes.
        before: Readouts of the probes from `read_before`.
        plan: How to cut.
        kept: Products that all steps share, from `read_before` with the same probes.

    Yields:
        Tiles that together cover every pair once. A step that changes no parameter gives responses
        that are exactly zero.
    """
    model = SteppedModel(subject)
    kept = {} if kept is None else kept
    for rows, steps, is_still in _iterate_steps(subject, sources, plan):
        for start in range(0, len(probes[1]), plan.columns):
            columns = slice(start, min(start + plan.columns, len(probes[1])))
            parts = []
            with torch.no_grad():
                for begin in range(columns.start, columns.stop, plan.probes_at_a_time):
                    stop = min(begin + plan.probes_at_a_time, columns.stop)
                    chunk = to_device(take(probes, slice(begin, stop)), subject.device)
                    shared = _shared(kept, begin, plan)
                    parts.append(model.readouts(steps, *chunk, shared))
                responses = torch.cat(parts, 1).sub_(before[columns])
                responses[is_still] = 0
            yield ResponseTile(rows, columns, responses, is_still)


def num_response_tiles(plan: StepPlan) -> int:
    """How many tiles a plan has."""
    columns = -(-plan.num_probes // plan.columns)
    return columns * sum(
        -(-(min(begin + plan.tile, plan.num_sources) - begin) // plan.sources_at_a_time)
        for begin in range(0, plan.num_sources, plan.tile)
    )


def iterate_own_responses(
    subject: Subject, sources: Batch, before: Tensor, plan: StepPlan
) -> Iterator[tuple[slice, Tensor]]:
    """Yield the response of each source to its own step, ``(source, output)``."""
    model = SteppedModel(subject)
    for rows, steps, is_still in _iterate_steps(subject, sources, plan):
        chunk = to_device(take(sources, rows), subject.device)
        with torch.no_grad():
            responses = model.own_readouts(steps, *chunk) - before[rows]
            responses[is_still] = 0
        yield rows, responses


def _iterate_steps(
    subject: Subject, sources: Batch, plan: StepPlan
) -> Iterator[tuple[slice, Steps, Tensor]]:
    """Yield runs of sources, their steps, and which of them change nothing."""
    update = subject.task.update
    if update is None:
        message = "a task without an update reached the engine"
        raise AssertionError(message)
    count = len(sources[1])
    for begin in range(0, count, plan.tile):
        tile = slice(begin, min(begin + plan.tile, count))
        rows = record_rows(subject, Side(sources, subject.losses), tile, plan.batch)
        for start in range(tile.start, tile.stop, plan.sources_at_a_time):
            stop = min(start + plan.sources_at_a_time, tile.stop)
            own = {name: r.part(start - begin, stop - begin) for name, r in rows.items()}
            with torch.no_grad():
                steps = make_steps(subject, own, update.lr)
                yield slice(start, stop), steps, _is_still(steps)


def _is_still(steps: Steps) -> Tensor:
    """Which steps change no parameter: factors count by their output gradients."""
    changes = [value for name, value in steps.items() if not name.startswith("a:")]
    return (
        torch
        .stack([value.reshape(len(value), -1).any(1) for value in changes])
        .any(0)
        .logical_not()
    )


def plan_steps(
    subject: Subject, num_sources: int, num_probes: int, *, memory: int, rate: float
) -> StepPlan:
    """Plan exact responses.

    Args:
        subject: The task.
        num_sources: Sources.
        num_probes: Probes.
        memory: Budget in bytes.
        rate: Operations a second of the machine.

    Returns:
        The plan.
    """
    width, found = subject.dtype.itemsize, subject.discovery
    numbers = memory // width
    pairs = max(1, min(_NUMBERS_AT_A_TIME, numbers // 12) // max(found.largest_activation, 1))
    held = num_dense(subject)
    probes = max(1, min(num_probes, pairs))
    sources = max(1, min(pairs // probes, num_sources, numbers // 6 // max(held, 1)))
    responses = numbers // 12 // (sources * max(found.largest_activation, 1))
    columns = max(probes, min(num_probes, responses))
    num_parts = -(-columns // probes)
    probes = -(-columns // num_parts)  # parts of nearly the same length
    columns = min(num_probes, num_parts * probes)
    graph = 2 * found.saved_numbers + 4 * found.largest_activation
    batch = max(1, min(num_sources, numbers // 6 // max(graph, 1)))
    recorded = max(1, sum(_recorded(subject)))
    tile = max(sources, min(num_sources, numbers // 6 // recorded))
    low_rank = {layer.name for layer in subject.layers if is_low_rank(subject, layer)}
    shared = _shared_numbers(subject)
    operations = _count_operations(subject, num_sources, num_probes)
    operations += _count_others(subject, num_sources, num_probes, -(-num_sources // sources))
    return StepPlan(
        num_sources, num_probes, sources, probes, tile, columns, batch,
        tuple(layer.name for layer in subject.layers if layer.name in low_rank),
        tuple(layer.name for layer in subject.layers if layer.name not in low_rank),
        shared * num_probes <= numbers // 6,
        memory, operations, operations / rate,
    )  # fmt: skip


def _recorded(subject: Subject) -> list[int]:
    """Numbers kept of each layer for one source."""
    sizes = [measure_layer(layer, subject.discovery.sites) for layer in subject.layers]
    return [size.factors + size.output_grads for size in sizes]


def _shared_numbers(subject: Subject) -> int:
    """Numbers of the products that all steps share, for one probe."""
    weights = {layer.parameters[0] for layer in subject.layers if is_low_rank(subject, layer)}
    return sum(
        prod(site.output_shape)
        for site in subject.discovery.sites
        if site.shares_input and site.weight in weights
    )


def _count_operations(subject: Subject, num_sources: int, num_probes: int) -> float:
    """Operations of the gradients and of the forward passes after the steps."""
    total = 0.0
    pairs = float(num_sources) * num_probes
    for layer in subject.layers:
        size = measure_layer(layer, subject.discovery.sites)
        positions = max(size.positions, 1) * size.groups
        once = 2.0 * positions * (0 if size.is_one_hot else size.inputs) * size.outputs
        total += 3 * once * num_sources
        if not is_low_rank(subject, layer):
            total += pairs * once
            continue
        is_shared = all(subject.discovery.sites[index].shares_input for index in layer.sites)
        total += once * (num_probes if is_shared else pairs)
        total += pairs * 2.0 * size.positions**2 * (size.inputs + size.outputs)
    return total


def _count_others(subject: Subject, num_sources: int, num_probes: int, num_runs: int) -> float:
    """Operations of the layers that no step changes."""
    before, after = subject.discovery.other_operations
    gradients = num_sources * (before + 2 * after)
    # All steps of a run share what comes before the changed layers, none what follows one.
    return gradients + num_probes * (before * (1 + num_runs) + after * (1.0 + num_sources))
