"""A matrix in tiles is indexed as the whole matrix would be."""

from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from neurashed.results import AxisLabels, label_elasticity, open_result
from neurashed.results.tiled import Storage, Tile, TiledMatrix, TileGrid, unpack

GRIDS = {
    "symmetric": TileGrid(23, 23, 5, 5, is_symmetric=True),
    "one tile": TileGrid(4, 4, 64, 64, is_symmetric=True),
    "wide": TileGrid(7, 30, 3, 8),
    "tall": TileGrid(30, 7, 8, 3),
    "strips": TileGrid(11, 30, 1, 64),
    "column": TileGrid(9, 1, 2, 1),
}


def write(
    path: Path, grid: TileGrid, storage: Storage, sizes: np.ndarray | None = None
) -> tuple[xr.DataArray, np.ndarray]:
    """Write a matrix of random numbers, of these sizes; return the result opened, and them."""
    shape = (grid.num_sources, grid.num_probes)
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    if sizes is not None:
        values *= sizes[:, None] * sizes
    if grid.is_symmetric:
        values += values.T
    values[1, 0] = np.nan
    if grid.is_symmetric:
        values[0, 1] = np.nan
    template = label_elasticity(
        np.broadcast_to(np.float32(0), shape), name="tangent_kernel", units="1", provenance={},
        sources=AxisLabels(np.arange(shape[0])), probes=AxisLabels(100 + np.arange(shape[1])),
    )  # fmt: skip
    matrix = TiledMatrix.create(path, template, grid, storage)
    records = {
        tile.name: matrix.write(tile, values[grid.sources(tile), grid.probes(tile)])[0]
        for tile in grid
    }
    matrix.finish(records, provenance={})
    return open_result(path, verify="checksums"), values


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, np.ndarray]]:
    folder = tmp_path_factory.mktemp("lazy")
    return {name: write(folder / f"{name}.zarr", grid, Storage()) for name, grid in GRIDS.items()}


@pytest.mark.parametrize("name", GRIDS)
@settings(max_examples=60)
@given(data=st.data())
def test_basic_indices(name: str, data: st.DataObject, written: dict[str, Any]):
    lazy, values = written[name]
    index = data.draw(hnp.basic_indices(values.shape, allow_newaxis=False, allow_ellipsis=False))
    index = index if isinstance(index, tuple) else (index,)
    assume(values[index].size)  # xarray itself cannot take an empty slice that runs backwards
    np.testing.assert_array_equal(lazy[index].values, values[index])


@pytest.mark.parametrize("name", ["symmetric", "wide"])
@settings(max_examples=40)
@given(data=st.data())
def test_lists_and_masks(name: str, data: st.DataObject, written: dict[str, Any]):
    lazy, values = written[name]
    given = []
    for length in values.shape:
        places = st.lists(st.integers(-length, length - 1), max_size=9)
        drawn = data.draw(st.one_of(places, hnp.arrays(bool, length)))
        given.append(np.asarray(drawn, dtype=None if len(drawn) else int))
    index = [np.arange(length)[each] for length, each in zip(values.shape, given, strict=True)]
    np.testing.assert_array_equal(lazy[given[0], given[1]].values, values[np.ix_(*index)])
    np.testing.assert_array_equal(lazy[given[0], -2].values, values[index[0], -2])


def test_nothing(written: dict[str, Any]):
    lazy, _ = written["wide"]
    assert lazy[3:3].values.shape == (0, 30)
    assert lazy[2, 40:].values.shape == (0,)
    assert lazy[[], 4:6].values.shape == (0, 2)


def test_pairs_and_labels(written: dict[str, Any]):
    lazy, values = written["wide"]
    rows, columns = np.array([0, 6, 3, 3]), np.array([29, 1, 8, 8])
    found = lazy.isel(source=xr.DataArray(rows, dims="pair"), probe=("pair", columns))
    np.testing.assert_array_equal(found.values, values[rows, columns])
    np.testing.assert_array_equal(lazy.sel(source=[4, 2], probe=103).values, values[[4, 2], 3])
    np.testing.assert_array_equal(lazy[2:, ::-3][1:, 4].values, values[2:, ::-3][1:, 4])


@pytest.mark.parametrize("index", [23, -24, ([0, 99], 0)])
def test_outside(index: object, written: dict[str, Any]):
    with pytest.raises(IndexError):
        written["symmetric"][0][index].load()


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int8"])
@pytest.mark.parametrize("triangle", ["both", "lower"])
@pytest.mark.parametrize("name", ["symmetric", "wide", "strips"])
def test_every_storage(name: str, triangle: str, dtype: str, tmp_path: Path):
    lazy, values = write(tmp_path / "s.zarr", GRIDS[name], Storage(dtype, triangle))
    bound = {"float16": 2**-11, "int8": 1 / 254}.get(dtype, 0) * np.nanmax(np.abs(values))
    np.testing.assert_allclose(lazy.values, values, rtol=0, atol=bound * 1.001)
    assert lazy.dtype == ("float64" if dtype == "float64" else "float32")
    if GRIDS[name].is_symmetric:
        np.testing.assert_array_equal(lazy.values, lazy.values.T)


