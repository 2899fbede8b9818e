"""Products of gradients that are formed and multiplied, a run of the parameters at a time.

The gradients of all examples are formed for a run of the layer's parameters and multiplied, and
their room is used again for the next run. So each number is formed once, in any budget that holds
a few parameters of every example; in a smaller one the examples are cut too.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from torch import Tensor

from neurashed.engine.cutting import Contraction, lower_half
from neurashed.engine.layer_rows import LayerRows

__all__ = ["add_gradient_products"]

# Numbers in a run of parameters of all examples: fresh memory is slow to get. A run has this many
# numbers of an example, though, or the product of two runs would not be worth its block.
_NUMBERS_OF_A_RUN = 2**23
_NUMBERS_OF_AN_EXAMPLE = 2**14


def add_gradient_products(
    block: Tensor, sources: LayerRows, probes: LayerRows, how: Contraction
) -> None:
    """Add a layer's inner products to a block; see `add_products`."""
    is_symmetric = sources is probes
    together = (1, 1) if how.is_traced else (sources.num_cotangents, probes.num_cotangents)
    held = together[0] * sources.num_examples
    held += 0 if is_symmetric else together[1] * probes.num_examples
    room_of_one = held * how.copies
    size = max(_NUMBERS_OF_AN_EXAMPLE, _NUMBERS_OF_A_RUN // room_of_one)
    size = min(how.workspace // room_of_one, size)
    runs = sources.split(size)
    others = runs if is_symmetric else probes.split(size)
    sizes = [how.num_parameters] if len(runs) == 1 else [_count_parameters(run) for run in runs]
    if room_of_one * max(sizes) > how.workspace:
        _add_in_parts(block, sources, probes, how)
        return
    room = block.new_empty(held * max(sizes) if sources.writes_in_place else 0)
    for ours, theirs, num_parameters in zip(runs, others, sizes, strict=True):
        _add_run(block, ours, theirs, replace(how, num_parameters=num_parameters), room)


def _count_parameters(rows: LayerRows) -> int:
    return rows.part(0, 1).gradients(0).shape[1]


def _add_run(
    block: Tensor, sources: LayerRows, probes: LayerRows, how: Contraction, room: Tensor
) -> None:
    is_symmetric = sources is probes
    groups = [[k] for k in range(sources.num_cotangents)]
    others, square = groups, block
    if not how.is_traced:
        groups, others = [range(sources.num_cotangents)], [range(probes.num_cotangents)]
        square = block.view(-1, block.shape[2] * block.shape[3])
    for group, other in zip(groups, others, strict=True):
        formed = _form(sources, group, how, room)
        rows = how.operand(formed)
        if is_symmetric:
            for below, left in lower_half(0, len(rows)):
                rows[below].add_times(rows[left], square[below, left])
        else:
            columns = how.operand(_form(probes, other, how, room[formed.numel() :]))
            rows.add_times(columns, square)


def _form(rows: LayerRows, cotangents: Sequence[int], how: Contraction, room: Tensor) -> Tensor:
    """Gradients of some cotangents, ``(example · cotangent, P)``, in the room if they need any."""
    if len(cotangents) == 1 and not rows.writes_in_place:
        return rows.gradients(cotangents[0])
    shape = (rows.num_examples, len(cotangents), how.num_parameters)
    formed = room[: prod(shape)] if rows.writes_in_place else room.new_empty(prod(shape))
    formed = formed.view(shape)
    for place, cotangent in enumerate(cotangents):
        rows.write_gradients(cotangent, formed[:, place])
    return formed.flatten(0, 1)


def _add_in_parts(block: Tensor, sources: LayerRows, probes: LayerRows, how: Contraction) -> None:
    """Add products one pair of cotangents and two runs of examples at a time."""
    num_ours, num_theirs = sources.num_cotangents, probes.num_cotangents
    if how.is_traced:
        pairs = [(k, k, block) for k in range(num_ours)]
    else:
        every = [(k, other) for k in range(num_ours) for other in range(num_theirs)]
        pairs = [(k, other, block[:, k, :, other]) for k, other in every]
    largest = max(1, how.workspace // (2 * how.copies * how.num_parameters))
    room = block.new_empty(2, largest * how.num_parameters if sources.writes_in_place else 0)
    is_symmetric = sources is probes
    for ours, theirs, target in pairs:
        for start in range(0, probes.num_examples, largest):
            stop = min(start + largest, probes.num_examples)
            columns = how.operand(_form(probes.part(start, stop), [theirs], how, room[0]))
            for offset in range(start if is_symmetric else 0, sources.num_examples, largest):
                end = min(offset + largest, sources.num_examples)
                is_same = is_symmetric and offset == start and ours == theirs
                part = sources.part(offset, end)
                rows = columns if is_same else how.operand(_form(part, [ours], how, room[1]))
                rows.add_times(columns, target[offset:end, start:stop])
