"""The experiment on toy manifolds as a run that may be killed at any time."""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import torch
import xarray as xr

from neurashed.errors import StoreError
from neurashed.experiments.he_su_2020.manifolds.figure import draw_manifolds
from neurashed.experiments.he_su_2020.manifolds.findings import find_in_manifolds, write_table
from neurashed.experiments.he_su_2020.manifolds.measurement import measure_network
from neurashed.experiments.he_su_2020.manifolds.settings import (
    NETWORKS,
    ManifoldSettings,
    name_result,
)
from neurashed.results import RunFolder, open_result, save_result

__all__ = ["FIGURE_FILE", "TABLE_FILE", "run_manifolds"]

TABLE_FILE = "manifolds.csv"
FIGURE_FILE = "manifolds.png"

# What differs from seed to seed; everything else of a result is the same for all seeds.
_PER_SEED = ["geodesic", "proxy", "kernel_distance"]


class _Unit(NamedTuple):
    """The smallest piece of work: one network on one sample, and where its result goes."""

    manifold: str
    network: str
    seed: int
    path: Path


def run_manifolds(
    settings: ManifoldSettings,
    path: Path,
    *,
    num_workers: int | None = None,
    overwrite: bool = False,
    progress: Callable[..., Any] | None = None,
) -> RunFolder:
    """Train and measure every network on every sample, into a run folder.

    Each network is trained in one thread, so the numbers depend neither on the number of workers
    nor on where a killed run was resumed.

    Args:
        settings: Which manifolds and seeds, and how the networks are trained.
        path: The run folder, new or empty; a run of the same settings that was killed is resumed.
        num_workers: How many processes share the work, one for each processor if None.
        overwrite: Whether to replace a run that is there.
        progress: Shows how far the work has come.

    Returns:
        The finished run folder, with a result ``(seed, source, probe)`` for each pair of manifolds
        and network such as ``torus_ReLU``, the table ``manifolds.csv`` and the figure
        ``manifolds.png``.
    """
    run = RunFolder.create(
        path,
        settings={"command": "reproduce he-su-2020 manifolds", **asdict(settings)},
        overwrite=overwrite,
    )
    units = _list_units(settings, run.path)
    waiting = [unit for unit in units if not _is_whole(unit.path)]
    _measure_all(waiting, settings, num_workers or os.cpu_count() or 1, progress)
    for manifold in settings.manifolds:
        for network in NETWORKS:
            parts = [unit for unit in units if unit[:2] == (manifold, network)]
            run.add_result(f"{manifold}_{network}", _stack_seeds(parts))
    write_table(find_in_manifolds(run), run.path / TABLE_FILE)
    draw_manifolds(run, run.path / FIGURE_FILE)
    run.finish()
    return run


def _list_units(settings: ManifoldSettings, folder: Path) -> list[_Unit]:
    # Beside the results that run.json lists, so that they are replaced and tidied with them.
    return [
        _Unit(*names, folder / "results" / f"{name_result(*names)}.zarr")
        for manifold in settings.manifolds
        for seed in settings.seeds
        for network in NETWORKS
        for names in [(manifold, network, seed)]
    ]


def _is_whole(path: Path) -> bool:
    try:
        open_result(path, verify="checksums")
    except StoreError:
        return False
    return True


def _measure_all(
    units: list[_Unit],
    settings: ManifoldSettings,
    num_workers: int,
    progress: Callable[..., Any] | None,
) -> None:
    def follow(items: list[Any]) -> Iterator[Any]:
        return iter(items) if progress is None else progress(items, description="Manifolds")

    num_workers = min(num_workers, len(units))
    if num_workers <= 1:
        for unit in follow(units):
            _measure_unit(unit, settings)
        return
    # Not forked: a process with threads, as torch has, cannot be copied safely.
    context = get_context("spawn")
    with ProcessPoolExecutor(num_workers, context, initializer=_end_with_parent) as pool:
        waiting = [pool.submit(_measure_unit, unit, settings) for unit in units]
        try:
            for done in follow(waiting):
                done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """Let a worker end at once when the run is killed, which it would otherwise outlive."""

    def watch() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    Thread(target=watch, daemon=True).start()


def _measure_unit(unit: _Unit, settings: ManifoldSettings) -> None:
    with _one_thread():
        result = measure_network(unit.manifold, unit.network, unit.seed, settings)
    # What is there is no whole result, or it would not be measured again.
    shutil.rmtree(unit.path, ignore_errors=True)
    save_result(result, unit.path)


@contextmanager
def _one_thread() -> Iterator[None]:
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(num_threads)


def _stack_seeds(parts: list[_Unit]) -> xr.DataArray:
    """Return the results of all seeds as one, with what training came to in each."""
    results = [open_result(part.path).load() for part in parts]
    provenance = dict(results[0].attrs["provenance"])
    provenance["training"] = [each.attrs["provenance"]["training"] for each in results]
    stacked = xr.concat(
        [each.drop_vars("self_response").assign_coords(seed=part.seed)
         for each, part in zip(results, parts, strict=True)],
        dim="seed", coords=_PER_SEED, compat="equals", join="exact", combine_attrs="override",
    )  # fmt: skip
    return stacked.assign_attrs(provenance=provenance)
