"""What a streamed measurement writes before its first tile and after its last."""

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neurashed.data import Examples
from neurashed.elasticity.measures import MEASURES
from neurashed.elasticity.provenance import describe_measurement
from neurashed.elasticity.tile_plan import StreamPlan
from neurashed.elasticity.tiles import ElasticityJob
from neurashed.elasticity.tiling import Tiling
from neurashed.results import (
    ClassSums,
    label_elasticity,
    label_top_probes,
    save_class_table,
    save_top_probes,
)
from neurashed.results.tiled import Journal, TiledMatrix, explain_write
from neurashed.scale import (
    ClassReduction,
    Outcome,
    Reduction,
    TopReduction,
    Work,
    join_class_sums,
    join_top_probes,
)

__all__ = [
    "begin_matrix",
    "describe_work",
    "finish_matrix",
    "keep_classes",
    "keep_top",
    "make_template",
]

# The journal's record that all of the store but its tiles is there.
_CREATED = "created"


def make_template(plan: StreamPlan) -> xr.DataArray:
    """Return everything of a result but its numbers.

    Args:
        plan: The plan.

    Returns:
        The result with zeros that take no memory.
    """
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


def begin_matrix(
    target: Path, template: xr.DataArray, plan: StreamPlan, tiling: Tiling, journal: Journal
) -> TiledMatrix | None:
    """Write all of a store but its tiles, unless that was done before.

    Args:
        target: The store.
        template: What `make_template` returned.
        plan: The plan.
        tiling: How the result is kept.
        journal: The journal of the job.

    Returns:
        The matrix, or None if none is kept.
    """
    if not tiling.keep_matrix:
        return None
    if _CREATED in journal.read():
        return TiledMatrix(target, plan.job.measure, plan.job.grid, tiling.storage)
    matrix = TiledMatrix.create(target, template, plan.job.grid, tiling.storage)
    journal.add(_CREATED, {})
    return matrix


def describe_work(
    plan: StreamPlan, tiling: Tiling, matrix: TiledMatrix | None, journal: Journal
) -> Work:
    """Return the job and what becomes of its tiles.

    Args:
        plan: The plan.
        tiling: How the result is kept.
        matrix: Where tiles go, or None.
        journal: The journal of the job.

    Returns:
        The work.
    """
    reductions: list[Reduction] = []
    if tiling.class_table:
        reductions.append(ClassReduction(_begin_classes(plan.job)))
    if tiling.top_k:
        own = _own_places(plan.job.sources, plan.job.probes)
        reductions.append(TopReduction(tiling.top_k, own))
    scratch = None
    if plan.scratch_bytes:
        scratch = journal.folder / "scratch"  # empty: what a killed run left is not trusted
    return Work(plan.job, secrets.token_hex(8), matrix, reductions, scratch)


def _own_places(sources: Examples, probes: Examples | None) -> np.ndarray:
    """Return the place of each source among the probes by its id, -1 where it is none."""
    if probes is None:
        return np.arange(len(sources))
    places = {one: place for place, one in enumerate(probes.ids.tolist())}
    return np.array([places.get(one, -1) for one in sources.ids.tolist()])


def keep_top(outcome: Outcome, template: xr.DataArray, k: int, path: Path) -> None:
    """Join the strongest probes of all tiles, and save them.

    Args:
        outcome: What came of the tiles.
        template: What `make_template` returned.
        k: How many probes of each source.
        path: Where they are saved.
    """
    values, places = join_top_probes(outcome.grid, outcome.arrays("top"), k)
    labelled = label_top_probes(values, places, like=template)
    shutil.rmtree(path, ignore_errors=True)  # of a run that was killed after it was written
    save_top_probes(labelled, path, job=outcome.journal.job)


def _begin_classes(job: ElasticityJob) -> ClassSums:
    sources = job.sources.axis_labels()
    return ClassSums(sources, sources if job.probes is None else job.probes.axis_labels())


def keep_classes(outcome: Outcome, job: ElasticityJob, path: Path) -> None:
    """Join the sums over classes of all tiles into a class table of means, and save it.

    Args:
        outcome: What came of the tiles.
        job: The job.
        path: Where it is saved.
    """
    units = MEASURES[job.measure].units or job.task.readout.units
    sums = join_class_sums(_begin_classes(job), outcome.grid, outcome.arrays("classes"))
    table = sums.finish(name=job.measure, units=units)
    with explain_write(path):
        save_class_table(table, path, job=outcome.journal.job)


def finish_matrix(matrix: TiledMatrix, outcome: Outcome, tiling: Tiling) -> None:
    """Tell the store what all tiles came to, and that it is whole.

    Args:
        matrix: The matrix.
        outcome: What came of its tiles.
        tiling: How it is kept.
    """
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
    matrix.finish(
        records,
        provenance=provenance,
        source_coords=_of_sources(outcome),
        job=outcome.journal.job,
    )


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
