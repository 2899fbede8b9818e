"""The examples and pairs that travel inside the page."""

import math
from typing import Any, Literal

import numpy as np
import xarray as xr

from neurashed.plots import (
    Order,
    available_orders,
    choose_color_scale,
    describe_values,
    order_examples,
)
from neurashed.report.encoding import EncodedArray, encode_array
from neurashed.results import read_thumbnails

__all__ = ["MOST_EXAMPLES", "choose_shown", "encode_examples", "shrink_thumbnails"]

# Beyond these the page would pass 15 MB: pairs grow with the square, thumbnails with their pixels.
MOST_EXAMPLES = 1_200
_MOST_THUMBNAIL_BYTES = 6_000_000
_MOST_TEXT_CHARACTERS = 600


def choose_shown(result: xr.DataArray) -> xr.DataArray:
    """Return the part of a result that the page can hold.

    Args:
        result: Values ``(source, probe)``.

    Returns:
        The result itself, or at most 1,200 evenly spaced examples on each axis.
    """
    at = {
        axis: np.linspace(0, result.sizes[axis] - 1, MOST_EXAMPLES).round().astype(int)
        for axis in ("source", "probe")
        if result.sizes[axis] > MOST_EXAMPLES
    }
    return result.isel(at).load() if at else result.load()


def encode_examples(shown: xr.DataArray) -> dict[str, Any]:
    """Return pairs, orders, colours and examples in the form that the page's script reads."""
    scale = choose_color_scale(shown)
    factor = _choose_thumbnail_factor(shown)
    sources = _encode_axis(shown, "source", factor)
    return {
        "values": encode_array(shown.transpose("source", "probe").values.astype(np.float32)),
        "valueName": describe_values(shown),
        "orders": {order: _encode_order(shown, order) for order in available_orders(shown)},
        "scale": {
            "stops": scale.stops(),
            "low": scale.low,
            "high": scale.high,
            "isClipped": scale.is_clipped,
        },
        "sources": sources,
        # Most often sources and probes are the same examples: none sent means "the sources".
        "probes": None if _is_same_set(shown) else _encode_axis(shown, "probe", factor),
    }


def shrink_thumbnails(thumbnails: np.ndarray, factor: int) -> np.ndarray:
    """Return thumbnails with each block of ``factor`` by ``factor`` pixels averaged.

    Args:
        thumbnails: Images ``(example, row, column[, channel])`` in uint8.
        factor: How many pixels become one; rows and columns left over are cut off.

    Returns:
        Smaller images in uint8.

    Example:
        >>> shrink_thumbnails(np.full((1, 5, 4), 8, np.uint8), 2).shape
        (1, 2, 2)
    """
    if factor == 1:
        return thumbnails
    count, height, width = thumbnails.shape[0], *(size // factor for size in thumbnails.shape[1:3])
    cut = thumbnails[:, : height * factor, : width * factor]
    blocks = cut.reshape(count, height, factor, width, factor, *thumbnails.shape[3:])
    return blocks.mean(axis=(2, 4)).round().astype(np.uint8)


def _is_same_set(shown: xr.DataArray) -> bool:
    suffixes = ("", "_label", "_fine_label", "_text", "_thumbnail")
    pairs = [
        (shown.coords.get(f"source{one}"), shown.coords.get(f"probe{one}")) for one in suffixes
    ]
    return all(
        np.array_equal(source.values, probe.values)
        if source is not None and probe is not None
        else source is probe
        for source, probe in pairs
    )


def _choose_thumbnail_factor(shown: xr.DataArray) -> int:
    by_axis = [read_thumbnails(shown, "source"), read_thumbnails(shown, "probe")]
    images = [one for one in by_axis if one is not None]
    num_bytes = sum(one.size for one in images)
    smallest_side = min((min(one.shape[1:3]) for one in images), default=1)
    return min(math.ceil(math.sqrt(max(num_bytes / _MOST_THUMBNAIL_BYTES, 1.0))), smallest_side)


def _encode_order(shown: xr.DataArray, order: Order) -> dict[str, EncodedArray]:
    sources, probes = order_examples(shown, order)
    return {
        "sources": encode_array(sources.astype(np.uint32)),
        "probes": encode_array(probes.astype(np.uint32)),
    }


def _encode_axis(
    shown: xr.DataArray, axis: Literal["source", "probe"], factor: int
) -> dict[str, Any]:
    def read(suffix: str) -> list[str] | None:
        name = f"{axis}_{suffix}"
        return shown[name].values.astype(str).tolist() if name in shown.coords else None

    texts = read("text")
    thumbnails = read_thumbnails(shown, axis)
    return {
        "ids": shown[axis].values.astype(str).tolist(),
        "labels": read("label"),
        "fineLabels": read("fine_label"),
        "texts": None if texts is None else [_cut_text(text) for text in texts],
        "thumbnails": None
        if thumbnails is None
        else encode_array(shrink_thumbnails(thumbnails, factor)),
    }


def _cut_text(text: str) -> str:
    return text if len(text) <= _MOST_TEXT_CHARACTERS else text[:_MOST_TEXT_CHARACTERS] + "…"
