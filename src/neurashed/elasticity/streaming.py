"""Measurements too large for memory, tile by tile to a store on disk."""

import logging
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any

import xarray as xr

from neurashed.data import Examples
from neurashed.elasticity.options import MeasurementOptions
from neurashed.elasticity.stream_store import (
    begin_matrix,
    describe_work,
    finish_matrix,
    keep_classes,
    keep_top,
    make_template,
)
from neurashed.elasticity.tile_plan import StreamPlan, check_disk, identify, plan_streaming
from neurashed.elasticity.tiling import Tiling
from neurashed.results import open_class_table, open_result, open_top_probes
from neurashed.results.tiled import (
    Journal,
    check_free,
    is_made,
    journal_of,
    read_identity,
    remove_leftovers,
)
from neurashed.scale import Outcome, run_work
from neurashed.task import Task
from neurashed.typing import Measure, Step

__all__ = ["Streamed", "class_table_of", "stream_elasticity", "top_probes_of"]

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Streamed:
    """What a streamed measurement left.

    Attributes:
        path: The store of the matrix, or None where no matrix is kept.
        result: The matrix ``(source, probe)``, read when it is indexed, or None.
        top_probes: The strongest probes ``(source, rank)`` of each source, or None.
        top_probes_path: Their store, or None.
        class_table: Means over all pairs of two classes, see `neurashed.results.class_table`, or
            None.
        class_table_path: Its file, or None.
        num_tiles: How many tiles there are.
        num_computed: How many of them were computed now, and not before.
        seconds: Seconds by what they were spent on, summed over processes and earlier runs; none
            if the job had come to its end before.
        operations: Floating-point operations planned for all tiles, or None for exact steps.
    """

    path: Path | None
    result: xr.DataArray | None
    top_probes: xr.Dataset | None
    top_probes_path: Path | None
    class_table: xr.Dataset | None
    class_table_path: Path | None
    num_tiles: int
    num_computed: int
    seconds: dict[str, float]
    operations: float | None


def stream_elasticity(  # noqa: PLR0913, the front door of large measurements
    task: Task,
    sources: Examples,
    probes: Examples | None = None,
    *,
    store: str | os.PathLike[str],
    measure: Measure = "tangent_kernel",
    step: Step = "first_order",
    tiling: Tiling | None = None,
    executor: object = None,
    memory: str | int | None = None,
    device: str = "auto",
    options: MeasurementOptions | None = None,
    overwrite: bool = False,
) -> Streamed:
    """Measure as `measure_elasticity` and `tangent_kernel` do, tile by tile to a store on disk.

    A job that was killed goes on with the same call: only tiles that are missing or damaged are
    computed, and the result is the same bit for bit, given the same memory budget. A job that has
    come to its end is opened with the same call, and nothing is computed.

    Args:
        task: Model, loss, readout and update rule.
        sources: Examples along the rows.
        probes: Examples along the columns; the sources themselves if None.
        store: A Zarr store to write, by custom ending in ``.zarr``. The strongest probes lie
            beside it in ``<name>.top_probes.zarr``, the class table in ``<name>.class_table.json``.
        measure: One of the measures; the trace of the tangent kernel over outputs.
        step: ``"exact"`` or ``"first_order"``.
        tiling: How it is cut and kept.
        executor: None to compute here; a `concurrent.futures.Executor`; a
            ``dask.distributed.Client`` or a `neurashed.scale.Cluster`.
        memory: Budget of each process beside model, data and one tile; see `measure_elasticity`.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        options: Precision, divergence, seed and progress.
        overwrite: Whether to begin anew where a result or another unfinished job is.

    Returns:
        The result and what it took.

    A `StoreError` says if the disk cannot hold it, another process writes it, it was begun or made
    with other data, model or settings, or it cannot be written.

    Example:
        >>> import tempfile, torch, neurashed as ns
        >>> examples = ns.Examples(inputs=torch.eye(3), targets=torch.zeros(3))
        >>> task = ns.Task(torch.nn.Linear(3, 1), loss="mse", readout="output")
        >>> folder = tempfile.mkdtemp()
        >>> ns.stream_elasticity(task, examples, store=f"{folder}/kernel.zarr").result.values
        array([[2., 1., 1.],
               [1., 2., 1.],
               [1., 1., 2.]], dtype=float32)
    """
    options = options or MeasurementOptions()
    tiling = tiling or Tiling()
    target = Path(store).absolute()  # workers elsewhere run in other folders
    makes = (target, top_probes_of(target), class_table_of(target))
    kept = tiling.keep_matrix, bool(tiling.top_k), tiling.class_table
    wanted = tuple(compress(makes, kept))
    check_free(target, makes, overwrite=overwrite)
    plan = plan_streaming(
        task, sources, probes, measure=measure, step=step, tiling=tiling, executor=executor,
        memory=memory, device=device, options=options,
        begun=None if overwrite else read_identity(target, makes),
    )  # fmt: skip
    identity = identify(plan, tiling)
    if not overwrite and is_made(target, makes, wanted, identity):
        _LOGGER.info("%s was made before by the same job; nothing is computed", wanted[0])
        remove_leftovers((journal_of(target), *makes))
        return _open(plan, target, wanted, None)
    check_disk(plan, target, _bytes_of(target))
    _LOGGER.info("%s", plan.describe())
    journal = Journal.begin(
        target, identity, {"budget": plan.prepared.memory}, makes=makes, overwrite=overwrite
    )
    try:
        outcome = _run(plan, tiling, journal, executor, options.progress)
        journal.remove()
    finally:
        journal.close()
    return _open(plan, target, wanted, outcome)


