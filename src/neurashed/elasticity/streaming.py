"""Measurements too large for memory, tile by tile to a store on disk."""

import logging
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neurashed.data import Examples
from neurashed.elasticity.measures import MEASURES
from neurashed.elasticity.options import MeasurementOptions
from neurashed.elasticity.provenance import describe_measurement
from neurashed.elasticity.tile_plan import StreamPlan, check_disk, identify, plan_streaming
from neurashed.elasticity.tiling import Tiling
from neurashed.errors import StoreError
from neurashed.results import label_elasticity, label_top_probes, open_result, save_top_probes
from neurashed.results.tiled import Journal, TiledMatrix, journal_of, read_identity
from neurashed.scale import Outcome, TopReduction, Work, join_top_probes, run_work
from neurashed.task import Task
from neurashed.typing import Measure, Step

__all__ = ["Streamed", "stream_elasticity"]

_LOGGER = logging.getLogger(__name__)

# The journal's record that all of the store but its tiles is there.
_CREATED = "created"


@dataclass(frozen=True)
class Streamed:
    """What a streamed measurement left.

    Attributes:
        path: The store of the matrix, or of the strongest probes where no matrix is kept.
        result: The matrix ``(source, probe)``, read when it is indexed, or None.
        top_probes: The strongest probes ``(source, rank)`` of each source, or None.
        top_probes_path: Their store, or None.
        num_tiles: How many tiles there are.
        num_computed: How many of them were computed now, and not before.
        seconds: Seconds by what they were spent on, summed over processes and earlier runs.
        operations: Floating-point operations planned for all tiles, or None for exact steps.
    """

    path: Path
    result: xr.DataArray | None
    top_probes: xr.Dataset | None
    top_probes_path: Path | None
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
    computed, and the result is the same bit for bit, given the same memory budget.

    Args:
        task: Model, loss, readout and update rule.
        sources: Examples along the rows.
        probes: Examples along the columns; the sources themselves if None.
        store: A Zarr store to write, by custom ending in ``.zarr``. The strongest probes lie
            beside it, in ``<name>.top_probes.zarr``.
        measure: One of the measures; the trace of the tangent kernel over outputs.
        step: ``"exact"`` or ``"first_order"``.
        tiling: How it is cut and kept.
        executor: None to compute here; a `concurrent.futures.Executor`; a
            ``dask.distributed.Client`` or a `neurashed.scale.Cluster`.
        memory: Budget of each process beside model, data and one tile; see `measure_elasticity`.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        options: Precision, divergence, seed and progress.
        overwrite: Whether to begin again where a result or another unfinished job is.

    Returns:
        The result and what it took.

    A `StoreError` says if the disk cannot hold it, another process writes it, it was begun with
    other data, model or settings, or it cannot be written.

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
    target = Path(store)
    _make_room(target, overwrite=overwrite)
    plan = plan_streaming(
        task, sources, probes, measure=measure, step=step, tiling=tiling, memory=memory,
        device=device, options=options, begun=read_identity(target),
    )  # fmt: skip
    check_disk(plan, target, _bytes_of(target))
    _LOGGER.info("%s", plan.describe())
    journal = Journal.begin(target, identify(plan, tiling), {"budget": plan.prepared.memory})
    try:
        template = _template(plan)
        matrix = _begin_matrix(target, template, plan, tiling, journal)
        work = _describe_work(plan, tiling, matrix, journal)
        outcome = run_work(work, journal, executor=executor, progress=options.progress)
        top = None
        if tiling.top_k:
            top = _join_top(outcome, template, tiling.top_k, top_probes_of(target))
        if matrix is not None:
            _finish(matrix, outcome, tiling)
        journal.remove()
    finally:
        journal.close()
    return Streamed(
        path=top_probes_of(target) if matrix is None else target,
        result=None if matrix is None else open_result(target),
        top_probes=top,
        top_probes_path=None if top is None else top_probes_of(target),
        num_tiles=len(plan.job.grid),
        num_computed=outcome.num_computed,
        seconds=outcome.seconds,
        operations=None if plan.products is None else plan.products.plan.operations,
    )


def top_probes_of(store: Path) -> Path:
    """Return where the strongest probes of a store lie: beside it."""
    return store.with_name(f"{store.stem}.top_probes.zarr")


def _make_room(target: Path, *, overwrite: bool) -> None:
    journal = journal_of(target)
    places = (target, top_probes_of(target))
    if overwrite:
        for place in (*places, journal):
            shutil.rmtree(place, ignore_errors=True)
    for place in places:
        if place.exists() and not journal.exists():
            message = (
                f"{place} exists already; choose another path or overwrite it (overwrite=True)"
            )
            raise StoreError(message)


def _bytes_of(target: Path) -> int:
    return sum(path.stat().st_size for path in target.rglob("*") if path.is_file())


