"""Sentences of the page that depend on the result."""

import xarray as xr

from neurashed.plots import describe_values

__all__ = ["describe_shown", "describe_size"]


def describe_size(result: xr.DataArray) -> str:
    """Return what was measured on how many examples."""
    num_sources, num_probes = result.sizes["source"], result.sizes["probe"]
    name = describe_values(result)
    return f"{name[:1].upper()}{name[1:]} of {num_sources:,} sources and {num_probes:,} probes"


def describe_shown(result: xr.DataArray, shown: xr.DataArray) -> str:
    """Return how the values on the page differ from those that were measured."""
    sentence = "Values on this page are rounded to float32 (seven digits)."
    if str(result.dtype) == "float32":
        sentence = "Values on this page are the measured ones, bit for bit (float32)."
    if shown.sizes == result.sizes:
        return sentence
    parts = [
        f"{shown.sizes[axis]:,} of {result.sizes[axis]:,} {axis}s" for axis in ("source", "probe")
    ]
    return (
        f"{sentence} The heat map and the list show {' and '.join(parts)}, evenly spaced; "
        "the summaries use all."
    )
