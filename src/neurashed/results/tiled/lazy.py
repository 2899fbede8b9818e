"""A matrix in tiles as xarray sees it: an array that reads what is asked for."""

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np
from xarray.backends import BackendArray
from xarray.core import indexing

from neurashed.results.tiled.grid import Tile, TileGrid
from neurashed.results.tiled.selection import as_positions, as_slice

__all__ = ["LazyMatrix"]


@runtime_checkable
class _Reads(Protocol):
    """What reads parts of tiles."""

    grid: TileGrid

    def read(self, tile: Tile, sources: Any, probes: Any) -> np.ndarray:  # noqa: ANN401
        """Return some rows and columns of a tile, counted from its corner."""
        ...


class LazyMatrix(BackendArray):
    """Numbers ``(source, probe)`` that are read from their tiles when they are indexed."""

    def __init__(self, reader: _Reads, dtype: np.dtype) -> None:
        """Read from a store.

        Args:
            reader: What reads parts of tiles.
            dtype: The type of the numbers.
        """
        self._reader = reader
        self.shape = (reader.grid.num_sources, reader.grid.num_probes)
        self.dtype = dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:  # noqa: ANN401
        """Return the numbers that an index of xarray's asks for."""
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER, self._read
        )

    def _read(self, key: tuple[Any, ...]) -> np.ndarray:
        whole = [as_positions(each, length) for each, length in zip(key, self.shape, strict=True)]
        grid = self._reader.grid
        out = np.empty((len(whole[0]), len(whole[1])), dtype=self.dtype)
        for row, at_sources, sources in _split(whole[0], grid.height):
            for column, at_probes, probes in _split(whole[1], grid.width):
                out[_at(at_sources, at_probes)] = self._part(row, column, sources, probes)
        kept = tuple(0 if isinstance(each, int | np.integer) else slice(None) for each in key)
        return np.asarray(out[kept])

    def _part(self, row: int, column: int, sources: Any, probes: Any) -> np.ndarray:  # noqa: ANN401
        if self._reader.grid.is_symmetric and column > row:
            return self._reader.read(Tile(column, row), probes, sources).T
        return self._reader.read(Tile(row, column), sources, probes)


def _split(positions: np.ndarray, side: int) -> Iterator[tuple[int, Any, Any]]:
    """Yield each tile's number, where its part goes in the output, and the part of the tile."""
    tiles = positions // side
    for tile in np.unique(tiles):
        at = np.flatnonzero(tiles == tile)
        yield int(tile), as_slice(at), as_slice(positions[at] - tile * side)


def _at(rows: Any, columns: Any) -> Any:  # noqa: ANN401
    """An index of the block that rows and columns make."""
    if isinstance(rows, slice) or isinstance(columns, slice):
        return rows, columns
    return np.ix_(rows, columns)
