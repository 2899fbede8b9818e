"""One result in one Zarr store."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from zarr.codecs import ZstdCodec

from neurashed.errors import NeurashedError, StoreError
from neurashed.results.atomic import building_folder
from neurashed.results.content import content_checksum
from neurashed.results.dimensions import EXAMPLE_DIMS
from neurashed.results.jsonable import to_jsonable
from neurashed.results.manifest import Verify, check_files, list_files
from neurashed.results.schema import SCHEMA_VERSION, check_result
from neurashed.results.thumbnails import is_packed, pack_thumbnails, read_thumbnails

__all__ = ["open_store", "read_stamp", "save_result"]

_TILE_BYTES = 4 * 2**20
_STAMP = "neurashed"


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
        array = _from_dataset(dataset, stamp["measure"])
        check_result(array)
    except (KeyError, NeurashedError) as error:
        message = f"{path} holds no result: {error}; measure again"
        raise StoreError(message) from error
    return array


def read_stamp(path: Path) -> dict[str, Any]:
    """Return what a store says about itself.

    Args:
        path: The store.

    Returns:
        ``schema_version``, ``measure``, ``content_sha256``, ``files`` and ``complete``.

    Raises:
        StoreError: If the store is missing, foreign, newer than this version, or not complete.
    """
    stamp = _read_attributes(path).get(_STAMP)
    if not isinstance(stamp, dict) or "schema_version" not in stamp:
        message = f"{path} is a Zarr store that Neurashed did not write; give one of its results"
        raise StoreError(message)
    if stamp["schema_version"] > SCHEMA_VERSION:
        message = (
            f"{path} has schema version {stamp['schema_version']} and this version of Neurashed "
            f"reads up to {SCHEMA_VERSION}; install a newer Neurashed"
        )
        raise StoreError(message)
    if not stamp.get("complete") or not {"measure", "files"} <= set(stamp):
        message = f"{path} was not written to its end; measure again"
        raise StoreError(message)
    return stamp


def _read_attributes(path: Path) -> dict[str, Any]:
    if not path.exists():
        message = f"there is nothing at {path}; give the path of a .zarr store or a run folder"
        raise StoreError(message)
    metadata = path / "zarr.json"
    if not metadata.is_file():
        message = (
            f"{path} is neither a Zarr v3 store (no zarr.json) nor a run folder (no run.json); "
            "give the path of a whole store or of a run folder"
        )
        raise StoreError(message)
    try:
        return json.loads(metadata.read_text(encoding="utf-8")).get("attributes", {})
    except (OSError, ValueError, AttributeError) as error:
        message = f"{metadata} cannot be read; copy the whole store again, or measure again"
        raise StoreError(message) from error


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
    dataset = _to_dataset(array)
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
    zarr.open_group(folder, mode="r+").attrs[_STAMP] = {
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


def _to_dataset(array: xr.DataArray) -> xr.Dataset:
    """Return a result in types that Zarr has a word for: text as objects, pixels as dimensions."""
    plain = _texts_as(object, array)
    plain.attrs = to_jsonable(array.attrs, "attrs")
    packed = [name for name in plain.coords if is_packed(plain.coords[name].dtype)]
    dataset = plain.drop_vars(packed).to_dataset()
    for axis in EXAMPLE_DIMS:
        images = read_thumbnails(array, axis)
        if images is not None:
            pixel_dims = [f"{axis}_thumbnail_{dim}" for dim in ("row", "column", "channel")]
            dims = [axis, *pixel_dims[: images.ndim - 1]]
            dataset[f"{axis}_thumbnail"] = xr.Variable(dims, images)
    return dataset


def _from_dataset(dataset: xr.Dataset, measure: str) -> xr.DataArray:
    array = _texts_as(np.str_, dataset[measure])
    names = [f"{axis}_thumbnail" for axis in EXAMPLE_DIMS if f"{axis}_thumbnail" in dataset]
    return array.assign_coords({
        name: (dataset[name].dims[:1], pack_thumbnails(dataset[name].values)) for name in names
    })


def _texts_as(dtype: type, array: xr.DataArray) -> xr.DataArray:
    """Return strings as objects, which Zarr has a word for, or back as NumPy strings."""
    texts = {
        name: (coordinate.dims, np.array(coordinate.values.tolist(), dtype=dtype))
        for name, coordinate in array.coords.items()
        if coordinate.dtype.kind in "UTO"
    }
    return array.assign_coords(texts)
