"""First-order products of gradients, tile by tile and layer by layer."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from neurashed.engine.batches import Batch, take, to_device
from neurashed.engine.contraction import add_products, self_products
from neurashed.engine.general import GeneralGradients
from neurashed.engine.layer_rows import LayerRows
from neurashed.engine.mirroring import mirror
from neurashed.engine.plan import Plan
from neurashed.engine.recording import Recording, record
from neurashed.engine.rows import GeneralRows, join_rows
from neurashed.engine.sketch import Sketch
from neurashed.engine.subject import Subject, Values

__all__ = [
    "Side",
    "Tile",
    "iterate_tiles",
    "multiply_rows",
    "num_tiles",
    "record_rows",
    "self_rows",
    "self_tile",
]


@dataclass(frozen=True)
class Side:
    """The examples on one side of a block and the values whose gradients are multiplied.

    Attributes:
        batch: Inputs and targets.
        values: Maps replaced parameters, inputs and targets to ``(example, cotangent)``.
        sketch: What stands for the gradients, or None for the gradients themselves.
    """

    batch: Batch
    values: Values
    sketch: Sketch | None = None

    def __len__(self) -> int:
        """How many examples."""
        return len(self.batch[1])


@dataclass(frozen=True)
class Tile:
    """A part of the result.

    Attributes:
        sources: Which sources.
        probes: Which probes.
        blocks: Inner products by layer, or under ``""`` their sum; each ``(source, probe)`` if
            traced, else ``(source, k, probe, l)``.
        is_mirrored: Whether the tile stands for its mirror image too.
        rows: Rows of its sources and of its probes by layer, as they were multiplied.
    """

    sources: slice
    probes: slice
    blocks: dict[str, Tensor]
    is_mirrored: bool
    rows: tuple[dict[str, LayerRows], dict[str, LayerRows]]

    def split_pair(self, subject: Subject, plan: Plan, source: int, probe: int) -> Tensor:
        """Return the products of every cotangent of a source with every one of a probe.

        Args:
            subject: The task.
            plan: The plan that was followed.
            source: Number of the source among all.
            probe: Number of the probe among all.

        Returns:
            ``(k, l)``, summed over layers.
        """
        place, other = source - self.sources.start, probe - self.probes.start
        ours = {name: rows.part(place, place + 1) for name, rows in self.rows[0].items()}
        theirs = {name: rows.part(other, other + 1) for name, rows in self.rows[1].items()}
        workload = replace(plan.workload, is_traced=False, by_layer=False)
        blocks = multiply_rows(subject, ours, theirs, replace(plan, workload=workload))
        return blocks[""][0, :, 0]


def iterate_tiles(
    subject: Subject,
    sources: Side,
    probes: Side | None,
    plan: Plan,
    *,
    into: Tensor | None = None,
) -> Iterator[Tile]:
    """Yield the inner products of gradients of sources and probes, tile by tile.

    Args:
        subject: The task.
        sources: The sources.
        probes: The probes, or None if they are the sources.
        plan: How to cut and compute.
        into: Zeros ``(source, probe)`` on the model's device, where a traced sum over layers is
            written; the tile's block is then a view of it.

    Yields:
        Tiles that together, with their mirror images, cover every pair once.
    """
    others = sources if probes is None else probes
    for start in range(0, len(sources), plan.tile):
        rows = slice(start, min(start + plan.tile, len(sources)))
        ours = record_rows(subject, sources, rows, plan.batch)
        first = start if probes is None else 0
        for offset in range(first, len(others), plan.tile):
            columns = slice(offset, min(offset + plan.tile, len(others)))
            is_same = probes is None and offset == start
            theirs = ours if is_same else record_rows(subject, others, columns, plan.batch)
            target = None if into is None else into[rows, columns]
            blocks = multiply_rows(subject, ours, theirs, plan, target)
            if is_same:
                for block in blocks.values():
                    mirror(block)
            is_mirrored = probes is None and not is_same
            yield Tile(rows, columns, blocks, is_mirrored, (ours, theirs))


def record_rows(
    subject: Subject, side: Side, examples: slice, batch_size: int
) -> dict[str, LayerRows]:
    """Record the rows of every layer for a run of examples, in batches.

    Args:
        subject: The task.
        side: The examples and values.
        examples: Which examples.
        batch_size: Examples in one forward pass.

    Returns:
        Rows by layer name.
    """
    pieces: dict[str, list[Any]] = {layer.name: [] for layer in subject.layers}
    num_cotangents = 0
    chunk = take(side.batch, examples)
    chunk = to_device(chunk, subject.device)
    for start in range(0, len(chunk[1]), batch_size):
        batch = take(chunk, slice(start, start + batch_size))
        recording = _record_batch(subject, side.values, batch)
        num_cotangents = recording.values.shape[1]
        found = recording.rows
        if side.sketch is not None:
            general = _general_rows(subject, side, batch, num_cotangents, batch_size)
            found = side.sketch.apply({**found, **general})
        for name, rows in found.items():
            pieces[name].append(rows)
    joined = {name: join_rows(parts) for name, parts in pieces.items() if parts}
    if side.sketch is None:
        joined |= _general_rows(subject, side, chunk, num_cotangents, batch_size)
    return joined


def _record_batch(subject: Subject, values: Values, batch: Batch) -> Recording:
    return record(
        lambda: values(None, *batch), subject.discovery, subject.layers, subject.parameters
    )


def _general_rows(
    subject: Subject, side: Side, batch: Batch, num_cotangents: int, batch_size: int
) -> dict[str, LayerRows]:
    """Rows of the layers whose gradients are computed on demand."""
    rows: dict[str, LayerRows] = {}
    for layer in subject.layers:
        if layer.kind == "general":
            values, parameters = side.values, subject.parameters
            compute = GeneralGradients(values, layer, parameters, batch, chunk=batch_size)
            rows[layer.name] = GeneralRows(compute, 0, len(batch[1]), num_cotangents)
    return rows


def multiply_rows(
    subject: Subject,
    ours: dict[str, LayerRows],
    theirs: dict[str, LayerRows],
    plan: Plan,
    target: Tensor | None = None,
) -> dict[str, Tensor]:
    """Multiply the rows of sources and probes, layer by layer.

    Args:
        subject: The task.
        ours: Rows of the sources by layer.
        theirs: Rows of the probes; if they are the same object only the part on and below the
            diagonal is meant.
        plan: Routes, and whether products are traced and kept by layer.
        target: Zeros ``(source, probe)`` to add to, or None for new ones.

    Returns:
        Inner products by layer, or under ``""`` their sum.
    """
    blocks: dict[str, Tensor] = {} if target is None else {"": target}
    for layer in subject.layers:
        sources, probes = ours[layer.name], theirs[layer.name]
        shape = (sources.num_examples, probes.num_examples)
        if not plan.workload.is_traced:
            shape = (shape[0], sources.num_cotangents, shape[1], probes.num_cotangents)
        name = layer.name if plan.workload.by_layer else ""
        if name not in blocks:
            blocks[name] = torch.zeros(shape, dtype=subject.dtype, device=subject.device)
        add_products(blocks[name], sources, probes, plan.contraction(layer.name))
    return blocks


def num_tiles(plan: Plan) -> int:
    """How many tiles a plan has."""
    rows = -(-plan.workload.num_sources // plan.tile)
    if plan.workload.is_symmetric:
        return rows * (rows + 1) // 2
    return rows * -(-plan.workload.num_probes // plan.tile)


def self_tile(subject: Subject, side: Side, other: Values, plan: Plan) -> Tensor:
    """Products of each example's gradients of one kind with its own of another.

    Args:
        subject: The task.
        side: The examples and the values of the first kind, with K cotangents.
        other: The values of the second kind, with L cotangents.
        plan: How to cut and compute.

    Returns:
        ``(example, K, L)``.
    """
    parts = []
    for start in range(0, len(side), plan.tile):
        rows = slice(start, min(start + plan.tile, len(side)))
        ours = record_rows(subject, side, rows, plan.batch)
        same = other is side.values
        theirs = (
            ours if same else record_rows(subject, replace(side, values=other), rows, plan.batch)
        )
        parts.append(self_rows(subject, ours, theirs, plan))
    return torch.cat(parts)


def self_rows(
    subject: Subject, ours: dict[str, LayerRows], theirs: dict[str, LayerRows], plan: Plan
) -> Tensor:
    """Products of each example's gradients in one set of rows with its own in another.

    Args:
        subject: The task.
        ours: Rows by layer, with K cotangents.
        theirs: Rows of the same examples, with L cotangents.
        plan: Routes.

    Returns:
        ``(example, K, L)``.
    """
    products = [
        self_products(ours[layer.name], theirs[layer.name], plan.contraction(layer.name))
        for layer in subject.layers
    ]
    return torch.stack(products).sum(0)
