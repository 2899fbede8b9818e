"""One result in one Zarr store."""

import os
from pathlib import Path

import numpy as np
import xarray as xr
import zarr
from zarr.codecs import ZstdCodec

from neurashed.errors import NeurashedError, StoreError
from neurashed.results.atomic import building_folder
from neurashed.results.content import content_checksum
from neurashed.results.encoding import from_dataset, to_dataset
from neurashed.results.manifest import Verify, check_files, list_files
from neurashed.results.schema import SCHEMA_VERSION, check_result
from neurashed.results.stamp import STAMP, read_stamp
from neurashed.results.tiled.opening import open_matrix

__all__ = ["open_store", "save_result"]

_TILE_BYTES = 4 * 2**20


def save_result(
    array: xr.DataArray, path: str | os.PathLike[str], *, overwrite: bool = False
) -> Path:
    """Save a result as a Zarr v3 store.

    The store is written beside its place and renamed when it is whole, so that a reader never
    meets half of it. Numbers, ids and labels come back bit for bit; provenance as JSON gives it.

    Args:
        array: A result.
        path: A folder that does not exist yet, by custom ending in ``.zarr``.
        overwrite: Whether to replace a result that is there; anything else is never replaced.

    Returns:
        The path.

    Raises:
        StoreError: If something is there already, or the folder cannot be written.
    """
    check_result(array)
    target = Path(path)
    _check_target(target, overwrite=overwrite)
    try:
        with building_folder(target) as folder:
            _write_zarr(array, folder)
            _write_stamp(array, folder)
    except OSError as error:
        message = f"cannot write {target}: {error}; choose a folder that can be written"
        raise StoreError(message) from error
    return target


def open_store(path: Path, verify: Verify) -> xr.DataArray:
    """Open a store lazily after checking that it is one of ours and whole.

    Values are read when they are first used, coordinates at once. Data that changed on disk without
    changing its size is then found by the checksum that each compressed tile carries.

    Args:
        path: The store.
        verify: How carefully its files are checked, see `open_result`.

    Returns:
        The result.

    Raises:
        StoreError: If the store is missing, foreign, newer than this version, or damaged.
    """
    stamp = read_stamp(path)
    check_files(path, stamp["files"], verify)
    dataset = xr.open_zarr(
        path,
        consolidated=False,
        chunks=None,
        decode_times=False,  # units such as "seconds" are a label here, not a calendar
    )
    try:
        array = from_dataset(dataset, stamp["measure"])
        if "tiles" in stamp:
            array = open_matrix(path, array, stamp["tiles"])
        check_result(array)
    except (KeyError, NeurashedError) as error:
        message = f"{path} holds no result: {error}; measure again"
        raise StoreError(message) from error
    return array


def _check_target(target: Path, *, overwrite: bool) -> None:
    if not target.exists():
        return
    if not overwrite:
        message = f"{target} exists already; choose another path or overwrite it (overwrite=True)"
        raise StoreError(message)
    try:
        read_stamp(target)
    except StoreError as error:
        message = f"{target} exists and is no whole result, so it is not replaced; remove it first"
        raise StoreError(message) from error


def _write_zarr(array: xr.DataArray, folder: Path) -> None:
    dataset = to_dataset(array)
    encoding = {
        name: {
            "chunks": _tile_shape(variable.shape, variable.dtype.itemsize),
            "compressors": [ZstdCodec(level=3, checksum=True)],
            "_FillValue": None,
        }
        for name, variable in dataset.variables.items()
    }
    # Every tile is written, even one of fill values only: a missing file is then always a damage.
    with zarr.config.set({"array.write_empty_chunks": True}):
        dataset.to_zarr(folder, mode="a", zarr_format=3, consolidated=False, encoding=encoding)


def _write_stamp(array: xr.DataArray, folder: Path) -> None:
    """Say last, when everything else is written, that the store is ours and complete."""
    zarr.open_group(folder, mode="r+").attrs[STAMP] = {
        "schema_version": SCHEMA_VERSION,
        "measure": array.attrs["measure"],
        "content_sha256": content_checksum(array),
        "files": list_files(folder),
        "complete": True,
    }


def _tile_shape(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Return the shape of a tile: the longest side is halved until it is small enough."""
    tile = list(shape)
    while np.prod(tile, dtype=np.int64) * itemsize > _TILE_BYTES and max(tile) > 1:
        longest = tile.index(max(tile))
        tile[longest] = -(-tile[longest] // 2)
    return tuple(tile)
