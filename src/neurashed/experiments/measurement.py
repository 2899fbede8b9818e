"""A measurement of one network on one data set, from its settings to its run folder."""

import logging
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from neurashed.data import Examples, load_examples
from neurashed.elasticity import (
    MeasurementOptions,
    MeasurementPlan,
    StreamPlan,
    Tiling,
    class_table_of,
    measure_elasticity,
    plan_measurement,
    plan_streaming,
    stream_elasticity,
    top_probes_of,
)
from neurashed.experiments.networks import checksum_weights, load_network
from neurashed.experiments.workplace import working_in
from neurashed.results import RunFolder
from neurashed.results.tiled import Storage, journal_of
from neurashed.task import SGD, Task
from neurashed.typing import Measure, Step

__all__ = ["MeasureSettings", "plan_run", "run_measurement"]

_LOGGER = logging.getLogger(__name__)
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
        matmul_precision: ``"highest"``, or ``"high"`` for products of gradients in bfloat16 parts
            where the processor has matrix units for them, as `MeasurementOptions` takes it.
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
    matmul_precision: str = "highest"
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


def plan_run(settings: MeasureSettings, *, executor: object = None) -> MeasurementPlan | StreamPlan:
    """Return how a measurement would be made and what it would cost, without making it.

    Args:
        settings: The measurement.
        executor: What would compute tiles, see `run_measurement`.

    Returns:
        The plan.
    """
    work = _load(settings)
    if executor is not None or _is_streamed(settings, work):
        return plan_streaming(
            work.task, work.sources, work.probes, **_choices(settings),
            tiling=_tiling(settings, work), executor=executor, options=_options(settings),
        )  # fmt: skip
    return plan_measurement(
        work.task, work.sources, work.probes, **_choices(settings), options=_options(settings)
    )


def run_measurement(
    settings: MeasureSettings,
    path: Path,
    *,
    overwrite: bool = False,
    repeats: bool = False,
    progress: Callable[..., Any] | None = None,
    executor: object = None,
) -> RunFolder:
    """Measure, and keep the result in a run folder with everything needed to repeat it.

    Args:
        settings: The measurement.
        path: The run folder, new or empty; a run of the same settings that was killed is resumed.
        overwrite: Whether to replace a run that is there.
        repeats: Whether a run of the same settings, data and versions that has come to its end is
            returned as it is, and not refused.
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
        repeats=repeats,
    )
    if run.record.finished:
        _LOGGER.info("%s holds this run, which had come to its end; nothing is computed", path)
        return run
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
    tiling = _tiling(settings, work)
    # What the job leaves beside its store has a name of its own in a run, and goes there last.
    places = {
        store: (store, tiling.keep_matrix),
        top_probes_of(store): (run.top_probes_path, tiling.top_k > 0),
        class_table_of(store): (run.class_table_path, tiling.class_table),
    }
    moves = {made: place for made, (place, is_kept) in places.items() if is_kept}
    is_made = all(made.exists() or place.exists() for made, place in moves.items())
    if journal_of(store).exists() or not is_made:
        stream_elasticity(
            work.task, work.sources, work.probes, store=store, **_choices(settings),
            tiling=tiling, executor=executor, options=_options(settings, progress),
        )  # fmt: skip
    for made, place in moves.items():
        if made.exists():
            made.rename(place)
    if settings.keep_matrix:
        run.list_result(settings.measure)


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
        matmul_precision=settings.matmul_precision,
    )
