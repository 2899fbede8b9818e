"""What any process does with one tile: compute it, write it, and keep what is small of it."""

import os
import platform
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from neurashed.results.tiled import Tile, TiledMatrix
from neurashed.scale.job import OpenJob, Reduction, TileJob, TileValues

__all__ = ["Piece", "Work", "do_tile", "forget", "keep", "open_here"]

# Each process opens a job once and keeps it for the tiles that follow.
_OPENED: dict[str, OpenJob] = {}
_LOCK = threading.Lock()


@dataclass(frozen=True)
class Work:
    """A job and what becomes of its tiles; it can be sent to another process.

    Attributes:
        job: What is computed.
        key: Different for every run of every job.
        matrix: Where tiles are written, or None if only reductions are kept.
        reductions: What is kept of each tile.
        scratch: A folder for what does not fit in memory, or None.
    """

    job: TileJob
    key: str
    matrix: TiledMatrix | None
    reductions: Sequence[Reduction] = ()
    scratch: Path | None = None


@dataclass(frozen=True)
class Piece:
    """What is known of a tile that is done.

    Attributes:
        tile: Which.
        record: For the journal.
        arrays: What reductions kept, and values of sources.
        values: The tile itself, where it is still to be written.
    """

    tile: Tile
    record: dict[str, Any]
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    values: TileValues | None = None


def open_here(work: Work) -> OpenJob:
    """Return the job, opened once in this process."""
    with _LOCK:
        if work.key not in _OPENED:
            _OPENED.clear()  # one job at a time: its rows may fill the budget
            _OPENED[work.key] = work.job.open(_own_scratch(work.scratch))
        return _OPENED[work.key]


def _own_scratch(scratch: Path | None) -> Path | None:
    """Return a folder that no other process of any machine writes to."""
    return None if scratch is None else scratch / f"{platform.node()}-{os.getpid()}"


def keep(work: Work, tile: Tile, found: TileValues) -> Piece:
    """Write a tile and reduce it.

    Args:
        work: The work.
        tile: Which.
        found: Its numbers.

    Returns:
        What the journal is told.
    """
    began = time.perf_counter()
    kept = found.values
    record: dict[str, Any] = {}
    if work.matrix is not None:
        record, packed = work.matrix.write(tile, found.values)
        if work.reductions:  # of the numbers as they will be read, whoever reads them
            kept = work.matrix.unpack(tile, packed)
    written = time.perf_counter()
    arrays = {f"of_sources/{name}": values for name, values in found.of_sources.items()}
    for reduction in work.reductions:
        parts = reduction.reduce(work.job.grid, tile, kept)
        arrays |= {f"{reduction.name}/{name}": values for name, values in parts.items()}
    seconds = dict(found.seconds)
    seconds["writing"] = written - began
    seconds["reducing"] = time.perf_counter() - written
    return Piece(tile, record | {"seconds": seconds, "notes": dict(found.notes)}, arrays)


def do_tile(work: Work, tile: Tile, *, writes: bool = True) -> Piece:
    """Compute a tile in this process, and write it if this process can.

    Args:
        work: The work.
        tile: Which.
        writes: Whether to write here; else the numbers are returned.

    Returns:
        The piece.
    """
    found = open_here(work).compute(tile)
    if writes:
        return keep(work, tile, found)
    return Piece(tile, {}, values=found)


def forget(key: str) -> None:
    """Let go of what was opened in this process for the work of this key."""
    with _LOCK:
        _OPENED.pop(key, None)