def _template(plan: StreamPlan) -> xr.DataArray:
    """Everything of the result but its numbers."""
    job, prepared = plan.job, plan.prepared
    rule = MEASURES[job.measure]
    names: dict[str, Any] = {"measure": job.measure, "step": job.step if rule.takes_step else None}
    if job.measure == "refined":
        names["divergence"] = job.options.divergence
    method = {} if plan.products is None else plan.products.plan.to_dict()
    nothing = np.broadcast_to(np.float32(0), (job.grid.num_sources, job.grid.num_probes))
    axis = job.sources.axis_labels()
    return label_elasticity(
        nothing,
        sources=axis,
        probes=axis if job.probes is None else job.probes.axis_labels(),
        name=job.measure,
        units=rule.units or prepared.subject.task.readout.units,
        provenance=describe_measurement(
            prepared,
            nothing[:1, :1],
            names=names,
            method=method,
            options=job.options,
            sketch=None if job.judged is None else job.judged.to_dict(),
        ),
    )


def _begin_matrix(
    target: Path, template: xr.DataArray, plan: StreamPlan, tiling: Tiling, journal: Journal
) -> TiledMatrix | None:
    if not tiling.keep_matrix:
        return None
    if _CREATED in journal.read():
        return TiledMatrix(target, plan.job.measure, plan.job.grid, tiling.storage)
    try:
        matrix = TiledMatrix.create(target, template, plan.job.grid, tiling.storage)
    except OSError as error:
        message = f"cannot write {target}: {error}; choose a folder that can be written"
        raise StoreError(message) from error
    journal.add(_CREATED, {})
    return matrix


def _describe_work(
    plan: StreamPlan, tiling: Tiling, matrix: TiledMatrix | None, journal: Journal
) -> Work:
    reductions = []
    if tiling.top_k:
        own = _own_places(plan.job.sources, plan.job.probes)
        reductions.append(TopReduction(tiling.top_k, own))
    scratch = None
    if plan.scratch_bytes:
        scratch = journal.folder / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)  # what a killed run left is not trusted
    return Work(plan.job, secrets.token_hex(8), matrix, reductions, scratch)


def _own_places(sources: Examples, probes: Examples | None) -> np.ndarray:
    """Return the place of each source among the probes by its id, -1 where it is none."""
    if probes is None:
        return np.arange(len(sources))
    places = {one: place for place, one in enumerate(probes.ids.tolist())}
    return np.array([places.get(one, -1) for one in sources.ids.tolist()])


def _join_top(outcome: Outcome, template: xr.DataArray, k: int, path: Path) -> xr.Dataset:
    values, places = join_top_probes(outcome.grid, outcome.arrays("top"), k)
    labelled = label_top_probes(values, places, like=template)
    shutil.rmtree(path, ignore_errors=True)  # of a run that was killed after it was written
    save_top_probes(labelled, path)
    return labelled


def _finish(matrix: TiledMatrix, outcome: Outcome, tiling: Tiling) -> None:
    """Tell the store what all tiles came to, and that it is whole."""
    records = {tile.name: outcome.records[tile.name] for tile in outcome.grid}
    undefined = sum(
        record["undefined"] * (1 + outcome.grid.is_mirrored(tile))
        for tile in outcome.grid
        for record in [records[tile.name]]
    )
    size = outcome.grid.num_sources * outcome.grid.num_probes
    provenance: dict[str, Any] = {
        "undefined": {"count": undefined, "fraction": undefined / size},
        "storage": {
            **asdict(tiling.storage),
            "bound": tiling.storage.bound,
            "largest_error_found": max(record["error"] for record in records.values()),
        },
        "tiles": {"count": len(outcome.grid), "seconds": outcome.seconds},
        **_sum_resolution([record["notes"] for record in records.values()]),
    }
    matrix.finish(records, provenance=provenance, source_coords=_of_sources(outcome))


def _of_sources(outcome: Outcome) -> dict[str, np.ndarray]:
    """Join what each tile says of its sources; those of one row of tiles say the same."""
    joined: dict[str, np.ndarray] = {}
    for tile, arrays in outcome.arrays("of_sources"):
        for name, values in arrays.items():
            if name not in joined:
                joined[name] = np.zeros(outcome.grid.num_sources, dtype=values.dtype)
            joined[name][outcome.grid.sources(tile)] = values
    return joined


def _sum_resolution(notes: list[Mapping[str, Any]]) -> dict[str, Any]:
    found = [note["resolution"] for note in notes if "resolution" in note]
    if not found:
        return {}
    counts = {name: sum(one[name] for one in found) for name in ("unresolved", "zero_responses")}
    fraction = float(np.mean([one["fraction"] for one in found]))
    return {"resolution": {**counts, "fraction": fraction, "rule": found[0]["rule"]}}
