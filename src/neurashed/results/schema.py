"""The form of a result, and the check that an array has it."""

import numpy as np
import xarray as xr

from neurashed.errors import InputError, InputTypeError
from neurashed.results.dimensions import EXAMPLE_DIMS, LEADING_DIMS, SELF_RESPONSE, TRAILING_DIMS

__all__ = ["SCHEMA_VERSION", "check_result"]

SCHEMA_VERSION = 1

_DTYPES = (np.dtype(np.float32), np.dtype(np.float64))
_ATTRS = ("measure", "units", "long_name", "provenance")


def check_result(array: xr.DataArray) -> None:
    """Check that an array has the form of a result.

    Dimensions, dtype, ids, labels and attributes are looked at; values are not read.

    Args:
        array: The array.

    Raises:
        InputTypeError: If it is no `xarray.DataArray`.
    """
    if not isinstance(array, xr.DataArray):
        message = f"the result is a {type(array).__name__}; give an xarray.DataArray"
        raise InputTypeError(message)
    _check_dims(array)
    _check_dtype(array)
    for axis in EXAMPLE_DIMS:
        _check_ids(array, axis)
    _check_coordinates(array)
    _check_attrs(array)


def _check_dims(array: xr.DataArray) -> None:
    known = (*LEADING_DIMS, *EXAMPLE_DIMS, *TRAILING_DIMS)
    expected = tuple(dim for dim in known if dim in {*array.dims, *EXAMPLE_DIMS})
    if array.dims != expected:
        message = (
            f"the array has dimensions {array.dims}; a result has ('source', 'probe'), with any "
            f"of {LEADING_DIMS} before and any of {TRAILING_DIMS} after, in this order"
        )
        raise InputError(message)


def _check_dtype(array: xr.DataArray) -> None:
    if array.dtype not in _DTYPES:
        message = f"the result has dtype {array.dtype}; give float32 or float64"
        raise InputError(message)


def _check_ids(array: xr.DataArray, axis: str) -> None:
    if axis not in array.coords:
        message = f"the result has no ids along {axis}; make results with label_elasticity"
        raise InputError(message)
    ids = array.coords[axis].values
    if ids.dtype != np.int64 and ids.dtype.kind != "U":
        message = f"ids along {axis} have dtype {ids.dtype}; give int64 or strings"
        raise InputError(message)
    if len(np.unique(ids)) != len(ids):
        message = f"ids along {axis} are not unique; give every example its own id"
        raise InputError(message)


def _check_coordinates(array: xr.DataArray) -> None:
    """Coordinates we read must lie along the axis that their name says."""
    for axis in EXAMPLE_DIMS:
        for suffix in ("label", "fine_label", "text"):
            _check_along(array, f"{axis}_{suffix}", axis, "U")
        _check_along(array, f"{axis}_thumbnail", axis, "V")
    _check_along(array, SELF_RESPONSE, "source", "f")


def _check_along(array: xr.DataArray, name: str, axis: str, kind: str) -> None:
    if name not in array.coords:
        return
    coordinate = array.coords[name]
    if coordinate.dims != (axis,) or coordinate.dtype.kind != kind:
        wanted = {"U": "strings", "V": "packed images", "f": "floating-point numbers"}[kind]
        message = (
            f"coordinate {name} has dimensions {coordinate.dims} and dtype {coordinate.dtype}; "
            f"give {wanted} along {axis}"
        )
        raise InputError(message)


def _check_attrs(array: xr.DataArray) -> None:
    missing = [name for name in _ATTRS if name not in array.attrs]
    if missing:
        message = f"the result lacks the attributes {missing}; make results with label_elasticity"
        raise InputError(message)
    if array.name != array.attrs["measure"]:
        message = (
            f"the array is named {array.name!r} and its measure is {array.attrs['measure']!r}; "
            "name the array after its measure"
        )
        raise InputError(message)
