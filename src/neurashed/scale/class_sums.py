"""Sums over pairs of classes, kept of every tile and joined at the end."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from neurashed.results import ClassSums
from neurashed.results.tiled import Tile, TileGrid

__all__ = ["ClassReduction", "join_class_sums"]

_MIRRORED = "mirrored_"


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
        """Return the sums of a tile, and those of its mirror image."""
        sources, probes = grid.sources(tile), grid.probes(tile)
        found = self.sums.sum_block(sources, probes, values)
        if grid.is_mirrored(tile):
            mirrored = self.sums.sum_block(probes, sources, values.T)
            found |= {f"{_MIRRORED}{name}": array for name, array in mirrored.items()}
        return found


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
        plain = {name: each for name, each in found.items() if not name.startswith(_MIRRORED)}
        sums.add_sums(grid.sources(tile), grid.probes(tile), plain)
        if grid.is_mirrored(tile):
            mirrored = {name: found[f"{_MIRRORED}{name}"] for name in plain}
            sums.add_sums(grid.probes(tile), grid.sources(tile), mirrored)
    return sums
