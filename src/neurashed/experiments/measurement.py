"""A measurement of one network on one data set, from its settings to its run folder."""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import xarray as xr

from neurashed.data import Examples, load_examples
from neurashed.elasticity import (
    MeasurementOptions,
    MeasurementPlan,
    StreamPlan,
    Tiling,
    measure_elasticity,
    plan_measurement,
    plan_streaming,
    stream_elasticity,
    top_probes_of,
)
from neurashed.experiments.networks import checksum_weights, load_network
from neurashed.experiments.workplace import working_in
from neurashed.results import (
    ClassSums,
    RunFolder,
    iterate_blocks,
    open_result,
    save_class_table,
)
from neurashed.results.tiled import Storage, journal_of
from neurashed.task import SGD, Task
from neurashed.typing import Measure, Step

__all__ = ["MeasureSettings", "plan_run", "run_measurement"]

# Bytes above which a result is kept in tiles on disk, and never held as a whole.
_LARGEST_IN_MEMORY = 2 * 10**9


@dataclass(frozen=True)
class MeasureSettings:
    """Everything a measurement depends on; it is written to ``run.json`` and read back.

    Attributes:
        model: The network, as `load_network` reads it.
        data: The sources, as `neurashed.data.load_examples` reads them.
        probes: The probes; the sources themselves if None.
        weights: A file of weights; the network stays as initialized if None.
        loss: Name of the loss.
        readout: Name of the readout.
        lr: Learning rate of the step.
        parameters: Shell patterns of the parameters that the step changes.
        measure: What is made of the responses.
        step: Whether the step is really taken or its derivative is.
        memory: How much memory the work may take, such as ``"2GB"``; a quarter of what is free if
            None. The numbers do not depend on it.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        dtype: Precision of the work, ``"float32"`` or ``"float64"``; the network's own if None.
        divergence: ``"kl"`` or ``"symmetric_kl"``, for the measure ``refined``.
        store: Type in which the result is kept on disk, tile by tile: ``"float32"``,
            ``"float64"``, ``"float16"`` or ``"int8"``. If None, a result under 2 GB is computed in
            memory, and a larger one is kept in tiles of float32.
        top: How many of the strongest probes of each source a result in tiles has beside it.
        keep_matrix: Whether the matrix is kept, or the strongest probes alone.
        sketch: None for exact products of gradients; a dimension or an error for a measure to
            first order from sketches, as `MeasurementOptions` takes it.
        seed: Where initial weights and every other random choice come from.
        folder: Where relative paths and modules are looked for.
    """

    model: str
    data: str
    probes: str | None = None
    weights: str | None = None
    loss: str = "cross_entropy"
    readout: str = "logits"
    lr: float = 1e-3
    parameters: tuple[str, ...] = ("*",)
    measure: Measure = "relative"
    step: Step = "exact"
    memory: str | None = None
    device: str = "auto"
    dtype: str | None = None
    divergence: str = "kl"
    store: str | None = None
    top: int = 20
    keep_matrix: bool = True
    sketch: int | float | None = None
    seed: int = 0
    folder: str = field(default_factory=os.getcwd)


@dataclass(frozen=True)
class _Work:
    """What settings name, loaded."""

    task: Task
    sources: Examples
    probes: Examples | None

    def checksums(self) -> dict[str, str]:
        named = {"weights": checksum_weights(self.task.model), "sources": self.sources.checksum()}
        return named if self.probes is None else {**named, "probes": self.probes.checksum()}


def plan_run(settings: MeasureSettings) -> MeasurementPlan | StreamPlan:
    """Return how a measurement would be made and what it would cost, without making it.

    Args:
        settings: The measurement.

    Returns:
        The plan.
    """
    work = _load(settings)
    if _is_streamed(settings, work):
        return plan_streaming(
            work.task, work.sources, work.probes, **_choices(settings),
            tiling=_tiling(settings, work), options=_options(settings),
        )  # fmt: skip
    return plan_measurement(
        work.task, work.sources, work.probes, **_choices(settings), options=_options(settings)
    )


