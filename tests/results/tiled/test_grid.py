"""How a matrix is cut."""

import numpy as np
import pytest

from neurashed.errors import InputError
from neurashed.results.tiled import Storage, Tile, TileGrid, count_bytes

SHAPES = [(20, 20, 4, 4, True), (21, 21, 4, 4, True), (7, 12, 3, 5, False), (3, 3, 9, 9, True)]


@pytest.mark.parametrize("shape", SHAPES)
def test_tiles_cover_each_pair_once(shape: tuple[int, int, int, int, bool]):
    grid = TileGrid(*shape)
    seen = np.zeros(shape[:2], dtype=int)
    for tile in grid:
        seen[grid.sources(tile), grid.probes(tile)] += 1
        if grid.is_mirrored(tile):
            seen[grid.probes(tile), grid.sources(tile)] += 1
    assert (seen == 1).all()
    tiles = list(grid)
    assert len(tiles) == len(set(tiles)) == len(grid)
    pairs = grid.num_sources * (grid.num_sources + 1) // 2 if shape[4] else shape[0] * shape[1]
    assert sum(grid.num_pairs(tile) for tile in tiles) == pairs


def test_each_tile_needs_one_new_block_at_most():
    for grid in (TileGrid(90, 90, 9, 9, True), TileGrid(90, 40, 9, 9)):
        held: list[tuple[str, int]] = []
        for tile in grid:
            side = "probe" if not grid.is_symmetric else "source"
            needed = {("source", tile.row), (side, tile.column)}
            assert len(needed.difference(held)) <= (1 if held else 2)
            held = [*(block for block in held if block not in needed), *sorted(needed)][-2:]


def test_names_sort_as_tiles_do():
    names = [Tile(row, column).name for row in (0, 2, 10) for column in (0, 3, 11)]
    assert names == sorted(names)
    assert names[4] == "00002-00003"


@pytest.mark.parametrize("sizes", [(0, 4, 2, 2), (4, 4, 0, 2), (4, 4, 2, -1)])
def test_sides_below_one(sizes: tuple[int, int, int, int]):
    with pytest.raises(InputError, match="is below 1; give tiles of at least one pair"):
        TileGrid(*sizes)


@pytest.mark.parametrize("sizes", [(4, 5, 2, 2), (4, 4, 2, 3)])
def test_symmetric_and_not_square(sizes: tuple[int, int, int, int]):
    with pytest.raises(InputError, match="is symmetric and not square; give equal sides"):
        TileGrid(*sizes, is_symmetric=True)


def test_bytes():
    grid = TileGrid(20, 20, 4, 4, is_symmetric=True)
    assert count_bytes(grid, Storage("float32", "both")) == 4 * 400
    assert count_bytes(grid, Storage("float64", "lower")) == 8 * 15 * 16
    assert count_bytes(grid, Storage("float16", "both")) == 2 * 400 + 4 * 20 * 5
    assert count_bytes(TileGrid(7, 12, 3, 5), Storage("int8", "lower")) == 84 + 4 * 7 * 3
