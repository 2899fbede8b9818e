"""Sums over pairs of classes, kept of every tile and joined at the end."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from neurashed.results import ClassSums, mirror_sums
from neurashed.results.tiled import Tile, TileGrid

__all__ = ["ClassReduction", "join_class_sums"]


@dataclass(frozen=True, eq=False)
class ClassReduction:
    """Keeps the sums over a tile that a class table is made of.

    Attributes:
        sums: An empty table of the whole matrix.
        name: What its arrays are called by.
    """

    sums: ClassSums
    name: str = "classes"

    def reduce(self, grid: TileGrid, tile: Tile, values: np.ndarray) -> dict[str, np.ndarray]:
        """Return the sums of a tile, see `ClassSums.sum_block`."""
        return self.sums.sum_block(grid.sources(tile), grid.probes(tile), values)


def join_class_sums(
    sums: ClassSums, grid: TileGrid, pieces: Iterable[tuple[Tile, dict[str, np.ndarray]]]
) -> ClassSums:
    """Join what was kept of all tiles.

    Args:
        sums: An empty table of the whole matrix; it is filled.
        grid: The tiles.
        pieces: What `ClassReduction` returned of each.

    Returns:
        The table, ready to be finished.
    """
    for tile, found in pieces:
        sums.add_sums(grid.sources(tile), grid.probes(tile), found)
        if grid.is_mirrored(tile):
            sums.add_sums(grid.probes(tile), grid.sources(tile), mirror_sums(found))
    return sums
