"""What reads a large result gives the same of a store in tiles as of an array in memory."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from neurashed.clustering import cluster_by_elasticity, near_duplicates, odd_ones_out
from neurashed.plots import split_pairs
from neurashed.results import (
    AxisLabels,
    blocks,
    class_table,
    content_checksum,
    elasticity_strength,
    iterate_blocks,
    label_elasticity,
    open_result,
    top_probes,
)
from neurashed.results.tiled import Storage, Tile, TiledMatrix, TileGrid


@pytest.fixture(params=["both", "lower"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> xr.DataArray:
    """Return a kernel of three classes, opened from tiles of one triangle."""
    generator = np.random.default_rng(0)
    classes = generator.integers(3, size=83)
    features = np.eye(6)[classes] + 0.3 * generator.normal(size=(83, 6))
    values = (features @ features.T).astype(np.float32)
    values[4, 9] = values[9, 4] = np.nan
    axis = AxisLabels(np.arange(83), labels=np.array([f"class {one}" for one in classes]))
    grid = TileGrid(83, 83, 20, 20, is_symmetric=True)
    template = label_elasticity(
        np.broadcast_to(np.float32(0), values.shape), name="kernelized", units="1", provenance={},
        sources=axis, probes=axis,
    )  # fmt: skip
    matrix = TiledMatrix.create(
        tmp_path / "x.zarr", template, grid, Storage(triangle=request.param)
    )
    records = {
        tile.name: matrix.write(tile, values[grid.sources(tile), grid.probes(tile)])[0]
        for tile in grid
    }
    matrix.finish(records, provenance={})
    return open_result(tmp_path / "x.zarr")


def test_every_reader_gives_the_same(stored: xr.DataArray, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = stored.copy(data=stored[:, :].values)
    monkeypatch.setattr(blocks, "MOST_PAIRS_AT_ONCE", 0)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 4 * 900)
    for read in (
        class_table,
        lambda it: class_table(it, statistic="mean"),
        lambda it: top_probes(it, 5),
        lambda it: cluster_by_elasticity(it, 3, method="nystrom", undefined="drop"),
        near_duplicates,
        odd_ones_out,
    ):
        xr.testing.assert_allclose(read(stored), read(loaded), rtol=1e-12)
    assert elasticity_strength(stored) == elasticity_strength(loaded)
    assert content_checksum(stored) == content_checksum(loaded)
    np.testing.assert_array_equal(split_pairs(stored).within, split_pairs(loaded).within)


def test_each_tile_is_read_once_in_a_pass(
    stored: xr.DataArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: Counter[str] = Counter()
    read = TiledMatrix.read

    def watch(self: TiledMatrix, tile: Tile, *parts: object) -> np.ndarray:
        seen[tile.name] += 1
        return read(self, tile, *parts)

    monkeypatch.setattr(TiledMatrix, "read", watch)
    for _ in iterate_blocks(stored, memory=4 * 900):
        pass
    # Half of a symmetric matrix stands for the other, so tiles off the diagonal are read for both.
    assert max(seen.values()) <= 2
    assert sum(seen.values()) == 25
