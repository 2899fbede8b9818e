"""The strongest probes of each source, kept of every tile and joined at the end."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from neurashed.results import TopProbesBuilder
from neurashed.results.tiled import Tile, TileGrid

__all__ = ["TopReduction", "join_top_probes"]


@dataclass(frozen=True, eq=False)
class TopReduction:
    """Keeps the k probes of largest magnitude of each source of a tile.

    Attributes:
        k: How many.
        own: Place of each source among the probes ``(source,)``, -1 for none: left out.
        name: What its arrays are called by.
    """

    k: int
    own: np.ndarray
    name: str = "top"

    def reduce(self, grid: TileGrid, tile: Tile, values: np.ndarray) -> dict[str, np.ndarray]:
        """Return ``values`` and ``places`` ``(source, rank)``, and those of the mirror image."""
        sources, probes = grid.sources(tile), grid.probes(tile)
        found: dict[str, np.ndarray] = {}
        found["values"], found["places"] = self._best(values, sources, probes)
        if grid.is_mirrored(tile):
            mirrored = self._best(values.T, probes, sources)
            found["mirrored_values"], found["mirrored_places"] = mirrored
        return found

    def _best(
        self, values: np.ndarray, sources: slice, probes: slice
    ) -> tuple[np.ndarray, np.ndarray]:
        own = self.own[sources] - probes.start
        builder = TopProbesBuilder(
            values.shape[0], values.shape[1], self.k, self_index=np.where(own < 0, -1, own)
        )
        builder.add(slice(0, len(values)), slice(0, values.shape[1]), values)
        best, places = builder.finish()
        return best, np.where(places < 0, -1, places + probes.start).astype(np.int32)


def join_top_probes(
    grid: TileGrid, pieces: Iterable[tuple[Tile, dict[str, np.ndarray]]], k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Join what was kept of all tiles.

    Args:
        grid: The tiles.
        pieces: What `TopReduction` returned of each.
        k: How many probes to keep.

    Returns:
        Values and places of the probes, each ``(source, rank)``, largest magnitude first; NaN and
        -1 where there are fewer.
    """
    values = np.full((grid.num_sources, k), np.nan, dtype=np.float32)
    places = np.full((grid.num_sources, k), -1, dtype=np.int32)
    for tile, found in pieces:
        _join(values, places, grid.sources(tile), found["values"], found["places"])
        if grid.is_mirrored(tile):
            mirrored = found["mirrored_values"], found["mirrored_places"]
            _join(values, places, grid.probes(tile), *mirrored)
    return values, places


def _join(
    values: np.ndarray, places: np.ndarray, rows: slice, more: np.ndarray, their: np.ndarray
) -> None:
    both, at = np.hstack([values[rows], more]), np.hstack([places[rows], their])
    # Missing ones last; of equal magnitudes the first in the order of the probes.
    sizes = np.where(at < 0, -1.0, np.abs(both))
    order = np.lexsort((at, -sizes), axis=1)[:, : values.shape[1]]
    values[rows] = np.take_along_axis(both, order, 1)
    places[rows] = np.take_along_axis(at, order, 1)
