"""The top probes of each source as a labelled data set, and in a store of their own."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from zarr.codecs import ZstdCodec

from neurashed.errors import InputError, NeurashedError, StoreError
from neurashed.results.atomic import building_folder
from neurashed.results.blocks import iterate_blocks
from neurashed.results.encoding import from_dataset, to_dataset
from neurashed.results.manifest import Verify, check_files, list_files
from neurashed.results.pairs import check_plain, find_selves
from neurashed.results.schema import SCHEMA_VERSION
from neurashed.results.stamp import STAMP, read_stamp
from neurashed.results.top_probes import TopProbesBuilder

__all__ = ["label_top_probes", "open_top_probes", "save_top_probes", "top_probes"]

# What the stamp of a store calls what it holds; a result has the name of its measure there.
_KIND = "top_probes"


def top_probes(result: xr.DataArray, k: int) -> xr.Dataset:
    """Return the k probes that move most with each source, see `TopProbesBuilder`.

    The result is read block by block, so it may be larger than memory.

    Args:
        result: A result with dimensions source and probe.
        k: How many probes to keep of each source.

    Returns:
        What `label_top_probes` returns.

    Example:
        >>> from neurashed.results import AxisLabels, label_elasticity
        >>> axis = AxisLabels(ids=np.array(["a", "b", "c"]))
        >>> values = np.array([[1, 0.2, -0.5], [0.2, 1, 0.1], [-0.5, 0.1, 1]])
        >>> result = label_elasticity(values, sources=axis, probes=axis, name="kernelized",
        ...                           units="1", provenance={})
        >>> top = top_probes(result, 1)
        >>> top["probe"].values[top["place"].values[:, 0]]
        array(['c', 'a', 'a'], dtype='<U1')
    """
    check_plain(result)
    own = find_selves(result["source"].values, result["probe"].values)
    builder = TopProbesBuilder(len(own), result.sizes["probe"], k, self_index=own)
    for block in iterate_blocks(result):
        builder.add(block.sources, block.probes, block.values)
    return label_top_probes(*builder.finish(), like=result)


def label_top_probes(values: np.ndarray, places: np.ndarray, *, like: xr.DataArray) -> xr.Dataset:
    """Put names, labels and provenance on what a `TopProbesBuilder` found.

    Args:
        values: Values ``(source, rank)``, of largest magnitude first, NaN where there are fewer.
        places: Places of the probes ``(source, rank)``, -1 where there are fewer.
        like: The result they are of, whose values are not read: all its coordinates and attributes
            are taken over.

    Returns:
        ``value`` and ``place``, each ``(source, rank)``; ``place`` counts along ``probe``, the
        dimension of the coordinates of the probes.

    Raises:
        InputError: If the shapes do not fit.
    """
    check_plain(like)
    if values.shape != places.shape or values.shape[:1] != like.shape[:1] or values.ndim != 2:
        message = (
            f"values have shape {values.shape} and places {places.shape}, and there are "
            f"{like.sizes['source']} sources; give one row of both for each source"
        )
        raise InputError(message)
    return xr.Dataset(
        {"value": (("source", "rank"), values), "place": (("source", "rank"), places)},
        coords=like.coords,
        attrs=like.attrs,
    )


def save_top_probes(
    top: xr.Dataset,
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    job: Mapping[str, Any] | None = None,
) -> Path:
    """Save top probes as a Zarr v3 store, whole or not at all.

    Args:
        top: What `top_probes` or `label_top_probes` returned.
        path: A folder that does not exist yet, by custom ending in ``.zarr``.
        overwrite: Whether to replace top probes that are there; anything else is never replaced.
        job: What was asked of the job that made them; the store says it.

    Returns:
        The path.

    Raises:
        StoreError: If something is there already, or the folder cannot be written.
    """
    target = Path(path)
    if target.exists():
        if not overwrite:
            message = (
                f"{target} exists already; choose another path or overwrite it (overwrite=True)"
            )
            raise StoreError(message)
        _read_own_stamp(target)
    measure = str(top.attrs["measure"])
    encoded = to_dataset(_carry(top, measure).assign_attrs(top.attrs))
    stored = encoded.drop_vars(measure).assign(value=top["value"].variable.copy(deep=False))
    stored["value"].attrs = encoded[measure].attrs
    stored["place"] = top["place"].variable
    try:
        with building_folder(target) as folder:
            _write(stored, folder, measure, job)
    except OSError as error:
        message = f"cannot write {target}: {error}; choose a folder that can be written"
        raise StoreError(message) from error
    return target


def open_top_probes(path: str | os.PathLike[str], *, verify: Verify = "sizes") -> xr.Dataset:
    """Open saved top probes; all of them are read.

    Args:
        path: A store that `save_top_probes` wrote.
        verify: ``"sizes"`` checks that every file is there and of its size, ``"checksums"`` also
            that no file has changed.

    Returns:
        What was saved.

    Raises:
        StoreError: If the store is missing, foreign, newer than this version, or damaged.
    """
    store = Path(path)
    stamp = _read_own_stamp(store)
    check_files(store, stamp["files"], verify)
    try:
        stored = xr.open_zarr(store, consolidated=False, chunks=None, decode_times=False).load()
        carried = from_dataset(
            stored.assign({stamp["measure"]: _carry(stored, "")}), stamp["measure"]
        )
        carried.attrs = stored["value"].attrs
        return label_top_probes(stored["value"].values, stored["place"].values, like=carried)
    except (KeyError, ValueError, NeurashedError) as error:
        message = f"{store} holds no top probes: {error}; save them again"
        raise StoreError(message) from error


def _carry(top: xr.Dataset, measure: str) -> xr.DataArray:
    """Return a result of zeros, which take no memory, with the coordinates of top probes."""
    zeros = np.broadcast_to(np.float32(0), (top.sizes["source"], top.sizes["probe"]))
    coords = {name: each for name, each in top.coords.items() if "rank" not in each.dims}
    return xr.DataArray(zeros, dims=("source", "probe"), coords=coords, name=measure)


def _read_own_stamp(path: Path) -> dict[str, Any]:
    stamp = read_stamp(path)
    if stamp.get("kind") != _KIND:
        message = f"{path} holds a result and no top probes; open it with open_result"
        raise StoreError(message)
    return stamp


def _write(stored: xr.Dataset, folder: Path, measure: str, job: Mapping[str, Any] | None) -> None:
    encoding = {
        name: {"compressors": [ZstdCodec(level=3, checksum=True)], "_FillValue": None}
        for name in stored.variables
    }
    # Every tile is written, even one of fill values only: a missing file is then always a damage.
    with zarr.config.set({"array.write_empty_chunks": True}):
        stored.to_zarr(folder, mode="a", zarr_format=3, consolidated=False, encoding=encoding)
    zarr.open_group(folder, mode="r+").attrs[STAMP] = {
        "schema_version": SCHEMA_VERSION,
        "kind": _KIND,
        "measure": measure,
        "job": job,
        "files": list_files(folder),
        "complete": True,
    }
