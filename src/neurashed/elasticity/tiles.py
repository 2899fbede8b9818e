"""A measurement cut into tiles, as the `scale` room runs it."""

import platform
import threading
import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor

from neurashed.data import Examples
from neurashed.elasticity.first_order import ScalarResponses
from neurashed.elasticity.formulas import divide_by_source
from neurashed.elasticity.measurement import compute_measure, prepare_measure
from neurashed.elasticity.options import MeasurementOptions
from neurashed.elasticity.preparation import Prepared
from neurashed.elasticity.products import GradientWork, plan_gradients, verify_tile
from neurashed.elasticity.sizes import describe_bytes
from neurashed.elasticity.sketching import JudgedSketch
from neurashed.engine import (
    BlockPlan,
    RowBlocks,
    Sketch,
    Tile,
    full_precision,
    measure_rate,
    mirror,
    multiply_rows,
    plan_blocks,
    self_rows,
    take,
)
from neurashed.errors import InputError, ResolutionWarning
from neurashed.results.tiled import Tile as GridTile
from neurashed.results.tiled import TileGrid
from neurashed.scale import OpenJob, TileValues
from neurashed.task import Task
from neurashed.typing import Measure, Step

__all__ = ["ElasticityJob", "has_products", "plan_job"]


@dataclass(frozen=True)
class ElasticityJob:
    """Everything that a process needs to compute any tile of a measurement.

    Attributes:
        task: The task.
        sources: The sources.
        probes: The probes, or None if they are the sources.
        measure: The measure.
        step: Whether the step is really taken.
        memory: Budget of each process in bytes.
        device: Where to compute.
        options: Options, without a display of progress.
        grid: The tiles.
        judged: The sketch that stands for gradients, the same in every process, or None.
    """

    task: Task
    sources: Examples
    probes: Examples | None
    measure: Measure
    step: Step
    memory: int
    device: str
    options: MeasurementOptions
    grid: TileGrid
    judged: JudgedSketch | None = None

    @property
    def sketch(self) -> Sketch | None:
        """What stands for gradients, or None for the gradients themselves."""
        return None if self.judged is None else self.judged.sketch

    @property
    def budget(self) -> str:
        """The memory budget of each process, in words."""
        return f"{describe_bytes(self.memory)} beside model, data and result"

    def open(self, scratch: Path | None) -> OpenJob:
        """Make the measurement ready to compute tiles in this process.

        Args:
            scratch: A folder for rows that do not fit in memory, or None.

        Returns:
            What computes tiles.

        Raises:
            InputError: If gradients are to be multiplied in bfloat16 parts, and this process's
                machine cannot.
        """
        prepared = prepare_measure(
            self.task, self.sources, self.probes, self.measure, self.step,
            memory=self.memory, device=self.device, options=self.options,
        )  # fmt: skip
        if self.options.matmul_precision == "high" and not prepared.subject.is_split:
            message = (
                "the job was planned with matmul_precision='high' on a processor with matrix units "
                f"for bfloat16, and {platform.node()!r} has none; give 'highest', or workers of "
                "one kind"
            )
            raise InputError(message)
        if not has_products(prepared, self.measure, self.step):
            return _Strips(self, prepared)
        with full_precision():
            return _Products(self, prepared, scratch)


def has_products(prepared: Prepared, measure: Measure, step: Step) -> bool:
    """Return whether a measure is made of one product of gradients for each pair."""
    if measure in {"tangent_kernel", "cosine"}:
        return True
    return step == "first_order" and plan_gradients(prepared, measure).is_scalar


def plan_job(
    prepared: Prepared, measure: Measure, side: int | None, sketch: Sketch | None = None
) -> tuple[GradientWork, BlockPlan]:
    """Plan the products of a measurement in square tiles.

    Args:
        prepared: The measurement.
        measure: A measure for which `has_products` is true.
        side: Examples in a block, or None for what fits.
        sketch: What stands for the gradients, or None for the gradients themselves.

    Returns:
        The products and how they are cut.
    """
    work = plan_gradients(prepared, measure, sketch=sketch)
    subject = prepared.subject
    rate = measure_rate(subject.device, subject.dtype, is_split=subject.is_split)
    workload = work.plan.workload
    return work, plan_blocks(
        subject, workload, memory=prepared.memory, rate=rate, side=side, sketch=sketch
    )


