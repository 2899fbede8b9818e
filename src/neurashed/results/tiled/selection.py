"""Which rows and columns of a tile are asked for."""

from typing import Any

import numpy as np

__all__ = ["as_positions", "as_slice", "from_corner"]


def as_positions(key: Any, length: int) -> np.ndarray:  # noqa: ANN401
    """Return what an index asks for as whole numbers.

    Args:
        key: A slice, or one or more whole numbers.
        length: How long the axis is.

    Returns:
        Positions, counted from the front.

    Raises:
        IndexError: If one is out of bounds.
    """
    if isinstance(key, slice):
        return np.arange(*key.indices(length))
    positions = np.atleast_1d(np.asarray(key))
    outside = (positions < 0) | (positions >= length)  # xarray has counted from the front
    if outside.any():
        message = f"index {positions[outside][0]} is out of bounds for an axis of {length}"
        raise IndexError(message)
    return positions


def as_slice(positions: np.ndarray) -> Any:  # noqa: ANN401
    """Return a slice where neighbours follow each other: Zarr reads those fastest."""
    first = int(positions[0])
    if len(positions) == 1 or (np.diff(positions) == 1).all():
        return slice(first, first + len(positions))
    return positions


def from_corner(part: Any, whole: slice) -> Any:  # noqa: ANN401
    """Return a part of a tile's rows or columns, counted from the corner of the matrix."""
    if isinstance(part, slice):
        start, stop, step = part.indices(whole.stop - whole.start)
        return slice(whole.start + start, whole.start + stop, step)
    return np.asarray(part) + whole.start
