"""A part of a result that is too large to be drawn, or read, whole."""

import xarray as xr

from neurashed.results import draw_sample, is_large

__all__ = ["describe_sample", "sample_examples"]


def sample_examples(result: xr.DataArray) -> xr.DataArray:
    """Return a result of up to 2²⁴ pairs as it is, and of a larger one some examples.

    Args:
        result: Values ``(source, probe)``, or any others, which are returned as they are.

    Returns:
        The result, or the part of it, see `draw_sample`.

    Example:
        >>> import numpy as np
        >>> result = xr.DataArray(np.eye(3), dims=("source", "probe"))
        >>> sample_examples(result).shape
        (3, 3)
    """
    if not {"source", "probe"} <= set(result.dims) or not is_large(result):
        return result
    return draw_sample(result).result


def describe_sample(whole: xr.DataArray, drawn: xr.DataArray) -> str:
    """Return which part of a result is drawn, such as ``", 1,000 of 60,000 sources"``.

    Args:
        whole: The result.
        drawn: What `sample_examples` returned of it.

    Returns:
        A phrase that ends a title, empty if all of it is drawn.
    """
    if drawn.shape == whole.shape:
        return ""
    return f", {drawn.sizes['source']:,} of {whole.sizes['source']:,} sources"
