"""Opening a finished matrix in tiles as a result that reads what is asked for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr
from xarray.core import indexing

from neurashed.errors import StoreError
from neurashed.results.tiled.grid import TileGrid
from neurashed.results.tiled.lazy import LazyMatrix
from neurashed.results.tiled.matrix import TiledMatrix
from neurashed.results.tiled.packing import Storage

__all__ = ["open_matrix"]


def open_matrix(path: Path, array: xr.DataArray, tiles: Mapping[str, Any]) -> xr.DataArray:
    """Return a result whose numbers are read from its tiles when they are used.

    Args:
        path: The store.
        array: The result as Zarr sees it.
        tiles: What the stamp says of the tiles.

    Returns:
        The result; nothing of it is read.

    Raises:
        StoreError: If the stamp is not as this version writes it.
    """
    try:
        grid, storage = TileGrid(**tiles["grid"]), Storage(**tiles["storage"])
    except (KeyError, TypeError, ValueError) as error:
        message = f"{path} says of its tiles what this version cannot read: {error}; measure again"
        raise StoreError(message) from error
    matrix = TiledMatrix(path, str(array.name), grid, storage)
    values = indexing.LazilyIndexedArray(LazyMatrix(matrix, storage.read_dtype))
    attrs = {name: value for name, value in array.attrs.items() if name != "coordinates"}
    variable = xr.Variable(("source", "probe"), values, attrs)
    lazy = xr.DataArray(variable, coords=array.coords, name=array.name)
    lazy.encoding["preferred_chunks"] = {"source": grid.height, "probe": grid.width}
    return lazy
