"""Running a job to its end: what is missing is done, and told to the journal."""

import contextlib
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurashed.errors import InputTypeError
from neurashed.optional import require
from neurashed.results.tiled import Journal, Tile, TileGrid
from neurashed.scale.cluster import Cluster, run_on_cluster
from neurashed.scale.executors import run_here, run_on_executor
from neurashed.scale.work import Piece, Work, forget, keep

__all__ = ["Outcome", "Work", "count_processes", "run_work"]


@dataclass(frozen=True)
class Outcome:
    """What came of a job.

    Attributes:
        records: What the journal says of each tile, by the tile's name.
        journal: Where the arrays of each tile are.
        grid: The tiles.
        num_computed: Tiles computed in this run, not before.
    """

    records: dict[str, dict[str, Any]]
    journal: Journal
    grid: TileGrid
    num_computed: int

    def arrays(self, name: str) -> Iterator[tuple[Tile, dict[str, np.ndarray]]]:
        """Yield what one reduction kept of each tile, in the order of the tiles.

        Args:
            name: The reduction, or ``"of_sources"``.

        Yields:
            A tile and its arrays by name.
        """
        for tile in sorted(self.grid):
            kept = self.journal.arrays(tile.name)
            prefix = f"{name}/"
            yield (
                tile,
                {key.removeprefix(prefix): a for key, a in kept.items() if key.startswith(prefix)},
            )

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of all tiles by what they were spent on, those of earlier runs too."""
        total: dict[str, float] = {}
        for record in self.records.values():
            for name, spent in record.get("seconds", {}).items():
                total[name] = total.get(name, 0.0) + float(spent)
        return total


def run_work(
    work: Work,
    journal: Journal,
    *,
    executor: object = None,
    progress: Callable[..., Any] | None = None,
) -> Outcome:
    """Do all tiles that are not done yet.

    A `StoreError` says if a tile cannot be written, another `NeurashedError` if a worker died or
    ran out of memory; what is done is kept.

    Args:
        work: The work.
        journal: Its journal, begun.
        executor: None to compute here; a `concurrent.futures.Executor`; a ``distributed.Client``
            or a `Cluster`.
        progress: Wraps a list and yields its items, to show how far the work has come.

    Returns:
        What came of it.
    """
    records = _find_done(work, journal)
    missing = [tile for tile in work.job.grid if tile.name not in records]
    ticks = iter(missing if progress is None else progress(missing, description="Tiles"))
    next(ticks, None)
    try:
        # Closed at once if this fails, so that no more tiles are computed.
        with contextlib.closing(_pieces(work, missing, executor, journal)) as pieces:
            for piece in pieces if missing else ():
                whole = piece if piece.values is None else keep(work, piece.tile, piece.values)
                journal.add(whole.tile.name, whole.record, whole.arrays)
                records[whole.tile.name] = whole.record
                next(ticks, None)
    finally:
        forget(work.key)
    return Outcome(records, journal, work.job.grid, len(missing))


def _find_done(work: Work, journal: Journal) -> dict[str, dict[str, Any]]:
    """Return the records of tiles whose files are as they were written."""
    found = journal.read()
    done = {}
    for tile in work.job.grid:
        record = found.get(tile.name)
        if record is None or (work.matrix is not None and not work.matrix.is_whole(record)):
            continue
        done[tile.name] = record
    return done


def count_processes(executor: object) -> int | None:
    """Return how many processes an executor has, each of which opens the job for itself.

    Args:
        executor: What `run_work` takes.

    Returns:
        How many there are now, or None where nothing says it.
    """
    if executor is None or isinstance(executor, ThreadPoolExecutor):
        return 1
    if isinstance(executor, ProcessPoolExecutor):
        return getattr(executor, "_max_workers", None)  # no public name says it
    cluster = _as_cluster(executor)
    return None if cluster is None else len(cluster.client.nthreads()) or None


def _pieces(
    work: Work, missing: list[Tile], executor: object, journal: Journal
) -> Generator[Piece]:
    if executor is None:
        return run_here(work, missing)
    if isinstance(executor, Executor):
        return run_on_executor(work, missing, executor, journal.folder)
    cluster = _as_cluster(executor)
    if cluster is not None:
        return run_on_cluster(work, missing, cluster, journal.folder)
    message = (
        f"executor is a {type(executor).__name__}; give a concurrent.futures.Executor, a "
        "dask.distributed.Client, or None to compute here"
    )
    raise InputTypeError(message)


def _as_cluster(executor: object) -> Cluster | None:
    if isinstance(executor, Cluster):
        return executor
    if type(executor).__module__.startswith("distributed."):
        client = require("distributed", extra="dask").Client
        if isinstance(executor, client):
            return Cluster(executor)
    return None
