"""A tile on the diagonal of a symmetric matrix, of which the lower half speaks for both.

Kept with a scale for each row, a pair and its mirror image are rounded each in its own way.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from neurashed.results.tiled.selection import as_positions, as_slice

__all__ = ["mirror_lower", "read_lower"]

# Rows mirrored in one go: what is read and written of them stays in the processor's cache.
_ROWS_AT_ONCE = 64


def mirror_lower(values: np.ndarray) -> np.ndarray:
    """Put the mirror image of what is below the diagonal above it, in place.

    Args:
        values: A square tile.

    Returns:
        The same array, symmetric.
    """
    for start in range(0, len(values), _ROWS_AT_ONCE):
        stop = start + _ROWS_AT_ONCE
        corner = values[start:stop, start:stop]
        above = np.triu_indices(len(corner), 1)
        corner[above] = corner.T[above]
        values[:start, start:stop] = values[start:stop, :start].T
    return values


def read_lower(
    get: Callable[[Any, Any], np.ndarray],
    rows: Any,  # noqa: ANN401
    columns: Any,  # noqa: ANN401
    side: int,
) -> np.ndarray:
    """Read a part of a symmetric tile from its lower half alone.

    Args:
        get: Reads rows and columns as they are kept.
        rows: Which rows: a slice or whole numbers.
        columns: Which columns likewise.
        side: Rows and columns of the tile.

    Returns:
        The part ``(source, probe)``; whoever asks for its mirror image gets the same numbers.
    """
    i, j = as_positions(rows, side), as_positions(columns, side)
    if not (i.size and j.size):
        return get(rows, columns)
    if len(i) == len(j) and (np.diff(i) > 0).all() and (i == j).all():
        return mirror_lower(get(rows, columns))
    # Columns that lie on or below the diagonal for some of the rows, and above it for some.
    below, above = np.flatnonzero(j <= i.max()), np.flatnonzero(j > i.min())
    if not above.size:
        return get(rows, columns)
    mirrored = get(as_slice(j[above]), rows)
    if not below.size:
        return mirrored.T
    whole = np.empty((len(i), len(j)), dtype=mirrored.dtype)
    whole[:, as_slice(below)] = get(rows, as_slice(j[below]))
    for start in range(0, len(above), _ROWS_AT_ONCE):
        part = above[start : start + _ROWS_AT_ONCE]
        at, image = as_slice(part), mirrored[start : start + _ROWS_AT_ONCE].T
        whole[:, at] = np.where(i[:, None] >= j[part], whole[:, at], image)
    return whole
