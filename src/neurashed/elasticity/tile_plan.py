"""What a streamed measurement would do, take and leave on disk, before any of it."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from neurashed.data import Examples, checksum_content
from neurashed.elasticity.measurement import prepare_measure
from neurashed.elasticity.options import MeasurementOptions
from neurashed.elasticity.preparation import Prepared
from neurashed.elasticity.sizes import describe_bytes
from neurashed.elasticity.sketching import sketch_gradients
from neurashed.elasticity.tiles import ElasticityJob, has_products, plan_job
from neurashed.elasticity.tiling import Tiling
from neurashed.engine import BlockPlan
from neurashed.errors import StoreError
from neurashed.results import collect_provenance
from neurashed.results.tiled import TileGrid, count_bytes
from neurashed.scale import count_processes
from neurashed.task import Task
from neurashed.typing import Measure, Step

__all__ = ["StreamPlan", "check_disk", "identify", "plan_streaming"]

_SYMMETRIC = {"tangent_kernel", "cosine", "kernelized"}
# Bytes of a strip of sources against all probes, where a measure is computed in such.
_STRIP_BYTES = 64 * 2**20
_STEP_OF_SIDES = 64
# Number and place of one of the strongest probes of a tile.
_BYTES_OF_A_TOP_PROBE = 8
# Sum and count of one example of a tile with one class.
_BYTES_OF_A_CLASS_SUM = 16


@dataclass(frozen=True)
class StreamPlan:
    """How a measurement is cut, and what it takes.

    Attributes:
        job: What each process computes.
        prepared: The measurement, checked.
        products: How its products are computed, or None where steps are taken.
        bytes_on_disk: What the store and the journal beside it take at most: compression makes it
            less.
        scratch_bytes: What the scratch files of one process take at most.
        num_processes: Processes that compute, each with scratch files of its own; None if that is
            not known.
    """

    job: ElasticityJob
    prepared: Prepared
    products: BlockPlan | None
    bytes_on_disk: int
    scratch_bytes: int
    num_processes: int | None = 1

    @property
    def scratch(self) -> str:
        """What scratch files take, in words."""
        each = describe_bytes(self.scratch_bytes)
        if self.num_processes is None:
            return f"{each} of scratch for each worker"
        if self.num_processes == 1 or not self.scratch_bytes:
            return f"{each} of scratch"
        total = describe_bytes(self.num_processes * self.scratch_bytes)
        return f"{total} of scratch, {each} for each of {self.num_processes} processes"

    def describe(self) -> str:
        """The plan in a few lines."""
        grid = self.job.grid
        half = ", of one triangle" if grid.is_symmetric else ""
        lines = [
            f"{grid.num_sources:,} sources x {grid.num_probes:,} probes in {len(grid):,} tiles of "
            f"{grid.height:,} x {grid.width:,}{half}",
            f"disk: at most {describe_bytes(self.bytes_on_disk)} for the result"
            + (f" and {self.scratch}" if self.scratch_bytes else ""),
            f"memory: {self.job.budget}",
        ]
        if self.products is not None:
            plan = self.products.plan
            lines.append(f"{plan.operations:.3g} operations, about {plan.seconds:.2g} s of them")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        grid = self.job.grid
        plan = {} if self.products is None else self.products.plan.to_dict()
        return {
            "measure": self.job.measure,
            "step": self.job.step,
            "grid": asdict(grid),
            "num_tiles": len(grid),
            "bytes_on_disk": self.bytes_on_disk,
            "scratch_bytes": self.scratch_bytes,
            "num_processes": self.num_processes,
            **plan,
        }


def plan_streaming(  # noqa: PLR0913, the arguments of the front door
    task: Task,
    sources: Examples,
    probes: Examples | None = None,
    *,
    measure: Measure = "tangent_kernel",
    step: Step = "first_order",
    tiling: Tiling | None = None,
    executor: object = None,
    memory: str | int | None = None,
    device: str = "auto",
    options: MeasurementOptions | None = None,
    begun: Mapping[str, Any] | None = None,
) -> StreamPlan:
    """Check a measurement and cut it into tiles.

    Args:
        task: The task.
        sources: The sources.
        probes: The probes, or None.
        measure: The measure.
        step: Whether the step is really taken.
        tiling: How it is to be cut and kept.
        executor: What is to compute the tiles, see `stream_elasticity`.
        memory: Budget of each process.
        device: Where to compute.
        options: Options.
        begun: The identity of a job that was begun: its tiles and budget are taken up again.

    Returns:
        The plan.
    """
    tiling, options = tiling or Tiling(), options or MeasurementOptions()
    budget = memory
    if begun is not None and memory is None:
        budget = begun.get("budget")
    prepared = prepare_measure(
        task, sources, probes, measure, step, memory=budget, device=device, options=options
    )
    judged = sketch_gradients(prepared, measure, step, options)
    products = None
    if has_products(prepared, measure, step):
        side = tiling.side
        if begun is not None and side is None:
            side = begun.get("grid", {}).get("height")
        sketch = None if judged is None else judged.sketch
        products = plan_job(prepared, measure, side, sketch)[1]
    grid = _cut(prepared, measure, tiling, products)
    precision = "high" if prepared.subject.is_split else "highest"
    job = ElasticityJob(
        task, sources, probes, measure, step, prepared.memory, device,
        replace(options, progress=None, matmul_precision=precision), grid, judged,
    )  # fmt: skip
    on_disk = count_bytes(grid, tiling.storage) if tiling.keep_matrix else 0
    on_disk += len(grid) * _bytes_of_a_piece(grid, tiling, sources, probes or sources)
    scratch = _scratch_bytes(prepared, products, tiling)
    return StreamPlan(job, prepared, products, on_disk, scratch, count_processes(executor))


def _cut(
    prepared: Prepared, measure: Measure, tiling: Tiling, products: BlockPlan | None
) -> TileGrid:
    num_sources, num_probes = len(prepared.sources[1]), len(prepared.probes[1])
    if products is not None:
        is_symmetric = prepared.is_same and measure in _SYMMETRIC
        return TileGrid(num_sources, num_probes, products.side, products.side, is_symmetric)
    width = _STEP_OF_SIDES * -(-num_probes // _STEP_OF_SIDES)
    fits = int(_STRIP_BYTES / prepared.subject.dtype.itemsize / width)
    height = tiling.side or max(1, min(fits, num_sources))
    return TileGrid(num_sources, num_probes, height, width)


def _bytes_of_a_piece(grid: TileGrid, tiling: Tiling, sources: Examples, probes: Examples) -> int:
    """Bytes of what the journal keeps of a tile until all of them are joined."""
    needed = 2 * grid.height * tiling.top_k * _BYTES_OF_A_TOP_PROBE
    labels = [each.labels for each in (sources, probes) if each.labels is not None]
    if tiling.class_table and len(labels) == 2:
        of_sources, of_probes = (len(set(each)) for each in labels)
        needed += (grid.height * of_probes + grid.width * of_sources) * _BYTES_OF_A_CLASS_SUM
    return needed


def _scratch_bytes(prepared: Prepared, products: BlockPlan | None, tiling: Tiling) -> int:
    if products is None or tiling.scratch == "none":
        return 0
    examples = len(prepared.sources[1]) + (0 if prepared.is_same else len(prepared.probes[1]))
    needed = examples * products.bytes_of_an_example
    return needed if needed > prepared.memory // 2 else 0


def check_disk(plan: StreamPlan, target: Path, present: int) -> None:
    """Refuse a job that the disk cannot hold.

    Args:
        plan: The plan.
        target: The store.
        present: Bytes of it that are there already.

    Raises:
        StoreError: If there is too little room; the message says how much is needed.
    """
    folder = target.absolute().parent
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    needed = plan.bytes_on_disk + plan.scratch_bytes * (plan.num_processes or 1) - present
    if needed > free:
        instead = "scratch='none' computes again what does not fit in memory, and takes no scratch"
        message = (
            f"the disk of {folder} has {describe_bytes(free)} left and the job needs up to "
            f"{describe_bytes(needed)} ({describe_bytes(plan.bytes_on_disk)} of result, "
            f"{plan.scratch}); make room, keep fewer bits "
            "(Storage(dtype='float16') or 'int8'), or keep the strongest probes alone "
            f"(keep_matrix=False, top_k=8){f'; {instead}' if plan.scratch_bytes else ''}"
        )
        raise StoreError(message)


def identify(plan: StreamPlan, tiling: Tiling) -> dict[str, Any]:
    """Return what makes a job the same job: what its numbers and files depend on.

    Args:
        plan: The plan.
        tiling: How it is kept.

    Returns:
        Plain values by name.
    """
    versions = collect_provenance()["versions"]
    job, task = plan.job, plan.prepared.subject.task
    update = None if task.update is None else asdict(task.update)
    return {
        "data": plan.prepared.data,
        "model": checksum_content(dict(task.model.state_dict())),
        "architecture": str(task.model),
        "measure": [job.measure, job.step, job.options.divergence],
        "task": [task.loss.name, task.readout.name, update],
        "precision": [str(plan.prepared.subject.dtype), plan.prepared.subject.is_split],
        "seed": job.options.seed,
        "sketch": None if job.sketch is None else job.sketch.to_dict(),
        "grid": asdict(job.grid),
        "storage": asdict(tiling.storage) if tiling.keep_matrix else None,
        "top_k": tiling.top_k,
        "class_table": tiling.class_table,
        "versions": {name: versions[name] for name in ("neurashed", "torch") if name in versions},
    }
