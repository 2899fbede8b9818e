"""How alike two sources are, of more sources than fit in memory, block by block."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
import xarray as xr

from neurashed.clustering.square import check_square, join_directions
from neurashed.results import TopProbesBuilder, find_selves

__all__ = [
    "MutualBlock",
    "iterate_mutual_blocks",
    "iterate_similarity_blocks",
    "nearest_in_blocks",
]

# Two directions and a handful of copies in float64 stay below half a gigabyte.
_SIDE = 2048


@dataclass(frozen=True, eq=False)
class MutualBlock:
    """How alike some sources and some others are.

    Attributes:
        rows: The one run of sources.
        columns: The other, the same or a later one: each pair of runs comes once.
        values: Mutual elasticity, see `read_mutual_elasticity`, or similarity ``(row, column)``.
    """

    rows: slice
    columns: slice
    values: np.ndarray


def iterate_mutual_blocks(result: xr.DataArray) -> Iterator[MutualBlock]:
    """Yield the mutual elasticity of all sources; each value of the result is read once.

    Args:
        result: A result of any size in which every source is also a probe.

    Yields:
        Blocks of the upper triangle, those on the diagonal whole.
    """
    own = _read_own(result)
    own = np.where(np.isfinite(own) & (own != 0), own, np.nan)
    places, runs = _find_runs(result)
    for rows, columns in combinations_with_replacement(runs, 2):
        yield MutualBlock(rows, columns, _read_mutual(result, places, own, (rows, columns)))


def _read_mutual(
    result: xr.DataArray, places: np.ndarray, own: np.ndarray, runs: tuple[slice, slice]
) -> np.ndarray:
    rows, columns = runs
    there = _read(result, rows, places[columns]) / own[rows, None]
    if rows == columns:
        return join_directions(there, there.T)
    back = _read(result, columns, places[rows]) / own[columns, None]
    return join_directions(there, back.T)


def iterate_similarity_blocks(
    result: xr.DataArray, *, is_cosine: bool, sign: int = 1
) -> Iterator[MutualBlock]:
    """Yield the similarity of all sources as `normalize_similarity` has it, block by block.

    Args:
        result: A result of any size in which every source is also a probe.
        is_cosine: Whether sizes are taken out.
        sign: -1 if what is smallest is most alike.

    Yields:
        Blocks of the upper triangle, those on the diagonal whole; NaN where a value is undefined
        or, for a cosine, an example has no positive similarity with itself.
    """
    own = sign * _read_own(result) if is_cosine else np.ones(result.sizes["source"])
    sizes = np.sqrt(np.where(own > 0, own, np.nan))
    places, runs = _find_runs(result)
    for rows, columns in combinations_with_replacement(runs, 2):
        values = sign * _read_mean(result, places, (rows, columns))
        yield MutualBlock(rows, columns, values / np.outer(sizes[rows], sizes[columns]))


def _read_mean(result: xr.DataArray, places: np.ndarray, runs: tuple[slice, slice]) -> np.ndarray:
    rows, columns = runs
    there = _read(result, rows, places[columns]) / 2
    if rows == columns:
        return there + there.T
    return there + _read(result, columns, places[rows]).T / 2


def nearest_in_blocks(
    blocks: Iterable[MutualBlock], num_sources: int, num_neighbors: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the other sources that are nearest to each source.

    Args:
        blocks: Blocks of all pairs.
        num_sources: How many sources there are.
        num_neighbors: How many to return of each.

    Returns:
        Values ``(source, neighbor)`` in float32, the highest first, and places. A value below 0
        counts as 0, so those that move the other way may be anyone; NaN and -1 for nobody.
    """
    each = np.arange(num_sources)
    builder = TopProbesBuilder(num_sources, num_sources, num_neighbors, self_index=each)
    for block in blocks:
        values = np.maximum(block.values, 0.0)
        builder.add(block.rows, block.columns, values)
        if block.rows != block.columns:
            builder.add(block.columns, block.rows, values.T)
    return builder.finish()


def _read_own(result: xr.DataArray) -> np.ndarray:
    """Return what each source does to itself ``(source,)``."""
    places, runs = _find_runs(result)
    return np.concatenate([_read(result, run, places[run]).diagonal() for run in runs])


def _find_runs(result: xr.DataArray) -> tuple[np.ndarray, list[slice]]:
    """Return the places of sources among the probes, and runs of them."""
    check_square(result)
    places = find_selves(result["source"].to_numpy(), result["probe"].to_numpy())
    num_sources = len(places)
    return places, [slice(at, min(at + _SIDE, num_sources)) for at in range(0, num_sources, _SIDE)]


def _read(result: xr.DataArray, rows: slice, places: np.ndarray) -> np.ndarray:
    """Return values in float64, NaN where they are not finite."""
    # A run of places that follow each other is a slice, which a store reads fastest.
    is_run = (np.diff(places) == 1).all()
    columns = slice(int(places[0]), int(places[-1]) + 1) if is_run else places
    values = result[rows, columns].to_numpy().astype(np.float64)
    return np.where(np.isfinite(values), values, np.nan)