def _run(
    plan: StreamPlan,
    tiling: Tiling,
    journal: Journal,
    executor: object,
    progress: Callable[..., Any] | None,
) -> Outcome:
    """Do what is missing, and bring all that is made to disk."""
    target = journal.target
    template = make_template(plan)
    matrix = begin_matrix(target, template, plan, tiling, journal)
    work = describe_work(plan, tiling, matrix, journal)
    outcome = run_work(work, journal, executor=executor, progress=progress)
    if tiling.top_k:
        keep_top(outcome, template, tiling.top_k, top_probes_of(target))
    if tiling.class_table:
        keep_classes(outcome, plan.job, class_table_of(target))
    if matrix is not None:
        finish_matrix(matrix, outcome, tiling)
    return outcome


def _open(
    plan: StreamPlan, target: Path, wanted: Collection[Path], outcome: Outcome | None
) -> Streamed:
    """Open what was made, now or before."""
    verify = "checksums" if outcome is None else "sizes"
    top, table = top_probes_of(target), class_table_of(target)
    return Streamed(
        path=target if target in wanted else None,
        result=open_result(target, verify=verify) if target in wanted else None,
        top_probes=open_top_probes(top, verify=verify) if top in wanted else None,
        top_probes_path=top if top in wanted else None,
        class_table=open_class_table(table) if table in wanted else None,
        class_table_path=table if table in wanted else None,
        num_tiles=len(plan.job.grid),
        num_computed=0 if outcome is None else outcome.num_computed,
        seconds={} if outcome is None else outcome.seconds,
        operations=None if plan.products is None else plan.products.plan.operations,
    )


def top_probes_of(store: Path) -> Path:
    """Return where the strongest probes of a store lie: beside it.

    Args:
        store: The store of the matrix, kept or not.

    Returns:
        The path of theirs.
    """
    return store.with_name(f"{store.stem}.top_probes.zarr")


def class_table_of(store: Path) -> Path:
    """Return where the class table of a store lies: beside it.

    Args:
        store: The store of the matrix, kept or not.

    Returns:
        The path of its file.
    """
    return store.with_name(f"{store.stem}.class_table.json")


def _bytes_of(target: Path) -> int:
    return sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