def run_measurement(
    settings: MeasureSettings,
    path: Path,
    *,
    overwrite: bool = False,
    progress: Callable[..., Any] | None = None,
    executor: object = None,
) -> RunFolder:
    """Measure, and keep the result in a run folder with everything needed to repeat it.

    Args:
        settings: The measurement.
        path: The run folder, new or empty; a run of the same settings that was killed is resumed.
        overwrite: Whether to replace a run that is there.
        progress: Shows how far the work has come.
        executor: What computes tiles, see `stream_elasticity`; the result is then kept in tiles.

    Returns:
        The finished run folder; its main result is named after the measure. Where the matrix is
        not kept, it has no result but the strongest probes.
    """
    work = _load(settings)
    run = RunFolder.create(
        path,
        settings={"command": "measure", **asdict(settings)},
        seeds={"seed": settings.seed},
        data=work.checksums(),
        overwrite=overwrite,
    )
    if executor is not None or _is_streamed(settings, work):
        _stream(settings, work, run, progress, executor)
    elif settings.measure not in run.finished:
        options = _options(settings, progress)
        result = measure_elasticity(
            work.task, work.sources, work.probes, **_choices(settings), options=options
        )
        run.add_result(settings.measure, result)
    run.finish()
    return run


def _stream(
    settings: MeasureSettings,
    work: _Work,
    run: RunFolder,
    progress: Callable[..., Any] | None,
    executor: object,
) -> None:
    store = run.path / "results" / f"{settings.measure}.zarr"
    strongest, tiling = top_probes_of(store), _tiling(settings, work)
    made = (store,) if settings.keep_matrix else (strongest, run.top_probes_path)
    table = None
    if journal_of(store).exists() or not any(place.exists() for place in made):
        table = stream_elasticity(
            work.task, work.sources, work.probes, store=store, **_choices(settings),
            tiling=tiling, executor=executor, options=_options(settings, progress),
        ).class_table  # fmt: skip
    elif tiling.class_table and settings.keep_matrix and not run.class_table_path.exists():
        table = _sum_classes(work, open_result(store))  # killed before it was saved
    if table is not None:
        save_class_table(table, run.class_table_path)
    if strongest.exists():
        strongest.rename(run.top_probes_path)
    if settings.keep_matrix:
        run.list_result(settings.measure)


def _sum_classes(work: _Work, result: xr.DataArray) -> xr.Dataset:
    """Make the class table of a matrix that is whole."""
    sources = work.sources.axis_labels()
    sums = ClassSums(sources, sources if work.probes is None else work.probes.axis_labels())
    for block in iterate_blocks(result):
        sums.add(block.sources, block.probes, block.values)
    return sums.finish(name=str(result.name), units=result.attrs["units"])


def _is_streamed(settings: MeasureSettings, work: _Work) -> bool:
    num_probes = len(work.sources if work.probes is None else work.probes)
    is_large = 4 * len(work.sources) * num_probes > _LARGEST_IN_MEMORY
    return is_large or settings.store is not None or not settings.keep_matrix


def _tiling(settings: MeasureSettings, work: _Work) -> Tiling:
    storage = Storage("float32" if settings.store is None else settings.store)
    has_labels = all(
        each is None or each.labels is not None for each in (work.sources, work.probes)
    )
    return Tiling(
        storage=storage,
        top_k=settings.top,
        class_table=has_labels,
        keep_matrix=settings.keep_matrix,
    )


def _load(settings: MeasureSettings) -> _Work:
    with working_in(settings.folder):
        weights = None if settings.weights is None else Path(settings.weights)
        model = load_network(settings.model, weights=weights, seed=settings.seed)
        sources = load_examples(settings.data)
        probes = None if settings.probes is None else load_examples(settings.probes)
    update = SGD(settings.lr, settings.parameters)
    task = Task(model, loss=settings.loss, readout=settings.readout, update=update)
    return _Work(task, sources, probes)


def _choices(settings: MeasureSettings) -> dict[str, Any]:
    names = ("measure", "step", "memory", "device")
    return {name: getattr(settings, name) for name in names}


def _options(
    settings: MeasureSettings, progress: Callable[..., Any] | None = None
) -> MeasurementOptions:
    return MeasurementOptions(
        dtype=settings.dtype,
        divergence=settings.divergence,
        seed=settings.seed,
        progress=progress,
        sketch=settings.sketch,
    )