@final
class _Products:
    """Tiles of products of gradients, from rows that are computed once for each block."""

    def __init__(self, job: ElasticityJob, prepared: Prepared, scratch: Path | None) -> None:
        self._job = job
        self._prepared = prepared
        self._work, self._plan = plan_job(prepared, job.measure, job.grid.height, job.sketch)
        sides = [self._work.sources] + ([self._work.probes] if self._work.probes else [])
        budget = prepared.memory // 2 // len(sides)
        self._blocks = [
            RowBlocks(
                prepared.subject, side, self._plan, memory=budget,
                scratch=None if scratch is None else scratch / str(number),
            )
            for number, side in enumerate(sides)
        ]  # fmt: skip
        self._own: dict[tuple[int, int], Tensor] = {}
        self._scalar = None
        if self._work.is_scalar:
            self._scalar = ScalarResponses(prepared, job.measure, job.options)
        self._is_verified = False
        self._running = threading.Lock()  # a run of the model may put other weights in its place

    @property
    def is_elsewhere(self) -> bool:
        """Whether another device than the processor computes."""
        return self._prepared.subject.device.type != "cpu"

    def compute(self, tile: GridTile) -> TileValues:
        """Compute a tile."""
        with full_precision():
            began = time.perf_counter()
            is_diagonal = self._work.probes is None and tile.row == tile.column
            with self._running:
                ours = self._blocks[0][tile.row]
                theirs = ours if is_diagonal else self._blocks[-1][tile.column]
            if self.is_elsewhere:  # what was asked of a GPU is done only later
                torch.cuda.synchronize(self._prepared.subject.device)
            recorded = time.perf_counter()
            block = multiply_rows(self._prepared.subject, ours, theirs, self._plan.plan)[""]
            if is_diagonal:
                mirror(block)
            with self._running:
                if not self._is_verified:
                    self._verify(tile, block, (ours, theirs))
            values, own = self._finish(tile, block)
            kept = values.numpy(force=True)
        spent = {"passes": recorded - began, "products": time.perf_counter() - recorded}
        of_sources = {} if own is None else {"self_response": own.numpy(force=True)}
        return TileValues(kept, of_sources, spent)

    def _verify(self, tile: GridTile, block: Tensor, rows: tuple[Any, Any]) -> None:
        grid = self._job.grid
        part = Tile(grid.sources(tile), grid.probes(tile), {"": block}, False, rows)
        work = replace(self._work, plan=self._plan.plan)
        verify_tile(self._prepared, work, part, self._job.options.seed)
        self._is_verified = True

    def _finish(self, tile: GridTile, block: Tensor) -> tuple[Tensor, Tensor | None]:
        sources, probes = self._job.grid.sources(tile), self._job.grid.probes(tile)
        if self._scalar is not None:
            return self._scalar.finish(block, self._own_products(0, tile.row), sources, probes)
        if self._job.measure == "cosine":
            left = self._own_products(0, tile.row).sqrt()
            right = self._own_products(-1, tile.column).sqrt()
            divide_by_source(block, left)
            block.div_(torch.where(right == 0, torch.nan, right))
        return block, None

    def _own_products(self, side: int, index: int) -> Tensor:
        """Products of each example's gradient with itself, ``(example,)``."""
        key = (side % len(self._blocks), index)
        if key not in self._own:
            with self._running:
                rows = self._blocks[side][index]
            products = self_rows(self._prepared.subject, rows, rows, self._plan.plan)
            self._own[key] = products.reshape(len(products))
        return self._own[key].clone()


@final
class _Strips:
    """Tiles of any other measurement: some sources against all probes of the tile."""

    def __init__(self, job: ElasticityJob, prepared: Prepared) -> None:
        self._job = job
        self._prepared = prepared
        self._running = threading.Lock()  # a step puts other weights in the model for a moment

    @property
    def is_elsewhere(self) -> bool:
        """Whether another device than the processor computes."""
        return self._prepared.subject.device.type != "cpu"

    def compute(self, tile: GridTile) -> TileValues:
        """Compute a tile."""
        began = time.perf_counter()
        grid = self._job.grid
        part = replace(
            self._prepared,
            sources=take(self._prepared.sources, grid.sources(tile)),
            probes=take(self._prepared.probes, grid.probes(tile)),
            is_same=False,
        )
        with self._running, full_precision(), warnings.catch_warnings():
            warnings.simplefilter("ignore", ResolutionWarning)  # said once, at the end
            values, own, found = compute_measure(
                part, self._job.measure, self._job.step, self._job.options, self._job.sketch
            )
        notes: dict[str, Any] = {key: found[key] for key in ("resolution",) if key in found}
        of_sources = {} if own is None else {"self_response": own}
        return TileValues(values, of_sources, {"steps": time.perf_counter() - began}, notes)
