"""What a job is to those who run it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from neurashed.results.tiled import Tile, TileGrid

__all__ = ["OpenJob", "Reduction", "TileJob", "TileValues"]


@dataclass(frozen=True)
class TileValues:
    """What is computed for a tile.

    Attributes:
        values: ``(source, probe)``.
        of_sources: One value for each source of the tile by name, ``(source,)``.
        seconds: Seconds by what they were spent on.
        notes: What else is to be known of the tile, as JSON holds it.
    """

    values: np.ndarray
    of_sources: Mapping[str, np.ndarray] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class OpenJob(Protocol):
    """A job that is ready to compute in this process."""

    @property
    def is_elsewhere(self) -> bool:
        """Whether another device computes, and the processor has nothing to do meanwhile."""
        ...

    def compute(self, tile: Tile) -> TileValues:
        """Compute a tile: the same numbers whatever was computed before, and wherever."""
        ...


@runtime_checkable
class TileJob(Protocol):
    """What is to be computed; it can be sent to another process."""

    @property
    def grid(self) -> TileGrid:
        """The tiles."""
        ...

    @property
    def budget(self) -> str:
        """The memory budget of each process, in words for an error."""
        ...

    def open(self, scratch: Path | None) -> OpenJob:
        """Make the job ready to compute.

        Args:
            scratch: A folder for what does not fit in memory, or None.

        Returns:
            The job, ready.
        """
        ...


@runtime_checkable
class Reduction(Protocol):
    """Something small that is kept of each tile; it can be sent to another process."""

    @property
    def name(self) -> str:
        """What the arrays of this reduction are called by."""
        ...

    def reduce(self, grid: TileGrid, tile: Tile, values: np.ndarray) -> dict[str, np.ndarray]:
        """Return what is kept of a tile.

        Args:
            grid: The tiles.
            tile: Which.
            values: Its numbers as they will be read, ``(source, probe)``.

        Returns:
            Small arrays by name.
        """
        ...
