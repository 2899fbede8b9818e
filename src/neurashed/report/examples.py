"""The examples and pairs that travel inside the page."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from neurashed.plots import (
    Order,
    available_orders,
    choose_color_scale,
    describe_values,
    order_examples,
)
from neurashed.report.axes import encode_axes
from neurashed.report.encoding import EncodedArray, encode_array
from neurashed.report.ranked import Ranked
from neurashed.report.sprites import Sheets
from neurashed.results import Sample

__all__ = ["MOST_EXAMPLES", "PageExamples", "choose_shown", "encode_examples"]

# Beyond these the page would pass 15 MB: pairs grow with the square.
MOST_EXAMPLES = 1_200
_MOST_RANKED = 2_500_000


@dataclass(frozen=True)
class PageExamples:
    """What the page's script reads of examples and pairs.

    Attributes:
        data: Axes, the pairs of the heat map, and the top probes of all sources, for JSON.
        sheets: Thumbnails by the name of their axis.
        num_ranks: How many top probes of each source there are; 0 where the heat map has all pairs.
        num_pair_bytes: About how many bytes of the file the pairs take.
    """

    data: dict[str, Any]
    sheets: dict[str, Sheets]
    num_ranks: int
    num_pair_bytes: int

    @property
    def num_sheet_bytes(self) -> int:
        """How many bytes of the file the thumbnails take."""
        return sum(len(sheet) for one in self.sheets.values() for sheet in one.sheets)


def choose_shown(sample: Sample) -> Sample:
    """Return the part of a result whose every pair the page holds.

    Args:
        sample: What was read of the result.

    Returns:
        The sample itself, or at most 1,200 evenly spaced examples of each axis of it.
    """
    at = {
        axis: np.linspace(0, size - 1, min(size, MOST_EXAMPLES)).round().astype(int)
        for axis, size in (("source", len(sample.sources)), ("probe", len(sample.probes)))
    }
    if (len(at["source"]), len(at["probe"])) == sample.result.shape:
        return sample
    return Sample(
        result=sample.result.isel(at),
        sources=sample.sources[at["source"]],
        probes=sample.probes[at["probe"]],
        is_whole=False,
    )


def encode_examples(
    result: xr.DataArray, shown: Sample | None, ranked: Ranked | None
) -> PageExamples:
    """Return pairs, orders, colours and examples in the form that the page's script reads.

    Args:
        result: Values ``(source, probe)``, which are not read.
        shown: The part of it whose every pair travels in the page; None if no pairs were kept.
        ranked: The top probes of all its sources; without them only ``shown`` can be explored.

    Returns:
        What the page's script reads.
    """
    has_all = shown is not None and (shown.is_whole or ranked is None)
    axes, sheets = encode_axes(shown.result if shown is not None and has_all else result)
    kept = None if ranked is None or has_all else _cut_ranks(ranked)
    pairs = {
        "map": None if shown is None else _encode_map(shown, has_all=has_all),
        "ranked": None if kept is None else _encode_ranked(kept),
    }
    data = {"valueName": describe_values(result), **axes, **pairs}
    num_ranks = 0 if kept is None else kept.places.shape[1]
    return PageExamples(data, sheets, num_ranks, _count_bytes(pairs))


def _encode_map(shown: Sample, *, has_all: bool) -> dict[str, Any]:
    scale = choose_color_scale(shown.result)
    values = shown.result.transpose("source", "probe").values.astype(np.float32)
    return {
        "values": encode_array(values),
        # Where the rows and columns stand among all examples; none sent means "they are all".
        "sources": None if has_all else encode_array(shown.sources.astype(np.uint32)),
        "probes": None if has_all else encode_array(shown.probes.astype(np.uint32)),
        "orders": {
            order: _encode_order(shown.result, order) for order in available_orders(shown.result)
        },
        "scale": {
            "stops": scale.stops(),
            "low": scale.low,
            "high": scale.high,
            "isClipped": scale.is_clipped,
        },
    }


def _encode_order(shown: xr.DataArray, order: Order) -> dict[str, EncodedArray]:
    sources, probes = order_examples(shown, order)
    return {
        "sources": encode_array(sources.astype(np.uint32)),
        "probes": encode_array(probes.astype(np.uint32)),
    }


def _cut_ranks(ranked: Ranked) -> Ranked:
    num_ranks = max(_MOST_RANKED // len(ranked.places), 1)
    return replace(ranked, places=ranked.places[:, :num_ranks], values=ranked.values[:, :num_ranks])


def _encode_ranked(ranked: Ranked) -> dict[str, Any]:
    # What has no probe has no value, and the script goes by that.
    places = np.maximum(ranked.places, 0).astype(np.uint32)
    return {
        "places": encode_array(places.astype(np.uint16) if places.max() < 2**16 else places),
        "values": encode_array(ranked.values.astype(np.float32)),
        "own": None if ranked.own is None else encode_array(ranked.own.astype(np.float32)),
    }


def _count_bytes(value: Any) -> int:  # noqa: ANN401
    """Return how long the texts of encoded arrays are."""
    if isinstance(value, dict):
        return sum(map(_count_bytes, value.values()))
    return len(value) if isinstance(value, str) else 0
