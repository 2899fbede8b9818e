"""Running tiles here, or on any executor of `concurrent.futures`."""

import pickle
from collections.abc import Generator
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from neurashed.errors import InputError
from neurashed.results.tiled import Tile, explain_write
from neurashed.scale.exhaustion import explain_exhaustion
from neurashed.scale.job import OpenJob
from neurashed.scale.work import Piece, Work, do_tile, keep, open_here

__all__ = ["run_here", "run_on_executor"]

_LOADED: dict[str, Work] = {}


def run_here(work: Work, tiles: list[Tile]) -> Generator[Piece]:
    """Yield pieces.

    Where another device computes, one tile is written while the next is computed. On a processor
    either would only take the cores from the other: products wait for their slowest thread.
    """
    with explain_exhaustion(work.job):
        job = open_here(work)
        if job.is_elsewhere:
            yield from _run_beside_writing(work, job, tiles)
            return
        for tile in tiles:
            yield keep(work, tile, job.compute(tile))


def _run_beside_writing(work: Work, job: OpenJob, tiles: list[Tile]) -> Generator[Piece]:
    with ThreadPoolExecutor(1, thread_name_prefix="tiles") as writer:
        writing: Future[Piece] | None = None
        for tile in tiles:
            found = job.compute(tile)
            if writing is not None:
                yield writing.result()
            writing = writer.submit(keep, work, tile, found)
        if writing is not None:
            yield writing.result()


@dataclass(frozen=True)
class _Parcel:
    """Work in a file, so that a process reads it once and not with every tile."""

    path: Path
    key: str

    def open(self) -> Work:
        if self.key not in _LOADED:
            _LOADED.clear()
            _LOADED[self.key] = pickle.loads(self.path.read_bytes())
        return _LOADED[self.key]


def _do(parcel: _Parcel, tile: Tile) -> Piece:
    return do_tile(parcel.open(), tile)


def run_on_executor(
    work: Work, tiles: list[Tile], executor: Executor, folder: Path
) -> Generator[Piece]:
    """Yield pieces as an executor finishes them.

    An `InputError` says if model or data cannot be sent to another process, a `NeurashedError` if a
    worker died or ran out of memory.

    Args:
        work: The work.
        tiles: The tiles to do.
        executor: Threads, processes, or anything else with ``submit``.
        folder: Where the work is left for other processes; they must see it and the store.

    Yields:
        A piece for each tile.
    """
    parcel = _Parcel(folder / f"{work.key}.pickle", work.key)
    with explain_write(parcel.path):
        parcel.path.write_bytes(_pickle(work))
    _LOADED[work.key] = work
    running: set[Future[Piece]] = set()
    try:
        with explain_exhaustion(work.job, BrokenExecutor):
            running |= {executor.submit(_do, parcel, tile) for tile in tiles}
            for future in as_completed(running):
                running.discard(future)  # what it holds may be large
                yield future.result()
    finally:
        for future in running:
            future.cancel()
        _LOADED.pop(work.key, None)
        parcel.path.unlink(missing_ok=True)


def _pickle(work: Work) -> bytes:
    try:
        return pickle.dumps(work)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        message = (
            f"the work cannot be sent to another process: {error}; define the model and its loss "
            "in a module, not in a function or a notebook cell"
        )
        raise InputError(message) from error
