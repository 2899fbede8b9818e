"""Rows of runs of examples, computed once and used by every tile that needs them.

What is kept of a layer is the cheaper to have: the factors of its gradients, or the gradients
themselves where they are about as small or nothing is known of their form. What does not fit the
budget goes to a scratch file, or is computed again where there is none.
"""

import dataclasses
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any, final

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from neurashed.engine.costs import LayerSize, measure_layer
from neurashed.engine.first_order import Side, record_rows
from neurashed.engine.layer_rows import LayerRows
from neurashed.engine.machine import MachineRate
from neurashed.engine.plan import Plan, Workload, plan_products
from neurashed.engine.rows import DenseRows, SumRows
from neurashed.engine.sketch import Sketch
from neurashed.engine.sketched_plan import plan_sketched
from neurashed.engine.subject import Subject
from neurashed.errors import StoreError

__all__ = ["BlockPlan", "RowBlocks", "plan_blocks"]

_LARGEST_SIDE = 4096
_STEP_OF_SIDES = 64
# Forming a gradient for each tile is cheap beside multiplying it: it is kept only where it takes
# no more than this many times the room of its factors.
_MOST_ROOM = 2.0
_NO_LIMIT = 2**60
# Share of the budget for one block, where that is all there is.
_MOST_HELD = 0.55


@dataclass(frozen=True)
class BlockPlan:
    """How a large product of gradients is cut.

    Attributes:
        plan: Routes, sizes of batches and workspace, and what all of it costs.
        side: Examples in a block; tiles are square.
        bytes_of_an_example: What is kept of one example.
        formed: Layers whose gradients are kept, not their factors.
    """

    plan: Plan
    side: int
    bytes_of_an_example: int
    formed: frozenset[str]


def plan_blocks(
    subject: Subject,
    workload: Workload,
    *,
    memory: int,
    rate: MachineRate,
    side: int | None = None,
    sketch: Sketch | None = None,
) -> BlockPlan:
    """Plan a job in square tiles.

    Args:
        subject: The task.
        workload: What is to be computed.
        memory: Budget in bytes.
        rate: Rates of the machine, for the estimated times.
        side: Examples in a block; the largest that fits if None.
        sketch: What stands for the gradients, or None for the gradients themselves.

    Returns:
        The plan. Routes and what is kept do not depend on the machine.
    """
    width = subject.dtype.itemsize
    plan = plan_products(subject, workload, memory=memory, rate=rate)
    # Each example is passed once, as where all of them are held together.
    whole = plan_products(subject, workload, memory=_NO_LIMIT, rate=rate)
    cotangents = sum(workload.cotangents) if not workload.is_symmetric else workload.cotangents[0]
    if sketch is None:
        kept, formed = _keep(subject, plan, cotangents)
    else:
        kept, formed = cotangents * sketch.dimension, frozenset[str]()
        whole = plan_sketched(subject, sketch, whole, rate)
    each = max(1, kept * width)
    if side is None:
        side = _choose_side(workload, memory, each, width)
    tile = min(side, max(workload.num_sources, workload.num_probes))
    plan = replace(
        whole, memory=memory, tile=tile, batch=min(plan.batch, tile), workspace=plan.workspace
    )
    return BlockPlan(plan, side, each, formed)


def _keep(subject: Subject, plan: Plan, cotangents: int) -> tuple[int, frozenset[str]]:
    """Numbers kept of one example, and the layers whose gradients are kept."""
    kept, formed = 0, set[str]()
    for layer, described in zip(subject.layers, plan.layers, strict=True):
        size = measure_layer(layer, subject.discovery.sites)
        factors = size.factors + cotangents * size.output_grads
        if described.route == "gradients" and _is_formed(size, factors, cotangents):
            formed.add(layer.name)
            factors = cotangents * size.parameters
        kept += factors
    return kept, frozenset(formed)


def _is_formed(size: LayerSize, factors: int, cotangents: int) -> bool:
    return not factors or cotangents * size.parameters <= _MOST_ROOM * factors


