"""A part of a result that is too large to be drawn, or read, whole."""

import numpy as np
import xarray as xr

from neurashed.results import find_selves, is_large

__all__ = ["describe_sample", "sample_examples"]

# Neighbours lie in one tile of a store: runs of them are read many times faster than as many
# examples here and there. Runs at even distances meet every class of data sorted by class.
_NUM_RUNS = 32
_LENGTH_OF_RUN = 32


def sample_examples(result: xr.DataArray) -> xr.DataArray:
    """Return a result of up to 2²⁴ pairs as it is, and of a larger one some examples.

    These are 32 runs of 32 examples each at even distances; the probes are the same examples as the
    sources where all sources are probes.

    Args:
        result: Values ``(source, probe)``.

    Returns:
        The result, or the part of it, read into memory.

    Example:
        >>> result = xr.DataArray(np.eye(3), dims=("source", "probe"))
        >>> sample_examples(result).shape
        (3, 3)
    """
    if not {"source", "probe"} <= set(result.dims) or not is_large(result):
        return result
    sources = _spread_runs(result.sizes["source"])
    selves = find_selves(result["source"].values[sources], result["probe"].values)
    probes = selves if (selves >= 0).all() else _spread_runs(result.sizes["probe"])
    return result.isel(source=sources, probe=probes).load()


def describe_sample(result: xr.DataArray) -> str:
    """Return which part of a result is drawn, such as ``"1,024 of 60,000 sources"``.

    Args:
        result: The whole result.

    Returns:
        A phrase, empty if all of it is drawn.
    """
    if not is_large(result):
        return ""
    num_sources = result.sizes["source"]
    return f"{len(_spread_runs(num_sources)):,} of {num_sources:,} sources"


def _spread_runs(num_examples: int) -> np.ndarray:
    """Return the places of runs of examples at even distances, of all where these are few."""
    if num_examples <= _NUM_RUNS * _LENGTH_OF_RUN:
        return np.arange(num_examples)
    starts = np.arange(_NUM_RUNS) * num_examples // _NUM_RUNS
    return (starts[:, None] + np.arange(_LENGTH_OF_RUN)).ravel()