@pytest.fixture(scope="module")
def scaled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, np.ndarray]]:
    """Symmetric matrices in few bits, with rows of very different size, and all their numbers."""
    folder, found = tmp_path_factory.mktemp("scaled"), {}
    sizes = np.where(np.arange(23) % 2, 10, 1e-9).astype(np.float32)
    for dtype in ("float16", "int8"):
        for triangle in ("both", "lower"):
            path = folder / f"{dtype}-{triangle}.zarr"
            lazy, _ = write(path, GRIDS["symmetric"], Storage(dtype, triangle), sizes)
            found[f"{dtype} {triangle}"] = lazy, lazy.values
    return found


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_a_pair_and_its_mirror_image_are_one_number(dtype: str, scaled: dict[str, Any]):
    whole = scaled[f"{dtype} lower"][1]
    np.testing.assert_array_equal(whole, whole.T)
    np.testing.assert_array_equal(whole, scaled[f"{dtype} both"][1])


@pytest.mark.parametrize("name", ["float16 lower", "int8 lower", "int8 both"])
@settings(max_examples=60)
@given(data=st.data())
def test_any_part_of_a_scaled_matrix_is_that_of_the_whole(
    name: str, data: st.DataObject, scaled: dict[str, Any]
):
    lazy, whole = scaled[name]
    index = data.draw(hnp.basic_indices(whole.shape, allow_newaxis=False, allow_ellipsis=False))
    index = index if isinstance(index, tuple) else (index,)
    assume(whole[index].size)
    np.testing.assert_array_equal(lazy[index].values, whole[index])
    places = st.lists(st.integers(0, 22), min_size=1, max_size=9)
    rows, columns = data.draw(places), data.draw(places)
    np.testing.assert_array_equal(lazy[rows, columns].values, whole[np.ix_(rows, columns)])


@pytest.mark.parametrize("triangle", ["both", "lower"])
def test_what_is_reduced_is_what_is_read(triangle: str, tmp_path: Path):
    grid, storage = TileGrid(150, 150, 150, 150, is_symmetric=True), Storage("int8", triangle)
    values = np.random.default_rng(0).normal(size=(150, 150)).astype(np.float32)
    values *= np.logspace(0, 4, 150, dtype=np.float32)[:, None]
    values += values.T
    template = label_elasticity(
        values, name="tangent_kernel", units="1", provenance={},
        sources=AxisLabels(np.arange(150)), probes=AxisLabels(np.arange(150)),
    )  # fmt: skip
    matrix = TiledMatrix.create(tmp_path / "s.zarr", template, grid, storage)
    _, packed = matrix.write(Tile(0, 0), values)
    reduced = matrix.unpack(Tile(0, 0), packed)
    np.testing.assert_array_equal(matrix.read(Tile(0, 0)), reduced)
    np.testing.assert_array_equal(reduced, reduced.T)
    lower = np.tri(150, dtype=bool)
    np.testing.assert_array_equal(reduced[lower], unpack(packed, storage)[lower])
    np.testing.assert_array_equal(matrix.read(Tile(0, 0), slice(3, 5), slice(0, 0)).shape, (2, 0))


def test_only_touched_tiles_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    lazy, values = write(tmp_path / "s.zarr", GRIDS["symmetric"], Storage())
    read, seen = TiledMatrix.read, []

    def watch(self: TiledMatrix, tile: Tile, *parts: object) -> np.ndarray:
        seen.append(tile)
        return read(self, tile, *parts)

    monkeypatch.setattr(TiledMatrix, "read", watch)
    np.testing.assert_array_equal(lazy[7, 3:12].values, values[7, 3:12])
    assert set(seen) == {Tile(1, 0), Tile(1, 1), Tile(2, 1)}
    seen.clear()
    assert lazy.encoding["preferred_chunks"] == {"source": 5, "probe": 5}
    assert lazy["source"].size == 23
    assert not seen


def test_tiles_of_zeros_are_files_too(tmp_path: Path):
    grid = TileGrid(6, 6, 3, 3)
    nothing = np.zeros((6, 6), dtype=np.float32)
    axis = AxisLabels(np.arange(6))
    template = label_elasticity(
        nothing, sources=axis, probes=axis, name="tangent_kernel", units="1", provenance={}
    )
    matrix = TiledMatrix.create(tmp_path / "s.zarr", template, grid, Storage("int8"))
    records = [matrix.write(tile, nothing[:3, :3])[0] for tile in grid]
    assert all(matrix.is_whole(record) for record in records)
    np.testing.assert_array_equal(matrix.read(Tile(1, 1)), nothing[:3, :3])
