"""Results in the types that Zarr has a word for, and back."""

import numpy as np
import xarray as xr

from neurashed.results.dimensions import EXAMPLE_DIMS
from neurashed.results.jsonable import to_jsonable
from neurashed.results.thumbnails import is_packed, pack_thumbnails, read_thumbnails

__all__ = ["from_dataset", "to_dataset"]


def to_dataset(array: xr.DataArray) -> xr.Dataset:
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


def from_dataset(dataset: xr.Dataset, measure: str) -> xr.DataArray:
    """Return the result that `to_dataset` was given."""
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
