"""Mutual elasticity of more sources than fit in memory, block by block."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from neurashed.clustering.square import check_square, join_directions
from neurashed.results import find_selves

__all__ = ["MutualBlock", "iterate_mutual_blocks"]

# Two directions and a handful of copies in float64 stay below half a gigabyte.
_SIDE = 2048


@dataclass(frozen=True, eq=False)
class MutualBlock:
    """Mutual elasticity of some sources with some others.

    Attributes:
        rows: The one run of sources.
        columns: The other, the same or a later one: each pair of runs comes once.
        values: Mutual elasticity ``(row, column)``, see `read_mutual_elasticity`.
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
    check_square(result)
    places = find_selves(result["source"].to_numpy(), result["probe"].to_numpy())
    num_sources = len(places)
    runs = [slice(at, min(at + _SIDE, num_sources)) for at in range(0, num_sources, _SIDE)]
    own = np.concatenate([_read(result, run, places[run]).diagonal() for run in runs])
    own = np.where(np.isfinite(own) & (own != 0), own, np.nan)
    for number, rows in enumerate(runs):
        for columns in runs[number:]:
            there = _read(result, rows, places[columns]) / own[rows, None]
            back = there if rows == columns else _read(result, columns, places[rows])
            back = back if rows == columns else back / own[columns, None]
            yield MutualBlock(rows, columns, join_directions(there, back.T))


def _read(result: xr.DataArray, rows: slice, places: np.ndarray) -> np.ndarray:
    """Return values in float64, NaN where they are not finite."""
    # A run of places that follow each other is a slice, which a store reads fastest.
    is_run = (np.diff(places) == 1).all()
    columns = slice(int(places[0]), int(places[-1]) + 1) if is_run else places
    values = result[rows, columns].to_numpy().astype(np.float64)
    return np.where(np.isfinite(values), values, np.nan)
