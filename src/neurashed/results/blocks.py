"""A large result part by part, so that what reads it never holds the whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np
import xarray as xr

from neurashed.errors import InputError

__all__ = ["BLOCK_BYTES", "MOST_PAIRS_AT_ONCE", "Block", "is_large", "iterate_blocks"]

BLOCK_BYTES = 256_000_000

# Up to 4,096 x 4,096: sorting the pairs of a result takes some 60 bytes for each.
MOST_PAIRS_AT_ONCE = 2**24


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows and columns of a result.

    Attributes:
        sources: Which sources.
        probes: Which probes.
        values: Their values ``(source, probe)``.
    """

    sources: slice
    probes: slice
    values: np.ndarray


def is_large(result: xr.DataArray) -> bool:
    """Return whether a result has too many pairs to be summarized at once, more than 2²⁴."""
    return result.size > MOST_PAIRS_AT_ONCE


def iterate_blocks(result: xr.DataArray, *, memory: int | None = None) -> Iterator[Block]:
    """Yield the values of a result block by block, row of blocks after row of blocks.

    Blocks end where the tiles of the store end, so that each tile is read once; a tile larger than
    the memory is read in runs of sources.

    Args:
        result: A result with dimensions source and probe, of any size if it is opened lazily.
        memory: Bytes that the values of a block may take; 256 MB if None.

    Yields:
        Blocks that together are the whole result. A memory too small for one number is refused with
        an `InputError`.

    Example:
        >>> result = xr.DataArray(np.arange(12.0).reshape(4, 3), dims=("source", "probe"))
        >>> [block.values.shape for block in iterate_blocks(result, memory=6 * 8)]
        [(2, 3), (2, 3)]
    """
    num_sources, num_probes = result.shape
    height, width = _block_sides(result, BLOCK_BYTES if memory is None else memory)
    for top in range(0, num_sources, height):
        sources = slice(top, min(top + height, num_sources))
        for left in range(0, num_probes, width):
            probes = slice(left, min(left + width, num_probes))
            yield Block(sources, probes, result[sources, probes].values)


def _block_sides(result: xr.DataArray, memory: int) -> tuple[int, int]:
    """Return rows and columns of a block: columns grow first, each side by whole tiles."""
    most = int(memory // result.dtype.itemsize)
    if most < 1:
        message = f"memory is {memory} bytes, which holds no number; give at least 8"
        raise InputError(message)
    tiles = result.encoding.get("preferred_chunks", {})
    sides = [int(tiles.get(dim, 1)) for dim in result.dims]
    height, width = (min(side, length) for side, length in zip(sides, result.shape, strict=True))
    if height * width > most:
        width = min(width, most)
        return max(1, most // width), width
    width = _grow(width, most // height, result.shape[1])
    return _grow(height, most // width, result.shape[0]), width


def _grow(side: int, most: int, length: int) -> int:
    """Return the largest multiple of a side that is allowed and needed."""
    return side * max(1, min(most // side, ceil(length / side)))
