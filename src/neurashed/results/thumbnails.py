"""Images of examples as one coordinate value each.

An `xarray.DataArray` takes coordinates along its own dimensions only, so rows and columns of pixels
cannot be dimensions: an image is one structured value with the single field ``pixels``.
"""

from typing import Literal

import numpy as np
import xarray as xr

from neurashed.errors import InputError

__all__ = ["check_thumbnails", "is_packed", "pack_thumbnails", "read_thumbnails"]

_PIXELS = "pixels"


def check_thumbnails(images: np.ndarray) -> None:
    """Check that an array holds images.

    Args:
        images: What should be ``(example, row, column[, 3])`` in uint8.

    Raises:
        InputError: If it is not.
    """
    is_image = images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3)
    if images.dtype != np.uint8 or not is_image or not images.size:
        message = (
            f"thumbnails have shape {images.shape} and dtype {images.dtype}; give "
            "uint8 images (example, row, column) or (example, row, column, 3)"
        )
        raise InputError(message)


def pack_thumbnails(images: np.ndarray) -> np.ndarray:
    """Return images ``(example, row, column[, 3])`` as structured values ``(example,)``."""
    one = np.dtype([(_PIXELS, np.uint8, images.shape[1:])])
    return np.ascontiguousarray(images).reshape(len(images), -1).view(one).reshape(len(images))


def is_packed(dtype: np.dtype) -> bool:
    """Return whether values of this type are packed images."""
    return dtype.names == (_PIXELS,)


def read_thumbnails(result: xr.DataArray, axis: Literal["source", "probe"]) -> np.ndarray | None:
    """Return the thumbnails of an axis.

    Args:
        result: A result.
        axis: Whose thumbnails to return.

    Returns:
        Images ``(example, row, column[, 3])`` in uint8, or None if the result has none.

    Example:
        >>> images = np.zeros((2, 8, 8), np.uint8)
        >>> result = xr.DataArray(
        ...     np.eye(2),
        ...     dims=("source", "probe"),
        ...     coords={"source_thumbnail": ("source", pack_thumbnails(images))},
        ... )
        >>> read_thumbnails(result, "source").shape
        (2, 8, 8)
    """
    name = f"{axis}_thumbnail"
    return result.coords[name].values[_PIXELS] if name in result.coords else None