def _choose_side(workload: Workload, memory: int, each: int, width: int) -> int:
    """Two blocks take half of the budget at most, or one that holds everything a little more."""
    pairs = 1 if workload.is_traced else workload.cotangents[0] * workload.cotangents[1]
    by_tile = (memory / (8 * width * pairs)) ** 0.5
    fits = int(min(_LARGEST_SIDE, memory / 4 / each, by_tile))
    largest = max(workload.num_sources, workload.num_probes)
    needed = _STEP_OF_SIDES * ceil(largest / _STEP_OF_SIDES)
    if workload.is_symmetric and largest <= by_tile and largest * each <= _MOST_HELD * memory:
        fits = min(_LARGEST_SIDE, needed)
    return max(_STEP_OF_SIDES, min(fits // _STEP_OF_SIDES * _STEP_OF_SIDES, needed))


@final
class RowBlocks:
    """Rows of every layer by block of examples, computed when they are first needed."""

    def __init__(
        self, subject: Subject, side: Side, plan: BlockPlan, *, memory: int, scratch: Path | None
    ) -> None:
        """Hold no rows yet.

        Args:
            subject: The task.
            side: The examples and values.
            plan: How they are cut and what is kept of them.
            memory: Bytes of rows to hold; two blocks are held whatever it is.
            scratch: A folder for what does not fit, or None to compute that again.
        """
        self._subject = subject
        self._side = side
        self._plan = plan
        self._most = max(2, memory // max(1, plan.side * plan.bytes_of_an_example))
        self._scratch = scratch
        self._held: OrderedDict[int, dict[str, LayerRows]] = OrderedDict()
        self._spilled: dict[int, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def __getitem__(self, index: int) -> dict[str, LayerRows]:
        """Return the rows of a block by layer; the same object as long as it is held."""
        with self._lock:
            if index not in self._held:
                while len(self._held) >= self._most:
                    self._let_go(*self._held.popitem(last=False))
                self._held[index] = self._fetch(index)
            self._held.move_to_end(index)
            return self._held[index]

    def _fetch(self, index: int) -> dict[str, LayerRows]:
        if index in self._spilled and self._scratch is not None:
            device = str(self._subject.device)
            tensors = load_file(self._scratch / f"{index}.safetensors", device=device)
            in_order = iter([tensors[f"{place:06d}"] for place in range(len(tensors))])
            return {name: _refill(row, in_order) for name, row in self._spilled[index].items()}
        start = index * self._plan.side
        run = slice(start, min(start + self._plan.side, len(self._side)))
        rows = record_rows(self._subject, self._side, run, self._plan.plan.batch)
        return {name: self._condense(name, rows.pop(name)) for name in list(rows)}

    def _condense(self, name: str, rows: LayerRows) -> LayerRows:
        if name not in self._plan.formed or isinstance(rows, DenseRows):
            return rows
        formed = rows.part(0, 1).gradients(0)
        values = formed.new_empty(rows.num_examples, rows.num_cotangents, formed.shape[1])
        step = max(1, self._plan.plan.batch)
        for start in range(0, rows.num_examples, step):
            part = rows.part(start, min(start + step, rows.num_examples))
            for cotangent in range(rows.num_cotangents):
                values[start : start + step, cotangent] = part.gradients(cotangent)
        return DenseRows(values)

    def _let_go(self, index: int, rows: dict[str, LayerRows]) -> None:
        if self._scratch is None or index in self._spilled:
            return
        tensors = [tensor for row in rows.values() for tensor in _tensors(row)]
        path = self._scratch / f"{index}.safetensors"
        try:
            self._scratch.mkdir(parents=True, exist_ok=True)
            save_file({f"{place:06d}": t.contiguous() for place, t in enumerate(tensors)}, path)
        except (OSError, SafetensorError) as error:
            message = (
                f"the scratch file {path} cannot be written: {error}; make room, or let what does "
                "not fit in memory be computed again (scratch='none')"
            )
            raise StoreError(message) from error
        empty = iter([tensor.new_empty(0) for tensor in tensors])
        self._spilled[index] = {name: _refill(row, empty) for name, row in rows.items()}


def _tensor_fields(rows: Any) -> list[str]:  # noqa: ANN401
    fields = (field.name for field in dataclasses.fields(rows))
    return [name for name in fields if isinstance(getattr(rows, name), Tensor)]


def _tensors(rows: Any) -> list[Tensor]:  # noqa: ANN401
    if isinstance(rows, SumRows):
        return [tensor for term in rows.terms for tensor in _tensors(term)]
    return [getattr(rows, name) for name in _tensor_fields(rows)]


def _refill(rows: Any, tensors: Iterator[Tensor]) -> Any:  # noqa: ANN401
    """Return the same rows with other tensors, in the order of `_tensors`."""
    if isinstance(rows, SumRows):
        return SumRows(tuple(_refill(term, tensors) for term in rows.terms))
    return replace(rows, **{name: next(tensors) for name in _tensor_fields(rows)})
