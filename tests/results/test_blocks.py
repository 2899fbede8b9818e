"""A large result part by part."""

import numpy as np
import pytest
import xarray as xr

from neurashed.errors import InputError
from neurashed.results import is_large, iterate_blocks


def make(num_sources: int, num_probes: int, tiles: tuple[int, int] | None = None) -> xr.DataArray:
    """Return different numbers, in tiles of a store if told so."""
    values = np.arange(float(num_sources * num_probes)).reshape(num_sources, num_probes)
    result = xr.DataArray(values, dims=("source", "probe"))
    if tiles:
        result.encoding["preferred_chunks"] = dict(zip(("source", "probe"), tiles, strict=True))
    return result


@pytest.mark.parametrize("tiles", [None, (4, 4), (5, 3), (50, 50), (1, 21)])
@pytest.mark.parametrize("num_numbers", [1, 7, 16, 60, 10_000])
def test_blocks_are_the_whole_once_in_order_and_within_memory(
    tiles: tuple[int, int] | None, num_numbers: int
) -> None:
    result = make(17, 21, tiles)
    seen = np.full(result.shape, np.nan)
    corners = []
    for block in iterate_blocks(result, memory=8 * num_numbers):
        assert block.values.size <= num_numbers
        assert np.isnan(seen[block.sources, block.probes]).all()
        seen[block.sources, block.probes] = block.values
        corners.append((block.sources.start, block.probes.start))
    np.testing.assert_array_equal(seen, result.values)
    assert corners == sorted(corners)


def test_blocks_end_where_tiles_end() -> None:
    blocks = list(iterate_blocks(make(17, 21, (4, 5)), memory=8 * 60))
    assert {block.probes.start % 5 for block in blocks} == {0}
    assert {block.sources.start % 4 for block in blocks} == {0}
    assert blocks[0].values.shape == (4, 15)


def test_a_tile_larger_than_memory_is_read_in_runs_of_sources() -> None:
    blocks = list(iterate_blocks(make(17, 21, (10, 10)), memory=8 * 30))
    assert blocks[0].values.shape == (3, 10)


def test_refuses_a_memory_that_holds_no_number() -> None:
    with pytest.raises(InputError, match="memory is 7 bytes, which holds no number"):
        next(iterate_blocks(make(2, 2), memory=7))


def test_what_counts_as_large() -> None:
    big = np.broadcast_to(np.float32(0), (4096, 4097))
    assert is_large(xr.DataArray(big, dims=("source", "probe")))
    assert not is_large(xr.DataArray(big[:, :4096], dims=("source", "probe")))
